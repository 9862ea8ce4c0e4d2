#include "app/scene/toeplitz_layout.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <utility>

#include "app/scene/channel_tiles.h"
#include "app/scene/per_half.h"
#include "app/scene/words.h"
#include "engine/padding.h"
#include "engine/toeplitz.h"

namespace convscope {
namespace {

constexpr double kMaxPitch = 46;
constexpr double kTensorPitches[] = {44,  38,   34,   30,  27,   24,   21,  18,   16,   14,   11,
                                     8,   5,    3.8,  3,   2.4,  1.9,  1.5, 1.2,  0.95, 0.7,  0.55,
                                     0.4, 0.32, 0.25, 0.2, 0.16, 0.13, 0.1, 0.08, 0.06, 0.045};
// Rows of an excerpt that are tried.
constexpr int64_t kExcerptRows[] = {9, 7, 5, 4, 3, 2, 1};
// Between the segments of an excerpt, in pitches: wide enough for the dots that stand for what lies between.
constexpr double kSegmentGap = 0.9;

struct Size {
  double w = 0, h = 0;
};

// X, the padded kernel, the map, Y.
enum Item { kInput, kKernel, kMap, kOutput, kItems };

// Everything about a picture but where it lies.
struct Arrangement {
  double score = 0;
  bool whole = true, beside = false, row = true;
  int per_line = kItems;  // items beside one another
  double t = 0;           // pitch of the tensors
  double m = 0;           // of the matrix
  int64_t rows = 0;       // of an excerpt
  int segments = 1;
  bool lines = false;  // sums one below the other
};

class Solver {
 public:
  Solver(const ConvPlan& plan, const Stage& stage, const Painter& painter, bool rgb, const LayoutNumbers& numbers)
      : plan_(plan), stage_(stage), painter_(painter), numbers_(numbers), u_(static_cast<double>(stage.ui)) {
    padded_h_ = static_cast<double>(plan.in.h + plan.pads.top + plan.pads.bottom);
    padded_w_ = static_cast<double>(plan.in.w + plan.pads.left + plan.pads.right);
    rows_ = toeplitz_rows(plan);
    cols_ = toeplitz_columns(plan);
    width_ = static_cast<double>(stage.content.width());
    height_ = static_cast<double>(stage.content.height());
    tag_ = static_cast<double>(kNameTagHeight) * u_;
    labels_ = plan.batch > 1 || plan.in_channels > 1 || plan.out_channels > 1;
    label_ = labels_ ? static_cast<double>(kLabelHeight) * u_ : 0;
    foot_ = static_cast<double>(kLabelHeight) * u_;
    gap_ = 18 * u_;
    sign_ = 36 * u_;
    arrow_ = 46 * u_;
    line_ = 24 * u_;
    stacked_[kInput] = plan.in_channels > 1 && !rgb;
    stacked_[kKernel] = plan.out_channels > 1;
    stacked_[kOutput] = plan.out_channels > 1;
    const auto tag = [&](std::string_view name, const Shape& shape) {
      return static_cast<double>(name_tag_width(painter, name, shape, stage.ui));
    };
    tag_matrix_ = tag("toeplitz(W)", {rows_, cols_});
    tag_vector_ = tag("x", {cols_, 1});
    tag_product_ = tag("y", {rows_, 1});
    thread_local std::string words;  // keeps its memory from frame to frame
    words.clear();
    append_padded_kernel(words, painter.request().language, plan);
    const float size = kNameTagSize * stage.ui;
    tag_of_[kInput] = tag("X", plan.input_shape());
    tag_of_[kKernel] = static_cast<double>(painter.width("W", Face::bold, size) + size * 0.45f +
                                           painter.width(words, Face::sans, size * 0.875f));
    tag_of_[kMap] = tag_matrix_;
    tag_of_[kOutput] = tag("Y", plan.output_shape());
    const auto label = [&](int64_t first, int64_t second, int64_t count) {
      return labels_ ? static_cast<double>(
                           stack_label_width(painter, 'X', first - 1, second - 1, count > 1 ? count : 1, stage.ui))
                     : 0.0;
    };
    label_of_[kInput] = label(plan.batch, plan.in_channels, stacked_[kInput] ? plan.in_channels : 1);
    label_of_[kKernel] = label(plan.out_channels, plan.channels_per_group(), plan.out_channels);
    label_of_[kOutput] = label(plan.batch, plan.out_channels, plan.out_channels);
    measure_sums();
    char digits[32];
    const int length = std::snprintf(digits, sizeof digits, "%lld", static_cast<long long>(rows_ - 1));
    row_label_ =
        static_cast<double>(painter.width({digits, static_cast<size_t>(length)}, Face::sans, kLabelSize * stage.ui)) +
        10 * u_;
  }

  Arrangement best() {
    Arrangement best;
    const auto consider = [&](Arrangement a) {
      a.lines = sums_w_ > width_;
      if (solve(a) && a.score > best.score) best = a;
    };
    if (rows_ <= kMaxSmallGrid && cols_ <= kMaxSmallGrid && rows_ * cols_ <= kMaxSmallGrid) {
      for (const bool beside : {true, false}) {
        for (const bool row : {false, true}) {
          for (const int per_line : {3, 2, 1}) {
            for (const double t : kTensorPitches) {
              Arrangement a;
              a.beside = beside;
              a.row = row;
              a.per_line = per_line;
              a.t = whole_pixels(t * u_);
              if (a.t >= kMinSmallPitch) consider(a);
            }
            if (beside && per_line == 2) break;  // X and the padded kernel: side by side or one above the other
          }
        }
      }
    }
    if (best.score > 0) return best;
    for (const int per_line : {4, 2, 1}) {
      double last = 0;
      for (const double t : kTensorPitches) {
        Arrangement a;
        a.whole = false;
        a.per_line = per_line;
        a.t = whole_pixels(std::min(t * u_, std::min(0.4 * width_ / padded_w_, 0.45 * height_ / padded_h_)));
        if (a.t == last) continue;
        last = a.t;
        for (const int64_t rows : kExcerptRows) {
          if (rows > plan_.out.w && rows > 1) continue;
          for (int segments = static_cast<int>(std::min<int64_t>(plan_.kernel.h, kMaxToeplitzSegments)); segments >= 1;
               --segments) {
            a.rows = rows;
            a.segments = segments;
            consider(a);
          }
        }
      }
    }
    return best;
  }

  ToeplitzLayout place(const Arrangement& a, const OutputCell& cell) const;

 private:
  void measure_sums() {
    CellArithmetic widest;
    const double magnitude = std::floor(numbers_.output.max_abs()) + (numbers_.output.integral ? 0 : 0.1111) +
                             (numbers_.output.min < 0 ? 1 : 0);
    widest.cell = {plan_.batch - 1, plan_.out_channels - 1, plan_.out.h - 1, plan_.out.w - 1};
    widest.sum = widest.bias = widest.result = -magnitude;
    thread_local std::string words;
    for (int line = 0;; ++line) {
      words.clear();
      if (!append_toeplitz_sum(words, painter_.request().language, plan_, line, rows_ - 1, widest, -magnitude)) break;
      const auto w = static_cast<double>(painter_.width(words, Face::bold, kToeplitzSumSize * stage_.ui));
      sums_w_ += w + (line > 0 ? 2 * gap_ : 0);
      widest_sum_ = std::max(widest_sum_, w);
      sum_lines_ = line + 1;
    }
  }
  double sums_h(const Arrangement& a) const { return (a.lines ? sum_lines_ : 1) * line_; }

  // Cells of an item, its sheets and its own size.
  Size cells_of(Item item, const Arrangement& a) const {
    switch (item) {
      case kInput:
      case kKernel:
        return {padded_w_ * a.t, padded_h_ * a.t};
      case kOutput:
        return {static_cast<double>(plan_.out.w) * a.t, static_cast<double>(plan_.out.h) * a.t};
      default: {
        // The map has the matrix's proportions as far as they can be seen, and about the height of X.
        const double h = std::max(padded_h_ * a.t, 60 * u_);
        const double ratio = static_cast<double>(cols_) / static_cast<double>(rows_);
        return {h * std::clamp(ratio, 0.5, 2.0), h};
      }
    }
  }
  double sheets(Item item) const {
    const int64_t count = item == kInput ? plan_.in_channels : plan_.out_channels;
    return stacked_[item]
               ? static_cast<double>(std::min<int64_t>(count - 1, 3)) * static_cast<double>(kSheetOffset) * u_
               : 0;
  }
  double head(Item item) const { return tag_ + label_ + sheets(item); }
  Size size_of(Item item, const Arrangement& a) const {
    const Size cells = cells_of(item, a);
    return {std::max({cells.w + sheets(item), tag_of_[item], label_of_[item]}), head(item) + cells.h};
  }

  template <class Visit>  // visit(item, x, y): its upper left corner, relative to the block of items
  Size flow(const Arrangement& a, const Visit& visit) const {
    Size all;
    double x = 0, line_h = 0;
    int in_line = 0;
    for (const Item item : {kInput, kKernel, kMap, kOutput}) {
      if (item == kMap && a.whole) continue;
      if (item == kOutput && a.beside) continue;
      if (in_line == a.per_line) {
        all.h += line_h + gap_ * 0.6;
        x = line_h = 0;
        in_line = 0;
      }
      const Size size = size_of(item, a);
      if (in_line > 0) x += 2 * gap_;
      visit(item, x, all.h);
      x += size.w;
      all.w = std::max(all.w, x);
      line_h = std::max(line_h, size.h);
      ++in_line;
    }
    all.h += line_h;
    return all;
  }
  Size items(const Arrangement& a) const {
    return flow(a, [](Item, double, double) {});
  }

  // Columns that the rows of an excerpt use of one row of the padded input.
  int64_t span(const Arrangement& a) const { return (a.rows - 1) * plan_.stride.w + plan_.effective_kernel().w; }
  // Columns that one segment of an excerpt has room for.
  int64_t segment_cols(const Arrangement& a) const { return std::min(span(a), plan_.in.w + 1); }
  // The columns of the input's row that stand for `first` and the span after it, where that is one run: what circular
  // padding brings from the other end may not fit.
  struct Run {
    int64_t begin = 0, end = 0;
  };
  Run columns_used(const Arrangement& a, int64_t first) const {
    Run run{std::max<int64_t>(0, first), std::min(plan_.in.w, first + span(a))};
    if (plan_.padding_mode == PaddingMode::zeros) return run;
    Run all = run;
    for (int64_t x = first; x < first + span(a); ++x) {
      if (x >= run.begin && x < run.end) continue;
      const int64_t source = source_index(x, plan_.in.w, plan_.padding_mode);
      if (source == kZeroPadding) continue;
      all = all.end <= all.begin ? Run{source, source + 1}
                                 : Run{std::min(all.begin, source), std::max(all.end, source + 1)};
    }
    return all.end - all.begin <= segment_cols(a) ? all : run;
  }
  double matrix_cells_w(const Arrangement& a) const {
    if (a.whole) return static_cast<double>(cols_) * a.m;
    return (static_cast<double>(segment_cols(a) * a.segments) + kSegmentGap * (a.segments - 1)) * a.m;
  }
  int64_t shown_rows(const Arrangement& a) const { return a.whole ? rows_ : a.rows; }

  Size block(const Arrangement& a) const {
    const double h = static_cast<double>(shown_rows(a)) * a.m, w = std::max(matrix_cells_w(a), tag_matrix_);
    const double product = std::max(a.m, tag_product_);
    if (a.row) {
      const double left = a.whole ? 0 : row_label_;
      return {left + std::max(w, a.whole ? tag_vector_ : 0.0) + sign_ + product,
              tag_ + a.m + tag_ + h + (a.whole ? 0 : foot_)};
    }
    return {w + sign_ + std::max(a.m, tag_vector_) + sign_ + product,
            tag_ + std::max(h, static_cast<double>(cols_) * a.m)};
  }

  double legible(const NumberRange& range, double pitch) const {
    const auto cell = static_cast<float>(pitch - Grid{0, 0, pitch}.gap());
    if (const NumberStyle style = painter_.fit(range, cell, cell); style.drawn()) {
      const double detail = range.integral || style.scientific || style.decimals >= 2 ? 1 : 0.9;
      return style.size < 0.9f * kMinNumberSize * std::max(1.0f, stage_.ui) ? 0.8 * detail : detail;
    }
    return pitch >= kMinSmallPitch ? 0.2 + 0.3 * std::min(1.0, (pitch - kMinSmallPitch) / 9) : 0.04 * pitch;
  }

  bool solve(Arrangement& a) const {
    const Size tensors = items(a);
    const Size output = size_of(kOutput, a);
    if (a.lines && widest_sum_ > width_ * 1.3) return false;
    double room_w = width_, room_h = height_ - sums_h(a) - gap_;
    if (a.beside) {
      room_w -= tensors.w + arrow_ + arrow_ + output.w;
      if (tensors.h > room_h || output.h > room_h) return false;
    } else {
      if (tensors.w > width_) return false;
      room_h -= tensors.h + gap_;
    }
    if (room_w < 40 * u_ || room_h < 40 * u_) return false;
    double low = 0, high = kMaxPitch * u_;
    const auto fits = [&](double m) {
      a.m = m;
      const Size size = block(a);
      return size.w <= room_w && size.h <= room_h;
    };
    if (!fits(0)) return false;
    for (int i = 0; i < 12; ++i) {
      const double middle = (low + high) / 2;
      (fits(middle) ? low : high) = middle;
    }
    a.m = whole_pixels(low);
    const double input = legible(numbers_.input, a.t), output_numbers = legible(numbers_.output, a.t);
    if (a.whole) {
      if (a.m < kMinSmallPitch * 1.4) return false;
      a.score = 5 * legible(numbers_.weight, a.m) + 2.4 * std::min(1.0, a.m / (34 * u_)) + 1.4 * input +
                1.2 * legible(numbers_.weight, a.t) + output_numbers + 0.6 * legible(numbers_.input, a.m) +
                1.2 * std::min(1.0, a.t / (38 * u_));
      // As it is written in a book, and with arrows that say what becomes of what.
      if (!a.row) a.score += 0.35;
      if (a.beside) a.score += 0.2;
      return true;
    }
    if (a.m < 9 * u_) return false;
    const double ideal = std::min(0.3 * width_ / padded_w_, 0.4 * height_ / padded_h_);
    a.score = 3 * legible(numbers_.weight, a.m) + 2 * legible(numbers_.input, a.m) +
              0.12 * static_cast<double>(std::min<int64_t>(a.rows, 5)) + 0.02 * static_cast<double>(a.rows) +
              1.2 * a.segments / static_cast<double>(std::min<int64_t>(plan_.kernel.h, kMaxToeplitzSegments)) +
              3.4 * std::min(1.0, a.t / ideal) + 0.01 * std::min(34.0, a.m / u_);
    return true;
  }

  const ConvPlan& plan_;
  const Stage& stage_;
  const Painter& painter_;
  const LayoutNumbers& numbers_;
  double u_;
  double padded_h_ = 0, padded_w_ = 0;
  int64_t rows_ = 0, cols_ = 0;
  double width_ = 0, height_ = 0, tag_ = 0, label_ = 0, foot_ = 0, gap_ = 0, sign_ = 0, arrow_ = 0, line_ = 0;
  bool labels_ = false;
  bool stacked_[kItems] = {};
  double tag_of_[kItems] = {}, label_of_[kItems] = {};
  double tag_matrix_ = 0, tag_vector_ = 0, tag_product_ = 0, row_label_ = 0;
  double sums_w_ = 0, widest_sum_ = 0;
  int sum_lines_ = 1;
};

ToeplitzLayout Solver::place(const Arrangement& a, const OutputCell& cell) const {
  ToeplitzLayout l;
  if (a.score <= 0) return l;
  l.good = true;
  l.whole = a.whole;
  l.vector_is_row = a.row;
  l.beside = a.beside;
  l.input_stacked = stacked_[kInput];
  l.kernel_stacked = stacked_[kKernel];
  l.output_stacked = stacked_[kOutput];
  const auto left = static_cast<double>(stage_.content.x0), top = static_cast<double>(stage_.content.y0);
  const Size tensors = items(a), output = size_of(kOutput, a), body = block(a);

  // What is left over lies above, between and below.
  double tensors_x, tensors_y, block_x, block_y, used_h;
  double free = 0;
  if (a.beside) {
    used_h = std::max({tensors.h, body.h, output.h});
    free = std::max(0.0, height_ - sums_h(a) - gap_ - used_h) / 3;
    const double used_w = tensors.w + 2 * arrow_ + body.w + output.w;
    tensors_x = left + (width_ - used_w) / 2;
    tensors_y = top + free + (used_h - tensors.h) / 2;
    block_x = tensors_x + tensors.w + arrow_;
    block_y = top + free + (used_h - body.h) / 2;
  } else {
    used_h = tensors.h + gap_ + body.h;
    free = std::max(0.0, height_ - sums_h(a) - gap_ - used_h) / 4;
    tensors_x = left + (width_ - tensors.w) / 2;
    tensors_y = top + free;
    block_x = left + (width_ - body.w) / 2;
    block_y = tensors_y + tensors.h + gap_ + free;
    used_h += free;
  }

  const auto input_like = [&](double x, double y) {
    return Grid{
        x, y, a.t, -plan_.pads.top, -plan_.pads.left, static_cast<int64_t>(padded_h_), static_cast<int64_t>(padded_w_)};
  };
  const auto output_at = [&](double x, double y) {
    l.output = {x, y + head(kOutput), a.t, 0, 0, plan_.out.h, plan_.out.w};
  };
  flow(a, [&](Item item, double x, double y) {
    x += tensors_x;
    y += tensors_y;
    if (item == kInput) l.input = input_like(x, y + head(item));
    if (item == kKernel) l.kernel = input_like(x, y + head(item));
    if (item == kOutput) output_at(x, y);
    if (item == kMap) {
      const Size cells = cells_of(kMap, a);
      l.map = {static_cast<float>(x), static_cast<float>(y + head(item)), static_cast<float>(x + cells.w),
               static_cast<float>(y + head(item) + cells.h)};
    }
  });

  // The block: x, the matrix, y.
  const int64_t rows = shown_rows(a);
  const double h = static_cast<double>(rows) * a.m, w = std::max(matrix_cells_w(a), tag_matrix_);
  double matrix_x = block_x, matrix_y, end = 0;
  int64_t row0 = 0;
  if (a.row) {
    matrix_x += a.whole ? 0 : row_label_;
    matrix_y = block_y + tag_ + a.m + tag_;
    end = matrix_x + std::max(w, a.whole ? tag_vector_ : 0.0);
    l.times_x = matrix_x + std::max(matrix_cells_w(a) / 2, tag_matrix_ + sign_ / 2);
    l.times_y = matrix_y - tag_ / 2;
    l.label_x = matrix_x - 6 * u_;
  } else {
    const double tall = static_cast<double>(cols_) * a.m, axis = block_y + tag_ + std::max(h, tall) / 2;
    matrix_y = axis - h / 2;
    const double vector_x = matrix_x + w + sign_;
    l.segment[0].vector = {vector_x, axis - tall / 2, a.m, 0, 0, cols_, 1};
    l.times_x = (matrix_x + matrix_cells_w(a) + vector_x) / 2;
    l.times_y = axis;
    end = vector_x + std::max(a.m, tag_vector_);
  }
  l.matrix_x = matrix_x;
  if (a.whole) {
    l.segment[0].matrix = {matrix_x, matrix_y, a.m, 0, 0, rows_, cols_};
    if (a.row) l.segment[0].vector = {matrix_x, block_y + tag_, a.m, 0, 0, 1, cols_};
  } else {
    const int64_t page = std::min(cell.x / a.rows * a.rows, plan_.out.w - a.rows);
    row0 = cell.y * plan_.out.w + page;
    l.segments = a.segments;
    l.hidden_segments = static_cast<int>(plan_.kernel.h) - a.segments;
    const int64_t cols = segment_cols(a);
    for (int s = 0; s < a.segments; ++s) {
      ToeplitzSegment& segment = l.segment[s];
      const double x = matrix_x + s * (static_cast<double>(cols) + kSegmentGap) * a.m;
      const int64_t y =
          source_index(cell.y * plan_.stride.h - plan_.pads.top + s * plan_.dilation.h, plan_.in.h, plan_.padding_mode);
      const int64_t first = page * plan_.stride.w - plan_.pads.left;
      const Run run = columns_used(a, first);
      segment.padding = y == kZeroPadding || run.end <= run.begin;
      const int64_t count = segment.padding ? cols : run.end - run.begin;
      const int64_t shift = segment.padding ? 0 : std::clamp<int64_t>(run.begin - first, 0, cols - count);
      const double at = x + static_cast<double>(shift) * a.m;
      const int64_t column = segment.padding ? 0 : y * plan_.in.w + run.begin;
      segment.matrix = {at, matrix_y, a.m, row0, column, rows, count};
      segment.vector = {at, block_y + tag_, a.m, 0, column, 1, count};
    }
    l.foot_x = matrix_x;
    l.foot_y = matrix_y + h + foot_ * 0.6;
  }
  l.product = {end + sign_, matrix_y, a.m, row0, 0, rows, 1};
  const double matrix_end = a.row ? matrix_x + matrix_cells_w(a) : l.segment[0].vector.x + a.m;
  l.equals_x = (matrix_end + l.product.x) / 2;
  l.equals_y = matrix_y + h / 2;
  if (a.beside) {
    const double axis = matrix_y + h / 2;
    output_at(block_x + body.w + arrow_, std::clamp(axis - output.h / 2 - head(kOutput) / 2, top,
                                                    std::max(top, top + height_ - sums_h(a) - gap_ - output.h)));
    l.reshape_x0 = l.product.x + a.m + 8 * u_;
    l.reshape_x1 = l.output.x - 8 * u_;
    l.reshape_y = l.output.y + l.output.height() / 2;
  }

  const double sums_w = a.lines ? std::min(widest_sum_, width_) : sums_w_;
  l.sums_in_lines = a.lines;
  l.sums_x = left + (width_ - sums_w) / 2;
  l.sums_y = static_cast<double>(stage_.content.y1) - free - sums_h(a) + line_ / 2;
  return l;
}

}  // namespace

void append_padded_kernel(std::string& out, Language language, const ConvPlan& plan) {
  append_words(out, words_of(language, plan.dims == 1 ? "scene.toeplitz_padded_flat" : "scene.toeplitz_padded"),
               {Digits(plan.kernel.h), Digits(plan.kernel.w), Digits(plan.in.h), Digits(plan.in.w)});
}

bool append_toeplitz_sum(std::string& out, Language language, const ConvPlan& plan, int line, int64_t row,
                         const CellArithmetic& a, double channel) {
  const bool channels = plan.channels_per_group() > 1;
  if (line == 0) {
    append_words(out, words_of(language, "scene.toeplitz_row"), {Digits(row), Digits(channel)});
    return true;
  }
  if (line == 1 && channels) {
    append_channel_sum(out, language, plan.channels_per_group(), a.sum);
    return true;
  }
  if (line == (channels ? 2 : 1) && plan.bias) {
    append_words(out, words_of(language, "scene.toeplitz_bias"), {Digits(a.bias), Digits(a.result)});
    return true;
  }
  return false;
}

ToeplitzLayout toeplitz_layout(const ConvPlan& plan, const Stage& stage, const Painter& painter, const OutputCell& cell,
                               bool rgb, const LayoutNumbers& numbers) {
  thread_local PerHalf<LayoutKey> keys;
  thread_local PerHalf<Arrangement> all;
  LayoutKey& key = keys.now();
  Arrangement& kept = all.now();
  Solver solver(plan, stage, painter, rgb, numbers);
  if (LayoutKey wanted = layout_key(plan, stage, painter, rgb ? 1 : 0, numbers); !(key == wanted)) {
    key = std::move(wanted);
    kept = solver.best();
  }
  return solver.place(kept, cell);
}

}  // namespace convscope
