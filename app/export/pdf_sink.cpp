// PDF by the module with Cairo and Pango, see app/render/pdf/pdf_module.h: a page for each step, or several on a page.
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "app/export/loaded_module.h"
#include "app/export/scene_sink.h"
#include "app/export/target_format.h"
#include "app/io/atomic_file.h"
#include "app/io/carried_text.h"
#include "app/render/pdf/pdf_module.h"

namespace convscope {
namespace {

/// A picture's pixel, at its own size, in points of 1/72 inch: 96 pixels to the inch, as browsers have it. 960x540 are
/// 10 x 5.6 inches, a slide.
constexpr double kPointsPerPixel = 0.75;

/// More than the facts and the table of objects behind them take, twenty bytes for each object.
constexpr size_t kTailBytes = size_t{1} << 20;

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
    const std::string update = session_update();
    if (!update.empty() && !write(update.data(), update.size())) return *failure_;
    return file_.commit();
  }

 private:
  /// Cairo writes no facts of one's own: PDF lets a file be followed by an update, here of the dictionary of facts.
  /// Source: ISO 32000-1, 7.5.6. Empty where there is no session or the file ends in another way than Cairo's do.
  std::string session_update() const {
    const std::string session = clip_.session();
    const auto number_after = [this](std::string_view words, size_t from) {
      const size_t at = tail_.find(words, from);
      return at == tail_.npos ? 0 : std::strtoull(tail_.c_str() + at + words.size(), nullptr, 10);
    };
    const size_t trailer = tail_.rfind("trailer");
    if (session.empty() || trailer == tail_.npos) return {};
    const uint64_t size = number_after("/Size ", trailer), root = number_after("/Root ", trailer);
    const uint64_t info = number_after("/Info ", trailer), xref = number_after("startxref\n", trailer);
    std::string head("\n");
    head.append(std::to_string(info)).append(" 0 obj\n<<");
    const size_t from = tail_.rfind(head), to = from == tail_.npos ? from : tail_.find("\n>>\nendobj", from);
    if (size == 0 || root == 0 || info == 0 || xref == 0 || to == tail_.npos) return {};

    std::string update = tail_.substr(from + 1, to - from - 1);
    update.append("\n   /").append(kPdfKey).append(" (");
    for (const char c : session) {
      if (c == '(' || c == ')' || c == '\\') update += '\\';
      update += c;
    }
    update += ")\n>>\nendobj\n";
    char entry[32];
    std::snprintf(entry, sizeof entry, "%010llu 00000 n \n", static_cast<unsigned long long>(written_));
    const uint64_t table = written_ + update.size();
    update.append("xref\n").append(std::to_string(info)).append(" 1\n").append(entry);
    update.append("trailer\n<< /Size ").append(std::to_string(size)).append("\n   /Root ");
    update.append(std::to_string(root)).append(" 0 R\n   /Info ").append(std::to_string(info));
    update.append(" 0 R\n   /Prev ").append(std::to_string(xref)).append("\n>>\nstartxref\n");
    return update.append(std::to_string(table)).append("\n%%EOF\n");
  }

  bool write(const void* data, size_t size) {
    if (failure_) return false;
    written_ += size;
    tail_.append(static_cast<const char*>(data), size);
    if (tail_.size() > 2 * kTailBytes) tail_.erase(0, tail_.size() - kTailBytes);
    if (auto written = file_.write(data, size); !written) failure_ = written.error();
    return !failure_;
  }

  AtomicFile file_;
  const Clip& clip_;
  OpenedPdf document_;
  std::optional<Error> failure_;
  uint64_t written_ = 0;
  std::string tail_;  // the last bytes written
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
