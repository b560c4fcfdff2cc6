#include "program/arguments.h"

namespace maas {

ValueId operand_of(const Node& node, const std::string& name) {
  const Argument* argument = node.find(name);
  const auto* ref = argument == nullptr ? nullptr : std::get_if<ValueRef>(argument);
  return ref == nullptr ? kNoValue : ref->id;
}

double number_of(const Node& node, const std::string& name, double otherwise) {
  const Argument* argument = node.find(name);
  if (argument == nullptr) return otherwise;
  if (const auto* real = std::get_if<double>(argument)) return *real;
  if (const auto* whole = std::get_if<int64_t>(argument)) return static_cast<double>(*whole);
  return otherwise;
}

int64_t integer_of(const Node& node, const std::string& name, int64_t otherwise) {
  const Argument* argument = node.find(name);
  const auto* whole = argument == nullptr ? nullptr : std::get_if<int64_t>(argument);
  return whole == nullptr ? otherwise : *whole;
}

bool flag_of(const Node& node, const std::string& name, bool otherwise) {
  const Argument* argument = node.find(name);
  const auto* flag = argument == nullptr ? nullptr : std::get_if<bool>(argument);
  return flag == nullptr ? otherwise : *flag;
}

Argument argument_of(const Node& node, const std::string& name, Argument otherwise) {
  const Argument* argument = node.find(name);
  return argument == nullptr ? otherwise : *argument;
}

std::optional<std::vector<int64_t>> integers_of(const Node& node, const std::string& name,
                                                std::vector<int64_t> otherwise) {
  const Argument* argument = node.find(name);
  if (argument == nullptr) return otherwise;
  if (const auto* number = std::get_if<int64_t>(argument)) return std::vector<int64_t>{*number};
  const auto* list = std::get_if<IntList>(argument);
  if (list == nullptr) return std::nullopt;
  std::vector<int64_t> numbers;
  for (const IntOrValue& item : list->items) {
    if (item.value != kNoValue) return std::nullopt;
    numbers.push_back(item.number);
  }
  return numbers;
}

IntList int_list(const std::vector<int64_t>& numbers) {
  IntList list;
  for (const int64_t number : numbers) list.items.push_back({number, kNoValue});
  return list;
}

}  // namespace maas
