#include "engine/output_size.h"

#include "engine/checked_math.h"

namespace convscope {

std::optional<int64_t> effective_kernel_size(int64_t k, int64_t d) {
  const std::optional<int64_t> reach = checked_mul(d, k - 1);
  return reach ? checked_add(*reach, 1) : std::nullopt;
}

std::optional<OutputSize> output_size(int64_t n, int64_t pad_begin, int64_t pad_end, int64_t k, int64_t d, int64_t s) {
  OutputSize size;
  size.n = n;
  size.pad_begin = pad_begin;
  size.pad_end = pad_end;
  size.k = k;
  size.d = d;
  size.s = s;

  const std::optional<int64_t> effective_k = effective_kernel_size(k, d);
  if (!effective_k) return std::nullopt;
  size.effective_k = *effective_k;

  std::optional<int64_t> padded = checked_add(n, pad_begin);
  if (padded) padded = checked_add(*padded, pad_end);
  if (!padded) return std::nullopt;
  size.numerator = *padded - *effective_k;  // both lie in [0, 2^63): their difference cannot overflow

  if (size.numerator < 0) return size;  // C++ rounds towards zero where the formula rounds down: no window fits
  size.remainder = size.numerator % s;
  const std::optional<int64_t> out = checked_add(size.numerator / s, 1);
  if (!out) return std::nullopt;
  size.out = *out;
  return size;
}

}  // namespace convscope
