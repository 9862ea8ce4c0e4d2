#include "app/session/playback.h"

#include <gtest/gtest.h>

#include <cmath>

namespace convscope {
namespace {

TEST(Playback, begins_with_the_first_step_completed_and_at_rest) {
  const Playback playback;
  EXPECT_EQ(playback.moment(), (Moment{0, 1.0f}));
  EXPECT_FALSE(playback.playing());
}

TEST(Playback, time_does_nothing_while_paused) {
  Playback playback;
  playback.advance(100, 2, true, 9);
  EXPECT_EQ(playback.moment(), (Moment{0, 1.0f}));
}

TEST(Playback, playing_goes_on_with_the_next_step) {
  Playback playback;
  playback.play(9);
  playback.advance(0.25, 2, false, 9);
  EXPECT_EQ(playback.moment().step, 1);
  EXPECT_FLOAT_EQ(playback.moment().phase, 0.5f);
  playback.advance(0.25, 2, false, 9);
  EXPECT_EQ(playback.moment(), (Moment{1, 1.0f}));
  playback.advance(0.125, 2, false, 9);
  EXPECT_EQ(playback.moment().step, 2);
  EXPECT_FLOAT_EQ(playback.moment().phase, 0.25f);
}

TEST(Playback, stops_at_the_end_with_the_last_step_completed) {
  Playback playback;
  playback.play(9);
  playback.advance(1000, 2, false, 9);
  EXPECT_EQ(playback.moment(), (Moment{8, 1.0f}));
  EXPECT_FALSE(playback.playing());
}

TEST(Playback, playing_from_the_end_starts_again_at_the_first_step) {
  Playback playback;
  playback.last(9);
  playback.play(9);
  EXPECT_EQ(playback.moment(), (Moment{0, 0.0f}));
  playback.advance(0.25, 2, false, 9);
  EXPECT_EQ(playback.moment().step, 0);
  EXPECT_FLOAT_EQ(playback.moment().phase, 0.5f);
}

TEST(Playback, looping_starts_again_without_losing_time) {
  Playback playback;
  playback.go_to(7, 9);
  playback.play(9);
  playback.advance(0.75, 2, true, 9);  // one and a half steps: through step 8, half into step 0
  EXPECT_EQ(playback.moment().step, 0);
  EXPECT_FLOAT_EQ(playback.moment().phase, 0.5f);
  EXPECT_TRUE(playback.playing());
}

TEST(Playback, many_loops_in_one_frame_land_where_counting_lands) {
  Playback playback;
  playback.play(9);
  playback.advance(0.5 * (9 * 1000 + 3), 2, true, 9);
  EXPECT_EQ(playback.moment(), (Moment{3, 1.0f}));
}

TEST(Playback, small_frames_add_up_to_large_ones) {
  Playback fine, coarse;
  fine.play(100);
  coarse.play(100);
  for (int i = 0; i < 600; ++i) fine.advance(1.0 / 60, 3.5, false, 100);
  coarse.advance(10, 3.5, false, 100);
  const auto position = [](const Playback& p) {
    return static_cast<double>(p.moment().step) + static_cast<double>(p.moment().phase);
  };
  EXPECT_NEAR(position(fine), position(coarse), 1e-3);
}

TEST(Playback, ten_million_steps_are_no_trouble) {
  Playback playback;
  playback.play(10'000'000);
  playback.advance(1e5, 99.5, false, 10'000'000);
  EXPECT_EQ(playback.moment().step, 9'950'000);
  playback.advance(1e300, 1000, true, 10'000'000);
  EXPECT_GE(playback.moment().step, 0);
  EXPECT_LT(playback.moment().step, 10'000'000);
}

TEST(Playback, a_step_by_hand_glides_once_and_rests) {
  Playback playback;
  playback.forward(9, true);
  EXPECT_EQ(playback.moment(), (Moment{1, 0.0f}));
  EXPECT_FALSE(playback.playing());
  playback.advance(0.25, 2, true, 9);
  EXPECT_FLOAT_EQ(playback.moment().phase, 0.5f);
  playback.advance(10, 2, true, 9);
  EXPECT_EQ(playback.moment(), (Moment{1, 1.0f}));
  playback.advance(10, 2, true, 9);
  EXPECT_EQ(playback.moment(), (Moment{1, 1.0f}));
}

TEST(Playback, a_step_by_hand_jumps_where_motion_is_reduced) {
  Playback playback;
  playback.forward(9, false);
  EXPECT_EQ(playback.moment(), (Moment{1, 1.0f}));
}

TEST(Playback, steps_by_hand_stop_playing_and_stay_within_the_ends) {
  Playback playback;
  playback.play(9);
  playback.back(9);
  EXPECT_FALSE(playback.playing());
  EXPECT_EQ(playback.moment(), (Moment{0, 1.0f}));
  playback.last(9);
  playback.forward(9, true);
  EXPECT_EQ(playback.moment(), (Moment{8, 1.0f}));
  playback.go_to(-5, 9);
  EXPECT_EQ(playback.moment().step, 0);
  playback.go_to(100, 9);
  EXPECT_EQ(playback.moment().step, 8);
}

TEST(Playback, pausing_completes_the_step) {
  Playback playback;
  playback.toggle(9);
  playback.advance(0.1, 2, false, 9);
  playback.toggle(9);
  EXPECT_EQ(playback.moment(), (Moment{1, 1.0f}));
}

TEST(Playback, a_session_that_became_shorter_is_followed) {
  Playback playback;
  playback.go_to(50, 100);
  playback.advance(0, 2, false, 9);
  EXPECT_EQ(playback.moment(), (Moment{8, 1.0f}));
}

TEST(Playback, a_single_step_can_be_played) {
  Playback playback;
  playback.play(1);
  EXPECT_EQ(playback.moment(), (Moment{0, 0.0f}));
  playback.advance(0.25, 2, false, 1);
  EXPECT_FLOAT_EQ(playback.moment().phase, 0.5f);
  playback.advance(5, 2, false, 1);
  EXPECT_FALSE(playback.playing());
  EXPECT_EQ(playback.moment(), (Moment{0, 1.0f}));
}

TEST(Playback, senseless_times_and_speeds_change_nothing) {
  Playback playback;
  playback.play(9);
  playback.advance(0.25, 2, false, 9);
  const Moment before = playback.moment();
  playback.advance(-1, 2, false, 9);
  playback.advance(1, 0, false, 9);
  playback.advance(std::nan(""), 2, false, 9);
  playback.advance(1, std::nan(""), false, 9);
  EXPECT_EQ(playback.moment(), before);
}

}  // namespace
}  // namespace convscope
