// What every panel is given: the document, the player, the camera, and a place to leave wishes for the window.
#pragma once

#include <imgui.h>

#include <optional>
#include <string>
#include <vector>

#include "app/gui/widget_registry.h"
#include "app/language/language.h"
#include "app/render/font_stack.h"
#include "app/scene/build_scene.h"
#include "app/session/output_review.h"
#include "app/session/playback.h"
#include "app/session/workbench.h"

namespace convscope {

/// Dear ImGui fonts at the present scale.
struct UiFonts {
  ImFont* body = nullptr;     // 15 px, Chinese merged
  ImFont* bold = nullptr;     // 15 px bold
  ImFont* mono = nullptr;     // 14 px, for PyTorch's names and numbers
  ImFont* caption = nullptr;  // 13 px
  ImFont* formula = nullptr;  // 20 px, floor and ceil brackets
};

class LessonCard;

/// Remembered between starts, beside the last session.
struct Settings {
  float ui_scale = 1.0f;  // times the monitor's own
  bool left_open = true, right_open = true;
  float left_width = 300, right_width = 340;  // logical pixels
  float output_size_height = 0;               // of the pane above the tabs, logical pixels; 0: what suits both
  float parameters_share = 0.56f;             // of the left column, where the tabs stand below the parameters
  float picture_share = 0.5f;                 // of a narrow window, where everything stands below the picture
  std::string side_panel;                     // key of the chosen tab, see side_panels.h; empty: the first
  bool reduced_motion = false;
  int window_width = 1280, window_height = 800;
  std::vector<std::string> recent_files;
  std::string last_folder;
  std::string export_folder;
  std::string project_path;  // where "Save" writes; empty: ask
};

/// What a panel wants the window to do after the frame.
struct UiRequests {
  bool open_file_dialog = false;                                          // for a session, picture or tensor
  bool choose_input = false, choose_weight = false, choose_bias = false;  // a file for that tensor, see panels.h
  bool choose_grad_output = false, choose_target = false;                 // the same, of the gradients
  bool choose_output = false;  // a file with the user's own output, to be compared
  bool save_project = false, save_project_as = false;
  bool open_export = false;
  bool show_shortcuts = false;
  std::string open_lesson;  // name or file
  bool leave_lesson = false;
  bool share = false, paste = false;  // the session as text, and from it
  bool quit = false;
  std::vector<std::string> open_paths;  // dropped or chosen files
  std::string open_beside;              // a preset or file to stand beside, as B
};

/// One line at the bottom of the picture for a few seconds: what was done or why not.
struct Notice {
  std::string text;
  bool is_error = false;
  double until_seconds = 0;
};

/// Characters that the fonts must have besides those of the language files: file names, titles, what is typed.
class GlyphWishes {
 public:
  /// Call before showing text that comes from elsewhere: what is missing is there in the next frame. Cheap for text
  /// that was wished for before, and for ASCII.
  virtual void want(std::string_view text) = 0;

 protected:
  ~GlyphWishes() = default;
};

/// Draws scenes off screen for dialogs. The window owns it; its texture is valid until the next call.
class ScenePreview {
 public:
  virtual ~ScenePreview() = default;
  /// `width` x `height` device pixels at `pixels_per_unit` device pixels per logical pixel of the scene; the texture is
  /// upside up with uv (0, 1)-(1, 0), as OpenGL reads framebuffers. 0 when it cannot be had.
  virtual ImTextureID draw(const Scene& scene, ThemeId theme, int width, int height, float pixels_per_unit) = 0;
};

/// Not owned by the panels; lives for one frame.
struct UiContext {
  Workbench& workbench;
  Playback& playback;
  View& view;
  std::optional<CellRef>& hovered;
  Settings& settings;
  UiRequests& requests;
  WidgetRegistry& widgets;
  Notice& notice;
  const FontStack& font_stack;
  UiFonts fonts;
  float scale = 1;          // device pixels per logical pixel
  double time_seconds = 0;  // of this frame
  float delta_seconds = 0;
  ScenePreview* preview = nullptr;  // may be missing: dialogs then show no picture
  GlyphWishes* glyphs = nullptr;
  OutputReview* review = nullptr;  // the user's own output
  LessonCard* lesson = nullptr;    // the lesson under way, and questions before a step
  bool presenting = false;         // the picture alone, in front of people

  /// Text that is not from the language files is about to be shown (see GlyphWishes).
  void shows(std::string_view foreign) const {
    if (glyphs) glyphs->want(foreign);
  }

  const Session& session() const { return workbench.session(); }
  Language language() const { return workbench.session().language; }
  /// Words for Dear ImGui, which wants C strings: tr() keeps them NUL-terminated.
  const char* text(std::string_view key) const { return tr(language(), key).data(); }
  float px(float logical) const { return logical * scale; }
};

}  // namespace convscope
