// The lens of receptive fields: every lit cell against a marking by hand, what pointing lights, large chains.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "app/scene/anchor.h"
#include "app/scene/receptive_field_lens.h"
#include "app/session/chains.h"
#include "tests/scene/scenes.h"

namespace convscope {
namespace {

using testing::HasSubstr;

ComputationPtr chain_numbers(const LayerChain& chain) {
  Session session;
  session.chain = chain;
  TensorCache cache;
  const Result<ComputationPtr> done = compute(session, cache);
  EXPECT_TRUE(done);
  EXPECT_TRUE(!done || (*done)->plan.chain());
  return done ? *done : nullptr;
}

WindowLayer layer(LayerKind kind, int64_t k, int64_t s = 1, int64_t p = 0, int64_t d = 1) {
  WindowLayer made = WindowLayer::of(kind, 2);
  made.kernel_size = {k, k};
  made.stride = {s, s};
  made.padding.both = {p, p};
  made.dilation = {d, d};
  return made;
}
WindowLayer conv(int64_t k, int64_t s = 1, int64_t p = 0, int64_t d = 1) { return layer(LayerKind::conv, k, s, p, d); }

LayerChain chain_of(int64_t input, std::vector<WindowLayer> layers) { return {2, {input, input}, std::move(layers)}; }

CellRef at(int level, int64_t y, int64_t x) { return {TensorId::level, 0, level, y, x}; }

using Cells = std::set<std::pair<int64_t, int64_t>>;

/// What a cell of the last layer uses of every level, marked tap by tap; padding included, as PyTorch pads each layer.
std::vector<Cells> marked(const ChainPlan& plan, int64_t y, int64_t x) {
  std::vector<Cells> used(static_cast<size_t>(plan.levels()));
  used.back().insert({y, x});
  for (int level = plan.last_level(); level > 0; --level) {
    const WindowLayer& through = plan.chain.layers[static_cast<size_t>(level) - 1];
    for (const auto& [row, col] : used[static_cast<size_t>(level)]) {
      if (row < 0 || col < 0 || row >= plan.rows(level) || col >= plan.cols(level)) continue;  // padding uses nothing
      for (int64_t ky = 0; ky < through.kernel_size[0]; ++ky) {
        for (int64_t kx = 0; kx < through.kernel_size[1]; ++kx) {
          used[static_cast<size_t>(level) - 1].insert(
              {row * through.stride[0] - through.padding.both[0] + ky * through.dilation[0],
               col * through.stride[1] - through.padding.both[1] + kx * through.dilation[1]});
        }
      }
    }
  }
  return used;
}

TEST(field_lens, lights_exactly_the_cells_that_are_used_padding_included) {
  const LayerChain chains[] = {
      chain_of(7, {conv(3, 1, 1), conv(3, 1, 1)}),
      chain_of(17, {conv(3), conv(3, 1, 0, 2), conv(3, 1, 0, 4)}),
      chain_of(15, {conv(3, 1, 0, 2), conv(3, 1, 0, 2), conv(3, 1, 0, 2)}),
      chain_of(15, {conv(3, 2, 1), conv(3, 2, 1), layer(LayerKind::max_pool, 2, 2)}),
      chain_of(12, {conv(1, 3), layer(LayerKind::avg_pool, 2, 1, 1)}),
  };
  for (const LayerChain& chain : chains) {
    const ComputationPtr numbers = chain_numbers(chain);
    ASSERT_TRUE(numbers);
    const ChainPlan& plan = *numbers->plan.chain();
    for (int64_t step = 0; step < plan.steps(); ++step) {
      const Spatial cell = plan.cell_of_step(step);
      const std::vector<Cells> used = marked(plan, cell[0], cell[1]);
      const Scene scene = scene_of(request_of(numbers, Lens::receptive_field, step, 1920, 1080));
      std::vector<Cells> lit(used.size());
      size_t padding = 0;
      for (const Mark& mark : scene.marks) {
        padding += mark.role == Role::padding && mark.fill == Fill::shade ? 1 : 0;
        if (mark.fill != Fill::full || mark.ref < 0) continue;
        const CellRef& ref = scene.refs[static_cast<size_t>(mark.ref)];
        lit[static_cast<size_t>(ref.c)].insert({ref.y, ref.x});
      }
      size_t outside = 0;
      for (int level = 0; level < plan.levels(); ++level) {
        Cells inside;
        for (const auto& [y, x] : used[static_cast<size_t>(level)]) {
          const bool exists = y >= 0 && x >= 0 && y < plan.rows(level) && x < plan.cols(level);
          if (exists) {
            inside.insert({y, x});
          } else {
            ++outside;
          }
        }
        ASSERT_EQ(lit[static_cast<size_t>(level)], inside) << "level " << level << " step " << step;
      }
      ASSERT_EQ(padding, outside) << "step " << step;
    }
  }
}

TEST(field_lens, says_size_jump_and_formula_of_every_layer) {
  SceneRequest request = request_of(preset_numbers("receptive_field_dilated"), Lens::receptive_field, 4);
  request.caption = true;
  const Scene scene = scene_of(request);
  for (const char* words : {"Input", "17x17", "conv1", "15x15", "field 3, jump 1", "conv2", "11x11", "field 7, jump 1",
                            "conv3", "3x3", "field 15, jump 1", "Conv2d 3, d 4", "15x15 seen",
                            "receptive field = 1 + 2\u00b71 + 4\u00b71 + 8\u00b71 = 15"}) {
    EXPECT_TRUE(has_text(scene, words)) << words;
  }
  EXPECT_EQ(scene.sentence,
            "Step 5 of 9: [1, 1] of conv3 sees 15x15 cells of the input, rows 1 to 15, columns 1 to 15");
  request.computation = preset_numbers("receptive_field_gridding");
  EXPECT_THAT(scene_of(request).sentence, HasSubstr("7x7 cells of the input, rows 1 to 13"));
  EXPECT_THAT(scene_of(request).sentence, HasSubstr(", with gaps between them"));
  request.computation = preset_numbers("receptive_field_two_3x3");
  request.moment.step = 0;
  EXPECT_THAT(scene_of(request).sentence, HasSubstr("3x3 cells of the input, rows 0 to 2, columns 0 to 2; the rest"));
}

TEST(field_lens, lines_join_the_corners_of_neighbouring_regions) {
  const ComputationPtr numbers = preset_numbers("receptive_field_two_3x3");
  const Scene scene = scene_of(request_of(numbers, Lens::receptive_field, 24));
  const Mark* first = find_cell(scene, at(1, 2, 2));
  const Mark* last = find_cell(scene, at(2, 3, 3));
  ASSERT_NE(first, nullptr);
  ASSERT_NE(last, nullptr);
  std::vector<const Mark*> lines;
  for (const Mark& mark : scene.marks) {
    if (mark.kind == Mark::Kind::line) lines.push_back(&mark);
  }
  ASSERT_EQ(lines.size(), 4u);
  // The later two lead from the cell's left corners to the right corners of the 3x3 cells that it sees.
  for (size_t i = 2; i < 4; ++i) {
    EXPECT_NEAR(lines[i]->box.x0, last->box.x0, 3);
    EXPECT_NEAR(lines[i]->box.x1, find_cell(scene, at(1, 2, 4))->box.x1, 3);
  }
  EXPECT_NEAR(lines[2]->box.y1, first->box.y0, 3);
}

TEST(field_lens, pointing_rings_what_a_cell_sees_and_what_it_reaches) {
  const ComputationPtr numbers = preset_numbers("receptive_field_two_3x3");
  SceneRequest request = request_of(numbers, Lens::receptive_field, 0);
  const auto rings = [&](const CellRef& cell) {
    request.hovered = cell;
    const Scene scene = scene_of(request);
    std::vector<Box> boxes;
    for (const Mark& mark : scene.marks) {
      if (mark.role == Role::hover && mark.outline == Outline::ring) boxes.push_back(mark.box);
    }
    return boxes;
  };
  const Scene plain = scene_of(request_of(numbers, Lens::receptive_field, 0));
  const auto covers = [&](const Box& ring, const CellRef& first, const CellRef& last) {
    const Mark *a = find_cell(plain, first), *b = find_cell(plain, last);
    return a != nullptr && b != nullptr && std::abs(ring.x0 - a->box.x0) < 3 && std::abs(ring.y0 - a->box.y0) < 3 &&
           std::abs(ring.x1 - b->box.x1) < 3 && std::abs(ring.y1 - b->box.y1) < 3;
  };
  // The middle one of the three levels: back to the input, forward to the last.
  std::vector<Box> boxes = rings(at(1, 3, 4));
  ASSERT_EQ(boxes.size(), 3u);
  EXPECT_TRUE(covers(boxes[0], at(0, 2, 3), at(0, 4, 5)));
  EXPECT_TRUE(covers(boxes[1], at(1, 3, 4), at(1, 3, 4)));
  EXPECT_TRUE(covers(boxes[2], at(2, 2, 3), at(2, 4, 5)));
  // A corner of the input reaches only what is there.
  boxes = rings(at(0, 0, 0));
  ASSERT_EQ(boxes.size(), 3u);
  EXPECT_TRUE(covers(boxes[1], at(1, 0, 0), at(1, 1, 1)));
  EXPECT_TRUE(covers(boxes[2], at(2, 0, 0), at(2, 2, 2)));
  EXPECT_TRUE(rings({TensorId::level, 0, 7, 0, 0}).empty()) << "no such level";
  EXPECT_TRUE(rings(at(0, 7, 0)).empty()) << "no such cell";
}

TEST(field_lens, with_dilation_pointing_leaves_the_holes_out) {
  const ComputationPtr numbers = preset_numbers("receptive_field_gridding");
  SceneRequest request = request_of(numbers, Lens::receptive_field, 0);
  request.hovered = at(1, 5, 5);
  int rings = 0;
  for (const Mark& mark : scene_of(request).marks) {
    rings += mark.role == Role::hover && mark.outline == Outline::ring ? 1 : 0;
  }
  // Nine cells of the input, itself, and the cells of the next two levels whose windows stand on it.
  const auto reached = reached_from(numbers->plan.chain()->chain, numbers->plan.chain()->fields, 1, Spatial{5, 5});
  ASSERT_TRUE(reached);
  EXPECT_EQ(rings, 9 + 1 + count_cells((*reached)[1][0]) * count_cells((*reached)[1][1]) +
                       count_cells((*reached)[2][0]) * count_cells((*reached)[2][1]));
}

TEST(field_lens, words_of_a_cell_have_the_engines_counts) {
  const ChainPlanPtr& chain = preset_numbers("receptive_field_strides")->plan.chain();
  EXPECT_EQ(field_cell_words(Language::en, chain, at(0, 7, 7)), "Input[7, 7]  reaches 16 of conv3");
  EXPECT_EQ(field_cell_words(Language::en, chain, at(2, 1, 1)),
            "conv2[1, 1]  sees 7x7 of the input  reaches 9 of conv3");
  EXPECT_EQ(field_cell_words(Language::en, chain, at(3, 0, 0)), "conv3[0, 0]  sees 8x8 of the input");
  EXPECT_EQ(field_cell_words(Language::en, chain, at(3, 9, 0)), "");
}

TEST(field_lens, a_step_follows_the_field_back_level_by_level) {
  SceneRequest request = request_of(preset_numbers("receptive_field_two_3x3"), Lens::receptive_field, 24);
  const auto lit = [&](float phase) {
    request.moment.phase = phase;
    std::vector<int> count(3);
    const Scene scene = scene_of(request);
    for (const Mark& mark : scene.marks) {
      if (mark.fill == Fill::full && mark.ref >= 0)
        ++count[static_cast<size_t>(scene.refs[static_cast<size_t>(mark.ref)].c)];
    }
    return count;
  };
  EXPECT_EQ(lit(0), (std::vector<int>{0, 0, 1}));
  EXPECT_EQ(lit(0.45f), (std::vector<int>{0, 9, 1}));
  EXPECT_EQ(lit(1), (std::vector<int>{25, 9, 1}));
  request.reduced_motion = true;
  EXPECT_EQ(lit(0), (std::vector<int>{25, 9, 1}));
}

TEST(field_lens, large_chains_are_surfaces_that_can_be_pointed_at_and_zoomed) {
  const ComputationPtr numbers = preset_numbers("receptive_field_vgg16");
  const ChainPlan& plan = *numbers->plan.chain();
  SceneRequest request = request_of(numbers, Lens::receptive_field, 24);
  const Scene scene = scene_of(request);
  EXPECT_LT(scene.marks.size(), 500u);
  std::set<int64_t> levels;
  for (const Mark& mark : scene.marks) {
    if (mark.kind != Mark::Kind::raster) continue;
    const float x = mark.box.x0 + mark.box.width() * 0.999f, y = mark.box.y0 + mark.box.height() * 0.501f;
    const std::optional<CellRef> under = pick(scene, x, y);
    ASSERT_TRUE(under);
    EXPECT_EQ(under->tensor, TensorId::level);
    EXPECT_EQ(under->x, plan.cols(static_cast<int>(under->c)) - 1);
    EXPECT_EQ(under->y, plan.rows(static_cast<int>(under->c)) / 2);
    levels.insert(under->c);
  }
  EXPECT_EQ(levels.size(), 19u);
  EXPECT_TRUE(has_text(scene, "212x212 seen"));
  // Cells appear when the camera comes near, and stay what they are.
  const std::optional<AnchorPlace> place = place_of(scene, {TensorId::level, 0, 1, 100.5, 60.5, 1});
  ASSERT_TRUE(place);
  for (int i = 0; i < 40; ++i) {
    request.view = zoomed(request.view, 1.25, static_cast<float>(place->x), static_cast<float>(place->y), numbers->plan,
                          Lens::receptive_field);
    EXPECT_LT(scene_of(request).marks.size(), 6000u);
  }
  EXPECT_NE(find_cell(scene_of(request), at(1, 100, 60)), nullptr);
}

TEST(field_lens, a_thousand_layers_cost_no_more_than_can_be_seen) {
  const ComputationPtr numbers =
      chain_numbers(chain_of(40, std::vector<WindowLayer>(static_cast<size_t>(kMaxChainLayers), conv(3, 1, 1))));
  ASSERT_TRUE(numbers);
  for (const float width : {960.0f, 420.0f}) {
    const Scene scene = scene_of(request_of(numbers, Lens::receptive_field, 0, width, 540));
    EXPECT_LT(scene.marks.size(), 20000u);
    EXPECT_GT(scene.marks.size(), 3000u);
    for (const Mark& mark : scene.marks) {
      ASSERT_GE(std::min(mark.box.x0, mark.box.x1), 0);
      ASSERT_LE(std::max(mark.box.x0, mark.box.x1), width);
    }
  }
}

TEST(field_lens, chains_of_one_and_of_three_axes_are_strips_and_sheets) {
  const Scene strips = scene_of(request_of(preset_numbers("receptive_field_causal"), Lens::receptive_field, 15));
  EXPECT_TRUE(has_text(strips, "16 seen"));
  EXPECT_TRUE(has_text(strips, "field 16, jump 1"));
  const Mark *input = find_cell(strips, at(0, 0, 0)), *last = find_cell(strips, at(4, 0, 15));
  ASSERT_NE(input, nullptr);
  ASSERT_NE(last, nullptr);
  EXPECT_LT(last->box.y1, input->box.y0) << "the input lies at the bottom";
  LayerChain solid{3, {8, 9, 10}, {WindowLayer::of(LayerKind::conv, 3), WindowLayer::of(LayerKind::max_pool, 3)}};
  const ComputationPtr numbers = chain_numbers(solid);
  ASSERT_TRUE(numbers);
  EXPECT_EQ(numbers->plan.chain()->steps(), 3 * 3 * 4);
  const Scene sheets = scene_of(request_of(numbers, Lens::receptive_field, 35));
  EXPECT_TRUE(has_text(sheets, "8x9x10"));
  // Cell [2, 2, 3] sees slices 4 to 7 of the input; the sheet in their middle is drawn.
  EXPECT_NE(find_cell(sheets, {TensorId::level, 6, 0, 4, 6}), nullptr);
}

TEST(field_lens, the_sessions_picture_lies_under_the_field) {
  const Scene scene = scene_of(request_of(preset_numbers("receptive_field_resnet18"), Lens::receptive_field, 0));
  bool picture = false;
  for (const Raster& raster : scene.rasters) picture = picture || (raster.rgb && raster.plane() == at(0, 0, 0));
  EXPECT_TRUE(picture);
}

TEST(field_lens, without_a_legal_chain_it_says_so) {
  Session session;
  session.chain = chain_of(5, {conv(9)});
  TensorCache cache;
  const Result<ComputationPtr> done = compute(session, cache);
  ASSERT_TRUE(done);
  EXPECT_EQ((*done)->plan.chain(), nullptr);
  for (const Language language : {Language::en, Language::zh}) {
    SceneRequest request = request_of(*done, Lens::receptive_field, 3);
    request.language = language;
    request.caption = true;
    request.hovered = at(0, 0, 0);
    EXPECT_EQ(scene_of(request).marks.size(), 1u);
  }
}

}  // namespace
}  // namespace convscope
