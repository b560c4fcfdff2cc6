// Which columns of a table a network goes by: what it loses when one is shuffled among the rows
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "program/program.h"

namespace maas {

struct ColumnImportance {
  std::string column;  // as the table calls it: a column of dates is one, with all its parts
  // How much worse the metric is, over the repeats; below 0 it was better by chance. Mean and
  // standard deviation (that of these repeats, divided by their number).
  double mean = 0, deviation = 0;
};

struct Importance {
  std::string metric;
  double value = 0;                       // of the metric, nothing shuffled
  int64_t rows = 0, rows_in_all = 0;      // measured on; a sample where there are more
  int64_t repeats = 0;                    // of each column
  std::vector<ColumnImportance> columns;  // the most important first, equal ones as in the table
  // For the user: that rows were sampled, or why nothing was measured (`columns` is empty then).
  std::string note = {};
};

struct ImportanceOptions {
  std::string metric;        // one of metric_names() of the task
  uint64_t seed = 0;         // of the sample and the shuffling
  int64_t repeats = 5;       // fewer where the columns are many
  int64_t batch_size = 512;  // rows a run
  int64_t most_rows = 2000;
  // Bounds of the cost: rows that the network answers in all, and these times its parameters.
  double most_answers = 1e6, most_products = 2e10;
};

// The importance of a column is the mean drop of the metric (its rise where lower is better) when
// the column's values are drawn from other rows, all else as it was (Breiman 2001, section 10;
// Fisher, Rudin and Dominici 2019; scikit-learn's permutation_importance). Of two columns that say
// the same each may seem to matter little. Where columns x rows x repeats would be above the
// bounds, rows are sampled (200 at least), then repeats are fewer; where that is too much still,
// nothing is measured. Images and data sets without rows give no columns. The same data and seed
// give the same numbers. Throws what Plan::compile(), predict_all() and compute_metrics() throw.
Importance permutation_importance(const Program& program, const Dataset& dataset,
                                  const TaskSpec& task, const ImportanceOptions& options);

}  // namespace maas
