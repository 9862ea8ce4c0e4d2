#include "app/gui/kept_frame.h"

#include "app/gui/action_script.h"
#include "tests/gui/driven_window.h"

namespace convscope {
namespace {

class KeptFrameTest : public DrivenWindow {
 protected:
  /// Plays a script and draws every frame a second time, whole.
  void play_and_compare(const std::string& script) {
    Result<std::vector<ScriptAction>> actions = parse_script(script);
    ASSERT_TRUE(actions.ok()) << describe(Language::en, actions.error());
    constexpr double kFrame = 1.0 / 60;
    ScriptPlayer player(window(), std::move(*actions));
    for (int i = 0; i < 3 || !player.done(); ++i) {
      off_->frame(kFrame, [&] {
        if (!player.done()) player.inject(off_->scale(), kFrame);
      });
      const Pixels kept = off_->pixels();
      window().forget_pixels();
      window().render();
      const Pixels whole = off_->pixels();
      for (size_t at = 0; at < whole.rgba.size(); at += 4) {
        const size_t pixel = at / 4, width = static_cast<size_t>(whole.width);
        ASSERT_TRUE(std::equal(&whole.rgba[at], &whole.rgba[at] + 4, &kept.rgba[at]))
            << "frame " << i << ", pixel " << pixel % width << ", " << pixel / width;
      }
      frames_ += 1;
    }
    ASSERT_FALSE(player.error()) << describe(Language::en, *player.error());
  }

  int frames_ = 0;
};

TEST_F(KeptFrameTest, shows_what_drawing_everything_would_show) {
  const std::string script =
      "key space\nwait 0.3\nkey space\nkey right\nhover stride.h.plus\nclick stride.h.plus\nhover picture at 200 200\n"
      "hover picture at 260 215\nclick padding.h.plus\nkey 2\nkey right\nkey right\nkey t\nkey l\n"
      "key ?\nkey escape\nscroll picture at 300 200 3\ndrag picture at 300 200 by 40 25\nkey ctrl+z\n"
      "drag stride.h by 60 0\nkey 1\nkey f\nclick stride.h\ntype 0\nkey enter\nkey ctrl+z";
  for (const char* name : {"tutorial_5_2", "tutorial_7_2"}) {
    SCOPED_TRACE(name);
    open(name, 1000, 640);
    play_and_compare(script);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(frames_, 60);
}

TEST_F(KeptFrameTest, shows_pictures_and_dialogs_as_drawing_everything_would) {
  open("photo_1080p", 1280, 720);
  play_and_compare(
      "key space\nwait 0.2\nkey space\nhover picture at 300 200\nscroll picture at 300 200 8\n"
      "drag picture at 300 200 by 60 30\nclick toolbar.export\nwait 0.2\nkey escape\nhover timeline.step\nclick "
      "timeline.last");
}

TEST_F(KeptFrameTest, shows_narrow_and_large_windows_as_drawing_everything_would) {
  for (const auto& [width, height, scale] : {std::tuple(720, 640, 1.0f), std::tuple(1920, 1080, 2.0f)}) {
    open("tutorial_6_1", width, height, scale);
    play_and_compare("key space\nwait 0.1\nkey space\nclick padding.h.plus\nkey l\nkey end\nhover picture at 90 90");
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace convscope
