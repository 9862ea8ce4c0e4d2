// The tabs of the right column in an idle window.
#include "tests/gui/driven_window.h"
#include "tests/support/count_allocations.h"

namespace convscope {
namespace {

using SidePanels = DrivenWindow;

TEST_F(SidePanels, an_idle_frame_of_solver_and_field_allocates_nothing) {
  if (!test::allocations_are_counted()) GTEST_SKIP() << "a sanitizer counts its own";
  open("tutorial_5_2");
  play("click section.output_size");
  for (const char* script :
       {"click tab.solver\nclick solver.h.plus", "click tab.field", "click field.chain\nclick field.chain.alexnet"}) {
    play(script);
    play("hover timeline.step");
    for (int i = 0; i < 4; ++i) off_->frame();
    const long before = test::allocations_so_far();
    for (int i = 0; i < 4; ++i) off_->frame();
    EXPECT_EQ(test::allocations_so_far() - before, 0) << script;
  }
}

TEST_F(SidePanels, the_button_in_the_pictures_corner_offers_what_the_lens_leaves_open) {
  Session session = *open_session("tutorial_5_2");
  session.lens = Lens::im2col;
  open(session);
  play("click picture.options\nclick picture.window_columns\nclick picture.use_counts\nkey escape");
  EXPECT_TRUE(window().workbench().session().picture == (PictureOptions{true, true, true}));
  open("tutorial_5_2");
  play("click picture.options\nclick picture.window_weights");
  EXPECT_FALSE(window().workbench().session().picture.window_weights);
  session.lens = Lens::coverage;
  open(session);
  EXPECT_EQ(window().widgets().find("picture.options"), nullptr);
}

}  // namespace
}  // namespace convscope
