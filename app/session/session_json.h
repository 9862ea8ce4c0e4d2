// Sessions as files: JSON with `format`, `version` and `operation`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "app/session/session.h"

namespace convscope {

/// Errors: error.json_syntax (args: line, column, found), error.json_format, error.json_version,
/// error.json_missing (args: field), error.json_type (args: field, wanted, found), error.json_value.
/// `base_folder` resolves relative paths of files named in the session.
Result<Session> session_from_json(std::string_view text, const std::string& base_folder = {});

/// Deterministic, two-space indented, ends with a newline.
std::string session_to_json(const Session& session);

enum class DocumentKind : uint8_t { session, lesson, chain };

/// Whether a text is a session, a lesson or a chain of layers in form, and which; of a lesson only the head is looked at.
/// Errors: those of session_from_json, of chain_from_json where it says that it is one.
Result<DocumentKind> check_document(std::string_view text, const std::string& base_folder = {});

/// An error of session_from_json() or check_document() as one of the file whose text it was found in: a syntax error
/// names the file (error.json_syntax_in_file, error.file_empty), others stay as they are.
Error error_in_file(Error error, std::string_view text, const std::string& path);

/// Reads a project file (at most 64 MiB). Errors: those of session_from_json and of reading.
Result<Session> load_session(const std::string& path);
/// The session as a file at `path` would carry it: files that it names are named from there ("../pictures/cat.png"), so
/// that the text tells no more of a computer's folders than it must.
std::string session_text_for(const std::string& path, const Session& session);
/// Whole or not at all.
Result<void> save_session(const std::string& path, const Session& session);

}  // namespace convscope
