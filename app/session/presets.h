// The built-in sessions, from assets/presets/*.json, embedded at build time.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/session/session.h"

namespace convscope {

struct Preset {
  std::string name;       // "padding_strides"
  std::string title_key;  // "preset.padding_strides"
  std::string group_key;  // heading in the menu, "preset_group.conv_arithmetic"
  std::vector<Lens> lenses;
  Session session;
};

/// In menu order. Parsed once.
const std::vector<Preset>& presets();
/// What opens at a first start: the tutorial's 5x5 example, whose numbers can be checked in the head.
const Preset& first_preset();
const Preset* find_preset(std::string_view name);

/// The preset whose name is most like the text.
std::string nearest_preset(std::string_view name);

/// What the commands take: the name of a preset or the path of a session file, image or .npy (the last two become
/// a session with that input). Errors: error.unknown_session (args: text, nearest preset), those of loading.
Result<Session> open_session(const std::string& preset_or_path);

/// A default session with that file as its input or weight: in_channels, groups and input_shape follow the file.
Result<Session> session_with_input_file(const Session& base, const std::string& path);

}  // namespace convscope
