#include "app/scene/pair_titles.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "app/session/chains.h"
#include "app/session/layer_call.h"

namespace convscope {
namespace {

struct Argument {
  std::string name;  // PyTorch's, also of those that the call has by their place alone
  std::string text;  // as the call has it
};

struct Call {
  std::string function;
  std::vector<Argument> arguments;
};

const char* operation_of(const OperationPlan& plan) {
  if (plan.conv2d() != nullptr) return plan.dims() == 1 ? "conv1d" : "conv2d";
  if (plan.transposed() != nullptr) return "conv_transpose2d";
  if (plan.volume() != nullptr) return "conv3d";
  return plan.pool()->kind == PoolKind::max ? "max_pool2d" : "avg_pool2d";
}

/// The call in its arguments. Padding that begins and ends differently, which Conv2d cannot say, is "pads=(...)".
Call call_of(const Computation& computation) {
  LayerCall layer{operation_of(computation.plan), computation.params, computation.more};
  ConvParams& params = layer.params;
  std::string pads;
  if (layer.operation == "conv2d" && params.padding_kind == PaddingKind::pads) {
    const Pads& p = params.pads;
    if (p.top != p.bottom || p.left != p.right) {
      pads = "pads=(" + std::to_string(p.top) + ", " + std::to_string(p.left) + ", " + std::to_string(p.bottom) + ", " +
             std::to_string(p.right) + ")";
      params.padding_kind = PaddingKind::numbers;
      params.padding = {0, 0};
    }
  }
  const std::string text = constructor_text(layer);
  Call call;
  const size_t open = text.find('(');
  call.function = text.substr(0, open);
  int depth = 0;
  size_t begin = open + 1;
  std::vector<std::string> places = {"in_channels", "out_channels"};
  if (computation.plan.pool() != nullptr) places = {"kernel_size"};
  for (size_t i = open + 1; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '(') ++depth;
    if (c == ')' && depth > 0) {
      --depth;
    } else if ((c == ',' || c == ')') && depth == 0) {
      std::string argument = text.substr(begin, i - begin);
      begin = i + 2;
      const size_t equals = argument.find('=');
      std::string name = equals != std::string::npos             ? argument.substr(0, equals)
                         : call.arguments.size() < places.size() ? places[call.arguments.size()]
                                                                 : argument;
      if (name == "pads") name = "padding";
      if (name == "padding" && !pads.empty()) argument = pads;
      call.arguments.push_back({std::move(name), std::move(argument)});
    }
  }
  return call;
}

const Argument* find(const Call& call, std::string_view name) {
  for (const Argument& argument : call.arguments) {
    if (argument.name == name) return &argument;
  }
  return nullptr;
}

/// As PyTorch would have been given it.
std::string default_of(const Call& call, const std::string& name) {
  if (name == "stride" && find(call, "kernel_size") != nullptr) return "stride=" + find(call, "kernel_size")->text;
  static constexpr std::pair<std::string_view, std::string_view> kDefaults[] = {{"padding", "0"},
                                                                                {"dilation", "1"},
                                                                                {"groups", "1"},
                                                                                {"bias", "True"},
                                                                                {"padding_mode", "'zeros'"},
                                                                                {"dtype", "torch.float32"},
                                                                                {"output_padding", "0"},
                                                                                {"ceil_mode", "False"},
                                                                                {"count_include_pad", "True"},
                                                                                {"divisor_override", "None"}};
  for (const auto& [key, value] : kDefaults) {
    if (name == key) return name + "=" + std::string(value);
  }
  return {};
}

/// What the other call writes out and this one does not, at the same place.
void complete(Call& call, const Call& other) {
  for (size_t i = 0; i < other.arguments.size(); ++i) {
    const std::string& name = other.arguments[i].name;
    if (find(call, name) != nullptr) continue;
    std::string text = default_of(call, name);
    if (text.empty()) continue;
    auto place = call.arguments.end();
    if (i > 0) {
      const auto before = std::find_if(call.arguments.begin(), call.arguments.end(), [&](const Argument& argument) {
        return argument.name == other.arguments[i - 1].name;
      });
      if (before != call.arguments.end()) place = before + 1;
    }
    call.arguments.insert(place, {name, std::move(text)});
  }
}

std::vector<TitlePiece> pieces_of(const Call& call, const Call& other) {
  std::vector<TitlePiece> pieces;
  pieces.push_back({call.function, call.function != other.function, Role::text});
  for (size_t i = 0; i < call.arguments.size(); ++i) {
    const Argument& own = call.arguments[i];
    const Argument* theirs = find(other, own.name);
    pieces.push_back({i == 0 ? "(" : ", ", false, Role::text});
    pieces.push_back({own.text, theirs == nullptr || theirs->text != own.text, Role::text});
  }
  pieces.push_back({")", false, Role::text});
  return pieces;
}

std::string shape_text(const Shape& shape) { return shape.to_string("x"); }

std::vector<TitlePiece> chain_pieces(Language language, const ChainPlanPtr& chain, const ChainPlanPtr& other) {
  constexpr size_t kMostNamed = 4;
  std::vector<TitlePiece> pieces;
  if (!chain) return pieces;
  const auto& layers = chain->chain.layers;
  if (layers.size() > kMostNamed) {
    pieces.push_back({tr(language, "scene.pair_layers", {std::to_string(layers.size())}),
                      !other || other->chain.layers.size() != layers.size(), Role::text});
    return pieces;
  }
  for (size_t i = 0; i < layers.size(); ++i) {
    if (i > 0) pieces.push_back({" \u2192 ", false, Role::secondary});
    const std::string words = layer_summary(layers[i]);
    const bool same = other && i < other->chain.layers.size() && layer_summary(other->chain.layers[i]) == words;
    pieces.push_back({words, !same, Role::text});
  }
  return pieces;
}

Shape level_shape(const ChainPlan& chain, int level) {
  Shape shape;
  for (const int64_t extent : level_size(chain.chain, chain.fields, level)) shape.push_back(extent);
  return shape;
}

void add_sizes(std::vector<TitlePiece>& pieces, const Shape& input, const Shape& output, const Shape& other_input,
               const Shape& other_output) {
  pieces.push_back({"X ", false, Role::input});
  pieces.push_back({shape_text(input), !(input == other_input), Role::text});
  pieces.push_back({" \u2192 ", false, Role::secondary});
  pieces.push_back({"Y ", false, Role::output});
  pieces.push_back({shape_text(output), !(output == other_output), Role::text});
}

/// Cells beyond which counting what differs would hold a frame up.
constexpr int64_t kMostCompared = int64_t{1} << 21;

bool equal_at(const Tensor& a, const Tensor& b, int64_t i) {
  const double x = a.at(i), y = b.at(i);
  return x == y || (x != x && y != y);
}

/// Cells that differ; -1 where nobody counts.
int64_t differing(const Tensor& a, const Tensor& b) {
  if (!a.defined() || !b.defined() || !(a.shape() == b.shape()) || a.numel() > kMostCompared) return -1;
  if (a.identity() == b.identity()) return 0;
  int64_t count = 0;
  for (int64_t i = 0; i < a.numel(); ++i) count += equal_at(a, b, i) ? 0 : 1;
  return count;
}

}  // namespace

PairTitles pair_titles(Language language, const std::array<const Computation*, 2>& sides,
                       const std::array<Lens, 2>& lenses, bool linked) {
  PairTitles titles;
  const bool chains = lenses[0] == Lens::receptive_field && lenses[1] == Lens::receptive_field && !linked;
  if (chains) {
    const ChainPlanPtr a = sides[0]->plan.chain(), b = sides[1]->plan.chain();
    for (size_t i = 0; i < 2; ++i) {
      const ChainPlanPtr &own = i == 0 ? a : b, &other = i == 0 ? b : a;
      titles.sides[i].call = chain_pieces(language, own, other);
      if (!own || !other) continue;
      add_sizes(titles.sides[i].sizes, level_shape(*own, 0), level_shape(*own, own->last_level()),
                level_shape(*other, 0), level_shape(*other, other->last_level()));
    }
    return titles;
  }
  std::array<Call, 2> calls = {call_of(*sides[0]), call_of(*sides[1])};
  if (calls[0].function == calls[1].function) {
    complete(calls[0], calls[1]);
    complete(calls[1], calls[0]);
  }
  for (size_t i = 0; i < 2; ++i) {
    const OperationPlan &own = sides[i]->plan, &other = sides[1 - i]->plan;
    PairTitle& title = titles.sides[i];
    if (linked) {
      title.call.push_back({std::string(tr(language, facts_of(lenses[i]).label_key)), true, Role::text});
      const std::vector<TitlePiece> call = pieces_of(calls[i], calls[1 - i]);
      title.sizes.insert(title.sizes.end(), call.begin(), call.end());
      continue;
    }
    title.call = pieces_of(calls[i], calls[1 - i]);
    add_sizes(title.sizes, own.shown(own.input_shape()), own.shown(own.output_shape()),
              other.shown(other.input_shape()), other.shown(other.output_shape()));
  }
  if (linked) return titles;

  const ConvTensors &a = sides[0]->tensors, &b = sides[1]->tensors;
  std::string tensors;
  const auto compare = [&](const char* name, const Tensor& x, const Tensor& y) {
    if (differing(x, y) > 0) tensors += (tensors.empty() ? "" : ", ") + std::string(name);
  };
  compare("X", a.input, b.input);
  compare("W", a.weight, b.weight);
  compare("b", a.bias, b.bias);
  if (!tensors.empty()) titles.difference = tr(language, "scene.pair_tensors_differ", {tensors});
  const int64_t cells = differing(a.output, b.output);
  if (cells < 0) return titles;
  if (!titles.difference.empty()) titles.difference += tr(language, "scene.clause");
  titles.compares_cells = cells > 0;
  titles.difference +=
      cells == 0 ? std::string(tr(language, "scene.pair_outputs_equal"))
                 : tr(language, "scene.pair_cells_differ", {std::to_string(cells), std::to_string(a.output.numel())});
  return titles;
}

}  // namespace convscope
