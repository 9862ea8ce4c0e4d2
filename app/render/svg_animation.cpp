#include <algorithm>
#include <cmath>
#include <cstdio>
#include <list>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "app/render/svg_canvas.h"
#include "app/render/svg_elements.h"

namespace convscope {

namespace {

/// An element and the half-open runs of frames that show it.
struct Entry {
  std::string element;
  std::vector<std::pair<int, int>> runs;
  uint64_t order = 0;  // grows along the document

  void show(int frame) {
    if (!runs.empty() && runs.back().second == frame) {
      runs.back().second = frame + 1;
    } else {
      runs.emplace_back(frame, frame + 1);
    }
  }
};

using Entries = std::list<Entry>;

constexpr uint64_t kGap = uint64_t{1} << 32;

}  // namespace

struct SvgAnimation::State {
  State(const Theme& colors, std::string name, std::string words)
      : theme(colors), title(std::move(name)), description(std::move(words)), elements(colors) {}

  const Theme& theme;
  std::string title, description;
  float scale = 1;
  SvgElements elements;
  Entries entries;  // in paint order, for every frame
  std::unordered_map<std::string, std::vector<Entries::iterator>> known;
  std::vector<double> seconds;
  Scene size;  // only width, height and transparency
  std::vector<std::string> list;

  void number_entries() {
    uint64_t order = 0;
    for (Entry& entry : entries) entry.order = order += kGap;
  }
  Entries::iterator insert(Entries::iterator before, std::string element);
  void merge(int frame);
};

Entries::iterator SvgAnimation::State::insert(Entries::iterator before, std::string element) {
  const auto orders = [&] {
    const uint64_t low = before == entries.begin() ? 0 : std::prev(before)->order;
    return std::pair{low, before == entries.end() ? low + 2 * kGap : before->order};
  };
  auto [low, high] = orders();
  if (high - low < 2) {
    number_entries();
    std::tie(low, high) = orders();
  }
  const auto at = entries.insert(before, {std::move(element), {}, low + (high - low) / 2});
  known[at->element].push_back(at);
  return at;
}

/// Shows the elements of `list` in `frame`. As many as the paint order allows are those of earlier frames: the longest
/// ascending run of places; the others are written anew between them.
void SvgAnimation::State::merge(int frame) {
  const size_t count = list.size();
  std::vector<Entries::iterator> candidate(count, entries.end());
  std::unordered_map<std::string_view, size_t> taken;
  for (size_t i = 0; i < count; ++i) {
    const auto it = known.find(list[i]);
    if (it == known.end()) continue;
    // The most recent ones first: what was shown in the frame before is likely to lie in the right place.
    std::vector<Entries::iterator>& places = it->second;
    size_t& used = taken[it->first];
    if (used == 0) {
      std::stable_sort(places.begin(), places.end(), [](const auto& a, const auto& b) {
        const int last_a = a->runs.empty() ? -1 : a->runs.back().second;
        const int last_b = b->runs.empty() ? -1 : b->runs.back().second;
        return last_a > last_b;
      });
    }
    if (used < places.size()) candidate[i] = places[used++];
  }
  std::vector<size_t> tails;
  std::vector<ptrdiff_t> previous(count, -1);
  for (size_t i = 0; i < count; ++i) {
    if (candidate[i] == entries.end()) continue;
    const auto place = std::lower_bound(tails.begin(), tails.end(), candidate[i]->order,
                                        [&](size_t tail, uint64_t order) { return candidate[tail]->order < order; });
    if (place != tails.begin()) previous[i] = static_cast<ptrdiff_t>(*std::prev(place));
    if (place == tails.end()) {
      tails.push_back(i);
    } else {
      *place = i;
    }
  }
  std::vector<bool> kept(count, false);
  for (ptrdiff_t i = tails.empty() ? -1 : static_cast<ptrdiff_t>(tails.back()); i >= 0;
       i = previous[static_cast<size_t>(i)]) {
    kept[static_cast<size_t>(i)] = true;
  }
  auto next = entries.begin();
  for (size_t i = 0; i < count; ++i) {
    const auto at = kept[i] ? candidate[i] : insert(next, std::move(list[i]));
    at->show(frame);
    next = std::next(at);
  }
}

SvgAnimation::SvgAnimation(const Theme& theme, std::string title, std::string description, float scale)
    : state_(std::make_unique<State>(theme, std::move(title), std::move(description))) {
  state_->scale = scale;
}
SvgAnimation::~SvgAnimation() = default;

Result<void> SvgAnimation::add(const Scene& scene, double seconds) {
  State& state = *state_;
  if (state.seconds.empty()) {
    state.size.width = scene.width;
    state.size.height = scene.height;
    state.size.transparent = scene.transparent;
  }
  state.list.clear();
  if (Result<void> drawn = state.elements.append(scene, state.list); !drawn) return drawn.error();
  state.merge(static_cast<int>(state.seconds.size()));
  state.seconds.push_back(std::max(seconds, 0.0));
  return {};
}

Result<std::string> SvgAnimation::finish() {
  State& state = *state_;
  const int frames = static_cast<int>(state.seconds.size());
  if (frames == 0) return Error{"error.svg_no_frames", "", {}};
  std::vector<double> starts{0};
  for (const double seconds : state.seconds) starts.push_back(starts.back() + seconds);
  const double total = std::max(starts.back(), 1e-3);

  std::string rules;
  std::string body;
  std::unordered_map<std::string, std::string> classes;  // keyframes to name
  std::string open;                                      // class of the group being written
  for (const Entry& entry : state.entries) {
    std::string name;
    const bool always = entry.runs.size() == 1 && entry.runs[0] == std::pair{0, frames};
    if (!always) {
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
  return svg_document(state.size, state.theme, state.elements, timing + rules, body, state.title, state.description,
                      state.scale);
}

}  // namespace convscope
