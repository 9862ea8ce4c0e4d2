// Attributes of tensors against what Python answers; the sentences are PyTorch 1.13's.
#include "engine/tensor_answer.h"

#include <gtest/gtest.h>

namespace convscope {
namespace {

/// The answer with its type, or the error's code with what fills it.
std::string said(std::string_view expression, const Shape& shape = {2, 3}, DType dtype = DType::float32) {
  const Result<TensorAnswer> answer = ask_tensor(*Tensor::zeros(shape, dtype), expression);
  if (answer) return answer->type + " " + answer->text;
  std::string all = answer.error().code;
  EXPECT_EQ(answer.error().field, "index");
  for (const std::string& arg : answer.error().args) all += "|" + arg;
  return all;
}

TEST(tensor_answer, a_tensor_says_what_it_is) {
  EXPECT_EQ(said("x.shape"), "torch.Size torch.Size([2, 3])");
  EXPECT_EQ(said("x.size()"), "torch.Size torch.Size([2, 3])");
  EXPECT_EQ(said("x.size(1)"), "int 3");
  EXPECT_EQ(said("x.size(-2)"), "int 2");
  EXPECT_EQ(said("x.size(dim=1)"), "int 3");
  EXPECT_EQ(said("x.size( dim = -1 )"), "int 3");
  EXPECT_EQ(said("x.dim()"), "int 2");
  EXPECT_EQ(said("x.ndim"), "int 2");
  EXPECT_EQ(said("x.numel()"), "int 6");
  EXPECT_EQ(said("x.dtype"), "torch.dtype torch.float32");
  EXPECT_EQ(said("x.dtype", {1}, DType::float64), "torch.dtype torch.float64");
  EXPECT_EQ(said("x.device"), "torch.device cpu");
  EXPECT_EQ(said("feature_map . size ( 1 )"), "int 3");
  EXPECT_EQ(said("\u6743\u91cd.shape"), "torch.Size torch.Size([2, 3])");
}

TEST(tensor_answer, parts_of_a_tensor_answer_too) {
  EXPECT_EQ(said("x[0].shape"), "torch.Size torch.Size([3])");
  EXPECT_EQ(said("x[0][1].ndim"), "int 0");
  EXPECT_EQ(said("x[:, None].numel()"), "int 6");
  EXPECT_EQ(said("x[()].size(0)"), "int 2");
  EXPECT_EQ(said("x[0][1]"), "torch.Tensor tensor(0.)");
}

TEST(tensor_answer, a_shape_is_indexed_like_a_tuple) {
  const Shape shape{2, 3, 4};
  EXPECT_EQ(said("x.shape[1]", shape), "int 3");
  EXPECT_EQ(said("x.size()[-1]", shape), "int 4");
  EXPECT_EQ(said("x.shape[1:]", shape), "torch.Size torch.Size([3, 4])");
  EXPECT_EQ(said("x.shape[::-1]", shape), "torch.Size torch.Size([4, 3, 2])");
  EXPECT_EQ(said("x.shape[-1:0:-1]", shape), "torch.Size torch.Size([4, 3])");
  EXPECT_EQ(said("x.shape[5:]", shape), "torch.Size torch.Size([])");
  EXPECT_EQ(said("x.shape[-99999999999999999999::99999999999999999999]", shape), "torch.Size torch.Size([2])");
  EXPECT_EQ(said("x.shape[1:][0]", shape), "int 3");
}

TEST(tensor_answer, refusals_are_pythons) {
  EXPECT_EQ(said("x.size(5)"), "error.slice_size_dimension|-2|1|5");
  EXPECT_EQ(said("x.size(-3)"), "error.slice_size_dimension|-2|1|-3");
  EXPECT_EQ(said("x[0, 0].size(0)"), "error.slice_size_of_scalar|0");
  EXPECT_EQ(said("x.size(1, 2)"), "error.slice_size_argument");
  EXPECT_EQ(said("x.size(1.5)"), "error.slice_size_argument");
  EXPECT_EQ(said("x.size(dimension=0)"), "error.slice_size_argument");
  EXPECT_EQ(said("x.size(dimx = 1)"), "error.slice_size_argument");
  EXPECT_EQ(said("x.size(axis=1)"), "error.slice_size_argument");
  EXPECT_EQ(said("x.size(1, dim=0)"), "error.slice_size_argument");
  EXPECT_EQ(said("x.size(dim==1)"), "error.slice_unsupported|==1)");
  EXPECT_EQ(said("x.size(i)"), "error.slice_name|i");
  EXPECT_EQ(said("x.size(dim)"), "error.slice_name|dim");
  EXPECT_EQ(said("x.size(dim=i)"), "error.slice_name|i");
  EXPECT_EQ(said("x.size(99999999999999999999)"), "error.slice_overflow|99999999999999999999");
  EXPECT_EQ(said("x.shape[2]"), "error.slice_shape_index|2, 3|2");
  EXPECT_EQ(said("x.shape[0, 1]"), "error.slice_shape_index_type|tuple");
  EXPECT_EQ(said("x.shape[...]"), "error.slice_shape_index_type|ellipsis");
  EXPECT_EQ(said("x.shape[None]"), "error.slice_shape_index_type|NoneType");
  EXPECT_EQ(said("x.shape[1.5]"), "error.slice_shape_index_type|float");
  EXPECT_EQ(said("x.shape[()]"), "error.slice_shape_index_type|tuple");
  EXPECT_EQ(said("x.shape[::0]"), "error.slice_step_zero");
  EXPECT_EQ(said("x.shape[1.5:]"), "error.slice_bound_type");
  EXPECT_EQ(said("x.shape()"), "error.slice_not_callable|torch.Size|shape");
  EXPECT_EQ(said("x.ndim()"), "error.slice_not_callable|int|ndim");
  EXPECT_EQ(said("x.dim(1)"), "error.slice_no_arguments|dim|1");
  EXPECT_EQ(said("x.dim"), "error.slice_method_not_called|dim");
  EXPECT_EQ(said("x.dim()[0]"), "error.slice_not_subscriptable|int");
  EXPECT_EQ(said("x.dtype[0]"), "error.slice_not_subscriptable|torch.dtype");
  EXPECT_EQ(said("x.mean()"), "error.slice_attribute|.mean");
  EXPECT_EQ(said("x[5].shape"), "error.slice_index_range|5|0|2");
  EXPECT_EQ(slice_tensor(*Tensor::zeros({2}, DType::float32), "x.shape").error().code, "error.slice_not_a_tensor");
}

}  // namespace
}  // namespace convscope
