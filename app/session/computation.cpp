#include "app/session/computation.h"

#include <algorithm>
#include <atomic>
#include <chrono>

#include "engine/algorithm_choice.h"
#include "engine/conv_nd.h"
#include "engine/conv_transpose.h"
#include "engine/fft_tiling.h"
#include "engine/operation_cost.h"
#include "engine/padded_input.h"
#include "engine/pool.h"

namespace convscope {

Result<OperationPlan> plan_of(const Session& session, TensorCache& cache) {
  const Result<Shape> shape = cache.input_shape(session);
  if (!shape) return shape.error();
  Result<OperationPlan> plan = validate(session, *shape);
  if (plan && plan->output_cells() == 0) {
    return Error{"error.nothing_to_show", "input", {plan->output_shape().to_string(" x ")}};
  }
  if (plan) plan->set_chain(check_chain(shown_chain(session, &*plan)).plan);
  return plan;
}

namespace {

Algorithm chosen(const ConvPlan& plan, Algorithm asked) {
  return asked == Algorithm::automatic ? automatic_choice(plan) : asked;
}

/// Cells of an input with its zeros inserted beyond which nobody looks at them one by one.
constexpr int64_t kMostGatherCells = int64_t{1} << 22;

std::shared_ptr<const GatherView> gather_of(const ConvTransposePlan& plan, const ConvTensors& tensors) {
  const std::optional<int64_t> cells = gather_plan(plan).input_shape().numel();
  if (!cells || *cells > kMostGatherCells) return nullptr;
  Result<GatherView> view = gather_view(plan, tensors);
  return view ? std::make_shared<const GatherView>(*std::move(view)) : nullptr;
}

}  // namespace

Result<Tensor> run_plan(const OperationPlan& plan, const ConvTensors& tensors, const Conv2dOptions& options) {
  if (const ConvTransposePlan* transposed = plan.transposed()) {
    return conv_transpose(*transposed, tensors.input, tensors.weight, tensors.bias, options);
  }
  if (const PoolPlan* pooling = plan.pool()) {
    Result<PoolResult> pooled = pool(*pooling, tensors.input, PoolIndices::none, options.threads, options.job);
    if (!pooled) return pooled.error();
    return pooled->output;
  }
  if (const ConvNdPlan* volume = plan.volume()) {
    return conv_nd(*volume, tensors.input, tensors.weight, tensors.bias, options);
  }
  return conv2d(*plan.conv2d(), tensors.input, tensors.weight, tensors.bias, options);
}

namespace {

/// Nothing was made anew: the caches gave the very same tensors.
bool same_operands(const Computation& last, const Session& session, const OperationPlan& plan,
                   const ConvTensors& tensors) {
  OperationPlan before = last.plan;
  before.set_learning_steps(plan.learning_steps());
  return before == plan && last.algorithm == algorithm_of(session) && last.more == session.more &&
         last.tensors.input.identity() == tensors.input.identity() &&
         last.tensors.weight.identity() == tensors.weight.identity() &&
         last.tensors.bias.identity() == tensors.bias.identity();
}

bool same_wishes(const GradientNumbers& last, const Session& session, const WishedTensors& wished) {
  if (!(last.settings == session.gradient) || !(last.learn == session.learn)) return false;
  if (wished.grad_output.defined()) return last.grad_output.identity() == wished.grad_output.identity();
  if (wished.kernel.defined()) return last.kernel.identity() == wished.kernel.identity();
  return last.target.identity() == wished.target.identity();
}

}  // namespace

bool wants_gradient(const Session& session) {
  // Perhaps only in the second of two lenses.
  const bool beside = session.beside && !session.beside->other && session.beside->lens == Lens::gradient;
  return (session.lens == Lens::gradient || beside) && shown_family(session.operation) == OperationFamily::conv &&
         shown_dims(session.operation) != 3;
}

Result<ComputationPtr> compute(const Session& session, TensorCache& cache, const Conv2dOptions& options,
                               const ComputationPtr& last) {
  const Result<OperationPlan> plan = plan_of(session, cache);
  if (!plan) return plan.error();
  const bool with_gradient = wants_gradient(session);
  WishedTensors wished;
  // A picture that is run through a model takes the first half of the progress.
  const bool runs_model = session.input.kind == SourceKind::onnx;
  std::optional<JobPart> part_before;
  if (runs_model) part_before.emplace(options.job, 0, 2);
  Result<ConvTensors> tensors = cache.tensors(session, *plan, with_gradient ? &wished : nullptr, options.job);
  part_before.reset();
  if (!tensors) return tensors.error();
  if (options.job != nullptr && options.job->cancelled) return Error{"error.cancelled", "", {}};
  Conv2dOptions engine = options;
  if (engine.algorithm == Algorithm::automatic) engine.algorithm = algorithm_of(session);
  const JobPart rest(options.job, runs_model ? 1 : 0, runs_model ? 2 : 1);
  const auto start = std::chrono::steady_clock::now();
  const bool known =
      last != nullptr && options.algorithm == Algorithm::automatic && same_operands(*last, session, *plan, *tensors);
  Result<Tensor> output = Tensor();
  if (known) {
    output = last->tensors.output;
  } else {
    const JobPart part(options.job, 0, with_gradient ? 4 : 1);
    output = run_plan(*plan, *tensors, engine);
  }
  if (!output) return output.error();
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;

  static std::atomic<uint64_t> generations{0};
  auto computation = std::make_shared<Computation>();
  computation->algorithm = algorithm_of(session);
  computation->params = session.params;
  computation->more = session.more;
  computation->plan = *plan;
  computation->tensors = *std::move(tensors);
  computation->tensors.output = *std::move(output);
  computation->generation = ++generations;
  if (plan->transposed() != nullptr) computation->gather = gather_of(*plan->transposed(), computation->tensors);
  if (plan->conv2d() != nullptr) computation->ran = chosen(*plan->conv2d(), engine.algorithm);
  computation->seconds = known ? last->seconds : taken.count();
  if (known && last->gradient != nullptr && (!with_gradient || same_wishes(*last->gradient, session, wished))) {
    // Whoever looks elsewhere for a while finds them again.
    computation->gradient = last->gradient;
  } else if (with_gradient) {
    const JobPart part(options.job, 1.0 / 3, 4.0 / 3);
    Result<GradientPtr> gradient = gradient_numbers(session, *plan->conv2d(), computation->tensors, wished, options);
    if (!gradient) return gradient.error();
    computation->gradient = *std::move(gradient);
  }
  return ComputationPtr(std::move(computation));
}

double conv2d_seconds(const ConvPlan& plan, Algorithm algorithm) {
  // What a slow core does, so that a frame is not lost to optimism; per second. One core of an Intel Xeon did, with -O1
  // in November 2026, 1.9e8 multiply-adds as naive, 3 to 8e8 as slices or loops, and wrote 3 to 5e7 entries of
  // matrices.
  constexpr double kFastMacs = 2e9, kReferenceMacs = 1e8, kLessonMacs = 2e8;
  constexpr double kMatrixEntries = 2.5e7, kCells = 2e8;
  const Result<OperationCost> cost = cost_of(plan);
  if (!cost) return 1e9;
  const auto macs = static_cast<double>(cost->macs);
  const double seconds = static_cast<double>(plan.output_cells()) / kCells;
  switch (algorithm) {
    case Algorithm::automatic:
    case Algorithm::im2col:
    case Algorithm::direct:
    case Algorithm::winograd:
      break;
    case Algorithm::fft: {
      // A slow core takes four times as long as the one that the tiling's seconds were measured on.
      const Result<FftTiling> tiling = fft_tiling(plan);
      return tiling ? seconds + 4 * tiling->seconds : seconds;
    }
    case Algorithm::naive:
      return seconds + macs / kReferenceMacs;
    case Algorithm::slices:
    case Algorithm::loops: {
      double copied = 1;  // with a large stride the padded copy is all there is to do
      for (int64_t extent : padded_shape(plan)) copied *= static_cast<double>(extent);
      return seconds + macs / kLessonMacs + copied / kCells;
    }
    case Algorithm::im2col_per_channel:  // a matrix for each channel, for all kernels
      return seconds + macs / kLessonMacs + macs / static_cast<double>(plan.kernels_per_group()) / kMatrixEntries;
    case Algorithm::toeplitz:  // a matrix for each slice of a kernel, for all images
      return seconds + macs / kLessonMacs +
             static_cast<double>(cost->parameters) * static_cast<double>(plan.positions()) / kMatrixEntries;
  }
  return seconds + macs / kFastMacs;
}

std::optional<double> conv2d_seconds_after(const Computation& last, const ConvPlan& plan, Algorithm algorithm) {
  if (last.plan.conv2d() == nullptr) return std::nullopt;
  const ConvPlan& before = *last.plan.conv2d();
  const bool alike = last.ran == chosen(plan, algorithm) && before.dtype == plan.dtype &&
                     before.in_channels == plan.in_channels && before.out_channels == plan.out_channels &&
                     before.groups == plan.groups;
  if (!alike) return std::nullopt;
  const auto work = [](const ConvPlan& of) {
    return static_cast<double>(of.output_cells()) * (static_cast<double>(of.taps()) + 1) +
           static_cast<double>(of.batch * of.in_channels) * static_cast<double>(of.in.h * of.in.w);
  };
  const double ratio = work(plan) / work(before);
  constexpr double kMostLike = 4, kCaution = 1.3;
  if (ratio > kMostLike || ratio < 1 / kMostLike) return std::nullopt;
  return last.seconds * std::max(1.0, ratio) * kCaution;
}

double other_seconds(const OperationPlan& plan, Algorithm algorithm) {
  constexpr double kProductsPerSecond = 3e8, kReferenceProducts = 1e8, kTapsPerSecond = 1e8;
  if (const ConvTransposePlan* transposed = plan.transposed()) {
    const Result<OperationCost> cost = cost_of(*transposed);
    // The zeros that the gathered view inserts are written as well.
    const double pace = algorithm == Algorithm::naive ? kReferenceProducts : kProductsPerSecond;
    return cost ? static_cast<double>(cost->macs) / pace + static_cast<double>(plan.output_cells()) / kTapsPerSecond
                : 1e9;
  }
  if (const ConvNdPlan* volume = plan.volume()) {
    const Result<OperationCost> cost = cost_of(*volume);
    // Planes are gathered for each depth of the output; the tutorial's algorithms are as slow as the reference.
    const bool fast = algorithm == Algorithm::automatic || algorithm == Algorithm::im2col ||
                      algorithm == Algorithm::direct || algorithm == Algorithm::winograd;
    const double pace = fast ? kProductsPerSecond : kReferenceProducts;
    return cost ? static_cast<double>(cost->macs) / pace + static_cast<double>(plan.output_cells()) / kTapsPerSecond
                : 1e9;
  }
  const Result<OperationCost> cost = cost_of(*plan.pool());
  return cost ? static_cast<double>(cost->window_operations) / kTapsPerSecond : 1e9;
}

double estimated_seconds(const Session& session, const OperationPlan& shown, TensorCache& cache,
                         const Computation* last) {
  const double preparation = cache.preparation_seconds(session, shown);
  if (shown.conv2d() == nullptr) return preparation + other_seconds(shown, algorithm_of(session));
  const ConvPlan& plan = *shown.conv2d();
  const std::optional<double> known =
      last != nullptr ? conv2d_seconds_after(*last, plan, session.algorithm) : std::nullopt;
  const double forward = known ? *known : conv2d_seconds(plan, session.algorithm);
  const double more =
      wants_gradient(session) ? gradient_seconds(session, plan, conv2d_seconds(plan, Algorithm::automatic)) : 0;
  return preparation + forward + more;
}

}  // namespace convscope
