// What a user does with the window, and what must follow.
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>

#include "app/export/export_job.h"
#include "app/gui/settings_file.h"
#include "app/gui/widgets.h"
#include "app/io/image.h"
#include "app/io/npy.h"
#include "app/scene/theme.h"
#include "app/session/session_json.h"
#include "tests/gui/driven_window.h"
#include "tests/support/count_allocations.h"

namespace convscope {
namespace {

using WindowTest = DrivenWindow;

CellRef output_cell(int64_t c, int64_t y, int64_t x) { return {TensorId::output, 0, c, y, x}; }

double distance(const Pixels& pixels, int x, int y, const Color& color) {
  const uint8_t* p =
      &pixels.rgba[(static_cast<size_t>(y) * static_cast<size_t>(pixels.width) + static_cast<size_t>(x)) * 4];
  return std::abs(p[0] / 255.0 - static_cast<double>(color.r)) + std::abs(p[1] / 255.0 - static_cast<double>(color.g)) +
         std::abs(p[2] / 255.0 - static_cast<double>(color.b));
}

TEST_F(WindowTest, typing_a_stride_changes_plan_and_picture) {
  open("tutorial_5_2");
  ASSERT_EQ(plan().out, (Pair{3, 3}));
  ASSERT_TRUE(draws(output_cell(0, 2, 2)));
  play("click stride.h\ntype 4\nkey enter");
  EXPECT_EQ(session().params.stride, (Pair{4, 4}));
  EXPECT_EQ(plan().out, (Pair{2, 2}));
  EXPECT_TRUE(draws(output_cell(0, 1, 1)));
  EXPECT_FALSE(draws(output_cell(0, 2, 2)));
}

TEST_F(WindowTest, the_steppers_buttons_change_plan_and_picture) {
  open("tutorial_5_2");
  play("click padding.h.plus");
  EXPECT_EQ(session().params.padding, (Pair{2, 2}));
  EXPECT_EQ(plan().out, (Pair{4, 4}));
  EXPECT_TRUE(draws(output_cell(0, 3, 3)));
  play("click padding.h.minus\nclick padding.h.minus");
  EXPECT_EQ(plan().out, (Pair{2, 2}));
  EXPECT_FALSE(draws(output_cell(0, 3, 3)));
}

TEST_F(WindowTest, dragging_a_stepper_changes_its_value_within_its_range) {
  open("tutorial_5_2");
  play("drag stride.h by 40 0");
  EXPECT_GT(session().params.stride.h, 2);
  play("drag stride.h by -400 0");
  EXPECT_EQ(session().params.stride.h, 1);
}

TEST_F(WindowTest, the_picture_follows_in_the_frame_after_the_edit) {
  open("tutorial_5_2");
  window().workbench().apply({"edit.stride", {}, [](Session& s) { s.params.stride = {1, 1}; }});
  off_->frame();
  EXPECT_EQ(plan().out, (Pair{5, 5}));
  EXPECT_TRUE(draws(output_cell(0, 4, 4)));
}

TEST_F(WindowTest, an_illegal_value_keeps_the_picture_and_explains_itself) {
  open("tutorial_5_2");
  const ComputationPtr before = window().workbench().computation();
  play("click stride.h\ntype 0\nkey enter");
  EXPECT_EQ(session().params.stride.h, 0);
  EXPECT_EQ(window().workbench().computation(), before);
  EXPECT_TRUE(draws(output_cell(0, 2, 2)));
  ASSERT_NE(window().workbench().error(), nullptr);
  EXPECT_EQ(window().workbench().error()->field, "stride");
  EXPECT_NE(widget("stride.error"), nullptr);
  EXPECT_NE(widget("picture.error"), nullptr);
  // The way back is where the message is.
  play("click picture.undo\nexpect no picture.error\nexpect no stride.error");
  EXPECT_EQ(session().params.stride.h, 2);
  EXPECT_EQ(window().workbench().error(), nullptr);
}

TEST_F(WindowTest, undo_and_redo_by_key_and_by_button) {
  open("tutorial_5_2");
  play("click padding.h.plus\nclick kernel_size.h.minus");
  EXPECT_EQ(session().params.kernel_size, (Pair{2, 2}));
  play("key ctrl+z");
  EXPECT_EQ(session().params.kernel_size, (Pair{3, 3}));
  EXPECT_EQ(session().params.padding, (Pair{2, 2}));
  play("click toolbar.undo");
  EXPECT_EQ(session().params.padding, (Pair{1, 1}));
  EXPECT_FALSE(widget("toolbar.undo")->enabled);
  play("key ctrl+shift+z\nkey ctrl+y");
  EXPECT_EQ(session().params.padding, (Pair{2, 2}));
  EXPECT_EQ(session().params.kernel_size, (Pair{2, 2}));
  EXPECT_FALSE(widget("toolbar.redo")->enabled);
}

TEST_F(WindowTest, one_drag_is_one_undo_step) {
  open("tutorial_5_2");
  play("drag padding.h by 60 0");
  ASSERT_GT(session().params.padding.h, 2);
  play("key ctrl+z");
  EXPECT_EQ(session().params.padding, (Pair{1, 1}));
}

TEST_F(WindowTest, the_language_changes_words_and_keeps_names) {
  open("tutorial_5_2");
  // The button to share stands where the words beside it leave room.
  const auto names = [&] {
    std::vector<std::string> all;
    for (const WidgetRect& rect : window().widgets().all()) {
      if (rect.name != "toolbar.share") all.push_back(rect.name);
    }
    return all;
  };
  const std::vector<std::string> english_names = names();
  const Pixels english = off_->pixels();
  play("click toolbar.language");
  EXPECT_EQ(session().language, Language::zh);
  EXPECT_THAT(names(), testing::UnorderedElementsAreArray(english_names));
  EXPECT_NE(off_->pixels().rgba, english.rgba);
  play("key l\nhover picture at 5 5");
  EXPECT_EQ(session().language, Language::en);
}

TEST_F(WindowTest, the_theme_changes_every_surface) {
  open("tutorial_5_2");
  for (ThemeId id : {ThemeId::light, ThemeId::dark, ThemeId::contrast}) {
    ASSERT_EQ(session().theme, id);
    const Pixels pixels = off_->pixels();
    EXPECT_LT(distance(pixels, 4, 400, theme(id).of(Role::panel).full), 0.02) << "left column";
    EXPECT_LT(distance(pixels, 320, 640, theme(id).of(Role::canvas).full), 0.02) << "picture";
    EXPECT_LT(distance(pixels, 500, 4, theme(id).of(Role::panel).full), 0.02) << "toolbar";
    play("key t");
  }
  EXPECT_EQ(session().theme, ThemeId::light);
}

TEST_F(WindowTest, playing_takes_as_long_as_the_speed_says_and_stops_at_the_end) {
  open("tutorial_5_2");
  window().workbench().apply_view([](Session& s) { s.loop = false; });
  play("key space");
  ASSERT_TRUE(window().playback().playing());
  // Two steps a second.
  const int64_t before = step();
  for (int i = 0; i < 60; ++i) off_->frame(1.0 / 60);
  EXPECT_EQ(step(), before + 2);
  EXPECT_EQ(session().step, step());
  for (int i = 0; i < 60 * 5; ++i) off_->frame(1.0 / 60);
  EXPECT_FALSE(window().playback().playing());
  EXPECT_EQ(step(), 9);
}

TEST_F(WindowTest, buttons_and_keys_step_through_the_cells) {
  open("tutorial_5_2");
  play("click timeline.forward\nexpect step 2\nkey right\nexpect step 3\nkey left\nexpect step 2");
  play("click timeline.last\nexpect step 9\nclick timeline.first\nexpect step 1");
  play("key end\nexpect step 9\nkey home\nexpect step 1\nkey down\nexpect step 4\nkey up\nexpect step 1");
  EXPECT_FALSE(widget("timeline.back")->enabled);
  EXPECT_FALSE(widget("timeline.first")->enabled);
}

TEST_F(WindowTest, scrubbing_reaches_the_last_of_millions_of_steps) {
  open("photo_1080p");
  const int64_t count = window().workbench().step_count();
  ASSERT_GT(count, 6'000'000);
  play("click timeline.scrub at 100% 50%");
  EXPECT_EQ(step(), count);
  play("drag timeline.scrub 100% 50% to 50% 50%");
  EXPECT_NEAR(static_cast<double>(step()), static_cast<double>(count) / 2, static_cast<double>(count) * 0.01);
}

TEST_F(WindowTest, speed_and_loop_are_kept_in_the_session) {
  open("tutorial_5_2");
  const bool loop = session().loop;
  play("click timeline.loop\nclick timeline.speed\nclick timeline.speed.16");
  EXPECT_NE(session().loop, loop);
  EXPECT_DOUBLE_EQ(session().steps_per_second, 16);
  EXPECT_FALSE(window().workbench().modified()) << "how it is watched is no edit";
}

TEST_F(WindowTest, a_click_on_a_cell_goes_to_its_step) {
  open("tutorial_5_2");
  play("click output[0, 0, 1, 2]\nexpect step 6");
  play("click input[0, 0, 4, 4]\nexpect step 9");
  play("key 3\nclick im2col[4, 0]\nexpect step 5\nclick product[7, 0]\nexpect step 8");
}

TEST_F(WindowTest, pointing_works_in_the_isometric_lens_as_in_the_sliding_one) {
  open("tutorial_5_3");
  play("key 2\nclick output[0, 0, 1, 2]\nexpect step 6");
  EXPECT_EQ(session().lens, Lens::isometric);
  play("click input[0, 0, 4, 4]\nexpect step 9");
  // Its front sheet lies over this cell of the second channel's, not over that one.
  play("click output[0, 1, 0, 2]\nexpect step 12");
  play("click input[0, 1, 0, 4]\nexpect step 12");
}

TEST_F(WindowTest, a_conv1d_has_one_number_for_each_argument) {
  open("conv1d_causal");
  for (const char* argument : {"kernel_size", "stride", "dilation"}) {
    EXPECT_NE(widget(std::string(argument) + ".w"), nullptr) << argument;
    EXPECT_EQ(widget(std::string(argument) + ".h"), nullptr) << argument;
    EXPECT_EQ(widget(std::string(argument) + ".link"), nullptr) << argument;
  }
  EXPECT_EQ(widget("input.height"), nullptr);
  EXPECT_EQ(widget("tab.solver"), nullptr);
  play("click output[0, 0, 0, 7]\nexpect step 8");
}

TEST_F(WindowTest, dragging_over_the_input_takes_the_window_along) {
  open("tutorial_5_2");
  play("drag input[0,0,0,0] to input[0,0,0,4]\nexpect step 3");
  play("drag input[0,0,0,4] to input[0,0,4,0]\nexpect step 7");
  EXPECT_DOUBLE_EQ(window().picture().view().zoom, 1) << "nothing was panned";
}

TEST_F(WindowTest, the_wheel_zooms_about_the_pointer_and_a_double_click_fits) {
  open("tutorial_5_2");
  const auto before = place_of_cell(window().scene(), {TensorId::input, 0, 0, 2, 2});
  ASSERT_TRUE(before);
  play("scroll input[0,0,2,2] 4");
  EXPECT_GT(window().picture().view().zoom, 1.5);
  const auto after = place_of_cell(window().scene(), {TensorId::input, 0, 0, 2, 2});
  ASSERT_TRUE(after);
  EXPECT_NEAR(after->first, before->first, 2);
  EXPECT_NEAR(after->second, before->second, 2);
  play("double_click picture");
  EXPECT_DOUBLE_EQ(window().picture().view().zoom, 1);
}

TEST_F(WindowTest, zoomed_in_a_drag_pans) {
  open("photo_1080p");
  play("scroll picture at 30% 30% 12");
  const double before = window().picture().view().center_x;
  const int64_t step_before = step();
  play("drag picture at 50% 50% by 80 0");
  EXPECT_LT(window().picture().view().center_x, before);
  EXPECT_EQ(step(), step_before);
  play("click picture.fit");
  EXPECT_DOUBLE_EQ(window().picture().view().zoom, 1);
  EXPECT_DOUBLE_EQ(window().picture().view().center_x, 0.5);
}

TEST_F(WindowTest, zoom_buttons_and_keys) {
  open("tutorial_5_2");
  play("click picture.zoom_in");
  const double once = window().picture().view().zoom;
  EXPECT_GT(once, 1);
  play("key +");
  EXPECT_GT(window().picture().view().zoom, once);
  play("key 0");
  EXPECT_DOUBLE_EQ(window().picture().view().zoom, 1);
  EXPECT_FALSE(widget("picture.zoom_out")->enabled);
}

TEST_F(WindowTest, pointing_at_a_cell_lights_it_and_its_relatives) {
  open("tutorial_5_2");
  play("hover output[0,0,1,1]");
  ASSERT_TRUE(window().picture().hovered());
  EXPECT_EQ(*window().picture().hovered(), output_cell(0, 1, 1));
  int lit = 0;
  for (const Mark& mark : window().scene().marks) lit += mark.role == Role::hover;
  EXPECT_NE(widget("picture.pointed"), nullptr) << "its name and value";
  EXPECT_GT(lit, 9) << "the cell, its window's nine inputs and nine weights";
  play("hover toolbar.help");
  EXPECT_FALSE(window().picture().hovered());
}

TEST_F(WindowTest, cells_are_described_by_name_and_value) {
  open("tutorial_5_2");
  const Computation& computation = *window().workbench().computation();
  EXPECT_EQ(describe_cell(computation, {TensorId::input, 0, 0, 2, 2}, 0), "X[0, 0, 2, 2] = 12");
  EXPECT_EQ(describe_cell(computation, {TensorId::weight, 0, 0, 1, 2}, 0), "W[0, 0, 1, 2] = -1");
  EXPECT_EQ(describe_cell(computation, {TensorId::output, 0, 0, 1, 1}, 0), "Y[0, 0, 1, 1] = -6");
  EXPECT_EQ(describe_cell(computation, {TensorId::input, 0, 0, -1, 0}, 0), "") << "padding";
  EXPECT_EQ(describe_cell(computation, {TensorId::im2col, 0, 0, 4, 4}, 0), "im2col[4, 4] = X[0, 0, 2, 2] = 12");
  EXPECT_EQ(describe_cell(computation, {TensorId::im2col, 0, 0, 0, 0}, 0), "im2col[0, 0] = 0");
  EXPECT_EQ(describe_cell(computation, {TensorId::product, 0, 0, 4, 0}, 0), "Y[0, 0, 1, 1] = -6");
  EXPECT_EQ(describe_cell(computation, {TensorId::kernel_matrix, 0, 0, 5, 0}, 0), "W[0, 0, 1, 2] = -1");
  EXPECT_EQ(describe_cell(computation, {TensorId::toeplitz, 0, 0, 4, 13}, 0), "T[4, 13] = W[0, 0, 1, 2] = -1");
  EXPECT_EQ(describe_cell(computation, {TensorId::toeplitz, 0, 0, 4, 0}, 0), "T[4, 0] = 0");
  EXPECT_EQ(describe_cell(computation, {TensorId::toeplitz, 0, 0, 4, 25}, 0), "") << "no such column";
}

TEST_F(WindowTest, the_step_of_a_cell) {
  open("tutorial_5_3");  // two channels in, three out, 5x5, kernel 3
  EXPECT_EQ(step_of(plan(), {TensorId::output, 0, 2, 1, 0}, 0), 2 * 9 + 3);
  EXPECT_EQ(step_of(plan(), {TensorId::input, 0, 1, 2, 2}, 10), 9 + 4) << "keeps the output channel";
  EXPECT_EQ(step_of(plan(), {TensorId::im2col, 0, 0, 8, 0}, 20), 18 + 8);
  EXPECT_EQ(step_of(plan(), {TensorId::product, 0, 0, 2, 1}, 0), 9 + 2);
  EXPECT_EQ(step_of(plan(), {TensorId::toeplitz, 2, 1, 4, 7}, 0), 18 + 4);
  EXPECT_EQ(step_of(plan(), {TensorId::toeplitz, 2, 1, 9, 7}, 0), std::nullopt);
  EXPECT_EQ(step_of(plan(), {TensorId::weight, 0, 0, 0, 0}, 0), std::nullopt);
  EXPECT_EQ(step_of(plan(), {TensorId::im2col, 0, 0, 99, 0}, 0), std::nullopt);
  EXPECT_EQ(step_of(plan(), {TensorId::input, 0, 0, -1, -1}, 0), 0) << "padding counts to the nearest window";
}

TEST_F(WindowTest, an_exported_file_that_is_dropped_brings_its_session_back_and_is_not_saved_over) {
  const TemporaryFolder folder;
  Session exported = open_session("dilation").value();
  exported.lens = Lens::im2col;
  TensorCache cache;
  ExportSettings settings;
  settings.target = folder.file("clip.gif");
  settings.width = 320;
  settings.height = 180;
  settings.lens = exported.lens;
  settings.steps = {{2, 2}};
  settings.session = exported;
  ASSERT_TRUE(run_export(compute(exported, cache).value(), settings).ok());
  open("padding_strides");
  play("drop " + settings.target + "\nwait idle");
  EXPECT_EQ(session().params.dilation, exported.params.dilation);
  EXPECT_EQ(session().input_shape, exported.input_shape);
  EXPECT_EQ(session().lens, Lens::im2col);
  EXPECT_EQ(session().step, 2);
  EXPECT_EQ(session().title, "clip");
  const auto bytes = std::filesystem::file_size(settings.target);
  play("key ctrl+s\nwait idle");
  EXPECT_EQ(std::filesystem::file_size(settings.target), bytes);
}

TEST_F(WindowTest, a_picture_that_is_dropped_becomes_the_input) {
  const TemporaryFolder folder;
  Pixels pixels;
  pixels.width = 6;
  pixels.height = 4;
  pixels.rgba.assign(6 * 4 * 4, 255);
  for (int i = 0; i < 24; ++i) pixels.rgba[static_cast<size_t>(i) * 4 + 1] = static_cast<uint8_t>(i * 10);
  const std::string path = folder.file("\u56FE\u7247 1.png");
  ASSERT_TRUE(write_png(path, pixels).ok());
  open("tutorial_5_2");
  play("drop " + path);
  EXPECT_EQ(plan().in, (Pair{4, 6}));
  EXPECT_EQ(plan().in_channels, 3);
  const Tensor& input = window().workbench().computation()->tensors.input;
  EXPECT_FLOAT_EQ(static_cast<float>(input.at(24 + 7)), 70.0f / 255);
  EXPECT_NE(widget("notice"), nullptr);
  play("key ctrl+z");
  EXPECT_EQ(plan().in, (Pair{5, 5}));
}

TEST_F(WindowTest, a_file_that_cannot_be_read_leaves_everything_and_says_why) {
  const TemporaryFolder folder;
  std::ofstream(folder.file("broken.png")) << "no picture at all";
  open("tutorial_5_2");
  const ComputationPtr before = window().workbench().computation();
  play("drop " + folder.file("broken.png"));
  EXPECT_EQ(window().workbench().computation(), before);
  EXPECT_TRUE(window().notice().is_error);
  EXPECT_THAT(window().notice().text, testing::HasSubstr("broken.png"));
  play("drop " + folder.file("missing.npy"));
  EXPECT_TRUE(window().notice().is_error);
  EXPECT_FALSE(window().workbench().can_undo());
}

TEST_F(WindowTest, letters_typed_into_a_field_are_no_shortcuts) {
  open("tutorial_5_2");
  play("click constructor\nwait frames 2\nkey t\nkey l\nkey 2\nkey escape");
  EXPECT_EQ(session().theme, ThemeId::light);
  EXPECT_EQ(session().language, Language::en);
  EXPECT_EQ(session().lens, Lens::sliding);
}

TEST_F(WindowTest, lenses_change_by_key_and_by_button) {
  open("tutorial_5_2");
  play("click lens.im2col");
  EXPECT_EQ(session().lens, Lens::im2col);
  EXPECT_TRUE(draws({TensorId::im2col, 0, 0, 8, 8}));
  play("click lens.toeplitz");
  EXPECT_EQ(session().lens, Lens::toeplitz);
  EXPECT_TRUE(draws({TensorId::toeplitz, 0, 0, 8, 24}));
  play("key 1");
  EXPECT_EQ(session().lens, Lens::sliding);
  std::vector<Lens> lenses = all_lenses();
  std::erase_if(lenses, [](Lens lens) { return !lens_shows(lens, OperationFamily::conv); });
  for (size_t i = 0; i < lenses.size(); ++i) {
    play("key " + std::to_string(i + 1));
    EXPECT_EQ(session().lens, lenses[i]);
  }
  play("key 9");
  EXPECT_EQ(session().lens, lenses.back()) << "there are not that many";
  // Of another operation they count its own.
  open("padding_strides_transposed");
  play("key 2");
  EXPECT_EQ(session().lens, Lens::gather);
  play("key 1");
  EXPECT_EQ(session().lens, Lens::scatter);
  play("key 4");
  EXPECT_EQ(session().lens, Lens::scatter) << "there are not that many";
}

TEST_F(WindowTest, every_widget_has_a_name_of_its_own) {
  for (const char* name : {"tutorial_5_2", "tutorial_5_3", "photo_1080p", "grouped"}) {
    for (int width : {1600, 960}) {
      open(name, width, 900);
      for (const char* script : {"wait frames 1", "key 2", "click toolbar.settings", "key escape\nkey ?"}) {
        play(script);
        std::map<std::string, int> count;
        for (const WidgetRect& rect : window().widgets().all()) ++count[rect.name];
        for (const auto& [widget_name, times] : count) {
          EXPECT_EQ(times, 1) << widget_name << " in " << name << " at " << width << " after " << script;
        }
        EXPECT_GT(count.size(), 40u);
      }
    }
  }
}

TEST_F(WindowTest, a_preset_opens_from_the_menu_and_keeps_the_users_words_and_colours) {
  open("tutorial_5_2");
  play("key t\nkey l\nclick preset\nclick preset.dilation");
  EXPECT_EQ(session().title, "dilation");
  EXPECT_EQ(session().params.dilation, find_preset("dilation")->session.params.dilation);
  EXPECT_EQ(session().theme, ThemeId::dark);
  EXPECT_EQ(session().language, Language::zh);
  play("key ctrl+z");
  EXPECT_EQ(session().title, "tutorial_5_2");
}

TEST_F(WindowTest, menus_close_by_escape) {
  open("tutorial_5_2");
  play("click preset\nexpect preset.dilation\nkey escape\nexpect no preset.dilation");
  play("click toolbar.settings\nexpect settings.ui_scale\nkey escape\nexpect no settings.ui_scale");
  play("key ?\nexpect shortcuts\nkey escape\nexpect no shortcuts");
}

TEST_F(WindowTest, a_session_whose_file_is_gone_says_so_and_offers_a_way_out) {
  Session session = find_preset("tutorial_5_2")->session;
  session.input = {SourceKind::image, {}, "/no such folder/picture.png", nullptr};
  open(session);
  EXPECT_EQ(window().workbench().computation(), nullptr);
  ASSERT_NE(window().workbench().error(), nullptr);
  play("expect empty.error\nkey space\nkey right\nscroll picture 2\nclick empty.restore");
  EXPECT_NE(window().workbench().computation(), nullptr);
  EXPECT_EQ(window().workbench().error(), nullptr);
}

TEST_F(WindowTest, the_interface_can_be_made_larger) {
  open("tutorial_5_2", 1600, 900);
  const WidgetRect small = *widget("timeline.play");
  play("click toolbar.settings\nclick settings.ui_scale\nclick settings.ui_scale.150\nkey escape");
  const WidgetRect large = *widget("timeline.play");
  EXPECT_NEAR((large.x1 - large.x0) / (small.x1 - small.x0), 1.5f, 0.05f);
}

TEST_F(WindowTest, columns_fold_and_give_their_room_to_the_picture) {
  open("tutorial_5_2");
  const float before = window().picture().box().width();
  play("click toolbar.fold_left\nclick toolbar.fold_right");
  EXPECT_EQ(widget("stride.h"), nullptr);
  EXPECT_EQ(widget("section.output_size"), nullptr);
  EXPECT_FLOAT_EQ(window().picture().box().width(), 1280);
  play("click toolbar.fold_left\nclick toolbar.fold_right");
  EXPECT_FLOAT_EQ(window().picture().box().width(), before);
  play("drag splitter.left by 60 0");
  EXPECT_NEAR(window().picture().box().width(), before - 60, 1.5);
}

TEST_F(WindowTest, a_narrow_window_puts_the_right_column_into_tabs) {
  open("tutorial_5_2", 960, 720);
  EXPECT_NE(widget("section.output_size"), nullptr);
  EXPECT_EQ(widget("cell.name"), nullptr);
  play("click tab.cell");
  EXPECT_EQ(widget("section.output_size"), nullptr);
  EXPECT_NE(widget("cell.name"), nullptr);
}

TEST_F(WindowTest, the_bars_fit_windows_of_any_width_in_both_languages) {
  for (Language language : {Language::en, Language::zh}) {
    for (int width : {640, 700, 760, 900, 1100, 1280, 1920}) {
      Session session = find_preset("tutorial_5_2")->session;
      session.title = "tutorial_5_2";
      session.language = language;
      open(session, width, 480);
      const auto all = window().widgets().all();
      for (size_t i = 0; i < all.size(); ++i) {
        const WidgetRect& a = all[i];
        const bool bar = a.y1 <= 52 || a.y0 >= 420;
        if (!bar || !a.visible || a.name.starts_with("splitter")) continue;
        EXPECT_GE(a.x0, 0) << a.name;
        EXPECT_LE(a.x1, width) << a.name;
        for (size_t j = i + 1; j < all.size(); ++j) {
          const WidgetRect& b = all[j];
          const bool apart = a.x1 <= b.x0 + 0.5f || b.x1 <= a.x0 + 0.5f || a.y1 <= b.y0 || b.y1 <= a.y0;
          EXPECT_TRUE(apart || !b.visible)
              << a.name << " and " << b.name << " at " << width << " in " << name_of(language);
        }
      }
    }
  }
}

TEST_F(WindowTest, chinese_lines_break_between_characters_but_not_before_closing_marks) {
  open("tutorial_5_2");
  off_->frame(1.0 / 60);
  const std::string text = "窗口必须放得下，请减小 kernel_size。";
  EXPECT_STREQ(ui_wrapped("plain words", 10), "plain words");
  EXPECT_STREQ(ui_wrapped(text.c_str(), 1e6f), text.c_str());
  for (float width = 60; width < 200; width += 7) {
    std::string lines = ui_wrapped(text.c_str(), width);
    EXPECT_EQ(lines.find("\n，"), std::string::npos);
    EXPECT_EQ(lines.find("\n。"), std::string::npos);
    EXPECT_EQ(lines.find("kernel\n"), std::string::npos);
    EXPECT_NE(lines.find('\n'), std::string::npos);
    lines.erase(std::remove(lines.begin(), lines.end(), '\n'), lines.end());
    EXPECT_EQ(lines, text) << "nothing is lost";
  }
}

TEST_F(WindowTest, a_frame_allocates_nothing_that_the_last_one_allocated) {
  if (!test::allocations_are_counted()) GTEST_SKIP() << "a sanitizer counts its own";
  for (const char* name : {"tutorial_5_3"}) {
    for (Lens lens : all_lenses()) {
      Session session = find_preset(name)->session;
      session.title = name;
      session.lens = lens;
      open(session);
      play("click padding.h.plus\nhover timeline.step");
      for (int i = 0; i < 4; ++i) off_->frame();
      const long before = test::allocations_so_far();
      for (int i = 0; i < 4; ++i) off_->frame();
      EXPECT_EQ(test::allocations_so_far() - before, 0) << name << " " << name_of(lens);
    }
  }
}

TEST_F(WindowTest, the_formula_changes_in_the_frame_in_which_the_parameter_does) {
  open("tutorial_5_2");
  const auto formula = [&] {
    const WidgetRect at = *widget("output_size.h");
    const Pixels pixels = off_->pixels();
    std::vector<uint8_t> rows;
    for (int y = static_cast<int>(at.y0) - 40; y < static_cast<int>(at.y1); ++y) {
      const size_t from = (static_cast<size_t>(y) * static_cast<size_t>(pixels.width) + static_cast<size_t>(at.x0)) * 4;
      rows.insert(rows.end(), pixels.rgba.begin() + static_cast<ptrdiff_t>(from),
                  pixels.rgba.begin() + static_cast<ptrdiff_t>(from) + 200 * 4);
    }
    return rows;
  };
  const std::vector<uint8_t> before = formula();
  window().workbench().apply({"edit.padding", {}, [](Session& session) { session.params.padding = {4, 4}; }});
  off_->frame();
  const std::vector<uint8_t> at_once = formula();
  off_->settle();
  EXPECT_NE(at_once, before);
  EXPECT_EQ(at_once, formula());
}

TEST_F(WindowTest, everything_grows_with_the_scale) {
  open("tutorial_5_2", 1280, 720, 1);
  const WidgetRect small = *widget("timeline.play");
  open("tutorial_5_2", 2560, 1440, 2);
  const WidgetRect large = *widget("timeline.play");
  EXPECT_NEAR(large.x1 - large.x0, 2 * (small.x1 - small.x0), 3);
  EXPECT_NEAR(large.y0, 2 * small.y0, 4);
}

TEST_F(WindowTest, the_title_names_the_session_and_marks_changes) {
  open("tutorial_5_2");
  EXPECT_THAT(window().title(), testing::HasSubstr("5.2"));
  EXPECT_THAT(window().title(), testing::Not(testing::StartsWith("\u2022")));
  play("click padding.h.plus");
  EXPECT_THAT(window().title(), testing::StartsWith("\u2022"));
}

TEST_F(WindowTest, the_session_is_there_again_at_the_next_start) {
  const TemporaryFolder folder;
  Session session_at_first = find_preset("tutorial_5_2")->session;
  open(session_at_first, 1280, 720, 1, folder.path());
  play("click stride.h.minus\nkey t\nkey end");
  window().save_state();
  const Remembered remembered = load_remembered(folder.path());
  ASSERT_TRUE(remembered.session);
  EXPECT_EQ(remembered.session->params.stride, (Pair{1, 1}));
  EXPECT_EQ(remembered.session->theme, ThemeId::dark);
  open(*remembered.session, 1280, 720, 1, folder.path());
  EXPECT_EQ(step(), 25);
}

TEST_F(WindowTest, saving_writes_a_project_that_opens_again) {
  const TemporaryFolder folder;
  open("tutorial_5_2");
  window().settings().project_path = folder.file("mine.json");
  play("click padding.h.plus\nkey ctrl+s");
  EXPECT_FALSE(window().workbench().modified());
  const Result<Session> saved = load_session(folder.file("mine.json"));
  ASSERT_TRUE(saved.ok());
  EXPECT_EQ(saved->params.padding, (Pair{2, 2}));
  open("tutorial_3_2");
  play("drop " + folder.file("mine.json"));
  EXPECT_EQ(session().params.padding, (Pair{2, 2}));
  EXPECT_EQ(window().settings().project_path, folder.file("mine.json"));
}

TEST_F(WindowTest, the_same_script_gives_the_same_picture) {
  const std::string script = "click stride.h.minus\nkey right\nkey right\nwait 1\nhover output[0,0,0,1]";
  open("tutorial_5_2");
  play(script);
  const Pixels once = off_->pixels();
  open("tutorial_5_2");
  play(script);
  EXPECT_EQ(off_->pixels().rgba, once.rgba);
}

TEST_F(WindowTest, scripts_say_which_line_failed_and_why) {
  open("tutorial_5_2");
  const Result<void> missing = off_->play("wait frames 1\nclick strid.h");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, "error.script_no_widget");
  EXPECT_THAT(missing.error().args, testing::ElementsAre("2", "strid.h", "stride.h"));
  const Result<void> disabled = off_->play("click toolbar.undo");
  ASSERT_FALSE(disabled.ok());
  EXPECT_EQ(disabled.error().code, "error.script_disabled");
  const Result<void> cell = off_->play("click output[0,0,9,9]");
  ASSERT_FALSE(cell.ok());
  EXPECT_EQ(cell.error().code, "error.script_no_cell");
}

TEST_F(WindowTest, widgets_out_of_sight_are_scrolled_to) {
  open("tutorial_5_2", 1280, 480);
  ASSERT_FALSE(widget("dtype")->visible);
  play("click dtype\nclick dtype.float64");
  EXPECT_EQ(session().params.dtype, DType::float64);
}

}  // namespace
}  // namespace convscope
