// What is remembered between starts: $XDG_CONFIG_HOME/convscope/settings.json and, beside it, the last session.
#pragma once

#include <optional>
#include <string>

#include "app/gui/ui_context.h"
#include "app/session/session.h"
#include "engine/result.h"

namespace convscope {

/// $XDG_CONFIG_HOME/convscope or ~/.config/convscope; empty when neither variable is set.
std::string settings_folder();

struct Remembered {
  Settings settings;
  std::optional<Session> session;      // the last one, when there is one that can be read
  std::vector<std::string> set_aside;  // files that could not be read, under their new names
};

/// Reads both files. A broken one is renamed to NAME.broken and replaced by defaults, so that a start never fails.
Remembered load_remembered(const std::string& folder);
/// Whole or not at all; makes the folder. Errors: those of writing.
Result<void> save_settings(const std::string& folder, const Settings& settings);
Result<void> save_last_session(const std::string& folder, const Session& session);

/// The settings' JSON, for tests. Errors: error.settings_broken.
std::string settings_to_json(const Settings& settings);
Result<Settings> settings_from_json(std::string_view text);

}  // namespace convscope
