#include "app/scene/sentence.h"
#include "app/scene/per_half.h"
#include "app/scene/words.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "app/scene/lens.h"
#include "engine/output_size.h"

namespace convscope {
namespace {

void append_integer(std::string& out, int64_t value) { out.append(Digits(value)); }

}  // namespace

Digits::Digits(int64_t value) : length(std::snprintf(text, sizeof text, "%lld", static_cast<long long>(value))) {}
Digits::Digits(double value) : length(format_number(value, 10, text, sizeof text)) {}

void append_words(std::string& out, std::string_view words, std::initializer_list<std::string_view> args) {
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i] == '{' && i + 2 < words.size() && words[i + 2] == '}' && words[i + 1] >= '0' && words[i + 1] <= '9') {
      const auto index = static_cast<size_t>(words[i + 1] - '0');
      if (index < args.size()) {
        out.append(args.begin()[index]);
        i += 2;
        continue;
      }
    }
    out += words[i];
  }
}

int index_text(char* out, size_t capacity, const ConvPlan& plan, const OutputCell& cell, bool with_image) {
  const int64_t at[] = {cell.n, cell.c, cell.y, cell.x};
  size_t length = 0;
  for (int axis = with_image ? 0 : 1; axis < 4 && length < capacity; ++axis) {
    if (axis == 2 && plan.dims == 1) continue;
    length += static_cast<size_t>(std::snprintf(out + length, capacity - length, length == 0 ? "%lld" : ", %lld",
                                                static_cast<long long>(at[axis])));
  }
  return static_cast<int>(std::min(length, capacity - 1));
}

bool reads_slices(Algorithm algorithm) { return algorithm == Algorithm::slices || algorithm == Algorithm::loops; }

void append_slice(std::string& out, const ConvPlan& plan, const OutputCell& cell) {
  // Of the padded input, whose first row is the first of the padding.
  const auto axis = [&out](int64_t at, int64_t stride, int64_t kernel, int64_t dilation) {
    const int64_t begin = at * stride;
    append_integer(out, begin);
    out += ':';
    append_integer(out, begin + dilation * (kernel - 1) + 1);
    if (dilation > 1 && kernel > 1) {
      out += ':';
      append_integer(out, dilation);
    }
  };
  out += "X[";
  if (!plan.unbatched) {
    append_integer(out, cell.n);
    out += ", ";
  }
  if (plan.groups == 1) {
    out += ':';
  } else {
    const int64_t first = cell.c / plan.kernels_per_group() * plan.channels_per_group();
    append_integer(out, first);
    out += ':';
    append_integer(out, first + plan.channels_per_group());
  }
  if (plan.dims == 2) {
    out += ", ";
    axis(cell.y, plan.stride.h, plan.kernel.h, plan.dilation.h);
  }
  out += ", ";
  axis(cell.x, plan.stride.w, plan.kernel.w, plan.dilation.w);
  out += ']';
}

void append_reads(std::string& out, Language language, const ConvPlan& plan, const OutputCell& cell) {
  thread_local std::string slice;  // keeps its memory from frame to frame
  slice.clear();
  append_slice(slice, plan, cell);
  append_words(out, words_of(language, plan.pads == Pads{} ? "scene.reads" : "scene.reads_padded"), {slice});
}

void append_sentence(std::string& out, Language language, const ConvPlan& plan, int64_t step, const CellArithmetic& a,
                     Algorithm algorithm) {
  char index[96];
  const int length = index_text(index, sizeof index, plan, a.cell, !plan.unbatched);
  const std::string_view where{index, static_cast<size_t>(length)};
  const Digits at(step + 1), steps(step_count(plan)), taps(plan.taps()), sum(a.sum), bias(a.bias), result(a.result);
  const bool one = plan.taps() == 1;
  if (plan.bias) {
    append_words(out, words_of(language, one ? "scene.sentence_bias_one" : "scene.sentence_bias"),
                 {at, steps, where, taps, sum, bias, result});
  } else {
    append_words(out, words_of(language, one ? "scene.sentence_one" : "scene.sentence"),
                 {at, steps, where, taps, result});
  }
  if (!reads_slices(algorithm)) return;
  out += words_of(language, "scene.clause");
  append_reads(out, language, plan, a.cell);
}

void append_channel_sum(std::string& out, Language language, int64_t channels, double sum) {
  if (channels == 1) {
    out.append("\u03a3 = ").append(Digits(sum));
  } else {
    append_words(out, words_of(language, "scene.channel_sum"), {Digits(channels), Digits(sum)});
  }
}

void append_size_formula(std::string& out, const WindowAxis& axis) {
  ConvPlan line;
  line.in.w = axis.extent;
  line.kernel.w = axis.kernel;
  line.stride.w = axis.stride;
  line.dilation.w = axis.dilation;
  line.pads.left = axis.pad_begin;
  line.pads.right = axis.pad_end;
  append_size_formula(out, line, true);
}

void append_size_formula(std::string& out, const ConvPlan& plan, bool horizontal) {
  const int64_t begin = horizontal ? plan.pads.left : plan.pads.top,
                end = horizontal ? plan.pads.right : plan.pads.bottom;
  const auto size =
      output_size(horizontal ? plan.in.w : plan.in.h, begin, end, horizontal ? plan.kernel.w : plan.kernel.h,
                  horizontal ? plan.dilation.w : plan.dilation.h, horizontal ? plan.stride.w : plan.stride.h);
  if (!size) return;
  out += "\u230a(";
  append_integer(out, size->n);
  out += " + ";
  if (begin == end) {
    out += "2\u00b7";
    append_integer(out, begin);
  } else {
    append_integer(out, begin);
    out += " + ";
    append_integer(out, end);
  }
  out += " \u2212 ";
  append_integer(out, size->d);
  out += "\u00b7(";
  append_integer(out, size->k);
  out += " \u2212 1) \u2212 1) / ";
  append_integer(out, size->s);
  out += "\u230b + 1 = ";
  append_integer(out, size->out);
}

bool same_on_both_axes(const ConvPlan& plan) {
  return plan.in.h == plan.in.w && plan.out.h == plan.out.w && plan.kernel.h == plan.kernel.w &&
         plan.stride.h == plan.stride.w && plan.dilation.h == plan.dilation.w && plan.pads.top == plan.pads.left &&
         plan.pads.bottom == plan.pads.right;
}

const FormulaWords& formula_words(Language language, const OperationPlan& plan) {
  struct Kept {
    OperationPlan plan;
    Language language = Language::en;
    FormulaWords words;
  };
  thread_local PerHalf<Kept> all;
  Kept& kept = all.now();
  if (!kept.words.height.empty() && kept.language == language && kept.plan == plan) return kept.words;
  kept = {plan, language, {}};
  FormulaWords& words = kept.words;
  words.same = same_on_both_axes(plan);
  const auto axis = [&](std::string& out, bool horizontal, const char* name) {
    out.append(words_of(language, name)).append(" = ");
    append_size_formula(out, plan, horizontal);
  };
  if (const ConvNdPlan* volume = plan.volume()) {
    const WindowAxis& depth = volume->windows.depth();
    if (words.same && depth == volume->windows.height()) {
      axis(words.height, false, "scene.size_all");
      return words;
    }
    words.depth.append(words_of(language, "scene.size_depth")).append(" = ");
    append_size_formula(words.depth, depth);
  }
  if (plan.dims() == 1) {
    words.same = true;  // one line, of the only axis
    axis(words.height, true, "scene.size_length");
    return words;
  }
  axis(words.height, false, words.same ? "scene.size_both" : "scene.size_height");
  if (!words.same) axis(words.width, true, "scene.size_width");
  return words;
}

const std::string& longest_sentence(Language language, const ConvPlan& plan, const NumberRange& output,
                                    Algorithm algorithm) {
  CellArithmetic longest;
  longest.cell = {plan.batch - 1, plan.out_channels - 1, plan.out.h - 1, plan.out.w - 1};
  const double magnitude = std::floor(output.max_abs()) + (output.integral ? 0 : 0.1111);
  longest.sum = longest.bias = longest.result = output.min < 0 ? -magnitude : magnitude;
  thread_local std::string words;  // keeps its memory from frame to frame
  words.clear();
  append_sentence(words, language, plan, step_count(plan) - 1, longest, algorithm);
  return words;
}

namespace {

// The formula and the step's line as large as they should be, and how small they may become before they are broken into
// several lines instead: nine pixels where an export has three quarters of a pixel for a unit.
constexpr float kFormulaSize = 17, kSentenceSize = 14;
constexpr float kLeastFormula = 13, kLeastSentence = 12;
constexpr float kAboveFormula = 4, kBetween = 4, kBelow = 3;

// Where the line that begins `words` ends so that it is not wider than `room`: behind a blank or a Chinese character,
// behind the first of them at least.
size_t line_end(const Painter& painter, std::string_view words, Face face, float size, float room) {
  size_t end = words.size();
  size_t fitting = 0;
  for (size_t at = 0; at < words.size();) {
    size_t next = at + 1;
    while (next < words.size() && (static_cast<unsigned char>(words[next]) & 0xC0) == 0x80) ++next;
    // Chinese and its punctuation, which never begins a line.
    const bool wide = static_cast<unsigned char>(words[at]) >= 0xE3;
    const bool punctuation_follows =
        words.substr(next).starts_with("\uff0c") || words.substr(next).starts_with("\uff1a");
    const bool breaks = words[at] == ' ' || (wide && !punctuation_follows);
    if (breaks || next == words.size()) {
      const std::string_view line = words.substr(0, words[at] == ' ' ? at : next);
      if (painter.width(line, face, size) > room) return fitting > 0 ? fitting : next;
      fitting = next;
    }
    at = next;
  }
  return end;
}

}  // namespace

Paragraph paragraph_of(const Painter& painter, std::string_view words, Face face, float wanted, float least,
                       float room) {
  Paragraph block{std::min(wanted, room / painter.width(words, face, 1)), 1};
  if (block.size >= least) return block;
  block = {least, 0};
  while (!words.empty()) {
    ++block.lines;
    words.remove_prefix(line_end(painter, words, face, least, room));
  }
  return block;
}

void draw_paragraph(Painter& painter, std::string_view words, const Paragraph& paragraph, float room, float x, float y,
                    Role role, Align align, Face face) {
  const float line = paragraph.size * kLineHeight;
  for (int i = 0; i < paragraph.lines && !words.empty(); ++i) {
    const size_t end = paragraph.lines == 1 || i + 1 == paragraph.lines
                           ? words.size()
                           : line_end(painter, words, face, paragraph.size, room);
    std::string_view here = words.substr(0, end);
    while (here.ends_with(' ')) here.remove_suffix(1);
    painter.text(here, x, y + (static_cast<float>(i) + 0.5f) * line, paragraph.size, role, align, face);
    words.remove_prefix(end);
  }
}

namespace {

struct Caption {
  // All axes on one line, or the one formula that holds for all; else a line for each.
  std::string formulas[3];
  int formula_count = 1;
  Paragraph formula[3], sentence;
  float height = 0;
};

const Caption& caption_of(const Painter& painter, const FormulaWords& formula, std::string_view longest, float ui,
                          float room) {
  thread_local PerHalf<Caption> all;  // keep their memory from frame to frame
  Caption& c = all.now();
  c.formula_count = 0;
  if (!formula.depth.empty()) c.formulas[c.formula_count++] = formula.depth;
  c.formulas[c.formula_count++] = formula.height;
  if (!formula.same) c.formulas[c.formula_count++] = formula.width;
  const float wanted = std::max(kFormulaSize * ui, kLeastFormula);
  if (c.formula_count > 1) {
    const float blank = painter.width("    ", Face::math, wanted);
    float wide = -blank;
    for (int i = 0; i < c.formula_count; ++i) wide += blank + painter.width(c.formulas[i], Face::math, wanted);
    if (wide <= room) {
      for (int i = 1; i < c.formula_count; ++i) c.formulas[0].append("    ").append(c.formulas[i]);
      c.formula_count = 1;
    }
  }
  c.height = (kAboveFormula + kBetween + kBelow) * ui;
  for (int i = 0; i < c.formula_count; ++i) {
    c.formula[i] = paragraph_of(painter, c.formulas[i], Face::math, wanted, kLeastFormula, room);
    c.height += c.formula[i].height();
  }
  c.sentence =
      paragraph_of(painter, longest, Face::sans, std::max(kSentenceSize * ui, kLeastSentence), kLeastSentence, room);
  c.height += c.sentence.height();
  return c;
}

}  // namespace

float caption_height(const Painter& painter, const FormulaWords& formula, std::string_view longest, float ui,
                     float room) {
  return caption_of(painter, formula, longest, ui, room).height;
}

void draw_caption(Painter& painter, const Stage& stage, const FormulaWords& formula, std::string_view longest,
                  std::string_view sentence) {
  const float ui = stage.ui, room = stage.content.width(), middle = (stage.content.x0 + stage.content.x1) / 2;
  const Caption& caption = caption_of(painter, formula, longest, ui, room);
  float y = stage.content.y1 + kAboveFormula * ui;
  const auto write = [&](std::string_view words, const Paragraph& block, Role role, Face face, float x, Align align) {
    draw_paragraph(painter, words, block, room, x, y, role, align, face);
    y += block.height();
  };
  for (int i = 0; i < caption.formula_count; ++i) {
    write(caption.formulas[i], caption.formula[i], Role::text, Face::math, middle, Align::center);
  }
  y += kBetween * ui;
  // The line begins at the same place in every step: where the widest one begins.
  const float size = caption.sentence.size;
  const float wide = std::max(painter.width(longest, Face::sans, size), painter.width(sentence, Face::sans, size));
  const float left = caption.sentence.lines > 1 ? stage.content.x0 : std::max(stage.content.x0, middle - wide / 2);
  write(sentence, caption.sentence, Role::secondary, Face::sans, left, Align::left);
}

}  // namespace convscope
