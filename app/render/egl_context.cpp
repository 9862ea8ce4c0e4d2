#include "app/render/egl_context.h"

#include <EGL/egl.h>
#include <EGL/eglext.h>
#include <glad/gl.h>

#include <array>
#include <cstdio>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace convscope {

namespace {

std::mutex& registry_mutex() {
  static std::mutex mutex;
  return mutex;
}

/// Contexts alive on each display: eglTerminate() would take the other threads' contexts along.
std::map<EGLDisplay, int>& display_users() {
  static std::map<EGLDisplay, int> users;
  return users;
}

bool has_extension(const char* extensions, std::string_view name) {
  if (extensions == nullptr) return false;
  std::string_view rest = extensions;
  while (!rest.empty()) {
    const size_t end = rest.find(' ');
    if (rest.substr(0, end) == name) return true;
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  return false;
}

std::string egl_reason(const char* what) {
  std::array<char, 96> text{};
  std::snprintf(text.data(), text.size(), "%s: 0x%04x", what, static_cast<unsigned>(eglGetError()));
  return text.data();
}

bool try_display(EGLDisplay display, void** context_out, std::string& reason) {
  if (display == EGL_NO_DISPLAY) {
    reason = egl_reason("eglGetPlatformDisplay");
    return false;
  }
  EGLint major = 0;
  EGLint minor = 0;
  if (!eglInitialize(display, &major, &minor)) {
    reason = egl_reason("eglInitialize");
    return false;
  }
  const auto give_up = [&](const char* what) {
    reason = egl_reason(what);
    if (display_users()[display] == 0) eglTerminate(display);
    return false;
  };
  const char* extensions = eglQueryString(display, EGL_EXTENSIONS);
  if (!has_extension(extensions, "EGL_KHR_surfaceless_context")) return give_up("EGL_KHR_surfaceless_context");
  if (!eglBindAPI(EGL_OPENGL_API)) return give_up("eglBindAPI");
  EGLConfig config = nullptr;
  if (!has_extension(extensions, "EGL_KHR_no_config_context")) {
    const EGLint wanted[] = {EGL_RENDERABLE_TYPE, EGL_OPENGL_BIT, EGL_SURFACE_TYPE, 0, EGL_NONE};
    EGLint count = 0;
    if (!eglChooseConfig(display, wanted, &config, 1, &count) || count == 0) return give_up("eglChooseConfig");
  }
  const EGLint attributes[] = {
      EGL_CONTEXT_MAJOR_VERSION,           3,       EGL_CONTEXT_MINOR_VERSION, 3, EGL_CONTEXT_OPENGL_PROFILE_MASK,
      EGL_CONTEXT_OPENGL_CORE_PROFILE_BIT, EGL_NONE};
  EGLContext context = eglCreateContext(display, config, EGL_NO_CONTEXT, attributes);
  if (context == EGL_NO_CONTEXT) return give_up("eglCreateContext");
  if (!eglMakeCurrent(display, EGL_NO_SURFACE, EGL_NO_SURFACE, context)) {
    eglDestroyContext(display, context);
    return give_up("eglMakeCurrent");
  }
  ++display_users()[display];
  *context_out = context;
  return true;
}

}  // namespace

Result<std::unique_ptr<EglContext>> EglContext::create() {
  const std::lock_guard lock(registry_mutex());
  const auto platform_display =
      reinterpret_cast<PFNEGLGETPLATFORMDISPLAYEXTPROC>(eglGetProcAddress("eglGetPlatformDisplayEXT"));
  if (platform_display == nullptr) return Error{"error.no_opengl", "", {"eglGetPlatformDisplayEXT"}};

  std::string reason;
  const char* client = eglQueryString(EGL_NO_DISPLAY, EGL_EXTENSIONS);
  EGLDisplay display = EGL_NO_DISPLAY;
  void* context = nullptr;
  bool done = false;
  if (has_extension(client, "EGL_MESA_platform_surfaceless")) {
    display = platform_display(EGL_PLATFORM_SURFACELESS_MESA, EGL_DEFAULT_DISPLAY, nullptr);
    done = try_display(display, &context, reason);
  }
  if (!done && has_extension(client, "EGL_EXT_platform_device")) {
    const auto query_devices = reinterpret_cast<PFNEGLQUERYDEVICESEXTPROC>(eglGetProcAddress("eglQueryDevicesEXT"));
    std::array<EGLDeviceEXT, 16> devices{};
    EGLint count = 0;
    if (query_devices != nullptr && query_devices(static_cast<EGLint>(devices.size()), devices.data(), &count)) {
      for (EGLint i = 0; i < count && !done; ++i) {
        display = platform_display(EGL_PLATFORM_DEVICE_EXT, devices[static_cast<size_t>(i)], nullptr);
        done = try_display(display, &context, reason);
      }
    }
  }
  if (!done) return Error{"error.no_opengl", "", {reason.empty() ? "EGL" : reason}};

  std::unique_ptr<EglContext> result(new EglContext);
  result->display_ = display;
  result->context_ = context;
  // The entry points are the process's: a window that is being drawn on another thread must not see them change.
  if (glad_glGetString == nullptr && gladLoadGL(reinterpret_cast<GLADloadfunc>(eglGetProcAddress)) == 0) {
    return Error{"error.no_opengl", "", {"OpenGL 3.3"}};
  }
  return result;
}

EglContext::~EglContext() {
  const std::lock_guard lock(registry_mutex());
  if (eglGetCurrentContext() == context_) {
    eglMakeCurrent(display_, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
  }
  eglDestroyContext(display_, context_);
  if (--display_users()[display_] == 0) {
    display_users().erase(display_);
    eglTerminate(display_);
  }
}

void EglContext::make_current() { eglMakeCurrent(display_, EGL_NO_SURFACE, EGL_NO_SURFACE, context_); }

}  // namespace convscope
