// `convscope bench`: how fast the engine is on this machine.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>

#include "app/cli/command.h"
#include "app/cli/conv_options.h"
#include "app/cli/messages.h"
#include "app/cli/shape_table.h"
#include "app/session/json_reader.h"
#include "engine/operation_cost.h"
#include "engine/prepared_conv2d.h"
#include "engine/torch_random.h"

namespace convscope {

namespace {

struct BenchOptions {
  std::optional<std::string> shape, shapes, name;
  bool json = false, csv = false;
  ConvOptions conv;
  EngineOptions engine;
};

struct Timing {
  BenchShape shape;
  int runs = 0;
  double median_ms = 0;
  double gflops = 0;
};

Result<Timing> measure(const BenchShape& shape, const Conv2dOptions& options) {
  Result<ConvPlan> plan = validate(shape.params, shape.input);
  if (!plan) return plan.error();
  Result<OperationCost> cost = cost_of(*plan);
  if (!cost) return cost.error();
  TorchRandom random(0);
  Result<Tensor> input = random.rand(plan->input_shape());
  if (!input) return input.error();
  Result<Tensor> weight = random.rand(plan->weight_shape());
  if (!weight) return weight.error();
  Result<PreparedConv2d> prepared = PreparedConv2d::make(*plan, *weight, Tensor(), options);
  if (!prepared) return prepared.error();
  Result<Tensor> output = Tensor::uninitialized(plan->output_shape(), plan->dtype);
  if (!output) return output.error();

  using Clock = std::chrono::steady_clock;
  const auto seconds_since = [](Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  constexpr double kSeconds = 0.5;
  constexpr size_t kLeastRuns = 5, kMostRuns = 100'000;
  std::vector<double> seconds;
  const Clock::time_point begin = Clock::now();
  // The first run warms caches and threads and does not count.
  for (bool is_warm = false;
       !is_warm || seconds.size() < kLeastRuns || (seconds_since(begin) < kSeconds && seconds.size() < kMostRuns);) {
    const Clock::time_point start = Clock::now();
    if (Result<void> done = prepared->run(*input, *output); !done) return done.error();
    if (is_warm) seconds.push_back(seconds_since(start));
    is_warm = true;
  }
  std::nth_element(seconds.begin(), seconds.begin() + static_cast<std::ptrdiff_t>(seconds.size() / 2), seconds.end());
  const double median = seconds[seconds.size() / 2];
  Timing timing;
  timing.shape = shape;
  timing.runs = static_cast<int>(seconds.size());
  timing.median_ms = median * 1e3;
  timing.gflops = 2 * static_cast<double>(cost->macs) / std::max(median, 1e-12) / 1e9;
  return timing;
}

Result<std::vector<BenchShape>> shapes_of(const BenchOptions& options) {
  if (options.shapes) {
    Result<std::vector<BenchShape>> table = read_shape_table(*options.shapes);
    if (!table || !options.name) return table;
    std::vector<BenchShape> chosen;
    for (const BenchShape& shape : *table) {
      if (shape.name == *options.name) chosen.push_back(shape);
    }
    if (chosen.empty()) return Error{"error.bench_name", "--name", {*options.name, *options.shapes}};
    return chosen;
  }
  const std::string text = options.shape.value_or("1,64,56,56,64,3,3");
  Result<BenchShape> shape = bench_shape_from(text);
  if (!shape) return shape.error();
  if (!options.shape) shape->params.padding = {1, 1};
  if (Result<void> applied = apply_conv_options(options.conv, shape->params); !applied) return applied.error();
  return std::vector<BenchShape>{*shape};
}

Result<void> run_bench(const BenchOptions& options) {
  Result<Conv2dOptions> engine = engine_options(options.engine, *operation_from_name("conv2d"));
  if (!engine) return engine.error();
  Result<std::vector<BenchShape>> shapes = shapes_of(options);
  if (!shapes) return shapes.error();
  const int threads =
      engine->threads > 0 ? engine->threads : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  const std::string impl = std::string("convscope-") + name_of(engine->algorithm);

  Json list = Json::array();
  if (options.csv) print("name,impl,threads,median_ms,gflops\n");
  for (const BenchShape& shape : *shapes) {
    Result<Timing> timing = measure(shape, *engine);
    if (!timing) return timing.error();
    char numbers[96];
    if (options.json) {
      Json item;
      item["name"] = shape.name;
      item["input_size"] = std::vector<int64_t>(shape.input.begin(), shape.input.end());
      item["algorithm"] = name_of(engine->algorithm);
      item["threads"] = threads;
      item["runs"] = timing->runs;
      item["median_ms"] = timing->median_ms;
      item["gflops"] = timing->gflops;
      list.push_back(std::move(item));
    } else if (options.csv) {
      std::snprintf(numbers, sizeof numbers, "%d,%.6g,%.6g", threads, timing->median_ms, timing->gflops);
      print(shape.name + "," + impl + "," + numbers + "\n");
    } else {
      std::snprintf(numbers, sizeof numbers, "%10.4f ms %9.2f GFLOP/s", timing->median_ms, timing->gflops);
      print(shape.name + std::string(shape.name.size() < 28 ? 28 - shape.name.size() : 1, ' ') + numbers + "\n");
    }
    std::fflush(stdout);
  }
  if (options.json) print(pretty(list) + "\n");
  return {};
}

}  // namespace

void add_bench_command(CLI::App& app, Run& run) {
  auto options = std::make_shared<BenchOptions>();
  CLI::App* command = app.add_subcommand("bench", words("cli.bench"));
  command->add_option("--shape", options->shape, words("cli.bench.shape"));
  command->add_option("--shapes", options->shapes, words("cli.bench.shapes"));
  command->add_option("--name", options->name, words("cli.bench.name"));
  add_conv_options(*command, options->conv);
  add_engine_options(*command, options->engine);
  command->add_flag("--json", options->json, words("cli.json"));
  command->add_flag("--csv", options->csv, words("cli.bench.csv"));
  command->callback([options, &run] { run = [options] { return run_bench(*options); }; });
}

}  // namespace convscope
