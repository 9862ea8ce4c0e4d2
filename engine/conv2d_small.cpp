#include "engine/conv2d_small.h"

#include <new>
#include <vector>

#include "engine/padding.h"

namespace convscope {

namespace {

template <class T>
class SmallRunner final : public Conv2dRunner<T> {
 public:
  SmallRunner(const ConvPlan& plan, const T* weight, const T* bias)
      : plan_(plan), weight_(weight, weight + plan.out_channels * plan.taps()) {
    if (bias != nullptr) bias_.assign(bias, bias + plan.out_channels);
    if (plan.output_cells() == 0) return;  // of no picture at all there may be any number of windows
    sources_.reserve(static_cast<size_t>(plan.positions() * plan.taps()));
    for (int64_t p = 0; p < plan.out.h; ++p) {
      for (int64_t q = 0; q < plan.out.w; ++q) add_window(p, q);
    }
  }

  Outcome run(const T* input, T* output, int /*threads*/, Job* job) const override {
    const int64_t in_cells = plan_.in.h * plan_.in.w, kernels = plan_.kernels_per_group(), taps = plan_.taps();
    if (plan_.output_cells() == 0) return Outcome::finished;
    const T* const bias = bias_.empty() ? nullptr : bias_.data();
    for (int64_t n = 0; n < plan_.batch; ++n) {
      if (job != nullptr && job->is_cancelled()) return Outcome::cancelled;
      for (int64_t k = 0; k < plan_.out_channels; ++k) {
        const int64_t channel = n * plan_.in_channels + k / kernels * plan_.channels_per_group();
        const T* const image = input + channel * in_cells;
        const T* const weight = weight_.data() + k * taps;
        const int64_t* source = sources_.data();
        for (int64_t position = 0; position < plan_.positions(); ++position) {
          T sum = 0;
          for (int64_t tap = 0; tap < taps; ++tap, ++source) {
            const T value = *source == kZeroPadding ? T{0} : image[*source];
            sum += value * weight[tap];
          }
          *output++ = bias != nullptr ? sum + bias[k] : sum;
        }
      }
    }
    return Outcome::finished;
  }

  int64_t packed_bytes() const override {
    return std::ssize(sources_) * 8 + (std::ssize(weight_) + std::ssize(bias_)) * static_cast<int64_t>(sizeof(T));
  }
  int64_t scratch_bytes(int /*threads*/) const override { return 0; }

 private:
  void add_window(int64_t p, int64_t q) {
    for (int64_t c = 0; c < plan_.channels_per_group(); ++c) {
      for (int64_t r = 0; r < plan_.kernel.h; ++r) {
        const int64_t y =
            source_index(p * plan_.stride.h - plan_.pads.top + r * plan_.dilation.h, plan_.in.h, plan_.padding_mode);
        for (int64_t s = 0; s < plan_.kernel.w; ++s) {
          const int64_t x =
              source_index(q * plan_.stride.w - plan_.pads.left + s * plan_.dilation.w, plan_.in.w, plan_.padding_mode);
          const bool is_zero = y == kZeroPadding || x == kZeroPadding;
          sources_.push_back(is_zero ? kZeroPadding : (c * plan_.in.h + y) * plan_.in.w + x);
        }
      }
    }
  }

  ConvPlan plan_;
  std::vector<T> weight_, bias_;
  std::vector<int64_t> sources_;  // [window][tap] in the first plane of the group, or kZeroPadding
};

}  // namespace

template <class T>
std::unique_ptr<Conv2dRunner<T>> prepare_small(const ConvPlan& plan, const T* weight, const T* bias) try {
  return std::make_unique<SmallRunner<T>>(plan, weight, bias);
} catch (const std::bad_alloc&) {
  return nullptr;
}

template std::unique_ptr<Conv2dRunner<float>> prepare_small(const ConvPlan&, const float*, const float*);
template std::unique_ptr<Conv2dRunner<double>> prepare_small(const ConvPlan&, const double*, const double*);

}  // namespace convscope
