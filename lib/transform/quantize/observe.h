// The ranges of a network's activations on calibration data
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "program/program.h"
#include "transform/quantize/observer.h"

namespace maas {

// Where calibration inputs come from: batches of about `rows` rows, in order; an empty list ends
// them. Tensors in the order of program.user_inputs().
class CalibrationInputs {
 public:
  virtual ~CalibrationInputs() = default;
  virtual std::vector<at::Tensor> next(int64_t rows) = 0;
};

// `samples` rows of a data set (all, if it has fewer), drawn by seed without replacement, in
// ascending order.
std::unique_ptr<CalibrationInputs> data_inputs(std::shared_ptr<const Dataset> dataset,
                                               int64_t samples, uint64_t seed);

// For a network without data: numbers drawn from N(0, 1) (what standardised inputs look like),
// uint8 uniform in 0..255 (pixels), other integers uniform in the limits that their tables set
// (call/index_limits.h) or 0 and 1 where none are known. Sizes other than the batch are those of
// the example that the program was exported with. `columns`: of a first input of as many numbers,
// which are then drawn with their means and deviations.
std::unique_ptr<CalibrationInputs> random_inputs(const Program& program, int64_t samples,
                                                 uint64_t seed,
                                                 std::vector<NumericFeature> columns = {});

// The range of each of `values` (names of float32 values of the program), in this order, over all
// of `inputs`. Batches are as large as lets the values of one stay below 256 MiB (at least a row).
// Throws Error{kInput} for inputs that do not fit the program (what came, what was expected), for
// none at all, and for values that are not finite, naming the value.
std::vector<SeenRange> observe(const Program& program, CalibrationInputs& inputs,
                               const std::vector<std::string>& values,
                               const MakeObserver& make_observer);

}  // namespace maas
