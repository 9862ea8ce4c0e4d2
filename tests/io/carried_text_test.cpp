#include "app/io/carried_text.h"

#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "temporary_folder.h"

namespace convscope {
namespace {

class CarriedTextOf : public testing_support::TemporaryFolder {};

TEST(CarriedForm, is_one_line_of_ascii_that_stands_anywhere) {
  EXPECT_EQ(carried_form("{\n  \"a\": \"<x> & \xE5\x8D\xB7\",\n  \"b\": 1\n}\n"),
            "{\"a\": \"\\u003cx\\u003e \\u0026 \\u5377\",\"b\": 1}");
  EXPECT_EQ(carried_form("\"\xF0\x9D\x95\x8F\""), "\"\\ud835\\udd4f\"");
  EXPECT_EQ(carried_form("\"two  spaces\""), "\"two  spaces\"");
  EXPECT_EQ(carried_form(std::string(kMostCarriedBytes + 1, 'x')), "");
}

std::string chunk(const std::string& type, const std::string& data) {
  std::string out;
  for (const int shift : {24, 16, 8, 0}) out += static_cast<char>(data.size() >> shift & 255);
  return out + type + data + "crc.";
}

/// One small file of each kind with a session in it, as hand-made as can be.
std::vector<std::string> carriers() {
  using namespace std::string_literals;
  const std::string json = "{\"format\": \"convscope-session\"}";
  const std::string xmp = xmp_packet("t", "d", json);
  const auto little = [](size_t value) {
    std::string out;
    for (int i = 0; i < 4; ++i) out += static_cast<char>(value >> (8 * i) & 255);
    return out;
  };
  const auto big = [](size_t value) {
    std::string out;
    for (const int shift : {24, 16, 8, 0}) out += static_cast<char>(value >> shift & 255);
    return out;
  };
  const auto element = [](const std::string& id, const std::string& data) {
    return id + static_cast<char>(0x40 | data.size() >> 8) + static_cast<char>(data.size() & 255) + data;
  };
  const std::string tags =
      element("\x12\x54\xC3\x67",
              element("\x73\x73", element("\x67\xC8", element("\x45\xA3", kMatroskaTag) + element("\x44\x87", json))));
  std::string webp = "VP8X"s + little(3) + "abc\0"s + "XMP " + little(xmp.size()) + xmp;
  return {
      "\x89PNG\r\n\x1a\n"s + chunk("IHDR", std::string(13, 'x')) +
          chunk("iTXt", "convscope-session\0\0\0\0\0"s + json) + chunk("IDAT", "pixels"),
      "GIF89a"s + std::string(4, '\1') + "\x80\0\0"s + "abcdef" + "\x21\xFF\x0BNETSCAPE2.0\x03\x01\0\0\0"s +
          "\x21\xFE"s + static_cast<char>(json.size()) + json + "\0,"s,
      "RIFF"s + little(webp.size() + 4) + "WEBP" + webp,
      big(12) + "ftypisom" + big(8 + 16 + xmp.size()) + "uuid" + std::string(kXmpBox) + xmp,
      element("\x1A\x45\xDF\xA3", "head") + element("\x18\x53\x80\x67", element("\xEC", "void") + tags),
      "%PDF-1.4\n5 0 obj\n<< /ConvScopeSession ({\"format\": \"\\(\\)\\\\\"}) >>\nendobj\n",
      "<svg xmlns=\"x\"><metadata id=\"convscope-session\">" + json + "</metadata></svg>",
      "<!DOCTYPE html><script type=\"application/json\" id=\"convscope-session\">" + json + "</script>",
      "% title\n%convscope {\"format\": \n%convscope \"convscope-session\"}\n\\documentclass{article}",
  };
}

TEST_F(CarriedTextOf, is_found_in_each_kind_of_file) {
  for (const std::string& bytes : carriers()) {
    const std::string file = path("a.tex");
    std::ofstream(file, std::ios::binary) << bytes;
    const CarriedText carried = carried_text(file);
    EXPECT_TRUE(carried.can_carry) << bytes.substr(0, 12);
    EXPECT_EQ(carried.json.value_or("nothing").substr(0, 10), "{\"format\":") << bytes.substr(0, 12);
  }
  std::ofstream(path("x.json"), std::ios::binary) << "{\"format\": \"convscope-session\"}";
  EXPECT_FALSE(carried_text(path("x.json")).can_carry);
  EXPECT_FALSE(carried_text(path("missing")).can_carry);
  EXPECT_FALSE(carried_text(path("")).can_carry) << "a folder";
}

TEST_F(CarriedTextOf, files_cut_short_or_damaged_carry_nothing_or_something_but_end) {
  const std::string file = path("a.tex");
  std::mt19937 random(5);
  for (const std::string& bytes : carriers()) {
    for (size_t length = 0; length < bytes.size(); length += 3) {
      std::ofstream(file, std::ios::binary) << bytes.substr(0, length);
      carried_text(file);
    }
    for (int i = 0; i < 200; ++i) {
      std::string damaged = bytes;
      for (int k = 0; k < 4; ++k) damaged[random() % damaged.size()] = static_cast<char>(random());
      std::ofstream(file, std::ios::binary) << damaged;
      carried_text(file);
    }
  }
}

}  // namespace
}  // namespace convscope
