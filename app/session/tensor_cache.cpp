// Where a session's numbers come from, and what is kept of them.
#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <string>

#include "app/io/image.h"
#include "app/io/npy.h"
#include "app/io/npz.h"
#include "app/session/computation.h"
#include "app/session/model.h"
#include "app/session/named_kernels.h"
#include "engine/conv_nd.h"
#include "engine/torch_random.h"

namespace convscope {

namespace {

bool is_random(SourceKind kind) {
  return kind == SourceKind::randn || kind == SourceKind::rand || kind == SourceKind::conv2d_init;
}

/// A file as it is now: another key once it has been written again.
std::string file_key(const std::string& path) {
  struct stat status = {};
  if (stat(array_path(path).file.c_str(), &status) != 0) return path + "|gone";
  return path + "|" + std::to_string(status.st_dev) + "|" + std::to_string(status.st_ino) + "|" +
         std::to_string(status.st_size) + "|" + std::to_string(status.st_mtim.tv_sec) + "." +
         std::to_string(status.st_mtim.tv_nsec);
}

/// Everything that the numbers depend on, apart from the generator's state and from typed numbers.
std::string source_key(const TensorSource& source, const Shape& shape, DType dtype) {
  std::string key = std::string(name_of(source.kind)) + "(" + shape.to_string() + ")" + name_of(dtype);
  if (source.kind == SourceKind::named) key += "|" + source.name;
  if (is_of_file(source.kind)) key += "|" + file_key(source.path);
  if (source.kind == SourceKind::onnx) {
    key += "|" + source.name + "|" + (source.picture.empty() ? "" : file_key(source.picture));
    key += source.imagenet ? "|imagenet" : "|";
  }
  return key;
}

/// The tensor's argument in messages: "input", "weight", "bias".
Error with_field(Error error, const char* field) {
  if (error.field.empty()) error.field = field;
  return error;
}

Result<Tensor> filled(const Shape& shape, DType dtype, double start, double step) {
  Result<Tensor> tensor = Tensor::zeros(shape, dtype);
  if (!tensor || (start == 0 && step == 0)) return tensor;
  for (int64_t i = 0; i < tensor->numel(); ++i) {
    const double value = start + step * static_cast<double>(i);
    if (dtype == DType::float32) {
      tensor->mutable_data<float>()[i] = static_cast<float>(value);
    } else {
      tensor->mutable_data<double>()[i] = value;
    }
  }
  return tensor;
}

Result<Tensor> typed(const TensorSource& source, const Shape& shape, DType dtype, const char* field) {
  const int64_t found = source.values == nullptr ? 0 : static_cast<int64_t>(source.values->size());
  if (shape.numel() != found) {
    return Error{"error.values_count",
                 field,
                 {std::to_string(found), field, shape.to_string(" x "), std::to_string(shape.numel().value_or(0))}};
  }
  Result<Tensor> tensor = Tensor::zeros(shape, dtype);
  if (!tensor) return tensor;
  if (dtype == DType::float32) {
    float* to = tensor->mutable_data<float>();
    for (double value : *source.values) *to++ = static_cast<float>(value);
  } else {
    std::copy(source.values->begin(), source.values->end(), tensor->mutable_data<double>());
  }
  return tensor;
}

/// The project's picture at (1, C, H, W) or (C, H, W); one channel is its brightness.
Result<Tensor> sample(const Shape& shape, DType dtype) {
  const int rank = shape.rank();
  const int64_t channels = shape[rank - 3];
  Result<Tensor> photo = sample_photo(shape[rank - 2], shape[rank - 1]);
  if (!photo) return photo;
  if (channels == 3) return photo->reshaped(shape).to(dtype);
  Result<Tensor> grey = Tensor::zeros(shape, DType::float32);
  if (!grey) return grey;
  const float* from = photo->data<float>();
  float* to = grey->mutable_data<float>();
  const int64_t plane = grey->numel();
  for (int64_t i = 0; i < plane; ++i) {
    to[i] = 0.299f * from[i] + 0.587f * from[plane + i] + 0.114f * from[2 * plane + i];
  }
  return grey->to(dtype);
}

/// Of the picture that is run through a model; the project's own is as large as the model asks for.
Result<Shape> picture_shape(const Model& model, const TensorSource& source) {
  if (!source.picture.empty()) return image_shape(source.picture);
  Shape shape{1, 3, kOpenSide, kOpenSide};
  if (model.input_shape && model.input_shape->rank() == 4) {
    for (int axis = 2; axis < 4; ++axis) shape[axis] = (*model.input_shape)[axis];
  }
  return shape;
}

Result<Shape> model_input_shape(const TensorSource& source) {
  const Result<ModelPtr> model = open_model(source.path);
  if (!model) return model.error();
  const Result<Shape> picture = picture_shape(**model, source);
  if (!picture) return picture;
  return layer_input_shape(**model, source.name, *picture);
}

/// A layer's real input, its weight or its bias.
Result<Tensor> of_model(const TensorSource& source, int which, Job* job) {
  const Result<ModelPtr> model = open_model(source.path);
  if (!model) return model.error();
  if (which == 1) return layer_weight(**model, source.name);
  if (which == 2) return layer_bias(**model, source.name);
  const Result<Shape> shape = picture_shape(**model, source);
  if (!shape) return shape.error();
  Result<Tensor> picture = source.picture.empty() ? sample_photo((*shape)[2], (*shape)[3]) : read_image(source.picture);
  if (!picture) return picture;
  return run_to_layer(**model, source.name, *picture, source.imagenet, job);
}

}  // namespace

struct TensorCache::State {
  /// The last tensor of each of input, weight, bias, grad_output and target, what it was made from, and the generator
  /// behind it.
  struct Slot {
    std::string key;
    std::shared_ptr<const std::vector<double>> values;  // kept, so that its address stays the key of typed numbers
    Tensor tensor;
    std::optional<TorchRandom> after;
  };
  std::mutex mutex;  // held for looks only, never while numbers are made or files read
  Slot slots[5];
  std::map<std::string, Shape> file_shapes;
};

TensorCache::TensorCache() : state_(std::make_unique<State>()) {}
TensorCache::~TensorCache() = default;

Result<Shape> TensorCache::input_shape(const Session& session) {
  const TensorSource& source = session.input;
  const int dims = shown_dims(session.operation);
  if (dims == 3 && (source.kind == SourceKind::sample || source.kind == SourceKind::image)) {
    return Error{"error.picture_no_volume", "input", {}};
  }
  if (source.kind == SourceKind::sample) {
    const Shape& shape = session.input_shape;
    const int rank = shape.rank();
    const bool is_one_picture = (rank == 3 || (rank == 4 && shape[0] == 1));
    if (!is_one_picture || (shape[rank - 3] != 1 && shape[rank - 3] != 3)) {
      return Error{"error.sample_shape", "input", {shape.to_string(" x ")}};
    }
    return shape;
  }
  if (!brings_its_shape(source.kind)) return session.input_shape;

  const std::string key = source_key(source, {}, DType::float32);
  const auto as_input = [&](const Shape& shape) {
    if (dims == 1 && source.kind == SourceKind::npy) return with_height(shape);
    // Three axes alone are a volume of one channel.
    if (dims == 3) return shape.rank() == 3 ? Shape{1, 1, shape[0], shape[1], shape[2]} : shape;
    // A lone matrix is a picture of one channel.
    return shape.rank() == 2 ? Shape{1, 1, shape[0], shape[1]} : shape;
  };
  {
    const std::lock_guard lock(state_->mutex);
    const auto known = state_->file_shapes.find(key);
    if (known != state_->file_shapes.end()) return as_input(known->second);
  }
  Result<Shape> shape = source.kind == SourceKind::image ? image_shape(source.path)
                        : source.kind == SourceKind::npy ? npy_shape(source.path)
                                                         : model_input_shape(source);
  if (!shape) return with_field(std::move(shape).error(), "input");
  const std::lock_guard lock(state_->mutex);
  if (state_->file_shapes.size() > 100) state_->file_shapes.clear();
  state_->file_shapes[key] = *shape;
  return as_input(*shape);
}

namespace {

/// Errors: those of check_weight() of the operation.
Result<void> check_fit(const OperationPlan& plan, const ConvTensors& tensors) {
  const Shape bias_shape = tensors.bias.shape();
  if (const ConvPlan* conv = plan.conv2d()) {
    return check_weight(*conv, tensors.weight.shape(), plan.has_bias() ? &bias_shape : nullptr);
  }
  const WantedShapes wanted{plan.input_shape(), plan.weight_shape(),          plan.bias_shape(),
                            plan.has_bias(),    plan.transposed() != nullptr, plan.dtype()};
  return check_tensors(wanted, tensors.input, tensors.weight, tensors.bias);
}

}  // namespace

Result<ConvTensors> TensorCache::tensors(const Session& session, const OperationPlan& plan, WishedTensors* wished,
                                         Job* job) {
  std::string history = "seed " + std::to_string(session.seed);  // of the generator
  std::optional<TorchRandom> random;                             // behind the tensors so far; made when first needed
  const auto generator = [&]() -> TorchRandom& {
    if (!random) random.emplace(session.seed);
    return *random;
  };
  const auto uniform_bias = [&](const Shape& shape) {
    // As torch.nn.init counts it: all axes of the weight but the first, transposed or not.
    const Shape weight = plan.weight_shape();
    double fan_in = 1;
    for (int axis = 1; axis < weight.rank(); ++axis) fan_in *= static_cast<double>(weight[axis]);
    const double bound = 1.0 / std::sqrt(fan_in);
    return generator().uniform(shape, -bound, bound, plan.dtype());
  };

  // A list's kernel for each slice: of a transposed convolution for those that the direct one would have.
  const auto named = [&](const std::string& name, const Shape& shape) -> Result<Tensor> {
    Result<Tensor> weight = plan.volume() != nullptr
                                ? named_weight(name, session.params, session.more.depth.kernel_size)
                                : named_weight(name, session.params);
    return weight && plan.transposed() != nullptr ? Result<Tensor>(weight->reshaped(shape)) : weight;
  };

  const auto make = [&](int which, const TensorSource& source, const Shape& shape,
                        const char* field) -> Result<Tensor> {
    switch (source.kind) {
      case SourceKind::arange:
        return filled(shape, plan.dtype(), 0, 1);
      case SourceKind::ones:
        return filled(shape, plan.dtype(), 1, 0);
      case SourceKind::zeros:
        return filled(shape, plan.dtype(), 0, 0);
      case SourceKind::randn:
        return generator().randn(shape, plan.dtype());
      case SourceKind::rand:
        return generator().rand(shape, plan.dtype());
      case SourceKind::conv2d_init: {
        if (which == 2) return uniform_bias(shape);
        Result<TorchRandom::LayerInit> layer = generator().conv2d_init(shape, false, plan.dtype());
        if (!layer) return layer.error();
        return layer->weight;
      }
      case SourceKind::named:
        return named(source.name, shape);
      case SourceKind::values:
        return typed(source, shape, plan.dtype(), field);
      case SourceKind::sample:
        return sample(shape, plan.dtype());
      case SourceKind::image: {
        Result<Tensor> image = read_image(source.path);
        if (!image) return image;
        if (image->shape() != shape) return Error{"error.file_changed", field, {source.path}};
        return image->to(plan.dtype());
      }
      case SourceKind::mse:
        break;  // comes from the output
      case SourceKind::onnx: {
        Result<Tensor> tensor = of_model(source, which, job);
        if (!tensor) return tensor;
        // A sequence has a height here.
        if (tensor->shape() == plan.shown(shape)) tensor = tensor->reshaped(shape);
        if (which == 0 && tensor->shape() != shape) return Error{"error.file_changed", field, {source.path}};
        return tensor->to(plan.dtype());
      }
      case SourceKind::npy: {
        Result<NpyFile> file = read_npy(source.path);
        if (!file) return file.error();
        Tensor tensor = file->tensor;
        const bool is_matrix = which == 0 && tensor.shape().rank() == plan.dims() && shape.rank() == plan.dims() + 2;
        if (is_matrix && tensor.numel() == shape.numel()) tensor = tensor.reshaped(shape);
        if (plan.dims() == 1 && which < 2 && tensor.shape() == plan.shown(shape)) tensor = tensor.reshaped(shape);
        if (which == 0 && tensor.shape() != shape) return Error{"error.file_changed", field, {source.path}};
        if (which > 2 && tensor.shape() != shape) {
          return Error{
              "error.like_output_shape", field, {source.path, tensor.shape().to_string(" x "), shape.to_string(" x ")}};
        }
        return tensor.to(plan.dtype());
      }
    }
    return Error{"error.unknown_source", field, {}};
  };

  const auto fetch = [&](int which, const TensorSource& source, const Shape& shape,
                         const char* field) -> Result<Tensor> {
    State::Slot& slot = state_->slots[which];
    std::string key = source_key(source, shape, plan.dtype());
    // The bound of a bias drawn by PyTorch's default initialisation is the weight's.
    if (which == 2 && source.kind == SourceKind::conv2d_init) key += "|" + plan.weight_shape().to_string();
    if (source.kind == SourceKind::named) key += "|" + session.operation + " groups " + std::to_string(plan.groups());
    if (is_random(source.kind)) {
      history += "; " + key;
      key = history;
    }
    {
      const std::lock_guard lock(state_->mutex);
      if (slot.key == key && slot.values == source.values && slot.tensor.defined()) {
        if (is_random(source.kind)) random = slot.after;
        return slot.tensor;
      }
      // Dropped before the new one is made: two photographs need not be in memory at once.
      slot = {};
    }
    // Made without the lock: a picture that is being read for the background must not hold up the window.
    Result<Tensor> tensor = make(which, source, shape, field);
    if (!tensor) {
      Error error = with_field(std::move(tensor).error(), field);
      // A kernel that is only wished for is not the one whose size is asked for.
      if (which > 2) error.field = field;
      return error;
    }
    const std::lock_guard lock(state_->mutex);
    slot.key = std::move(key);
    slot.values = source.values;
    slot.tensor = *tensor;
    if (is_random(source.kind)) slot.after = *random;
    return tensor;
  };

  ConvTensors tensors;
  Result<Tensor> input = fetch(0, session.input, plan.input_shape(), "input");
  if (!input) return input.error();
  tensors.input = *std::move(input);
  if (!plan.has_weight()) return tensors;
  Result<Tensor> weight = fetch(1, session.weight, plan.weight_shape(), "weight");
  if (!weight) return weight.error();
  tensors.weight = *std::move(weight);
  if (plan.has_bias()) {
    Result<Tensor> bias = fetch(2, session.bias, plan.bias_shape(), "bias");
    if (!bias) return bias.error();
    tensors.bias = *std::move(bias);
  }
  if (Result<void> fits = check_fit(plan, tensors); !fits) return fits.error();
  if (wished == nullptr) return tensors;
  const bool from_loss = session.learn.on || session.gradient.grad_output.kind == SourceKind::mse;
  if (!from_loss) {
    Result<Tensor> made = fetch(3, session.gradient.grad_output, plan.output_shape(), "grad_output");
    if (!made) return made.error();
    wished->grad_output = *std::move(made);
  } else if (const TensorSource& target = session.gradient.target; target.kind == SourceKind::named) {
    Result<Tensor> kernel = fetch(4, target, plan.weight_shape(), "target");
    if (!kernel) return kernel.error();
    wished->kernel = *std::move(kernel);
  } else {
    Result<Tensor> made = fetch(4, target, plan.output_shape(), "target");
    if (!made) return made.error();
    wished->target = *std::move(made);
  }
  return tensors;
}

double TensorCache::preparation_seconds(const Session& session, const OperationPlan& plan) {
  const auto seconds_per_element = [](const TensorSource& source) {
    switch (source.kind) {
      case SourceKind::sample:
        return 1.5e-7;
      case SourceKind::image:
      case SourceKind::randn:
        return 3e-8;
      case SourceKind::onnx:
        return 1e-8;
      default:
        return 5e-9;
    }
  };
  std::string input_key = source_key(session.input, plan.input_shape(), plan.dtype());
  if (is_random(session.input.kind)) input_key = "seed " + std::to_string(session.seed) + "; " + input_key;
  double seconds = static_cast<double>(plan.has_weight() ? plan.weight_shape().numel().value_or(0) : 0) *
                   seconds_per_element(session.weight);
  const std::lock_guard lock(state_->mutex);
  if (state_->slots[0].key != input_key) {
    seconds += static_cast<double>(plan.input_shape().numel().value_or(0)) * seconds_per_element(session.input);
    // All that lies before the layer: never waited for in a frame.
    if (session.input.kind == SourceKind::onnx) seconds += 1;
  }
  return seconds;
}

}  // namespace convscope
