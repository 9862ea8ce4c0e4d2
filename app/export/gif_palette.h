// 256 colours for a clip: exact where there are no more, chosen by variance where there are.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "app/io/image.h"

namespace convscope {

/// 0xRRGGBB.
using Rgb = uint32_t;

/// Alpha from which a pixel counts as opaque where a format knows only opaque and clear.
inline constexpr uint8_t kOpaqueAlpha = 128;

/// Counts the colours of sample frames. Memory is bounded whatever the pictures: past kMaxDistinct colours their two
/// lowest bits are dropped.
class ColorCensus {
 public:
  static constexpr size_t kMaxDistinct = size_t{1} << 18;

  struct Entry {
    Rgb color = 0;
    uint64_t pixels = 0;
    uint64_t flat = 0;  // of these, in runs of at least four alike: fills, not edges of letters
  };

  ColorCensus();
  /// Pixels under kOpaqueAlpha are left out where `transparent`.
  void count(const Pixels& frame, bool transparent);
  const std::vector<Entry>& entries() const { return entries_; }
  uint64_t pixels() const { return pixels_; }
  bool coarse() const { return coarse_; }

 private:
  Entry& at(Rgb color);
  void rebuild(size_t slots);
  void make_coarse();

  std::vector<Entry> entries_;
  std::vector<uint32_t> slots_;  // 1 + index into entries_, 0: free
  uint64_t pixels_ = 0;
  bool coarse_ = false;
};

struct Palette {
  std::vector<Rgb> colors;
  bool exact = false;         // every colour counted is in it
  bool photographic = false;  // so many colours that smooth areas would band
};

/// At most `max_colors` colours. With more than that counted, the large flat colours keep entries of their own and
/// the rest is split by variance (median cut's later sibling) and settled by two rounds of k-means.
Palette make_palette(const ColorCensus& census, int max_colors);

/// From colours to palette indices, remembering what was asked before.
class PaletteLookup {
 public:
  explicit PaletteLookup(Palette palette);
  const Palette& palette() const { return palette_; }
  /// The nearest entry; the same colour always gives the same entry.
  uint8_t index(Rgb color) {
    uint16_t& known = known_[color];
    if (known == 0) known = static_cast<uint16_t>(1 + search(color));
    return static_cast<uint8_t>(known - 1);
  }
  /// As index(), for photographic palettes: colours between two entries are mixed in a fixed 8x8 pattern, which stays
  /// still from frame to frame. Colours that are in the palette are never mixed.
  uint8_t dithered(Rgb color, int x, int y);

 private:
  int search(Rgb color) const;

  Palette palette_;
  std::vector<int> red_, green_, blue_;
  struct Free {
    void operator()(uint16_t* p) const;
  };
  std::unique_ptr<uint16_t[], Free> known_;  // by colour, 1 + index; pages that no colour asks for cost nothing
};

}  // namespace convscope
