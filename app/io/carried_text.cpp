#include "app/io/carried_text.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>

namespace convscope {

namespace {

/// Documents are searched as a whole up to this size, larger ones at both ends.
constexpr uint64_t kSearchedBytes = uint64_t{4} << 20;
/// No file has more chunks before what is looked for; guards against loops in damaged ones.
constexpr int kMostChunks = 2'000'000;

/// A file that is read in small pieces wherever they lie.
class Window {
 public:
  explicit Window(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    struct stat status = {};
    if (fd_ >= 0 && ::fstat(fd_, &status) == 0 && S_ISREG(status.st_mode)) {
      size_ = static_cast<uint64_t>(status.st_size);
    }
  }
  ~Window() {
    if (fd_ >= 0) ::close(fd_);
  }
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;

  uint64_t size() const { return size_; }
  /// At most `count` bytes, fewer at the end.
  std::string read(uint64_t at, uint64_t count) const {
    if (at >= size_) return {};
    std::string bytes(static_cast<size_t>(std::min(count, size_ - at)), '\0');
    size_t done = 0;
    while (done < bytes.size()) {
      const ssize_t got = ::pread(fd_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(at + done));
      if (got <= 0) break;
      done += static_cast<size_t>(got);
    }
    bytes.resize(done);
    return bytes;
  }

 private:
  int fd_ = -1;
  uint64_t size_ = 0;
};

uint64_t number(std::string_view bytes, bool little) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    value = value << 8 | static_cast<unsigned char>(bytes[little ? bytes.size() - 1 - i : i]);
  }
  return value;
}

/// What stands between two marks; empty when they are not both there.
std::optional<std::string> between(std::string_view text, std::string_view before, std::string_view after) {
  const size_t from = text.find(before);
  if (from == text.npos) return std::nullopt;
  const size_t to = text.find(after, from + before.size());
  if (to == text.npos) return std::nullopt;
  return std::string(text.substr(from + before.size(), to - from - before.size()));
}

std::optional<std::string> in_xmp(std::string_view packet) {
  return between(packet, "<convscope:session>", "</convscope:session>");
}

std::optional<std::string> in_png(const Window& file) {
  uint64_t at = 8;
  for (int i = 0; i < kMostChunks; ++i) {
    const std::string head = file.read(at, 8);
    if (head.size() < 8) return std::nullopt;
    const uint64_t length = number(std::string_view(head).substr(0, 4), false);
    const std::string type = head.substr(4);
    if (type == "IDAT") return std::nullopt;  // ours come before the pixels
    if (type == "iTXt" && length <= kMostCarriedBytes + 64) {
      const std::string data = file.read(at + 8, length);
      // keyword, compression flag and method, language and translated keyword, both empty
      std::string start(kCarriedKey);
      start.append(5, '\0');
      if (data.starts_with(start)) return data.substr(start.size());
    }
    at += 12 + length;
  }
  return std::nullopt;
}

std::optional<std::string> in_gif(const Window& file) {
  const std::string head = file.read(0, 13);
  if (head.size() < 13) return std::nullopt;
  const auto table_bytes = [](char flags) { return (flags & 0x80) != 0 ? uint64_t{3} << ((flags & 7) + 1) : 0; };
  uint64_t at = 13 + table_bytes(head[10]);
  for (int i = 0; i < kMostChunks; ++i) {
    const std::string block = file.read(at, 2);
    // ours come before the first picture
    if (block.size() < 2 || block[0] != 0x21) return std::nullopt;
    const bool comment = static_cast<unsigned char>(block[1]) == 0xFE;
    at += 2;
    std::string text;
    for (;;) {
      const std::string size = file.read(at, 1);
      if (size.empty()) return std::nullopt;
      const auto count = static_cast<unsigned char>(size[0]);
      at += 1;
      if (count == 0) break;
      if (comment && text.size() <= kMostCarriedBytes) text += file.read(at, count);
      at += count;
    }
    if (comment && text.starts_with("{") && text.find(kCarriedKey) != text.npos) return text;
  }
  return std::nullopt;
}

std::optional<std::string> in_webp(const Window& file) {
  uint64_t at = 12;
  for (int i = 0; i < kMostChunks; ++i) {
    const std::string head = file.read(at, 8);
    if (head.size() < 8) return std::nullopt;
    const uint64_t length = number(std::string_view(head).substr(4), true);
    if (head.starts_with("XMP ")) return in_xmp(file.read(at + 8, std::min<uint64_t>(length, kSearchedBytes)));
    at += 8 + length + length % 2;
  }
  return std::nullopt;
}

std::optional<std::string> in_mp4(const Window& file) {
  uint64_t at = 0;
  for (int i = 0; i < kMostChunks; ++i) {
    const std::string head = file.read(at, 32);
    if (head.size() < 8) return std::nullopt;
    uint64_t length = number(std::string_view(head).substr(0, 4), false), header = 8;
    if (length == 1 && head.size() >= 16) length = number(std::string_view(head).substr(8, 8), false), header = 16;
    if (length == 0) length = file.size() - at;
    if (length < header || length > file.size() - at) return std::nullopt;
    if (head.substr(4, 4) == "uuid" && std::string_view(head).substr(header, kXmpBox.size()) == kXmpBox) {
      header += kXmpBox.size();
      return in_xmp(file.read(at + header, std::min(length - header, kSearchedBytes)));
    }
    at += length;
  }
  return std::nullopt;
}

/// An element of EBML: identifier, where its contents begin, and how long they are.
struct Element {
  uint64_t id = 0, begin = 0, length = 0;
};
std::optional<Element> element_at(const Window& file, uint64_t at) {
  const std::string head = file.read(at, 12);
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(head[i]); };
  const auto width_of = [](unsigned first) {
    size_t width = 1;
    while (width <= 8 && (first & (0x80u >> (width - 1))) == 0) ++width;
    return width;
  };
  if (head.empty()) return std::nullopt;
  const size_t id_width = width_of(byte(0));
  if (id_width > 4 || head.size() <= id_width) return std::nullopt;
  const size_t width = width_of(byte(id_width));
  if (width > 8 || head.size() < id_width + width) return std::nullopt;
  Element element;
  element.id = number(std::string_view(head).substr(0, id_width), false);
  const uint64_t length = number(std::string_view(head).substr(id_width, width), false);
  const uint64_t mask = (uint64_t{1} << (7 * width)) - 1;
  element.length = length & mask;
  element.begin = at + id_width + width;
  // all ones: the size is not known, so the element has the rest
  if (element.length == mask) element.length = file.size() - element.begin;
  return element;
}

std::optional<std::string> in_matroska(const Window& file, uint64_t begin, uint64_t end, std::string& name) {
  constexpr uint64_t kSegment = 0x18538067, kTags = 0x1254C367, kTag = 0x7373, kSimpleTag = 0x67C8;
  constexpr uint64_t kTagName = 0x45A3, kTagString = 0x4487;
  for (int i = 0; i < kMostChunks && begin < end; ++i) {
    const auto element = element_at(file, begin);
    if (!element || element->length > file.size() - element->begin) return std::nullopt;
    const uint64_t next = element->begin + element->length;
    if (element->id == kSegment || element->id == kTags || element->id == kTag || element->id == kSimpleTag) {
      if (auto found = in_matroska(file, element->begin, next, name)) return found;
    } else if (element->id == kTagName) {
      name = file.read(element->begin, std::min<uint64_t>(element->length, 256));
    } else if (element->id == kTagString && name == kMatroskaTag) {
      return file.read(element->begin, std::min<uint64_t>(element->length, kMostCarriedBytes));
    }
    begin = next;
  }
  return std::nullopt;
}

std::optional<std::string> in_pdf(std::string_view text) {
  // The last edition of the document's facts is the valid one.
  const std::string mark = "/" + std::string(kPdfKey) + " (";
  const size_t from = text.rfind(mark);
  if (from == text.npos) return std::nullopt;
  std::string json;
  for (size_t at = from + mark.size(); at < text.size(); ++at) {
    if (text[at] == ')') return json;
    if (text[at] == '\\' && ++at >= text.size()) break;
    json += text[at];
  }
  return std::nullopt;
}

std::optional<std::string> in_tex(std::string_view text) {
  std::string json;
  for (size_t at = text.find(kTexPrefix); at != text.npos;) {
    const size_t end = std::min(text.find('\n', at), text.size());
    json += text.substr(at + kTexPrefix.size(), end - at - kTexPrefix.size());
    if (end + 1 >= text.size() || !text.substr(end + 1).starts_with(kTexPrefix)) break;
    at = end + 1;
  }
  if (json.empty()) return std::nullopt;
  return json;
}

/// A whole document, or the beginning and the end of a long one.
std::string searched(const Window& file) {
  if (file.size() <= 2 * kSearchedBytes) return file.read(0, file.size());
  return file.read(0, kSearchedBytes) + '\n' + file.read(file.size() - kSearchedBytes, kSearchedBytes);
}

bool begins_like_svg(std::string_view head) {
  return head.starts_with("<svg") || (head.starts_with("<?xml") && head.find("<svg") != head.npos);
}

bool begins_like_html(std::string_view head) {
  std::string low(head.substr(0, 64));
  std::transform(low.begin(), low.end(), low.begin(), [](unsigned char c) { return std::tolower(c); });
  return low.starts_with("<!doctype html") || low.starts_with("<html");
}

}  // namespace

std::string carried_form(std::string_view json) {
  std::string out;
  const auto escape = [&out](unsigned value) {
    char digits[12];
    std::snprintf(digits, sizeof digits, "\\u%04x", value);
    out += digits;
  };
  for (size_t at = 0; at < json.size(); ++at) {
    const auto byte = static_cast<unsigned char>(json[at]);
    if (byte == '\n') {
      // the next line's indentation goes too; strings of JSON have no line breaks
      while (at + 1 < json.size() && json[at + 1] == ' ') ++at;
    } else if (byte == '<' || byte == '>' || byte == '&') {
      escape(byte);  // only in strings
    } else if (byte < 0x80) {
      out += json[at];
    } else {
      const int more = byte >= 0xF0 ? 3 : byte >= 0xE0 ? 2 : 1;
      uint32_t c = byte & (0x3Fu >> more);
      for (int i = 0; i < more && at + 1 < json.size(); ++i)
        c = c << 6 | (static_cast<unsigned char>(json[++at]) & 63u);
      if (c >= 0x10000) {
        escape(0xD800 + ((c - 0x10000) >> 10));
        escape(0xDC00 + ((c - 0x10000) & 0x3FF));
      } else {
        escape(c);
      }
    }
  }
  return out.size() <= kMostCarriedBytes ? out : std::string();
}

std::string xmp_packet(std::string_view title, std::string_view description, std::string_view carried) {
  std::string out =
      "<?xpacket begin=\"\xEF\xBB\xBF\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n"
      "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\n"
      "<rdf:Description rdf:about=\"\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" "
      "xmlns:convscope=\"urn:convscope:1\">\n";
  const auto words = [&out](const char* name, std::string_view text) {
    out.append("<dc:").append(name).append("><rdf:Alt><rdf:li xml:lang=\"x-default\">");
    for (const char c : text) {
      if (c == '<') {
        out += "&lt;";
      } else if (c == '&') {
        out += "&amp;";
      } else {
        out += c;
      }
    }
    out.append("</rdf:li></rdf:Alt></dc:").append(name).append(">\n");
  };
  if (!title.empty()) words("title", title);
  if (!description.empty()) words("description", description);
  if (!carried.empty()) out.append("<convscope:session>").append(carried).append("</convscope:session>\n");
  return out + "</rdf:Description></rdf:RDF></x:xmpmeta>\n<?xpacket end=\"r\"?>";
}

CarriedText carried_text(const std::string& path) {
  using namespace std::string_view_literals;
  const Window file(path);
  std::string first = file.read(0, 512);
  if (first.size() < 16) first.resize(16);  // long enough for every signature
  const std::string_view head = first;
  if (head.starts_with("\x89PNG\r\n\x1a\n"sv)) return {true, in_png(file)};
  if (head.starts_with("GIF89a"sv) || head.starts_with("GIF87a"sv)) return {true, in_gif(file)};
  if (head.starts_with("RIFF"sv) && head.substr(8, 4) == "WEBP"sv) return {true, in_webp(file)};
  if (head.substr(4, 4) == "ftyp"sv) return {true, in_mp4(file)};
  if (head.starts_with("\x1a\x45\xdf\xa3"sv)) {
    std::string name;
    return {true, in_matroska(file, 0, file.size(), name)};
  }
  if (head.starts_with("%PDF-"sv)) return {true, in_pdf(searched(file))};
  if (begins_like_svg(head)) {
    return {true, between(searched(file), "<metadata id=\"convscope-session\">", "</metadata>")};
  }
  if (begins_like_html(head)) {
    const std::string_view element = "<script type=\"application/json\" id=\"convscope-session\">";
    return {true, between(searched(file), element, "</script>")};
  }
  if (head.starts_with("%"sv) && path.ends_with(".tex")) return {true, in_tex(searched(file))};
  return {};
}

}  // namespace convscope
