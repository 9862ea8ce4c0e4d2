// The algorithm as code beside a small sliding picture: the line of the moment is lit, the variables have values.
#include <algorithm>
#include <cstdio>
#include <string>

#include "app/scene/lens.h"
#include "app/scene/loop_code.h"
#include "app/scene/loop_layout.h"
#include "app/scene/words.h"

namespace convscope {
namespace {

// The values of the moment.
struct Values {
  int64_t n = 0, k = 0, p = 0, q = 0, c = 0, r = 0, s = 0;  // c within the group
  int64_t tap = 0;                                          // the last one multiplied
};

Values values_of(const LensFrame& frame) {
  const ConvPlan& plan = frame.plan;
  Values v{frame.cell.n, frame.cell.c, frame.cell.y, frame.cell.x, 0, 0, 0, 0};
  const auto taps = static_cast<double>(plan.taps());
  v.tap =
      std::clamp<int64_t>(static_cast<int64_t>(static_cast<double>(frame.phase.products) * taps), 0, plan.taps() - 1);
  const int64_t area = plan.kernel.h * plan.kernel.w;
  v.c = v.tap / area;
  v.r = v.tap / plan.kernel.w % plan.kernel.h;
  v.s = v.tap % plan.kernel.w;
  return v;
}

// What happens at this moment: first the loop that moved on, then its window, then the products, then the cell.
CodeAct act_of(const LensFrame& frame) {
  if (!frame.phase.arrived() || (frame.step == 0 && frame.phase.products <= 0)) {
    if (frame.step > 0 && frame.phase.glide < 0.5f) {
      const OutputCell before = cell_of_step(frame.plan, frame.step - 1);
      if (before.n != frame.cell.n) return CodeAct::image;
      if (before.c != frame.cell.c) return CodeAct::kernel;
      if (before.y != frame.cell.y) return CodeAct::row;
      return CodeAct::column;
    }
    return frame.phase.glide < 0.8f ? CodeAct::place : CodeAct::window;
  }
  return frame.phase.products < 1 ? CodeAct::multiply : CodeAct::store;
}

// The line that does it, or the nearest thing that the algorithm has.
size_t current_line(std::span<const CodeLine> code, CodeAct act) {
  const CodeAct wanted[] = {act, act == CodeAct::store ? CodeAct::multiply : CodeAct::window, CodeAct::multiply};
  for (const CodeAct one : wanted) {
    for (size_t i = 0; i < code.size(); ++i) {
      if (code[i].act == one) return i;
    }
  }
  return code.size() - 1;
}

// The value that a line gives its variable; 0 for lines without one.
int value_text(const LensFrame& frame, Algorithm algorithm, const Values& v, CodeAct act, char* out, size_t capacity) {
  const ConvPlan& plan = frame.plan;
  const auto wide = [](int64_t value) { return static_cast<long long>(value); };
  const auto variable = [&](const char* name, int64_t value) {
    return std::snprintf(out, capacity, "%s = %lld", name, wide(value));
  };
  const bool absolute = algorithm == Algorithm::im2col_per_channel;
  const int64_t channel = frame.group * plan.channels_per_group() + v.c;
  const int64_t y0 = v.p * plan.stride.h, x0 = v.q * plan.stride.w;
  switch (act) {
    case CodeAct::none:
      return 0;
    case CodeAct::image:
      return variable("n", v.n);
    case CodeAct::kernel:
      return algorithm == Algorithm::im2col ? variable("g", frame.group) : variable("k", v.k);
    case CodeAct::row:
      return variable("p", v.p);
    case CodeAct::column:
      return variable("q", v.q);
    case CodeAct::channel:
      return variable("c", absolute ? channel : v.c);
    case CodeAct::tap_row:
      return variable("r", v.r);
    case CodeAct::tap_column:
      return variable("s", v.s);
    case CodeAct::place:
      return std::snprintf(out, capacity, "y0, x0 = %lld, %lld", wide(y0), wide(x0));
    case CodeAct::window: {
      if (algorithm == Algorithm::naive) {
        return std::snprintf(out, capacity, "x[%lld, %lld, %lld, %lld]", wide(v.n), wide(channel),
                             wide(y0 + v.r * plan.dilation.h), wide(x0 + v.s * plan.dilation.w));
      }
      if (algorithm == Algorithm::toeplitz)
        return std::snprintf(out, capacity, "t[%lld]", wide(v.p * plan.out.w + v.q));
      const Pair extent = plan.effective_kernel();
      char channels[48];
      if (algorithm != Algorithm::slices && algorithm != Algorithm::im2col) {
        std::snprintf(channels, sizeof channels, "%lld", wide(channel));
      } else if (plan.groups == 1) {
        std::snprintf(channels, sizeof channels, ":");
      } else {
        const int64_t first = frame.group * plan.channels_per_group();
        std::snprintf(channels, sizeof channels, "%lld:%lld", wide(first), wide(first + plan.channels_per_group()));
      }
      char steps[2][24] = {"", ""};  // as the code has them
      if (plan.dilation.h > 1 && plan.kernel.h > 1)
        std::snprintf(steps[0], sizeof steps[0], ":%lld", wide(plan.dilation.h));
      if (plan.dilation.w > 1 && plan.kernel.w > 1)
        std::snprintf(steps[1], sizeof steps[1], ":%lld", wide(plan.dilation.w));
      return std::snprintf(out, capacity, "x[%lld, %s, %lld:%lld%s, %lld:%lld%s]", wide(v.n), channels, wide(y0),
                           wide(y0 + extent.h), steps[0], wide(x0), wide(x0 + extent.w), steps[1]);
    }
    case CodeAct::multiply: {
      if (frame.phase.products <= 0) return 0;
      const bool all = frame.phase.products >= 1;
      char number[24];
      const double value = all ? frame.arithmetic.sum : frame.arithmetic.values[static_cast<size_t>(v.tap)].partial;
      const int length = format_number(value, 10, number, sizeof number);
      return std::snprintf(out, capacity, "\u03a3 = %.*s", length, number);
    }
    case CodeAct::store: {
      if (!frame.phase.landed()) return 0;
      char number[24];
      const int length = format_number(frame.arithmetic.result, 10, number, sizeof number);
      return std::snprintf(out, capacity, "y = %.*s", length, number);
    }
  }
  return 0;
}

Role role_of_value(CodeAct act) {
  switch (act) {
    case CodeAct::image:
    case CodeAct::channel:
    case CodeAct::window:
    case CodeAct::place:
      return Role::input;
    case CodeAct::kernel:
    case CodeAct::tap_row:
    case CodeAct::tap_column:
      return Role::weight;
    case CodeAct::row:
    case CodeAct::column:
    case CodeAct::store:
    case CodeAct::multiply:
      return Role::output;
    case CodeAct::none:
      break;
  }
  return Role::text;
}

void draw_listing(LensFrame& frame, const LoopLayout& layout, std::span<const CodeLine> code, size_t lit, double y,
                  bool in_words, double width) {
  Painter& painter = frame.painter;
  const Stage& stage = frame.stage;
  const auto size = static_cast<float>(layout.size * stage.zoom);
  const double pad = layout.size * 0.35;
  const double top = y + static_cast<double>(lit) * layout.line;
  const Box box{stage.seen_x(layout.code_x - pad), stage.seen_y(top), stage.seen_x(layout.code_x + width + pad),
                stage.seen_y(top + layout.line)};
  painter.box(box, Role::accent, Fill::tint, Outline::none, 4);
  painter.box(box, Role::window, Fill::none, Outline::solid, 4);
  for (size_t i = 0; i < code.size(); ++i) {
    const float x = stage.seen_x(layout.code_x + code[i].indent * kCodeIndent * layout.size);
    const float middle = stage.seen_y(y + (static_cast<double>(i) + 0.5) * layout.line);
    if (in_words) {
      painter.text(code[i].words, x, middle, size, i == lit ? Role::text : Role::secondary);
    } else {
      painter.text(code[i].code, x, middle, size, Role::text, Align::left, Face::mono);
    }
  }
}

void draw_values(LensFrame& frame, const LoopLayout& layout, Algorithm algorithm, std::span<const CodeLine> code,
                 size_t lit) {
  Painter& painter = frame.painter;
  const Stage& stage = frame.stage;
  const Values values = values_of(frame);
  const auto size = static_cast<float>(layout.size * stage.zoom);
  float x = stage.seen_x(layout.code_x), y = stage.seen_y(layout.values_y);
  const auto step = static_cast<float>(layout.line * stage.zoom);
  int rows = 1;
  for (size_t i = 0; i < code.size(); ++i) {
    char text[96];
    const int length = value_text(frame, algorithm, values, code[i].act, text, sizeof text);
    if (length <= 0) continue;
    const std::string_view words{text, static_cast<size_t>(std::min(length, static_cast<int>(sizeof text) - 1))};
    const Role role = role_of_value(code[i].act);
    if (layout.values_beside) {
      painter.text(words, stage.seen_x(layout.values_x),
                   stage.seen_y(layout.code_y + (static_cast<double>(i) + 0.5) * layout.line), size, role, Align::left,
                   i == lit ? Face::bold : Face::mono);
      continue;
    }
    const float width = painter.width(words, Face::mono, size);
    if (x + width > stage.seen_x(layout.values_end) && x > stage.seen_x(layout.code_x)) {
      x = stage.seen_x(layout.code_x);
      y += step;
      if (++rows > 3) return;
    }
    painter.text(words, x, y, size, role, Align::left, Face::mono);
    x += width + size * 1.6f;
  }
}

}  // namespace

void build_loops_lens(LensFrame& frame) {
  const ConvPlan& plan = frame.plan;
  const Stage& stage = frame.stage;
  Painter& painter = frame.painter;
  const Language language = frame.request.language;
  const Algorithm algorithm = frame.request.computation->algorithm;
  const bool rgb = is_rgb(frame.tensors.input);
  const std::span<const CodeLine> code = loop_code(plan, algorithm, language);
  const LoopLayout& layout =
      loop_layout(plan, stage, painter, algorithm, code, rgb,
                  {range_of(frame.tensors.input), range_of(frame.tensors.weight), range_of(frame.tensors.output)});
  if (!layout.good) {
    draw_too_small(frame);
    return;
  }
  const size_t lit = current_line(code, act_of(frame));
  draw_listing(frame, layout, code, lit, layout.code_y, false,
               layout.code_w + (layout.values_beside ? layout.values_w : 0));
  draw_values(frame, layout, algorithm, code, lit);
  const auto size = static_cast<float>(layout.size * stage.zoom);
  if (layout.words) {
    painter.text(words_of(language, "scene.code_words"), stage.seen_x(layout.code_x),
                 stage.seen_y(layout.words_y - layout.line * 0.5), size, Role::text, Align::left, Face::bold);
    draw_listing(frame, layout, code, lit, layout.words_y, true,
                 layout.code_w + (layout.values_beside ? layout.values_w : 0));
  } else {
    painter.text(code[lit].words, stage.seen_x(layout.code_x), stage.seen_y(layout.words_y), size, Role::secondary);
  }

  // The small sliding picture, with the channel that is being multiplied.
  const bool labels = plan.batch > 1 || plan.in_channels > 1 || plan.out_channels > 1;
  const float label_height = labels ? kLabelHeight * stage.ui : 0;
  const auto rise_of = [&](bool stacked, int64_t count) {
    return stacked ? kSheetOffset * stage.ui * static_cast<float>(std::min<int64_t>(count - 1, 3)) : 0.0f;
  };
  const auto sheets = [&](const Grid& grid, bool stacked, int64_t count, Role role) {
    if (stacked) draw_sheets_behind(frame, grid, static_cast<int>(std::min<int64_t>(count - 1, 3)), role);
  };
  const int64_t c = values_of(frame).c, channel = frame.group * plan.channels_per_group() + c;
  {
    const Grid grid = stage.seen(layout.input);
    sheets(grid, layout.input_stacked, plan.in_channels, Role::input);
    InputStyle style;
    style.values = layout.input.pitch < kMinCellPitch;
    style.weights_in_window = false;
    style.rgb = rgb;
    draw_input_channel(frame, grid, frame.cell.n, rgb ? 0 : channel, style);
    const auto x = static_cast<float>(grid.x);
    const float y = static_cast<float>(grid.y) - rise_of(layout.input_stacked, plan.in_channels);
    if (labels && !rgb) draw_stack_label(frame, 'X', frame.cell.n, channel, channel, plan.in_channels, x, y);
    draw_name_tag(frame, "X", plan.input_shape(), Role::input, x, rgb ? y : y - label_height);
  }
  {
    const Grid grid = stage.seen(layout.weight);
    sheets(grid, layout.output_stacked, plan.out_channels, Role::weight);
    draw_weight_slice(frame, grid, frame.cell.c, c, 1, layout.weight.pitch < kMinCellPitch);
    const auto x = static_cast<float>(grid.x);
    const float y = static_cast<float>(grid.y) - rise_of(layout.output_stacked, plan.out_channels);
    if (labels) draw_stack_label(frame, 'W', frame.cell.c, c, frame.cell.c, plan.out_channels, x, y);
    draw_name_tag(frame, "W", plan.weight_shape(), Role::weight, x, y - label_height);
  }
  const Grid output = stage.seen(layout.output);
  sheets(output, layout.output_stacked, plan.out_channels, Role::output);
  draw_output_channel(frame, output, frame.cell.n, frame.cell.c, 1, layout.output.pitch < kMinCellPitch);
  const auto x = static_cast<float>(output.x);
  const float y = static_cast<float>(output.y) - rise_of(layout.output_stacked, plan.out_channels) - 2;
  if (labels) draw_stack_label(frame, 'Y', frame.cell.n, frame.cell.c, frame.cell.c, plan.out_channels, x, y);
  draw_name_tag(frame, "Y", plan.output_shape(), Role::output, x, y - label_height);
  const Grid weight = stage.seen(layout.weight);
  draw_landing_sum(frame, static_cast<float>(weight.x + weight.width() / 2),
                   static_cast<float>(weight.y + weight.height() / 2), output);
}

}  // namespace convscope
