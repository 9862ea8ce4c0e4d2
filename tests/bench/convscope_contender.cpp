#include <memory>

#include "contender.h"
#include "engine/gemm.h"
#include "engine/prepared_conv2d.h"

namespace convscope::bench {

void add_convscope(const Problem& problem, std::span<const Algorithm> algorithms,
                   std::span<const std::string_view> targets, std::vector<Contender>& contenders) {
  for (const Algorithm algorithm : algorithms) {
    for (const std::string_view target : targets) {
      use_simd_target(target);
      const Result<PreparedConv2d> prepared =
          PreparedConv2d::make(problem.plan, problem.weight, Tensor(), {algorithm, problem.threads, nullptr});
      if (!prepared) continue;
      const auto output =
          std::make_shared<Tensor>(Tensor::uninitialized(problem.plan.output_shape(), problem.plan.dtype).value());
      Contender contender;
      contender.impl = std::string("convscope-") + name_of(algorithm);
      if (target != simd_targets().front()) contender.impl += "@" + std::string(target);
      contender.target = target;
      contender.prepare = [target] { use_simd_target(target); };
      contender.run = [&problem, prepared = *prepared, output] { (void)prepared.run(problem.input, *output); };
      contender.output = [output] {
        return std::span<const float>(output->data<float>(), static_cast<size_t>(output->numel()));
      };
      contender.run();
      contenders.push_back(std::move(contender));
    }
  }
  use_simd_target("");
}

}  // namespace convscope::bench
