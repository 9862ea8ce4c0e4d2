// What somebody may have meant.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace convscope {

/// The word with the fewest letters changed, added or left out; the first of several, empty where there are no words.
std::string nearest_word(std::string_view text, std::span<const std::string> words);

/// nearest_word(), but only when at most a third of the letters differ; else empty.
std::string similar_word(std::string_view text, std::span<const std::string> words);

}  // namespace convscope
