// The generator against bits that PyTorch 1.13.1 printed.
#include <gtest/gtest.h>

#include <bit>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/torch_random.h"

namespace convscope {
namespace {

std::vector<uint32_t> bits(const Tensor& tensor, std::initializer_list<int64_t> at) {
  std::vector<uint32_t> list;
  for (int64_t i : at) list.push_back(std::bit_cast<uint32_t>(tensor.data<float>()[i]));
  return list;
}

std::vector<double> numbers(const Tensor& tensor) {
  std::vector<double> list;
  for (int64_t i = 0; i < tensor.numel(); ++i) list.push_back(tensor.at(i));
  return list;
}

using Bits = std::vector<uint32_t>;

TEST(torch_random, rand_after_seed_0) {
  TorchRandom random(0);
  EXPECT_EQ(bits(*random.rand({4}), {0, 1, 2, 3}), (Bits{0x3efe1558, 0x3f44aa2f, 0x3db533a8, 0x3e073300}));
}

TEST(torch_random, small_randn_is_scalar_box_muller) {
  TorchRandom random(0);
  EXPECT_EQ(bits(*random.randn({4}), {0, 1, 2, 3}), (Bits{0x3fc53f5c, 0xbe963c50, 0xc00b7149, 0x3f1184b6}));
}

TEST(torch_random, small_randn_in_float64) {
  TorchRandom random(0);
  EXPECT_EQ(
      numbers(*random.randn({4}, DType::float64)),
      (std::vector<double>{0x1.8a7eb8902be3ap+0, -0x1.2c78a087c6feap-2, -0x1.16e2920a70ee5p+1, 0x1.23096ca3e350dp-1}));
}

TEST(torch_random, sixteen_values_come_from_the_vector_kernel) {
  TorchRandom random(0);
  EXPECT_EQ(bits(*random.randn({16}), {0, 1, 2, 3}), (Bits{0xbf901b85, 0xbf93808a, 0xbe804bd6, 0xbede255d}));
}

TEST(torch_random, the_tutorials_draws_go_on_where_the_last_stopped) {
  TorchRandom random(10010);
  EXPECT_EQ(bits(*random.randn({5, 5}), {0, 8, 9, 15, 16, 24}),
            (Bits{0xbeff7891, 0x403205d3, 0x3f3d062d, 0xbf363596, 0xbd3f56f9, 0xbe935c57}));
  EXPECT_EQ(bits(*random.randn({3, 3}), {0, 1, 2}), (Bits{0x3f7e4509, 0xbe9fb2c3, 0xbf94a1c9}));
  EXPECT_EQ(bits(*random.randn({1}), {0}), (Bits{0xbf1504ec}));
}

TEST(torch_random, a_remainder_of_a_long_randn_is_drawn_afresh) {
  TorchRandom random(3);
  EXPECT_EQ(bits(*random.randn({1003}), {0, 1, 500, 986, 987, 1000, 1002}),
            (Bits{0xbd9cf7af, 0x3eb84264, 0x3e9351af, 0xbfe4f9f9, 0x3fb47f76, 0x3fa37edc, 0xbcf0d09d}));
}

TEST(torch_random, only_the_number_of_elements_matters) {
  TorchRandom flat(5), deep(5);
  EXPECT_EQ(numbers(*flat.randn({60})), numbers(*deep.randn({3, 4, 5})));
}

TEST(torch_random, an_odd_small_randn_leaves_a_value_that_survives_a_large_one) {
  TorchRandom random(1), whole(1);
  const std::vector<double> four = numbers(*whole.randn({4}, DType::float64));
  (void)random.randn({3}, DType::float64);
  (void)random.randn({32});
  EXPECT_EQ(numbers(*random.randn({1}, DType::float64))[0], four[3]);
}

TEST(torch_random, randint_then_randperm) {
  TorchRandom random(0);
  EXPECT_EQ(numbers(*random.randint({6}, 0, 100)), (std::vector<double>{44, 39, 33, 60, 63, 79}));
  EXPECT_EQ(numbers(*random.randperm(8)), (std::vector<double>{3, 4, 0, 6, 5, 7, 2, 1}));
}

TEST(torch_random, default_weight_and_bias_of_a_layer) {
  TorchRandom random(10010);
  (void)random.randn({1, 1, 4, 4});
  const TorchRandom::LayerInit layer = *random.conv2d_init({1, 1, 3, 3}, true);
  EXPECT_EQ(bits(layer.weight, {0, 1, 2, 3, 4, 5, 6, 7, 8}),
            (Bits{0xbd9cb1db, 0x3e2fc410, 0x3e8e4c84, 0xbe2c8183, 0xbdf945bb, 0x3c83086b, 0x3e22386b, 0xbe4cc34b,
                  0xbe5bfa88}));
  EXPECT_EQ(bits(layer.bias, {0}), (Bits{0x3e6ca1f3}));
}

TEST(torch_random, default_weight_and_bias_in_float64) {
  TorchRandom random(7);
  const TorchRandom::LayerInit layer = *random.conv2d_init({4, 3, 3, 3}, true, DType::float64);
  EXPECT_EQ(layer.weight.at(0), -0x1.5bd16aa739d69p-4);
  EXPECT_EQ(layer.weight.at(107), 0x1.b90e7cffb3e5bp-7);
  EXPECT_EQ(layer.bias.at(0), 0x1.981bd5732065fp-5);
  EXPECT_EQ(layer.bias.at(3), 0x1.00f3ac918d853p-4);
}

TEST(torch_random, only_the_low_32_bits_of_a_seed_count) {
  TorchRandom small(-1), large(0xffffffff);
  EXPECT_EQ(numbers(*small.rand({5})), numbers(*large.rand({5})));
}

TEST(torch_random, uniform_lies_in_its_range) {
  TorchRandom random(4);
  for (double value : numbers(*random.uniform({500}, -1, 3))) {
    EXPECT_GE(value, -1);
    EXPECT_LE(value, 3);
  }
}

/// FNV-1a of the tensor's bytes, as make_random_cases.py writes it.
std::string hash_of(const Tensor& tensor) {
  uint64_t value = 0xcbf29ce484222325;
  if (tensor.numel() > 0) {
    const bool is_float = tensor.dtype() == DType::float32;
    const void* data = is_float ? static_cast<const void*>(tensor.data<float>()) : tensor.data<double>();
    for (int64_t i = 0; i < tensor.bytes(); ++i) {
      value = (value ^ static_cast<const unsigned char*>(data)[i]) * 0x100000001b3;
    }
  }
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
  return text;
}

/// One draw of random_cases.json: its tensors, weight and bias where it is a layer's.
std::vector<Tensor> drawn(TorchRandom& random, const nlohmann::json& draw) {
  Shape shape;
  for (const nlohmann::json& extent : draw["shape"]) shape.push_back(extent.get<int64_t>());
  const DType dtype = draw["dtype"] == "float64" ? DType::float64 : DType::float32;
  const std::string kind = draw["kind"];
  if (kind == "randn") return {random.randn(shape, dtype).value()};
  if (kind == "rand") return {random.rand(shape, dtype).value()};
  if (kind == "uniform") return {random.uniform(shape, draw["low"], draw["high"], dtype).value()};
  if (kind == "randint") return {random.randint(shape, draw["low"], draw["high"], dtype).value()};
  if (kind == "randperm") return {random.randperm(shape[0], dtype).value()};
  const bool has_bias = draw["bias"], is_transposed = kind.starts_with("conv_transpose");
  const int64_t out_channels = is_transposed ? shape[1] * draw["groups"].get<int64_t>() : shape[0];
  const TorchRandom::LayerInit layer =
      random.layer_init(shape, has_bias ? std::optional(out_channels) : std::nullopt, dtype).value();
  return has_bias ? std::vector<Tensor>{layer.weight, layer.bias} : std::vector<Tensor>{layer.weight};
}

TEST(torch_random, sequences_of_draws_have_pytorchs_bits) {
  std::ifstream file(CONVSCOPE_SOURCE_DIR "/tests/reference/random_cases.json");
  const nlohmann::json sequences = nlohmann::json::parse(file)["sequences"];
  ASSERT_GE(sequences.size(), 100u);
  for (const nlohmann::json& sequence : sequences) {
    TorchRandom random(sequence["seed"].get<int64_t>());
    for (const nlohmann::json& draw : sequence["draws"]) {
      const std::vector<Tensor> tensors = drawn(random, draw);
      ASSERT_EQ(tensors.size(), draw["hashes"].size());
      for (size_t i = 0; i < tensors.size(); ++i) {
        ASSERT_EQ(hash_of(tensors[i]), draw["hashes"][i].get<std::string>()) << draw.dump();
      }
    }
  }
}

TEST(torch_random, refuses_an_empty_randint_range) {
  TorchRandom random(0);
  EXPECT_EQ(random.randint({2}, 3, 3).error(), (Error{"error.randint_empty_range", "", {"3", "3"}}));
}

TEST(torch_random, refuses_an_uniform_range_the_wrong_way_round) {
  TorchRandom random(0);
  EXPECT_EQ(random.uniform({2}, 3, 2).error().code, "error.uniform_empty_range");
}

TEST(torch_random, refuses_an_uniform_range_beyond_the_type) {
  TorchRandom random(0), fresh(0);
  EXPECT_EQ(random.uniform({2}, 0, 4e38).error().code, "error.uniform_range_too_wide");
  EXPECT_EQ(random.uniform({2}, -3e38, 3e38).error(),
            (Error{"error.uniform_range_too_wide", "", {"-3e+38", "3e+38", "float32", "3.40282e+38"}}));
  EXPECT_EQ(random.uniform({2}, -1e308, 1e308, DType::float64).error().code, "error.uniform_range_too_wide");
  EXPECT_TRUE(random.uniform({0}, -3e38, 3e38, DType::float64));
  EXPECT_EQ(numbers(*random.rand({3})), numbers(*fresh.rand({3})));
}

TEST(torch_random, refuses_a_permutation_of_less_than_nothing) {
  TorchRandom random(0);
  EXPECT_EQ(random.randperm(-1).error().code, "error.randperm_negative");
}

TEST(torch_random, refuses_a_tensor_beyond_the_limit_without_drawing) {
  TorchRandom random(0), fresh(0);
  EXPECT_EQ(random.randn({int64_t{1} << 40}).error().code, "error.tensor_too_large");
  EXPECT_EQ(numbers(*random.rand({3})), numbers(*fresh.rand({3})));
}

}  // namespace
}  // namespace convscope
