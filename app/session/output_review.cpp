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
bool is_quick(const ConvPlan& plan) {
  constexpr double kFull = 4, kGuessedCells = 8000, kSingles = 80, kClosestCells = 1024;
  const auto cells = static_cast<double>(plan.output_cells());
  const double looked_at = kFull * cells + kGuessedCells + kSingles * std::min(cells, kClosestCells);
  return looked_at * static_cast<double>(plan.taps()) < kQuickMacs;
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
  Result<OutputCheck> check = check_output(*finding.computation->plan.conv2d(), finding.computation->tensors,
                                           finding.written->tensor, finding.written->digits, job);
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

void OutputReview::update(const ComputationPtr& latest) {
  // The usual mistakes are those of conv2d: another operation's output is compared with nothing.
  const ComputationPtr computation = latest != nullptr && latest->plan.conv2d() != nullptr ? latest : nullptr;
  if (std::optional<Result<Finding>> finished = worker_.take()) take(*std::move(finished));
  const bool quick = computation != nullptr && is_quick(*computation->plan.conv2d());
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
