// What a layout depends on besides its own lens: layouts are remembered while it stays the same.
#pragma once

#include "app/scene/lens.h"

namespace convscope {

/// The ranges of what is printed in the grids.
struct LayoutNumbers {
  NumberRange input, weight, output;
  bool operator==(const LayoutNumbers&) const = default;
};

struct LayoutKey {
  ConvPlan plan;
  Box content;
  float ui = 0;
  Language language = Language::en;
  const TextMeasure* measure = nullptr;
  int64_t variant = 0;  // the lens's own: the group, or whether the input is a picture
  LayoutNumbers numbers;
  bool operator==(const LayoutKey&) const = default;
};

inline LayoutKey layout_key(const ConvPlan& plan, const Stage& stage, const Painter& painter, int64_t variant,
                            const LayoutNumbers& numbers) {
  const SceneRequest& request = painter.request();
  return {plan, stage.content, stage.ui, request.language, request.measure, variant, numbers};
}

}  // namespace convscope
