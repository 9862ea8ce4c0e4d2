#include "app/session/chains.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "app/io/atomic_file.h"
#include "app/session/chain_json.h"
#include "embedded/chains.h"

namespace convscope {

const std::vector<BuiltInChain>& built_in_chains() {
  static const std::vector<BuiltInChain> all = [] {
    std::vector<BuiltInChain> list;
    for (const embedded::File& file : embedded::chains()) {
      Result<LayerChain> chain = chain_from_json(file.contents);
      if (!chain) continue;  // a test opens every one
      const std::string name = std::filesystem::path(file.path).stem().string();
      list.push_back({name, "chain." + name, *std::move(chain)});
    }
    std::sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return list;
  }();
  return all;
}

const BuiltInChain* find_chain(std::string_view name) {
  for (const BuiltInChain& chain : built_in_chains()) {
    if (chain.name == name) return &chain;
  }
  return nullptr;
}

Result<LayerChain> open_chain(const std::string& name_or_path) {
  constexpr int64_t kMaxBytes = int64_t{4} << 20;
  if (const BuiltInChain* found = find_chain(name_or_path)) return found->chain;
  struct stat status = {};
  if (stat(name_or_path.c_str(), &status) != 0 && name_or_path.find_first_of("/.") == std::string::npos) {
    std::string names;
    for (const BuiltInChain& chain : built_in_chains()) names += (names.empty() ? "" : ", ") + chain.name;
    return Error{"error.unknown_chain", "", {name_or_path, names}};
  }
  const Result<std::string> text = read_file(name_or_path, kMaxBytes);
  if (!text) return text.error();
  return chain_from_json(*text);
}

namespace {

std::string pair_text(const Spatial& s) {
  std::string text;
  for (int64_t value : s) text += (text.empty() ? "" : ",") + std::to_string(value);
  return s == Spatial::all(s.dims(), s[0]) ? std::to_string(s[0]) : "(" + text + ")";
}

}  // namespace

std::string layer_summary(const WindowLayer& layer) {
  std::string text = module_name(layer.kind, layer.dims()) + " " + pair_text(layer.kernel_size);
  if (layer.stride != Spatial::all(layer.dims(), 1)) text += ", s " + pair_text(layer.stride);
  switch (layer.padding.kind) {
    case PaddingKind::numbers:
      if (layer.padding.both != Spatial::all(layer.dims(), 0)) text += ", p " + pair_text(layer.padding.both);
      break;
    case PaddingKind::same:
      text += ", 'same'";
      break;
    case PaddingKind::valid:
      break;
    case PaddingKind::pads:
      text += ", p " + pair_text(layer.padding.begin) + "+" + pair_text(layer.padding.end);
      break;
  }
  if (layer.dilation != Spatial::all(layer.dims(), 1)) text += ", d " + pair_text(layer.dilation);
  if (layer.output_padding != Spatial::all(layer.dims(), 0)) text += ", op " + pair_text(layer.output_padding);
  if (layer.ceil_mode) text += ", ceil";
  return text;
}

std::string layer_name(const WindowLayer& layer, size_t index) {
  return layer.name.empty() ? std::to_string(index + 1) : layer.name;
}

namespace {

LayerKind kind_of(const Session& session) {
  switch (shown_family(session.operation).value_or(OperationFamily::conv)) {
    case OperationFamily::conv_transpose:
      return LayerKind::conv_transpose;
    case OperationFamily::max_pool:
      return LayerKind::max_pool;
    case OperationFamily::avg_pool:
      return LayerKind::avg_pool;
    default:
      return LayerKind::conv;
  }
}

}  // namespace

WindowLayer own_layer(const Session& session) {
  const ConvParams& params = session.params;
  const int dims = shown_dims(session.operation);
  const DepthParams& depth = session.more.depth;
  const auto spatial = [&](Pair pair, int64_t deep) {
    return dims == 1 ? Spatial{pair.w} : dims == 3 ? Spatial{deep, pair.h, pair.w} : Spatial{pair.h, pair.w};
  };
  WindowLayer layer = WindowLayer::of(kind_of(session), dims);
  layer.kernel_size = spatial(params.kernel_size, depth.kernel_size);
  layer.stride = spatial(params.stride, depth.stride);
  if (layer.kind != LayerKind::avg_pool) layer.dilation = spatial(params.dilation, depth.dilation);
  if (layer.transposes()) layer.output_padding = spatial(session.more.output_padding, 0);
  layer.ceil_mode = layer.pools() && session.more.ceil_mode;
  layer.padding.kind = params.padding_kind;
  layer.padding.both = spatial(params.padding, depth.padding);
  layer.padding.begin = spatial({params.pads.top, params.pads.left}, depth.front);
  layer.padding.end = spatial({params.pads.bottom, params.pads.right}, depth.back);
  return layer;
}

LayerChain chain_of_own_layer(const Session& session, const OperationPlan* plan) {
  LayerChain chain;
  const Shape& shape = session.input_shape;
  const int rank = shape.rank();
  chain.dims = shown_dims(session.operation);
  if (chain.dims == 1) {
    chain.input_size = {plan != nullptr ? plan->in().w : rank >= 1 ? shape[rank - 1] : 1};
    chain.layers = {own_layer(session)};
    return chain;
  }
  if (chain.dims == 3) {
    chain.input_size = plan != nullptr && plan->volume() != nullptr ? plan->volume()->windows.all(&WindowAxis::extent)
                       : rank >= 3 ? Spatial{shape[rank - 3], shape[rank - 2], shape[rank - 1]}
                                   : Spatial::all(3, 1);
    chain.layers = {own_layer(session)};
    return chain;
  }
  chain.input_size = plan != nullptr ? Spatial{plan->in().h, plan->in().w}
                     : rank >= 2     ? Spatial{shape[rank - 2], shape[rank - 1]}
                                     : Spatial{1, 1};
  chain.layers = {own_layer(session)};
  return chain;
}

}  // namespace convscope
