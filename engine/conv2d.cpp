#include "engine/conv2d.h"

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

template <class T>
bool run(const ConvPlan& plan, const Tensor& input, const Tensor& weight, const Tensor& bias, Tensor& output,
         const Conv2dOptions& options) {
  const T* bias_data = plan.bias ? bias.data<T>() : nullptr;
  return conv2d_naive<T>(plan, input.data<T>(), weight.data<T>(), bias_data, output.mutable_data<T>(), options.job);
}

}  // namespace

Result<Tensor> conv2d(const ConvPlan& plan, const Tensor& input, const Tensor& weight, const Tensor& bias,
                      const Conv2dOptions& options) {
  if (std::optional<Error> error = check_tensors(plan, input, weight, bias)) return *error;
  Result<Tensor> output = Tensor::zeros(plan.output_shape(), plan.dtype);
  if (!output) return output;
  const bool finished = plan.dtype == DType::float32 ? run<float>(plan, input, weight, bias, *output, options)
                                                     : run<double>(plan, input, weight, bias, *output, options);
  if (!finished) return Error{"error.cancelled", "", {}};
  if (options.job != nullptr) options.job->progress.store(1.0f, std::memory_order_relaxed);
  return output;
}

}  // namespace convscope
