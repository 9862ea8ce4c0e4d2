// The strip above the picture that leads through a lesson, and that asks before a step is shown.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "app/gui/ui_context.h"
#include "app/scene/prediction.h"
#include "app/session/lesson_player.h"

namespace convscope {

class LessonCard {
 public:
  LessonPlayer& player() { return player_; }
  const LessonPlayer& player() const { return player_; }

  /// Opens a lesson at a page (from 0), turns to another page of it, and gives the session from before back. A turn
  /// past the last page leaves.
  void start(UiContext& ui, LessonPtr lesson, size_t page = 0);
  void turn(UiContext& ui, int64_t by);
  void leave(UiContext& ui);

  /// Whether steps are asked for before they are shown, lesson or not.
  bool predicting() const { return predicting_; }
  void set_predicting(bool on);

  /// Draws the card along the upper edge of `area` and returns how high it is, in device pixels; 0 where there is
  /// nothing to say or no room. Call once per frame, before the picture.
  float draw(UiContext& ui, const Box& area);
  /// Puts the page's camera in place, which the picture's own first look has to come before. Call after the picture.
  void place_camera(UiContext& ui);

 private:
  /// Words laid out for a width; made anew only when one of these changes.
  struct Laid {
    std::string key;
    std::vector<std::string> lines;
    float width = 0, font = 0, height = 0;
  };
  struct Asked {
    Prediction prediction;
    std::string words;                  // the question
    std::array<std::string, 2> answer;  // as typed
    std::optional<Verdict> verdict;
    Language language = Language::en;
    bool not_a_number = false;
    bool of_page = false;  // the page's question, not free practice
    bool open = false;     // there is a question
  };

  void open_page(UiContext& ui);
  void fill_words(UiContext& ui);
  void follow_play(UiContext& ui);
  void follow_question(UiContext& ui);
  void ask(UiContext& ui, Prediction prediction, bool of_page);
  void answer(UiContext& ui);
  void draw_header(UiContext& ui);
  void draw_caption(UiContext& ui, float width);
  void draw_task(UiContext& ui, float width);
  void draw_practice(UiContext& ui);
  void draw_question(UiContext& ui, float width);
  static const Laid& laid(Laid& kept, const std::string& text, float width);
  static void draw_lines(UiContext& ui, const Laid& words, float x, float y, Role role);

  LessonPlayer player_;
  float height_ = 0;                                                 // of the contents in the last frame
  uint64_t filled_ = 0;                                              // of player_.turns()
  std::array<std::string, 2> title_, caption_, task_, hint_, done_;  // by language, filled in
  bool hint_open_ = false;
  std::optional<std::pair<int64_t, int64_t>> playing_;  // steps from 0
  int64_t played_ = 0;
  bool camera_due_ = false;

  bool predicting_ = false;
  QuestionKind practised_ = QuestionKind::cell;
  uint64_t practice_turn_ = 0;
  Asked asked_;
  int right_ = 0, judged_ = 0;  // kept nowhere

  Laid laid_caption_, laid_task_, laid_hint_, laid_question_, laid_reason_;
};

/// Contents of the popup with the lessons; choosing one leaves its name in requests.open_lesson.
void draw_lesson_menu(UiContext& ui);

}  // namespace convscope
