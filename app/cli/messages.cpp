#include "app/cli/messages.h"

#include <array>
#include <cstdio>
#include <cstdlib>

#include "app/cli/command.h"

namespace convscope {

Language cli_language() {
  for (const char* variable : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
    const char* value = std::getenv(variable);
    if (value == nullptr || *value == '\0') continue;
    return std::string_view(value).substr(0, 2) == "zh" ? Language::zh : Language::en;
  }
  return Language::en;
}

std::string words(std::string_view key) { return std::string(tr(cli_language(), key)); }

void print_error(const Error& error) {
  std::fprintf(stderr, "convscope: error: %s\n", describe(cli_language(), error).c_str());
}

void print_notes(const std::vector<CodeNote>& notes) {
  if (!notes.empty()) std::fprintf(stderr, "convscope: note: %s\n", words_of(cli_language(), notes).c_str());
}

int exit_status(const Error& error) {
  constexpr std::array<std::string_view, 11> kUsage = {"error.unknown_command",
                                                       "error.unknown_command_similar",
                                                       "error.unknown_operation_word",
                                                       "error.unknown_option",
                                                       "error.unknown_option_similar",
                                                       "error.unexpected_argument",
                                                       "error.missing_option",
                                                       "error.missing_value",
                                                       "error.not_a_number",
                                                       "error.usage",
                                                       "error.option_twice"};
  for (std::string_view code : kUsage) {
    if (error.code == code) return kExitUsage;
  }
  return kExitFailure;
}

void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

}  // namespace convscope
