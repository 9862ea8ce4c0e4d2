#include "app/scene/prediction.h"

#include <array>
#include <cmath>

#include "app/scene/build_scene.h"
#include "app/scene/lesson_text.h"
#include "app/scene/sentence.h"
#include "engine/trace.h"

namespace convscope {
namespace {

/// Where a hand-computed value is taken for the engine's: rounded to two decimals.
constexpr double kRounding = 0.005 + 1e-6;

std::string pair_text(Pair pair) {
  return pair.h == pair.w ? std::to_string(pair.h) : "(" + std::to_string(pair.h) + ", " + std::to_string(pair.w) + ")";
}

std::string cell_text(const ConvPlan& plan, const OutputCell& cell) {
  std::array<char, 96> index{};
  const int length = index_text(index.data(), index.size(), plan, cell, !plan.unbatched);
  return "Y[" + std::string(index.data(), static_cast<size_t>(length)) + "]";
}

std::string place_text(Pair place) { return "(" + std::to_string(place.h) + ", " + std::to_string(place.w) + ")"; }

std::string window_reason(Language language, const ConvPlan& plan, int64_t step) {
  const OutputCell cell = cell_of_step(plan, step);
  const std::string to = place_text(window_origin(plan, cell));
  if (step == 0) return tr(language, "predict.reason_first", {to});
  const OutputCell before = cell_of_step(plan, step - 1);
  const std::string from = place_text(window_origin(plan, before));
  if (before.n == cell.n && before.c == cell.c && before.y == cell.y) {
    return tr(language, "predict.reason_right", {from, to, std::to_string(plan.stride.w)});
  }
  if (before.n == cell.n && before.c == cell.c) {
    return tr(language, "predict.reason_row", {from, to, std::to_string(plan.stride.h)});
  }
  return tr(language, "predict.reason_channel", {from, to});
}

}  // namespace

bool can_ask(QuestionKind kind, const Computation& computation, Lens lens, int64_t step) {
  // Windows and sizes are asked for in rows and columns, which one axis does not have.
  if (kind != QuestionKind::cell && computation.plan.dims() == 1) return false;
  if (kind == QuestionKind::output_size) return lens != Lens::receptive_field;
  if (computation.plan.conv2d() == nullptr || lens == Lens::gradient || lens == Lens::receptive_field) return false;
  return step >= 0 && step < step_count(computation.plan, lens);
}

int answer_count(QuestionKind kind) { return kind == QuestionKind::cell ? 1 : 2; }

std::string question_words(Language language, const Prediction& prediction, const Computation& computation) {
  if (prediction.kind == QuestionKind::output_size) {
    Session shown;
    shown.operation = prediction.after->operation;
    shown.params = computation.params;
    shown.more = computation.more;
    shown.input_shape = computation.plan.input_shape();
    return tr(language, "predict.ask_size", {changed_arguments(shown, *prediction.after)});
  }
  const ConvPlan& plan = *computation.plan.conv2d();
  const std::string number = std::to_string(prediction.step + 1);
  if (prediction.kind == QuestionKind::next_window) return tr(language, "predict.ask_window", {number});
  return tr(language, "predict.ask_cell", {number, cell_text(plan, cell_of_step(plan, prediction.step))});
}

Result<Verdict> judge(Language language, const Prediction& prediction, const Computation& computation,
                      const std::array<double, 2>& answer) {
  const auto is = [](double given, int64_t wanted) { return given == static_cast<double>(wanted); };
  if (prediction.kind == QuestionKind::output_size) {
    // A file brings its own shape.
    const bool from_file = brings_its_shape(prediction.after->input.kind);
    const Result<OperationPlan> plan =
        validate(*prediction.after, from_file ? computation.plan.input_shape() : prediction.after->input_shape);
    if (!plan) return plan.error();
    Verdict verdict{is(answer[0], plan->out().h) && is(answer[1], plan->out().w), {}};
    append_size_formula(verdict.reason, *plan, false);
    if (!same_on_both_axes(*plan)) {
      verdict.reason += "; ";
      append_size_formula(verdict.reason, *plan, true);
    }
    return verdict;
  }
  const ConvPlan& plan = *computation.plan.conv2d();
  const OutputCell cell = cell_of_step(plan, prediction.step);
  if (prediction.kind == QuestionKind::next_window) {
    const Pair origin = window_origin(plan, cell);
    return Verdict{is(answer[0], origin.h) && is(answer[1], origin.w), window_reason(language, plan, prediction.step)};
  }
  CellArithmetic arithmetic;
  cell_arithmetic(plan, computation.tensors, cell, arithmetic);
  return Verdict{std::abs(answer[0] - arithmetic.result) <= kRounding,
                 cell_text(plan, cell) + " = " + spelled_terms(plan, computation.tensors, cell, true)};
}

Session varied(const Session& session, uint64_t turn) {
  const Result<OperationPlan> now = validate(session, session.input_shape);
  const OperationFamily family = shown_family(session.operation).value_or(OperationFamily::conv);
  Session fallback = session;
  // A fixed walk: every change of one argument comes once before any comes again.
  constexpr uint64_t kChanges = 13;
  for (uint64_t i = 0; i < kChanges; ++i) {
    const uint64_t change = (turn * 5 + i) % kChanges;
    Session other = session;
    ConvParams& p = other.params;
    if (change < 3) {
      p.stride = {static_cast<int64_t>(change) + 1, static_cast<int64_t>(change) + 1};
    } else if (change < 6) {
      p.padding_kind = PaddingKind::numbers;
      p.padding = {static_cast<int64_t>(change) - 3, static_cast<int64_t>(change) - 3};
    } else if (change < 11) {
      if (session.weight.kind == SourceKind::values || is_of_file(session.weight.kind))
        other.weight = {SourceKind::ones, {}, {}, nullptr};
      p.kernel_size = {static_cast<int64_t>(change) - 5, static_cast<int64_t>(change) - 5};
    } else {
      if (family == OperationFamily::avg_pool) continue;
      p.dilation = {static_cast<int64_t>(change) - 10, static_cast<int64_t>(change) - 10};
    }
    const Result<OperationPlan> plan = validate(other, session.input_shape);
    if (!plan || other.params == session.params) continue;
    if (!now || !(plan->out() == now->out())) return other;
    fallback = std::move(other);
  }
  return fallback;
}

std::string changed_arguments(const Session& session, const Session& after) {
  std::string text;
  const auto add = [&](const char* name, const std::string& value) {
    text += (text.empty() ? "" : ", ") + std::string(name) + " = " + value;
  };
  const ConvParams &a = session.params, &b = after.params;
  if (!(session.input_shape == after.input_shape)) add("input", "(" + after.input_shape.to_string() + ")");
  if (!(a.kernel_size == b.kernel_size)) add("kernel_size", pair_text(b.kernel_size));
  if (!(a.stride == b.stride)) add("stride", pair_text(b.stride));
  if (a.padding_kind != b.padding_kind || !(a.padding == b.padding) || !(a.pads == b.pads)) {
    add("padding", b.padding_kind == PaddingKind::same    ? "'same'"
                   : b.padding_kind == PaddingKind::valid ? "'valid'"
                   : b.padding_kind == PaddingKind::pads
                       ? "(" + std::to_string(b.pads.top) + ", " + std::to_string(b.pads.left) + ", " +
                             std::to_string(b.pads.bottom) + ", " + std::to_string(b.pads.right) + ")"
                       : pair_text(b.padding));
  }
  if (!(a.dilation == b.dilation)) add("dilation", pair_text(b.dilation));
  if (a.groups != b.groups) add("groups", std::to_string(b.groups));
  if (!(session.more.output_padding == after.more.output_padding))
    add("output_padding", pair_text(after.more.output_padding));
  if (session.more.ceil_mode != after.more.ceil_mode) add("ceil_mode", after.more.ceil_mode ? "True" : "False");
  return text;
}

}  // namespace convscope
