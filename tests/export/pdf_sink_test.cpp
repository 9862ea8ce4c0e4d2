#ifdef CONVSCOPE_PDF
// PDF through poppler's programs: pages, sizes, words, fonts, and the picture beside the PNG frame's.
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "app/export/export_job.h"
#include "app/session/presets.h"
#include "clip_tools.h"

namespace convscope::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

ComputationPtr computed(const std::string& preset) {
  TensorCache cache;
  return compute(open_session(preset).value(), cache).value();
}

class PdfSink : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!has_program("pdftotext")) GTEST_SKIP() << "needs the programs of poppler-utils";
    settings_.target = folder_.file("a.pdf");
    settings_.width = 960;
    settings_.height = 540;
    settings_.caption = true;
  }
  void write(const std::string& preset) {
    const auto written = run_export(computed(preset), settings_);
    ASSERT_TRUE(written.ok()) << written.error().code;
  }
  std::string words(int page) const {
    const std::string number = std::to_string(page);
    return output_of("pdftotext -layout -f " + number + " -l " + number + " '" + settings_.target + "' -");
  }
  std::string facts() const { return output_of("pdfinfo '" + settings_.target + "'"); }
  Pixels drawn(int page, int dpi = 96) const {
    const std::string number = std::to_string(page);
    output_of("pdftoppm -r " + std::to_string(dpi) + " -f " + number + " -l " + number + " -singlefile -png '" +
              settings_.target + "' '" + folder_.file("page") + "'");
    return read_png(folder_.file("page.png"));
  }
  Pixels png_of_step(const std::string& preset, int step) {
    ExportSettings still = settings_;
    still.target = folder_.file("still.png");
    still.steps.reset();
    still.still_step = step;
    EXPECT_TRUE(run_export(computed(preset), still).ok());
    return read_png(still.target);
  }

  TempFolder folder_;
  ExportSettings settings_;
};

TEST_F(PdfSink, a_page_for_each_step_at_the_size_asked_for) {
  write("padding_strides");
  EXPECT_THAT(facts(), HasSubstr("Pages:           9"));
  EXPECT_THAT(facts(), HasSubstr("Page size:       720 x 405 pts"));
  EXPECT_THAT(facts(), HasSubstr("Title:           Convolution of (1, 1, 5, 5) to (1, 1, 3, 3)"));
  for (const int page : {1, 4, 9}) {
    EXPECT_THAT(words(page), HasSubstr("Step " + std::to_string(page) + " of 9")) << page;
    EXPECT_THAT(words(page), HasSubstr("⌊(5 + 2·1 − 1·(3 − 1) − 1) / 2⌋ + 1 = 3")) << page;
  }
}

TEST_F(PdfSink, pictures_are_those_of_the_png_frames) {
  write("padding_strides");
  for (const int step : {1, 4, 9}) {
    const Pixels page = drawn(step), png = png_of_step("padding_strides", step);
    ASSERT_EQ(page.width, png.width);
    ASSERT_EQ(page.height, png.height);
    // another rasteriser, the same fonts
    EXPECT_GT(psnr(page, png), 22) << step;
  }
  EXPECT_LT(psnr(drawn(1), png_of_step("padding_strides", 9)), 20) << "another step is told apart";
}

TEST_F(PdfSink, fonts_are_embedded_and_chinese_is_text) {
  settings_.language = Language::zh;
  write("padding_strides");
  const std::string fonts = output_of("pdffonts '" + settings_.target + "' | tail -n +3");
  EXPECT_THAT(fonts, HasSubstr("DejaVuSans"));
  std::istringstream lines(fonts);
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    EXPECT_THAT(line, HasSubstr("yes yes yes")) << "embedded, a subset, with Unicode values: " << line;
  }
  EXPECT_GE(count, 3);
  EXPECT_THAT(words(4), HasSubstr("第 4 步，共 9 步"));
  EXPECT_THAT(facts(), HasSubstr("卷积"));
  EXPECT_GT(psnr(drawn(4), png_of_step("padding_strides", 4)), 22);
}

TEST_F(PdfSink, nothing_is_a_picture_but_tensors_drawn_as_such) {
  write("padding_strides");
  EXPECT_THAT(output_of("pdfimages -list '" + settings_.target + "' | tail -n +3"), "");
  settings_.steps = {{1, 3}};
  write("resnet_stem");
  // one object of each tensor, however many pages show it
  const std::string list =
      output_of("pdfimages -list '" + settings_.target + "' | tail -n +3 | awk '{print $11}' | sort -u");
  EXPECT_THAT(list, Not(::testing::IsEmpty()));
  const std::string all = output_of("pdfimages -list '" + settings_.target + "' | tail -n +3 | wc -l");
  EXPECT_LT(std::count(list.begin(), list.end(), '\n'), std::atoi(all.c_str()));
  EXPECT_GT(psnr(drawn(2), png_of_step("resnet_stem", 2)), 22);
}

TEST_F(PdfSink, ranges_single_steps_and_lists_choose_the_pages) {
  settings_.steps = {{3, 5}};
  write("padding_strides");
  EXPECT_THAT(facts(), HasSubstr("Pages:           3"));
  EXPECT_THAT(words(1), HasSubstr("Step 3 of 9"));
  settings_.steps.reset();
  settings_.chosen_steps = {{9, 9}, {1, 1}, {4, 5}};
  write("padding_strides");
  EXPECT_THAT(facts(), HasSubstr("Pages:           4"));
  for (const auto& [page, step] : std::vector<std::pair<int, int>>{{1, 9}, {2, 1}, {3, 4}, {4, 5}}) {
    EXPECT_THAT(words(page), HasSubstr("Step " + std::to_string(step) + " of 9"));
  }
  settings_.chosen_steps.clear();
  settings_.still_step = 7;
  write("padding_strides");
  EXPECT_THAT(facts(), HasSubstr("Pages:           1"));
  EXPECT_THAT(words(1), HasSubstr("Step 7 of 9"));
}

TEST_F(PdfSink, small_multiples_fill_the_pages_row_by_row) {
  settings_.width = 960;
  settings_.height = 540;
  settings_.columns = 2;
  settings_.rows = 3;
  settings_.theme = ThemeId::dark;
  write("padding_strides");
  EXPECT_THAT(facts(), HasSubstr("Pages:           2"));
  // two pictures side by side as wide as asked for, three below each other
  EXPECT_THAT(facts(), HasSubstr("Page size:       720 x 607.5 pts"));
  for (int step = 1; step <= 6; ++step) EXPECT_THAT(words(1), HasSubstr("Step " + std::to_string(step) + " of 9"));
  EXPECT_THAT(words(1), Not(HasSubstr("Step 7 of 9")));
  EXPECT_THAT(words(2), HasSubstr("Step 7 of 9"));
  // the place of the missing pictures is canvas too
  const Pixels page = drawn(2);
  EXPECT_LT(page.rgba[page.rgba.size() - 4], 0x30);
}

TEST_F(PdfSink, a_page_at_4k_and_a_clear_one) {
  settings_.width = 3840;
  settings_.height = 2160;
  settings_.still_step = 4;
  write("padding_strides");
  EXPECT_THAT(facts(), HasSubstr("Page size:       2880 x 1620 pts"));
  settings_.transparent = true;
  settings_.width = 641, settings_.height = 361;
  settings_.theme = ThemeId::dark;
  write("padding_strides");
  EXPECT_GT(drawn(1).rgba[0], 250) << "the reader's paper shows through";
}

TEST_F(PdfSink, what_cannot_be_is_refused) {
  const auto c = computed("padding_strides");
  const auto code = [&](auto change) {
    ExportSettings settings = settings_;
    change(settings);
    const auto forecast = forecast_export(c->plan, settings);
    return forecast.ok() ? std::string("accepted") : forecast.error().code;
  };
  using S = ExportSettings&;
  EXPECT_EQ(code([](S s) { s.columns = 13; }), "error.export_per_page");
  EXPECT_EQ(code([](S s) { s.rows = 0; }), "error.export_per_page");
  EXPECT_EQ(code([](S s) { s.columns = 2, s.target = "a.gif"; }), "error.export_per_page_unused");
  EXPECT_EQ(code([](S s) { s.chosen_steps = {{1, 1}, {10, 10}}; }), "error.export_steps");
  EXPECT_EQ(code([](S s) { s.chosen_steps = {{1, 1}, {3, 3}}, s.target = "a.gif"; }), "error.export_steps_in_pieces");
  settings_.columns = 2;
  settings_.rows = 3;
  EXPECT_EQ(forecast_export(c->plan, settings_)->pages, 2);
}

TEST_F(PdfSink, a_file_that_grows_too_large_is_one_clear_error_and_no_file) {
  const auto c = computed("padding_strides");
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{4096, 4096};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const auto written = run_export(c, settings_);
    ::_exit(written.ok() ? 1 : written.error().code == "error.disk_full" ? 0 : 2);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "1: it succeeded, 2: another error";
  EXPECT_TRUE(folder_.names().empty());
}

}  // namespace
}  // namespace convscope::testing
#endif
