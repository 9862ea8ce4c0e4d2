#include "app/io/wire_reader.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace convscope {

namespace {

constexpr int kMostVarintBytes = 10;

/// One varint from `at` on, which is moved behind it.
bool read_varint(PagedFile& file, int64_t& at, int64_t end, uint64_t& value) {
  value = 0;
  for (int i = 0; i < kMostVarintBytes && at < end; ++i) {
    unsigned char byte = 0;
    if (!file.read(at, &byte, 1)) return false;
    ++at;
    value |= static_cast<uint64_t>(byte & 127) << (7 * i);
    if ((byte & 128) == 0) return true;
  }
  return false;
}

}  // namespace

bool PagedFile::read(int64_t offset, void* to, int64_t bytes) {
  if (offset < 0 || bytes < 0 || offset > size() || bytes > size() - offset) return false;
  if (bytes >= kPage) return file_->read_at(offset, to, bytes) == bytes;
  if (offset < begin_ || offset + bytes > end_) {
    const int64_t got = file_->read_at(offset, page_.data(), kPage);
    begin_ = offset;
    end_ = offset + std::max<int64_t>(got, 0);
    if (got < bytes) return false;
  }
  std::memcpy(to, page_.data() + (offset - begin_), static_cast<size_t>(bytes));
  return true;
}

bool WireReader::varint(uint64_t& value) { return read_varint(*file_, at_, range_.end, value); }

bool WireReader::next() {
  if (broken_ || at_ >= range_.end) return false;
  uint64_t tag = 0;
  if (!varint(tag) || tag > UINT32_MAX) return fail();
  field_ = static_cast<int>(tag >> 3);
  wire_ = static_cast<int>(tag & 7);
  if (field_ == 0) return fail();
  if (wire_ == 0) return varint(number_) || fail();
  if (wire_ == 1 || wire_ == 5) {
    const int64_t bytes = wire_ == 1 ? 8 : 4;
    number_ = 0;
    if (bytes > range_.end - at_ || !file_->read(at_, &number_, bytes)) return fail();
    at_ += bytes;
    return true;
  }
  // Groups (3 and 4) are of the past, and a file that has them is none of ONNX's.
  uint64_t length = 0;
  if (wire_ != 2 || !varint(length) || length > static_cast<uint64_t>(range_.end - at_)) return fail();
  piece_ = {at_, at_ + static_cast<int64_t>(length)};
  at_ = piece_.end;
  return true;
}

float WireReader::as_float() const { return std::bit_cast<float>(static_cast<uint32_t>(number_)); }
double WireReader::as_double() const { return std::bit_cast<double>(number_); }

std::string WireReader::text(int64_t most_bytes) {
  if (wire_ != 2 || piece_.bytes() > most_bytes) {
    broken_ = true;
    return {};
  }
  std::string text(static_cast<size_t>(piece_.bytes()), '\0');
  if (!file_->read(piece_.begin, text.data(), piece_.bytes())) broken_ = true;
  return text;
}

std::optional<uint64_t> PackedVarints::next() {
  if (broken_ || at_ >= end_) return std::nullopt;
  uint64_t value = 0;
  if (read_varint(*file_, at_, end_, value)) return value;
  broken_ = true;
  return std::nullopt;
}

}  // namespace convscope
