// Training by folds: every row validates once, and the networks answer together.
#pragma once

#include "train/fit.h"

namespace maas {

// Trains job.train.folds networks. Each starts with weights of its own (FitJob::network_of; else
// those of job.program) and learns from the training rows that fold_rows.h says for its fold, which
// chooses its best epoch and stops it. The program of the result is their average
// (program/average.h): of logits in a classification, of values in a regression. `validation` and
// `out_of_fold` are of the rows' answers by the network that has not learnt from them. Checkpoints
// are in folds/N of the run folder; a resumed run goes on in the fold where it was. News counts
// epochs and steps that were taken, through all folds; totals assume that no further fold stops
// early. An interrupted run gives the average of the networks so far. Throws what fit() and
// fold_rows() throw, and Error{kUsage} for a job that has an objective, a constraint or a
// validation split of its own.
FitResult fit_folds(const FitJob& job, const RunFolder& run, const FitWatcher& watcher);

}  // namespace maas
