// One convolution, and everybody who computes it in the benchmark.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "engine/algorithm.h"
#include "engine/conv_plan.h"
#include "engine/tensor.h"

namespace convscope::bench {

/// A float32 convolution without bias. Input, weight and output are plain NCHW and OIHW for everybody.
struct Problem {
  ConvPlan plan;
  Tensor input, weight;
  int threads = 1;
};

struct Contender {
  std::string impl;                                // "convscope-auto", "onednn-plain"
  std::function<void()> prepare;                   // before its turn: threads, instruction set
  std::function<void()> run;                       // what is timed: plain input in, plain output out
  std::function<std::span<const float>()> output;  // of the last run
  std::string target = {};                         // the engine's instruction set; empty: the best
};

/// The engine by the given algorithms, each on the given instruction sets; the first one of the first is the one that
/// all others are compared with. Where an algorithm refuses the convolution, it is left out.
/// `problem` must outlive the contenders; the same holds for all peers.
void add_convscope(const Problem& problem, std::span<const Algorithm> algorithms,
                   std::span<const std::string_view> targets, std::vector<Contender>& contenders);

/// oneDNN, weights reordered beforehand: with plain tensors and kernels for them ("onednn-plain"), with tensors in
/// oneDNN's own layout, reordered from and to plain ones at each run ("onednn-reorder"), and so by Winograd
/// ("onednn-winograd"). What it does not offer for this convolution is left out.
void add_onednn(const Problem& problem, std::vector<Contender>& contenders);

/// im2col written out, a strip of output rows at a time, and OpenBLAS's sgemm ("openblas").
void add_openblas(const Problem& problem, std::vector<Contender>& contenders);

/// OpenCV's filter2D for pictures of few channels, plane by plane ("opencv").
void add_opencv(const Problem& problem, std::vector<Contender>& contenders);

}  // namespace convscope::bench
