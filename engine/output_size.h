// The output-size formula. There is no second place where it is written.
#pragma once

#include <cstdint>
#include <optional>

namespace convscope {

/// One axis of the formula with every quantity in it, so that it can be shown as well as computed.
struct OutputSize {
  int64_t n = 0;  // input extent
  int64_t pad_begin = 0;
  int64_t pad_end = 0;
  int64_t k = 1;            // kernel extent
  int64_t d = 1;            // dilation
  int64_t s = 1;            // stride
  int64_t effective_k = 1;  // d*(k-1)+1
  int64_t numerator = 0;    // n + pad_begin + pad_end - d*(k-1) - 1; negative: the window does not fit
  int64_t remainder = 0;    // numerator mod s: padded cells at the end that no window reaches
  int64_t out = 0;          // floor(numerator / s) + 1, 0 where the window does not fit
};

/// The cells that a kernel spans: d*(k-1) + 1. Needs k >= 1, d >= 1. Errors: empty when it does not fit int64_t.
std::optional<int64_t> effective_kernel_size(int64_t k, int64_t d);

/// floor((n + pad_begin + pad_end - d*(k-1) - 1) / s) + 1, in exact arithmetic.
///
/// Needs n >= 0, k >= 1, d >= 1, s >= 1. Errors: empty when an intermediate value does not fit int64_t.
/// Source: torch.nn.Conv2d, "Shape"; relationship 6 of arXiv:1603.07285 with dilation as in section 5.1.
std::optional<OutputSize> output_size(int64_t n, int64_t pad_begin, int64_t pad_end, int64_t k, int64_t d, int64_t s);

}  // namespace convscope
