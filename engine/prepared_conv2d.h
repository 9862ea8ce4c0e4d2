// A convolution made ready for many inputs: the algorithm chosen, the weight packed once.
#pragma once

#include <memory>

#include "engine/conv2d.h"

namespace convscope {

/// What conv2d() does before it can start, done once. Copies share what they hold; all functions may be called by
/// several threads at once.
class PreparedConv2d {
 public:
  /// Shapes, dtypes: as for conv2d(). options.threads is how many the work is cut for; options.job is watched
  /// for cancellation here, not later.
  /// Errors: those of conv2d() that are about plan, weight, bias and algorithm; error.cancelled.
  static Result<PreparedConv2d> make(const ConvPlan& plan, const Tensor& weight, const Tensor& bias,
                                     const Conv2dOptions& options = {});

  /// The same numbers as conv2d() with the algorithm; `output` is any tensor of the output's shape and dtype that
  /// nobody else reads. Once every thread has its scratch, an algorithm with a packed form allocates nothing.
  /// Errors: error.input_shape, error.output_shape, error.dtype_mismatch, error.out_of_memory, error.cancelled.
  Result<void> run(const Tensor& input, Tensor& output, Job* job = nullptr) const;
  /// The same into a new tensor.
  Result<Tensor> run(const Tensor& input, Job* job = nullptr) const;

  const ConvPlan& plan() const;
  /// The one that runs, never `automatic`.
  Algorithm algorithm() const;
  /// Memory of the packed weight, and at most of the scratch while it runs.
  int64_t packed_bytes() const;
  int64_t scratch_bytes() const;

 private:
  struct State;
  std::shared_ptr<const State> state_;
};

}  // namespace convscope
