// Thousands of random parameter sets of every operation, good and bad: each is refused in words or computed, and what
// is computed is the same by every algorithm, for every number of threads, and as a plain loop over the definition has
// it.
//
// CONVSCOPE_TEST_SEED chooses other sets; the seed and the set stand in every complaint.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>

#include "conv_cases.h"
#include "engine/conv2d_backward.h"
#include "engine/conv2d_winograd.h"
#include "engine/conv_nd.h"
#include "engine/conv_transpose.h"
#include "engine/cross_check.h"
#include "engine/gemm.h"
#include "engine/operation_cost.h"
#include "numbers.h"
#include "random_operations.h"
#include "random_plans.h"

namespace convscope {

/// For the names of tests, which would hold the bytes of a pointer without it.
void PrintTo(const Operation& operation, std::ostream* out) { *out << operation.name; }

namespace {

using Family = OperationFamily;
using testing::OperationPlan;
using testing::RandomOperation;
using Outputs = std::vector<Tensor>;

/// Of each operation.
constexpr int kSets = 2000;

// ---- what one set is computed from and gives ----

struct Inputs {
  Tensor input, weight, bias, grad_output;
};

template <class Fill>
Inputs inputs_of(const RandomOperation& set, const OperationPlan& plan, Fill fill) {
  Inputs in;
  in.input = fill(set.input);
  if (const auto* p = std::get_if<ConvNdPlan>(&plan)) {
    in.weight = fill(p->weight_shape());
    if (p->bias) in.bias = fill(p->bias_shape());
    if (set.operation.family == Family::conv_backward) in.grad_output = fill(p->output_shape());
  }
  if (const auto* p = std::get_if<ConvTransposePlan>(&plan)) {
    in.weight = fill(p->weight_shape());
    if (p->bias) in.bias = fill(p->bias_shape());
  }
  return in;
}

OperationPlan in_float64(OperationPlan plan) {
  std::visit([](auto& p) { p.dtype = DType::float64; }, plan);
  return plan;
}

DType dtype_of(const OperationPlan& plan) {
  return std::visit([](const auto& p) { return p.dtype; }, plan);
}

template <class Make>
Tensor mapped(const Tensor& tensor, Make make) {
  if (!tensor.defined()) return tensor;
  Tensor result = Tensor::zeros(tensor.shape(), DType::float64).value();
  for (int64_t i = 0; i < tensor.numel(); ++i) result.mutable_data<double>()[i] = make(tensor.at(i));
  return result;
}

template <class Make>
Inputs mapped(const Inputs& in, Make make) {
  return {mapped(in.input, make), mapped(in.weight, make), mapped(in.bias, make), mapped(in.grad_output, make)};
}

Result<Outputs> computed(const RandomOperation& set, const OperationPlan& plan, const Inputs& in, Algorithm algorithm,
                         int threads) {
  const Conv2dOptions options{algorithm, threads, nullptr};
  const auto only = [](const Result<Tensor>& output) -> Result<Outputs> {
    if (!output) return output.error();
    return Outputs{*output};
  };
  if (const auto* p = std::get_if<ConvTransposePlan>(&plan)) {
    return only(conv_transpose(*p, in.input, in.weight, in.bias, options));
  }
  if (const auto* p = std::get_if<FoldPlan>(&plan)) {
    return only(set.operation.family == Family::fold ? fold(*p, in.input, threads) : unfold(*p, in.input, threads));
  }
  if (const auto* p = std::get_if<PoolPlan>(&plan)) {
    const Result<PoolResult> result = pool(*p, in.input, PoolIndices::wanted, threads);
    if (!result) return result.error();
    // Without indices it goes another way.
    EXPECT_TRUE(testing::same_bits(result->output, pool(*p, in.input, PoolIndices::none, threads).value().output));
    Tensor indices = Tensor::zeros({std::ssize(result->indices)}, DType::float64).value();
    std::copy(result->indices.begin(), result->indices.end(), indices.mutable_data<double>());
    return Outputs{result->output, indices};
  }
  const auto& p = std::get<ConvNdPlan>(plan);
  if (set.operation.family != Family::conv_backward) return only(conv_nd(p, in.input, in.weight, in.bias, options));
  const Result<Conv2dGradients> g = conv2d_backward(as_conv2d(p), in.input, in.weight, in.grad_output, options);
  if (!g) return g.error();
  return Outputs{g->input, g->weight, g->bias};
}

double largest_of(const Tensor& tensor) {
  double largest = 0;
  for (int64_t i = 0; i < tensor.numel(); ++i) largest = std::max(largest, std::abs(tensor.at(i)));
  return largest;
}

/// How far two orders of summation may be apart, for each output: epsilon * max(4, 2.5 sqrt(K)) * the largest sum of
/// |products|. K, the products of a cell, is what the operation makes of ones.
std::vector<double> tolerances(const RandomOperation& set, const OperationPlan& plan, const Inputs& in) {
  const OperationPlan precise = in_float64(plan);
  const auto reference = [&](const Inputs& of) { return computed(set, precise, of, Algorithm::naive, 1).value(); };
  const Outputs counts = reference(mapped(in, [](double) { return 1.0; }));
  const Outputs sums = reference(mapped(in, [](double number) { return std::abs(number); }));
  const double epsilon =
      dtype_of(plan) == DType::float32 ? std::numeric_limits<float>::epsilon() : std::numeric_limits<double>::epsilon();
  std::vector<double> allowed;
  for (size_t i = 0; i < sums.size(); ++i) {
    double products = largest_of(counts[i]);
    if (const auto* p = std::get_if<PoolPlan>(&plan)) products = static_cast<double>(p->windows.taps());
    allowed.push_back(epsilon * std::max(4.0, 2.5 * std::sqrt(products)) * largest_of(sums[i]));
  }
  return allowed;
}

std::string difference(const Outputs& expected, const Outputs& actual, const std::vector<double>& allowed) {
  for (size_t which = 0; which < expected.size(); ++which) {
    const Tensor &e = expected[which], &a = actual[which];
    if (e.shape() != a.shape()) return "shape (" + a.shape().to_string() + ") of output " + std::to_string(which);
    for (int64_t i = 0; i < e.numel(); ++i) {
      if (e.at(i) == a.at(i) || std::abs(e.at(i) - a.at(i)) <= allowed[which]) continue;
      return "output " + std::to_string(which) + " cell " + std::to_string(i) + ": expected " +
             std::to_string(e.at(i)) + ", got " + std::to_string(a.at(i)) + ", allowed " +
             std::to_string(allowed[which]);
    }
  }
  return "";
}

bool same_bits(const Outputs& a, const Outputs& b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](const Tensor& left, const Tensor& right) {
           return testing::same_bits(left, right);
         });
}

// ---- plain loops over the definition, for the operations that have one algorithm only ----

/// Calls visit(tap, cell) for the taps of a window in row-major order; cell is -1 where the tap stands on padding.
template <class Visit>
void visit_taps(const Windows& windows, int64_t window, Visit visit) {
  const WindowAxis &d = windows.depth(), &h = windows.height(), &w = windows.width();
  int64_t tap = 0;
  for (int64_t t = 0; t < d.kernel; ++t) {
    for (int64_t r = 0; r < h.kernel; ++r) {
      for (int64_t s = 0; s < w.kernel; ++s, ++tap) {
        const int64_t z = d.cell(window / (h.count * w.count), t);
        const int64_t y = h.cell(window / w.count % h.count, r), x = w.cell(window % w.count, s);
        const bool inside = z >= 0 && z < d.extent && y >= 0 && y < h.extent && x >= 0 && x < w.extent;
        visit(tap, inside ? (z * h.extent + y) * w.extent + x : -1);
      }
    }
  }
}

/// Whether a tap lies on the input or its padding, not on what ceil_mode adds behind them.
int64_t padded_taps(const Windows& windows, int64_t window) {
  const WindowAxis &d = windows.depth(), &h = windows.height(), &w = windows.width();
  const auto along = [](const WindowAxis& axis, int64_t at) {
    int64_t count = 0;
    for (int64_t k = 0; k < axis.kernel; ++k) count += axis.cell(at, k) < axis.extent + axis.pad_end;
    return count;
  };
  return along(d, window / (h.count * w.count)) * along(h, window / w.count % h.count) * along(w, window % w.count);
}

/// Where the first tap at or behind cell 0 stands: the index of a window without any cell, as PyTorch has it.
int64_t first_place(const Windows& windows, int64_t window) {
  const WindowAxis &d = windows.depth(), &h = windows.height(), &w = windows.width();
  const auto along = [](const WindowAxis& axis, int64_t at) {
    int64_t cell = axis.cell(at, 0);
    while (cell < 0) cell += axis.dilation;
    return cell;
  };
  return (along(d, window / (h.count * w.count)) * h.extent + along(h, window / w.count % h.count)) * w.extent +
         along(w, window % w.count);
}

Outputs pooled(const PoolPlan& plan, const Tensor& input) {
  Tensor output = Tensor::zeros(plan.output_shape(), DType::float64).value();
  std::vector<int64_t> indices;
  for (int64_t i = 0; i < output.numel(); ++i) {
    const int64_t channel = i / plan.windows.count(), window = i % plan.windows.count();
    double largest = -std::numeric_limits<double>::infinity(), sum = 0;
    int64_t at = first_place(plan.windows, window), real = 0;
    visit_taps(plan.windows, window, [&](int64_t, int64_t cell) {
      if (cell < 0) return;
      const double value = input.at(channel * plan.windows.cells() + cell);
      ++real;
      sum += value;
      if (value > largest) {
        largest = value;
        at = cell;
      }
    });
    double divisor = static_cast<double>(plan.count_include_pad ? padded_taps(plan.windows, window) : real);
    if (plan.divisor_override) divisor = static_cast<double>(*plan.divisor_override);
    const double average = real > 0 ? sum / divisor : 0;
    output.mutable_data<double>()[i] = plan.kind == PoolKind::max ? largest : average;
    if (plan.kind == PoolKind::max) indices.push_back(at);
  }
  Tensor places = Tensor::zeros({std::ssize(indices)}, DType::float64).value();
  std::copy(indices.begin(), indices.end(), places.mutable_data<double>());
  return {output, places};
}

Outputs folded(const FoldPlan& plan, const Tensor& input, bool folds) {
  Tensor output = Tensor::zeros(folds ? plan.picture_shape() : plan.columns_shape(), DType::float64).value();
  const int64_t windows = plan.windows.count(), cells = plan.windows.cells();
  for (int64_t channel = 0; channel < plan.batch * plan.channels; ++channel) {
    for (int64_t window = 0; window < windows; ++window) {
      visit_taps(plan.windows, window, [&](int64_t tap, int64_t cell) {
        const int64_t column = (channel * plan.windows.taps() + tap) * windows + window;
        if (cell < 0) return;
        const int64_t picture = channel * cells + cell;
        output.mutable_data<double>()[folds ? picture : column] += input.at(folds ? column : picture);
      });
    }
  }
  return {output};
}

// ---- sizes in arithmetic that does not wrap ----

using Wide = __int128;

Wide floor_divided(Wide a, Wide b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }

/// Whether the axis' numbers satisfy the operation's formula.
bool formula_holds(const WindowAxis& axis, const OperationPlan& plan, int own_axis) {
  const Wide n = axis.extent, k = axis.kernel, s = axis.stride, d = axis.dilation;
  const Wide begin = axis.pad_begin, end = axis.pad_end, reach = d * (k - 1);
  if (const auto* up = std::get_if<ConvTransposePlan>(&plan)) {
    return n == (Wide{axis.count} - 1) * s - begin - end + reach + up->output_padding[own_axis] + 1;
  }
  const Wide room = n + begin + end - reach - 1;
  const auto* pooling = std::get_if<PoolPlan>(&plan);
  if (pooling == nullptr || !pooling->ceil_mode) return room >= 0 && axis.count == room / s + 1;
  const Wide most = -floor_divided(-room, s) + 1;
  return axis.count == (((most - 1) * s >= n + begin) ? most - 1 : most);
}

std::string wrong_sizes(const OperationPlan& plan) {
  const Windows& windows = std::visit([](const auto& p) -> const Windows& { return p.windows; }, plan);
  for (int i = 0; i < windows.dims; ++i) {
    const WindowAxis& axis = windows.axis(i);
    if (axis.count < 1 || axis.extent < 1 || !formula_holds(axis, plan, i)) return "axis " + std::to_string(i);
  }
  return "";
}

/// The largest of the numbers that int64_t would have to hold, roughly: as a long double, which has the exponent.
class Largest {
 public:
  void add(long double number) { largest_ = std::max(largest_, std::abs(number)); }
  void add_product(const Spatial& values, long double factor) {
    for (int64_t value : values) factor *= static_cast<long double>(std::max<int64_t>(1, value));
    add(factor);
  }
  /// Within a part in 10^9, which no test hits by chance.
  bool exceeds_int64() const { return largest_ > 0x1p63L * (1 - 1e-9L); }

 private:
  long double largest_ = 0;
};

bool really_overflows(const RandomOperation& set) {
  Largest largest;
  const int dims = set.operation.dims;
  long double input = 1;
  for (int64_t extent : set.input) input *= static_cast<long double>(std::max<int64_t>(1, extent));
  largest.add(input);
  const auto weigh = [&](const Spatial& kernel, const Spatial& stride, const Spatial& dilation,
                         const SpatialPadding& padding, const Spatial& extents, long double channels) {
    long double windows = channels, reached = channels;
    for (int i = 0; i < dims; ++i) {
      const auto n = static_cast<long double>(extents[i]), k = static_cast<long double>(kernel[i]);
      const auto s = static_cast<long double>(stride[i]), d = static_cast<long double>(dilation[i]);
      const bool apart = padding.kind == PaddingKind::pads;
      const auto begin = static_cast<long double>(apart ? padding.begin[i] : padding.both[i]);
      const auto end = static_cast<long double>(apart ? padding.end[i] : padding.both[i]);
      largest.add(d * (k - 1) + 1);
      largest.add(n + begin + end + (padding.kind == PaddingKind::same ? d * (k - 1) : 0));
      windows *= std::max(1.0L, (n + begin + end) / s + 1);
      largest.add((n - 1) * s);
      reached *= std::max(1.0L, (n - 1) * s + d * (k - 1) + 1 + s + d);
    }
    largest.add_product(kernel, channels);
    largest.add_product(kernel, windows);
    largest.add(windows);
    if (set.operation.family == Family::conv_transpose) largest.add(reached);
  };
  Spatial extents = Spatial::all(dims, 1);
  for (int i = 0; i < dims && i < set.input.rank(); ++i) extents[i] = set.input[set.input.rank() - dims + i];
  const long double batch =
      set.input.rank() == dims + 2 ? static_cast<long double>(std::max<int64_t>(1, set.input[0])) : 1;
  std::visit(
      [&]<class Params>(const Params& p) {
        if constexpr (std::is_same_v<Params, PoolParams>) {
          weigh(p.kernel_size, p.stride.value_or(p.kernel_size), p.dilation, p.padding, extents,
                batch * static_cast<long double>(set.input[std::max(0, set.input.rank() - dims - 1)]));
        } else if constexpr (std::is_same_v<Params, FoldParams>) {
          const bool folds = set.operation.family == Family::fold;
          weigh(p.kernel_size, p.stride, p.dilation, p.padding, folds ? p.output_size : extents, input);
          largest.add_product(p.output_size, input);
        } else {
          weigh(p.kernel_size, p.stride, p.dilation, p.padding, extents,
                batch * static_cast<long double>(p.out_channels) * static_cast<long double>(p.in_channels));
          if constexpr (std::is_same_v<Params, ConvTransposeParams>) {
            for (int64_t more : p.output_padding) largest.add(static_cast<long double>(more) * 2);
          }
        }
      },
      set.params);
  return largest.exceeds_int64();
}

// ---- words ----

/// How many arguments the sentence of each error takes, in both languages; see assets/languages.
std::map<std::string, size_t> arguments_of_errors(const std::string& language) {
  std::map<std::string, size_t> counts;
  const auto folder = std::filesystem::path(CONVSCOPE_SOURCE_DIR) / "assets/languages" / language;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    std::ifstream stream(file.path());
    const nlohmann::json words = nlohmann::json::parse(stream);
    for (const auto& [key, text] : words.items()) {
      size_t count = 0;
      const auto has_gap = [&text](size_t i) {
        std::string gap = "{";
        gap += std::to_string(i) + '}';
        return text.get<std::string>().find(gap) != std::string::npos;
      };
      while (has_gap(count)) ++count;
      counts[key] = count;
    }
  }
  return counts;
}

std::string wordless(const Error& error) {
  static const std::map<std::string, size_t> languages[] = {arguments_of_errors("en"), arguments_of_errors("zh")};
  for (const auto& counts : languages) {
    const auto found = counts.find(error.code);
    if (found == counts.end()) return error.code + " has no words";
    if (error.args.size() < found->second) return error.code + " has a gap in its sentence";
  }
  return error.field.empty() ? error.code + " names no field" : "";
}

// ---- the test ----

/// Whether computing takes at most so many multiply-adds or visits of taps, and all tensors are small.
bool is_small(const OperationPlan& plan, double most) {
  return std::visit(
      [most]<class Plan>(const Plan& p) {
        double pairs = 1, planes = 1;  // of input and output channels; channels of both
        if constexpr (std::is_same_v<Plan, ConvNdPlan> || std::is_same_v<Plan, ConvTransposePlan>) {
          pairs = static_cast<double>(p.out_channels) * static_cast<double>(p.channels_per_group());
          planes = static_cast<double>(p.in_channels) + static_cast<double>(p.out_channels);
        } else {
          pairs = planes = static_cast<double>(p.channels);
        }
        const double images = static_cast<double>(std::max<int64_t>(1, p.batch));
        const double cells = static_cast<double>(p.windows.cells()) + static_cast<double>(p.windows.count());
        const double taps = static_cast<double>(p.windows.taps());
        // The weight counts once more: it may be larger than all else.
        const double work = pairs * taps * (images * static_cast<double>(p.windows.count()) + 1);
        return work <= most && images * planes * cells <= 2e5;
      },
      plan);
}

Result<OperationCost> cost(const RandomOperation& set, const OperationPlan& plan) {
  if (const auto* p = std::get_if<ConvTransposePlan>(&plan)) return cost_of(*p);
  if (const auto* p = std::get_if<PoolPlan>(&plan)) return cost_of(*p);
  if (const auto* p = std::get_if<FoldPlan>(&plan)) {
    return set.operation.family == Family::fold ? cost_of_fold(*p) : cost_of_unfold(*p);
  }
  const auto& p = std::get<ConvNdPlan>(plan);
  return set.operation.family == Family::conv_backward ? cost_of_backward(p) : cost_of(p);
}

/// All algorithms that there are; the special ones may refuse what they cannot do.
std::vector<Algorithm> algorithms() {
  std::vector<Algorithm> all;
  for (const char* name :
       {"auto", "im2col", "direct", "winograd", "fft", "slices", "loops", "im2col_per_channel", "toeplitz"}) {
    if (const std::optional<Algorithm> algorithm = algorithm_from_name(name)) all.push_back(*algorithm);
  }
  return all;
}

void compare_all(const RandomOperation& set, const OperationPlan& plan, std::mt19937_64& random) {
  const Inputs in =
      inputs_of(set, plan, [&](const Shape& shape) { return testing::random_tensor(random, shape, dtype_of(plan)); });
  const Result<Outputs> naive = computed(set, plan, in, Algorithm::naive, 1);
  ASSERT_TRUE(naive) << naive.error().code;
  const std::vector<double> allowed = tolerances(set, plan, in);
  if (const auto* p = std::get_if<PoolPlan>(&plan)) {
    const bool is_max = p->kind == PoolKind::max;
    const std::vector<double> bounds = is_max ? std::vector<double>{0, 0} : allowed;
    EXPECT_EQ(difference(pooled(*p, in.input), *naive, bounds), "");
  }
  if (const auto* p = std::get_if<FoldPlan>(&plan)) {
    EXPECT_EQ(difference(folded(*p, in.input, set.operation.family == Family::fold), *naive, allowed), "");
  }
  for (Algorithm algorithm : algorithms()) {
    const Result<Outputs> one = computed(set, plan, in, algorithm, 1);
    // im2col's gradient writes the padding out, which may be too much.
    const bool may_refuse =
        (algorithm != Algorithm::automatic && algorithm != Algorithm::im2col) ||
        (set.operation.family == Family::conv_backward && !one && one.error().code == "error.tensor_too_large");
    EXPECT_TRUE(one || may_refuse) << name_of(algorithm) << " refuses";
    if (!one) continue;
    std::vector<double> apart = allowed;
    if (const auto* p = std::get_if<ConvNdPlan>(&plan); p != nullptr && algorithm == Algorithm::winograd) {
      // Inputs and weights are at most 1; conv3d adds its planes up as channels.
      const ConvPlan flat = as_conv2d(*p);
      const double planes = static_cast<double>(p->windows.depth().kernel);
      const double channels = static_cast<double>(flat.channels_per_group());
      apart[0] += planes * winograd_error_factor(flat, WinogradTile::four) * (planes * channels + 1);
    }
    if (algorithm == Algorithm::fft) {
      for (double& bound : apart) bound += transform_tolerance(in.input, in.weight);
    }
    EXPECT_EQ(difference(*naive, *one, apart), "") << name_of(algorithm);
    const bool is_lesson = algorithm == Algorithm::slices || algorithm == Algorithm::loops ||
                           algorithm == Algorithm::im2col_per_channel || algorithm == Algorithm::toeplitz;
    if (is_lesson) continue;  // on one thread whatever is asked for
    for (int threads : {2, 3, 8}) {
      EXPECT_TRUE(same_bits(*one, computed(set, plan, in, algorithm, threads).value()))
          << name_of(algorithm) << " with " << threads << " threads";
    }
  }
}

class Differential : public ::testing::TestWithParam<Operation> {};
INSTANTIATE_TEST_SUITE_P(Operations, Differential, ::testing::ValuesIn(operations().begin(), operations().end()),
                         [](const auto& operation) { return std::string(operation.param.name); });

TEST_P(Differential, every_set_is_refused_in_words_or_computed_alike_by_all) {
  const uint64_t seed = testing::test_seed();
  std::mt19937_64 random(seed);
  int computed = 0, refused = 0, sized = 0;
  for (int round = 0; round < kSets && !HasFailure(); ++round) {
    const std::string_view target = simd_targets()[static_cast<size_t>(round) % simd_targets().size()];
    const testing::ForcedTarget forced(target);
    const RandomOperation set = testing::random_operation(random, GetParam());
    const Result<OperationPlan> plan = testing::validate(set);
    SCOPED_TRACE("CONVSCOPE_TEST_SEED=" + std::to_string(seed) + ", round " + std::to_string(round) + ": " +
                 testing::describe(set) + " on " + std::string(target));
    if (!plan) {
      ++refused;
      EXPECT_EQ(wordless(plan.error()), "");
      EXPECT_TRUE(plan.error().code != "error.size_overflow" || really_overflows(set));
      continue;
    }
    EXPECT_EQ(wrong_sizes(*plan), "");
    const Result<OperationCost> costs = cost(set, *plan);
    EXPECT_TRUE(!costs || std::min({costs->macs, costs->im2col_bytes, costs->output_bytes}) >= 0);
    // Now and then one that is worth several threads, which it is from 2 M multiply-adds on.
    if (is_small(*plan, round % 100 == 0 ? 2e7 : 2e4)) {
      ++computed;
      compare_all(set, *plan, random);
    } else {
      ++sized;
    }
  }
  std::cout << "CONVSCOPE_TEST_SEED=" << seed << ": " << computed << " computed, " << refused << " refused, " << sized
            << " too large to compute\n";
  EXPECT_GE(computed, kSets / 10);
  EXPECT_GE(refused, kSets / 10);
}

}  // namespace
}  // namespace convscope
