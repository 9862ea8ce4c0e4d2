// This room's words, looked up once per thread.
#pragma once

#include <string_view>

#include "app/language/language.h"

namespace convscope {

/// tr() remembered by the address of its key, for tr() makes a string of it and a frame allocates nothing. `key` is a
/// string literal.
std::string_view words_of(Language language, const char* key);

}  // namespace convscope
