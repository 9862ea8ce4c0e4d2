// Pictures of transposed convolution and pooling.
#pragma once

#include <string>

#include "app/scene/lens.h"
#include "app/session/operation_plan.h"
#include "engine/pool_trace.h"
#include "engine/transpose_trace.h"
#include "engine/volume_trace.h"

namespace convscope {

/// One frame of the scattering lens: input cells stamp the weighted kernel on the output.
struct ScatterFrame : StageFrame {
  const ConvTransposePlan& plan;
  int64_t step = 0;
  Stamp stamp;
  StepPhase phase;
  float trail = 0;
  std::optional<CellRef> hovered;

  /// Stamps that are in the output's sums in this frame.
  int64_t stamped() const { return step + (phase.landed() ? 1 : 0); }
};
void build_scatter_lens(ScatterFrame& frame);

/// One frame of the pooling lens. Its windows are those of a depthwise convolution, so X, Y and what belongs together
/// are drawn as that convolution's; `frame.plan` is pool_geometry().
void build_pooling_lens(LensFrame& frame, const PoolPlan& plan, const PoolArithmetic& arithmetic);

/// One frame of the lens of volumes: input, kernel and output of conv3d as rows of slices. `frame.plan` is slab_of()
/// the volume's plan and the frame's tensors are those of the slab.
void build_slices_lens(LensFrame& frame, const ConvNdPlan& plan);

/// What pooling makes of one output cell. Costs the taps of its window when another cell is asked for, nothing while
/// the same two are; valid until two others are.
const PoolArithmetic& pooled_cell(const Computation& computation, const OutputCell& cell);

/// Windows, padding and extents of a pooling as a depthwise convolution's. What ceil_mode's last windows reach beyond
/// the padding counts as padding.
ConvPlan pool_geometry(const PoolPlan& plan);

/// What build_scene() does for every operation but conv2d.
void build_operation_scene(const SceneRequest& request, Scene& scene);
/// The step's sentence of every operation but conv2d.
void append_operation_sentence(std::string& out, Language language, const Computation& computation, Lens lens,
                               int64_t step);
/// A line as long as the longest of them.
const std::string& longest_operation_sentence(Language language, const Computation& computation, Lens lens);
/// Cells along the longest axis of anything that a lens draws.
int64_t longest_axis(const OperationPlan& plan, Lens lens);

/// The cell of the session's own tensors that a reference in a picture stands for: gathering shows the input among
/// inserted zeros and the kernel turned. `none` for a zero that is in no tensor.
CellRef own_cell(const OperationPlan& plan, Lens lens, const CellRef& shown);

/// The extra rows and columns of output_padding on Y, and under the last of several channels their name. `output` is
/// the grid as seen; nothing without output_padding.
void draw_output_padding(StageFrame& frame, const ConvTransposePlan& plan, const Grid& output, bool named);
/// Room for one line of words under X and Y.
inline constexpr float kBelowHeight = 24;

}  // namespace convscope
