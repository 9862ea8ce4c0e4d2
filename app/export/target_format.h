// What a target's name asks for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/result.h"

namespace convscope {

enum class TargetFormat : uint8_t { gif, mp4, png_still, png_sequence, svg };

/// The format by the name's ending (upper or lower case); a name with a % before .png is a sequence.
/// Errors: error.export_unknown_format (args: target, endings of this build), error.export_no_video (args: target,
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
