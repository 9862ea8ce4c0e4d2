// The real interface off screen, driven by action scripts, for tests.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "app/gui/offscreen_window.h"
#include "app/session/presets.h"

namespace convscope {

/// A folder of its own that goes with the test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "convscope_gui_XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TemporaryFolder() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class DrivenWindow : public testing::Test {
 protected:
  void open(const std::string& name, int width = 1280, int height = 720, float scale = 1) {
    Result<Session> session = open_session(name);
    ASSERT_TRUE(session.ok()) << describe(Language::en, session.error());
    session->title = name;
    open(std::move(*session), width, height, scale);
  }
  void open(Session session, int width = 1280, int height = 720, float scale = 1, const std::string& state = {}) {
    OffscreenWindow::Options options;
    options.width = width;
    options.height = height;
    options.scale = scale;
    options.session = std::move(session);
    options.state_folder = state;
    off_.reset();
    Result<std::unique_ptr<OffscreenWindow>> created = OffscreenWindow::create(std::move(options));
    ASSERT_TRUE(created.ok()) << describe(Language::en, created.error());
    off_ = std::move(*created);
    off_->settle();
  }
  void play(const std::string& script) {
    const Result<void> played = off_->play(script);
    ASSERT_TRUE(played.ok()) << describe(Language::en, played.error());
    off_->settle();
  }

  MainWindow& window() { return off_->window(); }
  const Session& session() { return window().workbench().session(); }
  const ConvPlan& plan() { return *window().workbench().computation()->plan.conv2d(); }
  int64_t step() { return window().playback().moment().step + 1; }
  const WidgetRect* widget(const std::string& name) { return window().widgets().find(name); }
  bool draws(const CellRef& cell) { return place_of_cell(window().scene(), cell).has_value(); }

  std::unique_ptr<OffscreenWindow> off_;
};

}  // namespace convscope
