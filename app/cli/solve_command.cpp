// `convscope solve OP`: all parameters that turn an input size into a wished output size, nearest to the present ones
// first.
#include <algorithm>

#include "app/cli/arguments.h"
#include "app/cli/command.h"
#include "app/cli/conv_options.h"
#include "app/cli/messages.h"
#include "app/cli/operation_options.h"
#include "app/cli/size_formula.h"
#include "app/cli/text_table.h"
#include "engine/size_solver.h"

namespace convscope {

namespace {

using Param = SizeParam;

struct SolveOptions {
  std::string operation, input_size, output_size;
  std::optional<std::string> kernel_size, stride, padding, pads, dilation, output_padding, ceil_mode, keep, limit;
  std::array<std::optional<std::string>, kSizeParams> minimum, maximum;
  bool json = false;
};

/// Options of the bounds: "--max-kernel-size".
std::string bound_option(const char* which, Param param) {
  std::string name = std::string("--") + which + "-" + name_of(param);
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

std::optional<LayerKind> kind_of(const Operation& operation) {
  switch (operation.family) {
    case OperationFamily::conv:
      return LayerKind::conv;
    case OperationFamily::conv_transpose:
      return LayerKind::conv_transpose;
    case OperationFamily::max_pool:
      return LayerKind::max_pool;
    case OperationFamily::avg_pool:
      return LayerKind::avg_pool;
    case OperationFamily::conv_backward:
    case OperationFamily::unfold:
    case OperationFamily::fold:
      break;
  }
  return std::nullopt;
}

/// A size as it may be written: with the channels, also with the batch.
struct WrittenSize {
  Spatial extents;
  std::optional<int64_t> batch, channels;
};

/// "224", "224,224" or a whole shape "1,3,224,224".
Result<WrittenSize> parse_extents(const std::string& text, const char* option, int dims) {
  const Result<Shape> shape = parse_shape(text, option);
  if (!shape) return shape.error();
  const int rank = shape->rank();
  if (rank == 1) return WrittenSize{Spatial::all(dims, (*shape)[0]), {}, {}};
  if (rank < dims || rank > dims + 2) {
    const std::string wanted = "1, " + std::to_string(dims) + " .. " + std::to_string(dims + 2);
    return Error{"error.list_length", option, {option, text, std::to_string(rank), wanted}};
  }
  WrittenSize size{Spatial::all(dims, 0), {}, {}};
  for (int i = 0; i < dims; ++i) size.extents[i] = (*shape)[rank - dims + i];
  if (rank > dims) size.channels = (*shape)[rank - dims - 1];
  if (rank > dims + 1) size.batch = (*shape)[0];
  return size;
}

/// No parameter changes how many images there are, nor of pooling how many channels.
Result<void> check_leading(const WrittenSize& input, const WrittenSize& wanted, const WindowLayer& layer) {
  const auto differ = [](std::optional<int64_t> a, std::optional<int64_t> b) { return a && b && *a != *b; };
  if (differ(input.batch, wanted.batch)) {
    return Error{"error.solver_batch", "--output-size", {std::to_string(*input.batch), std::to_string(*wanted.batch)}};
  }
  if (layer.pools() && differ(input.channels, wanted.channels)) {
    return Error{"error.solver_pool_channels",
                 "--output-size",
                 {std::to_string(*input.channels), std::to_string(*wanted.channels)}};
  }
  return {};
}

/// The names behind --keep.
Result<void> apply_keep(const std::optional<std::string>& text, SizeQuestion& question) {
  if (!text) return {};
  for (std::string_view part : split(*text, ',')) {
    bool known = false;
    for (size_t i = 0; i < kSizeParams; ++i) {
      if (part != name_of(static_cast<Param>(i))) continue;
      question.locked[i] = known = true;
    }
    if (!known) {
      return Error{"error.keep_word", "--keep", {std::string(part), "kernel_size, stride, padding, dilation"}};
    }
  }
  return {};
}

Result<WindowLayer> present_layer(const Operation& operation, LayerKind kind, const SolveOptions& options) {
  const int dims = operation.dims;
  WindowLayer layer = WindowLayer::of(kind, dims);
  if (Result<void> good = apply_spatial(options.kernel_size, "--kernel-size", dims, layer.kernel_size); !good) {
    return good.error();
  }
  // Pooling moves by its kernel where it is not told otherwise.
  if (layer.pools()) layer.stride = layer.kernel_size;
  struct Number {
    const char* option;
    const std::optional<std::string>* text;
    Spatial* target;
  };
  for (const Number& number :
       {Number{"--stride", &options.stride, &layer.stride}, Number{"--dilation", &options.dilation, &layer.dilation},
        Number{"--output-padding", &options.output_padding, &layer.output_padding}}) {
    if (Result<void> good = apply_spatial(*number.text, number.option, dims, *number.target); !good) {
      return good.error();
    }
  }
  ConvOptions padding;
  padding.padding = options.padding;
  padding.pads = options.pads;
  if (Result<void> good = apply_padding(padding, dims, layer.padding); !good) return good.error();
  if (Result<void> good = apply_flag(options.ceil_mode, "--ceil-mode", layer.ceil_mode); !good) return good.error();
  return layer;
}

/// Words of padding as the numbers that they stand for. Errors: those of the gate, which refuses 'same' with a stride
/// and both words where they are none of the operation's.
Result<void> settle_padding_word(const Spatial& input, WindowLayer& layer) {
  SpatialPadding& padding = layer.padding;
  if (padding.kind == PaddingKind::numbers || padding.kind == PaddingKind::pads) return {};
  if (padding.kind == PaddingKind::valid && layer.kind == LayerKind::conv) {
    padding.kind = PaddingKind::numbers;  // whose numbers are 0
    return {};
  }
  const Result<LayerPlan> plan = validate(layer, input);
  if (!plan) return plan.error();
  padding.begin = windows_of(*plan).all(&WindowAxis::pad_begin);
  padding.end = windows_of(*plan).all(&WindowAxis::pad_end);
  padding.kind = padding.begin == padding.end ? PaddingKind::numbers : PaddingKind::pads;
  if (padding.begin == padding.end) padding.both = padding.begin;
  return {};
}

Result<SizeQuestion> question_of(const Operation& operation, LayerKind kind, const SolveOptions& options) {
  Result<WindowLayer> layer = present_layer(operation, kind, options);
  if (!layer) return layer.error();
  const Result<WrittenSize> input = parse_extents(options.input_size, "--input-size", operation.dims);
  if (!input) return input.error();
  const Result<WrittenSize> wanted = parse_extents(options.output_size, "--output-size", operation.dims);
  if (!wanted) return wanted.error();
  if (Result<void> good = check_leading(*input, *wanted, *layer); !good) return good.error();
  if (Result<void> good = settle_padding_word(input->extents, *layer); !good) return good.error();
  SizeQuestion question = SizeQuestion::of(*layer, input->extents, wanted->extents);
  question.limit = 20;
  for (size_t i = 0; i < kSizeParams; ++i) {
    const auto param = static_cast<Param>(i);
    for (const auto& [text, which, target] : {std::tuple(&options.minimum[i], "min", &question.bounds[i].minimum),
                                              std::tuple(&options.maximum[i], "max", &question.bounds[i].maximum)}) {
      if (Result<void> good = apply_integer(*text, bound_option(which, param).c_str(), *target); !good) {
        return good.error();
      }
    }
  }
  if (Result<void> good = apply_keep(options.keep, question); !good) return good.error();
  if (options.limit) {
    const Result<int64_t> limit = parse_integer(*options.limit, "--limit", 1, 1000);
    if (!limit) return limit.error();
    question.limit = *limit;
  }
  return question;
}

Result<OperationPlan> plan_of(const SizeSolution& solution, const Spatial& input) {
  const Result<LayerPlan> plan = validate(solution.layer, input);
  if (!plan) return plan.error();
  return std::visit([](const auto& p) -> OperationPlan { return p; }, *plan);
}

const Spatial& value_of(const WindowLayer& layer, Param param) {
  switch (param) {
    case Param::kernel_size:
      return layer.kernel_size;
    case Param::stride:
      return layer.stride;
    case Param::padding:
      return layer.padding.both;
    case Param::dilation:
      return layer.dilation;
    case Param::output_padding:
      break;
  }
  return layer.output_padding;
}

bool has_pads(const WindowLayer& layer) { return layer.padding.kind == PaddingKind::pads; }

/// "1", and where begins and ends differ "0+1": no single padding says that.
std::string text_of(const WindowLayer& layer, Param param) {
  if (param != Param::padding || !has_pads(layer)) return value_of(layer, param).to_string();
  return layer.padding.begin.to_string() + "+" + layer.padding.end.to_string();
}

Json list_of(const Spatial& spatial) { return std::vector<int64_t>(spatial.begin(), spatial.end()); }

/// Why there is none, and what would help.
std::string reason_for_none(const SizeQuestion& question, const SizeSolutions& found) {
  const Language language = cli_language();
  std::string reason, last;
  for (size_t axis = 0; axis < found.reach.size(); ++axis) {
    const SizeReach& reach = found.reach[axis];
    if (reach.below == question.wanted[static_cast<int>(axis)]) continue;
    const auto text = [](std::optional<int64_t> size) { return size ? std::to_string(*size) : std::string(); };
    const char* const key = reach.below && reach.above ? "cli.solve.reach"
                            : reach.below              ? "cli.solve.reach_largest"
                            : reach.above              ? "cli.solve.reach_smallest"
                                                       : "cli.solve.reach_none";
    const std::string line =
        tr(language, key,
           {std::to_string(question.wanted[static_cast<int>(axis)]),
            std::to_string(question.input[static_cast<int>(axis)]), text(reach.below), text(reach.above)}) +
        "\n";
    // Axes that ask the same have the same answer.
    if (line != last) reason += line;
    last = line;
  }
  std::string names;
  for (Param param : found.loosen) names += (names.empty() ? "" : ", ") + std::string(name_of(param));
  reason += names.empty() ? words("cli.solve.loosen_bounds") : tr(language, "cli.solve.loosen", {names});
  return reason + "\n";
}

/// Of transposed convolutions: the output_padding that makes the wished size with all else as it is.
std::string restoring_text(const SizeQuestion& question) {
  const Result<Spatial> restored = output_padding_for(question.present, question.input, question.wanted);
  if (!restored) return describe(cli_language(), restored.error()) + "\n";
  return tr(cli_language(), "cli.solve.restores", {restored->to_string(), question.wanted.to_string_by()}) + "\n";
}

void print_text(const Operation& operation, const SizeQuestion& question, const SizeSolutions& found,
                const std::optional<OperationPlan>& first) {
  const Language language = cli_language();
  if (question.present.transposes()) print(restoring_text(question));
  if (found.total == 0) {
    print(tr(language, "cli.solve.none", {question.input.to_string_by(), question.wanted.to_string_by()}) + "\n");
    print(reason_for_none(question, found));
    return;
  }
  const std::span<const Param> params = size_params_of(question.present.kind);
  std::vector<TextTable::Column> columns;
  columns.reserve(params.size() + 1);
  for (Param param : params) columns.push_back({name_of(param)});
  columns.push_back({words("cli.solve.changes"), TextTable::Align::left});
  TextTable table(std::move(columns));
  for (const SizeSolution& solution : found.nearest) {
    std::vector<std::string> row;
    std::string changes;
    for (Param param : params) {
      row.push_back(text_of(solution.layer, param));
      if (solution.changes[static_cast<size_t>(param)])
        changes += (changes.empty() ? "" : ", ") + std::string(name_of(param));
    }
    if (changes.empty()) changes = words("cli.solve.nothing");
    if (solution.keeps_size) changes += " " + words("cli.solve.keeps_size");
    row.push_back(std::move(changes));
    table.add_row(std::move(row));
  }
  print(tr(language, "cli.solve.found",
           {question.input.to_string_by(), question.wanted.to_string_by(), std::to_string(found.total),
            std::to_string(found.nearest.size())}) +
        "\n");
  print(table.text());
  print(words("cli.solve.first") + "\n" + words(formula_key(operation, *first)) + "\n");
  for (const AxisFormula& axis : axis_formulas(operation, *first))
    print(tr(language, axis.text_key, {axis.text}) + "\n");
}

void print_json(const Operation& operation, const SizeQuestion& question, const SizeSolutions& found,
                const std::optional<OperationPlan>& first) {
  const std::span<const Param> params = size_params_of(question.present.kind);
  Json json;
  json["operation"] = std::string(operation.name);
  json["input_size"] = list_of(question.input);
  json["output_size"] = list_of(question.wanted);
  json["total"] = found.total;
  json["alike_on_all_axes"] = found.alike;
  json["solutions"] = Json::array();
  for (const SizeSolution& solution : found.nearest) {
    Json one;
    for (Param param : params) {
      if (param == Param::padding && has_pads(solution.layer)) {
        one["pads"] = list_of(solution.layer.padding.begin);
        for (int64_t end : solution.layer.padding.end) one["pads"].push_back(end);
      } else {
        one[name_of(param)] = list_of(value_of(solution.layer, param));
      }
    }
    one["changes"] = Json::array();
    for (Param param : params) {
      if (solution.changes[static_cast<size_t>(param)]) one["changes"].push_back(name_of(param));
    }
    one["distance"] = solution.distance;
    one["keeps_size"] = solution.keeps_size;
    json["solutions"].push_back(std::move(one));
  }
  if (first) {
    for (const AxisFormula& axis : axis_formulas(operation, *first)) json["formula"][axis.name] = axis.numbers;
  }
  if (question.present.transposes()) {
    const Result<Spatial> restored = output_padding_for(question.present, question.input, question.wanted);
    json["restoring_output_padding"] = restored ? list_of(*restored) : Json();
  }
  if (found.total == 0) {
    json["nearest_sizes"] = Json::array();
    for (const SizeReach& reach : found.reach) {
      const auto number = [](std::optional<int64_t> size) { return size ? Json(*size) : Json(); };
      json["nearest_sizes"].push_back({{"below", number(reach.below)}, {"above", number(reach.above)}});
    }
    json["loosen"] = Json::array();
    for (Param param : found.loosen) json["loosen"].push_back(name_of(param));
  }
  print(pretty(json) + "\n");
}

Result<void> run_solve(const SolveOptions& options) {
  using Family = OperationFamily;
  const Result<Operation> operation = parse_operation(options.operation);
  if (!operation) return operation.error();
  const std::optional<LayerKind> kind = kind_of(*operation);
  if (!kind) return Error{"error.solver_operation", "", {std::string(operation->name)}};
  const auto given = [&](Param param) {
    const auto i = static_cast<size_t>(param);
    return options.minimum[i].has_value() || options.maximum[i].has_value();
  };
  const std::vector<Family> dilated{Family::conv, Family::conv_transpose, Family::max_pool};
  OperationOptions shared;
  shared.conv.dilation = options.dilation;
  shared.output_padding = options.output_padding;
  shared.ceil_mode = options.ceil_mode;
  if (Result<void> good =
          check_option_use(*operation, shared,
                           {{"--max-dilation", given(Param::dilation), dilated},
                            {"--max-output-padding", given(Param::output_padding), {Family::conv_transpose}}});
      !good) {
    return good;
  }
  const Result<SizeQuestion> question = question_of(*operation, *kind, options);
  if (!question) return question.error();
  const Result<SizeSolutions> found = solve_size(*question);
  if (!found) return found.error();
  std::optional<OperationPlan> first;
  if (!found->nearest.empty()) {
    Result<OperationPlan> plan = plan_of(found->nearest.front(), question->input);
    if (!plan) return plan.error();
    first = *std::move(plan);
  }
  (options.json ? print_json : print_text)(*operation, *question, *found, first);
  return {};
}

}  // namespace

void add_solve_command(CLI::App& app, Run& run) {
  auto options = std::make_shared<SolveOptions>();
  CLI::App* command = app.add_subcommand("solve", words("cli.solve"));
  command->add_option("operation", options->operation, words("cli.operation"))->required();
  command->add_option("--input-size", options->input_size, words("cli.solve.input_size"))->required();
  command->add_option("--output-size", options->output_size, words("cli.solve.output_size"))->required();
  command->add_option("--kernel-size", options->kernel_size, words("cli.solve.kernel_size"));
  command->add_option("--stride", options->stride, words("cli.solve.stride"));
  command->add_option("--padding", options->padding, words("cli.solve.padding"));
  command->add_option("--pads", options->pads, words("cli.solve.pads"));
  command->add_option("--dilation", options->dilation, words("cli.solve.dilation"));
  command->add_option("--output-padding", options->output_padding, words("cli.solve.output_padding"));
  command->add_option("--ceil-mode", options->ceil_mode, words("cli.ceil_mode"));
  command->add_option("--keep", options->keep, words("cli.solve.keep"));
  for (size_t i = 0; i < kSizeParams; ++i) {
    const auto param = static_cast<Param>(i);
    command->add_option(bound_option("min", param), options->minimum[i], words("cli.solve.minimum"));
    command->add_option(bound_option("max", param), options->maximum[i], words("cli.solve.maximum"));
  }
  command->add_option("--limit", options->limit, words("cli.solve.limit"));
  command->add_flag("--json", options->json, words("cli.json"));
  command->callback([options, &run] { run = [options] { return run_solve(*options); }; });
}

}  // namespace convscope
