// The web page: read as text here, and driven in a browser by ./check --all.
#include <cstdlib>
#include <fstream>
#include <regex>
#include <set>

#include "app/export/export_job.h"
#include "app/language/language.h"
#include "app/session/presets.h"
#include "clip_tools.h"

namespace convscope::testing {
namespace {

ComputationPtr computed(const std::string& preset) {
  TensorCache cache;
  return compute(open_session(preset).value(), cache).value();
}

ExportSettings page(const std::string& target) {
  ExportSettings settings;
  settings.target = target;
  settings.width = 480;
  settings.height = 270;
  settings.fps = 10;
  settings.end_pause_seconds = 1;
  settings.caption = true;
  return settings;
}

size_t count(const std::string& text, const std::string& part) {
  size_t found = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++found;
  return found;
}

/// The numbers of one of the script's lists.
std::vector<int> list_of(const std::string& page, const std::string& name) {
  std::vector<int> numbers;
  const size_t at = page.find("const " + name + " = [");
  if (at == std::string::npos) return numbers;
  const char* p = page.c_str() + page.find('[', at) + 1;
  while (*p != ']') {
    char* end = nullptr;
    numbers.push_back(static_cast<int>(std::strtol(p, &end, 10)));
    p = *end == ',' ? end + 1 : end;
  }
  return numbers;
}

/// All words that a document draws.
std::multiset<std::string> words_of(const std::string& svg) {
  std::multiset<std::string> words;
  static const std::regex kText("<text[^>]*>([^<]*)</text>");
  for (std::sregex_iterator it(svg.begin(), svg.end(), kText), end; it != end; ++it) words.insert((*it)[1]);
  return words;
}

TEST(HtmlSink, needs_nothing_from_elsewhere) {
  TempFolder folder;
  ASSERT_TRUE(run_export(computed("padding_strides"), page(folder.file("a.html"))).ok());
  const std::string text = bytes_of(folder.file("a.html"));
  EXPECT_EQ(text.rfind("<!DOCTYPE html>", 0), 0u);
  // the one address is SVG's name
  EXPECT_EQ(count(text, "://"), count(text, "\"http://www.w3.org/2000/svg\""));
  for (const char* way : {" src=", "@import", "fetch(", "XMLHttpRequest", "url("}) {
    EXPECT_EQ(text.find(way), std::string::npos) << way;
  }
  EXPECT_NE(text.find("default-src 'none'"), std::string::npos);
  EXPECT_EQ(text.find("{{"), std::string::npos) << "a place of the template was left empty";
}

TEST(HtmlSink, times_and_steps_are_those_of_the_clip) {
  TempFolder folder;
  ExportSettings settings = page(folder.file("a.html"));
  settings.steps = {3, 7};
  ASSERT_TRUE(run_export(computed("padding_strides"), settings).ok());
  const std::string text = bytes_of(settings.target);
  int total = 0;
  for (const int length : list_of(text, "lengths")) total += length;
  EXPECT_EQ(total, 5 * 500 + 1000);
  EXPECT_EQ(list_of(text, "numbers"), (std::vector<int>{3, 4, 5, 6, 7}));
  const std::vector<int> steps = list_of(text, "stepOf");
  EXPECT_EQ(steps.size(), list_of(text, "lengths").size());
  EXPECT_EQ(std::set<int>(steps.begin(), steps.end()), (std::set<int>{0, 1, 2, 3, 4}));
  EXPECT_TRUE(std::is_sorted(steps.begin(), steps.end()));
  EXPECT_NE(text.find("const allSteps = 9;"), std::string::npos);
}

TEST(HtmlSink, speaks_both_languages_whatever_the_pictures_speak) {
  TempFolder folder;
  for (const Language language : {Language::en, Language::zh}) {
    ExportSettings settings = page(folder.file("a.html"));
    settings.language = language;
    ASSERT_TRUE(run_export(computed("padding_strides"), settings).ok());
    const std::string text = bytes_of(settings.target);
    for (const Language spoken : {Language::en, Language::zh}) {
      for (const char* key : {"timeline.play", "timeline.pause", "timeline.first", "page.speed", "page.help"}) {
        EXPECT_NE(text.find(tr(spoken, key)), std::string::npos) << key;
      }
    }
    EXPECT_NE(text.find("Step 9 of 9"), std::string::npos);
    EXPECT_NE(text.find("第 9 步"), std::string::npos);
    EXPECT_NE(text.find(language == Language::zh ? "<html lang=\"zh-CN\">" : "<html lang=\"en\">"), std::string::npos);
  }
}

TEST(HtmlSink, each_frame_shows_what_its_svg_shows) {
  TempFolder folder;
  const auto c = computed("padding_strides");
  ExportSettings settings = page(folder.file("a.html"));
  ASSERT_TRUE(run_export(c, settings).ok());
  const std::string text = bytes_of(settings.target);
  const std::vector<int> steps = list_of(text, "stepOf");
  // the groups that the script would show in a step's last frame, with what is always shown
  const std::string svg = text.substr(text.find("<svg xmlns"), text.find("<figcaption") - text.find("<svg xmlns"));
  const size_t runs_at = text.find("const runs = [");
  std::vector<std::vector<int>> runs;
  static const std::regex kRun("\\[([0-9,]+)\\]");
  const std::string runs_text = text.substr(runs_at, text.find(";", runs_at) - runs_at);
  for (std::sregex_iterator it(runs_text.begin(), runs_text.end(), kRun), end; it != end; ++it) {
    runs.emplace_back();
    std::istringstream numbers((*it)[1].str());
    for (std::string number; std::getline(numbers, number, ',');) runs.back().push_back(std::atoi(number.c_str()));
  }
  for (const int step : {1, 4, 9}) {
    int frame = 0;
    for (size_t i = 0; i < steps.size(); ++i) {
      if (steps[i] == step - 1) frame = static_cast<int>(i);
    }
    std::string shown;
    bool visible = true;
    std::istringstream lines(svg);
    for (std::string line; std::getline(lines, line);) {
      if (line.rfind("<g data-runs=\"", 0) == 0) {
        const std::vector<int>& run = runs.at(static_cast<size_t>(std::atoi(line.c_str() + 14)));
        visible = false;
        for (size_t i = 0; i < run.size(); i += 2) visible = visible || (frame >= run[i] && frame < run[i + 1]);
      } else if (line == "</g>") {
        visible = true;
      } else if (visible) {
        shown += line + "\n";
      }
    }
    settings.target = folder.file("still.svg");
    settings.still_step = step;
    ASSERT_TRUE(run_export(c, settings).ok());
    EXPECT_EQ(words_of(shown), words_of(bytes_of(settings.target))) << step;
  }
}

/// What a headless Chromium says after it has run `script` in the page.
std::string in_browser(const std::string& page, const std::string& script) {
  TempFolder folder;
  std::string text = bytes_of(page);
  // under the browser's virtual time no frame is drawn, so frames are asked for by the clock
  text.insert(text.find("<main>"),
              "<script>window.requestAnimationFrame = f => setTimeout(() => f(performance.now()), 16);</script>");
  text.insert(text.rfind("</body>"),
              "<script>(async () => {const wait = ms => new Promise(r => setTimeout(r, ms));"
              "const key = k => document.body.dispatchEvent(new KeyboardEvent('keydown',"
              "{key: k, bubbles: true}));"
              "const count = () => document.getElementById('count').textContent;"
              "let said = ''; const say = t => said += t + '|';" +
                  script + "document.body.dataset.said = said; })();</script>");
  std::ofstream(folder.file("driven.html")) << text;
  const std::string dom = output_of(
      "timeout 60 chromium --headless=new --no-sandbox --disable-gpu --virtual-time-budget=20000 --dump-dom 'file://" +
      folder.file("driven.html") + "' 2>/dev/null");
  const size_t at = dom.find("data-said=\"");
  if (at == std::string::npos) return "nothing was said";
  return dom.substr(at + 11, dom.find('"', at + 11) - at - 11);
}

class HtmlInBrowser : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::getenv("CONVSCOPE_CHECK_ALL") == nullptr) GTEST_SKIP() << "a browser: only with ./check --all";
    if (!has_program("chromium")) GTEST_SKIP() << "needs the program chromium";
    settings_ = page(folder_.file("a.html"));
    ASSERT_TRUE(run_export(computed("padding_strides"), settings_).ok());
  }
  TempFolder folder_;
  ExportSettings settings_;
};

TEST_F(HtmlInBrowser, plays_by_itself_and_starts_again) {
  // 5.5 seconds: after 2.75 s in the middle, after 6 s in the first step of the second round
  EXPECT_EQ(in_browser(settings_.target, "await wait(2750); say(count()); await wait(3100); say(count());"),
            "step 6 / 9|step 1 / 9|");
}

TEST_F(HtmlInBrowser, keys_and_buttons_step_through_it) {
  EXPECT_EQ(in_browser(settings_.target,
                       "key('Home'); say(count()); key('ArrowRight'); await wait(900); say(count());"
                       "key('ArrowRight'); key('ArrowRight'); say(count()); key('ArrowLeft'); say(count());"
                       "key('End'); say(count()); key('ArrowRight'); say(count());"
                       "document.getElementById('back').click(); say(count());"
                       "const s = document.getElementById('scrub'); s.value = 4;"
                       "s.dispatchEvent(new Event('input')); say(count());"
                       "key(' '); await wait(700); key(' '); say(count()); await wait(700); say(count());"
                       "key('l'); say(count()); say(document.documentElement.lang);"),
            "step 1 / 9|step 2 / 9|step 3 / 9|step 2 / 9|step 9 / 9|step 9 / 9|step 8 / 9|step 5 / 9|step 7 / 9|"
            "step 7 / 9|第 7 / 9 步|zh-CN|");
}

TEST_F(HtmlInBrowser, shows_in_each_step_the_words_of_that_steps_svg) {
  ExportSettings still = settings_;
  still.target = folder_.file("still.svg");
  for (const int step : {1, 4, 9}) {
    still.still_step = step;
    ASSERT_TRUE(run_export(computed("padding_strides"), still).ok());
    const std::string said = in_browser(
        settings_.target, "location.hash = '#step=" + std::to_string(step) +
                              "'; await wait(100); for (const t of document.querySelectorAll('svg.convscope text')) "
                              "if (getComputedStyle(t).visibility === 'visible') say(t.textContent);");
    std::multiset<std::string> words;
    std::istringstream parts(said);
    for (std::string word; std::getline(parts, word, '|');) words.insert(word);
    EXPECT_EQ(words, words_of(bytes_of(still.target))) << step;
  }
}

}  // namespace
}  // namespace convscope::testing
