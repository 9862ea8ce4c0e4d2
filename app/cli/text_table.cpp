#include "app/cli/text_table.h"

#include <algorithm>
#include <cstdint>

namespace convscope {

namespace {

/// Columns of a terminal that a text takes: characters of three or four bytes are Chinese here, and as wide as two.
size_t width_of(const std::string& text) {
  size_t width = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xc0) != 0x80) width += byte >= 0xe3 ? 2 : 1;
  }
  return width;
}

}  // namespace

std::string TextTable::text() const {
  std::vector<size_t> widths;
  for (const Column& column : columns_) widths.push_back(width_of(column.heading));
  for (const std::vector<std::string>& row : rows_) {
    for (size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string all;
  const auto add_line = [&](const auto& cell_at) {
    std::string line;
    for (size_t i = 0; i < columns_.size(); ++i) {
      const std::string& cell = cell_at(i);
      const std::string blanks(widths[i] - width_of(cell), ' ');
      if (i > 0) line += "  ";
      line += columns_[i].align == Align::right ? blanks + cell : cell + blanks;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    all += line + '\n';
  };
  add_line([this](size_t i) -> const std::string& { return columns_[i].heading; });
  for (const std::vector<std::string>& row : rows_) {
    add_line([&row](size_t i) -> const std::string& { return row[i]; });
  }
  return all;
}

}  // namespace convscope
