// The plan of whichever operation a session shows.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "app/session/chain_plan.h"
#include "app/session/session.h"
#include "engine/conv_nd_plan.h"
#include "engine/conv_plan.h"
#include "engine/conv_transpose_plan.h"
#include "engine/operation.h"
#include "engine/pool.h"
#include "engine/result.h"
#include "engine/tensor.h"

namespace convscope {

/// (N, C, 1, L) as (N, C, L), and back. Shapes that are no sequences of height 1 stay as they are.
Shape without_height(const Shape& shape);
Shape with_height(const Shape& shape);

/// Checked parameters of one of the operations that a session can show. What all of them have is answered here; whoever
/// knows one operation only asks for its own plan and gets nothing where it is another.
///
/// Steps count a session's animation: an output cell each, except where a transposed convolution scatters, and in the
/// lens of receptive fields, where they are the cells of the last layer of the chain. That chain comes along.
class OperationPlan {
 public:
  OperationPlan() = default;                                         // of a convolution without a cell
  OperationPlan(ConvPlan plan) : plan_(std::move(plan)) {}           // NOLINT(google-explicit-constructor): it is one
  OperationPlan(ConvTransposePlan plan) : plan_(std::move(plan)) {}  // NOLINT(google-explicit-constructor)
  OperationPlan(PoolPlan plan) : plan_(std::move(plan)) {}           // NOLINT(google-explicit-constructor)
  OperationPlan(ConvNdPlan plan) : plan_(std::move(plan)) {}         // NOLINT(google-explicit-constructor): of 3 axes

  OperationFamily family() const;
  const ConvPlan* conv2d() const { return std::get_if<ConvPlan>(&plan_); }
  const ConvTransposePlan* transposed() const { return std::get_if<ConvTransposePlan>(&plan_); }
  const PoolPlan* pool() const { return std::get_if<PoolPlan>(&plan_); }
  /// conv3d's; its family is that of conv2d.
  const ConvNdPlan* volume() const { return std::get_if<ConvNdPlan>(&plan_); }

  bool has_weight() const { return pool() == nullptr; }
  bool has_bias() const;
  bool unbatched() const;
  DType dtype() const;
  int64_t groups() const;  // 1 for pooling
  /// Axes that its kernel slides along. A conv1d is a conv2d on pictures of height 1: its shapes and tensors here have
  /// that height, files and people are told shapes without it, shown().
  int dims() const { return conv2d() != nullptr ? conv2d()->dims : volume() != nullptr ? 3 : 2; }
  Shape shown(const Shape& shape) const { return dims() == 1 ? without_height(shape) : shape; }
  Tensor shown(const Tensor& tensor) const {
    return tensor.defined() && dims() == 1 ? tensor.reshaped(shown(tensor.shape())) : tensor;
  }
  Shape input_shape() const;
  Shape weight_shape() const;  // of rank 0 where there is no weight
  Shape bias_shape() const;    // the same
  Shape output_shape() const;
  int64_t output_cells() const;
  /// Products, or numbers of a pooling's window, that a cell of the output is made of.
  int64_t numbers_per_cell() const;

  /// Steps of gradient descent that the gradient lens shows; 0: it shows the gradients cell by cell.
  int64_t learning_steps() const { return learning_steps_; }
  void set_learning_steps(int64_t steps) { learning_steps_ = steps; }

  /// What its kernel does on the picture, in cells of one channel: input, kernel and output; of conv3d, on one slice.
  Pair in() const;
  Pair kernel() const;
  Pair out() const;
  /// On each side of the input; of a transposed convolution, what is cut off its output.
  Pads pads() const;

  /// The chain of layers that the session looks at beside its operation; null where it is illegal or not asked for.
  const ChainPlanPtr& chain() const { return chain_; }
  void set_chain(ChainPlanPtr chain) { chain_ = std::move(chain); }

  /// Of the operation and its steps: the chain changes none of its numbers.
  bool operator==(const OperationPlan& other) const {
    return plan_ == other.plan_ && learning_steps_ == other.learning_steps_;
  }

 private:
  const Windows& own_windows() const;  // of all but conv2d

  std::variant<ConvPlan, ConvTransposePlan, PoolPlan, ConvNdPlan> plan_;
  ChainPlanPtr chain_;
  int64_t learning_steps_ = 0;
};

/// What computes an operation: all of algorithms() for conv2d, some for a transposed convolution, `automatic` alone for
/// pooling.
std::span<const Algorithm> algorithms_of(OperationFamily family);
/// The session's algorithm where its operation has it, else `automatic`: what an operation does not take stays for the
/// next one.
Algorithm algorithm_of(const Session& session);

/// The operations that a session can show, in the order of the widgets: "conv2d", "conv_transpose2d", ...
std::vector<std::string_view> shown_operations();
/// Empty where a session cannot show it.
std::optional<OperationFamily> shown_family(std::string_view operation);
/// Axes that its kernel slides along; 2 where a session cannot show it.
int shown_dims(std::string_view operation);

/// The session with another operation on the same input and numbers. What the new operation does not take becomes what
/// it does: words of padding become numbers, channels those of the input, a padding, pads or output_padding that would
/// be too large smaller; the lens one that shows it. Errors: error.unknown_operation.
Result<void> change_operation(Session& session, std::string_view operation);

/// The session's parameters as the engine takes them for those operations.
ConvTransposeParams transposed_params(const Session& session);
ConvNdParams conv3d_params(const ConvParams& params, const DepthParams& depth);
PoolParams pool_params(const Session& session);

/// The session's own plan over an input of that shape. Errors: those of the operation's validate(),
/// error.learning_rate, error.learning_steps (args: found, limit).
Result<OperationPlan> validate(const Session& session, const Shape& input_shape);

/// Whether a lens shows that operation.
bool lens_shows(Lens lens, OperationFamily family, int dims = 2);
/// The lens itself where it shows the operation; else, where `wanted` is the first lens of another operation, that of
/// this one; else `wanted` unchanged, to be refused.
Lens lens_for(OperationFamily family, Lens wanted, int dims = 2);
/// The same, but an unfit lens becomes the operation's first.
Lens fitting_lens(OperationFamily family, Lens wanted, int dims = 2);

/// Why a lens is refused: error.export_lens (args: lens), of gradients error.lens_gradient, which says what it shows.
Error unfit_lens(Lens lens);

/// Steps of the animation: output cells; for scatter, input cells for each output channel that they are stamped into;
/// for the gradient lens of a session that learns, its iterations, the one it starts from included.
int64_t step_count(const OperationPlan& plan, Lens lens);
/// Steps of one row of the tensor that the steps walk through.
int64_t steps_in_row(const OperationPlan& plan, Lens lens);
/// Rows in one channel of that tensor.
int64_t rows_in_channel(const OperationPlan& plan, Lens lens);
/// The step of `to` that shows about what step `step` (from 0) of `from` shows.
int64_t step_across(const OperationPlan& plan, Lens from, int64_t step, Lens to);

}  // namespace convscope
