// The language files against each other and against the sources.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>

namespace {

namespace fs = std::filesystem;
const fs::path kRoot = CONVSCOPE_SOURCE_DIR;

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

struct Entry {
  std::string room, text;
};

/// All entries of a language; a key that stands twice is reported.
std::map<std::string, Entry> entries(const std::string& language) {
  std::map<std::string, Entry> all;
  for (const auto& file : fs::directory_iterator(kRoot / "assets/languages" / language)) {
    if (file.path().extension() != ".json") continue;
    const std::string room = file.path().stem().string();
    std::set<std::string> seen;
    const auto note_key = [&](int depth, nlohmann::json::parse_event_t event, nlohmann::json& value) {
      if (event == nlohmann::json::parse_event_t::key && depth == 1) {
        const auto key = value.get<std::string>();
        EXPECT_TRUE(seen.insert(key).second) << key << " stands twice in " << file.path();
      }
      return true;
    };
    const nlohmann::json json = nlohmann::json::parse(read(file.path()), note_key, false);
    EXPECT_TRUE(json.is_object()) << file.path() << " is not a JSON object";
    if (!json.is_object()) continue;
    for (const auto& [key, text] : json.items()) {
      EXPECT_TRUE(text.is_string()) << key << " in " << file.path();
      const auto [at, is_new] = all.emplace(key, Entry{room, text.is_string() ? text.get<std::string>() : ""});
      EXPECT_TRUE(is_new) << key << " stands in " << at->second.room << " and in " << room;
    }
  }
  return all;
}

/// Every source that may name a key, as one text.
const std::string& sources() {
  static const std::string text = [] {
    std::string all;
    for (const char* folder : {"engine", "app"}) {
      for (const auto& file : fs::recursive_directory_iterator(kRoot / folder)) {
        const std::string ending = file.path().extension().string();
        if (ending == ".cpp" || ending == ".h" || ending == ".cc") all += read(file.path());
      }
    }
    return all;
  }();
  return text;
}

std::set<std::string> places(const std::string& text) {
  static const std::regex place(R"(\{[0-9]+\})");
  return {std::sregex_token_iterator(text.begin(), text.end(), place), std::sregex_token_iterator()};
}

/// The first groups of all matches in the sources.
std::set<std::string> found_in_sources(const std::regex& pattern) {
  std::set<std::string> found;
  for (auto it = std::sregex_iterator(sources().begin(), sources().end(), pattern); it != std::sregex_iterator();
       ++it) {
    found.insert((*it)[1]);
  }
  return found;
}

TEST(LanguageFiles, both_languages_have_the_same_keys_in_the_same_rooms) {
  const auto en = entries("en"), zh = entries("zh");
  ASSERT_GT(en.size(), 100u);
  for (const auto& [key, entry] : en) {
    ASSERT_TRUE(zh.contains(key)) << key << " has no Chinese words";
    EXPECT_EQ(zh.at(key).room, entry.room) << key;
  }
  for (const auto& [key, entry] : zh) EXPECT_TRUE(en.contains(key)) << key << " has no English words";
}

TEST(LanguageFiles, both_languages_have_the_same_places_for_arguments) {
  const auto en = entries("en"), zh = entries("zh");
  for (const auto& [key, entry] : en) {
    ASSERT_TRUE(zh.contains(key)) << key;
    EXPECT_EQ(places(entry.text), places(zh.at(key).text)) << key;
  }
}

TEST(LanguageFiles, every_text_is_one_line_with_something_on_it) {
  for (const char* language : {"en", "zh"}) {
    for (const auto& [key, entry] : entries(language)) {
      EXPECT_FALSE(entry.text.empty()) << key;
      EXPECT_EQ(entry.text.find('\n'), std::string::npos) << key;
    }
  }
}

TEST(LanguageFiles, interface_texts_do_not_shout) {
  for (const char* language : {"en", "zh"}) {
    for (const auto& [key, entry] : entries(language)) {
      EXPECT_EQ(entry.text.find_first_of("!"), std::string::npos) << key << ": " << entry.text;
      EXPECT_EQ(entry.text.find("！"), std::string::npos) << key << ": " << entry.text;
    }
  }
}

TEST(LanguageFiles, every_error_code_in_the_sources_has_its_words) {
  const auto en = entries("en");
  const std::set<std::string> codes = found_in_sources(std::regex(R"re("(error\.[a-z0-9_]+)")re"));
  EXPECT_GT(codes.size(), 50u);
  for (const std::string& found : codes) EXPECT_TRUE(en.contains(found)) << found << " has no words";
}

TEST(LanguageFiles, every_cause_in_the_sources_has_its_words_and_a_remedy) {
  const auto en = entries("en");
  const std::set<std::string> causes = found_in_sources(std::regex(R"re("(cause\.[a-z0-9_]+)")re"));
  EXPECT_GT(causes.size(), 50u);
  for (const std::string& cause : causes) {
    EXPECT_TRUE(en.contains(cause)) << cause << " has no words";
    EXPECT_TRUE(en.contains(cause + ".fix")) << cause << " has no remedy";
  }
  for (const auto& [key, entry] : en) {
    if (key.rfind("cause.", 0) != 0) continue;
    EXPECT_TRUE(causes.contains(key.substr(0, key.find('.', 6)))) << key << " is the cause of nothing";
  }
}

TEST(LanguageFiles, every_reason_in_the_sources_has_its_words) {
  const auto en = entries("en");
  for (const std::string& key : found_in_sources(std::regex(R"re("@([a-z0-9_]+\.[a-z0-9_.]+)")re"))) {
    EXPECT_TRUE(en.contains(key)) << key << " has no words";
  }
}

TEST(LanguageFiles, every_preset_has_a_title_and_every_title_a_preset) {
  const auto en = entries("en");
  std::set<std::string> names;
  for (const auto& file : fs::directory_iterator(kRoot / "assets/presets")) {
    names.insert("preset." + file.path().stem().string());
    const nlohmann::json preset = nlohmann::json::parse(read(file.path()), nullptr, false);
    ASSERT_TRUE(preset.is_object()) << file.path();
    const std::string group = preset["preset"]["group"].get<std::string>();
    EXPECT_TRUE(en.contains("preset_group." + group)) << group;
  }
  for (const std::string& name : names) EXPECT_TRUE(en.contains(name)) << name;
  for (const auto& [key, entry] : en) {
    const bool is_title = key.rfind("preset.", 0) == 0;
    EXPECT_TRUE(!is_title || names.contains(key)) << key << " has no preset";
  }
}

/// A key is used when it stands in a source, whole or as a prefix that the source completes ("edit." + argument), or
/// behind the @ of a reason.
bool is_used(const std::string& key) {
  for (const char* before : {"\"", "\"@"}) {
    if (sources().find(before + key + "\"") != std::string::npos) return true;
  }
  for (size_t dot = key.find('.'); dot != std::string::npos; dot = key.find('.', dot + 1)) {
    if (sources().find("\"" + key.substr(0, dot + 1) + "\"") != std::string::npos) return true;
  }
  return false;
}

TEST(LanguageFiles, no_key_is_unused) {
  for (const auto& [key, entry] : entries("en")) EXPECT_TRUE(is_used(key)) << key << " of " << entry.room;
}

}  // namespace
