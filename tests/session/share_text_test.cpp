// Sessions as short texts: what travels, what was copied badly, and what strangers make of them.
#include "app/session/share_text.h"

#include <gmock/gmock.h>
#include <zlib.h>

#include <random>

#include "app/io/npy.h"
#include "app/session/computation.h"
#include "app/session/presets.h"
#include "app/session/session_json.h"
#include "tests/io/temporary_folder.h"

namespace convscope {
namespace {

using ::testing::Each;

std::string text_of(const Session& session) {
  const Result<std::string> text = share_text(session);
  EXPECT_TRUE(text) << (text ? "" : text.error().code);
  return text ? *text : std::string();
}

std::string refusal(const std::string& text) {
  const Result<Session> session = session_from_share_text(text);
  return session ? "accepted" : session.error().code;
}

const char* const kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string base64url(const std::string& bytes) {
  std::string text;
  unsigned bits = 0;
  int held = 0;
  for (const char byte : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(byte);
    for (held += 8; held >= 6; held -= 6) text += kDigits[bits >> (held - 6) & 63];
  }
  if (held > 0) text += kDigits[bits << (6 - held) & 63];
  return text;
}

/// A text around JSON of one's own, packed without the dictionary, its checksum right.
std::string made_by_hand(const std::string& json) {
  const auto crc = static_cast<uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(json.data()), json.size()));
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(crc >> shift & 0xFF);
  z_stream stream = {};
  deflateInit2(&stream, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY);
  std::string packed(deflateBound(&stream, json.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(json.data()));
  stream.avail_in = static_cast<uInt>(json.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return "convscope:1." + base64url(bytes + packed);
}

TEST(ShareText, every_preset_comes_back_as_it_was_from_characters_of_a_web_address) {
  for (const Preset& preset : presets()) {
    const std::string text = text_of(preset.session);
    EXPECT_TRUE(is_share_text(text));
    EXPECT_LT(text.size(), 600U) << preset.name;
    EXPECT_EQ(text.find_first_not_of(std::string(kDigits) + ":."), std::string::npos) << text;
    const Result<Session> session = session_from_share_text(text);
    ASSERT_TRUE(session) << preset.name << ": " << session.error().code;
    EXPECT_EQ(*session, preset.session) << preset.name;
  }
}

TEST(ShareText, texts_that_are_out_in_the_world_stay_readable) {
  // Made by version 1. If this fails, the default session or the dictionary has changed: kShareVersion must grow.
  const std::pair<const char*, const char*> known[] = {
      {"padding_strides",
       "convscope:1.FkujsKuGJ0-"
       "0JIniMlzWQBMiUsIChg2R0WGkYwJ0EyhCjIG0CZAPihYjINsAyDMGs6EQrMZEBxyFsbG1WCMKV5RDzQGZDdUPi8y80"
       "pyc2loA"},
      {"tutorial_5_1", "convscope:1.nnMxV6vGTJ6m8YYozkJKNrVYwwhLaAMDV0fXEBLYKIxYWFDmlebk1NYCAA"},
      {"resnet_stem",
       "convscope:1.Ti8StKuGJ8-"
       "i1OK8VGCWLEnNJcFVZiY6aA4z1zHH4zCou5GSIjA0MSMQ6PyCnFQl1PgxMjIB4dharDGFnNNh8ZVXmpNTiy3pGBvoGdQC"
       "AA"},
      {"padding_strides_transposed",
       "convscope:1.AJswKyPocFjqxZtiEX7A5SBokkVJghjJ2gAYJcDAJSo-"
       "QbEJikdjULwCaVD8GseixCgoTo1BBmKJV1wpBGiSEdRkCD8WFvd5pTk5tYi8"
       "AU3otQA"}};
  for (const auto& [name, text] : known) {
    const Result<Session> session = session_from_share_text(text);
    ASSERT_TRUE(session) << name << ": " << session.error().code;
    Session wanted = find_preset(name)->session;
    wanted.title = session->title;
    EXPECT_EQ(*session, wanted) << name;
  }
}

TEST(ShareText, typed_numbers_and_words_travel_inside) {
  Session session;
  session.title = "Ränder \"und\" 边缘";
  session.params.padding_kind = PaddingKind::pads;
  session.params.pads = {1, 2, 3, 4};
  session.input = {SourceKind::values, {}, {}, std::make_shared<const std::vector<double>>(25, 0.1)};
  session.language = Language::zh;
  session.theme = ThemeId::dark;
  session.lens = Lens::im2col;
  session.step = 7;
  session.unknown_fields = R"({"camera":{"zoom":2}})";
  const Result<Session> back = session_from_share_text(text_of(session));
  ASSERT_TRUE(back) << back.error().code;
  EXPECT_EQ(*back, session);
}

TEST(ShareText, blanks_and_line_breaks_of_a_mail_do_not_matter) {
  const std::string text = text_of(find_preset("resnet_stem")->session);
  std::string broken = "  \n";
  for (size_t i = 0; i < text.size(); ++i) broken += (i > 20 && i % 17 == 0 ? "\r\n " : "") + text.substr(i, 1);
  const Result<Session> session = session_from_share_text(broken + "\n");
  ASSERT_TRUE(session) << session.error().code;
  EXPECT_EQ(*session, find_preset("resnet_stem")->session);
}

TEST(ShareText, what_was_copied_badly_is_told_from_what_was_made_by_another_version) {
  const std::string text = text_of(find_preset("padding_strides")->session);
  for (size_t length = 0; length < text.size(); ++length) {
    const std::string code = refusal(text.substr(0, length));
    EXPECT_TRUE(code == "error.share_truncated" || (length < 10 && code == "error.share_altered")) << length << code;
  }
  int altered = 0;
  for (size_t at = 12; at < text.size(); ++at) {
    std::string other = text;
    other[at] = other[at] == 'A' ? 'B' : 'A';
    if (other == text) continue;
    const std::string code = refusal(other);
    EXPECT_NE(code, "accepted") << at;
    altered += code == "error.share_altered" ? 1 : 0;
  }
  EXPECT_GT(altered, static_cast<int>(text.size()) / 2);
  EXPECT_EQ(refusal(text + "AAAA"), "error.share_altered");
  EXPECT_EQ(refusal("convscope:2." + text.substr(12)), "error.share_newer");
  EXPECT_EQ(refusal("convscope:99999999999999999999." + text.substr(12)), "error.share_newer");
  EXPECT_EQ(refusal("convscope:0." + text.substr(12)), "error.share_altered");
  EXPECT_EQ(refusal("convscope:-1." + text.substr(12)), "error.share_altered");
  EXPECT_EQ(refusal("convscope:x"), "error.share_altered");
  const Result<Session> dashed = session_from_share_text(text.substr(0, 20) + "—" + text.substr(21));
  ASSERT_FALSE(dashed);
  EXPECT_EQ(dashed.error(), (Error{"error.share_character", "", {"—", "21"}}));
}

TEST(ShareText, random_bytes_are_refused_and_never_read_as_a_session) {
  std::mt19937 random(20260401);
  for (int round = 0; round < 20000; ++round) {
    std::string text = "convscope:1.";
    const size_t length = random() % 120;
    for (size_t i = 0; i < length; ++i) text += kDigits[random() % 64];
    EXPECT_NE(refusal(text), "accepted") << text;
  }
}

TEST(ShareText, a_strangers_text_is_read_like_any_file_and_opens_none) {
  EXPECT_EQ(refusal(made_by_hand("{}")), "accepted");
  EXPECT_EQ(refusal(made_by_hand(R"({"lens":"im2col"})")), "accepted");
  EXPECT_EQ(refusal(made_by_hand(R"({"lens":"nonsense"})")), "error.json_value");
  EXPECT_EQ(refusal(made_by_hand("[]")), "error.share_altered");
  EXPECT_EQ(refusal(made_by_hand("{")), "error.json_syntax");
  EXPECT_EQ(refusal(made_by_hand(std::string(100000, '['))), "error.json_too_deep");
  EXPECT_EQ(refusal(made_by_hand(R"({"version":7})")), "error.json_version");
  EXPECT_EQ(refusal(made_by_hand(R"({"input":{"source":"npy","path":"/etc/passwd"}})")), "error.share_file");
  EXPECT_EQ(refusal(made_by_hand(R"({"gradient":{"target":{"source":"npy","path":"/dev/zero"}}})")),
            "error.share_file");
  // A kilobyte that unpacks to a megabyte and more.
  EXPECT_EQ(refusal(made_by_hand("{\"title\":\"" + std::string(2000000, 'a') + "\"}")), "error.share_too_large");
  EXPECT_EQ(refusal("convscope:1." + std::string(1 << 20, 'A')), "error.share_too_long");
}

class SharedFiles : public testing_support::TemporaryFolder {};

TEST_F(SharedFiles, small_tensors_travel_as_numbers_and_large_ones_are_named) {
  Session session;
  Result<Tensor> x = Tensor::zeros({1, 1, 6, 7}, DType::float32);
  ASSERT_TRUE(x);
  for (int64_t i = 0; i < x->numel(); ++i) x->mutable_data<float>()[i] = static_cast<float>(i) / 10;
  ASSERT_TRUE(write_npy(path("x.npy"), *x));
  session.input = {SourceKind::npy, {}, path("x.npy"), nullptr};
  const Result<Session> back = session_from_share_text(text_of(session));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->input.kind, SourceKind::values);
  EXPECT_EQ(back->input_shape, (Shape{1, 1, 6, 7}));
  TensorCache cache;
  const Result<ComputationPtr> wanted = compute(session, cache), found = compute(*back, cache);
  ASSERT_TRUE(wanted && found);
  for (int64_t i = 0; i < (*wanted)->tensors.output.numel(); ++i) {
    EXPECT_EQ((*found)->tensors.output.at(i), (*wanted)->tensors.output.at(i)) << i;
  }

  Result<Tensor> large = Tensor::zeros({1, 1, 65, 64}, DType::float32);
  ASSERT_TRUE(large && write_npy(path("large.npy"), *large));
  session.input.path = path("large.npy");
  const Result<std::string> refused = share_text(session);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), (Error{"error.share_file_too_large", "", {"X", path("large.npy"), "4160", "4096"}}));
}

TEST(ShareText, numbers_that_do_not_fit_are_refused_with_their_count) {
  Session session;
  session.input_shape = {1, 1, 200, 200};
  std::mt19937 random(3);
  auto values = std::make_shared<std::vector<double>>();
  for (int i = 0; i < 40000; ++i) values->push_back(std::uniform_real_distribution<double>()(random));
  session.input = {SourceKind::values, {}, {}, values};
  const Result<std::string> refused = share_text(session);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "error.share_too_long");
}

}  // namespace
}  // namespace convscope
