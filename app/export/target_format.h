// What a target's name asks for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/result.h"

namespace convscope {

enum class TargetFormat : uint8_t { gif, mp4, webm, webp, apng, png_still, png_sequence, svg, html, pdf, tex };

/// What a format can do, and whether this build can write it: the one table that the checks, the dialog and the
/// command line ask.
struct FormatTraits {
  TargetFormat format;
  const char* ending;  // ".gif"
  const char* name;    // "GIF", for messages
  /// Why a build cannot write it (args: target, endings); null where it can.
  const char* missing_code;
  bool transparent;  // keeps a clear background
  bool chroma;       // has colours at half resolution or at full
  bool scenes;       // is drawn from scenes; else from pixels
  bool pages;        // a picture of each step, done, and no time
  int highest_fps;
  int64_t most_frames;
};
const FormatTraits& traits_of(TargetFormat format);
/// The endings of those built that `has` holds of, as a sentence lists them: ".gif .png".
std::string endings_with(bool (*has)(const FormatTraits&));

/// The format by the name's ending (upper or lower case); a name with a % before .png is a sequence.
/// Errors: error.export_unknown_format (args: target, endings of this build), the format's missing_code (args: target,
/// endings), error.export_sequence_pattern (args: file name).
Result<TargetFormat> target_format(const std::string& target);

/// "out/%04d.png" taken apart: folder "out" (empty for the present one), file names "0001.png", "0002.png", ...
struct SequencePattern {
  std::string folder;
  std::string before, after;
  int digits = 0;  // padded with zeros up to this width
  /// The file name of one picture; users count from 1.
  std::string name(int64_t number) const;
};
/// Errors: error.export_sequence_pattern: not exactly one item like %d or %04d, or another % in the file name.
Result<SequencePattern> parse_sequence_pattern(const std::string& target);

}  // namespace convscope
