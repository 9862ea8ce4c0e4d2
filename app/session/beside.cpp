#include "app/session/beside.h"

#include <algorithm>
#include <utility>

namespace convscope {

namespace {

Lens fitted(const std::string& operation, Lens lens) {
  return fitting_lens(shown_family(operation).value_or(OperationFamily::conv), lens, shown_dims(operation));
}

const Configuration& configuration_beside(const Session& session) {
  return session.beside && session.beside->other ? *session.beside->other : session;
}

}  // namespace

Lens lens_beside(const Session& session, Lens own) {
  const Lens wanted = session.beside ? session.beside->lens.value_or(own) : own;
  return fitted(configuration_beside(session).operation, wanted);
}

Lens lens_beside(const Session& session) { return lens_beside(session, session.lens); }

std::optional<Session> other_side(const Session& session) {
  if (!session.beside || !session.beside->other) return std::nullopt;
  Session other;
  static_cast<Configuration&>(other) = *session.beside->other;
  other.lens = lens_beside(session);
  other.theme = session.theme;
  other.language = session.language;
  return other;
}

void switch_sides(Session& session) {
  if (!session.beside) return;
  Beside& beside = *session.beside;
  const Lens own = session.lens;
  session.lens = lens_beside(session);
  if (beside.other) std::swap(static_cast<Configuration&>(session), *beside.other);
  // It is only kept where it does not follow from the lens of the side that is edited now.
  const bool follows = beside.other && fitted(beside.other->operation, session.lens) == own;
  beside.lens = follows ? std::nullopt : std::optional<Lens>(own);
  beside.is_a = !beside.is_a;
}

void swap_sides(Session& session) {
  if (session.beside) session.beside->is_a = !session.beside->is_a;
}

void compare_with_copy(Session& session) {
  session.beside = Beside{static_cast<const Configuration&>(session), std::nullopt, false};
}

void compare_lenses(Session& session, std::optional<Lens> lens) {
  if (!lens) {
    const std::optional<OperationFamily> family = shown_family(session.operation);
    std::vector<Lens> lenses = all_lenses();
    std::erase_if(lenses, [&](Lens l) { return family && !lens_shows(l, *family, shown_dims(session.operation)); });
    // What is computed cell by cell stands beside the picture of the operation itself.
    const Lens first = lenses.front();
    const auto im2col = std::find(lenses.begin(), lenses.end(), Lens::im2col);
    const Lens second = im2col != lenses.end() ? *im2col : lenses[std::min<size_t>(1, lenses.size() - 1)];
    lens = session.lens == second ? first : second;
  }
  session.beside = Beside{std::nullopt, lens, false};
}

void compare_with(Session& session, const Session& b, std::optional<Lens> lens) {
  if (session.beside && session.beside->other && session.beside->is_a) {
    // B is the side that is edited.
    static_cast<Configuration&>(session) = b;
    session.lens = fitted(session.operation, lens.value_or(session.lens));
    return;
  }
  session.beside = Beside{static_cast<const Configuration&>(b), lens, false};
}

std::vector<TensorSource*> sources_of(Session& session) {
  std::vector<TensorSource*> all;
  const auto add = [&all](Configuration& of) {
    for (TensorSource* source : {&of.input, &of.weight, &of.bias, &of.gradient.grad_output, &of.gradient.target}) {
      all.push_back(source);
    }
  };
  add(session);
  if (session.beside && session.beside->other) add(*session.beside->other);
  return all;
}

PairSteps pair_steps(const OperationPlan& own, Lens own_lens, const OperationPlan& other, Lens other_lens,
                     bool linked) {
  const auto steps = [](const OperationPlan& plan, Lens lens) { return std::max<int64_t>(step_count(plan, lens), 1); };
  return {steps(own, own_lens), steps(other, other_lens), linked};
}

Moment resting(const Moment& moment, int64_t steps) {
  return moment.step >= steps ? Moment{std::max<int64_t>(steps, 1) - 1, 1.0f} : moment;
}

Moment moment_beside(const PairSteps& steps, const Moment& moment, const OperationPlan& plan, Lens own_lens,
                     Lens other_lens) {
  if (!steps.linked) return resting(moment, steps.other);
  const int64_t step = std::clamp<int64_t>(moment.step, 0, steps.own - 1);
  // Where one lens takes several steps for one of the other, that one has long arrived.
  if (steps.own != steps.other) return {step_across(plan, own_lens, step, other_lens), 1.0f};
  return {step_across(plan, own_lens, step, other_lens), moment.phase};
}

}  // namespace convscope
