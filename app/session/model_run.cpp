// Running a picture through a network up to a layer.
#include <algorithm>
#include <array>
#include <cmath>

#include "app/session/model.h"
#include "app/session/model_nodes.h"
#include "engine/checked_math.h"

namespace convscope {

namespace {

/// Weights of the input's cells for each output cell: a triangle as wide as the step, so that shrinking averages and
/// growing interpolates. Source: Pillow's and PyTorch's antialiased bilinear filter.
struct Resampling {
  std::vector<int64_t> begin;
  std::vector<std::vector<float>> weights;

  Resampling(int64_t from, int64_t to) {
    const double scale = static_cast<double>(from) / static_cast<double>(to), support = std::max(scale, 1.0);
    for (int64_t i = 0; i < to; ++i) {
      const double center = (static_cast<double>(i) + 0.5) * scale;
      const int64_t low = std::max<int64_t>(0, static_cast<int64_t>(center - support + 0.5));
      const int64_t high = std::min<int64_t>(from, static_cast<int64_t>(center + support + 0.5));
      std::vector<double> raw;
      double sum = 0;
      for (int64_t x = low; x < high; ++x) {
        raw.push_back(std::max(0.0, 1 - std::abs((static_cast<double>(x) + 0.5 - center) / support)));
        sum += raw.back();
      }
      std::vector<float>& row = weights.emplace_back();
      for (const double one : raw) row.push_back(static_cast<float>(one / sum));
      begin.push_back(low);
    }
  }
};

/// (1, C, H, W) to another height and width.
Result<Tensor> resized(const Tensor& picture, int64_t height, int64_t width) {
  const Shape& shape = picture.shape();
  const int64_t channels = shape[1], h = shape[2], w = shape[3];
  if (h == height && w == width) return picture;
  Result<Tensor> wide = Tensor::uninitialized({1, channels, h, width}, DType::float32);
  Result<Tensor> result = Tensor::uninitialized({1, channels, height, width}, DType::float32);
  if (!wide) return wide;
  if (!result) return result;
  const Resampling across(w, width), down(h, height);
  for (int64_t row = 0; row < channels * h; ++row) {
    const float* const from = picture.data<float>() + row * w;
    float* const to = wide->mutable_data<float>() + row * width;
    for (int64_t x = 0; x < width; ++x) {
      const std::vector<float>& weights = across.weights[static_cast<size_t>(x)];
      const float* const cells = from + across.begin[static_cast<size_t>(x)];
      float sum = 0;
      for (size_t i = 0; i < weights.size(); ++i) sum += weights[i] * cells[i];
      to[x] = sum;
    }
  }
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t y = 0; y < height; ++y) {
      const std::vector<float>& weights = down.weights[static_cast<size_t>(y)];
      const float* const rows = wide->data<float>() + (c * h + down.begin[static_cast<size_t>(y)]) * width;
      float* const to = result->mutable_data<float>() + (c * height + y) * width;
      for (int64_t x = 0; x < width; ++x) {
        float sum = 0;
        for (size_t i = 0; i < weights.size(); ++i) sum += weights[i] * rows[static_cast<int64_t>(i) * width + x];
        to[x] = sum;
      }
    }
  }
  return result;
}

/// The picture as the graph's input: its channels, size, batch and scale.
Result<Tensor> as_input(const Tensor& picture, const Shape& wanted, bool imagenet) {
  Result<Tensor> sized = resized(picture, wanted[2], wanted[3]);
  if (!sized) return sized;
  Result<Tensor> input = Tensor::uninitialized(wanted, DType::float32);
  if (!input) return input;
  // Of torchvision's pretrained models.
  constexpr std::array<float, 3> kMean = {0.485f, 0.456f, 0.406f}, kDeviation = {0.229f, 0.224f, 0.225f};
  constexpr std::array<float, 3> kBrightness = {0.299f, 0.587f, 0.114f};
  const int64_t plane = wanted[2] * wanted[3], has = sized->shape()[1];
  const float* const from = sized->data<float>();
  float* to = input->mutable_data<float>();
  for (int64_t n = 0; n < wanted[0]; ++n) {
    for (int64_t c = 0; c < wanted[1]; ++c) {
      for (int64_t i = 0; i < plane; ++i) {
        float value = from[(has == wanted[1] ? c : 0) * plane + i];
        if (has == 3 && wanted[1] == 1) {
          value = 0;
          for (int64_t k = 0; k < 3; ++k) value += kBrightness[static_cast<size_t>(k)] * from[k * plane + i];
        }
        if (imagenet && wanted[1] == 3) {
          value = (value - kMean[static_cast<size_t>(c)]) / kDeviation[static_cast<size_t>(c)];
        }
        *to++ = value;
      }
    }
  }
  return input;
}

/// The nodes that the value hangs on, in the graph's order.
std::vector<size_t> nodes_before(const OnnxFile& file, const std::string& value) {
  std::unordered_map<std::string_view, size_t> maker;
  for (size_t i = 0; i < file.nodes.size(); ++i) {
    for (const std::string& output : file.nodes[i].outputs) maker.emplace(output, i);
  }
  std::vector<char> needed(file.nodes.size(), 0);
  std::vector<std::string_view> open{value};
  while (!open.empty()) {
    const auto found = maker.find(open.back());
    open.pop_back();
    if (found == maker.end() || needed[found->second]) continue;
    needed[found->second] = 1;
    for (const std::string& input : file.nodes[found->second].inputs) open.push_back(input);
  }
  std::vector<size_t> nodes;
  for (size_t i = 0; i < needed.size(); ++i) {
    if (needed[i]) nodes.push_back(i);
  }
  return nodes;
}

}  // namespace

Result<Tensor> run_to_layer(const Model& model, const std::string& name, const Tensor& picture, bool imagenet, Job* job,
                            int64_t most_bytes) {
  // The same refusals as of the shape alone.
  const Result<Shape> shape = layer_input_shape(model, name, picture.shape());
  if (!shape) return shape.error();
  const OnnxFile& file = model.file;
  Shape wanted = *model.input_shape;
  const std::vector<int64_t>& said = *file.inputs.front().extents;
  for (int axis = 2; axis < 4; ++axis) {
    if (said[static_cast<size_t>(axis)] < 0) wanted[axis] = picture.shape()[axis];
  }
  Result<Tensor> input = as_input(picture, wanted, imagenet);
  if (!input) return input;

  const std::string& target = file.nodes[model.find(name)->node].inputs.front();
  const std::vector<size_t> nodes = nodes_before(file, target);
  std::unordered_map<std::string, int64_t> readers;
  for (const size_t i : nodes) {
    for (const std::string& one : file.nodes[i].inputs) ++readers[one];
  }
  ++readers[target];
  std::unordered_map<std::string, Tensor> live;
  live[file.inputs.front().name] = *std::move(input);
  int64_t live_bytes = live.begin()->second.bytes();
  for (size_t k = 0; k < nodes.size(); ++k) {
    if (job != nullptr && job->is_cancelled()) return Error{"error.cancelled", "", {}};
    const OnnxNode& node = file.nodes[nodes[k]];
    int64_t bytes = live_bytes;
    const std::optional<Shape> made = model_nodes::output_shape(file, node, [&](const std::string& value) {
      const auto found = live.find(value);
      if (found != live.end()) return std::optional<Shape>(found->second.shape());
      const OnnxTensor* const tensor = file.find(value);
      return tensor == nullptr ? std::nullopt : std::optional<Shape>(tensor->shape);
    });
    if (made) bytes += made->numel().value_or(most_bytes) * 4;
    if (bytes > most_bytes || !made) {
      return Error{
          "error.onnx_memory", "input", {file.path, std::to_string(bytes >> 20), std::to_string(most_bytes >> 20)}};
    }
    std::vector<Tensor> inputs;
    for (const std::string& one : node.inputs) {
      Tensor tensor;
      if (const auto found = live.find(one); found != live.end()) {
        tensor = found->second;
      } else if (const OnnxTensor* const stored = file.find(one)) {
        Result<Tensor> read = read_onnx_tensor(file, *stored);
        if (!read) return read;
        Result<Tensor> single = read->to(DType::float32);
        if (!single) return single;
        tensor = *std::move(single);
      }
      inputs.push_back(std::move(tensor));
    }
    const JobPart part(job, static_cast<double>(k), static_cast<double>(nodes.size()));
    Result<Tensor> output = model_nodes::run(file, node, inputs, job);
    if (!output) {
      Error error = output.error();
      error.field = "input";
      return error;
    }
    inputs.clear();
    for (const std::string& one : node.inputs) {
      const auto found = live.find(one);
      if (--readers[one] > 0 || found == live.end()) continue;
      live_bytes -= found->second.bytes();
      live.erase(found);
    }
    live_bytes += output->bytes();
    live[node.outputs.front()] = *std::move(output);
  }
  const auto found = live.find(target);
  if (found == live.end()) return Error{"error.onnx_unknown_size", "input", {file.path, name}};
  return found->second;
}

}  // namespace convscope
