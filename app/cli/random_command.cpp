// `convscope random`: the numbers a script gets after torch.manual_seed.
#include <charconv>
#include <limits>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "app/cli/arguments.h"
#include "app/cli/command.h"
#include "app/cli/messages.h"
#include "app/io/npy.h"
#include "engine/checked_math.h"
#include "engine/operation.h"
#include "engine/torch_random.h"
#include "engine/window_axes.h"

namespace convscope {

namespace {

struct RandomOptions {
  std::string seed = "0", prefix;
  std::vector<std::string> draws;
};

Error malformed(const std::string& draw) { return Error{"error.draw", "--draw", {draw}}; }

/// As torch.manual_seed takes it: from -2^63 to 2^64 - 1, of which the upper half are the negative ones again.
Result<int64_t> parse_seed(const std::string& text) {
  Result<int64_t> seed = parse_integer(text, "--seed");
  if (seed || seed.error().code != "error.number_out_of_range") return seed;
  uint64_t large = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), large);
  if (error == std::errc() && end == text.data() + text.size()) return static_cast<int64_t>(large);
  Error too_large = seed.error();
  too_large.args.back() = std::to_string(std::numeric_limits<uint64_t>::max());
  return too_large;
}

/// What one --draw gave: a tensor or, as int64, the numbers themselves; of a layer with a bias also that.
struct Drawn {
  Shape shape;
  Tensor tensor;
  std::vector<int64_t> whole;
  bool is_whole = false;
  Tensor bias = {};
};

/// Whole numbers beyond this have gaps in float32.
constexpr int64_t kMostExactFloat = int64_t{1} << 24;

Result<Drawn> drawn(const Shape& shape, Result<std::vector<int64_t>> whole) {
  if (!whole) return whole.error();
  return Drawn{shape, {}, *std::move(whole), true};
}

Result<Drawn> drawn(Result<Tensor> tensor) {
  if (!tensor) return tensor.error();
  return Drawn{tensor->shape(), *tensor, {}, false};
}

/// torch.arange as tensors of the engine are: counted from 0.
Result<Drawn> arange(const Shape& shape, DType dtype) {
  Result<Tensor> tensor = Tensor::zeros(shape, dtype);
  if (!tensor) return tensor.error();
  for (int64_t i = 0; i < tensor->numel(); ++i) {
    if (dtype == DType::float32) {
      tensor->mutable_data<float>()[i] = static_cast<float>(i);
    } else {
      tensor->mutable_data<double>()[i] = static_cast<double>(i);
    }
  }
  return drawn(*tensor);
}

Result<Drawn> arange_int64(const Shape& shape) {
  const std::optional<int64_t> numel = shape.numel();
  if (!numel || *numel > kMaxTensorBytes / static_cast<int64_t>(sizeof(int64_t))) {
    return Error{"error.tensor_too_large", "", {shape.to_string(), std::to_string(kMaxTensorBytes >> 30)}};
  }
  std::vector<int64_t> numbers(static_cast<size_t>(*numel));
  std::iota(numbers.begin(), numbers.end(), int64_t{0});
  return drawn(shape, std::move(numbers));
}

/// The type behind a draw, taken off its parts. Nothing where none is named.
enum class DrawType : uint8_t { float32, float64, int64 };
std::optional<DrawType> take_type(std::vector<std::string_view>& parts) {
  constexpr std::pair<std::string_view, DrawType> kTypes[] = {
      {"float32", DrawType::float32}, {"float64", DrawType::float64}, {"int64", DrawType::int64}};
  for (const auto& [name, type] : kTypes) {
    if (parts.back() != name) continue;
    parts.pop_back();
    return type;
  }
  return std::nullopt;
}

/// Draws of whole numbers are int64 in PyTorch. float32 does for those it can hold; a range beyond them is written as
/// PyTorch has it, unless a type is named: that is PyTorch's .to(dtype).
bool becomes_int64(std::optional<DrawType> named, int64_t smallest, int64_t largest) {
  if (named) return *named == DrawType::int64;
  return smallest < -kMostExactFloat || largest > kMostExactFloat;
}

/// The operation whose layer is drawn, `conv1d` to `conv_transpose3d`.
std::optional<Operation> layer_named(std::string_view kind) {
  const std::optional<Operation> operation = operation_from_name(kind);
  if (!operation) return std::nullopt;
  const bool has_weight =
      operation->family == OperationFamily::conv || operation->family == OperationFamily::conv_transpose;
  return has_weight ? operation : std::nullopt;
}

/// A module's default weight and, behind `bias`, its bias: conv2d:8,3,3,3:bias. Of a transposed layer, whose weight
/// does not tell its out_channels, groups may follow: conv_transpose2d:4,2,3,3:bias:groups=2.
Result<Drawn> draw_layer(TorchRandom& random, const Operation& operation, const std::string& text, const Shape& weight,
                         std::span<const std::string_view> words, DType dtype) {
  constexpr std::string_view kGroups = "groups=";
  const bool is_transposed = operation.family == OperationFamily::conv_transpose;
  const bool has_groups = words.size() == 2 && is_transposed && words[1].starts_with(kGroups);
  if (words.size() > (has_groups ? 2u : 1u)) return malformed(text);
  if (!words.empty() && words[0] != "bias") return malformed(text);
  if (weight.rank() != operation.dims + 2) {
    return Error{"error.operation_weight_rank",
                 "--draw",
                 {weight.to_string(), std::string(operation.name), std::to_string(operation.dims + 2)}};
  }
  std::optional<int64_t> out_channels;
  if (!words.empty()) {
    Result<int64_t> groups = int64_t{1};
    if (has_groups) groups = parse_integer(words[1].substr(kGroups.size()), "--draw", 1, INT64_MAX);
    if (!groups) return groups.error();
    out_channels = is_transposed ? checked_mul(weight[1], *groups) : weight[0];
    if (!out_channels) return size_overflow("out_channels");
  }
  Result<TorchRandom::LayerInit> layer = random.layer_init(weight, out_channels, dtype);
  if (!layer) return layer.error();
  Result<Drawn> all = drawn(layer->weight);
  if (all) all->bias = layer->bias;
  return all;
}

/// One draw: KIND:NUMBERS[:ARGUMENTS][:TYPE].
Result<Drawn> draw(TorchRandom& random, const std::string& text) {
  std::vector<std::string_view> parts = split(text, ':');
  const std::optional<DrawType> named = take_type(parts);
  const DType dtype = named == DrawType::float64 ? DType::float64 : DType::float32;
  if (parts.size() < 2) return malformed(text);
  const std::string_view kind = parts[0];
  const size_t arguments = parts.size() - 2;
  const bool has_range = kind == "uniform" || kind == "randint";
  const bool is_whole = kind == "randint" || kind == "randperm" || kind == "arange";
  const std::optional<Operation> layer = layer_named(kind);
  if (!layer && arguments != (has_range ? 2u : 0u)) return malformed(text);
  if (named == DrawType::int64 && !is_whole) return malformed(text);
  if (kind == "randperm") {
    Result<int64_t> n = parse_integer(parts[1], "--draw");
    if (!n) return n.error();
    if (becomes_int64(named, 0, *n - (*n > 0))) return drawn(Shape{*n}, random.randperm_int64(*n));
    return drawn(random.randperm(*n, dtype));
  }
  Result<Shape> shape = parse_shape(parts[1], "--draw");
  if (!shape) return shape.error();
  if (kind == "randn") return drawn(random.randn(*shape, dtype));
  if (kind == "rand") return drawn(random.rand(*shape, dtype));
  if (kind == "arange") {
    return becomes_int64(named, 0, shape->numel().value_or(0) - 1) ? arange_int64(*shape) : arange(*shape, dtype);
  }
  if (kind == "uniform") {
    Result<double> low = parse_number(parts[2], "--draw");
    if (!low) return low.error();
    Result<double> high = parse_number(parts[3], "--draw");
    if (!high) return high.error();
    return drawn(random.uniform(*shape, *low, *high, dtype));
  }
  if (kind == "randint") {
    Result<int64_t> low = parse_integer(parts[2], "--draw");
    if (!low) return low.error();
    Result<int64_t> high = parse_integer(parts[3], "--draw");
    if (!high) return high.error();
    // `high` itself is not drawn.
    const int64_t largest = *high > *low ? *high - 1 : *low;
    if (becomes_int64(named, *low, largest)) return drawn(*shape, random.randint_int64(*shape, *low, *high));
    return drawn(random.randint(*shape, *low, *high, dtype));
  }
  if (layer) return draw_layer(random, *layer, text, *shape, std::span(parts).subspan(2), dtype);
  return malformed(text);
}

Result<void> run_random(const RandomOptions& options) {
  const Result<int64_t> seed = parse_seed(options.seed);
  if (!seed) return seed.error();
  TorchRandom random(*seed);
  // All numbers before the first file: a mistake in the last draw leaves nothing behind.
  std::vector<Drawn> all;
  for (const std::string& text : options.draws) {
    Result<Drawn> one = draw(random, text);
    if (!one) return one.error();
    all.push_back(*std::move(one));
  }
  AtomicFiles files;
  const auto add = [&files](const std::string& path, const auto& write) -> Result<void> {
    const Result<AtomicFile*> file = files.add(path);
    if (!file) return file.error();
    if (Result<void> written = write(**file); !written) return written;
    return (*file)->finish();  // there may be more draws than files that may be open
  };
  std::string said;
  for (size_t i = 0; i < all.size(); ++i) {
    const std::string start = options.prefix + "." + std::to_string(i);
    const Drawn& one = all[i];
    const std::string path = start + (one.bias.defined() ? ".weight.npy" : ".npy");
    Result<void> added = add(path, [&](AtomicFile& file) {
      return one.is_whole ? write_npy_integers(file, one.shape, one.whole) : write_npy(file, one.tensor);
    });
    if (added && one.bias.defined()) {
      added = add(start + ".bias.npy", [&](AtomicFile& file) { return write_npy(file, one.bias); });
    }
    if (!added) return added;
    if (one.is_whole && !options.draws[i].ends_with(":int64")) {
      said += tr(cli_language(), "cli.random.as_int64", {path, options.draws[i]}) + "\n";
    }
  }
  if (Result<void> written = files.commit(); !written) return written;
  print(said);
  return {};
}

}  // namespace

void add_random_command(CLI::App& app, Run& run) {
  auto options = std::make_shared<RandomOptions>();
  CLI::App* command = app.add_subcommand("random", words("cli.random"));
  command->add_option("--seed", options->seed, words("cli.random.seed"));
  // One draw for each --draw: otherwise the option would swallow what follows.
  command->add_option("--draw", options->draws, words("cli.random.draw"))
      ->required()
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command->add_option("-o,--output", options->prefix, words("cli.random.output"))->required();
  command->callback([options, &run] { run = [options] { return run_random(*options); }; });
}

}  // namespace convscope
