// Why an output is wrong: the usual mistakes, each really made and compared.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/cancel.h"
#include "engine/compare.h"
#include "engine/conv_plan.h"
#include "engine/mistakes.h"
#include "engine/result.h"
#include "engine/tensor.h"
#include "engine/trace.h"

namespace convscope {

/// What was done wrong to get these numbers: one cause, or two that were made together.
struct Explanation {
  std::vector<Cause> causes;
  int64_t cells_agreeing = 0;  // of those checked
  int64_t cells_checked = 0;   // all cells, or as many as the budget allows
};

struct Diagnosis {
  /// Every one gives the numbers that were found, in all cells checked; the likeliest first, at most kMostExplanations.
  std::vector<Explanation> explanations;
  /// Where there are none: the single mistake that explains the most cells, at least a quarter of them and more
  /// than none at all does. No proof.
  std::optional<Explanation> closest;
  /// Where the shape is wrong: mistakes that give this shape, whether their numbers fit or not; at most as many.
  std::vector<Cause> same_shape;
  int64_t tried = 0;  // mistakes and pairs
};
inline constexpr size_t kMostExplanations = 4;

struct DiagnosisOptions {
  int64_t most_macs = int64_t{1} << 31;  // for checking one explanation in full
  std::vector<int64_t> suspects;         // cells that are wrong, to be looked at first: most guesses fail there
};

/// Tries every mistake, then the output's channels in another order and a constant factor, then pairs of mistakes.
/// A mistake is first looked at in some cells, the first wrong one among them, and only one that passes in all cells:
/// a hundred wrong guesses cost hardly more than a hundred cells.
///
/// `yours` is of any shape; where it has the plan's, at least one cell is wrong by `closeness`.
/// Errors: error.cancelled.
Result<Diagnosis> diagnose(const ConvPlan& plan, const ConvTensors& tensors, const Tensor& yours,
                           const Closeness& closeness, const DiagnosisOptions& options = {}, Job* job = nullptr);

}  // namespace convscope
