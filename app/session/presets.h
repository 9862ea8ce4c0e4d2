// The built-in sessions, from assets/presets/*.json, embedded at build time.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/session/layer_code.h"
#include "app/session/session.h"

namespace convscope {

struct Preset {
  std::string name;       // "padding_strides"
  std::string title_key;  // "preset.padding_strides"
  std::string group_key;  // heading in the menu, "preset_group.conv_arithmetic"
  std::vector<Lens> lenses;
  Session session;
};

/// In menu order. Parsed once.
const std::vector<Preset>& presets();
/// What opens at a first start: the tutorial's 5x5 example, whose numbers can be checked in the head.
const Preset& first_preset();
const Preset* find_preset(std::string_view name);

/// The preset whose name is most like the text.
std::string nearest_preset(std::string_view name);

/// What the commands take: the name of a preset or the path of a session file, of a file that was exported with its
/// session in it, of a chain of layers, of an image or a .npy (the last two become a session with that input), of
/// a model's layer, "net.onnx:conv1" (model.h), the text of a shared session (share_text.h) or a layer's call as in a
/// script (layer_code.h). `notes` (may be null) takes what of the code could not be used. Errors: error.unknown_session
/// (args: text, nearest preset), error.no_session_inside (args: path), those of loading and reading.
Result<Session> open_session(const std::string& preset_or_path, std::vector<CodeNote>* notes = nullptr);

/// What `--beside B --lens L,M` ask of a session: B beside it, A in lens L, B in M; without `beside` the second lens
/// shows A's own numbers. What is not given stays as the session has it. Errors: open_session()'s, error.export_lens,
/// error.lens_gradient.
struct BesideChoice {
  std::string beside;  // empty: none
  std::optional<Lens> lens, lens_b;
};
Result<void> apply_beside(Session& session, const BesideChoice& choice, std::vector<CodeNote>* notes = nullptr);

/// Whether that is no preset and no file, but the session itself: shared, or code.
bool is_session_text(const std::string& text);
/// What the window calls what was opened under that name: a preset by its name, a file by its own without the ending;
/// nothing for a text, which is its own name.
std::string title_of(const std::string& preset_or_path);

/// The session that an exported file carries; empty where the file is another one, or carries none that can be read.
std::optional<Session> carried_session(const std::string& path);

/// Numbers of a text that becomes typed input: they are kept in the session and in every project file of it.
inline constexpr int64_t kMaxTextInput = 1 << 18;
/// Whether a file of that name is opened as the input: .npy, .npz or an array of it, .txt or a picture.
bool is_tensor_name(const std::string& path);

/// Whether the file is a chain of layers (see chain_json.h). Reads it.
bool is_chain_file(const std::string& path);
/// Whether what was opened under this name is saved back there: a session's file is, but a preset, an exported file and
/// what only became part of a session, a tensor or a chain, are not written over.
bool is_project_file(const std::string& name);
/// The session with that chain as the one it looks at, in the lens of receptive fields, called as the file is. Errors:
/// those of reading and of chain_from_json().
Result<Session> session_with_chain_file(const Session& base, const std::string& path);

/// A default session with that file as its input or weight: in_channels, groups and input_shape follow the file.
Result<Session> session_with_input_file(const Session& base, const std::string& path);

}  // namespace convscope
