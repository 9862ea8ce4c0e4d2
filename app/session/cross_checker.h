// The cross-check of all algorithms on a session's numbers, in the background.
#pragma once

#include <cstdint>
#include <optional>

#include "app/session/computation.h"
#include "app/session/latest_worker.h"
#include "engine/cross_check.h"

namespace convscope {

/// More than this is not begun: what one algorithm does in a second takes another a minute.
inline constexpr double kMaxCrossCheckSeconds = 30;

/// Used from one thread.
class CrossChecker {
 public:
  CrossChecker();

  /// Runs cross_check() on these numbers, where they are a convolution's, transposed or not. Work of more than
  /// kMaxCrossCheckSeconds is refused at once: error.cross_check_too_large (args: seconds, limit).
  void start(const ComputationPtr& computation);
  /// Stops what runs and forgets what was found: the numbers are no longer those of the session.
  void forget();
  /// Takes in finished work; call once per frame.
  void update();

  bool busy() const { return worker_.busy(); }
  float progress() const { return worker_.progress(); }
  void wait() { worker_.wait(); }

  /// What was found, or nullptr.
  const CrossCheck* result() const { return result_ ? &*result_ : nullptr; }
  /// Why nothing was, or nullptr.
  const Error* error() const { return error_ ? &*error_ : nullptr; }
  /// Tells results apart: another for each of the process, 0 before the first.
  uint64_t result_id() const { return result_id_; }

 private:
  std::optional<CrossCheck> result_;
  std::optional<Error> error_;
  uint64_t result_id_ = 0;
  LatestWorker<ComputationPtr, CrossCheck> worker_;
};

}  // namespace convscope
