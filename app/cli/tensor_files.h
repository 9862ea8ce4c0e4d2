// Tensors that come into a command and leave it: files, pictures, texts.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/io/atomic_file.h"
#include "app/io/npy.h"
#include "engine/result.h"
#include "engine/tensor.h"

namespace convscope {

struct LoadedTensor {
  Tensor tensor;
  bool is_float = false;  // was stored with a fraction or with a type, so its type counts
  bool is_double = false;
  bool is_text = false;                     // written out, so its shape may be short of channels
  std::optional<NpyConversion> conversion;  // of a .npy; of a picture, its scaling
  std::vector<std::string> losses;          // keys of words about what a picture had besides
  std::string name;                         // the file's; of a text, the argument it is given for
  UnfitWhole unfit = {};                    // whole numbers that a type would round
  Tensor exact = {};                        // the numbers of a text without a type as float64, in the tensor's shape

  /// The numbers in a type. Errors: those of Tensor::to().
  Result<Tensor> as(DType dtype) const;
};

/// What an option such as --weight names: an .npy file, a picture (1, C, H, W) of values over 255, a .txt file, or the
/// tensor itself written out, `[[1, 0], [0, -1]]`. A file of that name goes first.
/// `field` is the name of what is loaded, as in "weight". Errors: those of read_npy(), read_image(),
/// read_tensor_text().
Result<LoadedTensor> load_tensor(const std::string& argument, const std::string& field);

/// One line: what the file held and what it has become.
std::string conversion_line(const NpyConversion& conversion, DType became);
/// All that there is to say about a tensor that has become `became`, a line each: its conversion, and a whole number
/// that was rounded by it.
std::string loading_lines(const LoadedTensor& loaded, DType became);

/// Whether a result can be written under this name: .npy, or .png with a --value-range on request (`LOW,HIGH` or
/// `auto`; 0,1 by default). Errors: error.compute_output_ending, error.value_range_of_picture, error.not_a_number.
Result<void> check_tensor_output(const std::string& path, const std::optional<std::string>& value_range);

/// Adds a tensor to the files that a command writes, under a name that check_tensor_output() has found good. Returns
/// what there is to say: of a .png one line about which values are black and white and how many were cut off, else
/// nothing. Errors: also error.output_not_a_picture, those of AtomicFiles, write_npy() and encode_png().
Result<std::string> add_tensor(AtomicFiles& files, const std::string& path, const Tensor& tensor,
                               const std::optional<std::string>& value_range);

}  // namespace convscope
