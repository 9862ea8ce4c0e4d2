// Output files that appear whole or not at all.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/result.h"

namespace convscope {

/// A file written beside its target and renamed over it by commit(); without commit() nothing remains and an
/// existing target stays as it was. A target that exists and is no regular file is refused.
/// Errors: error.target_not_regular, error.target_unwritable (args: path, reason), error.disk_full (args: path).
class AtomicFile {
 public:
  static Result<AtomicFile> create(const std::string& target);
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&& other) noexcept;
  ~AtomicFile();

  /// Where to write for libraries that open files by name.
  const std::string& temporary_path() const { return temporary_; }
  Result<void> write(const void* data, size_t size);
  /// Writes over bytes that were written before: counts and sizes that are known at the end.
  Result<void> write_at(uint64_t offset, const void* data, size_t size);
  /// Ends the writing, with all that can fail but the renaming, and holds the file open no longer; commit() does so,
  /// too.
  Result<void> finish();
  Result<void> commit();

 private:
  friend class AtomicFiles;
  AtomicFile() = default;
  std::string target_, temporary_;
  int fd_ = -1;
};

/// Several files that appear together or not at all: none is renamed before every one is written and closed.
class AtomicFiles {
 public:
  /// The next file; it lives as long as the set. Errors: those of AtomicFile::create(); error.target_twice (args:
  /// path).
  Result<AtomicFile*> add(const std::string& target);
  Result<void> commit();

 private:
  std::vector<std::unique_ptr<AtomicFile>> files_;
};

/// Makes SIGINT, SIGTERM and SIGHUP remove unfinished files before they end the process, and a file-size limit an
/// error instead of a signal. For main; call once.
void remove_unfinished_files_on_signals();

/// All of `bytes` at once.
Result<void> write_file(const std::string& path, std::string_view bytes);

/// Errors: error.file_not_found, error.file_unreadable, error.file_too_large (args: path, bytes, limit).
Result<std::string> read_file(const std::string& path, int64_t limit_bytes);

}  // namespace convscope
