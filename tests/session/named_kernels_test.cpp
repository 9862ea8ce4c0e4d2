#include "app/session/named_kernels.h"

#include <gmock/gmock.h>

#include <cmath>

#include "app/language/language.h"

namespace convscope {
namespace {

std::vector<double> kernel(std::string_view name, int64_t h, int64_t w) {
  ConvParams params;
  params.kernel_size = {h, w};
  params.dtype = DType::float64;
  const Result<Tensor> weight = named_weight(name, params);
  EXPECT_TRUE(weight) << name;
  std::vector<double> list;
  for (int64_t i = 0; weight && i < weight->numel(); ++i) list.push_back(weight->at(i));
  return list;
}

double sum(const std::vector<double>& values) {
  double total = 0;
  for (double v : values) total += v;
  return total;
}

using testing::ElementsAre;

TEST(NamedKernels, have_the_values_of_the_textbook_at_3_by_3) {
  EXPECT_THAT(kernel("identity", 3, 3), ElementsAre(0, 0, 0, 0, 1, 0, 0, 0, 0));
  EXPECT_THAT(kernel("ones", 3, 3), ElementsAre(1, 1, 1, 1, 1, 1, 1, 1, 1));
  EXPECT_THAT(kernel("gaussian", 3, 3),
              ElementsAre(1 / 16., 2 / 16., 1 / 16., 2 / 16., 4 / 16., 2 / 16., 1 / 16., 2 / 16., 1 / 16.));
  EXPECT_THAT(kernel("sharpen", 3, 3), ElementsAre(0, -1, 0, -1, 5, -1, 0, -1, 0));
  EXPECT_THAT(kernel("sobel_x", 3, 3), ElementsAre(-1, 0, 1, -2, 0, 2, -1, 0, 1));
  EXPECT_THAT(kernel("sobel_y", 3, 3), ElementsAre(-1, -2, -1, 0, 0, 0, 1, 2, 1));
  EXPECT_THAT(kernel("prewitt_x", 3, 3), ElementsAre(-1, 0, 1, -1, 0, 1, -1, 0, 1));
  EXPECT_THAT(kernel("prewitt_y", 3, 3), ElementsAre(-1, -1, -1, 0, 0, 0, 1, 1, 1));
  EXPECT_THAT(kernel("laplacian", 3, 3), ElementsAre(0, 1, 0, 1, -4, 1, 0, 1, 0));
  EXPECT_THAT(kernel("outline", 3, 3), ElementsAre(-1, -1, -1, -1, 8, -1, -1, -1, -1));
  EXPECT_THAT(kernel("emboss", 3, 3), ElementsAre(-2, -1, 0, -1, 1, 1, 0, 1, 2));
  EXPECT_THAT(kernel("motion", 3, 3), ElementsAre(1 / 3., 0, 0, 0, 1 / 3., 0, 0, 0, 1 / 3.));
}

TEST(NamedKernels, sobel_grows_by_smoothing) {
  const std::vector<double> k = kernel("sobel_x", 5, 5);
  EXPECT_THAT(std::vector<double>(k.begin(), k.begin() + 5), ElementsAre(-1, -2, 0, 2, 1));
  EXPECT_THAT(std::vector<double>(k.begin() + 10, k.begin() + 15), ElementsAre(-6, -12, 0, 12, 6));
  EXPECT_THAT(kernel("sobel_x", 1, 2), ElementsAre(-1, 1));
  EXPECT_THAT(kernel("sobel_y", 2, 1), ElementsAre(-1, 1));
}

TEST(NamedKernels, keep_the_brightness_or_remove_it_at_every_size) {
  for (int64_t h : {1, 2, 3, 4, 5, 31, 64, 600}) {
    for (int64_t w : {1, 2, 3, 7, 33}) {
      for (const char* name : {"identity", "box", "gaussian", "sharpen", "motion"}) {
        EXPECT_NEAR(sum(kernel(name, h, w)), 1, 1e-9) << name << " " << h << "x" << w;
      }
      for (const char* name : {"laplacian", "outline"}) {
        EXPECT_NEAR(sum(kernel(name, h, w)), 0, 1e-9) << name << " " << h << "x" << w;
      }
      if (w >= 2) {
        const std::vector<double> k = kernel("sobel_x", h, w);
        double largest = 0;
        for (double v : k) largest = std::max(largest, std::abs(v));
        EXPECT_NEAR(sum(k) / largest, 0, 1e-9) << h << "x" << w;
        EXPECT_TRUE(std::isfinite(largest) && largest > 0) << h << "x" << w;
      }
    }
  }
}

TEST(NamedKernels, the_centre_of_an_even_kernel_is_where_same_has_it) {
  EXPECT_THAT(kernel("identity", 2, 2), ElementsAre(1, 0, 0, 0));
  EXPECT_THAT(kernel("identity", 4, 1), ElementsAre(0, 1, 0, 0));
}

TEST(NamedKernels, a_motion_line_runs_from_corner_to_corner) {
  const std::vector<double> k = kernel("motion", 2, 4);
  EXPECT_EQ(k[0], 0.25);
  EXPECT_EQ(k[7], 0.25);
  EXPECT_THAT(kernel("motion", 1, 4), ElementsAre(0.25, 0.25, 0.25, 0.25));
  EXPECT_THAT(kernel("motion", 1, 1), ElementsAre(1));
}

TEST(NamedKernels, a_derivative_needs_two_cells) {
  ConvParams params;
  params.kernel_size = {3, 1};
  const Error error = named_weight("sobel_x", params).error();
  EXPECT_EQ(error, (Error{"error.kernel_too_small", "kernel_size", {"sobel_x", "3 x 1", "1 x 2"}}));
  EXPECT_TRUE(named_weight("sobel_y", params));
}

TEST(NamedKernels, several_outputs_take_the_channels_in_turn) {
  ConvParams params;
  params.in_channels = 2;
  params.out_channels = 3;
  params.kernel_size = {1, 1};
  const Tensor weight = *named_weight("identity", params);
  ASSERT_EQ(weight.shape(), (Shape{3, 2, 1, 1}));
  std::vector<double> list;
  for (int64_t i = 0; i < 6; ++i) list.push_back(weight.at(i));
  EXPECT_THAT(list, ElementsAre(1, 0, 0, 1, 1, 0));
}

TEST(NamedKernels, one_output_divides_the_kernel_among_the_channels) {
  ConvParams params;
  params.in_channels = 4;
  params.kernel_size = {1, 1};
  const Tensor weight = *named_weight("identity", params);
  for (int64_t i = 0; i < 4; ++i) EXPECT_EQ(weight.at(i), 0.25);
}

TEST(NamedKernels, depthwise_gives_each_channel_its_own) {
  ConvParams params;
  params.in_channels = params.out_channels = params.groups = 3;
  const Tensor weight = *named_weight("sharpen", params);
  ASSERT_EQ(weight.shape(), (Shape{3, 1, 3, 3}));
  for (int64_t o = 0; o < 3; ++o) EXPECT_EQ(weight.at(o * 9 + 4), 5);
}

TEST(NamedKernels, an_unknown_name_is_answered_with_the_list) {
  const Error error = named_weight("sobbel", ConvParams()).error();
  EXPECT_EQ(error.code, "error.unknown_kernel");
  EXPECT_THAT(error.args[1], testing::HasSubstr("sobel_x"));
}

TEST(NamedKernels, every_one_has_a_label) {
  EXPECT_GE(named_kernels().size(), 10u);
  for (const NamedKernel& k : named_kernels()) {
    EXPECT_EQ(k.label_key, "kernel." + std::string(k.name));
    EXPECT_NE(tr(Language::zh, k.label_key), k.label_key);
  }
}

}  // namespace
}  // namespace convscope
