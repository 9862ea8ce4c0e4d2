// Where the lens of receptive fields puts the levels of a chain: one row of grids, or several that turn at their ends.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/scene/lens.h"
#include "app/session/chain_plan.h"

namespace convscope {

/// A level as it is drawn, with the padding that the next layer puts around it.
struct PlacedLevel {
  Grid grid;   // of the fitted picture; rows and columns below 0 are padding
  /// Cells of a chain of one axis are drawn so high at least, of the fitted picture; 0 for square ones.
  double least_height = 0;
  Box room;  // grid and words, without the gaps to the neighbours
  int row = 0;
  int64_t rows = 0, cols = 0;      // without padding
  std::string name, size;      // "conv1", "7x7"
  std::string summary;         // "Conv2d 3, s 2"
  std::string foot;            // "field 5, jump 2"; of the input empty: it changes with the step
};

/// What stands above a grid: name and size, and the layer below; or the name, and the size below; or nothing.
enum class FieldHead : uint8_t { layer, narrow, none };

struct FieldLayout {
  bool good = false;
  std::vector<PlacedLevel> levels;
  double head = 0, foot = 0;  // height of the words above and below each grid
  FieldHead words = FieldHead::none;
  bool beside = false;  // strips have the name to their left and the foot to their right
  double strip_x0 = 0, strip_x1 = 0;  // of them: where the longest strip begins and ends
  float name_size = 0, second_size = 0, foot_size = 0;  // sizes of the type
};

/// Remembered while nothing it depends on changes.
const FieldLayout& field_layout(const ChainPlanPtr& chain, const Stage& stage, const Painter& painter);

/// Cells along the longest axis of a level, padding included, times what zooming must make up for where levels share
/// the viewport.
double longest_field_axis(const ChainPlan& chain);

/// "5x5 seen", of a chain of one axis "5 seen": at the input, for the cell of the step.
void append_seen(std::string& out, Language language, const ChainPlan& chain, int64_t rows, int64_t cols);

}  // namespace convscope
