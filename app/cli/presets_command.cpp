// `convscope presets`: the built-in sessions.
#include <algorithm>

#include "app/cli/command.h"
#include "app/cli/messages.h"
#include "app/session/json_reader.h"
#include "app/session/presets.h"

namespace convscope {

namespace {

Result<void> run_presets(bool as_json) {
  if (as_json) {
    Json list = Json::array();
    for (const Preset& preset : presets()) {
      Json item;
      item["name"] = preset.name;
      item["title"] = words(preset.title_key);
      item["group"] = words(preset.group_key);
      item["operation"] = preset.session.operation;
      item["lenses"] = Json::array();
      for (Lens lens : preset.lenses) item["lenses"].push_back(name_of(lens));
      list.push_back(std::move(item));
    }
    print(pretty(list) + "\n");
    return {};
  }
  size_t widest = 0;
  for (const Preset& preset : presets()) widest = std::max(widest, preset.name.size());
  std::string group;
  for (const Preset& preset : presets()) {
    if (preset.group_key != group) {
      print((group.empty() ? "" : "\n") + words(preset.group_key) + "\n");
      group = preset.group_key;
    }
    print("  " + preset.name + std::string(widest + 2 - preset.name.size(), ' ') + words(preset.title_key) + "\n");
  }
  return {};
}

}  // namespace

void add_presets_command(CLI::App& app, Run& run) {
  auto as_json = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand("presets", words("cli.presets"));
  command->add_flag("--json", *as_json, words("cli.json"));
  command->callback([as_json, &run] { run = [as_json] { return run_presets(*as_json); }; });
}

}  // namespace convscope
