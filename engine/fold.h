// unfold writes every window out as a column; fold adds the columns back where they came from.
#pragma once

#include <vector>

#include "engine/cancel.h"
#include "engine/conv2d_runner.h"
#include "engine/result.h"
#include "engine/row_kernels.h"
#include "engine/row_taps.h"
#include "engine/tensor.h"
#include "engine/window_axes.h"

namespace convscope {

/// The arguments of nn.Unfold and, with output_size, of nn.Fold, unchecked; each Spatial has two numbers.
/// Source: https://pytorch.org/docs/stable/generated/torch.nn.Unfold.html
struct FoldParams {
  Spatial output_size{1, 1};  // fold only
  Spatial kernel_size{3, 3};
  Spatial dilation{1, 1};
  SpatialPadding padding{PaddingKind::numbers, {0, 0}, {0, 0}, {0, 0}};
  Spatial stride{1, 1};
  DType dtype = DType::float32;
};

/// The windows of a picture and the columns they make.
///
/// Shapes: picture (batch, channels, extents...), columns (batch, channels * taps, count) with the taps of a column in
/// the order (c, ky, kx) and the windows in row-major order; without the batch where `unbatched`.
struct FoldPlan {
  DType dtype = DType::float32;
  bool unbatched = false;
  int64_t batch = 1;
  int64_t channels = 1;
  Windows windows;

  Shape picture_shape() const;
  Shape columns_shape() const;
  bool operator==(const FoldPlan&) const = default;
};

/// Shapes: (N, C, H, W) or (C, H, W). Errors: those of check_window_numbers and check_input_shape,
/// error.padding_word, error.kernel_larger_than_input, error.size_overflow.
Result<FoldPlan> validate_unfold(const FoldParams& params, const Shape& input_shape);
/// Shapes: (N, C*taps, L) or (C*taps, L). Errors: also error.fold_rank, error.fold_channels, error.fold_columns,
/// error.output_size_not_positive.
Result<FoldPlan> validate_fold(const FoldParams& params, const Shape& input_shape);

/// The numbers do not depend on `threads` (0: as many as the machine has).
/// Errors: error.input_shape, error.dtype_mismatch, error.tensor_too_large, error.out_of_memory, error.cancelled.
/// Source: torch.nn.functional.unfold.
Result<Tensor> unfold(const FoldPlan& plan, const Tensor& picture, int threads = 0, Job* job = nullptr);
/// Source: torch.nn.functional.fold: where windows overlap, their numbers are added.
Result<Tensor> fold(const FoldPlan& plan, const Tensor& columns, int threads = 0, Job* job = nullptr);

/// fold for one channel, some rows of its cells at a time: what all channels of the same windows share, made once.
template <class T>
class RowFolding {
 public:
  explicit RowFolding(const Windows& windows);

  /// Of cells, counted through all depths.
  int64_t rows() const;
  /// As many as are worth a call of their own.
  int64_t rows_at_once() const;

  /// Adds the columns of windows [first, first + count) of a channel to its rows [row, row_end); padding is dropped. A
  /// column's taps are `stride` numbers apart, its neighbours one; `cells` are those of the channel. Where all windows
  /// are given the cells must be zeros. Needs memory for the sums of a row.
  Outcome add(int64_t row, int64_t row_end, int64_t first, int64_t count, const T* columns, int64_t stride, T* cells,
              const Job* job) const;

 private:
  // Where a tap of windows goes.
  struct Target {
    WindowRange on;
    int64_t at = 0;  // among the sums
  };
  static constexpr int64_t kMostPhases = 16;

  Target target(int64_t tap, int64_t begin, int64_t end) const;
  Outcome add_bands(int64_t row, int64_t row_end, const T* columns, int64_t stride, T* cells, const Job* job) const;

  Windows windows_;
  RowKernels<T> kernels_;
  // Cells that are a stride apart are summed side by side and put in their places when the row is complete; else where
  // they are.
  bool in_place_ = false;
  int64_t phases_ = 1, phase_width_ = 0;
  // Some rows of cells at a time, where all windows are given.
  bool is_banded_ = false;
  int64_t band_rows_ = 0;
  std::vector<Target> targets_;  // of the taps of a whole row of windows; empty where these are many
};

}  // namespace convscope
