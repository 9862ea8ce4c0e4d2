#include "app/io/tensor_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace convscope {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;

TensorText parsed(std::string_view text) {
  Result<TensorText> result = parse_tensor_text(text);
  EXPECT_TRUE(result.ok()) << text << ": " << (result ? "" : result.error().code);
  return result ? *result : TensorText{};
}

std::string refusal(std::string_view text) {
  Result<TensorText> result = parse_tensor_text(text);
  return result ? "accepted" : result.error().code;
}

TEST(TensorText, reads_a_list_of_python) {
  const TensorText text = parsed("[[1, 2, 3], [4, 5, 6]]");
  EXPECT_EQ(text.shape, (Shape{2, 3}));
  EXPECT_THAT(text.values, ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST(TensorText, reads_what_pytorch_prints) {
  const TensorText text = parsed(
      "tensor([[[[ 1.3073, -1.5880],\n"
      "          [ 4.6910e-01, -1.8500e-02]]]], dtype=torch.float64,\n"
      "       requires_grad=True)");
  EXPECT_EQ(text.shape, (Shape{1, 1, 2, 2}));
  EXPECT_THAT(text.values, ElementsAre(DoubleEq(1.3073), DoubleEq(-1.588), DoubleEq(0.4691), DoubleEq(-0.0185)));
}

TEST(TensorText, reads_what_numpy_prints_with_and_without_commas) {
  EXPECT_EQ(parsed("[[1. 2.]\n [3. 4.]]").shape, (Shape{2, 2}));
  EXPECT_EQ(parsed("array([[1., 2.],\n       [3., 4.]], dtype=float32)").shape, (Shape{2, 2}));
  EXPECT_THAT(parsed("array([-1, +2])").values, ElementsAre(-1, 2));
}

TEST(TensorText, reads_rows_of_a_spreadsheet) {
  const TensorText tabs = parsed("1\t2\t3\r\n4\t5\t6\r\n");
  EXPECT_EQ(tabs.shape, (Shape{2, 3}));
  EXPECT_THAT(tabs.values, ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_EQ(parsed("1, 2; 3").shape, (Shape{3}));
  EXPECT_EQ(parsed(" 7 ").shape, (Shape{1}));
}

TEST(TensorText, tells_one_number_from_many) {
  EXPECT_FALSE(is_tensor_text("-1.5e-3"));
  EXPECT_FALSE(is_tensor_text("  7\n"));
  EXPECT_TRUE(is_tensor_text("[7]"));
  EXPECT_TRUE(is_tensor_text("1 2"));
  EXPECT_TRUE(is_tensor_text("1\n2"));
}

TEST(TensorText, refuses_uneven_and_mixed_nesting) {
  EXPECT_EQ(refusal("[[1, 2], [3]]"), "error.tensor_text_uneven");
  EXPECT_EQ(refusal("1 2\n3"), "error.tensor_text_uneven");
  EXPECT_EQ(refusal("[1, [2, 3]]"), "error.tensor_text_ragged");
  EXPECT_EQ(refusal("[[1, 2], 3]"), "error.tensor_text_ragged");
  EXPECT_EQ(refusal("[[[1], [2]], [[3]]]"), "error.tensor_text_uneven");
  EXPECT_EQ(refusal("[[[[[[[[[1]]]]]]]]]"), "error.tensor_text_rank");
}

TEST(TensorText, refuses_what_holds_no_finite_numbers) {
  EXPECT_EQ(refusal(""), "error.tensor_text_empty");
  EXPECT_EQ(refusal("[]"), "error.tensor_text_empty");
  EXPECT_EQ(refusal("[[], []]"), "error.tensor_text_empty");
  EXPECT_EQ(refusal("[[1, 2]"), "error.tensor_text_unclosed");
  EXPECT_EQ(refusal("[1, two]"), "error.tensor_text_not_number");
  EXPECT_EQ(refusal("hello"), "error.tensor_text_not_number");
  EXPECT_EQ(refusal("[1, nan]"), "error.tensor_text_not_finite");
  EXPECT_EQ(refusal("-inf"), "error.tensor_text_not_finite");
  EXPECT_EQ(refusal("1e999"), "error.tensor_text_not_finite");
  EXPECT_EQ(refusal("[0, 1, ..., 8, 9]"), "error.tensor_text_dots");
}

TEST(TensorText, a_number_too_small_for_a_double_is_zero) { EXPECT_THAT(parsed("1e-999").values, ElementsAre(0.0)); }

TEST(TensorText, writes_numbers_that_read_back_exactly) {
  const std::vector<double> values = {0.1, -1.0 / 3, 1e300, 5e-324, 0, 12};
  const TensorText back = parsed(tensor_text(values, 2, 3));
  EXPECT_EQ(back.shape, (Shape{2, 3}));
  EXPECT_EQ(back.values, values);
}

TEST(TensorText, survives_every_changed_byte) {
  const std::string text = "tensor([[ 1.3073, -1.5880], [ 4.69e-01, -1.85e-02]], dtype=torch.float64)";
  std::mt19937 random(11);
  for (int round = 0; round < 20000; ++round) {
    std::string changed = text.substr(0, random() % (text.size() + 1));
    for (int i = 0; i < 3 && !changed.empty(); ++i) changed[random() % changed.size()] = static_cast<char>(random());
    Result<TensorText> result = parse_tensor_text(changed);
    if (result) {
      EXPECT_EQ(result->shape.numel(), static_cast<int64_t>(result->values.size())) << changed;
    } else {
      EXPECT_TRUE(result.error().code.starts_with("error.tensor_text_"));
    }
  }
}

}  // namespace
}  // namespace convscope
