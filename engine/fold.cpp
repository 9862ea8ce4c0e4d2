#include "engine/fold.h"

#include <algorithm>

#include "engine/checked_math.h"
#include "engine/conv_nd.h"
#include "engine/output_size.h"

namespace convscope {

Shape FoldPlan::picture_shape() const {
  return windows.append(unbatched ? Shape{channels} : Shape{batch, channels}, &WindowAxis::extent);
}

Shape FoldPlan::columns_shape() const {
  const int64_t rows = channels * windows.taps();
  return unbatched ? Shape{rows, windows.count()} : Shape{batch, rows, windows.count()};
}

namespace {

/// The windows over a picture of the given extents; `field` is to blame where none fits.
Result<Windows> windows_over(const FoldParams& params, const Spatial& extents) {
  if (params.padding.kind == PaddingKind::same || params.padding.kind == PaddingKind::valid) {
    return Error{"error.padding_word", "padding", {}};
  }
  if (Result<void> good = check_window_numbers(params.kernel_size, params.stride, params.padding, params.dilation);
      !good) {
    return good.error();
  }
  Windows windows;
  windows.dims = extents.dims();
  Spatial effective = extents, padded = extents;
  bool fits = true;
  for (int i = 0; i < windows.dims; ++i) {
    WindowAxis& axis = windows.axis(i);
    const bool apart = params.padding.kind == PaddingKind::pads;
    axis.extent = extents[i];
    axis.kernel = params.kernel_size[i];
    axis.stride = params.stride[i];
    axis.dilation = params.dilation[i];
    axis.pad_begin = apart ? params.padding.begin[i] : params.padding.both[i];
    axis.pad_end = apart ? params.padding.end[i] : params.padding.both[i];
    const std::optional<OutputSize> size =
        output_size(axis.extent, axis.pad_begin, axis.pad_end, axis.kernel, axis.dilation, axis.stride);
    if (!size) return size_overflow(axis);
    effective[i] = size->effective_k;
    padded[i] = size->effective_k + size->numerator;
    axis.count = size->out;
    fits = fits && size->numerator >= 0;
  }
  if (!fits) {
    return Error{
        "error.kernel_larger_than_input",
        "kernel_size",
        {params.kernel_size.to_string(), params.dilation.to_string(), effective.to_string_by(), padded.to_string_by()}};
  }
  const Spatial kernel = params.kernel_size;
  if (!checked_product({kernel[0], kernel[1]})) return size_overflow("kernel_size");
  if (!checked_product({windows.height().count, windows.width().count})) return size_overflow("output");
  return windows;
}

}  // namespace

Result<FoldPlan> validate_unfold(const FoldParams& params, const Shape& input_shape) {
  const Result<Leading> leading = check_input_shape("unfold", 2, input_shape);
  if (!leading) return leading.error();
  const int rank = input_shape.rank();
  const Result<Windows> windows = windows_over(params, {input_shape[rank - 2], input_shape[rank - 1]});
  if (!windows) return windows.error();
  FoldPlan plan{params.dtype, leading->unbatched, leading->batch, leading->channels, *windows};
  if (!checked_mul(plan.channels, windows->taps())) return size_overflow("output");
  if (!plan.columns_shape().numel() || !Shape({plan.channels * windows->taps(), windows->count()}).numel()) {
    return size_overflow("output");
  }
  return plan;
}

Result<FoldPlan> validate_fold(const FoldParams& params, const Shape& input_shape) {
  const int rank = input_shape.rank();
  if (rank != 2 && rank != 3) return Error{"error.fold_rank", "input", {input_shape.to_string()}};
  const int64_t batch = rank == 3 ? input_shape[0] : 1, rows = input_shape[rank - 2], columns = input_shape[rank - 1];
  if (batch < 0 || rows < 1 || columns < 1) return Error{"error.input_empty", "input", {input_shape.to_string()}};
  if (!input_shape.numel() || !Shape({rows, columns}).numel()) return size_overflow("input");
  if (!params.output_size.all_at_least(1)) {
    return Error{"error.output_size_not_positive", "output_size", {params.output_size.to_string()}};
  }
  const Result<Windows> windows = windows_over(params, params.output_size);
  if (!windows) return windows.error();
  const int64_t taps = windows->taps();
  if (rows % taps != 0) {
    return Error{"error.fold_channels",
                 "input",
                 {input_shape.to_string(), std::to_string(rows), std::to_string(taps), params.kernel_size.to_string()}};
  }
  if (columns != windows->count()) {
    return Error{"error.fold_columns",
                 "input",
                 {input_shape.to_string(), std::to_string(columns), std::to_string(windows->count()),
                  windows->all(&WindowAxis::count).to_string_by()}};
  }
  FoldPlan plan{params.dtype, rank == 2, batch, rows / taps, *windows};
  const Shape one_image = windows->append({plan.channels}, &WindowAxis::extent);
  if (!one_image.numel() || !plan.picture_shape().numel()) return size_overflow("output");
  return plan;
}

template <class T>
void fold_channel(const Windows& windows, int64_t first, int64_t count, const T* columns, int64_t stride, T* cells) {
  const WindowAxis& depth = windows.depth();
  const WindowAxis& height = windows.height();
  const WindowAxis& width = windows.width();
  for (int64_t t = 0; t < depth.kernel; ++t) {
    for (int64_t r = 0; r < height.kernel; ++r) {
      for (int64_t s = 0; s < width.kernel; ++s, columns += stride) {
        // Row by row of windows: along a row only x moves.
        for (int64_t at = first; at < first + count;) {
          const int64_t q = at % width.count;
          const int64_t row = at / width.count;
          const int64_t in_row = std::min(width.count - q, first + count - at);
          const int64_t z = depth.cell(row / height.count, t), y = height.cell(row % height.count, r);
          if (z >= 0 && z < depth.extent && y >= 0 && y < height.extent) {
            T* line = cells + (z * height.extent + y) * width.extent;
            for (int64_t i = 0; i < in_row; ++i) {
              const int64_t x = width.cell(q + i, s);
              if (x >= 0 && x < width.extent) line[x] += columns[at - first + i];
            }
          }
          at += in_row;
        }
      }
    }
  }
}

template void fold_channel<float>(const Windows&, int64_t, int64_t, const float*, int64_t, float*);
template void fold_channel<double>(const Windows&, int64_t, int64_t, const double*, int64_t, double*);

namespace {

template <class T>
void unfold_channel(const Windows& windows, const T* cells, T* columns) {
  const WindowAxis& height = windows.height();
  const WindowAxis& width = windows.width();
  for (int64_t r = 0; r < height.kernel; ++r) {
    for (int64_t s = 0; s < width.kernel; ++s) {
      for (int64_t p = 0; p < height.count; ++p) {
        const int64_t y = height.cell(p, r);
        for (int64_t q = 0; q < width.count; ++q) {
          const int64_t x = width.cell(q, s);
          const bool is_inside = y >= 0 && y < height.extent && x >= 0 && x < width.extent;
          *columns++ = is_inside ? cells[y * width.extent + x] : T{0};
        }
      }
    }
  }
}

enum class Direction : uint8_t { unfold, fold };

template <class T>
Result<void> run(const FoldPlan& plan, Direction direction, const T* from, T* to, Job* job) {
  const int64_t cells = plan.windows.cells(), column_block = plan.windows.taps() * plan.windows.count();
  const int64_t channels = plan.batch * plan.channels;
  for (int64_t c = 0; c < channels; ++c) {
    if (job != nullptr) {
      if (job->is_cancelled()) return Error{"error.cancelled", "", {}};
      job->report(static_cast<float>(c) / static_cast<float>(channels));
    }
    if (direction == Direction::unfold) {
      unfold_channel(plan.windows, from + c * cells, to + c * column_block);
    } else {
      fold_channel(plan.windows, 0, plan.windows.count(), from + c * column_block, plan.windows.count(),
                   to + c * cells);
    }
  }
  return {};
}

Result<Tensor> run(const FoldPlan& plan, Direction direction, const Tensor& from, Job* job) {
  const bool unfolds = direction == Direction::unfold;
  const Shape wanted = unfolds ? plan.picture_shape() : plan.columns_shape();
  if (from.shape() != wanted) {
    return Error{"error.input_shape", "input", {from.shape().to_string(), wanted.to_string()}};
  }
  if (Result<void> good = check_dtype("input", from, plan.dtype); !good) return good.error();
  Result<Tensor> to = Tensor::zeros(unfolds ? plan.columns_shape() : plan.picture_shape(), plan.dtype);
  if (!to) return to;
  const Result<void> done = plan.dtype == DType::float32
                                ? run<float>(plan, direction, from.data<float>(), to->mutable_data<float>(), job)
                                : run<double>(plan, direction, from.data<double>(), to->mutable_data<double>(), job);
  if (!done) return done.error();
  if (job != nullptr) job->report(1);
  return to;
}

}  // namespace

Result<Tensor> unfold(const FoldPlan& plan, const Tensor& picture, Job* job) {
  return run(plan, Direction::unfold, picture, job);
}

Result<Tensor> fold(const FoldPlan& plan, const Tensor& columns, Job* job) {
  return run(plan, Direction::fold, columns, job);
}

}  // namespace convscope
