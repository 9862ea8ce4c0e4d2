// Pasted numbers: refused in words, or read, and written to what reads as the same numbers.
#include <cmath>

#include "app/io/tensor_text.h"
#include "tests/fuzz/fuzz.h"

using namespace convscope;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  static_cast<void>(is_tensor_text(text));
  static_cast<void>(is_written_tensor(text));
  FUZZ_REQUIRE(without_comments(text).size() == text.size());
  for (const TensorTextUse use : {TensorTextUse::cells, TensorTextUse::tensor}) {
    const Result<TensorText> read = parse_tensor_text(text, use);
    if (!read) {
      fuzz::require_words(read.error());
      continue;
    }
    FUZZ_REQUIRE(read->shape.numel() == std::ssize(read->values));
    if (use == TensorTextUse::cells) {
      FUZZ_REQUIRE(!read->values.empty());
      for (const double value : read->values) FUZZ_REQUIRE(std::isfinite(value));
    }
    const Result<Tensor> tensor = tensor_from_text(*read);
    if (!tensor) {
      fuzz::require_words(tensor.error());
      continue;
    }
    const Result<TensorText> again = parse_tensor_text(tensor_text(TensorSlice::whole(*tensor)), TensorTextUse::tensor);
    FUZZ_REQUIRE(again.ok());
    const Result<Tensor> same = tensor_from_text(*again);
    FUZZ_REQUIRE(same.ok() && same->shape() == tensor->shape() && same->dtype() == tensor->dtype());
    for (int64_t i = 0; i < tensor->numel(); ++i) {
      const double a = tensor->at(i), b = same->at(i);
      FUZZ_REQUIRE(a == b || (std::isnan(a) && std::isnan(b)));
    }
  }
  return 0;
}
