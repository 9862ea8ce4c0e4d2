// From a preset to a file, through the real scene, the real renderer and the real encoders.
#include "app/export/export_job.h"

#include <atomic>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "app/render/egl_context.h"
#include "app/render/gl_canvas.h"
#include "app/scene/build_scene.h"
#include "app/scene/theme.h"
#include "app/session/presets.h"
#include "clip_tools.h"

namespace convscope::testing {
namespace {

ComputationPtr computed(const std::string& preset) {
  const auto session = open_session(preset);
  EXPECT_TRUE(session.ok()) << preset;
  TensorCache cache;
  auto computation = compute(session.value(), cache);
  EXPECT_TRUE(computation.ok()) << preset;
  return computation.value();
}

ExportSettings small(const std::string& target) {
  ExportSettings settings;
  settings.target = target;
  settings.width = 320;
  settings.height = 180;
  settings.fps = 10;
  settings.end_pause_seconds = 1;
  return settings;
}

Pixels drawn(const ComputationPtr& computation, const ExportSettings& settings, int64_t frame) {
  const auto fonts = FontStack::open();
  const auto context = EglContext::create();
  const auto renderer = FrameRenderer::create(**fonts, settings.width, settings.height);
  Scene scene;
  build_scene(export_scene_request(computation, settings, **fonts, frame), scene);
  Pixels pixels;
  (*renderer)->render(scene, theme(settings.theme), export_scale(settings), pixels);
  return pixels;
}

double worst(const Pixels& a, const Pixels& b) {
  if (a.rgba.size() != b.rgba.size()) return 999;
  int most = 0;
  for (size_t i = 0; i < a.rgba.size(); ++i) most = std::max(most, std::abs(a.rgba[i] - b.rgba[i]));
  return most;
}

TEST(Forecast, counts_what_will_come_out) {
  const auto c = computed("padding_strides");  // nine steps
  ASSERT_EQ(step_count(*c->plan.conv2d()), 9);
  ExportSettings settings;
  settings.target = "x.gif";
  auto forecast = forecast_export(c->plan, settings).value();
  EXPECT_TRUE(forecast.animation);
  EXPECT_EQ(forecast.frames, 9 * 10 + 40);
  EXPECT_DOUBLE_EQ(forecast.seconds, 6.5);
  settings.steps = {3, 5};
  settings.end_pause_seconds = 0;
  EXPECT_EQ(forecast_export(c->plan, settings)->frames, 30);
  settings.steps.reset();
  settings.target = "x.png";
  EXPECT_FALSE(forecast_export(c->plan, settings)->animation);
  EXPECT_EQ(forecast_export(c->plan, settings)->frames, 1);
}

TEST(Forecast, refuses_each_bad_setting_by_name) {
  const auto c = computed("padding_strides");
  const auto field_of = [&](auto change) {
    ExportSettings settings = small("x.gif");
    change(settings);
    const auto forecast = forecast_export(c->plan, settings);
    return forecast.ok() ? std::string("accepted") : forecast.error().code + " " + forecast.error().field;
  };
  using S = ExportSettings&;
  EXPECT_EQ(field_of([](S) {}), "accepted");
  EXPECT_EQ(field_of([](S s) { s.width = 15; }), "error.export_size size");
  EXPECT_EQ(field_of([](S s) { s.height = 7681; }), "error.export_size size");
  EXPECT_EQ(field_of([](S s) { s.width = -960; }), "error.export_size size");
  EXPECT_EQ(field_of([](S s) { s.fps = 0; }), "error.export_fps fps");
  EXPECT_EQ(field_of([](S s) { s.fps = 121; }), "error.export_fps fps");
  EXPECT_EQ(field_of([](S s) { s.fps = 51; }), "error.export_format_fps fps");
  EXPECT_EQ(field_of([](S s) { s.step_seconds = 0; }), "error.export_step_seconds step_seconds");
  EXPECT_EQ(field_of([](S s) { s.step_seconds = std::nan(""); }), "error.export_step_seconds step_seconds");
  EXPECT_EQ(field_of([](S s) { s.end_pause_seconds = -1; }), "error.export_end_pause end_pause");
  EXPECT_EQ(field_of([](S s) { s.steps = {0, 3}; }), "error.export_steps steps");
  EXPECT_EQ(field_of([](S s) { s.steps = {4, 3}; }), "error.export_steps steps");
  EXPECT_EQ(field_of([](S s) { s.steps = {1, 10}; }), "error.export_steps steps");
  EXPECT_EQ(field_of([](S s) { s.still_step = 3; }), "error.export_step_in_animation step");
  EXPECT_EQ(field_of([](S s) { s.target = "x.png", s.still_step = 10; }), "error.export_step step");
  EXPECT_EQ(field_of([](S s) { s.target = "x.png", s.still_step = 0; }), "error.export_step step");
  EXPECT_EQ(field_of([](S s) { s.target = "x.png", s.steps = {1, 2}; }), "error.export_steps_in_still steps");
  EXPECT_EQ(field_of([](S s) { s.target = "x.apng", s.fps = 91; }), "error.export_format_fps fps");
  EXPECT_EQ(field_of([](S s) { s.target = "x.avi"; }), "error.export_unknown_format output");
#ifdef CONVSCOPE_VIDEO
  EXPECT_EQ(field_of([](S s) { s.target = "x.mp4", s.transparent = true; }),
            "error.export_no_transparency transparent");
  EXPECT_EQ(field_of([](S s) { s.target = "x.webm", s.transparent = true; }), "accepted");
  EXPECT_EQ(field_of([](S s) { s.target = "x.webm", s.transparent = s.chroma444 = true; }),
            "error.export_clear_444 chroma");
#endif
}

TEST(Forecast, a_chroma_that_the_format_does_not_have_is_refused) {
  const auto c = computed("padding_strides");
  ExportSettings settings = small("x.gif");
  settings.chroma444 = true;
  ASSERT_FALSE(forecast_export(c->plan, settings).ok());
  EXPECT_EQ(forecast_export(c->plan, settings).error().code, "error.export_chroma_unused");
}

TEST(Export, a_size_at_which_nothing_can_be_read_is_refused_with_one_that_works) {
  const auto c = computed("tutorial_5_2");
  TempFolder folder;
  ExportSettings settings = small(folder.file("a.png"));
  settings.width = settings.height = 64;
  const auto refused = run_export(c, settings);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "error.export_too_small");
  EXPECT_TRUE(folder.names().empty());
  ASSERT_EQ(std::sscanf(refused.error().args.at(2).c_str(), "%dx%d", &settings.width, &settings.height), 2);
  EXPECT_TRUE(run_export(c, settings).ok());
  --settings.width, --settings.height;
  EXPECT_FALSE(run_export(c, settings).ok()) << "the smallest one was named";
}

TEST(Forecast, two_million_steps_are_refused_with_a_range_that_works) {
  const auto session = open_session("photo_1080p");
  ASSERT_TRUE(session.ok());
  TensorCache cache;
  const auto plan = plan_of(*session, cache);
  ASSERT_TRUE(plan.ok());
  ASSERT_GT(step_count(*plan, Lens::sliding), 1'000'000);
  for (const char* target : {"x.gif", "x.svg", "f/%d.png"}) {
    ExportSettings settings;
    settings.target = target;
    const auto refused = forecast_export(*plan, settings);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, "error.export_too_many_frames");
    long long first = 0, last = 0;
    ASSERT_EQ(std::sscanf(refused.error().args.at(3).c_str(), "%lld:%lld", &first, &last), 2);
    settings.steps = {first, last};
    EXPECT_TRUE(forecast_export(*plan, settings).ok()) << target;
  }
}

TEST(Export, gif_shows_the_rendered_frames_pixel_by_pixel) {
  TempFolder folder;
  const auto c = computed("padding_strides");
  const ExportSettings settings = small(folder.file("a.gif"));
  Job job;
  ASSERT_TRUE(run_export(c, settings, &job).ok());
  EXPECT_FLOAT_EQ(job.progress, 1.0f);
  const GifClip clip = read_gif(folder.file("a.gif"));
  EXPECT_EQ(clip.width, 320);
  EXPECT_EQ(clip.height, 180);
  EXPECT_EQ(clip.total_delay(), 450 + 100);
  EXPECT_FALSE(clip.comment.empty());
  // The picture at a time of the clip is the picture of that frame: fills exactly, edges of letters closely.
  for (const int64_t frame : {0, 12, 44, 54}) {
    int at = 0;
    size_t index = 0;
    while (index + 1 < clip.delays.size() && at + clip.delays[index] <= frame * 10) at += clip.delays[index++];
    const Pixels wanted = drawn(c, settings, frame);
    EXPECT_GT(psnr(clip.frames[index], wanted), 40) << frame;
    size_t same = 0;
    for (size_t i = 0; i < wanted.rgba.size(); i += 4) {
      same += std::equal(wanted.rgba.begin() + static_cast<std::ptrdiff_t>(i),
                         wanted.rgba.begin() + static_cast<std::ptrdiff_t>(i + 4),
                         clip.frames[index].rgba.begin() + static_cast<std::ptrdiff_t>(i));
    }
    EXPECT_GT(static_cast<double>(same), 0.9 * static_cast<double>(wanted.rgba.size()) / 4) << frame;
  }
}

TEST(Export, png_still_is_the_rendered_step_and_the_last_by_default) {
  TempFolder folder;
  const auto c = computed("padding_strides");
  ExportSettings settings = small(folder.file("a.png"));
  ASSERT_TRUE(run_export(c, settings).ok());
  EXPECT_EQ(worst(read_png(settings.target), drawn(c, settings, 0)), 0);
  const std::string last = bytes_of(settings.target);
  settings.still_step = 9;
  ASSERT_TRUE(run_export(c, settings).ok());
  EXPECT_EQ(bytes_of(settings.target), last);
  settings.still_step = 4;
  ASSERT_TRUE(run_export(c, settings).ok());
  EXPECT_NE(bytes_of(settings.target), last);
}

TEST(Export, a_clear_background_is_clear_in_png_and_gif) {
  TempFolder folder;
  const auto c = computed("padding_strides");
  for (const char* name : {"a.png", "a.gif"}) {
    ExportSettings settings = small(folder.file(name));
    settings.transparent = true;
    ASSERT_TRUE(run_export(c, settings).ok());
    const Pixels last =
        std::string(name) == "a.png" ? read_png(settings.target) : read_gif(settings.target).frames.back();
    EXPECT_EQ(last.rgba[3], 0) << name;
    size_t solid = 0;
    for (size_t i = 3; i < last.rgba.size(); i += 4) solid += last.rgba[i] == 255;
    EXPECT_GT(solid, 1000u) << name;
  }
}

TEST(Export, a_sequence_has_every_frame_and_ends_with_the_still) {
  TempFolder folder;
  const auto c = computed("padding_strides");
  ExportSettings settings = small(folder.file("f/%03d.png"));
  settings.steps = {8, 9};
  ASSERT_TRUE(run_export(c, settings).ok());
  EXPECT_EQ(folder.names().size(), 1u + 20u);
  EXPECT_TRUE(std::filesystem::exists(folder.file("f/001.png")));
  ASSERT_TRUE(std::filesystem::exists(folder.file("f/020.png")));
  EXPECT_GT(psnr(read_png(folder.file("f/020.png")), read_png(folder.file("f/010.png"))), 10);
  EXPECT_EQ(worst(read_png(folder.file("f/020.png")), drawn(c, settings, 19)), 0);
}

/// The frame that a clip shows at each time of the sequence, and that sequence: the lossless formats' frames.
void expect_frames_of_sequence(const std::vector<Pixels>& frames, const std::vector<double>& starts,
                               const ComputationPtr& c, ExportSettings settings) {
  TempFolder folder;
  settings.target = folder.file("f/%04d.png");
  ASSERT_TRUE(run_export(c, settings).ok());
  ASSERT_EQ(frames.size(), starts.size());
  size_t shown = 0, wanted_frames = folder.names().size() - 1;
  for (size_t i = 0; i < wanted_frames; ++i) {
    const double time = (static_cast<double>(i) + 0.5) / settings.fps;
    while (shown + 1 < starts.size() && starts[shown + 1] <= time) ++shown;
    char name[32];
    std::snprintf(name, sizeof name, "f/%04d.png", static_cast<int>(i) + 1);
    const Pixels wanted = read_png(folder.file(name));
    for (size_t p = 0; p < wanted.rgba.size(); p += 4) {
      ASSERT_EQ(frames[shown].rgba[p + 3], wanted.rgba[p + 3]) << name;
      if (wanted.rgba[p + 3] == 0) continue;
      ASSERT_TRUE(std::equal(wanted.rgba.begin() + static_cast<std::ptrdiff_t>(p),
                             wanted.rgba.begin() + static_cast<std::ptrdiff_t>(p + 3),
                             frames[shown].rgba.begin() + static_cast<std::ptrdiff_t>(p)))
          << name << " pixel " << p / 4;
    }
  }
}

TEST(Export, apng_and_webp_are_the_png_sequence_exactly) {
  if (!has_program("ffmpeg") || !has_program("webpinfo")) GTEST_SKIP() << "needs the programs ffmpeg and webpinfo";
  const auto c = computed("padding_strides");
  for (const bool clear : {false, true}) {
    TempFolder folder;
    ExportSettings settings = small(folder.file("a.apng"));
    settings.transparent = clear;
    settings.width = 321, settings.height = 181;
    settings.caption = true;
    ASSERT_TRUE(run_export(c, settings).ok());
    expect_frames_of_sequence(read_animation(settings.target, 321, 181), frame_times(settings.target), c, settings);
#ifdef CONVSCOPE_WEBP
    settings.target = folder.file("a.webp");
    ASSERT_TRUE(run_export(c, settings).ok());
    const WebpClip clip = read_webp(settings.target);
    std::vector<double> starts;
    double at = 0;
    for (const int delay : clip.milliseconds) starts.push_back(at), at += delay / 1000.0;
    EXPECT_NEAR(at, 5.5, 1e-9);
    expect_frames_of_sequence(clip.frames, starts, c, settings);
#endif
  }
}

#ifdef CONVSCOPE_VIDEO
TEST(Export, webm_has_every_frame_close_to_what_is_drawn_and_keeps_a_clear_background) {
  if (!has_program("ffmpeg")) GTEST_SKIP() << "needs the program ffmpeg";
  TempFolder folder;
  const auto c = computed("padding_strides");
  ExportSettings settings = small(folder.file("a.webm"));
  settings.width = 321, settings.height = 181;  // VP9 takes odd sizes as they are
  settings.chroma444 = true;
  ASSERT_TRUE(run_export(c, settings).ok());
  const auto frames = read_video(settings.target, 321, 181);
  ASSERT_EQ(frames.size(), 55u);
  for (const size_t frame : {size_t{0}, size_t{12}, size_t{54}}) {
    EXPECT_GT(psnr(frames[frame], drawn(c, settings, static_cast<int64_t>(frame))), 34) << frame;
  }
  settings.chroma444 = false;
  settings.transparent = true;
  ASSERT_TRUE(run_export(c, settings).ok());
  const std::string bytes =
      output_of("ffmpeg -v error -c:v libvpx-vp9 -i '" + settings.target + "' -f rawvideo -pix_fmt rgba - ");
  ASSERT_EQ(bytes.size(), 55u * 321 * 181 * 4);
  const Pixels last = drawn(c, settings, 54);
  size_t clear = 0, solid = 0, wrong = 0;
  for (size_t i = 3; i < last.rgba.size(); i += 4) {
    const int alpha = static_cast<unsigned char>(bytes[54u * 321 * 181 * 4 + i]);
    clear += last.rgba[i] == 0 && alpha < 8;
    solid += last.rgba[i] == 255 && alpha > 247;
    wrong += std::abs(alpha - last.rgba[i]) > 64;
  }
  EXPECT_GT(clear, 20000u);
  EXPECT_GT(solid, 1000u);
  EXPECT_LT(wrong, 600u);
}

TEST(Export, mp4_has_every_frame_close_to_what_is_drawn) {
  if (!has_program("ffmpeg")) GTEST_SKIP() << "needs the program ffmpeg";
  TempFolder folder;
  const auto c = computed("padding_strides");
  ExportSettings settings = small(folder.file("a.mp4"));
  settings.chroma444 = true;
  ASSERT_TRUE(run_export(c, settings).ok());
  const auto frames = read_video(settings.target, 320, 180);
  ASSERT_EQ(frames.size(), 55u);
  for (const size_t frame : {size_t{0}, size_t{12}, size_t{54}}) {
    EXPECT_GT(psnr(frames[frame], drawn(c, settings, static_cast<int64_t>(frame))), 34) << frame;
  }
}
#endif

TEST(Export, svg_is_well_formed_and_draws_with_an_independent_reader) {
  TempFolder folder;
  const auto c = computed("padding_strides");
  ExportSettings settings = small(folder.file("a.svg"));
  ASSERT_TRUE(run_export(c, settings).ok());
  // the size asked for, whatever the units inside
  EXPECT_NE(bytes_of(settings.target).find("width=\"320\" height=\"180\""), std::string::npos);
  EXPECT_NE(bytes_of(settings.target).find("<desc"), std::string::npos);
  settings.target = folder.file("b.svg");
  settings.still_step = 4;
  ASSERT_TRUE(run_export(c, settings).ok());
  if (!has_program("rsvg-convert")) GTEST_SKIP() << "needs the program rsvg-convert";
  int status = -1;
  output_of("rsvg-convert '" + folder.file("a.svg") + "' -o '" + folder.file("a.png") + "'", &status);
  EXPECT_EQ(status, 0);
  output_of("rsvg-convert '" + folder.file("b.svg") + "' -w 320 -h 180 -o '" + folder.file("b.png") + "'", &status);
  ASSERT_EQ(status, 0);
  // other fonts and another rasteriser, but the same picture
  EXPECT_GT(psnr(read_png(folder.file("b.png")), drawn(c, settings, 0)), 15);
}

TEST(Export, alternative_text_goes_beside_the_file) {
  EXPECT_EQ(alt_text_target("a/clip.gif"), "a/clip.alt.txt");
  EXPECT_EQ(alt_text_target("clip.v2.gif"), "clip.v2.alt.txt");
  EXPECT_EQ(alt_text_target("/clip.gif"), "/clip.alt.txt");
  EXPECT_EQ(alt_text_target("a/frames/%04d.png"), "a/frames.alt.txt");
  EXPECT_EQ(alt_text_target("%04d.png"), "%04d.alt.txt");
  TempFolder folder;
  const auto c = computed("padding_strides");
  ExportSettings settings = small(folder.file("a.gif"));
  settings.steps = {{3, 5}};
  settings.alt_text = true;
  for (const Language language : {Language::en, Language::zh}) {
    settings.language = language;
    ASSERT_TRUE(run_export(c, settings).ok());
    std::istringstream lines(bytes_of(folder.file("a.alt.txt")));
    std::vector<std::string> text;
    for (std::string line; std::getline(lines, line);) text.push_back(line);
    ASSERT_EQ(text.size(), 3u + 3u);
    EXPECT_EQ(text[3], language == Language::en ? "Step 3 of 9: Y[0, 0, 0, 2] = sum of 9 products = 8"
                                                : "第 3 步，共 9 步：Y[0, 0, 0, 2] = 9 个乘积之和 = 8");
    EXPECT_NE(text[5].find(language == Language::en ? "Step 5 of 9" : "第 5 步"), std::string::npos);
  }
  EXPECT_EQ(folder.names().size(), 2u);
  // where the picture cannot be written there is no text either
  settings.target = folder.file("no/such/a.gif");
  EXPECT_FALSE(run_export(c, settings).ok());
  settings.target = folder.file("b.gif");
  Job job;
  job.cancelled = true;
  EXPECT_FALSE(run_export(c, settings, &job).ok());
  EXPECT_EQ(folder.names().size(), 2u);
}

TEST(Export, the_same_export_twice_gives_the_same_bytes) {
  const auto c = computed("padding_strides");
  for (const std::string& ending : export_endings()) {
    TempFolder folder;
    ASSERT_TRUE(run_export(c, small(folder.file("a" + ending))).ok()) << ending;
    ASSERT_TRUE(run_export(c, small(folder.file("b" + ending))).ok()) << ending;
    EXPECT_EQ(bytes_of(folder.file("a" + ending)), bytes_of(folder.file("b" + ending))) << ending;
  }
}

TEST(Export, a_cancelled_job_leaves_nothing_and_spares_the_old_file) {
  const auto c = computed("padding_strides");
  for (const std::string& ending : export_endings()) {
    TempFolder folder;
    std::ofstream(folder.file("a" + ending)) << "old";
    Job job;
    job.cancelled = true;
    const auto result = run_export(c, small(folder.file("a" + ending)), &job);
    ASSERT_FALSE(result.ok()) << ending;
    EXPECT_EQ(result.error().code, "error.export_cancelled") << ending;
    EXPECT_EQ(bytes_of(folder.file("a" + ending)), "old") << ending;
    EXPECT_EQ(folder.names().size(), 1u) << ending;
  }
}

TEST(Export, cancelling_in_the_middle_ends_the_job_without_a_file) {
  const auto c = computed("padding_strides");
  TempFolder folder;
  ExportSettings settings = small(folder.file("f/%04d.png"));
  settings.fps = 120;
  settings.step_seconds = 20;  // far longer than the test waits
  Job job;
  std::thread canceller([&job] {
    while (job.progress <= 0 && !job.cancelled) std::this_thread::yield();
    job.cancelled = true;
  });
  const auto result = run_export(c, settings, &job);
  job.cancelled = true;
  canceller.join();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, "error.export_cancelled");
  EXPECT_TRUE(folder.names().empty());
}

/// An export of one step and an hour's pause, stopped as soon as it has told that anything is written.
void stop_in_the_pause(const std::string& name) {
  const auto c = computed("padding_strides");
  TempFolder folder;
  ExportSettings settings = small(folder.file(name));
  settings.steps = {9, 9};
  settings.fps = 25;
  settings.step_seconds = 0.04;  // one frame
  settings.end_pause_seconds = 3600;
  Job job;
  std::atomic<bool> ended{false};
  float progress = 0;
  std::thread canceller([&] {
    while (job.progress <= 0 && !ended) std::this_thread::yield();
    progress = job.progress;
    job.cancelled = true;
  });
  const auto result = run_export(c, settings, &job);
  ended = true;
  canceller.join();
  ASSERT_FALSE(result.ok()) << name;
  EXPECT_EQ(result.error().code, "error.export_cancelled") << name;
  EXPECT_TRUE(folder.names().empty()) << name;
  // frames are counted, not pictures: of the pause next to nothing had been written
  EXPECT_LT(progress, 0.5f) << name;
}

TEST(Export, a_long_pause_can_be_stopped_in_a_sequence) { stop_in_the_pause("f/%05d.png"); }
#ifdef CONVSCOPE_VIDEO
TEST(Export, a_long_pause_can_be_stopped_in_a_video) {
  stop_in_the_pause("a.mp4");
  stop_in_the_pause("a.webm");
}
#endif

TEST(Export, scale_keeps_the_composition) {
  ExportSettings settings;
  EXPECT_FLOAT_EQ(export_scale(settings), 1.0f);
  settings.width = 1920, settings.height = 1080;
  EXPECT_FLOAT_EQ(export_scale(settings), 2.0f);
  settings.width = 1080, settings.height = 1920;
  EXPECT_FLOAT_EQ(export_scale(settings), 2.0f);
  settings.width = 1000, settings.height = 540;
  EXPECT_FLOAT_EQ(export_scale(settings), 1.0f);
  settings.width = 16, settings.height = 16;
  EXPECT_FLOAT_EQ(export_scale(settings), 0.75f);
}

}  // namespace
}  // namespace convscope::testing
