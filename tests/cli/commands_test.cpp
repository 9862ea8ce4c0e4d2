#include <gmock/gmock.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "app/io/npy.h"
#include "app/session/presets.h"
#include "app/session/session_json.h"
#include "engine/torch_random.h"
#include "tests/cli/program.h"

namespace convscope {
namespace {

using nlohmann::json;
using testing::EndsWith;
using testing::HasSubstr;

using Commands = testing_support::Program;

TEST_F(Commands, version_and_help_go_to_standard_output) {
  EXPECT_THAT(success({"--version"}), testing::MatchesRegex("convscope [0-9]+\\.[0-9]+\\.[0-9]+\n"));
  const std::string help = success({"--help"});
  for (const char* command : {"compute", "size", "random", "check", "presets", "export", "screenshot", "bench"}) {
    EXPECT_THAT(help, HasSubstr(command));
    EXPECT_THAT(success({command, "--help"}), HasSubstr(command));
  }
}

TEST_F(Commands, help_speaks_the_language_of_the_locale) {
  EXPECT_THAT(success({"size", "--help"}, {"LANG=zh_CN.UTF-8"}), HasSubstr("步幅"));
  EXPECT_THAT(refusal({"frobnicate"}, 2, {"LC_ALL=zh_CN.UTF-8"}), HasSubstr("没有名为 frobnicate"));
  EXPECT_THAT(success({"size", "--help"}, {"LANG=zh_CN.UTF-8", "LC_ALL=C"}), HasSubstr("Step of the window"));
}

TEST_F(Commands, unknown_words_end_with_2_and_a_suggestion) {
  EXPECT_THAT(refusal({"compite"}, 2), HasSubstr("Did you mean compute?"));
  EXPECT_THAT(refusal({"dilatoin"}, 2), HasSubstr("Did you mean dilation?"));
  EXPECT_THAT(refusal({"xyzzyxyzzy"}, 2), testing::Not(HasSubstr("Did you mean")));
  EXPECT_THAT(refusal({"--frob"}, 2), HasSubstr("--frob"));
  EXPECT_THAT(refusal({"presets", "--jsno"}, 2), HasSubstr("--json"));
  EXPECT_THAT(refusal({"presets", "extra"}, 2), HasSubstr("extra"));
  EXPECT_THAT(refusal({"size", "conv2d", "presets"}, 2), HasSubstr("presets"));
}

TEST_F(Commands, files_that_cannot_be_opened_end_with_1) {
  EXPECT_THAT(refusal({"none.json"}, 1), HasSubstr("none.json"));
  put("bad.json", "{");
  EXPECT_THAT(refusal({"bad.json"}, 1), HasSubstr("Line 1, column 2 of bad.json"));
}

TEST_F(Commands, without_a_display_the_window_says_what_works_instead) {
  EXPECT_THAT(refusal({}, 1), testing::AllOf(HasSubstr("isplay"), HasSubstr("export")));
  EXPECT_THAT(refusal({"dilation"}, 1), HasSubstr("isplay"));
}

TEST_F(Commands, size_ends_with_the_output_shape) {
  const std::string text = success({"size", "conv2d", "--input-size", "1,3,224,224", "--weight-size", "64,3,7,7",
                                    "--stride", "2", "--padding", "3"});
  EXPECT_THAT(text, EndsWith("\n1, 64, 112, 112\n"));
  EXPECT_THAT(text, HasSubstr("floor((224 + 3 + 3 - 1*(7 - 1) - 1) / 2) + 1 = floor(223 / 2) + 1 = 112"));
  EXPECT_THAT(text, HasSubstr("9408"));
  EXPECT_THAT(text, HasSubstr("118013952"));
  EXPECT_THAT(text, HasSubstr("7375872"));
}

TEST_F(Commands, size_as_json_has_every_number) {
  const json size = json::parse(
      success({"size", "conv2d", "--input-size", "2,4,9,8", "--out-channels", "6", "--kernel-size", "3,2", "--stride",
               "2,1", "--padding", "1,0", "--dilation", "1,2", "--groups", "2", "--bias-size", "6", "--json"}));
  EXPECT_EQ(size["output_size"], json({2, 6, 5, 6}));
  EXPECT_EQ(size["weight_size"], json({6, 2, 3, 2}));
  EXPECT_EQ(size["parameters"], 6 * 2 * 3 * 2 + 6);
  EXPECT_EQ(size["macs"], 2 * 6 * 5 * 6 * 2 * 3 * 2);
  EXPECT_EQ(size["im2col_bytes"], 2 * 5 * 6 * 4 * 3 * 2 * 4);
  EXPECT_EQ(size["height"]["output"], 5);
  EXPECT_EQ(size["width"]["effective_kernel_size"], 3);
}

TEST_F(Commands, size_takes_an_unbatched_input) {
  EXPECT_THAT(success({"size", "conv2d", "--input-size", "3,5,5", "--weight-size", "2,3,3,3"}),
              EndsWith("\n2, 3, 3\n"));
}

TEST_F(Commands, size_never_allocates_the_tensors) {
  // Forty petabytes of input.
  const std::string text =
      success({"size", "conv2d", "--input-size", "1,1,100000000,100000000", "--weight-size", "1,1,3,3"});
  EXPECT_THAT(text, EndsWith("\n1, 1, 99999998, 99999998\n"));
  refusal({"size", "conv2d", "--input-size", "1,1,4000000000,4000000000", "--weight-size", "1,1,3,3"}, 1);
  refusal({"size", "conv2d", "--input-size", "9223372036854775807,1,9,9", "--weight-size", "1,1,3,3"}, 1);
}

TEST_F(Commands, a_size_stands_where_its_cost_is_beyond_counting) {
  const testing_support::Outcome outcome =
      run({"size", "conv2d", "--input-size", "1,1,4611686018427387904,1", "--weight-size", "1,1,1,1"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.out, EndsWith("output shape:\n1, 1, 4611686018427387904, 1\n"));
  EXPECT_EQ(outcome.err,
            "convscope: error: The output size stands, but the bytes of the input do not fit 64-bit integers (at most "
            "9223372036854775807), so the cost cannot be given. Choose smaller sizes.\n");
  const testing_support::Outcome as_json =
      run({"size", "conv2d", "--input-size", "1,1,1000000000,1000000000", "--weight-size", "1,1,3,3", "--json"});
  EXPECT_EQ(as_json.status, 1);
  const json size = json::parse(as_json.out);
  EXPECT_EQ(size["output_size"], (std::vector<int64_t>{1, 1, 999999998, 999999998}));
  EXPECT_FALSE(size.contains("macs"));
  EXPECT_THAT(run({"size", "conv_transpose1d", "--input-size", "1,1,1", "--weight-size", "1,1,2", "--dilation",
                   "4611686018427387904"})
                  .out,
              EndsWith("\n1, 1, 4611686018427387905\n"));
}

TEST_F(Commands, an_option_that_is_given_twice_is_named_with_both_values) {
  EXPECT_EQ(refusal({"size", "conv2d", "--input-size", "1,1,5,5", "--weight-size", "1,1,3,3", "--stride", "1",
                     "--stride", "2"},
                    2),
            "--stride is given more than once, as '1' and as '2', and it takes one value. Leave one of them out.");
}

TEST_F(Commands, numbers_beyond_64_bits_are_told_what_is_allowed) {
  const auto with = [this](const char* input, const char* option, const char* value) {
    return refusal({"size", "conv2d", "--input-size", input, "--weight-size", "1,1,3,3", option, value}, 1);
  };
  EXPECT_THAT(with("99999999999999999999,1,5,5", "--stride", "1"), HasSubstr("allowed: 0 to 9223372036854775807"));
  EXPECT_THAT(with("1,1,5,5", "--stride", "99999999999999999999"), HasSubstr("allowed: 1 to 9223372036854775807"));
  EXPECT_THAT(with("1,1,5,5", "--padding", "99999999999999999999"), HasSubstr("allowed: 0 to 9223372036854775807"));
  EXPECT_THAT(with("1,1,5,5", "--dilation", "9223372036854775807"), HasSubstr("sizes around dilation"));
}

TEST_F(Commands, an_empty_batch_has_no_multiple_of_its_bytes) {
  EXPECT_THAT(success({"size", "conv2d", "--input-size", "0,3,5,5", "--weight-size", "1,3,3,3"}),
              HasSubstr("im2col:        0 bytes\n"));
}

TEST_F(Commands, size_refuses_what_pytorch_refuses) {
  const auto with = [&](std::vector<std::string> more, int status) {
    std::vector<std::string> args{"size", "conv2d", "--input-size", "1,3,5,5"};
    args.insert(args.end(), more.begin(), more.end());
    return refusal(args, status);
  };
  EXPECT_THAT(with({"--weight-size", "1,3,7,7"}, 1), HasSubstr("7"));
  EXPECT_THAT(with({"--weight-size", "1,2,3,3"}, 1), HasSubstr("in_channels"));
  EXPECT_THAT(with({"--weight-size", "4,3,3,3", "--bias-size", "3"}, 1), HasSubstr("3"));
  EXPECT_THAT(with({"--weight-size", "4,3,3"}, 1), HasSubstr("4, 3, 3"));
  EXPECT_THAT(with({"--weight-size", "4,3,3,3", "--kernel-size", "3"}, 1), HasSubstr("--weight-size"));
  EXPECT_THAT(with({"--weight-size", "4,3,3,three"}, 2), HasSubstr("--weight-size"));
  EXPECT_THAT(with({"--kernel-size", "3"}, 2), HasSubstr("--weight-size"));
  EXPECT_THAT(with({"--out-channels", "x", "--kernel-size", "3"}, 2), HasSubstr("--out-channels"));
  EXPECT_THAT(with({"--weight-size", "4,3,3,3", "--stride", "0"}, 1), HasSubstr("stride"));
  EXPECT_THAT(refusal({"size", "conv2d", "--input-size", "1,3,-5,5", "--weight-size", "1,3,3,3"}, 1), HasSubstr("-5"));
  EXPECT_THAT(refusal({"size", "conv2d", "--input-size", "5,5", "--weight-size", "1,1,3,3"}, 1), HasSubstr("5, 5"));
}

std::vector<double> numbers(const std::string& path) {
  const Tensor tensor = read_npy(path)->tensor;
  std::vector<double> list;
  for (int64_t i = 0; i < tensor.numel(); ++i) list.push_back(tensor.at(i));
  return list;
}
std::vector<double> numbers(const Result<Tensor>& tensor) {
  std::vector<double> list;
  for (int64_t i = 0; i < tensor->numel(); ++i) list.push_back(tensor->at(i));
  return list;
}

TEST_F(Commands, size_counts_the_bytes_of_a_type) {
  const std::vector<std::string> base{"size",          "conv2d",  "--input-size", "1,2,4,4",
                                      "--weight-size", "3,2,2,2", "--json"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), base.begin(), base.end());
    return nlohmann::json::parse(success(more));
  };
  const nlohmann::json usual = with({}), single = with({"--dtype", "float32"}), exact = with({"--dtype", "float64"});
  EXPECT_EQ(usual, single);
  EXPECT_EQ(single["input_bytes"], 4 * 32);
  EXPECT_EQ(exact["dtype"], "float64");
  for (const char* name : {"input_bytes", "weight_bytes", "output_bytes", "im2col_bytes"}) {
    EXPECT_EQ(exact[name], 2 * single[name].get<int64_t>()) << name;
  }
  EXPECT_EQ(exact["arithmetic_intensity"].get<double>(), single["arithmetic_intensity"].get<double>() / 2);
  EXPECT_EQ(exact["macs"], single["macs"]);
  std::vector<std::string> wrong = base;
  wrong.insert(wrong.end(), {"--dtype", "half"});
  EXPECT_THAT(refusal(wrong, 1), HasSubstr("half"));
}

TEST_F(Commands, random_draws_on_from_one_generator) {
  success(
      {"random",          "--seed", "10010",          "--draw", "randn:5,5",        "--draw", "randn:3,3",  "--draw",
       "randint:6:0:100", "--draw", "rand:4:float64", "--draw", "uniform:3,3:-1:1", "--draw", "randperm:8", "--draw",
       "arange:2,3",      "--draw", "conv2d:8,3,3,3", "--draw", "randn:4:float64",  "-o",     "r"});
  TorchRandom script(10010);
  EXPECT_EQ(numbers(path("r.0.npy")), numbers(script.randn(Shape{5, 5})));
  EXPECT_EQ(numbers(path("r.1.npy")), numbers(script.randn(Shape{3, 3})));
  EXPECT_EQ(numbers(path("r.2.npy")), numbers(script.randint(Shape{6}, 0, 100)));
  EXPECT_EQ(numbers(path("r.3.npy")), numbers(script.rand(Shape{4}, DType::float64)));
  EXPECT_EQ(numbers(path("r.4.npy")), numbers(script.uniform(Shape{3, 3}, -1, 1)));
  EXPECT_EQ(numbers(path("r.5.npy")), numbers(script.randperm(8)));
  EXPECT_THAT(numbers(path("r.6.npy")), testing::ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_EQ(numbers(path("r.7.npy")), numbers(script.conv2d_init(Shape{8, 3, 3, 3}, false)->weight));
  EXPECT_EQ(numbers(path("r.8.npy")), numbers(script.randn(Shape{4}, DType::float64)));
  EXPECT_EQ(read_npy(path("r.3.npy"))->tensor.dtype(), DType::float64);
  EXPECT_EQ(read_npy(path("r.0.npy"))->tensor.shape(), (Shape{5, 5}));
  // The first number of the tutorial's input.
  EXPECT_NEAR(numbers(path("r.0.npy"))[0], -0.4990, 1e-4);
}

TEST_F(Commands, random_takes_every_seed_that_torch_takes) {
  const auto first = [&](const std::string& seed) {
    success({"random", "--seed", seed, "--draw", "rand:3", "-o", "r"});
    return numbers(path("r.0.npy"));
  };
  EXPECT_EQ(first("18446744073709551615"), first("-1"));
  EXPECT_EQ(first("9223372036854775808"), first("-9223372036854775808"));
  EXPECT_EQ(first("4294967303"), first("7"));
  EXPECT_THAT(refusal({"random", "--seed", "18446744073709551616", "--draw", "rand:2", "-o", "r"}, 1),
              HasSubstr("18446744073709551615"));
  refusal({"random", "--seed", "-9223372036854775809", "--draw", "rand:2", "-o", "r"}, 1);
}

TEST_F(Commands, whole_numbers_that_float32_does_not_hold_are_written_as_pytorch_has_them) {
  const auto int64s = [this](const char* name) {
    const std::string file = get(name);
    EXPECT_THAT(file, HasSubstr("'descr': '<i8'"));
    std::vector<int64_t> numbers(3);
    std::memcpy(numbers.data(), file.data() + file.size() - 24, 24);
    return numbers;
  };
  // torch.manual_seed(0); torch.randint(0, 2**62, (3,))
  EXPECT_EQ(success({"random", "--draw", "randint:3:0:4611686018427387904", "-o", "r"}),
            "r.0.npy: randint:3:0:4611686018427387904 is written as int64, as PyTorch gives it: float32 does not hold "
            "every whole number beyond 16777216.\n");
  EXPECT_EQ(int64s("r.0.npy"), (std::vector<int64_t>{900450186894289455, 3969543146641149120, 1895649597198586619}));
  EXPECT_EQ(success({"random", "--draw", "randint:3:0:10:int64", "--draw", "randperm:3:int64", "--draw",
                     "arange:3:int64", "-o", "i"}),
            "");
  EXPECT_EQ(int64s("i.0.npy"), (std::vector<int64_t>{4, 9, 3}));
  EXPECT_EQ(int64s("i.1.npy"), (std::vector<int64_t>{0, 2, 1}));
  EXPECT_EQ(int64s("i.2.npy"), (std::vector<int64_t>{0, 1, 2}));
  // A type that is named is PyTorch's .to(dtype).
  EXPECT_EQ(success({"random", "--draw", "randint:3:0:4611686018427387904:float64", "-o", "d"}), "");
  EXPECT_EQ(read_npy(path("d.0.npy"))->stored_type, "<f8");
  EXPECT_EQ(success({"random", "--draw", "randint:3:-16777216:16777217", "-o", "f"}), "");
  EXPECT_EQ(read_npy(path("f.0.npy"))->stored_type, "<f4");
  refusal({"random", "--draw", "randn:3:int64", "-o", "n"}, 1);
}

TEST_F(Commands, a_layer_without_input_channels_has_an_empty_weight) {
  EXPECT_EQ(success({"random", "--draw", "conv2d:3,0,3,3", "--draw", "rand:1", "-o", "c"}), "");
  EXPECT_EQ(read_npy(path("c.0.npy"))->shape, (Shape{3, 0, 3, 3}));
  success({"random", "--draw", "rand:1", "-o", "r"});
  EXPECT_EQ(get("c.1.npy"), get("r.0.npy"));  // it draws nothing
}

TEST_F(Commands, a_layers_bias_is_drawn_behind_its_weight) {
  // torch.manual_seed(3); nn.Conv2d(2, 3, 3); torch.randn(4)
  EXPECT_EQ(success({"random", "--seed", "3", "--draw", "conv2d:3,2,3,3:bias", "--draw", "randn:4", "-o", "r"}), "");
  EXPECT_THAT(names(), testing::ElementsAre("r.0.bias.npy", "r.0.weight.npy", "r.1.npy"));
  EXPECT_EQ(read_npy(path("r.0.weight.npy"))->shape, (Shape{3, 2, 3, 3}));
  EXPECT_EQ(numbers(path("r.0.weight.npy"))[1], -0.18593639135360718);
  EXPECT_THAT(numbers(path("r.0.bias.npy")),
              testing::ElementsAre(0.15142379701137543, 0.05876869335770607, -0.08455026149749756));
  EXPECT_THAT(numbers(path("r.1.npy")),
              testing::ElementsAre(-0.3317258954048157, 0.6189020276069641, -0.15696166455745697, 0.7003199458122253));
  // nn.ConvTranspose2d(4, 4, 3, groups=2)
  success(
      {"random", "--seed", "3", "--draw", "conv_transpose2d:4,2,3,3:bias:groups=2", "--draw", "randn:4", "-o", "t"});
  EXPECT_THAT(numbers(path("t.0.bias.npy")), testing::ElementsAre(-0.10691928118467331, 0.0035148505121469498,
                                                                  0.14483222365379333, 0.08147351443767548));
  EXPECT_EQ(numbers(path("t.1.npy"))[0], -2.1925268173217773);
  success({"random", "--draw", "conv1d:3,2,3:bias:float64", "-o", "d"});
  EXPECT_EQ(read_npy(path("d.0.bias.npy"))->stored_type, "<f8");
}

TEST_F(Commands, random_refuses_and_leaves_nothing) {
  const auto with = [&](const std::string& draw, int status) {
    return refusal({"random", "--draw", "rand:2", "--draw", draw, "-o", "r"}, status);
  };
  for (const char* draw :
       {"rand", "frob:3", "randint:3", "randint:3:0", "rand:3:1:2", "conv2d:3,3", "randint:3:5:5", "rand:-1",
        "randperm:-1", "uniform:3:0:4e38", "rand:100000,100000,100000", "rand:3:float16", "conv2d:3,2,3,3:biased",
        "conv2d:3,2,3,3:bias:groups=2", "conv_transpose1d:4,2,3:bias:groups=0", "conv_transpose1d:4,2,3:groups=2",
        "conv3d:3,2,3,3:bias", "max_pool2d:3,2,3,3"}) {
    EXPECT_NE(with(draw, 1), "") << draw;
  }
  EXPECT_THAT(with("rand:three", 2), HasSubstr("--draw"));
  EXPECT_THAT(with("uniform:3:low:1", 2), HasSubstr("--draw"));
  std::filesystem::create_directory(folder_ / "r.1.npy");
  EXPECT_THAT(with("rand:3", 1), HasSubstr("r.1.npy"));
  std::filesystem::remove(folder_ / "r.1.npy");
  EXPECT_THAT(refusal({"random", "--seed", "x", "--draw", "rand:2", "-o", "r"}, 2), HasSubstr("--seed"));
  EXPECT_THAT(refusal({"random", "--draw", "rand:2"}, 2), HasSubstr("--output"));
  EXPECT_THAT(names(), testing::IsEmpty());
}

TEST_F(Commands, check_tells_good_files_from_bad_ones) {
  ASSERT_TRUE(save_session(path("good.json"), Session()));
  EXPECT_THAT(success({"check", "good.json"}), HasSubstr("1, 1, 3, 3"));
  put("lesson.json", R"({"format":"convscope-lesson","version":1,"title":"x"})");
  success({"check", "lesson.json"});
  put("least.json", R"({"format":"convscope-session","version":1,"operation":"conv2d","unknown":[1]})");
  success({"check", "least.json"});

  put("syntax.json", "{\n  \"format\": }");
  EXPECT_THAT(refusal({"check", "syntax.json"}, 1), HasSubstr("Line 2, column 13"));
  put("missing.json", R"({"format":"convscope-session","operation":"conv2d"})");
  EXPECT_THAT(refusal({"check", "missing.json"}, 1), HasSubstr("version"));
  put("type.json", R"({"format":"convscope-session","version":1,"operation":"conv2d","params":{"stride":"2"}})");
  EXPECT_THAT(refusal({"check", "type.json"}, 1), HasSubstr("params.stride"));
  put("illegal.json", R"({"format":"convscope-session","version":1,"operation":"conv2d","params":{"stride":0}})");
  EXPECT_THAT(refusal({"check", "illegal.json"}, 1), HasSubstr("stride"));
  put("gone.json",
      R"({"format":"convscope-session","version":1,"operation":"conv2d","input":{"source":"npy","path":"gone.npy"}})");
  EXPECT_THAT(refusal({"check", "gone.json"}, 1), HasSubstr("gone.npy"));
  put("count.json",
      R"({"format":"convscope-session","version":1,"operation":"conv2d","weight":{"source":"values","values":[1]}})");
  EXPECT_THAT(refusal({"check", "count.json"}, 1), HasSubstr("9"));
  put("lesson_bad.json", R"({"format":"convscope-lesson"})");
  EXPECT_THAT(refusal({"check", "lesson_bad.json"}, 1), HasSubstr("version"));
  EXPECT_THAT(refusal({"check", "none.json"}, 1), HasSubstr("none.json"));
  put("deep.json", std::string(1'000'000, '['));
  EXPECT_THAT(refusal({"check", "deep.json"}, 1), HasSubstr("nested"));
}

TEST_F(Commands, presets_are_listed_for_people_and_for_programs) {
  const json list = json::parse(success({"presets", "--json"}));
  ASSERT_EQ(list.size(), presets().size());
  for (size_t i = 0; i < list.size(); ++i) {
    EXPECT_EQ(list[i]["name"], presets()[i].name);
    EXPECT_EQ(list[i]["title"], tr(Language::en, presets()[i].title_key));
    const std::string& operation = presets()[i].session.operation;
    const json lenses =
        operation == "conv2d"
            ? json({"sliding", "isometric", "im2col", "toeplitz", "coverage", "loops", "gradient", "receptive_field"})
        : operation == "conv1d" ? json({"sliding", "isometric", "im2col", "toeplitz", "coverage", "receptive_field"})
        : operation == "conv3d" ? json::array({"slices", "receptive_field"})
        : operation == "conv_transpose2d" ? json({"scatter", "gather", "receptive_field"})
                                          : json::array({"pooling", "receptive_field"});
    EXPECT_EQ(list[i]["operation"], operation);
    EXPECT_EQ(list[i]["lenses"], lenses);
  }
  const std::string text = success({"presets"});
  for (const Preset& preset : presets()) EXPECT_THAT(text, HasSubstr("  " + preset.name + "  "));
}

TEST_F(Commands, bench_times_the_engine) {
  const std::string csv = success({"bench", "--shape", "1,1,5,5,1,3,3", "--threads", "1", "--csv"});
  EXPECT_THAT(csv, testing::MatchesRegex(
                       "name,impl,threads,median_ms,gflops\n1x1x5x5x1x3x3,convscope-auto,1,[0-9.e+-]+,[0-9.e+-]+\n"));
  const json list =
      json::parse(success({"bench", "--shape", "1,2,9,9,3,3,3", "--padding", "1", "--algorithm", "naive", "--json"}));
  ASSERT_EQ(list.size(), 1u);
  EXPECT_GT(list[0]["median_ms"], 0);
  EXPECT_GT(list[0]["gflops"], 0);
  EXPECT_EQ(list[0]["algorithm"], "naive");
}

TEST_F(Commands, bench_reads_a_table_of_shapes) {
  put("shapes.csv",
      "name,N,C,H,W,K,R,S,stride_h,stride_w,pad_h,pad_w,dil_h,dil_w,groups\n"
      "a,1,1,5,5,1,3,3,1,1,0,0,1,1,1\r\n"
      "b,1,4,6,6,4,3,3,2,2,1,1,1,1,2\n");
  const std::string one = success({"bench", "--shapes", "shapes.csv", "--name", "b", "--csv"});
  EXPECT_THAT(one, HasSubstr("\nb,convscope-auto,"));
  EXPECT_THAT(one, testing::Not(HasSubstr("\na,")));
  EXPECT_THAT(refusal({"bench", "--shapes", "shapes.csv", "--name", "c"}, 1), HasSubstr("c"));
  put("bad.csv", "name,N,C\nx,1,1\n");
  EXPECT_THAT(refusal({"bench", "--shapes", "bad.csv"}, 1), HasSubstr("H"));
  put("cell.csv",
      "name,N,C,H,W,K,R,S,stride_h,stride_w,pad_h,pad_w,dil_h,dil_w,groups\n"
      "a,1,1,five,5,1,3,3,1,1,0,0,1,1,1\n");
  EXPECT_THAT(refusal({"bench", "--shapes", "cell.csv"}, 1), HasSubstr("line 2: 'five' under H"));
  EXPECT_THAT(refusal({"bench", "--shape", "1,1,5,5"}, 1), HasSubstr("--shape"));
  EXPECT_THAT(refusal({"bench", "--shape", "1,1,5,5,1,3,x"}, 2), HasSubstr("--shape"));
  EXPECT_THAT(refusal({"bench", "--shape", "1,1,5,5,1,7,7"}, 1), HasSubstr("7"));
}

TEST_F(Commands, options_of_the_window_are_checked_before_it_opens) {
  EXPECT_THAT(refusal({"screenshot", "dilation"}, 2), HasSubstr("-o"));
  EXPECT_THAT(refusal({"screenshot", "dilation", "-o", "a.png", "--size", "big"}, 2), HasSubstr("--size"));
  EXPECT_THAT(refusal({"screenshot", "dilation", "-o", "a.png", "--size", "0x5"}, 1), HasSubstr("--size"));
  EXPECT_THAT(refusal({"screenshot", "dilation", "-o", "a.png", "--lens", "x"}, 1), HasSubstr("sliding"));
  EXPECT_THAT(refusal({"screenshot", "dilation", "-o", "a.png", "--theme", "pink"}, 1), HasSubstr("dark"));
  EXPECT_THAT(refusal({"screenshot", "dilation", "-o", "a.png", "--language", "de"}, 1), HasSubstr("zh"));
  EXPECT_THAT(refusal({"screenshot", "dilation", "-o", "a.png", "--step", "x"}, 2), HasSubstr("--step"));
  EXPECT_THAT(refusal({"screenshot", "dilation", "-o", "a.png", "--ui-scale", "9"}, 1), HasSubstr("0.5 to 4"));
  EXPECT_THAT(refusal({"bench", "--ui", "no_such_preset"}, 1), HasSubstr("no_such_preset"));
}

TEST_F(Commands, output_that_is_lost_is_a_failure) {
  const std::string command = std::string("'") + CONVSCOPE_BINARY + "' presets > /dev/full 2> '" + path("err") + "'";
  const int status = std::system(command.c_str());
  EXPECT_EQ(WEXITSTATUS(status), 1);
  EXPECT_THAT(get("err"), testing::StartsWith("convscope: error: "));
}

TEST_F(Commands, a_full_disk_leaves_nothing_behind) {
  // A limit on the size of files stands for the full disk: no privileges are needed for it.
  std::filesystem::create_directory(folder_ / "out");
  const std::string command = std::string("ulimit -f 8; '") + CONVSCOPE_BINARY + "' random --draw rand:100000 -o '" +
                              path("out/r") + "' > '" + path("log") + "' 2>&1";
  const int status = std::system(command.c_str());
  EXPECT_EQ(WEXITSTATUS(status), 1);
  EXPECT_THAT(get("log"), HasSubstr("space"));
  EXPECT_TRUE(std::filesystem::is_empty(folder_ / "out"));
}

}  // namespace
}  // namespace convscope
