// `gate:` in a config: what a transformed model may lose
#pragma once

#include <string>

#include "config/fields.h"

namespace maas {

struct GateConfig {
  std::string metric;       // "" = the first that an evaluation computes
  double max_drop = 0.005;  // absolute, in the metric's unit; how much worse it may become

  void describe(Fields& field) {
    field("metric", metric).doc("what is judged; empty = the first of eval.metrics");
    field("max_drop", max_drop)
        .between(0, 1e9)
        .doc("how much worse the metric may become, absolute (0.005 = half a percent of accuracy)");
  }
};

}  // namespace maas
