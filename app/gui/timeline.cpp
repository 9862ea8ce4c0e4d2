#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "app/gui/edits.h"
#include "app/gui/lesson_card.h"
#include "app/gui/operation_pointing.h"
#include "app/gui/panels.h"
#include "app/gui/widgets.h"
#include "engine/trace.h"

namespace convscope {
namespace {

constexpr std::array<double, 13> kSpeeds = {0.25, 0.5, 1, 2, 4, 8, 16, 30, 64, 256, 1024, 4096, 16384};

/// The steps of the picture.
struct Steps {
  const OperationPlan* plan = nullptr;  // nothing before the first numbers
  Lens lens = Lens::sliding;
};

/// "Y[0, 0, 1, 0]", as the panel of the cell has it; where input cells are stamped, "X[0, 0, 1, 0]", where gradients go
/// backwards, "dY[0, 0, 1, 0]", and of learning the iteration.
int cell_words(const Steps& steps, int64_t step, char* out, size_t capacity) {
  const bool gradient = steps.lens == Lens::gradient;
  if (gradient && steps.plan->learning_steps() > 0) {
    return std::snprintf(out, capacity, "t = %lld", static_cast<long long>(step));
  }
  const CellRef cell = cell_of_step(*steps.plan, steps.lens, step);
  if (cell.tensor == TensorId::none) return std::snprintf(out, capacity, "%s", "");
  if (cell.tensor == TensorId::level) {
    // The last layer's, by its own axes.
    const int dims = steps.plan->chain()->chain.dims;
    const long long at[] = {cell.n, cell.y, cell.x};
    int length = std::snprintf(out, capacity, "Y[");
    for (int i = 3 - dims; i < 3; ++i) {
      const auto used = static_cast<size_t>(length);
      length += std::snprintf(out + used, capacity - used, i == 2 ? "%lld]" : "%lld, ", at[i]);
    }
    return length;
  }
  if (steps.plan->volume() != nullptr) {
    const CellIndex index = index_of_cell(*steps.plan, cell);
    const auto at = [&](size_t axis) { return static_cast<long long>(index.at[axis]); };
    return std::snprintf(out, capacity, "Y[%lld, %lld, %lld, %lld, %lld]", at(0), at(1), at(2), at(3), at(4));
  }
  if (steps.plan->dims() == 1) {
    return std::snprintf(out, capacity, "Y[%lld, %lld, %lld]", static_cast<long long>(cell.n),
                         static_cast<long long>(cell.c), static_cast<long long>(cell.x));
  }
  return std::snprintf(out, capacity, "%s[%lld, %lld, %lld, %lld]",
                       cell.tensor == TensorId::input ? "X"
                       : gradient                     ? "dY"
                                                      : "Y",
                       static_cast<long long>(cell.n), static_cast<long long>(cell.c), static_cast<long long>(cell.y),
                       static_cast<long long>(cell.x));
}

/// The bar over all steps, with a tick where a row ends, longer where an output channel does, as long as ticks can be
/// told apart.
void draw_scrub(UiContext& ui, float width, int64_t count, const Steps& steps) {
  const OperationPlan* plan = steps.plan;
  const float height = ImGui::GetFrameHeight();
  ImGui::InvisibleButton("##scrub", {std::max(ui.px(40), width), height});
  ui.widgets.note_item("timeline.scrub");
  const bool active = ImGui::IsItemActive();
  const bool hovered = ImGui::IsItemHovered();
  const ImVec2 low = ImGui::GetItemRectMin();
  const ImVec2 high = ImGui::GetItemRectMax();
  const float knob = ui.px(7);
  const float from = low.x + knob;
  const float length = std::max(1.0f, high.x - knob - from);
  const double last = static_cast<double>(std::max<int64_t>(1, count - 1));
  const float pointer = std::clamp((ImGui::GetIO().MousePos.x - from) / length, 0.0f, 1.0f);
  const int64_t pointed = std::clamp<int64_t>(std::llround(static_cast<double>(pointer) * last), 0, count - 1);
  if (active) {
    ui.playback.pause();
    ui.playback.go_to(pointed, count);
  }
  const Moment& moment = ui.playback.moment();
  // Within a step the knob moves along, so that playing looks smooth on short runs.
  const double phase = ui.playback.playing() ? static_cast<double>(moment.phase) - 1.0 : 0.0;
  const double at = std::clamp((static_cast<double>(moment.step) + phase) / last, 0.0, 1.0);
  const float x = from + static_cast<float>(at) * length;
  const float y = std::floor((low.y + high.y) / 2);
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float half = ui.px(2.5f);
  // The way still to go is thinner too: in high contrast its colour alone would not tell.
  const float thin = ui.px(1.5f);
  list->AddRectFilled({from, y - thin}, {from + length, y + thin}, ui_color32(ui, Role::border), thin);
  list->AddRectFilled({from, y - half}, {x, y + half}, ui_color32(ui, Role::accent), half);
  if (plan) {
    const int64_t in_row = steps_in_row(*plan, steps.lens), in_channel = rows_in_channel(*plan, steps.lens);
    const int64_t rows = count / in_row;
    // Where rows are too many, those where a channel ends.
    const int64_t every = static_cast<float>(rows) * ui.px(8) < length ? 1 : in_channel;
    if (rows > 1 && static_cast<float>(rows / every) * ui.px(8) < length) {
      for (int64_t row = every; row < rows; row += every) {
        const double step = static_cast<double>(row * in_row) - 0.5;
        const float tick = std::floor(from + static_cast<float>(step / last) * length);
        const bool channel = row % in_channel == 0;
        const float reach = ui.px(channel ? 9.0f : 6.0f);
        list->AddRectFilled({tick, y - reach}, {tick + std::max(1.0f, ui.px(1)), y + reach},
                            ui_color32(ui, channel ? Role::secondary : Role::border));
      }
    }
  }
  if (hovered || active) list->AddCircleFilled({x, y}, knob + ui.px(4), ui_color32(ui, Role::accent, 0.18f), 28);
  list->AddCircleFilled({x, y}, knob, ui_color32(ui, Role::accent), 28);
  list->AddCircleFilled({x, y}, knob - ui.px(2), ui_color32(ui, Role::canvas), 28);
  if ((hovered || active) && plan) {
    char words[96];
    cell_words(steps, ui.workbench.own_step(pointed), words, sizeof words);
    const UiFont mono(ui.fonts.mono);
    ImGui::SetTooltip("%lld  %s", static_cast<long long>(pointed + 1), words);
  }
}

/// The speeds on offer, and between them one that a session brings and that is none of them.
struct SpeedChoice {
  Language language = Language::en;
  double own = 0;  // of the session
  std::vector<double> speeds;
  std::vector<std::string> keys, words;
  std::vector<std::string_view> key_views;
  std::vector<const char*> labels;
  int current = 0;
};

/// Made anew only when the language or the session's speed changes.
const SpeedChoice& speed_choice(Language language, double now) {
  static SpeedChoice choice;
  if (choice.language == language && choice.own == now) return choice;
  choice = {};
  choice.language = language;
  choice.own = now;
  choice.speeds.assign(kSpeeds.begin(), kSpeeds.end());
  const auto place = std::lower_bound(choice.speeds.begin(), choice.speeds.end(), now);
  choice.current = static_cast<int>(place - choice.speeds.begin());
  if (place == choice.speeds.end() || *place != now) choice.speeds.insert(place, now);
  for (const double speed : choice.speeds) {
    char digits[32];
    std::snprintf(digits, sizeof digits, "%.10g", speed);
    choice.keys.emplace_back(digits);
    choice.words.push_back(tr(language, "timeline.steps_per_second", {choice.keys.back()}));
  }
  for (size_t i = 0; i < choice.speeds.size(); ++i) {
    choice.key_views.emplace_back(choice.keys[i]);
    choice.labels.push_back(choice.words[i].c_str());
  }
  return choice;
}

/// Zoom out, how large, zoom in, fit.
void draw_camera(UiContext& ui, float words_width) {
  const ComputationPtr computation = ui.workbench.computation();
  View& view = ui.view;
  const auto zoom = [&](double factor) {
    if (computation) view = zoomed(view, factor, view.width / 2, view.height / 2, computation->plan, ui.session().lens);
  };
  ButtonOptions possible;
  possible.enabled = view.zoom > 1.001;
  if (ui_icon_button(ui, "picture.zoom_out", Icon::minus, ui.text("picture.zoom_out"), possible)) zoom(1 / 1.5);
  ImGui::SameLine(0, 0);
  char percent[24];
  std::snprintf(percent, sizeof percent, "%.0f %%", view.zoom * 100);
  const ImVec2 low = ImGui::GetCursorScreenPos();
  const float height = ImGui::GetFrameHeight();
  {
    const UiFont caption(ui.fonts.caption);
    const ImVec2 size = ImGui::CalcTextSize(percent);
    ImGui::GetWindowDrawList()->AddText(
        {std::floor(low.x + (words_width - size.x) / 2), std::floor(low.y + (height - size.y) / 2)},
        ui_color32(ui, Role::secondary), percent);
  }
  ImGui::Dummy({words_width, height});
  ImGui::SameLine(0, 0);
  if (ui_icon_button(ui, "picture.zoom_in", Icon::plus, ui.text("picture.zoom_in"))) zoom(1.5);
  ImGui::SameLine(0, 0);
  if (ui_icon_button(ui, "picture.fit", Icon::fit, ui.text("picture.fit"), possible)) {
    view.zoom = 1;
    view.center_x = view.center_y = 0.5;
  }
}

}  // namespace

void draw_timeline(UiContext& ui, bool two_rows) {
  const int64_t count = ui.workbench.step_count();
  const ComputationPtr computation = ui.workbench.computation();
  const Steps steps{computation ? &computation->plan : nullptr, ui.session().lens};
  const OperationPlan* plan = steps.plan;
  const float gap = ui.px(4);
  const float start = ImGui::GetCursorPosX();
  const float full = ImGui::GetContentRegionAvail().x;
  Playback& playback = ui.playback;
  const int64_t step = std::clamp<int64_t>(playback.moment().step, 0, count - 1);
  ButtonOptions possible;

  const auto draw_transport = [&] {
    possible.enabled = step > 0;
    if (ui_icon_button(ui, "timeline.first", Icon::first, ui.text("timeline.first"), possible)) playback.first(count);
    ImGui::SameLine(0, gap);
    if (ui_icon_button(ui, "timeline.back", Icon::step_back, ui.text("timeline.back"), possible)) playback.back(count);
    ImGui::SameLine(0, gap);
    ButtonOptions play;
    play.primary = true;
    play.width = 44;
    const bool playing = playback.playing();
    if (ui_icon_button(ui, "timeline.play", playing ? Icon::pause : Icon::play,
                       ui.text(playing ? "timeline.pause" : "timeline.play"), play)) {
      playback.toggle(count);
    }
    ImGui::SameLine(0, gap);
    possible.enabled = step < count - 1;
    if (ui_icon_button(ui, "timeline.forward", Icon::step_forward, ui.text("timeline.forward"), possible)) {
      playback.forward(count, !ui.settings.reduced_motion);
    }
    ImGui::SameLine(0, gap);
    if (ui_icon_button(ui, "timeline.last", Icon::last, ui.text("timeline.last"), possible)) playback.last(count);
    ImGui::SameLine(0, ui.px(12));
  };
  if (!two_rows) draw_transport();

  // From the right: loop, speed, the step in words; the bar takes what is left.
  char step_words[64];
  std::snprintf(step_words, sizeof step_words, "%lld / %lld", static_cast<long long>(step + 1),
                static_cast<long long>(count));
  char widest[64];
  std::snprintf(widest, sizeof widest, "%lld / %lld", static_cast<long long>(count), static_cast<long long>(count));
  char cell[96] = "";
  if (plan) cell_words(steps, ui.workbench.own_step(step), cell, sizeof cell);
  char widest_cell[96] = "";
  if (plan) cell_words(steps, ui.workbench.own_step_count() - 1, widest_cell, sizeof widest_cell);
  float words_width = 0, numbers_width = 0, cell_width = 0;
  const char* step_label = ui.text("timeline.step");
  words_width = ImGui::CalcTextSize(step_label).x + ui.px(8);
  {
    const UiFont mono(ui.fonts.mono);
    numbers_width = ImGui::CalcTextSize(widest).x + ui.px(14);
    cell_width = ImGui::CalcTextSize(widest_cell).x + ui.px(14);
  }
  const float speed_width = ui.px(118);
  const float camera_words = ui.px(52);
  // The wheel and the keys zoom as well: a narrow window keeps its bar.
  const bool camera = !two_rows && full > ui.px(720);
  const float camera_width = camera ? 3 * ImGui::GetFrameHeight() + camera_words + ui.px(25) : 0;
  const bool compare = !two_rows;
  const float compare_width = compare ? ImGui::GetFrameHeight() + ui.px(8) : 0;
  const float side = speed_width + 2 * ImGui::GetFrameHeight() + 3 * ui.px(8) + compare_width + camera_width;
  const float used = ImGui::GetCursorPosX() - start;
  // In two rows the bar and the step have the first to themselves.
  float bar = full - used - (two_rows ? 0 : side) - words_width - numbers_width - cell_width;
  const bool show_cell = bar > ui.px(140);
  if (!show_cell) bar += cell_width;
  const bool show_label = bar > ui.px(100);
  if (!show_label) bar += words_width;
  draw_scrub(ui, bar - ui.px(12), count, steps);

  ImGui::SameLine(0, ui.px(12));
  const ImVec2 at = ImGui::GetCursorScreenPos();
  const float height = ImGui::GetFrameHeight();
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float baseline = std::floor(at.y + (height - ImGui::GetFontSize()) / 2);
  float x = at.x;
  if (show_label) {
    list->AddText({x, baseline}, ui_color32(ui, Role::secondary), step_label);
    x += words_width;
  }
  {
    const UiFont mono(ui.fonts.mono);
    const float y = std::floor(at.y + (height - ImGui::GetFontSize()) / 2);
    list->AddText({x, y}, ui_color32(ui, Role::text), step_words);
    x += numbers_width;
    if (show_cell) {
      list->AddText({x, y}, ui_color32(ui, cell[0] == 'X' ? Role::input : Role::output), cell);
      x += cell_width;
    }
  }
  ImGui::Dummy({x - at.x, height});
  ui.widgets.note_item("timeline.step");

  if (two_rows) draw_transport();
  ImGui::SameLine(start + full - side + ui.px(8));
  const SpeedChoice& speeds = speed_choice(ui.language(), ui.session().steps_per_second);
  int speed = speeds.current;
  if (ui_combo(ui, "timeline.speed", speed, speeds.labels, speed_width / ui.scale, speeds.key_views)) {
    const double chosen = speeds.speeds[static_cast<size_t>(speed)];
    ui.workbench.apply_view([chosen](Session& session) { session.steps_per_second = chosen; });
  }
  if (!ImGui::IsPopupOpen(nullptr, ImGuiPopupFlags_AnyPopup)) ui_tooltip(ui, ui.text("timeline.speed"));
  ImGui::SameLine(0, ui.px(8));
  ButtonOptions loop;
  loop.active = ui.session().loop;
  if (ui_icon_button(ui, "timeline.loop", Icon::loop, ui.text("timeline.loop"), loop)) {
    ui.workbench.apply_view([](Session& session) { session.loop = !session.loop; });
  }
  if (ui.lesson != nullptr) {
    ImGui::SameLine(0, ui.px(8));
    ButtonOptions predict;
    predict.active = ui.lesson->predicting();
    if (ui_icon_button(ui, "timeline.predict", Icon::predict, ui.text("timeline.predict"), predict)) {
      ui.lesson->set_predicting(!predict.active);
    }
  }
  if (compare) {
    ImGui::SameLine(0, ui.px(8));
    ButtonOptions compared;
    compared.active = ui.session().beside.has_value();
    if (ui_icon_button(ui, "timeline.compare", Icon::compare,
                       ui.text(compared.active ? "pair.close" : "pair.compare_hint"), compared)) {
      ui.workbench.apply(compared.active ? edit_close_comparison() : edit_compare_with_copy());
    }
  }
  if (!camera) return;
  ImGui::SameLine(0, ui.px(12));
  const ImVec2 line = ImGui::GetCursorScreenPos();
  ImGui::GetWindowDrawList()->AddRectFilled({line.x, line.y + ui.px(4)}, {line.x + 1, line.y + height - ui.px(4)},
                                            ui_color32(ui, Role::border));
  ImGui::Dummy({1, height});
  ImGui::SameLine(0, ui.px(12));
  draw_camera(ui, camera_words);
}

}  // namespace convscope
