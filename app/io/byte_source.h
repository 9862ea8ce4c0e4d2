// Bytes in order, from a file or from the member of an archive.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "engine/result.h"

namespace convscope {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Up to `size` bytes from the present position; fewer at the end, -1 on failure: see problem().
  virtual int64_t read_up_to(void* to, int64_t size) = 0;
  /// Bytes from the first to the last.
  virtual int64_t size() const = 0;
  /// Of the last failed read; `path` is named.
  virtual Error problem(const std::string& path) const = 0;
};

/// A regular file. Its size is known before memory is asked for, so pipes and folders are refused.
class FileSource : public ByteSource {
 public:
  /// Errors: error.file_not_found, error.file_unreadable.
  static Result<std::unique_ptr<FileSource>> open(const std::string& path);
  ~FileSource() override;
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;

  int64_t read_up_to(void* to, int64_t size) override;
  int64_t size() const override { return size_; }
  Error problem(const std::string& path) const override;
  /// The same from a place of the file, whatever the present position.
  int64_t read_at(int64_t offset, void* to, int64_t size);

 private:
  FileSource(int fd, int64_t size) : fd_(fd), size_(size) {}
  template <class Read>
  int64_t read_all(void* to, int64_t size, const Read& read_some);

  int fd_;
  int64_t size_;
  int errno_ = 0;
};

}  // namespace convscope
