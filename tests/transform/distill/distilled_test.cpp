// Golden numbers: torch 2.13, F.kl_div(log_softmax(s / T), log_softmax(t / T), "batchmean",
// log_target=True) * T^2 and F.cross_entropy, and their gradients by autograd.
#include "transform/distill/distilled.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>

#include "autodiff/expand.h"
#include "autodiff/gradients.h"
#include "call/builder.h"
#include "run/plan.h"
#include "support/scratch.h"

namespace maas {
namespace {

using testing::HasSubstr;

// y = x + p, where p begins as zeros: the gradient of p is the sum over rows of that of y.
Program shifted(int64_t outputs) {
  GraphBuilder g("net", 1);
  const Handle x = g.input("x", {outputs}, at::kFloat);
  const Handle p = g.parameter("p", at::zeros({outputs}));
  return g.finish({{"y", g.add(x, p)}});
}

TaskSpec task(TaskKind kind) { return {.kind = kind, .labels = {"a", "b", "c"}}; }

const at::Tensor kStudent = at::tensor({1.0F, -2.0F, 0.5F, 0.3F, 0.1F, -0.7F}).view({2, 3});
const at::Tensor kTeacher = at::tensor({2.0F, -1.0F, 0.0F, -0.5F, 1.5F, 0.2F}).view({2, 3});

// The loss and the gradient of p for these logits, by the graph that a training step runs.
std::vector<at::Tensor> step(const DistillConfig& config, TaskKind kind, const at::Tensor& target) {
  const Program net = shifted(3);
  const Objective objective =
      distilled({.student = net, .teacher = net, .config = config, .loss = {}, .task = task(kind)});
  const auto graph = with_gradients(expand_composites(objective.graph), {"p"});
  EXPECT_TRUE(graph.has_value()) << "an operator of the soft loss has no gradient rule";
  return Plan::compile(*graph)->run({kStudent, kTeacher, target});
}

TEST(Distilled, GivesPyTorchsLossAndGradientOfClasses) {
  const DistillConfig config{.temperature = 3, .soft_weight = 0.75, .hard_weight = 0.25};
  const auto found = step(config, TaskKind::kClassification, at::tensor({0, 2}, at::kLong));
  EXPECT_NEAR(found[0].item<double>(), 0.5338281393051147, 1e-6);
  const at::Tensor gradient = at::tensor(
      {-0.139476046F + 0.214181259F, -0.029331468F - 0.076761365F, 0.168807432F - 0.137419924F});
  EXPECT_TRUE(at::allclose(found[1], gradient, 1e-5, 1e-6)) << found[1];
}

TEST(Distilled, GivesPyTorchsLossAndGradientOfLabels) {
  const DistillConfig config{.temperature = 3, .soft_weight = 0.75, .hard_weight = 0.25};
  const at::Tensor target = at::tensor({1.0F, 0.0F, 1.0F, 0.0F, 0.0F, 1.0F}).view({2, 3});
  const auto found = step(config, TaskKind::kMultiLabel, target);
  EXPECT_NEAR(found[0].item<double>(), 0.23616014420986176, 1e-6);
  const at::Tensor gradient = at::tensor(
      {-0.040525701F + 0.048891213F, -0.024353022F - 0.0209234F, -0.000141927F - 0.055865124F});
  EXPECT_TRUE(at::allclose(found[1], gradient, 1e-5, 1e-6)) << found[1];
}

TEST(Distilled, MeasuresValuesInTheTargetsDeviations) {
  TaskSpec spec = task(TaskKind::kRegression);
  for (const double unit : {1.0, 10.0, 100.0}) {
    spec.scales.push_back({});
    spec.scales.back() = {0, unit};
  }
  const Program net = shifted(3);
  const DistillConfig config{.temperature = 3, .soft_weight = 1, .hard_weight = 0};
  const Objective objective =
      distilled({.student = net, .teacher = net, .config = config, .loss = {}, .task = spec});
  const auto found = Plan::compile(objective.graph)->run({kStudent, kTeacher, kTeacher});
  const at::Tensor apart = (kStudent - kTeacher) / at::tensor({1.0F, 10.0F, 100.0F});
  EXPECT_NEAR(found[0].item<double>(), apart.square().mean().item<double>(), 1e-6);
}

TEST(Distilled, ATeacherThatIsTheStudentTeachesNothing) {
  const Program net = shifted(3);
  const DistillConfig config{.temperature = 2, .soft_weight = 1, .hard_weight = 0};
  const Objective objective = distilled({.student = net,
                                         .teacher = net,
                                         .config = config,
                                         .loss = {},
                                         .task = task(TaskKind::kClassification)});
  const std::vector<at::Tensor> answers = objective.extras({kStudent});
  ASSERT_EQ(answers.size(), 1U);
  const auto found =
      Plan::compile(objective.graph)->run({kStudent, answers[0], at::tensor({0, 2}, at::kLong)});
  EXPECT_NEAR(found[0].item<double>(), 0, 1e-7);
}

TEST(Distilled, NamesBothShapesOfTwoThatDoNotGoTogether) {
  const Program narrow = shifted(3), wide = shifted(4);
  const auto pair = [](const Program& student, const Program& teacher) {
    return error_of(
        [&] {
          distilled({.student = student,
                     .teacher = teacher,
                     .config = {},
                     .loss = {},
                     .task = task(TaskKind::kClassification)});
        },
        ErrorKind::kUsage);
  };
  EXPECT_THAT(pair(narrow, wide), testing::AllOf(HasSubstr("[s0, 3]"), HasSubstr("[s0, 4]")));
  GraphBuilder g("net", 1);
  const Handle x = g.input("x", {3}, at::kFloat);
  const Program more = g.finish({{"y", g.linear("fc", x, 5)}});
  EXPECT_THAT(pair(narrow, more), testing::AllOf(HasSubstr("student: gives [s0, 3]"),
                                                 HasSubstr("[s0, 5] as the teacher does")));
}

TEST(Distilled, AsksForSomethingToLearnFrom) {
  const Program net = shifted(3);
  EXPECT_THAT(error_of(
                  [&] {
                    distilled({.student = net,
                               .teacher = net,
                               .config = {.soft_weight = 0, .hard_weight = 0},
                               .loss = {},
                               .task = task(TaskKind::kClassification)});
                  },
                  ErrorKind::kUsage),
              HasSubstr("set one of them above 0"));
}

}  // namespace
}  // namespace maas
