#include "app/session/code.h"

#include <algorithm>
#include <array>

#include "app/session/torch_script.h"

namespace convscope {

namespace {

constexpr std::array kKinds = {CodeKind::pytorch, CodeKind::numpy, CodeKind::tensorflow,
                               CodeKind::jax,     CodeKind::onnx,  CodeKind::cpp};

}  // namespace

std::span<const CodeKind> code_kinds() { return kKinds; }

const char* name_of(CodeKind kind) {
  switch (kind) {
    case CodeKind::pytorch:
      return "pytorch";
    case CodeKind::numpy:
      return "numpy";
    case CodeKind::tensorflow:
      return "tensorflow";
    case CodeKind::jax:
      return "jax";
    case CodeKind::onnx:
      return "onnx";
    case CodeKind::cpp:
      return "cpp";
  }
  return "";
}

const char* title_of(CodeKind kind) {
  switch (kind) {
    case CodeKind::pytorch:
      return "PyTorch";
    case CodeKind::numpy:
      return "NumPy";
    case CodeKind::tensorflow:
      return "TensorFlow, Keras";
    case CodeKind::jax:
      return "JAX";
    case CodeKind::onnx:
      return "ONNX";
    case CodeKind::cpp:
      return "C++";
  }
  return "";
}

std::optional<CodeKind> code_kind_from_name(std::string_view name) {
  for (CodeKind kind : kKinds) {
    if (name == name_of(kind)) return kind;
  }
  return std::nullopt;
}

std::string names_of_code_kinds() {
  std::string names;
  for (CodeKind kind : kKinds) {
    if (!names.empty()) names += ", ";
    names += name_of(kind);
  }
  return names;
}

Result<std::string> code_of(CodeKind kind, const Session& session, const Computation& computation) {
  const bool no_volumes = kind == CodeKind::tensorflow || kind == CodeKind::cpp;
  if (no_volumes && computation.plan.volume() != nullptr) {
    return Error{"error.code_no_volume", "", {title_of(kind)}};
  }
  switch (kind) {
    case CodeKind::numpy:
      return numpy_script(session, computation);
    case CodeKind::tensorflow:
      return tensorflow_script(session, computation);
    case CodeKind::jax:
      return jax_script(session, computation);
    case CodeKind::onnx:
      return onnx_script(session, computation);
    case CodeKind::cpp:
      return cpp_program(session, computation);
    case CodeKind::pytorch:
      break;
  }
  return torch_script(session, computation);
}

Pair beyond_padding(const PoolPlan& plan) {
  const auto beyond = [](const WindowAxis& axis) {
    const int64_t reach = (axis.count - 1) * axis.stride + axis.effective_kernel();
    return std::max<int64_t>(0, reach - axis.pad_begin - axis.extent - axis.pad_end);
  };
  return {beyond(plan.windows.height()), beyond(plan.windows.width())};
}

}  // namespace convscope
