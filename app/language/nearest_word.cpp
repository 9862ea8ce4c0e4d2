#include "app/language/nearest_word.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace convscope {

namespace {

size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace

std::string nearest_word(std::string_view text, std::span<const std::string> words) {
  const std::string* nearest = nullptr;
  size_t least = SIZE_MAX;
  for (const std::string& word : words) {
    // Nobody mistypes a name by more letters than this; the cost stays small whatever is typed.
    const size_t d = distance(text.substr(0, 100), word);
    if (d >= least) continue;
    least = d;
    nearest = &word;
  }
  return nearest == nullptr ? std::string() : *nearest;
}

std::string similar_word(std::string_view text, std::span<const std::string> words) {
  const std::string nearest = nearest_word(text, words);
  const size_t changes = distance(text.substr(0, 100), nearest);
  return changes <= std::max<size_t>(1, text.size() / 3) ? nearest : std::string();
}

}  // namespace convscope
