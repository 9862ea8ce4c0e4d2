#ifdef CONVSCOPE_VIDEO
#include <algorithm>

#include "clip_tools.h"

namespace convscope::testing {
namespace {

#define NEEDS(program) \
  if (!has_program(program)) GTEST_SKIP() << "needs the program " program

ClipFormat format(int width, int height, bool chroma444 = false) {
  ClipFormat clip;
  clip.width = width;
  clip.height = height;
  clip.fps = 25;
  clip.chroma444 = chroma444;
  return clip;
}

std::vector<Pixels> clip(int width, int height, int count) {
  std::vector<Pixels> frames;
  for (int i = 0; i < count; ++i) frames.push_back(flat_frame(width, height, i / 2));
  return frames;
}

std::string stream_facts(const std::string& path) {
  return output_of(
      "ffprobe -v error -count_frames -select_streams v -show_entries "
      "stream=codec_name,width,height,pix_fmt,color_range,color_space,color_transfer,color_primaries,r_frame_rate,"
      "nb_read_frames,duration,chroma_location -of default=nokey=0:noprint_wrappers=1 '" +
      path + "'");
}

TEST(Mp4Sink, says_what_it_is) {
  NEEDS("ffprobe");
  TempFolder folder;
  ASSERT_TRUE(write_clip(folder.file("a.mp4"), format(160, 100), clip(160, 100, 6), {1, 1, 1, 1, 1, 45}).ok());
  const std::string facts = stream_facts(folder.file("a.mp4"));
  for (const char* fact : {"codec_name=h264", "width=160", "height=100", "pix_fmt=yuv420p", "color_range=tv",
                           "color_space=bt709", "color_transfer=bt709", "color_primaries=bt709", "r_frame_rate=25/1",
                           "nb_read_frames=50", "duration=2.000000"}) {
    EXPECT_NE(facts.find(fact), std::string::npos) << fact << " not in\n" << facts;
  }
  EXPECT_EQ(folder.names(), std::vector<std::string>{"a.mp4"});
}

TEST(Mp4Sink, a_long_pause_is_one_picture_a_second_and_lasts_as_long) {
  NEEDS("ffprobe");
  TempFolder folder;
  const auto frames = clip(160, 100, 4);
  // ten seconds at 25 frames, 49 at one, the last at 25 again; then a picture that comes on time
  ASSERT_TRUE(write_clip(folder.file("a.mp4"), format(160, 100), frames, {1, 60 * 25, 1, 20 * 25 + 7}).ok());
  const std::string facts = stream_facts(folder.file("a.mp4"));
  EXPECT_NE(facts.find("duration=80.360000"), std::string::npos) << facts;
  const std::string count = "nb_read_frames=" + std::to_string(1 + 250 + 49 + 25 + 1 + 250 + 10 + 25);
  EXPECT_NE(facts.find(count), std::string::npos) << facts;
  const std::string times =
      output_of("ffprobe -v error -show_entries frame=pts_time -of csv=p=0 '" + folder.file("a.mp4") + "'");
  EXPECT_NE(times.find("60.040000"), std::string::npos) << "the third picture starts after the first two";
  EXPECT_NE(times.find("80.320000"), std::string::npos) << "the last frame of all";
  // a lecturer can jump into the pause
  const std::string keys = output_of("ffprobe -v error -skip_frame nokey -show_entries frame=pts_time -of csv=p=0 '" +
                                     folder.file("a.mp4") + "'");
  EXPECT_GE(std::count(keys.begin(), keys.end(), '\n'), 80 / 5) << keys;
}

TEST(Mp4Sink, the_index_comes_before_the_pictures) {
  TempFolder folder;
  ASSERT_TRUE(write_clip(folder.file("a.mp4"), format(160, 100), clip(160, 100, 6)).ok());
  const std::string bytes = bytes_of(folder.file("a.mp4"));
  ASSERT_NE(bytes.find("moov"), std::string::npos);
  EXPECT_LT(bytes.find("moov"), bytes.find("mdat"));
}

TEST(Mp4Sink, colours_come_back_through_an_independent_decoder) {
  NEEDS("ffmpeg");
  TempFolder folder;
  // wide fills, so that chroma at half resolution has nothing to blur in their middle
  Pixels frame = canvas(192, 96, 0xFFFFFF);
  const uint32_t colors[] = {0x0072B2, 0xE69F00, 0x00785A, 0x14171C, 0xF0E442, 0xB3261E};
  for (int i = 0; i < 6; ++i) fill(frame, 32 * i, 0, 32, 64, colors[i]);
  for (const bool chroma444 : {false, true}) {
    ASSERT_TRUE(write_clip(folder.file("a.mp4"), format(192, 96, chroma444), {frame}, {5}).ok());
    const auto read = read_video(folder.file("a.mp4"), 192, 96);
    ASSERT_EQ(read.size(), 5u);
    for (int i = 0; i < 6; ++i) {
      const uint8_t* c = &read[2].rgba[static_cast<size_t>(32 * 192 + 32 * i + 16) * 4];
      EXPECT_NEAR(c[0], colors[i] >> 16, 4) << i;
      EXPECT_NEAR(c[1], colors[i] >> 8 & 255, 4) << i;
      EXPECT_NEAR(c[2], colors[i] & 255, 4) << i;
    }
    const uint8_t* white = &read[2].rgba[static_cast<size_t>(90 * 192 + 90) * 4];
    EXPECT_GE(white[0], 253);
    EXPECT_GE(white[1], 253);
    EXPECT_GE(white[2], 253);
  }
}

TEST(Mp4Sink, frames_are_close_to_what_was_drawn) {
  NEEDS("ffmpeg");
  TempFolder folder;
  const auto frames = clip(160, 100, 10);
  ASSERT_TRUE(write_clip(folder.file("a.mp4"), format(160, 100), frames).ok());
  ASSERT_TRUE(write_clip(folder.file("b.mp4"), format(160, 100, true), frames).ok());
  const auto half = read_video(folder.file("a.mp4"), 160, 100), full = read_video(folder.file("b.mp4"), 160, 100);
  ASSERT_EQ(half.size(), frames.size());
  ASSERT_EQ(full.size(), frames.size());
  for (size_t i = 0; i < frames.size(); ++i) {
    EXPECT_GT(psnr(half[i], frames[i]), 26) << i;
    EXPECT_GT(psnr(full[i], frames[i]), 36) << i;
  }
}

TEST(Mp4Sink, full_chroma_is_high_444) {
  NEEDS("ffprobe");
  TempFolder folder;
  ASSERT_TRUE(write_clip(folder.file("a.mp4"), format(160, 100, true), clip(160, 100, 3)).ok());
  EXPECT_NE(stream_facts(folder.file("a.mp4")).find("pix_fmt=yuv444p"), std::string::npos);
}

TEST(Mp4Sink, odd_sizes_grow_by_a_line_of_canvas) {
  NEEDS("ffmpeg");
  TempFolder folder;
  const auto frames = clip(161, 101, 3);
  ASSERT_TRUE(write_clip(folder.file("a.mp4"), format(161, 101), frames).ok());
  const auto read = read_video(folder.file("a.mp4"), 162, 102);
  ASSERT_EQ(read.size(), 3u);
  const uint8_t* corner = &read[1].rgba[static_cast<size_t>(101 * 162 + 161) * 4];
  EXPECT_GE(std::min({corner[0], corner[1], corner[2]}), 250);
}

TEST(WebmSink, says_what_it_is_and_keeps_odd_sizes) {
  NEEDS("ffprobe");
  TempFolder folder;
  ASSERT_TRUE(write_clip(folder.file("a.webm"), format(161, 101), clip(161, 101, 6), {1, 1, 1, 1, 1, 45}).ok());
  const std::string facts = stream_facts(folder.file("a.webm"));
  for (const char* fact : {"codec_name=vp9", "width=161", "height=101", "pix_fmt=yuv420p", "color_range=tv",
                           "color_space=bt709", "r_frame_rate=25/1", "nb_read_frames=50"}) {
    EXPECT_NE(facts.find(fact), std::string::npos) << fact << " not in\n" << facts;
  }
  const std::vector<double> times = frame_times(folder.file("a.webm"));
  ASSERT_EQ(times.size(), 50u);
  for (size_t i = 0; i < times.size(); ++i) EXPECT_NEAR(times[i], static_cast<double>(i) / 25, 1e-9);
}

TEST(WebmSink, times_are_the_nearest_milliseconds) {
  NEEDS("ffprobe");
  TempFolder folder;
  ClipFormat thirty = format(160, 100);
  thirty.fps = 30;
  ASSERT_TRUE(write_clip(folder.file("a.webm"), thirty, clip(160, 100, 12)).ok());
  const std::vector<double> times = frame_times(folder.file("a.webm"));
  ASSERT_EQ(times.size(), 12u);
  for (size_t i = 0; i < times.size(); ++i) EXPECT_NEAR(times[i], static_cast<double>(i) / 30, 0.00051) << i;
}

TEST(WebmSink, a_long_pause_lasts_as_long) {
  NEEDS("ffprobe");
  TempFolder folder;
  ASSERT_TRUE(write_clip(folder.file("a.webm"), format(160, 100), clip(160, 100, 2), {1, 60 * 25}).ok());
  const std::string facts =
      output_of("ffprobe -v error -show_entries format=duration -of csv=p=0 '" + folder.file("a.webm") + "'");
  EXPECT_NEAR(std::strtod(facts.c_str(), nullptr), 60.04, 0.001) << facts;
}

TEST(WebmSink, frames_are_close_to_what_was_drawn_and_the_same_each_time) {
  NEEDS("ffmpeg");
  TempFolder folder;
  const auto frames = clip(160, 100, 10);
  ASSERT_TRUE(write_clip(folder.file("a.webm"), format(160, 100), frames).ok());
  ASSERT_TRUE(write_clip(folder.file("b.webm"), format(160, 100, true), frames).ok());
  const auto half = read_video(folder.file("a.webm"), 160, 100), full = read_video(folder.file("b.webm"), 160, 100);
  ASSERT_EQ(half.size(), frames.size());
  ASSERT_EQ(full.size(), frames.size());
  for (size_t i = 0; i < frames.size(); ++i) {
    EXPECT_GT(psnr(half[i], frames[i]), 26) << i;
    EXPECT_GT(psnr(full[i], frames[i]), 36) << i;
  }
  ASSERT_TRUE(write_clip(folder.file("c.webm"), format(160, 100), frames).ok());
  EXPECT_EQ(bytes_of(folder.file("a.webm")), bytes_of(folder.file("c.webm")));
}

TEST(Mp4Sink, the_smallest_size_works) {
  TempFolder folder;
  EXPECT_TRUE(write_clip(folder.file("a.mp4"), format(16, 16), {canvas(16, 16, 0x0072B2)}, {3}).ok());
}

TEST(Mp4Sink, same_frames_same_bytes_without_date_or_version) {
  TempFolder folder;
  const auto frames = clip(160, 100, 20);
  ASSERT_TRUE(write_clip(folder.file("a.mp4"), format(160, 100), frames).ok());
  ASSERT_TRUE(write_clip(folder.file("b.mp4"), format(160, 100), frames).ok());
  const std::string bytes = bytes_of(folder.file("a.mp4"));
  EXPECT_EQ(bytes, bytes_of(folder.file("b.mp4")));
  EXPECT_EQ(bytes.find("Lavf5"), std::string::npos);
}

TEST(Mp4Sink, a_colon_in_the_name_is_a_colon) {
  TempFolder folder;
  ASSERT_TRUE(write_clip(folder.file("a: b.mp4"), format(32, 32), {canvas(32, 32, 0)}).ok());
  EXPECT_EQ(folder.names(), std::vector<std::string>{"a: b.mp4"});
}

}  // namespace
}  // namespace convscope::testing
#endif
