// A whole config file: an experiment, and how its model is served.
#pragma once

#include "config/fields.h"
#include "serve/serve_config.h"
#include "train/experiment.h"

namespace maas {

// Every verb reads the whole file, so that a mistake anywhere in it is found by the first of them.
struct ConfigFile {
  Experiment experiment;
  ServeConfig serve;

  void describe(Fields& field) {
    experiment.describe(field);
    field("serve", serve).doc("how to answer requests");
  }
};

}  // namespace maas
