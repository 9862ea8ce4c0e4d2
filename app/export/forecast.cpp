// What an export will be, decided before anything is drawn.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "app/export/clip_clock.h"
#include "app/export/export_job.h"
#include "app/export/export_plan.h"
#include "app/export/lesson_reel.h"
#include "app/export/target_format.h"
#include "app/scene/build_scene.h"
#include "app/session/beside.h"

namespace convscope {
namespace {

constexpr double kLongestSeconds = 3600;
/// Length of the clip that a refusal proposes.
constexpr double kProposedSeconds = 60;

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.10g", value);
  return text;
}

std::string range(int64_t first, int64_t last) { return std::to_string(first) + ":" + std::to_string(last); }

Result<void> check_numbers(const ExportSettings& s, const FormatTraits& format) {
  const auto side = [](int n) { return n >= kSmallestExportSide && n <= kLargestExportSide; };
  if (!side(s.width) || !side(s.height)) {
    return Error{"error.export_size", "size", {std::to_string(s.width) + "x" + std::to_string(s.height)}};
  }
  if (s.fps < 1 || s.fps > kHighestFps) return Error{"error.export_fps", "fps", {std::to_string(s.fps)}};
  if (s.fps > format.highest_fps) {
    return Error{
        "error.export_format_fps", "fps", {std::to_string(s.fps), format.name, std::to_string(format.highest_fps)}};
  }
  // written so that NaN fails
  if (!(s.step_seconds > 0 && s.step_seconds <= kLongestSeconds)) {
    return Error{"error.export_step_seconds", "step_seconds", {number(s.step_seconds)}};
  }
  if (!(s.end_pause_seconds >= 0 && s.end_pause_seconds <= kLongestSeconds)) {
    return Error{"error.export_end_pause", "end_pause", {number(s.end_pause_seconds)}};
  }
  if (s.transparent && !format.transparent) {
    return Error{"error.export_no_transparency",
                 "transparent",
                 {s.target, format.name, endings_with([](const FormatTraits& t) { return t.transparent; })}};
  }
  if (s.chroma444 && !format.chroma) {
    return Error{"error.export_chroma_unused",
                 "chroma",
                 {s.target, endings_with([](const FormatTraits& t) { return t.chroma; })}};
  }
  if (s.columns < 1 || s.rows < 1 || s.columns > kMostColumns || s.rows > kMostColumns) {
    const std::string most = std::to_string(kMostColumns);
    return Error{"error.export_per_page", "per_page", {std::to_string(s.columns) + "x" + std::to_string(s.rows), most}};
  }
  if ((s.columns > 1 || s.rows > 1) && format.format != TargetFormat::pdf) {
    return Error{"error.export_per_page_unused", "per_page", {s.target}};
  }
  if (!s.chosen_steps.empty() && !format.pages) {
    return Error{"error.export_steps_in_pieces",
                 "steps",
                 {s.target, endings_with([](const FormatTraits& t) { return t.pages; })}};
  }
  if (s.chroma444 && s.transparent) return Error{"error.export_clear_444", "chroma", {s.target}};
  return {};
}

Error too_many_pages(TargetFormat format, int64_t steps, int64_t first) {
  constexpr int64_t kProposedPages = 60;
  return Error{
      "error.export_too_many_pages",
      "steps",
      {std::to_string(steps), std::to_string(traits_of(format).most_frames), range(first, first + kProposedPages - 1)}};
}

}  // namespace

ExportSettings picture_settings(const ExportSettings& settings) {
  ExportSettings picture = settings;
  const int columns = std::max(settings.columns, 1);
  picture.width = std::max(settings.width / columns, 1);
  picture.height = std::max(settings.height / columns, 1);
  return picture;
}

int64_t export_steps(const OperationPlan& plan, const ExportSettings& settings) {
  if (!settings.beside) return std::max<int64_t>(step_count(plan, settings.lens), 1);
  const ExportBeside& beside = *settings.beside;
  return pair_steps(plan, settings.lens, beside.computation->plan, beside.lens, beside.linked).count();
}

Result<ExportPlan> plan_export(const OperationPlan& plan, const ExportSettings& settings) {
  const auto format = target_format(settings.target);
  if (!format) return format.error();
  const FormatTraits& traits = traits_of(*format);
  if (auto checked = check_numbers(settings, traits); !checked) return checked.error();
  if (settings.lesson) return plan_lesson(settings);
  if (!lens_applies(settings.lens, plan)) return unfit_lens(settings.lens);

  if (settings.beside && !lens_applies(settings.beside->lens, settings.beside->computation->plan)) {
    return unfit_lens(settings.beside->lens);
  }

  const int64_t steps = export_steps(plan, settings);
  ExportPlan result;
  result.format = *format;
  result.scale = export_scale(picture_settings(settings));
  const bool named = settings.steps.has_value() || !settings.chosen_steps.empty();
  const bool still = *format == TargetFormat::png_still || (*format == TargetFormat::tex && !named) ||
                     ((*format == TargetFormat::svg || traits.pages) && settings.still_step);

  if (settings.still_step) {
    const int64_t step = *settings.still_step;
    if (step < 1 || step > steps) {
      return Error{"error.export_step", "step", {std::to_string(step), std::to_string(steps)}};
    }
    if (!still) {
      return Error{"error.export_step_in_animation", "step", {settings.target, std::to_string(step)}};
    }
  }
  if (settings.steps) {
    const auto [first, last] = *settings.steps;
    if (first < 1 || last < first || last > steps) {
      return Error{"error.export_steps", "steps", {range(first, last), std::to_string(steps), range(1, steps)}};
    }
    if (still) {
      return Error{"error.export_steps_in_still", "steps", {settings.target, std::to_string(last)}};
    }
  }
  if (still) {
    result.animation = false;
    result.clock = ClipClock{settings.still_step.value_or(steps) - 1, 1, 1, 0};
    return result;
  }

  for (const auto& [first, last] : settings.chosen_steps) {
    if (first < 1 || last < first || last > steps) {
      return Error{"error.export_steps", "steps", {range(first, last), std::to_string(steps), range(1, steps)}};
    }
    if (static_cast<int64_t>(result.chosen.size()) + (last - first + 1) > traits.most_frames) {
      return too_many_pages(*format, last - first + 1, first);
    }
    for (int64_t step = first; step <= last; ++step) result.chosen.push_back(step - 1);
  }
  if (!result.chosen.empty()) {
    result.animation = false;
    const auto count = static_cast<int64_t>(result.chosen.size());
    result.clock = ClipClock{result.chosen.front(), count, count, 0};
    return result;
  }
  const auto [first, last] = settings.steps.value_or(std::pair<int64_t, int64_t>{1, steps});
  if (traits.pages) {
    if (last - first + 1 > traits.most_frames) return too_many_pages(*format, last - first + 1, first);
    result.animation = false;
    result.clock = ClipClock{first - 1, last - first + 1, last - first + 1, 0};
    return result;
  }
  const double frames_per_step = settings.step_seconds * settings.fps;
  const double count = static_cast<double>(last - first + 1);
  const double moving = std::max(1.0, std::round(count * frames_per_step));
  const double pause = std::round(settings.end_pause_seconds * settings.fps);
  const int64_t limit = traits.most_frames;
  if (moving + pause > static_cast<double>(limit)) {
    const double room = std::max(1.0, std::min(kProposedSeconds * settings.fps, static_cast<double>(limit) - pause));
    const int64_t proposed = std::clamp<int64_t>(static_cast<int64_t>(room / frames_per_step), 1, last - first + 1);
    return Error{"error.export_too_many_frames",
                 "steps",
                 {std::to_string(last - first + 1), number(moving + pause), std::to_string(limit),
                  range(first, first + proposed - 1)}};
  }
  result.clock = ClipClock{first - 1, last - first + 1, static_cast<int64_t>(moving), static_cast<int64_t>(pause)};
  return result;
}

float export_scale(const ExportSettings& settings) {
  // Composed for 960x540, or 540x960 upright, and enlarged from there, so that letters are as large a part of every
  // picture. Below three quarters of that captions would no longer be readable: small pictures show less instead.
  const auto [short_side, long_side] = std::minmax(settings.width, settings.height);
  const float fit = std::min(static_cast<float>(long_side) / 960.0f, static_cast<float>(short_side) / 540.0f);
  return std::max(fit, 0.75f);
}

Result<ExportForecast> forecast_export(const OperationPlan& plan, const ExportSettings& settings) {
  const auto planned = plan_export(plan, settings);
  if (!planned) return planned.error();
  ExportForecast forecast;
  forecast.animation = planned->animation;
  forecast.frames = planned->clock.frames();
  if (traits_of(planned->format).pages) {
    const int64_t panels = int64_t{settings.columns} * settings.rows;
    forecast.pages = (forecast.frames + panels - 1) / panels;
  }
  forecast.seconds = planned->animation ? static_cast<double>(forecast.frames) / settings.fps : 0;
  forecast.formats = export_endings();
  return forecast;
}

}  // namespace convscope
