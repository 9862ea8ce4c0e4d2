// The gate: sizes, padding, and one test for every refusal.
#include "engine/conv_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "engine/conv_param_spec.h"
#include "engine/output_size.h"
#include "engine/padding.h"

namespace convscope {
namespace {

constexpr int64_t kHuge = int64_t{1} << 62;
constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
const Shape k5x5{1, 1, 5, 5};

// ---- the size formula ----

TEST(output_size, of_the_tutorials_examples) {
  EXPECT_EQ(output_size(5, 0, 0, 3, 1, 1)->out, 3);
  EXPECT_EQ(output_size(5, 1, 1, 3, 1, 2)->out, 3);
  EXPECT_EQ(output_size(7, 0, 0, 3, 2, 1)->out, 3);  // not 4: the -1 that the tutorial forgets
}

TEST(output_size, shows_every_quantity) {
  const OutputSize size = output_size(10, 1, 2, 3, 2, 3).value();
  EXPECT_EQ(size.effective_k, 5);
  EXPECT_EQ(size.numerator, 10 + 1 + 2 - 2 * (3 - 1) - 1);
  EXPECT_EQ(size.remainder, 2);
  EXPECT_EQ(size.out, 3);
}

TEST(output_size, agrees_with_counting_the_windows) {
  for (int64_t n = 0; n <= 9; ++n) {
    for (int64_t k = 1; k <= 4; ++k) {
      for (int64_t d = 1; d <= 3; ++d) {
        for (int64_t s = 1; s <= 4; ++s) {
          for (int64_t pads = 0; pads <= 3; ++pads) {
            int64_t windows = 0;
            for (int64_t at = 0; at + d * (k - 1) < n + pads; at += s) ++windows;
            EXPECT_EQ(output_size(n, pads / 2, pads - pads / 2, k, d, s)->out, windows)
                << n << " " << pads << " " << k << " " << d << " " << s;
          }
        }
      }
    }
  }
}

TEST(output_size, a_window_that_does_not_fit_gives_none) {
  const OutputSize size = output_size(2, 0, 0, 3, 1, 2).value();
  EXPECT_EQ(size.numerator, -1);
  EXPECT_EQ(size.out, 0);
}

TEST(output_size, is_exact_up_to_2_to_the_62) {
  EXPECT_EQ(output_size(kHuge, 0, 0, 1, 1, 1)->out, kHuge);
  EXPECT_EQ(output_size(kHuge, 0, 0, 3, kHuge / 4, 1)->out, kHuge - kHuge / 2);
  EXPECT_EQ(output_size(kHuge, kHuge / 4, kHuge / 4, 1, 1, kHuge)->out, 2);
  EXPECT_EQ(output_size(5, 0, 0, 3, 1, kMost)->out, 1);
  EXPECT_EQ(output_size(0, 0, 0, kMost, 1, 1)->out, 0);
}

TEST(output_size, is_empty_where_int64_ends) {
  EXPECT_FALSE(output_size(5, 0, 0, 3, kHuge, 1));
  EXPECT_FALSE(output_size(5, kHuge, kHuge, 3, 1, 1));
  EXPECT_FALSE(output_size(kMost, 1, 0, 1, 1, 1));
  EXPECT_FALSE(output_size(1, 0, 0, 2, kMost, 1));
}

// ---- padding ----

std::vector<int64_t> padded(int64_t n, int64_t pad, PaddingMode mode) {
  std::vector<int64_t> sources;
  for (int64_t i = -pad; i < n + pad; ++i) sources.push_back(source_index(i, n, mode));
  return sources;
}
using Sources = std::vector<int64_t>;

TEST(padding, zeros_hold_nothing) { EXPECT_EQ(padded(2, 2, PaddingMode::zeros), (Sources{-1, -1, 0, 1, -1, -1})); }
TEST(padding, reflect_does_not_repeat_the_border) {
  EXPECT_EQ(padded(4, 2, PaddingMode::reflect), (Sources{2, 1, 0, 1, 2, 3, 2, 1}));
  EXPECT_EQ(padded(4, 3, PaddingMode::reflect), (Sources{3, 2, 1, 0, 1, 2, 3, 2, 1, 0}));
}
TEST(padding, replicate_repeats_the_border) {
  EXPECT_EQ(padded(4, 2, PaddingMode::replicate), (Sources{0, 0, 0, 1, 2, 3, 3, 3}));
  EXPECT_EQ(padded(1, 3, PaddingMode::replicate), (Sources{0, 0, 0, 0, 0, 0, 0}));
}
TEST(padding, circular_goes_round) {
  EXPECT_EQ(padded(4, 2, PaddingMode::circular), (Sources{2, 3, 0, 1, 2, 3, 0, 1}));
  EXPECT_EQ(padded(2, 2, PaddingMode::circular), (Sources{0, 1, 0, 1, 0, 1}));
}

// ---- good plans ----

ConvParams params() { return ConvParams{}; }

template <class Change>
ConvParams with(Change change) {
  ConvParams p;
  change(p);
  return p;
}

TEST(validate, derives_shapes_and_counts) {
  ConvParams p;
  p.in_channels = 4;
  p.out_channels = 6;
  p.groups = 2;
  p.kernel_size = {3, 2};
  p.stride = {2, 1};
  p.padding = {1, 0};
  p.dilation = {1, 3};
  const ConvPlan plan = validate(p, {2, 4, 9, 10}).value();
  EXPECT_EQ(plan.out, (Pair{5, 7}));
  EXPECT_EQ(plan.weight_shape(), (Shape{6, 2, 3, 2}));
  EXPECT_EQ(plan.bias_shape(), (Shape{6}));
  EXPECT_EQ(plan.output_shape(), (Shape{2, 6, 5, 7}));
  EXPECT_EQ(plan.taps(), 12);
  EXPECT_EQ(plan.output_cells(), 2 * 6 * 35);
  EXPECT_EQ(plan.effective_kernel(), (Pair{3, 4}));
  EXPECT_EQ(plan.pads, (Pads{1, 0, 1, 0}));
}

TEST(validate, accepts_an_input_without_a_batch) {
  const ConvPlan plan = validate(params(), {1, 5, 5}).value();
  EXPECT_TRUE(plan.unbatched);
  EXPECT_EQ(plan.input_shape(), (Shape{1, 5, 5}));
  EXPECT_EQ(plan.output_shape(), (Shape{1, 3, 3}));
}

TEST(validate, accepts_an_empty_batch) {
  const ConvPlan plan = validate(params(), {0, 1, 5, 5}).value();
  EXPECT_EQ(plan.output_shape(), (Shape{0, 1, 3, 3}));
  EXPECT_EQ(plan.output_cells(), 0);
}

TEST(validate, same_puts_the_extra_cell_at_the_end) {
  ConvParams p;
  p.padding_kind = PaddingKind::same;
  p.kernel_size = {4, 2};
  p.dilation = {1, 3};
  const ConvPlan plan = validate(p, k5x5).value();
  EXPECT_EQ(plan.pads, (Pads{1, 1, 2, 2}));
  EXPECT_EQ(plan.out, (Pair{5, 5}));
}

TEST(validate, valid_ignores_the_numbers) {
  ConvParams p;
  p.padding_kind = PaddingKind::valid;
  p.padding = {-7, 9};
  EXPECT_EQ(validate(p, k5x5)->pads, Pads{});
}

TEST(validate, pads_pad_each_side_by_itself) {
  ConvParams p;
  p.padding_kind = PaddingKind::pads;
  p.padding = {-7, 9};  // not read
  p.pads = {1, 0, 2, 3};
  const ConvPlan plan = validate(p, k5x5).value();
  EXPECT_EQ(plan.pads, (Pads{1, 0, 2, 3}));
  EXPECT_EQ(plan.out, (Pair{6, 6}));
  p.stride = {2, 3};
  EXPECT_EQ(validate(p, k5x5)->out, (Pair{3, 2}));
}

TEST(validate, a_stride_beyond_the_input_leaves_one_window) {
  EXPECT_EQ(validate(with([](ConvParams& p) { p.stride = {kHuge, kMost}; }), k5x5)->out, (Pair{1, 1}));
}

// ---- refusals: code, field and arguments ----

Error refusal(const ConvParams& p, const Shape& shape = k5x5) {
  const Result<ConvPlan> plan = validate(p, shape);
  EXPECT_FALSE(plan.ok());
  return plan ? Error{} : plan.error();
}

TEST(validate_refuses, in_channels_below_1) {
  EXPECT_EQ(refusal(with([](auto& p) { p.in_channels = 0; })),
            (Error{"error.in_channels_not_positive", "in_channels", {"0"}}));
}
TEST(validate_refuses, out_channels_below_1) {
  EXPECT_EQ(refusal(with([](auto& p) { p.out_channels = -2; })),
            (Error{"error.out_channels_not_positive", "out_channels", {"-2"}}));
}
TEST(validate_refuses, a_kernel_without_taps) {
  EXPECT_EQ(refusal(with([](auto& p) {
              p.kernel_size = {3, 0};
            })),
            (Error{"error.kernel_size_not_positive", "kernel_size", {"(3, 0)"}}));
}
TEST(validate_refuses, zero_stride) {
  EXPECT_EQ(refusal(with([](auto& p) { p.stride = {0, 0}; })), (Error{"error.stride_not_positive", "stride", {"0"}}));
}
TEST(validate_refuses, negative_stride) {
  EXPECT_EQ(refusal(with([](auto& p) {
              p.stride = {1, -1};
            })),
            (Error{"error.stride_not_positive", "stride", {"(1, -1)"}}));
}
TEST(validate_refuses, negative_padding) {
  EXPECT_EQ(refusal(with([](auto& p) {
              p.padding = {-1, 0};
            })),
            (Error{"error.padding_negative", "padding", {"(-1, 0)"}}));
}
TEST(validate_refuses, pads_with_a_negative_side) {
  EXPECT_EQ(refusal(with([](auto& p) {
              p.padding_kind = PaddingKind::pads;
              p.pads = {0, 1, -2, 0};
            })),
            (Error{"error.pads_negative", "padding", {"0, 1, -2, 0"}}));
}
TEST(validate_refuses, pads_beyond_the_limit_of_reflect_on_one_side) {
  const auto reflect = [](Pads pads) {
    ConvParams p;
    p.padding_kind = PaddingKind::pads;
    p.padding_mode = PaddingMode::reflect;
    p.pads = pads;
    return p;
  };
  EXPECT_TRUE(validate(reflect({4, 4, 4, 4}), k5x5));
  for (const Pads& pads : {Pads{5, 0, 0, 0}, Pads{0, 5, 0, 0}, Pads{0, 0, 5, 0}, Pads{0, 0, 0, 5}}) {
    EXPECT_EQ(refusal(reflect(pads)).code, "error.reflect_padding_too_large");
  }
}
TEST(validate_refuses, zero_dilation) {
  EXPECT_EQ(refusal(with([](auto& p) {
              p.dilation = {0, 1};
            })),
            (Error{"error.dilation_not_positive", "dilation", {"(0, 1)"}}));
}
TEST(validate_refuses, zero_groups) {
  EXPECT_EQ(refusal(with([](auto& p) { p.groups = 0; })), (Error{"error.groups_not_positive", "groups", {"0"}}));
}
TEST(validate_refuses, groups_that_do_not_divide_in_channels_and_lists_those_that_do) {
  EXPECT_EQ(refusal(with([](auto& p) {
                      p.in_channels = 6;
                      p.out_channels = 12;
                      p.groups = 4;
                    }),
                    {1, 6, 5, 5}),
            (Error{"error.in_channels_not_divisible", "groups", {"6", "4", "1, 2, 3, 6"}}));
}
TEST(validate_refuses, groups_that_do_not_divide_out_channels) {
  EXPECT_EQ(refusal(with([](auto& p) {
                      p.in_channels = 4;
                      p.out_channels = 6;
                      p.groups = 4;
                    }),
                    {1, 4, 5, 5}),
            (Error{"error.out_channels_not_divisible", "groups", {"6", "4", "1, 2"}}));
}
TEST(validate_refuses, same_with_a_stride) {
  EXPECT_EQ(refusal(with([](auto& p) {
              p.padding_kind = PaddingKind::same;
              p.stride = {1, 2};
            })),
            (Error{"error.same_needs_stride_1", "padding", {"(1, 2)"}}));
}
TEST(validate_refuses, an_input_of_another_rank) {
  EXPECT_EQ(refusal(params(), {5, 5}), (Error{"error.input_rank", "input", {"5, 5", "conv2d", "H, W"}}));
  EXPECT_EQ(refusal(params(), {1, 1, 1, 5, 5}).code, "error.input_rank");
}
TEST(validate_refuses, an_input_without_cells) {
  EXPECT_EQ(refusal(params(), {1, 1, 0, 5}), (Error{"error.input_empty", "input", {"1, 1, 0, 5"}}));
  EXPECT_EQ(refusal(params(), {-1, 1, 5, 5}).code, "error.input_empty");
}
TEST(validate_refuses, an_input_with_other_channels) {
  EXPECT_EQ(refusal(params(), {1, 3, 5, 5}),
            (Error{"error.in_channels_mismatch", "in_channels", {"1", "3", "1, 3, 5, 5"}}));
}
TEST(validate_refuses, a_window_larger_than_the_padded_input) {
  EXPECT_EQ(refusal(with([](auto& p) {
              p.dilation = {2, 3};
              p.padding = {0, 0};
            })),
            (Error{"error.kernel_larger_than_input", "kernel_size", {"3", "(2, 3)", "5 x 7", "5 x 5"}}));
}
TEST(validate_refuses, reflect_as_wide_as_the_input) {
  EXPECT_EQ(refusal(with([](auto& p) {
              p.padding_mode = PaddingMode::reflect;
              p.padding = {4, 5};
            })),
            (Error{"error.reflect_padding_too_large", "padding", {"(4, 5)", "5 x 5", "4"}}));
}
TEST(validate_refuses, circular_wider_than_the_input) {
  const auto circular = [](int64_t padding) {
    ConvParams p;
    p.padding_mode = PaddingMode::circular;
    p.padding = {padding, padding};
    return p;
  };
  EXPECT_TRUE(validate(circular(5), k5x5));
  EXPECT_EQ(refusal(circular(6)), (Error{"error.circular_padding_too_large", "padding", {"6", "5 x 5", "5"}}));
}
TEST(validate_refuses, a_dilation_whose_window_overflows) {
  EXPECT_EQ(refusal(with([](auto& p) {
              p.dilation = {kHuge, 1};
            })),
            (Error{"error.size_overflow", "dilation", {"dilation"}}));
  EXPECT_EQ(refusal(with([](auto& p) {
              p.padding_kind = PaddingKind::same;
              p.dilation = {1, kMost};
            })),
            (Error{"error.size_overflow", "dilation", {"dilation"}}));
}
TEST(validate_refuses, a_padding_that_overflows) {
  EXPECT_EQ(refusal(with([](auto& p) {
              p.padding = {1, kHuge};
            })),
            (Error{"error.size_overflow", "padding", {"padding"}}));
}
TEST(validate_refuses, an_input_whose_cells_cannot_be_counted) {
  EXPECT_EQ(refusal(params(), {1, 1, kHuge, kHuge}).code, "error.size_overflow");
  EXPECT_EQ(refusal(params(), {1, 1, kHuge, 5}), (Error{"error.size_overflow", "input", {"input"}}));
}
TEST(validate_refuses, a_weight_whose_cells_cannot_be_counted) {
  EXPECT_EQ(refusal(with([](auto& p) {
              p.out_channels = kHuge;
              p.kernel_size = {1, 2};
            })),
            (Error{"error.size_overflow", "weight", {"weight"}}));
}
TEST(validate_refuses, an_output_whose_cells_cannot_be_counted) {
  EXPECT_EQ(refusal(with([](auto& p) {
              p.out_channels = kHuge;
              p.kernel_size = {1, 1};
            })),
            (Error{"error.size_overflow", "output", {"output"}}));
  // Also where the batch is empty: nothing is to be computed, but plan.positions() must still be a number.
  EXPECT_EQ(refusal(with([](auto& p) {
                      p.kernel_size = {1, 1};
                      p.padding = {kHuge / 2, kHuge / 2};
                    }),
                    {0, 1, 5, 5}),
            (Error{"error.size_overflow", "output", {"output"}}));
}

// ---- tensors brought along ----

TEST(check_weight, wants_shapes_that_fit) {
  const ConvPlan plan = validate(params(), k5x5).value();
  const Shape bias{1}, two{2};
  EXPECT_TRUE(check_weight(plan, {1, 1, 3, 3}, &bias));
  EXPECT_TRUE(check_weight(plan, {1, 1, 3, 3}, nullptr));
  EXPECT_EQ(check_weight(plan, {1, 1, 3, 4}, &bias).error(),
            (Error{"error.weight_shape", "weight", {"1, 1, 3, 4", "1, 1, 3, 3"}}));
  EXPECT_EQ(check_weight(plan, {1, 1, 3, 3}, &two).error(), (Error{"error.bias_shape", "bias", {"2", "1"}}));
}

// ---- the table of parameters ----

TEST(conv_param_specs, are_in_the_order_of_the_signature) {
  std::vector<std::string_view> names;
  for (const ConvParamSpec& spec : conv_param_specs()) names.push_back(spec.name);
  EXPECT_EQ(names, (std::vector<std::string_view>{"in_channels", "out_channels", "kernel_size", "stride", "padding",
                                                  "dilation", "groups", "bias", "padding_mode", "dtype"}));
}

TEST(conv_param_specs, options_are_the_names_with_dashes) {
  for (const ConvParamSpec& spec : conv_param_specs()) {
    std::string option = "--" + std::string(spec.name);
    std::replace(option.begin(), option.end(), '_', '-');
    EXPECT_EQ(spec.option, option);
    EXPECT_EQ(spec.help_key, "help." + std::string(spec.name));
    EXPECT_EQ(find_conv_param(spec.name), &spec);
    EXPECT_LE(spec.minimum, spec.default_value);
    EXPECT_LE(spec.default_value, spec.slider_maximum);
  }
  EXPECT_EQ(find_conv_param("strides"), nullptr);
}

TEST(conv_param_specs, choices_are_in_the_order_of_the_enumeration) {
  const ConvParamSpec* mode = find_conv_param("padding_mode");
  for (PaddingMode value : {PaddingMode::zeros, PaddingMode::reflect, PaddingMode::replicate, PaddingMode::circular}) {
    EXPECT_EQ(mode->choices[static_cast<size_t>(value)], name_of(value));
  }
  EXPECT_EQ(find_conv_param("dtype")->choices[static_cast<size_t>(DType::float64)], name_of(DType::float64));
}

TEST(conv_param_specs, minimum_and_default_are_what_validate_accepts) {
  ConvParams at_minimum;
  at_minimum.in_channels = find_conv_param("in_channels")->minimum;
  at_minimum.kernel_size.h = at_minimum.kernel_size.w = find_conv_param("kernel_size")->minimum;
  at_minimum.stride.h = at_minimum.stride.w = find_conv_param("stride")->minimum;
  at_minimum.padding.h = at_minimum.padding.w = find_conv_param("padding")->minimum;
  at_minimum.dilation.h = at_minimum.dilation.w = find_conv_param("dilation")->minimum;
  at_minimum.groups = find_conv_param("groups")->minimum;
  EXPECT_TRUE(validate(at_minimum, k5x5));
}

}  // namespace
}  // namespace convscope
