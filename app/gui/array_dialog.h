// A file of arrays that was dropped or opened: which of them, and as what.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "app/gui/array_use.h"
#include "app/gui/ui_context.h"

namespace convscope {

/// Lists an .npz's arrays, or shows the one of an .npy, with what each would change; worked by the keyboard too:
/// letters search, up and down choose, Enter uses, Escape closes. Files are read in the background. Rows are registered
/// as "array.row.<name>".
class ArrayDialog {
 public:
  ArrayDialog();
  ~ArrayDialog();
  void open(const std::string& path);
  bool is_open() const;
  bool busy() const;
  void wait();

  struct Choice {
    std::string path;  // with the array's name
    ArrayRole role = ArrayRole::input;
    Session session;
  };
  /// What was chosen in this frame; it is closed then.
  std::optional<Choice> draw(UiContext& ui);

  /// Whether an .npy is better asked about than opened as the input: it looks like a weight or a bias, or does not fit.
  static bool asks_about(const Session& session, const std::string& path, const LastGood& last);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace convscope
