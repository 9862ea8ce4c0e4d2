// Two pictures as one: places, pointing, what is lit, cutting, the words, and no memory asked for.
#include "app/scene/pair_scene.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "app/session/presets.h"
#include "tests/scene/scenes.h"
#include "tests/support/count_allocations.h"

namespace convscope {
namespace {

using ::testing::HasSubstr;

ComputationPtr numbers(const Session& session) {
  TensorCache cache;
  auto computed = compute(session, cache);
  EXPECT_TRUE(computed.ok()) << (computed.ok() ? "" : computed.error().code);
  return computed.ok() ? *computed : nullptr;
}

PairRequest request_of_pair(Session session, int64_t step, float width = 960, float height = 540) {
  PairRequest request;
  request.common = request_of(nullptr, session.lens, step, width, height);
  const std::optional<Session> other = other_side(session);
  const ComputationPtr own = numbers(session);
  request.sides[0] = {own, session.lens, session.algorithm, std::nullopt};
  request.sides[1] = {other ? numbers(*other) : own, lens_beside(session), session.algorithm, std::nullopt};
  request.linked = !other;
  return request;
}

Session preset_session(const std::string& name) { return find_preset(name)->session; }

const Mark* find_text(const Scene& scene, const std::string& words) {
  for (const Mark& mark : scene.marks) {
    if (mark.kind == Mark::Kind::text && scene.text_of(mark) == words) return &mark;
  }
  return nullptr;
}

Box whole_of(const Scene& scene) { return {0, 0, scene.width, scene.height}; }

TEST(pair_scene, each_half_answers_the_pointer) {
  const PairRequest request = request_of_pair(preset_session("compare_strides"), 6);
  PairPicture pair;
  Scene scene;
  pair.build(request, scene);
  ASSERT_FALSE(pair.stacked());
  for (size_t side = 0; side < 2; ++side) {
    const Mark* const cell = find_cell(pair.part(side), {TensorId::output, 0, 0, 1, 1});
    ASSERT_NE(cell, nullptr);
    const float x = (cell->box.x0 + cell->box.x1) / 2 + pair.place(side).x0;
    const float y = (cell->box.y0 + cell->box.y1) / 2 + pair.place(side).y0;
    EXPECT_EQ(pick(scene, x, y), (CellRef{TensorId::output, 0, 0, 1, 1}));
    EXPECT_LT(pair.place(side).x0 - 1, x);
    EXPECT_GT(pair.place(side).x1, x);
  }
  // Stride 2 has no fourth row.
  EXPECT_NE(find_cell(pair.part(0), {TensorId::output, 0, 0, 4, 4}), nullptr);
  EXPECT_EQ(find_cell(pair.part(1), {TensorId::output, 0, 0, 4, 4}), nullptr);
}

TEST(pair_scene, what_differs_is_lit_in_the_titles) {
  Scene scene;
  PairPicture pair;
  pair.build(request_of_pair(preset_session("compare_strides"), 0), scene);
  for (const char* words : {"stride=1", "stride=2", "1x1x5x5", "1x1x3x3"}) {
    EXPECT_TRUE(std::any_of(scene.marks.begin(), scene.marks.end(), [&](const Mark& mark) {
      return mark.kind == Mark::Kind::text && scene.text_of(mark) == words && mark.role == Role::accent &&
             mark.face == Face::bold;
    })) << words;
  }
  const Mark* const same = find_text(scene, "kernel_size=3");
  ASSERT_NE(same, nullptr);
  EXPECT_EQ(same->role, Role::text);
}

TEST(pair_scene, a_default_that_only_one_writes_out_stands_in_both) {
  Scene scene;
  PairPicture pair;
  pair.build(request_of_pair(preset_session("compare_dilation"), 3), scene);
  EXPECT_NE(find_text(scene, "dilation=2"), nullptr);
  EXPECT_NE(find_text(scene, "dilation=1"), nullptr);
  EXPECT_THAT(to_text(scene), HasSubstr("both outputs are equal"));
  EXPECT_THAT(to_text(scene), HasSubstr("Step 4 of 9: the same output cell on both sides"));
  const std::string text = to_text(scene);
  EXPECT_LT(text.find("\"dilation=1\""), text.rfind("\"bias=False\"")) << "where the other one has it";
}

TEST(pair_scene, another_operation_is_lit_and_shown_in_a_lens_of_its_own) {
  Scene scene;
  PairPicture pair;
  pair.build(request_of_pair(preset_session("compare_transposed"), 3), scene);
  const Mark* const name = find_text(scene, "ConvTranspose2d");
  ASSERT_NE(name, nullptr);
  EXPECT_EQ(name->role, Role::accent);
  EXPECT_FALSE(pair.part(1).refs.empty());
}

TEST(pair_scene, volumes_stand_beside_one_another_and_beside_pictures) {
  for (const char* other : {"conv3d_padding", "padding_strides"}) {
    Session session = preset_session("conv3d_basics");
    compare_with(session, preset_session(other));
    PairPicture pair;
    Scene scene;
    pair.build(request_of_pair(session, 2, 1280, 720), scene);
    EXPECT_THAT(to_text(scene), HasSubstr("Conv3d")) << other;
    for (size_t side = 0; side < 2; ++side) {
      EXPECT_NE(find_cell(pair.part(side), {TensorId::output, 0, 0, 0, 0}), nullptr) << other << side;
    }
  }
}

TEST(pair_scene, the_shorter_one_rests) {
  PairPicture pair;
  Scene scene;
  pair.build(request_of_pair(preset_session("compare_strides"), 20), scene);
  EXPECT_THAT(to_text(scene), HasSubstr("Step 21: A at 21 of 25, B at 9 of 9; B is done and rests"));
  EXPECT_THAT(scene.sentence, HasSubstr("A: Step 21 of 25"));
  EXPECT_THAT(scene.sentence, HasSubstr("B: Step 9 of 9"));
}

TEST(pair_scene, cells_that_differ_are_dotted_when_they_are_computed) {
  Session session = preset_session("tutorial_5_1");
  compare_with_copy(session);
  session.beside->other->weight = {SourceKind::ones, {}, {}, nullptr};
  const auto dots = [&](int64_t step) {
    PairPicture pair;
    Scene scene;
    pair.build(request_of_pair(session, step), scene);
    return std::count_if(scene.marks.begin(), scene.marks.end(), [](const Mark& mark) {
      return mark.role == Role::error && mark.fill == Fill::full && mark.kind == Mark::Kind::box;
    });
  };
  EXPECT_EQ(dots(0), 2) << "one in each half";
  EXPECT_EQ(dots(3), 8);
  session.beside->other->weight = session.weight;
  EXPECT_EQ(dots(3), 0);
}

TEST(pair_scene, stands_one_above_the_other_where_that_shows_more) {
  PairPicture pair;
  Scene scene;
  pair.build(request_of_pair(preset_session("compare_transposed"), 2, 640, 560), scene);
  EXPECT_TRUE(pair.stacked());
  EXPECT_GE(pair.place(1).y0, pair.place(0).y1);
  EXPECT_EQ(pair.place(0).width(), 640);
}

TEST(pair_scene, equal_inputs_are_equally_large) {
  PairPicture pair;
  Scene scene;
  pair.build(request_of_pair(preset_session("compare_strides"), 2), scene);
  const Mark* const a = find_cell(pair.part(0), {TensorId::input, 0, 0, 0, 0});
  const Mark* const b = find_cell(pair.part(1), {TensorId::input, 0, 0, 0, 0});
  ASSERT_NE(a, nullptr);
  ASSERT_NE(b, nullptr);
  EXPECT_NEAR(a->box.width(), b->box.width(), 0.5f);
}

TEST(pair_scene, nothing_reaches_into_the_other_half_however_near_the_camera_is) {
  for (const char* name : {"compare_strides", "compare_padding"}) {
    PairRequest request = request_of_pair(preset_session(name), 6);
    request.common.view.zoom = 3.3;
    request.common.view.center_x = 0.41;
    PairPicture pair;
    Scene scene;
    pair.build(request, scene);
    int cells[2] = {0, 0};
    for (const Mark& mark : scene.marks) {
      if (mark.kind != Mark::Kind::box || mark.ref < 0) continue;
      const size_t side = mark.box.x0 < scene.width / 2 ? 0 : 1;
      ++cells[side];
      const Box& room = pair.place(side);
      EXPECT_GE(mark.box.x0, room.x0);
      EXPECT_LE(mark.box.x1, room.x1);
      EXPECT_GE(mark.box.y0, room.y0);
      EXPECT_LE(mark.box.y1, room.y1);
    }
    EXPECT_GT(cells[0], 3);
    EXPECT_GT(cells[1], 3);
  }
}

TEST(append_part, cuts_boxes_lines_and_textures) {
  Scene part;
  part.width = part.height = 100;
  Mark box;
  box.box = {80, 10, 120, 30};
  Mark line;
  line.kind = Mark::Kind::line;
  line.box = {0, 50, 200, 50};
  Mark raster;
  raster.kind = Mark::Kind::raster;
  raster.box = {50, 60, 150, 80};
  raster.raster = 0;
  Mark outside;
  outside.box = {130, 0, 140, 10};
  part.marks = {box, line, raster, outside};
  Raster texture;
  texture.u0 = 0;
  texture.u1 = 10;
  texture.v1 = 2;
  part.rasters = {texture};
  Scene whole;
  append_part(whole, part, {10, 20, 110, 120});
  ASSERT_EQ(whole.marks.size(), 3u);
  EXPECT_EQ(whole.marks[0].box, (Box{90, 30, 110, 50}));
  EXPECT_EQ(whole.marks[1].box, (Box{10, 70, 110, 70}));
  EXPECT_EQ(whole.marks[2].box, (Box{60, 80, 110, 100}));
  EXPECT_DOUBLE_EQ(whole.rasters[0].u1, 5) << "half of it is seen";
  EXPECT_DOUBLE_EQ(whole.rasters[0].v1, 2);
}

TEST(pair_scene, every_pair_fits_its_picture_in_both_languages) {
  for (const char* name :
       {"compare_strides", "compare_dilation", "compare_transposed", "compare_padding", "compare_fields"}) {
    for (const Language language : {Language::en, Language::zh}) {
      PairRequest request = request_of_pair(preset_session(name), 1);
      request.common.language = language;
      PairPicture pair;
      Scene scene;
      pair.build(request, scene);
      EXPECT_GT(scene.marks.size(), 40u) << name;
      const Box whole = whole_of(scene);
      for (const Mark& mark : scene.marks) {
        if (mark.kind != Mark::Kind::text) continue;
        EXPECT_GE(mark.box.x0, whole.x0 - 1) << name << " " << scene.text_of(mark);
        EXPECT_LE(mark.box.x1, whole.x1 + 1) << name << " " << scene.text_of(mark);
      }
    }
  }
}

TEST(pair_scene, allocates_nothing_in_the_steady_state) {
  if (!test::allocations_are_counted()) GTEST_SKIP() << "a sanitizer has its own operator new";
  std::vector<Session> sessions;
  for (const char* name : {"compare_strides", "compare_dilation", "compare_transposed", "compare_fields"}) {
    sessions.push_back(preset_session(name));
  }
  for (const Lens lens : {Lens::im2col, Lens::toeplitz, Lens::coverage, Lens::loops, Lens::isometric}) {
    sessions.push_back(preset_session("compare_padding"));
    sessions.back().lens = lens;
    sessions.push_back(preset_session("tutorial_6_2_1"));
    compare_lenses(sessions.back(), lens);
  }
  sessions.push_back(preset_session("resnet_stem"));
  compare_with(sessions.back(), preset_session("photo_1080p"));
  for (const Session& session : sessions) {
    PairRequest request = request_of_pair(session, 1);
    request.common.language = Language::zh;
    request.common.caption = true;
    PairPicture pair;
    Scene scene;
    for (int i = 0; i < 3; ++i) pair.build(request, scene);
    const long before = test::allocations_so_far();
    pair.build(request, scene);
    EXPECT_EQ(test::allocations_so_far() - before, 0)
        << session.operation << " " << name_of(session.lens) << " beside " << name_of(lens_beside(session));
  }
}

}  // namespace
}  // namespace convscope
