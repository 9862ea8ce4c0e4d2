#include "app/session/session_json.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>

#include "app/io/npy.h"
#include "app/session/presets.h"
#include "tests/io/temporary_folder.h"

namespace convscope {
namespace {

const std::string kHead = R"("format":"convscope-session","version":1,"operation":"conv2d")";

Result<Session> read(const std::string& fields) {
  return session_from_json("{" + kHead + (fields.empty() ? "" : "," + fields) + "}");
}

/// The error of a session with these fields.
Error error_of(const std::string& fields) {
  const Result<Session> session = read(fields);
  EXPECT_FALSE(session) << fields;
  return session ? Error{} : session.error();
}

/// A session in which nothing has its default.
Session unusual() {
  Session s;
  s.title = "Ränder \"und\" 边缘\n";
  s.params.in_channels = 4;
  s.params.out_channels = 6;
  s.params.kernel_size = {2, 3};
  s.params.stride = {3, 1};
  s.params.padding = {1, 2};
  s.params.dilation = {1, 2};
  s.params.groups = 2;
  s.params.bias = false;
  s.params.padding_mode = PaddingMode::circular;
  s.params.dtype = DType::float64;
  s.input_shape = Shape{2, 4, 7, 9};
  s.seed = -123456789012345;
  s.input = {SourceKind::randn, {}, {}, nullptr};
  s.weight = {SourceKind::values,
              {},
              {},
              std::make_shared<std::vector<double>>(
                  std::vector<double>{0.1, -0.0, 1e300, 5e-324, 1.0 / 3, -7, 12345678901234567.0, 2.5})};
  s.bias = {SourceKind::conv2d_init, {}, {}, nullptr};
  s.algorithm = Algorithm::loops;
  s.lens = Lens::toeplitz;
  s.picture = {false, true, true};
  s.step = 17;
  s.steps_per_second = 0.75;
  s.loop = false;
  s.theme = ThemeId::contrast;
  s.language = Language::zh;
  return s;
}

TEST(SessionJson, every_field_comes_back) {
  const Session session = unusual();
  const std::string text = session_to_json(session);
  const Result<Session> back = session_from_json(text);
  ASSERT_TRUE(back) << back.error().code << " " << testing::PrintToString(back.error().args);
  EXPECT_TRUE(*back == session) << text;
  EXPECT_EQ(session_to_json(*back), text);
}

TEST(SessionJson, numbers_that_json_lacks_come_back) {
  Session session;
  session.input = {SourceKind::values,
                   {},
                   {},
                   std::make_shared<std::vector<double>>(std::vector<double>{std::nan(""), HUGE_VAL, -HUGE_VAL, 1})};
  const std::string text = session_to_json(session);
  EXPECT_THAT(text, testing::HasSubstr("\"nan\", \"inf\", \"-inf\", 1"));
  const Session back = *session_from_json(text);
  EXPECT_TRUE(std::isnan(back.input.values->at(0)));
  EXPECT_EQ(back.input.values->at(1), HUGE_VAL);
  EXPECT_EQ(back.input.values->at(2), -HUGE_VAL);
}

TEST(SessionJson, the_default_session_comes_back_and_ends_with_a_newline) {
  const std::string text = session_to_json(Session());
  EXPECT_EQ(text.back(), '\n');
  EXPECT_THAT(text, testing::StartsWith("{\n  \"format\": \"convscope-session\",\n  \"version\": 1,\n"));
  EXPECT_TRUE(*session_from_json(text) == Session());
}

TEST(SessionJson, every_preset_comes_back) {
  for (const Preset& preset : presets()) {
    EXPECT_TRUE(*session_from_json(session_to_json(preset.session)) == preset.session) << preset.name;
  }
}

TEST(SessionJson, typed_numbers_are_written_in_rows) {
  Session session;
  session.weight = {SourceKind::values,
                    {},
                    {},
                    std::make_shared<std::vector<double>>(std::vector<double>{1, 2, 3, 4, 5, 6, 7, 8, 9})};
  EXPECT_THAT(session_to_json(session), testing::HasSubstr("[1, 2, 3],\n      [4, 5, 6],\n      [7, 8, 9]"));
}

TEST(SessionJson, three_fields_are_enough) { EXPECT_TRUE(*read("") == Session()); }

TEST(SessionJson, unknown_fields_are_kept_and_written_back) {
  const std::string extra =
      R"("future":{"a":[1,2.5,null,"x"],"b":18446744073709551615},"params":{"stride":2,"new_argument":[3]},)"
      R"("weight":{"source":"ones","color":"red"})";
  const Session session = *read(extra);
  EXPECT_EQ(session.params.stride, (Pair{2, 2}));
  const auto written = nlohmann::json::parse(session_to_json(session));
  const auto original = nlohmann::json::parse("{" + extra + "}");
  EXPECT_EQ(written["future"], original["future"]);
  EXPECT_EQ(written["params"]["new_argument"], original["params"]["new_argument"]);
  EXPECT_EQ(written["weight"]["color"], "red");
  EXPECT_EQ(written["params"]["stride"], nlohmann::json::array({2, 2}));
  // And again, through a second life.
  EXPECT_EQ(session_to_json(*session_from_json(session_to_json(session))), session_to_json(session));
}

TEST(SessionJson, pairs_are_one_number_or_two) {
  EXPECT_EQ(read(R"("params":{"stride":3})")->params.stride, (Pair{3, 3}));
  EXPECT_EQ(read(R"("params":{"stride":[2,5]})")->params.stride, (Pair{2, 5}));
  EXPECT_EQ(error_of(R"("params":{"stride":[1,2,3]})").code, "error.json_type");
  EXPECT_EQ(error_of(R"("params":{"stride":[]})").code, "error.json_type");
  EXPECT_EQ(error_of(R"("params":{"stride":1.5})").code, "error.json_type");
  EXPECT_EQ(error_of(R"("params":{"stride":"2"})").code, "error.json_type");
  EXPECT_EQ(error_of(R"("params":{"stride":18446744073709551615})").code, "error.json_value");
}

TEST(SessionJson, padding_is_numbers_or_a_word) {
  EXPECT_EQ(read(R"("params":{"padding":"same"})")->params.padding_kind, PaddingKind::same);
  EXPECT_EQ(read(R"("params":{"padding":"valid"})")->params.padding_kind, PaddingKind::valid);
  EXPECT_EQ(read(R"("params":{"padding":[1,2]})")->params.padding, (Pair{1, 2}));
  EXPECT_EQ(error_of(R"("params":{"padding":"full"})").code, "error.json_value");
  EXPECT_EQ(error_of(R"("params":{"padding":true})").code, "error.json_type");
}

TEST(SessionJson, pads_give_each_side_by_itself_and_come_back) {
  Session session = read(R"("params":{"pads":[1,0,2,3]})").value();
  EXPECT_EQ(session.params.padding_kind, PaddingKind::pads);
  EXPECT_EQ(session.params.pads, (Pads{1, 0, 2, 3}));
  EXPECT_EQ(session_from_json(session_to_json(session)).value(), session);
  EXPECT_EQ(session_to_json(session).find("\"padding\""), std::string::npos);
  EXPECT_EQ(error_of(R"("params":{"pads":[1,0,2]})").code, "error.json_value");
  EXPECT_EQ(error_of(R"("params":{"pads":[1,0,2,"x"]})").code, "error.json_value");
  EXPECT_EQ(error_of(R"("params":{"pads":3})").code, "error.json_type");
  EXPECT_EQ(error_of(R"("params":{"pads":[1,0,2,3],"padding":1})").code, "error.json_value");
}

TEST(SessionJson, illegal_parameters_are_kept_for_the_widget_to_explain) {
  EXPECT_EQ(read(R"("params":{"stride":0,"groups":-1})")->params.stride, (Pair{0, 0}));
}

TEST(SessionJson, values_may_be_nested_or_flat) {
  EXPECT_THAT(*read(R"("input":{"source":"values","values":[[1,2],[3,[4]]]})")->input.values,
              testing::ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(error_of(R"("input":{"source":"values","values":[1,"two"]})").code, "error.json_type");
  EXPECT_EQ(error_of(R"("input":{"source":"values","values":{"0":1}})").code, "error.json_type");
  EXPECT_EQ(error_of(R"("input":{"source":"values"})").code, "error.json_missing");
}

TEST(SessionJson, a_missing_head_is_named_field_by_field) {
  const auto code_and_field = [](const std::string& text) {
    const Error error = session_from_json(text).error();
    return error.code + " " + error.field;
  };
  EXPECT_EQ(code_and_field("{}"), "error.json_missing format");
  EXPECT_EQ(code_and_field(R"({"format":"convscope-session"})"), "error.json_missing version");
  EXPECT_EQ(code_and_field(R"({"format":"convscope-session","version":1})"), "error.json_missing operation");
  EXPECT_EQ(code_and_field(R"({"format":3,"version":1,"operation":"conv2d"})"), "error.json_type format");
  EXPECT_EQ(code_and_field(R"({"format":"x","version":1,"operation":"conv2d"})"), "error.json_format format");
  EXPECT_EQ(code_and_field(R"({"format":"convscope-session","version":"1","operation":"conv2d"})"),
            "error.json_type version");
  EXPECT_EQ(code_and_field(R"({"format":"convscope-session","version":1.0,"operation":"conv2d"})"),
            "error.json_type version");
  EXPECT_EQ(code_and_field(R"({"format":"convscope-session","version":2,"operation":"conv2d"})"),
            "error.json_version version");
  EXPECT_EQ(code_and_field(R"({"format":"convscope-session","version":1,"operation":"conv9d"})"),
            "error.unknown_operation operation");
  EXPECT_EQ(code_and_field(R"({"format":"convscope-session","version":1,"operation":null})"),
            "error.json_type operation");
}

TEST(SessionJson, each_field_of_the_wrong_type_is_refused_by_name) {
  const std::pair<const char*, const char*> cases[] = {
      {R"("title":5)", "title"},
      {R"("params":[])", "params"},
      {R"("params":{"in_channels":"3"})", "params.in_channels"},
      {R"("params":{"out_channels":2.5})", "params.out_channels"},
      {R"("params":{"kernel_size":null})", "params.kernel_size"},
      {R"("params":{"dilation":{}})", "params.dilation"},
      {R"("params":{"groups":[1]})", "params.groups"},
      {R"("params":{"bias":1})", "params.bias"},
      {R"("params":{"padding_mode":0})", "params.padding_mode"},
      {R"("params":{"dtype":32})", "params.dtype"},
      {R"("seed":"0")", "seed"},
      {R"("input":"arange")", "input"},
      {R"("input":{"source":1})", "input.source"},
      {R"("input":{"source":"arange","shape":5})", "input.shape"},
      {R"("input":{"source":"arange","shape":[]})", "input.shape"},
      {R"("input":{"source":"arange","shape":[1,1,1,1,1,1,1,1,1]})", "input.shape"},
      {R"("input":{"source":"arange","shape":[1.5]})", "input.shape"},
      {R"("weight":{"source":"named","name":7})", "weight.name"},
      {R"("bias":{"source":"npy","path":false})", "bias.path"},
      {R"("lens":1)", "lens"},
      {R"("picture":1)", "picture"},
      {R"("picture":{"use_counts":1})", "picture.use_counts"},
      {R"("step":"1")", "step"},
      {R"("steps_per_second":"2")", "steps_per_second"},
      {R"("loop":0)", "loop"},
      {R"("theme":{})", "theme"},
      {R"("language":1)", "language"},
  };
  for (const auto& [fields, name] : cases) {
    const Error error = error_of(fields);
    EXPECT_EQ(error.code, "error.json_type") << fields;
    EXPECT_THAT(error.args, testing::Contains(name)) << fields;
  }
}

TEST(SessionJson, values_out_of_range_are_refused_by_name) {
  for (const char* fields :
       {R"("step":0)", R"("step":-1)", R"("steps_per_second":0)", R"("steps_per_second":1e9)",
        R"("input":{"source":"arange","shape":[-1]})", R"("lens":"upside_down")", R"("picture":{"windows":"stacks"})",
        R"("theme":"pink")", R"("language":"de")", R"("params":{"padding_mode":"mirror"})",
        R"("params":{"dtype":"float16"})", R"("input":{"source":"named","name":"box"})",
        R"("weight":{"source":"image","path":"a.png"})", R"("weight":{"source":"sample"})",
        R"("input":{"source":"conv2d_init"})", R"("seed":9223372036854775808)"}) {
    EXPECT_EQ(error_of(fields).code, "error.json_value") << fields;
  }
}

TEST(SessionJson, sources_need_what_they_are_made_of) {
  EXPECT_EQ(error_of(R"("weight":{})").code, "error.json_missing");
  EXPECT_EQ(error_of(R"("weight":{"source":"named"})").code, "error.json_missing");
  EXPECT_EQ(error_of(R"("input":{"source":"image"})").code, "error.json_missing");
}

TEST(SessionJson, a_syntax_error_names_line_column_and_what_stands_there) {
  const auto args = [](const std::string& text) { return session_from_json(text).error().args; };
  EXPECT_THAT(args("{\n  \"format\": ,\n}"), testing::ElementsAre("2", "13", "','"));
  EXPECT_THAT(args("{\"格式\": }"), testing::ElementsAre("1", "8", "'}'"));
  EXPECT_THAT(args(""), testing::ElementsAre("1", "1", "@json.end_of_file"));
  EXPECT_THAT(args("{\"a\": 1"), testing::ElementsAre("1", "8", "@json.end_of_file"));
  EXPECT_EQ(session_from_json("{} x").error().code, "error.json_syntax");
  EXPECT_EQ(session_from_json("{\"a\": NaN}").error().code, "error.json_syntax");
  EXPECT_EQ(session_from_json("{\"a\": 1e999}").error().code, "error.json_number");
  EXPECT_EQ(session_from_json(std::string("{\"a\": \"\xff\"}")).error().code, "error.json_syntax");
  EXPECT_EQ(session_from_json(std::string("\0\0", 2)).error().code, "error.json_syntax");
}

TEST(SessionJson, a_byte_order_mark_is_no_mistake) { EXPECT_TRUE(session_from_json("\xef\xbb\xbf{" + kHead + "}")); }

TEST(SessionJson, other_json_is_refused) {
  for (const char* text : {"[]", "1", "null", "\"convscope-session\""}) {
    EXPECT_EQ(session_from_json(text).error().code, "error.json_type") << text;
  }
}

TEST(SessionJson, deep_nesting_is_refused_without_a_deep_stack) {
  EXPECT_EQ(session_from_json(std::string(5'000'000, '[')).error().code, "error.json_too_deep");
  EXPECT_EQ(
      session_from_json("{" + kHead + ",\"x\":" + std::string(100, '[') + std::string(100, ']') + "}").error().code,
      "error.json_too_deep");
  // Brackets in texts do not count.
  EXPECT_TRUE(read("\"x\":\"" + std::string(100, '[') + "\\\"[[[\""));
  EXPECT_TRUE(read("\"x\":" + std::string(60, '[') + std::string(60, ']')));
}

TEST(SessionJson, changed_bytes_never_do_worse_than_an_error) {
  const std::string good = session_to_json(unusual());
  std::mt19937 random(7);
  int survived = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string bad = good;
    for (unsigned change = 0; change < 1 + random() % 3; ++change) {
      const size_t at = random() % bad.size();
      switch (random() % 3) {
        case 0:
          bad[at] = static_cast<char>(random());
          break;
        case 1:
          bad.erase(at, 1 + random() % 20);
          break;
        default:
          bad.insert(at, 1, "{}[]\",:0-e"[random() % 10]);
      }
    }
    const Result<Session> session = session_from_json(bad);
    if (!session) {
      EXPECT_NE(tr(Language::en, session.error().code), session.error().code) << session.error().code;
      continue;
    }
    ++survived;
    // What was read can be written and read again.
    EXPECT_TRUE(session_from_json(session_to_json(*session))) << bad;
  }
  EXPECT_GT(survived, 0);
}

TEST(CheckDocument, tells_sessions_and_lessons_apart) {
  EXPECT_EQ(check_document("{" + kHead + "}").value(), DocumentKind::session);
  EXPECT_EQ(check_document(R"({"format":"convscope-lesson","version":1,"pages":[]})").value(), DocumentKind::lesson);
  EXPECT_EQ(check_document(R"({"format":"convscope-lesson"})").error().code, "error.json_missing");
  EXPECT_EQ(check_document(R"({"format":"convscope-lesson","version":"1"})").error().code, "error.json_type");
  EXPECT_EQ(check_document(R"({"format":"convscope-lesson","version":9})").error().code, "error.json_version");
  EXPECT_EQ(check_document(R"({"version":1})").error().code, "error.json_missing");
}

using SessionFileTest = testing_support::TemporaryFolder;

TEST_F(SessionFileTest, a_project_folder_can_be_moved) {
  std::filesystem::create_directories(folder_ / "one/data");
  ASSERT_TRUE(write_npy(path("one/data/x.npy"), *Tensor::zeros(Shape{1, 1, 4, 4}, DType::float32)));
  Session session;
  session.input = {SourceKind::npy, {}, path("one/data/x.npy"), nullptr};
  session.weight = {SourceKind::npy, {}, "/elsewhere/w.npy", nullptr};
  ASSERT_TRUE(save_session(path("one/p.json"), session));
  EXPECT_THAT(get("one/p.json"), testing::HasSubstr("\"data/x.npy\""));
  EXPECT_THAT(get("one/p.json"), testing::HasSubstr("\"/elsewhere/w.npy\""));
  std::filesystem::rename(folder_ / "one", folder_ / "two");
  const Session back = *load_session(path("two/p.json"));
  EXPECT_EQ(back.input.path, path("two/data/x.npy"));
  EXPECT_EQ(back.weight.path, "/elsewhere/w.npy");
}

TEST_F(SessionFileTest, failures_are_those_of_the_file) {
  EXPECT_EQ(load_session(path("none.json")).error().code, "error.file_not_found");
  EXPECT_EQ(load_session(folder_.string()).error().code, "error.file_unreadable");
  EXPECT_EQ(save_session(folder_.string(), Session()).error().code, "error.target_not_regular");
  EXPECT_EQ(save_session(path("no/p.json"), Session()).error().code, "error.target_unwritable");
}

}  // namespace
}  // namespace convscope
