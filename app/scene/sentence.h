// The step and the size formula in words and numbers.
#pragma once

#include <string>
#include <string_view>

#include "app/scene/painter.h"
#include "app/session/operation_plan.h"
#include "engine/algorithm.h"
#include "engine/trace.h"

namespace convscope {

struct Stage;

/// A number as text on the stack.
struct Digits {
  char text[32];
  int length = 0;
  explicit Digits(int64_t value);
  explicit Digits(double value);  // as format_number() with ten characters
  operator std::string_view() const { return {text, static_cast<size_t>(length)}; }
};

/// Appends a template with {0}, {1}, ... replaced, without allocating anything of its own.
void append_words(std::string& out, std::string_view words, std::initializer_list<std::string_view> args);

/// "Step 4 of 9: Y[0, 0, 1, 0] = 9 products, sum 1.5 + bias 0.1 = 1.6", and for the algorithms that read_slices() the
/// part of the input behind it: "; reads X[0, :, 2:5, 3:6]".
void append_sentence(std::string& out, Language language, const ConvPlan& plan, int64_t step,
                     const CellArithmetic& arithmetic, Algorithm algorithm = Algorithm::automatic);

/// "0, 2, 1, 3": the indices of a cell as PyTorch has them, "0, 2, 3" of a conv1d. Returns the length.
int index_text(char* out, size_t capacity, const ConvPlan& plan, const OutputCell& cell, bool with_image = true);

/// Whether an algorithm is the tutorial's: windows cut out of the padded input, as Python's slices have it.
bool reads_slices(Algorithm algorithm);
/// "X[0, :, 2:5, 3:6]": what is read for an output cell, of the padded input where there is padding.
void append_slice(std::string& out, const ConvPlan& plan, const OutputCell& cell);
/// "reads X[0, :, 2:5, 3:6] of the padded X".
void append_reads(std::string& out, Language language, const ConvPlan& plan, const OutputCell& cell);

/// "sum = 1.5", or "sum of 16 channels = 1.5".
void append_channel_sum(std::string& out, Language language, int64_t channels, double sum);

/// "floor((5 + 2*1 - 1*(3 - 1) - 1) / 2) + 1 = 3" for one axis, with real brackets of floor.
void append_size_formula(std::string& out, const ConvPlan& plan, bool horizontal);
/// The same of any operation (operation_sentence.cpp).
void append_size_formula(std::string& out, const OperationPlan& plan, bool horizontal);
/// Whether both axes have the same numbers in their formula.
bool same_on_both_axes(const ConvPlan& plan);
bool same_on_both_axes(const OperationPlan& plan);

/// "floor((4 + 2*0 - 1*(2 - 1) - 1) / 1) + 1 = 3" of one axis of a direct convolution.
void append_size_formula(std::string& out, const WindowAxis& axis);

/// The size formula as a caption has it: once where it is the same for both axes.
struct FormulaWords {
  bool same = false;
  std::string height, width;  // of `same`, height alone
  std::string depth;          // of a volume whose depth has other numbers; the others then say theirs
};
/// Remembered between frames of the same plan.
const FormulaWords& formula_words(Language language, const OperationPlan& plan);
/// A line as long as the longest that a step of this plan can have, whose numbers are as long as `output`'s.
const std::string& longest_sentence(Language language, const ConvPlan& plan, const NumberRange& output,
                                    Algorithm algorithm);

/// A paragraph in one size.
inline constexpr float kLineHeight = 1.42f;  // of a size
struct Paragraph {
  float size = 0;
  int lines = 1;
  float height() const { return static_cast<float>(lines) * size * kLineHeight; }
};
/// One line no larger than `wanted`; where it would be smaller than `least`, lines of that size.
Paragraph paragraph_of(const Painter& painter, std::string_view words, Face face, float wanted, float least,
                       float room);
/// From `y` on down; `x` as `align` says.
void draw_paragraph(Painter& painter, std::string_view words, const Paragraph& paragraph, float room, float x, float y,
                    Role role, Align align, Face face);

/// Of formula and step together: more lines where a picture is too narrow for words that can be read.
float caption_height(const Painter& painter, const FormulaWords& formula, std::string_view longest_sentence, float ui,
                     float room);
/// Formula and step at the bottom of the picture. The step's line is complete from the step's first moment, because a
/// picture tells the whole situation, and begins at the same place in every step: where the widest one begins. Narrow
/// pictures break it into lines.
void draw_caption(Painter& painter, const Stage& stage, const FormulaWords& formula, std::string_view longest_sentence,
                  std::string_view sentence);

}  // namespace convscope
