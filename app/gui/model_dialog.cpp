#include "app/gui/model_dialog.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "app/gui/folder_listing.h"
#include "app/gui/keys.h"
#include "app/gui/panels.h"
#include "app/gui/widgets.h"
#include "app/io/image.h"
#include "app/session/latest_worker.h"
#include "app/session/model.h"

namespace convscope {

namespace {

/// Where the layer's input comes from.
enum class From : int { seed, sample, file };

bool contains(std::string_view text, std::string_view wanted) {
  return std::search(text.begin(), text.end(), wanted.begin(), wanted.end(), [](char a, char b) {
           return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
         }) != text.end();
}

std::string shape_text(const std::optional<Shape>& shape) { return shape ? shape->to_string("x") : "?"; }

}  // namespace

struct ModelDialog::State {
  State() : reader([](const std::string& file, Job*) { return open_model(file); }) {}

  bool open = false, opening = false;
  std::string path, wanted_layer;
  LatestWorker<std::string, ModelPtr> reader;
  ModelPtr model;
  std::optional<Error> error;  // of the file
  std::string wanted;
  std::vector<int> shown;  // of the model's layers
  int selected = -1;       // of shown
  bool scroll_to_selected = false;
  From from = From::seed;
  std::string picture;  // kept from one model to the next
  bool imagenet = false;
  FileDialog file_dialog;

  const ModelLayer* layer() const {
    return selected < 0 ? nullptr : &model->layers[static_cast<size_t>(shown[static_cast<size_t>(selected)])];
  }
  /// Why the layer cannot be shown, or not with a picture; found again when another one is chosen, because shapes are
  /// followed through the whole graph for it.
  const std::optional<Error>& problem() {
    const bool pictured = from != From::seed;
    if (judged == layer() && judged_pictured == pictured) return found_problem;
    judged = layer();
    judged_pictured = pictured;
    found_problem = layer()->problem;
    if (found_problem || !pictured) return found_problem;
    // Whether it works out does not hang on the picture's size: that comes with the numbers.
    const Result<Shape> shape = layer_input_shape(*model, layer()->name, {1, 3, kOpenSide, kOpenSide});
    if (!shape) found_problem = shape.error();
    return found_problem;
  }
  const ModelLayer* judged = nullptr;
  bool judged_pictured = false;
  std::optional<Error> found_problem;

  void take() {
    std::optional<Result<ModelPtr>> read = reader.take();
    if (!read) return;
    if (!*read) {
      error = read->error();
      return;
    }
    model = **std::move(read);
    if (model->layers.empty()) error = Error{"error.onnx_no_layers", "", {shown_name(name_of_path(path))}};
    filter();
    for (size_t i = 0; i < shown.size(); ++i) {
      if (model->layers[static_cast<size_t>(shown[i])].name == wanted_layer) selected = static_cast<int>(i);
    }
  }

  void filter() {
    shown.clear();
    for (size_t i = 0; i < model->layers.size(); ++i) {
      const ModelLayer& one = model->layers[i];
      if (contains(one.name + " " + one.op, wanted)) shown.push_back(static_cast<int>(i));
    }
    selected = shown.empty() ? -1 : 0;
    scroll_to_selected = true;
  }

  void draw_list(UiContext& ui, float height, bool& entered);
  void draw_input(UiContext& ui);
  void draw_words(UiContext& ui);
};

ModelDialog::ModelDialog() : state_(std::make_unique<State>()) {}
ModelDialog::~ModelDialog() = default;

void ModelDialog::open(UiContext& ui, const std::string& path, const std::string& layer) {
  State& s = *state_;
  s.open = s.opening = true;
  s.path = path;
  s.wanted_layer = layer;
  s.model = nullptr;
  s.judged = nullptr;
  s.shown.clear();
  s.selected = -1;
  s.error.reset();
  s.wanted.clear();
  // A picture that is looked at is the one to be run through.
  const TensorSource& input = ui.session().input;
  if (input.kind == SourceKind::image) {
    s.picture = input.path;
    s.from = From::file;
  } else if (input.kind == SourceKind::sample) {
    s.from = From::sample;
  } else if (input.kind == SourceKind::onnx) {
    s.picture = input.picture;
    s.from = input.picture.empty() ? From::sample : From::file;
    s.imagenet = input.imagenet;
  }
  s.reader.start(path);
}

bool ModelDialog::is_open() const { return state_->open; }
bool ModelDialog::busy() const { return state_->reader.busy(); }
void ModelDialog::wait() { state_->reader.wait(); }
const std::string& ModelDialog::path() const { return state_->path; }

void ModelDialog::State::draw_list(UiContext& ui, float height, bool& entered) {
  if (opening) ImGui::SetKeyboardFocusHere();
  if (ui_text_field(ui, "model.search", wanted, -0.01f, ui.text("model.search"), &entered) && model) filter();
  ui.shows(wanted);
  const int last = static_cast<int>(shown.size()) - 1;
  if (last >= 0 && !file_dialog.is_open()) {
    const int before = selected;
    if (key_pressed(ImGuiKey_DownArrow)) selected = std::min(selected + 1, last);
    if (key_pressed(ImGuiKey_UpArrow)) selected = std::max(selected - 1, 0);
    scroll_to_selected = scroll_to_selected || selected != before;
  }
  ImGui::PushStyleVar(ImGuiStyleVar_CellPadding, ImVec2(ui.px(8), ui.px(4)));
  ImGui::PushStyleColor(ImGuiCol_ChildBg, ui_color(ui, Role::canvas));
  constexpr ImGuiTableFlags kFlags = ImGuiTableFlags_ScrollY | ImGuiTableFlags_BordersOuter;
  if (ImGui::BeginTable("##layers", 4, kFlags, {ImGui::GetContentRegionAvail().x, height})) {
    ImGui::TableSetupScrollFreeze(0, 1);
    ImGui::TableSetupColumn("##name", ImGuiTableColumnFlags_WidthStretch, 1.15f);
    ImGui::TableSetupColumn("##op", ImGuiTableColumnFlags_WidthStretch, 0.8f);
    ImGui::TableSetupColumn("##input", ImGuiTableColumnFlags_WidthStretch, 0.7f);
    ImGui::TableSetupColumn("##output", ImGuiTableColumnFlags_WidthStretch, 0.7f);
    ImGui::TableNextRow(ImGuiTableRowFlags_Headers);
    for (const char* key : {"layers.name", "layers.op", "layers.input", "layers.output"}) {
      ImGui::TableNextColumn();
      ui_words(ui, ui.text(key), Role::secondary);
    }
    const float line = ImGui::GetTextLineHeight(), row_height = line + 2 * ui.px(4);
    if (scroll_to_selected && selected >= 0) {
      const float top = static_cast<float>(selected) * row_height, view = height - row_height - ui.px(8);
      if (top < ImGui::GetScrollY()) ImGui::SetScrollY(top);
      if (top + row_height > ImGui::GetScrollY() + view) ImGui::SetScrollY(top + row_height - view);
      scroll_to_selected = false;
    }
    static std::string widget;
    ImGuiListClipper clipper;
    clipper.Begin(static_cast<int>(shown.size()), row_height);
    while (clipper.Step()) {
      for (int row = clipper.DisplayStart; row < clipper.DisplayEnd; ++row) {
        const ModelLayer& one = model->layers[static_cast<size_t>(shown[static_cast<size_t>(row)])];
        ui.shows(one.name);
        ui.shows(one.op);
        ImGui::TableNextRow();
        ImGui::TableNextColumn();
        ImGui::PushID(row);
        constexpr ImGuiSelectableFlags kRow =
            ImGuiSelectableFlags_SpanAllColumns | ImGuiSelectableFlags_AllowDoubleClick;
        const ImVec2 low = ImGui::GetCursorScreenPos();
        const float column = ImGui::GetContentRegionAvail().x;
        if (ImGui::Selectable("##row", row == selected, kRow, {0, line})) {
          selected = row;
          if (ImGui::IsMouseDoubleClicked(0)) entered = true;
        }
        widget.assign("model.row.").append(one.name);
        // In the first column, whose clipping is in force.
        ui.widgets.note_rect(widget, low.x, low.y, low.x + column, low.y + line);
        const Role role = one.problem ? Role::secondary : Role::text;
        ImGui::GetWindowDrawList()->AddText(low, ui_color32(ui, role, one.problem ? 0.7f : 1), one.name.c_str());
        ImGui::PopID();
        ImGui::TableNextColumn();
        ImGui::PushFont(ui.fonts.mono);
        ImGui::PushStyleColor(ImGuiCol_Text, ui_color(ui, one.problem ? Role::secondary : Role::text));
        ImGui::TextUnformatted(one.op.c_str());
        ImGui::TableNextColumn();
        ImGui::TextUnformatted(shape_text(one.input_shape).c_str());
        ImGui::TableNextColumn();
        ImGui::TextUnformatted(shape_text(one.output_shape).c_str());
        ImGui::PopStyleColor();
        ImGui::PopFont();
      }
    }
    if (shown.empty() && model && !model->layers.empty()) {
      ImGui::TableNextRow();
      ImGui::TableNextColumn();
      ui_words(ui, ui.text("model.nothing"), Role::secondary);
    }
    ImGui::EndTable();
  }
  ImGui::PopStyleColor();
  ImGui::PopStyleVar();
}

/// The seed, or a picture's way through the layers before.
void ModelDialog::State::draw_input(UiContext& ui) {
  const std::array<const char*, 3> labels = {ui.text("model.input_seed"), ui.text("model.input_sample"),
                                             ui.text("model.input_file")};
  constexpr std::array<std::string_view, 3> kKeys = {"seed", "sample", "file"};
  int current = static_cast<int>(from);
  ui_label(ui, "model.input", ui.text("model.input"), nullptr, false, 64);
  const bool changed = ui_segments(ui, "model.input", current, labels, kKeys);
  if (changed && static_cast<From>(current) == From::file) {
    const size_t slash = picture.rfind('/');
    file_dialog.open(FileDialog::Purpose::choose_picture,
                     slash == std::string::npos ? ui.settings.last_folder : picture.substr(0, slash), {});
  } else if (changed) {
    from = static_cast<From>(current);
  }
  if (from == From::seed) return;
  const std::array<const char*, 2> scales = {ui.text("model.imagenet_off"), ui.text("model.imagenet_on")};
  constexpr std::array<std::string_view, 2> kScales = {"plain", "imagenet"};
  int scale = imagenet ? 1 : 0;
  ui_label(ui, "model.values", ui.text("model.values"), ui.text("model.imagenet_help"), false, 64);
  if (ui_segments(ui, "model.values", scale, scales, kScales)) imagenet = scale == 1;
  if (from != From::file) return;
  const std::string name = shown_name(name_of_path(picture));
  ui.shows(name);
  ImGui::SameLine(0, ui.px(16));
  ImGui::AlignTextToFramePadding();
  ui_words(ui, name.c_str(), Role::secondary);
  ui.widgets.note_item("model.picture");
}

/// Below the list: the chosen layer, and what stands in its way.
void ModelDialog::State::draw_words(UiContext& ui) {
  if (error) {
    ui.shows(describe(ui.language(), *error));
    ui_error_line(ui, "model", without_folder(*error, path));
    return;
  }
  if (layer() == nullptr) return;
  if (!layer()->problem) {
    ui_words(ui, layer()->call.c_str(), Role::text, ui.fonts.mono);
    ui.widgets.note_item("model.call");
  }
  if (const std::optional<Error>& wrong = problem()) {
    ui.shows(describe(ui.language(), *wrong));
    ui_error_line(ui, "model", without_folder(*wrong, path));
  } else if (from != From::seed && model->input_shape) {
    const Shape& shape = *model->input_shape;
    const std::string size = std::to_string(shape[2]) + " x " + std::to_string(shape[3]);
    ui_words(ui, model->open_size ? ui.text("model.own_size") : tr(ui.language(), "model.scaled", {size}).c_str(),
             Role::secondary);
  } else if (model->open_size) {
    ui_words(ui, tr(ui.language(), "layers.open_size", {std::to_string(kOpenSide)}).c_str(), Role::secondary);
  }
}

std::optional<Session> ModelDialog::draw(UiContext& ui) {
  State& s = *state_;
  if (!s.open) return std::nullopt;
  s.take();
  constexpr const char* kId = "##model_dialog";
  if (s.opening) ImGui::OpenPopup(kId);
  const ImGuiViewport* viewport = ImGui::GetMainViewport();
  const ImVec2 most(viewport->WorkSize.x - ui.px(32), viewport->WorkSize.y - ui.px(32));
  ImGui::SetNextWindowPos(
      {viewport->WorkPos.x + viewport->WorkSize.x / 2, viewport->WorkPos.y + viewport->WorkSize.y / 2},
      ImGuiCond_Always, {0.5f, 0.5f});
  ImGui::SetNextWindowSize({std::min(ui.px(760), most.x), std::min(ui.px(592), most.y)});
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2(ui.px(16), ui.px(12)));
  constexpr ImGuiWindowFlags kFlags = ImGuiWindowFlags_NoTitleBar | ImGuiWindowFlags_NoResize |
                                      ImGuiWindowFlags_NoMove | ImGuiWindowFlags_NoSavedSettings;
  const bool visible = ImGui::BeginPopupModal(kId, nullptr, kFlags);
  ImGui::PopStyleVar();
  if (!visible) return std::nullopt;

  const std::string title = shown_name(name_of_path(s.path));
  ui.shows(title);
  ui_title(ui, title.c_str());
  ui_gap(ui, 4);
  // Two rows of choices, three lines of words, the buttons.
  const float below = 3 * ImGui::GetFrameHeightWithSpacing() + 3 * ImGui::GetTextLineHeightWithSpacing() + ui.px(16);
  const float search = ImGui::GetFrameHeightWithSpacing();
  bool entered = false;
  s.draw_list(ui, std::max(ui.px(80), ImGui::GetContentRegionAvail().y - below - search), entered);
  s.opening = false;
  ui_gap(ui, 4);
  const float middle = std::max(ui.px(40), ImGui::GetContentRegionAvail().y - ImGui::GetFrameHeight() - ui.px(8));
  ImGui::BeginChild("##choices", {0, middle});
  if (s.model && !s.error) s.draw_input(ui);
  s.draw_words(ui);
  ImGui::EndChild();

  const char* ok_label = ui.text("model.show");
  const char* cancel_label = ui.text("model.cancel");
  const float buttons = ImGui::CalcTextSize(ok_label).x + ImGui::CalcTextSize(cancel_label).x + ui.px(24 + 24 + 8);
  ImGui::SetCursorPosX(ImGui::GetCursorPosX() + std::max(0.0f, ImGui::GetContentRegionAvail().x - buttons));
  bool closed = ui_button(ui, "model.cancel", cancel_label);
  ImGui::SameLine(0, ui.px(8));
  ButtonOptions primary;
  primary.primary = true;
  primary.enabled = s.layer() != nullptr && !s.problem();
  const bool pressed = ui_button(ui, "model.ok", ok_label, primary);
  const ImVec2 low = ImGui::GetWindowPos(), size = ImGui::GetWindowSize();
  ui.widgets.note_rect("model_dialog", low.x, low.y, low.x + size.x, low.y + size.y);

  std::optional<Session> chosen;
  if (s.file_dialog.is_open()) {
    std::string file;
    FileDialog::Purpose purpose{};
    if (s.file_dialog.draw(ui, file, purpose)) {
      s.picture = file;
      s.from = From::file;
    }
  } else {
    closed = closed || key_pressed(ImGuiKey_Escape);
    if (primary.enabled && (pressed || entered || enter_key_pressed())) {
      chosen = s.layer()->session;
      if (s.from != From::seed) {
        const std::string picture = s.from == From::file ? s.picture : std::string();
        chosen->input = TensorSource{SourceKind::onnx, s.layer()->name, s.path, nullptr, picture, s.imagenet};
      }
    }
  }
  if (closed || chosen) {
    s.open = false;
    s.reader.cancel();
    ImGui::CloseCurrentPopup();
  }
  ImGui::EndPopup();
  return chosen;
}

}  // namespace convscope
