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
  const auto spatial = [](Pair pair) { return Spatial{pair.h, pair.w}; };
  WindowLayer layer = WindowLayer::of(kind_of(session), 2);
  layer.kernel_size = spatial(params.kernel_size);
  layer.stride = spatial(params.stride);
  if (layer.kind != LayerKind::avg_pool) layer.dilation = spatial(params.dilation);
  if (layer.transposes()) layer.output_padding = spatial(session.more.output_padding);
  layer.ceil_mode = layer.pools() && session.more.ceil_mode;
  layer.padding.kind = params.padding_kind;
  layer.padding.both = spatial(params.padding);
  layer.padding.begin = {params.pads.top, params.pads.left};
  layer.padding.end = {params.pads.bottom, params.pads.right};
  return layer;
}

LayerChain chain_of_own_layer(const Session& session, const OperationPlan* plan) {
  LayerChain chain;
  const Shape& shape = session.input_shape;
  const int rank = shape.rank();
  chain.input_size = plan != nullptr ? Spatial{plan->in().h, plan->in().w}
                     : rank >= 2     ? Spatial{shape[rank - 2], shape[rank - 1]}
                                     : Spatial{1, 1};
  chain.layers = {own_layer(session)};
  return chain;
}

}  // namespace convscope
