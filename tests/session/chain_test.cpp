// Chains of layers as files, built in, and as part of a session.
#include <gmock/gmock.h>

#include <filesystem>

#include "app/session/chain_json.h"
#include "app/session/chains.h"
#include "app/session/session_json.h"
#include "app/session/workbench.h"

namespace convscope {
namespace {

using testing::HasSubstr;

/// A file with these layers.
std::string file(const std::string& layers, const std::string& input_size = "[32, 32]") {
  return R"({"format": "convscope-chain", "version": 1, "input_size": )" + input_size + R"(, "layers": [)" + layers +
         "]}";
}

LayerChain chain_of(const std::string& text) {
  const Result<LayerChain> chain = chain_from_json(text);
  EXPECT_TRUE(chain) << (chain ? "" : describe(Language::en, chain.error()));
  return chain ? *chain : LayerChain{};
}

std::string refusal(const std::string& text) {
  const Result<LayerChain> chain = chain_from_json(text);
  EXPECT_FALSE(chain) << text;
  return chain ? "" : describe(Language::en, chain.error());
}

TEST(ChainFile, reads_pytorchs_arguments) {
  const LayerChain chain = chain_of(
      file(R"({"layer": "Conv2d", "name": "a", "in_channels": 3, "out_channels": 8, "kernel_size": [3, 5], "stride": 2,
               "padding": [1, 2], "dilation": 2, "bias": false, "padding_mode": "zeros"},
              {"layer": "Conv2d", "kernel_size": 3, "padding": "same"},
              {"layer": "MaxPool2d", "kernel_size": 3, "padding": 1, "ceil_mode": true},
              {"layer": "AvgPool2d", "kernel_size": 2, "stride": 1, "count_include_pad": false},
              {"layer": "ConvTranspose2d", "kernel_size": 4, "stride": 2, "pads": [1, 0, 1, 2], "output_padding": 1})"));
  ASSERT_EQ(chain.layers.size(), 5u);
  EXPECT_EQ(chain.dims, 2);
  EXPECT_EQ(chain.input_size, (Spatial{32, 32}));
  EXPECT_EQ(chain.layers[0].name, "a");
  EXPECT_EQ(chain.layers[0].kernel_size, (Spatial{3, 5}));
  EXPECT_EQ(chain.layers[0].padding.both, (Spatial{1, 2}));
  EXPECT_EQ(chain.layers[0].dilation, (Spatial{2, 2}));
  EXPECT_EQ(chain.layers[1].padding.kind, PaddingKind::same);
  EXPECT_EQ(chain.layers[2].stride, (Spatial{3, 3})) << "pooling moves by its kernel";
  EXPECT_TRUE(chain.layers[2].ceil_mode);
  EXPECT_EQ(chain.layers[3].stride, (Spatial{1, 1}));
  EXPECT_EQ(chain.layers[4].padding.begin, (Spatial{1, 0}));
  EXPECT_EQ(chain.layers[4].padding.end, (Spatial{1, 2}));
  EXPECT_EQ(chain.layers[4].output_padding, (Spatial{1, 1}));
}

TEST(ChainFile, one_and_three_axes_and_whole_shapes) {
  EXPECT_EQ(chain_of(file(R"({"layer": "Conv1d", "kernel_size": 3})", "100")).input_size, (Spatial{100}));
  EXPECT_EQ(chain_of(file(R"({"layer": "MaxPool3d", "kernel_size": [1, 2, 2]})", "[2, 3, 8, 16, 16]")).input_size,
            (Spatial{8, 16, 16}));
  EXPECT_EQ(chain_of(file("", "[1, 3, 8, 9]")).layers.size(), 0u);
}

TEST(ChainFile, what_is_written_is_read_again) {
  for (const BuiltInChain& built_in : built_in_chains()) {
    EXPECT_EQ(chain_of(chain_to_json(built_in.chain)), built_in.chain) << built_in.name;
  }
  const LayerChain odd = chain_of(file(R"({"layer": "Conv2d", "kernel_size": 3, "padding": "valid"},
              {"layer": "MaxPool2d", "kernel_size": 2, "stride": [1, 2], "dilation": 2},
              {"layer": "ConvTranspose2d", "kernel_size": 4, "pads": [1, 0, 1, 2], "output_padding": [0, 0]})"));
  EXPECT_EQ(chain_of(chain_to_json(odd)), odd);
}

TEST(ChainFile, says_where_it_is_wrong) {
  EXPECT_THAT(refusal("{\n  \"format\": }"), HasSubstr("Line 2, column 13"));
  EXPECT_THAT(refusal("[]"), HasSubstr("an object"));
  EXPECT_THAT(refusal("{}"), HasSubstr("format"));
  EXPECT_THAT(refusal(R"({"format": "convscope-session", "version": 1})"), HasSubstr("convscope-chain"));
  EXPECT_THAT(refusal(R"({"format": "convscope-chain", "version": 2})"), HasSubstr("version 2"));
  EXPECT_THAT(refusal(R"({"format": "convscope-chain", "version": 1})"), HasSubstr("layers"));
  EXPECT_THAT(refusal(R"({"format": "convscope-chain", "version": 1, "layers": []})"), HasSubstr("input_size"));
  EXPECT_THAT(refusal(file(R"(7)")), HasSubstr("layers[1]"));
  EXPECT_THAT(refusal(file(R"({"kernel_size": 3})")), HasSubstr("layers[1].layer"));
  EXPECT_THAT(refusal(file(R"({"layer": "ReLU"})")), HasSubstr("ReLU"));
  EXPECT_THAT(refusal(file(R"({"layer": "Conv2d"})")), HasSubstr("layers[1].kernel_size"));
  EXPECT_THAT(refusal(file(R"({"layer": "Conv2d", "kernel_size": 3.5})")), HasSubstr("a whole number"));
  EXPECT_EQ(refusal(file(R"({"layer": "Conv2d", "kernel_size": [3, 3, 3]})")),
            "\"layers[1].kernel_size\" must be a whole number or a list with one for each axis, but it is [3,3,3]. "
            "Correct it.");
  EXPECT_THAT(refusal(file(R"({"layer": "Conv2d", "kernel_size": 3.5})")), HasSubstr("axis, but it is 3.5."));
  EXPECT_THAT(refusal(file(R"({"layer": "Conv2d", "kernel_size": []})")), HasSubstr("axis, but it is []."));
  EXPECT_THAT(refusal(file(R"({"layer": "Conv2d", "kernel_size": 9223372036854775808})")), HasSubstr("allowed"));
  EXPECT_THAT(refusal(file(R"({"layer": "Conv2d", "kernel_size": 3, "strides": 2})")), HasSubstr("layers[1].strides"));
  EXPECT_THAT(refusal(file(R"({"layer": "AvgPool2d", "kernel_size": 3, "dilation": 2})")), HasSubstr("dilation"));
  EXPECT_THAT(refusal(file(R"({"layer": "MaxPool2d", "kernel_size": 3, "padding": "same"})")), HasSubstr("padding"));
  EXPECT_THAT(refusal(file(R"({"layer": "Conv2d", "kernel_size": 3, "padding": 1, "pads": [1,1,1,1]})")),
              HasSubstr("pads"));
  EXPECT_THAT(refusal(file(R"({"layer": "Conv2d", "kernel_size": 3, "pads": [1, 1]})")), HasSubstr("all begins"));
  EXPECT_THAT(refusal(file(R"({"layer": "Conv2d", "kernel_size": 3, "padding_mode": "circular"})")),
              HasSubstr("zeros"));
  EXPECT_THAT(refusal(file(R"({"layer": "Conv2d", "kernel_size": 3}, {"layer": "Conv1d", "kernel_size": 3})")),
              HasSubstr("layers[2]"));
  EXPECT_THAT(refusal(file(R"({"layer": "Conv2d", "kernel_size": 3})", "[5]")), HasSubstr("input_size"));
  EXPECT_THAT(refusal(file(R"({"layer": "Conv2d", "kernel_size": 3})", "\"5\"")), HasSubstr("input_size"));
}

TEST(ChainFile, refuses_endless_chains) {
  std::string layers;
  for (int64_t i = 0; i <= kMaxChainLayers; ++i) {
    layers += (i == 0 ? "" : ",") + std::string(R"({"layer": "Conv2d", "kernel_size": 1})");
  }
  EXPECT_THAT(refusal(file(layers)), HasSubstr("1001"));
}

TEST(BuiltInChains, every_asset_is_there_and_legal_with_its_published_field) {
  size_t assets = 0;
  for (const auto& entry : std::filesystem::directory_iterator(CONVSCOPE_SOURCE_DIR "/assets/chains")) {
    assets += entry.path().extension() == ".json" ? 1 : 0;
  }
  ASSERT_EQ(built_in_chains().size(), assets);
  for (const BuiltInChain& built_in : built_in_chains()) {
    const ChainFields fields = chain_fields(built_in.chain);
    EXPECT_FALSE(fields.error) << built_in.name << " " << (fields.error ? fields.error->code : "");
  }
  const auto size = [](const char* name) { return chain_fields(find_chain(name)->chain).layers.back().axes[0].size; };
  EXPECT_EQ(size("alexnet"), 195);
  EXPECT_EQ(size("vgg16"), 212);
  EXPECT_EQ(size("resnet18"), 435);
  EXPECT_EQ(size("dilated_context"), 67);  // Yu and Koltun, arXiv:1511.07122, table 1
  EXPECT_EQ(size("wavenet"), 1024);        // van den Oord and others, arXiv:1609.03499, section 2.1
}

TEST(BuiltInChains, an_unknown_name_lists_the_known_ones) {
  const Result<LayerChain> chain = open_chain("vgg");
  ASSERT_FALSE(chain);
  EXPECT_THAT(describe(Language::en, chain.error()), HasSubstr("alexnet, dilated_context"));
  EXPECT_EQ(open_chain("nowhere/chain.json").error().code, "error.file_not_found");
}

TEST(SessionChain, is_saved_and_read_again) {
  Session session;
  session.chain = find_chain("alexnet")->chain;
  const Result<Session> again = session_from_json(session_to_json(session));
  ASSERT_TRUE(again) << describe(Language::en, again.error());
  EXPECT_EQ(*again, session);
  EXPECT_THAT(session_to_json(Session()), testing::Not(HasSubstr("chain")));
  const Result<Session> wrong = session_from_json(
      R"({"format": "convscope-session", "version": 1, "operation": "conv2d", "chain": {"layers": [{"layer": "X"}]}})");
  ASSERT_FALSE(wrong);
  EXPECT_THAT(describe(Language::en, wrong.error()), HasSubstr("chain.layers[1].layer"));
}

TEST(SessionChain, an_edit_of_it_is_undone_and_changes_no_number) {
  Workbench workbench{Session{}};
  workbench.wait();
  const ComputationPtr before = workbench.computation();
  workbench.apply({"edit.chain", "", [](Session& s) { s.chain = find_chain("alexnet")->chain; }});
  EXPECT_EQ(workbench.session().chain.layers.size(), 8u);
  EXPECT_EQ(workbench.computation(), before);
  workbench.undo();
  EXPECT_TRUE(workbench.session().chain.layers.empty());
}

TEST(SessionChain, begins_with_the_sessions_own_layer) {
  Session session;
  session.params.kernel_size = {3, 5};
  session.params.padding_kind = PaddingKind::same;
  session.input_shape = Shape{1, 1, 7, 9};
  const LayerChain chain = chain_of_own_layer(session, nullptr);
  ASSERT_EQ(chain.layers.size(), 1u);
  EXPECT_EQ(chain.input_size, (Spatial{7, 9}));
  EXPECT_EQ(chain.layers[0].kernel_size, (Spatial{3, 5}));
  EXPECT_EQ(chain_fields(chain).layers[0].axes[1].output_size, 9);
}

}  // namespace
}  // namespace convscope
