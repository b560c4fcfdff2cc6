#include "pt2/pure_overload.h"

#include <ATen/core/dispatch/Dispatcher.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "program/operators.h"

namespace maas {
namespace {

using Schema = c10::FunctionSchema;
using Places = std::vector<size_t>;  // of each argument of one schema, where the other has it

bool have_one_type(const c10::Argument& a, const c10::Argument& b) {
  return *a.real_type() == *b.real_type();
}

bool have_defaults(const Schema& schema, const Places& but) {
  for (size_t i = 0; i < schema.arguments().size(); ++i) {
    const bool given = std::find(but.begin(), but.end(), i) != but.end();
    if (!given && !schema.arguments()[i].default_value()) return false;
  }
  return true;
}

std::optional<Places> places_by_order(const Schema& in_place, const Schema& pure) {
  const auto& from = in_place.arguments();
  const auto& to = pure.arguments();
  if (from.size() > to.size()) return std::nullopt;
  Places places;
  for (size_t i = 0; i < from.size(); ++i) {
    if (!have_one_type(from[i], to[i])) return std::nullopt;
    places.push_back(i);
  }
  return places;
}

std::optional<Places> places_by_name(const Schema& in_place, const Schema& pure) {
  Places places;
  for (const c10::Argument& argument : in_place.arguments()) {
    const auto index = pure.argumentIndexWithName(argument.name());
    if (!index || !have_one_type(argument, pure.arguments()[*index])) return std::nullopt;
    places.push_back(static_cast<size_t>(*index));
  }
  return places;
}

std::optional<Places> places_in(const Schema& in_place, const Schema& pure) {
  const bool gives_a_tensor = pure.returns().size() == 1 && !pure.is_mutable() &&
                              pure.returns()[0].type()->kind() == c10::TypeKind::TensorType;
  if (!gives_a_tensor) return std::nullopt;
  std::optional<Places> places = places_by_order(in_place, pure);
  if (!places) places = places_by_name(in_place, pure);
  return places && have_defaults(pure, *places) ? places : std::nullopt;
}

std::vector<std::string> overloads_of(const std::string& op) {
  std::vector<std::string> overloads;
  for (const c10::OperatorName& name : c10::Dispatcher::singleton().getAllOpNames()) {
    if (name.name == op) overloads.push_back(name.overload_name);
  }
  std::sort(overloads.begin(), overloads.end());
  return overloads;
}

bool call_overload(Node& node, const Schema& from, const std::string& op,
                   const std::string& overload) {
  const auto found = c10::Dispatcher::singleton().findSchema({op, overload});
  if (!found) return false;
  const Schema& to = found->schema();
  const std::optional<Places> places = places_in(from, to);
  if (!places) return false;
  for (NamedArgument& argument : node.arguments) {
    // A name that the schema does not have stays, for the call to refuse.
    const auto index = from.argumentIndexWithName(argument.name);
    if (index) argument.name = to.arguments()[(*places)[static_cast<size_t>(*index)]].name();
  }
  node.op = op;
  node.overload = overload;
  return true;
}

}  // namespace

bool call_pure_overload(Node& node) {
  const std::string pure = pure_form(node.op);
  const auto in_place = c10::Dispatcher::singleton().findSchema({node.op, node.overload});
  if (pure.empty() || !in_place) return false;
  if (call_overload(node, in_place->schema(), pure, node.overload)) return true;
  for (const std::string& overload : overloads_of(pure)) {  // thousands of names to look through
    if (call_overload(node, in_place->schema(), pure, overload)) return true;
  }
  return false;
}

}  // namespace maas
