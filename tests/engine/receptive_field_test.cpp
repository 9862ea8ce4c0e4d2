// Receptive fields through chains: known networks, chains followed by hand, every cell of random chains against a
// simulation that carries each cell's set of input cells along, and PyTorch's own layers.
#include "engine/receptive_field.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

namespace convscope {
namespace {

using testing::ElementsAre;

WindowLayer layer(LayerKind kind, int64_t k, int64_t s, int64_t p, int64_t d = 1, int64_t output_padding = 0) {
  WindowLayer made = WindowLayer::of(kind, 1);
  made.kernel_size = {k};
  made.stride = {s};
  made.padding.both = {p};
  made.dilation = {d};
  made.output_padding = {output_padding};
  return made;
}
WindowLayer conv(int64_t k, int64_t s = 1, int64_t p = 0, int64_t d = 1) { return layer(LayerKind::conv, k, s, p, d); }
WindowLayer pool(int64_t k, int64_t s, int64_t p = 0) { return layer(LayerKind::max_pool, k, s, p); }
WindowLayer upward(int64_t k, int64_t s, int64_t p = 0, int64_t d = 1) {
  return layer(LayerKind::conv_transpose, k, s, p, d);
}

LayerChain chain(int64_t input, std::vector<WindowLayer> layers) { return {1, Spatial{input}, std::move(layers)}; }

FieldAxis last(const LayerChain& of) {
  const ChainFields fields = chain_fields(of);
  EXPECT_FALSE(fields.error) << (fields.error ? fields.error->code : "");
  return fields.error || fields.layers.empty() ? FieldAxis{} : fields.layers.back().axes[0];
}

std::vector<int64_t> cells_of(const CellRuns& runs) {
  std::vector<int64_t> cells;
  for (const CellRun& run : runs) {
    for (int64_t cell = run.first; cell <= run.last; ++cell) cells.push_back(cell);
  }
  return cells;
}

std::vector<int64_t> seen_at_input(const LayerChain& of, int64_t cell) {
  const Result<std::vector<SeenLevel>> seen =
      seen_by(of, chain_fields(of), static_cast<int>(of.layers.size()) - 1, Spatial{cell});
  EXPECT_TRUE(seen);
  return seen ? cells_of((*seen)[0].axes[0].cells) : std::vector<int64_t>{};
}

std::string fields_error(const LayerChain& of) {
  const ChainFields fields = chain_fields(of);
  return fields.error ? fields.error->code : "";
}

TEST(ReceptiveField, two_layers_of_three_see_five_cells) {
  const FieldAxis field = last(chain(7, {conv(3, 1, 1), conv(3, 1, 1)}));
  EXPECT_EQ(field.output_size, 7);
  EXPECT_EQ(field.size, 5);
  EXPECT_EQ(field.stride, (Fraction{1, 1}));
  EXPECT_EQ(field.start, (Fraction{-2, 1}));
  EXPECT_EQ(field.center, (Fraction{0, 1}));
  EXPECT_EQ(field.overlap, (Fraction{4, 1}));
}

TEST(ReceptiveField, an_even_kernel_has_its_centre_between_two_cells) {
  const FieldAxis field = last(chain(8, {conv(2, 2)}));
  EXPECT_EQ(field.center, (Fraction{1, 2}));
  EXPECT_EQ(field.start, (Fraction{0, 1}));
  EXPECT_EQ(field.overlap, (Fraction{0, 1}));
}

TEST(ReceptiveField, a_stride_wider_than_the_kernel_leaves_a_gap) {
  EXPECT_EQ(last(chain(9, {conv(1, 3)})).overlap, (Fraction{-2, 1}));
}

// Araujo, Norris, Sim (Distill 2019) give 195 for AlexNet and 212 for VGG-16.
TEST(ReceptiveField, alexnet_and_vgg16_have_their_published_fields) {
  const FieldAxis alexnet = last(chain(224, {conv(11, 4, 2), pool(3, 2), conv(5, 1, 2), pool(3, 2), conv(3, 1, 1),
                                             conv(3, 1, 1), conv(3, 1, 1), pool(3, 2)}));
  EXPECT_EQ(alexnet.size, 195);
  EXPECT_EQ(alexnet.stride, (Fraction{32, 1}));
  EXPECT_EQ(alexnet.output_size, 6);
  std::vector<WindowLayer> vgg16;
  for (int convolutions : {2, 2, 3, 3, 3}) {
    for (int i = 0; i < convolutions; ++i) vgg16.push_back(conv(3, 1, 1));
    vgg16.push_back(pool(2, 2));
  }
  EXPECT_EQ(last(chain(224, vgg16)).size, 212);
  EXPECT_EQ(last(chain(224, vgg16)).stride, (Fraction{32, 1}));
  EXPECT_EQ(last(chain(224, vgg16)).output_size, 7);
}

TEST(ReceptiveField, dilation_leaves_gaps_that_a_second_layer_fills) {
  EXPECT_THAT(seen_at_input(chain(9, {conv(3, 1, 0, 2)}), 1), ElementsAre(1, 3, 5));
  EXPECT_THAT(seen_at_input(chain(9, {conv(3, 1, 0, 2), conv(2)}), 1), ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_EQ(last(chain(9, {conv(3, 1, 0, 2), conv(2)})).size, 6);
}

// Padding of a layer in between is no cell of the layer before: what lies behind it is not seen.
TEST(ReceptiveField, padding_between_layers_hides_cells_that_the_unclipped_field_has) {
  const LayerChain of = chain(9, {conv(3, 2, 0), conv(3, 1, 1, 1)});
  const Result<std::vector<SeenLevel>> seen = seen_by(of, chain_fields(of), 1, Spatial{0});
  ASSERT_TRUE(seen);
  const SeenAxis& input = (*seen)[0].axes[0];
  EXPECT_EQ(input.unclipped, (CellRun{-2, 4}));
  EXPECT_EQ(input.padding_before, 2);
  EXPECT_EQ(input.padding_after, 0);
  EXPECT_THAT(cells_of(input.cells), ElementsAre(0, 1, 2, 3, 4));
  // With taps 4 apart the first one falls on padding, and 2 and 3 are seen by no other.
  EXPECT_THAT(seen_at_input(chain(9, {conv(1, 2, 0), conv(3, 1, 3, 3)}), 0), ElementsAre(0, 6));
  const SeenAxis& between = (*seen)[1].axes[0];
  EXPECT_EQ(between.unclipped, (CellRun{-1, 1}));
  EXPECT_EQ(between.padding_before, 1);
}

TEST(ReceptiveField, a_ceil_mode_window_beyond_the_edge_sees_what_is_there) {
  LayerChain of = chain(5, {pool(2, 2)});
  of.layers[0].ceil_mode = true;
  EXPECT_EQ(last(of).output_size, 3);
  EXPECT_THAT(seen_at_input(of, 2), ElementsAre(4));
}

TEST(ReceptiveField, a_transposed_layer_divides_the_stride) {
  const FieldAxis field = last(chain(4, {upward(3, 2, 1)}));
  EXPECT_EQ(field.output_size, 7);
  EXPECT_EQ(field.stride, (Fraction{1, 2}));
  EXPECT_EQ(field.size, 2);
  EXPECT_EQ(field.smallest, 1);
  EXPECT_EQ(field.center, (Fraction{0, 1}));
  EXPECT_EQ(field.start, (Fraction{-1, 2}));
  EXPECT_EQ(field.overlap, (Fraction{3, 2}));
  EXPECT_THAT(seen_at_input(chain(4, {upward(3, 2, 1)}), 0), ElementsAre(0));
  EXPECT_THAT(seen_at_input(chain(4, {upward(3, 2, 1)}), 1), ElementsAre(0, 1));
}

TEST(ReceptiveField, a_transposed_layer_can_leave_cells_that_see_nothing) {
  const LayerChain of = chain(3, {upward(1, 2)});
  EXPECT_EQ(last(of).smallest, 0);
  EXPECT_THAT(seen_at_input(of, 1), ElementsAre());
  const Result<std::vector<SeenLevel>> seen = seen_by(of, chain_fields(of), 0, Spatial{1});
  ASSERT_TRUE(seen);
  EXPECT_FALSE((*seen)[0].axes[0].unclipped);
}

TEST(ReceptiveField, down_and_up_again_restores_size_and_stride) {
  WindowLayer up = layer(LayerKind::conv_transpose, 3, 2, 1, 1, 1);
  const FieldAxis field = last(chain(8, {conv(3, 2, 1), up}));
  EXPECT_EQ(field.output_size, 8);
  EXPECT_EQ(field.stride, (Fraction{1, 1}));
  EXPECT_EQ(field.size, 5);
  EXPECT_EQ(field.smallest, 3);
}

TEST(ReceptiveField, an_empty_chain_has_no_layers) {
  const ChainFields fields = chain_fields(chain(5, {}));
  EXPECT_FALSE(fields.error);
  EXPECT_TRUE(fields.layers.empty());
}

TEST(ReceptiveField, the_first_illegal_layer_ends_the_chain_with_its_error) {
  const ChainFields fields = chain_fields(chain(5, {conv(3), conv(7), conv(1)}));
  EXPECT_EQ(fields.layers.size(), 1u);
  EXPECT_EQ(fields.windows.size(), 1u);
  ASSERT_TRUE(fields.error);
  EXPECT_EQ(fields.error->code, "error.kernel_larger_than_input");
  EXPECT_EQ(fields_error(chain(5, {pool(2, 2, 2)})), "error.pool_padding_too_large");
  EXPECT_EQ(fields_error(chain(5, {layer(LayerKind::conv_transpose, 3, 1, 0, 1, 1)})),
            "error.output_padding_too_large");
}

TEST(ReceptiveField, rejects_an_input_without_cells_and_endless_chains) {
  EXPECT_EQ(fields_error(chain(0, {conv(1)})), "error.chain_input_size");
  EXPECT_EQ(fields_error(chain(5, std::vector<WindowLayer>(kMaxChainLayers + 1, conv(1)))), "error.chain_too_long");
}

TEST(ReceptiveField, sizes_near_the_end_of_int64_are_exact_or_refused) {
  constexpr int64_t kLarge = int64_t{1} << 60;
  const FieldAxis field = last(chain(kLarge, {conv(kLarge / 2, kLarge / 4), conv(2)}));
  EXPECT_EQ(field.size, kLarge / 2 + kLarge / 4);
  // Strides multiply beyond 2^63 long before an output size does.
  std::vector<WindowLayer> pools(70, layer(LayerKind::max_pool, 1, 2, 0));
  EXPECT_EQ(fields_error(chain(1, pools)), "error.size_overflow");
  std::vector<WindowLayer> thirds;
  for (int i = 0; i < 40; ++i) thirds.push_back(upward(1, i % 2 == 0 ? 1 : 3));
  EXPECT_EQ(fields_error(chain(1, thirds)), "error.field_too_scattered");
}

TEST(ReceptiveField, a_window_longer_than_int64_is_refused_and_a_far_edge_has_no_padding_behind_it) {
  // Nearly all of the window is padding's to take away: the gate passes it, its extent does not fit.
  EXPECT_EQ(fields_error(chain(1, {upward(INT64_MAX, 1, INT64_MAX / 2, 1)})), "");
  EXPECT_EQ(fields_error(chain(1, {upward((int64_t{1} << 62) + 1, 1, int64_t{1} << 61, 2)})), "error.size_overflow");
  const LayerChain of = chain(INT64_MAX - 40, {conv(1, 1, 13)});
  const Result<std::vector<SeenLevel>> seen = seen_by(of, chain_fields(of), 0, Spatial{0});
  ASSERT_TRUE(seen);
  EXPECT_EQ((*seen)[0].axes[0].padding_before, 1);
  EXPECT_EQ((*seen)[0].axes[0].padding_after, 0);
}

TEST(ReceptiveField, work_is_bounded) {
  // A dilated kernel of ten million taps is no set that anybody looks at.
  const LayerChain of = chain(int64_t{1} << 40, {conv(10'000'000, 1, 0, 2)});
  EXPECT_EQ(last(of).size, 2 * (10'000'000 - 1) + 1);
  const Result<std::vector<SeenLevel>> seen = seen_by(of, chain_fields(of), 0, Spatial{0});
  ASSERT_FALSE(seen);
  EXPECT_EQ(seen.error().code, "error.field_too_scattered");
}

TEST(ReceptiveField, rejects_a_cell_outside_of_the_output) {
  const LayerChain of = chain(5, {conv(3)});
  for (int64_t cell : {-1, 3}) {
    const Result<std::vector<SeenLevel>> seen = seen_by(of, chain_fields(of), 0, Spatial{cell});
    ASSERT_FALSE(seen) << cell;
    EXPECT_EQ(seen.error().code, "error.cell_outside");
  }
}

TEST(ReceptiveField, rejects_to_follow_a_cell_outside_of_its_level) {
  const LayerChain of = chain(7, {conv(3), conv(3)});
  const ChainFields fields = chain_fields(of);
  EXPECT_EQ(level_size(of, fields, 1), Spatial{5});
  EXPECT_EQ(reached_from(of, fields, 1, Spatial{5}).error().code, "error.cell_outside");
  EXPECT_EQ(reached_from(of, fields, 0, Spatial{-1}).error().code, "error.cell_outside");
  EXPECT_TRUE(reached_from(of, fields, 2, Spatial{2}));
}

TEST(ReceptiveField, axes_are_independent) {
  LayerChain of{2, Spatial{9, 12}, {WindowLayer::of(LayerKind::conv, 2)}};
  of.layers[0].kernel_size = {3, 5};
  of.layers[0].stride = {1, 2};
  of.layers[0].padding.kind = PaddingKind::pads;
  of.layers[0].padding.begin = {1, 0};
  of.layers[0].padding.end = {0, 1};
  const ChainFields fields = chain_fields(of);
  ASSERT_FALSE(fields.error);
  EXPECT_EQ(fields.layers[0].axes[0].size, 3);
  EXPECT_EQ(fields.layers[0].axes[0].start, (Fraction{-1, 1}));
  EXPECT_EQ(fields.layers[0].axes[1].size, 5);
  EXPECT_EQ(fields.layers[0].axes[1].stride, (Fraction{2, 1}));
  EXPECT_EQ(fields.layers[0].axes[1].output_size, 5);
}

// ---------------------------------------------------------------------------------------------------------------------
// Against a simulation

using Sets = std::vector<std::set<int64_t>>;

/// A layer as its definition has it: direct ones gather what lies under their taps, transposed ones scatter.
Sets simulated(const WindowLayer& through, const Sets& before, int64_t output_size) {
  const int64_t k = through.kernel_size[0], s = through.stride[0], p = through.padding.both[0], d = through.dilation[0];
  const auto in = static_cast<int64_t>(before.size());
  Sets after(static_cast<size_t>(output_size));
  const auto merge = [](std::set<int64_t>& into, const std::set<int64_t>& from) {
    into.insert(from.begin(), from.end());
  };
  if (through.kind == LayerKind::conv_transpose) {
    for (int64_t i = 0; i < in; ++i) {
      for (int64_t t = 0; t < k; ++t) {
        const int64_t o = i * s + t * d - p;
        if (o >= 0 && o < output_size) merge(after[static_cast<size_t>(o)], before[static_cast<size_t>(i)]);
      }
    }
    return after;
  }
  for (int64_t o = 0; o < output_size; ++o) {
    for (int64_t t = 0; t < k; ++t) {
      const int64_t i = o * s + t * d - p;
      if (i >= 0 && i < in) merge(after[static_cast<size_t>(o)], before[static_cast<size_t>(i)]);
    }
  }
  return after;
}

WindowLayer random_layer(std::mt19937_64& random) {
  const auto draw = [&](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  };
  constexpr LayerKind kKinds[] = {LayerKind::conv, LayerKind::conv, LayerKind::conv_transpose, LayerKind::max_pool,
                                  LayerKind::avg_pool};
  WindowLayer made = layer(kKinds[draw(0, 4)], draw(1, 5), draw(1, 4), draw(0, 4), draw(1, 4));
  if (made.kind == LayerKind::avg_pool) made.dilation = {1};
  if (made.kind == LayerKind::max_pool || made.kind == LayerKind::avg_pool) {
    made.padding.both = {draw(0, made.kernel_size[0] / 2)};
    made.ceil_mode = draw(0, 1) == 1;
  }
  if (made.kind == LayerKind::conv_transpose) {
    made.output_padding = {draw(0, std::max(made.stride[0], made.dilation[0]) - 1)};
  }
  return made;
}

/// Whether a level's edge cuts nothing off what the cell sees.
bool is_free(const std::vector<SeenLevel>& seen) {
  for (const SeenLevel& level : seen) {
    if (level.axes[0].padding_before > 0 || level.axes[0].padding_after > 0) return false;
  }
  return true;
}

TEST(ReceptiveField, what_a_cell_reaches_are_the_cells_that_see_it) {
  constexpr uint64_t kSeed = 10011;
  std::mt19937_64 random(kSeed);
  int chains = 0, reaching_nothing = 0;
  while (chains < 400) {
    LayerChain of = chain(std::uniform_int_distribution<int64_t>(3, 30)(random), {});
    const int layers = std::uniform_int_distribution<int>(1, 4)(random);
    for (int i = 0; i < layers; ++i) of.layers.push_back(random_layer(random));
    const ChainFields fields = chain_fields(of);
    if (fields.error || fields.layers.back().axes[0].output_size > 80) continue;
    ++chains;
    SCOPED_TRACE(testing::Message() << "seed " << kSeed << ", chain " << chains);
    for (int level = 0; level <= layers; ++level) {
      for (int64_t cell = 0; cell < level_size(of, fields, level)[0]; ++cell) {
        const auto reached = reached_from(of, fields, level, Spatial{cell});
        ASSERT_TRUE(reached);
        ASSERT_EQ(reached->size(), static_cast<size_t>(layers - level + 1));
        EXPECT_EQ(cells_of((*reached)[0][0]), std::vector<int64_t>{cell});
        reaching_nothing += reached->back()[0].empty() ? 1 : 0;
        for (int later = level + 1; later <= layers; ++later) {
          std::vector<int64_t> seeing;
          for (int64_t other = 0; other < level_size(of, fields, later)[0]; ++other) {
            const auto seen = seen_by(of, fields, later - 1, Spatial{other});
            ASSERT_TRUE(seen);
            const std::vector<int64_t> cells = cells_of((*seen)[static_cast<size_t>(level)].axes[0].cells);
            if (std::find(cells.begin(), cells.end(), cell) != cells.end()) seeing.push_back(other);
          }
          ASSERT_EQ(cells_of((*reached)[static_cast<size_t>(later - level)][0]), seeing)
              << "cell " << cell << " of level " << level << " at level " << later;
        }
      }
    }
  }
  EXPECT_GT(reaching_nothing, 0) << "strides leave cells out";
}

TEST(ReceptiveField, padding_is_read_where_a_tap_stands_on_it) {
  // The corner cell of two padded layers: the second reads one cell of padding around the first one's output, but of
  // the input only what the first reads for cells that exist.
  const LayerChain of = chain(7, {conv(3, 1, 1), conv(3, 1, 1)});
  const auto seen = seen_by(of, chain_fields(of), 1, Spatial{0});
  ASSERT_TRUE(seen);
  EXPECT_EQ(cells_of((*seen)[1].axes[0].read), (std::vector<int64_t>{-1, 0, 1}));
  EXPECT_EQ(cells_of((*seen)[1].axes[0].cells), (std::vector<int64_t>{0, 1}));
  EXPECT_EQ(cells_of((*seen)[0].axes[0].read), (std::vector<int64_t>{-1, 0, 1, 2}));
  EXPECT_EQ((*seen)[0].axes[0].unclipped, (CellRun{-2, 2}));
}

TEST(ReceptiveField, what_is_read_is_what_stands_under_the_taps_of_cells_that_exist) {
  std::mt19937_64 random(10012);
  for (int chains = 0; chains < 300;) {
    LayerChain of = chain(std::uniform_int_distribution<int64_t>(3, 40)(random), {});
    for (int i = 0; i < 3; ++i) of.layers.push_back(random_layer(random));
    const ChainFields fields = chain_fields(of);
    if (fields.error || fields.layers.back().axes[0].output_size > 100) continue;
    ++chains;
    for (int64_t cell = 0; cell < fields.layers.back().axes[0].output_size; ++cell) {
      const auto seen = seen_by(of, fields, 2, Spatial{cell});
      ASSERT_TRUE(seen);
      for (size_t level = 0; level < 3; ++level) {
        if (of.layers[level].transposes()) {
          EXPECT_EQ((*seen)[level].axes[0].read, (*seen)[level].axes[0].cells);
          continue;
        }
        std::set<int64_t> read;
        for (const int64_t next : cells_of((*seen)[level + 1].axes[0].cells)) {
          for (int64_t t = 0; t < of.layers[level].kernel_size[0]; ++t) {
            read.insert(fields.windows[level].axis(0).cell(next, t));
          }
        }
        ASSERT_EQ(cells_of((*seen)[level].axes[0].read), std::vector<int64_t>(read.begin(), read.end()));
      }
    }
  }
}

TEST(ReceptiveField, every_cell_of_random_chains_sees_what_a_simulation_says) {
  constexpr uint64_t kSeed = 10010;
  std::mt19937_64 random(kSeed);
  int chains = 0, with_all_kinds = 0;
  while (chains < 3000) {
    LayerChain of = chain(std::uniform_int_distribution<int64_t>(3, 60)(random), {});
    const int layers = std::uniform_int_distribution<int>(1, 5)(random);
    for (int i = 0; i < layers; ++i) of.layers.push_back(random_layer(random));
    const ChainFields fields = chain_fields(of);
    if (fields.error) continue;
    const FieldAxis& field = fields.layers.back().axes[0];
    if (field.output_size > 200) continue;
    ++chains;
    SCOPED_TRACE(testing::Message() << "seed " << kSeed << ", chain " << chains);

    Sets sets(static_cast<size_t>(of.input_size[0]));
    for (size_t i = 0; i < sets.size(); ++i) sets[i] = {static_cast<int64_t>(i)};
    for (size_t i = 0; i < of.layers.size(); ++i) {
      sets = simulated(of.layers[i], sets, fields.layers[i].axes[0].output_size);
    }
    bool all_direct = true;
    for (const WindowLayer& l : of.layers) all_direct = all_direct && l.kind != LayerKind::conv_transpose;
    int64_t largest = -1, smallest = INT64_MAX, free_in_a_row = 0, longest = 0;
    for (int64_t cell = 0; cell < field.output_size; ++cell) {
      const Result<std::vector<SeenLevel>> seen = seen_by(of, fields, layers - 1, Spatial{cell});
      ASSERT_TRUE(seen);
      const SeenAxis& input = (*seen)[0].axes[0];
      const std::set<int64_t>& wanted = sets[static_cast<size_t>(cell)];
      ASSERT_EQ(cells_of(input.cells), std::vector<int64_t>(wanted.begin(), wanted.end())) << "cell " << cell;
      const int64_t extent = input.unclipped ? input.unclipped->last - input.unclipped->first + 1 : 0;
      ASSERT_LE(extent, field.size);
      ASSERT_GE(extent, field.smallest);
      if (all_direct) {
        ASSERT_EQ(input.unclipped->first, field.start.numerator + cell * field.stride.numerator);
        ASSERT_EQ(field.start.denominator, 1);
      }
      free_in_a_row = is_free(*seen) ? free_in_a_row + 1 : 0;
      longest = std::max(longest, free_in_a_row);
      if (!is_free(*seen)) continue;
      // What no edge cuts is seen whole: the simulation's word on the unclipped field.
      const int64_t simulated_extent = wanted.empty() ? 0 : *wanted.rbegin() - *wanted.begin() + 1;
      ASSERT_EQ(extent, simulated_extent);
      largest = std::max(largest, simulated_extent);
      smallest = std::min(smallest, simulated_extent);
    }
    // Once every kind of cell was seen uncut, both ends of the sizes were.
    int64_t kinds = 1;
    for (const WindowLayer& l : of.layers) kinds *= l.kind == LayerKind::conv_transpose ? l.stride[0] : 1;
    if (longest < kinds) continue;
    ++with_all_kinds;
    EXPECT_EQ(field.size, largest);
    EXPECT_EQ(field.smallest, smallest);
  }
  EXPECT_GT(with_all_kinds, 500);
}

TEST(ReceptiveField, random_chains_see_what_pytorchs_layers_let_through) {
  std::ifstream file(CONVSCOPE_SOURCE_DIR "/tests/reference/field_cases.json");
  const nlohmann::json all = nlohmann::json::parse(file);
  ASSERT_EQ(all["cases"].size(), 80u);
  for (const nlohmann::json& one : all["cases"]) {
    SCOPED_TRACE(one["layers"].dump());
    const auto spatial = [](const nlohmann::json& list) {
      Spatial s = Spatial::all(static_cast<int>(list.size()), 0);
      for (size_t i = 0; i < list.size(); ++i) s[static_cast<int>(i)] = list[i].get<int64_t>();
      return s;
    };
    LayerChain of;
    of.input_size = spatial(one["input_size"]);
    of.dims = of.input_size.dims();
    for (const nlohmann::json& described : one["layers"]) {
      const std::string name = described["layer"];
      LayerKind kind = LayerKind::conv;
      for (LayerKind known : {LayerKind::conv_transpose, LayerKind::max_pool, LayerKind::avg_pool}) {
        if (name == module_name(known, of.dims)) kind = known;
      }
      WindowLayer made = WindowLayer::of(kind, of.dims);
      made.kernel_size = spatial(described["kernel_size"]);
      made.stride = spatial(described["stride"]);
      made.padding.both = spatial(described["padding"]);
      if (described.contains("dilation")) made.dilation = spatial(described["dilation"]);
      if (described.contains("output_padding")) made.output_padding = spatial(described["output_padding"]);
      made.ceil_mode = described.value("ceil_mode", false);
      of.layers.push_back(made);
    }
    const ChainFields fields = chain_fields(of);
    ASSERT_FALSE(fields.error) << fields.error->code;
    for (size_t i = 0; i < of.layers.size(); ++i) {
      for (int axis = 0; axis < of.dims; ++axis) {
        EXPECT_EQ(fields.layers[i].axes[static_cast<size_t>(axis)].output_size,
                  one["sizes"][i][static_cast<size_t>(axis)]);
      }
    }
    for (int axis = 0; axis < of.dims; ++axis) {
      const nlohmann::json& wanted = one["seen"][static_cast<size_t>(axis)];
      for (size_t i = 0; i < wanted.size(); ++i) {
        Spatial cell = Spatial::all(of.dims, 0);
        cell[axis] = static_cast<int64_t>(i);
        const Result<std::vector<SeenLevel>> seen = seen_by(of, fields, static_cast<int>(of.layers.size()) - 1, cell);
        ASSERT_TRUE(seen);
        EXPECT_EQ(cells_of((*seen)[0].axes[static_cast<size_t>(axis)].cells), wanted[i].get<std::vector<int64_t>>());
      }
    }
  }
}

TEST(ReceptiveField, modules_bear_pytorchs_names) {
  EXPECT_EQ(module_name(LayerKind::conv, 2), "Conv2d");
  EXPECT_EQ(module_name(LayerKind::conv_transpose, 1), "ConvTranspose1d");
  EXPECT_EQ(module_name(LayerKind::max_pool, 3), "MaxPool3d");
  EXPECT_EQ(module_name(LayerKind::avg_pool, 2), "AvgPool2d");
}

}  // namespace
}  // namespace convscope
