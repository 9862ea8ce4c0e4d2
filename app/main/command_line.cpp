#include "app/main/command_line.h"

#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <sstream>
#include <string>
#include <vector>

#include "app/cli/command.h"
#include "app/cli/conv_options.h"
#include "app/cli/messages.h"
#include "app/language/nearest_word.h"
#include "app/main/gui_commands.h"
#include "app/session/presets.h"

namespace convscope {

namespace {

int fail(const Error& error) {
  print_error(error);
  return exit_status(error);
}

/// `convscope FILE` and `convscope COMMAND` look alike: a word that is neither a command nor anything that can be
/// opened is a command mistyped.
std::optional<Error> unknown_command(const CLI::App& app, const std::string& word) {
  if (word.empty() || word[0] == '-' || word.find_first_of("/.") != std::string::npos) return std::nullopt;
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands(nullptr)) {
    if (command->get_name() == word) return std::nullopt;
    names.push_back(command->get_name());
  }
  struct stat status = {};
  if (find_preset(word) != nullptr || stat(word.c_str(), &status) == 0 || is_session_text(word)) return std::nullopt;
  for (const Preset& preset : presets()) names.push_back(preset.name);
  const std::string similar = similar_word(word, names);
  if (similar.empty()) return Error{"error.unknown_command", "", {word}};
  return Error{"error.unknown_command_similar", "", {word, similar}};
}

const CLI::App& command_of(const CLI::App& app) {
  const std::vector<CLI::App*> parsed = const_cast<CLI::App&>(app).get_subcommands();
  return parsed.empty() ? app : *parsed.front();
}

std::optional<Error> left_over(const CLI::App& app) {
  const std::vector<std::string> extras = app.remaining(true);
  if (extras.empty()) return std::nullopt;
  const std::string& first = extras.front();
  if (first.size() < 2 || first[0] != '-') return Error{"error.unexpected_argument", first, {first}};
  const std::string name = first.substr(0, first.find('='));
  std::vector<std::string> names;
  for (const CLI::Option* option : command_of(app).get_options()) {
    for (const std::string& long_name : option->get_lnames()) names.push_back("--" + long_name);
  }
  const std::string similar = similar_word(name, names);
  if (similar.empty()) return Error{"error.unknown_option", name, {name}};
  return Error{"error.unknown_option_similar", name, {name, similar}};
}

/// The parser's exceptions in our words.
Error error_from(const CLI::App& app, const CLI::ParseError& error) {
  const std::string text = error.what();
  const std::string type = error.get_name();
  // A mistyped option or operation is the cause; that a required one is missing only follows from it.
  if (type == "RequiredError") {
    if (std::optional<Error> extra = left_over(app)) return *extra;
    const CLI::Option* operation = command_of(app).get_option_no_throw("operation");
    if (operation != nullptr && operation->count() > 0) {
      if (Result<void> known = check_operation(operation->results().front()); !known) return known.error();
    }
    const std::string option = text.substr(0, text.find(" is required"));
    return Error{"error.missing_option", option, {option}};
  }
  if (type == "ArgumentMismatch") {
    const std::string option = text.substr(0, text.find(':'));
    const CLI::Option* known = command_of(app).get_option_no_throw(option);
    if (known != nullptr && known->count() > 1) {
      const std::vector<std::string>& given = known->results();
      return Error{"error.option_twice", option, {option, given.front(), given.back()}};
    }
    return Error{"error.missing_value", option, {option}};
  }
  constexpr std::string_view kConvert = "Could not convert: ";
  const size_t equals = text.find(" = ");
  if (type == "ConversionError" && text.compare(0, kConvert.size(), kConvert) == 0 && equals != std::string::npos) {
    const std::string option = text.substr(kConvert.size(), equals - kConvert.size());
    return Error{"error.not_a_number", option, {option, text.substr(equals + 3), "@cli.number"}};
  }
  return Error{"error.usage", "", {text}};
}

/// Whether everything printed has arrived: a full disk behind `>` is a failure too.
Result<void> flush_output() {
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) return Error{"error.output_lost", "", {}};
  return {};
}

}  // namespace

int run_command_line(int argc, char** argv) {
  CLI::App app(words("cli.description"), "convscope");
  app.get_formatter()->column_width(34);
  app.set_version_flag("--version", std::string("convscope ") + CONVSCOPE_VERSION, words("cli.version"));
  app.set_help_flag("-h,--help", words("cli.help"));
  app.require_subcommand(0, 1);

  Run run;
  add_window_options(app, run);
  add_compute_command(app, run);
  add_compare_command(app, run);
  add_size_command(app, run);
  add_slice_command(app, run);
  add_receptive_field_command(app, run);
  add_solve_command(app, run);
  add_random_command(app, run);
  add_check_command(app, run);
  add_share_command(app, run);
  add_presets_command(app, run);
  add_layers_command(app, run);
  add_lessons_command(app, run);
  add_code_command(app, run);
  add_export_command(app, run);
  add_screenshot_command(app, run);
  add_bench_command(app, run);
  add_ui_bench_options(app, run);
  app.allow_extras();
  for (CLI::App* command : app.get_subcommands(nullptr)) command->allow_extras();

  if (argc > 1) {
    if (std::optional<Error> error = unknown_command(app, argv[1])) return fail(*error);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    // Help or version.
    std::ostringstream out, err;
    app.exit(success, out, err);
    print(out.str());
    const Result<void> flushed = flush_output();
    return flushed ? kExitOk : fail(flushed.error());
  } catch (const CLI::ParseError& error) {
    return fail(error_from(app, error));
  }
  if (std::optional<Error> extra = left_over(app)) return fail(*extra);
  if (const Result<void> done = run(); !done) return fail(done.error());
  const Result<void> flushed = flush_output();
  return flushed ? kExitOk : fail(flushed.error());
}

}  // namespace convscope
