// Whether data, model and settings of a training job fit together.
#pragma once

#include "train/fit.h"

namespace maas {

// Throws Error: kInput when the training split has fewer samples than a batch, with both counts;
// kUsage for settings that contradict each other, the task or the data: each would otherwise show
// after an epoch, or never. fit() asks it first.
void check_job(const FitJob& job);

}  // namespace maas
