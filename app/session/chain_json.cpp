#include "app/session/chain_json.h"

#include <algorithm>
#include <array>
#include <limits>

namespace convscope {

namespace {

constexpr const char* kFormat = "convscope-chain";
constexpr int64_t kVersion = 1;
constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
constexpr std::array kKinds = {LayerKind::conv, LayerKind::conv_transpose, LayerKind::max_pool, LayerKind::avg_pool};

/// A module by its name.
struct Module {
  LayerKind kind = LayerKind::conv;
  int dims = 2;
};

std::optional<Module> module_from_name(std::string_view name) {
  for (LayerKind kind : kKinds) {
    for (int dims = 1; dims <= kMaxSpatialDims; ++dims) {
      if (name == module_name(kind, dims)) return Module{kind, dims};
    }
  }
  return std::nullopt;
}

std::string module_names() {
  std::string names;
  for (LayerKind kind : kKinds) names += (names.empty() ? "" : ", ") + module_name(kind, 1);
  return names + ", ... 3d";
}

/// "padding" as numbers or as a word of convolution's.
void read_padding(FieldReader& fields, WindowLayer& layer) {
  if (fields.has("padding") && fields.has("pads")) {
    return fields.fail_value("pads", "@json.beside_padding", "padding | pads");
  }
  const int dims = layer.dims();
  if (fields.has("pads")) {
    Spatial begin = layer.padding.begin, end = begin;
    fields.pads("pads", begin, end);
    layer.padding.kind = PaddingKind::pads;
    layer.padding.begin = begin;
    layer.padding.end = end;
    return;
  }
  std::optional<Json> padding = fields.take("padding");
  if (!padding) return;
  if (padding->is_string()) {
    const bool is_word = layer.kind == LayerKind::conv && (*padding == "same" || *padding == "valid");
    if (!is_word) {
      const char* wanted = layer.kind == LayerKind::conv ? "2, [2, 1], \"same\", \"valid\"" : "2, [2, 1]";
      return fields.fail_value("padding", FieldReader::shortened(padding->dump()), wanted);
    }
    layer.padding.kind = *padding == "same" ? PaddingKind::same : PaddingKind::valid;
    return;
  }
  fields.put_back("padding", *std::move(padding));
  layer.padding.both = Spatial::all(dims, 0);
  fields.spatial("padding", layer.padding.both);
}

/// What PyTorch's constructors take besides, without bearing on sizes or fields: checked for its type, then let go.
void read_the_rest(FieldReader& fields, const WindowLayer& layer) {
  int64_t number = 0;
  bool flag = false;
  if (layer.pools()) {
    fields.flag("return_indices", flag);
    fields.flag("count_include_pad", flag);
    fields.integer("divisor_override", number, kLeast, kMost);
    return;
  }
  for (const char* name : {"in_channels", "out_channels", "groups"}) fields.integer(name, number, kLeast, kMost);
  fields.flag("bias", flag);
  // Cells of other modes are copies of the input's: they would see more than zeros do.
  const auto zeros = [](const std::string& name) { return name == "zeros" ? std::optional(true) : std::nullopt; };
  fields.word("padding_mode", flag, zeros, "zeros");
}

std::vector<std::string_view> arguments_of(const WindowLayer& layer) {
  std::vector<std::string_view> known{"layer", "name", "kernel_size", "stride", "padding", "pads"};
  if (layer.kind != LayerKind::avg_pool) known.emplace_back("dilation");
  if (layer.transposes()) known.emplace_back("output_padding");
  if (layer.pools()) known.emplace_back("ceil_mode");
  return known;
}

bool takes(const WindowLayer& layer, std::string_view argument) {
  const std::vector<std::string_view> known = arguments_of(layer);
  return std::find(known.begin(), known.end(), argument) != known.end();
}

std::string known_arguments(const WindowLayer& layer) {
  std::string all;
  for (const std::string_view argument : arguments_of(layer)) all.append(all.empty() ? "" : ", ").append(argument);
  return all;
}

enum class Unknown : uint8_t { refused, kept };

/// One layer; `dims` is 0 until the first has told how many axes all have.
void read_layer(Json& object, const std::string& path, int& dims, Unknown unknown_fields, WindowLayer& layer,
                std::optional<Error>& error) {
  FieldReader fields(object, path + '.', error);
  if (!fields.has("layer")) return fields.fail_missing("layer");
  Module module;
  const std::string names = module_names();
  fields.word(
      "layer", module, [](const std::string& name) { return module_from_name(name); }, names.c_str());
  if (error) return;
  if (dims != 0 && module.dims != dims) {
    error = Error{"error.chain_mixed_axes", path, {path, module_name(module.kind, module.dims), std::to_string(dims)}};
    return;
  }
  dims = module.dims;
  layer = WindowLayer::of(module.kind, dims);
  fields.text("name", layer.name);
  if (!fields.has("kernel_size")) return fields.fail_missing("kernel_size");
  fields.spatial("kernel_size", layer.kernel_size);
  // Pooling moves by its kernel where it is not told otherwise.
  if (layer.pools()) layer.stride = layer.kernel_size;
  fields.spatial("stride", layer.stride);
  read_padding(fields, layer);
  if (layer.kind != LayerKind::avg_pool) fields.spatial("dilation", layer.dilation);
  if (layer.transposes()) fields.spatial("output_padding", layer.output_padding);
  if (layer.pools()) fields.flag("ceil_mode", layer.ceil_mode);
  if (!error && !object.empty()) layer.kept = object.dump();
  read_the_rest(fields, layer);
  if (error || object.empty() || unknown_fields == Unknown::kept) return;
  const std::string unknown = object.begin().key();
  error = Error{
      "error.chain_unknown_field", unknown, {path + '.' + FieldReader::shortened(unknown), known_arguments(layer)}};
}

/// A number for every axis, the axes, or a whole shape that ends in them.
void read_input_size(FieldReader& fields, int& dims, LayerChain& chain) {
  if (!fields.has("input_size")) return fields.fail_missing("input_size");
  std::optional<Json> value = fields.take("input_size");
  if (value->is_number_integer()) {
    if (dims == 0) dims = 2;
    fields.put_back("input_size", *std::move(value));
    chain.input_size = Spatial::all(dims, 0);
    return fields.spatial("input_size", chain.input_size);
  }
  fields.put_back("input_size", *std::move(value));
  std::vector<int64_t> extents;
  fields.extents("input_size", extents);
  if (extents.empty()) return;
  const auto rank = static_cast<int>(extents.size());
  if (dims == 0) dims = std::min(rank, kMaxSpatialDims);
  if (rank < dims || rank > dims + 2) {
    const std::string wanted = std::to_string(dims) + " .. " + std::to_string(dims + 2) + " numbers";
    return fields.fail_value("input_size", Json(extents).dump(), wanted);
  }
  chain.input_size = Spatial::all(dims, 0);
  const size_t leading = extents.size() - static_cast<size_t>(dims);
  for (int i = 0; i < dims; ++i) chain.input_size[i] = extents[leading + static_cast<size_t>(i)];
}

Json spatial_json(const Spatial& s) {
  if (s == Spatial::all(s.dims(), s[0])) return s[0];
  Json list = Json::array();
  for (int64_t value : s) list.push_back(value);
  return list;
}

Json layer_json(const WindowLayer& layer) {
  const WindowLayer standard = WindowLayer::of(layer.kind, layer.dims());
  Json json = Json::object();
  json["layer"] = module_name(layer.kind, layer.dims());
  if (!layer.name.empty()) json["name"] = layer.name;
  json["kernel_size"] = spatial_json(layer.kernel_size);
  const Spatial& still = layer.pools() ? layer.kernel_size : standard.stride;
  if (layer.stride != still) json["stride"] = spatial_json(layer.stride);
  switch (layer.padding.kind) {
    case PaddingKind::numbers:
      if (layer.padding.both != standard.padding.both) json["padding"] = spatial_json(layer.padding.both);
      break;
    case PaddingKind::same:
      json["padding"] = "same";
      break;
    case PaddingKind::valid:
      json["padding"] = "valid";
      break;
    case PaddingKind::pads:
      json["pads"] = Json::array();
      for (const Spatial& side : {layer.padding.begin, layer.padding.end}) {
        for (int64_t pad : side) json["pads"].push_back(pad);
      }
      break;
  }
  if (layer.dilation != standard.dilation) json["dilation"] = spatial_json(layer.dilation);
  if (layer.output_padding != standard.output_padding) json["output_padding"] = spatial_json(layer.output_padding);
  if (layer.ceil_mode) json["ceil_mode"] = true;
  if (layer.kept.empty()) return json;
  // What the layer has become since may take arguments of the same name: those are its own now.
  const Json kept = Json::parse(layer.kept, nullptr, false);
  for (const auto& [key, value] : kept.items()) {
    if (!takes(layer, key)) json[key] = value;
  }
  return json;
}

void read_layers(FieldReader& fields, const std::string& prefix, Unknown unknown_fields, LayerChain& chain,
                 std::optional<Error>& error) {
  if (!fields.has("layers")) return fields.fail_missing("layers");
  std::optional<Json> layers = fields.take("layers");
  if (!layers->is_array()) return fields.fail_type("layers", "@json.list", *layers);
  if (static_cast<int64_t>(layers->size()) > kMaxChainLayers) {
    if (!error) {
      error =
          Error{"error.chain_too_long", "layers", {std::to_string(layers->size()), std::to_string(kMaxChainLayers)}};
    }
    return;
  }
  int dims = 0;
  for (size_t i = 0; i < layers->size() && !error; ++i) {
    // Counted from 1, as the table does.
    const std::string path = prefix + "layers[" + std::to_string(i + 1) + "]";
    Json& object = (*layers)[i];
    if (!object.is_object()) {
      error = Error{"error.json_type", "layers", {path, "@json.object", kind_of(object)}};
      return;
    }
    read_layer(object, path, dims, unknown_fields, chain.layers.emplace_back(), error);
  }
  if (error) return;
  read_input_size(fields, dims, chain);
  chain.dims = dims;
}

}  // namespace

void read_chain(FieldReader& fields, const std::string& prefix, LayerChain& chain, std::optional<Error>& error) {
  read_layers(fields, prefix, Unknown::kept, chain, error);
}

Result<LayerChain> chain_from_json(std::string_view text) {
  Result<TitledChain> titled = titled_chain_from_json(text);
  if (!titled) return titled.error();
  return std::move(titled->chain);
}

bool is_chain_text(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  return json.is_object() && json.contains("format") && json["format"] == kFormat;
}

Result<TitledChain> titled_chain_from_json(std::string_view text) {
  Result<Json> parsed = parse_json(text);
  if (!parsed) return parsed.error();
  if (!parsed->is_object()) return Error{"error.json_type", "", {"@json.file", "@json.object", kind_of(*parsed)}};
  std::optional<Error> error;
  FieldReader fields(*parsed, "", error);
  std::string format;
  if (!fields.has("format")) fields.fail_missing("format");
  fields.text("format", format);
  if (error) return *error;
  if (format != kFormat) return Error{"error.chain_format", "format", {FieldReader::shortened(format), kFormat}};
  TitledChain titled;
  LayerChain& chain = titled.chain;
  int64_t version = 0;
  if (!fields.has("version")) fields.fail_missing("version");
  fields.integer("version", version, kLeast, kMost);
  if (error) return *error;
  if (version != kVersion) {
    return Error{"error.json_version", "version", {std::to_string(version), std::to_string(kVersion)}};
  }
  fields.text("title", titled.title);
  read_layers(fields, "", Unknown::refused, chain, error);
  if (error) return *error;
  if (!parsed->empty()) {
    const std::string unknown = parsed->begin().key();
    return Error{"error.chain_unknown_field",
                 unknown,
                 {FieldReader::shortened(unknown), "format, version, title, input_size, layers"}};
  }
  return titled;
}

Json chain_json(const LayerChain& chain) {
  Json json = Json::object();
  json["input_size"] = Json::array();
  for (int64_t extent : chain.input_size) json["input_size"].push_back(extent);
  json["layers"] = Json::array();
  for (const WindowLayer& layer : chain.layers) json["layers"].push_back(layer_json(layer));
  return json;
}

std::string chain_to_json(const LayerChain& chain) {
  Json root = Json::object();
  root["format"] = kFormat;
  root["version"] = kVersion;
  root.update(chain_json(chain));
  return pretty(root) + "\n";
}

}  // namespace convscope
