#include "app/language/language.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "app/language/nearest_word.h"

namespace convscope {
namespace {

TEST(Language, names_go_there_and_back) {
  for (Language language : {Language::en, Language::zh}) {
    EXPECT_EQ(language_from_name(name_of(language)), language);
  }
  EXPECT_EQ(language_from_name("fr"), std::nullopt);
  EXPECT_EQ(language_from_name(""), std::nullopt);
}

TEST(Language, a_key_gives_other_words_in_each_language) {
  EXPECT_EQ(tr(Language::en, "reason.no_permission"), "permission denied");
  EXPECT_EQ(tr(Language::zh, "reason.no_permission"), "没有权限");
}

TEST(Language, words_end_with_a_nul_for_c_interfaces) {
  const std::string_view words = tr(Language::en, "reason.is_a_folder");
  EXPECT_EQ(words.data()[words.size()], '\0');
}

TEST(Language, a_missing_key_is_its_own_text_and_outlives_the_argument) {
  std::string_view kept;
  {
    const std::string key = "no.such.key.anywhere";
    kept = tr(Language::zh, key);
    EXPECT_NE(kept.data(), key.data());
  }
  EXPECT_EQ(kept, "no.such.key.anywhere");
  EXPECT_EQ(kept.data()[kept.size()], '\0');
}

TEST(Language, arguments_fill_their_places_in_the_order_of_the_sentence) {
  const std::string line = tr(Language::en, "error.npy_truncated", {"x.npy", "10", "128"});
  EXPECT_THAT(line, testing::StartsWith("x.npy ends after 10 bytes, its header promises 128"));
}

TEST(Language, an_argument_with_an_at_sign_stands_for_words) {
  const std::string line = tr(Language::zh, "error.file_unreadable", {"/x", "@reason.is_a_folder"});
  EXPECT_THAT(line, testing::HasSubstr("它是一个文件夹"));
  // A file may be called like that; only known keys are replaced.
  EXPECT_THAT(tr(Language::en, "error.file_not_found", {"@home"}), testing::HasSubstr("@home"));
}

TEST(Language, arguments_are_not_looked_into_for_further_places) {
  EXPECT_THAT(tr(Language::en, "error.file_not_found", {"{0}{1}"}), testing::HasSubstr("{0}{1}"));
}

TEST(Language, a_missing_argument_leaves_an_empty_place) {
  EXPECT_THAT(tr(Language::en, "error.file_not_found", std::initializer_list<std::string>{}),
              testing::Not(testing::HasSubstr("{0}")));
}

TEST(Language, an_error_is_one_line_whatever_the_file_is_called) {
  const std::string line = describe(Language::en, Error{"error.file_not_found", "", {"a\nb\x1b[31m\tc"}});
  EXPECT_THAT(line, testing::HasSubstr("a b [31m c"));
  for (char c : line) EXPECT_GE(static_cast<unsigned char>(c), 0x20);
}

TEST(Language, keys_are_sorted_and_not_few) {
  const std::vector<std::string_view> keys = language_keys(Language::en);
  EXPECT_GT(keys.size(), 100u);
  EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end()));
}

TEST(NearestWord, takes_the_word_with_the_fewest_changes) {
  const std::array<std::string, 3> words{"compute", "size", "presets"};
  EXPECT_EQ(nearest_word("compite", words), "compute");
  EXPECT_EQ(nearest_word("siez", words), "size");
  EXPECT_EQ(nearest_word("preset", words), "presets");
  EXPECT_EQ(nearest_word("anything", {}), "");
  EXPECT_EQ(nearest_word(std::string(100'000, 'c'), words), "compute");
}

}  // namespace
}  // namespace convscope
