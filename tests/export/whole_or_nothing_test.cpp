// The promise of every sink: the target appears whole at finish(), or nothing happened.
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "clip_tools.h"

namespace convscope::testing {
namespace {

namespace fs = std::filesystem;

ClipFormat format() {
  ClipFormat clip;
  clip.width = 320;
  clip.height = 200;
  return clip;
}

class WholeOrNothing : public ::testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Formats, WholeOrNothing,
                         ::testing::Values("x.gif", "x.png", "frames/%02d.png", "x.apng"
#ifdef CONVSCOPE_VIDEO
                                           ,
                                           "x.mp4", "x.webm"
#endif
#ifdef CONVSCOPE_WEBP
                                           ,
                                           "x.webp"
#endif
                                           ),
                         [](const auto& target) {
                           const std::string name = target.param;
                           return name[0] == 'f' ? std::string("sequence") : name.substr(2);
                         });

TEST_P(WholeOrNothing, a_sink_dropped_halfway_leaves_nothing_and_spares_the_old_file) {
  TempFolder folder;
  fs::create_directory(folder.path() / "frames");
  constexpr const char* kOld[] = {"x.gif", "x.mp4", "x.webm", "x.webp", "x.apng", "x.png", "frames/01.png"};
  for (const char* name : kOld) std::ofstream(folder.file(name)) << "old";
  const auto before = folder.names();
  {
    auto sink = open_sink(folder.file(GetParam()), format());
    ASSERT_TRUE(sink.ok());
    const Pixels frame = photo_frame(320, 200, 0);
    if ((*sink)->wants_sample()) (*sink)->sample(frame);
    ASSERT_TRUE((*sink)->begin().ok());
    ASSERT_TRUE((*sink)->add(frame, 30).ok());
  }
  EXPECT_EQ(folder.names(), before);
  for (const char* name : kOld) EXPECT_EQ(bytes_of(folder.file(name)), "old");
}

TEST_P(WholeOrNothing, a_file_that_grows_too_large_is_one_clear_error_and_no_file) {
  TempFolder folder;
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    // EFBIG stands in for a full disk, which only root could make
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{4096, 4096};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    std::vector<Pixels> frames;
    for (int i = 0; i < 4; ++i) frames.push_back(photo_frame(320, 200, 5 * i));
    const auto written = write_clip(folder.file(GetParam()), format(), frames);
    ::_exit(written.ok() ? 1 : written.error().code == "error.disk_full" ? 0 : 2);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0) << "1: it succeeded, 2: another error";
  EXPECT_TRUE(folder.names().empty());
}

TEST_P(WholeOrNothing, a_target_that_is_no_regular_file_is_refused) {
  TempFolder folder;
  const std::string name = std::string(GetParam()) == "frames/%02d.png" ? "frames/01.png" : GetParam();
  fs::create_directories(fs::path(folder.file(name)).parent_path());
  ASSERT_EQ(::mkfifo(folder.file(name).c_str(), 0600), 0);
  const auto before = folder.names();
  const auto written = write_clip(folder.file(GetParam()), format(), {photo_frame(320, 200, 0)});
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().code, "error.target_not_regular");
  EXPECT_EQ(folder.names(), before);
}

TEST_P(WholeOrNothing, an_unwritable_folder_is_said_and_nothing_left) {
  // The format's module is loaded now: who the child becomes may not be allowed to read where it lies.
  TempFolder writable;
  ASSERT_TRUE(write_clip(writable.file(GetParam()), format(), {photo_frame(320, 200, 0)}));
  TempFolder folder;
  fs::create_directory(folder.path() / "frames");
  fs::permissions(folder.path() / "frames", fs::perms::owner_read | fs::perms::owner_exec);
  fs::permissions(folder.path(), fs::perms::owner_read | fs::perms::owner_exec);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    // root may write anywhere, so it becomes somebody who may not
    if (::geteuid() == 0 && ::setuid(65534) != 0) ::_exit(3);
    const auto written = write_clip(folder.file(GetParam()), format(), {photo_frame(320, 200, 0)});
    ::_exit(written.ok() ? 1 : written.error().code == "error.target_unwritable" ? 0 : 2);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  fs::permissions(folder.path(), fs::perms::owner_all);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0) << "1: it succeeded, 2: another error, 3: no other user";
  EXPECT_EQ(folder.names(), std::vector<std::string>{"frames"});
}

TEST(OpenSink, a_missing_folder_is_said_before_anything_is_drawn) {
  TempFolder folder;
  const auto sink = open_sink(folder.file("no/such.gif"), format());
  ASSERT_FALSE(sink.ok());
  EXPECT_EQ(sink.error().code, "error.target_unwritable");
}

}  // namespace
}  // namespace convscope::testing
