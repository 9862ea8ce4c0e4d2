// An export that has been checked: what run_export() works from.
#pragma once

#include <vector>

#include "app/export/clip_clock.h"
#include "app/export/export_job.h"
#include "app/export/target_format.h"

namespace convscope {

struct ExportPlan {
  TargetFormat format = TargetFormat::gif;
  bool animation = true;
  ClipClock clock;
  std::vector<int64_t>
      chosen;       // the step of each frame, from 0, where they do not follow each other; of a lesson its scene
  float scale = 1;  // device pixels per logical pixel

  Moment moment(int64_t frame) const {
    return chosen.empty() ? clock.moment(frame) : Moment{chosen[static_cast<size_t>(frame)], 1.0f};
  }
};

/// Steps of the timeline: of both where two are exported.
int64_t export_steps(const OperationPlan& plan, const ExportSettings& settings);

/// Errors: those of forecast_export().
Result<ExportPlan> plan_export(const OperationPlan& plan, const ExportSettings& settings);

/// The settings of one picture: where a page has several, its size is their part of the page's width.
ExportSettings picture_settings(const ExportSettings& settings);

}  // namespace convscope
