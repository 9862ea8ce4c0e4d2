// ONNX models: their graph, and the numbers in them when they are asked for.
//
// The fields are read by a reader of our own, not by libonnx: that makes all of a model, weights included, into objects
// before anything can be looked at, with memory that the file decides (two bytes of an empty node become some hundred),
// and Debian 12's package finds its protobuf::libprotobuf only where others have looked for it. Here a model of a
// gigabyte opens by reading what lies between its weights.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "app/io/wire_reader.h"
#include "engine/result.h"
#include "engine/tensor.h"

namespace convscope {

/// Element types by their numbers in TensorProto.
enum class OnnxType : int {
  unknown = 0,
  float32 = 1,
  uint8 = 2,
  int8 = 3,
  uint16 = 4,
  int16 = 5,
  int32 = 6,
  int64 = 7,
  boolean = 9,
  float16 = 10,
  float64 = 11,
  bfloat16 = 16,
};

/// A tensor that lies in the file, or in one beside it.
struct OnnxTensor {
  std::string name;
  Shape shape;
  OnnxType type = OnnxType::unknown;
  int raw_type = 0;   // as stored, also of those that have no name here
  WireRange message;  // of the file
  bool external = false;
  std::string location;             // of external numbers: a path from the model's folder
  int64_t offset = 0, length = -1;  // -1: to the end
  std::optional<Error> problem;     // why its numbers cannot be had: too many axes, negative extents
};

struct OnnxAttribute {
  std::string name;
  int64_t i = 0;
  float f = 0;
  std::string s;
  std::vector<int64_t> ints;
  std::vector<float> floats;
  std::optional<OnnxTensor> tensor;
};

struct OnnxNode {
  std::string name, op, domain;
  std::vector<std::string> inputs, outputs;  // an empty input is one left out
  std::vector<OnnxAttribute> attributes;

  const OnnxAttribute* find(std::string_view attribute) const;
};

/// A named value with what is said of its shape; -1 stands for an extent that is left open.
struct OnnxValue {
  std::string name;
  std::optional<std::vector<int64_t>> extents;
};

struct OnnxFile {
  std::string path;
  int64_t opset = 0;  // of the standard operators
  std::string graph_name, producer;
  std::vector<OnnxNode> nodes;      // each behind those whose outputs it reads
  std::vector<OnnxTensor> tensors;  // initializers, constants, and what Identity makes of them
  std::unordered_map<std::string, size_t> tensor_of;
  std::vector<OnnxValue> inputs;  // without those that have an initializer
  std::vector<OnnxValue> values;  // all whose shapes are said

  const OnnxTensor* find(const std::string& name) const;
};

/// The graph without its numbers. Attributes that are graphs are passed over.
/// Errors: error.file_not_found, error.file_unreadable, error.onnx_broken (args: path), error.onnx_no_graph (args:
/// path), error.onnx_too_large (args: path, what, limit), error.onnx_order (args: path, node, value): a node that reads
/// what is made behind it, as in a cycle; error.onnx_twice (args: path, value): a value made twice.
/// Source: onnx/onnx.proto and IR.md of github.com/onnx/onnx.
Result<OnnxFile> read_onnx_file(const std::string& path);

/// The numbers: float64 of float64 and of integers of 32 bits and more, else float32. What is said and what is there
/// must be the same; memory is asked for only for numbers that are there.
/// Errors: error.onnx_tensor_type (args: path, name, number of the type), error.onnx_tensor_size (args: path, name,
/// bytes, wanted bytes), error.onnx_external (args: path, name, location): a place outside of the model's folder, those
/// of files and of Tensor.
Result<Tensor> read_onnx_tensor(const OnnxFile& file, const OnnxTensor& tensor);
/// Of a small tensor of whole numbers, such as a shape. Errors: the same, error.onnx_tensor_type for numbers that are
/// none, error.onnx_too_large.
Result<std::vector<int64_t>> read_onnx_integers(const OnnxFile& file, const OnnxTensor& tensor);

}  // namespace convscope
