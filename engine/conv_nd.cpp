#include "engine/conv_nd.h"

#include <cstring>

#include "engine/padding.h"
#include "engine/prepared_conv2d.h"

namespace convscope {

Result<void> check_dtype(const char* field, const Tensor& tensor, DType dtype) {
  if (tensor.dtype() == dtype) return {};
  return Error{"error.dtype_mismatch", field, {field, name_of(tensor.dtype()), name_of(dtype)}};
}

Result<void> check_tensors(const WantedShapes& wanted, const Tensor& input, const Tensor& weight, const Tensor& bias) {
  if (input.shape() != wanted.input) {
    return Error{"error.input_shape", "input", {input.shape().to_string(), wanted.input.to_string()}};
  }
  if (weight.shape() != wanted.weight) {
    return Error{wanted.transposed ? "error.transposed_weight_shape" : "error.weight_shape",
                 "weight",
                 {weight.shape().to_string(), wanted.weight.to_string()}};
  }
  if (wanted.has_bias && bias.shape() != wanted.bias) {
    return Error{"error.bias_shape", "bias", {bias.shape().to_string(), wanted.bias.to_string()}};
  }
  if (Result<void> good = check_dtype("input", input, wanted.dtype); !good) return good;
  if (Result<void> good = check_dtype("weight", weight, wanted.dtype); !good) return good;
  return wanted.has_bias ? check_dtype("bias", bias, wanted.dtype) : Result<void>();
}

template <class T>
bool conv_nd_naive(const ConvNdPlan& plan, const T* input, const T* weight, const T* bias, T* output, Job* job) {
  const WindowAxis& depth = plan.windows.depth();
  const WindowAxis& height = plan.windows.height();
  const WindowAxis& width = plan.windows.width();
  const int64_t group_channels = plan.channels_per_group();
  const int64_t planes = plan.batch * plan.out_channels;

  for (int64_t n = 0; n < plan.batch; ++n) {
    for (int64_t k = 0; k < plan.out_channels; ++k) {
      const int64_t first_channel = k / plan.kernels_per_group() * group_channels;
      if (job != nullptr) {
        job->report(static_cast<float>(n * plan.out_channels + k) / static_cast<float>(planes));
      }
      for (int64_t o = 0; o < depth.count; ++o) {
        for (int64_t p = 0; p < height.count; ++p) {
          if (job != nullptr && job->is_cancelled()) return false;
          for (int64_t q = 0; q < width.count; ++q) {
            T sum = 0;
            const T* w = weight + k * plan.taps();  // taps in order: one after the other
            for (int64_t c = 0; c < group_channels; ++c) {
              const T* channel = input + (n * plan.in_channels + first_channel + c) * plan.windows.cells();
              for (int64_t t = 0; t < depth.kernel; ++t) {
                const int64_t z = source_index(depth.cell(o, t), depth.extent, plan.padding_mode);
                for (int64_t r = 0; r < height.kernel; ++r) {
                  const int64_t y = source_index(height.cell(p, r), height.extent, plan.padding_mode);
                  for (int64_t s = 0; s < width.kernel; ++s) {
                    const int64_t x = source_index(width.cell(q, s), width.extent, plan.padding_mode);
                    const bool is_zero = z == kZeroPadding || y == kZeroPadding || x == kZeroPadding;
                    sum += (is_zero ? T{0} : channel[(z * height.extent + y) * width.extent + x]) * *w++;
                  }
                }
              }
            }
            *output++ = bias != nullptr ? sum + bias[k] : sum;
          }
        }
      }
    }
  }
  return true;
}

template bool conv_nd_naive<float>(const ConvNdPlan&, const float*, const float*, const float*, float*, Job*);
template bool conv_nd_naive<double>(const ConvNdPlan&, const double*, const double*, const double*, double*, Job*);

namespace {

/// The convolution that makes one plane of conv3d's output: the planes below the kernel, depth by depth of each
/// channel, are its channels. The weight (K, C, D, R, S) is read as (K, C*D, R, S) without being moved.
ConvPlan plane_plan(const ConvNdPlan& plan) {
  ConvPlan flat = as_conv2d(plan);
  flat.batch = 1;
  flat.unbatched = false;
  flat.in_channels = plan.in_channels * plan.windows.depth().kernel;
  return flat;
}

template <class T>
void gather_planes(const ConvNdPlan& plan, const T* image, int64_t o, T* to) {
  const WindowAxis& depth = plan.windows.depth();
  const int64_t plane = plan.windows.height().extent * plan.windows.width().extent;
  const auto bytes = static_cast<size_t>(plane) * sizeof(T);
  for (int64_t c = 0; c < plan.in_channels; ++c) {
    for (int64_t t = 0; t < depth.kernel; ++t, to += plane) {
      const int64_t z = source_index(depth.cell(o, t), depth.extent, plan.padding_mode);
      if (z == kZeroPadding) {
        std::memset(to, 0, bytes);
      } else {
        std::memcpy(to, image + (c * depth.extent + z) * plane, bytes);
      }
    }
  }
}

template <class T>
Result<void> conv3d_by_planes(const ConvNdPlan& plan, const Tensor& input, const Tensor& weight, const Tensor& bias,
                              const Conv2dOptions& options, Tensor& output) {
  const ConvPlan flat = plane_plan(plan);
  const int64_t depths = plan.windows.depth().count;
  const int64_t positions = flat.positions();
  Result<Tensor> planes = Tensor::uninitialized(flat.input_shape(), plan.dtype);
  if (!planes) return planes.error();
  Result<Tensor> plane = Tensor::uninitialized(flat.output_shape(), plan.dtype);
  if (!plane) return plane.error();
  const Result<PreparedConv2d> prepared =
      PreparedConv2d::make(flat, weight.reshaped(flat.weight_shape()), bias, options);
  if (!prepared) return prepared.error();
  for (int64_t n = 0; n < plan.batch; ++n) {
    const T* image = input.data<T>() + n * plan.in_channels * plan.windows.cells();
    for (int64_t o = 0; o < depths; ++o) {
      const JobPart part(options.job, static_cast<double>(n * depths + o), static_cast<double>(plan.batch * depths));
      gather_planes(plan, image, o, planes->mutable_data<T>());
      if (Result<void> done = prepared->run(*planes, *plane, options.job); !done) return done;
      for (int64_t k = 0; k < plan.out_channels; ++k) {
        T* to = output.mutable_data<T>() + ((n * plan.out_channels + k) * depths + o) * positions;
        std::memcpy(to, plane->data<T>() + k * positions, static_cast<size_t>(positions) * sizeof(T));
      }
    }
  }
  return {};
}

template <class T>
Result<void> conv3d(const ConvNdPlan& plan, const Tensor& input, const Tensor& weight, const Tensor& bias,
                    const Conv2dOptions& options, Tensor& output) {
  if (options.algorithm != Algorithm::naive) {
    return conv3d_by_planes<T>(plan, input, weight, bias, options, output);
  }
  const T* bias_data = plan.bias ? bias.data<T>() : nullptr;
  if (!conv_nd_naive<T>(plan, input.data<T>(), weight.data<T>(), bias_data, output.mutable_data<T>(), options.job)) {
    return Error{"error.cancelled", "", {}};
  }
  return {};
}

}  // namespace

Result<Tensor> conv_nd(const ConvNdPlan& plan, const Tensor& input, const Tensor& weight, const Tensor& bias,
                       const Conv2dOptions& options) {
  const WantedShapes wanted{plan.input_shape(), plan.weight_shape(), plan.bias_shape(), plan.bias, false, plan.dtype};
  if (Result<void> good = check_tensors(wanted, input, weight, bias); !good) return good.error();
  if (plan.windows.dims < 3) {
    const ConvPlan flat = as_conv2d(plan);
    const Result<Tensor> output =
        conv2d(flat, input.reshaped(flat.input_shape()), weight.reshaped(flat.weight_shape()), bias, options);
    if (!output) return output.error();
    return output->reshaped(plan.output_shape());
  }
  Result<Tensor> output = Tensor::uninitialized(plan.output_shape(), plan.dtype);
  if (!output) return output;
  const Result<void> done = plan.dtype == DType::float32 ? conv3d<float>(plan, input, weight, bias, options, *output)
                                                         : conv3d<double>(plan, input, weight, bias, options, *output);
  if (!done) return done.error();
  if (options.job != nullptr) options.job->report(1);
  return output;
}

}  // namespace convscope
