#include "tests/render/pictures.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <ostream>

namespace convscope::test {

std::unique_ptr<FontStack> Drawing::fonts_;

Sketch everything() {
  Sketch sketch(960, 540);
  sketch.text({40, 30, 300, 50}, "X 1x3x5x5", 16, Face::bold, Align::left);
  for (int y = 0; y < 5; ++y) {
    for (int x = 0; x < 5; ++x) {
      const float x0 = 40 + static_cast<float>(x) * 46;
      const float y0 = 60 + static_cast<float>(y) * 46;
      const Box cell{x0, y0, x0 + 44, y0 + 44};
      const float value = static_cast<float>(x - 2 + y - 2) / 4;
      sketch.box(cell, Role::input, Fill::value, Outline::hairline, 3).value = value;
      Mark& number = sketch.text(cell, std::to_string(x - 2 + y - 2), 18);
      number.role = Role::input;
      number.fill = Fill::value;
      number.value = value;
    }
  }
  sketch.box({86, 106, 222, 242}, Role::window, Fill::shade, Outline::thick, 3);
  sketch.box({38, 58, 270, 290}, Role::input, Fill::none, Outline::solid, 6);
  const Fill fills[] = {Fill::none, Fill::tint, Fill::full, Fill::value, Fill::shade, Fill::hatch};
  const Outline outlines[] = {Outline::none,  Outline::hairline, Outline::solid,
                              Outline::thick, Outline::dashed,   Outline::ring};
  for (int i = 0; i < 6; ++i) {
    for (int j = 0; j < 6; ++j) {
      const float x0 = 330 + static_cast<float>(j) * 56;
      const float y0 = 60 + static_cast<float>(i) * 46;
      const Role role = i % 2 == 0 ? Role::output : Role::weight;
      Mark& cell = sketch.box({x0, y0, x0 + 40, y0 + 34}, role, fills[i], outlines[j], 4);
      cell.value = j % 2 == 0 ? -0.8f : 0.6f;
    }
  }
  sketch.line({700, 60, 900, 60}, Role::text, 0);
  sketch.line({700, 75, 900, 75}, Role::accent, 2);
  sketch.line({700, 90, 900, 140}, Role::hover, 3);
  sketch.line({700, 110, 900, 160}, Role::error, 1.5f).outline = Outline::dashed;
  sketch.line({700, 170, 900, 170}, Role::secondary, 1.5f, Mark::Kind::arrow);
  sketch.line({880, 190, 720, 290}, Role::weight, 3, Mark::Kind::arrow);
  sketch.text({40, 320, 920, 350}, "\u230a(5 + 2\u00b71 \u2212 2\u00b7(3 \u2212 1) \u2212 1) / 2\u230b + 1 = 2", 20,
              Face::math, Align::left);
  sketch.text({40, 350, 920, 380}, "Conv2d(1, 1, kernel_size=3, stride=1, padding=0)", 15, Face::mono, Align::left);
  sketch.text({40, 380, 920, 410}, "卷积核在输入上按行滑动，第 4 步，共 9 步", 15, Face::sans, Align::left);
  sketch.text({40, 405, 920, 435}, "输出尺寸公式", 20, Face::bold, Align::left);
  sketch
      .text({40, 430, 920, 460}, "The quick brown fox jumps over the lazy dog 0123456789", 13, Face::sans, Align::left)
      .role = Role::secondary;
  sketch.text({40, 455, 920, 480}, "The quick brown fox jumps over the lazy dog 0123456789", 9, Face::sans,
              Align::left);
  Result<Tensor> tensor = Tensor::zeros({1, 3, 8, 12}, DType::float32);
  for (int64_t i = 0; i < tensor->numel(); ++i) {
    tensor->mutable_data<float>()[i] = static_cast<float>(std::sin(static_cast<double>(i) * 0.37));
  }
  Raster raster;
  raster.tensor = *tensor;
  raster.u1 = 12;
  raster.v1 = 8;
  raster.low = -1;
  sketch.raster({500, 360, 680, 480}, raster, Role::input);
  raster.rgb = true;
  sketch.raster({720, 360, 900, 480}, raster, Role::input);
  return sketch;
}

std::ostream& operator<<(std::ostream& out, const Rgba& color) {
  return out << '(' << color.r << ", " << color.g << ", " << color.b << ", " << color.a << ')';
}

Rgba at(const Pixels& pixels, int x, int y) {
  const uint8_t* p =
      pixels.rgba.data() + (static_cast<size_t>(y) * static_cast<size_t>(pixels.width) + static_cast<size_t>(x)) * 4;
  return {p[0], p[1], p[2], p[3]};
}

Rgba bytes_of(Color color) {
  const auto byte = [](float value) { return static_cast<int>(std::lround(value * 255.0f)); };
  return {byte(color.r), byte(color.g), byte(color.b), byte(color.a)};
}

testing::AssertionResult near(Rgba a, Rgba b, int most) {
  const int off = std::max({std::abs(a.r - b.r), std::abs(a.g - b.g), std::abs(a.b - b.b), std::abs(a.a - b.a)});
  if (off <= most) return testing::AssertionSuccess();
  return testing::AssertionFailure() << a << " and " << b << " differ by " << off;
}

double inked(const Pixels& pixels, int x0, int y0, int x1, int y1, Rgba background) {
  int count = 0;
  for (int y = y0; y < y1; ++y) {
    for (int x = x0; x < x1; ++x) count += at(pixels, x, y) == background ? 0 : 1;
  }
  return static_cast<double>(count) / ((x1 - x0) * (y1 - y0));
}

std::string output_path(const std::string& name) {
  const char* folder = std::getenv("CONVSCOPE_TEST_OUTPUT");
  const std::filesystem::path base = folder != nullptr ? folder : std::filesystem::temp_directory_path();
  return (base / ("convscope_" + name)).string();
}

void keep(const Pixels& pixels, const std::string& name) {
  if (std::getenv("CONVSCOPE_TEST_OUTPUT") == nullptr) return;
  EXPECT_TRUE(write_png(output_path(name), pixels).ok());
}

void Drawing::SetUp() {
  unsetenv("DISPLAY");
  unsetenv("WAYLAND_DISPLAY");
  Result<std::unique_ptr<EglContext>> context = EglContext::create();
  ASSERT_TRUE(context.ok()) << context.error().args.front();
  context_ = std::move(context).value();
  if (fonts_ == nullptr) {
    Result<std::unique_ptr<FontStack>> opened = FontStack::open();
    ASSERT_TRUE(opened.ok()) << opened.error().args.front();
    fonts_ = std::move(opened).value();
  }
}

Pixels Drawing::draw(const Scene& scene, ThemeId id, float scale) {
  Pixels pixels;
  Result<std::unique_ptr<FrameRenderer>> renderer = FrameRenderer::create(
      *fonts_, static_cast<int>(std::lround(scene.width * scale)), static_cast<int>(std::lround(scene.height * scale)));
  if (!renderer) {
    ADD_FAILURE() << renderer.error().code << ": " << renderer.error().args.front();
    pixels.width = pixels.height = 0;
    return pixels;
  }
  (*renderer)->render(scene, theme(id), scale, pixels);
  return pixels;
}

}  // namespace convscope::test
