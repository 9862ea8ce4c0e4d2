// The curve of a loss over iterations.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "app/scene/gradient_lens.h"
#include "app/scene/words.h"

namespace convscope {
namespace {

/// Where losses stand on the upright axis.
struct LossScale {
  double low = 0, high = 1;
  bool logarithmic = false;
  double at(double loss) const {
    if (!logarithmic) return std::clamp((loss - low) / (high - low), 0.0, 1.0);
    return std::clamp((std::log10(std::max(loss, low)) - std::log10(low)) / (std::log10(high) - std::log10(low)), 0.0,
                      1.0);
  }
};

LossScale scale_of_losses(const LearningPath& path) {
  const auto [least, most] = std::minmax_element(path.losses.begin(), path.losses.end());
  LossScale scale;
  scale.high = *most > 0 ? *most : 1;
  // From two decades on a line would lie on the axis.
  constexpr double kDecades = 100, kLowest = 1e-12;
  scale.logarithmic = *most > 0 && *least * kDecades < *most;
  if (scale.logarithmic) {
    scale.low = std::pow(10.0, std::floor(std::log10(std::max(*least, *most * kLowest))));
    scale.high = std::pow(10.0, std::ceil(std::log10(*most)));
  }
  return scale;
}

// "1000", "1e-06": what stands at the axis.
int axis_number(double value, bool logarithmic, char* out, size_t capacity) {
  return std::snprintf(out, capacity, logarithmic ? "%g" : "%.3g", value);
}

}  // namespace

void draw_loss_plot(StageFrame& frame, const Box& box, const LearningPath& path, int64_t steps, int64_t iteration) {
  Painter& painter = frame.painter;
  const float ui = frame.stage.ui, size = std::max(9.0f, 11 * ui), gap = 5 * ui;
  const LossScale scale = scale_of_losses(path);
  char words[48];
  float axis_width = 0;
  const auto number = [&](double value) -> std::string_view {
    return {words, static_cast<size_t>(axis_number(value, scale.logarithmic, words, sizeof words))};
  };
  constexpr int kMostLines = 5;
  const double decades = scale.logarithmic ? std::round(std::log10(scale.high / scale.low)) : 0;
  const double every = std::max(1.0, std::ceil(decades / (kMostLines - 1)));
  const int lines = scale.logarithmic ? static_cast<int>(decades / every) + 1 : 3;
  const auto value_of = [&](int line) {
    return scale.logarithmic ? scale.high / std::pow(10.0, every * line)
                             : scale.high - (scale.high - scale.low) * line / (lines - 1);
  };
  for (int line = 0; line < lines; ++line) {
    axis_width = std::max(axis_width, painter.width(number(value_of(line)), Face::sans, size));
  }
  const float title = kNameTagHeight * ui;
  const Box plot{box.x0 + axis_width + gap, box.y0 + title, box.x1 - 8 * ui, box.y1 - 2.0f * size};
  if (plot.width() < 40 || plot.height() < 24) return;

  // The title line: what it is, and its value here.
  const float middle = box.y0 + title * 0.45f;
  const Mark& name = painter.text("loss", plot.x0, middle, kNameTagSize * ui, Role::accent, Align::left, Face::bold);
  const float name_width = name.box.width();
  thread_local std::string value;  // keeps its memory from frame to frame
  value.clear();
  append_words(value, words_of(frame.request.language, "scene.loss_here"),
               {Digits(path.losses[static_cast<size_t>(iteration)])});
  painter.text(value, plot.x0 + name_width + 8 * ui, middle, 14 * ui, Role::text);

  const auto x_of = [&](double t) {
    return plot.x0 + plot.width() * static_cast<float>(t / static_cast<double>(std::max<int64_t>(steps, 1)));
  };
  const auto y_of = [&](int64_t t) {
    return plot.y1 - plot.height() * static_cast<float>(scale.at(path.losses[static_cast<size_t>(t)]));
  };
  for (int line = 0; line < lines; ++line) {
    const float y = plot.y1 - plot.height() * static_cast<float>(scale.at(value_of(line)));
    painter.line(plot.x0, y, plot.x1, y, Role::border, 0);
    painter.text(number(value_of(line)), plot.x0 - gap, y, size, Role::secondary, Align::right);
  }
  painter.line(plot.x0, plot.y0, plot.x0, plot.y1, Role::secondary, 0);
  painter.line(plot.x0, plot.y1, plot.x1, plot.y1, Role::secondary, 0);
  const float below = plot.y1 + size;
  painter.text("0", plot.x0, below, size, Role::secondary, Align::center);
  painter.text(Digits(steps), plot.x1, below, size, Role::secondary, Align::center);
  painter.text(words_of(frame.request.language, "scene.iteration_axis"), (plot.x0 + plot.x1) / 2, below, size,
               Role::secondary, Align::center);

  // As many points as there are pixels to tell them apart.
  const int64_t last = path.last();
  const int64_t stride = std::max<int64_t>(1, last / std::max<int64_t>(1, static_cast<int64_t>(plot.width())));
  const auto curve = [&](int64_t from, int64_t to, float opacity, float width) {
    for (int64_t t = from; t < to;) {
      const int64_t next = std::min(to, t + stride);
      painter
          .line(x_of(static_cast<double>(t)), y_of(t), x_of(static_cast<double>(next)), y_of(next), Role::accent, width)
          .opacity = opacity;
      t = next;
    }
  };
  curve(iteration, last, 0.3f, 1.5f * std::max(1.0f, ui));
  curve(0, iteration, 1, 2.2f * std::max(1.0f, ui));
  const float r = 4.5f * std::max(1.0f, ui), x = x_of(static_cast<double>(iteration)), y = y_of(iteration);
  painter.line(x, plot.y0, x, plot.y1, Role::accent, 0).opacity = 0.5f;
  painter.box({x - r, y - r, x + r, y + r}, Role::accent, Fill::full, Outline::none, r);
  painter.box({x - r, y - r, x + r, y + r}, Role::canvas, Fill::none, Outline::ring, r).size = 1.5f;

  // Pointing anywhere above an iteration means it.
  const int64_t shown = last / stride;
  for (int64_t i = 0; i <= shown; ++i) {
    const int64_t t = std::min(last, i * stride);
    const double half = static_cast<double>(stride) / 2;
    const Box column{std::max(plot.x0 - 4, x_of(static_cast<double>(t) - half)), plot.y0,
                     std::min(plot.x1 + 4, x_of(static_cast<double>(t) + half)), plot.y1};
    painter.refer(painter.box(column, Role::accent, Fill::none), {TensorId::loss, 0, 0, 0, t});
  }
  if (frame.request.hovered && frame.request.hovered->tensor == TensorId::loss) {
    const int64_t t = std::clamp<int64_t>(frame.request.hovered->x, 0, last);
    const float hx = x_of(static_cast<double>(t)), hy = y_of(t);
    draw_hover_ring(frame, {hx - r, hy - r, hx + r, hy + r}, r);
  }
}

}  // namespace convscope
