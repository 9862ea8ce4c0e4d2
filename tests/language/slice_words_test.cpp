// What is said of a refused index contains Python's own sentence, in both languages.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "app/language/language.h"
#include "engine/tensor_slice.h"

namespace convscope {
namespace {

using nlohmann::json;

TEST(slice_words, a_refusal_says_what_python_says) {
  std::ifstream file(CONVSCOPE_SOURCE_DIR "/tests/reference/inspect_cases.json");
  int refused = 0;
  const json cases = json::parse(file)["slices"];
  for (const json& c : cases) {
    if (!c.contains("error")) continue;
    Shape shape;
    for (const json& extent : c["shape"]) shape.push_back(extent.get<int64_t>());
    const Result<TensorSlice> slice =
        slice_tensor(*Tensor::zeros(shape, DType::float32), c["expression"].get<std::string>());
    ASSERT_FALSE(slice) << c.dump();
    const auto wanted = c["error"].get<std::string>();
    for (Language language : {Language::en, Language::zh}) {
      const std::string words = describe(language, slice.error());
      EXPECT_NE(words.find(wanted), std::string::npos) << c.dump() << "\n" << words;
    }
    ++refused;
  }
  EXPECT_GT(refused, 100);
}

}  // namespace
}  // namespace convscope
