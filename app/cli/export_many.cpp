#include "app/cli/export_many.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>

#include "app/io/system_error.h"
#include "app/scene/build_scene.h"
#include "app/session/computation.h"
#include "app/session/operation_plan.h"
#include "app/session/presets.h"
#include "engine/thread_pool.h"

extern char** environ;

namespace convscope {
namespace {

constexpr std::string_view kSessionPlace = "{session}", kLensPlace = "{lens}";

/// A preset's name as it is, a file's without folder and ending; of code and shared texts what a file may be called.
std::string name_in_file(const std::string& session) {
  if (find_preset(session) != nullptr) return session;
  std::string stem = session;
  std::error_code error;
  if (std::filesystem::exists(session, error)) stem = std::filesystem::path(session).stem().string();
  constexpr size_t kLongest = 60;
  std::string name;
  for (const char c : stem) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = byte >= 0x80 || std::isalnum(byte) != 0 || c == '-' || c == '.';
    if (plain) {
      name += c;
    } else if (!name.empty() && name.back() != '_') {
      name += '_';
    }
    if (name.size() == kLongest) break;
  }
  while (!name.empty() && name.back() == '_') name.pop_back();
  return name.empty() ? "session" : name;
}

std::string filled(std::string text, std::string_view place, const std::string& with) {
  for (size_t at = text.find(place); at != std::string::npos; at = text.find(place, at + with.size())) {
    text.replace(at, place.size(), with);
  }
  return text;
}

/// The lenses that show a session.
Result<std::vector<Lens>> lenses_of(const std::string& name, const std::optional<std::string>& operation) {
  auto session = open_session(name);
  if (!session) return session.error();
  if (operation) {
    if (auto changed = change_operation(*session, *operation); !changed) return changed.error();
  }
  TensorCache cache;
  const auto plan = plan_of(*session, cache);
  if (!plan) return plan.error();
  std::vector<Lens> lenses;
  for (const Lens lens : all_lenses()) {
    if (lens_applies(lens, *plan) && (lens != Lens::receptive_field || plan->chain())) lenses.push_back(lens);
  }
  return lenses;
}

volatile sig_atomic_t interrupted = 0;
extern "C" void note_interrupt(int) { interrupted = 1; }

/// While it lives, Ctrl-C and a polite kill are noted; a second one ends the process at once.
class NotedSignals {
 public:
  NotedSignals() {
    interrupted = 0;
    struct sigaction action = {};
    action.sa_handler = note_interrupt;  // without SA_RESTART: waiting for a process ends
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < kSignals.size(); ++i) {
      sigaction(kSignals[i], nullptr, &before_[i]);
      if (before_[i].sa_handler != SIG_IGN) sigaction(kSignals[i], &action, nullptr);
    }
    struct sigaction plain = {};
    plain.sa_handler = SIG_DFL;  // where it is ignored, children leave nothing to wait for
    sigemptyset(&plain.sa_mask);
    sigaction(SIGCHLD, &plain, &child_before_);
  }
  ~NotedSignals() {
    for (size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &before_[i], nullptr);
    sigaction(SIGCHLD, &child_before_, nullptr);
  }
  NotedSignals(const NotedSignals&) = delete;
  NotedSignals& operator=(const NotedSignals&) = delete;

 private:
  static constexpr std::array<int, 3> kSignals{SIGINT, SIGTERM, SIGHUP};
  std::array<struct sigaction, kSignals.size()> before_{};
  struct sigaction child_before_ {};
};

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using OpenFile = std::unique_ptr<std::FILE, FileCloser>;

struct Child {
  const ExportTask* task = nullptr;
  OpenFile said;  // its standard error
};

/// Starts `convscope ARGUMENTS`; its process id, or what was wrong as an errno.
Result<pid_t> spawn(const std::vector<std::string>& arguments, std::FILE* standard_error) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, fileno(standard_error), STDERR_FILENO);
  pid_t child = 0;
  const int failed = posix_spawn(&child, "/proc/self/exe", &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return Error{"error.export_process", "", {reason_of(failed)}};
  return child;
}

/// Its lines behind the name of the file that they speak of.
void pass_on(const Child& child) {
  std::rewind(child.said.get());
  std::string line;
  const auto flush = [&] {
    if (!line.empty()) std::fprintf(stderr, "%s: %s\n", child.task->target.c_str(), line.c_str());
    line.clear();
  };
  for (int c = std::fgetc(child.said.get()); c != EOF; c = std::fgetc(child.said.get())) {
    if (c == '\n') {
      flush();
    } else {
      line += static_cast<char>(c);
    }
  }
  flush();
}

}  // namespace

bool asks_for_many(const std::vector<std::string>& sessions, const std::optional<std::string>& lens,
                   const std::string& target) {
  return sessions.size() > 1 || lens == kAllLenses || target.find(kSessionPlace) != std::string::npos ||
         target.find(kLensPlace) != std::string::npos;
}

Result<std::vector<ExportTask>> export_tasks(const std::vector<std::string>& sessions,
                                             const std::optional<std::string>& lens,
                                             const std::optional<std::string>& operation, const std::string& target) {
  std::vector<ExportTask> tasks;
  std::map<std::string, std::string> written_by;
  for (const std::string& session : sessions) {
    std::vector<std::optional<std::string>> lenses{lens};
    std::string own = lens.value_or("");
    if (lens == kAllLenses) {
      const auto all = lenses_of(session, operation);
      if (!all) return all.error();
      lenses.clear();
      for (const Lens one : *all) lenses.emplace_back(name_of(one));
    } else if (!lens) {
      const auto opened = open_session(session);
      if (!opened) return opened.error();
      own = name_of(opened->lens);
    }
    for (const std::optional<std::string>& one : lenses) {
      ExportTask task{session, one, filled(target, kSessionPlace, name_in_file(session))};
      task.target = filled(std::move(task.target), kLensPlace, lens == kAllLenses ? *one : own);
      const std::string who = session + (one ? " (" + *one + ")" : "");
      const auto [other, is_new] = written_by.emplace(task.target, who);
      if (!is_new) return Error{"error.export_same_file", "-o", {task.target, other->second, who}};
      tasks.push_back(std::move(task));
    }
  }
  return tasks;
}

Result<void> run_export_tasks(const std::vector<ExportTask>& tasks, const std::vector<std::string>& other_options) {
  const NotedSignals signals;
  const bool shows_progress = ::isatty(STDERR_FILENO) != 0;
  const auto most = static_cast<size_t>(hardware_threads());
  std::map<pid_t, Child> running;
  size_t next = 0, done = 0, failed = 0;
  bool stopping = false;
  while (next < tasks.size() || !running.empty()) {
    if (interrupted != 0 && !stopping) {
      stopping = true;
      next = tasks.size();
      for (const auto& [process, child] : running) kill(process, SIGTERM);
      continue;
    }
    if (next < tasks.size() && running.size() < most) {
      const ExportTask& task = tasks[next++];
      std::vector<std::string> arguments{"convscope", "export", task.session, "-o", task.target};
      if (task.lens) arguments.insert(arguments.end(), {"--lens", *task.lens});
      arguments.insert(arguments.end(), other_options.begin(), other_options.end());
      Child child{&task, OpenFile(std::tmpfile())};
      const Result<pid_t> process = child.said ? spawn(arguments, child.said.get())
                                               : Result<pid_t>(Error{"error.export_process", "", {reason_of(errno)}});
      if (!process) {
        for (const auto& [other, unused] : running) kill(other, SIGTERM);
        for (const auto& [other, unused] : running) waitpid(other, nullptr, 0);
        return process.error();
      }
      running.emplace(*process, std::move(child));
      continue;
    }
    int status = 0;
    const pid_t ended = waitpid(-1, &status, 0);
    const auto found = running.find(ended);
    if (ended < 0 || found == running.end()) continue;  // a signal
    ++done;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) ++failed;
    if (!stopping) pass_on(found->second);  // notes as well
    running.erase(found);
    if (shows_progress) std::fprintf(stderr, "\r%zu / %zu", done, tasks.size());
  }
  if (shows_progress) std::fprintf(stderr, "\r             \r");
  if (stopping) return Error{"error.export_cancelled", "", {}};
  if (failed > 0) return Error{"error.export_some_failed", "", {std::to_string(failed), std::to_string(tasks.size())}};
  return {};
}

}  // namespace convscope
