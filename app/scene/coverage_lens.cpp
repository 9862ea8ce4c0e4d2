// How many windows use each cell of X: the border less than the middle, and what the floor leaves over not at all.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "app/scene/cells.h"
#include "app/scene/coverage_layout.h"
#include "app/scene/lens.h"
#include "app/scene/per_half.h"
#include "app/scene/words.h"
#include "engine/coverage.h"

namespace convscope {
namespace {

struct Counted {
  ConvPlan plan;
  bool known = false;
  Coverage coverage;
  Tensor counts;  // (1, 1, rows, columns), for textures: of every cell, or of evenly spaced ones
};

// The last plan's counts. They are a step's business neither way: a clip asks for them once.
Counted& counted(const ConvPlan& plan) {
  thread_local PerHalf<Counted> all;
  Counted& kept = all.now();
  if (!kept.known || !(kept.plan == plan)) kept = {plan, true, Coverage(plan), {}};
  return kept;
}

const Tensor& counts_as_tensor(Counted& c) {
  if (c.counts.defined()) return c.counts;
  // Beyond this nobody sees single cells in a texture, and making one would hold up the window.
  constexpr int64_t kMostSide = 2048;
  const int64_t rows = std::min(c.plan.in.h, kMostSide), cols = std::min(c.plan.in.w, kMostSide);
  auto made = Tensor::zeros({1, 1, rows, cols}, DType::float32);
  if (!made.ok()) return c.counts;
  c.counts = *std::move(made);
  float* out = c.counts.mutable_data<float>();
  const auto sampled = [](int64_t i, int64_t count, int64_t extent) {
    return static_cast<int64_t>((static_cast<double>(i) + 0.5) / static_cast<double>(count) *
                                static_cast<double>(extent));
  };
  std::vector<int64_t> columns;
  columns.reserve(static_cast<size_t>(cols));
  for (int64_t x = 0; x < cols; ++x) {
    columns.push_back(c.coverage.columns().windows(sampled(x, cols, c.plan.in.w)));
  }
  for (int64_t y = 0; y < rows; ++y) {
    const int64_t row = c.coverage.rows().windows(sampled(y, rows, c.plan.in.h));
    for (const int64_t column : columns) *out++ = static_cast<float>(row * column);
  }
  return c.counts;
}

// A line of the words below the counts; false when there is none.
bool append_line(std::string& out, Language language, const ConvPlan& plan, const Coverage& coverage, int line) {
  const Digits least(coverage.least()), most(coverage.most()), windows(plan.positions()),
      unused(coverage.unused_cells()), kernels(plan.kernels_per_group());
  if (line == 0) {
    const char* key = coverage.least() == coverage.most() ? "scene.coverage_same" : "scene.coverage_range";
    append_words(out, words_of(language, key), {least, most, windows});
    return true;
  }
  if (line == 1 && (coverage.unused_cells() > 0 || plan.kernels_per_group() > 1)) {
    if (coverage.unused_cells() > 0) {
      append_words(
          out, words_of(language, coverage.unused_cells() == 1 ? "scene.coverage_unused_one" : "scene.coverage_unused"),
          {unused});
    }
    if (plan.kernels_per_group() > 1) {
      if (coverage.unused_cells() > 0) out += "   ";
      append_words(out, words_of(language, "scene.coverage_kernels"), {kernels});
    }
    return true;
  }
  return false;
}

// The bands of rows and columns at the ends that no window reaches.
void draw_unused_bands(LensFrame& frame, const Grid& grid, const Coverage& coverage) {
  const ConvPlan& plan = frame.plan;
  const auto band = [&](double row, double col, double rows, double cols) {
    if (rows <= 0 || cols <= 0) return;
    const Box box{static_cast<float>(grid.left(col)), static_cast<float>(grid.top(row)),
                  static_cast<float>(grid.left(col + cols)), static_cast<float>(grid.top(row + rows))};
    frame.painter.box(box, Role::unused, Fill::hatch, Outline::none);
  };
  int64_t h = plan.in.h, w = plan.in.w;
  while (h > 0 && coverage.rows().windows(h - 1) == 0) --h;
  while (w > 0 && coverage.columns().windows(w - 1) == 0) --w;
  band(static_cast<double>(h), 0, static_cast<double>(plan.in.h - h), static_cast<double>(plan.in.w));
  band(0, static_cast<double>(w), static_cast<double>(h), static_cast<double>(plan.in.w - w));
}

void draw_counts(LensFrame& frame, const Grid& grid, Counted& counted, const NumberRange& numbers) {
  const ConvPlan& plan = frame.plan;
  const Coverage& coverage = counted.coverage;
  Painter& painter = frame.painter;
  const int64_t channel = frame.group * plan.channels_per_group();
  const Box real{static_cast<float>(grid.left(0)), static_cast<float>(grid.top(0)),
                 static_cast<float>(grid.left(static_cast<double>(plan.in.w))),
                 static_cast<float>(grid.top(static_cast<double>(plan.in.h)))};
  if (!cell_by_cell(grid)) {
    Raster raster;
    raster.tensor = counts_as_tensor(counted);
    if (raster.tensor.defined()) {
      raster.id = TensorId::input;
      raster.high = static_cast<float>(std::max(1.0, numbers.max));
      raster.low = -raster.high;
      raster.u1 = static_cast<double>(raster.tensor.shape()[3]);
      raster.v1 = static_cast<double>(raster.tensor.shape()[2]);
      // Pointing at it means the input's cells.
      raster.cell_x1 = static_cast<double>(plan.in.w);
      raster.cell_y1 = static_cast<double>(plan.in.h);
      raster.cell_n = frame.cell.n;
      raster.cell_c = channel;
      painter.raster(real, std::move(raster));
    }
    draw_unused_bands(frame, grid, coverage);
    if (plan.pads != Pads{}) painter.box(grid.bounds(), Role::padding, Fill::none, Outline::dashed);
    painter.box(real, Role::input, Fill::none, Outline::solid);
    if (const auto& output = frame.hover.output()) {
      const Pair origin = window_origin(plan, *output), extent = plan.effective_kernel();
      draw_hover_marker(frame, grid.area(static_cast<double>(origin.h), static_cast<double>(origin.w),
                                         static_cast<double>(extent.h), static_cast<double>(extent.w)));
    } else if (frame.hover.active() && frame.hover.self().tensor == TensorId::input) {
      draw_hover_marker(frame, grid.cell(frame.hover.self().y, frame.hover.self().x));
    }
    return;
  }
  const NumberStyle style = numbers_for(frame, grid, numbers);
  const Grid::Range range = grid.visible(painter.viewport());
  for (int64_t y = range.row0; y < range.row1; ++y) {
    const int64_t row = y < 0 || y >= plan.in.h ? 0 : coverage.rows().windows(y);
    for (int64_t x = range.col0; x < range.col1; ++x) {
      const Box box = grid.cell(y, x);
      const bool padding = y < 0 || y >= plan.in.h || x < 0 || x >= plan.in.w;
      const CellRef ref{TensorId::input, frame.cell.n, channel, y, x};
      if (padding) {
        painter.refer(painter.box(box, Role::padding, Fill::none, Outline::dashed, grid.radius()), ref);
        continue;
      }
      const auto count = static_cast<double>(row * coverage.columns().windows(x));
      Mark& mark = painter.box(box, Role::input, Fill::value, Outline::hairline, grid.radius());
      mark.value = scale_of(numbers, count);
      painter.refer(mark, ref);
      if (count == 0) painter.box(box, Role::unused, Fill::hatch, Outline::none, grid.radius());
      if (!style.drawn()) continue;
      const float mx = (box.x0 + box.x1) / 2, my = (box.y0 + box.y1) / 2;
      if (count == 0) {
        // A plate, so that the hatch does not run through the digit.
        const float half = style.size * 0.6f;
        painter.box({mx - half, my - half, mx + half, my + half}, Role::canvas, Fill::full, Outline::none, half);
      }
      Mark& text = painter.number(count, style, mx, my, Role::input, Fill::value);
      text.value = scale_of(numbers, count);
    }
  }
  if (plan.pads != Pads{}) painter.box(real, Role::input, Fill::none, Outline::solid, grid.radius());
}

// Counts of the rows and columns alone: a cell's is one times the other.
void draw_margins(LensFrame& frame, const Grid& grid, const Coverage& coverage, const NumberRange& numbers) {
  const ConvPlan& plan = frame.plan;
  Painter& painter = frame.painter;
  const Grid::Range range = grid.visible(painter.viewport());
  const auto cell = static_cast<float>(grid.pitch * kCoverageMargin);
  const NumberStyle style = painter.fit(numbers, cell, cell);
  if (!style.drawn()) return;
  const float size = std::min(style.size, 17 * frame.stage.ui);
  const auto x0 = static_cast<float>(grid.x) - cell * 0.5f, y0 = static_cast<float>(grid.y) - cell * 0.5f;
  for (int64_t y = std::max<int64_t>(0, range.row0); y < std::min(plan.in.h, range.row1); ++y) {
    const Box box = grid.cell(y, grid.col0);
    painter.text(Digits(coverage.rows().windows(y)), x0, (box.y0 + box.y1) / 2, size, Role::secondary, Align::center);
  }
  for (int64_t x = std::max<int64_t>(0, range.col0); x < std::min(plan.in.w, range.col1); ++x) {
    const Box box = grid.cell(grid.row0, x);
    painter.text(Digits(coverage.columns().windows(x)), (box.x0 + box.x1) / 2, y0, size, Role::secondary,
                 Align::center);
  }
  painter.text("\u00d7", x0, y0, size, Role::secondary, Align::center);
}

void draw_window_over_counts(LensFrame& frame, const Grid& grid) {
  const ConvPlan& plan = frame.plan;
  Painter& painter = frame.painter;
  const WindowPosition at = window_at(plan, frame.step, frame.phase.glide);
  const Pair extent = plan.effective_kernel();
  Box box = grid.area(at.y, at.x, static_cast<double>(extent.h), static_cast<double>(extent.w));
  const float smallest = 10 * frame.stage.ui, mx = (box.x0 + box.x1) / 2, my = (box.y0 + box.y1) / 2;
  const float w = std::max(box.width(), smallest) / 2, h = std::max(box.height(), smallest) / 2;
  const float grow = std::max(1.0f, frame.stage.ui) * 1.5f;
  box = {mx - w - grow, my - h - grow, mx + w + grow, my + h + grow};
  if (!cell_by_cell(grid)) {
    painter.box(box, Role::canvas, Fill::none, Outline::ring, 3).size = 3 * std::max(1.0f, frame.stage.ui);
  } else if (plan.dilation.h > 1 || plan.dilation.w > 1) {
    for (int64_t ky = 0; ky < plan.kernel.h; ++ky) {
      for (int64_t kx = 0; kx < plan.kernel.w; ++kx) {
        painter.box(grid.area(at.y + static_cast<double>(ky * plan.dilation.h),
                              at.x + static_cast<double>(kx * plan.dilation.w), 1, 1),
                    Role::window, Fill::none, Outline::solid, grid.radius());
      }
    }
  }
  painter.box(box, Role::window, Fill::none, Outline::thick, 3);
}

}  // namespace

void build_coverage_lens(LensFrame& frame) {
  const ConvPlan& plan = frame.plan;
  const Stage& stage = frame.stage;
  Painter& painter = frame.painter;
  const Language language = frame.request.language;
  Counted& known = counted(plan);
  const Coverage& coverage = known.coverage;
  const NumberRange numbers{0, static_cast<double>(coverage.most()), true};

  thread_local std::string words;  // keeps its memory from frame to frame
  int lines = 0;
  double words_w = 0;
  for (words.clear(); append_line(words, language, plan, coverage, lines); words.clear(), ++lines) {
    words_w = std::max(words_w, static_cast<double>(painter.width(words, Face::sans, kCoverageWordsSize * stage.ui)));
  }
  const CoverageLayout& layout = coverage_layout(
      plan, stage, painter, lines, words_w, {numbers, range_of(frame.tensors.weight), range_of(frame.tensors.output)});
  if (!layout.good) {
    draw_too_small(frame);
    return;
  }
  const float ui = stage.ui;
  const bool labels = plan.batch > 1 || plan.in_channels > 1 || plan.out_channels > 1;
  const float label_height = labels ? kLabelHeight * ui : 0;
  const float rise = kSheetOffset * ui * static_cast<float>(std::min<int64_t>(plan.out_channels - 1, 3));

  {
    const Grid grid = stage.seen(layout.counts);
    draw_counts(frame, grid, known, numbers);
    if (layout.margins) draw_margins(frame, grid, coverage, numbers);
    draw_window_over_counts(frame, grid);
    draw_rings(frame, grid, {TensorId::input, frame.cell.n, frame.group * plan.channels_per_group(), 0, 0});
    const auto margin = static_cast<float>(layout.margins ? kCoverageMargin * grid.pitch : 0);
    const auto x = static_cast<float>(grid.x) - margin, y = static_cast<float>(grid.y) - margin;
    painter.text(words_of(language, "scene.coverage_counts"), x, y - kLabelHeight * ui * 0.5f, kLabelSize * ui,
                 Role::secondary);
    draw_name_tag(frame, "X", plan.input_shape(), Role::input, x, y - kLabelHeight * ui);
    const float legend = std::clamp(static_cast<float>(grid.width()), 110 * ui, 260 * ui);
    draw_legend(frame, TensorId::input, numbers, static_cast<float>(grid.x),
                static_cast<float>(grid.y + grid.height()) + 4 * ui, legend);
  }
  {
    const Grid grid = stage.seen(layout.weight);
    if (plan.out_channels > 1)
      draw_sheets_behind(frame, grid, static_cast<int>(std::min<int64_t>(plan.out_channels - 1, 3)), Role::weight);
    draw_weight_slice(frame, grid, frame.cell.c, 0, 1, layout.weight.pitch < kMinCellPitch);
    const auto x = static_cast<float>(grid.x), y = static_cast<float>(grid.y) - rise;
    if (labels) draw_stack_label(frame, 'W', frame.cell.c, 0, frame.cell.c, plan.out_channels, x, y);
    draw_name_tag(frame, "W", plan.weight_shape(), Role::weight, x, y - label_height);
  }
  {
    const Grid grid = stage.seen(layout.output);
    if (plan.out_channels > 1)
      draw_sheets_behind(frame, grid, static_cast<int>(std::min<int64_t>(plan.out_channels - 1, 3)), Role::output);
    draw_output_channel(frame, grid, frame.cell.n, frame.cell.c, 1, layout.output.pitch < kMinCellPitch);
    const auto x = static_cast<float>(grid.x), y = static_cast<float>(grid.y) - rise - 2;
    if (labels) draw_stack_label(frame, 'Y', frame.cell.n, frame.cell.c, frame.cell.c, plan.out_channels, x, y);
    draw_name_tag(frame, "Y", plan.output_shape(), Role::output, x, y - label_height);
  }

  float size = kCoverageWordsSize * ui;
  if (words_w > layout.words_w) size *= static_cast<float>(layout.words_w / words_w);
  float y = stage.seen_y(layout.words_y);
  int line = 0;
  for (words.clear(); append_line(words, language, plan, coverage, line); words.clear(), ++line) {
    painter.text(words, stage.seen_x(layout.words_x + layout.words_w / 2), y, size, Role::text, Align::center);
    y += static_cast<float>(layout.words_step);
  }
}

}  // namespace convscope
