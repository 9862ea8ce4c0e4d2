#include "app/export/frame_pipe.h"

#include <cerrno>
#include <new>

#include "app/io/system_error.h"

namespace convscope {

FramePipe::FramePipe(FrameSink& sink) : sink_(sink), thread_([this] { encode_frames(); }) {}

FramePipe::~FramePipe() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void FramePipe::encode_frames() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopped_ || encoded_ < pushed_; });
    if (stopped_) return;
    Slot& slot = slots_[encoded_ % kFrames];
    const bool failed = error_.has_value();
    lock.unlock();
    std::optional<Error> error;
    try {
      if (!failed) {
        if (auto added = sink_.add(slot.pixels, slot.repeat); !added) error = added.error();
      }
    } catch (const std::bad_alloc&) {
      error = Error{"error.export_memory", "size", {reason_of(ENOMEM)}};
    }
    lock.lock();
    if (error && !error_) error_ = std::move(error);
    ++encoded_;
    changed_.notify_all();
  }
}

Pixels& FramePipe::next() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return pushed_ - encoded_ < kFrames; });
  return slots_[pushed_ % kFrames].pixels;
}

Result<void> FramePipe::push(int repeat) {
  {
    const std::lock_guard lock(mutex_);
    if (error_) return *error_;
    slots_[pushed_ % kFrames].repeat = repeat;
    ++pushed_;
  }
  changed_.notify_all();
  return {};
}

Result<void> FramePipe::drain() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return encoded_ == pushed_; });
  if (error_) return *error_;
  return {};
}

}  // namespace convscope
