// Chains of layers as JSON, in PyTorch's words.
//
//   {
//     "format": "convscope-chain",
//     "version": 1,
//     "input_size": [224, 224],
//     "layers": [
//       {"layer": "Conv2d", "name": "conv1", "kernel_size": 11, "stride": 4, "padding": 2},
//       {"layer": "MaxPool2d", "kernel_size": 3, "stride": 2, "ceil_mode": true}
//     ]
//   }
//
// Layers are Conv, ConvTranspose, MaxPool and AvgPool, all 1d, 2d or 3d. An argument is a number or a list with one for
// each axis and has PyTorch's default where it is left out; `padding` may be "same" or "valid", and `pads` (all begins,
// then all ends) stands in its place where sides differ. input_size may be a whole shape such as [1, 3, 224, 224].
// Arguments that bear on no size (in_channels, bias, ...) may stand there and are written back. Unknown ones are refused
// in a file of its own, because what was meant by them is not known; within a session they are kept, as all unknown
// fields of sessions are.
#pragma once

#include <string>
#include <string_view>

#include "app/session/json_reader.h"
#include "engine/receptive_field.h"
#include "engine/result.h"

namespace convscope {

/// Errors: those of parse_json, error.json_missing, error.json_type, error.json_value, error.json_version,
/// error.chain_format (args: found, wanted), error.chain_unknown_field (args: field, what is known),
/// error.chain_mixed_axes (args: layer, its axes, the chain's), error.chain_too_long. Numbers are the gates' to judge.
Result<LayerChain> chain_from_json(std::string_view text);
/// A file of its own, with its title; that may be empty.
struct TitledChain {
  std::string title;
  LayerChain chain;
};
Result<TitledChain> titled_chain_from_json(std::string_view text);
/// Whether a text has the format of such a file, be it well formed or not.
bool is_chain_text(std::string_view text);

/// Without format and version, for objects that hold a chain; takes what it knows out of `fields`, failing as
/// chain_from_json() does, and keeps what it does not know of a layer with it. `prefix` goes before the fields' names in
/// messages.
void read_chain(FieldReader& fields, const std::string& prefix, LayerChain& chain, std::optional<Error>& error);

/// input_size and layers; arguments at their defaults are left out.
Json chain_json(const LayerChain& chain);
/// A file of its own; ends with a newline.
std::string chain_to_json(const LayerChain& chain);

}  // namespace convscope
