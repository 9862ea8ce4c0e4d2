#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <sstream>

#include "app/render/svg_canvas.h"
#include "app/render/svg_elements.h"
#include "tests/render/pictures.h"

namespace convscope::test {
namespace {

void write_text(const std::string& text, const std::string& path) { std::ofstream(path) << text; }

/// Walks XML and says what is wrong with it; empty when it is well-formed.
std::string xml_fault(std::string_view xml) {
  std::vector<std::string> open;
  size_t at = 0;
  size_t roots = 0;
  const auto check_text = [](std::string_view text) -> std::string {
    for (size_t i = 0; i < text.size(); ++i) {
      const auto byte = static_cast<unsigned char>(text[i]);
      if (byte < 0x20 && byte != '\n' && byte != '\t' && byte != '\r') return "a control character";
      if (text[i] == '<') return "a bare <";
      if (text[i] != '&') continue;
      const size_t end = text.find(';', i);
      static const std::set<std::string_view> kKnown{"amp", "lt", "gt", "quot", "apos"};
      if (end == std::string_view::npos || !kKnown.contains(text.substr(i + 1, end - i - 1))) return "a bare &";
    }
    return {};
  };
  while (at < xml.size()) {
    const size_t next = std::min(xml.find('<', at), xml.size());
    if (std::string fault = check_text(xml.substr(at, next - at)); !fault.empty()) return fault;
    if (next == xml.size()) break;
    at = next + 1;
    const bool closing = at < xml.size() && xml[at] == '/';
    if (closing) ++at;
    const size_t name_end = xml.find_first_of(" \n/>", at);
    if (name_end == std::string_view::npos || name_end == at) return "a tag without a name";
    const std::string name(xml.substr(at, name_end - at));
    at = name_end;
    std::set<std::string> attributes;
    while (at < xml.size() && (xml[at] == ' ' || xml[at] == '\n')) {
      const size_t equals = xml.find('=', at);
      if (equals == std::string_view::npos || equals + 1 >= xml.size() || xml[equals + 1] != '"') return "an attribute";
      const size_t quote = xml.find('"', equals + 2);
      if (quote == std::string_view::npos) return "an open quote";
      if (!attributes.insert(std::string(xml.substr(at + 1, equals - at - 1))).second) {
        return "an attribute twice in " + name;
      }
      if (std::string fault = check_text(xml.substr(equals + 2, quote - equals - 2)); !fault.empty()) return fault;
      at = quote + 1;
    }
    const bool empty = at < xml.size() && xml[at] == '/';
    if (empty) ++at;
    if (at >= xml.size() || xml[at] != '>') return "an open tag " + name;
    ++at;
    if (closing) {
      if (open.empty() || open.back() != name) return "</" + name + "> closes nothing";
      open.pop_back();
    } else if (!empty) {
      if (open.empty()) ++roots;
      open.push_back(name);
    }
  }
  if (!open.empty()) return "<" + open.back() + "> stays open";
  return roots == 1 ? "" : "not one root";
}

TEST(XmlWalk, notices_what_is_wrong) {
  EXPECT_EQ(xml_fault("<a b=\"c\"><d/>&amp;</a>\n"), "");
  for (const char* bad : {"<a>", "<a></b>", "<a b=c/>", "<a b=\"<\"/>", "<a>&</a>", "<a b=\"1\" b=\"2\"/>", "<a/>\x01",
                          "</a>", "<a><b></a></b>", "<a></a><b></b>"}) {
    EXPECT_NE(xml_fault(bad), "") << bad;
  }
}

bool have_rsvg() { return std::system("rsvg-convert --version > /dev/null 2>&1") == 0; }

/// librsvg's picture of an SVG, as float32 (1, 3, H, W).
Tensor rsvg_picture(const std::string& svg, const std::string& name) {
  const std::string source = output_path(name + ".svg");
  const std::string target = output_path(name + "_rsvg.png");
  write_text(svg, source);
  EXPECT_EQ(std::system(("rsvg-convert '" + source + "' -o '" + target + "'").c_str()), 0);
  Result<Tensor> picture = read_image(target);
  EXPECT_TRUE(picture.ok());
  if (std::getenv("CONVSCOPE_TEST_OUTPUT") == nullptr) {
    std::filesystem::remove(source);
    std::filesystem::remove(target);
  }
  return picture.ok() ? *picture : Tensor();
}

struct Difference {
  double mean = 0;   // of all channels, 0 to 255
  double large = 0;  // share of pixels that differ by more than a quarter
  Pixels picture;
};

Difference difference(const Pixels& drawn, const Tensor& other) {
  Difference result;
  result.picture = drawn;
  const int64_t plane = int64_t{drawn.width} * drawn.height;
  if (!other.defined() || other.shape() != Shape{1, 3, drawn.height, drawn.width}) {
    ADD_FAILURE() << "the pictures differ in size";
    return result;
  }
  for (int64_t i = 0; i < plane; ++i) {
    double most = 0;
    for (int64_t c = 0; c < 3; ++c) {
      const size_t byte = static_cast<size_t>(i * 4 + c);
      const double off = std::abs(other.at(c * plane + i) * 255 - drawn.rgba[byte]);
      result.mean += off / static_cast<double>(plane) / 3;
      most = std::max(most, off);
      result.picture.rgba[byte] = static_cast<uint8_t>(std::min(255.0, off));
    }
    if (most > 64) result.large += 1.0 / static_cast<double>(plane);
  }
  return result;
}

TEST_F(Drawing, svg_looks_like_the_window) {
  if (!have_rsvg()) GTEST_SKIP() << "no rsvg-convert on this machine";
  for (const ThemeId id : {ThemeId::light, ThemeId::dark, ThemeId::contrast}) {
    const Scene scene = everything().scene;
    const Result<std::string> svg = svg_still(scene, theme(id), {"Title", "Words", ""});
    ASSERT_TRUE(svg.ok());
    const Difference off =
        difference(draw(scene, id), rsvg_picture(*svg, "everything_" + std::to_string(static_cast<int>(id))));
    // Letters' edges differ between rasterisers; a missing or misplaced mark is far more than this.
    EXPECT_LT(off.mean, 1.6);
    EXPECT_LT(off.large, 0.012);
    if (off.mean >= 1.6 || off.large >= 0.012) {
      const std::string path = output_path("svg_difference.png");
      ASSERT_TRUE(write_png(path, off.picture).ok());
      ADD_FAILURE() << "the difference is at " << path;
    }
  }
}

TEST_F(Drawing, the_comparison_of_pictures_notices_a_missing_mark) {
  if (!have_rsvg()) GTEST_SKIP() << "no rsvg-convert on this machine";
  Scene scene = everything().scene;
  const Pixels whole = draw(scene);
  scene.marks.erase(scene.marks.begin() + 60, scene.marks.begin() + 64);
  const Result<std::string> svg = svg_still(scene, theme(ThemeId::light), {"", "", ""});
  ASSERT_TRUE(svg.ok());
  EXPECT_GT(difference(whole, rsvg_picture(*svg, "missing")).large, 0.005);
}

TEST(SvgStill, is_well_formed_and_says_what_it_shows) {
  Sketch sketch = everything();
  sketch.text({0, 0, 100, 20}, "a < b && \"c\" > \x01\xFF", 12);
  const Result<std::string> svg = svg_still(sketch.scene, theme(ThemeId::light), {"Conv <1>", "x & y", ""});
  ASSERT_TRUE(svg.ok());
  EXPECT_EQ(xml_fault(*svg), "");
  EXPECT_THAT(*svg, testing::HasSubstr("<title>Conv &lt;1&gt;</title>"));
  EXPECT_THAT(*svg, testing::HasSubstr("<desc>x &amp; y</desc>"));
  EXPECT_THAT(*svg, testing::HasSubstr(">卷积核在输入上按行滑动，第 4 步，共 9 步</text>"));
  EXPECT_THAT(*svg, testing::HasSubstr("a &lt; b &amp;&amp; &quot;c&quot; &gt; \uFFFD\uFFFD</text>"));
  EXPECT_THAT(*svg, testing::HasSubstr("font-family:'DejaVu Sans'"));
  EXPECT_THAT(*svg, testing::HasSubstr("data:image/png;base64,iVBOR"));
  EXPECT_THAT(*svg, testing::HasSubstr("stroke-dasharray"));
  EXPECT_THAT(*svg, testing::Not(testing::HasSubstr("<script")));
  EXPECT_THAT(*svg, testing::HasSubstr(".output-full{fill:#009e73}"));
}

TEST(SvgStill, has_no_canvas_when_transparent) {
  Sketch sketch(100, 100);
  sketch.box({10, 10, 20, 20}, Role::output, Fill::full);
  const auto canvases = [&] {
    const Result<std::string> svg = svg_still(sketch.scene, theme(ThemeId::dark), {"", "", ""});
    EXPECT_TRUE(svg.ok());
    return svg->find("width=\"100%\"") != std::string::npos;
  };
  EXPECT_TRUE(canvases());
  sketch.scene.transparent = true;
  EXPECT_FALSE(canvases());
}

TEST(SvgStill, takes_the_size_asked_for_and_keeps_its_coordinates) {
  Sketch sketch(100, 80);
  sketch.box({10, 10, 20, 20}, Role::output, Fill::full);
  const Result<std::string> svg = svg_still(sketch.scene, theme(ThemeId::light), {"", "", ""}, 2.5f);
  ASSERT_TRUE(svg.ok());
  EXPECT_THAT(*svg, testing::HasSubstr("width=\"250\" height=\"200\" viewBox=\"0 0 100 80\""));
  EXPECT_THAT(*svg, testing::HasSubstr("x=\"10\" y=\"10\" width=\"10\" height=\"10\""));
}

TEST(SvgStill, stays_small_for_a_grid_of_numbers) {
  Sketch sketch(960, 540);
  for (int i = 0; i < 2000; ++i) {
    const float x = static_cast<float>(i % 50) * 19, y = static_cast<float>(i / 50) * 13;
    sketch.box({x, y, x + 17, y + 11}, Role::input, Fill::tint, Outline::hairline, 3);
    sketch.text({x, y, x + 17, y + 11}, "12", 9);
  }
  const Result<std::string> svg = svg_still(sketch.scene, theme(ThemeId::light), {"", "", ""});
  ASSERT_TRUE(svg.ok());
  EXPECT_LT(svg->size() / 2000, 180u);
}

TEST(SvgNumbers, are_short_and_finite) {
  const auto text = [](double value) {
    std::string out;
    append_number(out, value);
    return out;
  };
  EXPECT_EQ(text(0), "0");
  EXPECT_EQ(text(-0.0), "0");
  EXPECT_EQ(text(-0.001), "0");
  EXPECT_EQ(text(0.5), ".5");
  EXPECT_EQ(text(-0.5), "-.5");
  EXPECT_EQ(text(12), "12");
  EXPECT_EQ(text(100), "100");
  EXPECT_EQ(text(12.345), "12.35");
  EXPECT_EQ(text(std::nan("")), "0");
}

/// What an animation shows at a time, read from its own keyframes as a browser would.
class Player {
 public:
  explicit Player(const std::string& svg) {
    std::istringstream lines(svg.substr(svg.find("</style>")));
    std::string line;
    std::getline(lines, line);
    std::string group;
    while (std::getline(lines, line)) {
      if (line.starts_with("<g class=\"timed ")) {
        group = line.substr(16, line.find('"', 16) - 16);
      } else if (line == "</g>") {
        group.clear();
      } else if (line != "</svg>" && !line.starts_with("<defs>") && !line.starts_with("<rect width=\"100%\"")) {
        elements_.emplace_back(group, line);
      }
    }
    size_t at = 0;
    while ((at = svg.find("@keyframes ", at)) != std::string::npos) {
      at += 11;
      const std::string name = svg.substr(at, svg.find('{', at) - at);
      const size_t end = svg.find("}}", at);
      for (size_t key = svg.find('{', at) + 1; key < end; key = svg.find('}', key) + 1) {
        const double percent = std::stod(svg.substr(key));
        const size_t colon = svg.find(':', key);
        keys_[name].emplace_back(percent, svg.compare(colon + 1, 7, "visible") == 0);
      }
    }
    for (const auto& [name, keys] : keys_) {
      const size_t rule = svg.find(".convscope ." + name + "{");
      hidden_first_[name] = svg.compare(rule + 12 + name.size() + 1, 17, "visibility:hidden") == 0;
    }
  }
  std::vector<std::string> shown(double percent) const {
    std::vector<std::string> out;
    for (const auto& [group, element] : elements_) {
      bool visible = true;
      if (!group.empty()) {
        for (const auto& [at, on] : keys_.at(group)) {
          if (at <= percent) visible = on;
        }
      }
      if (visible) out.push_back(element);
    }
    return out;
  }
  /// By a program that knows no animations.
  std::vector<std::string> still() const {
    std::vector<std::string> out;
    for (const auto& [group, element] : elements_) {
      if (group.empty() || !hidden_first_.at(group)) out.push_back(element);
    }
    return out;
  }
  size_t elements() const { return elements_.size(); }

 private:
  std::vector<std::pair<std::string, std::string>> elements_;
  std::map<std::string, std::vector<std::pair<double, bool>>> keys_;
  std::map<std::string, bool> hidden_first_;
};

Sketch random_frame(std::mt19937& random) {
  Sketch sketch(320, 200);
  const int count = static_cast<int>(random() % 14);
  for (int i = 0; i < count; ++i) {
    const float x = static_cast<float>(random() % 6) * 40;
    sketch.box({x, 20, x + 60, 80}, random() % 2 == 0 ? Role::input : Role::output, Fill::full);
    if (random() % 3 == 0) sketch.text({x, 90, x + 60, 110}, std::to_string(random() % 4), 12);
  }
  return sketch;
}

TEST(SvgAnimation, shows_each_frame_as_its_still_in_the_same_paint_order) {
  std::mt19937 random(5);
  for (int round = 0; round < 40; ++round) {
    SvgAnimation animation(theme(ThemeId::light), {"", "", ""});
    SvgElements elements(theme(ThemeId::light));
    std::vector<std::vector<std::string>> stills;
    std::vector<double> starts{0};
    const int frames = 1 + static_cast<int>(random() % 12);
    for (int i = 0; i < frames; ++i) {
      // Some frames come again.
      std::mt19937 copy(random() % 5 + static_cast<unsigned>(round));
      const Sketch sketch = random_frame(copy);
      const double seconds = 0.05 * static_cast<double>(1 + random() % 20);
      ASSERT_TRUE(animation.add(sketch.scene, seconds).ok());
      ASSERT_TRUE(elements.append(sketch.scene, stills.emplace_back()).ok());
      starts.push_back(starts.back() + seconds);
    }
    const Result<std::string> svg = animation.finish();
    ASSERT_TRUE(svg.ok());
    ASSERT_EQ(xml_fault(*svg), "");
    const Player player(*svg);
    EXPECT_EQ(player.still(), stills.front());
    for (size_t i = 0; i < stills.size(); ++i) {
      const double middle = (starts[i] + starts[i + 1]) / 2 / starts.back() * 100;
      ASSERT_EQ(player.shown(middle), stills[i]) << "round " << round << " frame " << i;
      // From the first moment on.
      ASSERT_EQ(player.shown(starts[i] / starts.back() * 100 + 1e-3), stills[i]);
    }
  }
}

TEST(SvgAnimation, writes_what_all_frames_share_once) {
  SvgAnimation animation(theme(ThemeId::light), {"Title", "Words", ""});
  constexpr int kFrames = 30;
  for (int frame = 0; frame < kFrames; ++frame) {
    Sketch sketch(400, 100);
    for (int i = 0; i < 20; ++i) {
      const float x = static_cast<float>(i) * 20;
      sketch.box({x, 10, x + 18, 28}, Role::input, Fill::tint, Outline::hairline, 3);
    }
    const float x = static_cast<float>(frame) * 10;
    sketch.box({x, 10, x + 58, 28}, Role::window, Fill::shade, Outline::thick);
    sketch.text({0, 60, 400, 80}, "the same words", 13);
    ASSERT_TRUE(animation.add(sketch.scene, 0.1).ok());
  }
  const Result<std::string> svg = animation.finish();
  ASSERT_TRUE(svg.ok());
  EXPECT_EQ(Player(*svg).elements(), 20u + kFrames + 1);
  EXPECT_THAT(*svg, testing::HasSubstr("animation:3s step-end infinite"));
  EXPECT_THAT(*svg, testing::HasSubstr("<title>Title</title>"));
}

TEST(SvgAnimation, embeds_a_tensor_once) {
  Result<Tensor> tensor = Tensor::zeros({1, 1, 30, 30}, DType::float32);
  SvgAnimation animation(theme(ThemeId::light), {"", "", ""});
  for (int frame = 0; frame < 10; ++frame) {
    Sketch sketch(200, 200);
    Raster raster;
    raster.tensor = *tensor;
    raster.low = -1;
    raster.u1 = raster.v1 = 30;
    sketch.raster({10, 10, 110, 110}, raster, Role::input);
    const float x = static_cast<float>(frame) * 10;
    sketch.box({x, 10, x + 30, 40}, Role::window, Fill::shade);
    ASSERT_TRUE(animation.add(sketch.scene, 0.1).ok());
  }
  const Result<std::string> svg = animation.finish();
  ASSERT_TRUE(svg.ok());
  size_t pictures = 0;
  for (size_t at = 0; (at = svg->find("data:image/png", at)) != std::string::npos; ++at) ++pictures;
  EXPECT_EQ(pictures, 1u);
}

TEST_F(Drawing, svg_of_a_zoomed_tensor_embeds_what_is_visible) {
  Result<Tensor> tensor = Tensor::zeros({1, 1, 1000, 1000}, DType::float32);
  for (int64_t i = 0; i < tensor->numel(); ++i) {
    tensor->mutable_data<float>()[i] = static_cast<float>((i / 1000 + i % 1000) % 2) * 2 - 1;
  }
  Sketch sketch(100, 80);
  Raster raster;
  raster.tensor = *tensor;
  raster.low = -1;
  raster.u1 = raster.v1 = 1000;
  sketch.raster({-3000, -2500, 7000, 7500}, raster, Role::input);
  const Result<std::string> svg = svg_still(sketch.scene, theme(ThemeId::light), {"", "", ""});
  ASSERT_TRUE(svg.ok());
  EXPECT_LT(svg->size(), 6000u);
  if (!have_rsvg()) GTEST_SKIP() << "no rsvg-convert on this machine";
  const Difference off = difference(draw(sketch.scene), rsvg_picture(*svg, "zoomed"));
  EXPECT_LT(off.mean, 8);
}

TEST_F(Drawing, an_animation_is_its_first_frame_to_programs_that_know_none) {
  if (!have_rsvg()) GTEST_SKIP() << "no rsvg-convert on this machine";
  SvgAnimation animation(theme(ThemeId::light), {"", "", ""});
  Pixels first;
  for (int frame = 0; frame < 3; ++frame) {
    Sketch sketch = everything();
    const float x = 330 + static_cast<float>(frame) * 56;
    sketch.box({x, 60, x + 150, 180}, Role::error, Fill::full);
    if (frame == 0) first = draw(sketch.scene);
    ASSERT_TRUE(animation.add(sketch.scene, 0.5).ok());
  }
  const Result<std::string> svg = animation.finish();
  ASSERT_TRUE(svg.ok());
  const Difference off = difference(first, rsvg_picture(*svg, "animation"));
  EXPECT_LT(off.mean, 1.6);
  EXPECT_LT(off.large, 0.012);
}

TEST(SvgAnimation, refuses_to_be_without_frames) {
  SvgAnimation animation(theme(ThemeId::light), {"", "", ""});
  const Result<std::string> svg = animation.finish();
  ASSERT_FALSE(svg.ok());
  EXPECT_EQ(svg.error().code, "error.svg_no_frames");
}

}  // namespace
}  // namespace convscope::test
