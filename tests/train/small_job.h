// A training job that takes milliseconds: made-up 6 x 6 images of three classes, a small network.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "data/open_data.h"
#include "record/run_folder.h"
#include "tensor/random.h"
#include "train/fit.h"
#include "zoo/build_model.h"

namespace maas {

inline DataConfig small_data() {
  DataConfig data;
  data.type = "synthetic";
  data.samples = 60;
  data.classes = 3;
  data.height = data.width = 6;
  data.noise = 1;
  data.validation = 0.2;
  return data;
}

// 48 samples to learn from: 4 steps an epoch of 12.
inline FitJob small_job(const DataConfig& data = small_data()) {
  FitJob job;
  job.seed = 3;
  job.data_config = data;
  job.data = open_data(data, job.seed);
  ModelConfig model;
  model.type = "mlp";
  model.hidden = {8};
  job.program = build_model(model, job.data.spec, {.seed = 5});
  job.train.epochs = 3;
  job.train.batch_size = 12;
  job.train.learning_rate = 0.01;
  job.eval.metrics = {"nll", "accuracy"};
  job.settings = {{"seed", "3"}, {"train.batch_size", "12"}};
  return job;
}

inline RunFolder fresh_run(const std::filesystem::path& folder) {
  return RunFolder({.folder = folder, .name = "run"});
}
inline RunFolder resumed_run(const std::filesystem::path& folder) {
  return RunFolder({.folder = folder, .name = "run", .resume = true});
}

// Ends a run by request after `step` steps of this session.
inline FitWatcher stopping_after(int64_t step) {
  FitWatcher watcher;
  watcher.stop_requested = [left = step]() mutable { return --left <= 0; };
  return watcher;
}

inline FitWatcher noting(std::vector<std::string>& warnings) {
  FitWatcher watcher;
  watcher.on_warning = [&](const std::string& text) { warnings.push_back(text); };
  return watcher;
}

// The text of the Error that `act` throws, of the kind given; fails the test when there is none.
template <class Act>
std::string error_of(ErrorKind kind, const Act& act) {
  try {
    act();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no error was thrown";
  return "";
}

}  // namespace maas
