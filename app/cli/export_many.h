// `convscope export` of several sessions or lenses: a process for each file, as many at once as there are cores.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/result.h"

namespace convscope {

/// One file: what is exported, through which lens (empty: the session's own), and to where.
struct ExportTask {
  std::string session;
  std::optional<std::string> lens;
  std::string target;
};

inline constexpr const char* kAllLenses = "all";

/// Whether more than one file is asked for, or the target's name is still to be filled in.
bool asks_for_many(const std::vector<std::string>& sessions, const std::optional<std::string>& lens,
                   const std::string& target);

/// The files that `target` stands for: {session} becomes the session's name, {lens} the lens'. With the lens "all"
/// every lens that shows the session's operation, or `operation` where that is not empty. Errors: those of opening a
/// session, error.export_same_file (args: file, two that would be written to it).
Result<std::vector<ExportTask>> export_tasks(const std::vector<std::string>& sessions,
                                             const std::optional<std::string>& lens,
                                             const std::optional<std::string>& operation, const std::string& target);

/// Runs `convscope export` for each with the other options behind it. One that fails leaves the others alone; what each
/// of them said goes to standard error. Errors: error.export_some_failed (args: how many, of how many),
/// error.export_cancelled.
Result<void> run_export_tasks(const std::vector<ExportTask>& tasks, const std::vector<std::string>& other_options);

}  // namespace convscope
