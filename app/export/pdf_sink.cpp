// PDF by the module with Cairo and Pango, see app/render/pdf/pdf_module.h: a page for each step, or several on a page.
#include <utility>

#include "app/export/loaded_module.h"
#include "app/export/scene_sink.h"
#include "app/export/target_format.h"
#include "app/io/atomic_file.h"
#include "app/render/pdf/pdf_module.h"

namespace convscope {
namespace {

/// A picture's pixel, at its own size, in points of 1/72 inch: 96 pixels to the inch, as browsers have it. 960x540 are
/// 10 x 5.6 inches, a slide.
constexpr double kPointsPerPixel = 0.75;

std::string joined(const std::vector<std::string>& families) {
  std::string text;
  for (const std::string& family : families) {
    if (!text.empty()) text += ',';
    text += family;
  }
  return text;
}

class PdfSink final : public SceneSink {
 public:
  PdfSink(AtomicFile file, const Clip& clip) : file_(std::move(file)), clip_(clip) {}

  void open(decltype(&convscope_open_pdf) make, const FontStack& fonts) {
    PdfFacts facts;
    facts.title = clip_.title();
    facts.subject = clip_.description();
    facts.language = clip_.settings().language == Language::zh ? "zh-cn" : "en";
    facts.sans_families = joined(fonts.families(Face::sans));
    facts.mono_families = joined(fonts.families(Face::mono));
    make(
        facts, [this](const void* data, size_t size) { return write(data, size); }, document_);
  }

  Result<void> add(const Scene& scene, int64_t frame, int repeat) override {
    const ExportSettings& settings = clip_.settings();
    const Theme& colors = theme(settings.theme);
    const double width = settings.width * kPointsPerPixel, height = settings.height * kPointsPerPixel;
    const double scale = static_cast<double>(clip_.plan().scale) * kPointsPerPixel;
    for (int64_t i = frame; i < frame + repeat; ++i) {
      const int64_t panels = int64_t{settings.columns} * settings.rows, panel = i % panels;
      if (panel == 0) {
        const std::string first = std::to_string(clip_.plan().moment(i).step + 1);
        const int64_t last_frame = std::min(i + panels, clip_.frames()) - 1;
        const std::string last = std::to_string(clip_.plan().moment(last_frame).step + 1);
        const std::string entry = last_frame == i ? tr(settings.language, "export.page_step", {first})
                                                  : tr(settings.language, "export.page_steps", {first, last});
        Color paper = colors.of(Role::canvas).full;
        if (settings.transparent) paper.a = 0;
        document_->begin_page(width * settings.columns, height * settings.rows, entry, paper);
      }
      const auto column = static_cast<double>(panel % settings.columns);
      const auto row = static_cast<double>(panel / settings.columns);
      const auto drawn = document_->draw(scene, colors, column * width, row * height, scale);
      if (!drawn) return failure_ ? *failure_ : drawn.error();
      if (panel + 1 == panels || i + 1 == clip_.frames()) document_->end_page();
      if (failure_) return *failure_;
    }
    return {};
  }

  Result<void> finish() override {
    const auto finished = document_->finish();
    if (failure_) return *failure_;
    if (!finished) return finished;
    return file_.commit();
  }

 private:
  bool write(const void* data, size_t size) {
    if (failure_) return false;
    if (auto written = file_.write(data, size); !written) failure_ = written.error();
    return !failure_;
  }

  AtomicFile file_;
  const Clip& clip_;
  OpenedPdf document_;
  std::optional<Error> failure_;
};

}  // namespace

Result<std::unique_ptr<SceneSink>> open_pdf_sink(const Clip& clip, const FontStack& fonts) {
  static std::string problem;
  static const auto make = reinterpret_cast<decltype(&convscope_open_pdf)>(
      loaded_function("convscope_pdf.so", "convscope_open_pdf", problem));
  const std::string& target = clip.settings().target;
  if (make == nullptr) {
    const std::string others = endings_with([](const FormatTraits& t) { return t.format != TargetFormat::pdf; });
    return Error{"error.export_no_pdf_module", "output", {target, problem, others}};
  }
  auto file = AtomicFile::create(target);
  if (!file) return file.error();
  auto sink = std::make_unique<PdfSink>(std::move(file).value(), clip);
  sink->open(make, fonts);
  return std::unique_ptr<SceneSink>(std::move(sink));
}

}  // namespace convscope
