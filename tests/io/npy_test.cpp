#include "app/io/npy.h"

#include <gmock/gmock.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "tests/io/temporary_folder.h"

namespace convscope {
namespace {

/// An .npy file made by hand.
std::string npy(const std::string& header, const std::string& data, int major = 1) {
  std::string file("\x93NUMPY", 6);
  file += static_cast<char>(major);
  file += '\0';
  const size_t size = header.size();
  for (int i = 0; i < (major == 1 ? 2 : 4); ++i) file += static_cast<char>(size >> (8 * i) & 255);
  return file + header + data;
}

std::string header(const std::string& descr, const std::string& shape, bool fortran = false) {
  return "{'descr': '" + descr + "', 'fortran_order': " + (fortran ? "True" : "False") + ", 'shape': " + shape +
         ", }   \n";
}

template <class T>
std::string bytes_of(std::initializer_list<T> values) {
  std::string bytes;
  for (T value : values) {
    char raw[sizeof(T)];
    std::memcpy(raw, &value, sizeof(T));
    bytes.append(raw, sizeof(T));
  }
  return bytes;
}

template <class T>
std::string big_endian(std::initializer_list<T> values) {
  std::string bytes;
  for (T value : values) {
    char raw[sizeof(T)];
    std::memcpy(raw, &value, sizeof(T));
    for (size_t i = sizeof(T); i-- > 0;) bytes += raw[i];
  }
  return bytes;
}

class NpyTest : public testing_support::TemporaryFolder {
 protected:
  Result<NpyFile> read(const std::string& file) {
    put("x.npy", file);
    return read_npy(path("x.npy"));
  }
  std::string code_of(const std::string& file) {
    const Result<NpyFile> result = read(file);
    const Result<Shape> shape = npy_shape(path("x.npy"));
    // The look at the header must not promise what reading refuses.
    EXPECT_EQ(result.ok(), shape.ok());
    return result ? "" : result.error().code;
  }
  static std::vector<double> numbers(const Tensor& tensor) {
    std::vector<double> list;
    for (int64_t i = 0; i < tensor.numel(); ++i) list.push_back(tensor.at(i));
    return list;
  }
};

TEST_F(NpyTest, what_is_written_is_read_back_bit_for_bit) {
  for (DType dtype : {DType::float32, DType::float64}) {
    Tensor tensor = *Tensor::zeros(Shape{2, 3, 4, 5}, dtype);
    for (int64_t i = 0; i < tensor.numel(); ++i) {
      const double value = std::sqrt(static_cast<double>(i)) - 3.7;
      if (dtype == DType::float32) {
        tensor.mutable_data<float>()[i] = static_cast<float>(value);
      } else {
        tensor.mutable_data<double>()[i] = value;
      }
    }
    ASSERT_TRUE(write_npy(path("t.npy"), tensor));
    Result<NpyFile> file = read_npy(path("t.npy"));
    ASSERT_TRUE(file);
    EXPECT_EQ(file->tensor.shape(), tensor.shape());
    EXPECT_EQ(file->tensor.dtype(), dtype);
    EXPECT_FALSE(file->converted);
    EXPECT_EQ(numbers(file->tensor), numbers(tensor));
    EXPECT_EQ(npy_shape(path("t.npy")).value(), tensor.shape());
  }
}

TEST_F(NpyTest, numbers_begin_at_a_multiple_of_64_as_numpy_wants) {
  for (const Shape& shape : {Shape{}, Shape{7}, Shape{1, 2}, Shape{1, 3, 1080, 1}}) {
    const Tensor tensor = *Tensor::zeros(shape, DType::float32);
    ASSERT_TRUE(write_npy(path("t.npy"), tensor));
    const std::string file = get("t.npy");
    EXPECT_EQ((file.size() - static_cast<size_t>(tensor.bytes())) % 64, 0u) << shape.to_string();
    EXPECT_EQ(file[file.size() - static_cast<size_t>(tensor.bytes()) - 1], '\n');
    EXPECT_EQ(read_npy(path("t.npy")).value().tensor.shape(), shape);
  }
}

TEST_F(NpyTest, a_lone_extent_is_written_as_a_tuple) {
  ASSERT_TRUE(write_npy(path("t.npy"), *Tensor::zeros(Shape{3}, DType::float64)));
  EXPECT_THAT(get("t.npy"), testing::HasSubstr("'shape': (3,), }"));
  ASSERT_TRUE(write_npy(path("t.npy"), *Tensor::zeros(Shape{3, 2}, DType::float64)));
  EXPECT_THAT(get("t.npy"), testing::HasSubstr("{'descr': '<f8', 'fortran_order': False, 'shape': (3, 2), }"));
}

TEST_F(NpyTest, versions_1_to_3_are_read_and_4_is_refused) {
  const std::string data = bytes_of<float>({1, 2});
  for (int major : {1, 2, 3}) {
    Result<NpyFile> file = read(npy(header("<f4", "(2,)"), data, major));
    ASSERT_TRUE(file) << major;
    EXPECT_THAT(numbers(file->tensor), testing::ElementsAre(1, 2));
  }
  EXPECT_EQ(code_of(npy(header("<f4", "(2,)"), data, 4)), "error.npy_version");
  EXPECT_EQ(code_of(npy(header("<f4", "(2,)"), data, 0)), "error.npy_version");
}

TEST_F(NpyTest, fortran_order_is_turned_into_rows) {
  // 2x3, columns first: (0,0) (1,0) (0,1) (1,1) (0,2) (1,2)
  Result<NpyFile> file = read(npy(header("<f4", "(2, 3)", true), bytes_of<float>({1, 4, 2, 5, 3, 6})));
  ASSERT_TRUE(file);
  EXPECT_TRUE(file->converted);
  EXPECT_THAT(numbers(file->tensor), testing::ElementsAre(1, 2, 3, 4, 5, 6));
  // 2x2x2: index (i, j, k) has the value 100 i + 10 j + k.
  file = read(npy(header("<f8", "(2, 2, 2)", true), bytes_of<double>({0, 100, 10, 110, 1, 101, 11, 111})));
  ASSERT_TRUE(file);
  EXPECT_THAT(numbers(file->tensor), testing::ElementsAre(0, 1, 10, 11, 100, 101, 110, 111));
}

TEST_F(NpyTest, fortran_order_of_one_dimension_changes_nothing) {
  Result<NpyFile> file = read(npy(header("<f4", "(3,)", true), bytes_of<float>({1, 2, 3})));
  ASSERT_TRUE(file);
  EXPECT_FALSE(file->converted);
  EXPECT_THAT(numbers(file->tensor), testing::ElementsAre(1, 2, 3));
}

TEST_F(NpyTest, big_endian_numbers_are_turned) {
  Result<NpyFile> file = read(npy(header(">f4", "(2,)"), big_endian<float>({1.5f, -2})));
  ASSERT_TRUE(file);
  EXPECT_TRUE(file->converted);
  EXPECT_EQ(file->stored_type, ">f4");
  EXPECT_THAT(numbers(file->tensor), testing::ElementsAre(1.5, -2));
  file = read(npy(header(">f8", "(2,)"), big_endian<double>({1e300, -0.1})));
  EXPECT_THAT(numbers(file->tensor), testing::ElementsAre(1e300, -0.1));
  EXPECT_EQ(file->tensor.dtype(), DType::float64);
  file = read(npy(header(">i2", "(2,)"), big_endian<int16_t>({-2, 300})));
  EXPECT_THAT(numbers(file->tensor), testing::ElementsAre(-2, 300));
}

TEST_F(NpyTest, whole_numbers_and_booleans_become_floats) {
  EXPECT_THAT(numbers(read(npy(header("|b1", "(3,)"), std::string("\x00\x01\x02", 3)))->tensor),
              testing::ElementsAre(0, 1, 1));
  EXPECT_THAT(numbers(read(npy(header("|i1", "(2,)"), bytes_of<int8_t>({-128, 127})))->tensor),
              testing::ElementsAre(-128, 127));
  EXPECT_THAT(numbers(read(npy(header("|u1", "(2,)"), bytes_of<uint8_t>({0, 255})))->tensor),
              testing::ElementsAre(0, 255));
  Result<NpyFile> file = read(npy(header("<u2", "(1,)"), bytes_of<uint16_t>({65535})));
  EXPECT_EQ(file->tensor.dtype(), DType::float32);
  EXPECT_EQ(file->tensor.at(0), 65535);
  file = read(npy(header("<i4", "(2,)"), bytes_of<int32_t>({std::numeric_limits<int32_t>::min(), 16777217})));
  EXPECT_EQ(file->tensor.dtype(), DType::float64);
  EXPECT_THAT(numbers(file->tensor), testing::ElementsAre(-2147483648.0, 16777217));
  file = read(npy(header("<i8", "(1,)"), bytes_of<int64_t>({-(int64_t{1} << 53)})));
  EXPECT_EQ(file->tensor.at(0), -9007199254740992.0);
  file = read(npy(header("<u4", "(1,)"), bytes_of<uint32_t>({4294967295u})));
  EXPECT_EQ(file->tensor.at(0), 4294967295.0);
  file = read(npy(header("<u8", "(1,)"), bytes_of<uint64_t>({uint64_t{1} << 63})));
  EXPECT_EQ(file->tensor.at(0), 9223372036854775808.0);
  EXPECT_TRUE(file->converted);
}

TEST_F(NpyTest, a_conversion_is_told_in_numpys_words) {
  const auto told = [&](const std::string& descr, const std::string& shape, bool fortran) {
    put("x", npy(header(descr, shape, fortran), std::string(64, '\0')));
    const Result<NpyInfo> info = npy_info(path("x"));
    if (!info->converted) return std::string("as it is");
    const NpyConversion words = conversion_of(*info, "x");
    EXPECT_EQ(words.args[0], "x");
    return words.key + " " + words.args[1] + " " + words.args[2];
  };
  EXPECT_EQ(told("<f4", "(2, 2)", false), "as it is");
  EXPECT_EQ(told("<f8", "(2,)", true), "as it is");
  EXPECT_EQ(told("<i8", "(2, 2)", false), "npy.converted int64 float64");
  EXPECT_EQ(told("|u1", "(2,)", false), "npy.converted uint8 float32");
  EXPECT_EQ(told(">u1", "(2,)", false), "npy.converted uint8 float32");
  EXPECT_EQ(told("|b1", "(2,)", false), "npy.converted bool float32");
  EXPECT_EQ(told("<f2", "(2, 2)", true), "npy.converted_fortran float16 float32");
  EXPECT_EQ(told(">f4", "(2, 2)", false), "npy.converted_big_endian float32 float32");
  EXPECT_EQ(told(">i2", "(2, 2)", true), "npy.converted_big_endian_fortran int16 float32");
}

TEST_F(NpyTest, half_precision_covers_normal_subnormal_infinite_and_no_number) {
  Result<NpyFile> file =
      read(npy(header("<f2", "(7,)"), bytes_of<uint16_t>({0x3c00, 0xc000, 0x7bff, 0x0001, 0x8000, 0x7c00, 0x7e00})));
  ASSERT_TRUE(file);
  EXPECT_EQ(file->tensor.dtype(), DType::float32);
  const std::vector<double> values = numbers(file->tensor);
  EXPECT_EQ(values[0], 1);
  EXPECT_EQ(values[1], -2);
  EXPECT_EQ(values[2], 65504);
  EXPECT_EQ(values[3], std::ldexp(1.0, -24));
  EXPECT_TRUE(values[4] == 0 && std::signbit(values[4]));
  EXPECT_TRUE(std::isinf(values[5]));
  EXPECT_TRUE(std::isnan(values[6]));
}

TEST_F(NpyTest, a_scalar_and_an_empty_array_are_arrays_too) {
  Result<NpyFile> file = read(npy(header("<f4", "()"), bytes_of<float>({7})));
  ASSERT_TRUE(file);
  EXPECT_EQ(file->tensor.shape(), Shape{});
  EXPECT_EQ(file->tensor.at(0), 7);
  file = read(npy(header("<f4", "(0, 3)"), ""));
  ASSERT_TRUE(file);
  EXPECT_EQ(file->tensor.numel(), 0);
}

TEST_F(NpyTest, a_header_in_another_order_and_spacing_is_read) {
  Result<NpyFile> file = read(npy("{\"shape\":(1,2),'fortran_order':False,'descr':'<f4'}\n", bytes_of<float>({1, 2})));
  ASSERT_TRUE(file);
  EXPECT_EQ(file->tensor.shape(), (Shape{1, 2}));
  file = read(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2L, 1L), }\n", bytes_of<float>({1, 2})));
  ASSERT_TRUE(file) << "Python 2 wrote long numbers";
}

TEST_F(NpyTest, chunks_of_a_long_conversion_join_without_a_seam) {
  constexpr int kCount = 200'003;
  std::string data;
  for (int i = 0; i < kCount; ++i) data += big_endian<int32_t>({i * 7});
  Result<NpyFile> file = read(npy(header(">i4", "(200003,)"), data));
  ASSERT_TRUE(file);
  for (int i = 0; i < kCount; ++i) ASSERT_EQ(file->tensor.at(i), i * 7);
}

TEST_F(NpyTest, other_files_are_refused_by_their_first_bytes) {
  EXPECT_EQ(code_of(""), "error.npy_magic");
  EXPECT_EQ(code_of("PK\x03\x04 a zip, as .npz is"), "error.npy_magic");
  EXPECT_EQ(code_of(std::string("\x93NUMPY", 6)), "error.npy_truncated");
}

TEST_F(NpyTest, every_cut_of_a_good_file_is_refused) {
  for (int major : {1, 2}) {
    const std::string good = npy(header("<f4", "(2, 2)"), bytes_of<float>({1, 2, 3, 4}), major);
    ASSERT_EQ(code_of(good), "");
    for (size_t size = 0; size < good.size(); ++size) EXPECT_NE(code_of(good.substr(0, size)), "") << size;
  }
}

TEST_F(NpyTest, truncated_numbers_say_how_much_is_missing) {
  const std::string good = npy(header("<f4", "(2, 2)"), bytes_of<float>({1, 2, 3, 4}));
  const Result<NpyFile> file = read(good.substr(0, good.size() - 1));
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error(), (Error{"error.npy_truncated",
                                 "",
                                 {path("x.npy"), std::to_string(good.size() - 1), std::to_string(good.size())}}));
}

TEST_F(NpyTest, damaged_headers_are_refused) {
  const std::string data = bytes_of<float>({1, 2});
  for (const char* bad : {
           "",
           "{}",
           "{",
           "{'descr': '<f4'",
           "{'descr': '<f4', 'fortran_order': False}",
           "{'descr': '<f4', 'fortran_order': False, 'shape': (2)} trailing",
           "{'descr': '<f4', 'fortran_order': 0, 'shape': (2,)}",
           "{'descr': '<f4', 'fortran_order': False, 'shape': [2]}",
           "{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}",
           "{'descr': '<f4', 'fortran_order': False, 'shape': (2 2)}",
           "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}",
           "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'more': 1}",
           "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,)}",
           "{'descr': 4, 'fortran_order': False, 'shape': (2,)}",
           "__import__('os').system('true')",
       }) {
    EXPECT_EQ(code_of(npy(bad, data)), "error.npy_header") << bad;
  }
}

TEST_F(NpyTest, types_without_a_place_here_are_refused_by_name) {
  for (const char* type : {"<c8", "<f16", "|O", "<U5", "|S3", "<M8[ns]", "<i3", "?f4", "f4", "<b1x"}) {
    const Result<NpyFile> file = read(npy(header(type, "(1,)"), std::string(64, '\0')));
    ASSERT_FALSE(file) << type;
    EXPECT_EQ(file.error().code, "error.npy_type") << type;
    EXPECT_EQ(file.error().args[1], type);
  }
  EXPECT_EQ(code_of(npy("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (1,)}", "1234")), "error.npy_type");
}

TEST_F(NpyTest, more_than_eight_dimensions_are_refused) {
  EXPECT_EQ(code_of(npy(header("<f4", "(1, 1, 1, 1, 1, 1, 1, 1)"), bytes_of<float>({1}))), "");
  EXPECT_EQ(code_of(npy(header("<f4", "(1, 1, 1, 1, 1, 1, 1, 1, 1)"), bytes_of<float>({1}))), "error.npy_rank");
}

TEST_F(NpyTest, sizes_that_nobody_has_memory_for_are_refused_before_memory_is_asked_for) {
  EXPECT_EQ(code_of(npy(header("<f4", "(9223372036854775807, 9223372036854775807)"), "1234")),
            "error.tensor_too_large");
  EXPECT_EQ(code_of(npy(header("<f8", "(4611686018427387904,)"), "1234")), "error.tensor_too_large");
  EXPECT_EQ(code_of(npy(header("<f4", "(1000000000000,)"), "1234")), "error.npy_truncated");
}

TEST_F(NpyTest, a_huge_header_is_refused_before_it_is_read) {
  std::string file("\x93NUMPY\x02\x00\xff\xff\xff\x7f", 12);
  EXPECT_EQ(code_of(file), "error.npy_header_too_large");
}

TEST_F(NpyTest, folders_pipes_and_missing_files_are_refused) {
  EXPECT_EQ(read_npy(path("none.npy")).error().code, "error.file_not_found");
  EXPECT_EQ(read_npy(folder_.string()).error().args[1], "@reason.is_a_folder");
  EXPECT_EQ(read_npy("/dev/null").error().args[1], "@reason.not_a_regular_file");
}

}  // namespace
}  // namespace convscope
