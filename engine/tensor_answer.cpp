#include "engine/tensor_answer.h"

#include <algorithm>
#include <utility>

#include "engine/index_expression.h"
#include "engine/tensor_print.h"

namespace convscope {

namespace {

using Kind = IndexItem::Kind;

Error raised(const char* code, std::vector<std::string> args = {}) { return Error{code, "index", std::move(args)}; }

bool is_name(const std::optional<IndexNumber>& number) { return number && number->kind == IndexNumber::Kind::name; }
bool is_float(const std::optional<IndexNumber>& number) {
  return number && number->kind == IndexNumber::Kind::floating;
}

TensorAnswer answer_of(int64_t number) { return {"int", std::to_string(number), {}, {number}}; }

TensorAnswer answer_of(const Shape& shape) {
  return {"torch.Size", torch_size(shape), {}, std::vector<int64_t>(shape.begin(), shape.end())};
}

/// A slice of a torch.Size is one again, and may go backwards. Source: slice.indices() of CPython.
Result<TensorAnswer> part_of_size(const Shape& shape, const IndexItem& item) {
  for (const auto* bound : {&item.start, &item.stop, &item.step}) {
    if (is_name(*bound)) return raised("error.slice_name", {(*bound)->text});
  }
  const bool is_odd = item.has_ellipsis_bound || is_float(item.start) || is_float(item.stop) || is_float(item.step);
  if (is_odd) return raised("error.slice_bound_type");
  const int64_t rank = shape.rank();
  // Longer strides than the shape itself make no difference.
  const int64_t step = item.step ? std::clamp<int64_t>(item.step->value, -rank - 1, rank + 1) : 1;
  if (step == 0) return raised("error.slice_step_zero");
  const auto place = [&](const std::optional<IndexNumber>& bound, int64_t otherwise) {
    if (!bound) return otherwise;
    const int64_t value = bound->value < 0 ? std::max(bound->value, -rank - 1) + rank : bound->value;
    return step > 0 ? std::clamp<int64_t>(value, 0, rank) : std::clamp<int64_t>(value, -1, rank - 1);
  };
  const int64_t start = place(item.start, step > 0 ? 0 : rank - 1);
  const int64_t stop = place(item.stop, step > 0 ? rank : -1);
  Shape part;
  for (int64_t i = start; step > 0 ? i < stop : i > stop; i += step) part.push_back(shape[static_cast<int>(i)]);
  return answer_of(part);
}

Result<TensorAnswer> indexed(const Shape& shape, const IndexBracket& bracket) {
  const auto wrong_type = [](const char* type) { return raised("error.slice_shape_index_type", {type}); };
  if (bracket.is_tuple) return wrong_type("tuple");
  const IndexItem& item = bracket.items.front();
  if (item.kind == Kind::ellipsis) return wrong_type("ellipsis");
  if (item.kind == Kind::none) return wrong_type("NoneType");
  if (item.kind == Kind::slice) return part_of_size(shape, item);
  const IndexNumber& number = item.number;
  if (number.kind == IndexNumber::Kind::name) return raised("error.slice_name", {number.text});
  if (number.kind == IndexNumber::Kind::floating) return wrong_type("float");
  const int64_t rank = shape.rank();
  if (number.value < -rank || number.value >= rank) {
    return raised("error.slice_shape_index", {shape.to_string(), std::to_string(rank)});
  }
  return answer_of(shape[static_cast<int>(number.value < 0 ? number.value + rank : number.value)]);
}

/// x.size() or x.size(axis).
Result<TensorAnswer> size_of(const Shape& shape, const std::vector<IndexArgument>& arguments) {
  if (arguments.empty()) return answer_of(shape);
  const IndexArgument& argument = arguments.front();
  const IndexNumber& number = argument.value.number;
  const bool is_axis = arguments.size() == 1 && (argument.keyword.empty() || argument.keyword == "dim");
  const bool is_number = is_axis && argument.value.kind == Kind::number;
  if (is_number && number.kind == IndexNumber::Kind::name) return raised("error.slice_name", {number.text});
  if (!is_number || number.kind != IndexNumber::Kind::integer) return raised("error.slice_size_argument");
  if (number.overflows) return raised("error.slice_overflow", {number.text});
  const int64_t rank = shape.rank();
  if (rank == 0) return raised("error.slice_size_of_scalar", {std::to_string(number.value)});
  if (number.value < -rank || number.value >= rank) {
    return raised("error.slice_size_dimension",
                  {std::to_string(-rank), std::to_string(rank - 1), std::to_string(number.value)});
  }
  return answer_of(shape[static_cast<int>(number.value < 0 ? number.value + rank : number.value)]);
}

/// What is behind the point, without the brackets behind it.
Result<TensorAnswer> value_of(const TensorSlice& slice, const IndexAttribute& attribute) {
  const std::string& name = attribute.name;
  const bool is_method = name == "size" || name == "dim" || name == "numel";
  const auto rank = static_cast<int64_t>(slice.shape.rank());
  TensorAnswer answer;
  if (name == "shape") {
    answer = answer_of(slice.shape);
  } else if (name == "ndim") {
    answer = answer_of(rank);
  } else if (name == "dtype") {
    answer = {"torch.dtype", torch_dtype(slice.tensor.dtype()), {}, {}};
  } else if (name == "device") {
    answer = {"torch.device", "cpu", {}, {}};
  } else if (!is_method) {
    return raised("error.slice_attribute", {"." + name});
  }
  if (!is_method) {
    if (attribute.is_called) return raised("error.slice_not_callable", {answer.type, name});
    return answer;
  }
  if (!attribute.is_called) return raised("error.slice_method_not_called", {name});
  if (name == "size") return size_of(slice.shape, attribute.arguments);
  if (!attribute.arguments.empty()) {
    return raised("error.slice_no_arguments", {name, std::to_string(attribute.arguments.size())});
  }
  return answer_of(name == "dim" ? rank : slice.numel());
}

}  // namespace

Result<TensorAnswer> ask_tensor(const Tensor& tensor, std::string_view expression) {
  const Result<IndexExpression> parsed = parse_index_expression(expression);
  if (!parsed) return parsed.error();
  Result<TensorSlice> slice = slice_tensor(tensor, parsed->brackets);
  if (!slice) return slice.error();
  if (!parsed->attribute) return TensorAnswer{"torch.Tensor", torch_repr(*slice), *std::move(slice), {}};
  Result<TensorAnswer> answer = value_of(*slice, *parsed->attribute);
  for (const IndexBracket& bracket : parsed->attribute->brackets) {
    if (!answer) return answer;
    if (answer->type != "torch.Size") return raised("error.slice_not_subscriptable", {answer->type});
    Shape shape;
    for (int64_t extent : answer->numbers) shape.push_back(extent);
    answer = indexed(shape, bracket);
  }
  return answer;
}

}  // namespace convscope
