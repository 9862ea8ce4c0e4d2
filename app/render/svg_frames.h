// Frames of an animation as SVG elements: what several frames show alike is one element with the runs of its frames.
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "app/render/svg_elements.h"
#include "app/scene/scene.h"
#include "app/scene/theme.h"

namespace convscope {

class SvgFrames {
 public:
  explicit SvgFrames(const Theme& theme) : elements_(theme) {}

  /// An element and the half-open runs of frames that show it.
  struct Entry {
    std::string element;
    std::vector<std::pair<int, int>> runs;
    uint64_t order = 0;  // grows along the document

    bool in_all(int frames) const { return runs.size() == 1 && runs[0] == std::pair{0, frames}; }
  };

  /// Appends a frame. All have the first one's size. Errors: those of SvgElements::append().
  Result<void> add(const Scene& scene);

  int frames() const { return frames_; }
  /// In paint order, for every frame.
  const std::list<Entry>& entries() const { return entries_; }
  const SvgElements& elements() const { return elements_; }
  /// A scene without marks: the frames' width, height and transparency.
  const Scene& size() const { return size_; }

 private:
  using Entries = std::list<Entry>;
  void number_entries();
  Entries::iterator insert(Entries::iterator before, std::string element);
  void merge(int frame);

  SvgElements elements_;
  Entries entries_;
  std::unordered_map<std::string, std::vector<Entries::iterator>> known_;
  int frames_ = 0;
  Scene size_;
  std::vector<std::string> list_;  // of the frame being added
};

}  // namespace convscope
