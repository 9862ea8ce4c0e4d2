#include "app/session/session.h"

#include <array>
#include <cstring>

namespace convscope {

namespace {

constexpr std::array kLensNames = {"sliding",  "im2col",  "toeplitz", "coverage", "loops",
                                   "gradient", "scatter", "gather",   "pooling",  "receptive_field"};
constexpr std::array kThemeNames = {"light", "dark", "contrast"};
constexpr std::array kSourceNames = {"arange", "ones",   "zeros", "randn", "rand",  "conv2d_init",
                                     "named",  "values", "image", "npy",   "sample", "mse"};

template <class Enum, size_t N>
std::optional<Enum> from_name(const std::array<const char*, N>& names, std::string_view name) {
  for (size_t i = 0; i < N; ++i) {
    if (name == names[i]) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

}  // namespace

bool TensorSource::operator==(const TensorSource& other) const {
  if (kind != other.kind || name != other.name || path != other.path) return false;
  if (values == other.values) return true;
  if (values == nullptr || other.values == nullptr || values->size() != other.values->size()) return false;
  // By bits, so that a NaN that was typed equals itself and undo does not see a change where none was.
  return values->empty() || std::memcmp(values->data(), other.values->data(), values->size() * sizeof(double)) == 0;
}

const char* name_of(Lens lens) { return kLensNames[static_cast<size_t>(lens)]; }
const char* name_of(ThemeId theme) { return kThemeNames[static_cast<size_t>(theme)]; }
const char* name_of(SourceKind kind) { return kSourceNames[static_cast<size_t>(kind)]; }

std::optional<Lens> lens_from_name(std::string_view name) { return from_name<Lens>(kLensNames, name); }
std::optional<ThemeId> theme_from_name(std::string_view name) { return from_name<ThemeId>(kThemeNames, name); }
std::optional<SourceKind> source_kind_from_name(std::string_view name) {
  return from_name<SourceKind>(kSourceNames, name);
}

std::vector<Lens> all_lenses() {
  return {Lens::sliding,  Lens::im2col,  Lens::toeplitz, Lens::coverage, Lens::loops,
          Lens::gradient, Lens::scatter, Lens::gather,   Lens::pooling,  Lens::receptive_field};
}

std::string names_of_lenses() {
  std::string names;
  for (const Lens lens : all_lenses()) names.append(names.empty() ? "" : ", ").append(name_of(lens));
  return names;
}

}  // namespace convscope
