// The one way from numbers to a picture: a pure function of computation, lens, moment and view.
#pragma once

#include <optional>

#include "app/language/language.h"
#include "app/scene/scene.h"
#include "app/session/computation.h"
#include "app/session/playback.h"
#include "app/session/session.h"

namespace convscope {

/// The camera over the picture: zoom 1 fits everything; (center_x, center_y) in 0..1 of the fitted picture is the
/// point in the middle of the viewport.
struct View {
  float width = 960, height = 540;  // viewport, logical pixels
  double zoom = 1;
  double center_x = 0.5, center_y = 0.5;
};

struct SceneRequest {
  ComputationPtr computation;
  Lens lens = Lens::sliding;
  Moment moment;
  double steps_per_second = 2;  // from kJumpStepsPerSecond on the kernel jumps and leaves a trail
  /// More steps follow: the trail of a jumping kernel then stands as strong in every frame, instead of fading out in
  /// each step anew, which would be seen as a pulse.
  bool playing = false;
  View view;
  Language language = Language::en;
  ThemeId theme = ThemeId::light;  // only for ink over fills
  const TextMeasure* measure = nullptr;
  std::optional<CellRef> hovered;
  bool caption = false;  // formula and step under the picture
  /// That of the session: for the tutorial's slices and loops the step says which part of the input it reads.
  Algorithm algorithm = Algorithm::automatic;
  PictureOptions options;  // those of the session
  bool transparent = false;
  bool reduced_motion = false;  // no gliding
};

/// Fills `scene`, reusing its memory. Costs what is visible, whatever the size of the tensors.
void build_scene(const SceneRequest& request, Scene& scene);

/// The lenses that can show this plan.
bool lens_applies(Lens lens, const ConvPlan& plan);
bool lens_applies(Lens lens, const OperationPlan& plan);

/// Zooms by `factor` keeping the point (x, y) of the viewport in place; pans by logical pixels. Both keep the
/// picture in reach and the zoom between 1 and what shows a single cell.
View zoomed(const View& view, double factor, float x, float y, const ConvPlan& plan, Lens lens);
View zoomed(const View& view, double factor, float x, float y, const OperationPlan& plan, Lens lens);
View panned(const View& view, float dx, float dy);

/// The step's sentence: "Step 4 of 9: Y[0, 0, 1, 0] = ...". A lens of another operation stands for this one's first.
std::string step_sentence(Language language, const Computation& computation, int64_t step, Lens lens = Lens::sliding);

/// "1.3073" as PyTorch prints a lone number: four digits, fewer where `max_chars` asks for it. Writes into `out`,
/// returns the length.
int format_number(double value, int max_chars, char* out, int capacity);

}  // namespace convscope
