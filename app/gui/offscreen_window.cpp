#include "app/gui/offscreen_window.h"

#include <glad/gl.h>
#include <imgui.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "app/gui/scripted_input.h"

namespace convscope {

Result<std::unique_ptr<OffscreenWindow>> OffscreenWindow::create(Options options) {
  if (options.width < 64 || options.height < 64 || options.width > kMaxWindowSide || options.height > kMaxWindowSide) {
    return Error{"error.window_size",
                 "size",
                 {std::to_string(options.width), std::to_string(options.height), std::to_string(kMaxWindowSide)}};
  }
  std::unique_ptr<OffscreenWindow> off(new OffscreenWindow(std::move(options)));
  Result<std::unique_ptr<EglContext>> context = EglContext::create();
  if (!context) return context.error();
  off->context_ = std::move(*context);
  Result<std::unique_ptr<FontStack>> fonts = FontStack::open();
  if (!fonts) return fonts.error();
  off->fonts_ = std::move(*fonts);

  glGenTextures(1, &off->texture_);
  glBindTexture(GL_TEXTURE_2D, off->texture_);
  glTexImage2D(GL_TEXTURE_2D, 0, GL_RGBA8, off->options_.width, off->options_.height, 0, GL_RGBA, GL_UNSIGNED_BYTE,
               nullptr);
  glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
  glGenFramebuffers(1, &off->framebuffer_);
  glBindFramebuffer(GL_FRAMEBUFFER, off->framebuffer_);
  glFramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, off->texture_, 0);
  if (glCheckFramebufferStatus(GL_FRAMEBUFFER) != GL_FRAMEBUFFER_COMPLETE) {
    return Error{"error.no_opengl", {}, {"glCheckFramebufferStatus"}};
  }
  Result<std::unique_ptr<MainWindow>> window = MainWindow::create(*off->fonts_, std::move(off->options_.session),
                                                                  off->options_.settings, off->options_.state_folder);
  if (!window) return window.error();
  off->window_ = std::move(*window);
  scripted::set_up();
  scripted::move_mouse(-1e6f, -1e6f);
  return off;
}

OffscreenWindow::~OffscreenWindow() {
  window_.reset();
  if (!context_) return;
  if (framebuffer_) glDeleteFramebuffers(1, &framebuffer_);
  if (texture_) glDeleteTextures(1, &texture_);
}

void OffscreenWindow::frame(double seconds, const std::function<void()>& inject) {
  now_ += seconds;
  glBindFramebuffer(GL_FRAMEBUFFER, framebuffer_);
  window_->begin_frame({options_.width, options_.height, scale(), now_, static_cast<float>(seconds)});
  ImGuiIO& io = ImGui::GetIO();
  io.DisplaySize = {static_cast<float>(options_.width), static_cast<float>(options_.height)};
  io.DisplayFramebufferScale = {1, 1};
  io.DeltaTime = static_cast<float>(std::max(seconds, 1e-6));
  if (inject) inject();
  ImGui::NewFrame();
  window_->draw();
  ImGui::Render();
  window_->render();
  glFinish();
}

void OffscreenWindow::settle() {
  // Menus and scrolled regions measure themselves in one frame and use it in the next.
  for (int i = 0; i < 4; ++i) {
    if (window_->busy()) window_->wait();
    frame();
  }
}

Result<void> OffscreenWindow::play(std::vector<ScriptAction> actions) {
  constexpr double kFrame = 1.0 / 60;
  ScriptPlayer player(*window_, std::move(actions));
  frame(kFrame);
  while (!player.done()) {
    frame(kFrame, [&] { player.inject(window_->scale(), kFrame); });
  }
  if (player.error()) return *player.error();
  return {};
}

Result<void> OffscreenWindow::play(std::string_view script) {
  Result<std::vector<ScriptAction>> actions = parse_script(script);
  if (!actions) return actions.error();
  return play(std::move(*actions));
}

Pixels OffscreenWindow::pixels() {
  Pixels out;
  out.width = options_.width;
  out.height = options_.height;
  const size_t row = static_cast<size_t>(out.width) * 4;
  std::vector<uint8_t> upside_down(row * static_cast<size_t>(out.height));
  glBindFramebuffer(GL_FRAMEBUFFER, framebuffer_);
  glPixelStorei(GL_PACK_ALIGNMENT, 4);
  glReadPixels(0, 0, out.width, out.height, GL_RGBA, GL_UNSIGNED_BYTE, upside_down.data());
  out.rgba.resize(upside_down.size());
  for (int y = 0; y < out.height; ++y) {
    std::memcpy(out.rgba.data() + static_cast<size_t>(y) * row,
                upside_down.data() + static_cast<size_t>(out.height - 1 - y) * row, row);
  }
  for (size_t i = 3; i < out.rgba.size(); i += 4) out.rgba[i] = 255;
  return out;
}

}  // namespace convscope
