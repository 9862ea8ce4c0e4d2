#include "app/gui/action_script.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace convscope {
namespace {

using Kind = ScriptAction::Kind;

ScriptAction only(const char* line) {
  const Result<std::vector<ScriptAction>> actions = parse_script(line);
  EXPECT_TRUE(actions.ok()) << line << ": " << (actions.ok() ? "" : describe(Language::en, actions.error()));
  if (!actions.ok() || actions->size() != 1) {
    ADD_FAILURE() << line;
    return {};
  }
  return actions->front();
}

TEST(ActionScript, reads_every_verb) {
  EXPECT_EQ(only("click stride.h").target.name, "stride.h");
  EXPECT_EQ(only("double_click picture").kind, Kind::double_click);
  EXPECT_EQ(only("hover picture 10 20").target.x, 10);
  const ScriptAction place = only("click picture at 50% 25%");
  EXPECT_TRUE(place.target.x_percent);
  EXPECT_EQ(place.target.y, 25);
  const ScriptAction by = only("drag stride.h -3 4.5");
  EXPECT_EQ(by.kind, Kind::drag_by);
  EXPECT_EQ(by.x, -3);
  EXPECT_EQ(by.y, 4.5f);
  EXPECT_EQ(only("drag picture at 5 6 by 7 8").target.x, 5);
  const ScriptAction to = only("drag picture 1 2 to 3 4");
  EXPECT_EQ(to.kind, Kind::drag_to);
  EXPECT_EQ(to.second.name, "picture");
  EXPECT_EQ(to.second.y, 4);
  EXPECT_EQ(only("drag input[0,0,0,0] to output[0,0,1,1]").second.cell->tensor, TensorId::output);
  EXPECT_EQ(only("scroll picture -2").y, -2);
  EXPECT_EQ(only("type  two words ").text, "two words");
  EXPECT_TRUE(only("key ctrl+shift+z").press.shift);
  EXPECT_EQ(only("wait 0.5").x, 0.5f);
  EXPECT_EQ(only("wait frames 3").kind, Kind::wait_frames);
  EXPECT_EQ(only("wait idle").kind, Kind::wait_idle);
  EXPECT_EQ(only("drop /a folder/x.png").text, "/a folder/x.png");
  EXPECT_EQ(only("expect step 12").number, 12);
  EXPECT_EQ(only("expect no stride.error").kind, Kind::expect_no_widget);
}

TEST(ActionScript, reads_cells_of_every_tensor) {
  const ScriptAction cell = only("click output[0, 1, 2, 3]");
  ASSERT_TRUE(cell.target.cell);
  EXPECT_EQ(*cell.target.cell, (CellRef{TensorId::output, 0, 1, 2, 3}));
  EXPECT_EQ(*only("hover im2col[4,5]").target.cell, (CellRef{TensorId::im2col, 0, 0, 4, 5}));
  EXPECT_EQ(*only("hover bias[2]").target.cell, (CellRef{TensorId::bias, 0, 2, 0, 0}));
  EXPECT_EQ(*only("hover input[0,0,-1,-1]").target.cell, (CellRef{TensorId::input, 0, 0, -1, -1}));
}

TEST(ActionScript, skips_comments_and_empty_lines_and_counts_them) {
  const auto actions = parse_script("# first\n\n  \r\nclick a\n");
  ASSERT_TRUE(actions.ok());
  ASSERT_EQ(actions->size(), 1u);
  EXPECT_EQ(actions->front().line, 4);
}

TEST(ActionScript, refuses_what_it_cannot_do) {
  for (const char* line : {"click", "drag a", "drag a by 1", "drag a to", "scroll a", "scroll a up", "type", "key",
                           "key hyper+z", "wait", "wait long", "wait frames", "drop", "expect", "expect step x",
                           "hover a 1", "click a at 1", "click a at nan 1"}) {
    const auto actions = parse_script(line);
    ASSERT_FALSE(actions.ok()) << line;
    EXPECT_EQ(actions.error().code, "error.script_syntax") << line;
    EXPECT_EQ(actions.error().args.at(0), "1");
  }
  EXPECT_EQ(parse_script("press a").error().code, "error.script_unknown");
  EXPECT_EQ(parse_script("click a b c d").error().code, "error.script_syntax");
  EXPECT_EQ(parse_script("click a 1 2 3").error().code, "error.script_extra");
}

}  // namespace
}  // namespace convscope
