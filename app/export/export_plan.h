// An export that has been checked: what run_export() works from.
#pragma once

#include "app/export/clip_clock.h"
#include "app/export/export_job.h"
#include "app/export/target_format.h"

namespace convscope {

struct ExportPlan {
  TargetFormat format = TargetFormat::gif;
  bool animation = true;
  ClipClock clock;
  float scale = 1;  // device pixels per logical pixel
};

/// Errors: those of forecast_export().
Result<ExportPlan> plan_export(const OperationPlan& plan, const ExportSettings& settings);

}  // namespace convscope
