#include "app/export/export_job.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "app/export/clip.h"
#include "app/export/export_plan.h"
#include "app/export/frame_pipe.h"
#include "app/export/frame_sink.h"
#include "app/export/scene_sink.h"
#include "app/export/target_format.h"
#include "app/io/atomic_file.h"
#include "app/render/egl_context.h"
#include "app/render/gl_canvas.h"
#include "app/render/scene_changes.h"
#include "app/scene/build_scene.h"
#include "app/scene/pair_scene.h"
#include "app/scene/theme.h"

namespace convscope {
namespace {

/// Frames looked at for a palette; more would cost time and hardly bring a colour.
constexpr int64_t kSampleFrames = 8;

Result<void> export_scenes(Clip& clip, const FontStack& fonts) {
  auto sink = open_scene_sink(clip, fonts);
  if (!sink) return sink.error();
  auto shown = clip.for_each_picture([&](const Scene& scene, const auto&, int64_t frame, int repeat) {
    if (clip.job() != nullptr) {
      clip.job()->report(static_cast<float>(frame + repeat) / static_cast<float>(clip.frames()));
    }
    return (*sink)->add(scene, frame, repeat);
  });
  if (!shown) return shown;
  return (*sink)->finish();
}

Result<void> export_pixels(Clip& clip, const ExportSettings& settings, const ExportPlan& plan, const FontStack& fonts) {
  ClipFormat format;
  format.width = settings.width;
  format.height = settings.height;
  format.fps = settings.fps;
  format.transparent = settings.transparent;
  format.chroma444 = settings.chroma444;
  format.title = clip.title();
  format.description = clip.description();
  format.session = clip.session();
  auto opened = open_sink(settings.target, format);
  if (!opened) return opened.error();
  FrameSink& sink = **opened;
  sink.watch(clip.job(), clip.frames());

  auto context = EglContext::create();
  if (!context) return context.error();
  auto renderer = FrameRenderer::create(fonts, settings.width, settings.height);
  if (!renderer) return renderer.error();
  const Theme& colors = theme(settings.theme);

  if (sink.wants_sample()) {
    const int64_t frames = plan.clock.moving_frames, samples = std::min(kSampleFrames, frames);
    Scene scene, last;
    Pixels pixels;
    std::vector<PixelBox> changed{{0, 0, settings.width, settings.height}};
    for (int64_t i = 0; i < samples; ++i) {
      if (clip.cancelled()) return Clip::stopped();
      clip.build(samples == 1 ? frames - 1 : i * (frames - 1) / (samples - 1), scene);
      if (i > 0) changed = changed_parts(last, scene, fonts, plan.scale, settings.width, settings.height);
      (*renderer)->submit_changes(scene, colors, plan.scale, changed);
      (*renderer)->read(pixels);
      sink.sample(pixels);
      std::swap(scene, last);
    }
  }
  if (auto begun = sink.begin(); !begun) return begun;
  {
    // While the graphics side draws one picture the next scene is built, and the sink encodes the one before.
    FramePipe pipe(sink);
    int under_way = 0;  // how often the submitted picture is shown, 0: none is submitted
    const auto collect = [&]() -> Result<void> {
      if (under_way == 0) return {};
      (*renderer)->read(pipe.next());
      return pipe.push(std::exchange(under_way, 0));
    };
    auto shown =
        clip.for_each_picture([&](const Scene& scene, const auto& changed, int64_t, int repeat) -> Result<void> {
          if (auto collected = collect(); !collected) return collected;
          (*renderer)->submit_changes(scene, colors, plan.scale, changed);
          under_way = repeat;
          return {};
        });
    if (!shown) return shown;
    if (auto collected = collect(); !collected) return collected;
    if (auto drained = pipe.drain(); !drained) return drained;
  }
  if (clip.cancelled()) return Clip::stopped();
  return sink.finish();
}

Result<void> export_clip(Clip& clip, const ExportPlan& plan, const FontStack& fonts) {
  return traits_of(plan.format).scenes ? export_scenes(clip, fonts) : export_pixels(clip, clip.settings(), plan, fonts);
}

/// Whether the lens finds room for any cell; where there is none it draws a sentence that says so.
bool shows_cells(const ComputationPtr& computation, const ExportSettings& settings, const ExportPlan& plan,
                 const TextMeasure& measure) {
  Scene scene;
  if (settings.beside) {
    PairPicture pair;
    pair.build(pair_request_at(computation, settings, plan, measure, plan.clock.frames() - 1), scene);
    const auto shows = [](const Scene& part) { return !part.refs.empty() || !part.rasters.empty(); };
    return shows(pair.part(0)) && shows(pair.part(1));
  }
  build_scene(request_at(computation, settings, plan, measure, plan.clock.frames() - 1), scene);
  return !scene.refs.empty() || !scene.rasters.empty();
}

/// Errors: error.export_too_small, naming the smallest size of the same proportions that works.
Result<void> check_legible(const ComputationPtr& computation, const ExportSettings& settings, ExportPlan plan,
                           const TextMeasure& measure) {
  if (shows_cells(computation, settings, plan, measure)) return {};
  const auto with_long_side = [&](int side) {
    ExportSettings larger = settings;
    const int most = std::max(settings.width, settings.height);
    const auto scaled = [&](int own) {
      return std::max(kSmallestExportSide, static_cast<int>((int64_t{own} * side + most - 1) / most));
    };
    larger.width = scaled(settings.width);
    larger.height = scaled(settings.height);
    return larger;
  };
  const auto works = [&](int side) {
    const ExportSettings larger = with_long_side(side);
    plan.scale = export_scale(larger);
    return shows_cells(computation, larger, plan, measure);
  };
  int too_small = std::max(settings.width, settings.height), enough = kLargestExportSide;
  if (!works(enough)) enough = 0;
  while (enough - too_small > 1) {
    const int middle = too_small + (enough - too_small) / 2;
    (works(middle) ? enough : too_small) = middle;
  }
  // users know the page's size, of which this may be a part
  const auto text = [&](int width, int height) {
    return std::to_string(width * settings.columns) + "x" + std::to_string(height * settings.columns);
  };
  const ExportSettings proposed = with_long_side(enough);
  return Error{"error.export_too_small",
               "size",
               {text(settings.width, settings.height), name_of(settings.lens),
                enough > 0 ? text(proposed.width, proposed.height) : text(960, 540)}};
}

}  // namespace

std::shared_ptr<const ExportBeside> export_beside(const Session& session, Lens lens, const ComputationPtr& own,
                                                  const ComputationPtr& other) {
  if (!session.beside) return nullptr;
  ExportBeside beside;
  beside.linked = !session.beside->other;
  beside.computation = beside.linked ? own : other;
  if (!beside.computation) return nullptr;
  beside.lens = lens_beside(session, lens);
  beside.algorithm = beside.linked ? session.algorithm : session.beside->other->algorithm;
  beside.is_a = session.beside->is_a;
  return std::make_shared<const ExportBeside>(std::move(beside));
}

namespace {

/// Settings that plan_export() refuses give the last step.
ExportPlan plan_or_last_step(const ComputationPtr& computation, const ExportSettings& chosen) {
  ExportPlan plan;
  const ExportSettings settings = picture_settings(chosen);
  if (const auto planned = plan_export(computation->plan, chosen); planned.ok()) {
    plan = *planned;
  } else {
    plan.animation = false;
    plan.clock = ClipClock{export_steps(computation->plan, settings) - 1, 1, 1, 0};
    plan.scale = export_scale(settings);
  }
  return plan;
}

}  // namespace

SceneRequest export_scene_request(const ComputationPtr& computation, const ExportSettings& chosen,
                                  const TextMeasure& measure, int64_t frame) {
  const ExportPlan plan = plan_or_last_step(computation, chosen);
  return request_at(computation, picture_settings(chosen), plan, measure,
                    std::clamp<int64_t>(frame, 0, plan.clock.frames() - 1));
}

void build_export_frame(const ComputationPtr& computation, const ExportSettings& chosen, const TextMeasure& measure,
                        int64_t frame, PairPicture& pair, Scene& scene) {
  if (!chosen.beside) return build_scene(export_scene_request(computation, chosen, measure, frame), scene);
  const ExportPlan plan = plan_or_last_step(computation, chosen);
  pair.build(pair_request_at(computation, picture_settings(chosen), plan, measure,
                             std::clamp<int64_t>(frame, 0, plan.clock.frames() - 1)),
             scene);
}

Result<void> run_export(const ComputationPtr& computation, const ExportSettings& chosen, Job* job) {
  const auto plan = plan_export(computation->plan, chosen);
  if (!plan) return plan.error();
  const ExportSettings settings = picture_settings(chosen);
  auto fonts = FontStack::open();
  if (!fonts) return fonts.error();
  if (!settings.lesson) {
    if (auto legible = check_legible(computation, settings, *plan, **fonts); !legible) return legible;
  }
  if (job != nullptr) job->report(0);
  Clip clip(computation, settings, *plan, **fonts, job);
  if (!settings.alt_text) return export_clip(clip, *plan, **fonts);
  // An unwritable place is said before the work, and a cancelled export leaves no text either.
  auto words = AtomicFile::create(alt_text_target(settings.target));
  if (!words) return words.error();
  const std::string text = clip.alt_text();
  if (auto written = words->write(text.data(), text.size()); !written) return written;
  if (auto exported = export_clip(clip, *plan, **fonts); !exported) return exported;
  return words->commit();
}

}  // namespace convscope
