// Lowering beside the graph as it is stored, both measured against the stored graph in float64:
// what a pass computes may be no further off than a few times what the stored graph's own rounding
// is.
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/isfinite.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

#include "program/arguments.h"
#include "program/emit.h"
#include "program/rewrite.h"
#include "run/against_float64.h"
#include "run/kernel_times.h"
#include "run/lower.h"
#include "run/plan.h"
#include "run/random_graph.h"

namespace maas {
namespace {

std::string range_of(const at::Tensor& tensor) {
  return tensor.is_floating_point() ? fmt::format("[{:.3g}, {:.3g}]", tensor.min().item<double>(),
                                                  tensor.max().item<double>())
                                    : "";
}

// The same network with the weights of its layers stored in int8 (program/quantized_form.h).
Program with_int8_weights(Program program) {
  const std::map<ValueId, at::Tensor> weights = tensors_by_value(program);
  std::vector<Node> first;
  const auto put = [&](Node node, ValueId like) {
    const ValueId made = add_result(program, node, "w", like);
    first.push_back(std::move(node));
    return made;
  };
  for (size_t i = 0; i < program.nodes.size(); ++i) {
    if (program.nodes[i].op != "aten::linear" && program.nodes[i].op != "aten::conv2d") continue;
    const ValueId given = operand_of(program.nodes[i], "weight");
    const at::Tensor& weight = weights.at(given);
    std::vector<int64_t> sizes(static_cast<size_t>(weight.dim()), 1);
    sizes[0] = weight.size(0);
    const at::Tensor most = weight.abs().flatten(1).amax(1).view(sizes);
    const at::Tensor scale = (most / 127).clamp_min(1e-30).nan_to_num(1, 1, 1);
    const at::Tensor values = (weight / scale).round().clamp(-127, 127).nan_to_num(0, 0, 0);
    const ValueId floats =
        put(make_node("aten::to.dtype",
                      {{"self", ValueRef{add_buffer(program, "values", values.to(at::kChar))}},
                       {"dtype", at::kFloat}}),
            given);
    const ValueId product = put(
        make_node("aten::mul.Tensor", {{"self", ValueRef{floats}},
                                       {"other", ValueRef{add_buffer(program, "scale", scale)}}}),
        given);
    program.nodes[i].set("weight", ValueRef{product});
  }
  program.nodes.insert(program.nodes.begin(), first.begin(), first.end());
  return program;
}

enum class Weights { kFloat, kInt8 };

class Trial {
 public:
  Trial(uint64_t seed, const char* kernel, Weights weights = Weights::kFloat)
      : graph_(seed), program_(graph_.make()), kernels_(kernel) {
    if (weights == Weights::kInt8) program_ = with_int8_weights(std::move(program_));
  }

  // Near the largest number of float32 the order of a sum decides whether it overflows.
  bool comes_near_overflow(const at::Tensor& wide) const {
    constexpr double kNear = 1e36;
    Program program = in_float64(program_);
    for (const Node& node : program_.nodes) {
      program.outputs.push_back(
          {GraphOutput::Kind::kUser, ValueRef{node.outputs.at(0).ids.at(0)}, "inner"});
    }
    for (const at::Tensor& value : Plan::compile(program)->run({wide})) {
      const at::Tensor size = value.to(at::kDouble).abs();
      if (size.gt(kNear).logical_and(at::isfinite(size)).any().item<bool>()) return true;
    }
    return false;
  }

  // "" when all is well; else what was found, the passes each of which is needed for it, the graph.
  std::string run(PlanFor plan_for) {
    for (const int64_t rows : {1, 5}) {
      input_ = graph_.input_for(program_, rows);
      const at::Tensor wide = input_.is_floating_point() ? input_.to(at::kDouble) : input_;
      if (comes_near_overflow(wide)) continue;
      exact_ = Plan::compile(in_float64(program_))->run({wide}).at(0);
      stored_ = Plan::compile(program_)->run({input_}).at(0).to(at::kDouble);
      const std::string fault = fault_with({.plan_for = plan_for});
      if (!fault.empty()) return fault + " " + description(plan_for);
    }
    return "";
  }

 private:
  std::string fault_with(PlanOptions options) {
    options.kernels = &kernels_;
    return fault_of(Plan::compile(program_, options)->run({input_}).at(0).to(at::kDouble), stored_,
                    exact_);
  }

  std::string description(PlanFor plan_for) {
    std::string text = "with " + *kernels_.pinned() + " kernels, by";
    for (const LoweringPass& pass : lowering_passes(plan_for)) {
      const PlanOptions without = {.plan_for = plan_for, .disabled_passes = {pass.name}};
      if (fault_with(without).empty()) text += std::string(" ") + pass.name;
    }
    text += "\n" + to_text(program_) + "input in " + range_of(input_) + "\n";
    for (const auto* tensors : {&program_.parameters, &program_.buffers}) {
      for (const auto& [name, tensor] : *tensors) text += name + " in " + range_of(tensor) + "\n";
    }
    return text;
  }

  RandomGraph graph_;
  Program program_;
  KernelTimes kernels_;
  at::Tensor input_, exact_, stored_;
};

// As the first that goes wrong says it.
std::string fault_of_kernels(uint64_t seed, PlanFor plan_for, Weights weights) {
  for (const char* kernel : {"default", "onednn", "packed"}) {  // every one that a race may choose
    const std::string fault = Trial(seed, kernel, weights).run(plan_for);
    if (!fault.empty()) return fault;
  }
  return "";
}

uint64_t number_from(const char* variable, uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

TEST(RandomGraphs, AreLoweredToWhatIsAsRightAsTheyAre) {
  const int threads = at::get_num_threads();
  at::set_num_threads(1);  // the graphs are small
  const uint64_t first = number_from("MAAS_RANDOM_FIRST", 1);
  const uint64_t count = number_from("MAAS_RANDOM_GRAPHS", 400);
  int64_t faults = 0;
  for (uint64_t seed = first; seed < first + count && faults < 10; ++seed) {
    for (const PlanFor plan_for : {PlanFor::kInference, PlanFor::kTraining}) {
      std::string fault = fault_of_kernels(seed, plan_for, Weights::kFloat);
      if (fault.empty() && plan_for == PlanFor::kInference && seed % 2 == 0) {
        fault = fault_of_kernels(seed, plan_for, Weights::kInt8);
      }
      if (fault.empty()) continue;
      ++faults;
      ADD_FAILURE() << "seed " << seed << " (MAAS_RANDOM_FIRST=" << seed
                    << " MAAS_RANDOM_GRAPHS=1): " << fault;
      break;
    }
  }
  at::set_num_threads(threads);
}

}  // namespace
}  // namespace maas
