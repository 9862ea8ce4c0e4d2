#include "app/gui/main_window.h"

#include <glad/gl.h>
#include <imgui.h>
#include <imgui_impl_opengl3.h>
#include <imgui_internal.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>

#include "app/gui/edits.h"
#include "app/gui/overlays.h"
#include "app/gui/settings_file.h"
#include "app/gui/side_panels.h"
#include "app/gui/theme_style.h"
#include "app/gui/widgets.h"
#include "app/io/npz.h"
#include "app/session/model.h"
#include "app/session/presets.h"
#include "app/session/session_json.h"

namespace convscope {
namespace {

// Logical pixels.
constexpr float kToolbarHeight = 52;
constexpr float kTimelineHeight = 60;
constexpr float kSecondRow = 40;  // of either, where one row has no room for all of it
constexpr float kSplitter = 8;
constexpr float kNarrow = 1100;
/// Below this the columns would leave no room for the picture, and the bars take two rows.
constexpr float kStacked = 640;
/// Labels, a stepper and the button behind it.
constexpr float kSmallestLeft = 288;
constexpr float kSmallestRight = 240;
constexpr float kSmallestPicture = 240;
/// Of what dividers lie between.
constexpr float kSmallestPane = 64;
/// Of the right column.
constexpr float kMostOfOutputSize = 0.62f;
/// So much of the column the whole output size may always have.
constexpr float kFairShare = 0.38f;

constexpr double kNoticeSeconds = 6;
/// Of longer ones: as people read.
constexpr double kNoticeBytesPerSecond = 20;
/// After the last input tooltips still open and hovers settle.
constexpr double kSettleSeconds = 0.8;
constexpr double kAutosaveSeconds = 2;

constexpr ImGuiWindowFlags kBar = ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove |
                                  ImGuiWindowFlags_NoSavedSettings | ImGuiWindowFlags_NoBringToFrontOnFocus;

/// Edges of a pane, to be added up.
using Edges = unsigned;
constexpr Edges kNoEdge = 0, kTop = 1, kBottom = 2, kLeft = 4, kRight = 8;

/// A fixed part of the window with a hairline along the edges where it meets others.
class Pane {
 public:
  Pane(UiContext& ui, const char* name, const Box& box, ImVec2 padding, Edges edges, ImGuiWindowFlags flags = kBar) {
    ImGui::SetNextWindowPos({box.x0, box.y0});
    ImGui::SetNextWindowSize({std::max(1.0f, box.width()), std::max(1.0f, box.height())});
    ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, padding);
    ImGui::PushStyleVar(ImGuiStyleVar_WindowRounding, 0);
    ImGui::PushStyleVar(ImGuiStyleVar_WindowBorderSize, 0);
    ImGui::PushStyleVar(ImGuiStyleVar_WindowMinSize, ImVec2(1, 1));
    ImGui::Begin(name, nullptr, flags);
    ImGui::PopStyleVar(4);
    if (edges == kNoEdge) return;
    ImDrawList* list = ImGui::GetWindowDrawList();
    list->PushClipRectFullScreen();
    const auto line = [&](float x0, float y0, float x1, float y1) {
      list->AddRectFilled({x0, y0}, {x1, y1}, ui_color32(ui, Role::border));
    };
    if (edges & kTop) line(box.x0, box.y0, box.x1, box.y0 + 1);
    if (edges & kBottom) line(box.x0, box.y1 - 1, box.x1, box.y1);
    if (edges & kLeft) line(box.x0, box.y0, box.x0 + 1, box.y1);
    if (edges & kRight) line(box.x1 - 1, box.y0, box.x1, box.y1);
    list->PopClipRect();
  }
  ~Pane() { ImGui::End(); }
  Pane(const Pane&) = delete;
  Pane& operator=(const Pane&) = delete;
};

/// Tabs only where there is no room for them beside the tabs.
constexpr std::array kFirstTabs = {
    SidePanel{"parameters", "tab.parameters", draw_parameters_panel},
    SidePanel{"output_size", "tab.output_size", draw_output_size_panel},
};
static_assert(kFirstTabs.size() <= kMostFirstTabs);

constexpr ImGuiWindowFlags kColumn = kBar & ~ImGuiWindowFlags_NoScrollbar;

/// A strip between two panes, and what became of it in this frame.
struct Splitter {
  float moved = 0;  // logical pixels
  bool reset = false;
};

/// A strip that is dragged sideways, or up and down where it lies; a double click asks for what suits.
Splitter splitter(UiContext& ui, const char* name, const Box& box) {
  // Windows that may come to the front start there, above the panes that it lies between.
  const ImGuiWindowFlags flags = (kBar & ~ImGuiWindowFlags_NoBringToFrontOnFocus) | ImGuiWindowFlags_NoBackground |
                                 ImGuiWindowFlags_NoFocusOnAppearing;
  const Pane pane(ui, name, box, {0, 0}, kNoEdge, flags);
  ImGui::InvisibleButton("##splitter", {box.width(), box.height()});
  ui.widgets.note_item(name);
  const bool held = ImGui::IsItemActive(), lies = box.width() > box.height();
  if (held || ImGui::IsItemHovered()) {
    ImGui::SetMouseCursor(lies ? ImGuiMouseCursor_ResizeNS : ImGuiMouseCursor_ResizeEW);
    const float x = std::floor((box.x0 + box.x1) / 2), y = std::floor((box.y0 + box.y1) / 2), half = ui.px(1);
    const ImVec2 low = lies ? ImVec2(box.x0, y - half) : ImVec2(x - half, box.y0);
    const ImVec2 high = lies ? ImVec2(box.x1, y + half) : ImVec2(x + half, box.y1);
    ImGui::GetWindowDrawList()->AddRectFilled(low, high, ui_color32(ui, Role::accent));
  }
  Splitter result;
  if (held) result.moved = (lies ? ImGui::GetIO().MouseDelta.y : ImGui::GetIO().MouseDelta.x) / ui.scale;
  result.reset = ImGui::IsItemHovered() && ImGui::IsMouseDoubleClicked(ImGuiMouseButton_Left);
  return result;
}

/// Type at double size in front of people, less where the window would have no room for the picture.
float presenter_scale(const FrameInfo& frame) {
  constexpr float kLeastWidth = 840, kLeastHeight = 500;  // logical pixels
  const float logical_width = static_cast<float>(frame.width) / frame.scale;
  const float logical_height = static_cast<float>(frame.height) / frame.scale;
  return std::clamp(std::min(logical_width / kLeastWidth, logical_height / kLeastHeight), 1.0f, 2.0f);
}

/// Whether a file of arrays is asked about before it is opened.
bool asks_which_array(const std::string& path, const Session& session, const LastGood& last) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(array_path(path).file, ignored)) return false;
  if (is_npz_path(path) && array_path(path).array.empty()) return true;
  return ArrayDialog::asks_about(session, path, last);
}

/// Over the edge between two panes that lie one above the other.
Splitter lying_splitter(UiContext& ui, const char* name, const Box& pane, float y) {
  const float half = ui.px(kSplitter) / 2;
  return splitter(ui, name, {pane.x0, y - half, pane.x1, y + half});
}

}  // namespace

MainWindow::MainWindow(const FontStack& fonts, Settings settings, std::string state_folder)
    : font_stack_(fonts), atlas_(fonts), settings_(std::move(settings)), state_folder_(std::move(state_folder)) {}

Result<std::unique_ptr<MainWindow>> MainWindow::create(const FontStack& fonts, Session session, Settings settings,
                                                       std::string state_folder) {
  std::unique_ptr<MainWindow> window(new MainWindow(fonts, std::move(settings), std::move(state_folder)));
  Result<std::unique_ptr<GlCanvas>> canvas = GlCanvas::create(fonts);
  if (!canvas) return canvas.error();
  window->canvas_ = std::move(*canvas);
  window->preview_ = std::make_unique<GlPreview>(*window->canvas_);
  window->imgui_ = ImGui::CreateContext();
  ImGui::SetCurrentContext(window->imgui_);
  ImGuiIO& io = ImGui::GetIO();
  io.IniFilename = nullptr;
  io.LogFilename = nullptr;
  io.ConfigDragClickToInputText = true;
  io.ConfigWindowsMoveFromTitleBarOnly = true;
  if (!ImGui_ImplOpenGL3_Init("#version 330 core")) return Error{"error.no_opengl", {}, {"Dear ImGui"}};
  window->renderer_ready_ = true;
  window->saved_session_ = session;
  window->saved_settings_ = window->settings_;
  window->shown_step_ = session.step;
  window->workbench_ = std::make_unique<Workbench>(std::move(session));
  window->playback_.go_to(window->workbench_->session().step - 1, window->workbench_->step_count());
  return window;
}

MainWindow::~MainWindow() {
  if (!imgui_) return;
  ImGui::SetCurrentContext(imgui_);
  if (renderer_ready_) ImGui_ImplOpenGL3_Shutdown();
  ImGui::DestroyContext(imgui_);
}

void MainWindow::press(const KeyPress& press) {
  presses_.push_back(press);
  last_input_ = frame_.time_seconds;
}

void MainWindow::drop(const std::string& path) { requests_.open_paths.push_back(path); }

void MainWindow::tell(std::string text, bool is_error) {
  const double seconds = std::max(kNoticeSeconds, static_cast<double>(text.size()) / kNoticeBytesPerSecond);
  notice_ = {std::move(text), is_error, frame_.time_seconds + seconds};
}

void MainWindow::begin_frame(const FrameInfo& frame) {
  frame_ = frame;
  if (presenter_.on) frame_.scale *= presenter_scale(frame);
  ImGui::SetCurrentContext(imgui_);
  const Session& session = workbench_->session();
  if (styled_theme_ != session.theme || styled_scale_ != frame_.scale) {
    apply_style(theme(session.theme), frame_.scale);
    styled_theme_ = session.theme;
    styled_scale_ = frame_.scale;
  }
  if (atlas_.stale(frame_.scale, session.language)) {
    atlas_.build(frame_.scale, session.language);
    kept_.forget();
    ImGui_ImplOpenGL3_DestroyFontsTexture();
    // Without device objects yet, NewFrame makes the texture along with them.
    if (frame.time_seconds > 0) ImGui_ImplOpenGL3_CreateFontsTexture();
  }
  ImGui_ImplOpenGL3_NewFrame();
}

UiContext MainWindow::context() {
  UiContext ui{*workbench_, playback_, picture_.view(), picture_.hovered(), settings_,
               requests_,   widgets_,  notice_,         font_stack_,        atlas_.fonts()};
  ui.scale = frame_.scale;
  ui.time_seconds = frame_.time_seconds;
  ui.delta_seconds = frame_.delta_seconds;
  ui.preview = preview_.get();
  ui.glyphs = &atlas_;
  ui.review = &review_;
  ui.lesson = &lesson_;
  ui.presenting = presenter_.on;
  return ui;
}

void MainWindow::draw() {
  widgets_.begin_frame();
  workbench_->update();
  review_.update(workbench_->computation());
  const ImGuiIO& io = ImGui::GetIO();
  if (io.MouseDelta.x != 0 || io.MouseDelta.y != 0 || io.MouseWheel != 0 || ImGui::IsAnyMouseDown() ||
      io.WantTextInput) {
    last_input_ = frame_.time_seconds;
  }
  // Keys go to a text field or to the window, never to both; a dialog keeps them from the picture.
  const bool dialog = file_dialog_.is_open() || export_dialog_.is_open() || array_dialog_.is_open() ||
                      model_dialog_.is_open() || palette_.is_open() ||
                      ImGui::IsPopupOpen(nullptr, ImGuiPopupFlags_AnyPopup);
  for (const KeyPress& key_press : presses_) {
    // Menus close by Escape; dialogs see to theirs.
    if (key_press.key == kKeyEscape && ImGui::GetTopMostPopupModal() == nullptr &&
        ImGui::IsPopupOpen(nullptr, ImGuiPopupFlags_AnyPopup)) {
      ImGui::ClosePopupToLevel(0, true);
      continue;
    }
    const std::optional<Command> command = command_of(key_press, io.WantTextInput || dialog);
    if (command) run(*command);
  }
  presses_.clear();

  follow_step();
  const Session& session = workbench_->session();
  playback_.advance(static_cast<double>(frame_.delta_seconds), session.steps_per_second, session.loop,
                    workbench_->step_count());

  UiContext ui = context();
  const float width = static_cast<float>(frame_.width);
  const float height = static_cast<float>(frame_.height);
  const bool stacked = width / ui.scale < kStacked;
  const float second_row = stacked ? ui.px(kSecondRow) : 0;
  const float top = std::floor(ui.px(kToolbarHeight) + second_row);
  const float bottom = std::floor(height - ui.px(kTimelineHeight) - second_row);
  if (presenter_.on) {
    draw_picture(ui, {0, 0, width, bottom});
  } else if (stacked) {
    draw_stack(ui, top, bottom);
  } else {
    draw_columns(ui, top, bottom);
  }
  if (!presenter_.on) {
    const float inset = std::floor((ui.px(kToolbarHeight) - ImGui::GetFrameHeight()) / 2);
    const Pane pane(ui, "##toolbar", {0, 0, width, top}, {ui.px(12), inset}, kBottom);
    draw_toolbar(ui, stacked);
  }
  {
    const float inset = std::floor((ui.px(kTimelineHeight) - ImGui::GetFrameHeight()) / 2);
    const Pane pane(ui, "##timeline", {0, bottom, width, height}, {ui.px(12), inset}, kTop);
    draw_timeline(ui, stacked);
    if (presenter_.on) draw_presenter(ui);
  }
  draw_dialogs(ui);
  serve_requests(ui);
  follow_step();
  autosave();
}

void MainWindow::follow_step() {
  // Whoever changed it since the last look wins: the session (undo, preset, typed step) or the player.
  const int64_t count = workbench_->step_count();
  const int64_t wanted = workbench_->session().step;
  if (wanted != shown_step_) {
    playback_.go_to(wanted - 1, count);
  }
  const int64_t played = std::clamp<int64_t>(playback_.moment().step, 0, count - 1) + 1;
  // While numbers are on their way the old ones still count the steps: the session's own step waits for them.
  if (played != workbench_->session().step && !workbench_->busy() && !workbench_->shows_last_good()) {
    workbench_->apply_view([played](Session& session) { session.step = played; });
  }
  shown_step_ = workbench_->session().step;
}

void MainWindow::draw_picture(UiContext& ui, const Box& box) {
  float above = lesson_.draw(ui, box);
  above += draw_pair_bar(ui, {box.x0, box.y0 + above, box.x1, box.y1});
  picture_.draw(ui, {box.x0, box.y0 + above, box.x1, box.y1});
  lesson_.place_camera(ui);
}

void MainWindow::draw_columns(UiContext& ui, float top, float bottom) {
  const float logical_width = static_cast<float>(frame_.width) / ui.scale;
  const bool narrow = logical_width < kNarrow;
  const float window_width = static_cast<float>(frame_.width);
  const bool left = settings_.left_open;
  const bool right = settings_.right_open && !narrow;
  const float room = logical_width - kSmallestPicture;
  float left_width = left ? std::clamp(settings_.left_width, kSmallestLeft, std::max(kSmallestLeft, room)) : 0;
  const float right_room = room - left_width;
  float right_width =
      right ? std::clamp(settings_.right_width, kSmallestRight, std::max(kSmallestRight, right_room)) : 0;
  left_width = std::floor(ui.px(left_width));
  right_width = std::floor(ui.px(right_width));

  const Box picture{left_width, top, window_width - right_width, bottom};
  draw_picture(ui, picture);
  if (left) draw_left(ui, {0, top, left_width, bottom}, narrow);
  if (right) draw_right(ui, {picture.x1, top, window_width, bottom});
  const float half = ui.px(kSplitter) / 2;
  if (left) {
    const Splitter strip = splitter(ui, "splitter.left", {left_width - half, top, left_width + half, bottom});
    settings_.left_width = std::clamp(settings_.left_width + strip.moved, kSmallestLeft, 560.0f);
    if (strip.reset) settings_.left_width = Settings().left_width;
  }
  if (right) {
    const Splitter strip = splitter(ui, "splitter.right", {picture.x1 - half, top, picture.x1 + half, bottom});
    settings_.right_width = std::clamp(settings_.right_width - strip.moved, kSmallestRight, 640.0f);
    if (strip.reset) settings_.right_width = Settings().right_width;
  }
}

void MainWindow::draw_stack(UiContext& ui, float top, float bottom) {
  Box picture{0, top, static_cast<float>(frame_.width), bottom};
  const float full = bottom - top;
  if (settings_.left_open) picture.y1 = std::floor(top + full * settings_.picture_share);
  draw_picture(ui, picture);
  if (!settings_.left_open) return;
  draw_side(ui, {picture.x0, picture.y1, picture.x1, bottom}, kFirstTabs, kNoEdge);
  const Splitter strip = lying_splitter(ui, "splitter.picture", picture, picture.y1);
  settings_.picture_share = std::clamp(settings_.picture_share + ui.px(strip.moved) / full, 0.1f, 0.9f);
  if (strip.reset) settings_.picture_share = Settings().picture_share;
}

void MainWindow::draw_left(UiContext& ui, const Box& box, bool with_right) {
  Box upper = box;
  const float full = box.y1 - box.y0;
  if (with_right && settings_.right_open) upper.y1 = std::floor(box.y0 + full * settings_.parameters_share);
  {
    const Pane pane(ui, "##left", upper, {ui.px(16), ui.px(8)}, kRight, kColumn);
    draw_parameters_panel(ui);
    ui_gap(ui, 8);
  }
  if (upper.y1 == box.y1) return;
  draw_side(ui, {box.x0, upper.y1, box.x1, box.y1}, std::span(kFirstTabs).last(1), kRight);
  const Splitter strip = lying_splitter(ui, "splitter.parameters", box, upper.y1);
  settings_.parameters_share = std::clamp(settings_.parameters_share + ui.px(strip.moved) / full, 0.1f, 0.9f);
  if (strip.reset) settings_.parameters_share = Settings().parameters_share;
}

void MainWindow::draw_right(UiContext& ui, const Box& box) {
  const float column = box.y1 - box.y0;
  const float tabs = side_tabs_height(ui, {}, box.x1 - box.x0 - ui.px(32)) + ui.px(16);
  const float room = column - tabs;
  // What the output size says in the fewest lines, and all of it.
  const float least = output_size_height_, whole = least + output_table_height_;
  bool with_table = true;
  float height = whole > 0 ? whole : column * kMostOfOutputSize;
  if (settings_.output_size_height > 0) {
    // Where the user wants it.
    const float smallest = ui.px(kSmallestPane);
    height = std::clamp(ui.px(settings_.output_size_height), smallest, std::max(smallest, room - smallest));
    with_table = height >= whole - output_table_height_ / 2;
  } else if (whole > column * kFairShare && whole + side_height_ > room) {
    // The chosen tab needs the room more than the table, whose numbers stand in the formula as well.
    with_table = false;
    height = std::min(least, column * kMostOfOutputSize);
  }
  Box upper = box;
  upper.y1 = std::floor(box.y0 + height);
  {
    const Pane pane(ui, "##right", upper, {ui.px(16), ui.px(8)}, kLeft, kColumn);
    output_table_height_ = draw_output_size_panel(ui, with_table);
    output_size_height_ = std::ceil(ImGui::GetCursorPosY() + ui.px(4)) - (with_table ? output_table_height_ : 0);
  }
  draw_side(ui, {box.x0, upper.y1, box.x1, box.y1}, {}, kLeft);
  const Splitter strip = lying_splitter(ui, "splitter.output_size", box, upper.y1);
  if (strip.moved != 0) settings_.output_size_height = std::max(kSmallestPane, height / ui.scale + strip.moved);
  if (strip.reset) settings_.output_size_height = 0;
}

void MainWindow::draw_side(UiContext& ui, const Box& box, std::span<const SidePanel> first, unsigned edge) {
  const float bar = side_tabs_height(ui, first, box.x1 - box.x0 - ui.px(32)) + ui.px(16);
  {
    const Pane pane(ui, "##tabs", {box.x0, box.y0, box.x1, box.y0 + bar}, {ui.px(16), ui.px(8)}, kTop | edge);
    draw_side_tabs(ui, first);
  }
  const Pane pane(ui, "##side", {box.x0, box.y0 + bar, box.x1, box.y1}, {ui.px(16), ui.px(4)}, edge, kColumn);
  draw_side_panel(ui, first);
  ui_gap(ui, 8);
  side_height_ = ImGui::GetCursorPosY();
}

void MainWindow::draw_dialogs(UiContext& ui) {
  std::string path;
  FileDialog::Purpose purpose{};
  if (file_dialog_.draw(ui, path, purpose)) {
    const std::filesystem::path chosen(path);
    settings_.last_folder = chosen.parent_path().string();
    switch (purpose) {
      case FileDialog::Purpose::open_any:
        open(path);
        break;
      case FileDialog::Purpose::save_project:
        save_project(ui, path);
        break;
      case FileDialog::Purpose::choose_input:
      case FileDialog::Purpose::choose_weight:
      case FileDialog::Purpose::choose_bias:
      case FileDialog::Purpose::choose_grad_output:
      case FileDialog::Purpose::choose_target:
        use_chosen_file(ui, purpose, path);
        break;
      case FileDialog::Purpose::choose_output:
        review_.open(path);
        break;
      case FileDialog::Purpose::choose_picture:
      case FileDialog::Purpose::choose_export_target:
        break;  // those dialogs ask through ones of their own
    }
  }
  export_dialog_.draw(ui);
  if (std::optional<ArrayDialog::Choice> choice = array_dialog_.draw(ui)) take_array(ui, *std::move(choice));
  if (std::optional<Session> layer = model_dialog_.draw(ui)) take_layer(ui, *std::move(layer));
  if (const std::optional<PaletteChoice> choice = palette_.draw(ui)) choose(ui, *choice);
  if (shortcuts_open_) draw_shortcuts(ui, shortcuts_open_);
}

void MainWindow::serve_requests(UiContext& ui) {
  UiRequests wishes;
  std::swap(wishes, requests_);
  using Purpose = FileDialog::Purpose;
  if (wishes.open_file_dialog) file_dialog_.open(Purpose::open_any, settings_.last_folder, {});
  if (wishes.choose_input) file_dialog_.open(Purpose::choose_input, settings_.last_folder, {});
  if (wishes.choose_weight) file_dialog_.open(Purpose::choose_weight, settings_.last_folder, {});
  if (wishes.choose_bias) file_dialog_.open(Purpose::choose_bias, settings_.last_folder, {});
  if (wishes.choose_grad_output) file_dialog_.open(Purpose::choose_grad_output, settings_.last_folder, {});
  if (wishes.choose_target) file_dialog_.open(Purpose::choose_target, settings_.last_folder, {});
  if (wishes.choose_output) file_dialog_.open(Purpose::choose_output, settings_.last_folder, {});
  if (wishes.save_project && !settings_.project_path.empty()) {
    save_project(ui, settings_.project_path);
  } else if (wishes.save_project || wishes.save_project_as) {
    const std::string& title = workbench_->session().title;
    file_dialog_.open(Purpose::save_project, settings_.last_folder,
                      (title.empty() ? "session" : title) + kProjectEnding);
  }
  if (wishes.open_export) export_dialog_.open(ui);
  if (wishes.share) copy_session();
  if (wishes.paste) paste();
  if (wishes.show_shortcuts) shortcuts_open_ = !shortcuts_open_;
  if (wishes.leave_lesson) leave_lesson(ui);
  if (!wishes.open_lesson.empty()) open_lesson(wishes.open_lesson);
  if (wishes.quit) quit_ = true;
  for (const std::string& path : wishes.open_paths) open(path);
  if (!wishes.open_beside.empty()) open_beside(wishes.open_beside);
}

void MainWindow::open_beside(const std::string& name) {
  const Language language = workbench_->session().language;
  Result<Session> opened = open_session(name);
  if (!opened) {
    tell(describe(language, opened.error()), true);
    return;
  }
  if (opened->title.empty() || find_preset(name) != nullptr) opened->title = title_of(name);
  workbench_->apply(edit_compare_with(*opened));
  playback_.pause();
  picture_.fit();
}

void MainWindow::open_lesson(const std::string& name, size_t page) {
  UiContext ui = context();
  Result<LessonPtr> lesson = convscope::open_lesson(name, ui.language());
  if (!lesson) {
    tell(describe(ui.language(), lesson.error()), true);
    return;
  }
  // A save must not write a lesson's session over the user's project.
  if (!lesson_.player().running()) path_before_lesson_ = std::exchange(settings_.project_path, {});
  lesson_.start(ui, std::move(*lesson), page);
}

void MainWindow::leave_lesson(UiContext& ui) {
  if (!lesson_.player().running()) return;
  lesson_.leave(ui);
  settings_.project_path = path_before_lesson_;
}

void MainWindow::open(const std::string& name) {
  if (is_session_text(name)) return open_text(name);
  if (find_preset(name) == nullptr && (is_lesson_file(name) || find_lesson(name))) return open_lesson(name);
  const Session& now = workbench_->session();
  const bool is_file = find_preset(name) == nullptr;
  if (is_file && is_array_path(name) && asks_which_array(name, now, LastGood(workbench_->computation()))) {
    return array_dialog_.open(name);
  }
  if (is_file && is_model_path(name)) {
    UiContext ui = context();
    const LayerPath layer = layer_path(name);
    return model_dialog_.open(ui, layer.file, layer.layer);
  }
  const std::filesystem::path path(name);
  std::optional<Session> carried;
  if (find_preset(name) == nullptr) carried = carried_session(name);
  const bool exported = carried.has_value();
  const bool tensor = !exported && is_tensor_name(name);
  const bool chain = !exported && !tensor && find_preset(name) == nullptr && is_chain_file(name);
  Result<Session> opened = exported ? Result<Session>(std::move(*carried))
                           : tensor ? session_with_input_following(now, name, LastGood(workbench_->computation()))
                           : chain  ? session_with_chain_file(now, name)
                                    : open_session(name);
  if (!opened) {
    tell(describe(now.language, opened.error()), true);
    return;
  }
  // Another document: undo leads from there to the one before the lesson.
  UiContext ui = context();
  leave_lesson(ui);
  // Words and colours are the user's, not the file's.
  opened->language = now.language;
  opened->theme = now.theme;
  if (tensor) {
    opened->title = title_of(name);
    opened->step = 1;
  }
  const bool is_project = is_project_file(name);
  if (find_preset(name) != nullptr) opened->title = name;
  if ((is_project || exported) && opened->title.empty()) opened->title = path.stem().string();
  const std::string title = opened->title;
  const DType dtype = opened->params.dtype;
  workbench_->replace(std::move(*opened), chain ? "edit.open_chain" : "edit.open");
  playback_.pause();
  picture_.fit();
  if (is_project) {
    settings_.project_path = std::filesystem::absolute(path).string();
    workbench_->mark_saved();
  } else {
    settings_.project_path.clear();
  }
  if (tensor || chain || is_project || exported) {
    note_recent(name);
    // What is open but cannot be computed is explained over the picture: no green line beside that.
    if (!workbench_->shows_last_good()) {
      const std::string converted = tensor ? conversion_words(now.language, name, dtype) : std::string();
      tell(converted.empty() ? tr(now.language, "notice.opened", {path.filename().string()}) : converted);
    }
  }
}

void MainWindow::note_recent(const std::string& path) {
  auto& recent = settings_.recent_files;
  const std::string full = std::filesystem::absolute(path).string();
  recent.erase(std::remove(recent.begin(), recent.end(), full), recent.end());
  recent.insert(recent.begin(), full);
  if (recent.size() > 12) recent.resize(12);
  atlas_.want(path);
}

void MainWindow::take_array(UiContext& ui, ArrayDialog::Choice choice) {
  constexpr std::array kNames = {"edit.input_source", "edit.weight_source", "edit.bias_source"};
  const DType dtype = choice.session.params.dtype;
  if (choice.role == ArrayRole::input) choice.session.title = title_of(choice.path);
  choice.session.step = 1;
  workbench_->replace(std::move(choice.session), kNames[static_cast<size_t>(choice.role)]);
  playback_.pause();
  picture_.fit();
  note_recent(array_path(choice.path).file);
  if (workbench_->shows_last_good()) return;
  const std::string converted = conversion_words(ui.language(), choice.path, dtype);
  const std::string name = std::filesystem::path(choice.path).filename().string();
  tell(converted.empty() ? tr(ui.language(), "notice.opened", {name}) : converted);
}

void MainWindow::take_layer(UiContext& ui, Session session) {
  const Session& now = workbench_->session();
  session.language = now.language;
  session.theme = now.theme;
  session.seed = now.seed;
  session.steps_per_second = now.steps_per_second;
  session.loop = now.loop;
  session.lens = fitting_lens(*shown_family(session.operation), now.lens, shown_dims(session.operation));
  leave_lesson(ui);
  workbench_->replace(std::move(session), "edit.model_layer");
  playback_.pause();
  picture_.fit();
  settings_.project_path.clear();
  note_recent(model_dialog_.path());
}

void MainWindow::save_project(UiContext& ui, const std::string& path) {
  const Result<void> saved = save_session(path, workbench_->session());
  if (!saved) {
    tell(describe(ui.language(), saved.error()), true);
    return;
  }
  settings_.project_path = path;
  workbench_->mark_saved();
  tell(tr(ui.language(), "notice.saved", {std::filesystem::path(path).filename().string()}));
}

void MainWindow::run(Command command) {
  const int64_t count = workbench_->step_count();
  const ComputationPtr computation = workbench_->computation();
  const int64_t row = computation ? steps_in_row(computation->plan, workbench_->session().lens) : 1;
  UiContext ui = context();
  const auto set_lens = [&](size_t index) {
    // The first, second, ... of those that the toolbar shows.
    std::vector<Lens> lenses = all_lenses();
    const std::optional<OperationFamily> family = shown_family(workbench_->session().operation);
    const int dims = shown_dims(workbench_->session().operation);
    if (family) std::erase_if(lenses, [&](Lens lens) { return !lens_shows(lens, *family, dims); });
    if (index < lenses.size()) {
      workbench_->apply_view([&](Session& session) { session.lens = lenses[index]; });
    }
  };
  switch (command) {
    case Command::play_pause:
      playback_.toggle(count);
      break;
    case Command::step_forward:
      playback_.forward(count, !settings_.reduced_motion);
      break;
    case Command::step_back:
      playback_.back(count);
      break;
    case Command::first_step:
      playback_.first(count);
      break;
    case Command::last_step:
      playback_.last(count);
      break;
    case Command::next_row:
      playback_.go_to(playback_.moment().step + row, count);
      break;
    case Command::previous_row:
      playback_.go_to(playback_.moment().step - row, count);
      break;
    case Command::undo:
      if (workbench_->can_undo()) workbench_->undo();
      break;
    case Command::redo:
      if (workbench_->can_redo()) workbench_->redo();
      break;
    case Command::open:
      requests_.open_file_dialog = true;
      break;
    case Command::save:
      requests_.save_project = true;
      break;
    case Command::save_as:
      requests_.save_project_as = true;
      break;
    case Command::export_file:
      requests_.open_export = true;
      break;
    case Command::zoom_in:
      picture_.zoom(ui, 1.25);
      break;
    case Command::zoom_out:
      picture_.zoom(ui, 1 / 1.25);
      break;
    case Command::zoom_fit:
      picture_.fit();
      break;
    case Command::lens_1:
    case Command::lens_2:
    case Command::lens_3:
    case Command::lens_4:
    case Command::lens_5:
    case Command::lens_6:
    case Command::lens_7:
    case Command::lens_8:
    case Command::lens_9:
      set_lens(static_cast<size_t>(command) - static_cast<size_t>(Command::lens_1));
      break;
    case Command::lesson_next:
      if (!lesson_.player().running()) {
        playback_.forward(count, !settings_.reduced_motion);
      } else if (lesson_.player().page_index() + 1 < lesson_.player().page_count()) {
        lesson_.turn(ui, 1);
      } else {
        leave_lesson(ui);
      }
      break;
    case Command::lesson_back:
      if (lesson_.player().running()) {
        lesson_.turn(ui, -1);
      } else {
        playback_.back(count);
      }
      break;
    case Command::language:
      next_language(ui);
      break;
    case Command::theme:
      next_theme(ui);
      break;
    case Command::shortcuts:
      shortcuts_open_ = !shortcuts_open_;
      break;
    case Command::palette:
      if (palette_.is_open()) {
        palette_.close();
      } else {
        palette_.open(ui);
      }
      break;
    case Command::share:
      requests_.share = true;
      break;
    case Command::paste:
      requests_.paste = true;
      break;
    case Command::compare:
      workbench_->apply(edit_compare_with_copy());
      break;
    case Command::compare_lenses:
      workbench_->apply(edit_compare_lenses());
      break;
    case Command::other_side:
      workbench_->switch_sides();
      break;
    case Command::swap_sides:
      if (workbench_->session().beside) workbench_->apply(edit_swap_sides());
      break;
    case Command::close_comparison:
      workbench_->apply(edit_close_comparison());
      break;
    case Command::faster:
    case Command::slower: {
      constexpr double kSlowest = 0.25, kFastest = 16384;
      const double factor = command == Command::faster ? 2 : 0.5;
      const double speed = std::clamp(workbench_->session().steps_per_second * factor, kSlowest, kFastest);
      workbench_->apply_view([speed](Session& session) { session.steps_per_second = speed; });
      break;
    }
    case Command::loop:
      workbench_->apply_view([](Session& session) { session.loop = !session.loop; });
      break;
    case Command::larger_interface:
      settings_.ui_scale = std::min(settings_.ui_scale + 0.25f, 3.0f);
      break;
    case Command::smaller_interface:
      settings_.ui_scale = std::max(settings_.ui_scale - 0.25f, 0.75f);
      break;
    case Command::reduced_motion:
      settings_.reduced_motion = !settings_.reduced_motion;
      break;
    case Command::fold_left:
      settings_.left_open = !settings_.left_open;
      break;
    case Command::fold_right:
      settings_.right_open = !settings_.right_open;
      break;
    case Command::fullscreen:
      fullscreen_toggled_ = !fullscreen_toggled_;
      fills_screen_ = !fills_screen_;
      break;
    case Command::presenter:
      set_presenting(!presenter_.on);
      break;
    case Command::blank:
      if (presenter_.on) presenter_.blank = !presenter_.blank;
      break;
    case Command::quit:
      quit_ = true;
      break;
    case Command::escape:
      // One thing at a time, the uppermost first.
      if (shortcuts_open_) {
        shortcuts_open_ = false;
      } else if (presenter_.on) {
        set_presenting(false);
      } else {
        picture_.unpin();
      }
      break;
  }
}

void MainWindow::render() {
  const Box& box = picture_.box();
  const PixelBox place{static_cast<int>(box.x0), static_cast<int>(box.y0), static_cast<int>(box.x1),
                       static_cast<int>(box.y1)};
  kept_.draw(*canvas_, {picture_.scene(), theme(workbench_->session().theme), font_stack_, place, frame_.scale},
             *ImGui::GetDrawData(), frame_.width, frame_.height);
}

bool MainWindow::moves() const {
  return playback_.playing() || playback_.moment().phase < 1 || busy() || !presses_.empty() ||
         !requests_.open_paths.empty() || frame_.time_seconds - last_input_ < kSettleSeconds ||
         atlas_.stale(frame_.scale, workbench_->session().language) || styled_theme_ != workbench_->session().theme;
}

double MainWindow::sleeps_at_most() const {
  constexpr double kForGood = 60;
  double seconds = kForGood;
  const double left = notice_.until_seconds - frame_.time_seconds;
  if (!notice_.text.empty() && left > 0) seconds = left + 0.01;
  if (export_dialog_.is_open()) seconds = std::min(seconds, 0.1);  // its estimate comes when it is ready
  const bool unsaved = !state_folder_.empty() && !(saved_session_ == workbench_->session());
  return unsaved ? std::min(seconds, kAutosaveSeconds) : seconds;
}

bool MainWindow::busy() const {
  return workbench_->busy() || workbench_->cross_checker().busy() || review_.busy() || export_dialog_.busy() ||
         array_dialog_.busy() || model_dialog_.busy();
}

void MainWindow::wait() {
  workbench_->wait();
  workbench_->update();
  review_.wait(workbench_->computation());
  export_dialog_.wait();
  array_dialog_.wait();
  model_dialog_.wait();
}

bool MainWindow::take_fullscreen_toggle() { return std::exchange(fullscreen_toggled_, false); }

std::string MainWindow::title() const {
  const Session& session = workbench_->session();
  std::string text = workbench_->modified() ? "\u2022 " : "";
  const Preset* preset = find_preset(session.title);
  if (preset) {
    text += tr(session.language, preset->title_key);
  } else {
    text += session.title;
  }
  if (!session.title.empty()) text += " \u2014 ";
  return text + "ConvScope";
}

void MainWindow::save_state() {
  // A start without them is no misfortune: errors are not worth a dialog on the way out.
  Settings kept = settings_;
  if (lesson_.player().running()) kept.project_path = path_before_lesson_;
  (void)save_settings(state_folder_, kept);
  // Of a lesson that is still open, the session that it would give back.
  const LessonPlayer& player = lesson_.player();
  (void)save_last_session(state_folder_, player.running() ? player.before() : workbench_->session());
  saved_session_ = workbench_->session();
}

void MainWindow::autosave() {
  if (state_folder_.empty() || frame_.time_seconds < next_autosave_ || playback_.playing() || ImGui::IsAnyMouseDown()) {
    return;
  }
  next_autosave_ = frame_.time_seconds + kAutosaveSeconds;
  if (!(saved_session_ == workbench_->session())) save_state();
}

}  // namespace convscope
