// How a student learns from a teacher: `distill:` in a config
#pragma once

#include "config/fields.h"

namespace maas {

struct DistillConfig {
  InputPath teacher = {};
  double temperature = 4;
  double soft_weight = 0.9;
  double hard_weight = 0.1;

  void describe(Fields& field) {
    field("teacher", teacher).doc("the model to learn from; given on the command line, too");
    field("temperature", temperature)
        .between(0.1, 100)
        .doc("divides the logits of both before the softmax: higher shows more of small ones");
    field("soft_weight", soft_weight)
        .between(0, 1e6)
        .doc("of the divergence from the teacher's answers, which is multiplied by temperature^2");
    field("hard_weight", hard_weight).between(0, 1e6).doc("of the loss against the labels");
  }
};

}  // namespace maas
