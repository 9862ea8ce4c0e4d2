// The operations beside conv2d, each next to the time that its products or its bytes would take: a forward convolution
// of as many multiply-adds, or a copy that reads and writes as many bytes, alternating with it in the same run. Only
// the ratios count.
#include <malloc.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
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

/// Cases, of which only those are made ready whose names contain a text.
class Cases {
 public:
  explicit Cases(std::string part) : part_(std::move(part)) {}
  template <class Make>
  void add(const std::string& name, const Make& make) {
    if (name.find(part_) != std::string::npos) cases_.push_back([name, make] { return make(name); });
  }
  const std::vector<std::function<Case()>>& all() const { return cases_; }

 private:
  std::string part_;
  std::vector<std::function<Case()>> cases_;
};

Tensor numbers(const Shape& shape, DType dtype = DType::float32) {
  static TorchRandom random(0);
  return random.randn(shape, dtype).value();
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

/// Reads so many bytes and writes so many; of the fewer, some are read or written again.
std::function<void()> copy_of(int64_t read, int64_t written) {
  constexpr size_t kBlock = 1 << 14;
  const auto blocks = [](int64_t bytes) { return std::max<size_t>(1, static_cast<size_t>(bytes) / kBlock); };
  auto from = std::make_shared<std::vector<char>>(blocks(read) * kBlock, char{1});
  auto to = std::make_shared<std::vector<char>>(blocks(written) * kBlock);
  return [from, to] {
    for (size_t at = 0; at < std::max(from->size(), to->size()); at += kBlock) {
      std::memcpy(to->data() + at % to->size(), from->data() + at % from->size(), kBlock);
      asm volatile("" : : "r"(to->data()) : "memory");
    }
  };
}

/// A layer over square pictures.
struct Layer {
  int64_t in = 1, out = 1, size = 1, kernel = 3, stride = 1, padding = 0;
  int64_t batch = 1, groups = 1, dilation = 1;
  DType dtype = DType::float32;
};

ConvPlan plan_of(const Layer& layer) {
  ConvParams p;
  p.in_channels = layer.in;
  p.out_channels = layer.out;
  p.kernel_size = {layer.kernel, layer.kernel};
  p.stride = {layer.stride, layer.stride};
  p.padding = {layer.padding, layer.padding};
  p.dilation = {layer.dilation, layer.dilation};
  p.groups = layer.groups;
  p.bias = false;
  p.dtype = layer.dtype;
  return validate(p, {layer.batch, layer.in, layer.size, layer.size}).value();
}

/// `times` forward convolutions that add up all products: by the kernels for few output channels, or by those for many.
std::function<void()> forward(const ConvPlan& plan, int threads, int times = 1) {
  const Tensor x = numbers(plan.input_shape(), plan.dtype), w = numbers(plan.weight_shape(), plan.dtype);
  const Algorithm algorithm = plan.kernels_per_group() <= 4 ? Algorithm::direct : Algorithm::im2col;
  return [=] {
    for (int i = 0; i < times; ++i) (void)conv2d(plan, x, w, Tensor(), {algorithm, threads, nullptr});
  };
}

std::function<void()> transposing(const ConvTransposeParams& p, const Shape& shape, int threads) {
  const ConvTransposePlan plan = validate(p, shape).value();
  const Tensor x = numbers(shape, p.dtype), w = numbers(plan.weight_shape(), p.dtype);
  return [=] { (void)conv_transpose(plan, x, w, Tensor(), {Algorithm::automatic, threads, nullptr}); };
}

/// The transpose of the convolution.
Case transposed(const std::string& name, const Layer& layer, int64_t output_padding, int threads) {
  const ConvPlan plan = plan_of(layer);
  ConvTransposeParams p = ConvTransposeParams::of(2);
  p.in_channels = plan.out_channels;
  p.out_channels = plan.in_channels;
  p.kernel_size = {plan.kernel.h, plan.kernel.w};
  p.stride = {plan.stride.h, plan.stride.w};
  p.padding.both = {plan.pads.top, plan.pads.left};
  p.dilation = {plan.dilation.h, plan.dilation.w};
  p.output_padding = {output_padding, output_padding};
  p.groups = plan.groups;
  p.bias = false;
  p.dtype = plan.dtype;
  return {name, transposing(p, {plan.batch, plan.out_channels, plan.out.h, plan.out.w}, threads),
          forward(plan, threads)};
}

Case gradients(const std::string& name, const Layer& layer, int threads) {
  const ConvPlan plan = plan_of(layer);
  const Tensor x = numbers(plan.input_shape(), plan.dtype), w = numbers(plan.weight_shape(), plan.dtype),
               g = numbers(plan.output_shape(), plan.dtype);
  return {name,
          [=] {
            (void)conv2d_backward(plan, x, w, g, {Algorithm::automatic, threads, nullptr});
          },
          forward(plan, threads, 2)};
}

/// The convolution of each channel, or plane of a channel, with a kernel of its own.
std::function<void()> depthwise(const Shape& shape, int64_t kernel, int64_t stride, int64_t padding, int threads,
                                DType dtype) {
  const int rank = shape.rank();
  const bool is_row = rank == 3;
  ConvParams p;
  p.in_channels = p.out_channels = p.groups = rank == 5 ? shape[1] * shape[2] : shape[1];
  p.kernel_size = {is_row ? 1 : kernel, kernel};
  p.stride = {is_row ? 1 : stride, stride};
  p.padding = {is_row ? 0 : padding, padding};
  p.bias = false;
  p.dtype = dtype;
  const Shape pictures{shape[0], p.in_channels, is_row ? 1 : shape[rank - 2], shape[rank - 1]};
  const ConvPlan plan = validate(p, pictures).value();
  const Tensor x = numbers(pictures, dtype), w = numbers(plan.weight_shape(), dtype);
  return [=] { (void)conv2d(plan, x, w, Tensor(), {Algorithm::direct, threads, nullptr}); };
}

Case pooling(const std::string& name, PoolKind kind, const Shape& shape, int64_t kernel, int64_t stride,
             int64_t padding, int threads, PoolIndices indices = PoolIndices::none, DType dtype = DType::float32) {
  const int dims = shape.rank() - 2;
  PoolParams p = PoolParams::of(kind, dims);
  p.stride.emplace(p.kernel_size);
  for (int i = 0; i < dims; ++i) {
    p.kernel_size[i] = kernel;
    (*p.stride)[i] = stride;
    p.padding.both[i] = padding;
  }
  p.dtype = dtype;
  const PoolPlan plan = validate(p, shape).value();
  const Tensor x = numbers(shape, dtype);
  return {name, [=] { (void)pool(plan, x, indices, threads); },
          depthwise(shape, kernel, stride, padding, threads, dtype)};
}

Case unfolding(const std::string& name, bool back, const Shape& shape, int64_t kernel, int64_t stride, int64_t padding,
               int threads, DType dtype = DType::float32) {
  FoldParams p;
  p.kernel_size = {kernel, kernel};
  p.stride = {stride, stride};
  p.padding.both = {padding, padding};
  p.dtype = dtype;
  const FoldPlan plan = validate_unfold(p, shape).value();
  const Tensor from = numbers(back ? plan.columns_shape() : shape, dtype);
  return {
      name, [=] { (void)(back ? fold(plan, from, threads) : unfold(plan, from, threads)); },
      copy_of(*from.shape().numel() * size_of(dtype), *(back ? shape : plan.columns_shape()).numel() * size_of(dtype))};
}

/// conv1d and conv3d beside the conv2d of as many products.
Case over_axes(const std::string& name, const ConvNdParams& p, const Shape& shape, const Layer& alike, int threads) {
  const ConvNdPlan plan = validate(p, shape).value();
  const Tensor x = numbers(shape), w = numbers(plan.weight_shape());
  return {name,
          [=] {
            (void)conv_nd(plan, x, w, Tensor(), {Algorithm::automatic, threads, nullptr});
          },
          forward(plan_of(alike), threads)};
}

void add_transposed(int threads, Cases& all) {
  const auto add = [&](const char* name, const Layer& layer, int64_t output_padding = 0) {
    all.add(std::string("conv_transpose2d ") + name,
            [=](const std::string& full) { return transposed(full, layer, output_padding, threads); });
  };
  add("64 64 3x3 p1 56", {64, 64, 56, 3, 1, 1});
  add("128 64 4x4 s2 p1 28", {64, 128, 56, 4, 2, 1});
  add("64 64 3x3 s2 p1 op1 28", {64, 64, 56, 3, 2, 1}, 1);
  add("64 3 4x4 s2 p1 112", {3, 64, 224, 4, 2, 1});
  add("64 32 2x2 s2 64", {32, 64, 128, 2, 2, 0});
  add("512 256 4x4 s2 p1 7", {256, 512, 14, 4, 2, 1});
  add("256 128 1x1 28", {128, 256, 28, 1, 1, 0});
  add("64 64 5x5 s3 p1 19", {64, 64, 57, 5, 3, 1});
  add("64 64 3x3 d2 p2 28", {64, 64, 28, 3, 1, 2, 1, 1, 2});
  add("144 dw 3x3 p1 56", {144, 144, 56, 3, 1, 1, 1, 144});
  add("144 dw 4x4 s2 p1 28", {144, 144, 56, 4, 2, 1, 1, 144});
  add("128 128 g32 3x3 s2 p1 op1 28", {128, 128, 56, 3, 2, 1, 1, 32}, 1);
  add("64 64 3x3 s2 p1 op1 28 f64", {64, 64, 56, 3, 2, 1, 1, 1, 1, DType::float64}, 1);
  add("8 16 3x3 s2 p1 op1 8", {16, 8, 16, 3, 2, 1}, 1);
  {
    ConvTransposeParams p = ConvTransposeParams::of(1);
    p.in_channels = 128;
    p.out_channels = 64;
    p.kernel_size = {16};
    p.stride = {8};
    p.padding.both = {4};
    p.bias = false;
    // 128 * 64 * 16 products for each of 512 cells: as 23 * 23 cells with 4 * 4 taps, a stride apart.
    all.add("conv_transpose1d 128 64 16 s8 p4 512", [=](const std::string& name) {
      return Case{name, transposing(p, {1, 128, 512}, threads), forward(plan_of({64, 128, 90, 4, 4, 1}), threads)};
    });
    p = ConvTransposeParams::of(3);
    p.in_channels = 64;
    p.out_channels = 32;
    p.kernel_size = {2, 2, 2};
    p.stride = {2, 2, 2};
    p.bias = false;
    // 64 * 32 * 8 products for each of 8 * 14 * 14 cells, as 16 pictures of 14 * 14 with 2 * 2 taps.
    all.add("conv_transpose3d 64 32 2x2x2 s2 8x14x14", [=](const std::string& name) {
      return Case{name, transposing(p, {1, 64, 8, 14, 14}, threads),
                  forward(plan_of({32, 64, 28, 2, 2, 0, 16}), threads)};
    });
  }
}

void add_gradients(int threads, Cases& all) {
  const auto add = [&](const char* name, const Layer& layer) {
    all.add(std::string("conv2d_backward ") + name,
            [=](const std::string& full) { return gradients(full, layer, threads); });
  };
  add("64 64 3x3 p1 56", {64, 64, 56, 3, 1, 1});
  add("64 128 3x3 s2 p1 56 n4", {64, 128, 56, 3, 2, 1, 4});
  add("64 256 1x1 56", {64, 256, 56, 1, 1, 0});
  add("512 512 3x3 p1 7", {512, 512, 7, 3, 1, 1});
  add("3 64 7x7 s2 p3 224", {3, 64, 224, 7, 2, 3});
  add("256 256 3x3 d2 p2 28", {256, 256, 28, 3, 1, 2, 1, 1, 2});
  add("144 dw 3x3 p1 56", {144, 144, 56, 3, 1, 1, 1, 144});
  add("144 dw 3x3 s2 p1 56", {144, 144, 56, 3, 2, 1, 1, 144});
  add("128 128 g32 3x3 p1 56", {128, 128, 56, 3, 1, 1, 1, 32});
  add("3 3 5x5 p2 256", {3, 3, 256, 5, 1, 2});
  add("3 16 3x3 p1 32", {3, 16, 32, 3, 1, 1});
  add("64 64 3x3 p1 28 f64", {64, 64, 28, 3, 1, 1, 1, 1, 1, DType::float64});
}

void add_over_axes(int threads, Cases& all) {
  const auto add = [&](const char* name, const ConvNdParams& p, const Shape& shape, const Layer& alike) {
    all.add(name, [=](const std::string& full) { return over_axes(full, p, shape, alike, threads); });
  };
  ConvNdParams p = ConvNdParams::of(1);
  p.in_channels = p.out_channels = 64;
  p.kernel_size = {9};
  p.padding.both = {4};
  p.bias = false;
  add("conv1d 64 64 9 p4 3136", p, {1, 64, 3136}, {64, 64, 56, 3, 1, 1});
  p.kernel_size = {4};
  p.stride = {2};
  p.padding.both = {1};
  add("conv1d 64 64 4 s2 p1 6272", p, {1, 64, 6272}, {64, 64, 112, 2, 2, 0});
  p.groups = 64;
  p.kernel_size = {9};
  p.stride = {1};
  p.padding.both = {4};
  add("conv1d 64 dw 9 p4 3136", p, {1, 64, 3136}, {64, 64, 56, 3, 1, 1, 1, 64});
  p = ConvNdParams::of(3);
  p.in_channels = 16;
  p.out_channels = 32;
  p.padding.both = {1, 1, 1};
  p.bias = false;
  const Layer alike{48, 32, 28, 3, 1, 1, 16};
  add("conv3d 16 32 3x3x3 p1 16x28x28", p, {1, 16, 16, 28, 28}, alike);
  p.stride = {2, 2, 2};
  add("conv3d 16 32 3x3x3 s2 p1 32x56x56", p, {1, 16, 32, 56, 56}, {48, 32, 56, 3, 2, 1, 16});
  p.in_channels = p.out_channels = 128;
  p.stride = {1, 1, 1};
  add("conv3d 128 128 3x3x3 p1 4x7x7", p, {1, 128, 4, 7, 7}, {384, 128, 7, 3, 1, 1, 4});
  p.kernel_size = {1, 1, 1};
  p.padding.both = {0, 0, 0};
  add("conv3d 128 128 1x1x1 8x14x14", p, {1, 128, 8, 14, 14}, {128, 128, 14, 1, 1, 0, 8});
  p.kernel_size = {3, 3, 3};
  p.padding.both = {1, 1, 1};
  p.in_channels = p.out_channels = p.groups = 32;
  add("conv3d 32 dw 3x3x3 p1 16x28x28", p, {1, 32, 16, 28, 28}, {96, 32, 28, 3, 1, 1, 16, 32});
}

void add_windows(int threads, Cases& all) {
  const auto pools = [&](const char* name, PoolKind kind, const Shape& shape, int64_t kernel, int64_t stride,
                         int64_t padding, PoolIndices indices = PoolIndices::none, DType dtype = DType::float32) {
    all.add(name, [=](const std::string& full) {
      return pooling(full, kind, shape, kernel, stride, padding, threads, indices, dtype);
    });
  };
  const auto unfolds = [&](const char* name, const Shape& shape, int64_t kernel, int64_t stride, int64_t padding,
                           DType dtype = DType::float32) {
    const bool back = std::string_view(name).starts_with("fold");
    all.add(name, [=](const std::string& full) {
      return unfolding(full, back, shape, kernel, stride, padding, threads, dtype);
    });
  };
  const auto largest = PoolKind::max, average = PoolKind::average;
  const auto wanted = PoolIndices::wanted;
  const Shape picture{1, 64, 112, 112}, small{1, 64, 56, 56}, column{1, 64, 12544}, field{1, 32, 16, 28, 28};
  pools("max_pool2d 64 3x3 s2 p1 112", largest, picture, 3, 2, 1);
  pools("max_pool2d 64 2x2 s2 112", largest, picture, 2, 2, 0);
  pools("max_pool2d 64 3x3 s1 p1 56", largest, small, 3, 1, 1);
  pools("max_pool2d 64 2x2 s2 112 indices", largest, picture, 2, 2, 0, wanted);
  pools("max_pool2d 64 3x3 s2 p1 112 indices", largest, picture, 3, 2, 1, wanted);
  pools("max_pool2d 64 2x2 s2 112 f64", largest, picture, 2, 2, 0, PoolIndices::none, DType::float64);
  pools("max_pool1d 64 2 s2 12544", largest, column, 2, 2, 0);
  pools("max_pool3d 32 2x2x2 s2 16x28x28", largest, field, 2, 2, 0);
  pools("avg_pool2d 64 2x2 s2 112", average, picture, 2, 2, 0);
  pools("avg_pool2d 64 3x3 s2 p1 112", average, picture, 3, 2, 1);
  pools("avg_pool2d 2048 7x7 7", average, {1, 2048, 7, 7}, 7, 7, 0);
  unfolds("unfold 64 3x3 p1 56", small, 3, 1, 1);
  unfolds("unfold 64 3x3 s2 p1 56", small, 3, 2, 1);
  unfolds("unfold 64 3x3 p1 56 f64", small, 3, 1, 1, DType::float64);
  unfolds("unfold 3 16x16 s16 224", {1, 3, 224, 224}, 16, 16, 0);
  unfolds("fold 64 3x3 p1 56", small, 3, 1, 1);
  unfolds("fold 64 3x3 s2 p1 56", small, 3, 2, 1);
  unfolds("fold 3 16x16 s16 224", {1, 3, 224, 224}, 16, 16, 0);
}

}  // namespace

}  // namespace convscope::bench

/// bench_operations [THREADS [PART OF A NAME]]
int main(int argc, char** argv) {
  using namespace convscope::bench;
  // As in bench_engine: a result's memory serves the next one.
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, INT32_MAX);
  const int threads = argc > 1 ? std::max(1, std::atoi(argv[1])) : 1;
  constexpr int kRounds = 9;
  constexpr double kSeconds = 0.02;  // of one measurement
  std::printf("%-42s %10s %12s %8s   (%d thread%s)\n", "operation", "ms", "yardstick ms", "ratio", threads,
              threads > 1 ? "s" : "");
  double product = 0;
  int count = 0;
  Cases cases(argc > 2 ? argv[2] : "");
  add_transposed(threads, cases);
  add_gradients(threads, cases);
  add_over_axes(threads, cases);
  add_windows(threads, cases);
  for (const auto& make : cases.all()) {
    const Case one = make();
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
