#include "app/cli/shape_table.h"

#include <array>

#include "app/cli/arguments.h"
#include "app/io/atomic_file.h"

namespace convscope {

namespace {

/// Sets in_channels and the kernel the way a table counts them: C is the input's channels in all.
BenchShape shape_of(const std::string& name, int64_t n, int64_t c, int64_t h, int64_t w, int64_t k, int64_t r,
                    int64_t s) {
  BenchShape shape;
  shape.name = name;
  shape.input = Shape{n, c, h, w};
  shape.params.in_channels = c;
  shape.params.out_channels = k;
  shape.params.kernel_size = {r, s};
  shape.params.bias = false;
  return shape;
}

}  // namespace

Result<BenchShape> bench_shape_from(const std::string& text) {
  Result<std::vector<int64_t>> numbers = parse_integers(text, "--shape", 7, 7);
  if (!numbers) return numbers.error();
  const std::vector<int64_t>& v = *numbers;
  std::string name = text;
  for (char& c : name) c = c == ',' ? 'x' : c;
  return shape_of(name, v[0], v[1], v[2], v[3], v[4], v[5], v[6]);
}

Result<std::vector<BenchShape>> read_shape_table(const std::string& path) {
  constexpr std::array<std::string_view, 14> kColumns = {
      "N", "C", "H", "W", "K", "R", "S", "stride_h", "stride_w", "pad_h", "pad_w", "dil_h", "dil_w", "groups"};
  const Result<std::string> text = read_file(path, int64_t{16} << 20);
  if (!text) return text.error();
  const std::vector<std::string_view> lines = split(*text, '\n');
  const auto cells_of = [](std::string_view line) {
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    return split(line, ',');
  };
  const std::vector<std::string_view> head = cells_of(lines[0]);
  const auto column_of = [&](std::string_view name) -> Result<size_t> {
    for (size_t i = 0; i < head.size(); ++i) {
      if (head[i] == name) return i;
    }
    return Error{"error.csv_column", "--shapes", {path, std::string(name)}};
  };
  Result<size_t> name_column = column_of("name");
  if (!name_column) return name_column.error();
  std::array<size_t, kColumns.size()> columns{};
  for (size_t i = 0; i < kColumns.size(); ++i) {
    Result<size_t> column = column_of(kColumns[i]);
    if (!column) return column.error();
    columns[i] = *column;
  }

  std::vector<BenchShape> shapes;
  for (size_t line = 1; line < lines.size(); ++line) {
    if (lines[line].empty() || lines[line] == "\r") continue;
    const std::vector<std::string_view> cells = cells_of(lines[line]);
    std::array<int64_t, kColumns.size()> v{};
    for (size_t i = 0; i < kColumns.size(); ++i) {
      const std::string_view cell = columns[i] < cells.size() ? cells[columns[i]] : std::string_view();
      Result<int64_t> number = parse_integer(cell, std::string(kColumns[i]));
      if (!number) {
        return Error{"error.csv_cell",
                     "--shapes",
                     {path, std::to_string(line + 1), std::string(cell), std::string(kColumns[i])}};
      }
      v[i] = *number;
    }
    const std::string name(*name_column < cells.size() ? cells[*name_column] : std::string_view());
    BenchShape shape = shape_of(name, v[0], v[1], v[2], v[3], v[4], v[5], v[6]);
    shape.params.stride = {v[7], v[8]};
    shape.params.padding = {v[9], v[10]};
    shape.params.dilation = {v[11], v[12]};
    shape.params.groups = v[13];
    shapes.push_back(shape);
  }
  return shapes;
}

}  // namespace convscope
