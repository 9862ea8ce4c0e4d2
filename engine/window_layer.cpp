#include "engine/window_layer.h"

namespace convscope {

namespace {

/// What the three operations' arguments have in common.
template <class Params>
Params with_numbers(Params params, const WindowLayer& layer) {
  params.kernel_size = layer.kernel_size;
  params.stride = layer.stride;
  params.padding = layer.padding;
  params.dilation = layer.dilation;
  return params;
}

template <class Params>
Result<LayerPlan> planned(const Params& params, const Shape& shape) {
  auto plan = validate(params, shape);
  if (!plan) return plan.error();
  return LayerPlan(*std::move(plan));
}

}  // namespace

WindowLayer WindowLayer::of(LayerKind kind, int dims) {
  WindowLayer layer;
  layer.kind = kind;
  layer.kernel_size = Spatial::all(dims, layer.pools() ? 2 : 3);
  layer.stride = Spatial::all(dims, layer.pools() ? 2 : 1);
  layer.padding.both = layer.padding.begin = layer.padding.end = Spatial::all(dims, 0);
  layer.dilation = Spatial::all(dims, 1);
  layer.output_padding = Spatial::all(dims, 0);
  return layer;
}

Result<LayerPlan> validate(const WindowLayer& layer, const Spatial& input) {
  const int dims = layer.dims();
  Shape shape{1, 1};
  for (int64_t extent : input) shape.push_back(extent);
  if (layer.kind == LayerKind::conv) return planned(with_numbers(ConvNdParams::of(dims), layer), shape);
  if (layer.transposes()) {
    ConvTransposeParams params = with_numbers(ConvTransposeParams::of(dims), layer);
    params.output_padding = layer.output_padding;
    return planned(params, shape);
  }
  const PoolKind kind = layer.kind == LayerKind::max_pool ? PoolKind::max : PoolKind::average;
  PoolParams params = with_numbers(PoolParams::of(kind, dims), layer);
  params.ceil_mode = layer.ceil_mode;
  return planned(params, shape);
}

const Windows& windows_of(const LayerPlan& plan) {
  return std::visit([](const auto& p) -> const Windows& { return p.windows; }, plan);
}

std::string module_name(LayerKind kind, int dims) {
  constexpr const char* kNames[] = {"Conv", "ConvTranspose", "MaxPool", "AvgPool"};
  return std::string(kNames[static_cast<size_t>(kind)]) + std::to_string(dims) + 'd';
}

}  // namespace convscope
