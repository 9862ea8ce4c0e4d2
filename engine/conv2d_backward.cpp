#include "engine/conv2d_backward.h"

#include <algorithm>

#include "engine/conv2d_weight_dots.h"
#include "engine/conv2d_weight_gradient.h"
#include "engine/conv_nd.h"
#include "engine/conv_transpose.h"
#include "engine/dot_kernels.h"
#include "engine/padding.h"
#include "engine/thread_pool.h"

namespace convscope {

template <class T>
bool conv2d_backward_naive(const ConvPlan& plan, const T* input, const T* weight, const T* grad_output, T* grad_input,
                           T* grad_weight, T* grad_bias, Job* job) {
  // input (N, C, H, W), weight (K, C/groups, R, S), grad_output (N, K, P, Q)
  const int64_t C = plan.in_channels, H = plan.in.h, W = plan.in.w;
  const int64_t K = plan.out_channels, R = plan.kernel.h, S = plan.kernel.w;
  const int64_t P = plan.out.h, Q = plan.out.w;
  const int64_t group_channels = plan.channels_per_group();

  for (int64_t n = 0; n < plan.batch; ++n) {
    for (int64_t k = 0; k < K; ++k) {
      const int64_t first_channel = k / plan.kernels_per_group() * group_channels;
      if (job != nullptr) job->report(static_cast<float>(n * K + k) / static_cast<float>(plan.batch * K));
      for (int64_t p = 0; p < P; ++p) {
        for (int64_t q = 0; q < Q; ++q) {
          if (job != nullptr && job->is_cancelled()) return false;
          const T gradient = grad_output[((n * K + k) * P + p) * Q + q];
          grad_bias[k] += gradient;
          for (int64_t c = 0; c < group_channels; ++c) {
            for (int64_t r = 0; r < R; ++r) {
              const int64_t y =
                  source_index(p * plan.stride.h - plan.pads.top + r * plan.dilation.h, H, plan.padding_mode);
              for (int64_t s = 0; s < S; ++s) {
                const int64_t x =
                    source_index(q * plan.stride.w - plan.pads.left + s * plan.dilation.w, W, plan.padding_mode);
                const int64_t w = ((k * group_channels + c) * R + r) * S + s;
                if (y == kZeroPadding || x == kZeroPadding) {
                  grad_weight[w] += gradient * T{0};
                  continue;
                }
                const int64_t in = ((n * C + first_channel + c) * H + y) * W + x;
                grad_input[in] += gradient * weight[w];
                grad_weight[w] += gradient * input[in];
              }
            }
          }
        }
      }
    }
  }
  return true;
}

template bool conv2d_backward_naive<float>(const ConvPlan&, const float*, const float*, const float*, float*, float*,
                                           float*, Job*);
template bool conv2d_backward_naive<double>(const ConvPlan&, const double*, const double*, const double*, double*,
                                            double*, double*, Job*);

namespace {

/// The transposed convolution whose windows are the plan's; they stand on the padded input, so that the cells of the
/// padding get their gradients too, where these belong to cells of the input.
ConvTransposePlan input_gradient_plan(const ConvPlan& plan, bool keeps_padding) {
  ConvTransposePlan transposed;
  transposed.dtype = plan.dtype;
  transposed.batch = plan.batch;
  transposed.in_channels = plan.out_channels;
  transposed.out_channels = plan.in_channels;
  transposed.groups = plan.groups;
  transposed.windows.dims = 2;
  const Pads& pads = plan.pads;
  WindowAxis& h = transposed.windows.axis(0);
  WindowAxis& w = transposed.windows.axis(1);
  h = {plan.in.h, plan.out.h, plan.kernel.h, plan.stride.h, plan.dilation.h, pads.top, pads.bottom};
  w = {plan.in.w, plan.out.w, plan.kernel.w, plan.stride.w, plan.dilation.w, pads.left, pads.right};
  if (keeps_padding) {
    for (WindowAxis* axis : {&h, &w}) {
      axis->extent += axis->pad_begin + axis->pad_end;
      axis->pad_begin = axis->pad_end = 0;
    }
  }
  return transposed;
}

/// Adds the gradients of the padded input's cells to the cells that they repeat. False where the job was cancelled.
template <class T>
bool gather_padding(const ConvPlan& plan, const T* padded, T* grad_input, const Conv2dOptions& options) {
  const int64_t rows = plan.in.h + plan.pads.top + plan.pads.bottom;
  const int64_t columns = plan.in.w + plan.pads.left + plan.pads.right;
  const auto stopped = [&] { return options.job != nullptr && options.job->is_cancelled(); };
  const int threads = options.threads > 0 ? options.threads : hardware_threads();
  parallel_for(threads, plan.batch * plan.in_channels, [&](int64_t plane) {
    const T* from = padded + plane * rows * columns;
    for (int64_t row = 0; row < rows; ++row) {
      if (stopped()) return;
      const int64_t y = source_index(row - plan.pads.top, plan.in.h, plan.padding_mode);
      T* to = grad_input + (plane * plan.in.h + y) * plan.in.w;
      for (int64_t column = 0; column < columns; ++column) {
        to[source_index(column - plan.pads.left, plan.in.w, plan.padding_mode)] += *from++;
      }
    }
  });
  return !stopped();
}

template <class T>
Result<Tensor> input_gradient(const ConvPlan& plan, const Tensor& weight, const Tensor& grad_output,
                              const Conv2dOptions& options) {
  const bool repeats = plan.padding_mode != PaddingMode::zeros && plan.pads != Pads{};
  const ConvTransposePlan transposed = input_gradient_plan(plan, repeats);
  Result<Tensor> gradient =
      conv_transpose(transposed, grad_output.reshaped(transposed.input_shape()), weight, Tensor(), options);
  if (!gradient || !repeats) return gradient;
  Result<Tensor> folded = Tensor::zeros({plan.batch, plan.in_channels, plan.in.h, plan.in.w}, plan.dtype);
  if (!folded) return folded;
  if (!gather_padding(plan, gradient->data<T>(), folded->mutable_data<T>(), options)) {
    return Error{"error.cancelled", "", {}};
  }
  return folded;
}

template <class T>
Result<Tensor> weight_gradient(const ConvPlan& plan, const Tensor& input, const Tensor& grad_output,
                               const Conv2dOptions& options) {
  Result<Tensor> gradient = Tensor::uninitialized(plan.weight_shape(), plan.dtype);
  if (!gradient) return gradient;
  const auto way = weight_dots_pay<T>(plan) ? &conv2d_weight_dots<T> : &conv2d_weight_gradient<T>;
  const Outcome outcome =
      way(plan, input.data<T>(), grad_output.data<T>(), gradient->mutable_data<T>(), options.threads, options.job);
  if (outcome == Outcome::cancelled) return Error{"error.cancelled", "", {}};
  if (outcome == Outcome::out_of_memory) return out_of_memory(grad_output.shape(), plan.dtype);
  return gradient;
}

template <class T>
Result<Tensor> bias_gradient(const ConvPlan& plan, const Tensor& grad_output, const Job* job) {
  Result<Tensor> gradient = Tensor::zeros(plan.bias_shape(), plan.dtype);
  if (!gradient) return gradient;
  constexpr int64_t kBetweenLooks = 1 << 20;
  const DotKernels<T> kernels = dot_kernels<T>();
  const int64_t positions = plan.positions();
  const T* plane = grad_output.data<T>();
  for (int64_t n = 0; n < plan.batch; ++n) {
    for (int64_t k = 0; k < plan.out_channels; ++k, plane += positions) {
      for (int64_t at = 0; at < positions; at += kBetweenLooks) {
        if (job != nullptr && job->is_cancelled()) return Error{"error.cancelled", "", {}};
        gradient->mutable_data<T>()[k] += kernels.sum(plane + at, std::min(kBetweenLooks, positions - at));
      }
    }
  }
  return gradient;
}

template <class T>
Result<Conv2dGradients> of_parameters(const ConvPlan& plan, const Tensor& input, const Tensor& grad_output,
                                      const Conv2dOptions& options) {
  Conv2dGradients gradients;
  Result<Tensor> by_weight = weight_gradient<T>(plan, input, grad_output, options);
  if (!by_weight) return by_weight.error();
  gradients.weight = *std::move(by_weight);
  Result<Tensor> by_bias = bias_gradient<T>(plan, grad_output, options.job);
  if (!by_bias) return by_bias.error();
  gradients.bias = *std::move(by_bias);
  return gradients;
}

template <class T>
Result<Conv2dGradients> by_products(const ConvPlan& plan, const Tensor& input, const Tensor& weight,
                                    const Tensor& grad_output, const Conv2dOptions& options) {
  Conv2dGradients gradients;
  {
    const JobPart part(options.job, 0, 2);
    Result<Tensor> by_input = input_gradient<T>(plan, weight, grad_output, options);
    if (!by_input) return by_input.error();
    gradients.input = by_input->reshaped(plan.input_shape());
  }
  const JobPart part(options.job, 1, 2);
  Result<Conv2dGradients> others = of_parameters<T>(plan, input, grad_output, options);
  if (!others) return others.error();
  gradients.weight = std::move(others->weight);
  gradients.bias = std::move(others->bias);
  return gradients;
}

template <class T>
Result<Conv2dGradients> product_by_product(const ConvPlan& plan, const Tensor& input, const Tensor& weight,
                                           const Tensor& grad_output, Job* job) {
  Conv2dGradients gradients;
  const std::pair<Tensor*, Shape> wanted[] = {{&gradients.input, plan.input_shape()},
                                              {&gradients.weight, plan.weight_shape()},
                                              {&gradients.bias, plan.bias_shape()}};
  for (const auto& [tensor, shape] : wanted) {
    Result<Tensor> zeros = Tensor::zeros(shape, plan.dtype);
    if (!zeros) return zeros.error();
    *tensor = *std::move(zeros);
  }
  if (!conv2d_backward_naive<T>(plan, input.data<T>(), weight.data<T>(), grad_output.data<T>(),
                                gradients.input.mutable_data<T>(), gradients.weight.mutable_data<T>(),
                                gradients.bias.mutable_data<T>(), job)) {
    return Error{"error.cancelled", "", {}};
  }
  return gradients;
}

template <class T>
Result<Conv2dGradients> run(const ConvPlan& plan, const Tensor& input, const Tensor& weight, const Tensor& grad_output,
                            const Conv2dOptions& options) {
  return options.algorithm == Algorithm::naive ? product_by_product<T>(plan, input, weight, grad_output, options.job)
                                               : by_products<T>(plan, input, weight, grad_output, options);
}

Result<void> check_grad_output(const ConvPlan& plan, const Tensor& grad_output) {
  if (grad_output.shape() != plan.output_shape()) {
    return Error{
        "error.grad_output_shape", "grad_output", {grad_output.shape().to_string(), plan.output_shape().to_string()}};
  }
  return check_dtype("grad_output", grad_output, plan.dtype);
}

}  // namespace

Result<Conv2dGradients> conv2d_parameter_gradients(const ConvPlan& plan, const Tensor& input, const Tensor& grad_output,
                                                   const Conv2dOptions& options) {
  if (input.shape() != plan.input_shape()) {
    return Error{"error.input_shape", "input", {input.shape().to_string(), plan.input_shape().to_string()}};
  }
  if (Result<void> good = check_dtype("input", input, plan.dtype); !good) return good.error();
  if (Result<void> good = check_grad_output(plan, grad_output); !good) return good.error();
  return plan.dtype == DType::float32 ? of_parameters<float>(plan, input, grad_output, options)
                                      : of_parameters<double>(plan, input, grad_output, options);
}

Result<Conv2dGradients> conv2d_backward(const ConvPlan& plan, const Tensor& input, const Tensor& weight,
                                        const Tensor& grad_output, const Conv2dOptions& options) {
  const WantedShapes wanted{plan.input_shape(), plan.weight_shape(), plan.bias_shape(), false, false, plan.dtype};
  if (Result<void> good = check_tensors(wanted, input, weight, Tensor()); !good) return good.error();
  if (Result<void> good = check_grad_output(plan, grad_output); !good) return good.error();
  Result<Conv2dGradients> gradients = plan.dtype == DType::float32
                                          ? run<float>(plan, input, weight, grad_output, options)
                                          : run<double>(plan, input, weight, grad_output, options);
  if (gradients && options.job != nullptr) options.job->report(1);
  return gradients;
}

}  // namespace convscope
