// Built-in chains of layers, from assets/chains/*.json, embedded at build time; and the chain of a session.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/session/operation_plan.h"
#include "app/session/session.h"
#include "engine/receptive_field.h"
#include "engine/result.h"

namespace convscope {

struct BuiltInChain {
  std::string name;       // "vgg16"
  std::string title_key;  // "chain.vgg16"
  LayerChain chain;
};

/// By name, parsed once.
const std::vector<BuiltInChain>& built_in_chains();
const BuiltInChain* find_chain(std::string_view name);

/// What the commands take: the name of a built-in chain or the path of a file (at most 4 MiB).
/// Errors: error.unknown_chain (args: text, the names), those of reading and of chain_from_json().
Result<LayerChain> open_chain(const std::string& name_or_path);

/// A layer in one line, without what has its simplest value: "Conv2d 3, s 2, p 1".
std::string layer_summary(const WindowLayer& layer);
/// Its name, or its number from 1 where it has none.
std::string layer_name(const WindowLayer& layer, size_t index);

/// The session's own layer as the first of a chain. Of a file's input the session does not know the extents: `plan`,
/// the last good one, does (may be null).
WindowLayer own_layer(const Session& session);
LayerChain chain_of_own_layer(const Session& session, const OperationPlan* plan);

}  // namespace convscope
