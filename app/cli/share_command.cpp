// `convscope share`: a session as a short text.
#include <memory>
#include <string>
#include <vector>

#include "app/cli/command.h"
#include "app/cli/messages.h"
#include "app/session/presets.h"
#include "app/session/share_text.h"

namespace convscope {

namespace {

Result<void> run_share(const std::string& name) {
  std::vector<CodeNote> notes;
  Result<Session> session = open_session(name, &notes);
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
  auto session = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("share", words("cli.share"));
  command->add_option("session", *session, words("cli.session"))->required();
  command->callback([session, &run] { run = [session] { return run_share(*session); }; });
}

}  // namespace convscope
