#include "engine/conv2d.h"

#include "engine/algorithm_choice.h"
#include "engine/prepared_conv2d.h"

namespace convscope {

namespace {

/// Transforming the filters takes about as long as the plain sums of some hundred windows: for one input alone
/// Winograd's convolution pays from a little more on.
Algorithm choice_for_one_input(const ConvPlan& plan) {
  constexpr int64_t kFewestWindows = 1024;
  const bool is_small = plan.batch * plan.positions() < kFewestWindows;
  return is_small && automatic_choice(plan) == Algorithm::winograd ? Algorithm::im2col : Algorithm::automatic;
}

}  // namespace

Result<Tensor> conv2d(const ConvPlan& plan, const Tensor& input, const Tensor& weight, const Tensor& bias,
                      const Conv2dOptions& options) {
  // Told first, as it comes first in the call.
  if (input.shape() != plan.input_shape()) {
    return Error{"error.input_shape", "input", {input.shape().to_string(), plan.input_shape().to_string()}};
  }
  Conv2dOptions chosen = options;
  if (options.algorithm == Algorithm::automatic) chosen.algorithm = choice_for_one_input(plan);
  const Result<PreparedConv2d> prepared = PreparedConv2d::make(plan, weight, bias, chosen);
  if (!prepared) return prepared.error();
  return prepared->run(input, options.job);
}

}  // namespace convscope
