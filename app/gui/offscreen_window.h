// The whole window without a screen: for screenshots, tests and the benchmark.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/gui/action_script.h"
#include "app/gui/main_window.h"
#include "app/io/image.h"
#include "app/render/egl_context.h"

namespace convscope {

/// Largest side of a window's picture, in device pixels.
inline constexpr int kMaxWindowSide = 8192;

/// Time passes by the frame, not by the clock, so that the same script gives the same picture.
class OffscreenWindow {
 public:
  struct Options {
    int width = 1280, height = 720;  // device pixels
    float scale = 1;
    Session session;
    Settings settings;
    std::string state_folder;
  };
  /// Errors: error.no_opengl, error.font_missing, error.window_size (args: width, height, limit).
  static Result<std::unique_ptr<OffscreenWindow>> create(Options options);
  ~OffscreenWindow();

  MainWindow& window() { return *window_; }
  float scale() const { return options_.scale * window_->settings().ui_scale; }

  /// One frame, drawn to its end; `seconds` pass.
  void frame(double seconds = 1.0 / 60, const std::function<void()>& inject = {});
  /// Lets work end and the layout come to rest.
  void settle();
  /// Errors: the script's.
  Result<void> play(std::vector<ScriptAction> actions);
  Result<void> play(std::string_view script);
  Pixels pixels();

 private:
  explicit OffscreenWindow(Options options) : options_(std::move(options)) {}

  Options options_;
  std::unique_ptr<EglContext> context_;
  std::unique_ptr<FontStack> fonts_;
  std::unique_ptr<MainWindow> window_;
  unsigned framebuffer_ = 0, texture_ = 0;
  double now_ = 0;
};

}  // namespace convscope
