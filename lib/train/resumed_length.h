// Whether a resumed run may have another length, and what that changes.
#pragma once

#include <cstdint>
#include <string>

#include "train/train_config.h"

namespace maas {

// In steps.
struct ResumedLength {
  int64_t done = 0;             // at the checkpoint
  int64_t before = 0, now = 0;  // of the whole run, as it was started and as it is asked for
  int64_t steps_per_epoch = 1;
  bool stopped_early = false;  // at the checkpoint
};

// What the other length means for the learning rate, a sentence for the user; "" when it is the
// same. Throws Error{kUsage} when the run is to end before what is done, or would not go on since
// it stopped early. `where` names the run.
std::string check_resumed_length(const ResumedLength& length, const TrainConfig& config,
                                 const std::string& where);

}  // namespace maas
