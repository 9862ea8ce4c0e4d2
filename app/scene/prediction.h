// Questions before a step is shown: this cell's value, the next window's place, the output's size. The right answer is
// read from the engine when it is judged and kept nowhere.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "app/session/lesson.h"

namespace convscope {

struct Prediction {
  QuestionKind kind = QuestionKind::cell;
  int64_t step = 0;              // the step that is asked for, from 0
  std::optional<Session> after;  // of output_size: the session whose output is asked for
};

/// Whether such a question can be asked about what is shown: cells and windows of a convolution that a lens walks
/// through, and steps that are there. The size can be asked for of every operation.
bool can_ask(QuestionKind kind, const Computation& computation, Lens lens, int64_t step);

/// "Step 5: what will Y[0, 0, 1, 1] be?"
std::string question_words(Language language, const Prediction& prediction, const Computation& computation);

/// Numbers that answer it: one of a cell; row and column of a window's upper left corner in the input, which may be
/// negative; height and width of an output.
int answer_count(QuestionKind kind);

struct Verdict {
  bool right = false;
  std::string reason;  // the arithmetic, in a sentence
};
/// `computation` is that of the session asked about. A cell's value may be rounded to two decimals. Errors:
/// validate()'s of `after`.
Result<Verdict> judge(Language language, const Prediction& prediction, const Computation& computation,
                      const std::array<double, 2>& answer);

/// A session that differs from this one in one argument, legal and of another output size where there is one: for free
/// practice. The same `turn` gives the same.
Session varied(const Session& session, uint64_t turn);
/// "stride = 2": what `after` has other than `session`.
std::string changed_arguments(const Session& session, const Session& after);

}  // namespace convscope
