// compile() turns ValueIds into few slots (a slot is reused after its value's last use) and nodes
// into Calls; run() fills the inputs and walks the calls.
#include "run/plan.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <mutex>

#include "base/throw_error.h"
#include "call/call.h"
#include "call/infer.h"
#include "program/dim_expression.h"
#include "program/dynamic_sizes.h"
#include "program/operators.h"
#include "program/rewrite.h"
#include "run/fuse_pointwise.h"
#include "run/kernel_times.h"
#include "run/lower.h"

namespace maas {
namespace {

class InterpretedPlan : public Plan {
 public:
  explicit InterpretedPlan(Program program) : program_(std::move(program)), sizes_(program_) {
    assign_slots();
    for (const GraphInput& input : program_.inputs) {
      if (input.value == kNoValue) continue;
      const int32_t slot = slot_of_[input.value];
      if (input.kind == GraphInput::Kind::kUser) {
        input_slots_.push_back(slot);
      } else if (slot >= 0) {
        fixed_.emplace_back(slot, program_.tensor_of(input));
      }
    }
    calls_.reserve(program_.nodes.size());
    for (size_t i = 0; i < program_.nodes.size(); ++i) {
      calls_.emplace_back(program_, program_.nodes[i], static_cast<int64_t>(i));
      calls_.back().set_slots([this](ValueId id) { return slot_of_[id]; });
    }
    for (const GraphOutput& output : program_.outputs) plan_output(output);
  }

  const Program& program() const override { return program_; }

  std::vector<at::Tensor> run(const std::vector<at::Tensor>& inputs) const override {
    check_inputs(inputs);
    return run_unchecked(inputs);
  }

  std::vector<at::Tensor> run_unchecked(const std::vector<at::Tensor>& inputs) const override {
    return run_each(inputs, [this](size_t i, Slots& slots) { calls_[i].run(slots); });
  }

  std::vector<at::Tensor> run_timed(const std::vector<at::Tensor>& inputs,
                                    std::vector<double>& seconds) const override {
    return run_each(inputs, [&](size_t i, Slots& slots) {
      const auto start = std::chrono::steady_clock::now();
      calls_[i].run(slots);
      const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
      seconds.at(i) += taken.count();
    });
  }

 private:
  template <class RunCall>
  std::vector<at::Tensor> run_each(const std::vector<at::Tensor>& inputs,
                                   const RunCall& run_call) const {
    Slots slots(static_cast<size_t>(slot_count_));
    for (const auto& [slot, tensor] : fixed_) slots[slot] = tensor;
    for (size_t i = 0; i < input_slots_.size(); ++i) {
      if (input_slots_[i] >= 0) slots[input_slots_[i]] = inputs[i];
    }
    for (size_t i = 0; i < calls_.size(); ++i) {
      run_call(i, slots);
      for (const int32_t slot : released_[i]) slots[slot] = c10::IValue();
    }
    for (const auto& [slot, buffer] : mutations_) {
      const at::NoGradGuard no_gradients;
      buffer.copy_(slots[slot].toTensor());
    }
    std::vector<at::Tensor> outputs;
    outputs.reserve(output_slots_.size());
    for (const int32_t slot : output_slots_) {
      outputs.push_back(slots[slot].toTensor());
    }
    return outputs;
  }

  // Linear scan: a value takes a free slot when it is made and gives it back after its last use.
  void assign_slots() {
    const auto count = static_cast<int64_t>(program_.nodes.size());
    std::vector<int64_t> last_use = last_reads(program_);
    for (const GraphOutput& output : program_.outputs) {
      for_each_use(output.value, [&](ValueId id) { last_use[id] = count; });
    }
    slot_of_.assign(program_.values.size(), -1);
    std::vector<int32_t> free;
    const auto take = [&](ValueId id) {
      const auto index = static_cast<size_t>(id);
      if (last_use[index] < 0) return;  // nobody reads it
      if (free.empty()) free.push_back(slot_count_++);
      slot_of_[index] = free.back();
      free.pop_back();
    };
    for (const GraphInput& input : program_.inputs) {
      if (input.value != kNoValue) take(input.value);
    }
    released_.resize(program_.nodes.size());
    for (int64_t i = 0; i < count; ++i) {
      const Node& node = program_.nodes[i];
      for_each_result(node, take);
      for_each_use(node, [&](ValueId id) {
        const int32_t slot = slot_of_[id];
        auto& gone = released_[i];
        const bool last = last_use[id] == i;
        if (last && std::find(gone.begin(), gone.end(), slot) == gone.end()) gone.push_back(slot);
      });
      const auto& gone = released_[i];
      free.insert(free.end(), gone.begin(), gone.end());
    }
  }

  void plan_output(const GraphOutput& output) {
    const auto* ref = std::get_if<ValueRef>(&output.value);
    const bool is_tensor = ref != nullptr && program_.value(ref->id).kind == ValueKind::kTensor;
    if (!is_tensor) {
      if (std::holds_alternative<None>(output.value)) return;
      throw_input("output " + output.target, "is no tensor", "tensor outputs",
                  "export a model that returns tensors");
    }
    const int32_t slot = slot_of_[ref->id];
    if (output.kind == GraphOutput::Kind::kUser) {
      output_slots_.push_back(slot);
    } else {
      mutations_.emplace_back(slot, program_.buffers.at(output.target));
    }
  }

  void check_inputs(const std::vector<at::Tensor>& inputs) const {
    const auto expected = program_.user_inputs();
    if (inputs.size() != expected.size()) {
      throw_input("inputs", fmt::format("{} tensors", inputs.size()),
                  fmt::format("{}", expected.size()),
                  "give one tensor for each input of the model");
    }
    SymbolValues symbols;
    for (size_t i = 0; i < inputs.size(); ++i) {
      check_input(*expected[i], program_.value(expected[i]->value), inputs[i], symbols);
    }
    sizes_.check_rules(inputs);
  }

  static void check_input(const GraphInput& input, const Value& value, const at::Tensor& tensor,
                          SymbolValues& symbols) {
    bool fits = tensor.scalar_type() == value.dtype &&
                tensor.dim() == static_cast<int64_t>(value.shape.size());
    for (int64_t d = 0; fits && d < tensor.dim(); ++d) {
      const Dim& dim = value.shape[d];
      if (!dim.is_symbolic()) {
        fits = tensor.size(d) == dim.size;
      } else if (const auto known = symbols.emplace(dim.expression, tensor.size(d));
                 !known.second) {
        fits = known.first->second == tensor.size(d);
      }
    }
    if (fits) return;
    throw_input(fmt::format("input '{}'", input.target), type_text(tensor), type_text(value),
                "give the model the input that `maas inspect` shows");
  }

  Program program_;
  DynamicSizes sizes_;
  std::vector<int32_t> slot_of_;
  int32_t slot_count_ = 0;
  std::vector<std::pair<int32_t, at::Tensor>> fixed_;
  std::vector<int32_t> input_slots_, output_slots_;
  std::vector<std::pair<int32_t, at::Tensor>> mutations_;
  std::vector<Call> calls_;
  std::vector<std::vector<int32_t>> released_;
};

bool is_finite(const at::Tensor& input) {
  const at::NoGradGuard no_gradients;
  return std::isfinite(input.sum().item<double>());  // one pass; a sum that overflows is told, too
}

// The ReLU that oneDNN computes inside a layer makes 0 of NaN, and other activations may. So inputs
// that hold NaN or infinities run on a second plan, made when first such ones come, in which
// activations are libtorch's.
class GuardedPlan final : public Plan {
 public:
  GuardedPlan(const Program& program, PlanOptions options, Program ready)
      : original_(program), options_(std::move(options)), quick_(std::move(ready)) {
    options_.disabled_passes.insert("fuse-pointwise");
  }

  // A floating-point input and such an activation.
  static bool is_needed(const Program& lowered) {
    const auto inputs = lowered.user_inputs();
    return std::any_of(lowered.nodes.begin(), lowered.nodes.end(), has_fused_activation) &&
           std::any_of(inputs.begin(), inputs.end(), [&](const GraphInput* input) {
             return at::isFloatingType(lowered.value(input->value).dtype);
           });
  }

  const Program& program() const override { return quick_.program(); }
  std::vector<at::Tensor> run(const std::vector<at::Tensor>& inputs) const override {
    return plan_for(inputs).run(inputs);
  }
  std::vector<at::Tensor> run_unchecked(const std::vector<at::Tensor>& inputs) const override {
    return plan_for(inputs).run_unchecked(inputs);
  }
  std::vector<at::Tensor> run_timed(const std::vector<at::Tensor>& inputs,
                                    std::vector<double>& seconds) const override {
    return quick_.run_timed(inputs, seconds);
  }

 private:
  const Plan& plan_for(const std::vector<at::Tensor>& inputs) const {
    const bool finite = std::all_of(inputs.begin(), inputs.end(), [](const at::Tensor& input) {
      return !input.is_floating_point() || is_finite(input);
    });
    if (finite) return quick_;
    std::call_once(made_, [this] { careful_ = Plan::compile(original_, options_); });
    return *careful_;
  }

  const Program original_;
  PlanOptions options_;
  InterpretedPlan quick_;
  mutable std::once_flag made_;
  mutable std::shared_ptr<const Plan> careful_;
};

}  // namespace

std::shared_ptr<const Plan> Plan::compile(const Program& program, const PlanOptions& options) {
  if (options.plan_for == PlanFor::kAsIs) return std::make_shared<InterpretedPlan>(program);
  const bool of_machine = options.kernels == nullptr;
  Target target =
      target_of(options.rows, of_machine ? &kernel_times() : options.kernels, options.precision);
  target.race_seconds = options.race_seconds;
  Program ready =
      lower(program,
            {.plan_for = options.plan_for, .target = target, .disabled = options.disabled_passes});
  if (of_machine) keep_kernel_times();
  if (!GuardedPlan::is_needed(ready)) return std::make_shared<InterpretedPlan>(std::move(ready));
  return std::make_shared<GuardedPlan>(program, options, std::move(ready));
}

}  // namespace maas
