// `convscope export`: an animation or a still, without a screen.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "app/cli/command.h"
#include "app/export/export_job.h"
#include "app/session/computation.h"
#include "app/session/presets.h"

namespace convscope {
namespace {

/// As typed; what is no number is refused by the parser, what is out of range by the export.
struct ExportOptions {
  std::string session;
  std::string output;
  std::string lens, theme, language, chroma, size, steps;
  std::optional<int64_t> step;
  ExportSettings settings;
};

std::string words(std::string_view key) { return std::string(tr(Language::en, key)); }

/// "960x540" and "3:9": two whole numbers with one letter between them.
template <class Integer>
std::optional<std::pair<Integer, Integer>> two_numbers(const std::string& text, char between) {
  std::pair<Integer, Integer> numbers;
  const char *at = text.data(), *const end = at + text.size();
  const auto first = std::from_chars(at, end, numbers.first);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != between) return std::nullopt;
  const auto second = std::from_chars(first.ptr + 1, end, numbers.second);
  if (second.ec != std::errc() || second.ptr != end) return std::nullopt;
  return numbers;
}

template <class Integer>
std::function<std::string(const std::string&)> pair_check(char between, std::string_view key) {
  return [between, key](const std::string& text) {
    return two_numbers<Integer>(text, between) ? std::string() : tr(Language::en, key, {text});
  };
}

// A signal may only touch an atomic; the job is watched between frames.
Job* interrupted_job = nullptr;
extern "C" void cancel_job(int) {
  if (interrupted_job != nullptr) interrupted_job->cancelled = true;
}

/// While it lives, Ctrl-C and a polite kill cancel the export, so that it can tidy up after itself; a second one ends
/// the process at once.
class CancelOnSignal {
 public:
  explicit CancelOnSignal(Job& job) {
    interrupted_job = &job;
    struct sigaction action = {};
    action.sa_handler = cancel_job;
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < kSignals.size(); ++i) {
      sigaction(kSignals[i], nullptr, &before_[i]);
      if (before_[i].sa_handler != SIG_IGN) sigaction(kSignals[i], &action, nullptr);
    }
    // a limit on the size of files then is an error like a full disk
    signal(SIGXFSZ, SIG_IGN);
  }
  ~CancelOnSignal() {
    for (size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &before_[i], nullptr);
    interrupted_job = nullptr;
  }
  CancelOnSignal(const CancelOnSignal&) = delete;
  CancelOnSignal& operator=(const CancelOnSignal&) = delete;

 private:
  static constexpr std::array<int, 3> kSignals{SIGINT, SIGTERM, SIGHUP};
  std::array<struct sigaction, kSignals.size()> before_{};
};

/// Percent on a terminal; nothing where standard error is a file or a pipe.
class ProgressLine {
 public:
  explicit ProgressLine(const Job& job) {
    if (::isatty(STDERR_FILENO) == 0) return;
    thread_ = std::thread([this, &job] {
      for (int tick = 0; !done_; ++tick) {
        if (tick % 10 == 9) {
          std::fprintf(stderr, "\r%3d %%", static_cast<int>(std::lround(100 * job.progress.load())));
          std::fflush(stderr);
          shown_ = true;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
      }
    });
  }
  ~ProgressLine() {
    if (!thread_.joinable()) return;
    done_ = true;
    thread_.join();
    if (shown_) std::fprintf(stderr, "\r     \r");
  }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

 private:
  std::thread thread_;
  std::atomic<bool> done_{false}, shown_{false};
};

/// What was typed over what the session says.
Result<ExportSettings> settings_of(const ExportOptions& options, const Session& session) {
  ExportSettings settings = options.settings;
  settings.target = options.output;
  settings.lens = session.lens;
  settings.theme = session.theme;
  settings.language = session.language;
  if (!options.lens.empty()) {
    const auto lens = lens_from_name(options.lens);
    if (!lens) {
      std::string names;
      for (const Lens known : all_lenses()) names += std::string(names.empty() ? "" : ", ") + name_of(known);
      return Error{"error.export_lens_name", "lens", {options.lens, names}};
    }
    settings.lens = *lens;
  }
  if (!options.theme.empty()) {
    const auto theme = theme_from_name(options.theme);
    if (!theme) return Error{"error.export_theme_name", "theme", {options.theme}};
    settings.theme = *theme;
  }
  if (!options.language.empty()) {
    const auto language = language_from_name(options.language);
    if (!language) return Error{"error.export_language_name", "language", {options.language}};
    settings.language = *language;
  }
  if (!options.chroma.empty()) {
    if (options.chroma != "420" && options.chroma != "444") {
      return Error{"error.export_chroma", "chroma", {options.chroma}};
    }
    settings.chroma444 = options.chroma == "444";
  }
  if (!options.size.empty()) {
    const auto size = two_numbers<int>(options.size, 'x');
    settings.width = size->first;
    settings.height = size->second;
  }
  settings.still_step = options.step;
  if (!options.steps.empty()) settings.steps = two_numbers<int64_t>(options.steps, ':');
  return settings;
}

Result<void> run_command(const ExportOptions& options) {
  const auto session = open_session(options.session);
  if (!session) return session.error();
  const auto settings = settings_of(options, *session);
  if (!settings) return settings.error();
  // All that can be refused is refused before the numbers are computed.
  TensorCache cache;
  const auto plan = plan_of(*session, cache);
  if (!plan) return plan.error();
  if (const auto forecast = forecast_export(*plan, *settings); !forecast) return forecast.error();

  Job job;
  const CancelOnSignal cancel(job);
  Conv2dOptions computing;
  computing.job = &job;
  const auto computation = compute(*session, cache, computing);
  if (!computation) return computation.error();
  job.progress = 0;
  const ProgressLine progress(job);
  return run_export(*computation, *settings, &job);
}

}  // namespace

void add_export_command(CLI::App& app, Run& run) {
  auto options = std::make_shared<ExportOptions>();
  CLI::App* command = app.add_subcommand("export", words("cli.export"));
  ExportSettings& settings = options->settings;
  command->add_option("session", options->session, words("cli.export.session"))->required();
  command->add_option("-o,--output", options->output, words("cli.export.output"))->required();
  command->add_option("--lens", options->lens, words("cli.export.lens"));
  command->add_option("--size", options->size, words("cli.export.size"))
      ->check(CLI::Validator(pair_check<int>('x', "cli.export.size_text"), ""));
  command->add_option("--fps", settings.fps, words("cli.export.fps"));
  command->add_option("--step-seconds", settings.step_seconds, words("cli.export.step_seconds"));
  command->add_option("--end-pause", settings.end_pause_seconds, words("cli.export.end_pause"));
  command->add_option("--theme", options->theme, words("cli.export.theme"));
  command->add_option("--language", options->language, words("cli.export.language"));
  command->add_flag("--caption", settings.caption, words("cli.export.caption"));
  command->add_flag("--transparent", settings.transparent, words("cli.export.transparent"));
  command->add_option("--chroma", options->chroma, words("cli.export.chroma"));
  command->add_option("--step", options->step, words("cli.export.step"));
  command->add_option("--steps", options->steps, words("cli.export.steps"))
      ->check(CLI::Validator(pair_check<int64_t>(':', "cli.export.steps_text"), ""));
  command->callback([options, &run] { run = [options] { return run_command(*options); }; });
}

}  // namespace convscope
