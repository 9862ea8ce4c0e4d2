// The session under the user's hands: edits, undo, and the numbers that follow, without any window.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "app/session/beside.h"
#include "app/session/computation.h"
#include "app/session/cross_checker.h"
#include "app/session/session.h"

namespace convscope {

/// An edit of the session. `name` ("edit.stride") is shown by undo; edits of the same `merge_key` in a row (a slider
/// being dragged) become one undo step; an empty key never merges.
struct Action {
  std::string name_key;
  std::string merge_key;
  std::function<void(Session&)> change;
};

/// Owns a session and keeps its numbers up to date: small work at once, long work on a thread of its own, cancelled
/// as soon as it is stale. Used from one thread.
class Workbench {
 public:
  explicit Workbench(Session session);
  ~Workbench();

  const Session& session() const;

  /// Applies an edit, validates, computes or starts computing. An illegal result keeps the edit (the widget shows
  /// what was typed) and the last good computation, that from before all edits merged into this one; error() says what
  /// is wrong.
  void apply(const Action& action);
  /// Changes that are no edits (step, play speed, lens, theme, language): no undo step.
  void apply_view(const std::function<void(Session&)>& change);
  /// Replaces the whole session (open, preset) as one undoable edit.
  void replace(Session session, std::string_view name_key);

  /// A chapter is a document of its own for a while, such as a page of a lesson: replaces the session, and undo goes
  /// back no further than here. Within a chapter the next one takes its place, edits and all.
  void begin_chapter(Session session);
  /// Ends it with the session that goes on; what was edited before it can be undone again, and one undo step under
  /// `name_key` leads back to the chapter's end.
  void end_chapter(Session session, std::string_view name_key);

  /// Edits the other one of two configurations (see beside.h): no undo step. Both keep their numbers.
  void switch_sides();
  /// The side that is not edited, with its numbers and what is wrong with it; null where there is none, or where it
  /// shows the same numbers in another lens. Only to be read, except that its work may be cancelled.
  Workbench* other();
  const Workbench* other() const;

  bool can_undo() const;
  bool can_redo() const;
  std::string_view undo_name_key() const;
  std::string_view redo_name_key() const;
  void undo();
  void redo();

  /// What is wrong with the session as it stands, or nullptr. A fault of no argument in particular, such as too large a
  /// tensor, is laid to the argument that was changed last.
  const Error* error() const;
  /// The plan of the session as it stands, when valid: known at once, even while numbers are on their way.
  const OperationPlan* operation_plan() const;
  /// The same for those who know conv2d only: nullptr when the session shows another operation.
  const ConvPlan* plan() const;
  /// Shape of the input as it stands, a file's own included, whether the parameters fit it or not; the session's where
  /// the file cannot be read.
  const Shape& input_shape() const;
  /// What is wrong with the session's chain of layers, or nullptr; its last legal state then stays in the plan of
  /// computation(). Of a session without a chain: nullptr, its own layer's fault is error().
  const ChainProblem* chain_problem() const;
  /// Whether the session's lens shows an earlier state, because of one of the two.
  bool shows_last_good() const;
  /// The last good numbers; null only before the first result.
  ComputationPtr computation() const;

  /// Takes in finished background work; call once per frame. True if the computation changed.
  bool update();
  bool busy() const;       // the other side included
  bool computing() const;  // this side
  float progress() const;  // 0 to 1 of this side's running work
  void cancel();           // this side's
  /// Blocks until no work runs, the cross-check's included: for tests, exports and screenshots.
  void wait();

  /// Started on computation() by whoever wants it; forgotten with the next change of the numbers.
  CrossChecker& cross_checker();

  /// Steps of the animation of the present computation in the session's lens (at least 1); of two configurations, those
  /// of the longer one.
  int64_t step_count() const;
  /// Of this side alone: whoever asks a plan about a step of the timeline asks about own_step() of it (from 0).
  int64_t own_step_count() const;
  int64_t own_step(int64_t step) const;
  /// How both sides go under the timeline; nothing without a comparison or before the numbers of both.
  std::optional<PairSteps> steps_of_pair() const;
  /// The session's edits since the last mark_saved().
  bool modified() const;
  void mark_saved();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace convscope
