#include "app/scene/scene.h"

#include <atomic>
#include <cmath>
#include <cstdio>

namespace convscope {

TextMeasure::TextMeasure() {
  static std::atomic<uint64_t> last{0};
  identity_ = last.fetch_add(1) + 1;
}

void Scene::clear() {
  width = height = 0;
  transparent = false;
  marks.clear();
  refs.clear();
  rasters.clear();
  text.clear();
  sentence.clear();
}

namespace {

bool same_box(const Box& a, const Box& b) { return a.x0 == b.x0 && a.y0 == b.y0 && a.x1 == b.x1 && a.y1 == b.y1; }

bool same_raster(const Raster& a, const Raster& b) {
  return a.tensor.identity() == b.tensor.identity() && a.id == b.id && a.n == b.n && a.channel == b.channel &&
         a.rgb == b.rgb && a.low == b.low && a.high == b.high && a.u0 == b.u0 && a.v0 == b.v0 && a.u1 == b.u1 &&
         a.v1 == b.v1;
}

const Raster* raster_of(const Scene& scene, const Mark& mark) {
  if (mark.raster < 0 || static_cast<size_t>(mark.raster) >= scene.rasters.size()) return nullptr;
  return &scene.rasters[static_cast<size_t>(mark.raster)];
}

}  // namespace

bool drawn_alike(const Scene& a, const Mark& x, const Scene& b, const Mark& y) {
  if (x.kind != y.kind || x.role != y.role || x.fill != y.fill || x.outline != y.outline || x.face != y.face ||
      x.align != y.align || !same_box(x.box, y.box) || x.radius != y.radius || x.opacity != y.opacity ||
      x.value != y.value || x.lightness != y.lightness || x.size != y.size || a.text_of(x) != b.text_of(y)) {
    return false;
  }
  const Raster *p = raster_of(a, x), *q = raster_of(b, y);
  return p == nullptr || q == nullptr ? p == q : same_raster(*p, *q);
}

namespace {

std::optional<CellRef> pick_raster(const Raster& raster, const Box& box, float x, float y) {
  if (box.width() <= 0 || box.height() <= 0) return std::nullopt;
  const bool sampled = raster.is_sample();
  const double x0 = sampled ? raster.cell_x0 : raster.u0, x1 = sampled ? raster.cell_x1 : raster.u1;
  const double y0 = sampled ? raster.cell_y0 : raster.v0, y1 = sampled ? raster.cell_y1 : raster.v1;
  CellRef ref = raster.plane();
  ref.x = static_cast<int64_t>(std::floor(x0 + (x1 - x0) * static_cast<double>((x - box.x0) / box.width())));
  ref.y = static_cast<int64_t>(std::floor(y0 + (y1 - y0) * static_cast<double>((y - box.y0) / box.height())));
  if (raster.turned) std::swap(ref.x, ref.y);
  return ref;
}

const char* name_of(Mark::Kind kind) {
  static constexpr const char* kNames[] = {"box", "line", "arrow", "text", "raster"};
  return kNames[static_cast<int>(kind)];
}
const char* name_of(Role role) {
  static constexpr const char* kNames[] = {"canvas",  "panel",  "border", "text",   "secondary",
                                           "accent",  "input",  "weight", "output", "bias",
                                           "padding", "window", "hover",  "unused", "error"};
  return kNames[static_cast<int>(role)];
}
const char* name_of(Fill fill) {
  static constexpr const char* kNames[] = {"none", "tint", "full", "value", "shade", "hatch"};
  return kNames[static_cast<int>(fill)];
}
const char* name_of(Outline outline) {
  static constexpr const char* kNames[] = {"none", "hairline", "solid", "thick", "dashed", "ring"};
  return kNames[static_cast<int>(outline)];
}
const char* name_of(TensorId id) {
  static constexpr const char* kNames[] = {
      "none",       "input",       "weight",    "output",      "bias",    "im2col",      "kernel_matrix", "product", "toeplitz",
      "grad_input", "grad_weight", "grad_bias", "grad_output", "learned", "next_kernel", "wished_kernel", "loss",        "level"};
  return kNames[static_cast<int>(id)];
}

}  // namespace

std::optional<CellRef> pick(const Scene& scene, float x, float y) {
  for (size_t i = scene.marks.size(); i-- > 0;) {
    const Mark& mark = scene.marks[i];
    if (mark.kind == Mark::Kind::box && mark.ref >= 0 && mark.box.contains(x, y)) {
      const CellRef& ref = scene.refs[static_cast<size_t>(mark.ref)];
      if (ref.tensor == TensorId::none) return std::nullopt;
      return ref;
    }
    if (mark.kind == Mark::Kind::raster && mark.raster >= 0 && mark.box.contains(x, y)) {
      return pick_raster(scene.rasters[static_cast<size_t>(mark.raster)], mark.box, x, y);
    }
  }
  return std::nullopt;
}

std::string to_text(const Scene& scene) {
  std::string out;
  char line[256];
  std::snprintf(line, sizeof line, "scene %.0fx%.0f%s\n", static_cast<double>(scene.width),
                static_cast<double>(scene.height), scene.transparent ? " transparent" : "");
  out += line;
  for (const Mark& mark : scene.marks) {
    // Tenths of a pixel: finer differences are noise of the compiler's.
    std::snprintf(line, sizeof line, "%s %s %.1f,%.1f %.1f,%.1f", name_of(mark.kind), name_of(mark.role),
                  static_cast<double>(mark.box.x0), static_cast<double>(mark.box.y0), static_cast<double>(mark.box.x1),
                  static_cast<double>(mark.box.y1));
    out += line;
    if (mark.fill != Fill::none) out.append(" fill=").append(name_of(mark.fill));
    if (mark.outline != Outline::none) out.append(" outline=").append(name_of(mark.outline));
    if (mark.fill == Fill::value) {
      std::snprintf(line, sizeof line, " value=%.3f", static_cast<double>(mark.value));
      out += line;
    }
    if (mark.lightness != 0) {
      std::snprintf(line, sizeof line, " lightness=%.2f", static_cast<double>(mark.lightness));
      out += line;
    }
    if (mark.opacity != 1) {
      std::snprintf(line, sizeof line, " opacity=%.2f", static_cast<double>(mark.opacity));
      out += line;
    }
    if (mark.kind == Mark::Kind::text) {
      std::snprintf(line, sizeof line, " size=%.1f \"", static_cast<double>(mark.size));
      out.append(line).append(scene.text_of(mark)).append("\"");
    }
    if (mark.ref >= 0) {
      const CellRef& ref = scene.refs[static_cast<size_t>(mark.ref)];
      std::snprintf(line, sizeof line, " -> %s[%lld,%lld,%lld,%lld]", name_of(ref.tensor),
                    static_cast<long long>(ref.n), static_cast<long long>(ref.c), static_cast<long long>(ref.y),
                    static_cast<long long>(ref.x));
      out += line;
    }
    if (mark.raster >= 0) {
      const Raster& raster = scene.rasters[static_cast<size_t>(mark.raster)];
      std::snprintf(line, sizeof line, " raster %s n=%lld c=%lld%s %.4g,%.4g %.4g,%.4g", name_of(raster.id),
                    static_cast<long long>(raster.n), static_cast<long long>(raster.channel), raster.rgb ? " rgb" : "",
                    raster.u0, raster.v0, raster.u1, raster.v1);
      out += line;
    }
    out += '\n';
  }
  if (!scene.sentence.empty()) out.append("sentence ").append(scene.sentence).append("\n");
  return out;
}

}  // namespace convscope
