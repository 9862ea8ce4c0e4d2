// `convscope presets`: the built-in sessions.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/cli/command.h"
#include "app/cli/messages.h"
#include "app/session/presets.h"

namespace convscope {

namespace {

Result<void> run_presets(bool as_json) {
  if (as_json) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const Preset& preset : presets()) {
      nlohmann::ordered_json item;
      item["name"] = preset.name;
      item["title"] = words(preset.title_key);
      item["group"] = words(preset.group_key);
      item["operation"] = preset.session.operation;
      item["lenses"] = nlohmann::ordered_json::array();
      for (Lens lens : preset.lenses) item["lenses"].push_back(name_of(lens));
      list.push_back(std::move(item));
    }
    print(list.dump(2) + "\n");
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
