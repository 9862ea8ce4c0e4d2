#include "app/session/session_json.h"

#include <array>
#include <cmath>
#include <filesystem>
#include <limits>

#include "app/io/atomic_file.h"
#include "app/session/beside.h"
#include "app/session/chain_json.h"
#include "app/session/json_reader.h"
#include "app/session/operation_plan.h"

namespace convscope {

namespace {

constexpr const char* kSessionFormat = "convscope-session";
constexpr const char* kLessonFormat = "convscope-lesson";
constexpr int64_t kVersion = 1;
constexpr int64_t kMaxSessionBytes = int64_t{64} << 20;
constexpr size_t kMaxTypedNumbers = size_t{1} << 22;
constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

std::optional<PaddingMode> padding_mode_from_name(const std::string& name) {
  for (PaddingMode mode : {PaddingMode::zeros, PaddingMode::reflect, PaddingMode::replicate, PaddingMode::circular}) {
    if (name == name_of(mode)) return mode;
  }
  return std::nullopt;
}

std::optional<DType> dtype_from_name(const std::string& name) {
  if (name == "float32") return DType::float32;
  if (name == "float64") return DType::float64;
  return std::nullopt;
}

/// format and version, which every file of ours begins with; takes them out.
std::optional<Error> read_head(FieldReader& fields, std::initializer_list<std::string_view> formats,
                               std::string& format, std::optional<Error>& error) {
  if (!fields.has("format")) fields.fail_missing("format");
  fields.text("format", format);
  if (error) return error;
  bool is_known = false;
  for (std::string_view known : formats) is_known = is_known || format == known;
  if (!is_known) return Error{"error.json_format", "format", {FieldReader::shortened(format), kSessionFormat}};

  if (!fields.has("version")) fields.fail_missing("version");
  int64_t version = 0;
  fields.integer("version", version, std::numeric_limits<int64_t>::min(), kMost);
  if (error) return error;
  if (version != kVersion) {
    return Error{"error.json_version", "version", {std::to_string(version), std::to_string(kVersion)}};
  }
  return std::nullopt;
}

/// The padding of each side, "pads": [top, left, bottom, right], instead of "padding".
void read_pads(FieldReader& fields, ConvParams& params) {
  constexpr const char* kWanted = "[top, left, bottom, right]";
  const std::optional<Json> list = fields.take("pads");
  if (!list->is_array()) return fields.fail_type("pads", "@json.list", *list);
  std::array<int64_t, 4> sides{};
  bool fits = list->size() == sides.size();
  for (size_t i = 0; fits && i < sides.size(); ++i) {
    const Json& side = (*list)[i];
    fits =
        side.is_number_integer() && !(side.is_number_unsigned() && side.get<uint64_t>() > static_cast<uint64_t>(kMost));
    if (fits) sides[i] = side.get<int64_t>();
  }
  if (!fits) return fields.fail_value("pads", FieldReader::shortened(list->dump()), kWanted);
  params.padding_kind = PaddingKind::pads;
  params.pads = {sides[0], sides[1], sides[2], sides[3]};
}

/// All axes of an argument: both of a picture, the width alone of a sequence, of a volume the depth as well.
void read_axes(FieldReader& fields, const char* field, Pair& pair, int64_t& depth, int dims) {
  if (dims == 2) return fields.pair(field, pair);
  if (dims == 3) {
    Spatial triple{depth, pair.h, pair.w};
    fields.spatial(field, triple);
    depth = triple[0];
    pair = {triple[1], triple[2]};
    return;
  }
  Spatial width = Spatial::all(1, pair.w);
  fields.spatial(field, width);
  pair.w = width[0];
}

/// "pads": [left, right].
void read_flat_pads(FieldReader& fields, ConvParams& params) {
  Spatial begin = Spatial::all(1, 0), end = begin;
  fields.pads("pads", begin, end);
  params.padding_kind = PaddingKind::pads;
  params.pads = {0, begin[0], 0, end[0]};
}

/// "pads": [front, top, left, back, bottom, right].
void read_deep_pads(FieldReader& fields, ConvParams& params, DepthParams& depth) {
  Spatial begin = Spatial::all(3, 0), end = begin;
  fields.pads("pads", begin, end);
  params.padding_kind = PaddingKind::pads;
  params.pads = {begin[1], begin[2], end[1], end[2]};
  depth.front = begin[0];
  depth.back = end[0];
}

void read_params(FieldReader& fields, ConvParams& params, DepthParams& depth, int dims) {
  if (dims == 1) params.kernel_size.h = 1;
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
  // Ranges are validate()'s business: a session with a stride of 0 can be opened, looked at and repaired.
  fields.integer("in_channels", params.in_channels, kLeast, kMost);
  fields.integer("out_channels", params.out_channels, kLeast, kMost);
  read_axes(fields, "kernel_size", params.kernel_size, depth.kernel_size, dims);
  read_axes(fields, "stride", params.stride, depth.stride, dims);
  if (fields.has("padding") && fields.has("pads")) {
    return fields.fail_value("pads", "@json.beside_padding", "padding | pads");
  }
  if (std::optional<Json> padding = fields.take("padding")) {
    if (padding->is_string()) {
      if (*padding == "same") {
        params.padding_kind = PaddingKind::same;
      } else if (*padding == "valid") {
        params.padding_kind = PaddingKind::valid;
      } else {
        fields.fail_value("padding", padding->dump(), "2, [2, 1], \"same\", \"valid\"");
      }
    } else {
      fields.put_back("padding", *std::move(padding));
      read_axes(fields, "padding", params.padding, depth.padding, dims);
    }
  }
  if (fields.has("pads")) {
    dims == 1   ? read_flat_pads(fields, params)
    : dims == 3 ? read_deep_pads(fields, params, depth)
                : read_pads(fields, params);
  }
  read_axes(fields, "dilation", params.dilation, depth.dilation, dims);
  fields.integer("groups", params.groups, kLeast, kMost);
  fields.flag("bias", params.bias);
  fields.word("padding_mode", params.padding_mode, padding_mode_from_name, "zeros, reflect, replicate, circular");
  fields.word("dtype", params.dtype, dtype_from_name, "float32, float64");
}

bool is_pooling(OperationFamily family) {
  return family == OperationFamily::max_pool || family == OperationFamily::avg_pool;
}

/// The arguments that only some operations have; of the others' they are unknown fields, kept as they are.
void read_more(FieldReader& fields, OperationFamily family, MoreParams& more) {
  if (family == OperationFamily::conv_transpose) fields.pair("output_padding", more.output_padding);
  if (is_pooling(family)) fields.flag("ceil_mode", more.ceil_mode);
  if (family != OperationFamily::avg_pool) return;
  fields.flag("count_include_pad", more.count_include_pad);
  std::optional<Json> divisor = fields.take("divisor_override");
  if (!divisor || divisor->is_null()) return;
  fields.put_back("divisor_override", *std::move(divisor));
  int64_t value = 0;
  fields.integer("divisor_override", value, std::numeric_limits<int64_t>::min(), kMost);
  more.divisor_override = value;
}

bool takes_values(SourceKind kind) { return kind == SourceKind::values; }

enum class Place : uint8_t { input, weight, bias, grad_output, target };

/// Which sources make sense where.
bool fits(SourceKind kind, Place place) {
  switch (kind) {
    case SourceKind::image:
    case SourceKind::sample:
      return place == Place::input;
    case SourceKind::named:
      return place == Place::weight || place == Place::target;
    case SourceKind::conv2d_init:
      return place == Place::weight || place == Place::bias;
    case SourceKind::onnx:
      return place == Place::input || place == Place::weight || place == Place::bias;
    case SourceKind::mse:
      return place == Place::grad_output;
    default:
      return true;
  }
}

std::string words_for(Place place) {
  std::string words;
  for (int i = 0; i <= static_cast<int>(SourceKind::mse); ++i) {
    const auto kind = static_cast<SourceKind>(i);
    if (fits(kind, place)) words += (words.empty() ? "" : ", ") + std::string(name_of(kind));
  }
  return words;
}

void read_source(FieldReader& fields, Place place, const std::string& base_folder, TensorSource& source) {
  if (!fields.has("source")) return fields.fail_missing("source");
  SourceKind kind = SourceKind::arange;
  const auto from_name = [&](const std::string& name) {
    std::optional<SourceKind> found = source_kind_from_name(name);
    return found && fits(*found, place) ? found : std::nullopt;
  };
  const std::string words = words_for(place);
  fields.word("source", kind, from_name, words.c_str());
  source = TensorSource{kind, {}, {}, nullptr};
  if (kind == SourceKind::named) {
    if (!fields.has("name")) return fields.fail_missing("name");
    fields.text("name", source.name);
  }
  if (is_of_file(kind)) {
    if (!fields.has("path")) return fields.fail_missing("path");
    fields.text("path", source.path);
    if (!base_folder.empty() && !source.path.empty()) {
      source.path = (std::filesystem::path(base_folder) / source.path).lexically_normal().string();
    }
  }
  if (kind == SourceKind::onnx) {
    if (!fields.has("layer")) return fields.fail_missing("layer");
    fields.text("layer", source.name);
    if (place == Place::input) {
      fields.text("picture", source.picture);
      fields.flag("imagenet", source.imagenet);
      if (!base_folder.empty() && !source.picture.empty()) {
        source.picture = (std::filesystem::path(base_folder) / source.picture).lexically_normal().string();
      }
    }
  }
  if (takes_values(kind)) {
    if (!fields.has("values")) return fields.fail_missing("values");
    auto values = std::make_shared<std::vector<double>>();
    fields.numbers("values", *values, kMaxTypedNumbers);
    source.values = std::move(values);
  }
}

void read_gradient(FieldReader& fields, const std::string& outer, const std::string& base_folder,
                   GradientSettings& gradient, std::optional<Error>& error) {
  const auto source = [&](const char* field, Place place, TensorSource& target) {
    std::optional<Json> object = fields.object(field);
    if (!object) return;
    std::string prefix = outer + "gradient.";
    prefix.append(field).append(".");
    FieldReader inner(*object, std::move(prefix), error);
    read_source(inner, place, base_folder, target);
    if (!object->empty()) fields.put_back(field, *std::move(object));
  };
  source("grad_output", Place::grad_output, gradient.grad_output);
  source("target", Place::target, gradient.target);
}

void read_learn(FieldReader& fields, LearnSettings& learn) {
  learn.on = true;
  fields.flag("on", learn.on);
  // Ranges are validate()'s business.
  fields.number("learning_rate", learn.learning_rate, std::numeric_limits<double>::lowest(),
                std::numeric_limits<double>::max());
  fields.integer("steps", learn.steps, std::numeric_limits<int64_t>::min(), kMost);
}

constexpr const char* kWindowRows = "rows";
constexpr const char* kWindowColumns = "columns";

void read_picture(FieldReader& fields, PictureOptions& picture) {
  fields.flag("window_weights", picture.window_weights);
  const auto columns = [](const std::string& name) -> std::optional<bool> {
    if (name == kWindowRows) return false;
    if (name == kWindowColumns) return true;
    return std::nullopt;
  };
  fields.word("windows", picture.window_columns, columns, "rows, columns");
  fields.flag("use_counts", picture.use_counts);
}

/// Numbers of a row-major tensor, in rows of `row` where they divide.
Json values_json(const std::vector<double>& values, int64_t row) {
  const auto number = [](double value) -> Json {
    if (std::isnan(value)) return "nan";
    if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
    // Whole numbers without ".0", as people type them.
    if (value == std::floor(value) && std::abs(value) < 1e15 && !(value == 0 && std::signbit(value))) {
      return static_cast<int64_t>(value);
    }
    return value;
  };
  const auto count = static_cast<int64_t>(values.size());
  Json list = Json::array();
  if (row <= 0 || row >= count || count % row != 0) {
    for (double value : values) list.push_back(number(value));
    return list;
  }
  for (int64_t start = 0; start < count; start += row) {
    Json line = Json::array();
    for (int64_t i = start; i < start + row; ++i) line.push_back(number(values[static_cast<size_t>(i)]));
    list.push_back(std::move(line));
  }
  return list;
}

Json source_json(const TensorSource& source, int64_t row) {
  Json json = Json::object();
  json["source"] = name_of(source.kind);
  if (source.kind == SourceKind::named) json["name"] = source.name;
  if (is_of_file(source.kind)) json["path"] = source.path;
  if (source.kind == SourceKind::onnx) {
    json["layer"] = source.name;
    if (!source.picture.empty()) json["picture"] = source.picture;
    if (source.imagenet) json["imagenet"] = true;
  }
  if (takes_values(source.kind)) {
    static const std::vector<double> none;
    json["values"] = values_json(source.values == nullptr ? none : *source.values, row);
  }
  return json;
}

Json pair_json(Pair pair) { return Json::array({pair.h, pair.w}); }

Json axes_json(Pair pair, int64_t depth, int dims) {
  if (dims == 3) return Json::array({depth, pair.h, pair.w});
  return dims == 1 ? Json::array({pair.w}) : pair_json(pair);
}

Json pads_json(const Pads& pads, const DepthParams& depth, int dims) {
  if (dims == 1) return Json::array({pads.left, pads.right});
  if (dims == 3) return Json::array({depth.front, pads.top, pads.left, depth.back, pads.bottom, pads.right});
  return Json::array({pads.top, pads.left, pads.bottom, pads.right});
}

void write_more(const Configuration& session, Json& params) {
  const OperationFamily family = shown_family(session.operation).value_or(OperationFamily::conv);
  const MoreParams& more = session.more;
  if (family == OperationFamily::conv_transpose) params["output_padding"] = pair_json(more.output_padding);
  if (is_pooling(family)) params["ceil_mode"] = more.ceil_mode;
  if (family != OperationFamily::avg_pool) return;
  params["count_include_pad"] = more.count_include_pad;
  params["divisor_override"] = more.divisor_override ? Json(*more.divisor_override) : Json(nullptr);
}

std::string words_of_all(const std::vector<std::string_view>& words) {
  std::string all;
  for (std::string_view word : words) all += (all.empty() ? "" : ", ") + std::string(word);
  return all;
}

/// Adds what `extra` has and `target` has not, objects within included.
void merge_unknown(Json& target, const Json& extra) {
  for (const auto& [key, value] : extra.items()) {
    if (!target.contains(key)) {
      target[key] = value;
    } else if (target[key].is_object() && value.is_object()) {
      merge_unknown(target[key], value);
    }
  }
}

/// What a session and what stands beside it have in common; takes it out of `root`. What is left unknown of objects
/// within goes to `unknown`. `prefix` goes before the fields' names in messages.
void read_configuration(FieldReader& fields, const std::string& prefix, const std::string& base_folder,
                        Configuration& session, Json& unknown, std::optional<Error>& error) {
  if (!fields.has("operation")) fields.fail_missing("operation");
  fields.text("operation", session.operation);
  if (!error && !shown_family(session.operation)) {
    error = Error{"error.unknown_operation",
                  prefix + "operation",
                  {FieldReader::shortened(session.operation), words_of_all(shown_operations())}};
  }
  if (error) return;
  const OperationFamily family = shown_family(session.operation).value_or(OperationFamily::conv);
  const int dims = shown_dims(session.operation);
  fields.text("title", session.title);
  const auto within = [&](const char* field, auto read) {
    std::optional<Json> object = fields.object(field);
    if (!object) return;
    FieldReader inner(*object, prefix + field + ".", error);
    read(inner);
    if (!object->empty()) unknown[field] = *std::move(object);
  };
  within("params", [&](FieldReader& inner) {
    const bool has_stride = inner.has("stride");
    read_params(inner, session.params, session.more.depth, dims);
    read_more(inner, family, session.more);
    // Pooling's stride is its kernel's size where it is left out.
    if (!has_stride && is_pooling(family)) session.params.stride = session.params.kernel_size;
  });
  if (dims == 1) session.input_shape = {1, 1, 1, 5};
  if (dims == 3) session.input_shape = {1, 1, 5, 5, 5};
  fields.integer("seed", session.seed, std::numeric_limits<int64_t>::min(), kMost);
  within("input", [&](FieldReader& inner) {
    read_source(inner, Place::input, base_folder, session.input);
    std::vector<int64_t> extents;
    inner.extents("shape", extents);
    if (extents.empty()) return;
    session.input_shape = Shape();
    for (int64_t extent : extents) session.input_shape.push_back(extent);
    if (dims == 1) session.input_shape = with_height(session.input_shape);
  });
  within("weight", [&](FieldReader& inner) { read_source(inner, Place::weight, base_folder, session.weight); });
  within("bias", [&](FieldReader& inner) { read_source(inner, Place::bias, base_folder, session.bias); });
  within("gradient", [&](FieldReader& inner) { read_gradient(inner, prefix, base_folder, session.gradient, error); });
  within("learn", [&](FieldReader& inner) { read_learn(inner, session.learn); });
  fields.word("algorithm", session.algorithm, algorithm_from_name, names_of(algorithms()).c_str());
  within("chain", [&](FieldReader& inner) { read_chain(inner, prefix + "chain.", session.chain, error); });
}

/// "beside": the other configuration's fields, or only a lens; "edited": true where that is the side that is edited.
void read_beside(FieldReader& fields, const std::string& base_folder, Session& session, bool& is_edited, Json& unknown,
                 std::optional<Error>& error) {
  std::optional<Json> object = fields.object("beside");
  if (!object) return;
  Beside beside;
  Json rest = Json::object();
  FieldReader inner(*object, "beside.", error);
  std::string operation = session.operation;
  if (inner.has("operation")) {
    beside.other.emplace();
    read_configuration(inner, "beside.", base_folder, *beside.other, rest, error);
    operation = beside.other->operation;
  } else if (!inner.has("lens")) {
    return inner.fail_missing("operation");
  }
  if (error) return;
  if (inner.has("lens")) {
    Lens lens = session.lens;
    inner.word("lens", lens, lens_from_name, names_of_lenses().c_str());
    beside.lens = fitting_lens(shown_family(operation).value_or(OperationFamily::conv), lens, shown_dims(operation));
  }
  inner.flag("edited", is_edited);
  for (auto& [key, value] : object->items()) rest[key] = std::move(value);
  if (!rest.empty()) {
    if (beside.other) {
      beside.other->unknown_fields = rest.dump();
    } else {
      unknown["beside"] = std::move(rest);
    }
  }
  session.beside = std::move(beside);
}

Json configuration_json(const Configuration& session, Json root) {
  root["operation"] = session.operation;
  if (!session.title.empty()) root["title"] = session.title;
  const ConvParams& p = session.params;
  const int dims = shown_dims(session.operation);
  Json params = Json::object();
  params["in_channels"] = p.in_channels;
  params["out_channels"] = p.out_channels;
  const DepthParams& depth = session.more.depth;
  params["kernel_size"] = axes_json(p.kernel_size, depth.kernel_size, dims);
  params["stride"] = axes_json(p.stride, depth.stride, dims);
  switch (p.padding_kind) {
    case PaddingKind::numbers:
      params["padding"] = axes_json(p.padding, depth.padding, dims);
      break;
    case PaddingKind::same:
      params["padding"] = "same";
      break;
    case PaddingKind::valid:
      params["padding"] = "valid";
      break;
    case PaddingKind::pads:
      params["pads"] = pads_json(p.pads, depth, dims);
      break;
  }
  params["dilation"] = axes_json(p.dilation, depth.dilation, dims);
  params["groups"] = p.groups;
  params["bias"] = p.bias;
  params["padding_mode"] = name_of(p.padding_mode);
  params["dtype"] = name_of(p.dtype);
  write_more(session, params);
  root["params"] = std::move(params);
  root["seed"] = session.seed;
  const Shape shape = dims == 1 ? without_height(session.input_shape) : session.input_shape;
  Json input = source_json(session.input, shape.rank() > 0 ? shape[shape.rank() - 1] : 0);
  input["shape"] = Json::array();
  for (int64_t extent : shape) input["shape"].push_back(extent);
  root["input"] = std::move(input);
  root["weight"] = source_json(session.weight, p.kernel_size.w);
  root["bias"] = source_json(session.bias, 0);
  // Most sessions never look at gradients.
  if (!(session.gradient == GradientSettings())) {
    root["gradient"]["grad_output"] = source_json(session.gradient.grad_output, 0);
    root["gradient"]["target"] = source_json(session.gradient.target, 0);
  }
  if (!(session.learn == LearnSettings())) {
    root["learn"]["on"] = session.learn.on;
    root["learn"]["learning_rate"] = session.learn.learning_rate;
    root["learn"]["steps"] = session.learn.steps;
  }
  root["algorithm"] = name_of(session.algorithm);
  if (!session.chain.layers.empty()) root["chain"] = chain_json(session.chain);
  return root;
}

void keep_unknown(Json& root, const Configuration& session) {
  if (session.unknown_fields.empty()) return;
  const Json unknown = Json::parse(session.unknown_fields, nullptr, false);
  if (unknown.is_object()) merge_unknown(root, unknown);
}

}  // namespace

Result<Session> session_from_json(std::string_view text, const std::string& base_folder) {
  Result<Json> parsed = parse_json(text);
  if (!parsed) return parsed.error();
  Json& root = *parsed;
  if (!root.is_object()) return Error{"error.json_type", "", {"@json.file", "@json.object", kind_of(root)}};

  std::optional<Error> error;
  FieldReader fields(root, "", error);
  std::string format;
  if (std::optional<Error> head = read_head(fields, {kSessionFormat}, format, error)) return *head;

  Session session;
  Json unknown = Json::object();
  read_configuration(fields, "", base_folder, session, unknown, error);
  if (error) return *error;
  const OperationFamily family = shown_family(session.operation).value_or(OperationFamily::conv);
  const int dims = shown_dims(session.operation);
  session.lens = fitting_lens(family, Lens::sliding, dims);
  fields.word("lens", session.lens, lens_from_name, names_of_lenses().c_str());
  session.lens = fitting_lens(family, session.lens, dims);
  if (std::optional<Json> object = fields.object("picture")) {
    FieldReader inner(*object, "picture.", error);
    read_picture(inner, session.picture);
    if (!object->empty()) unknown["picture"] = *std::move(object);
  }
  fields.integer("step", session.step, 1, kMost);
  fields.number("steps_per_second", session.steps_per_second, 0, 1000);
  fields.flag("loop", session.loop);
  fields.word("theme", session.theme, theme_from_name, "light, dark, contrast");
  fields.word("language", session.language, language_from_name, "en, zh");
  bool other_is_edited = false;
  read_beside(fields, base_folder, session, other_is_edited, unknown, error);
  if (error) return *error;

  for (auto& [key, value] : root.items()) unknown[key] = std::move(value);
  if (!unknown.empty()) session.unknown_fields = unknown.dump();
  if (other_is_edited) switch_sides(session);
  return session;
}

std::string session_to_json(const Session& shown) {
  // A file begins with A, whichever is being edited.
  const bool other_is_edited = shown.beside && shown.beside->is_a;
  Session first;
  if (other_is_edited) {
    first = shown;
    switch_sides(first);
  }
  const Session& session = other_is_edited ? first : shown;
  Json root = Json::object();
  root["format"] = kSessionFormat;
  root["version"] = kVersion;
  root = configuration_json(session, std::move(root));
  root["lens"] = name_of(session.lens);
  if (!(session.picture == PictureOptions())) {
    root["picture"]["window_weights"] = session.picture.window_weights;
    root["picture"]["windows"] = session.picture.window_columns ? kWindowColumns : kWindowRows;
    root["picture"]["use_counts"] = session.picture.use_counts;
  }
  root["step"] = session.step;
  root["steps_per_second"] = session.steps_per_second;
  root["loop"] = session.loop;
  root["theme"] = name_of(session.theme);
  root["language"] = name_of(session.language);
  if (session.beside) {
    Json beside = Json::object();
    if (session.beside->other) beside = configuration_json(*session.beside->other, std::move(beside));
    if (session.beside->lens) beside["lens"] = name_of(*session.beside->lens);
    if (other_is_edited) beside["edited"] = true;
    if (session.beside->other) keep_unknown(beside, *session.beside->other);
    root["beside"] = std::move(beside);
  }
  keep_unknown(root, session);
  return pretty(root) + "\n";
}

Result<DocumentKind> check_document(std::string_view text, const std::string& base_folder) {
  Result<Json> parsed = parse_json(text);
  if (!parsed) return parsed.error();
  if (parsed->is_object() && parsed->contains("format") && (*parsed)["format"] == kLessonFormat) {
    std::optional<Error> error;
    FieldReader fields(*parsed, "", error);
    std::string format;
    if (std::optional<Error> head = read_head(fields, {kLessonFormat}, format, error)) return *head;
    return DocumentKind::lesson;
  }
  if (is_chain_text(text)) {
    const Result<LayerChain> chain = chain_from_json(text);
    if (!chain) return chain.error();
    return DocumentKind::chain;
  }
  Result<Session> session = session_from_json(text, base_folder);
  if (!session) return session.error();
  return DocumentKind::session;
}

Error error_in_file(Error error, std::string_view text, const std::string& path) {
  if (error.code != "error.json_syntax") return error;
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return Error{"error.file_empty", "", {path}};
  error.code = "error.json_syntax_in_file";
  error.args.push_back(path);
  return error;
}

Result<Session> load_session(const std::string& path) {
  const Result<std::string> text = read_file(path, kMaxSessionBytes);
  if (!text) return text.error();
  Result<Session> session = session_from_json(*text, std::filesystem::path(path).parent_path().string());
  if (!session) return error_in_file(std::move(session).error(), *text, path);
  return session;
}

std::string session_text_for(const std::string& path, const Session& session) {
  Session copy = session;
  std::error_code failed;
  const std::filesystem::path folder = std::filesystem::absolute(path, failed).parent_path().lexically_normal();
  for (TensorSource* source : sources_of(copy)) {
    for (std::string* name : {&source->path, &source->picture}) {
      if (name->empty()) continue;
      const std::filesystem::path file = std::filesystem::absolute(*name, failed).lexically_normal();
      *name = file.lexically_relative(folder).string();
    }
  }
  return session_to_json(copy);
}

Result<void> save_session(const std::string& path, const Session& session) {
  // Files beside the project or below it are named from there, so that the folder can be moved as a whole.
  Session copy = session;
  std::error_code failed;
  const std::filesystem::path folder = std::filesystem::absolute(path, failed).parent_path().lexically_normal();
  for (TensorSource* source : sources_of(copy)) {
    for (std::string* name : {&source->path, &source->picture}) {
      if (name->empty()) continue;
      const std::filesystem::path file = std::filesystem::absolute(*name, failed).lexically_normal();
      const std::filesystem::path from_folder = file.lexically_relative(folder);
      const bool is_below = !from_folder.empty() && *from_folder.begin() != "..";
      *name = (is_below ? from_folder : file).string();
    }
  }
  return write_file(path, session_to_json(copy));
}

}  // namespace convscope
