// Chains of layers as files, built in, and as part of a session.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "app/session/chain_json.h"
#include "app/session/chains.h"
#include "app/session/presets.h"
#include "app/session/session_json.h"
#include "app/session/workbench.h"
#include "tests/io/temporary_folder.h"

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
  const ComputationPtr after = workbench.computation();
  EXPECT_EQ(after->generation, before->generation);
  EXPECT_EQ(after->tensors.output.identity(), before->tensors.output.identity());
  EXPECT_EQ(after->plan.chain()->chain, find_chain("alexnet")->chain);
  EXPECT_EQ(step_count(after->plan, Lens::receptive_field), 36);
  workbench.undo();
  EXPECT_TRUE(workbench.session().chain.layers.empty());
  EXPECT_EQ(step_count(workbench.computation()->plan, Lens::receptive_field), 9) << "the session's own layer again";
}

TEST(SessionChain, fields_of_a_layer_that_nobody_knows_come_back_and_follow_it) {
  const Result<Session> session = session_from_json(R"({"format": "convscope-session", "version": 1,
    "operation": "conv2d", "chain": {"input_size": 9, "note": "mine", "layers": [
      {"layer": "Conv2d", "kernel_size": 3, "in_channels": 4, "activation": "relu"},
      {"layer": "AvgPool2d", "kernel_size": 2, "dilation": 7}]}})");
  ASSERT_TRUE(session) << describe(Language::en, session.error());
  Session moved = *session;
  std::swap(moved.chain.layers[0], moved.chain.layers[1]);
  const nlohmann::json written = nlohmann::json::parse(session_to_json(moved));
  EXPECT_EQ(written["chain"]["note"], "mine");
  EXPECT_EQ(written["chain"]["layers"][1]["activation"], "relu");
  EXPECT_EQ(written["chain"]["layers"][1]["in_channels"], 4);
  EXPECT_EQ(written["chain"]["layers"][0]["dilation"], 7) << "it means nothing to AvgPool2d";
  EXPECT_TRUE(*session_from_json(session_to_json(moved)) == moved);
  // A convolution has a dilation of its own.
  moved.chain.layers[0].kind = LayerKind::conv;
  EXPECT_FALSE(nlohmann::json::parse(session_to_json(moved))["chain"]["layers"][0].contains("dilation"));
}

TEST(SessionChain, an_illegal_layer_keeps_the_last_good_chain_and_says_which) {
  Workbench workbench{Session{}};
  const auto edit = [&](auto change) {
    workbench.apply({"edit.chain", "", [change](Session& s) { change(s.chain); }});
  };
  edit([](LayerChain& chain) { chain = find_chain("alexnet")->chain; });
  workbench.apply_view([](Session& s) { s.lens = Lens::receptive_field; });
  EXPECT_FALSE(workbench.shows_last_good());
  const ChainPlanPtr good = workbench.computation()->plan.chain();
  edit([](LayerChain& chain) { chain.layers[2].stride = {0, 1}; });
  EXPECT_TRUE(workbench.shows_last_good());
  EXPECT_EQ(workbench.error(), nullptr) << "the session's own layer is good";
  ASSERT_NE(workbench.chain_problem(), nullptr);
  EXPECT_EQ(workbench.chain_problem()->layer, 2u);
  EXPECT_EQ(workbench.chain_problem()->error.field, "stride");
  EXPECT_THAT(describe(Language::en, *workbench.chain_problem()), testing::StartsWith("Layer 3 (Conv2d): "));
  EXPECT_EQ(workbench.computation()->plan.chain(), good);
  EXPECT_EQ(workbench.step_count(), 36);
  // New numbers of the session's own layer do not lose it either.
  workbench.apply({"edit.stride", "", [](Session& s) { s.params.stride = {2, 2}; }});
  EXPECT_EQ(workbench.computation()->plan.chain(), good);
  workbench.undo();
  workbench.undo();
  EXPECT_FALSE(workbench.shows_last_good());
  EXPECT_EQ(workbench.chain_problem(), nullptr);
}

TEST(SessionChain, it_can_be_edited_while_the_sessions_own_layer_is_illegal) {
  Workbench workbench{Session{}};
  workbench.apply_view([](Session& s) { s.lens = Lens::receptive_field; });
  workbench.apply({"edit.stride", "", [](Session& s) { s.params.stride = {0, 0}; }});
  EXPECT_TRUE(workbench.shows_last_good()) << "the chain is the own layer";
  workbench.apply({"edit.chain", "", [](Session& s) { s.chain = find_chain("vgg16")->chain; }});
  ASSERT_NE(workbench.error(), nullptr);
  EXPECT_FALSE(workbench.shows_last_good());
  EXPECT_EQ(workbench.step_count(), 49);
}

TEST(SessionChain, its_steps_are_the_cells_of_the_last_layer_row_by_row) {
  const CheckedChain checked = check_chain(find_chain("vgg16")->chain);
  ASSERT_TRUE(checked.plan);
  EXPECT_EQ(checked.plan->steps(), 49);
  for (int64_t step = 0; step < 49; ++step) {
    const Spatial cell = checked.plan->cell_of_step(step);
    EXPECT_EQ(cell, (Spatial{step / 7, step % 7}));
    EXPECT_EQ(checked.plan->step_of_cell(cell), step);
  }
  EXPECT_EQ(checked.plan->rows(0), 224);
  EXPECT_EQ(checked.plan->slices(3), 1);
  const CheckedChain line = check_chain(find_chain("wavenet")->chain);
  EXPECT_EQ(line.plan->steps(), 16000);
  EXPECT_EQ(line.plan->rows(0), 1);
  EXPECT_EQ(check_chain(LayerChain{}).problem.error.code, "error.chain_empty");
}

class OpenedChainFile : public testing_support::TemporaryFolder {};

TEST_F(OpenedChainFile, becomes_a_session_that_looks_at_it) {
  put("own.json", R"({"format": "convscope-chain", "version": 1, "title": "Mine", "input_size": 9,
    "layers": [{"layer": "Conv2d", "kernel_size": 3}, {"layer": "MaxPool2d", "kernel_size": 2}]})");
  EXPECT_TRUE(is_chain_file(path("own.json")));
  const Result<Session> opened = open_session(path("own.json"));
  ASSERT_TRUE(opened) << describe(Language::en, opened.error());
  EXPECT_EQ(opened->lens, Lens::receptive_field);
  EXPECT_EQ(opened->title, "Mine");
  EXPECT_EQ(opened->chain.layers.size(), 2u);
  EXPECT_EQ(opened->params, Session().params);
  put("session.json", session_to_json(Session()));
  EXPECT_FALSE(is_chain_file(path("session.json")));
  EXPECT_TRUE(is_project_file(path("session.json")));
  EXPECT_FALSE(is_project_file(path("own.json"))) << "a session must not be written over it";
  EXPECT_FALSE(is_project_file("vgg16.npy"));
  EXPECT_FALSE(is_project_file("receptive_field_vgg16"));
  put("wrong.json", R"({"format": "convscope-chain", "version": 1, "input_size": 9,
    "layers": [{"layer": "Conv2d", "kernel_size": 3, "kernel": 4}]})");
  EXPECT_EQ(open_session(path("wrong.json")).error().code, "error.chain_unknown_field");
  put("empty.json", R"({"format": "convscope-chain", "version": 1, "input_size": 9, "layers": []})");
  EXPECT_EQ(open_session(path("empty.json")).error().code, "error.chain_empty");
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
