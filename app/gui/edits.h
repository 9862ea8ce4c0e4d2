// What the panels' edits do to the session: one Action each, which keeps the tensors in step with the parameters.
//
// A typed tensor keeps the numbers that the old and the new shape share; new cells are 0. Generated input takes its
// channels from in_channels; a file's input keeps its own, and validate() says when the two do not fit.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "app/io/tensor_text.h"
#include "app/scene/scene.h"
#include "app/session/computation.h"
#include "app/session/layer_code.h"
#include "app/session/workbench.h"
#include "engine/result.h"
#include "engine/size_solver.h"

namespace convscope {

/// No tensor of more numbers is typed in; larger ones come from files.
inline constexpr int64_t kMaxTypedValues = 1 << 16;

/// The shapes that a session's typed numbers may have had: what the parameters say when they are legal, else the last
/// good computation's.
struct LastGood {
  LastGood() = default;
  explicit LastGood(const ComputationPtr& computation);
  Shape input, weight, bias, output;
};

/// (N, C, H, W) whether the batch is written out or not; of a volume (N*C, D, H, W), its slices as pictures.
Shape as_nchw(const Shape& shape);
/// The shape with its batch written out, of an input with so many axes to slide along.
Shape with_batch(const Shape& shape, int dims);
/// Whether the input's numbers come with a shape of their own.
bool input_brings_shape(const Session& session);
/// Largest divisors first are what users step through: the legal number of groups next to `groups` in that direction.
int64_t next_groups(int64_t in_channels, int64_t out_channels, int64_t groups, int direction);

/// Any change of Conv2d's arguments. `argument` is PyTorch's name: it names the edit ("edit.stride") and merges a drag
/// into one undo step.
Action edit_params(std::string_view argument, const LastGood& last, std::function<void(ConvParams&)> change);
/// The same of Conv3d's, which has a depth in front of height and width.
Action edit_volume_params(std::string_view argument, const LastGood& last,
                          std::function<void(ConvParams&, DepthParams&)> change);
/// All of them at once, from a constructor call.

/// Another operation on the same input, kernel and numbers, as far as it takes them.
Action edit_operation(std::string_view operation, const LastGood& last);
/// Operation and arguments at once, from a constructor call.
Action edit_layer(const LayerCall& call, const LastGood& last);
/// What pasted code says: the layer, and the input where the code makes one.
Action edit_code(const LayerCode& code, const LastGood& last);
/// Any change of the arguments that conv2d has not, as edit_params().
Action edit_more(std::string_view argument, std::function<void(MoreParams&)> change);

/// Two at once, see app/session/beside.h.
Action edit_compare_with_copy();
Action edit_compare_lenses();
Action edit_compare_with(const Session& b);
Action edit_swap_sides();
/// What is edited stays.
Action edit_close_comparison();

/// The numbers of a solved size (see engine/size_solver.h); a padding word that still says the same stays.
Action edit_solution(const SizeSolution& solution, const LastGood& last);

enum class InputAxis : uint8_t { batch, channels, depth, height, width };
Action edit_input_size(InputAxis axis, int64_t extent, const LastGood& last);
/// Height and width at once.
Action edit_input_size(Pair size, const LastGood& last);
Action edit_seed(int64_t seed);
Action edit_algorithm(Algorithm algorithm);

/// Errors: error.too_large_to_type (args: elements, limit), when a tensor cannot become typed numbers.
Result<Action> edit_input_source(const Session& session, SourceKind kind, const ComputationPtr& computation);
Result<Action> edit_weight_source(const Session& session, SourceKind kind, const ComputationPtr& computation);
Result<Action> edit_bias_source(const Session& session, SourceKind kind, const ComputationPtr& computation);
Action edit_named_kernel(std::string_view name);

/// Where backward() begins. Typed numbers begin as the present gradient.
Result<Action> edit_grad_output_source(SourceKind kind, const ComputationPtr& computation);
/// The output wished for: what that kernel makes of the input, or generated.
Action edit_target_kernel(std::string_view name);
Action edit_target_source(SourceKind kind);
/// Any change of the learning; edits of the same `field` merge.
Action edit_learning(std::string_view field, std::function<void(LearnSettings&)> change);
/// A .npy file, which must have the output's shape, as grad_output or target. Errors: those of npy_shape().
Result<Session> session_with_grad_output_file(const Session& base, const std::string& path);
Result<Session> session_with_target_file(const Session& base, const std::string& path);

/// One cell of the input, weight, bias or grad_output (by its row-major position in the computation's tensor); the
/// other numbers stay as they are, whatever their source was. Errors: error.too_large_to_type.
Result<Action> edit_cell(TensorId tensor, int64_t flat, double value, const ComputationPtr& computation);

/// Pasted numbers. Brackets say the shape: the tensor takes it, and the parameters follow (a 2x2 list makes a 2x2
/// kernel); a matrix goes into the slice (n, c) of a tensor with more of them. Errors: error.too_large_to_type,
/// error.paste_rank (args: shape, tensor), error.paste_bias (args: found, wanted).
Result<Action> edit_pasted(const Session& session, TensorId tensor, int64_t n, int64_t c, const TensorText& text,
                           const ComputationPtr& computation);
/// Rows of bare numbers laid over the slice from (y, x) on; what reaches beyond the tensor is left out.
Result<Action> edit_overlaid(TensorId tensor, int64_t n, int64_t c, int64_t y, int64_t x, const TensorText& text,
                             const ComputationPtr& computation);

/// The session with a .npy file as its weight or bias; out_channels, kernel_size, in_channels and groups follow the
/// weight's shape. Errors: those of read_npy, error.weight_file_shape (args: shape).
Result<Session> session_with_weight_file(const Session& base, const std::string& path, const LastGood& last);
Result<Session> session_with_bias_file(const Session& base, const std::string& path);
/// session_with_input_file() for a session whose kernel may be typed: its numbers follow the picture's channels.
Result<Session> session_with_input_following(const Session& base, const std::string& path, const LastGood& last);

}  // namespace convscope
