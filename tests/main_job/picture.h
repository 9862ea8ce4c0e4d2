// The picture of the main job: small enough to check, large enough to be drawn as a texture.
#pragma once

#include <stb_image_write.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "app/io/image.h"

namespace convscope {

inline constexpr int kPictureWidth = 192;
inline constexpr int kPictureHeight = 108;

/// picture.png and picture.jpg in `folder`; false if one could not be made.
inline bool write_main_job_pictures(const std::string& folder) {
  const Result<Tensor> photo = sample_photo(kPictureHeight, kPictureWidth);
  if (!photo) return false;
  Pixels pixels{kPictureWidth, kPictureHeight, {}};
  const int64_t plane = int64_t{kPictureWidth} * kPictureHeight;
  std::vector<uint8_t> rgb;
  for (int64_t i = 0; i < plane; ++i) {
    for (int64_t c = 0; c < 3; ++c) {
      const auto level = static_cast<uint8_t>(std::lround(photo->at(c * plane + i) * 255.0));
      pixels.rgba.push_back(level);
      rgb.push_back(level);
    }
    pixels.rgba.push_back(255);
  }
  return write_png(folder + "/picture.png", pixels).ok() &&
         stbi_write_jpg((folder + "/picture.jpg").c_str(), kPictureWidth, kPictureHeight, 3, rgb.data(), 95) != 0;
}

}  // namespace convscope
