// `convscope layers model.onnx`: what of a network can be shown.
#include <algorithm>
#include <memory>
#include <string>

#include "app/cli/command.h"
#include "app/cli/messages.h"
#include "app/cli/text_table.h"
#include "app/session/json_reader.h"
#include "app/session/model.h"

namespace convscope {

namespace {

struct LayersOptions {
  std::string model;
  bool json = false;
};

std::string shape_text(const std::optional<Shape>& shape) { return shape ? shape->to_string("x") : "?"; }

Json shape_json(const std::optional<Shape>& shape) {
  if (!shape) return nullptr;
  Json list = Json::array();
  for (const int64_t extent : *shape) list.push_back(extent);
  return list;
}

void print_json(const Model& model) {
  Json root;
  root["model"] = model.file.path;
  root["opset"] = model.file.opset;
  root["input_shape"] = shape_json(model.input_shape);
  root["open_size"] = model.open_size;
  root["layers"] = Json::array();
  for (const ModelLayer& layer : model.layers) {
    Json one;
    one["name"] = layer.name;
    one["op"] = layer.op;
    one["input_shape"] = shape_json(layer.input_shape);
    one["output_shape"] = shape_json(layer.output_shape);
    if (layer.problem) {
      one["problem"] = describe(cli_language(), *layer.problem);
    } else {
      one["operation"] = layer.session.operation;
      one["layer"] = layer.call;
      one["real_input"] = layer.blocked_by.empty();
      if (!layer.blocked_by.empty()) one["blocked_by"] = layer.blocked_by;
    }
    root["layers"].push_back(std::move(one));
  }
  print(pretty(root) + "\n");
}

Result<void> run_layers(const LayersOptions& options) {
  const Result<ModelPtr> opened = open_model(options.model);
  if (!opened) return opened.error();
  const Model& model = **opened;
  if (options.json) {
    print_json(model);
    return {};
  }
  if (model.layers.empty()) return Error{"error.onnx_no_layers", "", {options.model}};
  using Align = TextTable::Align;
  TextTable table({{words("layers.name"), Align::left},
                   {words("layers.op"), Align::left},
                   {words("layers.input"), Align::left},
                   {words("layers.output"), Align::left},
                   {words("layers.call"), Align::left}});
  const ModelLayer* blocked = nullptr;
  for (const ModelLayer& layer : model.layers) {
    if (!layer.blocked_by.empty() && blocked == nullptr) blocked = &layer;
    table.add_row({layer.name, layer.op, shape_text(layer.input_shape), shape_text(layer.output_shape),
                   layer.problem ? "(" + describe(cli_language(), *layer.problem) + ")" : layer.call});
  }
  print(table.text());
  if (model.open_size) print(tr(cli_language(), "layers.open_size", {std::to_string(kOpenSide)}) + "\n");
  if (blocked != nullptr) {
    print(tr(cli_language(), "layers.blocked", {blocked->name, blocked->blocked_by, blocked->blocked_at}) + "\n");
  }
  return {};
}

}  // namespace

void add_layers_command(CLI::App& app, Run& run) {
  auto options = std::make_shared<LayersOptions>();
  CLI::App* command = app.add_subcommand("layers", words("cli.layers"));
  command->add_option("model", options->model, words("cli.layers.model"))->required();
  command->add_flag("--json", options->json, words("cli.json"));
  command->callback([options, &run] { run = [options] { return run_layers(*options); }; });
}

}  // namespace convscope
