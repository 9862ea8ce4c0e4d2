#include <imgui.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "app/gui/parameters_parts.h"
#include "app/gui/widgets.h"
#include "app/session/operation_plan.h"
#include "engine/conv_param_spec.h"

namespace convscope {

namespace {

/// Texts behind the labels, put together once per language.
struct Help {
  std::map<std::string_view, std::string> texts;
  Language language = Language::en;
  std::string operation;
};

/// What an argument means to an operation that takes it otherwise than Conv2d; empty where it is the same.
std::string own_help_key(std::string_view operation, std::string_view argument) {
  const bool pools = operation == "max_pool2d" || operation == "avg_pool2d";
  if (operation == "conv_transpose2d" && (argument == "padding" || argument == "stride")) {
    return "help.transposed." + std::string(argument);
  }
  if (pools && (argument == "padding" || argument == "stride" || argument == "kernel_size")) {
    return "help.pooling." + std::string(argument);
  }
  return {};
}

/// What PyTorch means by it, its default and what is legal.
const char* help_of(UiContext& ui, const ConvParamSpec& spec) {
  static Help m;
  if (m.language != ui.language() || m.operation != ui.session().operation) {
    m.texts.clear();
    m.language = ui.language();
    m.operation = ui.session().operation;
  }
  std::string& text = m.texts[spec.name];
  if (text.empty()) {
    const std::string own = own_help_key(m.operation, spec.name);
    if (!own.empty()) {
      text = ui.text(own);
      return text.c_str();
    }
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

int64_t DepthParams::*depth_member(std::string_view name) {
  if (name == "kernel_size") return &DepthParams::kernel_size;
  if (name == "stride") return &DepthParams::stride;
  return name == "padding" ? &DepthParams::padding : &DepthParams::dilation;
}

/// Depth, height and width, as one number while they are linked.
void draw_triple_fields(UiContext& ui, const ConvParamSpec& spec) {
  Pair ConvParams::*const member = pair_member(spec.name);
  int64_t DepthParams::*const deep = depth_member(spec.name);
  const Pair pair = ui.session().params.*member;
  const Spatial shown{ui.session().more.depth.*deep, pair.h, pair.w};
  // Whether the three numbers move together, as of pairs.
  struct Link {
    bool linked = false;
    Spatial seen;
  };
  static std::map<std::string_view, Link> links;
  Link& link = links[spec.name];
  const bool alike = shown == Spatial::all(3, shown[0]);
  if (link.seen.dims() == 0 || link.seen != shown) link.linked = alike;
  std::optional<Spatial> chosen;
  static std::string name;
  const float start = ImGui::GetCursorPosX();
  constexpr std::array<const char*, 3> kSuffixes = {".d", ".h", ".w"}, kPrefixes = {"D ", "H ", "W "};
  const bool linked = link.linked;
  for (int axis = 0; axis < (linked ? 1 : 3); ++axis) {
    if (axis > 0) ImGui::SetCursorPosX(start);
    StepperOptions options = stepper_of(ui, spec);
    options.prefix = linked ? nullptr : kPrefixes[static_cast<size_t>(axis)];
    name.assign(spec.name);
    name += kSuffixes[static_cast<size_t>(axis)];
    int64_t value = shown[axis];
    if (ui_int_stepper(ui, name, value, options)) {
      chosen = linked ? Spatial::all(3, value) : shown;
      (*chosen)[axis] = value;
    }
    if (axis > 0) continue;
    ImGui::SameLine(0, ui.px(4));
    name.assign(spec.name);
    name += ".link";
    if (ui_icon_button(ui, name, linked ? Icon::link : Icon::unlink, ui.text(linked ? "pair.unlink" : "pair.link"))) {
      link.linked = !linked;
      if (link.linked && !alike) chosen = Spatial::all(3, shown[0]);
    }
  }
  link.seen = chosen ? *chosen : shown;
  if (!chosen) return;
  ui.workbench.apply(
      edit_volume_params(spec.name, last_good(ui), [member, deep, next = *chosen](ConvParams& p, DepthParams& depth) {
        depth.*deep = next[0];
        p.*member = {next[1], next[2]};
      }));
}

/// Height and width, as one number while they are linked.
void draw_pair_fields(UiContext& ui, const ConvParamSpec& spec) {
  if (shown_dims(ui.session().operation) == 3) return draw_triple_fields(ui, spec);
  Pair ConvParams::*const member = pair_member(spec.name);
  if (shown_dims(ui.session().operation) == 1) {
    static std::string name;
    name.assign(spec.name);
    name += ".w";
    int64_t value = (ui.session().params.*member).w;
    if (ui_int_stepper(ui, name, value, stepper_of(ui, spec))) {
      set_argument(ui, spec, [member, value](ConvParams& p) { (p.*member).w = value; });
    }
    return;
  }
  const std::optional<Pair> chosen = draw_pair_fields(ui, spec.name, ui.session().params.*member, stepper_of(ui, spec));
  if (chosen) set_argument(ui, spec, [member, pair = *chosen](ConvParams& p) { p.*member = pair; });
}

}  // namespace

std::optional<Pair> draw_pair_fields(UiContext& ui, std::string_view argument, Pair pair, StepperOptions options) {
  std::optional<Pair> chosen;
  static std::string name;
  // Whether the two numbers move together. Numbers that came from elsewhere (a preset, undo) decide it anew; those set
  // here do not, so that two fields on their way past the same number stay two.
  struct Link {
    bool linked = false;
    std::optional<Pair> seen;
  };
  static std::map<std::string_view, Link> links;
  Link& link = links[argument];
  if (link.seen != pair) link.linked = pair.h == pair.w;
  bool& linked = link.linked;

  int64_t h = pair.h;
  options.prefix = linked ? nullptr : "H ";
  const float start = ImGui::GetCursorPosX();
  name.assign(argument);
  name += ".h";
  std::optional<Pair> typed;
  options.pair = &typed;
  if (ui_int_stepper(ui, name, h, options)) chosen = Pair{h, linked ? h : pair.w};
  ImGui::SameLine(0, ui.px(4));
  name.assign(argument);
  name += ".link";
  if (ui_icon_button(ui, name, linked ? Icon::link : Icon::unlink, ui.text(linked ? "pair.unlink" : "pair.link"))) {
    linked = !linked;
    if (linked && pair.h != pair.w) chosen = Pair{pair.h, pair.h};
  }
  if (!linked) {
    ImGui::SetCursorPosX(start);
    int64_t w = pair.w;
    options.prefix = "W ";
    name.assign(argument);
    name += ".w";
    if (ui_int_stepper(ui, name, w, options)) chosen = Pair{pair.h, w};
  }
  // A pair typed into either field says both.
  if (typed && *typed != pair) {
    chosen = *typed;
    linked = typed->h == typed->w;
  }
  link.seen = chosen ? *chosen : pair;
  return chosen;
}

namespace {

/// Each side by itself, begins above ends as --pads writes them.
void draw_pads_fields(UiContext& ui, const ConvParamSpec& spec) {
  struct Side {
    std::string_view name;
    const char* prefix;
    int64_t Pads::*member;
  };
  constexpr std::array<Side, 4> kSides = {{{"padding.top", "\u2191 ", &Pads::top},
                                           {"padding.left", "\u2190 ", &Pads::left},
                                           {"padding.bottom", "\u2193 ", &Pads::bottom},
                                           {"padding.right", "\u2192 ", &Pads::right}}};
  const float start = ImGui::GetCursorPosX();
  const bool flat = shown_dims(ui.session().operation) == 1;
  if (shown_dims(ui.session().operation) == 3) {
    constexpr std::array<std::string_view, 2> kNames = {"padding.front", "padding.back"};
    constexpr std::array<const char*, 2> kPrefixes = {"D\u2212 ", "D+ "};
    for (size_t end = 0; end < 2; ++end) {
      int64_t DepthParams::*const member = end == 0 ? &DepthParams::front : &DepthParams::back;
      ImGui::SetCursorPosX(start);
      StepperOptions options = stepper_of(ui, spec);
      options.prefix = kPrefixes[end];
      int64_t value = ui.session().more.depth.*member;
      if (!ui_int_stepper(ui, kNames[end], value, options)) continue;
      ui.workbench.apply(edit_volume_params(
          spec.name, last_good(ui), [member, value](ConvParams&, DepthParams& depth) { depth.*member = value; }));
    }
  }
  for (const Side& side : kSides) {
    if (flat && (side.member == &Pads::top || side.member == &Pads::bottom)) continue;
    ImGui::SetCursorPosX(start);
    StepperOptions options = stepper_of(ui, spec);
    options.prefix = side.prefix;
    int64_t value = ui.session().params.pads.*side.member;
    if (!ui_int_stepper(ui, side.name, value, options)) continue;
    set_argument(ui, spec, [member = side.member, value](ConvParams& p) { p.pads.*member = value; });
  }
}

void draw_padding(UiContext& ui, const ConvParamSpec& spec) {
  const ConvParams& params = ui.session().params;
  ui_label(ui, spec.name, spec.name.data(), help_of(ui, spec), true);
  const float start = ImGui::GetCursorPosX();
  // Words are conv2d's; one that came with a file is shown, and refused, with other operations.
  std::array<PaddingKind, 4> kinds{};
  std::array<const char*, 4> labels{};
  std::array<std::string_view, 4> keys{};
  size_t count = 0;
  int current = 0;
  const auto add = [&](PaddingKind kind, const char* label, std::string_view key) {
    const bool is_word = kind == PaddingKind::same || kind == PaddingKind::valid;
    const bool takes_words = shown_family(ui.session().operation) == OperationFamily::conv;
    if (is_word && !takes_words && kind != params.padding_kind) return;
    if (kind == params.padding_kind) current = static_cast<int>(count);
    kinds[count] = kind;
    labels[count] = label;
    keys[count++] = key;
  };
  add(PaddingKind::numbers, ui.text("padding.numbers"), "numbers");
  add(PaddingKind::same, "'same'", "same");
  add(PaddingKind::valid, "'valid'", "valid");
  add(PaddingKind::pads, ui.text("padding.pads"), "pads");
  if (ui_combo(ui, "padding.kind", current, std::span(labels).first(count), 116, std::span(keys).first(count))) {
    // From a word to numbers: the numbers that the word stood for, where numbers can say it. To each side by itself:
    // what the sides are now.
    const OperationPlan* plan = ui.workbench.operation_plan();
    const std::optional<Pads> pads = plan ? std::optional<Pads>(plan->pads()) : std::nullopt;
    const std::optional<WindowAxis> deep =
        plan && plan->volume() ? std::optional<WindowAxis>(plan->volume()->windows.depth()) : std::nullopt;
    const auto choose = [kind = kinds[static_cast<size_t>(current)], pads, deep](ConvParams& p, DepthParams& depth) {
      const bool was_word = p.padding_kind != PaddingKind::numbers;
      p.padding_kind = kind;
      if (p.padding_kind == PaddingKind::pads && pads) {
        p.pads = *pads;
        if (deep) depth.front = deep->pad_begin;
        if (deep) depth.back = deep->pad_end;
      }
      if (p.padding_kind != PaddingKind::numbers || !was_word || !pads) return;
      const bool even = !deep || deep->pad_begin == deep->pad_end;
      if (!even || pads->top != pads->bottom || pads->left != pads->right) return;
      p.padding = {pads->top, pads->left};
      if (deep) depth.padding = deep->pad_begin;
    };
    ui.workbench.apply(edit_volume_params(spec.name, last_good(ui), choose));
  }
  if (ui.session().params.padding_kind == PaddingKind::numbers) {
    ImGui::SetCursorPosX(start);
    draw_pair_fields(ui, spec);
  }
  if (ui.session().params.padding_kind == PaddingKind::pads) {
    ImGui::SetCursorPosX(start);
    draw_pads_fields(ui, spec);
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

/// The one argument of PyTorch's that cannot be chosen.
void draw_device(UiContext& ui) {
  ui_label(ui, "device", "device", ui.text("device.help"), true);
  ImGui::AlignTextToFramePadding();
  ui_words(ui, "cpu", Role::secondary, ui.fonts.mono);
  ui.widgets.note_item("device");
}

}  // namespace

void draw_argument_fields(UiContext& ui) {
  for (const ConvParamSpec& spec : conv_param_specs()) {
    if (!takes_argument(ui.session().operation, spec.name)) continue;
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
    ui_typing_error(ui, spec.name);
    ui_field_error(ui, spec.name);
    draw_more_fields(ui, spec.name);
  }
  if (takes_argument(ui.session().operation, "dtype")) draw_device(ui);
}

}  // namespace convscope
