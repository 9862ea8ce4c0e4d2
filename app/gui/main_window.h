// The whole interface, free of any window system: the GLFW window, the screenshot, the tests and the benchmark all
// hold one of these.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/gui/array_dialog.h"
#include "app/gui/command_palette.h"
#include "app/gui/fonts.h"
#include "app/gui/kept_frame.h"
#include "app/gui/lesson_card.h"
#include "app/gui/model_dialog.h"
#include "app/gui/panels.h"
#include "app/gui/picture_area.h"
#include "app/gui/preview.h"
#include "app/gui/shortcuts.h"
#include "app/gui/side_panels.h"
#include "app/gui/ui_context.h"
#include "app/render/gl_canvas.h"

struct ImGuiContext;

namespace convscope {

struct FrameInfo {
  int width = 0, height = 0;  // device pixels; ImGui's coordinates are device pixels too
  float scale = 1;            // device pixels per logical pixel
  double time_seconds = 0;
  float delta_seconds = 0;
};

/// Needs a current OpenGL context with glad loaded for its whole life; makes an ImGui context of its own and its
/// renderer, to which a platform adds time, size and mouse. A frame is
///   begin_frame(); platform's NewFrame; ImGui::NewFrame(); draw(); ImGui::Render(); render();
class MainWindow {
 public:
  /// `state_folder`: where settings and the last session are kept; empty: nowhere.
  static Result<std::unique_ptr<MainWindow>> create(const FontStack& fonts, Session session, Settings settings,
                                                    std::string state_folder);
  ~MainWindow();
  MainWindow(const MainWindow&) = delete;
  MainWindow& operator=(const MainWindow&) = delete;

  // What happened since the last frame.
  void press(const KeyPress& press);
  void drop(const std::string& path);
  /// Opens a preset, session, picture or .npy, or what a text says (see open_session()), as one undoable edit, or says
  /// in the notice why not.
  void open(const std::string& preset_or_path);

  /// Opens the same as open(), but as B beside the session, or says in the notice why not.
  void open_beside(const std::string& preset_or_path);

  /// Opens a built-in lesson or one of a file at a page (from 0), or says in the notice why not. Leaving it gives back
  /// the session of now.
  void open_lesson(const std::string& name_or_path, size_t page = 0);

  void begin_frame(const FrameInfo& frame);
  void draw();
  /// Draws into the bound framebuffer.
  void render();
  /// Lets the next render() draw every pixel anew, whatever has stayed the same.
  void forget_pixels() { kept_.forget(); }

  /// Whether the next frame will look different by itself; else the window may sleep.
  bool moves() const;
  /// Seconds after which something will have changed without any input (a notice that goes).
  double sleeps_at_most() const;
  /// Whether work runs whose result will be shown: computing, exporting.
  bool busy() const;
  /// Lets running work end and takes it in.
  void wait();

  bool wants_to_quit() const { return quit_; }
  /// True once after F11.
  bool take_fullscreen_toggle();
  /// Of the window's title bar.
  std::string title() const;
  /// Device pixels per logical pixel of this frame: larger while presenting.
  float scale() const { return frame_.scale; }
  void tell(std::string text, bool is_error = false);
  /// Writes settings and the last session now.
  void save_state();

  Workbench& workbench() { return *workbench_; }
  Playback& playback() { return playback_; }
  OutputReview& review() { return review_; }
  LessonCard& lesson() { return lesson_; }
  PictureArea& picture() { return picture_; }
  const Scene& scene() const { return picture_.scene(); }
  const WidgetRegistry& widgets() const { return widgets_; }
  WidgetRegistry& widgets() { return widgets_; }
  Settings& settings() { return settings_; }
  const Notice& notice() const { return notice_; }
  ExportDialog& export_dialog() { return export_dialog_; }

 private:
  MainWindow(const FontStack& fonts, Settings settings, std::string state_folder);
  UiContext context();
  void run(Command command);
  void leave_lesson(UiContext& ui);
  /// With the lesson's card above it, where there is one.
  void draw_picture(UiContext& ui, const Box& box);
  void follow_step();
  void draw_columns(UiContext& ui, float top, float bottom);
  /// Narrow windows: the picture, and everything else as tabs below it.
  void draw_stack(UiContext& ui, float top, float bottom);
  void draw_left(UiContext& ui, const Box& box, bool with_right);
  void draw_right(UiContext& ui, const Box& box);
  /// The tabs and their panel; `edge` is the side on which the picture lies.
  void draw_side(UiContext& ui, const Box& box, std::span<const SidePanel> first, unsigned edge);
  void draw_presenter(UiContext& ui);
  void set_presenting(bool on);
  void draw_dialogs(UiContext& ui);
  void choose(UiContext& ui, const PaletteChoice& choice);
  /// A shared session, or code.
  void open_text(const std::string& text);
  void copy_session();
  void paste();
  void serve_requests(UiContext& ui);
  /// An array of a file in the place that the dialog says.
  void take_array(UiContext& ui, ArrayDialog::Choice choice);
  /// A layer of a model, as one edit.
  void take_layer(UiContext& ui, Session session);
  void note_recent(const std::string& path);
  void save_project(UiContext& ui, const std::string& path);
  void autosave();

  const FontStack& font_stack_;
  ImGuiContext* imgui_ = nullptr;
  bool renderer_ready_ = false;
  FontAtlas atlas_;
  std::unique_ptr<GlCanvas> canvas_;
  KeptFrame kept_;
  std::unique_ptr<GlPreview> preview_;
  std::unique_ptr<Workbench> workbench_;
  OutputReview review_;
  LessonCard lesson_;
  std::string path_before_lesson_;  // of the project
  Playback playback_;
  PictureArea picture_;
  Settings settings_;
  std::string state_folder_;
  UiRequests requests_;
  WidgetRegistry widgets_;
  Notice notice_;
  FileDialog file_dialog_;
  ExportDialog export_dialog_;
  ArrayDialog array_dialog_;
  ModelDialog model_dialog_;
  std::vector<KeyPress> presses_;

  FrameInfo frame_;
  std::optional<ThemeId> styled_theme_;
  float styled_scale_ = 0;
  int64_t shown_step_ = 0;  // 1-based, as the session had it at the end of the last frame
  double last_input_ = 0;
  bool shortcuts_open_ = false;
  CommandPalette palette_;
  struct Presenter {
    bool on = false, blank = false;
    bool filled_screen = false;  // the window did not fill it before
  } presenter_;
  bool fills_screen_ = false;
  // Of contents in the last frame, device pixels: the output size without its table, that table, the chosen tab.
  float output_size_height_ = 0, output_table_height_ = 0, side_height_ = 0;
  bool quit_ = false, fullscreen_toggled_ = false;
  Session saved_session_;
  Settings saved_settings_;
  double next_autosave_ = 0;
};

}  // namespace convscope
