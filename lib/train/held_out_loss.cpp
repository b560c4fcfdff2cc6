#include "train/held_out_loss.h"

#include <c10/core/InferenceMode.h>

#include <algorithm>

#include "call/builder.h"
#include "train/loss.h"

namespace maas {
namespace {

constexpr int64_t kPiece = 8192;  // rows: bounds the memory

// A network that gives what it is given.
Program answers_as_they_are(const TaskSpec& task) {
  GraphBuilder g("loss", 0);
  const Handle answers =
      g.input("answers", {task.outputs()}, task.needs_float64() ? at::kDouble : at::kFloat);
  return g.finish({{"answers", g.reshape(answers, {-1, task.outputs()})}});
}

}  // namespace

HeldOutLoss::HeldOutLoss(LossConfig config, const TaskSpec& task)
    : config_(std::move(config)),
      plan_(Plan::compile(with_loss(answers_as_they_are(task), config_, task))) {}

double HeldOutLoss::of(const Predictions& predictions) const {
  const c10::InferenceMode no_gradients;
  const int64_t rows = predictions.targets.size(0);
  double sum = 0, weights = 0;
  for (int64_t begin = 0; begin < rows; begin += kPiece) {
    const int64_t count = std::min(kPiece, rows - begin);
    const at::Tensor targets = predictions.targets.narrow(0, begin, count);
    const double weight = loss_weight(config_, targets);
    const at::Tensor loss =
        plan_->run({predictions.outputs.narrow(0, begin, count), targets}).at(0);
    sum += weight * loss.item<double>();
    weights += weight;
  }
  return sum / weights;
}

}  // namespace maas
