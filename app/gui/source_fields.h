// The pieces of every list of sources: where the numbers of a tensor come from.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/gui/ui_context.h"
#include "app/gui/widgets.h"
#include "engine/result.h"

namespace convscope {

/// Applies an edit, or leaves its one-line reason in the notice.
void apply_or_tell(UiContext& ui, Result<Action> action);

struct SourceRow {
  SourceKind kind;
  const char* label_key;
};
inline constexpr SourceRow kArange{SourceKind::arange, "source.arange"};
inline constexpr SourceRow kOnes{SourceKind::ones, "source.ones"};
inline constexpr SourceRow kZeros{SourceKind::zeros, "source.zeros"};
inline constexpr SourceRow kRandn{SourceKind::randn, "source.randn"};
inline constexpr SourceRow kRand{SourceKind::rand, "source.rand"};
inline constexpr SourceRow kLayerInit{SourceKind::conv2d_init, "source.conv2d_init"};
inline constexpr SourceRow kTyped{SourceKind::values, "source.values"};
inline constexpr SourceRow kSample{SourceKind::sample, "source.sample"};
inline constexpr SourceRow kImage{SourceKind::image, "source.image"};
inline constexpr SourceRow kNpy{SourceKind::npy, "source.npy"};
inline constexpr SourceRow kOnnx{SourceKind::onnx, "source.onnx"};
inline constexpr SourceRow kMse{SourceKind::mse, "source.mse"};

/// A list of sources while it is put together; keeps its memory.
class SourceList {
 public:
  explicit SourceList(UiContext& ui) : ui_(ui) {
    labels().clear();
    keys().clear();
  }
  void add(std::string_view key, const char* label_key, bool current) {
    if (current) current_ = static_cast<int>(keys().size());
    keys().push_back(key);
    labels().push_back(ui_.text(label_key));
  }
  void add(std::span<const SourceRow> rows, SourceKind current) {
    for (const SourceRow& row : rows) add(name_of(row.kind), row.label_key, row.kind == current);
  }
  /// A source that is not chosen here, but can be what there is: the last row, which draw() never answers with.
  void add_present(const SourceRow& row, SourceKind current) {
    if (row.kind == current) add(name_of(row.kind), row.label_key, true);
  }
  /// Draws it with room for the button that opens a file at its right; the row that was chosen.
  std::optional<size_t> draw(std::string_view name, const char* help_key) {
    const float open_width = ImGui::GetFrameHeight() / ui_.scale + 4;
    const bool chosen = ui_combo(ui_, name, current_, labels(), -open_width, keys());
    ui_tooltip(ui_, ui_.text(help_key));
    return chosen ? std::optional<size_t>(static_cast<size_t>(current_)) : std::nullopt;
  }
  std::string_view key(size_t row) const { return keys()[row]; }

 private:
  static std::vector<const char*>& labels() {
    static std::vector<const char*> memory;
    return memory;
  }
  static std::vector<std::string_view>& keys() {
    static std::vector<std::string_view> memory;
    return memory;
  }
  UiContext& ui_;
  int current_ = -1;
};

bool is_random(SourceKind kind);

/// The seed stands where the first random tensor is; it is the same for all of them.
void draw_seed(UiContext& ui);

/// The name of the file and the shape that is in it (rank 0: not known).
void draw_file_line(UiContext& ui, std::string_view name, const std::string& path, const Shape& shape);

}  // namespace convscope
