#include "app/io/onnx_file.h"

#include <sys/stat.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <unordered_set>

#include "app/io/half.h"
#include "engine/checked_math.h"

namespace convscope {

static_assert(std::endian::native == std::endian::little, "raw_data is little endian, as ONNX has it");

namespace {

// What no model of use comes near to, and what memory is bounded by.
constexpr int64_t kMaxNodes = 100000, kMaxTensors = 200000, kMaxValues = 400000;
constexpr int64_t kMaxNameBytes = 4096, kMaxTextBytes = int64_t{128} << 20;
constexpr size_t kMaxEdges = 2000000, kMaxAttributes = 300000, kMaxAllNumbers = 8000000;
constexpr size_t kMaxNumbers = 4096;  // of an attribute, and of a small tensor
constexpr size_t kMaxExtents = 16;
constexpr int64_t kMaxExtent = int64_t{1} << 40;

/// Reads the messages, counting what it keeps.
class GraphReader {
 public:
  GraphReader(PagedFile& pages, OnnxFile& file) : pages_(pages), file_(file) {}

  Result<void> read() {
    WireReader model(pages_, {0, pages_.size()});
    bool has_graph = false;
    while (model.next()) {
      if (model.field() == 7 && model.is_range()) {
        // A second graph would be merged into the first by protobuf; no model has one.
        if (has_graph) return broken();
        has_graph = true;
        read_graph(model.range());
      } else if (model.field() == 8 && model.is_range()) {
        read_opset(model.range());
      } else if (model.field() == 2 && model.is_range()) {
        file_.producer = text(model);
      }
      if (error_) return *error_;
    }
    if (model.broken()) return broken();
    if (!has_graph) return Error{"error.onnx_no_graph", "", {file_.path}};
    return {};
  }

 private:
  Error broken() { return Error{"error.onnx_broken", "", {file_.path}}; }
  void fail(Error error) {
    if (!error_) error_ = std::move(error);
  }
  void too_many(const char* what, int64_t limit) {
    fail(Error{"error.onnx_too_large", "", {file_.path, what, std::to_string(limit)}});
  }
  /// Whether a reader came to its end; says what is wrong otherwise.
  void end(const WireReader& reader) {
    if (reader.broken()) fail(broken());
  }

  std::string text(WireReader& reader) {
    std::string result = reader.text(kMaxNameBytes);
    text_bytes_ += static_cast<int64_t>(result.size());
    if (text_bytes_ > kMaxTextBytes) too_many("@onnx.names", kMaxTextBytes);
    // Names are shown to people: no control characters.
    for (char& c : result) {
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '_';
    }
    return result;
  }

  void read_opset(WireRange range) {
    WireReader reader(pages_, range);
    std::string domain;
    int64_t version = 0;
    while (reader.next()) {
      if (reader.field() == 1) domain = text(reader);
      if (reader.field() == 2 && reader.is_number()) version = reader.signed_number();
    }
    end(reader);
    if (domain.empty() || domain == "ai.onnx") file_.opset = version;
  }

  void read_graph(WireRange range) {
    WireReader reader(pages_, range);
    while (!error_ && reader.next()) {
      if (!reader.is_range()) continue;
      switch (reader.field()) {
        case 1:
          if (static_cast<int64_t>(file_.nodes.size()) >= kMaxNodes) return too_many("@onnx.nodes", kMaxNodes);
          read_node(reader.range());
          break;
        case 2:
          file_.graph_name = text(reader);
          break;
        case 5:
          keep(read_tensor(reader.range()));
          break;
        case 11:
        case 12:
        case 13: {
          if (static_cast<int64_t>(file_.values.size()) >= kMaxValues) return too_many("@onnx.values", kMaxValues);
          OnnxValue value = read_value(reader.range());
          if (reader.field() == 11) file_.inputs.push_back(value);
          file_.values.push_back(std::move(value));
          break;
        }
        default:
          break;
      }
    }
    end(reader);
  }

  void keep(OnnxTensor tensor) {
    if (static_cast<int64_t>(file_.tensors.size()) >= kMaxTensors) return too_many("@onnx.tensors", kMaxTensors);
    if (!file_.tensor_of.emplace(tensor.name, file_.tensors.size()).second) {
      return fail(Error{"error.onnx_twice", "", {file_.path, tensor.name}});
    }
    file_.tensors.push_back(std::move(tensor));
  }

  void read_node(WireRange range) {
    OnnxNode node;
    WireReader reader(pages_, range);
    while (!error_ && reader.next()) {
      switch (reader.field()) {
        case 1:
        case 2:
          if (++edges_ > kMaxEdges) return too_many("@onnx.values", static_cast<int64_t>(kMaxEdges));
          (reader.field() == 1 ? node.inputs : node.outputs).push_back(text(reader));
          break;
        case 3:
          node.name = text(reader);
          break;
        case 4:
          node.op = text(reader);
          break;
        case 5:
          if (!reader.is_range()) return fail(broken());
          if (++attributes_ > kMaxAttributes) return too_many("@onnx.attributes", kMaxAttributes);
          node.attributes.push_back(read_attribute(reader.range()));
          break;
        case 7:
          node.domain = text(reader);
          break;
        default:
          break;
      }
    }
    end(reader);
    if (error_) return;
    const bool standard = node.domain.empty() || node.domain == "ai.onnx";
    if (standard && node.op == "Constant" && node.outputs.size() == 1) {
      // A constant is an initializer by another name, where it is a tensor.
      if (const OnnxAttribute* value = node.find("value"); value != nullptr && value->tensor) {
        OnnxTensor tensor = *value->tensor;
        tensor.name = node.outputs.front();
        return keep(std::move(tensor));
      }
    }
    file_.nodes.push_back(std::move(node));
  }

  OnnxAttribute read_attribute(WireRange range) {
    OnnxAttribute attribute;
    WireReader reader(pages_, range);
    while (!error_ && reader.next()) {
      switch (reader.field()) {
        case 1:
          attribute.name = text(reader);
          break;
        case 2:
          if (reader.wire_type() == 5) attribute.f = reader.as_float();
          break;
        case 3:
          if (reader.is_number()) attribute.i = reader.signed_number();
          break;
        case 4:
          // Words that matter here are short; others may be anything.
          if (reader.is_range() && reader.range().bytes() <= kMaxNameBytes) attribute.s = text(reader);
          break;
        case 5:
          if (reader.is_range()) attribute.tensor = read_tensor(reader.range());
          break;
        case 7:
          if (reader.wire_type() == 5) {
            attribute.floats.push_back(reader.as_float());
          } else if (reader.is_range()) {
            for (int64_t at = reader.range().begin; at + 4 <= reader.range().end; at += 4) {
              float number = 0;
              if (attribute.floats.size() >= kMaxNumbers || !pages_.read(at, &number, 4)) break;
              attribute.floats.push_back(number);
            }
          }
          break;
        case 8:
          read_integers(reader, attribute.ints, kMaxNumbers);
          break;
        default:
          break;
      }
      if (attribute.ints.size() >= kMaxNumbers || attribute.floats.size() >= kMaxNumbers) {
        too_many("@onnx.numbers", static_cast<int64_t>(kMaxNumbers));
      }
    }
    numbers_ += attribute.ints.size() + attribute.floats.size();
    if (numbers_ > kMaxAllNumbers) too_many("@onnx.numbers", static_cast<int64_t>(kMaxAllNumbers));
    end(reader);
    return attribute;
  }

  /// One number, or many packed.
  void read_integers(const WireReader& reader, std::vector<int64_t>& numbers, size_t most) {
    if (reader.is_number()) {
      if (numbers.size() < most) numbers.push_back(reader.signed_number());
      return;
    }
    if (!reader.is_range()) return;
    PackedVarints packed(pages_, reader.range());
    while (numbers.size() < most) {
      const std::optional<uint64_t> number = packed.next();
      if (!number) break;
      numbers.push_back(static_cast<int64_t>(*number));
    }
    if (packed.broken()) fail(broken());
  }

  OnnxTensor read_tensor(WireRange range) {
    OnnxTensor tensor;
    tensor.message = range;
    std::vector<int64_t> dims;
    WireReader reader(pages_, range);
    while (!error_ && reader.next()) {
      switch (reader.field()) {
        case 1:
          read_integers(reader, dims, kMaxExtents);
          break;
        case 2:
          if (reader.is_number()) tensor.raw_type = static_cast<int>(std::min<uint64_t>(reader.number(), 1000));
          break;
        case 8:
          tensor.name = text(reader);
          break;
        case 13:
          if (reader.is_range()) read_external(reader.range(), tensor);
          break;
        case 14:
          tensor.external = reader.is_number() && reader.number() == 1;
          break;
        default:
          break;
      }
    }
    end(reader);
    if (tensor.raw_type >= 1 && tensor.raw_type <= 16) tensor.type = static_cast<OnnxType>(tensor.raw_type);
    if (dims.size() > static_cast<size_t>(Shape::kMaxRank)) {
      tensor.problem = Error{"error.npy_rank", "", {tensor.name, std::to_string(Shape::kMaxRank)}};
      return tensor;
    }
    for (const int64_t extent : dims) tensor.shape.push_back(extent);
    // Beside an extent of 0 a vast one would go unnoticed.
    const bool vast = std::any_of(dims.begin(), dims.end(), [](int64_t extent) { return extent > kMaxExtent; });
    if (vast || !tensor.shape.numel()) {
      tensor.problem =
          Error{"error.tensor_too_large", "", {tensor.shape.to_string(), std::to_string(kMaxTensorBytes >> 30)}};
    }
    return tensor;
  }

  void read_external(WireRange range, OnnxTensor& tensor) {
    std::string key, value;
    WireReader reader(pages_, range);
    while (!error_ && reader.next()) {
      if (reader.field() == 1) key = text(reader);
      if (reader.field() == 2) value = text(reader);
    }
    end(reader);
    if (key == "location") tensor.location = value;
    if (key != "offset" && key != "length") return;
    int64_t number = -1;
    const char* const last = value.data() + value.size();
    if (std::from_chars(value.data(), last, number).ptr != last || number < 0) return fail(broken());
    (key == "offset" ? tensor.offset : tensor.length) = number;
  }

  OnnxValue read_value(WireRange range) {
    OnnxValue value;
    WireReader reader(pages_, range);
    while (!error_ && reader.next()) {
      if (reader.field() == 1) value.name = text(reader);
      if (reader.field() == 2 && reader.is_range()) value.extents = read_extents(reader.range());
    }
    end(reader);
    return value;
  }

  std::optional<std::vector<int64_t>> read_extents(WireRange type) {
    std::optional<std::vector<int64_t>> extents;
    const auto each = [&](WireRange range, int field, auto take) {
      WireReader reader(pages_, range);
      while (!error_ && reader.next()) {
        if (reader.field() == field && reader.is_range()) take(reader.range());
      }
      end(reader);
    };
    each(type, 1, [&](WireRange tensor) {
      each(tensor, 2, [&](WireRange shape) {
        extents.emplace();
        each(shape, 1, [&](WireRange dimension) {
          int64_t extent = -1;
          WireReader reader(pages_, dimension);
          while (reader.next()) {
            // Exporters write 0 where they do not know.
            if (reader.field() == 1 && reader.is_number() && reader.signed_number() > 0)
              extent = reader.signed_number();
          }
          end(reader);
          if (extents->size() < kMaxExtents) extents->push_back(extent);
        });
      });
    });
    return extents;
  }

  PagedFile& pages_;
  OnnxFile& file_;
  std::optional<Error> error_;
  int64_t text_bytes_ = 0;
  size_t edges_ = 0, attributes_ = 0, numbers_ = 0;
};

/// Exporters say by Identity that two layers share a tensor: the same message under another name.
void resolve_aliases(OnnxFile& file) {
  const auto is_alias = [&](const OnnxNode& node) {
    const bool standard = node.domain.empty() || node.domain == "ai.onnx";
    if (!standard || node.op != "Identity" || node.inputs.size() != 1 || node.outputs.size() != 1) return false;
    const OnnxTensor* const shared = file.find(node.inputs.front());
    if (shared == nullptr || static_cast<int64_t>(file.tensors.size()) >= kMaxTensors) return false;
    if (file.tensor_of.contains(node.outputs.front())) return false;
    OnnxTensor alias = *shared;
    alias.name = node.outputs.front();
    file.tensor_of.emplace(alias.name, file.tensors.size());
    file.tensors.push_back(std::move(alias));
    return true;
  };
  std::vector<OnnxNode> kept;
  for (OnnxNode& node : file.nodes) {
    if (!is_alias(node)) kept.push_back(std::move(node));
  }
  file.nodes = std::move(kept);
}

/// Whether every node reads only what is there before it.
Result<void> check_order(const OnnxFile& file) {
  std::unordered_set<std::string_view> known;
  for (const OnnxTensor& tensor : file.tensors) known.insert(tensor.name);
  for (const OnnxValue& input : file.inputs) known.insert(input.name);
  for (const OnnxNode& node : file.nodes) {
    for (const std::string& input : node.inputs) {
      if (!input.empty() && !known.contains(input)) {
        return Error{"error.onnx_order", "", {file.path, node.name.empty() ? node.op : node.name, input}};
      }
    }
    for (const std::string& output : node.outputs) {
      if (!output.empty() && !known.insert(output).second) return Error{"error.onnx_twice", "", {file.path, output}};
    }
  }
  return {};
}

int64_t element_bytes(OnnxType type) {
  switch (type) {
    case OnnxType::uint8:
    case OnnxType::int8:
    case OnnxType::boolean:
      return 1;
    case OnnxType::uint16:
    case OnnxType::int16:
    case OnnxType::float16:
    case OnnxType::bfloat16:
      return 2;
    case OnnxType::float32:
    case OnnxType::int32:
      return 4;
    case OnnxType::int64:
    case OnnxType::float64:
      return 8;
    default:
      return 0;
  }
}

template <class T>
T load(const char* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

double raw_number(OnnxType type, const char* bytes) {
  switch (type) {
    case OnnxType::float32:
      return static_cast<double>(load<float>(bytes));
    case OnnxType::float64:
      return load<double>(bytes);
    case OnnxType::float16:
      return half_to_double(load<uint16_t>(bytes));
    case OnnxType::bfloat16:
      return bfloat16_to_double(load<uint16_t>(bytes));
    case OnnxType::uint8:
    case OnnxType::boolean:
      return load<uint8_t>(bytes);
    case OnnxType::int8:
      return load<int8_t>(bytes);
    case OnnxType::uint16:
      return load<uint16_t>(bytes);
    case OnnxType::int16:
      return load<int16_t>(bytes);
    case OnnxType::int32:
      return load<int32_t>(bytes);
    default:
      return static_cast<double>(load<int64_t>(bytes));
  }
}

/// Of int32_data, where the narrow types lie too.
double varint_number(OnnxType type, uint64_t number) {
  if (type == OnnxType::float16) return half_to_double(static_cast<uint16_t>(number));
  if (type == OnnxType::bfloat16) return bfloat16_to_double(static_cast<uint16_t>(number));
  return static_cast<double>(static_cast<int64_t>(number));
}

/// The file of numbers beside the model; it must lie in the model's folder or below, links followed.
Result<std::string> external_path(const OnnxFile& file, const OnnxTensor& tensor) {
  const Error outside{"error.onnx_external", "", {file.path, tensor.name, tensor.location}};
  const std::filesystem::path location(tensor.location);
  if (tensor.location.empty() || location.is_absolute()) return outside;
  std::error_code problem;
  std::filesystem::path folder = std::filesystem::path(file.path).parent_path();
  folder = std::filesystem::canonical(folder.empty() ? "." : folder, problem);
  if (problem) return outside;
  const std::filesystem::path whole = std::filesystem::weakly_canonical(folder / location, problem);
  if (problem) return outside;
  const auto [folder_end, whole_at] = std::mismatch(folder.begin(), folder.end(), whole.begin(), whole.end());
  if (folder_end != folder.end() || whole_at == whole.end()) return outside;
  return whole.string();
}

/// Where a tensor's numbers lie: a run of raw bytes of a file, or the message itself.
struct Numbers {
  std::unique_ptr<PagedFile> pages;
  WireRange raw;
  bool is_raw = false;
};

Result<Numbers> find_numbers(const OnnxFile& file, const OnnxTensor& tensor, int64_t wanted) {
  Result<std::string> where = tensor.external ? external_path(file, tensor) : Result<std::string>(file.path);
  if (!where) return where.error();
  Result<std::unique_ptr<FileSource>> source = FileSource::open(*where);
  if (!source) return source.error();
  Numbers numbers;
  numbers.pages = std::make_unique<PagedFile>(*std::move(source));
  const auto wrong_size = [&](int64_t found) {
    return Error{"error.onnx_tensor_size", "", {file.path, tensor.name, std::to_string(found), std::to_string(wanted)}};
  };
  if (tensor.external) {
    const int64_t left = numbers.pages->size() - std::min(tensor.offset, numbers.pages->size());
    const int64_t length = tensor.length < 0 ? left : tensor.length;
    if (length != wanted || length > left) return wrong_size(std::min(length, left));
    numbers.raw = {tensor.offset, tensor.offset + length};
    numbers.is_raw = true;
    return numbers;
  }
  WireReader reader(*numbers.pages, tensor.message);
  while (reader.next()) {
    if (reader.field() != 9 || !reader.is_range()) continue;
    numbers.raw = reader.range();
    numbers.is_raw = true;
  }
  if (reader.broken()) return Error{"error.onnx_broken", "", {file.path}};
  if (numbers.is_raw && numbers.raw.bytes() != wanted) return wrong_size(numbers.raw.bytes());
  return numbers;
}

/// Hands every number to `take`, in order; `wanted` of them.
template <class Take>
Result<void> for_each_number(const OnnxFile& file, const OnnxTensor& tensor, int64_t count, Take take) {
  const int64_t bytes = element_bytes(tensor.type);
  Result<Numbers> numbers = find_numbers(file, tensor, count * bytes);
  if (!numbers) return numbers.error();
  const Error broken{"error.onnx_broken", "", {file.path}};
  if (numbers->is_raw) {
    constexpr int64_t kChunk = 1 << 16;
    std::vector<char> chunk(static_cast<size_t>(kChunk));
    for (int64_t at = numbers->raw.begin; at < numbers->raw.end; at += kChunk) {
      const int64_t here = std::min(kChunk, numbers->raw.end - at);
      if (!numbers->pages->read(at, chunk.data(), here)) return broken;
      for (int64_t i = 0; i < here; i += bytes) take(raw_number(tensor.type, chunk.data() + i));
    }
    return {};
  }
  int64_t found = 0;
  const auto give = [&](double number) {
    if (found++ < count) take(number);
  };
  WireReader reader(*numbers->pages, tensor.message);
  while (reader.next() && found <= count) {
    const int field = reader.field();
    const bool floats = field == 4 && tensor.type == OnnxType::float32;
    const bool doubles = field == 10 && tensor.type == OnnxType::float64;
    if (floats || doubles) {
      if (reader.wire_type() == (floats ? 5 : 1))
        give(floats ? static_cast<double>(reader.as_float()) : reader.as_double());
      if (!reader.is_range()) continue;
      for (int64_t at = reader.range().begin; at + bytes <= reader.range().end && found <= count; at += bytes) {
        char number[8];
        if (!numbers->pages->read(at, number, bytes)) return broken;
        give(raw_number(tensor.type, number));
      }
    } else if ((field == 5 && tensor.type != OnnxType::int64) || (field == 7 && tensor.type == OnnxType::int64)) {
      if (reader.is_number()) give(varint_number(tensor.type, reader.number()));
      if (!reader.is_range()) continue;
      PackedVarints packed(*numbers->pages, reader.range());
      while (found <= count) {
        const std::optional<uint64_t> number = packed.next();
        if (!number) break;
        give(varint_number(tensor.type, *number));
      }
      if (packed.broken()) return broken;
    }
  }
  if (reader.broken()) return broken;
  if (found != count) {
    return Error{"error.onnx_tensor_size",
                 "",
                 {file.path, tensor.name, std::to_string(found * bytes), std::to_string(count * bytes)}};
  }
  return {};
}

/// How many numbers there are; refuses more than the file that they lie in can hold.
Result<int64_t> count_of(const OnnxFile& file, const OnnxTensor& tensor) {
  if (tensor.problem) return *tensor.problem;
  const int64_t bytes = element_bytes(tensor.type);
  if (bytes == 0) {
    return Error{"error.onnx_tensor_type", "", {file.path, tensor.name, std::to_string(tensor.raw_type)}};
  }
  const std::optional<int64_t> count = tensor.shape.numel();
  const std::optional<int64_t> all = count ? checked_mul(*count, bytes) : std::nullopt;
  if (!all) {
    return Error{"error.tensor_too_large", "", {tensor.shape.to_string(), std::to_string(kMaxTensorBytes >> 30)}};
  }
  // Every number takes a byte of the message at least.
  if (!tensor.external && *count > tensor.message.bytes()) {
    return Error{"error.onnx_tensor_size",
                 "",
                 {file.path, tensor.name, std::to_string(tensor.message.bytes()), std::to_string(*all)}};
  }
  if (tensor.external) {
    if (const Result<Numbers> there = find_numbers(file, tensor, *all); !there) return there.error();
  }
  return *count;
}

}  // namespace

const OnnxAttribute* OnnxNode::find(std::string_view attribute) const {
  for (const OnnxAttribute& one : attributes) {
    if (one.name == attribute) return &one;
  }
  return nullptr;
}

const OnnxTensor* OnnxFile::find(const std::string& name) const {
  const auto found = tensor_of.find(name);
  return found == tensor_of.end() ? nullptr : &tensors[found->second];
}

Result<OnnxFile> read_onnx_file(const std::string& path) {
  Result<std::unique_ptr<FileSource>> source = FileSource::open(path);
  if (!source) return source.error();
  PagedFile pages(*std::move(source));
  OnnxFile file;
  file.path = path;
  if (Result<void> read = GraphReader(pages, file).read(); !read) return read.error();
  resolve_aliases(file);
  // Old models list their initializers among the inputs.
  std::erase_if(file.inputs, [&](const OnnxValue& input) { return file.tensor_of.contains(input.name); });
  if (Result<void> good = check_order(file); !good) return good.error();
  return file;
}

Result<Tensor> read_onnx_tensor(const OnnxFile& file, const OnnxTensor& tensor) {
  const Result<int64_t> count = count_of(file, tensor);
  if (!count) return count.error();
  const bool is_double =
      tensor.type == OnnxType::float64 || tensor.type == OnnxType::int32 || tensor.type == OnnxType::int64;
  Result<Tensor> result = Tensor::zeros(tensor.shape, is_double ? DType::float64 : DType::float32);
  if (!result) return result.error();
  int64_t at = 0;
  const Result<void> read = for_each_number(file, tensor, *count, [&](double number) {
    if (is_double) {
      result->mutable_data<double>()[at++] = number;
    } else {
      result->mutable_data<float>()[at++] = static_cast<float>(number);
    }
  });
  if (!read) return read.error();
  return result;
}

Result<std::vector<int64_t>> read_onnx_integers(const OnnxFile& file, const OnnxTensor& tensor) {
  const Result<int64_t> count = count_of(file, tensor);
  if (!count) return count.error();
  if (tensor.type != OnnxType::int64 && tensor.type != OnnxType::int32) {
    return Error{"error.onnx_tensor_type", "", {file.path, tensor.name, std::to_string(tensor.raw_type)}};
  }
  if (*count > static_cast<int64_t>(kMaxNumbers)) {
    return Error{"error.onnx_too_large", "", {file.path, "@onnx.numbers", std::to_string(kMaxNumbers)}};
  }
  std::vector<int64_t> numbers;
  // Whole numbers up to 2^53 pass through double unharmed; no extent is larger, and words like "to the end" stay huge.
  constexpr double kHuge = 0x1p62;
  const Result<void> read = for_each_number(file, tensor, *count, [&](double number) {
    numbers.push_back(static_cast<int64_t>(std::clamp(number, -kHuge, kHuge)));
  });
  if (!read) return read.error();
  return numbers;
}

}  // namespace convscope
