// The algorithms on the command line, and the cross-check of all of them.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "app/io/npy.h"
#include "tests/cli/program.h"

namespace convscope {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

const std::vector<std::string> kLessons = {"slices", "loops", "im2col_per_channel", "toeplitz"};
constexpr const char* kNames =
    "auto, naive, slices, loops, im2col_per_channel, im2col, toeplitz, direct, winograd, fft";

class Algorithms : public testing_support::Program {
 protected:
  /// Whole numbers, so that every order of summation gives the same.
  void draw(const std::string& input, const std::string& weight) {
    success({"random", "--seed", "3", "--draw", "randint:" + input + ":-5:6", "--draw", "randint:" + weight + ":-5:6",
             "-o", "r"});
  }
  static std::vector<std::string> command(const std::string& operation, const std::vector<std::string>& more) {
    std::vector<std::string> args{"compute", operation, "--input", "r.0.npy", "--weight", "r.1.npy"};
    args.insert(args.end(), more.begin(), more.end());
    return args;
  }
  std::vector<double> numbers(const std::string& name) {
    const Result<NpyFile> file = read_npy(path(name));
    EXPECT_TRUE(file) << name;
    std::vector<double> list;
    for (int64_t i = 0; file && i < file->tensor.numel(); ++i) list.push_back(file->tensor.at(i));
    return list;
  }
};

TEST_F(Algorithms, of_the_tutorial_compute_what_naive_computes) {
  draw("2,4,9,8", "6,2,3,2");
  for (const char* mode : {"zeros", "reflect", "replicate", "circular"}) {
    const std::vector<std::string> options = {"--groups", "2",       "--stride",       "2,1",
                                              "--pads",   "1,0,2,1", "--padding-mode", mode};
    const auto run = [&](const std::string& algorithm) {
      std::vector<std::string> args = command("conv2d", options);
      args.insert(args.end(), {"--algorithm", algorithm, "-o", "y.npy"});
      success(args);
      return numbers("y.npy");
    };
    const std::vector<double> expected = run("naive");
    ASSERT_FALSE(expected.empty());
    for (const std::string& algorithm : kLessons) EXPECT_EQ(run(algorithm), expected) << algorithm << " " << mode;
  }
}

TEST_F(Algorithms, of_the_tutorial_compute_one_and_three_dimensions_as_well) {
  const std::vector<std::pair<const char*, std::pair<const char*, const char*>>> cases = {
      {"conv1d", {"2,3,11", "4,3,3"}}, {"conv3d", {"1,2,5,6,4", "3,2,2,3,2"}}};
  for (const auto& [operation, shapes] : cases) {
    draw(shapes.first, shapes.second);
    success(command(operation, {"--padding", "1", "--algorithm", "naive", "-o", "naive.npy"}));
    for (const std::string& algorithm : kLessons) {
      success(command(operation, {"--padding", "1", "--algorithm", algorithm, "-o", "y.npy"}));
      EXPECT_EQ(numbers("y.npy"), numbers("naive.npy")) << operation << " " << algorithm;
    }
  }
}

TEST_F(Algorithms, a_wrong_name_lists_all_names) {
  draw("1,1,5,5", "1,1,3,3");
  EXPECT_THAT(refusal(command("conv2d", {"--algorithm", "magic", "-o", "y.npy"}), 1), HasSubstr(kNames));
  EXPECT_THAT(refusal(command("conv2d", {"--algorithm", "", "-o", "y.npy"}), 1), HasSubstr(kNames));
  EXPECT_THAT(refusal({"bench", "--shape", "1,1,5,5,1,3,3", "--algorithm", "Slices"}, 1), HasSubstr(kNames));
}

TEST_F(Algorithms, other_operations_say_which_they_take) {
  draw("1,1,5,5", "1,1,3,3");
  for (const char* operation : {"conv_transpose2d", "conv2d_backward"}) {
    for (const char* algorithm : {"slices", "toeplitz", "magic"}) {
      const std::string line = refusal(command(operation, {"--algorithm", algorithm, "-o", "y.npy"}), 1);
      EXPECT_THAT(line, HasSubstr("auto, naive, im2col.")) << operation;
      EXPECT_THAT(line, HasSubstr(algorithm));
    }
  }
  EXPECT_THAT(refusal({"compute", "max_pool2d", "--input", "r.0.npy", "--kernel-size", "2", "--algorithm", "slices",
                       "-o", "y.npy"},
                      1),
              HasSubstr("--algorithm means nothing to max_pool2d"));
  EXPECT_FALSE(std::filesystem::exists(path("y.npy")));
}

TEST_F(Algorithms, a_copy_that_would_be_too_large_is_refused_and_writes_nothing) {
  draw("1,1,5,5", "1,1,1,1");
  EXPECT_THAT(
      refusal(command("conv2d", {"--padding", "50000", "--stride", "100000", "--algorithm", "slices", "-o", "y.npy"}),
              1),
      HasSubstr("slices would need more than 8 GiB"));
  EXPECT_FALSE(std::filesystem::exists(path("y.npy")));
}

TEST_F(Algorithms, cross_check_prints_a_line_for_each_and_that_all_agree) {
  success({"random", "--seed", "10010", "--draw", "randn:2,3,5,5", "--draw", "randn:2,3,3,3", "-o", "r"});
  const std::string text = success(command("conv2d", {"--padding", "1", "--cross-check"}));
  for (const std::string& algorithm : kLessons) EXPECT_THAT(text, HasSubstr("\n" + algorithm + " ")) << text;
  EXPECT_THAT(text, testing::StartsWith("naive "));
  EXPECT_THAT(text, HasSubstr("all 9 algorithms that ran agree\n"));
  EXPECT_FALSE(std::filesystem::exists(path("y.npy")));
}

TEST_F(Algorithms, cross_check_as_json_holds_the_numbers) {
  success({"random", "--seed", "10010", "--draw", "randn:1,3,9", "--draw", "randn:2,3,3", "-o", "r"});
  const json table =
      json::parse(success(command("conv1d", {"--padding", "1", "--cross-check", "--json", "-o", "y.npy"})));
  EXPECT_EQ(table["all_agree"], true);
  EXPECT_GT(table["tolerance"].get<double>(), 0);
  ASSERT_EQ(table["algorithms"].size(), 9u);
  for (const json& one : table["algorithms"]) {
    if (one["algorithm"] == "winograd") {  // a kernel of 1 x 3
      EXPECT_EQ(one["ran"], false);
      EXPECT_THAT(one["refusal"].get<std::string>(), HasSubstr("The kernel is (1, 3)"));
      continue;
    }
    EXPECT_EQ(one["ran"], true);
    EXPECT_EQ(one["agrees"], true);
    if (one["algorithm"] != "fft") {  // whose transforms have a tolerance of their own
      EXPECT_LE(one["largest_difference"].get<double>(), table["tolerance"].get<double>());
    }
    EXPECT_LE(one["part_of_tolerance"].get<double>(), 1);
    EXPECT_EQ(one["worst_cell"].size(), 4u);
  }
  EXPECT_EQ(table["algorithms"][0]["algorithm"], "naive");
  EXPECT_EQ(numbers("y.npy").size(), 18u) << "the output is written as well";
}

TEST_F(Algorithms, cross_check_runs_what_the_operation_has) {
  success({"random", "--draw", "randn:2,4,5,6,7", "--draw", "randn:6,2,2,3,2", "-o", "r"});
  const json three =
      json::parse(success(command("conv3d", {"--groups", "2", "--padding", "1,0,1", "--cross-check", "--json"})));
  EXPECT_EQ(three["all_agree"], true);
  ASSERT_EQ(three["algorithms"].size(), 8u);
  EXPECT_EQ(three["algorithms"][5]["worst_cell"].size(), 5u);
  EXPECT_GT(three["tolerance"].get<double>(), 0);
  success({"random", "--draw", "randn:2,4,6,7", "--draw", "randn:4,3,3,2", "-o", "r"});
  const std::string upward = success(command("conv_transpose2d", {"--stride", "2", "--cross-check"}));
  EXPECT_THAT(upward, HasSubstr("\nim2col "));
  EXPECT_THAT(upward, HasSubstr("all 2 algorithms that ran agree\n"));
}

TEST_F(Algorithms, cross_check_of_the_gradients_has_a_table_for_each) {
  success({"random", "--draw", "randn:2,4,6,7", "--draw", "randn:6,2,3,2", "--draw", "randn:2,6,4,6", "-o", "r"});
  const std::vector<std::string> args =
      command("conv2d_backward", {"--groups", "2", "--grad-output", "r.2.npy", "--cross-check"});
  const std::string text = success(args);
  for (const char* name : {"input.grad\nnaive ", "\nweight.grad\nnaive ", "\nbias.grad\nnaive "}) {
    EXPECT_THAT(text, HasSubstr(name));
  }
  std::vector<std::string> as_json = args;
  as_json.emplace_back("--json");
  const json tables = json::parse(success(as_json));
  ASSERT_EQ(tables.size(), 3u);
  for (const json& table : tables) {
    EXPECT_EQ(table["all_agree"], true);
    ASSERT_EQ(table["algorithms"].size(), 2u);
    EXPECT_EQ(table["algorithms"][1]["algorithm"], "im2col");
    EXPECT_EQ(table["algorithms"][1]["ran"], true);
  }
  EXPECT_GT(tables["input.grad"]["tolerance"].get<double>(), 0);
  std::vector<std::string> written = args;
  written.insert(written.end(), {"-o", "g"});
  success(written);
  EXPECT_EQ(numbers("g.bias.npy").size(), 6u);
}

TEST_F(Algorithms, cross_check_says_which_had_no_room) {
  draw("1,1,5,5", "1,1,1,1");
  const std::vector<std::string> args =
      command("conv2d", {"--padding", "50000", "--stride", "100000", "--cross-check"});
  const std::string text = success(args);
  EXPECT_THAT(text, HasSubstr("slices would need more than 8 GiB"));
  EXPECT_THAT(text, HasSubstr("all 5 algorithms that ran agree"));
}

TEST_F(Algorithms, cross_check_is_refused_where_there_is_nothing_to_compare) {
  draw("1,1,5,5", "1,1,3,3");
  EXPECT_THAT(refusal({"compute", "max_pool2d", "--input", "r.0.npy", "--kernel-size", "1", "--cross-check"}, 1),
              HasSubstr("--cross-check means nothing to max_pool2d"));
  EXPECT_THAT(refusal(command("conv2d", {"--json", "-o", "y.npy"}), 1), HasSubstr("--cross-check"));
  EXPECT_THAT(refusal(command("conv2d", {}), 2), HasSubstr("-o is missing"));
}

}  // namespace
}  // namespace convscope
