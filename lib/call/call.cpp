// A node's arguments become a stack template: constants are converted to IValues by the schema's
// types at construction; places that hold graph values are listed as patches.
#include "call/call.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <c10/util/Exception.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>
#include <typeinfo>

#include "base/did_you_mean.h"
#include "base/error.h"
#include "base/throw_error.h"
#include "call/call_arguments.h"
#include "call/expert_operators.h"
#include "call/index_limits.h"
#include "call/size_arithmetic.h"
#include "call/vision_operators.h"

namespace maas {

std::string describe_node(const Program& program, const Node& node, int64_t node_index) {
  std::string result = "_";
  for (const Node::Output& output : node.outputs) {
    for (const ValueId id : output.ids) {
      if (id != kNoValue && result == "_") result = "%" + program.value(id).name;
    }
  }
  return fmt::format("node {} ({} = {})", node_index, result, node.full_name());
}

namespace {

struct OutputPlace {
  std::vector<int32_t> slots;
  bool is_list = false;
};

}  // namespace

struct Call::Impl {
  std::optional<c10::OperatorHandle> handle;
  const Arithmetic* arithmetic = nullptr;  // for _operator:: and math::
  std::vector<c10::IValue> stack_template;
  std::vector<Patch> patches;
  std::vector<OutputPlace> outputs;
  std::vector<size_t> device_positions;
  bool indexes = false;
  bool wants_whole = false;  // its first operand in memory without gaps
};

namespace {

[[noreturn]] void refuse(const std::string& where, const std::string& what,
                         const std::string& expected) {
  throw_input(where, what, expected, "export the model again with torch 2.13");
}

// Also where it is left out: what creates a tensor would make it on the CPU.
bool takes_device(const c10::Argument& parameter) {
  c10::TypePtr type = parameter.type();
  if (type->kind() == c10::TypeKind::OptionalType) {
    type = type->expectRef<c10::OptionalType>().getElementType();
  }
  return type->kind() == c10::TypeKind::DeviceObjType;
}

const char* kind_of(bool is_list) { return is_list ? "a list of tensors" : "one value"; }

}  // namespace

class CallBuilder {
 public:
  CallBuilder(const Program& program, const Node& node, int64_t node_index, Call::Impl& call)
      : program_(program),
        node_(node),
        where_(describe_node(program, node, node_index)),
        call_(call) {}

  void build() {
    call_.arithmetic = find_arithmetic(node_.op);
    if (call_.arithmetic != nullptr) {
      build_arithmetic();
    } else {
      build_operator();
    }
    call_.indexes = is_indexing_operator(node_.op);
    // group_norm makes it so; the form that exports write checks it, and convolutions, which lay
    // their results out as is quickest here, may break what held where the graph was made.
    call_.wants_whole = node_.op == "aten::native_group_norm";
    for (const Node::Output& output : node_.outputs) {
      call_.outputs.push_back({{output.ids.begin(), output.ids.end()}, output.is_list});
    }
  }

 private:
  void put(const c10::Argument& parameter, const Argument& argument) {
    ConvertedArgument converted = convert_argument(program_, where_, parameter, argument);
    if (converted.patch) {
      converted.patch->position = call_.stack_template.size();
      call_.patches.push_back(std::move(*converted.patch));
    }
    call_.stack_template.push_back(std::move(converted.constant));
  }

  void build_arithmetic() {
    const size_t operands = call_.arithmetic->operands;
    if (node_.arguments.size() != operands) {
      refuse(where_, fmt::format("{} operands", node_.arguments.size()), std::to_string(operands));
    }
    const c10::Argument any("operand", c10::NumberType::get());
    for (const NamedArgument& argument : node_.arguments) put(any, argument.value);
    if (node_.outputs.size() > 1) refuse_outputs(1);
    check_output(0, false);
  }

  void build_operator() {
    register_vision_operators();
    register_expert_operators();
    const auto found = c10::Dispatcher::singleton().findSchema({node_.op, node_.overload});
    if (!found) refuse(where_, "this libtorch has no such operator", "an operator of torch 2.13");
    call_.handle = *found;
    const c10::FunctionSchema& schema = found->schema();
    check_names(schema);
    for (const c10::Argument& parameter : schema.arguments()) {
      const Argument* given = node_.find(parameter.name());
      if (given == nullptr && !parameter.default_value()) {
        refuse(where_, fmt::format("argument '{}' is missing", parameter.name()),
               parameter.type()->annotation_str());
      }
      if (takes_device(parameter)) call_.device_positions.push_back(call_.stack_template.size());
      if (given != nullptr) {
        put(parameter, *given);
      } else {
        call_.stack_template.emplace_back(*parameter.default_value());
      }
    }
    const auto& returns = schema.returns();
    if (node_.outputs.size() > returns.size()) refuse_outputs(returns.size());
    for (size_t i = 0; i < node_.outputs.size(); ++i) {
      check_output(i, returns[i].type()->kind() == c10::TypeKind::ListType);
    }
  }

  void check_names(const c10::FunctionSchema& schema) const {
    std::vector<std::string> names;
    for (const c10::Argument& parameter : schema.arguments()) names.push_back(parameter.name());
    std::set<std::string> given;
    for (const NamedArgument& argument : node_.arguments) {
      if (std::find(names.begin(), names.end(), argument.name) == names.end()) {
        refuse(
            where_, fmt::format("argument '{}'", argument.name),
            fmt::format("one of {}", fmt::join(names, ", ")) + did_you_mean(argument.name, names));
      }
      if (!given.insert(argument.name).second) {
        refuse(where_, fmt::format("argument '{}' twice", argument.name), "once");
      }
    }
  }

  [[noreturn]] void refuse_outputs(size_t returned) const {
    refuse(where_, fmt::format("{} results", node_.outputs.size()),
           fmt::format("at most {}", returned));
  }

  void check_output(size_t index, bool makes_list) const {
    if (index >= node_.outputs.size()) return;
    const Node::Output& output = node_.outputs[index];
    if (output.is_list != makes_list || (!makes_list && output.ids.size() != 1)) {
      refuse(where_, fmt::format("result {} is {}", index, kind_of(output.is_list)),
             kind_of(makes_list));
    }
  }

  const Program& program_;
  const Node& node_;
  std::string where_;
  Call::Impl& call_;
};

Call::Call(const Program& program, const Node& node, int64_t node_index)
    : impl_(std::make_unique<Impl>()) {
  CallBuilder(program, node, node_index, *impl_).build();
}

Call::~Call() = default;
Call::Call(Call&&) noexcept = default;

void Call::set_slots(const std::function<int32_t(ValueId)>& slot_of) {
  for (Patch& patch : impl_->patches) {
    for (int32_t& slot : patch.slots) slot = slot < 0 ? slot : slot_of(slot);
  }
  for (OutputPlace& output : impl_->outputs) {
    for (int32_t& slot : output.slots) slot = slot < 0 ? slot : slot_of(slot);
  }
}

void Call::set_device(at::Device device) {
  for (const size_t position : impl_->device_positions) impl_->stack_template[position] = device;
}

void Call::run(Slots& slots) const {
  torch::jit::Stack stack(impl_->stack_template);
  for (const Patch& patch : impl_->patches) stack[patch.position] = patch.filled(slots);
  if (impl_->wants_whole) {
    const at::Tensor x = stack.at(0).toTensor();
    stack[0] = x.contiguous(x.suggest_memory_format());
  }
  if (impl_->arithmetic != nullptr) {
    c10::IValue result = impl_->arithmetic->run(stack);
    stack.clear();
    stack.push_back(std::move(result));
  } else {
    try {
      impl_->handle->callBoxed(stack);
    } catch (const c10::Error& error) {
      // libtorch raises IndexError for an index out of range in some operators only.
      if (!impl_->indexes || typeid(error) != typeid(c10::Error)) throw;
      throw c10::IndexError({__func__, __FILE__, __LINE__}, error.what_without_backtrace());
    }
  }
  for (size_t i = 0; i < impl_->outputs.size(); ++i) {
    const OutputPlace& output = impl_->outputs[i];
    if (!output.is_list) {
      if (output.slots[0] >= 0) slots[output.slots[0]] = std::move(stack[i]);
      continue;
    }
    const auto tensors = stack[i].toTensorVector();
    for (size_t k = 0; k < output.slots.size() && k < tensors.size(); ++k) {
      if (output.slots[k] >= 0) slots[output.slots[k]] = tensors[k];
    }
  }
}

bool writes_arguments(const Node& node) {
  const auto found = c10::Dispatcher::singleton().findSchema({node.op, node.overload});
  return found && found->schema().is_mutable();
}

}  // namespace maas
