// An evening by a lake, painted pixel by pixel: soft sky, ridges, ripples, bricks and straight timber, so that blurs,
// edges and textures all have something to work on.
//
// Only sums, products, quotients, square roots and whole numbers are used: IEEE gives these the same bits on every
// machine, which sin() and exp() do not promise.
#include <algorithm>
#include <cmath>
#include <thread>
#include <vector>

#include "app/io/image.h"

namespace convscope {

namespace {

// Space: u runs to the right from the middle, v down from the top, both in picture heights.
constexpr double kWaterline = 0.60;
constexpr double kSunU = 0.36, kSunV = 0.385, kSunRadius = 0.05;

struct Rgb {
  double r = 0, g = 0, b = 0;
};

Rgb operator*(Rgb c, double f) { return {c.r * f, c.g * f, c.b * f}; }
Rgb operator+(Rgb a, Rgb b) { return {a.r + b.r, a.g + b.g, a.b + b.b}; }
Rgb mix(Rgb a, Rgb b, double t) { return a * (1 - t) + b * t; }

double clamp01(double t) { return t < 0 ? 0 : t > 1 ? 1 : t; }
double smooth(double from, double to, double x) {
  const double t = clamp01((x - from) / (to - from));
  return t * t * (3 - 2 * t);
}

uint32_t hash(int64_t x, int64_t y, uint32_t salt) {
  uint32_t h = static_cast<uint32_t>(x) * 0x9e3779b1u ^ static_cast<uint32_t>(y) * 0x85ebca77u ^ salt * 0xc2b2ae3du;
  h = (h ^ h >> 15) * 0x2c1b3c6du;
  h = (h ^ h >> 12) * 0x297a2d39u;
  return h ^ h >> 15;
}

/// 0 to 1.
double random_at(int64_t x, int64_t y, uint32_t salt) {
  return static_cast<double>(hash(x, y, salt) >> 8) / 16777216.0;
}

double noise(double x, double y, uint32_t salt) {
  const double fx = std::floor(x), fy = std::floor(y);
  const auto ix = static_cast<int64_t>(fx), iy = static_cast<int64_t>(fy);
  const double tx = smooth(0, 1, x - fx), ty = smooth(0, 1, y - fy);
  const double top = random_at(ix, iy, salt) * (1 - tx) + random_at(ix + 1, iy, salt) * tx;
  const double bottom = random_at(ix, iy + 1, salt) * (1 - tx) + random_at(ix + 1, iy + 1, salt) * tx;
  return top * (1 - ty) + bottom * ty;
}

/// Octaves of noise, 0 to 1 with a mean of a half.
double fractal(double x, double y, int octaves, uint32_t salt) {
  double sum = 0, weight = 0.5, total = 0;
  for (int i = 0; i < octaves; ++i) {
    sum += weight * noise(x, y, salt + static_cast<uint32_t>(i));
    total += weight;
    weight *= 0.5;
    x = x * 2 + 17.3;
    y = y * 2 + 5.9;
  }
  return sum / total;
}

/// One row of noise with sharp crests.
double crest(double x, int octaves, uint32_t salt) {
  double sum = 0, weight = 0.5, total = 0;
  for (int i = 0; i < octaves; ++i) {
    const double n = noise(x, 0.5, salt + static_cast<uint32_t>(i));
    sum += weight * (1 - std::abs(2 * n - 1));
    total += weight;
    weight *= 0.5;
    x = x * 2.03 + 11.7;
  }
  return sum / total;
}

class Painter {
 public:
  Painter(int64_t height, int64_t width) : pixel_(1.0 / static_cast<double>(height)) {
    // Ridges depend on u alone: once per column and a margin for what ripples fetch from outside.
    const double half = static_cast<double>(width) * pixel_ / 2 + 0.1;
    ridge_from_ = -half;
    ridge_step_ = pixel_ / 2;
    const auto count = static_cast<size_t>(2 * half / ridge_step_) + 2;
    ridges_.resize(count);
    for (size_t i = 0; i < count; ++i) {
      const double u = ridge_from_ + static_cast<double>(i) * ridge_step_;
      Ridges& r = ridges_[i];
      r.far = 0.47 - 0.17 * crest(u * 1.7 + 3.1, 7, 100) + 0.03 * u;
      r.middle = 0.545 - 0.115 * crest(u * 2.3 + 8.2, 7, 200) - 0.03 * u;
      r.near = 0.592 - 0.05 * fractal(u * 3.0 + 1.5, 0.5, 4, 300) - 0.02 * smooth(0.1, 0.9, u);
      r.near -= trees(u);
    }
  }

  Rgb pixel(int64_t x, int64_t y, int64_t width) const {
    const double u = (static_cast<double>(x) + 0.5) * pixel_ - static_cast<double>(width) * pixel_ / 2;
    const double v = (static_cast<double>(y) + 0.5) * pixel_;
    Rgb color = v < kWaterline ? above_water(u, v) : water(u, v);
    color = foreground(u, v, color);
    // A lens's fall-off and a sensor's grain.
    const double fall_off = 1 - 0.16 * clamp01((u * u + (v - 0.5) * (v - 0.5)) / 1.1);
    const double grain = (random_at(x, y, 900) + random_at(x, y, 901) - 1) * 0.012;
    return color * fall_off + Rgb{grain, grain, grain};
  }

 private:
  struct Ridges {
    double far, middle, near;
  };

  /// Share of a pixel that lies on the positive side of an edge at `distance`.
  double cover(double distance) const { return clamp01(0.5 + distance / pixel_); }
  double in_box(double u, double v, double left, double top, double right, double bottom) const {
    return cover(u - left) * cover(right - u) * cover(v - top) * cover(bottom - v);
  }

  /// Height of the conifers that stand on the near ridge.
  static double trees(double u) {
    double tallest = 0;
    for (uint32_t row = 0; row < 3; ++row) {
      const double spacing = 0.012 + 0.005 * row;
      const double cell = std::floor(u / spacing);
      for (int64_t i = static_cast<int64_t>(cell) - 1; i <= static_cast<int64_t>(cell) + 1; ++i) {
        const double middle = (static_cast<double>(i) + 0.2 + 0.6 * random_at(i, row, 310)) * spacing;
        const double height = 0.012 + 0.03 * random_at(i, row, 311) * random_at(i, row, 312);
        const double half = 0.28 * height;
        const double rise = 1 - std::abs(u - middle) / half;
        // Branches: steps on the way up.
        if (rise > 0) tallest = std::max(tallest, height * (rise + 0.10 * (rise * 7 - std::floor(rise * 7)) - 0.05));
      }
    }
    return tallest;
  }

  Ridges ridges_at(double u) const {
    const double at = (u - ridge_from_) / ridge_step_;
    const double last = static_cast<double>(ridges_.size()) - 1;
    return ridges_[static_cast<size_t>(at < 0 ? 0 : at > last ? last : at)];
  }

  Rgb sky(double u, double v) const {
    const double t = clamp01(v / kWaterline);
    Rgb color =
        mix(mix({0.13, 0.22, 0.42}, {0.44, 0.50, 0.66}, smooth(0, 0.55, t)), {0.98, 0.71, 0.45}, smooth(0.35, 0.95, t));
    const double du = u - kSunU, dv = v - kSunV;
    const double distance = std::sqrt(du * du + dv * dv);
    const double glow = 1 / (1 + 18 * distance * distance / (0.1 + distance));
    color = mix(color, {1.0, 0.84, 0.52}, 0.75 * glow * glow);
    // Clouds lie in long streaks; their lower sides take the sun's colour.
    double density = smooth(0.02, 0.12, v) * (1 - smooth(0.36, 0.5, v));
    if (density > 0) density *= smooth(0.52, 0.72, fractal(u * 2.2 + 0.8 * v, v * 9.0, 5, 400));
    if (density > 0) {
      const double below = smooth(0.5, 0.7, fractal(u * 2.2 + 0.8 * v, (v - 0.012) * 9.0, 4, 400));
      const Rgb lit = mix({0.98, 0.66, 0.50}, {0.42, 0.38, 0.50}, below * (0.35 + 0.65 * clamp01(distance / 0.9)));
      color = mix(color, lit, 0.8 * density);
    }
    const double disc = clamp01(0.5 + (kSunRadius - distance) / (pixel_ + 0.0015));
    return mix(color, {1.0, 0.95, 0.78}, disc * (1 - 0.6 * density));
  }

  Rgb above_water(double u, double v) const {
    const Ridges r = ridges_at(u);
    Rgb color;
    // What a nearer ridge hides is not painted.
    const bool shows_middle = v < r.near + pixel_;
    const bool shows_far = shows_middle && v < r.middle + pixel_;
    if (shows_far && v < r.far + pixel_) color = sky(u, v);
    if (shows_far && v > r.far - pixel_) {
      // Rock that catches the light on the side of the sun, snow towards the crest, haze towards the foot.
      const double slope = (ridges_at(u + 0.006).far - ridges_at(u - 0.006).far) / 0.012;
      const double rough = fractal(u * 26 + v * 14, v * 40 - u * 9, 4, 500) - 0.5;
      const double light = clamp01(0.5 + 0.45 * slope + 1.1 * rough);
      Rgb rock = mix({0.27, 0.29, 0.42}, {0.66, 0.52, 0.52}, light);
      const double snow = smooth(0.45, 0.62, light) * (1 - smooth(0.015, 0.075, v - r.far + 0.05 * rough));
      rock = mix(rock, {0.96, 0.84, 0.80}, snow * (1 - smooth(0.40, 0.46, r.far)));
      rock = mix(rock, {0.80, 0.62, 0.54}, 0.75 * smooth(r.far, 0.60, v));
      color = mix(color, rock, cover(v - r.far));
    }
    if (shows_middle && v > r.middle - pixel_) {
      const double rough = fractal(u * 40, v * 60, 3, 520);
      Rgb slope = mix({0.17, 0.21, 0.31}, {0.33, 0.31, 0.38}, rough);
      slope = mix(slope, {0.62, 0.48, 0.47}, 0.7 * smooth(r.middle, 0.61, v));
      color = mix(color, slope, cover(v - r.middle));
    }
    if (v > r.near - pixel_) {
      const double leaf = noise(u * 240, v * 240, 540);
      color = mix(color, mix({0.05, 0.09, 0.10}, {0.12, 0.16, 0.14}, leaf), cover(v - r.near));
    }
    return boat(u, v, color);
  }

  Rgb boat(double u, double v, Rgb color) const {
    constexpr double kMast = 0.10, kFoot = 0.592;
    const double top = kFoot - 0.105;
    if (u < kMast - 0.06 || u > kMast + 0.06 || v < top) return color;
    const double down = (v - top) / (kFoot - top);  // 0 at the mast's head
    const double main_sail = cover(u - kMast - 0.0015) * cover(kMast + 0.046 * down - u) * cover(kFoot - 0.008 - v);
    const double jib =
        cover(kMast - 0.0015 - u) * cover(u - (kMast - 0.034 * (down - 0.12))) * cover(kFoot - 0.010 - v);
    color = mix(color, mix({0.98, 0.93, 0.86}, {0.84, 0.74, 0.70}, clamp01((u - kMast) / 0.046)), main_sail);
    color = mix(color, {0.86, 0.77, 0.74}, jib * (down > 0.12 ? 1 : 0));
    color = mix(color, {0.20, 0.13, 0.10}, in_box(u, v, kMast - 0.0012, top, kMast + 0.0012, kFoot));
    const double keel = (v - (kFoot - 0.004)) / 0.014;
    const double hull = cover(v - (kFoot - 0.004)) * cover(u - (kMast - 0.042 + 0.010 * keel)) *
                        cover(kMast + 0.052 - 0.016 * keel - u);
    return mix(color, {0.42, 0.10, 0.09}, hull);
  }

  Rgb water(double u, double v) const {
    const double depth = v - kWaterline;  // on the picture: 0 at the far shore
    // Waves look longer the nearer they are.
    const double scale = 1 / (0.012 + 0.5 * depth);
    const double wave = fractal(u * (3 + 0.35 * scale), depth * (60 + 2.2 * scale), 3, 600) - 0.5;
    const double ripple = noise(u * 34 + 3 * wave, depth * 420 / (1 + 6 * depth), 610) - 0.5;
    const double shift = (0.9 * wave + 0.5 * ripple) * smooth(0, 0.05, depth);
    const double mirror_v = kWaterline - 0.0005 - depth * 1.25 + shift * (0.016 + 0.22 * depth);
    const double mirror_u = u + shift * 0.035 * depth;
    Rgb color = above_water(mirror_u, std::clamp(mirror_v, 0.0, kWaterline - 0.0005));
    color = mix(color * 0.80, {0.07, 0.13, 0.22}, 0.20 + 0.38 * smooth(0, 0.42, depth) - 0.12 * ripple);
    // The sun's path.
    const double aside = (u - kSunU) / (0.028 + 0.16 * depth);
    const double glitter =
        smooth(0.10, 0.34, wave * 0.8 + ripple * 0.75 + 0.06) / (1 + 2.2 * aside * aside * aside * aside);
    color = mix(color, {1.0, 0.86, 0.58}, 0.85 * glitter * smooth(0.0, 0.03, depth));
    // A bright line where the shore's mist meets the water.
    return mix(color, {0.72, 0.62, 0.58}, 0.55 * (1 - smooth(0.0, 0.006, depth)));
  }

  Rgb foreground(double u, double v, Rgb color) const {
    color = pier(u, v, color);
    const double bank =
        0.775 + 0.03 * smooth(-0.95, -0.6, u) + 0.20 * smooth(-0.36, 0.14, u) + 0.008 * fractal(u * 14, 0.5, 3, 700);
    if (v > bank - 0.03) {
      // Grass: thin upright streaks whose tips fray the edge of the bank.
      const double blade = noise(u * 460, v * 38, 710);
      const double tuft = fractal(u * 16, v * 16, 4, 720);
      Rgb grass = mix({0.07, 0.10, 0.06}, {0.33, 0.34, 0.14}, clamp01(0.75 * tuft + 0.55 * blade - 0.25));
      grass = mix(grass, {0.50, 0.38, 0.20}, 0.5 * smooth(0.62, 0.8, tuft) * blade);
      color = mix(color, grass, cover(v - (bank - 0.022 * blade * blade)));
    }
    return house(u, v, color);
  }

  Rgb pier(double u, double v, Rgb color) const {
    constexpr double kDeck = 0.775, kEnd = 0.27;
    if (u > kEnd + 0.03 || u < -0.45 || v < kDeck - 0.075) return color;
    const Rgb wood{0.30, 0.22, 0.17};
    for (int i = 0; i < 7; ++i) {
      const double middle = kEnd - 0.012 - 0.098 * i;
      const bool is_tall = i % 2 == 0;
      // Its picture in the water first, broken by ripples.
      const double wobble = (noise(v * 190, i * 3.7, 730) - 0.5) * 0.009 * smooth(0.80, 0.86, v);
      color = mix(color, {0.06, 0.06, 0.08},
                  0.75 * in_box(u + wobble, v, middle - 0.006, 0.80, middle + 0.006, is_tall ? 0.925 : 0.89));
      color = mix(color, mix(wood * 1.25, wood * 0.5, clamp01((u - middle + 0.006) / 0.012)),
                  in_box(u, v, middle - 0.006, is_tall ? kDeck - 0.06 : kDeck, middle + 0.006, 0.825));
    }
    const double rope = kDeck - 0.045 + 0.014 * rope_sag((kEnd - 0.012 - u) / 0.196);
    color = mix(color, {0.55, 0.47, 0.38}, 0.9 * cover(0.0016 - std::abs(v - rope)) * cover(kEnd - 0.012 - u));
    // The deck: planks end on, and the beam that carries them.
    const double plank = u / 0.0165;
    const double gap = plank - std::floor(plank);
    const Rgb board = mix(wood * 1.6, wood * 2.1, random_at(static_cast<int64_t>(std::floor(plank)), 0, 740));
    color = mix(color, mix(board, wood * 0.5, gap > 0.86 ? 1 : 0), in_box(u, v, -0.45, kDeck, kEnd, kDeck + 0.011));
    color = mix(color, wood * 0.55, in_box(u, v, -0.45, kDeck + 0.011, kEnd, kDeck + 0.021));
    return mix(color, {0.05, 0.05, 0.07},
               0.5 * in_box(u, v, -0.45, kDeck + 0.05, kEnd, kDeck + 0.058 + 0.006 * noise(u * 60, 0, 741)));
  }

  /// 0 at the posts, 1 in the middle between them.
  static double rope_sag(double t) {
    const double f = t - std::floor(t);
    return 4 * f * (1 - f);
  }

  Rgb house(double u, double v, Rgb color) const {
    constexpr double kLeft = -0.70, kRight = -0.36, kEaves = 0.575, kGround = 0.80, kRidge = 0.425;
    if (u < kLeft - 0.05 || u > kRight + 0.05 || v < kRidge - 0.09 || v > kGround + 0.01) return color;
    const double middle = (kLeft + kRight) / 2;

    const double chimney = in_box(u, v, kLeft + 0.07, kRidge - 0.03, kLeft + 0.105, kEaves);
    color = mix(color, bricks(u * 1.7, v * 1.7, {0.47, 0.25, 0.20}), chimney);
    color = mix(color, {0.25, 0.16, 0.14}, in_box(u, v, kLeft + 0.064, kRidge - 0.036, kLeft + 0.111, kRidge - 0.026));

    Rgb wall = bricks(u, v, {0.63, 0.36, 0.27});
    wall = wall * (0.78 + 0.35 * clamp01((u - kLeft) / (kRight - kLeft)));
    color = mix(color, wall, in_box(u, v, kLeft, kEaves, kRight, kGround));
    const double gable_top = kEaves - (kEaves - kRidge) * (1 - std::abs(u - middle) / (kRight - middle));
    color = mix(color, wall, cover(v - gable_top) * cover(kEaves - v) * cover(u - kLeft) * cover(kRight - u));

    // The roof: two slanting boards over the gable.
    const double rake = (kEaves - kRidge) / (kRight - middle);
    const double roof_line = kRidge - 0.012 + rake * std::abs(u - middle);
    const double thickness = 0.034;
    const double tile = (v - roof_line) / thickness;
    const double joint = std::abs(u - middle) / 0.014;
    const bool is_joint = joint - std::floor(joint) > 0.85;
    Rgb roof = mix({0.33, 0.13, 0.11}, {0.20, 0.08, 0.08}, clamp01(tile));
    if (is_joint) roof = roof * 0.65;
    if (u > middle) roof = roof * 1.35;
    color = mix(
        color, roof,
        cover(v - roof_line) * cover(roof_line + thickness - v) * cover(u - kLeft + 0.035) * cover(kRight + 0.035 - u));

    color = window(u, v, middle - 0.12, 0.625, 0.075, 0.085, color);
    color = window(u, v, middle + 0.045, 0.625, 0.075, 0.085, color);
    color = window(u, v, middle - 0.028, 0.495, 0.056, 0.056, color);
    // The door, with its panels and a lamp's light on the frame.
    color = mix(color, {0.86, 0.80, 0.70}, in_box(u, v, middle - 0.033, 0.672, middle + 0.033, kGround));
    color = mix(color, {0.13, 0.26, 0.27}, in_box(u, v, middle - 0.027, 0.678, middle + 0.027, kGround));
    for (int i = 0; i < 4; ++i) {
      const double left = middle - 0.020 + 0.022 * (i % 2), top = 0.690 + 0.052 * (i / 2);
      color = mix(color, {0.09, 0.19, 0.20}, in_box(u, v, left, top, left + 0.018, top + 0.042));
    }
    return mix(color, {0.95, 0.80, 0.45}, in_box(u, v, middle + 0.017, 0.738, middle + 0.022, 0.743));
  }

  Rgb window(double u, double v, double left, double top, double w, double h, Rgb color) const {
    color = mix(color, {0.88, 0.83, 0.74}, in_box(u, v, left - 0.008, top - 0.008, left + w + 0.008, top + h + 0.010));
    const double lamp = clamp01(1.1 - std::abs(v - top - 0.4 * h) / h);
    color = mix(color, mix({0.86, 0.52, 0.20}, {1.0, 0.86, 0.48}, lamp), in_box(u, v, left, top, left + w, top + h));
    const Rgb bar{0.80, 0.74, 0.64};
    color = mix(color, bar, in_box(u, v, left + w / 2 - 0.0025, top, left + w / 2 + 0.0025, top + h));
    return mix(color, bar, in_box(u, v, left, top + h / 2 - 0.0025, left + w, top + h / 2 + 0.0025));
  }

  Rgb bricks(double u, double v, Rgb color) const {
    constexpr double kLength = 0.030, kHeight = 0.0125, kMortar = 0.0022;
    const double row = std::floor(v / kHeight);
    const double shifted = u / kLength + (static_cast<int64_t>(row) % 2 == 0 ? 0.0 : 0.5);
    const double column = std::floor(shifted);
    const double tint = random_at(static_cast<int64_t>(column), static_cast<int64_t>(row), 800);
    const double in_v = v - row * kHeight, in_u = (shifted - column) * kLength;
    const double brick = cover(in_v - kMortar) * cover(in_u - kMortar);
    return mix({0.70, 0.62, 0.54}, color * (0.78 + 0.4 * tint), brick);
  }

  double pixel_;
  double ridge_from_ = 0, ridge_step_ = 1;
  std::vector<Ridges> ridges_;
};

float to_eighth_bit(double value) { return static_cast<float>(std::floor(clamp01(value) * 255 + 0.5)) / 255.0f; }

}  // namespace

Result<Tensor> sample_photo(int64_t height, int64_t width) {
  Result<Tensor> tensor = Tensor::zeros(Shape{1, 3, height, width}, DType::float32);
  if (!tensor || height < 1 || width < 1) return tensor;
  const Painter painter(height, width);
  float* to = tensor->mutable_data<float>();
  const int64_t plane = height * width;
  const auto paint_rows = [&](int64_t first, int64_t step) {
    for (int64_t y = first; y < height; y += step) {
      for (int64_t x = 0; x < width; ++x) {
        const Rgb color = painter.pixel(x, y, width);
        const int64_t at = y * width + x;
        to[at] = to_eighth_bit(color.r);
        to[plane + at] = to_eighth_bit(color.g);
        to[2 * plane + at] = to_eighth_bit(color.b);
      }
    }
  };
  // Rows are independent, so their number of painters changes nothing but the time.
  const int64_t painters = plane < 100'000 ? 1 : std::clamp<int64_t>(std::thread::hardware_concurrency(), 1, 8);
  std::vector<std::thread> threads;
  for (int64_t i = 1; i < painters; ++i) threads.emplace_back(paint_rows, i, painters);
  paint_rows(0, painters);
  for (std::thread& thread : threads) thread.join();
  return tensor;
}

}  // namespace convscope
