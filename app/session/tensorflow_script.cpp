// The operation with TensorFlow and Keras, which count channels last and whose padding="same" is another one.
#include <algorithm>
#include <initializer_list>
#include <string_view>
#include <utility>

#include "app/session/code.h"
#include "app/session/code_text.h"

namespace convscope {

using namespace code_text;

namespace {

/// What TensorFlow's "SAME" would pad before and after n cells: so that ceil(n / stride) come out, the odd cell behind.
std::pair<int64_t, int64_t> same_padding(int64_t n, int64_t effective_kernel, int64_t stride) {
  const int64_t out = (n + stride - 1) / stride;
  const int64_t all = std::max<int64_t>(0, (out - 1) * stride + effective_kernel - n);
  return {all / 2, all - all / 2};
}

std::string numbers_in(std::string_view brackets, std::initializer_list<int64_t> values) {
  std::string text(brackets.substr(0, 1));
  for (int64_t value : values) {
    if (text.size() > 1) text += ", ";
    text += std::to_string(value);
  }
  text += brackets.substr(1);
  return text;
}

std::string paddings(int64_t top, int64_t bottom, int64_t left, int64_t right) {
  const auto two = [](int64_t a, int64_t b) { return numbers_in("[]", {a, b}); };
  return "[[0, 0], " + two(top, bottom) + ", " + two(left, right) + ", [0, 0]]";
}

class Script {
 public:
  Script(const Session& session, const Computation& computation) : session_(session), c_(computation) {}

  Result<std::string> write() {
    text_ = title_line(session_);
    text_ += "import numpy as np\nimport tensorflow as tf\n\n";
    text_ += "TOLERANCE = " + tolerance(c_.plan.dtype()) +
             "  # of other orders of summation, in parts of the largest number\n\n";
    const Result<std::string> tensors = numpy_tensors(session_, c_);
    if (!tensors) return tensors;
    text_ += "# as PyTorch has them: (N, C, H, W) and (O, I, kh, kw)\n" + *tensors;
    text_ += "\n# channels last, the kernel's two last\nx = tf.constant(np.transpose(x, (0, 2, 3, 1)))\n";
    if (c_.plan.has_weight()) text_ += "w = tf.constant(np.transpose(w, (2, 3, 1, 0)))\n";
    text_ += "\n";
    const bool bias = c_.plan.has_bias();
    text_ += std::string("\ndef function(x") + (c_.plan.has_weight() ? ", w" : "") + (bias ? ", b" : "") + "):\n";
    if (c_.plan.conv2d() != nullptr) {
      conv(*c_.plan.conv2d());
    } else if (c_.plan.transposed() != nullptr) {
      transposed(*c_.plan.transposed());
    } else {
      pool(*c_.plan.pool());
    }
    text_ += bias ? "    return tf.nn.bias_add(y, b)\n\n" : "    return y\n\n";
    text_ += numpy_close();
    text_ += R"(
def as_torch(y):
    return np.transpose(y, (0, 3, 1, 2)))";
    text_ += c_.plan.unbatched() ? "[0]\n\n\n" : "\n\n\n";
    text_ +=
        std::string("y = as_torch(function(x") + (c_.plan.has_weight() ? ", w" : "") + (bias ? ", b" : "") + "))\n";
    text_ += assert_output(c_, "y");
    layer();
    text_ += "\nprint(\"ok\")\n";
    return std::move(text_);
  }

 private:
  std::string dtype() const { return c_.plan.dtype() == DType::float32 ? "float32" : "float64"; }

  void conv(const ConvPlan& plan) {
    const Pads& p = plan.pads;
    std::string padding = paddings(p.top, p.bottom, p.left, p.right);
    if (plan.padding_mode != PaddingMode::zeros && p != Pads{}) {
      if (plan.padding_mode == PaddingMode::reflect) {
        text_ += "    x = tf.pad(x, " + padding + ", mode=\"REFLECT\")\n";
      } else {
        const char* const mode = plan.padding_mode == PaddingMode::replicate ? "edge" : "wrap";
        text_ += std::string("    # tf.pad knows zeros, REFLECT and SYMMETRIC: NumPy pads with its \"") + mode + "\"\n";
        text_ += "    x = tf.constant(np.pad(x, " + padding + ", mode=\"" + mode + "\"))\n";
      }
      padding = paddings(0, 0, 0, 0);
    }
    if (plan.groups > 1) text_ += "    # groups follow from w's channels; some builds compute them on a GPU only\n";
    text_ += "    y = tf.nn.conv2d(x, w, strides=" + pair(plan.stride) + ", padding=" + padding +
             ",\n                     dilations=" + pair(plan.dilation) + ")\n";
  }

  void transposed(const ConvTransposePlan& plan) {
    const WindowAxis &h = plan.windows.height(), &w = plan.windows.width();
    const int64_t full_h = (h.count - 1) * h.stride + h.effective_kernel();
    const int64_t full_w = (w.count - 1) * w.stride + w.effective_kernel();
    const std::string size = numbers_in("()", {plan.batch, full_h, full_w, plan.kernels_per_group()});
    if (h.dilation != 1 || w.dilation != 1)
      text_ += "    # some builds dilate a transposed convolution on a GPU only\n";
    const std::string arguments =
        "output_shape=" + size + ", strides=" + pair(h.stride, w.stride) +
        ",\n                               padding=\"VALID\", dilations=" + pair(h.dilation, w.dilation) + ")";
    if (plan.groups == 1) {
      text_ += "    y = tf.nn.conv2d_transpose(x, w, " + arguments + "\n";
    } else {
      const std::string groups = std::to_string(plan.groups);
      text_ +=
          "    # TensorFlow's has no groups: each by itself\n    y = tf.concat(\n        [tf.nn.conv2d_transpose(x, "
          "w, " +
          arguments + "\n         for x, w in zip(tf.split(x, " + groups + ", axis=3), tf.split(w, " + groups +
          ", axis=3))], axis=3)\n";
    }
    const int64_t more_h = plan.output_padding[0], more_w = plan.output_padding[1];
    if (more_h != 0 || more_w != 0) {
      text_ += "    # output_padding: cells that no window reaches\n    y = tf.pad(y, " +
               paddings(0, more_h, 0, more_w) + ")\n";
    }
    if (h.pad_begin + h.pad_end + w.pad_begin + w.pad_end != 0) {
      const auto cut = [](int64_t begin, int64_t end) { return std::to_string(begin) + ":" + std::to_string(end); };
      text_ += "    # padding is cut off\n    y = y[:, " + cut(h.pad_begin, full_h + more_h - h.pad_end) + ", " +
               cut(w.pad_begin, full_w + more_w - w.pad_end) + ", :]\n";
    }
  }

  void pool(const PoolPlan& plan) {
    const WindowAxis &h = plan.windows.height(), &w = plan.windows.width();
    const Pair beyond = beyond_padding(plan);
    const std::string all = paddings(h.pad_begin, h.pad_end + beyond.h, w.pad_begin, w.pad_end + beyond.w);
    const bool pads = h.pad_begin + h.pad_end + w.pad_begin + w.pad_end + beyond.h + beyond.w > 0;
    const std::string kernel = pair(h.kernel, w.kernel), stride = pair(h.stride, w.stride);
    if (beyond != Pair{}) {
      text_ += "    # ceil_mode: the last windows reach " + pair(beyond) + " cells beyond the padding\n";
    }
    if (plan.kind == PoolKind::max) {
      if (pads) text_ += "    x = tf.pad(x, " + all + ", constant_values=-np.inf)  # never wins\n";
      if (h.dilation == 1 && w.dilation == 1) {
        text_ += "    y = tf.nn.max_pool2d(x, ksize=" + kernel + ", strides=" + stride + ", padding=\"VALID\")\n";
        return;
      }
      text_ += "    y = tf.nn.pool(x, window_shape=" + kernel +
               ", pooling_type=\"MAX\", padding=\"VALID\", dilations=" + pair(h.dilation, w.dilation) + ")\n";
      if (h.stride != 1 || w.stride != 1) {
        text_ += "    # strides together with dilations are refused: every so many of all windows\n    y = y[:, ::" +
                 std::to_string(h.stride) + ", ::" + std::to_string(w.stride) + ", :]\n";
      }
      return;
    }
    const std::string average = ", ksize=" + kernel + ", strides=" + stride + ", padding=\"VALID\")";
    if (!pads && !plan.divisor_override) {
      text_ += "    y = tf.nn.avg_pool2d(x" + average + "\n";
      return;
    }
    const std::string taps = std::to_string(h.kernel * w.kernel);
    if (plan.divisor_override) {
      if (pads) text_ += "    x = tf.pad(x, " + all + ")\n";
      text_ +=
          "    y = tf.nn.avg_pool2d(x" + average + " * " + taps + " / " + std::to_string(*plan.divisor_override) + "\n";
      return;
    }
    const std::string inside = plan.count_include_pad ? "tf.pad(tf.ones_like(x), " +
                                                            paddings(h.pad_begin, h.pad_end, w.pad_begin, w.pad_end) +
                                                            ", constant_values=1)"
                                                      : std::string("tf.ones_like(x)");
    const std::string outside = plan.count_include_pad ? paddings(0, beyond.h, 0, beyond.w) : all;
    text_ += plan.count_include_pad ? "    # padding counts, what lies beyond it does not\n"
                                    : "    # only cells of the input count\n";
    text_ += "    counts = tf.pad(" + inside + ", " + outside + ")\n";
    text_ += "    x = tf.pad(x, " + all + ")\n";
    text_ += "    y = tf.nn.avg_pool2d(x" + average + " / tf.nn.avg_pool2d(counts" + average + "\n";
  }

  /// The same as a layer of Keras, or why there is none.
  void layer() {
    if (const ConvPlan* plan = c_.plan.conv2d()) return conv_layer(*plan);
    if (const ConvTransposePlan* plan = c_.plan.transposed()) return transposed_layer(*plan);
  }

  void set_and_assert(const std::string& before, bool sets_bias) {
    text_ += "layer.build(x.shape)\n";
    text_ += std::string("layer.") + before + "set_weights([w" + (sets_bias ? ", b" : "") + "])\n";
    text_ += "close(as_torch(layer(x)), y.ravel(), \"layer\")\n";
  }

  void conv_layer(const ConvPlan& plan) {
    text_ += "\n# The same as a layer of Keras.\n";
    if ((plan.stride.h > 1 || plan.stride.w > 1) && (plan.dilation.h > 1 || plan.dilation.w > 1)) {
      text_ += "# It refuses strides together with dilation_rate: there is only the function.\n";
      return;
    }
    const Pads& p = plan.pads;
    const bool pads = p != Pads{};
    if (plan.padding_mode != PaddingMode::zeros && pads) {
      text_ += "# It pads with zeros only: there is only the function.\n";
      return;
    }
    const auto [top, bottom] = same_padding(plan.in.h, plan.effective_kernel().h, plan.stride.h);
    const auto [left, right] = same_padding(plan.in.w, plan.effective_kernel().w, plan.stride.w);
    const bool same = pads && p == Pads{top, left, bottom, right};
    const std::string call = "tf.keras.layers.Conv2D(" + std::to_string(plan.out_channels) + ", " + pair(plan.kernel) +
                             ", strides=" + pair(plan.stride) + ", padding=\"" + (same ? "same" : "valid") +
                             "\",\n                           dilation_rate=" + pair(plan.dilation) +
                             ", groups=" + std::to_string(plan.groups) + ", use_bias=" + truth(plan.bias) +
                             ", dtype=\"" + dtype() + "\")";
    if (!pads || same) {
      text_ += "layer = " + call + "\n";
      set_and_assert("", plan.bias);
      return;
    }
    text_ += "# Its padding=\"same\" would pad " + pair(top, bottom) + " rows and " + pair(left, right) +
             " columns over this input, here it is " + pair(p.top, p.bottom) + " and " + pair(p.left, p.right) + ".\n";
    text_ += "layer = tf.keras.Sequential([\n    tf.keras.layers.ZeroPadding2D((" + pair(p.top, p.bottom) + ", " +
             pair(p.left, p.right) + "), dtype=\"" + dtype() + "\"),\n    " + call + ",\n])\n";
    set_and_assert("layers[-1].", plan.bias);
  }

  void transposed_layer(const ConvTransposePlan& plan) {
    const WindowAxis &h = plan.windows.height(), &w = plan.windows.width();
    text_ += "\n# The same as a layer of Keras.\n";
    const bool dilates = h.dilation != 1 || w.dilation != 1;
    const bool even = h.pad_begin == h.pad_end && w.pad_begin == w.pad_end;
    const bool more = plan.output_padding[0] != 0 || plan.output_padding[1] != 0;
    const bool small = h.kernel < h.stride || w.kernel < w.stride;
    if (plan.groups > 1 || dilates || more || small) {
      text_ +=
          "# Its groups, dilation_rate, output_padding and kernels smaller than the stride are not PyTorch's: there "
          "is only the function.\n";
      return;
    }
    const std::string call = "tf.keras.layers.Conv2DTranspose(" + std::to_string(plan.out_channels) + ", " +
                             pair(h.kernel, w.kernel) + ", strides=" + pair(h.stride, w.stride) +
                             ", padding=\"valid\",\n                                    use_bias=" + truth(plan.bias) +
                             ", dtype=\"" + dtype() + "\")";
    if (even && h.pad_begin == 0 && w.pad_begin == 0) {
      text_ += "layer = " + call + "\n";
      set_and_assert("", plan.bias);
      return;
    }
    text_ += "layer = tf.keras.Sequential([\n    " + call + ",\n    tf.keras.layers.Cropping2D((" +
             pair(h.pad_begin, h.pad_end) + ", " + pair(w.pad_begin, w.pad_end) + "), dtype=\"" + dtype() +
             "\"),\n])\n";
    set_and_assert("layers[0].", plan.bias);
  }

  const Session& session_;
  const Computation& c_;
  std::string text_;
};

}  // namespace

Result<std::string> tensorflow_script(const Session& session, const Computation& computation) {
  return Script(session, computation).write();
}

}  // namespace convscope
