// From a session to a file: an animation or a still, by the target's ending.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/render/font_stack.h"
#include "app/session/computation.h"
#include "app/session/session.h"
#include "engine/cancel.h"
#include "engine/result.h"

namespace convscope {

inline constexpr int kSmallestExportSide = 16, kLargestExportSide = 7680;
inline constexpr int kHighestFps = 120;    // players repeat or drop frames beyond
inline constexpr int kHighestGifFps = 50;  // a GIF's delays are hundredths, and players slow down those below two

inline constexpr int kMostColumns = 12;  // and rows, of pictures on a page

struct LessonReel;

/// What is drawn beside the exported computation, see beside.h.
struct ExportBeside {
  ComputationPtr computation;  // of two lenses of the same numbers: the exported one itself
  Lens lens = Lens::sliding;
  Algorithm algorithm = Algorithm::automatic;
  bool is_a = false;    // it stands first
  bool linked = false;  // two lenses of the same numbers
  bool operator==(const ExportBeside&) const = default;
};
/// What stands beside the session, its numbers computed already; `other` is not looked at where both lenses show `own`.
std::shared_ptr<const ExportBeside> export_beside(const Session& session, Lens lens, const ComputationPtr& own,
                                                  const ComputationPtr& other);

struct ExportSettings {
  std::string target;  // format by its ending
  Lens lens = Lens::sliding;
  Algorithm algorithm = Algorithm::automatic;  // for the caption's words
  PictureOptions options;                      // those of the session
  int width = 960, height = 540;
  int fps = 20;
  double step_seconds = 0.5;
  double end_pause_seconds = 2.0;
  ThemeId theme = ThemeId::light;
  Language language = Language::en;
  bool caption = false;
  bool transparent = false;
  bool chroma444 = false;
  std::optional<int64_t> still_step;                 // 1-based; stills default to the last step
  std::optional<std::pair<int64_t, int64_t>> steps;  // 1-based, both included
  /// Several ranges of steps, in this order, for formats of pages; empty: `steps`.
  std::vector<std::pair<int64_t, int64_t>> chosen_steps;
  /// Pictures side by side on a page of PDF; width is that of the page, and its height follows.
  int columns = 1, rows = 1;
  bool alt_text = false;  // written beside the target, see alt_text_target()
  /// Kept in the file, with the lens, theme, language and first step exported, so that it can be opened again.
  std::optional<Session> session;
  /// Both in one picture, under one timeline.
  std::shared_ptr<const ExportBeside> beside;
  /// All pages of a lesson in the place of one session's steps; see lesson_reel.h.
  std::shared_ptr<const LessonReel> lesson;

  bool operator==(const ExportSettings&) const = default;
};

/// What will come out, known before anything is drawn. Errors: error.export_* naming the option at fault.
struct ExportForecast {
  bool animation = true;
  int64_t frames = 0;  // frames drawn
  int64_t pages = 0;   // of formats that have pages
  double seconds = 0;
  std::vector<std::string> formats;  // endings this build can write
};
Result<ExportForecast> forecast_export(const OperationPlan& plan, const ExportSettings& settings);

/// Device pixels per logical pixel of the exported picture; its viewport is width/scale x height/scale.
float export_scale(const ExportSettings& settings);

/// The picture of one frame of the export (from 0), for the dialog's preview: the same request that the export uses.
/// Settings that forecast_export() refuses give the last step.
struct SceneRequest;
struct Scene;
class PairPicture;
void build_export_frame(const ComputationPtr& computation, const ExportSettings& settings, const TextMeasure& measure,
                        int64_t frame, PairPicture& pair, Scene& scene);
/// The same of one side alone.
SceneRequest export_scene_request(const ComputationPtr& computation, const ExportSettings& settings,
                                  const TextMeasure& measure, int64_t frame);

/// Draws, encodes and writes, and the alternative text once that is done; on the calling thread, with an EGL context of
/// its own. `job` is told the progress and watched for cancellation. A size at which the lens could show nothing is
/// refused (error.export_too_small); a cancelled or failed export leaves nothing behind and no existing file damaged.
Result<void> run_export(const ComputationPtr& computation, const ExportSettings& settings, Job* job = nullptr);

/// Where the alternative text of a target goes: "clip.alt.txt" beside "clip.gif", "frames.alt.txt" beside the folder of
/// "frames/%04d.png".
std::string alt_text_target(const std::string& target);

/// The endings this build can write, ".gif" first.
std::vector<std::string> export_endings();

}  // namespace convscope
