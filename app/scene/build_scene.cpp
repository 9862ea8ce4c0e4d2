#include "app/scene/build_scene.h"

#include <algorithm>

#include "app/scene/field_layout.h"
#include "app/scene/gradient_lens.h"
#include "app/scene/lens.h"
#include "app/scene/operation_scene.h"
#include "app/scene/receptive_field_lens.h"
#include "app/scene/sentence.h"

namespace convscope {
namespace {

constexpr double kMaxCell = 160;  // logical pixels: closer is not useful
constexpr float kMargin = 0.04f;

}  // namespace

namespace {

/// A line as long as the longest that the caption may have.
const std::string& longest_words(const SceneRequest& request) {
  const Computation& computation = *request.computation;
  if (request.lens == Lens::receptive_field) return longest_field_sentence(request.language, computation.plan.chain());
  if (const ConvPlan* plan = computation.plan.conv2d()) {
    if (request.lens == Lens::gradient && computation.gradient != nullptr) {
      return longest_gradient_sentence(request.language, *plan, *computation.gradient,
                                       step_count(computation.plan, request.lens));
    }
    return longest_sentence(request.language, *plan, range_of(computation.tensors.output), request.algorithm);
  }
  return longest_operation_sentence(request.language, computation, request.lens);
}

/// The formula of a caption.
const FormulaWords& caption_formula(const SceneRequest& request) {
  const OperationPlan& plan = request.computation->plan;
  return request.lens == Lens::receptive_field ? field_formula_words(request.language, plan.chain())
                                               : formula_words(request.language, plan);
}

}  // namespace

Stage make_stage(const SceneRequest& request, const Painter& painter) {
  const View& view = request.view;
  Stage stage;
  stage.ui = painter.ui();
  const float margin = std::max(8.0f, std::min(view.width, view.height) * kMargin);
  stage.content = {margin, margin, view.width - margin, view.height - margin};
  if (request.caption) {
    stage.content.y1 -=
        caption_height(painter, caption_formula(request), longest_words(request), stage.ui, stage.content.width());
  }
  stage.zoom = view.zoom;
  stage.shift_x = static_cast<double>(view.width) * (0.5 - view.center_x * view.zoom);
  stage.shift_y = static_cast<double>(view.height) * (0.5 - view.center_y * view.zoom);
  return stage;
}

StepTiming step_timing(const SceneRequest& request, int64_t steps) {
  const bool jumping = request.steps_per_second >= kJumpStepsPerSecond;
  StepTiming timing;
  timing.step = std::clamp<int64_t>(request.moment.step, 0, steps - 1);
  timing.phase = phase_of({timing.step, request.moment.phase}, !jumping && !request.reduced_motion);
  timing.trail = !jumping ? 0.0f : request.playing ? 1.0f : 1 - std::clamp(request.moment.phase, 0.0f, 1.0f);
  return timing;
}

namespace {

void draw_words(const SceneRequest& request, Painter& painter, const Stage& stage, Scene& scene) {
  if (!request.caption) return;
  draw_caption(painter, stage, formula_words(request.language, request.computation->plan), longest_words(request),
               scene.sentence);
}

void build_learning_scene(const SceneRequest& request, const ConvPlan& plan, Scene& scene) {
  const Computation& computation = *request.computation;
  const GradientNumbers& numbers = *computation.gradient;
  Painter painter(request, scene);
  LearningFrame frame{{request, computation.tensors, painter, make_stage(request, painter)},
                      plan,
                      numbers,
                      shown_iteration(numbers, request.moment.step)};
  build_learning_lens(frame);
  append_gradient_sentence(scene.sentence, request.language, plan, numbers, request.moment.step,
                           step_count(computation.plan, request.lens));
  draw_words(request, painter, frame.stage, scene);
}

void build_conv2d_scene(const SceneRequest& request, const ConvPlan& plan, Scene& scene) {
  const Computation& computation = *request.computation;
  // Both keep their memory from frame to frame.
  thread_local CellArithmetic arithmetic;
  thread_local OutputUses uses;
  Painter painter(request, scene);
  const StepTiming timing = step_timing(request, step_count(plan));
  const OutputCell cell = cell_of_step(plan, timing.step);
  cell_arithmetic(plan, computation.tensors, cell, arithmetic);
  LensFrame frame{{request, computation.tensors, painter, make_stage(request, painter)},
                  plan,
                  timing.step,
                  cell,
                  cell.c / plan.kernels_per_group(),
                  timing.phase,
                  timing.trail,
                  arithmetic,
                  uses,
                  Hover(plan, request.hovered, request.lens == Lens::gradient)};
  switch (request.lens) {
    case Lens::isometric:
      build_isometric_lens(frame);
      break;
    case Lens::im2col:
      build_im2col_lens(frame);
      break;
    case Lens::toeplitz:
      build_toeplitz_lens(frame);
      break;
    case Lens::coverage:
      build_coverage_lens(frame);
      break;
    case Lens::loops:
      build_loops_lens(frame);
      break;
    case Lens::gradient:
      if (computation.gradient != nullptr && computation.gradient->sums) {
        build_gradient_lens(frame, *computation.gradient);
        append_gradient_sentence(scene.sentence, request.language, plan, *computation.gradient, timing.step,
                                 step_count(plan));
      } else {
        draw_gradient_pending(frame);
      }
      draw_words(request, painter, frame.stage, scene);
      return;
    default:
      build_sliding_lens(frame);
      break;
  }
  append_sentence(scene.sentence, request.language, plan, timing.step, arithmetic, request.algorithm);
  draw_words(request, painter, frame.stage, scene);
}

}  // namespace

void build_scene(const SceneRequest& request, Scene& scene) {
  scene.clear();
  scene.width = request.view.width;
  scene.height = request.view.height;
  scene.transparent = request.transparent;
  if (!request.computation || request.view.width < 1 || request.view.height < 1) return;
  const Computation& computation = *request.computation;
  if (request.lens == Lens::receptive_field) return build_field_scene(request, scene);
  if (!computation.tensors.output.defined() || step_count(computation.plan, request.lens) < 1) return;
  const ConvPlan* const plan = computation.plan.conv2d();
  if (plan != nullptr && request.lens == Lens::gradient && computation.gradient != nullptr &&
      computation.gradient->path) {
    build_learning_scene(request, *plan, scene);
  } else if (plan != nullptr) {
    build_conv2d_scene(request, *plan, scene);
  } else {
    build_operation_scene(request, scene);
  }
}

bool lens_applies(Lens lens, const ConvPlan& plan) { return lens_shows(lens, OperationFamily::conv, plan.dims); }

namespace {

/// `cells`: the longest axis of anything drawn, which bounds how small a cell can be at zoom 1.
View zoomed_to(const View& view, double factor, float x, float y, double cells) {
  View next = view;
  const double fitted = static_cast<double>(std::min(view.width, view.height));
  const double limit = std::max(4.0, cells * 3 * kMaxCell / std::max(1.0, fitted));
  next.zoom = std::clamp(view.zoom * factor, 1.0, limit);
  // The point of the picture under (x, y) stays there.
  const double px = view.center_x + (static_cast<double>(x) / static_cast<double>(view.width) - 0.5) / view.zoom;
  const double py = view.center_y + (static_cast<double>(y) / static_cast<double>(view.height) - 0.5) / view.zoom;
  next.center_x = px - (static_cast<double>(x) / static_cast<double>(view.width) - 0.5) / next.zoom;
  next.center_y = py - (static_cast<double>(y) / static_cast<double>(view.height) - 0.5) / next.zoom;
  return panned(next, 0, 0);
}

}  // namespace

View zoomed(const View& view, double factor, float x, float y, const ConvPlan& plan, Lens lens) {
  double cells = static_cast<double>(std::max({plan.in.w + plan.pads.left + plan.pads.right,
                                               plan.in.h + plan.pads.top + plan.pads.bottom, plan.out.w, plan.out.h}));
  if (lens == Lens::im2col) {
    cells = std::max({cells, static_cast<double>(plan.taps()), static_cast<double>(plan.batch * plan.positions())});
  }
  return zoomed_to(view, factor, x, y, cells);
}

View zoomed(const View& view, double factor, float x, float y, const OperationPlan& plan, Lens lens) {
  if (lens == Lens::receptive_field) {
    return zoomed_to(view, factor, x, y, plan.chain() ? longest_field_axis(*plan.chain()) : 1);
  }
  if (plan.conv2d() != nullptr) return zoomed(view, factor, x, y, *plan.conv2d(), lens);
  return zoomed_to(view, factor, x, y, static_cast<double>(longest_axis(plan, lens)));
}

View panned(const View& view, float dx, float dy) {
  View next = view;
  next.center_x -= static_cast<double>(dx) / (static_cast<double>(view.width) * view.zoom);
  next.center_y -= static_cast<double>(dy) / (static_cast<double>(view.height) * view.zoom);
  // The viewport never leaves the fitted picture.
  const double half = 0.5 / view.zoom;
  next.center_x = std::clamp(next.center_x, half, 1 - half);
  next.center_y = std::clamp(next.center_y, half, 1 - half);
  return next;
}

std::string step_sentence(Language language, const Computation& computation, int64_t step, Lens lens) {
  std::string sentence;
  if (lens == Lens::receptive_field) {
    append_field_sentence(sentence, language, computation.plan.chain(), step);
    return sentence;
  }
  step = std::clamp<int64_t>(step, 0, step_count(computation.plan, lens) - 1);
  if (const ConvPlan* plan = computation.plan.conv2d()) {
    if (lens == Lens::gradient && computation.gradient != nullptr) {
      append_gradient_sentence(sentence, language, *plan, *computation.gradient, step,
                               step_count(computation.plan, lens));
      return sentence;
    }
    CellArithmetic arithmetic;
    step = std::clamp<int64_t>(step, 0, step_count(*plan) - 1);
    cell_arithmetic(*plan, computation.tensors, cell_of_step(*plan, step), arithmetic);
    append_sentence(sentence, language, *plan, step, arithmetic);
  } else {
    append_operation_sentence(sentence, language, computation, lens, step);
  }
  return sentence;
}

}  // namespace convscope
