// `convscope share`: a session as a short text.
#include <memory>
#include <string>
#include <vector>

#include "app/cli/command.h"
#include "app/cli/messages.h"
#include "app/cli/model_picture.h"
#include "app/session/presets.h"
#include "app/session/share_text.h"

namespace convscope {

namespace {

struct ShareOptions {
  std::string session;
  ModelPicture picture;
};

Result<void> run_share(const ShareOptions& options) {
  const std::string& name = options.session;
  std::vector<CodeNote> notes;
  Result<Session> session = with_model_picture(open_session(name, &notes), name, options.picture);
  if (!session) return session.error();
  print_notes(notes);
  if (session->title.empty()) session->title = title_of(name);
  const Result<std::string> text = share_text(*session);
  if (!text) return text.error();
  print(*text + "\n");
  return {};
}

}  // namespace

void add_share_command(CLI::App& app, Run& run) {
  auto options = std::make_shared<ShareOptions>();
  CLI::App* command = app.add_subcommand("share", words("cli.share"));
  command->add_option("session", options->session, words("cli.session"))->required();
  add_model_picture_options(*command, options->picture);
  command->callback([options, &run] { run = [options] { return run_share(*options); }; });
}

}  // namespace convscope
