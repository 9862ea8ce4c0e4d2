// ZIP archives, as far as NumPy writes them: members stored or deflated, sizes of 32 or 64 bits.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "app/io/byte_source.h"
#include "engine/result.h"

namespace convscope {

struct ZipMember {
  std::string name;
  int method = 0;  // 0: stored, 8: deflated
  bool encrypted = false;
  int64_t packed_bytes = 0;  // in the archive
  int64_t bytes = 0;         // unpacked
  uint32_t crc = 0;
  int64_t header_offset = 0;
};

/// The list of an archive's members. What the list says is believed only as far as the file can hold it: nothing is
/// allocated for a size that its packed bytes cannot make.
/// Source: PKWARE's APPNOTE 6.3.10, sections 4.3 to 4.5; the zlib manual.
class ZipArchive {
 public:
  /// Errors: those of FileSource::open(), error.zip_broken (args: path), error.zip_too_many (args: path, members,
  /// limit).
  static Result<ZipArchive> open(const std::string& path);

  const std::vector<ZipMember>& members() const { return members_; }
  /// The member's bytes, unpacked as they are read; the checksum is looked at behind the last one. Errors:
  /// error.zip_encrypted, error.zip_method (args: path, name, method), error.zip_bomb (args: path, name, bytes, packed
  /// bytes), error.zip_broken.
  Result<std::unique_ptr<ByteSource>> read(const ZipMember& member) const;

 private:
  std::string path_;
  std::shared_ptr<FileSource> file_;
  std::vector<ZipMember> members_;
};

}  // namespace convscope
