// The session inside an exported picture, animation, page or document: how it is written there, and found again.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace convscope {

/// Where formats have named texts, this is the name.
inline constexpr std::string_view kCarriedKey = "convscope-session";
/// Larger ones (typed tensors of a hundred thousand numbers) are left out.
inline constexpr size_t kMostCarriedBytes = size_t{1} << 20;

/// JSON on one line of ASCII without <, > and &, so that it can stand in XML, HTML, PDF and comments as it is; empty
/// when it is larger than kMostCarriedBytes.
std::string carried_form(std::string_view json);

/// An XMP packet with a clip's title, description and session, for the formats that keep one.
/// Source: ISO 16684-1; Adobe's XMP Specification Part 3 for where files have it.
std::string xmp_packet(std::string_view title, std::string_view description, std::string_view carried);

/// The user type of MP4's XMP box.
inline constexpr std::string_view kXmpBox{"\xBE\x7A\xCF\xCB\x97\xA9\x42\xE8\x9C\x71\x99\x94\x91\xE3\xAF\xAC", 16};
inline constexpr const char* kMatroskaTag = "CONVSCOPE_SESSION";
inline constexpr std::string_view kPdfKey = "ConvScopeSession";
inline constexpr std::string_view kTexPrefix = "%convscope ";

struct CarriedText {
  bool can_carry = false;           // the file is of a format that exports have
  std::optional<std::string> json;  // what it carries
};
/// Looks into PNG, GIF, WebP, MP4, WebM, SVG, HTML, PDF and TeX, told by their first bytes; damaged files carry
/// nothing. Of long clips only the headers are read.
CarriedText carried_text(const std::string& path);

}  // namespace convscope
