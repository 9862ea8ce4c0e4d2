#include "app/io/written_tensor.h"

#include <gtest/gtest.h>

#include <limits>

#include "app/io/npy.h"
#include "temporary_folder.h"

namespace convscope {
namespace {

PrintedDigits digits(int decimals, bool scientific = false) { return {decimals, scientific}; }

TEST(PrintedDigits, are_those_behind_the_point_of_the_longest_number) {
  EXPECT_EQ(printed_digits("tensor([[ 1.3073, -1.5880], [0.5, 2.]], dtype=torch.float64)"), digits(4));
  EXPECT_EQ(printed_digits("[[1.25, 3], [.5, -7]]"), digits(2));
  EXPECT_EQ(printed_digits("1.5 2.75\n3 4.125"), digits(3));
}

TEST(PrintedDigits, of_whole_numbers_are_all_there) {
  EXPECT_EQ(printed_digits("[[1, 2], [3, 4]]"), digits(-1));
  EXPECT_EQ(printed_digits("tensor([[1., 2.], [3., 4.]])"), digits(-1));
}

TEST(PrintedDigits, with_exponents_are_those_of_the_mantissa) {
  EXPECT_EQ(printed_digits("tensor([1.3073e-02, -1.5880e+05])"), digits(4, true));
  EXPECT_EQ(printed_digits("1E5 2e-3"), digits(0, true));
}

TEST(PrintedDigits, what_stands_around_the_brackets_is_no_number) {
  EXPECT_EQ(printed_digits("x1.55555 = tensor([1.5], device='cuda:0', grad_fn=<ConvolutionBackward0.123>)"), digits(1));
}

TEST(PrintedDigits, comments_have_none) {
  EXPECT_EQ(printed_digits("tensor([1.5,  # 0.12345\n 2.]) # [0.123]"), digits(1));
}

TEST(WrittenTensor, text_is_float64_with_its_digits) {
  const WrittenTensor written = written_tensor("tensor([[1.3073, -1.5880]])").value();
  EXPECT_EQ(written.tensor.shape(), (Shape{1, 2}));
  EXPECT_EQ(written.tensor.dtype(), DType::float64);
  EXPECT_EQ(written.tensor.at(1), -1.588);
  EXPECT_EQ(written.digits, digits(4));
  EXPECT_FALSE(written_tensor("no numbers here").ok());
}

TEST(NumberText, is_as_short_as_it_can_be_read_back) {
  Tensor single = Tensor::zeros({3}, DType::float32).value();
  single.mutable_data<float>()[0] = 0.1f;
  single.mutable_data<float>()[1] = std::numeric_limits<float>::infinity();
  single.mutable_data<float>()[2] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(number_text(single, 0), "0.1");
  EXPECT_EQ(number_text(single, 1), "inf");
  EXPECT_EQ(number_text(single, 2), "nan");
  EXPECT_EQ(number_text(single.to(DType::float64).value(), 0), "0.10000000149011612");
}

class WrittenTensorFile : public testing_support::TemporaryFolder {};

TEST_F(WrittenTensorFile, an_npy_has_every_digit_and_its_own_type) {
  Tensor tensor = Tensor::zeros({1, 2}, DType::float32).value();
  tensor.mutable_data<float>()[0] = 0.1f;
  ASSERT_TRUE(write_npy(path("y.npy"), tensor));
  const WrittenTensor written = read_written_tensor(path("y.npy")).value();
  EXPECT_EQ(written.tensor.dtype(), DType::float32);
  EXPECT_EQ(written.tensor.at(0), static_cast<double>(0.1f));
  EXPECT_EQ(written.digits, digits(-1));
}

TEST_F(WrittenTensorFile, other_files_are_text) {
  put("y.txt", "1.5 2.25\n3.5 4.75\n");
  const WrittenTensor written = read_written_tensor(path("y.txt")).value();
  EXPECT_EQ(written.tensor.shape(), (Shape{2, 2}));
  EXPECT_EQ(written.digits, digits(2));
  EXPECT_EQ(read_written_tensor(path("none.txt")).error().code, "error.file_not_found");
}

}  // namespace
}  // namespace convscope
