// `prune:` in a config: what goes, how much, and how the rest learns to do without
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/fields.h"

namespace maas {

// What must be left, as a share of what there was; without either, half of the multiply-adds.
struct PruneTarget {
  std::optional<double> macs, params;
  void describe(Fields& field);
};

struct FinetuneConfig {
  int64_t epochs = 3;
  std::optional<double> learning_rate;
  void describe(Fields& field);
};

struct PruneConfig {
  std::string method = "structured";
  std::string criterion = "l2";
  std::string scope = "global";
  PruneTarget target;
  std::optional<double> ratio;
  std::vector<std::string> ignore;
  int64_t round_to = 0;
  double keep_at_least = 0.1;
  FinetuneConfig finetune;
  void describe(Fields& field);
};

}  // namespace maas
