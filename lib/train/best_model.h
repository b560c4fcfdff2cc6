// The best weights of a run so far, by one metric of the validation split; and when to stop early.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "program/program.h"
#include "train/checkpoint.h"
#include "train/train_config.h"

namespace maas {

class BestModel {
 public:
  // `metric` is watched; higher_is_better(metric) says which way.
  BestModel(std::string metric, const EarlyStopConfig& config);

  // One evaluation. True when it is the first, or better than the best by more than min_change: the
  // candidate is kept. A metric that is not a number is never better.
  bool observe(Program candidate, const std::map<std::string, double>& metrics, int64_t step);

  // early_stop.patience evaluations went by without improvement.
  bool out_of_patience() const { return patience_ > 0 && without_gain_ >= patience_; }

  bool exists() const { return exists_; }
  const Program& program() const { return program_; }  // eval mode; exists() only
  const std::map<std::string, double>& metrics() const { return metrics_; }
  int64_t step() const { return step_; }

  // "best/..." tensors and numbers of a checkpoint. `form` is any program of the same network;
  // load throws Error{kInput} naming what is missing.
  void save(Checkpoint& checkpoint) const;
  void load(const Checkpoint& checkpoint, const Program& form);

 private:
  std::string metric_;
  int64_t patience_;
  double min_change_;
  bool exists_ = false;
  Program program_;
  std::map<std::string, double> metrics_;
  int64_t step_ = 0, without_gain_ = 0;
};

}  // namespace maas
