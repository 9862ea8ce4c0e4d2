#include "app/scene/sentence.h"
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

void append_sentence(std::string& out, Language language, const ConvPlan& plan, int64_t step, const CellArithmetic& a) {
  char index[96];
  const int length = plan.unbatched
                         ? std::snprintf(index, sizeof index, "%lld, %lld, %lld", static_cast<long long>(a.cell.c),
                                         static_cast<long long>(a.cell.y), static_cast<long long>(a.cell.x))
                         : std::snprintf(index, sizeof index, "%lld, %lld, %lld, %lld",
                                         static_cast<long long>(a.cell.n), static_cast<long long>(a.cell.c),
                                         static_cast<long long>(a.cell.y), static_cast<long long>(a.cell.x));
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
}

void append_channel_sum(std::string& out, Language language, int64_t channels, double sum) {
  if (channels == 1) {
    out.append("\u03a3 = ").append(Digits(sum));
  } else {
    append_words(out, words_of(language, "scene.channel_sum"), {Digits(channels), Digits(sum)});
  }
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
  thread_local Kept kept;
  if (!kept.words.height.empty() && kept.language == language && kept.plan == plan) return kept.words;
  kept = {plan, language, {}};
  FormulaWords& words = kept.words;
  words.same = same_on_both_axes(plan);
  const auto axis = [&](std::string& out, bool horizontal, const char* name) {
    out.append(words_of(language, name)).append(" = ");
    append_size_formula(out, plan, horizontal);
  };
  axis(words.height, false, words.same ? "scene.size_both" : "scene.size_height");
  if (!words.same) axis(words.width, true, "scene.size_width");
  return words;
}

const std::string& longest_sentence(Language language, const ConvPlan& plan, const NumberRange& output) {
  CellArithmetic longest;
  longest.cell = {plan.batch - 1, plan.out_channels - 1, plan.out.h - 1, plan.out.w - 1};
  const double magnitude = std::floor(output.max_abs()) + (output.integral ? 0 : 0.1111);
  longest.sum = longest.bias = longest.result = output.min < 0 ? -magnitude : magnitude;
  thread_local std::string words;  // keeps its memory from frame to frame
  words.clear();
  append_sentence(words, language, plan, step_count(plan) - 1, longest);
  return words;
}

namespace {

constexpr float kFormulaSize = 17, kFormulaLine = 24;

// Both axes on one line, or the one formula that holds for both.
const std::string& formula_line(const FormulaWords& formula) {
  if (formula.same) return formula.height;
  thread_local std::string words;  // keeps its memory from frame to frame
  words.assign(formula.height).append("    ").append(formula.width);
  return words;
}

bool in_two_lines(const Painter& painter, const FormulaWords& formula, float ui, float room) {
  return !formula.same && painter.width(formula_line(formula), Face::math, kFormulaSize * ui) > room;
}

}  // namespace

float caption_height(const Painter& painter, const FormulaWords& formula, float ui, float room) {
  return (in_two_lines(painter, formula, ui, room) ? 56 + kFormulaLine : 56) * ui;
}

void draw_caption(Painter& painter, const Stage& stage, const FormulaWords& formula, std::string_view longest,
                  std::string_view sentence) {
  const float ui = stage.ui, room = stage.content.width(), middle = (stage.content.x0 + stage.content.x1) / 2;
  const auto write = [&](std::string_view text, float y, float size, Role role, Face face) {
    const float width = painter.width(text, face, size);
    painter.text(text, middle, y, width > room ? size * room / width : size, role, Align::center, face);
  };
  const float bottom = stage.content.y1 + caption_height(painter, formula, ui, room);
  if (in_two_lines(painter, formula, ui, room)) {
    write(formula.height, bottom - (38 + kFormulaLine) * ui, kFormulaSize * ui, Role::text, Face::math);
    write(formula.width, bottom - 38 * ui, kFormulaSize * ui, Role::text, Face::math);
  } else {
    write(formula_line(formula), bottom - 38 * ui, kFormulaSize * ui, Role::text, Face::math);
  }
  const float wide = std::max(painter.width(longest, Face::sans, 1), painter.width(sentence, Face::sans, 1));
  const float size = std::min(14 * ui, room / wide);
  painter.text(sentence, middle - wide * size / 2, bottom - 12 * ui, size, Role::secondary);
}

}  // namespace convscope
