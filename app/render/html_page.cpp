#include "app/render/html_page.h"

#include <cmath>
#include <cstdio>
#include <map>
#include <string_view>
#include <utility>

#include "app/io/carried_text.h"
#include "app/render/quad.h"
#include "embedded/page.h"

namespace convscope {

namespace {

/// As a string of JavaScript that may stand in a script element of HTML.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || c == '<' || c == '>' || c == '&') {
      char digits[8];
      std::snprintf(digits, sizeof digits, "\\u%04x", static_cast<unsigned>(byte));
      out += digits;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

template <class Items, class Write>
std::string listed(const Items& items, Write write) {
  std::string out = "[";
  for (const auto& item : items) {
    if (out.size() > 1) out += ',';
    out += write(item);
  }
  return out + "]";
}

std::string hex(Color color) {
  char digits[8];
  const uint32_t bytes = packed(color);
  std::snprintf(digits, sizeof digits, "#%02x%02x%02x", bytes & 255, bytes >> 8 & 255, bytes >> 16 & 255);
  return digits;
}

constexpr const char* kLabels[] = {"timeline.play",  "timeline.pause", "timeline.forward", "timeline.back",
                                   "timeline.first", "timeline.last",  "page.count",       "page.speed",
                                   "page.scrub",     "page.help",      "page.language"};

}  // namespace

HtmlPage::HtmlPage(const Theme& theme, Language language, Translated title, float scale)
    : theme_(theme), language_(language), title_(std::move(title)), scale_(scale), frames_(theme) {}

void HtmlPage::begin_step(int64_t number, Translated sentence) { steps_.emplace_back(number, std::move(sentence)); }

Result<void> HtmlPage::add(const Scene& scene, double seconds) {
  if (Result<void> added = frames_.add(scene); !added) return added;
  // Rounded along the clip, so that the whole has its length.
  const double before = std::round(seconds_ * 1000);
  seconds_ += seconds;
  milliseconds_.push_back(static_cast<int64_t>(std::round(seconds_ * 1000) - before));
  step_of_frame_.push_back(steps_.empty() ? 0 : steps_.size() - 1);
  return {};
}

Result<std::string> HtmlPage::finish(int64_t all_steps, const std::string& session) {
  if (frames_.frames() == 0 || steps_.empty()) return Error{"error.svg_no_frames", "", {}};

  // Elements that come and go together share a number; which frames show them is a list of the script's.
  std::map<std::vector<std::pair<int, int>>, size_t> numbers;
  std::string body, runs;
  const std::vector<std::pair<int, int>>* open = nullptr;
  for (const SvgFrames::Entry& entry : frames_.entries()) {
    const std::vector<std::pair<int, int>>* group = entry.in_all(frames_.frames()) ? nullptr : &entry.runs;
    if ((group == nullptr) != (open == nullptr) || (group != nullptr && *group != *open)) {
      if (open != nullptr) body += "</g>\n";
      if (group != nullptr) {
        const auto [known, added] = numbers.emplace(*group, numbers.size());
        if (added) {
          runs += runs.empty() ? "" : ",";
          runs += listed(*group,
                         [](const auto& run) { return std::to_string(run.first) + "," + std::to_string(run.second); });
        }
        // Without scripts the page shows the first frame.
        const bool first = group->front().first == 0;
        body +=
            "<g data-runs=\"" + std::to_string(known->second) + "\"" + (first ? "" : " visibility=\"hidden\"") + ">\n";
      }
      open = group;
    }
    body.append(entry.element).append("\n");
  }
  if (open != nullptr) body += "</g>\n";

  std::string labels;
  for (const Language language : {Language::en, Language::zh}) {
    labels += labels.empty() ? "{" : ",";
    labels.append(name_of(language)).append(":{title:").append(quoted(title_[static_cast<size_t>(language)]));
    for (const std::string_view key : kLabels) {
      labels.append(",").append(key.substr(key.find('.') + 1)).append(":").append(quoted(tr(language, key)));
    }
    labels += "}";
  }
  labels += "}";

  std::string carried;
  if (!session.empty()) {
    carried.append("<script type=\"application/json\" id=\"").append(kCarriedKey).append("\">");
    carried.append(session).append("</script>\n");
  }
  std::string_view page;
  for (const embedded::File& file : embedded::page()) {
    if (file.path == "player.html") page = file.contents;
  }
  const auto& size = frames_.size();
  const auto pixels = [this](float side) { return std::to_string(std::lround(side * scale_)); };
  const auto color = [this](Role role) { return hex(theme_.of(role).line); };
  const std::map<std::string_view, std::string> values{
      {"language", language_ == Language::zh ? "zh-CN" : name_of(language_)},
      {"chosen", name_of(language_)},
      {"title", escaped(title_[static_cast<size_t>(language_)])},
      {"width", pixels(size.width)},
      {"height", pixels(size.height)},
      {"canvas", hex(theme_.of(Role::canvas).full)},
      {"panel", hex(theme_.of(Role::panel).full)},
      {"border", color(Role::border)},
      {"text", color(Role::text)},
      {"secondary", color(Role::secondary)},
      {"accent", color(Role::accent)},
      {"scheme", theme_.id == ThemeId::dark ? "dark" : "light"},
      {"sentence", escaped(steps_.front().second[static_cast<size_t>(language_)])},
      {"svg", svg_document(size, theme_, frames_.elements(), "", body, {}, scale_)},
      {"session", carried},
      {"labels", labels},
      {"runs", "[" + runs + "]"},
      {"milliseconds", listed(milliseconds_, [](int64_t ms) { return std::to_string(ms); })},
      {"step_of_frame", listed(step_of_frame_, [](size_t step) { return std::to_string(step); })},
      {"numbers", listed(steps_, [](const auto& step) { return std::to_string(step.first); })},
      {"all_steps", std::to_string(all_steps)},
      {"sentences_en", listed(steps_, [](const auto& step) { return quoted(step.second[0]); })},
      {"sentences_zh", listed(steps_, [](const auto& step) { return quoted(step.second[1]); })},
  };
  std::string out;
  for (size_t at = 0; at < page.size();) {
    const size_t from = page.find("{{", at);
    const size_t to = from == page.npos ? page.npos : page.find("}}", from);
    out += page.substr(at, from - at);
    if (to == page.npos) break;
    if (const auto value = values.find(page.substr(from + 2, to - from - 2)); value != values.end()) {
      out += value->second;
    }
    at = to + 2;
  }
  return out;
}

}  // namespace convscope
