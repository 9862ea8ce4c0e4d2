#include "app/session/presets.h"

#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <filesystem>
#include <memory>
#include <optional>

#include "app/io/atomic_file.h"
#include "app/io/carried_text.h"
#include "app/io/foreign_file.h"
#include "app/io/image.h"
#include "app/io/npy.h"
#include "app/io/npz.h"
#include "app/io/tensor_text.h"
#include "app/language/nearest_word.h"
#include "app/session/beside.h"
#include "app/session/chain_json.h"
#include "app/session/chains.h"
#include "app/session/json_reader.h"
#include "app/session/model.h"
#include "app/session/operation_plan.h"
#include "app/session/session_json.h"
#include "app/session/share_text.h"
#include "embedded/presets.h"

namespace convscope {

namespace {

struct Ordered {
  int64_t order = 0;
  Preset preset;
};

/// A preset is a session with one more object: "preset": {"group": "...", "order": 10}; its "chain" names a built-in
/// chain that the session looks at.
std::optional<Ordered> parse(const embedded::File& file) {
  Result<Json> json = parse_json(file.contents);
  if (!json || !json->is_object() || !json->contains("preset")) return std::nullopt;
  const Json about = (*json)["preset"];
  json->erase("preset");
  Result<Session> session = session_from_json(json->dump());
  if (!session || !about.is_object()) return std::nullopt;
  if (const std::string chain = about.value("chain", std::string()); !chain.empty()) {
    const BuiltInChain* known = find_chain(chain);
    if (known == nullptr) return std::nullopt;
    session->chain = known->chain;
  }
  Ordered result;
  result.order = about.value("order", int64_t{0});
  result.preset.name = std::filesystem::path(file.path).stem().string();
  result.preset.title_key = "preset." + result.preset.name;
  result.preset.group_key = "preset_group." + about.value("group", std::string());
  for (Lens lens : all_lenses()) {
    const std::string& operation = session->operation;
    if (lens_shows(lens, *shown_family(operation), shown_dims(operation))) result.preset.lenses.push_back(lens);
  }
  result.preset.session = *std::move(session);
  return result;
}

}  // namespace

const std::vector<Preset>& presets() {
  static const std::vector<Preset> all = [] {
    std::vector<Ordered> ordered;
    for (const embedded::File& file : embedded::presets()) {
      if (std::optional<Ordered> preset = parse(file)) ordered.push_back(*std::move(preset));
    }
    std::stable_sort(ordered.begin(), ordered.end(),
                     [](const Ordered& a, const Ordered& b) { return a.order < b.order; });
    std::vector<Preset> list;
    for (Ordered& o : ordered) list.push_back(std::move(o.preset));
    return list;
  }();
  return all;
}

const Preset& first_preset() {
  const Preset* const tutorial = find_preset("tutorial_5_1");
  return tutorial != nullptr ? *tutorial : presets().front();
}

const Preset* find_preset(std::string_view name) {
  for (const Preset& preset : presets()) {
    if (preset.name == name) return &preset;
  }
  return nullptr;
}

std::string nearest_preset(std::string_view name) {
  std::vector<std::string> names;
  for (const Preset& preset : presets()) names.push_back(preset.name);
  return nearest_word(name, names);
}

namespace {

std::string lower_ending(const std::string& path) {
  std::string ending = std::filesystem::path(path).extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return ending;
}

/// A text's numbers as if they had been typed: they go into the session with their shape.
struct TextInput {
  Shape shape;
  TensorSource source;
  std::optional<DType> dtype;
};

Result<TextInput> read_text_input(const std::string& path) {
  Result<TensorText> text = read_tensor_text(path);
  if (!text) return text.error();
  const auto count = static_cast<int64_t>(text->values.size());
  if (count > kMaxTextInput) {
    return Error{"error.text_input_too_large", "input", {path, std::to_string(count), std::to_string(kMaxTextInput)}};
  }
  for (const double value : text->values) {
    if (!std::isfinite(value)) return Error{"error.text_input_not_finite", "input", {path}};
  }
  // A row of numbers is a tensor of one row.
  if (text->shape.rank() == 1) text->shape = Shape{1, text->shape[0]};
  auto values = std::make_shared<const std::vector<double>>(std::move(text->values));
  return TextInput{text->shape, TensorSource{SourceKind::values, {}, {}, std::move(values)}, text->dtype};
}

}  // namespace

bool is_tensor_name(const std::string& path) {
  const std::string ending = lower_ending(path);
  return is_array_path(path) || ending == ".txt" || is_image_name(path);
}

Result<Session> session_with_input_file(const Session& base, const std::string& path) {
  if (const std::optional<Error> foreign = foreign_file(path)) return *foreign;
  const bool is_npy = is_array_path(path);
  std::string stored = path;
  if (is_npz_path(path)) {
    Result<std::string> named = named_array_path(path);
    if (!named) return named.error();
    stored = *std::move(named);
  }
  std::optional<TextInput> text;
  if (lower_ending(path) == ".txt") {
    Result<TextInput> read = read_text_input(path);
    if (!read) return read.error();
    text = std::move(*read);
  }
  const bool volume = shown_dims(base.operation) == 3;
  if (volume && !text && !is_npy) return Error{"error.picture_no_volume", "input", {}};
  Result<Shape> shape = text ? Result<Shape>(text->shape) : is_npy ? npy_shape(stored) : image_shape(path);
  if (!shape) return shape.error();
  const bool sequence = shown_dims(base.operation) == 1 && (text || is_npy);
  if (sequence) shape = with_height(shape->rank() == 1 ? Shape{1, (*shape)[0]} : *shape);
  if (volume) {
    if (shape->rank() == 3) shape = Shape{1, 1, (*shape)[0], (*shape)[1], (*shape)[2]};
    if (shape->rank() != 4 && shape->rank() != 5) {
      return Error{"error.volume_file_rank", "input", {path, shape->to_string()}};
    }
  } else {
    if (shape->rank() == 2) shape = Shape{1, 1, (*shape)[0], (*shape)[1]};
    if (shape->rank() != 3 && shape->rank() != 4) {
      return Error{"error.input_file_rank", "input", {path, shape->to_string()}};
    }
  }
  Session session = base;
  session.input = TensorSource{is_npy ? SourceKind::npy : SourceKind::image, {}, stored, nullptr};
  if (text) session.input = std::move(text->source);
  if (text && text->dtype) session.params.dtype = *text->dtype;
  session.input_shape = *shape;
  ConvParams& params = session.params;
  const int64_t channels = (*shape)[shape->rank() - (volume ? 4 : 3)];
  const bool was_depthwise = params.groups > 1 && params.groups == params.in_channels;
  if (channels != params.in_channels && channels >= 1) {
    if (was_depthwise) {
      // One kernel per channel stays one kernel per channel.
      const int64_t per_channel = std::max<int64_t>(params.out_channels / params.groups, 1);
      params.groups = channels;
      params.out_channels = channels * per_channel;
    } else if (channels % params.groups != 0) {
      params.groups = 1;
    }
    params.in_channels = channels;
  }
  session.step = 1;
  return session;
}

namespace {

constexpr int64_t kMaxChainBytes = int64_t{4} << 20;

}  // namespace

bool is_chain_file(const std::string& path) {
  if (lower_ending(path) != ".json") return false;
  const Result<std::string> text = read_file(path, kMaxChainBytes);
  return text && is_chain_text(*text);
}

bool is_project_file(const std::string& name) {
  return find_preset(name) == nullptr && !is_session_text(name) && !is_tensor_name(name) && !is_model_path(name) &&
         !is_chain_file(name) && !carried_session(name);
}

Result<Session> session_with_chain_file(const Session& base, const std::string& path) {
  const Result<std::string> text = read_file(path, kMaxChainBytes);
  if (!text) return text.error();
  Result<TitledChain> titled = titled_chain_from_json(*text);
  if (!titled) return error_in_file(std::move(titled).error(), *text, path);
  if (titled->chain.layers.empty()) return Error{"error.chain_empty", "layers", {}};
  Session session = base;
  session.chain = std::move(titled->chain);
  session.title = titled->title.empty() ? std::filesystem::path(path).stem().string() : titled->title;
  session.lens = Lens::receptive_field;
  session.step = 1;
  return session;
}

bool is_session_text(const std::string& text) {
  struct stat status = {};
  if (find_preset(text) != nullptr || is_model_path(text)) return false;
  if (stat(array_path(text).file.c_str(), &status) == 0) return false;
  return is_share_text(text) || is_layer_code(text);
}

std::string title_of(const std::string& preset_or_path) {
  if (find_preset(preset_or_path) != nullptr) return preset_or_path;
  if (is_session_text(preset_or_path)) return {};
  const std::filesystem::path path(preset_or_path);
  if (const LayerPath layer = layer_path(preset_or_path); !layer.layer.empty()) return layer.layer;
  // "weights.npz:conv1.bias" has no ending.
  return (array_path(preset_or_path).array.empty() ? path.stem() : path.filename()).string();
}

Result<Session> open_session(const std::string& preset_or_path, std::vector<CodeNote>* notes) {
  if (const Preset* preset = find_preset(preset_or_path)) return preset->session;
  struct stat status = {};
  if (is_model_path(preset_or_path)) return session_of_layer(preset_or_path);
  if (stat(array_path(preset_or_path).file.c_str(), &status) != 0) {
    if (is_share_text(preset_or_path)) return session_from_share_text(preset_or_path);
    if (is_layer_code(preset_or_path)) {
      const Result<LayerCode> code = read_layer_code(preset_or_path, Session());
      if (!code) return code.error();
      if (notes != nullptr) *notes = code->notes;
      return session_of(*code);
    }
    const bool looks_like_a_path = preset_or_path.find_first_of("/.") != std::string::npos;
    if (looks_like_a_path) return Error{"error.file_not_found", "", {preset_or_path}};
    return Error{"error.unknown_session", "", {preset_or_path, nearest_preset(preset_or_path)}};
  }
  if (auto carried = carried_session(preset_or_path)) return std::move(*carried);
  if (is_tensor_name(preset_or_path)) {
    Session session;
    if (is_image_name(preset_or_path)) {
      // A picture shows at once what a kernel can do with it.
      session.weight.name = "sobel_x";
      session.params.padding = {1, 1};
    }
    Result<Session> opened = session_with_input_file(session, preset_or_path);
    if (opened) {
      // The default kernel, made to fit what is smaller than it.
      const ConvParams& p = opened->params;
      const Shape& shape = opened->input_shape;
      const auto fitting = [](int64_t kernel, int64_t extent, int64_t padding) {
        return std::clamp<int64_t>(extent + 2 * padding, 1, kernel);
      };
      opened->params.kernel_size = {fitting(p.kernel_size.h, shape[shape.rank() - 2], p.padding.h),
                                    fitting(p.kernel_size.w, shape[shape.rank() - 1], p.padding.w)};
    }
    return opened;
  }
  if (carried_text(preset_or_path).can_carry) return Error{"error.no_session_inside", "", {preset_or_path}};
  if (is_chain_file(preset_or_path)) return session_with_chain_file(Session(), preset_or_path);
  if (const std::optional<Error> foreign = foreign_file(preset_or_path)) return *foreign;
  return load_session(preset_or_path);
}

Result<void> apply_beside(Session& session, const BesideChoice& choice, std::vector<CodeNote>* notes) {
  const auto fitting = [](Lens wanted, const Configuration& of) -> Result<Lens> {
    const OperationFamily family = shown_family(of.operation).value_or(OperationFamily::conv);
    const int dims = shown_dims(of.operation);
    const Lens lens = lens_for(family, wanted, dims);
    if (!lens_shows(lens, family, dims)) return unfit_lens(lens);
    return lens;
  };
  if (choice.beside.empty() && !choice.lens && !choice.lens_b) return {};
  // Options name A and B, whichever is edited.
  if (session.beside && session.beside->is_a) switch_sides(session);
  if (!choice.beside.empty()) {
    const Result<Session> b = open_session(choice.beside, notes);
    if (!b) return b.error();
    compare_with(session, *b);
    if (session.beside->other->title.empty()) session.beside->other->title = title_of(choice.beside);
  }
  if (choice.lens) {
    const Result<Lens> lens = fitting(*choice.lens, session);
    if (!lens) return lens.error();
    session.lens = *lens;
    if (session.beside && session.beside->other) session.beside->lens.reset();
  }
  if (!choice.lens_b) return {};
  const bool has_other = session.beside && session.beside->other;
  const Result<Lens> lens =
      has_other ? fitting(*choice.lens_b, *session.beside->other) : fitting(*choice.lens_b, session);
  if (!lens) return lens.error();
  if (has_other) {
    session.beside->lens = *lens;
  } else {
    compare_lenses(session, *lens);
  }
  return {};
}

std::optional<Session> carried_session(const std::string& path) {
  const CarriedText carried = carried_text(path);
  if (!carried.json) return std::nullopt;
  Result<Session> session = session_from_json(*carried.json, std::filesystem::path(path).parent_path().string());
  if (!session) return std::nullopt;
  return std::move(*session);
}

}  // namespace convscope
