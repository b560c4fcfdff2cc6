#include "zoo/target_scale.h"

#include <ATen/ops/tensor.h>

#include "base/error.h"

namespace maas {

ScaleTensors scale_tensors(const TaskSpec& task) {
  std::vector<double> means, std_devs;
  for (const TargetScale& scale : task.scales) {
    means.push_back(scale.mean);
    std_devs.push_back(scale.std_dev);
  }
  const at::ScalarType type = task.needs_float64() ? at::kDouble : at::kFloat;
  return {at::tensor(means, type), at::tensor(std_devs, type)};
}

Handle in_target_units(GraphBuilder& g, Handle y, const TaskSpec& task) {
  if (task.scales.empty()) return y;
  MAAS_CHECK(static_cast<int64_t>(task.scales.size()) == task.outputs());
  const ScaleTensors scales = scale_tensors(task);
  if (task.needs_float64()) {
    y = g.call("aten::to.dtype", {{"self", ValueRef{y.id}}, {"dtype", at::kDouble}});
  }
  const Handle std_dev = g.buffer("targets.std", scales.std_dev);
  const Handle mean = g.buffer("targets.mean", scales.mean);
  const Handle scaled =
      g.call("aten::mul.Tensor", {{"self", ValueRef{y.id}}, {"other", ValueRef{std_dev.id}}});
  return g.call("aten::add.Tensor", {{"self", ValueRef{scaled.id}}, {"other", ValueRef{mean.id}}});
}

}  // namespace maas
