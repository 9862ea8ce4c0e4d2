#include "app/session/code_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "app/io/npz.h"

namespace convscope::code_text {

namespace {

constexpr size_t kLineLength = 100;

bool generates(SourceKind kind) {
  return kind == SourceKind::ones || kind == SourceKind::zeros || kind == SourceKind::arange;
}

std::string numpy_type(DType dtype) { return dtype == DType::float32 ? "np.float32" : "np.float64"; }

}  // namespace

std::string number(double value, DType dtype, Tongue tongue) {
  if (std::isnan(value)) return tongue == Tongue::cpp ? "NAN" : "float(\"nan\")";
  if (std::isinf(value)) {
    const std::string sign(value > 0 ? "" : "-");
    return tongue == Tongue::cpp ? sign + "INFINITY" : "float(\"" + sign + "inf\")";
  }
  char text[64];
  const auto end = dtype == DType::float32 ? std::to_chars(text, text + sizeof text, static_cast<float>(value))
                                           : std::to_chars(text, text + sizeof text, value);
  std::string written(text, end.ptr);
  if (written.find_first_of(".e") == std::string::npos) written += ".0";
  if (tongue == Tongue::cpp && dtype == DType::float32) written += 'f';
  return written;
}

std::string list(const Tensor& tensor, int64_t stride, Tongue tongue, std::string_view brackets) {
  std::string text(brackets.substr(0, 1));
  size_t line = 0;
  for (int64_t i = 0; i < tensor.numel(); i += stride) {
    std::string one = number(tensor.at(i), tensor.dtype(), tongue);
    if (i + stride < tensor.numel()) one += ',';
    if (line + one.size() > kLineLength) {
      text += "\n    ";
      line = 0;
    } else if (i > 0) {
      text += " ";
    }
    text += one;
    line += one.size() + 1;
  }
  text += brackets.substr(1, 1);
  return text;
}

int64_t sampling(const Tensor& tensor) {
  return std::max<int64_t>(1, (tensor.numel() + kMostAsserted - 1) / kMostAsserted);
}

std::string tuple(const Shape& shape) {
  std::string text("(");
  text += shape.to_string();
  text += shape.rank() == 1 ? ",)" : ")";
  return text;
}

std::string pair(int64_t h, int64_t w) {
  std::string text("(");
  text += std::to_string(h);
  text += ", ";
  text += std::to_string(w);
  text += ")";
  return text;
}

std::string truth(bool value) { return value ? "True" : "False"; }

std::string loaded(const std::string& path) {
  const ArrayPath parts = array_path(path);
  const std::string file = "np.load(" + quoted(parts.file) + ")";
  return parts.array.empty() ? file : file + "[" + quoted(parts.array) + "]";
}

std::string quoted(const std::string& text) {
  std::string out("\"");
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string title_line(const Session& session, std::string_view comment) {
  if (session.title.empty()) return {};
  std::string title = session.title;
  std::replace_if(
      title.begin(), title.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  // A backslash at the end would continue the comment.
  while (!title.empty() && title.back() == '\\') title.pop_back();
  return std::string(comment) + title + "\n";
}

std::string tolerance(DType dtype) { return dtype == DType::float32 ? "1e-4" : "1e-9"; }

Result<void> check_written(const char* name, const TensorSource& source, const Tensor& value, const char* field,
                           bool reads_npy) {
  if (generates(source.kind) || (reads_npy && source.kind == SourceKind::npy)) return {};
  if (value.numel() <= kMostWritten) return {};
  return Error{"error.code_too_large", field, {name, std::to_string(value.numel()), std::to_string(kMostWritten)}};
}

Result<std::string> numpy_tensor(const char* name, const TensorSource& source, const Tensor& value, const char* field,
                                 bool add_batch) {
  if (Result<void> fits = check_written(name, source, value, field, true); !fits) return fits.error();
  Shape shape;
  if (add_batch) shape.push_back(1);
  for (int64_t extent : value.shape()) shape.push_back(extent);
  const std::string type = numpy_type(value.dtype());
  std::string text(name);
  text += " = ";
  switch (source.kind) {
    case SourceKind::ones:
      text += "np.ones(" + tuple(shape) + ", " + type + ")";
      break;
    case SourceKind::zeros:
      text += "np.zeros(" + tuple(shape) + ", " + type + ")";
      break;
    case SourceKind::arange:
      text += "np.arange(" + std::to_string(value.numel()) + ", dtype=" + type + ").reshape(" + tuple(shape) + ")";
      break;
    case SourceKind::npy:
      text += loaded(source.path) + ".astype(" + type + ").reshape(" + tuple(shape) + ")";
      break;
    default:
      text += "np.array(" + list(value) + ", " + type + ").reshape(" + tuple(shape) + ")";
      break;
  }
  return text + "\n";
}

Result<std::string> numpy_tensors(const Session& session, const Computation& c) {
  Result<std::string> text = numpy_tensor("x", session.input, c.tensors.input, "input", c.plan.unbatched());
  if (!text || !c.plan.has_weight()) return text;
  const Result<std::string> weight = numpy_tensor("w", session.weight, c.tensors.weight, "weight");
  if (!weight) return weight;
  *text += *weight;
  if (!c.plan.has_bias()) return text;
  const Result<std::string> bias = numpy_tensor("b", session.bias, c.tensors.bias, "bias");
  if (!bias) return bias;
  *text += *bias;
  return text;
}

std::string numpy_close() {
  return R"(
def close(found, expected, name, within=TOLERANCE):
    found, expected = np.asarray(found).ravel(), np.asarray(expected)
    # of more numbers than are written out, every so many
    found = found[:: -(-len(found) // len(expected))]
    scale = max(1.0, np.abs(expected).max())
    error = np.abs(found - expected).max()
    assert error <= within * scale, f"{name}: off by {error}"

)";
}

std::string assert_output(const Computation& c, const std::string& name) {
  return "close(" + name + ", " + list(c.tensors.output, sampling(c.tensors.output)) + ", " + quoted(name) + ")\n";
}

}  // namespace convscope::code_text
