// A session as a short text to copy, to send and to paste: what a class opens to see the teacher's picture.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "app/session/session.h"

namespace convscope {

/// What every such text begins with. Behind it stand the version and a dot, then base64url (RFC 4648, without padding)
/// of the CRC-32 of the payload, four bytes, most significant first, and of the payload itself: raw DEFLATE (RFC 1951)
/// with a dictionary of the words that sessions are made of. The payload is JSON, the merge patch (RFC 7386) that turns
/// the default session's file into this one's; in it {"beside": {"patch": ...}} is the merge patch that turns A,
/// without what is a matter of both, into B. All characters may stand in a web address.
inline constexpr std::string_view kSharePrefix = "convscope:";
/// Grows when a text of today would be read as something else tomorrow: the dictionary or the default session changed.
inline constexpr int kShareVersion = 1;

/// The longest text that is written and read. It is pasted into chats and given to a command line.
inline constexpr size_t kMostShareCharacters = 1 << 15;
/// Numbers of a file's tensor that travel inside the text in the place of the file.
inline constexpr int64_t kMostSharedNumbers = 4096;
/// Of the unpacked JSON: what a few bytes claim to hold is not believed beyond this.
inline constexpr size_t kMostShareJson = 1 << 20;

/// Whether a text is meant as a shared session; leading blanks do not matter.
bool is_share_text(std::string_view text);

/// The session as a text. Typed numbers travel inside it, and so do the numbers of a small .npy file or picture, as
/// numbers typed: a path means nothing on another computer. Reads those files.
/// Errors: error.share_file_too_large (args: tensor, path, numbers, limit), error.share_too_long (args: characters,
/// limit), those of reading the files and of the plan that says which shapes they have.
Result<std::string> share_text(const Session& session);

/// Reads such a text; line breaks and blanks that a mail program put in do not matter.
/// Errors: error.share_newer (args: version, known version), error.share_character (args: character, position),
/// error.share_truncated, error.share_altered, error.share_too_large (args: limit), error.share_file (args: field,
/// path), those of session_from_json().
Result<Session> session_from_share_text(std::string_view text);

}  // namespace convscope
