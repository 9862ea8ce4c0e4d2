#include "app/render/layering.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace convscope {
namespace {

TEST(TextPlaces, agrees_with_looking_at_every_text) {
  std::mt19937 random(11);
  std::uniform_real_distribution<float> place(-60, 700);
  std::uniform_real_distribution<float> extent(1, 120);
  TextPlaces places;
  for (int round = 0; round < 30; ++round) {
    places.reset(640, 360);
    std::vector<Box> texts;
    int touched = 0;
    for (int i = 0; i < 200; ++i) {
      const float x = place(random), y = place(random);
      const Box box{x, y, x + extent(random), y + extent(random) / 4};
      bool expected = false;
      for (const Box& text : texts) {
        expected = expected || (box.x0 < text.x1 && box.x1 > text.x0 && box.y0 < text.y1 && box.y1 > text.y0);
      }
      ASSERT_EQ(places.touched_by(box), expected);
      touched += expected ? 1 : 0;
      if (i % 4 == 0) {
        texts.push_back(box);
        places.add(box);
      }
    }
    EXPECT_GT(touched, 5);
    EXPECT_LT(touched, 195);
  }
}

TEST(TextPlaces, a_shared_edge_is_no_touch) {
  TextPlaces places;
  places.reset(100, 100);
  places.add({10, 10, 20, 20});
  EXPECT_FALSE(places.touched_by({20, 10, 30, 20}));
  EXPECT_FALSE(places.touched_by({10, 20, 20, 30}));
  EXPECT_TRUE(places.touched_by({19, 19, 30, 30}));
  places.reset(100, 100);
  EXPECT_FALSE(places.touched_by({0, 0, 100, 100}));
}

}  // namespace
}  // namespace convscope
