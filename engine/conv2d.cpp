#include "engine/conv2d.h"

#include "engine/conv2d_im2col.h"
#include "engine/conv2d_im2col_per_channel.h"
#include "engine/conv2d_loops.h"
#include "engine/conv2d_naive.h"
#include "engine/conv2d_slices.h"
#include "engine/conv2d_toeplitz.h"
#include "engine/conv2d_winograd.h"

namespace convscope {

namespace {

std::optional<Error> check_tensors(const ConvPlan& plan, const Tensor& input, const Tensor& weight,
                                   const Tensor& bias) {
  // An empty batch has no cells to read: its tensors may be of any storage but must have the shapes.
  if (input.shape() != plan.input_shape()) {
    return Error{"error.input_shape", "input", {input.shape().to_string(), plan.input_shape().to_string()}};
  }
  const Shape bias_shape = bias.shape();
  if (Result<void> fits = check_weight(plan, weight.shape(), &bias_shape); !fits) return fits.error();
  const auto check_type = [&](const Tensor& tensor, const char* field) -> std::optional<Error> {
    if (tensor.dtype() == plan.dtype) return std::nullopt;
    return Error{"error.dtype_mismatch", field, {field, name_of(tensor.dtype()), name_of(plan.dtype)}};
  };
  if (std::optional<Error> error = check_type(input, "input")) return error;
  if (std::optional<Error> error = check_type(weight, "weight")) return error;
  if (plan.bias) return check_type(bias, "bias");
  return std::nullopt;
}

// Up to here the reference is as quick as anything else, and then the picture shows its very numbers.
constexpr double kNaiveMacs = 2048;

Algorithm chosen(const ConvPlan& plan, Algorithm asked) {
  if (asked != Algorithm::automatic) return asked;
  const double macs = static_cast<double>(plan.output_cells()) * static_cast<double>(plan.taps());
  return macs <= kNaiveMacs ? Algorithm::naive : Algorithm::im2col;
}

Result<void> result_of(Outcome outcome, const Tensor& output) {
  switch (outcome) {
    case Outcome::finished:
      return {};
    case Outcome::cancelled:
      return Error{"error.cancelled", "", {}};
    case Outcome::out_of_memory:
      break;
  }
  return Error{"error.out_of_memory", "", {output.shape().to_string(), std::to_string(output.bytes() >> 20)}};
}

template <class T>
Result<void> run(const ConvPlan& plan, const Tensor& input, const Tensor& weight, const Tensor& bias, Tensor& output,
                 const Conv2dOptions& options) {
  const T *x = input.data<T>(), *w = weight.data<T>(), *b = plan.bias ? bias.data<T>() : nullptr;
  T* y = output.mutable_data<T>();
  Job* job = options.job;
  switch (chosen(plan, options.algorithm)) {
    case Algorithm::im2col:
      return result_of(conv2d_im2col<T>(plan, x, w, b, y, options.threads, job), output);
    case Algorithm::slices:
      return conv2d_slices<T>(plan, x, w, b, y, job);
    case Algorithm::loops:
      return conv2d_loops<T>(plan, x, w, b, y, job);
    case Algorithm::im2col_per_channel:
      return conv2d_im2col_per_channel<T>(plan, x, w, b, y, job);
    case Algorithm::toeplitz:
      return conv2d_toeplitz<T>(plan, x, w, b, y, job);
    case Algorithm::winograd: {
      if (Result<void> can = check_winograd(plan); !can) return can.error();
      const std::unique_ptr<Conv2dRunner<T>> runner = prepare_winograd<T>(plan, w, b);
      return result_of(runner ? runner->run(x, y, options.threads, job) : Outcome::out_of_memory, output);
    }
    case Algorithm::naive:
    case Algorithm::automatic:
      break;
  }
  return result_of(conv2d_naive<T>(plan, x, w, b, y, job) ? Outcome::finished : Outcome::cancelled, output);
}

}  // namespace

Result<Tensor> conv2d(const ConvPlan& plan, const Tensor& input, const Tensor& weight, const Tensor& bias,
                      const Conv2dOptions& options) {
  if (std::optional<Error> error = check_tensors(plan, input, weight, bias)) return *error;
  Result<Tensor> output = Tensor::uninitialized(plan.output_shape(), plan.dtype);
  if (!output) return output;
  const Result<void> done = plan.dtype == DType::float32 ? run<float>(plan, input, weight, bias, *output, options)
                                                         : run<double>(plan, input, weight, bias, *output, options);
  if (!done) return done.error();
  if (options.job != nullptr) options.job->report(1);
  return output;
}

}  // namespace convscope
