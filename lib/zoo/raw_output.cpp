#include "zoo/raw_output.h"

#include <ATen/ops/tensor.h>

#include "base/error.h"

namespace maas {

Handle raw_output(GraphBuilder& g, Handle y, const TaskSpec& task) {
  if (task.scales.empty()) return y;
  MAAS_CHECK(static_cast<int64_t>(task.scales.size()) == task.outputs());
  std::vector<double> means, deviations;
  for (const TargetScale& scale : task.scales) {
    means.push_back(scale.mean);
    deviations.push_back(scale.deviation);
  }
  const Handle deviation = g.buffer("targets.deviation", at::tensor(deviations, at::kFloat));
  const Handle mean = g.buffer("targets.mean", at::tensor(means, at::kFloat));
  const Handle scaled =
      g.call("aten::mul.Tensor", {{"self", ValueRef{y.id}}, {"other", ValueRef{deviation.id}}});
  return g.call("aten::add.Tensor", {{"self", ValueRef{scaled.id}}, {"other", ValueRef{mean.id}}});
}

}  // namespace maas
