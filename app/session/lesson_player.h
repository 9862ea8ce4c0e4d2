// A lesson under way: which page is open, what has been done on it, and the session to come back to.
#pragma once

#include <optional>
#include <vector>

#include "app/session/lesson.h"
#include "app/session/workbench.h"

namespace convscope {

/// Words, colours and speed are the reader's, whatever session a lesson brings.
void keep_readers_settings(Session& session, const Session& now);

class LessonPlayer {
 public:
  bool running() const { return lesson_ != nullptr; }
  const LessonPtr& lesson() const { return lesson_; }
  size_t page_index() const { return page_; }
  size_t page_count() const { return lesson_ ? lesson_->pages.size() : 0; }
  /// Only while it runs.
  const LessonPage& page() const { return lesson_->pages[page_]; }
  /// The session from before the lesson, as it will come back.
  const Session& before() const { return before_; }

  /// Opens the lesson's page `page` (from 0; clamped). A lesson that runs is left first; one without pages does not
  /// start.
  void start(LessonPtr lesson, Workbench& workbench, size_t page = 0);
  /// Opens another page, or this one anew.
  void turn(Workbench& workbench, size_t page);
  /// Gives the session from before back. Undo leads to the lesson's last state, and past it to the edits from before.
  void leave(Workbench& workbench);

  /// Looks whether the page's task is done; call once per frame. True in the frame in which it became so.
  bool update(const Workbench& workbench);
  /// Whether the page's task has been done, or its question answered, since the page was opened.
  bool done() const { return running() && done_[page_]; }
  /// The page's question has been answered.
  void mark_answered() {
    if (running()) done_[page_] = true;
  }
  /// Grows with every page that is opened: what belongs to the one before is then stale.
  uint64_t turns() const { return turns_; }

 private:
  LessonPtr lesson_;
  size_t page_ = 0;
  std::vector<bool> done_;
  Session before_;
  uint64_t turns_ = 0;
  // What update() judged last.
  Session judged_;
  ComputationPtr judged_numbers_;
};

}  // namespace convscope
