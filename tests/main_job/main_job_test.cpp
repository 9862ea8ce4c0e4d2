// A picture is opened, Sobel chosen, padding set to 1 and stride to 2 through the interface, forty steps played, and
// GIF, MP4, PNG and SVG exported; what comes out is held against the engine, and the engine against PyTorch.
// With CONVSCOPE_MAIN_JOB_LEFT=FOLDER it looks at what another window left behind there (real_window_test.sh).
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <utility>

#include "app/export/export_job.h"
#include "app/io/image.h"
#include "app/io/npy.h"
#include "app/render/font_stack.h"
#include "app/scene/build_scene.h"
#include "app/scene/theme.h"
#include "app/session/computation.h"
#include "app/session/session_json.h"
#include "tests/main_job/picture.h"

namespace convscope {
namespace {

namespace fs = std::filesystem;

constexpr int kOutputHeight = 54;
constexpr int kOutputWidth = 96;
constexpr int kSteps = kOutputHeight * kOutputWidth;
constexpr int kPlayedSteps = 40;
constexpr int kExportWidth = 1920;
constexpr int kExportHeight = 1080;
constexpr double kExportSeconds = kPlayedSteps * 0.5 + 2.0;

struct Ran {
  int status = -1;
  std::string output;  // standard output and error
};

Ran run(const std::string& command) {
  Ran ran;
  FILE* pipe = popen((command + " 2>&1 </dev/null").c_str(), "r");
  if (pipe == nullptr) return ran;
  char block[4096];
  for (size_t n = 0; (n = fread(block, 1, sizeof block, pipe)) > 0;) ran.output.append(block, n);
  const int status = pclose(pipe);
  ran.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return ran;
}

/// What the user does, as a script. `picture` is opened through the dialog.
std::string script(const std::string& picture, const std::string& folder) {
  std::string text =
      "key ctrl+o\n"
      "type " +
      picture +
      "\n"
      "key enter\n"
      "wait idle\n"
      "click kernel.named\n"
      "click kernel.named.sobel_x\n"
      "click padding.h\nkey ctrl+a\ntype 1\nkey enter\n"
      "click stride.h\nkey ctrl+a\ntype 2\nkey enter\n"
      "wait idle\n"
      // Forty steps take twenty seconds at two steps a second: the forty-first is on its way shortly before.
      "click timeline.play\nwait 19.8\nclick timeline.play\n"
      "expect step 41\n";
  const auto set = [](const std::string& widget, const std::string& value) {
    return "click " + widget + "\nkey ctrl+a\ntype " + value + "\nkey enter\n";
  };
  const auto exports = [&](const std::string& format, const std::string& file, bool animation) {
    text += "key ctrl+e\nclick export.format\nclick export.format." + format + "\n";
    text += "click export.target\nkey ctrl+a\ntype " + folder + "/" + file + "\nkey tab\n";
    text += "click export.size\nclick export.size.1920x1080\n";
    if (animation) text += set("export.last", std::to_string(kPlayedSteps));
    if (!animation) text += set("export.step", std::to_string(kSteps));
    text += "click export.ok\nwait idle\nexpect export.done\nkey escape\n";
  };
  exports("gif", "job.gif", true);
  exports("mp4", "job.mp4", true);
  exports("png", "job.png", false);
  exports("svg_still", "job.svg", false);
  text += "key ctrl+s\ntype " + folder + "/job.json\nkey enter\nwait idle\n";
  return text;
}

class MainJob : public testing::TestWithParam<const char*> {
 protected:
  static void SetUpTestSuite() {
    std::ifstream file(CONVSCOPE_SOURCE_DIR "/tests/main_job/main_job.json");
    reference_ = nlohmann::json::parse(file);
    if (const char* left = std::getenv("CONVSCOPE_MAIN_JOB_LEFT"); left != nullptr) {
      root_ = left;
      pictures_made_ = true;
      for (const char* picture : {"picture.png", "picture.jpg"}) ran_[picture].status = 0;
      return;
    }
    // Both pictures go through the window once; every test looks at what was left.
    root_ = fs::temp_directory_path() / ("convscope-main-job-" + std::to_string(getpid()));
    fs::create_directories(root_);
    pictures_made_ = write_main_job_pictures(root_.string());
    for (const char* picture : {"picture.png", "picture.jpg"}) {
      const fs::path folder = root_ / (std::string(picture) + ".out");
      fs::create_directories(folder);
      std::ofstream(folder / "actions.txt") << script((root_ / picture).string(), folder.string());
      ran_[picture] = run("env -u DISPLAY XDG_CONFIG_HOME=" + folder.string() +
                          " '" CONVSCOPE_BINARY "' screenshot tutorial_5_1 --size 1600x900 -o " + folder.string() +
                          "/window.png --actions " + folder.string() + "/actions.txt");
    }
  }
  static void TearDownTestSuite() {
    if (std::getenv("CONVSCOPE_MAIN_JOB_LEFT") == nullptr) fs::remove_all(root_);
  }

  void SetUp() override {
    ASSERT_TRUE(pictures_made_);
    ASSERT_EQ(ran_[GetParam()].status, 0) << ran_[GetParam()].output;
  }

  std::string folder() const { return (root_ / (std::string(GetParam()) + ".out")).string(); }
  std::string file(const std::string& name) const { return folder() + "/" + name; }
  const nlohmann::json& reference() const { return reference_[GetParam()]; }

  /// The session that the window saved, computed anew.
  ComputationPtr saved_computation() const {
    const Result<Session> session = load_session(file("job.json"));
    if (!session) return nullptr;
    TensorCache cache;
    const Result<ComputationPtr> computation = compute(*session, cache);
    return computation ? *computation : nullptr;
  }

  inline static fs::path root_;
  inline static bool pictures_made_ = false;
  inline static std::map<std::string, Ran> ran_;
  inline static nlohmann::json reference_;
};

TEST_P(MainJob, the_engine_computes_what_pytorch_computes) {
  const ComputationPtr computation = saved_computation();
  ASSERT_NE(computation, nullptr);
  const Tensor& input = computation->tensors.input;
  const Tensor& output = computation->tensors.output;
  ASSERT_EQ(output.shape(), (Shape{1, 1, kOutputHeight, kOutputWidth}));
  double levels = 0;
  for (int64_t i = 0; i < input.numel(); ++i) levels += std::round(input.at(i) * 255.0);
  EXPECT_EQ(static_cast<int64_t>(levels), reference()["input_levels"].get<int64_t>()) << "another picture was read";
  // design.md's bound: epsilon * max(4, 2.5 sqrt(K)) * the largest sum of |products|; K = 27, inputs at most 1 and
  // the absolute weights of Sobel sum to 8.
  const double tolerance = 1.1920929e-7 * 2.5 * std::sqrt(27.0) * 8;
  for (const auto& cell : reference()["cells"]) {
    const int64_t row = cell[0], column = cell[1];
    EXPECT_NEAR(output.at(row * kOutputWidth + column), cell[2].get<double>(), tolerance)
        << "y[0, 0, " << row << ", " << column << "]";
  }
}

/// Where a still of the sliding lens shows output cells, and in which colour: taken from the same scene.
struct OutputPicture {
  Mark mark;
  Raster raster;
  bool found = false;
};

OutputPicture output_picture(const Scene& scene) {
  for (const Mark& mark : scene.marks) {
    if (mark.kind != Mark::Kind::raster) continue;
    const Raster& raster = scene.rasters[static_cast<size_t>(mark.raster)];
    if (raster.id == TensorId::output) return {mark, raster, true};
  }
  return {};
}

/// Holds the colours of chosen output cells in a picture of the last step against PyTorch's numbers.
void expect_pytorchs_colours(const ComputationPtr& computation, const Tensor& still, const nlohmann::json& cells) {
  ASSERT_EQ(still.shape(), (Shape{1, 3, kExportHeight, kExportWidth}));
  const auto fonts = FontStack::open();
  ASSERT_TRUE(fonts.ok());
  ExportSettings settings;
  settings.target = "job.png";
  settings.width = kExportWidth;
  settings.height = kExportHeight;
  settings.still_step = kSteps;
  const SceneRequest request = export_scene_request(computation, settings, **fonts, 0);
  Scene scene;
  build_scene(request, scene);
  const OutputPicture y = output_picture(scene);
  ASSERT_TRUE(y.found) << "the output is not drawn as a texture";
  const float scale = static_cast<float>(kExportWidth) / scene.width;
  const float cell_width = y.mark.box.width() * scale / kOutputWidth;
  const float cell_height = y.mark.box.height() * scale / kOutputHeight;
  ASSERT_GE(std::min(cell_width, cell_height), 3.0f) << "too small to look at single cells";

  int checked = 0, coloured = 0;
  for (const auto& cell : cells) {
    const int row = cell[0], column = cell[1];
    // Marks of the current cell and of the frame lie over the border.
    if (row < 2 || column < 2 || row > kOutputHeight - 4 || column > kOutputWidth - 4) continue;
    const auto px = static_cast<int64_t>(y.mark.box.x0 * scale + (static_cast<float>(column) + 0.5f) * cell_width);
    const auto py = static_cast<int64_t>(y.mark.box.y0 * scale + (static_cast<float>(row) + 0.5f) * cell_height);
    Mark wanted;
    wanted.role = Role::output;
    wanted.fill = Fill::value;
    wanted.value = static_cast<float>(cell[2].get<double>()) / y.raster.high;
    const Color color = fill_color(theme(ThemeId::light), wanted);
    const float channels[3] = {color.r, color.g, color.b};
    for (int64_t c = 0; c < 3; ++c) {
      const double seen = still.at((c * kExportHeight + py) * kExportWidth + px);
      EXPECT_NEAR(seen, static_cast<double>(channels[c]), 3.0 / 255)
          << "cell " << row << ", " << column << " channel " << c;
    }
    ++checked;
    if (std::fabs(wanted.value) > 0.1f) ++coloured;
  }
  EXPECT_GT(checked, 50);
  EXPECT_GT(coloured, 5) << "a picture without edges would pass by being white";
}

TEST_P(MainJob, the_still_shows_pytorchs_numbers_as_colours) {
  const ComputationPtr computation = saved_computation();
  ASSERT_NE(computation, nullptr);
  const Result<Tensor> still = read_image(file("job.png"));
  ASSERT_TRUE(still.ok());
  expect_pytorchs_colours(computation, *still, reference()["cells"]);
}

TEST_P(MainJob, the_svg_shows_pytorchs_numbers_as_colours) {
  if (run("rsvg-convert --version").status != 0) GTEST_SKIP() << "rsvg-convert is not installed";
  const ComputationPtr computation = saved_computation();
  ASSERT_NE(computation, nullptr);
  const Ran ran = run("rsvg-convert --width " + std::to_string(kExportWidth) + " " + file("job.svg") + " -o " +
                      file("job.svg.png"));
  ASSERT_EQ(ran.status, 0) << ran.output;
  const Result<Tensor> still = read_image(file("job.svg.png"));
  ASSERT_TRUE(still.ok());
  expect_pytorchs_colours(computation, *still, reference()["cells"]);
}

TEST_P(MainJob, gif_and_mp4_have_the_size_and_the_length_of_forty_steps) {
  if (run("ffprobe -version").status != 0) GTEST_SKIP() << "ffprobe is not installed";
  const Ran gif =
      run("ffprobe -v error -select_streams v -show_entries stream=width,height:packet=duration_time -of csv=p=0 " +
          file("job.gif"));
  ASSERT_EQ(gif.status, 0) << gif.output;
  EXPECT_NE(gif.output.find("1920,1080"), std::string::npos) << gif.output;
  double seconds = 0;
  int frames = 0;
  std::istringstream lines(gif.output);
  for (std::string line; std::getline(lines, line);) {
    if (line.find(',') != std::string::npos && line.back() != ',') continue;  // the stream's line
    if (line.empty()) continue;
    seconds += std::atof(line.c_str());
    ++frames;
  }
  EXPECT_NEAR(seconds, kExportSeconds, 0.02);
  EXPECT_GE(frames, kPlayedSteps);

  const Ran mp4 =
      run("ffprobe -v error -count_frames -select_streams v -show_entries "
          "stream=codec_name,pix_fmt,width,height,nb_read_frames -of default=nw=1 " +
          file("job.mp4"));
  EXPECT_NE(mp4.output.find("codec_name=h264"), std::string::npos) << mp4.output;
  EXPECT_NE(mp4.output.find("pix_fmt=yuv420p"), std::string::npos) << mp4.output;
  EXPECT_NE(mp4.output.find("width=1920"), std::string::npos) << mp4.output;
  EXPECT_NE(mp4.output.find("height=1080"), std::string::npos) << mp4.output;
  const auto frame_count = static_cast<int>(std::lround(kExportSeconds * 20));
  EXPECT_NE(mp4.output.find("nb_read_frames=" + std::to_string(frame_count)), std::string::npos) << mp4.output;
}

TEST_P(MainJob, the_last_frames_of_gif_and_mp4_are_the_still_of_step_forty) {
  if (run("ffmpeg -version").status != 0) GTEST_SKIP() << "ffmpeg is not installed";
  const Ran still = run("'" CONVSCOPE_BINARY "' export " + file("job.json") + " -o " + file("step40.png") +
                        " --size 1920x1080 --step 40");
  ASSERT_EQ(still.status, 0) << still.output;
  const Result<Tensor> wanted = read_image(file("step40.png"));
  ASSERT_TRUE(wanted.ok());
  for (const auto& [name, least_psnr] : {std::pair{"job.gif", 30.0}, std::pair{"job.mp4", 24.0}}) {
    // Of the frames of the fortieth step and the pause the last one stays in the file.
    const std::string last = file(std::string(name) + ".png");
    const Ran ran =
        run("ffmpeg -v error -i " + file(name) + " -vf select='gte(t\\,19.5)' -vsync 0 -update 1 -y " + last);
    ASSERT_EQ(ran.status, 0) << ran.output;
    const Result<Tensor> seen = read_image(last);
    ASSERT_TRUE(seen.ok()) << ran.output;
    ASSERT_EQ(seen->shape(), wanted->shape());
    double squares = 0;
    for (int64_t i = 0; i < seen->numel(); ++i) squares += std::pow(seen->at(i) - wanted->at(i), 2);
    EXPECT_GT(-10 * std::log10(squares / static_cast<double>(seen->numel()) + 1e-12), least_psnr) << name;
  }
}

TEST_P(MainJob, the_svg_names_the_tensors_in_selectable_text) {
  std::ifstream stream(file("job.svg"));
  const std::string svg((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  EXPECT_NE(svg.find("<text"), std::string::npos);
  EXPECT_NE(svg.find("1x3x108x192"), std::string::npos);
  EXPECT_NE(svg.find("1x1x54x96"), std::string::npos);
  EXPECT_NE(svg.find("data:image/png;base64,"), std::string::npos);
  EXPECT_EQ(svg.find("<script"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Pictures, MainJob, testing::Values("picture.png", "picture.jpg"), [](const auto& tested) {
  return std::string(tested.param) == "picture.png" ? "png" : "jpeg";
});

}  // namespace
}  // namespace convscope
