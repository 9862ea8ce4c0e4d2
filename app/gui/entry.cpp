#include "app/gui/entry.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <vector>

#include "app/gui/offscreen_window.h"
#include "app/gui/process_age.h"
#include "app/io/atomic_file.h"
#include "app/session/lesson.h"
#include "app/session/model.h"
#include "app/session/operation_plan.h"
#include "app/session/presets.h"

namespace convscope {
namespace {

constexpr int64_t kScriptLimit = 1 << 20;

Result<Session> session_for(const std::string& open) {
  Result<Session> session = open_session(open.empty() ? first_preset().name : open);
  // A preset is known by its name, a file by its own, until the user saves it under another.
  if (session && session->title.empty()) session->title = title_of(open);
  return session;
}

void print_widgets(const WidgetRegistry& widgets) {
  for (const WidgetRect& rect : widgets.all()) {
    std::printf("%s %.0f %.0f %.0f %.0f%s%s\n", rect.name.c_str(), static_cast<double>(rect.x0),
                static_cast<double>(rect.y0), static_cast<double>(rect.x1), static_cast<double>(rect.y1),
                rect.enabled ? "" : " disabled", rect.visible ? "" : " hidden");
  }
  std::fflush(stdout);
}

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// A change of one parameter that is legal before and after: one more row of padding, and back.
Action nudge(bool more) {
  return {"edit.padding", {}, [more](Session& session) {
            if (session.params.padding_kind != PaddingKind::numbers) {
              session.params.padding_kind = more ? PaddingKind::valid : PaddingKind::same;
              return;
            }
            session.params.padding.h += more ? 1 : -1;
            session.params.padding.w += more ? 1 : -1;
          }};
}

}  // namespace

Result<void> check_lesson_page(const std::string& name, int64_t page, Language language) {
  const Result<LessonPtr> lesson = open_lesson(name, language);
  if (!lesson) return lesson.error();
  const auto pages = static_cast<int64_t>((*lesson)->pages.size());
  if (page >= 1 && page <= pages) return {};
  return Error{"error.lesson_page", "--page", {std::to_string(page), std::to_string(pages)}};
}

Result<void> run_screenshot(const ScreenshotOptions& options) {
  Result<Session> session = session_for(options.open);
  if (!session) return session.error();
  if (options.image) session = with_picture(*session, options.open, *options.image, options.imagenet);
  if (!session) return session.error();
  if (!options.operation.empty()) {
    if (Result<void> changed = change_operation(*session, options.operation); !changed) return changed;
  }
  if (Result<void> applied = apply_beside(*session, {options.beside, options.lens, options.lens_b}); !applied) {
    return applied;
  }
  if (!options.show.empty()) {
    if (Result<void> set = set_picture_options(options.show, session->picture); !set) return set;
  }
  if (options.theme) session->theme = *options.theme;
  if (options.language) session->language = *options.language;
  std::vector<ScriptAction> actions;
  if (!options.actions_file.empty()) {
    const Result<std::string> text = read_file(options.actions_file, kScriptLimit);
    if (!text) return text.error();
    Result<std::vector<ScriptAction>> parsed = parse_script(*text);
    if (!parsed) return parsed.error();
    actions = std::move(*parsed);
  }
  OffscreenWindow::Options window_options;
  window_options.width = options.width;
  window_options.height = options.height;
  window_options.scale = options.ui_scale;
  window_options.session = std::move(*session);
  Result<std::unique_ptr<OffscreenWindow>> created = OffscreenWindow::create(std::move(window_options));
  if (!created) return created.error();
  OffscreenWindow& off = **created;
  off.window().wait();
  if (!off.window().workbench().computation()) {
    if (const Error* error = off.window().workbench().error()) return *error;
  }
  if (const Workbench* other = off.window().workbench().other(); other != nullptr && !other->computation()) {
    if (const Error* error = other->error()) return *error;
  }
  if (!options.lesson.empty()) {
    const Language language = off.window().workbench().session().language;
    if (Result<void> found = check_lesson_page(options.lesson, options.lesson_page, language); !found) return found;
    off.frame();
    // A still shows the page as it begins.
    off.window().settings().reduced_motion = true;
    off.window().open_lesson(options.lesson, static_cast<size_t>(options.lesson_page - 1));
    off.window().settings().reduced_motion = false;
  }
  if (options.step) {
    const int64_t count = off.window().workbench().step_count();
    if (*options.step < 1 || *options.step > count) {
      return Error{"error.step_outside", "step", {std::to_string(*options.step), std::to_string(count)}};
    }
    off.window().playback().go_to(*options.step - 1, count);
  }
  off.settle();
  if (!actions.empty()) {
    if (Result<void> played = off.play(std::move(actions)); !played) return played.error();
    off.settle();
  }
  if (options.list_widgets) print_widgets(off.window().widgets());
  if (options.target.empty()) return {};
  return write_png(options.target, off.pixels());
}

Result<void> run_ui_bench(const UiBenchOptions& options) {
  constexpr int kWarmUp = 10;
  constexpr double kSeconds = 2.0;
  constexpr int kChanges = 15;
  Result<Session> session = session_for(options.open);
  if (!session) return session.error();
  if (options.lens) session->lens = *options.lens;
  const std::string lens = name_of(session->lens);
  OffscreenWindow::Options window_options;
  window_options.width = options.width;
  window_options.height = options.height;
  window_options.session = std::move(*session);
  Result<std::unique_ptr<OffscreenWindow>> created = OffscreenWindow::create(std::move(window_options));
  if (!created) return created.error();
  OffscreenWindow& off = **created;
  Workbench& workbench = off.window().workbench();
  off.window().wait();
  if (!workbench.computation()) {
    if (const Error* error = workbench.error()) return *error;
  }
  off.frame();
  const double first_frame_ms = seconds_since_start() * 1000;
  off.window().playback().play(workbench.step_count());
  for (int i = 0; i < kWarmUp; ++i) off.frame();
  int frames = 0;
  const double start = seconds_now();
  double last = start, now = start;
  while (now - start < kSeconds) {
    off.frame(std::max(1e-4, now - last));
    last = now;
    now = seconds_now();
    ++frames;
  }
  const double frames_per_second = frames / (now - start);
  off.window().playback().pause();

  std::vector<double> changes;
  for (int i = 0; i < kChanges; ++i) {
    off.window().wait();
    off.frame();
    const ComputationPtr before = workbench.computation();
    const double began = seconds_now();
    workbench.apply(nudge(i % 2 == 0));
    // Frame by frame, as the window does it: the picture is there when the new numbers have been drawn.
    do {
      off.frame();
    } while (workbench.computation() == before && (workbench.busy() || !workbench.error()));
    changes.push_back((seconds_now() - began) * 1000);
  }
  std::nth_element(changes.begin(), changes.begin() + kChanges / 2, changes.end());
  const double change_ms = changes[kChanges / 2];
  if (options.json) {
    const nlohmann::json object = {{"session", options.open},
                                   {"lens", lens},
                                   {"width", options.width},
                                   {"height", options.height},
                                   {"frames", frames},
                                   {"frames_per_second", frames_per_second},
                                   {"change_to_picture_ms", change_ms},
                                   {"first_frame_ms", first_frame_ms}};
    std::printf("%s\n", object.dump(2).c_str());
  } else {
    std::printf("frames_per_second %.1f\nchange_to_picture_ms %.2f\nfirst_frame_ms %.0f\n", frames_per_second,
                change_ms, first_frame_ms);
  }
  return {};
}

}  // namespace convscope
