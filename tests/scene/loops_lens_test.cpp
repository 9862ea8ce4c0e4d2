// The loop-nest lens: the code of each algorithm, the line of the moment and the values of the variables.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "app/scene/loop_code.h"
#include "app/session/presets.h"
#include "tests/scene/scenes.h"

namespace convscope {
namespace {

std::vector<std::string> python(const ConvPlan& plan, Algorithm algorithm) {
  std::vector<std::string> lines;
  for (const CodeLine& line : loop_code(plan, algorithm, Language::en)) {
    lines.push_back(std::string(static_cast<size_t>(line.indent) * 2, ' ') + line.code);
  }
  return lines;
}

// The code in the box that lights a line.
std::string lit_code(const Scene& scene) {
  for (const Mark& mark : scene.marks) {
    if (mark.kind == Mark::Kind::box && mark.role == Role::accent && mark.fill == Fill::tint)
      return text_in(scene, {mark.box.x0, mark.box.y0, mark.box.x1, mark.box.y1});
  }
  return "";
}

ComputationPtr with_algorithm(const char* preset, Algorithm algorithm) {
  Session session = find_preset(preset)->session;
  session.algorithm = algorithm;
  TensorCache cache;
  auto computed = compute(session, cache);
  return computed.ok() ? *computed : nullptr;
}

TEST(loop_code, is_the_tutorials_five_loops_with_the_layers_numbers) {
  const std::vector<std::string> expected = {
      "x = F.pad(x, (1, 1, 1, 1))",
      "y = x.new_zeros(2, 3, 3, 3)",
      "for n in range(2):",
      "  for k in range(3):",
      "    for p in range(3):",
      "      for q in range(3):",
      "        y0, x0 = p * 2, q * 2",
      "        y[n, k, p, q] = b[k]",
      "        for c in range(2):",
      "          window = x[n, c, y0:y0+3, x0:x0+3]",
      "          y[n, k, p, q] += (window * w[k, c]).sum()",
  };
  const ConvPlan& plan = *preset_numbers("tutorial_6_2_2")->plan.conv2d();
  EXPECT_EQ(python(plan, Algorithm::loops), expected);
  EXPECT_EQ(python(plan, Algorithm::automatic), expected);
}

TEST(loop_code, of_im2col_ends_with_one_matrix_product) {
  const std::vector<std::string> code = python(*preset_numbers("tutorial_7_2")->plan.conv2d(), Algorithm::im2col);
  ASSERT_EQ(code.size(), 12u);
  EXPECT_EQ(code[6], "      window = x[n, :, y0:y0+5, x0:x0+5]");
  EXPECT_EQ(code[9], "m = m @ w.flatten(1).T + b");
  EXPECT_EQ(code[11], "y = m.permute(0, 3, 1, 2)");
}

TEST(loop_code, says_dilation_and_groups) {
  EXPECT_EQ(python(*preset_numbers("dilation")->plan.conv2d(), Algorithm::slices)[6],
            "        window = x[n, :, y0:y0+5:2, x0:x0+5:2]");
  const std::vector<std::string> grouped = python(*preset_numbers("grouped")->plan.conv2d(), Algorithm::loops);
  EXPECT_EQ(grouped[3], "    c0 = k // 2 * 2");
  EXPECT_EQ(grouped[8], "          window = x[n, c0 + c, y0:y0+2, x0:x0+2]");
}

TEST(loop_code, every_line_has_words_in_both_languages) {
  for (const Preset& preset : presets()) {
    const ComputationPtr numbers = preset_numbers(preset.name);
    ASSERT_TRUE(numbers);
    if (!lens_applies(Lens::loops, numbers->plan)) continue;
    for (const Algorithm algorithm : algorithms()) {
      for (const Language language : {Language::en, Language::zh}) {
        for (const CodeLine& line : loop_code(*numbers->plan.conv2d(), algorithm, language)) {
          EXPECT_NE(line.words, "") << line.code;
          EXPECT_EQ(line.words.find("scene."), std::string::npos) << line.words;
        }
      }
    }
  }
}

TEST(loops_lens, follows_the_sessions_algorithm) {
  EXPECT_TRUE(has_text(scene_of(request_of(with_algorithm("tutorial_5_2", Algorithm::naive), Lens::loops, 4)),
                       "for s in range(3):"));
  EXPECT_TRUE(has_text(scene_of(request_of(with_algorithm("tutorial_5_2", Algorithm::toeplitz), Lens::loops, 4)),
                       "t = x.new_zeros(9, *x.shape[2:])"));
}

TEST(loops_lens, variables_have_the_values_of_the_step) {
  const ComputationPtr numbers = with_algorithm("tutorial_5_2", Algorithm::loops);
  const Scene scene = scene_of(request_of(numbers, Lens::loops, 5));  // y[0, 0, 1, 2]
  for (const char* value : {"n = 0", "k = 0", "p = 1", "q = 2", "c = 0", "y0, x0 = 2, 4", "x[0, 0, 2:5, 4:7]"}) {
    EXPECT_TRUE(has_text(scene, value)) << value;
  }
  const Scene slices =
      scene_of(request_of(with_algorithm("tutorial_5_3", Algorithm::slices), Lens::loops, 9 + 4));  // y[0, 1, 1, 1]
  for (const char* value : {"k = 1", "p = 1", "q = 1", "x[0, :, 1:4, 1:4]"})
    EXPECT_TRUE(has_text(slices, value)) << value;
}

TEST(loops_lens, a_dilated_window_has_its_steps) {
  const Scene scene = scene_of(request_of(preset_numbers("dilation"), Lens::loops, 4));  // y[0, 0, 1, 1]
  EXPECT_TRUE(has_text(scene, "x[0, 0, 1:6:2, 1:6:2]"));
}

TEST(loops_lens, the_lit_line_moves_through_the_step) {
  SceneRequest request = request_of(with_algorithm("tutorial_6_2_2", Algorithm::loops), Lens::loops, 4);
  const auto lit_at = [&](float phase) {
    request.moment.phase = phase;
    return lit_code(scene_of(request));
  };
  EXPECT_EQ(lit_at(0), "for q in range(3):");
  EXPECT_EQ(lit_at(0.36f), "y0, x0 = p * 2, q * 2");
  EXPECT_EQ(lit_at(0.58f), "window = x[n, c, y0:y0+3, x0:x0+3]");
  EXPECT_EQ(lit_at(0.7f), "y[n, k, p, q] += (window * w[k, c]).sum()");
  request.moment.step = 3;  // a new row
  EXPECT_EQ(lit_at(0), "for p in range(3):");
  request.moment.step = 9;  // a new kernel
  EXPECT_EQ(lit_at(0), "for k in range(3):");
  request.moment.step = 27;  // a new image
  EXPECT_EQ(lit_at(0), "for n in range(2):");
}

TEST(loops_lens, every_algorithm_fits_every_viewport_with_readable_type) {
  for (const char* name : {"tutorial_6_2_1", "grouped", "photo_1080p", "padding_modes", "resnet_stem"}) {
    for (const Algorithm algorithm : algorithms()) {
      ComputationPtr numbers = preset_numbers(name);
      auto other = std::make_shared<Computation>(*numbers);
      other->algorithm = algorithm;
      for (const float width : {640.0f, 960.0f, 1920.0f}) {
        const Scene scene = scene_of(request_of(other, Lens::loops, 1, width, width * 9 / 16));
        ASSERT_GT(scene.marks.size(), 20u) << name << " " << name_of(algorithm) << " " << width;
        for (const Mark& mark : scene.marks) {
          if (mark.kind != Mark::Kind::text) continue;
          EXPECT_GE(mark.size, 8.4f);
          EXPECT_TRUE(mark.box.x0 >= 0 && mark.box.x1 <= scene.width && mark.box.y0 >= 0 && mark.box.y1 <= scene.height)
              << name << " " << name_of(algorithm) << " " << width << " " << scene.text_of(mark);
        }
      }
    }
  }
}

}  // namespace
}  // namespace convscope
