#include "engine/transpose_trace.h"

#include <limits>
#include <optional>

#include "engine/checked_math.h"
#include "engine/conv_transpose_phases.h"

namespace convscope {

int64_t stamp_count(const ConvTransposePlan& plan) {
  // Each factor fits the tensors' sizes, their product need not.
  std::optional<int64_t> count = checked_mul(plan.batch, plan.out_channels);
  for (int64_t factor : {plan.channels_per_group(), plan.windows.height().count, plan.windows.width().count}) {
    if (count) count = checked_mul(*count, factor);
  }
  return count.value_or(std::numeric_limits<int64_t>::max());
}

Stamp stamp_of_step(const ConvTransposePlan& plan, int64_t step) {
  const int64_t width = plan.windows.width().count, height = plan.windows.height().count;
  Stamp stamp;
  stamp.x = step % width;
  step /= width;
  stamp.y = step % height;
  step /= height;
  const int64_t channel = step % plan.channels_per_group();
  step /= plan.channels_per_group();
  stamp.k = step % plan.out_channels;
  stamp.n = step / plan.out_channels;
  stamp.c = stamp.k / plan.kernels_per_group() * plan.channels_per_group() + channel;
  return stamp;
}

int64_t step_of_stamp(const ConvTransposePlan& plan, const Stamp& stamp) {
  const int64_t channel = stamp.c % plan.channels_per_group();
  return (((stamp.n * plan.out_channels + stamp.k) * plan.channels_per_group() + channel) *
              plan.windows.height().count +
          stamp.y) *
             plan.windows.width().count +
         stamp.x;
}

Pair stamp_origin(const ConvTransposePlan& plan, const Stamp& stamp) {
  return {plan.windows.height().cell(stamp.y, 0), plan.windows.width().cell(stamp.x, 0)};
}

namespace {

/// Calls visit(c, y, x, ky, kx) for each stamp that falls on an output cell, in the order of the stamps.
template <class Visit>
void for_each_stamp_on(const ConvTransposePlan& plan, const OutputCell& cell, Visit visit) {
  const WindowAxis &height = plan.windows.height(), &width = plan.windows.width();
  const int64_t first = cell.c / plan.kernels_per_group() * plan.channels_per_group();
  for (int64_t c = first; c < first + plan.channels_per_group(); ++c) {
    // Later taps belong to earlier windows.
    for (int64_t ky = height.kernel - 1; ky >= 0; --ky) {
      const int64_t from_y = cell.y + height.pad_begin - ky * height.dilation;
      if (from_y < 0 || from_y % height.stride != 0 || from_y / height.stride >= height.count) continue;
      for (int64_t kx = width.kernel - 1; kx >= 0; --kx) {
        const int64_t from_x = cell.x + width.pad_begin - kx * width.dilation;
        if (from_x < 0 || from_x % width.stride != 0 || from_x / width.stride >= width.count) continue;
        visit(c, from_y / height.stride, from_x / width.stride, ky, kx);
      }
    }
  }
}

template <class T>
struct Reader {
  const ConvTransposePlan& plan;
  const T* inputs;
  const T* weights;
  T input(int64_t n, int64_t c, int64_t y, int64_t x) const {
    return inputs[((n * plan.in_channels + c) * plan.windows.height().count + y) * plan.windows.width().count + x];
  }
  T weight(int64_t c, int64_t k, int64_t ky, int64_t kx) const {
    return weights[((c * plan.kernels_per_group() + k % plan.kernels_per_group()) * plan.windows.height().kernel + ky) *
                       plan.windows.width().kernel +
                   kx];
  }
};

// In T throughout, product and sum rounded one after the other, as conv_transpose_naive does it: the same bits.
template <class T>
void arithmetic(const ConvTransposePlan& plan, const ConvTensors& tensors, TransposedArithmetic& out) {
  const Reader<T> read{plan, tensors.input.data<T>(), tensors.weight.data<T>()};
  const OutputCell& cell = out.cell;
  T sum = 0;
  for_each_stamp_on(plan, cell, [&](int64_t c, int64_t y, int64_t x, int64_t ky, int64_t kx) {
    Contribution one;
    one.step = step_of_stamp(plan, {cell.n, cell.c, c, y, x});
    one.c = c;
    one.y = y;
    one.x = x;
    one.ky = ky;
    one.kx = kx;
    const T input = read.input(cell.n, c, y, x), weight = read.weight(c, cell.c, ky, kx);
    const T product = input * weight;
    sum += product;
    one.input = static_cast<double>(input);
    one.weight = static_cast<double>(weight);
    one.product = static_cast<double>(product);
    one.partial = static_cast<double>(sum);
    out.values.push_back(one);
  });
  const T bias = plan.bias ? tensors.bias.data<T>()[cell.c] : T{0};
  out.sum = static_cast<double>(sum);
  out.bias = static_cast<double>(bias);
  out.result = static_cast<double>(plan.bias ? sum + bias : sum);
}

template <class T>
PartialSum partial(const ConvTransposePlan& plan, const ConvTensors& tensors, const OutputCell& cell, int64_t stamps) {
  const Reader<T> read{plan, tensors.input.data<T>(), tensors.weight.data<T>()};
  PartialSum result;
  T sum = 0;
  for_each_stamp_on(plan, cell, [&](int64_t c, int64_t y, int64_t x, int64_t ky, int64_t kx) {
    ++result.of;
    if (step_of_stamp(plan, {cell.n, cell.c, c, y, x}) >= stamps) return;
    ++result.stamps;
    sum += read.input(cell.n, c, y, x) * read.weight(c, cell.c, ky, kx);
  });
  if (plan.bias) sum += tensors.bias.data<T>()[cell.c];
  result.value = static_cast<double>(sum);
  return result;
}

}  // namespace

void transposed_arithmetic(const ConvTransposePlan& plan, const ConvTensors& tensors, const OutputCell& cell,
                           TransposedArithmetic& out) {
  out.cell = cell;
  out.values.clear();
  if (plan.dtype == DType::float32) {
    arithmetic<float>(plan, tensors, out);
  } else {
    arithmetic<double>(plan, tensors, out);
  }
}

PartialSum partial_sum(const ConvTransposePlan& plan, const ConvTensors& tensors, const OutputCell& cell,
                       int64_t stamps) {
  return plan.dtype == DType::float32 ? partial<float>(plan, tensors, cell, stamps)
                                      : partial<double>(plan, tensors, cell, stamps);
}

ConvPlan gather_plan(const ConvTransposePlan& plan) {
  const WindowAxis &height = plan.windows.height(), &width = plan.windows.width();
  ConvPlan direct;
  direct.dtype = plan.dtype;
  direct.batch = plan.batch;
  direct.in_channels = plan.in_channels;
  direct.out_channels = plan.out_channels;
  direct.groups = plan.groups;
  direct.bias = plan.bias;
  direct.unbatched = plan.unbatched;
  direct.in = {(height.count - 1) * height.stride + 1, (width.count - 1) * width.stride + 1};
  direct.kernel = {height.kernel, width.kernel};
  direct.dilation = {height.dilation, width.dilation};
  direct.out = {height.extent, width.extent};
  const auto before = [](const WindowAxis& axis) { return axis.dilation * (axis.kernel - 1) - axis.pad_begin; };
  const auto behind = [](const WindowAxis& axis, int64_t output_padding) {
    return axis.dilation * (axis.kernel - 1) - axis.pad_end + output_padding;
  };
  direct.pads = {before(height), before(width), behind(height, plan.output_padding[0]),
                 behind(width, plan.output_padding[1])};
  return direct;
}

namespace {

template <class T>
void insert_zeros(const ConvTransposePlan& plan, const ConvPlan& direct, const T* from, T* to) {
  const int64_t rows = plan.windows.height().count, cols = plan.windows.width().count;
  const int64_t step_y = plan.windows.height().stride, step_x = plan.windows.width().stride;
  for (int64_t plane = 0; plane < plan.batch * plan.in_channels; ++plane) {
    T* const image = to + plane * direct.in.h * direct.in.w;
    for (int64_t y = 0; y < rows; ++y) {
      for (int64_t x = 0; x < cols; ++x) image[y * step_y * direct.in.w + x * step_x] = *from++;
    }
  }
}

template <class T>
void fill(const ConvTransposePlan& plan, const ConvTensors& from, GatherView& view) {
  insert_zeros(plan, view.plan, from.input.data<T>(), view.tensors.input.mutable_data<T>());
  turn_kernels(plan, from.weight.data<T>(), view.tensors.weight.mutable_data<T>());
}

}  // namespace

Result<GatherView> gather_view(const ConvTransposePlan& plan, const ConvTensors& tensors) {
  GatherView view;
  view.plan = gather_plan(plan);
  view.spacing = {plan.windows.height().stride, plan.windows.width().stride};
  Result<Tensor> input = Tensor::zeros(view.plan.input_shape(), plan.dtype);
  if (!input) return input.error();
  Result<Tensor> weight = Tensor::zeros(view.plan.weight_shape(), plan.dtype);
  if (!weight) return weight.error();
  view.tensors.input = *std::move(input);
  view.tensors.weight = *std::move(weight);
  view.tensors.bias = tensors.bias;
  if (plan.dtype == DType::float32) {
    fill<float>(plan, tensors, view);
  } else {
    fill<double>(plan, tensors, view);
  }
  return view;
}

}  // namespace convscope
