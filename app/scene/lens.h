// What every lens builder is given, and the pieces they share.
#pragma once

#include "app/scene/grid.h"
#include "app/scene/hover.h"
#include "app/scene/painter.h"
#include "app/scene/sentence.h"
#include "app/scene/tensor_view.h"
#include "app/scene/timeline.h"
#include "engine/coverage.h"

namespace convscope {

/// Where the fitted picture lies in the viewport and how large its type is.
struct Stage {
  Box content;      // inside the margins, above the caption
  float ui = 1;     // type scale: 1 for a picture of 960x540
  double zoom = 1;  // a point p of the fitted picture is seen at p * zoom + shift
  double shift_x = 0, shift_y = 0;

  float seen_x(double x) const { return static_cast<float>(x * zoom + shift_x); }
  float seen_y(double y) const { return static_cast<float>(y * zoom + shift_y); }
  Grid seen(const Grid& grid) const { return grid.seen(zoom, shift_x, shift_y); }
};
Stage make_stage(const SceneRequest& request, const Painter& painter);

/// What the frames of all lenses have, whatever their operation.
struct StageFrame {
  const SceneRequest& request;
  const ConvTensors& tensors;
  Painter& painter;
  Stage stage;
};

/// What stands beside the grids where they are not simply the plan's: of a transposed convolution that is drawn as the
/// direct one which gives the same output.
struct GatherNames {
  const ConvTransposePlan& plan;
  Pair spacing;  // of the input's own cells among inserted zeros
};

/// One frame of one lens of conv2d.
struct LensFrame : StageFrame {
  const ConvPlan& plan;
  int64_t step = 0;
  OutputCell cell;
  int64_t group = 0;
  StepPhase phase;
  float trail = 0;  // how much of the last places shows: fades where a kernel that jumped comes to rest
  const CellArithmetic& arithmetic;
  OutputUses& uses;  // scratch
  Hover hover;
  const GatherNames* gather = nullptr;

  /// The output cell has its number in this frame.
  bool computed(const OutputCell& of) const {
    const int64_t at = step_of_cell(plan, of);
    return at < step || (at == step && phase.landed());
  }
};

/// Where in its steps a request is.
struct StepTiming {
  int64_t step = 0;
  StepPhase phase;
  float trail = 0;  // opacity of the places that a hurrying window has just left
};
StepTiming step_timing(const SceneRequest& request, int64_t steps);

void build_sliding_lens(LensFrame& frame);
void build_isometric_lens(LensFrame& frame);
void build_im2col_lens(LensFrame& frame);
void build_toeplitz_lens(LensFrame& frame);
void build_coverage_lens(LensFrame& frame);
void build_loops_lens(LensFrame& frame);

/// Below this pitch the cells of large grids are drawn as a texture.
inline constexpr double kMinCellPitch = 14;
/// Cells of small grids, not more than kMaxSmallGrid, stay cells down to this pitch.
inline constexpr double kMinSmallPitch = 5;
inline constexpr int64_t kMaxSmallGrid = 2500;
inline bool cell_by_cell(const Grid& grid) {
  return grid.pitch >= kMinCellPitch || (grid.pitch >= kMinSmallPitch && grid.rows * grid.cols <= kMaxSmallGrid);
}
/// What the only row of a long sequence is stretched to, at scale 1.
inline constexpr double kStripHeight = 20;
/// Grid::tall of a sequence of so many cells: those that are drawn one by one stay square.
inline double strip_height(const ConvPlan& plan, double pitch, int64_t cells, double ui) {
  const bool texture = plan.dims == 1 && !cell_by_cell({0, 0, pitch, 0, 0, 1, cells});
  return texture ? std::max(1.0, kStripHeight * ui / pitch) : 1;
}
/// How much of the values of a large output the veil hides before their steps have come.
inline constexpr float kVeilOpacity = 0.8f;
/// A layout whose cells are smaller than this becomes an overview with a loupe.
inline constexpr double kMinNumberPitch = 18;

/// "X" in bold and the shape "1x3x5x5" behind it, left-aligned above (x, y).
void draw_name_tag(StageFrame& frame, std::string_view name, const Shape& shape, Role role, float x, float y);
/// The same with words of one's own behind the name.
void draw_tag(StageFrame& frame, std::string_view name, std::string_view words, Role role, float x, float y);
float name_tag_width(const Painter& painter, std::string_view name, const Shape& shape, float ui);
/// "X[0, 1]": which slice a grid shows.
void draw_index_label(StageFrame& frame, char name, int64_t first, int64_t second, float x, float y);

float index_label_width(const Painter& painter, char name, int64_t first, int64_t second, float ui);
/// The same with the place on the stack: "X[0, 3]  4 / 16"; without it where there is no stack (count 1).
void draw_stack_label(StageFrame& frame, char name, int64_t first, int64_t second, int64_t position, int64_t count,
                      float x, float y);
float stack_label_width(const Painter& painter, char name, int64_t first, int64_t second, int64_t count, float ui);

/// Which rows and columns are seen, in the corner of a grid that the camera has come too near to for its name tag.
void draw_place_label(StageFrame& frame, const Grid& grid, char name, Role role, int64_t first, int64_t second);

/// What stands in a viewport that no layout fits.
void draw_too_small(StageFrame& frame);
/// The same for other reasons, one line.
void draw_only_words(StageFrame& frame, std::string_view words);

/// An operator between tensors.
void draw_sign(StageFrame& frame, std::string_view sign, double x, double y);

/// How an input cell stands out from others of its grid.
struct InputStyle {
  float opacity = 1;
  bool values = false;  // shades instead of tints
  bool with_window = true;
  bool weights_in_window = true;
  bool shade = true;                 // over the taps; off where nothing but the window is shown
  bool rgb = false;                  // three channels in their colours
  const Coverage* counts = nullptr;  // shades of how many windows read a cell, instead of its number
  bool glides = true;                // the window is on its way, not yet there
  Pair spacing{1, 1};                // only every so many cells are the tensor's own, the others inserted zeros
  /// Instead of the padding's zeros; nothing at all from `padding_end` on, where no padding is.
  const char* padding_words = nullptr;
  Pair padding_end;
  /// Of a slice of a volume: it lies in the padding, and holds what the slice `source` has, or zeros.
  bool in_padding = false;
  int64_t source = -1;     // kZeroPadding
  bool slice_used = true;  // some window reads the slice
  /// The weights in the window, where they are not those of the current kernel's slice for channel c.
  struct Slice {
    int64_t o = 0, i = 0;
  };
  std::optional<Slice> weights;
};
/// A channel of the input with its padding, the window over it and the weights in the window.
void draw_input_channel(LensFrame& frame, const Grid& grid, int64_t n, int64_t c, const InputStyle& style);
/// A slice of a kernel, with its numbers where they fit and are asked for.
void draw_weight_slice(LensFrame& frame, const Grid& grid, int64_t o, int64_t i, float opacity, bool values,
                       bool numbers = true);
/// The products of the current cell with one channel.
void draw_products(LensFrame& frame, const Grid& grid, int64_t group_c);
/// An output channel as far as it is computed.
void draw_output_channel(LensFrame& frame, const Grid& grid, int64_t n, int64_t c, float opacity, bool values);
/// The diverging scale of shades with its ends, `width` wide, its upper left corner at (x, y).
void draw_legend(StageFrame& frame, TensorId id, const NumberRange& range, float x, float y, float width);
/// Sheets behind a grid: there are more like it.
void draw_sheets_behind(StageFrame& frame, const Grid& grid, int count, Role role);
/// The sum on its way from (x, y) to its cell, with its number.
void draw_landing_sum(LensFrame& frame, float x, float y, const Grid& output);
/// The yellow ring around the cell under the pointer and its relatives.
void draw_hover_ring(StageFrame& frame, const Box& box, float radius);
/// The same around something on a texture, at least large enough to be found.
void draw_hover_marker(StageFrame& frame, Box box);
/// A picture: three channels in 0 to 1, drawn as one in its colours.
bool is_rgb(const Tensor& input);
/// The value of the cell that has role `role` at a grid's place; used for products, biases and the like.
void draw_value_cell(StageFrame& frame, const Box& box, double value, const NumberRange& range, Role role, Fill fill);

inline constexpr float kNameTagSize = 16;
inline constexpr float kNameTagHeight = 28;
inline constexpr float kLabelSize = 13;
inline constexpr float kLabelHeight = 20;
inline constexpr float kLegendHeight = 22;
inline constexpr float kSheetOffset = 6;

}  // namespace convscope
