#include "app/session/torch_script.h"

#include <algorithm>
#include <cstdio>
#include <string_view>

#include "app/session/code.h"
#include "app/session/code_text.h"
#include "app/session/layer_call.h"

namespace convscope {

namespace {

using namespace code_text;

class Script {
 public:
  Script(const Session& session, const Computation& computation) : session_(session), c_(computation) {}

  Result<std::string> write() {
    const bool gradients = wants_gradient(session_) && c_.gradient != nullptr;
    if (Result<void> done = head(gradients); !done) return done.error();
    operation();
    text_ += "\n\n";
    for (const char* line :
         {"def close(found, expected, name, within=TOLERANCE):", "    found = found.detach().flatten()",
          "    expected = torch.tensor(expected, dtype=found.dtype)",
          "    # of more numbers than are written out, every so many",
          "    found = found[:: -(-len(found) // len(expected))]", "    scale = max(1.0, expected.abs().max().item())",
          "    error = (found - expected).abs().max().item()",
          "    assert error <= within * scale, f\"{name}: off by {error}\"", "", ""}) {
      text_.append(line).append("\n");
    }
    text_ += "y = layer(x)\n";
    assert_close("y", c_.tensors.output);
    module();
    if (gradients) {
      if (Result<void> done = backward(); !done) return done.error();
    }
    text_ += "\nprint(\"ok\")\n";
    return std::move(text_);
  }

 private:
  std::string dtype() const { return c_.plan.dtype() == DType::float32 ? "torch.float32" : "torch.float64"; }

  Result<void> tensor(const char* name, const TensorSource& source, const Tensor& value, const char* field) {
    const Shape shape = std::string_view(field) == "bias" ? value.shape() : c_.plan.shown(value.shape());
    std::string made;
    switch (source.kind) {
      case SourceKind::ones:
        made = "torch.ones(" + tuple(shape) + ", dtype=" + dtype() + ")";
        break;
      case SourceKind::zeros:
        made = "torch.zeros(" + tuple(shape) + ", dtype=" + dtype() + ")";
        break;
      case SourceKind::arange:
        made =
            "torch.arange(" + std::to_string(value.numel()) + ", dtype=" + dtype() + ").reshape(" + tuple(shape) + ")";
        break;
      case SourceKind::randn:
      case SourceKind::rand:
        made = std::string("torch.") + name_of(source.kind) + "(" + tuple(shape) + ", dtype=" + dtype() + ")";
        break;
      case SourceKind::conv2d_init:
        // What nn.Conv2d draws.
        if (std::string_view(name) == "b") {
          const Shape w = c_.plan.weight_shape();
          int64_t fan_in = 1;
          for (int axis = 1; axis < w.rank(); ++axis) fan_in *= w[axis];
          made = "torch.empty(" + tuple(shape) + ", dtype=" + dtype() + ").uniform_(-1 / math.sqrt(" +
                 std::to_string(fan_in) + "), 1 / math.sqrt(" + std::to_string(fan_in) + "))";
        } else {
          made = "nn.init.kaiming_uniform_(torch.empty(" + tuple(shape) + ", dtype=" + dtype() + "), a=math.sqrt(5))";
        }
        break;
      case SourceKind::npy:
        made = "torch.from_numpy(" + loaded(source.path) + ").to(" + dtype() + ").reshape(" + tuple(shape) + ")";
        break;
      default:
        if (value.numel() > kMostWritten) {
          return Error{
              "error.code_too_large", field, {name, std::to_string(value.numel()), std::to_string(kMostWritten)}};
        }
        made = "torch.tensor(" + list(value) + ", dtype=" + dtype() + ").reshape(" + tuple(shape) + ")";
        break;
    }
    text_.append(name).append(" = ").append(made).append("\n");
    return {};
  }

  bool any(std::initializer_list<SourceKind> kinds) const {
    for (const TensorSource* source : {&session_.input, &session_.weight, &session_.bias,
                                       &session_.gradient.grad_output, &session_.gradient.target}) {
      for (SourceKind kind : kinds) {
        if (source->kind == kind) return true;
      }
    }
    return false;
  }

  Result<void> head(bool gradients) {
    text_ += title_line(session_);
    if (any({SourceKind::conv2d_init})) text_ += "import math\n\n";
    if (any({SourceKind::npy})) text_ += "import numpy as np\n";
    text_ += "import torch\nfrom torch import nn\nfrom torch.nn import functional as F\n\n";
    text_ += "TOLERANCE = " + tolerance(c_.plan.dtype()) +
             "  # of other orders of summation, in parts of the largest number\n\n";
    if (any({SourceKind::randn, SourceKind::rand, SourceKind::conv2d_init})) {
      text_ += "torch.manual_seed(" + std::to_string(session_.seed) + ")\n";
    }
    if (Result<void> done = tensor("x", session_.input, c_.tensors.input, "input"); !done) return done;
    if (c_.plan.has_weight()) {
      if (Result<void> done = tensor("w", session_.weight, c_.tensors.weight, "weight"); !done) return done;
      if (c_.plan.has_bias()) {
        if (Result<void> done = tensor("b", session_.bias, c_.tensors.bias, "bias"); !done) return done;
      }
    }
    if (!gradients) return {};
    const GradientNumbers& numbers = *c_.gradient;
    if (!numbers.from_loss()) {
      const TensorSource& source = session_.gradient.grad_output;
      if (source.kind == SourceKind::ones) return {};  // y.sum().backward()
      return tensor("grad_output", source, numbers.grad_output, "grad_output");
    }
    const TensorSource& target = session_.gradient.target;
    if (target.kind != SourceKind::named) return tensor("target", target, numbers.target, "target");
    return tensor("wished", target, numbers.kernel, "target");
  }

  /// `layer`, a function of x, w and b as they are when it is called.
  void operation() {
    text_ += "\n\ndef layer(x" + std::string(c_.plan.has_weight() ? ", w=w" : "") +
             (c_.plan.has_bias() ? ", b=b" : "") + "):\n";
    if (const ConvPlan* plan = c_.plan.conv2d()) {
      const Pads& p = plan->pads;
      const bool even = p.top == p.bottom && p.left == p.right;
      const bool flat = plan->dims == 1;
      const auto axes = [&](Pair both) { return flat ? std::to_string(both.w) : pair(both); };
      std::string padding = axes({p.top, p.left});
      if (!even || (plan->padding_mode != PaddingMode::zeros && p != Pads{})) {
        // Left, right, top, bottom.
        std::string sides = "(" + std::to_string(p.left) + ", " + std::to_string(p.right);
        if (!flat) sides += ", " + std::to_string(p.top) + ", " + std::to_string(p.bottom);
        sides += ")";
        const bool zeros = plan->padding_mode == PaddingMode::zeros;
        text_ +=
            "    x = F.pad(x, " + sides + ", mode=\"" + (zeros ? "constant" : name_of(plan->padding_mode)) + "\")\n";
        padding = "0";
      }
      text_ += std::string("    return F.conv") + (flat ? "1d" : "2d") + "(x, w, " + (plan->bias ? "b" : "None") +
               ", stride=" + axes(plan->stride) + ", padding=" + padding + ", dilation=" + axes(plan->dilation) +
               ", groups=" + std::to_string(plan->groups) + ")\n";
      return;
    }
    if (const ConvNdPlan* plan = c_.plan.volume()) return volume(*plan);
    if (const ConvTransposePlan* plan = c_.plan.transposed()) {
      const WindowAxis &h = plan->windows.height(), &w = plan->windows.width();
      const Pair stride{h.stride, w.stride}, dilation{h.dilation, w.dilation}, padding{h.pad_begin, w.pad_begin};
      const bool even = h.pad_begin == h.pad_end && w.pad_begin == w.pad_end;
      text_ += "    y = F.conv_transpose2d(x, w, " + std::string(plan->bias ? "b" : "None") +
               ", stride=" + pair(stride) + ", padding=" + (even ? pair(padding) : std::string("0")) +
               ", output_padding=" + pair(plan->output_padding[0], plan->output_padding[1]) +
               ", groups=" + std::to_string(plan->groups) + ", dilation=" + pair(dilation) + ")\n";
      if (!even) {
        const auto kept = [](const WindowAxis& axis) {
          return std::to_string(axis.pad_begin) + ":" + std::to_string(axis.pad_begin + axis.extent);
        };
        text_ += "    y = y[..., " + kept(h) + ", " + kept(w) + "]  # each side cut off by itself\n";
      }
      text_ += "    return y\n";
      return;
    }
    pooling(*c_.plan.pool());
  }

  void volume(const ConvNdPlan& plan) {
    const Windows& windows = plan.windows;
    const WindowAxis &d = windows.depth(), &h = windows.height(), &w = windows.width();
    const auto three = [&](int64_t WindowAxis::*member) { return tuple(Shape{d.*member, h.*member, w.*member}); };
    bool even = true, any = false;
    for (const WindowAxis* axis : {&d, &h, &w}) {
      even = even && axis->pad_begin == axis->pad_end;
      any = any || axis->pad_begin != 0 || axis->pad_end != 0;
    }
    std::string padding = three(&WindowAxis::pad_begin);
    if (any && (!even || plan.padding_mode != PaddingMode::zeros)) {
      // Left, right, top, bottom, front, back.
      text_ += "    x = F.pad(x, " +
               tuple(Shape{w.pad_begin, w.pad_end, h.pad_begin, h.pad_end, d.pad_begin, d.pad_end}) + ", mode=\"" +
               (plan.padding_mode == PaddingMode::zeros ? "constant" : name_of(plan.padding_mode)) + "\")\n";
      padding = "0";
    }
    text_ += std::string("    return F.conv3d(x, w, ") + (plan.bias ? "b" : "None") +
             ", stride=" + three(&WindowAxis::stride) + ", padding=" + padding +
             ", dilation=" + three(&WindowAxis::dilation) + ", groups=" + std::to_string(plan.groups) + ")\n";
  }

  /// Whether PyTorch's own arguments can say the padding: the same at both ends, and no more than half the kernel.
  static bool says_padding(const PoolPlan& plan) {
    const auto says = [](const WindowAxis& axis) {
      return axis.pad_begin == axis.pad_end && 2 * axis.pad_begin <= axis.kernel;
    };
    return says(plan.windows.height()) && says(plan.windows.width());
  }

  void pooling(const PoolPlan& plan) {
    const WindowAxis &h = plan.windows.height(), &w = plan.windows.width();
    const std::string windows = pair(h.kernel, w.kernel) + ", " + pair(h.stride, w.stride);
    const bool max = plan.kind == PoolKind::max;
    const std::string divisor = plan.divisor_override ? std::to_string(*plan.divisor_override) : "None";
    if (says_padding(plan)) {
      const std::string padding = pair(h.pad_begin, w.pad_begin),
                        ceil = ", ceil_mode=" + truth(session_.more.ceil_mode);
      if (max) {
        text_ += "    return F.max_pool2d(x, " + windows + ", " + padding + ", " + pair(h.dilation, w.dilation) + ceil +
                 ")\n";
      } else {
        text_ += "    return F.avg_pool2d(x, " + windows + ", " + padding + ceil +
                 ", count_include_pad=" + truth(session_.more.count_include_pad) + ", divisor_override=" + divisor +
                 ")\n";
      }
      return;
    }
    // Left, right, top, bottom.
    const Pair beyond = beyond_padding(plan);
    const auto sides = [](int64_t left, int64_t right, int64_t top, int64_t bottom) {
      return tuple(Shape{left, right, top, bottom});
    };
    const std::string inner = sides(w.pad_begin, w.pad_end, h.pad_begin, h.pad_end);
    const std::string outer = sides(0, beyond.w, 0, beyond.h);
    const std::string all = sides(w.pad_begin, w.pad_end + beyond.w, h.pad_begin, h.pad_end + beyond.h);
    text_ += "    # each side padded by itself, and as far as the windows reach\n";
    if (max) {
      text_ += "    x = F.pad(x, " + all + ", value=float(\"-inf\"))\n    return F.max_pool2d(x, " + windows +
               ", dilation=" + pair(h.dilation, w.dilation) + ")\n";
    } else if (plan.divisor_override) {
      text_ += "    return F.avg_pool2d(F.pad(x, " + all + "), " + windows + ", divisor_override=" + divisor + ")\n";
    } else if (plan.count_include_pad) {
      text_ += "    counts = F.pad(F.pad(torch.ones_like(x), " + inner + ", value=1), " + outer + ")\n";
    } else {
      text_ += "    counts = F.pad(torch.ones_like(x), " + all + ")\n";
    }
    if (!max && !plan.divisor_override) {
      text_ +=
          "    return F.avg_pool2d(F.pad(x, " + all + "), " + windows + ") / F.avg_pool2d(counts, " + windows + ")\n";
    }
  }

  /// The same as a module with these weights; ONNX's paddings and CircularPad2d are no module's everywhere.
  void module() {
    const ConvParams& p = session_.params;
    const bool own_ends =
        p.padding_kind == PaddingKind::pads && (p.pads.top != p.pads.bottom || p.pads.left != p.pads.right);
    const DepthParams& depth = session_.more.depth;
    // What Conv3d cannot say either.
    const bool deep_ends =
        c_.plan.volume() != nullptr && p.padding_kind == PaddingKind::pads && (own_ends || depth.front != depth.back);
    if (deep_ends) return;
    const bool padded_apart = own_ends && c_.plan.conv2d() != nullptr;
    // Conv1d takes one number for both ends, and a module that pads is written for Conv2d alone.
    if (own_ends && c_.plan.dims() == 1) return;
    if (own_ends && (!padded_apart || p.padding_mode == PaddingMode::circular)) return;
    if (c_.plan.pool() != nullptr && !says_padding(*c_.plan.pool())) return;
    std::string call = constructor_text(LayerCall{session_.operation, p, session_.more});
    for (std::string_view name : {"Sequential(", "ZeroPad2d(", "ReflectionPad2d(", "ReplicationPad2d(", "Conv2d(",
                                  "Conv1d(", "Conv3d(", "ConvTranspose2d(", "MaxPool2d(", "AvgPool2d("}) {
      if (const size_t at = call.find(name); at != std::string::npos) call.insert(at, "nn.");
    }
    text_ += "\nmodule = " + call + "\n";
    const std::string holder(padded_apart ? "module[1]" : "module");
    if (c_.plan.has_weight()) text_ += holder + ".weight.data = w.clone()\n";
    if (c_.plan.has_bias()) text_ += holder + ".bias.data = b.clone()\n";
    text_ += "assert torch.equal(module(x), y) or torch.allclose(module(x), y, rtol=TOLERANCE, atol=TOLERANCE)\n";
  }

  void assert_close(const std::string& name, const Tensor& wanted, const char* within = nullptr) {
    text_ += "close(" + name + ", " + list(wanted, sampling(wanted)) + ", " + quoted(name) +
             (within != nullptr ? std::string(", ") + within : std::string()) + ")\n";
  }

  Result<void> backward() {
    const GradientNumbers& numbers = *c_.gradient;
    const bool bias = c_.plan.has_bias();
    if (numbers.kernel.defined()) {
      text_ += "target = layer(x, wished" + std::string(bias ? ", torch.zeros_like(b)" : "") + ")\n";
    }
    if (numbers.path) {
      learning(numbers, bias);
      return {};
    }
    text_ += "\nfor tensor in (x, w" + std::string(bias ? ", b" : "") + "):\n    tensor.requires_grad_()\n";
    text_ += "y = layer(x, w" + std::string(bias ? ", b" : "") + ")\n";
    if (numbers.from_loss()) {
      text_ += "loss = F.mse_loss(y, target)\nloss.backward()\n";
      text_ += "close(loss, [" + number(numbers.loss, DType::float64) + "], \"loss\")\n";
    } else if (session_.gradient.grad_output.kind == SourceKind::ones) {
      text_ += "y.sum().backward()\n";
    } else {
      text_ += "y.backward(grad_output)\n";
    }
    assert_close("x.grad", numbers.whole.input);
    assert_close("w.grad", numbers.whole.weight);
    if (bias) assert_close("b.grad", numbers.whole.bias);
    return {};
  }

  void learning(const GradientNumbers& numbers, bool bias) {
    const LearningPath& path = *numbers.path;
    const std::string learned = bias ? "w, b" : "w";
    char rate[32];
    std::snprintf(rate, sizeof rate, "%.17g", session_.learn.learning_rate);
    text_ += "\nfor tensor in (" + std::string(bias ? "w, b" : "w,") + "):\n    tensor.requires_grad_()\n";
    text_ += "optimizer = torch.optim.SGD([" + learned + "], lr=" + rate + ")\nlosses = []\n";
    if (path.diverged_at) text_ += "# one step more, and the loss is no number to compare with\n";
    text_ += "for iteration in range(" + std::to_string(path.last()) + "):\n";
    text_ += "    optimizer.zero_grad()\n    loss = F.mse_loss(layer(x, " + learned + "), target)\n";
    text_ += "    loss.backward()\n    losses.append(loss.item())\n    optimizer.step()\n";
    text_ += "losses.append(F.mse_loss(layer(x, " + learned + "), target).item())\n";
    Result<Tensor> losses = Tensor::zeros({static_cast<int64_t>(path.losses.size())}, DType::float64);
    if (losses) {
      std::copy(path.losses.begin(), path.losses.end(), losses->mutable_data<double>());
      text_ += "losses = torch.tensor(losses)\n";
      assert_close("losses", *losses, "1e-3");
    }
    assert_close("w", path.weights.back(), "1e-3");
    if (bias) assert_close("b", path.biases.back(), "1e-3");
  }

  const Session& session_;
  const Computation& c_;
  std::string text_;
};

}  // namespace

Result<std::string> torch_script(const Session& session, const Computation& computation) {
  return Script(session, computation).write();
}

}  // namespace convscope
