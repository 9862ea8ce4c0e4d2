#include "engine/conv2d.h"

#include "engine/prepared_conv2d.h"

namespace convscope {

Result<Tensor> conv2d(const ConvPlan& plan, const Tensor& input, const Tensor& weight, const Tensor& bias,
                      const Conv2dOptions& options) {
  // Told first, as it comes first in the call.
  if (input.shape() != plan.input_shape()) {
    return Error{"error.input_shape", "input", {input.shape().to_string(), plan.input_shape().to_string()}};
  }
  const Result<PreparedConv2d> prepared = PreparedConv2d::make(plan, weight, bias, options);
  if (!prepared) return prepared.error();
  return prepared->run(input, options.job);
}

}  // namespace convscope
