// The operations beside conv2d, each next to the time that its products or its bytes would take: a forward convolution
// of as many multiply-adds, or a copy of as many bytes, alternating with it in the same run. Only the ratios count.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/conv2d_backward.h"
#include "engine/conv_nd.h"
#include "engine/conv_transpose.h"
#include "engine/fold.h"
#include "engine/pool.h"
#include "engine/prepared_conv2d.h"
#include "engine/torch_random.h"
#include "scoreboard.h"

namespace convscope::bench {

namespace {

struct Case {
  std::string name;
  std::function<void()> run, yardstick;
};

Tensor numbers(const Shape& shape) {
  static TorchRandom random(0);
  return random.randn(shape).value();
}

/// Of this process, all its threads together: what others do meanwhile does not count.
double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double seconds_of(const std::function<void()>& body, int times) {
  const double start = processor_seconds();
  for (int i = 0; i < times; ++i) body();
  return (processor_seconds() - start) / times;
}

/// Reads and writes so many bytes in all.
std::function<void()> copy_of(int64_t bytes) {
  auto from = std::make_shared<std::vector<char>>(static_cast<size_t>(bytes / 2), char{1});
  auto to = std::make_shared<std::vector<char>>(from->size());
  return [from, to] {
    std::memcpy(to->data(), from->data(), from->size());
    asm volatile("" : : "r"(to->data()) : "memory");
  };
}

ConvPlan plan_of(int64_t in, int64_t out, int64_t size, int64_t kernel, int64_t stride, int64_t padding,
                 int64_t batch = 1) {
  ConvParams p;
  p.in_channels = in;
  p.out_channels = out;
  p.kernel_size = {kernel, kernel};
  p.stride = {stride, stride};
  p.padding = {padding, padding};
  p.bias = false;
  return validate(p, {batch, in, size, size}).value();
}

/// `times` forward convolutions.
std::function<void()> forward(const ConvPlan& plan, int threads, int times = 1) {
  const Tensor x = numbers(plan.input_shape()), w = numbers(plan.weight_shape());
  return [=] {
    for (int i = 0; i < times; ++i) (void)conv2d(plan, x, w, Tensor(), {Algorithm::im2col, threads, nullptr});
  };
}

/// The transpose of the convolution.
Case transposed(const std::string& name, const ConvPlan& plan, int64_t output_padding, int threads) {
  ConvTransposeParams p = ConvTransposeParams::of(2);
  p.in_channels = plan.out_channels;
  p.out_channels = plan.in_channels;
  p.kernel_size = {plan.kernel.h, plan.kernel.w};
  p.stride = {plan.stride.h, plan.stride.w};
  p.padding.both = {plan.pads.top, plan.pads.left};
  p.output_padding = {output_padding, output_padding};
  p.bias = false;
  const ConvTransposePlan back = validate(p, {plan.batch, plan.out_channels, plan.out.h, plan.out.w}).value();
  const Tensor x = numbers(back.input_shape()), w = numbers(back.weight_shape());
  return {name, [=] { (void)conv_transpose(back, x, w, Tensor(), {Algorithm::automatic, threads, nullptr}); },
          forward(plan, threads)};
}

Case gradients(const std::string& name, const ConvPlan& plan, int threads) {
  const Tensor x = numbers(plan.input_shape()), w = numbers(plan.weight_shape()), g = numbers(plan.output_shape());
  return {name, [=] { (void)conv2d_backward(plan, x, w, g, {Algorithm::automatic, threads, nullptr}); },
          forward(plan, threads, 2)};
}

Case pooling(const std::string& name, PoolKind kind, const Shape& shape, int64_t kernel, int64_t stride,
             int64_t padding, int threads) {
  PoolParams p = PoolParams::of(kind, 2);
  p.kernel_size = {kernel, kernel};
  p.stride = Spatial{stride, stride};
  p.padding.both = {padding, padding};
  const PoolPlan plan = validate(p, shape).value();
  const Tensor x = numbers(shape);
  return {name, [=] { (void)pool(plan, x, PoolIndices::none, threads); },
          copy_of((*shape.numel() + plan.output_cells()) * 4)};
}

Case unfolding(const std::string& name, bool back, const Shape& shape, int64_t kernel, int64_t stride,
               int64_t padding) {
  FoldParams p;
  p.kernel_size = {kernel, kernel};
  p.stride = {stride, stride};
  p.padding.both = {padding, padding};
  const FoldPlan plan = validate_unfold(p, shape).value();
  const Tensor from = numbers(back ? plan.columns_shape() : shape);
  return {name, [=] { (void)(back ? fold(plan, from) : unfold(plan, from)); },
          copy_of((*shape.numel() + *plan.columns_shape().numel()) * 4)};
}

/// conv1d and conv3d beside the conv2d of as many products.
Case over_axes(const std::string& name, const ConvNdParams& p, const Shape& shape, const ConvPlan& alike,
               int threads) {
  const ConvNdPlan plan = validate(p, shape).value();
  const Tensor x = numbers(shape), w = numbers(plan.weight_shape());
  return {name, [=] { (void)conv_nd(plan, x, w, Tensor(), {Algorithm::im2col, threads, nullptr}); },
          forward(alike, threads)};
}

std::vector<Case> cases(int threads) {
  std::vector<Case> all;
  all.push_back(transposed("conv_transpose2d 64 64 3x3 p1 56", plan_of(64, 64, 56, 3, 1, 1), 0, threads));
  all.push_back(transposed("conv_transpose2d 128 64 4x4 s2 p1 28", plan_of(64, 128, 56, 4, 2, 1), 0, threads));
  all.push_back(transposed("conv_transpose2d 64 64 3x3 s2 p1 op1 28", plan_of(64, 64, 56, 3, 2, 1), 1, threads));
  all.push_back(transposed("conv_transpose2d 64 3 4x4 s2 p1 112", plan_of(3, 64, 224, 4, 2, 1), 0, threads));
  all.push_back(transposed("conv_transpose2d 64 32 2x2 s2 64", plan_of(32, 64, 128, 2, 2, 0), 0, threads));
  all.push_back(gradients("conv2d_backward 64 64 3x3 p1 56", plan_of(64, 64, 56, 3, 1, 1), threads));
  all.push_back(gradients("conv2d_backward 64 128 3x3 s2 p1 56 n4", plan_of(64, 128, 56, 3, 2, 1, 4), threads));
  all.push_back(gradients("conv2d_backward 64 256 1x1 56", plan_of(64, 256, 56, 1, 1, 0), threads));
  all.push_back(gradients("conv2d_backward 512 512 3x3 p1 7", plan_of(512, 512, 7, 3, 1, 1), threads));
  all.push_back(gradients("conv2d_backward 3 64 7x7 s2 p3 224", plan_of(3, 64, 224, 7, 2, 3), threads));
  {
    ConvNdParams p = ConvNdParams::of(1);
    p.in_channels = p.out_channels = 64;
    p.kernel_size = {9};
    p.padding.both = {4};
    p.bias = false;
    all.push_back(over_axes("conv1d 64 64 9 p4 3136", p, {1, 64, 3136}, plan_of(64, 64, 56, 3, 1, 1), threads));
    p = ConvNdParams::of(3);
    p.in_channels = 16;
    p.out_channels = 32;
    p.padding.both = {1, 1, 1};
    p.bias = false;
    all.push_back(over_axes("conv3d 16 32 3x3x3 p1 16x28x28", p, {1, 16, 16, 28, 28},
                            plan_of(48, 32, 28, 3, 1, 1, 16), threads));
  }
  all.push_back(pooling("max_pool2d 64 3x3 s2 p1 112", PoolKind::max, {1, 64, 112, 112}, 3, 2, 1, threads));
  all.push_back(pooling("max_pool2d 64 2x2 s2 112", PoolKind::max, {1, 64, 112, 112}, 2, 2, 0, threads));
  all.push_back(pooling("max_pool2d 64 3x3 s1 p1 56", PoolKind::max, {1, 64, 56, 56}, 3, 1, 1, threads));
  all.push_back(pooling("avg_pool2d 64 3x3 s2 p1 112", PoolKind::average, {1, 64, 112, 112}, 3, 2, 1, threads));
  all.push_back(pooling("avg_pool2d 2048 7x7 7", PoolKind::average, {1, 2048, 7, 7}, 7, 7, 0, threads));
  all.push_back(unfolding("unfold 64 3x3 p1 56", false, {1, 64, 56, 56}, 3, 1, 1));
  all.push_back(unfolding("unfold 64 3x3 s2 p1 56", false, {1, 64, 56, 56}, 3, 2, 1));
  all.push_back(unfolding("fold 64 3x3 p1 56", true, {1, 64, 56, 56}, 3, 1, 1));
  all.push_back(unfolding("fold 64 3x3 s2 p1 56", true, {1, 64, 56, 56}, 3, 2, 1));
  return all;
}

}  // namespace

}  // namespace convscope::bench

/// bench_operations [THREADS [PART OF A NAME]]
int main(int argc, char** argv) {
  using namespace convscope::bench;
  const int threads = argc > 1 ? std::max(1, std::atoi(argv[1])) : 1;
  const std::string part = argc > 2 ? argv[2] : "";
  constexpr int kRounds = 9;
  constexpr double kSeconds = 0.02;  // of one measurement
  std::printf("%-42s %10s %12s %8s   (%d thread%s)\n", "operation", "ms", "yardstick ms", "ratio", threads,
              threads > 1 ? "s" : "");
  double product = 0;
  int count = 0;
  for (const Case& one : cases(threads)) {
    if (one.name.find(part) == std::string::npos) continue;
    const auto times_of = [](const std::function<void()>& body) {
      body();
      return std::max(1, static_cast<int>(kSeconds / seconds_of(body, 1)));
    };
    const int runs = times_of(one.run), yards = times_of(one.yardstick);
    std::vector<double> ratios, mine, theirs;
    for (int round = 0; round < kRounds; ++round) {
      mine.push_back(seconds_of(one.run, runs));
      theirs.push_back(seconds_of(one.yardstick, yards));
      ratios.push_back(mine.back() / theirs.back());
    }
    std::printf("%-42s %10.4f %12.4f %8.2f\n", one.name.c_str(), median(mine) * 1e3, median(theirs) * 1e3,
                median(ratios));
    product += std::log(median(ratios));
    ++count;
  }
  if (count > 0) std::printf("geometric mean of %d ratios: %.2f\n", count, std::exp(product / count));
  return 0;
}
