// A whole config file: an experiment, what is made of its model, and how that is served.
#pragma once

#include "config/fields.h"
#include "serve/serve_config.h"
#include "train/experiment.h"
#include "train/tune_config.h"
#include "transform/distill/distill_config.h"
#include "transform/gate_config.h"
#include "transform/prune/prune_config.h"
#include "transform/quantize/quantize_config.h"

namespace maas {

// Every verb reads the whole file, so that a mistake anywhere in it is found by the first of them.
struct ConfigFile {
  Experiment experiment;
  PruneConfig prune;
  QuantizeConfig quantize;
  DistillConfig distill;
  GateConfig gate;
  ServeConfig serve;
  TuneConfig tune;

  void describe(Fields& field) {
    experiment.describe(field);
    field("prune", prune).doc("a smaller network, for `maas prune`");
    field("quantize", quantize).doc("int8, for `maas quantize`");
    field("distill", distill).doc("a student that learns from a teacher, for `maas distill`");
    field("gate", gate).doc("what a model that prune, quantize or distill made may lose");
    field("tune", tune).doc("which settings `maas tune` searches");
    field("serve", serve).doc("how to answer requests");
  }
};

}  // namespace maas
