// Turns small squares of a matrix within registers; compiled again for each instruction set, with the file that asks.
#if defined(CONVSCOPE_TURN_SQUARE_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef CONVSCOPE_TURN_SQUARE_INL
#undef CONVSCOPE_TURN_SQUARE_INL
#else
#define CONVSCOPE_TURN_SQUARE_INL
#endif

#include <hwy/highway.h>

#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace convscope::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR

/// Side of the squares that are turned: the lanes of a 128-bit vector.
template <class T>
constexpr int kSide = 1;

/// to[j * to_stride + i] = from[i][j] for i and j below kSide.
template <class T>
HWY_INLINE void turn_square(const T* const (&from)[1], T* to, int64_t) {
  *to = *from[0];
}

#else

template <class T>
constexpr int kSide = 16 / sizeof(T);

HWY_INLINE void turn_square(const float* const (&from)[4], float* to, int64_t to_stride) {
  const hn::FixedTag<float, 4> d;
  const hn::FixedTag<double, 2> pairs;
  const auto r0 = hn::LoadU(d, from[0]), r1 = hn::LoadU(d, from[1]);
  const auto r2 = hn::LoadU(d, from[2]), r3 = hn::LoadU(d, from[3]);
  const auto low01 = hn::BitCast(pairs, hn::InterleaveLower(d, r0, r1));
  const auto low23 = hn::BitCast(pairs, hn::InterleaveLower(d, r2, r3));
  const auto high01 = hn::BitCast(pairs, hn::InterleaveUpper(d, r0, r1));
  const auto high23 = hn::BitCast(pairs, hn::InterleaveUpper(d, r2, r3));
  hn::StoreU(hn::BitCast(d, hn::InterleaveLower(pairs, low01, low23)), d, to);
  hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(pairs, low01, low23)), d, to + to_stride);
  hn::StoreU(hn::BitCast(d, hn::InterleaveLower(pairs, high01, high23)), d, to + 2 * to_stride);
  hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(pairs, high01, high23)), d, to + 3 * to_stride);
}

HWY_INLINE void turn_square(const double* const (&from)[2], double* to, int64_t to_stride) {
  const hn::FixedTag<double, 2> d;
  const auto r0 = hn::LoadU(d, from[0]), r1 = hn::LoadU(d, from[1]);
  hn::StoreU(hn::InterleaveLower(d, r0, r1), d, to);
  hn::StoreU(hn::InterleaveUpper(d, r0, r1), d, to + to_stride);
}

#endif

}  // namespace
}  // namespace convscope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // CONVSCOPE_TURN_SQUARE_INL
