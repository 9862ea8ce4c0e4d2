// Every word a user reads: looked up by key in assets/languages/<language>/<room>.json, embedded at build time.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/result.h"

namespace convscope {

enum class Language : uint8_t { en, zh };

/// "en", "zh".
const char* name_of(Language language);
std::optional<Language> language_from_name(std::string_view name);

/// The words under a key, NUL-terminated and valid for the life of the program; a missing key returns the key
/// itself (a test sees to it that none is missing in any language).
std::string_view tr(Language language, std::string_view key);

/// tr() with {0}, {1}, ... replaced. An argument "@key" whose key has words stands for these words, so that an
/// Error can name a reason without choosing a language ("@reason.no_permission").
std::string tr(Language language, std::string_view key, std::span<const std::string> args);
std::string tr(Language language, std::string_view key, std::initializer_list<std::string> args);

/// The one line that explains an error: what was found, the rule, the remedy.
std::string describe(Language language, const Error& error);

/// All keys of a language, sorted: for tests and for the fonts' glyph ranges.
std::vector<std::string_view> language_keys(Language language);

}  // namespace convscope
