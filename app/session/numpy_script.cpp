// The operation as loops of NumPy.
#include "app/session/code.h"
#include "app/session/code_text.h"

namespace convscope {

using namespace code_text;

namespace {

constexpr const char* kConv = R"(
def conv2d(x, w, b, stride, pads, dilation, groups, mode):
    """x (N, C, H, W), w (O, C / groups, kh, kw), b (O,) or None; pads: top, left, bottom, right."""
    top, left, bottom, right = pads
    x = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)), mode)
    images, _, height, width = x.shape
    outputs, channels, kh, kw = w.shape
    # the window's reach
    eh, ew = dilation[0] * (kh - 1) + 1, dilation[1] * (kw - 1) + 1
    y = np.zeros((images, outputs, (height - eh) // stride[0] + 1, (width - ew) // stride[1] + 1), x.dtype)
    for n in range(images):
        for o in range(outputs):
            first = o // (outputs // groups) * channels  # channel of its group
            for p in range(y.shape[2]):
                for q in range(y.shape[3]):
                    i, j = p * stride[0], q * stride[1]
                    window = x[n, first:first + channels, i:i + eh:dilation[0], j:j + ew:dilation[1]]
                    y[n, o, p, q] = (window * w[o]).sum() + (0 if b is None else b[o])
    return y

)";

constexpr const char* kVolume = R"(
def conv3d(x, w, b, stride, pads, dilation, groups, mode):
    """x (N, C, D, H, W), w (O, C / groups, kd, kh, kw), b (O,) or None; pads: (begin, end) of each axis."""
    x = np.pad(x, ((0, 0), (0, 0), *pads), mode)
    images, outputs, channels = x.shape[0], *w.shape[:2]
    # the window's reach
    reach = [d * (k - 1) + 1 for d, k in zip(dilation, w.shape[2:])]
    size = [(n - r) // s + 1 for n, r, s in zip(x.shape[2:], reach, stride)]
    y = np.zeros((images, outputs, *size), x.dtype)
    for n in range(images):
        for o in range(outputs):
            first = o // (outputs // groups) * channels  # channel of its group
            for q in np.ndindex(*size):  # depth, row, column
                begin = [i * s for i, s in zip(q, stride)]
                window = x[(n, slice(first, first + channels),
                            *(slice(i, i + r, d) for i, r, d in zip(begin, reach, dilation)))]
                y[(n, o, *q)] = (window * w[o]).sum() + (0 if b is None else b[o])
    return y

)";

constexpr const char* kTransposed = R"(
def conv_transpose2d(x, w, b, stride, pads, output_padding, dilation, groups):
    """x (N, C, H, W), w (C, O / groups, kh, kw), b (O,) or None; pads, cut off: top, left, bottom, right."""
    images, channels, height, width = x.shape
    _, outputs, kh, kw = w.shape  # of a group
    eh, ew = dilation[0] * (kh - 1) + 1, dilation[1] * (kw - 1) + 1
    full = np.zeros((images, outputs * groups, (height - 1) * stride[0] + eh + output_padding[0],
                     (width - 1) * stride[1] + ew + output_padding[1]), x.dtype)
    for n in range(images):
        for c in range(channels):
            first = c // (channels // groups) * outputs
            for p in range(height):
                for q in range(width):
                    i, j = p * stride[0], q * stride[1]
                    # every input cell stamps the kernel, weighted by itself
                    full[n, first:first + outputs, i:i + eh:dilation[0], j:j + ew:dilation[1]] += x[n, c, p, q] * w[c]
    top, left, bottom, right = pads
    y = full[:, :, top:full.shape[2] - bottom, left:full.shape[3] - right]
    return y if b is None else y + b[:, None, None]

)";

constexpr const char* kMax = R"(
def max_pool2d(x, kernel_size, stride, pads, dilation, size):
    """x (N, C, H, W); pads: top, left, bottom, right; size: of the output."""
    (kh, kw), (dh, dw) = kernel_size, dilation
    top, left, _, _ = pads
    y = np.empty((*x.shape[:2], *size), x.dtype)
    for p in range(size[0]):
        for q in range(size[1]):
            i, j = p * stride[0] - top, q * stride[1] - left
            rows = [r for r in range(i, i + dh * kh, dh) if 0 <= r < x.shape[2]]
            columns = [c for c in range(j, j + dw * kw, dw) if 0 <= c < x.shape[3]]
            # padding never wins
            y[:, :, p, q] = x[:, :, rows][:, :, :, columns].max(axis=(2, 3), initial=-np.inf)
    return y

)";

constexpr const char* kAverage = R"(
def avg_pool2d(x, kernel_size, stride, pads, size, count_include_pad, divisor_override):
    """x (N, C, H, W); pads: top, left, bottom, right; size: of the output."""
    height, width = x.shape[2:]
    top, left, bottom, right = pads
    y = np.zeros((*x.shape[:2], *size), x.dtype)
    for p in range(size[0]):
        for q in range(size[1]):
            i, j = p * stride[0] - top, q * stride[1] - left
            # what ceil_mode lets a window reach beyond the padding counts for nothing
            m, n = min(i + kernel_size[0], height + bottom), min(j + kernel_size[1], width + right)
            padded = (m - i) * (n - j)
            i, j, m, n = max(i, 0), max(j, 0), min(m, height), min(n, width)
            if m <= i or n <= j:
                continue
            divisor = divisor_override or (padded if count_include_pad else (m - i) * (n - j))
            y[:, :, p, q] = x[:, :, i:m, j:n].sum(axis=(2, 3)) / divisor
    return y

)";

std::string pads_tuple(const Pads& p) { return tuple(Shape{p.top, p.left, p.bottom, p.right}); }
Pads pads_of(const Windows& windows) {
  const WindowAxis &h = windows.height(), &w = windows.width();
  return {h.pad_begin, w.pad_begin, h.pad_end, w.pad_end};
}

const char* mode_of(PaddingMode mode) {
  switch (mode) {
    case PaddingMode::reflect:
      return "\"reflect\"";
    case PaddingMode::replicate:
      return "\"edge\"";
    case PaddingMode::circular:
      return "\"wrap\"";
    case PaddingMode::zeros:
      break;
  }
  return "\"constant\"";
}

}  // namespace

Result<std::string> numpy_script(const Session& session, const Computation& c) {
  std::string text = title_line(session);
  text += "import numpy as np\n\n";
  text += "TOLERANCE = " + tolerance(c.plan.dtype()) +
          "  # of other orders of summation, in parts of the largest number\n\n";
  const Result<std::string> tensors = numpy_tensors(session, c);
  if (!tensors) return tensors;
  text += *tensors + "\n";
  const std::string bias(c.plan.has_bias() ? "b" : "None");
  std::string call;
  if (const ConvPlan* plan = c.plan.conv2d()) {
    text += kConv;
    call = "conv2d(x, w, " + bias + ", stride=" + pair(plan->stride) + ", pads=" + pads_tuple(plan->pads) +
           ", dilation=" + pair(plan->dilation) + ", groups=" + std::to_string(plan->groups) +
           ", mode=" + mode_of(plan->padding_mode) + ")";
  } else if (const ConvNdPlan* volume = c.plan.volume()) {
    const Windows& windows = volume->windows;
    const WindowAxis &d = windows.depth(), &h = windows.height(), &w = windows.width();
    const auto three = [&](int64_t WindowAxis::*member) { return tuple(Shape{d.*member, h.*member, w.*member}); };
    text += kVolume;
    call = "conv3d(x, w, " + bias + ", stride=" + three(&WindowAxis::stride) + ", pads=(" +
           pair(d.pad_begin, d.pad_end) + ", " + pair(h.pad_begin, h.pad_end) + ", " + pair(w.pad_begin, w.pad_end) +
           "), dilation=" + three(&WindowAxis::dilation) + ", groups=" + std::to_string(volume->groups) +
           ", mode=" + mode_of(volume->padding_mode) + ")";
  } else if (const ConvTransposePlan* back = c.plan.transposed()) {
    const WindowAxis &h = back->windows.height(), &w = back->windows.width();
    text += kTransposed;
    call = "conv_transpose2d(x, w, " + bias + ", stride=" + pair(h.stride, w.stride) +
           ", pads=" + pads_tuple(pads_of(back->windows)) +
           ", output_padding=" + pair(back->output_padding[0], back->output_padding[1]) +
           ", dilation=" + pair(h.dilation, w.dilation) + ", groups=" + std::to_string(back->groups) + ")";
  } else {
    const PoolPlan& pool = *c.plan.pool();
    const WindowAxis &h = pool.windows.height(), &w = pool.windows.width();
    const bool max = pool.kind == PoolKind::max;
    text += max ? kMax : kAverage;
    call = std::string(max ? "max_pool2d" : "avg_pool2d") + "(x, kernel_size=" + pair(h.kernel, w.kernel) +
           ", stride=" + pair(h.stride, w.stride) + ", pads=" + pads_tuple(pads_of(pool.windows));
    if (max) call += ", dilation=" + pair(h.dilation, w.dilation);
    call += ", size=" + pair(h.count, w.count);
    if (!max) {
      call += ", count_include_pad=" + truth(pool.count_include_pad) + ", divisor_override=" +
              (pool.divisor_override ? std::to_string(*pool.divisor_override) : std::string("None"));
    }
    call += ")";
  }
  text += numpy_close() + "\n";
  text += "y = " + call + (c.plan.unbatched() ? "[0]\n" : "\n");
  text += assert_output(c, "y");
  text += "\nprint(\"ok\")\n";
  return text;
}

}  // namespace convscope
