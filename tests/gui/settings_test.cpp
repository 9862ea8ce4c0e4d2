#include <gmock/gmock.h>

#include <fstream>

#include "app/gui/settings_file.h"
#include "app/gui/shortcuts.h"
#include "app/session/session_json.h"
#include "tests/gui/driven_window.h"

namespace convscope {
namespace {

TEST(Settings, survive_writing_and_reading) {
  Settings settings;
  settings.ui_scale = 1.5f;
  settings.left_open = false;
  settings.right_width = 401;
  settings.side_panel = "cell";
  settings.reduced_motion = true;
  settings.recent_files = {"/a/\u56FE.png", "/b \"c\".npy"};
  settings.project_path = "/p.json";
  const TemporaryFolder folder;
  const std::string place = folder.file("new/convscope");
  ASSERT_TRUE(save_settings(place, settings).ok());
  const Remembered remembered = load_remembered(place);
  EXPECT_EQ(remembered.settings.ui_scale, 1.5f);
  EXPECT_FALSE(remembered.settings.left_open);
  EXPECT_EQ(remembered.settings.right_width, 401);
  EXPECT_EQ(remembered.settings.side_panel, "cell");
  EXPECT_TRUE(remembered.settings.reduced_motion);
  EXPECT_EQ(remembered.settings.recent_files, settings.recent_files);
  EXPECT_EQ(remembered.settings.project_path, "/p.json");
  EXPECT_FALSE(remembered.session);
  EXPECT_THAT(remembered.set_aside, testing::IsEmpty());
}

TEST(Settings, broken_files_are_kept_aside_and_the_start_goes_on) {
  const TemporaryFolder folder;
  std::ofstream(folder.file("settings.json")) << "{ \"format\": \"convscope-set";
  std::ofstream(folder.file("session.json")) << "[1, 2]";
  const Remembered remembered = load_remembered(folder.path());
  EXPECT_EQ(remembered.settings.ui_scale, 1.0f);
  EXPECT_FALSE(remembered.session);
  EXPECT_THAT(remembered.set_aside,
              testing::UnorderedElementsAre(folder.file("settings.json.broken"), folder.file("session.json.broken")));
  EXPECT_TRUE(std::filesystem::exists(folder.file("settings.json.broken")));
  EXPECT_FALSE(std::filesystem::exists(folder.file("settings.json")));
  EXPECT_THAT(load_remembered(folder.path()).set_aside, testing::IsEmpty());
}

TEST(Settings, values_out_of_range_or_of_the_wrong_type_fall_back) {
  const Result<Settings> settings = settings_from_json(
      R"({"format": "convscope-settings", "version": 1, "ui_scale": 1e9, "left_open": "yes", "window_width": -5,
          "recent_files": [1, "a"], "unknown": {}})");
  ASSERT_TRUE(settings.ok());
  EXPECT_EQ(settings->ui_scale, 4.0f);
  EXPECT_TRUE(settings->left_open);
  EXPECT_EQ(settings->window_width, 320);
  EXPECT_THAT(settings->recent_files, testing::ElementsAre("a"));
}

TEST(Shortcuts, control_keys_leave_text_fields_their_own) {
  const auto command = [](const char* name, bool typing) { return command_of(*key_press_from_name(name), typing); };
  EXPECT_EQ(command("space", false), Command::play_pause);
  EXPECT_EQ(command("space", true), std::nullopt);
  EXPECT_EQ(command("ctrl+z", true), std::nullopt);
  EXPECT_EQ(command("ctrl+z", false), Command::undo);
  EXPECT_EQ(command("ctrl+shift+z", false), Command::redo);
  EXPECT_EQ(command("ctrl+s", true), Command::save);
  EXPECT_EQ(command("f11", true), Command::fullscreen);
  EXPECT_EQ(command("alt+space", false), std::nullopt);
  EXPECT_EQ(command("ctrl+t", false), std::nullopt);
}

TEST(Shortcuts, every_key_of_the_list_has_words_in_both_languages) {
  for (const ShortcutRow& row : shortcut_rows()) {
    for (Language language : {Language::en, Language::zh}) EXPECT_NE(tr(language, row.words_key), row.words_key);
  }
}

TEST(Shortcuts, names_of_keys) {
  EXPECT_EQ(key_press_from_name("+")->key, Key{U'+'});
  EXPECT_EQ(key_press_from_name("ctrl++")->key, Key{U'+'});
  EXPECT_EQ(key_press_from_name("T")->key, Key{U't'});
  for (const char* name : {"", "ctrl+", "nonsense", "ab", "\x01"}) EXPECT_FALSE(key_press_from_name(name)) << name;
}

}  // namespace
}  // namespace convscope
