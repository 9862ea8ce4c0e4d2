#include "app/gui/action_script.h"

#include <imgui.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "app/gui/scripted_input.h"

namespace convscope {
namespace {

using Kind = ScriptAction::Kind;

/// Frames that a missing widget may take to appear: menus open within two or three.
constexpr int kPatience = 90;
constexpr int kDragFrames = 6;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

/// Words of a line; brackets keep theirs together: "output[0, 1, 2, 3]" is one.
std::vector<std::string_view> split(std::string_view line) {
  std::vector<std::string_view> words;
  size_t start = 0;
  bool inside = false;
  int depth = 0;
  for (size_t i = 0; i <= line.size(); ++i) {
    const bool end = i == line.size() || (depth == 0 && is_space(line[i]));
    if (i < line.size() && line[i] == '[') ++depth;
    if (i < line.size() && line[i] == ']' && depth > 0) --depth;
    if (end && inside) {
      words.push_back(line.substr(start, i - start));
      inside = false;
    } else if (!end && !inside) {
      start = i;
      inside = true;
    }
  }
  return words;
}

template <class T>
std::optional<T> number(std::string_view text) {
  T value{};
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

struct CellName {
  std::string_view name;
  TensorId tensor;
  int axes;
};
constexpr CellName kCells[] = {{"input", TensorId::input, 4},
                               {"weight", TensorId::weight, 4},
                               {"output", TensorId::output, 4},
                               {"bias", TensorId::bias, 1},
                               {"im2col", TensorId::im2col, 2},
                               {"kernel_matrix", TensorId::kernel_matrix, 2},
                               {"product", TensorId::product, 2},
                               {"toeplitz", TensorId::toeplitz, 4},
                               {"grad_input", TensorId::grad_input, 4},
                               {"grad_weight", TensorId::grad_weight, 4},
                               {"grad_output", TensorId::grad_output, 4},
                               {"grad_bias", TensorId::grad_bias, 1},
                               {"learned", TensorId::learned, 4},
                               {"loss", TensorId::loss, 2},
                               {"level", TensorId::level, 3}};

std::optional<CellRef> cell_from(std::string_view word) {
  const size_t bracket = word.find('[');
  if (bracket == std::string_view::npos || !word.ends_with(']')) return std::nullopt;
  for (const CellName& kind : kCells) {
    if (word.substr(0, bracket) != kind.name) continue;
    std::string_view inner = word.substr(bracket + 1, word.size() - bracket - 2);
    std::vector<int64_t> at;
    while (true) {
      const size_t comma = inner.find(',');
      const std::optional<int64_t> index = number<int64_t>(trimmed(inner.substr(0, comma)));
      if (!index) return std::nullopt;
      at.push_back(*index);
      if (comma == std::string_view::npos) break;
      inner.remove_prefix(comma + 1);
    }
    if (static_cast<int>(at.size()) != kind.axes) return std::nullopt;
    CellRef cell;
    cell.tensor = kind.tensor;
    if (kind.axes == 4) {
      cell.n = at[0];
      cell.c = at[1];
      cell.y = at[2];
      cell.x = at[3];
    } else if (kind.axes == 3) {
      cell.c = at[0];
      cell.y = at[1];
      cell.x = at[2];
    } else if (kind.axes == 2) {
      cell.y = at[0];
      cell.x = at[1];
    } else {
      cell.c = at[0];
    }
    return cell;
  }
  return std::nullopt;
}

/// Reads one line after another of a script.
class LineReader {
 public:
  LineReader(std::string_view line, int line_number) : words_(split(line)), line_(line), number_(line_number) {}

  Result<ScriptAction> read() {
    ScriptAction action;
    action.line = number_;
    const std::string_view verb = words_[0];
    ++at_;
    if (verb == "click" || verb == "double_click" || verb == "hover") {
      action.kind = verb == "click" ? Kind::click : verb == "hover" ? Kind::hover : Kind::double_click;
      if (!target(action.target)) return wrong("TARGET");
      // `hover NAME X Y` means the same as `hover NAME at X Y`.
      if (!ended() && !action.target.has_place && !place(action.target)) return wrong("X Y");
    } else if (verb == "drag") {
      if (!target(action.target)) return wrong("TARGET");
      if (Result<void> rest = drag(action); !rest) return rest.error();
    } else if (verb == "scroll") {
      action.kind = Kind::scroll;
      if (!target(action.target) || !value(action.y)) return wrong("TARGET LINES");
    } else if (verb == "type" || verb == "drop") {
      action.kind = verb == "type" ? Kind::type : Kind::drop;
      action.text = trimmed(line_.substr(verb.size()));
      if (action.text.empty()) return wrong(verb == "type" ? "TEXT" : "FILE");
      return action;
    } else if (verb == "clipboard") {
      action.kind = Kind::clipboard;
      const std::string_view text = trimmed(line_.substr(verb.size()));
      for (size_t i = 0; i < text.size(); ++i) {
        const bool breaks = text[i] == '\\' && i + 1 < text.size() && text[i + 1] == 'n';
        action.text += breaks ? '\n' : text[i];
        if (breaks) ++i;
      }
      return action;
    } else if (verb == "key") {
      action.kind = Kind::key;
      const std::optional<KeyPress> press = ended() ? std::nullopt : key_press_from_name(words_[at_]);
      if (!press) return wrong("COMBO");
      action.press = *press;
      ++at_;
    } else if (verb == "wait") {
      if (accept("idle")) {
        action.kind = Kind::wait_idle;
      } else if (accept("frames")) {
        action.kind = Kind::wait_frames;
        if (!value(action.x)) return wrong("N");
      } else {
        action.kind = Kind::wait_seconds;
        if (!value(action.x)) return wrong("SECONDS");
      }
    } else if (verb == "expect") {
      if (accept("step")) {
        action.kind = Kind::expect_step;
        const std::optional<int64_t> step = ended() ? std::nullopt : number<int64_t>(words_[at_]);
        if (!step) return wrong("N");
        action.number = *step;
        ++at_;
      } else {
        action.kind = accept("no") ? Kind::expect_no_widget : Kind::expect_widget;
        if (!target(action.target)) return wrong("NAME");
      }
    } else {
      return Error{"error.script_unknown", "actions", {std::to_string(number_), std::string(verb)}};
    }
    if (!ended()) return wrong("");
    return action;
  }

 private:
  bool ended() const { return at_ >= words_.size(); }
  bool accept(std::string_view word) {
    if (ended() || words_[at_] != word) return false;
    ++at_;
    return true;
  }
  bool value(float& out) {
    const std::optional<float> read = ended() ? std::nullopt : number<float>(words_[at_]);
    if (!read || !std::isfinite(*read)) return false;
    out = *read;
    ++at_;
    return true;
  }
  bool coordinate(float& out, bool& percent) {
    if (ended()) return false;
    std::string_view word = words_[at_];
    percent = word.ends_with('%');
    if (percent) word.remove_suffix(1);
    const std::optional<float> read = number<float>(word);
    if (!read || !std::isfinite(*read)) return false;
    out = *read;
    ++at_;
    return true;
  }
  bool place(ScriptTarget& out) {
    out.has_place = coordinate(out.x, out.x_percent) && coordinate(out.y, out.y_percent);
    return out.has_place;
  }
  bool target(ScriptTarget& out) {
    if (ended()) return false;
    out.cell = cell_from(words_[at_]);
    if (!out.cell) out.name = words_[at_];
    ++at_;
    return accept("at") ? place(out) : true;
  }
  Result<void> drag(ScriptAction& action) {
    if (accept("by")) {
      action.kind = Kind::drag_by;
      if (!value(action.x) || !value(action.y)) return wrong("DX DY");
      return {};
    }
    if (!accept("to")) {
      // NAME DX DY, or NAME X Y to X Y.
      ScriptTarget start = action.target;
      if (!place(start)) return wrong("by DX DY");
      if (!accept("to")) {
        action.kind = Kind::drag_by;
        action.x = start.x;
        action.y = start.y;
        return {};
      }
      action.target = start;
    }
    action.kind = Kind::drag_to;
    action.second = action.target;
    // Coordinates alone belong to the same widget.
    const size_t before = at_;
    if (place(action.second)) return {};
    at_ = before;
    action.second = {};
    if (!target(action.second)) return wrong("TARGET");
    return {};
  }
  Error wrong(std::string_view wanted) const {
    if (wanted.empty()) {
      return Error{"error.script_extra", "actions", {std::to_string(number_), std::string(words_[at_])}};
    }
    return Error{"error.script_syntax",
                 "actions",
                 {std::to_string(number_), std::string(trimmed(line_)), std::string(words_[0]), std::string(wanted)}};
  }

  std::vector<std::string_view> words_;
  std::string_view line_;
  int number_;
  size_t at_ = 0;
};

/// How far two names are apart, for "did you mean".
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t up = row[j];
      row[j] = std::min({up + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = up;
    }
  }
  return row.back();
}

std::string nearest_widget(const WidgetRegistry& widgets, std::string_view name) {
  std::string best = "-";
  size_t smallest = std::numeric_limits<size_t>::max();
  for (const WidgetRect& rect : widgets.all()) {
    const size_t apart = distance(name, rect.name);
    if (apart < smallest) {
      smallest = apart;
      best = rect.name;
    }
  }
  return best;
}

}  // namespace

Result<std::vector<ScriptAction>> parse_script(std::string_view text) {
  std::vector<ScriptAction> actions;
  int line_number = 0;
  while (!text.empty()) {
    ++line_number;
    const size_t end = text.find('\n');
    const std::string_view line = trimmed(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (line.empty() || line.front() == '#') continue;
    Result<ScriptAction> action = LineReader(line, line_number).read();
    if (!action) return action.error();
    actions.push_back(std::move(*action));
  }
  return actions;
}

std::optional<std::pair<float, float>> place_of_cell(const Scene& scene, const CellRef& cell) {
  for (size_t i = scene.marks.size(); i-- > 0;) {
    const Mark& mark = scene.marks[i];
    if (mark.ref >= 0 && scene.refs[static_cast<size_t>(mark.ref)] == cell) {
      const float x = (mark.box.x0 + mark.box.x1) / 2;
      const float y = (mark.box.y0 + mark.box.y1) / 2;
      if (pick(scene, x, y) == cell) return std::pair(x, y);
    }
    if (mark.raster >= 0) {
      const Raster& raster = scene.rasters[static_cast<size_t>(mark.raster)];
      const int64_t channels = raster.rgb ? 3 : 1;
      const CellRef plane = raster.plane();
      if (plane.tensor != cell.tensor || plane.n != cell.n || cell.c < plane.c || cell.c >= plane.c + channels)
        continue;
      const bool sampled = raster.is_sample();
      const double x0 = sampled ? raster.cell_x0 : raster.u0, x1 = sampled ? raster.cell_x1 : raster.u1;
      const double y0 = sampled ? raster.cell_y0 : raster.v0, y1 = sampled ? raster.cell_y1 : raster.v1;
      const double u = (static_cast<double>(cell.x) + 0.5 - x0) / (x1 - x0);
      const double v = (static_cast<double>(cell.y) + 0.5 - y0) / (y1 - y0);
      if (u < 0 || u >= 1 || v < 0 || v >= 1) continue;
      return std::pair(mark.box.x0 + static_cast<float>(u) * mark.box.width(),
                       mark.box.y0 + static_cast<float>(v) * mark.box.height());
    }
  }
  return std::nullopt;
}

ScriptPlayer::ScriptPlayer(MainWindow& window, std::vector<ScriptAction> actions)
    : window_(window), actions_(std::move(actions)) {
  // Two clicks of a script are two clicks, however few frames lie between them.
  ImGui::GetIO().MouseDoubleClickTime = 0;
}

std::optional<ScriptPlayer::Point> ScriptPlayer::place(const ScriptTarget& target, float scale) {
  const std::string line = std::to_string(actions_[at_].line);
  if (target.cell) {
    const auto found = place_of_cell(window_.scene(), *target.cell);
    if (found) {
      const Box& box = window_.picture().box();
      return Point{box.x0 + found->first * scale, box.y0 + found->second * scale};
    }
    if (++waited_ > kPatience) error_ = Error{"error.script_no_cell", "actions", {line}};
    return std::nullopt;
  }
  const WidgetRect* rect = window_.widgets().find(target.name);
  if (!rect || !rect->enabled || !rect->visible) {
    if (rect && !rect->visible) window_.widgets().reveal(target.name);
    if (++waited_ > kPatience) {
      const std::string code = !rect            ? "error.script_no_widget"
                               : !rect->enabled ? "error.script_disabled"
                                                : "error.script_hidden";
      error_ = Error{code, "actions", {line, target.name, nearest_widget(window_.widgets(), target.name)}};
    }
    return std::nullopt;
  }
  Point point{(rect->x0 + rect->x1) / 2, (rect->y0 + rect->y1) / 2};
  if (target.has_place) {
    // 100 % is the last pixel that still belongs to it.
    point.x = rect->x0 + (target.x_percent ? (rect->x1 - rect->x0 - 1) * target.x / 100 : target.x * scale);
    point.y = rect->y0 + (target.y_percent ? (rect->y1 - rect->y0 - 1) * target.y / 100 : target.y * scale);
  }
  return point;
}

void ScriptPlayer::inject(float scale, double delta_seconds) {
  if (done()) return;
  const ScriptAction& action = actions_[at_];
  // Like a patient user: nothing is done to a window that is still at work, except waiting for a time.
  if (phase_ == 0 && action.kind != Kind::wait_seconds && action.kind != Kind::wait_frames && window_.busy()) {
    window_.wait();
    return;
  }
  if (phase_ == 0) {
    begin(action, scale);
  } else {
    go_on(action, scale, delta_seconds);
  }
}

void ScriptPlayer::begin(const ScriptAction& action, float scale) {
  switch (action.kind) {
    case Kind::click:
    case Kind::double_click:
    case Kind::hover:
    case Kind::scroll:
    case Kind::drag_by:
    case Kind::drag_to: {
      const std::optional<Point> start = place(action.target, scale);
      if (!start) return;
      from_ = *start;
      to_ = {from_.x + action.x * scale, from_.y + action.y * scale};
      if (action.kind == Kind::drag_to) {
        const std::optional<Point> end = place(action.second, scale);
        if (!end) return;
        to_ = *end;
      }
      scripted::move_mouse(from_.x, from_.y);
      break;
    }
    case Kind::type:
      scripted::text(action.text);
      break;
    case Kind::key:
      scripted::key(action.press, true);
      window_.press(action.press);
      // What a keyboard writes besides: a field that is being typed into takes it.
      if (!action.press.ctrl && !action.press.alt && action.press.key.code >= ' ' && action.press.key.code < 0x7F) {
        scripted::text(std::string(1, static_cast<char>(action.press.key.code)));
      }
      break;
    case Kind::wait_seconds:
      seconds_ = 0;
      break;
    case Kind::wait_frames:
      break;
    case Kind::wait_idle:
      break;
    case Kind::clipboard:
      ImGui::SetClipboardText(action.text.c_str());
      break;
    case Kind::drop:
      window_.drop(action.text);
      break;
    case Kind::expect_widget:
    case Kind::expect_no_widget: {
      const bool there = action.target.cell ? place_of_cell(window_.scene(), *action.target.cell).has_value()
                                            : window_.widgets().find(action.target.name) != nullptr;
      const bool wanted = action.kind == Kind::expect_widget;
      // What is expected may need a few frames; what is not expected gets the same time to go.
      if (there != wanted) {
        if (++waited_ > kPatience) {
          error_ = Error{
              wanted ? "error.script_no_widget" : "error.script_still_there",
              "actions",
              {std::to_string(action.line), action.target.name, nearest_widget(window_.widgets(), action.target.name)}};
        }
        return;
      }
      break;
    }
    case Kind::expect_step: {
      const int64_t step = window_.playback().moment().step + 1;
      if (step != action.number) {
        error_ = Error{"error.script_step",
                       "actions",
                       {std::to_string(action.line), std::to_string(action.number), std::to_string(step)}};
        return;
      }
      break;
    }
  }
  phase_ = 1;
}

void ScriptPlayer::go_on(const ScriptAction& action, float, double delta_seconds) {
  const int phase = phase_++;
  switch (action.kind) {
    case Kind::hover:
      if (phase >= 2) finish();
      break;
    case Kind::click:
      if (phase == 2) scripted::mouse_button(0, true);
      if (phase == 4) scripted::mouse_button(0, false);
      if (phase >= 6) finish();
      break;
    case Kind::double_click: {
      ImGuiIO& io = ImGui::GetIO();
      if (phase == 2) io.MouseDoubleClickTime = 10;
      if (phase == 2 || phase == 4) scripted::mouse_button(0, true);
      if (phase == 3 || phase == 5) scripted::mouse_button(0, false);
      if (phase >= 7) {
        io.MouseDoubleClickTime = 0;
        finish();
      }
      break;
    }
    case Kind::drag_by:
    case Kind::drag_to: {
      const int moved = phase - 3;
      if (phase == 2) scripted::mouse_button(0, true);
      if (moved >= 0 && moved < kDragFrames) {
        const float t = static_cast<float>(moved + 1) / kDragFrames;
        scripted::move_mouse(from_.x + (to_.x - from_.x) * t, from_.y + (to_.y - from_.y) * t);
      }
      if (moved == kDragFrames + 1) scripted::mouse_button(0, false);
      if (moved >= kDragFrames + 3) finish();
      break;
    }
    case Kind::scroll:
      if (phase == 2) scripted::wheel(action.y);
      if (phase >= 4) finish();
      break;
    case Kind::key:
      if (phase == 1) scripted::key(action.press, false);
      if (phase >= 2) finish();
      break;
    case Kind::type:
    case Kind::drop:
    case Kind::clipboard:
    case Kind::wait_idle:
      if (phase >= 2 && !window_.busy()) finish();
      break;
    case Kind::wait_seconds:
      seconds_ += delta_seconds;
      if (seconds_ >= static_cast<double>(action.x)) finish();
      break;
    case Kind::wait_frames:
      if (static_cast<float>(phase) >= action.x) finish();
      break;
    case Kind::expect_widget:
    case Kind::expect_no_widget:
    case Kind::expect_step:
      finish();
      break;
  }
}

}  // namespace convscope
