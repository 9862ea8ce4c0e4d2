#include "app/scene/receptive_field_lens.h"

#include <algorithm>
#include <cmath>

#include "app/scene/cells.h"
#include "app/scene/field_layout.h"
#include "app/scene/field_trace.h"
#include "app/scene/words.h"

namespace convscope {
namespace {

/// Pieces of a field with gaps that are drawn one by one; of more, or smaller ones, the outline says enough.
constexpr size_t kMostPieces = 4096;
constexpr double kLeastPiece = 1.5;
/// Rings around single pieces: beyond, one goes around all of them.
constexpr size_t kMostRings = 300;
/// Behind words, over the lines that pass there.
constexpr float kPatch = 0.85f;
/// Smaller cells would be more lines than cells.
constexpr double kLeastCell = 7;

struct FieldFrame : StageFrame {
  const ChainPlanPtr& chain;
  const FieldLayout& layout;
  const FieldTrace& trace;              // of the step
  const FieldTrace* pointed = nullptr;  // of the cell under the pointer
  float reveal = 1;                     // how far back the step's field has been followed
};

/// A level's grid as it is seen. Cells of a chain of one axis may be higher than wide.
struct LevelGrid : Grid {
  double least_height = 0;
  /// Rows and columns, both ends included.
  Box box(const CellRun& row, const CellRun& col) const {
    Box box{static_cast<float>(left(static_cast<double>(col.first))),
            static_cast<float>(top(static_cast<double>(row.first))),
            static_cast<float>(left(static_cast<double>(col.last + 1))),
            static_cast<float>(top(static_cast<double>(row.last + 1)))};
    const auto more = static_cast<float>(least_height - pitch);
    if (more > 0) {
      box.y0 -= more / 2;
      box.y1 += more / 2;
    }
    return box;
  }
  Box all() const { return box({row0, row0 + rows - 1}, {col0, col0 + cols - 1}); }
  bool by_cells() const { return cell_by_cell(*this) && pitch >= kLeastCell && least_height <= pitch; }
};

LevelGrid seen_grid(const FieldFrame& frame, int level) {
  const PlacedLevel& placed = frame.layout.levels[static_cast<size_t>(level)];
  LevelGrid grid;
  static_cast<Grid&>(grid) = frame.stage.seen(placed.grid);
  // A strip does not grow as it is looked at more closely, until its cells are square.
  grid.least_height = placed.least_height;
  return grid;
}

Role role_of_level(int level) { return level == 0 ? Role::input : Role::output; }

// How much of the way from the next level back to this one has been shown, 0 to 1.
float revealed(const FieldFrame& frame, int level) {
  const int last = frame.chain->last_level();
  if (level >= last) return 1;
  return std::clamp(frame.reveal * static_cast<float>(last) - static_cast<float>(last - 1 - level), 0.0f, 1.0f);
}

CellRun whole(const CellRuns& runs) { return {runs.front().first, runs.back().last}; }

// Around everything that is read at a level, padding included; at least large enough to be found.
Box region(const FieldFrame& frame, const LevelGrid& grid, const LitLevel& lit) {
  const Box box = grid.box(whole(lit.read_rows), whole(lit.read_cols));
  const float least = 6 * frame.stage.ui, grow = grid.by_cells() ? 1 : 0;
  const float mx = (box.x0 + box.x1) / 2, my = (box.y0 + box.y1) / 2;
  const float w = std::max(box.width() / 2 + grow, least / 2), h = std::max(box.height() / 2 + grow, least / 2);
  return {mx - w, my - h, mx + w, my + h};
}

bool has(const CellRuns& runs, int64_t cell) {
  const auto after = std::upper_bound(runs.begin(), runs.end(), cell,
                                      [](int64_t value, const CellRun& run) { return value < run.first; });
  return after != runs.begin() && cell <= std::prev(after)->last;
}

// The input of a chain that is the session's own picture: the field is then looked at on the picture itself.
bool is_picture(const FieldFrame& frame, int level) {
  if (level != 0 || frame.chain->chain.dims != 2 || !frame.tensors.input.defined()) return false;
  const TensorView view(frame.tensors.input);
  return view.rows() == frame.chain->rows(0) && view.cols() == frame.chain->cols(0) && is_rgb(frame.tensors.input);
}

const Tensor& pale_texel() {
  static const Tensor tensor = [] {
    auto made = Tensor::zeros({1, 1, 1, 1}, DType::float32);
    if (!made.ok()) return Tensor();
    made->mutable_data<float>()[0] = 1;
    return *std::move(made);
  }();
  return tensor;
}

// Cells too small to be drawn one by one: a surface of one tint, or the picture, that can be pointed at.
void draw_surface(FieldFrame& frame, int level, const Box& real, int64_t slice) {
  const PlacedLevel& placed = frame.layout.levels[static_cast<size_t>(level)];
  const bool picture = is_picture(frame, level);
  Raster raster;
  raster.tensor = picture ? frame.tensors.input : pale_texel();
  if (!raster.tensor.defined()) return;
  raster.id = TensorId::level;
  raster.rgb = picture;
  raster.low = picture ? 0 : -5.5f;
  raster.high = picture ? 1 : 5.5f;
  raster.u1 = picture ? static_cast<double>(placed.cols) : 1;
  raster.v1 = picture ? static_cast<double>(placed.rows) : 1;
  raster.cell_x1 = static_cast<double>(placed.cols);
  raster.cell_y1 = static_cast<double>(placed.rows);
  raster.cell_n = slice;
  raster.cell_c = level;
  frame.painter.raster(real, std::move(raster)).role = role_of_level(level);
}

// Every piece of rows with every piece of columns; false where that would be too many or too small to see.
template <class Draw>
bool for_pieces(const FieldFrame& frame, const LevelGrid& grid, const CellRuns& rows, const CellRuns& cols, size_t most,
                double least, const Draw& draw) {
  const bool solid = rows.size() == 1 && cols.size() == 1;
  if (!solid && (rows.size() > most / std::max<size_t>(1, cols.size()) || grid.pitch < least)) return false;
  const Box seen = frame.painter.viewport();
  for (const CellRun& row : rows) {
    for (const CellRun& col : cols) {
      const Box box = grid.box(row, col);
      if (box.x1 > seen.x0 && box.y1 > seen.y0 && box.x0 < seen.x1 && box.y0 < seen.y1) draw(box);
    }
  }
  return true;
}

// What the field covers of a surface.
void draw_covered(FieldFrame& frame, const LevelGrid& grid, int level, const Box& real, const LitLevel& lit,
                  float opacity) {
  Painter& painter = frame.painter;
  const Role role = role_of_level(level);
  if (lit.rows.empty() || lit.cols.empty()) {
    if (is_picture(frame, level)) painter.box(real, Role::canvas, Fill::full).opacity = 0.6f * opacity;
    return;
  }
  if (is_picture(frame, level)) {
    // The picture stays itself where it is seen; the rest steps back.
    const Box in = grid.box(whole(lit.rows), whole(lit.cols));
    for (const Box& out : {Box{real.x0, real.y0, real.x1, in.y0}, Box{real.x0, in.y1, real.x1, real.y1},
                           Box{real.x0, in.y0, in.x0, in.y1}, Box{in.x1, in.y0, real.x1, in.y1}}) {
      if (out.width() > 0.01f && out.height() > 0.01f) {
        painter.box(out, Role::canvas, Fill::full).opacity = 0.66f * opacity;
      }
    }
    return;
  }
  const bool drawn = for_pieces(frame, grid, lit.rows, lit.cols, kMostPieces, kLeastPiece,
                                [&](const Box& box) { painter.box(box, role, Fill::full).opacity = opacity; });
  if (drawn) return;
  // With gaps too fine to be told apart.
  const Box all = grid.box(whole(lit.rows), whole(lit.cols));
  painter.box(all, role, Fill::full).opacity = 0.55f * opacity;
  painter.box(all, role, Fill::hatch).opacity = opacity;
}

void draw_cells(FieldFrame& frame, const LevelGrid& grid, int level, const LitLevel& lit, float opacity) {
  Painter& painter = frame.painter;
  const PlacedLevel& placed = frame.layout.levels[static_cast<size_t>(level)];
  const Role role = role_of_level(level);
  const Grid::Range range = grid.visible(painter.viewport());
  for (int64_t y = range.row0; y < range.row1; ++y) {
    const bool row_read = has(lit.read_rows, y);
    for (int64_t x = range.col0; x < range.col1; ++x) {
      const bool read = row_read && has(lit.read_cols, x);
      const Box box = grid.cell(y, x);
      if (y < 0 || y >= placed.rows || x < 0 || x >= placed.cols) {
        if (read) painter.box(box, Role::padding, Fill::shade, Outline::none, grid.radius()).opacity = 0.4f * opacity;
        painter.box(box, Role::padding, Fill::none, Outline::dashed, grid.radius());
        continue;
      }
      const bool fades = read && opacity < 1 && opacity > 0;
      Mark& mark =
          painter.box(box, role, read && opacity >= 1 ? Fill::full : Fill::tint, Outline::hairline, grid.radius());
      painter.refer(mark, {TensorId::level, lit.slice, level, y, x});
      if (fades) painter.box(box, role, Fill::full, Outline::none, grid.radius()).opacity = opacity;
    }
  }
}

void draw_level(FieldFrame& frame, int level) {
  Painter& painter = frame.painter;
  const PlacedLevel& placed = frame.layout.levels[static_cast<size_t>(level)];
  const LevelGrid grid = seen_grid(frame, level);
  if (!painter.shows(grid.all())) return;
  const LitLevel& lit = frame.trace.levels[static_cast<size_t>(level)];
  const float opacity = revealed(frame, level);
  const Box real = grid.box({0, placed.rows - 1}, {0, placed.cols - 1});
  const bool padded = grid.rows != placed.rows || grid.cols != placed.cols;
  if (grid.by_cells() && !is_picture(frame, level)) {
    draw_cells(frame, grid, level, lit, opacity);
    if (padded) painter.box(real, role_of_level(level), Fill::none, Outline::solid, grid.radius());
  } else {
    draw_surface(frame, level, real, lit.slice);
    draw_covered(frame, grid, level, real, lit, opacity);
    if (padded) painter.box(grid.all(), Role::padding, Fill::none, Outline::dashed);
    painter.box(real, role_of_level(level), Fill::none, Outline::solid);
  }
}

// From the corners of what is read at one level to those of what is lit at the next: the two that face each other.
void draw_links(FieldFrame& frame, const FieldTrace& trace, Role role, float width, bool reveals) {
  Painter& painter = frame.painter;
  for (int level = 0; level < frame.chain->last_level(); ++level) {
    const auto at = static_cast<size_t>(level);
    const LitLevel &from = trace.levels[at], &to = trace.levels[at + 1];
    const float shown = reveals ? revealed(frame, level) : 1;
    if (!from.lit() || !to.lit() || shown <= 0) continue;
    const Box a = region(frame, seen_grid(frame, level), from), b = region(frame, seen_grid(frame, level + 1), to);
    const PlacedLevel &here = frame.layout.levels[at], &there = frame.layout.levels[at + 1];
    // Drawn from the later level towards the earlier one, as the field is followed.
    const auto link = [&](float bx, float by, float ax, float ay) {
      painter.line(bx, by, bx + (ax - bx) * shown, by + (ay - by) * shown, role, width).opacity = 0.9f;
    };
    if (here.row != there.row) {
      const bool below = there.grid.y > here.grid.y;
      link(b.x0, below ? b.y0 : b.y1, a.x0, below ? a.y1 : a.y0);
      link(b.x1, below ? b.y0 : b.y1, a.x1, below ? a.y1 : a.y0);
    } else if (here.grid.x < there.grid.x) {
      link(b.x0, b.y0, a.x1, a.y0);
      link(b.x0, b.y1, a.x1, a.y1);
    } else {
      link(b.x1, b.y0, a.x0, a.y0);
      link(b.x1, b.y1, a.x0, a.y1);
    }
  }
}

// Which way the chain runs, where its rows turn.
void draw_directions(FieldFrame& frame) {
  const std::vector<PlacedLevel>& levels = frame.layout.levels;
  if (frame.chain->chain.dims == 1 || levels.back().row == 0) return;
  const float ui = frame.stage.ui, width = std::max(1.0f, ui);
  for (size_t i = 0; i + 1 < levels.size(); ++i) {
    const PlacedLevel &a = levels[i], &b = levels[i + 1];
    if (a.row != b.row) continue;
    const bool right = a.grid.x < b.grid.x;
    const double from = right ? a.grid.x + a.grid.width() : a.grid.x, to = right ? b.grid.x : b.grid.x + b.grid.width();
    const float x0 = frame.stage.seen_x(from), x1 = frame.stage.seen_x(to);
    const float y = frame.stage.seen_y(a.grid.y + a.grid.height() / 2), middle = (x0 + x1) / 2;
    const float half = std::min(std::abs(x1 - x0) / 2 - 4 * ui, 14 * ui) * (right ? 1.0f : -1.0f);
    if (std::abs(half) < 4 * ui) continue;
    frame.painter.arrow(middle - half, y, middle + half, y, Role::secondary, width).opacity = 0.7f;
  }
}

void draw_regions(FieldFrame& frame) {
  for (int level = 0; level < frame.chain->levels(); ++level) {
    const LitLevel& lit = frame.trace.levels[static_cast<size_t>(level)];
    if (!lit.lit() || revealed(frame, level) < 1) continue;
    const LevelGrid grid = seen_grid(frame, level);
    const Box box = region(frame, grid, lit);
    if (level == frame.chain->last_level()) {
      frame.painter.box(box, Role::text, Fill::none, Outline::ring, grid.radius());
    } else {
      frame.painter.box(box, Role::window, Fill::none, Outline::thick, 2);
    }
  }
}

// What the cell under the pointer sees and reaches.
void draw_pointed(FieldFrame& frame) {
  if (frame.pointed == nullptr) return;
  for (int level = 0; level < frame.chain->levels(); ++level) {
    const LitLevel& lit = frame.pointed->levels[static_cast<size_t>(level)];
    const LevelGrid grid = seen_grid(frame, level);
    if (!lit.lit()) continue;
    const bool apart = for_pieces(frame, grid, lit.rows, lit.cols, kMostRings, 8, [&](const Box& box) {
      const auto gap = static_cast<float>(grid.gap() / 2);
      Box inner{box.x0 + gap, box.y0 + gap, box.x1 - gap, box.y1 - gap};
      if (grid.pitch < 8) return draw_hover_marker(frame, inner);
      draw_hover_ring(frame, inner, grid.radius());
    });
    if (!apart) draw_hover_marker(frame, grid.box(whole(lit.read_rows), whole(lit.read_cols)));
  }
}

// Of a strip: the name to its left, the field to its right.
void draw_words_beside(FieldFrame& frame, int level) {
  const FieldLayout& layout = frame.layout;
  const PlacedLevel& placed = layout.levels[static_cast<size_t>(level)];
  Painter& painter = frame.painter;
  const float gap = 10 * frame.stage.ui;
  const LevelGrid grid = seen_grid(frame, level);
  const Box bounds = grid.all();
  const float y = (bounds.y0 + bounds.y1) / 2;
  const float left = frame.stage.seen_x(layout.strip_x0) - gap, right = frame.stage.seen_x(layout.strip_x1) + gap;
  if (layout.words == FieldHead::none) return;
  const bool two = layout.words == FieldHead::layer;
  const float lift = two ? layout.second_size * 0.65f : 0;
  painter.text(placed.name, left, y - lift, layout.name_size, role_of_level(level), Align::right, Face::bold);
  if (two) {
    painter.text(level > 0 ? placed.summary : placed.size, left, y + layout.name_size * 0.6f, layout.second_size,
                 Role::secondary, Align::right, Face::mono);
  }
  if (level > 0) {
    painter.text(placed.foot, right, y, layout.foot_size, Role::secondary);
    return;
  }
  const LitLevel& lit = frame.trace.levels[0];
  thread_local std::string words;  // keeps its memory from frame to frame
  words.clear();
  append_seen(words, frame.request.language, *frame.chain, count_cells(lit.rows), count_cells(lit.cols));
  if (revealed(frame, 0) >= 1) painter.text(words, right, y, layout.foot_size, Role::input);
}

void draw_words(FieldFrame& frame, int level) {
  Painter& painter = frame.painter;
  const FieldLayout& layout = frame.layout;
  const PlacedLevel& placed = layout.levels[static_cast<size_t>(level)];
  const LevelGrid grid = seen_grid(frame, level);
  const Stage& stage = frame.stage;
  const Box room{stage.seen_x(static_cast<double>(placed.room.x0)), stage.seen_y(static_cast<double>(placed.room.y0)),
                 stage.seen_x(static_cast<double>(placed.room.x1)), stage.seen_y(static_cast<double>(placed.room.y1))};
  if (!painter.shows(room)) return;
  const float middle = (room.x0 + room.x1) / 2, width = room.width() + 1;
  const Box bounds = grid.all();
  // Lines of other levels may pass behind the words.
  const auto write = [&](std::string_view words, float y, float size, Role role, Face face) {
    const float wide = painter.width(words, face, size);
    if (words.empty() || wide > width) return;
    painter
        .box({middle - wide / 2 - 2, y - size * 0.6f, middle + wide / 2 + 2, y + size * 0.6f}, Role::canvas, Fill::full)
        .opacity = kPatch;
    painter.text(words, middle, y, size, role, Align::center, face);
  };
  const float name_size = layout.name_size, second = layout.second_size;
  const bool narrow = layout.words != FieldHead::layer;
  // Where the words have no room of their own they come as soon as the levels lie far enough apart.
  if (layout.head > 0 || bounds.y0 - room.y0 > (name_size + second) * 1.4f) {
    write(narrow ? placed.size : placed.summary, bounds.y0 - second * 0.8f, second, Role::secondary,
          narrow ? Face::sans : Face::mono);
    // Without a layer there is no second line.
    const bool lower = !narrow && placed.summary.empty();
    const float y = bounds.y0 - (lower ? 0 : second * 1.4f) - name_size * 0.75f;
    if (narrow) {
      write(placed.name, y, name_size, role_of_level(level), Face::bold);
    } else {
      const float small = name_size * 0.9f, name = painter.width(placed.name, Face::bold, name_size);
      const float gap = name_size * 0.4f, wide = name + gap + painter.width(placed.size, Face::sans, small);
      const float x = middle - wide / 2;
      if (wide <= width) {
        painter.box({x - 2, y - name_size * 0.6f, x + wide + 2, y + name_size * 0.6f}, Role::canvas, Fill::full)
            .opacity = kPatch;
        painter.text(placed.name, x, y, name_size, role_of_level(level), Align::left, Face::bold);
        painter.text(placed.size, x + name + gap, y, small, Role::text);
      }
    }
  }
  if (layout.foot <= 0) return;
  const float below = bounds.y1 + layout.foot_size * 0.9f;
  if (level > 0) return write(placed.foot, below, layout.foot_size, Role::secondary, Face::sans);
  const LitLevel& lit = frame.trace.levels[0];
  thread_local std::string words;  // keeps its memory from frame to frame
  words.clear();
  append_seen(words, frame.request.language, *frame.chain, count_cells(lit.rows), count_cells(lit.cols));
  if (revealed(frame, 0) >= 1) write(words, below, layout.foot_size, Role::input, Face::sans);
}

// Which rows and columns are seen, of a level that the camera has come too near to for its name.
void draw_place(FieldFrame& frame, int level) {
  const LevelGrid grid = seen_grid(frame, level);
  const float ui = frame.stage.ui;
  if (frame.stage.zoom <= 1 || grid.y - static_cast<double>(frame.layout.name_size) * 1.5 >= 0) return;
  Painter& painter = frame.painter;
  const Grid::Range seen = grid.visible(painter.viewport());
  if (seen.row1 <= seen.row0 || seen.col1 <= seen.col0) return;
  thread_local std::string words;  // keeps its memory from frame to frame
  words.clear();
  append_words(words, words_of(frame.request.language, "scene.place"),
               {frame.layout.levels[static_cast<size_t>(level)].name, Digits(seen.row0), Digits(seen.row1 - 1),
                Digits(seen.col0), Digits(seen.col1 - 1)});
  const float size = kLabelSize * ui, width = painter.width(words, Face::sans, size) + 16 * ui;
  const float x = std::max(0.0f, static_cast<float>(grid.x)) + 10 * ui, y = 10 * ui;
  const float right = std::min(painter.viewport().x1, static_cast<float>(grid.x + grid.width()));
  if (x + width > right || grid.y + grid.height() < 60.0 * static_cast<double>(ui)) return;
  painter.box({x, y, x + width, y + 26 * ui}, Role::canvas, Fill::full, Outline::none, 4).opacity = 0.9f;
  painter.box({x, y, x + width, y + 26 * ui}, role_of_level(level), Fill::none, Outline::solid, 4);
  painter.text(words, x + 8 * ui, y + 13 * ui, size, Role::text);
}

}  // namespace

void build_field_scene(const SceneRequest& request, Scene& scene) {
  const Computation& computation = *request.computation;
  const ChainPlanPtr& chain = computation.plan.chain();
  Painter painter(request, scene);
  StageFrame base{request, computation.tensors, painter, make_stage(request, painter)};
  if (!chain) return draw_only_words(base, words_of(request.language, "scene.field_no_chain"));
  const FieldLayout& layout = field_layout(chain, base.stage, painter);
  if (!layout.good) return draw_too_small(base);
  const int64_t step = std::clamp<int64_t>(request.moment.step, 0, chain->steps() - 1);
  const FieldTrace& trace = trace_of_step(chain, step);
  if (!trace.known()) return draw_only_words(base, words_of(request.language, "scene.field_scattered"));
  const bool gliding = request.steps_per_second < kJumpStepsPerSecond && !request.reduced_motion;
  FieldFrame frame{base, chain, layout, trace};
  frame.reveal = gliding ? std::clamp(request.moment.phase / kProductsEnd, 0.0f, 1.0f) : 1;
  if (request.hovered) {
    if (const std::optional<ChainCell> cell = chain_cell(*chain, *request.hovered)) {
      const FieldTrace& pointed = trace_of_pointed(chain, cell->level, cell->cell);
      if (pointed.known()) frame.pointed = &pointed;
    }
  }
  const float width = 1.5f * std::max(1.0f, base.stage.ui);
  for (int level = 0; level < chain->levels(); ++level) draw_level(frame, level);
  draw_directions(frame);
  draw_links(frame, trace, Role::window, width, true);
  draw_regions(frame);
  if (frame.pointed != nullptr) draw_links(frame, *frame.pointed, Role::hover, width * 1.5f, false);
  draw_pointed(frame);
  for (int level = 0; level < chain->levels(); ++level) {
    layout.beside ? draw_words_beside(frame, level) : draw_words(frame, level);
    draw_place(frame, level);
  }
  append_field_sentence(scene.sentence, request.language, chain, step);
  if (!request.caption) return;
  draw_caption(painter, base.stage, field_formula_words(request.language, chain),
               longest_field_sentence(request.language, chain), scene.sentence);
}

}  // namespace convscope
