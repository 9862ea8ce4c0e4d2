// How exact each algorithm is.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "contender.h"
#include "engine/result.h"

namespace convscope::bench {

/// The largest error of any cell of a contender's output, as a multiple of float32's epsilon times the sum of the
/// |products| of that cell.
struct Accuracy {
  std::string impl;
  double worst = 0, mean = 0;  // of the worst cell; over all cells
};

/// Runs every contender once beside the same sums in float64. Errors: those of conv2d.
Result<std::vector<Accuracy>> accuracies(const Problem& problem, std::span<Contender> contenders);

}  // namespace convscope::bench
