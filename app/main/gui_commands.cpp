#include "app/main/gui_commands.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/cli/arguments.h"
#include "app/cli/lens_names.h"
#include "app/cli/messages.h"
#include "app/cli/model_picture.h"
#include "app/gui/entry.h"
#include "app/io/npz.h"
#include "app/session/lesson.h"
#include "app/session/model.h"
#include "app/session/presets.h"

namespace convscope {

namespace {

/// `--lesson NAME [--page N]`.
struct LessonTexts {
  std::optional<std::string> lesson, page;
};

void add_lesson_options(CLI::App& app, LessonTexts& texts) {
  app.add_option("--lesson", texts.lesson, words("cli.lesson"));
  app.add_option("--page", texts.page, words("cli.lesson_page"));
}

/// What `--lesson` and `--page` name, where they are given. Errors: check_lesson_page()'s, error.not_a_number.
Result<void> apply_lesson(const LessonTexts& texts, std::string& lesson, int64_t& page) {
  if (texts.page) {
    if (!texts.lesson) return Error{"error.page_without_lesson", "--page", {*texts.page}};
    const Result<int64_t> number = parse_integer(*texts.page, "--page");
    if (!number) return number.error();
    page = *number;
  }
  if (!texts.lesson) return {};
  lesson = *texts.lesson;
  return check_lesson_page(lesson, page, cli_language());
}

struct ScreenshotTexts {
  ModelPicture picture;
  std::string open;
  LessonTexts lesson;
  std::optional<std::string> target, size, step, operation, beside, lens, show, theme, language, ui_scale, actions;
  bool list_widgets = false;
};

Result<Lens> parse_lens(const std::string& text) {
  if (const std::optional<Lens> lens = lens_from_name(text)) return *lens;
  return Error{"error.unknown_lens", "--lens", {text, names_of_lenses()}};
}

Result<void> run_screenshot_command(const ScreenshotTexts& texts) {
  ScreenshotOptions options;
  options.open = texts.open;
  if (Result<void> lesson = apply_lesson(texts.lesson, options.lesson, options.lesson_page); !lesson) return lesson;
  if (texts.open.empty() && options.lesson.empty()) return Error{"error.missing_option", "session", {"session"}};
  options.list_widgets = texts.list_widgets;
  if (!texts.target && !texts.list_widgets) return Error{"error.missing_option", "-o", {"-o"}};
  options.target = texts.target.value_or("");
  if (texts.size) {
    Result<PixelSize> size = parse_pixel_size(*texts.size, "--size");
    if (!size) return size.error();
    options.width = size->width;
    options.height = size->height;
  }
  if (texts.step) {
    Result<int64_t> step = parse_integer(*texts.step, "--step");
    if (!step) return step.error();
    options.step = *step;
  }
  if (const Result<Session> session = with_model_picture(Session(), texts.open, texts.picture); !session) {
    return session.error();
  }
  if (texts.picture.image) options.image = *texts.picture.image == "sample" ? "" : *texts.picture.image;
  options.imagenet = texts.picture.imagenet;
  options.operation = texts.operation.value_or("");
  options.beside = texts.beside.value_or("");
  if (texts.lens) {
    const Result<LensNames> lenses = parse_lenses(*texts.lens, "--lens");
    if (!lenses) return lenses.error();
    options.lens = lenses->first;
    options.lens_b = lenses->second;
  }
  if (texts.show) {
    PictureOptions checked;
    if (Result<void> set = set_picture_options(*texts.show, checked); !set) return set;
    options.show = *texts.show;
  }
  if (texts.theme) {
    options.theme = theme_from_name(*texts.theme);
    if (!options.theme) return Error{"error.unknown_theme", "--theme", {*texts.theme}};
  }
  if (texts.language) {
    options.language = language_from_name(*texts.language);
    if (!options.language) return Error{"error.unknown_language", "--language", {*texts.language}};
  }
  if (texts.ui_scale) {
    Result<double> scale = parse_number(*texts.ui_scale, "--ui-scale");
    if (!scale) return scale.error();
    if (*scale < 0.5 || *scale > 4) return Error{"error.ui_scale", "--ui-scale", {*texts.ui_scale}};
    options.ui_scale = static_cast<float>(*scale);
  }
  options.actions_file = texts.actions.value_or("");
  return run_screenshot(options);
}

struct UiBenchTexts {
  std::optional<std::string> open, lens, size;
};

Result<void> run_ui_bench_command(const UiBenchTexts& texts, bool as_json) {
  UiBenchOptions options;
  options.open = *texts.open;
  options.json = as_json;
  if (texts.lens) {
    Result<Lens> lens = parse_lens(*texts.lens);
    if (!lens) return lens.error();
    options.lens = *lens;
  }
  if (texts.size) {
    Result<PixelSize> size = parse_pixel_size(*texts.size, "--size");
    if (!size) return size.error();
    options.width = size->width;
    options.height = size->height;
  }
  return run_ui_bench(options);
}

struct WindowTexts {
  std::string open;
  LessonTexts lesson;
  std::optional<std::string> ui_scale;
  bool print_first_frame = false;
};

/// Whether the window asks which array or layer of the file is meant. Errors: those of reading it.
Result<bool> asks_about(const std::string& path) {
  if (path.empty() || find_preset(path) != nullptr) return false;
  if (is_model_path(path) && layer_path(path).layer.empty()) {
    const Result<ModelPtr> model = open_model(path);
    return model ? Result<bool>(true) : model.error();
  }
  if (is_npz_path(path) && array_path(path).array.empty()) {
    const Result<std::vector<NpzArray>> arrays = npz_arrays(path);
    return arrays ? Result<bool>(true) : arrays.error();
  }
  return false;
}

Result<void> run_window_command(const WindowTexts& texts) {
  WindowOptions options;
  options.open = texts.open;
  if (Result<void> lesson = apply_lesson(texts.lesson, options.lesson, options.lesson_page); !lesson) return lesson;
  // `convscope lesson.json` opens a lesson as it opens a session.
  if (options.lesson.empty() && find_preset(texts.open) == nullptr && is_lesson_file(texts.open)) {
    if (Result<void> good = check_lesson_page(texts.open, 1, cli_language()); !good) return good;
    options.lesson = std::exchange(options.open, {});
  }
  options.print_first_frame = texts.print_first_frame;
  if (texts.ui_scale) {
    Result<double> scale = parse_number(*texts.ui_scale, "--ui-scale");
    if (!scale) return scale.error();
    if (*scale < 0.5 || *scale > 4) return Error{"error.ui_scale", "--ui-scale", {*texts.ui_scale}};
    options.ui_scale = static_cast<float>(*scale);
  }
  const Result<bool> asks = asks_about(options.open);
  if (!asks) return asks.error();
  if (*asks) options.ask = std::exchange(options.open, {});
  // That a file is missing is worth knowing even where no window can open.
  if (!options.open.empty()) {
    std::vector<CodeNote> notes;
    if (const Result<Session> session = open_session(options.open, &notes); !session) return session.error();
    print_notes(notes);
  }
  return run_window(options);
}

}  // namespace

void add_screenshot_command(CLI::App& app, Run& run) {
  auto texts = std::make_shared<ScreenshotTexts>();
  CLI::App* command = app.add_subcommand("screenshot", words("cli.screenshot"));
  command->add_option("session", texts->open, words("cli.session"));
  add_model_picture_options(*command, texts->picture);
  add_lesson_options(*command, texts->lesson);
  command->add_option("-o,--output", texts->target, words("cli.screenshot.output"));
  command->add_option("--size", texts->size, words("cli.screenshot.size"));
  command->add_option("--step", texts->step, words("cli.screenshot.step"));
  command->add_option("--operation", texts->operation, words("cli.session_operation"));
  command->add_option("--beside", texts->beside, words("cli.beside"));
  command->add_option("--lens", texts->lens, words("cli.lenses"));
  command->add_option("--show", texts->show, words("cli.show"));
  command->add_option("--theme", texts->theme, words("cli.theme"));
  command->add_option("--language", texts->language, words("cli.language"));
  command->add_option("--ui-scale", texts->ui_scale, words("cli.ui_scale"));
  command->add_option("--actions", texts->actions, words("cli.screenshot.actions"));
  command->add_flag("--list-widgets", texts->list_widgets, words("cli.screenshot.list_widgets"));
  command->callback([texts, &run] { run = [texts] { return run_screenshot_command(*texts); }; });
}

void add_ui_bench_options(CLI::App& app, Run& run) {
  auto texts = std::make_shared<UiBenchTexts>();
  CLI::App* command = app.get_subcommand("bench");
  command->add_option("--ui", texts->open, words("cli.bench.ui"));
  command->add_option("--lens", texts->lens, words("cli.lens"));
  command->add_option("--size", texts->size, words("cli.bench.size"));
  // The application's callback runs after the command's own, which asks for the engine.
  app.callback([texts, command, &run] {
    if (!texts->open) return;
    const bool as_json = command->count("--json") > 0;
    run = [texts, as_json] { return run_ui_bench_command(*texts, as_json); };
  });
}

void add_window_options(CLI::App& app, Run& run) {
  auto texts = std::make_shared<WindowTexts>();
  app.add_option("file", texts->open, words("cli.file"));
  add_lesson_options(app, texts->lesson);
  app.add_option("--ui-scale", texts->ui_scale, words("cli.ui_scale"));
  app.add_flag("--first-frame", texts->print_first_frame, words("cli.first_frame"));
  run = [texts] { return run_window_command(*texts); };
}

}  // namespace convscope
