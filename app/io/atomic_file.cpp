#include "app/io/atomic_file.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>

#include "app/io/system_error.h"

namespace convscope {

namespace {

// Paths of unfinished files in memory that a signal handler may read: a slot is a fixed buffer and a flag. Slots are
// linked one behind the other, used again and never freed.
struct PendingSlot {
  std::atomic<int> state{0};  // 0 free, 1 being filled, 2 in use
  char path[PATH_MAX] = {};
  PendingSlot* next = nullptr;
};
std::atomic<PendingSlot*> pending{nullptr};

void fill(PendingSlot& slot, const std::string& path) {
  std::memcpy(slot.path, path.c_str(), path.size() + 1);
  slot.state.store(2);
}

void remember_pending(const std::string& path) {
  if (path.size() >= PATH_MAX) return;
  for (PendingSlot* slot = pending.load(); slot != nullptr; slot = slot->next) {
    int free_slot = 0;
    if (!slot->state.compare_exchange_strong(free_slot, 1)) continue;
    fill(*slot, path);
    return;
  }
  auto* const slot = new PendingSlot;
  fill(*slot, path);
  slot->next = pending.load();
  while (!pending.compare_exchange_weak(slot->next, slot)) {
  }
}

void forget_pending(const std::string& path) {
  for (PendingSlot* slot = pending.load(); slot != nullptr; slot = slot->next) {
    if (slot->state.load() == 2 && path == slot->path) {
      slot->state.store(0);
      return;
    }
  }
}

extern "C" void remove_pending_and_die(int signal_number) {
  for (PendingSlot* slot = pending.load(); slot != nullptr; slot = slot->next) {
    if (slot->state.load() == 2) unlink(slot->path);
  }
  // The handler was installed with SA_RESETHAND: the second delivery ends the process as the signal always does.
  raise(signal_number);
}

/// Follows links, so that a linked target is rewritten rather than the link replaced.
std::string resolved(const std::string& target) {
  char* real = realpath(target.c_str(), nullptr);
  if (real == nullptr) return target;
  std::string path(real);
  std::free(real);
  return path;
}

std::string folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash + 1);
}

/// Libraries choose a format by the ending, so the temporary file keeps it.
std::string ending_of(const std::string& path) {
  const size_t name = folder_of(path).size();
  const size_t dot = path.rfind('.');
  if (dot == std::string::npos || dot <= name || path.size() - dot > 16) return {};
  return path.substr(dot);
}

Error write_error(const std::string& target, int error_number) {
  if (error_number == ENOSPC || error_number == EDQUOT || error_number == EFBIG) {
    return Error{"error.disk_full", "", {target}};
  }
  return Error{"error.target_unwritable", "", {target, reason_of(error_number)}};
}

}  // namespace

void remove_unfinished_files_on_signals() {
  struct sigaction action = {};
  action.sa_handler = remove_pending_and_die;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigemptyset(&action.sa_mask);
  for (int signal_number : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction present = {};
    // A signal that the parent has chosen to ignore (nohup) stays ignored.
    if (sigaction(signal_number, nullptr, &present) == 0 && present.sa_handler != SIG_IGN) {
      sigaction(signal_number, &action, nullptr);
    }
  }
  // A file-size limit then shows as EFBIG, which is reported like a full disk.
  signal(SIGXFSZ, SIG_IGN);
}

Result<AtomicFile> AtomicFile::create(const std::string& target) {
  AtomicFile file;
  file.target_ = resolved(target);
  struct stat status = {};
  const bool exists = stat(file.target_.c_str(), &status) == 0;
  if (exists && !S_ISREG(status.st_mode)) return Error{"error.target_not_regular", "", {target}};
  if (target.empty() || target.back() == '/') return Error{"error.target_not_regular", "", {target}};
  // rename() would replace a file that its owner has protected from writing.
  if (exists && access(file.target_.c_str(), W_OK) != 0) return write_error(target, errno);

  std::random_device random;
  for (int attempt = 0; attempt < 100; ++attempt) {
    char unique[24];
    std::snprintf(unique, sizeof unique, ".convscope-%08x%04x", static_cast<unsigned>(random()),
                  static_cast<unsigned>(random()) & 0xffffu);
    file.temporary_ = folder_of(file.target_) + unique + ending_of(file.target_);
    file.fd_ = open(file.temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file.fd_ >= 0) break;
    if (errno != EEXIST) {
      const int reason = errno;
      file.temporary_.clear();
      return write_error(target, reason);
    }
  }
  if (file.fd_ < 0) {
    file.temporary_.clear();
    return write_error(target, EEXIST);
  }
  if (exists) fchmod(file.fd_, status.st_mode & 07777);
  remember_pending(file.temporary_);
  return file;
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept { *this = std::move(other); }

AtomicFile& AtomicFile::operator=(AtomicFile&& other) noexcept {
  std::swap(target_, other.target_);
  std::swap(temporary_, other.temporary_);
  std::swap(fd_, other.fd_);
  return *this;
}

AtomicFile::~AtomicFile() {
  if (fd_ >= 0) close(fd_);
  if (!temporary_.empty()) {
    unlink(temporary_.c_str());
    forget_pending(temporary_);
  }
}

Result<void> AtomicFile::write(const void* data, size_t size) {
  const char* from = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t written = ::write(fd_, from, size);
    if (written < 0) {
      if (errno == EINTR) continue;
      return write_error(target_, errno);
    }
    from += written;
    size -= static_cast<size_t>(written);
  }
  return {};
}

Result<void> AtomicFile::write_at(uint64_t offset, const void* data, size_t size) {
  const char* from = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t written = ::pwrite(fd_, from, size, static_cast<off_t>(offset));
    if (written < 0) {
      if (errno == EINTR) continue;
      return write_error(target_, errno);
    }
    from += written;
    offset += static_cast<uint64_t>(written);
    size -= static_cast<size_t>(written);
  }
  return {};
}

Result<void> AtomicFile::finish() {
  if (fd_ < 0) return {};
  // close() is where network file systems admit to a full disk.
  const int closed = close(fd_);
  fd_ = -1;
  if (closed != 0 && errno != EINTR) return write_error(target_, errno);
  return {};
}

Result<void> AtomicFile::commit() {
  if (Result<void> finished = finish(); !finished) return finished;
  if (rename(temporary_.c_str(), target_.c_str()) != 0) return write_error(target_, errno);
  forget_pending(temporary_);
  temporary_.clear();
  return {};
}

Result<AtomicFile*> AtomicFiles::add(const std::string& target) {
  Result<AtomicFile> file = AtomicFile::create(target);
  if (!file) return file.error();
  for (const auto& other : files_) {
    if (other->target_ == file->target_) return Error{"error.target_twice", "", {target}};
  }
  files_.push_back(std::make_unique<AtomicFile>(*std::move(file)));
  return files_.back().get();
}

Result<void> AtomicFiles::commit() {
  for (const auto& file : files_) {
    if (Result<void> finished = file->finish(); !finished) return finished;
  }
  for (const auto& file : files_) {
    if (Result<void> done = file->commit(); !done) return done;
  }
  return {};
}

Result<void> write_file(const std::string& path, std::string_view bytes) {
  Result<AtomicFile> file = AtomicFile::create(path);
  if (!file) return file.error();
  if (Result<void> written = file->write(bytes.data(), bytes.size()); !written) return written;
  return file->commit();
}

Result<std::string> read_file(const std::string& path, int64_t limit_bytes) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    if (errno == ENOENT) return Error{"error.file_not_found", "", {path}};
    return Error{"error.file_unreadable", "", {path, reason_of(errno)}};
  }
  struct Closer {
    int fd;
    ~Closer() { close(fd); }
  } closer{fd};

  struct stat status = {};
  const auto too_large = [&](int64_t size) {
    return Error{"error.file_too_large", "", {path, std::to_string(size), std::to_string(limit_bytes)}};
  };
  std::string bytes;
  if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
    if (status.st_size > limit_bytes) return too_large(status.st_size);
    bytes.reserve(static_cast<size_t>(status.st_size));
  }
  // The size is only a hint: pipes have none and files grow.
  constexpr size_t kChunk = size_t{1} << 18;
  while (true) {
    const size_t before = bytes.size();
    bytes.resize(before + kChunk);
    const ssize_t got = read(fd, bytes.data() + before, kChunk);
    if (got < 0 && errno == EINTR) {
      bytes.resize(before);
      continue;
    }
    if (got < 0) return Error{"error.file_unreadable", "", {path, reason_of(errno)}};
    bytes.resize(before + static_cast<size_t>(got));
    if (got == 0) return bytes;
    if (static_cast<int64_t>(bytes.size()) > limit_bytes) return too_large(static_cast<int64_t>(bytes.size()));
  }
}

}  // namespace convscope
