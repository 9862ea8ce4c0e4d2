// A session's chain of layers, checked: what the lens of receptive fields shows.
#pragma once

#include <memory>
#include <string>

#include "app/language/language.h"
#include "engine/receptive_field.h"
#include "engine/result.h"

namespace convscope {

class OperationPlan;
struct Session;

/// A chain of at least one layer, all of them legal, with its fields. Never changed once made.
///
/// Level 0 is the chain's input, level i the output of layer i - 1. Pictures show the last two axes of a level as rows and
/// columns; a chain of one axis has one row, of a chain of three axes the first is a pile of such sheets.
struct ChainPlan {
  LayerChain chain;
  ChainFields fields;

  int levels() const { return static_cast<int>(chain.layers.size()) + 1; }
  int last_level() const { return levels() - 1; }
  /// A level's cells; slices and rows are 1 where the chain has no such axis.
  int64_t slices(int level) const { return extent(level, 3); }
  int64_t rows(int level) const { return extent(level, 2); }
  int64_t cols(int level) const { return extent(level, 1); }
  /// The axis of rows or of columns among the chain's own; below 0 where it has none.
  int row_axis() const { return chain.dims - 2; }
  int col_axis() const { return chain.dims - 1; }

  /// Cells of the last level: the steps, in row-major order; at most INT64_MAX.
  int64_t steps() const;
  /// The cell of the last level that a step (from 0) is about, and back.
  Spatial cell_of_step(int64_t step) const;
  int64_t step_of_cell(const Spatial& cell) const;
  /// A cell by slice, row and column, as many of them as the chain has axes.
  Spatial cell_at(int64_t slice, int64_t row, int64_t col) const;

 private:
  int64_t extent(int level, int from_behind) const;
};
using ChainPlanPtr = std::shared_ptr<const ChainPlan>;

/// What is wrong with a chain: at which layer (from 0; that of the chain as a whole is layers.size()), and what.
struct ChainProblem {
  size_t layer = 0;
  std::string module;  // "Conv2d"; empty where it is no layer's
  Error error;
};
/// "Layer 3 (Conv2d): ..."
std::string describe(Language language, const ChainProblem& problem);

/// The same as an error of its own, with the layer in its words.
Error as_error(Language language, const ChainProblem& problem);

/// Exactly one of the two is there.
struct CheckedChain {
  ChainPlanPtr plan;
  ChainProblem problem;
};
/// Errors (in `problem`): those of chain_fields(), error.chain_empty.
CheckedChain check_chain(const LayerChain& chain);

/// The chain that a session looks at: its own document, or its own layer alone over the plan's input.
LayerChain shown_chain(const Session& session, const OperationPlan* plan);

}  // namespace convscope
