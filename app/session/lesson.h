// Lessons: pages to step through, each a session with words and perhaps something to try. Files that people write by
// hand.
//
//   {
//     "format": "convscope-lesson", "version": 1,
//     "title": {"en": "Stride", "zh": "步幅"},
//     "pages": [
//       {"base": "tutorial_5_1", "lens": "sliding", "play": [1, 3],
//        "caption": {"en": "A kernel of {kernel_size} gives {output_size}.", "zh": "..."}},
//       {"changes": {"params": {"padding": 0}},
//        "caption": {...},
//        "task": {"words": {...}, "when": {"output_size": [4, 4]}, "done": {...}, "solution": {"params": {"padding":
//        1}}}}
//     ]
//   }
//
// assets/lessons/lesson.schema.json lists every field. What stands in braces in a text is the engine's: see
// lesson_text.h.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/session/computation.h"
#include "app/session/session.h"

namespace convscope {

inline constexpr size_t kMostLessonPages = 200;
inline constexpr size_t kLongestLessonText = 2000;  // bytes

/// Words in every language, or in some: a language that is missing reads those of another.
struct LocalText {
  std::array<std::string, 2> words;  // by Language
  const std::string& in(Language language) const;
  bool empty() const { return words[0].empty() && words[1].empty(); }
  bool in_all_languages() const { return !words[0].empty() && !words[1].empty(); }
};

/// What makes a task done; everything that is there must hold.
struct LessonGoal {
  struct OutputValue {
    std::array<int64_t, 4> at{};  // (n, c, y, x)
    double value = 0;
  };
  std::optional<Pair> input_size, output_size;  // (height, width)
  bool keeps_size = false;                      // the output is as high and wide as the input
  bool uses_all = false;                        // the floor leaves no row and no column over
  std::string operation;
  /// Arguments and the values they must have, as JSON in the form that sessions are written in.
  std::vector<std::pair<std::string, std::string>> params;
  std::optional<Lens> lens;
  std::optional<int64_t> step;        // from 1
  std::optional<int64_t> parameters;  // weights and biases together
  std::vector<OutputValue> output;
};

struct LessonTask {
  LocalText words, hint, done;
  LessonGoal goal;
  std::optional<Session> solution;  // what check_lesson() tries; nothing shows it
};

enum class QuestionKind : uint8_t { cell, next_window, output_size };
const char* name_of(QuestionKind kind);  // "cell", "next_window", "output_size"

/// Something to say before it is shown; its answer is the engine's and stands in no file.
struct LessonQuestion {
  QuestionKind kind = QuestionKind::cell;
  int64_t step = 1;              // of cell and next_window: the step that is asked for, from 1; the one before is shown
  std::optional<Session> after;  // of output_size: the session whose output is asked for; answering leads there
  LocalText words, done;
};

struct LessonCamera {
  double zoom = 1, center_x = 0.5, center_y = 0.5;
};

struct LessonPage {
  Session session;  // base and changes together, with the page's lens and first step
  LocalText title, caption;
  std::optional<std::pair<int64_t, int64_t>> play;  // steps to play, from 1, both included
  std::optional<double> pause_seconds;              // of an export, behind the last step; else as reading takes
  std::optional<LessonCamera> camera;
  std::optional<LessonTask> task;
  std::optional<LessonQuestion> question;
};

struct Lesson {
  std::string name;  // of a built-in one: "output_size"; of a file: its own
  LocalText title, about;
  std::vector<LessonPage> pages;
};
using LessonPtr = std::shared_ptr<const Lesson>;

/// What is wrong with a lesson's text, and where. `line` is 0 where the error's own words say the place.
struct LessonProblem {
  size_t line = 0, column = 0;
  std::string path;  // "pages[2].task.when"
  Error error;
};
/// "Line 12, column 9 (pages[2].task.when): ..." as an error of its own.
Error as_error(Language language, const LessonProblem& problem);

/// Exactly one of the two is there.
struct LessonReading {
  LessonPtr lesson;
  LessonProblem problem;
};
/// Errors: those of parse_json() and of sessions, error.json_*, error.lesson_base (args: found, nearest preset),
/// error.lesson_text, error.lesson_size, error.lesson_task_and_question, error.lesson_empty_goal. Unknown fields are
/// left alone. Files named in sessions are looked for in `base_folder`.
LessonReading read_lesson(std::string_view text, const std::string& base_folder = {});

/// Line and column, both from 1, of the value at a path such as "pages[2].task.when", or of the nearest thing around it
/// that is there. The text is JSON.
std::pair<size_t, size_t> place_in_json(std::string_view text, std::string_view path);

/// The built-in lessons in the order in which they are taught; parsed once. Empty never: a test opens each file.
const std::vector<LessonPtr>& lessons();
LessonPtr find_lesson(std::string_view name);
/// The lesson whose name is most like the text.
std::string nearest_lesson(std::string_view name);

/// Whether a file is a lesson in form. Reads it.
bool is_lesson_file(const std::string& path);
/// A built-in lesson by name or a file. Errors: error.unknown_lesson (args: text, nearest), error.lesson_empty (args:
/// name), those of reading; words that name a place are in `language`.
Result<LessonPtr> open_lesson(const std::string& name_or_path, Language language);

/// Whether a session whose numbers are `computation` has reached the goal; `computation` is that of this very session.
bool reaches(const LessonGoal& goal, const Session& session, const Computation& computation);

}  // namespace convscope
