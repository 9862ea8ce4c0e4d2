#include "app/export/target_format.h"

#include <algorithm>
#include <optional>

#include "app/export/export_job.h"

namespace convscope {
namespace {

struct PathParts {
  std::string folder, file;
};

PathParts split(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {"", path};
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

std::string lower_ending(const std::string& file) {
  const size_t dot = file.rfind('.');
  if (dot == std::string::npos) return {};
  std::string ending = file.substr(dot);
  for (char& c : ending) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return ending;
}

std::string joined_endings() {
  std::string text;
  for (const std::string& ending : export_endings()) text += (text.empty() ? "" : " ") + ending;
  return text;
}

struct Item {
  size_t begin = 0, end = 0;
  int digits = 0;
};

/// %d, %4d or %04d at `at`; widths above 9 are refused, they are no file names anybody wants.
std::optional<Item> number_item(const std::string& file, size_t at) {
  size_t p = at + 1;
  Item item{at, 0, 0};
  bool zero_padded = false;
  if (p < file.size() && file[p] == '0') zero_padded = true, ++p;
  if (p < file.size() && file[p] >= '1' && file[p] <= '9') item.digits = file[p++] - '0';
  if (item.digits > 0 && !zero_padded) return std::nullopt;  // %4d would pad with spaces
  if (p >= file.size() || file[p] != 'd') return std::nullopt;
  item.end = p + 1;
  return item;
}

}  // namespace

std::vector<std::string> export_endings() {
#ifdef CONVSCOPE_VIDEO
  return {".gif", ".mp4", ".png", ".svg"};
#else
  return {".gif", ".png", ".svg"};
#endif
}

std::string SequencePattern::name(int64_t number) const {
  std::string text = std::to_string(number);
  if (static_cast<int>(text.size()) < digits) text.insert(0, static_cast<size_t>(digits) - text.size(), '0');
  return before + text + after;
}

Result<SequencePattern> parse_sequence_pattern(const std::string& target) {
  const auto [folder, file] = split(target);
  const auto refusal = Error{"error.export_sequence_pattern", "output", {file}};
  if (std::count(file.begin(), file.end(), '%') != 1) return refusal;
  const auto item = number_item(file, file.find('%'));
  if (!item) return refusal;
  return SequencePattern{folder, file.substr(0, item->begin), file.substr(item->end), item->digits};
}

Result<TargetFormat> target_format(const std::string& target) {
  const std::string file = split(target).file;
  const std::string ending = lower_ending(file);
  const bool has_name = file.size() > ending.size();
  if (has_name && ending == ".gif") return TargetFormat::gif;
  if (has_name && ending == ".svg") return TargetFormat::svg;
  if (has_name && ending == ".mp4") {
#ifdef CONVSCOPE_VIDEO
    return TargetFormat::mp4;
#else
    return Error{"error.export_no_video", "output", {target, joined_endings()}};
#endif
  }
  if (has_name && ending == ".png") {
    if (file.find('%') == std::string::npos) return TargetFormat::png_still;
    auto pattern = parse_sequence_pattern(target);
    if (!pattern) return pattern.error();
    return TargetFormat::png_sequence;
  }
  return Error{"error.export_unknown_format", "output", {target, joined_endings()}};
}

}  // namespace convscope
