// Fourier transforms of many sequences at once, one in each lane of a vector.
//
// The kernels are compiled for several instruction sets; which one runs is decided when the program runs.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace convscope {

/// Rows that FftKernels::multiply keeps in registers.
inline constexpr int kFftBlockRows = 4;

/// The lengths that can be transformed, 2^k and 3 * 2^k, ascending: 16, 32, 48, ... 8192.
std::span<const int> fft_sizes();

/// The stages of a transform of one length and the roots of unity that they multiply with.
///
/// Everything is decided by the length; the roots are computed in double and rounded once.
template <class T>
struct FftTable {
  struct Stage {
    int radix = 4;       // 3, 4 or 8; 8 and the last 4 have no roots
    int span = 4;        // length of the sequences that this stage splits into `radix` of span / radix
    size_t twiddle = 0;  // of sequence position j: radix - 1 complex numbers at twiddles[twiddle + 2 * (radix - 1) * j]
  };
  int size = 0;
  std::vector<Stage> stages;
  std::vector<T> twiddles;

  /// `size` is one of fft_sizes().
  explicit FftTable(int size);
};

/// The kernels of one instruction set.
///
/// A strip holds one complex sequence for each lane: number i lies in strip[i][0][lane] (real part) and
/// strip[i][1][lane] (imaginary part), an array of [size][2][lanes]. Strips are aligned to 64 bytes.
template <class T>
struct FftKernels {
  int lanes = 1;

  /// X[f] = sum of x[i] exp(-2 pi i f / size), in place; X stands in an order of the transform's own, the same for
  /// every strip of one length.
  void (*forward)(const FftTable<T>& table, T* strip) = nullptr;
  /// The inverse of forward() times `size`: takes the transform's own order, leaves the natural one.
  void (*inverse)(const FftTable<T>& table, T* strip) = nullptr;

  /// Transposes `blocks` blocks [lanes][2][lanes], real and imaginary parts each by themselves; the blocks are
  /// from_step and to_step numbers apart.
  void (*transpose)(const T* from, int64_t from_step, T* to, int64_t to_step, int64_t blocks) = nullptr;

  /// acc[r] = the sum over `terms` of x[r] * w[r], complex, for `rows` rows [2][lanes], a multiple of kFftBlockRows.
  /// The terms of x are x_step numbers apart; w is read in one go: for each block of kFftBlockRows rows, that block of
  /// every term.
  void (*multiply)(const T* x, int64_t x_step, const T* w, int64_t terms, int64_t rows, T* acc) = nullptr;

  /// strip[i][part] = the first `used` lanes of a vector from `from` + offsets[i] and zeros, or zeros alone where the
  /// offset is negative, for i < count. Whole vectors are read.
  void (*load_rows)(const T* from, const int64_t* offsets, int64_t count, int used, int part, T* strip) = nullptr;
  /// to[i * pitch + lane] = strip[i][part][lane] * scale + bias for i < count and lane < used. Returns whether all
  /// these numbers are finite. `past_cache`: the output is so large that it need not pass through the caches.
  bool (*store_rows)(const T* strip, int part, T scale, T bias, int64_t count, int used, T* to, int64_t pitch,
                     bool past_cache) = nullptr;
};

/// The kernels for this processor, or for the instruction set forced by use_simd_target().
template <class T>
FftKernels<T> fft_kernels();

}  // namespace convscope
