// `convscope check`: whether a session, a lesson or a chain of layers is good.
#include <filesystem>
#include <tuple>

#include "app/cli/command.h"
#include "app/cli/messages.h"
#include "app/io/atomic_file.h"
#include "app/scene/lesson_text.h"
#include "app/session/chain_json.h"
#include "app/session/chain_plan.h"
#include "app/session/computation.h"
#include "app/session/lesson.h"
#include "app/session/session_json.h"

namespace convscope {

namespace {

Result<void> run_check(const std::string& path) {
  constexpr int64_t kMaxBytes = int64_t{64} << 20;
  Result<std::string> text = read_file(path, kMaxBytes);
  if (!text) return text.error();
  const std::string folder = std::filesystem::path(path).parent_path().string();
  Result<DocumentKind> kind = check_document(*text, folder);
  if (!kind) return error_in_file(std::move(kind).error(), *text, path);
  if (*kind == DocumentKind::lesson) {
    const LessonReading reading = read_lesson(*text, folder);
    if (!reading.lesson) return as_error(cli_language(), reading.problem);
    if (std::optional<LessonProblem> problem = check_lesson(*reading.lesson)) {
      std::tie(problem->line, problem->column) = place_in_json(*text, problem->path);
      return as_error(cli_language(), *problem);
    }
    print(tr(cli_language(), "cli.check.lesson", {path}) + "\n");
    return {};
  }
  if (*kind == DocumentKind::chain) {
    const Result<LayerChain> chain = chain_from_json(*text);
    if (!chain) return chain.error();
    const CheckedChain checked = check_chain(*chain);
    if (!checked.plan) return as_error(cli_language(), checked.problem);
    const Spatial last = level_size(*chain, checked.plan->fields, checked.plan->last_level());
    print(tr(cli_language(), "cli.check.chain",
             {path, std::to_string(chain->layers.size()), chain->input_size.to_string_by(), last.to_string_by()}) +
          "\n");
    return {};
  }
  // A session is good when its numbers can be had: its files are there, its sizes fit.
  Result<Session> session = session_from_json(*text, folder);
  if (!session) return session.error();
  TensorCache cache;
  Result<OperationPlan> plan = plan_of(*session, cache);
  if (!plan) return plan.error();
  Result<ConvTensors> tensors = cache.tensors(*session, *plan);
  if (!tensors) return tensors.error();
  print(
      tr(cli_language(), plan->has_weight() ? "cli.check.session" : "cli.check.session_pooling",
         {path, plan->input_shape().to_string(), plan->weight_shape().to_string(), plan->output_shape().to_string()}) +
      "\n");
  return {};
}

}  // namespace

void add_check_command(CLI::App& app, Run& run) {
  auto path = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("check", words("cli.check"));
  command->add_option("file", *path, words("cli.check.file"))->required();
  command->callback([path, &run] { run = [path] { return run_check(*path); }; });
}

}  // namespace convscope
