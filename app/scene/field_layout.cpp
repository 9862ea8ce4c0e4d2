#include "app/scene/field_layout.h"

#include <algorithm>
#include <cmath>

#include "app/scene/per_half.h"
#include "app/scene/words.h"
#include "app/session/chains.h"

namespace convscope {
namespace {

constexpr double kMaxPitch = 60, kMinPitch = 14;
/// Chains whose levels are all at most so long have cells of one size; others have smaller ones for larger levels.
constexpr int64_t kOneScale = 40;
/// The power of a level's share of the largest one with which its picture shrinks.
constexpr double kShrink = 0.3;
/// Words give way where the largest level would be smaller than this.
constexpr double kSizeForAll = 110, kSizeForSome = 56;
/// A strip of cells along one axis is as high at least, and as far from the next one.
constexpr double kStrip = 14, kStripGap = 12;

struct Words {
  FieldHead head = FieldHead::layer;
  bool foot = true;
};
constexpr Words kWords[] = {
    {FieldHead::layer, true}, {FieldHead::narrow, true}, {FieldHead::narrow, false}, {FieldHead::none, false}};

struct Extent {
  int64_t rows = 0, cols = 0;  // with padding
  int64_t top = 0, left = 0;   // padding before
  int64_t longest() const { return std::max(rows, cols); }
};

// The padding that the next layer reads around a level; a transposed one reads none.
void add_padding(const ChainPlan& chain, int level, Extent& e) {
  if (level == chain.last_level()) return;
  const auto at = static_cast<size_t>(level);
  if (chain.chain.layers[at].transposes()) return;
  const auto pads = [&](int axis_index, int64_t& before, int64_t& count) {
    if (axis_index < 0) return;
    const WindowAxis& axis = chain.fields.windows[at].axis(axis_index);
    // In ceil_mode the last window can reach beyond the padding.
    const int64_t reach = (axis.count - 1) * axis.stride - axis.pad_begin + axis.effective_kernel() - axis.extent;
    before = axis.pad_begin;
    count += before + std::max({int64_t{0}, axis.pad_end, reach});
  };
  pads(chain.row_axis(), e.top, e.rows);
  pads(chain.col_axis(), e.left, e.cols);
}

std::string fraction_text(const Fraction& number) {
  std::string text = number.to_string();
  if (text[0] == '-') text.replace(0, 1, "\u2212");
  return text;
}

// "5", or "5x3" where the axes differ.
template <class Text>
std::string by_axis(const LayerField& field, const Text& text) {
  std::string all;
  bool alike = true;
  for (const FieldAxis& axis : field.axes) {
    alike = alike && text(axis) == text(field.axes[0]);
    all += (all.empty() ? "" : "x") + text(axis);
  }
  return alike ? text(field.axes[0]) : all;
}

class Solver {
 public:
  Solver(const ChainPlan& chain, const Stage& stage, const Painter& painter)
      : chain_(chain), stage_(stage), painter_(painter), u_(static_cast<double>(stage.ui)) {
    const Language language = painter.request().language;
    levels_.resize(static_cast<size_t>(chain.levels()));
    extents_.resize(levels_.size());
    for (int level = 0; level < chain.levels(); ++level) {
      const auto at = static_cast<size_t>(level);
      PlacedLevel& l = levels_[at];
      l.rows = chain.rows(level);
      l.cols = chain.cols(level);
      for (const int64_t extent : level_size(chain.chain, chain.fields, level)) {
        l.size += (l.size.empty() ? "" : "x") + std::to_string(extent);
      }
      extents_[at] = {l.rows, l.cols, 0, 0};
      add_padding(chain, level, extents_[at]);
      longest_ = std::max(longest_, extents_[at].longest());
      if (level == 0) {
        l.name = words_of(language, "scene.field_input");
        continue;
      }
      const WindowLayer& layer = chain.chain.layers[at - 1];
      l.name = layer.name;
      if (l.name.empty()) append_words(l.name, words_of(language, "scene.field_layer"), {Digits(int64_t{level})});
      l.summary = layer_summary(layer);
      const LayerField& field = chain.fields.layers[at - 1];
      append_words(l.foot, words_of(language, "scene.field_of_layer"),
                   {by_axis(field, [](const FieldAxis& a) { return std::to_string(a.size); }),
                    by_axis(field, [](const FieldAxis& a) { return fraction_text(a.stride); })});
    }
  }

  FieldLayout best() {
    for (const Words& words : kWords) {
      FieldLayout layout;
      const double size = chain_.chain.dims == 1 ? stack(words, layout) : solve(words, layout);
      const double wanted = (words.head == FieldHead::layer ? kSizeForAll : kSizeForSome) * u_;
      const double enough =
          longest_ <= kOneScale ? std::min(wanted, kMinPitch * u_ * static_cast<double>(longest_)) : wanted;
      if (layout.good && (size >= enough || words.head == FieldHead::none)) return layout;
    }
    return {};
  }

 private:
  // Cells of a level, where the largest one is `size` long.
  double pitch_of(const Extent& e, double size) const {
    const double longest = static_cast<double>(longest_), own = static_cast<double>(e.longest());
    if (longest_ <= kOneScale) return size / longest;
    const double pitch = size * std::pow(own / longest, kShrink) / own;
    return std::min(pitch, 26 * u_);
  }

  void measure(const Words& words) {
    constexpr float kLeast = 9;
    words_ = words;
    name_size_ = std::max(kLeast, (words.head == FieldHead::narrow ? 12.5f : 14.0f) * stage_.ui);
    second_size_ = std::max(kLeast, 11.5f * stage_.ui);
    foot_size_ = std::max(kLeast, (words.head == FieldHead::narrow ? 11.0f : 12.0f) * stage_.ui);
    head_ = words.head == FieldHead::none
                ? 0
                : static_cast<double>(name_size_) * 1.4 + static_cast<double>(second_size_) * 1.4;
    foot_ = words.foot ? static_cast<double>(foot_size_) * 1.6 : 0;
    widths_.assign(levels_.size(), 0);
    const Language language = painter_.request().language;
    for (size_t i = 0; i < levels_.size() && words.head != FieldHead::none; ++i) {
      const PlacedLevel& l = levels_[i];
      float width = painter_.width(l.name, Face::bold, name_size_);
      if (words.head == FieldHead::layer) {
        width += name_size_ * 0.4f + painter_.width(l.size, Face::sans, name_size_ * 0.9f);
        width = std::max(width, painter_.width(l.summary, Face::mono, second_size_));
      } else {
        width = std::max(width, painter_.width(l.size, Face::sans, second_size_));
      }
      if (words.foot) {
        std::string foot = l.foot;
        if (i == 0) append_seen(foot, language, chain_, l.rows, l.cols);
        width = std::max(width, painter_.width(foot, Face::sans, foot_size_));
      }
      widths_[i] = static_cast<double>(width) + 2;
    }
  }

  // The strips of a chain of one axis, from the input at the bottom to the last layer at the top; words beside them.
  double stack(const Words& words, FieldLayout& layout) {
    measure(words);
    double left = 0, right = 0;
    const Language language = painter_.request().language;
    for (size_t i = 0; i < levels_.size() && words.head != FieldHead::none; ++i) {
      std::string foot = levels_[i].foot;
      if (i == 0) append_seen(foot, language, chain_, levels_[i].rows, levels_[i].cols);
      const std::string& second = words.head == FieldHead::layer && i > 0 ? levels_[i].summary : levels_[i].size;
      left = std::max({left, static_cast<double>(painter_.width(levels_[i].name, Face::bold, name_size_)),
                       static_cast<double>(painter_.width(second, Face::mono, second_size_))});
      if (words.foot) right = std::max(right, static_cast<double>(painter_.width(foot, Face::sans, foot_size_)));
    }
    const bool two_lines = words.head == FieldHead::layer;
    const double lines = words.head == FieldHead::none ? 0
                                                       : static_cast<double>(name_size_) * 1.2 +
                                                             (two_lines ? static_cast<double>(second_size_) * 1.3 : 0);
    head_ = foot_ = 0;
    if (left > 0) left += 12 * u_;
    if (right > 0) right += 12 * u_;
    const auto count = static_cast<double>(levels_.size());
    const double room = width() - left - right;
    // The levels' own cells lie above each other; padding hangs over.
    double cells_left = 0, cells_right = 0;
    for (size_t i = 0; i < levels_.size(); ++i) {
      const double half = static_cast<double>(levels_[i].cols) / 2, before = static_cast<double>(extents_[i].left);
      cells_left = std::max(cells_left, half + before);
      cells_right = std::max(cells_right, static_cast<double>(extents_[i].cols) - half - before);
    }
    double pitch = std::min(room / (cells_left + cells_right), kMaxPitch * u_);
    pitch = std::min(pitch, (height() - kStripGap * u_ * (count - 1)) / count);
    if (pitch >= 8) pitch = std::floor(pitch);
    const double strip = std::max(pitch, std::min(kStrip * u_, height() / count * 0.6));
    const double each = std::max(strip, lines);
    if (pitch <= 0 || room < width() * 0.4 || each * count > height()) return 0;
    const double between = std::min(60 * u_, (height() - each * count) / std::max(1.0, count - 1));
    double y =
        static_cast<double>(stage_.content.y0) + std::max(0.0, height() - each * count - between * (count - 1)) / 2;
    begin(layout);
    layout.beside = true;
    const double all = pitch * (cells_left + cells_right), free = (room - all) / 2;
    layout.strip_x0 = static_cast<double>(stage_.content.x0) + left + free;
    layout.strip_x1 = layout.strip_x0 + all;
    for (size_t i = levels_.size(); i-- > 0;) {
      PlacedLevel& l = layout.levels[i];
      const Extent& e = extents_[i];
      const double before = static_cast<double>(e.left) + static_cast<double>(l.cols) / 2;
      l.row = static_cast<int>(levels_.size() - 1 - i);
      l.least_height = strip;
      l.grid = {layout.strip_x0 + (cells_left - before) * pitch, y + (each - pitch) / 2, pitch, 0, -e.left, 1, e.cols};
      l.room = {static_cast<float>(layout.strip_x0 - left), static_cast<float>(y),
                static_cast<float>(layout.strip_x1 + right), static_cast<float>(y + each)};
      y += each + between;
    }
    return 1e9;  // whatever fits is enough
  }

  void begin(FieldLayout& layout) const {
    layout.levels = levels_;
    layout.head = head_;
    layout.foot = foot_;
    layout.words = words_.head;
    layout.name_size = name_size_;
    layout.second_size = second_size_;
    layout.foot_size = foot_size_;
    layout.good = true;
  }

  struct Row {
    size_t first = 0, end = 0;
    double width = 0, height = 0;  // without gaps and words
  };

  // Rows of levels at a size; their widths and heights.
  void lay(double size, size_t rows, std::vector<Row>& out) const {
    const size_t count = levels_.size(), in_row = (count + rows - 1) / rows;
    out.clear();
    for (size_t first = 0; first < count; first += in_row) {
      Row row{first, std::min(count, first + in_row)};
      for (size_t i = row.first; i < row.end; ++i) {
        const double pitch = pitch_of(extents_[i], size);
        row.width += std::max(static_cast<double>(extents_[i].cols) * pitch, widths_[i]);
        row.height = std::max(row.height, static_cast<double>(extents_[i].rows) * pitch);
      }
      out.push_back(row);
    }
  }

  bool fits(double size, size_t rows, double& gap, std::vector<Row>& out) const {
    lay(size, rows, out);
    const double least_gap = (out.size() > 1 ? 16 : 26) * u_;
    double height = row_gap() * static_cast<double>(out.size() - 1);
    gap = 150 * u_;
    for (const Row& row : out) {
      height += row.height + head_ + foot_;
      const auto gaps = static_cast<double>(row.end - row.first - 1);
      if (row.end - row.first == 1) {
        if (row.width > width()) return false;
        continue;
      }
      gap = std::min(gap, (width() - row.width) / gaps);
    }
    return gap >= least_gap && height <= this->height();
  }

  double row_gap() const { return 10 * u_; }
  double width() const { return static_cast<double>(stage_.content.width()); }
  double height() const { return static_cast<double>(stage_.content.height()); }

  double solve(const Words& words, FieldLayout& layout) {
    measure(words);
    const bool one_scale = longest_ <= kOneScale;
    const double most = one_scale ? kMaxPitch * u_ * static_cast<double>(longest_) : 460 * u_;
    double best = 0, best_gap = 0;
    size_t best_rows = 0;
    std::vector<Row> rows;
    for (size_t count = 1; count <= levels_.size(); ++count) {
      // Every way of breaking the levels into rows of equal number once.
      const size_t in_row = (levels_.size() + count - 1) / count;
      if ((levels_.size() + in_row - 1) / in_row != count) continue;
      double low = 0, high = most, gap = 0;
      for (int i = 0; i < 24; ++i) {
        const double middle = (low + high) / 2;
        (fits(middle, count, gap, rows) ? low : high) = middle;
      }
      if (one_scale) {
        // Whole pixels where cells are large enough to be looked at one by one.
        const double pitch = low / static_cast<double>(longest_);
        if (pitch >= 8) low = std::floor(pitch) * static_cast<double>(longest_);
      }
      // Another row has to be worth it: one that turns is harder to read.
      if (low > best * 1.12) {
        best = low;
        best_rows = count;
      }
      if (count > 12 && count * count > 4 * levels_.size()) break;
    }
    if (best <= 0 || best_rows == 0 || !fits(best, best_rows, best_gap, rows)) return 0;
    place(best, best_gap, rows, layout);
    return best;
  }

  void place(double size, double gap, const std::vector<Row>& rows, FieldLayout& layout) const {
    begin(layout);
    double used = 0;
    for (const Row& row : rows) used += row.height + head_ + foot_;
    const auto breaks = static_cast<double>(rows.size() - 1);
    const double between = breaks > 0 ? std::min(56 * u_, (height() - used) / breaks) : 0;
    double y = static_cast<double>(stage_.content.y0) + std::max(0.0, height() - used - between * breaks) / 2;
    for (size_t r = 0; r < rows.size(); ++r) {
      const Row& row = rows[r];
      const bool backward = r % 2 == 1;
      const auto gaps = static_cast<double>(row.end - row.first - 1);
      // A full row takes the whole width where there are several; a lone one stays together in the middle.
      double spread = gap;
      if (rows.size() > 1 && gaps > 0 && row.end - row.first == rows[0].end - rows[0].first) {
        spread = std::min((width() - row.width) / gaps, std::max(gap, 110 * u_));
      }
      const double free = width() - row.width - spread * gaps;
      const double side = rows.size() > 1 ? (backward ? free : 0) : free / 2;
      double x = static_cast<double>(stage_.content.x0) + side;
      for (size_t i = 0; i < row.end - row.first; ++i) {
        const size_t at = backward ? row.end - 1 - i : row.first + i;
        const Extent& e = extents_[at];
        PlacedLevel& l = layout.levels[at];
        const double pitch = pitch_of(e, size);
        const double grid_w = static_cast<double>(e.cols) * pitch, grid_h = static_cast<double>(e.rows) * pitch;
        const double room = std::max(grid_w, widths_[at]);
        l.row = static_cast<int>(r);
        l.grid = {
            x + (room - grid_w) / 2, y + head_ + (row.height - grid_h) / 2, pitch, -e.top, -e.left, e.rows, e.cols};
        l.room = {static_cast<float>(x), static_cast<float>(l.grid.y - head_), static_cast<float>(x + room),
                  static_cast<float>(l.grid.y + grid_h + foot_)};
        x += room + spread;
      }
      y += row.height + head_ + foot_ + between;
    }
  }

  const ChainPlan& chain_;
  const Stage& stage_;
  const Painter& painter_;
  double u_;
  std::vector<PlacedLevel> levels_;
  std::vector<Extent> extents_;
  std::vector<double> widths_;
  int64_t longest_ = 1;
  double head_ = 0, foot_ = 0;
  Words words_;
  float name_size_ = 0, second_size_ = 0, foot_size_ = 0;
};

}  // namespace

const FieldLayout& field_layout(const ChainPlanPtr& chain, const Stage& stage, const Painter& painter) {
  struct Key {
    ChainPlanPtr chain;
    Box content;
    float ui = 0;
    Language language = Language::en;
    uint64_t measure = 0;
    bool operator==(const Key&) const = default;
  };
  thread_local PerHalf<Key> keys;
  thread_local PerHalf<FieldLayout> all;
  Key& key = keys.now();
  FieldLayout& kept = all.now();
  const SceneRequest& request = painter.request();
  Key wanted{chain, stage.content, stage.ui, request.language,
             request.measure != nullptr ? request.measure->identity() : 0};
  if (!(key == wanted)) {
    key = std::move(wanted);
    kept = Solver(*chain, stage, painter).best();
  }
  return kept;
}

double longest_field_axis(const ChainPlan& chain) {
  int64_t longest = 1;
  for (int level = 0; level < chain.levels(); ++level) {
    Extent e{chain.rows(level), chain.cols(level)};
    add_padding(chain, level, e);
    longest = std::max(longest, e.longest());
  }
  constexpr double kMostShared = 12, kMost = 1 << 20;
  return std::min(kMost, static_cast<double>(longest) * std::min<double>(kMostShared, chain.levels()));
}

void append_seen(std::string& out, Language language, const ChainPlan& chain, int64_t rows, int64_t cols) {
  append_words(out, words_of(language, chain.chain.dims == 1 ? "scene.field_seen_line" : "scene.field_seen"),
               {Digits(rows), Digits(cols)});
}

}  // namespace convscope
