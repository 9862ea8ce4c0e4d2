#include "app/scene/loop_code.h"

#include <vector>

#include "app/scene/per_half.h"

namespace convscope {
namespace {

std::string digits(int64_t value) { return std::to_string(value); }
std::string range(int64_t count) { return "range(" + digits(count) + ")"; }

const char* mode_name(PaddingMode mode) {
  switch (mode) {
    case PaddingMode::reflect:
      return "reflect";
    case PaddingMode::replicate:
      return "replicate";
    case PaddingMode::circular:
      return "circular";
    case PaddingMode::zeros:
      break;
  }
  return "constant";
}

class Writer {
 public:
  Writer(const ConvPlan& plan, Language language) : plan_(plan), language_(language) {}

  std::vector<CodeLine> write(Algorithm algorithm) {
    prologue();
    if (algorithm != Algorithm::im2col || grouped()) output();
    switch (algorithm) {
      case Algorithm::naive:
        naive();
        break;
      case Algorithm::slices:
        slices();
        break;
      case Algorithm::im2col_per_channel:
        per_channel();
        break;
      case Algorithm::im2col:
        im2col();
        break;
      case Algorithm::toeplitz:
        toeplitz();
        break;
      // What these compute in other ways is told by the loops.
      case Algorithm::direct:
      case Algorithm::winograd:
      case Algorithm::fft:
      case Algorithm::automatic:
      case Algorithm::loops:
        loops();
        break;
    }
    indent_ = 0;
    if (plan_.unbatched) line("y = y.squeeze(0)", "scene.code_squeeze");
    return std::move(lines_);
  }

 private:
  void line(std::string code, const char* words, CodeAct act = CodeAct::none) {
    lines_.push_back({indent_, std::move(code), std::string(tr(language_, words)), act});
  }
  void loop(const char* name, int64_t count, const char* words, CodeAct act) {
    line("for " + std::string(name) + " in " + range(count) + ":", words, act);
    ++indent_;
  }

  void prologue() {
    if (plan_.unbatched) line("x = x.unsqueeze(0)", "scene.code_unsqueeze");
    const Pads& p = plan_.pads;
    if (p == Pads{}) return;
    const std::string pads = digits(p.left) + ", " + digits(p.right) + ", " + digits(p.top) + ", " + digits(p.bottom);
    std::string code = "x = F.pad(x, (" + pads + ")";
    if (plan_.padding_mode != PaddingMode::zeros) code += ", mode='" + std::string(mode_name(plan_.padding_mode)) + "'";
    line(code + ")", plan_.padding_mode == PaddingMode::zeros ? "scene.code_pad" : "scene.code_pad_mode");
  }
  void output() {
    line("y = x.new_zeros(" + digits(plan_.batch) + ", " + digits(plan_.out_channels) + ", " + digits(plan_.out.h) +
             ", " + digits(plan_.out.w) + ")",
         "scene.code_output");
  }

  static std::string times(const char* name, int64_t factor) {
    return factor == 1 ? std::string(name) : std::string(name) + " * " + digits(factor);
  }
  void corner() {
    line("y0, x0 = " + times("p", plan_.stride.h) + ", " + times("q", plan_.stride.w), "scene.code_corner",
         CodeAct::place);
  }
  static std::string axis(const char* from, int64_t extent, int64_t step) {
    std::string slice = std::string(from) + ":" + from + "+" + digits(extent);
    return step == 1 ? slice : slice + ":" + digits(step);
  }
  // "y0:y0+3, x0:x0+3"
  std::string area() const {
    const Pair extent = plan_.effective_kernel();
    return axis("y0", extent.h, plan_.kernel.h > 1 ? plan_.dilation.h : 1) + ", " +
           axis("x0", extent.w, plan_.kernel.w > 1 ? plan_.dilation.w : 1);
  }
  bool grouped() const { return plan_.groups > 1; }
  void first_channel() {
    if (!grouped()) return;
    line("c0 = " + (plan_.kernels_per_group() == 1 ? std::string("k") : "k // " + digits(plan_.kernels_per_group())) +
             (plan_.channels_per_group() == 1 ? "" : " * " + digits(plan_.channels_per_group())),
         "scene.code_first_channel");
  }
  void cells() {
    loop("n", plan_.batch, "scene.code_images", CodeAct::image);
    loop("k", plan_.out_channels, "scene.code_kernels", CodeAct::kernel);
    first_channel();
    positions();
  }
  void positions() {
    loop("p", plan_.out.h, "scene.code_rows", CodeAct::row);
    loop("q", plan_.out.w, "scene.code_columns", CodeAct::column);
  }
  void begin_with_bias() {
    if (plan_.bias) line("y[n, k, p, q] = b[k]", "scene.code_begin_bias");
  }
  const char* channel() const { return grouped() ? "c0 + c" : "c"; }

  void loops() {
    cells();
    corner();
    begin_with_bias();
    loop("c", plan_.channels_per_group(), "scene.code_channels", CodeAct::channel);
    line("window = x[n, " + std::string(channel()) + ", " + area() + "]", "scene.code_window", CodeAct::window);
    line("y[n, k, p, q] += (window * w[k, c]).sum()", "scene.code_inner_product", CodeAct::multiply);
  }

  void slices() {
    cells();
    corner();
    const std::string channels = grouped() ? "c0:c0+" + digits(plan_.channels_per_group()) : ":";
    line("window = x[n, " + channels + ", " + area() + "]", "scene.code_window_all", CodeAct::window);
    line("y[n, k, p, q] = (window * w[k]).sum()" + std::string(plan_.bias ? " + b[k]" : ""),
         plan_.bias ? "scene.code_inner_product_bias" : "scene.code_inner_product", CodeAct::multiply);
  }

  void naive() {
    cells();
    begin_with_bias();
    loop("c", plan_.channels_per_group(), "scene.code_channels", CodeAct::channel);
    loop("r", plan_.kernel.h, "scene.code_tap_rows", CodeAct::tap_row);
    loop("s", plan_.kernel.w, "scene.code_tap_columns", CodeAct::tap_column);
    line("xv = x[n, " + std::string(channel()) + ", " + times("p", plan_.stride.h) + " + " +
             times("r", plan_.dilation.h) + ", " + times("q", plan_.stride.w) + " + " + times("s", plan_.dilation.w) +
             "]",
         "scene.code_cell", CodeAct::window);
    line("y[n, k, p, q] += xv * w[k, c, r, s]", "scene.code_product", CodeAct::multiply);
  }

  void im2col() {
    if (grouped()) {
      loop("g", plan_.groups, "scene.code_groups", CodeAct::kernel);
      const std::string kernels = digits(plan_.kernels_per_group());
      line("k0, k1 = g * " + kernels + ", g * " + kernels + " + " + kernels, "scene.code_group_kernels");
    }
    line("rows = []", "scene.code_no_rows");
    const int outside = indent_;
    loop("n", plan_.batch, "scene.code_images", CodeAct::image);
    positions();
    corner();
    std::string channels = ":";
    if (grouped()) {
      const std::string count = digits(plan_.channels_per_group());
      channels = "g*" + count + ":g*" + count + "+" + count;
    }
    line("window = x[n, " + channels + ", " + area() + "]", "scene.code_window_all", CodeAct::window);
    line("rows.append(window.flatten())", "scene.code_append");
    indent_ = outside;
    line("m = torch.stack(rows)", "scene.code_stack");
    const std::string of = grouped() ? "[k0:k1]" : "";
    line("m = m @ w" + of + ".flatten(1).T" + (plan_.bias ? " + b" + of : ""),
         plan_.bias ? "scene.code_matrices_bias" : "scene.code_matrices", CodeAct::multiply);
    line("m = m.reshape(" + digits(plan_.batch) + ", " + digits(plan_.out.h) + ", " + digits(plan_.out.w) + ", " +
             digits(plan_.kernels_per_group()) + ")",
         "scene.code_reshape");
    line(std::string(grouped() ? "y[:, k0:k1]" : "y") + " = m.permute(0, 3, 1, 2)", "scene.code_permute",
         CodeAct::store);
  }

  // The output's channel of what a matrix times a vector gives.
  std::string shaped(const std::string& product) const {
    return "y[n, k] += (" + product + ").reshape(" + digits(plan_.out.h) + ", " + digits(plan_.out.w) + ")";
  }

  void per_channel() {
    loop("n", plan_.batch, "scene.code_images", CodeAct::image);
    const int image = indent_;
    loop("c", plan_.in_channels, "scene.code_channels", CodeAct::channel);
    line("rows = []", "scene.code_no_rows");
    const int outside = indent_;
    positions();
    corner();
    line("rows.append(x[n, c, " + area() + "].flatten())", "scene.code_append", CodeAct::window);
    indent_ = outside;
    line("m = torch.stack(rows)", "scene.code_stack");
    if (grouped()) {
      const std::string kernels = digits(plan_.kernels_per_group()), channels = digits(plan_.channels_per_group());
      line("k0 = c // " + channels + " * " + kernels, "scene.code_group_kernels");
      line("for k in range(k0, k0 + " + kernels + "):", "scene.code_kernels", CodeAct::kernel);
      ++indent_;
      line(shaped("m @ w[k, c % " + channels + "].flatten()"), "scene.code_matrix_vector", CodeAct::multiply);
    } else {
      loop("k", plan_.out_channels, "scene.code_kernels", CodeAct::kernel);
      line(shaped("m @ w[k, c].flatten()"), "scene.code_matrix_vector", CodeAct::multiply);
    }
    indent_ = image;
    if (plan_.bias) line("y[n] += b[:, None, None]", "scene.code_add_bias", CodeAct::store);
  }

  void toeplitz() {
    loop("n", plan_.batch, "scene.code_images", CodeAct::image);
    loop("k", plan_.out_channels, "scene.code_kernels", CodeAct::kernel);
    const int kernel = indent_;
    first_channel();
    loop("c", plan_.channels_per_group(), "scene.code_channels", CodeAct::channel);
    const int outside = indent_;
    line("t = x.new_zeros(" + digits(plan_.positions()) + ", *x.shape[2:])", "scene.code_zero_rows");
    positions();
    corner();
    line("t[" + times("p", plan_.out.w) + " + q, " + area() + "] = w[k, c]", "scene.code_place_kernel",
         CodeAct::window);
    indent_ = outside;
    line(shaped("t.flatten(1) @ x[n, " + std::string(channel()) + "].flatten()"), "scene.code_sparse_vector",
         CodeAct::multiply);
    indent_ = kernel;
    if (plan_.bias) line("y[n, k] += b[k]", "scene.code_add_bias", CodeAct::store);
  }

  const ConvPlan& plan_;
  Language language_;
  int indent_ = 0;
  std::vector<CodeLine> lines_;
};

}  // namespace

std::span<const CodeLine> loop_code(const ConvPlan& plan, Algorithm algorithm, Language language) {
  struct Kept {
    bool known = false;
    ConvPlan plan;
    Algorithm algorithm = Algorithm::automatic;
    Language language = Language::en;
    std::vector<CodeLine> lines;
  };
  thread_local PerHalf<Kept> all;
  Kept& kept = all.now();
  if (!kept.known || kept.algorithm != algorithm || kept.language != language || !(kept.plan == plan)) {
    kept = {true, plan, algorithm, language, Writer(plan, language).write(algorithm)};
  }
  return kept.lines;
}

}  // namespace convscope
