#include "app/export/same_picture.h"

#include <algorithm>

namespace convscope {
namespace {

bool same_box(const Box& a, const Box& b) { return a.x0 == b.x0 && a.y0 == b.y0 && a.x1 == b.x1 && a.y1 == b.y1; }

bool same_raster(const Raster& a, const Raster& b) {
  return a.tensor.identity() == b.tensor.identity() && a.id == b.id && a.n == b.n && a.channel == b.channel &&
         a.rgb == b.rgb && a.low == b.low && a.high == b.high && a.u0 == b.u0 && a.v0 == b.v0 && a.u1 == b.u1 &&
         a.v1 == b.v1;
}

}  // namespace

bool same_picture(const Scene& a, const Scene& b) {
  if (a.width != b.width || a.height != b.height || a.transparent != b.transparent ||
      a.marks.size() != b.marks.size() || a.rasters.size() != b.rasters.size()) {
    return false;
  }
  // From behind: what moves lies on top.
  for (size_t i = a.marks.size(); i-- > 0;) {
    const Mark &x = a.marks[i], &y = b.marks[i];
    if (x.kind != y.kind || x.role != y.role || x.fill != y.fill || x.outline != y.outline || x.face != y.face ||
        x.align != y.align || !same_box(x.box, y.box) || x.radius != y.radius || x.opacity != y.opacity ||
        x.value != y.value || x.lightness != y.lightness || x.size != y.size || x.raster != y.raster ||
        a.text_of(x) != b.text_of(y)) {
      return false;
    }
  }
  return std::equal(a.rasters.begin(), a.rasters.end(), b.rasters.begin(), same_raster);
}

}  // namespace convscope
