#include "app/io/foreign_file.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <span>
#include <string_view>

namespace convscope {

namespace {

using Endings = std::span<const std::string_view>;

constexpr std::array<std::string_view, 5> kNumpy = {"zip", "pkl", "pickle", "h5", "mat"};
constexpr std::array<std::string_view, 4> kTorch = {"pt", "pth", "ckpt", "safetensors"};
constexpr std::array<std::string_view, 12> kPictures = {"webp", "tif", "tiff", "heic", "heif", "avif",
                                                        "jxl",  "jp2", "exr",  "hdr",  "pic",  "svg"};

}  // namespace

std::optional<Error> foreign_file(const std::string& path) {
  const size_t dot = path.rfind('.');
  if (dot == std::string::npos) return std::nullopt;
  std::string ending = path.substr(dot + 1);
  for (char& c : ending) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const auto is_one_of = [&](Endings endings) {
    return std::find(endings.begin(), endings.end(), ending) != endings.end();
  };
  if (is_one_of(kNumpy)) return Error{"error.archive_numpy", "", {path}};
  if (is_one_of(kTorch)) return Error{"error.archive_torch", "", {path}};
  if (is_one_of(kPictures)) return Error{"error.image_format", "", {path}};
  return std::nullopt;
}

}  // namespace convscope
