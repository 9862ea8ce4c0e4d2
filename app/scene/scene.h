// A picture as a flat list of marks in roles, not colours: what every renderer draws and every test reads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/tensor.h"

namespace convscope {

/// What a mark stands for; a theme gives it its colour.
enum class Role : uint8_t {
  canvas,
  panel,
  border,
  text,
  secondary,
  accent,
  input,
  weight,
  output,
  bias,
  padding,
  window,
  hover,
  unused,
  error,
};

enum class Fill : uint8_t {
  none,
  tint,   // the role's pale tint: computed cells
  full,   // the role's full fill: the current cell
  value,  // the role's diverging scale at Mark::value, with a corner mark for negative values
  shade,  // the 40 % layer over whatever lies under it (the window)
  hatch,  // diagonal lines in the role's colour
};

/// Outlines lie inside the box's edge, the ring around it on the outside. Widths in logical pixels unless Mark::size
/// says otherwise: hairline one device pixel, solid 1.5, thick 2.5, dashed 1.25 (dashes of 4, gaps of 3), ring 3. Lines
/// and arrows take dashed too.
enum class Outline : uint8_t { none, hairline, solid, thick, dashed, ring };

enum class Face : uint8_t { sans, bold, mono, math };  // math: sans with the brackets of floor and ceil
enum class Align : uint8_t { left, center, right };    // vertically the text is centred on Mark::box

/// Coordinates are logical pixels of the viewport, y down, (0, 0) at its upper left corner.
struct Box {
  float x0 = 0, y0 = 0, x1 = 0, y1 = 0;
  float width() const { return x1 - x0; }
  float height() const { return y1 - y0; }
  bool operator==(const Box&) const = default;
  bool contains(float x, float y) const { return x >= x0 && x < x1 && y >= y0 && y < y1; }
};

/// The tensors a cell can belong to. In `im2col` y is the row and x the column of the matrix of group c; in
/// `kernel_matrix` (flattened kernels) y is the tap and x the output channel; in `product` y is the row and x the
/// output channel of the product matrix. In `toeplitz` n is the output channel and c the group's input channel that the
/// matrix belongs to, y the row, counted through all images as im2col's, and x the column. The gradients are indexed as
/// what they are gradients of. Of learning: `learned` is the kernel of the iteration shown, `next_kernel` that of the
/// one behind it, `wished_kernel` what the target was made with; x of `loss` is the iteration. In `level` c is the
/// level of a chain of layers, 0 its input, and n the slice where the chain has three axes. Of a volume (conv3d) c is
/// the depth, negative where padding comes first, and n counts the channels through: n * in_channels + c of the input,
/// o * (in_channels / groups) + i of the weight, n * out_channels + o of the output.
enum class TensorId : uint8_t {
  none,
  input,
  weight,
  output,
  bias,
  im2col,
  kernel_matrix,
  product,
  toeplitz,
  grad_input,
  grad_weight,
  grad_bias,
  grad_output,
  learned,
  next_kernel,
  wished_kernel,
  loss,
  level,
};

struct CellRef {
  TensorId tensor = TensorId::none;
  int64_t n = 0, c = 0, y = 0, x = 0;
  bool operator==(const CellRef&) const = default;
};

/// One thing to draw. Marks are drawn in order, later ones over earlier ones. The fill of a text is what it stands on,
/// so that line_color() can choose its ink: none is the canvas (ink: the role's line), tint, full and value the role's
/// fills, shade the role's tint under the window.
struct Mark {
  enum class Kind : uint8_t { box, line, arrow, text, raster };
  Kind kind = Kind::box;
  Role role = Role::text;
  Fill fill = Fill::none;
  Outline outline = Outline::none;
  Face face = Face::sans;
  Align align = Align::center;
  Box box;           // of a line or an arrow: from (x0, y0) to (x1, y1)
  float radius = 0;  // corner radius
  float opacity = 1;
  float value = 0;      // of Fill::value: -1 to 1
  float lightness = 0;  // -1 to 1: varies the role's lightness, for channels and groups
  /// Of text: font size. Of a line or arrow: width (0: a hairline of one device pixel). Of a box: width of its outline
  /// (0: as the outline has it).
  float size = 0;
  uint32_t text = 0;  // of text: offset into Scene::text
  uint32_t text_length = 0;
  int32_t ref = -1;     // index into Scene::refs: what pointing at this mark means
  int32_t raster = -1;  // index into Scene::rasters
};

/// A tensor drawn as a texture: one image of it, one channel on the role's diverging scale or three as RGB.
struct Raster {
  Tensor tensor;  // (N, C, H, W)
  TensorId id = TensorId::none;
  int64_t n = 0;
  int64_t channel = 0;      // first channel
  bool rgb = false;         // channel, channel+1, channel+2 are red, green, blue
  float low = 0, high = 1;  // rgb: the values of black and white; else the scale's ends (high = -low)
  /// Part of the tensor that the mark's box shows, in cells: x from u0 to u1, y from v0 to v1.
  double u0 = 0, v0 = 0, u1 = 1, v1 = 1;
  /// Where the tensor is only a sample of something larger (the im2col matrix): the cells of `id` that the box shows;
  /// all zero where that is u0 to v1 itself. Only for pointing.
  double cell_x0 = 0, cell_y0 = 0, cell_x1 = 0, cell_y1 = 0;
  /// The n and c that pointing means, where they are not those of the texture.
  std::optional<int64_t> cell_n, cell_c;
  bool turned = false;  // the columns of `id` lie one below the other

  /// A reference to a cell of the box: n and c, at (0, 0).
  CellRef plane() const { return {id, cell_n.value_or(n), cell_c.value_or(channel), 0, 0}; }
  bool is_sample() const { return cell_x1 > cell_x0 && cell_y1 > cell_y0; }
};

struct Scene {
  float width = 0, height = 0;  // viewport in logical pixels
  bool transparent = false;     // no canvas behind
  std::vector<Mark> marks;
  std::vector<CellRef> refs;
  std::vector<Raster> rasters;
  std::string text;      // all texts, one after the other, UTF-8
  std::string sentence;  // the step in one sentence, for captions and alternative text

  void clear();  // keeps the memory
  std::string_view text_of(const Mark& mark) const {
    return std::string_view(text).substr(mark.text, mark.text_length);
  }
};

/// What lies under a point: the topmost mark with a reference there, or the cell of a raster.
std::optional<CellRef> pick(const Scene& scene, float x, float y);

/// Whether two marks, each of its scene, are drawn alike.
bool drawn_alike(const Scene& a, const Mark& x, const Scene& b, const Mark& y);

/// One line per mark, stable across machines: for tests and bug reports.
std::string to_text(const Scene& scene);

/// How wide words are; the renderer's fonts know. Widths in logical pixels.
class TextMeasure {
 public:
  TextMeasure();
  /// A copy is another one: it may come to measure otherwise.
  TextMeasure(const TextMeasure&) : TextMeasure() {}
  TextMeasure& operator=(const TextMeasure&) { return *this; }
  virtual ~TextMeasure() = default;
  virtual float width(std::string_view text, Face face, float size) const = 0;
  /// Different for every one that ever was, from 1 on: what has been measured is remembered under it, never under an
  /// address, which the next one may get.
  uint64_t identity() const { return identity_; }

 private:
  uint64_t identity_ = 0;
};

}  // namespace convscope
