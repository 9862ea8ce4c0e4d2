#include "app/session/session.h"

#include <array>
#include <cstring>

namespace convscope {

namespace {

// In the order of the enum, which is that of the toolbar.
constexpr std::array kLenses = {
    LensFacts{Lens::sliding, "sliding", "lens.sliding", true, false, false, true, false},
    LensFacts{Lens::isometric, "isometric", "lens.isometric", true, false, false, true, false},
    LensFacts{Lens::im2col, "im2col", "lens.im2col", true, false, false, true, false},
    LensFacts{Lens::toeplitz, "toeplitz", "lens.toeplitz", true, false, false, true, false},
    LensFacts{Lens::coverage, "coverage", "lens.coverage", true, false, false, true, false},
    LensFacts{Lens::loops, "loops", "lens.loops", true, false, false, false, false},
    LensFacts{Lens::gradient, "gradient", "lens.gradient", true, false, false, false, false},
    LensFacts{Lens::scatter, "scatter", "lens.scatter", false, true, false, false, false},
    LensFacts{Lens::gather, "gather", "lens.gather", false, true, false, false, false},
    LensFacts{Lens::pooling, "pooling", "lens.pooling", false, false, true, false, false},
    LensFacts{Lens::slices, "slices", "lens.slices", false, false, false, false, true},
    // Of any chain, whatever the operation beside it.
    LensFacts{Lens::receptive_field, "receptive_field", "lens.receptive_field", true, true, true, true, true},
};
constexpr std::array kThemeNames = {"light", "dark", "contrast"};
constexpr std::array kSourceNames = {"arange", "ones",  "zeros", "randn",  "rand", "conv2d_init", "named",
                                     "values", "image", "npy",   "sample", "onnx", "mse"};

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
  if (picture != other.picture || imagenet != other.imagenet) return false;
  if (values == other.values) return true;
  if (values == nullptr || other.values == nullptr || values->size() != other.values->size()) return false;
  // By bits, so that a NaN that was typed equals itself and undo does not see a change where none was.
  return values->empty() || std::memcmp(values->data(), other.values->data(), values->size() * sizeof(double)) == 0;
}

const LensFacts& facts_of(Lens lens) { return kLenses[static_cast<size_t>(lens)]; }

const char* name_of(Lens lens) { return facts_of(lens).name; }
const char* name_of(ThemeId theme) { return kThemeNames[static_cast<size_t>(theme)]; }
const char* name_of(SourceKind kind) { return kSourceNames[static_cast<size_t>(kind)]; }

bool brings_its_shape(SourceKind kind) { return is_of_file(kind); }
bool is_of_file(SourceKind kind) {
  return kind == SourceKind::image || kind == SourceKind::npy || kind == SourceKind::onnx;
}

std::optional<Lens> lens_from_name(std::string_view name) {
  for (const LensFacts& facts : kLenses) {
    if (name == facts.name) return facts.lens;
  }
  return std::nullopt;
}
std::optional<ThemeId> theme_from_name(std::string_view name) { return from_name<ThemeId>(kThemeNames, name); }
std::optional<SourceKind> source_kind_from_name(std::string_view name) {
  return from_name<SourceKind>(kSourceNames, name);
}

std::vector<Lens> all_lenses() {
  std::vector<Lens> lenses;
  for (const LensFacts& facts : kLenses) lenses.push_back(facts.lens);
  return lenses;
}

Result<void> set_picture_options(std::string_view words, PictureOptions& options) {
  struct Word {
    std::string_view word;
    bool PictureOptions::*option;
    bool value;
  };
  constexpr Word kWords[] = {
      {"weights", &PictureOptions::window_weights, true}, {"no_weights", &PictureOptions::window_weights, false},
      {"columns", &PictureOptions::window_columns, true}, {"rows", &PictureOptions::window_columns, false},
      {"counts", &PictureOptions::use_counts, true},      {"numbers", &PictureOptions::use_counts, false}};
  for (size_t begin = 0; begin <= words.size();) {
    const size_t end = std::min(words.find(',', begin), words.size());
    const std::string_view wanted = words.substr(begin, end - begin);
    const auto* found =
        std::find_if(std::begin(kWords), std::end(kWords), [&](const Word& w) { return w.word == wanted; });
    if (found == std::end(kWords)) {
      std::string all;
      for (const Word& word : kWords) all.append(all.empty() ? "" : ", ").append(word.word);
      return Error{"error.picture_option", "--show", {std::string(wanted), all}};
    }
    options.*(found->option) = found->value;
    begin = end + 1;
  }
  return {};
}

std::string names_of_lenses() {
  std::string names;
  for (const Lens lens : all_lenses()) names.append(names.empty() ? "" : ", ").append(name_of(lens));
  return names;
}

}  // namespace convscope
