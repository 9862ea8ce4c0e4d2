// A web page of its own, see app/render/html_page.h.
#include <utility>

#include "app/export/scene_sink.h"
#include "app/io/atomic_file.h"
#include "app/render/html_page.h"
#include "app/scene/theme.h"

namespace convscope {
namespace {

class HtmlSink final : public SceneSink {
 public:
  HtmlSink(AtomicFile file, const Clip& clip)
      : file_(std::move(file)),
        clip_(clip),
        page_(theme(clip.settings().theme), clip.settings().language,
              {clip.title(Language::en), clip.title(Language::zh)}, clip.plan().scale) {}

  Result<void> add(const Scene& scene, int64_t frame, int repeat) override {
    // Frames of several steps may look alike; readers step through them all the same.
    for (const int64_t end = frame + repeat; frame < end;) {
      const int64_t step = clip_.plan().moment(frame).step;
      int64_t next = frame + 1;
      while (next < end && clip_.plan().moment(next).step == step) ++next;
      if (step != step_) {
        page_.begin_step(step + 1, {clip_.sentence(step, Language::en), clip_.sentence(step, Language::zh)});
        step_ = step;
      }
      if (auto added = page_.add(scene, static_cast<double>(next - frame) / clip_.settings().fps); !added) return added;
      frame = next;
    }
    return {};
  }

  Result<void> finish() override {
    const auto document = page_.finish(clip_.all_steps(), clip_.session());
    if (!document) return document.error();
    if (auto written = file_.write(document->data(), document->size()); !written) return written;
    return file_.commit();
  }

 private:
  AtomicFile file_;
  const Clip& clip_;
  HtmlPage page_;
  int64_t step_ = -1;
};

}  // namespace

Result<std::unique_ptr<SceneSink>> open_html_sink(const Clip& clip) {
  auto file = AtomicFile::create(clip.settings().target);
  if (!file) return file.error();
  return std::unique_ptr<SceneSink>(std::make_unique<HtmlSink>(std::move(file).value(), clip));
}

}  // namespace convscope
