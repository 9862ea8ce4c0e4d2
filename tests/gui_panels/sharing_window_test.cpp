// Copying and pasting sessions, the command palette and the presenter's screen, as a user works with them.
#include <gtest/gtest.h>
#include <imgui.h>

#include "app/gui/command_palette.h"
#include "app/session/share_text.h"
#include "tests/gui/driven_window.h"

namespace convscope {
namespace {

class Sharing : public DrivenWindow {
 protected:
  bool visible(const std::string& name) { return widget(name) != nullptr; }
  std::string clipboard() { return ImGui::GetClipboardText(); }
};

TEST_F(Sharing, a_copied_session_opens_the_same_picture_elsewhere_and_can_be_undone) {
  open("padding_strides");
  play("click stride.h.plus\nclick lens.im2col\nkey ctrl+shift+c\nexpect notice");
  const std::string text = clipboard();
  ASSERT_TRUE(is_share_text(text)) << text;
  const Session shared = session();

  open("tutorial_5_1");
  const Session before = session();
  play("clipboard " + text + "\nkey ctrl+v");
  EXPECT_EQ(session().params, shared.params);
  EXPECT_EQ(session().lens, Lens::im2col);
  EXPECT_EQ(session().title, "padding_strides");
  EXPECT_FALSE(window().notice().is_error);
  play("key ctrl+z");
  EXPECT_EQ(session().params, before.params);
}

TEST_F(Sharing, words_and_colours_stay_the_users) {
  Session theirs = find_preset("dilation")->session;
  theirs.theme = ThemeId::dark;
  theirs.language = Language::zh;
  open("tutorial_5_1");
  play("clipboard " + *share_text(theirs) + "\nkey ctrl+v");
  EXPECT_EQ(session().params, theirs.params);
  EXPECT_EQ(session().theme, ThemeId::light);
  EXPECT_EQ(session().language, Language::en);
}

TEST_F(Sharing, what_cannot_be_pasted_says_so_and_changes_nothing) {
  open("padding_strides");
  const Session before = session();
  const std::string text = *share_text(before);
  for (const std::string& bad : {text.substr(0, text.size() - 6), std::string("convscope:9.AAAA"), std::string("hello"),
                                 std::string("nn.Conv2d(1, 2)"), std::string("{}")}) {
    play("clipboard " + bad + "\nkey ctrl+v\nexpect notice");
    EXPECT_TRUE(window().notice().is_error) << bad;
    EXPECT_EQ(session(), before) << bad;
  }
}

TEST_F(Sharing, pasted_code_sets_the_layer_and_says_what_it_could_not_use) {
  open("padding_strides");
  play(
      "clipboard conv = nn.Conv2d(3, planes, 7, stride=2, padding=3)\\nx = torch.randn(1, 3, 32, 32)\\ny = conv(x)\n"
      "key ctrl+v");
  EXPECT_EQ(session().params.in_channels, 3);
  EXPECT_EQ(session().params.out_channels, 1);
  EXPECT_EQ(session().input_shape, (Shape{1, 3, 32, 32}));
  EXPECT_EQ(plan().out, (Pair{16, 16}));
  EXPECT_NE(window().notice().text.find("planes"), std::string::npos) << window().notice().text;
  play("clipboard F.max_pool2d(x, 2)\nkey ctrl+v");
  EXPECT_EQ(session().operation, "max_pool2d");
  play("key ctrl+z\nkey ctrl+z");
  EXPECT_EQ(session().params, find_preset("padding_strides")->session.params);
}

TEST_F(Sharing, the_layers_field_takes_a_whole_script) {
  open("padding_strides");
  play(
      "click constructor\nkey ctrl+a\n"
      "clipboard import torch.nn as nn\\nself.up = nn.ConvTranspose2d(2, 3, k, stride=2)\n"
      "key ctrl+v\nexpect constructor.notes\nexpect no constructor.error");
  EXPECT_EQ(session().operation, "conv_transpose2d");
  EXPECT_EQ(session().params.in_channels, 2);
  EXPECT_EQ(session().params.stride, (Pair{2, 2}));
  play("click stride.h.plus\nexpect no constructor.notes");
}

TEST_F(Sharing, a_text_is_opened_as_a_file_is) {
  open("padding_strides");
  window().open(*share_text(find_preset("dilation")->session));
  off_->settle();
  EXPECT_EQ(session().params.dilation, (Pair{2, 2}));
}

TEST_F(Sharing, the_palette_finds_commands_presets_and_lenses_in_both_languages) {
  open("padding_strides");
  play("key ctrl+k\nexpect palette.search\ntype im2\nkey enter\nexpect no palette");
  EXPECT_EQ(session().lens, Lens::im2col);
  play("key ctrl+shift+p\ntype resnet stem\nexpect palette.preset.resnet_stem\nkey enter\nwait idle");
  EXPECT_EQ(session().title, "resnet_stem");
  play("key ctrl+k\ntype 撤销\nexpect palette.undo\nkey enter");
  EXPECT_EQ(session().title, "padding_strides");
  play("key ctrl+k\ntype change the theme\nkey enter");
  EXPECT_EQ(session().theme, ThemeId::dark);
  play("key ctrl+k\ntype max_pool\nkey enter");
  EXPECT_EQ(session().operation, "max_pool2d");
  const double speed = session().steps_per_second;
  play("key ctrl+k\ntype twice fast\nkey enter\nkey ctrl+k\ntype faster\nkey enter");
  EXPECT_EQ(session().steps_per_second, 4 * speed);
  play("key ctrl+k\ntype larger\nkey enter");
  EXPECT_EQ(window().settings().ui_scale, 1.25f);
  play("key ctrl+k\ntype smaller\nkey enter");
  play("key ctrl+k\ntype cost\nkey enter");
  EXPECT_EQ(window().settings().side_panel, "cost");
}

TEST_F(Sharing, the_palette_is_walked_through_by_keys_and_left_by_escape) {
  open("padding_strides");
  play("key ctrl+k\nexpect palette.play_pause\nkey down\nkey enter");
  EXPECT_EQ(step(), 2) << "the second row steps forward";
  play("key ctrl+k\nkey up\nkey escape\nexpect no palette");
  EXPECT_EQ(step(), 2);
  play("key ctrl+k\ntype zzqq\nexpect palette.nothing\nkey enter\nexpect palette\nkey escape\nexpect no palette");
  // What is typed there is no shortcut.
  play("key ctrl+k\ntype t\nkey escape");
  EXPECT_EQ(session().theme, ThemeId::light);
  play("key ctrl+k\nclick palette.step_forward\nexpect no palette");
  EXPECT_EQ(step(), 3);
}

TEST_F(Sharing, the_code_panel_follows_the_session_and_is_copied_whole) {
  open("padding_strides", 1400, 900);
  play("click tab.code\nexpect code.text\nclick code.copy");
  EXPECT_NE(clipboard().find("F.conv2d(x, w, None, stride=(2, 2), padding=(1, 1)"), std::string::npos) << clipboard();
  play("click stride.h.minus\nclick code.copy");
  EXPECT_NE(clipboard().find("stride=(1, 1)"), std::string::npos);
  play("click code.kind\nclick code.kind.cpp\nclick code.copy");
  EXPECT_NE(clipboard().find("int main()"), std::string::npos);
  play("click code.kind\nclick code.kind.pytorch\nclick lens.gradient\nwait idle\nclick code.copy");
  EXPECT_NE(clipboard().find("backward()"), std::string::npos);
  // What is too large says so, and there is nothing to copy.
  open("photo_1080p");
  play("click tab.code\nexpect code.error");
  EXPECT_FALSE(widget("code.copy")->enabled);
  play("click tab.cell");
}

TEST_F(Sharing, the_toolbar_has_a_button_where_there_is_room) {
  open("padding_strides", 1600, 900);
  play("click toolbar.share\nexpect notice");
  EXPECT_TRUE(is_share_text(clipboard()));
  open("padding_strides", 1000, 700);
  EXPECT_FALSE(visible("toolbar.share"));
  play("click toolbar.settings\nclick settings.share");
  EXPECT_TRUE(is_share_text(clipboard()));
}

TEST(FuzzyScore, prefers_what_stands_together_and_begins_words) {
  EXPECT_GT(*fuzzy_score("pad", "Padding, strides"), *fuzzy_score("pad", "No padding"));
  EXPECT_GT(*fuzzy_score("strides", "strides"), *fuzzy_score("strides", "no strides here"));
  EXPECT_TRUE(fuzzy_score("ps", "Padding, strides"));
  EXPECT_TRUE(fuzzy_score("padstr", "padding_strides"));
  EXPECT_TRUE(fuzzy_score("STRIDES pad", "padding_strides"));
  EXPECT_FALSE(fuzzy_score("gnx", "Padding, strides"));
  EXPECT_TRUE(fuzzy_score("填充", "无填充，步幅"));
  EXPECT_FALSE(fuzzy_score("充填", "无填充"));
  EXPECT_TRUE(fuzzy_score("", "anything"));
}

TEST_F(Sharing, presenting_leaves_the_picture_and_the_timeline_in_larger_type) {
  open("padding_strides", 1920, 1080);
  const float interface = window().settings().ui_scale;
  play("key f5\nexpect presenter\nexpect timeline.play");
  EXPECT_FALSE(visible("toolbar.export"));
  EXPECT_FALSE(visible("constructor"));
  EXPECT_EQ(window().settings().ui_scale, interface);
  EXPECT_GE(window().scale(), 1.9f);
  EXPECT_TRUE(window().take_fullscreen_toggle());
  play("key page_down\nkey page_down\nkey page_up");
  EXPECT_EQ(step(), 2);
  // The picture is worked as ever.
  play("click output[0,0,2,2]");
  EXPECT_EQ(step(), 9);
  play("key b\nexpect presenter.blank\nkey b\nexpect no presenter.blank");
  play("key escape\nexpect no presenter\nexpect toolbar.export");
  EXPECT_EQ(window().scale(), 1.0f);
  EXPECT_TRUE(window().take_fullscreen_toggle()) << "the screen is given back";
}

TEST_F(Sharing, a_window_that_filled_the_screen_before_fills_it_after_presenting) {
  open("padding_strides");
  play("key f11");
  EXPECT_TRUE(window().take_fullscreen_toggle());
  play("key f5\nkey f5\nexpect no presenter");
  EXPECT_FALSE(window().take_fullscreen_toggle());
  play("key b\nexpect no presenter.blank");
}

}  // namespace
}  // namespace convscope
