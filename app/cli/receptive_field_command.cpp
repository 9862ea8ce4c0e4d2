// `convscope receptive-field CHAIN`: what the cells of every layer of a chain see, and what one of them sees.
#include <functional>

#include "app/cli/arguments.h"
#include "app/cli/command.h"
#include "app/cli/conv_options.h"
#include "app/cli/messages.h"
#include "app/cli/text_table.h"
#include "app/session/chain_json.h"
#include "app/session/chain_plan.h"
#include "app/session/chains.h"

namespace convscope {

namespace {

struct FieldOptions {
  std::string chain;
  std::optional<std::string> input_size, cell, layer;
  bool json = false;
};

/// "7" where all axes agree, else "7 x 5".
template <class Text>
std::string by_axis(const std::vector<FieldAxis>& axes, const Text& text) {
  std::string joined;
  bool alike = true;
  for (const FieldAxis& axis : axes) {
    alike = alike && text(axis) == text(axes[0]);
    joined += (joined.empty() ? "" : " x ") + text(axis);
  }
  return alike ? text(axes[0]) : joined;
}

std::string size_text(const FieldAxis& axis) {
  if (axis.smallest == axis.size) return std::to_string(axis.size);
  return std::to_string(axis.smallest) + ".." + std::to_string(axis.size);
}

/// The number of a layer, from 0, by its name or its number from 1.
Result<int> layer_index(const LayerChain& chain, const std::optional<std::string>& text) {
  const auto count = static_cast<int64_t>(chain.layers.size());
  if (!text) return static_cast<int>(count) - 1;
  for (size_t i = 0; i < chain.layers.size(); ++i) {
    if (chain.layers[i].name == *text) return static_cast<int>(i);
  }
  const Result<int64_t> number = parse_integer(*text, "--layer", 1, count);
  if (number) return static_cast<int>(*number) - 1;
  if (number.error().code != "error.not_a_number") return number.error();
  std::string names;
  for (size_t i = 0; i < chain.layers.size() && i < 12; ++i) {
    names += (i == 0 ? "" : ", ") + layer_name(chain.layers[i], i);
  }
  if (chain.layers.size() > 12) names += ", ...";
  return Error{"error.unknown_layer", "--layer", {*text, names}};
}

/// "0..4", with the count where dilation leaves gaps; "-" for nothing.
std::string cells_text(const SeenAxis& seen) {
  if (seen.cells.empty()) return "-";
  std::string range = std::to_string(seen.cells.front().first) + ".." + std::to_string(seen.cells.back().last);
  if (seen.cells.size() == 1) return range;
  return tr(cli_language(), "cli.field.with_gaps", {range, std::to_string(count_cells(seen.cells))});
}

std::string padding_text(const std::vector<SeenAxis>& axes) {
  std::string text;
  bool any = false;
  for (const SeenAxis& axis : axes) {
    text +=
        (text.empty() ? "" : " x ") + std::to_string(axis.padding_before) + "+" + std::to_string(axis.padding_after);
    any = any || axis.padding_before > 0 || axis.padding_after > 0;
  }
  return any ? text : "-";
}

std::vector<std::string> axis_headings(int dims) {
  if (dims == 1) return {words("cli.field.positions")};
  std::vector<std::string> headings{words("cli.field.rows"), words("cli.field.columns")};
  if (dims == 3) headings.insert(headings.begin(), words("cli.field.slices"));
  return headings;
}

void print_table(const LayerChain& chain, const ChainFields& fields) {
  using Align = TextTable::Align;
  TextTable table({{words("cli.field.layer"), Align::left},
                   {words("cli.field.module"), Align::left},
                   {words("cli.field.output")},
                   {words("cli.field.size")},
                   {words("cli.field.stride")},
                   {words("cli.field.start")},
                   {words("cli.field.center")},
                   {words("cli.field.overlap")}});
  for (size_t i = 0; i < fields.layers.size(); ++i) {
    const std::vector<FieldAxis>& axes = fields.layers[i].axes;
    const auto fractions = [&](Fraction FieldAxis::*member) {
      return by_axis(axes, [member](const FieldAxis& axis) { return (axis.*member).to_string(); });
    };
    Spatial output = chain.input_size;
    for (int axis = 0; axis < chain.dims; ++axis) output[axis] = axes[static_cast<size_t>(axis)].output_size;
    table.add_row({layer_name(chain.layers[i], i), module_name(chain.layers[i].kind, chain.dims),
                   output.to_string_by(), by_axis(axes, size_text), fractions(&FieldAxis::stride),
                   fractions(&FieldAxis::start), fractions(&FieldAxis::center), fractions(&FieldAxis::overlap)});
  }
  print(tr(cli_language(), "cli.field.input", {chain.input_size.to_string_by()}) + "\n");
  print(table.text());
  print(words("cli.field.legend") + "\n");
}

void print_cell(const LayerChain& chain, const std::vector<SeenLevel>& seen, int layer, const Spatial& cell) {
  using Align = TextTable::Align;
  std::vector<TextTable::Column> columns{{words("cli.field.level"), Align::left}};
  for (const std::string& heading : axis_headings(chain.dims)) columns.push_back({heading});
  columns.push_back({words("cli.field.in_padding")});
  TextTable table(std::move(columns));
  for (size_t level = seen.size(); level-- > 0;) {
    std::vector<std::string> row{level == 0 ? words("cli.field.the_input")
                                            : layer_name(chain.layers[level - 1], level - 1)};
    for (const SeenAxis& axis : seen[level].axes) row.push_back(cells_text(axis));
    row.push_back(padding_text(seen[level].axes));
    table.add_row(std::move(row));
  }
  std::string place;
  for (int64_t index : cell) place += (place.empty() ? "" : ", ") + std::to_string(index);
  const auto at = static_cast<size_t>(layer);
  print("\n" + tr(cli_language(), "cli.field.seen_by", {place, layer_name(chain.layers[at], at)}) + "\n");
  print(table.text());
}

/// One member of every axis.
template <class Value>
Json list_of(const std::vector<FieldAxis>& axes, const Value& value) {
  Json list = Json::array();
  for (const FieldAxis& axis : axes) list.push_back(value(axis));
  return list;
}

/// A whole number as it is, others as fractions in text, which lose nothing: "-3/2".
Json fraction_json(const Fraction& number) {
  if (number.is_whole()) return number.numerator;
  return number.to_string();
}

Json layer_field_json(const WindowLayer& layer, Json described, const LayerField& field) {
  const std::vector<FieldAxis>& axes = field.axes;
  const auto fractions = [&](Fraction FieldAxis::*member) {
    return list_of(axes, [member](const FieldAxis& axis) { return fraction_json(axis.*member); });
  };
  const auto numbers = [&](int64_t FieldAxis::*member) {
    return list_of(axes, [member](const FieldAxis& axis) { return axis.*member; });
  };
  described["name"] = layer.name;
  described["output_size"] = numbers(&FieldAxis::output_size);
  described["effective_kernel_size"] = numbers(&FieldAxis::effective_kernel);
  Json& seen = described["receptive_field"];
  seen["size"] = numbers(&FieldAxis::size);
  seen["smallest_size"] = numbers(&FieldAxis::smallest);
  seen["stride"] = fractions(&FieldAxis::stride);
  seen["start"] = fractions(&FieldAxis::start);
  seen["center"] = fractions(&FieldAxis::center);
  seen["overlap"] = fractions(&FieldAxis::overlap);
  return described;
}

Json seen_json(const LayerChain& chain, const std::vector<SeenLevel>& seen, int layer, const Spatial& cell) {
  Json json;
  json["cell"] = std::vector<int64_t>(cell.begin(), cell.end());
  json["layer"] = layer_name(chain.layers[static_cast<size_t>(layer)], static_cast<size_t>(layer));
  json["levels"] = Json::array();
  for (size_t level = seen.size(); level-- > 0;) {
    Json one;
    one["level"] = level == 0 ? "input" : layer_name(chain.layers[level - 1], level - 1);
    one["axes"] = Json::array();
    for (const SeenAxis& axis : seen[level].axes) {
      Json entry;
      entry["cells"] = Json::array();
      for (const CellRun& run : axis.cells) entry["cells"].push_back({run.first, run.last});
      entry["count"] = count_cells(axis.cells);
      if (axis.unclipped) {
        entry["unclipped"] = {axis.unclipped->first, axis.unclipped->last};
      } else {
        entry["unclipped"] = nullptr;
      }
      entry["padding_before"] = axis.padding_before;
      entry["padding_after"] = axis.padding_after;
      one["axes"].push_back(std::move(entry));
    }
    json["levels"].push_back(std::move(one));
  }
  return json;
}

Result<void> run_receptive_field(const FieldOptions& options) {
  Result<LayerChain> opened = open_chain(options.chain);
  if (!opened) return opened.error();
  LayerChain& chain = *opened;
  if (chain.layers.empty()) return Error{"error.chain_empty", "layers", {}};
  if (Result<void> good = apply_spatial(options.input_size, "--input-size", chain.dims, chain.input_size); !good) {
    return good;
  }
  const CheckedChain checked = check_chain(chain);
  if (!checked.plan) return as_error(cli_language(), checked.problem);
  const ChainFields& fields = checked.plan->fields;
  std::optional<std::vector<SeenLevel>> seen;
  Spatial cell = chain.input_size;
  int layer = 0;
  if (options.layer && !options.cell) return Error{"error.missing_option", "--cell", {"--cell"}};
  if (options.cell) {
    const auto dims = static_cast<size_t>(chain.dims);
    const Result<std::vector<int64_t>> numbers = parse_integers(*options.cell, "--cell", dims, dims);
    if (!numbers) return numbers.error();
    for (int i = 0; i < chain.dims; ++i) cell[i] = (*numbers)[static_cast<size_t>(i)];
    const Result<int> index = layer_index(chain, options.layer);
    if (!index) return index.error();
    layer = *index;
    Result<std::vector<SeenLevel>> levels = seen_by(chain, fields, layer, cell);
    if (!levels) return levels.error();
    seen = *std::move(levels);
  }
  if (!options.json) {
    print_table(chain, fields);
    if (seen) print_cell(chain, *seen, layer, cell);
    return {};
  }
  Json json = chain_json(chain);
  for (size_t i = 0; i < fields.layers.size(); ++i) {
    json["layers"][i] = layer_field_json(chain.layers[i], json["layers"][i], fields.layers[i]);
  }
  if (seen) json["seen"] = seen_json(chain, *seen, layer, cell);
  print(pretty(json) + "\n");
  return {};
}

}  // namespace

void add_receptive_field_command(CLI::App& app, Run& run) {
  auto options = std::make_shared<FieldOptions>();
  CLI::App* command = app.add_subcommand("receptive-field", words("cli.field"));
  command->add_option("chain", options->chain, words("cli.field.chain"))->required();
  command->add_option("--input-size", options->input_size, words("cli.field.input_size"));
  command->add_option("--cell", options->cell, words("cli.field.cell"));
  command->add_option("--layer", options->layer, words("cli.field.cell_layer"));
  command->add_flag("--json", options->json, words("cli.json"));
  command->callback([options, &run] { run = [options] { return run_receptive_field(*options); }; });
}

}  // namespace convscope
