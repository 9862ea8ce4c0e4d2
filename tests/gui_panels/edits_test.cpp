#include "app/gui/edits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "app/io/image.h"
#include "app/io/npy.h"

namespace convscope {
namespace {

using ::testing::ElementsAre;

std::shared_ptr<const std::vector<double>> numbers(std::vector<double> values) {
  return std::make_shared<const std::vector<double>>(std::move(values));
}

/// A workbench with a 3x3 kernel of typed numbers 1 to 9.
class Edits : public ::testing::Test {
 protected:
  Edits() : bench(typed_session()) {}

  static Session typed_session() {
    Session session;
    session.weight = TensorSource{SourceKind::values, {}, {}, numbers({1, 2, 3, 4, 5, 6, 7, 8, 9})};
    return session;
  }
  LastGood last() { return LastGood(bench.computation()); }
  void apply(Result<Action> action) {
    ASSERT_TRUE(action.ok()) << action.error().code;
    bench.apply(*action);
    bench.wait();
    bench.update();
  }
  void set(std::string_view argument, std::function<void(ConvParams&)> change) {
    apply(edit_params(argument, last(), std::move(change)));
  }
  std::string error_code() const { return bench.error() ? bench.error()->code : ""; }
  const std::vector<double>& weights() const { return *bench.session().weight.values; }

  Workbench bench;
};

TEST_F(Edits, a_smaller_kernel_keeps_the_part_that_overlaps) {
  set("kernel_size", [](ConvParams& p) { p.kernel_size = {2, 3}; });
  EXPECT_THAT(weights(), ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_EQ(error_code(), "");
}

TEST_F(Edits, a_larger_kernel_is_filled_up_with_zeros) {
  set("kernel_size", [](ConvParams& p) { p.kernel_size = {4, 4}; });
  EXPECT_THAT(weights(), ElementsAre(1, 2, 3, 0, 4, 5, 6, 0, 7, 8, 9, 0, 0, 0, 0, 0));
  EXPECT_EQ(error_code(), "");
}

TEST_F(Edits, a_kernel_size_that_is_illegal_on_the_way_loses_no_numbers) {
  set("kernel_size", [](ConvParams& p) { p.kernel_size = {0, 0}; });
  EXPECT_EQ(error_code(), "error.kernel_size_not_positive");
  EXPECT_EQ(weights().size(), 9u);
  set("kernel_size", [](ConvParams& p) { p.kernel_size = {2, 2}; });
  EXPECT_THAT(weights(), ElementsAre(1, 2, 4, 5));
  EXPECT_EQ(error_code(), "");
}

TEST_F(Edits, more_output_channels_add_kernels_of_zeros) {
  set("out_channels", [](ConvParams& p) { p.out_channels = 2; });
  ASSERT_EQ(weights().size(), 18u);
  EXPECT_EQ(weights()[8], 9);
  EXPECT_EQ(weights()[9], 0);
  EXPECT_EQ(error_code(), "");
}

SizeSolution nearest_solution(const Session& session, int64_t in, int64_t wanted, const Spatial& begin,
                              const Spatial& end) {
  WindowLayer layer = WindowLayer::of(LayerKind::conv, 2);
  layer.kernel_size = {session.params.kernel_size.h, session.params.kernel_size.w};
  layer.padding.kind = begin == end ? PaddingKind::numbers : PaddingKind::pads;
  layer.padding.both = layer.padding.begin = begin;
  layer.padding.end = end;
  return solve_size(SizeQuestion::of(layer, {in, in}, {wanted, wanted})).value().nearest.at(0);
}

TEST_F(Edits, a_solution_is_one_edit_and_its_kernel_keeps_typed_numbers) {
  SizeSolution solution = nearest_solution(bench.session(), 5, 3, {0, 0}, {0, 0});
  solution.layer.kernel_size = {2, 2};
  solution.layer.stride = {3, 3};
  apply(edit_solution(solution, last()));
  EXPECT_EQ(bench.session().params.stride, (Pair{3, 3}));
  EXPECT_THAT(weights(), ElementsAre(1, 2, 4, 5));
  bench.undo();
  EXPECT_EQ(bench.session(), typed_session());
}

TEST_F(Edits, a_solution_replaces_a_padding_word_only_where_it_says_something_else) {
  set("padding", [](ConvParams& p) { p.padding_kind = PaddingKind::same; });
  const SizeSolution as_it_is = nearest_solution(bench.session(), 5, 5, {1, 1}, {1, 1});
  ASSERT_EQ(as_it_is.changed, 0);
  apply(edit_solution(as_it_is, last()));
  EXPECT_EQ(bench.session().params.padding_kind, PaddingKind::same);
  const SizeSolution halved = nearest_solution(bench.session(), 6, 3, {1, 1}, {1, 1});
  ASSERT_EQ(halved.layer.stride, (Spatial{2, 2}));
  apply(edit_solution(halved, last()));
  EXPECT_EQ(bench.session().params.padding_kind, PaddingKind::numbers);
  EXPECT_EQ(bench.session().params.padding, (Pair{1, 1}));
  EXPECT_EQ(error_code(), "");
}

TEST_F(Edits, a_solution_can_keep_sides_of_different_padding) {
  set("padding", [](ConvParams& p) {
    p.padding_kind = PaddingKind::pads;
    p.pads = {0, 0, 1, 1};
  });
  const SizeSolution solution = nearest_solution(bench.session(), 5, 2, {0, 0}, {1, 1});
  apply(edit_solution(solution, last()));
  EXPECT_EQ(bench.session().params.padding_kind, PaddingKind::pads);
  EXPECT_EQ(bench.session().params.pads, (Pads{0, 0, 1, 1}));
  EXPECT_EQ(bench.plan()->out, (Pair{2, 2}));
}

TEST_F(Edits, generated_input_takes_its_channels_from_in_channels) {
  set("in_channels", [](ConvParams& p) { p.in_channels = 3; });
  EXPECT_EQ(bench.session().input_shape, (Shape{1, 3, 5, 5}));
  EXPECT_EQ(weights().size(), 27u);
  EXPECT_EQ(error_code(), "");
}

TEST_F(Edits, typed_input_keeps_its_numbers_when_it_grows) {
  apply(edit_input_source(bench.session(), SourceKind::values, bench.computation()));
  apply(edit_input_size(InputAxis::width, 6, last()));
  const std::vector<double>& input = *bench.session().input.values;
  ASSERT_EQ(input.size(), 30u);
  EXPECT_THAT(std::vector<double>(input.begin(), input.begin() + 7), ElementsAre(0, 1, 2, 3, 4, 0, 5));
  EXPECT_EQ(error_code(), "");
}

TEST_F(Edits, an_input_without_a_batch_gets_one_when_it_is_asked_for) {
  Session session = typed_session();
  session.input_shape = Shape{1, 5, 5};
  bench.replace(session, "edit.test");
  apply(edit_input_size(InputAxis::height, 7, last()));
  EXPECT_EQ(bench.session().input_shape, (Shape{1, 7, 5}));
  apply(edit_input_size(InputAxis::batch, 2, last()));
  EXPECT_EQ(bench.session().input_shape, (Shape{2, 1, 7, 5}));
  EXPECT_EQ(error_code(), "");
}

TEST_F(Edits, a_typed_cell_turns_the_source_into_numbers_and_keeps_the_others) {
  apply(edit_named_kernel("sobel_x"));
  const double corner = bench.computation()->tensors.weight.at(0);
  apply(edit_cell(TensorId::weight, 4, 2.5, bench.computation()));
  EXPECT_EQ(bench.session().weight.kind, SourceKind::values);
  EXPECT_EQ(weights()[0], corner);
  EXPECT_EQ(weights()[4], 2.5);
  EXPECT_EQ(bench.computation()->tensors.weight.at(4), 2.5);
}

TEST_F(Edits, typing_into_one_cell_is_one_undo_step) {
  apply(edit_cell(TensorId::input, 3, 1, bench.computation()));
  apply(edit_cell(TensorId::input, 3, 12, bench.computation()));
  apply(edit_cell(TensorId::input, 3, 12.5, bench.computation()));
  bench.undo();
  EXPECT_EQ(bench.session().input.kind, SourceKind::arange);
  EXPECT_FALSE(bench.can_undo());
}

TEST_F(Edits, a_cell_outside_the_tensor_is_refused) {
  EXPECT_FALSE(edit_cell(TensorId::weight, 9, 1, bench.computation()).ok());
  EXPECT_FALSE(edit_cell(TensorId::weight, -1, 1, bench.computation()).ok());
  EXPECT_FALSE(edit_cell(TensorId::output, 0, 1, bench.computation()).ok());
}

TEST_F(Edits, a_large_tensor_is_not_typed) {
  apply(edit_input_size(InputAxis::height, 300, last()));
  apply(edit_input_size(InputAxis::width, 300, last()));
  Result<Action> typed = edit_input_source(bench.session(), SourceKind::values, bench.computation());
  ASSERT_FALSE(typed.ok());
  EXPECT_EQ(typed.error().code, "error.too_large_to_type");
}

TEST_F(Edits, a_pasted_matrix_makes_a_kernel_of_its_size) {
  apply(edit_pasted(bench.session(), TensorId::weight, 0, 0, *parse_tensor_text("[[1, 2], [3, 4]]"),
                    bench.computation()));
  EXPECT_EQ(bench.session().params.kernel_size, (Pair{2, 2}));
  EXPECT_THAT(weights(), ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(error_code(), "");
}

TEST_F(Edits, a_pasted_matrix_fills_the_slice_on_show_of_a_larger_tensor) {
  set("out_channels", [](ConvParams& p) { p.out_channels = 2; });
  apply(edit_pasted(bench.session(), TensorId::weight, 1, 0, *parse_tensor_text("[[1, 2], [3, 4]]"),
                    bench.computation()));
  EXPECT_THAT(weights(), ElementsAre(1, 2, 4, 5, 1, 2, 3, 4));
  EXPECT_EQ(error_code(), "");
}

TEST_F(Edits, a_pasted_input_brings_its_channels) {
  apply(edit_pasted(bench.session(), TensorId::input, 0, 0,
                    *parse_tensor_text("[[[1,2,3],[4,5,6],[7,8,9]], [[1,2,3],[4,5,6],[7,8,9]]]"), bench.computation()));
  EXPECT_EQ(bench.session().params.in_channels, 2);
  EXPECT_EQ(bench.session().input_shape, (Shape{1, 2, 3, 3}));
  EXPECT_EQ(error_code(), "");
}

TEST_F(Edits, a_pasted_weight_of_four_axes_brings_all_its_parameters) {
  apply(edit_pasted(bench.session(), TensorId::weight, 0, 0,
                    *parse_tensor_text("[[[[1,2]],[[3,4]]], [[[5,6]],[[7,8]]], [[[9,10]],[[11,12]]]]"),
                    bench.computation()));
  const ConvParams& params = bench.session().params;
  EXPECT_EQ(params.out_channels, 3);
  EXPECT_EQ(params.in_channels, 2);
  EXPECT_EQ(params.kernel_size, (Pair{1, 2}));
  EXPECT_EQ(bench.session().input_shape, (Shape{1, 2, 5, 5}));
  EXPECT_EQ(error_code(), "");
}

TEST_F(Edits, rows_of_bare_numbers_are_laid_over_the_cells_from_a_place_on) {
  apply(edit_overlaid(TensorId::weight, 0, 0, 1, 1, *parse_tensor_text("10 20 30\n40 50 60"), bench.computation()));
  EXPECT_THAT(weights(), ElementsAre(1, 2, 3, 4, 10, 20, 7, 40, 50));
}

TEST_F(Edits, a_bias_of_another_length_is_refused) {
  Result<Action> action =
      edit_pasted(bench.session(), TensorId::bias, 0, 0, *parse_tensor_text("[1, 2]"), bench.computation());
  ASSERT_FALSE(action.ok());
  EXPECT_EQ(action.error().code, "error.paste_bias");
}

TEST_F(Edits, a_constructor_call_changes_everything_at_once_and_undoes_at_once) {
  ConvParams params;
  params.in_channels = 2;
  params.out_channels = 3;
  params.kernel_size = {1, 1};
  params.stride = {2, 2};
  apply(edit_layer({"conv2d", params, {}}, last()));
  EXPECT_EQ(bench.session().params, params);
  EXPECT_EQ(error_code(), "");
  bench.undo();
  EXPECT_EQ(bench.session().params, ConvParams{});
  EXPECT_THAT(weights(), ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9));
}

TEST_F(Edits, the_buttons_of_groups_go_from_divisor_to_divisor) {
  EXPECT_EQ(next_groups(12, 6, 1, 1), 2);
  EXPECT_EQ(next_groups(12, 6, 2, 1), 3);
  EXPECT_EQ(next_groups(12, 6, 3, 1), 6);
  EXPECT_EQ(next_groups(12, 6, 6, 1), 6);
  EXPECT_EQ(next_groups(12, 6, 6, -1), 3);
  EXPECT_EQ(next_groups(12, 6, 1, -1), 1);
  EXPECT_EQ(next_groups(7, 7, 1, 1), 7);
}

class EditFiles : public Edits {
 protected:
  EditFiles() : folder(std::filesystem::temp_directory_path() / ("convscope_edits_" + std::to_string(getpid()))) {
    std::filesystem::create_directories(folder);
  }
  ~EditFiles() override { std::filesystem::remove_all(folder); }
  std::string save(const std::string& name, const Shape& shape) {
    const std::string path = folder / name;
    EXPECT_TRUE(write_npy(path, *Tensor::zeros(shape, DType::float32)).ok());
    return path;
  }
  std::filesystem::path folder;
};

TEST_F(EditFiles, a_colour_picture_sets_in_channels_and_widens_the_typed_kernel) {
  Pixels pixels{4, 3, std::vector<uint8_t>(48, 255)};
  pixels.rgba[0] = 10;
  const std::string path = folder / "\u56fe\u7247.png";
  ASSERT_TRUE(write_png(path, pixels).ok());
  Result<Session> opened = session_with_input_following(bench.session(), path, last());
  ASSERT_TRUE(opened.ok()) << opened.error().code;
  EXPECT_EQ(opened->params.in_channels, 3);
  EXPECT_EQ(opened->weight.values->size(), 27u);
  bench.replace(*opened, "edit.input_source");
  EXPECT_EQ(error_code(), "");
}

TEST_F(EditFiles, a_weight_file_brings_channels_and_kernel_size) {
  Result<Session> opened = session_with_weight_file(bench.session(), save("w.npy", {4, 3, 2, 5}), last());
  ASSERT_TRUE(opened.ok()) << opened.error().code;
  EXPECT_EQ(opened->params.out_channels, 4);
  EXPECT_EQ(opened->params.in_channels, 3);
  EXPECT_EQ(opened->params.groups, 1);
  EXPECT_EQ(opened->params.kernel_size, (Pair{2, 5}));
  bench.replace(*opened, "edit.weight_source");
  EXPECT_EQ(error_code(), "");
}

TEST_F(EditFiles, a_depthwise_weight_file_for_the_present_input_sets_groups) {
  set("in_channels", [](ConvParams& p) { p.in_channels = 4; });
  Result<Session> opened = session_with_weight_file(bench.session(), save("w.npy", {8, 1, 3, 3}), last());
  ASSERT_TRUE(opened.ok()) << opened.error().code;
  EXPECT_EQ(opened->params.groups, 4);
  EXPECT_EQ(opened->params.in_channels, 4);
  bench.replace(*opened, "edit.weight_source");
  EXPECT_EQ(error_code(), "");
}

TEST_F(EditFiles, a_weight_file_without_four_axes_is_refused) {
  Result<Session> opened = session_with_weight_file(bench.session(), save("w.npy", {3, 3}), last());
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, "error.weight_file_shape");
}

TEST_F(EditFiles, missing_files_are_refused_by_their_name) {
  EXPECT_FALSE(session_with_weight_file(bench.session(), folder / "none.npy", last()).ok());
  EXPECT_FALSE(session_with_bias_file(bench.session(), folder / "none.npy").ok());
  EXPECT_FALSE(session_with_input_following(bench.session(), folder / "none.png", last()).ok());
}

}  // namespace
}  // namespace convscope
