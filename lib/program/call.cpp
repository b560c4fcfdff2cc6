// A node's arguments become a stack template: constants are converted to IValues by the schema's
// types at construction; places that hold graph values are listed as patches.
#include "program/call.h"

#include <ATen/core/List.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/scalar_tensor.h>
#include <c10/util/Exception.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <typeinfo>

#include "base/did_you_mean.h"
#include "base/error.h"
#include "program/arithmetic.h"
#include "program/index_limits.h"

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

enum class PatchKind { kValue, kTensorList, kOptionalTensorList, kIntList, kNumberToTensor };

struct Patch {
  PatchKind kind = PatchKind::kValue;
  size_t position = 0;
  std::vector<int32_t> slots;    // -1 = the constant (or None) at that place
  std::vector<int64_t> numbers;  // kIntList: the constants
};

struct OutputPlace {
  std::vector<int32_t> slots;
  bool is_list = false;
};

}  // namespace

struct Call::Impl {
  std::optional<c10::OperatorHandle> handle;
  Arithmetic arithmetic = nullptr;  // for _operator:: and math::
  std::vector<c10::IValue> stack_template;
  std::vector<Patch> patches;
  std::vector<OutputPlace> outputs;
  std::vector<size_t> device_positions;
  bool indexes = false;
};

namespace {

[[noreturn]] void refuse(const std::string& where, const std::string& what,
                         const std::string& expected) {
  throw Error(ErrorKind::kInput, {.where = where,
                                  .what = what,
                                  .expected = expected,
                                  .fix = "export the model again with torch 2.13",
                                  .excerpt = ""});
}

// Converts one argument. `type` is the schema's type of the parameter.
class Converter {
 public:
  Converter(const Program& program, std::string where, std::vector<Patch>& patches)
      : program_(program), where_(std::move(where)), patches_(patches) {}

  c10::IValue convert(const c10::Argument& parameter, const Argument& argument, size_t position) {
    name_ = parameter.name();
    position_ = position;
    c10::TypePtr type = parameter.type();
    while (type->kind() == c10::TypeKind::OptionalType) {
      if (std::holds_alternative<None>(argument)) return {};
      type = type->expectRef<c10::OptionalType>().getElementType();
    }
    type_ = type;
    return std::visit([this](const auto& value) { return as_ivalue(value); }, argument);
  }

 private:
  bool is(c10::TypeKind kind) const { return type_->kind() == kind; }
  bool is_list_of(c10::TypeKind kind) const {
    if (!is(c10::TypeKind::ListType)) return false;
    return type_->expectRef<c10::ListType>().getElementType()->kind() == kind;
  }
  [[noreturn]] void mismatch(const std::string& found) const {
    refuse(where_, fmt::format("argument '{}' is {}", name_, found), type_->annotation_str());
  }

  c10::IValue as_ivalue(const None&) const { mismatch("none"); }

  c10::IValue as_ivalue(const ValueRef& ref) {
    const Value& value = program_.value(ref.id);
    const bool is_tensor = value.kind == ValueKind::kTensor;
    const bool wants_tensor = is(c10::TypeKind::TensorType);
    const bool wants_number = is(c10::TypeKind::IntType) || is(c10::TypeKind::NumberType) ||
                              is(c10::TypeKind::FloatType) || is(c10::TypeKind::SymIntType) ||
                              is(c10::TypeKind::SymFloatType) || is(c10::TypeKind::SymBoolType) ||
                              is(c10::TypeKind::BoolType);
    if (is_tensor && !wants_tensor) mismatch("tensor %" + value.name);
    if (!is_tensor && !wants_number && !wants_tensor) mismatch("number %" + value.name);
    const PatchKind kind =
        !is_tensor && wants_tensor ? PatchKind::kNumberToTensor : PatchKind::kValue;
    patches_.push_back({kind, position_, {ref.id}, {}});
    return {};
  }

  c10::IValue as_ivalue(const ValueList& list) {
    for (const ValueId id : list.ids) {
      if (id != kNoValue && program_.value(id).kind != ValueKind::kTensor)
        mismatch("a number list");
    }
    const bool optional = is_list_of(c10::TypeKind::OptionalType);
    if (!optional && !is_list_of(c10::TypeKind::TensorType)) {
      if (list.ids.empty() && is(c10::TypeKind::ListType)) return c10::List<int64_t>();
      mismatch("a list of tensors");
    }
    patches_.push_back({optional ? PatchKind::kOptionalTensorList : PatchKind::kTensorList,
                        position_,
                        {list.ids.begin(), list.ids.end()},
                        {}});
    return {};
  }

  c10::IValue as_ivalue(const IntList& list) {
    std::vector<int64_t> numbers;
    std::vector<int32_t> slots;
    bool constant = true;
    for (const IntOrValue& item : list.items) {
      numbers.push_back(item.number);
      slots.push_back(item.value);
      constant = constant && item.value == kNoValue;
    }
    if (is_list_of(c10::TypeKind::FloatType) && constant) {
      return c10::IValue(std::vector<double>(numbers.begin(), numbers.end()));
    }
    if (is_list_of(c10::TypeKind::TensorType) && numbers.empty()) {
      return c10::List<at::Tensor>();
    }
    if (is_list_of(c10::TypeKind::OptionalType) && numbers.empty()) {
      return c10::impl::GenericList(type_->expectRef<c10::ListType>().getElementType());
    }
    if (!is_list_of(c10::TypeKind::IntType) && !is_list_of(c10::TypeKind::SymIntType)) {
      mismatch("a list of integers");
    }
    if (constant) return c10::IValue(numbers);
    patches_.push_back({PatchKind::kIntList, position_, slots, numbers});
    return {};
  }

  c10::IValue as_ivalue(int64_t number) const {
    if (is(c10::TypeKind::FloatType) || is(c10::TypeKind::SymFloatType)) {
      return static_cast<double>(number);
    }
    if (is(c10::TypeKind::TensorType)) return at::scalar_tensor(number, at::kLong);
    if (is(c10::TypeKind::ListType)) return c10::IValue(std::vector<int64_t>{number});
    if (!is(c10::TypeKind::IntType) && !is(c10::TypeKind::SymIntType) &&
        !is(c10::TypeKind::NumberType)) {
      mismatch(std::to_string(number));
    }
    return number;
  }

  c10::IValue as_ivalue(double number) const {
    if (is(c10::TypeKind::TensorType)) return at::scalar_tensor(number, at::kFloat);
    if (is_list_of(c10::TypeKind::FloatType)) return c10::IValue(std::vector<double>{number});
    if (!is(c10::TypeKind::FloatType) && !is(c10::TypeKind::NumberType) &&
        !is(c10::TypeKind::SymFloatType)) {
      mismatch(fmt::format("{}", number));
    }
    return number;
  }

  c10::IValue as_ivalue(bool flag) const {
    if (is(c10::TypeKind::TensorType)) return at::scalar_tensor(flag, at::kBool);
    if (!is(c10::TypeKind::BoolType) && !is(c10::TypeKind::NumberType) &&
        !is(c10::TypeKind::SymBoolType)) {
      mismatch(flag ? "true" : "false");
    }
    return flag;
  }

  c10::IValue as_ivalue(const std::string& text) const {
    if (!is(c10::TypeKind::StringType)) mismatch("\"" + text + "\"");
    return text;
  }
  c10::IValue as_ivalue(const std::vector<double>& items) const {
    if (!is_list_of(c10::TypeKind::FloatType)) mismatch("a list of floats");
    return items;
  }
  c10::IValue as_ivalue(const std::vector<bool>& items) const {
    if (!is_list_of(c10::TypeKind::BoolType)) mismatch("a list of booleans");
    c10::List<bool> list;
    for (const bool item : items) list.push_back(item);
    return list;
  }
  c10::IValue as_ivalue(const std::vector<std::string>& items) const {
    if (!is_list_of(c10::TypeKind::StringType)) mismatch("a list of strings");
    return c10::List<std::string>(c10::ArrayRef<std::string>(items));
  }
  // Enumerations are ints in the schemas that the dispatcher sees.
  c10::IValue as_ivalue(at::ScalarType type) const { return static_cast<int64_t>(type); }
  c10::IValue as_ivalue(at::MemoryFormat format) const { return static_cast<int64_t>(format); }
  c10::IValue as_ivalue(at::Layout layout) const { return static_cast<int64_t>(layout); }
  c10::IValue as_ivalue(const at::Device& device) const {
    if (!is(c10::TypeKind::DeviceObjType)) mismatch("device " + device.str());
    return device;
  }

  const Program& program_;
  std::string where_;
  std::vector<Patch>& patches_;
  std::string name_;
  size_t position_ = 0;
  c10::TypePtr type_;
};

// Also where it is left out: what creates a tensor would make it on the CPU.
bool takes_device(const c10::Argument& parameter) {
  c10::TypePtr type = parameter.type();
  if (type->kind() == c10::TypeKind::OptionalType) {
    type = type->expectRef<c10::OptionalType>().getElementType();
  }
  return type->kind() == c10::TypeKind::DeviceObjType;
}

void check_outputs(const Node& node, size_t returned, const std::string& where) {
  if (node.outputs.size() > returned) {
    refuse(where, fmt::format("{} results", node.outputs.size()),
           fmt::format("at most {}", returned));
  }
}

c10::IValue patched_value(const Patch& patch, const Slots& slots) {
  switch (patch.kind) {
    case PatchKind::kValue:
      return slots[static_cast<size_t>(patch.slots[0])];
    case PatchKind::kNumberToTensor:
      return at::scalar_tensor(slots[static_cast<size_t>(patch.slots[0])].toScalar());
    case PatchKind::kTensorList: {
      c10::List<at::Tensor> list;
      list.reserve(patch.slots.size());
      for (const int32_t slot : patch.slots) {
        list.push_back(slots[static_cast<size_t>(slot)].toTensor());
      }
      return list;
    }
    case PatchKind::kOptionalTensorList: {
      c10::List<std::optional<at::Tensor>> list;
      for (const int32_t slot : patch.slots) {
        list.push_back(slot < 0 ? std::nullopt
                                : std::optional(slots[static_cast<size_t>(slot)].toTensor()));
      }
      return list;
    }
    case PatchKind::kIntList: {
      std::vector<int64_t> numbers = patch.numbers;
      for (size_t i = 0; i < numbers.size(); ++i) {
        if (patch.slots[i] >= 0) numbers[i] = slots[static_cast<size_t>(patch.slots[i])].toInt();
      }
      return numbers;
    }
  }
  return {};
}

}  // namespace

Call::Call(const Program& program, const Node& node, int64_t node_index)
    : impl_(std::make_unique<Impl>()) {
  const std::string where = describe_node(program, node, node_index);
  Converter converter(program, where, impl_->patches);
  if (node.op.rfind("aten::", 0) != 0 && find_arithmetic(node.op) != nullptr) {
    impl_->arithmetic = find_arithmetic(node.op);
    const c10::Argument any("operand", c10::NumberType::get());
    for (size_t i = 0; i < node.arguments.size(); ++i) {
      impl_->stack_template.push_back(converter.convert(any, node.arguments[i].value, i));
    }
    check_outputs(node, 1, where);
  } else {
    const auto found = c10::Dispatcher::singleton().findSchema({node.op, node.overload});
    if (!found) refuse(where, "this libtorch has no such operator", "an operator of torch 2.13");
    impl_->handle = *found;
    const auto& schema = found->schema();
    const auto& parameters = schema.arguments();
    std::vector<std::string> names;
    for (const c10::Argument& parameter : parameters) names.push_back(parameter.name());
    for (const NamedArgument& argument : node.arguments) {
      if (std::find(names.begin(), names.end(), argument.name) == names.end()) {
        refuse(
            where, fmt::format("argument '{}'", argument.name),
            fmt::format("one of {}", fmt::join(names, ", ")) + did_you_mean(argument.name, names));
      }
    }
    for (size_t i = 0; i < parameters.size(); ++i) {
      const c10::Argument& parameter = parameters[i];
      const Argument* given = node.find(parameter.name());
      if (given == nullptr && !parameter.default_value()) {
        refuse(where, fmt::format("argument '{}' is missing", parameter.name()),
               parameter.type()->annotation_str());
      }
      impl_->stack_template.push_back(given != nullptr ? converter.convert(parameter, *given, i)
                                                       : c10::IValue(*parameter.default_value()));
      if (takes_device(parameter)) impl_->device_positions.push_back(i);
    }
    check_outputs(node, schema.returns().size(), where);
  }
  impl_->indexes = is_indexing_operator(node.op);
  for (const Node::Output& output : node.outputs) {
    impl_->outputs.push_back({{output.ids.begin(), output.ids.end()}, output.is_list});
  }
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
  for (const Patch& patch : impl_->patches) stack[patch.position] = patched_value(patch, slots);
  if (impl_->arithmetic != nullptr) {
    c10::IValue result = impl_->arithmetic(stack);
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
      if (output.slots[0] >= 0) slots[static_cast<size_t>(output.slots[0])] = std::move(stack[i]);
      continue;
    }
    const auto tensors = stack[i].toTensorVector();
    for (size_t k = 0; k < output.slots.size() && k < tensors.size(); ++k) {
      if (output.slots[k] >= 0) slots[static_cast<size_t>(output.slots[k])] = tensors[k];
    }
  }
}

}  // namespace maas
