#include "app/export/lesson_reel.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "app/scene/lesson_text.h"
#include "app/scene/painter.h"
#include "app/scene/pair_scene.h"
#include "app/scene/prediction.h"
#include "app/scene/sentence.h"

namespace convscope {
namespace {

constexpr double kLeastPause = 2.5;
constexpr double kLatinPerSecond = 17, kChinesePerSecond = 6;

// Of the words under the picture, for a picture of 960x540.
constexpr float kWords = 16, kHead = 13, kInset = 24, kAbove = 10, kBelow = 12;
constexpr float kMostOfHeight = 0.42f;

/// As long as people need to read it.
double reading_seconds(const std::string& words) {
  double latin = 0, chinese = 0;
  for (size_t i = 0; i < words.size(); ++i) {
    const auto byte = static_cast<unsigned char>(words[i]);
    if ((byte & 0xC0) == 0x80) continue;
    (byte >= 0xE3 ? chinese : latin) += 1;
  }
  return std::max(kLeastPause, latin / kLatinPerSecond + chinese / kChinesePerSecond);
}

std::string joined(const std::string& first, const std::string& second) {
  if (first.empty() || second.empty()) return first + second;
  // Chinese sentences follow each other without a blank.
  const bool chinese = first.ends_with("\u3002") || first.ends_with("\uff1f");
  return first + (chinese ? "" : " ") + second;
}

/// Fills the words of both languages; `text` gives those of one.
template <class Text>
void fill(LessonScene& scene, Text text) {
  for (const Language language : {Language::en, Language::zh})
    scene.words[static_cast<size_t>(language)] = text(language);
}

/// Steps of the timeline: of both where two stand side by side.
int64_t steps_of(const LessonScene& scene) {
  const OperationPlan& own = scene.computation->plan;
  if (!scene.beside) return std::max<int64_t>(step_count(own, scene.session.lens), 1);
  return pair_steps(own, scene.session.lens, scene.beside->plan, lens_beside(scene.session), false).count();
}

PairRequest pair_of(const LessonScene& scene, const SceneRequest& common) {
  const Session& session = scene.session;
  PairRequest pair;
  pair.common = common;
  pair.linked = !scene.beside;
  pair.own = session.beside->is_a ? 1 : 0;
  pair.sides[pair.own] = {scene.computation, session.lens, session.algorithm, std::nullopt};
  pair.sides[1 - pair.own] = {pair.linked ? scene.computation : scene.beside, lens_beside(session),
                              pair.linked ? session.algorithm : session.beside->other->algorithm, std::nullopt};
  return pair;
}

}  // namespace

Result<std::shared_ptr<const LessonReel>> lesson_reel(const Lesson& lesson, Job* job) {
  if (lesson.pages.empty()) return Error{"error.lesson_empty", "pages", {lesson.name}};
  auto reel = std::make_shared<LessonReel>();
  reel->name = lesson.name;
  reel->title = lesson.title;
  reel->pages = lesson.pages.size();
  TensorCache cache;
  Conv2dOptions options;
  options.job = job;
  for (size_t i = 0; i < lesson.pages.size(); ++i) {
    const LessonPage& page = lesson.pages[i];
    const auto scene_of = [&](const Session& session) -> Result<LessonScene> {
      const Result<ComputationPtr> numbers = compute(session, cache, options);
      if (!numbers) return numbers.error();
      LessonScene scene;
      scene.computation = *numbers;
      scene.session = session;
      scene.page = i;
      if (const std::optional<Session> other = other_side(session)) {
        TensorCache other_cache;
        const Result<ComputationPtr> beside = compute(*other, other_cache, options);
        if (!beside) return beside.error();
        scene.beside = *beside;
      }
      const int64_t steps = steps_of(scene);
      scene.first_step = scene.last_step = std::clamp<int64_t>(session.step, 1, steps) - 1;
      if (page.camera) {
        scene.zoom = page.camera->zoom;
        scene.center_x = page.camera->center_x;
        scene.center_y = page.camera->center_y;
      }
      return scene;
    };
    const auto words = [&](const LocalText& text, const LessonScene& scene, Language language) {
      return lesson_text(text.in(language), *scene.computation, scene.session.lens);
    };

    Result<LessonScene> first = scene_of(page.session);
    if (!first) return first.error();
    const int64_t steps = steps_of(*first);
    if (page.play) first->last_step = std::max(first->first_step, std::min(page.play->second, steps) - 1);
    std::optional<Prediction> asked;
    if (page.question) asked = Prediction{page.question->kind, page.question->step - 1, page.question->after};
    // A file may ask what this operation or these steps have no answer to.
    if (asked && !can_ask(asked->kind, *first->computation, first->session.lens, asked->step)) asked.reset();
    fill(*first, [&](Language language) {
      std::string text = words(page.caption, *first, language);
      if (page.task) text = joined(text, words(page.task->words, *first, language));
      if (asked) {
        const std::string own = words(page.question->words, *first, language);
        text = joined(text, own.empty() ? question_words(language, *asked, *first->computation) : own);
      }
      return text;
    });

    // What comes of it.
    std::optional<LessonScene> second;
    if (page.task && page.task->solution) {
      Result<LessonScene> after = scene_of(*page.task->solution);
      if (!after) return after.error();
      second = std::move(*after);
      fill(*second, [&](Language language) { return words(page.task->done, *second, language); });
    } else if (asked) {
      if (asked->after) {
        Result<LessonScene> after = scene_of(*asked->after);
        if (!after) return after.error();
        second = std::move(*after);
      } else {
        second = *first;
        second->first_step = second->last_step = asked->step;
        second->glides_in = true;
      }
      fill(*second, [&](Language language) {
        const std::string own = words(page.question->done, *second, language);
        if (!own.empty()) return own;
        const Result<Verdict> verdict = judge(language, *asked, *first->computation, {0, 0});
        return verdict ? verdict->reason : std::string();
      });
    }
    const auto pause = [&](LessonScene& scene) {
      scene.pause_seconds =
          page.pause_seconds.value_or(std::max(reading_seconds(scene.words[0]), reading_seconds(scene.words[1])));
    };
    pause(*first);
    reel->scenes.push_back(std::move(*first));
    if (second && !(second->words[0].empty() && second->words[1].empty())) {
      pause(*second);
      reel->scenes.push_back(std::move(*second));
    }
  }
  return std::shared_ptr<const LessonReel>(std::move(reel));
}

ClipClock clock_of(const LessonScene& scene, const ExportSettings& settings) {
  const auto frames = [&](double seconds) { return std::max<int64_t>(std::llround(seconds * settings.fps), 1); };
  ClipClock clock;
  clock.pause_frames = frames(scene.pause_seconds);
  // The first step of a range stands there from the beginning, so that nothing moves before it has been seen.
  const int64_t first = scene.glides_in ? scene.first_step : scene.first_step + 1;
  clock.first_step = first;
  clock.steps = scene.last_step - first + 1;
  if (clock.steps <= 0) {
    clock = ClipClock{scene.last_step, 1, 1, clock.pause_frames - 1};
  } else {
    clock.moving_frames = frames(static_cast<double>(clock.steps) * settings.step_seconds);
  }
  return clock;
}

Result<ExportPlan> plan_lesson(const ExportSettings& settings) {
  const auto format = target_format(settings.target);
  if (!format) return format.error();
  const FormatTraits& traits = traits_of(*format);
  if (*format == TargetFormat::png_still || *format == TargetFormat::tex) {
    return Error{"error.lesson_still", "output", {settings.target}};
  }
  ExportPlan plan;
  plan.format = *format;
  plan.scale = export_scale(settings);
  const auto scenes = static_cast<int64_t>(settings.lesson->scenes.size());
  if (traits.pages) {
    // A handout: how each scene ends.
    plan.animation = false;
    for (int64_t i = 0; i < scenes; ++i) plan.chosen.push_back(i);
    plan.clock = ClipClock{0, scenes, scenes, 0};
    return plan;
  }
  for (int64_t i = 0; i < scenes; ++i) {
    const ClipClock clock = clock_of(settings.lesson->scenes[static_cast<size_t>(i)], settings);
    const auto frames = static_cast<size_t>(clock.frames());
    if (static_cast<int64_t>(plan.chosen.size() + frames) > traits.most_frames) {
      return Error{"error.lesson_too_long", "fps", {settings.lesson->name, std::to_string(traits.most_frames)}};
    }
    plan.chosen.insert(plan.chosen.end(), frames, i);
  }
  const auto count = static_cast<int64_t>(plan.chosen.size());
  plan.clock = ClipClock{0, scenes, count, 0};
  return plan;
}

namespace {

/// Where frame `frame` lies in its scene.
Moment moment_in_scene(const ExportPlan& plan, const LessonScene& scene, const ExportSettings& settings,
                       int64_t frame) {
  if (!plan.animation) return {scene.last_step, 1.0f};
  const auto begin = std::lower_bound(plan.chosen.begin(), plan.chosen.end(), plan.chosen[static_cast<size_t>(frame)]);
  return clock_of(scene, settings).moment(frame - (begin - plan.chosen.begin()));
}

}  // namespace

void build_lesson_frame(const LessonReel& reel, const ExportSettings& settings, const ExportPlan& plan,
                        const TextMeasure& measure, int64_t frame, Scene& scene) {
  const LessonScene& shown = reel.scenes[static_cast<size_t>(plan.chosen[static_cast<size_t>(frame)])];
  SceneRequest request;
  request.computation = shown.computation;
  request.lens = shown.session.lens;
  request.algorithm = shown.session.algorithm;
  request.options = shown.session.picture;
  request.moment = moment_in_scene(plan, shown, settings, frame);
  request.steps_per_second = plan.animation ? 1 / settings.step_seconds : 0;
  request.playing = plan.animation && request.moment.step < shown.last_step;
  request.language = settings.language;
  request.theme = settings.theme;
  request.measure = &measure;
  request.transparent = settings.transparent;
  request.view.width = static_cast<float>(settings.width) / plan.scale;
  request.view.height = static_cast<float>(settings.height) / plan.scale;
  request.view.zoom = shown.zoom;
  request.view.center_x = shown.center_x;
  request.view.center_y = shown.center_y;

  // The same strip on every page, so that the picture does not jump.
  const float width = request.view.width, full = request.view.height;
  Scene unused;
  const Painter ruler(request, unused);
  const float ui = ruler.ui(), room = width - 2 * kInset * ui;
  float size = kWords * ui, height = 0;
  for (;; size *= 0.92f) {
    int lines = 1;
    for (const LessonScene& other : reel.scenes) {
      lines = std::max(
          lines,
          paragraph_of(ruler, other.words[static_cast<size_t>(settings.language)], Face::sans, size, size, room).lines);
    }
    height = (kAbove + kBelow + kHead * kLineHeight) * ui + static_cast<float>(lines) * size * kLineHeight;
    if (height <= kMostOfHeight * full || size < kMinNumberSize) break;
  }
  height = std::min(height, 0.6f * full);

  SceneRequest picture = request;
  picture.view.height = full - height;
  if (shown.session.beside) {
    thread_local PairPicture pair;  // keeps its layout from frame to frame
    pair.build(pair_of(shown, picture), scene);
  } else {
    build_scene(picture, scene);
  }
  scene.height = full;
  Painter painter(request, scene);
  const float top = full - height;
  painter.line(0, top, width, top, Role::border, 0);
  const float head = top + kAbove * ui + kHead * ui * kLineHeight / 2;
  painter.text(reel.title.in(settings.language), kInset * ui, head, kHead * ui, Role::accent, Align::left, Face::bold);
  painter.text(std::to_string(shown.page + 1) + " / " + std::to_string(reel.pages), width - kInset * ui, head,
               kHead * ui, Role::secondary, Align::right);
  const std::string& words = shown.words[static_cast<size_t>(settings.language)];
  if (words.empty()) return;
  const Paragraph paragraph = paragraph_of(painter, words, Face::sans, size, size, room);
  draw_paragraph(painter, words, paragraph, room, kInset * ui, head + kHead * ui * kLineHeight / 2, Role::text,
                 Align::left, Face::sans);
}

}  // namespace convscope
