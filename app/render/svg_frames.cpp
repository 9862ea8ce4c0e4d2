#include "app/render/svg_frames.h"

#include <algorithm>
#include <string_view>
#include <tuple>

namespace convscope {

namespace {

constexpr uint64_t kGap = uint64_t{1} << 32;

void show(SvgFrames::Entry& entry, int frame) {
  if (!entry.runs.empty() && entry.runs.back().second == frame) {
    entry.runs.back().second = frame + 1;
  } else {
    entry.runs.emplace_back(frame, frame + 1);
  }
}

}  // namespace

void SvgFrames::number_entries() {
  uint64_t order = 0;
  for (Entry& entry : entries_) entry.order = order += kGap;
}

SvgFrames::Entries::iterator SvgFrames::insert(Entries::iterator before, std::string element) {
  const auto orders = [&] {
    const uint64_t low = before == entries_.begin() ? 0 : std::prev(before)->order;
    return std::pair{low, before == entries_.end() ? low + 2 * kGap : before->order};
  };
  auto [low, high] = orders();
  if (high - low < 2) {
    number_entries();
    std::tie(low, high) = orders();
  }
  const auto at = entries_.insert(before, {std::move(element), {}, low + (high - low) / 2});
  known_[at->element].push_back(at);
  return at;
}

/// Shows the elements of `list_` in `frame`. As many as the paint order allows are those of earlier frames: the longest
/// ascending run of places; the others are written anew between them.
void SvgFrames::merge(int frame) {
  const size_t count = list_.size();
  std::vector<Entries::iterator> candidate(count, entries_.end());
  std::unordered_map<std::string_view, size_t> taken;
  for (size_t i = 0; i < count; ++i) {
    const auto it = known_.find(list_[i]);
    if (it == known_.end()) continue;
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
    if (candidate[i] == entries_.end()) continue;
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
  auto next = entries_.begin();
  for (size_t i = 0; i < count; ++i) {
    const auto at = kept[i] ? candidate[i] : insert(next, std::move(list_[i]));
    show(*at, frame);
    next = std::next(at);
  }
}

Result<void> SvgFrames::add(const Scene& scene) {
  if (frames_ == 0) {
    size_.width = scene.width;
    size_.height = scene.height;
    size_.transparent = scene.transparent;
  }
  list_.clear();
  if (Result<void> drawn = elements_.append(scene, list_); !drawn) return drawn.error();
  merge(frames_++);
  return {};
}

}  // namespace convscope
