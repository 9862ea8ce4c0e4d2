// A step of the gradients, or an iteration of learning, in words and numbers.
#include <cmath>
#include <cstdio>

#include "app/scene/gradient_lens.h"
#include "app/scene/words.h"

namespace convscope {
namespace {

void append_iteration(std::string& out, Language language, const GradientNumbers& numbers, int64_t iteration) {
  const LearningPath& path = *numbers.path;
  char rate[32];
  const int length = std::snprintf(rate, sizeof rate, "%g", numbers.learn.learning_rate);
  const bool last = iteration >= path.last();
  append_words(out, words_of(language, last ? "scene.learning_last" : "scene.learning_step"),
               {Digits(iteration),
                Digits(numbers.learn.steps),
                Digits(path.losses[static_cast<size_t>(iteration)]),
                {rate, static_cast<size_t>(length)}});
}

void append_step(std::string& out, Language language, const ConvPlan& plan, const OutputCell& cell, double gradient,
                 int64_t step, int64_t steps) {
  char index[96];
  const auto wide = [](int64_t value) { return static_cast<long long>(value); };
  const int length =
      plan.unbatched ? std::snprintf(index, sizeof index, "%lld, %lld, %lld", wide(cell.c), wide(cell.y), wide(cell.x))
                     : std::snprintf(index, sizeof index, "%lld, %lld, %lld, %lld", wide(cell.n), wide(cell.c),
                                     wide(cell.y), wide(cell.x));
  append_words(
      out, words_of(language, plan.bias ? "scene.gradient_step_bias" : "scene.gradient_step"),
      {Digits(step + 1), Digits(steps), {index, static_cast<size_t>(length)}, Digits(gradient), Digits(cell.c)});
}

}  // namespace

void append_gradient_sentence(std::string& out, Language language, const ConvPlan& plan, const GradientNumbers& numbers,
                              int64_t step, int64_t steps) {
  if (numbers.path) return append_iteration(out, language, numbers, shown_iteration(numbers, step));
  append_step(out, language, plan, cell_of_step(plan, step), numbers.grad_output.at(step), step, steps);
}

const std::string& longest_gradient_sentence(Language language, const ConvPlan& plan, const GradientNumbers& numbers,
                                             int64_t steps) {
  thread_local std::string words;  // keeps its memory from frame to frame
  words.clear();
  if (numbers.path) {
    append_iteration(words, language, numbers, std::max<int64_t>(0, numbers.path->last() - 1));
    words.append(8, '0');
    return words;
  }
  const NumberRange range = range_of(numbers.grad_output);
  const double magnitude = std::floor(range.max_abs()) + (range.integral ? 0 : 0.1111);
  append_step(words, language, plan, {plan.batch - 1, plan.out_channels - 1, plan.out.h - 1, plan.out.w - 1},
              range.min < 0 ? -magnitude : magnitude, steps - 1, steps);
  return words;
}

void append_divergence(std::string& out, Language language, const GradientNumbers& numbers) {
  if (!numbers.path || !numbers.path->grows()) return;
  const LearningPath& path = *numbers.path;
  char rate[32], safe[32], loss[32];
  const auto text = [](char(&to)[32], const char* format, double value) -> std::string_view {
    return {to, static_cast<size_t>(std::snprintf(to, sizeof to, format, value))};
  };
  const double reached = path.diverged_at ? path.diverged_loss : path.losses.back();
  const bool finite = std::isfinite(reached);
  const int64_t at = path.diverged_at.value_or(path.last());
  const char* key = path.safe_rate > 0 ? "scene.diverged" : "scene.diverged_unknown";
  append_words(out, words_of(language, key),
               {text(rate, "%g", numbers.learn.learning_rate), Digits(path.losses.front()),
                finite ? text(loss, "%.3g", reached) : words_of(language, "scene.beyond_numbers"), Digits(at),
                text(safe, "%g", path.safe_rate)});
}

}  // namespace convscope
