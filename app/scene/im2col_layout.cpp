#include "app/scene/im2col_layout.h"
#include "app/scene/channel_tiles.h"
#include "app/scene/per_half.h"
#include "app/scene/words.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "engine/im2col.h"

namespace convscope {
namespace {

// The smallest cells of a page, in logical pixels at type scale 1.
constexpr double kMinPagePitch = 2.5;
// A matrix is shown as a whole as long as its cells are at least this large; the cells of a page are at most so large.
constexpr double kMinWholePitch = 5, kMaxPagePitch = 16;
constexpr double kMaxPitch = 60;
// Of the block's width, where kernels are rows.
constexpr double kMostKernelsWidth = 0.3;
// Pitches that are tried for a page of rows with numbers, and how few rows it may have.
constexpr double kReadablePitches[] = {40, 36, 32, 29, 26, 24, 22, 20, 18};
constexpr int64_t kFewestPageRows = 4;
// Pitches that are tried for the tensors; the last are photographs'.
constexpr double kTensorPitches[] = {44, 34, 28, 24, 20, 17, 14, 11, 8, 5, 2, 0.7, 0.25, 0.16, 0.1, 0.06};
// Lines of the strip, and rows of the matrix in each.
constexpr int kMaxStripLines = 6, kMostStripRows = 6;

// Channels of a tensor: on a stack, or one by one in columns.
struct Channels {
  bool stacked = false;
  int count = 1, cols = 1;
  double pitch = 0, label_w = 0, sheets = 0;
  int rows() const { return (count + cols - 1) / cols; }
};

// Everything about a picture but where it lies.
struct Arrangement {
  double score = 0;
  bool portrait = false;
  Channels x, y;
  double m = 0, kp = 0;  // pitches of matrix and product, and of the kernels
  int64_t rows = 0, cols = 0, kernels = 0;
  double strip_pitch = 0;
  int64_t strip_cols = 0;
  int strip_lines = 1;
  int strip_rows = 1;
};

// The first row of the page of `shown` rows, of `all`, that holds `row`. The picture stands still within a page; pages
// overlap by a quarter, so that there is always something above the row.
int64_t first_of_page(int64_t row, int64_t shown, int64_t all) {
  const int64_t turn = std::max<int64_t>(1, shown * 3 / 4);
  const int64_t page = std::max<int64_t>(0, row - (shown - turn)) / turn;
  return std::min(page * turn, all - shown);
}

class Solver {
 public:
  Solver(const ConvPlan& plan, const Stage& stage, const Painter& painter, bool rgb, bool turned,
         const LayoutNumbers& numbers)
      : plan_(plan),
        stage_(stage),
        painter_(painter),
        rgb_(rgb),
        turned_(turned),
        numbers_(numbers),
        u_(static_cast<double>(stage.ui)) {
    padded_h_ = static_cast<double>(plan.in.h + plan.pads.top + plan.pads.bottom);
    padded_w_ = static_cast<double>(plan.in.w + plan.pads.left + plan.pads.right);
    out_h_ = static_cast<double>(plan.out.h);
    out_w_ = static_cast<double>(plan.out.w);
    rows_ = im2col_rows(plan);
    cols_ = im2col_columns(plan);
    kernels_ = plan.kernels_per_group();
    width_ = static_cast<double>(stage.content.width());
    height_ = static_cast<double>(stage.content.height());
    tag_ = static_cast<double>(kNameTagHeight) * u_;
    foot_ = static_cast<double>(kLabelHeight + (turned ? 7.0f : 0.0f)) * u_;
    label_ =
        plan.batch > 1 || plan.in_channels > 1 || plan.out_channels > 1 ? static_cast<double>(kLabelHeight) * u_ : 0;
    gap_ = 14 * u_;
    sign_ = 36 * u_;
    arrow_ = 48 * u_;
    const auto tag = [&](std::string_view name, const Shape& shape) {
      return static_cast<double>(name_tag_width(painter, name, shape, stage.ui));
    };
    const auto shape = [&](int64_t rows, int64_t cols) { return turned_ ? Shape{cols, rows} : Shape{rows, cols}; };
    tag_matrix_ = tag(turned_ ? "unfold(X)" : "im2col(X)", shape(rows_, cols_));
    tag_kernels_ = tag("W", shape(cols_, kernels_));
    tag_product_ = tag("Y", shape(rows_, kernels_));
    tag_x_ = tag("X", plan.input_shape());
    tag_y_ = tag("Y", plan.output_shape());
    const Language language = painter.request().language;
    const char* strip_key = turned_ ? "scene.strip_column" : "scene.strip_row";
    for (const char* key : {strip_key, "scene.strip_kernel", "scene.products"}) {
      const float w = painter.width(words_of(language, key), Face::sans, kLabelSize * stage.ui);
      strip_label_ = std::max(strip_label_, static_cast<double>(w) + 14 * u_);
    }
    strip_sum_ = 150 * u_;
  }

  Arrangement best() {
    Arrangement best;
    const auto consider = [&](const Arrangement& a) {
      if (a.score > best.score) best = a;
    };
    for (const bool portrait : {false, true}) {
      // Side by side the arrows say what becomes of what; one above the other only where that shows more.
      for_strips([&](Arrangement strip) {
        strip.portrait = portrait;
        for_channels('X', [&](const Channels& x) {
          for_channels('Y', [&](const Channels& y) {
            double last_x = 0, last_y = 0;
            for (const double pitch : kTensorPitches) {
              for (const double more : {1.0, 1.5}) {
                Arrangement a = strip;
                a.x = x;
                a.y = y;
                a.x.pitch = whole_pixels(std::min(pitch * u_, largest_tensor_pitch(padded_w_, padded_h_)));
                a.y.pitch = whole_pixels(std::min(pitch * more * u_, largest_tensor_pitch(out_w_, out_h_)));
                // Many candidates are more than a large tensor may become.
                if (a.x.pitch == last_x && a.y.pitch == last_y) continue;
                last_x = a.x.pitch;
                last_y = a.y.pitch;
                if (solve(a)) consider(a);
              }
            }
          });
        });
      });
    }
    return best;
  }

  Im2colLayout place(const Arrangement& a, const OutputCell& cell) const;

 private:
  template <class Visit>
  void for_strips(const Visit& visit) const {
    const double room = width_ - strip_label_ - strip_sum_;
    for (const double wanted : {34.0, 30.0, 26.0}) {
      Arrangement a;
      a.strip_pitch = std::floor(std::max(2.0, std::min(wanted * u_, room / 2)));
      const auto most = std::max<int64_t>(1, static_cast<int64_t>(room / a.strip_pitch));
      for (int lines = 1; lines <= kMaxStripLines; ++lines) {
        a.strip_lines = lines;
        const bool all = most * lines >= cols_;
        // Of equal length, not as long as can be with a rest of one.
        a.strip_cols = all ? (cols_ + lines - 1) / lines : std::min(most, cols_);
        a.strip_rows = 1;
        visit(a);
        // A matrix too wide to be printed as one is printed here, broken into lines or cut off.
        if ((all || lines <= 2) &&
            static_cast<double>(cols_) * kReadablePitches[std::size(kReadablePitches) - 1] * u_ > 0.3 * width_) {
          for (const int rows : {2, 3, 4, kMostStripRows}) {
            if (rows > rows_) break;
            a.strip_rows = rows;
            visit(a);
          }
        }
        if (all) break;
      }
    }
  }

  template <class Visit>
  void for_channels(char name, const Visit& visit) const {
    const bool input = name == 'X';
    const int64_t channels = input ? plan_.in_channels : plan_.out_channels;
    const auto label = [&](int64_t stack) {
      return label_ > 0 ? static_cast<double>(
                              stack_label_width(painter_, name, plan_.batch - 1, channels - 1, stack, stage_.ui))
                        : 0.0;
    };
    Channels c;
    if (input && rgb_) {
      visit(c);
      return;
    }
    if (channels > 1) {
      c.stacked = true;
      c.label_w = label(channels);
      c.sheets = static_cast<double>(std::min<int64_t>(channels - 1, 3)) * static_cast<double>(kSheetOffset) * u_;
      visit(c);
    }
    if (channels > kMaxIm2colInputs) return;
    // A large channel is a texture that every change makes anew: one of them is enough.
    const double cells = input ? padded_w_ * padded_h_ : out_w_ * out_h_;
    if (channels > 1 && cells > static_cast<double>(kMaxSmallGrid)) return;
    c = {};
    c.count = static_cast<int>(channels);
    c.label_w = label(1);
    for (c.cols = 1; c.cols <= c.count; ++c.cols) visit(c);
  }

  // A tensor is never the main thing on this page.
  double largest_tensor_pitch(double cols, double rows) const {
    return std::min(0.3 * width_ / cols, 0.45 * height_ / rows);
  }
  double each_w(const Channels& c, double cells) const { return std::max(cells * c.pitch + c.sheets, c.label_w); }
  double each_h(const Channels& c, double cells) const { return label_ + c.sheets + cells * c.pitch; }
  double all_w(const Channels& c, double cells, double tag) const {
    return std::max(c.cols * each_w(c, cells) + (c.cols - 1) * gap_, tag);
  }
  double all_h(const Channels& c, double cells) const {
    return tag_ + c.rows() * each_h(c, cells) + (c.rows() - 1) * gap_;
  }
  double inputs_w(const Arrangement& a) const { return all_w(a.x, padded_w_, tag_x_); }
  double inputs_h(const Arrangement& a) const { return all_h(a.x, padded_h_); }
  double outputs_w(const Arrangement& a) const { return all_w(a.y, out_w_, tag_y_); }
  double outputs_h(const Arrangement& a) const { return all_h(a.y, out_h_); }
  double tensors_h(const Arrangement& a) const { return std::max(inputs_h(a), outputs_h(a)); }

  double matrix_w(const Arrangement& a) const {
    return std::max(static_cast<double>(turned_ ? a.rows : a.cols) * a.m, tag_matrix_);
  }
  double kernels_w(const Arrangement& a) const {
    return std::max(static_cast<double>(turned_ ? a.cols : a.kernels) * a.kp, tag_kernels_);
  }
  double product_w(const Arrangement& a) const {
    return std::max(static_cast<double>(turned_ ? a.rows : a.kernels) * a.m, tag_product_);
  }
  double block_w(const Arrangement& a) const { return matrix_w(a) + kernels_w(a) + product_w(a) + 2 * sign_; }
  double cells_h(const Arrangement& a) const {
    const auto rows = static_cast<double>(a.rows), cols = static_cast<double>(a.cols),
               kernels = static_cast<double>(a.kernels);
    return turned_ ? std::max({cols * a.m, kernels * a.kp, kernels * a.m}) : std::max(rows * a.m, cols * a.kp);
  }
  double block_h(const Arrangement& a) const { return tag_ + foot_ + cells_h(a); }
  /// The pitch of the kernels beside a matrix of pitch m: turned, they lie beside it at their whole length.
  double kernels_pitch(const Arrangement& a, double m, double room_w, double room_h) const {
    const double room = turned_ ? kMostKernelsWidth * room_w : room_h;
    return whole_pixels(std::min(m, room / static_cast<double>(a.cols)));
  }
  bool strip_is_cut(const Arrangement& a) const { return a.strip_cols * a.strip_lines < cols_; }
  double strip_step(const Arrangement& a) const { return (a.strip_rows + 2) * a.strip_pitch + 10 * u_; }
  double strip_h(const Arrangement& a) const { return a.strip_lines * strip_step(a) + (strip_is_cut(a) ? 20 * u_ : 0); }

  // How well a grid can be read, 0 to 1.
  double legible(const NumberRange& range, double pitch) const {
    const auto cell = static_cast<float>(pitch - Grid{0, 0, pitch}.gap());
    if (const NumberStyle style = painter_.fit(range, cell, cell); style.drawn()) {
      const double detail = range.integral || style.scientific || style.decimals >= 2 ? 1 : 0.9;
      return style.size < 0.9f * kMinNumberSize * std::max(1.0f, stage_.ui) ? 0.8 * detail : detail;
    }
    return pitch >= kMinSmallPitch ? 0.2 + 0.3 * std::min(1.0, (pitch - kMinSmallPitch) / 9) : 0.04 * pitch;
  }

  bool solve(Arrangement& a) const {
    const double main_h = height_ - strip_h(a) - gap_;
    const double tensors_w = inputs_w(a) + outputs_w(a);
    double room_w = width_, room_h = main_h - tag_ - foot_;
    if (a.portrait) {
      if (tensors_w + 3 * gap_ > width_) return false;
      room_h -= tensors_h(a) + 2 * gap_;
    } else {
      if (tensors_h(a) > main_h) return false;
      room_w -= tensors_w + 2 * arrow_;
    }
    if (room_h < 12 || room_w < tag_matrix_ + tag_kernels_ + tag_product_ + 2 * sign_) return false;
    a.rows = rows_;
    a.cols = cols_;
    a.kernels = kernels_;
    const auto set = [&](double m) {
      a.m = m;
      a.kp = kernels_pitch(a, m, room_w, room_h);
      return block_w(a) <= room_w && cells_h(a) <= room_h;
    };
    double low = 0, high = std::min(kMaxPitch * u_, room_h / static_cast<double>(turned_ ? cols_ : rows_));
    for (int i = 0; i < 12; ++i) {
      const double middle = (low + high) / 2;
      (set(middle) ? low : high) = middle;
    }
    set(whole_pixels(low));
    const Arrangement as_large_as_fits = a;
    if (a.m < kMinWholePitch * u_) take_page(a, room_w, room_h);
    rate(a);
    if (readable(as_large_as_fits)) return true;
    // Numbers of some rows may say more than shades of all: of the rows that can be read as many as fit.
    for (const double pitch : kReadablePitches) {
      Arrangement page = as_large_as_fits;
      if (!take_readable_page(page, pitch * u_, room_w, room_h)) continue;
      rate(page);
      if (page.score > a.score) a = page;
    }
    return true;
  }

  bool readable(const Arrangement& a) const { return legible(numbers_.input, a.m) > 0.5; }

  void rate(Arrangement& a) const {
    const double matrix = legible(numbers_.input, a.m);
    const bool cut = strip_is_cut(a);
    const bool strip_numbers = legible(numbers_.input, a.strip_pitch) > 0.5;
    a.score = 4 * matrix + 0.8 * std::min(1.0, a.m / (30 * u_)) + 1.4 * legible(numbers_.input, a.x.pitch) +
              legible(numbers_.output, a.y.pitch) + 0.6 * legible(numbers_.weight, a.kp) +
              legible(numbers_.output, a.m);
    if (strip_numbers) {
      a.score += (cut ? 0.6 : 2.7) + 0.005 * a.strip_pitch / u_;
      // Rows around the current one, where the matrix itself shows no numbers.
      if (!readable(a)) {
        const auto most = static_cast<double>(std::min<int64_t>(rows_, kMostStripRows));
        a.score += (cut ? 1.4 : 2.6) * (a.strip_rows - 1) / std::max(1.0, most - 1);
      }
    }
    a.score -= 0.06 * a.strip_lines;
    const double share = static_cast<double>(a.rows) / static_cast<double>(rows_);
    if (a.rows < rows_ && a.cols == cols_ && a.kernels == kernels_ && readable(a)) {
      // The first ten rows count most: there the eye sees how a window becomes the next one.
      const double seen = static_cast<double>(a.rows) / static_cast<double>(std::min<int64_t>(rows_, 10));
      a.score -= 0.3 + 0.6 * (1 - share) + 1.8 * (1 - std::min(1.0, seen));
    } else if (a.rows < rows_ || a.cols < cols_ || a.kernels < kernels_) {
      // Not the whole picture; a page needs some rows to be seen as one.
      a.score *=
          0.2 + 0.3 * std::min(1.0, static_cast<double>(a.rows) / static_cast<double>(std::min<int64_t>(rows_, 16)));
    }
    if (a.x.stacked) a.score -= plan_.in_channels <= kMaxIm2colInputs ? 0.5 : 0;
    if (a.y.stacked) a.score -= plan_.out_channels <= kMaxIm2colInputs ? 0.3 : 0;
    // Tensors may become larger than their numbers ask for, but not at the cost of anything else.
    a.score += 0.004 * std::min(a.x.pitch, 1.2 * a.m + 10 * u_) / u_ - (a.y.pitch > a.x.pitch ? 0.05 : 0);
    a.score += 0.4 * std::min(1.0, padded_w_ * a.x.pitch / (0.2 * width_));
    if (a.portrait && width_ > 0.8 * height_) a.score -= 0.5;
  }

  // All columns of as many rows as fit at that pitch; false where that is no page that can be read.
  bool take_readable_page(Arrangement& a, double pitch, double room_w, double room_h) const {
    a.m = whole_pixels(pitch);
    a.kp = kernels_pitch(a, a.m, room_w, room_h);
    a.rows = std::min(rows_, turned_ ? windows_beside(a, room_w) : static_cast<int64_t>(room_h / a.m));
    return a.rows >= std::min<int64_t>(rows_, kFewestPageRows) && block_w(a) <= room_w && cells_h(a) <= room_h &&
           readable(a);
  }
  /// Turned: as many windows as the kernels and both signs leave room for, twice.
  int64_t windows_beside(const Arrangement& a, double room_w) const {
    return static_cast<int64_t>(std::max(0.0, room_w - 2 * sign_ - kernels_w(a)) / 2 / a.m);
  }

  // A page of each matrix, its cells as large as all taps and kernels allow.
  void take_page(Arrangement& a, double room_w, double room_h) const {
    const double smallest = kMinPagePitch * u_, room = room_w - 2 * sign_;
    const auto most = [&](double pixels, double pitch) {
      return std::max<int64_t>(1, static_cast<int64_t>(pixels / pitch));
    };
    if (turned_) {
      a.m = std::clamp(room_h / static_cast<double>(std::max(cols_, kernels_)), smallest, kMaxPagePitch * u_);
      a.cols = std::min(cols_, most(room_h, a.m));
      a.kernels = std::min(kernels_, most(room_h, a.m));
      a.kp = std::min(a.m, kMostKernelsWidth * room_w / static_cast<double>(a.cols));
      a.rows = std::clamp<int64_t>(windows_beside(a, room_w), 1, rows_);
      // Name tags may be wider than what they stand on.
      while (a.rows > 1 && block_w(a) > room_w) --a.rows;
      return;
    }
    a.m = std::clamp(room / static_cast<double>(cols_ + 2 * kernels_), smallest, kMaxPagePitch * u_);
    a.kp = a.m;
    // Name tags may be wider than what they stand on.
    while (a.m > smallest && block_w(a) > room_w) a.m = a.kp = std::max(smallest, a.m * 0.96);
    a.cols = std::min(cols_, most(room_h, smallest));
    if (block_w(a) > room_w) {
      // Kernels get a fifth of the width, taps what remains of it.
      a.kernels = std::min(kernels_, most(room * 0.2, a.m));
      a.cols = std::min(a.cols, most(std::max(tag_matrix_, room - kernels_w(a) - product_w(a)), a.m));
    }
    a.kp = std::min(a.m, room_h / static_cast<double>(a.cols));
    a.rows = std::min(rows_, most(room_h, a.m));
  }

  const ConvPlan& plan_;
  const Stage& stage_;
  const Painter& painter_;
  bool rgb_, turned_;
  const LayoutNumbers& numbers_;
  double u_;
  double padded_h_ = 0, padded_w_ = 0, out_h_ = 0, out_w_ = 0;
  int64_t rows_ = 0, cols_ = 0, kernels_ = 1;
  double width_ = 0, height_ = 0, tag_ = 0, foot_ = 0, label_ = 0, gap_ = 0, sign_ = 0, arrow_ = 0;
  double tag_matrix_ = 0, tag_kernels_ = 0, tag_product_ = 0, tag_x_ = 0, tag_y_ = 0;
  double strip_label_ = 0, strip_sum_ = 0;
};

Im2colLayout Solver::place(const Arrangement& a, const OutputCell& cell) const {
  Im2colLayout l;
  if (a.score <= 0) return l;
  l.good = true;
  l.input_stacked = a.x.stacked;
  l.input_count = a.x.count;
  l.output_stacked = a.y.stacked;
  l.output_count = a.y.count;
  const auto left = static_cast<double>(stage_.content.x0), top = static_cast<double>(stage_.content.y0);
  const int64_t row = im2col_row(plan_, cell);
  const int64_t row0 = first_of_page(row, a.rows, rows_);
  const int64_t kernel = cell.c % kernels_;
  const int64_t kernel0 = cell.c - kernel + std::min(kernel / a.kernels * a.kernels, kernels_ - a.kernels);

  const double x_w = inputs_w(a), y_w = outputs_w(a), used_w = block_w(a);
  const double used_h = a.portrait ? tensors_h(a) + 2 * gap_ + block_h(a) : std::max(tensors_h(a), block_h(a));
  // What is left over lies above, between and below.
  const double free = std::max(0.0, height_ - used_h - gap_ - strip_h(a)) / 3;
  double x_left, y_left, block_left, tensors_axis, block_axis;
  if (a.portrait) {
    tensors_axis = top + free + tensors_h(a) / 2;
    block_axis = top + free + tensors_h(a) + 2 * gap_ + block_h(a) / 2;
    const double between = (width_ - x_w - y_w) / 3;
    x_left = left + between;
    y_left = left + width_ - between - y_w;
    block_left = left + (width_ - used_w) / 2;
  } else {
    tensors_axis = block_axis = top + free + used_h / 2;
    x_left = left + (width_ - x_w - y_w - used_w - 2 * arrow_) / 2;
    block_left = x_left + x_w + arrow_;
    y_left = block_left + used_w + arrow_;
  }
  const auto place_channels = [&](const Channels& c, double x, double cells_w, double cells_h, Grid* grids) {
    const double y = tensors_axis - all_h(c, cells_h) / 2 + tag_;
    for (int i = 0; i < c.count; ++i) {
      grids[i].x = x + i % c.cols * (each_w(c, cells_w) + gap_);
      grids[i].y = y + i / c.cols * (each_h(c, cells_h) + gap_) + label_ + c.sheets;
      grids[i].pitch = c.pitch;
      grids[i].rows = static_cast<int64_t>(cells_h);
      grids[i].cols = static_cast<int64_t>(cells_w);
    }
  };
  place_channels(a.x, x_left, padded_w_, padded_h_, l.inputs);
  for (Grid& grid : l.inputs) {
    grid.row0 = -plan_.pads.top;
    grid.col0 = -plan_.pads.left;
  }
  place_channels(a.y, y_left, out_w_, out_h_, l.outputs);

  const double axis = block_axis + (tag_ - foot_) / 2;
  const auto in_block = [&](double x, double pitch, int64_t r0, int64_t c0, int64_t rows, int64_t cols) {
    return Grid{x, axis - static_cast<double>(rows) * pitch / 2, pitch, r0, c0, rows, cols};
  };
  if (turned_) {
    const double matrix_x = block_left + kernels_w(a) + sign_;
    l.kernels = in_block(block_left, a.kp, kernel0, 0, a.kernels, a.cols);
    l.matrix = in_block(matrix_x, a.m, 0, row0, a.cols, a.rows);
    l.product = in_block(matrix_x + matrix_w(a) + sign_, a.m, kernel0, row0, a.kernels, a.rows);
  } else {
    const double kernels_x = block_left + matrix_w(a) + sign_;
    l.matrix = in_block(block_left, a.m, row0, 0, a.rows, a.cols);
    l.kernels = in_block(kernels_x, a.kp, 0, kernel0, a.cols, a.kernels);
    l.product = in_block(kernels_x + kernels_w(a) + sign_, a.m, row0, kernel0, a.rows, a.kernels);
  }
  const Grid &first = turned_ ? l.kernels : l.matrix, &second = turned_ ? l.matrix : l.kernels;
  l.times_x = (first.x + first.width() + second.x) / 2;
  l.equals_x = (second.x + second.width() + l.product.x) / 2;
  l.unfold_arrow = !turned_;
  l.times_y = l.equals_y = axis;
  l.arrows_down = a.portrait;
  l.unfold_x0 = x_left + a.x.cols * each_w(a.x, padded_w_) + (a.x.cols - 1) * gap_ + 8 * u_;
  l.unfold_x1 = l.matrix.x - 8 * u_;
  l.reshape_x0 = l.product.x + l.product.width() + 8 * u_;
  l.reshape_x1 = l.outputs[0].x - 8 * u_;
  l.unfold_y = l.reshape_y = axis;

  const double strip_w = strip_label_ + static_cast<double>(a.strip_cols) * a.strip_pitch + strip_sum_;
  const double strip_x = left + (width_ - strip_w) / 2 + strip_label_;
  const double strip_y = static_cast<double>(stage_.content.y1) - free - strip_h(a) + 8 * u_;
  l.strip = {strip_x, strip_y, a.strip_pitch, 0, 0, a.strip_rows + 2, a.strip_cols};
  l.strip_rows = a.strip_rows;
  l.strip_row0 = first_of_page(row, a.strip_rows, rows_);
  l.strip_lines = a.strip_lines;
  l.strip_step = strip_step(a);
  l.strip_rest_y = strip_y + a.strip_lines * l.strip_step + 2 * u_;
  return l;
}

}  // namespace

Im2colLayout im2col_layout(const ConvPlan& plan, const Stage& stage, const Painter& painter, const OutputCell& cell,
                           bool rgb, bool window_columns, const LayoutNumbers& numbers) {
  thread_local PerHalf<LayoutKey> keys;
  thread_local PerHalf<Arrangement> all;
  LayoutKey& key = keys.now();
  Arrangement& kept = all.now();
  Solver solver(plan, stage, painter, rgb, window_columns, numbers);
  if (LayoutKey wanted = layout_key(plan, stage, painter, (rgb ? 1 : 0) + (window_columns ? 2 : 0), numbers);
      !(key == wanted)) {
    key = std::move(wanted);
    kept = solver.best();
  }
  return solver.place(kept, cell);
}

}  // namespace convscope
