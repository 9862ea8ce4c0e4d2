// `convscope slice`, and tensors written out for `compute`.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "app/io/image.h"
#include "app/io/npy.h"
#include "tests/cli/program.h"

namespace convscope {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class SliceCommand : public testing_support::Program {
 protected:
  void put_counted(const std::string& name, const Shape& shape, DType dtype = DType::float32) {
    Tensor tensor = *Tensor::zeros(shape, DType::float32);
    for (int64_t i = 0; i < tensor.numel(); ++i) tensor.mutable_data<float>()[i] = static_cast<float>(i);
    ASSERT_TRUE(write_npy(path(name), *tensor.to(dtype)));
  }
  std::vector<double> numbers(const std::string& name) const {
    const Tensor tensor = read_npy(path(name))->tensor;
    std::vector<double> list;
    for (int64_t i = 0; i < tensor.numel(); ++i) list.push_back(tensor.at(i));
    return list;
  }
};

TEST_F(SliceCommand, prints_what_python_prints) {
  put_counted("x.npy", {2, 3, 4});
  EXPECT_EQ(success({"slice", "x.npy", "x[:, 0]"}),
            "shape    torch.Size([2, 4])\n"
            "dtype    torch.float32\n"
            "device   cpu\n"
            "size()   torch.Size([2, 4])\n"
            "dim()    2\n"
            "ndim     2\n"
            "numel()  8\n"
            "\n"
            "tensor([[ 0.,  1.,  2.,  3.],\n"
            "        [12., 13., 14., 15.]])\n");
  EXPECT_THAT(success({"slice", "x.npy"}), HasSubstr("torch.Size([2, 3, 4])"));
  EXPECT_THAT(success({"slice", "x.npy", "[-1, -1, -1]"}), HasSubstr("\ntensor(23.)\n"));
}

TEST_F(SliceCommand, json_holds_shape_values_and_print) {
  put_counted("x.npy", {2, 3}, DType::float64);
  const auto json = nlohmann::json::parse(success({"slice", "x.npy", "x[..., ::2]", "--json"}));
  EXPECT_EQ(json["expression"], "x[..., ::2]");
  EXPECT_EQ(json["shape"], (std::vector<int>{2, 2}));
  EXPECT_EQ(json["dtype"], "torch.float64");
  EXPECT_EQ(json["device"], "cpu");
  EXPECT_EQ(json["dim"], 2);
  EXPECT_EQ(json["ndim"], 2);
  EXPECT_EQ(json["numel"], 4);
  EXPECT_EQ(json["values"], (std::vector<std::vector<double>>{{0, 2}, {3, 5}}));
  EXPECT_EQ(json["text"], "tensor([[0., 2.],\n        [3., 5.]], dtype=torch.float64)");
  const auto odd = nlohmann::json::parse(success({"slice", "[nan, -inf, inf]", "--json"}));
  EXPECT_EQ(odd["values"], (std::vector<std::string>{"nan", "-inf", "inf"}));
  EXPECT_EQ(nlohmann::json::parse(success({"slice", "[[1, 2]]", "x[5:]", "--json"}))["values"],
            nlohmann::json::array());
}

TEST_F(SliceCommand, attributes_are_answered_as_python_prints_them) {
  put_counted("x.npy", {2, 3, 4});
  EXPECT_EQ(success({"slice", "x.npy", "x.shape"}), "torch.Size([2, 3, 4])\n");
  EXPECT_EQ(success({"slice", "x.npy", "y[0].size(1)"}), "4\n");
  EXPECT_EQ(success({"slice", "x.npy", "x.dtype"}), "torch.float32\n");
  const auto json = nlohmann::json::parse(success({"slice", "x.npy", "x.shape[1:]", "--json"}));
  EXPECT_EQ(json["type"], "torch.Size");
  EXPECT_EQ(json["value"], (std::vector<int>{3, 4}));
  EXPECT_EQ(nlohmann::json::parse(success({"slice", "x.npy", "x.numel()", "--json"}))["value"], 24);
  EXPECT_THAT(refusal({"slice", "x.npy", "x[0]+1"}, 1),
              StartsWith("Python reads +1 here, ConvScope does not. It reads a name, brackets of integers"));
  EXPECT_THAT(refusal({"slice", "x.npy", "x.shape", "-o", "y.npy"}, 1), HasSubstr("gives no tensor"));
  EXPECT_THAT(refusal({"slice", "x.npy", "x.size(7)"}, 1),
              StartsWith("IndexError: Dimension out of range (expected to be in range of [-3, 2], but got 7). "));
}

TEST_F(SliceCommand, the_result_is_written_when_asked_for) {
  put_counted("x.npy", {2, 3, 4});
  EXPECT_EQ(success({"slice", "x.npy", "x[1, :, 1:3]", "-o", "y.npy"}), "");
  EXPECT_EQ(read_npy(path("y.npy"))->tensor.shape(), (Shape{3, 2}));
  EXPECT_THAT(numbers("y.npy"), testing::ElementsAre(13, 14, 17, 18, 21, 22));
}

TEST_F(SliceCommand, a_picture_is_a_tensor_and_a_tensor_a_picture) {
  ASSERT_TRUE(write_png(path("a.png"), Pixels{2, 1, {255, 0, 51, 255, 0, 255, 102, 255}}));
  EXPECT_THAT(success({"slice", "a.png", "x[0, :, 0]"}), HasSubstr("tensor([[1.0000, 0.0000],\n"));
  EXPECT_EQ(success({"slice", "a.png", "x[0, 2]", "-o", "blue.png"}),
            "a.png: values 0 to 255 became 0 to 1.\nblue.png: values 0 to 1 became 0 to 255.\n");
  EXPECT_FLOAT_EQ(static_cast<float>(read_image(path("blue.png"))->at(1)), 102.0f / 255);
  EXPECT_EQ(success({"slice", "[[-1, 0], [1, 3]]", "-o", "cut.png"}),
            "cut.png: values 0 to 1 became 0 to 255; 2 outside were cut off, --value-range auto shows all.\n");
  EXPECT_EQ(success({"slice", "[[-1, 0], [1, 3]]", "-o", "all.png", "--value-range", "auto"}),
            "all.png: values -1 to 3 became 0 to 255.\n");
  EXPECT_NEAR(read_image(path("all.png"))->at(1), 0.25, 1.0 / 255);
  EXPECT_EQ(success({"slice", "[[nan, 0], [1, inf]]", "-o", "odd.png", "--value-range", "auto"}),
            "odd.png: values 0 to 1 became 0 to 255.\n"
            "odd.png: 2 are no finite numbers: nan and -inf became black, inf white.\n");
  ASSERT_TRUE(write_png(path("clear.png"), Pixels{2, 1, {255, 0, 51, 255, 0, 255, 102, 0}}));
  EXPECT_THAT(success({"slice", "clear.png", "x[0, 0]"}),
              HasSubstr("clear.png: values 0 to 255 became 0 to 1.\nclear.png: the transparent pixels were laid over "
                        "white, and the alpha channel was left out.\n"));
  EXPECT_EQ(success({"slice", "[[-1, 0], [1, 3]]", "-o", "some.png", "--value-range", "-1,3", "--json"})[0], '{');
}

TEST_F(SliceCommand, errors_are_pythons_with_a_remedy) {
  put_counted("x.npy", {3, 2});
  EXPECT_THAT(refusal({"slice", "x.npy", "x[5]"}, 1),
              StartsWith("IndexError: index 5 is out of bounds for dimension 0 with size 3. "));
  EXPECT_THAT(refusal({"slice", "x.npy", "x[::-1]"}, 1), StartsWith("ValueError: step must be greater than zero. "));
  EXPECT_THAT(refusal({"slice", "x.npy", "x[0, 0, 0]"}, 1),
              StartsWith("IndexError: too many indices for tensor of dimension 2. "));
  EXPECT_THAT(refusal({"slice", "x.npy", "x[i]"}, 1), StartsWith("NameError: name 'i' is not defined. "));
  EXPECT_THAT(refusal({"slice", "x.npy", "x[0"}, 1), StartsWith("SyntaxError: '[' was never closed. "));
  EXPECT_THAT(refusal({"slice", "x.npy", "x[5]"}, 1, {"LANG=zh_CN.UTF-8"}),
              HasSubstr("IndexError: index 5 is out of bounds for dimension 0 with size 3"));
  refusal({"slice", "none.npy"}, 1);
  refusal({"slice"}, 2);
  refusal({"slice", "x.npy", "x[0]", "-o", "y.txt"}, 1);
  refusal({"slice", "x.npy", "x[0]", "--value-range", "0,1"}, 2);
  for (const char* range : {"1,0", "0", "a,b", "0,1,2", "0,0", "0,nan"}) {
    refusal({"slice", "x.npy", "x[0]", "-o", "y.png", "--value-range", range}, 2);
  }
  refusal({"slice", "x.npy", "x[0]", "-o", "y.npy", "--value-range", "0,1"}, 1);
  refusal({"slice", "x.npy", "x[0]", "-o", "y.png"}, 1);
}

TEST_F(SliceCommand, what_a_file_held_is_told) {
  std::string file("\x93NUMPY\x01\x00", 8);
  const std::string header = "{'descr': '>i4', 'fortran_order': True, 'shape': (1, 2), }\n";
  file += static_cast<char>(header.size());
  file += '\0';
  put("i.npy", file + header + std::string("\0\0\0\x07\xff\xff\xff\xfe", 8));
  EXPECT_THAT(success({"slice", "i.npy"}),
              StartsWith("i.npy: big-endian int32 in Fortran order converted to float64 in C order.\n"));
  EXPECT_THAT(success({"slice", "i.npy"}), HasSubstr("tensor([[ 7., -2.]], dtype=torch.float64)"));
  EXPECT_EQ(nlohmann::json::parse(success({"slice", "i.npy", "--json"}))["stored_dtype"], "int32");
  EXPECT_EQ(success({"compute", "avg_pool1d", "--input", "i.npy", "--kernel-size", "2", "-o", "y.npy"}),
            "i.npy: big-endian int32 in Fortran order converted to float64 in C order.\n");
  EXPECT_THAT(numbers("y.npy"), testing::ElementsAre(2.5));
}

TEST_F(SliceCommand, compute_takes_tensors_written_out) {
  success({"compute", "conv2d", "--input", "[[1, 2, 3], [4, 5, 6], [7, 8, 9]]", "--weight", "[[1,0],[0,-1]]", "--bias",
           "[10]", "-o", "y.npy"});
  EXPECT_EQ(read_npy(path("y.npy"))->tensor.shape(), (Shape{1, 1, 2, 2}));
  EXPECT_THAT(numbers("y.npy"), testing::Each(6));
  EXPECT_EQ(read_npy(path("y.npy"))->tensor.dtype(), DType::float32);
  success({"compute", "conv2d", "--input", "tensor([[[1., 2.]]], dtype=torch.float64)", "--weight",
           "np.array([[[[2.]]]])", "-o", "z.npy"});
  EXPECT_EQ(read_npy(path("z.npy"))->tensor.shape(), (Shape{1, 1, 2}));
  EXPECT_EQ(read_npy(path("z.npy"))->tensor.dtype(), DType::float64);
  put("w.txt", "0.5 0.5\n0 0\n");
  success({"compute", "conv2d", "--input", "[[1, 2, 4], [0, 0, 0]]", "--weight", "w.txt", "-o", "t.npy"});
  EXPECT_THAT(numbers("t.npy"), testing::ElementsAre(1.5, 3));
  EXPECT_THAT(refusal({"compute", "conv2d", "--input", "[[1, 2], [3]]", "--weight", "[[1]]", "-o", "n.npy"}, 1),
              HasSubstr("equally long"));
}

TEST_F(SliceCommand, a_file_goes_before_a_text_of_the_same_letters) {
  put_counted("[1].npy", {2});
  EXPECT_THAT(success({"slice", "[1].npy"}), HasSubstr("tensor([0., 1.])"));
}

TEST_F(SliceCommand, its_own_print_can_be_given_back) {
  put_counted("x.npy", {2, 2, 5});
  const std::string printed = nlohmann::json::parse(success({"slice", "x.npy", "--json"}))["text"];
  const auto again = nlohmann::json::parse(success({"slice", printed, "--json"}));
  EXPECT_EQ(again["text"], printed);
  EXPECT_THAT(refusal({"slice", "tensor([0., 1., ..., 8.])"}, 1), HasSubstr("..."));
}

}  // namespace
}  // namespace convscope
