#include "app/io/atomic_file.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/io/temporary_folder.h"

namespace convscope {
namespace {

using AtomicFileTest = testing_support::TemporaryFolder;

TEST_F(AtomicFileTest, appears_with_commit_and_leaves_nothing_else) {
  {
    Result<AtomicFile> file = AtomicFile::create(path("a.txt"));
    ASSERT_TRUE(file);
    ASSERT_TRUE(file->write("hello", 5));
    EXPECT_EQ(get("a.txt"), "");
    ASSERT_TRUE(file->commit());
  }
  EXPECT_EQ(get("a.txt"), "hello");
  EXPECT_THAT(names(), testing::ElementsAre("a.txt"));
}

TEST_F(AtomicFileTest, without_commit_the_old_file_stays) {
  put("a.txt", "old");
  {
    Result<AtomicFile> file = AtomicFile::create(path("a.txt"));
    ASSERT_TRUE(file);
    ASSERT_TRUE(file->write("new", 3));
  }
  EXPECT_EQ(get("a.txt"), "old");
  EXPECT_THAT(names(), testing::ElementsAre("a.txt"));
}

TEST_F(AtomicFileTest, the_temporary_file_keeps_the_ending_and_the_folder) {
  Result<AtomicFile> file = AtomicFile::create(path("clip.mp4"));
  ASSERT_TRUE(file);
  const std::filesystem::path temporary = file->temporary_path();
  EXPECT_EQ(temporary.extension(), ".mp4");
  EXPECT_EQ(temporary.parent_path(), std::filesystem::canonical(folder_));
}

TEST_F(AtomicFileTest, several_appear_together_or_not_at_all) {
  put("old.txt", "old");
  {
    AtomicFiles files;
    ASSERT_TRUE((*files.add(path("old.txt")))->write("new", 3));
    ASSERT_TRUE((*files.add(path("b.txt")))->write("b", 1));
    EXPECT_EQ(files.add(path("no/such/c.txt")).error().code, "error.target_unwritable");
  }
  EXPECT_EQ(get("old.txt"), "old");
  EXPECT_THAT(names(), testing::ElementsAre("old.txt"));
  AtomicFiles files;
  ASSERT_TRUE((*files.add(path("old.txt")))->write("new", 3));
  AtomicFile* const second = *files.add(path("b.txt"));
  ASSERT_TRUE(second->write("b", 1));
  ASSERT_TRUE(second->finish());
  EXPECT_EQ(files.add(path("old.txt")).error(), (Error{"error.target_twice", "", {path("old.txt")}}));
  EXPECT_EQ(get("old.txt"), "old");
  ASSERT_TRUE(files.commit());
  EXPECT_EQ(get("old.txt"), "new");
  EXPECT_EQ(get("b.txt"), "b");
  EXPECT_THAT(names(), testing::ElementsAre("b.txt", "old.txt"));
}

TEST_F(AtomicFileTest, moving_hands_the_file_on) {
  Result<AtomicFile> file = AtomicFile::create(path("a.txt"));
  ASSERT_TRUE(file);
  AtomicFile moved = *std::move(file);
  ASSERT_TRUE(moved.write("x", 1));
  ASSERT_TRUE(moved.commit());
  EXPECT_EQ(get("a.txt"), "x");
}

TEST_F(AtomicFileTest, a_new_file_gets_the_umask_and_an_old_one_keeps_its_mode) {
  const mode_t before = umask(027);
  ASSERT_TRUE(write_file(path("new"), "x"));
  umask(before);
  struct stat status = {};
  ASSERT_EQ(stat(path("new").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0640u);

  put("old", "x");
  ASSERT_EQ(chmod(path("old").c_str(), 0600), 0);
  ASSERT_TRUE(write_file(path("old"), "y"));
  ASSERT_EQ(stat(path("old").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(AtomicFileTest, writes_through_a_link_instead_of_replacing_it) {
  put("real", "old");
  ASSERT_EQ(symlink("real", path("link").c_str()), 0);
  ASSERT_TRUE(write_file(path("link"), "new"));
  EXPECT_TRUE(std::filesystem::is_symlink(path("link")));
  EXPECT_EQ(get("real"), "new");
}

TEST_F(AtomicFileTest, refuses_folders_and_devices) {
  const Result<void> folder = write_file(folder_.string(), "x");
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().code, "error.target_not_regular");
  for (const char* target : {"/dev/null", "/dev/full", ""}) {
    const Result<void> device = write_file(target, "x");
    ASSERT_FALSE(device) << target;
    EXPECT_EQ(device.error().code, "error.target_not_regular") << target;
  }
}

TEST_F(AtomicFileTest, a_missing_folder_is_named_as_the_reason) {
  const Result<void> written = write_file(path("no/such/a.txt"), "x");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error(), (Error{"error.target_unwritable", "", {path("no/such/a.txt"), "@reason.no_such_folder"}}));
}

TEST_F(AtomicFileTest, a_file_as_folder_is_named_as_the_reason) {
  put("a", "x");
  const Result<void> written = write_file(path("a/b"), "x");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().args[1], "@reason.not_a_folder");
}

TEST_F(AtomicFileTest, a_protected_target_is_refused) {
  if (geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  put("a", "x");
  ASSERT_EQ(chmod(path("a").c_str(), 0400), 0);
  const Result<void> written = write_file(path("a"), "y");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().args[1], "@reason.no_permission");
}

TEST_F(AtomicFileTest, a_signal_removes_what_is_unfinished_and_still_ends_the_process) {
  for (const int signal_number : {SIGTERM, SIGINT, SIGHUP}) {
    const pid_t child = fork();
    if (child == 0) {
      remove_unfinished_files_on_signals();
      Result<AtomicFile> first = AtomicFile::create(path("a.txt"));
      Result<AtomicFile> second = AtomicFile::create(path("b.txt"));
      if (!first || !second || !first->write("x", 1)) _exit(3);
      raise(signal_number);
      _exit(4);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(WTERMSIG(status), signal_number);
    EXPECT_THAT(names(), testing::IsEmpty());
  }
}

TEST_F(AtomicFileTest, reads_what_was_written_and_stops_at_the_limit) {
  const std::string bytes(1'000'000, 'x');
  put("big", bytes);
  EXPECT_EQ(read_file(path("big"), 1'000'000).value(), bytes);
  const Result<std::string> refused = read_file(path("big"), 999'999);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), (Error{"error.file_too_large", "", {path("big"), "1000000", "999999"}}));
  put("empty", "");
  EXPECT_EQ(read_file(path("empty"), 0).value(), "");
}

TEST_F(AtomicFileTest, an_endless_device_stops_at_the_limit) {
  const Result<std::string> endless = read_file("/dev/zero", 1 << 20);
  ASSERT_FALSE(endless);
  EXPECT_EQ(endless.error().code, "error.file_too_large");
}

TEST_F(AtomicFileTest, missing_files_and_folders_are_told_apart) {
  EXPECT_EQ(read_file(path("none"), 10).error().code, "error.file_not_found");
  const Result<std::string> folder = read_file(folder_.string(), 10);
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error(), (Error{"error.file_unreadable", "", {folder_.string(), "@reason.is_a_folder"}}));
}

}  // namespace
}  // namespace convscope
