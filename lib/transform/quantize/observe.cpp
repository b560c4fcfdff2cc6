#include "transform/quantize/observe.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/normal.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/randperm.h>
#include <ATen/ops/sort.h>
#include <ATen/ops/tensor.h>
#include <c10/core/InferenceMode.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/throw_error.h"
#include "call/index_limits.h"
#include "program/example_sizes.h"
#include "program/rewrite.h"
#include "run/plan.h"
#include "tensor/random.h"

namespace maas {
namespace {

constexpr int64_t kMostBytes = int64_t{256} << 20;
constexpr int64_t kMostRows = 64;  // more are no faster

class DataInputs : public CalibrationInputs {
 public:
  DataInputs(std::shared_ptr<const Dataset> dataset, int64_t samples, uint64_t seed)
      : dataset_(std::move(dataset)) {
    const int64_t count = std::min(samples, dataset_->size());
    const at::Tensor order =
        at::randperm(dataset_->size(), make_generator(mix_seed(seed, "calibration")),
                     at::TensorOptions(at::kLong));
    index_ = std::get<0>(at::sort(order.narrow(0, 0, count)));
  }

  std::vector<at::Tensor> next(int64_t rows) override {
    const int64_t count = std::min(rows, index_.size(0) - done_);
    if (count <= 0) return {};
    done_ += count;
    return dataset_->rows(index_.narrow(0, done_ - count, count)).inputs;
  }

 private:
  std::shared_ptr<const Dataset> dataset_;
  at::Tensor index_;
  int64_t done_ = 0;
};

class RandomInputs : public CalibrationInputs {
 public:
  RandomInputs(const Program& program, int64_t samples, uint64_t seed,
               std::vector<NumericFeature> columns)
      : columns_(std::move(columns)),
        sizes_(example_sizes(program)),
        limits_(index_limits(program)),
        generator_(make_generator(mix_seed(seed, "calibration"))),
        left_(samples) {
    for (const GraphInput* input : program.user_inputs()) {
      values_.push_back(program.value(input->value));
    }
  }

  std::vector<at::Tensor> next(int64_t rows) override {
    if (left_ <= 0) return {};
    const int64_t count = sizes_.fixed_batch.value_or(std::min(rows, left_));
    left_ -= std::max<int64_t>(count, 1);
    const SymbolValues symbols = sizes_.with_batch(count);
    std::vector<at::Tensor> inputs;
    for (size_t i = 0; i < values_.size(); ++i) inputs.push_back(draw(i, symbols));
    return inputs;
  }

 private:
  at::Tensor draw(size_t input, const SymbolValues& symbols) {
    const Value& value = values_[input];
    const std::vector<int64_t> sizes = sizes_of(value, symbols);
    const at::TensorOptions options(value.dtype);
    if (at::isFloatingType(value.dtype)) {
      const at::Tensor drawn = at::randn(sizes, generator_, at::TensorOptions(at::kFloat));
      return within_limits(input, (input == 0 ? as_columns(drawn) : drawn).to(value.dtype));
    }
    if (value.dtype == at::kByte) return at::randint(0, 256, sizes, generator_, options);
    at::Tensor drawn = at::randint(0, 2, sizes, generator_, options);
    return value.dtype == at::kBool ? drawn : within_limits(input, drawn);
  }

  at::Tensor within_limits(size_t input, const at::Tensor& drawn) {
    for (const IndexLimit& limit : limits_[input]) {
      at::Tensor part =
          limit.dim < 0 ? drawn : drawn.narrow(limit.dim, limit.begin, limit.end - limit.begin);
      const int64_t low = std::max<int64_t>(limit.lowest, 0);
      part.copy_(at::randint(low, std::max(limit.highest, low) + 1, part.sizes(), generator_,
                             drawn.options()));
    }
    return drawn;
  }

  at::Tensor as_columns(const at::Tensor& drawn) const {
    if (drawn.dim() != 2 || drawn.size(1) != static_cast<int64_t>(columns_.size())) return drawn;
    std::vector<double> means, std_devs;
    for (const NumericFeature& column : columns_) {
      means.push_back(column.mean);
      std_devs.push_back(column.std_dev);
    }
    return drawn.mul(at::tensor(std_devs, at::kFloat)).add(at::tensor(means, at::kFloat));
  }

  std::vector<Value> values_;
  std::vector<NumericFeature> columns_;
  ExampleSizes sizes_;
  std::vector<std::vector<IndexLimit>> limits_;
  at::Generator generator_;
  int64_t left_;
};

// So many that the observed values of one batch fit.
int64_t rows_at_once(const Program& program, const std::vector<std::string>& names) {
  const SymbolValues one = example_sizes(program).with_batch(1);
  int64_t bytes = 1;
  for (const Value& value : program.values) {
    if (std::find(names.begin(), names.end(), value.name) == names.end()) continue;
    int64_t size = 4;
    for (const int64_t dim : sizes_of(value, one)) {
      if (__builtin_mul_overflow(size, std::max<int64_t>(dim, 1), &size)) return 1;
    }
    if (__builtin_add_overflow(bytes, size, &bytes)) return 1;
  }
  return std::clamp<int64_t>(kMostBytes / bytes, 1, kMostRows);
}

}  // namespace

std::unique_ptr<CalibrationInputs> data_inputs(std::shared_ptr<const Dataset> dataset,
                                               int64_t samples, uint64_t seed) {
  return std::make_unique<DataInputs>(std::move(dataset), samples, seed);
}

std::unique_ptr<CalibrationInputs> random_inputs(const Program& program, int64_t samples,
                                                 uint64_t seed,
                                                 std::vector<NumericFeature> columns) {
  return std::make_unique<RandomInputs>(program, samples, seed, std::move(columns));
}

std::vector<SeenRange> observe(const Program& program, CalibrationInputs& inputs,
                               const std::vector<std::string>& values,
                               const MakeObserver& make_observer) {
  const size_t own = program.user_outputs().size();
  const int64_t rows = rows_at_once(program, values);
  const auto plan =
      Plan::compile(with_outputs(program, values), {.plan_for = PlanFor::kInference, .rows = rows});
  std::vector<std::unique_ptr<Observer>> seen;
  for (size_t i = 0; i < values.size(); ++i) seen.push_back(make_observer());
  const c10::InferenceMode no_gradients;
  int64_t batches = 0;
  for (auto batch = inputs.next(rows); !batch.empty(); batch = inputs.next(rows), ++batches) {
    const std::vector<at::Tensor> outputs = plan->run(batch);
    for (size_t i = 0; i < values.size(); ++i) {
      try {
        seen[i]->see(outputs.at(own + i));
      } catch (const Error& error) {
        Problem problem = error.first();
        problem.where = fmt::format("calibration: %{}", values[i]);
        throw Error(ErrorKind::kInput, problem);
      }
    }
  }
  if (batches == 0) {
    throw_input("calibration", "no samples", "at least one",
                "give a training split with rows, or quantize.calibration=random");
  }
  std::vector<SeenRange> ranges;
  for (const auto& observer : seen) ranges.push_back(observer->range());
  return ranges;
}

}  // namespace maas
