#include "app/session/workbench.h"

#include <algorithm>
#include <deque>
#include <new>
#include <utility>
#include <vector>

#include "app/session/latest_worker.h"
#include "engine/conv_param_spec.h"

namespace convscope {

namespace {

/// Work that is expected to take longer than this would be felt in a frame.
constexpr double kAtOnceSeconds = 0.004;
constexpr size_t kMaxUndoSteps = 1000;
constexpr std::string_view kEdit = "edit.";  // before the argument's name in an action's name_key

/// What an edit is not: undo leaves it alone, saving does not ask about it.
void copy_view(const Session& from, Session& to) {
  to.steps_per_second = from.steps_per_second;
  to.loop = from.loop;
  to.theme = from.theme;
  to.language = from.language;
}

void copy_view_and_place(const Session& from, Session& to) {
  copy_view(from, to);
  to.lens = from.lens;
  to.picture = from.picture;
  to.step = from.step;
}

/// Whether two sessions give the same numbers.
bool same_numbers(const Session& a, const Session& b) {
  return a.operation == b.operation && a.params == b.params && a.input_shape == b.input_shape && a.seed == b.seed &&
         a.input == b.input && a.weight == b.weight && a.bias == b.bias && a.algorithm == b.algorithm &&
         a.more == b.more && a.gradient == b.gradient && a.learn == b.learn;
}

/// What the background is asked for.
struct Request {
  Session session;
  ComputationPtr last;
  std::shared_ptr<TensorCache> cache;
};

}  // namespace

struct Workbench::State {
  struct Edit {
    Session session;  // before the edit, when undone; after it, when redone
    std::string name_key;
    std::string merge_key;
    bool whole = false;  // replaced everything, lens and step included
  };

  Session session;
  Session saved;
  std::deque<Edit> undo;
  std::vector<Edit> redo;
  bool may_merge = false;
  std::optional<size_t> chapter;  // undo steps from before it

  std::shared_ptr<TensorCache> cache = std::make_shared<TensorCache>();
  std::optional<Error> error;
  std::optional<OperationPlan> plan;
  std::optional<ChainProblem> chain_problem;
  Shape input_shape;
  ComputationPtr computation;
  ComputationPtr before_edit;   // the last good one when the edit began into which others are merged
  std::string edited_argument;  // PyTorch's name, of the last edit; empty when it was of something else
  bool changed = false;         // since the last update()
  // Last: their threads use what stands above.
  LatestWorker<Request, ComputationPtr> worker{[](const Request& wanted, Job* job) {
    return compute(wanted.session, *wanted.cache, Conv2dOptions{Algorithm::automatic, 0, job}, wanted.last);
  }};
  CrossChecker cross_checker;
  std::unique_ptr<Workbench> other;  // of what stands beside, while that has numbers of its own

  /// A lens that does not show the session's operation makes room for one that does.
  void fit_lens() {
    if (const std::optional<OperationFamily> family = shown_family(session.operation)) {
      session.lens = fitting_lens(*family, session.lens, shown_dims(session.operation));
    }
  }

  void adopt(ComputationPtr done) {
    const ChainPlanPtr last_good = computation ? computation->plan.chain() : nullptr;
    computation = std::move(done);
    changed = true;
    fit_lens();
    follow_chain(last_good);
    clamp_step();
  }

  /// Puts the session's chain beside the numbers, or, where it is illegal, the last good one.
  void follow_chain(const ChainPlanPtr& last_good) {
    chain_problem.reset();
    if (!computation) return;
    const bool own = session.chain.layers.empty();
    // An own layer comes with its numbers: while they are on their way, or cannot be had, the chain of the last good
    // ones stays.
    if (own && (!plan || !(*plan == computation->plan))) return;
    const LayerChain wanted = shown_chain(session, plan ? &*plan : nullptr);
    ChainPlanPtr chain = computation->plan.chain();
    if (last_good && last_good->chain == wanted) {
      chain = last_good;
    } else if (!chain || !(chain->chain == wanted)) {
      CheckedChain checked = check_chain(wanted);
      if (!checked.plan && !own) chain_problem = std::move(checked.problem);
      chain = checked.plan ? std::move(checked.plan) : last_good;
    }
    if (chain == computation->plan.chain()) return;
    auto with_chain = std::make_shared<Computation>(*computation);
    with_chain->plan.set_chain(std::move(chain));
    computation = std::move(with_chain);
    changed = true;
    clamp_step();
  }
  void follow_chain() { follow_chain(computation ? computation->plan.chain() : nullptr); }

  void clamp_step() { session.step = std::clamp<int64_t>(session.step, 1, shown_steps()); }

  int64_t own_steps() const {
    if (!computation) return 1;
    return std::max<int64_t>(convscope::step_count(computation->plan, session.lens), 1);
  }
  /// Those of the longer one of two; known before its numbers are there.
  int64_t shown_steps() const {
    int64_t steps = own_steps();
    // The other side is made when its session is known; until then a longer one must not lose its place.
    if (session.beside && session.beside->other && !other) return std::max(steps, session.step);
    if (!other) return steps;
    const ComputationPtr numbers = other->computation();
    const OperationPlan* beside = other->operation_plan();
    if (beside == nullptr && numbers) beside = &numbers->plan;
    if (beside != nullptr) steps = std::max(steps, convscope::step_count(*beside, other->session().lens));
    return steps;
  }

  /// The same where the numbers of both sides have changed, whose steps are only known together.
  void follow_beside_from(int64_t step) {
    follow_beside();
    if (!other || !computation) return;
    session.step = step;
    clamp_step();
  }

  /// Lets the other side follow the session.
  void follow_beside() {
    const std::optional<Session> wanted = other_side(session);
    if (!wanted) {
      if (std::exchange(other, nullptr) && computation) clamp_step();
      return;
    }
    if (!other) {
      other = std::make_unique<Workbench>(*wanted);
    } else {
      other->apply_view([&](Session& now) {
        const int64_t step = now.step;
        now = *wanted;
        now.step = step;
      });
    }
    if (computation) clamp_step();
  }

  /// After the session has changed: where each side is now what the other one was, the numbers change places with them.
  void exchange_numbers(const Session& before) {
    const std::optional<Session> wanted = other_side(session);
    if (!other || !wanted || same_numbers(before, session)) return;
    if (!same_numbers(other->session(), session) || !same_numbers(before, *wanted)) return;
    State& theirs = *other->state_;
    worker.cancel();
    theirs.worker.cancel();
    std::swap(computation, theirs.computation);
    std::swap(cache, theirs.cache);
    theirs.before_edit.reset();
    // Its own recompute() follows when its session does.
    changed = theirs.changed = true;
  }

  /// Tensors that cannot be made are the fault of the argument that gave them their shape.
  Error attributed(Error found) const {
    const bool of_a_tensor = found.code == "error.tensor_too_large" || found.code == "error.out_of_memory" ||
                             found.code == "error.values_count" || found.code == "error.sample_shape";
    if (of_a_tensor && !edited_argument.empty()) found.field = edited_argument;
    return found;
  }

  void recompute() {
    worker.cancel();
    cross_checker.forget();
    error.reset();
    plan.reset();
    fit_lens();
    try {
      const Result<Shape> shape = cache->input_shape(session);
      input_shape = shape ? *shape : session.input_shape;
      Result<OperationPlan> valid = plan_of(session, *cache);
      if (!valid) {
        error = attributed(valid.error());
        return;
      }
      plan = *valid;
      if (estimated_seconds(session, *plan, *cache, computation.get()) > kAtOnceSeconds) {
        worker.start({session, computation, cache});
        return;
      }
      Result<ComputationPtr> done = compute(session, *cache, {}, computation);
      if (done) {
        adopt(*std::move(done));
      } else {
        error = attributed(done.error());
      }
    } catch (const std::bad_alloc&) {
      error = Error{"error.memory_exhausted", "", {}};
    }
  }

  /// The lens has begun to show gradients that nobody has asked for so far.
  bool lacks_gradient(const Session& before) const {
    if (!wants_gradient(session) || wants_gradient(before) || error) return false;
    return worker.busy() || (computation && computation->gradient == nullptr);
  }

  void push_undo(Edit edit) {
    undo.push_back(std::move(edit));
    if (undo.size() > kMaxUndoSteps) {
      undo.pop_front();
      if (chapter.value_or(0) > 0) --*chapter;
    }
    redo.clear();
  }

  /// Another session in the place of this one, whose edits are another matter.
  void change_to(Session next) {
    session = std::move(next);
    may_merge = false;
    edited_argument.clear();
    before_edit.reset();
    const int64_t step = session.step;
    recompute();
    follow_chain();
    follow_beside_from(step);
  }

  /// Puts back what `edit` holds and returns the edit that leads here again.
  Edit swap_in(Edit edit) {
    Edit back{session, edit.name_key, {}, edit.whole};
    const Session present = session;
    session = std::move(edit.session);
    // Another operation has lenses and steps of its own: those it had come back with it.
    // Lenses stay with the sides that have them; swapping A and B leaves the edited side in its place.
    Session seen = present;
    const bool swapped = edit.name_key == "edit.swap_sides";
    if (seen.beside && session.beside && (seen.beside->is_a != session.beside->is_a) != swapped) {
      convscope::switch_sides(seen);
    }
    if (edit.whole || seen.operation != session.operation) {
      copy_view(present, session);
    } else {
      copy_view_and_place(seen, session);
      if (seen.beside && session.beside && seen.beside->other.has_value() == session.beside->other.has_value()) {
        session.beside->lens = seen.beside->lens;
      }
    }
    may_merge = false;
    edited_argument.clear();
    before_edit.reset();
    const int64_t step = session.step;
    exchange_numbers(present);
    if (!same_numbers(present, session) || error || lacks_gradient(present)) recompute();
    follow_chain();
    follow_beside_from(step);
    return back;
  }
};

Workbench::Workbench(Session session) : state_(std::make_unique<State>()) {
  state_->session = std::move(session);
  state_->saved = state_->session;
  state_->recompute();
  state_->follow_beside();
}

Workbench::~Workbench() = default;

const Session& Workbench::session() const { return state_->session; }

void Workbench::apply(const Action& action) {
  Session before = state_->session;
  const LayerChain before_chain = before.chain;
  action.change(state_->session);
  if (state_->session == before) return;
  const bool is_merged = state_->may_merge && !action.merge_key.empty() && !state_->undo.empty() &&
                         state_->undo.back().merge_key == action.merge_key;
  const bool has_new_numbers = !same_numbers(before, state_->session) || state_->lacks_gradient(before);
  if (!is_merged) {
    state_->push_undo({std::move(before), action.name_key, action.merge_key, false});
    state_->before_edit = state_->computation;
  }
  state_->may_merge = true;
  const std::string_view argument =
      std::string_view(action.name_key).substr(std::min(kEdit.size(), action.name_key.size()));
  state_->edited_argument = find_conv_param(argument) != nullptr ? argument : std::string_view();
  if (has_new_numbers) state_->recompute();
  if (!(before_chain == state_->session.chain)) state_->follow_chain();
  // What undo brings back, not what "10" showed on the way to "100000".
  if (is_merged && state_->error && state_->before_edit) state_->adopt(state_->before_edit);
  state_->follow_beside();
}

void Workbench::apply_view(const std::function<void(Session&)>& change) {
  const Session before = state_->session;
  change(state_->session);
  if (!same_numbers(before, state_->session) || state_->lacks_gradient(before)) state_->recompute();
  if (!(before.chain == state_->session.chain)) state_->follow_chain();
  Session& now = state_->session;
  const bool same_step = now.step == before.step;
  const bool looks_alike = before.lens == now.lens && before.theme == now.theme && before.language == now.language;
  if (!looks_alike || !(before.beside == now.beside)) state_->follow_beside();
  if (now.lens != before.lens && same_step && state_->computation) {
    // A side that rests at its end does not call the longer one back.
    const OperationPlan& plan = state_->computation->plan;
    const bool rests = before.step > std::max<int64_t>(convscope::step_count(plan, before.lens), 1);
    now.step = rests ? before.step : step_across(plan, before.lens, before.step - 1, now.lens) + 1;
    state_->clamp_step();
  }
}

void Workbench::switch_sides() {
  if (!state_->session.beside) return;
  const Session before = state_->session;
  convscope::switch_sides(state_->session);
  state_->may_merge = false;
  state_->edited_argument.clear();
  state_->before_edit.reset();
  if (state_->session.beside->other) {
    state_->exchange_numbers(before);
    state_->recompute();
    state_->follow_chain();
    state_->follow_beside_from(before.step);
  } else if (state_->computation) {
    state_->session.step =
        step_across(state_->computation->plan, before.lens, before.step - 1, state_->session.lens) + 1;
  }
}

Workbench* Workbench::other() { return state_->other.get(); }
const Workbench* Workbench::other() const { return state_->other.get(); }

void Workbench::replace(Session session, std::string_view name_key) {
  if (session == state_->session) return;
  state_->push_undo({std::move(state_->session), std::string(name_key), {}, true});
  state_->change_to(std::move(session));
}

void Workbench::begin_chapter(Session session) {
  if (!state_->chapter) state_->chapter = state_->undo.size();
  while (state_->undo.size() > *state_->chapter) state_->undo.pop_back();
  state_->redo.clear();
  state_->change_to(std::move(session));
}

void Workbench::end_chapter(Session session, std::string_view name_key) {
  if (!state_->chapter) return;
  while (state_->undo.size() > *state_->chapter) state_->undo.pop_back();
  state_->chapter.reset();
  state_->push_undo({std::move(state_->session), std::string(name_key), {}, true});
  state_->change_to(std::move(session));
}

bool Workbench::can_undo() const { return state_->undo.size() > state_->chapter.value_or(0); }
bool Workbench::can_redo() const { return !state_->redo.empty(); }
std::string_view Workbench::undo_name_key() const {
  return can_undo() ? std::string_view(state_->undo.back().name_key) : std::string_view();
}
std::string_view Workbench::redo_name_key() const {
  return can_redo() ? std::string_view(state_->redo.back().name_key) : std::string_view();
}

void Workbench::undo() {
  if (!can_undo()) return;
  State::Edit edit = std::move(state_->undo.back());
  state_->undo.pop_back();
  state_->redo.push_back(state_->swap_in(std::move(edit)));
}

void Workbench::redo() {
  if (!can_redo()) return;
  State::Edit edit = std::move(state_->redo.back());
  state_->redo.pop_back();
  state_->undo.push_back(state_->swap_in(std::move(edit)));
}

const Error* Workbench::error() const { return state_->error ? &*state_->error : nullptr; }
const OperationPlan* Workbench::operation_plan() const { return state_->plan ? &*state_->plan : nullptr; }
const ConvPlan* Workbench::plan() const { return state_->plan ? state_->plan->conv2d() : nullptr; }
const ChainProblem* Workbench::chain_problem() const {
  return state_->chain_problem ? &*state_->chain_problem : nullptr;
}
bool Workbench::shows_last_good() const {
  const bool shows_a_chain = state_->session.lens == Lens::receptive_field && !state_->session.chain.layers.empty();
  return shows_a_chain ? state_->chain_problem.has_value() : state_->error.has_value();
}
const Shape& Workbench::input_shape() const { return state_->input_shape; }
ComputationPtr Workbench::computation() const { return state_->computation; }

CrossChecker& Workbench::cross_checker() { return state_->cross_checker; }

bool Workbench::update() {
  state_->cross_checker.update();
  if (std::optional<Result<ComputationPtr>> done = state_->worker.take()) {
    if (*done) {
      state_->adopt(**std::move(done));
    } else {
      state_->error = state_->attributed(done->error());
    }
  }
  if (state_->other && state_->other->update()) {
    if (state_->computation) state_->clamp_step();
    state_->changed = true;
  }
  return std::exchange(state_->changed, false);
}

bool Workbench::busy() const { return computing() || (state_->other && state_->other->busy()); }
bool Workbench::computing() const { return state_->worker.busy(); }
float Workbench::progress() const { return state_->worker.progress(); }

void Workbench::cancel() {
  if (!state_->worker.busy()) return;
  state_->worker.cancel();
  state_->error = Error{"error.cancelled", "", {}};
}

void Workbench::wait() {
  state_->worker.wait();
  state_->cross_checker.wait();
  if (state_->other) state_->other->wait();
  // Taken in here, but left for the next update() to report.
  state_->changed = update();
}

int64_t Workbench::step_count() const { return state_->shown_steps(); }
int64_t Workbench::own_step_count() const { return state_->own_steps(); }
int64_t Workbench::own_step(int64_t step) const { return std::clamp<int64_t>(step, 0, state_->own_steps() - 1); }

std::optional<PairSteps> Workbench::steps_of_pair() const {
  const State& s = *state_;
  if (!s.session.beside || !s.computation) return std::nullopt;
  const ComputationPtr beside = s.other ? s.other->computation() : s.computation;
  if (!beside) return std::nullopt;
  const Lens lens = s.other ? s.other->session().lens : lens_beside(s.session);
  return pair_steps(s.computation->plan, s.session.lens, beside->plan, lens, !s.other);
}

bool Workbench::modified() const {
  Session present = state_->session;
  const Session& saved = state_->saved;
  // Which side is edited is no edit.
  if (present.beside && saved.beside && present.beside->is_a != saved.beside->is_a) convscope::switch_sides(present);
  if (present.beside && saved.beside) present.beside->lens = saved.beside->lens;
  copy_view_and_place(saved, present);
  return !(present == saved);
}

void Workbench::mark_saved() {
  state_->saved = state_->session;
  state_->may_merge = false;
}

}  // namespace convscope
