// unfold writes every window out as a column; fold adds the columns back where they came from.
#pragma once

#include "engine/cancel.h"
#include "engine/result.h"
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

/// Adds the columns of windows [first, first + count) of one channel to the channel's cells; padding is dropped. A
/// column's taps are `stride` numbers apart, its neighbours one. Where all windows are given the cells must be zeros.
/// False where there is no memory for the sums of a row.
template <class T>
bool fold_channel(const Windows& windows, int64_t first, int64_t count, const T* columns, int64_t stride, T* cells);

}  // namespace convscope
