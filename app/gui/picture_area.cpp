#include "app/gui/picture_area.h"

#include <imgui_internal.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "app/gui/edits.h"
#include "app/gui/gradient_pointing.h"
#include "app/gui/operation_pointing.h"
#include "app/gui/picture_options.h"
#include "app/gui/widgets.h"
#include "app/scene/operation_scene.h"
#include "app/scene/per_half.h"
#include "app/scene/receptive_field_lens.h"
#include "engine/padding.h"
#include "engine/toeplitz.h"
#include "engine/volume_trace.h"

namespace convscope {
namespace {

constexpr double kWheelFactor = 1.2;
constexpr double kProgressDelay = 0.2;

/// A card over the picture: a child window, so that the picture does not feel the mouse through it.
class Card {
 public:
  Card(UiContext& ui, const char* id, float x, float y, float width, float height, Role frame = Role::border) {
    ImGui::SetCursorScreenPos({std::floor(x), std::floor(y)});
    ImGui::PushStyleColor(ImGuiCol_ChildBg, ui_color(ui, Role::panel));
    ImGui::PushStyleColor(ImGuiCol_Border, ui_color(ui, frame));
    ImGui::PushStyleVar(ImGuiStyleVar_ChildRounding, ui.px(8));
    ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2(ui.px(4), ui.px(4)));
    ImGui::BeginChild(id, {width, height}, true, ImGuiWindowFlags_NoScrollbar | ImGuiWindowFlags_NoScrollWithMouse);
  }
  ~Card() {
    ImGui::EndChild();
    ImGui::PopStyleVar(2);
    ImGui::PopStyleColor(2);
  }
  Card(const Card&) = delete;
  Card& operator=(const Card&) = delete;
};

int64_t flat_index(const Shape& shape, int64_t n, int64_t c, int64_t y, int64_t x) {
  // Tensors of fewer axes are read as if the missing ones in front had one entry.
  const Shape slices = as_nchw(shape);  // of a volume
  const Shape& own_shape = shape.rank() == 5 ? slices : shape;
  const int rank = own_shape.rank();
  const int64_t at[4] = {n, c, y, x};
  int64_t flat = 0;
  for (int axis = 0; axis < 4; ++axis) {
    const int own = axis - (4 - rank);
    const int64_t extent = own >= 0 ? own_shape[own] : 1;
    if (at[axis] < 0 || at[axis] >= extent) return -1;
    flat = flat * extent + at[axis];
  }
  return flat;
}

std::string value_text(const Tensor& tensor, int64_t flat) {
  char digits[40];
  const int length = format_number(tensor.at(flat), 12, digits, sizeof digits);
  return std::string(digits, static_cast<size_t>(length));
}

std::string indexed(const char* name, bool batch, const CellRef& cell, const OperationPlan& plan) {
  std::string text = std::string(name) + "[";
  if (plan.volume() != nullptr) {
    const CellIndex index = index_of_cell(plan, cell);
    for (size_t axis = batch ? 0 : 1; axis < 5; ++axis)
      text += std::to_string(index.at[axis]) + (axis < 4 ? ", " : "]");
    return text;
  }
  const int dims = plan.dims();
  if (batch) text += std::to_string(cell.n) + ", ";
  text += std::to_string(cell.c) + ", ";
  if (dims == 2) text += std::to_string(cell.y) + ", ";
  return text + std::to_string(cell.x) + "]";
}

/// Whether the cell lies in the current window or is the current output cell.
bool is_current(const OperationPlan& shown, Lens lens, const CellRef& pointed, int64_t current_step) {
  if (shown.conv2d() == nullptr || lens == Lens::receptive_field) {
    return is_current_cell(shown, lens, pointed, current_step);
  }
  const ConvPlan& plan = *shown.conv2d();
  const CellRef cell = of_whose_gradient(pointed);
  if (cell.tensor != TensorId::input) return step_of(plan, cell, current_step) == current_step;
  const OutputCell output = cell_of_step(plan, current_step);
  const Pair origin = window_origin(plan, output);
  const Pair reach = plan.effective_kernel();
  return cell.n == output.n && cell.y >= origin.h && cell.y < origin.h + reach.h && cell.x >= origin.w &&
         cell.x < origin.w + reach.w;
}

}  // namespace

std::optional<int64_t> step_of(const ConvPlan& plan, const CellRef& shown, int64_t current_step) {
  const CellRef cell = of_whose_gradient(shown);
  const OutputCell current = cell_of_step(plan, std::clamp<int64_t>(current_step, 0, step_count(plan) - 1));
  OutputCell wanted = current;
  switch (cell.tensor) {
    case TensorId::output:
      wanted = {cell.n, cell.c, cell.y, cell.x};
      break;
    case TensorId::product:
    case TensorId::im2col: {
      if (cell.y < 0 || cell.y >= plan.batch * plan.positions()) return std::nullopt;
      const int64_t position = cell.y % plan.positions();
      wanted.n = cell.y / plan.positions();
      wanted.y = position / plan.out.w;
      wanted.x = position % plan.out.w;
      if (cell.tensor == TensorId::product) {
        wanted.c = cell.x;
      } else if (wanted.c / plan.kernels_per_group() != cell.c) {
        wanted.c = cell.c * plan.kernels_per_group();
      }
      break;
    }
    case TensorId::toeplitz:
      if (cell.y < 0 || cell.y >= plan.batch * plan.positions()) return std::nullopt;
      wanted = {cell.y / plan.positions(), cell.n, cell.y % plan.positions() / plan.out.w, cell.y % plan.out.w};
      break;
    case TensorId::input: {
      // The window whose middle comes nearest to the cell.
      const Pair reach = plan.effective_kernel();
      const auto nearest = [](int64_t at, int64_t pad, int64_t size, int64_t stride, int64_t count) {
        const int64_t origin = at + pad - (size - 1) / 2;
        const int64_t index = (2 * origin + stride) / (2 * stride);
        return std::clamp<int64_t>(origin < 0 ? 0 : index, 0, count - 1);
      };
      wanted.n = cell.n;
      wanted.y = nearest(cell.y, plan.pads.top, reach.h, plan.stride.h, plan.out.h);
      wanted.x = nearest(cell.x, plan.pads.left, reach.w, plan.stride.w, plan.out.w);
      const int64_t group = cell.c / plan.channels_per_group();
      if (cell.c >= 0 && group < plan.groups && wanted.c / plan.kernels_per_group() != group) {
        wanted.c = group * plan.kernels_per_group();
      }
      break;
    }
    case TensorId::none:
    case TensorId::weight:
    case TensorId::bias:
    case TensorId::kernel_matrix:
    case TensorId::level:
    default:
      return std::nullopt;
  }
  if (wanted.n < 0 || wanted.n >= plan.batch || wanted.c < 0 || wanted.c >= plan.out_channels || wanted.y < 0 ||
      wanted.y >= plan.out.h || wanted.x < 0 || wanted.x >= plan.out.w) {
    return std::nullopt;
  }
  return step_of_cell(plan, wanted);
}

std::string describe_cell(const Computation& computation, const CellRef& cell, int64_t current_step) {
  // Other operations have no matrices: what follows asks for the plan only of those.
  static const ConvPlan none;
  const ConvPlan& plan = computation.plan.conv2d() != nullptr ? *computation.plan.conv2d() : none;
  const ConvTensors& tensors = computation.tensors;
  const bool batch = !computation.plan.unbatched();
  const auto with_value = [](std::string name, const Tensor& tensor, int64_t flat) {
    if (flat < 0 || !tensor.defined() || flat >= tensor.numel()) return std::string();
    return name + " = " + value_text(tensor, flat);
  };
  switch (cell.tensor) {
    case TensorId::none:
    case TensorId::level:
      return {};
    case TensorId::input: {
      const int64_t flat = flat_index(tensors.input.shape(), cell.n, cell.c, cell.y, cell.x);
      return with_value(indexed("X", batch, cell, computation.plan), tensors.input, flat);
    }
    case TensorId::weight:
      return with_value(indexed("W", true, cell, computation.plan), tensors.weight,
                        flat_index(tensors.weight.shape(), cell.n, cell.c, cell.y, cell.x));
    case TensorId::output:
      return with_value(indexed("Y", batch, cell, computation.plan), tensors.output,
                        flat_index(tensors.output.shape(), cell.n, cell.c, cell.y, cell.x));
    case TensorId::bias:
      return with_value("b[" + std::to_string(cell.c) + "]", tensors.bias, cell.c);
    case TensorId::kernel_matrix: {
      const int64_t taps = plan.taps();
      if (cell.y < 0 || cell.y >= taps) return {};
      const int64_t area = plan.kernel.h * plan.kernel.w;
      const CellRef source{TensorId::weight, cell.x, cell.y / area, cell.y % area / plan.kernel.w,
                           cell.y % plan.kernel.w};
      return describe_cell(computation, source, current_step);
    }
    case TensorId::im2col: {
      const std::optional<int64_t> step = step_of(plan, cell, current_step);
      if (!step || cell.x < 0 || cell.x >= plan.taps()) return {};
      const Tap tap = tap_of(plan, cell_of_step(plan, *step), cell.x);
      const std::string place = "im2col[" + std::to_string(cell.y) + ", " + std::to_string(cell.x) + "]";
      if (tap.source_y == kZeroPadding || tap.source_x == kZeroPadding) return place + " = 0";
      const CellRef source{TensorId::input, cell_of_step(plan, *step).n, tap.c, tap.source_y, tap.source_x};
      return place + " = " + describe_cell(computation, source, current_step);
    }
    case TensorId::toeplitz: {
      if (!step_of(plan, cell, current_step) || cell.c < 0 || cell.c >= plan.channels_per_group() || cell.x < 0 ||
          cell.x >= toeplitz_columns(plan)) {
        return {};
      }
      const int64_t row = cell.y % plan.positions();
      const std::string place = "T[" + std::to_string(row) + ", " + std::to_string(cell.x) + "]";
      // Mirrored padding lets several weights stand in one place: then their sum says more than any of them.
      CellRef source;
      int standing = 0;
      for (int64_t at = 0; at < plan.kernel.h * plan.kernel.w; ++at) {
        if (toeplitz_entry(plan, row, at).column != cell.x) continue;
        source = {TensorId::weight, cell.n, cell.c, at / plan.kernel.w, at % plan.kernel.w};
        ++standing;
      }
      if (standing == 0) return place + " = 0";
      if (standing == 1) return place + " = " + describe_cell(computation, source, current_step);
      char value[32];
      const int length =
          format_number(toeplitz_value(plan, tensors.weight, cell.n, cell.c, row, cell.x), 10, value, sizeof value);
      return place + " = " + std::string(value, static_cast<size_t>(length));
    }
    case TensorId::product: {
      const std::optional<int64_t> step = step_of(plan, cell, current_step);
      if (!step) return {};
      const OutputCell output = cell_of_step(plan, *step);
      return describe_cell(computation, {TensorId::output, output.n, output.c, output.y, output.x}, current_step);
    }
    default:
      return describe_gradient_cell(computation, cell, current_step);
  }
  return {};
}

void PictureArea::fit() {
  view_.zoom = 1;
  view_.center_x = view_.center_y = 0.5;
}

void PictureArea::zoom(UiContext& ui, double factor) {
  if (const ComputationPtr computation = ui.workbench.computation()) {
    view_ = zoomed(view_, factor, view_.width / 2, view_.height / 2, computation->plan, ui.session().lens);
  }
}

size_t PictureArea::own_side(UiContext& ui) const {
  const std::optional<Beside>& beside = ui.session().beside;
  return beside && beside->is_a ? 1 : 0;
}

SceneRequest PictureArea::common_request(UiContext& ui) const {
  SceneRequest request;
  request.caption = ui.presenting;
  request.computation = ui.workbench.computation();
  request.lens = ui.session().lens;
  request.algorithm = ui.session().algorithm;
  request.options = ui.session().picture;
  request.moment = ui.playback.moment();
  request.moment.step = std::clamp<int64_t>(request.moment.step, 0, ui.workbench.step_count() - 1);
  request.steps_per_second = ui.session().steps_per_second;
  request.playing = ui.playback.playing();
  request.language = ui.language();
  request.theme = ui.session().theme;
  request.measure = &ui.font_stack;
  request.hovered = hovered_;
  request.reduced_motion = ui.settings.reduced_motion;
  request.view = view_;
  return request;
}

bool PictureArea::follow_pair(UiContext& ui) {
  const Session& session = ui.session();
  const ComputationPtr own = ui.workbench.computation();
  const Workbench* const other = ui.workbench.other();
  const ComputationPtr beside = other != nullptr ? other->computation() : own;
  if (!session.beside || !own || !beside) return false;
  PairRequest& request = pair_request_;
  request.own = own_side(ui);
  request.linked = other == nullptr;
  request.marks_own = true;
  request.common = common_request(ui);
  request.common.view.width = std::max(1.0f, box_.width() / ui.scale);
  request.common.view.height = std::max(1.0f, box_.height() / ui.scale);
  const auto fill = [](PairSide& side, const ComputationPtr& computation, Lens lens, Algorithm algorithm) {
    side.computation = computation;
    side.lens = lens;
    side.algorithm = algorithm;
  };
  fill(request.sides[request.own], own, session.lens, session.algorithm);
  fill(request.sides[1 - request.own], beside, other != nullptr ? other->session().lens : lens_beside(session),
       other != nullptr ? other->session().algorithm : session.algorithm);
  return true;
}

PictureArea::Half PictureArea::half(UiContext& ui, size_t side) const {
  Half half;
  half.side = side;
  if (!paired_) {
    half.computation = ui.workbench.computation();
    half.lens = ui.session().lens;
    half.scene = &scene_;
    half.box = box_;
    half.current = ui.playback.moment().step;
    return half;
  }
  half.computation = pair_request_.sides[side].computation;
  half.lens = pair_request_.sides[side].lens;
  half.scene = &pair_.part(side);
  const Box& place = pair_.place(side);
  half.box = {box_.x0 + place.x0 * ui.scale, box_.y0 + place.y0 * ui.scale, box_.x0 + place.x1 * ui.scale,
              box_.y0 + place.y1 * ui.scale};
  half.current = PairPicture::moments(pair_request_)[side].step;
  half.own = side == pair_request_.own;
  return half;
}

std::optional<size_t> PictureArea::side_at(float x, float y, float scale, bool with_title) const {
  if (!paired_) return 0;
  const float px = (x - box_.x0) / scale, py = (y - box_.y0) / scale;
  for (size_t side = 0; side < 2; ++side) {
    if (pair_.place(side).contains(px, py) || (with_title && pair_.title(side).contains(px, py))) return side;
  }
  return std::nullopt;
}

int64_t PictureArea::shown_step(UiContext& ui, const Half& half, int64_t step) {
  // Two lenses of the same numbers count by the one that is edited.
  if (half.own || ui.workbench.other() != nullptr) return step;
  return step_across(half.computation->plan, half.lens, step, ui.session().lens);
}

void PictureArea::draw(UiContext& ui, const Box& box) {
  box_ = box;
  box_.y0 += measure_problem(ui, box.width());
  const bool was_paired = paired_;
  paired_ = follow_pair(ui);
  view_.width = std::max(1.0f, box_.width() / ui.scale);
  view_.height = std::max(1.0f, box_.height() / ui.scale);
  if (paired_) {
    pair_.lay_out(pair_request_);
    const Box& place = pair_.place(pair_request_.own);
    view_.width = std::max(1.0f, place.width());
    view_.height = std::max(1.0f, place.height());
  }
  const ComputationPtr computation = ui.workbench.computation();
  if (computation) {
    const Shape input = computation->plan.input_shape();
    if (ui.session().lens != framed_lens_ || !(input == framed_input_) || was_paired != paired_) {
      fit();
      unpin();
    }
    framed_lens_ = ui.session().lens;
    framed_input_ = input;
  }

  ImGui::SetNextWindowPos({box.x0, box.y0});
  ImGui::SetNextWindowSize({std::max(1.0f, box.width()), std::max(1.0f, box.height())});
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2(0, 0));
  ImGui::PushStyleVar(ImGuiStyleVar_WindowBorderSize, 0);
  ImGui::PushStyleVar(ImGuiStyleVar_WindowRounding, 0);
  ImGui::PushStyleVar(ImGuiStyleVar_WindowMinSize, ImVec2(1, 1));
  ImGui::Begin("##picture", nullptr,
               ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove | ImGuiWindowFlags_NoBackground |
                   ImGuiWindowFlags_NoSavedSettings | ImGuiWindowFlags_NoBringToFrontOnFocus |
                   ImGuiWindowFlags_NoScrollWithMouse);
  ImGui::PopStyleVar(4);
  react(ui);
  if (box_.y0 > box.y0) draw_problem(ui, {box.x0, box.y0, box.x1, box_.y0});
  draw_overlays(ui);
  for (size_t side = 0; paired_ && side < 2; ++side) {
    const Box at = half(ui, side).box;
    ui.widgets.note_rect(side == 0 ? "picture.a" : "picture.b", at.x0, at.y0, at.x1, at.y1);
    const Box& title = pair_.title(side);
    ui.widgets.note_rect(side == 0 ? "picture.title_a" : "picture.title_b", box_.x0 + title.x0 * ui.scale,
                         box_.y0 + title.y0 * ui.scale, box_.x0 + title.x1 * ui.scale, box_.y0 + title.y1 * ui.scale);
  }
  ImGui::End();

  if (!computation) {
    scene_.clear();
    scene_.width = view_.width;
    scene_.height = view_.height;
    settled_ = view_;
    return;
  }
  // A click may have exchanged the sides.
  if (paired_) paired_ = follow_pair(ui);
  if (paired_) {
    pair_.lay_out(pair_request_);
    SceneRequest own = pair_.request_of(pair_request_, pair_request_.own);
    own.hovered = hovered_;
    settle(own);
    View& view = pair_request_.common.view;
    view.zoom = view_.zoom;
    view.center_x = view_.center_x;
    view.center_y = view_.center_y;
    pair_request_.sides[pair_request_.own].hovered = hovered_;
    pair_request_.sides[1 - pair_request_.own].hovered = hovered_beside_;
    pair_.build(pair_request_, scene_);
    return;
  }
  SceneRequest request = common_request(ui);
  settle(request);
  request.view = view_;
  build_scene(request, scene_);
}

void PictureArea::settle(SceneRequest& request) {
  const bool moved =
      view_.zoom != settled_.zoom || view_.center_x != settled_.center_x || view_.center_y != settled_.center_y;
  const bool resized = view_.width != settled_.width || view_.height != settled_.height;
  const OperationPlan& plan = request.computation->plan;
  const size_t side = paired_ ? pair_request_.own : 0;
  const Scene& last = paired_ ? pair_.part(side) : scene_;
  if (moved || view_.zoom <= 1) anchor_.reset();
  if (view_.zoom > 1 && (moved || resized)) {
    request.view = view_;
    request.view.zoom = 1;
    request.view.center_x = request.view.center_y = 0.5;
    // Asked for once per change of the layout, however many frames that takes: or the rounding of each would add up.
    if (!moved && !anchor_) anchor_ = anchor_at(last, last.width / 2, last.height / 2);
    const HalfScope scope(side);
    build_scene(request, fitted_);
    view_ = anchor_ ? view_on(*anchor_, fitted_, view_, plan, request.lens) : kept_in_sight(view_, fitted_);
  }
  settled_ = view_;
}

namespace {

/// What of a cell that is pointed at in one half the other half has too.
std::optional<CellRef> also_in(const OperationPlan& plan, const CellRef& ref) {
  Shape shape = ref.tensor == TensorId::input    ? plan.input_shape()
                : ref.tensor == TensorId::output ? plan.output_shape()
                : ref.tensor == TensorId::weight ? plan.weight_shape()
                                                 : Shape();
  // Volumes are drawn as slabs, whose n counts channels too.
  if (plan.volume() != nullptr && shape.rank() > 3) shape = slab_shape(shape);
  const int rank = shape.rank();
  if (rank < 3) return std::nullopt;
  const int64_t n = rank > 3 ? shape[rank - 4] : 1;
  const bool inside = ref.n >= 0 && ref.n < n && ref.c >= 0 && ref.c < shape[rank - 3] && ref.y >= 0 &&
                      ref.y < shape[rank - 2] && ref.x >= 0 && ref.x < shape[rank - 1];
  return inside ? std::optional<CellRef>(ref) : std::nullopt;
}

}  // namespace

void PictureArea::light(UiContext& ui, const Half& at, const std::optional<CellRef>& cell) {
  std::optional<CellRef>& own = at.own ? hovered_ : hovered_beside_;
  std::optional<CellRef>& other = at.own ? hovered_beside_ : hovered_;
  own = cell;
  other.reset();
  if (!cell || !paired_) return;
  const Half beside = half(ui, 1 - at.side);
  const bool conv = at.computation->plan.conv2d() != nullptr && beside.computation->plan.conv2d() != nullptr;
  // conv2d's lenses know each other's cells; of others what has the same name in both is the same.
  if (pair_request_.linked && conv) {
    other = cell;
  } else if (at.lens != Lens::gather && beside.lens != Lens::gather) {
    other = also_in(beside.computation->plan, *cell);
  } else if (cell->tensor == TensorId::output) {
    other = also_in(beside.computation->plan, *cell);
  }
}

void PictureArea::react_to_drag(UiContext& ui, const Half& at, const std::optional<CellRef>& under) {
  const ImGuiIO& io = ImGui::GetIO();
  const OperationPlan& plan = at.computation->plan;
  const bool middle = ImGui::IsMouseDown(ImGuiMouseButton_Middle);
  const float threshold = ui.px(4);
  if (drag_ == Drag::none && middle) drag_ = Drag::pan;
  if (drag_ == Drag::none && ImGui::IsMouseDragging(ImGuiMouseButton_Left, threshold)) {
    // Zoomed in, tensors are a ground to walk over: only the window and the current cell are handles then.
    const bool handle = pressed_ && (view_.zoom < 1.001 || is_current(plan, at.lens, *pressed_, at.current));
    drag_ = handle && step_of(plan, at.lens, *pressed_, at.current) ? Drag::step : Drag::pan;
    if (drag_ == Drag::pan) {
      const ImVec2 moved = ImGui::GetMouseDragDelta(ImGuiMouseButton_Left, threshold);
      view_ = panned(view_, (moved.x - io.MouseDelta.x) / ui.scale, (moved.y - io.MouseDelta.y) / ui.scale);
    }
  }
  if (drag_ == Drag::pan) {
    view_ = panned(view_, io.MouseDelta.x / ui.scale, io.MouseDelta.y / ui.scale);
    ImGui::SetMouseCursor(ImGuiMouseCursor_ResizeAll);
  } else if (drag_ == Drag::step && under && under->tensor == pressed_->tensor) {
    if (const std::optional<int64_t> step = step_of(plan, at.lens, *under, at.current)) {
      ui.playback.pause();
      ui.playback.go_to(shown_step(ui, at, *step), ui.workbench.step_count());
    }
  }
}

void PictureArea::react(UiContext& ui) {
  ImGui::SetCursorScreenPos({box_.x0, box_.y0});
  ImGui::InvisibleButton("##surface", {std::max(1.0f, box_.width()), std::max(1.0f, box_.height())},
                         ImGuiButtonFlags_MouseButtonLeft | ImGuiButtonFlags_MouseButtonMiddle);
  ui.widgets.note_item("picture");
  const bool hovered = ImGui::IsItemHovered();
  const bool active = ImGui::IsItemActive();
  const ImGuiIO& io = ImGui::GetIO();
  hovered_.reset();
  hovered_beside_.reset();
  if (!ui.workbench.computation()) return;
  const std::optional<size_t> under_pointer = side_at(io.MousePos.x, io.MousePos.y, ui.scale, false);
  if (ImGui::IsItemActivated()) {
    pressed_title_ = !under_pointer;
    pressed_side_ =
        under_pointer ? *under_pointer : side_at(io.MousePos.x, io.MousePos.y, ui.scale, true).value_or(own_side(ui));
    drag_ = Drag::none;
    pressed_.reset();
  }
  // What was pressed in one half stays there until it is let go.
  const bool held = active || ImGui::IsItemDeactivated();
  const Half at = half(ui, held ? pressed_side_ : under_pointer.value_or(paired_ ? own_side(ui) : 0));
  const float x = (io.MousePos.x - at.box.x0) / ui.scale;
  const float y = (io.MousePos.y - at.box.y0) / ui.scale;
  const OperationPlan& plan = at.computation->plan;
  const bool inside = under_pointer && *under_pointer == at.side;
  const bool pointing = (hovered && inside) || (active && drag_ == Drag::step);
  const std::optional<CellRef> under = pointing ? pick(*at.scene, x, y) : std::nullopt;
  if (drag_ != Drag::pan) light(ui, at, under);

  if (hovered && inside && io.MouseWheel != 0) {
    view_ = zoomed(view_, std::pow(kWheelFactor, static_cast<double>(io.MouseWheel)), x, y, plan, at.lens);
  }
  if (hovered && ImGui::IsMouseDoubleClicked(ImGuiMouseButton_Left)) fit();
  if (ImGui::IsItemActivated()) pressed_ = under;
  if (active && !pressed_title_) react_to_drag(ui, at, under);
  if (ImGui::IsItemDeactivated()) {
    const std::optional<size_t> let_go = side_at(io.MousePos.x, io.MousePos.y, ui.scale, true);
    if (pressed_title_) {
      if (paired_ && !under_pointer && let_go && *let_go != own_side(ui)) ui.workbench.switch_sides();
    } else if (drag_ == Drag::none && under && pressed_ && *under == *pressed_) {
      const bool lets_go = pinned_ == under && pinned_side_ == at.side;
      unpin();
      if (const std::optional<int64_t> step = step_of(plan, at.lens, *under, at.current)) {
        ui.playback.pause();
        ui.playback.go_to(shown_step(ui, at, *step), ui.workbench.step_count());
      } else if (!lets_go) {
        pinned_ = under;
        pinned_side_ = at.side;
      }
    } else if (drag_ == Drag::none && !under && !pressed_) {
      unpin();
    }
    drag_ = Drag::none;
    pressed_.reset();
    pressed_title_ = false;
  }
  const bool points = under && drag_ != Drag::pan;
  if (points && drag_ == Drag::none && step_of(plan, at.lens, *under, at.current)) {
    ImGui::SetMouseCursor(ImGuiMouseCursor_Hand);
  }
  if (points && drag_ == Drag::none) {
    show_cell(ui, at, *under);
  } else if (!points && pinned_ && drag_ == Drag::none) {
    const Half held_at = half(ui, paired_ ? pinned_side_ : 0);
    light(ui, held_at, pinned_);
    show_cell(ui, held_at, *pinned_);
  }
  // Scripts can ask whether a cell is held.
  if (pinned_) ui.widgets.note_rect("picture.pinned", box_.x0, box_.y0, box_.x1, box_.y1);
}

void PictureArea::show_cell(UiContext& ui, const Half& at, const CellRef& shown) {
  const ComputationPtr& computation = at.computation;
  const CellRef cell = own_cell(computation->plan, at.lens, shown);
  const int64_t step = at.current;
  // The wished output has the output's colours, not its numbers.
  const bool learns = at.lens == Lens::gradient && computation->plan.learning_steps() > 0;
  if (learns && cell.tensor == TensorId::output) return;
  std::string words = shown.tensor == TensorId::level
                          ? field_cell_words(ui.language(), computation->plan.chain(), shown)
                          : describe_cell(*computation, cell, step);
  // A pixel in colours is three cells: X[0, :, 440, 664] = 0.5020, 0.4314, 0.4784.
  const bool colours = cell.tensor == TensorId::input &&
                       std::any_of(at.scene->rasters.begin(), at.scene->rasters.end(),
                                   [&](const Raster& raster) { return raster.rgb && raster.id == cell.tensor; });
  if (colours && !words.empty()) {
    const bool batch = !computation->plan.unbatched();
    words = "X[" + (batch ? std::to_string(cell.n) + ", " : "") + ":, " + std::to_string(cell.y) + ", " +
            std::to_string(cell.x) + "] = ";
    for (int64_t channel = 0; channel < 3; ++channel) {
      CellRef other = cell;
      other.c = cell.c / 3 * 3 + channel;
      const std::string line = describe_cell(*computation, other, step);
      const size_t value = line.find(" = ");
      if (value == std::string::npos) continue;
      if (channel > 0) words += ", ";
      words += line.substr(value + 3);
    }
  }
  ui.shows(words);
  if (words.empty()) {
    if (shown.tensor == TensorId::grad_input) {
      words = ui.text("picture.padding_gradient");
    } else if (shown.tensor != TensorId::input) {
      return;
    }
  }
  if (words.empty()) {
    words = ui.text(blank_cell_key(computation->plan, at.lens, shown));
  }
  if (paired_ && !pair_request_.linked) words = (at.side == 0 ? "A: " : "B: ") + words;
  // In the corner: next to the pointer it would hide the neighbours that are to be compared.
  const UiFont mono(ui.fonts.mono);
  const ImVec2 size = ImGui::CalcTextSize(words.c_str());
  const ImVec2 low(at.box.x0 + ui.px(12), std::floor(at.box.y1 - ui.px(12) - size.y - ui.px(12)));
  const ImVec2 high(low.x + size.x + ui.px(20), low.y + size.y + ui.px(12));
  ImDrawList* list = ImGui::GetWindowDrawList();
  list->AddRectFilled(low, high, ui_color32(ui, Role::panel), ui.px(6));
  list->AddRect(low, high, ui_color32(ui, Role::border), ui.px(6));
  list->AddText({low.x + ui.px(10), low.y + ui.px(6)}, ui_color32(ui, Role::text), words.c_str());
  ui.widgets.note_rect("picture.pointed", low.x, low.y, high.x, high.y);
}

void PictureArea::draw_overlays(UiContext& ui) {
  const double now = ui.time_seconds;
  const auto long_busy = [&](const Workbench* of, double& since) {
    if (of == nullptr || !of->computing()) {
      since = -1;
    } else if (since < 0) {
      since = now;
    }
    return since >= 0 && now - since > kProgressDelay;
  };
  Workbench* const other = ui.workbench.other();
  const bool own_busy = long_busy(&ui.workbench, busy_since_[0]), other_busy = long_busy(other, busy_since_[1]);
  if (!ui.workbench.computation() && !ui.workbench.computing()) {
    draw_empty(ui);
  } else if (own_busy) {
    draw_progress(ui, ui.workbench, half(ui, paired_ ? own_side(ui) : 0).box, "work");
  }
  if (other_busy) {
    Box at = half(ui, paired_ ? 1 - own_side(ui) : 0).box;
    // Before it has been drawn at all, under that of the other one.
    if (!paired_ && own_busy) at.y0 += ImGui::GetFrameHeight() + ui.px(16);
    draw_progress(ui, *other, at, "work_beside");
  }
  if (ui.workbench.computation() && !ui.presenting) draw_picture_options(ui, box_, paired_);
  if (!ui.notice.text.empty() && now < ui.notice.until_seconds) draw_notice(ui);
}

void PictureArea::draw_empty(UiContext& ui) {
  const float width = std::min(box_.width() - ui.px(32), ui.px(440));
  if (width < ui.px(120)) return;
  const Error* error = ui.workbench.error();
  const float height = ui.px(error ? 176 : 128);
  const Card card(ui, "##empty", (box_.x0 + box_.x1 - width) / 2, (box_.y0 + box_.y1 - height) / 2, width, height);
  ImGui::SetCursorPos({ui.px(16), ui.px(12)});
  ImGui::BeginGroup();
  ui_title(ui, ui.text("empty.title"));
  if (error) {
    ui_error_line(ui, "empty", *error);
  } else {
    ui_words(ui, ui.text("empty.words"), Role::secondary);
  }
  ButtonOptions primary;
  primary.primary = true;
  if (ui_icon_label_button(ui, "empty.open", Icon::open_file, ui.text("empty.open"), primary)) {
    ui.requests.open_file_dialog = true;
  }
  ImGui::SameLine();
  if (ui_button(ui, "empty.restore", ui.text("empty.restore"))) {
    Session fresh;
    fresh.language = ui.language();
    fresh.theme = ui.session().theme;
    ui.workbench.replace(std::move(fresh), "edit.restore");
  }
  ImGui::EndGroup();
}

namespace {

// Of the strip that says what is wrong, logical pixels: around its card, before its words, between words and button.
constexpr float kStripMargin = 8, kStripInset = 40, kStripGap = 12;
constexpr float kLeastStrip = 160;

float undo_width(const UiContext& ui) { return ImGui::CalcTextSize(ui.text("picture.undo")).x + ui.px(24); }

}  // namespace

float PictureArea::measure_problem(UiContext& ui, float width) {
  problem_.words.clear();
  const Error* error = ui.workbench.error();
  const ChainProblem* chain = ui.workbench.chain_problem();
  const bool wrong = ui.workbench.shows_last_good();
  const bool empty = !ui.workbench.computation() && !ui.workbench.computing();
  if (!wrong || empty || width - ui.px(2 * kStripMargin) < ui.px(kLeastStrip)) return 0;
  const UiFont body(ui.fonts.body);
  // In a narrow window the button stands under the words.
  const bool beside = width > ui.px(480);
  const float room = width - ui.px(2 * kStripMargin + kStripInset + kStripGap) -
                     (beside && ui.workbench.can_undo() ? undo_width(ui) + ui.px(kStripGap) : 0);
  const bool of_chain = ui.session().lens == Lens::receptive_field && chain != nullptr;
  const std::string words = of_chain ? describe(ui.language(), *chain) : describe(ui.language(), *error);
  problem_.words = ui_wrapped(words.c_str(), room);
  problem_.text_height = ImGui::CalcTextSize(problem_.words.c_str(), nullptr, false, room).y;
  float height = problem_.text_height + ui.fonts.caption->FontSize + ui.px(20);
  if (!beside && ui.workbench.can_undo()) height += ImGui::GetFrameHeight() + ui.px(4);
  return std::ceil(height + ui.px(2 * kStripMargin));
}

void PictureArea::draw_problem(UiContext& ui, const Box& strip) {
  const float margin = ui.px(kStripMargin), inset = ui.px(kStripInset);
  const float width = strip.width() - 2 * margin, height = strip.height() - 2 * margin;
  const bool can_undo = ui.workbench.can_undo(), beside = strip.width() > ui.px(480);
  const float button = undo_width(ui);
  const float room = width - inset - ui.px(kStripGap) - (beside && can_undo ? button + ui.px(kStripGap) : 0);
  const float caption = ui.fonts.caption->FontSize;
  const Card card(ui, "##problem", strip.x0 + margin, strip.y0 + margin, width, height, Role::error);
  const ImVec2 low = ImGui::GetWindowPos();
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float words_height = problem_.text_height + caption + ui.px(20);
  draw_icon(list, Icon::warning, {low.x + ui.px(20), low.y + words_height / 2}, ui.px(18), ui_color32(ui, Role::error));
  list->AddText(ImGui::GetFont(), ImGui::GetFontSize(), {low.x + inset, low.y + ui.px(8)}, ui_color32(ui, Role::text),
                problem_.words.c_str(), nullptr, room);
  list->AddText(ui.fonts.caption, caption, {low.x + inset, low.y + ui.px(12) + problem_.text_height},
                ui_color32(ui, Role::secondary), ui.text("picture.last_good"));
  ui.widgets.note_rect("picture.error", low.x, low.y, low.x + width, low.y + height);
  if (can_undo) {
    const float y = beside ? (height - ImGui::GetFrameHeight()) / 2 : height - ImGui::GetFrameHeight() - ui.px(8);
    ImGui::SetCursorPos({beside ? width - button - ui.px(kStripGap) : inset, y});
    if (ui_button(ui, "picture.undo", ui.text("picture.undo"))) ui.workbench.undo();
  }
}

void PictureArea::draw_progress(UiContext& ui, Workbench& of, const Box& box, const char* name) {
  const float width = std::min(box.width() - ui.px(24), ui.px(320));
  if (width < ui.px(160)) return;
  const float height = ImGui::GetFrameHeight() + ui.px(8);
  const std::string own(name);
  const Card card(ui, ("##" + own).c_str(), (box.x0 + box.x1 - width) / 2, box.y0 + ui.px(12), width, height);
  char percent[16];
  std::snprintf(percent, sizeof percent, "%.0f", static_cast<double>(of.progress()) * 100);
  const std::string words = tr(ui.language(), "work.computing", {std::string(percent)});
  const float button = ImGui::GetFrameHeight();
  ui_progress(ui, own + ".progress", of.progress(), (width - button) / ui.scale - 16, words.c_str());
  ImGui::SameLine(0, ui.px(4));
  if (ui_icon_button(ui, own + ".cancel", Icon::close, ui.text("work.cancel"))) of.cancel();
}

void PictureArea::draw_notice(UiContext& ui) {
  ui.shows(ui.notice.text);
  const float limit = std::min(box_.width() - ui.px(24), ui.px(640));
  if (limit < ui.px(120)) return;
  const float inset = ui.px(36);
  const char* words = ui_wrapped(ui.notice.text.c_str(), limit - inset - ui.px(16));
  const ImVec2 size = ImGui::CalcTextSize(words, nullptr, false, limit - inset - ui.px(16));
  const float width = size.x + inset + ui.px(16);
  const float height = size.y + ui.px(20);
  const Card card(ui, "##notice", (box_.x0 + box_.x1 - width) / 2, box_.y1 - height - ui.px(16), width, height,
                  ui.notice.is_error ? Role::error : Role::border);
  const ImVec2 low = ImGui::GetWindowPos();
  ImDrawList* list = ImGui::GetWindowDrawList();
  draw_icon(list, ui.notice.is_error ? Icon::warning : Icon::check, {low.x + ui.px(18), low.y + height / 2}, ui.px(16),
            ui_color32(ui, ui.notice.is_error ? Role::error : Role::output));
  list->AddText(ImGui::GetFont(), ImGui::GetFontSize(), {low.x + inset, low.y + ui.px(10)}, ui_color32(ui, Role::text),
                words, nullptr, limit - inset - ui.px(16));
  ui.widgets.note_rect("notice", low.x, low.y, low.x + width, low.y + height);
}

}  // namespace convscope
