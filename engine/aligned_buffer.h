// Scratch memory that a thread keeps from one computation to the next.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

namespace convscope {

/// Uninitialised memory, aligned to 64 bytes and followed by 64 bytes that may be read.
class AlignedBuffer {
 public:
  /// Memory for so many bytes, or null where the system has none. What was in it is gone.
  void* reserve(size_t bytes) {
    const size_t rounded = (bytes / 64 + 2) * 64;
    if (rounded > size_) {
      data_.reset();
      data_.reset(static_cast<std::byte*>(std::aligned_alloc(64, rounded)));
      size_ = data_ != nullptr ? rounded : 0;
    }
    return data_.get();
  }
  template <class T>
  T* reserve_for(int64_t elements) {
    return static_cast<T*>(reserve(static_cast<size_t>(elements) * sizeof(T)));
  }
  /// What reserve() gave; null before.
  template <class T>
  const T* data() const {
    return reinterpret_cast<const T*>(data_.get());
  }
  size_t size() const { return size_; }
  void release() {
    data_.reset();
    size_ = 0;
  }

 private:
  struct Free {
    void operator()(std::byte* data) const { std::free(data); }
  };
  std::unique_ptr<std::byte, Free> data_;
  size_t size_ = 0;
};

}  // namespace convscope
