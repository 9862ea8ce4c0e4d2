// The ways to compute a convolution, by their names.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace convscope {

/// `naive` is the reference, `im2col` and `direct` are the fast ones; slices, loops, im2col_per_channel and toeplitz
/// are the tutorial's own, written to be read. These compute every conv2d; `winograd` those with 3x3 kernels, stride 1
/// and dilation 1, `fft` those with stride 1, along an axis with one output any, and a kernel that fits a transform.
/// All give the same numbers up to rounding.
enum class Algorithm : uint8_t {
  automatic,
  naive,
  slices,
  loops,
  im2col_per_channel,
  im2col,
  toeplitz,
  direct,
  winograd,
  fft
};

/// "auto", "naive", "slices", "loops", "im2col_per_channel", "im2col", "toeplitz", "direct", "winograd", "fft".
const char* name_of(Algorithm algorithm);
std::optional<Algorithm> algorithm_from_name(std::string_view name);

/// All of them, `automatic` first: what conv1d, conv2d and conv3d take.
std::span<const Algorithm> algorithms();
/// What the operations take that are no plain convolution (transposed, gradients): auto, naive, im2col.
std::span<const Algorithm> algorithms_of_other_operations();
/// Their names as a sentence lists them: "auto, naive, slices".
std::string names_of(std::span<const Algorithm> algorithms);

}  // namespace convscope
