#include "evaluate/predict_all.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>

#include "base/error.h"

namespace maas {
namespace {

[[noreturn]] void wrong_output(const std::string& what, const std::string& expected) {
  throw Error(ErrorKind::kInput, Problem{.where = "model output",
                                         .what = what,
                                         .expected = expected,
                                         .fix = "evaluate the model on data of its own task"});
}

// The first output as [rows, columns].
at::Tensor checked_output(const std::vector<at::Tensor>& outputs, int64_t rows, int64_t columns) {
  const std::string expected =
      "[" + std::to_string(rows) + ", " + std::to_string(columns) + "]: rows, labels";
  if (outputs.empty()) wrong_output("the model has no output", expected);
  at::Tensor output = outputs.front();
  if (output.dim() == 1 && columns == 1) output = output.unsqueeze(1);
  if (output.dim() != 2 || output.size(0) != rows || output.size(1) != columns) {
    std::string shape;
    for (int64_t size : output.sizes()) shape += (shape.empty() ? "" : ", ") + std::to_string(size);
    wrong_output("shape [" + shape + "]", expected);
  }
  return output;
}

}  // namespace

int64_t rows_at_once(int64_t most, const Dataset& dataset) {
  constexpr int64_t kFloats = int64_t{4} << 20;
  const InputSpec& form = dataset.spec().input;
  const int64_t values = form.channels * form.height * form.width;
  if (values > 0) most = std::min(most, kFloats / values);
  return std::max<int64_t>(1, std::min(most, dataset.size()));
}

Predictions predict_all(const Plan& plan, const Dataset& dataset, const TaskSpec& task,
                        int64_t batch_size, const PredictProgress& progress) {
  MAAS_CHECK(batch_size > 0);
  const int64_t total = dataset.size();
  if (total == 0) wrong_output("no rows to evaluate", "at least one");
  batch_size = rows_at_once(batch_size, dataset);
  Predictions result;
  result.task = task.kind;
  result.labels = task.labels;
  result.thresholds = task.thresholds;
  // Made outside inference mode, so that callers may change them in place.
  result.outputs =
      at::empty({total, task.outputs()}, task.needs_float64() ? at::kDouble : at::kFloat);
  for (int64_t begin = 0; begin < total; begin += batch_size) {
    const int64_t count = std::min(batch_size, total - begin);
    const Batch batch = dataset.rows(at::arange(begin, begin + count, at::kLong));
    if (begin == 0) {
      std::vector<int64_t> shape = batch.targets.sizes().vec();
      shape.front() = total;
      result.targets = at::empty(shape, batch.targets.options());
    }
    result.targets.narrow(0, begin, count).copy_(batch.targets);
    {
      const c10::InferenceMode no_gradients;
      const at::Tensor output = checked_output(plan.run(batch.inputs), count, task.outputs());
      result.outputs.narrow(0, begin, count).copy_(output);
    }
    if (progress) progress(begin + count, total);
  }
  return result;
}

}  // namespace maas
