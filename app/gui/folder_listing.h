// What a file dialog knows about the disk, without any window: folders, places, typed paths.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/result.h"

namespace convscope {

struct FolderEntry {
  std::string name;   // the bytes of the file system
  std::string shown;  // valid UTF-8 for the screen
  bool is_folder = false;
  int64_t bytes = 0;
  int64_t changed = 0;  // seconds since 1970
};

/// Folders first, then files whose names end with one of `endings` (lower case, ".png"; all files when empty), each in
/// alphabetical order without regard to case. Errors: error.folder_unreadable (args: path, reason).
Result<std::vector<FolderEntry>> read_folder(const std::string& path, std::span<const std::string> endings,
                                             bool with_hidden);

/// When the folder last changed, to notice files that come and go; 0 where that cannot be told.
int64_t folder_stamp(const std::string& path);

/// The path that text typed in `folder` means: absolute, `~`, `.`, `..` and relative paths, without a slash at its end.
std::string resolve_path(std::string_view typed, const std::string& folder);
/// "/home/a" of "/home/a/b.png"; "/" above everything.
std::string parent_of(const std::string& path);
/// The same words with the file's name where they name its path: for dialogs, whose title says which file it is.
Error without_folder(Error error, const std::string& path);
std::string name_of_path(const std::string& path);
bool is_folder(const std::string& path);
bool path_exists(const std::string& path);

/// The user's own folders that exist: `key` is "home", "desktop", "documents", "downloads", "pictures", "here" or
/// "root". The desktop's settings know what they are called in the user's language.
struct Place {
  std::string_view key;
  std::string path;
};
std::vector<Place> places();

/// `text` with bytes that are no UTF-8 replaced, for the screen.
std::string shown_name(std::string_view text);

}  // namespace convscope
