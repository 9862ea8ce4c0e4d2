#include "app/io/npz.h"

#include <gmock/gmock.h>
#include <zlib.h>

#include "app/io/zip_archive.h"
#include "tests/io/temporary_folder.h"

namespace convscope {
namespace {

using testing::ElementsAre;

std::string le(uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(i < 8 ? value >> (8 * i) & 255 : 0);
  return text;
}

std::string npy(const std::string& descr, const std::string& shape, const std::string& data) {
  const std::string header = "{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + ", }\n";
  return std::string("\x93NUMPY\x01\x00", 8) + le(header.size(), 2) + header + data;
}

std::string floats(std::initializer_list<float> values) {
  return {reinterpret_cast<const char*>(values.begin()), values.size() * sizeof(float)};
}

struct Member {
  std::string name, data;
  bool packed = false, zip64 = false;
  int method = -1;       // another than what was done
  int64_t claimed = -1;  // bytes, other than there are
  uint32_t crc_change = 0;
  int flags = 0;
};

std::string deflated(const std::string& data) {
  z_stream stream = {};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string packed(deflateBound(&stream, data.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

std::string zip(const std::vector<Member>& members, const std::string& comment = "") {
  std::string file, list;
  for (const Member& m : members) {
    const std::string body = m.packed ? deflated(m.data) : m.data;
    const int method = m.method >= 0 ? m.method : m.packed ? 8 : 0;
    const uint64_t bytes = m.claimed >= 0 ? static_cast<uint64_t>(m.claimed) : m.data.size();
    const uint32_t crc = static_cast<uint32_t>(
        crc32(0, reinterpret_cast<const Bytef*>(m.data.data()), static_cast<uInt>(m.data.size())));
    const std::string extra =
        m.zip64 ? le(1, 2) + le(24, 2) + le(bytes, 8) + le(body.size(), 8) + le(file.size(), 8) : "";
    const uint64_t wide = 0xffffffff;
    const std::string sizes = le(crc ^ m.crc_change, 4) + le(m.zip64 ? wide : body.size(), 4) +
                              le(m.zip64 ? wide : bytes, 4) + le(m.name.size(), 2);
    list += "PK\x01\x02" + le(45, 2) + le(45, 2) + le(static_cast<uint64_t>(m.flags), 2) +
            le(static_cast<uint64_t>(method), 2) + le(0, 4) + sizes + le(extra.size(), 2) + le(0, 2 + 2 + 2 + 4) +
            le(m.zip64 ? wide : file.size(), 4) + m.name + extra;
    file += "PK\x03\x04" + le(45, 2) + le(0, 2) + le(static_cast<uint64_t>(method), 2) + le(0, 4) + sizes + le(0, 2) +
            m.name + body;
  }
  const size_t at = file.size();
  file +=
      list + "PK\x05\x06" + le(0, 4) + le(members.size(), 2) + le(members.size(), 2) + le(list.size(), 4) + le(at, 4);
  return file + le(comment.size(), 2) + comment;
}

class NpzTest : public testing_support::TemporaryFolder {
 protected:
  std::string code_of(const std::string& name) {
    const Result<NpyFile> read = read_npy(path(name));
    const Result<NpyInfo> info = npy_info(path(name));
    EXPECT_EQ(read.ok() || read.error().code == "error.zip_broken",
              info.ok() || info.error().code == "error.zip_broken");
    return read ? "" : read.error().code;
  }
  const std::string small_ = npy("<f4", "(2, 2)", floats({1, 2, 3, 4.5f}));
  const std::string bias_ = npy("<f4", "(3,)", floats({7, 8, 9}));
};

TEST_F(NpzTest, arrays_are_listed_in_the_order_of_the_file_with_shape_and_type) {
  put("a.npz", zip({{"w.npy", small_},
                    {"readme.txt", "words"},
                    {"layer/b.npy", bias_, true},
                    {"o.npy", npy("|O", "(1,)", "x")}}));
  const Result<std::vector<NpzArray>> arrays = npz_arrays(path("a.npz"));
  ASSERT_TRUE(arrays);
  ASSERT_EQ(arrays->size(), 3u);
  EXPECT_EQ((*arrays)[0].name, "w");
  EXPECT_EQ((*arrays)[0].info->shape, (Shape{2, 2}));
  EXPECT_EQ((*arrays)[1].name, "layer/b");
  EXPECT_EQ((*arrays)[1].info->stored_type, "<f4");
  EXPECT_FALSE((*arrays)[2].info);
  EXPECT_EQ((*arrays)[2].problem->code, "error.npy_type");
  EXPECT_EQ((*arrays)[2].problem->args[0], path("a.npz") + ":o");
}

TEST_F(NpzTest, one_is_read_by_its_name_and_a_sole_one_without) {
  for (const bool packed : {false, true}) {
    for (const bool zip64 : {false, true}) {
      put("a.npz", zip({{"w.npy", small_, packed, zip64}, {"b.npy", bias_, packed, zip64}}, "a comment"));
      const Result<NpyFile> read = read_npy(path("a.npz:w"));
      ASSERT_TRUE(read) << read.error().code;
      EXPECT_EQ(read->tensor.shape(), (Shape{2, 2}));
      EXPECT_EQ(read->tensor.at(3), 4.5);
      EXPECT_EQ(read_npy(path("a.npz:b"))->tensor.at(0), 7);
    }
  }
  put("one.NPZ", zip({{"words.txt", "x"}, {"only.npy", bias_, true}}));
  EXPECT_EQ(read_npy(path("one.NPZ"))->tensor.at(2), 9);
  EXPECT_EQ(*named_array_path(path("one.NPZ")), path("one.NPZ") + ":only");
}

TEST_F(NpzTest, large_arrays_of_every_order_come_through_unpacking_piece_by_piece) {
  std::string data;
  for (int i = 0; i < 300000; ++i) data += le(static_cast<uint64_t>(i * 7 % 30011), 2);
  put("a.npz", zip({{"x.npy", npy("<i2", "(3, 100000)", data), true}}));
  const Result<NpyFile> read = read_npy(path("a.npz"));
  ASSERT_TRUE(read) << read.error().code;
  for (int64_t i = 0; i < 300000; i += 997) EXPECT_EQ(read->tensor.at(i), static_cast<int16_t>(i * 7 % 30011)) << i;
}

TEST_F(NpzTest, several_without_a_name_and_unknown_names_are_told_what_there_is) {
  put("a.npz", zip({{"w.npy", small_}, {"b.npy", bias_}}));
  EXPECT_EQ(read_npy(path("a.npz")).error(),
            (Error{"error.npz_which", "", {path("a.npz"), "2", "w, b", path("a.npz") + ":w"}}));
  EXPECT_EQ(read_npy(path("a.npz:v")).error(), (Error{"error.npz_no_array", "", {path("a.npz"), "v", "w, b"}}));
  put("none.npz", zip({{"words.txt", "x"}}));
  EXPECT_EQ(code_of("none.npz"), "error.npz_empty");
  EXPECT_EQ(code_of("missing.npz:x"), "error.file_not_found");
}

TEST_F(NpzTest, a_file_whose_own_name_has_a_colon_is_that_file) {
  put("a.npz:w", npy("<f4", "(1,)", floats({5})));
  EXPECT_EQ(array_path(path("a.npz:w")).file, path("a.npz:w"));
  EXPECT_EQ(array_path("x:y/a.npz:w:2").file, "x:y/a.npz");
  EXPECT_EQ(array_path("x:y/a.npz:w:2").array, "w:2");
  EXPECT_EQ(array_path("a.npz:").array, "");
}

TEST_F(NpzTest, promises_that_packing_cannot_keep_are_refused_before_memory_is_asked_for) {
  const std::string header = npy("<f4", "(2000000000,)", "");
  put("bomb.npz", zip({{"x.npy", header, true, true, -1, 8000000000 + static_cast<int64_t>(header.size())}}));
  EXPECT_EQ(code_of("bomb.npz"), "error.zip_bomb");
  // The list is believed and found out: fewer or more bytes come than it says.
  put("long.npz",
      zip({{"x.npy", small_ + std::string(1000, '\0'), true, false, -1, static_cast<int64_t>(small_.size())}}));
  EXPECT_EQ(code_of("long.npz"), "error.zip_broken");
  put("short.npz", zip({{"x.npy", npy("<f4", "(20,)", floats({1})), true, false, -1,
                         static_cast<int64_t>(npy("<f4", "(20,)", "").size() + 80)}}));
  EXPECT_EQ(code_of("short.npz"), "error.zip_broken");
}

TEST_F(NpzTest, damage_of_every_kind_is_one_error) {
  const std::string whole = zip({{"x.npy", small_, true}});
  for (size_t length = 0; length < whole.size(); ++length) {
    put("a.npz", whole.substr(0, length));
    EXPECT_EQ(code_of("a.npz"), "error.zip_broken") << length;
  }
  put("crc.npz", zip({{"x.npy", small_, true, false, -1, -1, 1}}));
  EXPECT_EQ(code_of("crc.npz"), "error.zip_broken");
  put("secret.npz", zip({{"x.npy", small_, false, false, -1, -1, 0, 1}}));
  EXPECT_EQ(code_of("secret.npz"), "error.zip_encrypted");
  put("lzma.npz", zip({{"x.npy", small_, false, false, 14}}));
  EXPECT_EQ(code_of("lzma.npz"), "error.zip_method");
  std::string many = zip({{"x.npy", small_}});
  many.replace(many.size() - 12, 2, le(20001, 2));
  put("many.npz", many);
  EXPECT_EQ(code_of("many.npz"), "error.zip_too_many");
}

}  // namespace
}  // namespace convscope
