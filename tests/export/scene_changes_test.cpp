#include "app/render/scene_changes.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "app/export/clip_clock.h"
#include "app/export/export_job.h"
#include "app/render/egl_context.h"
#include "app/scene/build_scene.h"
#include "app/scene/theme.h"
#include "app/session/presets.h"

namespace convscope {
namespace {

class FixedMeasure : public TextMeasure {
 public:
  float width(std::string_view text, Face, float size) const override { return static_cast<float>(text.size()) * size; }
};

Scene scene_of(const std::vector<Mark>& marks) {
  Scene scene;
  scene.width = 400;
  scene.height = 300;
  scene.marks = marks;
  return scene;
}

Mark box(float x, float y, Role role = Role::input) {
  Mark mark;
  mark.role = role;
  mark.fill = Fill::full;
  mark.box = {x, y, x + 20, y + 20};
  return mark;
}

std::vector<PixelBox> changes(const Scene& a, const Scene& b) {
  return changed_parts(a, b, FixedMeasure(), 1, 400, 300);
}

bool covers(const std::vector<PixelBox>& parts, int x, int y) {
  for (const PixelBox& p : parts) {
    if (x >= p.x0 && x < p.x1 && y >= p.y0 && y < p.y1) return true;
  }
  return false;
}

TEST(SceneChanges, equal_scenes_have_none) {
  EXPECT_TRUE(changes(scene_of({box(0, 0), box(100, 0)}), scene_of({box(0, 0), box(100, 0)})).empty());
  EXPECT_TRUE(changes(scene_of({}), scene_of({})).empty());
}

TEST(SceneChanges, a_moved_mark_changes_where_it_was_and_where_it_is) {
  const auto parts =
      changes(scene_of({box(0, 0), box(40, 40), box(300, 200)}), scene_of({box(0, 0), box(200, 100), box(300, 200)}));
  EXPECT_EQ(parts.size(), 2u);
  EXPECT_TRUE(covers(parts, 50, 50));
  EXPECT_TRUE(covers(parts, 210, 110));
  EXPECT_FALSE(covers(parts, 5, 5));
  EXPECT_FALSE(covers(parts, 310, 210));
}

TEST(SceneChanges, a_mark_inserted_in_the_middle_changes_only_its_place) {
  const auto parts = changes(scene_of({box(0, 0), box(300, 0), box(0, 200)}),
                             scene_of({box(0, 0), box(150, 100), box(300, 0), box(0, 200)}));
  ASSERT_EQ(parts.size(), 1u);
  EXPECT_TRUE(covers(parts, 160, 110));
  EXPECT_FALSE(covers(parts, 310, 10));
}

TEST(SceneChanges, another_order_is_a_change) {
  const auto parts = changes(scene_of({box(0, 0, Role::input), box(10, 10, Role::output)}),
                             scene_of({box(10, 10, Role::output), box(0, 0, Role::input)}));
  EXPECT_TRUE(covers(parts, 15, 15));
}

TEST(SceneChanges, a_shuffle_keeps_most_in_place) {
  std::vector<Mark> a, b;
  for (int i = 0; i < 10; ++i) a.push_back(box(static_cast<float>(i * 40), 0));
  b = a;
  std::rotate(b.begin(), b.begin() + 1, b.end());  // the first is now drawn last
  const auto parts = changes(scene_of(a), scene_of(b));
  EXPECT_TRUE(covers(parts, 5, 5));
  EXPECT_FALSE(covers(parts, 205, 5));
}

TEST(SceneChanges, other_words_change_as_far_as_they_reach) {
  Scene a = scene_of({}), b = scene_of({});
  Mark mark;
  mark.kind = Mark::Kind::text;
  mark.size = 10;
  mark.box = {200, 100, 200, 100};
  a.text = "ab";
  b.text = "abcdef";
  mark.text_length = 2;
  a.marks = {mark};
  mark.text_length = 6;
  b.marks = {mark};
  const auto parts = changes(a, b);
  EXPECT_TRUE(covers(parts, 171, 100));
  EXPECT_TRUE(covers(parts, 229, 100));
  a.text = "abcdef";
  a.marks = b.marks;
  EXPECT_TRUE(changes(a, b).empty());
}

TEST(SceneChanges, parts_are_few_and_do_not_overlap) {
  std::vector<Mark> a, b;
  for (int i = 0; i < 60; ++i) {
    a.push_back(box(static_cast<float>(i % 10 * 40), static_cast<float>(i / 10 * 45)));
    b.push_back(a.back());
    if (i % 2 == i / 10 % 2) b.back().value = 1;
  }
  const auto parts = changes(scene_of(a), scene_of(b));
  EXPECT_LE(parts.size(), 12u);
  for (size_t i = 0; i < parts.size(); ++i) {
    for (size_t j = i + 1; j < parts.size(); ++j) {
      EXPECT_TRUE(parts[i].x1 <= parts[j].x0 || parts[j].x1 <= parts[i].x0 || parts[i].y1 <= parts[j].y0 ||
                  parts[j].y1 <= parts[i].y0);
    }
  }
  for (int i = 0; i < 60; ++i) {
    if (i % 2 == i / 10 % 2) {
      EXPECT_TRUE(covers(parts, i % 10 * 40 + 10, i / 10 * 45 + 10));
    }
  }
}

/// Drawing the changed parts alone gives the same pixels as drawing everything, frame for frame, in every lens.
TEST(SceneChanges, drawing_only_them_gives_the_pixels_of_drawing_all) {
  const auto fonts = FontStack::open();
  ASSERT_TRUE(fonts.ok());
  const auto context = EglContext::create();
  ASSERT_TRUE(context.ok());
  for (const char* name : {"padding_strides", "rgb", "photo_1080p", "two_to_three_channels"}) {
    const auto session = open_session(name);
    ASSERT_TRUE(session.ok()) << name;
    TensorCache cache;
    const auto computation = compute(*session, cache);
    ASSERT_TRUE(computation.ok()) << name;
    for (const Lens lens : all_lenses()) {
      for (const bool transparent : {false, true}) {
        ExportSettings settings;
        settings.target = "x.gif";
        settings.width = 700;
        settings.height = 420;
        settings.fps = 10;
        settings.lens = lens;
        settings.transparent = transparent;
        settings.caption = true;
        settings.steps = {2, 4};
        if (!forecast_export((*computation)->plan, settings).ok()) continue;
        const auto whole = FrameRenderer::create(**fonts, settings.width, settings.height);
        const auto part = FrameRenderer::create(**fonts, settings.width, settings.height);
        Scene before, after;
        Pixels wanted, drawn;
        for (int64_t frame = 0; frame < 15; ++frame) {
          build_scene(export_scene_request(*computation, settings, **fonts, frame), after);
          const float scale = export_scale(settings);
          (*whole)->render(after, theme(settings.theme), scale, wanted);
          if (frame == 0) {
            (*part)->submit(after, theme(settings.theme), scale);
          } else {
            const auto parts = changed_parts(before, after, **fonts, scale, settings.width, settings.height);
            (*part)->submit_changes(after, theme(settings.theme), scale, parts);
          }
          (*part)->read(drawn);
          ASSERT_TRUE(drawn.rgba == wanted.rgba) << name << " " << name_of(lens) << " frame " << frame;
          std::swap(before, after);
        }
      }
    }
  }
}

}  // namespace
}  // namespace convscope
