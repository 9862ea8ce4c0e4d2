#include "app/io/written_tensor.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "app/io/atomic_file.h"
#include "app/io/npy.h"
#include "app/io/npz.h"
#include "app/io/tensor_text.h"

namespace convscope {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

PrintedDigits printed_digits(std::string_view raw) {
  const std::string plain = without_comments(raw);
  std::string_view text = plain;
  // What stands around the brackets, such as torch.float64, is no number.
  const size_t begin = text.find('['), end = text.rfind(']');
  if (begin != std::string_view::npos && end != std::string_view::npos && begin < end) {
    text = text.substr(begin, end - begin);
  }
  PrintedDigits digits;
  for (size_t at = 0; at < text.size(); ++at) {
    if (!is_digit(text[at]) && text[at] != '.') continue;
    size_t point = at;
    while (point < text.size() && is_digit(text[point])) ++point;
    size_t behind = point;
    if (point < text.size() && text[point] == '.') {
      ++behind;
      while (behind < text.size() && is_digit(text[behind])) ++behind;
      digits.decimals = std::max(digits.decimals, static_cast<int>(std::min<size_t>(behind - point - 1, 400)));
    }
    at = behind;
    if (behind >= text.size() || (text[behind] != 'e' && text[behind] != 'E')) continue;
    digits.scientific = true;
    digits.decimals = std::max(digits.decimals, 0);
    ++at;
    while (at < text.size() && (is_digit(text[at]) || text[at] == '-' || text[at] == '+')) ++at;
  }
  // "1." is how whole numbers are printed.
  if (digits.decimals == 0 && !digits.scientific) digits.decimals = -1;
  return digits;
}

Result<WrittenTensor> written_tensor(std::string_view text) {
  const Result<TensorText> numbers = parse_tensor_text(text, TensorTextUse::tensor);
  if (!numbers) return numbers.error();
  Result<Tensor> tensor = Tensor::uninitialized(numbers->shape, DType::float64);
  if (!tensor) return tensor.error();
  std::copy(numbers->values.begin(), numbers->values.end(), tensor->mutable_data<double>());
  return WrittenTensor{*std::move(tensor), printed_digits(text)};
}

Result<WrittenTensor> read_written_tensor(const std::string& path) {
  if (is_array_path(path)) {
    const Result<NpyFile> file = read_npy(path);
    if (!file) return file.error();
    return WrittenTensor{file->tensor, {}};
  }
  // A million numbers, each with as many characters as a double can need, and what stands between them.
  constexpr int64_t kMostBytes = kMaxTensorTextValues * 32;
  const Result<std::string> text = read_file(path, kMostBytes);
  if (!text) return text.error();
  return written_tensor(*text);
}

std::string number_text(const Tensor& tensor, int64_t flat) {
  std::array<char, 32> text{};
  char* const end = text.data() + text.size();
  const auto written = tensor.dtype() == DType::float32 ? std::to_chars(text.data(), end, tensor.data<float>()[flat])
                                                        : std::to_chars(text.data(), end, tensor.data<double>()[flat]);
  return {text.data(), written.ptr};
}

}  // namespace convscope
