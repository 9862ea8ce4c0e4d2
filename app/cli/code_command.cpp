// `convscope code`: a session as a script or a program.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/cli/command.h"
#include "app/cli/messages.h"
#include "app/cli/model_picture.h"
#include "app/io/atomic_file.h"
#include "app/session/code.h"
#include "app/session/computation.h"
#include "app/session/presets.h"

namespace convscope {

namespace {

struct CodeOptions {
  ModelPicture picture;
  std::string session, as = "pytorch";
  std::optional<std::string> lens, output;
};

Result<void> run_code(const CodeOptions& options) {
  const std::optional<CodeKind> kind = code_kind_from_name(options.as);
  if (!kind) return Error{"error.unknown_code", "--as", {options.as, names_of_code_kinds()}};
  std::vector<CodeNote> notes;
  Result<Session> session = with_model_picture(open_session(options.session, &notes), options.session, options.picture);
  if (!session) return session.error();
  print_notes(notes);
  const OperationFamily family = shown_family(session->operation).value_or(OperationFamily::conv);
  if (options.lens) {
    const std::optional<Lens> lens = lens_from_name(*options.lens);
    if (!lens) return Error{"error.unknown_lens", "--lens", {*options.lens, names_of_lenses()}};
    const int dims = shown_dims(session->operation);
    session->lens = lens_for(family, *lens, dims);
    if (!lens_shows(session->lens, family, dims)) return unfit_lens(session->lens);
  }
  if (session->title.empty()) session->title = title_of(options.session);
  TensorCache cache;
  const Result<ComputationPtr> computation = compute(*session, cache);
  if (!computation) return computation.error();
  const Result<std::string> script = code_of(*kind, *session, **computation);
  if (!script) return script.error();
  if (options.output) return write_file(*options.output, *script);
  print(*script);
  return {};
}

}  // namespace

void add_code_command(CLI::App& app, Run& run) {
  auto options = std::make_shared<CodeOptions>();
  CLI::App* command = app.add_subcommand("code", words("cli.code"));
  command->add_option("session", options->session, words("cli.session"))->required();
  add_model_picture_options(*command, options->picture);
  command->add_option("--as", options->as, words("cli.code.as"));
  command->add_option("--lens", options->lens, words("cli.code.lens"));
  command->add_option("-o,--output", options->output, words("cli.code.output"));
  command->callback([options, &run] { run = [options] { return run_code(*options); }; });
}

}  // namespace convscope
