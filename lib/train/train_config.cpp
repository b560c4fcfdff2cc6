#include "train/train_config.h"

#include <cmath>

#include "base/error.h"
#include "config/values.h"

namespace maas {

void OptimizerConfig::describe(Fields& field) {
  field("type", type).one_of({"sgd", "adam", "adamw", "rmsprop"}).doc("update rule");
  field("weight_decay", weight_decay)
      .between(0, 1)
      .doc("decay of weights a step, times the rate (adamw) or added to the gradient (others)");
  field("momentum", momentum)
      .between(0, 0.9999)
      .only_for("type", {"sgd", "rmsprop"})
      .doc("share of the last update that is kept; 0 = none");
  field("nesterov", nesterov).only_for("type", {"sgd"}).doc("look ahead (Nesterov)");
  field("beta1", beta1)
      .between(0, 0.99999)
      .only_for("type", {"adam", "adamw"})
      .doc("smoothing of gradients");
  field("beta2", beta2)
      .between(0, 0.99999)
      .only_for("type", {"adam", "adamw"})
      .doc("smoothing of squared gradients");
  field("alpha", alpha)
      .between(0, 0.99999)
      .only_for("type", {"rmsprop"})
      .doc("smoothing of squared gradients");
  field("epsilon", epsilon)
      .between(1e-16, 1)
      .only_for("type", {"adam", "adamw", "rmsprop"})
      .doc("added to the divisor");
}

void ScheduleConfig::describe(Fields& field) {
  field("type", type)
      .one_of({"constant", "step", "cosine", "linear", "one_cycle", "plateau"})
      .doc("how the learning rate changes over the steps");
  field("warmup", warmup)
      .in_units({"", "%", "steps", "epochs"})
      .at_least(0)
      .doc(
          "linear rise from 0 at the start: 5%, 300 steps or 2 epochs; 0 = none; one_cycle has a "
          "rise of its own instead");
  field("final_fraction", final_fraction)
      .between(0, 1)
      .only_for("type", {"cosine", "linear", "one_cycle"})
      .doc("last rate / learning_rate");
  field("every", every)
      .in_units({"", "%", "steps", "epochs"})
      .above(0)
      .only_for("type", {"step"})
      .doc("interval between falls");
  field("factor", factor)
      .between(0, 1)
      .only_for("type", {"step", "plateau"})
      .doc("multiplies the rate");
  field("patience", patience)
      .at_least(0)
      .only_for("type", {"plateau"})
      .doc("evaluations without improvement before the rate falls");
  field("peak", peak)
      .between(0, 1)
      .only_for("type", {"one_cycle"})
      .doc("share of steps at which the rate is highest");
}

void LossConfig::describe(Fields& field) {
  field("type", type)
      .one_of({"auto", "cross_entropy", "binary_cross_entropy", "mse", "mae", "huber"})
      .doc("what is made small; auto = cross_entropy, binary_cross_entropy or mse by the task");
  field("label_smoothing", label_smoothing)
      .between(0, 0.99)
      .only_for("type", {"auto", "cross_entropy"})
      .doc("share of the target spread over all classes");
  field("class_weights", class_weights)
      .or_alone({"balanced"})
      .only_for("type", {"auto", "cross_entropy", "binary_cross_entropy"})
      .doc(
          "one weight above 0 a class, in the order of the labels; balanced = rare classes count "
          "for more, all for the same sum over the training rows; empty = all 1");
  field("delta", delta)
      .above(0)
      .only_for("type", {"huber"})
      .doc(
          "where it turns from squared to absolute, in the targets' standard deviations; with "
          "data.targets: "
          "none in their units");
}

void CheckpointConfig::describe(Fields& field) {
  field("every", every)
      .in_units({"", "%", "steps", "epochs"})
      .above(0)
      .doc("interval between checkpoints");
  field("keep_last", keep_last).at_least(1).doc("how many are kept");
}

void EarlyStopConfig::describe(Fields& field) {
  field("metric", metric)
      .doc("watched metric of the validation split; empty = the first of eval.metrics");
  field("patience", patience)
      .at_least(0)
      .doc("evaluations without improvement before it stops; 0 = never");
  field("min_change", min_change).at_least(0).doc("smaller changes are no improvement");
}

void TrainConfig::describe(Fields& field) {
  field("epochs", epochs).between(1, 1e9).doc("passes over the training data");
  field("steps", steps)
      .in_units({"", "steps", "epochs"})
      .above(0)
      .doc("stop after this many steps instead of epochs");
  field("batch_size", batch_size).between(1, 1e9).doc("samples a step");
  field("accumulate", accumulate)
      .between(1, 1e6)
      .doc("split each batch into this many parts to save memory");
  field("optimizer", optimizer).shorthand("type").doc("update rule");
  field("learning_rate", learning_rate).above(0).doc("highest step size");
  field("schedule", schedule).shorthand("type").doc("how the learning rate changes");
  field("loss", loss).shorthand("type").doc("what is made small");
  field("body_learning_rate", body_learning_rate)
      .above(0)
      .doc(
          "highest step size of all but the last layer, for fine-tuning; follows the same "
          "schedule; "
          "absent = learning_rate");
  field("freeze", freeze)
      .or_alone({"backbone"})
      .doc(
          "parameters that stay as they are: backbone = all but the last layer's, or names, * for "
          "any part: [\"layer1.*\"]; statistics of batch norms move on");
  field("clip_norm", clip_norm)
      .at_least(0)
      .doc("longest gradient (L2 over all parameters); 0 = no limit");
  field("ema", ema)
      .between(0, 0.99999)
      .doc(
          "decay of the moving average of weights that is evaluated and saved, lower in the first "
          "steps: at most (1 + step) / (10 + step); 0 = none");
  field("folds", folds)
      .one_of({"0", "2", "3", "4", "5", "6", "7", "8", "9", "10"})
      .doc(
          "for few rows: train so many networks, each validated by another part of the training "
          "rows, that answer together by their mean; 0 = one network, validated by "
          "data.validation");
  field("precision", precision)
      .one_of({"fp32", "bf16"})
      .doc("arithmetic of matrix products and convolutions");
  field("early_stop", early_stop).doc("stop when validation no longer improves");
  field("checkpoint", checkpoint).doc("what is kept for resuming");
  field("on_divergence", on_divergence)
      .one_of({"stop", "skip"})
      .doc(
          "a NaN or infinite loss or gradient: stop (exit 5), or leave the step out (at most 100 "
          "in a row)");
  field("threads", threads)
      .between(0, 1024)
      .doc("threads of one operator; 0 = the usable cores, fewer for small steps");
  field("deterministic_kernels", deterministic_kernels)
      .doc(
          "products by the same kernels on every machine, not by those that are quickest here: "
          "other kernels give other last digits");
  field("log_every", log_every).between(1, 1e9).doc("steps between lines of metrics.jsonl");
}

void check_schedule(const TrainConfig& config) {
  std::vector<Problem> problems;
  const auto check = [&](const std::string& where, const Quantity& quantity) {
    const bool steps = quantity.unit.empty() || quantity.unit == "steps";
    if (!steps || quantity.value == std::floor(quantity.value)) return;
    const std::string percent = number_text(quantity.value * 100) + "%";
    const bool is_share = quantity.value < 1 && where != "train.steps";
    problems.push_back({.where = where,
                        .what = to_text(quantity) + " is no number of steps",
                        .expected = "a share such as 5%, whole steps or epochs",
                        .fix = is_share
                                   ? "set " + where + "=" + percent + " for this share of all steps"
                                   : "give whole steps, or the unit: epochs"});
  };
  check("train.schedule.warmup", config.schedule.warmup);
  check("train.schedule.every", config.schedule.every);
  check("train.checkpoint.every", config.checkpoint.every);
  if (config.steps) check("train.steps", *config.steps);
  if (!problems.empty()) throw Error(ErrorKind::kUsage, std::move(problems));
}

int64_t in_steps(const Quantity& quantity, int64_t steps_per_epoch, int64_t total_steps) {
  double steps = quantity.value;
  if (quantity.unit == "%") steps = quantity.value * static_cast<double>(total_steps) / 100;
  if (quantity.unit == "epochs") steps = quantity.value * static_cast<double>(steps_per_epoch);
  // 0.29 epochs of 100 steps are 29, although the product is 28.999999999999996.
  return static_cast<int64_t>(std::floor(std::min(steps * (1 + 1e-12), 9e15)));
}

}  // namespace maas
