// Tables on standard output: columns as wide as what is in them, numbers at the right.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace convscope {

class TextTable {
 public:
  enum class Align : uint8_t { left, right };
  struct Column {
    std::string heading;
    Align align = Align::right;
  };

  explicit TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}
  /// One text for each column.
  void add_row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  /// Headings and rows, two blanks between columns, none at a line's end. Chinese characters count two columns each, as
  /// terminals draw them.
  std::string text() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace convscope
