#include "app/gui/kept_frame.h"

#include <glad/gl.h>
#include <imgui_impl_opengl3.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "app/render/scene_changes.h"

namespace convscope {
namespace {

/// More parts than this are joined: each one uploads the interface's vertices again.
constexpr size_t kMostParts = 4;
/// From this share of the window on, one pass over everything is as quick.
constexpr double kMostOfTheWindow = 0.85;

bool same(const ImVec4& a, const ImVec4& b) { return a.x == b.x && a.y == b.y && a.z == b.z && a.w == b.w; }
bool same(const ImDrawVert& a, const ImDrawVert& b) {
  return a.pos.x == b.pos.x && a.pos.y == b.pos.y && a.uv.x == b.uv.x && a.uv.y == b.uv.y && a.col == b.col;
}

bool overlap(const PixelBox& a, const PixelBox& b) { return a.x0 < b.x1 && b.x0 < a.x1 && a.y0 < b.y1 && b.y0 < a.y1; }
PixelBox joined(const PixelBox& a, const PixelBox& b) {
  return {std::min(a.x0, b.x0), std::min(a.y0, b.y0), std::max(a.x1, b.x1), std::max(a.y1, b.y1)};
}
PixelBox common(const PixelBox& a, const PixelBox& b) {
  return {std::max(a.x0, b.x0), std::max(a.y0, b.y0), std::min(a.x1, b.x1), std::min(a.y1, b.y1)};
}
bool empty(const PixelBox& box) { return box.x1 <= box.x0 || box.y1 <= box.y0; }
int64_t area(const PixelBox& box) { return static_cast<int64_t>(box.x1 - box.x0) * (box.y1 - box.y0); }

ImTextureID letters() { return ImGui::GetIO().Fonts->TexID; }

}  // namespace

KeptFrame::~KeptFrame() {
  if (framebuffer_ != 0) glDeleteFramebuffers(1, &framebuffer_);
  if (color_ != 0) glDeleteRenderbuffers(1, &color_);
}

void KeptFrame::Bounds::add(float x, float y) {
  x0 = std::min(x0, x);
  y0 = std::min(y0, y);
  x1 = std::max(x1, x);
  y1 = std::max(y1, y);
}

void KeptFrame::draw(GlCanvas& canvas, const Picture& picture, ImDrawData& interface, int width, int height) {
  GLint target = 0;
  glGetIntegerv(GL_DRAW_FRAMEBUFFER_BINDING, &target);
  const bool kept = make_room(width, height);
  parts_.clear();
  if (!valid_ || !kept || theme_ != &picture.theme || !(box_ == picture.box) || scale_ != picture.scale) {
    parts_.push_back({0, 0, width, height});
  } else {
    find_changes(picture, interface);
  }
  glBindFramebuffer(GL_FRAMEBUFFER, kept ? framebuffer_ : static_cast<GLuint>(target));
  draw_parts(canvas, picture, interface);
  if (kept) {
    if (!parts_.empty()) remember(picture, interface);
    glDisable(GL_SCISSOR_TEST);
    glBindFramebuffer(GL_DRAW_FRAMEBUFFER, static_cast<GLuint>(target));
    glBlitFramebuffer(0, 0, width, height, 0, 0, width, height, GL_COLOR_BUFFER_BIT, GL_NEAREST);
    glBindFramebuffer(GL_FRAMEBUFFER, static_cast<GLuint>(target));
  }
  valid_ = kept;
}

/// Whether there is a framebuffer of that size; without one every frame is drawn whole.
bool KeptFrame::make_room(int width, int height) {
  if (framebuffer_ != 0 && width == width_ && height == height_) return true;
  valid_ = false;
  if (framebuffer_ == 0) {
    glGenFramebuffers(1, &framebuffer_);
    glGenRenderbuffers(1, &color_);
  }
  glBindRenderbuffer(GL_RENDERBUFFER, color_);
  glRenderbufferStorage(GL_RENDERBUFFER, GL_RGBA8, width, height);
  glBindRenderbuffer(GL_RENDERBUFFER, 0);
  GLint bound = 0;
  glGetIntegerv(GL_FRAMEBUFFER_BINDING, &bound);
  glBindFramebuffer(GL_FRAMEBUFFER, framebuffer_);
  glFramebufferRenderbuffer(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_RENDERBUFFER, color_);
  const bool complete = glCheckFramebufferStatus(GL_FRAMEBUFFER) == GL_FRAMEBUFFER_COMPLETE;
  glBindFramebuffer(GL_FRAMEBUFFER, static_cast<GLuint>(bound));
  width_ = complete ? width : 0;
  height_ = complete ? height : 0;
  return complete;
}

void KeptFrame::find_changes(const Picture& picture, const ImDrawData& interface) {
  bool same_lists = lists_.size() == static_cast<size_t>(interface.CmdListsCount);
  for (size_t i = 0; same_lists && i < lists_.size(); ++i) {
    const char* name = interface.CmdLists[static_cast<int>(i)]->_OwnerName;
    same_lists = lists_[i].name == (name != nullptr ? name : "");
  }
  if (!same_lists) {
    parts_.push_back({0, 0, width_, height_});
    return;
  }
  find_changed_parts(scene_, picture.scene, picture.measure, scale_, box_.x1 - box_.x0, box_.y1 - box_.y0,
                     [this](const PixelBox& part) {
                       add_part(PixelBox{box_.x0 + part.x0, box_.y0 + part.y0, box_.x0 + part.x1, box_.y0 + part.y1});
                     });
  for (size_t i = 0; i < lists_.size(); ++i) compare(lists_[i], *interface.CmdLists[static_cast<int>(i)]);
  int64_t covered = 0;
  for (const PixelBox& part : parts_) covered += area(part);
  if (static_cast<double>(covered) > kMostOfTheWindow * width_ * height_) parts_.assign(1, {0, 0, width_, height_});
}

/// Adds the parts in which two versions of a list differ.
void KeptFrame::compare(const List& before, const ImDrawList& now) {
  const int old_count = static_cast<int>(before.indices.size()), count = now.IdxBuffer.Size;
  bool same_commands = before.commands.size() == static_cast<size_t>(now.CmdBuffer.Size);
  bool plain = true;  // one range of vertices for all commands
  // The only command that has more or fewer triangles than before, and where it begins.
  int changed = -1, changed_begin = 0, begin = 0;
  Bounds clip;
  for (int i = 0; i < now.CmdBuffer.Size; ++i) {
    const ImDrawCmd& command = now.CmdBuffer[i];
    clip.add(command.ClipRect.x, command.ClipRect.y);
    clip.add(command.ClipRect.z, command.ClipRect.w);
    plain = plain && command.VtxOffset == 0 && command.UserCallback == nullptr;
    if (same_commands) {
      const Command& old = before.commands[static_cast<size_t>(i)];
      same_commands = same(old.clip, command.ClipRect) && old.texture == command.TextureId && old.vertex_offset == 0;
      if (old.count != command.ElemCount) {
        same_commands = same_commands && changed < 0;
        changed = i;
        changed_begin = begin;
      }
    }
    // What a texture of somebody else's holds may have changed without a word.
    if (command.TextureId != letters()) {
      add_part(Bounds{command.ClipRect.x, command.ClipRect.y, command.ClipRect.z, command.ClipRect.w}, clip);
    }
    begin += static_cast<int>(command.ElemCount);
  }
  for (const Command& command : before.commands) {
    clip.add(command.clip.x, command.clip.y);
    clip.add(command.clip.z, command.clip.w);
  }
  const size_t vertex_bytes = before.vertices.size() * sizeof(ImDrawVert);
  if (same_commands && old_count == count && before.vertices.size() == static_cast<size_t>(now.VtxBuffer.Size) &&
      std::memcmp(before.indices.data(), now.IdxBuffer.Data, static_cast<size_t>(count) * sizeof(ImDrawIdx)) == 0 &&
      std::memcmp(before.vertices.data(), now.VtxBuffer.Data, vertex_bytes) == 0) {
    return;
  }
  if (!same_commands || !plain) {
    add_part(clip, clip);
    return;
  }
  // Triangles that begin and end the list alike stand in the same commands, as far as the counts allow.
  const int most = std::min(old_count, count);
  int front_limit = most, back_limit = most;
  if (changed >= 0) {
    const int shared = static_cast<int>(
        std::min(before.commands[static_cast<size_t>(changed)].count, now.CmdBuffer[changed].ElemCount));
    const int behind = count - changed_begin - static_cast<int>(now.CmdBuffer[changed].ElemCount);
    front_limit = changed_begin + shared;
    back_limit = behind + shared;
  }
  const auto corner = [&](int i) { return before.vertices[before.indices[static_cast<size_t>(i)]]; };
  const auto corner_now = [&](int i) { return now.VtxBuffer[now.IdxBuffer[i]]; };
  int front = 0, back = 0;
  while (front < front_limit && same(corner(front), corner_now(front))) ++front;
  front -= front % 3;
  back_limit = std::min(back_limit, most - front);
  while (back < back_limit && same(corner(old_count - 1 - back), corner_now(count - 1 - back))) ++back;
  back -= back % 3;
  Bounds bounds;
  add_triangles(before.vertices.data(), before.indices.data(), front, old_count - back, bounds);
  add_triangles(now.VtxBuffer.Data, now.IdxBuffer.Data, front, count - back, bounds);
  add_part(bounds, clip);
}

void KeptFrame::add_triangles(const ImDrawVert* vertices, const ImDrawIdx* indices, int begin, int end,
                              Bounds& bounds) const {
  for (int i = begin; i < end; ++i) bounds.add(vertices[indices[i]].pos.x, vertices[indices[i]].pos.y);
}

void KeptFrame::add_part(Bounds bounds, const Bounds& clip) {
  bounds = {std::max(bounds.x0, clip.x0), std::max(bounds.y0, clip.y0), std::min(bounds.x1, clip.x1),
            std::min(bounds.y1, clip.y1)};
  const auto pixel = [](float at, int limit) {
    return static_cast<int>(std::clamp(at, 0.0f, static_cast<float>(limit)));
  };
  add_part(PixelBox{pixel(std::floor(bounds.x0) - 1, width_), pixel(std::floor(bounds.y0) - 1, height_),
                    pixel(std::ceil(bounds.x1) + 1, width_), pixel(std::ceil(bounds.y1) + 1, height_)});
}

void KeptFrame::add_part(PixelBox part) {
  part = common(part, {0, 0, width_, height_});
  if (empty(part)) return;
  for (size_t i = 0; i < parts_.size();) {
    if (overlap(parts_[i], part)) {
      part = joined(parts_[i], part);
      parts_[i] = parts_.back();
      parts_.pop_back();
      i = 0;
    } else {
      ++i;
    }
  }
  parts_.push_back(part);
  if (parts_.size() <= kMostParts) return;
  // The pair whose union wastes least.
  size_t first = 0, second = 1;
  int64_t least = -1;
  for (size_t i = 0; i < parts_.size(); ++i) {
    for (size_t j = i + 1; j < parts_.size(); ++j) {
      const int64_t waste = area(joined(parts_[i], parts_[j])) - area(parts_[i]) - area(parts_[j]);
      if (least < 0 || waste < least) least = waste, first = i, second = j;
    }
  }
  const PixelBox both = joined(parts_[first], parts_[second]);
  parts_.erase(parts_.begin() + static_cast<std::ptrdiff_t>(second));
  parts_.erase(parts_.begin() + static_cast<std::ptrdiff_t>(first));
  add_part(both);
}

void KeptFrame::draw_parts(GlCanvas& canvas, const Picture& picture, ImDrawData& interface) {
  if (parts_.empty()) return;
  const int height = static_cast<int>(interface.DisplaySize.y), width = static_cast<int>(interface.DisplaySize.x);
  const auto flipped = [height](const PixelBox& box) {
    return PixelBox{box.x0, height - box.y1, box.x1, height - box.y0};
  };
  glBindVertexArray(0);
  glViewport(0, 0, width, height);
  glEnable(GL_SCISSOR_TEST);
  const Color& back = picture.theme.of(Role::canvas).full;
  glClearColor(back.r, back.g, back.b, 1);
  flipped_.clear();
  for (const PixelBox& part : parts_) {
    const PixelBox from_below = flipped(part);
    glScissor(from_below.x0, from_below.y0, part.x1 - part.x0, part.y1 - part.y0);
    glClear(GL_COLOR_BUFFER_BIT);
    const PixelBox of_picture = common(part, picture.box);
    if (!empty(of_picture)) flipped_.push_back(flipped(of_picture));
  }
  glDisable(GL_SCISSOR_TEST);
  if (!flipped_.empty()) {
    const PixelBox& box = picture.box;
    canvas.draw_parts(picture.scene, picture.theme, box.x0, height - box.y1, box.x1 - box.x0, box.y1 - box.y0,
                      picture.scale, flipped_);
  }
  for (const PixelBox& part : parts_) draw_interface(interface, part);
}

/// Dear ImGui's own renderer, with every command's clip cut to the part.
void KeptFrame::draw_interface(ImDrawData& interface, const PixelBox& part) {
  const float x0 = static_cast<float>(part.x0), y0 = static_cast<float>(part.y0);
  const float x1 = static_cast<float>(part.x1), y1 = static_cast<float>(part.y1);
  clips_.clear();
  sizes_.clear();
  for (int i = 0; i < interface.CmdListsCount; ++i) {
    ImDrawList& list = *interface.CmdLists[i];
    bool seen = false;
    for (ImDrawCmd& command : list.CmdBuffer) {
      clips_.push_back(command.ClipRect);
      ImVec4& clip = command.ClipRect;
      clip = {std::max(clip.x, x0), std::max(clip.y, y0), std::min(clip.z, x1), std::min(clip.w, y1)};
      seen = seen || (clip.z > clip.x && clip.w > clip.y);
      if (clip.z <= clip.x || clip.w <= clip.y) clip = {1, 1, 0, 0};  // skipped by every version of the renderer
    }
    // What the part does not touch is not uploaded either.
    sizes_.push_back(list.CmdBuffer.Size);
    sizes_.push_back(list.VtxBuffer.Size);
    sizes_.push_back(list.IdxBuffer.Size);
    if (!seen) list.CmdBuffer.Size = list.VtxBuffer.Size = list.IdxBuffer.Size = 0;
  }
  ImGui_ImplOpenGL3_RenderDrawData(&interface);
  size_t clip = 0, size = 0;
  for (int i = 0; i < interface.CmdListsCount; ++i) {
    ImDrawList& list = *interface.CmdLists[i];
    list.CmdBuffer.Size = sizes_[size++];
    list.VtxBuffer.Size = sizes_[size++];
    list.IdxBuffer.Size = sizes_[size++];
    for (ImDrawCmd& command : list.CmdBuffer) command.ClipRect = clips_[clip++];
  }
}

void KeptFrame::remember(const Picture& picture, const ImDrawData& interface) {
  theme_ = &picture.theme;
  box_ = picture.box;
  scale_ = picture.scale;
  scene_ = picture.scene;
  lists_.resize(static_cast<size_t>(interface.CmdListsCount));
  for (size_t i = 0; i < lists_.size(); ++i) {
    const ImDrawList& now = *interface.CmdLists[static_cast<int>(i)];
    List& list = lists_[i];
    list.name = now._OwnerName != nullptr ? now._OwnerName : "";
    list.commands.clear();
    for (const ImDrawCmd& command : now.CmdBuffer) {
      list.commands.push_back({command.ClipRect, command.TextureId, command.ElemCount, command.VtxOffset});
    }
    list.vertices.assign(now.VtxBuffer.begin(), now.VtxBuffer.end());
    list.indices.assign(now.IdxBuffer.begin(), now.IdxBuffer.end());
  }
}

}  // namespace convscope
