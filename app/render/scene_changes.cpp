#include "app/render/scene_changes.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <unordered_map>
#include <utility>

namespace convscope {
namespace {

/// More parts than this are joined: each one costs a pass over the picture's batches.
constexpr size_t kMostParts = 12;
/// Parts nearer than this are joined too.
constexpr int kJoinDistance = 8;

/// Equal marks have equal hashes; the few fields left out hardly ever tell marks apart on their own.
size_t hash_of(const Scene& scene, const Mark& mark) {
  size_t hash = std::hash<std::string_view>()(scene.text_of(mark));
  const auto mix = [&hash](uint32_t value) { hash = (hash ^ value) * 0x9E3779B97F4A7C15u + (hash >> 29); };
  mix(static_cast<uint32_t>(mark.kind) << 24 | static_cast<uint32_t>(mark.role) << 16 |
      static_cast<uint32_t>(mark.fill) << 8 | static_cast<uint32_t>(mark.outline));
  for (const float value : {mark.box.x0, mark.box.y0, mark.box.x1, mark.box.y1, mark.opacity, mark.value, mark.size}) {
    mix(std::bit_cast<uint32_t>(value == 0 ? 0.0f : value));
  }
  return hash;
}

/// For every mark of `before` its equal in `after`, such that matches keep their order (the longest such choice among
/// equals paired first come, first served), and -1 for the rest. What is matched is drawn over and under the same
/// matched things in both pictures.
struct Matches {
  std::vector<bool> before, after;  // whether a mark has its equal
};

Matches match(const Scene& before, const Scene& after) {
  const size_t n = before.marks.size(), m = after.marks.size();
  Matches matches{std::vector<bool>(n, false), std::vector<bool>(m, false)};
  size_t head = 0;
  while (head < n && head < m && drawn_alike(before, before.marks[head], after, after.marks[head])) ++head;
  size_t tail = 0;
  while (tail < n - head && tail < m - head &&
         drawn_alike(before, before.marks[n - 1 - tail], after, after.marks[m - 1 - tail])) {
    ++tail;
  }
  std::fill_n(matches.before.begin(), head, true);
  std::fill_n(matches.after.begin(), head, true);
  std::fill_n(matches.before.rbegin(), tail, true);
  std::fill_n(matches.after.rbegin(), tail, true);

  std::unordered_map<size_t, std::vector<size_t>> places;  // in `after`, last first
  for (size_t j = m - tail; j-- > head;) places[hash_of(after, after.marks[j])].push_back(j);
  std::vector<std::pair<size_t, size_t>> pairs;
  for (size_t i = head; i < n - tail; ++i) {
    const auto found = places.find(hash_of(before, before.marks[i]));
    if (found == places.end() || found->second.empty()) continue;
    const size_t j = found->second.back();
    if (!drawn_alike(before, before.marks[i], after, after.marks[j])) continue;
    found->second.pop_back();
    pairs.emplace_back(i, j);
  }
  // The longest increasing run of places, by patience sorting.
  std::vector<size_t> piles, previous(pairs.size());
  for (size_t p = 0; p < pairs.size(); ++p) {
    const auto pile = std::lower_bound(piles.begin(), piles.end(), pairs[p].second,
                                       [&](size_t top, size_t place) { return pairs[top].second < place; });
    previous[p] = pile == piles.begin() ? p : *(pile - 1);
    if (pile == piles.end()) {
      piles.push_back(p);
    } else {
      *pile = p;
    }
  }
  if (!piles.empty()) {
    for (size_t p = piles.back();; p = previous[p]) {
      matches.before[pairs[p].first] = matches.after[pairs[p].second] = true;
      if (previous[p] == p) break;
    }
  }
  return matches;
}

/// Everything a mark can touch, with room for rounding to device pixels.
Box reach_of(const Scene& scene, const Mark& mark, const TextMeasure& measure) {
  Box box{std::min(mark.box.x0, mark.box.x1), std::min(mark.box.y0, mark.box.y1), std::max(mark.box.x0, mark.box.x1),
          std::max(mark.box.y0, mark.box.y1)};
  float reach = 6 + mark.size;  // rings and outlines
  if (mark.kind == Mark::Kind::arrow) reach = std::max(16.0f, 4 * mark.size);
  if (mark.kind == Mark::Kind::text) {
    // letters are rasterised at whole sizes, so a little wider than measured
    const float width = measure.width(scene.text_of(mark), mark.face, mark.size) * 1.1f;
    const float middle = (box.y0 + box.y1) / 2;
    if (mark.align == Align::left) {
      box.x1 = box.x0 + width;
    } else if (mark.align == Align::right) {
      box.x0 = box.x1 - width;
    } else {
      const float centre = (box.x0 + box.x1) / 2;
      box.x0 = centre - width / 2;
      box.x1 = centre + width / 2;
    }
    box.y0 = middle - mark.size;
    box.y1 = middle + mark.size;
    reach = mark.size / 2;
  }
  return {box.x0 - reach, box.y0 - reach, box.x1 + reach, box.y1 + reach};
}

/// The device pixels that a mark can touch, as far as they lie in the picture.
PixelBox pixels_of(const Scene& scene, const Mark& mark, const TextMeasure& measure, float scale, int width,
                   int height) {
  const Box reach = reach_of(scene, mark, measure);
  const auto pixel = [scale](float at, float rounding, int limit) {
    return static_cast<int>(std::clamp(at * scale + rounding, 0.0f, static_cast<float>(limit)));
  };
  return {pixel(reach.x0, -2, width), pixel(reach.y0, -2, height), pixel(reach.x1, 3, width),
          pixel(reach.y1, 3, height)};
}

bool near(const PixelBox& a, const PixelBox& b, int distance) {
  return a.x0 < b.x1 + distance && b.x0 < a.x1 + distance && a.y0 < b.y1 + distance && b.y0 < a.y1 + distance;
}

PixelBox joined(const PixelBox& a, const PixelBox& b) {
  return {std::min(a.x0, b.x0), std::min(a.y0, b.y0), std::max(a.x1, b.x1), std::max(a.y1, b.y1)};
}

int64_t area(const PixelBox& box) { return static_cast<int64_t>(box.x1 - box.x0) * (box.y1 - box.y0); }

/// Adds a part, joining it with all that it touches.
void add_part(std::vector<PixelBox>& parts, PixelBox part) {
  for (size_t i = 0; i < parts.size();) {
    if (near(parts[i], part, kJoinDistance)) {
      part = joined(parts[i], part);
      parts[i] = parts.back();
      parts.pop_back();
      i = 0;
    } else {
      ++i;
    }
  }
  parts.push_back(part);
  if (parts.size() <= kMostParts) return;
  // The pair whose union wastes least.
  size_t best_i = 0, best_j = 1;
  int64_t least = -1;
  for (size_t i = 0; i < parts.size(); ++i) {
    for (size_t j = i + 1; j < parts.size(); ++j) {
      const int64_t waste = area(joined(parts[i], parts[j])) - area(parts[i]) - area(parts[j]);
      if (least < 0 || waste < least) least = waste, best_i = i, best_j = j;
    }
  }
  const PixelBox both = joined(parts[best_i], parts[best_j]);
  parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(best_j));
  parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(best_i));
  add_part(parts, both);
}

}  // namespace

std::vector<PixelBox> changed_parts(const Scene& before, const Scene& after, const TextMeasure& measure, float scale,
                                    int width, int height) {
  if (before.width != after.width || before.height != after.height || before.transparent != after.transparent) {
    return {{0, 0, width, height}};
  }
  const Matches matches = match(before, after);
  std::vector<PixelBox> parts;
  const auto add_changes = [&](const Scene& scene, const std::vector<bool>& matched) {
    for (size_t i = 0; i < matched.size(); ++i) {
      if (matched[i]) continue;
      const PixelBox part = pixels_of(scene, scene.marks[i], measure, scale, width, height);
      if (part.x1 > part.x0 && part.y1 > part.y0) add_part(parts, part);
    }
  };
  add_changes(before, matches.before);
  add_changes(after, matches.after);
  return parts;
}

void find_changed_parts(const Scene& before, const Scene& after, const TextMeasure& measure, float scale, int width,
                        int height, const std::function<void(const PixelBox&)>& found) {
  if (before.width != after.width || before.height != after.height || before.transparent != after.transparent) {
    found({0, 0, width, height});
    return;
  }
  const auto differ = [&](const Scene& scene, size_t i) {
    const PixelBox part = pixels_of(scene, scene.marks[i], measure, scale, width, height);
    if (part.x1 > part.x0 && part.y1 > part.y0) found(part);
  };
  const size_t n = before.marks.size(), m = after.marks.size();
  const auto alike = [&](size_t i, size_t j) { return drawn_alike(before, before.marks[i], after, after.marks[j]); };
  if (n == m) {
    for (size_t i = 0; i < n; ++i) {
      if (alike(i, i)) continue;
      differ(before, i);
      differ(after, i);
    }
    return;
  }
  size_t head = 0, tail = 0;
  while (head < n && head < m && alike(head, head)) ++head;
  while (tail < std::min(n, m) - head && alike(n - 1 - tail, m - 1 - tail)) ++tail;
  for (size_t i = head; i < n - tail; ++i) differ(before, i);
  for (size_t i = head; i < m - tail; ++i) differ(after, i);
}

}  // namespace convscope
