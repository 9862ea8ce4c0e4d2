// The window on a screen: GLFW, its keys, drops and scales around a MainWindow.
#include <glad/gl.h>
// glad before GLFW, which would bring another gl.h
#include <GLFW/glfw3.h>
#include <imgui.h>
#include <imgui_impl_glfw.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "app/gui/entry.h"
#include "app/gui/main_window.h"
#include "app/gui/process_age.h"
#include "app/gui/settings_file.h"
#include "app/session/presets.h"

namespace convscope {
namespace {

constexpr int kSmallestWidth = 320;
constexpr int kSmallestHeight = 420;
/// Where the driver does not wait for the screen, frames come no sooner than this.
constexpr double kShortestFrame = 1.0 / 125;
/// Frames drawn after an event: hovering, opening and layout settle in the second and third.
constexpr int kFramesAfterEvent = 3;

bool set_and_not_empty(const char* variable) {
  const char* value = std::getenv(variable);
  return value && *value;
}

Language language_of_environment() {
  for (const char* variable : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
    if (!set_and_not_empty(variable)) continue;
    return std::string_view(std::getenv(variable)).starts_with("zh") ? Language::zh : Language::en;
  }
  return Language::en;
}

/// glfwInit and glfwTerminate as a pair.
struct Glfw {
  bool ready = glfwInit() == GLFW_TRUE;
  ~Glfw() {
    if (ready) glfwTerminate();
  }
};

struct WindowGuard {
  GLFWwindow* window = nullptr;
  bool backend = false;
  ~WindowGuard() {
    if (backend) ImGui_ImplGlfw_Shutdown();
  }
};

/// What GLFW's callbacks reach through the window's user pointer.
struct Events {
  MainWindow* main = nullptr;
  int frames_due = kFramesAfterEvent;
  void touch() { frames_due = kFramesAfterEvent; }
};

Events& events_of(GLFWwindow* window) { return *static_cast<Events*>(glfwGetWindowUserPointer(window)); }

Key special_key(int key) {
  switch (key) {
    case GLFW_KEY_SPACE:
      return kKeySpace;
    case GLFW_KEY_ENTER:
    case GLFW_KEY_KP_ENTER:
      return kKeyEnter;
    case GLFW_KEY_ESCAPE:
      return kKeyEscape;
    case GLFW_KEY_LEFT:
      return kKeyLeft;
    case GLFW_KEY_RIGHT:
      return kKeyRight;
    case GLFW_KEY_UP:
      return kKeyUp;
    case GLFW_KEY_DOWN:
      return kKeyDown;
    case GLFW_KEY_HOME:
      return kKeyHome;
    case GLFW_KEY_END:
      return kKeyEnd;
    case GLFW_KEY_F1:
      return kKeyF1;
    case GLFW_KEY_PAGE_UP:
      return kKeyPageUp;
    case GLFW_KEY_PAGE_DOWN:
      return kKeyPageDown;
    case GLFW_KEY_F5:
      return kKeyF5;
    case GLFW_KEY_F11:
      return kKeyF11;
    default:
      return {};
  }
}

void on_key(GLFWwindow* window, int key, int scancode, int action, int mods) {
  Events& events = events_of(window);
  events.touch();
  if (action == GLFW_RELEASE) return;
  KeyPress press;
  press.ctrl = (mods & (GLFW_MOD_CONTROL | GLFW_MOD_SUPER)) != 0;
  press.shift = (mods & GLFW_MOD_SHIFT) != 0;
  press.alt = (mods & GLFW_MOD_ALT) != 0;
  press.key = special_key(key);
  if (press.key.code == 0 && press.ctrl) {
    // By what the key writes in the user's layout: Ctrl+Z lies elsewhere on a German keyboard.
    const char* name = glfwGetKeyName(key, scancode);
    if (name && name[0] && !name[1]) {
      press.key.code = static_cast<char32_t>(std::tolower(static_cast<unsigned char>(name[0])));
    }
  }
  // Held keys repeat steps, nothing else.
  const bool repeats = press.key == kKeyLeft || press.key == kKeyRight || press.key == kKeyUp || press.key == kKeyDown;
  if (action == GLFW_REPEAT && !repeats) return;
  if (press.key.code != 0) events.main->press(press);
}

void on_character(GLFWwindow* window, unsigned character) {
  Events& events = events_of(window);
  events.touch();
  if (character <= ' ' || character == 0x7F) return;
  KeyPress press;
  press.key.code = character >= 'A' && character <= 'Z' ? character - 'A' + 'a' : character;
  events.main->press(press);
}

void on_drop(GLFWwindow* window, int count, const char** paths) {
  Events& events = events_of(window);
  events.touch();
  for (int i = 0; i < count; ++i) events.main->drop(paths[i]);
}

void install_callbacks(GLFWwindow* window) {
  // Before Dear ImGui's, which calls these first.
  glfwSetKeyCallback(window, on_key);
  glfwSetCharCallback(window, on_character);
  glfwSetDropCallback(window, on_drop);
  glfwSetCursorPosCallback(window, [](GLFWwindow* w, double, double) { events_of(w).touch(); });
  glfwSetCursorEnterCallback(window, [](GLFWwindow* w, int) { events_of(w).touch(); });
  glfwSetMouseButtonCallback(window, [](GLFWwindow* w, int, int, int) { events_of(w).touch(); });
  glfwSetScrollCallback(window, [](GLFWwindow* w, double, double) { events_of(w).touch(); });
  glfwSetWindowFocusCallback(window, [](GLFWwindow* w, int) { events_of(w).touch(); });
  glfwSetWindowRefreshCallback(window, [](GLFWwindow* w) { events_of(w).touch(); });
  glfwSetFramebufferSizeCallback(window, [](GLFWwindow* w, int, int) { events_of(w).touch(); });
  glfwSetWindowContentScaleCallback(window, [](GLFWwindow* w, float, float) { events_of(w).touch(); });
}

/// Where the window was before it filled the screen.
struct Fullscreen {
  int x = 0, y = 0, width = 0, height = 0;
  bool on = false;

  void toggle(GLFWwindow* window) {
    GLFWmonitor* monitor = glfwGetPrimaryMonitor();
    if (!monitor) return;
    if (!on) {
      glfwGetWindowPos(window, &x, &y);
      glfwGetWindowSize(window, &width, &height);
      const GLFWvidmode* mode = glfwGetVideoMode(monitor);
      glfwSetWindowMonitor(window, monitor, 0, 0, mode->width, mode->height, mode->refreshRate);
    } else {
      glfwSetWindowMonitor(window, nullptr, x, y, width, height, 0);
    }
    on = !on;
  }
};

struct Start {
  Session session;
  Settings settings;
  std::string folder;
  std::vector<std::string> set_aside;
  std::vector<CodeNote> notes;
};

Result<Start> starting_point(const std::string& open) {
  Start start;
  start.folder = settings_folder();
  Remembered remembered = load_remembered(start.folder);
  start.settings = std::move(remembered.settings);
  start.set_aside = std::move(remembered.set_aside);
  if (open.empty()) {
    if (remembered.session) {
      start.session = std::move(*remembered.session);
      return start;
    }
    start.session = first_preset().session;
    start.session.title = first_preset().name;
    start.session.language = language_of_environment();
    return start;
  }
  Result<Session> opened = open_session(open, &start.notes);
  if (!opened) return opened.error();
  start.session = std::move(*opened);
  start.settings.project_path.clear();
  if (find_preset(open)) {
    start.session.title = open;
  } else {
    if (start.session.title.empty()) start.session.title = title_of(open);
    if (is_project_file(open)) start.settings.project_path = std::filesystem::absolute(open).string();
  }
  if (remembered.session) {
    start.session.language = remembered.session->language;
    start.session.theme = remembered.session->theme;
  } else {
    start.session.language = language_of_environment();
  }
  return start;
}

}  // namespace

bool has_display() {
  if (!set_and_not_empty("DISPLAY") && !set_and_not_empty("WAYLAND_DISPLAY")) return false;
  const Glfw glfw;
  return glfw.ready;
}

Result<void> run_window(const WindowOptions& options) {
  if (!set_and_not_empty("DISPLAY") && !set_and_not_empty("WAYLAND_DISPLAY")) return Error{"error.no_display", {}, {}};
  Result<Start> start = starting_point(options.open);
  if (!start) return start.error();
  const Glfw glfw;
  if (!glfw.ready) return Error{"error.no_display", {}, {}};

  glfwWindowHint(GLFW_CONTEXT_VERSION_MAJOR, 3);
  glfwWindowHint(GLFW_CONTEXT_VERSION_MINOR, 3);
  glfwWindowHint(GLFW_OPENGL_PROFILE, GLFW_OPENGL_CORE_PROFILE);
  glfwWindowHint(GLFW_OPENGL_FORWARD_COMPAT, GLFW_TRUE);
  glfwWindowHint(GLFW_SCALE_TO_MONITOR, options.ui_scale > 0 ? GLFW_FALSE : GLFW_TRUE);
  glfwWindowHintString(GLFW_X11_CLASS_NAME, "convscope");
  glfwWindowHintString(GLFW_X11_INSTANCE_NAME, "convscope");
  // Anti-aliasing is done by the shaders; nothing is deep.
  glfwWindowHint(GLFW_DEPTH_BITS, 0);
  glfwWindowHint(GLFW_STENCIL_BITS, 0);
  glfwWindowHint(GLFW_SAMPLES, 0);
  GLFWwindow* handle =
      glfwCreateWindow(start->settings.window_width, start->settings.window_height, "ConvScope", nullptr, nullptr);
  if (!handle) {
    const char* reason = nullptr;
    glfwGetError(&reason);
    return Error{"error.no_opengl", {}, {reason ? reason : "glfwCreateWindow"}};
  }
  glfwMakeContextCurrent(handle);
  if (!gladLoadGL(glfwGetProcAddress)) return Error{"error.no_opengl", {}, {"gladLoadGL"}};
  glfwSwapInterval(1);
  glfwSetWindowSizeLimits(handle, kSmallestWidth, kSmallestHeight, GLFW_DONT_CARE, GLFW_DONT_CARE);

  Result<std::unique_ptr<FontStack>> fonts = FontStack::open();
  if (!fonts) return fonts.error();
  Result<std::unique_ptr<MainWindow>> created =
      MainWindow::create(**fonts, std::move(start->session), start->settings, start->folder);
  if (!created) return created.error();
  MainWindow& main = **created;
  for (const std::string& file : start->set_aside) {
    main.tell(tr(main.workbench().session().language, "notice.set_aside", {file}), true);
  }
  if (!options.lesson.empty()) main.open_lesson(options.lesson, static_cast<size_t>(options.lesson_page - 1));
  if (!options.ask.empty()) main.drop(options.ask);
  if (!start->notes.empty()) main.tell(words_of(main.workbench().session().language, start->notes));
  Events events;
  events.main = &main;
  glfwSetWindowUserPointer(handle, &events);
  install_callbacks(handle);
  WindowGuard guard;
  guard.window = handle;
  guard.backend = ImGui_ImplGlfw_InitForOpenGL(handle, true);

  Fullscreen fullscreen;
  std::string title;
  double last = glfwGetTime();
  bool first = true;
  while (!glfwWindowShouldClose(handle) && !main.wants_to_quit()) {
    const double elapsed = glfwGetTime() - last;
    if (main.moves() || events.frames_due > 0) {
      if (elapsed < kShortestFrame) {
        glfwWaitEventsTimeout(kShortestFrame - elapsed);
      } else {
        glfwPollEvents();
      }
    } else {
      glfwWaitEventsTimeout(main.sleeps_at_most());
      // A notice that goes and the autosave need a frame now and then.
      if (events.frames_due == 0) events.frames_due = 1;
    }
    int width = 0, height = 0, window_width = 0, window_height = 0;
    glfwGetFramebufferSize(handle, &width, &height);
    glfwGetWindowSize(handle, &window_width, &window_height);
    if (width <= 0 || height <= 0 || glfwGetWindowAttrib(handle, GLFW_ICONIFIED)) {
      glfwWaitEventsTimeout(0.1);
      continue;
    }
    const double now = glfwGetTime();
    float scale_x = 1, scale_y = 1;
    glfwGetWindowContentScale(handle, &scale_x, &scale_y);
    const float monitor_scale = options.ui_scale > 0 ? options.ui_scale : std::max(scale_x, 0.5f);
    const float scale = monitor_scale * main.settings().ui_scale;
    // A window that slept has not lived through the time in between.
    const double delta = std::clamp(now - last, 1e-4, 0.25);
    last = now;
    main.begin_frame({width, height, scale, now, static_cast<float>(delta)});
    ImGui_ImplGlfw_NewFrame();
    ImGuiIO& io = ImGui::GetIO();
    if (window_width > 0 && window_width != width) {
      const float ratio = static_cast<float>(width) / static_cast<float>(window_width);
      io.DisplaySize = {static_cast<float>(width), static_cast<float>(height)};
      io.DisplayFramebufferScale = {1, 1};
      io.MousePos = {io.MousePos.x * ratio, io.MousePos.y * ratio};
    }
    ImGui::NewFrame();
    main.draw();
    ImGui::Render();
    main.render();
    glfwSwapBuffers(handle);
    if (events.frames_due > 0) --events.frames_due;
    if (first && options.print_first_frame) {
      glFinish();
      std::printf("first_frame_ms %.0f\n", seconds_since_start() * 1000);
      std::fflush(stdout);
      break;
    }
    first = false;
    const std::string wanted = main.title();
    if (wanted != title) {
      title = wanted;
      glfwSetWindowTitle(handle, title.c_str());
    }
    if (main.take_fullscreen_toggle()) fullscreen.toggle(handle);
  }
  if (!fullscreen.on) {
    int width = 0, height = 0;
    float scale_x = 1, scale_y = 1;
    glfwGetWindowSize(handle, &width, &height);
    glfwGetWindowContentScale(handle, &scale_x, &scale_y);
    const float created_scale = options.ui_scale > 0 ? 1.0f : std::max(scale_x, 0.5f);
    main.settings().window_width = static_cast<int>(static_cast<float>(width) / created_scale);
    main.settings().window_height = static_cast<int>(static_cast<float>(height) / created_scale);
  }
  if (!options.print_first_frame) main.save_state();
  return {};
}

}  // namespace convscope
