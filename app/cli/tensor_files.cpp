#include "app/cli/tensor_files.h"

#include <array>
#include <charconv>
#include <filesystem>

#include "app/cli/arguments.h"
#include "app/cli/messages.h"
#include "app/io/image.h"
#include "app/io/npz.h"
#include "app/io/tensor_picture.h"
#include "app/io/tensor_text.h"

namespace convscope {

namespace {

/// `name` is the file's or what the text is given for.
Result<LoadedTensor> from_text(const Result<TensorText>& text, const std::string& name) {
  if (!text) return text.error();
  Result<Tensor> tensor = tensor_from_text(*text);
  if (!tensor) return tensor.error();
  LoadedTensor loaded{*tensor, text->dtype.has_value(), tensor->dtype() == DType::float64, true, {}, {}, name};
  loaded.unfit = text->unfit;
  if (text->dtype) return loaded;
  // Beside float64 it becomes float64, and 0.1 is another number there.
  TensorText precise = *text;
  precise.dtype = DType::float64;
  Result<Tensor> exact = tensor_from_text(precise);
  if (!exact) return exact.error();
  loaded.exact = *std::move(exact);
  return loaded;
}

Result<LoadedTensor> from_picture(const Result<Picture>& picture, const std::string& path) {
  if (!picture) return picture.error();
  LoadedTensor loaded{picture->tensor, true, false, false, {}, {}, path};
  const char* const stored = picture->is_16_bit ? "uint16" : "uint8";
  loaded.conversion = NpyConversion{"picture.scaled", {path, stored, name_of(DType::float32)}};
  if (picture->is_16_bit) loaded.losses.emplace_back("picture.upper_bits");
  if (picture->has_alpha) loaded.losses.emplace_back(picture->is_transparent ? "picture.over_white" : "picture.opaque");
  return loaded;
}

bool ends_as(const std::string& path, std::string_view ending) {
  return std::filesystem::path(path).extension() == ending;
}

/// Nothing for `auto`.
Result<std::optional<ValueRange>> parse_value_range(const std::optional<std::string>& text) {
  if (!text) return std::optional<ValueRange>(ValueRange{});
  if (*text == "auto") return std::optional<ValueRange>();
  const std::vector<std::string_view> parts = split(*text, ',');
  const Error malformed{"error.not_a_number", "--value-range", {"--value-range", *text, "@cli.value_range_form"}};
  if (parts.size() != 2) return malformed;
  const Result<double> low = parse_number(parts[0], "--value-range");
  const Result<double> high = parse_number(parts[1], "--value-range");
  if (!low || !high || !(*low < *high)) return malformed;
  return std::optional<ValueRange>(ValueRange{*low, *high});
}

/// As short as it reads back.
std::string shortest(double value) {
  std::array<char, 32> text{};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

}  // namespace

Result<Tensor> LoadedTensor::as(DType dtype) const {
  if (dtype == DType::float64 && exact.defined()) return exact.reshaped(tensor.shape());
  return tensor.to(dtype);
}

Result<LoadedTensor> load_tensor(const std::string& argument, const std::string& field) {
  std::error_code ignored;
  if (is_written_tensor(argument) && !is_array_path(argument) && !std::filesystem::exists(argument, ignored)) {
    return from_text(parse_tensor_text(argument, TensorTextUse::tensor), field);
  }
  if (ends_as(argument, ".txt")) return from_text(read_tensor_text(argument), argument);
  if (is_image_name(argument)) {
    return from_picture(read_picture(argument), argument);
  }
  Result<NpyFile> file = read_npy(argument);
  if (!file) return file.error();
  LoadedTensor loaded{file->tensor, file->stored_type[1] == 'f', file->dtype == DType::float64, false, {}, {},
                      argument};
  loaded.unfit = file->unfit;
  if (file->converted) loaded.conversion = conversion_of(*file, argument);
  return loaded;
}

std::string conversion_line(const NpyConversion& conversion, DType became) {
  std::vector<std::string> args = conversion.args;
  args.back() = name_of(became);
  return tr(cli_language(), conversion.key, args) + "\n";
}

std::string loading_lines(const LoadedTensor& loaded, DType became) {
  std::string lines = loaded.conversion ? conversion_line(*loaded.conversion, became) : "";
  for (const std::string& key : loaded.losses) lines += tr(cli_language(), key, {loaded.name}) + "\n";
  const std::string& number = loaded.unfit.in(became);
  if (number.empty()) return lines;
  // Where the writer can mend it by naming the type, that is said too.
  const bool float64_holds = loaded.is_text && became == DType::float32 && loaded.unfit.in_float64.empty();
  return lines +
         tr(cli_language(), float64_holds ? "cli.whole_rounded_in_text" : "cli.whole_rounded",
            {loaded.name, number, name_of(became), rounded_whole(number, became)}) +
         "\n";
}

Result<void> check_tensor_output(const std::string& path, const std::optional<std::string>& value_range) {
  const bool is_picture = ends_as(path, ".png");
  if (!is_picture && !ends_as(path, ".npy")) return Error{"error.compute_output_ending", "-o", {path}};
  if (!is_picture && value_range) return Error{"error.value_range_of_picture", "--value-range", {path}};
  const Result<std::optional<ValueRange>> range = parse_value_range(value_range);
  if (!range) return range.error();
  return {};
}

Result<std::string> add_tensor(AtomicFiles& files, const std::string& path, const Tensor& tensor,
                               const std::optional<std::string>& value_range) {
  const Result<AtomicFile*> file = files.add(path);
  if (!file) return file.error();
  if (!ends_as(path, ".png")) {
    if (Result<void> written = write_npy(**file, tensor); !written) return written.error();
    return std::string();
  }
  const Result<std::optional<ValueRange>> wanted = parse_value_range(value_range);
  if (!wanted) return wanted.error();
  const ValueRange range = *wanted ? **wanted : value_range_of(tensor);
  const Result<TensorPng> png = tensor_png(path, tensor, range);
  if (!png) return png.error();
  if (Result<void> written = (*file)->write(png->bytes.data(), png->bytes.size()); !written) return written.error();
  const CutOff& cut_off = png->cut_off;
  const char* const key = cut_off.outside > 0 ? "cli.picture_cut_off" : "cli.picture_range";
  std::string said =
      tr(cli_language(), key, {path, shortest(range.low), shortest(range.high), std::to_string(cut_off.outside)}) +
      "\n";
  if (cut_off.not_finite > 0) {
    said += tr(cli_language(), "cli.picture_not_finite", {path, std::to_string(cut_off.not_finite)}) + "\n";
  }
  return said;
}

}  // namespace convscope
