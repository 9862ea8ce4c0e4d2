// export, screenshot and check of sessions that are not conv2d's.
#include <gmock/gmock.h>

#include <fstream>

#include "tests/cli/program.h"

namespace convscope {
namespace {

using testing::HasSubstr;

class ShownOperations : public testing_support::Program {
 protected:
  bool is_png(const std::string& name) const {
    std::ifstream file(path(name), std::ios::binary);
    char head[4] = {};
    file.read(head, 4);
    return std::string(head, 4) == "\x89PNG";
  }
};

TEST_F(ShownOperations, export_takes_the_lenses_of_the_operation) {
  for (const char* lens : {"scatter", "gather", "sliding"}) {
    const auto done = run({"export", "padding_strides_transposed", "-o", "a.png", "--lens", lens, "--size", "480x270"});
    EXPECT_EQ(done.status, 0) << lens << done.err;
    EXPECT_TRUE(is_png("a.png"));
  }
  const auto steps = run({"export", "padding_strides_transposed", "-o", "b.png", "--lens", "gather", "--step", "25"});
  EXPECT_EQ(steps.status, 0) << steps.err;
  const auto beyond = run({"export", "padding_strides_transposed", "-o", "c.png", "--step", "10"});
  EXPECT_EQ(beyond.status, 1);
  EXPECT_THAT(beyond.err, HasSubstr("9")) << "scattering has a step for each input cell";
  const auto refused = run({"export", "padding_strides_transposed", "-o", "d.png", "--lens", "im2col"});
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err, HasSubstr("im2col"));
  EXPECT_EQ(run({"export", "tutorial_5_1", "-o", "e.png", "--lens", "gather"}).status, 1);
}

TEST_F(ShownOperations, another_operation_on_the_same_input) {
  for (const char* operation : {"conv2d", "conv1d", "conv3d", "conv_transpose2d", "max_pool2d", "avg_pool2d"}) {
    const auto done = run({"export", "tutorial_5_1", "--operation", operation, "-o", "a.svg", "--step", "1"});
    EXPECT_EQ(done.status, 0) << operation << done.err;
    std::remove(path("a.svg").c_str());
  }
  const auto refused = run({"export", "tutorial_5_1", "--operation", "conv_transpose3d", "-o", "a.svg"});
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err, testing::AllOf(HasSubstr("conv_transpose3d"), HasSubstr("max_pool2d")));
  const auto window =
      run({"screenshot", "tutorial_5_1", "--operation", "max_pool2d", "-o", "w.png", "--size", "1280x720"});
  EXPECT_EQ(window.status, 0) << window.err;
  EXPECT_TRUE(is_png("w.png"));
}

TEST_F(ShownOperations, what_a_lens_shows_is_chosen_by_words) {
  const auto bytes = [&](const std::string& name) {
    std::ifstream file(path(name), std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  ASSERT_EQ(run({"export", "tutorial_5_2", "-o", "rows.png", "--lens", "im2col", "--step", "1"}).status, 0);
  const auto columns =
      run({"export", "tutorial_5_2", "-o", "columns.png", "--lens", "im2col", "--step", "1", "--show", "columns"});
  ASSERT_EQ(columns.status, 0) << columns.err;
  EXPECT_NE(bytes("rows.png"), bytes("columns.png"));
  // The file says what its picture shows.
  ASSERT_EQ(run({"export", "columns.png", "-o", "again.png", "--step", "1"}).status, 0);
  EXPECT_EQ(bytes("again.png"), bytes("columns.png"));
  const auto refused = run({"screenshot", "tutorial_5_2", "-o", "no.png", "--show", "colums"});
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err, testing::AllOf(HasSubstr("'colums'"), HasSubstr("columns")));
  EXPECT_EQ(bytes("no.png"), "");
}

TEST_F(ShownOperations, volumes_are_exported_in_every_kind_of_format_and_refuse_lenses_of_pictures) {
  for (const char* file : {"a.gif", "a.svg", "a.pdf", "a.html", "a.tex", "a.apng"}) {
    const auto done = run({"export", "conv3d_channels", "-o", file, "--size", "480x270", "--steps", "1:3"});
    EXPECT_EQ(done.status, 0) << file << done.err;
  }
  const auto one = run({"export", "conv3d_padding", "-o", "one.svg", "--step", "7", "--caption", "--language", "zh"});
  EXPECT_EQ(one.status, 0) << one.err;
  std::ifstream svg(path("one.svg"));
  const std::string text((std::istreambuf_iterator<char>(svg)), std::istreambuf_iterator<char>());
  EXPECT_THAT(text, testing::AllOf(HasSubstr("Y[0, 0, 0, 1, 2]"), HasSubstr("\u6df1\u5ea6 2")));
  for (const char* lens : {"sliding", "im2col", "gradient", "coverage", "pooling"}) {
    const auto refused = run({"export", "conv3d_basics", "-o", "b.svg", "--lens", lens});
    const bool stands_for_its_own = std::string(lens) == "sliding" || std::string(lens) == "pooling";
    EXPECT_EQ(refused.status, stands_for_its_own ? 0 : 1) << lens;
    EXPECT_THAT(refused.err, HasSubstr(stands_for_its_own ? "" : lens));
    std::remove(path("b.svg").c_str());
  }
  EXPECT_EQ(run({"export", "tutorial_5_1", "-o", "c.svg", "--lens", "im2col"}).status, 0);
  const auto code = run({"code", "conv3d_padding", "--as", "cpp"});
  EXPECT_EQ(code.status, 1);
  EXPECT_THAT(code.err, testing::AllOf(HasSubstr("Conv3d"), HasSubstr("NumPy")));
}

TEST_F(ShownOperations, check_reads_them) {
  std::ofstream(path("pool.json")) << R"({"format": "convscope-session", "version": 1, "operation": "max_pool2d",
      "params": {"kernel_size": 2}})";
  const auto good = run({"check", "pool.json"});
  EXPECT_EQ(good.status, 0) << good.err;
  EXPECT_THAT(good.out, HasSubstr("1, 1, 2, 2"));
  std::ofstream(path("bad.json")) << R"({"format": "convscope-session", "version": 1,
      "operation": "conv_transpose2d", "params": {"kernel_size": 3, "output_padding": 1}})";
  const auto bad = run({"check", "bad.json"});
  EXPECT_EQ(bad.status, 1);
  EXPECT_THAT(bad.err, HasSubstr("output_padding"));
}

}  // namespace
}  // namespace convscope
