// Where the panes of the window lie, and what the camera does when they move.
#include <gtest/gtest.h>

#include <cmath>

#include "app/gui/settings_file.h"
#include "tests/gui/driven_window.h"

namespace convscope {
namespace {

class Layout : public DrivenWindow {
 protected:
  /// The cell of the input under the middle of the picture and the pixels from its corner to its neighbour's.
  std::optional<Anchor> middle() {
    const Scene& scene = window().scene();
    return anchor_at(scene, scene.width / 2, scene.height / 2);
  }
  bool overlaps(const WidgetRect& a, const Box& b) { return a.x0 < b.x1 && b.x0 < a.x1 && a.y0 < b.y1 && b.y0 < a.y1; }
  bool inside_window(const WidgetRect& rect, float width, float height) {
    return rect.x0 >= 0 && rect.y0 >= 0 && rect.x1 <= width && rect.y1 <= height;
  }
};

TEST_F(Layout, the_chosen_tab_has_the_larger_share_of_a_short_column) {
  open("tutorial_5_2");
  play("click tab.solver\nexpect solver.solution.3");
  EXPECT_TRUE(widget("solver.solution.3")->visible);
  EXPECT_NE(widget("output_size.h"), nullptr) << "the formula with its numbers stays";
  open("tutorial_5_2", 1920, 1080);
  play("click tab.solver\nexpect output_size.shape");
  EXPECT_TRUE(widget("solver.solution.10")->visible);
}

TEST_F(Layout, the_divider_above_the_tabs_is_dragged_remembered_and_reset) {
  open("tutorial_5_2");
  const float before = widget("tab.cell")->y0;
  play("drag splitter.output_size by 0 60");
  EXPECT_NEAR(widget("tab.cell")->y0, before + 60, 3);
  const Result<Settings> again = settings_from_json(settings_to_json(window().settings()));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->output_size_height, window().settings().output_size_height);
  play("drag splitter.output_size by 0 -2000");
  EXPECT_GT(widget("tab.cell")->y0, 52) << "a pane cannot be dragged away";
  play("double_click splitter.output_size");
  EXPECT_NEAR(widget("tab.cell")->y0, before, 2);
}

TEST_F(Layout, what_is_wrong_covers_nothing_of_the_picture) {
  for (const int width : {1280, 400}) {
    open("tutorial_5_2", width, 900);
    const Box whole = window().picture().box();
    play("click stride.h\ntype 0\nkey enter\nexpect picture.error");
    const WidgetRect error = *widget("picture.error");
    EXPECT_FALSE(overlaps(error, window().picture().box())) << width;
    EXPECT_TRUE(inside_window(error, static_cast<float>(width), 900)) << width;
    play("click picture.undo\nexpect no picture.error");
    EXPECT_EQ(window().picture().box(), whole) << width;
  }
}

TEST_F(Layout, a_narrow_window_has_everything_in_reach) {
  for (const Language language : {Language::en, Language::zh}) {
    Session session = open_session("tutorial_6_2_1").value();
    session.language = language;
    open(session, 400, 900);
    EXPECT_GT(window().picture().box().width(), 395) << "the picture is as wide as the window";
    EXPECT_GT(window().picture().box().height(), 300);
    // The lenses are a list where their words do not fit side by side.
    const char* const lens = widget("lens") != nullptr ? "lens" : "lens.sliding";
    for (const char* name :
         {"preset", lens, "toolbar.undo", "toolbar.open", "toolbar.language", "toolbar.theme", "toolbar.settings",
          "toolbar.export", "timeline.play", "timeline.last", "timeline.scrub", "timeline.speed", "timeline.loop"}) {
      ASSERT_NE(widget(name), nullptr) << name;
      EXPECT_TRUE(inside_window(*widget(name), 400, 900)) << name;
      for (const char* other : {lens, "toolbar.export", "timeline.speed", "timeline.play"}) {
        if (std::string_view(name) == other) continue;
        ASSERT_NE(widget(other), nullptr) << other;
        const WidgetRect& box = *widget(other);
        EXPECT_FALSE(overlaps(*widget(name), {box.x0, box.y0, box.x1, box.y1})) << name << " and " << other;
      }
    }
    play("click tab.parameters\nexpect stride.h.plus");
    EXPECT_TRUE(inside_window(*widget("in_channels.plus"), 400, 1e6f));
    for (const char* tab : {"output_size", "cell", "inspect", "compare", "cost", "solver", "field"}) {
      play(std::string("click tab.") + tab);
    }
    play("click toolbar.fold_left\nexpect no tab.cell\nkey ctrl+e\nexpect export.ok");
    EXPECT_GT(widget("export.format")->x1 - widget("export.format")->x0, 100);
    EXPECT_TRUE(inside_window(*widget("export.ok"), 400, 900));
  }
}

TEST_F(Layout, the_view_keeps_its_middle_when_the_layout_changes) {
  for (const char* name : {"photo_1080p", "tutorial_6_1"}) {
    open(name);
    // So near that the edges of the picture, which the view never leaves, are far.
    play(std::string("scroll ") + (name[0] == 'p' ? "input[0,0,500,900] 16" : "input[0,0,1,3] 8"));
    play("drag picture by -30 -20");
    const std::optional<Anchor> before = middle();
    ASSERT_TRUE(before);
    // Folding both columns, and back; an error that takes a strip of the picture.
    for (const char* script : {"click toolbar.fold_left", "click toolbar.fold_right", "click toolbar.fold_left",
                               "click toolbar.fold_right", "click stride.h\ntype 0\nkey enter\nexpect picture.error"}) {
      play(script);
      const std::optional<Anchor> after = middle();
      ASSERT_TRUE(after) << name;
      EXPECT_EQ(after->tensor, before->tensor) << name << ": " << script;
      const double cells = std::max(0.3, 3 / before->pitch);
      EXPECT_NEAR(after->x, before->x, cells) << name << ": " << script;
      EXPECT_NEAR(after->y, before->y, cells) << name << ": " << script;
      EXPECT_NEAR(after->pitch, before->pitch, 0.05 * before->pitch) << name << ": " << script;
    }
  }
}

TEST_F(Layout, the_camera_is_not_lost_over_empty_canvas) {
  for (const char* name : {"tutorial_5_2", "photo_1080p"}) {
    open(name);
    // The corner of the picture shows nothing: zooming into it, and walking away, must not end there.
    play("scroll picture at 2% 2% 40");
    const auto seen = [&] {
      for (const Mark& mark : window().scene().marks) {
        if (mark.ref >= 0 || mark.raster >= 0) return true;
      }
      return false;
    };
    EXPECT_TRUE(seen()) << name;
    play("drag picture at 10% 10% to picture at 95% 95%\ndrag picture at 10% 10% to picture at 95% 95%");
    EXPECT_TRUE(seen()) << name;
    play("drag picture at 95% 95% to picture at 5% 5%\ndrag picture at 95% 95% to picture at 5% 5%");
    EXPECT_TRUE(seen()) << name;
    play("key 0");
  }
}

TEST_F(Layout, no_tooltip_lies_over_what_is_wrong_with_the_constructor) {
  open("tutorial_5_2");
  play("click constructor\nkey ctrl+a\ntype Conv2d(1\nclick timeline.step\nexpect constructor.error");
  play("hover constructor\nwait 1");
  EXPECT_EQ(widget("tooltip"), nullptr);
  play("click constructor.reset\nhover constructor\nwait 1");
  EXPECT_NE(widget("tooltip"), nullptr) << "else the test looks at nothing";
}

}  // namespace
}  // namespace convscope
