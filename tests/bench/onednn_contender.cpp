#include <memory>
#include <string_view>
#include <unordered_map>

#include <omp.h>
#include <oneapi/dnnl/dnnl.hpp>

#include "contender.h"

namespace convscope::bench {

namespace {

/// One way through oneDNN, with all its memory.
class OneDnn {
 public:
  enum class Layout { plain, own };

  /// Throws dnnl::error where oneDNN has no such kernel.
  OneDnn(const Problem& problem, dnnl::algorithm algorithm, Layout layout) {
    using dnnl::memory;
    const ConvPlan& p = problem.plan;
    const memory::dims src{p.batch, p.in_channels, p.in.h, p.in.w};
    const memory::dims dst{p.batch, p.out_channels, p.out.h, p.out.w};
    const bool grouped = p.groups > 1;
    const memory::dims weights =
        grouped ? memory::dims{p.groups, p.kernels_per_group(), p.channels_per_group(), p.kernel.h, p.kernel.w}
                : memory::dims{p.out_channels, p.in_channels, p.kernel.h, p.kernel.w};
    const auto f32 = memory::data_type::f32;
    const auto any = memory::format_tag::any, nchw = memory::format_tag::nchw;
    const auto data = layout == Layout::plain ? nchw : any;

    const dnnl::convolution_forward::desc desc(
        dnnl::prop_kind::forward_inference, algorithm, memory::desc(src, f32, data), memory::desc(weights, f32, any),
        memory::desc(dst, f32, data), {p.stride.h, p.stride.w}, {p.dilation.h - 1, p.dilation.w - 1},
        {p.pads.top, p.pads.left}, {p.pads.bottom, p.pads.right});
    const dnnl::convolution_forward::primitive_desc chosen(desc, engine_);
    convolution_ = dnnl::convolution_forward(chosen);
    is_reference_ = std::string_view(chosen.impl_info_str()).starts_with("ref");

    user_src_ = memory(memory::desc(src, f32, nchw), engine_, const_cast<float*>(problem.input.data<float>()));
    user_dst_ = memory(memory::desc(dst, f32, nchw), engine_);
    src_ = chosen.src_desc() == user_src_.get_desc() ? user_src_ : memory(chosen.src_desc(), engine_);
    dst_ = chosen.dst_desc() == user_dst_.get_desc() ? user_dst_ : memory(chosen.dst_desc(), engine_);
    if (src_ != user_src_) in_ = dnnl::reorder(user_src_, src_);
    if (dst_ != user_dst_) out_ = dnnl::reorder(dst_, user_dst_);

    memory user_weights(memory::desc(weights, f32, grouped ? memory::format_tag::goihw : memory::format_tag::oihw),
                        engine_, const_cast<float*>(problem.weight.data<float>()));
    memory packed(chosen.weights_desc(), engine_);
    dnnl::reorder(user_weights, packed).execute(stream_, user_weights, packed);
    stream_.wait();
    arguments_ = {{DNNL_ARG_SRC, src_}, {DNNL_ARG_WEIGHTS, packed}, {DNNL_ARG_DST, dst_}};
    outputs_ = static_cast<size_t>(p.output_cells());
  }

  void run() {
    if (in_) in_.execute(stream_, user_src_, src_);
    convolution_.execute(stream_, arguments_);
    if (out_) out_.execute(stream_, dst_, user_dst_);
    stream_.wait();
  }

  bool is_reference() const { return is_reference_; }
  bool reorders() const { return in_ || out_; }
  std::span<const float> output() const { return {static_cast<const float*>(user_dst_.get_data_handle()), outputs_}; }

 private:
  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
  dnnl::convolution_forward convolution_;
  dnnl::reorder in_, out_;
  dnnl::memory user_src_, user_dst_, src_, dst_;
  std::unordered_map<int, dnnl::memory> arguments_;
  size_t outputs_ = 0;
  bool is_reference_ = false;
};

}  // namespace

void add_onednn(const Problem& problem, std::vector<Contender>& contenders) {
  const struct {
    const char* impl;
    dnnl::algorithm algorithm;
    OneDnn::Layout layout;
  } ways[] = {{"onednn-plain", dnnl::algorithm::convolution_direct, OneDnn::Layout::plain},
              {"onednn-reorder", dnnl::algorithm::convolution_direct, OneDnn::Layout::own},
              {"onednn-winograd", dnnl::algorithm::convolution_winograd, OneDnn::Layout::own}};
  const double macs = static_cast<double>(problem.plan.output_cells()) * static_cast<double>(problem.plan.taps());
  constexpr double kReferenceMacs = 1e8;
  omp_set_num_threads(problem.threads);  // asked for when a primitive is made, too
  for (const auto& way : ways) {
    std::shared_ptr<OneDnn> one;
    try {
      one = std::make_shared<OneDnn>(problem, way.algorithm, way.layout);
    } catch (const dnnl::error&) {
      continue;
    }
    // Its reference kernel takes minutes where the others take milliseconds.
    if (one->is_reference() && macs > kReferenceMacs) continue;
    // Its own layout is the plain one: the same as the first way.
    if (way.algorithm == dnnl::algorithm::convolution_direct && way.layout == OneDnn::Layout::own && !one->reorders()) {
      continue;
    }
    contenders.push_back({way.impl, [threads = problem.threads] { omp_set_num_threads(threads); },
                          [one] { one->run(); }, [one] { return one->output(); }});
  }
}

}  // namespace convscope::bench
