// The operation as a C++17 program of its own.
#include "app/session/code.h"
#include "app/session/code_text.h"

namespace convscope {

using namespace code_text;

namespace {

class Program {
 public:
  Program(const Session& session, const Computation& computation) : session_(session), c_(computation) {}

  Result<std::string> write() {
    text_ = title_line(session_, "// ");
    text_ += "// g++ -std=c++17 -O2 FILE.cpp && ./a.out\n";
    text_ += "#include <algorithm>\n#include <cmath>\n#include <cstdio>\n#include <numeric>\n#include <vector>\n\n";
    text_ += std::string("using Number = ") + (is_float() ? "float" : "double") + ";\n";
    text_ += "constexpr double kTolerance = " + tolerance(c_.plan.dtype()) +
             ";  // of other orders of summation, in parts of the largest number\n\n";
    for (const auto& [name, source, value, field] : tensors()) {
      if (Result<void> done = tensor(name, *source, *value, field); !done) return done.error();
    }
    sizes();
    if (const ConvPlan* plan = c_.plan.conv2d()) {
      conv(*plan);
    } else if (c_.plan.transposed() != nullptr) {
      transposed();
    } else {
      pool(*c_.plan.pool());
    }
    check();
    return std::move(text_);
  }

 private:
  struct Named {
    const char* name;
    const TensorSource* source;
    const Tensor* value;
    const char* field;
  };
  std::vector<Named> tensors() const {
    std::vector<Named> all = {{"x", &session_.input, &c_.tensors.input, "input"}};
    if (c_.plan.has_weight()) all.push_back({"w", &session_.weight, &c_.tensors.weight, "weight"});
    if (c_.plan.has_bias()) all.push_back({"b", &session_.bias, &c_.tensors.bias, "bias"});
    return all;
  }
  bool is_float() const { return c_.plan.dtype() == DType::float32; }

  Result<void> tensor(const char* name, const TensorSource& source, const Tensor& value, const char* field) {
    if (Result<void> fits = check_written(name, source, value, field, false); !fits) return fits;
    const std::string count = std::to_string(value.numel());
    text_ += "// (" + value.shape().to_string() + ")\n";
    if (source.kind == SourceKind::arange) {
      text_ += std::string("const std::vector<Number> ") + name + " = [] {\n  std::vector<Number> numbers(" + count +
               ");\n  std::iota(numbers.begin(), numbers.end(), Number(0));\n  return numbers;\n}();\n";
    } else if (source.kind == SourceKind::ones || source.kind == SourceKind::zeros) {
      text_ += std::string("const std::vector<Number> ") + name + "(" + count + ", " +
               (source.kind == SourceKind::ones ? "1" : "0") + ");\n";
    } else {
      text_ += std::string("const std::vector<Number> ") + name + " = " + list(value, 1, Tongue::cpp, "{}") + ";\n";
    }
    return {};
  }

  void constant(const char* name, int64_t value) {
    text_ += std::string("constexpr long ") + name + " = " + std::to_string(value) + ";\n";
  }

  void sizes() {
    const OperationPlan& plan = c_.plan;
    const Shape in = plan.input_shape(), out = plan.output_shape();
    const int rank = in.rank();
    text_ += "\n";
    constant("kImages", rank == 4 ? in[0] : 1);
    constant("kChannels", in[rank - 3]);
    constant("kHeight", in[rank - 2]);
    constant("kWidth", in[rank - 1]);
    constant("kOutputs", out[rank - 3]);
    constant("kOutHeight", out[rank - 2]);
    constant("kOutWidth", out[rank - 1]);
    constant("kGroups", plan.groups());
    const ConvPlan* conv = plan.conv2d();
    WindowAxis h, w;
    if (conv != nullptr) {
      h.kernel = conv->kernel.h;
      w.kernel = conv->kernel.w;
      h.stride = conv->stride.h;
      w.stride = conv->stride.w;
      h.dilation = conv->dilation.h;
      w.dilation = conv->dilation.w;
      h.pad_begin = conv->pads.top;
      w.pad_begin = conv->pads.left;
      h.pad_end = conv->pads.bottom;
      w.pad_end = conv->pads.right;
    } else {
      const Windows& windows = plan.transposed() != nullptr ? plan.transposed()->windows : plan.pool()->windows;
      h = windows.height();
      w = windows.width();
    }
    constant("kKernelHeight", h.kernel);
    constant("kKernelWidth", w.kernel);
    constant("kStrideDown", h.stride);
    constant("kStrideRight", w.stride);
    constant("kDilationDown", h.dilation);
    constant("kDilationRight", w.dilation);
    constant("kTop", h.pad_begin);
    constant("kLeft", w.pad_begin);
    if (plan.pool() != nullptr && plan.pool()->kind == PoolKind::average) {
      constant("kBottom", h.pad_end);
      constant("kRight", w.pad_end);
    }
  }

  void conv(const ConvPlan& plan) {
    text_ +=
        "\n// Where a row or column of the padded input reads from; -1 for a zero.\nlong source(long i, long n) {\n";
    switch (plan.padding_mode) {
      case PaddingMode::zeros:
        text_ += "  return i < 0 || i >= n ? -1 : i;\n";
        break;
      case PaddingMode::reflect:
        text_ += "  return i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i;\n";
        break;
      case PaddingMode::replicate:
        text_ += "  return std::min(std::max(i, 0L), n - 1);\n";
        break;
      case PaddingMode::circular:
        text_ += "  return (i + n) % n;\n";
        break;
    }
    const std::string bias(plan.bias ? "b[o]" : "0");
    text_ += R"(}

std::vector<Number> compute() {
  constexpr long kOfGroup = kChannels / kGroups;
  std::vector<Number> y;
  for (long n = 0; n < kImages; ++n) {
    for (long o = 0; o < kOutputs; ++o) {
      const long first = o / (kOutputs / kGroups) * kOfGroup;  // channel of its group
      for (long p = 0; p < kOutHeight; ++p) {
        for (long q = 0; q < kOutWidth; ++q) {
          Number sum = )" +
             bias +
             R"(;
          for (long c = 0; c < kOfGroup; ++c) {
            for (long r = 0; r < kKernelHeight; ++r) {
              for (long s = 0; s < kKernelWidth; ++s) {
                const long i = source(p * kStrideDown - kTop + r * kDilationDown, kHeight);
                const long j = source(q * kStrideRight - kLeft + s * kDilationRight, kWidth);
                if (i < 0 || j < 0) continue;
                sum += x[((n * kChannels + first + c) * kHeight + i) * kWidth + j] *
                       w[((o * kOfGroup + c) * kKernelHeight + r) * kKernelWidth + s];
              }
            }
          }
          y.push_back(sum);
        }
      }
    }
  }
  return y;
}
)";
  }

  void transposed() {
    const std::string bias =
        c_.plan.has_bias() ? "  for (size_t i = 0; i < y.size(); ++i) {\n    y[i] = b[i / (kOutHeight * kOutWidth) % "
                             "kOutputs];\n  }\n"
                           : "";
    text_ += R"(
std::vector<Number> compute() {
  constexpr long kOfGroup = kOutputs / kGroups;
  std::vector<Number> y(kImages * kOutputs * kOutHeight * kOutWidth);
)" + bias +
             R"(  for (long n = 0; n < kImages; ++n) {
    for (long c = 0; c < kChannels; ++c) {
      const long first = c / (kChannels / kGroups) * kOfGroup;
      for (long p = 0; p < kHeight; ++p) {
        for (long q = 0; q < kWidth; ++q) {
          // every input cell stamps the kernel, weighted by itself; padding cuts it off
          const Number cell = x[((n * kChannels + c) * kHeight + p) * kWidth + q];
          for (long o = 0; o < kOfGroup; ++o) {
            for (long r = 0; r < kKernelHeight; ++r) {
              for (long s = 0; s < kKernelWidth; ++s) {
                const long i = p * kStrideDown - kTop + r * kDilationDown;
                const long j = q * kStrideRight - kLeft + s * kDilationRight;
                if (i < 0 || i >= kOutHeight || j < 0 || j >= kOutWidth) continue;
                y[((n * kOutputs + first + o) * kOutHeight + i) * kOutWidth + j] +=
                    cell * w[((c * kOfGroup + o) * kKernelHeight + r) * kKernelWidth + s];
              }
            }
          }
        }
      }
    }
  }
  return y;
}
)";
  }

  void pool(const PoolPlan& plan) {
    const bool max = plan.kind == PoolKind::max;
    text_ += std::string(R"(
std::vector<Number> compute() {
  std::vector<Number> y;
  for (long plane = 0; plane < kImages * kChannels; ++plane) {
    for (long p = 0; p < kOutHeight; ++p) {
      for (long q = 0; q < kOutWidth; ++q) {
        const long top = p * kStrideDown - kTop, left = q * kStrideRight - kLeft;
        Number )") +
             (max ? "most = -INFINITY;  // padding never wins\n" : "sum = 0;\n        long cells = 0;\n") +
             R"(        for (long r = 0; r < kKernelHeight; ++r) {
          for (long s = 0; s < kKernelWidth; ++s) {
            const long i = top + r * kDilationDown, j = left + s * kDilationRight;
            if (i < 0 || i >= kHeight || j < 0 || j >= kWidth) continue;
            const Number cell = x[(plane * kHeight + i) * kWidth + j];
)";
    if (max) {
      text_ += "            if (cell > most || std::isnan(cell)) most = cell;\n          }\n        }\n";
      text_ += "        y.push_back(most);\n";
    } else {
      text_ += "            sum += cell;\n            ++cells;\n          }\n        }\n";
      if (plan.divisor_override) {
        text_ += "        const long divisor = " + std::to_string(*plan.divisor_override) + ";\n";
      } else if (plan.count_include_pad) {
        text_ +=
            "        // what ceil_mode lets a window reach beyond the padding counts for nothing\n"
            "        const long divisor = (std::min(top + kKernelHeight, kHeight + kBottom) - top) *\n"
            "                             (std::min(left + kKernelWidth, kWidth + kRight) - left);\n";
      } else {
        text_ += "        const long divisor = cells;\n";
      }
      text_ += "        y.push_back(cells == 0 ? 0 : sum / static_cast<Number>(divisor));\n";
    }
    text_ += "      }\n    }\n  }\n  return y;\n}\n";
  }

  void check() {
    const Tensor& output = c_.tensors.output;
    const int64_t stride = sampling(output);
    text_ += "\nint main() {\n  const std::vector<Number> y = compute();\n";
    if (stride > 1) text_ += "  // of more numbers than are written out, every so many\n";
    text_ += "  const std::vector<Number> expected = " + list(output, stride, Tongue::cpp, "{}") + ";\n";
    text_ += R"(  double scale = 1;
  for (const Number number : expected) scale = std::max(scale, std::abs(static_cast<double>(number)));
  for (size_t i = 0; i < expected.size(); ++i) {
    const double error = std::abs(static_cast<double>(y[i * )" +
             std::to_string(stride) + R"(]) - static_cast<double>(expected[i]));
    if (error > kTolerance * scale) {
      std::printf("y[%zu] is off by %g\n", i * )" +
             std::to_string(stride) + R"(, error);
      return 1;
    }
  }
  std::puts("ok");
}
)";
  }

  const Session& session_;
  const Computation& c_;
  std::string text_;
};

}  // namespace

Result<std::string> cpp_program(const Session& session, const Computation& computation) {
  return Program(session, computation).write();
}

}  // namespace convscope
