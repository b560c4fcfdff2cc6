// What range of values an activation has: seen batch by batch, then turned into a scale
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace maas {

struct SeenRange {
  double low = 0, high = 0;  // low <= high
  bool operator==(const SeenRange&) const = default;
};

// x ~ (q - zero_point) * scale with q in 0..255.
struct AffineScale {
  double scale = 1;  // positive, a float32 number
  int64_t zero_point = 0;
};

// The range made to include zero, which so is exact (padding and ReLU need it), in 255 steps: the
// arithmetic of PyTorch's affine observers (torch.ao.quantization, quint8). The steps are at least
// float32's epsilon.
AffineScale affine_scale(const SeenRange& range);

// One activation's range. One thread.
class Observer {
 public:
  virtual ~Observer() = default;
  // A batch of the activation, float32, any shape. Throws Error{kInput} for NaN or infinity.
  virtual void see(const at::Tensor& values) = 0;
  // Of all that was seen; at least one batch.
  virtual SeenRange range() const = 0;
};
using MakeObserver = std::function<std::unique_ptr<Observer>()>;

// One row an observer: name, what it does, how to make it.
//   minmax   the smallest and largest value of all batches
//   moving   moving averages, with constant 0.01, of the batches' smallest and largest values: what
//            is seen once in many batches hardly counts (Jacob et al. 2018, section 3.1)
struct ObserverRow {
  const char* name;
  const char* summary;
  std::unique_ptr<Observer> (*make)();
};
const std::vector<ObserverRow>& observers();
std::vector<std::string> observer_names();
MakeObserver observer_named(const std::string& name);  // one of observers()

}  // namespace maas
