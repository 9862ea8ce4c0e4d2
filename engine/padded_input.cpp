#include "engine/padded_input.h"

#include "engine/padding.h"
#include "engine/scratch.h"

namespace convscope {

Shape padded_shape(const ConvPlan& plan) {
  return {plan.batch, plan.in_channels, plan.in.h + plan.pads.top + plan.pads.bottom,
          plan.in.w + plan.pads.left + plan.pads.right};
}

template <class T>
Result<Tensor> padded_input(const ConvPlan& plan, const T* input, Algorithm algorithm, const Job* job) {
  Result<Tensor> padded = scratch_tensor(algorithm, padded_shape(plan), plan.dtype);
  if (!padded) return padded;
  T* to = padded->mutable_data<T>();
  for (int64_t plane = 0; plane < plan.batch * plan.in_channels; ++plane, input += plan.in.h * plan.in.w) {
    for (int64_t y = -plan.pads.top; y < plan.in.h + plan.pads.bottom; ++y) {
      if (job != nullptr && job->is_cancelled()) return Error{"error.cancelled", "", {}};
      const int64_t source_y = source_index(y, plan.in.h, plan.padding_mode);
      for (int64_t x = -plan.pads.left; x < plan.in.w + plan.pads.right; ++x) {
        const int64_t source_x = source_index(x, plan.in.w, plan.padding_mode);
        const bool is_zero = source_y == kZeroPadding || source_x == kZeroPadding;
        *to++ = is_zero ? T{0} : input[source_y * plan.in.w + source_x];
      }
    }
  }
  return padded;
}

template Result<Tensor> padded_input<float>(const ConvPlan&, const float*, Algorithm, const Job*);
template Result<Tensor> padded_input<double>(const ConvPlan&, const double*, Algorithm, const Job*);

}  // namespace convscope
