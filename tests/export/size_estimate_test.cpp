// What an export will weigh, against what it then weighs.
#include "app/export/size_estimate.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "app/export/all_lenses.h"
#include "app/session/presets.h"
#include "tests/io/temporary_folder.h"

namespace convscope {
namespace {

class SizeEstimate : public testing_support::TemporaryFolder {
 protected:
  static ComputationPtr numbers(const std::string& preset) {
    TensorCache cache;
    return *compute(find_preset(preset)->session, cache);
  }
  ExportSettings settings(const std::string& name, Lens lens = Lens::sliding) const {
    ExportSettings settings;
    settings.target = path(name);
    settings.lens = lens;
    settings.width = 480;
    settings.height = 270;
    settings.fps = 10;
    settings.step_seconds = 0.3;
    return settings;
  }
  int64_t written(const ComputationPtr& computation, const ExportSettings& settings) {
    const Result<void> done = run_export(computation, settings);
    EXPECT_TRUE(done) << (done ? "" : describe(Language::en, done.error()));
    return static_cast<int64_t>(std::filesystem::file_size(settings.target));
  }
};

TEST_F(SizeEstimate, is_exact_where_there_is_little_to_encode) {
  const ComputationPtr few = numbers("no_padding_no_strides");  // four steps
  ExportSettings still = settings("still.png");
  still.still_step = 2;
  for (const ExportSettings& chosen : {still, settings("few.gif"), settings("few.svg")}) {
    const Result<int64_t> estimated = estimate_export_bytes(few, chosen, nullptr);
    ASSERT_TRUE(estimated) << describe(Language::en, estimated.error());
    EXPECT_EQ(*estimated, written(few, chosen)) << chosen.target;
  }
}

TEST_F(SizeEstimate, comes_near_for_animations_of_many_steps) {
  const ComputationPtr many = numbers("tutorial_6_1");  // 25 steps
  for (const ExportSettings& chosen :
       {settings("many.gif"), settings("im2col.gif", Lens::im2col), settings("many.pdf")}) {
    const Result<int64_t> estimated = estimate_export_bytes(many, chosen, nullptr);
    ASSERT_TRUE(estimated) << describe(Language::en, estimated.error());
    const auto real = static_cast<double>(written(many, chosen));
    EXPECT_GT(static_cast<double>(*estimated), 0.6 * real) << chosen.target;
    EXPECT_LT(static_cast<double>(*estimated), 1.6 * real) << chosen.target;
  }
}

TEST_F(SizeEstimate, leaves_the_target_alone_and_can_be_stopped) {
  const ComputationPtr many = numbers("tutorial_6_1");
  put("there.gif", "mine");
  ASSERT_TRUE(estimate_export_bytes(many, settings("there.gif"), nullptr));
  EXPECT_EQ(get("there.gif"), "mine");
  Job job;
  job.cancelled = true;
  const Result<int64_t> stopped = estimate_export_bytes(many, settings("x.gif"), &job);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, "error.export_cancelled");
}

TEST_F(SizeEstimate, all_lenses_have_a_file_each_with_its_own_steps) {
  const Session session = find_preset("tutorial_5_1")->session;
  const ComputationPtr computation = numbers("tutorial_5_1");
  ExportSettings first = settings("clip.png");
  first.still_step = 5;
  first.session = session;
  const std::vector<ExportSettings> all = settings_of_all_lenses(computation->plan, first);
  ASSERT_GE(all.size(), 7u);
  ASSERT_TRUE(run_exports(session, computation, all));
  for (const ExportSettings& one : all) {
    EXPECT_EQ(one.target, path(std::string("clip_") + name_of(one.lens) + ".png"));
    EXPECT_TRUE(std::filesystem::exists(one.target)) << one.target;
    EXPECT_EQ(one.session->lens, one.lens);
    EXPECT_LE(*one.still_step, step_count(computation->plan, one.lens));
  }
  first.target = path("frames/%04d.png");
  first.still_step.reset();
  EXPECT_EQ(settings_of_all_lenses(computation->plan, first).front().target, path("frames_sliding/%04d.png"));
}

}  // namespace
}  // namespace convscope
