// Scenes of presets and of parameters, for the tests of this room.
#pragma once

#include <string>

#include "app/scene/build_scene.h"
#include "app/session/session.h"

namespace convscope {

/// The numbers of a preset, computed once per program.
ComputationPtr preset_numbers(const std::string& name);

/// Numbers of a convolution of arange input and alternating weights.
ComputationPtr numbers_of(const ConvParams& params, const Shape& input_shape, SourceKind input = SourceKind::arange);

/// A request for a completed step of a lens; `step` counts from 0.
SceneRequest request_of(ComputationPtr computation, Lens lens, int64_t step, float width = 960, float height = 540);

Scene scene_of(const SceneRequest& request);

/// The box mark that stands for a cell, or nullptr.
const Mark* find_cell(const Scene& scene, const CellRef& ref);
/// The text whose middle lies in `box`, or empty; of several the first.
std::string text_in(const Scene& scene, const Box& box);
/// Some text of the scene reads so.
bool has_text(const Scene& scene, const std::string& words);

}  // namespace convscope
