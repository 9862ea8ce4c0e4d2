#include "engine/window_axes.h"

#include "engine/output_size.h"

namespace convscope {

Spatial Windows::all(int64_t WindowAxis::*member) const {
  Spatial values = Spatial::all(dims, 0);
  for (int i = 0; i < dims; ++i) values[i] = axis(i).*member;
  return values;
}

Shape Windows::append(Shape shape, int64_t WindowAxis::*member) const {
  for (int i = 0; i < dims; ++i) shape.push_back(axis(i).*member);
  return shape;
}

Error size_overflow(const char* field) { return Error{"error.size_overflow", field, {field}}; }

Error size_overflow(const WindowAxis& axis) {
  return size_overflow(effective_kernel_size(axis.kernel, axis.dilation) ? "padding" : "dilation");
}

Result<void> check_window_numbers(const Spatial& kernel_size, const Spatial& stride, const SpatialPadding& padding,
                                  const Spatial& dilation) {
  if (!kernel_size.all_at_least(1)) {
    return Error{"error.kernel_size_not_positive", "kernel_size", {kernel_size.to_string()}};
  }
  if (!stride.all_at_least(1)) return Error{"error.stride_not_positive", "stride", {stride.to_string()}};
  if (padding.kind == PaddingKind::numbers && !padding.both.all_at_least(0)) {
    return Error{"error.padding_negative", "padding", {padding.both.to_string()}};
  }
  if (padding.kind == PaddingKind::pads && !(padding.begin.all_at_least(0) && padding.end.all_at_least(0))) {
    Shape pads;  // all begins, then all ends
    for (int64_t pad : padding.begin) pads.push_back(pad);
    for (int64_t pad : padding.end) pads.push_back(pad);
    return Error{"error.pads_negative", "padding", {pads.to_string()}};
  }
  if (!dilation.all_at_least(1)) return Error{"error.dilation_not_positive", "dilation", {dilation.to_string()}};
  return {};
}

Result<Leading> check_input_shape(const char* operation, int dims, const Shape& shape) {
  constexpr const char* kAxes[] = {"L", "H, W", "D, H, W"};
  const int rank = shape.rank();
  if (rank != dims + 1 && rank != dims + 2) {
    return Error{"error.input_rank", "input", {shape.to_string(), operation, kAxes[dims - 1]}};
  }
  Leading leading;
  leading.unbatched = rank == dims + 1;
  leading.batch = leading.unbatched ? 1 : shape[0];
  leading.channels = shape[rank - dims - 1];
  // An empty batch is a batch; an empty picture has no cell that a window could stand on.
  bool has_cells = leading.batch >= 0 && leading.channels >= 1;
  for (int axis = rank - dims; axis < rank; ++axis) has_cells = has_cells && shape[axis] >= 1;
  if (!has_cells) return Error{"error.input_empty", "input", {shape.to_string()}};
  // One image by itself too: an empty batch has no elements, whatever its images' size.
  Shape image;
  for (int axis = rank - dims - 1; axis < rank; ++axis) image.push_back(shape[axis]);
  if (!shape.numel() || !image.numel()) return size_overflow("input");
  return leading;
}

}  // namespace convscope
