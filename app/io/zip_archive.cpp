#include "app/io/zip_archive.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

namespace convscope {

namespace {

constexpr int64_t kMaxMembers = 20000;
constexpr int64_t kMaxListBytes = int64_t{16} << 20;
constexpr int64_t kEndBytes = 22, kMaxCommentBytes = 65535;
constexpr int64_t kEnd64Bytes = 56, kLocator64Bytes = 20;
constexpr int64_t kListEntryBytes = 46, kLocalHeaderBytes = 30;
/// Deflate makes at most 1032 bytes of one; a few more for a short stream's first.
constexpr int64_t kMaxRatio = 1032;

/// Little-endian numbers of a piece of the archive.
class Fields {
 public:
  explicit Fields(const char* bytes) : bytes_(reinterpret_cast<const unsigned char*>(bytes)) {}
  uint64_t get(size_t offset, int bytes) const {
    uint64_t value = 0;
    for (int i = bytes; i-- > 0;) value = value << 8 | bytes_[offset + static_cast<size_t>(i)];
    return value;
  }
  uint16_t u16(size_t offset) const { return static_cast<uint16_t>(get(offset, 2)); }
  uint32_t u32(size_t offset) const { return static_cast<uint32_t>(get(offset, 4)); }
  uint64_t u64(size_t offset) const { return get(offset, 8); }

 private:
  const unsigned char* bytes_;
};

struct ListPlace {
  uint64_t members = 0, bytes = 0, offset = 0;
};

/// Where the archive's end says that the list of members is.
std::optional<ListPlace> find_list(FileSource& file) {
  const int64_t tail_bytes = std::min(file.size(), kEndBytes + kMaxCommentBytes + kLocator64Bytes);
  std::string tail(static_cast<size_t>(tail_bytes), '\0');
  if (file.read_at(file.size() - tail_bytes, tail.data(), tail_bytes) != tail_bytes) return std::nullopt;
  size_t at = tail.rfind("PK\x05\x06");
  while (at != std::string::npos) {
    const auto left = static_cast<int64_t>(tail.size() - at);
    // The comment behind it ends where the file does.
    if (left >= kEndBytes && left == kEndBytes + Fields(tail.data() + at).u16(20)) break;
    at = at == 0 ? std::string::npos : tail.rfind("PK\x05\x06", at - 1);
  }
  if (at == std::string::npos) return std::nullopt;
  const Fields end(tail.data() + at);
  ListPlace place{end.u16(10), end.u32(12), end.u32(16)};
  const bool is_64 = place.members == 0xffff || place.bytes == 0xffffffff || place.offset == 0xffffffff;
  if (!is_64) return place;
  if (at < kLocator64Bytes || std::memcmp(tail.data() + at - kLocator64Bytes, "PK\x06\x07", 4) != 0) return place;
  const uint64_t end64_at = Fields(tail.data() + at - kLocator64Bytes).u64(8);
  std::array<char, kEnd64Bytes> bytes{};
  if (end64_at > static_cast<uint64_t>(file.size())) return std::nullopt;
  if (file.read_at(static_cast<int64_t>(end64_at), bytes.data(), kEnd64Bytes) != kEnd64Bytes) return std::nullopt;
  if (std::memcmp(bytes.data(), "PK\x06\x06", 4) != 0) return std::nullopt;
  const Fields end64(bytes.data());
  return ListPlace{end64.u64(32), end64.u64(40), end64.u64(48)};
}

/// Sizes that 32 bits do not hold stand in an extra field, in a fixed order, those of them that are needed.
bool take_extra(std::string_view extra, uint64_t& bytes, uint64_t& packed, uint64_t& offset) {
  while (extra.size() >= 4) {
    const Fields head(extra.data());
    const size_t length = head.u16(2);
    if (extra.size() - 4 < length) return false;
    if (head.u16(0) == 1) {
      size_t at = 4;
      for (uint64_t* const number : {&bytes, &packed, &offset}) {
        if (*number != 0xffffffff) continue;
        if (at + 8 > 4 + length) return false;
        *number = head.u64(at);
        at += 8;
      }
    }
    extra.remove_prefix(4 + length);
  }
  return true;
}

class MemberSource : public ByteSource {
 public:
  MemberSource(std::shared_ptr<FileSource> file, ZipMember member, int64_t begin)
      : file_(std::move(file)), member_(std::move(member)), at_(begin), end_(begin + member_.packed_bytes) {}
  ~MemberSource() override {
    if (inflating_) inflateEnd(&stream_);
  }
  MemberSource(const MemberSource&) = delete;
  MemberSource& operator=(const MemberSource&) = delete;

  int64_t size() const override { return member_.bytes; }
  Error problem(const std::string& path) const override { return Error{"error.zip_broken", "", {path}}; }

  int64_t read_up_to(void* to, int64_t size) override {
    size = std::min(size, member_.bytes - done_);
    int64_t total = 0;
    while (total < size) {
      // zlib counts in 32 bits.
      const int64_t wanted = std::min<int64_t>(size - total, int64_t{1} << 30);
      const int64_t got = member_.method == 0 ? read_stored(static_cast<char*>(to) + total, wanted)
                                              : read_deflated(static_cast<char*>(to) + total, wanted);
      if (got <= 0) return -1;
      crc_ = crc32_z(crc_, static_cast<const Bytef*>(to) + total, static_cast<size_t>(got));
      total += got;
      done_ += got;
    }
    if (done_ == member_.bytes && crc_ != member_.crc) return -1;
    return total;
  }

 private:
  int64_t read_stored(char* to, int64_t size) {
    const int64_t got = file_->read_at(at_, to, std::min(size, end_ - at_));
    at_ += std::max<int64_t>(got, 0);
    return got;
  }

  int64_t read_deflated(char* to, int64_t size) {
    if (!inflating_) {
      if (inflateInit2(&stream_, -MAX_WBITS) != Z_OK) return -1;
      inflating_ = true;
    }
    stream_.next_out = reinterpret_cast<Bytef*>(to);
    stream_.avail_out = static_cast<uInt>(size);
    while (stream_.avail_out > 0) {
      if (stream_.avail_in == 0) {
        const int64_t got = file_->read_at(at_, buffer_.data(), std::min<int64_t>(kBuffer, end_ - at_));
        if (got < 0) return -1;
        at_ += got;
        stream_.next_in = reinterpret_cast<Bytef*>(buffer_.data());
        stream_.avail_in = static_cast<uInt>(got);
      }
      const int state = inflate(&stream_, Z_NO_FLUSH);
      if (state == Z_STREAM_END) break;
      if (state != Z_OK) return -1;  // Z_BUF_ERROR too: nothing more comes
    }
    return size - stream_.avail_out;
  }

  static constexpr int64_t kBuffer = 1 << 16;
  std::shared_ptr<FileSource> file_;
  ZipMember member_;
  int64_t at_, end_;  // of the packed bytes that are left, in the file
  int64_t done_ = 0;
  uLong crc_ = 0;
  bool inflating_ = false;
  z_stream stream_ = {};
  std::array<char, kBuffer> buffer_{};
};

}  // namespace

Result<ZipArchive> ZipArchive::open(const std::string& path) {
  Result<std::unique_ptr<FileSource>> file = FileSource::open(path);
  if (!file) return file.error();
  ZipArchive archive;
  archive.path_ = path;
  archive.file_ = *std::move(file);
  const int64_t file_bytes = archive.file_->size();
  const Error broken{"error.zip_broken", "", {path}};
  const std::optional<ListPlace> place = find_list(*archive.file_);
  if (!place) return broken;
  if (place->members > kMaxMembers || place->bytes > kMaxListBytes) {
    return Error{"error.zip_too_many", "", {path, std::to_string(place->members), std::to_string(kMaxMembers)}};
  }
  if (place->offset > static_cast<uint64_t>(file_bytes) ||
      place->bytes > static_cast<uint64_t>(file_bytes) - place->offset) {
    return broken;
  }
  const auto list_bytes = static_cast<int64_t>(place->bytes);
  std::string list(static_cast<size_t>(list_bytes), '\0');
  if (archive.file_->read_at(static_cast<int64_t>(place->offset), list.data(), list_bytes) != list_bytes) return broken;
  std::string_view rest = list;
  for (uint64_t i = 0; i < place->members; ++i) {
    if (rest.size() < kListEntryBytes || std::memcmp(rest.data(), "PK\x01\x02", 4) != 0) return broken;
    const Fields entry(rest.data());
    const size_t name = entry.u16(28), extra = entry.u16(30), comment = entry.u16(32);
    if (rest.size() - kListEntryBytes < name + extra + comment) return broken;
    uint64_t bytes = entry.u32(24), packed = entry.u32(20), offset = entry.u32(42);
    if (!take_extra(rest.substr(kListEntryBytes + name, extra), bytes, packed, offset)) return broken;
    if (packed > static_cast<uint64_t>(file_bytes) || offset > static_cast<uint64_t>(file_bytes)) return broken;
    if (bytes > static_cast<uint64_t>(INT64_MAX)) return broken;
    ZipMember member;
    member.name = rest.substr(kListEntryBytes, name);
    member.method = entry.u16(10);
    member.encrypted = (entry.u16(8) & 1) != 0;
    member.packed_bytes = static_cast<int64_t>(packed);
    member.bytes = static_cast<int64_t>(bytes);
    member.crc = entry.u32(16);
    member.header_offset = static_cast<int64_t>(offset);
    archive.members_.push_back(std::move(member));
    rest.remove_prefix(kListEntryBytes + name + extra + comment);
  }
  return archive;
}

Result<std::unique_ptr<ByteSource>> ZipArchive::read(const ZipMember& member) const {
  const Error broken{"error.zip_broken", "", {path_}};
  if (member.encrypted) return Error{"error.zip_encrypted", "", {path_, member.name}};
  if (member.method != 0 && member.method != 8) {
    return Error{"error.zip_method", "", {path_, member.name, std::to_string(member.method)}};
  }
  if (member.method == 0 && member.bytes != member.packed_bytes) return broken;
  if (member.bytes / kMaxRatio > member.packed_bytes) {
    return Error{
        "error.zip_bomb", "", {path_, member.name, std::to_string(member.bytes), std::to_string(member.packed_bytes)}};
  }
  std::array<char, kLocalHeaderBytes> header{};
  if (file_->read_at(member.header_offset, header.data(), kLocalHeaderBytes) != kLocalHeaderBytes) return broken;
  const Fields local(header.data());
  if (std::memcmp(header.data(), "PK\x03\x04", 4) != 0) return broken;
  const int64_t begin = member.header_offset + kLocalHeaderBytes + local.u16(26) + local.u16(28);
  if (begin > file_->size() || member.packed_bytes > file_->size() - begin) return broken;
  return std::unique_ptr<ByteSource>(std::make_unique<MemberSource>(file_, member, begin));
}

}  // namespace convscope
