// How a long computation is told to stop and says how far it is.
#pragma once

#include <atomic>

namespace convscope {

/// Shared between the thread that computes and the one that waits, which only touches the atomics.
struct Job {
  std::atomic<bool> cancelled{false};
  std::atomic<float> progress{0.0f};  // 0 to 1

  // A computation made of parts says which part comes next; each part reports as if it were the whole.
  float part_begin = 0, part_share = 1;

  bool is_cancelled() const { return cancelled.load(std::memory_order_relaxed); }
  void report(float done) { progress.store(part_begin + part_share * done, std::memory_order_relaxed); }
};

/// Part `index` of `count` equal parts of a job, for as long as it lives; does nothing without a job.
class JobPart {
 public:
  JobPart(Job* job, double index, double count) : job_(job) {
    if (job_ == nullptr) return;
    begin_ = job_->part_begin;
    share_ = job_->part_share;
    job_->part_begin = begin_ + share_ * static_cast<float>(index / count);
    job_->part_share = share_ / static_cast<float>(count);
  }
  ~JobPart() {
    if (job_ == nullptr) return;
    job_->part_begin = begin_;
    job_->part_share = share_;
  }
  JobPart(const JobPart&) = delete;
  JobPart& operator=(const JobPart&) = delete;

 private:
  Job* job_;
  float begin_ = 0, share_ = 1;
};

}  // namespace convscope
