// The loss of answers that are there already
#pragma once

#include <memory>

#include "evaluate/metrics.h"
#include "run/plan.h"
#include "sample/spec.h"
#include "train/train_config.h"

namespace maas {

// What training minimises (train/loss.h, with_loss), as the mean over all rows of some predictions:
// the same number as that of one large batch, measured piece by piece.
class HeldOutLoss {
 public:
  // Throws what check_loss() throws.
  HeldOutLoss(LossConfig config, const TaskSpec& task);
  // `predictions`: logits or values with targets, of the task. O(rows x outputs).
  double of(const Predictions& predictions) const;

 private:
  LossConfig config_;
  std::shared_ptr<const Plan> plan_;
};

}  // namespace maas
