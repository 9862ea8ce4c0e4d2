// Why the system refused, as an argument of an Error.
#pragma once

#include <string>

namespace convscope {

/// "@reason.no_permission" and the like for an errno value, which the language tables turn into words; the
/// system's own words for rare ones.
std::string reason_of(int error_number);

}  // namespace convscope
