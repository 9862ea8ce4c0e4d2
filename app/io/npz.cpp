#include "app/io/npz.h"

#include <sys/stat.h>

#include <algorithm>
#include <cctype>

#include "app/io/zip_archive.h"

namespace convscope {

namespace {

constexpr std::string_view kNpy = ".npy", kNpz = ".npz";

bool ends_like(std::string_view text, std::string_view ending) {
  if (text.size() < ending.size()) return false;
  return std::equal(ending.begin(), ending.end(), text.end() - static_cast<std::ptrdiff_t>(ending.size()),
                    [](char a, char b) { return a == std::tolower(static_cast<unsigned char>(b)); });
}

/// Of a member's name; nothing where it is no array.
std::optional<std::string> array_name(const std::string& member) {
  if (!member.ends_with(kNpy)) return std::nullopt;
  return member.substr(0, member.size() - kNpy.size());
}

/// "a, b, c, ..."
std::string names_of(const std::vector<std::string>& all) {
  constexpr size_t kMostNamed = 8;
  std::string names;
  for (size_t i = 0; i < std::min(all.size(), kMostNamed); ++i) names += (i > 0 ? ", " : "") + all[i];
  return all.size() > kMostNamed ? names + ", ..." : names;
}

struct FoundMember {
  ZipArchive archive;
  size_t index = 0;
  std::string name;
};

Result<FoundMember> find_member(const ArrayPath& path) {
  Result<ZipArchive> archive = ZipArchive::open(path.file);
  if (!archive) return archive.error();
  std::vector<std::string> names;
  std::optional<size_t> index;
  for (size_t i = 0; i < archive->members().size(); ++i) {
    const std::optional<std::string> name = array_name(archive->members()[i].name);
    if (!name) continue;
    names.push_back(*name);
    if (path.array.empty() ? names.size() == 1 : !index && *name == path.array) index = i;
  }
  if (names.empty()) return Error{"error.npz_empty", "", {path.file}};
  if (path.array.empty() && names.size() > 1) {
    return Error{"error.npz_which",
                 "",
                 {path.file, std::to_string(names.size()), names_of(names), path.file + ":" + names.front()}};
  }
  if (!index) return Error{"error.npz_no_array", "", {path.file, path.array, names_of(names)}};
  const std::string name = *array_name(archive->members()[*index].name);
  return FoundMember{*std::move(archive), *index, name};
}

}  // namespace

ArrayPath array_path(const std::string& path) {
  struct stat status = {};
  if (stat(path.c_str(), &status) == 0) return {path, {}};
  for (size_t colon = path.find(':'); colon != std::string::npos; colon = path.find(':', colon + 1)) {
    if (colon + 1 < path.size() && ends_like(std::string_view(path).substr(0, colon), kNpz)) {
      return {path.substr(0, colon), path.substr(colon + 1)};
    }
  }
  return {path, {}};
}

bool is_npz_path(const std::string& path) { return ends_like(array_path(path).file, kNpz); }

bool is_array_path(const std::string& path) { return ends_like(path, kNpy) || is_npz_path(path); }

Result<std::vector<NpzArray>> npz_arrays(const std::string& path) {
  const Result<ZipArchive> archive = ZipArchive::open(path);
  if (!archive) return archive.error();
  std::vector<NpzArray> arrays;
  for (const ZipMember& member : archive->members()) {
    const std::optional<std::string> name = array_name(member.name);
    if (!name) continue;
    NpzArray& array = arrays.emplace_back();
    array.name = *name;
    Result<std::unique_ptr<ByteSource>> source = archive->read(member);
    Result<NpyInfo> info = source ? npy_info(**source, path + ":" + *name) : Result<NpyInfo>(source.error());
    if (info) {
      array.info = *std::move(info);
    } else {
      array.problem = info.error();
    }
  }
  if (arrays.empty()) return Error{"error.npz_empty", "", {path}};
  return arrays;
}

Result<std::string> named_array_path(const std::string& path) {
  const ArrayPath parts = array_path(path);
  Result<FoundMember> found = find_member(parts);
  if (!found) return found.error();
  return parts.file + ":" + found->name;
}

Result<std::unique_ptr<ByteSource>> open_npz_array(const ArrayPath& path) {
  Result<FoundMember> found = find_member(path);
  if (!found) return found.error();
  return found->archive.read(found->archive.members()[found->index]);
}

}  // namespace convscope
