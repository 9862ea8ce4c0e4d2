#include "app/io/system_error.h"

#include <cerrno>
#include <system_error>

namespace convscope {

std::string reason_of(int error_number) {
  switch (error_number) {
    case EACCES:
    case EPERM:
      return "@reason.no_permission";
    case ENOENT:
      return "@reason.no_such_folder";
    case ENOTDIR:
      return "@reason.not_a_folder";
    case EISDIR:
      return "@reason.is_a_folder";
    case EROFS:
      return "@reason.read_only_disk";
    case ENAMETOOLONG:
      return "@reason.name_too_long";
    case ELOOP:
      return "@reason.link_loop";
    case EMFILE:
    case ENFILE:
      return "@reason.too_many_files";
    case EIO:
      return "@reason.device_error";
    default:
      return std::generic_category().message(error_number);
  }
}

}  // namespace convscope
