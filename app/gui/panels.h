// Every panel of the window, one file each. A panel draws into the Dear ImGui window or child that is open.
#pragma once

#include <memory>
#include <string>

#include "app/gui/ui_context.h"

namespace convscope {

// Left column.
void draw_parameters_panel(UiContext& ui);  // constructor call, input, arguments, kernel, bias, algorithm
// Right column.
void draw_output_size_panel(UiContext& ui);  // the formula in symbols and in numbers, both axes
/// The same without the table of quantities where that has no room; returns how high the table is, shown or not, in
/// device pixels.
float draw_output_size_panel(UiContext& ui, bool with_table);
void draw_cell_panel(UiContext& ui);             // products, bias and sum of the current cell
void draw_code_panel(UiContext& ui);             // the same computation in PyTorch, NumPy, TensorFlow, ...
void draw_inspect_panel(UiContext& ui);          // a tensor and its slices as PyTorch prints them
void draw_compare_panel(UiContext& ui);          // the user's own output against the engine's, and why it differs
void draw_cost_panel(UiContext& ui);             // parameters, MACs, bytes, arithmetic intensity
void draw_solver_panel(UiContext& ui);           // from a wished output size back to the parameters
void draw_receptive_field_panel(UiContext& ui);  // a chain of layers and what its cells see; left in the lens of fields
// Bars.
/// Presets, lenses, undo, redo, language, theme, export; in two rows where one has no room for them.
void draw_toolbar(UiContext& ui, bool two_rows);
/// First, back, play, forward, last, scrub, step, speed, loop; in two rows as well.
void draw_timeline(UiContext& ui, bool two_rows);
/// Contents of the toolbar's "preset" popup, which is open when this is called: the built-in sessions by group,
/// entries registered as "preset.<name>"; choosing one leaves its name in requests.open_paths (the window opens it,
/// keeping language and theme, with the name as the session's title) and closes the popup.
void draw_preset_menu(UiContext& ui);
/// Where two stand side by side: which of them is edited, swap, close, and what is wrong with the other one. A strip
/// along the upper edge of `area`; returns its height in device pixels, 0 where there is nothing to compare.
float draw_pair_bar(UiContext& ui, const Box& area);

/// What project files are called; the desktop knows the type by it (packaging/convscope.xml).
inline constexpr const char* kProjectEnding = ".convscope";

/// Dialogs that keep something between frames. Each is opened by UiRequests and draws itself while open.
class FileDialog {
 public:
  enum class Purpose {
    open_any,
    save_project,
    choose_input,
    choose_weight,
    choose_bias,
    choose_grad_output,
    choose_target,
    choose_picture,  // to be run through a model, which asks by a dialog of its own
    choose_output,   // the user's own, to be compared
    choose_export_target,
  };
  FileDialog();
  ~FileDialog();
  void open(Purpose purpose, const std::string& folder, const std::string& name);
  bool is_open() const;
  /// True in the frame in which a file was chosen; `path` and `purpose` say which.
  bool draw(UiContext& ui, std::string& path, Purpose& purpose);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// What the window does with a file chosen for a tensor (choose_input, choose_weight, choose_bias, choose_grad_output,
/// choose_target): makes it the source of that tensor as one undoable edit, or leaves the one-line reason in the
/// notice.
void use_chosen_file(UiContext& ui, FileDialog::Purpose purpose, const std::string& path);

/// What is converted where a session of that dtype takes its numbers from the file, as one line ("x.npy: int64
/// converted to float32."); empty where nothing is, and for files that are no .npy.
std::string conversion_words(Language language, const std::string& path, DType dtype);

class ExportDialog {
 public:
  ExportDialog();
  ~ExportDialog();
  void open(UiContext& ui);
  bool is_open() const;
  /// Runs the export on a thread of its own, with progress and cancel.
  void draw(UiContext& ui);
  /// Whether an export runs; waits for it (screenshots, tests).
  bool busy() const;
  void wait();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace convscope
