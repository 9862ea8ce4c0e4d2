// Transforms against the sum that defines them, and convolution by transforms against the reference.
#include "engine/fft.h"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <limits>
#include <numbers>
#include <random>
#include <thread>
#include <vector>

#include "conv_cases.h"
#include "engine/algorithm_choice.h"
#include "engine/aligned_buffer.h"
#include "engine/conv2d.h"
#include "engine/conv2d_fft.h"
#include "engine/cross_check.h"
#include "engine/fft_tiling.h"
#include "engine/gemm.h"
#include "numbers.h"
#include "random_plans.h"
#include "tests/support/count_allocations.h"

namespace convscope {
namespace {

using Complex = std::complex<double>;
using testing::ForcedTarget;
using testing::NamedPlan;
using testing::random_tensors;
using testing::run;
using testing::Tensors;

// ---- the transforms ----

/// exp(-2 pi i f / size), f = 0 ... size - 1.
std::vector<Complex> roots_of(size_t size) {
  std::vector<Complex> roots(size);
  for (size_t f = 0; f < size; ++f) {
    const long double turn = static_cast<long double>(f) / static_cast<long double>(size);
    const std::complex<long double> root = std::polar(1.0L, -2 * std::numbers::pi_v<long double> * turn);
    roots[f] = {static_cast<double>(root.real()), static_cast<double>(root.imag())};
  }
  return roots;
}

/// The definition; the sums have digits to spare.
Complex dft(const std::vector<Complex>& x, const std::vector<Complex>& roots, size_t f) {
  long double re = 0, im = 0;
  for (size_t i = 0, turn = 0; i < x.size(); ++i, turn = (turn + f) % x.size()) {
    const Complex& root = roots[turn];
    re += x[i].real() * root.real() - x[i].imag() * root.imag();
    im += x[i].real() * root.imag() + x[i].imag() * root.real();
  }
  return {static_cast<double>(re), static_cast<double>(im)};
}

template <class T>
class Strip {
 public:
  Strip(size_t rows, int lanes) : lanes_(static_cast<size_t>(lanes)) {
    data_ = buffer_.reserve_for<T>(static_cast<int64_t>(2 * rows * lanes_));
  }
  T* data() { return data_; }
  Complex at(size_t i, size_t lane) const {
    return {static_cast<double>(data_[2 * i * lanes_ + lane]), static_cast<double>(data_[(2 * i + 1) * lanes_ + lane])};
  }
  void set(size_t i, size_t lane, Complex z) {
    data_[2 * i * lanes_ + lane] = static_cast<T>(z.real());
    data_[(2 * i + 1) * lanes_ + lane] = static_cast<T>(z.imag());
  }

 private:
  size_t lanes_;
  AlignedBuffer buffer_;
  T* data_ = nullptr;
};

/// Which frequency stands where: what a single frequency is transformed into stands alone.
template <class T>
std::vector<size_t> order_of(const FftKernels<T>& kernels, int size) {
  // x[i] = exp(2 pi i / size * i): the whole of it stands where frequency 1 stands. All at once: transform a unit
  // impulse at 1, exp(-2 pi i f / size), and read f from the angle.
  const auto n = static_cast<size_t>(size);
  const FftTable<T> table(size);
  Strip<T> strip(n, kernels.lanes);
  for (size_t i = 0; i < n; ++i) {
    for (size_t lane = 0; lane < static_cast<size_t>(kernels.lanes); ++lane) strip.set(i, lane, i == 1 ? 1.0 : 0.0);
  }
  kernels.forward(table, strip.data());
  std::vector<size_t> order(n);
  for (size_t i = 0; i < n; ++i) {
    const double turn = -std::arg(strip.at(i, 0)) / (2 * std::numbers::pi);
    order[i] = static_cast<size_t>(std::lround((turn < 0 ? turn + 1 : turn) * size)) % n;
  }
  return order;
}

template <class T>
void check_transforms(const FftKernels<T>& kernels, int size, std::mt19937_64& random) {
  const auto n = static_cast<size_t>(size), lanes = static_cast<size_t>(kernels.lanes);
  const FftTable<T> table(size);
  const std::vector<size_t> order = order_of(kernels, size);
  const std::vector<Complex> roots = roots_of(n);
  std::vector<bool> seen(n);
  for (size_t f : order) seen[f] = true;
  for (size_t f = 0; f < n; ++f) ASSERT_TRUE(seen[f]) << "frequency " << f << " of " << size << " is missing";

  Strip<T> strip(n, kernels.lanes);
  std::uniform_real_distribution<T> number(-1, 1);
  std::vector<std::vector<Complex>> x(lanes, std::vector<Complex>(n));
  for (size_t lane = 0; lane < lanes; ++lane) {
    for (size_t i = 0; i < n; ++i) {
      x[lane][i] = {number(random), number(random)};
      strip.set(i, lane, x[lane][i]);
    }
  }
  kernels.forward(table, strip.data());
  // Relative to the 2-norm, which a transform multiplies by sqrt(n): epsilon * log2(n), as the theory has it.
  const double epsilon = std::numeric_limits<T>::epsilon(), bound = epsilon * std::log2(size);
  for (size_t lane : {size_t{0}, lanes - 1}) {
    double norm = 0, worst = 0;
    for (const Complex& z : x[lane]) norm += std::norm(z);
    for (size_t i = 0; i<n; i += n> 256 ? 31 : 1) {
      worst = std::max(worst, std::abs(strip.at(i, lane) - dft(x[lane], roots, order[i])));
    }
    EXPECT_LE(worst, bound * std::sqrt(norm)) << "size " << size << ", lane " << lane;
  }
  kernels.inverse(table, strip.data());
  for (size_t lane : {size_t{0}, lanes - 1}) {
    double worst = 0;
    for (size_t i = 0; i < n; ++i) worst = std::max(worst, std::abs(strip.at(i, lane) / double(size) - x[lane][i]));
    EXPECT_LE(worst, 2 * bound) << "size " << size << ", lane " << lane;
  }
}

TEST(fft, of_every_size_on_every_instruction_set_is_the_sum_that_defines_it) {
  std::mt19937_64 random(testing::test_seed());
  for (std::string_view target : simd_targets()) {
    const ForcedTarget forced(target);
    SCOPED_TRACE(std::string(target));
    for (int size : fft_sizes()) {
      check_transforms(fft_kernels<float>(), size, random);
      check_transforms(fft_kernels<double>(), size, random);
    }
  }
}

template <class T>
void check_transpose_and_multiply(const FftKernels<T>& kernels) {
  const auto lanes = static_cast<size_t>(kernels.lanes);
  constexpr size_t kBlocks = 3, kTerms = 3, kRows = 2 * kFftBlockRows;
  Strip<T> from(kBlocks * lanes, kernels.lanes), to(kBlocks * 2 * lanes, kernels.lanes);
  for (size_t i = 0; i < kBlocks * lanes; ++i) {
    for (size_t lane = 0; lane < lanes; ++lane) {
      from.set(i, lane, {static_cast<double>(i * lanes + lane), -static_cast<double>(i * lanes + lane) - 0.5});
    }
  }
  const auto block = static_cast<int64_t>(2 * lanes * lanes);
  kernels.transpose(from.data(), block, to.data(), 2 * block, kBlocks);
  for (size_t b = 0; b < kBlocks; ++b) {
    for (size_t i = 0; i < lanes; ++i) {
      for (size_t j = 0; j < lanes; ++j) ASSERT_EQ(to.at(2 * b * lanes + i, j), from.at(b * lanes + j, i));
    }
  }
  Strip<T> x(kTerms * kRows, kernels.lanes), w(kTerms * kRows, kernels.lanes), acc(kRows, kernels.lanes);
  const auto value = [](size_t term, size_t row, size_t lane, size_t which) {
    return Complex(static_cast<double>((term * 5 + row * 3 + lane + which) % 7) - 3,
                   static_cast<double>((term + row * 2 + lane * 3 + which) % 5) - 2);
  };
  for (size_t term = 0; term < kTerms; ++term) {
    for (size_t row = 0; row < kRows; ++row) {
      for (size_t lane = 0; lane < lanes; ++lane) {
        x.set(term * kRows + row, lane, value(term, row, lane, 0));
        const size_t part = row / kFftBlockRows, inside = row % kFftBlockRows;
        w.set((part * kTerms + term) * kFftBlockRows + inside, lane, value(term, row, lane, 1));
      }
    }
  }
  kernels.multiply(x.data(), static_cast<int64_t>(kRows * 2 * lanes), w.data(), kTerms, kRows, acc.data());
  for (size_t row = 0; row < kRows; ++row) {
    for (size_t lane = 0; lane < lanes; ++lane) {
      Complex sum = 0;
      for (size_t term = 0; term < kTerms; ++term) sum += value(term, row, lane, 0) * value(term, row, lane, 1);
      ASSERT_EQ(acc.at(row, lane), sum);
    }
  }
}

TEST(fft, transposes_and_multiplies_on_every_instruction_set) {
  for (std::string_view target : simd_targets()) {
    const ForcedTarget forced(target);
    check_transpose_and_multiply(fft_kernels<float>());
    check_transpose_and_multiply(fft_kernels<double>());
  }
}

TEST(fft, tells_whether_all_that_it_stores_is_finite_and_leaves_the_rest_alone) {
  for (std::string_view target : simd_targets()) {
    const ForcedTarget forced(target);
    const FftKernels<float> kernels = fft_kernels<float>();
    const auto lanes = static_cast<size_t>(kernels.lanes);
    Strip<float> strip(2, kernels.lanes);
    for (size_t i = 0; i < 2; ++i) {
      for (size_t lane = 0; lane < lanes; ++lane) strip.set(i, lane, {static_cast<double>(lane + i), 1});
    }
    std::vector<float> to(64, -7.0f);
    for (int used = 1; used <= kernels.lanes; ++used) {
      std::fill(to.begin(), to.end(), -7.0f);
      EXPECT_TRUE(kernels.store_rows(strip.data(), 0, 2.0f, 1.0f, 2, used, to.data(), 32, false));
      for (size_t i = 0; i < 32; ++i) {
        const bool is_used = i < static_cast<size_t>(used);
        EXPECT_EQ(to[i], is_used ? 2.0f * static_cast<float>(i) + 1 : -7.0f);
        EXPECT_EQ(to[32 + i], is_used ? 2.0f * static_cast<float>(i + 1) + 1 : -7.0f);
      }
    }
    for (float bad : {std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity(),
                      std::numeric_limits<float>::quiet_NaN()}) {
      strip.data()[lanes - 1] = bad;
      EXPECT_FALSE(kernels.store_rows(strip.data(), 0, 1.0f, 0.0f, 2, kernels.lanes, to.data(), 32, false));
      EXPECT_TRUE(kernels.store_rows(strip.data(), 1, 1.0f, 0.0f, 2, kernels.lanes, to.data(), 32, false));
    }
    if (lanes > 1) {
      EXPECT_TRUE(kernels.store_rows(strip.data(), 0, 1.0f, 0.0f, 2, kernels.lanes - 1, to.data(), 32, false));
    }
  }
}

TEST(fft, stores_the_same_past_the_cache) {
  for (std::string_view target : simd_targets()) {
    const ForcedTarget forced(target);
    const FftKernels<double> kernels = fft_kernels<double>();
    constexpr size_t kRows = 3, kPitch = 32;
    Strip<double> strip(kRows, kernels.lanes);
    for (size_t i = 0; i < kRows; ++i) {
      for (int lane = 0; lane < kernels.lanes; ++lane) strip.set(i, static_cast<size_t>(lane), {0.5 * lane, double(i)});
    }
    AlignedBuffer through, past;
    double* a = through.reserve_for<double>(2 * kRows * kPitch);
    double* b = past.reserve_for<double>(2 * kRows * kPitch);
    for (size_t offset : {size_t{0}, size_t{1}, size_t{8}}) {
      std::fill_n(a, 2 * kRows * kPitch, -1.0);
      std::fill_n(b, 2 * kRows * kPitch, -1.0);
      EXPECT_TRUE(kernels.store_rows(strip.data(), 0, 3, 1, kRows, kernels.lanes, a + offset, kPitch, false));
      EXPECT_TRUE(kernels.store_rows(strip.data(), 0, 3, 1, kRows, kernels.lanes, b + offset, kPitch, true));
      EXPECT_TRUE(std::equal(a, a + 2 * kRows * kPitch, b));
    }
    strip.data()[0] = std::numeric_limits<double>::infinity();
    EXPECT_FALSE(kernels.store_rows(strip.data(), 0, 3, 1, kRows, kernels.lanes, b, kPitch, true));
  }
}

// ---- convolution ----

ConvParams conv(int64_t in, int64_t out, Pair kernel, Pair padding = {0, 0}, Pair dilation = {1, 1}, int64_t groups = 1,
                PaddingMode mode = PaddingMode::zeros) {
  ConvParams p;
  p.in_channels = in;
  p.out_channels = out;
  p.kernel_size = kernel;
  p.padding = padding;
  p.dilation = dilation;
  p.groups = groups;
  p.padding_mode = mode;
  return p;
}

const NamedPlan kNamedPlans[] = {
    {"picture_filter", conv(1, 1, {31, 31}, {15, 15}), {1, 1, 190, 230}},
    {"colours", conv(3, 3, {11, 11}, {5, 5}), {1, 3, 60, 77}},
    {"depthwise", conv(5, 5, {9, 7}, {4, 3}, {1, 1}, 5), {1, 5, 33, 41}},
    {"groups_with_multiplier", conv(4, 12, {7, 7}, {3, 3}, {1, 1}, 2), {3, 4, 20, 31}},
    {"one_row", conv(2, 3, {1, 33}, {0, 16}), {2, 2, 3, 200}},
    {"one_column", conv(2, 3, {33, 1}, {16, 0}), {1, 2, 200, 3}},
    {"a_signal", conv(1, 2, {1, 101}, {0, 50}), {1, 1, 1, 3000}},
    {"a_single_cell", conv(3, 2, {33, 33}), {1, 3, 33, 33}},
    {"a_single_tap", conv(3, 2, {1, 1}), {1, 3, 20, 50}},
    {"padding_beyond_the_kernel", conv(1, 2, {3, 3}, {40, 50}), {1, 1, 5, 5}},
    {"replicate_beyond_the_input", conv(1, 2, {5, 5}, {20, 30}, {1, 1}, 1, PaddingMode::replicate), {1, 1, 3, 2}},
    {"reflect", conv(2, 2, {33, 33}, {16, 16}, {1, 1}, 1, PaddingMode::reflect), {1, 2, 50, 61}},
    {"circular", conv(2, 2, {9, 9}, {20, 21}, {1, 1}, 1, PaddingMode::circular), {1, 2, 20, 21}},
    {"dilated", conv(2, 3, {5, 7}, {10, 9}, {5, 3}), {1, 2, 40, 61}},
    {"a_batch_of_small_pictures", conv(1, 1, {5, 5}, {2, 2}), {7, 1, 9, 9}},
    {"an_even_kernel", conv(2, 1, {8, 12}), {1, 2, 40, 43}},
};

class FftConvolution : public ::testing::TestWithParam<DType> {};
INSTANTIATE_TEST_SUITE_P(DTypes, FftConvolution, ::testing::Values(DType::float32, DType::float64),
                         [](const auto& type) { return std::string(name_of(type.param)); });

TEST_P(FftConvolution, agrees_with_naive_on_every_instruction_set_and_is_the_same_for_all_threads) {
  std::mt19937_64 random(testing::test_seed() + 1);
  for (NamedPlan named : kNamedPlans) {
    named.params.dtype = GetParam();
    const Result<ConvPlan> plan = validate(named.params, named.input);
    ASSERT_TRUE(plan) << named.name << " " << plan.error().code;
    const Tensors t = random_tensors(random, *plan);
    const Tensor expected = run(*plan, t, Algorithm::naive);
    for (std::string_view target : simd_targets()) {
      const ForcedTarget forced(target);
      const Tensor one = run(*plan, t, Algorithm::fft, 1);
      EXPECT_EQ(
          testing::difference(*plan, t.input, t.weight, t.bias, expected, one, transform_tolerance(t.input, t.weight)),
          "")
          << named.name << " on " << target;
      for (int threads : {2, 3, 8}) {
        EXPECT_TRUE(testing::same_bits(one, run(*plan, t, Algorithm::fft, threads)))
            << named.name << " on " << target << " with " << threads << " threads";
      }
    }
  }
}

/// A plan that fft takes: kernels up to 33 x 33, everything else anyhow.
Result<ConvPlan> random_plan(std::mt19937_64& random, DType dtype) {
  const auto draw = [&](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  };
  ConvParams p;
  p.dtype = dtype;
  p.groups = draw(0, 2) == 0 ? draw(1, 3) : 1;
  p.in_channels = p.groups * draw(1, 3);
  p.out_channels = p.groups * draw(1, 3);
  p.bias = draw(0, 1) == 1;
  p.kernel_size = {draw(1, 33), draw(1, 33)};
  if (draw(0, 3) == 0) p.kernel_size.h = 1;
  if (draw(0, 5) == 0) p.kernel_size.w = 1;
  if (draw(0, 3) == 0) p.dilation = {draw(1, 3), draw(1, 3)};
  p.padding_mode = static_cast<PaddingMode>(draw(0, 3));
  p.padding_kind = PaddingKind::pads;
  p.pads = {draw(0, 40), draw(0, 40), draw(0, 40), draw(0, 40)};
  return validate(p, {draw(0, 9) == 0 ? 0 : draw(1, 3), p.in_channels, draw(1, 70), draw(1, 90)});
}

TEST_P(FftConvolution, agrees_with_naive_on_random_parameters) {
  const uint64_t seed = testing::test_seed() + 2;
  std::mt19937_64 random(seed);
  int computed = 0;
  for (int i = 0; i < 4000 && computed < 150; ++i) {
    const Result<ConvPlan> plan = random_plan(random, GetParam());
    if (!plan || static_cast<double>(plan->output_cells()) * static_cast<double>(plan->taps()) > 3e6) continue;
    ++computed;
    const Tensors t = random_tensors(random, *plan);
    EXPECT_EQ(testing::difference(*plan, t.input, t.weight, t.bias, run(*plan, t, Algorithm::naive),
                                  run(*plan, t, Algorithm::fft, 2), transform_tolerance(t.input, t.weight)),
              "")
        << "CONVSCOPE_TEST_SEED=" << seed - 2 << ", case " << i << ": input (" << plan->input_shape().to_string()
        << ") weight (" << plan->weight_shape().to_string() << ")";
  }
  EXPECT_EQ(computed, 150);
}

TEST_P(FftConvolution, rounds_within_the_bound_that_it_states) {
  // epsilon * log2(tile cells) * ||x|| * ||w||, over the tile and the kernel: here one tile is all there is.
  std::mt19937_64 random(testing::test_seed() + 3);
  for (int64_t side : {int64_t{7}, int64_t{31}}) {
    ConvParams params = conv(1, 1, {side, side});
    params.dtype = GetParam();
    params.bias = false;
    const ConvPlan plan = validate(params, {1, 1, side + 20, side + 20}).value();
    const Tensors t = random_tensors(random, plan);
    ConvPlan exact_plan = plan;
    exact_plan.dtype = DType::float64;
    const Tensors exact{t.input.to(DType::float64).value(), t.weight.to(DType::float64).value(), {}};
    const Tensor expected = run(exact_plan, exact, Algorithm::naive);
    const double error = testing::largest_difference(expected, run(plan, t, Algorithm::fft));
    double x = 0, w = 0;
    for (int64_t i = 0; i < t.input.numel(); ++i) x += t.input.at(i) * t.input.at(i);
    for (int64_t i = 0; i < t.weight.numel(); ++i) w += t.weight.at(i) * t.weight.at(i);
    const double epsilon =
        GetParam() == DType::float32 ? std::numeric_limits<float>::epsilon() : std::numeric_limits<double>::epsilon();
    const auto cells = static_cast<double>(fft_tiling(plan)->cells());
    EXPECT_LE(error, epsilon * std::log2(cells) * std::sqrt(x * w));
    // What is typical: the errors are spread over the tile. The largest of some hundreds is four times as large.
    EXPECT_LE(error, 4 * epsilon * std::log2(cells) * std::sqrt(x * w / cells));
    RecordProperty("error_of_typical_bound",
                   std::to_string(error / (epsilon * std::log2(cells) * std::sqrt(x * w / cells))));
  }
}

TEST_P(FftConvolution, gives_what_naive_gives_where_numbers_are_not_finite_or_overflow) {
  ConvParams params = conv(2, 3, {9, 9}, {4, 4});
  params.dtype = GetParam();
  const ConvPlan plan = validate(params, {2, 2, 120, 140}).value();
  std::mt19937_64 random(testing::test_seed() + 4);
  for (double bad : testing::numbers_that_spoil(GetParam())) {
    for (bool in_weight : {false, true}) {
      Tensors t = random_tensors(random, plan);
      Tensor& spoiled = in_weight ? t.weight : t.input;
      spoiled = testing::with_number(spoiled, in_weight ? 5 : 140 * 57 + 33, bad);
      const Tensor naive = run(plan, t, Algorithm::naive), fft = run(plan, t, Algorithm::fft, 2);
      ASSERT_EQ(testing::spoiled_differently(naive, fft), "") << bad;
      EXPECT_EQ(testing::difference(plan, t.input, t.weight, t.bias, naive, fft), "") << bad;
    }
  }
}

TEST(fft_convolution, of_a_weight_that_is_not_finite_tells_its_progress_and_can_be_stopped) {
  const ConvPlan plan = validate(conv(16, 16, {15, 15}, {7, 7}), {1, 16, 400, 400}).value();  // 9 G multiply-adds
  Tensors t{Tensor::zeros(plan.input_shape(), plan.dtype).value(),
            testing::with_number(Tensor::zeros(plan.weight_shape(), plan.dtype).value(), 0, HUGE_VAL),
            Tensor::zeros(plan.bias_shape(), plan.dtype).value()};
  Job job;
  std::thread stopper([&job] {
    while (job.progress.load() == 0.0f) std::this_thread::yield();
    job.cancelled = true;
  });
  const Result<Tensor> result = conv2d(plan, t.input, t.weight, t.bias, {Algorithm::fft, 2, &job});
  stopper.join();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, "error.cancelled");
  EXPECT_LT(job.progress.load(), 1.0f);
}

TEST(fft_convolution, one_runner_serves_again_and_again_without_allocating) {
  const ConvPlan plan = validate(conv(3, 2, {11, 11}, {5, 5}), {1, 3, 200, 210}).value();
  std::mt19937_64 random(testing::test_seed() + 5);
  const Tensors t = random_tensors(random, plan);
  Tensor weight = t.weight.to(DType::float64)->to(DType::float32).value();
  auto runner = prepare_fft<float>(plan, weight.data<float>(), t.bias.data<float>());
  ASSERT_NE(runner, nullptr);
  std::fill_n(weight.mutable_data<float>(), weight.numel(), 0.0f);  // it has a copy
  Tensor output = Tensor::uninitialized(plan.output_shape(), plan.dtype).value();
  ASSERT_EQ(runner->run(t.input.data<float>(), output.mutable_data<float>(), 1, nullptr), Outcome::finished);
  EXPECT_TRUE(testing::same_bits(output, run(plan, t, Algorithm::fft)));
  EXPECT_GE(runner->packed_bytes(), 3 * 2 * fft_tiling(plan)->cells() * 8);
  EXPECT_GE(runner->scratch_bytes(1), 4 * fft_tiling(plan)->cells() * 8);
  EXPECT_EQ(runner->scratch_bytes(2), 2 * runner->scratch_bytes(1));
  if (!test::allocations_are_counted()) GTEST_SKIP() << "allocations are not counted here";
  runner->run(t.input.data<float>(), output.mutable_data<float>(), 2, nullptr);  // the threads are started once
  const long before = test::allocations_so_far();
  for (int i = 0; i < 3; ++i) runner->run(t.input.data<float>(), output.mutable_data<float>(), 2, nullptr);
  EXPECT_EQ(test::allocations_so_far(), before);
}

std::string refusal(const ConvParams& params, const Shape& input) {
  const ConvPlan plan = validate(params, input).value();
  const Result<FftTiling> tiling = fft_tiling(plan);
  if (tiling) return "";
  EXPECT_EQ(tiling.error().field, "algorithm");
  return tiling.error().code;
}

TEST(fft_convolution, refuses_strides_and_kernels_beyond_a_tile) {
  ConvParams params = conv(1, 1, {3, 3});
  params.stride = {2, 1};
  EXPECT_EQ(refusal(params, {1, 1, 9, 9}), "error.algorithm_fft_stride");
  EXPECT_EQ(refusal(params, {1, 1, 3, 9}), "") << "one row of outputs: the stride is never taken";
  params.stride = {1, 7};
  EXPECT_EQ(refusal(params, {1, 1, 9, 12}), "error.algorithm_fft_stride");
  EXPECT_EQ(refusal(conv(1, 1, {2, 2}, {9000, 9000}, {9000, 9000}), {1, 1, 9, 9}), "error.algorithm_fft_kernel");
  EXPECT_EQ(refusal(conv(1, 1, {2, 2}, {3000, 3000}, {3000, 3000}), {1, 1, 9, 9}), "error.algorithm_fft_kernel");
  EXPECT_EQ(refusal(conv(1, 1, {1, 2}, {0, 8000}, {1, 8000}), {1, 1, 9, 9}), "");
  EXPECT_EQ(refusal(conv(4096, 4096, {65, 65}, {32, 32}), {1, 4096, 9, 9}), "error.scratch_too_large");
}

TEST(fft_convolution, is_chosen_for_large_kernels_with_stride_one_only) {
  const auto pays = [](const ConvParams& params, const Shape& input) { return fft_pays(*validate(params, input)); };
  EXPECT_TRUE(pays(conv(1, 1, {31, 31}, {15, 15}), {1, 1, 1080, 1920}));
  EXPECT_TRUE(pays(conv(3, 3, {31, 31}, {15, 15}), {1, 3, 1080, 1920}));
  EXPECT_TRUE(pays(conv(3, 3, {31, 31}, {15, 15}, {1, 1}, 3), {1, 3, 1080, 1920}));
  EXPECT_FALSE(pays(conv(1, 1, {5, 5}, {2, 2}), {1, 1, 1080, 1920}));
  EXPECT_FALSE(pays(conv(64, 64, {3, 3}, {1, 1}), {1, 64, 56, 56}));
  ConvParams strided = conv(1, 1, {31, 31}, {15, 15});
  strided.stride = {2, 2};
  EXPECT_FALSE(pays(strided, {1, 1, 1080, 1920}));
}

}  // namespace
}  // namespace convscope
