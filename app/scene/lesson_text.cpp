#include "app/scene/lesson_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <utility>

#include "app/scene/build_scene.h"
#include "app/scene/sentence.h"
#include "engine/output_size.h"
#include "engine/padding.h"
#include "engine/toeplitz.h"

namespace convscope {

std::string short_number(double value) {
  char text[48];
  if (std::abs(value) >= 1e9) {
    std::snprintf(text, sizeof text, "%.4g", value);
    return text;
  }
  std::snprintf(text, sizeof text, "%.4f", value);
  std::string digits(text);
  digits.erase(digits.find_last_not_of('0') + 1);
  if (digits.ends_with('.')) digits.pop_back();
  return digits == "-0" ? "0" : digits;
}

namespace {

constexpr size_t kMostTerms = 12;

std::string factor(double value) {
  const std::string digits = short_number(value);
  return value < 0 ? "(" + digits + ")" : digits;
}

std::string size_text(Pair size) { return std::to_string(size.h) + "\u00d7" + std::to_string(size.w); }
std::string shape_text(const Shape& shape) { return "(" + shape.to_string() + (shape.rank() == 1 ? ",)" : ")"); }

std::optional<std::vector<int64_t>> indices_of(std::string_view inside) {
  std::vector<int64_t> indices;
  while (!inside.empty()) {
    const size_t comma = std::min(inside.find(','), inside.size());
    std::string_view part = inside.substr(0, comma);
    while (part.starts_with(' ')) part.remove_prefix(1);
    int64_t value = 0;
    const auto [end, failed] = std::from_chars(part.data(), part.data() + part.size(), value);
    if (failed != std::errc() || end != part.data() + part.size() || value < 0) return std::nullopt;
    indices.push_back(value);
    inside.remove_prefix(std::min(comma + 1, inside.size()));
  }
  return indices;
}

std::optional<std::string> element(const Tensor& tensor, std::vector<int64_t> at) {
  if (!tensor.defined()) return std::nullopt;
  const Shape& shape = tensor.shape();
  // (C, H, W) is read as the only one of a batch.
  if (static_cast<int>(at.size()) == shape.rank() + 1 && at.front() == 0) at.erase(at.begin());
  if (static_cast<int>(at.size()) != shape.rank()) return std::nullopt;
  int64_t flat = 0;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const int64_t index = at[static_cast<size_t>(axis)];
    if (index >= shape[axis]) return std::nullopt;
    flat = flat * shape[axis] + index;
  }
  return short_number(tensor.at(flat));
}

/// Fills in one thing in braces.
class Words {
 public:
  Words(const Computation& computation, Lens lens) : c_(computation), plan_(computation.plan), lens_(lens) {}

  std::optional<std::string> value(std::string_view name) const {
    if (name.starts_with('=')) {
      Expression expression{*this, name.substr(1)};
      const std::optional<int64_t> result = expression.sum();
      if (!result || !expression.text.empty()) return std::nullopt;
      return std::to_string(*result);
    }
    if (const auto number = quantity(name)) return std::to_string(*number);
    if (const size_t bracket = name.find('['); bracket != std::string_view::npos && name.ends_with(']')) {
      const auto at = indices_of(name.substr(bracket + 1, name.size() - bracket - 2));
      return at ? cell(name.substr(0, bracket), *at) : std::nullopt;
    }
    return plain(name);
  }

 private:
  /// Whole numbers with + - * / and brackets, read from the left.
  struct Expression {
    const Words& words;
    std::string_view text;
    int depth = 0;  // of brackets

    void blanks() {
      while (text.starts_with(' ')) text.remove_prefix(1);
    }
    std::optional<int64_t> sum() {
      std::optional<int64_t> value = product();
      for (blanks(); value && (text.starts_with('+') || text.starts_with('-')); blanks()) {
        const bool minus = text.front() == '-';
        text.remove_prefix(1);
        const std::optional<int64_t> next = product();
        if (!next) return std::nullopt;
        const bool lost =
            minus ? __builtin_sub_overflow(*value, *next, &*value) : __builtin_add_overflow(*value, *next, &*value);
        if (lost) return std::nullopt;
      }
      return value;
    }
    std::optional<int64_t> product() {
      std::optional<int64_t> value = atom();
      for (blanks(); value && (text.starts_with('*') || text.starts_with('/')); blanks()) {
        const bool divides = text.front() == '/';
        text.remove_prefix(1);
        const std::optional<int64_t> next = atom();
        if (!next || (divides && *next <= 0)) return std::nullopt;
        if (divides) {
          *value = *value / *next - (*value % *next < 0 ? 1 : 0);
        } else if (__builtin_mul_overflow(*value, *next, &*value)) {
          return std::nullopt;
        }
      }
      return value;
    }
    std::optional<int64_t> atom() {
      blanks();
      if (text.starts_with('(')) {
        text.remove_prefix(1);
        constexpr int kDeepest = 64;
        if (++depth > kDeepest) return std::nullopt;
        const std::optional<int64_t> value = sum();
        --depth;
        blanks();
        if (!text.starts_with(')')) return std::nullopt;
        text.remove_prefix(1);
        return value;
      }
      const size_t end = std::min(text.find_first_not_of("abcdefghijklmnopqrstuvwxyz_0123456789"), text.size());
      const std::string_view word = text.substr(0, end);
      text.remove_prefix(end);
      int64_t number = 0;
      const auto [stop, failed] = std::from_chars(word.data(), word.data() + word.size(), number);
      if (!word.empty() && failed == std::errc() && stop == word.data() + word.size()) return number;
      return words.quantity(word);
    }
  };

  std::optional<int64_t> quantity(std::string_view name) const {
    const std::array<std::pair<std::string_view, int64_t>, 10> common{{{"n", plan_.in().h},
                                                                       {"n_w", plan_.in().w},
                                                                       {"k", plan_.kernel().h},
                                                                       {"k_w", plan_.kernel().w},
                                                                       {"o", plan_.out().h},
                                                                       {"o_w", plan_.out().w},
                                                                       {"p", plan_.pads().top},
                                                                       {"p_w", plan_.pads().left},
                                                                       {"groups", plan_.groups()},
                                                                       {"cells", plan_.output_cells()}}};
    for (const auto& [known, number] : common) {
      if (name == known) return number;
    }
    if (name == "steps") return std::max<int64_t>(step_count(plan_, lens_), 1);
    if (name == "taps") return plan_.numbers_per_cell();
    if (name == "positions") return plan_.out().h * plan_.out().w;
    const int64_t weights = plan_.has_weight() ? plan_.weight_shape().numel().value_or(0) : 0;
    const int64_t biases = plan_.has_bias() ? plan_.bias_shape().numel().value_or(0) : 0;
    if (name == "weights") return weights;
    if (name == "biases") return biases;
    if (name == "parameters") return weights + biases;
    const auto axis = [](const Shape& shape, int from_behind) {
      return shape.rank() >= from_behind ? shape[shape.rank() - from_behind] : 1;
    };
    const int channels = std::max(2, plan_.dims()) + 1;  // from behind
    if (name == "batch") return axis(plan_.input_shape(), channels + 1);
    if (name == "in_channels") return axis(plan_.input_shape(), channels);
    if (name == "out_channels") return axis(plan_.output_shape(), channels);
    const bool of_pair = name == "s" || name == "d";
    const bool of_columns = name == "s_w" || name == "d_w";
    if (of_pair || of_columns) {
      const Pair pair = name.front() == 's' ? c_.params.stride : c_.params.dilation;
      return of_columns ? pair.w : pair.h;
    }
    const ConvPlan* conv = plan_.conv2d();
    if (name == "macs") return conv != nullptr ? std::optional(conv->output_cells() * conv->taps()) : std::nullopt;
    if (conv == nullptr) return std::nullopt;
    if (name == "span") return conv->effective_kernel().h;
    if (name == "slices") return conv->out_channels * conv->channels_per_group();
    if (name == "left_over") {
      const auto size =
          output_size(conv->in.h, conv->pads.top, conv->pads.bottom, conv->kernel.h, conv->dilation.h, conv->stride.h);
      return size ? std::optional(size->remainder) : std::nullopt;
    }
    return std::nullopt;
  }

  std::optional<std::string> plain(std::string_view name) const {
    if (name == "in") return size_text(plan_.in());
    if (name == "out") return size_text(plan_.out());
    if (name == "kernel") return size_text(plan_.kernel());
    if (name == "x.shape") return shape_text(plan_.input_shape());
    if (name == "y.shape") return shape_text(plan_.output_shape());
    if (name == "w.shape" && plan_.has_weight()) return shape_text(plan_.weight_shape());
    if (name == "b.shape" && plan_.has_bias()) return shape_text(plan_.bias_shape());
    if (name == "formula") {
      std::string text;
      append_size_formula(text, plan_, false);
      return text;
    }
    const ConvPlan* conv = plan_.conv2d();
    if (conv == nullptr) return std::nullopt;
    if (name == "window") return size_text(conv->effective_kernel());
    if (name == "im2col.shape") return size_text({conv->batch * conv->positions(), conv->taps()});
    if (name == "toeplitz.shape") return size_text({toeplitz_rows(*conv), toeplitz_columns(*conv)});
    return std::nullopt;
  }

  std::optional<std::string> cell(std::string_view name, const std::vector<int64_t>& at) const {
    if (name == "x") return element(c_.tensors.input, at);
    if (name == "w") return element(c_.tensors.weight, at);
    if (name == "y") return element(c_.tensors.output, at);
    if (name == "b") return element(c_.tensors.bias, at);
    if (c_.gradient) {
      if (name == "dx") return element(c_.gradient->whole.input, at);
      if (name == "dw") return element(c_.gradient->whole.weight, at);
      if (name == "db") return element(c_.gradient->whole.bias, at);
      if (name == "dy") return element(c_.gradient->grad_output, at);
    }
    const ConvPlan* conv = plan_.conv2d();
    if (conv == nullptr) return std::nullopt;
    if ((name == "terms" || name == "nonzero_terms") && at.size() == 4) {
      const OutputCell cell{at[0], at[1], at[2], at[3]};
      if (cell.n >= conv->batch || cell.c >= conv->out_channels || cell.y >= conv->out.h || cell.x >= conv->out.w) {
        return std::nullopt;
      }
      return spelled_terms(*conv, c_.tensors, cell, name == "nonzero_terms");
    }
    if (name == "padded_row" && at.size() == 2 && at[0] < conv->in_channels && at[1] < conv->in.h) {
      std::string text;
      for (int64_t x = -conv->pads.left; x < conv->in.w + conv->pads.right; ++x) {
        if (!text.empty()) text += ' ';
        if (x == 0 && conv->pads.left > 0) text += "| ";
        if (x == conv->in.w) text += "| ";
        const int64_t source = source_index(x, conv->in.w, conv->padding_mode);
        text += source == kZeroPadding ? "0" : element(c_.tensors.input, {0, at[0], at[1], source}).value_or("?");
      }
      return text;
    }
    return std::nullopt;
  }

  const Computation& c_;
  const OperationPlan& plan_;
  Lens lens_;
};

/// Calls `with` for the texts between braces and `plain` for what stands around them.
template <class Plain, class With>
void for_each_part(std::string_view text, Plain plain, With with) {
  while (!text.empty()) {
    const size_t open = text.find('{');
    const size_t close = open == std::string_view::npos ? open : text.find('}', open);
    if (close == std::string_view::npos) return plain(text);
    plain(text.substr(0, open));
    with(text.substr(open + 1, close - open - 1));
    text.remove_prefix(close + 1);
  }
}

}  // namespace

std::string spelled_terms(const ConvPlan& plan, const ConvTensors& tensors, const OutputCell& cell, bool skip_zeros) {
  CellArithmetic arithmetic;
  cell_arithmetic(plan, tensors, cell, arithmetic);
  std::vector<std::string> terms;
  for (const TapValues& tap : arithmetic.values) {
    if (skip_zeros && tap.weight == 0) continue;
    terms.push_back(factor(tap.input) + "\u00b7" + factor(tap.weight));
  }
  std::string text;
  for (size_t i = 0; i < terms.size(); ++i) {
    if (terms.size() > kMostTerms && i == 4) {
      text += " + \u2026";
      i = terms.size() - 1;
    }
    text += (text.empty() ? "" : " + ") + terms[i];
  }
  if (terms.empty()) text = "0";
  if (plan.bias) text += " + " + factor(arithmetic.bias);
  return text + " = " + short_number(arithmetic.result);
}

std::string lesson_text(std::string_view text, const Computation& computation, Lens lens) {
  const Words words(computation, lens);
  std::string out;
  for_each_part(
      text, [&](std::string_view part) { out += part; },
      [&](std::string_view name) {
        if (const auto value = words.value(name)) {
          out += *value;
        } else {
          out.append("{").append(name).append("}");
        }
      });
  return out;
}

std::optional<std::string> unfilled(std::string_view text, const Computation& computation, Lens lens) {
  const Words words(computation, lens);
  std::optional<std::string> first;
  for_each_part(
      text, [](std::string_view) {},
      [&](std::string_view name) {
        if (!first && !words.value(name)) first = std::string(name);
      });
  return first;
}

namespace {

/// The problem of one page, or nothing.
std::optional<LessonProblem> check_page(const LessonPage& page, const std::string& path) {
  const auto problem = [&](const char* field, Error error) {
    return LessonProblem{0, 0, path + (*field != '\0' ? "." : "") + field, std::move(error)};
  };
  TensorCache cache;
  const auto numbers = [&](const Session& session) { return compute(session, cache); };
  const Result<ComputationPtr> own = numbers(page.session);
  if (!own) return problem("", own.error());
  const OperationPlan& plan = (*own)->plan;
  const Lens lens = page.session.lens;
  if (!lens_applies(lens, plan)) return problem("lens", unfit_lens(lens));
  const int64_t steps = std::max<int64_t>(step_count(plan, lens), 1);
  const int64_t last = page.play ? page.play->second : page.session.step;
  if (last > steps) {
    return problem(page.play ? "play" : "step",
                   Error{"error.step_outside", "step", {std::to_string(last), std::to_string(steps)}});
  }
  const auto check_words = [&](const char* field, const LocalText& text,
                               const Computation& computation) -> std::optional<LessonProblem> {
    for (const std::string& words : text.words) {
      if (const auto name = unfilled(words, computation, lens)) {
        return problem(field, Error{"error.lesson_placeholder", field, {*name}});
      }
    }
    return std::nullopt;
  };
  for (const auto& [field, text] : {std::pair("title", &page.title), std::pair("caption", &page.caption)}) {
    if (auto wrong = check_words(field, *text, **own)) return wrong;
  }
  if (page.task) {
    if (reaches(page.task->goal, page.session, **own))
      return problem("task", Error{"error.lesson_goal_at_once", "when", {}});
    if (auto wrong = check_words("task.words", page.task->words, **own)) return wrong;
    if (auto wrong = check_words("task.hint", page.task->hint, **own)) return wrong;
    if (page.task->solution) {
      const Result<ComputationPtr> solved = numbers(*page.task->solution);
      if (!solved) return problem("task.solution", solved.error());
      if (!reaches(page.task->goal, *page.task->solution, **solved)) {
        return problem("task.solution", Error{"error.lesson_solution", "solution", {}});
      }
      if (auto wrong = check_words("task.done", page.task->done, **solved)) return wrong;
    }
  }
  if (page.question) {
    const LessonQuestion& question = *page.question;
    ComputationPtr answered = *own;
    if (question.after) {
      const Result<ComputationPtr> after = numbers(*question.after);
      if (!after) return problem("question.after", after.error());
      answered = *after;
    } else if (question.step > steps) {
      return problem("question",
                     Error{"error.step_outside", "step", {std::to_string(question.step), std::to_string(steps)}});
    } else if (plan.conv2d() == nullptr || lens == Lens::gradient || lens == Lens::receptive_field) {
      return problem("question", Error{"error.lesson_question", "ask", {name_of(question.kind)}});
    }
    if (auto wrong = check_words("question.words", question.words, **own)) return wrong;
    if (auto wrong = check_words("question.done", question.done, *answered)) return wrong;
  }
  return std::nullopt;
}

}  // namespace

std::optional<LessonProblem> check_lesson(const Lesson& lesson) {
  for (size_t i = 0; i < lesson.pages.size(); ++i) {
    if (auto problem = check_page(lesson.pages[i], "pages[" + std::to_string(i) + "]")) return problem;
  }
  return std::nullopt;
}

}  // namespace convscope
