// receptive-field and solve, through the real binary.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/cli/program.h"

namespace convscope {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class FieldCommand : public testing_support::Program {};
class SolveCommand : public testing_support::Program {
 protected:
  json solve(std::vector<std::string> args) {
    args.insert(args.begin(), "solve");
    args.emplace_back("--json");
    return json::parse(success(args));
  }
};

TEST_F(FieldCommand, a_file_becomes_an_aligned_table) {
  put("chain.json", R"({"format": "convscope-chain", "version": 1, "input_size": [9, 12], "layers": [
    {"layer": "Conv2d", "name": "first", "kernel_size": [3, 5], "stride": [1, 2], "padding": 1},
    {"layer": "ConvTranspose2d", "kernel_size": 3, "stride": 2}]})");
  const std::string out = success({"receptive-field", "chain.json"});
  EXPECT_THAT(out, HasSubstr("layer  module            output        field   stride    start    centre  overlap\n"));
  EXPECT_THAT(out, HasSubstr("first  Conv2d             9 x 5        3 x 5    1 x 2       -1     0 x 1    2 x 3\n"));
  EXPECT_THAT(out, HasSubstr("2      ConvTranspose2d  19 x 11  3..4 x 5..7  1/2 x 1  -2 x -3  -1/2 x 0  7/2 x 6\n"));
}

TEST_F(FieldCommand, export_draws_a_chain_file_in_its_lens) {
  put("chain.json", R"({"format": "convscope-chain", "version": 1, "input_size": 7,
    "layers": [{"layer": "Conv2d", "kernel_size": 3}, {"layer": "Conv2d", "kernel_size": 3}]})");
  success({"export", "chain.json", "-o", "field.svg", "--step", "9", "--caption"});
  const std::string svg = get("field.svg");
  EXPECT_THAT(svg, HasSubstr("5x5 seen"));
  EXPECT_THAT(svg, HasSubstr("Step 9 of 9"));
  success({"export", "chain.json", "-o", "field.png", "--size", "320x200"});
  EXPECT_THAT(refusal({"export", "chain.json", "-o", "field.png", "--step", "10"}, 1), HasSubstr("1 to 9"));
  EXPECT_THAT(success({"check", "chain.json"}), HasSubstr("A chain of 2 layers, input 7 x 7, last output 3 x 3"));
  put("illegal.json", R"({"format": "convscope-chain", "version": 1, "input_size": 7,
    "layers": [{"layer": "Conv2d", "kernel_size": 3}, {"layer": "Conv2d", "kernel_size": 6}]})");
  EXPECT_THAT(refusal({"export", "illegal.json", "-o", "field.png"}, 1), HasSubstr("Layer 2 (Conv2d): "));
  EXPECT_THAT(refusal({"check", "illegal.json"}, 1), HasSubstr("Layer 2 (Conv2d): "));
}

TEST_F(FieldCommand, json_has_sizes_and_exact_fractions) {
  const json all = json::parse(success({"receptive-field", "alexnet", "--json"}));
  EXPECT_EQ(all["input_size"], json({224, 224}));
  const json& last = all["layers"].back();
  EXPECT_EQ(last["name"], "pool5");
  EXPECT_EQ(last["output_size"], json({6, 6}));
  EXPECT_EQ(last["receptive_field"]["size"], json({195, 195}));
  EXPECT_EQ(last["receptive_field"]["stride"], json({32, 32}));
  EXPECT_EQ(last["receptive_field"]["start"], json({-66, -66}));
  EXPECT_EQ(last["receptive_field"]["overlap"], json({163, 163}));
  const json wavenet = json::parse(success({"receptive-field", "wavenet", "--json"}));
  EXPECT_EQ(wavenet["layers"][0]["receptive_field"]["center"], json({"-1/2"}));
}

TEST_F(FieldCommand, a_cell_shows_what_it_sees_at_every_level) {
  const std::string out = success({"receptive-field", "alexnet", "--cell", "0,5"});
  EXPECT_THAT(out, HasSubstr("What cell (0, 5) of pool5 sees:"));
  EXPECT_THAT(out, HasSubstr("input  0..128  94..223     66+0 x 0+65"));
  const json seen =
      json::parse(success({"receptive-field", "alexnet", "--cell", "1,1", "--layer", "conv1", "--json"}))["seen"];
  EXPECT_EQ(seen["layer"], "conv1");
  ASSERT_EQ(seen["levels"].size(), 2u);
  EXPECT_EQ(seen["levels"][1]["axes"][0]["cells"], json({{2, 12}}));
  EXPECT_EQ(seen["levels"][1]["axes"][0]["unclipped"], json({2, 12}));
  EXPECT_EQ(json::parse(success({"receptive-field", "alexnet", "--cell", "1,1", "--layer", "1", "--json"}))["seen"],
            seen);
}

TEST_F(FieldCommand, the_input_can_have_another_size) {
  const json all = json::parse(success({"receptive-field", "vgg16", "--input-size", "64,96", "--json"}));
  EXPECT_EQ(all["layers"].back()["output_size"], json({2, 3}));
}

TEST_F(FieldCommand, refusals) {
  EXPECT_THAT(refusal({"receptive-field", "nothing"}, 1), HasSubstr("resnet18"));
  EXPECT_THAT(refusal({"receptive-field", "missing.json"}, 1), HasSubstr("missing.json"));
  EXPECT_THAT(refusal({"receptive-field"}, 2), HasSubstr("chain"));
  EXPECT_THAT(refusal({"receptive-field", "alexnet", "--input-size", "20"}, 1), HasSubstr("Layer 4 (MaxPool2d)"));
  EXPECT_THAT(refusal({"receptive-field", "alexnet", "--cell", "6,0"}, 1), HasSubstr("6 x 6"));
  EXPECT_THAT(refusal({"receptive-field", "alexnet", "--cell", "1"}, 1), HasSubstr("--cell"));
  EXPECT_THAT(refusal({"receptive-field", "alexnet", "--cell", "0,0", "--layer", "conv9"}, 1),
              HasSubstr("conv1, pool1"));
  EXPECT_THAT(refusal({"receptive-field", "alexnet", "--layer", "conv1"}, 2), HasSubstr("--cell"));
  put("bad.json", "{\n  \"format\": \"convscope-chain\",\n  \"version\": 1,,\n}");
  EXPECT_THAT(refusal({"receptive-field", "bad.json"}, 1), HasSubstr("Line 3, column 16"));
}

TEST_F(SolveCommand, the_nearest_solution_stands_first_with_its_formula) {
  const std::string out = success(
      {"solve", "conv2d", "--input-size", "1,3,224,224", "--output-size", "112,112", "--padding", "1", "--limit", "2"});
  EXPECT_THAT(out, HasSubstr("224 x 224 -> 112 x 112: 36 solutions within the bounds, the nearest 2:\n"
                             "kernel_size  stride  padding  dilation  changes\n"
                             "          3       2        1         1  stride\n"));
  EXPECT_THAT(out, HasSubstr("height = floor((224 + 1 + 1 - 1*(3 - 1) - 1) / 2) + 1 = floor(223 / 2) + 1 = 112"));
}

TEST_F(SolveCommand, json_lists_them_with_what_changes) {
  const json found = solve({"conv2d", "--input-size", "5", "--output-size", "5"});
  const json& first = found["solutions"][0];
  EXPECT_EQ(first["padding"], json({1, 1}));
  EXPECT_EQ(first["changes"], json({"padding"}));
  EXPECT_EQ(first["keeps_size"], true);
  EXPECT_EQ(found["total"], found["alike_on_all_axes"]);
  EXPECT_EQ(found["formula"]["height"]["output"], 5);
}

TEST_F(SolveCommand, bounds_and_keep_are_obeyed) {
  const json found = solve({"conv1d", "--input-size", "40", "--output-size", "10", "--keep", "kernel_size,dilation",
                            "--min-stride", "2", "--max-stride", "5", "--max-padding", "3", "--limit", "1000"});
  EXPECT_EQ(found["total"], static_cast<int>(found["solutions"].size()));
  EXPECT_GT(found["total"], 0);
  for (const json& solution : found["solutions"]) {
    EXPECT_EQ(solution["kernel_size"], json({3}));
    EXPECT_EQ(solution["dilation"], json({1}));
    EXPECT_LE(solution["padding"][0], 3);
  }
}

TEST_F(SolveCommand, a_transposed_layer_names_the_output_padding_that_restores_a_size) {
  const std::vector<std::string> args{
      "conv_transpose2d", "--input-size", "3,3", "--output-size", "6,5", "--stride", "2", "--padding", "1"};
  EXPECT_EQ(solve(args)["restoring_output_padding"], json({1, 0}));
  std::vector<std::string> text = args;
  text.insert(text.begin(), "solve");
  EXPECT_THAT(success(text), HasSubstr("output_padding (1, 0) gives 6 x 5"));
  text[5] = "7,7";
  EXPECT_THAT(success(text), HasSubstr("5 x 5"));
}

TEST_F(SolveCommand, no_solution_is_an_answer_that_says_what_would_help) {
  const std::vector<std::string> args{
      "conv1d", "--input-size", "10", "--output-size", "6", "--keep", "kernel_size,padding,dilation"};
  const json none = solve(args);
  EXPECT_EQ(none["total"], 0);
  EXPECT_EQ(none["nearest_sizes"], json({{{"below", 4}, {"above", 8}}}));
  EXPECT_EQ(none["loosen"], json({"kernel_size", "padding", "dilation"}));
  std::vector<std::string> text = args;
  text.insert(text.begin(), "solve");
  EXPECT_THAT(success(text), HasSubstr("the nearest sizes are 4 below and 8 above"));
}

TEST_F(FieldCommand, a_chain_without_layers_is_refused) {
  put("empty.json", R"({"format": "convscope-chain", "version": 1, "input_size": [8, 8], "layers": []})");
  EXPECT_THAT(refusal({"receptive-field", "empty.json"}, 1), HasSubstr("The chain has no layers"));
}

TEST_F(SolveCommand, the_nearest_size_is_said_once_and_only_where_there_is_one) {
  EXPECT_THAT(
      success({"solve", "conv2d", "--input-size", "5,5", "--output-size", "99,99"}),
      HasSubstr("no solution within the bounds.\n99 cannot be had from 5; the largest within the bounds is 25.\n"
                "Wider bounds"));
  EXPECT_THAT(success({"solve", "conv1d", "--input-size", "99", "--output-size", "1", "--keep", "padding,dilation",
                       "--max-kernel-size", "3"}),
              HasSubstr("1 cannot be had from 99; the smallest within the bounds is 13.\n"));
}

TEST_F(SolveCommand, a_batch_that_no_parameter_changes_is_refused) {
  EXPECT_THAT(refusal({"solve", "conv2d", "--input-size", "1,3,5,5", "--output-size", "2,8,3,3"}, 1),
              HasSubstr("batch of 1 and the output one of 2"));
  success({"solve", "conv2d", "--input-size", "1,3,5,5", "--output-size", "1,8,3,3"});
  EXPECT_THAT(refusal({"solve", "max_pool2d", "--input-size", "1,3,5,5", "--output-size", "1,8,3,3"}, 1),
              HasSubstr("3 channels and the output 8"));
}

TEST_F(SolveCommand, present_pads_and_words_are_where_it_begins) {
  // 'same' of a kernel of 4 is 1 before and 2 behind.
  const json same =
      solve({"conv2d", "--input-size", "7,7", "--output-size", "7,7", "--kernel-size", "4", "--padding", "same"});
  EXPECT_EQ(same["solutions"][0]["pads"], json({1, 1, 2, 2}));
  EXPECT_EQ(same["solutions"][0]["changes"], json::array());
  EXPECT_FALSE(same["solutions"][0].contains("padding"));
  const json odd = solve({"conv2d", "--input-size", "7,7", "--output-size", "7,7", "--padding", "same"});
  EXPECT_EQ(odd["solutions"][0]["padding"], json({1, 1}));
  const json pads = solve({"max_pool2d", "--input-size", "6,5", "--output-size", "3,3", "--kernel-size", "2", "--pads",
                           "0,0,0,1", "--keep", "padding"});
  EXPECT_EQ(pads["solutions"][0]["pads"], json({0, 0, 0, 1}));
  EXPECT_EQ(pads["solutions"][0]["changes"], json::array());
  EXPECT_THAT(success({"solve", "conv_transpose1d", "--input-size", "4", "--output-size", "8", "--kernel-size", "4",
                       "--stride", "2", "--pads", "0,2"}),
              HasSubstr("0+2"));
  const std::vector<std::string> base{"solve", "conv2d", "--input-size", "5", "--output-size", "3"};
  const auto refused = [&](std::vector<std::string> more, int status) {
    more.insert(more.begin(), base.begin(), base.end());
    return refusal(more, status);
  };
  EXPECT_THAT(refused({"--padding", "same", "--stride", "2"}, 1), HasSubstr("same"));
  EXPECT_THAT(refused({"--pads", "1,1"}, 1), HasSubstr("--pads"));
  EXPECT_THAT(refused({"--pads", "0,0,1,1", "--padding", "1"}, 1), HasSubstr("--pads"));
  EXPECT_THAT(refused({"--padding", "full"}, 2), HasSubstr("full"));
  EXPECT_THAT(refusal({"solve", "max_pool2d", "--input-size", "5", "--output-size", "3", "--padding", "same"}, 1),
              HasSubstr("padding"));
}

TEST_F(SolveCommand, refusals) {
  const auto refused = [&](std::vector<std::string> args, int status = 1) {
    args.insert(args.begin(), "solve");
    return refusal(args, status);
  };
  EXPECT_THAT(refused({"conv2d", "--input-size", "5"}, 2), HasSubstr("--output-size"));
  EXPECT_THAT(refused({"unfold", "--input-size", "5", "--output-size", "3"}), HasSubstr("unfold"));
  EXPECT_THAT(refused({"conv9d", "--input-size", "5", "--output-size", "3"}, 2), HasSubstr("conv9d"));
  EXPECT_THAT(refused({"conv2d", "--input-size", "5", "--output-size", "0"}), HasSubstr("output_size"));
  EXPECT_THAT(refused({"conv2d", "--input-size", "5,5,5,5,5", "--output-size", "3"}), HasSubstr("--input-size"));
  EXPECT_THAT(refused({"conv2d", "--input-size", "five", "--output-size", "3"}, 2), HasSubstr("five"));
  EXPECT_THAT(refused({"conv2d", "--input-size", "5", "--output-size", "3", "--stride", "0"}), HasSubstr("stride"));
  EXPECT_THAT(refused({"conv2d", "--input-size", "5", "--output-size", "3", "--keep", "groups"}), HasSubstr("groups"));
  EXPECT_THAT(refused({"conv2d", "--input-size", "5", "--output-size", "3", "--max-stride", "0"}), HasSubstr("stride"));
  EXPECT_THAT(refused({"conv2d", "--input-size", "5", "--output-size", "3", "--ceil-mode", "true"}),
              HasSubstr("--ceil-mode"));
  EXPECT_THAT(refused({"avg_pool2d", "--input-size", "5", "--output-size", "3", "--max-dilation", "2"}),
              HasSubstr("dilation"));
  EXPECT_THAT(refused({"conv2d", "--input-size", "5", "--output-size", "3", "--limit", "0"}), HasSubstr("--limit"));
}

}  // namespace
}  // namespace convscope
