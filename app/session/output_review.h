// The user's own output beside a session that changes: compared again with every new result of the engine.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "app/io/written_tensor.h"
#include "app/session/computation.h"
#include "app/session/latest_worker.h"
#include "engine/output_check.h"
#include "engine/result.h"

namespace convscope {

/// Keeps an output that was pasted or opened and what became of comparing it: at once where that is quick, else in the
/// background, dropped as soon as another output or another result of the engine makes it stale. Used from one thread.
class OutputReview {
 public:
  OutputReview();

  /// Takes text as it was pasted.
  void paste(std::string text);
  /// Takes a .npy, or a text file.
  void open(std::string path);
  void clear();

  /// Call once per frame with the engine's latest result, which may be null: starts comparing and takes in what is
  /// finished.
  void update(const ComputationPtr& computation);

  /// Whether there is an output to compare, or one is being read.
  bool has_output() const { return written_ != nullptr || reading_; }
  /// Of the latest output with the latest result; null until it is known.
  const OutputCheck* check() const { return check_ ? &*check_ : nullptr; }
  /// The engine's result that check() belongs to.
  const ComputationPtr& computation() const { return compared_; }
  /// Why the output cannot be read or compared.
  const Error* error() const { return error_ ? &*error_ : nullptr; }
  /// Grows whenever one of the three above changes.
  uint64_t revision() const { return revision_; }

  bool busy() const { return worker_.busy(); }
  float progress() const { return worker_.progress(); }
  /// Blocks until nothing runs, for tests and screenshots; `computation` as for update().
  void wait(const ComputationPtr& computation);

 private:
  struct Request {
    std::string text, path;                        // to be read first, where one is not empty
    std::shared_ptr<const WrittenTensor> written;  // else
    ComputationPtr computation;
  };
  struct Finding {
    std::shared_ptr<const WrittenTensor> written;
    ComputationPtr computation;
    std::optional<OutputCheck> check;  // nothing without a computation
  };
  static Result<Finding> find(const Request& request, Job* job);
  void begin(Request request, bool quick);
  void take(Result<Finding> finding);

  std::optional<Request> source_;  // not yet begun
  bool reading_ = false;           // the source is on its way
  std::shared_ptr<const WrittenTensor> written_;
  ComputationPtr compared_, asked_;
  std::optional<OutputCheck> check_;
  std::optional<Error> error_;
  uint64_t revision_ = 0;
  LatestWorker<Request, Finding> worker_;
};

}  // namespace convscope
