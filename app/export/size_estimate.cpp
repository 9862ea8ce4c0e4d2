#include "app/export/size_estimate.h"

#include <stdlib.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "app/export/export_plan.h"
#include "app/export/target_format.h"
#include "app/io/system_error.h"
#include "app/scene/timeline.h"

namespace convscope {
namespace {

namespace fs = std::filesystem;

/// So few steps are encoded as they are.
constexpr int64_t kFewSteps = 6;
/// Steps of the two excerpts of more.
constexpr int64_t kShort = 2, kLong = 5;

class WorkFolder {
 public:
  WorkFolder() {
    std::error_code error;
    std::string pattern = (fs::temp_directory_path(error) / "convscope_estimate_XXXXXX").string();
    if (!error && ::mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  ~WorkFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

int64_t bytes_in(const std::string& folder) {
  int64_t bytes = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->is_regular_file(error)) bytes += static_cast<int64_t>(entry->file_size(error));
  }
  return bytes;
}

Result<int64_t> bytes_of(const ComputationPtr& computation, ExportSettings settings, TargetFormat format, Job* job) {
  const WorkFolder folder;
  if (folder.path().empty()) return Error{"error.target_unwritable", "", {"TMPDIR", reason_of(errno)}};
  const std::string ending = traits_of(format).ending;
  settings.target = folder.path() + (format == TargetFormat::png_sequence ? "/%04d" : "/clip") + ending;
  if (auto done = run_export(computation, settings, job); !done) return done.error();
  return bytes_in(folder.path());
}

}  // namespace

Result<int64_t> estimate_export_bytes(const ComputationPtr& computation, ExportSettings settings, Job* job) {
  const Result<TargetFormat> format = target_format(settings.target);
  if (!format) return format.error();
  settings.alt_text = false;
  const int64_t all = export_steps(computation->plan, settings);
  const auto [first, last] = settings.steps.value_or(std::pair<int64_t, int64_t>{1, all});
  const int64_t steps = last - first + 1;
  if (settings.still_step || !settings.chosen_steps.empty() || steps <= kFewSteps) {
    return bytes_of(computation, std::move(settings), *format, job);
  }
  // In the middle: at the edges windows look different.
  const int64_t middle = std::clamp(first + steps / 2 - kLong / 2, first, last - kLong + 1);
  const auto excerpt = [&](int64_t length) {
    settings.steps = {middle, middle + length - 1};
    return bytes_of(computation, settings, *format, job);
  };
  const Result<int64_t> shorter = excerpt(kShort);
  if (!shorter) return shorter;
  const Result<int64_t> longer = excerpt(kLong);
  if (!longer) return longer;
  const double of_step = static_cast<double>(std::max<int64_t>(0, *longer - *shorter)) / (kLong - kShort);
  return *longer + static_cast<int64_t>(of_step * static_cast<double>(steps - kLong));
}

}  // namespace convscope
