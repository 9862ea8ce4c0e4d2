#include <imgui.h>

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
#include "app/gui/tensor_editor.h"
#include "app/gui/widgets.h"
#include "app/session/named_kernels.h"

namespace convscope {

namespace {

void apply(UiContext& ui, Result<Action> action) {
  if (action) {
    ui.workbench.apply(*action);
    return;
  }
  ui.notice = Notice{describe(ui.language(), action.error()), true, ui.time_seconds + 8};
}

struct SourceRow {
  SourceKind kind;
  const char* label_key;
};
constexpr SourceRow kArange{SourceKind::arange, "source.arange"};
constexpr SourceRow kOnes{SourceKind::ones, "source.ones"};
constexpr SourceRow kZeros{SourceKind::zeros, "source.zeros"};
constexpr SourceRow kRandn{SourceKind::randn, "source.randn"};
constexpr SourceRow kRand{SourceKind::rand, "source.rand"};
constexpr SourceRow kLayerInit{SourceKind::conv2d_init, "source.conv2d_init"};
constexpr SourceRow kTyped{SourceKind::values, "source.values"};
constexpr SourceRow kSample{SourceKind::sample, "source.sample"};
constexpr SourceRow kImage{SourceKind::image, "source.image"};
constexpr SourceRow kNpy{SourceKind::npy, "source.npy"};
constexpr std::array kInputRows = {kArange, kOnes, kZeros, kRandn, kRand, kTyped, kSample, kImage, kNpy};
constexpr std::array kKernelRows = {kLayerInit, kRandn, kRand, kArange, kTyped, kNpy};
constexpr std::array kBiasRows = {kZeros, kOnes, kArange, kRandn, kRand, kLayerInit, kTyped, kNpy};

/// A list of sources while it is put together; keeps its memory.
class SourceList {
 public:
  explicit SourceList(UiContext& ui) : ui_(ui) {
    labels().clear();
    keys().clear();
  }
  void add(std::string_view key, const char* label_key, bool current) {
    if (current) current_ = static_cast<int>(keys().size());
    keys().push_back(key);
    labels().push_back(ui_.text(label_key));
  }
  void add(std::span<const SourceRow> rows, SourceKind current) {
    for (const SourceRow& row : rows) add(name_of(row.kind), row.label_key, row.kind == current);
  }
  /// Draws it with room for the button that opens a file at its right; the row that was chosen.
  std::optional<size_t> draw(std::string_view name, const char* help_key) {
    const float open_width = ImGui::GetFrameHeight() / ui_.scale + 4;
    const bool chosen = ui_combo(ui_, name, current_, labels(), -open_width, keys());
    ui_tooltip(ui_, ui_.text(help_key));
    return chosen ? std::optional<size_t>(static_cast<size_t>(current_)) : std::nullopt;
  }
  std::string_view key(size_t row) const { return keys()[row]; }

 private:
  static std::vector<const char*>& labels() {
    static std::vector<const char*> memory;
    return memory;
  }
  static std::vector<std::string_view>& keys() {
    static std::vector<std::string_view> memory;
    return memory;
  }
  UiContext& ui_;
  int current_ = -1;
};

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
  options.wraps_at_64_bits = true;
  if (ui_int_stepper(ui, "seed", seed, options)) ui.workbench.apply(edit_seed(seed));
  ImGui::SameLine(0, ui.px(4));
  if (ui_icon_button(ui, "seed.next", Icon::dice, ui.text("seed.next"))) {
    ui.workbench.apply(edit_seed(ui.session().seed + 1));
  }
  ui_typing_error(ui, "seed");
}

/// Of the last good numbers, unless what stands there now is something else.
Shape shape_if_good(const UiContext& ui, Tensor ConvTensors::*tensor) {
  const ComputationPtr computation = ui.workbench.computation();
  return computation && !ui.workbench.error() ? (computation->tensors.*tensor).shape() : Shape();
}

/// The name of the file and the shape that is in it (rank 0: not known).
void draw_file_line(UiContext& ui, std::string_view name, const std::string& path, const Shape& shape) {
  struct Line {
    std::string path, words;
    Shape shape;
  };
  static std::map<std::string_view, Line> lines;
  Line& line = lines[name];
  if (line.words.empty() || line.path != path || !(line.shape == shape)) {
    line.path = path;
    line.shape = shape;
    line.words = shown_name(name_of_path(path));
    if (shape.rank() > 0) line.words += "  " + shape.to_string("x");
  }
  ui.shows(line.words);
  ui_words(ui, line.words.c_str(), Role::secondary);
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
    std::optional<Pair> typed;
    if (axis != InputAxis::batch) options.pair = &typed;
    if (ui_int_stepper(ui, name, extent, options)) {
      ui.workbench.apply(edit_input_size(axis, extent, last_good(ui)));
    }
    if (!typed) return;
    // "5,7" in either field says both.
    if (*typed != Pair{shape[2], shape[3]}) ui.workbench.apply(edit_input_size(*typed, last_good(ui)));
  };
  field("input.height", "input.height", InputAxis::height, shape[2], 1, 64);
  field("input.width", "input.width", InputAxis::width, shape[3], 1, 64);
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
  list.add(kInputRows, ui.session().input.kind);
  if (const std::optional<size_t> row = list.draw("input.source", "input.source_help")) {
    const SourceKind kind = kInputRows[*row].kind;
    if (kind == SourceKind::image || kind == SourceKind::npy) {
      ui.requests.choose_input = true;
    } else {
      apply(ui, edit_input_source(ui.session(), kind, ui.workbench.computation()));
    }
  }
  ImGui::SameLine(0, ui.px(4));
  if (ui_icon_button(ui, "input.open", Icon::folder, ui.text("input.open_help"))) ui.requests.choose_input = true;

  if (input_brings_shape(ui.session())) {
    draw_file_line(ui, "input.file", ui.session().input.path, ui.workbench.input_shape());
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
  if (const std::optional<size_t> row = list.draw("kernel.named", "kernel.source_help")) {
    if (*row < named) {
      ui.workbench.apply(edit_named_kernel(list.key(*row)));
    } else if (kKernelRows[*row - named].kind == SourceKind::npy) {
      ui.requests.choose_weight = true;
    } else {
      apply(ui, edit_weight_source(session, kKernelRows[*row - named].kind, ui.workbench.computation()));
    }
  }
  ImGui::SameLine(0, ui.px(4));
  if (ui_icon_button(ui, "kernel.open", Icon::folder, ui.text("kernel.open_help"))) ui.requests.choose_weight = true;
  if (ui.session().weight.kind == SourceKind::npy) {
    draw_file_line(ui, "kernel.file", ui.session().weight.path, shape_if_good(ui, &ConvTensors::weight));
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
  if (const std::optional<size_t> row = list.draw("bias.source", "bias.source_help")) {
    const SourceKind kind = kBiasRows[*row].kind;
    if (kind == SourceKind::npy) {
      ui.requests.choose_bias = true;
    } else {
      apply(ui, edit_bias_source(session, kind, ui.workbench.computation()));
    }
  }
  ImGui::SameLine(0, ui.px(4));
  if (ui_icon_button(ui, "bias.open", Icon::folder, ui.text("bias.open_help"))) ui.requests.choose_bias = true;
  if (ui.session().bias.kind == SourceKind::npy) {
    draw_file_line(ui, "bias.file", ui.session().bias.path, shape_if_good(ui, &ConvTensors::bias));
  }
  const bool elsewhere = is_random(ui.session().input.kind) || is_random(ui.session().weight.kind);
  if (is_random(ui.session().bias.kind) && !elsewhere) draw_seed(ui);
  draw_tensor_editor(ui, "bias", TensorId::bias);
}

}  // namespace convscope
