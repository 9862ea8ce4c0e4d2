#include "app/scene/im2col_layout.h"
#include "app/scene/words.h"

#include <algorithm>

#include "engine/im2col.h"

namespace convscope {
namespace {

// The smallest cells of a page, in logical pixels at type scale 1.
constexpr double kMinMatrixPitch = 2.5;
// A matrix is shown as a whole as long as its cells are at least this large; the cells of a page are at most so large.
constexpr double kMinWholePitch = 5, kPagePitch = 16;
constexpr double kMinTensorPitch = 18;

struct Extent {
  int64_t rows = 0, cols = 0;
};

class Solver {
 public:
  Solver(const ConvPlan& plan, const Stage& stage, const Painter& painter, const OutputCell& cell, bool rgb,
         bool portrait)
      : plan_(plan),
        stage_(stage),
        painter_(painter),
        cell_(cell),
        portrait_(portrait),
        u_(static_cast<double>(stage.ui)) {
    padded_ = {plan.in.h + plan.pads.top + plan.pads.bottom, plan.in.w + plan.pads.left + plan.pads.right};
    matrix_ = {im2col_rows(plan), im2col_columns(plan)};
    kernels_ = plan.kernels_per_group();
    width_ = static_cast<double>(stage.content.width());
    height_ = static_cast<double>(stage.content.height());
    tag_ = static_cast<double>(kNameTagHeight) * u_;
    label_ =
        plan.batch > 1 || plan.in_channels > 1 || plan.out_channels > 1 ? static_cast<double>(kLabelHeight) * u_ : 0;
    gap_ = 14 * u_;
    sign_ = 40 * u_;
    arrow_ = 60 * u_;
    strip_h_ = 3 * kStripCell * u_ + 30 * u_;
    char words[64];
    const auto tag = [&](std::string_view name, int64_t rows, int64_t cols) {
      (void)words;
      return static_cast<double>(name_tag_width(painter, name, Shape{rows, cols}, stage.ui));
    };
    tag_matrix_ = tag("im2col(X)", matrix_.rows, matrix_.cols);
    tag_kernels_ = tag("W", matrix_.cols, kernels_);
    tag_product_ = tag("Y", matrix_.rows, kernels_);
    tag_x_ = static_cast<double>(name_tag_width(painter, "X", plan.input_shape(), stage.ui));
    tag_y_ = static_cast<double>(name_tag_width(painter, "Y", plan.output_shape(), stage.ui));
    choose_stacks(rgb);
    if (label_ > 0) {
      label_x_ = static_cast<double>(stack_label_width(painter, 'X', plan.batch - 1, plan.in_channels - 1,
                                                       layout_.input_stacked ? plan.in_channels : 1, stage.ui));
      label_y_ = static_cast<double>(stack_label_width(painter, 'Y', plan.batch - 1, plan.out_channels - 1,
                                                       layout_.output_stacked ? plan.out_channels : 1, stage.ui));
    }
    solve();
  }

  double score() const { return layout_.good ? m_ : 0; }
  const Im2colLayout& place();

 private:
  static constexpr double kStripCell = 32;

  double sheets(int64_t count) const {
    return static_cast<double>(std::min<int64_t>(count - 1, 3)) * static_cast<double>(kSheetOffset) * u_;
  }
  // Height for the tensors and for the matrices.
  double main_height() const { return height_ - strip_h_ - gap_; }
  double tensor_room() const { return (portrait_ ? main_height() * 0.42 : main_height()) - tag_; }

  double pitch_in(double room, int count, int64_t rows, double sheet) const {  // count: of channels one below the other
    return ((room + gap_) / count - gap_ - label_ - sheet) / static_cast<double>(rows);
  }

  void choose_stacks(bool rgb) {
    const auto lines = [&](int64_t channels, int cols) { return static_cast<int>((channels + cols - 1) / cols); };
    // Two columns where one would make the cells small.
    const auto columns = [&](int64_t channels, int64_t rows) {
      const bool many = channels > 2 && channels <= kMaxIm2colInputs && !portrait_;
      return many && pitch_in(tensor_room(), lines(channels, 1), rows, 0) < 26 * u_ ? 2 : 1;
    };
    input_cols_ = columns(plan_.in_channels, padded_.rows);
    output_cols_ = columns(plan_.out_channels, plan_.out.h);
    const auto separate = [&](int64_t channels, int64_t rows, int cols) {
      return channels <= kMaxIm2colInputs &&
             pitch_in(tensor_room(), lines(channels, cols), rows, 0) >= kMinTensorPitch * u_;
    };
    layout_.input_stacked = !rgb && plan_.in_channels > 1 && !separate(plan_.in_channels, padded_.rows, input_cols_);
    layout_.input_count = layout_.input_stacked || rgb ? 1 : static_cast<int>(plan_.in_channels);
    layout_.output_stacked = plan_.out_channels > 1 && !separate(plan_.out_channels, plan_.out.h, output_cols_);
    layout_.output_count = layout_.output_stacked ? 1 : static_cast<int>(plan_.out_channels);
    if (layout_.input_count == 1) input_cols_ = 1;
    if (layout_.output_count == 1) output_cols_ = 1;
    sheets_x_ = layout_.input_stacked ? sheets(plan_.in_channels) : 0;
    sheets_y_ = layout_.output_stacked ? sheets(plan_.out_channels) : 0;
    // The largest that the tensors may become, and what they get at least.
    tallest_ = std::min(pitch_in(tensor_room(), lines(layout_.input_count, input_cols_), padded_.rows, sheets_x_),
                        pitch_in(tensor_room(), lines(layout_.output_count, output_cols_), plan_.out.h, sheets_y_));
    const double share = portrait_ ? 0.42 : 0.18;
    widest_ = width_ * share / static_cast<double>(std::max(padded_.cols * input_cols_, plan_.out.w * output_cols_));
    least_ = std::min({26 * u_, tallest_, widest_});
  }

  static double in_columns(int cols, double each, double gap) { return cols * each + (cols - 1) * gap; }
  double input_each_width(double x) const {
    return std::max(static_cast<double>(padded_.cols) * x + sheets_x_, label_x_);
  }
  double output_each_width(double x) const {
    return std::max(static_cast<double>(plan_.out.w) * x + sheets_y_, label_y_);
  }
  double inputs_width(double x) const { return std::max(in_columns(input_cols_, input_each_width(x), gap_), tag_x_); }
  double outputs_width(double x) const {
    return std::max(in_columns(output_cols_, output_each_width(x), gap_), tag_y_);
  }
  double tensors_width(double x) const { return inputs_width(x) + outputs_width(x); }
  double block_width(double m, int64_t cols, int64_t kernels) const {
    return std::max(static_cast<double>(cols) * m, tag_matrix_) +
           std::max(static_cast<double>(kernels) * m, tag_kernels_) +
           std::max(static_cast<double>(kernels) * m, tag_product_) + 2 * sign_;
  }
  double block_room_w() const { return portrait_ ? width_ : width_ - tensors_width(least_) - 2 * arrow_; }
  double block_room_h() const {
    return (portrait_ ? main_height() * 0.58 - gap_ - 8 * u_ : main_height()) - tag_ -
           static_cast<double>(kLabelHeight) * u_;
  }

  void solve() {
    if (least_ <= 0 || block_room_h() < 20 || block_room_w() < block_width(0, 0, 0)) return;
    const auto fits = [&](double m) {
      return block_width(m, matrix_.cols, kernels_) <= block_room_w() &&
             static_cast<double>(std::max(matrix_.rows, matrix_.cols)) * m <= block_room_h();
    };
    const double limit = 60 * u_, smallest = kMinMatrixPitch * u_;
    rows_ = matrix_.rows;
    cols_ = matrix_.cols;
    shown_kernels_ = kernels_;
    double low = 0, high = limit;
    for (int i = 0; i < 24; ++i) {
      const double middle = (low + high) / 2;
      (fits(middle) ? low : high) = middle;
    }
    m_ = low >= 8 ? std::floor(low) : low;
    if (m_ < kMinWholePitch * u_) {
      // A page of each matrix, its cells as large as all taps and kernels allow.
      const double room = block_room_w() - 2 * sign_;
      const double all = static_cast<double>(matrix_.cols + 2 * kernels_);
      const double tall = block_room_h() / static_cast<double>(std::max<int64_t>(matrix_.cols, 12));
      m_ = std::clamp(std::min(room / all, tall), smallest, kPagePitch * u_);
      // Name tags may be wider than what they stand on.
      while (m_ > smallest && block_width(m_, matrix_.cols, kernels_) > block_room_w())
        m_ = std::max(smallest, m_ * 0.96);
      const auto most = [&](double pixels) { return std::max<int64_t>(1, static_cast<int64_t>(pixels / m_)); };
      shown_kernels_ = kernels_;
      cols_ = std::min(matrix_.cols, most(block_room_h()));
      if (block_width(m_, cols_, shown_kernels_) > block_room_w()) {
        // Kernels get a fifth of the width, taps what remains of it.
        shown_kernels_ = std::min(kernels_, most(room * 0.2));
        const double side = std::max(static_cast<double>(shown_kernels_) * m_, tag_kernels_) +
                            std::max(static_cast<double>(shown_kernels_) * m_, tag_product_);
        cols_ = std::min(cols_, most(std::max(tag_matrix_, room - side)));
      }
      rows_ = std::min(matrix_.rows, most(block_room_h()));
    }
    // What the matrices leave free goes to the tensors.
    x_ = least_;
    if (!portrait_) {
      const double room = width_ - block_width(m_, cols_, shown_kernels_) - 2 * arrow_;
      double least = least_, most = std::max(least_, std::min({tallest_, std::max(44 * u_, m_ * 1.2)}));
      for (int i = 0; i < 20; ++i) {
        const double middle = (least + most) / 2;
        (tensors_width(middle) <= room ? least : most) = middle;
      }
      x_ = least;
    } else {
      x_ = std::min({tallest_, widest_, std::max(26 * u_, m_ * 1.5)});
    }
    if (x_ >= 8) x_ = std::floor(x_);
    layout_.good = true;
  }

  const ConvPlan& plan_;
  const Stage& stage_;
  const Painter& painter_;
  const OutputCell& cell_;
  bool portrait_;
  double u_;
  Im2colLayout layout_;
  Extent padded_, matrix_;
  int64_t kernels_ = 1;
  int input_cols_ = 1, output_cols_ = 1;  // of channels
  double width_ = 0, height_ = 0, tag_ = 0, label_ = 0, gap_ = 0, sign_ = 0, arrow_ = 0, strip_h_ = 0;
  double label_x_ = 0, label_y_ = 0;
  double tag_matrix_ = 0, tag_kernels_ = 0, tag_product_ = 0, tag_x_ = 0, tag_y_ = 0;
  double sheets_x_ = 0, sheets_y_ = 0, tallest_ = 0, widest_ = 0, least_ = 0;
  double m_ = 0, x_ = 0;
  int64_t rows_ = 0, cols_ = 0, shown_kernels_ = 0;
};

const Im2colLayout& Solver::place() {
  Im2colLayout& l = layout_;
  const Box& content = stage_.content;
  const auto left = static_cast<double>(content.x0), top = static_cast<double>(content.y0);
  const int64_t row = im2col_row(plan_, cell_);
  // The picture stands still within a page; pages overlap by a quarter, so that there is always something above the
  // row.
  const int64_t turn = std::max<int64_t>(1, rows_ * 3 / 4);
  const int64_t page = std::max<int64_t>(0, row - (rows_ - turn)) / turn;
  const int64_t row0 = std::min(page * turn, matrix_.rows - rows_);
  const int64_t kernel = cell_.c % kernels_;
  const int64_t kernel0 =
      cell_.c - kernel + std::min(kernel / shown_kernels_ * shown_kernels_, kernels_ - shown_kernels_);

  const double matrix_w = std::max(static_cast<double>(cols_) * m_, tag_matrix_);
  const double kernels_w = std::max(static_cast<double>(shown_kernels_) * m_, tag_kernels_);
  const double product_w = std::max(static_cast<double>(shown_kernels_) * m_, tag_product_);
  const double block_w = matrix_w + kernels_w + product_w + 2 * sign_;
  const double x_w = inputs_width(x_);
  const double y_w = outputs_width(x_);

  const double input_each = label_ + sheets_x_ + static_cast<double>(padded_.rows) * x_;
  const double output_each = label_ + sheets_y_ + static_cast<double>(plan_.out.h) * x_;
  const int input_rows = (l.input_count + input_cols_ - 1) / input_cols_;
  const int output_rows = (l.output_count + output_cols_ - 1) / output_cols_;
  const double inputs_h = tag_ + in_columns(input_rows, input_each, gap_);
  const double outputs_h = tag_ + in_columns(output_rows, output_each, gap_);
  const double block_h = tag_ + static_cast<double>(std::max(rows_, cols_)) * m_;

  double x_left, y_left, block_left, tensors_axis, block_axis;
  double used_h;
  if (portrait_) {
    const double tensors_h = std::max(inputs_h, outputs_h);
    used_h = tensors_h + 2 * gap_ + block_h;
    const double y0 = top + std::max(0.0, (main_height() - used_h) / 2);
    tensors_axis = y0 + tensors_h / 2;
    block_axis = y0 + tensors_h + 2 * gap_ + block_h / 2;
    const double free = width_ - x_w - y_w;
    x_left = left + free / 3;
    y_left = left + width_ - free / 3 - y_w;
    block_left = left + (width_ - block_w) / 2;
  } else {
    used_h = std::max({inputs_h, outputs_h, block_h});
    tensors_axis = block_axis = top + main_height() / 2;
    const double all = x_w + y_w + block_w + 2 * arrow_;
    x_left = left + (width_ - all) / 2;
    block_left = x_left + x_w + arrow_;
    y_left = block_left + block_w + arrow_;
  }

  for (int i = 0; i < l.input_count; ++i) {
    const double y = tensors_axis - inputs_h / 2 + tag_ + i / input_cols_ * (input_each + gap_) + label_ + sheets_x_;
    const double x = x_left + i % input_cols_ * (input_each_width(x_) + gap_);
    l.inputs[i] = {x, y, x_, -plan_.pads.top, -plan_.pads.left, padded_.rows, padded_.cols};
  }
  for (int i = 0; i < l.output_count; ++i) {
    const double y = tensors_axis - outputs_h / 2 + tag_ + i / output_cols_ * (output_each + gap_) + label_ + sheets_y_;
    const double x = y_left + i % output_cols_ * (output_each_width(x_) + gap_);
    l.outputs[i] = {x, y, x_, 0, 0, plan_.out.h, plan_.out.w};
  }
  const auto in_block = [&](double at, double room, int64_t r0, int64_t c0, int64_t rows, int64_t cols) {
    const double h = static_cast<double>(rows) * m_;
    (void)room;
    return Grid{at, block_axis + tag_ / 2 - h / 2, m_, r0, c0, rows, cols};
  };
  l.matrix = in_block(block_left, matrix_w, row0, 0, rows_, cols_);
  l.kernels = in_block(block_left + matrix_w + sign_, kernels_w, 0, kernel0, cols_, shown_kernels_);
  l.product = in_block(block_left + matrix_w + kernels_w + 2 * sign_, product_w, row0, kernel0, rows_, shown_kernels_);
  const double axis = block_axis + tag_ / 2;
  l.times_x = l.matrix.x + std::max(l.matrix.width(), 0.0) + (l.kernels.x - l.matrix.x - l.matrix.width()) / 2;
  l.equals_x = l.kernels.x + l.kernels.width() + (l.product.x - l.kernels.x - l.kernels.width()) / 2;
  l.times_y = l.equals_y = axis;
  l.arrows_down = portrait_;
  l.unfold_x0 = x_left + in_columns(input_cols_, input_each_width(x_), gap_) + 10 * u_;
  l.unfold_x1 = l.matrix.x - 10 * u_;
  l.reshape_x0 = l.product.x + l.product.width() + 10 * u_;
  l.reshape_x1 = l.outputs[0].x - 10 * u_;
  l.unfold_y = l.reshape_y = axis;

  // The strip: as many taps as there is room for, in the middle.
  const double label_w =
      static_cast<double>(std::max(
          {painter_.width(words_of(painter_.request().language, "scene.strip_row"), Face::sans, kLabelSize * stage_.ui),
           painter_.width(words_of(painter_.request().language, "scene.strip_kernel"), Face::sans,
                          kLabelSize * stage_.ui),
           painter_.width(words_of(painter_.request().language, "scene.products"), Face::sans,
                          kLabelSize * stage_.ui)})) +
      14 * u_;
  const double sum_w = 150 * u_;
  const double room = width_ - label_w - sum_w;
  const double cell = std::min(kStripCell * u_, room / 2);
  const int64_t taps = std::clamp<int64_t>(static_cast<int64_t>(room / cell), 1, matrix_.cols);
  const double pitch = std::floor(std::clamp(room / static_cast<double>(taps), 1.0, kStripCell * u_));
  const double strip_w = label_w + static_cast<double>(taps) * pitch + sum_w;
  const double strip_x = left + (width_ - strip_w) / 2;
  l.strip_label_x = strip_x;
  l.strip = {strip_x + label_w, static_cast<double>(content.y1) - 3 * pitch - 2, pitch, 0, 0, 3, taps};
  l.strip_sum_x = l.strip.x + l.strip.width() + 10 * u_;
  return l;
}

}  // namespace

Im2colLayout im2col_layout(const ConvPlan& plan, const Stage& stage, const Painter& painter, const OutputCell& cell,
                           bool rgb) {
  Solver wide(plan, stage, painter, cell, rgb, false), tall(plan, stage, painter, cell, rgb, true);
  // Side by side the arrows say what becomes of what; one above the other only where there is no width for that.
  const bool upright = stage.content.height() > 0.9f * stage.content.width();
  Solver& best = wide.score() > 0 && (!upright || wide.score() >= tall.score()) ? wide : tall;
  return best.score() > 0 ? best.place() : Im2colLayout{};
}

}  // namespace convscope
