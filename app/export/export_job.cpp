#include "app/export/export_job.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "app/export/export_plan.h"
#include "app/export/frame_pipe.h"
#include "app/export/frame_sink.h"
#include "app/render/scene_changes.h"
#include "app/io/atomic_file.h"
#include "app/render/egl_context.h"
#include "app/render/gl_canvas.h"
#include "app/render/svg_canvas.h"
#include "app/scene/build_scene.h"
#include "app/scene/theme.h"

namespace convscope {
namespace {

/// Frames looked at for a palette; more would cost time and hardly bring a colour.
constexpr int64_t kSampleFrames = 8;

SceneRequest request_at(const ComputationPtr& computation, const ExportSettings& settings, const ExportPlan& plan,
                        const TextMeasure& measure, int64_t frame) {
  SceneRequest request;
  request.computation = computation;
  request.lens = settings.lens;
  request.algorithm = settings.algorithm;
  request.moment = plan.clock.moment(frame);
  request.steps_per_second =
      static_cast<double>(plan.clock.steps) * settings.fps / static_cast<double>(plan.clock.moving_frames);
  if (!plan.animation) request.steps_per_second = 0;
  request.playing = plan.animation && request.moment.step < plan.clock.first_step + plan.clock.steps - 1;
  request.view.width = static_cast<float>(settings.width) / plan.scale;
  request.view.height = static_cast<float>(settings.height) / plan.scale;
  request.language = settings.language;
  request.theme = settings.theme;
  request.measure = &measure;
  request.caption = settings.caption;
  request.transparent = settings.transparent;
  return request;
}

/// One export under way: builds scenes frame by frame and tells apart what must be drawn again.
class Clip {
 public:
  Clip(const ComputationPtr& computation, const ExportSettings& settings, const ExportPlan& plan,
       const TextMeasure& measure, Job* job)
      : computation_(computation), settings_(settings), plan_(plan), measure_(measure), job_(job) {}

  int64_t frames() const { return plan_.clock.frames(); }
  Job* job() const { return job_; }
  bool cancelled() const { return job_ != nullptr && job_->is_cancelled(); }
  void build(int64_t frame, Scene& scene) const {
    build_scene(request_at(computation_, settings_, plan_, measure_, frame), scene);
  }

  /// Calls `show(scene, changed, repeat)` for every run of equal frames, in order; `changed` are the parts that differ
  /// from the picture before. Errors: error.export_cancelled, show's.
  template <class Show>
  Result<void> for_each_picture(Show show) {
    Scene scene, next;
    build(0, scene);
    std::vector<PixelBox> changed{{0, 0, settings_.width, settings_.height}}, next_changed;
    for (int64_t frame = 0; frame < frames();) {
      int64_t end = frame + 1;
      for (; end < frames(); ++end) {
        if (cancelled()) return Error{"error.export_cancelled", "", {}};
        // the pause is one picture by definition
        if (frame + 1 >= plan_.clock.moving_frames) {
          end = frames();
          break;
        }
        build(end, next);
        next_changed = changed_parts(scene, next, measure_, plan_.scale, settings_.width, settings_.height);
        if (!next_changed.empty()) break;
      }
      if (cancelled()) return Error{"error.export_cancelled", "", {}};
      if (auto shown = show(scene, changed, static_cast<int>(end - frame)); !shown) return shown;
      frame = end;
      std::swap(scene, next);
      std::swap(changed, next_changed);
    }
    return {};
  }

  static const char* title_key(const OperationPlan& plan) {
    if (plan.transposed() != nullptr) return "export.title_transposed";
    return plan.pool()->kind == PoolKind::max ? "export.title_max_pool" : "export.title_avg_pool";
  }

  std::string title() const {
    const OperationPlan& p = computation_->plan;
    return tr(settings_.language, p.conv2d() != nullptr ? "export.title" : title_key(p),
              {p.input_shape().to_string(), p.output_shape().to_string()});
  }

  /// What somebody who cannot see the picture is told: the shapes, and the last step in words.
  std::string description() const {
    const OperationPlan& p = computation_->plan;
    Scene last;
    build(frames() - 1, last);
    return tr(settings_.language,
              p.conv2d() != nullptr ? "export.description"
              : p.has_weight()      ? "export.description_transposed"
                                    : "export.description_pooling",
              {p.input_shape().to_string(),
               p.has_weight() ? p.weight_shape().to_string() : Shape{p.kernel().h, p.kernel().w}.to_string(),
               p.output_shape().to_string(), name_of(settings_.lens), std::to_string(plan_.clock.first_step + 1),
               std::to_string(plan_.clock.first_step + plan_.clock.steps), last.sentence});
  }

 private:
  const ComputationPtr& computation_;
  const ExportSettings& settings_;
  const ExportPlan& plan_;
  const TextMeasure& measure_;
  Job* job_;
};

Result<void> export_svg(Clip& clip, const ExportSettings& settings, const ExportPlan& plan) {
  auto file = AtomicFile::create(settings.target);  // an unwritable place is said before the work, not after it
  if (!file) return file.error();
  const Theme& colors = theme(settings.theme);
  std::string document;
  if (!plan.animation) {
    Scene scene;
    clip.build(0, scene);
    auto still = svg_still(scene, colors, clip.title(), clip.description(), plan.scale);
    if (!still) return still.error();
    document = std::move(still).value();
  } else {
    SvgAnimation animation(colors, clip.title(), clip.description(), plan.scale);
    int64_t shown = 0;
    auto added = clip.for_each_picture([&](const Scene& scene, const auto&, int repeat) {
      shown += repeat;
      if (clip.job() != nullptr) clip.job()->report(static_cast<float>(shown) / static_cast<float>(clip.frames()));
      return animation.add(scene, static_cast<double>(repeat) / settings.fps);
    });
    if (!added) return added;
    auto finished = animation.finish();
    if (!finished) return finished.error();
    document = std::move(finished).value();
  }
  if (auto written = file->write(document.data(), document.size()); !written) return written;
  return file->commit();
}

Result<void> export_pixels(Clip& clip, const ExportSettings& settings, const ExportPlan& plan, const FontStack& fonts) {
  ClipFormat format;
  format.width = settings.width;
  format.height = settings.height;
  format.fps = settings.fps;
  format.transparent = settings.transparent;
  format.chroma444 = settings.chroma444;
  format.description = clip.description();
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
      if (clip.cancelled()) return Error{"error.export_cancelled", "", {}};
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
    auto shown = clip.for_each_picture([&](const Scene& scene, const auto& changed, int repeat) -> Result<void> {
      if (auto collected = collect(); !collected) return collected;
      (*renderer)->submit_changes(scene, colors, plan.scale, changed);
      under_way = repeat;
      return {};
    });
    if (!shown) return shown;
    if (auto collected = collect(); !collected) return collected;
    if (auto drained = pipe.drain(); !drained) return drained;
  }
  if (clip.cancelled()) return Error{"error.export_cancelled", "", {}};
  return sink.finish();
}

/// Whether the lens finds room for any cell; where there is none it draws a sentence that says so.
bool shows_cells(const ComputationPtr& computation, const ExportSettings& settings, const ExportPlan& plan,
                 const TextMeasure& measure) {
  Scene scene;
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
  const auto text = [](int width, int height) { return std::to_string(width) + "x" + std::to_string(height); };
  const ExportSettings proposed = with_long_side(enough);
  return Error{"error.export_too_small",
               "size",
               {text(settings.width, settings.height), name_of(settings.lens),
                enough > 0 ? text(proposed.width, proposed.height) : text(960, 540)}};
}

}  // namespace

SceneRequest export_scene_request(const ComputationPtr& computation, const ExportSettings& settings,
                                  const TextMeasure& measure, int64_t frame) {
  ExportPlan plan;
  if (const auto planned = plan_export(computation->plan, settings); planned.ok()) {
    plan = *planned;
  } else {
    plan.animation = false;
    plan.clock = ClipClock{std::max<int64_t>(step_count(computation->plan, settings.lens), 1) - 1, 1, 1, 0};
    plan.scale = export_scale(settings);
  }
  return request_at(computation, settings, plan, measure, std::clamp<int64_t>(frame, 0, plan.clock.frames() - 1));
}

Result<void> run_export(const ComputationPtr& computation, const ExportSettings& settings, Job* job) {
  const auto plan = plan_export(computation->plan, settings);
  if (!plan) return plan.error();
  auto fonts = FontStack::open();
  if (!fonts) return fonts.error();
  if (auto legible = check_legible(computation, settings, *plan, **fonts); !legible) return legible;
  if (job != nullptr) job->progress = 0;
  Clip clip(computation, settings, *plan, **fonts, job);
  return plan->format == TargetFormat::svg ? export_svg(clip, settings, *plan)
                                           : export_pixels(clip, settings, *plan, **fonts);
}

}  // namespace convscope
