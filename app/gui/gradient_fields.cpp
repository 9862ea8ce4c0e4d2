// Where backward() begins, what output is wished for, and the learning of the kernel.
#include <array>

#include "app/gui/parameters_parts.h"
#include "app/gui/source_fields.h"
#include "app/gui/tensor_editor.h"
#include "app/session/named_kernels.h"
#include "engine/kernel_learning.h"

namespace convscope {

namespace {

constexpr std::array kGradOutputRows = {kOnes, kZeros, kArange, kRandn, kRand, kMse, kTyped, kNpy};
constexpr std::array kTargetRows = {kZeros, kOnes, kRandn, kNpy};

void draw_grad_output(UiContext& ui) {
  const Session& session = ui.session();
  ui_label(ui, "gradient.source", ui.text("gradient.grad_output"), ui.text("gradient.grad_output_help"));
  SourceList list(ui);
  list.add(kGradOutputRows, session.gradient.grad_output.kind);
  if (const std::optional<size_t> row = list.draw("gradient.source", "gradient.grad_output_help")) {
    const SourceKind kind = kGradOutputRows[*row].kind;
    if (kind == SourceKind::npy) {
      ui.requests.choose_grad_output = true;
    } else {
      apply_or_tell(ui, edit_grad_output_source(kind, ui.workbench.computation()));
    }
  }
  ImGui::SameLine(0, ui.px(4));
  if (ui_icon_button(ui, "gradient.open", Icon::folder, ui.text("gradient.open_help"))) {
    ui.requests.choose_grad_output = true;
  }
  const TensorSource& source = ui.session().gradient.grad_output;
  if (source.kind == SourceKind::npy) draw_file_line(ui, "gradient.file", source.path, Shape());
  ui_field_error(ui, "grad_output");
  const bool elsewhere = is_random(session.input.kind) || is_random(session.weight.kind) ||
                         (session.params.bias && is_random(session.bias.kind));
  if (is_random(source.kind) && !elsewhere) draw_seed(ui);
  if (source.kind == SourceKind::values) draw_tensor_editor(ui, "gradient", TensorId::grad_output);
}

/// The kernels by name, then other outputs to wish for.
void draw_target(UiContext& ui) {
  const TensorSource& target = ui.session().gradient.target;
  ui_label(ui, "target.source", ui.text("gradient.target"), ui.text("gradient.target_help"));
  SourceList list(ui);
  for (const NamedKernel& kernel : named_kernels()) {
    list.add(kernel.name, kernel.label_key.data(), target.kind == SourceKind::named && target.name == kernel.name);
  }
  const size_t named = named_kernels().size();
  list.add(kTargetRows, target.kind);
  if (const std::optional<size_t> row = list.draw("target.source", "gradient.target_help")) {
    if (*row < named) {
      ui.workbench.apply(edit_target_kernel(list.key(*row)));
    } else if (kTargetRows[*row - named].kind == SourceKind::npy) {
      ui.requests.choose_target = true;
    } else {
      ui.workbench.apply(edit_target_source(kTargetRows[*row - named].kind));
    }
  }
  ImGui::SameLine(0, ui.px(4));
  if (ui_icon_button(ui, "target.open", Icon::folder, ui.text("gradient.target_open_help"))) {
    ui.requests.choose_target = true;
  }
  const TensorSource& now = ui.session().gradient.target;
  if (now.kind == SourceKind::npy) draw_file_line(ui, "target.file", now.path, Shape());
  ui_field_error(ui, "target");
}

void draw_learning(UiContext& ui) {
  LearnSettings learn = ui.session().learn;
  ui_label(ui, "learn.rate", "lr", ui.text("learn.rate_help"), true);
  if (ui_double_field(ui, "learn.rate", learn.learning_rate, 116, "%g", ui_field_invalid(ui, "learning_rate"))) {
    ui.workbench.apply(
        edit_learning("learning_rate", [rate = learn.learning_rate](LearnSettings& to) { to.learning_rate = rate; }));
  }
  ui_typing_error(ui, "learn.rate");
  ui_field_error(ui, "learning_rate");
  ui_label(ui, "learn.steps", ui.text("learn.steps"), ui.text("learn.steps_help"));
  StepperOptions options;
  options.minimum = 1;
  options.maximum = 500;
  options.invalid = ui_field_invalid(ui, "learning_steps");
  if (ui_int_stepper(ui, "learn.steps", learn.steps, options)) {
    ui.workbench.apply(edit_learning("learning_steps", [steps = learn.steps](LearnSettings& to) { to.steps = steps; }));
  }
  ui_typing_error(ui, "learn.steps");
  ui_field_error(ui, "learning_steps");
  ui_words(ui, ui.text("learn.start"), Role::secondary, ui.fonts.caption);
}

}  // namespace

bool is_gradient_field(std::string_view field) {
  return field == "grad_output" || field == "target" || field == "learning_rate" || field == "learning_steps";
}

void draw_gradient_fields(UiContext& ui) {
  bool learns = ui.session().learn.on;
  if (ui_checkbox(ui, "learn.on", ui.text("learn.on"), learns)) {
    ui.workbench.apply(edit_learning("learn", [learns](LearnSettings& learn) { learn.on = learns; }));
  }
  ui_tooltip(ui, ui.text("learn.on_help"));
  if (!ui.session().learn.on) draw_grad_output(ui);
  const bool from_loss = ui.session().learn.on || ui.session().gradient.grad_output.kind == SourceKind::mse;
  if (from_loss) draw_target(ui);
  if (ui.session().learn.on) draw_learning(ui);
}

}  // namespace convscope
