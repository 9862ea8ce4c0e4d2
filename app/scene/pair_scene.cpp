#include "app/scene/pair_scene.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "app/scene/painter.h"
#include "app/scene/per_half.h"
#include "app/scene/sentence.h"
#include "app/scene/words.h"

namespace convscope {
namespace {

// At type scale 1.
constexpr float kCallSize = 14, kSizesSize = 13, kLeastSize = 11, kNoteSize = 13;
constexpr float kEdge = 14, kAbove = 10, kBelow = 2, kGap = 8;
constexpr float kBadge = 20;
constexpr size_t kMostLines = 4;
/// Side by side is what people expect: one above the other has to show cells so much larger.
constexpr double kWorthStacking = 1.2;
/// Cells of two sizes are made equal as long as the larger ones need not shrink below this part.
constexpr double kLeastEqualled = 0.7;
/// Below this a dot would hide the cell's number.
constexpr float kLeastDotted = 12;

constexpr const char* kLetters[] = {"A", "B"};

float width_of(const Painter& painter, const TitlePiece& piece, float size) {
  return painter.width(piece.text, piece.lit ? Face::bold : Face::sans, size);
}

/// Walks over the pieces line by line: place(piece, x, line) with x from the line's left edge. Returns the lines.
template <class Place>
size_t lay_pieces(const Painter& painter, const std::vector<TitlePiece>& pieces, float size, float room, Place place) {
  float x = 0;
  size_t line = 0;
  // No line begins with a comma or a bracket that closes.
  const auto clings = [](const TitlePiece& piece) {
    return piece.text.starts_with(',') || piece.text.starts_with(')');
  };
  for (size_t i = 0; i < pieces.size(); ++i) {
    const TitlePiece& piece = pieces[i];
    const float width = width_of(painter, piece, size);
    const bool mark_follows = i + 1 < pieces.size() && clings(pieces[i + 1]);
    const float mark = mark_follows ? painter.width(",", Face::sans, size) : 0;
    if (x > 0 && !clings(piece) && x + width + mark > room) {
      ++line;
      x = 0;
    }
    place(piece, x, line);
    x += width;
  }
  return line + 1;
}

struct Lines {
  float size = 0;
  size_t count = 1;
};

/// One line, or the fewest that type of a size that can be read takes.
Lines lines_of(const Painter& painter, const std::vector<TitlePiece>& pieces, float wanted, float least, float room) {
  Lines best;
  for (float size = wanted; size >= least; size -= 0.5f) {
    const size_t count = lay_pieces(painter, pieces, size, room, [](const TitlePiece&, float, size_t) {});
    if (best.size == 0 || count < best.count) best = {size, count};
    if (count == 1) break;
  }
  best.count = std::min(best.count, kMostLines);
  return best;
}

/// Clips a segment to the box; false where nothing is left.
bool clip_line(Box& line, const Box& room) {
  float from = 0, to = 1;
  const float dx = line.x1 - line.x0, dy = line.y1 - line.y0;
  const auto edge = [&](float direction, float distance) {
    if (direction == 0) return distance >= 0;
    const float at = distance / direction;
    if (direction < 0) from = std::max(from, at);
    if (direction > 0) to = std::min(to, at);
    return from <= to;
  };
  if (!edge(-dx, line.x0 - room.x0) || !edge(dx, room.x1 - line.x0) || !edge(-dy, line.y0 - room.y0) ||
      !edge(dy, room.y1 - line.y0)) {
    return false;
  }
  line = {line.x0 + from * dx, line.y0 + from * dy, line.x0 + to * dx, line.y0 + to * dy};
  return true;
}

Box intersection(const Box& a, const Box& b) {
  return {std::max(a.x0, b.x0), std::max(a.y0, b.y0), std::min(a.x1, b.x1), std::min(a.y1, b.y1)};
}

void cut_raster(Raster& raster, const Box& whole, const Box& seen) {
  const auto cut = [](double& low, double& high, double from, double to) {
    const double length = high - low, begin = low;
    low = begin + length * from;
    high = begin + length * to;
  };
  const double width = static_cast<double>(whole.width()), height = static_cast<double>(whole.height());
  const double x0 = static_cast<double>(seen.x0 - whole.x0) / width,
               x1 = static_cast<double>(seen.x1 - whole.x0) / width;
  const double y0 = static_cast<double>(seen.y0 - whole.y0) / height,
               y1 = static_cast<double>(seen.y1 - whole.y0) / height;
  const bool sample = raster.is_sample();
  cut(raster.u0, raster.u1, x0, x1);
  cut(raster.v0, raster.v1, y0, y1);
  if (!sample) return;
  cut(raster.cell_x0, raster.cell_x1, x0, x1);
  cut(raster.cell_y0, raster.cell_y1, y0, y1);
}

/// Cuts a mark that has been moved to its half; false where nothing of it is left.
bool cut_mark(Mark& mark, Scene& whole, const Box& room) {
  const Box box = mark.box;
  if (mark.kind == Mark::Kind::line || mark.kind == Mark::Kind::arrow) {
    if (!clip_line(mark.box, room)) return false;
    // An arrow whose head is elsewhere is a line.
    if (mark.box.x1 != box.x1 || mark.box.y1 != box.y1) mark.kind = Mark::Kind::line;
    return true;
  }
  const Box seen = intersection(box, room);
  if (seen.x1 <= seen.x0 || seen.y1 <= seen.y0) return false;
  if (seen == box) return true;
  if (mark.kind == Mark::Kind::text) {
    const float beyond = std::max({room.x0 - box.x0, box.x1 - room.x1, room.y0 - box.y0, box.y1 - room.y1});
    return beyond <= kGap / 2;
  }
  if (mark.kind == Mark::Kind::raster && mark.raster >= 0) {
    cut_raster(whole.rasters[static_cast<size_t>(mark.raster)], box, seen);
  }
  mark.box = seen;
  return true;
}

bool counts_output_cells(const OperationPlan& plan, Lens lens) {
  return lens != Lens::receptive_field && lens != Lens::gradient &&
         (plan.transposed() == nullptr || lens == Lens::gather);
}

/// Two chains whose last layers have the same cells.
bool same_last_level(const PairSide& a, const PairSide& b) {
  if (a.lens != Lens::receptive_field || b.lens != Lens::receptive_field) return false;
  const ChainPlanPtr &x = a.computation->plan.chain(), &y = b.computation->plan.chain();
  if (!x || !y || x->chain.dims != y->chain.dims) return false;
  const int i = x->last_level(), k = y->last_level();
  return x->slices(i) == y->slices(k) && x->rows(i) == y->rows(k) && x->cols(i) == y->cols(k);
}

}  // namespace

void append_part(Scene& whole, const Scene& part, const Box& room) {
  const auto text = static_cast<uint32_t>(whole.text.size());
  const auto refs = static_cast<int32_t>(whole.refs.size());
  const auto rasters = static_cast<int32_t>(whole.rasters.size());
  whole.text += part.text;
  whole.refs.insert(whole.refs.end(), part.refs.begin(), part.refs.end());
  whole.rasters.insert(whole.rasters.end(), part.rasters.begin(), part.rasters.end());
  for (const Mark& mark : part.marks) {
    Mark& moved = whole.marks.emplace_back(mark);
    moved.box = {mark.box.x0 + room.x0, mark.box.y0 + room.y0, mark.box.x1 + room.x0, mark.box.y1 + room.y0};
    if (mark.kind == Mark::Kind::text) moved.text += text;
    if (mark.ref >= 0) moved.ref += refs;
    if (mark.raster >= 0) moved.raster += rasters;
    if (!cut_mark(moved, whole, room)) whole.marks.pop_back();
  }
}

std::array<Moment, 2> PairPicture::moments(const PairRequest& request) {
  const PairSide &own = request.sides[request.own], &other = request.sides[1 - request.own];
  const PairSteps steps =
      pair_steps(own.computation->plan, own.lens, other.computation->plan, other.lens, request.linked);
  std::array<Moment, 2> moments;
  moments[request.own] = resting(request.common.moment, steps.own);
  moments[1 - request.own] = moment_beside(steps, request.common.moment, own.computation->plan, own.lens, other.lens);
  return moments;
}

SceneRequest PairPicture::request_of(const PairRequest& request, size_t side) const {
  SceneRequest half = request.common;
  half.computation = request.sides[side].computation;
  half.lens = request.sides[side].lens;
  half.algorithm = request.sides[side].algorithm;
  half.hovered = request.sides[side].hovered;
  half.view.width = std::max(1.0f, places_[side].width());
  half.view.height = std::max(1.0f, places_[side].height());
  half.view.zoom *= zooms_[side];
  const std::array<Moment, 2> at = moments(request);
  half.moment = at[side];
  // One that rests leaves no trail.
  half.playing = half.playing && at[side].step == request.common.moment.step;
  return half;
}

PairPicture::Key PairPicture::key_of(const PairRequest& request) {
  Key key;
  for (size_t i = 0; i < 2; ++i) {
    const PairSide& side = request.sides[i];
    key.generations[i] = side.computation->generation;
    key.chains[i] = side.computation->plan.chain();
    key.lenses[i] = side.lens;
    key.algorithms[i] = side.algorithm;
  }
  key.options = request.common.options;
  key.linked = request.linked;
  key.caption = request.common.caption;
  key.language = request.common.language;
  key.measure = request.common.measure != nullptr ? request.common.measure->identity() : 0;
  key.width = request.common.view.width;
  key.height = request.common.view.height;
  return key;
}

void PairPicture::place_halves(const PairRequest& request, const Painter& painter, bool stacked) {
  const View& view = request.common.view;
  stacked_ = stacked;
  ui_ = std::clamp(painter.ui(), 0.9f, 2.5f);
  const float note = kNoteSize * ui_ * kLineHeight + 10 * ui_;
  note_ = {kEdge * ui_, view.height - note, view.width - kEdge * ui_, view.height};
  const float half = stacked ? view.width : std::floor((view.width - kGap) / 2);
  const float room = half - (2 * kEdge + kBadge + 8) * ui_;
  std::array<float, 2> titles{};
  for (size_t i = 0; i < 2; ++i) {
    const auto height = [&](const std::vector<TitlePiece>& pieces, float wanted) {
      const Lines lines = lines_of(painter, pieces, wanted * ui_, kLeastSize * ui_, room);
      return static_cast<float>(lines.count) * lines.size * kLineHeight;
    };
    titles[i] = (kAbove + kBelow) * ui_ + height(words_.sides[i].call, kCallSize);
    if (!words_.sides[i].sizes.empty()) titles[i] += height(words_.sides[i].sizes, kSizesSize);
  }
  if (!stacked) {
    const float top = std::ceil(std::max(titles[0], titles[1]));
    for (size_t i = 0; i < 2; ++i) {
      const float x = i == 0 ? 0 : view.width - half;
      titles_at_[i] = {x, 0, x + half, top};
      places_[i] = {x, top, x + half, std::max(top + 1, note_.y0)};
    }
    return;
  }
  const float rest = std::max(2.0f, note_.y0 - titles[0] - titles[1] - kGap);
  float y = 0;
  for (size_t i = 0; i < 2; ++i) {
    titles_at_[i] = {0, y, view.width, y + titles[i]};
    places_[i] = {0, y + titles[i], view.width, y + titles[i] + rest / 2};
    y = places_[i].y1 + kGap;
  }
}

PairPicture::Shown PairPicture::shown_cells(const PairRequest& request) {
  Shown shown;
  zooms_ = {1, 1};
  for (size_t i = 0; i < 2; ++i) {
    const HalfScope scope(i);
    SceneRequest half = request_of(request, i);
    half.view.zoom = 1;
    half.view.center_x = half.view.center_y = 0.5;
    half.moment = {0, 1.0f};
    half.hovered.reset();
    build_scene(half, parts_[i]);
    double area = 0;
    float smallest = 0;
    for (const Mark& mark : parts_[i].marks) {
      const bool cell = mark.kind == Mark::Kind::box && mark.ref >= 0;
      if (cell && mark.fill != Fill::none) {
        const float side = std::min(mark.box.width(), mark.box.height());
        smallest = smallest > 0 ? std::min(smallest, side) : side;
      }
      if (cell && parts_[i].refs[static_cast<size_t>(mark.ref)].tensor == TensorId::input && mark.fill != Fill::none) {
        shown.cell[i] = std::max(shown.cell[i], mark.box.width());
      }
      if (cell || mark.kind == Mark::Kind::raster) {
        area += static_cast<double>(mark.box.width()) * static_cast<double>(mark.box.height());
      }
    }
    shown.area = i == 0 ? area : std::min(shown.area, area);
    shown.smallest = i == 0 ? smallest : std::min(shown.smallest, smallest);
  }
  return shown;
}

void PairPicture::lay_out(const PairRequest& request) {
  Key key = key_of(request);
  if (key == key_) return;
  const bool same_words = key.generations == key_.generations && key.chains == key_.chains &&
                          key.lenses == key_.lenses && key.linked == key_.linked && key.language == key_.language;
  key_ = std::move(key);
  if (!same_words) {
    words_ =
        pair_titles(request.common.language, {request.sides[0].computation.get(), request.sides[1].computation.get()},
                    key_.lenses, request.linked);
  }
  Scene unused;
  const Painter painter(request.common, unused);
  place_halves(request, painter, true);
  const Shown above = shown_cells(request);
  place_halves(request, painter, false);
  Shown shown = shown_cells(request);
  const bool by_cells = above.smallest > 0 && shown.smallest > 0;
  const bool stack = by_cells
                         ? static_cast<double>(above.smallest) > kWorthStacking * static_cast<double>(shown.smallest)
                         : above.area > kWorthStacking * shown.area;
  if (stack) {
    place_halves(request, painter, true);
    shown = above;
  }
  if (request.sides[0].lens != request.sides[1].lens || shown.cell[0] <= 0 || shown.cell[1] <= 0) return;
  const float smaller = std::min(shown.cell[0], shown.cell[1]);
  for (size_t i = 0; i < 2; ++i) {
    const double zoom = static_cast<double>(smaller / shown.cell[i]);
    if (zoom >= kLeastEqualled) zooms_[i] = zoom;
  }
}

void PairPicture::build(const PairRequest& request, Scene& scene) {
  lay_out(request);
  scene.clear();
  scene.width = request.common.view.width;
  scene.height = request.common.view.height;
  scene.transparent = request.common.transparent;
  for (size_t i = 0; i < 2; ++i) {
    const HalfScope scope(i);
    build_scene(request_of(request, i), parts_[i]);
    const size_t first = scene.marks.size();
    append_part(scene, parts_[i], places_[i]);
    if (words_.compares_cells) mark_differences(request, i, first, scene);
  }
  draw_frame(request, scene);
  append_words(scene.sentence, words_of(request.common.language, "scene.pair_sentence"),
               {parts_[0].sentence, parts_[1].sentence});
}

void PairPicture::mark_differences(const PairRequest& request, size_t side, size_t first_mark, Scene& scene) const {
  const PairSide& own = request.sides[side];
  const PairSide& other = request.sides[1 - side];
  if (!counts_output_cells(own.computation->plan, own.lens)) return;
  const Tensor &a = own.computation->tensors.output, &b = other.computation->tensors.output;
  const int rank = a.shape().rank();
  if (rank < 3) return;
  const int64_t channels = a.shape()[rank - 3], rows = a.shape()[rank - 2], cols = a.shape()[rank - 1];
  const Moment moment = moments(request)[side];
  const size_t end = scene.marks.size();
  int64_t last = -1;
  for (size_t i = first_mark; i < end; ++i) {
    const Mark& mark = scene.marks[i];
    if (mark.kind != Mark::Kind::box || mark.ref < 0 || mark.fill == Fill::none || mark.fill == Fill::shade) continue;
    const CellRef& ref = scene.refs[static_cast<size_t>(mark.ref)];
    if (ref.tensor != TensorId::output) continue;
    const Box box = mark.box;
    const float side_length = std::min(box.width(), box.height());
    if (side_length < kLeastDotted || ref.n < 0 || ref.c < 0 || ref.y < 0 || ref.x < 0) continue;
    if (ref.c >= channels || ref.y >= rows || ref.x >= cols) continue;
    const int64_t flat = ((ref.n * channels + ref.c) * rows + ref.y) * cols + ref.x;
    const bool computed = flat < moment.step || (flat == moment.step && moment.phase >= 1);
    if (flat == last || !computed || flat >= a.numel() || a.at(flat) == b.at(flat)) continue;
    last = flat;
    const float dot = std::clamp(side_length * 0.16f, 4.0f, 10.0f), inset = dot * 0.45f;
    Mark& added = scene.marks.emplace_back();
    added.kind = Mark::Kind::box;
    added.box = {box.x1 - inset - dot, box.y1 - inset - dot, box.x1 - inset, box.y1 - inset};
    added.role = Role::error;
    added.fill = Fill::full;
    added.radius = dot / 2;
  }
}

void PairPicture::draw_frame(const PairRequest& request, Scene& scene) {
  SceneRequest whole = request.common;
  Painter painter(whole, scene);
  const float ui = ui_;
  // Between the halves.
  if (stacked_) {
    const float y = std::floor(places_[0].y1 + kGap / 2);
    painter.line(kEdge * ui, y, request.common.view.width - kEdge * ui, y, Role::border, 0);
  } else {
    const float x = std::floor((places_[0].x1 + places_[1].x0) / 2);
    painter.line(x, kAbove * ui, x, note_.y0 - 4 * ui, Role::border, 0);
  }
  for (size_t i = 0; i < 2; ++i) {
    const Box& at = titles_at_[i];
    const float room = at.width() - (2 * kEdge + kBadge + 8) * ui;
    const Box badge{at.x0 + kEdge * ui, at.y0 + kAbove * ui, at.x0 + (kEdge + kBadge) * ui,
                    at.y0 + (kAbove + kBadge) * ui};
    const bool filled = request.marks_own && i == request.own;
    painter.box(badge, Role::accent, filled ? Fill::full : Fill::none, filled ? Outline::none : Outline::solid, 4 * ui);
    painter
        .text(kLetters[i], (badge.x0 + badge.x1) / 2, (badge.y0 + badge.y1) / 2, 14 * ui, Role::accent, Align::center,
              Face::bold)
        .fill = filled ? Fill::full : Fill::none;
    const float left = badge.x1 + 8 * ui;
    float y = at.y0 + kAbove * ui;
    const auto write = [&](const std::vector<TitlePiece>& pieces, float wanted) {
      const Lines lines = lines_of(painter, pieces, wanted * ui, kLeastSize * ui, room);
      const float height = lines.size * kLineHeight;
      lay_pieces(painter, pieces, lines.size, room, [&](const TitlePiece& piece, float x, size_t line) {
        if (line >= lines.count) return;
        const float middle = y + (static_cast<float>(line) + 0.5f) * height;
        const Face face =
            piece.lit || piece.role == Role::input || piece.role == Role::output ? Face::bold : Face::sans;
        painter.text(piece.text, left + x, middle, lines.size, piece.lit ? Role::accent : piece.role, Align::left,
                     face);
        // Not by colour and weight alone.
        if (!piece.lit) return;
        const float under = middle + lines.size * 0.62f;
        painter.line(left + x, under, left + x + width_of(painter, piece, lines.size), under, Role::accent, 1.5f * ui);
      });
      y += static_cast<float>(lines.count) * height;
    };
    write(words_.sides[i].call, kCallSize);
    if (!words_.sides[i].sizes.empty()) write(words_.sides[i].sizes, kSizesSize);
  }

  // How both go together, in words.
  const Language language = request.common.language;
  const std::array<Moment, 2> at = moments(request);
  const PairSide &a = request.sides[0], &b = request.sides[1];
  const PairSteps steps = pair_steps(a.computation->plan, a.lens, b.computation->plan, b.lens, request.linked);
  std::string& words = note_words_;
  words.clear();
  const int64_t now = request.common.moment.step + 1;
  const bool outputs = a.computation->plan.out() == b.computation->plan.out() &&
                       counts_output_cells(a.computation->plan, a.lens) &&
                       counts_output_cells(b.computation->plan, b.lens);
  const bool same_cell = steps.own == steps.other && (outputs || same_last_level(a, b));
  if (request.linked) {
    append_words(words, words_of(language, "scene.pair_lenses"),
                 {Digits(now), Digits(request.own == 0 ? steps.own : steps.other)});
  } else if (same_cell) {
    append_words(words, words_of(language, "scene.pair_same_cell"), {Digits(now), Digits(steps.own)});
  } else {
    append_words(words, words_of(language, "scene.pair_same_number"),
                 {Digits(now), Digits(at[0].step + 1), Digits(steps.own), Digits(at[1].step + 1), Digits(steps.other)});
    const int rests = now > steps.own ? 0 : now > steps.other ? 1 : -1;
    if (rests >= 0) {
      words += words_of(language, "scene.clause");
      append_words(words, words_of(language, "scene.pair_rests"), {kLetters[rests]});
    }
  }
  if (!words_.difference.empty()) {
    words += words_of(language, "scene.clause");
    words += words_.difference;
  }
  const float width = painter.width(words, Face::sans, kNoteSize * ui);
  const float size = kNoteSize * ui * std::min(1.0f, note_.width() / std::max(1.0f, width));
  painter.text(words, (note_.x0 + note_.x1) / 2, (note_.y0 + note_.y1) / 2 - 1 * ui, size, Role::secondary,
               Align::center);
}

}  // namespace convscope
