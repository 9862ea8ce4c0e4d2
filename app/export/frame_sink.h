// Where frames go: one file per format behind this interface.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "app/io/image.h"
#include "engine/cancel.h"
#include "engine/result.h"

namespace convscope {

struct ClipFormat {
  int width = 0, height = 0;
  int fps = 20;
  bool transparent = false;
  bool chroma444 = false;
  // Kept where the format can carry them:
  std::string title;
  std::string description;  // alternative text
  std::string session;      // as carried_form() has it
};

/// Takes frames in order; the target appears whole at finish(), and not at all without it.
class FrameSink {
 public:
  virtual ~FrameSink() = default;
  /// Formats that need to see the colours first ask for a pass of sample frames before begin().
  virtual bool wants_sample() const { return false; }
  virtual void sample(const Pixels&) {}
  virtual Result<void> begin() = 0;
  /// Shows `frame` for `repeat` frame times.
  virtual Result<void> add(const Pixels& frame, int repeat) = 0;
  virtual Result<void> finish() = 0;

  /// Tells `job` how many of `frames` frame times are written, and asks it in everything that takes long whether to
  /// stop. A stopped sink fails with error.export_cancelled. Null: nobody asks.
  void watch(Job* job, int64_t frames) {
    job_ = job;
    frames_ = frames;
  }

 protected:
  const Job* job() const { return job_; }
  bool cancelled() const { return job_ != nullptr && job_->is_cancelled(); }
  void wrote(int64_t frame_times) {
    written_ += frame_times;
    if (job_ != nullptr) job_->report(static_cast<float>(written_) / static_cast<float>(frames_));
  }

 private:
  Job* job_ = nullptr;
  int64_t frames_ = 1, written_ = 0;
};

/// The sink for a target's ending, of the formats that are made of pixels. Errors: those of target_format(),
/// error.export_unknown_format for the others, those of the file.
Result<std::unique_ptr<FrameSink>> open_sink(const std::string& target, const ClipFormat& format);

}  // namespace convscope
