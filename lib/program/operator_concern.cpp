#include "program/operator_concern.h"

#include <ATen/core/dispatch/Dispatcher.h>

#include <algorithm>
#include <map>

#include "program/operator_facts.h"

namespace maas {
namespace {

void add_word(std::string& words, const std::string& word) {
  if (!words.empty()) words += ' ';
  words += word;
}

std::string facts_mark(const std::string& op) {
  const OperatorFacts& facts = *facts_of(op);
  std::string words;
  if (facts.view) add_word(words, facts.always_view ? "view" : "maybe-view");
  if (facts.same_elements) add_word(words, "same-elements");
  if (facts.pointwise) add_word(words, "pointwise");
  if (facts.random) add_word(words, "random");
  if (facts.comparison) add_word(words, "comparison");
  if (facts.constant) add_word(words, "constant");
  return words;
}

std::string mode_mark(const std::string& op) {
  const OperatorFacts& facts = *facts_of(op);
  return !facts.training_flag.empty() ? facts.training_flag : facts.random ? "random" : "";
}

bool writes(const c10::FunctionSchema& schema) {
  return std::any_of(schema.arguments().begin(), schema.arguments().end(),
                     [](const c10::Argument& argument) {
                       return argument.alias_info() != nullptr && argument.alias_info()->isWrite();
                     });
}

// Full names by operator, those that write into their arguments apart.
struct Overloads {
  std::map<std::string, std::vector<std::string>> pure, writing;
};

const Overloads& overloads() {
  static const Overloads all = [] {
    Overloads made;
    auto& dispatcher = c10::Dispatcher::singleton();
    for (const c10::OperatorName& name : dispatcher.getAllOpNames()) {
      const auto handle = dispatcher.findSchema(name);
      if (!handle || name.name.rfind("aten::", 0) != 0) continue;
      const std::string dot = name.overload_name.empty() ? "" : ".";
      (writes(handle->schema()) ? made.writing : made.pure)[name.name].push_back(
          name.name + dot + name.overload_name);
    }
    for (auto& [op, names] : made.pure) std::sort(names.begin(), names.end());
    return made;
  }();
  return all;
}

// add_ of add, __iand__ of __and__: what libtorch has and pure_form() leads back.
std::string in_place_mark(const std::string& op) {
  if (op.rfind("aten::", 0) != 0) return "";
  const bool is_python = op.rfind("aten::__", 0) == 0;
  const std::string in_place = is_python ? "aten::__i" + op.substr(8) : op + "_";
  const bool exists = pure_form(in_place) == op && overloads().writing.count(in_place) != 0;
  return exists ? in_place.substr(6) : "";
}

}  // namespace

OperatorConcern facts_concern() {
  return {"facts", "what passes may rely on; without any, an operator is left as it is",
          facts_mark};
}

OperatorConcern in_place_concern() {
  return {"in place", "the in-place form that is read as it; without one, there is none",
          in_place_mark};
}

OperatorConcern mode_concern() {
  return {"mode", "the flag of training, or that it draws; without one, both modes are alike",
          mode_mark};
}

const std::vector<std::string>& pure_overloads(const std::string& op) {
  static const std::vector<std::string> none;
  const auto found = overloads().pure.find(op);
  return found == overloads().pure.end() ? none : found->second;
}

std::string overloads_of(const std::string& op, const std::vector<std::string>& full_names) {
  std::string words;
  for (const std::string& name : full_names) {
    if (name == op) add_word(words, "default");
    if (name.rfind(op + ".", 0) == 0) add_word(words, name.substr(op.size() + 1));
  }
  return words;
}

}  // namespace maas
