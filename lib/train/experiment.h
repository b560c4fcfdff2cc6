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

  void describe(Fields& field) {
    field("name", name).doc("names the run folder and the served model");
    field("seed", seed)
        .between(0, 9e15)
        .doc("decides initial weights, order, augmentation, dropout");
    field("output_dir", output_dir)
        .doc("run folder, relative to the working directory; empty = runs/<name>");
    field("data", data).doc("what to learn from");
    field("model", model).shorthand("type").doc("the network");
    field("train", train).doc("how to learn");
    field("eval", eval).doc("how to judge");
  }
};

}  // namespace maas
