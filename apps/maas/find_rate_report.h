// `maas train --find-lr`: which learning rates the network bears.
#pragma once

#include <atomic>
#include <string>

#include "output.h"
#include "train/fit.h"

namespace maas {

// Runs find_rate() (train/find_rate.h) and prints the loss over the rate, and a rate to take; with
// --json an object. Writes nothing. Throws Error{kFailed} where the loss never falls, and
// Error{kInterrupted} after a signal.
void report_rate_search(const FitJob& job, const std::string& config,
                        const std::atomic<int>& signal, const Output& output);

}  // namespace maas
