// One layer of windows that slide: convolution, transposed convolution, pooling, without its channels.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "engine/conv_nd_plan.h"
#include "engine/conv_transpose_plan.h"
#include "engine/pool.h"
#include "engine/result.h"
#include "engine/spatial.h"
#include "engine/window_axes.h"

namespace convscope {

enum class LayerKind : uint8_t { conv, conv_transpose, max_pool, avg_pool };

/// A layer as PyTorch's modules take it, unchecked. Channels, groups and bias bear neither on its output's extents nor
/// on what a cell sees. Each Spatial has as many numbers as the layer has axes.
struct WindowLayer {
  std::string name;  // may be empty
  LayerKind kind = LayerKind::conv;
  Spatial kernel_size;
  Spatial stride;
  SpatialPadding padding;
  Spatial dilation;        // 1 for avg_pool
  Spatial output_padding;  // of conv_transpose
  bool ceil_mode = false;  // of pooling
  std::string kept;        // what else a file said of it, as its own text: carried along, never read

  /// PyTorch's defaults: kernel_size 3 and stride 1, of pooling 2 and 2.
  static WindowLayer of(LayerKind kind, int dims);
  int dims() const { return kernel_size.dims(); }
  bool pools() const { return kind == LayerKind::max_pool || kind == LayerKind::avg_pool; }
  bool transposes() const { return kind == LayerKind::conv_transpose; }
  bool operator==(const WindowLayer&) const = default;
};

using LayerPlan = std::variant<ConvNdPlan, ConvTransposePlan, PoolPlan>;

/// The layer through the gate of its operation, over an input of one channel with these extents.
/// Errors: those of the operation's validate().
Result<LayerPlan> validate(const WindowLayer& layer, const Spatial& input);

/// The windows of a plan; a transposed convolution's slide over its output.
const Windows& windows_of(const LayerPlan& plan);

/// The module's name: "Conv2d", "ConvTranspose1d", "MaxPool3d", "AvgPool2d".
std::string module_name(LayerKind kind, int dims);

}  // namespace convscope
