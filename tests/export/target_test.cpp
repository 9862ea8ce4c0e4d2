#include <gtest/gtest.h>

#include <algorithm>

#include "app/export/clip_clock.h"
#include "app/export/export_job.h"
#include "app/export/frame_sink.h"
#include "app/export/target_format.h"

namespace convscope {
namespace {

std::string code_of(const std::string& target) {
  const auto format = target_format(target);
  return format.ok() ? "" : format.error().code;
}

TEST(TargetFormat, follows_the_ending) {
  EXPECT_EQ(target_format("a.gif").value(), TargetFormat::gif);
  EXPECT_EQ(target_format("dir.mp4/A.GIF").value(), TargetFormat::gif);
  EXPECT_EQ(target_format("a.png").value(), TargetFormat::png_still);
  EXPECT_EQ(target_format("a.svg").value(), TargetFormat::svg);
  EXPECT_EQ(target_format("50%/a.png").value(), TargetFormat::png_still);
  EXPECT_EQ(target_format("frames/%04d.png").value(), TargetFormat::png_sequence);
}

TEST(TargetFormat, names_what_this_build_writes_when_it_cannot) {
  for (const char* target : {"a.avi", "a.jpg", "a", "", ".gif", "gif", "a."}) {
    const auto format = target_format(target);
    ASSERT_FALSE(format.ok()) << target;
    EXPECT_EQ(format.error().code, "error.export_unknown_format");
    EXPECT_EQ(format.error().args.at(0), target);
    for (const std::string& ending : export_endings()) {
      EXPECT_NE(format.error().args.at(1).find(ending), std::string::npos);
    }
  }
}

TEST(TargetFormat, what_the_build_lacks_is_said_by_name) {
#ifdef CONVSCOPE_WEBP
  EXPECT_EQ(target_format("a.webp").value(), TargetFormat::webp);
#else
  EXPECT_EQ(code_of("a.webp"), "error.export_no_webp");
#endif
  EXPECT_EQ(target_format("a.apng").value(), TargetFormat::apng);
}

TEST(TargetFormat, mp4_is_there_only_with_the_encoders) {
#ifdef CONVSCOPE_VIDEO
  EXPECT_EQ(target_format("a.mp4").value(), TargetFormat::mp4);
  EXPECT_EQ(target_format("a.webm").value(), TargetFormat::webm);
#else
  EXPECT_EQ(code_of("a.mp4"), "error.export_no_video");
  EXPECT_EQ(code_of("a.webm"), "error.export_no_video");
  EXPECT_EQ(std::count(export_endings().begin(), export_endings().end(), ".mp4"), 0);
#endif
}

TEST(TargetFormat, a_sequence_needs_exactly_one_number) {
  for (const char* target : {"f%.png", "%s.png", "%04x.png", "%04d%04d.png", "%04d%%.png", "100%.png", "%4d.png",
                             "%-4d.png", "%n.png", "%04ld.png", "%*d.png", "%00d.png%.png"}) {
    EXPECT_EQ(code_of(target), "error.export_sequence_pattern") << target;
  }
}

TEST(SequencePattern, numbers_as_printf_would) {
  const SequencePattern padded = parse_sequence_pattern("x/y/f-%04d-z.png").value();
  EXPECT_EQ(padded.folder, "x/y");
  EXPECT_EQ(padded.name(7), "f-0007-z.png");
  EXPECT_EQ(padded.name(123456), "f-123456-z.png");
  EXPECT_EQ(parse_sequence_pattern("%d.png").value().name(7), "7.png");
  EXPECT_EQ(parse_sequence_pattern("/%02d.png").value().folder, "/");
}

TEST(ClipClock, every_step_ends_completed) {
  const ClipClock clock{4, 3, 30, 5};
  EXPECT_EQ(clock.frames(), 35);
  EXPECT_EQ(clock.moment(0).step, 4);
  EXPECT_FLOAT_EQ(clock.moment(0).phase, 0.1f);
  EXPECT_EQ(clock.moment(9), (Moment{4, 1.0f}));
  EXPECT_EQ(clock.moment(10).step, 5);
  EXPECT_EQ(clock.moment(29), (Moment{6, 1.0f}));
  EXPECT_EQ(clock.moment(30), (Moment{6, 1.0f}));
  EXPECT_EQ(clock.moment(34), (Moment{6, 1.0f}));
}

TEST(ClipClock, uneven_frames_per_step_still_visit_every_step_in_order) {
  const ClipClock clock{0, 7, 24, 0};
  Moment last{0, 0.0f};
  for (int64_t i = 0; i < clock.frames(); ++i) {
    const Moment moment = clock.moment(i);
    EXPECT_TRUE(moment.step == last.step || moment.step == last.step + 1);
    EXPECT_GT(moment.phase, 0.0f);
    EXPECT_LE(moment.phase, 1.0f);
    last = moment;
  }
  EXPECT_EQ(last, (Moment{6, 1.0f}));
}

TEST(ClipClock, several_steps_a_frame_end_at_the_last) {
  const ClipClock clock{0, 2'000'000'000'000, 7, 0};
  EXPECT_EQ(clock.moment(6), (Moment{1'999'999'999'999, 1.0f}));
  EXPECT_FLOAT_EQ(clock.moment(0).phase, 1.0f);
}

}  // namespace
}  // namespace convscope
