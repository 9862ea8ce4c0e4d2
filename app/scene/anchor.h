// What the camera looks at, in the tensors' own cells: survives a layout that moves them, and keeps them in sight.
#pragma once

#include <optional>

#include "app/scene/build_scene.h"

namespace convscope {

/// A place on a tensor: row y and column x of it, fractions between the cells, and how large a cell is seen.
struct Anchor {
  TensorId tensor = TensorId::none;
  int64_t n = 0, c = 0;
  double y = 0, x = 0;
  double pitch = 0;  // logical pixels
};

/// What lies under the point (x, y) of the scene's viewport, or nearest to it (then beyond the tensor's edge). Nothing
/// where the scene shows no cell.
std::optional<Anchor> anchor_at(const Scene& scene, float x, float y);

/// Where the anchor is in another scene. Nothing where its tensor is not there.
struct AnchorPlace {
  double x = 0, y = 0;
  double pitch = 0;
};
std::optional<AnchorPlace> place_of(const Scene& scene, const Anchor& anchor);

/// The view of the same size that has the anchor in its middle, its cells as large as before. `fitted` is the scene of
/// this size at zoom 1; comes back as it is where the anchor is not in it.
View view_on(const Anchor& anchor, const Scene& fitted, const View& view, const OperationPlan& plan, Lens lens);

/// The view moved by as little as it takes for some cell to be seen: no one gets lost over empty canvas.
View kept_in_sight(const View& view, const Scene& fitted);

}  // namespace convscope
