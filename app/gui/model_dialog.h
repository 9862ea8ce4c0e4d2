// The layers of a model that was dropped or opened: which of them, and what comes into it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "app/gui/ui_context.h"
#include "app/session/session.h"

namespace convscope {

/// Lists a model's convolutions and poolings; those that cannot be shown are pale and say why. Worked by the keyboard
/// too: letters search, up and down choose, Enter shows, Escape closes. The model is read in the background; what the
/// layers before make of a picture is computed with the session's other numbers. Rows are registered as
/// "model.row.<name>".
class ModelDialog {
 public:
  ModelDialog();
  ~ModelDialog();
  /// `layer` (may be empty) is chosen at first.
  void open(UiContext& ui, const std::string& path, const std::string& layer);
  bool is_open() const;
  bool busy() const;
  void wait();
  /// The session of the chosen layer, in the frame in which it was chosen; it is closed then.
  std::optional<Session> draw(UiContext& ui);
  const std::string& path() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace convscope
