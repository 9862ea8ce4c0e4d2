#include "app/io/image.h"

#include <gmock/gmock.h>
#include <png.h>
#include <stb_image_write.h>

#include <cmath>
#include <random>

#include "app/io/image_format.h"
#include "app/io/npy.h"
#include "tests/io/temporary_folder.h"

namespace convscope {
namespace {

/// 5 x 4 pixels, each different from its neighbours.
Pixels sample_pixels(int width = 5, int height = 4, uint8_t alpha = 255) {
  Pixels pixels{width, height, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int value : {40 * x, 60 * y, 255 - 20 * x - 10 * y}) pixels.rgba.push_back(static_cast<uint8_t>(value));
      pixels.rgba.push_back(alpha);
    }
  }
  return pixels;
}

void append(void* context, void* data, int size) {
  static_cast<std::string*>(context)->append(static_cast<const char*>(data), static_cast<size_t>(size));
}

std::string jpeg(int width, int height, int channels, const std::vector<uint8_t>& data, int quality = 95) {
  std::string bytes;
  stbi_write_jpg_to_func(append, &bytes, width, height, channels, data.data(), quality);
  return bytes;
}

std::string bmp(int width, int height, const std::vector<uint8_t>& rgb) {
  std::string bytes;
  stbi_write_bmp_to_func(append, &bytes, width, height, 3, rgb.data());
  return bytes;
}

std::string png(int width, int height, int channels, const std::vector<uint8_t>& data) {
  std::string bytes;
  stbi_write_png_to_func(append, &bytes, width, height, channels, data.data(), width * channels);
  return bytes;
}

/// stb writes run lengths unless told otherwise.
std::string tga(int width, int height, int channels, const std::vector<uint8_t>& data, bool run_lengths) {
  std::string bytes;
  stbi_write_tga_with_rle = run_lengths ? 1 : 0;
  stbi_write_tga_to_func(append, &bytes, width, height, channels, data.data());
  return bytes;
}

/// Planes of red, green and blue, plain or as rows of literal runs.
std::string psd(int width, int height, const std::vector<uint8_t>& rgb, bool run_lengths) {
  const auto big = [](int value, int count) {
    std::string text;
    for (int i = count - 1; i >= 0; --i) text += static_cast<char>(value >> (8 * i));
    return text;
  };
  std::string bytes = "8BPS" + big(1, 2) + std::string(6, '\0') + big(3, 2) + big(height, 4) + big(width, 4) +
                      big(8, 2) + big(3, 2) + big(0, 4) + big(4, 4) + "oops" + big(0, 4) + big(run_lengths, 2);
  if (run_lengths) {
    for (int row = 0; row < 3 * height; ++row) bytes += big(width + 1, 2);
  }
  for (int c = 0; c < 3; ++c) {
    for (int y = 0; y < height; ++y) {
      if (run_lengths) bytes += static_cast<char>(width - 1);
      for (int x = 0; x < width; ++x) bytes += static_cast<char>(rgb[static_cast<size_t>((y * width + x) * 3 + c)]);
    }
  }
  return bytes;
}

class ImageTest : public testing_support::TemporaryFolder {
 protected:
  Result<Tensor> read(const std::string& name, const std::string& bytes) {
    put(name, bytes);
    return read_image(path(name));
  }
  std::string code_of(const std::string& name, const std::string& bytes) {
    const Result<Tensor> tensor = read(name, bytes);
    return tensor ? "" : tensor.error().code;
  }
};

TEST_F(ImageTest, a_png_comes_back_as_its_values_over_255) {
  const Pixels pixels = sample_pixels();
  ASSERT_TRUE(write_png(path("a.png"), pixels));
  Result<Tensor> tensor = read_image(path("a.png"));
  ASSERT_TRUE(tensor);
  ASSERT_EQ(tensor->shape(), (Shape{1, 3, 4, 5}));
  EXPECT_EQ(tensor->dtype(), DType::float32);
  for (int y = 0; y < 4; ++y) {
    for (int x = 0; x < 5; ++x) {
      for (int c = 0; c < 3; ++c) {
        const float wanted = static_cast<float>(pixels.rgba[static_cast<size_t>((y * 5 + x) * 4 + c)]) / 255.0f;
        EXPECT_EQ(tensor->data<float>()[(c * 4 + y) * 5 + x], wanted) << c << " " << y << " " << x;
      }
    }
  }
  EXPECT_EQ(image_shape(path("a.png")).value(), tensor->shape());
}

TEST_F(ImageTest, an_opaque_png_has_no_alpha_channel_and_a_clear_one_has) {
  const auto color_type = [](const Result<std::vector<uint8_t>>& bytes) { return bytes.value()[25]; };
  EXPECT_EQ(color_type(encode_png(sample_pixels())), PNG_COLOR_TYPE_RGB);
  EXPECT_EQ(color_type(encode_png(sample_pixels(5, 4, 128))), PNG_COLOR_TYPE_RGB_ALPHA);
}

TEST_F(ImageTest, transparent_pixels_are_composed_over_white) {
  Result<Tensor> tensor = read("a.png", png(3, 1, 4, {255, 0, 0, 255, 255, 0, 0, 0, 0, 0, 0, 51}));
  ASSERT_TRUE(tensor);
  ASSERT_EQ(tensor->shape(), (Shape{1, 3, 1, 3}));
  const float* v = tensor->data<float>();
  EXPECT_EQ(v[0], 1.0f);  // red, opaque
  EXPECT_EQ(v[3], 0.0f);
  EXPECT_EQ(v[1], 1.0f);  // clear: white
  EXPECT_EQ(v[4], 1.0f);
  EXPECT_NEAR(v[2], 0.8f, 1e-6f);  // a fifth of black
}

TEST_F(ImageTest, what_a_picture_had_besides_is_told) {
  const auto picture = [this](const std::vector<uint8_t>& bytes) {
    put("p.png", std::string(bytes.begin(), bytes.end()));
    return read_picture(path("p.png")).value();
  };
  const auto bytes_of = [](const Pixels& pixels) { return encode_png(pixels).value(); };
  EXPECT_FALSE(picture(bytes_of(sample_pixels())).has_alpha);
  EXPECT_TRUE(picture(bytes_of(sample_pixels(5, 4, 128))).has_alpha);
  EXPECT_TRUE(picture(bytes_of(sample_pixels(5, 4, 128))).is_transparent);
}

TEST_F(ImageTest, grey_pictures_have_one_channel) {
  Result<Tensor> tensor = read("a.png", png(2, 2, 1, {0, 51, 102, 255}));
  ASSERT_TRUE(tensor);
  EXPECT_EQ(tensor->shape(), (Shape{1, 1, 2, 2}));
  EXPECT_NEAR(tensor->at(1), 0.2, 1e-7);
  tensor = read("b.png", png(1, 1, 2, {0, 127}));
  ASSERT_TRUE(tensor);
  EXPECT_EQ(tensor->shape(), (Shape{1, 1, 1, 1}));
  EXPECT_NEAR(tensor->at(0), 128.0 / 255, 1e-6);
}

TEST_F(ImageTest, jpeg_bmp_and_pnm_are_read) {
  std::vector<uint8_t> rgb;
  for (int i = 0; i < 16 * 16; ++i) rgb.insert(rgb.end(), {200, 100, 50});
  Result<Tensor> tensor = read("a.jpg", jpeg(16, 16, 3, rgb));
  ASSERT_TRUE(tensor);
  EXPECT_EQ(tensor->shape(), (Shape{1, 3, 16, 16}));
  EXPECT_NEAR(tensor->at(0), 200.0 / 255, 0.02);
  tensor = read("a.bmp", bmp(16, 16, rgb));
  ASSERT_TRUE(tensor);
  EXPECT_EQ(tensor->at(0), 200.0f / 255.0f);
  tensor = read("a.ppm", "P6\n# a comment\n1 2\n255\n" + std::string("\xff\x00\x00\x00\xff\x00", 6));
  ASSERT_TRUE(tensor);
  EXPECT_EQ(tensor->shape(), (Shape{1, 3, 2, 1}));
  EXPECT_EQ(tensor->at(0), 1.0);
  tensor = read("a.pgm", std::string("P5 2 1 255\n") + "\x33\xff");
  ASSERT_TRUE(tensor);
  EXPECT_EQ(tensor->shape(), (Shape{1, 1, 1, 2}));
}

TEST_F(ImageTest, tga_and_psd_are_read) {
  const std::vector<uint8_t> rgb{10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120};
  for (bool run_lengths : {false, true}) {
    for (const std::string& bytes : {tga(2, 2, 3, rgb, run_lengths), psd(2, 2, rgb, run_lengths)}) {
      const Result<Tensor> tensor = read("a.tga", bytes);
      ASSERT_TRUE(tensor) << run_lengths << tensor.error().code;
      ASSERT_EQ(tensor->shape(), (Shape{1, 3, 2, 2}));
      EXPECT_EQ(image_shape(path("a.tga")).value(), tensor->shape());
      for (int64_t i = 0; i < 12; ++i) {
        EXPECT_EQ(tensor->at(i), static_cast<float>(rgb[static_cast<size_t>(i % 4 * 3 + i / 4)]) / 255.0f) << i;
      }
    }
    EXPECT_EQ(read("grey.tga", tga(2, 2, 1, {0, 51, 102, 255}, run_lengths))->shape(), (Shape{1, 1, 2, 2}));
  }
}

TEST_F(ImageTest, kinds_that_are_not_read_are_called_by_their_names) {
  put("a.zip", "PK\x03\x04");
  put("b.WebP", "RIFF");
  put("c.pt", "PK\x03\x04");
  put("d.bin", "what");
  EXPECT_EQ(read_npy(path("a.zip")).error(), (Error{"error.archive_numpy", "", {path("a.zip")}}));
  EXPECT_EQ(read_npy(path("b.WebP")).error().code, "error.image_format");
  EXPECT_EQ(read_npy(path("c.pt")).error().code, "error.archive_torch");
  EXPECT_EQ(read_npy(path("d.bin")).error().code, "error.npy_magic");
  EXPECT_EQ(read_npy(path("none.tif")).error().code, "error.file_not_found");
}

TEST_F(ImageTest, the_content_counts_and_not_the_name) {
  ASSERT_TRUE(read("really.jpg", png(2, 2, 1, {0, 51, 102, 255})));
  EXPECT_EQ(code_of("text.png", "no picture at all"), "error.image_format");
  EXPECT_EQ(code_of("empty.png", ""), "error.file_empty");
}

TEST_F(ImageTest, names_are_told_by_their_ending) {
  for (const char* name :
       {"a.png", "A.PNG", "b.jpeg", "c.JpG", "x.y.bmp", "d.gif", "e.ppm", "f.pgm", "g.tga", "h.PSD"}) {
    EXPECT_TRUE(is_image_name(name)) << name;
  }
  for (const char* name : {"a.npy", "png", "a.png.json", "a.", ""}) EXPECT_FALSE(is_image_name(name)) << name;
}

/// A JPEG with the camera's note behind its first marker.
std::string with_orientation(const std::string& jpeg_bytes, int value, bool little) {
  using namespace std::string_literals;
  const std::string tiff =
      little ? "II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0"s + static_cast<char>(value) + "\0\0\0\0\0\0\0"s
             : "MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0"s + static_cast<char>(value) + "\0\0\0\0\0\0"s;
  const std::string segment = "Exif\0\0"s + tiff;
  std::string marker = "\xff\xe1"s;
  marker += static_cast<char>((segment.size() + 2) >> 8);
  marker += static_cast<char>((segment.size() + 2) & 255);
  return jpeg_bytes.substr(0, 2) + marker + segment + jpeg_bytes.substr(2);
}

TEST_F(ImageTest, a_camera_held_sideways_is_followed) {
  // Four flat blocks of 16 x 16: A B above C D, 32 wide and 48 high with a third row E F.
  constexpr int kBlocks[3][2] = {{20, 60}, {100, 140}, {180, 220}};
  std::vector<uint8_t> grey(32 * 48);
  for (size_t y = 0; y < 48; ++y) {
    for (size_t x = 0; x < 32; ++x) grey[y * 32 + x] = static_cast<uint8_t>(kBlocks[y / 16][x / 16]);
  }
  const std::string upright = jpeg(32, 48, 1, grey);
  const auto blocks_of = [](const Tensor& tensor) {
    std::vector<std::vector<int>> blocks;
    const int64_t height = tensor.shape()[2], width = tensor.shape()[3];
    for (int64_t y = 8; y < height; y += 16) {
      blocks.emplace_back();
      for (int64_t x = 8; x < width; x += 16) {
        blocks.back().push_back(static_cast<int>(std::lround(tensor.at(y * width + x) * 255 / 20) * 20));
      }
    }
    return blocks;
  };
  using Rows = std::vector<std::vector<int>>;
  const Rows wanted[9] = {{},
                          {{20, 60}, {100, 140}, {180, 220}},  // 1 upright
                          {{60, 20}, {140, 100}, {220, 180}},  // 2 mirrored
                          {{220, 180}, {140, 100}, {60, 20}},  // 3 upside down
                          {{180, 220}, {100, 140}, {20, 60}},  // 4 mirrored, upside down
                          {{20, 100, 180}, {60, 140, 220}},    // 5 transposed
                          {{180, 100, 20}, {220, 140, 60}},    // 6 turned right
                          {{220, 140, 60}, {180, 100, 20}},    // 7 transposed the other way
                          {{60, 140, 220}, {20, 100, 180}}};   // 8 turned left
  for (int value = 1; value <= 8; ++value) {
    for (bool little : {true, false}) {
      Result<Tensor> tensor = read("a.jpg", with_orientation(upright, value, little));
      ASSERT_TRUE(tensor) << value;
      EXPECT_EQ(blocks_of(*tensor), wanted[value]) << value;
      EXPECT_EQ(image_shape(path("a.jpg")).value(), tensor->shape());
    }
  }
}

TEST_F(ImageTest, every_cut_of_a_good_file_is_refused) {
  std::vector<uint8_t> rgb;
  for (int i = 0; i < 24 * 24 * 3; ++i) rgb.push_back(static_cast<uint8_t>(i * i));
  const std::string good[] = {png(24, 24, 3, rgb),        jpeg(24, 24, 3, rgb),
                              bmp(24, 24, rgb),           "P6 24 24 255\n" + std::string(rgb.begin(), rgb.end()),
                              tga(24, 24, 3, rgb, false), tga(24, 24, 3, rgb, true),
                              psd(24, 24, rgb, false),    psd(24, 24, rgb, true)};
  for (const std::string& bytes : good) {
    ASSERT_EQ(code_of("x", bytes), "");
    for (size_t cut : {bytes.size() - 1, bytes.size() / 2, size_t{60}, size_t{20}, size_t{3}, size_t{1}}) {
      EXPECT_NE(code_of("x", bytes.substr(0, cut)), "") << bytes.substr(1, 3) << " cut to " << cut;
    }
  }
}

TEST_F(ImageTest, changed_bytes_never_do_worse_than_an_error) {
  std::vector<uint8_t> rgb;
  for (int i = 0; i < 24 * 24 * 3; ++i) rgb.push_back(static_cast<uint8_t>(i * i));
  const std::string good[] = {png(24, 24, 3, rgb), jpeg(24, 24, 3, rgb), bmp(24, 24, rgb), tga(24, 24, 3, rgb, true),
                              psd(24, 24, rgb, true)};
  std::mt19937 random(20240607);
  for (const std::string& bytes : good) {
    for (int round = 0; round < 300; ++round) {
      std::string bad = bytes;
      for (int change = 0; change < 4; ++change) bad[random() % bad.size()] = static_cast<char>(random());
      const Result<Tensor> tensor = read("x", bad);
      if (tensor) {
        EXPECT_LE(tensor->numel(), int64_t{300'000'000});
      } else {
        EXPECT_THAT(tensor.error().code, testing::StartsWith("error.")) << round;
      }
    }
  }
}

TEST_F(ImageTest, giant_pictures_are_refused_before_they_are_decoded) {
  // A header that promises 65500 x 65500 pixels, with hardly any data behind it.
  std::string bytes = png(1, 1, 1, {0});
  for (int i : {16, 20}) {
    bytes[static_cast<size_t>(i) + 2] = '\xff';
    bytes[static_cast<size_t>(i) + 3] = '\xdc';
  }
  put("big.png", bytes);
  EXPECT_EQ(image_shape(path("big.png")).error().code, "error.image_too_large");
  const Result<Tensor> tensor = read_image(path("big.png"));
  ASSERT_FALSE(tensor);
  EXPECT_EQ(tensor.error(), (Error{"error.image_too_large", "", {path("big.png"), "65500", "65500", "100"}}));
}

TEST_F(ImageTest, missing_files_and_folders_are_errors) {
  EXPECT_EQ(read_image(path("none.png")).error().code, "error.file_not_found");
  EXPECT_EQ(read_image(folder_.string()).error().code, "error.file_unreadable");
}

TEST_F(ImageTest, a_png_keeps_its_texts) {
  ASSERT_TRUE(write_png(path("a.png"), sample_pixels(), {{"Description", "卷积 3x3"}, {"Title", "Convolution"}}));
  const std::string bytes = get("a.png");
  EXPECT_THAT(bytes, testing::HasSubstr("iTXtDescription"));
  EXPECT_THAT(bytes, testing::HasSubstr("卷积 3x3"));
  EXPECT_TRUE(read_image(path("a.png")));
}

TEST_F(ImageTest, pixels_that_do_not_match_their_size_are_refused) {
  Pixels pixels = sample_pixels();
  pixels.width = 6;
  EXPECT_EQ(encode_png(pixels).error().code, "error.png_encoding");
  EXPECT_EQ(encode_png(Pixels{}).error().code, "error.png_encoding");
  EXPECT_EQ(write_png(path("a.png"), pixels).error().code, "error.png_encoding");
  EXPECT_THAT(names(), testing::IsEmpty());
}

uint64_t fingerprint(const Tensor& tensor) {
  uint64_t hash = 1469598103934665603u;
  for (int64_t i = 0; i < tensor.numel(); ++i) {
    hash ^= static_cast<uint64_t>(std::lround(tensor.at(i) * 255));
    hash *= 1099511628211u;
  }
  return hash;
}

TEST(SamplePhoto, is_the_same_picture_on_every_machine) {
  const Tensor photo = *sample_photo(90, 160);
  ASSERT_EQ(photo.shape(), (Shape{1, 3, 90, 160}));
  for (int64_t i = 0; i < photo.numel(); ++i) {
    const double steps = photo.at(i) * 255;
    ASSERT_GE(steps, 0);
    ASSERT_LE(steps, 255);
    ASSERT_NEAR(steps, std::round(steps), 1e-4);
  }
  EXPECT_EQ(fingerprint(photo), 1070761343437633621u);
}

TEST(SamplePhoto, does_not_depend_on_how_many_threads_paint) {
  // Large enough to be painted by several, small enough to be quick; painted twice in turn with other work between.
  const Tensor a = *sample_photo(300, 400), b = *sample_photo(300, 400);
  EXPECT_EQ(fingerprint(a), fingerprint(b));
}

TEST(SamplePhoto, has_smooth_parts_edges_and_texture) {
  const Tensor photo = *sample_photo(270, 480);
  const float* red = photo.data<float>();
  int smooth = 0, edges = 0;
  for (int64_t y = 0; y < 270; ++y) {
    for (int64_t x = 1; x < 480; ++x) {
      const float step = std::abs(red[y * 480 + x] - red[y * 480 + x - 1]);
      smooth += step < 0.02f ? 1 : 0;
      edges += step > 0.2f ? 1 : 0;
    }
  }
  EXPECT_GT(smooth, 270 * 480 / 3);
  EXPECT_GT(edges, 270 * 480 / 200);
}

TEST(SamplePhoto, takes_any_size) {
  EXPECT_EQ(sample_photo(1, 1)->numel(), 3);
  EXPECT_EQ(sample_photo(300, 2)->numel(), 1800);
  EXPECT_EQ(sample_photo(0, 5)->numel(), 0);
  EXPECT_FALSE(sample_photo(1 << 20, 1 << 20));
}

}  // namespace
}  // namespace convscope
