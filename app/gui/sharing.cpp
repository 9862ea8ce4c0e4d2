// The session through the clipboard: as a text that others open, and from what they sent or a script says.
#include <imgui.h>

#include "app/gui/edits.h"
#include "app/gui/main_window.h"
#include "app/session/presets.h"
#include "app/session/session_json.h"
#include "app/session/share_text.h"

namespace convscope {

void MainWindow::copy_session() {
  const Session& now = workbench_->session();
  const Result<std::string> text = share_text(now);
  if (!text) {
    tell(describe(now.language, text.error()), true);
    return;
  }
  ImGui::SetClipboardText(text->c_str());
  tell(tr(now.language, "notice.shared", {std::to_string(text->size())}));
}

void MainWindow::paste() {
  const char* const clipboard = ImGui::GetClipboardText();
  std::string text(clipboard != nullptr ? clipboard : "");
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) {
    tell(std::string(tr(workbench_->session().language, "notice.paste_empty")), true);
    return;
  }
  text = text.substr(first, text.find_last_not_of(" \t\r\n") + 1 - first);
  // A name on a line of its own may be a preset or a file.
  const bool opens = find_preset(text) != nullptr || (text.find('\n') == std::string::npos && text.front() == '/');
  if (opens) return open(text);
  open_text(text);
}

void MainWindow::open_text(const std::string& text) {
  const Session& now = workbench_->session();
  if (is_share_text(text) || text.front() == '{') {
    Result<Session> opened = is_share_text(text) ? session_from_share_text(text) : session_from_json(text);
    if (!opened) {
      tell(describe(now.language, opened.error()), true);
      return;
    }
    // Another document, as in open().
    UiContext ui = context();
    leave_lesson(ui);
    // Words and colours are the user's, not the text's.
    opened->language = now.language;
    opened->theme = now.theme;
    workbench_->replace(std::move(*opened), "edit.paste_session");
    playback_.pause();
    picture_.fit();
    settings_.project_path.clear();
    if (!workbench_->shows_last_good()) tell(std::string(tr(workbench_->session().language, "notice.pasted_session")));
    return;
  }
  if (text.find('(') == std::string::npos) {
    tell(std::string(tr(now.language, "notice.paste_unknown")), true);
    return;
  }
  const Result<LayerCode> code = read_layer_code(text, now);
  if (!code) {
    tell(describe(now.language, code.error()), true);
    return;
  }
  workbench_->apply(edit_code(*code, LastGood(workbench_->computation())));
  if (workbench_->shows_last_good()) return;
  const Language language = workbench_->session().language;
  std::string said = tr(language, "notice.pasted_code", {constructor_text(code->call)});
  const std::string notes = words_of(language, code->notes);
  if (!notes.empty()) said += (language == Language::zh ? "" : " ") + notes;
  tell(std::move(said));
}

}  // namespace convscope
