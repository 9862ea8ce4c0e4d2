// A lesson as a film: its pages with their words, one after the other.
//
// A page is one scene, or two where something is to be tried or said: before and after.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "app/export/export_job.h"
#include "app/export/export_plan.h"
#include "app/scene/build_scene.h"
#include "app/session/lesson.h"

namespace convscope {

struct LessonScene {
  ComputationPtr computation;
  Session session;
  ComputationPtr beside;                  // of the other side, where the page has one with numbers of its own
  size_t page = 0;                        // from 0
  int64_t first_step = 0, last_step = 0;  // from 0; the same: a still
  bool glides_in = false;                 // the first step is seen being computed
  std::array<std::string, 2> words;       // by language
  double pause_seconds = 0;               // behind the last step
  double zoom = 1, center_x = 0.5, center_y = 0.5;
};

struct LessonReel {
  std::string name;
  LocalText title;
  size_t pages = 0;
  std::vector<LessonScene> scenes;
};

/// Computes every page. Errors: those of compute(), error.cancelled, error.lesson_empty.
Result<std::shared_ptr<const LessonReel>> lesson_reel(const Lesson& lesson, Job* job = nullptr);

/// Frames of a scene: those that move, then the pause. At least one.
ClipClock clock_of(const LessonScene& scene, const ExportSettings& settings);

/// Errors: those of forecast_export() that concern size and format; error.lesson_still (args: target) for formats of
/// one picture, error.lesson_too_long (args: lesson, most frames).
Result<ExportPlan> plan_lesson(const ExportSettings& settings);

/// The picture of a frame with the page's words under it.
void build_lesson_frame(const LessonReel& reel, const ExportSettings& settings, const ExportPlan& plan,
                        const TextMeasure& measure, int64_t frame, Scene& scene);

}  // namespace convscope
