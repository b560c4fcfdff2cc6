// `gate:` in a config: what a transformed model may lose
#pragma once

#include <optional>
#include <string>

#include "config/fields.h"

namespace maas {

inline constexpr double kMaxDrop = 0.005;          // prune, quantize
inline constexpr double kMaxDropOfStudent = 0.02;  // distill: another, smaller network

struct GateConfig {
  std::string metric;              // "" = the first that an evaluation computes
  std::optional<double> max_drop;  // as GateResult has it; absent = as the verb says

  double max_drop_or(double otherwise) const { return max_drop.value_or(otherwise); }

  void describe(Fields& field) {
    field("metric", metric).doc("what is judged; empty = the first of eval.metrics");
    field("max_drop", max_drop)
        .between(0, 1e9)
        .doc(
            "how much worse the metric may become: 0.005, half a percent of accuracy, if not "
            "given; "
            "0.02 for distill. Of rmse and mae it is a share of what they were");
  }
};

}  // namespace maas
