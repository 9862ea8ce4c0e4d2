// Compiled once for each instruction set: foreach_target.h includes this file again and again.
#include "engine/winograd_kernels.h"

#include <cstring>

#include "engine/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/winograd_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace convscope::HWY_NAMESPACE {
namespace {  // other files have functions of these names

namespace hn = hwy::HWY_NAMESPACE;

// As in gemm.cpp: 12 x 2 accumulators where there are 32 registers, 6 x 2 where there are 16.
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_NEON
constexpr int kRows = 12;
constexpr bool kManyRegisters = true;
#else
constexpr int kRows = 6;
constexpr bool kManyRegisters = false;
#endif

int max_vectors(int rows) {
  if (kManyRegisters) return rows > 6 ? 2 : rows > 2 ? 4 : 8;
  return rows > 2 ? 2 : rows > 1 ? 4 : 8;
}

// ---- the transforms of one line: numpy's B^T d, A^T m and G g, factored ----

/// B^T d. The points are 0, 1, -1 and infinity; for m = 4 also 1/2 and -2.
template <class V>
HWY_INLINE void input_line(const V (&d)[4], V (&r)[4]) {
  r[0] = hn::Sub(d[0], d[2]);
  r[1] = hn::Add(d[1], d[2]);
  r[2] = hn::Sub(d[2], d[1]);
  r[3] = hn::Sub(d[3], d[1]);
}

template <class V>
HWY_INLINE void input_line(const V (&d)[6], V (&r)[6]) {
  const hn::DFromV<V> tag;
  const V three_halves = hn::Set(tag, 1.5f), two = hn::Set(tag, 2.0f), half = hn::Set(tag, 0.5f);
  const V a = hn::Sub(d[4], d[2]), b = hn::Sub(d[3], d[1]);
  const V s = hn::MulAdd(three_halves, d[3], a), u = hn::MulAdd(three_halves, d[2], b);
  r[0] = hn::MulAdd(three_halves, b, hn::Add(d[0], hn::NegMulAdd(two, d[2], d[4])));
  r[1] = hn::Add(s, u);
  r[2] = hn::Sub(s, u);
  r[3] = hn::MulAdd(two, b, a);
  r[4] = hn::NegMulAdd(half, b, a);
  r[5] = hn::MulAdd(three_halves, a, hn::Add(d[1], hn::NegMulAdd(two, d[3], d[5])));
}

/// A^T m.
template <class V>
HWY_INLINE void output_line(const V (&m)[4], V (&y)[2]) {
  y[0] = hn::Add(hn::Add(m[0], m[1]), m[2]);
  y[1] = hn::Add(hn::Sub(m[1], m[2]), m[3]);
}

template <class V>
HWY_INLINE void output_line(const V (&m)[6], V (&y)[4]) {
  const hn::DFromV<V> tag;
  const V p = hn::Add(m[1], m[2]), q = hn::Sub(m[1], m[2]);
  y[0] = hn::Add(hn::Add(m[0], p), hn::Add(m[3], m[4]));
  y[1] = hn::NegMulAdd(hn::Set(tag, 2.0f), m[4], hn::MulAdd(hn::Set(tag, 0.5f), m[3], q));
  y[2] = hn::MulAdd(hn::Set(tag, 4.0f), m[4], hn::MulAdd(hn::Set(tag, 0.25f), m[3], p));
  y[3] = hn::Add(hn::NegMulAdd(hn::Set(tag, 8.0f), m[4], hn::MulAdd(hn::Set(tag, 0.125f), m[3], q)), m[5]);
}

/// G g, always in double: the filters are transformed once, and so their transforms have one rounding each.
template <class V>
HWY_INLINE void filter_line(const V (&g)[3], V (&r)[4]) {
  const hn::DFromV<V> tag;
  const V half = hn::Set(tag, 0.5), ends = hn::Add(g[0], g[2]);
  r[0] = g[0];
  r[1] = hn::Mul(half, hn::Add(ends, g[1]));
  r[2] = hn::Mul(half, hn::Sub(ends, g[1]));
  r[3] = g[2];
}

template <class V>
HWY_INLINE void filter_line(const V (&g)[3], V (&r)[6]) {
  const hn::DFromV<V> tag;
  const V third = hn::Set(tag, 1.0 / 3), ends = hn::Add(g[0], g[2]);
  const V two = hn::Set(tag, 2.0), four = hn::Set(tag, 4.0);
  r[0] = g[0];
  r[1] = hn::Mul(third, hn::Add(ends, g[1]));
  r[2] = hn::Mul(third, hn::Sub(g[1], ends));
  r[3] = hn::Mul(hn::Set(tag, -4.0 / 15), hn::MulAdd(four, g[0], hn::MulAdd(two, g[1], g[2])));
  r[4] = hn::Mul(hn::Set(tag, 1.0 / 15), hn::MulAdd(four, g[2], hn::NegMulAdd(two, g[1], g[0])));
  r[5] = g[2];
}

// ---- the input ----

template <class T>
void copy_lines(const WinogradLines<T>& task) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const int64_t all = task.left + task.width + task.right;
  for (int64_t i = 0; i < task.count; ++i) {
    if (task.sources[i] < 0) continue;
    const T* HWY_RESTRICT row = task.plane + task.sources[i];
    const T* HWY_RESTRICT from = row + task.first;
    T* HWY_RESTRICT to = task.lines + i * task.pitch;
    // What is read and written beyond the picture's row is overwritten.
    for (int64_t x = 0; x < task.width; x += lanes) {
      __builtin_prefetch(from + x + task.ahead, 0, 2);
      hn::StoreU(hn::LoadU(d, from + x), d, to + task.left + x);
    }
    if (task.columns == nullptr) {
      for (int64_t x = task.left + task.width; x < all; x += lanes) hn::StoreU(hn::Zero(d), d, to + x);
      continue;
    }
    for (int64_t x = 0; x < task.left; ++x) to[x] = task.columns[x] < 0 ? T{0} : row[task.columns[x]];
    for (int64_t x = task.left + task.width; x < all; ++x) to[x] = task.columns[x] < 0 ? T{0} : row[task.columns[x]];
  }
}

#if HWY_TARGET == HWY_SCALAR

/// The first kPhases of m numbers in a row, for each lane.
template <int m, int kPhases, class T, class V>
HWY_INLINE void load_phases(const T* from, V* to) {
  const hn::ScalableTag<T> d;
  for (int i = 0; i < kPhases; ++i) to[i] = hn::LoadU(d, from + i);
}

#else

template <int m, int kPhases, class T, class V>
HWY_INLINE void load_phases(const T* from, V* to) {
  const hn::ScalableTag<T> d;
  const size_t lanes = hn::Lanes(d);
  if constexpr (m == 2) {
    const V a = hn::LoadU(d, from), b = hn::LoadU(d, from + lanes);
    to[0] = hn::ConcatEven(d, b, a);
    to[1] = hn::ConcatOdd(d, b, a);
  } else {
    const V a = hn::LoadU(d, from), b = hn::LoadU(d, from + lanes);
    const V e = hn::LoadU(d, from + 2 * lanes), f = hn::LoadU(d, from + 3 * lanes);
    const V even_low = hn::ConcatEven(d, b, a), even_high = hn::ConcatEven(d, f, e);
    const V odd_low = hn::ConcatOdd(d, b, a), odd_high = hn::ConcatOdd(d, f, e);
    to[0] = hn::ConcatEven(d, even_high, even_low);
    to[1] = hn::ConcatEven(d, odd_high, odd_low);
    if constexpr (kPhases == 4) {
      to[2] = hn::ConcatOdd(d, even_high, even_low);
      to[3] = hn::ConcatOdd(d, odd_high, odd_low);
    }
  }
}

#endif

/// The columns of all tiles first, while neighbours share them; then their rows, a vector of tiles at a time.
///
/// What the columns leave stands in `staging` as m + 2 lines in which the segments follow each other without gaps: m
/// numbers for each tile. The two columns that a tile shares with its right neighbour stand in a second set of lines,
/// shifted by a tile: a segment's last tile has no neighbour there.
template <class T, int m>
void transform_input(const WinogradInput<T>& task) {
  const hn::ScalableTag<T> d;
  using V = hn::Vec<decltype(d)>;
  constexpr int n = m + 2;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const int64_t pitch = task.staging_pitch, cells = m * task.across;
  T* HWY_RESTRICT own = task.staging + m;  // room for the first tile's left neighbour
  T* HWY_RESTRICT next = own + n * pitch;

  T last[n][2];
  for (int64_t s = 0; s < task.segments; ++s) {
    const T* HWY_RESTRICT line = task.lines + task.first_lines[s] * task.pitch;
    for (int64_t x = 0; x < cells + 2; x += lanes) {
      V column[n], points[n];
#pragma GCC unroll 8
      for (int i = 0; i < n; ++i) column[i] = hn::LoadU(d, line + i * task.pitch + x);
      input_line(column, points);
#pragma GCC unroll 8
      for (int i = 0; i < n; ++i) {
        hn::StoreU(points[i], d, own + i * pitch + x);
        hn::StoreU(points[i], d, next + i * pitch + x - m);
      }
    }
    // The last tile of the segment before lost its two columns to the first of this one.
    for (int i = 0; i < n; ++i) {
      if (s > 0) std::memcpy(next + i * pitch - m, last[i], sizeof last[i]);
      std::memcpy(last[i], own + i * pitch + cells, sizeof last[i]);
    }
    own += cells;
    next += cells;
  }

  own = task.staging + m;
  next = own + n * pitch;
  const int64_t tiles = task.segments * task.across;
  for (int i = 0; i < n; ++i) {
    T* HWY_RESTRICT to = task.to + i * n * task.plane;
    for (int64_t t = 0; t < tiles; t += lanes) {
      V row[n], points[n];
      load_phases<m, m>(own + i * pitch + m * t, row);
      load_phases<m, 2>(next + i * pitch + m * t, row + m);
      input_line(row, points);
#pragma GCC unroll 8
      for (int j = 0; j < n; ++j) hn::StoreU(points[j], d, to + j * task.plane + t);
    }
  }
}

// ---- the products ----

template <class T, int kTileRows, int kVectors>
HWY_NOINLINE void product(const WinogradProduct<T>& task) {
  const hn::ScalableTag<T> d;
  using V = hn::Vec<decltype(d)>;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  constexpr int kInPanel = kVectors == 1 ? 1 : 2;
  V sum[kTileRows][kVectors];
#pragma GCC unroll 16
  for (int i = 0; i < kTileRows; ++i) {
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) sum[i][v] = hn::Zero(d);
  }
  const T* HWY_RESTRICT a = task.a;
  const int64_t a_stride = task.a_stride;
  const T* b[kVectors / kInPanel];
#pragma GCC unroll 4
  for (int p = 0; p < kVectors / kInPanel; ++p) b[p] = task.b + p * task.b_panel;
  int64_t at = 0;
  const char* next = reinterpret_cast<const char*>(task.next);
  const auto next_panel = static_cast<int64_t>(sizeof(T)) * task.b_panel;
  const auto next_step = static_cast<int64_t>(sizeof(T)) * task.next_step;
  for (int64_t c = task.channels; c > 0; --c, a += a_stride, at += kInPanel * lanes, next += next_step) {
#pragma GCC unroll 4
    for (int p = 0; p < kVectors / kInPanel; ++p) {
      __builtin_prefetch(next + p * next_panel, 0, 2);
      if (next_step > 64) __builtin_prefetch(next + p * next_panel + 64, 0, 2);
    }
    V row[kVectors];
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) row[v] = hn::LoadU(d, b[v / kInPanel] + at + (v % kInPanel) * lanes);
#pragma GCC unroll 16
    for (int i = 0; i < kTileRows; ++i) {
      const V factor = hn::Set(d, a[i]);
#pragma GCC unroll 16
      for (int v = 0; v < kVectors; ++v) sum[i][v] = hn::MulAdd(factor, row[v], sum[i][v]);
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < kTileRows; ++i) {
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) hn::StoreU(sum[i][v], d, task.c + i * task.c_stride + v * lanes);
  }
}

template <class T, int kTileRows>
void product_of_rows(int vectors, const WinogradProduct<T>& task) {
  if (vectors == 1) return product<T, kTileRows, 1>(task);
  if (vectors == 2) return product<T, kTileRows, 2>(task);
  if constexpr (kTileRows <= (kManyRegisters ? 6 : 2)) {
    if (vectors == 4) return product<T, kTileRows, 4>(task);
  }
  if constexpr (kTileRows <= (kManyRegisters ? 2 : 1)) {
    if (vectors == 8) return product<T, kTileRows, 8>(task);
  }
}

template <class T>
void multiply(int rows, int vectors, const WinogradProduct<T>& task) {
  switch (rows) {
    case 1:
      return product_of_rows<T, 1>(vectors, task);
    case 2:
      return product_of_rows<T, 2>(vectors, task);
    case 3:
      return product_of_rows<T, 3>(vectors, task);
    case 4:
      return product_of_rows<T, 4>(vectors, task);
    case 5:
      return product_of_rows<T, 5>(vectors, task);
    case 6:
      return product_of_rows<T, 6>(vectors, task);
    default:
      break;
  }
  if constexpr (kRows == 12) {
    switch (rows) {
      case 7:
        return product_of_rows<T, 7>(vectors, task);
      case 8:
        return product_of_rows<T, 8>(vectors, task);
      case 9:
        return product_of_rows<T, 9>(vectors, task);
      case 10:
        return product_of_rows<T, 10>(vectors, task);
      case 11:
        return product_of_rows<T, 11>(vectors, task);
      case 12:
        return product_of_rows<T, 12>(vectors, task);
      default:
        break;
    }
  }
}

// ---- the output ----

/// Consecutive outputs that leave the registers together: those of a 128-bit vector.
#if HWY_TARGET == HWY_SCALAR
template <class T>
constexpr int kTogether = 1;
#else
template <class T>
constexpr int kTogether = 16 / sizeof(T);

/// The 128-bit blocks of a vector, each `stride` further.
template <class D, class T>
HWY_INLINE void store_blocks(D d, hn::Vec<D> v, T* to, int64_t stride) {
  constexpr auto kBlocks = static_cast<int64_t>(hn::MaxLanes(D()) * sizeof(T) / 16);
  if constexpr (kBlocks == 1) {
    hn::StoreU(v, d, to);
  } else {
    const hn::Half<D> half;
    store_blocks(half, hn::LowerHalf(half, v), to, stride);
    store_blocks(half, hn::UpperHalf(half, v), to + kBlocks / 2 * stride, stride);
  }
}
#endif

/// For each lane, kTogether<T> numbers, one from each vector; those of the next lane are `stride` further.
template <class V>
HWY_INLINE void store_transposed(const V* v, float* to, int64_t stride) {
  const hn::DFromV<V> d;
#if HWY_TARGET == HWY_SCALAR
  (void)stride;
  hn::StoreU(v[0], d, to);
#else
  const hn::RepartitionToWide<decltype(d)> pairs;
  const auto low01 = hn::BitCast(pairs, hn::InterleaveLower(d, v[0], v[1]));
  const auto low23 = hn::BitCast(pairs, hn::InterleaveLower(d, v[2], v[3]));
  const auto high01 = hn::BitCast(pairs, hn::InterleaveUpper(d, v[0], v[1]));
  const auto high23 = hn::BitCast(pairs, hn::InterleaveUpper(d, v[2], v[3]));
  store_blocks(d, hn::BitCast(d, hn::InterleaveLower(pairs, low01, low23)), to, 4 * stride);
  store_blocks(d, hn::BitCast(d, hn::InterleaveUpper(pairs, low01, low23)), to + stride, 4 * stride);
  store_blocks(d, hn::BitCast(d, hn::InterleaveLower(pairs, high01, high23)), to + 2 * stride, 4 * stride);
  store_blocks(d, hn::BitCast(d, hn::InterleaveUpper(pairs, high01, high23)), to + 3 * stride, 4 * stride);
#endif
}

template <class V>
HWY_INLINE void store_transposed(const V* v, double* to, int64_t stride) {
  const hn::DFromV<V> d;
#if HWY_TARGET == HWY_SCALAR
  (void)stride;
  hn::StoreU(v[0], d, to);
#else
  store_blocks(d, hn::InterleaveLower(d, v[0], v[1]), to, 2 * stride);
  store_blocks(d, hn::InterleaveUpper(d, v[0], v[1]), to + stride, 2 * stride);
#endif
}

/// Copies exactly `count` numbers: what stands beside them may be another thread's.
template <class T>
HWY_INLINE void copy_cells(const T* HWY_RESTRICT from, T* HWY_RESTRICT to, int64_t count) {
  const hn::ScalableTag<T> d;
  const hn::CappedTag<T, 16 / sizeof(T)> few;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d)), some = static_cast<int64_t>(hn::Lanes(few));
  if (count >= lanes) {
    for (int64_t x = 0; x + lanes < count; x += lanes) hn::StoreU(hn::LoadU(d, from + x), d, to + x);
    hn::StoreU(hn::LoadU(d, from + count - lanes), d, to + count - lanes);
  } else if (count >= some) {
    for (int64_t x = 0; x + some < count; x += some) hn::StoreU(hn::LoadU(few, from + x), few, to + x);
    hn::StoreU(hn::LoadU(few, from + count - some), few, to + count - some);
  } else {
    for (int64_t x = 0; x < count; ++x) to[x] = from[x];
  }
}

/// Outputs of one segment are collected, up to kCells in a row, before they go where they belong: whole cache lines of
/// one channel after the other, because channels are often a multiple of a page apart and push each other out of the
/// first-level cache.
template <class T, int m>
bool transform_output(const WinogradOutput<T>& task) {
  const hn::ScalableTag<T> d;
  using V = hn::Vec<decltype(d)>;
  constexpr int n = m + 2, kStep = kTogether<T>, kCells = 64;
  constexpr int64_t kTiles = kCells / m, kLine = 64 / sizeof(T);
  constexpr int64_t kChannel = m * kCells + kLine;
  const V bias = task.bias != nullptr ? hn::LoadU(d, task.bias) : hn::Zero(d);
  alignas(64) T collected[kLine * kChannel];
  V zeros[m];  // zero, until something was not finite
  for (int j = 0; j < m; ++j) zeros[j] = hn::Zero(d);
  const T* HWY_RESTRICT from = task.from;
  for (int64_t s = 0; s < task.segments; ++s) {
    T* to = task.rows[s] + task.first_channel * task.channel_stride;
    for (int64_t first = 0; first < task.across; first += kTiles, to += kCells) {
      const int64_t tiles = HWY_MIN(kTiles, task.across - first);
      const int64_t columns = HWY_MIN(tiles * m, task.width - first * m);
      for (int64_t x = 0; x < tiles; ++x, from += task.tile_stride) {
        // Each tile sees to it that the places of some channels are at hand when all tiles are done.
        for (int64_t c = x; c < task.channels; c += tiles) {
          for (int64_t i = 0; i < task.heights[s]; ++i) {
            const T* place = to + c * task.channel_stride + i * task.row_stride;
            for (int64_t at = 0; at < columns; at += kLine) __builtin_prefetch(place + at, 1, 3);
          }
        }
        V half_done[m][n];  // transposed
#pragma GCC unroll 8
        for (int j = 0; j < n; ++j) {
          V points[n], column[m];
#pragma GCC unroll 8
          for (int i = 0; i < n; ++i) points[i] = hn::LoadU(d, from + (i * n + j) * task.plane);
          output_line(points, column);
#pragma GCC unroll 8
          for (int i = 0; i < m; ++i) half_done[i][j] = column[i];
        }
        V y[m * m];
#pragma GCC unroll 8
        for (int i = 0; i < m; ++i) {
          V row[m];
          output_line(half_done[i], row);
#pragma GCC unroll 8
          for (int j = 0; j < m; ++j) {
            y[i * m + j] = hn::Add(row[j], bias);
            zeros[j] = hn::MulAdd(y[i * m + j], hn::Zero(d), zeros[j]);
          }
        }
        T* HWY_RESTRICT place = collected + x * m;
        if constexpr (kStep <= m) {
#pragma GCC unroll 16
          for (int f = 0; f < m * m; f += kStep) {
            store_transposed(y + f, place + f / m * kCells + f % m, kChannel);
          }
        } else {  // a block holds two rows of two
          alignas(64) T pairs[m * m * kLine];
          store_transposed(y, pairs, m * m);
          for (int c = 0; c < task.channels; ++c) {
            for (int i = 0; i < m; ++i) {
              std::memcpy(place + c * kChannel + i * kCells, pairs + c * m * m + i * m, m * sizeof(T));
            }
          }
        }
      }
      for (int c = 0; c < task.channels; ++c) {
        for (int64_t i = 0; i < task.heights[s]; ++i) {
          copy_cells(collected + c * kChannel + i * kCells, to + c * task.channel_stride + i * task.row_stride,
                     columns);
        }
      }
    }
  }
  V sum = zeros[0];
  for (int j = 1; j < m; ++j) sum = hn::Add(sum, zeros[j]);
  return hn::AllTrue(d, hn::Eq(sum, hn::Zero(d)));
}

// ---- the filters ----

template <class T, int m>
void transform_filters(const WinogradFilters<T>& task) {
  const hn::ScalableTag<T> d;
  // Lanes that a vector of double has room for: half of those of float.
  const hn::Rebind<T, hn::ScalableTag<double>> part;
  const hn::ScalableTag<double> wide;
  using W = hn::Vec<decltype(wide)>;
  constexpr int n = m + 2;
  const auto lanes = static_cast<int>(hn::Lanes(d)), parts = static_cast<int>(hn::Lanes(wide));
  alignas(64) T gathered[9][64 / sizeof(T)] = {};
  for (int64_t c = 0; c < task.channels; ++c) {
    const T* HWY_RESTRICT from = task.weight + 9 * c;
    for (int k = 0; k < task.kernels; ++k) {
      for (int i = 0; i < 9; ++i) gathered[i][k] = from[k * task.kernel_stride + i];
    }
    T* HWY_RESTRICT to = task.to + c * task.channel_stride;
    for (int at = 0; at < lanes; at += parts) {
      W half_done[3][n];
#pragma GCC unroll 8
      for (int j = 0; j < 3; ++j) {
        W g[3];
#pragma GCC unroll 8
        for (int i = 0; i < 3; ++i) {
          if constexpr (sizeof(T) == sizeof(double)) {
            g[i] = hn::LoadU(wide, gathered[3 * i + j] + at);
          } else {
            g[i] = hn::PromoteTo(wide, hn::LoadU(part, gathered[3 * i + j] + at));
          }
        }
        filter_line(g, half_done[j]);
      }
#pragma GCC unroll 8
      for (int i = 0; i < n; ++i) {
        W points[n];
        const W g[3] = {half_done[0][i], half_done[1][i], half_done[2][i]};
        filter_line(g, points);
#pragma GCC unroll 8
        for (int j = 0; j < n; ++j) {
          T* const place = to + (i * n + j) * task.plane + at;
          if constexpr (sizeof(T) == sizeof(double)) {
            hn::StoreU(points[j], wide, place);
          } else {
            hn::StoreU(hn::DemoteTo(part, points[j]), part, place);
          }
        }
      }
    }
  }
}

template <class T>
WinogradKernels<T> kernels() {
  WinogradKernels<T> k;
  k.lanes = static_cast<int>(hn::Lanes(hn::ScalableTag<T>()));
  k.max_rows = kRows;
  k.max_vectors = &max_vectors;
  k.copy_lines = &copy_lines<T>;
  k.multiply = &multiply<T>;
  k.transform_input[0] = &transform_input<T, 2>;
  k.transform_input[1] = &transform_input<T, 4>;
  k.transform_output[0] = &transform_output<T, 2>;
  k.transform_output[1] = &transform_output<T, 4>;
  k.transform_filters[0] = &transform_filters<T, 2>;
  k.transform_filters[1] = &transform_filters<T, 4>;
  return k;
}

WinogradKernels<float> winograd_float() { return kernels<float>(); }
WinogradKernels<double> winograd_double() { return kernels<double>(); }

}  // namespace
}  // namespace convscope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace convscope {

HWY_EXPORT(winograd_float);
HWY_EXPORT(winograd_double);

template <>
WinogradKernels<float> winograd_kernels<float>() {
  return HWY_DYNAMIC_DISPATCH(winograd_float)();
}

template <>
WinogradKernels<double> winograd_kernels<double>() {
  return HWY_DYNAMIC_DISPATCH(winograd_double)();
}

int64_t winograd_staging_pitch(int m, int64_t tiles, int lanes) {
  // A tile to the left, two vectors to the right, and an odd number of cache lines, so that the lines do not push each
  // other out of the cache.
  const int64_t elements = m * (1 + tiles + lanes) + 2 * lanes;
  return ((elements + 15) / 16 | 1) * 16;
}

int64_t winograd_staging_elements(int m, int64_t tiles, int lanes) {
  return 2 * (m + 2) * winograd_staging_pitch(m, tiles, lanes);
}

}  // namespace convscope

#endif  // HWY_ONCE
