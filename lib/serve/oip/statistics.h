// Triton's extensions of the Open Inference Protocol that show a model from outside: statistics
// (extension_statistics.md) and configuration (extension_model_configuration.md).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "serve/repository.h"

namespace maas {

// {"model_stats": [...]}: counts and nanoseconds since the model was loaded.
std::string statistics_answer(const Repository::Models& models);

// What Triton would have in config.pbtxt: for clients that ask for it, perf_analyzer among them.
std::string configuration_answer(const SessionInfo& info, int64_t max_batch);

}  // namespace maas
