// A teacher's answers as a part of what a student minimises (Hinton, Vinyals, Dean 2015)
#pragma once

#include <string>

#include "program/program.h"
#include "sample/spec.h"
#include "train/objective.h"
#include "transform/distill/distill_config.h"

namespace maas {

struct DistillJob {
  const Program& student;  // with the starting weights
  const Program& teacher;  // in evaluation mode; takes what the student takes
  DistillConfig config;
  LossConfig loss;  // of the labels
  TaskSpec task;
  int64_t batch_size = 64;  // that the teacher is packed for
};

// hard_weight * loss(student, labels) + soft_weight * soft, where soft is, with outputs s and t,
//   classification  T^2 * mean over rows of KL(softmax(t / T) || softmax(s / T))
//   multi-label     T^2 * mean of KL between sigmoid(t / T) and sigmoid(s / T) of each label
//   regression      mean of (s - t)^2 in the targets' standard deviations
// The teacher runs lowered, on what the student sees (augmented rows, too), once a step. Throws
// Error{kUsage} when both weights are 0, or inputs or outputs of the two differ (both are named).
Objective distilled(const DistillJob& job);

// Throws as distilled() does for two networks that do not go together; `where` names the student.
void check_pair(const Program& student, const Program& teacher, const std::string& where);

}  // namespace maas
