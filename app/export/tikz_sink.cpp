// TikZ for papers, see app/render/tikz_document.h.
#include <utility>

#include "app/export/scene_sink.h"
#include "app/io/atomic_file.h"
#include "app/render/tikz_document.h"
#include "app/scene/theme.h"

namespace convscope {
namespace {

constexpr double kPointsPerPixel = 0.75;  // as PDF has it

class TikzSink final : public SceneSink {
 public:
  TikzSink(AtomicFile file, const Clip& clip)
      : file_(std::move(file)),
        document_(theme(clip.settings().theme), clip.title(), clip.description(), clip.session(),
                  static_cast<double>(clip.plan().scale) * kPointsPerPixel) {}

  Result<void> add(const Scene& scene, int64_t, int repeat) override {
    for (int i = 0; i < repeat; ++i) document_.add(scene);
    return {};
  }

  Result<void> finish() override {
    const std::string text = document_.finish();
    if (auto written = file_.write(text.data(), text.size()); !written) return written;
    return file_.commit();
  }

 private:
  AtomicFile file_;
  TikzDocument document_;
};

}  // namespace

Result<std::unique_ptr<SceneSink>> open_tikz_sink(const Clip& clip) {
  auto file = AtomicFile::create(clip.settings().target);
  if (!file) return file.error();
  return std::unique_ptr<SceneSink>(std::make_unique<TikzSink>(std::move(file).value(), clip));
}

}  // namespace convscope
