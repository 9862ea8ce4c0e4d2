#include "app/scene/operation_scene.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "app/scene/cells.h"
#include "app/scene/words.h"

namespace convscope {
namespace {

// A direct convolution's frame, with that convolution's own tensors.
template <class Build>
void with_conv_frame(const StageFrame& base, const ConvPlan& plan, const StepTiming& timing, const GatherNames* names,
                     Build build) {
  thread_local CellArithmetic arithmetic;  // both keep their memory from frame to frame
  thread_local OutputUses uses;
  const OutputCell cell = cell_of_step(plan, timing.step);
  if (names != nullptr) cell_arithmetic(plan, base.tensors, cell, arithmetic);
  LensFrame frame{base,         plan,         timing.step, cell, cell.c / plan.kernels_per_group(),
                  timing.phase, timing.trail, arithmetic,  uses, Hover(plan, base.request.hovered),
                  names};
  build(frame);
}

void build_gather(const StageFrame& base, const ConvTransposePlan& plan, const GatherView& view,
                  const StepTiming& timing) {
  // The output is the engine's own, not the direct convolution's.
  thread_local ConvTensors tensors;
  tensors = view.tensors;
  tensors.output = base.tensors.output;
  const GatherNames names{plan, view.spacing};
  const StageFrame own{base.request, tensors, base.painter, base.stage};
  with_conv_frame(own, view.plan, timing, &names, build_sliding_lens);
}

}  // namespace

ConvPlan pool_geometry(const PoolPlan& plan) {
  const WindowAxis &height = plan.windows.height(), &width = plan.windows.width();
  ConvPlan direct;
  direct.dtype = plan.dtype;
  direct.batch = plan.batch;
  direct.in_channels = direct.out_channels = direct.groups = plan.channels;
  direct.unbatched = plan.unbatched;
  direct.in = {height.extent, width.extent};
  direct.kernel = {height.kernel, width.kernel};
  direct.stride = {height.stride, width.stride};
  direct.dilation = {height.dilation, width.dilation};
  direct.pads = {height.pad_begin, width.pad_begin, pool_reach(height), pool_reach(width)};
  direct.out = {height.count, width.count};
  return direct;
}

const PoolArithmetic& pooled_cell(const Computation& computation, const OutputCell& cell) {
  struct Kept {
    uint64_t output = 0;  // whose cell it is
    OutputCell cell;
    PoolArithmetic arithmetic;
    int64_t asked = 0;
  };
  // The step's cell and the one pointed at, in both halves of a picture of two.
  thread_local std::array<Kept, 4> kept;
  thread_local int64_t asked = 0;
  const uint64_t output = computation.tensors.output.identity();
  Kept* oldest = kept.data();
  for (Kept& one : kept) {
    if (one.output == output && one.cell == cell) {
      one.asked = ++asked;
      return one.arithmetic;
    }
    if (one.asked < oldest->asked) oldest = &one;
  }
  pool_arithmetic(*computation.plan.pool(), computation.tensors.input, cell, oldest->arithmetic);
  oldest->output = output;
  oldest->cell = cell;
  oldest->asked = ++asked;
  return oldest->arithmetic;
}

namespace {

void build_volume(const StageFrame& base, const ConvNdPlan& plan, const StepTiming& timing) {
  thread_local CellArithmetic arithmetic;  // all keep their memory from frame to frame
  thread_local OutputUses uses;
  thread_local ConvTensors tensors;
  volume_arithmetic(plan, base.tensors, volume_cell_of_step(plan, timing.step), arithmetic);
  const auto slab_tensor = [](const Tensor& volume) { return volume.reshaped(slab_shape(volume.shape())); };
  tensors = {slab_tensor(base.tensors.input), slab_tensor(base.tensors.weight), base.tensors.bias,
             slab_tensor(base.tensors.output)};
  const ConvPlan slab = slab_of(plan);
  const StageFrame own{base.request, tensors, base.painter, base.stage};
  LensFrame frame{own,
                  slab,
                  timing.step,
                  arithmetic.cell,
                  0,
                  timing.phase,
                  timing.trail,
                  arithmetic,
                  uses,
                  Hover(slab, plan, base.request.hovered)};
  build_slices_lens(frame, plan);
}

}  // namespace

void build_operation_scene(const SceneRequest& request, Scene& scene) {
  const Computation& computation = *request.computation;
  const StepTiming timing = step_timing(request, step_count(computation.plan, request.lens));
  Painter painter(request, scene);
  StageFrame base{request, computation.tensors, painter, make_stage(request, painter)};
  if (const ConvTransposePlan* plan = computation.plan.transposed()) {
    if (request.lens != Lens::gather) {
      ScatterFrame frame{base,         *plan,        timing.step,    stamp_of_step(*plan, timing.step),
                         timing.phase, timing.trail, request.hovered};
      build_scatter_lens(frame);
    } else if (computation.gather != nullptr) {
      build_gather(base, *plan, *computation.gather, timing);
    } else {
      draw_too_small(base);
    }
  } else if (const ConvNdPlan* volume = computation.plan.volume()) {
    build_volume(base, *volume, timing);
  } else {
    const PoolPlan& pooling = *computation.plan.pool();
    const PoolArithmetic& arithmetic = pooled_cell(computation, pool_cell_of_step(pooling, timing.step));
    with_conv_frame(base, pool_geometry(pooling), timing, nullptr,
                    [&](LensFrame& frame) { build_pooling_lens(frame, pooling, arithmetic); });
  }
  append_operation_sentence(scene.sentence, request.language, computation, request.lens, timing.step);
  if (!request.caption) return;
  draw_caption(painter, base.stage, formula_words(request.language, computation.plan),
               longest_operation_sentence(request.language, computation, request.lens), scene.sentence);
}

bool lens_applies(Lens lens, const OperationPlan& plan) {
  if (const ConvPlan* conv = plan.conv2d()) return lens_applies(lens, *conv);
  return lens_shows(lens, plan.family(), plan.dims());
}

CellRef own_cell(const OperationPlan& plan, Lens lens, const CellRef& shown) {
  const ConvTransposePlan* transposed = plan.transposed();
  if (transposed == nullptr || lens != Lens::gather) return shown;
  const WindowAxis &height = transposed->windows.height(), &width = transposed->windows.width();
  CellRef own = shown;
  if (shown.tensor == TensorId::input) {
    const bool inserted = shown.y < 0 || shown.x < 0 || shown.y % height.stride != 0 || shown.x % width.stride != 0;
    own.y /= height.stride;
    own.x /= width.stride;
    if (inserted || own.y >= height.count || own.x >= width.count) return {};
  } else if (shown.tensor == TensorId::weight) {
    const int64_t kernels = transposed->kernels_per_group();
    own.n = shown.n / kernels * transposed->channels_per_group() + shown.c;
    own.c = shown.n % kernels;
    own.y = height.kernel - 1 - shown.y;
    own.x = width.kernel - 1 - shown.x;
  }
  return own;
}

void draw_output_padding(StageFrame& frame, const ConvTransposePlan& plan, const Grid& output, bool named) {
  const int64_t rows = plan.output_padding[0], cols = plan.output_padding[1];
  if (rows == 0 && cols == 0) return;
  Painter& painter = frame.painter;
  const float ui = frame.stage.ui;
  const int64_t height = plan.windows.height().extent, width = plan.windows.width().extent;
  const auto outline = [&](int64_t row, int64_t col, int64_t row_count, int64_t col_count) {
    if (row_count <= 0 || col_count <= 0) return;
    const Box box = output.area(static_cast<double>(row), static_cast<double>(col), static_cast<double>(row_count),
                                static_cast<double>(col_count));
    Mark& mark = painter.box(box, Role::text, Fill::none, Outline::dashed, output.radius());
    mark.size = 2 * std::max(1.0f, ui);
  };
  outline(height - rows, 0, rows, width);
  outline(0, width - cols, height - rows, cols);
  if (!named) return;
  thread_local std::string words;  // keeps its memory from frame to frame
  words.assign("output_padding = ");
  if (rows == cols) {
    words.append(Digits(rows));
  } else {
    words.append("(").append(Digits(rows)).append(", ").append(Digits(cols)).append(")");
  }
  const float size = kLabelSize * ui;
  // Under the whole grid, what is cut off included.
  const float y = output.bounds().y1 + kBelowHeight * ui * 0.6f;
  const float right = static_cast<float>(output.left(static_cast<double>(width)));
  const float room = painter.width(words, Face::mono, size);
  const bool to_the_left = right - room < static_cast<float>(output.x);
  painter.text(words, to_the_left ? static_cast<float>(output.x) : right, y, size, Role::text,
               to_the_left ? Align::left : Align::right, Face::mono);
}

}  // namespace convscope
