// The innermost loop of all matrix products: a tile of the result kept in vector registers.
//
// The kernels are compiled for several instruction sets; which one runs is decided when the program runs.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace convscope {

inline constexpr int kMaxTileRows = 12;
inline constexpr int kMaxTileVectors = 8;
inline constexpr int kMaxLanes = 16;  // of float in the widest vector in use

/// A tile of C = A * B + bias with `rows` rows and `vectors` vectors of columns.
///
/// Row k of B is not one array: the vector v of its columns starts at b[v] + offsets[k]. A packed panel of B is
/// read in this way, and so is a picture whose im2col matrix is never written out.
template <class T>
struct TileTask {
  const T* a = nullptr;              // packed by pack_rows: for each k, `rows` numbers
  const int32_t* offsets = nullptr;  // one for each k
  int64_t k = 0;
  const T* bias = nullptr;  // one for each row, or null
  bool accumulate = false;  // start from what stands in C
  const T* b[kMaxTileVectors] = {};
  T* c[kMaxTileVectors] = {};  // row i of vector v lies at c[v] + i * c_stride[v]
  int64_t c_stride[kMaxTileVectors] = {};
};

/// The kernels of one instruction set.
template <class T>
struct TileKernels {
  int lanes = 1;
  int max_rows = 1;
  /// Computes a tile; rows <= max_rows, vectors one of 1, 2, 4, 8 and at most max_vectors(rows). Each cell is one
  /// chain of multiply-adds in the order of k (fused where the instruction set can), whatever the tile.
  void (*run)(int rows, int vectors, const TileTask<T>& task) = nullptr;
  /// Writes `rows` rows of length k, row_stride apart, as TileTask::a wants them.
  void (*pack_rows)(const T* from, int64_t row_stride, int rows, int64_t k, T* to) = nullptr;
  /// The widest tile of so many rows whose accumulators stay in registers.
  int (*max_vectors)(int rows) = nullptr;
};

/// The kernels for this processor, or for the instruction set forced by use_simd_target().
template <class T>
TileKernels<T> tile_kernels();

/// The instruction sets this program was compiled for and this processor has, best first ("AVX3", "AVX2", ...).
std::vector<std::string_view> simd_targets();
/// The one in use.
std::string_view simd_target();
/// Uses only that one from now on, for tests; the empty name brings back the best. Returns false when it is not
/// among simd_targets(). Not to be called while something computes.
bool use_simd_target(std::string_view name);

}  // namespace convscope
