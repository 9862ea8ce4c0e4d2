#include "app/io/npy.h"

#include <bit>
#include <cassert>
#include <cmath>
#include <cstring>
#include <memory>
#include <vector>

#include "app/io/atomic_file.h"
#include "app/io/byte_source.h"
#include "app/io/foreign_file.h"
#include "app/io/half.h"
#include "app/io/npy_header.h"
#include "app/io/npz.h"

namespace convscope {

static_assert(std::endian::native == std::endian::little, "write_npy writes the machine's bytes as little endian");

namespace {

struct OpenedNpy {
  std::unique_ptr<ByteSource> file;
  NpyHeader header;
};

/// Reads up to the numbers. The size must be known before memory is asked for.
Result<NpyHeader> read_header(ByteSource& file, const std::string& path) {
  unsigned char start[12] = {};
  const int64_t got = file.read_up_to(start, 10);
  if (got < 0) return file.problem(path);
  if (got < 6 || std::memcmp(start, "\x93NUMPY", 6) != 0) {
    return foreign_file(path).value_or(Error{"error.npy_magic", "", {path}});
  }
  if (got < 10) return Error{"error.npy_truncated", "", {path, std::to_string(got), "10"}};
  const int major = start[6];
  if (major < 1 || major > 3) {
    return Error{"error.npy_version", "", {path, std::to_string(major) + "." + std::to_string(start[7])}};
  }
  int64_t header_bytes = start[8] | start[9] << 8;
  int64_t data_start = 10 + header_bytes;
  if (major >= 2) {
    if (file.read_up_to(start + 10, 2) != 2) return Error{"error.npy_truncated", "", {path, "10", "12"}};
    header_bytes |= int64_t{start[10]} << 16 | int64_t{start[11]} << 24;
    data_start = 12 + header_bytes;
  }
  if (header_bytes > kMaxNpyHeaderBytes) {
    return Error{
        "error.npy_header_too_large", "", {path, std::to_string(header_bytes), std::to_string(kMaxNpyHeaderBytes)}};
  }
  std::string text(static_cast<size_t>(header_bytes), '\0');
  if (file.read_up_to(text.data(), header_bytes) != header_bytes) {
    return Error{"error.npy_truncated", "", {path, std::to_string(file.size()), std::to_string(data_start)}};
  }
  Result<NpyHeader> header = parse_npy_header(text, path);
  if (!header) return header.error();

  const std::optional<int64_t> numel = header->shape.numel();
  const std::optional<int64_t> wanted = numel ? checked_mul(*numel, header->type.size) : std::nullopt;
  if (!wanted) {
    return Error{"error.tensor_too_large", "", {header->shape.to_string(), std::to_string(kMaxTensorBytes >> 30)}};
  }
  if (*wanted > file.size() - data_start) {
    return Error{"error.npy_truncated", "", {path, std::to_string(file.size()), std::to_string(data_start + *wanted)}};
  }
  return header;
}

Result<OpenedNpy> open_npy(const std::string& path) {
  OpenedNpy opened;
  if (const ArrayPath parts = array_path(path); is_npz_path(path)) {
    Result<std::unique_ptr<ByteSource>> member = open_npz_array(parts);
    if (!member) return member.error();
    opened.file = *std::move(member);
  } else {
    Result<std::unique_ptr<FileSource>> file = FileSource::open(path);
    if (!file) return file.error();
    opened.file = *std::move(file);
  }
  Result<NpyHeader> header = read_header(*opened.file, path);
  if (!header) return header.error();
  opened.header = *std::move(header);
  return opened;
}

template <class T>
T load_as(const unsigned char* bytes, bool swap) {
  unsigned char copy[sizeof(T)];
  for (size_t i = 0; i < sizeof(T); ++i) copy[i] = bytes[swap ? sizeof(T) - 1 - i : i];
  T value;
  std::memcpy(&value, copy, sizeof(T));
  return value;
}

double element(const NpyType& type, const unsigned char* bytes) {
  switch (type.kind) {
    case 'b':
      return bytes[0] != 0 ? 1.0 : 0.0;
    case 'i':
      switch (type.size) {
        case 1:
          return load_as<int8_t>(bytes, false);
        case 2:
          return load_as<int16_t>(bytes, type.swapped);
        case 4:
          return load_as<int32_t>(bytes, type.swapped);
        default:
          return static_cast<double>(load_as<int64_t>(bytes, type.swapped));
      }
    case 'u':
      switch (type.size) {
        case 1:
          return bytes[0];
        case 2:
          return load_as<uint16_t>(bytes, type.swapped);
        case 4:
          return load_as<uint32_t>(bytes, type.swapped);
        default:
          return static_cast<double>(load_as<uint64_t>(bytes, type.swapped));
      }
    default:
      switch (type.size) {
        case 2:
          return half_to_double(load_as<uint16_t>(bytes, type.swapped));
        case 4:
          return static_cast<double>(load_as<float>(bytes, type.swapped));
        default:
          return load_as<double>(bytes, type.swapped);
      }
  }
}

/// Notes an integer that float32 or float64 may not hold.
void look_at_whole(UnfitWhole& unfit, const NpyType& type, const unsigned char* bytes, double value) {
  if (type.kind == 'f' || type.size < 4) return;
  if (type.size == 4) return unfit.look_at(static_cast<int64_t>(value));
  if (type.kind == 'u') return unfit.look_at(load_as<uint64_t>(bytes, type.swapped));
  unfit.look_at(load_as<int64_t>(bytes, type.swapped));
}

/// Where the elements of a Fortran-ordered file belong: counts its indices, first axis fastest, and keeps the
/// row-major position of the present one.
class FortranOrder {
 public:
  explicit FortranOrder(const Shape& shape) : shape_(shape) {
    int64_t stride = 1;
    for (int axis = shape.rank() - 1; axis >= 0; --axis) {
      strides_[axis] = stride;
      stride *= shape[axis];
    }
  }
  int64_t position() const { return position_; }
  void next() {
    for (int axis = 0; axis < shape_.rank(); ++axis) {
      position_ += strides_[axis];
      if (++index_[axis] < shape_[axis]) return;
      position_ -= strides_[axis] * shape_[axis];
      index_[axis] = 0;
    }
  }

 private:
  Shape shape_;
  int64_t strides_[Shape::kMaxRank] = {};
  int64_t index_[Shape::kMaxRank] = {};
  int64_t position_ = 0;
};

}  // namespace

namespace {

NpyInfo info_of(const NpyHeader& header) {
  const NpyType& type = header.type;
  const bool is_double =
      (type.kind == 'f' && type.size == 8) || ((type.kind == 'i' || type.kind == 'u') && type.size > 2);
  NpyInfo info;
  info.shape = header.shape;
  info.dtype = is_double ? DType::float64 : DType::float32;
  info.stored_type = header.descr;
  info.fortran_order = header.fortran_order && header.shape.rank() > 1;
  const bool same_numbers = type.kind == 'f' && type.size == size_of(info.dtype) && !type.swapped;
  info.converted = info.fortran_order || !same_numbers;
  return info;
}

}  // namespace

std::string numpy_name(const std::string& descr) {
  const char kind = descr[1];
  if (kind == 'b') return "bool";
  const char* const name = kind == 'i' ? "int" : kind == 'u' ? "uint" : "float";
  return name + std::to_string(8 * (descr[2] - '0'));
}

NpyConversion conversion_of(const NpyInfo& info, const std::string& path) {
  const bool is_big_endian = info.stored_type[0] == '>' && info.stored_type[2] != '1';
  const char* const key = is_big_endian
                              ? (info.fortran_order ? "npy.converted_big_endian_fortran" : "npy.converted_big_endian")
                              : (info.fortran_order ? "npy.converted_fortran" : "npy.converted");
  return {key, {path, numpy_name(info.stored_type), name_of(info.dtype)}};
}

Result<NpyInfo> npy_info(const std::string& path) {
  const Result<OpenedNpy> opened = open_npy(path);
  if (!opened) return opened.error();
  return info_of(opened->header);
}

Result<NpyInfo> npy_info(ByteSource& source, const std::string& path) {
  const Result<NpyHeader> header = read_header(source, path);
  if (!header) return header.error();
  return info_of(*header);
}

Result<Shape> npy_shape(const std::string& path) {
  Result<NpyInfo> info = npy_info(path);
  if (!info) return info.error();
  return info->shape;
}

Result<NpyFile> read_npy(const std::string& path) {
  Result<OpenedNpy> opened = open_npy(path);
  if (!opened) return opened.error();
  const NpyHeader& header = opened->header;
  const NpyType& type = header.type;
  NpyFile result{info_of(header), {}, {}};
  const DType dtype = result.dtype;
  Result<Tensor> tensor = Tensor::zeros(header.shape, dtype);
  if (!tensor) return tensor.error();
  result.tensor = *tensor;

  const int64_t numel = result.tensor.numel();
  const auto vanished = [&](int64_t got) {
    return got < 0 ? opened->file->problem(path)
                   : Error{"error.file_unreadable", "", {path, "@reason.changed_while_reading"}};
  };

  if (!result.converted) {
    void* to = dtype == DType::float32 ? static_cast<void*>(result.tensor.mutable_data<float>())
                                       : static_cast<void*>(result.tensor.mutable_data<double>());
    const int64_t got = opened->file->read_up_to(to, numel * type.size);
    if (got != numel * type.size) return vanished(got);
    return result;
  }

  FortranOrder order(header.shape);
  constexpr int64_t kChunkElements = 1 << 16;
  std::vector<unsigned char> chunk(static_cast<size_t>(kChunkElements * type.size));
  for (int64_t done = 0; done < numel; done += kChunkElements) {
    const int64_t count = std::min(kChunkElements, numel - done);
    const int64_t got = opened->file->read_up_to(chunk.data(), count * type.size);
    if (got != count * type.size) return vanished(got);
    for (int64_t i = 0; i < count; ++i) {
      const unsigned char* const bytes = chunk.data() + i * type.size;
      const double value = element(type, bytes);
      look_at_whole(result.unfit, type, bytes, value);
      int64_t position = done + i;
      if (result.fortran_order) {
        position = order.position();
        order.next();
      }
      if (dtype == DType::float32) {
        result.tensor.mutable_data<float>()[position] = static_cast<float>(value);
      } else {
        result.tensor.mutable_data<double>()[position] = value;
      }
    }
  }
  return result;
}

namespace {

/// A whole file: version 1, C order, little endian; `descr` names the type of the numbers.
Result<void> write_numbers(AtomicFile& file, const char* descr, const Shape& extents, const void* numbers,
                           size_t bytes) {
  std::string shape = "(";
  for (int axis = 0; axis < extents.rank(); ++axis) {
    shape += std::to_string(extents[axis]);
    if (axis == 0 || axis + 1 < extents.rank()) shape += axis + 1 < extents.rank() ? ", " : ",";
  }
  shape += ")";
  std::string header = std::string("{'descr': '") + descr + "', 'fortran_order': False, 'shape': " + shape + ", }";
  // The data starts at a multiple of 64, behind spaces and a newline.
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';
  std::string start("\x93NUMPY\x01\x00", 8);
  start += static_cast<char>(header.size() & 255);
  start += static_cast<char>(header.size() >> 8);
  start += header;

  if (Result<void> written = file.write(start.data(), start.size()); !written) return written;
  return file.write(numbers, bytes);
}

}  // namespace

Result<void> write_npy(const std::string& path, const Tensor& tensor) {
  Result<AtomicFile> file = AtomicFile::create(path);
  if (!file) return file.error();
  if (Result<void> written = write_npy(*file, tensor); !written) return written;
  return file->commit();
}

Result<void> write_npy(AtomicFile& file, const Tensor& tensor) {
  const bool single = tensor.dtype() == DType::float32;
  const void* data =
      single ? static_cast<const void*>(tensor.data<float>()) : static_cast<const void*>(tensor.data<double>());
  return write_numbers(file, single ? "<f4" : "<f8", tensor.shape(), data, static_cast<size_t>(tensor.bytes()));
}

Result<void> write_npy_integers(AtomicFile& file, const Shape& shape, std::span<const int64_t> numbers) {
  assert(shape.numel() == static_cast<int64_t>(numbers.size()));
  return write_numbers(file, "<i8", shape, numbers.data(), numbers.size_bytes());
}

}  // namespace convscope
