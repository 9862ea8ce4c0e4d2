#include "app/export/target_format.h"

#include <algorithm>
#include <array>
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

#ifdef CONVSCOPE_VIDEO
constexpr const char* kNoVideo = nullptr;
#else
constexpr const char* kNoVideo = "error.export_no_video";
#endif
#ifdef CONVSCOPE_WEBP
constexpr const char* kNoWebp = nullptr;
#else
constexpr const char* kNoWebp = "error.export_no_webp";
#endif
#ifdef CONVSCOPE_PDF
constexpr const char* kNoPdf = nullptr;
#else
constexpr const char* kNoPdf = "error.export_no_pdf";
#endif

/// Browsers play a frame of 10 ms or less for 100 ms, in APNG and WebP as in GIF, whose delays are hundredths besides.
constexpr int kBrowserFps = 90;
constexpr int64_t kMostFrames = 100'000;
/// An SVG, alone or in a page, keeps all its frames in one document, which a browser holds in memory.
constexpr int64_t kMostSvgFrames = 5'000;
constexpr int64_t kMostPages = 5'000;   // pictures of steps
constexpr int64_t kMostTexPages = 500;  // which TeX reads in a minute

using F = TargetFormat;
// In the order in which they are listed to users; of two rows with one ending the first speaks for it.
constexpr std::array<FormatTraits, 11> kTraits = {{
    //                ending   name    missing  clear  chroma scenes pages  fps          frames
    {F::gif, ".gif", "GIF", nullptr, true, false, false, false, kHighestGifFps, kMostFrames},
    {F::mp4, ".mp4", "MP4", kNoVideo, false, true, false, false, kHighestFps, kMostFrames},
    {F::webm, ".webm", "WebM", kNoVideo, true, true, false, false, kHighestFps, kMostFrames},
    {F::webp, ".webp", "WebP", kNoWebp, true, false, false, false, kBrowserFps, kMostFrames},
    {F::apng, ".apng", "APNG", nullptr, true, false, false, false, kBrowserFps, kMostFrames},
    {F::png_still, ".png", "PNG", nullptr, true, false, false, false, kHighestFps, kMostFrames},
    {F::png_sequence, ".png", "PNG", nullptr, true, false, false, false, kHighestFps, kMostFrames},
    {F::svg, ".svg", "SVG", nullptr, true, false, true, false, kHighestFps, kMostSvgFrames},
    {F::html, ".html", "HTML", nullptr, true, false, true, false, kHighestFps, kMostSvgFrames},
    {F::pdf, ".pdf", "PDF", kNoPdf, true, false, true, true, kHighestFps, kMostPages},
    {F::tex, ".tex", "TikZ", nullptr, true, false, true, true, kHighestFps, kMostTexPages},
}};

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

const FormatTraits& traits_of(TargetFormat format) {
  return *std::find_if(kTraits.begin(), kTraits.end(), [&](const FormatTraits& t) { return t.format == format; });
}

std::vector<std::string> export_endings() {
  std::vector<std::string> endings;
  for (const FormatTraits& traits : kTraits) {
    if (traits.missing_code == nullptr && traits.format != TargetFormat::png_sequence) endings.push_back(traits.ending);
  }
  return endings;
}

std::string endings_with(bool (*has)(const FormatTraits&)) {
  std::string text;
  for (const FormatTraits& traits : kTraits) {
    if (traits.missing_code != nullptr || traits.format == TargetFormat::png_sequence || !has(traits)) continue;
    if (!text.empty()) text += ' ';
    text += traits.ending;
  }
  return text;
}

std::string alt_text_target(const std::string& target) {
  auto [folder, file] = split(target);
  // the folder of a sequence stands for it
  if (file.find('%') != std::string::npos && !folder.empty()) return folder + ".alt.txt";
  file.resize(file.size() - lower_ending(file).size());
  if (!folder.empty() && folder != "/") folder += '/';
  return folder + file + ".alt.txt";
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
  const std::string endings = endings_with([](const FormatTraits&) { return true; });
  for (const FormatTraits& traits : kTraits) {
    if (!has_name || ending != traits.ending) continue;
    if (traits.missing_code != nullptr) return Error{traits.missing_code, "output", {target, endings}};
    if (traits.format != TargetFormat::png_still || file.find('%') == std::string::npos) return traits.format;
    auto pattern = parse_sequence_pattern(target);
    if (!pattern) return pattern.error();
    return TargetFormat::png_sequence;
  }
  return Error{"error.export_unknown_format", "output", {target, endings}};
}

}  // namespace convscope
