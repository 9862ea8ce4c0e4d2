#include "app/session/model_nodes.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string_view>
#include <unordered_map>

#include "app/session/computation.h"
#include "engine/checked_math.h"
#include "engine/conv_nd.h"

namespace convscope::model_nodes {

namespace {

constexpr int64_t kLargestNumber = int64_t{1} << 40;

int64_t integer(const OnnxNode& node, std::string_view name, int64_t otherwise) {
  const OnnxAttribute* const attribute = node.find(name);
  return attribute == nullptr ? otherwise : attribute->i;
}

double real(const OnnxNode& node, std::string_view name, double otherwise) {
  const OnnxAttribute* const attribute = node.find(name);
  return attribute == nullptr ? otherwise : static_cast<double>(attribute->f);
}

/// A list with one number for each axis; `otherwise` where it is left out. Nothing where it has another length or
/// numbers beyond all measure.
std::optional<std::vector<int64_t>> list(const OnnxNode& node, std::string_view name, size_t length,
                                         int64_t otherwise) {
  const OnnxAttribute* const attribute = node.find(name);
  if (attribute == nullptr || attribute->ints.empty()) return std::vector<int64_t>(length, otherwise);
  if (attribute->ints.size() != length) return std::nullopt;
  for (const int64_t number : attribute->ints) {
    if (number < -kLargestNumber || number > kLargestNumber) return std::nullopt;
  }
  return attribute->ints;
}

bool is_standard(const OnnxNode& node) { return node.domain.empty() || node.domain == "ai.onnx"; }

bool pools(const OnnxNode& node) { return node.op.ends_with("Pool"); }

Pair pair_of(const std::vector<int64_t>& axes) { return axes.size() == 1 ? Pair{1, axes[0]} : Pair{axes[0], axes[1]}; }

Error layer_error(const char* code, const OnnxNode& node, std::vector<std::string> more = {}) {
  std::vector<std::string> args{node.op};
  args.insert(args.end(), more.begin(), more.end());
  return Error{code, "", std::move(args)};
}

/// Begins and ends for each axis, as the node says them or its auto_pad makes them.
Result<std::vector<int64_t>> pads_of(const OnnxNode& node, size_t dims, const std::optional<Shape>& input,
                                     const std::vector<int64_t>& kernel, const std::vector<int64_t>& strides,
                                     const std::vector<int64_t>& dilations) {
  const OnnxAttribute* const word = node.find("auto_pad");
  const std::string how = word == nullptr || word->s.empty() ? "NOTSET" : word->s;
  if (how == "NOTSET") {
    const auto pads = list(node, "pads", 2 * dims, 0);
    if (!pads) return layer_error("error.onnx_layer_attribute", node, {"pads"});
    return *pads;
  }
  std::vector<int64_t> pads(2 * dims, 0);
  if (how == "VALID") return pads;
  if (how != "SAME_UPPER" && how != "SAME_LOWER") {
    return layer_error("error.onnx_layer_attribute", node, {"auto_pad"});
  }
  if (!input) return layer_error("error.onnx_layer_auto_pad", node, {how});
  for (size_t i = 0; i < dims; ++i) {
    const int64_t n = (*input)[static_cast<int>(i) + 2], s = std::max<int64_t>(strides[i], 1);
    const std::optional<int64_t> window = checked_mul(dilations[i], kernel[i] - 1);
    const std::optional<int64_t> last = checked_mul((n + s - 1) / s - 1, s);
    constexpr int64_t kMost = int64_t{1} << 60;  // so that the sum fits
    if (!window || !last || std::abs(*window) > kMost || std::abs(*last) > kMost) {
      return layer_error("error.onnx_layer_attribute", node, {"kernel_shape"});
    }
    const int64_t total = std::max<int64_t>(*last + *window + 1 - n, 0);
    pads[i] = how == "SAME_UPPER" ? total / 2 : total - total / 2;
    pads[dims + i] = total - pads[i];
  }
  return pads;
}

/// Numbers where both ends are the same, each side by itself otherwise.
void set_pads(ConvParams& params, const std::vector<int64_t>& pads) {
  const size_t dims = pads.size() / 2;
  const Pair begin = pair_of({pads.begin(), pads.begin() + static_cast<std::ptrdiff_t>(dims)});
  const Pair end = pair_of({pads.begin() + static_cast<std::ptrdiff_t>(dims), pads.end()});
  const bool flat = dims == 1;
  if (begin == end) {
    params.padding_kind = PaddingKind::numbers;
    params.padding = {flat ? 0 : begin.h, begin.w};
  } else {
    params.padding_kind = PaddingKind::pads;
    params.pads = {flat ? 0 : begin.h, begin.w, flat ? 0 : end.h, end.w};
  }
}

/// A transposed convolution that is told the size of its output chooses its paddings by it.
Result<std::vector<int64_t>> transposed_pads(const OnnxNode& node, size_t dims, const std::optional<Shape>& input,
                                             const std::vector<int64_t>& kernel, const std::vector<int64_t>& strides,
                                             const std::vector<int64_t>& dilations,
                                             const std::vector<int64_t>& output_padding) {
  const OnnxAttribute* const word = node.find("auto_pad");
  const std::string how = word == nullptr || word->s.empty() ? "NOTSET" : word->s;
  const OnnxAttribute* const size = node.find("output_shape");
  const bool by_size = size != nullptr && !size->ints.empty();
  if (!by_size && (how == "NOTSET" || how == "VALID")) return pads_of(node, dims, input, kernel, strides, dilations);
  if (!input) return layer_error("error.onnx_layer_auto_pad", node, {by_size ? "output_shape" : how});
  const auto wanted = by_size ? list(node, "output_shape", dims, 0) : std::vector<int64_t>(dims, 0);
  if (!wanted) return layer_error("error.onnx_layer_attribute", node, {"output_shape"});
  std::vector<int64_t> pads(2 * dims, 0);
  for (size_t i = 0; i < dims; ++i) {
    const int64_t n = (*input)[static_cast<int>(i) + 2];
    const std::optional<int64_t> steps = checked_mul(strides[i], n - 1),
                                 window = checked_mul(dilations[i], kernel[i] - 1);
    const std::optional<int64_t> same = checked_mul(strides[i], n);
    if (!steps || !window || !same) return layer_error("error.onnx_layer_attribute", node, {"strides"});
    constexpr int64_t kMost = int64_t{1} << 60;  // so that the sum fits
    if (std::abs(*steps) > kMost || std::abs(*window) > kMost || std::abs(*same) > kMost ||
        std::abs(output_padding[i]) > kMost) {
      return layer_error("error.onnx_layer_attribute", node, {"strides"});
    }
    const int64_t total = *steps + output_padding[i] + *window + 1 - (by_size ? (*wanted)[i] : *same);
    // Less than none would be more cells at the end, which PyTorch says by output_padding.
    if (total < 0) return layer_error("error.onnx_layer_attribute", node, {"output_shape"});
    pads[i] = how == "SAME_UPPER" ? total / 2 : total - total / 2;
    pads[dims + i] = total - pads[i];
  }
  return pads;
}

Result<Session> conv_session(const OnnxFile& file, const OnnxNode& node, const std::string& name,
                             const std::optional<Shape>& input) {
  const bool transposed = node.op == "ConvTranspose";
  if (node.inputs.size() < 2) return layer_error("error.onnx_layer_inputs", node);
  const OnnxTensor* const weight = file.find(node.inputs[1]);
  if (weight == nullptr) return layer_error("error.onnx_layer_computed", node, {node.inputs[1]});
  if (weight->problem) return *weight->problem;
  if (weight->type != OnnxType::float32 && weight->type != OnnxType::float64 && weight->type != OnnxType::float16 &&
      weight->type != OnnxType::bfloat16) {
    return layer_error("error.onnx_layer_type", node);
  }
  const Shape& shape = weight->shape;
  const int rank = shape.rank();
  if (rank != 4 && (transposed || rank != 3)) {
    return layer_error("error.onnx_layer_axes", node, {std::to_string(std::max(rank - 2, 0))});
  }
  const auto dims = static_cast<size_t>(rank) - 2;
  std::vector<int64_t> kernel;
  for (int axis = 2; axis < rank; ++axis) kernel.push_back(shape[axis]);
  const auto strides = list(node, "strides", dims, 1), dilations = list(node, "dilations", dims, 1);
  const auto output_padding = list(node, "output_padding", dims, 0), said = list(node, "kernel_shape", dims, 0);
  const char* const wrong = !strides          ? "strides"
                            : !dilations      ? "dilations"
                            : !output_padding ? "output_padding"
                                              : nullptr;
  if (wrong != nullptr) return layer_error("error.onnx_layer_attribute", node, {wrong});
  const bool kernel_said = node.find("kernel_shape") != nullptr && !node.find("kernel_shape")->ints.empty();
  if (kernel_said && (!said || *said != kernel))
    return layer_error("error.onnx_layer_attribute", node, {"kernel_shape"});
  Result<std::vector<int64_t>> pads =
      transposed ? transposed_pads(node, dims, input, kernel, *strides, *dilations, *output_padding)
                 : pads_of(node, dims, input, kernel, *strides, *dilations);
  if (!pads) return pads.error();

  Session session;
  session.operation = transposed ? "conv_transpose2d" : rank == 3 ? "conv1d" : "conv2d";
  ConvParams& p = session.params;
  p.groups = integer(node, "group", 1);
  const std::optional<int64_t> other = p.groups < 1 ? std::nullopt : checked_mul(shape[1], p.groups);
  if (!other) return layer_error("error.onnx_layer_attribute", node, {"group"});
  p.in_channels = transposed ? shape[0] : *other;
  p.out_channels = transposed ? *other : shape[0];
  p.kernel_size = pair_of(kernel);
  p.stride = pair_of(*strides);
  p.dilation = pair_of(*dilations);
  set_pads(p, *pads);
  if (transposed) session.more.output_padding = pair_of(*output_padding);
  p.bias = node.inputs.size() > 2 && !node.inputs[2].empty();
  p.dtype = weight->type == OnnxType::float64 ? DType::float64 : DType::float32;
  if (p.bias && file.find(node.inputs[2]) == nullptr) {
    return layer_error("error.onnx_layer_computed", node, {node.inputs[2]});
  }
  session.weight = TensorSource{SourceKind::onnx, name, file.path, nullptr};
  if (p.bias) session.bias = TensorSource{SourceKind::onnx, name, file.path, nullptr};
  return session;
}

Result<Session> pool_session(const OnnxNode& node, const std::optional<Shape>& input) {
  const bool global = node.op.starts_with("Global"), max = node.op.ends_with("MaxPool");
  Session session;
  session.operation = max ? "max_pool2d" : "avg_pool2d";
  ConvParams& p = session.params;
  p.bias = false;
  if (global) {
    if (!input) return layer_error("error.onnx_layer_global", node);
    if (input->rank() != 4) return layer_error("error.onnx_layer_axes", node, {std::to_string(input->rank() - 2)});
    p.kernel_size = p.stride = {(*input)[2], (*input)[3]};
    return session;
  }
  const OnnxAttribute* const said = node.find("kernel_shape");
  const size_t dims = said == nullptr ? 0 : said->ints.size();
  if (dims != 2) return layer_error("error.onnx_layer_axes", node, {std::to_string(dims)});
  const auto kernel = list(node, "kernel_shape", dims, 1), strides = list(node, "strides", dims, 1);
  const auto dilations = list(node, "dilations", dims, 1);
  const char* const wrong = !kernel ? "kernel_shape" : !strides ? "strides" : !dilations ? "dilations" : nullptr;
  if (wrong != nullptr) return layer_error("error.onnx_layer_attribute", node, {wrong});
  // PyTorch's average has no dilation.
  if (!max && *dilations != std::vector<int64_t>(dims, 1)) {
    return layer_error("error.onnx_layer_attribute", node, {"dilations"});
  }
  Result<std::vector<int64_t>> pads = pads_of(node, dims, input, *kernel, *strides, *dilations);
  if (!pads) return pads.error();
  p.kernel_size = pair_of(*kernel);
  p.stride = pair_of(*strides);
  p.dilation = pair_of(*dilations);
  set_pads(p, *pads);
  session.more.ceil_mode = integer(node, "ceil_mode", 0) != 0;
  session.more.count_include_pad = integer(node, "count_include_pad", 0) != 0;
  return session;
}

// ---------------------------------------------------------------------------------------------------------------

bool is_one_of(const std::string& op, std::initializer_list<const char*> all) {
  return std::find(all.begin(), all.end(), op) != all.end();
}

/// Each number by itself; the shape stays.
bool is_elementwise(const std::string& op) {
  return is_one_of(op, {"Relu", "LeakyRelu", "Clip", "Sigmoid", "Tanh", "Elu", "HardSigmoid", "HardSwish", "Softplus",
                        "Exp", "Neg", "Abs", "Sqrt", "Identity", "Dropout", "BatchNormalization", "PRelu", "Erf"});
}

bool is_arithmetic(const std::string& op) { return is_one_of(op, {"Add", "Sub", "Mul", "Div"}); }

/// NumPy's rule; nothing where the two do not go together.
std::optional<Shape> broadcast(const Shape& a, const Shape& b) {
  const int rank = std::max(a.rank(), b.rank());
  Shape shape;
  for (int i = 0; i < rank; ++i) {
    const int ia = i - (rank - a.rank()), ib = i - (rank - b.rank());
    const int64_t ea = ia < 0 ? 1 : a[ia], eb = ib < 0 ? 1 : b[ib];
    if (ea != eb && ea != 1 && eb != 1) return std::nullopt;
    shape.push_back(ea == 1 ? eb : ea);
  }
  return shape;
}

std::optional<int> axis_of(const OnnxNode& node, int rank, int64_t otherwise) {
  const int64_t axis = integer(node, "axis", otherwise);
  if (axis < -rank || axis >= rank + (node.op == "Flatten" ? 1 : 0)) return std::nullopt;
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

/// Begins and ends of Pad, from its attribute or from its second input.
std::optional<std::vector<int64_t>> pad_amounts(const OnnxFile& file, const OnnxNode& node, int rank) {
  std::vector<int64_t> pads;
  if (const OnnxAttribute* const said = node.find("pads")) {
    pads = said->ints;
  } else if (node.inputs.size() > 1) {
    const OnnxTensor* const tensor = file.find(node.inputs[1]);
    if (tensor == nullptr) return std::nullopt;
    // Asked for at every node: so few numbers are a short message.
    constexpr int64_t kMostMessage = 8192;
    if (tensor->shape.numel() != 2 * static_cast<int64_t>(rank) || tensor->message.bytes() > kMostMessage) {
      return std::nullopt;
    }
    const Result<std::vector<int64_t>> read = read_onnx_integers(file, *tensor);
    if (!read) return std::nullopt;
    pads = *read;
  }
  if (pads.size() != 2 * static_cast<size_t>(rank)) return std::nullopt;
  for (const int64_t pad : pads) {
    if (pad < 0 || pad > kLargestNumber) return std::nullopt;
  }
  return pads;
}

Error node_error(const OnnxFile& file, const OnnxNode& node, const char* reason) {
  return Error{"error.onnx_node", "", {file.path, title_of(node), node.op, reason}};
}

/// A function of one number over all of them.
template <class Function>
Result<Tensor> map(const Tensor& input, Job* job, Function function) {
  Result<Tensor> output = Tensor::uninitialized(input.shape(), DType::float32);
  if (!output) return output;
  const float* const from = input.data<float>();
  float* const to = output->mutable_data<float>();
  for (int64_t i = 0; i < input.numel(); ++i) {
    if ((i & 0xfffff) == 0 && job != nullptr && job->is_cancelled()) return Error{"error.cancelled", "", {}};
    to[i] = function(from[i]);
  }
  return output;
}

float erf_float(float x) { return std::erf(x); }

Result<Tensor> arithmetic(const OnnxFile& file, const OnnxNode& node, const Tensor& a, const Tensor& b, Job* job) {
  const std::optional<Shape> shape = broadcast(a.shape(), b.shape());
  if (!shape) return node_error(file, node, "@onnx.shapes_differ");
  Result<Tensor> output = Tensor::uninitialized(*shape, DType::float32);
  if (!output) return output;
  const int rank = shape->rank();
  // Steps along each axis; 0 where a tensor is repeated.
  std::array<int64_t, Shape::kMaxRank> step_a{}, step_b{}, index{};
  const auto steps = [&](const Shape& of, std::array<int64_t, Shape::kMaxRank>& result) {
    int64_t step = 1;
    for (int i = of.rank() - 1; i >= 0; --i) {
      result[static_cast<size_t>(i + rank - of.rank())] = of[i] == 1 ? 0 : step;
      step *= of[i];
    }
  };
  steps(a.shape(), step_a);
  steps(b.shape(), step_b);
  const float *pa = a.data<float>(), *pb = b.data<float>();
  float* to = output->mutable_data<float>();
  const char kind = node.op[0] == 'A' ? '+' : node.op[0] == 'S' ? '-' : node.op[0] == 'M' ? '*' : '/';
  const int64_t width = rank == 0 ? 1 : (*shape)[rank - 1];
  const int64_t wa = rank == 0 ? 0 : step_a[static_cast<size_t>(rank - 1)],
                wb = rank == 0 ? 0 : step_b[static_cast<size_t>(rank - 1)];
  const int64_t rows = width == 0 ? 0 : output->numel() / width;
  for (int64_t row = 0; row < rows; ++row) {
    if ((row & 0xfff) == 0 && job != nullptr && job->is_cancelled()) return Error{"error.cancelled", "", {}};
    int64_t at_a = 0, at_b = 0;
    for (int i = 0; i + 1 < rank; ++i) {
      at_a += index[static_cast<size_t>(i)] * step_a[static_cast<size_t>(i)];
      at_b += index[static_cast<size_t>(i)] * step_b[static_cast<size_t>(i)];
    }
    for (int64_t x = 0; x < width; ++x) {
      const float l = pa[at_a + x * wa], r = pb[at_b + x * wb];
      *to++ = kind == '+' ? l + r : kind == '-' ? l - r : kind == '*' ? l * r : l / r;
    }
    for (int i = rank - 2; i >= 0; --i) {
      if (++index[static_cast<size_t>(i)] < (*shape)[i]) break;
      index[static_cast<size_t>(i)] = 0;
    }
  }
  return output;
}

Result<Tensor> batch_normalization(const OnnxFile& file, const OnnxNode& node, const std::vector<Tensor>& inputs) {
  const Tensor& x = inputs[0];
  if (inputs.size() < 5 || x.shape().rank() < 2) return node_error(file, node, "@onnx.shapes_differ");
  const int64_t channels = x.shape()[1];
  for (size_t i = 1; i < 5; ++i) {
    if (!inputs[i].defined() || inputs[i].numel() != channels) return node_error(file, node, "@onnx.shapes_differ");
  }
  const double epsilon = real(node, "epsilon", 1e-5);
  Result<Tensor> output = Tensor::uninitialized(x.shape(), DType::float32);
  if (!output) return output;
  const int64_t batch = x.shape()[0];
  const int64_t plane = batch * channels == 0 ? 0 : x.numel() / (batch * channels);
  const float* from = x.data<float>();
  float* to = output->mutable_data<float>();
  for (int64_t n = 0; n < batch; ++n) {
    for (int64_t c = 0; c < channels; ++c) {
      const double scale = inputs[1].at(c) / std::sqrt(inputs[4].at(c) + epsilon);
      const double mean = inputs[3].at(c), bias = inputs[2].at(c);
      for (int64_t i = 0; i < plane; ++i) {
        *to++ = static_cast<float>((static_cast<double>(*from++) - mean) * scale + bias);
      }
    }
  }
  return output;
}

Result<Tensor> concatenate(const OnnxFile& file, const OnnxNode& node, const std::vector<Tensor>& inputs) {
  std::unordered_map<std::string_view, const Tensor*> by_name;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].defined()) by_name.emplace(node.inputs[i], &inputs[i]);
  }
  const std::optional<Shape> shape = output_shape(file, node, [&](const std::string& name) -> std::optional<Shape> {
    const auto found = by_name.find(name);
    return found == by_name.end() ? std::nullopt : std::optional<Shape>(found->second->shape());
  });
  if (!shape) return node_error(file, node, "@onnx.shapes_differ");
  const int axis = *axis_of(node, shape->rank(), 1);
  Result<Tensor> output = Tensor::uninitialized(*shape, DType::float32);
  if (!output) return output;
  int64_t outer = 1, inner = 1;
  for (int i = 0; i < axis; ++i) outer *= (*shape)[i];
  for (int i = axis + 1; i < shape->rank(); ++i) inner *= (*shape)[i];
  float* to = output->mutable_data<float>();
  for (int64_t o = 0; o < outer; ++o) {
    for (const Tensor& one : inputs) {
      const int64_t run = one.shape()[axis] * inner;
      to = std::copy_n(one.data<float>() + o * run, run, to);
    }
  }
  return output;
}

Result<Tensor> padded(const OnnxFile& file, const OnnxNode& node, const std::vector<Tensor>& inputs) {
  const Tensor& x = inputs[0];
  const int rank = x.shape().rank();
  const auto pads = pad_amounts(file, node, rank);
  if (!pads) return node_error(file, node, "@onnx.shapes_differ");
  float value = static_cast<float>(real(node, "value", 0));
  if (inputs.size() > 2 && inputs[2].defined() && inputs[2].numel() == 1) value = static_cast<float>(inputs[2].at(0));
  Shape shape;
  for (int i = 0; i < rank; ++i) {
    shape.push_back(x.shape()[i] + (*pads)[static_cast<size_t>(i)] + (*pads)[static_cast<size_t>(i + rank)]);
  }
  Result<Tensor> output = Tensor::zeros(shape, DType::float32);
  if (!output || rank == 0 || x.numel() == 0) return output;
  float* const to = output->mutable_data<float>();
  if (value != 0) std::fill_n(to, output->numel(), value);
  const int64_t width = x.shape()[rank - 1], rows = x.numel() / width;
  std::array<int64_t, Shape::kMaxRank> index{};
  for (int64_t row = 0; row < rows; ++row) {
    int64_t at = 0;
    for (int i = 0; i < rank; ++i) at = at * shape[i] + index[static_cast<size_t>(i)] + (*pads)[static_cast<size_t>(i)];
    std::copy_n(x.data<float>() + row * width, width, to + at);
    for (int i = rank - 2; i >= 0; --i) {
      if (++index[static_cast<size_t>(i)] < x.shape()[i]) break;
      index[static_cast<size_t>(i)] = 0;
    }
  }
  return output;
}

Result<Tensor> run_layer(const OnnxFile& file, const OnnxNode& node, const std::vector<Tensor>& inputs, Job* job) {
  const Shape shape = inputs[0].shape();
  Result<Session> session = layer_session(file, node, title_of(node), shape);
  if (!session) return session.error();
  session->params.dtype = DType::float32;
  const bool flat = shown_dims(session->operation) == 1;
  Result<OperationPlan> plan = validate(*session, flat ? with_height(shape) : shape);
  if (!plan) return plan.error();
  ConvTensors tensors;
  const auto fitting = [&](const Tensor& tensor, const Shape& wanted) {
    return tensor.numel() == wanted.numel() ? tensor.reshaped(wanted) : tensor;
  };
  tensors.input = fitting(inputs[0], plan->input_shape());
  if (plan->has_weight()) tensors.weight = fitting(inputs[1], plan->weight_shape());
  if (plan->has_bias()) tensors.bias = inputs[2];
  Conv2dOptions options;
  options.job = job;
  Result<Tensor> output = run_plan(*plan, tensors, options);
  if (!output) return output;
  return plan->shown(*output);
}

}  // namespace

bool is_layer(const OnnxNode& node) {
  return is_one_of(node.op, {"Conv", "ConvTranspose", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool",
                             "LpPool", "GlobalLpPool", "ConvInteger", "QLinearConv", "DeformConv", "MaxRoiPool",
                             "QLinearAveragePool", "QLinearGlobalAveragePool", "FusedConv"});
}

Result<Session> layer_session(const OnnxFile& file, const OnnxNode& node, const std::string& name,
                              const std::optional<Shape>& input) {
  const bool conv = node.op == "Conv" || node.op == "ConvTranspose";
  const bool pool = is_one_of(node.op, {"MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool"});
  if (!is_standard(node) || !(conv || pool)) return layer_error("error.onnx_layer_op", node);
  if (node.inputs.empty()) return layer_error("error.onnx_layer_inputs", node);
  if (input && input->rank() < 3) return layer_error("error.onnx_layer_axes", node, {"0"});
  // auto_pad and the kernel walk along the same axes.
  if (input && node.inputs.size() > 1 && conv && file.find(node.inputs[1]) != nullptr &&
      file.find(node.inputs[1])->shape.rank() != input->rank()) {
    return layer_error("error.onnx_layer_axes", node, {std::to_string(input->rank() - 2)});
  }
  if (input && node.op == "AveragePool" && input->rank() != 4) {
    return layer_error("error.onnx_layer_axes", node, {std::to_string(input->rank() - 2)});
  }
  if (input && node.op == "MaxPool" && input->rank() != 4) {
    return layer_error("error.onnx_layer_axes", node, {std::to_string(input->rank() - 2)});
  }
  return conv ? conv_session(file, node, name, input) : pool_session(node, input);
}

namespace {

/// Before opset 7 the second operand of arithmetic was laid along an axis that is named; from opset 18 on Pad may name
/// the axes that it pads.
bool has_axes_of_its_own(const OnnxNode& node) {
  if (node.op == "Pad") return node.inputs.size() > 3 && !node.inputs[3].empty();
  return is_arithmetic(node.op) && node.find("axis") != nullptr;
}

}  // namespace

bool can_run(const OnnxFile& file, const OnnxNode& node) {
  if (!is_standard(node)) return false;
  if (is_layer(node))
    return !pools(node) || is_one_of(node.op, {"MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool"})
               ? is_one_of(node.op,
                           {"Conv", "ConvTranspose", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool"})
               : false;
  if (has_axes_of_its_own(node)) return false;
  if (node.op == "Dropout" && node.inputs.size() > 2 && !node.inputs[2].empty()) {
    // One that trains throws numbers away.
    const OnnxTensor* const trains = file.find(node.inputs[2]);
    const Result<Tensor> value = trains == nullptr ? Result<Tensor>(Tensor()) : read_onnx_tensor(file, *trains);
    if (!value || !value->defined() || value->numel() != 1 || value->at(0) != 0) return false;
  }
  if (node.op == "Pad") {
    const OnnxAttribute* const mode = node.find("mode");
    if (mode != nullptr && !mode->s.empty() && mode->s != "constant") return false;
    return node.find("pads") != nullptr || (node.inputs.size() > 1 && file.find(node.inputs[1]) != nullptr);
  }
  // A batch normalization that trains has statistics of its own.
  if (node.op == "BatchNormalization") return integer(node, "training_mode", 0) == 0;
  return is_elementwise(node.op) || is_arithmetic(node.op) || is_one_of(node.op, {"Concat", "Flatten"});
}

std::optional<Shape> output_shape(const OnnxFile& file, const OnnxNode& node, const ShapeOf& shape_of) {
  if (node.inputs.empty()) return std::nullopt;
  const std::optional<Shape> first = shape_of(node.inputs[0]);
  if (!first) return std::nullopt;
  if (is_layer(node)) {
    const Result<Session> session = layer_session(file, node, title_of(node), first);
    if (!session) return std::nullopt;
    const bool flat = shown_dims(session->operation) == 1;
    const Result<OperationPlan> plan = validate(*session, flat ? with_height(*first) : *first);
    if (!plan) return std::nullopt;
    return plan->shown(plan->output_shape());
  }
  if (has_axes_of_its_own(node)) return std::nullopt;
  if (node.op == "PRelu") {  // the slope is stretched to the input, never the other way
    const std::optional<Shape> slope = node.inputs.size() < 2 ? std::nullopt : shape_of(node.inputs[1]);
    const std::optional<Shape> both = slope ? broadcast(*first, *slope) : std::nullopt;
    return both && *both == *first ? first : std::nullopt;
  }
  if (is_elementwise(node.op)) return first;
  if (is_arithmetic(node.op)) {
    if (node.inputs.size() < 2) return std::nullopt;
    const std::optional<Shape> second = shape_of(node.inputs[1]);
    return second ? broadcast(*first, *second) : std::nullopt;
  }
  const int rank = first->rank();
  if (node.op == "Flatten") {
    const std::optional<int> axis = axis_of(node, rank, 1);
    if (!axis) return std::nullopt;
    Shape outer, inner;
    for (int i = 0; i < rank; ++i) (i < *axis ? outer : inner).push_back((*first)[i]);
    if (!outer.numel() || !inner.numel()) return std::nullopt;
    return Shape{*outer.numel(), *inner.numel()};
  }
  if (node.op == "Concat") {
    const std::optional<int> axis = axis_of(node, rank, 1);
    if (!axis || rank == 0) return std::nullopt;
    Shape shape = *first;
    shape[*axis] = 0;
    for (const std::string& input : node.inputs) {
      const std::optional<Shape> one = shape_of(input);
      if (!one || one->rank() != rank) return std::nullopt;
      for (int i = 0; i < rank; ++i) {
        if (i != *axis && (*one)[i] != (*first)[i]) return std::nullopt;
      }
      const std::optional<int64_t> sum = checked_add(shape[*axis], (*one)[*axis]);
      if (!sum) return std::nullopt;
      shape[*axis] = *sum;
    }
    return shape;
  }
  if (node.op == "Pad") {
    const auto pads = pad_amounts(file, node, rank);
    if (!pads) return std::nullopt;
    Shape shape = *first;
    for (int i = 0; i < rank; ++i) shape[i] += (*pads)[static_cast<size_t>(i)] + (*pads)[static_cast<size_t>(i + rank)];
    return shape.numel() ? std::optional<Shape>(shape) : std::nullopt;
  }
  return std::nullopt;
}

Result<Tensor> run(const OnnxFile& file, const OnnxNode& node, const std::vector<Tensor>& inputs, Job* job) {
  if (inputs.empty() || !inputs[0].defined()) return node_error(file, node, "@onnx.input_missing");
  const Tensor& x = inputs[0];
  const std::string& op = node.op;
  if (is_layer(node)) {
    const size_t wanted = op.starts_with("Conv") ? 2 : 1;
    if (inputs.size() < wanted || !inputs[wanted - 1].defined()) return node_error(file, node, "@onnx.input_missing");
    return run_layer(file, node, inputs, job);
  }
  if (op == "Identity" || op == "Dropout") return x;
  if (op == "Flatten") {
    const std::optional<Shape> shape = output_shape(file, node, [&](const std::string&) { return x.shape(); });
    if (!shape) return node_error(file, node, "@onnx.shapes_differ");
    return x.reshaped(*shape);
  }
  if (is_arithmetic(op)) {
    if (inputs.size() < 2 || !inputs[1].defined()) return node_error(file, node, "@onnx.input_missing");
    return arithmetic(file, node, x, inputs[1], job);
  }
  if (op == "BatchNormalization") return batch_normalization(file, node, inputs);
  if (op == "Concat") return concatenate(file, node, inputs);
  if (op == "Pad") return padded(file, node, inputs);
  if (op == "Relu") return map(x, job, [](float v) { return v < 0 ? 0 : v; });
  if (op == "LeakyRelu") {
    const float alpha = static_cast<float>(real(node, "alpha", 0.01f));
    return map(x, job, [alpha](float v) { return v < 0 ? alpha * v : v; });
  }
  if (op == "PRelu") {
    if (inputs.size() < 2 || !inputs[1].defined()) return node_error(file, node, "@onnx.input_missing");
    const std::optional<Shape> both = broadcast(x.shape(), inputs[1].shape());
    if (!both || !(*both == x.shape())) return node_error(file, node, "@onnx.shapes_differ");
    // max(x, 0) + slope * min(x, 0)
    Result<Tensor> below = map(x, job, [](float v) { return v < 0 ? v : 0; });
    if (!below) return below;
    OnnxNode times, plus;
    times.op = "Mul";
    plus.op = "Add";
    Result<Tensor> scaled = arithmetic(file, times, *below, inputs[1], job);
    Result<Tensor> above = map(x, job, [](float v) { return v < 0 ? 0 : v; });
    if (!scaled) return scaled;
    if (!above) return above;
    return arithmetic(file, plus, *above, *scaled, job);
  }
  if (op == "Clip") {
    // Bounds were attributes before opset 11.
    float low = static_cast<float>(real(node, "min", -HUGE_VAL)),
          high = static_cast<float>(real(node, "max", HUGE_VAL));
    if (inputs.size() > 1 && inputs[1].defined() && inputs[1].numel() == 1) low = static_cast<float>(inputs[1].at(0));
    if (inputs.size() > 2 && inputs[2].defined() && inputs[2].numel() == 1) high = static_cast<float>(inputs[2].at(0));
    return map(x, job, [=](float v) { return std::min(std::max(v, low), high); });
  }
  if (op == "Sigmoid") return map(x, job, [](float v) { return 1 / (1 + std::exp(-v)); });
  if (op == "Tanh") return map(x, job, [](float v) { return std::tanh(v); });
  if (op == "Softplus") return map(x, job, [](float v) { return v > 20 ? v : std::log1p(std::exp(v)); });
  if (op == "Exp") return map(x, job, [](float v) { return std::exp(v); });
  if (op == "Neg") return map(x, job, [](float v) { return -v; });
  if (op == "Abs") return map(x, job, [](float v) { return std::fabs(v); });
  if (op == "Sqrt") return map(x, job, [](float v) { return std::sqrt(v); });
  if (op == "Erf") return map(x, job, erf_float);
  if (op == "Elu") {
    const float alpha = static_cast<float>(real(node, "alpha", 1));
    return map(x, job, [alpha](float v) { return v < 0 ? alpha * std::expm1(v) : v; });
  }
  if (op == "HardSigmoid" || op == "HardSwish") {
    const bool swish = op == "HardSwish";
    const float alpha = swish ? 1.0f / 6 : static_cast<float>(real(node, "alpha", 0.2f));
    const float beta = swish ? 0.5f : static_cast<float>(real(node, "beta", 0.5f));
    return map(x, job, [=](float v) {
      const float gate = std::clamp(alpha * v + beta, 0.0f, 1.0f);
      return swish ? v * gate : gate;
    });
  }
  return Error{"error.onnx_cannot_run", "", {file.path, title_of(node), op, title_of(node)}};
}

std::string title_of(const OnnxNode& node) {
  if (!node.name.empty()) return node.name;
  return node.outputs.empty() ? node.op : node.outputs.front();
}

}  // namespace convscope::model_nodes
