#include "train/constraint.h"

#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "train/run_scratch.h"
#include "train/small_job.h"

namespace maas {
namespace {

// Keeps the first column of one weight at zero and counts its calls, in a tensor.
class FirstColumnZero : public Constraint {
 public:
  explicit FirstColumnZero(std::string name) : name_(std::move(name)), calls_(at::zeros({1})) {}
  void apply(int64_t step, int64_t steps, const TensorMap& weights, const TensorMap&) override {
    EXPECT_LE(step, steps);
    at::Tensor weight = weights.at(name_);
    weight.select(1, 0).zero_();
    calls_ += 1;
  }
  TensorMap state() const override { return {{"calls", calls_}}; }
  void load_state(const TensorMap& saved) override { calls_.copy_(saved.at("calls")); }
  double calls() const { return calls_.item<double>(); }

 private:
  std::string name_;
  at::Tensor calls_;
};

class ConstraintTest : public RunScratch {};

TEST_F(ConstraintTest, HoldsAfterEveryStepAndGoesOnWithARunThatIsResumed) {
  FitJob job = small_job();
  std::string name;
  for (const auto& [target, tensor] : job.program.parameters) {
    if (tensor.dim() == 2) name = target;
  }
  const auto constraint = std::make_shared<FirstColumnZero>(name);
  job.constraint = constraint;
  EXPECT_TRUE(fit(job, fresh_run(folder_ / "run"), stopping_after(3)).interrupted);
  EXPECT_EQ(constraint->calls(), 4);  // before the first step, and after each
  const auto resumed = std::make_shared<FirstColumnZero>(name);
  job.constraint = resumed;
  job.resume = true;
  const FitResult result = fit(job, resumed_run(folder_ / "run"), {});
  EXPECT_EQ(resumed->calls(), static_cast<double>(result.steps + 1));
  EXPECT_EQ(result.program.parameters.at(name).select(1, 0).abs().sum().item<double>(), 0);
}

}  // namespace
}  // namespace maas
