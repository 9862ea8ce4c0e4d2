#include <imgui.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "app/gui/edits.h"
#include "app/gui/panels.h"
#include "app/gui/parameters_parts.h"
#include "app/gui/widgets.h"
#include "app/io/npy.h"
#include "app/io/npz.h"
#include "app/session/operation_plan.h"
#include "engine/conv_param_spec.h"

namespace convscope {

namespace {

/// Errors that belong to no widget of this panel stand on top of it.
bool has_widget(std::string_view field) {
  if (field == "input" || field == "weight" || field == "algorithm") return true;
  if (is_gradient_field(field)) return true;
  return find_conv_param(field) != nullptr || is_more_field(field);
}

}  // namespace

void draw_parameters_panel(UiContext& ui) {
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(ImGui::GetStyle().ItemSpacing.x, ui.px(4)));
  if (ui.session().lens == Lens::receptive_field) {
    // The picture is the chain's. Where that is the session's own layer alone, its arguments belong to the picture too.
    const bool own = ui.session().chain.layers.empty();
    if (ui_section(ui, "section.chain", ui.text("section.chain"))) draw_receptive_field_panel(ui);
    ui_gap(ui, 16);
    if (!own) {
      ImGui::PopStyleVar();
      return;
    }
  }
  draw_constructor_field(ui);
  const Error* error = ui.workbench.error();
  const bool hidden = error && is_gradient_field(error->field) && ui.session().lens != Lens::gradient;
  if (error && (hidden || !has_widget(error->field))) ui_error_line(ui, "session", *error);
  ui_gap(ui);
  if (ui_section(ui, "section.input", ui.text("section.input"))) draw_input_fields(ui);
  ui_gap(ui);
  const OperationFamily family = shown_family(ui.session().operation).value_or(OperationFamily::conv);
  if (ui_section(ui, "section.conv2d", ui.text("section.arguments"))) {
    draw_operation_field(ui);
    draw_argument_fields(ui);
  }
  if (family == OperationFamily::conv || family == OperationFamily::conv_transpose) {
    ui_gap(ui);
    if (ui_section(ui, "section.kernel", ui.text("section.kernel"))) draw_kernel_fields(ui);
    ui_gap(ui);
    if (ui_section(ui, "section.bias", ui.text("section.bias"))) draw_bias_fields(ui);
  }
  if (wants_gradient(ui.session())) {
    ui_gap(ui);
    if (ui_section(ui, "section.gradient", ui.text("section.gradient"))) draw_gradient_fields(ui);
  }
  if (family == OperationFamily::conv || family == OperationFamily::conv_transpose) {
    ui_gap(ui);
    if (ui_section(ui, "section.algorithm", ui.text("section.algorithm"))) draw_algorithm_fields(ui);
  }
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
    case FileDialog::Purpose::choose_grad_output:
      name_key = "edit.grad_output";
      opened = session_with_grad_output_file(session, path);
      break;
    case FileDialog::Purpose::choose_target:
      name_key = "edit.target";
      opened = session_with_target_file(session, path);
      break;
    case FileDialog::Purpose::open_any:
    case FileDialog::Purpose::save_project:
    case FileDialog::Purpose::choose_picture:
    case FileDialog::Purpose::choose_output:
    case FileDialog::Purpose::choose_export_target:
      return;
  }
  if (!opened->ok()) {
    ui.notice = Notice{describe(ui.language(), opened->error()), true, ui.time_seconds + 8};
    ui.shows(ui.notice.text);
    return;
  }
  const DType dtype = (*opened)->params.dtype;
  ui.workbench.replace(std::move(**opened), name_key);
  if (std::string words = conversion_words(ui.language(), path, dtype); !words.empty()) {
    ui.notice = Notice{std::move(words), false, ui.time_seconds + 8};
    ui.shows(ui.notice.text);
  }
}

std::string conversion_words(Language language, const std::string& path, DType dtype) {
  if (!is_array_path(path)) return {};
  const Result<NpyInfo> info = npy_info(path);
  if (!info || (!info->converted && info->dtype == dtype)) return {};
  NpyConversion words = conversion_of(*info, std::filesystem::path(path).filename().string());
  words.args.back() = name_of(dtype);
  return tr(language, words.key, words.args);
}

}  // namespace convscope
