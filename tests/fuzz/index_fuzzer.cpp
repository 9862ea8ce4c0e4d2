// Slices and attributes in Python's words: refused in words, or answered within the tensor.
#include "engine/tensor_answer.h"
#include "tests/fuzz/fuzz.h"

using namespace convscope;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Tensor tensor = [] {
    Tensor made = Tensor::zeros({2, 3, 4, 5}, DType::float32).value();
    for (int64_t i = 0; i < made.numel(); ++i) made.mutable_data<float>()[i] = static_cast<float>(i);
    return made;
  }();
  const Result<TensorAnswer> answer = ask_tensor(tensor, fuzz::text_of(data, size));
  if (!answer) {
    fuzz::require_words(answer.error());
    return 0;
  }
  FUZZ_REQUIRE(!answer->type.empty());
  if (!answer->slice) return 0;
  const TensorSlice& slice = *answer->slice;
  // New axes and steps make no numbers: a slice is never larger than what it is of.
  FUZZ_REQUIRE(slice.numel() <= tensor.numel());
  if (slice.numel() == 0) return 0;
  int64_t least = slice.offset, most = slice.offset;
  for (int axis = 0; axis < slice.shape.rank(); ++axis) {
    const int64_t reach = (slice.shape[axis] - 1) * slice.strides[static_cast<size_t>(axis)];
    (reach < 0 ? least : most) += reach;
  }
  FUZZ_REQUIRE(least >= 0 && most < tensor.numel());
  const Result<Tensor> copy = slice.to_tensor();
  FUZZ_REQUIRE(copy.ok() && copy->numel() == slice.numel());
  return 0;
}
