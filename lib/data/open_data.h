// From `data:` in a config to datasets.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "data/data_config.h"
#include "data/dataset.h"

namespace maas {

enum class Split { kTrain, kValidation, kTest };
std::string to_text(Split split);  // "train", "validation", "test"

// Whose the targets of fine-tuning are.
enum class Targets {
  kParents,        // the parent's, where the data's own are among them
  kParentsIfSame,  // the parent's, where the data have these and no others
  kOwn,            // the data's
};

// Reads every source and splits it. Which rows go where says split_rows.h; within a split
// rows keep the order of the source. The specification (statistics, categories,
// labels, column types) is learnt from the training rows alone, but for what `parent`, the data of
// a model that is to be fine-tuned, knows already: the columns of a table with their categories and
// statistics, the same form of images, targets as `targets` says. Its weights were made for these.
// Null = a new model.
// Throws Error: kInput for data that is missing, damaged or too small (with counts), kUsage for
// contradictory settings, kResources for files that may not be read.
DataSplits open_data(const DataConfig& config, uint64_t seed, const DataSpec* parent = nullptr,
                     Targets targets = Targets::kParents);

// One split for a model that exists: statistics, categories, column types and labels are the
// model's. Unknown categories become index 0 with a warning, or an Error when `data.unknown` says
// so; a label that the model does not know is Error{kInput} naming the row. Null when the config
// has no such split. `warnings` may be null.
std::shared_ptr<const Dataset> open_split(const DataConfig& config, const DataSpec& conform_to,
                                          Split split, uint64_t seed,
                                          std::vector<std::string>* warnings = nullptr);

// Of all source files: cheap enough for every epoch. Throws Error{kInput} when a file is gone.
Fingerprint fingerprint(const DataConfig& config);

}  // namespace maas
