#include "app/session/chain_plan.h"

#include <limits>

#include "app/session/chains.h"
#include "engine/checked_math.h"

namespace convscope {

int64_t ChainPlan::extent(int level, int from_behind) const {
  const int axis = chain.dims - from_behind;
  return axis < 0 ? 1 : level_size(chain, fields, level)[axis];
}

int64_t ChainPlan::steps() const {
  int64_t count = 1;
  for (const int64_t extent : level_size(chain, fields, last_level())) {
    count = checked_mul(count, extent).value_or(std::numeric_limits<int64_t>::max());
  }
  return count;
}

Spatial ChainPlan::cell_of_step(int64_t step) const {
  const Spatial size = level_size(chain, fields, last_level());
  Spatial cell = size;
  for (int axis = chain.dims; axis-- > 0;) {
    cell[axis] = step % size[axis];
    step /= size[axis];
  }
  return cell;
}

int64_t ChainPlan::step_of_cell(const Spatial& cell) const {
  const Spatial size = level_size(chain, fields, last_level());
  int64_t step = 0;
  for (int axis = 0; axis < chain.dims; ++axis) step = step * size[axis] + cell[axis];
  return step;
}

Spatial ChainPlan::cell_at(int64_t slice, int64_t row, int64_t col) const {
  if (chain.dims == 1) return {col};
  return chain.dims == 2 ? Spatial{row, col} : Spatial{slice, row, col};
}

Error as_error(Language language, const ChainProblem& problem) {
  if (problem.module.empty()) return problem.error;
  return Error{"error.chain_layer",
               problem.error.field,
               {std::to_string(problem.layer + 1), problem.module, describe(language, problem.error)}};
}

std::string describe(Language language, const ChainProblem& problem) {
  return describe(language, as_error(language, problem));
}

CheckedChain check_chain(const LayerChain& chain) {
  if (chain.layers.empty()) return {nullptr, {0, {}, Error{"error.chain_empty", "layers", {}}}};
  ChainFields fields = chain_fields(chain);
  if (!fields.error) return {std::make_shared<const ChainPlan>(ChainPlan{chain, std::move(fields)}), {}};
  const std::string& code = fields.error->code;
  const size_t layer = fields.layers.size();
  const bool of_all = code == "error.chain_input_size" || code == "error.chain_too_long";
  return {nullptr,
          {of_all ? chain.layers.size() : layer,
           of_all ? std::string() : module_name(chain.layers[layer].kind, chain.dims), *fields.error}};
}

LayerChain shown_chain(const Session& session, const OperationPlan* plan) {
  return session.chain.layers.empty() ? chain_of_own_layer(session, plan) : session.chain;
}

}  // namespace convscope
