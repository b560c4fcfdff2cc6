#include "call/trial_run.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>
#include <c10/util/Exception.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "base/memory.h"
#include "base/throw_error.h"
#include "call/allocation_limit.h"
#include "call/infer.h"
#include "program/rewrite.h"
#include "tensor/short_reason.h"

namespace maas {
namespace {

constexpr int64_t kFreeBytes = int64_t{1} << 30;
constexpr int64_t kTimesOwnBytes = 256;  // an attention map or an unfolded image, with room

[[noreturn]] void refuse(const std::string& where, const std::string& what,
                         const std::string& expected) {
  throw_input(where, what, expected, "the graph is inconsistent; export it again");
}

class RandomStateGuard {
 public:
  RandomStateGuard()
      : generator_(at::detail::getDefaultCPUGenerator()), state_(generator_.get_state()) {}
  ~RandomStateGuard() { generator_.set_state(state_); }
  RandomStateGuard(const RandomStateGuard&) = delete;
  RandomStateGuard& operator=(const RandomStateGuard&) = delete;

 private:
  at::Generator generator_;  // the one that all share: a handle
  at::Tensor state_;
};

// Only its shape counts.
bool reads_values(const Node& node) {
  return node.op.rfind("aten::sym_", 0) != 0 && node.op != "aten::size" &&
         node.op != "aten::numel" && node.op.rfind("_operator::", 0) != 0;
}

bool is_assertion(const Node& node) {
  return node.op.rfind("aten::_assert", 0) == 0 || node.op.rfind("aten::sym_constrain", 0) == 0;
}

// Parts of messages that have no type of their own.
constexpr std::array kOfZeros = {"ZeroDivisionError", "invalid multinomial distribution",
                                 "the inversion could not be completed"};

// What zeros run into and other values do not.
bool is_of_values(const std::exception& error) {
  return dynamic_cast<const c10::IndexError*>(&error) != nullptr ||
         dynamic_cast<const c10::LinAlgError*>(&error) != nullptr ||
         std::any_of(kOfZeros.begin(), kOfZeros.end(), [&](const char* part) {
           return short_reason(error).find(part) != std::string::npos;
         });
}

class Trial {
 public:
  Trial(const Program& program, const std::string& where, const SymbolValues& symbols,
        const Slots& shapes)
      : program_(program), where_(where), symbols_(symbols), shapes_(shapes) {
    plan_releases();
  }

  void run() {
    const int64_t limit = memory_limit();
    check_memory(limit);
    const AllocationLimit allocations(limit);
    const RandomStateGuard random_state;
    const c10::InferenceMode no_gradients;
    fill_inputs();
    for (size_t i = 0; i < program_.nodes.size(); ++i) {
      run_node(i);
      for (const ValueId id : released_[i]) slots_[id] = c10::IValue();
    }
  }

 private:
  void plan_releases() {
    const std::vector<int64_t> made = producers(program_), read = last_reads(program_);
    released_.resize(program_.nodes.size());
    for (size_t id = 0; id < made.size(); ++id) {
      const int64_t last = std::max(made[id], read[id]);
      if (last >= 0) released_[last].push_back(static_cast<ValueId>(id));
    }
  }

  const at::Tensor* shape_of(ValueId id) const {
    const c10::IValue& shape = shapes_[id];
    return shape.isTensor() && shape.toTensor().defined() ? &shape.toTensor() : nullptr;
  }

  // The kernel would lend more than there is, and then end the process.
  int64_t memory_limit() const {
    double inputs = 0;
    for (const GraphInput* input : program_.user_inputs()) {
      if (const at::Tensor* shape = shape_of(input->value))
        inputs += static_cast<double>(shape->nbytes());
    }
    const int64_t there = std::max(available_memory(), kFreeBytes);
    if (inputs > static_cast<double>(there)) {
      refuse(
          where_, fmt::format("its inputs need {:.3g} GiB of memory", inputs / 0x1p30),
          fmt::format("at most the {:.3g} GiB that are free", static_cast<double>(there) / 0x1p30));
    }
    const double own = static_cast<double>(program_.byte_count()) + inputs;
    const auto explained = static_cast<int64_t>(std::min(own * kTimesOwnBytes, 0x1p60));
    return std::min(kFreeBytes + explained, there);
  }

  // Values that share memory (views) count once: the shape rules make them share it, too.
  void check_memory(int64_t limit) const {
    std::map<const void*, int64_t> holders;
    double alive = 0;
    const auto storage_of = [](const at::Tensor& tensor) {
      return tensor.storage().unsafeGetStorageImpl();
    };
    for (size_t i = 0; i < program_.nodes.size(); ++i) {
      for_each_result(program_.nodes[i], [&](ValueId id) {
        const at::Tensor* shape = shape_of(id);
        if (shape == nullptr || holders[storage_of(*shape)]++ > 0) return;
        alive += static_cast<double>(storage_of(*shape)->nbytes());
      });
      if (alive > static_cast<double>(limit)) {
        refuse(place(i), fmt::format("needs {:.3g} GiB of memory at once", alive / 0x1p30),
               fmt::format("at most {:.3g} GiB for a network of this size on this machine",
                           static_cast<double>(limit) / 0x1p30));
      }
      for (const ValueId id : released_[i]) {
        const at::Tensor* shape = shape_of(id);
        const auto found = shape == nullptr ? holders.end() : holders.find(storage_of(*shape));
        if (found == holders.end() || --found->second > 0) continue;
        alive -= static_cast<double>(storage_of(*shape)->nbytes());
        holders.erase(found);
      }
    }
  }

  void fill_inputs() {
    slots_.resize(program_.values.size());
    depends_on_input_.assign(program_.values.size(), false);
    const std::set<std::string> changing = changing_buffers(program_);
    for (const GraphInput& input : program_.inputs) {
      if (input.value == kNoValue) continue;
      c10::IValue& slot = slots_[input.value];
      if (input.kind == GraphInput::Kind::kUser) {
        slot = zeros_like_shape(input.value);
        depends_on_input_[input.value] = true;
        continue;
      }
      const at::Tensor& tensor = program_.tensor_of(input);
      const bool changes =
          input.kind == GraphInput::Kind::kBuffer && changing.count(input.target) != 0;
      slot = changes ? tensor.clone() : tensor;
    }
  }

  c10::IValue zeros_like_shape(ValueId id) const {
    const at::Tensor* shape = shape_of(id);
    if (shape == nullptr) return shapes_[id];
    return at::zeros(shape->sizes(), at::TensorOptions().dtype(shape->scalar_type()));
  }

  std::string place(size_t index) const {
    return where_ + ": " +
           describe_node(program_, program_.nodes[index], static_cast<int64_t>(index));
  }

  void run_node(size_t index) {
    const Node& node = program_.nodes[index];
    bool of_input = false, of_unknown_size = false;
    for_each_use(node, [&](ValueId id) {
      of_input = of_input || depends_on_input_[id];
      of_unknown_size = of_unknown_size || has_size_of_data(program_.value(id), symbols_);
    });
    for_each_result(node,
                    [&](ValueId id) { depends_on_input_[id] = of_input && reads_values(node); });
    try {
      Call(program_, node, static_cast<int64_t>(index)).run(slots_);
      if (of_input) suppose_numbers(program_, node, slots_);
      for_each_result(node, [&](ValueId id) { compare(id, index); });
    } catch (const std::exception& error) {
      const bool excused =
          of_unknown_size || (of_input && (is_of_values(error) || is_assertion(node)));
      if (!excused) refuse_failure(index, error);
      for_each_result(node, [&](ValueId id) { slots_[id] = zeros_like_shape(id); });
    }
  }

  [[noreturn]] void refuse_failure(size_t index, const std::exception& error) const {
    if (dynamic_cast<const Error*>(&error) != nullptr) throw;
    refuse(place(index), short_reason(error), "arguments that the operator takes");
  }

  void compare(ValueId id, size_t index) const {
    const at::Tensor* shape = shape_of(id);
    const c10::IValue& made = slots_[id];
    if (shape == nullptr || has_size_of_data(program_.value(id), symbols_)) return;
    if (!made.isTensor() || !made.toTensor().defined()) {
      refuse(place(index), fmt::format("makes no %{}", program_.value(id).name), type_text(*shape));
    }
    const at::Tensor& tensor = made.toTensor();
    if (tensor.scalar_type() != shape->scalar_type() || tensor.sizes() != shape->sizes()) {
      refuse(place(index), "makes " + type_text(tensor), type_text(*shape));
    }
  }

  const Program& program_;
  const std::string& where_;
  const SymbolValues& symbols_;
  const Slots& shapes_;
  Slots slots_;
  std::vector<std::vector<ValueId>> released_;  // by node: values that nothing after it reads
  std::vector<bool> depends_on_input_;          // the values, not only the sizes
};

}  // namespace

void try_program(const Program& program, const std::string& where, const SymbolValues& symbols,
                 const Slots& shapes) {
  Trial(program, where, symbols, shapes).run();
}

}  // namespace maas
