// The usual mistakes of a convolution written by hand.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/conv_plan.h"
#include "engine/mistaken_conv.h"

namespace convscope {

/// What a mistake is about: two of one kind are not made together.
enum class MistakeKind : uint8_t {
  kernel,
  input,
  padding,
  mode,
  stride,
  dilation,
  bias,
  channels,
  batch,
  scale,
  sign,
  order
};

/// A key of the language files, "cause.padding_mode", and the values for its words: "reflect". Under the same key with
/// ".fix" behind it stands what to do about it.
struct Cause {
  std::string code;
  std::vector<std::string> args;
  bool operator==(const Cause&) const = default;
};

struct Mistake {
  Cause cause;
  MistakeKind kind = MistakeKind::kernel;
  bool is_usual = true;  // one that is tried together with others
  /// Makes it; false where it cannot be made or changes nothing.
  std::function<bool(MistakenConv&)> make;
};

/// All that are tried for a plan, the likeliest first. "Other values" of padding, stride and dilation are among them.
std::vector<Mistake> mistakes_of(const ConvPlan& plan);

}  // namespace convscope
