// Receptive fields in words: the step, the formula, the cell under the pointer.
#include <algorithm>

#include "app/scene/field_trace.h"
#include "app/scene/per_half.h"
#include "app/scene/receptive_field_lens.h"
#include "app/scene/words.h"

namespace convscope {
namespace {

/// Terms of the sum over the layers that are written out; of more, the first and the last.
constexpr size_t kMostTerms = 8, kFirstTerms = 3, kLastTerms = 2;

// What a sentence says of a field, so that the longest one can be asked for as well.
struct SeenWords {
  int64_t rows = 0, cols = 0;  // cells
  CellRun row, col;
  bool gaps = false, padding = false;
};

SeenWords seen_words(const LitLevel& lit) {
  SeenWords w;
  w.rows = count_cells(lit.rows);
  w.cols = count_cells(lit.cols);
  if (w.rows == 0 || w.cols == 0) return w;
  w.row = {lit.rows.front().first, lit.rows.back().last};
  w.col = {lit.cols.front().first, lit.cols.back().last};
  w.gaps = lit.rows.size() > 1 || lit.cols.size() > 1;
  return w;
}

// "[1, 0]"
class Place {
 public:
  explicit Place(const Spatial& cell) {
    text_ = "[";
    for (int axis = 0; axis < cell.dims(); ++axis) {
      if (axis > 0) text_ += ", ";
      text_.append(Digits(cell[axis]));
    }
    text_ += "]";
  }
  operator std::string_view() const { return text_; }

 private:
  std::string text_;
};

void append(std::string& out, Language language, const ChainPlan& chain, int64_t step, const Spatial& cell,
            const SeenWords& w) {
  thread_local std::string place, name;  // keep their memory from frame to frame
  place.assign("[");
  for (int axis = 0; axis < cell.dims(); ++axis) {
    if (axis > 0) place += ", ";
    place.append(Digits(cell[axis]));
  }
  place += "]";
  const WindowLayer& layer = chain.chain.layers.back();
  name.assign(layer.name);
  if (name.empty()) {
    append_words(name, words_of(language, "scene.field_layer"),
                 {Digits(static_cast<int64_t>(chain.chain.layers.size()))});
  }
  const Digits at(step + 1), steps(chain.steps()), row0(w.row.first), row1(w.row.last), col0(w.col.first),
      col1(w.col.last), rows(w.rows), cols(w.cols);
  const char* key = w.rows == 0 || w.cols == 0 ? "scene.field_nothing"
                    : chain.chain.dims == 1    ? "scene.field_sees_line"
                                               : "scene.field_sees";
  append_words(out, words_of(language, key), {at, steps, place, name, rows, cols, row0, row1, col0, col1});
  if (w.gaps) out.append(words_of(language, "scene.field_gaps"));
  if (w.padding) out.append(words_of(language, "scene.field_padding"));
}

// The layers' own terms of the field's size along an axis: (effective kernel - 1) * stride before it.
void append_sum(std::string& out, const ChainPlan& chain, int axis) {
  const auto at = static_cast<size_t>(axis);
  const std::vector<LayerField>& layers = chain.fields.layers;
  const FieldAxis& last = layers.back().axes[at];
  bool direct = true;
  for (const WindowLayer& layer : chain.chain.layers) direct = direct && !layer.transposes();
  if (!direct) {
    if (last.smallest != last.size) out.append(Digits(last.smallest)).append(" \u2026 ");
    out.append(Digits(last.size));
    return;
  }
  struct Term {
    int64_t reach, stride;
  };
  std::vector<Term> terms;
  int64_t stride = 1;
  for (const LayerField& layer : layers) {
    if (layer.axes[at].effective_kernel > 1) terms.push_back({layer.axes[at].effective_kernel - 1, stride});
    stride = layer.axes[at].stride.numerator;
  }
  out += "1";
  for (size_t i = 0; i < terms.size(); ++i) {
    if (terms.size() > kMostTerms && i == kFirstTerms) {
      out += " + \u2026";
      i = terms.size() - kLastTerms;
    }
    out.append(" + ").append(Digits(terms[i].reach)).append("\u00b7").append(Digits(terms[i].stride));
  }
  out.append(" = ").append(Digits(last.size));
}

}  // namespace

std::string level_name(Language language, const ChainPlan& chain, int level) {
  if (level == 0) return std::string(words_of(language, "scene.field_input"));
  std::string name = chain.chain.layers[static_cast<size_t>(level) - 1].name;
  if (name.empty()) append_words(name, words_of(language, "scene.field_layer"), {Digits(int64_t{level})});
  return name;
}

void append_field_sentence(std::string& out, Language language, const ChainPlanPtr& chain, int64_t step) {
  if (!chain) return;
  step = std::clamp<int64_t>(step, 0, chain->steps() - 1);
  const FieldTrace& trace = trace_of_step(chain, step);
  if (!trace.known()) return;
  SeenWords w = seen_words(trace.levels[0]);
  for (const SeenAxis& axis : trace.seen[0].axes) {
    w.padding = w.padding || axis.padding_before > 0 || axis.padding_after > 0;
  }
  append(out, language, *chain, step, trace.cell, w);
}

const std::string& longest_field_sentence(Language language, const ChainPlanPtr& chain) {
  struct Kept {
    ChainPlanPtr chain;
    Language language = Language::en;
    std::string words;
  };
  thread_local PerHalf<Kept> all;
  Kept& kept = all.now();
  if (kept.chain == chain && kept.language == language) return kept.words;
  kept = {chain, language, {}};
  if (!chain) return kept.words;
  const int64_t rows = chain->rows(0), cols = chain->cols(0);
  SeenWords w{rows, cols, {rows - 1, rows - 1}, {cols - 1, cols - 1}, false, true};
  for (const WindowLayer& layer : chain->chain.layers) {
    // Only such layers leave gaps.
    for (const int64_t dilation : layer.dilation) w.gaps = w.gaps || dilation > 1;
    for (int axis = 0; axis < layer.dims(); ++axis) w.gaps = w.gaps || layer.stride[axis] > layer.kernel_size[axis];
  }
  append(kept.words, language, *chain, chain->steps() - 1, chain->cell_of_step(chain->steps() - 1), w);
  return kept.words;
}

const FormulaWords& field_formula_words(Language language, const ChainPlanPtr& chain) {
  struct Kept {
    ChainPlanPtr chain;
    Language language = Language::en;
    FormulaWords words;
  };
  thread_local PerHalf<Kept> all;
  Kept& kept = all.now();
  if (kept.chain == chain && kept.language == language && !kept.words.height.empty()) return kept.words;
  kept = {chain, language, {}};
  FormulaWords& words = kept.words;
  words.same = true;
  if (!chain) return words;
  std::vector<std::string> sums(static_cast<size_t>(chain->chain.dims));
  for (int axis = 0; axis < chain->chain.dims; ++axis) append_sum(sums[static_cast<size_t>(axis)], *chain, axis);
  const auto line = [&](std::string& out, const char* key, const std::string& sum) {
    out.append(words_of(language, key)).append(" = ").append(sum);
  };
  words.same = true;
  for (const std::string& sum : sums) words.same = words.same && sum == sums.back();
  if (words.same) {
    line(words.height, "scene.field_formula", sums.back());
  } else {
    if (chain->chain.dims == 3) line(words.depth, "scene.field_formula_depth", sums.front());
    line(words.height, "scene.field_formula_height", sums[static_cast<size_t>(chain->row_axis())]);
    line(words.width, "scene.field_formula_width", sums.back());
  }
  return words;
}

std::string field_cell_words(Language language, const ChainPlanPtr& chain, const CellRef& ref) {
  const std::optional<ChainCell> cell = chain ? chain_cell(*chain, ref) : std::nullopt;
  if (!cell) return {};
  const FieldTrace& trace = trace_of_pointed(chain, cell->level, cell->cell);
  std::string words = level_name(language, *chain, cell->level);
  words.append(Place(cell->cell));
  if (!trace.known()) return words;
  const auto cells = [](const LitLevel& lit) { return count_cells(lit.rows) * count_cells(lit.cols); };
  if (cell->level > 0) {
    const SeenWords w = seen_words(trace.levels[0]);
    words += "  ";
    append_words(words,
                 words_of(language, chain->chain.dims == 1 ? "scene.field_cell_sees_line" : "scene.field_cell_sees"),
                 {Digits(w.rows), Digits(w.cols)});
    if (w.gaps) words.append(words_of(language, "scene.field_gaps"));
  }
  if (cell->level < chain->last_level()) {
    words += "  ";
    append_words(words, words_of(language, "scene.field_cell_reaches"),
                 {Digits(cells(trace.levels.back())), level_name(language, *chain, chain->last_level())});
  }
  return words;
}

}  // namespace convscope
