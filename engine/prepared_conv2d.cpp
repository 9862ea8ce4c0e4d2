#include "engine/prepared_conv2d.h"

#include <variant>

#include "engine/algorithm_choice.h"
#include "engine/conv2d_direct.h"
#include "engine/conv2d_fft.h"
#include "engine/conv2d_im2col.h"
#include "engine/conv2d_im2col_per_channel.h"
#include "engine/conv2d_loops.h"
#include "engine/conv2d_naive.h"
#include "engine/conv2d_separable.h"
#include "engine/conv2d_slices.h"
#include "engine/conv2d_small.h"
#include "engine/conv2d_toeplitz.h"
#include "engine/conv2d_winograd.h"
#include "engine/conv_nd.h"
#include "engine/fft_tiling.h"

namespace convscope {

namespace {

Result<void> result_of(Outcome outcome, const ConvPlan& plan) {
  if (outcome == Outcome::finished) return {};
  if (outcome == Outcome::cancelled) return Error{"error.cancelled", "", {}};
  return out_of_memory(plan.output_shape(), plan.dtype);
}

bool has_packed_form(Algorithm algorithm) {
  return algorithm == Algorithm::direct || algorithm == Algorithm::fft || algorithm == Algorithm::im2col ||
         algorithm == Algorithm::winograd;
}

template <class T>
std::unique_ptr<Conv2dRunner<T>> packed_form(Algorithm algorithm, const ConvPlan& plan, const T* weight, const T* bias,
                                             int threads, const Job* job) {
  switch (algorithm) {
    case Algorithm::fft:
      return prepare_fft<T>(plan, weight, bias, threads, job);
    case Algorithm::im2col:
      return prepare_im2col<T>(plan, weight, bias, threads, job);
    case Algorithm::direct:
      return prepare_direct<T>(plan, weight, bias, job);
    case Algorithm::winograd:
      return prepare_winograd<T>(plan, weight, bias, threads, job);
    case Algorithm::naive:
      return prepare_small<T>(plan, weight, bias);
    default:
      return nullptr;
  }
}

/// The algorithms that read the weight as it lies.
template <class T>
Result<void> run_unpacked(Algorithm algorithm, const ConvPlan& plan, const T* x, const T* w, const T* b, T* y,
                          Job* job) {
  switch (algorithm) {
    case Algorithm::slices:
      return conv2d_slices<T>(plan, x, w, b, y, job);
    case Algorithm::loops:
      return conv2d_loops<T>(plan, x, w, b, y, job);
    case Algorithm::im2col_per_channel:
      return conv2d_im2col_per_channel<T>(plan, x, w, b, y, job);
    case Algorithm::toeplitz:
      return conv2d_toeplitz<T>(plan, x, w, b, y, job);
    default:
      return result_of(conv2d_naive<T>(plan, x, w, b, y, job) ? Outcome::finished : Outcome::cancelled, plan);
  }
}

/// Errors, on the field "algorithm": what it cannot do.
Result<void> check_algorithm(Algorithm algorithm, const ConvPlan& plan) {
  if (algorithm == Algorithm::winograd) return check_winograd(plan);
  if (algorithm != Algorithm::fft) return {};
  const Result<FftTiling> tiling = fft_tiling(plan);
  return tiling ? Result<void>() : tiling.error();
}

template <class T>
using RunnerPtr = std::unique_ptr<Conv2dRunner<T>>;

}  // namespace

struct PreparedConv2d::State {
  ConvPlan plan;
  Algorithm algorithm = Algorithm::naive;
  int threads = 0;
  std::variant<std::monostate, RunnerPtr<float>, RunnerPtr<double>> runner;
  Tensor weight, bias;  // where there is no runner

  /// Two passes over the image where each kernel is a column times a row: what direct summation comes to then.
  template <class T>
  bool prepare_separably(const Tensor& from_weight, const Tensor& from_bias, const Job* job) {
    if (!separable_pays(plan)) return false;
    const T* bias_data = plan.bias ? from_bias.data<T>() : nullptr;
    RunnerPtr<T> made = prepare_separable(plan, from_weight.data<T>(), bias_data, job);
    if (made == nullptr) return false;
    runner = std::move(made);
    algorithm = Algorithm::direct;
    return true;
  }

  template <class T>
  bool prepare(bool is_automatic, const Tensor& from_weight, const Tensor& from_bias, const Job* job) {
    if (is_automatic && algorithm != Algorithm::naive && prepare_separably<T>(from_weight, from_bias, job)) return true;
    const T* bias_data = plan.bias ? from_bias.data<T>() : nullptr;
    RunnerPtr<T> made = packed_form<T>(algorithm, plan, from_weight.data<T>(), bias_data, threads, job);
    const bool is_made = made != nullptr;
    runner = std::move(made);
    return is_made;
  }

  template <class T>
  Result<void> run(const Tensor& input, Tensor& output, Job* job) const {
    if (const auto* ready = std::get_if<RunnerPtr<T>>(&runner)) {
      return result_of((*ready)->run(input.data<T>(), output.mutable_data<T>(), threads, job), plan);
    }
    return run_unpacked<T>(algorithm, plan, input.data<T>(), weight.data<T>(), plan.bias ? bias.data<T>() : nullptr,
                           output.mutable_data<T>(), job);
  }
};

Result<PreparedConv2d> PreparedConv2d::make(const ConvPlan& plan, const Tensor& weight, const Tensor& bias,
                                            const Conv2dOptions& options) {
  const Shape bias_shape = bias.shape();
  if (Result<void> fits = check_weight(plan, weight.shape(), &bias_shape); !fits) return fits.error();
  if (Result<void> good = check_dtype("weight", weight, plan.dtype); !good) return good.error();
  if (plan.bias) {
    if (Result<void> good = check_dtype("bias", bias, plan.dtype); !good) return good.error();
  }
  auto state = std::make_shared<State>();
  state->plan = plan;
  const bool is_automatic = options.algorithm == Algorithm::automatic;
  state->algorithm = is_automatic ? automatic_choice(plan) : options.algorithm;
  if (Result<void> able = check_algorithm(state->algorithm, plan); !able) return able.error();
  state->threads = options.threads;
  // What `automatic` calls naive is naive's numbers, found faster; who asks for naive gets the readable loops.
  const bool is_small = is_automatic && state->algorithm == Algorithm::naive;
  if (!is_small && !has_packed_form(state->algorithm)) {
    state->weight = weight;
    state->bias = bias;
  } else if (!(plan.dtype == DType::float32 ? state->prepare<float>(is_automatic, weight, bias, options.job)
                                            : state->prepare<double>(is_automatic, weight, bias, options.job))) {
    if (options.job != nullptr && options.job->is_cancelled()) return Error{"error.cancelled", "", {}};
    return out_of_memory(plan.output_shape(), plan.dtype);
  }
  if (options.job != nullptr && options.job->is_cancelled()) return Error{"error.cancelled", "", {}};
  PreparedConv2d prepared;
  prepared.state_ = std::move(state);
  return prepared;
}

Result<void> PreparedConv2d::run(const Tensor& input, Tensor& output, Job* job) const {
  const ConvPlan& plan = state_->plan;
  if (input.shape() != plan.input_shape()) {
    return Error{"error.input_shape", "input", {input.shape().to_string(), plan.input_shape().to_string()}};
  }
  if (output.shape() != plan.output_shape()) {
    return Error{"error.output_shape", "output", {output.shape().to_string(), plan.output_shape().to_string()}};
  }
  if (Result<void> good = check_dtype("input", input, plan.dtype); !good) return good;
  if (Result<void> good = check_dtype("output", output, plan.dtype); !good) return good;
  Result<void> done =
      plan.dtype == DType::float32 ? state_->run<float>(input, output, job) : state_->run<double>(input, output, job);
  if (done && job != nullptr) job->report(1);
  return done;
}

Result<Tensor> PreparedConv2d::run(const Tensor& input, Job* job) const {
  Result<Tensor> output = Tensor::uninitialized(state_->plan.output_shape(), state_->plan.dtype);
  if (!output) return output;
  if (Result<void> done = run(input, *output, job); !done) return done.error();
  return output;
}

const ConvPlan& PreparedConv2d::plan() const { return state_->plan; }

Algorithm PreparedConv2d::algorithm() const { return state_->algorithm; }

int64_t PreparedConv2d::packed_bytes() const {
  return std::visit(
      [](const auto& runner) -> int64_t {
        if constexpr (std::is_same_v<std::decay_t<decltype(runner)>, std::monostate>) {
          return 0;
        } else {
          return runner->packed_bytes();
        }
      },
      state_->runner);
}

int64_t PreparedConv2d::scratch_bytes() const {
  return std::visit(
      [this](const auto& runner) -> int64_t {
        if constexpr (std::is_same_v<std::decay_t<decltype(runner)>, std::monostate>) {
          return 0;
        } else {
          return runner->scratch_bytes(state_->threads);
        }
      },
      state_->runner);
}

}  // namespace convscope
