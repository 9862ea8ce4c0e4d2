#include "app/export/gif_palette.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

namespace convscope {
namespace {

/// Above this many colours a clip is taken for a photograph; letters and outlines of flat pictures stay well below.
constexpr size_t kPhotographicColors = 8192;
constexpr int kShortestFlatRun = 4;

int channel(Rgb color, int axis) { return static_cast<int>(color >> (16 - 8 * axis)) & 0xFF; }
Rgb pack(int r, int g, int b) { return static_cast<Rgb>(r << 16 | g << 8 | b); }

using Vec = std::array<double, 3>;

/// A box of colours and its moments: what splitting it would gain is its variance.
struct Cluster {
  size_t begin = 0, end = 0;
  double weight = 0;
  Vec mean{}, variance{};  // variance: summed squared distance per axis

  double spread() const { return variance[0] + variance[1] + variance[2]; }
  int longest_axis() const {
    return static_cast<int>(std::max_element(variance.begin(), variance.end()) - variance.begin());
  }
};

struct Sample {
  Rgb color = 0;
  double weight = 0;
};

Cluster describe_cluster(const std::vector<Sample>& samples, size_t begin, size_t end) {
  Cluster cluster{begin, end, 0, {}, {}};
  for (size_t i = begin; i < end; ++i) {
    cluster.weight += samples[i].weight;
    for (int a = 0; a < 3; ++a)
      cluster.mean[static_cast<size_t>(a)] += samples[i].weight * channel(samples[i].color, a);
  }
  for (double& m : cluster.mean) m /= cluster.weight;
  for (size_t i = begin; i < end; ++i) {
    for (size_t a = 0; a < 3; ++a) {
      const double d = channel(samples[i].color, static_cast<int>(a)) - cluster.mean[a];
      cluster.variance[a] += samples[i].weight * d * d;
    }
  }
  return cluster;
}

/// Splits the most spread cluster at its mean until there are `wanted`.
std::vector<Vec> split_by_variance(std::vector<Sample>& samples, size_t wanted) {
  std::vector<Cluster> clusters{describe_cluster(samples, 0, samples.size())};
  while (clusters.size() < wanted) {
    const auto widest = std::max_element(clusters.begin(), clusters.end(),
                                         [](const Cluster& a, const Cluster& b) { return a.spread() < b.spread(); });
    if (widest->spread() <= 0) break;
    const int axis = widest->longest_axis();
    const double cut = widest->mean[static_cast<size_t>(axis)];
    const auto first = samples.begin() + static_cast<std::ptrdiff_t>(widest->begin);
    const auto last = samples.begin() + static_cast<std::ptrdiff_t>(widest->end);
    // stable: the palette, and so the file, must not depend on the library's partition
    const auto middle =
        std::stable_partition(first, last, [&](const Sample& s) { return channel(s.color, axis) <= cut; });
    if (middle == first || middle == last) break;
    const size_t begin = widest->begin, end = widest->end;
    const size_t at = static_cast<size_t>(middle - samples.begin());
    *widest = describe_cluster(samples, begin, at);
    clusters.push_back(describe_cluster(samples, at, end));
  }
  std::vector<Vec> centres;
  for (const Cluster& cluster : clusters) centres.push_back(cluster.mean);
  return centres;
}

/// Moves the free centres to the mean of the samples that are nearest to them; `fixed` ones stay and attract.
void settle(const std::vector<Sample>& samples, const std::vector<Rgb>& fixed, std::vector<Vec>& centres) {
  const size_t count = fixed.size() + centres.size();
  std::vector<float> r(count), g(count), b(count);
  for (size_t i = 0; i < fixed.size(); ++i) {
    r[i] = static_cast<float>(channel(fixed[i], 0));
    g[i] = static_cast<float>(channel(fixed[i], 1));
    b[i] = static_cast<float>(channel(fixed[i], 2));
  }
  for (size_t i = 0; i < centres.size(); ++i) {
    r[fixed.size() + i] = static_cast<float>(centres[i][0]);
    g[fixed.size() + i] = static_cast<float>(centres[i][1]);
    b[fixed.size() + i] = static_cast<float>(centres[i][2]);
  }
  std::vector<double> weight(count, 0.0);
  std::vector<Vec> sum(count, Vec{});
  std::vector<float> distance(count);
  for (const Sample& s : samples) {
    const float sr = static_cast<float>(channel(s.color, 0)), sg = static_cast<float>(channel(s.color, 1)),
                sb = static_cast<float>(channel(s.color, 2));
    for (size_t i = 0; i < count; ++i) {
      distance[i] = (r[i] - sr) * (r[i] - sr) + (g[i] - sg) * (g[i] - sg) + (b[i] - sb) * (b[i] - sb);
    }
    const size_t best = static_cast<size_t>(std::min_element(distance.begin(), distance.end()) - distance.begin());
    weight[best] += s.weight;
    for (size_t a = 0; a < 3; ++a) sum[best][a] += s.weight * channel(s.color, static_cast<int>(a));
  }
  for (size_t i = 0; i < centres.size(); ++i) {
    const size_t k = fixed.size() + i;
    if (weight[k] <= 0) continue;
    for (size_t a = 0; a < 3; ++a) centres[i][a] = sum[k][a] / weight[k];
  }
}

/// The colours of large fills, largest first: they must come out exactly.
std::vector<Rgb> flat_colors(const ColorCensus& census, size_t limit, bool photographic) {
  const uint64_t least = std::max<uint64_t>(16, census.pixels() / (photographic ? 4000 : 50000));
  std::vector<const ColorCensus::Entry*> fills;
  for (const ColorCensus::Entry& entry : census.entries()) {
    if (entry.flat >= least) fills.push_back(&entry);
  }
  std::sort(fills.begin(), fills.end(),
            [](const auto* a, const auto* b) { return a->flat != b->flat ? a->flat > b->flat : a->color < b->color; });
  if (fills.size() > limit) fills.resize(limit);
  std::vector<Rgb> colors;
  for (const auto* fill : fills) colors.push_back(fill->color);
  return colors;
}

}  // namespace

ColorCensus::ColorCensus() { rebuild(1024); }

void ColorCensus::rebuild(size_t slots) {
  slots_.assign(slots, 0);
  for (size_t i = 0; i < entries_.size(); ++i) {
    size_t slot = (entries_[i].color * 2654435761u) & (slots - 1);
    while (slots_[slot] != 0) slot = (slot + 1) & (slots - 1);
    slots_[slot] = static_cast<uint32_t>(i + 1);
  }
}

ColorCensus::Entry& ColorCensus::at(Rgb color) {
  // 0xFC keeps six bits; their middle stands for the four colours that fall together
  if (coarse_) color = (color & 0xFCFCFC) | 0x020202;
  for (;;) {
    const size_t mask = slots_.size() - 1;
    size_t slot = (color * 2654435761u) & mask;
    while (slots_[slot] != 0 && entries_[slots_[slot] - 1].color != color) slot = (slot + 1) & mask;
    if (slots_[slot] != 0) return entries_[slots_[slot] - 1];
    if (!coarse_ && entries_.size() >= kMaxDistinct) {
      make_coarse();
      color = (color & 0xFCFCFC) | 0x020202;
      continue;
    }
    if ((entries_.size() + 1) * 2 > slots_.size()) {
      rebuild(slots_.size() * 2);
      continue;
    }
    entries_.push_back({color, 0, 0});
    slots_[slot] = static_cast<uint32_t>(entries_.size());
    return entries_.back();
  }
}

void ColorCensus::make_coarse() {
  std::vector<Entry> old = std::move(entries_);
  entries_.clear();
  coarse_ = true;
  rebuild(1024);
  for (const Entry& entry : old) {
    Entry& merged = at(entry.color);
    merged.pixels += entry.pixels;
    merged.flat += entry.flat;
  }
}

void ColorCensus::count(const Pixels& frame, bool transparent) {
  const size_t width = static_cast<size_t>(frame.width);
  for (int y = 0; y < frame.height; ++y) {
    const uint8_t* row = frame.rgba.data() + static_cast<size_t>(y) * width * 4;
    for (size_t x = 0; x < width;) {
      size_t end = x + 1;
      while (end < width && std::memcmp(row + 4 * x, row + 4 * end, 4) == 0) ++end;
      const uint64_t run = end - x;
      if (!transparent || row[4 * x + 3] >= kOpaqueAlpha) {
        Entry& entry = at(pack(row[4 * x], row[4 * x + 1], row[4 * x + 2]));
        entry.pixels += run;
        if (run >= kShortestFlatRun) entry.flat += run;
        pixels_ += run;
      }
      x = end;
    }
  }
}

Palette make_palette(const ColorCensus& census, int max_colors) {
  const size_t limit = static_cast<size_t>(max_colors);
  Palette palette;
  if (census.entries().size() <= limit && !census.coarse()) {
    for (const auto& entry : census.entries()) palette.colors.push_back(entry.color);
    std::sort(palette.colors.begin(), palette.colors.end());
    palette.exact = true;
    return palette;
  }
  palette.photographic = census.coarse() || census.entries().size() > kPhotographicColors;
  palette.colors = flat_colors(census, palette.photographic ? limit / 4 : limit * 3 / 4, palette.photographic);
  std::vector<Rgb> fixed = palette.colors;
  std::sort(fixed.begin(), fixed.end());

  std::vector<Sample> rest;
  for (const auto& entry : census.entries()) {
    if (!std::binary_search(fixed.begin(), fixed.end(), entry.color)) {
      // the root keeps rare colours (the ring around one cell) from drowning among the many
      rest.push_back({entry.color, std::sqrt(static_cast<double>(entry.pixels))});
    }
  }
  if (rest.empty()) return palette;
  std::vector<Vec> centres = split_by_variance(rest, limit - fixed.size());
  for (int round = 0; round < 2; ++round) settle(rest, fixed, centres);
  for (const Vec& c : centres) {
    palette.colors.push_back(pack(static_cast<int>(std::lround(c[0])), static_cast<int>(std::lround(c[1])),
                                  static_cast<int>(std::lround(c[2]))));
  }
  return palette;
}

void PaletteLookup::Free::operator()(uint16_t* p) const { std::free(p); }

PaletteLookup::PaletteLookup(Palette palette)
    : palette_(std::move(palette)), known_(static_cast<uint16_t*>(std::calloc(size_t{1} << 24, sizeof(uint16_t)))) {
  if (known_ == nullptr) throw std::bad_alloc();
  if (palette_.colors.empty()) palette_.colors.push_back(0);
  for (size_t i = 0; i < palette_.colors.size(); ++i) {
    red_.push_back(channel(palette_.colors[i], 0));
    green_.push_back(channel(palette_.colors[i], 1));
    blue_.push_back(channel(palette_.colors[i], 2));
    uint16_t& known = known_[palette_.colors[i]];
    if (known == 0) known = static_cast<uint16_t>(1 + i);
  }
}

int PaletteLookup::search(Rgb color) const {
  const int r = channel(color, 0), g = channel(color, 1), b = channel(color, 2);
  const size_t count = palette_.colors.size();
  std::array<int, 256> distance;
  for (size_t i = 0; i < count; ++i) {
    const int dr = red_[i] - r, dg = green_[i] - g, db = blue_[i] - b;
    // green counts most to the eye, blue least
    distance[i] = 3 * dr * dr + 4 * dg * dg + 2 * db * db;
  }
  return static_cast<int>(std::min_element(distance.begin(), distance.begin() + static_cast<std::ptrdiff_t>(count)) -
                          distance.begin());
}

uint8_t PaletteLookup::dithered(Rgb color, int x, int y) {
  const uint8_t nearest = index(color);
  const Rgb found = palette_.colors[nearest];
  if (found == color) return nearest;
  // The threshold of an 8x8 Bayer matrix, by interleaving the bits of x^y and y.
  const unsigned ux = static_cast<unsigned>(x) & 7, uy = static_cast<unsigned>(y) & 7, m = ux ^ uy;
  const unsigned rank = (m & 1) << 5 | (uy & 1) << 4 | (m & 2) << 2 | (uy & 2) << 1 | (m & 4) >> 1 | (uy & 4) >> 2;
  // Ask again for a colour pushed away from the nearest entry by up to twice the error: where the threshold is low the
  // nearest stays, where it is high its neighbour on the other side of `color` is found.
  const int rank_of_64 = static_cast<int>(rank) * 2;
  const auto pushed = [&](int axis) {
    const int wanted = channel(color, axis), error = wanted - channel(found, axis);
    return std::clamp(wanted + error * rank_of_64 / 64, 0, 255);
  };
  return index(pack(pushed(0), pushed(1), pushed(2)));
}

}  // namespace convscope
