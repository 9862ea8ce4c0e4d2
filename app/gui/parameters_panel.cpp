#include <imgui.h>
#include <imgui_stdlib.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/gui/constructor_text.h"
#include "app/gui/edits.h"
#include "app/gui/panels.h"
#include "app/gui/tensor_editor.h"
#include "app/gui/widgets.h"
#include "app/session/named_kernels.h"
#include "engine/conv_param_spec.h"

namespace convscope {

namespace {

/// What the panel keeps between frames besides the session.
struct Memory {
  std::string constructor;            // as shown and typed, with its line breaks
  std::optional<ConvParams> written;  // the parameters that `constructor` was made from
  float wrap_width = 0;               // of the line breaks
  std::optional<Error> constructor_error;
  bool typing = false;
  std::map<std::string_view, bool> linked;  // pairs whose two numbers move together
  std::map<std::string, std::string, std::less<>> help;
  Language help_language = Language::en;
  bool input_numbers_open = false;
};

Memory& memory() {
  static Memory the_memory;
  return the_memory;
}

LastGood last_good(const UiContext& ui) { return LastGood(ui.workbench.computation()); }

void apply(UiContext& ui, Result<Action> action) {
  if (action) {
    ui.workbench.apply(*action);
    return;
  }
  ui.notice = Notice{describe(ui.language(), action.error()), true, ui.time_seconds + 8};
}

// ---------------------------------------------------------------------------------------------------------------
// The constructor call

/// Breaks the call between its arguments, under its opening bracket, as PEP 8 has it.
std::string broken_into_lines(const std::string& call, size_t columns) {
  constexpr std::string_view kIndent = "       ";  // as wide as "Conv2d("
  std::string lines;
  size_t column = 0;
  size_t at = 0;
  while (at < call.size()) {
    size_t end = call.find(", ", at);
    // A pair is one piece.
    const size_t open = call.find('(', at == 0 ? 7 : at);
    if (open != std::string::npos && end != std::string::npos && open < end) {
      end = call.find(')', open);
      if (end != std::string::npos) end = call.find(", ", end);
    }
    const size_t stop = end == std::string::npos ? call.size() : end + 2;
    const std::string piece = call.substr(at, stop - at);
    const size_t length = piece.ends_with(' ') ? piece.size() - 1 : piece.size();
    if (column > 0 && column + length > columns) {
      while (!lines.empty() && lines.back() == ' ') lines.pop_back();
      lines += '\n';
      lines += kIndent;
      column = kIndent.size();
    }
    lines += piece;
    column += piece.size();
    at = stop;
  }
  return lines;
}

void draw_constructor(UiContext& ui) {
  Memory& m = memory();
  const ConvParams& params = ui.session().params;
  const UiFont mono(ui.fonts.mono);
  const float padding = ImGui::GetStyle().FramePadding.x;
  const float available = ImGui::GetContentRegionAvail().x;
  const bool resized = std::abs(m.wrap_width - available) > 0.5f;
  if (!m.typing && (!m.written || *m.written != params || (resized && !m.constructor_error))) {
    const float character = ImGui::CalcTextSize("0").x;
    const auto columns = static_cast<size_t>(std::max(20.0f, (available - 2 * padding) / character - 0.5f));
    m.constructor = broken_into_lines(constructor_text(params), columns);
    m.written = params;
    m.wrap_width = available;
    m.constructor_error.reset();
  }
  const auto lines = static_cast<float>(std::count(m.constructor.begin(), m.constructor.end(), '\n') + 1);
  const float height = lines * ImGui::GetTextLineHeight() + 2 * ImGui::GetStyle().FramePadding.y + ui.px(2);
  const bool invalid = m.constructor_error.has_value();
  ImGui::PushStyleColor(ImGuiCol_Border, ui_color(ui, invalid ? Role::error : Role::border));
  const bool changed =
      ImGui::InputTextMultiline("##constructor", &m.constructor, {available, height},
                                ImGuiInputTextFlags_CtrlEnterForNewLine | ImGuiInputTextFlags_NoHorizontalScroll);
  ImGui::PopStyleColor();
  ui.widgets.note_item("constructor");
  if (!m.typing) ui_tooltip(ui, ui.text("constructor.help"));
  m.typing = ImGui::IsItemActive();
  if (changed) {
    ui.shows(m.constructor);
    Result<ConvParams> parsed = parse_constructor(m.constructor);
    if (!parsed) {
      m.constructor_error = parsed.error();
    } else {
      m.constructor_error.reset();
      m.written = *parsed;
      if (*parsed != params) ui.workbench.apply(edit_constructor(*parsed, last_good(ui)));
    }
  }
  if (ImGui::IsItemDeactivated() && !m.constructor_error) m.written.reset();
  if (m.constructor_error) {
    const UiFont body(ui.fonts.body);
    ui_error_line(ui, "constructor", *m.constructor_error);
    if (ui_icon_label_button(ui, "constructor.reset", Icon::reset, ui.text("constructor.restore"))) {
      m.written.reset();
      m.constructor_error.reset();
    }
  }
}

// ---------------------------------------------------------------------------------------------------------------
// Conv2d's arguments

/// What PyTorch means by it, its default and what is legal.
const char* help_of(UiContext& ui, const ConvParamSpec& spec) {
  Memory& m = memory();
  if (m.help_language != ui.language()) {
    m.help.clear();
    m.help_language = ui.language();
  }
  std::string& text = m.help[std::string(spec.name)];
  if (text.empty()) {
    text = ui.text(spec.help_key);
    text += "\n";
    text += ui.text("default." + std::string(spec.name));
    text += " ";
    text += ui.text("range." + std::string(spec.name));
  }
  return text.c_str();
}

void set_argument(UiContext& ui, const ConvParamSpec& spec, std::function<void(ConvParams&)> change) {
  ui.workbench.apply(edit_params(spec.name, last_good(ui), std::move(change)));
}

StepperOptions stepper_of(const UiContext& ui, const ConvParamSpec& spec) {
  StepperOptions options;
  options.minimum = spec.minimum;
  options.maximum = spec.slider_maximum;
  options.invalid = ui_field_invalid(ui, spec.name);
  return options;
}

void draw_integer(UiContext& ui, const ConvParamSpec& spec) {
  ConvParams params = ui.session().params;
  const bool groups = spec.name == "groups";
  int64_t ConvParams::*const member = groups                       ? &ConvParams::groups
                                      : spec.name == "in_channels" ? &ConvParams::in_channels
                                                                   : &ConvParams::out_channels;
  ui_label(ui, spec.name, spec.name.data(), help_of(ui, spec), true);
  StepperOptions options = stepper_of(ui, spec);
  // Channels come in whole groups: the buttons go from legal number to legal number.
  const bool whole = params.groups > 1 && (params.*member) % params.groups == 0;
  if (!groups && whole) options.step = params.groups;
  int64_t value = params.*member;
  const int64_t before = value;
  if (!ui_int_stepper(ui, spec.name, value, options)) return;
  const bool by_button = !ImGui::GetIO().WantTextInput && std::abs(value - before) == 1;
  if (groups && by_button && before >= 1) {
    value = next_groups(params.in_channels, params.out_channels, before, value > before ? 1 : -1);
  }
  set_argument(ui, spec, [member, value](ConvParams& p) { p.*member = value; });
}

Pair ConvParams::*pair_member(std::string_view name) {
  if (name == "kernel_size") return &ConvParams::kernel_size;
  if (name == "stride") return &ConvParams::stride;
  return name == "padding" ? &ConvParams::padding : &ConvParams::dilation;
}

/// Height and width, as one number while they are linked.
void draw_pair_fields(UiContext& ui, const ConvParamSpec& spec) {
  static std::string name;
  Pair ConvParams::*const member = pair_member(spec.name);
  const Pair pair = ui.session().params.*member;
  const auto [entry, fresh] = memory().linked.try_emplace(spec.name, pair.h == pair.w);
  bool& linked = entry->second;
  if (pair.h != pair.w) linked = false;

  StepperOptions options = stepper_of(ui, spec);
  int64_t h = pair.h;
  options.prefix = linked ? nullptr : "H ";
  const float start = ImGui::GetCursorPosX();
  name.assign(spec.name);
  name += ".h";
  if (ui_int_stepper(ui, name, h, options)) {
    const bool both = linked;
    set_argument(ui, spec, [member, h, both](ConvParams& p) {
      (p.*member).h = h;
      if (both) (p.*member).w = h;
    });
  }
  ImGui::SameLine(0, ui.px(4));
  name.assign(spec.name);
  name += ".link";
  if (ui_icon_button(ui, name, linked ? Icon::link : Icon::unlink, ui.text(linked ? "pair.unlink" : "pair.link"))) {
    linked = !linked;
    if (linked && pair.h != pair.w) {
      set_argument(ui, spec, [member](ConvParams& p) { (p.*member).w = (p.*member).h; });
    }
  }
  if (linked) return;
  ImGui::SetCursorPosX(start);
  int64_t w = pair.w;
  options.prefix = "W ";
  name.assign(spec.name);
  name += ".w";
  if (ui_int_stepper(ui, name, w, options)) {
    set_argument(ui, spec, [member, w](ConvParams& p) { (p.*member).w = w; });
  }
}

void draw_padding(UiContext& ui, const ConvParamSpec& spec) {
  const ConvParams& params = ui.session().params;
  ui_label(ui, spec.name, spec.name.data(), help_of(ui, spec), true);
  const float start = ImGui::GetCursorPosX();
  const std::array<const char*, 3> labels = {ui.text("padding.numbers"), "'same'", "'valid'"};
  constexpr std::array<std::string_view, 3> kKeys = {"numbers", "same", "valid"};
  int kind = static_cast<int>(params.padding_kind);
  if (ui_combo(ui, "padding.kind", kind, labels, 116, kKeys)) {
    // From a word to numbers: the numbers that the word stood for, where numbers can say it.
    const ConvPlan* plan = ui.workbench.plan();
    const std::optional<Pads> pads = plan ? std::optional<Pads>(plan->pads) : std::nullopt;
    set_argument(ui, spec, [kind, pads](ConvParams& p) {
      const bool was_word = p.padding_kind != PaddingKind::numbers;
      p.padding_kind = static_cast<PaddingKind>(kind);
      if (p.padding_kind != PaddingKind::numbers || !was_word || !pads) return;
      if (pads->top == pads->bottom && pads->left == pads->right) p.padding = {pads->top, pads->left};
    });
  }
  if (ui.session().params.padding_kind == PaddingKind::numbers) {
    ImGui::SetCursorPosX(start);
    draw_pair_fields(ui, spec);
  }
}

void draw_choice(UiContext& ui, const ConvParamSpec& spec) {
  const ConvParams& params = ui.session().params;
  const bool dtype = spec.name == "dtype";
  std::array<const char*, 8> labels{};
  const size_t count = std::min(spec.choices.size(), labels.size());
  for (size_t i = 0; i < count; ++i) labels[i] = spec.choices[i].data();
  int current = dtype ? static_cast<int>(params.dtype) : static_cast<int>(params.padding_mode);
  ui_label(ui, spec.name, spec.name.data(), help_of(ui, spec), true);
  if (!ui_combo(ui, spec.name, current, std::span(labels).first(count), 116, spec.choices)) return;
  set_argument(ui, spec, [dtype, current](ConvParams& p) {
    if (dtype) {
      p.dtype = static_cast<DType>(current);
    } else {
      p.padding_mode = static_cast<PaddingMode>(current);
    }
  });
}

void draw_flag(UiContext& ui, const ConvParamSpec& spec) {
  bool value = ui.session().params.bias;
  ui_label(ui, spec.name, spec.name.data(), help_of(ui, spec), true);
  if (ui_checkbox(ui, spec.name, value ? "True" : "False", value)) {
    set_argument(ui, spec, [value](ConvParams& p) { p.bias = value; });
  }
}

void draw_arguments(UiContext& ui) {
  for (const ConvParamSpec& spec : conv_param_specs()) {
    switch (spec.kind) {
      case ParamKind::integer:
        draw_integer(ui, spec);
        break;
      case ParamKind::pair:
        if (spec.name == "padding") {
          draw_padding(ui, spec);
        } else {
          ui_label(ui, spec.name, spec.name.data(), help_of(ui, spec), true);
          draw_pair_fields(ui, spec);
        }
        break;
      case ParamKind::flag:
        draw_flag(ui, spec);
        break;
      case ParamKind::choice:
        draw_choice(ui, spec);
        break;
    }
    ui_field_error(ui, spec.name);
  }
}

// ---------------------------------------------------------------------------------------------------------------
// Where the numbers come from

/// The list of sources, with room for the button that opens a file at its right.
bool source_combo(UiContext& ui, std::string_view name, int& current, std::span<const char* const> labels,
                  std::span<const std::string_view> keys, const char* help_key) {
  const float open_width = ImGui::GetFrameHeight() / ui.scale + 4;
  const bool chosen = ui_combo(ui, name, current, labels, -open_width, keys);
  ui_tooltip(ui, ui.text(help_key));
  return chosen;
}

bool is_random(SourceKind kind) {
  return kind == SourceKind::randn || kind == SourceKind::rand || kind == SourceKind::conv2d_init;
}

/// The seed stands where the first random tensor is; it is the same for all three.
void draw_seed(UiContext& ui) {
  int64_t seed = ui.session().seed;
  ui_label(ui, "seed", "seed", ui.text("seed.help"), true);
  StepperOptions options;
  options.minimum = 0;
  options.maximum = 100000;
  if (ui_int_stepper(ui, "seed", seed, options)) ui.workbench.apply(edit_seed(seed));
  ImGui::SameLine(0, ui.px(4));
  if (ui_icon_button(ui, "seed.next", Icon::dice, ui.text("seed.next"))) {
    ui.workbench.apply(edit_seed(ui.session().seed + 1));
  }
}

std::string file_name_of(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

/// The name of the file and the shape that came out of it.
void draw_file_line(UiContext& ui, const char* name, const std::string& path, const Tensor* tensor) {
  std::string line = file_name_of(path);
  ui.shows(line);
  if (tensor && tensor->defined()) line += "  " + tensor->shape().to_string("×");
  ui_words(ui, line.c_str(), Role::secondary);
  ui.widgets.note_item(name);
  ui_tooltip(ui, path.c_str());
}

void draw_input_size(UiContext& ui) {
  const Shape shape = as_nchw(ui.session().input_shape);
  if (shape.rank() != 4) return;
  const auto field = [&](const char* name, const char* label_key, InputAxis axis, int64_t extent, int64_t minimum,
                         int64_t maximum) {
    ui_label(ui, name, ui.text(label_key));
    StepperOptions options;
    options.minimum = minimum;
    options.maximum = maximum;
    options.invalid = ui_field_invalid(ui, "input");
    if (ui_int_stepper(ui, name, extent, options)) {
      ui.workbench.apply(edit_input_size(axis, extent, last_good(ui)));
    }
  };
  field("input.height", "input.height", InputAxis::height, shape[2], 1, 64);
  field("input.width", "input.width", InputAxis::width, shape[3], 1, 64);
  field("input.batch", "input.batch", InputAxis::batch, shape[0], 1, 8);
}

void draw_input(UiContext& ui) {
  constexpr std::array kKinds = {SourceKind::arange, SourceKind::ones,  SourceKind::zeros,
                                 SourceKind::randn,  SourceKind::rand,  SourceKind::values,
                                 SourceKind::sample, SourceKind::image, SourceKind::npy};
  std::array<const char*, kKinds.size()> labels{};
  std::array<std::string_view, kKinds.size()> keys{};
  const TensorSource& source = ui.session().input;
  int current = -1;
  for (size_t i = 0; i < kKinds.size(); ++i) {
    keys[i] = name_of(kKinds[i]);
    labels[i] = ui.text("source." + std::string(keys[i]));
    if (kKinds[i] == source.kind) current = static_cast<int>(i);
  }
  if (source_combo(ui, "input.source", current, labels, keys, "input.source_help")) {
    const SourceKind kind = kKinds[static_cast<size_t>(current)];
    if (kind == SourceKind::image || kind == SourceKind::npy) {
      ui.requests.choose_input = true;
    } else {
      apply(ui, edit_input_source(ui.session(), kind, ui.workbench.computation()));
    }
  }
  ImGui::SameLine(0, ui.px(4));
  if (ui_icon_button(ui, "input.open", Icon::folder, ui.text("input.open_help"))) ui.requests.choose_input = true;

  const ComputationPtr computation = ui.workbench.computation();
  if (input_brings_shape(ui.session())) {
    draw_file_line(ui, "input.file", ui.session().input.path, computation ? &computation->tensors.input : nullptr);
  } else {
    draw_input_size(ui);
  }
  ui_field_error(ui, "input");
  if (is_random(ui.session().input.kind)) draw_seed(ui);

  ButtonOptions fold;
  fold.quiet = true;
  ImGui::SetCursorPosX(ImGui::GetCursorPosX() - ui.px(10));
  bool& open = memory().input_numbers_open;
  if (ui_icon_label_button(ui, "input.numbers", open ? Icon::chevron_down : Icon::chevron_right,
                           ui.text("panel.numbers"), fold)) {
    open = !open;
  }
  if (open) draw_tensor_editor(ui, "input", TensorId::input);
}

/// The kernels by name, then everything else a kernel can come from.
void draw_kernel(UiContext& ui) {
  constexpr std::array kKinds = {SourceKind::conv2d_init, SourceKind::randn,  SourceKind::rand,
                                 SourceKind::arange,      SourceKind::values, SourceKind::npy};
  static std::vector<const char*> labels;
  static std::vector<std::string_view> keys;
  labels.clear();
  keys.clear();
  const Session& session = ui.session();
  int current = -1;
  for (const NamedKernel& kernel : named_kernels()) {
    if (session.weight.kind == SourceKind::named && session.weight.name == kernel.name) {
      current = static_cast<int>(labels.size());
    }
    labels.push_back(ui.text(kernel.label_key));
    keys.push_back(kernel.name);
  }
  const size_t named_count = labels.size();
  for (SourceKind kind : kKinds) {
    if (session.weight.kind == kind) current = static_cast<int>(labels.size());
    keys.push_back(name_of(kind));
    labels.push_back(ui.text("source." + std::string(keys.back())));
  }
  if (source_combo(ui, "kernel.named", current, labels, keys, "kernel.source_help")) {
    const auto chosen = static_cast<size_t>(current);
    if (chosen < named_count) {
      ui.workbench.apply(edit_named_kernel(keys[chosen]));
    } else if (kKinds[chosen - named_count] == SourceKind::npy) {
      ui.requests.choose_weight = true;
    } else {
      apply(ui, edit_weight_source(session, kKinds[chosen - named_count], ui.workbench.computation()));
    }
  }
  ImGui::SameLine(0, ui.px(4));
  if (ui_icon_button(ui, "kernel.open", Icon::folder, ui.text("kernel.open_help"))) ui.requests.choose_weight = true;
  const ComputationPtr computation = ui.workbench.computation();
  if (ui.session().weight.kind == SourceKind::npy) {
    draw_file_line(ui, "kernel.file", ui.session().weight.path, computation ? &computation->tensors.weight : nullptr);
  }
  ui_field_error(ui, "weight");
  if (is_random(ui.session().weight.kind) && !is_random(ui.session().input.kind)) draw_seed(ui);
  draw_tensor_editor(ui, "kernel", TensorId::weight);
}

void draw_bias(UiContext& ui) {
  const Session& session = ui.session();
  if (!session.params.bias) {
    ui_words(ui, ui.text("bias.off"), Role::secondary);
    return;
  }
  constexpr std::array kKinds = {SourceKind::zeros, SourceKind::ones,        SourceKind::arange, SourceKind::randn,
                                 SourceKind::rand,  SourceKind::conv2d_init, SourceKind::values, SourceKind::npy};
  std::array<const char*, kKinds.size()> labels{};
  std::array<std::string_view, kKinds.size()> keys{};
  int current = -1;
  for (size_t i = 0; i < kKinds.size(); ++i) {
    keys[i] = name_of(kKinds[i]);
    labels[i] = ui.text("source." + std::string(keys[i]));
    if (kKinds[i] == session.bias.kind) current = static_cast<int>(i);
  }
  if (source_combo(ui, "bias.source", current, labels, keys, "bias.source_help")) {
    const SourceKind kind = kKinds[static_cast<size_t>(current)];
    if (kind == SourceKind::npy) {
      ui.requests.choose_bias = true;
    } else {
      apply(ui, edit_bias_source(session, kind, ui.workbench.computation()));
    }
  }
  ImGui::SameLine(0, ui.px(4));
  if (ui_icon_button(ui, "bias.open", Icon::folder, ui.text("bias.open_help"))) ui.requests.choose_bias = true;
  const ComputationPtr computation = ui.workbench.computation();
  if (ui.session().bias.kind == SourceKind::npy) {
    draw_file_line(ui, "bias.file", ui.session().bias.path, computation ? &computation->tensors.bias : nullptr);
  }
  const bool elsewhere = is_random(ui.session().input.kind) || is_random(ui.session().weight.kind);
  if (is_random(ui.session().bias.kind) && !elsewhere) draw_seed(ui);
  draw_tensor_editor(ui, "bias", TensorId::bias);
}

/// Errors that belong to no widget of this panel stand on top of it.
bool has_widget(std::string_view field) {
  if (field == "input" || field == "weight") return true;
  return find_conv_param(field) != nullptr;
}

}  // namespace

void draw_parameters_panel(UiContext& ui) {
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(ImGui::GetStyle().ItemSpacing.x, ui.px(4)));
  draw_constructor(ui);
  const Error* error = ui.workbench.error();
  if (error && !has_widget(error->field)) ui_error_line(ui, "session", *error);
  ui_gap(ui);
  if (ui_section(ui, "section.input", ui.text("section.input"))) draw_input(ui);
  ui_gap(ui);
  if (ui_section(ui, "section.conv2d", "Conv2d")) draw_arguments(ui);
  ui_gap(ui);
  if (ui_section(ui, "section.kernel", ui.text("section.kernel"))) draw_kernel(ui);
  ui_gap(ui);
  if (ui_section(ui, "section.bias", ui.text("section.bias"))) draw_bias(ui);
  ui_gap(ui, 16);
  ImGui::PopStyleVar();
}

void use_chosen_file(UiContext& ui, FileDialog::Purpose purpose, const std::string& path) {
  const Session& session = ui.session();
  const LastGood last = last_good(ui);
  const char* name_key = "edit.input_source";
  std::optional<Result<Session>> opened;
  switch (purpose) {
    case FileDialog::Purpose::choose_input:
      opened = session_with_input_following(session, path, last);
      break;
    case FileDialog::Purpose::choose_weight:
      name_key = "edit.weight_source";
      opened = session_with_weight_file(session, path, last);
      break;
    case FileDialog::Purpose::choose_bias:
      name_key = "edit.bias_source";
      opened = session_with_bias_file(session, path);
      break;
    case FileDialog::Purpose::open_any:
    case FileDialog::Purpose::save_project:
    case FileDialog::Purpose::choose_export_target:
      return;
  }
  if (!opened->ok()) {
    ui.notice = Notice{describe(ui.language(), opened->error()), true, ui.time_seconds + 8};
    ui.shows(ui.notice.text);
    return;
  }
  ui.workbench.replace(std::move(**opened), name_key);
}

}  // namespace convscope
