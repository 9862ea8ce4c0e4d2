#include "app/gui/array_use.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "app/io/npy.h"
#include "app/session/computation.h"
#include "app/session/operation_plan.h"
#include "app/session/presets.h"

namespace convscope {

namespace {

constexpr std::array kRoleNames = {"input", "weight", "bias"};
/// Kernels are rarely larger, inputs rarely smaller.
constexpr int64_t kLargestLikelyKernel = 11;

bool has_weight(const Session& session) {
  const std::optional<OperationFamily> family = shown_family(session.operation);
  return family == OperationFamily::conv || family == OperationFamily::conv_transpose;
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

/// "layer1.conv.weight": the last word.
std::string last_word(std::string_view name) {
  const size_t at = name.find_last_of("./_:");
  return lower(at == std::string_view::npos ? name : name.substr(at + 1));
}

std::string pair_text(Pair pair) { return "(" + std::to_string(pair.h) + ", " + std::to_string(pair.w) + ")"; }

std::vector<std::string> changes_between(const Session& before, const Session& after) {
  std::vector<std::string> changes;
  const auto number = [&](const char* name, int64_t was, int64_t is) {
    if (was != is) changes.push_back(std::string(name) + "=" + std::to_string(is));
  };
  const ConvParams &b = before.params, &a = after.params;
  number("in_channels", b.in_channels, a.in_channels);
  number("out_channels", b.out_channels, a.out_channels);
  number("groups", b.groups, a.groups);
  if (b.kernel_size != a.kernel_size) {
    const bool one_axis = shown_dims(after.operation) == 1;
    changes.push_back("kernel_size=" + (one_axis ? std::to_string(a.kernel_size.w) : pair_text(a.kernel_size)));
  }
  if (b.bias != a.bias) changes.push_back(a.bias ? "bias=True" : "bias=False");
  if (b.dtype != a.dtype) changes.push_back(std::string("dtype=") + name_of(a.dtype));
  return changes;
}

/// As compute() would find it, from the headers of the files alone.
std::optional<Error> problem_of(const Session& session, TensorCache& cache) {
  const Result<OperationPlan> plan = plan_of(session, cache);
  if (!plan) return plan.error();
  const auto differs = [&](const TensorSource& source, const Shape& wanted, const char* code) -> std::optional<Error> {
    if (source.kind != SourceKind::npy) return std::nullopt;
    const Result<Shape> found = npy_shape(source.path);
    if (!found) return found.error();
    if (*found == plan->shown(wanted)) return std::nullopt;
    const char* const field = &source == &session.weight ? "weight" : "bias";
    return Error{code, field, {found->to_string(" x "), plan->shown(wanted).to_string(" x ")}};
  };
  if (!plan->has_weight()) return std::nullopt;
  if (auto wrong = differs(session.weight, plan->weight_shape(), "error.weight_shape")) return wrong;
  if (!plan->has_bias()) return std::nullopt;
  return differs(session.bias, plan->bias_shape(), "error.bias_shape");
}

Result<Session> with_array(const Session& base, const std::string& path, ArrayRole role, const LastGood& last) {
  if (role == ArrayRole::input) return session_with_input_following(base, path, last);
  if (role == ArrayRole::weight) return session_with_weight_file(base, path, last);
  const Result<Shape> shape = npy_shape(path);
  if (!shape) return shape.error();
  if (shape->rank() != 1) return Error{"error.bias_file_shape", "bias", {shape->to_string(" x ")}};
  return session_with_bias_file(base, path);
}

/// Numbers of the seed where the session's tensor of that role was.
void redraw(Session& session, ArrayRole role) {
  if (role == ArrayRole::weight) {
    session.weight = TensorSource{SourceKind::conv2d_init, {}, {}, nullptr};
  } else if (role == ArrayRole::bias) {
    session.bias = TensorSource{SourceKind::conv2d_init, {}, {}, nullptr};
  } else {
    // As large as it was, with the channels that are asked for; at least as large as the kernel.
    Shape shape{1, session.params.in_channels, 1, 1};
    const Shape before = as_nchw(session.input_shape);
    const bool is_flat = shown_dims(session.operation) == 1;
    const Pair kernel = session.params.kernel_size;
    shape[2] = is_flat ? 1 : std::max(before.rank() == 4 ? before[2] : 1, kernel.h);
    shape[3] = std::max(before.rank() == 4 ? before[3] : 1, kernel.w);
    session.input = TensorSource{SourceKind::randn, {}, {}, nullptr};
    session.input_shape = shape;
  }
}

}  // namespace

const char* name_of(ArrayRole role) { return kRoleNames[static_cast<size_t>(role)]; }

std::vector<ArrayRole> roles_of(const Session& session) {
  if (!has_weight(session)) return {ArrayRole::input};
  return {ArrayRole::input, ArrayRole::weight, ArrayRole::bias};
}

ArrayRole likely_role(const Session& session, std::string_view name, const Shape& shape) {
  if (!has_weight(session)) return ArrayRole::input;
  const std::string word = last_word(name);
  const int weight_rank = shown_dims(session.operation) + 2;
  if (shape.rank() == 1) {
    return shown_dims(session.operation) == 1 && (word == "x" || word == "input") ? ArrayRole::input : ArrayRole::bias;
  }
  if (shape.rank() != weight_rank) return ArrayRole::input;
  if (word == "weight" || word == "kernel" || word == "w") return ArrayRole::weight;
  if (word == "x" || word == "input" || word == "image" || word == "images") return ArrayRole::input;
  bool small = true;
  for (int axis = 2; axis < weight_rank; ++axis) small = small && shape[axis] <= kLargestLikelyKernel;
  // One picture of a few rows is looked at more often than a single kernel of many channels.
  return small && shape[0] > 1 ? ArrayRole::weight : ArrayRole::input;
}

Result<ArrayUse> use_array(const Session& base, const std::string& path, ArrayRole role, const LastGood& last) {
  Result<Session> session = with_array(base, path, role, last);
  if (!session) return session.error();
  TensorCache cache;
  if (role == ArrayRole::bias && base.weight.kind != SourceKind::npy) {
    // A kernel that is made or typed follows the number of its biases.
    const Result<Shape> shape = npy_shape(path);
    const int64_t count = shape ? (*shape)[0] : 0;
    if (count >= 1 && count != session->params.out_channels) {
      const int64_t groups = count % std::max<int64_t>(session->params.groups, 1) == 0 ? session->params.groups : 1;
      const Action follow = edit_params("out_channels", last, [&](ConvParams& params) {
        params.out_channels = count;
        params.groups = groups;
      });
      follow.change(*session);
    }
  }
  ArrayUse use;
  use.changes = changes_between(base, *session);
  use.problem = problem_of(*session, cache);
  use.session = *std::move(session);
  if (!use.problem) return use;
  for (const ArrayRole other : {ArrayRole::input, ArrayRole::weight, ArrayRole::bias}) {
    if (other == role) continue;
    Session redrawn = use.session;
    redraw(redrawn, other);
    if (problem_of(redrawn, cache)) continue;
    use.redrawn = std::move(redrawn);
    use.redrawn_role = other;
    break;
  }
  return use;
}

}  // namespace convscope
