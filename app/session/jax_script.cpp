// The operation with jax.lax, which pads each side by itself and keeps channels first.
#include <algorithm>

#include "app/session/code.h"
#include "app/session/code_text.h"

namespace convscope {

using namespace code_text;

namespace {

std::string ends(int64_t top, int64_t bottom, int64_t left, int64_t right) {
  std::string text("(");
  text += pair(top, bottom) + ", " + pair(left, right) + ")";
  return text;
}

std::string conv(const ConvPlan& plan) {
  const Pads& p = plan.pads;
  std::string text("    x, w = jnp.asarray(x), jnp.asarray(w)\n");
  std::string padding = ends(p.top, p.bottom, p.left, p.right);
  if (plan.padding_mode != PaddingMode::zeros && p != Pads{}) {
    const char* const mode = plan.padding_mode == PaddingMode::reflect     ? "reflect"
                             : plan.padding_mode == PaddingMode::replicate ? "edge"
                                                                           : "wrap";
    text += "    x = jnp.pad(x, ((0, 0), (0, 0), " + pair(p.top, p.bottom) + ", " + pair(p.left, p.right) +
            "), mode=\"" + mode + "\")\n";
    padding = ends(0, 0, 0, 0);
  }
  text += "    y = lax.conv_general_dilated(\n        x, w, window_strides=" + pair(plan.stride) +
          ", padding=" + padding + ",\n        rhs_dilation=" + pair(plan.dilation) +
          ", dimension_numbers=(\"NCHW\", \"OIHW\", \"NCHW\"),\n" +
          "        feature_group_count=" + std::to_string(plan.groups) + ", precision=lax.Precision.HIGHEST)\n";
  return text;
}

std::string volume(const ConvNdPlan& plan) {
  const Windows& windows = plan.windows;
  const WindowAxis &d = windows.depth(), &h = windows.height(), &w = windows.width();
  const auto three = [&](int64_t WindowAxis::*member) { return tuple(Shape{d.*member, h.*member, w.*member}); };
  std::string ends;
  bool padded = false;
  for (const WindowAxis* axis : {&d, &h, &w}) {
    ends += (ends.empty() ? "" : ", ") + pair(axis->pad_begin, axis->pad_end);
    padded = padded || axis->pad_begin != 0 || axis->pad_end != 0;
  }
  std::string text("    x, w = jnp.asarray(x), jnp.asarray(w)\n");
  if (plan.padding_mode != PaddingMode::zeros && padded) {
    const char* const mode = plan.padding_mode == PaddingMode::reflect     ? "reflect"
                             : plan.padding_mode == PaddingMode::replicate ? "edge"
                                                                           : "wrap";
    text += "    x = jnp.pad(x, ((0, 0), (0, 0), " + ends + "), mode=\"" + mode + "\")\n";
    ends = "(0, 0), (0, 0), (0, 0)";
  }
  text += "    y = lax.conv_general_dilated(\n        x, w, window_strides=" + three(&WindowAxis::stride) +
          ", padding=(" + ends + "),\n        lhs_dilation=(1, 1, 1), rhs_dilation=" + three(&WindowAxis::dilation) +
          ", dimension_numbers=(\"NCDHW\", \"OIDHW\", \"NCDHW\"),\n" +
          "        feature_group_count=" + std::to_string(plan.groups) + ", precision=lax.Precision.HIGHEST)\n";
  return text;
}

std::string transposed(const ConvTransposePlan& plan) {
  const WindowAxis &h = plan.windows.height(), &w = plan.windows.width();
  const auto begin = [](const WindowAxis& axis) { return axis.effective_kernel() - 1 - axis.pad_begin; };
  const auto end = [](const WindowAxis& axis, int64_t more) {
    return axis.effective_kernel() - 1 - axis.pad_end + more;
  };
  const std::string groups = std::to_string(plan.groups);
  const std::string kernel = std::to_string(h.kernel) + ", " + std::to_string(w.kernel);
  const std::string of_group =
      std::to_string(plan.channels_per_group()) + ", " + std::to_string(plan.kernels_per_group());
  std::string text("    x, w = jnp.asarray(x), jnp.asarray(w)\n");
  text += "    # the direct convolution that it equals: the kernel turned, its channels exchanged within each group\n";
  text += "    w = w.reshape(" + groups + ", " + of_group + ", " + kernel + ").swapaxes(1, 2)\n";
  text += "    w = w.reshape(" + std::to_string(plan.out_channels) + ", " + std::to_string(plan.channels_per_group()) +
          ", " + kernel + ")[:, :, ::-1, ::-1]\n";
  text += "    y = lax.conv_general_dilated(\n        x, w, window_strides=(1, 1), padding=" +
          ends(begin(h), end(h, plan.output_padding[0]), begin(w), end(w, plan.output_padding[1])) +
          ",\n        lhs_dilation=" + pair(h.stride, w.stride) + ", rhs_dilation=" + pair(h.dilation, w.dilation) +
          ", dimension_numbers=(\"NCHW\", \"OIHW\", \"NCHW\"),\n        feature_group_count=" + groups +
          ", precision=lax.Precision.HIGHEST)\n";
  return text;
}

std::string pool(const PoolPlan& plan) {
  const WindowAxis &h = plan.windows.height(), &w = plan.windows.width();
  const Pair beyond = beyond_padding(plan);
  const std::string window = "(1, 1, " + std::to_string(h.kernel) + ", " + std::to_string(w.kernel) + ")";
  const std::string strides = "(1, 1, " + std::to_string(h.stride) + ", " + std::to_string(w.stride) + ")";
  const auto padding = [](const std::string& both) { return "((0, 0), (0, 0), " + both + ")"; };
  const auto inner = [](std::string text) { return text.substr(1, text.size() - 2); };
  const std::string all = padding(inner(ends(h.pad_begin, h.pad_end + beyond.h, w.pad_begin, w.pad_end + beyond.w)));
  std::string text("    x = jnp.asarray(x)\n");
  if (beyond != Pair{})
    text += "    # ceil_mode: the last windows reach " + pair(beyond) + " cells beyond the padding\n";
  if (plan.kind == PoolKind::max) {
    text += "    y = lax.reduce_window(\n        x, -jnp.inf, lax.max, " + window + ", " + strides +
            ",\n        padding=" + all + ", window_dilation=(1, 1, " + std::to_string(h.dilation) + ", " +
            std::to_string(w.dilation) + "))\n";
    return text;
  }
  text += "    def sums(x, padding):\n        return lax.reduce_window(x, 0.0, lax.add, " + window + ", " + strides +
          ", padding)\n\n";
  text += "    y = sums(x, " + all + ")\n";
  if (plan.divisor_override) {
    text += "    y = y / " + std::to_string(*plan.divisor_override) + "\n";
  } else if (plan.count_include_pad) {
    text += "    # padding counts, what lies beyond it does not\n    cells = jnp.pad(jnp.ones_like(x), " +
            padding(inner(ends(h.pad_begin, h.pad_end, w.pad_begin, w.pad_end))) + ", constant_values=1)\n" +
            "    y = y / sums(cells, " + padding(inner(ends(0, beyond.h, 0, beyond.w))) + ")\n";
  } else {
    text += "    y = y / sums(jnp.ones_like(x), " + all + ")  # only cells of the input count\n";
  }
  return text;
}

}  // namespace

Result<std::string> jax_script(const Session& session, const Computation& c) {
  const bool is_double = c.plan.dtype() == DType::float64;
  std::string text = title_line(session);
  text += "import jax\nimport jax.numpy as jnp\nimport numpy as np\nfrom jax import lax\n\n";
  if (is_double) text += "jax.config.update(\"jax_enable_x64\", True)\n";
  text += "TOLERANCE = " + tolerance(c.plan.dtype()) +
          "  # of other orders of summation, in parts of the largest number\n\n";
  const Result<std::string> tensors = numpy_tensors(session, c);
  if (!tensors) return tensors;
  text += *tensors + "\n";
  const bool bias = c.plan.has_bias();
  const std::string arguments(c.plan.has_weight() ? (bias ? "x, w, b" : "x, w") : "x");
  text += "\n@jax.jit\ndef layer(" + arguments + "):\n";
  text += c.plan.conv2d() != nullptr       ? conv(*c.plan.conv2d())
          : c.plan.volume() != nullptr     ? volume(*c.plan.volume())
          : c.plan.transposed() != nullptr ? transposed(*c.plan.transposed())
                                           : pool(*c.plan.pool());
  const std::string shaped(c.plan.volume() != nullptr ? "[:, None, None, None]" : "[:, None, None]");
  text += bias ? "    return y + jnp.asarray(b)" + shaped + "\n\n" : "    return y\n\n";
  text += numpy_close() + "\n";
  text += "y = layer(" + arguments + ")" + (c.plan.unbatched() ? "[0]\n" : "\n");
  text += assert_output(c, "y");
  text += "\nprint(\"ok\")\n";
  return text;
}

}  // namespace convscope
