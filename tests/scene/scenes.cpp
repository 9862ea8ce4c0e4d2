#include "tests/scene/scenes.h"

#include <gtest/gtest.h>

#include <map>

#include "app/session/presets.h"

namespace convscope {

ComputationPtr preset_numbers(const std::string& name) {
  static std::map<std::string, ComputationPtr> known;
  ComputationPtr& numbers = known[name];
  if (numbers) return numbers;
  const Preset* preset = find_preset(name);
  if (preset == nullptr) {
    ADD_FAILURE() << "no preset " << name;
    return nullptr;
  }
  TensorCache cache;
  Session session = preset->session;
  // With the numbers of all lenses.
  if (session.operation == "conv2d") session.lens = Lens::gradient;
  auto computed = compute(session, cache);
  if (!computed.ok()) {
    ADD_FAILURE() << name << ": " << computed.error().code;
    return nullptr;
  }
  return numbers = *computed;
}

ComputationPtr numbers_of(const ConvParams& params, const Shape& input_shape, SourceKind input) {
  Session session;
  session.params = params;
  session.lens = Lens::gradient;
  session.input_shape = input_shape;
  session.input.kind = input;
  session.weight = {SourceKind::arange, {}, {}, nullptr};
  session.bias = {params.bias ? SourceKind::ones : SourceKind::zeros, {}, {}, nullptr};
  TensorCache cache;
  auto computed = compute(session, cache);
  if (!computed.ok()) {
    ADD_FAILURE() << computed.error().code;
    return nullptr;
  }
  return *computed;
}

SceneRequest request_of(ComputationPtr computation, Lens lens, int64_t step, float width, float height) {
  SceneRequest request;
  request.computation = std::move(computation);
  request.lens = lens;
  request.moment = {step, 1};
  request.view.width = width;
  request.view.height = height;
  return request;
}

Scene scene_of(const SceneRequest& request) {
  Scene scene;
  build_scene(request, scene);
  return scene;
}

const Mark* find_cell(const Scene& scene, const CellRef& ref) {
  for (const Mark& mark : scene.marks) {
    if (mark.kind == Mark::Kind::box && mark.ref >= 0 && scene.refs[static_cast<size_t>(mark.ref)] == ref) return &mark;
  }
  return nullptr;
}

std::string text_in(const Scene& scene, const Box& box) {
  for (const Mark& mark : scene.marks) {
    if (mark.kind != Mark::Kind::text) continue;
    if (box.contains((mark.box.x0 + mark.box.x1) / 2, (mark.box.y0 + mark.box.y1) / 2))
      return std::string(scene.text_of(mark));
  }
  return {};
}

bool has_text(const Scene& scene, const std::string& words) {
  for (const Mark& mark : scene.marks) {
    if (mark.kind == Mark::Kind::text && scene.text_of(mark) == words) return true;
  }
  return false;
}

}  // namespace convscope
