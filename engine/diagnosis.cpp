#include "engine/diagnosis.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace convscope {

namespace {

using Extents = std::array<int64_t, 4>;

/// Looks at a guess before it is checked in full.
constexpr int64_t kSamples = 64;
/// Cells that the closest mistake is chosen by.
constexpr int64_t kClosestSamples = 1024;
/// With fewer cells, two free choices would explain anything.
constexpr int64_t kLeastCellsForPairs = 4;

/// The shape with axes of one cell in front; nothing for more than four axes that count.
std::optional<Extents> as_four(const Shape& shape) {
  Extents extents{1, 1, 1, 1};
  const int beyond = shape.rank() - 4;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (axis - beyond >= 0) {
      extents[static_cast<size_t>(axis - beyond)] = shape[axis];
    } else if (shape[axis] != 1) {
      return std::nullopt;
    }
  }
  return extents;
}

class Search {
 public:
  Search(const ConvPlan& plan, const ConvTensors& tensors, const Tensor& yours, const Closeness& closeness,
         const DiagnosisOptions& options, Job* job)
      : plan_(plan),
        yours_(yours),
        shape_(as_four(yours.shape())),
        closeness_(closeness),
        options_(options),
        job_(job),
        right_(MistakenConv::right(plan, tensors)),
        mistakes_(mistakes_of(plan)) {
    const std::optional<Extents> extents = right_.extents();
    has_right_shape_ = extents && shape_ == extents;
    choose_samples();
  }

  Result<Diagnosis> run() {
    if (yours_.numel() == 0) return diagnosis_;
    try_singles();
    if (diagnosis_.explanations.empty()) try_free();
    if (diagnosis_.explanations.empty() && yours_.numel() >= kLeastCellsForPairs) try_pairs();
    if (diagnosis_.explanations.empty()) find_closest();
    if (cancelled()) return Error{"error.cancelled", "", {}};
    if (job_ != nullptr) job_->report(1);
    return std::move(diagnosis_);
  }

 private:
  bool cancelled() const { return job_ != nullptr && job_->is_cancelled(); }
  bool full() const { return diagnosis_.explanations.size() >= kMostExplanations; }

  /// `count` cells all over the tensor, in an order of its own: neighbours are alike. A cell may come twice.
  int64_t scattered(int64_t index) const {
    const auto step = static_cast<uint64_t>(index) * 0x9E3779B97F4A7C15u;
    return static_cast<int64_t>((step >> 1) % static_cast<uint64_t>(yours_.numel()));
  }

  void choose_samples() {
    if (yours_.numel() == 0) return;
    if (has_right_shape_) samples_ = options_.suspects;
    const bool few = yours_.numel() <= kSamples;
    for (int64_t i = 0; i < kSamples; ++i) samples_.push_back(few ? i % yours_.numel() : scattered(i));
  }

  /// Rounding of the mistaken sum besides that of the right one: its terms may be larger.
  double slack(double value) const {
    const double epsilon = plan_.dtype == DType::float32 || yours_.dtype() == DType::float32
                               ? std::numeric_limits<float>::epsilon()
                               : std::numeric_limits<double>::epsilon();
    return closeness_.bound + 8 * epsilon * (std::isfinite(value) ? std::abs(value) : 0);
  }

  bool agrees(const MistakenConv& conv, const Extents& extents, int64_t flat) const {
    const double value = conv.cell(extents, flat);
    return closeness_.agree(yours_.at(flat), value, slack(value));
  }

  /// Whether the numbers come in the shape that was found.
  bool fits_shape(const MistakenConv& conv, const Extents& extents) const {
    const int64_t cells = extents[0] * extents[1] * extents[2] * extents[3];
    if (cells != yours_.numel()) return false;
    const bool same = shape_ == conv.ordered(extents);
    return conv.other_shape ? !same : same;
  }

  /// The number of cells that are looked at in a full check.
  int64_t affordable(const MistakenConv& conv) const {
    return std::min(yours_.numel(),
                    std::max<int64_t>(options_.most_macs / std::max<int64_t>(conv.taps(), 1), kSamples));
  }

  Explanation count(const MistakenConv& conv, const Extents& extents, std::vector<Cause> causes, int64_t cells,
                    bool all_or_nothing) const {
    Explanation explanation{std::move(causes), 0, 0};
    for (int64_t i = 0; i < cells; ++i) {
      if (i % 1024 == 0 && cancelled()) return {};
      const bool good = agrees(conv, extents, cells == yours_.numel() ? i : scattered(i));
      ++explanation.cells_checked;
      if (good) ++explanation.cells_agreeing;
      if (!good && all_or_nothing) break;
    }
    return explanation;
  }

  /// Takes the guess down where it explains every cell.
  void consider(const MistakenConv& conv, std::vector<Cause> causes) {
    const std::optional<Extents> extents = conv.extents();
    if (!extents || !fits_shape(conv, *extents)) return;
    ++diagnosis_.tried;
    for (int64_t cell : samples_) {
      if (!agrees(conv, *extents, cell)) return;
    }
    Explanation explanation = count(conv, *extents, std::move(causes), affordable(conv), true);
    if (explanation.cells_checked > 0 && explanation.cells_agreeing == explanation.cells_checked) {
      diagnosis_.explanations.push_back(std::move(explanation));
    }
  }

  void try_singles() {
    for (const Mistake& mistake : mistakes_) {
      if (full() || cancelled()) return;
      MistakenConv conv = right_;
      if (!mistake.make(conv)) continue;
      const std::optional<Extents> extents = conv.extents();
      const bool is_shape_wanted = !has_right_shape_ && diagnosis_.same_shape.size() < kMostExplanations;
      // One part of the output has the shape of each other.
      const bool is_part =
          mistake.cause.code == "cause.output_one_image" || mistake.cause.code == "cause.output_one_channel";
      const bool is_another_part =
          is_part && !diagnosis_.same_shape.empty() && diagnosis_.same_shape.back().code == mistake.cause.code;
      if (is_shape_wanted && !is_another_part && extents && !conv.other_shape && shape_ == conv.ordered(*extents)) {
        diagnosis_.same_shape.push_back(mistake.cause);
      }
      consider(conv, {mistake.cause});
    }
  }

  void try_pairs() {
    for (size_t i = 0; i < mistakes_.size(); ++i) {
      if (job_ != nullptr) job_->report(static_cast<float>(i) / static_cast<float>(mistakes_.size()));
      if (full() || cancelled()) return;
      MistakenConv one = right_;
      if (!mistakes_[i].is_usual || !mistakes_[i].make(one)) continue;
      if (may_be_checked_freely() && mistakes_[i].kind != MistakeKind::order && one.extents() == shape_) {
        try_channel_order(one, {mistakes_[i].cause});
      }
      for (size_t j = i + 1; j < mistakes_.size(); ++j) {
        if (full() || cancelled()) return;
        if (!mistakes_[j].is_usual || mistakes_[j].kind == mistakes_[i].kind) continue;
        MistakenConv both = one;
        if (mistakes_[j].make(both)) consider(both, {mistakes_[i].cause, mistakes_[j].cause});
      }
    }
  }

  /// Whether all cells of a result can be afforded; what is free in a mistake is found in no sample.
  bool may_be_checked_freely() const {
    return has_right_shape_ && yours_.numel() <= options_.most_macs / std::max<int64_t>(plan_.taps(), 1);
  }

  /// Mistakes with something free in them, which the right result tells.
  void try_free() {
    if (!may_be_checked_freely() || cancelled()) return;
    try_channel_order(right_, {});
    try_factor();
  }

  /// The output channels of a result in another order, as an explanation besides `causes`.
  void try_channel_order(const MistakenConv& conv, std::vector<Cause> causes) {
    const int64_t batch = (*shape_)[0], channels = (*shape_)[1], positions = (*shape_)[2] * (*shape_)[3];
    // Each channel is recognised by its cells: there must be some.
    constexpr int64_t kMostChannels = 1024, kLeastCells = 2;
    if (channels < 2 || channels > kMostChannels || batch * positions < kLeastCells) return;
    ++diagnosis_.tried;
    const auto is_channel = [&](int64_t mine, int64_t other) {
      for (int64_t n = 0; n < batch; ++n) {
        for (int64_t i = 0; i < positions; ++i) {
          const double value = conv.cell(*shape_, (n * channels + other) * positions + i);
          if (!closeness_.agree(yours_.at((n * channels + mine) * positions + i), value, slack(value))) return false;
        }
      }
      return true;
    };
    std::vector<bool> taken(static_cast<size_t>(channels), false);
    std::string text;
    for (int64_t mine = 0; mine < channels; ++mine) {
      int64_t found = -1;
      for (int64_t other = 0; other < channels && found < 0; ++other) {
        if (cancelled()) return;
        if (!taken[static_cast<size_t>(other)] && is_channel(mine, other)) found = other;
      }
      if (found < 0) return;
      taken[static_cast<size_t>(found)] = true;
      constexpr int64_t kMostShown = 16;
      if (mine < kMostShown) text += (mine > 0 ? ", " : "") + std::to_string(found);
      if (mine == kMostShown) text += ", \u2026";
    }
    causes.push_back({"cause.channels_permuted", {text}});
    add_free(std::move(causes));
  }

  /// Every number times the same factor.
  void try_factor() {
    if (yours_.numel() < 3) return;
    ++diagnosis_.tried;
    int64_t largest = 0;
    double most = 0;
    for (int64_t i = 0; i < yours_.numel(); ++i) {
      if (i % 1024 == 0 && cancelled()) return;
      const double value = std::abs(right_.cell(*shape_, i));
      if (!std::isfinite(value) || value <= most) continue;
      most = value;
      largest = i;
    }
    const double factor = yours_.at(largest) / right_.cell(*shape_, largest);
    if (most == 0 || !std::isfinite(factor) || factor == 0) return;
    const double doubt = (closeness_.allowed(yours_.at(largest)) + slack(yours_.at(largest))) / most;
    for (int64_t i = 0; i < yours_.numel(); ++i) {
      if (i % 1024 == 0 && cancelled()) return;
      const double value = right_.cell(*shape_, i);
      const double extra = std::abs(factor) * closeness_.bound + doubt * std::abs(value);
      if (!closeness_.agree(yours_.at(i), factor * value, slack(factor * value) + extra)) return;
    }
    std::array<char, 32> text{};
    constexpr int kDigits = 6;
    const auto written =
        std::to_chars(text.data(), text.data() + text.size(), factor, std::chars_format::general, kDigits);
    add_free({{"cause.scaled", {std::string(text.data(), written.ptr)}}});
  }

  void add_free(std::vector<Cause> causes) {
    diagnosis_.explanations.push_back({std::move(causes), yours_.numel(), yours_.numel()});
  }

  void find_closest() {
    if (!has_right_shape_) return;
    const int64_t cells = std::min(yours_.numel(), kClosestSamples);
    // Fewer are explained by chance: most mistakes leave some cells as they are, and zeros are easily met.
    int64_t most = std::max(count(right_, *shape_, {}, cells, false).cells_agreeing, cells / 4);
    std::optional<MistakenConv> best;
    std::vector<Cause> causes;
    for (const Mistake& mistake : mistakes_) {
      if (cancelled()) return;
      MistakenConv conv = right_;
      if (!mistake.make(conv)) continue;
      const std::optional<Extents> extents = conv.extents();
      if (!extents || !fits_shape(conv, *extents)) continue;
      const int64_t agreeing = count(conv, *extents, {}, cells, false).cells_agreeing;
      if (agreeing <= most) continue;
      most = agreeing;
      best = conv;
      causes = {mistake.cause};
    }
    if (best) diagnosis_.closest = count(*best, *best->extents(), std::move(causes), affordable(*best), false);
  }

  const ConvPlan& plan_;
  const Tensor& yours_;
  std::optional<Extents> shape_;  // of yours
  Closeness closeness_;
  DiagnosisOptions options_;
  Job* job_;
  MistakenConv right_;
  std::vector<Mistake> mistakes_;
  bool has_right_shape_ = false;
  std::vector<int64_t> samples_;
  Diagnosis diagnosis_;
};

}  // namespace

Result<Diagnosis> diagnose(const ConvPlan& plan, const ConvTensors& tensors, const Tensor& yours,
                           const Closeness& closeness, const DiagnosisOptions& options, Job* job) {
  return Search(plan, tensors, yours, closeness, options, job).run();
}

}  // namespace convscope
