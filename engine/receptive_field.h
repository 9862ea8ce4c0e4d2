// What a cell sees through a chain of layers: exact, along each axis by itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/cell_runs.h"
#include "engine/fraction.h"
#include "engine/result.h"
#include "engine/spatial.h"
#include "engine/window_axes.h"
#include "engine/window_layer.h"

namespace convscope {

/// Layers behind one another; all have `dims` axes.
struct LayerChain {
  int dims = 2;
  Spatial input_size;
  std::vector<WindowLayer> layers;
  bool operator==(const LayerChain&) const = default;
};

/// A chain of more layers is refused.
inline constexpr int64_t kMaxChainLayers = 1000;

/// One axis of the receptive field after a layer, in cells of the chain's input, as if no layer ended at an edge.
///
/// Cell i of the layer has its centre at center + i * stride and sees the cells from start + i * stride on, `size` of
/// them; positions count the input's cells from 0, negative ones lie in the padding. After a transposed layer cells see
/// differently many: `size` is the most, `smallest` the fewest, and start belongs to a field of `size` cells about the
/// cell's centre, so that it can fall between two cells.
struct FieldAxis {
  int64_t output_size = 0;
  int64_t effective_kernel = 1;  // of this layer alone, d*(k-1)+1
  int64_t size = 1;              // from the first cell seen to the last, dilation's gaps included
  int64_t smallest = 1;          // 0 where a transposed layer leaves cells that see nothing
  Fraction stride{1, 1};         // between the fields of neighbours, "jump"
  Fraction start;
  Fraction center;
  Fraction overlap{0, 1};  // of neighbours' fields: size - stride, negative where cells between them are not seen
  bool operator==(const FieldAxis&) const = default;
};

struct LayerField {
  std::vector<FieldAxis> axes;  // outermost first
  bool operator==(const LayerField&) const = default;
};

/// The layers up to the first that is illegal.
struct ChainFields {
  std::vector<Windows> windows;  // of each layer; the transposed ones slide over their output
  std::vector<LayerField> layers;
  std::optional<Error> error;  // of layer number `layers.size()`
};

/// Output sizes and receptive fields after every layer.
///
/// Errors (in `error`): those of the layers' gates (validate() of convolution, transposed convolution and pooling),
/// error.field_too_scattered where fields consist of too many pieces, error.size_overflow where a number does not fit
/// int64_t, error.chain_input_size, error.chain_too_long.
/// Source: Araujo, Norris, Sim, "Computing Receptive Fields of Convolutional Neural Networks", Distill 2019, equations
/// 2 to 5 for chains without transposed layers; these are followed cell by cell.
ChainFields chain_fields(const LayerChain& chain);

/// Along one axis, the cells of one level of the chain that a cell sees.
struct SeenAxis {
  /// As if no level ended at an edge; empty where transposed layers leave nothing.
  std::optional<CellRun> unclipped;
  /// The cells that exist and are reached only through cells that exist; gaps of dilation are no part of them.
  CellRuns cells;
  int64_t padding_before = 0;  // cells of `unclipped` before the level's first cell
  int64_t padding_after = 0;   // and behind its last one
  /// What is really read there: `cells` and, around them, the padding of the layer behind that counts as zeros.
  CellRuns read;
  bool operator==(const SeenAxis&) const = default;
};

/// Level 0 is the chain's input, level i the output of layer i - 1. What the cell sees at a level is the product of its
/// axes; where one of them has no cells, it sees nothing.
struct SeenLevel {
  std::vector<SeenAxis> axes;
  bool operator==(const SeenLevel&) const = default;
};

/// What cell `cell` of the output of layer `layer` (from 0) sees at levels 0 to layer + 1, the last being the cell
/// itself. `fields` is chain_fields() of the chain, with that layer among its legal ones.
/// Errors: error.cell_outside (args: cell, size), error.field_too_scattered.
Result<std::vector<SeenLevel>> seen_by(const LayerChain& chain, const ChainFields& fields, int layer,
                                       const Spatial& cell);

/// The other way round: the cells of levels `level` to the last that see cell `cell` of level `level`, as runs per axis;
/// the first entry is the cell itself. Only cells that exist, through cells that exist: a cell is among those that
/// another one reaches exactly where it is among the `cells` of that one's seen_by().
/// Errors: as seen_by().
Result<std::vector<std::vector<CellRuns>>> reached_from(const LayerChain& chain, const ChainFields& fields, int level,
                                                        const Spatial& cell);

/// Cells of a level along each axis: the chain's input size, or a layer's output size.
Spatial level_size(const LayerChain& chain, const ChainFields& fields, int level);

}  // namespace convscope
