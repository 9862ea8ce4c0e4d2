#include "app/export/all_lenses.h"

#include <memory>
#include <utility>

#include "app/export/export_plan.h"
#include "app/scene/build_scene.h"

namespace convscope {
namespace {

/// The name with the lens' before its ending, or behind the folder of a sequence.
std::string target_of(const std::string& target, Lens lens) {
  const size_t slash = target.find_last_of('/');
  const size_t name = slash == std::string::npos ? 0 : slash + 1;
  size_t at = target.find_last_of('.');
  if (target.find('%', name) != std::string::npos && slash != std::string::npos) {
    at = slash;
  } else if (at == std::string::npos || at <= name) {
    at = target.size();
  }
  return target.substr(0, at) + "_" + name_of(lens) + target.substr(at);
}

}  // namespace

std::vector<ExportSettings> settings_of_all_lenses(const OperationPlan& plan, const ExportSettings& settings) {
  std::vector<ExportSettings> all;
  const int64_t steps = export_steps(plan, settings);
  for (const Lens lens : all_lenses()) {
    if (!lens_applies(lens, plan) || (lens == Lens::receptive_field && !plan.chain())) continue;
    ExportSettings one = settings;
    one.lens = lens;
    one.target = target_of(settings.target, lens);
    // Both sides follow, where the other one has the lens and its numbers.
    if (const auto& both = settings.beside; both && !both->linked && both->lens == settings.lens &&
                                            lens_applies(lens, both->computation->plan) &&
                                            (lens != Lens::receptive_field || both->computation->plan.chain()) &&
                                            (lens != Lens::gradient || both->computation->gradient != nullptr)) {
      ExportBeside beside = *both;
      beside.lens = lens;
      one.beside = std::make_shared<const ExportBeside>(std::move(beside));
    }
    if (const int64_t own = export_steps(plan, one); own != steps) {
      one.steps.reset();
      one.chosen_steps.clear();
      if (one.still_step) one.still_step = own;
    }
    if (one.session) one.session->lens = lens;
    all.push_back(std::move(one));
  }
  return all;
}

Result<void> run_exports(const Session& session, const ComputationPtr& computation,
                         const std::vector<ExportSettings>& exports, Job* job) {
  TensorCache cache;
  for (size_t i = 0; i < exports.size(); ++i) {
    const JobPart part(job, static_cast<double>(i), static_cast<double>(exports.size()));
    ComputationPtr numbers = computation;
    if (exports[i].lens == Lens::gradient && numbers->gradient == nullptr) {
      Session looked_at = session;
      looked_at.lens = exports[i].lens;
      Conv2dOptions computing;
      computing.job = job;
      const Result<ComputationPtr> computed = compute(looked_at, cache, computing, computation);
      if (!computed) return computed.error();
      numbers = *computed;
    }
    if (auto done = run_export(numbers, exports[i], job); !done) return done;
  }
  return {};
}

}  // namespace convscope
