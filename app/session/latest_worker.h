// One thread that does the latest of the things it was asked for.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <thread>
#include <utility>

#include "engine/cancel.h"
#include "engine/result.h"

namespace convscope {

/// Does work in the background: a new request tells the older one to stop, and its result is never seen. Used from one
/// thread; the work runs on another and must look at its job. Memory that runs out is error.memory_exhausted.
template <class Request, class Value>
class LatestWorker {
 public:
  using Work = std::function<Result<Value>(const Request& request, Job* job)>;

  explicit LatestWorker(Work work) : work_(std::move(work)) {}
  LatestWorker(const LatestWorker&) = delete;
  LatestWorker& operator=(const LatestWorker&) = delete;
  ~LatestWorker() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      request_.reset();
      if (job_ != nullptr) job_->cancelled = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  void start(Request request) {
    const std::lock_guard lock(mutex_);
    if (job_ != nullptr) job_->cancelled = true;
    finished_.reset();
    request_ = std::move(request);
    job_ = std::make_shared<Job>();
    // The thread comes with the first long work: most sessions never need it.
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
    changed_.notify_all();
  }

  /// Forgets what was asked for; its result will not be seen.
  void cancel() {
    const std::lock_guard lock(mutex_);
    if (job_ != nullptr) job_->cancelled = true;
    job_.reset();
    request_.reset();
    finished_.reset();
  }

  bool busy() const {
    const std::lock_guard lock(mutex_);
    return job_ != nullptr && !finished_;
  }

  /// Nothing runs and nothing waits for take().
  bool idle() const {
    const std::lock_guard lock(mutex_);
    return job_ == nullptr;
  }

  float progress() const {
    const std::lock_guard lock(mutex_);
    return job_ != nullptr ? job_->progress.load() : 1.0f;
  }

  /// The result, once.
  std::optional<Result<Value>> take() {
    const std::lock_guard lock(mutex_);
    if (!finished_) return std::nullopt;
    std::optional<Result<Value>> result = std::move(finished_);
    finished_.reset();
    job_.reset();
    return result;
  }

  /// Until nothing is being done.
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return job_ == nullptr || finished_.has_value(); });
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return stopping_ || request_.has_value(); });
      if (stopping_) return;
      const Request request = *std::move(request_);
      request_.reset();
      const std::shared_ptr<Job> job = job_;
      lock.unlock();
      Result<Value> result = done(request, job.get());
      lock.lock();
      // Whoever asked since then, or cancelled, has put another job in its place.
      if (job == job_) {
        finished_.emplace(std::move(result));
        changed_.notify_all();
      }
    }
  }

  Result<Value> done(const Request& request, Job* job) {
    try {
      return work_(request, job);
    } catch (const std::bad_alloc&) {
      return Error{"error.memory_exhausted", "", {}};
    }
  }

  Work work_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Request> request_;
  std::shared_ptr<Job> job_;  // of the request or of the work in hand; null when there is neither
  std::optional<Result<Value>> finished_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace convscope
