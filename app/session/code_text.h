// Pieces that scripts and programs are written with.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "app/session/computation.h"
#include "app/session/session.h"
#include "engine/result.h"
#include "engine/tensor.h"

namespace convscope::code_text {

/// Of a tensor that is written number by number.
inline constexpr int64_t kMostWritten = 1 << 14;
/// Of a result: more are sampled evenly.
inline constexpr int64_t kMostAsserted = 4096;

enum class Tongue : uint8_t { python, cpp };

/// As short as it can be read back exactly, with a point or an exponent.
std::string number(double value, DType dtype, Tongue tongue = Tongue::python);
/// Every `stride`-th number between `brackets`, in lines of bearable length: "[1.0, 2.0]".
std::string list(const Tensor& tensor, int64_t stride = 1, Tongue tongue = Tongue::python,
                 std::string_view brackets = "[]");
/// The stride that leaves at most kMostAsserted numbers.
int64_t sampling(const Tensor& tensor);

std::string tuple(const Shape& shape);  // "(1, 1, 5, 5)", "(3,)"
std::string pair(int64_t h, int64_t w);
inline std::string pair(Pair p) { return pair(p.h, p.w); }
std::string truth(bool value);  // "True", "False"
/// A string literal of Python and of C++, whatever is in the path.
/// What NumPy reads the numbers of an .npy, or of an array in an .npz, with.
std::string loaded(const std::string& path);
std::string quoted(const std::string& text);
/// The session's title as a comment, with its line break; empty where it has none.
std::string title_line(const Session& session, std::string_view comment = "# ");
/// What a relative deviation may come to: other orders of summation give other last digits.
std::string tolerance(DType dtype);

/// An error where a tensor's numbers would have to be written out and are too many: error.code_too_large.
Result<void> check_written(const char* name, const TensorSource& source, const Tensor& value, const char* field,
                           bool reads_npy);

/// `name = np....`: generated, read from its .npy file, or number by number. Of an unbatched input with the batch that
/// the libraries beside PyTorch want. Errors: error.code_too_large.
Result<std::string> numpy_tensor(const char* name, const TensorSource& source, const Tensor& value, const char* field,
                                 bool add_batch = false);
/// x, and where there are such tensors w and b.
Result<std::string> numpy_tensors(const Session& session, const Computation& computation);

/// `def close(...)` for arrays of NumPy.
std::string numpy_close();
/// `close(name, [...], "name")` for the computation's output.
std::string assert_output(const Computation& computation, const std::string& name);

}  // namespace convscope::code_text
