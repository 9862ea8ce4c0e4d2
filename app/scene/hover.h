// Which cells belong to the one under the pointer.
#pragma once

#include <optional>

#include "app/scene/scene.h"
#include "engine/volume_trace.h"

namespace convscope {

/// The cell itself, or of a gradient the cell that it is the gradient of.
CellRef of_whose_gradient(CellRef ref);

/// Relatives of a cell, answered in constant time per question (along an axis of the kernel where padding copies the
/// input):
///  an output or product cell: its window's taps, its kernel, its bias, its row of im2col;
///  an input cell: all outputs whose windows use it, its copies in im2col;
///  a weight: all input cells that it meets, its output channel's column, its column of im2col, its entries of the
///  sparse matrix;
///  a bias: its output channel;
///  an entry of the sparse matrix: its output cell (the row), its input cell (the column), the weights that stand
///  there.
/// An output cell has its row of the sparse matrix, an input cell its column.
///
/// A cell of a gradient has the relatives of the cell whose gradient it is, and that cell itself. Where gradients are
/// looked at, relatives are those that pass something to each other on the way back: an input cell also has the weights
/// that it is read with, directly or as a copy in the padding; a weight the output cells whose window has a number
/// there.
class Hover {
 public:
  Hover() = default;
  Hover(const ConvPlan& plan, const std::optional<CellRef>& hovered, bool gradients = false);
  /// Of conv3d, whose cells are those of its slab: n counts the channels of all images (of the weight, its channels), c
  /// is the depth. `slab` is slab_of(volume).
  Hover(const ConvPlan& slab, const ConvNdPlan& volume, const std::optional<CellRef>& hovered);

  bool active() const { return active_; }
  /// The cell under the pointer itself.
  bool is_self(const CellRef& ref) const;
  /// The cell itself or a relative of it.
  bool lights(const CellRef& ref) const;
  /// The output cell under the pointer, also when it is pointed at as a product or by its im2col row.
  const std::optional<OutputCell>& output() const { return output_; }
  const CellRef& self() const { return self_; }
  /// Whether the window of the output cell under the pointer lies on this channel of the input, of a volume on this
  /// slice.
  bool window_on(int64_t n, int64_t c) const;
  /// Whether the input cell under the pointer lies in this channel, of a volume in this slice.
  bool in_slice(int64_t n, int64_t c) const;
  /// Whether cells of this output channel may use the input cell under the pointer, of a volume those of this slice.
  bool used_in(int64_t n, int64_t c) const;

 private:
  bool lights_in_volume(const CellRef& ref) const;
  bool meets(int64_t axis_output, int64_t axis_input, bool horizontal, int64_t* tap) const;
  bool uses(const OutputCell& output, const CellRef& input, int64_t* column) const;
  bool stands_at(const CellRef& weight, const CellRef& entry) const;
  bool in_column_of(const CellRef& entry, const CellRef& input) const;
  std::optional<bool> exchanges(const CellRef& ref) const;
  bool reads(int64_t tap, int64_t input, bool horizontal) const;

  const ConvPlan* plan_ = nullptr;
  const ConvNdPlan* volume_ = nullptr;
  bool active_ = false, gradients_ = false;
  CellRef self_;
  std::optional<OutputCell> output_;  // self as an output
  std::optional<CellRef> input_;      // self as an input cell
  std::optional<CellRef> weight_;     // self as a weight
};

}  // namespace convscope
