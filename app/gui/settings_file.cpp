#include "app/gui/settings_file.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "app/io/atomic_file.h"
#include "app/session/session_json.h"

namespace convscope {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr const char* kFormat = "convscope-settings";
constexpr int64_t kLimit = 1 << 20;
constexpr size_t kRecentFiles = 12;

void take(const json& object, const char* key, bool& value) {
  if (const auto it = object.find(key); it != object.end() && it->is_boolean()) value = it->get<bool>();
}
void take(const json& object, const char* key, std::string& value) {
  if (const auto it = object.find(key); it != object.end() && it->is_string()) value = it->get<std::string>();
}
template <class T>
void take(const json& object, const char* key, T& value, T low, T high) {
  const auto it = object.find(key);
  if (it == object.end() || !it->is_number()) return;
  const double number = it->get<double>();
  if (std::isfinite(number)) {
    value = static_cast<T>(std::clamp(number, static_cast<double>(low), static_cast<double>(high)));
  }
}

/// Keeps a file that cannot be read out of the way, for whoever wants to look at it.
void set_aside(const std::string& path, std::vector<std::string>& names) {
  std::error_code error;
  fs::rename(path, path + ".broken", error);
  if (!error) names.push_back(path + ".broken");
}

bool is_missing(const Error& error) { return error.code == "error.file_not_found"; }

Result<void> write_into(const std::string& folder, const std::string& name, std::string_view text) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return Error{"error.settings_folder", {}, {folder, error.message()}};
  return write_file(folder + "/" + name, text);
}

}  // namespace

std::string settings_folder() {
  if (const char* config = std::getenv("XDG_CONFIG_HOME"); config && config[0] == '/') {
    return std::string(config) + "/convscope";
  }
  if (const char* home = std::getenv("HOME"); home && home[0] == '/') return std::string(home) + "/.config/convscope";
  return {};
}

std::string settings_to_json(const Settings& s) {
  const json object = {{"format", kFormat},
                       {"version", 1},
                       {"ui_scale", s.ui_scale},
                       {"left_open", s.left_open},
                       {"right_open", s.right_open},
                       {"left_width", s.left_width},
                       {"right_width", s.right_width},
                       {"output_size_height", s.output_size_height},
                       {"parameters_share", s.parameters_share},
                       {"picture_share", s.picture_share},
                       {"side_panel", s.side_panel},
                       {"reduced_motion", s.reduced_motion},
                       {"window_width", s.window_width},
                       {"window_height", s.window_height},
                       {"recent_files", s.recent_files},
                       {"last_folder", s.last_folder},
                       {"export_folder", s.export_folder},
                       {"project_path", s.project_path}};
  // Names of files may hold bytes that are no UTF-8.
  return object.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

Result<Settings> settings_from_json(std::string_view text) {
  const json object = json::parse(text, nullptr, false);
  if (!object.is_object() || object.value("format", json()) != kFormat) return Error{"error.settings_broken", {}, {}};
  Settings s;
  take(object, "ui_scale", s.ui_scale, 0.5f, 4.0f);
  take(object, "left_open", s.left_open);
  take(object, "right_open", s.right_open);
  take(object, "left_width", s.left_width, 200.0f, 800.0f);
  take(object, "right_width", s.right_width, 200.0f, 800.0f);
  take(object, "output_size_height", s.output_size_height, 0.0f, 4000.0f);
  take(object, "parameters_share", s.parameters_share, 0.1f, 0.9f);
  take(object, "picture_share", s.picture_share, 0.1f, 0.9f);
  take(object, "side_panel", s.side_panel);
  take(object, "reduced_motion", s.reduced_motion);
  take(object, "window_width", s.window_width, 320, 16384);
  take(object, "window_height", s.window_height, 400, 16384);
  take(object, "last_folder", s.last_folder);
  take(object, "export_folder", s.export_folder);
  take(object, "project_path", s.project_path);
  if (const auto it = object.find("recent_files"); it != object.end() && it->is_array()) {
    for (const json& file : *it) {
      if (file.is_string() && s.recent_files.size() < kRecentFiles) s.recent_files.push_back(file.get<std::string>());
    }
  }
  return s;
}

Remembered load_remembered(const std::string& folder) {
  Remembered remembered;
  if (folder.empty()) return remembered;
  const std::string settings_path = folder + "/settings.json";
  const Result<std::string> text = read_file(settings_path, kLimit);
  if (text) {
    Result<Settings> settings = settings_from_json(*text);
    if (settings) {
      remembered.settings = std::move(*settings);
    } else {
      set_aside(settings_path, remembered.set_aside);
    }
  } else if (!is_missing(text.error())) {
    set_aside(settings_path, remembered.set_aside);
  }
  const std::string session_path = folder + "/session.json";
  Result<Session> session = load_session(session_path);
  if (session) {
    remembered.session = std::move(*session);
  } else if (!is_missing(session.error())) {
    set_aside(session_path, remembered.set_aside);
  }
  return remembered;
}

Result<void> save_settings(const std::string& folder, const Settings& settings) {
  if (folder.empty()) return {};
  return write_into(folder, "settings.json", settings_to_json(settings));
}

Result<void> save_last_session(const std::string& folder, const Session& session) {
  if (folder.empty()) return {};
  return write_into(folder, "session.json", session_to_json(session));
}

}  // namespace convscope
