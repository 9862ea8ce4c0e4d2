#include <algorithm>
#include <cstring>
#include <memory>

#include <cblas.h>

#include "contender.h"
#include "engine/thread_pool.h"

namespace convscope::bench {

namespace {

/// The matrix of a strip stays below this: about the best for OpenBLAS, and nothing that a user would call a leak.
constexpr int64_t kMatrixBytes = int64_t{16} << 20;

class Im2colOpenBlas {
 public:
  explicit Im2colOpenBlas(const Problem& problem) : problem_(problem), plan_(problem.plan) {
    const int64_t row = plan_.taps() * plan_.out.w;
    rows_ = std::clamp<int64_t>(kMatrixBytes / (row * int64_t{sizeof(float)}), 1, plan_.out.h);
    is_product_ = plan_.kernel == Pair{1, 1} && plan_.stride == Pair{1, 1} && plan_.pads == Pads{};
    if (!is_product_) matrix_.resize(static_cast<size_t>(rows_ * row));
    output_.resize(static_cast<size_t>(plan_.output_cells()));
  }

  void run() {
    for (int64_t n = 0; n < plan_.batch; ++n) {
      for (int64_t group = 0; group < plan_.groups; ++group) run_group(n, group);
    }
  }

  std::span<const float> output() const { return output_; }

 private:
  void run_group(int64_t n, int64_t group) {
    const int64_t channels = plan_.channels_per_group(), kernels = plan_.kernels_per_group();
    const float* image =
        problem_.input.data<float>() + (n * plan_.in_channels + group * channels) * plan_.in.h * plan_.in.w;
    const float* weight = problem_.weight.data<float>() + group * kernels * plan_.taps();
    float* to = output_.data() + (n * plan_.out_channels + group * kernels) * plan_.positions();
    if (is_product_) return multiply(weight, image, plan_.positions(), to);
    for (int64_t y = 0; y < plan_.out.h; y += rows_) {
      const int64_t rows = std::min(rows_, plan_.out.h - y);
      parallel_for(problem_.threads, plan_.taps(),
                   [&](int64_t tap) { fill_row(image, tap, y, rows, matrix_.data() + tap * rows * plan_.out.w); });
      multiply(weight, matrix_.data(), rows * plan_.out.w, to + y * plan_.out.w);
    }
  }

  /// One row of the transposed im2col matrix: what one tap sees at every window of the strip.
  void fill_row(const float* image, int64_t tap, int64_t first_row, int64_t rows, float* to) const {
    const int64_t kx = tap % plan_.kernel.w, ky = tap / plan_.kernel.w % plan_.kernel.h;
    const float* plane = image + tap / (plan_.kernel.w * plan_.kernel.h) * plan_.in.h * plan_.in.w;
    const int64_t shift = kx * plan_.dilation.w - plan_.pads.left, stride = plan_.stride.w;
    // Windows [begin, end) of a row have their tap inside of the picture.
    const int64_t begin = std::clamp<int64_t>(shift < 0 ? (-shift + stride - 1) / stride : 0, 0, plan_.out.w);
    const int64_t end =
        std::clamp<int64_t>(plan_.in.w > shift ? (plan_.in.w - shift + stride - 1) / stride : 0, begin, plan_.out.w);
    for (int64_t row = 0; row < rows; ++row, to += plan_.out.w) {
      const int64_t y = (first_row + row) * plan_.stride.h + ky * plan_.dilation.h - plan_.pads.top;
      if (y < 0 || y >= plan_.in.h) {
        std::fill_n(to, plan_.out.w, 0.0f);
        continue;
      }
      const float* from = plane + y * plan_.in.w;
      std::fill_n(to, begin, 0.0f);
      if (stride == 1) {
        std::memcpy(to + begin, from + begin + shift, static_cast<size_t>(end - begin) * sizeof(float));
      } else {
        for (int64_t x = begin; x < end; ++x) to[x] = from[x * stride + shift];
      }
      std::fill_n(to + end, plan_.out.w - end, 0.0f);
    }
  }

  /// kernels x taps times taps x columns; the result's rows lie a whole plane apart.
  void multiply(const float* weight, const float* matrix, int64_t columns, float* to) const {
    const auto m = static_cast<blasint>(plan_.kernels_per_group()), n = static_cast<blasint>(columns);
    const auto k = static_cast<blasint>(plan_.taps());
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1.0f, weight, k, matrix, n, 0.0f, to,
                static_cast<blasint>(plan_.positions()));
  }

  const Problem& problem_;
  const ConvPlan& plan_;
  bool is_product_ = false;  // a 1x1 kernel: the input is the matrix
  int64_t rows_ = 1;         // output rows of a strip
  std::vector<float> matrix_, output_;
};

}  // namespace

void add_openblas(const Problem& problem, std::vector<Contender>& contenders) {
  const auto one = std::make_shared<Im2colOpenBlas>(problem);
  contenders.push_back({"openblas", [threads = problem.threads] { openblas_set_num_threads(threads); },
                        [one] { one->run(); }, [one] { return one->output(); }});
}

}  // namespace convscope::bench
