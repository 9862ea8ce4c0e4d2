#include "app/scene/anchor.h"

#include <algorithm>
#include <cmath>

namespace convscope {
namespace {

// A mark that shows cells: which, and from where to where. Other marks show none.
struct Sheet {
  CellRef first;  // in the upper left corner of the box
  double pitch = 0;
  int64_t channels = 1;
};

std::optional<Sheet> sheet_of(const Scene& scene, const Mark& mark) {
  if (mark.box.width() <= 0 || mark.box.height() <= 0) return std::nullopt;
  if (mark.raster >= 0) {
    const Raster& raster = scene.rasters[static_cast<size_t>(mark.raster)];
    const bool sampled = raster.is_sample();
    const double x0 = sampled ? raster.cell_x0 : raster.u0, x1 = sampled ? raster.cell_x1 : raster.u1;
    const double y0 = sampled ? raster.cell_y0 : raster.v0;
    if (x1 <= x0) return std::nullopt;
    Sheet sheet;
    sheet.first = raster.plane();
    sheet.pitch = static_cast<double>(mark.box.width()) / (x1 - x0);
    sheet.channels = raster.rgb ? 3 : 1;
    // Rasters may begin within a cell: the corner of cell (0, 0) is where they would have it.
    sheet.first.y = static_cast<int64_t>(std::floor(y0));
    sheet.first.x = static_cast<int64_t>(std::floor(x0));
    return sheet;
  }
  if (mark.ref < 0) return std::nullopt;
  const CellRef& ref = scene.refs[static_cast<size_t>(mark.ref)];
  if (ref.tensor == TensorId::none) return std::nullopt;
  return Sheet{ref, static_cast<double>(mark.box.width()), 1};
}

// In cells of the sheet, from the corner of its first one; rasters that begin within a cell begin behind that corner.
double offset_in_cell(const Scene& scene, const Mark& mark, bool horizontal) {
  if (mark.raster < 0) return 0;
  const Raster& raster = scene.rasters[static_cast<size_t>(mark.raster)];
  const bool sampled = raster.is_sample();
  const double begin = horizontal ? (sampled ? raster.cell_x0 : raster.u0) : (sampled ? raster.cell_y0 : raster.v0);
  return begin - std::floor(begin);
}

double beyond(double at, double low, double high) { return std::max({0.0, low - at, at - high}); }

double distance_to(const Box& box, double x, double y) {
  return std::hypot(beyond(x, static_cast<double>(box.x0), static_cast<double>(box.x1)),
                    beyond(y, static_cast<double>(box.y0), static_cast<double>(box.y1)));
}

}  // namespace

std::optional<Anchor> anchor_at(const Scene& scene, float x, float y) {
  std::optional<Anchor> best;
  double least = 0;
  for (const Mark& mark : scene.marks) {
    const std::optional<Sheet> sheet = sheet_of(scene, mark);
    if (!sheet) continue;
    const double distance = distance_to(mark.box, static_cast<double>(x), static_cast<double>(y));
    // Of what lies one over the other the upper one counts, as for pick().
    if (best && distance > least) continue;
    least = distance;
    const double left = static_cast<double>(x - mark.box.x0) / sheet->pitch;
    const double down = static_cast<double>(y - mark.box.y0) / sheet->pitch;
    best = Anchor{sheet->first.tensor,
                  sheet->first.n,
                  sheet->first.c,
                  static_cast<double>(sheet->first.y) + offset_in_cell(scene, mark, false) + down,
                  static_cast<double>(sheet->first.x) + offset_in_cell(scene, mark, true) + left,
                  sheet->pitch};
  }
  return best;
}

std::optional<AnchorPlace> place_of(const Scene& scene, const Anchor& anchor) {
  std::optional<AnchorPlace> best;
  double least = 0;
  for (const Mark& mark : scene.marks) {
    const std::optional<Sheet> sheet = sheet_of(scene, mark);
    if (!sheet || sheet->first.tensor != anchor.tensor) continue;
    const double left = anchor.x - static_cast<double>(sheet->first.x) - offset_in_cell(scene, mark, true);
    const double down = anchor.y - static_cast<double>(sheet->first.y) - offset_in_cell(scene, mark, false);
    const AnchorPlace place{static_cast<double>(mark.box.x0) + left * sheet->pitch,
                            static_cast<double>(mark.box.y0) + down * sheet->pitch, sheet->pitch};
    double distance = distance_to(mark.box, place.x, place.y);
    // A channel that lies on a stack elsewhere stands for all of it.
    const bool same = sheet->first.n == anchor.n && anchor.c >= sheet->first.c && anchor.c < sheet->first.c + sheet->channels;
    if (!same) distance += 1e6;
    if (best && distance > least) continue;
    least = distance;
    best = place;
  }
  return best;
}

View view_on(const Anchor& anchor, const Scene& fitted, const View& view, const OperationPlan& plan, Lens lens) {
  const std::optional<AnchorPlace> place = place_of(fitted, anchor);
  if (!place || place->pitch <= 0) return view;
  View next = view;
  next.zoom = std::max(1.0, anchor.pitch / place->pitch);
  next.center_x = place->x / static_cast<double>(view.width);
  next.center_y = place->y / static_cast<double>(view.height);
  // Bounds the zoom and the middle as any other zoom.
  return zoomed(next, 1, view.width / 2, view.height / 2, plan, lens);
}

View kept_in_sight(const View& view, const Scene& fitted) {
  if (view.zoom <= 1) return view;
  const double width = static_cast<double>(view.width), height = static_cast<double>(view.height);
  // The viewport on the fitted picture, without a margin in which nobody would notice a cell.
  const double half_w = width / view.zoom / 2, half_h = height / view.zoom / 2;
  const double margin = std::min({64 / view.zoom, half_w / 2, half_h / 2});
  const double x = view.center_x * width, y = view.center_y * height;
  double least = -1, move_x = 0, move_y = 0;
  for (const Mark& mark : fitted.marks) {
    if (!sheet_of(fitted, mark)) continue;
    const auto needed = [&](double at, double half, double low, double high) {
      const double reach = half - margin;
      if (low > at + reach) return low - (at + reach);
      if (high < at - reach) return high - (at - reach);
      return 0.0;
    };
    const double dx = needed(x, half_w, static_cast<double>(mark.box.x0), static_cast<double>(mark.box.x1));
    const double dy = needed(y, half_h, static_cast<double>(mark.box.y0), static_cast<double>(mark.box.y1));
    const double distance = std::hypot(dx, dy);
    if (distance == 0) return view;
    if (least >= 0 && distance >= least) continue;
    least = distance;
    move_x = dx;
    move_y = dy;
  }
  if (least < 0) return view;
  View next = view;
  next.center_x += move_x / width;
  next.center_y += move_y / height;
  return panned(next, 0, 0);
}

}  // namespace convscope
