// The words of lessons: what stands in braces in them is taken from the engine, so that no caption can be wrong.
//
//   sizes       {in} {out} {kernel} {window}              "5×5"; the window is the kernel with its dilation
//   shapes      {x.shape} {w.shape} {b.shape} {y.shape} {im2col.shape} {toeplitz.shape}
//   quantities  {n} {k} {s} {p} {d} {o} {span} {left_over} of the rows; {n_w} {k_w} {s_w} {p_w} {d_w} {o_w} of the
//   columns
//               {batch} {in_channels} {out_channels} {groups} {weights} {biases} {parameters} {slices} {taps}
//               {positions} {cells} {steps} {macs}
//   arithmetic  {=n*n} {=(n+2*p-span)/s+1}: whole numbers and quantities with + - * / ( ); / rounds down
//   cells       {x[0,0,1,2]} {w[0,0,1,2]} {y[0,0,1,2]} {b[0]}, of gradients {dx[...]} {dw[...]} {db[0]} {dy[...]}
//   sums        {terms[0,0,1,2]}: the products of an output cell, "1·2 + 0·3 = 2"; {nonzero_terms[...]}: without those
//               whose weight is zero
//   {formula}   the output size with its numbers
//   {padded_row[0,0]}: row 0 of channel 0 as the padding mode continues it, "3 2 | 1 2 3 4 | 3 2"
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/session/lesson.h"

namespace convscope {

/// The text with its braces filled in; what is not known or has no value here stays as it is.
std::string lesson_text(std::string_view text, const Computation& computation, Lens lens);

/// The first thing in braces that has no value for this computation.
std::optional<std::string> unfilled(std::string_view text, const Computation& computation, Lens lens);

/// "6", "-0.6933": at most four decimals, none where they would be zeros.
std::string short_number(double value);

/// "0·1 + 1·2 = 2" or, with a bias, "0·1 + 1·2 + 3 = 5"; "..." stands for all but the first and last of many.
std::string spelled_terms(const ConvPlan& plan, const ConvTensors& tensors, const OutputCell& cell, bool skip_zeros);

/// What is wrong with a lesson beyond its form: pages that cannot be computed or whose lens or steps do not exist,
/// words in braces that have no value, goals that hold from the beginning or that the solution does not reach. Computes
/// every page. `path` in the problem is the page's; its line is 0.
std::optional<LessonProblem> check_lesson(const Lesson& lesson);

}  // namespace convscope
