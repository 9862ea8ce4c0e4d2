#include "app/session/model.h"

#include <gmock/gmock.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "app/io/image.h"
#include "app/io/npy.h"
#include "app/language/language.h"
#include "app/session/computation.h"
#include "app/session/presets.h"
#include "app/session/session_json.h"

namespace convscope {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string models(const std::string& name) { return std::string(CONVSCOPE_TEST_MODELS) + "/" + name; }

/// What PyTorch has there (make_models.py).
Tensor reference(const std::string& name) {
  const Result<NpyFile> file = read_npy(models("reference.npz:" + name));
  EXPECT_TRUE(file) << name;
  return file ? file->tensor : Tensor();
}

void expect_close(const Tensor& found, const Tensor& expected, const std::string& what) {
  ASSERT_EQ(found.shape(), expected.shape()) << what;
  double largest = 1, difference = 0;
  for (int64_t i = 0; i < found.numel(); ++i) {
    largest = std::max(largest, std::abs(expected.at(i)));
    difference = std::max(difference, std::abs(found.at(i) - expected.at(i)));
  }
  EXPECT_LE(difference, 2e-6 * largest) << what;
}

ModelPtr open_good(const std::string& name) {
  const Result<ModelPtr> model = open_model(models(name));
  EXPECT_TRUE(model) << name << ": " << (model ? "" : describe(Language::en, model.error()));
  return model ? *model : std::make_shared<const Model>();
}

Tensor real_input(const std::string& model, const std::string& layer, const std::string& picture,
                  bool imagenet = false) {
  const Result<Tensor> pixels = read_image(models(picture));
  EXPECT_TRUE(pixels);
  const Result<Tensor> input = run_to_layer(*open_good(model), layer, *pixels, imagenet, nullptr);
  EXPECT_TRUE(input) << model << ":" << layer << ": " << (input ? "" : describe(Language::en, input.error()));
  return input ? *input : Tensor();
}

std::vector<std::string> names(const Model& model) {
  std::vector<std::string> list;
  for (const ModelLayer& layer : model.layers) list.push_back(layer.name);
  return list;
}

TEST(Models, layers_are_listed_with_shapes_and_pytorchs_arguments) {
  const ModelPtr model = open_good("trunk.onnx");
  EXPECT_THAT(names(*model), ElementsAre("conv1", "pool1", "block/conv2", "block/side", "pool2", "conv3", "gap"));
  EXPECT_FALSE(model->open_size);
  const ModelLayer& conv1 = *model->find("conv1");
  EXPECT_EQ(conv1.input_shape, (Shape{1, 3, 12, 12}));
  EXPECT_EQ(conv1.output_shape, (Shape{1, 4, 12, 12}));
  EXPECT_EQ(conv1.call, "Conv2d(3, 4, kernel_size=3, stride=1, padding=1)");
  EXPECT_EQ(model->find("pool1")->call, "MaxPool2d(3, stride=2, padding=1)");
  EXPECT_EQ(model->find("block/conv2")->call, "Conv2d(4, 6, kernel_size=3, stride=1, padding=1, groups=2, bias=False)");
  const ModelLayer& pool2 = *model->find("pool2");
  EXPECT_EQ(pool2.session.params.pads, (Pads{1, 0, 1, 1}));
  EXPECT_TRUE(pool2.session.more.ceil_mode);
  EXPECT_FALSE(pool2.session.more.count_include_pad);
  EXPECT_EQ(model->find("conv3")->input_shape, (Shape{1, 12, 5, 5}));
  EXPECT_EQ(model->find("gap")->session.params.kernel_size, (Pair{3, 2}));
  for (const ModelLayer& layer : model->layers) EXPECT_EQ(layer.blocked_by, "") << layer.name;
}

TEST(Models, the_real_input_of_every_layer_is_pytorchs) {
  for (const char* layer : {"conv1", "pool1", "block/conv2", "block/side", "pool2", "conv3", "gap"}) {
    std::string key = std::string("trunk:") + (std::string(layer) == "block/side" ? "block/conv2" : layer);
    std::replace(key.begin(), key.end(), '/', '_');
    expect_close(real_input("trunk.onnx", layer, "picture.png"), reference(key), layer);
  }
  expect_close(real_input("trunk.onnx", "conv1", "large.png"), reference("scaled:conv1"), "scaled");
  expect_close(real_input("trunk.onnx", "conv1", "picture.png", true), reference("imagenet:conv1"), "imagenet");
}

TEST(Models, what_pytorch_exports_with_an_open_size_keeps_the_pictures) {
  const ModelPtr model = open_good("exported.onnx");
  EXPECT_TRUE(model->open_size);
  ASSERT_EQ(model->layers.size(), 3u);
  EXPECT_EQ(model->layers[0].input_shape, (Shape{1, 1, kOpenSide, kOpenSide}));
  const std::string second = model->layers[2].name;
  expect_close(real_input("exported.onnx", second, "large.png"), reference("exported:second"), "grey");
  expect_close(*layer_weight(*model, second), reference("exported:weight"), "weight");
}

TEST(Models, auto_pad_follows_the_input) {
  const ModelPtr model = open_good("auto_pad.onnx");
  EXPECT_EQ(model->find("upper")->session.params.padding, (Pair{1, 0}));
  EXPECT_EQ(model->find("lower")->session.params.pads, (Pads{1, 2, 0, 2}));
  EXPECT_EQ(model->find("pool")->session.params.padding, (Pair{0, 0}));
  for (const char* layer : {"lower", "pool", "valid"}) {
    expect_close(real_input("auto_pad.onnx", layer, "picture.png"), reference(std::string("auto_pad:") + layer), layer);
  }
}

TEST(Models, transposed_convolutions_and_dilated_pooling_run_too) {
  const ModelPtr model = open_good("transposed.onnx");
  EXPECT_EQ(model->find("up1")->call, "ConvTranspose2d(3, 4, kernel_size=3, stride=2, padding=1, output_padding=1)");
  EXPECT_EQ(model->find("up2")->session.params.groups, 4);
  for (const char* layer : {"up2", "pool", "mix"}) {
    expect_close(real_input("transposed.onnx", layer, "picture.png"), reference(std::string("transposed:") + layer),
                 layer);
  }
}

TEST(Models, what_cannot_be_shown_says_why_and_the_rest_stays) {
  const ModelPtr model = open_good("mixed.onnx");
  // Without a name, and with one that two nodes have, layers are called by what they make.
  EXPECT_THAT(names(*model), ElementsAre("a", "b", "c", "outside", "computed", "lp", "odd", "blocked", "line", "cube"));
  expect_close(*layer_weight(*model, "a"), reference("mixed:half"), "float16");
  EXPECT_EQ(layer_weight(*model, "b")->at(3), 4);
  expect_close(*layer_weight(*model, "outside"), reference("mixed:beside"), "of another file");
  EXPECT_EQ(layer_weight(*model, "blocked")->at(3), 4);  // through Identity
  EXPECT_EQ(model->find("computed")->problem->code, "error.onnx_layer_computed");
  EXPECT_EQ(model->find("lp")->problem->code, "error.onnx_layer_op");
  EXPECT_EQ(model->find("cube")->problem->code, "error.onnx_layer_axes");
  EXPECT_EQ(model->find("odd")->session.params.pads, (Pads{0, 0, 1, 1}));
  EXPECT_EQ(model->find("outside")->blocked_by, "");
  EXPECT_EQ(model->find("blocked")->blocked_by, "Resize");
  EXPECT_EQ(model->find("line")->session.operation, "conv1d");
  const Result<Tensor> pixels = read_image(models("picture.png"));
  const Result<Tensor> blocked = run_to_layer(*model, "blocked", *pixels, false, nullptr);
  ASSERT_FALSE(blocked);
  EXPECT_EQ(blocked.error(),
            (Error{"error.onnx_cannot_run", "input", {models("mixed.onnx"), "blocked", "Resize", "resize"}}));
  EXPECT_TRUE(run_to_layer(*model, "odd", *pixels, false, nullptr));
}

TEST(Models, a_layer_is_a_session_and_computes_pytorchs_next_value) {
  Result<Session> session = open_session(models("trunk.onnx:pool1"));
  ASSERT_TRUE(session);
  session = with_picture(*session, models("trunk.onnx:pool1"), models("picture.png"), false);
  ASSERT_TRUE(session);
  TensorCache cache;
  const Result<ComputationPtr> computation = compute(*session, cache);
  ASSERT_TRUE(computation) << describe(Language::en, computation.error());
  expect_close((*computation)->tensors.output, reference("trunk:block_conv2"), "pooled");

  // From the seed there is an input of the same shape.
  const Result<Session> drawn = open_session(models("trunk.onnx:block/conv2"));
  ASSERT_TRUE(drawn);
  EXPECT_EQ(drawn->input.kind, SourceKind::randn);
  EXPECT_EQ((*compute(*drawn, cache))->tensors.input.shape(), (Shape{1, 4, 6, 6}));
  EXPECT_EQ(title_of(models("trunk.onnx:block/conv2")), "block/conv2");
  EXPECT_FALSE(is_project_file(models("trunk.onnx:conv1")));
}

TEST(Models, a_session_of_a_model_is_saved_and_read_again) {
  Result<Session> session = open_session(models("trunk.onnx:conv3"));
  session = with_picture(*session, models("trunk.onnx:conv3"), models("large.png"), true);
  const Result<Session> again = session_from_json(session_to_json(*session));
  ASSERT_TRUE(again) << describe(Language::en, again.error());
  EXPECT_EQ(again->input, session->input);
  EXPECT_EQ(again->weight, session->weight);
  EXPECT_EQ(again->bias, session->bias);
  EXPECT_NE(session->input,
            (TensorSource{SourceKind::onnx, "conv3", models("trunk.onnx"), nullptr, models("large.png"), false}));
}

TEST(Models, layers_are_asked_for_by_name) {
  const Result<Session> several = open_session(models("trunk.onnx"));
  ASSERT_FALSE(several);
  EXPECT_EQ(several.error().code, "error.onnx_which");
  EXPECT_EQ(several.error().args[3], models("trunk.onnx:conv1"));
  const Result<Session> wrong = open_session(models("trunk.onnx:conv"));
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, "error.onnx_no_layer");
  EXPECT_EQ(open_session(models("mixed.onnx:lp")).error().code, "error.onnx_layer_op");
  EXPECT_EQ(open_session(models("none.onnx:x")).error().code, "error.file_not_found");
}

TEST(Models, running_stops_when_it_is_told_to_and_when_memory_would_be_exceeded) {
  const ModelPtr model = open_good("trunk.onnx");
  const Result<Tensor> pixels = read_image(models("picture.png"));
  Job job;
  job.cancelled = true;
  EXPECT_EQ(run_to_layer(*model, "gap", *pixels, false, &job).error().code, "error.cancelled");
  const Result<Tensor> small = run_to_layer(*model, "gap", *pixels, false, nullptr, 2000);
  ASSERT_FALSE(small);
  EXPECT_EQ(small.error().code, "error.onnx_memory");
  // The image, and conv1's output: so much is held at most, for what was read is freed.
  EXPECT_TRUE(run_to_layer(*model, "gap", *pixels, false, nullptr, 4 * (4 + 4) * 144));
}

TEST(Models, hostile_files_are_refused_in_one_line) {
  const std::vector<std::pair<std::string, std::string>> of_file = {
      {"truncated", "error.onnx_broken"},  {"words", "error.onnx_broken"}, {"empty", "error.onnx_no_graph"},
      {"no_graph", "error.onnx_no_graph"}, {"cycle", "error.onnx_order"},  {"itself", "error.onnx_order"},
      {"twice", "error.onnx_twice"},
  };
  const std::vector<std::pair<std::string, std::string>> of_layer = {
      {"huge_dims", "error.tensor_too_large"},      {"overflowing_dims", "error.tensor_too_large"},
      {"negative_dims", "error.tensor_too_large"},  {"more_than_there", "error.onnx_tensor_size"},
      {"external_parent", "error.onnx_external"},   {"external_absolute", "error.onnx_external"},
      {"external_missing", "error.file_not_found"},
  };
  for (const auto& [name, code] : of_file) {
    const Result<ModelPtr> model = open_model(models("hostile/" + name + ".onnx"));
    ASSERT_FALSE(model) << name;
    EXPECT_EQ(model.error().code, code) << name;
    EXPECT_EQ(describe(Language::en, model.error()).find('\n'), std::string::npos);
  }
  for (const auto& [name, code] : of_layer) {
    const ModelPtr model = open_good("hostile/" + name + ".onnx");
    ASSERT_EQ(model->layers.size(), 1u) << name;
    const Result<Tensor> weight = layer_weight(*model, "conv");
    ASSERT_FALSE(weight) << name;
    const std::string found = model->layers[0].problem ? model->layers[0].problem->code : weight.error().code;
    EXPECT_EQ(weight.error().code, found) << name;
    EXPECT_TRUE(found == code || found == "error.size_overflow") << name << ": " << found;
  }
  // Nested three thousand deep, but nothing looks into it.
  EXPECT_TRUE(open_good("hostile/deep.onnx")->layers.empty());
}

TEST(Models, what_stands_before_a_layer_is_followed_or_refused_never_misread) {
  const Result<Tensor> pixels = Tensor::zeros({1, 3, 12, 12}, DType::float32);
  const std::pair<std::string, std::string> cases[] = {{"broadcast_axis", "error.onnx_cannot_run"},
                                                       {"pad_axes", "error.onnx_cannot_run"},
                                                       {"wide_slope", "error.onnx_unknown_size"},
                                                       {"wide_input", "error.onnx_memory"}};
  for (const auto& [name, code] : cases) {
    const ModelPtr model = open_good("hostile/" + name + ".onnx");
    ASSERT_EQ(model->layers.size(), 1u) << name;
    const Result<Tensor> input = run_to_layer(*model, "pool", *pixels, false, nullptr);
    ASSERT_FALSE(input) << name;
    EXPECT_EQ(input.error().code, code) << name;
  }
}

TEST(Models, more_nodes_than_are_kept_and_links_out_of_the_folder_are_refused) {
  std::string pattern = (std::filesystem::temp_directory_path() / "convscope_models_XXXXXX").string();
  const std::filesystem::path folder = mkdtemp(pattern.data());
  std::string nodes;
  for (int i = 0; i <= 100000; ++i) nodes += std::string("\x0a\x00", 2);
  std::string length;
  for (size_t left = nodes.size(); left > 0; left >>= 7)
    length += static_cast<char>((left & 127) | (left > 127 ? 128 : 0));
  std::ofstream(folder / "many.onnx", std::ios::binary) << '\x3a' << length << nodes;
  EXPECT_EQ(open_model((folder / "many.onnx").string()).error().code, "error.onnx_too_large");

  std::filesystem::copy(models("hostile/external_missing.onnx"), folder / "link.onnx");
  std::filesystem::create_symlink(models("beside.bin"), folder / "nowhere.bin");
  const Result<ModelPtr> model = open_model((folder / "link.onnx").string());
  ASSERT_TRUE(model);
  EXPECT_EQ(layer_weight(**model, "conv").error().code, "error.onnx_external");
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace convscope
