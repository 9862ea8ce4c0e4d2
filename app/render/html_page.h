// An animation as a web page of its own: SVG with step controls, in need of nothing but a browser.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "app/language/language.h"
#include "app/render/svg_frames.h"
#include "app/scene/theme.h"
#include "engine/result.h"

namespace convscope {

/// Words in every language, by Language.
using Translated = std::array<std::string, 2>;

/// The page's script and style are assets/page/player.html; the controls' labels are the timeline's, in both languages.
class HtmlPage {
 public:
  /// `language` is that of the pictures, and of the page until its reader chooses another one.
  HtmlPage(const Theme& theme, Language language, Translated title, float scale);

  /// Begins a step, numbered as users count, with what it shows in words. Steps come in order.
  void begin_step(int64_t number, Translated sentence);
  /// Adds a frame of the present step that is shown for `seconds`.
  Result<void> add(const Scene& scene, double seconds);
  /// `all_steps`: of the whole operation, of which these may be a part; `session` as carried_form() has it, or empty.
  /// Errors: error.svg_no_frames.
  Result<std::string> finish(int64_t all_steps, const std::string& session);

 private:
  const Theme& theme_;
  Language language_;
  Translated title_;
  float scale_;
  SvgFrames frames_;
  std::vector<int64_t> milliseconds_;  // of each frame
  double seconds_ = 0;
  std::vector<size_t> step_of_frame_;
  std::vector<std::pair<int64_t, Translated>> steps_;
};

}  // namespace convscope
