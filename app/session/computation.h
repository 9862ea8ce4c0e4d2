// From a session to numbers: resolve its tensors, validate, run the engine.
#pragma once

#include <memory>
#include <optional>

#include "app/session/gradient_numbers.h"
#include "app/session/operation_plan.h"
#include "app/session/session.h"
#include "engine/conv2d.h"
#include "engine/conv_plan.h"
#include "engine/trace.h"
#include "engine/transpose_trace.h"

namespace convscope {

/// A session's numbers, never changed once made. What is on screen is read from here and nowhere else.
struct Computation {
  ConvParams params;
  MoreParams more;
  OperationPlan plan;
  ConvTensors tensors;  // weight and bias stay undefined where the operation has none
  /// Of a transposed convolution, as long as it is not too large to be looked at cell by cell; else null.
  std::shared_ptr<const GatherView> gather;
  Algorithm algorithm = Algorithm::automatic;  // algorithm_of() the session
  /// Of conv2d, where the gradient lens is looked at; else null.
  GradientPtr gradient;
  uint64_t generation = 0;           // grows with each computation of the process
  Algorithm ran = Algorithm::naive;  // of conv2d; never automatic
  double seconds = 0;                // that it took
};
using ComputationPtr = std::shared_ptr<const Computation>;

/// Keeps the last tensors of each source, so that changing the stride does not read the picture again.
/// Thread-safe.
class TensorCache {
 public:
  TensorCache();
  ~TensorCache();
  /// Shape of the session's input, reading the file's header or the cache.
  Result<Shape> input_shape(const Session& session);
  /// Input, weight and bias of a session whose plan is known; output stays undefined. `wished` (may be null) takes what
  /// the session's gradients begin with, `job` (may be null) is asked whether to stop where a model is run. Errors of
  /// that are of the fields grad_output and target; among them error.like_output_shape (args: path, found, wanted).
  Result<ConvTensors> tensors(const Session& session, const OperationPlan& plan, WishedTensors* wished = nullptr,
                              Job* job = nullptr);
  /// A cautious guess at what tensors() will take, next to nothing for what is kept. Never waits for a reader.
  double preparation_seconds(const Session& session, const OperationPlan& plan);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The session's plan. Errors: validate()'s, those of its files, and error.nothing_to_show (args: output shape): the
/// engine computes a batch of 0 as PyTorch does, but a session is there to be looked at.
Result<OperationPlan> plan_of(const Session& session, TensorCache& cache);

/// A cautious guess at what conv2d() alone takes with an algorithm.
double conv2d_seconds(const ConvPlan& plan, Algorithm algorithm);

/// The same of transposed convolution and pooling.
double other_seconds(const OperationPlan& plan, Algorithm algorithm);

/// The same from what the same algorithm took for nearly the same plan; without an answer where they differ too much.
std::optional<double> conv2d_seconds_after(const Computation& last, const ConvPlan& plan, Algorithm algorithm);

/// Whether the session shows gradients, so that compute() makes them.
bool wants_gradient(const Session& session);

/// A cautious guess at what compute() will take, to choose between at once and in the background. `last` may be null.
double estimated_seconds(const Session& session, const OperationPlan& plan, TensorCache& cache,
                         const Computation* last);

/// The operation's output for these tensors; their own output is not looked at. Errors: those of the operation.
Result<Tensor> run_plan(const OperationPlan& plan, const ConvTensors& tensors, const Conv2dOptions& options);

/// Everything, on the calling thread, with the session's algorithm unless the options name another. What the numbers of
/// `last` (may be null) have in common with it is taken over from there. Errors: plan_of()'s, of tensors and of the
/// operation, error.cancelled.
Result<ComputationPtr> compute(const Session& session, TensorCache& cache, const Conv2dOptions& options = {},
                               const ComputationPtr& last = nullptr);

}  // namespace convscope
