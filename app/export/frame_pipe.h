// The renderer draws the next frame while the sink encodes the last: a short queue between two threads.
#pragma once

#include <array>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "app/export/frame_sink.h"

namespace convscope {

/// Hands frames to a sink on a thread of its own, in order. Holds kFrames pictures whatever the length of the clip.
class FramePipe {
 public:
  explicit FramePipe(FrameSink& sink);
  /// Drops what was not encoded yet.
  ~FramePipe();

  /// A picture to draw into; waits until one is free. It keeps the memory of its last use.
  Pixels& next();
  /// Queues the picture given by next(). Errors: the sink's, of this or of an earlier frame.
  Result<void> push(int repeat);
  /// Waits until everything is encoded. Errors: the sink's.
  Result<void> drain();

 private:
  static constexpr size_t kFrames = 3;
  struct Slot {
    Pixels pixels;
    int repeat = 0;
  };
  void encode_frames();

  FrameSink& sink_;
  std::array<Slot, kFrames> slots_;
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t pushed_ = 0, encoded_ = 0;  // counts; slot = count % kFrames
  bool stopped_ = false;
  std::optional<Error> error_;
  std::thread thread_;
};

}  // namespace convscope
