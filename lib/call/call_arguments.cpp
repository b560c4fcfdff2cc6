#include "call/call_arguments.h"

#include <ATen/core/List.h>
#include <ATen/core/function_schema.h>
#include <ATen/ops/scalar_tensor.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/throw_error.h"
#include "tensor/dtype.h"

namespace maas {
namespace {

constexpr int64_t kDtypes = static_cast<int64_t>(at::ScalarType::NumOptions);
constexpr int64_t kMemoryFormats = static_cast<int64_t>(at::MemoryFormat::NumOptions);

[[noreturn]] void refuse(const std::string& where, const std::string& what,
                         const std::string& expected) {
  throw_input(where, what, expected, "export the model again with torch 2.13");
}

// libtorch throws where C and Python round to infinity.
double as_float(double number) {
  const double most = std::numeric_limits<float>::max();
  return std::abs(number) > most ? std::copysign(HUGE_VAL, number) : number;
}

// Converts one argument to the schema's type of the parameter.
class Converter {
 public:
  Converter(const Program& program, std::string where, const c10::Argument& parameter)
      : program_(program), where_(std::move(where)), name_(parameter.name()) {
    type_ = without_optional(parameter.type());
    real_type_ = without_optional(parameter.real_type());
    is_optional_ = parameter.type()->kind() == c10::TypeKind::OptionalType;
  }

  ConvertedArgument convert(const Argument& argument) {
    if (is_optional_ && std::holds_alternative<None>(argument)) return {};
    ConvertedArgument converted;
    converted.constant =
        std::visit([this](const auto& value) { return as_ivalue(value); }, argument);
    converted.patch = std::move(patch_);
    return converted;
  }

 private:
  static c10::TypePtr without_optional(c10::TypePtr type) {
    while (type->kind() == c10::TypeKind::OptionalType) {
      type = type->expectRef<c10::OptionalType>().getElementType();
    }
    return type;
  }
  bool is(c10::TypeKind kind) const { return type_->kind() == kind; }
  bool is_list_of(c10::TypeKind kind) const {
    if (!is(c10::TypeKind::ListType)) return false;
    return type_->expectRef<c10::ListType>().getElementType()->kind() == kind;
  }
  [[noreturn]] void mismatch(const std::string& found) const {
    refuse(where_, fmt::format("argument '{}' is {}", name_, found), real_type_->annotation_str());
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
    patch_ = Patch{kind, 0, {ref.id}, {}};
    return {};
  }

  c10::IValue as_ivalue(const ValueList& list) {
    for (const ValueId id : list.ids) {
      if (id != kNoValue && program_.value(id).kind != ValueKind::kTensor)
        mismatch("a number list");
    }
    const bool optional = is_list_of(c10::TypeKind::OptionalType);
    const bool has_none = std::find(list.ids.begin(), list.ids.end(), kNoValue) != list.ids.end();
    if (has_none && !optional) mismatch("a list with none in it");
    if (!optional && !is_list_of(c10::TypeKind::TensorType)) {
      if (list.ids.empty() && is(c10::TypeKind::ListType)) return c10::List<int64_t>();
      mismatch("a list of tensors");
    }
    patch_ = Patch{optional ? PatchKind::kOptionalTensorList : PatchKind::kTensorList,
                   0,
                   {list.ids.begin(), list.ids.end()},
                   {}};
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
      if (item.value != kNoValue && program_.value(item.value).kind != ValueKind::kSymInt) {
        mismatch("a list with %" + program_.value(item.value).name + ", which is no integer");
      }
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
    patch_ = Patch{PatchKind::kIntList, 0, slots, numbers};
    return {};
  }

  c10::IValue as_ivalue(int64_t number) const {
    if (is(c10::TypeKind::FloatType) || is(c10::TypeKind::SymFloatType)) {
      return static_cast<double>(number);
    }
    if (is(c10::TypeKind::TensorType)) return at::scalar_tensor(number, at::kLong);
    if (is_list_of(c10::TypeKind::IntType) || is_list_of(c10::TypeKind::SymIntType)) {
      return c10::IValue(std::vector<int64_t>{number});
    }
    if (real_type_->kind() == c10::TypeKind::ScalarTypeType) {
      return as_ivalue(static_cast<at::ScalarType>(checked_number(number, kDtypes)));
    }
    if (real_type_->kind() == c10::TypeKind::MemoryFormatType) {
      return as_ivalue(static_cast<at::MemoryFormat>(checked_number(number, kMemoryFormats)));
    }
    if (real_type_->kind() == c10::TypeKind::LayoutType) {
      return as_ivalue(static_cast<at::Layout>(checked_number(number, 1)));
    }
    if (!is(c10::TypeKind::IntType) && !is(c10::TypeKind::SymIntType) &&
        !is(c10::TypeKind::NumberType)) {
      mismatch(std::to_string(number));
    }
    return number;
  }

  c10::IValue as_ivalue(double number) const {
    if (is(c10::TypeKind::TensorType)) return at::scalar_tensor(as_float(number), at::kFloat);
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
    if (is_list_of(c10::TypeKind::OptionalType)) {  // of numbers
      const auto element = type_->expectRef<c10::ListType>().getElementType();
      if (element->expectRef<c10::OptionalType>().getElementType()->kind() ==
          c10::TypeKind::NumberType) {
        c10::impl::GenericList list(element);
        for (const double item : items) list.push_back(item);
        return list;
      }
    }
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
  // Enumerations are ints in the schemas that the dispatcher sees; a number that stands for
  // nothing would take it down.
  int64_t checked_number(int64_t number, int64_t count) const {
    if (number < 0 || number >= count) mismatch(std::to_string(number));
    return number;
  }
  void expect_enumeration(c10::TypeKind kind, const char* found) const {
    if (real_type_->kind() != kind) mismatch(found);
  }
  c10::IValue as_ivalue(at::ScalarType type) const {
    expect_enumeration(c10::TypeKind::ScalarTypeType, "a dtype");
    if (!dtype_to_export(type)) mismatch(dtype_name(type));
    return static_cast<int64_t>(type);
  }
  c10::IValue as_ivalue(at::MemoryFormat format) const {
    expect_enumeration(c10::TypeKind::MemoryFormatType, "a memory format");
    return checked_number(static_cast<int64_t>(format), kMemoryFormats);
  }
  c10::IValue as_ivalue(at::Layout layout) const {
    expect_enumeration(c10::TypeKind::LayoutType, "a layout");
    if (layout != at::kStrided) mismatch("a sparse layout");
    return static_cast<int64_t>(layout);
  }
  c10::IValue as_ivalue(const at::Device& device) const {
    if (!is(c10::TypeKind::DeviceObjType)) mismatch("device " + device.str());
    return device;
  }

  const Program& program_;
  std::string where_, name_;
  c10::TypePtr type_, real_type_;  // as the dispatcher takes it, and as the schema's text says
  bool is_optional_ = false;
  std::optional<Patch> patch_;
};

}  // namespace

ConvertedArgument convert_argument(const Program& program, const std::string& where,
                                   const c10::Argument& parameter, const Argument& argument) {
  return Converter(program, where, parameter).convert(argument);
}

c10::IValue Patch::filled(const Slots& values) const {
  switch (kind) {
    case PatchKind::kValue:
      return values[slots[0]];
    case PatchKind::kNumberToTensor:
      return at::scalar_tensor(values[slots[0]].toScalar());
    case PatchKind::kTensorList: {
      c10::List<at::Tensor> list;
      list.reserve(slots.size());
      for (const int32_t slot : slots) {
        list.push_back(values[slot].toTensor());
      }
      return list;
    }
    case PatchKind::kOptionalTensorList: {
      c10::List<std::optional<at::Tensor>> list;
      for (const int32_t slot : slots) {
        list.push_back(slot < 0 ? std::nullopt : std::optional(values[slot].toTensor()));
      }
      return list;
    }
    case PatchKind::kIntList: {
      std::vector<int64_t> filled = numbers;
      for (size_t i = 0; i < filled.size(); ++i) {
        if (slots[i] >= 0) filled[i] = values[slots[i]].toInt();
      }
      return filled;
    }
  }
  return {};
}

}  // namespace maas
