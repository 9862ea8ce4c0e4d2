#include "app/gui/folder_listing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace convscope {
namespace {

using ::testing::ElementsAre;

class FolderListing : public ::testing::Test {
 protected:
  FolderListing() : folder(std::filesystem::temp_directory_path() / ("convscope_list_" + std::to_string(getpid()))) {
    std::filesystem::create_directories(folder);
  }
  ~FolderListing() override { std::filesystem::remove_all(folder); }
  void touch(const std::string& name) { std::ofstream(folder / name) << "x"; }
  std::vector<std::string> names(const std::vector<std::string>& endings, bool hidden = false) {
    Result<std::vector<FolderEntry>> listing = read_folder(folder, endings, hidden);
    EXPECT_TRUE(listing.ok());
    std::vector<std::string> result;
    for (const FolderEntry& entry : *listing) result.push_back(entry.name);
    return result;
  }
  std::filesystem::path folder;
};

TEST_F(FolderListing, folders_come_first_and_numbers_count) {
  for (const char* name : {"frame_10.png", "frame_2.png", "B.png", "a.png"}) touch(name);
  std::filesystem::create_directory(folder / "zoo");
  EXPECT_THAT(names({".png"}), ElementsAre("zoo", "a.png", "B.png", "frame_2.png", "frame_10.png"));
}

TEST_F(FolderListing, shows_only_what_fits_whatever_its_case) {
  for (const char* name : {"a.PNG", "b.npy", "c.txt", ".hidden.png"}) touch(name);
  EXPECT_THAT(names({".png", ".npy"}), ElementsAre("a.PNG", "b.npy"));
  EXPECT_THAT(names({}), ElementsAre("a.PNG", "b.npy", "c.txt"));
  EXPECT_THAT(names({".png"}, true), ElementsAre(".hidden.png", "a.PNG"));
}

TEST_F(FolderListing, links_show_what_they_lead_to) {
  touch("a.png");
  std::filesystem::create_directory(folder / "real");
  std::filesystem::create_symlink(folder / "a.png", folder / "b.png");
  std::filesystem::create_symlink(folder / "real", folder / "linked");
  std::filesystem::create_symlink(folder / "gone", folder / "c.png");
  EXPECT_THAT(names({".png"}), ElementsAre("linked", "real", "a.png", "b.png"));
}

TEST_F(FolderListing, thousands_of_files_are_all_there) {
  for (int i = 0; i < 3000; ++i) touch("n" + std::to_string(i) + ".npy");
  const std::vector<std::string> all = names({".npy"});
  ASSERT_EQ(all.size(), 3000u);
  EXPECT_EQ(all.front(), "n0.npy");
  EXPECT_EQ(all.back(), "n2999.npy");
}

TEST_F(FolderListing, a_missing_folder_is_explained) {
  Result<std::vector<FolderEntry>> listing = read_folder(folder / "none", {}, false);
  ASSERT_FALSE(listing.ok());
  EXPECT_EQ(listing.error().code, "error.folder_unreadable");
}

TEST_F(FolderListing, names_that_are_no_utf8_can_still_be_shown) {
  EXPECT_EQ(shown_name("\u56fe\u7247.png"), "\u56fe\u7247.png");
  EXPECT_EQ(shown_name("a\xff\xfe.png"), "a??.png");
  EXPECT_EQ(shown_name("a\nb"), "a?b");
  EXPECT_EQ(shown_name("\xe5\x9b"), "??");
}

TEST(TypedPaths, mean_what_a_shell_would_make_of_them) {
  EXPECT_EQ(resolve_path("a.png", "/home/x"), "/home/x/a.png");
  EXPECT_EQ(resolve_path("../y/", "/home/x"), "/home/y");
  EXPECT_EQ(resolve_path("/tmp/./a", "/home/x"), "/tmp/a");
  EXPECT_EQ(resolve_path("/", "/home/x"), "/");
  EXPECT_EQ(resolve_path(".", "/home/x/"), "/home/x");
  setenv("HOME", "/home/me", 1);
  EXPECT_EQ(resolve_path("~", "/"), "/home/me");
  EXPECT_EQ(resolve_path("~/a", "/"), "/home/me/a");
  EXPECT_EQ(parent_of("/home/x"), "/home");
  EXPECT_EQ(parent_of("/home"), "/");
  EXPECT_EQ(parent_of("/"), "/");
  EXPECT_EQ(name_of_path("/home/x.png"), "x.png");
}

}  // namespace
}  // namespace convscope
