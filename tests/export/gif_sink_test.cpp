#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "app/export/gif_palette.h"
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

void expect_same(const Pixels& a, const Pixels& b, const std::string& what) {
  ASSERT_EQ(a.width, b.width);
  ASSERT_EQ(a.height, b.height);
  for (size_t i = 0; i < a.rgba.size(); i += 4) {
    ASSERT_TRUE(std::equal(a.rgba.begin() + static_cast<std::ptrdiff_t>(i),
                           a.rgba.begin() + static_cast<std::ptrdiff_t>(i + 4),
                           b.rgba.begin() + static_cast<std::ptrdiff_t>(i)))
        << what << " at x " << i / 4 % static_cast<size_t>(a.width) << " y " << i / 4 / static_cast<size_t>(a.width);
  }
}

TEST(GifSink, flat_frames_come_back_pixel_for_pixel) {
  TempFolder folder;
  const auto frames = flat_clip(12);
  ASSERT_TRUE(write_clip(folder.file("a.gif"), format(120, 100), frames).ok());
  const GifClip clip = read_gif(folder.file("a.gif"));
  EXPECT_EQ(clip.width, 120);
  EXPECT_EQ(clip.height, 100);
  EXPECT_EQ(clip.loops, 0);
  ASSERT_EQ(clip.frames.size(), frames.size());
  for (size_t i = 0; i < frames.size(); ++i) expect_same(clip.frames[i], frames[i], "frame " + std::to_string(i));
}

TEST(GifSink, exactly_256_colours_stay_exact) {
  TempFolder folder;
  std::vector<Pixels> frames;
  for (int f = 0; f < 3; ++f) {
    Pixels frame = canvas(64, 64, 0);
    for (int i = 0; i < 256; ++i) {
      fill(frame, (i % 16) * 4, (i / 16) * 4, 4, 4, static_cast<uint32_t>(((i + 17 * f) % 256) * 0x010307 & 0xFFFFFF));
    }
    frames.push_back(frame);
  }
  ASSERT_TRUE(write_clip(folder.file("a.gif"), format(64, 64), frames).ok());
  const GifClip clip = read_gif(folder.file("a.gif"));
  ASSERT_EQ(clip.frames.size(), 3u);
  for (size_t i = 0; i < frames.size(); ++i) expect_same(clip.frames[i], frames[i], "frame " + std::to_string(i));
}

TEST(GifSink, large_fills_stay_exact_among_thousands_of_colours) {
  TempFolder folder;
  Pixels frame = canvas(300, 200, 0xFFFFFF);
  for (int i = 0; i < 100; ++i) {
    for (int j = 0; j < 60; ++j) fill(frame, i, j, 1, 1, static_cast<uint32_t>(i * 2 << 16 | j * 4 << 8 | (i ^ j)));
  }
  fill(frame, 150, 20, 60, 60, 0x0072B2);
  fill(frame, 220, 20, 60, 60, 0x0072B3);
  fill(frame, 150, 100, 60, 60, 0x00785A);
  ASSERT_TRUE(write_clip(folder.file("a.gif"), format(300, 200), {frame}).ok());
  const GifClip clip = read_gif(folder.file("a.gif"));
  ASSERT_EQ(clip.frames.size(), 1u);
  const auto at = [&](const Pixels& p, int x, int y) {
    const uint8_t* c = &p.rgba[static_cast<size_t>(y * p.width + x) * 4];
    return static_cast<uint32_t>(c[0] << 16 | c[1] << 8 | c[2]);
  };
  EXPECT_EQ(at(clip.frames[0], 180, 50), 0x0072B2u);
  EXPECT_EQ(at(clip.frames[0], 250, 50), 0x0072B3u);
  EXPECT_EQ(at(clip.frames[0], 180, 130), 0x00785Au);
  EXPECT_EQ(at(clip.frames[0], 299, 199), 0xFFFFFFu);
}

TEST(GifSink, a_photograph_keeps_its_look) {
  TempFolder folder;
  const std::vector<Pixels> frames{photo_frame(240, 160, 0), photo_frame(240, 160, 3)};
  ASSERT_TRUE(write_clip(folder.file("a.gif"), format(240, 160), frames).ok());
  const GifClip clip = read_gif(folder.file("a.gif"));
  ASSERT_EQ(clip.frames.size(), 2u);
  EXPECT_GT(psnr(clip.frames[0], frames[0]), 36);
  EXPECT_GT(psnr(clip.frames[1], frames[1]), 36);
  // the pattern of mixed colours must not move where the picture does not
  EXPECT_LT(clip.areas[1], 240 * 160 / 4);
}

TEST(GifSink, stores_only_the_rectangle_that_changed) {
  TempFolder folder;
  Pixels a = canvas(200, 100, 0xFFFFFF), b = a;
  fill(b, 150, 60, 10, 5, 0xE69F00);
  ASSERT_TRUE(write_clip(folder.file("a.gif"), format(200, 100), {a, b}).ok());
  const GifClip clip = read_gif(folder.file("a.gif"));
  ASSERT_EQ(clip.areas.size(), 2u);
  EXPECT_EQ(clip.areas[0], 200 * 100);
  EXPECT_EQ(clip.areas[1], 10 * 5);
}

TEST(GifSink, delays_are_exact_where_hundredths_allow_it) {
  TempFolder folder;
  for (const int fps : {10, 20, 25, 50}) {
    ASSERT_TRUE(write_clip(folder.file("a.gif"), format(120, 100, fps), flat_clip(7)).ok());
    const GifClip clip = read_gif(folder.file("a.gif"));
    EXPECT_EQ(clip.delays, std::vector<int>(7, 100 / fps)) << fps;
  }
}

TEST(GifSink, delays_that_do_not_divide_add_up_to_the_right_total) {
  TempFolder folder;
  for (const int fps : {7, 12, 15, 24, 30, 48}) {
    ASSERT_TRUE(write_clip(folder.file("a.gif"), format(120, 100, fps), flat_clip(24)).ok());
    const GifClip clip = read_gif(folder.file("a.gif"));
    EXPECT_NEAR(clip.total_delay(), 2400.0 / fps, 0.5) << fps;
    for (int delay : clip.delays) EXPECT_NEAR(delay, 100.0 / fps, 1.0) << fps;
  }
}

TEST(GifSink, repeats_and_equal_frames_become_longer_delays) {
  TempFolder folder;
  const Pixels a = flat_frame(120, 100, 0), b = flat_frame(120, 100, 1);
  ASSERT_TRUE(write_clip(folder.file("a.gif"), format(120, 100), {a, a, b, b}, {1, 2, 1, 40}).ok());
  const GifClip clip = read_gif(folder.file("a.gif"));
  EXPECT_EQ(clip.delays, (std::vector<int>{15, 205}));
}

TEST(GifSink, a_pause_longer_than_a_delay_can_say_keeps_its_length) {
  TempFolder folder;
  const Pixels a = flat_frame(120, 100, 0), b = flat_frame(120, 100, 1);
  ASSERT_TRUE(write_clip(folder.file("a.gif"), format(120, 100, 1), {a, b}, {1, 1500}).ok());
  const GifClip clip = read_gif(folder.file("a.gif"));
  EXPECT_EQ(clip.total_delay(), 150100);
  for (const Pixels& frame : clip.frames) EXPECT_TRUE(frame.rgba == a.rgba || frame.rgba == b.rgba);
  EXPECT_EQ(clip.frames.back().rgba, b.rgba);
}

TEST(GifSink, clear_pixels_stay_clear_and_moving_shapes_leave_no_trace) {
  TempFolder folder;
  ClipFormat clip_format = format(120, 80);
  clip_format.transparent = true;
  std::vector<Pixels> frames;
  for (int i = 0; i < 6; ++i) {
    Pixels frame = canvas(120, 80, 0, 0);
    fill(frame, 20, 20, 30, 30, 0x0072B2);
    fill(frame, 10 + 14 * i, 30, 20, 20, 0xE69F00);
    if (i == 3) frame = canvas(120, 80, 0, 0);  // everything goes
    frames.push_back(frame);
  }
  ASSERT_TRUE(write_clip(folder.file("a.gif"), clip_format, frames).ok());
  const GifClip clip = read_gif(folder.file("a.gif"));
  ASSERT_EQ(clip.frames.size(), frames.size());
  for (size_t i = 0; i < frames.size(); ++i) expect_same(clip.frames[i], frames[i], "frame " + std::to_string(i));
}

TEST(GifSink, the_description_is_kept_as_comment) {
  TempFolder folder;
  ClipFormat clip_format = format(120, 100);
  clip_format.description = std::string(300, 'x') + " step 9 of 9";
  ASSERT_TRUE(write_clip(folder.file("a.gif"), clip_format, flat_clip(2)).ok());
  EXPECT_EQ(read_gif(folder.file("a.gif")).comment, clip_format.description);
}

TEST(GifSink, colours_that_no_sample_showed_go_to_their_nearest) {
  TempFolder folder;
  auto sink = open_sink(folder.file("a.gif"), format(40, 40));
  ASSERT_TRUE(sink.ok());
  Pixels a = canvas(40, 40, 0xFFFFFF);
  fill(a, 0, 0, 10, 10, 0x0000FF);
  (*sink)->sample(a);
  ASSERT_TRUE((*sink)->begin().ok());
  Pixels b = a;
  fill(b, 20, 20, 10, 10, 0x0000F0);
  ASSERT_TRUE((*sink)->add(a, 1).ok());
  ASSERT_TRUE((*sink)->add(b, 1).ok());
  ASSERT_TRUE((*sink)->finish().ok());
  Pixels wanted = a;
  fill(wanted, 20, 20, 10, 10, 0x0000FF);
  EXPECT_EQ(read_gif(folder.file("a.gif")).frames.at(1).rgba, wanted.rgba);
}

TEST(GifSink, same_frames_same_bytes) {
  TempFolder folder;
  const std::vector<Pixels> frames{photo_frame(120, 80, 0), photo_frame(120, 80, 2)};
  ASSERT_TRUE(write_clip(folder.file("a.gif"), format(120, 80), frames).ok());
  ASSERT_TRUE(write_clip(folder.file("b.gif"), format(120, 80), frames).ok());
  EXPECT_EQ(bytes_of(folder.file("a.gif")), bytes_of(folder.file("b.gif")));
}

TEST(GifSink, the_file_has_the_rights_that_umask_leaves) {
  TempFolder folder;
  const mode_t old = ::umask(022);
  ASSERT_TRUE(write_clip(folder.file("a.gif"), format(120, 100), flat_clip(2)).ok());
  ::umask(old);
  EXPECT_EQ(mode_of(folder.file("a.gif")), 0644);
}

TEST(GifPalette, a_census_of_more_colours_than_it_may_keep_stays_bounded) {
  ColorCensus census;
  Pixels all = canvas(1024, 1024, 0);
  for (int i = 0; i < 1024 * 1024; ++i) fill(all, i % 1024, i / 1024, 1, 1, static_cast<uint32_t>(i * 16 + i % 7));
  census.count(all, false);
  EXPECT_TRUE(census.coarse());
  EXPECT_LE(census.entries().size(), ColorCensus::kMaxDistinct);
  EXPECT_EQ(census.pixels(), 1024u * 1024u);
  const Palette palette = make_palette(census, 255);
  EXPECT_LE(palette.colors.size(), 255u);
  EXPECT_FALSE(palette.exact);
  EXPECT_TRUE(palette.photographic);
}

}  // namespace
}  // namespace convscope::testing
