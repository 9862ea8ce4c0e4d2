#include <gmock/gmock.h>

#include <cmath>

#include "app/io/image.h"
#include "app/io/npy.h"
#include "tests/cli/program.h"

namespace convscope {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ComputeCommand : public testing_support::Program {
 protected:
  /// A float32 (or float64) tensor counting up from `start`.
  void put_tensor(const std::string& name, const Shape& shape, double start = 0, DType dtype = DType::float32) {
    Tensor tensor = *Tensor::zeros(shape, dtype);
    for (int64_t i = 0; i < tensor.numel(); ++i) {
      const double value = start + static_cast<double>(i);
      if (dtype == DType::float32) {
        tensor.mutable_data<float>()[i] = static_cast<float>(value);
      } else {
        tensor.mutable_data<double>()[i] = value;
      }
    }
    ASSERT_TRUE(write_npy(path(name), tensor));
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
};

TEST_F(ComputeCommand, agrees_with_pen_and_paper) {
  put_tensor("x.npy", Shape{1, 1, 3, 3});
  put_tensor("w.npy", Shape{1, 1, 2, 2}, 1);
  put_tensor("b.npy", Shape{1}, 10);
  EXPECT_EQ(success({"compute", "conv2d", "--input", "x.npy", "--weight", "w.npy", "--bias", "b.npy", "-o", "y.npy"}),
            "");
  EXPECT_THAT(numbers("y.npy"), ElementsAre(37, 47, 67, 77));
  EXPECT_EQ(tensor("y.npy").shape(), (Shape{1, 1, 2, 2}));
}

TEST_F(ComputeCommand, every_algorithm_gives_the_same_numbers_whatever_the_threads) {
  success({"random", "--seed", "3", "--draw", "randint:2,4,9,8:-5:6", "--draw", "randint:6,2,3,2:-5:6", "-o", "r"});
  const std::vector<std::string> base{"compute",   "conv2d",   "--input",    "r.0.npy",  "--weight",
                                      "r.1.npy",   "--groups", "2",          "--stride", "2,1",
                                      "--padding", "1,0",      "--dilation", "1,2"};
  for (const char* algorithm : {"auto", "naive", "im2col"}) {
    for (const char* threads : {"1", "3"}) {
      std::vector<std::string> args = base;
      const std::string name = std::string(algorithm) + threads + ".npy";
      args.insert(args.end(), {"--algorithm", algorithm, "--threads", threads, "-o", name});
      success(args);
      EXPECT_EQ(tensor(name).shape(), (Shape{2, 6, 5, 6}));
      EXPECT_EQ(numbers(name), numbers("auto1.npy")) << name;  // whole numbers: no rounding to differ in
    }
  }
}

TEST_F(ComputeCommand, same_valid_and_unequal_pads) {
  put_tensor("x.npy", Shape{1, 1, 4, 4}, 1);
  put_tensor("w.npy", Shape{1, 1, 2, 2}, 0);
  const std::vector<std::string> base{"compute", "conv2d", "--input", "x.npy", "--weight", "w.npy", "-o", "y.npy"};
  const auto shape_with = [&](std::vector<std::string> more) {
    std::vector<std::string> args = base;
    args.insert(args.end(), more.begin(), more.end());
    success(args);
    return tensor("y.npy").shape();
  };
  EXPECT_EQ(shape_with({"--padding", "same"}), (Shape{1, 1, 4, 4}));
  const std::vector<double> same = numbers("y.npy");
  EXPECT_EQ(shape_with({"--padding", "valid"}), (Shape{1, 1, 3, 3}));
  EXPECT_EQ(shape_with({"--pads", "0,0,1,1"}), (Shape{1, 1, 4, 4}));
  EXPECT_EQ(numbers("y.npy"), same) << "an even kernel's 'same' pads behind";
  EXPECT_EQ(shape_with({"--pads", "2,0,0,1"}), (Shape{1, 1, 5, 4}));
}

TEST_F(ComputeCommand, padding_modes_repeat_what_they_should) {
  put_tensor("x.npy", Shape{1, 1, 1, 4}, 1);
  put_tensor("w.npy", Shape{1, 1, 1, 1}, 1);
  const auto padded = [&](const char* mode) {
    success({"compute", "conv2d", "--input", "x.npy", "--weight", "w.npy", "--padding", "0,2", "--padding-mode", mode,
             "-o", "y.npy"});
    return numbers("y.npy");
  };
  EXPECT_THAT(padded("zeros"), ElementsAre(0, 0, 1, 2, 3, 4, 0, 0));
  EXPECT_THAT(padded("reflect"), ElementsAre(3, 2, 1, 2, 3, 4, 3, 2));
  EXPECT_THAT(padded("replicate"), ElementsAre(1, 1, 1, 2, 3, 4, 4, 4));
  EXPECT_THAT(padded("circular"), ElementsAre(3, 4, 1, 2, 3, 4, 1, 2));
}

TEST_F(ComputeCommand, an_unbatched_input_gives_an_unbatched_output) {
  put_tensor("x.npy", Shape{2, 5, 5});
  put_tensor("w.npy", Shape{3, 2, 3, 3});
  success({"compute", "conv2d", "--input", "x.npy", "--weight", "w.npy", "-o", "y.npy"});
  EXPECT_EQ(tensor("y.npy").shape(), (Shape{3, 3, 3}));
}

TEST_F(ComputeCommand, tensors_of_two_types_are_refused_as_by_pytorch) {
  put_tensor("x32.npy", Shape{1, 1, 3, 3});
  put_tensor("x64.npy", Shape{1, 1, 3, 3}, 0.1, DType::float64);
  put_tensor("w32.npy", Shape{1, 1, 2, 2});
  put_tensor("b64.npy", Shape{1}, 0.1, DType::float64);
  EXPECT_EQ(refusal({"compute", "conv2d", "--input", "x64.npy", "--weight", "w32.npy", "-o", "y.npy"}, 1),
            "input is float64 and weight is float32; PyTorch computes with tensors of one dtype only. Convert one of "
            "them, as in numpy's weight.astype('float64') or torch's weight.to(torch.float64).");
  EXPECT_THAT(
      refusal({"compute", "conv2d", "--input", "x32.npy", "--weight", "w32.npy", "--bias", "b64.npy", "-o", "y.npy"},
              1),
      HasSubstr("input is float32 and bias is float64"));
  EXPECT_THAT(refusal({"compare", "conv2d", "--input", "x64.npy", "--weight", "w32.npy", "--mine", "x32.npy"}, 1),
              HasSubstr("one dtype"));
  EXPECT_THAT(refusal({"compute", "conv2d_backward", "--input", "x32.npy", "--weight", "w32.npy", "--grad-output",
                       "x64.npy", "-o", "g"},
                      1),
              HasSubstr("grad_output is float64"));
  EXPECT_FALSE(std::filesystem::exists(path("y.npy")));
  success({"compute", "conv2d", "--input", "x32.npy", "--weight", "w32.npy", "-o", "y.npy"});
  EXPECT_EQ(tensor("y.npy").dtype(), DType::float32);
  // int64, as numpy makes of whole numbers, follows the other tensor.
  std::string ones("\x93NUMPY\x01\x00", 8);
  const std::string header = "{'descr': '<i8', 'fortran_order': False, 'shape': (1, 1, 1, 1), }\n";
  ones += static_cast<char>(header.size());
  ones += '\0';
  put("wi.npy", ones + header + std::string("\x02\0\0\0\0\0\0\0", 8));
  success({"compute", "conv2d", "--input", "x32.npy", "--weight", "wi.npy", "-o", "y.npy"});
  EXPECT_EQ(tensor("y.npy").dtype(), DType::float32);
  EXPECT_EQ(tensor("y.npy").at(3), 6);
}

TEST_F(ComputeCommand, a_list_without_a_type_follows_the_other_tensor) {
  put_tensor("x64.npy", Shape{1, 1, 1, 1}, 1, DType::float64);
  put_tensor("x32.npy", Shape{1, 1, 1, 1}, 1);
  success({"compute", "conv2d", "--input", "x64.npy", "--weight", "[[0.1]]", "-o", "y.npy"});
  EXPECT_EQ(tensor("y.npy").dtype(), DType::float64);
  EXPECT_EQ(tensor("y.npy").at(0), 0.1) << "not float32's 0.1";
  success({"compute", "conv2d", "--input", "x32.npy", "--weight", "[[0.1]]", "-o", "y.npy"});
  EXPECT_EQ(tensor("y.npy").dtype(), DType::float32);
  EXPECT_THAT(refusal({"compute", "conv2d", "--input", "x32.npy", "--weight",
                       "tensor([[[[0.1]]]], dtype=torch.float64)", "-o", "z.npy"},
                      1),
              HasSubstr("one dtype"));
}

TEST_F(ComputeCommand, whole_numbers_that_are_rounded_are_told) {
  put_tensor("w.npy", Shape{1, 1, 1, 1}, 1);
  EXPECT_EQ(
      success({"compute", "conv2d", "--input", "[[16777216, 16777217]]", "--weight", "w.npy", "-o", "y.npy"}),
      "input: 16777217 has no place in float32 and became 16777216; other numbers may have been rounded too. Write "
      "tensor(..., dtype=torch.float64) around them.\n");
  EXPECT_EQ(success({"compute", "conv2d", "--input", "[[16777216, 0.1]]", "--weight", "w.npy", "-o", "y.npy"}), "");
  AtomicFile file = *AtomicFile::create(path("i.npy"));
  ASSERT_TRUE(write_npy_integers(file, Shape{1, 1, 1, 2}, std::vector<int64_t>{5, (int64_t{1} << 53) + 1}));
  ASSERT_TRUE(file.commit());
  EXPECT_EQ(success({"compute", "avg_pool2d", "--input", "i.npy", "--kernel-size", "1", "-o", "y.npy"}),
            "i.npy: int64 converted to float64.\ni.npy: 9007199254740993 has no place in float64 and became "
            "9007199254740992; other numbers may have been rounded too.\n");
  EXPECT_THAT(success({"compute", "conv2d", "--input", "i.npy", "--weight", "w.npy", "-o", "y.npy"}),
              HasSubstr("9007199254740993 has no place in float32 and became 9007199254740992;"));
  EXPECT_THAT(success({"slice", "i.npy"}), HasSubstr("9007199254740993 has no place in float64"));
  EXPECT_THAT(success({"slice", "i.npy", "--json"}), HasSubstr("\"from\": \"9007199254740993\""));
}

TEST_F(ComputeCommand, pictures_go_in_and_come_out) {
  Pixels pixels{3, 2, {}};
  for (int i = 0; i < 6; ++i) {
    for (int v : {i * 40, 255 - i * 40, 7}) pixels.rgba.push_back(static_cast<uint8_t>(v));
    pixels.rgba.push_back(255);
  }
  ASSERT_TRUE(write_png(path("a.png"), pixels));
  // An identity for each of three channels.
  Tensor weight = *Tensor::zeros(Shape{3, 3, 1, 1}, DType::float32);
  for (int64_t i = 0; i < 3; ++i) weight.mutable_data<float>()[i * 4] = 1;
  ASSERT_TRUE(write_npy(path("w.npy"), weight));
  success({"compute", "conv2d", "--input", "a.png", "--weight", "w.npy", "-o", "b.png"});
  const Tensor a = *read_image(path("a.png")), b = *read_image(path("b.png"));
  ASSERT_EQ(b.shape(), a.shape());
  for (int64_t i = 0; i < a.numel(); ++i) EXPECT_EQ(a.at(i), b.at(i));
}

TEST_F(ComputeCommand, values_beyond_a_pictures_range_are_cut_off) {
  put_tensor("x.npy", Shape{1, 1, 1, 3}, -1);  // -1 0 1
  put_tensor("w.npy", Shape{1, 1, 1, 1}, 2);
  success({"compute", "conv2d", "--input", "x.npy", "--weight", "w.npy", "-o", "y.png"});
  const Tensor y = *read_image(path("y.png"));
  EXPECT_EQ(y.at(0), 0);
  EXPECT_EQ(y.at(1), 0);
  EXPECT_EQ(y.at(2), 1);
  put_tensor("w2.npy", Shape{2, 1, 1, 1}, 2);
  EXPECT_THAT(refusal({"compute", "conv2d", "--input", "x.npy", "--weight", "w2.npy", "-o", "z.png"}, 1),
              HasSubstr("1 or 3 channels"));
}

TEST_F(ComputeCommand, illegal_parameters_end_with_1_and_leave_no_file) {
  put_tensor("x.npy", Shape{1, 2, 5, 5});
  put_tensor("w.npy", Shape{4, 2, 3, 3});
  put_tensor("b.npy", Shape{5});
  const std::vector<std::string> base{"compute", "conv2d", "--input", "x.npy", "--weight", "w.npy", "-o", "y.npy"};
  const std::vector<std::vector<std::string>> bad = {
      {"--stride", "0"},
      {"--stride", "1,-1"},
      {"--padding", "-1"},
      {"--dilation", "0"},
      {"--dilation", "3"},
      {"--groups", "0"},
      {"--groups", "3"},
      {"--groups", "2"},
      {"--bias", "b.npy"},
      {"--padding-mode", "mirror"},
      {"--padding", "5", "--padding-mode", "reflect"},
      {"--padding", "same", "--stride", "2"},
      {"--algorithm", "magic"},
      {"--threads", "0"},
      {"--threads", "99999"},
      {"--stride", "1,2,3"},
      {"--stride", "99999999999999999999"},
      {"--padding", "4611686018427387904"},
      {"--padding", "1", "--pads", "1,1,1,1"},
      {"--pads", "1,2,3"},
      {"--pads", "-1,0,0,0"},
  };
  for (const std::vector<std::string>& more : bad) {
    std::vector<std::string> args = base;
    args.insert(args.end(), more.begin(), more.end());
    EXPECT_NE(refusal(args, 1), "");
    EXPECT_FALSE(std::filesystem::exists(path("y.npy"))) << more[0] << " " << more[1];
  }
}

TEST_F(ComputeCommand, text_that_is_no_number_ends_with_2) {
  put_tensor("x.npy", Shape{1, 1, 5, 5});
  put_tensor("w.npy", Shape{1, 1, 3, 3});
  const std::vector<std::string> base{"compute", "conv2d", "--input", "x.npy", "--weight", "w.npy", "-o", "y.npy"};
  for (const auto& [option, text] : {std::pair<std::string, std::string>{"--stride", "two"},
                                     {"--stride", "1.5"},
                                     {"--stride", ""},
                                     {"--stride", "1,"},
                                     {"--stride", "0x2"},
                                     {"--stride", "1 2"},
                                     {"--padding", "full"},
                                     {"--dilation", "2,x"},
                                     {"--groups", "one"},
                                     {"--threads", "many"},
                                     {"--pads", "1,1,1,b"}}) {
    std::vector<std::string> args = base;
    args.insert(args.end(), {option, text});
    EXPECT_THAT(refusal(args, 2), HasSubstr(option)) << text;
  }
}

TEST_F(ComputeCommand, broken_and_missing_files_end_with_1) {
  put_tensor("x.npy", Shape{1, 1, 5, 5});
  put_tensor("w.npy", Shape{1, 1, 3, 3});
  put_tensor("flat.npy", Shape{3, 3});
  put("bad.npy", "not an array");
  put("bad.png", "not a picture");
  const auto with = [&](const std::string& input, const std::string& weight, const std::string& output) {
    return refusal({"compute", "conv2d", "--input", input, "--weight", weight, "-o", output}, 1);
  };
  EXPECT_THAT(with("none.npy", "w.npy", "y.npy"), HasSubstr("none.npy"));
  EXPECT_THAT(with("bad.npy", "w.npy", "y.npy"), HasSubstr("bad.npy"));
  EXPECT_THAT(with("bad.png", "w.npy", "y.npy"), HasSubstr("bad.png"));
  put("bad.npz", "PK");
  put("bad.tif", "II*");
  EXPECT_THAT(with("bad.npz", "w.npy", "y.npy"), HasSubstr("bad.npz is damaged"));
  EXPECT_THAT(with("bad.tif", "w.npy", "y.npy"), HasSubstr("bad.tif is not a picture that can be read"));
  EXPECT_THAT(with(".", "w.npy", "y.npy"), HasSubstr("folder"));
  EXPECT_THAT(with("x.npy", "flat.npy", "y.npy"), HasSubstr("3, 3"));
  EXPECT_THAT(with("flat.npy", "w.npy", "y.npy"), HasSubstr("3, 3"));
  EXPECT_THAT(with("x.npy", "w.npy", "no/such/folder/y.npy"), HasSubstr("folder does not exist"));
  EXPECT_THAT(with("x.npy", "w.npy", "y.txt"), HasSubstr(".npy or .png"));
  EXPECT_THAT(with("a\nb.npy", "w.npy", "y.npy"), HasSubstr("a b.npy"));
}

TEST_F(ComputeCommand, arrays_of_an_npz_are_taken_by_name) {
  std::filesystem::copy(CONVSCOPE_SOURCE_DIR "/tests/gui_panels/data/arrays.npz", path("a.npz"));
  put_tensor("x.npy", Shape{1, 2, 5, 5});
  success({"compute", "conv2d", "--input", "x.npy", "--weight", "a.npz:conv1.weight", "--bias", "a.npz:conv1.bias",
           "-o", "y.npy"});
  EXPECT_EQ(tensor("y.npy").shape(), (Shape{1, 4, 1, 1}));
  double expected = 10;
  for (int i = 0; i < 50; ++i) expected += i * (i % 13);
  EXPECT_EQ(numbers("y.npy")[0], expected);
  const std::string several = refusal({"compute", "conv2d", "--input", "x.npy", "--weight", "a.npz", "-o", "y.npy"}, 1);
  EXPECT_THAT(several, HasSubstr("a.npz holds 3 arrays: conv1.weight, conv1.bias, x"));
  EXPECT_THAT(several, HasSubstr("a.npz:conv1.weight"));
  EXPECT_THAT(refusal({"compute", "conv2d", "--input", "a.npz:y", "--weight", "a.npz:conv1.weight", "-o", "y.npy"}, 1),
              HasSubstr("holds no array y"));
  success({"slice", "a.npz:x", "x[0, :, 0, 0]"});
  success({"export", "a.npz:x", "--step", "1", "-o", "y.svg"});
  const std::string code = success({"code", "a.npz:x", "--as", "numpy"});
  EXPECT_THAT(code, HasSubstr("np.load(\"a.npz\")[\"x\"]"));
}

TEST_F(ComputeCommand, a_target_that_is_no_file_is_refused_and_an_old_file_survives_failures) {
  put_tensor("x.npy", Shape{1, 1, 5, 5});
  put_tensor("w.npy", Shape{1, 1, 3, 3});
  std::filesystem::create_directory(folder_ / "dir.npy");
  EXPECT_THAT(refusal({"compute", "conv2d", "--input", "x.npy", "--weight", "w.npy", "-o", "dir.npy"}, 1),
              HasSubstr("not an ordinary file"));
  put("y.npy", "old");
  refusal({"compute", "conv2d", "--input", "x.npy", "--weight", "w.npy", "-o", "y.npy", "--stride", "0"}, 1);
  EXPECT_EQ(get("y.npy"), "old");
  EXPECT_EQ(names(), (std::vector<std::string>{"dir.npy", "w.npy", "x.npy", "y.npy"}));
}

TEST_F(ComputeCommand, results_in_several_files_appear_all_or_not_at_all) {
  put_tensor("x.npy", Shape{1, 1, 4, 4});
  put_tensor("w.npy", Shape{1, 1, 2, 2});
  put_tensor("g.npy", Shape{1, 1, 3, 3});
  std::filesystem::create_directory(folder_ / "d.weight.npy");
  const std::vector<std::string> before = names();
  const auto pool = [&](const std::string& output, const std::string& indices) {
    return refusal(
        {"compute", "max_pool2d", "--input", "x.npy", "--kernel-size", "2", "-o", output, "--output-indices", indices},
        1);
  };
  EXPECT_THAT(pool("none/y.npy", "i.npy"), HasSubstr("folder does not exist"));
  EXPECT_THAT(pool("y.npy", "none/i.npy"), HasSubstr("folder does not exist"));
  EXPECT_THAT(pool("y.npy", "y.npy"), HasSubstr("y.npy is to hold two results"));
  EXPECT_THAT(refusal({"compute", "conv2d_backward", "--input", "x.npy", "--weight", "w.npy", "--grad-output", "g.npy",
                       "-o", "d"},
                      1),
              HasSubstr("d.weight.npy"));
  EXPECT_EQ(names(), before);
  success(
      {"compute", "max_pool2d", "--input", "x.npy", "--kernel-size", "2", "-o", "y.npy", "--output-indices", "i.npy"});
  EXPECT_THAT(numbers("i.npy"), ElementsAre(5, 7, 13, 15));
  EXPECT_THAT(numbers("y.npy"), ElementsAre(5, 7, 13, 15));
}

TEST_F(ComputeCommand, tensors_are_taken_as_python_writes_and_prints_them) {
  for (const char* weight : {"((1, 2), (3, 4))", "w = torch.tensor([[1, 2], [3, 4]])  # mine",
                             "Parameter containing:\ntensor([[1., 2.],\n        [3., 4.]], requires_grad=True)"}) {
    EXPECT_EQ(success({"compute", "conv2d", "--input", "[[1, 0], [0, 1]]", "--weight", weight, "-o", "y.npy"}), "");
    EXPECT_THAT(numbers("y.npy"), ElementsAre(5)) << weight;
  }
}

TEST_F(ComputeCommand, what_the_command_needs_is_asked_for) {
  EXPECT_THAT(refusal({"compute", "conv2d", "--weight", "w.npy", "-o", "y.npy"}, 2), HasSubstr("--input"));
  EXPECT_THAT(refusal({"compute"}, 2), HasSubstr("operation"));
  EXPECT_THAT(refusal({"compute", "conv9d", "--input", "x", "--weight", "w", "-o", "y.npy"}, 2), HasSubstr("conv9d"));
  EXPECT_THAT(refusal({"compute", "conv9d"}, 2), HasSubstr("conv9d"));
  EXPECT_THAT(refusal({"compute", "conv2d", "--inptu", "x.npy"}, 2), HasSubstr("Did you mean --input?"));
  EXPECT_THAT(refusal({"compute", "conv2d", "--input"}, 2), HasSubstr("no value"));
}

}  // namespace
}  // namespace convscope
