// What the window showed last, so that a frame draws only what has changed in it.
#pragma once

#include <imgui.h>

#include <string>
#include <vector>

#include "app/render/gl_canvas.h"

namespace convscope {

/// Most frames change little: a slider's knob, a row of numbers, the picture while it moves. Where the processor draws,
/// the rest of the window would cost most of the frame's time. The pixels are those that drawing everything would give.
/// Needs a current OpenGL context for its whole life.
class KeptFrame {
 public:
  struct Picture {
    const Scene& scene;
    const Theme& theme;
    const TextMeasure& measure;
    PixelBox box;  // where it lies in the window
    float scale = 1;
  };

  KeptFrame() = default;
  ~KeptFrame();
  KeptFrame(const KeptFrame&) = delete;
  KeptFrame& operator=(const KeptFrame&) = delete;

  /// Draws the picture with the interface over it into the bound framebuffer of width x height pixels. Allocates
  /// nothing in the steady state. `interface` is back as it was when this returns.
  void draw(GlCanvas& canvas, const Picture& picture, ImDrawData& interface, int width, int height);
  /// Everything is drawn in the next frame: for what no comparison can see, such as new fonts.
  void forget() { valid_ = false; }

 private:
  struct Command {
    ImVec4 clip;
    ImTextureID texture = {};
    unsigned count = 0, vertex_offset = 0;
  };
  /// One of Dear ImGui's lists, as it was drawn last.
  struct List {
    std::string name;
    std::vector<Command> commands;
    std::vector<ImDrawVert> vertices;
    std::vector<ImDrawIdx> indices;
  };
  /// A box in the interface's coordinates that grows.
  struct Bounds {
    float x0 = 1e9f, y0 = 1e9f, x1 = -1e9f, y1 = -1e9f;
    void add(float x, float y);
  };

  bool make_room(int width, int height);
  void find_changes(const Picture& picture, const ImDrawData& interface);
  void compare(const List& before, const ImDrawList& now);
  void add_triangles(const ImDrawVert* vertices, const ImDrawIdx* indices, int begin, int end, Bounds& bounds) const;
  void add_part(Bounds bounds, const Bounds& clip);
  void add_part(PixelBox part);
  void draw_parts(GlCanvas& canvas, const Picture& picture, ImDrawData& interface);
  void draw_interface(ImDrawData& interface, const PixelBox& part);
  void remember(const Picture& picture, const ImDrawData& interface);

  bool valid_ = false;
  int width_ = 0, height_ = 0;
  unsigned framebuffer_ = 0, color_ = 0;
  Scene scene_;
  const Theme* theme_ = nullptr;
  PixelBox box_;
  float scale_ = 0;
  std::vector<List> lists_;
  std::vector<PixelBox> parts_;    // to be drawn; top row first, without overlaps
  std::vector<PixelBox> flipped_;  // of the picture, as OpenGL counts
  // What draw_interface() puts aside for a while.
  std::vector<ImVec4> clips_;
  std::vector<int> sizes_;
};

}  // namespace convscope
