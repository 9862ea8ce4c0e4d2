// Shapes to be timed: one as typed, or many from a table.
#pragma once

#include <string>
#include <vector>

#include "engine/conv_params.h"
#include "engine/result.h"
#include "engine/shape.h"

namespace convscope {

struct BenchShape {
  std::string name;
  Shape input;  // (N, C, H, W)
  ConvParams params;
};

/// "N,C,H,W,K,R,S"; the text is the name. Errors: those of parse_integers.
Result<BenchShape> bench_shape_from(const std::string& text);

/// A CSV file whose first line names the columns name,N,C,H,W,K,R,S,stride_h,stride_w,pad_h,pad_w,dil_h,dil_w,groups in
/// any order. Errors: those of reading, error.csv_column (args: path, column), error.csv_cell (args: path, line, text).
Result<std::vector<BenchShape>> read_shape_table(const std::string& path);

}  // namespace convscope
