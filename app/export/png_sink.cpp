// PNG: one still, or a folder of numbered pictures that appears all at once.
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <random>
#include <system_error>
#include <utility>
#include <vector>

#include "app/export/sinks.h"
#include "app/export/target_format.h"
#include "app/io/carried_text.h"
#include "app/io/system_error.h"

namespace convscope {
namespace {

namespace fs = std::filesystem;

Error file_error(const std::string& path, int error_number) {
  if (error_number == ENOSPC || error_number == EDQUOT || error_number == EFBIG) {
    return Error{"error.disk_full", "output", {path}};
  }
  return Error{"error.target_unwritable", "output", {path, reason_of(error_number)}};
}

Error stopped() { return Error{"error.export_cancelled", "", {}}; }

class PngStillSink final : public FrameSink {
 public:
  PngStillSink(std::string target, ClipFormat format) : target_(std::move(target)), format_(std::move(format)) {}
  Result<void> begin() override { return {}; }
  Result<void> add(const Pixels& frame, int) override {
    last_ = frame;
    return {};
  }
  Result<void> finish() override {
    auto written = write_png(target_, last_, text_chunks(format_), job());
    if (!written && cancelled()) return stopped();
    wrote(1);
    return written;
  }

 private:
  std::string target_;
  ClipFormat format_;
  Pixels last_;
};

class PngSequenceSink final : public FrameSink {
 public:
  PngSequenceSink(SequencePattern pattern, ClipFormat format)
      : pattern_(std::move(pattern)), format_(std::move(format)) {}
  ~PngSequenceSink() override {
    std::error_code ignored;
    if (!workshop_.empty()) fs::remove_all(workshop_, ignored);
  }

  Result<void> open();
  Result<void> begin() override { return {}; }
  Result<void> add(const Pixels& frame, int repeat) override;
  Result<void> finish() override;

 private:
  Result<void> move_into_existing_folder();

  SequencePattern pattern_;
  ClipFormat format_;
  fs::path folder_;    // where the pictures go
  fs::path workshop_;  // where they are until all are there; empty once moved
  int64_t count_ = 0;
};

Result<void> PngSequenceSink::open() {
  folder_ = pattern_.folder.empty() ? fs::path(".") : fs::path(pattern_.folder);
  struct stat info;
  fs::path beside = folder_;
  if (::stat(folder_.c_str(), &info) != 0) {
    if (errno != ENOENT) return file_error(folder_.string(), errno);
    // the folder itself is made, at the end; the one it goes into must be there
    beside = folder_.has_parent_path() ? folder_.parent_path() : fs::path(".");
  } else if (!S_ISDIR(info.st_mode)) {
    return file_error(folder_.string(), ENOTDIR);
  }
  // mkdir rather than mkdtemp: this folder may become the user's, with the rights that any other of theirs has
  std::random_device random;
  for (int attempt = 0; attempt < 100; ++attempt) {
    char name[32];
    std::snprintf(name, sizeof name, ".convscope-%08x", static_cast<unsigned>(random()));
    const fs::path candidate = beside / name;
    if (::mkdir(candidate.c_str(), 0777) == 0) {
      workshop_ = candidate;
      return {};
    }
    if (errno != EEXIST) return file_error(folder_.string(), errno);
  }
  return file_error(folder_.string(), EEXIST);
}

Result<void> PngSequenceSink::add(const Pixels& frame, int repeat) {
  if (repeat <= 0) return {};
  const fs::path first = workshop_ / pattern_.name(count_ + 1);
  if (auto written = write_png(first.string(), frame, text_chunks(format_), job()); !written) {
    if (cancelled()) return stopped();
    // users know the place they asked for, not the one beside it
    Error error = written.error();
    if (!error.args.empty()) error.args[0] = (folder_ / pattern_.name(count_ + 1)).string();
    return error;
  }
  wrote(1);
  for (int i = 1; i < repeat; ++i) {
    if (cancelled()) return stopped();
    const std::string name = pattern_.name(count_ + 1 + i);
    std::error_code failure;
    fs::copy_file(first, workshop_ / name, failure);
    if (failure) return file_error((folder_ / name).string(), failure.value());
    wrote(1);
  }
  count_ += repeat;
  format_.session.clear();  // one of the pictures is enough
  return {};
}

Result<void> PngSequenceSink::move_into_existing_folder() {
  for (int64_t i = 1; i <= count_; ++i) {
    struct stat info;
    const fs::path target = folder_ / pattern_.name(i);
    if (::lstat(target.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {
      return Error{"error.target_not_regular", "output", {target.string()}};
    }
  }
  // Pictures that are in the way are kept until the last one has moved, to be put back if one cannot.
  const fs::path old = workshop_ / "old";
  if (::mkdir(old.c_str(), 0700) != 0) return file_error(folder_.string(), errno);
  for (int64_t i = 1; i <= count_; ++i) {
    const std::string name = pattern_.name(i);
    const bool replaced = ::rename((folder_ / name).c_str(), (old / name).c_str()) == 0;
    const bool kept = replaced || errno == ENOENT;
    const bool stop = cancelled();
    if (!stop && kept && ::rename((workshop_ / name).c_str(), (folder_ / name).c_str()) == 0) continue;
    const Error error = stop ? stopped() : file_error((folder_ / name).string(), errno);
    if (replaced) ::rename((old / name).c_str(), (folder_ / name).c_str());
    for (int64_t k = 1; k < i; ++k) {
      const std::string moved = pattern_.name(k);
      if (::rename((old / moved).c_str(), (folder_ / moved).c_str()) != 0) ::unlink((folder_ / moved).c_str());
    }
    return error;
  }
  return {};
}

Result<void> PngSequenceSink::finish() {
  if (::rename(workshop_.c_str(), folder_.c_str()) == 0) {
    workshop_.clear();
    return {};
  }
  return move_into_existing_folder();
}

}  // namespace

std::vector<std::pair<std::string, std::string>> text_chunks(const ClipFormat& format) {
  std::vector<std::pair<std::string, std::string>> chunks;
  if (!format.title.empty()) chunks.emplace_back("Title", format.title);
  if (!format.description.empty()) chunks.emplace_back("Description", format.description);
  if (!format.session.empty()) chunks.emplace_back(kCarriedKey, format.session);
  return chunks;
}

Result<std::unique_ptr<FrameSink>> open_png_still_sink(const std::string& target, const ClipFormat& format) {
  return std::unique_ptr<FrameSink>(std::make_unique<PngStillSink>(target, format));
}

Result<std::unique_ptr<FrameSink>> open_png_sequence_sink(const std::string& target, const ClipFormat& format) {
  auto pattern = parse_sequence_pattern(target);
  if (!pattern) return pattern.error();
  auto sink = std::make_unique<PngSequenceSink>(std::move(pattern).value(), format);
  if (auto opened = sink->open(); !opened) return opened.error();
  return std::unique_ptr<FrameSink>(std::move(sink));
}

}  // namespace convscope
