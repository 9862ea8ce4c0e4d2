// The same session through every lens that shows it, a file for each.
#pragma once

#include <vector>

#include "app/export/export_job.h"

namespace convscope {

/// "clip.gif" becomes "clip_sliding.gif", "clip_im2col.gif", ...; "frames/%04d.png" becomes "frames_sliding/%04d.png".
/// Steps chosen by number stay where the lens has as many as that of `settings`; else all of its own are shown, and of
/// stills the last.
std::vector<ExportSettings> settings_of_all_lenses(const OperationPlan& plan, const ExportSettings& settings);

/// One export after the other; each lens' numbers are computed where `computation` does not have them. The first that
/// fails ends it, and leaves those that are done. Errors: compute()'s, run_export()'s.
Result<void> run_exports(const Session& session, const ComputationPtr& computation,
                         const std::vector<ExportSettings>& exports, Job* job = nullptr);

}  // namespace convscope
