// Two at once: what stands beside a session's own picture, and how both go on under one timeline.
//
// The session's own fields are always the side that is edited, so that everything that edits or explains a session
// works on it without knowing of the other one; switch_sides() exchanges the two. A stands first, B beside it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "app/session/operation_plan.h"
#include "app/session/playback.h"
#include "app/session/session.h"

namespace convscope {

/// The lens of the side that is not edited.
Lens lens_beside(const Session& session);
/// The same for another choice of the own side's lens, as an export may have.
Lens lens_beside(const Session& session, Lens own);

/// The other side as a session of its own, without a comparison; nothing where there is none, or where it only shows
/// the same numbers in another lens.
std::optional<Session> other_side(const Session& session);

/// Edits the side that was not edited.
void switch_sides(Session& session);
/// A becomes B; what is edited stays so.
void swap_sides(Session& session);
/// A copy of the session's own configuration beside it, as B.
void compare_with_copy(Session& session);
/// The session's own numbers once more in another lens, as B. Without one: the next that the operation has.
void compare_lenses(Session& session, std::optional<Lens> lens = std::nullopt);
/// Another session's configuration as B. Its lens stays with it only where it is asked for.
void compare_with(Session& session, const Session& b, std::optional<Lens> lens = std::nullopt);

/// Where the numbers of a session come from, the other side's included.
std::vector<TensorSource*> sources_of(Session& session);

/// Two pictures under one timeline. Two lenses of the same numbers show the same; two configurations are at the same
/// number of steps, which is the same output cell where both have as many, and the shorter one rests at its end.
struct PairSteps {
  int64_t own = 1, other = 1;  // of each for itself
  bool linked = false;         // two lenses of the same numbers

  int64_t count() const { return linked || own > other ? own : other; }
};
PairSteps pair_steps(const OperationPlan& own, Lens own_lens, const OperationPlan& other, Lens other_lens, bool linked);

/// Where a picture of so many steps is when the timeline is at `moment`.
Moment resting(const Moment& moment, int64_t steps);
/// Where the other side is. The plans are those of pair_steps().
Moment moment_beside(const PairSteps& steps, const Moment& moment, const OperationPlan& plan, Lens own_lens,
                     Lens other_lens);

}  // namespace convscope
