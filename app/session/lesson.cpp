#include "app/session/lesson.h"

#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>

#include "app/io/atomic_file.h"
#include "app/language/nearest_word.h"
#include "app/session/json_reader.h"
#include "app/session/presets.h"
#include "app/session/session_json.h"
#include "embedded/lessons.h"
#include "engine/output_size.h"

namespace convscope {

const std::string& LocalText::in(Language language) const {
  const std::string& own = words[static_cast<size_t>(language)];
  return own.empty() ? words[1 - static_cast<size_t>(language)] : own;
}

const char* name_of(QuestionKind kind) {
  switch (kind) {
    case QuestionKind::cell:
      return "cell";
    case QuestionKind::next_window:
      return "next_window";
    case QuestionKind::output_size:
      return "output_size";
  }
  return "";
}

Error as_error(Language language, const LessonProblem& problem) {
  if (problem.line == 0) return problem.error;
  const std::string where = problem.path.empty() ? std::string("@json.file") : problem.path;
  return Error{
      "error.lesson_at",
      problem.path,
      {std::to_string(problem.line), std::to_string(problem.column), where, describe(language, problem.error)}};
}

namespace {

constexpr int64_t kMaxLessonBytes = int64_t{4} << 20;
constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
constexpr double kLongestPause = 60;

std::optional<QuestionKind> question_from_name(const std::string& name) {
  for (QuestionKind kind : {QuestionKind::cell, QuestionKind::next_window, QuestionKind::output_size}) {
    if (name == name_of(kind)) return kind;
  }
  return std::nullopt;
}

/// The first thing that is wrong, with the path of the value it is about.
struct Fault {
  std::optional<Error> error;
  std::string path;
};

/// Reads one object of the file and keeps the path along with what is wrong.
class Object {
 public:
  Object(Json& json, std::string path, Fault& fault)
      : fault_(fault), path_(std::move(path)), prefix_(prefix_of(path_)), json_(json), reader_(json, prefix_, error_) {}
  ~Object() { note(); }
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;

  FieldReader& fields() { return reader_; }
  std::string path_of(const std::string& field) const {
    std::string path = prefix_;
    return path.append(field);
  }
  bool has(const char* field) const { return json_.contains(field); }
  const Json& raw(const char* field) const { return json_[field]; }

  void fail(const std::string& field, Error error) {
    note();
    if (fault_.error) return;
    fault_.error = std::move(error);
    fault_.path = field.empty() ? path_ : path_of(field);
  }
  void require(const char* field) {
    if (!has(field)) reader_.fail_missing(field);
    note();
  }
  /// Takes over what the reader of plain fields has found.
  void note() {
    if (!error_ || fault_.error) return;
    const bool missing = error_->code == "error.json_missing";
    fault_.path = missing || error_->args.empty() ? path_ : error_->args.front();
    fault_.error = error_;
  }

  /// One text for all languages, or an object with one for each.
  void text(const char* field, LocalText& target) {
    if (!has(field)) return;
    const Json& value = json_[field];
    const auto fits = [&](const Json& words, const std::string& path) {
      if (!words.is_string()) {
        fail(path, Error{"error.json_type", field, {path_of(path), "@json.string", kind_of(words)}});
        return false;
      }
      if (words.get_ref<const std::string&>().size() > kLongestLessonText) {
        fail(path, Error{"error.lesson_text", field, {path_of(path), std::to_string(kLongestLessonText)}});
        return false;
      }
      return true;
    };
    if (value.is_object()) {
      for (const auto& [language, words] : value.items()) {
        const std::optional<Language> known = language_from_name(language);
        if (!known) continue;
        if (!fits(words, std::string(field) + "." + language)) return;
        target.words[static_cast<size_t>(*known)] = words.get<std::string>();
      }
    } else if (fits(value, field)) {
      target.words.fill(value.get<std::string>());
    }
    if (!fault_.error && target.empty()) {
      fail(field, Error{"error.json_value", field, {path_of(field), "\"\"", "@lesson.words"}});
    }
  }

 private:
  static std::string prefix_of(const std::string& path) {
    std::string prefix = path;
    if (!prefix.empty()) prefix.push_back('.');
    return prefix;
  }

  Fault& fault_;
  std::string path_, prefix_;
  Json& json_;
  std::optional<Error> error_;
  FieldReader reader_;
};

/// What a patch says in other words than the base replaces those: a new source has no old values, `padding` no `pads`.
void make_room(Json& base, const Json& patch) {
  for (const char* tensor : {"input", "weight", "bias"}) {
    if (!patch.contains(tensor) || !patch[tensor].is_object() || !patch[tensor].contains("source")) continue;
    if (!base.contains(tensor) || !base[tensor].is_object()) continue;
    for (const char* field : {"name", "path", "values"}) base[tensor].erase(field);
  }
  if (!patch.contains("params") || !patch["params"].is_object() || !base.contains("params")) return;
  if (patch["params"].contains("padding")) base["params"].erase("pads");
  if (patch["params"].contains("pads")) base["params"].erase("padding");
}

/// A session with a merge patch (RFC 7386) on it.
Result<Session> patched(const Session& session, const Json& patch, const std::string& folder) {
  Result<Json> json = parse_json(session_to_json(session));
  if (!json) return json.error();
  make_room(*json, patch);
  json->merge_patch(patch);
  return session_from_json(json->dump(), folder);
}

/// Lists of one or two sizes, as pairs are written.
void read_pair(Object& object, const char* field, std::optional<Pair>& target) {
  if (!object.has(field)) return;
  Pair pair;
  object.fields().pair(field, pair);
  target = pair;
}

void read_output(Object& when, Json list, std::vector<LessonGoal::OutputValue>& target, Fault& fault) {
  if (!list.is_array()) {
    return when.fail("output",
                     Error{"error.json_type", "output", {when.path_of("output"), "@json.list", kind_of(list)}});
  }
  for (size_t i = 0; i < list.size() && !fault.error; ++i) {
    const std::string path = when.path_of("output[" + std::to_string(i) + "]");
    Json& item = list[i];
    if (!item.is_object()) {
      fault = {Error{"error.json_type", "output", {path, "@json.object", kind_of(item)}}, path};
      return;
    }
    Object object(item, path, fault);
    object.require("at");
    object.require("value");
    LessonGoal::OutputValue wanted;
    std::vector<double> at;
    object.fields().numbers("at", at, 4);
    object.fields().number("value", wanted.value, -1e300, 1e300);
    object.note();
    if (fault.error) return;
    const bool fits = at.size() == 4 && std::all_of(at.begin(), at.end(), [](double index) {
                        return index >= 0 && index < 1e9 && index == std::floor(index);
                      });
    if (!fits) {
      return object.fail("at", Error{"error.json_value", "at", {object.path_of("at"), "@json.list", "[n, c, y, x]"}});
    }
    for (size_t axis = 0; axis < 4; ++axis) wanted.at[axis] = static_cast<int64_t>(at[axis]);
    target.push_back(wanted);
  }
}

LessonGoal read_goal(Json json, const std::string& path, Fault& fault) {
  LessonGoal goal;
  Object when(json, path, fault);
  if (json.empty()) when.fail("", Error{"error.lesson_empty_goal", "when", {}});
  read_pair(when, "input_size", goal.input_size);
  read_pair(when, "output_size", goal.output_size);
  when.fields().flag("keeps_size", goal.keeps_size);
  when.fields().flag("uses_all", goal.uses_all);
  when.fields().text("operation", goal.operation);
  if (when.has("lens")) {
    Lens lens = Lens::sliding;
    when.fields().word("lens", lens, lens_from_name, names_of_lenses().c_str());
    goal.lens = lens;
  }
  const auto count = [&](const char* field, std::optional<int64_t>& target) {
    if (!when.has(field)) return;
    int64_t value = 0;
    when.fields().integer(field, value, 1, kMost);
    target = value;
  };
  count("step", goal.step);
  count("parameters", goal.parameters);
  if (std::optional<Json> params = when.fields().object("params")) {
    for (const auto& [name, value] : params->items()) goal.params.emplace_back(name, value.dump());
  }
  when.note();
  if (std::optional<Json> output = when.fields().take("output"))
    read_output(when, *std::move(output), goal.output, fault);
  // A condition that is not known would never be missed: the task would be done too early.
  if (!fault.error && !json.empty()) {
    when.fail(
        json.begin().key(),
        Error{"error.json_value",
              "when",
              {path, FieldReader::shortened(json.begin().key()),
               "input_size, output_size, keeps_size, uses_all, operation, params, lens, step, parameters, output"}});
  }
  return goal;
}

LessonTask read_task(Json json, const std::string& path, const LessonPage& page, const std::string& folder,
                     Fault& fault) {
  LessonTask task;
  Object object(json, path, fault);
  object.require("words");
  object.require("when");
  object.text("words", task.words);
  object.text("hint", task.hint);
  object.text("done", task.done);
  if (std::optional<Json> when = object.fields().object("when")) {
    task.goal = read_goal(*std::move(when), object.path_of("when"), fault);
  }
  if (std::optional<Json> solution = object.fields().object("solution")) {
    Result<Session> solved = patched(page.session, *solution, folder);
    if (!solved) {
      object.fail("solution", solved.error());
    } else {
      task.solution = std::move(*solved);
    }
  }
  return task;
}

LessonQuestion read_question(Json json, const std::string& path, const LessonPage& page, const std::string& folder,
                             Fault& fault) {
  LessonQuestion question;
  Object object(json, path, fault);
  object.require("ask");
  object.fields().word("ask", question.kind, question_from_name, "cell, next_window, output_size");
  question.step = page.session.step + 1;
  object.fields().integer("step", question.step, 2, kMost);
  object.text("words", question.words);
  object.text("done", question.done);
  if (question.kind == QuestionKind::output_size) {
    object.require("after");
    if (std::optional<Json> after = object.fields().object("after")) {
      Result<Session> session = patched(page.session, *after, folder);
      if (!session) {
        object.fail("after", session.error());
      } else {
        question.after = std::move(*session);
      }
    }
  }
  return question;
}

/// The session that a page starts from, before its changes.
Result<Session> read_base(const Json& base, const std::string& folder) {
  if (base.is_object()) {
    Json copy = base;
    if (!copy.contains("format")) copy["format"] = "convscope-session";
    if (!copy.contains("version")) copy["version"] = 1;
    return session_from_json(copy.dump(), folder);
  }
  if (!base.is_string()) return Error{"error.json_type", "base", {"base", "@lesson.base", kind_of(base)}};
  const auto& name = base.get_ref<const std::string&>();
  if (const Preset* preset = find_preset(name)) {
    Session session = preset->session;
    session.title = preset->name;
    return session;
  }
  return Error{"error.lesson_base", "base", {FieldReader::shortened(name), nearest_preset(name)}};
}

LessonPage read_page(Json json, const std::string& path, const Session* last, const std::string& folder, Fault& fault) {
  LessonPage page;
  Object object(json, path, fault);
  if (object.has("base")) {
    Result<Session> base = read_base(object.raw("base"), folder);
    if (!base) {
      object.fail("base", base.error());
      return page;
    }
    page.session = std::move(*base);
  } else if (last != nullptr) {
    page.session = *last;
  } else {
    object.require("base");
    return page;
  }
  page.session.step = 1;
  if (std::optional<Json> changes = object.fields().object("changes")) {
    Result<Session> changed = patched(page.session, *changes, folder);
    if (!changed) {
      object.fail("changes", changed.error());
      return page;
    }
    page.session = std::move(*changed);
  }
  object.fields().word("lens", page.session.lens, lens_from_name, names_of_lenses().c_str());
  object.fields().integer("step", page.session.step, 1, kMost);
  if (object.has("play")) {
    Pair steps;
    object.fields().pair("play", steps);
    if (steps.h < 1 || steps.w < steps.h) {
      object.fail("play",
                  Error{"error.json_value",
                        "play",
                        {object.path_of("play"), std::to_string(steps.h) + ":" + std::to_string(steps.w), "[1, 9]"}});
    }
    page.play = {steps.h, steps.w};
    page.session.step = std::max<int64_t>(steps.h, 1);
  }
  if (object.has("pause")) {
    // zero is a pause as well
    double seconds = 0;
    object.fields().number("pause", seconds, -1e-9, kLongestPause);
    page.pause_seconds = std::max(0.0, seconds);
  }
  object.require("caption");
  object.text("title", page.title);
  object.text("caption", page.caption);
  if (std::optional<Json> camera = object.fields().object("camera")) {
    Object view(*camera, object.path_of("camera"), fault);
    LessonCamera place;
    std::vector<double> center;
    view.fields().number("zoom", place.zoom, 0, 1000);
    view.fields().numbers("center", center, 2);
    if (center.size() == 2) {
      place.center_x = std::clamp(center[0], 0.0, 1.0);
      place.center_y = std::clamp(center[1], 0.0, 1.0);
    }
    page.camera = place;
  }
  object.note();
  if (fault.error) return page;
  if (object.has("task") && object.has("question"))
    object.fail("question", Error{"error.lesson_task_and_question", "", {}});
  if (std::optional<Json> task = object.fields().object("task")) {
    page.task = read_task(*std::move(task), object.path_of("task"), page, folder, fault);
  }
  if (std::optional<Json> question = object.fields().object("question")) {
    page.question = read_question(*std::move(question), object.path_of("question"), page, folder, fault);
    if (!fault.error && page.question->kind != QuestionKind::output_size) page.session.step = page.question->step - 1;
  }
  return page;
}

}  // namespace

LessonReading read_lesson(std::string_view text, const std::string& given_folder) {
  // Sessions are written and read again for each page: a path that is not whole would grow each time.
  const std::string base_folder =
      given_folder.empty() ? std::string() : std::filesystem::absolute(given_folder).string();
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.substr(0, 3) == kByteOrderMark) text.remove_prefix(3);
  const auto at = [&](const std::string& path, Error error) {
    const auto [line, column] = place_in_json(text, path);
    return LessonReading{nullptr, {line, column, path, std::move(error)}};
  };
  Result<DocumentKind> kind = check_document(text, base_folder);
  if (!kind) return {nullptr, {0, 0, {}, kind.error()}};
  if (*kind != DocumentKind::lesson) return at("format", Error{"error.lesson_format", "format", {}});
  Result<Json> json = parse_json(text);
  if (!json) return {nullptr, {0, 0, {}, json.error()}};

  auto lesson = std::make_shared<Lesson>();
  Fault fault;
  {
    Object object(*json, "", fault);
    object.text("title", lesson->title);
    object.text("about", lesson->about);
    std::optional<Json> pages = object.fields().take("pages");
    if (pages && !pages->is_array()) {
      object.fail("pages", Error{"error.json_type", "pages", {"pages", "@json.list", kind_of(*pages)}});
    } else if (pages && pages->size() > kMostLessonPages) {
      object.fail(
          "pages",
          Error{"error.lesson_size", "pages", {std::to_string(pages->size()), std::to_string(kMostLessonPages)}});
    }
    for (size_t i = 0; pages && i < pages->size() && !fault.error; ++i) {
      const std::string path = "pages[" + std::to_string(i) + "]";
      if (!(*pages)[i].is_object()) {
        fault = {Error{"error.json_type", "pages", {path, "@json.object", kind_of((*pages)[i])}}, path};
        break;
      }
      const Session* last = lesson->pages.empty() ? nullptr : &lesson->pages.back().session;
      lesson->pages.push_back(read_page(std::move((*pages)[i]), path, last, base_folder, fault));
    }
  }
  if (fault.error) return at(fault.path, *fault.error);
  return {std::move(lesson), {}};
}

const std::vector<LessonPtr>& lessons() {
  static const std::vector<LessonPtr> all = [] {
    // "03_output_size.json": the number is the place among the lessons.
    std::vector<std::pair<std::string, LessonPtr>> ordered;
    for (const embedded::File& file : embedded::lessons()) {
      const std::string stem = std::filesystem::path(file.path).stem().string();
      const size_t line = stem.find('_');
      if (line == std::string::npos || line == 0 || stem.find_first_not_of("0123456789") != line) continue;
      const LessonReading reading = read_lesson(file.contents);
      if (!reading.lesson) continue;
      auto named = std::make_shared<Lesson>(*reading.lesson);
      named->name = stem.substr(line + 1);
      ordered.emplace_back(stem, std::move(named));
    }
    std::sort(ordered.begin(), ordered.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<LessonPtr> list;
    for (auto& [stem, lesson] : ordered) list.push_back(std::move(lesson));
    return list;
  }();
  return all;
}

LessonPtr find_lesson(std::string_view name) {
  for (const LessonPtr& lesson : lessons()) {
    if (lesson->name == name) return lesson;
  }
  return nullptr;
}

std::string nearest_lesson(std::string_view name) {
  std::vector<std::string> names;
  for (const LessonPtr& lesson : lessons()) names.push_back(lesson->name);
  return nearest_word(name, names);
}

bool is_lesson_file(const std::string& path) {
  if (std::filesystem::path(path).extension() != ".json") return false;
  const Result<std::string> text = read_file(path, kMaxLessonBytes);
  if (!text || text->find("\"convscope-lesson\"") == std::string::npos) return false;
  const Result<DocumentKind> kind = check_document(*text);
  // One of a version to come is a lesson as well: reading it says what is wrong.
  return kind ? *kind == DocumentKind::lesson : kind.error().code == "error.json_version";
}

Result<LessonPtr> open_lesson(const std::string& name_or_path, Language language) {
  if (LessonPtr lesson = find_lesson(name_or_path)) return lesson;
  struct stat status = {};
  if (stat(name_or_path.c_str(), &status) != 0) {
    if (name_or_path.find_first_of("/.") != std::string::npos) return Error{"error.file_not_found", "", {name_or_path}};
    return Error{"error.unknown_lesson", "", {name_or_path, nearest_lesson(name_or_path)}};
  }
  const std::filesystem::path path(name_or_path);
  const Result<std::string> text = read_file(name_or_path, kMaxLessonBytes);
  if (!text) return text.error();
  LessonReading reading = read_lesson(*text, path.parent_path().string());
  if (!reading.lesson) return error_in_file(as_error(language, reading.problem), *text, name_or_path);
  auto named = std::make_shared<Lesson>(*reading.lesson);
  named->name = path.stem().string();
  if (named->title.empty()) named->title.words.fill(named->name);
  if (named->pages.empty()) return Error{"error.lesson_empty", "pages", {named->name}};
  return LessonPtr(std::move(named));
}

namespace {

/// Whether the floor of the output size has nothing left over, on both axes.
bool leaves_nothing(const OperationPlan& plan) {
  const ConvPlan* conv = plan.conv2d();
  if (conv == nullptr) return false;
  const auto height =
      output_size(conv->in.h, conv->pads.top, conv->pads.bottom, conv->kernel.h, conv->dilation.h, conv->stride.h);
  const auto width =
      output_size(conv->in.w, conv->pads.left, conv->pads.right, conv->kernel.w, conv->dilation.w, conv->stride.w);
  return height && width && height->remainder == 0 && width->remainder == 0;
}

bool holds_value(const Tensor& output, const LessonGoal::OutputValue& wanted) {
  // Unbatched outputs are read as the only one of a batch.
  const int rank = output.shape().rank();
  int64_t flat = 0;
  for (int axis = 0; axis < 4; ++axis) {
    const int own = axis - (4 - rank);
    const int64_t extent = own >= 0 ? output.shape()[own] : 1;
    const int64_t index = wanted.at[static_cast<size_t>(axis)];
    if (index >= extent) return false;
    flat = flat * extent + index;
  }
  return std::abs(output.at(flat) - wanted.value) <= 1e-4 * (1 + std::abs(wanted.value));
}

bool has_params(const Session& session, const LessonGoal& goal) {
  if (goal.params.empty()) return true;
  const Result<Json> json = parse_json(session_to_json(session));
  if (!json) return false;
  const Json& params = (*json)["params"];
  return std::all_of(goal.params.begin(), goal.params.end(), [&](const auto& wanted) {
    if (!params.contains(wanted.first)) return false;
    const Json value = Json::parse(wanted.second);
    const Json& found = params[wanted.first];
    // One number stands for each axis.
    const auto is_value = [&](const Json& one) { return one == value; };
    return found == value ||
           (value.is_number() && found.is_array() && std::all_of(found.begin(), found.end(), is_value));
  });
}

}  // namespace

bool reaches(const LessonGoal& goal, const Session& session, const Computation& computation) {
  const OperationPlan& plan = computation.plan;
  // Of one axis there is a width alone.
  const auto equal = [&](const std::optional<Pair>& wanted, Pair found) {
    return !wanted || (plan.dims() == 1 ? wanted->w == found.w : *wanted == found);
  };
  if (!equal(goal.input_size, plan.in()) || !equal(goal.output_size, plan.out())) return false;
  if (goal.keeps_size && !(plan.in() == plan.out())) return false;
  if (goal.uses_all && !leaves_nothing(plan)) return false;
  if (!goal.operation.empty() && goal.operation != session.operation) return false;
  if (goal.lens && *goal.lens != session.lens) return false;
  if (goal.step && *goal.step != session.step) return false;
  if (goal.parameters) {
    const int64_t weights = plan.has_weight() ? plan.weight_shape().numel().value_or(0) : 0;
    const int64_t biases = plan.has_bias() ? plan.bias_shape().numel().value_or(0) : 0;
    if (*goal.parameters != weights + biases) return false;
  }
  for (const LessonGoal::OutputValue& wanted : goal.output) {
    if (!holds_value(computation.tensors.output, wanted)) return false;
  }
  return has_params(session, goal);
}

namespace {

/// Walks over JSON that is known to be well formed.
class Walker {
 public:
  explicit Walker(std::string_view text) : text_(text) {}
  size_t at() const { return at_; }

  void blanks() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
  }
  char next() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void step() { ++at_; }
  std::string_view string() {
    const size_t from = ++at_;
    while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    const std::string_view inside = text_.substr(from, std::min(at_, text_.size()) - from);
    ++at_;
    return inside;
  }
  void skip_value() {
    blanks();
    int depth = 0;
    do {
      const char c = next();
      if (c == '"') {
        string();
      } else if (c == '{' || c == '[') {
        ++depth;
        step();
      } else if (c == '}' || c == ']') {
        --depth;
        step();
      } else if (depth == 0) {
        while (at_ < text_.size() && std::string_view(",]} \t\r\n").find(text_[at_]) == std::string_view::npos) ++at_;
      } else {
        step();
      }
    } while (depth > 0 && at_ < text_.size());
  }
  /// Into the value of that name, or of that index of a list; false where there is none (then the place stays).
  bool enter(std::string_view name, size_t index, bool in_list) {
    blanks();
    const size_t start = at_;
    if (next() != (in_list ? '[' : '{')) return false;
    step();
    for (size_t i = 0; at_ < text_.size(); ++i) {
      blanks();
      if (next() == ']' || next() == '}') break;
      if (!in_list) {
        const std::string_view key = string();
        blanks();
        step();  // the colon
        blanks();
        if (key == name) return true;
      } else if (i == index) {
        return true;
      }
      skip_value();
      blanks();
      if (next() == ',') step();
    }
    at_ = start;
    return false;
  }

 private:
  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

std::pair<size_t, size_t> place_in_json(std::string_view text, std::string_view path) {
  Walker walker(text);
  walker.blanks();
  while (!path.empty()) {
    const bool in_list = path.front() == '[';
    const size_t end = in_list ? path.find(']') : path.find_first_of(".[");
    const std::string_view part = path.substr(in_list ? 1 : 0, end - (in_list ? 1 : 0));
    size_t index = 0;
    if (in_list) {
      for (const char digit : part) index = index * 10 + static_cast<size_t>(digit - '0');
    }
    if (!walker.enter(part, index, in_list)) break;
    walker.blanks();
    path.remove_prefix(std::min(path.size(), end == std::string_view::npos ? path.size() : end + (in_list ? 1 : 0)));
    if (path.starts_with('.')) path.remove_prefix(1);
  }
  size_t line = 1, column = 1;
  for (size_t i = 0; i < walker.at() && i < text.size(); ++i) {
    if (text[i] == '\n') {
      ++line;
      column = 1;
    } else if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) {
      ++column;
    }
  }
  return {line, column};
}

}  // namespace convscope
