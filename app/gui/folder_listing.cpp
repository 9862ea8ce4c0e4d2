#include "app/gui/folder_listing.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace convscope {

namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

bool matches(std::string_view name, std::span<const std::string> endings) {
  if (endings.empty()) return true;
  const std::string low = lower(name);
  return std::any_of(endings.begin(), endings.end(), [&](const std::string& ending) { return low.ends_with(ending); });
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Alphabetical without regard to case, runs of digits as numbers: frame_2 before frame_10.
bool reads_before(const FolderEntry& a, const FolderEntry& b) {
  if (a.is_folder != b.is_folder) return a.is_folder;
  const std::string left = lower(a.name);
  const std::string right = lower(b.name);
  size_t i = 0;
  size_t j = 0;
  while (i < left.size() && j < right.size()) {
    if (is_digit(left[i]) && is_digit(right[j])) {
      while (i < left.size() && left[i] == '0') ++i;
      while (j < right.size() && right[j] == '0') ++j;
      size_t i_end = i;
      size_t j_end = j;
      while (i_end < left.size() && is_digit(left[i_end])) ++i_end;
      while (j_end < right.size() && is_digit(right[j_end])) ++j_end;
      if (i_end - i != j_end - j) return i_end - i < j_end - j;
      const int order = left.compare(i, i_end - i, right, j, j_end - j);
      if (order != 0) return order < 0;
      i = i_end;
      j = j_end;
    } else {
      if (left[i] != right[j]) return static_cast<unsigned char>(left[i]) < static_cast<unsigned char>(right[j]);
      ++i;
      ++j;
    }
  }
  const size_t left_rest = left.size() - i;
  const size_t right_rest = right.size() - j;
  return left_rest != right_rest ? left_rest < right_rest : a.name < b.name;
}

std::string home() {
  const char* variable = std::getenv("HOME");
  return variable && *variable ? variable : "/";
}

/// The value of one line of user-dirs.dirs: XDG_DESKTOP_DIR="$HOME/Desktop".
std::string user_folder(const std::string& variable, const char* fallback) {
  const char* config = std::getenv("XDG_CONFIG_HOME");
  std::ifstream file((config && *config ? std::string(config) : home() + "/.config") + "/user-dirs.dirs");
  std::string line;
  while (std::getline(file, line)) {
    if (!line.starts_with(variable + "=\"") || !line.ends_with('"')) continue;
    std::string path = line.substr(variable.size() + 2, line.size() - variable.size() - 3);
    if (path.starts_with("$HOME")) path = home() + path.substr(5);
    return path;
  }
  return home() + "/" + fallback;
}

}  // namespace

Result<std::vector<FolderEntry>> read_folder(const std::string& path, std::span<const std::string> endings,
                                             bool with_hidden) {
  DIR* const folder = opendir(path.c_str());
  if (!folder) return Error{"error.folder_unreadable", "file", {shown_name(path), std::strerror(errno)}};
  const int handle = dirfd(folder);
  std::vector<FolderEntry> entries;
  while (const dirent* entry = readdir(folder)) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == ".." || (!with_hidden && name.starts_with('.'))) continue;
    FolderEntry result;
    const bool plain = entry->d_type == DT_REG;
    if (plain && !matches(name, endings)) continue;
    struct stat status = {};
    // A link that leads nowhere has nothing to offer.
    if (fstatat(handle, entry->d_name, &status, 0) != 0) continue;
    result.is_folder = S_ISDIR(status.st_mode);
    if (!result.is_folder && (!S_ISREG(status.st_mode) || !matches(name, endings))) continue;
    result.name = name;
    result.shown = shown_name(name);
    result.bytes = status.st_size;
    result.changed = status.st_mtime;
    entries.push_back(std::move(result));
  }
  closedir(folder);
  std::sort(entries.begin(), entries.end(), reads_before);
  return entries;
}

int64_t folder_stamp(const std::string& path) {
  struct stat status = {};
  if (stat(path.c_str(), &status) != 0) return 0;
  return static_cast<int64_t>(status.st_mtim.tv_sec) * 1000000000 + status.st_mtim.tv_nsec;
}

std::string resolve_path(std::string_view typed, const std::string& folder) {
  std::string text(typed);
  if (text == "~" || text.starts_with("~/")) text = home() + text.substr(1);
  std::filesystem::path path(text);
  if (path.is_relative()) path = std::filesystem::path(folder) / path;
  std::string result = path.lexically_normal().string();
  while (result.size() > 1 && result.back() == '/') result.pop_back();
  return result;
}

std::string parent_of(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Error without_folder(Error error, const std::string& path) {
  for (std::string& arg : error.args) {
    if (arg.starts_with(path)) arg.replace(0, path.size(), shown_name(name_of_path(path)));
  }
  return error;
}

std::string name_of_path(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

bool is_folder(const std::string& path) {
  struct stat status = {};
  return stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

bool path_exists(const std::string& path) {
  struct stat status = {};
  return stat(path.c_str(), &status) == 0;
}

std::vector<Place> places() {
  std::vector<Place> result;
  const auto add = [&](std::string_view key, const std::string& path) {
    const bool known = std::any_of(result.begin(), result.end(), [&](const Place& p) { return p.path == path; });
    if (!known && is_folder(path)) result.push_back({key, path});
  };
  add("home", home());
  add("desktop", user_folder("XDG_DESKTOP_DIR", "Desktop"));
  add("documents", user_folder("XDG_DOCUMENTS_DIR", "Documents"));
  add("downloads", user_folder("XDG_DOWNLOAD_DIR", "Downloads"));
  add("pictures", user_folder("XDG_PICTURES_DIR", "Pictures"));
  std::error_code ignored;
  add("here", std::filesystem::current_path(ignored).string());
  add("root", "/");
  return result;
}

std::string shown_name(std::string_view text) {
  std::string result;
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    size_t length = 0;
    if (lead < 0x80) {
      length = 1;
    } else if (lead >= 0xC2 && lead < 0xE0) {
      length = 2;
    } else if (lead >= 0xE0 && lead < 0xF0) {
      length = 3;
    } else if (lead >= 0xF0 && lead < 0xF5) {
      length = 4;
    }
    bool valid = length > 0 && i + length <= text.size();
    for (size_t j = 1; valid && j < length; ++j) valid = (static_cast<unsigned char>(text[i + j]) & 0xC0) == 0x80;
    if (!valid) {
      result += '?';
      ++i;
      continue;
    }
    // A line break in a name must not break the line.
    if (lead < 0x20 || lead == 0x7F) {
      result += '?';
    } else {
      result.append(text.substr(i, length));
    }
    i += length;
  }
  return result;
}

}  // namespace convscope
