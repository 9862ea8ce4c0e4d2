// The algorithms as code: the lines of the loop-nest lens, in Python and in words.
#pragma once

#include <span>
#include <string>

#include "app/language/language.h"
#include "app/scene/scene.h"
#include "engine/algorithm.h"
#include "engine/conv_plan.h"

namespace convscope {

/// What a line does, as far as the moment of a step or a value belongs to it.
enum class CodeAct : uint8_t {
  none,
  image,       // for n
  kernel,      // for k
  row,         // for p
  column,      // for q
  channel,     // for c
  tap_row,     // for r
  tap_column,  // for s
  place,       // the window's corner
  window,      // the window's slice
  multiply,    // products and their sum
  store,       // the output's cell
};

struct CodeLine {
  int indent = 0;  // levels
  std::string code, words;
  CodeAct act = CodeAct::none;
};

/// PyTorch code that computes the plan's output from x, w and b the way `algorithm` does, with the plan's numbers in
/// it, and the same in words. One step of the animation is one output cell, so the loops over images, kernels, rows and
/// columns stand outside where the algorithm allows it. `automatic` is written as `loops`. Remembered while the same is
/// asked for.
std::span<const CodeLine> loop_code(const ConvPlan& plan, Algorithm algorithm, Language language);

}  // namespace convscope
