// Two pictures as one: each in its half, with its title, under one timeline.
#pragma once

#include <array>
#include <memory>
#include <optional>

#include "app/scene/build_scene.h"
#include "app/scene/pair_titles.h"
#include "app/session/beside.h"

namespace convscope {

class Painter;

struct PairSide {
  ComputationPtr computation;
  Lens lens = Lens::sliding;
  Algorithm algorithm = Algorithm::automatic;
  std::optional<CellRef> hovered;
};

struct PairRequest {
  std::array<PairSide, 2> sides;  // A and B
  size_t own = 0;                 // which of them the timeline is counted by where both are lenses of the same numbers
  bool linked = false;            // they are
  bool marks_own = false;         // its letter tells that it is the one that is edited
  /// What both have in common. Its computation, lens, algorithm and hovered are not looked at, width and height of its
  /// view are those of the whole picture, zoom and center those of both halves.
  SceneRequest common;
};

/// Keeps the memory and the layout of the halves from frame to frame.
class PairPicture {
 public:
  /// Where the halves are to stand; costs something only when the answer may be another one. Side by side, or one above
  /// the other where that shows larger cells.
  void lay_out(const PairRequest& request);
  /// Lays out and draws. Costs what two pictures cost.
  void build(const PairRequest& request, Scene& scene);

  bool stacked() const { return stacked_; }
  /// In logical pixels of the whole picture.
  const Box& place(size_t side) const { return places_[side]; }
  const Box& title(size_t side) const { return titles_at_[side]; }
  /// The half by itself, its upper left corner at (0, 0).
  const Scene& part(size_t side) const { return parts_[side]; }
  /// What half `side` is asked for; `request` must outlive it.
  SceneRequest request_of(const PairRequest& request, size_t side) const;
  /// Where both halves are.
  static std::array<Moment, 2> moments(const PairRequest& request);

 private:
  struct Key {
    std::array<uint64_t, 2> generations{};
    std::array<ChainPlanPtr, 2> chains;
    std::array<Lens, 2> lenses{};
    std::array<Algorithm, 2> algorithms{};
    PictureOptions options;
    bool linked = false, caption = false;
    Language language = Language::en;
    uint64_t measure = 0;
    float width = 0, height = 0;
    bool operator==(const Key&) const = default;
  };
  static Key key_of(const PairRequest& request);
  void place_halves(const PairRequest& request, const Painter& painter, bool stacked);
  /// The smallest cell and how much of the picture is cells, of the half that has less; how large a cell of each input
  /// is.
  struct Shown {
    double area = 0;
    float smallest = 0;           // 0 where cells are not seen one by one
    std::array<float, 2> cell{};  // 0 where there are none to be seen one by one
  };
  Shown shown_cells(const PairRequest& request);
  void draw_frame(const PairRequest& request, Scene& scene);
  void mark_differences(const PairRequest& request, size_t side, size_t first_mark, Scene& scene) const;

  Key key_;
  PairTitles words_;
  bool stacked_ = false;
  float ui_ = 1;
  std::array<Box, 2> places_, titles_at_;
  std::array<double, 2> zooms_{1, 1};  // what is as large in numbers is as large to the eye
  Box note_;
  std::array<Scene, 2> parts_;
  std::string note_words_;
};

/// Adds a part's marks with its corner (0, 0) at that of `room`. What reaches beyond the room is cut off, words are
/// left out there.
void append_part(Scene& whole, const Scene& part, const Box& room);

}  // namespace convscope
