// Inputs on which an exported file is compared with its model
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "program/program.h"

namespace maas {

struct Samples {
  std::vector<std::vector<at::Tensor>> batches;  // a tensor an input; of several batch sizes
  std::string origin;                            // "1000 rows of the test split", "random inputs"
};

// The first `rows` rows of a dataset, or all where it has fewer: a batch of one, then of 64 with
// the rest at the end; of the size that was fixed at export where the program has one (rows that do
// not fill a batch are left out). `name` tells what the rows are: "the test split".
Samples held_out_samples(const Dataset& dataset, const Program& program, int64_t rows,
                         const std::string& name);

// The same on every call (call/made_inputs.h). Three batches, of 1, 3 and 16 samples where the
// batch is dynamic, or as near as the program's size rules allow; other dynamic sizes are as in the
// example that the program was exported with, and once one more.
Samples random_samples(const Program& program);

}  // namespace maas
