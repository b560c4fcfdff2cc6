#include "transform/distill/distilled.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/tensor.h>
#include <c10/core/InferenceMode.h>
#include <fmt/format.h>

#include <memory>

#include "base/throw_error.h"
#include "call/rewriter.h"
#include "evaluate/evaluate.h"
#include "program/arguments.h"
#include "program/emit.h"
#include "program/mode.h"
#include "run/plan.h"
#include "train/loss.h"
#include "zoo/target_scale.h"

namespace maas {
namespace {

constexpr const char* kTeacherInput = "teacher";

ValueId output_of(const Program& program) {
  return std::get<ValueRef>(program.user_outputs().at(0)->value).id;
}

std::string inputs_text(const Program& program) {
  std::string text;
  for (const GraphInput* input : program.user_inputs()) {
    if (!text.empty()) text += ", ";
    text += type_text(program.value(input->value));
  }
  return text;
}

bool same_inputs(const Program& a, const Program& b) {
  const auto left = a.user_inputs(), right = b.user_inputs();
  if (left.size() != right.size()) return false;
  for (size_t i = 0; i < left.size(); ++i) {
    const Value &x = a.value(left[i]->value), &y = b.value(right[i]->value);
    if (x.dtype != y.dtype || !same_sample(x, y)) return false;
  }
  return true;
}

// The soft part of the loss, emitted behind all that the graph has.
class SoftLoss {
 public:
  SoftLoss(Rewriter& graph, const DistillJob& job, ValueId student, ValueId teacher)
      : graph_(graph), job_(job), student_(student), teacher_(teacher) {}

  ValueId emit() {
    switch (job_.task.kind) {
      case TaskKind::kClassification:
        return of_classes();
      case TaskKind::kMultiLabel:
        return of_labels();
      case TaskKind::kRegression:
        break;
    }
    return of_values();
  }

 private:
  ValueId scaled(ValueId x, double factor) {
    return graph_.emit("aten::mul.Scalar", {{"self", ValueRef{x}}, {"other", factor}});
  }
  ValueId of_two(const char* op, ValueId a, ValueId b) {
    return graph_.emit(op, {{"self", ValueRef{a}}, {"other", ValueRef{b}}});
  }
  ValueId along_classes(const char* op, ValueId x) {
    return graph_.emit(op, {{"self", ValueRef{x}}, {"dim", int64_t{-1}}});
  }
  ValueId mean(ValueId x) { return graph_.emit("aten::mean", {{"self", ValueRef{x}}}); }
  double squared_temperature() const { return job_.config.temperature * job_.config.temperature; }

  ValueId of_classes() {
    const double inverse = 1 / job_.config.temperature;
    const ValueId t = scaled(teacher_, inverse), s = scaled(student_, inverse);
    const ValueId apart = of_two("aten::sub.Tensor", along_classes("aten::log_softmax.int", t),
                                 along_classes("aten::log_softmax.int", s));
    const ValueId weighted =
        of_two("aten::mul.Tensor", apart, along_classes("aten::softmax.int", t));
    const ValueId rows = graph_.emit("aten::sum.dim_IntList",
                                     {{"self", ValueRef{weighted}}, {"dim", int_list({-1})}});
    return scaled(mean(rows), squared_temperature());
  }

  // KL of two Bernoulli distributions is their cross entropy less the teacher's own, which has no
  // gradient but makes a perfect student's loss zero.
  ValueId of_labels() {
    const double inverse = 1 / job_.config.temperature;
    const ValueId t = scaled(teacher_, inverse), s = scaled(student_, inverse);
    const ValueId p = graph_.emit("aten::sigmoid", {{"self", ValueRef{t}}});
    const auto cross_entropy = [&](ValueId logits) {
      return graph_.emit("aten::binary_cross_entropy_with_logits",
                         {{"self", ValueRef{logits}}, {"target", ValueRef{p}}});
    };
    return scaled(of_two("aten::sub.Tensor", cross_entropy(s), cross_entropy(t)),
                  squared_temperature());
  }

  ValueId of_values() {
    ValueId s = student_, t = teacher_;
    if (!job_.task.scales.empty()) {
      const ValueId unit =
          add_constant(graph_.program(), "distill.std", scale_tensors(job_.task).std_dev);
      s = of_two("aten::div.Tensor", s, unit);
      t = of_two("aten::div.Tensor", t, unit);
    }
    return graph_.emit("aten::mse_loss", {{"self", ValueRef{s}}, {"target", ValueRef{t}}});
  }

  Rewriter& graph_;
  const DistillJob& job_;
  ValueId student_, teacher_;
};

Program with_soft_loss(const DistillJob& job) {
  Program graph = scored_program(with_mode(job.student, Mode::kTrain), job.task.kind);
  const ValueId student = output_of(graph);
  const ValueId teacher =
      add_user_input(graph, kTeacherInput, at::kFloat, graph.value(student).shape);
  graph = with_loss(std::move(graph), job.loss, job.task);
  const ValueId hard = output_of(graph);
  Rewriter rewriter(std::move(graph), "distill");
  rewriter.at(rewriter.size());
  const ValueId soft = SoftLoss(rewriter, job, student, teacher).emit();
  const auto weighted = [&](ValueId loss, double weight) {
    return rewriter.emit("aten::mul.Scalar", {{"self", ValueRef{loss}}, {"other", weight}});
  };
  const ValueId total = rewriter.emit(
      "aten::add.Tensor", {{"self", ValueRef{weighted(hard, job.config.hard_weight)}},
                           {"other", ValueRef{weighted(soft, job.config.soft_weight)}}});
  for (GraphOutput& output : rewriter.program().outputs) {
    if (output.kind == GraphOutput::Kind::kUser) output.value = ValueRef{total};
  }
  return rewriter.finish();
}

}  // namespace

void check_pair(const Program& student, const Program& teacher, const std::string& where) {
  if (!same_inputs(student, teacher)) {
    throw_usage(where, "takes " + inputs_text(student),
                inputs_text(teacher) + " as the teacher does",
                "choose a student for the teacher's data");
  }
  if (student.output_shape().size() != teacher.output_shape().size() ||
      !same_sample(student.value(output_of(student)), teacher.value(output_of(teacher)))) {
    throw_usage(where, "gives " + to_text(student.output_shape()),
                to_text(teacher.output_shape()) + " as the teacher does",
                "choose a student with as many outputs as the teacher");
  }
}

Objective distilled(const DistillJob& job) {
  check_pair(job.student, job.teacher, "student");
  if (job.config.soft_weight == 0 && job.config.hard_weight == 0) {
    throw_usage("distill.soft_weight", "is 0, and so is distill.hard_weight",
                "something to learn from", "set one of them above 0");
  }
  const LossConfig loss = job.loss;
  Objective objective{.graph = with_soft_loss(job), .weight = [loss](const Batch& batch) {
                        return loss_weight(loss, batch.targets);
                      }};
  const std::shared_ptr<const Plan> plan =
      Plan::compile(scored_program(job.teacher, job.task.kind),
                    {.plan_for = PlanFor::kInference, .rows = job.batch_size});
  objective.extras = [plan](const std::vector<at::Tensor>& inputs) {
    at::Tensor answers;
    {
      const c10::InferenceMode no_gradients;
      answers = plan->run_unchecked(inputs).at(0).to(at::kFloat);
    }
    return std::vector<at::Tensor>{answers.clone()};  // an ordinary tensor, for autograd
  };
  return objective;
}

}  // namespace maas
