// One export under way: its frames as scenes, and what it says of itself in words.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "app/export/export_plan.h"
#include "app/export/lesson_reel.h"
#include "app/render/scene_changes.h"
#include "app/scene/build_scene.h"
#include "app/scene/pair_scene.h"

namespace convscope {

/// The picture of one frame of an export.
SceneRequest request_at(const ComputationPtr& computation, const ExportSettings& settings, const ExportPlan& plan,
                        const TextMeasure& measure, int64_t frame);

/// The same of two.
PairRequest pair_request_at(const ComputationPtr& computation, const ExportSettings& settings, const ExportPlan& plan,
                            const TextMeasure& measure, int64_t frame);

/// Builds scenes frame by frame and tells apart what must be drawn again.
class Clip {
 public:
  Clip(const ComputationPtr& computation, const ExportSettings& settings, const ExportPlan& plan,
       const TextMeasure& measure, Job* job)
      : computation_(computation), settings_(settings), plan_(plan), measure_(measure), job_(job) {}

  const ExportSettings& settings() const { return settings_; }
  const ExportPlan& plan() const { return plan_; }
  int64_t frames() const { return plan_.clock.frames(); }
  /// Of the whole operation in the clip's lens; of a lesson its scenes.
  int64_t all_steps() const;
  Job* job() const { return job_; }
  bool cancelled() const { return job_ != nullptr && job_->is_cancelled(); }
  static Error stopped() { return Error{"error.export_cancelled", "", {}}; }
  void build(int64_t frame, Scene& scene) const {
    if (settings_.lesson) return build_lesson_frame(*settings_.lesson, settings_, plan_, measure_, frame, scene);
    if (settings_.beside) {
      return pair_.build(pair_request_at(computation_, settings_, plan_, measure_, frame), scene);
    }
    build_scene(request_at(computation_, settings_, plan_, measure_, frame), scene);
  }

  /// Calls `show(scene, changed, frame, repeat)` for every run of equal frames, in order; `changed` are the parts that
  /// differ from the picture before. Errors: error.export_cancelled, show's.
  template <class Show>
  Result<void> for_each_picture(Show show) {
    Scene scene, next;
    build(0, scene);
    std::vector<PixelBox> changed{{0, 0, settings_.width, settings_.height}}, next_changed;
    for (int64_t frame = 0; frame < frames();) {
      int64_t end = frame + 1;
      for (; end < frames(); ++end) {
        if (cancelled()) return stopped();
        // the pause is one picture by definition
        if (plan_.animation && !settings_.lesson && frame + 1 >= plan_.clock.moving_frames) {
          end = frames();
          break;
        }
        build(end, next);
        next_changed = changed_parts(scene, next, measure_, plan_.scale, settings_.width, settings_.height);
        if (!next_changed.empty()) break;
      }
      if (cancelled()) return stopped();
      if (auto shown = show(scene, changed, frame, static_cast<int>(end - frame)); !shown) return shown;
      frame = end;
      std::swap(scene, next);
      std::swap(changed, next_changed);
    }
    return {};
  }

  /// In the export's language, or in another one.
  std::string title() const { return title(settings_.language); }
  std::string title(Language language) const;
  /// What somebody who cannot see the picture is told: the shapes, and the last step in words.
  std::string description() const;
  /// Title, description, and a line for each step that a frame shows.
  std::string alt_text() const;
  /// The session to keep in the file, as carried_form() has it; empty when there is none or it is too large.
  std::string session() const;
  /// A step, from 0 and done, in one sentence.
  std::string sentence(int64_t step, Language language) const;

 private:
  const ComputationPtr& computation_;
  const ExportSettings& settings_;
  const ExportPlan& plan_;
  const TextMeasure& measure_;
  Job* job_;
  mutable PairPicture pair_;  // the memory of building
};

}  // namespace convscope
