// Convolution by Fourier transforms of overlapping tiles: the larger the kernel, the more it saves.
#pragma once

#include <memory>

#include "engine/conv2d_runner.h"
#include "engine/result.h"

namespace convscope {

/// Makes ready to compute by two-dimensional overlap-save: each tile of an input channel is transformed once and serves
/// all output channels, the kernels' spectra are made here. Dilation counts as a larger kernel with zeros in it.
///
/// Shapes: as in ConvPlan; weight and bias as its tensors, bias null where there is none. float and double.
///
/// Rounding: a product of transforms spreads its errors evenly over a tile. The error of a cell is about
/// epsilon * log2(tile cells) * ||x|| * ||w|| / sqrt(tile cells), and never more than a small multiple of
/// epsilon * log2(tile cells) * ||x|| * ||w|| (2-norms over the two tiles that share a transform and over the kernel):
/// it follows the largest magnitudes of the tile, not those under the window. Where an input mixes 1e8 and 1, cells
/// near the 1 can lose all their digits, which direct summation keeps. Of normally distributed float32 numbers the
/// largest error is 1.1e-6 to 1.4e-6 of the output's root mean square for kernels from 7 x 7 to 101 x 101, where
/// im2col's grows from 1.2e-6 to 2.3e-5. Results that are not finite are computed again
/// cell by cell, so that infinities, NaN and overflow come out as those of direct summation.
///
/// `threads` make the spectra; `job` may stop it and is not told any progress. Null when the memory cannot be had or
/// the job was cancelled. Needs fft_tiling(plan) to succeed.
/// Source: the overlap-save method, Oppenheim and Schafer, Discrete-Time Signal Processing, section 8.7.
template <class T>
std::unique_ptr<Conv2dRunner<T>> prepare_fft(const ConvPlan& plan, const T* weight, const T* bias, int threads = 1,
                                             const Job* job = nullptr);

}  // namespace convscope
