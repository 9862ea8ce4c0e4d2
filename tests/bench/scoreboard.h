// What the rounds of one shape say: medians, and ratios to the engine within each round.
#pragma once

#include <string>
#include <vector>

namespace convscope::bench {

double median(std::vector<double> values);

/// The times of one shape at one number of threads; seconds[i][r] is contender i in round r, contender 0 the engine.
struct Scores {
  std::string shape;
  std::string kind;  // of layer: those of one kind are summed up together
  int threads = 1;
  double flops = 0;  // of the direct sum
  std::vector<std::string> impls;
  std::vector<std::vector<double>> seconds;
  std::vector<std::vector<double>>
      peaks;  // as seconds: what the processor could do in that round, in operations a second

  /// The median over the rounds of contender's time / engine's time: above 1 the engine is faster.
  double ratio(size_t contender) const;
  /// The median over the rounds of what a contender did of the peak; 0 where it was not measured.
  double part_of_peak(size_t contender) const;
  /// As ratio(), for the fastest peer of each round ("convscope-..." are none); 0 without peers.
  double ratio_of_best_peer() const;
  /// The peer whose median is least; empty without peers.
  std::string best_peer() const;
};

/// A line for people: the engine's time and, for every other contender, its time and ratio.
std::string line_of(const Scores& scores);

/// The first line of a table for programs, and one line for each contender.
/// `about` fills the last columns: clock, CPU, date.
std::string csv_head();
std::string csv_lines(const Scores& scores, const std::string& about);

/// The geometric means of each kind and of all shapes, and those that are worst. Where several of the engine's
/// contenders took part, each has its own of what it did a second and of the peak.
std::string summary_of(const std::vector<Scores>& all);

}  // namespace convscope::bench
