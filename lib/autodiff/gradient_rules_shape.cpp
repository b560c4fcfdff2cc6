#include <algorithm>

#include "autodiff/gradient_rule.h"

namespace maas {
namespace {

bool reshape(Backward& b) {
  const ValueId x = b.operand("self");
  b.give(x, b.reshaped(b.gradient(), x));
  return true;
}

bool transpose_matrix(Backward& b) {
  b.give("self", b.transposed(b.gradient()));
  return true;
}

bool transpose(Backward& b) {
  b.give("self",
         b.emit("aten::transpose.int", {{"self", ValueRef{b.gradient()}},
                                        {"dim0", argument_of(b.node(), "dim0", int64_t{0})},
                                        {"dim1", argument_of(b.node(), "dim1", int64_t{1})}}));
  return true;
}

bool permute(Backward& b) {
  const auto dims = integers_of(b.node(), "dims", {});
  if (!dims) return false;
  const auto rank = static_cast<int64_t>(dims->size());
  std::vector<int64_t> inverse(dims->size());
  for (int64_t i = 0; i < rank; ++i) {
    const int64_t from = (*dims)[i];
    inverse[from < 0 ? from + rank : from] = i;
  }
  b.give("self",
         b.emit("aten::permute", {{"self", ValueRef{b.gradient()}}, {"dims", int_list(inverse)}}));
  return true;
}

bool expand(Backward& b) {
  const ValueId x = b.operand("self");
  b.give(x, b.reduced(b.gradient(), x));
  return true;
}

bool select(Backward& b) {
  const ValueId x = b.operand("self");
  b.give(x,
         b.emit("aten::select_backward", {{"grad_output", ValueRef{b.gradient()}},
                                          {"input_sizes", b.sizes(x)},
                                          {"dim", argument_of(b.node(), "dim", int64_t{0})},
                                          {"index", argument_of(b.node(), "index", int64_t{0})}}));
  return true;
}

bool slice(Backward& b) {
  const ValueId x = b.operand("self");
  const Argument start = argument_of(b.node(), "start", None{}),
                 end = argument_of(b.node(), "end", None{});
  const auto or_else = [](const Argument& given, int64_t otherwise) {
    return std::holds_alternative<None>(given) ? Argument(otherwise) : given;
  };
  b.give(x, b.emit("aten::slice_backward", {{"grad_output", ValueRef{b.gradient()}},
                                            {"input_sizes", b.sizes(x)},
                                            {"dim", argument_of(b.node(), "dim", int64_t{0})},
                                            {"start", or_else(start, 0)},
                                            {"end", or_else(end, INT64_MAX)},
                                            {"step", argument_of(b.node(), "step", int64_t{1})}}));
  return true;
}

bool cat(Backward& b) {
  const Argument* given = b.node().find("tensors");
  const auto* parts = given == nullptr ? nullptr : std::get_if<ValueList>(given);
  if (parts == nullptr) return false;
  const int64_t named = integer_of(b.node(), "dim", 0);
  int64_t start = 0;
  for (const ValueId part : parts->ids) {
    const std::vector<Dim>& shape = b.value(part).shape;
    const int64_t dim = named < 0 ? named + static_cast<int64_t>(shape.size()) : named;
    const Dim size = shape.at(dim);
    if (size.is_symbolic()) return false;
    if (b.wants(part)) {
      b.give(part, b.emit("aten::narrow", {{"self", ValueRef{b.gradient()}},
                                           {"dim", dim},
                                           {"start", start},
                                           {"length", size.size}}));
    }
    start += size.size;
  }
  return true;
}

// split, chunk: the parts' gradients side by side; unbind: on top of each other.
bool parts_of_one(Backward& b) {
  const Node node = b.node();
  if (node.outputs.size() != 1 || !node.outputs[0].is_list) return false;
  ValueList list;
  for (const ValueId id : node.outputs[0].ids) {
    if (id == kNoValue) return false;
    const ValueId gradient = b.gradient_of(id);
    list.ids.push_back(
        gradient != kNoValue ? gradient : b.emit("aten::zeros_like", {{"self", ValueRef{id}}}, id));
  }
  const char* join = node.op == "aten::unbind" ? "aten::stack" : "aten::cat";
  b.give("self", b.emit(join, {{"tensors", list}, {"dim", integer_of(node, "dim", 0)}}));
  return true;
}

// The gradient of a sum over `dims`, spread over the operand again.
ValueId spread(Backward& b, ValueId gradient, std::vector<int64_t> dims, bool kept) {
  const ValueId x = b.operand("self");
  const auto rank = static_cast<int64_t>(b.value(x).shape.size());
  for (int64_t& dim : dims) dim = dim < 0 ? dim + rank : dim;
  std::sort(dims.begin(), dims.end());
  if (!kept) {
    for (const int64_t dim : dims) {
      gradient = b.emit("aten::unsqueeze", {{"self", ValueRef{gradient}}, {"dim", dim}});
    }
  }
  return b.emit("aten::expand_as", {{"self", ValueRef{gradient}}, {"other", ValueRef{x}}}, x);
}

bool sum(Backward& b) {
  if (b.node().find("dtype") != nullptr) return false;
  const auto dims = integers_of(b.node(), "dim", {});
  if (!dims || (dims->empty() && b.node().overload == "dim_IntList")) return false;
  b.give("self", spread(b, b.gradient(), *dims, flag_of(b.node(), "keepdim", false)));
  return true;
}

bool mean(Backward& b) {
  if (b.node().find("dtype") != nullptr) return false;
  const ValueId x = b.operand("self");
  const auto dims = integers_of(b.node(), "dim", {});
  const bool all = b.node().overload.empty();
  if (!dims || (dims->empty() && !all)) return false;
  ValueId gradient = b.gradient();
  if (all) {
    gradient =
        b.emit("aten::div.Tensor", {{"self", ValueRef{gradient}}, {"other", ValueRef{b.count(x)}}});
  } else {
    double count = 1;
    const auto rank = static_cast<int64_t>(b.value(x).shape.size());
    for (const int64_t dim : *dims) {
      const Dim& size = b.value(x).shape.at(dim < 0 ? dim + rank : dim);
      if (size.is_symbolic()) return false;
      count *= static_cast<double>(size.size);
    }
    gradient = b.emit("aten::div.Scalar", {{"self", ValueRef{gradient}}, {"other", count}});
  }
  b.give(x, spread(b, gradient, *dims, flag_of(b.node(), "keepdim", false)));
  return true;
}

}  // namespace

void add_shape_rules(GradientRules& rules) {
  for (const char* op :
       {"aten::view", "aten::_unsafe_view", "aten::reshape", "aten::flatten.using_ints",
        "aten::unflatten.int", "aten::squeeze.dim", "aten::squeeze", "aten::unsqueeze"}) {
    rules[op] = reshape;
  }
  rules["aten::t"] = transpose_matrix;
  rules["aten::transpose.int"] = transpose;
  rules["aten::permute"] = permute;
  rules["aten::expand"] = expand;
  rules["aten::select.int"] = select;
  rules["aten::slice.Tensor"] = slice;
  rules["aten::cat"] = cat;
  for (const char* op :
       {"aten::split.Tensor", "aten::split_with_sizes", "aten::chunk", "aten::unbind.int"}) {
    rules[op] = parts_of_one;
  }
  rules["aten::sum"] = rules["aten::sum.dim_IntList"] = sum;
  rules["aten::mean"] = rules["aten::mean.dim"] = mean;
}

}  // namespace maas
