#include "app/gui/process_age.h"

#include <time.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>

namespace convscope {

double seconds_since_start() {
  std::ifstream stat("/proc/self/stat");
  std::string text((std::istreambuf_iterator<char>(stat)), {});
  const size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return 0;
  const char* at = text.c_str() + name_end + 1;
  // Field 22 is the start time; field 3 follows the name.
  for (int field = 3; field < 22; ++field) at = std::strchr(at + 1, ' ');
  const double ticks = std::strtod(at, nullptr);
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  const double seconds = static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
  return seconds - ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace convscope
