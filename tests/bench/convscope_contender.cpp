#include <memory>

#include "contender.h"
#include "engine/conv2d.h"
#include "engine/conv2d_winograd.h"
#include "engine/gemm.h"

namespace convscope::bench {

void add_convscope(const Problem& problem, std::span<const Algorithm> algorithms,
                   std::span<const std::string_view> targets, std::vector<Contender>& contenders) {
  for (const Algorithm algorithm : algorithms) {
    for (const std::string_view target : targets) {
      const auto last = std::make_shared<Result<Tensor>>(Tensor());
      Contender contender;
      contender.impl = std::string("convscope-") + name_of(algorithm);
      if (target != simd_targets().front()) contender.impl += "@" + std::string(target);
      contender.prepare = [target] { use_simd_target(target); };
      contender.run = [&problem, algorithm, last] {
        *last = Tensor();  // its memory serves again: a program that convolves again and again does the same
        *last = conv2d(problem.plan, problem.input, problem.weight, Tensor(), {algorithm, problem.threads, nullptr});
      };
      contender.output = [last] {
        return std::span<const float>((*last)->data<float>(), static_cast<size_t>((*last)->numel()));
      };
      contender.prepare();
      // The weight is made ready once, as the peers have theirs.
      if (algorithm == Algorithm::winograd && check_winograd(problem.plan)) {
        const std::shared_ptr<Conv2dRunner<float>> runner =
            prepare_winograd<float>(problem.plan, problem.weight.data<float>(), nullptr);
        *last = Tensor::uninitialized(problem.plan.output_shape(), DType::float32);
        contender.run = [&problem, runner, last] {
          runner->run(problem.input.data<float>(), (*last)->mutable_data<float>(), problem.threads, nullptr);
        };
      }
      contender.run();
      if (*last) contenders.push_back(std::move(contender));
    }
  }
  use_simd_target("");
}

}  // namespace convscope::bench
