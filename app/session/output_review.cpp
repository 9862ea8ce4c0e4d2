#include "app/session/output_review.h"

#include <algorithm>
#include <utility>

namespace convscope {

namespace {

/// Products that are computed within a frame without being felt; with a fair margin, for the estimate is one.
constexpr double kQuickMacs = 1e6;
/// Text that is read as quickly.
constexpr size_t kQuickCharacters = 1 << 14;

/// A cautious guess at the products of check_output(): both results in full, a few hundred guesses in some cells each,
/// and the search for the closest.
bool is_quick(const OperationPlan& shown) {
  if (shown.conv2d() == nullptr) {
    // The magnitudes' output, and the comparison.
    constexpr double kPerCell = 4;
    return static_cast<double>(shown.output_cells()) * (static_cast<double>(shown.numbers_per_cell()) + kPerCell) <
           kQuickMacs;
  }
  const ConvPlan& plan = *shown.conv2d();
  constexpr double kFull = 4, kGuessedCells = 8000, kSingles = 80, kClosestCells = 1024;
  const auto cells = static_cast<double>(plan.output_cells());
  const double looked_at = kFull * cells + kGuessedCells + kSingles * std::min(cells, kClosestCells);
  return looked_at * static_cast<double>(plan.taps()) < kQuickMacs;
}

/// Of conv2d with the causes, whose usual mistakes are known; of the other operations where the numbers differ.
Result<OutputCheck> check_of(const Computation& computation, const WrittenTensor& written, Job* job) {
  const OperationPlan& plan = computation.plan;
  const ConvTensors& tensors = computation.tensors;
  if (plan.conv2d() != nullptr) {
    const bool flat = plan.dims() == 1 && written.tensor.shape() == plan.shown(plan.output_shape());
    const Tensor mine = flat ? written.tensor.reshaped(plan.output_shape()) : written.tensor;
    return check_output(*plan.conv2d(), tensors, mine, written.digits, job);
  }
  ConvTensors magnitudes;
  for (const auto& [from, to] :
       {std::pair(&tensors.input, &magnitudes.input), std::pair(&tensors.weight, &magnitudes.weight),
        std::pair(&tensors.bias, &magnitudes.bias)}) {
    Result<Tensor> magnitude = absolute(*from);
    if (!magnitude) return magnitude.error();
    *to = *std::move(magnitude);
  }
  const Result<Tensor> sums = run_plan(plan, magnitudes, {Algorithm::automatic, 0, job});
  if (!sums) return sums.error();
  const double bound =
      rounding_bound(largest_magnitude(*sums), plan.numbers_per_cell(), plan.dtype(), written.tensor.dtype());
  return compare_output(tensors.output, written.tensor, {bound, written.digits}, job);
}

}  // namespace

OutputReview::OutputReview() : worker_(find) {}

void OutputReview::paste(std::string text) {
  clear();
  source_ = Request{std::move(text), {}, nullptr, nullptr};
  reading_ = true;
}

void OutputReview::open(std::string path) {
  clear();
  source_ = Request{{}, std::move(path), nullptr, nullptr};
  reading_ = true;
}

void OutputReview::clear() {
  worker_.cancel();
  source_.reset();
  reading_ = false;
  written_.reset();
  compared_.reset();
  asked_.reset();
  check_.reset();
  error_.reset();
  ++revision_;
}

Result<OutputReview::Finding> OutputReview::find(const Request& request, Job* job) {
  Finding finding{request.written, request.computation, std::nullopt};
  if (finding.written == nullptr) {
    Result<WrittenTensor> written =
        request.path.empty() ? written_tensor(request.text) : read_written_tensor(request.path);
    if (!written) return written.error();
    finding.written = std::make_shared<const WrittenTensor>(*std::move(written));
  }
  if (finding.computation == nullptr) return finding;
  Result<OutputCheck> check = check_of(*finding.computation, *finding.written, job);
  if (!check) return check.error();
  finding.check = *std::move(check);
  return finding;
}

void OutputReview::begin(Request request, bool quick) {
  asked_ = request.computation;
  if (!quick) {
    worker_.start(std::move(request));
    return;
  }
  worker_.cancel();
  take(find(request, nullptr));
}

void OutputReview::take(Result<Finding> finding) {
  ++revision_;
  reading_ = false;
  error_.reset();
  check_.reset();
  if (!finding) {
    error_ = finding.error();
    return;
  }
  written_ = finding->written;
  compared_ = finding->computation;
  check_ = std::move(finding->check);
}

void OutputReview::update(const ComputationPtr& computation) {
  if (std::optional<Result<Finding>> finished = worker_.take()) take(*std::move(finished));
  const bool quick = computation != nullptr && is_quick(computation->plan);
  if (source_) {
    Request request = *std::move(source_);
    source_.reset();
    const bool is_short = request.path.empty() && request.text.size() <= kQuickCharacters;
    request.computation = computation;
    begin(std::move(request), is_short && (quick || computation == nullptr));
    return;
  }
  if (written_ == nullptr || computation == nullptr || computation == asked_) return;
  if (check_) {
    // Of a result that is no longer there.
    check_.reset();
    ++revision_;
  }
  begin(Request{{}, {}, written_, computation}, quick);
}

void OutputReview::wait(const ComputationPtr& computation) {
  update(computation);
  while (!worker_.idle()) {
    worker_.wait();
    update(computation);
  }
}

}  // namespace convscope
