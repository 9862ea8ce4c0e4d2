// Printed tensors, byte for byte what PyTorch prints; see tests/reference/make_inspect_cases.py.
#include "engine/tensor_print.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

namespace convscope {
namespace {

using nlohmann::json;

double number_of(const json& value) {
  if (!value.is_string()) return value.get<double>();
  const double infinity = std::numeric_limits<double>::infinity();
  return value == "inf" ? infinity : value == "-inf" ? -infinity : std::nan("");
}

Tensor tensor_of(const json& c) {
  Shape shape;
  for (const json& extent : c["shape"]) shape.push_back(extent.get<int64_t>());
  Tensor tensor = *Tensor::zeros(shape, c["dtype"] == "float64" ? DType::float64 : DType::float32);
  for (int64_t i = 0; i < tensor.numel(); ++i) {
    const double number = number_of(c["numbers"][static_cast<size_t>(i)]);
    if (tensor.dtype() == DType::float32) {
      tensor.mutable_data<float>()[i] = static_cast<float>(number);
    } else {
      tensor.mutable_data<double>()[i] = number;
    }
  }
  return tensor;
}

TEST(tensor_print, every_byte_is_pytorchs) {
  std::ifstream file(CONVSCOPE_SOURCE_DIR "/tests/reference/inspect_cases.json");
  int printed = 0;
  const json cases = json::parse(file)["prints"];
  for (const json& c : cases) {
    EXPECT_EQ(torch_repr(TensorSlice::whole(tensor_of(c))), c["text"].get<std::string>()) << c["numbers"].dump();
    ++printed;
  }
  EXPECT_GE(printed, 150);
}

TEST(tensor_print, a_slice_is_printed_from_where_it_lies) {
  Tensor tensor = *Tensor::zeros({2, 3, 4}, DType::float32);
  for (int64_t i = 0; i < 24; ++i) tensor.mutable_data<float>()[i] = static_cast<float>(i);
  EXPECT_EQ(torch_repr(*slice_tensor(tensor, "x[1, ::2, 1:3]")), "tensor([[13., 14.],\n        [21., 22.]])");
  EXPECT_EQ(torch_repr(*slice_tensor(tensor, "x[1, 2, 3]")), "tensor(23.)");
  EXPECT_EQ(torch_repr(*slice_tensor(tensor, "x[5:]")), "tensor([], size=(0, 3, 4))");
}

TEST(tensor_print, the_length_of_a_print_follows_its_edges_and_not_the_tensor) {
  const Tensor picture = *Tensor::zeros({1, 3, 1080, 1920}, DType::float32);
  EXPECT_LT(torch_repr(TensorSlice::whole(picture)).size(), 2000u);
}

TEST(tensor_print, shapes_and_dtypes_bear_pytorchs_names) {
  EXPECT_EQ(torch_size({1, 3, 5, 5}), "torch.Size([1, 3, 5, 5])");
  EXPECT_EQ(torch_size({}), "torch.Size([])");
  EXPECT_EQ(torch_dtype(DType::float32), "torch.float32");
  EXPECT_EQ(torch_dtype(DType::float64), "torch.float64");
}

}  // namespace
}  // namespace convscope
