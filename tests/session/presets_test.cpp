#include "app/session/presets.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "app/io/image.h"
#include "app/io/npy.h"
#include "app/session/computation.h"
#include "app/session/session_json.h"
#include "tests/io/temporary_folder.h"

namespace convscope {
namespace {

ComputationPtr computed(const std::string& name) {
  const Preset* preset = find_preset(name);
  EXPECT_NE(preset, nullptr) << name;
  if (preset == nullptr) return nullptr;
  TensorCache cache;
  const Result<ComputationPtr> done = compute(preset->session, cache);
  EXPECT_TRUE(done) << name << ": " << (done ? "" : describe(Language::en, done.error()));
  return done ? *done : nullptr;
}

void expect_output(const std::string& name, const Shape& shape, const std::vector<double>& wanted, double tolerance) {
  const ComputationPtr done = computed(name);
  ASSERT_NE(done, nullptr);
  const Tensor& output = done->tensors.output;
  ASSERT_EQ(output.shape(), shape) << name;
  ASSERT_EQ(static_cast<size_t>(output.numel()), wanted.size()) << name;
  for (size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_NEAR(output.at(static_cast<int64_t>(i)), wanted[i], tolerance) << name << " cell " << i;
  }
}

TEST(Presets, all_open_with_names_titles_and_lenses_of_their_own) {
  std::set<std::string> names;
  for (const Preset& preset : presets()) {
    EXPECT_TRUE(names.insert(preset.name).second) << preset.name;
    EXPECT_EQ(preset.title_key, "preset." + preset.name);
    EXPECT_THAT(preset.group_key, testing::StartsWith("preset_group."));
    EXPECT_FALSE(preset.lenses.empty());
    EXPECT_TRUE(preset.session.unknown_fields.empty()) << preset.name << " has a mistyped field";
    for (Language language : {Language::en, Language::zh}) {
      EXPECT_NE(tr(language, preset.title_key), preset.title_key);
      EXPECT_NE(tr(language, preset.group_key), preset.group_key);
    }
  }
  // A file that did not parse would be missing here.
  size_t files = 0;
  for (const auto& file : std::filesystem::directory_iterator(CONVSCOPE_SOURCE_DIR "/assets/presets")) {
    EXPECT_TRUE(names.contains(file.path().stem().string())) << file.path();
    ++files;
  }
  EXPECT_EQ(files, names.size());
}

TEST(Presets, groups_stand_together_in_the_menu) {
  std::set<std::string> seen;
  std::string last;
  for (const Preset& preset : presets()) {
    const bool is_new_group = preset.group_key != last;
    EXPECT_TRUE(!is_new_group || seen.insert(preset.group_key).second) << preset.name;
    last = preset.group_key;
  }
  EXPECT_EQ(presets().front().name, "no_padding_no_strides");
  // README's first steps: a 5x5 input and a 3x3 kernel
  EXPECT_EQ(first_preset().name, "tutorial_5_1");
  EXPECT_EQ(first_preset().session.input_shape, (Shape{1, 1, 5, 5}));
  EXPECT_EQ(first_preset().session.params.kernel_size, (Pair{3, 3}));
}

TEST(Presets, all_compute) {
  for (const Preset& preset : presets()) {
    if (preset.name == "photo_1080p") continue;  // computed below, with its numbers
    EXPECT_NE(computed(preset.name), nullptr);
  }
}

TEST(Presets, conv_arithmetic_has_the_sizes_of_its_figures) {
  struct Figure {
    const char* name;
    int64_t i, k, s, p, d, o;
  };
  for (const Figure& f : {Figure{"no_padding_no_strides", 4, 3, 1, 0, 1, 2},
                          {"arbitrary_padding_no_strides", 5, 4, 1, 2, 1, 6},
                          {"same_padding_no_strides", 5, 3, 1, 1, 1, 5},
                          {"full_padding_no_strides", 5, 3, 1, 2, 1, 7},
                          {"no_padding_strides", 5, 3, 2, 0, 1, 2},
                          {"padding_strides", 5, 3, 2, 1, 1, 3},
                          {"padding_strides_odd", 6, 3, 2, 1, 1, 3},
                          {"dilation", 7, 3, 1, 0, 2, 3},
                          {"numerical_no_padding_no_strides", 5, 3, 1, 0, 1, 3},
                          {"numerical_padding_strides", 5, 3, 2, 1, 1, 3}}) {
    const ComputationPtr done = computed(f.name);
    ASSERT_NE(done, nullptr);
    const ConvPlan& plan = *done->plan.conv2d();
    EXPECT_EQ(plan.input_shape(), (Shape{1, 1, f.i, f.i})) << f.name;
    EXPECT_EQ(plan.kernel, (Pair{f.k, f.k})) << f.name;
    EXPECT_EQ(plan.stride, (Pair{f.s, f.s})) << f.name;
    EXPECT_EQ(plan.pads, (Pads{f.p, f.p, f.p, f.p})) << f.name;
    EXPECT_EQ(plan.dilation, (Pair{f.d, f.d})) << f.name;
    EXPECT_EQ(plan.out, (Pair{f.o, f.o})) << f.name;
    EXPECT_EQ(plan.output_cells(), f.o * f.o) << f.name;
  }
}

TEST(Presets, numerical_figures_can_be_checked_in_the_head) {
  expect_output("numerical_no_padding_no_strides", Shape{1, 1, 3, 3}, {12, 12, 17, 10, 17, 19, 9, 6, 14}, 0);
  // Stride 2, padding 1: the window of the first cell sees 3 3 0 0 with 2 0 1 2.
  expect_output("numerical_padding_strides", Shape{1, 1, 3, 3}, {6, 17, 3, 8, 17, 13, 6, 4, 4}, 0);
}

TEST(Presets, tutorial_3_2_has_the_numbers_of_the_book) {
  expect_output("tutorial_3_2", Shape{1, 1, 2, 2}, {1.5613, -0.6933, -1.4673, -0.6003}, 2.5e-4);
}

TEST(Presets, tutorial_4_2_has_the_kernel_and_the_numbers_of_the_book) {
  expect_output("tutorial_4_2", Shape{1, 1, 2, 2}, {1.3038, 0.0875, -0.8772, -0.1317}, 6e-5);
  const ComputationPtr done = computed("tutorial_4_2");
  const Tensor& weight = done->tensors.weight;
  const double wanted[] = {-0.0765, 0.1716, 0.2779, -0.1685, -0.1217, 0.0160, 0.1584, -0.2000, -0.2148};
  for (int64_t i = 0; i < 9; ++i) EXPECT_NEAR(weight.at(i), wanted[i], 5.1e-5);
}

const std::vector<double> kTable61 = {-0.8682, 0.0836,  2.4579,  7.9269,  -0.2708, -3.4977, -1.1559, 4.6909,  -0.1927,
                                      0.3715,  -1.3349, -0.7388, -8.6954, -1.6454, 0.0757,  -7.0991, -0.4209, 1.2751,
                                      2.7073,  -2.9031, 0.1042,  -0.1368, 2.0605,  -1.1924, 0.0251};

TEST(Presets, tutorial_6_1_has_the_table_of_the_book) {
  expect_output("tutorial_6_1", Shape{1, 1, 5, 5}, kTable61, 6e-5);
}

TEST(Presets, tutorial_7_1_is_every_second_row_and_column_of_6_1) {
  std::vector<double> wanted;
  for (size_t y : {0u, 2u, 4u}) {
    for (size_t x : {0u, 2u, 4u}) wanted.push_back(kTable61[y * 5 + x]);
  }
  expect_output("tutorial_7_1", Shape{1, 1, 3, 3}, wanted, 6e-5);
  EXPECT_EQ(find_preset("tutorial_7_1")->session.lens, Lens::im2col);
}

TEST(Presets, tutorial_tensors_and_tables_are_those_of_pytorch) {
  // See tests/reference/make_tutorial_tables.py.
  std::ifstream file(CONVSCOPE_SOURCE_DIR "/tests/reference/tutorial_tables.json");
  const nlohmann::json tables = nlohmann::json::parse(file);
  ASSERT_EQ(tables.size(), 6u);
  for (const auto& [name, table] : tables.items()) {
    const ComputationPtr done = computed(name);
    ASSERT_NE(done, nullptr);
    const std::pair<const char*, const Tensor*> tensors[] = {{"input", &done->tensors.input},
                                                             {"weight", &done->tensors.weight},
                                                             {"bias", &done->tensors.bias},
                                                             {"output", &done->tensors.output}};
    for (const auto& [which, tensor] : tensors) {
      if (!table.contains(which)) continue;
      const nlohmann::json& numbers = table[which]["numbers"];
      ASSERT_EQ(tensor->numel(), std::ssize(numbers)) << name << " " << which;
      for (int i = 0; i < tensor->shape().rank(); ++i) EXPECT_EQ(tensor->shape()[i], table[which]["shape"][i]) << name;
      // Drawn numbers are the same to the last bit; sums may be added up in another order.
      const double allowed = tensor == &done->tensors.output ? table["tolerance"].get<double>() : 0;
      for (int64_t i = 0; i < tensor->numel(); ++i) {
        EXPECT_NEAR(tensor->at(i), numbers[static_cast<size_t>(i)].get<double>(), allowed) << name << " " << which;
      }
    }
  }
}

TEST(Presets, tutorial_shapes_of_part_5) {
  const std::pair<const char*, Shape> wanted[] = {
      {"tutorial_5_1", Shape{1, 1, 3, 3}},
      {"tutorial_5_2", Shape{1, 1, 3, 3}},
      {"tutorial_5_3", Shape{1, 3, 3, 3}},
  };
  for (const auto& [name, shape] : wanted) EXPECT_EQ(computed(name)->tensors.output.shape(), shape) << name;
}

TEST(Presets, the_first_layer_of_resnet_has_its_sizes) {
  const ComputationPtr done = computed("resnet_stem");
  EXPECT_EQ(done->plan.input_shape(), (Shape{1, 3, 224, 224}));
  EXPECT_EQ(done->plan.weight_shape(), (Shape{64, 3, 7, 7}));
  EXPECT_EQ(done->plan.output_shape(), (Shape{1, 64, 112, 112}));
}

TEST(Presets, groups_and_depthwise_are_what_they_say) {
  EXPECT_EQ(computed("depthwise")->plan.conv2d()->groups, 3);
  EXPECT_EQ(computed("depthwise")->plan.conv2d()->channels_per_group(), 1);
  EXPECT_EQ(computed("grouped")->plan.conv2d()->groups, 2);
  EXPECT_EQ(computed("padding_modes")->plan.conv2d()->padding_mode, PaddingMode::reflect);
  const Pads even = computed("even_kernel_same")->plan.conv2d()->pads;
  EXPECT_EQ(even, (Pads{1, 1, 2, 2}));
  EXPECT_EQ(computed("even_kernel_same")->plan.conv2d()->out, (Pair{5, 5}));
}

TEST(Presets, depthwise_identity_gives_its_channel_back) {
  const ComputationPtr done = computed("depthwise");
  for (int64_t i = 0; i < 25; ++i) EXPECT_EQ(done->tensors.output.at(i), done->tensors.input.at(i));
}

TEST(Presets, the_photograph_is_sharpened_channel_by_channel) {
  const ComputationPtr done = computed("photo_1080p");
  ASSERT_EQ(done->plan.output_shape(), (Shape{1, 3, 1080, 1920}));
  const Tensor &x = done->tensors.input, &y = done->tensors.output;
  const int64_t plane = 1080 * 1920;
  for (int64_t c = 0; c < 3; ++c) {
    const int64_t at = c * plane + 500 * 1920 + 700;
    EXPECT_NEAR(y.at(at), 5 * x.at(at) - x.at(at - 1) - x.at(at + 1) - x.at(at - 1920) - x.at(at + 1920), 1e-5);
  }
}

TEST(Presets, parsing_them_is_quick_enough_to_ask_each_time) {
  EXPECT_EQ(&presets(), &presets());
  EXPECT_EQ(find_preset("dilation"), find_preset("dilation"));
  EXPECT_EQ(find_preset("no_such"), nullptr);
}

using OpenSessionTest = testing_support::TemporaryFolder;

TEST_F(OpenSessionTest, takes_the_name_of_a_preset) {
  EXPECT_TRUE(*open_session("dilation") == find_preset("dilation")->session);
}

TEST_F(OpenSessionTest, takes_a_session_file) {
  Session session;
  session.params.stride = {2, 2};
  ASSERT_TRUE(save_session(path("p.json"), session));
  EXPECT_TRUE(*open_session(path("p.json")) == session);
  put("bad.json", "{");
  EXPECT_EQ(open_session(path("bad.json")).error().code, "error.json_syntax_in_file");
  EXPECT_EQ(open_session(path("bad.json")).error().args.back(), path("bad.json"));
  for (const char* name : {"empty.json", "empty.png"}) {
    put(name, "");
    EXPECT_EQ(open_session(path(name)).error().code, "error.file_empty") << name;
  }
}

TEST_F(OpenSessionTest, a_picture_becomes_the_input) {
  ASSERT_TRUE(write_png(path("a.png"), Pixels{6, 5, std::vector<uint8_t>(120, 9)}));
  const Session session = *open_session(path("a.png"));
  EXPECT_EQ(session.params.in_channels, 3);
  EXPECT_EQ(session.input_shape, (Shape{1, 3, 5, 6}));
  TensorCache cache;
  const Result<ComputationPtr> done = compute(session, cache);
  ASSERT_TRUE(done);
  EXPECT_EQ((*done)->plan.conv2d()->out, (Pair{5, 6}));
}

TEST_F(OpenSessionTest, an_array_becomes_the_input) {
  ASSERT_TRUE(write_npy(path("x.npy"), *Tensor::zeros(Shape{2, 5, 8, 9}, DType::float32)));
  Session session = *open_session(path("x.npy"));
  EXPECT_EQ(session.params.in_channels, 5);
  EXPECT_EQ(session.input_shape, (Shape{2, 5, 8, 9}));
  TensorCache cache;
  EXPECT_TRUE(compute(session, cache));
  ASSERT_TRUE(write_npy(path("v.npy"), *Tensor::zeros(Shape{7}, DType::float32)));
  EXPECT_EQ(open_session(path("v.npy")).error().code, "error.input_file_rank");
}

TEST_F(OpenSessionTest, an_array_smaller_than_the_default_kernel_gets_one_that_fits) {
  ASSERT_TRUE(write_npy(path("x.npy"), *Tensor::zeros(Shape{2, 5}, DType::float32)));
  const Session session = *open_session(path("x.npy"));
  EXPECT_EQ(session.params.kernel_size, (Pair{2, 3}));
  TensorCache cache;
  EXPECT_TRUE(plan_of(session, cache).ok());
}

TEST_F(OpenSessionTest, a_batch_of_none_is_refused_with_its_remedy) {
  ASSERT_TRUE(write_npy(path("x.npy"), *Tensor::zeros(Shape{0, 1, 5, 5}, DType::float32)));
  TensorCache cache;
  const auto plan = plan_of(*open_session(path("x.npy")), cache);
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.error().code, "error.nothing_to_show");
}

TEST_F(OpenSessionTest, groups_follow_a_new_number_of_channels) {
  ASSERT_TRUE(write_npy(path("x.npy"), *Tensor::zeros(Shape{1, 5, 8, 9}, DType::float32)));
  Session base;
  base.params.in_channels = base.params.out_channels = 4;
  base.params.groups = 2;
  EXPECT_EQ(session_with_input_file(base, path("x.npy"))->params.groups, 1);
  base.params.groups = 4;
  const Session depthwise = *session_with_input_file(base, path("x.npy"));
  EXPECT_EQ(depthwise.params.groups, 5);
  EXPECT_EQ(depthwise.params.out_channels, 5);
}

TEST_F(OpenSessionTest, what_is_nothing_is_answered_with_the_nearest_name) {
  EXPECT_EQ(open_session("padding_stride").error(),
            (Error{"error.unknown_session", "", {"padding_stride", "padding_strides"}}));
  EXPECT_EQ(open_session(path("none.json")).error().code, "error.file_not_found");
  EXPECT_EQ(open_session("none.png").error().code, "error.file_not_found");
}

}  // namespace
}  // namespace convscope
