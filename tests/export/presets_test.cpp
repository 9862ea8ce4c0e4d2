// Every built-in session can be exported through every lens that applies to it.
#include <algorithm>

#include "app/export/export_job.h"
#include "app/scene/build_scene.h"
#include "app/session/presets.h"
#include "clip_tools.h"

namespace convscope::testing {
namespace {

TEST(Presets, each_exports_its_first_steps_through_every_lens) {
  TempFolder folder;
  for (const Preset& preset : presets()) {
    TensorCache cache;
    Session session = preset.session;
    // With the numbers of all lenses.
    if (session.operation == "conv2d") session.lens = Lens::gradient;
    const auto computation = compute(session, cache);
    ASSERT_TRUE(computation.ok()) << preset.name << " " << computation.error().code;
    for (const Lens lens : all_lenses()) {
      if (!lens_applies(lens, (*computation)->plan)) continue;
      ExportSettings settings;
      settings.target = folder.file("a.gif");
      settings.lens = lens;
      settings.width = 640;
      settings.height = 360;
      settings.fps = 10;
      settings.caption = true;
      settings.steps = {1, std::min<int64_t>(2, step_count((*computation)->plan, lens))};
      settings.end_pause_seconds = 0.1;
      const auto exported = run_export(*computation, settings);
      ASSERT_TRUE(exported.ok()) << preset.name << " " << name_of(lens) << " " << exported.error().code;
      const GifClip clip = read_gif(settings.target);
      ASSERT_GE(clip.frames.size(), 2u) << preset.name << " " << name_of(lens);
      EXPECT_NE(clip.frames.front().rgba, clip.frames.back().rgba) << preset.name << " " << name_of(lens);
    }
  }
}

}  // namespace
}  // namespace convscope::testing
