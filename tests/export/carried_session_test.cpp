// What is exported can be opened again: the session in each format, read back and by readers that are not ours.
#include <gmock/gmock.h>

#include <fstream>

#include "app/export/export_job.h"
#include "app/io/carried_text.h"
#include "app/session/presets.h"
#include "app/session/session_json.h"
#include "clip_tools.h"

namespace convscope::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// With everything in its words that some format would rather not see.
Session awkward_session() {
  Session session = open_session("padding_strides").value();
  session.title = "卷积 (1) \\ \"<b>&amp;</script>\" ]]> )) 𝕏 %~";
  session.lens = Lens::im2col;
  session.steps_per_second = 3.5;
  session.seed = 42;
  return session;
}

ExportSettings settings_for(const Session& session, const std::string& target) {
  ExportSettings settings;
  settings.target = target;
  settings.width = 320;
  settings.height = 180;
  settings.fps = 10;
  settings.lens = session.lens;
  settings.theme = ThemeId::dark;
  settings.language = Language::zh;
  settings.session = session;
  if (target.ends_with(".png") || target.ends_with(".tex")) {
    settings.still_step = 4;
  } else {
    settings.steps = {{4, 6}};
  }
  return settings;
}

Result<void> write(const Session& session, const ExportSettings& settings) {
  TensorCache cache;
  return run_export(compute(session, cache).value(), settings);
}

TEST(CarriedSession, every_format_brings_it_back) {
  const Session session = awkward_session();
  Session wanted = session;
  wanted.theme = ThemeId::dark;
  wanted.language = Language::zh;
  wanted.step = 4;
  for (const std::string& ending : export_endings()) {
    TempFolder folder;
    // whatever the file is called
    const std::string target = folder.file("a" + ending);
    ASSERT_TRUE(write(session, settings_for(session, target)).ok()) << ending;
    const auto opened = open_session(target);
    ASSERT_TRUE(opened.ok()) << ending << ": " << opened.error().code;
    EXPECT_EQ(session_to_json(*opened), session_to_json(wanted)) << ending;
  }
}

TEST(CarriedSession, a_sequence_has_it_in_its_first_picture) {
  TempFolder folder;
  const Session session = awkward_session();
  ExportSettings settings = settings_for(session, folder.file("f/%02d.png"));
  settings.still_step.reset();
  settings.steps = {{4, 4}};
  ASSERT_TRUE(write(session, settings).ok());
  EXPECT_TRUE(carried_session(folder.file("f/01.png")).has_value());
  EXPECT_FALSE(carried_session(folder.file("f/05.png")).has_value());
}

TEST(CarriedSession, files_of_the_session_are_named_from_the_exported_one) {
  TempFolder folder;
  std::filesystem::create_directories(folder.path() / "pictures");
  std::filesystem::create_directories(folder.path() / "lecture");
  ASSERT_TRUE(write_png(folder.file("pictures/in.png"), flat_frame(12, 10, 0)).ok());
  const Session session = open_session(folder.file("pictures/in.png")).value();
  ExportSettings settings = settings_for(session, folder.file("lecture/a.png"));
  settings.width = 960;
  settings.height = 540;
  ASSERT_TRUE(write(session, settings).ok());
  EXPECT_THAT(carried_text(settings.target).json.value_or(""), HasSubstr("../pictures/in.png"));
  EXPECT_THAT(bytes_of(settings.target), Not(HasSubstr(folder.path().string())));
  const auto opened = open_session(settings.target);
  ASSERT_TRUE(opened.ok());
  TensorCache cache;
  EXPECT_TRUE(compute(*opened, cache).ok());
}

TEST(CarriedSession, what_carries_none_is_a_picture_or_says_so) {
  TempFolder folder;
  ASSERT_TRUE(write_png(folder.file("plain.png"), flat_frame(12, 10, 0)).ok());
  const auto picture = open_session(folder.file("plain.png"));
  ASSERT_TRUE(picture.ok());
  EXPECT_EQ(picture->input.kind, SourceKind::image);
  std::ofstream(folder.file("foreign.svg")) << "<svg xmlns=\"http://www.w3.org/2000/svg\"/>";
  std::ofstream(folder.file("foreign.html")) << "<!DOCTYPE html><title>x</title>";
  std::ofstream(folder.file("foreign.pdf")) << "%PDF-1.4\n%%EOF\n";
  for (const char* name : {"foreign.svg", "foreign.html", "foreign.pdf"}) {
    const auto opened = open_session(folder.file(name));
    ASSERT_FALSE(opened.ok()) << name;
    EXPECT_EQ(opened.error().code, "error.no_session_inside") << name;
  }
  // a session of a later version, or a broken one, in a picture: the picture is there all the same
  ASSERT_TRUE(write_png(folder.file("later.png"), flat_frame(12, 10, 0),
                        {{"convscope-session", "{\"format\":\"convscope-session\",\"version\":99}"}})
                  .ok());
  EXPECT_EQ(open_session(folder.file("later.png"))->input.kind, SourceKind::image);
}

TEST(CarriedSession, without_one_nothing_of_it_is_written) {
  const Session session = awkward_session();
  for (const std::string& ending : export_endings()) {
    TempFolder folder;
    ExportSettings settings = settings_for(session, folder.file("a" + ending));
    settings.session.reset();
    ASSERT_TRUE(write(session, settings).ok()) << ending;
    EXPECT_THAT(bytes_of(settings.target), Not(HasSubstr("steps_per_second"))) << ending;
    EXPECT_FALSE(carried_text(settings.target).json.has_value()) << ending;
  }
}

TEST(CarriedSession, other_programs_see_it_too) {
  TempFolder folder;
  const Session session = awkward_session();
  const auto exported = [&](const char* name) {
    const std::string target = folder.file(name);
    EXPECT_TRUE(write(session, settings_for(session, target)).ok()) << name;
    return "'" + target + "'";
  };
  const auto has = [](const std::string& ending) {
    const auto endings = export_endings();
    return std::find(endings.begin(), endings.end(), ending) != endings.end();
  };
  if (has_program("identify")) {
    EXPECT_THAT(output_of("identify -format '%c' " + exported("a.gif") + "[0]"), HasSubstr("输入"))
        << "the description, the last comment, is what programs show";
  }
  if (has_program("xmllint")) {
    EXPECT_THAT(output_of("xmllint --xpath '//*[@id=\"convscope-session\"]/text()' " + exported("a.svg")),
                HasSubstr("\"steps_per_second\": 3.5"));
  }
  if (has(".mp4") && has_program("ffprobe")) {
    EXPECT_THAT(output_of("ffprobe -v error -export_xmp 1 -show_entries format_tags=xmp " + exported("a.mp4")),
                HasSubstr("<convscope:session>{\"format\""));
    EXPECT_THAT(output_of("ffprobe -v error -show_entries format_tags " + exported("a.webm")),
                HasSubstr("CONVSCOPE_SESSION={\"format\""));
  }
  if (has(".webp") && has_program("webpmux")) {
    const std::string packet = folder.file("x.xmp");
    output_of("webpmux -get xmp " + exported("a.webp") + " -o '" + packet + "' 2>&1");
    EXPECT_THAT(bytes_of(packet), HasSubstr("<convscope:session>{\"format\""));
    EXPECT_THAT(output_of("webpinfo " + exported("a.webp")), HasSubstr("No error detected"));
  }
  if (has(".pdf") && has_program("pdfinfo")) {
    const std::string facts = output_of("pdfinfo -custom " + exported("a.pdf") + " 2>&1");
    EXPECT_THAT(facts, HasSubstr("ConvScopeSession:{\"format\""));
    EXPECT_THAT(facts, HasSubstr("卷积"));
    EXPECT_THAT(facts, Not(HasSubstr("rror")));
  }
}

}  // namespace
}  // namespace convscope::testing
