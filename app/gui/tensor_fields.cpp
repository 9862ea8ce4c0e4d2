#include <imgui.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/gui/folder_listing.h"
#include "app/gui/panels.h"
#include "app/gui/parameters_parts.h"
#include "app/gui/source_fields.h"
#include "app/gui/tensor_editor.h"
#include "app/gui/widgets.h"
#include "app/session/named_kernels.h"

namespace convscope {

namespace {

constexpr std::array kInputRows = {kArange, kOnes, kZeros, kRandn, kRand, kTyped, kSample, kImage, kNpy};
// A picture is no sequence and no volume.
constexpr std::array kSequenceRows = {kArange, kOnes, kZeros, kRandn, kRand, kTyped, kNpy};
constexpr std::array kKernelRows = {kLayerInit, kRandn, kRand, kArange, kTyped, kNpy};
constexpr std::array kBiasRows = {kZeros, kOnes, kArange, kRandn, kRand, kLayerInit, kTyped, kNpy};

/// Leads back to the layers of the model that the numbers come from.
void draw_model_button(UiContext& ui, std::string_view name, const TensorSource& source) {
  if (source.kind != SourceKind::onnx) return;
  ButtonOptions quiet;
  quiet.quiet = true;
  ImGui::SetCursorPosX(ImGui::GetCursorPosX() - ui.px(10));
  if (!ui_icon_label_button(ui, name, Icon::grid, ui.text("model.another"), quiet)) return;
  ui.requests.open_paths.push_back(source.path + ":" + source.name);
}

/// "net.onnx:conv1" for what comes from a model.
std::string shown_path(const TensorSource& source) {
  return source.kind == SourceKind::onnx ? source.path + ":" + source.name : source.path;
}

/// Of the last good numbers, unless what stands there now is something else.
Shape shape_if_good(const UiContext& ui, Tensor ConvTensors::*tensor) {
  const ComputationPtr computation = ui.workbench.computation();
  return computation && !ui.workbench.error() ? (computation->tensors.*tensor).shape() : Shape();
}

void draw_input_size(UiContext& ui) {
  const int dims = shown_dims(ui.session().operation);
  const bool flat = dims == 1, deep = dims == 3;
  const Shape whole = with_batch(ui.session().input_shape, std::max(2, dims));
  if (whole.rank() != (deep ? 5 : 4)) return;
  const int rank = whole.rank();
  const Shape shape{whole[0], whole[1], whole[rank - 2], whole[rank - 1]};
  const auto field = [&](const char* name, const char* label_key, InputAxis axis, int64_t extent, int64_t minimum,
                         int64_t maximum) {
    ui_label(ui, name, ui.text(label_key));
    StepperOptions options;
    options.minimum = minimum;
    options.maximum = maximum;
    options.invalid = ui_field_invalid(ui, "input");
    std::optional<Pair> typed;
    if (axis != InputAxis::batch && axis != InputAxis::depth && !flat) options.pair = &typed;
    if (ui_int_stepper(ui, name, extent, options)) {
      ui.workbench.apply(edit_input_size(axis, extent, last_good(ui)));
    }
    if (!typed) return;
    // "5,7" in either field says both.
    if (*typed != Pair{shape[2], shape[3]}) ui.workbench.apply(edit_input_size(*typed, last_good(ui)));
  };
  if (deep) field("input.depth", "input.depth", InputAxis::depth, whole[2], 1, 64);
  if (!flat) field("input.height", "input.height", InputAxis::height, shape[2], 1, 64);
  field("input.width", flat ? "input.length" : "input.width", InputAxis::width, shape[3], 1, 64);
  field("input.batch", "input.batch", InputAxis::batch, shape[0], 1, 8);
  // Elsewhere in_channels says them.
  if (!takes_argument(ui.session().operation, "in_channels")) {
    field("input.channels", "input.channels", InputAxis::channels, shape[1], 1, 16);
  }
  ui_typing_error(ui, "input");
}

}  // namespace

void draw_input_fields(UiContext& ui) {
  SourceList list(ui);
  const std::span rows = shown_dims(ui.session().operation) != 2 ? std::span<const SourceRow>(kSequenceRows)
                                                                 : std::span<const SourceRow>(kInputRows);
  list.add(rows, ui.session().input.kind);
  list.add_present(kOnnx, ui.session().input.kind);
  if (const std::optional<size_t> row = list.draw("input.source", "input.source_help")) {
    const SourceKind kind = rows[*row].kind;
    if (kind == SourceKind::image || kind == SourceKind::npy) {
      ui.requests.choose_input = true;
    } else {
      apply_or_tell(ui, edit_input_source(ui.session(), kind, ui.workbench.computation()));
    }
  }
  ImGui::SameLine(0, ui.px(4));
  if (ui_icon_button(ui, "input.open", Icon::folder, ui.text("input.open_help"))) ui.requests.choose_input = true;

  if (input_brings_shape(ui.session())) {
    draw_file_line(ui, "input.file", shown_path(ui.session().input), ui.workbench.input_shape());
    draw_model_button(ui, "input.model", ui.session().input);
  } else {
    draw_input_size(ui);
  }
  ui_field_error(ui, "input");
  if (is_random(ui.session().input.kind)) draw_seed(ui);

  ButtonOptions fold;
  fold.quiet = true;
  ImGui::SetCursorPosX(ImGui::GetCursorPosX() - ui.px(10));
  static bool open = false;
  if (ui_icon_label_button(ui, "input.numbers", open ? Icon::chevron_down : Icon::chevron_right,
                           ui.text("panel.numbers"), fold)) {
    open = !open;
  }
  if (open) draw_tensor_editor(ui, "input", TensorId::input);
}

/// The kernels by name, then everything else a kernel can come from.
void draw_kernel_fields(UiContext& ui) {
  const Session& session = ui.session();
  SourceList list(ui);
  for (const NamedKernel& kernel : named_kernels()) {
    const bool current = session.weight.kind == SourceKind::named && session.weight.name == kernel.name;
    list.add(kernel.name, kernel.label_key.data(), current);
  }
  const size_t named = named_kernels().size();
  list.add(kKernelRows, session.weight.kind);
  list.add_present(kOnnx, session.weight.kind);
  if (const std::optional<size_t> row = list.draw("kernel.named", "kernel.source_help")) {
    if (*row < named) {
      ui.workbench.apply(edit_named_kernel(list.key(*row)));
    } else if (kKernelRows[*row - named].kind == SourceKind::npy) {
      ui.requests.choose_weight = true;
    } else {
      apply_or_tell(ui, edit_weight_source(session, kKernelRows[*row - named].kind, ui.workbench.computation()));
    }
  }
  ImGui::SameLine(0, ui.px(4));
  if (ui_icon_button(ui, "kernel.open", Icon::folder, ui.text("kernel.open_help"))) ui.requests.choose_weight = true;
  if (is_of_file(ui.session().weight.kind)) {
    draw_file_line(ui, "kernel.file", shown_path(ui.session().weight), shape_if_good(ui, &ConvTensors::weight));
    if (ui.session().input.kind != SourceKind::onnx) draw_model_button(ui, "kernel.model", ui.session().weight);
  }
  ui_field_error(ui, "weight");
  if (is_random(ui.session().weight.kind) && !is_random(ui.session().input.kind)) draw_seed(ui);
  draw_tensor_editor(ui, "kernel", TensorId::weight);
}

void draw_bias_fields(UiContext& ui) {
  const Session& session = ui.session();
  if (!session.params.bias) {
    ui_words(ui, ui.text("bias.off"), Role::secondary);
    return;
  }
  SourceList list(ui);
  list.add(kBiasRows, session.bias.kind);
  list.add_present(kOnnx, session.bias.kind);
  if (const std::optional<size_t> row = list.draw("bias.source", "bias.source_help")) {
    const SourceKind kind = kBiasRows[*row].kind;
    if (kind == SourceKind::npy) {
      ui.requests.choose_bias = true;
    } else {
      apply_or_tell(ui, edit_bias_source(session, kind, ui.workbench.computation()));
    }
  }
  ImGui::SameLine(0, ui.px(4));
  if (ui_icon_button(ui, "bias.open", Icon::folder, ui.text("bias.open_help"))) ui.requests.choose_bias = true;
  if (is_of_file(ui.session().bias.kind)) {
    draw_file_line(ui, "bias.file", shown_path(ui.session().bias), shape_if_good(ui, &ConvTensors::bias));
  }
  const bool elsewhere = is_random(ui.session().input.kind) || is_random(ui.session().weight.kind);
  if (is_random(ui.session().bias.kind) && !elsewhere) draw_seed(ui);
  draw_tensor_editor(ui, "bias", TensorId::bias);
}

}  // namespace convscope
