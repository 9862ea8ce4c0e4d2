// The panels in the real interface, off screen, as a user works with them.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "app/io/image.h"
#include "app/io/npy.h"
#include "tests/gui/driven_window.h"

namespace convscope {
namespace {

class Panels : public DrivenWindow {
 protected:
  double weight(int64_t flat) { return window().workbench().computation()->tensors.weight.at(flat); }
  bool visible(const std::string& name) { return widget(name) != nullptr; }
};

TEST_F(Panels, the_constructor_call_is_an_editor_of_the_layer) {
  open("no_padding_no_strides");
  play("click constructor\nkey ctrl+a\ntype nn.Conv2d(2, 3, (2, 3), stride=2, padding=1, bias=False)\nkey enter");
  const ConvParams& params = session().params;
  EXPECT_EQ(params.in_channels, 2);
  EXPECT_EQ(params.out_channels, 3);
  EXPECT_EQ(params.kernel_size, (Pair{2, 3}));
  EXPECT_EQ(params.stride, (Pair{2, 2}));
  EXPECT_FALSE(params.bias);
  EXPECT_EQ(plan().in_channels, 2);
}

TEST_F(Panels, a_wrong_call_says_why_and_changes_nothing_until_it_is_restored) {
  open("no_padding_no_strides");
  const ConvParams before = session().params;
  play("click constructor\nkey ctrl+a\ntype Conv2d(1, 1, 3, strides=2)\nexpect constructor.error");
  EXPECT_EQ(session().params, before);
  play("click section.conv2d\nexpect constructor.error\nclick constructor.reset\nexpect no constructor.error");
  EXPECT_EQ(session().params, before);
}

TEST_F(Panels, an_illegal_field_explains_itself_beneath_it_and_shows_the_inequality) {
  open("no_padding_no_strides", 1280, 1400);
  play(
      "click kernel_size.h\ntype 9\nkey enter\n"
      "expect kernel_size.error\nexpect output_size.violated");
  const WidgetRect* field = widget("kernel_size.h");
  const WidgetRect* words = widget("kernel_size.error");
  ASSERT_TRUE(field && words);
  EXPECT_GE(words->y0, field->y1 - 1);
  EXPECT_LT(words->y0, widget("stride.h")->y0);
  EXPECT_EQ(plan().kernel.h, 3);
}

TEST_F(Panels, height_and_width_move_together_until_they_are_unlinked) {
  open("no_padding_no_strides", 1280, 1200);
  play("click stride.h.plus");
  EXPECT_EQ(session().params.stride, (Pair{2, 2}));
  EXPECT_FALSE(visible("stride.w"));
  play("click stride.link\nclick stride.w.minus");
  EXPECT_EQ(session().params.stride, (Pair{2, 1}));
  play("click stride.link");
  EXPECT_EQ(session().params.stride, (Pair{2, 2}));
}

TEST_F(Panels, from_same_to_numbers_the_padding_stays_what_it_was) {
  open("no_padding_no_strides", 1280, 1200);
  play("click padding.kind\nclick padding.kind.same");
  EXPECT_EQ(session().params.padding_kind, PaddingKind::same);
  EXPECT_EQ(plan().out, plan().in);
  play("click padding.kind\nclick padding.kind.numbers");
  EXPECT_EQ(session().params.padding, (Pair{1, 1}));
}

TEST_F(Panels, every_operation_pads_each_side_by_itself) {
  for (const char* operation : {"conv_transpose2d", "max_pool2d", "avg_pool2d"}) {
    open("no_padding_no_strides", 1280, 1200);
    play(std::string("click operation\nclick operation.") + operation);
    play("click padding.kind\nexpect no padding.kind.same\nclick padding.kind.pads\nclick padding.top.plus");
    EXPECT_EQ(session().params.padding_kind, PaddingKind::pads) << operation;
    EXPECT_EQ(session().params.pads, (Pads{1, 0, 0, 0})) << operation;
    EXPECT_EQ(window().workbench().error(), nullptr) << operation;
    EXPECT_EQ(window().workbench().operation_plan()->pads(), (Pads{1, 0, 0, 0})) << operation;
    play("click operation\nclick operation.conv2d");
    EXPECT_EQ(session().params.pads, (Pads{1, 0, 0, 0})) << operation;
  }
}

TEST_F(Panels, the_buttons_of_groups_keep_to_legal_numbers) {
  open("no_padding_no_strides", 1280, 1200);
  play(
      "click constructor\nkey ctrl+a\ntype Conv2d(6, 12, 3)\nkey enter\nclick groups.plus\nclick groups.plus\n"
      "click groups.plus");
  EXPECT_EQ(session().params.groups, 6);
  EXPECT_EQ(window().workbench().error(), nullptr);
  play("click in_channels.plus");
  EXPECT_EQ(session().params.in_channels, 12);
  EXPECT_EQ(window().workbench().error(), nullptr);
}

TEST_F(Panels, cells_are_typed_one_after_the_other) {
  open("no_padding_no_strides", 1280, 1400);
  play("click kernel.cell.0.0\ntype 10\nkey tab\ntype 20\nkey enter\ntype -3.5\nkey enter");
  EXPECT_EQ(session().weight.kind, SourceKind::values);
  EXPECT_EQ(weight(0), 10);
  EXPECT_EQ(weight(1), 20);
  EXPECT_EQ(weight(2), -3.5);
}

TEST_F(Panels, the_arrows_move_between_rows_of_cells) {
  open("no_padding_no_strides", 1280, 1400);
  play("click kernel.cell.0.1\nkey down\nwait frames 3\ntype 42\nkey enter");
  EXPECT_EQ(weight(4), 42);
}

TEST_F(Panels, a_list_typed_into_a_cell_is_the_tensor) {
  open("no_padding_no_strides", 1280, 1400);
  play("click kernel.cell.1.1\ntype [[1, 0], [0, -1]]\nkey enter");
  EXPECT_EQ(session().params.kernel_size, (Pair{2, 2}));
  EXPECT_EQ(weight(3), -1);
}

TEST_F(Panels, copied_numbers_can_be_pasted_elsewhere) {
  open("no_padding_no_strides", 1280, 1600);
  play("click kernel.named\nclick kernel.named.sobel_x\nclick kernel.copy\nclick input.numbers\nclick input.paste");
  EXPECT_EQ(session().input.kind, SourceKind::values);
  EXPECT_EQ(session().input_shape, (Shape{1, 1, 3, 3}));
  for (int64_t i = 0; i < 9; ++i) {
    EXPECT_EQ(window().workbench().computation()->tensors.input.at(i), weight(i)) << i;
  }
}

TEST_F(Panels, text_that_is_no_tensor_is_explained_and_changes_nothing) {
  open("no_padding_no_strides", 1280, 1400);
  const Session before = session();
  play("click kernel.cell.0.0\ntype [[1, 2], [3]]\nkey enter\nexpect kernel.error");
  EXPECT_EQ(session(), before);
}

TEST_F(Panels, the_cell_panel_shows_the_cell_under_the_pointer) {
  open("no_padding_no_strides", 1280, 1400);
  play(
      "expect cell.list\nexpect cell.grid\nexpect cell.shows.0.0.0.0\nhover output[0,0,1,1]\nwait frames 3\n"
      "expect cell.shows.0.0.1.1\nhover cell.result\nwait frames 3\nexpect cell.shows.0.0.0.0");
}

TEST_F(Panels, a_picture_is_opened_by_typing_its_name) {
  TemporaryFolder folder;
  Pixels pixels{6, 5, std::vector<uint8_t>(6 * 5 * 4, 200)};
  pixels.rgba[1] = 7;
  const std::string path = folder.file("\u7167\u7247 1.png");
  ASSERT_TRUE(write_png(path, pixels).ok());
  open("no_padding_no_strides");
  play("click input.open\nclick file_dialog.name\ntype " + path + "\nkey enter\nwait idle\nexpect input.file");
  EXPECT_EQ(session().input.path, path);
  EXPECT_EQ(session().params.in_channels, 3);
  EXPECT_EQ(plan().in, (Pair{5, 6}));
}

TEST_F(Panels, the_file_dialog_walks_folders_and_goes_away_by_escape) {
  TemporaryFolder folder;
  std::filesystem::create_directory(folder.file("inner"));
  ASSERT_TRUE(write_npy(folder.file("inner") + "/w.npy", *Tensor::zeros({2, 1, 4, 5}, DType::float32)).ok());
  std::ofstream(folder.file("inner") + "/notes.txt") << "x";
  open("no_padding_no_strides", 1280, 1400);
  play(
      "click kernel.open\nclick file_dialog.name\ntype " + folder.path() +
      "\nkey enter\ndouble_click file_dialog.entry.inner\nexpect file_dialog.entry.w.npy\n"
      "expect no file_dialog.entry.notes.txt\nclick file_dialog.path\ndouble_click file_dialog.entry.w.npy\nwait idle\n"
      "expect no file_dialog.list");
  EXPECT_EQ(session().weight.kind, SourceKind::npy);
  EXPECT_EQ(session().params.kernel_size, (Pair{4, 5}));
  EXPECT_EQ(session().params.out_channels, 2);
  play("click kernel.open\nexpect file_dialog.list\nkey escape\nwait frames 2\nexpect no file_dialog.list");
}

TEST_F(Panels, a_missing_file_is_named_and_the_dialog_stays) {
  open("no_padding_no_strides");
  const Session before = session();
  play(
      "click input.open\nclick file_dialog.name\ntype /nowhere/at/all.png\nkey enter\nexpect file_dialog.error\n"
      "expect file_dialog.list");
  EXPECT_EQ(session(), before);
}

TEST_F(Panels, an_export_is_written_and_asks_before_it_replaces) {
  TemporaryFolder folder;
  const std::string path = folder.file("\u52a8\u753b.gif");
  open("no_padding_no_strides");
  const std::string choose = "click export.target\nkey ctrl+a\ntype " + path + "\nkey enter\n";
  play("click toolbar.export\n" + choose +
       "click export.last\nkey ctrl+a\ntype 1\nkey enter\nclick export.ok\nwait idle\nwait frames 3\n"
       "expect export.done");
  ASSERT_TRUE(std::filesystem::exists(path));
  const auto size = std::filesystem::file_size(path);
  std::ofstream(path) << "mine";
  play("click export.ok\nexpect export.replace\nclick export.keep\nexpect export.ok");
  EXPECT_EQ(std::filesystem::file_size(path), 4u);
  play("click export.ok\nclick export.replace\nwait idle\nwait frames 3\nexpect export.done");
  EXPECT_EQ(std::filesystem::file_size(path), size);
}

TEST_F(Panels, an_export_that_cannot_be_written_says_so) {
  open("no_padding_no_strides");
  play(
      "click toolbar.export\nclick export.format\nclick export.format.png\nclick export.target\nkey ctrl+a\n"
      "type /nowhere/at/all.png\nkey enter\nclick export.ok\nwait idle\nwait frames 3\nexpect export.error\n"
      "expect no export.done");
}

TEST_F(Panels, an_impossible_export_cannot_be_started) {
  open("no_padding_no_strides");
  play("click toolbar.export\nclick export.last\nkey ctrl+a\ntype 99\nkey enter\nwait frames 2\nexpect export.error");
  const WidgetRect* ok = widget("export.ok");
  ASSERT_TRUE(ok);
  EXPECT_FALSE(ok->enabled);
}

TEST_F(Panels, an_input_file_that_is_too_small_is_shown_with_its_own_shape) {
  TemporaryFolder folder;
  const Tensor one = Tensor::zeros(Shape{1, 1, 1, 1}, DType::float32).value();
  ASSERT_TRUE(write_npy(folder.file("one.npy"), one).ok());
  open("tutorial_5_1");
  play("drop " + folder.file("one.npy") + "\nexpect picture.error\nexpect output_size.violated\nexpect input.file");
  EXPECT_EQ(window().workbench().input_shape(), (Shape{1, 1, 1, 1}));
  EXPECT_EQ(plan().in, (Pair{5, 5})) << "the picture stays the last good one";
  // what could not be used is not announced as done
  EXPECT_TRUE(window().notice().text.empty()) << window().notice().text;
}

TEST_F(Panels, the_speed_box_shows_what_the_session_plays) {
  Session session = open_session("tutorial_5_1").value();
  session.steps_per_second = 30;
  open(session);
  play("click timeline.speed\nexpect timeline.speed.30\nkey escape");
  session.steps_per_second = 7.5;
  open(session);
  play("click timeline.speed\nexpect timeline.speed.7.5\nexpect timeline.speed.8\nclick timeline.speed.30");
  EXPECT_EQ(this->session().steps_per_second, 30);
}

TEST_F(Panels, text_that_is_no_number_stays_and_is_explained_and_changes_nothing) {
  open("tutorial_5_1", 1280, 1400);
  const Session before = session();
  const ComputationPtr numbers = window().workbench().computation();
  for (const char* text : {"abc", "2.5", "99999999999999999999", "12x"}) {
    play(std::string("click stride.h\ntype ") + text + "\nkey enter\nexpect stride.typing.error");
    EXPECT_TRUE(session() == before) << text;
    EXPECT_EQ(window().workbench().computation(), numbers) << text;
  }
  // the line goes with the text: by a number, by the buttons, by Escape, by undo
  play("click stride.h\ntype 2\nkey enter\nexpect no stride.typing.error");
  EXPECT_EQ(session().params.stride, (Pair{2, 2}));
  play("click stride.h\ntype q\nkey enter\nexpect stride.typing.error\nclick stride.h.plus");
  EXPECT_EQ(session().params.stride, (Pair{3, 3}));
  play("expect no stride.typing.error\nclick stride.h\ntype q\nkey escape\nexpect no stride.typing.error");
  EXPECT_EQ(session().params.stride, (Pair{3, 3}));
  play("click stride.h\ntype q\nkey enter\nexpect stride.typing.error\nkey ctrl+z\nexpect no stride.typing.error");
}

TEST_F(Panels, a_pair_typed_into_one_field_says_both_numbers) {
  open("tutorial_5_1", 1280, 1400);
  play("click stride.h\ntype 2,1\nkey enter\nexpect no stride.typing.error\nexpect stride.w");
  EXPECT_EQ(session().params.stride, (Pair{2, 1}));
  play("click stride.w\ntype (1, 2)\nkey enter\nexpect no stride.typing.error");
  EXPECT_EQ(session().params.stride, (Pair{1, 2}));
  play("click input.height\ntype 6, 7\nkey enter\nexpect no input.typing.error\nkey ctrl+z");
  EXPECT_EQ(session().input_shape, (Shape{1, 1, 5, 5})) << "both in one edit";
  play("click input.height\ntype 6, 7\nkey enter");
  EXPECT_EQ(session().input_shape, (Shape{1, 1, 6, 7}));
  // What is neither stays as it was typed, and nothing follows from it.
  for (const char* text : {"2,1,3", "2,x", "1e9", "1.5", "2;1", "(2,1,"}) {
    play(std::string("click dilation.h\ntype ") + text + "\nkey enter\nexpect dilation.typing.error");
    play("click dilation.h\ntype 1\nkey enter\nexpect no dilation.typing.error");
  }
}

TEST_F(Panels, fields_of_one_number_refuse_a_pair) {
  open("tutorial_6_1", 1280, 1400);
  const Session before = session();
  for (const char* name : {"seed", "out_channels", "groups"}) {
    play(std::string("click ") + name + "\ntype 2,1\nkey enter\nexpect " + name + ".typing.error");
    EXPECT_TRUE(session() == before) << name;
  }
}

TEST_F(Panels, a_seed_is_what_torch_takes_for_one) {
  open("tutorial_6_1", 1280, 1400);
  play("click seed\ntype 18446744073709551615\nkey enter\nexpect no seed.typing.error");
  EXPECT_EQ(session().seed, -1);
  play("click seed\ntype -1\nkey enter\nclick seed\ntype 9223372036854775808\nkey enter");
  EXPECT_EQ(session().seed, INT64_MIN);
  for (const char* text : {"18446744073709551616", "-9223372036854775809", "1e9"}) {
    play(std::string("click seed\ntype ") + text + "\nkey enter\nexpect seed.typing.error");
    EXPECT_EQ(session().seed, INT64_MIN) << text;
  }
}

TEST_F(Panels, the_wished_size_is_typed_as_a_pair_or_refused_with_a_word) {
  open("tutorial_5_1", 1280, 1000);
  play("click tab.solver\nclick solver.h\ntype abc\nkey enter\nexpect solver.typing.error");
  play("click solver.h\ntype 4,2\nkey enter\nexpect no solver.typing.error\nexpect solver.reset");
  play("click solver.solution.1");
  EXPECT_EQ(plan().out, (Pair{4, 2}));
}

TEST_F(Panels, seconds_with_a_comma_are_refused_instead_of_read_as_ten_times_as_many) {
  open("tutorial_5_1");
  play("key ctrl+e\nclick export.step_seconds\nkey ctrl+a\ntype 1,5\nkey enter");
  play("expect export.step_seconds.typing.error");
  play("click export.step_seconds\nkey ctrl+a\ntype 1.5\nkey enter\nexpect no export.step_seconds.typing.error");
}

TEST_F(Panels, a_cell_keeps_the_text_that_is_no_number_and_explains_it) {
  open("tutorial_5_1", 1280, 1600);
  const double before = weight(0);
  play("click kernel.cell.0.0\nkey ctrl+a\ntype abc\nkey enter\nexpect kernel.error");
  EXPECT_EQ(weight(0), before);
  play("click kernel.cell.0.0\nkey ctrl+a\ntype 7\nkey enter\nexpect no kernel.error");
  EXPECT_EQ(weight(0), 7);
}

TEST_F(Panels, a_tensor_that_grows_too_large_is_the_fault_of_what_was_typed) {
  open("tutorial_5_1", 1280, 1400);
  const ComputationPtr before = window().workbench().computation();
  play("click padding.h\ntype 100000\nkey enter\nexpect padding.error\nexpect no session.error");
  EXPECT_EQ(window().workbench().computation(), before) << "the picture of no stage on the way";
  play("key ctrl+z\nexpect no padding.error\nclick in_channels\ntype 10000000\nkey enter\nexpect in_channels.error");
  play("expect no input.error\nexpect no weight.error");
}

TEST_F(Panels, the_export_format_follows_the_typed_name) {
  open("tutorial_5_1");
  TemporaryFolder folder;
  play("key ctrl+e\nexpect export.transparent\nexpect no export.step");
  play("click export.target\nkey ctrl+a\ntype " + folder.file("x.png") + "\nkey enter\nexpect export.step");
  play("click export.target\nkey ctrl+a\ntype " + folder.file("x.gif") + "\nkey enter\nexpect no export.step");
}

TEST_F(Panels, a_typed_name_that_passes_through_another_ending_keeps_the_chosen_format) {
  open("tutorial_5_1");
  TemporaryFolder folder;
  play("key ctrl+e\nclick export.format\nclick export.format.svg_still\nexpect export.step");
  play("click export.target\nkey ctrl+a\ntype " + folder.file("x.gif") + "\nexpect no export.step");
  play("type /y.svg\nkey enter\nexpect export.step");
}

TEST_F(Panels, a_folder_in_the_way_of_an_export_is_refused_and_not_offered_for_replacement) {
  open("tutorial_5_1");
  TemporaryFolder folder;
  std::filesystem::create_directory(folder.file("d.gif"));
  play("key ctrl+e\nclick export.target\nkey ctrl+a\ntype " + folder.file("d.gif") + "\nkey enter\nclick export.ok");
  play("wait idle\nexpect export.error\nexpect no export.replace");
}

TEST_F(Panels, an_empty_batch_is_explained_and_the_picture_stays) {
  TemporaryFolder folder;
  ASSERT_TRUE(write_npy(folder.file("none.npy"), Tensor::zeros(Shape{0, 1, 5, 5}, DType::float32).value()).ok());
  open("tutorial_5_1");
  play("drop " + folder.file("none.npy") + "\nexpect picture.error\nexpect input.error");
  EXPECT_EQ(plan().batch, 1);
}

TEST_F(Panels, a_text_with_numbers_is_dropped_or_opened_like_a_npy_file) {
  TemporaryFolder folder;
  std::ofstream(folder.file("x.txt")) << "tensor([[1., 2., 3.],\n        [4., 5., 6.],\n        [7., 8., 9.]])\n";
  std::ofstream(folder.file("two.TXT")) << "[[[1, 2, 3], [4, 5, 6], [7, 8, 9]], [[0, 0, 0], [1, 1, 1], [2, 2, 2.5]]]";
  std::ofstream(folder.file("bad.txt")) << "hello\n";
  std::ofstream(folder.file("nan.txt")) << "1 2 nan\n4 5 6\n7 8 9\n";
  open("tutorial_5_1");
  play("drop " + folder.file("x.txt"));
  EXPECT_EQ(plan().input_shape(), (Shape{1, 1, 3, 3}));
  EXPECT_EQ(window().workbench().computation()->tensors.input.at(5), 6);
  EXPECT_FALSE(window().notice().is_error) << window().notice().text;
  const Session good = session();
  for (const char* name : {"bad.txt", "nan.txt"}) {
    play("drop " + folder.file(name) + "\nexpect notice");
    EXPECT_TRUE(window().notice().is_error) << name;
    EXPECT_TRUE(session() == good) << name;
  }
  play("key ctrl+o\nclick file_dialog.name\nkey ctrl+a\ntype " + folder.file("two.TXT") + "\nkey enter");
  EXPECT_EQ(plan().input_shape(), (Shape{2, 3, 3})) << "without a batch, as written";
  EXPECT_EQ(window().workbench().computation()->tensors.input.at(17), 2.5);
}

}  // namespace
}  // namespace convscope
