// `convscope random`: the numbers a script gets after torch.manual_seed.
#include <charconv>
#include <limits>
#include <memory>
#include <vector>

#include "app/cli/arguments.h"
#include "app/cli/command.h"
#include "app/cli/messages.h"
#include "app/io/npy.h"
#include "engine/torch_random.h"

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

Result<Tensor> arange(const Shape& shape, DType dtype) {
  Result<Tensor> tensor = Tensor::zeros(shape, dtype);
  if (!tensor) return tensor;
  for (int64_t i = 0; i < tensor->numel(); ++i) {
    if (dtype == DType::float32) {
      tensor->mutable_data<float>()[i] = static_cast<float>(i);
    } else {
      tensor->mutable_data<double>()[i] = static_cast<double>(i);
    }
  }
  return tensor;
}

/// One draw: KIND:NUMBERS[:ARGUMENTS][:TYPE].
Result<Tensor> draw(TorchRandom& random, const std::string& text) {
  std::vector<std::string_view> parts = split(text, ':');
  DType dtype = DType::float32;
  if (parts.back() == "float32" || parts.back() == "float64") {
    dtype = parts.back() == "float64" ? DType::float64 : DType::float32;
    parts.pop_back();
  }
  if (parts.size() < 2) return malformed(text);
  const std::string_view kind = parts[0];
  const size_t arguments = parts.size() - 2;
  const bool has_range = kind == "uniform" || kind == "randint";
  if (arguments != (has_range ? 2u : 0u)) return malformed(text);
  if (kind == "randperm") {
    Result<int64_t> n = parse_integer(parts[1], "--draw");
    if (!n) return n.error();
    return random.randperm(*n, dtype);
  }
  Result<Shape> shape = parse_shape(parts[1], "--draw");
  if (!shape) return shape.error();
  if (kind == "randn") return random.randn(*shape, dtype);
  if (kind == "rand") return random.rand(*shape, dtype);
  if (kind == "arange") return arange(*shape, dtype);
  if (kind == "uniform") {
    Result<double> low = parse_number(parts[2], "--draw");
    if (!low) return low.error();
    Result<double> high = parse_number(parts[3], "--draw");
    if (!high) return high.error();
    return random.uniform(*shape, *low, *high, dtype);
  }
  if (kind == "randint") {
    Result<int64_t> low = parse_integer(parts[2], "--draw");
    if (!low) return low.error();
    Result<int64_t> high = parse_integer(parts[3], "--draw");
    if (!high) return high.error();
    return random.randint(*shape, *low, *high, dtype);
  }
  if (kind == "conv2d") {
    if (shape->rank() != 4) return Error{"error.weight_rank", "--draw", {shape->to_string()}};
    Result<TorchRandom::LayerInit> layer = random.conv2d_init(*shape, false, dtype);
    if (!layer) return layer.error();
    return layer->weight;
  }
  return malformed(text);
}

Result<void> run_random(const RandomOptions& options) {
  const Result<int64_t> seed = parse_seed(options.seed);
  if (!seed) return seed.error();
  TorchRandom random(*seed);
  // All numbers before the first file: a mistake in the last draw leaves nothing behind.
  std::vector<Tensor> tensors;
  for (const std::string& text : options.draws) {
    Result<Tensor> tensor = draw(random, text);
    if (!tensor) return tensor.error();
    tensors.push_back(*std::move(tensor));
  }
  for (size_t i = 0; i < tensors.size(); ++i) {
    Result<void> written = write_npy(options.prefix + "." + std::to_string(i) + ".npy", tensors[i]);
    if (!written) return written;
  }
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
