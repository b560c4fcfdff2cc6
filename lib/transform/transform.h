// The contract of every verb that makes a model from a model: measure, rewrite, measure, judge
//
// The input is never touched; the result names its parent by digest; the same seed gives the same
// bytes; a result that loses more than the gate allows is not published.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "model/model.h"
#include "train/experiment.h"
#include "transform/gate_config.h"
#include "transform/measure.h"

namespace maas {

// One layer in the report: what it was and what became of it, in words and numbers.
struct LayerChange {
  std::string name, op;
  std::string before, after;                   // "[128, 784]" -> "[61, 784]", "fp32" -> "int8"
  std::map<std::string, double> figures = {};  // "sqnr_db" -> 41.2: shown as a column each
  std::string note = {};                       // why it stayed as it was
};

// What a verb makes of a program.
struct Rewritten {
  Program program;
  std::string change;                   // for the lineage: "half of the multiply-adds"
  std::vector<LayerChange> layers;      // in the graph's order
  std::vector<std::string> notes = {};  // what the user should know, a line each
};

struct GateResult {
  std::string metric;  // "" = nothing to judge by: no data
  double before = 0, after = 0;
  double drop = 0;  // how much worse, >= 0 when it is worse
  double max_drop = 0;
  bool is_relative = false;  // both as a share of `before`; else in the metric's unit
  bool is_met = true;
  int64_t rows = 0;  // of which the metric is a share; 0 = it is of another kind

  const char* of_what() const { return is_relative ? " of it" : ""; }
  // "worse by 0.01200", "better by 0.01700 of it", "neither better nor worse"; "worse by 0.02083, 1
  // of 48 rows" where a single row is more than may be lost.
  std::string became() const;
};

struct TransformReport {
  std::string verb, parent_name, parent_digest;
  std::string split;  // that the metrics are from; "" without data
  Measured before, after;
  std::optional<double> agreement;            // of answers with the parent's (transform/measure.h)
  TaskKind task = TaskKind::kClassification;  // what an answer is
  GateResult gate;
  std::string change;
  std::vector<LayerChange> layers;
  std::vector<std::string> notes;
  double seconds = 0;  // of the whole work
};

struct Transformed {
  Model model;  // lineage and metrics filled in; not saved
  TransformReport report;
};

struct TransformJob {
  std::string verb;        // "prune"
  std::string model_name;  // file name of the input, without folders
  MeasureJob measure;
  double max_drop = kMaxDrop;  // of the measured metric
  std::function<Rewritten(const Model&)> rewrite;
  std::function<void(const std::string&)> say = {};  // what happens now, for people
};

// What a verb measures by: the held-out rows of the experiment's data, as the model's specification
// says; without rows where `experiment` is null. Warnings of the data go to `warnings`. Throws
// what open_split() throws, and Error{kUsage} for a gate.metric that is none of the task's.
MeasureJob measure_job(const Model& model, const Experiment* experiment, const GateConfig& gate,
                       std::vector<std::string>& warnings);

// `model` is the input as it was loaded. The result is verified (call/verify.h) before it is
// measured.
Transformed transform(const Model& model, const TransformJob& job);

// By how much `after` is worse than `before`, the metric's direction counted in; NaN is worst. What
// is in the units of the target, such as rmse, is judged as a share of `before`.
GateResult judge(const std::string& metric, double before, double after, double max_drop);

// The error of a gate that is not met, with what to do: Error{kRequirement}. `keeping` is how to
// have the result all the same, such as "--keep writes the model"; "" = it is there.
Error gate_error(const TransformReport& report, const std::string& keeping);

}  // namespace maas
