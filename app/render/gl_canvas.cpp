#include "app/render/gl_canvas.h"

#include <glad/gl.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "app/render/gl_program.h"
#include "app/render/glyph_atlas.h"
#include "app/render/layering.h"
#include "app/render/quad.h"
#include "app/render/raster_textures.h"

namespace convscope {

namespace {

enum Program { kPlain, kFancy, kText, kHeatmap, kPrograms };

/// Consecutive quads that one draw call can draw.
struct Batch {
  Program program = kPlain;
  GLuint texture = 0;
  size_t first = 0, count = 0;
};

/// What draw() changes and puts back.
class SavedState {
 public:
  SavedState() {
    glGetIntegerv(GL_CURRENT_PROGRAM, &program_);
    glGetIntegerv(GL_VERTEX_ARRAY_BINDING, &vertex_array_);
    glGetIntegerv(GL_ARRAY_BUFFER_BINDING, &buffer_);
    glGetIntegerv(GL_PIXEL_UNPACK_BUFFER_BINDING, &unpack_buffer_);
    glGetIntegerv(GL_UNPACK_ALIGNMENT, &unpack_alignment_);
    glGetIntegerv(GL_UNPACK_ROW_LENGTH, &unpack_row_length_);
    glGetIntegerv(GL_ACTIVE_TEXTURE, &active_texture_);
    glActiveTexture(GL_TEXTURE0);
    glGetIntegerv(GL_TEXTURE_BINDING_2D, &texture_);
    glGetIntegerv(GL_SAMPLER_BINDING, &sampler_);
    glGetIntegerv(GL_VIEWPORT, viewport_.data());
    glGetIntegerv(GL_SCISSOR_BOX, scissor_.data());
    glGetIntegerv(GL_BLEND_SRC_RGB, &blend_[0]);
    glGetIntegerv(GL_BLEND_DST_RGB, &blend_[1]);
    glGetIntegerv(GL_BLEND_SRC_ALPHA, &blend_[2]);
    glGetIntegerv(GL_BLEND_DST_ALPHA, &blend_[3]);
    glGetIntegerv(GL_BLEND_EQUATION_RGB, &equation_[0]);
    glGetIntegerv(GL_BLEND_EQUATION_ALPHA, &equation_[1]);
    glGetFloatv(GL_COLOR_CLEAR_VALUE, clear_.data());
    for (size_t i = 0; i < kSwitches.size(); ++i) on_[i] = glIsEnabled(kSwitches[i]);
  }
  ~SavedState() {
    glUseProgram(static_cast<GLuint>(program_));
    glBindVertexArray(static_cast<GLuint>(vertex_array_));
    glBindBuffer(GL_ARRAY_BUFFER, static_cast<GLuint>(buffer_));
    glBindBuffer(GL_PIXEL_UNPACK_BUFFER, static_cast<GLuint>(unpack_buffer_));
    glPixelStorei(GL_UNPACK_ALIGNMENT, unpack_alignment_);
    glPixelStorei(GL_UNPACK_ROW_LENGTH, unpack_row_length_);
    glBindTexture(GL_TEXTURE_2D, static_cast<GLuint>(texture_));
    glBindSampler(0, static_cast<GLuint>(sampler_));
    glActiveTexture(static_cast<GLenum>(active_texture_));
    glViewport(viewport_[0], viewport_[1], viewport_[2], viewport_[3]);
    glScissor(scissor_[0], scissor_[1], scissor_[2], scissor_[3]);
    glBlendFuncSeparate(static_cast<GLenum>(blend_[0]), static_cast<GLenum>(blend_[1]), static_cast<GLenum>(blend_[2]),
                        static_cast<GLenum>(blend_[3]));
    glBlendEquationSeparate(static_cast<GLenum>(equation_[0]), static_cast<GLenum>(equation_[1]));
    glClearColor(clear_[0], clear_[1], clear_[2], clear_[3]);
    for (size_t i = 0; i < kSwitches.size(); ++i) (on_[i] ? glEnable : glDisable)(kSwitches[i]);
  }
  SavedState(const SavedState&) = delete;
  SavedState& operator=(const SavedState&) = delete;

  static constexpr std::array<GLenum, 6> kSwitches{GL_BLEND,        GL_SCISSOR_TEST, GL_DEPTH_TEST,
                                                   GL_STENCIL_TEST, GL_CULL_FACE,    GL_FRAMEBUFFER_SRGB};

 private:
  GLint program_ = 0, vertex_array_ = 0, buffer_ = 0, unpack_buffer_ = 0, unpack_alignment_ = 4;
  GLint unpack_row_length_ = 0, active_texture_ = 0, texture_ = 0, sampler_ = 0;
  std::array<GLint, 4> viewport_{}, scissor_{}, blend_{};
  std::array<GLint, 2> equation_{};
  std::array<GLfloat, 4> clear_{};
  std::array<GLboolean, kSwitches.size()> on_{};
};

}  // namespace

struct GlCanvas::State {
  explicit State(const FontStack& font_stack) : fonts(font_stack), atlas(font_stack) {}

  const FontStack& fonts;
  GlyphAtlas atlas;
  RasterTextures rasters;
  TextPlaces text_places;
  std::array<GLuint, kPrograms> programs{};
  std::array<GLint, kPrograms> view_at{};
  GLint hatch_at = -1;
  GLuint vertex_array = 0, buffer = 0;
  size_t buffer_bytes = 0;
  // All of the picture's quads in drawing order; the layer being collected; its texts, drawn over it.
  std::vector<Quad> quads, layer, glyphs;
  std::vector<Batch> batches, layer_batches;

  ~State() {
    for (const GLuint program : programs) glDeleteProgram(program);
    glDeleteBuffers(1, &buffer);
    glDeleteVertexArrays(1, &vertex_array);
  }

  Result<void> prepare() {
    constexpr std::array<std::pair<std::string_view, std::string_view>, kPrograms> kSources{
        {{"cells.frag", "#define SHAPES\n"},
         {"cells.frag", "#define SHAPES\n#define FANCY\n"},
         {"text.frag", ""},
         {"heatmap.frag", ""}}};
    for (size_t i = 0; i < kPrograms; ++i) {
      Result<uint32_t> program = link_program(kSources[i].first, kSources[i].second);
      if (!program) return program.error();
      programs[i] = *program;
      view_at[i] = glGetUniformLocation(programs[i], "view");
    }
    hatch_at = glGetUniformLocation(programs[kFancy], "hatch");
    glGenVertexArrays(1, &vertex_array);
    glGenBuffers(1, &buffer);
    return {};
  }

  void append_text(const Scene& scene, const Mark& mark, const Theme& theme, int width, int height, float scale,
                   bool& full);
  bool build(const Scene& scene, const Theme& theme, int width, int height, float scale);
  void add_layer_batch(Program program, GLuint texture, size_t first);
  void flush_layer(int width, int height);
  /// `parts` limits drawing to some of the picture, in the framebuffer's pixels.
  void submit(const Scene& scene, const Theme& theme, int x, int y, int width, int height, float scale,
              bool top_row_first, std::span<const PixelBox> parts);
  void upload();
  void draw_batches(int width, int height, float scale, bool top_row_first);
};

void GlCanvas::State::append_text(const Scene& scene, const Mark& mark, const Theme& theme, int width, int height,
                                  float scale, bool& full) {
  const std::string_view text = scene.text_of(mark);
  // Glyphs come in whole sizes; places are those of the exact one, so that text is as wide as it was measured.
  const float size_f = mark.size * scale;
  const int size = std::clamp(static_cast<int>(std::lround(size_f)), 1, GlyphAtlas::kLargestSize);
  const float baseline = std::round((mark.box.y0 + mark.box.y1) / 2 * scale + fonts.cap_height(mark.face) * size_f / 2);
  if (baseline + size_f < 0 || baseline - 2 * size_f > static_cast<float>(height)) return;
  const uint32_t color = packed(line_color(theme, mark));
  if (color >> 24 == 0) return;

  float pen = mark.box.x0 * scale;
  if (mark.align != Align::left) {
    const float length = fonts.width(text, mark.face, size_f);
    pen =
        mark.align == Align::center ? ((mark.box.x0 + mark.box.x1) * scale - length) / 2 : mark.box.x1 * scale - length;
  }
  // Small type is placed on quarters of a pixel, so that its spacing stays even; large type on whole ones, sharp.
  const float phases = size <= 32 ? static_cast<float>(FontStack::kPhases) : 1.0f;
  const size_t before = glyphs.size();
  Box bounds{1e9f, 1e9f, -1e9f, -1e9f};
  for (size_t position = 0; position < text.size();) {
    const char32_t character = next_character(text, position);
    const float at = std::round(pen * phases) / phases;
    const float whole = std::floor(at);
    pen += fonts.advance(character, mark.face) * size_f;
    if (pen + size_f < 0 || whole - size_f > static_cast<float>(width)) continue;
    const int phase = phases > 1 ? static_cast<int>((at - whole) * phases) : 0;
    const GlyphAtlas::Slot* slot = atlas.find(character, mark.face, size, phase);
    if (slot == nullptr) {
      full = true;
      return;
    }
    if (slot->width == 0) continue;
    Quad quad{};
    quad.half_x = static_cast<float>(slot->width) / 2;
    quad.half_y = static_cast<float>(slot->height) / 2;
    quad.center_x = whole + static_cast<float>(slot->left) + quad.half_x;
    quad.center_y = baseline - static_cast<float>(slot->top) + quad.half_y;
    quad.axis_x = 1;
    quad.kind = kGlyph;
    quad.band[0] = static_cast<float>(slot->x);
    quad.band[1] = static_cast<float>(slot->y);
    quad.band[2] = static_cast<float>(slot->x + slot->width);
    quad.band[3] = static_cast<float>(slot->y + slot->height);
    quad.fill = color;
    bounds.x0 = std::min(bounds.x0, quad.center_x - quad.half_x);
    bounds.y0 = std::min(bounds.y0, quad.center_y - quad.half_y);
    bounds.x1 = std::max(bounds.x1, quad.center_x + quad.half_x);
    bounds.y1 = std::max(bounds.y1, quad.center_y + quad.half_y);
    glyphs.push_back(quad);
  }
  if (glyphs.size() > before) text_places.add(bounds);
}

void GlCanvas::State::add_layer_batch(Program program, GLuint texture, size_t first) {
  if (layer.size() == first) return;
  // A change of program costs more than drawing a few plain boxes with the richer one.
  constexpr size_t kWorthAChange = 64;
  if (!layer_batches.empty() && texture == 0) {
    Batch& last = layer_batches.back();
    const bool shapes = last.program == kPlain || last.program == kFancy;
    if (last.program == program || (shapes && layer.size() - first + last.count < kWorthAChange)) {
      if (last.program != program) last.program = kFancy;
      last.count += layer.size() - first;
      return;
    }
  }
  layer_batches.push_back({program, texture, first, layer.size() - first});
}

void GlCanvas::State::flush_layer(int width, int height) {
  const size_t base = quads.size();
  for (Batch batch : layer_batches) {
    batch.first += base;
    batches.push_back(batch);
  }
  quads.insert(quads.end(), layer.begin(), layer.end());
  if (!glyphs.empty()) {
    batches.push_back({kText, 0, quads.size(), glyphs.size()});
    quads.insert(quads.end(), glyphs.begin(), glyphs.end());
  }
  layer.clear();
  glyphs.clear();
  layer_batches.clear();
  text_places.reset(width, height);
}

/// Returns false when the atlas had no room for a glyph.
bool GlCanvas::State::build(const Scene& scene, const Theme& theme, int width, int height, float scale) {
  quads.clear();
  batches.clear();
  layer.clear();
  glyphs.clear();
  layer_batches.clear();
  text_places.reset(width, height);
  bool full = false;
  for (const Mark& mark : scene.marks) {
    if (mark.kind == Mark::Kind::text) {
      append_text(scene, mark, theme, width, height, scale, full);
      continue;
    }
    // What lies outside costs nothing; outlines, rings and arrow heads reach a little beyond their box.
    const float margin = std::max(16.0f, 4 * mark.size) * scale;
    Box box{std::min(mark.box.x0, mark.box.x1) * scale, std::min(mark.box.y0, mark.box.y1) * scale,
            std::max(mark.box.x0, mark.box.x1) * scale, std::max(mark.box.y0, mark.box.y1) * scale};
    if (box.x1 + margin < 0 || box.y1 + margin < 0 || box.x0 - margin > static_cast<float>(width) ||
        box.y0 - margin > static_cast<float>(height)) {
      continue;
    }
    const float reach = mark.kind == Mark::Kind::arrow  ? margin
                        : mark.outline == Outline::ring ? outline_width(mark, scale) + 1
                        : mark.kind == Mark::Kind::line ? std::max(mark.size * scale, 1.0f) + 1
                                                        : 1.0f;
    box = {box.x0 - reach, box.y0 - reach, box.x1 + reach, box.y1 + reach};
    if (!glyphs.empty() && text_places.touched_by(box)) flush_layer(width, height);

    const size_t first = layer.size();
    if (mark.kind == Mark::Kind::raster) {
      if (mark.raster < 0 || static_cast<size_t>(mark.raster) >= scene.rasters.size()) continue;
      Quad quad{};
      const GLuint texture =
          rasters.prepare(scene.rasters[static_cast<size_t>(mark.raster)], mark, theme, width, height, scale, quad);
      if (texture == 0) continue;
      layer.push_back(quad);
      add_layer_batch(kHeatmap, texture, first);
      continue;
    }
    if (mark.kind == Mark::Kind::box) {
      append_box(mark, theme, scale, layer);
    } else {
      append_line(mark, theme, scale, layer);
    }
    const bool fancy = std::any_of(layer.begin() + static_cast<ptrdiff_t>(first), layer.end(),
                                   [](const Quad& quad) { return quad.kind != 0; });
    add_layer_batch(fancy ? kFancy : kPlain, 0, first);
  }
  flush_layer(width, height);
  return !full;
}

void GlCanvas::State::submit(const Scene& scene, const Theme& theme, int x, int y, int width, int height, float scale,
                             bool top_row_first, std::span<const PixelBox> parts) {
  if (width <= 0 || height <= 0) return;
  const SavedState saved;
  for (const GLenum off : {GL_DEPTH_TEST, GL_STENCIL_TEST, GL_CULL_FACE, GL_FRAMEBUFFER_SRGB}) glDisable(off);
  glBindSampler(0, 0);
  glBindBuffer(GL_PIXEL_UNPACK_BUFFER, 0);
  glPixelStorei(GL_UNPACK_ALIGNMENT, 4);
  glPixelStorei(GL_UNPACK_ROW_LENGTH, 0);
  rasters.begin_frame();
  if (!build(scene, theme, width, height, scale)) {
    // Glyphs of sizes long gone fill the atlas; what this picture needs fits an empty one.
    atlas.clear();
    build(scene, theme, width, height, scale);
  }
  rasters.end_frame();

  glViewport(x, y, width, height);
  glEnable(GL_SCISSOR_TEST);
  if (scene.transparent) {
    glClearColor(0, 0, 0, 0);
  } else {
    const Color canvas = theme.of(Role::canvas).full;
    glClearColor(canvas.r, canvas.g, canvas.b, 1);
  }
  glBlendEquation(GL_FUNC_ADD);
  if (scene.transparent) {
    glBlendFunc(GL_ONE, GL_ONE_MINUS_SRC_ALPHA);
  } else {
    // An opaque canvas stays exactly opaque, whatever the rounding of translucent layers.
    glBlendFuncSeparate(GL_ONE, GL_ONE_MINUS_SRC_ALPHA, GL_ZERO, GL_ONE);
  }
  upload();
  for (const PixelBox& part : parts) {
    glScissor(part.x0, part.y0, part.x1 - part.x0, part.y1 - part.y0);
    glClear(GL_COLOR_BUFFER_BIT);
    draw_batches(width, height, scale, top_row_first);
  }
}

void GlCanvas::State::upload() {
  if (quads.empty()) return;
  glBindVertexArray(vertex_array);
  glBindBuffer(GL_ARRAY_BUFFER, buffer);
  const size_t bytes = quads.size() * sizeof(Quad);
  if (bytes > buffer_bytes) buffer_bytes = std::max(bytes + bytes / 2, size_t{1} << 16);
  glBufferData(GL_ARRAY_BUFFER, static_cast<GLsizeiptr>(buffer_bytes), nullptr, GL_STREAM_DRAW);
  glBufferSubData(GL_ARRAY_BUFFER, 0, static_cast<GLsizeiptr>(bytes), quads.data());
  for (GLuint at = 0; at < 5; ++at) {
    glEnableVertexAttribArray(at);
    glVertexAttribDivisor(at, 1);
  }
}

void GlCanvas::State::draw_batches(int width, int height, float scale, bool top_row_first) {
  const float w = static_cast<float>(width);
  const float h = static_cast<float>(height);
  const float up = top_row_first ? 1.0f : -1.0f;
  int current = -1;
  for (const Batch& batch : batches) {
    if (current != static_cast<int>(batch.program)) {
      current = static_cast<int>(batch.program);
      glUseProgram(programs[static_cast<size_t>(current)]);
      glUniform4f(view_at[static_cast<size_t>(current)], 2 / w, up * 2 / h, -1, -up);
      if (batch.program == kFancy) glUniform2f(hatch_at, kHatchPeriod * scale, std::max(1.0f, kHatchWidth * scale));
    }
    if (batch.program == kText) atlas.bind();
    // Pictures cover what is under them: a third less time where blending is done by the processor.
    const bool covers = batch.program == kHeatmap && quads[batch.first].fill >> 24 == 255;
    (covers ? glDisable : glEnable)(GL_BLEND);
    if (batch.texture != 0) glBindTexture(GL_TEXTURE_2D, batch.texture);
    // OpenGL 3.3 knows no base instance: the batch's first quad is where its attributes begin.
    const auto offset = [&](size_t within) {
      return reinterpret_cast<const void*>(batch.first * sizeof(Quad) + within);
    };
    constexpr GLsizei kStride = sizeof(Quad);
    glVertexAttribPointer(0, 4, GL_FLOAT, GL_FALSE, kStride, offset(offsetof(Quad, center_x)));
    glVertexAttribPointer(1, 4, GL_FLOAT, GL_FALSE, kStride, offset(offsetof(Quad, axis_x)));
    glVertexAttribPointer(2, 4, GL_FLOAT, GL_FALSE, kStride, offset(offsetof(Quad, band)));
    glVertexAttribPointer(3, 4, GL_UNSIGNED_BYTE, GL_TRUE, kStride, offset(offsetof(Quad, fill)));
    glVertexAttribPointer(4, 4, GL_UNSIGNED_BYTE, GL_TRUE, kStride, offset(offsetof(Quad, line)));
    glDrawArraysInstanced(GL_TRIANGLE_STRIP, 0, 4, static_cast<GLsizei>(batch.count));
  }
}

GlCanvas::GlCanvas() = default;
GlCanvas::~GlCanvas() = default;

Result<std::unique_ptr<GlCanvas>> GlCanvas::create(const FontStack& fonts) {
  std::unique_ptr<GlCanvas> canvas(new GlCanvas);
  canvas->state_ = std::make_unique<State>(fonts);
  if (Result<void> ready = canvas->state_->prepare(); !ready) return ready.error();
  return canvas;
}

void GlCanvas::draw(const Scene& scene, const Theme& theme, int x, int y, int width, int height, float scale) {
  const PixelBox all{x, y, x + width, y + height};
  draw_parts(scene, theme, x, y, width, height, scale, {&all, 1});
}

void GlCanvas::draw_parts(const Scene& scene, const Theme& theme, int x, int y, int width, int height, float scale,
                          std::span<const PixelBox> parts) {
  state_->submit(scene, theme, x, y, width, height, scale, false, parts);
}

struct FrameRenderer::State {
  std::unique_ptr<GlCanvas> canvas;
  int width = 0, height = 0;
  bool transparent = false;
  GLuint framebuffer = 0, color = 0;

  ~State() {
    glDeleteFramebuffers(1, &framebuffer);
    glDeleteRenderbuffers(1, &color);
  }
};

FrameRenderer::FrameRenderer() : state_(std::make_unique<State>()) {}
FrameRenderer::~FrameRenderer() = default;

Result<std::unique_ptr<FrameRenderer>> FrameRenderer::create(const FontStack& fonts, int width, int height) {
  GLint limit = 0;
  glGetIntegerv(GL_MAX_RENDERBUFFER_SIZE, &limit);
  if (width <= 0 || height <= 0 || width > limit || height > limit) {
    return Error{
        "error.frame_too_large", "size", {std::to_string(width), std::to_string(height), std::to_string(limit)}};
  }
  Result<std::unique_ptr<GlCanvas>> canvas = GlCanvas::create(fonts);
  if (!canvas) return canvas.error();
  std::unique_ptr<FrameRenderer> renderer(new FrameRenderer);
  State& state = *renderer->state_;
  state.canvas = std::move(canvas).value();
  state.width = width;
  state.height = height;
  GLint bound = 0;
  glGetIntegerv(GL_FRAMEBUFFER_BINDING, &bound);
  glGenRenderbuffers(1, &state.color);
  glBindRenderbuffer(GL_RENDERBUFFER, state.color);
  glRenderbufferStorage(GL_RENDERBUFFER, GL_RGBA8, width, height);
  glGenFramebuffers(1, &state.framebuffer);
  glBindFramebuffer(GL_FRAMEBUFFER, state.framebuffer);
  glFramebufferRenderbuffer(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_RENDERBUFFER, state.color);
  const GLenum status = glCheckFramebufferStatus(GL_FRAMEBUFFER);
  glBindFramebuffer(GL_FRAMEBUFFER, static_cast<GLuint>(bound));
  if (status != GL_FRAMEBUFFER_COMPLETE) {
    return Error{
        "error.frame_too_large", "size", {std::to_string(width), std::to_string(height), std::to_string(limit)}};
  }
  return renderer;
}

void FrameRenderer::submit(const Scene& scene, const Theme& theme, float scale) {
  const PixelBox all{0, 0, state_->width, state_->height};
  submit_changes(scene, theme, scale, {&all, 1});
}

void FrameRenderer::submit_changes(const Scene& scene, const Theme& theme, float scale,
                                   std::span<const PixelBox> changed) {
  State& state = *state_;
  GLint bound = 0;
  glGetIntegerv(GL_DRAW_FRAMEBUFFER_BINDING, &bound);
  glBindFramebuffer(GL_DRAW_FRAMEBUFFER, state.framebuffer);
  // Drawn upside down for OpenGL, whose first row is the lowest: so it is read in the order of pictures.
  state.canvas->state_->submit(scene, theme, 0, 0, state.width, state.height, scale, true, changed);
  state.transparent = scene.transparent;
  glBindFramebuffer(GL_DRAW_FRAMEBUFFER, static_cast<GLuint>(bound));
  glFlush();
}

void FrameRenderer::read(Pixels& out) {
  State& state = *state_;
  out.width = state.width;
  out.height = state.height;
  out.rgba.resize(static_cast<size_t>(state.width) * static_cast<size_t>(state.height) * 4);
  GLint bound = 0;
  glGetIntegerv(GL_READ_FRAMEBUFFER_BINDING, &bound);
  glBindFramebuffer(GL_READ_FRAMEBUFFER, state.framebuffer);
  glBindBuffer(GL_PIXEL_PACK_BUFFER, 0);
  glPixelStorei(GL_PACK_ALIGNMENT, 4);
  glPixelStorei(GL_PACK_ROW_LENGTH, 0);
  glReadPixels(0, 0, state.width, state.height, GL_RGBA, GL_UNSIGNED_BYTE, out.rgba.data());
  glBindFramebuffer(GL_READ_FRAMEBUFFER, static_cast<GLuint>(bound));
  if (!state.transparent) return;
  for (size_t i = 0; i < out.rgba.size(); i += 4) {
    const uint32_t alpha = out.rgba[i + 3];
    if (alpha == 255 || alpha == 0) continue;
    for (size_t c = i; c < i + 3; ++c) {
      out.rgba[c] = static_cast<uint8_t>(std::min<uint32_t>(255, (out.rgba[c] * 255u + alpha / 2) / alpha));
    }
  }
}

void FrameRenderer::render(const Scene& scene, const Theme& theme, float scale, Pixels& out) {
  submit(scene, theme, scale);
  read(out);
}

}  // namespace convscope
