#include "zoo/target_scale.h"

#include <ATen/ops/tensor.h>

#include "base/error.h"

namespace maas {

ScaleTensors scale_tensors(const std::vector<TargetScale>& scales) {
  std::vector<double> means, deviations;
  for (const TargetScale& scale : scales) {
    means.push_back(scale.mean);
    deviations.push_back(scale.deviation);
  }
  return {at::tensor(means, at::kFloat), at::tensor(deviations, at::kFloat)};
}

Handle raw_output(GraphBuilder& g, Handle y, const TaskSpec& task) {
  if (task.scales.empty()) return y;
  MAAS_CHECK(static_cast<int64_t>(task.scales.size()) == task.outputs());
  const ScaleTensors scales = scale_tensors(task.scales);
  const Handle deviation = g.buffer("targets.deviation", scales.deviation);
  const Handle mean = g.buffer("targets.mean", scales.mean);
  const Handle scaled =
      g.call("aten::mul.Tensor", {{"self", ValueRef{y.id}}, {"other", ValueRef{deviation.id}}});
  return g.call("aten::add.Tensor", {{"self", ValueRef{scaled.id}}, {"other", ValueRef{mean.id}}});
}

}  // namespace maas
