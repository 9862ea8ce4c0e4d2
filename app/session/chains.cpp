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

WindowLayer own_layer(const Session& session) {
  const ConvParams& params = session.params;
  const auto spatial = [](Pair pair) { return Spatial{pair.h, pair.w}; };
  WindowLayer layer = WindowLayer::of(LayerKind::conv, 2);
  layer.kernel_size = spatial(params.kernel_size);
  layer.stride = spatial(params.stride);
  layer.dilation = spatial(params.dilation);
  layer.padding.kind = params.padding_kind;
  layer.padding.both = spatial(params.padding);
  layer.padding.begin = {params.pads.top, params.pads.left};
  layer.padding.end = {params.pads.bottom, params.pads.right};
  return layer;
}

LayerChain chain_of_own_layer(const Session& session, const ConvPlan* plan) {
  LayerChain chain;
  const Shape& shape = session.input_shape;
  const int rank = shape.rank();
  chain.input_size = plan != nullptr ? Spatial{plan->in.h, plan->in.w}
                     : rank >= 2     ? Spatial{shape[rank - 2], shape[rank - 1]}
                                     : Spatial{1, 1};
  chain.layers = {own_layer(session)};
  return chain;
}

}  // namespace convscope
