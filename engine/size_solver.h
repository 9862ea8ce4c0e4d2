// From a wished output size back to the parameters: all that give it, nearest to the present ones first.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/result.h"
#include "engine/spatial.h"
#include "engine/window_layer.h"

namespace convscope {

/// What the solver may change, in the order in which ties are broken.
enum class SizeParam : uint8_t { kernel_size, stride, padding, dilation, output_padding };
inline constexpr size_t kSizeParams = 5;
/// PyTorch's name.
const char* name_of(SizeParam param);

/// Those that a kind of layer has, in this order.
std::span<const SizeParam> size_params_of(LayerKind kind);

struct SizeBounds {
  int64_t minimum = 0;
  int64_t maximum = 0;
  bool operator==(const SizeBounds&) const = default;
};

/// `wanted` output cells out of `input` cells, beginning from the layer as it is now. New values lie within `bounds`
/// and are the same on every axis where that solves the question; the present value of a parameter may always stay, and
/// of a locked one it must.
struct SizeQuestion {
  WindowLayer present;
  Spatial input;
  Spatial wanted;
  std::array<SizeBounds, kSizeParams> bounds;
  std::array<bool, kSizeParams> locked{};
  int64_t limit = 50;  // of the solutions that are returned; all are counted

  /// kernel_size 1 to 11, stride 1 to 8, padding 0 to 10, dilation 1 to 4, output_padding 0 to 7; what the layer's kind
  /// does not have is locked.
  static SizeQuestion of(const WindowLayer& present, const Spatial& input, const Spatial& wanted);
  SizeBounds& bounds_of(SizeParam param) { return bounds[static_cast<size_t>(param)]; }
  bool& is_locked(SizeParam param) { return locked[static_cast<size_t>(param)]; }
  bool operator==(const SizeQuestion&) const = default;
};

/// The layer with the solution's numbers; its padding is `numbers` where both sides are alike on every axis, else
/// `pads`.
struct SizeSolution {
  WindowLayer layer;
  std::array<bool, kSizeParams> changes{};  // which parameters differ from the present ones
  int changed = 0;                          // how many
  int64_t distance = 0;                     // the differences of all changed numbers, added up over the axes
  bool keeps_size = false;                  // output = input whatever the input: stride 1 and padding d*(k-1) in all
  bool operator==(const SizeSolution&) const = default;
};

/// The sizes next to the wanted one that the question's bounds and locks can give, along one axis.
struct SizeReach {
  std::optional<int64_t> below, above;
};

struct SizeSolutions {
  /// By number of changed parameters, then by distance, then by the numbers themselves. Those that treat all axes alike
  /// (a parameter has one number, or stays as it is) stand before those that do not. Where all axes ask the same, only
  /// these are solutions: each axis by itself could take any of them.
  std::vector<SizeSolution> nearest;
  int64_t total = 0;              // of all solutions; INT64_MAX where there are more
  int64_t alike = 0;              // of those that treat all axes alike
  std::vector<SizeReach> reach;   // of each axis, where there is no solution
  std::vector<SizeParam> loosen;  // locks each of which, opened alone, would make one possible
};

/// Errors: those of check_window_numbers for the present layer; error.solver_size_not_positive (args: which, value),
/// error.solver_bounds (args: parameter, minimum, maximum), error.solver_too_wide (args: limit), error.padding_word.
Result<SizeSolutions> solve_size(const SizeQuestion& question);

/// The output_padding that makes a transposed layer's output `wanted`. Errors: those of the gate; where no
/// output_padding does, error.output_size_out_of_range says which sizes are possible.
Result<Spatial> output_padding_for(const WindowLayer& layer, const Spatial& input, const Spatial& wanted);

}  // namespace convscope
