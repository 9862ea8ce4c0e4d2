// TikZ: read as text here, and through pdflatex and poppler by ./check --all.
#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "app/export/export_job.h"
#include "app/language/language.h"
#include "app/render/font_stack.h"
#include "app/render/tikz_document.h"
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

ExportSettings settings_for(const std::string& target) {
  ExportSettings settings;
  settings.target = target;
  settings.caption = true;
  return settings;
}

size_t count(const std::string& text, const std::string& part) {
  size_t found = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++found;
  return found;
}

TEST(TexText, special_characters_are_escaped) {
  EXPECT_EQ(tex_text("50% of $x_1 & {y}#^~\\"),
            "50\\% of \\$x\\_1 \\& \\{y\\}\\#\\textasciicircum{}\\textasciitilde{}\\textbackslash{}");
  EXPECT_EQ(tex_text("⌊(5 − 3) / 2⌋"), "\\ensuremath{\\lfloor}(5 \\ensuremath{-} 3) / 2\\ensuremath{\\rfloor}");
  EXPECT_EQ(tex_text("naïve"), "naïve");
  EXPECT_EQ(tex_text("\xFFx\x01"), "?x?");
  bool chinese = false;
  EXPECT_EQ(tex_text("第 4 步，", &chinese), "第 4 步，");
  EXPECT_TRUE(chinese);
}

TEST(TexText, every_character_of_the_scenes_words_has_its_command) {
  for (const Language language : {Language::en, Language::zh}) {
    for (const std::string_view key : language_keys(language)) {
      const bool drawn = key.starts_with("scene.") || key.starts_with("formula.") || key.starts_with("sentence.");
      if (!drawn) continue;
      const std::string_view words = tr(language, key);
      EXPECT_EQ(count(tex_text(words), "?"), count(std::string(words), "?")) << key << ": " << words;
    }
  }
  EXPECT_THAT(tex_text("⌈⌉ × · … Σ ≤ ≥ ≈ −∞ → ←"), Not(HasSubstr("?")));
}

TEST(TikzSink, a_still_by_default_and_pages_where_steps_are_named) {
  TempFolder folder;
  const auto c = computed("padding_strides");
  ExportSettings settings = settings_for(folder.file("a.tex"));
  ASSERT_TRUE(run_export(c, settings).ok());
  std::string text = bytes_of(settings.target);
  EXPECT_EQ(count(text, "\\begin{tikzpicture}"), 1u);
  EXPECT_THAT(text, HasSubstr("% Step 9 of 9"));
  EXPECT_THAT(text, HasSubstr("paperwidth=720bp,paperheight=405bp"));
  EXPECT_THAT(text, HasSubstr("x=0.75bp,y=-0.75bp"));
  EXPECT_THAT(text, Not(HasSubstr("CJK")));
  settings.chosen_steps = {{4, 5}, {1, 1}};
  ASSERT_TRUE(run_export(c, settings).ok());
  text = bytes_of(settings.target);
  EXPECT_EQ(count(text, "\\begin{tikzpicture}"), 3u);
  EXPECT_LT(text.find("% Step 5 of 9"), text.find("% Step 1 of 9"));
  EXPECT_EQ(count(text, "\n\\convscopenext\n"), 2u);
}

TEST(TikzSink, braces_and_groups_are_balanced_and_styles_defined) {
  TempFolder folder;
  for (const char* preset : {"padding_strides", "resnet_stem", "max_pooling"}) {
    ExportSettings settings = settings_for(folder.file("a.tex"));
    settings.language = Language::zh;
    settings.still_step = 2;
    settings.lens = open_session(preset)->lens;
    ASSERT_TRUE(run_export(computed(preset), settings).ok()) << preset;
    const std::string text = bytes_of(settings.target);
    int depth = 0;
    for (size_t i = 0; i < text.size(); ++i) {
      if (i > 0 && text[i - 1] == '\\') continue;
      depth += (text[i] == '{') - (text[i] == '}');
      ASSERT_GE(depth, 0) << preset;
    }
    EXPECT_EQ(depth, 0) << preset;
    EXPECT_EQ(count(text, "\\begin{scope}"), count(text, "\\end{scope}")) << preset;
    // every style that a node names
    for (size_t at = text.find("\\node["); at != std::string::npos; at = text.find("\\node[", at + 1)) {
      const std::string style = text.substr(at + 6, text.find(']', at) - at - 6);
      ASSERT_NE(text.find("  " + style + "/.style="), std::string::npos) << preset << ": " << style;
    }
    EXPECT_EQ(text.find("nan"), std::string::npos) << preset;
  }
}

class TikzThroughLatex : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::getenv("CONVSCOPE_CHECK_ALL") == nullptr) GTEST_SKIP() << "LaTeX: only with ./check --all";
    if (!has_program("pdflatex")) GTEST_SKIP() << "needs the program pdflatex";
    if (!has_program("pdftotext")) GTEST_SKIP() << "needs the programs of poppler-utils";
  }
  /// What pdflatex makes of a file in the folder; its errors, which should be none.
  std::string latex(const std::string& name) const {
    int status = -1;
    const std::string said = output_of(
        "cd '" + folder_.path().string() + "' && timeout 120 pdflatex -interaction=nonstopmode -halt-on-error " + name,
        &status);
    return status == 0 ? "" : said;
  }
  std::string words(const std::string& name) const {
    return output_of("pdftotext -layout '" + folder_.file(name) + "' -");
  }
  TempFolder folder_;
};

TEST_F(TikzThroughLatex, compiles_alone_to_pages_of_the_size_asked_for) {
  ExportSettings settings = settings_for(folder_.file("a.tex"));
  settings.steps = {{4, 5}};
  ASSERT_TRUE(run_export(computed("padding_strides"), settings).ok());
  ASSERT_EQ(latex("a.tex"), "");
  const std::string facts = output_of("pdfinfo '" + folder_.file("a.pdf") + "'");
  EXPECT_THAT(facts, HasSubstr("Pages:           2"));
  EXPECT_THAT(facts, HasSubstr("Page size:       720 x 405 pts"));
  EXPECT_THAT(words("a.pdf"), HasSubstr("Step 4 of 9: Y[0, 0, 1, 0] = sum of 9 products = 15"));
  output_of("pdftoppm -r 96 -singlefile -png '" + folder_.file("a.pdf") + "' '" + folder_.file("a") + "'");
  settings.target = folder_.file("still.png");
  settings.steps.reset();
  settings.still_step = 4;
  ASSERT_TRUE(run_export(computed("padding_strides"), settings).ok());
  // another font, but the same cells in the same places
  const Pixels page = read_png(folder_.file("a.png")), png = read_png(folder_.file("still.png"));
  ASSERT_EQ(page.rgba.size(), png.rgba.size());
  EXPECT_GT(psnr(page, png), 19);
}

TEST_F(TikzThroughLatex, chinese_compiles_and_stays_text) {
  if (!has_program("kpsewhich") || output_of("kpsewhich CJKutf8.sty").empty()) GTEST_SKIP() << "needs CJKutf8";
  ExportSettings settings = settings_for(folder_.file("a.tex"));
  settings.language = Language::zh;
  settings.still_step = 4;
  settings.lens = Lens::im2col;
  ASSERT_TRUE(run_export(computed("padding_strides"), settings).ok());
  ASSERT_EQ(latex("a.tex"), "");
  EXPECT_THAT(words("a.pdf"), HasSubstr("Y[0, 0, 1, 0]"));
  output_of("pdftoppm -r 96 -singlefile -png '" + folder_.file("a.pdf") + "' '" + folder_.file("a") + "'");
  EXPECT_EQ(read_png(folder_.file("a.png")).width, 960);
}

TEST_F(TikzThroughLatex, a_paper_can_take_the_pictures_in) {
  ExportSettings settings = settings_for(folder_.file("a.tex"));
  settings.still_step = 4;
  ASSERT_TRUE(run_export(computed("padding_strides"), settings).ok());
  std::ofstream(folder_.file("paper.tex")) << "\\documentclass{article}\\usepackage{tikz}\\begin{document}Before.\n"
                                              "\\begin{figure}\\centering\\resizebox{.8\\textwidth}{!}{\\input{a.tex}}"
                                              "\\caption{A step.}\\end{figure}\nAfter.\\end{document}\n";
  ASSERT_EQ(latex("paper.tex"), "");
  const std::string text = words("paper.pdf");
  for (const char* part : {"Before.", "Step 4 of 9", "A step.", "After."}) EXPECT_THAT(text, HasSubstr(part));
}

TEST_F(TikzThroughLatex, a_photograph_compiles) {
  ExportSettings settings = settings_for(folder_.file("a.tex"));
  settings.still_step = 500000;
  ASSERT_TRUE(run_export(computed("photo_1080p"), settings).ok());
  ASSERT_EQ(latex("a.tex"), "");
}

}  // namespace
}  // namespace convscope::testing
