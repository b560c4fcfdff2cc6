// The learning rate at a step.
#pragma once

#include <cstdint>

#include "train/train_config.h"

namespace maas {

// A pure function of the step, but for `plateau`, whose two numbers are part of a checkpoint.
class Schedule {
 public:
  Schedule(const ScheduleConfig& config, double learning_rate, int64_t steps_per_epoch,
           int64_t total_steps);

  // 0 <= step < total_steps. Cosine: Loshchilov and Hutter 2016; one-cycle: Smith 2018, as
  // PyTorch's OneCycleLR: cosine up from 1/25 at step 0 to the highest rate at step peak *
  // total_steps - 1, cosine down to final_fraction at the last step.
  double rate(int64_t step) const;

  // plateau: after each evaluation, whether the watched metric improved.
  void observe(bool improved);

  struct State {
    int64_t without_improvement = 0;
    double scale = 1;
  };
  const State& state() const { return state_; }
  void load_state(const State& state) { state_ = state; }

 private:
  double one_cycle(int64_t step) const;  // share of learning_rate

  ScheduleConfig config_;
  double learning_rate_;
  int64_t warmup_steps_, every_steps_, total_steps_;
  State state_;
};

}  // namespace maas
