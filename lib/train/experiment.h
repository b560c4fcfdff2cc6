// A whole config file for training.
#pragma once

#include <cstdint>
#include <string>

#include "config/fields.h"
#include "data/data_config.h"
#include "evaluate/eval_config.h"
#include "train/train_config.h"
#include "zoo/model_config.h"

namespace maas {

struct Experiment {
  std::string name = "model";
  int64_t seed = 0;
  std::string output_dir;
  DataConfig data;
  ModelConfig model;
  TrainConfig train;
  EvalConfig eval;

  void describe(Fields& field);
};

// Settings that do not fit each other, as far as that shows without the data: a CSV without a
// label, metrics and losses of another task. Throws Error{kUsage} with every problem; each names
// its setting ("eval.metrics"), which ConfigPlaces turns into a place.
void check_experiment(const Experiment& experiment);

}  // namespace maas
