#include "app/io/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "app/io/system_error.h"

namespace convscope {

Result<std::unique_ptr<FileSource>> FileSource::open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe is refused below, not waited for
  if (fd < 0) {
    if (errno == ENOENT) return Error{"error.file_not_found", "", {path}};
    return Error{"error.file_unreadable", "", {path, reason_of(errno)}};
  }
  std::unique_ptr<FileSource> file(new FileSource(fd, 0));
  struct stat status = {};
  if (fstat(fd, &status) != 0) return Error{"error.file_unreadable", "", {path, reason_of(errno)}};
  if (S_ISDIR(status.st_mode)) return Error{"error.file_unreadable", "", {path, "@reason.is_a_folder"}};
  if (!S_ISREG(status.st_mode)) return Error{"error.file_unreadable", "", {path, "@reason.not_a_regular_file"}};
  file->size_ = status.st_size;
  return file;
}

FileSource::~FileSource() { close(fd_); }

template <class Read>
int64_t FileSource::read_all(void* to, int64_t size, const Read& read_some) {
  int64_t total = 0;
  while (total < size) {
    const ssize_t got = read_some(static_cast<char*>(to) + total, static_cast<size_t>(size - total), total);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      errno_ = errno;
      return -1;
    }
    if (got == 0) break;
    total += got;
  }
  return total;
}

int64_t FileSource::read_up_to(void* to, int64_t size) {
  return read_all(to, size, [this](char* at, size_t left, int64_t) { return read(fd_, at, left); });
}

int64_t FileSource::read_at(int64_t offset, void* to, int64_t size) {
  return read_all(to, size, [this, offset](char* at, size_t left, int64_t done) {
    return pread(fd_, at, left, static_cast<off_t>(offset + done));
  });
}

Error FileSource::problem(const std::string& path) const {
  return Error{"error.file_unreadable", "", {path, reason_of(errno_)}};
}

}  // namespace convscope
