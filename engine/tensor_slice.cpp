#include "engine/tensor_slice.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "engine/index_expression.h"

namespace convscope {

namespace {

Error raised(const char* code, std::vector<std::string> args = {}) { return Error{code, "index", std::move(args)}; }

void remove_axis(TensorSlice& slice, int axis) {
  Shape shape;
  for (int i = 0; i < slice.shape.rank(); ++i) {
    if (i == axis) continue;
    slice.strides[static_cast<size_t>(shape.rank())] = slice.strides[static_cast<size_t>(i)];
    shape.push_back(slice.shape[i]);
  }
  slice.shape = shape;
}

Result<void> insert_axis(TensorSlice& slice, int axis) {
  const int rank = slice.shape.rank();
  if (axis > rank) {
    return raised("error.slice_dimension_range",
                  {std::to_string(-rank - 1), std::to_string(rank), std::to_string(axis)});
  }
  if (rank == Shape::kMaxRank) return raised("error.slice_rank", {std::to_string(Shape::kMaxRank)});
  slice.shape.push_back(1);
  for (int i = rank; i > axis; --i) {
    slice.shape[i] = slice.shape[i - 1];
    slice.strides[static_cast<size_t>(i)] = slice.strides[static_cast<size_t>(i - 1)];
  }
  slice.shape[axis] = 1;
  slice.strides[static_cast<size_t>(axis)] = 1;
  return {};
}

/// `position` is the index's place between the commas, which is what PyTorch's message calls the dimension.
Result<void> select(TensorSlice& slice, int axis, int position, const IndexNumber& number) {
  if (number.kind == IndexNumber::Kind::floating) return raised("error.slice_index_type", {number.text});
  if (number.overflows) return raised("error.slice_overflow", {number.text});
  const bool is_scalar = slice.shape.rank() == 0 && axis == 0;
  if (is_scalar && number.value == 0) return raised("error.slice_index_of_scalar");
  // Behind the last axis, where a second `...` leads, PyTorch finds a size of 0.
  const int64_t size = axis < slice.shape.rank() ? slice.shape[axis] : 0;
  if (number.value < -size || number.value >= size) {
    return raised("error.slice_index_range",
                  {std::to_string(number.value), std::to_string(position), std::to_string(size)});
  }
  const int64_t index = number.value < 0 ? number.value + size : number.value;
  slice.offset += index * slice.strides[static_cast<size_t>(axis)];
  remove_axis(slice, axis);
  return {};
}

/// Where a bound of a slice lies among 0 .. size: negative ones count from the end, those outside are clamped.
int64_t clamped(const std::optional<IndexNumber>& bound, int64_t size, int64_t otherwise) {
  if (!bound) return otherwise;
  const int64_t value = bound->value < 0 ? std::max(bound->value, -size) + size : bound->value;
  return std::min(value, size);
}

Result<void> narrow(TensorSlice& slice, int axis, const IndexItem& item) {
  // As CPython unpacks a slice: the step and its zero, then the bounds; PyTorch asks for its sign afterwards.
  const bool is_typed = !item.has_ellipsis_bound;
  const auto is_float = [](const std::optional<IndexNumber>& bound) {
    return bound && bound->kind == IndexNumber::Kind::floating;
  };
  if (is_float(item.step)) return raised("error.slice_bound_type");
  const int64_t step = item.step ? item.step->value : 1;
  if (step == 0) return raised("error.slice_step_zero");
  if (!is_typed || is_float(item.start) || is_float(item.stop)) return raised("error.slice_bound_type");
  if (step < 0) return raised("error.slice_step_negative", {item.step->text});
  const int rank = slice.shape.rank();
  if (rank == 0) return raised("error.slice_of_scalar");
  if (axis >= rank) {
    return raised("error.slice_dimension_range",
                  {std::to_string(-rank), std::to_string(rank - 1), std::to_string(axis)});
  }
  const int64_t size = slice.shape[axis];
  const int64_t start = clamped(item.start, size, 0);
  const int64_t stop = std::max(start, clamped(item.stop, size, size));
  const int64_t count = stop == start ? 0 : (stop - start - 1) / step + 1;
  int64_t& stride = slice.strides[static_cast<size_t>(axis)];
  slice.shape[axis] = count;
  if (count == 0) return {};
  slice.offset += start * stride;
  // A step beyond the axis may be too large to multiply, and nothing is multiplied by it.
  if (count > 1) stride *= step;
  return {};
}

/// The first name in a bracket: Python looks names up before it indexes.
const IndexNumber* first_name(const IndexBracket& bracket) {
  const auto named = [](const IndexNumber& number) { return number.kind == IndexNumber::Kind::name; };
  for (const IndexItem& item : bracket.items) {
    if (item.kind == IndexItem::Kind::number && named(item.number)) return &item.number;
    if (item.kind != IndexItem::Kind::slice) continue;
    for (const std::optional<IndexNumber>* bound : {&item.start, &item.stop, &item.step}) {
      if (*bound && named(**bound)) return &**bound;
    }
  }
  return nullptr;
}

Result<void> apply(TensorSlice& slice, const IndexBracket& bracket) {
  if (const IndexNumber* name = first_name(bracket)) return raised("error.slice_name", {name->text});
  const int rank = slice.shape.rank();
  int indexed = 0;  // axes that the items speak of
  bool any_float = false;
  for (const IndexItem& item : bracket.items) {
    indexed += item.kind == IndexItem::Kind::number || item.kind == IndexItem::Kind::slice ? 1 : 0;
    any_float = any_float || (item.kind == IndexItem::Kind::number && item.number.kind == IndexNumber::Kind::floating);
  }
  // A lone integer or slice takes a path of its own through PyTorch, with its own words for scalars.
  if (indexed > rank && (bracket.is_tuple || any_float)) {
    return raised("error.slice_too_many_indices", {std::to_string(rank), std::to_string(indexed)});
  }
  int axis = 0;
  for (size_t i = 0; i < bracket.items.size(); ++i) {
    const IndexItem& item = bracket.items[i];
    Result<void> done;
    switch (item.kind) {
      case IndexItem::Kind::number:
        done = select(slice, axis, static_cast<int>(i), item.number);
        break;
      case IndexItem::Kind::slice:
        done = narrow(slice, axis, item);
        ++axis;
        break;
      case IndexItem::Kind::ellipsis:
        axis += rank - indexed;
        break;
      case IndexItem::Kind::none:
        done = insert_axis(slice, axis);
        ++axis;
        break;
    }
    if (!done) return done;
  }
  return {};
}

template <class T>
void copy_numbers(const TensorSlice& slice, T* to) {
  const int rank = slice.shape.rank();
  const T* from = slice.tensor.data<T>();
  const int64_t count = slice.numel();
  std::array<int64_t, Shape::kMaxRank> index{};
  int64_t position = slice.offset;
  for (int64_t i = 0; i < count; ++i) {
    to[i] = from[position];
    for (int axis = rank - 1; axis >= 0; --axis) {
      const auto a = static_cast<size_t>(axis);
      position += slice.strides[a];
      if (++index[a] < slice.shape[axis]) break;
      position -= slice.strides[a] * slice.shape[axis];
      index[a] = 0;
    }
  }
}

}  // namespace

TensorSlice TensorSlice::whole(const Tensor& tensor) {
  TensorSlice slice;
  slice.tensor = tensor;
  slice.shape = tensor.shape();
  int64_t stride = 1;
  for (int axis = slice.shape.rank() - 1; axis >= 0; --axis) {
    slice.strides[static_cast<size_t>(axis)] = stride;
    // An empty tensor's other extents may be as large as they like; its strides are never walked.
    stride = tensor.numel() == 0 ? 0 : stride * slice.shape[axis];
  }
  return slice;
}

TensorSlice TensorSlice::selected(int64_t index) const {
  TensorSlice part = *this;
  part.offset += index * strides[0];
  remove_axis(part, 0);
  return part;
}

Result<Tensor> TensorSlice::to_tensor() const {
  Result<Tensor> copy = Tensor::uninitialized(shape, tensor.dtype());
  if (!copy) return copy;
  if (tensor.dtype() == DType::float32) {
    copy_numbers(*this, copy->mutable_data<float>());
  } else {
    copy_numbers(*this, copy->mutable_data<double>());
  }
  return copy;
}

Result<TensorSlice> slice_tensor(const Tensor& tensor, std::string_view expression) {
  const Result<IndexExpression> parsed = parse_index_expression(expression);
  if (!parsed) return parsed.error();
  if (parsed->attribute) return raised("error.slice_not_a_tensor", {"." + parsed->attribute->name});
  return slice_tensor(tensor, parsed->brackets);
}

Result<TensorSlice> slice_tensor(const Tensor& tensor, std::span<const IndexBracket> brackets) {
  TensorSlice slice = TensorSlice::whole(tensor);
  for (const IndexBracket& bracket : brackets) {
    if (Result<void> applied = apply(slice, bracket); !applied) return applied.error();
  }
  return slice;
}

}  // namespace convscope
