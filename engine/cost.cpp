#include "engine/cost.h"

#include "engine/checked_math.h"

namespace convscope {

Result<ConvCost> conv_cost(const ConvPlan& plan) {
  ConvCost cost;
  bool fits = true;
  const auto checked = [&fits](std::initializer_list<int64_t> factors) -> int64_t {
    const std::optional<int64_t> product = checked_product(factors);
    fits = fits && product.has_value();
    return product.value_or(0);
  };
  const int64_t element = size_of(plan.dtype);
  const int64_t weights = plan.out_channels * plan.taps();  // validate() has seen to it that this fits
  const std::optional<int64_t> parameters = checked_add(weights, plan.bias ? plan.out_channels : 0);
  if (!parameters) return Error{"error.size_overflow", "weight", {"weight"}};
  cost.parameters = *parameters;
  cost.weight_bytes = checked({weights, element});
  cost.input_bytes = checked({plan.batch, plan.in_channels, plan.in.h, plan.in.w, element});
  if (!fits) return Error{"error.size_overflow", "input", {"input"}};
  cost.output_bytes = checked({plan.output_cells(), element});
  cost.macs = checked({plan.output_cells(), plan.taps()});
  if (!fits) return Error{"error.size_overflow", "output", {"output"}};
  cost.im2col_bytes = checked({plan.batch, plan.positions(), plan.taps(), plan.groups, element});
  if (!fits) return Error{"error.size_overflow", "im2col", {"im2col"}};
  // Per image, so that an empty batch has a ratio too.
  const double picture = static_cast<double>(plan.in_channels) * static_cast<double>(plan.in.h * plan.in.w);
  const double matrices = static_cast<double>(plan.positions()) * static_cast<double>(plan.taps() * plan.groups);
  cost.im2col_blow_up = matrices / picture;
  return cost;
}

}  // namespace convscope
