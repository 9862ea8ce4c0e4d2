#include "app/gui/source_fields.h"

#include <map>

#include "app/gui/edits.h"
#include "app/gui/folder_listing.h"
#include "app/io/npz.h"
#include "app/session/model.h"

namespace convscope {

void apply_or_tell(UiContext& ui, Result<Action> action) {
  if (action) {
    ui.workbench.apply(*action);
    return;
  }
  ui.notice = Notice{describe(ui.language(), action.error()), true, ui.time_seconds + 8};
}

bool is_random(SourceKind kind) {
  return kind == SourceKind::randn || kind == SourceKind::rand || kind == SourceKind::conv2d_init;
}

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
    const ArrayPath array = array_path(path);
    const LayerPath layer = layer_path(path);
    const std::string& part = array.array.empty() ? layer.layer : array.array;
    line.words = shown_name(name_of_path(array.array.empty() ? layer.file : array.file));
    if (!part.empty()) line.words += ":" + shown_name(part);
    if (shape.rank() > 0) line.words += "  " + shape.to_string("x");
  }
  ui.shows(line.words);
  ui_words(ui, line.words.c_str(), Role::secondary);
  ui.widgets.note_item(name);
  ui_tooltip(ui, path.c_str());
}

}  // namespace convscope
