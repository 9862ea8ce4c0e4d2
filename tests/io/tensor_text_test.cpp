#include "app/io/tensor_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "engine/tensor_print.h"
#include "tests/io/temporary_folder.h"

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

TEST(TensorText, refuses_separators_that_nobody_prints) {
  const auto said = [](std::string_view text) {
    const Result<TensorText> result = parse_tensor_text(text);
    if (result) return std::string("accepted");
    std::string all = result.error().code.substr(std::string_view("error.tensor_text_").size());
    for (const std::string& arg : result.error().args) all += "|" + arg;
    return all;
  };
  EXPECT_EQ(said("[1,,2]"), "extra_comma|,2]|1|4");
  EXPECT_EQ(said("[,1]"), "extra_comma|,1]|1|2");
  EXPECT_EQ(said("[[1, 2],, [3, 4]]"), "extra_comma|, [3, 4]]|1|9");
  EXPECT_EQ(said("[[1, 2],\n ,[3, 4]]"), "extra_comma|,[3, 4]]|2|2");
  EXPECT_EQ(said("[[1, 2][3, 4]]"), "no_separator|[3, 4]]|1|8");
  EXPECT_EQ(said("[1-2]"), "no_separator|-2]|1|3");
  EXPECT_EQ(said("[1.5.2]"), "no_separator|.2]|1|5");
  EXPECT_EQ(said("[1; 2]"), "semicolon|; 2]|1|3");
  EXPECT_EQ(said("[1 2, 3]"), "mixed_separators|, 3]|1|5");
  EXPECT_EQ(said("[1, 2 3]"), "mixed_separators|3]|1|7");
  EXPECT_EQ(said("[[1 2], [3 4]]"), "mixed_separators|, [3 4]]|1|7");
  EXPECT_EQ(said("[[1, 2] [3, 4]]"), "mixed_separators|[3, 4]]|1|9");
  EXPECT_EQ(said("1,,2"), "extra_comma|,2|1|3");
  EXPECT_EQ(said("1,2\n,3"), "extra_comma|,3|2|1");
  EXPECT_EQ(said("[1,\n \u4e2dx]"), "not_number|\u4e2dx]|2|2");
  // As Python and spreadsheets write.
  EXPECT_EQ(parsed("[[1, 2,], [3 , 4],]").shape, (Shape{2, 2}));
  EXPECT_EQ(parsed("1,2,\n3,4,\n").shape, (Shape{2, 2}));
  EXPECT_EQ(parsed("[[1 2]\n\n [3 4] ]").shape, (Shape{2, 2}));
}

TEST(TensorText, whole_numbers_that_a_type_would_round_are_noted) {
  EXPECT_EQ(parsed("[16777216, 0.1, 1e30, -33554432]").unfit.in_float32, "");
  EXPECT_EQ(parsed("[1, -16777217, 16777219]").unfit.in_float32, "-16777217");
  EXPECT_EQ(parsed("[16777217]").unfit.in_float64, "");
  EXPECT_EQ(parsed("[9007199254740993]").unfit.in_float64, "9007199254740993");
  EXPECT_EQ(parsed("[100000000000000000000000]").unfit.in_float64, "100000000000000000000000");
  EXPECT_EQ(parsed("[000000016777216]").unfit.in_float32, "");
  EXPECT_EQ(rounded_whole("16777217", DType::float32), "16777216");
  EXPECT_EQ(rounded_whole("9007199254740993", DType::float64), "9007199254740992");
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

TensorText tensor_of(std::string_view text) {
  Result<TensorText> result = parse_tensor_text(text, TensorTextUse::tensor);
  EXPECT_TRUE(result.ok()) << text << ": " << (result ? "" : result.error().code);
  return result ? *result : TensorText{};
}

TEST(TensorText, a_tensor_may_hold_what_no_cell_may) {
  const TensorText odd = tensor_of("tensor([nan, inf, -inf, 1.])");
  EXPECT_TRUE(std::isnan(odd.values[0]));
  EXPECT_EQ(odd.values[1], HUGE_VAL);
  EXPECT_EQ(odd.values[2], -HUGE_VAL);
  EXPECT_EQ(tensor_of("[]").shape, (Shape{0}));
  EXPECT_EQ(tensor_of("[[], []]").shape, (Shape{2, 0}));
  EXPECT_EQ(tensor_of("tensor([], size=(0, 3))").shape, (Shape{0, 3}));
  EXPECT_EQ(tensor_of("tensor(3.5000)").shape, Shape{});
  EXPECT_THAT(tensor_of("array(-2., dtype=float32)").values, ElementsAre(-2));
  EXPECT_EQ(refusal("tensor([], size=(0, 3))"), "error.tensor_text_empty");
  EXPECT_EQ(parsed("tensor(3.5)").shape, (Shape{1}));
}

TEST(TensorText, booleans_are_ones_and_zeros) {
  EXPECT_THAT(tensor_of("[[ True False]\n [False  True]]").values, ElementsAre(1, 0, 0, 1));
}

TEST(TensorText, the_type_behind_the_brackets_counts) {
  EXPECT_EQ(tensor_of("tensor([1., 2.], dtype=torch.float64)").dtype, DType::float64);
  EXPECT_EQ(tensor_of("array([1., 2.], dtype='float64')").dtype, DType::float64);
  EXPECT_EQ(tensor_of("np.array([1, 2], dtype=np.float16)").dtype, DType::float32);
  EXPECT_EQ(tensor_of("tensor([1, 2], dtype=torch.int32)").dtype, std::nullopt);
  EXPECT_EQ(tensor_of("tensor([1., 2.], device='cuda:0', grad_fn=<AddBackward0>)").dtype, std::nullopt);
}

TEST(TensorText, what_stands_beside_the_brackets_is_not_lost_in_silence) {
  for (const char* text : {"[1, 2], [3, 4]", "[1] 2", "5 [1, 2]", "tensor([1.]) tensor([2.])", "tensor([1, size=(2,))",
                           "tensor([1], size=(2,))", "tensor([], size=(99999999999999999999,))", "[1], dtype"}) {
    EXPECT_FALSE(parse_tensor_text(text, TensorTextUse::tensor)) << text;
  }
  EXPECT_EQ(refusal("[1, 2], [3, 4]"), "error.tensor_text_more");
  EXPECT_EQ(tensor_of("w = torch.tensor([[1, 2]])\n").shape, (Shape{1, 2}));
}

TEST(TensorText, tuples_are_lists) {
  EXPECT_EQ(parsed("((1, 2), (3, 4))").shape, (Shape{2, 2}));
  EXPECT_THAT(parsed("x = ((1, 2), (3, 4))").values, ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(parsed("[(1, 2), [3, 4], (5, 6),]").shape, (Shape{3, 2}));
  EXPECT_EQ(parsed("np.array(((1, 2, 3), (4, 5, 6)), dtype=np.float64)").shape, (Shape{2, 3}));
  EXPECT_EQ(parsed("((1,), (2,))").shape, (Shape{2, 1}));
  EXPECT_EQ(tensor_of("(-2.5)").shape, Shape{});
  EXPECT_EQ(parsed("(-2.5)").shape, (Shape{1}));
  EXPECT_EQ(parsed("(\n[[1, 2]]\n)").shape, (Shape{1, 2}));
  EXPECT_EQ(parsed("(torch.tensor([[1, 2]]))").shape, (Shape{1, 2}));
  EXPECT_EQ(refusal("((1), (2))"), "error.tensor_text_lone_parenthesis");
  EXPECT_EQ(refusal("[(1, 2], (3, 4)]"), "error.tensor_text_closing");
  EXPECT_EQ(refusal("((1, 2], (3, 4))"), "error.tensor_text_closing");
  EXPECT_EQ(refusal("(1 2)"), "error.tensor_text_no_separator");
  EXPECT_EQ(refusal("((1, 2), 3)"), "error.tensor_text_ragged");
  EXPECT_EQ(refusal("(1, 2"), "error.tensor_text_unclosed");
}

TEST(TensorText, comments_are_left_out) {
  const TensorText text = parsed(
      "# a kernel [3, 3] of 0.12345\n"
      "w = torch.tensor([[1, 0],  # the first row\n"
      "                  [0, -1]])  # [9, 9]\n");
  EXPECT_EQ(text.shape, (Shape{2, 2}));
  EXPECT_THAT(text.values, ElementsAre(1, 0, 0, -1));
  EXPECT_EQ(parsed("# from numpy.savetxt\n1 2\n3 4  # end").shape, (Shape{2, 2}));
  EXPECT_EQ(refusal("# nothing else"), "error.tensor_text_empty");
  EXPECT_EQ(parse_tensor_text("[1,  # one\n x]").error().args.at(1), "2");
}

TEST(TensorText, words_that_python_prints_or_writes_before_a_tensor_are_none_of_its_numbers) {
  EXPECT_EQ(tensor_of("Parameter containing:\ntensor([[1., 2.]], requires_grad=True)").shape, (Shape{1, 2}));
  EXPECT_EQ(tensor_of("Parameter containing:\ntensor(0.5, requires_grad=True)").shape, Shape{});
  EXPECT_EQ(tensor_of("y: torch.Tensor = torch.tensor(0.5)").shape, Shape{});
}

TEST(TensorText, written_tensors_are_told_from_names_of_files) {
  for (const char* text :
       {"[1]", " [[1, 2]]", "tensor(1.)", "torch.tensor([1])", "np.array([1])", "array([1])", "y = tensor([1])",
        "x=[1, 2]", "Parameter containing:\ntensor([1.], requires_grad=True)", "((1, 2), (3, 4))", " (1, 2)\n",
        "w: torch.Tensor = torch.as_tensor([1])", "# mine\ntensor(1.)", "nn.Parameter(torch.tensor([1.]))"}) {
    EXPECT_TRUE(is_written_tensor(text)) << text;
  }
  for (const char* text : {"x.npy", "tensor.npy", "a[1].npy", "1 2 3", "", "array_1(2).npy", "(1) scan.npy", "a=b.npy",
                           "photo (2).png", "mytensor([1])", "conv(x)"}) {
    EXPECT_FALSE(is_written_tensor(text)) << text;
  }
}

TEST(TensorText, a_printed_tensor_reads_back_as_it_was_printed) {
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    Shape shape;
    for (int rank = static_cast<int>(random() % 5); rank > 0; --rank) {
      shape.push_back(static_cast<int64_t>(random() % (random() % 9 == 0 ? 3 : 4) + (random() % 9 == 0 ? 0 : 1)));
    }
    Tensor tensor = *Tensor::zeros(shape, random() % 2 == 0 ? DType::float32 : DType::float64);
    const int magnitude = static_cast<int>(random() % 20) - 8;
    for (int64_t i = 0; i < tensor.numel(); ++i) {
      double value = (static_cast<double>(random() % 20001) - 10000) / 1000 * std::pow(10.0, magnitude);
      if (random() % 30 == 0) value = random() % 2 == 0 ? HUGE_VAL : std::nan("");
      if (magnitude == 3) value = std::round(value);
      if (tensor.dtype() == DType::float32) {
        tensor.mutable_data<float>()[i] = static_cast<float>(value);
      } else {
        tensor.mutable_data<double>()[i] = value;
      }
    }
    const std::string printed = torch_repr(TensorSlice::whole(tensor));
    const Tensor back = *tensor_from_text(tensor_of(printed));
    ASSERT_EQ(back.shape(), tensor.shape()) << printed;
    ASSERT_EQ(back.dtype(), tensor.dtype()) << printed;
    for (int64_t i = 0; i < back.numel(); ++i) {
      if (std::isnan(tensor.at(i))) {
        ASSERT_TRUE(std::isnan(back.at(i))) << printed;
      } else if (std::isinf(tensor.at(i))) {
        ASSERT_EQ(back.at(i), tensor.at(i)) << printed;
      } else {
        // Four digits behind the point, of a number or of its mantissa.
        ASSERT_NEAR(back.at(i), tensor.at(i), std::max(0.5001e-4, 0.5001e-4 * std::abs(tensor.at(i)))) << printed;
      }
    }
  }
}

class TensorTextFile : public testing_support::TemporaryFolder {};

TEST_F(TensorTextFile, is_read_whatever_made_it) {
  put("torch.txt", "tensor([[1., 2.],\n        [3., 4.]], dtype=torch.float64)\n");
  put("rows.txt", "1 2 3\n4 5 6\n");
  EXPECT_EQ(read_tensor_text(path("torch.txt"))->dtype, DType::float64);
  EXPECT_EQ(read_tensor_text(path("rows.txt"))->shape, (Shape{2, 3}));
  EXPECT_EQ(read_tensor_text(path("none.txt")).error().code, "error.file_not_found");
}

}  // namespace
}  // namespace convscope
