#include "app/session/lesson_player.h"

#include <algorithm>
#include <utility>

namespace convscope {

void keep_readers_settings(Session& session, const Session& now) {
  session.language = now.language;
  session.theme = now.theme;
  session.steps_per_second = now.steps_per_second;
  session.loop = now.loop;
}

void LessonPlayer::start(LessonPtr lesson, Workbench& workbench, size_t page) {
  if (!lesson || lesson->pages.empty()) return;
  leave(workbench);
  before_ = workbench.session();
  lesson_ = std::move(lesson);
  done_.assign(lesson_->pages.size(), false);
  turn(workbench, page);
}

void LessonPlayer::turn(Workbench& workbench, size_t page) {
  if (!running()) return;
  page_ = std::min(page, lesson_->pages.size() - 1);
  ++turns_;
  // A page that is opened again begins anew.
  done_[page_] = false;
  judged_numbers_.reset();
  Session session = lesson_->pages[page_].session;
  keep_readers_settings(session, workbench.session());
  workbench.begin_chapter(std::move(session));
}

void LessonPlayer::leave(Workbench& workbench) {
  if (!running()) return;
  lesson_.reset();
  judged_numbers_.reset();
  Session session = std::move(before_);
  keep_readers_settings(session, workbench.session());
  workbench.end_chapter(std::move(session), "edit.lesson");
}

bool LessonPlayer::update(const Workbench& workbench) {
  if (!running() || !page().task || done_[page_]) return false;
  const ComputationPtr numbers = workbench.computation();
  if (!numbers || workbench.busy() || workbench.error() != nullptr) return false;
  if (numbers == judged_numbers_ && workbench.session() == judged_) return false;
  judged_numbers_ = numbers;
  judged_ = workbench.session();
  done_[page_] = reaches(page().task->goal, judged_, *numbers);
  return done_[page_];
}

}  // namespace convscope
