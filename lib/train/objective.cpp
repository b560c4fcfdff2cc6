#include "train/objective.h"

#include "program/mode.h"
#include "train/loss.h"

namespace maas {

Objective supervised(const Program& network, const LossConfig& config, const TaskSpec& task) {
  return {.graph = with_loss(with_mode(network, Mode::kTrain), config, task),
          .weight = [config](const Batch& batch) { return loss_weight(config, batch.targets); }};
}

}  // namespace maas
