// `convscope slice FILE EXPRESSION`: what Python would print of an indexed tensor or of its attributes.
#include <cmath>

#include "app/cli/command.h"
#include "app/cli/messages.h"
#include "app/cli/tensor_files.h"
#include "app/session/json_reader.h"
#include "engine/tensor_answer.h"
#include "engine/tensor_print.h"

namespace convscope {

namespace {

struct SliceOptions {
  std::string input, expression;
  std::optional<std::string> output, value_range;
  bool json = false;
};

/// More numbers than these are left out of the JSON; a .npy holds any number.
constexpr int64_t kMostJsonNumbers = 1 << 20;

/// Lists within lists. JSON has no numbers for what is not finite: "nan", "inf" and "-inf" stand there.
Json nested(const TensorSlice& slice) {
  if (slice.shape.rank() == 0) {
    const double value = slice.tensor.at(slice.offset);
    if (std::isfinite(value)) return value;
    return std::isnan(value) ? "nan" : value < 0 ? "-inf" : "inf";
  }
  Json list = Json::array();
  for (int64_t i = 0; i < slice.shape[0]; ++i) list.push_back(nested(slice.selected(i)));
  return list;
}

/// Of an attribute: an int is a number, a torch.Size a list, others are words.
void print_json(const SliceOptions& options, const TensorAnswer& answer) {
  Json json;
  json["expression"] = options.expression;
  json["type"] = answer.type;
  json["text"] = answer.text;
  json["value"] = answer.text;
  if (answer.type == "int") json["value"] = answer.numbers.front();
  if (answer.type == "torch.Size") json["value"] = answer.numbers;
  print(pretty(json) + "\n");
}

void print_json(const SliceOptions& options, const LoadedTensor& loaded, const TensorSlice& slice) {
  Json json;
  json["expression"] = options.expression;
  json["shape"] = std::vector<int64_t>(slice.shape.begin(), slice.shape.end());
  json["dtype"] = torch_dtype(slice.tensor.dtype());
  json["device"] = "cpu";
  json["dim"] = slice.shape.rank();
  json["ndim"] = slice.shape.rank();
  json["numel"] = slice.numel();
  if (loaded.conversion) json["stored_dtype"] = loaded.conversion->args[1];
  if (const std::string& number = loaded.unfit.in(slice.tensor.dtype()); !number.empty()) {
    json["rounded"] = {{"from", number}, {"to", rounded_whole(number, slice.tensor.dtype())}};
  }
  json["text"] = torch_repr(slice);
  if (slice.numel() <= kMostJsonNumbers) json["values"] = nested(slice);
  print(pretty(json) + "\n");
}

void print_text(const TensorSlice& slice) {
  const std::string rank = std::to_string(slice.shape.rank());
  print("shape    " + torch_size(slice.shape) + "\ndtype    " + torch_dtype(slice.tensor.dtype()) +
        "\ndevice   cpu\nsize()   " + torch_size(slice.shape) + "\ndim()    " + rank + "\nndim     " + rank +
        "\nnumel()  " + std::to_string(slice.numel()) + "\n\n" + torch_repr(slice) + "\n");
}

Result<void> run_slice(const SliceOptions& options) {
  if (options.output) {
    if (Result<void> good = check_tensor_output(*options.output, options.value_range); !good) return good;
  } else if (options.value_range) {
    return Error{"error.missing_option", "-o", {"-o"}};
  }
  const Result<LoadedTensor> loaded = load_tensor(options.input, "x");
  if (!loaded) return loaded.error();
  const Result<TensorAnswer> answer = ask_tensor(loaded->tensor, options.expression);
  if (!answer) return answer.error();
  const std::optional<TensorSlice>& slice = answer->slice;
  if (!slice) {
    if (options.output) return Error{"error.slice_not_a_tensor", "-o", {options.expression}};
    if (options.json) {
      print_json(options, *answer);
    } else {
      print(answer->text + "\n");
    }
    return {};
  }
  std::string said = loading_lines(*loaded, loaded->tensor.dtype());
  if (options.output) {
    const Result<Tensor> copy = slice->to_tensor();
    if (!copy) return copy.error();
    AtomicFiles files;
    Result<std::string> written = add_tensor(files, *options.output, *copy, options.value_range);
    if (!written) return written.error();
    if (Result<void> done = files.commit(); !done) return done;
    said += *written;
  }
  if (options.json) {
    print_json(options, *loaded, *slice);
    return {};
  }
  print(said);
  if (!options.output) print_text(*slice);
  return {};
}

}  // namespace

void add_slice_command(CLI::App& app, Run& run) {
  auto options = std::make_shared<SliceOptions>();
  CLI::App* command = app.add_subcommand("slice", words("cli.slice"));
  command->add_option("input", options->input, words("cli.slice.input"))->required();
  command->add_option("expression", options->expression, words("cli.slice.expression"));
  command->add_option("-o,--output", options->output, words("cli.slice.output"));
  command->add_option("--value-range", options->value_range, words("cli.value_range"));
  command->add_flag("--json", options->json, words("cli.json"));
  command->callback([options, &run] { run = [options] { return run_slice(*options); }; });
}

}  // namespace convscope
