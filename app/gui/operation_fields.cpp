// Which operation the session shows, and the arguments that Conv2d has not.
#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "app/gui/parameters_parts.h"
#include "app/gui/widgets.h"
#include "app/session/operation_plan.h"

namespace convscope {

namespace {

constexpr std::array<std::string_view, 4> kMoreNames = {"output_padding", "ceil_mode", "count_include_pad",
                                                        "divisor_override"};

void label(UiContext& ui, std::string_view argument) {
  static std::string key;
  key.assign("help.");
  key += argument;
  // The longest name fits in front of its widget.
  const bool is_long = argument == "count_include_pad" || argument == "divisor_override" || argument == "ceil_mode";
  ui_label(ui, argument, argument.data(), ui.text(key), true, is_long ? 136.0f : 112.0f);
}

void draw_output_padding_field(UiContext& ui) {
  constexpr std::string_view kName = "output_padding";
  label(ui, kName);
  StepperOptions options;
  const ConvParams& p = ui.session().params;
  options.maximum = std::max<int64_t>({p.stride.h, p.stride.w, p.dilation.h, p.dilation.w, 1}) - 1;
  options.invalid = ui_field_invalid(ui, kName);
  if (const std::optional<Pair> chosen = draw_pair_fields(ui, kName, ui.session().more.output_padding, options)) {
    ui.workbench.apply(edit_more(kName, [pair = *chosen](MoreParams& more) { more.output_padding = pair; }));
  }
  ui_typing_error(ui, kName);
  ui_field_error(ui, kName);
}

void draw_more_flag(UiContext& ui, std::string_view name, bool MoreParams::*member) {
  label(ui, name);
  bool value = ui.session().more.*member;
  if (ui_checkbox(ui, name, value ? "True" : "False", value)) {
    ui.workbench.apply(edit_more(name, [member, value](MoreParams& more) { more.*member = value; }));
  }
}

void draw_divisor(UiContext& ui) {
  constexpr std::string_view kName = "divisor_override";
  label(ui, kName);
  const std::optional<int64_t> divisor = ui.session().more.divisor_override;
  bool own = divisor.has_value();
  const float start = ImGui::GetCursorPosX();
  if (ui_checkbox(ui, "divisor_override.own", own ? ui.text("divisor.own") : "None", own)) {
    const Pair kernel = ui.session().params.kernel_size;
    const std::optional<int64_t> wanted =
        own ? std::optional<int64_t>(std::max<int64_t>(1, kernel.h * kernel.w)) : std::nullopt;
    ui.workbench.apply(edit_more(kName, [wanted](MoreParams& more) { more.divisor_override = wanted; }));
  }
  if (divisor) {
    ImGui::SetCursorPosX(start);
    StepperOptions options;
    options.minimum = 1;
    options.invalid = ui_field_invalid(ui, kName);
    int64_t value = *divisor;
    if (ui_int_stepper(ui, kName, value, options)) {
      ui.workbench.apply(edit_more(kName, [value](MoreParams& more) { more.divisor_override = value; }));
    }
  }
  ui_typing_error(ui, kName);
  ui_field_error(ui, kName);
}

}  // namespace

void draw_operation_field(UiContext& ui) {
  constexpr std::array<const char*, 6> kLabels = {"Conv2d",          "Conv1d",    "Conv3d",
                                                  "ConvTranspose2d", "MaxPool2d", "AvgPool2d"};
  static const std::vector<std::string_view> keys = shown_operations();
  int current = 0;
  for (size_t i = 0; i < keys.size(); ++i) {
    if (keys[i] == ui.session().operation) current = static_cast<int>(i);
  }
  ui_label(ui, "operation", ui.text("operation"), ui.text("help.operation"), false, 84);  // the longest name fits
  if (ui_combo(ui, "operation", current, kLabels, -0.01f, keys)) {
    ui.workbench.apply(edit_operation(keys[static_cast<size_t>(current)], last_good(ui)));
  }
}

bool takes_argument(std::string_view operation, std::string_view argument) {
  if (shown_family(operation) == OperationFamily::conv) return true;
  if (operation == "conv_transpose2d") return argument != "padding_mode";
  if (argument == "dilation") return operation == "max_pool2d";
  constexpr std::array<std::string_view, 4> kOfPooling = {"kernel_size", "stride", "padding", "dtype"};
  return std::find(kOfPooling.begin(), kOfPooling.end(), argument) != kOfPooling.end();
}

void draw_more_fields(UiContext& ui, std::string_view argument) {
  const std::string_view operation = ui.session().operation;
  if (operation == "conv_transpose2d" && argument == "padding") draw_output_padding_field(ui);
  if (operation == "max_pool2d" && argument == "dilation") draw_more_flag(ui, "ceil_mode", &MoreParams::ceil_mode);
  if (operation != "avg_pool2d" || argument != "padding") return;
  draw_more_flag(ui, "ceil_mode", &MoreParams::ceil_mode);
  draw_more_flag(ui, "count_include_pad", &MoreParams::count_include_pad);
  draw_divisor(ui);
}

bool is_more_field(std::string_view field) {
  return std::find(kMoreNames.begin(), kMoreNames.end(), field) != kMoreNames.end();
}

}  // namespace convscope
