// What two configurations are called when they stand side by side, with what differs between them marked.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "app/language/language.h"
#include "app/scene/scene.h"
#include "app/session/computation.h"
#include "app/session/session.h"

namespace convscope {

/// A part of a line that is broken only between parts.
struct TitlePiece {
  std::string text;
  bool lit = false;  // the other side has something else there
  Role role = Role::text;
};

struct PairTitle {
  std::vector<TitlePiece> call;   // Conv2d( 1, 1, kernel_size=3, stride=2, padding=0)
  std::vector<TitlePiece> sizes;  // X 1x1x5x5 -> Y 1x1x3x3
};

struct PairTitles {
  std::array<PairTitle, 2> sides;
  std::string difference;       // of the numbers, in words; empty where the shapes say it
  bool compares_cells = false;  // both outputs have one shape, and some of their cells differ
};

/// The constructor calls, argument by argument: one that only one of them would write out stands with its default in
/// the other. Of two lenses of the same numbers the lenses' names; of chains their layers.
PairTitles pair_titles(Language language, const std::array<const Computation*, 2>& sides,
                       const std::array<Lens, 2>& lenses, bool linked);

}  // namespace convscope
