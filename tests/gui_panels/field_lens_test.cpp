// The lens of receptive fields under a user's hands: the chain's table beside the picture, pointing, files.
#include <gmock/gmock.h>

#include <fstream>

#include "app/session/chains.h"
#include "app/session/session_json.h"
#include "tests/gui/driven_window.h"

namespace convscope {
namespace {

class FieldLens : public DrivenWindow {
 protected:
  static CellRef at(int level, int64_t y, int64_t x) { return {TensorId::level, 0, level, y, x}; }
  ChainPlanPtr chain() { return window().workbench().computation()->plan.chain(); }
  /// Cells with the colour of what is seen, at a level.
  int lit(int level) {
    const Scene& scene = window().scene();
    int count = 0;
    for (const Mark& mark : scene.marks) {
      count += mark.fill == Fill::full && mark.ref >= 0 && scene.refs[static_cast<size_t>(mark.ref)].c == level ? 1 : 0;
    }
    return count;
  }
  int rings() {
    int count = 0;
    for (const Mark& mark : window().scene().marks) {
      count += mark.role == Role::hover && mark.outline == Outline::ring ? 1 : 0;
    }
    return count;
  }
};

TEST_F(FieldLens, the_timeline_steps_through_the_last_layers_cells) {
  open("receptive_field_two_3x3");
  EXPECT_EQ(session().lens, Lens::receptive_field);
  EXPECT_EQ(window().workbench().step_count(), 49);
  play("key right\nkey right\nexpect step 3\nwait 0.7");
  EXPECT_EQ(lit(2), 1);
  EXPECT_EQ(lit(0), 3 * 5);
  play("key down\nexpect step 10\nclick level[2, 3, 3]\nexpect step 25");
  EXPECT_EQ(lit(0), 25);
  EXPECT_EQ(lit(1), 9);
}

TEST_F(FieldLens, the_table_beside_the_picture_edits_it) {
  open("receptive_field_two_3x3");
  ASSERT_NE(widget("field.layer.2"), nullptr);
  EXPECT_EQ(widget("kernel_size.h"), nullptr) << "the session's own layer is not the picture's";
  EXPECT_EQ(widget("tab.field"), nullptr) << "it stands at the left";
  play("click field.layer.1\nclick field.layer.2\nclick field.edit.dilation.plus");
  EXPECT_EQ(chain()->chain.layers[1].dilation, (Spatial{2, 2}));
  EXPECT_EQ(chain()->rows(2), 5);
  EXPECT_TRUE(draws(at(2, 4, 4)));
  EXPECT_FALSE(draws(at(2, 5, 5)));
  play("click field.add\nexpect field.layer.3");
  EXPECT_EQ(chain()->levels(), 4);
  EXPECT_TRUE(draws(at(3, 2, 2)));
  play("click field.edit.up\nclick field.edit.remove");
  EXPECT_EQ(chain()->levels(), 3);
  play("key ctrl+z\nkey ctrl+z\nkey ctrl+z\nkey ctrl+z");
  EXPECT_EQ(chain()->chain, find_preset("receptive_field_two_3x3")->session.chain);
  EXPECT_TRUE(draws(at(2, 6, 6)));
}

TEST_F(FieldLens, an_illegal_layer_explains_itself_at_its_row_and_the_picture_stays) {
  open("receptive_field_two_3x3");
  const ChainPlanPtr before = chain();
  play("click field.layer.1\nclick field.layer.2\nclick field.edit.kernel_size\ntype 20\nkey enter");
  EXPECT_EQ(session().chain.layers[1].kernel_size, (Spatial{20, 20}));
  EXPECT_EQ(chain(), before);
  EXPECT_TRUE(draws(at(2, 6, 6)));
  const WidgetRect *error = widget("field.error"), *row = widget("field.layer.2"), *first = widget("field.layer.1");
  ASSERT_NE(error, nullptr);
  EXPECT_GE(error->y0, row->y0);
  EXPECT_GT(row->y0, first->y0);
  EXPECT_NE(widget("picture.error"), nullptr);
  play("click picture.undo\nexpect no field.error\nexpect no picture.error");
  EXPECT_EQ(session().chain.layers[1].kernel_size, (Spatial{3, 3}));
}

TEST_F(FieldLens, pointing_lights_back_and_forward_and_a_click_holds_it) {
  open("receptive_field_two_3x3");
  EXPECT_EQ(rings(), 0);
  play("hover level[1, 3, 3]\nexpect picture.pointed");
  EXPECT_EQ(rings(), 3);
  play("hover toolbar.theme");
  EXPECT_EQ(rings(), 0);
  play(
      "click level[1, 3, 3]\nexpect picture.pinned\nhover toolbar.theme\nexpect picture.pinned\nexpect "
      "picture.pointed");
  EXPECT_EQ(rings(), 3);
  EXPECT_EQ(step(), 1) << "the step stays";
  // Another cell is looked at meanwhile; the held one comes back.
  play("hover level[0, 0, 0]\nhover toolbar.theme");
  EXPECT_EQ(rings(), 3);
  play("key escape\nexpect no picture.pinned");
  EXPECT_EQ(rings(), 0);
  play("click level[0, 2, 2]\nexpect picture.pinned\nclick level[0, 2, 2]\nexpect no picture.pinned");
  play("click level[0, 2, 2]\nclick picture at 20 20\nexpect no picture.pinned");
  play("click level[0, 2, 2]\nclick level[2, 1, 0]\nexpect no picture.pinned\nexpect step 8");
}

TEST_F(FieldLens, the_cell_panel_names_what_every_level_gives) {
  open("receptive_field_vgg16", 1280, 900);
  EXPECT_NE(widget("field.seen"), nullptr);
  EXPECT_NE(widget("cell.name"), nullptr);
  EXPECT_NE(widget("field.formula"), nullptr);
  play("hover level[3, 50, 50]\nexpect picture.pointed\nexpect cell.name");
}

TEST_F(FieldLens, any_session_shows_its_own_layer_and_the_parameters_change_it) {
  open("tutorial_5_1");
  play("click lens.receptive_field");
  EXPECT_EQ(window().workbench().step_count(), 9);
  EXPECT_TRUE(session().chain.layers.empty());
  EXPECT_TRUE(draws(at(1, 2, 2)));
  play("click padding.h.plus");
  EXPECT_TRUE(session().chain.layers.empty());
  EXPECT_EQ(chain()->rows(1), 5);
  EXPECT_TRUE(draws(at(1, 4, 4)));
  // The first edit in the table makes it a document of its own.
  play("click field.edit.stride.plus");
  EXPECT_EQ(session().chain.layers.size(), 1u);
  EXPECT_EQ(session().params.stride, (Pair{1, 1}));
  EXPECT_EQ(chain()->rows(1), 3);
  play("click lens.sliding");
  EXPECT_EQ(plan().out, (Pair{5, 5}));
}

TEST_F(FieldLens, transposed_convolution_and_pooling_have_it_as_well) {
  for (const char* name : {"max_pooling", "padding_strides_transposed"}) {
    open(name);
    play("click lens.receptive_field");
    EXPECT_EQ(session().lens, Lens::receptive_field);
    EXPECT_TRUE(draws(at(1, 0, 0))) << name;
  }
}

TEST_F(FieldLens, a_dropped_chain_is_looked_at_in_the_session_and_can_be_undone) {
  const TemporaryFolder folder;
  const std::string path = folder.file("\u5c42\u94fe.json");
  std::ofstream(path) << R"({"format": "convscope-chain", "version": 1, "input_size": 9,
    "layers": [{"layer": "Conv2d", "name": "first", "kernel_size": 3}, {"layer": "Conv2d", "kernel_size": 3}]})";
  open("tutorial_5_2");
  const ConvParams params = session().params;
  play("drop " + path + "\nwait idle");
  EXPECT_EQ(session().lens, Lens::receptive_field);
  EXPECT_EQ(session().title, "\u5c42\u94fe");
  EXPECT_EQ(session().params, params);
  ASSERT_EQ(session().chain.layers.size(), 2u);
  EXPECT_TRUE(draws(at(2, 4, 4)));
  EXPECT_FALSE(window().notice().is_error);
  // Saving asks for a name: the chain's own file stays what it is.
  play("key ctrl+s\nexpect file_dialog.cancel\nkey escape\nexpect no file_dialog.cancel");
  EXPECT_TRUE(is_chain_file(path));
  play("key ctrl+z");
  EXPECT_TRUE(session().chain.layers.empty());
  EXPECT_EQ(session().lens, Lens::sliding);
  // What is wrong with a file is said, and nothing changes.
  std::ofstream(path) << R"({"format": "convscope-chain", "version": 1, "input_size": 9, "layers": [{"layer": "X"}]})";
  play("drop " + path + "\nwait idle");
  EXPECT_TRUE(window().notice().is_error);
  EXPECT_EQ(session().lens, Lens::sliding);
}

TEST_F(FieldLens, the_chain_comes_back_from_the_sessions_file) {
  open("receptive_field_dilated");
  play("click field.layer.1\nclick field.layer.2\nclick field.edit.remove");
  const Result<Session> again = session_from_json(session_to_json(session()));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->chain, session().chain);
  EXPECT_EQ(again->lens, Lens::receptive_field);
}

}  // namespace
}  // namespace convscope
