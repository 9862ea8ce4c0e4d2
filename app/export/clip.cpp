#include "app/export/clip.h"

#include <algorithm>

#include "app/io/carried_text.h"
#include "app/session/session_json.h"
#include "engine/trace.h"

namespace convscope {

namespace {

const char* title_key(const OperationPlan& plan) {
  if (plan.conv2d() != nullptr) return "export.title";
  if (plan.volume() != nullptr) return "export.title_conv3d";
  if (plan.transposed() != nullptr) return "export.title_transposed";
  return plan.pool()->kind == PoolKind::max ? "export.title_max_pool" : "export.title_avg_pool";
}

}  // namespace

SceneRequest request_at(const ComputationPtr& computation, const ExportSettings& settings, const ExportPlan& plan,
                        const TextMeasure& measure, int64_t frame) {
  SceneRequest request;
  request.computation = computation;
  request.lens = settings.lens;
  request.algorithm = settings.algorithm;
  request.options = settings.options;
  request.moment = plan.moment(frame);
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

PairRequest pair_request_at(const ComputationPtr& computation, const ExportSettings& settings, const ExportPlan& plan,
                            const TextMeasure& measure, int64_t frame) {
  const ExportBeside& beside = *settings.beside;
  PairRequest request;
  request.common = request_at(computation, settings, plan, measure, frame);
  request.own = beside.is_a ? 1 : 0;
  request.sides[request.own] = {computation, settings.lens, settings.algorithm, std::nullopt};
  request.sides[1 - request.own] = {beside.linked ? computation : beside.computation, beside.lens, beside.algorithm,
                                    std::nullopt};
  request.linked = beside.linked;
  return request;
}

int64_t Clip::all_steps() const {
  if (settings_.lesson) return static_cast<int64_t>(settings_.lesson->scenes.size());
  return export_steps(computation_->plan, settings_);
}

std::string Clip::title(Language language) const {
  if (settings_.lesson) return settings_.lesson->title.in(language);
  const auto title_of = [&](const Computation& of) {
    const OperationPlan& p = of.plan;
    return tr(language, title_key(p), {p.shown(p.input_shape()).to_string(), p.shown(p.output_shape()).to_string()});
  };
  if (!settings_.beside || settings_.beside->linked) return title_of(*computation_);
  std::string own = title_of(*computation_), other = title_of(*settings_.beside->computation);
  if (settings_.beside->is_a) std::swap(own, other);
  return tr(language, "export.title_pair", {own, other});
}

std::string Clip::sentence(int64_t step, Language language) const {
  if (settings_.lesson) return settings_.lesson->scenes[static_cast<size_t>(step)].words[static_cast<size_t>(language)];
  Scene scene;
  if (settings_.beside) {
    PairRequest pair = pair_request_at(computation_, settings_, plan_, measure_, 0);
    pair.common.moment = {step, 1.0f};
    pair.common.language = language;
    pair.common.playing = false;
    pair_.build(pair, scene);
    return scene.sentence;
  }
  SceneRequest request = request_at(computation_, settings_, plan_, measure_, 0);
  request.moment = {step, 1.0f};
  request.language = language;
  request.playing = false;
  build_scene(request, scene);
  return scene.sentence;
}

std::string Clip::alt_text() const {
  std::string text = title() + "\n" + description() + "\n\n";
  int64_t last = -1;
  for (int64_t frame = 0; frame < frames() && !cancelled(); ++frame) {
    const int64_t step = plan_.moment(frame).step;
    if (step == last) continue;
    last = step;
    text += sentence(step, settings_.language) + "\n";
  }
  return text;
}

std::string Clip::session() const {
  if (!settings_.session || settings_.lesson) return {};
  Session session = *settings_.session;
  session.lens = settings_.lens;
  if (!settings_.beside) session.beside.reset();
  session.theme = settings_.theme;
  session.language = settings_.language;
  session.step = plan_.moment(0).step + 1;
  return carried_form(session_text_for(settings_.target, session));
}

std::string Clip::description() const {
  if (settings_.lesson) {
    return tr(settings_.language, "export.description_lesson",
              {title(), std::to_string(settings_.lesson->pages), sentence(0, settings_.language)});
  }
  const OperationPlan& p = computation_->plan;
  Scene last;
  build(frames() - 1, last);
  if (settings_.beside) {
    const bool b = settings_.beside->is_a;  // the exported session's own side is B
    const Lens own = settings_.lens, other = settings_.beside->lens;
    return tr(settings_.language, "export.description_pair",
              {title(), name_of(b ? other : own), name_of(b ? own : other), std::to_string(plan_.moment(0).step + 1),
               std::to_string(plan_.moment(frames() - 1).step + 1), last.sentence});
  }
  return tr(settings_.language,
            p.dims() == 1           ? "export.description_conv1d"
            : p.dims() == 3         ? "export.description_conv3d"
            : p.conv2d() != nullptr ? "export.description"
            : p.has_weight()        ? "export.description_transposed"
                                    : "export.description_pooling",
            {p.shown(p.input_shape()).to_string(),
             p.has_weight() ? p.shown(p.weight_shape()).to_string() : Shape{p.kernel().h, p.kernel().w}.to_string(),
             p.shown(p.output_shape()).to_string(), name_of(settings_.lens), std::to_string(plan_.moment(0).step + 1),
             std::to_string(plan_.moment(frames() - 1).step + 1), last.sentence});
}

}  // namespace convscope
