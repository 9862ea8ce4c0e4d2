#include "engine/conv2d.h"

#include "engine/conv2d_im2col.h"
#include "engine/conv2d_naive.h"

namespace convscope {

const char* name_of(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::automatic:
      return "auto";
    case Algorithm::naive:
      return "naive";
    case Algorithm::im2col:
      return "im2col";
  }
  return "";
}

std::optional<Algorithm> algorithm_from_name(std::string_view name) {
  for (Algorithm algorithm : {Algorithm::automatic, Algorithm::naive, Algorithm::im2col}) {
    if (name == name_of(algorithm)) return algorithm;
  }
  return std::nullopt;
}

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

template <class T>
Outcome run(const ConvPlan& plan, const Tensor& input, const Tensor& weight, const Tensor& bias, Tensor& output,
            const Conv2dOptions& options) {
  const T* bias_data = plan.bias ? bias.data<T>() : nullptr;
  T* to = output.mutable_data<T>();
  if (chosen(plan, options.algorithm) == Algorithm::im2col) {
    return conv2d_im2col<T>(plan, input.data<T>(), weight.data<T>(), bias_data, to, options.threads, options.job);
  }
  return conv2d_naive<T>(plan, input.data<T>(), weight.data<T>(), bias_data, to, options.job) ? Outcome::finished
                                                                                              : Outcome::cancelled;
}

}  // namespace

Result<Tensor> conv2d(const ConvPlan& plan, const Tensor& input, const Tensor& weight, const Tensor& bias,
                      const Conv2dOptions& options) {
  if (std::optional<Error> error = check_tensors(plan, input, weight, bias)) return *error;
  Result<Tensor> output = Tensor::uninitialized(plan.output_shape(), plan.dtype);
  if (!output) return output;
  const Outcome outcome = plan.dtype == DType::float32 ? run<float>(plan, input, weight, bias, *output, options)
                                                       : run<double>(plan, input, weight, bias, *output, options);
  if (outcome == Outcome::cancelled) return Error{"error.cancelled", "", {}};
  if (outcome == Outcome::out_of_memory) {
    const Shape shape = plan.output_shape();
    return Error{"error.out_of_memory", "", {shape.to_string(), std::to_string(output->bytes() >> 20)}};
  }
  if (options.job != nullptr) options.job->report(1);
  return output;
}

}  // namespace convscope
