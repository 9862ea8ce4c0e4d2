// compute and size for the operations beside conv2d, through the real binary.
#include <gmock/gmock.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "app/io/npy.h"
#include "tests/cli/program.h"

namespace convscope {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class OperationCommands : public testing_support::Program {
 protected:
  /// Counts up from 1.
  void put_tensor(const std::string& name, const Shape& shape, DType dtype = DType::float32) {
    Tensor tensor = *Tensor::zeros(shape, DType::float64);
    for (int64_t i = 0; i < tensor.numel(); ++i) tensor.mutable_data<double>()[i] = static_cast<double>(i + 1);
    ASSERT_TRUE(write_npy(path(name), *tensor.to(dtype)));
  }
  Tensor tensor(const std::string& name) {
    const Result<NpyFile> file = read_npy(path(name));
    EXPECT_TRUE(file) << name;
    return file ? file->tensor : Tensor();
  }
  std::vector<double> numbers(const std::string& name) {
    const Tensor t = tensor(name);
    std::vector<double> list;
    for (int64_t i = 0; i < t.numel(); ++i) list.push_back(t.at(i));
    return list;
  }
  nlohmann::json size(std::vector<std::string> args) {
    args.insert(args.begin(), "size");
    args.emplace_back("--json");
    return nlohmann::json::parse(success(args));
  }
};

TEST_F(OperationCommands, conv1d_and_conv3d) {
  put_tensor("x1.npy", {1, 1, 5});
  put_tensor("w1.npy", {1, 1, 2});
  success({"compute", "conv1d", "--input", "x1.npy", "--weight", "w1.npy", "--stride", "2", "-o", "y1.npy"});
  EXPECT_THAT(numbers("y1.npy"), ElementsAre(5, 11));
  put_tensor("x3.npy", {1, 2, 2, 2}, DType::float64);
  put_tensor("w3.npy", {1, 1, 2, 1, 1}, DType::float64);
  success({"compute", "conv3d", "--input", "x3.npy", "--weight", "w3.npy", "-o", "y3.npy"});
  EXPECT_EQ(tensor("y3.npy").shape(), (Shape{1, 1, 2, 2}));
  EXPECT_EQ(tensor("y3.npy").dtype(), DType::float64);
  EXPECT_THAT(numbers("y3.npy"), ElementsAre(11, 14, 17, 20));
}

TEST_F(OperationCommands, conv_transpose_with_output_padding_or_output_size) {
  put_tensor("x.npy", {1, 1, 2});
  put_tensor("w.npy", {1, 1, 2});
  const std::vector<std::string> base{"compute", "conv_transpose1d", "--input", "x.npy", "--weight",
                                      "w.npy",   "--stride",         "2",       "-o",    "y.npy"};
  for (const std::vector<std::string>& more :
       {std::vector<std::string>{"--output-padding", "1"}, {"--output-size", "5"}, {"--output-size", "1,1,5"}}) {
    std::vector<std::string> args = base;
    args.insert(args.end(), more.begin(), more.end());
    success(args);
    EXPECT_THAT(numbers("y.npy"), ElementsAre(1, 2, 2, 4, 0));
  }
  std::vector<std::string> both = base;
  both.insert(both.end(), {"--output-padding", "1", "--output-size", "5"});
  EXPECT_THAT(refusal(both, 1), HasSubstr("--output-size"));
}

TEST_F(OperationCommands, max_pool_writes_indices_as_int64) {
  put_tensor("x.npy", {1, 1, 3, 4});
  success(
      {"compute", "max_pool2d", "--input", "x.npy", "--kernel-size", "2", "--output-indices", "i.npy", "-o", "y.npy"});
  EXPECT_THAT(numbers("y.npy"), ElementsAre(6, 8));
  const Result<NpyFile> indices = read_npy(path("i.npy"));
  ASSERT_TRUE(indices);
  EXPECT_EQ(indices->stored_type, "<i8");
  EXPECT_EQ(indices->tensor.shape(), (Shape{1, 1, 1, 2}));
  EXPECT_THAT(numbers("i.npy"), ElementsAre(5, 7));
}

TEST_F(OperationCommands, avg_pool_with_its_flags) {
  put_tensor("x.npy", {1, 1, 1, 6});
  const std::vector<std::string> base{"compute",     "avg_pool2d", "--input", "x.npy",     "--kernel-size",
                                      "1,3",         "--stride",   "1,2",     "--padding", "0,1",
                                      "--ceil-mode", "true",       "-o",      "y.npy"};
  success(base);
  EXPECT_THAT(numbers("y.npy"), ElementsAre(1, 3, 5, 3));
  std::vector<std::string> without = base;
  without.insert(without.end(), {"--count-include-pad", "false"});
  success(without);
  EXPECT_THAT(numbers("y.npy"), ElementsAre(1.5, 3, 5, 6));
  std::vector<std::string> divided = base;
  divided.insert(divided.end(), {"--divisor-override", "2"});
  success(divided);
  EXPECT_THAT(numbers("y.npy"), ElementsAre(1.5, 4.5, 7.5, 3));
}

TEST_F(OperationCommands, fold_undoes_unfold_where_windows_do_not_overlap) {
  put_tensor("x.npy", {2, 4, 6});
  success({"compute", "unfold", "--input", "x.npy", "--kernel-size", "2,3", "--stride", "2,3", "-o", "c.npy"});
  EXPECT_EQ(tensor("c.npy").shape(), (Shape{12, 4}));
  success({"compute", "fold", "--input", "c.npy", "--output-size", "4,6", "--kernel-size", "2,3", "--stride", "2,3",
           "-o", "y.npy"});
  EXPECT_EQ(numbers("y.npy"), numbers("x.npy"));
}

TEST_F(OperationCommands, conv2d_backward_writes_three_files) {
  put_tensor("x.npy", {1, 1, 3, 3});
  put_tensor("w.npy", {1, 1, 2, 2});
  put_tensor("g.npy", {1, 1, 2, 2});
  success(
      {"compute", "conv2d_backward", "--input", "x.npy", "--weight", "w.npy", "--grad-output", "g.npy", "-o", "grad"});
  EXPECT_THAT(numbers("grad.input.npy"), ElementsAre(1, 4, 4, 6, 20, 16, 9, 24, 16));
  EXPECT_THAT(numbers("grad.weight.npy"), ElementsAre(37, 47, 67, 77));
  EXPECT_THAT(numbers("grad.bias.npy"), ElementsAre(10));
}

TEST_F(OperationCommands, size_of_each_family) {
  EXPECT_EQ(size({"conv3d", "--input-size", "1,2,9,9,9", "--weight-size", "4,2,3,3,3"})["output_size"],
            nlohmann::json({1, 4, 7, 7, 7}));
  const nlohmann::json upward = size(
      {"conv_transpose2d", "--input-size", "1,3,5,5", "--out-channels", "4", "--kernel-size", "3", "--stride", "2"});
  EXPECT_EQ(upward["output_size"], nlohmann::json({1, 4, 11, 11}));
  EXPECT_EQ(upward["weight_size"], nlohmann::json({3, 4, 3, 3}));
  EXPECT_EQ(upward["macs"], 25 * 3 * 4 * 9);
  const nlohmann::json pooled = size({"max_pool1d", "--input-size", "1,1,5", "--kernel-size", "2", "--stride", "3",
                                      "--padding", "1", "--ceil-mode", "true"});
  EXPECT_EQ(pooled["output_size"], nlohmann::json({1, 1, 2}));
  EXPECT_EQ(pooled["length"]["dropped_windows"], 1);
  EXPECT_EQ(pooled["parameters"], 0);
  EXPECT_EQ(size({"unfold", "--input-size", "1,3,5,5", "--kernel-size", "3"})["output_size"],
            nlohmann::json({1, 27, 9}));
  EXPECT_EQ(size({"fold", "--input-size", "1,27,9", "--output-size", "5,5", "--kernel-size", "3"})["output_size"],
            nlohmann::json({1, 3, 5, 5}));
  EXPECT_EQ(size({"conv2d_backward", "--input-size", "1,3,5,5", "--weight-size", "2,3,3,3"})["grad_weight_size"],
            nlohmann::json({2, 3, 3, 3}));
}

TEST_F(OperationCommands, sizes_that_no_tensor_could_have_are_computed_without_one) {
  EXPECT_EQ(size({"max_pool2d", "--input-size", "1,1,1000000000,1000000000", "--kernel-size", "2"})["output_size"],
            nlohmann::json({1, 1, 500000000, 500000000}));
  refusal({"size", "max_pool2d", "--input-size", "1,1,4000000000,4000000000", "--kernel-size", "2"}, 1);
  refusal({"size", "conv_transpose1d", "--input-size", "1,1,4611686018427387904", "--weight-size", "1,1,3", "--stride",
           "4"},
          1);
}

TEST_F(OperationCommands, options_of_another_operation_are_refused) {
  put_tensor("x.npy", {1, 1, 4, 4});
  put_tensor("w.npy", {1, 1, 2, 2});
  const auto refused = [&](std::vector<std::string> args, int status = 1) {
    args.insert(args.begin(), "compute");
    args.insert(args.end(), {"--input", "x.npy", "-o", "y.npy"});
    const std::string line = refusal(args, status);
    EXPECT_FALSE(std::ifstream(path("y.npy"))) << line;
    return line;
  };
  EXPECT_THAT(refused({"max_pool2d", "--kernel-size", "2", "--weight", "w.npy"}), HasSubstr("--weight"));
  EXPECT_THAT(refused({"max_pool2d", "--kernel-size", "2", "--groups", "1"}), HasSubstr("--groups"));
  EXPECT_THAT(refused({"avg_pool2d", "--kernel-size", "2", "--dilation", "2"}), HasSubstr("--dilation"));
  EXPECT_THAT(refused({"avg_pool2d", "--kernel-size", "2", "--ceil-mode", "maybe"}), HasSubstr("maybe"));
  EXPECT_THAT(refused({"avg_pool2d", "--kernel-size", "2", "--output-indices", "i.npy"}), HasSubstr("indices"));
  EXPECT_THAT(refused({"conv2d", "--weight", "w.npy", "--ceil-mode", "true"}), HasSubstr("--ceil-mode"));
  EXPECT_THAT(refused({"conv_transpose2d", "--weight", "w.npy", "--padding", "same"}), HasSubstr("same"));
  EXPECT_THAT(refused({"conv3d", "--weight", "w.npy"}), HasSubstr("5"));
  EXPECT_THAT(refused({"max_pool2d"}, 2), HasSubstr("--kernel-size"));
  EXPECT_THAT(refused({"conv2d"}, 2), HasSubstr("--weight"));
  EXPECT_THAT(refused({"fold", "--kernel-size", "2"}, 2), HasSubstr("--output-size"));
  EXPECT_THAT(refused({"conv2d_backward", "--weight", "w.npy"}, 2), HasSubstr("--grad-output"));
  EXPECT_THAT(refused({"pool", "--kernel-size", "2"}, 2), HasSubstr("max_pool2d"));
}

}  // namespace
}  // namespace convscope
