#include "app/session/share_text.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <memory>
#include <optional>
#include <utility>

#include "app/session/beside.h"
#include "app/session/computation.h"
#include "app/session/json_reader.h"
#include "app/session/session_json.h"

namespace convscope {

namespace {

constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr size_t kChecksumBytes = 4;
constexpr int kRawDeflate = -15;  // a window of 2^15 bytes, no header

/// What DEFLATE may refer back to before the first byte; the most frequent last. Never change it within a version.
constexpr std::string_view kDictionary =
    R"("divisor_override":"count_include_pad":"learning_rate":"layers":"input_size":"chain":{"gradient":{"grad_output":)"
    R"({"target":{"learn":{"on":true,"steps":"dtype":"float64","conv2d_init"},"laplacian","gaussian","sharpen","seed":)"
    R"("algorithm":"im2col","zeros"},"ones"},"arange"},"randn"},"rand"},"sobel_x"},"title":"tutorial_no_padding_strides)"
    R"(_transposed","ceil_mode":true,"output_padding":[1,1],"padding_mode":"reflect","circular","replicate","bias":false)"
    R"(,"dilation":[2,2],"groups":2,"lens":"sliding","toeplitz","coverage","loops","gradient","scatter","gather","pooli)"
    R"(ng","receptive_field","loop":false,"theme":"dark","language":"zh","steps_per_second":"step":"input":{"source":"v)"
    R"(alues","values":[[0,1,2,3],[1,0],[-1,0],"shape":[1,3,"weight":{"source":"named","name":"ones"},"bias":{"source":)"
    R"({"operation":"conv_transpose2d","max_pool2d","avg_pool2d","params":{"in_channels":3,"out_channels":"kernel_size")"
    R"(:[3,3],"stride":[2,2],"padding":"same","pads":[1,1,1,1],"padding":[1,1]}})";

const Bytef* bytes_of(std::string_view text) { return reinterpret_cast<const Bytef*>(text.data()); }

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// ---------------------------------------------------------------------------------------------------------------
// JSON and its difference from the default

/// The default session's file, as this version's texts presuppose it.
Json base_json() { return Json::parse(session_to_json(Session())); }

/// The merge patch from `base` to `wanted`.
Json difference(const Json& base, const Json& wanted) {
  Json patch = Json::object();
  for (const auto& [key, value] : wanted.items()) {
    // In a patch null takes away, which for every field of ours says the same.
    if (value.is_null()) continue;
    const auto before = base.find(key);
    if (before == base.end()) {
      patch[key] = value;
    } else if (*before != value) {
      patch[key] = before->is_object() && value.is_object() ? difference(*before, value) : value;
    }
  }
  for (const auto& [key, value] : base.items()) {
    if (!wanted.contains(key)) patch[key] = nullptr;
  }
  return patch;
}

/// What a session's file and its "beside" have in common: B is told as its difference from A.
Json configuration_part(const Json& root) {
  Json part = root;
  for (const char* field :
       {"format", "version", "lens", "step", "steps_per_second", "loop", "theme", "language", "picture", "beside"}) {
    part.erase(field);
  }
  return part;
}

constexpr const char* kPatch = "patch";  // {"beside": {"patch": {...}}}

void pack_beside(Json& root) {
  const auto beside = root.find("beside");
  if (beside == root.end() || !beside->is_object() || !beside->contains("operation")) return;
  Json packed = Json::object();
  packed[kPatch] = difference(configuration_part(root), *beside);
  root["beside"] = std::move(packed);
}

void unpack_beside(Json& root) {
  const auto beside = root.find("beside");
  if (beside == root.end() || !beside->is_object() || !beside->contains(kPatch)) return;
  Json whole = configuration_part(root);
  whole.merge_patch((*beside)[kPatch]);
  root["beside"] = std::move(whole);
}

// ---------------------------------------------------------------------------------------------------------------
// Bytes and characters

std::string deflated(std::string_view text) {
  z_stream stream = {};
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kRawDeflate, 9, Z_DEFAULT_STRATEGY) != Z_OK) return {};
  deflateSetDictionary(&stream, bytes_of(kDictionary), static_cast<uInt>(kDictionary.size()));
  std::string out(deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
  stream.next_in = const_cast<Bytef*>(bytes_of(text));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int ended = deflate(&stream, Z_FINISH);
  out.resize(ended == Z_STREAM_END ? stream.total_out : 0);
  deflateEnd(&stream);
  return out;
}

Error truncated() { return Error{"error.share_truncated", "", {}}; }
Error altered() { return Error{"error.share_altered", "", {}}; }

Result<std::string> inflated(std::string_view bytes) {
  z_stream stream = {};
  if (inflateInit2(&stream, kRawDeflate) != Z_OK) return Error{"error.memory_exhausted", "", {}};
  inflateSetDictionary(&stream, bytes_of(kDictionary), static_cast<uInt>(kDictionary.size()));
  stream.next_in = const_cast<Bytef*>(bytes_of(bytes));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  std::array<char, 4096> piece{};
  int state = Z_OK;
  while (state == Z_OK && out.size() <= kMostShareJson) {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    state = inflate(&stream, Z_NO_FLUSH);
    out.append(piece.data(), piece.size() - stream.avail_out);
  }
  const bool all_read = stream.avail_in == 0;
  inflateEnd(&stream);
  if (state == Z_STREAM_END && out.size() <= kMostShareJson) return all_read ? Result<std::string>(out) : altered();
  if (out.size() > kMostShareJson) return Error{"error.share_too_large", "", {std::to_string(kMostShareJson)}};
  if (state == Z_BUF_ERROR) return truncated();
  return altered();
}

std::string checksum(std::string_view text) {
  const auto crc = static_cast<uint32_t>(crc32(0, bytes_of(text), static_cast<uInt>(text.size())));
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(crc >> shift & 0xFF);
  return bytes;
}

std::string to_base64url(std::string_view bytes) {
  std::string text;
  uint32_t bits = 0;
  int held = 0;
  for (const char byte : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(byte);
    for (held += 8; held >= 6; held -= 6) text += kDigits[bits >> (held - 6) & 63];
  }
  if (held > 0) text += kDigits[bits << (6 - held) & 63];
  return text;
}

/// `at` is the position of the first character in the whole text, for messages; `clean` whether no bit was left over.
Result<std::string> from_base64url(std::string_view text, size_t at, bool& clean) {
  std::string bytes;
  uint32_t bits = 0;
  int held = 0;
  size_t digits = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (is_blank(text[i]) || text[i] == '=') continue;
    const size_t digit = kDigits.find(text[i]);
    if (digit == std::string_view::npos) {
      size_t end = i + 1;  // the whole character, which may have several bytes
      while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
      const bool shown = static_cast<unsigned char>(text[i]) > ' ' && text[i] != 0x7F;
      const std::string found = shown ? std::string(text.substr(i, end - i)) : std::string("?");
      return Error{"error.share_character", "", {found, std::to_string(at + i + 1)}};
    }
    bits = bits << 6 | static_cast<uint32_t>(digit);
    ++digits;
    if ((held += 6) < 8) continue;
    held -= 8;
    bytes += static_cast<char>(bits >> held & 0xFF);
  }
  // One digit alone holds no byte.
  if (digits % 4 == 1) return truncated();
  clean = (bits & ((1U << held) - 1)) == 0;
  return bytes;
}

// ---------------------------------------------------------------------------------------------------------------
// Files

/// The shortest decimal number that is this one: 0.1 rather than 0.10000000149011612.
double short_decimal(double value, DType dtype) {
  if (dtype != DType::float32 || !std::isfinite(value)) return value;
  std::array<char, 32> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), static_cast<float>(value));
  double shorter = value;
  std::from_chars(text.data(), end.ptr, shorter);
  return static_cast<float>(shorter) == static_cast<float>(value) ? shorter : value;
}

TensorSource typed_numbers(const Tensor& tensor) {
  auto values = std::make_shared<std::vector<double>>(static_cast<size_t>(tensor.numel()));
  for (int64_t i = 0; i < tensor.numel(); ++i) {
    (*values)[static_cast<size_t>(i)] = short_decimal(tensor.at(i), tensor.dtype());
  }
  return {SourceKind::values, {}, {}, std::move(values)};
}

/// The session with numbers in the place of its files.
Result<Session> without_files(const Session& session) {
  Session copy = session;
  struct Place {
    TensorSource* source;
    const char* name;
  };
  const std::array<Place, 5> places = {{{&copy.input, "X"},
                                        {&copy.weight, "W"},
                                        {&copy.bias, "b"},
                                        {&copy.gradient.grad_output, "dY"},
                                        {&copy.gradient.target, "target"}}};
  bool any = false;
  for (const Place& place : places) any = any || is_of_file(place.source->kind);
  if (!any) return copy;

  TensorCache cache;
  const Result<OperationPlan> plan = plan_of(session, cache);
  if (!plan) return plan.error();
  // Before a file of gigabytes is read.
  const std::array<Shape, 5> shapes = {plan->input_shape(), plan->weight_shape(), plan->bias_shape(),
                                       plan->output_shape(), plan->output_shape()};
  for (size_t i = 0; i < places.size(); ++i) {
    const int64_t count = shapes[i].numel().value_or(0);
    if (!is_of_file(places[i].source->kind) || count <= kMostSharedNumbers) continue;
    return Error{"error.share_file_too_large",
                 "",
                 {places[i].name, places[i].source->path, std::to_string(count), std::to_string(kMostSharedNumbers)}};
  }
  WishedTensors wished;
  const bool has_gradients = plan->conv2d() != nullptr && (is_of_file(session.gradient.grad_output.kind) ||
                                                           is_of_file(session.gradient.target.kind));
  const Result<ConvTensors> tensors = cache.tensors(session, *plan, has_gradients ? &wished : nullptr);
  if (!tensors) return tensors.error();
  const std::array<const Tensor*, 5> numbers = {&tensors->input, &tensors->weight, &tensors->bias, &wished.grad_output,
                                                &wished.target};
  for (size_t i = 0; i < places.size(); ++i) {
    if (!is_of_file(places[i].source->kind)) continue;
    // What the operation does not look at cannot be seen: its file's name need not travel.
    *places[i].source = numbers[i]->defined() ? typed_numbers(*numbers[i]) : TensorSource{SourceKind::ones, {}, {}, {}};
  }
  if (is_of_file(session.input.kind)) copy.input_shape = plan->input_shape();
  return copy;
}

}  // namespace

bool is_share_text(std::string_view text) { return trimmed(text).starts_with(kSharePrefix); }

Result<std::string> share_text(const Session& session) {
  Result<Session> portable = without_files(session);
  if (!portable) return portable.error();
  if (const std::optional<Session> other = other_side(session)) {
    const Result<Session> numbers = without_files(*other);
    if (!numbers) return numbers.error();
    portable->beside->other = static_cast<const Configuration&>(*numbers);
  }
  Json wanted = Json::parse(session_to_json(*portable));
  pack_beside(wanted);
  const std::string json = difference(base_json(), wanted).dump(-1, ' ', false, Json::error_handler_t::replace);
  const auto too_long = [](size_t characters) {
    return Error{"error.share_too_long", "", {std::to_string(characters), std::to_string(kMostShareCharacters)}};
  };
  if (json.size() > kMostShareJson) return too_long(json.size());
  const std::string packed = deflated(json);
  if (packed.empty()) return Error{"error.memory_exhausted", "", {}};
  std::string text(kSharePrefix);
  text += std::to_string(kShareVersion) + "." + to_base64url(checksum(json) + packed);
  if (text.size() > kMostShareCharacters) return too_long(text.size());
  return text;
}

Result<Session> session_from_share_text(std::string_view text) {
  text = trimmed(text);
  // Line breaks may come on top.
  if (text.size() > 2 * kMostShareCharacters) {
    return Error{"error.share_too_long", "", {std::to_string(text.size()), std::to_string(kMostShareCharacters)}};
  }
  if (!text.starts_with(kSharePrefix)) return altered();
  int version = 0;
  const char* const digits = text.data() + kSharePrefix.size();
  const auto read = std::from_chars(digits, text.data() + text.size(), version);
  const size_t behind = static_cast<size_t>(read.ptr - text.data());
  if (behind >= text.size()) return truncated();
  if (read.ec == std::errc::result_out_of_range || (read.ec == std::errc() && version > kShareVersion)) {
    const std::string found(digits, std::min<size_t>(static_cast<size_t>(read.ptr - digits), 20));
    return Error{"error.share_newer", "", {found, std::to_string(kShareVersion)}};
  }
  if (read.ec != std::errc() || version != kShareVersion || text[behind] != '.') return altered();
  bool clean = false;
  const Result<std::string> bytes = from_base64url(text.substr(behind + 1), behind + 1, clean);
  if (!bytes) return bytes.error();
  if (bytes->size() <= kChecksumBytes) return truncated();
  const Result<std::string> json = inflated(std::string_view(*bytes).substr(kChecksumBytes));
  if (!json) return json.error();
  if (!clean || bytes->compare(0, kChecksumBytes, checksum(*json)) != 0) return altered();

  // Whoever makes a text by hand can make its checksum too: what is in it is read like any file.
  const Result<Json> patch = parse_json(*json);
  if (!patch) return patch.error();
  if (!patch->is_object()) return altered();
  Json merged = base_json();
  // What stands beside is told as its difference from A: the nulls in there are for unpack_beside().
  Json wanted = *patch, beside;
  if (const auto at = wanted.find("beside"); at != wanted.end()) {
    beside = std::move(*at);
    wanted.erase(at);
  }
  merged.merge_patch(wanted);
  if (!beside.is_null()) merged["beside"] = std::move(beside);
  unpack_beside(merged);
  Result<Session> session = session_from_json(merged.dump(-1, ' ', false, Json::error_handler_t::replace));
  if (!session) return session;
  constexpr std::array<const char*, 5> kFields = {"input", "weight", "bias", "grad_output", "target"};
  const std::vector<TensorSource*> sources = sources_of(*session);
  for (size_t i = 0; i < sources.size(); ++i) {
    // A stranger's text opens no file here.
    if (!is_of_file(sources[i]->kind)) continue;
    return Error{"error.share_file", "", {kFields[i % kFields.size()], FieldReader::shortened(sources[i]->path)}};
  }
  return session;
}

}  // namespace convscope
