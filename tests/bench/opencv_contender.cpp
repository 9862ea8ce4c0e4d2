#include <memory>
#include <vector>

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "contender.h"

namespace convscope::bench {

namespace {

/// What cv::filter2D() does: the picture keeps its size, zeros lie around it.
bool is_filter(const ConvPlan& plan) {
  constexpr int64_t kMostChannels = 4;
  const Pads around{plan.kernel.h / 2, plan.kernel.w / 2, plan.kernel.h / 2, plan.kernel.w / 2};
  return plan.stride == Pair{1, 1} && plan.dilation == Pair{1, 1} && plan.kernel.h % 2 == 1 && plan.kernel.w % 2 == 1 &&
         plan.pads == around && plan.padding_mode == PaddingMode::zeros && plan.channels_per_group() <= kMostChannels &&
         plan.kernels_per_group() <= kMostChannels;
}

/// Each plane of the input filtered for each plane of the output, and added up.
class OpenCv {
 public:
  explicit OpenCv(const Problem& problem) : problem_(problem), sum_(size(), CV_32F) {
    output_.resize(static_cast<size_t>(problem.plan.output_cells()));
  }

  void run() {
    const ConvPlan& p = problem_.plan;
    const auto taps = static_cast<int64_t>(p.kernel.h * p.kernel.w);
    for (int64_t n = 0; n < p.batch; ++n) {
      for (int64_t k = 0; k < p.out_channels; ++k) {
        cv::Mat to(size(), CV_32F, output_.data() + (n * p.out_channels + k) * p.positions());
        for (int64_t c = 0; c < p.channels_per_group(); ++c) {
          const int64_t channel = n * p.in_channels + k / p.kernels_per_group() * p.channels_per_group() + c;
          const cv::Mat from(size(), CV_32F,
                             const_cast<float*>(problem_.input.data<float>()) + channel * p.positions());
          const cv::Mat kernel(
              static_cast<int>(p.kernel.h), static_cast<int>(p.kernel.w), CV_32F,
              const_cast<float*>(problem_.weight.data<float>()) + (k * p.channels_per_group() + c) * taps);
          cv::filter2D(from, c == 0 ? to : sum_, CV_32F, kernel, cv::Point(-1, -1), 0, cv::BORDER_CONSTANT);
          if (c > 0) cv::add(to, sum_, to);
        }
      }
    }
  }
  std::span<const float> output() const { return output_; }

 private:
  cv::Size size() const { return {static_cast<int>(problem_.plan.in.w), static_cast<int>(problem_.plan.in.h)}; }

  const Problem& problem_;
  cv::Mat sum_;
  std::vector<float> output_;
};

}  // namespace

void add_opencv(const Problem& problem, std::vector<Contender>& contenders) {
  if (!is_filter(problem.plan)) return;
  const auto filter = std::make_shared<OpenCv>(problem);
  Contender contender;
  contender.impl = "opencv";
  contender.prepare = [threads = problem.threads] { cv::setNumThreads(threads); };
  contender.run = [filter] { filter->run(); };
  contender.output = [filter] { return filter->output(); };
  contenders.push_back(std::move(contender));
}

}  // namespace convscope::bench
