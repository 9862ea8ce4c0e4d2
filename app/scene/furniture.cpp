// Name tags, labels and signs: what stands around the grids.
#include <algorithm>
#include <cstdio>
#include <string>

#include "app/scene/lens.h"
#include "app/scene/words.h"

namespace convscope {
namespace {

// "1x3x5x5" without allocating; returns the length. Of a conv1d without the height that its tensors have inside.
int shape_text(const SceneRequest& request, const Shape& of, char* out, int capacity) {
  const bool flat = request.lens != Lens::receptive_field && request.computation != nullptr;
  const Shape shape = flat ? request.computation->plan.shown(of) : of;
  int length = 0;
  for (int axis = 0; axis < shape.rank() && length < capacity; ++axis) {
    length += std::snprintf(out + length, static_cast<size_t>(capacity - length), axis == 0 ? "%lld" : "x%lld",
                            static_cast<long long>(shape[axis]));
  }
  return std::min(length, capacity - 1);
}

// -1 to 1 in even steps.
const Tensor& scale_ramp() {
  static const Tensor ramp = [] {
    constexpr int64_t kTexels = 64;
    auto made = Tensor::zeros({1, 1, 1, kTexels}, DType::float32);
    if (!made.ok()) return Tensor();
    Tensor tensor = *std::move(made);
    for (int64_t i = 0; i < kTexels; ++i) {
      tensor.mutable_data<float>()[i] = 2 * (static_cast<float>(i) + 0.5f) / static_cast<float>(kTexels) - 1;
    }
    return tensor;
  }();
  return ramp;
}

int stack_label(char* out, size_t capacity, char name, int64_t first, int64_t second, int64_t position, int64_t count) {
  const auto wide = [](int64_t value) { return static_cast<long long>(value); };
  if (count <= 1) return std::snprintf(out, capacity, "%c[%lld, %lld]", name, wide(first), wide(second));
  return std::snprintf(out, capacity, "%c[%lld, %lld]  %lld / %lld", name, wide(first), wide(second),
                       wide(position + 1), wide(count));
}

}  // namespace

float name_tag_width(const Painter& painter, std::string_view name, const Shape& shape, float ui) {
  char words[160];
  const int length = shape_text(painter.request(), shape, words, sizeof words);
  const float size = kNameTagSize * ui;
  return painter.width(name, Face::bold, size) + size * 0.45f +
         painter.width({words, static_cast<size_t>(length)}, Face::sans, size * 0.875f);
}

void draw_name_tag(StageFrame& frame, std::string_view name, const Shape& shape, Role role, float x, float y) {
  char words[160];
  const int length = shape_text(frame.request, shape, words, sizeof words);
  draw_tag(frame, name, {words, static_cast<size_t>(length)}, role, x, y);
}

void draw_tag(StageFrame& frame, std::string_view name, std::string_view words, Role role, float x, float y) {
  const float size = kNameTagSize * frame.stage.ui;
  const float middle = y - kNameTagHeight * frame.stage.ui * 0.55f;
  const Mark& mark = frame.painter.text(name, x, middle, size, role, Align::left, Face::bold);
  const float name_width = mark.box.width();
  frame.painter.text(words, x + name_width + size * 0.45f, middle, size * 0.875f, Role::text);
}

void draw_index_label(StageFrame& frame, char name, int64_t first, int64_t second, float x, float y) {
  draw_stack_label(frame, name, first, second, 0, 1, x, y);
}

float index_label_width(const Painter& painter, char name, int64_t first, int64_t second, float ui) {
  return stack_label_width(painter, name, first, second, 1, ui);
}

void draw_legend(StageFrame& frame, TensorId id, const NumberRange& range, float x, float y, float width) {
  const double end = range.shade_end();
  if (end <= 0 || !scale_ramp().defined()) return;
  Painter& painter = frame.painter;
  const float ui = frame.stage.ui, size = std::max(9.0f, 11 * ui);
  char low[32], high[32];
  NumberStyle style;
  style.decimals = range.integral ? 0 : end >= 10 ? 1 : end >= 0.1 ? 2 : 4;
  style.max_chars = 7;
  // What lies beyond the ends has their shade.
  const bool beyond = range.strong > 0;
  const auto written = [&](double value, std::string_view sign, char* out) {
    const auto prefix = static_cast<int>(beyond ? sign.copy(out, sign.size()) : 0);
    return prefix + format_styled(value, style, out + prefix, 24);
  };
  const int low_length = written(-end, "\u2264 ", low), high_length = written(end, "\u2265 ", high);
  const bool both = range.min < 0;
  const std::string_view low_words =
      both ? std::string_view{low, static_cast<size_t>(low_length)} : std::string_view{"0"};
  const std::string_view high_words{high, static_cast<size_t>(high_length)};
  const float middle = y + kLegendHeight * ui / 2, gap = 5 * ui;
  const float low_width = painter.width(low_words, Face::sans, size),
              high_width = painter.width(high_words, Face::sans, size);
  const Box bar{x + low_width + gap, middle - 4 * ui, x + width - high_width - gap, middle + 4 * ui};
  Raster raster;
  raster.tensor = scale_ramp();
  raster.id = id;
  raster.low = -1;
  raster.high = 1;
  const double texels = static_cast<double>(raster.tensor.shape()[3]);
  raster.u0 = both ? 0 : texels / 2;
  raster.u1 = texels;
  painter.raster(bar, std::move(raster));
  painter.refer(painter.box(bar, Role::secondary, Fill::none, Outline::hairline), {});  // no cells to point at
  painter.text(low_words, x, middle, size, Role::secondary);
  painter.text(high_words, x + width, middle, size, Role::secondary, Align::right);
}

void draw_stack_label(StageFrame& frame, char name, int64_t first, int64_t second, int64_t position, int64_t count,
                      float x, float y) {
  char words[96];
  const int length = stack_label(words, sizeof words, name, first, second, position, count);
  frame.painter.text({words, static_cast<size_t>(length)}, x, y - kLabelHeight * frame.stage.ui * 0.5f,
                     kLabelSize * frame.stage.ui, Role::secondary, Align::left, Face::mono);
}

float stack_label_width(const Painter& painter, char name, int64_t first, int64_t second, int64_t count, float ui) {
  char words[96];
  const int length = stack_label(words, sizeof words, name, first, second, count - 1, count);
  return painter.width({words, static_cast<size_t>(length)}, Face::mono, kLabelSize * ui);
}

void draw_place_label(StageFrame& frame, const Grid& grid, char name, Role role, int64_t first, int64_t second) {
  if (frame.stage.zoom <= 1 || grid.y - static_cast<double>(kNameTagHeight * frame.stage.ui) >= 0) return;
  Painter& painter = frame.painter;
  const Grid::Range seen = grid.visible(painter.viewport());
  const float ui = frame.stage.ui;
  if (seen.row1 <= seen.row0 || seen.col1 <= seen.col0) return;
  const float room_h = std::min(painter.viewport().y1, static_cast<float>(grid.top(static_cast<double>(seen.row1))));
  if (room_h < 60 * ui) return;
  thread_local std::string words;  // keeps its memory from frame to frame
  words.clear();
  char slice[64], numbers[4][24];
  const int length = std::snprintf(slice, sizeof slice, "%c[%lld, %lld]", name, static_cast<long long>(first),
                                   static_cast<long long>(second));
  const int64_t ends[4] = {seen.row0, seen.row1 - 1, seen.col0, seen.col1 - 1};
  std::string_view args[4];
  for (int i = 0; i < 4; ++i) {
    args[i] = {numbers[i], static_cast<size_t>(
                               std::snprintf(numbers[i], sizeof numbers[i], "%lld", static_cast<long long>(ends[i])))};
  }
  append_words(words, words_of(frame.request.language, "scene.place"),
               {{slice, static_cast<size_t>(length)}, args[0], args[1], args[2], args[3]});
  const float size = kLabelSize * ui;
  const float x = std::max(0.0f, static_cast<float>(grid.x)) + 10 * ui,
              y = std::max(0.0f, static_cast<float>(grid.y)) + 10 * ui;
  const float width = painter.width(words, Face::sans, size) + 16 * ui;
  painter.box({x, y, x + width, y + 26 * ui}, Role::canvas, Fill::full, Outline::none, 4).opacity = 0.9f;
  painter.box({x, y, x + width, y + 26 * ui}, role, Fill::none, Outline::solid, 4);
  painter.text(words, x + 8 * ui, y + 13 * ui, size, Role::text);
}

void draw_too_small(StageFrame& frame) { draw_only_words(frame, words_of(frame.request.language, "scene.too_small")); }

void draw_only_words(StageFrame& frame, std::string_view words) {
  Painter& painter = frame.painter;
  const Box room = painter.viewport();
  const float width = painter.width(words, Face::sans, kLabelSize);
  const float size = std::max(1.0f, width > room.width() - 8 ? kLabelSize * (room.width() - 8) / width : kLabelSize);
  painter.text(words, room.width() / 2, room.height() / 2, size, Role::secondary, Align::center);
}

void draw_sign(StageFrame& frame, std::string_view sign, double x, double y) {
  frame.painter.text(sign, frame.stage.seen_x(x), frame.stage.seen_y(y), 26 * frame.stage.ui, Role::text,
                     Align::center);
}

}  // namespace convscope
