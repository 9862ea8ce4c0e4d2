// Pictures: refused in words, or read into numbers between 0 and 1 of the shape that was foretold.
#include "app/io/image.h"
#include "tests/fuzz/fuzz.h"

using namespace convscope;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const fuzz::MemoryFile file(data, size);
  const Result<Shape> shape = image_shape(file.path());
  if (!shape) fuzz::require_words(shape.error());
  // What is refused by its head is refused whole; the rest may be large, and decoding it takes its time.
  if (shape && shape->numel().value_or(INT64_MAX) > 1 << 20) return 0;
  const Result<Picture> picture = read_picture(file.path());
  if (!picture) {
    fuzz::require_words(picture.error());
    return 0;
  }
  FUZZ_REQUIRE(shape.ok() && picture->tensor.shape() == *shape);
  for (int64_t i = 0; i < picture->tensor.numel(); ++i) {
    FUZZ_REQUIRE(picture->tensor.at(i) >= 0 && picture->tensor.at(i) <= 1);
  }
  return 0;
}
