#include "engine/conv_plan.h"

#include <numeric>
#include <optional>
#include <string>

#include "engine/checked_math.h"
#include "engine/output_size.h"

namespace convscope {

Shape ConvPlan::input_shape() const {
  return unbatched ? Shape{in_channels, in.h, in.w} : Shape{batch, in_channels, in.h, in.w};
}

Shape ConvPlan::weight_shape() const { return {out_channels, channels_per_group(), kernel.h, kernel.w}; }

Shape ConvPlan::bias_shape() const { return {out_channels}; }

Shape ConvPlan::output_shape() const {
  return unbatched ? Shape{out_channels, out.h, out.w} : Shape{batch, out_channels, out.h, out.w};
}

namespace {

/// "2" where both are equal, as PyTorch lets it be written, else "(2, 1)".
std::string text(Pair pair) {
  if (pair.h == pair.w) return std::to_string(pair.h);
  return '(' + std::to_string(pair.h) + ", " + std::to_string(pair.w) + ')';
}

std::string text(int64_t h, int64_t w) { return std::to_string(h) + " x " + std::to_string(w); }

/// The values that `groups` may have, "1, 2, 4"; the first twelve.
std::string common_divisors(int64_t a, int64_t b) {
  const int64_t greatest = std::gcd(a, b);
  std::string list;
  int found = 0;
  // Divisors beyond a million are of no help to anyone and would take long to find.
  for (int64_t d = 1; d <= greatest && d <= 1'000'000 && found < 12; ++d) {
    if (greatest % d != 0) continue;
    if (found++ > 0) list += ", ";
    list += std::to_string(d);
  }
  return list;
}

std::optional<Error> check_numbers(const ConvParams& p) {
  const auto at_least_1 = [](int64_t v) { return v >= 1; };
  const auto both_at_least_1 = [](Pair v) { return v.h >= 1 && v.w >= 1; };
  if (!at_least_1(p.in_channels)) {
    return Error{"error.in_channels_not_positive", "in_channels", {std::to_string(p.in_channels)}};
  }
  if (!at_least_1(p.out_channels)) {
    return Error{"error.out_channels_not_positive", "out_channels", {std::to_string(p.out_channels)}};
  }
  if (!both_at_least_1(p.kernel_size)) {
    return Error{"error.kernel_size_not_positive", "kernel_size", {text(p.kernel_size)}};
  }
  if (!both_at_least_1(p.stride)) return Error{"error.stride_not_positive", "stride", {text(p.stride)}};
  if (p.padding_kind == PaddingKind::numbers && (p.padding.h < 0 || p.padding.w < 0)) {
    return Error{"error.padding_negative", "padding", {text(p.padding)}};
  }
  if (!both_at_least_1(p.dilation)) return Error{"error.dilation_not_positive", "dilation", {text(p.dilation)}};
  if (!at_least_1(p.groups)) return Error{"error.groups_not_positive", "groups", {std::to_string(p.groups)}};
  if (p.in_channels % p.groups != 0) {
    return Error{
        "error.in_channels_not_divisible",
        "groups",
        {std::to_string(p.in_channels), std::to_string(p.groups), common_divisors(p.in_channels, p.out_channels)}};
  }
  if (p.out_channels % p.groups != 0) {
    return Error{
        "error.out_channels_not_divisible",
        "groups",
        {std::to_string(p.out_channels), std::to_string(p.groups), common_divisors(p.in_channels, p.out_channels)}};
  }
  if (p.padding_kind == PaddingKind::same && (p.stride.h != 1 || p.stride.w != 1)) {
    return Error{"error.same_needs_stride_1", "padding", {text(p.stride)}};
  }
  return std::nullopt;
}

std::optional<Error> check_input(const ConvParams& p, const Shape& shape) {
  const int rank = shape.rank();
  if (rank != 3 && rank != 4) return Error{"error.input_rank", "input", {shape.to_string()}};
  const int64_t batch = rank == 4 ? shape[0] : 1;
  // An empty batch is a batch; an empty picture has no cell that a window could stand on.
  if (batch < 0 || shape[rank - 2] < 1 || shape[rank - 1] < 1) {
    return Error{"error.input_empty", "input", {shape.to_string()}};
  }
  if (shape[rank - 3] != p.in_channels) {
    return Error{"error.in_channels_mismatch",
                 "in_channels",
                 {std::to_string(p.in_channels), std::to_string(shape[rank - 3]), shape.to_string()}};
  }
  return std::nullopt;
}

Error overflow(const char* field) { return Error{"error.size_overflow", field, {field}}; }

/// The pads of both axes; empty where 'same' needs more than int64_t holds.
std::optional<Pads> pads_of(const ConvParams& p) {
  switch (p.padding_kind) {
    case PaddingKind::valid:
      return Pads{};
    case PaddingKind::numbers:
      return Pads{p.padding.h, p.padding.w, p.padding.h, p.padding.w};
    case PaddingKind::same:
      break;
  }
  const std::optional<int64_t> total_h = checked_mul(p.dilation.h, p.kernel_size.h - 1);
  const std::optional<int64_t> total_w = checked_mul(p.dilation.w, p.kernel_size.w - 1);
  if (!total_h || !total_w) return std::nullopt;
  // Where the total is odd, PyTorch puts the extra cell at the end.
  return Pads{*total_h / 2, *total_w / 2, *total_h - *total_h / 2, *total_w - *total_w / 2};
}

/// The limits of reflect and circular on one axis.
std::optional<Error> check_mode(PaddingMode mode, Pair in, const Pads& pads) {
  const auto most = [](int64_t a, int64_t b) { return a > b ? a : b; };
  const Pair largest{most(pads.top, pads.bottom), most(pads.left, pads.right)};
  if (mode == PaddingMode::reflect && (largest.h >= in.h || largest.w >= in.w)) {
    return Error{"error.reflect_padding_too_large",
                 "padding",
                 {text(largest), text(in.h, in.w), text(Pair{in.h - 1, in.w - 1})}};
  }
  if (mode == PaddingMode::circular && (largest.h > in.h || largest.w > in.w)) {
    return Error{"error.circular_padding_too_large", "padding", {text(largest), text(in.h, in.w), text(in)}};
  }
  return std::nullopt;
}

}  // namespace

Result<ConvPlan> validate(const ConvParams& params, const Shape& input_shape) {
  if (std::optional<Error> error = check_numbers(params)) return *error;
  if (std::optional<Error> error = check_input(params, input_shape)) return *error;

  ConvPlan plan;
  const int rank = input_shape.rank();
  plan.dtype = params.dtype;
  plan.unbatched = rank == 3;
  plan.batch = plan.unbatched ? 1 : input_shape[0];
  plan.in_channels = params.in_channels;
  plan.out_channels = params.out_channels;
  plan.groups = params.groups;
  plan.in = {input_shape[rank - 2], input_shape[rank - 1]};
  plan.kernel = params.kernel_size;
  plan.stride = params.stride;
  plan.dilation = params.dilation;
  plan.bias = params.bias;
  plan.padding_mode = params.padding_mode;

  const std::optional<Pads> pads = pads_of(params);
  if (!pads) return overflow("dilation");
  plan.pads = *pads;
  const std::optional<OutputSize> h =
      output_size(plan.in.h, pads->top, pads->bottom, plan.kernel.h, plan.dilation.h, plan.stride.h);
  const std::optional<OutputSize> w =
      output_size(plan.in.w, pads->left, pads->right, plan.kernel.w, plan.dilation.w, plan.stride.w);
  if (!h || !w) {
    // Which of the two sums of the formula is too long: the padded input or the window?
    const bool window =
        !checked_mul(plan.dilation.h, plan.kernel.h - 1) || !checked_mul(plan.dilation.w, plan.kernel.w - 1);
    return overflow(window ? "dilation" : "padding");
  }
  if (h->numerator < 0 || w->numerator < 0) {
    return Error{"error.kernel_larger_than_input",
                 "kernel_size",
                 {text(plan.kernel), text(plan.dilation), text(h->effective_k, w->effective_k),
                  text(h->effective_k + h->numerator, w->effective_k + w->numerator)}};
  }
  plan.out = {h->out, w->out};
  if (std::optional<Error> error = check_mode(params.padding_mode, plan.in, plan.pads)) return *error;

  // Everything that ConvPlan's accessors multiply must fit, the padded picture too (the im2col view addresses it).
  const std::optional<int64_t> cells = checked_mul(plan.out.h, plan.out.w);
  if (!input_shape.numel()) return overflow("input");
  if (!plan.weight_shape().numel()) return overflow("weight");
  if (!cells || !plan.output_shape().numel() || !checked_mul(*cells, plan.out_channels)) return overflow("output");
  return plan;
}

Result<void> check_weight(const ConvPlan& plan, const Shape& weight_shape, const Shape* bias_shape) {
  if (weight_shape != plan.weight_shape()) {
    return Error{"error.weight_shape", "weight", {weight_shape.to_string(), plan.weight_shape().to_string()}};
  }
  if (plan.bias && bias_shape != nullptr && *bias_shape != plan.bias_shape()) {
    return Error{"error.bias_shape", "bias", {bias_shape->to_string(), plan.bias_shape().to_string()}};
  }
  return {};
}

}  // namespace convscope
