// Somebody's output against the engine's: whether they agree, and where not.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/cancel.h"
#include "engine/conv_plan.h"
#include "engine/result.h"
#include "engine/tensor.h"
#include "engine/trace.h"

namespace convscope {

/// How many digits of the numbers were written down.
struct PrintedDigits {
  int decimals = -1;        // behind the point; -1: all of them, as in a .npy
  bool scientific = false;  // as in 1.3073e-02: the decimals are those before the exponent

  /// Half a unit of the last digit that `value` was printed with; 0 where all are there.
  double half_unit(double value) const;
  bool operator==(const PrintedDigits&) const = default;
};

/// When two numbers count as one.
struct Closeness {
  double bound = 0;  // of the rounding errors
  PrintedDigits printed;

  double allowed(double yours) const { return bound + printed.half_unit(yours); }
  /// Also where both are NaN or the same infinity; `slack` comes on top of what is allowed.
  bool agree(double yours, double expected, double slack = 0) const;
};

/// How far apart two right summations of the plan's output may be: epsilon * max(4, 2.5 sqrt(K)) * the largest sum of
/// |products| and |bias| of an output cell, K products a cell, with the epsilon of the coarser of both types. Cells
/// whose sum is no finite number do not count.
/// Errors: those of conv2d().
Result<double> rounding_bound(const ConvPlan& plan, const ConvTensors& tensors, DType yours, Job* job = nullptr);

/// The magnitudes of all numbers, in the tensor's own type; of an undefined tensor another. Errors: those of
/// Tensor::uninitialized().
Result<Tensor> absolute(const Tensor& tensor);
/// The largest magnitude; numbers that are not finite do not count.
double largest_magnitude(const Tensor& tensor);

/// The same from what is known: the largest sum, how many numbers it has, and both types.
double rounding_bound(double largest_sum, int64_t numbers, DType engine, DType yours);

struct Comparison {
  int64_t cells = 0;
  int64_t wrong = 0;
  int64_t first_wrong = -1;       // position in row-major order
  int64_t worst = -1;             // of the largest difference, right or wrong; -1 without any cell
  double largest_difference = 0;  // infinite where one of the numbers is none
  double allowed = 0;             // at the worst cell
  double largest_expected = 0;    // of the finite magnitudes

  /// Whether everything is off by so little that numbers which were rounded on the way explain it: by less than half of
  /// the fourth digit of the largest.
  bool is_small() const { return wrong > 0 && largest_difference < 5e-4 * largest_expected; }
};

/// Compares cell by cell; both have the same number of cells. Errors: error.cancelled.
Result<Comparison> compare(const Tensor& yours, const Tensor& expected, const Closeness& closeness, Job* job = nullptr);

/// `yours` with the expected shape where the two differ only in leading axes of one cell, as a printed picture does
/// that lost its batch axis; nothing where they differ in more.
std::optional<Tensor> aligned(const Tensor& yours, const Shape& expected);

}  // namespace convscope
