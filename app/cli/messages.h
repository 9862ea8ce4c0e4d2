// What the command line says and with which status it ends.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/language/language.h"
#include "app/session/layer_code.h"
#include "engine/result.h"

namespace convscope {

/// The language of messages and help: Chinese where LC_ALL, LC_MESSAGES or LANG (the first that is set) asks for it.
Language cli_language();

/// tr() in cli_language().
std::string words(std::string_view key);

/// `convscope: error: ` and the error's sentence, one line on standard error.
void print_error(const Error& error);

/// `convscope: note: ` and what was not used of the code that was opened, one line on standard error; nothing without.
void print_notes(const std::vector<CodeNote>& notes);

/// kExitUsage for unknown commands and options and for text that is no number, else kExitFailure.
int exit_status(const Error& error);

/// Text on standard output; whether it arrived is asked at the end of the program.
void print(std::string_view text);

}  // namespace convscope
