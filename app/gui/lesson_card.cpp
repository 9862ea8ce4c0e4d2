#include "app/gui/lesson_card.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string_view>
#include <utility>

#include "app/gui/widgets.h"
#include "app/scene/lesson_text.h"

namespace convscope {
namespace {

// Logical pixels.
constexpr float kMargin = 8, kInset = 12, kRow = 6;
constexpr float kIcon = 26;        // before the words of a task
constexpr float kLeading = 1.32f;  // of the type
constexpr float kMostOfArea = 0.62f;
constexpr float kLeastPicture = 120;

std::string counted(size_t page, size_t pages) { return std::to_string(page + 1) + " / " + std::to_string(pages); }

/// A number as people type it; a comma may stand for the point.
std::optional<double> typed_number(std::string text) {
  for (const std::string_view minus : {"\u2212", "\uff0d"}) {
    if (const size_t at = text.find(minus); at != std::string::npos) text.replace(at, minus.size(), "-");
  }
  std::replace(text.begin(), text.end(), ',', '.');
  const char* const begin = text.c_str();
  char* end = nullptr;
  errno = 0;
  const double value = std::strtod(begin, &end);
  while (*end == ' ') ++end;
  if (end == begin || *end != '\0' || errno != 0 || !std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace

void LessonCard::start(UiContext& ui, LessonPtr lesson, size_t page) {
  hint_open_ = false;
  player_.start(std::move(lesson), ui.workbench, page);
  open_page(ui);
}

void LessonCard::turn(UiContext& ui, int64_t by) {
  if (!player_.running()) return;
  const int64_t wanted = static_cast<int64_t>(player_.page_index()) + by;
  if (wanted >= static_cast<int64_t>(player_.page_count())) return leave(ui);
  player_.turn(ui.workbench, static_cast<size_t>(std::max<int64_t>(wanted, 0)));
  open_page(ui);
}

void LessonCard::leave(UiContext& ui) {
  player_.leave(ui.workbench);
  playing_.reset();
  camera_due_ = false;
  asked_ = {};
  ui.playback.pause();
  ui.playback.go_to(ui.session().step - 1, ui.workbench.step_count());
}

void LessonCard::set_predicting(bool on) {
  predicting_ = on;
  if (!asked_.of_page) asked_ = {};
  if (!on) right_ = judged_ = 0;
}

void LessonCard::open_page(UiContext& ui) {
  if (!player_.running()) return;
  const LessonPage& page = player_.page();
  hint_open_ = false;
  asked_ = {};
  playing_.reset();
  camera_due_ = true;
  ui.playback.pause();
  ui.playback.go_to(page.session.step - 1, ui.workbench.step_count());
  if (page.play && page.play->second > page.play->first && !ui.settings.reduced_motion) {
    playing_ = {page.play->first - 1, page.play->second - 1};
    played_ = playing_->first;
    // One step of a range that ends at the last would start again at the first.
    ui.playback.play(ui.workbench.step_count());
  }
}

void LessonCard::place_camera(UiContext& ui) {
  if (!camera_due_ || !player_.running() || ui.workbench.busy()) return;
  camera_due_ = false;
  const std::optional<LessonCamera>& camera = player_.page().camera;
  ui.view.zoom = camera ? camera->zoom : 1;
  ui.view.center_x = camera ? camera->center_x : 0.5;
  ui.view.center_y = camera ? camera->center_y : 0.5;
}

void LessonCard::fill_words(UiContext& ui) {
  const ComputationPtr numbers = ui.workbench.computation();
  if (filled_ != player_.turns()) {
    for (auto* words : {&title_, &caption_, &task_, &hint_, &done_}) words->fill({});
    // Numbers that are on their way are waited for: those of the page before would be wrong.
    const bool wrong = ui.workbench.error() != nullptr;
    if (ui.workbench.busy() || (!numbers && !wrong)) return;
    filled_ = player_.turns();
    const LessonPage& page = player_.page();
    const auto fill = [&](std::array<std::string, 2>& target, const LocalText& text) {
      for (const Language language : {Language::en, Language::zh}) {
        // A page that cannot be computed has no numbers to fill in.
        target[static_cast<size_t>(language)] =
            wrong ? text.in(language) : lesson_text(text.in(language), *numbers, page.session.lens);
      }
    };
    fill(title_, page.title);
    fill(caption_, page.caption);
    if (page.task) {
      fill(task_, page.task->words);
      fill(hint_, page.task->hint);
    }
    if (page.question) fill(task_, page.question->words);
  }
  if (player_.done() && done_[0].empty() && done_[1].empty() && numbers && !ui.workbench.busy()) {
    const LessonPage& page = player_.page();
    const LocalText* text = page.task ? &page.task->done : page.question ? &page.question->done : nullptr;
    for (const Language language : {Language::en, Language::zh}) {
      std::string& done = done_[static_cast<size_t>(language)];
      if (text) done = lesson_text(text->in(language), *numbers, ui.session().lens);
      if (done.empty() && page.task) done = tr(language, "lesson.done");
    }
  }
}

void LessonCard::follow_play(UiContext& ui) {
  if (!playing_) return;
  const Moment& moment = ui.playback.moment();
  const int64_t last = playing_->second;
  // Somebody else has stopped or moved it.
  if (!ui.playback.playing()) return playing_.reset();
  const bool started_again = moment.step < played_;
  if (started_again || moment.step > last || (moment.step == last && moment.phase >= 1)) {
    ui.playback.pause();
    ui.playback.go_to(last, ui.workbench.step_count());
    playing_.reset();
    return;
  }
  played_ = moment.step;
}

void LessonCard::ask(UiContext& ui, Prediction prediction, bool of_page) {
  const ComputationPtr numbers = ui.workbench.computation();
  asked_ = {};
  asked_.open = true;
  asked_.of_page = of_page;
  asked_.language = ui.language();
  asked_.prediction = std::move(prediction);
  asked_.words = question_words(asked_.language, asked_.prediction, *numbers);
}

void LessonCard::follow_question(UiContext& ui) {
  const ComputationPtr numbers = ui.workbench.computation();
  if (!numbers || ui.workbench.busy() || ui.workbench.error() != nullptr) return;
  const Lens lens = ui.session().lens;
  const int64_t step = ui.workbench.own_step(ui.playback.moment().step);
  const bool page_asks = player_.running() && player_.page().question && filled_ == player_.turns();
  if (page_asks && !asked_.of_page && !player_.done()) {
    const LessonQuestion& question = *player_.page().question;
    if (can_ask(question.kind, *numbers, lens, question.step - 1)) {
      ask(ui, {question.kind, question.step - 1, question.after}, true);
    }
    return;
  }
  if (asked_.of_page) {
    if (asked_.open && asked_.language != ui.language()) {
      // The same question in other words; what was typed stays.
      asked_.language = ui.language();
      if (!asked_.verdict) asked_.words = question_words(ui.language(), asked_.prediction, *numbers);
    }
    return;
  }
  if (!predicting_) return;
  const bool is_size = practised_ == QuestionKind::output_size;
  const bool stays =
      asked_.open && asked_.prediction.kind == practised_ && asked_.language == ui.language() &&
      can_ask(practised_, *numbers, lens, asked_.prediction.step) &&
      (is_size ? asked_.prediction.after.has_value() && changed_arguments(ui.session(), *asked_.prediction.after) != ""
       : asked_.verdict ? asked_.prediction.step == step
                        : asked_.prediction.step == step + 1);
  if (stays) return;
  asked_ = {};
  if (ui.playback.playing()) return;
  if (!can_ask(practised_, *numbers, lens, step + 1)) return;
  Prediction next{practised_, step + 1, std::nullopt};
  if (is_size) next.after = varied(ui.session(), practice_turn_);
  if (is_size && next.after->params == ui.session().params) return;
  ask(ui, std::move(next), false);
}

void LessonCard::answer(UiContext& ui) {
  const ComputationPtr numbers = ui.workbench.computation();
  if (!numbers || !asked_.open || asked_.verdict) return;
  std::array<double, 2> values{};
  for (int i = 0; i < answer_count(asked_.prediction.kind); ++i) {
    const std::optional<double> value = typed_number(asked_.answer[static_cast<size_t>(i)]);
    if (!value) {
      asked_.not_a_number = true;
      return;
    }
    values[static_cast<size_t>(i)] = *value;
  }
  asked_.not_a_number = false;
  const Result<Verdict> verdict = judge(ui.language(), asked_.prediction, *numbers, values);
  if (!verdict) {
    ui.notice = {describe(ui.language(), verdict.error()), true, ui.time_seconds + 6};
    return;
  }
  asked_.verdict = *verdict;
  ++judged_;
  if (verdict->right) ++right_;
  // Now it is shown.
  if (asked_.prediction.kind != QuestionKind::output_size) {
    ui.playback.go_to(asked_.prediction.step - 1, ui.workbench.step_count());
    ui.playback.forward(ui.workbench.step_count(), !ui.settings.reduced_motion);
  } else if (asked_.of_page) {
    const Session after = *asked_.prediction.after;
    ui.workbench.apply({"edit.lesson_question", {}, [&](Session& session) {
                          const Session view = session;
                          session = after;
                          keep_readers_settings(session, view);
                        }});
  }
  if (asked_.of_page) player_.mark_answered();
}

const LessonCard::Laid& LessonCard::laid(Laid& kept, const std::string& text, float width) {
  const float font = ImGui::GetFontSize();
  if (kept.key == text && kept.width == width && kept.font == font) return kept;
  kept.key = text;
  kept.width = width;
  kept.font = font;
  kept.lines.clear();
  // Dear ImGui's own lines stand too close for several sentences.
  const std::string words = ui_wrapped(text.c_str(), width);
  const char* at = words.c_str();
  const char* const end = at + words.size();
  while (at < end) {
    const char* stop = ImGui::GetFont()->CalcWordWrapPositionA(1.0f, at, end, width);
    const char* const newline = std::find(at, end, '\n');
    if (newline < stop || stop == at) stop = newline;
    kept.lines.emplace_back(at, stop);
    at = stop;
    while (at < end && (*at == ' ' || *at == '\n')) ++at;
  }
  kept.height = std::ceil(static_cast<float>(kept.lines.size()) * std::floor(font * kLeading));
  return kept;
}

void LessonCard::draw_lines(UiContext& ui, const Laid& words, float x, float y, Role role) {
  const float line = std::floor(words.font * kLeading);
  const float inset = std::floor((line - words.font) / 2);
  ImDrawList* list = ImGui::GetWindowDrawList();
  for (size_t i = 0; i < words.lines.size(); ++i) {
    const std::string& text = words.lines[i];
    list->AddText({x, y + static_cast<float>(i) * line + inset}, ui_color32(ui, role), text.data(),
                  text.data() + text.size());
  }
}

float LessonCard::draw(UiContext& ui, const Box& area) {
  player_.update(ui.workbench);
  if (player_.running()) {
    fill_words(ui);
    follow_play(ui);
  }
  follow_question(ui);
  const float most = std::min(area.height() * kMostOfArea, area.height() - ui.px(kLeastPicture));
  if ((!player_.running() && !predicting_) || most < ui.px(60) || area.width() < ui.px(200)) {
    height_ = 0;
    return 0;
  }
  const float margin = ui.px(kMargin);
  // How high the contents are is known from the last frame; before the first one this is near.
  if (height_ <= 0) height_ = ui.px(player_.running() ? 132 : 96);
  const float height = std::floor(std::clamp(height_, ui.px(48), std::max(ui.px(48), most - 2 * margin)));
  ImGui::SetNextWindowPos({area.x0 + margin, area.y0 + margin});
  ImGui::SetNextWindowSize({area.width() - 2 * margin, height});
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2(ui.px(kInset), ui.px(8)));
  ImGui::PushStyleVar(ImGuiStyleVar_WindowRounding, ui.px(8));
  ImGui::PushStyleVar(ImGuiStyleVar_WindowBorderSize, 1);
  ImGui::PushStyleVar(ImGuiStyleVar_WindowMinSize, ImVec2(1, 1));
  ImGui::PushStyleColor(ImGuiCol_WindowBg, ui_color(ui, Role::panel));
  ImGui::PushStyleColor(ImGuiCol_Border, ui_color(ui, Role::border));
  ImGui::Begin("##lesson", nullptr,
               (ImGuiWindowFlags_NoDecoration & ~ImGuiWindowFlags_NoScrollbar) | ImGuiWindowFlags_NoMove |
                   ImGuiWindowFlags_NoSavedSettings | ImGuiWindowFlags_NoBringToFrontOnFocus |
                   ImGuiWindowFlags_NoFocusOnAppearing);
  ImGui::PopStyleColor(2);
  ImGui::PopStyleVar(4);
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(ui.px(6), 0));
  const ImVec2 low = ImGui::GetWindowPos();
  ui.widgets.note_rect("lesson", low.x, low.y, low.x + ImGui::GetWindowWidth(), low.y + height);
  const float width = ImGui::GetContentRegionAvail().x;
  if (player_.running()) {
    draw_header(ui);
    draw_caption(ui, width);
    if (asked_.open && asked_.of_page) draw_question(ui, width);
    draw_task(ui, width);
  }
  if (predicting_) draw_practice(ui);
  if (asked_.open && !asked_.of_page && predicting_) draw_question(ui, width);
  ImGui::PopStyleVar();
  height_ = std::ceil(ImGui::GetCursorPosY() + ImGui::GetScrollY() + ui.px(8));
  ImGui::End();
  return height + margin;
}

void LessonCard::draw_header(UiContext& ui) {
  const Lesson& lesson = *player_.lesson();
  const Language language = ui.language();
  const size_t page = player_.page_index(), pages = player_.page_count();
  const bool last = page + 1 == pages;
  const char* next = ui.text(last ? "lesson.finish" : "lesson.next");
  const char* back = ui.text("lesson.back");
  const std::string count = counted(page, pages);
  const float frame = ImGui::GetFrameHeight(), gap = ui.px(6);
  const float button_room = ui.px(24);
  const float back_width = ImGui::CalcTextSize(back).x + button_room,
              next_width = ImGui::CalcTextSize(next).x + button_room;
  const float count_width = ImGui::CalcTextSize(counted(pages - 1, pages).c_str()).x + ui.px(12);
  const float controls = 2 * frame + back_width + count_width + next_width + 4 * gap;
  const float full = ImGui::GetContentRegionAvail().x, start = ImGui::GetCursorPosX();
  const ImVec2 at = ImGui::GetCursorScreenPos();
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float middle = at.y + frame / 2;
  draw_icon(list, Icon::lesson, {at.x + ui.px(9), middle}, ui.px(18), ui_color32(ui, Role::accent));
  {
    const float room = full - controls - ui.px(kIcon) - gap;
    list->PushClipRect({at.x, at.y}, {at.x + ui.px(kIcon) + std::max(0.0f, room), at.y + frame}, true);
    const std::string& name = lesson.title.in(language);
    ui.shows(name);
    float x = at.x + ui.px(kIcon);
    {
      const UiFont bold(ui.fonts.bold);
      list->AddText({x, std::floor(middle - ImGui::GetFontSize() / 2)}, ui_color32(ui, Role::text), name.c_str());
      x += ImGui::CalcTextSize(name.c_str()).x + ui.px(10);
    }
    const std::string& own = title_[static_cast<size_t>(language)];
    if (!own.empty()) {
      list->AddText({x, std::floor(middle - ImGui::GetFontSize() / 2)}, ui_color32(ui, Role::secondary), own.c_str());
    }
    list->PopClipRect();
  }
  ImGui::SetCursorPosX(start + std::max(0.0f, full - controls));
  if (ui_icon_button(ui, "lesson.restore", Icon::reset, ui.text("lesson.restore"))) turn(ui, 0);
  ImGui::SameLine(0, gap);
  ButtonOptions back_options;
  back_options.enabled = page > 0;
  back_options.width = back_width / ui.scale;
  back_options.tooltip = ui.text("lesson.back_hint");
  const bool goes_back = ui_button(ui, "lesson.back", back, back_options);
  ImGui::SameLine(0, gap);
  {
    const ImVec2 place = ImGui::GetCursorScreenPos();
    const float words = ImGui::CalcTextSize(count.c_str()).x;
    list->AddText({std::floor(place.x + (count_width - words) / 2), std::floor(middle - ImGui::GetFontSize() / 2)},
                  ui_color32(ui, Role::secondary), count.c_str());
    ImGui::Dummy({count_width, frame});
    ui.widgets.note_item("lesson.page");
    // Scripts can ask for one page: "lesson.page.3".
    const ImVec2 low = ImGui::GetItemRectMin(), high = ImGui::GetItemRectMax();
    ui.widgets.note_rect("lesson.page." + std::to_string(page + 1), low.x, low.y, high.x, high.y);
  }
  ImGui::SameLine(0, gap);
  const LessonPage& shown = player_.page();
  ButtonOptions next_options;
  next_options.width = next_width / ui.scale;
  next_options.primary = player_.done() || (!shown.task && !shown.question);
  next_options.tooltip = ui.text(last ? "lesson.finish_hint" : "lesson.next_hint");
  const bool goes_on = ui_button(ui, "lesson.next", next, next_options);
  ImGui::SameLine(0, gap);
  const bool leaves = ui_icon_button(ui, "lesson.leave", Icon::close, ui.text("lesson.leave"));
  if (goes_back) turn(ui, -1);
  if (goes_on && last) ui.requests.leave_lesson = true;
  if (goes_on && !last) turn(ui, 1);
  if (leaves) ui.requests.leave_lesson = true;
}

void LessonCard::draw_caption(UiContext& ui, float width) {
  if (!player_.running()) return;
  ImGui::Dummy({0, ui.px(kRow)});
  const std::string& text = caption_[static_cast<size_t>(ui.language())];
  ui.shows(text);
  const Laid& words = laid(laid_caption_, text.empty() ? std::string("\u2026") : text, width);
  const ImVec2 at = ImGui::GetCursorScreenPos();
  draw_lines(ui, words, at.x, at.y, Role::text);
  ImGui::Dummy({width, words.height});
  ui.widgets.note_item("lesson.caption");
}

void LessonCard::draw_task(UiContext& ui, float width) {
  if (!player_.running()) return;
  const LessonPage& page = player_.page();
  if (!page.task && !(page.question && player_.done())) return;
  const bool done = player_.done();
  const auto language = static_cast<size_t>(ui.language());
  const std::string& text = done ? done_[language] : task_[language];
  if (text.empty()) return;
  const std::string& hint = hint_[language];
  ui.shows(text);
  ui.shows(hint);
  ImGui::Dummy({0, ui.px(8)});
  const char* hint_label = ui.text("lesson.hint");
  const bool offers_hint = !done && !hint.empty() && !hint_open_;
  const float hint_width = offers_hint ? ImGui::CalcTextSize(hint_label).x + ui.px(24) : 0;
  const float inset = ui.px(8), icon = ui.px(kIcon);
  const float room = width - icon - 2 * inset - (offers_hint ? hint_width + ui.px(4) : 0);
  const Laid& words = laid(laid_task_, text, room);
  float height = std::max(words.height, offers_hint ? ImGui::GetFrameHeight() - ui.px(4) : 0.0f);
  float hint_height = 0;
  if (!done && hint_open_ && !hint.empty()) {
    hint_height = laid(laid_hint_, hint, room).height + ui.px(4);
    height += hint_height;
  }
  const ImVec2 low = ImGui::GetCursorScreenPos();
  const ImVec2 high(low.x + width, low.y + height + 2 * ui.px(6));
  ImDrawList* list = ImGui::GetWindowDrawList();
  const Role role = done ? Role::output : Role::accent;
  list->AddRectFilled(low, high, done ? ui_tint32(ui, Role::output) : ui_color32(ui, Role::canvas), ui.px(6));
  list->AddRect(low, high, ui_color32(ui, role, done ? 1.0f : 0.7f), ui.px(6));
  const float line = std::floor(ImGui::GetFontSize() * kLeading);
  const ImVec2 sign(low.x + inset + ui.px(8), low.y + ui.px(6) + line / 2 + ui.px(1));
  if (done) {
    draw_icon(list, Icon::check, sign, ui.px(16), ui_color32(ui, Role::output));
  } else {
    list->AddCircle(sign, ui.px(6), ui_color32(ui, Role::accent), 24, ui.px(1.5f));
  }
  const float x = low.x + inset + icon;
  draw_lines(ui, words, x, low.y + ui.px(6), Role::text);
  if (hint_height > 0) draw_lines(ui, laid_hint_, x, high.y - ui.px(6) - hint_height + ui.px(4), Role::secondary);
  const ImVec2 after = ImGui::GetCursorPos();
  if (offers_hint) {
    ImGui::SetCursorScreenPos({high.x - hint_width - ui.px(4), low.y + ui.px(3)});
    ButtonOptions quiet;
    quiet.quiet = true;
    quiet.width = hint_width / ui.scale;
    if (ui_button(ui, "lesson.hint", hint_label, quiet)) hint_open_ = true;
    ImGui::SetCursorPos(after);
  }
  ImGui::Dummy({width, high.y - low.y});
  ui.widgets.note_item(done ? "lesson.done" : "lesson.task");
}

void LessonCard::draw_practice(UiContext& ui) {
  const float frame = ImGui::GetFrameHeight();
  if (player_.running()) ImGui::Dummy({0, ui.px(8)});
  const float full = ImGui::GetContentRegionAvail().x, start = ImGui::GetCursorPosX();
  const std::array<const char*, 3> labels = {ui.text("predict.cell"), ui.text("predict.next_window"),
                                             ui.text("predict.output_size")};
  static constexpr std::array<std::string_view, 3> kKeys = {"cell", "next_window", "output_size"};
  int kind = static_cast<int>(practised_);
  if (ui_segments(ui, "predict.kind", kind, labels, kKeys)) {
    practised_ = static_cast<QuestionKind>(kind);
    if (!asked_.of_page) asked_ = {};
  }
  const std::string score = tr(ui.language(), "predict.score", {std::to_string(right_), std::to_string(judged_)});
  const float words = ImGui::CalcTextSize(score.c_str()).x;
  ImGui::SameLine();
  if (ImGui::GetCursorPosX() - start + words + frame + ui.px(12) > full) ImGui::NewLine();
  ImGui::SetCursorPosX(start + std::max(0.0f, full - words - frame - ui.px(8)));
  const ImVec2 at = ImGui::GetCursorScreenPos();
  ImGui::GetWindowDrawList()->AddText({at.x, std::floor(at.y + (frame - ImGui::GetFontSize()) / 2)},
                                      ui_color32(ui, Role::secondary), score.c_str());
  ImGui::Dummy({words, frame});
  ui.widgets.note_item("predict.score");
  ImGui::SameLine(0, ui.px(8));
  if (ui_icon_button(ui, "predict.close", Icon::close, ui.text("predict.close"))) set_predicting(false);
  if (asked_.open || !predicting_) return;
  // Nothing to ask: why, and what to do.
  const ComputationPtr numbers = ui.workbench.computation();
  const bool possible = numbers && can_ask(practised_, *numbers, ui.session().lens, 0);
  const char* key = !possible ? "predict.not_here" : ui.playback.playing() ? "predict.playing" : "predict.at_the_end";
  ImGui::Dummy({0, ui.px(kRow)});
  ui_words(ui, ui.text(key), Role::secondary);
  ui.widgets.note_item(key);
  if (possible && !ui.playback.playing() && practised_ != QuestionKind::output_size) {
    ImGui::Dummy({0, ui.px(4)});
    if (ui_button(ui, "predict.again", ui.text("predict.again"))) ui.playback.first(ui.workbench.step_count());
  }
}

void LessonCard::draw_question(UiContext& ui, float width) {
  ImGui::Dummy({0, ui.px(8)});
  const auto language = static_cast<size_t>(ui.language());
  const bool own_words = asked_.of_page && player_.running() && !task_[language].empty();
  const std::string& text = own_words ? task_[language] : asked_.words;
  const Laid& words = laid(laid_question_, text, width);
  {
    const ImVec2 place = ImGui::GetCursorScreenPos();
    draw_lines(ui, words, place.x, place.y, Role::text);
    ImGui::Dummy({width, words.height});
  }
  ui.widgets.note_item("predict.question");
  ImGui::Dummy({0, ui.px(kRow)});
  if (!asked_.verdict) {
    const QuestionKind kind = asked_.prediction.kind;
    bool entered = false;
    const auto field = [&](const char* name, size_t index, const char* hint) {
      bool now = false;
      if (ui_text_field(ui, name, asked_.answer[index], 92, hint, &now, true)) asked_.not_a_number = false;
      entered = entered || now;
      ImGui::SameLine(0, ui.px(6));
    };
    const bool window = kind == QuestionKind::next_window;
    if (kind == QuestionKind::cell) {
      field("predict.value", 0, ui.text("predict.value"));
    } else {
      field("predict.first", 0, ui.text(window ? "predict.row" : "predict.height"));
      field("predict.second", 1, ui.text(window ? "predict.column" : "predict.width"));
    }
    ButtonOptions primary;
    primary.primary = true;
    const bool pressed = ui_button(ui, "predict.check", ui.text("predict.check"), primary);
    if (asked_.not_a_number) {
      ImGui::SameLine(0, ui.px(8));
      ImGui::AlignTextToFramePadding();
      ui_words(ui, ui.text("predict.not_a_number"), Role::error);
      ui.widgets.note_item("predict.not_a_number");
    }
    if (pressed || entered) answer(ui);
    return;
  }
  const Verdict& verdict = *asked_.verdict;
  const std::string reason =
      std::string(ui.text(verdict.right ? "predict.right" : "predict.wrong")) + " " + verdict.reason;
  const char* next = ui.text("predict.next");
  const bool offers_next = !asked_.of_page;
  const float button = offers_next ? ImGui::CalcTextSize(next).x + ui.px(24) : 0;
  const float icon = ui.px(kIcon), room = width - icon - (offers_next ? button + ui.px(8) : 0);
  const Laid& laid_reason = laid(laid_reason_, reason, room);
  const float height = std::max(laid_reason.height, offers_next ? ImGui::GetFrameHeight() : 0.0f);
  const ImVec2 at = ImGui::GetCursorScreenPos();
  ImDrawList* list = ImGui::GetWindowDrawList();
  const Role role = verdict.right ? Role::output : Role::error;
  const float line = std::floor(ImGui::GetFontSize() * kLeading);
  const float top = std::floor(at.y + (laid_reason.height < height ? (height - laid_reason.height) / 2 : 0));
  draw_icon(list, verdict.right ? Icon::check : Icon::close, {at.x + ui.px(8), top + line / 2 + ui.px(1)}, ui.px(16),
            ui_color32(ui, role));
  draw_lines(ui, laid_reason, at.x + icon, top, Role::text);
  const ImVec2 after = ImGui::GetCursorPos();
  if (offers_next) {
    ImGui::SetCursorScreenPos({at.x + width - button, at.y});
    ButtonOptions primary;
    primary.primary = true;
    primary.width = button / ui.scale;
    if (ui_button(ui, "predict.next", next, primary)) {
      ++practice_turn_;
      asked_ = {};
    }
    ImGui::SetCursorPos(after);
  }
  ImGui::Dummy({width, height});
  ui.widgets.note_item(verdict.right ? "predict.is_right" : "predict.is_wrong");
}

void draw_lesson_menu(UiContext& ui) {
  const LessonPlayer* player = ui.lesson != nullptr ? &ui.lesson->player() : nullptr;
  ui_title(ui, ui.text("lesson.list"));
  if (lessons().empty()) {
    ui_words(ui, ui.text("lesson.none"), Role::secondary);
    return;
  }
  float width = 0;
  for (const LessonPtr& lesson : lessons()) {
    width = std::max(width, ImGui::CalcTextSize(lesson->title.in(ui.language()).c_str()).x + ui.px(130));
  }
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(0, ui.px(1)));
  ImDrawList* list = ImGui::GetWindowDrawList();
  int number = 0;
  for (const LessonPtr& lesson : lessons()) {
    const float height = ImGui::GetFontSize() + ui.px(11);
    const bool chosen = player && player->running() && player->lesson() == lesson;
    ui.shows(lesson->title.in(ui.language()));
    ImGui::PushID(lesson->name.c_str());
    const bool pressed = ImGui::InvisibleButton("##entry", {width, height});
    ImGui::PopID();
    ui.widgets.note_item("lesson." + lesson->name);
    const bool hovered = ImGui::IsItemHovered();
    const ImVec2 low = ImGui::GetItemRectMin(), high = ImGui::GetItemRectMax();
    if (chosen || hovered) {
      list->AddRectFilled(low, high, ui_color32(ui, Role::accent, hovered ? 0.14f : 0.08f), ui.px(6));
    }
    const float y = std::floor((low.y + high.y - ImGui::GetFontSize()) / 2);
    char digits[16];
    std::snprintf(digits, sizeof digits, "%d", ++number);
    const float wide = ImGui::CalcTextSize(digits).x;
    list->AddText({low.x + ui.px(28) - wide, y}, ui_color32(ui, Role::secondary), digits);
    list->AddText({low.x + ui.px(40), y}, ui_color32(ui, chosen ? Role::accent : Role::text),
                  lesson->title.in(ui.language()).c_str());
    const UiFont caption(ui.fonts.caption);
    const std::string pages = tr(ui.language(), "lesson.pages", {std::to_string(lesson->pages.size())});
    const ImVec2 size = ImGui::CalcTextSize(pages.c_str());
    list->AddText({high.x - size.x - ui.px(12), std::floor((low.y + high.y - size.y) / 2)},
                  ui_color32(ui, Role::secondary), pages.c_str());
    if (pressed) {
      ui.requests.open_lesson = lesson->name;
      ImGui::CloseCurrentPopup();
    }
  }
  ImGui::PopStyleVar();
}

}  // namespace convscope
