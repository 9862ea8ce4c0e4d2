#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "clip_tools.h"

namespace convscope::testing {
namespace {

namespace fs = std::filesystem;

ClipFormat format(int width, int height) {
  ClipFormat clip;
  clip.width = width;
  clip.height = height;
  return clip;
}

std::vector<Pixels> clip(int count) {
  std::vector<Pixels> frames;
  for (int i = 0; i < count; ++i) frames.push_back(flat_frame(96, 90, i));
  return frames;
}

TEST(PngStill, keeps_every_pixel_and_its_alpha) {
  TempFolder folder;
  Pixels frame = flat_frame(97, 91, 3);
  fill(frame, 0, 0, 40, 40, 0x123456, 77);
  ASSERT_TRUE(write_clip(folder.file("a.png"), format(97, 91), {frame}).ok());
  const Pixels read = read_png(folder.file("a.png"));
  EXPECT_EQ(read.width, 97);
  EXPECT_EQ(read.rgba, frame.rgba);
  EXPECT_EQ(folder.names(), std::vector<std::string>{"a.png"});
}

TEST(PngStill, carries_its_description) {
  TempFolder folder;
  ClipFormat described = format(96, 90);
  described.description = "Step 9 of 9";
  ASSERT_TRUE(write_clip(folder.file("a.png"), described, clip(1)).ok());
  const std::string bytes = bytes_of(folder.file("a.png"));
  EXPECT_NE(bytes.find("Description"), std::string::npos);
  EXPECT_NE(bytes.find("Step 9 of 9"), std::string::npos);
}

TEST(PngSequence, makes_its_folder_and_counts_from_one) {
  TempFolder folder;
  const mode_t old = ::umask(022);
  ASSERT_TRUE(write_clip(folder.file("frames/%04d.png"), format(96, 90), clip(3)).ok());
  ::umask(old);
  EXPECT_EQ(folder.names(),
            (std::vector<std::string>{"frames", "frames/0001.png", "frames/0002.png", "frames/0003.png"}));
  EXPECT_EQ(mode_of(folder.file("frames")), 0755);
  EXPECT_EQ(mode_of(folder.file("frames/0001.png")), 0644);
  EXPECT_EQ(read_png(folder.file("frames/0002.png")).rgba, clip(3)[1].rgba);
}

TEST(PngSequence, a_repeated_picture_is_there_as_often_as_it_is_shown) {
  TempFolder folder;
  const auto frames = clip(2);
  ASSERT_TRUE(write_clip(folder.file("f%d.png"), format(96, 90), frames, {1, 3}).ok());
  EXPECT_EQ(folder.names(), (std::vector<std::string>{"f1.png", "f2.png", "f3.png", "f4.png"}));
  EXPECT_EQ(read_png(folder.file("f4.png")).rgba, frames[1].rgba);
}

TEST(PngSequence, an_existing_folder_keeps_its_other_files) {
  TempFolder folder;
  fs::create_directory(folder.path() / "frames");
  std::ofstream(folder.file("frames/notes.txt")) << "mine";
  std::ofstream(folder.file("frames/01.png")) << "old";
  ASSERT_TRUE(write_clip(folder.file("frames/%02d.png"), format(96, 90), clip(2)).ok());
  EXPECT_EQ(folder.names(), (std::vector<std::string>{"frames", "frames/01.png", "frames/02.png", "frames/notes.txt"}));
  EXPECT_EQ(bytes_of(folder.file("frames/notes.txt")), "mine");
  EXPECT_EQ(read_png(folder.file("frames/01.png")).rgba, clip(2)[0].rgba);
}

TEST(PngSequence, nothing_remains_without_finish) {
  TempFolder folder;
  {
    auto sink = open_sink(folder.file("frames/%04d.png"), format(96, 90));
    ASSERT_TRUE(sink.ok());
    ASSERT_TRUE((*sink)->begin().ok());
    ASSERT_TRUE((*sink)->add(clip(1)[0], 2).ok());
  }
  EXPECT_TRUE(folder.names().empty());
}

TEST(PngSequence, one_picture_that_cannot_be_placed_means_none_is_and_old_ones_return) {
  TempFolder folder;
  fs::create_directories(folder.path() / "frames" / "02.png");  // a folder is in the way
  std::ofstream(folder.file("frames/01.png")) << "old";
  const auto written = write_clip(folder.file("frames/%02d.png"), format(96, 90), clip(3));
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().code, "error.target_not_regular");
  EXPECT_EQ(folder.names(), (std::vector<std::string>{"frames", "frames/01.png", "frames/02.png"}));
  EXPECT_EQ(bytes_of(folder.file("frames/01.png")), "old");
}

TEST(PngSequence, a_folder_that_cannot_be_made_is_refused_at_once) {
  TempFolder folder;
  const auto missing = open_sink(folder.file("no/such/%04d.png"), format(96, 90));
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, "error.target_unwritable");
  std::ofstream(folder.file("file")) << "x";
  const auto no_folder = open_sink(folder.file("file/%04d.png"), format(96, 90));
  ASSERT_FALSE(no_folder.ok());
  EXPECT_EQ(no_folder.error().code, "error.target_unwritable");
  EXPECT_EQ(folder.names(), std::vector<std::string>{"file"});
}

}  // namespace
}  // namespace convscope::testing
