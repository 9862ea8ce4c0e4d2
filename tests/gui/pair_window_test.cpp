// Two at once in the window, driven as a teacher would.
#include <gmock/gmock.h>

#include "tests/gui/driven_window.h"

namespace convscope {
namespace {

class PairWindow : public DrivenWindow {
 protected:
  const Workbench& other() { return *window().workbench().other(); }
  Pair stride() { return session().params.stride; }
  /// The middle of an output cell of a half, as a script's target.
  std::string target(size_t side, const CellRef& cell) {
    const WidgetRect* const half = widget(side == 0 ? "picture.a" : "picture.b");
    const WidgetRect* const whole = widget("picture");
    const Scene& scene = window().scene();
    for (const Mark& mark : scene.marks) {
      if (mark.kind != Mark::Kind::box || mark.ref < 0) continue;
      if (!(scene.refs[static_cast<size_t>(mark.ref)] == cell)) continue;
      const float x = (mark.box.x0 + mark.box.x1) / 2, y = (mark.box.y0 + mark.box.y1) / 2;
      if (whole->x0 + x < half->x0 || whole->x0 + x > half->x1) continue;
      return "picture at " + std::to_string(x) + " " + std::to_string(y);
    }
    ADD_FAILURE() << "no such cell in half " << side;
    return "picture";
  }
};

TEST_F(PairWindow, a_copy_is_compared_edited_on_either_side_and_closed) {
  open("no_padding_strides");
  EXPECT_EQ(widget("pair.edit.a"), nullptr);
  play("key ctrl+d\nexpect pair.edit.a\nexpect picture.b");
  play("click pair.edit.b\nclick stride.h.minus");
  EXPECT_EQ(stride(), (Pair{1, 1}));
  EXPECT_EQ(other().session().params.stride, (Pair{2, 2})) << "A stays";
  EXPECT_EQ(window().workbench().step_count(), 9);
  play("click pair.edit.a");
  EXPECT_EQ(stride(), (Pair{2, 2}));
  EXPECT_FALSE(session().beside->is_a);
  play("key x");
  EXPECT_EQ(stride(), (Pair{1, 1}));
  play("click pair.swap");
  EXPECT_FALSE(session().beside->is_a) << "the side that is edited is A now";
  EXPECT_EQ(stride(), (Pair{1, 1}));
  play("click pair.close\nexpect no pair.edit.a");
  EXPECT_EQ(stride(), (Pair{1, 1})) << "what was edited stays";
  play("key ctrl+z\nexpect pair.edit.a\nkey ctrl+z\nkey ctrl+z\nkey ctrl+z\nexpect no pair.edit.a");
  EXPECT_EQ(stride(), (Pair{2, 2}));
}

TEST_F(PairWindow, pointing_and_clicking_work_in_both_halves) {
  open("compare_strides");
  play("hover " + target(1, {TensorId::output, 0, 0, 2, 1}) + "\nexpect picture.pointed");
  play("click " + target(1, {TensorId::output, 0, 0, 2, 1}));
  EXPECT_EQ(step(), 8) << "the eighth of B's nine";
  play("click " + target(0, {TensorId::output, 0, 0, 4, 0}));
  EXPECT_EQ(step(), 21);
  play("click " + target(1, {TensorId::weight, 0, 0, 1, 1}) + "\nhover timeline.step\nexpect picture.pinned");
  EXPECT_EQ(step(), 21) << "a weight is no step";
  play("click picture.title_b");
  EXPECT_TRUE(session().beside->is_a);
  EXPECT_EQ(stride(), (Pair{2, 2}));
}

TEST_F(PairWindow, both_go_under_one_timeline) {
  open("compare_strides");
  play("key end\nexpect step 25\nkey x\nexpect step 25\nkey home\nexpect step 1\nkey right\nexpect step 2");
  play("key x");
  EXPECT_EQ(step(), 2);
  play("scroll picture.b 3");
  EXPECT_GT(window().picture().view().zoom, 1.5);
}

TEST_F(PairWindow, presets_are_opened_beside) {
  open("tutorial_5_1");
  play("click preset\nclick preset.max_pooling.beside");
  ASSERT_TRUE(session().beside && session().beside->other);
  EXPECT_EQ(session().beside->other->operation, "max_pool2d");
  EXPECT_EQ(session().beside->other->title, "max_pooling");
  EXPECT_EQ(session().title, "tutorial_5_1");
  EXPECT_EQ(other().session().lens, Lens::pooling);
  play("key ctrl+k\ntype B: Stride 2\nwait frames 2\nkey escape");
  play("key ctrl+k\ntype dilation_transposed\nclick palette.beside.dilation_transposed");
  EXPECT_EQ(session().beside->other->operation, "conv_transpose2d");
  play("key ctrl+z");
  EXPECT_EQ(session().beside->other->operation, "max_pool2d");
}

TEST_F(PairWindow, two_lenses_of_one_session_stand_in_step) {
  open("tutorial_5_1");
  play("key ctrl+k\ntype two lenses\nkey enter\nexpect picture.b");
  EXPECT_FALSE(session().beside->other.has_value());
  EXPECT_EQ(lens_beside(session()), Lens::im2col);
  play("click stride.h.plus");
  EXPECT_EQ(plan().stride, (Pair{2, 2})) << "both show the same numbers";
  play("click pair.edit.b\nclick lens.toeplitz");
  EXPECT_EQ(session().lens, Lens::toeplitz);
  EXPECT_EQ(lens_beside(session()), Lens::sliding);
}

TEST_F(PairWindow, an_illegal_side_is_told_where_the_other_one_is_edited) {
  open("compare_strides");
  play("click kernel_size.h\ntype 9\nkey enter");
  ASSERT_NE(window().workbench().error(), nullptr);
  play("expect picture.error\nclick pair.edit.b\nexpect pair.error\nexpect no picture.error");
}

TEST_F(PairWindow, the_presenter_shows_both) {
  open("compare_dilation");
  play("key f5\nexpect picture.b\nexpect no pair.edit.a\nkey x");
  EXPECT_TRUE(session().beside->is_a);
}

TEST_F(PairWindow, a_narrow_window_shows_both) {
  open("compare_strides", 420, 800);
  play("expect picture.a\nexpect picture.b\nkey right");
  EXPECT_EQ(step(), 2);
}

}  // namespace
}  // namespace convscope
