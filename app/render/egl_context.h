// OpenGL without a screen.
#pragma once

#include <memory>

#include "engine/result.h"

namespace convscope {

/// A current OpenGL 3.3 core context on no surface, with glad loaded; for one thread.
/// Errors: error.no_opengl (args: reason).
class EglContext {
 public:
  static Result<std::unique_ptr<EglContext>> create();
  ~EglContext();
  void make_current();

 private:
  EglContext() = default;
  void* display_ = nullptr;
  void* context_ = nullptr;
};

}  // namespace convscope
