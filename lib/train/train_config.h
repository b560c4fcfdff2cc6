// `train:` in a config.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/fields.h"

namespace maas {

struct OptimizerConfig {
  std::string type = "adamw";
  double weight_decay = 0.01;
  double momentum = 0.9;
  bool nesterov = false;
  double beta1 = 0.9, beta2 = 0.999;
  double alpha = 0.99;  // rmsprop: smoothing of squared gradients
  double epsilon = 1e-8;
  void describe(Fields& field);
};

struct ScheduleConfig {
  std::string type = "constant";
  Quantity warmup;              // share of all steps, steps or epochs; rises linearly from 0; not
                                // for one_cycle, which has its own rise
  double final_fraction = 0;    // cosine, linear, one_cycle: last rate / learning_rate
  Quantity every{1, "epochs"};  // step: interval
  double factor = 0.1;          // step, plateau: multiplies the rate
  int64_t patience = 3;         // plateau: evaluations without improvement before it falls
  double peak = 0.3;            // one_cycle: share of steps at which the rate is highest
  void describe(Fields& field);
};

struct LossConfig {
  std::string type = "auto";  // by task: cross_entropy, binary_cross_entropy, mse
  double label_smoothing = 0;
  std::vector<std::string> class_weights;  // numbers, or "balanced" alone (loss.h)
  double delta = 1;                        // huber: where it turns from squared to absolute
  void describe(Fields& field);
};

struct CheckpointConfig {
  Quantity every{1, "epochs"};
  int64_t keep_last = 2;
  void describe(Fields& field);
};

struct EarlyStopConfig {
  std::string metric;    // "" = the first of eval.metrics
  int64_t patience = 0;  // evaluations without improvement; 0 = off
  double min_change = 0;
  void describe(Fields& field);
};

struct TrainConfig {
  int64_t epochs = 10;
  std::optional<Quantity> steps;  // instead of epochs
  int64_t batch_size = 64;
  int64_t accumulate = 1;
  OptimizerConfig optimizer;
  double learning_rate = 1e-3;
  ScheduleConfig schedule;
  LossConfig loss;
  std::optional<double> body_learning_rate;  // of all but the last layer; absent = learning_rate
  std::vector<std::string> freeze;  // names of parameters, "*" for any part: these stay; "backbone"
  double clip_norm = 0;
  double ema = 0;
  int64_t folds = 0;  // of the training rows, each validating a network of its own; 0 = no folds
  std::string precision = "fp32";
  EarlyStopConfig early_stop;
  CheckpointConfig checkpoint;
  std::string on_divergence = "stop";
  int64_t threads = 0;
  bool deterministic_kernels = false;
  int64_t log_every = 50;
  void describe(Fields& field);
};

// Throws Error{kUsage} naming every number of steps that is not whole (a warmup of 0.05 may be
// meant as a share).
void check_schedule(const TrainConfig& config);

// Steps that a quantity means: "5%" of all, "2 epochs", "300 steps" or 300. Rounded down.
int64_t in_steps(const Quantity& quantity, int64_t steps_per_epoch, int64_t total_steps);

}  // namespace maas
