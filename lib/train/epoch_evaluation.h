// What is measured at the end of an epoch
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "record/news.h"
#include "train/fit.h"
#include "train/held_out_loss.h"

namespace maas {

// The metrics and the loss on the validation rows, and the metrics on a sample of the training
// rows, as they are (not augmented), where that costs little: a twentieth of them, at most 2000,
// evenly spread. Forward alone that is at most some 2 % of an epoch; of fewer than 2000 rows
// the twentieth says nothing, and there is none.
class EpochEvaluation {
 public:
  // `job` has a validation split, and outlives this.
  EpochEvaluation(const FitJob& job, std::vector<std::string> metrics);
  // Fills `news` in. `program` is in eval mode. Throws what evaluate() throws.
  void measure(const Program& program, EpochNews& news) const;

 private:
  const FitJob& job_;
  EvalConfig eval_;
  std::optional<HeldOutLoss> loss_;
  std::shared_ptr<const Dataset> sample_;  // may be null
};

}  // namespace maas
