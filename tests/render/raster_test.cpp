#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <random>

#include "app/render/raster_pixels.h"
#include "app/render/raster_textures.h"
#include "tests/render/pictures.h"

namespace convscope::test {
namespace {

Raster raster_of(const Tensor& tensor, bool rgb = false) {
  Raster raster;
  raster.tensor = tensor;
  raster.rgb = rgb;
  raster.low = rgb ? 0.0f : -1.0f;
  raster.high = 1;
  raster.u1 = static_cast<double>(tensor.shape()[3]);
  raster.v1 = static_cast<double>(tensor.shape()[2]);
  return raster;
}

template <class F>
Tensor tensor_of(Shape shape, F value, DType dtype = DType::float32) {
  Tensor tensor = Tensor::zeros(shape, dtype).value();
  for (int64_t i = 0; i < tensor.numel(); ++i) {
    if (dtype == DType::float32) {
      tensor.mutable_data<float>()[i] = static_cast<float>(value(i));
    } else {
      tensor.mutable_data<double>()[i] = value(i);
    }
  }
  return tensor;
}

double noise(int64_t i) { return std::sin(static_cast<double>(i) * 12.9898) * 0.95; }

Rgba color_of(float value, Role role, ThemeId id = ThemeId::light) {
  return bytes_of(scale_color(theme(id), role, value));
}

TEST_F(Drawing, magnified_cells_have_sharp_edges_and_the_scales_colours) {
  for (const DType dtype : {DType::float32, DType::float64}) {
    for (const ThemeId id : {ThemeId::light, ThemeId::dark}) {
      const Tensor tensor = tensor_of({1, 2, 6, 8}, noise, dtype);
      Raster raster = raster_of(tensor);
      raster.channel = 1;
      Sketch sketch(120, 100);
      sketch.raster({12, 10, 108, 82}, raster, Role::weight);
      const Pixels pixels = draw(sketch.scene, id);
      for (int y = 0; y < 6; ++y) {
        for (int x = 0; x < 8; ++x) {
          const Rgba expected = color_of(static_cast<float>(tensor.at(48 + y * 8 + x)), Role::weight, id);
          for (const int dy : {0, 11}) {
            for (const int dx : {0, 11}) {
              ASSERT_TRUE(near(at(pixels, 12 + x * 12 + dx, 10 + y * 12 + dy), expected, 1)) << x << ", " << y;
            }
          }
        }
      }
      const Rgba paper = bytes_of(theme(id).of(Role::canvas).full);
      EXPECT_EQ(at(pixels, 11, 40), paper);
      EXPECT_EQ(at(pixels, 108, 40), paper);
      EXPECT_EQ(at(pixels, 50, 9), paper);
      EXPECT_EQ(at(pixels, 50, 82), paper);
    }
  }
}

TEST_F(Drawing, three_channels_are_red_green_and_blue) {
  const Tensor tensor = tensor_of({2, 4, 5, 5}, [](int64_t i) { return static_cast<double>(i % 23) / 22; });
  Raster raster = raster_of(tensor, true);
  raster.n = 1;
  raster.channel = 1;
  Sketch sketch(50, 50);
  sketch.raster({0, 0, 50, 50}, raster, Role::input);
  const Pixels pixels = draw(sketch.scene);
  for (int y = 0; y < 5; ++y) {
    for (int x = 0; x < 5; ++x) {
      const auto level = [&](int c) {
        return static_cast<int>(std::lround(tensor.at(((4 + 1 + c) * 5 + y) * 5 + x) * 255));
      };
      ASSERT_TRUE(near(at(pixels, x * 10 + 5, y * 10 + 5), {level(0), level(1), level(2), 255}, 1));
    }
  }
}

TEST_F(Drawing, a_part_of_a_tensor_is_shown_where_it_belongs) {
  const Tensor tensor = tensor_of({1, 1, 40, 40}, noise);
  Raster raster = raster_of(tensor);
  raster.u0 = 10.5;
  raster.u1 = 14.5;
  raster.v0 = 20;
  raster.v1 = 24;
  Sketch sketch(80, 80);
  sketch.raster({0, 0, 80, 80}, raster, Role::input);
  const Pixels pixels = draw(sketch.scene);
  EXPECT_TRUE(near(at(pixels, 5, 10), color_of(static_cast<float>(tensor.at(20 * 40 + 10)), Role::input), 1));
  EXPECT_TRUE(near(at(pixels, 12, 10), color_of(static_cast<float>(tensor.at(20 * 40 + 11)), Role::input), 1));
  EXPECT_TRUE(near(at(pixels, 75, 70), color_of(static_cast<float>(tensor.at(23 * 40 + 14)), Role::input), 1));
}

TEST_F(Drawing, minified_tensors_are_averaged_not_sampled) {
  // A checkerboard has one colour from afar, wherever the pixels fall: aliasing would show as patterns.
  const Tensor board = tensor_of({1, 3, 700, 900}, [](int64_t i) {
    const int64_t in_plane = i % (700 * 900);
    return static_cast<double>((in_plane / 900 + in_plane % 900) % 2);
  });
  for (const float width : {450.0f, 333.0f, 150.0f, 37.0f}) {
    Sketch sketch(500, 400);
    const float height = width * 7 / 9;
    sketch.raster({0, 0, width, height}, raster_of(board, true), Role::input);
    const Pixels pixels = draw(sketch.scene);
    int darkest = 255;
    int brightest = 0;
    for (int y = 1; y < static_cast<int>(height) - 1; ++y) {
      for (int x = 1; x < static_cast<int>(width) - 1; ++x) {
        darkest = std::min(darkest, at(pixels, x, y).r);
        brightest = std::max(brightest, at(pixels, x, y).r);
      }
    }
    // An area of k x k cells holds one more of one colour at most, on its rim.
    const int spread = static_cast<int>(std::ceil(255.0 / (900.0 / static_cast<double>(width)) / 2)) + 3;
    EXPECT_GE(darkest, 127 - spread) << width;
    EXPECT_LE(brightest, 128 + spread) << width;
  }
}

TEST_F(Drawing, minified_values_are_the_mean_of_their_cells) {
  const Tensor tensor = tensor_of({1, 1, 64, 64}, [](int64_t i) { return (noise(i) + 1) / 2; });
  Sketch sketch(40, 40);
  sketch.raster({4, 4, 36, 36}, raster_of(tensor), Role::output);
  const Pixels pixels = draw(sketch.scene);
  for (int y = 0; y < 32; ++y) {
    for (int x = 0; x < 32; ++x) {
      double mean = 0;
      for (const int64_t cell : {0, 1, 64, 65}) mean += tensor.at(y * 128 + x * 2 + cell) / 4;
      ASSERT_TRUE(near(at(pixels, 4 + x, 4 + y), color_of(static_cast<float>(mean), Role::output), 2));
    }
  }
}

TEST_F(Drawing, tensors_beyond_the_largest_texture_are_still_drawn) {
  // Wider than any texture, and more cells than a texture of their own may have.
  const Tensor wide = tensor_of({1, 1, 3, 50000}, [](int64_t i) { return i % 50000 < 25000 ? -1.0 : 1.0; });
  const Tensor many = tensor_of({1, 1, 4200, 4200}, [](int64_t i) { return i / 4200 < 2100 ? -1.0 : 1.0; });
  Sketch sketch(200, 100);
  sketch.raster({0, 0, 100, 30}, raster_of(wide), Role::input);
  sketch.raster({100, 0, 200, 100}, raster_of(many), Role::input);
  Raster part = raster_of(many);
  part.u0 = 1000, part.u1 = 1004, part.v0 = 2098, part.v1 = 2102;
  sketch.raster({0, 40, 40, 80}, part, Role::input);
  const Pixels pixels = draw(sketch.scene);
  EXPECT_TRUE(near(at(pixels, 20, 15), color_of(-1, Role::input), 1));
  EXPECT_TRUE(near(at(pixels, 80, 15), color_of(1, Role::input), 1));
  EXPECT_TRUE(near(at(pixels, 150, 20), color_of(-1, Role::input), 1));
  EXPECT_TRUE(near(at(pixels, 150, 80), color_of(1, Role::input), 1));
  EXPECT_TRUE(near(at(pixels, 20, 58), color_of(-1, Role::input), 1));
  EXPECT_TRUE(near(at(pixels, 20, 61), color_of(1, Role::input), 1));
}

TEST_F(Drawing, numbers_that_are_none_and_numbers_beyond_the_scale_are_drawn) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const double values[] = {std::nan(""), kInfinity, -kInfinity, 1e30, -1e30, 0.0};
  const float expected[] = {0, 1, -1, 1, -1, 0};
  for (const DType dtype : {DType::float32, DType::float64}) {
    const Tensor tensor = tensor_of(
        {1, 1, 1, 6}, [&](int64_t i) { return values[i]; }, dtype);
    Sketch sketch(60, 10);
    sketch.raster({0, 0, 60, 10}, raster_of(tensor), Role::input);
    const Pixels pixels = draw(sketch.scene);
    for (int i = 0; i < 6; ++i) {
      EXPECT_TRUE(near(at(pixels, i * 10 + 5, 5), color_of(expected[i], Role::input), 1)) << i;
    }
  }
  // A tensor that is zero everywhere has a scale without extent.
  Raster flat = raster_of(tensor_of({1, 1, 2, 2}, [](int64_t) { return 0.0; }));
  flat.low = flat.high = 0;
  Sketch sketch(20, 20);
  sketch.raster({0, 0, 20, 20}, flat, Role::input);
  EXPECT_TRUE(near(at(draw(sketch.scene), 10, 10), color_of(0, Role::input), 1));
}

TEST_F(Drawing, textures_are_kept_while_drawn_and_dropped_when_not) {
  RasterTextures textures;
  const Raster raster = raster_of(tensor_of({1, 1, 64, 64}, noise));
  Mark mark;
  mark.kind = Mark::Kind::raster;
  mark.role = Role::input;
  mark.box = {0, 0, 32, 32};
  Quad quad{};
  uint32_t first = 0;
  for (int frame = 0; frame < 10; ++frame) {
    textures.begin_frame();
    const uint32_t texture = textures.prepare(raster, mark, theme(ThemeId::light), 100, 100, 1, quad);
    textures.end_frame();
    EXPECT_NE(texture, 0u);
    if (frame == 0) first = texture;
    EXPECT_EQ(texture, first);
  }
  const size_t held = textures.count();
  EXPECT_GT(held, 0u);
  // Another view replaces the first one.
  mark.box = {0, 0, 31, 31};
  textures.begin_frame();
  EXPECT_NE(textures.prepare(raster, mark, theme(ThemeId::light), 100, 100, 1, quad), 0u);
  textures.end_frame();
  EXPECT_EQ(textures.count(), held);
  for (int frame = 0; frame < 1000; ++frame) {
    textures.begin_frame();
    textures.end_frame();
  }
  EXPECT_EQ(textures.count(), 0u);
}

TEST(AreaResampler, keeps_flat_colours_and_means_at_any_ratio) {
  std::mt19937 random(20260917);
  AreaResampler resampler;
  for (int round = 0; round < 60; ++round) {
    const int width = 1 + static_cast<int>(random() % 90);
    const int height = 1 + static_cast<int>(random() % 90);
    const int to_width = 1 + static_cast<int>(random() % 90);
    const int to_height = 1 + static_cast<int>(random() % 90);
    std::vector<uint32_t> from(static_cast<size_t>(width * height), 0xFF3C96FFu);
    std::vector<uint32_t> to(static_cast<size_t>(to_width * to_height));
    resampler.resample(from.data(), width, height, 0, 0, width, height, to.data(), to_width, to_height);
    for (const uint32_t pixel : to) ASSERT_EQ(pixel, 0xFF3C96FFu);

    double before = 0;
    for (uint32_t& pixel : from) {
      const uint32_t level = random() % 256;
      before += level;
      pixel = 0xFF000000u | level * 0x010101u;
    }
    resampler.resample(from.data(), width, height, 0, 0, width, height, to.data(), to_width, to_height);
    double after = 0;
    for (const uint32_t pixel : to) after += pixel & 255;
    EXPECT_NEAR(before / static_cast<double>(from.size()), after / static_cast<double>(to.size()), 3) << round;
  }
}

TEST(AreaResampler, halves_as_it_resamples) {
  std::mt19937 random(7);
  for (const auto& [width, height] : {std::pair{8, 6}, {7, 5}, {1, 9}, {1, 1}, {2, 3}}) {
    std::vector<uint32_t> from(static_cast<size_t>(width * height));
    for (uint32_t& pixel : from) pixel = static_cast<uint32_t>(random()) | 0xFF000000u;
    const int w = std::max(1, width / 2);
    const int h = std::max(1, height / 2);
    std::vector<uint32_t> halved(static_cast<size_t>(w * h));
    std::vector<uint32_t> resampled(halved.size());
    halve(from.data(), width, height, halved.data());
    AreaResampler().resample(from.data(), width, height, 0, 0, width, height, resampled.data(), w, h);
    for (size_t i = 0; i < halved.size(); ++i) {
      for (int shift = 0; shift < 32; shift += 8) {
        EXPECT_NEAR(static_cast<int>(halved[i] >> shift & 255), static_cast<int>(resampled[i] >> shift & 255), 1);
      }
    }
  }
}

}  // namespace
}  // namespace convscope::test
