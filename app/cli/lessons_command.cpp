// `convscope lessons`: the built-in lessons.
#include <algorithm>

#include "app/cli/command.h"
#include "app/cli/messages.h"
#include "app/session/json_reader.h"
#include "app/session/lesson.h"

namespace convscope {

namespace {

Result<void> run_lessons(bool as_json) {
  const Language language = cli_language();
  if (as_json) {
    Json list = Json::array();
    for (const LessonPtr& lesson : lessons()) {
      Json item;
      item["name"] = lesson->name;
      item["title"] = lesson->title.in(language);
      item["about"] = lesson->about.in(language);
      item["pages"] = lesson->pages.size();
      list.push_back(std::move(item));
    }
    print(pretty(list) + "\n");
    return {};
  }
  size_t widest = 0;
  for (const LessonPtr& lesson : lessons()) widest = std::max(widest, lesson->name.size());
  for (const LessonPtr& lesson : lessons()) {
    print(lesson->name + std::string(widest + 2 - lesson->name.size(), ' ') + lesson->title.in(language) + "\n");
  }
  return {};
}

}  // namespace

void add_lessons_command(CLI::App& app, Run& run) {
  auto as_json = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand("lessons", words("cli.lessons"));
  command->add_flag("--json", *as_json, words("cli.json"));
  command->callback([as_json, &run] { run = [as_json] { return run_lessons(*as_json); }; });
}

}  // namespace convscope
