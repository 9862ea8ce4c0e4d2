// SVG: a still, or an animation that a browser plays by itself.
#include <optional>
#include <utility>

#include "app/export/scene_sink.h"
#include "app/io/atomic_file.h"
#include "app/render/svg_canvas.h"
#include "app/scene/theme.h"

namespace convscope {
namespace {

class SvgSink final : public SceneSink {
 public:
  SvgSink(AtomicFile file, const Clip& clip) : file_(std::move(file)), clip_(clip) {}

  Result<void> add(const Scene& scene, int64_t, int repeat) override {
    const Theme& colors = theme(clip_.settings().theme);
    const float scale = clip_.plan().scale;
    if (!clip_.plan().animation) {
      auto still = svg_still(scene, colors, words(), scale);
      if (!still) return still.error();
      still_ = std::move(still).value();
      return {};
    }
    if (!animation_) animation_.emplace(colors, words(), scale);
    return animation_->add(scene, static_cast<double>(repeat) / clip_.settings().fps);
  }

  Result<void> finish() override {
    auto document = animation_ ? animation_->finish() : Result<std::string>(std::move(still_));
    if (!document) return document.error();
    if (auto written = file_.write(document->data(), document->size()); !written) return written;
    return file_.commit();
  }

 private:
  SvgWords words() const { return {clip_.title(), clip_.description(), clip_.session()}; }

  AtomicFile file_;
  const Clip& clip_;
  std::optional<SvgAnimation> animation_;
  std::string still_;
};

}  // namespace

Result<std::unique_ptr<SceneSink>> open_svg_sink(const Clip& clip) {
  auto file = AtomicFile::create(clip.settings().target);
  if (!file) return file.error();
  return std::unique_ptr<SceneSink>(std::make_unique<SvgSink>(std::move(file).value(), clip));
}

}  // namespace convscope
