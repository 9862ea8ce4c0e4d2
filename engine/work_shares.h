// How evenly a cut of the work falls on the threads.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace convscope {

/// When the last thread is done that takes part in parallel_for(threads, items, ...) and item i takes cost_of(i). Of
/// many items the rests do not count: they are not looked at one by one.
template <class CostOfItem>
double parallel_cost(int threads, int64_t items, const CostOfItem& cost_of) {
  constexpr int64_t kMostItems = 256;
  constexpr int kMostThreads = 64;
  if (items > kMostItems || threads > kMostThreads) {
    const int64_t rounds = (items + threads - 1) / threads;
    return static_cast<double>(rounds) * cost_of(int64_t{0});
  }
  struct Thread {
    double busy_until = 0;
    int64_t next = 0, end = 0;
  };
  std::array<Thread, kMostThreads> all;
  int64_t begin = 0;
  for (int t = 0; t < threads; ++t) {
    all[static_cast<size_t>(t)].next = begin;
    begin += items / threads + (t < items % threads ? 1 : 0);
    all[static_cast<size_t>(t)].end = begin;
  }
  const auto last = all.begin() + threads;
  for (int64_t i = 0; i < items; ++i) {
    const auto free =
        std::min_element(all.begin(), last, [](const auto& a, const auto& b) { return a.busy_until < b.busy_until; });
    auto from = free;
    while (from->next == from->end) from = from + 1 == last ? all.begin() : from + 1;
    free->busy_until += cost_of(from->next++);
  }
  double end = 0;
  for (auto thread = all.begin(); thread != last; ++thread) end = std::max(end, thread->busy_until);
  return end;
}

}  // namespace convscope
