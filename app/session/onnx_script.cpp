// The operation as a graph of ONNX with one node, or a few where one cannot say it.
#include <algorithm>
#include <vector>

#include "app/session/code.h"
#include "app/session/code_text.h"

namespace convscope {

using namespace code_text;

namespace {

std::string numbers(std::initializer_list<int64_t> values) {
  std::string text("[");
  for (int64_t value : values) {
    if (text.size() > 1) text += ", ";
    text += std::to_string(value);
  }
  return text + "]";
}

class Script {
 public:
  Script(const Session& session, const Computation& computation) : session_(session), c_(computation) {}

  Result<std::string> write() {
    if (c_.plan.conv2d() != nullptr) {
      conv(*c_.plan.conv2d());
    } else if (c_.plan.volume() != nullptr) {
      volume(*c_.plan.volume());
    } else if (c_.plan.transposed() != nullptr) {
      transposed(*c_.plan.transposed());
    } else {
      pool(*c_.plan.pool());
    }
    std::string text = title_line(session_);
    text += "import numpy as np\nimport onnx\nfrom onnx import helper, numpy_helper\n\n";
    text += "TOLERANCE = " + tolerance(c_.plan.dtype()) +
            "  # of other orders of summation, in parts of the largest number\n\n";
    const Result<std::string> tensors = numpy_tensors(session_, c_);
    if (!tensors) return tensors;
    text += *tensors + "\nnodes = [\n" + nodes_ + "]\n";
    text += "constants = [\n";
    if (c_.plan.has_weight()) text += "    numpy_helper.from_array(w, \"W\"),\n";
    if (c_.plan.has_bias()) text += "    numpy_helper.from_array(b, \"B\"),\n";
    text += constants_ + "]\n";
    Shape out = c_.plan.output_shape();
    if (c_.plan.unbatched()) {
      Shape batched{1};
      for (int64_t extent : out) batched.push_back(extent);
      out = batched;
    }
    text +=
        "dtype = helper.mapping.NP_TYPE_TO_TENSOR_TYPE[x.dtype] if hasattr(helper, \"mapping\") else "
        "helper.np_dtype_to_tensor_dtype(x.dtype)\n";
    text +=
        "graph = helper.make_graph(\n    nodes, \"convscope\", [helper.make_tensor_value_info(\"X\", dtype, "
        "x.shape)],\n"
        "    [helper.make_tensor_value_info(\"Y\", dtype, " +
        tuple(out) + ")], constants)\n";
    text +=
        "model = helper.make_model(graph, opset_imports=[helper.make_opsetid(\"\", " + std::to_string(opset_) + ")])\n";
    text += "onnx.checker.check_model(model, full_check=True)  # the shapes too\n\n";
    text += R"(
def run(model, x):
    """The model's output, by whichever runtime is installed; None without any."""
    try:
        import onnxruntime
    except ImportError:
        try:
            from onnx.reference import ReferenceEvaluator
        except ImportError:
            return None
        return ReferenceEvaluator(model).run(None, {"X": x})[0]
    model.ir_version = min(model.ir_version, 8)  # older runtimes
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"X": x})[0]

)";
    text += numpy_close() + "\n";
    text +=
        "y = run(model, x)\nif y is None:\n    print(\"the model is sound; no runtime is installed to compute it\")\n"
        "else:\n    ";
    text += assert_output(c_, "y");
    text += "    print(\"ok\")\n";
    return text;
  }

 private:
  void node(const std::string& type, const std::string& inputs, const std::string& output,
            const std::vector<std::string>& attributes) {
    nodes_ += "    helper.make_node(\n        \"" + type + "\", [" + inputs + "], [\"" + output + "\"]";
    std::string line;
    for (const std::string& attribute : attributes) line += ", " + attribute;
    nodes_ += line + "),\n";
  }
  void constant(const std::string& name, const std::string& value) {
    constants_ += "    numpy_helper.from_array(" + value + ", \"" + name + "\"),\n";
  }
  /// Before the operation, what its own padding cannot say.
  void pad(const char* mode, const Pads& p) {
    constant("pads", "np.array(" + numbers({0, 0, p.top, p.left, 0, 0, p.bottom, p.right}) + ", np.int64)");
    node("Pad", "\"X\", \"pads\"", "padded", {std::string("mode=\"") + mode + "\""});
  }

  void conv(const ConvPlan& plan) {
    Pads pads = plan.pads;
    std::string input("\"X\"");
    if (plan.padding_mode != PaddingMode::zeros && pads != Pads{}) {
      if (plan.padding_mode == PaddingMode::circular) {
        opset_ = 19;
        nodes_ += "    # \"wrap\" came with version 19 of the operators\n";
      }
      pad(plan.padding_mode == PaddingMode::reflect     ? "reflect"
          : plan.padding_mode == PaddingMode::replicate ? "edge"
                                                        : "wrap",
          pads);
      input = "\"padded\"";
      pads = {};
    }
    node("Conv", input + (plan.bias ? ", \"W\", \"B\"" : ", \"W\""), "Y",
         {"kernel_shape=" + numbers({plan.kernel.h, plan.kernel.w}),
          "strides=" + numbers({plan.stride.h, plan.stride.w}),
          "pads=" + numbers({pads.top, pads.left, pads.bottom, pads.right}),
          "dilations=" + numbers({plan.dilation.h, plan.dilation.w}), "group=" + std::to_string(plan.groups)});
  }

  void volume(const ConvNdPlan& plan) {
    const Windows& windows = plan.windows;
    const WindowAxis &d = windows.depth(), &h = windows.height(), &w = windows.width();
    std::vector<int64_t> pads = {d.pad_begin, h.pad_begin, w.pad_begin, d.pad_end, h.pad_end, w.pad_end};
    std::string input("\"X\"");
    const bool padded = std::any_of(pads.begin(), pads.end(), [](int64_t pad) { return pad != 0; });
    if (plan.padding_mode != PaddingMode::zeros && padded) {
      if (plan.padding_mode == PaddingMode::circular) {
        opset_ = 19;
        nodes_ += "    # \"wrap\" came with version 19 of the operators\n";
      }
      constant("pads", "np.array(" + numbers({0, 0, pads[0], pads[1], pads[2], 0, 0, pads[3], pads[4], pads[5]}) +
                           ", np.int64)");
      const char* mode = plan.padding_mode == PaddingMode::reflect     ? "reflect"
                         : plan.padding_mode == PaddingMode::replicate ? "edge"
                                                                       : "wrap";
      node("Pad", "\"X\", \"pads\"", "padded", {std::string("mode=\"") + mode + "\""});
      input = "\"padded\"";
      pads.assign(6, 0);
    }
    node("Conv", input + (plan.bias ? ", \"W\", \"B\"" : ", \"W\""), "Y",
         {"kernel_shape=" + numbers({d.kernel, h.kernel, w.kernel}),
          "strides=" + numbers({d.stride, h.stride, w.stride}),
          "pads=" + numbers({pads[0], pads[1], pads[2], pads[3], pads[4], pads[5]}),
          "dilations=" + numbers({d.dilation, h.dilation, w.dilation}), "group=" + std::to_string(plan.groups)});
  }

  void transposed(const ConvTransposePlan& plan) {
    const WindowAxis &h = plan.windows.height(), &w = plan.windows.width();
    node("ConvTranspose", plan.bias ? "\"X\", \"W\", \"B\"" : "\"X\", \"W\"", "Y",
         {"kernel_shape=" + numbers({h.kernel, w.kernel}), "strides=" + numbers({h.stride, w.stride}),
          "pads=" + numbers({h.pad_begin, w.pad_begin, h.pad_end, w.pad_end}),
          "dilations=" + numbers({h.dilation, w.dilation}), "group=" + std::to_string(plan.groups),
          "output_padding=" + numbers({plan.output_padding[0], plan.output_padding[1]})});
  }

  /// ceil_mode=0 throughout: versions of the operators and runtimes differ about the last windows, explicit paddings
  /// are the same to all of them.
  void pool(const PoolPlan& plan) {
    const WindowAxis &h = plan.windows.height(), &w = plan.windows.width();
    const Pair beyond = beyond_padding(plan);
    const Pads all{h.pad_begin, w.pad_begin, h.pad_end + beyond.h, w.pad_end + beyond.w};
    if (beyond != Pair{})
      nodes_ += "    # ceil_mode: the last windows reach " + pair(beyond) + " cells beyond the padding\n";
    const std::string kernel = "kernel_shape=" + numbers({h.kernel, w.kernel}),
                      strides = "strides=" + numbers({h.stride, w.stride});
    const auto pads_of = [](const Pads& p) { return "pads=" + numbers({p.top, p.left, p.bottom, p.right}); };
    if (plan.kind == PoolKind::max) {
      node("MaxPool", "\"X\"", "Y", {kernel, strides, pads_of(all), "dilations=" + numbers({h.dilation, w.dilation})});
      return;
    }
    if (plan.divisor_override) {
      pad("constant", all);
      node("AveragePool", "\"padded\"", "average", {kernel, strides});
      nodes_ += "    # divisor_override\n";
      constant("factor", "np.array(" + std::to_string(h.kernel * w.kernel) + " / " +
                             std::to_string(*plan.divisor_override) + ", x.dtype)");
      node("Mul", "\"average\", \"factor\"", "Y", {});
      return;
    }
    if (!plan.count_include_pad || beyond == Pair{}) {
      node("AveragePool", "\"X\"", "Y",
           {kernel, strides, pads_of(all), std::string("count_include_pad=") + (plan.count_include_pad ? "1" : "0")});
      return;
    }
    // The padding counts, what lies beyond it does not: the first becomes cells.
    pad("constant", {h.pad_begin, w.pad_begin, h.pad_end, w.pad_end});
    node("AveragePool", "\"padded\"", "Y",
         {kernel, strides, pads_of({0, 0, beyond.h, beyond.w}), "count_include_pad=0"});
  }

  const Session& session_;
  const Computation& c_;
  std::string nodes_, constants_;
  int opset_ = 13;
};

}  // namespace

Result<std::string> onnx_script(const Session& session, const Computation& computation) {
  return Script(session, computation).write();
}

}  // namespace convscope
