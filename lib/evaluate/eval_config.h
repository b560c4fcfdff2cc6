// `eval:` in a config.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "config/fields.h"

namespace maas {

struct EvalConfig {
  std::vector<std::string> metrics;            // empty = default_metrics of the task (metrics.h)
  int64_t batch_size = 512;                    // rows a run; does not change the numbers
  std::map<std::string, std::string> require;  // metric: ">= 0.98" (requirement.h)
  std::string threshold = "none";              // none | tune (tune_thresholds.h)
  void describe(Fields& field);
};

}  // namespace maas
