// APNG and animated WebP: the same frames as were given, to the last bit, by readers that are not ours.
#include <cmath>
#include <numeric>

#include "app/export/frame_difference.h"
#include "clip_tools.h"

namespace convscope::testing {
namespace {

ClipFormat format(int width, int height, int fps = 20) {
  ClipFormat clip;
  clip.width = width;
  clip.height = height;
  clip.fps = fps;
  return clip;
}

std::vector<Pixels> flat_clip(int count, int width = 120, int height = 100) {
  std::vector<Pixels> frames;
  for (int i = 0; i < count; ++i) frames.push_back(flat_frame(width, height, i));
  return frames;
}

/// Shapes of every alpha over nothing, some of which vanish.
std::vector<Pixels> clear_clip() {
  std::vector<Pixels> frames;
  for (int i = 0; i < 6; ++i) {
    Pixels frame = canvas(121, 83, 0, 0);
    fill(frame, 20, 20, 30, 30, 0x0072B2);
    fill(frame, 11 + 14 * i, 31, 20, 20, 0xE69F00, static_cast<uint8_t>(255 - 20 * i));
    if (i == 3) frame = canvas(121, 83, 0, 0);
    frames.push_back(frame);
  }
  return frames;
}

/// Equal where anything can be seen.
void expect_same(const Pixels& read, const Pixels& given, const std::string& what) {
  ASSERT_EQ(read.width, given.width) << what;
  ASSERT_EQ(read.height, given.height) << what;
  for (size_t i = 0; i < given.rgba.size(); i += 4) {
    ASSERT_EQ(read.rgba[i + 3], given.rgba[i + 3]) << what << " pixel " << i / 4;
    if (given.rgba[i + 3] == 0) continue;
    for (size_t c = 0; c < 3; ++c) ASSERT_EQ(read.rgba[i + c], given.rgba[i + c]) << what << " pixel " << i / 4;
  }
}

void expect_same(const std::vector<Pixels>& read, const std::vector<Pixels>& given) {
  ASSERT_EQ(read.size(), given.size());
  for (size_t i = 0; i < given.size(); ++i) expect_same(read[i], given[i], "frame " + std::to_string(i));
}

TEST(FrameComparer, keeps_only_what_changed_and_says_when_it_can_be_laid_over) {
  FrameComparer comparer(2);
  FrameDifference difference;
  Pixels a = canvas(50, 40, 0xFFFFFF), b = a;
  ASSERT_TRUE(comparer.next(a, difference));
  EXPECT_EQ(difference.pixels.rgba, a.rgba);
  EXPECT_FALSE(difference.over);
  EXPECT_FALSE(comparer.next(a, difference));
  fill(b, 11, 7, 1, 1, 0x0072B2);
  fill(b, 14, 9, 1, 1, 0x0072B2);
  ASSERT_TRUE(comparer.next(b, difference));
  EXPECT_EQ(difference.x0, 10);  // on the grid
  EXPECT_EQ(difference.y0, 6);
  EXPECT_EQ(difference.pixels.width, 5);
  EXPECT_EQ(difference.pixels.height, 4);
  EXPECT_TRUE(difference.over);
  EXPECT_EQ(difference.pixels.rgba[3], 0);  // what did not change is a hole
  fill(b, 14, 9, 1, 1, 0, 0);
  ASSERT_TRUE(comparer.next(b, difference));
  EXPECT_FALSE(difference.over) << "a pixel that becomes clear cannot be laid over anything";
}

#define NEEDS(program) \
  if (!has_program(program)) GTEST_SKIP() << "needs the program " program

TEST(ApngSink, frames_come_back_bit_for_bit) {
  NEEDS("ffmpeg");
  TempFolder folder;
  const auto frames = flat_clip(12, 121, 101);
  ASSERT_TRUE(write_clip(folder.file("a.apng"), format(121, 101), frames).ok());
  expect_same(read_animation(folder.file("a.apng"), 121, 101), frames);
  // and the first of them in programs that know no animation
  EXPECT_EQ(read_png(folder.file("a.apng")).rgba, frames[0].rgba);
}

TEST(ApngSink, photographs_and_clear_pixels_come_back_bit_for_bit) {
  NEEDS("ffmpeg");
  TempFolder folder;
  std::vector<Pixels> photos;
  for (int i = 0; i < 4; ++i) photos.push_back(photo_frame(120, 80, i));
  ASSERT_TRUE(write_clip(folder.file("a.apng"), format(120, 80), photos).ok());
  expect_same(read_animation(folder.file("a.apng"), 120, 80), photos);
  ClipFormat clear = format(121, 83);
  clear.transparent = true;
  ASSERT_TRUE(write_clip(folder.file("b.apng"), clear, clear_clip()).ok());
  expect_same(read_animation(folder.file("b.apng"), 121, 83), clear_clip());
}

TEST(ApngSink, delays_are_exact_at_every_frame_rate) {
  NEEDS("ffprobe");
  TempFolder folder;
  for (const int fps : {1, 7, 20, 24, 30, 60}) {
    ASSERT_TRUE(write_clip(folder.file("a.apng"), format(120, 100, fps), flat_clip(4), {1, 3, 2, 1}).ok());
    const std::vector<double> times = frame_times(folder.file("a.apng"));
    ASSERT_EQ(times.size(), 4u) << fps;
    const double wanted[] = {0, 1, 4, 6};
    // ffmpeg's clock of this format counts hundred-thousandths
    for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(times[i], wanted[i] / fps, 2e-5) << fps;
  }
}

/// The fractions in an APNG's fcTL chunks.
std::vector<std::pair<int, int>> apng_delays(const std::string& bytes) {
  std::vector<std::pair<int, int>> delays;
  const auto byte = [&](size_t at) { return static_cast<int>(static_cast<unsigned char>(bytes[at])); };
  for (size_t at = bytes.find("fcTL"); at != std::string::npos; at = bytes.find("fcTL", at + 1)) {
    delays.emplace_back(byte(at + 24) * 256 + byte(at + 25), byte(at + 26) * 256 + byte(at + 27));
  }
  return delays;
}

TEST(ApngSink, equal_frames_become_one_and_long_pauses_keep_their_length) {
  TempFolder folder;
  const Pixels a = flat_frame(120, 100, 0), b = flat_frame(120, 100, 1);
  ASSERT_TRUE(write_clip(folder.file("a.apng"), format(120, 100, 30), {a, a, b, b}, {1, 2, 1, 44}).ok());
  EXPECT_EQ(apng_delays(bytes_of(folder.file("a.apng"))), (std::vector<std::pair<int, int>>{{1, 10}, {3, 2}}));
  // a numerator of more than 16 bits is shared out
  ASSERT_TRUE(write_clip(folder.file("a.apng"), format(120, 100, 60), {a, b}, {1, 65536 * 3 + 1}).ok());
  double seconds = 0;
  for (const auto& [times, rate] : apng_delays(bytes_of(folder.file("a.apng")))) seconds += double(times) / rate;
  EXPECT_NEAR(seconds, (65536 * 3 + 2) / 60.0, 1e-9);
  if (!has_program("ffmpeg")) GTEST_SKIP() << "needs the program ffmpeg";
  EXPECT_EQ(read_animation(folder.file("a.apng"), 120, 100).back().rgba, b.rgba);
}

TEST(ApngSink, what_changes_is_all_that_is_stored) {
  TempFolder folder;
  Pixels a = photo_frame(200, 100, 0), b = a;
  fill(b, 150, 60, 10, 5, 0xE69F00);
  ASSERT_TRUE(write_clip(folder.file("one.apng"), format(200, 100), {a}).ok());
  ASSERT_TRUE(write_clip(folder.file("two.apng"), format(200, 100), {a, b}).ok());
  EXPECT_LT(bytes_of(folder.file("two.apng")).size(), bytes_of(folder.file("one.apng")).size() + 300);
}

TEST(ApngSink, the_description_is_a_text_chunk) {
  TempFolder folder;
  ClipFormat described = format(120, 100);
  described.description = "第 9 步";
  ASSERT_TRUE(write_clip(folder.file("a.apng"), described, flat_clip(2)).ok());
  const std::string bytes = bytes_of(folder.file("a.apng"));
  EXPECT_NE(bytes.find("iTXtDescription"), std::string::npos);
  EXPECT_NE(bytes.find("第 9 步"), std::string::npos);
}

#ifdef CONVSCOPE_WEBP
TEST(WebpSink, frames_come_back_bit_for_bit) {
  NEEDS("webpinfo");
  TempFolder folder;
  const auto frames = flat_clip(12, 121, 101);
  ASSERT_TRUE(write_clip(folder.file("a.webp"), format(121, 101), frames).ok());
  const WebpClip clip = read_webp(folder.file("a.webp"));
  EXPECT_NE(clip.info.find("Loop count      : 0"), std::string::npos) << clip.info;
  EXPECT_NE(clip.info.find("No error detected"), std::string::npos) << clip.info;
  expect_same(clip.frames, frames);
}

TEST(WebpSink, photographs_and_clear_pixels_come_back_bit_for_bit) {
  NEEDS("webpinfo");
  TempFolder folder;
  std::vector<Pixels> photos;
  for (int i = 0; i < 3; ++i) photos.push_back(photo_frame(120, 80, i));
  ASSERT_TRUE(write_clip(folder.file("a.webp"), format(120, 80), photos).ok());
  expect_same(read_webp(folder.file("a.webp")).frames, photos);
  ClipFormat clear = format(121, 83);
  clear.transparent = true;
  ASSERT_TRUE(write_clip(folder.file("b.webp"), clear, clear_clip()).ok());
  expect_same(read_webp(folder.file("b.webp")).frames, clear_clip());
}

TEST(WebpSink, delays_are_whole_milliseconds_that_add_up) {
  NEEDS("webpinfo");
  TempFolder folder;
  for (const int fps : {1, 10, 20, 25, 50}) {
    ASSERT_TRUE(write_clip(folder.file("a.webp"), format(120, 100, fps), flat_clip(4), {1, 3, 2, 1}).ok());
    const int one = 1000 / fps;
    EXPECT_EQ(read_webp(folder.file("a.webp")).milliseconds, (std::vector<int>{one, 3 * one, 2 * one, one})) << fps;
  }
  for (const int fps : {7, 24, 30, 60}) {
    ASSERT_TRUE(write_clip(folder.file("a.webp"), format(120, 100, fps), flat_clip(20)).ok());
    const std::vector<int> delays = read_webp(folder.file("a.webp")).milliseconds;
    EXPECT_EQ(std::accumulate(delays.begin(), delays.end(), 0), std::lround(20000.0 / fps)) << fps;
    for (const int delay : delays) EXPECT_NEAR(delay, 1000.0 / fps, 1) << fps;
  }
}

TEST(WebpSink, a_pause_longer_than_a_delay_can_say_keeps_its_length) {
  NEEDS("webpinfo");
  TempFolder folder;
  const Pixels a = flat_frame(120, 100, 0), b = flat_frame(120, 100, 1);
  ASSERT_TRUE(write_clip(folder.file("a.webp"), format(120, 100, 1), {a, b}, {1, 20000}).ok());
  const WebpClip clip = read_webp(folder.file("a.webp"));
  int64_t sum = 0;
  for (const int delay : clip.milliseconds) sum += delay;
  EXPECT_EQ(sum, 20'001'000);
  expect_same(clip.frames.back(), b, "last");
}
#endif

}  // namespace
}  // namespace convscope::testing
