// The document: everything a user has chosen, as plain data.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/language/language.h"
#include "engine/algorithm.h"
#include "engine/conv_params.h"
#include "engine/receptive_field.h"
#include "engine/result.h"
#include "engine/shape.h"

namespace convscope {

enum class Lens : uint8_t {
  sliding,
  isometric,
  im2col,
  toeplitz,
  coverage,
  loops,
  gradient,
  scatter,
  gather,
  pooling,
  slices,
  receptive_field,
};
enum class ThemeId : uint8_t { light, dark, contrast };

/// Where the numbers of a tensor come from.
enum class SourceKind : uint8_t {
  arange,  // 0, 1, 2, ...
  ones,
  zeros,
  randn,        // torch.randn after manual_seed(seed)
  rand,         // torch.rand
  conv2d_init,  // nn.Conv2d's default weights (weight and bias only)
  named,        // a kernel from the list: `name` (weight only)
  values,       // typed in: `values`
  image,        // picture at `path` (input only)
  npy,          // .npy at `path`
  sample,       // the project's own picture (input only)
  onnx,         // of layer `name` of the model at `path`; the input is what `picture` is turned into before it
  mse,          // the gradient of a loss, see GradientSettings (grad_output only)
};

struct TensorSource {
  SourceKind kind = SourceKind::arange;
  std::string name;  // of a named kernel: "sobel_x"
  std::string path;  // of a file
  /// Typed numbers in row-major order; shared because sessions are copied for every undo step.
  std::shared_ptr<const std::vector<double>> values = nullptr;
  std::string picture = {};  // that is run through a model; empty: the project's own
  bool imagenet = false;     // whether its values are normalized as torchvision's models want them

  bool operator==(const TensorSource& other) const;
};

/// What conv3d's arguments have along the depth, in front of the height and width that ConvParams has.
struct DepthParams {
  int64_t kernel_size = 3;
  int64_t stride = 1;
  int64_t padding = 0;  // on both sides, of PaddingKind::numbers
  int64_t dilation = 1;
  int64_t front = 0, back = 0;  // of PaddingKind::pads
  bool operator==(const DepthParams&) const = default;
};

/// The arguments that conv2d has not. Source: torch.nn.ConvTranspose2d, torch.nn.MaxPool2d, torch.nn.AvgPool2d,
/// torch.nn.Conv3d.
struct MoreParams {
  Pair output_padding{0, 0};                // of conv_transpose2d
  bool ceil_mode = false;                   // of pooling
  bool count_include_pad = true;            // of avg_pool2d
  std::optional<int64_t> divisor_override;  // of avg_pool2d
  DepthParams depth;                        // of conv3d
  bool operator==(const MoreParams&) const = default;
};

/// Where backward() begins: the gradient of some loss by conv2d's output.
struct GradientSettings {
  /// Ones, as Y.sum().backward() has them; of kind mse: of F.mse_loss(Y, target).
  TensorSource grad_output{SourceKind::ones, {}, {}, nullptr};
  /// The output wished for. A named kernel stands for what it makes of the input, without a bias.
  TensorSource target{SourceKind::named, "sobel_x", {}, nullptr};
  bool operator==(const GradientSettings&) const = default;
};

/// Gradient descent from the session's weight and bias on, on F.mse_loss(Y, target): with it the gradient lens shows
/// one iteration for each step.
struct LearnSettings {
  bool on = false;
  double learning_rate = 0.1;
  int64_t steps = 50;
  bool operator==(const LearnSettings&) const = default;
};

/// What a lens leaves to those who look at it: the picture changes, the numbers do not.
struct PictureOptions {
  bool window_weights = true;   // sliding: the kernel's weights, small in the cells that it covers
  bool window_columns = false;  // im2col: windows are columns, as F.unfold() lays them out, not rows
  bool use_counts = false;      // im2col: cells are tinted by how many windows read them, not by their numbers
  bool operator==(const PictureOptions&) const = default;
};

/// Sets what the words say, separated by commas: "columns,counts"; each has its opposite: rows, numbers, weights,
/// no_weights. Errors: error.picture_option (args: found, the words).
Result<void> set_picture_options(std::string_view words, PictureOptions& options);

/// An operation with its tensors: what a picture is made of, whatever lens looks at it. Random sources draw from one
/// generator in the order input, weight, bias, grad_output, target, as a script would that calls
/// torch.manual_seed(seed) and then makes the tensors. Equality is by value.
struct Configuration {
  std::string operation = "conv2d";  // one of shown_operations()
  std::string title;                 // of a preset or project, may be empty
  ConvParams params;                 // what the operation takes of them; what it does not take stays for the next one
  MoreParams more;
  Shape input_shape{1, 1, 5, 5};  // of generated and typed input; a file's input brings its own
  int64_t seed = 0;
  TensorSource input;
  TensorSource weight{SourceKind::named, "ones", {}, nullptr};
  TensorSource bias{SourceKind::zeros, {}, {}, nullptr};
  Algorithm algorithm = Algorithm::automatic;

  GradientSettings gradient;
  LearnSettings learn;

  /// Layers whose receptive fields are looked at, a document of its own beside the operation; without layers: this
  /// configuration's own layer alone.
  LayerChain chain;

  /// Fields of the file that this version does not know, as JSON text; written back unchanged.
  std::string unknown_fields;

  bool operator==(const Configuration&) const = default;
};

/// What stands beside a session's own picture, see beside.h.
struct Beside {
  /// A configuration of its own; without: the session's own once more, in another lens.
  std::optional<Configuration> other;
  std::optional<Lens> lens;  // of that side; without: the session's, as far as the operation there has it
  bool is_a = false;         // it stands first, and what is edited is B
  bool operator==(const Beside&) const = default;
};

/// One configuration, the one that is edited, how it is looked at, and perhaps another one to compare it with.
struct Session : Configuration {
  std::optional<Beside> beside;

  Lens lens = Lens::sliding;
  PictureOptions picture;
  int64_t step = 1;  // 1 .. step_count(), as the timeline counts
  double steps_per_second = 2.0;
  bool loop = true;
  ThemeId theme = ThemeId::light;
  Language language = Language::en;

  bool operator==(const Session&) const = default;
};

/// What is true of a lens whatever the picture: a row of the one table of lenses.
struct LensFacts {
  Lens lens;
  const char* name;                // in files and on the command line
  const char* label_key;           // of its words on a button
  bool conv, transposed, pooling;  // the operations that it shows
  bool conv1d, conv3d;             // and whether those over one and three axes are among them
};
const LensFacts& facts_of(Lens lens);

const char* name_of(Lens lens);        // "sliding", "im2col", ...
const char* name_of(ThemeId theme);    // "light", "dark", "contrast"
const char* name_of(SourceKind kind);  // as in the JSON
/// Whether an input of that kind has a shape of its own, whatever the session's input_shape says.
bool brings_its_shape(SourceKind kind);
/// Whether its numbers come from a file: image, npy, onnx.
bool is_of_file(SourceKind kind);
std::optional<Lens> lens_from_name(std::string_view name);
std::optional<ThemeId> theme_from_name(std::string_view name);
std::optional<SourceKind> source_kind_from_name(std::string_view name);
/// All lenses in the order of the toolbar, which shows those of the session's operation.
std::vector<Lens> all_lenses();
/// Their names as a sentence lists them: "sliding, im2col, toeplitz".
std::string names_of_lenses();

}  // namespace convscope
