// Index expressions against what PyTorch answers; see tests/reference/make_inspect_cases.py.
#include "engine/tensor_slice.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "engine/index_expression.h"

namespace convscope {
namespace {

using nlohmann::json;

/// 0, 1, 2, ... in a shape.
Tensor counted(const Shape& shape) {
  Tensor tensor = *Tensor::zeros(shape, DType::float32);
  for (int64_t i = 0; i < tensor.numel(); ++i) tensor.mutable_data<float>()[i] = static_cast<float>(i);
  return tensor;
}

std::vector<double> numbers_of(const TensorSlice& slice) {
  const Tensor copy = *slice.to_tensor();
  std::vector<double> numbers;
  for (int64_t i = 0; i < copy.numel(); ++i) numbers.push_back(copy.at(i));
  return numbers;
}

Shape shape_of(const json& value) {
  Shape shape;
  for (const json& extent : value) shape.push_back(extent.get<int64_t>());
  return shape;
}

std::string refusal(const Shape& shape, std::string_view expression) {
  const Result<TensorSlice> slice = slice_tensor(counted(shape), expression);
  return slice ? "" : slice.error().code;
}

TEST(tensor_slice, shapes_and_numbers_are_those_of_pytorch) {
  std::ifstream file(CONVSCOPE_SOURCE_DIR "/tests/reference/inspect_cases.json");
  int good = 0, refused = 0;
  const json cases = json::parse(file)["slices"];
  for (const json& c : cases) {
    const Result<TensorSlice> slice = slice_tensor(counted(shape_of(c["shape"])), c["expression"].get<std::string>());
    ASSERT_EQ(slice.ok(), !c.contains("error")) << c.dump() << (slice ? "" : "\n" + slice.error().code);
    if (!slice) {
      // What the refusals say is compared where their words are: tests/language/slice_words_test.cpp.
      EXPECT_EQ(slice.error().field, "index");
      ++refused;
      continue;
    }
    ++good;
    EXPECT_EQ(slice->shape, shape_of(c["result"])) << slice->shape.to_string() << " " << c.dump();
    EXPECT_EQ(numbers_of(*slice), c["numbers"].get<std::vector<double>>()) << c.dump();
  }
  EXPECT_GT(good, 200);
  EXPECT_GT(refused, 100);
}

TEST(tensor_slice, a_slice_shares_the_numbers_of_its_tensor) {
  const Tensor tensor = counted({2, 3, 1080, 1920});
  const TensorSlice slice = *slice_tensor(tensor, "x[1, :, ::2, 5:-5]");
  EXPECT_EQ(slice.tensor.identity(), tensor.identity());
  EXPECT_EQ(slice.shape, (Shape{3, 540, 1910}));
  EXPECT_EQ(slice.offset, 3 * 1080 * 1920 + 5);
}

TEST(tensor_slice, the_name_before_the_brackets_is_free) {
  for (const char* text : {"x[1, 0]", "[1, 0]", " weight [ 1 , 0 ] ", "W[1][0]", "\u6743\u91cd[1, 0]", "x\n[1,\n0]"}) {
    const Result<TensorSlice> slice = slice_tensor(counted({2, 3}), text);
    ASSERT_TRUE(slice) << text;
    EXPECT_EQ(numbers_of(*slice), std::vector<double>{3}) << text;
  }
  for (const char* text : {"", "x", "  y ", "x[...]", "x[:][:]"}) {
    EXPECT_EQ(slice_tensor(counted({2, 3}), text)->shape, (Shape{2, 3})) << text;
  }
}

TEST(tensor_slice, new_axes_have_all_their_names) {
  for (const char* text : {"x[None]", "x[newaxis]", "x[np.newaxis]", "x[numpy.newaxis]", "x[torch.newaxis]"}) {
    EXPECT_EQ(slice_tensor(counted({2, 3}), text)->shape, (Shape{1, 2, 3})) << text;
  }
  EXPECT_EQ(slice_tensor(counted({2, 3}), "x[Ellipsis, 0]")->shape, (Shape{2}));
  EXPECT_EQ(slice_tensor(counted({2, 3}), "x[None, None, None, None, None, None]")->shape.rank(), 8);
  EXPECT_EQ(refusal({2, 3}, "x[None, None, None, None, None, None, None]"), "error.slice_rank");
}

TEST(tensor_slice, bounds_beyond_64_bits_are_clamped) {
  EXPECT_EQ(slice_tensor(counted({3}), "x[-99999999999999999999:99999999999999999999]")->shape, (Shape{3}));
  EXPECT_EQ(slice_tensor(counted({3}), "x[::99999999999999999999]")->shape, (Shape{1}));
  EXPECT_EQ(slice_tensor(counted({3}), "x[2::9223372036854775807]")->shape, (Shape{1}));
}

TEST(tensor_slice, what_python_does_not_read_is_a_syntax_error_at_its_place) {
  for (const char* text : {"x[]", "x[,]", "x[0,,1]", "x[1:2:3:4]", "x[0 1]", "x[0]]", "x]", "x[01]", "x[1_]", "x[1a]",
                           "x[0x]", "x y", "x[..]", "x[. 1]", "x[0] y[0]", "x[:,:;]", "x.", "x[0].[1]", "x[1...]"}) {
    const Result<TensorSlice> slice = slice_tensor(counted({2, 3}), text);
    ASSERT_FALSE(slice) << text;
    EXPECT_TRUE(slice.error().code == "error.slice_syntax" || slice.error().code == "error.slice_unsupported") << text;
  }
  EXPECT_EQ(slice_tensor(counted({2, 3}), "x[0, $]").error(), (Error{"error.slice_syntax", "index", {"$]", "6"}}));
  EXPECT_EQ(slice_tensor(counted({2, 3}), "x.").error(), (Error{"error.slice_syntax", "index", {".", "2"}}));
  EXPECT_EQ(slice_tensor(counted({2, 3}), "x.size(").error(), (Error{"error.slice_call_unclosed", "index", {"7"}}));
  for (const char* text : {"x[", "x[0", "x[0,", "x[0:", "x[-", "x[0][1", "x[..."}) {
    EXPECT_EQ(refusal({2, 3}, text), "error.slice_unclosed") << text;
  }
}

TEST(tensor_slice, indices_that_only_pytorch_evaluates_are_refused_by_name) {
  for (const char* text : {"x[[0, 1]]", "x[True]", "x[(0, 1)]", "x[x > 0]", "x['a']", "x[1 + 1]", "x[i.j]", "x[-i]"}) {
    EXPECT_EQ(refusal({2, 3}, text), "error.slice_unsupported") << text;
  }
}

TEST(tensor_slice, what_python_reads_around_an_index_is_refused_as_that) {
  for (const char* text : {"x[0]+1", "x[0] + 1", "-x", "(x[0])", "5", "x == 0", "x(0)", "len(x)", "x[0] if x else y",
                           "'x'", "x[0] is None", "{}", "x.shape.numel()", "x.shape == 1"}) {
    EXPECT_EQ(refusal({2, 3}, text), "error.slice_beyond") << text;
  }
}

TEST(tensor_slice, the_empty_tuple_indexes_nothing) {
  EXPECT_EQ(slice_tensor(counted({2, 3}), "x[()]")->shape, (Shape{2, 3}));
  EXPECT_EQ(slice_tensor(counted({2, 3}), "x[ ( ) ][0]")->shape, (Shape{3}));
  EXPECT_EQ(slice_tensor(counted({}), "x[()]")->shape, Shape{});
  EXPECT_EQ(refusal({2, 3}, "x[(]"), "error.slice_unsupported");
}

TEST(tensor_slice, long_texts_are_refused_unread) {
  EXPECT_EQ(refusal({2}, std::string(kMaxIndexExpression + 1, '[')), "error.slice_too_long");
  EXPECT_EQ(refusal({2}, std::string(kMaxIndexExpression, '[')), "error.slice_unsupported");
  std::string colons = "x";
  while (colons.size() + 3 <= kMaxIndexExpression) colons += "[:]";
  EXPECT_EQ(refusal({2}, colons), "");
  EXPECT_EQ(refusal({2}, std::string(kMaxIndexExpression - 400, '.')), "error.slice_syntax");
}

TEST(tensor_slice, any_text_is_a_slice_within_the_tensor_or_an_error) {
  std::mt19937 random(20240607);
  constexpr std::string_view kPieces = "0123 -+:,.[]xNonei_e\xe6\x9d";
  const Tensor tensor = counted({2, 3, 4});
  int good = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string text = "x[";
    for (size_t length = random() % 12; length > 0; --length) text += kPieces[random() % kPieces.size()];
    text += "]";
    const Result<TensorSlice> slice = slice_tensor(tensor, text);
    if (!slice) {
      EXPECT_TRUE(slice.error().code.starts_with("error.slice_")) << text;
      continue;
    }
    ++good;
    for (double number : numbers_of(*slice)) {
      ASSERT_GE(number, 0) << text;
      ASSERT_LT(number, 24) << text;
    }
  }
  EXPECT_GT(good, 100);
}

}  // namespace
}  // namespace convscope
