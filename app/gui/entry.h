// What main can ask of the interface: the window, a picture of it, and how fast it is.
#pragma once

#include <optional>
#include <string>

#include "app/session/session.h"
#include "engine/result.h"

namespace convscope {

struct WindowOptions {
  std::string open;    // preset, session, picture or .npy; empty: the last session, or the first preset
  std::string ask;     // a file that the window asks about first: an .npz, a model
  std::string lesson;  // a built-in lesson or a file, opened on top of it
  int64_t lesson_page = 1;
  float ui_scale = 0;              // 0: the monitor's
  bool print_first_frame = false;  // prints the time from process start to the first frame, then ends
};
/// Whether a lesson can be opened at that page (from 1). Errors: open_lesson()'s, error.lesson_page (args: page,
/// pages).
Result<void> check_lesson_page(const std::string& lesson, int64_t page, Language language);

/// Opens the window and returns when it is closed. Errors: error.no_display, error.no_opengl, those of opening.
Result<void> run_window(const WindowOptions& options);
/// Whether a window could be opened at all (a display is there).
bool has_display();

struct ScreenshotOptions {
  std::string open;    // empty: what a first start shows
  std::string lesson;  // opened on top of it; empty: none
  int64_t lesson_page = 1;
  std::string target;
  int width = 1600, height = 900;    // device pixels
  std::optional<int64_t> step;       // 1-based
  std::optional<std::string> image;  // run through a model up to the layer; empty: the project's own picture
  bool imagenet = false;             // normalized as torchvision's models want it
  std::string operation;             // instead of the session's; empty: its own
  std::string beside;                // another configuration as B; empty: what the session has
  std::optional<Lens> lens, lens_b;  // of both sides; without `beside` two lenses of the session
  std::string show;                  // words of set_picture_options(); empty: as the session has it
  std::optional<ThemeId> theme;
  std::optional<Language> language;
  float ui_scale = 1;
  std::string actions_file;   // script of user actions, see app/gui/action_script.h
  bool list_widgets = false;  // prints the names of the widgets instead of, or besides, drawing
};
Result<void> run_screenshot(const ScreenshotOptions& options);

struct UiBenchOptions {
  std::string open;
  std::optional<Lens> lens;
  int width = 1280, height = 720;
  bool json = false;
};
/// Prints frames_per_second and change_to_picture_ms.
Result<void> run_ui_bench(const UiBenchOptions& options);

}  // namespace convscope
