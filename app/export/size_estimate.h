// What an export will weigh, before it is made.
#pragma once

#include <cstdint>

#include "app/export/export_job.h"

namespace convscope {

/// Bytes of the file, or of all files of a sequence. A few steps are drawn and encoded for real, in a folder of their
/// own that goes again: all of them where there are few, so that the number is exact; else two excerpts from the
/// middle, whose difference is what a step adds. The target's folder is not touched; the computation is the session's.
/// Not for lessons. Errors: run_export()'s, error.export_cancelled.
Result<int64_t> estimate_export_bytes(const ComputationPtr& computation, ExportSettings settings, Job* job);

}  // namespace convscope
