#include <imgui.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "app/export/all_lenses.h"
#include "app/export/export_job.h"
#include "app/export/export_plan.h"
#include "app/export/lesson_reel.h"
#include "app/export/size_estimate.h"
#include "app/export/target_format.h"
#include "app/gui/folder_listing.h"
#include "app/gui/keys.h"
#include "app/gui/lesson_card.h"
#include "app/gui/panels.h"
#include "app/gui/widgets.h"
#include "app/scene/pair_scene.h"
#include "engine/trace.h"

namespace convscope {

namespace {

/// What can come out, in the order of the list; those that this build cannot write are left out.
struct FormatRow {
  TargetFormat target;
  bool still;  // one step
  std::string_view key;
  const char* label_key;
};
constexpr std::array<FormatRow, 12> kFormats = {{
    {TargetFormat::gif, false, "gif", "export_dialog.format.gif"},
    {TargetFormat::mp4, false, "mp4", "export_dialog.format.mp4"},
    {TargetFormat::webm, false, "webm", "export_dialog.format.webm"},
    {TargetFormat::webp, false, "webp", "export_dialog.format.webp"},
    {TargetFormat::apng, false, "apng", "export_dialog.format.apng"},
    {TargetFormat::svg, false, "svg", "export_dialog.format.svg"},
    {TargetFormat::html, false, "html", "export_dialog.format.html"},
    {TargetFormat::pdf, false, "pdf", "export_dialog.format.pdf"},
    {TargetFormat::png_sequence, false, "frames", "export_dialog.format.frames"},
    {TargetFormat::png_still, true, "png", "export_dialog.format.png"},
    {TargetFormat::svg, true, "svg_still", "export_dialog.format.svg_still"},
    {TargetFormat::tex, true, "tex", "export_dialog.format.tex"},
}};
constexpr std::string_view kFrameNames = "/%04d.png";

struct Size {
  int width, height;
  const char* label;
  std::string_view key;
};
constexpr std::array<Size, 4> kSizes = {{{960, 540, "960 \u00d7 540", "960x540"},
                                         {1280, 720, "1280 \u00d7 720", "1280x720"},
                                         {1920, 1080, "1920 \u00d7 1080", "1920x1080"},
                                         {3840, 2160, "3840 \u00d7 2160", "3840x2160"}}};

/// Pictures on a page of PDF.
struct Grid {
  int columns, rows;
  const char* label;
  std::string_view key;
};
constexpr std::array<Grid, 6> kGrids = {{{1, 1, "1 \u00d7 1", "1x1"},
                                         {1, 2, "1 \u00d7 2", "1x2"},
                                         {2, 2, "2 \u00d7 2", "2x2"},
                                         {2, 3, "2 \u00d7 3", "2x3"},
                                         {3, 3, "3 \u00d7 3", "3x3"},
                                         {3, 4, "3 \u00d7 4", "3x4"}}};

/// The pages of a lesson being computed, on a thread of their own: those of a file may be large.
struct ReelWork {
  Job job;
  std::atomic<bool> finished{false};
  Result<std::shared_ptr<const LessonReel>> result{std::shared_ptr<const LessonReel>()};
  std::thread thread;  // last: it uses the others from its first moment

  explicit ReelWork(const LessonPtr& lesson)
      : thread([this, lesson] {
          result = lesson_reel(*lesson, &job);
          finished = true;
          finished.notify_all();
        }) {}
  ~ReelWork() {
    job.cancelled = true;
    thread.join();
  }
};

/// How large the file will be, being found out on a thread of its own.
struct EstimateWork {
  ComputationPtr computation;
  ExportSettings settings;
  Job job;
  std::atomic<bool> finished{false};
  Result<int64_t> bytes{int64_t{0}};  // written before `finished`, read after it
  std::thread thread;                 // last: it uses the others from its first moment

  EstimateWork(ComputationPtr numbers, ExportSettings chosen)
      : computation(std::move(numbers)), settings(std::move(chosen)), thread([this] {
          bytes = estimate_export_bytes(computation, settings, &job);
          finished = true;
          finished.notify_all();
        }) {}
  ~EstimateWork() {
    job.cancelled = true;
    thread.join();
  }
};

/// So long nothing may have been changed before the size is found out.
constexpr double kEstimateDelay = 0.4;

/// From this length on the whole convolution is no animation anybody watches: a part is proposed.
constexpr double kLongestProposedSeconds = 120;

/// One export on its way, on a thread of its own.
struct Running {
  std::thread thread;
  Job job;
  std::atomic<bool> finished{false};
  Result<void> result;  // written before `finished`, read after it
  std::string target;   // the first
  size_t files = 1;
  double started_seconds = 0;

  ~Running() {
    job.cancelled = true;
    if (thread.joinable()) thread.join();
  }
};

std::string without_ending(const std::string& path) {
  if (path.ends_with(kFrameNames)) return path.substr(0, path.size() - kFrameNames.size());
  const size_t slash = path.find_last_of('/');
  const size_t dot = path.find_last_of('.');
  if (dot == std::string::npos || (slash != std::string::npos && dot < slash + 2)) return path;
  return path.substr(0, dot);
}

/// Remedies that name an option of the command line name the dialog's field here.
Error in_dialog_words(Error error) {
  struct Words {
    std::string_view code, in_dialog;
  };
  constexpr std::array<Words, 9> kWords = {{
      {"error.export_size", "export_dialog.error.size"},
      {"error.export_fps", "export_dialog.error.fps"},
      {"error.export_format_fps", "export_dialog.error.format_fps"},
      {"error.export_step_seconds", "export_dialog.error.step_seconds"},
      {"error.export_end_pause", "export_dialog.error.end_pause"},
      {"error.export_steps", "export_dialog.error.steps"},
      {"error.export_too_many_frames", "export_dialog.error.too_many_frames"},
      {"error.export_too_many_pages", "export_dialog.error.too_many_pages"},
      {"error.export_too_small", "export_dialog.error.too_small"},
  }};
  for (const Words& words : kWords) {
    if (words.code == error.code) {
      error.code = words.in_dialog;
      break;
    }
  }
  return error;
}

float message_height() { return std::max(ImGui::GetFrameHeight(), 2.2f * ImGui::GetTextLineHeight()); }

std::string size_text(int64_t bytes) {
  std::array<char, 32> text{};
  const auto size = static_cast<double>(bytes);
  if (size < 1024 * 1024) {
    std::snprintf(text.data(), text.size(), "%.0f KiB", std::ceil(size / 1024));
  } else {
    std::snprintf(text.data(), text.size(), "%.1f MiB", size / (1024 * 1024));
  }
  return text.data();
}

std::string file_size_text(const std::string& path) {
  Result<std::vector<FolderEntry>> listing = read_folder(parent_of(path), {}, true);
  if (!listing) return {};
  for (const FolderEntry& entry : *listing) {
    if (entry.name != name_of_path(path)) continue;
    return size_text(entry.bytes);
  }
  return {};
}

}  // namespace

struct ExportDialog::State {
  bool open = false;
  bool opening = false;
  const FormatRow* format = &kFormats[0];
  const FormatRow* chosen = format;  // in the list; typing a name may have led to another one
  ExportSettings settings;
  int size_index = 0;
  int grid_index = 0;
  int64_t first = 1, last = 1, still = 1;
  int64_t steps = 1;  // of the operation, in the chosen lens
  /// Another lens may have other steps: all of them are chosen, or as many of the same as there are.
  void set_step_count(int64_t count) {
    const bool was_whole = first == 1 && last == steps;
    last = was_whole ? count : std::clamp<int64_t>(last, 1, count);
    first = std::min(first, last);
    still = still == steps ? count : std::clamp<int64_t>(still, 1, count);
    steps = count;
  }
  bool whole_lesson = false;  // wished for
  LessonPtr lesson;           // whose pages `reel` has or `reel_work` computes
  std::shared_ptr<const LessonReel> reel;
  std::unique_ptr<ReelWork> reel_work;
  bool every_lens = false;  // a file for each
  std::unique_ptr<Running> running;
  std::unique_ptr<EstimateWork> estimate;
  std::vector<std::unique_ptr<EstimateWork>> stale_estimates;  // on their way to an end that nobody waits for
  ExportSettings estimate_wanted;
  double estimate_wanted_since = 0;
  std::string done_words;
  std::optional<Error> error;
  bool asks_overwrite = false;
  FileDialog file_dialog;
  Scene scene;
  PairPicture pair;  // of the preview
  bool both = true;  // sides, where two stand side by side
  double preview_start = 0;

  /// Steps of what comes out.
  int64_t steps_of(const ComputationPtr& computation) const {
    return computation ? export_steps(computation->plan, settings) : 1;
  }
  /// What stands beside, as it is now.
  void follow_beside(const Workbench& workbench) {
    const ComputationPtr own = workbench.computation();
    if (!both || !own || whole_lesson) {
      settings.beside = nullptr;
      return;
    }
    const Workbench* other = workbench.other();
    auto now =
        export_beside(workbench.session(), settings.lens, own, other != nullptr ? other->computation() : nullptr);
    // The same stays the same: settings are compared from frame to frame.
    if (now && settings.beside && *now == *settings.beside) return;
    settings.beside = std::move(now);
  }

  std::string target_for(const std::string& base) const {
    if (format->target == TargetFormat::png_sequence) return base + std::string(kFrameNames);
    return base + traits_of(format->target).ending;
  }

  void complete_settings() {
    settings.still_step.reset();
    settings.steps.reset();
    if (format->still) {
      settings.still_step = still;
    } else if (first != 1 || last != steps) {
      settings.steps = std::pair(first, last);
    }
    const FormatTraits& traits = traits_of(format->target);
    settings.columns = format->target == TargetFormat::pdf ? kGrids[static_cast<size_t>(grid_index)].columns : 1;
    settings.rows = format->target == TargetFormat::pdf ? kGrids[static_cast<size_t>(grid_index)].rows : 1;
    settings.lesson = whole_lesson ? reel : nullptr;
    if (settings.lesson) {
      settings.still_step.reset();
      settings.steps.reset();
      settings.columns = settings.rows = 1;
    }
    if (!traits.chroma) settings.chroma444 = false;
    if (!traits.transparent || settings.chroma444) settings.transparent = false;
  }

  /// Follows the lesson that is open, and computes its pages where they are wished for.
  void follow_lesson(UiContext& ui) {
    const LessonPtr open_one = ui.lesson != nullptr ? ui.lesson->player().lesson() : nullptr;
    if (open_one != lesson) {
      reel_work.reset();
      reel.reset();
      lesson = open_one;
    }
    if (!lesson) whole_lesson = false;
    if (!open || !whole_lesson || running) return;
    if (!reel && !reel_work) reel_work = std::make_unique<ReelWork>(lesson);
    if (!reel_work || !reel_work->finished) return;
    if (reel_work->result.ok()) {
      reel = *reel_work->result;
    } else {
      error = reel_work->result.error();
      whole_lesson = false;
    }
    reel_work.reset();
  }

  /// Finds out how large the file will be, once nothing has been changed for a moment.
  void follow_estimate(UiContext& ui, const Result<ExportForecast>& forecast) {
    std::erase_if(stale_estimates, [](const auto& work) { return work->finished.load(); });
    const ComputationPtr computation = ui.workbench.computation();
    ExportSettings wanted = settings;
    wanted.target = target_for("estimate");  // what it is called changes nothing
    wanted.alt_text = false;
    wanted.session = ui.session();
    const bool possible = open && forecast && computation && !whole_lesson && !every_lens && !running;
    const bool same = wanted == estimate_wanted;
    if (!same) {
      estimate_wanted = std::move(wanted);
      estimate_wanted_since = ui.time_seconds;
    }
    if (estimate && (!same || !possible || estimate->computation != computation)) {
      estimate->job.cancelled = true;
      stale_estimates.push_back(std::move(estimate));
    }
    if (!possible || estimate || ui.time_seconds - estimate_wanted_since < kEstimateDelay) return;
    estimate = std::make_unique<EstimateWork>(computation, estimate_wanted);
  }

  /// All that will be written: one file, or one for each lens.
  std::vector<std::string> targets(const ComputationPtr& computation) const {
    if (!every_lens || whole_lesson || !computation) return {settings.target};
    std::vector<std::string> names;
    for (ExportSettings& one : settings_of_all_lenses(computation->plan, settings)) names.push_back(one.target);
    return names;
  }

  /// The format that the typed name's ending asks for.
  void follow_target() {
    const Result<TargetFormat> wanted = target_format(settings.target);
    if (!wanted || format->target == *wanted) return;
    // While it is typed, a name may pass through the ending of another format: which SVG was chosen stays so.
    format = chosen->target == *wanted ? chosen
                                       : std::find_if(kFormats.begin(), kFormats.end(),
                                                      [&](const FormatRow& row) { return row.target == *wanted; });
  }

  void start(UiContext& ui) {
    asks_overwrite = false;
    error.reset();
    done_words.clear();
    const ComputationPtr computation = ui.workbench.computation();
    if (!computation) return;
    ui.settings.export_folder = parent_of(without_ending(settings.target));
    settings.session = ui.session();
    running = std::make_unique<Running>();
    Running* const job = running.get();
    const std::vector<std::string> names = targets(computation);
    job->target = names.front();
    job->files = names.size();
    job->started_seconds = ui.time_seconds;
    std::vector<ExportSettings> exports{settings};
    if (every_lens && !whole_lesson) exports = settings_of_all_lenses(computation->plan, settings);
    job->thread = std::thread([job, computation, session = ui.session(), exports = std::move(exports)] {
      job->result = run_exports(session, computation, exports, &job->job);
      job->finished = true;
      job->finished.notify_all();
    });
  }

  void take_result(UiContext& ui) {
    if (!running || !running->finished) return;
    running->thread.join();
    if (running->result) {
      const std::string size =
          format->target == TargetFormat::png_sequence ? std::string() : file_size_text(running->target);
      const char* key = size.empty() ? "export_dialog.done_folder" : "export_dialog.done";
      done_words = running->files > 1 ? tr(ui.language(), "export_dialog.done_lenses",
                                           {std::to_string(running->files), shown_name(parent_of(running->target))})
                                      : tr(ui.language(), key, {shown_name(running->target), size});
      ui.notice = Notice{done_words, false, ui.time_seconds + 8};
    } else if (running->job.cancelled) {
      done_words = ui.text("export_dialog.cancelled");
    } else {
      error = running->result.error();
    }
    running.reset();
  }

  void draw_form(UiContext& ui, float width);
  void draw_preview(UiContext& ui, float width, float height);
  void draw_forecast(UiContext& ui, const Result<ExportForecast>& forecast);
  void draw_bottom(UiContext& ui, const Result<ExportForecast>& forecast);
  void draw_running(UiContext& ui);
  void close() {
    open = false;
    if (estimate) {
      estimate->job.cancelled = true;
      stale_estimates.push_back(std::move(estimate));
    }
    ImGui::CloseCurrentPopup();
  }
};

ExportDialog::ExportDialog() : state_(std::make_unique<State>()) {}
ExportDialog::~ExportDialog() = default;

bool ExportDialog::is_open() const { return state_->open; }
bool ExportDialog::busy() const {
  return (state_->running != nullptr && !state_->running->finished) ||
         (state_->reel_work != nullptr && !state_->reel_work->finished);
}

void ExportDialog::wait() {
  if (state_->reel_work) state_->reel_work->finished.wait(false);
  if (state_->estimate) state_->estimate->finished.wait(false);
  if (state_->running && state_->running->thread.joinable()) {
    state_->running->finished.wait(false);
  }
}

void ExportDialog::open(UiContext& ui) {
  State& s = *state_;
  const Session& session = ui.session();
  if (!s.open) s.opening = true;
  s.open = true;
  s.error.reset();
  s.done_words.clear();
  s.asks_overwrite = false;
  s.preview_start = ui.time_seconds;
  ui.playback.pause();  // one animation at a time: the preview's
  s.settings.lens = session.lens;
  s.settings.algorithm = session.algorithm;
  s.settings.options = session.picture;
  s.settings.theme = session.theme;
  s.settings.language = session.language;
  const ComputationPtr computation = ui.workbench.computation();
  s.follow_beside(ui.workbench);
  s.steps = s.steps_of(computation);
  s.first = 1;
  const double proposed = kLongestProposedSeconds / s.settings.step_seconds;
  s.last = static_cast<double>(s.steps) > proposed ? std::max<int64_t>(1, static_cast<int64_t>(proposed)) : s.steps;
  s.still = std::clamp<int64_t>(session.step, 1, s.steps);
  if (s.settings.target.empty()) {
    std::string folder = ui.settings.export_folder.empty() ? ui.settings.last_folder : ui.settings.export_folder;
    if (folder.empty() || !is_folder(folder)) folder = resolve_path("~", "/");
    s.settings.target = s.target_for((folder == "/" ? "" : folder) + "/convscope");
  }
}

void ExportDialog::State::draw_form(UiContext& ui, float width) {
  constexpr float kLabel = 148;
  const float field = width / ui.scale - kLabel;
  const auto label = [&](const char* name, const char* key, const char* help = nullptr) {
    ui_label(ui, name, ui.text(key), help, false, kLabel);
  };
  const auto invalid = [&](const Result<ExportForecast>& forecast, std::string_view name) {
    return !forecast && forecast.error().field == name;
  };
  complete_settings();
  const ComputationPtr computation = ui.workbench.computation();
  const Result<ExportForecast> forecast =
      computation ? forecast_export(computation->plan, settings) : Result<ExportForecast>(ExportForecast{});

  {
    std::vector<const char*> labels;
    std::vector<std::string_view> keys;
    std::vector<const FormatRow*> formats;
    int current = 0;
    for (const FormatRow& row : kFormats) {
      if (traits_of(row.target).missing_code != nullptr) continue;
      if (&row == format) current = static_cast<int>(labels.size());
      labels.push_back(ui.text(row.label_key));
      keys.push_back(row.key);
      formats.push_back(&row);
    }
    label("export.format", "export_dialog.format");
    if (ui_combo(ui, "export.format", current, labels, field, keys)) {
      const std::string base = without_ending(settings.target);
      chosen = format = formats[static_cast<size_t>(current)];
      settings.target = target_for(base);
      asks_overwrite = false;
      preview_start = ui.time_seconds;
    }
  }
  if (lesson) {
    label("export.lesson.label", "export_dialog.lesson");
    if (ui_checkbox(ui, "export.lesson", ui.text("export_dialog.whole_lesson"), whole_lesson)) {
      asks_overwrite = false;
      error.reset();
      preview_start = ui.time_seconds;
      if (whole_lesson && format->still) {
        const std::string base = without_ending(settings.target);
        chosen = format = &kFormats[0];
        settings.target = target_for(base);
      }
    }
  }
  label("export.target", "export_dialog.target");
  ui.shows(settings.target);
  if (ui_text_field(ui, "export.target", settings.target, field - 36)) {
    asks_overwrite = false;
    follow_target();
  }
  ImGui::SameLine(0, ui.px(4));
  if (ui_icon_button(ui, "export.browse", Icon::folder, ui.text("export_dialog.browse"))) {
    const std::string base = without_ending(settings.target);
    const std::string name =
        format->target == TargetFormat::png_sequence ? name_of_path(base) : name_of_path(settings.target);
    file_dialog.open(FileDialog::Purpose::choose_export_target, parent_of(base), name);
  }
  // A lesson's pages bring their own lenses, steps and pauses.
  if (!whole_lesson) {
    std::vector<const char*> labels;
    std::vector<std::string_view> keys;
    std::vector<Lens> lenses;
    int current = 0;
    for (Lens lens : all_lenses()) {
      if (computation && !lens_applies(lens, computation->plan)) continue;
      if (lens == settings.lens) current = static_cast<int>(labels.size());
      keys.emplace_back(name_of(lens));
      labels.push_back(ui.text("lens." + std::string(name_of(lens))));
      lenses.push_back(lens);
    }
    label("export.lens", "export_dialog.lens");
    if (ui_combo(ui, "export.lens", current, labels, field, keys)) {
      settings.lens = lenses[static_cast<size_t>(current)];
      // Its numbers are computed where it is looked at.
      if (settings.lens == Lens::gradient && computation && computation->gradient == nullptr) {
        ui.workbench.apply_view([](Session& session) { session.lens = Lens::gradient; });
      }
      follow_beside(ui.workbench);
      set_step_count(steps_of(computation));
    }
    if (lenses.size() > 1) {
      label("export.every_lens.label", "export_dialog.every_lens");
      if (ui_checkbox(ui, "export.every_lens", ui.text("export_dialog.every_lens_words"), every_lens)) {
        asks_overwrite = false;
      }
    }
  }
  {
    std::array<const char*, kSizes.size() + 1> labels{};
    std::array<std::string_view, kSizes.size() + 1> keys{};
    for (size_t i = 0; i < kSizes.size(); ++i) {
      labels[i] = kSizes[i].label;
      keys[i] = kSizes[i].key;
    }
    labels.back() = ui.text("export_dialog.custom");
    keys.back() = "custom";
    label("export.size", "export_dialog.size");
    if (ui_combo(ui, "export.size", size_index, labels, field, keys) && size_index < static_cast<int>(kSizes.size())) {
      settings.width = kSizes[static_cast<size_t>(size_index)].width;
      settings.height = kSizes[static_cast<size_t>(size_index)].height;
    }
    if (size_index == static_cast<int>(kSizes.size())) {
      label("export.width", "export_dialog.width_height");
      StepperOptions options;
      options.minimum = 16;
      options.maximum = 3840;
      options.step = 2;
      options.width = (field - 8) / 2;
      options.invalid = invalid(forecast, "size");
      const auto side = [&](const char* name, int& value) {
        int64_t wide = value;
        if (ui_int_stepper(ui, name, wide, options)) {
          value = static_cast<int>(std::clamp<int64_t>(wide, 0, 1 << 20));
        }
      };
      side("export.width", settings.width);
      ImGui::SameLine(0, ui.px(8));
      side("export.height", settings.height);
      ui_typing_error(ui, "export.width");
      ui_typing_error(ui, "export.height");
    }
  }
  StepperOptions options;
  options.width = field;
  options.minimum = 1;
  if (format->still) {
    label("export.step", "export_dialog.step");
    options.maximum = steps;
    options.invalid = invalid(forecast, "step");
    ui_int_stepper(ui, "export.step", still, options);
    ui_typing_error(ui, "export.step");
  } else if (!traits_of(format->target).pages) {
    label("export.fps", "export_dialog.fps");
    options.maximum = 60;
    options.invalid = invalid(forecast, "fps");
    int64_t fps = settings.fps;
    if (ui_int_stepper(ui, "export.fps", fps, options)) {
      settings.fps = static_cast<int>(std::clamp<int64_t>(fps, 0, 1000000));
    }
    ui_typing_error(ui, "export.fps");
    label("export.step_seconds", "export_dialog.step_seconds");
    ui_double_field(ui, "export.step_seconds", settings.step_seconds, field, "%g", invalid(forecast, "step_seconds"));
    ui_typing_error(ui, "export.step_seconds");
    if (!whole_lesson) {
      label("export.end_pause", "export_dialog.end_pause");
      ui_double_field(ui, "export.end_pause", settings.end_pause_seconds, field, "%g", invalid(forecast, "end_pause"));
      ui_typing_error(ui, "export.end_pause");
    }
  }
  if (!format->still && !whole_lesson) {
    label("export.first", "export_dialog.steps");
    options.maximum = steps;
    options.width = (field - 8) / 2;
    options.invalid = invalid(forecast, "steps");
    ui_int_stepper(ui, "export.first", first, options);
    ImGui::SameLine(0, ui.px(8));
    ui_int_stepper(ui, "export.last", last, options);
    ui_typing_error(ui, "export.first");
    ui_typing_error(ui, "export.last");
  }
  {
    const std::array<const char*, 3> labels = {ui.text("export_dialog.theme.light"),
                                               ui.text("export_dialog.theme.dark"),
                                               ui.text("export_dialog.theme.contrast")};
    constexpr std::array<std::string_view, 3> kKeys = {"light", "dark", "contrast"};
    int current = static_cast<int>(settings.theme);
    label("export.theme", "export_dialog.theme");
    if (ui_combo(ui, "export.theme", current, labels, field, kKeys)) settings.theme = static_cast<ThemeId>(current);
  }
  {
    constexpr std::array<std::string_view, 2> kKeys = {"en", "zh"};
    const std::array<const char*, 2> labels = {"English", "\u7b80\u4f53\u4e2d\u6587"};
    ui.shows(labels[1]);
    int current = static_cast<int>(settings.language);
    label("export.language", "export_dialog.language");
    if (ui_segments(ui, "export.language", current, labels, kKeys)) settings.language = static_cast<Language>(current);
  }
  if (format->target == TargetFormat::pdf && !whole_lesson) {
    std::array<const char*, kGrids.size()> labels{};
    std::array<std::string_view, kGrids.size()> keys{};
    for (size_t i = 0; i < kGrids.size(); ++i) {
      labels[i] = kGrids[i].label;
      keys[i] = kGrids[i].key;
    }
    label("export.per_page", "export_dialog.per_page");
    ui_combo(ui, "export.per_page", grid_index, labels, field, keys);
  }
  if (!whole_lesson && ui.session().beside) {
    if (ui_checkbox(ui, "export.both", ui.text("export_dialog.both"), both)) {
      follow_beside(ui.workbench);
      set_step_count(steps_of(computation));
    }
  }
  if (!whole_lesson) ui_checkbox(ui, "export.caption", ui.text("export_dialog.caption"), settings.caption);
  ui_checkbox(ui, "export.alt_text", ui.text("export_dialog.alt_text"), settings.alt_text);
  ui_tooltip(ui, ui.text("export_dialog.alt_text_help"));
  const FormatTraits& traits = traits_of(format->target);
  if (traits.chroma) {
    ui_checkbox(ui, "export.chroma444", ui.text("export_dialog.chroma444"), settings.chroma444);
    ui_tooltip(ui, ui.text("export_dialog.chroma444_help"));
  }
  if (traits.transparent) {
    ui_checkbox(ui, "export.transparent", ui.text("export_dialog.transparent"), settings.transparent);
  }
}

void ExportDialog::State::draw_preview(UiContext& ui, float width, float height) {
  const ComputationPtr computation = ui.workbench.computation();
  const ImVec2 low = ImGui::GetCursorScreenPos();
  ImDrawList* list = ImGui::GetWindowDrawList();
  if (!ui.preview || !computation || settings.width < 16 || settings.height < 16) {
    ImGui::Dummy({width, height});
    return;
  }
  // As large as the place allows, in the proportions of what comes out.
  const float aspect = static_cast<float>(settings.width) / static_cast<float>(settings.height);
  float wide = std::min(width, height * aspect);
  float high = std::floor(wide / aspect);
  wide = std::floor(wide);
  if (wide < 16 || high < 16) return;
  const Result<ExportForecast> forecast = forecast_export(computation->plan, settings);
  int64_t frame = 0;
  if (forecast && forecast->frames > 0) {
    const double elapsed = std::max(0.0, ui.time_seconds - preview_start);
    // pages are turned one a second
    const double fps = forecast->animation ? settings.fps : 1;
    frame = ui.settings.reduced_motion ? forecast->frames - 1 : static_cast<int64_t>(elapsed * fps) % forecast->frames;
  }
  if (settings.lesson) {
    const Result<ExportPlan> plan = plan_lesson(settings);
    if (!plan) {
      ImGui::Dummy({width, high});
      return;
    }
    build_lesson_frame(*settings.lesson, settings, *plan, ui.font_stack, frame, scene);
  } else {
    build_export_frame(computation, settings, ui.font_stack, frame, pair, scene);
  }
  const float pixels_per_unit = wide / scene.width;
  const ImTextureID texture =
      ui.preview->draw(scene, settings.theme, static_cast<int>(wide), static_cast<int>(high), pixels_per_unit);
  const ImVec2 from(std::floor(low.x + (width - wide) / 2), low.y);
  const ImVec2 to(from.x + wide, from.y + high);
  if (settings.transparent) {
    // The chequered floor of every picture editor.
    const float side = ui.px(8);
    for (float y = from.y; y < to.y; y += side) {
      for (float x = from.x; x < to.x; x += side) {
        const bool odd = (static_cast<int>((x - from.x) / side) + static_cast<int>((y - from.y) / side)) % 2 != 0;
        list->AddRectFilled({x, y}, {std::min(x + side, to.x), std::min(y + side, to.y)},
                            ui_color32(ui, odd ? Role::border : Role::canvas));
      }
    }
  }
  if (texture) list->AddImage(texture, from, to, {0, 1}, {1, 0});
  list->AddRect(from, to, ui_color32(ui, Role::border));
  ImGui::Dummy({width, high});
  ui.widgets.note_rect("export.preview", from.x, from.y, to.x, to.y);
}

/// How much will come out.
void ExportDialog::State::draw_forecast(UiContext& ui, const Result<ExportForecast>& forecast) {
  if (!forecast) return;
  const auto say = [&](std::string words) {
    const size_t files = targets(ui.workbench.computation()).size();
    if (files > 1) {
      words += tr(ui.language(), "export_dialog.files", {std::to_string(files)});
    } else if (estimate && estimate->finished && estimate->bytes) {
      words += tr(ui.language(), "export_dialog.about", {size_text(*estimate->bytes)});
    }
    ui_words(ui, words.c_str(), Role::secondary);
    ui.widgets.note_item("export.forecast");
  };
  if (forecast->pages > 1) return say(tr(ui.language(), "export_dialog.pages", {std::to_string(forecast->pages)}));
  if (!forecast->animation) return say(ui.text("export_dialog.still"));
  std::array<char, 32> seconds{};
  std::snprintf(seconds.data(), seconds.size(), "%.4g", forecast->seconds);
  say(tr(ui.language(), "export_dialog.frames", {std::to_string(forecast->frames), seconds.data()}));
}

void ExportDialog::State::draw_running(UiContext& ui) {
  const float progress = running->job.progress;
  const double elapsed = ui.time_seconds - running->started_seconds;
  const std::string percent = std::to_string(static_cast<int>(std::floor(progress * 100)));
  std::string words;
  if (running->job.cancelled) {
    words = ui.text("export_dialog.stopping");
  } else if (progress > 0.02f && elapsed > 1) {
    const double left = std::ceil(elapsed * static_cast<double>((1 - progress) / progress));
    words = tr(ui.language(), "export_dialog.running_left", {percent, std::to_string(static_cast<int64_t>(left))});
  } else {
    words = tr(ui.language(), "export_dialog.running", {percent});
  }
  const char* stop = ui.text("export_dialog.stop");
  const float button = ImGui::CalcTextSize(stop).x / ui.scale + 24;
  ui_progress(ui, "export.progress", progress, -(button + 8), words.c_str());
  ImGui::SameLine(0, ui.px(8));
  ButtonOptions options;
  options.enabled = !running->job.cancelled;
  if (ui_button(ui, "export.stop", stop, options)) running->job.cancelled = true;
}

void ExportDialog::State::draw_bottom(UiContext& ui, const Result<ExportForecast>& forecast) {
  if (running) {
    draw_running(ui);
    return;
  }
  const bool ready = forecast.ok() && ui.workbench.computation() != nullptr && !settings.target.empty() &&
                     (!whole_lesson || settings.lesson != nullptr);
  const char* ok = ui.text(asks_overwrite ? "file_dialog.replace" : "export_dialog.ok");
  const char* cancel = ui.text(asks_overwrite       ? "file_dialog.keep"
                               : done_words.empty() ? "export_dialog.cancel"
                                                    : "export_dialog.close");
  const float buttons = ImGui::CalcTextSize(ok).x + ImGui::CalcTextSize(cancel).x + ui.px(24 + 24 + 8);
  const ImVec2 low = ImGui::GetCursorPos();
  const float width = ImGui::GetContentRegionAvail().x;
  ImGui::BeginChild("##message", {std::max(ui.px(80), width - buttons - ui.px(24)), message_height()});
  if (error) {
    const Error words = in_dialog_words(*error);
    ui.shows(describe(ui.language(), words));
    ui_error_line(ui, "export", words);
  } else if (!forecast) {
    ui_error_line(ui, "export", in_dialog_words(forecast.error()));
  } else if (asks_overwrite) {
    const std::string name = shown_name(name_of_path(settings.target));
    ImGui::AlignTextToFramePadding();
    ui_words(ui, tr(ui.language(), "file_dialog.overwrite", {name}).c_str(), Role::text, ui.fonts.bold);
  } else if (!done_words.empty()) {
    ui.shows(done_words);
    ImGui::AlignTextToFramePadding();
    ui_words(ui, done_words.c_str());
    ui.widgets.note_item("export.done");
  }
  ImGui::EndChild();

  ImGui::SetCursorPos({low.x + std::max(0.0f, width - buttons), low.y});
  if (ui_button(ui, asks_overwrite ? "export.keep" : "export.cancel", cancel)) {
    if (asks_overwrite) {
      asks_overwrite = false;
    } else {
      close();
    }
  }
  ImGui::SameLine(0, ui.px(8));
  ButtonOptions primary;
  primary.primary = true;
  primary.enabled = ready;
  if (ui_button(ui, asks_overwrite ? "export.replace" : "export.ok", ok, primary)) {
    settings.target = resolve_path(settings.target, resolve_path("~", "/"));
    const std::vector<std::string> names = targets(ui.workbench.computation());
    const bool exists = std::any_of(names.begin(), names.end(), [&](const std::string& target) {
      const std::string first_frame = without_ending(target) + "/0001.png";
      // A folder of that name cannot be replaced: the export says so.
      const std::string& written = format->target == TargetFormat::png_sequence ? first_frame : target;
      return path_exists(written) && !is_folder(written);
    });
    if (exists && !asks_overwrite) {
      asks_overwrite = true;
      error.reset();
      done_words.clear();
    } else {
      start(ui);
    }
  }
}

void ExportDialog::draw(UiContext& ui) {
  State& s = *state_;
  s.take_result(ui);
  s.follow_lesson(ui);
  if (!s.open) return;
  constexpr const char* kId = "##export_dialog";
  if (s.opening) {
    ImGui::OpenPopup(kId);
    s.opening = false;
  }
  const ImGuiViewport* viewport = ImGui::GetMainViewport();
  const ImVec2 most(viewport->WorkSize.x - ui.px(32), viewport->WorkSize.y - ui.px(32));
  ImGui::SetNextWindowPos(
      {viewport->WorkPos.x + viewport->WorkSize.x / 2, viewport->WorkPos.y + viewport->WorkSize.y / 2},
      ImGuiCond_Always, {0.5f, 0.5f});
  // In a narrow window the preview stands below the form.
  const bool narrow = most.x < ui.px(600);
  ImGui::SetNextWindowSize({std::min(ui.px(960), most.x), std::min(ui.px(narrow ? 800 : 568), most.y)});
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2(ui.px(16), ui.px(12)));
  constexpr ImGuiWindowFlags kFlags = ImGuiWindowFlags_NoTitleBar | ImGuiWindowFlags_NoResize |
                                      ImGuiWindowFlags_NoMove | ImGuiWindowFlags_NoSavedSettings;
  const bool visible = ImGui::BeginPopupModal(kId, nullptr, kFlags);
  ImGui::PopStyleVar();
  if (!visible) return;

  ui_title(ui, ui.text("export_dialog.title"));
  ui_gap(ui, 4);
  // A rule, a little air and two lines of message.
  const float bottom = message_height() + 2 * ImGui::GetStyle().ItemSpacing.y + ui.px(10);
  const float height = std::max(ui.px(120), ImGui::GetContentRegionAvail().y - bottom);
  const float whole = ImGui::GetContentRegionAvail().x;
  const float form = narrow ? whole : std::min(ui.px(400), whole * 0.55f);
  const float preview_height = narrow ? std::min(ui.px(180), height * 0.35f) : height;
  ImGui::BeginChild("##form", {form, narrow ? height - preview_height - ImGui::GetStyle().ItemSpacing.y : height},
                    false);
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(ImGui::GetStyle().ItemSpacing.x, ui.px(5)));
  ImGui::BeginDisabled(s.running != nullptr);
  s.draw_form(ui, ImGui::GetContentRegionAvail().x - ui.px(4));
  ImGui::EndDisabled();
  ImGui::PopStyleVar();
  ImGui::EndChild();
  if (!narrow) ImGui::SameLine(0, ui.px(16));
  ImGui::BeginGroup();
  s.complete_settings();
  if (!s.running) s.follow_beside(ui.workbench);
  const ComputationPtr computation = ui.workbench.computation();
  const Result<ExportForecast> forecast = computation
                                              ? forecast_export(computation->plan, s.settings)
                                              : Result<ExportForecast>(Error{"error.export_no_numbers", "", {}});
  s.draw_preview(ui, narrow ? whole : std::max(ui.px(40), whole - form - ui.px(16)),
                 preview_height - ImGui::GetTextLineHeightWithSpacing());
  s.follow_estimate(ui, forecast);
  s.draw_forecast(ui, forecast);
  ImGui::EndGroup();
  ui_rule(ui);
  ui_gap(ui, 4);
  s.draw_bottom(ui, forecast);

  if (s.file_dialog.is_open()) {
    std::string path;
    FileDialog::Purpose purpose{};
    if (s.file_dialog.draw(ui, path, purpose)) {
      s.settings.target = s.target_for(without_ending(path));
      s.asks_overwrite = false;
    }
  } else if (key_pressed(ImGuiKey_Escape) && !s.running && s.open) {
    if (s.asks_overwrite) {
      s.asks_overwrite = false;
    } else {
      s.close();
    }
  }
  ImGui::EndPopup();
}

}  // namespace convscope
