// Compiled once for each instruction set: foreach_target.h includes this file again and again.
#include "tests/bench/fma_peak.h"

#include <cstdint>
#include <ctime>
#include <string>

#include "engine/gemm.h"
#include "engine/simd_targets.h"
#include "engine/thread_pool.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tests/bench/fma_peak.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace convscope::bench::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Twelve chains keep two units busy whose results come after six cycles, and fit sixteen registers with their factors.
/// Returns how many operations it did. What is summed stays small: 1 + 0.5 + 0.25 + ...
double multiply_and_add(int64_t rounds) {
  constexpr int kChains = 12;
  const hn::ScalableTag<float> d;
  const auto half = hn::Set(d, 0.5F), one = hn::Set(d, 1.0F);
  hn::Vec<decltype(d)> sum[kChains];
#pragma GCC unroll 16
  for (int i = 0; i < kChains; ++i) sum[i] = hn::Set(d, static_cast<float>(i));
  for (int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 16
    for (int i = 0; i < kChains; ++i) {
      sum[i] = hn::MulAdd(sum[i], half, one);
    }
  }
  auto all = hn::Zero(d);
#pragma GCC unroll 16
  for (int i = 0; i < kChains; ++i) all = hn::Add(all, sum[i]);
  volatile float seen = hn::GetLane(all);
  (void)seen;
  return 2.0 * kChains * static_cast<double>(hn::Lanes(d)) * static_cast<double>(rounds);
}

}  // namespace convscope::bench::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace convscope::bench {

HWY_EXPORT(multiply_and_add);

namespace {

double now(bool cpu_clock) {
  timespec time{};
  clock_gettime(cpu_clock ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

}  // namespace

double peak_flops(std::string_view target, int threads, bool cpu_clock) {
  constexpr int64_t kRounds = 1 << 19;  // about two milliseconds
  const std::string before(simd_target());
  use_simd_target(target);
  const auto run = [](int64_t rounds) { return HWY_DYNAMIC_DISPATCH(multiply_and_add)(rounds); };
  double seconds = 0;
  for (int turn = 0; turn < 2; ++turn) {  // the first one wakes the threads
    const double start = now(cpu_clock);
    parallel_for(threads, threads, [&](int64_t) { run(kRounds); });
    seconds = now(cpu_clock) - start;
  }
  const double operations = threads * run(1) * static_cast<double>(kRounds);
  use_simd_target(before);
  return operations / seconds;
}

}  // namespace convscope::bench

#endif  // HWY_ONCE
