// Protocol Buffers' wire format, read from a file piece by piece.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "app/io/byte_source.h"

namespace convscope {

/// A file with the piece of it in memory that was read last: what is skipped is never read.
class PagedFile {
 public:
  explicit PagedFile(std::unique_ptr<FileSource> file) : file_(std::move(file)) {}
  int64_t size() const { return file_->size(); }
  /// False where the file ends before or fails.
  bool read(int64_t offset, void* to, int64_t bytes);

 private:
  static constexpr int64_t kPage = 1 << 14;
  std::unique_ptr<FileSource> file_;
  std::array<char, kPage> page_{};
  int64_t begin_ = 0, end_ = 0;  // of what the page holds
};

/// A piece of the file: a message, a text, packed numbers.
struct WireRange {
  int64_t begin = 0, end = 0;
  int64_t bytes() const { return end - begin; }
};

/// Walks over the fields of one message. Messages within are ranges, for readers of their own, so nothing here
/// recurses. Source: protobuf.dev, "Encoding".
class WireReader {
 public:
  WireReader(PagedFile& file, WireRange range) : file_(&file), range_(range), at_(range.begin) {}

  /// The next field; false at the end and where the message is broken.
  bool next();
  bool broken() const { return broken_; }

  int field() const { return field_; }
  bool is_number() const { return wire_ == 0; }
  bool is_range() const { return wire_ == 2; }
  /// Of wire types 0, 1 and 5: a varint, 8 bytes, 4 bytes.
  int wire_type() const { return wire_; }
  uint64_t number() const { return number_; }
  int64_t signed_number() const { return static_cast<int64_t>(number_); }
  float as_float() const;    // of 4 bytes
  double as_double() const;  // of 8
  WireRange range() const { return piece_; }
  /// The range as text; breaks the reader where it is longer than that.
  std::string text(int64_t most_bytes);

 private:
  bool varint(uint64_t& value);
  bool fail() {
    broken_ = true;
    return false;
  }
  PagedFile* file_;
  WireRange range_;
  int64_t at_;
  int field_ = 0, wire_ = 0;
  uint64_t number_ = 0;
  WireRange piece_;
  bool broken_ = false;
};

/// Varints one after another.
class PackedVarints {
 public:
  PackedVarints(PagedFile& file, WireRange range) : file_(&file), at_(range.begin), end_(range.end) {}
  /// Nothing at the end; broken() where the last one is cut off.
  std::optional<uint64_t> next();
  bool broken() const { return broken_; }

 private:
  PagedFile* file_;
  int64_t at_, end_;
  bool broken_ = false;
};

}  // namespace convscope
