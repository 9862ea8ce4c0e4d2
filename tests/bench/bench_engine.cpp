// The engine and its peers on the same tensors in the same run.
//
// A timing by itself says little on a machine that others use: its clock and its caches change from minute to minute.
// So for each shape all contenders are timed again and again, in another random order each round, and what counts is
// the ratio within a round. Google Benchmark finds the number of iterations and keeps the clocks.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <map>
#include <random>
#include <thread>

#include "accuracy.h"
#include "app/cli/shape_table.h"
#include "contender.h"
#include "engine/conv2d.h"
#include "engine/gemm.h"
#include "engine/operation_cost.h"
#include "engine/torch_random.h"
#include "fma_peak.h"
#include "scoreboard.h"

namespace convscope::bench {

namespace {

struct Options {
  std::string shapes = CONVSCOPE_SOURCE_DIR "/tests/bench/shapes.csv";
  std::vector<std::string> filters;
  std::vector<std::string> algorithms = {"auto"};
  std::vector<std::string> targets;
  std::vector<int> threads = {1, 2};
  int rounds = 5;
  std::string clock = "real";
  std::string csv;
  bool no_peers = false;
  bool accuracy = false;
};

/// The reference is slow: it takes part where a run of it takes about a tenth of a second at most.
constexpr double kNaiveMacs = 5e7;
/// Who takes longer than this and than kHopeless times the engine has lost: it is named, not timed.
constexpr double kLongSeconds = 0.15, kHopeless = 10;
/// Relative to the output's root mean square: Winograd's larger tiles reach 1e-4.
constexpr double kTolerance = 1e-3;

/// Takes each run's time to where it belongs; prints nothing.
class Collector : public benchmark::BenchmarkReporter {
 public:
  Collector(Scores& scores, bool cpu_clock) : scores_(scores), cpu_clock_(cpu_clock) {}
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.run_type != Run::RT_Iteration) continue;
      const double seconds =
          (cpu_clock_ ? run.cpu_accumulated_time : run.real_accumulated_time) / static_cast<double>(run.iterations);
      for (size_t i = 0; i < scores_.impls.size(); ++i) {
        if (run.run_name.function_name == scores_.impls[i]) scores_.seconds[i].push_back(seconds);
      }
    }
  }

 private:
  Scores& scores_;
  bool cpu_clock_;
};

std::string cpu_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) return line.substr(std::min(line.size(), line.find(':') + 2));
  }
  return "unknown CPU";
}

std::string today() {
  const std::time_t now = std::time(nullptr);
  char text[16];
  std::strftime(text, sizeof text, "%Y-%m-%d", std::localtime(&now));
  return text;
}

/// The greatest difference relative to the root mean square of `expected`.
double relative_difference(std::span<const float> expected, std::span<const float> actual) {
  if (expected.size() != actual.size()) return HUGE_VAL;
  double squares = 0, worst = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    squares += double{expected[i]} * double{expected[i]};
    const double difference = std::fabs(double{expected[i]} - double{actual[i]});
    if (std::isnan(difference)) return HUGE_VAL;
    if (!(difference <= worst)) worst = difference;
  }
  return worst / std::sqrt(squares / static_cast<double>(expected.size()));
}

Result<Problem> problem_of(const BenchShape& shape, int threads) {
  Result<ConvPlan> plan = validate(shape.params, shape.input);
  if (!plan) return plan.error();
  TorchRandom random(0);
  Result<Tensor> input = random.randn(plan->input_shape());
  if (!input) return input.error();
  Result<Tensor> weight = random.randn(plan->weight_shape());
  if (!weight) return weight.error();
  return Problem{*plan, *input, *weight, threads};
}

std::vector<Contender> contenders_of(const Problem& problem, const Options& options, double macs) {
  std::vector<Algorithm> algorithms;
  for (const std::string& name : options.algorithms) algorithms.push_back(*algorithm_from_name(name));
  std::vector<std::string_view> targets(options.targets.begin(), options.targets.end());
  if (targets.empty()) targets.push_back(simd_targets().front());
  std::vector<Contender> contenders;
  add_convscope(problem, algorithms, targets, contenders);
  if (options.no_peers) return contenders;
  if (macs <= kNaiveMacs && std::find(algorithms.begin(), algorithms.end(), Algorithm::naive) == algorithms.end()) {
    const Algorithm naive[] = {Algorithm::naive};
    add_convscope(problem, naive, std::span(simd_targets().data(), 1), contenders);
  }
#ifdef CONVSCOPE_HAS_ONEDNN
  add_onednn(problem, contenders);
#endif
#ifdef CONVSCOPE_HAS_OPENBLAS
  add_openblas(problem, contenders);
#endif
#ifdef CONVSCOPE_HAS_OPENCV
  add_opencv(problem, contenders);
#endif
  return contenders;
}

using Clock = std::chrono::steady_clock;

/// Runs everybody once. Whether all compute the same: what is fast and wrong does not count. Says who does not, and
/// removes and names those who would take too long.
bool agree(const BenchShape& shape, std::vector<Contender>& contenders) {
  bool good = true;
  double engine_seconds = 0;
  std::vector<Contender> in_the_race;
  for (Contender& contender : contenders) {
    contender.prepare();
    const Clock::time_point start = Clock::now();
    contender.run();
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    if (in_the_race.empty()) engine_seconds = seconds;
    const double difference = relative_difference(contenders[0].output(), contender.output());
    if (!(difference <= kTolerance)) {
      std::fprintf(stderr, "bench_engine: error: %s: %s is off by %g of the output's root mean square\n",
                   shape.name.c_str(), contender.impl.c_str(), difference);
      good = false;
    }
    if (seconds > kLongSeconds && seconds > kHopeless * engine_seconds) {
      std::printf("%-24s %s takes %.2f s and is not timed\n", shape.name.c_str(), contender.impl.c_str(), seconds);
      continue;
    }
    in_the_race.push_back(contender);
  }
  contenders = std::move(in_the_race);
  return good;
}

/// What the processor does at most right now, for each contender on its instruction set.
void measure_peaks(const std::vector<Contender>& contenders, int threads, bool cpu_clock, Scores& scores) {
  std::map<std::string_view, double> peaks;
  for (size_t i = 0; i < contenders.size(); ++i) {
    const std::string_view target = contenders[i].target.empty() ? simd_targets().front() : contenders[i].target;
    if (!peaks.contains(target)) peaks[target] = peak_flops(target, threads, cpu_clock);
    scores.peaks[i].push_back(peaks[target]);
  }
}

void time_rounds(std::vector<Contender>& contenders, const Options& options, int threads, std::mt19937& random,
                 Scores& scores) {
  Collector collector(scores, options.clock == "cpu");
  std::vector<size_t> order(contenders.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  const Contender* previous = nullptr;
  for (int round = 0; round < options.rounds; ++round) {
    measure_peaks(contenders, threads, options.clock == "cpu", scores);
    std::shuffle(order.begin(), order.end(), random);
    benchmark::ClearRegisteredBenchmarks();
    for (size_t i : order) {
      const auto turn = [&contender = contenders[i], &previous, threads](benchmark::State& state) {
        if (previous != &contender) {
          // OpenMP's and OpenBLAS's threads go on spinning for a while after their last work.
          if (threads > 1) std::this_thread::sleep_for(std::chrono::milliseconds(40));
          contender.prepare();
          contender.run();
          previous = &contender;
        }
        for ([[maybe_unused]] auto iteration : state) contender.run();
      };
      benchmark::RegisterBenchmark(contenders[i].impl.c_str(), turn)->MeasureProcessCPUTime()->UseRealTime();
    }
    benchmark::RunSpecifiedBenchmarks(&collector);
  }
  use_simd_target("");
}

void forget_absent(Scores& scores) {  // --benchmark_filter may have left some out
  for (size_t i = scores.impls.size(); i-- > 0;) {
    if (!scores.seconds[i].empty()) continue;
    scores.impls.erase(scores.impls.begin() + static_cast<std::ptrdiff_t>(i));
    scores.seconds.erase(scores.seconds.begin() + static_cast<std::ptrdiff_t>(i));
    scores.peaks.erase(scores.peaks.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

Result<void> print_accuracy(const BenchShape& shape, const Problem& problem, std::vector<Contender>& contenders) {
  const Result<std::vector<Accuracy>> all = accuracies(problem, contenders);
  if (!all) return all.error();
  std::printf("%-24s", shape.name.c_str());
  for (const Accuracy& one : *all) std::printf(" | %s %.3f mean %.4f", one.impl.c_str(), one.worst, one.mean);
  std::printf("\n");
  std::fflush(stdout);
  return {};
}

int failed(const Error& error) {
  std::fprintf(stderr, "bench_engine: error: %s %s", error.code.c_str(), error.field.c_str());
  for (const std::string& argument : error.args) std::fprintf(stderr, " [%s]", argument.c_str());
  std::fputc('\n', stderr);
  return 1;
}

bool is_wanted(const BenchShape& shape, const Options& options) {
  return options.filters.empty() || std::any_of(options.filters.begin(), options.filters.end(), [&](const auto& part) {
           return shape.name.find(part) != std::string::npos;
         });
}

/// Layers of a kind are fast or slow for the same reasons.
std::string kind_of(const ConvPlan& plan) {
  constexpr double kTeaching = 1e6;
  constexpr int64_t kPicture = 1'000'000, kFewChannels = 4;
  if (plan.macs() < kTeaching) return "teaching size";
  if (plan.positions() > kPicture) return "filter of a picture";
  if (plan.groups > 1) return plan.channels_per_group() == 1 ? "depthwise" : "grouped";
  if (plan.kernel == Pair{1, 1}) return "pointwise";
  if (plan.in_channels <= kFewChannels) return "few input channels";
  const bool is_winograds = plan.kernel == Pair{3, 3} && plan.stride == Pair{1, 1} && plan.dilation == Pair{1, 1};
  return is_winograds ? "3 x 3, stride 1" : "other dense";
}

int run(const Options& options) {
  const Result<std::vector<BenchShape>> shapes = read_shape_table(options.shapes);
  if (!shapes) return failed(shapes.error());
  const std::string cpu = cpu_name(), date = today();
  std::ofstream table;
  if (!options.csv.empty()) {
    table.open(options.csv);
    table << csv_head();
  }
  std::vector<Scores> all;
  std::mt19937 random(1);
  bool good = true;
  std::printf("%s, %s, %s, instruction sets", cpu.c_str(), date.c_str(), options.clock.c_str());
  for (std::string_view target : simd_targets()) std::printf(" %s", std::string(target).c_str());
  if (options.accuracy) {
    std::printf("; the largest error / (epsilon * sum of |products|)\n");
  } else {
    std::printf(", medians of %d rounds; %% is of the peak, x is time / engine's time\n", options.rounds);
  }

  for (const BenchShape& shape : *shapes) {
    if (!is_wanted(shape, options)) continue;
    for (int threads : options.accuracy ? std::vector<int>{1} : options.threads) {
      const Result<Problem> problem = problem_of(shape, threads);
      if (!problem) return failed(problem.error());
      const Result<OperationCost> cost = cost_of(problem->plan);
      if (!cost) return failed(cost.error());
      const auto macs = static_cast<double>(cost->macs);
      std::vector<Contender> contenders = contenders_of(*problem, options, macs);
      if (contenders.empty() || !contenders[0].impl.starts_with("convscope-" + options.algorithms[0])) {
        std::printf("%-24s not by %s\n", shape.name.c_str(), options.algorithms[0].c_str());
        continue;
      }
      if (!agree(shape, contenders)) {
        good = false;
        continue;
      }
      if (options.accuracy) {
        if (Result<void> printed = print_accuracy(shape, *problem, contenders); !printed)
          return failed(printed.error());
        continue;
      }
      Scores scores;
      scores.shape = shape.name;
      scores.kind = kind_of(problem->plan);
      scores.threads = threads;
      scores.flops = 2 * macs;
      for (const Contender& contender : contenders) scores.impls.push_back(contender.impl);
      scores.seconds.resize(contenders.size());
      scores.peaks.resize(contenders.size());
      time_rounds(contenders, options, threads, random, scores);
      forget_absent(scores);
      if (scores.impls.empty()) continue;
      std::fputs(line_of(scores).c_str(), stdout);
      std::fflush(stdout);
      table << csv_lines(scores, options.clock + "," + cpu + "," + date) << std::flush;
      all.push_back(std::move(scores));
    }
  }
  std::fputs(summary_of(all).c_str(), stdout);
  if (!options.csv.empty() && !table) {
    std::fprintf(stderr, "bench_engine: error: %s cannot be written\n", options.csv.c_str());
    return 1;
  }
  return good ? 0 : 1;
}

}  // namespace

}  // namespace convscope::bench

int main(int argc, char** argv) {
  // A result's memory serves the next one, as in a program that convolves again and again: without this, the system
  // takes large blocks back and clears their pages at every call.
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, INT32_MAX);

  // Short turns, many rounds; what is typed comes later and goes first.
  std::vector<char*> words(argv, argv + argc);
  std::string min_time = "--benchmark_min_time=0.05";
  words.insert(words.begin() + 1, min_time.data());
  auto count = static_cast<int>(words.size());
  benchmark::Initialize(&count, words.data());

  using namespace convscope;
  bench::Options options;
  CLI::App app(
      "The engine and its peers on the same tensors in the same run. Google Benchmark's own options work too: "
      "--benchmark_min_time=0.2, --benchmark_filter='auto|onednn'.");
  app.add_option("--shapes", options.shapes, "A table of shapes")->capture_default_str();
  app.add_option("--filter", options.filters, "Only shapes whose name contains one of these")->delimiter(',');
  std::vector<std::string> names;
  for (Algorithm algorithm : algorithms()) names.emplace_back(name_of(algorithm));
  app.add_option("--algorithm", options.algorithms, "The engine's, each a column; ratios are to the first")
      ->delimiter(',')
      ->check(CLI::IsMember(names));
  std::vector<std::string> targets = {"all"};
  for (std::string_view target : simd_targets()) targets.emplace_back(target);
  app.add_option("--target", options.targets, "Instruction sets of the engine, each a column; the best by default")
      ->delimiter(',')
      ->check(CLI::IsMember(targets));
  app.add_option("--threads", options.threads, "Numbers of threads, one after the other")
      ->delimiter(',')
      ->check(CLI::Range(1, 256));
  app.add_option("--rounds", options.rounds, "Turns of each contender")->check(CLI::Range(1, 1000));
  app.add_option("--clock", options.clock, "cpu: the process's time, for one thread on a machine that is busy")
      ->check(CLI::IsMember({"real", "cpu"}));
  app.add_option("--csv", options.csv, "Write a table to this file");
  app.add_flag("--no-peers", options.no_peers, "The engine alone");
  app.add_flag("--accuracy", options.accuracy, "The errors of one run of each contender instead of its time");
  CLI11_PARSE(app, count, words.data());
  if (std::find(options.targets.begin(), options.targets.end(), "all") != options.targets.end()) {
    options.targets.assign(targets.begin() + 1, targets.end());
  }
  return bench::run(options);
}
