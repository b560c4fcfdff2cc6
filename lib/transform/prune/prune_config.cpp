#include "transform/prune/prune_config.h"

#include "transform/prune/importance.h"

namespace maas {

void PruneTarget::describe(Fields& field) {
  field("macs", macs)
      .between(0.001, 1)
      .doc(
          "multiply-adds of a sample that are left, as a share; 0.5 when no other target is given");
  field("params", params).between(0.001, 1).doc("parameters that are left, as a share");
}

void FinetuneConfig::describe(Fields& field) {
  field("epochs", epochs)
      .between(0, 1e6)
      .doc("epochs of training after the cut, with the model's own training section; 0 = none");
  field("learning_rate", learning_rate)
      .above(0)
      .doc("the highest rate of its schedule; left out = the model's own");
}

void PruneConfig::describe(Fields& field) {
  field("method", method)
      .one_of({"structured"})
      .doc("structured: whole channels and hidden units go, and the tensors shrink");
  field("criterion", criterion)
      .one_of(criterion_names())
      .doc("by what the units that go are chosen: the magnitude of their weights, or by lot");
  field("scope", scope)
      .one_of({"global", "local"})
      .doc("global: the least of all layers go; local: every layer loses the same share");
  field("target", target).doc("how small the network has to be");
  field("ratio", ratio)
      .between(0, 1)
      .doc("share of units that goes, in place of a target: of all, or of each layer (scope)");
  field("ignore", ignore)
      .doc("layers or weights that keep their shape, by name; * and ? stand for others");
  field("round_to", round_to)
      .between(0, 1024)
      .doc(
          "what is left of a layer is a multiple of this number of channels; 1 = any number; 0 = 8 "
          "where a layer of 64 or more had a multiple of 16 (odd widths are slow), else 1");
  field("keep_at_least", keep_at_least)
      .between(0, 1)
      .doc("share of every layer's units that stays whatever the target");
  field("finetune", finetune).doc("training after the cut");
}

}  // namespace maas
