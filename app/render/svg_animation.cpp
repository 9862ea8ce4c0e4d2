#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "app/render/svg_canvas.h"
#include "app/render/svg_frames.h"

namespace convscope {

struct SvgAnimation::State {
  State(const Theme& colors, SvgWords said) : theme(colors), words(std::move(said)), frames(colors) {}

  const Theme& theme;
  SvgWords words;
  float scale = 1;
  SvgFrames frames;
  std::vector<double> seconds;
};

SvgAnimation::SvgAnimation(const Theme& theme, SvgWords words, float scale)
    : state_(std::make_unique<State>(theme, std::move(words))) {
  state_->scale = scale;
}
SvgAnimation::~SvgAnimation() = default;

Result<void> SvgAnimation::add(const Scene& scene, double seconds) {
  if (Result<void> added = state_->frames.add(scene); !added) return added;
  state_->seconds.push_back(std::max(seconds, 0.0));
  return {};
}

Result<std::string> SvgAnimation::finish() {
  State& state = *state_;
  const int frames = state.frames.frames();
  if (frames == 0) return Error{"error.svg_no_frames", "", {}};
  std::vector<double> starts{0};
  for (const double seconds : state.seconds) starts.push_back(starts.back() + seconds);
  const double total = std::max(starts.back(), 1e-3);

  std::string rules;
  std::string body;
  std::unordered_map<std::string, std::string> classes;  // keyframes to name
  std::string open;                                      // class of the group being written
  for (const SvgFrames::Entry& entry : state.frames.entries()) {
    std::string name;
    if (!entry.in_all(frames)) {
      const bool first = entry.runs.front().first == 0;
      std::string keys = first ? "" : "0%{visibility:hidden}";
      const auto key = [&](int frame, const char* visibility) {
        // Four decimals of a percent: a frame of a twentieth of a second is exact in an hour.
        const double percent = std::round(starts[static_cast<size_t>(frame)] / total * 1e6) / 1e4;
        char digits[32];
        const int length = std::snprintf(digits, sizeof digits, "%.4f", percent);
        std::string_view text(digits, static_cast<size_t>(length));
        while (text.back() == '0') text.remove_suffix(1);
        if (text.back() == '.') text.remove_suffix(1);
        keys.append(text).append("%{visibility:").append(visibility).append("}");
      };
      for (const auto& [begin, end] : entry.runs) {
        key(begin, "visible");
        if (end < frames) key(end, "hidden");
      }
      std::string& known = classes[keys];
      if (known.empty()) {
        known = "frames-" + std::to_string(classes.size());
        rules += "@keyframes " + known + "{" + keys + "}\n.convscope ." + known + "{";
        // Without animations this is the first frame.
        if (!first) rules += "visibility:hidden;";
        rules += "animation-name:" + known + "}\n";
      }
      name = known;
    }
    if (name != open) {
      if (!open.empty()) body += "</g>\n";
      if (!name.empty()) body += "<g class=\"timed " + name + "\">\n";
      open = name;
    }
    body.append(entry.element).append("\n");
  }
  if (!open.empty()) body += "</g>\n";
  std::string timing = ".convscope .timed{animation:";
  append_number(timing, total);
  timing += "s step-end infinite}\n";
  return svg_document(state.frames.size(), state.theme, state.frames.elements(), timing + rules, body, state.words,
                      state.scale);
}

}  // namespace convscope
