// libtorch's own rules: a kernel for the Meta key, or one made of other operators for every key.
#include <ATen/core/dispatch/Dispatcher.h>

#include <algorithm>
#include <map>

#include "call/meta_kernels.h"
#include "call/size_arithmetic.h"

namespace maas {
namespace {

constexpr c10::DispatchKey kKeysOfRules[] = {
    c10::DispatchKey::Meta, c10::DispatchKey::CompositeImplicitAutograd,
    c10::DispatchKey::CompositeExplicitAutograd,
    c10::DispatchKey::CompositeExplicitAutogradNonFunctional};

bool has_rule_of_libtorch(const std::string& full_name) {
  const size_t dot = full_name.find('.');
  const bool is_default = dot == full_name.npos;
  const auto handle = c10::Dispatcher::singleton().findOp(
      {full_name.substr(0, dot), is_default ? "" : full_name.substr(dot + 1)});
  if (!handle) return false;
  // Not the computed table: it has a fallback for all others, which refuses.
  return std::any_of(std::begin(kKeysOfRules), std::end(kKeysOfRules),
                     [&](c10::DispatchKey key) { return handle->hasKernelForDispatchKey(key); });
}

// "libtorch", or "libtorch, maas: self" where the overloads differ.
std::string mark(const std::string& op) {
  if (find_arithmetic(op) != nullptr) return "arithmetic";
  const std::vector<std::string>& own = meta_kernel_names();
  std::map<std::string, std::vector<std::string>> owners;
  for (const std::string& name : pure_overloads(op)) {
    const bool is_own = std::find(own.begin(), own.end(), name) != own.end();
    owners[is_own ? "maas" : has_rule_of_libtorch(name) ? "libtorch" : "none"].push_back(name);
  }
  if (owners.size() == 1) return owners.count("none") != 0 ? "" : owners.begin()->first;
  std::string words;
  for (const auto& [owner, names] : owners) {
    if (!words.empty()) words += ", ";
    words += owner == "libtorch" ? owner : owner + ": " + overloads_of(op, names);
  }
  return words;
}

}  // namespace

OperatorConcern shape_rule_concern() {
  return {"shape rule", "whose rule says the shape of the result; without one, it is run on zeros",
          mark};
}

}  // namespace maas
