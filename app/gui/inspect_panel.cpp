// "Inspect": a tensor and its slices in PyTorch's words, as a notebook would answer.
#include <algorithm>
#include <array>
#include <cfloat>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/gui/panels.h"
#include "app/gui/widgets.h"
#include "app/io/tensor_text.h"
#include "engine/tensor_answer.h"
#include "engine/tensor_print.h"
#include "engine/tensor_slice.h"

namespace convscope {

namespace {

struct Subject {
  TensorId id;
  const char* label;      // of its button, as the picture's name tags
  std::string_view key;   // of scripts
  std::string_view name;  // in expressions
  Role role;
};
constexpr std::array kSubjects = {
    Subject{TensorId::input, "X", "input", "x", Role::input},
    Subject{TensorId::weight, "W", "weight", "w", Role::weight},
    Subject{TensorId::bias, "b", "bias", "b", Role::bias},
    Subject{TensorId::output, "Y", "output", "y", Role::output},
};

/// Offered where they fit the tensor's shape.
constexpr std::array<std::string_view, 6> kExamples = {"[0]",        "[:, 0]", "[:, :, 2:5, 3:6]",
                                                       "[..., ::2]", "[-1]",   "[0, 0]"};
constexpr size_t kMostExamples = 4;
/// PyTorch prints the edges only of what has more numbers.
constexpr int64_t kMostPrinted = 1000;
/// Of numbers copied in full: some megabytes of text, which every clipboard takes.
constexpr int64_t kMostCopied = 1 << 18;

struct Attribute {
  std::string name, value;
  bool beside_the_last = false;
};

struct Example {
  std::string text, widget;
};

/// What is shown, made anew when the tensor or the expression is another.
struct Memory {
  TensorId tensor = TensorId::input;
  std::string expression = "x[0, 0]";
  // Of which the rest was made:
  uint64_t generation = 0;
  TensorId shown_tensor = TensorId::input;
  std::string shown_expression;

  std::vector<Attribute> attributes;
  std::vector<Example> examples;
  std::string result_size;  // of the last expression that could be evaluated; the type of what is no tensor
  std::string result_text;
  int result_lines = 0;
  std::optional<TensorSlice> summarised;  // of which the text shows only the edges
  std::string too_large;                  // why it cannot be copied in full
  Language language = Language::en;       // of that sentence, and the numbers it speaks of
  int64_t told = 0;
  std::optional<Error> error;
};

Memory& memory() {
  static Memory the_memory;
  return the_memory;
}

const Subject& subject_of(TensorId id) {
  return *std::find_if(kSubjects.begin(), kSubjects.end(), [id](const Subject& s) { return s.id == id; });
}

const Tensor& kept_tensor(const Computation& computation, TensorId id) {
  switch (id) {
    case TensorId::weight:
      return computation.tensors.weight;
    case TensorId::bias:
      return computation.tensors.bias;
    case TensorId::output:
      return computation.tensors.output;
    default:
      return computation.tensors.input;
  }
}

/// As PyTorch has it.
Tensor tensor_of(const Computation& computation, TensorId id) {
  const Tensor& tensor = kept_tensor(computation, id);
  return id == TensorId::bias ? tensor : computation.plan.shown(tensor);
}

void evaluate(Memory& m, const Tensor& tensor) {
  Result<TensorAnswer> answer = ask_tensor(tensor, m.expression);
  if (!answer) {
    // The last good answer stays.
    m.error = answer.error();
    return;
  }
  m.error.reset();
  m.result_size = answer->slice ? torch_size(answer->slice->shape) : answer->type;
  m.result_text = std::move(answer->text);
  m.summarised.reset();
  if (answer->slice && answer->slice->numel() > kMostPrinted) m.summarised = *answer->slice;
  m.result_lines = 1 + static_cast<int>(std::count(m.result_text.begin(), m.result_text.end(), '\n'));
}

void describe_tensor(Memory& m, const Tensor& tensor) {
  const std::string name(subject_of(m.tensor).name);
  const std::string size = torch_size(tensor.shape());
  const std::string rank = std::to_string(tensor.shape().rank());
  m.attributes = {{name + ".shape", size},
                  {name + ".size()", size},
                  {name + ".dtype", torch_dtype(tensor.dtype())},
                  {name + ".device", "cpu", true},
                  {name + ".dim()", rank},
                  {name + ".ndim", rank, true},
                  {name + ".numel()", std::to_string(tensor.numel())}};
  m.examples.clear();
  for (std::string_view example : kExamples) {
    const Result<TensorSlice> slice = slice_tensor(tensor, example);
    if (!slice || slice->numel() == 0 || m.examples.size() == kMostExamples) continue;
    m.examples.push_back({name + std::string(example), "inspect.example." + std::to_string(m.examples.size())});
  }
}

void refresh(Memory& m, const Computation& computation) {
  const bool same_tensor = m.generation == computation.generation && m.shown_tensor == m.tensor;
  if (same_tensor && m.shown_expression == m.expression) return;
  const Tensor& tensor = tensor_of(computation, m.tensor);
  if (!same_tensor) {
    describe_tensor(m, tensor);
    m.result_size.clear();
    m.result_text.clear();
    m.summarised.reset();
  }
  evaluate(m, tensor);
  m.generation = computation.generation;
  m.shown_tensor = m.tensor;
  m.shown_expression = m.expression;
}

/// The name before the brackets follows the tensor, unless the user wrote another one.
void rename_subject(std::string& expression, const Subject& from, const Subject& to) {
  if (expression == from.name || expression.starts_with(std::string(from.name) + "[") ||
      expression.starts_with(std::string(from.name) + ".")) {
    expression.replace(0, from.name.size(), to.name);
  }
}

void draw_subjects(UiContext& ui, Memory& m, const Computation& computation) {
  std::array<const char*, kSubjects.size()> labels{};
  std::array<std::string_view, kSubjects.size()> keys{};
  std::array<const Subject*, kSubjects.size()> subjects{};
  size_t count = 0;
  int current = 0;
  for (const Subject& subject : kSubjects) {
    if (!tensor_of(computation, subject.id).defined()) continue;
    if (subject.id == m.tensor) current = static_cast<int>(count);
    labels[count] = subject.label;
    keys[count] = subject.key;
    subjects[count++] = &subject;
  }
  ui_segments(ui, "inspect.tensor", current, std::span(labels).first(count), std::span(keys).first(count), -0.01f);
  const Subject& chosen = *subjects[static_cast<size_t>(current)];
  if (chosen.id == m.tensor) return;
  rename_subject(m.expression, subject_of(m.tensor), chosen);
  m.tensor = chosen.id;
}

/// Monospace as large as captions, smaller where the words would not fit into `width`.
void mono_words(UiContext& ui, const std::string& text, ImVec2 place, float width, Role role) {
  ImFont* const font = ui.fonts.mono;
  const float wide =
      font->CalcTextSizeA(ui.fonts.caption->FontSize, FLT_MAX, 0, text.data(), text.data() + text.size()).x;
  const float size = ui.fonts.caption->FontSize * std::clamp(width / std::max(1.0f, wide), 0.7f, 1.0f);
  ImGui::GetWindowDrawList()->AddText(font, size, place, ui_color32(ui, role), text.data(), text.data() + text.size());
}

void draw_attributes(UiContext& ui, const Memory& m) {
  const float row_height = ui.fonts.caption->FontSize + ui.px(6);
  const float width = ImGui::GetContentRegionAvail().x;
  const ImVec2 origin = ImGui::GetCursorScreenPos();
  // Short ones share a line.
  const float second = std::round(width * 0.64f);
  const float hair = std::max(1.0f, std::round(ui.scale));
  float y = origin.y - row_height;
  for (size_t i = 0; i < m.attributes.size(); ++i) {
    const Attribute& attribute = m.attributes[i];
    const float left = attribute.beside_the_last ? second : 0;
    const float column = attribute.beside_the_last ? ui.px(70) : ui.px(82);
    if (!attribute.beside_the_last) {
      y += row_height;
      ImGui::GetWindowDrawList()->AddRectFilled({origin.x, y + row_height - hair}, {origin.x + width, y + row_height},
                                                ui_color32(ui, Role::border));
    }
    const bool shares = i + 1 < m.attributes.size() && m.attributes[i + 1].beside_the_last;
    const float room = (shares ? second : width) - left - column - ui.px(4);
    mono_words(ui, attribute.name, {origin.x + left + ui.px(4), y + ui.px(3)}, column - ui.px(8), Role::secondary);
    mono_words(ui, attribute.value, {origin.x + left + column, y + ui.px(3)}, room, Role::text);
  }
  ImGui::Dummy({width, y + row_height - origin.y});
  ui.widgets.note_item("inspect.attributes");
}

void draw_examples(UiContext& ui, Memory& m) {
  const float right = ImGui::GetCursorScreenPos().x + ImGui::GetContentRegionAvail().x;
  const float padding = 2 * ImGui::GetStyle().FramePadding.x;
  const UiFont mono(ui.fonts.mono);
  bool first = true;
  for (const Example& example : m.examples) {
    const float wide = ImGui::CalcTextSize(example.text.c_str()).x + std::max(padding, ui.px(24));
    if (!first && ImGui::GetItemRectMax().x + ui.px(4) + wide <= right) ImGui::SameLine(0, ui.px(4));
    if (ui_button(ui, example.widget, example.text.c_str())) m.expression = example.text;
    first = false;
  }
}

void draw_result(UiContext& ui, const Memory& m) {
  if (m.result_text.empty()) return;
  const float line = ImGui::GetFrameHeight();
  const ImVec2 place = ImGui::GetCursorScreenPos();
  const float width = ImGui::GetContentRegionAvail().x;
  mono_words(ui, m.result_size, {place.x, place.y + (line - ui.fonts.caption->FontSize) / 2}, width - line - ui.px(8),
             Role::secondary);
  ImGui::SetCursorPosX(ImGui::GetCursorPosX() + width - line);
  if (ui_icon_button(ui, "inspect.copy", Icon::copy, ui.text("inspect.copy"))) {
    ImGui::SetClipboardText(m.result_text.c_str());
  }
  constexpr int kMostLines = 16;
  const UiFont mono(ui.fonts.mono);
  const ImGuiStyle& style = ImGui::GetStyle();
  const float height = ImGui::GetTextLineHeight() * static_cast<float>(std::min(m.result_lines, kMostLines)) +
                       2 * ui.px(8) + style.ScrollbarSize;
  ImGui::PushStyleColor(ImGuiCol_ChildBg, ui_color(ui, Role::canvas));
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2(ui.px(8), ui.px(8)));
  // One line below the other without a gap, as a terminal shows them.
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(style.ItemSpacing.x, 0));
  ImGui::BeginChild("##result", {0, height}, true, ImGuiWindowFlags_HorizontalScrollbar);
  // Beside an error stands the last good answer, in the background.
  ImGui::PushStyleColor(ImGuiCol_Text, ui_color(ui, m.error ? Role::secondary : Role::text));
  ImGui::TextUnformatted(m.result_text.data(), m.result_text.data() + m.result_text.size());
  ImGui::PopStyleColor();
  ImGui::EndChild();
  ImGui::PopStyleVar(2);
  ImGui::PopStyleColor();
  ui.widgets.note_item("inspect.result");
  if (!m.summarised) return;
  // What "..." stands for cannot be pasted anywhere: all numbers can.
  const int64_t count = m.summarised->numel();
  if (count <= kMostCopied) {
    const UiFont body(ui.fonts.body);
    if (ui_icon_label_button(ui, "inspect.copy_all", Icon::copy, ui.text("inspect.copy_all"))) {
      ImGui::SetClipboardText(tensor_text(*m.summarised).c_str());
    }
    return;
  }
  ui_words(ui, m.too_large.c_str(), Role::secondary, ui.fonts.caption);
  ui.widgets.note_item("inspect.too_large");
}

}  // namespace

void draw_inspect_panel(UiContext& ui) {
  const ComputationPtr computation = ui.workbench.computation();
  if (!computation || !computation->tensors.output.defined()) {
    ui_words(ui, ui.text("inspect.none"), Role::secondary);
    return;
  }
  Memory& m = memory();
  draw_subjects(ui, m, *computation);
  refresh(m, *computation);
  draw_attributes(ui, m);
  const bool is_picture = m.tensor == TensorId::input && ui.session().input.kind == SourceKind::image;
  if (is_picture) ui_words(ui, ui.text("inspect.picture_scaling"), Role::secondary, ui.fonts.caption);
  ui_gap(ui, 8);
  ui_words(ui, ui.text("inspect.index"), Role::secondary, ui.fonts.caption);
  ui_text_field(ui, "inspect.index", m.expression, -0.01f, "x[:, 0]", nullptr, true);
  // What was typed in this frame is answered in this frame.
  refresh(m, *computation);
  if (m.error) ui_error_line(ui, "inspect.index", *m.error);
  draw_examples(ui, m);
  if (m.summarised && (m.too_large.empty() || m.language != ui.language() || m.told != m.summarised->numel())) {
    m.told = m.summarised->numel();
    m.language = ui.language();
    m.too_large = tr(ui.language(), "inspect.too_large", {std::to_string(m.told), std::to_string(kMostCopied)});
  }
  draw_result(ui, m);
}

}  // namespace convscope
