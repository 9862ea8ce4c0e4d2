// `convscope export`: an animation or a still, without a screen.
#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "app/cli/arguments.h"
#include "app/cli/command.h"
#include "app/cli/export_many.h"
#include "app/cli/lens_names.h"
#include "app/cli/messages.h"
#include "app/cli/model_picture.h"
#include "app/export/export_job.h"
#include "app/export/lesson_reel.h"
#include "app/session/beside.h"
#include "app/session/computation.h"
#include "app/session/presets.h"

namespace convscope {
namespace {

/// As typed.
struct ExportOptions {
  std::vector<std::string> sessions;
  std::string output;
  ModelPicture model_picture;
  std::optional<std::string> lesson;
  std::optional<std::string> operation, beside, lens, show, theme, language, chroma, size, fps, step_seconds, end_pause,
      step, steps, per_page;
  bool caption = false, transparent = false, no_session = false, alt_text = false;
};

/// "3:9", or "1,4,7:9": several ranges. Errors: error.not_a_number.
Result<std::vector<std::pair<int64_t, int64_t>>> parse_steps(const std::string& text) {
  std::vector<std::pair<int64_t, int64_t>> ranges;
  const std::vector<std::string_view> pieces = split(text, ',');
  for (const std::string_view piece : pieces) {
    const std::vector<std::string_view> parts = split(piece, ':');
    const auto first = parse_integer(parts.front(), "--steps"), last = parse_integer(parts.back(), "--steps");
    const bool single = parts.size() == 1 && pieces.size() > 1;
    if ((parts.size() != 2 && !single) || !first.ok() || !last.ok()) {
      return Error{"error.not_a_number", "--steps", {"--steps", text, "@cli.export.steps_wanted"}};
    }
    ranges.emplace_back(*first, *last);
  }
  return ranges;
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

/// The words that the session would say, where the command line says others.
Result<void> apply_names(const ExportOptions& options, ExportSettings& settings) {
  if (options.show) {
    if (auto set = set_picture_options(*options.show, settings.options); !set) return set;
  }
  if (options.theme) {
    const auto theme = theme_from_name(*options.theme);
    if (!theme) return Error{"error.unknown_theme", "--theme", {*options.theme}};
    settings.theme = *theme;
  }
  if (options.language) {
    const auto language = language_from_name(*options.language);
    if (!language) return Error{"error.unknown_language", "--language", {*options.language}};
    settings.language = *language;
  }
  if (options.chroma) {
    if (*options.chroma != "420" && *options.chroma != "444") {
      return Error{"error.export_chroma", "--chroma", {*options.chroma}};
    }
    settings.chroma444 = *options.chroma == "444";
  }
  return {};
}

Result<void> apply_numbers(const ExportOptions& options, ExportSettings& settings) {
  if (options.size) {
    const auto size = parse_pixel_size(*options.size, "--size");
    if (!size) return size.error();
    settings.width = size->width;
    settings.height = size->height;
  }
  if (options.fps) {
    const auto fps = parse_integer(*options.fps, "--fps", 1, kHighestFps);
    if (!fps) return fps.error();
    settings.fps = static_cast<int>(*fps);
  }
  if (options.step_seconds) {
    const auto seconds = parse_number(*options.step_seconds, "--step-seconds");
    if (!seconds) return seconds.error();
    settings.step_seconds = *seconds;
  }
  if (options.end_pause) {
    const auto seconds = parse_number(*options.end_pause, "--end-pause");
    if (!seconds) return seconds.error();
    settings.end_pause_seconds = *seconds;
  }
  if (options.step) {
    const auto step = parse_integer(*options.step, "--step");
    if (!step) return step.error();
    settings.still_step = *step;
  }
  if (options.steps) {
    const auto steps = parse_steps(*options.steps);
    if (!steps) return steps.error();
    if (steps->size() == 1) {
      settings.steps = steps->front();
    } else {
      settings.chosen_steps = *steps;
    }
  }
  if (options.per_page) {
    const auto grid = parse_pixel_size(*options.per_page, "--per-page");
    if (!grid) return grid.error();
    settings.columns = grid->width;
    settings.rows = grid->height;
  }
  return {};
}

/// All pages of a lesson. Errors: error.export_lesson_option (args: option) for what concerns one session's steps.
Result<void> run_lesson(const ExportOptions& options, ExportSettings settings) {
  if (!options.sessions.empty()) {
    return Error{"error.lesson_and_session", "--lesson", {options.sessions.front(), *options.lesson}};
  }
  const std::array<std::pair<const char*, bool>, 9> unused{{{"--operation", options.operation.has_value()},
                                                            {"--beside", options.beside.has_value()},
                                                            {"--lens", options.lens.has_value()},
                                                            {"--show", options.show.has_value()},
                                                            {"--step", options.step.has_value()},
                                                            {"--steps", options.steps.has_value()},
                                                            {"--end-pause", options.end_pause.has_value()},
                                                            {"--per-page", options.per_page.has_value()},
                                                            {"--caption", options.caption}}};
  for (const auto& [name, given] : unused) {
    if (given) return Error{"error.export_lesson_option", name, {name}};
  }
  if (auto applied = apply_names(options, settings); !applied) return applied;
  const Result<LessonPtr> lesson = open_lesson(*options.lesson, cli_language());
  if (!lesson) return lesson.error();
  Job job;
  const CancelOnSignal cancel(job);
  const auto reel = lesson_reel(**lesson, &job);
  if (!reel) return reel.error();
  settings.lesson = *reel;
  const ComputationPtr& first = (*reel)->scenes.front().computation;
  if (const auto forecast = forecast_export(first->plan, settings); !forecast) return forecast.error();
  job.progress = 0;
  const ProgressLine progress(job);
  return run_export(first, settings, &job);
}

/// The options that are the same for every file, as they were typed.
std::vector<std::string> other_options(const ExportOptions& options) {
  std::vector<std::string> words;
  const auto value = [&](const char* name, const std::optional<std::string>& text) {
    if (text) words.insert(words.end(), {name, *text});
  };
  const auto flag = [&](const char* name, bool on) {
    if (on) words.emplace_back(name);
  };
  value("--image", options.model_picture.image);
  flag("--imagenet", options.model_picture.imagenet);
  value("--operation", options.operation);
  value("--beside", options.beside);
  value("--show", options.show);
  value("--size", options.size);
  value("--fps", options.fps);
  value("--step-seconds", options.step_seconds);
  value("--end-pause", options.end_pause);
  value("--theme", options.theme);
  value("--language", options.language);
  value("--chroma", options.chroma);
  value("--step", options.step);
  value("--steps", options.steps);
  value("--per-page", options.per_page);
  flag("--caption", options.caption);
  flag("--transparent", options.transparent);
  flag("--alt-text", options.alt_text);
  flag("--no-session", options.no_session);
  return words;
}

/// Several sessions or lenses, a file for each.
Result<void> run_many(const ExportOptions& options, ExportSettings settings) {
  if (options.lens && *options.lens != kAllLenses) {
    if (const auto lenses = parse_lenses(*options.lens, "--lens"); !lenses) return lenses.error();
  }
  if (auto applied = apply_names(options, settings); !applied) return applied;
  const auto tasks = export_tasks(options.sessions, options.lens, options.operation, options.output);
  if (!tasks) return tasks.error();
  return run_export_tasks(*tasks, other_options(options));
}

Result<void> run_command(const ExportOptions& options) {
  ExportSettings settings;
  settings.target = options.output;
  settings.caption = options.caption;
  settings.transparent = options.transparent;
  settings.alt_text = options.alt_text;
  if (auto applied = apply_numbers(options, settings); !applied) return applied;
  if (options.lesson) return run_lesson(options, std::move(settings));
  if (options.sessions.empty()) return Error{"error.missing_option", "session", {"session"}};
  if (asks_for_many(options.sessions, options.lens, options.output)) return run_many(options, settings);
  std::vector<CodeNote> notes;
  const std::string& name = options.sessions.front();
  auto session = with_model_picture(open_session(name, &notes), name, options.model_picture);
  if (!session) return session.error();
  print_notes(notes);
  if (options.operation) {
    if (auto changed = change_operation(*session, *options.operation); !changed) return changed;
  }
  BesideChoice choice;
  choice.beside = options.beside.value_or("");
  if (options.lens) {
    const auto lenses = parse_lenses(*options.lens, "--lens");
    if (!lenses) return lenses.error();
    choice.lens = lenses->first;
    choice.lens_b = lenses->second;
  }
  notes.clear();
  if (auto applied = apply_beside(*session, choice, &notes); !applied) return applied;
  print_notes(notes);
  settings.lens = session->lens;
  settings.algorithm = session->algorithm;
  settings.options = session->picture;
  settings.theme = session->theme;
  settings.language = session->language;
  if (auto applied = apply_names(options, settings); !applied) return applied;
  session->picture = settings.options;
  if (!options.no_session) settings.session = *session;
  settings.lens = lens_for(shown_family(session->operation).value_or(OperationFamily::conv), settings.lens,
                           shown_dims(session->operation));
  session->lens = settings.lens;  // its numbers are computed with the others
  // All that can be refused is refused before the numbers are computed.
  TensorCache cache;
  const auto plan = plan_of(*session, cache);
  if (!plan) return plan.error();
  if (settings.lens == Lens::receptive_field && !plan->chain()) {
    return as_error(cli_language(), check_chain(shown_chain(*session, &*plan)).problem);
  }
  const std::optional<Session> other = other_side(*session);
  TensorCache other_cache;
  if (other) {
    const auto other_plan = plan_of(*other, other_cache);
    if (!other_plan) return other_plan.error();
    if (other->lens == Lens::receptive_field && !other_plan->chain()) {
      return as_error(cli_language(), check_chain(shown_chain(*other, &*other_plan)).problem);
    }
    auto expected = std::make_shared<Computation>();
    expected->plan = *other_plan;
    settings.beside = export_beside(*session, settings.lens, nullptr, expected);
  }
  if (const auto forecast = forecast_export(*plan, settings); !forecast) return forecast.error();

  Job job;
  const CancelOnSignal cancel(job);
  Conv2dOptions computing;
  computing.job = &job;
  const auto computation = compute(*session, cache, computing);
  if (!computation) return computation.error();
  ComputationPtr beside;
  if (other) {
    const auto computed = compute(*other, other_cache, computing);
    if (!computed) return computed.error();
    beside = *computed;
  }
  settings.beside = export_beside(*session, settings.lens, *computation, beside);
  job.progress = 0;
  const ProgressLine progress(job);
  return run_export(*computation, settings, &job);
}

}  // namespace

void add_export_command(CLI::App& app, Run& run) {
  auto options = std::make_shared<ExportOptions>();
  CLI::App* command = app.add_subcommand("export", words("cli.export"));
  command->add_option("session", options->sessions, words("cli.session") + "; " + words("cli.export.several"));
  add_model_picture_options(*command, options->model_picture);
  command->add_option("--lesson", options->lesson, words("cli.export.lesson"));
  command->add_option("-o,--output", options->output, words("cli.export.output"))->required();
  command->add_option("--operation", options->operation, words("cli.session_operation"));
  command->add_option("--beside", options->beside, words("cli.beside"));
  command->add_option("--lens", options->lens, words("cli.lenses") + "; " + words("cli.export.all_lenses"));
  command->add_option("--show", options->show, words("cli.show"));
  command->add_option("--size", options->size, words("cli.export.size"));
  command->add_option("--fps", options->fps, words("cli.export.fps"));
  command->add_option("--step-seconds", options->step_seconds, words("cli.export.step_seconds"));
  command->add_option("--end-pause", options->end_pause, words("cli.export.end_pause"));
  command->add_option("--theme", options->theme, words("cli.theme"));
  command->add_option("--language", options->language, words("cli.language"));
  command->add_flag("--caption", options->caption, words("cli.export.caption"));
  command->add_flag("--transparent", options->transparent, words("cli.export.transparent"));
  command->add_option("--chroma", options->chroma, words("cli.export.chroma"));
  command->add_option("--step", options->step, words("cli.export.step"));
  command->add_option("--steps", options->steps, words("cli.export.steps"));
  command->add_flag("--alt-text", options->alt_text, words("cli.export.alt_text"));
  command->add_flag("--no-session", options->no_session, words("cli.export.no_session"));
  command->add_option("--per-page", options->per_page, words("cli.export.per_page"));
  command->callback([options, &run] { run = [options] { return run_command(*options); }; });
}

}  // namespace convscope
