#include "engine/spatial.h"

namespace convscope {

namespace {

std::string joined(const Spatial& s, const char* separator) {
  std::string text;
  for (int64_t value : s) {
    if (!text.empty()) text += separator;
    text += std::to_string(value);
  }
  return text;
}

}  // namespace

std::string Spatial::to_string() const {
  if (std::all_of(begin(), end(), [this](int64_t v) { return v == values_[0]; })) return std::to_string(values_[0]);
  return '(' + joined(*this, ", ") + ')';
}

std::string Spatial::to_string_by() const { return joined(*this, " x "); }

}  // namespace convscope
