// The canvas as a guest in somebody else's window: another framebuffer, another program's state, every frame anew.
#include <glad/gl.h>
#include <gmock/gmock.h>

#include <array>

#include "tests/support/count_allocations.h"
#include "tests/render/pictures.h"

namespace convscope::test {
namespace {

/// A framebuffer of one colour, as a window is.
class Window {
 public:
  Window(int width, int height) : width_(width), height_(height) {
    glGenTextures(1, &texture_);
    glBindTexture(GL_TEXTURE_2D, texture_);
    glTexImage2D(GL_TEXTURE_2D, 0, GL_RGBA8, width, height, 0, GL_RGBA, GL_UNSIGNED_BYTE, nullptr);
    glBindTexture(GL_TEXTURE_2D, 0);
    glGenFramebuffers(1, &framebuffer_);
    glBindFramebuffer(GL_FRAMEBUFFER, framebuffer_);
    glFramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, texture_, 0);
    glClearColor(0.25f, 0.5f, 0.75f, 1);
    glClear(GL_COLOR_BUFFER_BIT);
  }
  ~Window() {
    glDeleteFramebuffers(1, &framebuffer_);
    glDeleteTextures(1, &texture_);
  }
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;

  GLuint framebuffer() const { return framebuffer_; }
  /// Top row first.
  Pixels read() const {
    std::vector<uint8_t> rows(static_cast<size_t>(width_ * height_ * 4));
    glReadPixels(0, 0, width_, height_, GL_RGBA, GL_UNSIGNED_BYTE, rows.data());
    Pixels pixels{width_, height_, {}};
    for (int y = height_; y-- > 0;) {
      const auto row = rows.begin() + static_cast<ptrdiff_t>(y) * width_ * 4;
      pixels.rgba.insert(pixels.rgba.end(), row, row + width_ * 4);
    }
    return pixels;
  }

 private:
  int width_, height_;
  GLuint texture_ = 0, framebuffer_ = 0;
};

TEST_F(Drawing, the_windows_picture_is_the_exported_one_and_stays_in_its_rectangle) {
  Scene scene = everything().scene;
  const Pixels exported = draw(scene);
  const auto canvas = GlCanvas::create(fonts());
  ASSERT_TRUE(canvas.ok());
  const Window window(1100, 700);
  // Something that reaches beyond the canvas on all sides.
  Mark& wide = scene.marks.emplace_back();
  wide.kind = Mark::Kind::line;
  wide.box = {-500, 500, 2000, 500};
  wide.size = 3;
  (*canvas)->draw(scene, theme(ThemeId::light), 100, 50, 960, 540, 1);
  const Pixels pixels = window.read();
  const Rgba ground{64, 128, 191, 255};
  const int top = 700 - 50 - 540;
  for (int y = 0; y < 700; y += 3) {
    for (int x = 0; x < 1100; ++x) {
      const bool inside = x >= 100 && x < 1060 && y >= top && y < top + 540;
      if (inside && (y - top < 497 || y - top > 503)) {
        ASSERT_TRUE(near(at(pixels, x, y), at(exported, x - 100, y - top), 1)) << x << ", " << y;
      } else if (!inside) {
        ASSERT_TRUE(near(at(pixels, x, y), ground, 1)) << x << ", " << y;
      }
    }
  }
}

TEST_F(Drawing, drawing_puts_back_the_state_it_found) {
  const auto canvas = GlCanvas::create(fonts());
  ASSERT_TRUE(canvas.ok());
  const Window window(200, 100);
  GLuint texture = 0, vertex_array = 0, buffer = 0;
  glGenTextures(1, &texture);
  glGenVertexArrays(1, &vertex_array);
  glGenBuffers(1, &buffer);
  glActiveTexture(GL_TEXTURE2);
  glBindTexture(GL_TEXTURE_2D, texture);
  glBindVertexArray(vertex_array);
  glBindBuffer(GL_ARRAY_BUFFER, buffer);
  glPixelStorei(GL_UNPACK_ALIGNMENT, 1);
  glPixelStorei(GL_UNPACK_ROW_LENGTH, 17);
  glViewport(1, 2, 30, 40);
  glScissor(5, 6, 70, 80);
  glDisable(GL_SCISSOR_TEST);
  glEnable(GL_DEPTH_TEST);
  glEnable(GL_CULL_FACE);
  glDisable(GL_BLEND);
  glBlendFuncSeparate(GL_SRC_ALPHA, GL_ONE, GL_DST_ALPHA, GL_ZERO);
  glBlendEquationSeparate(GL_FUNC_SUBTRACT, GL_FUNC_ADD);
  constexpr std::array<GLenum, 16> kStates{GL_CURRENT_PROGRAM,
                                           GL_VERTEX_ARRAY_BINDING,
                                           GL_ARRAY_BUFFER_BINDING,
                                           GL_UNPACK_ALIGNMENT,
                                           GL_UNPACK_ROW_LENGTH,
                                           GL_ACTIVE_TEXTURE,
                                           GL_TEXTURE_BINDING_2D,
                                           GL_VIEWPORT,
                                           GL_SCISSOR_BOX,
                                           GL_BLEND_SRC_RGB,
                                           GL_BLEND_DST_ALPHA,
                                           GL_BLEND_EQUATION_RGB,
                                           GL_SCISSOR_TEST,
                                           GL_DEPTH_TEST,
                                           GL_BLEND,
                                           GL_DRAW_FRAMEBUFFER_BINDING};
  const auto states = [&] {
    std::vector<std::array<GLint, 4>> all;
    for (const GLenum state : kStates) {
      std::array<GLint, 4> values{};
      glGetIntegerv(state, values.data());
      all.push_back(values);
    }
    return all;
  };
  const auto before = states();
  (*canvas)->draw(everything().scene, theme(ThemeId::light), 0, 0, 200, 100, 0.2f);
  EXPECT_EQ(states(), before);
  EXPECT_EQ(glGetError(), static_cast<GLenum>(GL_NO_ERROR));
  // And draws the same whatever state it finds.
  const Pixels wild = window.read();
  glDisable(GL_DEPTH_TEST);
  glDisable(GL_CULL_FACE);
  glBlendEquation(GL_FUNC_ADD);
  glPixelStorei(GL_UNPACK_ROW_LENGTH, 0);
  const auto fresh = GlCanvas::create(fonts());
  ASSERT_TRUE(fresh.ok());
  (*fresh)->draw(everything().scene, theme(ThemeId::light), 0, 0, 200, 100, 0.2f);
  EXPECT_EQ(wild.rgba, window.read().rgba);
}

TEST_F(Drawing, a_frame_allocates_nothing_that_the_frame_before_allocated) {
  if (!allocations_are_counted()) GTEST_SKIP() << "sanitizers allocate on their own";
  Result<std::unique_ptr<FrameRenderer>> renderer = FrameRenderer::create(fonts(), 960, 540);
  ASSERT_TRUE(renderer.ok());
  const Scene scene = everything().scene;
  Pixels pixels;
  for (int frame = 0; frame < 3; ++frame) (*renderer)->render(scene, theme(ThemeId::light), 1, pixels);
  const long before = allocations_so_far();
  (*renderer)->render(scene, theme(ThemeId::light), 1, pixels);
  EXPECT_EQ(allocations_so_far() - before, 0);
  // The counter counts.
  Sketch sketch(10, 10);
  sketch.text({0, 0, 10, 10}, "a text too long for small strings", 5);
  EXPECT_GT(allocations_so_far() - before, 0);
}

TEST(EglContext, can_be_made_and_unmade_many_times) {
  for (int round = 0; round < 5; ++round) {
    Result<std::unique_ptr<EglContext>> first = EglContext::create();
    ASSERT_TRUE(first.ok());
    Result<std::unique_ptr<EglContext>> second = EglContext::create();
    ASSERT_TRUE(second.ok());
    second->reset();
    (*first)->make_current();
    EXPECT_NE(glGetString(GL_VERSION), nullptr);
  }
}

}  // namespace
}  // namespace convscope::test
