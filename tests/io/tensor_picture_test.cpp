#include "app/io/tensor_picture.h"

#include <gmock/gmock.h>

#include <cmath>

#include "app/io/atomic_file.h"
#include "app/io/image.h"
#include "tests/io/temporary_folder.h"

namespace convscope {
namespace {

/// Writes the picture; returns what was cut off.
Result<CutOff> write_tensor_png(const std::string& path, const Tensor& tensor, const ValueRange& range = {}) {
  const Result<TensorPng> png = tensor_png(path, tensor, range);
  if (!png) return png.error();
  const Result<void> written =
      write_file(path, std::string_view(reinterpret_cast<const char*>(png->bytes.data()), png->bytes.size()));
  if (!written) return written.error();
  return png->cut_off;
}

Tensor row(std::initializer_list<double> numbers) {
  Tensor tensor = *Tensor::zeros({1, 1, static_cast<int64_t>(numbers.size())}, DType::float64);
  std::copy(numbers.begin(), numbers.end(), tensor.mutable_data<double>());
  return tensor;
}

class TensorPicture : public testing_support::TemporaryFolder {
 protected:
  /// The bytes of a grey row that was written with the range, and how many numbers were cut off.
  std::pair<std::vector<int>, int64_t> written(const Tensor& tensor, const ValueRange& range) {
    const Result<CutOff> cut_off = write_tensor_png(path("t.png"), tensor, range);
    EXPECT_TRUE(cut_off);
    const Tensor back = *read_image(path("t.png"));
    std::vector<int> bytes;
    for (int64_t i = 0; i < tensor.numel(); ++i) bytes.push_back(static_cast<int>(std::lround(back.at(i) * 255)));
    return {bytes, cut_off->outside + cut_off->not_finite};
  }
};

TEST_F(TensorPicture, a_picture_survives_as_a_tensor) {
  const Tensor photo = *sample_photo(9, 16);
  ASSERT_EQ(write_tensor_png(path("photo.png"), photo)->outside, 0);
  const Tensor back = *read_image(path("photo.png"));
  ASSERT_EQ(back.shape(), photo.shape());
  for (int64_t i = 0; i < photo.numel(); ++i) EXPECT_EQ(back.at(i), photo.at(i)) << i;
}

TEST_F(TensorPicture, the_range_says_what_is_black_and_what_is_white) {
  using ::testing::ElementsAre;
  using ::testing::Pair;
  EXPECT_THAT(written(row({0, 0.5, 1}), {}), Pair(ElementsAre(0, 128, 255), 0));
  EXPECT_THAT(written(row({-2, 0, 2}), {-2, 2}), Pair(ElementsAre(0, 128, 255), 0));
  EXPECT_THAT(written(row({-1, 2, std::nan(""), HUGE_VAL}), {}), Pair(ElementsAre(0, 255, 0, 255), 4));
  EXPECT_THAT(written(row({-1e308, 0, 1e308}), {-1e308, 1e308}), Pair(ElementsAre(0, 128, 255), 0));
}

TEST_F(TensorPicture, the_range_of_a_tensor_is_that_of_its_finite_numbers) {
  const ValueRange range = value_range_of(row({3, -2, HUGE_VAL, std::nan(""), 1}));
  EXPECT_EQ(range.low, -2);
  EXPECT_EQ(range.high, 3);
  EXPECT_EQ(value_range_of(row({std::nan("")})).high, 1);
  EXPECT_LT(value_range_of(row({1e12})).low, value_range_of(row({1e12})).high);
}

TEST_F(TensorPicture, what_is_not_finite_is_counted_apart) {
  const CutOff cut_off = *write_tensor_png(path("t.png"), row({-1, 0.5, std::nan(""), HUGE_VAL, -HUGE_VAL}));
  EXPECT_EQ(cut_off.outside, 1);
  EXPECT_EQ(cut_off.not_finite, 3);
}

TEST_F(TensorPicture, a_matrix_is_a_grey_picture) {
  ASSERT_TRUE(write_tensor_png(path("t.png"), *Tensor::zeros({2, 3}, DType::float32)));
  EXPECT_EQ(read_image(path("t.png"))->shape(), (Shape{1, 1, 2, 3}));
  EXPECT_EQ(get("t.png")[25], 0) << "the colour type of grey";
  EXPECT_EQ(read_image(path("t.png"))->shape()[2], 2);
}

TEST_F(TensorPicture, other_shapes_are_no_pictures) {
  for (const Shape& shape : {Shape{4}, Shape{2, 4, 4}, Shape{2, 3, 4, 4}, Shape{1, 1, 1, 4, 4}, Shape{}}) {
    const Result<CutOff> result = write_tensor_png(path("t.png"), *Tensor::zeros(shape, DType::float32));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, "error.output_not_a_picture");
  }
  EXPECT_THAT(names(), testing::IsEmpty());
}

}  // namespace
}  // namespace convscope
