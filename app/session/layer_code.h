// A layer out of code: what a line of PyTorch or Keras, or a whole script, says about the operation that is shown.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/language/language.h"
#include "app/session/layer_call.h"
#include "app/session/session.h"
#include "engine/result.h"
#include "engine/shape.h"

namespace convscope {

/// Something in the code that could not be used, and what was done about it: a key of the language files and what it
/// speaks of, as an Error has them.
struct CodeNote {
  std::string key;
  std::vector<std::string> args;
  bool operator==(const CodeNote&) const = default;
};

struct LayerCode {
  LayerCall call;
  std::optional<Shape> input_shape;  // where the code makes the input: torch.randn(1, 3, 224, 224)
  /// The input is the present one laid flat, not the code's: it may be made as long as the kernel needs.
  bool takes_any_length = false;
  std::vector<CodeNote> notes;
};

/// Reads one call and nothing else, as it stands in the window's field: `nn.Conv2d(...)`, `torch.nn.Conv2d(...)`, with
/// `conv = ` before it and a comment behind it, in a Sequential behind a module that pads; arguments by position or by
/// name. Arguments left out take PyTorch's defaults. Whether the numbers are legal is validate()'s affair.
/// Errors: error.constructor_*, with the argument's name as field where one is at fault; most of their args end with
/// the place, "line:column". Source: the signatures of torch.nn.Conv2d, ConvTranspose2d, MaxPool2d and AvgPool2d.
Result<LayerCall> parse_layer(std::string_view text);

/// Reads what people copy: a line or a whole script, with modules of torch.nn, functions of torch.nn.functional, Keras'
/// layers, or what PyTorch prints of a model. The first layer that can be shown is taken; names are followed to the
/// numbers they were assigned. What the code leaves open stays as it is in `now`; each of these, and each thing that
/// was left out, is a note. Pooling and transposed convolution over one axis become those over two with a height of 1.
/// Errors: as parse_layer()'s.
/// Source: the signatures of torch.nn, torch.nn.functional and keras.layers.
Result<LayerCode> read_layer_code(std::string_view text, const Session& now);

/// Whether a text that names no file may be such code: it has a call in it.
bool is_layer_code(std::string_view text);

/// A session of its own that shows the layer, its input large enough to look at.
Session session_of(const LayerCode& code);

/// The notes as sentences in a row; empty without any.
std::string words_of(Language language, const std::vector<CodeNote>& notes);

}  // namespace convscope
