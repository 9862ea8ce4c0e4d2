// The inverse of the size formulas: known answers, every refusal, and random questions against the gate itself, tried
// with every combination of numbers within the bounds.
#include "engine/size_solver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

namespace convscope {
namespace {

using testing::ElementsAre;

SizeQuestion ask(LayerKind kind, const Spatial& input, const Spatial& wanted) {
  return SizeQuestion::of(WindowLayer::of(kind, input.dims()), input, wanted);
}

SizeSolutions answer(const SizeQuestion& question) {
  Result<SizeSolutions> solved = solve_size(question);
  EXPECT_TRUE(solved) << (solved ? "" : solved.error().code);
  return solved ? *std::move(solved) : SizeSolutions{};
}

std::string refusal(const SizeQuestion& question) {
  const Result<SizeSolutions> solved = solve_size(question);
  return solved ? "" : solved.error().code;
}

Spatial output_of(const WindowLayer& layer, const Spatial& input) {
  const Result<LayerPlan> plan = validate(layer, input);
  if (!plan) return Spatial::all(input.dims(), -1);
  const Windows& windows = windows_of(*plan);
  return windows.all(layer.transposes() ? &WindowAxis::extent : &WindowAxis::count);
}

TEST(SizeSolver, halving_a_picture_changes_the_stride_alone_first) {
  SizeQuestion question = ask(LayerKind::conv, {224, 224}, {112, 112});
  question.present.padding.both = {1, 1};
  const SizeSolutions found = answer(question);
  ASSERT_FALSE(found.nearest.empty());
  const SizeSolution& first = found.nearest[0];
  EXPECT_EQ(first.changed, 1);
  EXPECT_EQ(first.layer.stride, (Spatial{2, 2}));
  EXPECT_EQ(first.layer.kernel_size, (Spatial{3, 3}));
  EXPECT_EQ(first.distance, 2);
  EXPECT_FALSE(first.keeps_size);
  EXPECT_EQ(found.alike, found.total);
}

TEST(SizeSolver, the_present_layer_comes_first_where_it_already_fits) {
  const SizeSolutions found = answer(ask(LayerKind::conv, {5, 5}, {3, 3}));
  ASSERT_FALSE(found.nearest.empty());
  EXPECT_EQ(found.nearest[0].changed, 0);
  EXPECT_EQ(found.nearest[0].layer.kernel_size, (Spatial{3, 3}));
}

TEST(SizeSolver, an_unchanged_size_is_marked_where_it_holds_for_every_input) {
  SizeQuestion question = ask(LayerKind::conv, {5}, {5});
  question.limit = 1000;
  int marked = 0;
  for (const SizeSolution& s : answer(question).nearest) {
    EXPECT_EQ(s.keeps_size, output_of(s.layer, {100}) == Spatial{100} && output_of(s.layer, {41}) == Spatial{41});
    marked += s.keeps_size ? 1 : 0;
  }
  EXPECT_GT(marked, 5);
}

TEST(SizeSolver, axes_of_different_sizes_are_treated_alike_where_that_is_possible) {
  SizeQuestion question = ask(LayerKind::conv, {224, 320}, {112, 160});
  question.present.padding.both = {1, 1};
  const SizeSolutions found = answer(question);
  EXPECT_EQ(found.nearest[0].layer.stride, (Spatial{2, 2}));
  EXPECT_EQ(found.nearest[0].changed, 1);
  EXPECT_GT(found.total, found.alike);
}

TEST(SizeSolver, axes_are_set_apart_where_nothing_else_fits) {
  SizeQuestion question = ask(LayerKind::conv, {64, 90}, {32, 30});
  question.present.padding.both = {1, 1};
  question.is_locked(SizeParam::kernel_size) = true;
  question.is_locked(SizeParam::padding) = true;
  const SizeSolutions found = answer(question);
  EXPECT_EQ(found.alike, 0);
  ASSERT_FALSE(found.nearest.empty());
  EXPECT_EQ(found.nearest[0].layer.stride, (Spatial{2, 3}));
  EXPECT_EQ(found.nearest[0].changed, 1);
}

TEST(SizeSolver, a_locked_parameter_stays_even_beyond_the_bounds) {
  SizeQuestion question = ask(LayerKind::conv, {100}, {40});
  question.present.kernel_size = {21};
  question.is_locked(SizeParam::kernel_size) = true;
  const SizeSolutions found = answer(question);
  ASSERT_FALSE(found.nearest.empty());
  for (const SizeSolution& s : found.nearest) EXPECT_EQ(s.layer.kernel_size, (Spatial{21}));
}

TEST(SizeSolver, sides_of_different_padding_stay_as_they_are_or_become_alike) {
  SizeQuestion question = ask(LayerKind::conv, {8}, {4});
  question.present.padding.kind = PaddingKind::pads;
  question.present.padding.begin = {0};
  question.present.padding.end = {1};
  question.limit = 1000;
  const SizeSolutions found = answer(question);
  EXPECT_EQ(found.nearest[0].layer.stride, (Spatial{2}));
  EXPECT_EQ(found.nearest[0].layer.padding.end, (Spatial{1}));
  EXPECT_EQ(found.nearest[0].layer.padding.kind, PaddingKind::pads);
  for (const SizeSolution& s : found.nearest) EXPECT_EQ(output_of(s.layer, {8}), (Spatial{4}));
}

TEST(SizeSolver, a_transposed_layer_doubles_with_an_output_padding) {
  SizeQuestion question = ask(LayerKind::conv_transpose, {7, 7}, {14, 14});
  question.present.stride = {2, 2};
  question.present.padding.both = {1, 1};
  const SizeSolutions found = answer(question);
  ASSERT_FALSE(found.nearest.empty());
  EXPECT_EQ(found.nearest[0].changed, 1);
  EXPECT_EQ(found.nearest[0].layer.output_padding, (Spatial{1, 1}));
}

TEST(SizeSolver, output_padding_restores_a_size_or_says_which_it_can) {
  WindowLayer layer = WindowLayer::of(LayerKind::conv_transpose, 2);
  layer.stride = {2, 2};
  layer.padding.both = {1, 1};
  const Result<Spatial> restored = output_padding_for(layer, {3, 3}, {6, 5});
  ASSERT_TRUE(restored);
  EXPECT_EQ(*restored, (Spatial{1, 0}));
  const Result<Spatial> none = output_padding_for(layer, {3, 3}, {7, 7});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, "error.output_size_out_of_range");
}

TEST(SizeSolver, without_a_solution_the_nearest_sizes_and_the_lock_to_open_are_named) {
  SizeQuestion question = ask(LayerKind::conv, {10}, {6});
  for (SizeParam param : {SizeParam::kernel_size, SizeParam::padding, SizeParam::dilation}) {
    question.is_locked(param) = true;
  }
  const SizeSolutions found = answer(question);
  EXPECT_EQ(found.total, 0);
  ASSERT_EQ(found.reach.size(), 1u);
  EXPECT_EQ(found.reach[0].below, 4);
  EXPECT_EQ(found.reach[0].above, 8);
  EXPECT_THAT(found.loosen, ElementsAre(SizeParam::kernel_size, SizeParam::padding, SizeParam::dilation));
}

TEST(SizeSolver, avg_pool3d_takes_no_kernel_larger_than_its_input) {
  SizeQuestion question = ask(LayerKind::avg_pool, {3, 3, 3}, {2, 2, 2});
  question.limit = 1000;
  const SizeSolutions found = answer(question);
  EXPECT_GT(found.total, 0);
  EXPECT_EQ(found.total, static_cast<int64_t>(found.nearest.size()));
  for (const SizeSolution& s : found.nearest) EXPECT_EQ(output_of(s.layer, {3, 3, 3}), (Spatial{2, 2, 2}));
  EXPECT_GT(answer(ask(LayerKind::avg_pool, {3, 3}, {2, 2})).total, found.total);
}

TEST(SizeSolver, sizes_beyond_any_tensor_are_solved_exactly) {
  constexpr int64_t kLarge = int64_t{1} << 61;
  SizeQuestion question = ask(LayerKind::conv, {kLarge}, {kLarge / 2});
  question.present.padding.both = {1};
  const SizeSolutions found = answer(question);
  ASSERT_FALSE(found.nearest.empty());
  EXPECT_EQ(found.nearest[0].layer.stride, (Spatial{2}));
  EXPECT_EQ(answer(ask(LayerKind::conv, {3}, {kLarge})).total, 0);
}

TEST(SizeSolver, a_present_layer_far_beyond_any_size_can_be_left) {
  SizeQuestion question = ask(LayerKind::conv, {5}, {3});
  question.present.kernel_size = question.present.dilation = question.present.stride = {INT64_MAX};
  question.present.padding.both = {INT64_MAX};
  const SizeSolutions found = answer(question);
  ASSERT_FALSE(found.nearest.empty());
  EXPECT_EQ(found.nearest[0].distance, INT64_MAX);
  EXPECT_EQ(output_of(found.nearest[0].layer, {5}), (Spatial{3}));
}

TEST(SizeSolver, rejects_sizes_without_cells) {
  EXPECT_EQ(refusal(ask(LayerKind::conv, {0}, {3})), "error.solver_size_not_positive");
  EXPECT_EQ(refusal(ask(LayerKind::conv, {5, 5}, {3, -1})), "error.solver_size_not_positive");
}

TEST(SizeSolver, rejects_bounds_without_numbers) {
  SizeQuestion question = ask(LayerKind::conv, {5}, {3});
  question.bounds_of(SizeParam::stride) = {0, 3};
  EXPECT_EQ(refusal(question), "error.solver_bounds");
  question.bounds_of(SizeParam::stride) = {4, 3};
  EXPECT_EQ(refusal(question), "error.solver_bounds");
}

TEST(SizeSolver, rejects_bounds_too_wide_to_search) {
  SizeQuestion question = ask(LayerKind::conv, {1000}, {3});
  question.bounds_of(SizeParam::kernel_size) = {1, 100000};
  question.bounds_of(SizeParam::stride) = {1, 100000};
  EXPECT_EQ(refusal(question), "error.solver_too_wide");
}

TEST(SizeSolver, endless_bounds_of_a_locked_parameter_are_not_searched) {
  SizeQuestion question = ask(LayerKind::conv, {10}, {6});
  for (SizeParam param : {SizeParam::kernel_size, SizeParam::padding, SizeParam::dilation}) {
    question.is_locked(param) = true;
    question.bounds_of(param) = {1, INT64_MAX};
  }
  EXPECT_THAT(answer(question).loosen, ElementsAre(SizeParam::kernel_size, SizeParam::padding, SizeParam::dilation));
}

TEST(SizeSolver, rejects_an_illegal_present_layer) {
  SizeQuestion question = ask(LayerKind::conv, {5}, {3});
  question.present.stride = {0};
  EXPECT_EQ(refusal(question), "error.stride_not_positive");
  question = ask(LayerKind::conv, {5}, {3});
  question.present.padding.kind = PaddingKind::same;
  EXPECT_EQ(refusal(question), "error.padding_word");
}

// ---------------------------------------------------------------------------------------------------------------------
// Against the gate

using Numbers = std::vector<int64_t>;  // kernel, stride, padding, dilation, output_padding of each axis in turn

Numbers numbers_of(const WindowLayer& layer) {
  Numbers numbers;
  for (int i = 0; i < layer.dims(); ++i) {
    EXPECT_EQ(layer.padding.kind, PaddingKind::numbers);
    for (int64_t n :
         {layer.kernel_size[i], layer.stride[i], layer.padding.both[i], layer.dilation[i], layer.output_padding[i]}) {
      numbers.push_back(n);
    }
  }
  return numbers;
}

/// Every combination along one axis that the gate passes with the wanted size.
std::set<Numbers> all_along(const SizeQuestion& q, int axis) {
  const auto values = [&](SizeParam param, int64_t present) {
    std::set<int64_t> all{present};
    if (q.locked[static_cast<size_t>(param)]) return all;
    const SizeBounds bounds = q.bounds[static_cast<size_t>(param)];
    for (int64_t v = bounds.minimum; v <= bounds.maximum; ++v) all.insert(v);
    return all;
  };
  const WindowLayer& p = q.present;
  std::set<Numbers> found;
  WindowLayer layer = WindowLayer::of(p.kind, 1);
  layer.ceil_mode = p.ceil_mode;
  for (int64_t k : values(SizeParam::kernel_size, p.kernel_size[axis])) {
    for (int64_t s : values(SizeParam::stride, p.stride[axis])) {
      for (int64_t pad : values(SizeParam::padding, p.padding.both[axis])) {
        for (int64_t d : values(SizeParam::dilation, p.dilation[axis])) {
          for (int64_t o : values(SizeParam::output_padding, p.output_padding[axis])) {
            layer.kernel_size = {k};
            layer.stride = {s};
            layer.padding.both = {pad};
            layer.dilation = {d};
            layer.output_padding = {o};
            if (output_of(layer, {q.input[axis]}) == Spatial{q.wanted[axis]}) found.insert({k, s, pad, d, o});
          }
        }
      }
    }
  }
  return found;
}

/// Sizes that the same combinations give.
std::set<int64_t> sizes_along(SizeQuestion q, int axis) {
  std::set<int64_t> sizes;
  for (int64_t wanted = 1; wanted <= 120; ++wanted) {
    q.wanted[axis] = wanted;
    if (!all_along(q, axis).empty()) sizes.insert(wanted);
  }
  return sizes;
}

SizeQuestion random_question(std::mt19937_64& random, int dims) {
  const auto draw = [&](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  };
  constexpr LayerKind kKinds[] = {LayerKind::conv, LayerKind::conv_transpose, LayerKind::max_pool, LayerKind::avg_pool};
  WindowLayer present = WindowLayer::of(kKinds[draw(0, 3)], dims);
  const bool alike = draw(0, 1) == 0;
  const auto fill = [&](Spatial& s, int64_t low, int64_t high) {
    s = Spatial::all(dims, draw(low, high));
    for (int i = 1; i < dims && !alike; ++i) s[i] = draw(low, high);
  };
  fill(present.kernel_size, 1, 5);
  fill(present.stride, 1, 3);
  fill(present.padding.both, 0, 3);
  if (present.kind != LayerKind::avg_pool) fill(present.dilation, 1, 3);
  if (present.transposes()) fill(present.output_padding, 0, 2);
  present.ceil_mode = present.pools() && draw(0, 1) == 1;
  Spatial input = Spatial::all(dims, 0), wanted = input;
  fill(input, 1, 20);
  fill(wanted, 1, 12);
  SizeQuestion q = SizeQuestion::of(present, input, wanted);
  for (size_t i = 0; i < kSizeParams; ++i) {
    const int64_t least = i == 2 || i == 4 ? 0 : 1;
    q.bounds[i].minimum = draw(least, least + 1);
    q.bounds[i].maximum = q.bounds[i].minimum + draw(0, 4);
    q.locked[i] = q.locked[i] || draw(0, 4) == 0;
  }
  q.limit = 1000;
  return q;
}

TEST(SizeSolver, along_one_axis_it_finds_exactly_what_the_gate_passes) {
  std::mt19937_64 random(10010);
  int with_solutions = 0, without = 0;
  for (int round = 0; round < 1500; ++round) {
    SCOPED_TRACE(testing::Message() << "seed 10010, question " << round);
    const SizeQuestion q = random_question(random, 1);
    const SizeSolutions found = answer(q);
    const std::set<Numbers> wanted = all_along(q, 0);
    ASSERT_EQ(found.total, static_cast<int64_t>(wanted.size()));
    std::set<Numbers> listed;
    for (const SizeSolution& s : found.nearest) listed.insert(numbers_of(s.layer));
    ASSERT_EQ(listed.size(), found.nearest.size()) << "one stands twice";
    ASSERT_EQ(listed, wanted);
    for (size_t i = 1; i < found.nearest.size(); ++i) {
      const SizeSolution &a = found.nearest[i - 1], &b = found.nearest[i];
      ASSERT_TRUE(std::pair(a.changed, a.distance) <= std::pair(b.changed, b.distance));
    }
    // A shorter list is the head of the longer one.
    SizeQuestion few = q;
    few.limit = 5;
    const SizeSolutions head = answer(few);
    ASSERT_EQ(head.total, found.total);
    for (size_t i = 0; i < head.nearest.size(); ++i) ASSERT_EQ(head.nearest[i], found.nearest[i]);
    (wanted.empty() ? without : with_solutions) += 1;
  }
  EXPECT_GT(with_solutions, 500);
  EXPECT_GT(without, 100);
}

TEST(SizeSolver, over_two_axes_it_finds_exactly_what_the_gate_passes) {
  std::mt19937_64 random(10011);
  int apart = 0;
  for (int round = 0; round < 1000; ++round) {
    SCOPED_TRACE(testing::Message() << "seed 10011, question " << round);
    SizeQuestion q = random_question(random, 2);
    for (size_t i = 0; i < kSizeParams; ++i)
      q.bounds[i].maximum = std::min(q.bounds[i].maximum, q.bounds[i].minimum + 2);
    const SizeSolutions found = answer(q);
    const std::set<Numbers> rows = all_along(q, 0), columns = all_along(q, 1);
    std::set<Numbers> listed;
    for (const SizeSolution& s : found.nearest) {
      const Numbers n = numbers_of(s.layer);
      listed.insert(n);
      ASSERT_TRUE(rows.contains(Numbers(n.begin(), n.begin() + 5)));
      ASSERT_TRUE(columns.contains(Numbers(n.begin() + 5, n.end())));
      ASSERT_EQ(output_of(s.layer, q.input), q.wanted);
    }
    ASSERT_EQ(listed.size(), found.nearest.size()) << "one stands twice";
    const WindowLayer& p = q.present;
    const bool agree = q.input[0] == q.input[1] && q.wanted[0] == q.wanted[1] && p.kernel_size[0] == p.kernel_size[1] &&
                       p.stride[0] == p.stride[1] && p.padding.both[0] == p.padding.both[1] &&
                       p.dilation[0] == p.dilation[1] && p.output_padding[0] == p.output_padding[1];
    const auto all = static_cast<int64_t>(agree ? rows.size() : rows.size() * columns.size());
    ASSERT_EQ(found.total, all);
    ASSERT_EQ(static_cast<int64_t>(found.nearest.size()), std::min<int64_t>(all, 1000));
    apart += agree || all == 0 ? 0 : 1;
    // A shorter list is the head of the longer one.
    SizeQuestion few = q;
    few.limit = 7;
    const SizeSolutions head = answer(few);
    ASSERT_EQ(head.nearest.size(), std::min<size_t>(found.nearest.size(), 7));
    for (size_t i = 0; i < head.nearest.size(); ++i) ASSERT_EQ(head.nearest[i], found.nearest[i]);
    // Those that set axes apart are the nearest of their kind: nothing left out is nearer than the last one listed.
    if (agree || all <= 1000) continue;
    const SizeSolution& last = found.nearest.back();
    for (const Numbers& r : rows) {
      for (const Numbers& c : columns) {
        Numbers both = r;
        both.insert(both.end(), c.begin(), c.end());
        if (listed.contains(both)) continue;
        const Numbers now = numbers_of(p);
        int changed = 0;
        int64_t distance = 0;
        for (size_t i = 0; i < kSizeParams; ++i) {
          const int64_t d = std::abs(both[i] - now[i]) + std::abs(both[i + 5] - now[i + 5]);
          changed += d > 0 ? 1 : 0;
          distance += d;
        }
        ASSERT_TRUE(std::pair(changed, distance) >= std::pair(last.changed, last.distance));
      }
    }
  }
  EXPECT_GT(apart, 50);
}

TEST(SizeSolver, without_a_solution_the_nearest_sizes_are_the_gates) {
  std::mt19937_64 random(10012);
  int looked_at = 0;
  for (int round = 0; looked_at < 60; ++round) {
    SCOPED_TRACE(testing::Message() << "seed 10012, question " << round);
    const SizeQuestion q = random_question(random, 1);
    const SizeSolutions found = answer(q);
    if (found.total > 0) continue;
    ++looked_at;
    const std::set<int64_t> sizes = sizes_along(q, 0);
    const auto above = sizes.upper_bound(q.wanted[0]);
    ASSERT_EQ(found.reach[0].above.value_or(-1), above == sizes.end() ? -1 : *above);
    ASSERT_EQ(found.reach[0].below.value_or(-1), above == sizes.begin() ? -1 : *std::prev(above));
    for (size_t i = 0; i < kSizeParams; ++i) {
      SizeQuestion opened = q;
      opened.locked[i] = false;
      const bool helps =
          std::find(found.loosen.begin(), found.loosen.end(), static_cast<SizeParam>(i)) != found.loosen.end();
      const bool fixed = (i == 3 && q.present.kind == LayerKind::avg_pool) || (i == 4 && !q.present.transposes());
      ASSERT_EQ(helps, q.locked[i] && !fixed && !all_along(opened, 0).empty());
    }
  }
}

}  // namespace
}  // namespace convscope
