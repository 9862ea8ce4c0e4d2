// Scripts of user actions, one per line, for `screenshot --actions`, tests and bug reports.
//
//   # comment
//   click TARGET                   double_click TARGET           hover TARGET
//   drag TARGET by DX DY           drag TARGET to TARGET         drag NAME X Y to X Y     (also: drag NAME DX DY)
//   scroll TARGET LINES            (positive: away from the user, which zooms in)
//   type TEXT                      key COMBO                     (ctrl+shift+z, space, left, f11, ?)
//   wait SECONDS                   wait frames N                 wait idle
//   drop FILE                      clipboard TEXT (\n for a new line)
//   expect NAME | expect no NAME | expect step N
//
// TARGET is a widget's stable name, optionally `at X Y` from its upper left corner in logical pixels (or `50% 50%`), or
// a cell of the picture: input[n,c,y,x] weight[o,i,y,x] output[n,c,y,x] bias[c] im2col[row,column] product[row,column].
// Every action waits until its widget is there, scrolls to it, and lets background work end before the next one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/gui/main_window.h"
#include "app/gui/shortcuts.h"
#include "app/scene/scene.h"
#include "engine/result.h"

namespace convscope {

/// Where an action takes place.
struct ScriptTarget {
  std::string name;  // of a widget; empty for a cell
  std::optional<CellRef> cell;
  bool has_place = false;  // `at`
  float x = 0, y = 0;
  bool x_percent = false, y_percent = false;
};

struct ScriptAction {
  enum class Kind : uint8_t {
    click,
    double_click,
    hover,
    drag_by,
    drag_to,
    scroll,
    type,
    key,
    wait_seconds,
    wait_frames,
    wait_idle,
    drop,
    clipboard,
    expect_widget,
    expect_no_widget,
    expect_step,
  };
  Kind kind = Kind::wait_frames;
  int line = 0;
  ScriptTarget target, second;
  float x = 0, y = 0;  // drag_by in logical pixels, scroll lines, seconds, frames
  int64_t number = 0;  // expect_step
  std::string text;    // type, drop, clipboard
  KeyPress press;
};

/// Errors: error.script_* (args: line, what was found, ...).
Result<std::vector<ScriptAction>> parse_script(std::string_view text);

/// Plays a script on a window, frame by frame.
class ScriptPlayer {
 public:
  ScriptPlayer(MainWindow& window, std::vector<ScriptAction> actions);
  bool done() const { return at_ >= actions_.size() || error_.has_value(); }
  const std::optional<Error>& error() const { return error_; }
  /// Call once per frame, between the renderer's NewFrame and ImGui::NewFrame.
  void inject(float scale, double delta_seconds);

 private:
  struct Point {
    float x = 0, y = 0;
  };
  /// The place in ImGui's coordinates; nothing while it is not there (error_ is set when it will not come).
  std::optional<Point> place(const ScriptTarget& target, float scale);
  void begin(const ScriptAction& action, float scale);
  void go_on(const ScriptAction& action, float scale, double delta_seconds);
  void finish() {
    ++at_;
    phase_ = 0;
    waited_ = 0;
  }

  MainWindow& window_;
  std::vector<ScriptAction> actions_;
  size_t at_ = 0;
  int phase_ = 0;       // frames into the present action
  int waited_ = 0;      // frames its widget has been missing
  double seconds_ = 0;  // of a wait
  Point from_, to_;
  std::optional<Error> error_;
};

/// Middle of a cell in the scene, in logical pixels of the picture; nothing if it is not drawn.
std::optional<std::pair<float, float>> place_of_cell(const Scene& scene, const CellRef& cell);

}  // namespace convscope
