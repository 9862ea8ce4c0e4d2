// One algorithm made ready for one convolution: what depends on the plan and the weight is done once, for many inputs.
#pragma once

#include <cstdint>
#include <memory>

#include "engine/cancel.h"
#include "engine/conv_plan.h"

namespace convscope {

enum class Outcome : uint8_t { finished, cancelled, out_of_memory };

/// Made by the prepare_...() of an algorithm, which takes the plan, its weight and its bias (null where there is none),
/// packs or transforms the weight and decides how the work is cut. It keeps copies: none of them need outlive the call.
/// Such a function returns null when the memory for it cannot be had.
template <class T>
class Conv2dRunner {
 public:
  virtual ~Conv2dRunner() = default;

  /// Shapes: as in ConvPlan. All of `input` must be followed by 64 readable bytes, as a Tensor's data is. The numbers
  /// do not depend on `threads` (0: as many as the machine has; tiny work is done by one). Allocates nothing once
  /// every thread has its scratch. May be called by several threads at once.
  virtual Outcome run(const T* input, T* output, int threads, Job* job) const = 0;

  /// Of the packed weight, bias and tables.
  virtual int64_t packed_bytes() const = 0;
  /// What the threads need together while it runs, at most.
  virtual int64_t scratch_bytes(int threads) const = 0;
};

}  // namespace convscope
