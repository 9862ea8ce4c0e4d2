#include "app/scene/operation_overview.h"

#include <algorithm>

#include "app/scene/tensor_view.h"

namespace convscope {
namespace {

bool has_channels(const Shape& shape) {
  int64_t slices = 1;
  for (int axis = 0; axis < shape.rank() - 2; ++axis) slices *= shape[axis];
  return slices > 1;
}

double head_height(const StageFrame& frame, const Shape& input, const Shape& output) {
  const bool labels = has_channels(input) || has_channels(output);
  return static_cast<double>((kNameTagHeight + (labels ? kLabelHeight : 0)) * frame.stage.ui);
}

}  // namespace

OperationOverview operation_overview(const StageFrame& frame, Pair input, Pair output, const Shape& input_shape,
                                     const Shape& output_shape) {
  OperationOverview result;
  const Box& content = frame.stage.content;
  const auto u = static_cast<double>(frame.stage.ui);
  const double head = head_height(frame, input_shape, output_shape), foot = static_cast<double>(kLegendHeight) * u,
               between = 64 * u;
  const auto w = static_cast<double>(content.width()), h = static_cast<double>(content.height());
  const auto count = [](int64_t cells) { return static_cast<double>(cells); };
  // One scale for both: that Y is larger or smaller than X is what the operation does.
  const double side = std::min((w - between) / (count(input.w) + count(output.w)),
                               (h - head - foot) / std::max(count(input.h), count(output.h)));
  const double upright = std::min(w / std::max(count(input.w), count(output.w)),
                                  (h - 2 * (head + foot) - 24 * u) / (count(input.h) + count(output.h)));
  const bool beside = side >= upright;
  double pitch = std::min(beside ? side : upright, 60 * u);
  if (pitch >= 8) pitch = std::floor(pitch);
  if (pitch <= 0 || std::min(w, h) < 60 * u) return result;
  result.good = true;
  const double xw = count(input.w) * pitch, xh = count(input.h) * pitch, yw = count(output.w) * pitch,
               yh = count(output.h) * pitch;
  const double cx = static_cast<double>(content.x0) + w / 2, cy = static_cast<double>(content.y0) + h / 2;
  if (beside) {
    const double left = cx - (xw + between + yw) / 2, middle = cy + (head - foot) / 2;
    result.input = {left, middle - xh / 2, pitch, 0, 0, input.h, input.w};
    result.output = {left + xw + between, middle - yh / 2, pitch, 0, 0, output.h, output.w};
    result.arrow_x0 = left + xw + 14 * u;
    result.arrow_x1 = left + xw + between - 14 * u;
    result.arrow_y0 = result.arrow_y1 = middle;
  } else {
    const double top = cy - (2 * (head + foot) + 24 * u + xh + yh) / 2 + head;
    result.input = {cx - xw / 2, top, pitch, 0, 0, input.h, input.w};
    result.output = {cx - yw / 2, top + xh + foot + 24 * u + head, pitch, 0, 0, output.h, output.w};
    result.arrow_x0 = result.arrow_x1 = cx;
    result.arrow_y0 = top + xh + foot * 0.4;
    result.arrow_y1 = result.output.y - 10 * u;
  }
  return result;
}

void draw_overview_furniture(StageFrame& frame, const OperationOverview& overview, int64_t n, int64_t input_channel,
                             int64_t output_channel, const Shape& input_shape, const Shape& output_shape, bool rgb) {
  const Stage& stage = frame.stage;
  const auto furnish = [&](const Grid& own, const char* name, TensorId id, Role role, const Shape& shape,
                           const Tensor& tensor, int64_t channel, bool coloured) {
    const Grid grid = stage.seen(own);
    const auto x = static_cast<float>(grid.x), y = static_cast<float>(grid.y) - 2;
    const int64_t channels = TensorView(tensor).channels();
    const bool labels = has_channels(shape) && !coloured;
    if (labels) draw_stack_label(frame, name[0], n, channel, channel, channels, x, y);
    draw_name_tag(frame, name, shape, role, x, labels ? y - kLabelHeight * stage.ui : y);
    if (!coloured) {
      draw_legend(frame, id, range_of(tensor), x, static_cast<float>(grid.y + grid.height()) + 2,
                  std::min(static_cast<float>(grid.width()), 220 * stage.ui));
    }
    draw_place_label(frame, grid, name[0], role, n, channel);
  };
  furnish(overview.input, "X", TensorId::input, Role::input, input_shape, frame.tensors.input, input_channel, rgb);
  furnish(overview.output, "Y", TensorId::output, Role::output, output_shape, frame.tensors.output, output_channel,
          rgb);
  if (overview.arrow_x0 == overview.arrow_x1) return;  // one above the other: the names say it
  frame.painter.arrow(stage.seen_x(overview.arrow_x0), stage.seen_y(overview.arrow_y0), stage.seen_x(overview.arrow_x1),
                      stage.seen_y(overview.arrow_y1), Role::secondary, 2);
}

void draw_found_box(StageFrame& frame, Box box, Role role) {
  const float smallest = 10 * frame.stage.ui, mx = (box.x0 + box.x1) / 2, my = (box.y0 + box.y1) / 2;
  const float w = std::max(box.width(), smallest) / 2, h = std::max(box.height(), smallest) / 2;
  box = {mx - w, my - h, mx + w, my + h};
  frame.painter.box(box, Role::canvas, Fill::none, Outline::ring, 2).size = 3 * std::max(1.0f, frame.stage.ui);
  frame.painter.box(box, role, Fill::none, Outline::thick, 2);
}

}  // namespace convscope
