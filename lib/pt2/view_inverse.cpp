#include "pt2/view_inverse.h"

#include <algorithm>

#include "program/operators.h"

namespace maas {
namespace {

Node call(const std::string& op, std::vector<NamedArgument> arguments) {
  Node node;
  node.op = op;
  node.arguments = std::move(arguments);
  return node;
}

// The view's own arguments behind the first, under the same names.
Node scatter(const std::string& op, const Node& view, ValueId whole, ValueId part) {
  Node node = call(op, {{"self", ValueRef{whole}, false}, {"src", ValueRef{part}, false}});
  for (size_t i = 1; i < view.arguments.size(); ++i) {
    node.arguments.push_back(view.arguments[i]);
    node.arguments.back().keyword = true;
  }
  return node;
}

std::optional<Node> inverse_permutation(const Node& view, ValueId part) {
  const Argument* given = view.find("dims");
  const auto* dims = given == nullptr ? nullptr : std::get_if<IntList>(given);
  if (dims == nullptr) return std::nullopt;
  const auto rank = static_cast<int64_t>(dims->items.size());
  IntList inverse{std::vector<IntOrValue>(dims->items.size())};
  for (int64_t i = 0; i < rank; ++i) {
    int64_t dim = dims->items[i].number;
    dim += dim < 0 ? rank : 0;
    if (dim < 0 || dim >= rank) return std::nullopt;
    inverse.items[dim].number = i;
  }
  return call("aten::permute", {{"self", ValueRef{part}, false}, {"dims", inverse, false}});
}

Node same_swap(const Node& view, ValueId part) {
  Node node = view;
  node.arguments.at(0).value = ValueRef{part};
  node.outputs.clear();
  node.metadata.clear();
  return node;
}

std::optional<int64_t> number(const Node& node, const char* name, int64_t otherwise) {
  const Argument* given = node.find(name);
  if (given == nullptr) return otherwise;
  const auto* value = std::get_if<int64_t>(given);
  return value == nullptr ? std::nullopt : std::optional(*value);
}

Node slice_scatter(ValueId whole, ValueId part, int64_t dim, int64_t start, int64_t length) {
  return call("aten::slice_scatter", {{"self", ValueRef{whole}, false},
                                      {"src", ValueRef{part}, false},
                                      {"dim", dim, true},
                                      {"start", start, true},
                                      {"end", start + length, true}});
}

// The part that one result of unbind or split is.
std::optional<Node> piece(const Node& view, size_t output, ValueId whole, ValueId part) {
  const auto dim = number(view, "dim", 0);
  if (!dim) return std::nullopt;
  const auto index = static_cast<int64_t>(output);
  if (view.op == "aten::unbind") {
    return call("aten::select_scatter", {{"self", ValueRef{whole}, false},
                                         {"src", ValueRef{part}, false},
                                         {"dim", *dim, false},
                                         {"index", index, false}});
  }
  if (view.op == "aten::split" && view.overload == "Tensor") {
    const auto size = number(view, "split_size", -1);
    if (!size || *size < 0) return std::nullopt;
    return slice_scatter(whole, part, *dim, index * *size, *size);
  }
  const Argument* given = view.find("split_sizes");
  const auto* sizes = given == nullptr ? nullptr : std::get_if<IntList>(given);
  if (sizes == nullptr || output >= sizes->items.size()) return std::nullopt;
  int64_t start = 0;
  for (size_t i = 0; i <= output; ++i) {
    if (sizes->items[i].value != kNoValue) return std::nullopt;
    if (i < output) start += sizes->items[i].number;
  }
  return slice_scatter(whole, part, *dim, start, sizes->items[output].number);
}

// Gives its argument back when that is as wanted.
bool is_conversion(const std::string& op) {
  return is_one_of(op, {"aten::contiguous", "aten::to", "aten::type_as"});
}
bool is_reshape(const std::string& op) {
  return is_one_of(
      op, {"aten::reshape", "aten::reshape_as", "aten::flatten", "aten::unflatten", "aten::ravel"});
}

std::vector<int64_t> contiguous_steps(const Value& value) {
  std::vector<int64_t> steps(value.shape.size());
  int64_t step = 1;
  for (size_t i = steps.size(); i-- > 0;) {
    steps[i] = value.shape[i].size == 1 ? 0 : step;
    if (__builtin_mul_overflow(step, std::max<int64_t>(value.shape[i].size, 1), &step)) step = 0;
  }
  return steps;
}

// Strides in the example that was exported; those of dimensions of one element do not matter.
std::vector<int64_t> steps(const Value& value) {
  if (value.strides.size() != value.shape.size()) return contiguous_steps(value);
  std::vector<int64_t> steps;
  for (size_t i = 0; i < value.strides.size(); ++i) {
    steps.push_back(value.shape[i].size == 1 ? 0 : value.strides[i].size);
  }
  return steps;
}

}  // namespace

Sharing sharing_of(const Program& program, const Node& node) {
  const OperatorFacts* facts = facts_of(node.op);
  if (facts == nullptr || !facts->view || node.arguments.empty()) return Sharing::kNever;
  const auto* self = std::get_if<ValueRef>(&node.arguments[0].value);
  if (self == nullptr || node.outputs.empty() || node.outputs[0].ids.empty())
    return Sharing::kNever;
  const Value& whole = program.value(self->id);
  for (const Node::Output& output : node.outputs) {
    for (const ValueId id : output.ids) {
      // A conversion to another type is a copy.
      if (id != kNoValue && program.value(id).dtype != whole.dtype) return Sharing::kNever;
    }
  }
  if (facts->always_view) return Sharing::kAlways;
  const ValueId part = node.outputs[0].ids[0];
  const Argument* copy = node.find("copy");
  if (is_conversion(node.op)) {
    if (copy != nullptr && copy->index() != Argument(false).index()) return Sharing::kMaybe;
    if (copy != nullptr && std::get<bool>(*copy)) return Sharing::kNever;
    return steps(whole) == steps(program.value(part)) ? Sharing::kAlways : Sharing::kNever;
  }
  return is_reshape(node.op) && steps(whole) == contiguous_steps(whole) ? Sharing::kAlways
                                                                        : Sharing::kMaybe;
}

std::optional<Node> put_back(const Node& view, size_t output, ValueId whole, ValueId part) {
  const std::string& op = view.op;
  if (op == "aten::select") return scatter("aten::select_scatter", view, whole, part);
  if (op == "aten::slice") return scatter("aten::slice_scatter", view, whole, part);
  if (op == "aten::diagonal" && view.overload.empty()) {
    return scatter("aten::diagonal_scatter", view, whole, part);
  }
  if (op == "aten::narrow") {
    const auto dim = number(view, "dim", 0), start = number(view, "start", -1);
    const auto length = number(view, "length", -1);
    if (!dim || !start || *start < 0 || !length || *length < 0) return std::nullopt;
    return slice_scatter(whole, part, *dim, *start, *length);
  }
  if (op == "aten::permute") return inverse_permutation(view, part);
  if (is_one_of(op, {"aten::transpose", "aten::swapaxes", "aten::swapdims", "aten::t", "aten::mT",
                     "aten::alias", "aten::detach"})) {
    return same_swap(view, part);
  }
  if (is_conversion(op)) return call("aten::alias", {{"self", ValueRef{part}, false}});
  if (is_reshape(op) || is_one_of(op, {"aten::view", "aten::_unsafe_view", "aten::view_as",
                                       "aten::unsqueeze", "aten::squeeze"})) {
    return call("aten::reshape_as",
                {{"self", ValueRef{part}, false}, {"other", ValueRef{whole}, false}});
  }
  if (is_one_of(op, {"aten::unbind", "aten::split", "aten::split_with_sizes"})) {
    return piece(view, output, whole, part);
  }
  return std::nullopt;
}

}  // namespace maas
