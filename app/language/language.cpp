#include "app/language/language.h"

#include <algorithm>
#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>
#include <unordered_map>
#include <unordered_set>

#include "embedded/languages.h"

namespace convscope {

namespace {

/// Looks words up without making a string of the key: every frame of the window asks a hundred times.
struct KeyHash {
  using is_transparent = void;
  size_t operator()(std::string_view key) const { return std::hash<std::string_view>{}(key); }
};
using Table = std::unordered_map<std::string, std::string, KeyHash, std::equal_to<>>;

Table load(std::string_view folder) {
  Table table;
  for (const embedded::File& file : embedded::languages()) {
    if (file.path.substr(0, folder.size()) != folder) continue;
    const nlohmann::json room = nlohmann::json::parse(file.contents.begin(), file.contents.end(), nullptr, false);
    if (!room.is_object()) continue;  // a test parses every file, so this is never met by a user
    for (const auto& [key, text] : room.items()) {
      if (text.is_string()) table.emplace(key, text.get<std::string>());
    }
  }
  return table;
}

const Table& table_of(Language language) {
  if (language == Language::zh) {
    static const Table zh = load("zh/");
    return zh;
  }
  static const Table en = load("en/");
  return en;
}

/// Keeps the keys that have no words, so that they live as long as words do.
std::string_view intern(std::string_view key) {
  static std::mutex mutex;
  static std::unordered_set<std::string> keys;
  const std::lock_guard lock(mutex);
  return *keys.emplace(key).first;
}

const std::string* find(Language language, std::string_view key) {
  const Table& texts = table_of(language);
  const auto found = texts.find(key);
  return found == texts.end() ? nullptr : &found->second;
}

}  // namespace

const char* name_of(Language language) { return language == Language::zh ? "zh" : "en"; }

std::optional<Language> language_from_name(std::string_view name) {
  if (name == "en") return Language::en;
  if (name == "zh") return Language::zh;
  return std::nullopt;
}

std::string_view tr(Language language, std::string_view key) {
  const std::string* text = find(language, key);
  return text != nullptr ? std::string_view(*text) : intern(key);
}

std::string tr(Language language, std::string_view key, std::span<const std::string> args) {
  const std::string_view pattern = tr(language, key);
  std::string text;
  text.reserve(pattern.size() + 16 * args.size());
  for (size_t i = 0; i < pattern.size(); ++i) {
    // {0} to {99}; braces around anything else are text.
    size_t end = i + 1;
    size_t index = 0;
    while (end < pattern.size() && end - i <= 2 && pattern[end] >= '0' && pattern[end] <= '9') {
      index = index * 10 + static_cast<size_t>(pattern[end++] - '0');
    }
    const bool is_placeholder = pattern[i] == '{' && end > i + 1 && end < pattern.size() && pattern[end] == '}';
    if (!is_placeholder) {
      text += pattern[i];
      continue;
    }
    if (index < args.size()) {
      const std::string& arg = args[index];
      const std::string* words = arg.size() > 1 && arg[0] == '@' ? find(language, arg.substr(1)) : nullptr;
      text += words != nullptr ? *words : arg;
    }
    i = end;
  }
  return text;
}

std::string tr(Language language, std::string_view key, std::initializer_list<std::string> args) {
  return tr(language, key, std::span<const std::string>(args.begin(), args.size()));
}

std::string describe(Language language, const Error& error) {
  std::string line = tr(language, error.code, error.args);
  // Arguments come from files and command lines: whatever they hold, an error stays one line.
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return line;
}

std::vector<std::string_view> language_keys(Language language) {
  std::vector<std::string_view> keys;
  for (const auto& [key, text] : table_of(language)) keys.push_back(key);
  std::sort(keys.begin(), keys.end());
  return keys;
}

}  // namespace convscope
