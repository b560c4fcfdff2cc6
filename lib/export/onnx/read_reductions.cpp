// Reading: sums, means, extremes, their places, running sums.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "export/onnx/reader.h"
#include "program/arguments.h"

namespace maas {
namespace {

using Ints = std::vector<int64_t>;

// The axes stand in an attribute or, from opset 13 or 18 on, in an input; none = all.
Ints axes_of(OnnxReader& r, const OnnxNode& node, size_t rank) {
  Ints axes;
  if (const auto listed = r.list(node, "axes")) axes = *listed;
  if (r.has(node, 1)) axes = r.integers(node, 1);
  if (axes.empty() && r.integer(node, "noop_with_empty_axes", 0) == 0) {
    axes.resize(rank);
    std::iota(axes.begin(), axes.end(), 0);
  }
  for (const int64_t axis : axes) front_dim(r, node, axis, rank);
  return axes;
}

ValueId reduce_by(OnnxReader& r, const OnnxNode& node, ValueId x, const Ints& axes) {
  static const std::map<std::string, std::string> kWords = {{"ReduceMean", "aten::mean.dim"},
                                                            {"ReduceSum", "aten::sum.dim_IntList"},
                                                            {"ReduceMax", "aten::amax"},
                                                            {"ReduceMin", "aten::amin"},
                                                            {"ReduceLogSumExp", "aten::logsumexp"}};
  const bool keeps = r.integer(node, "keepdims", 1) != 0;
  const Operand dim = {"dim", int_list(axes)}, keepdim = {"keepdim", keeps};
  if (node.op == "ReduceL1" || node.op == "ReduceL2") {
    return r.call("aten::linalg_vector_norm",
                  {self(x), {"ord", node.op == "ReduceL1" ? 1.0 : 2.0}, dim, keepdim});
  }
  if (node.op == "ReduceSumSquare") {
    x = r.call("aten::mul.Tensor", {self(x), reference("other", x)});
    return r.call("aten::sum.dim_IntList", {self(x), dim, keepdim});
  }
  if (node.op == "ReduceProd") {
    Ints order = axes;
    for (int64_t& axis : order) axis = front_dim(r, node, axis, rank_of(r, x));
    std::sort(order.rbegin(), order.rend());
    const at::ScalarType dtype = r.value(x).dtype;
    for (const int64_t axis : order) {
      x = r.call("aten::prod.dim_int", {self(x), {"dim", axis}, keepdim, {"dtype", dtype}});
    }
    return x;
  }
  std::vector<Operand> operands = {self(x), dim, keepdim};
  // PyTorch would widen integers.
  if (node.op == "ReduceSum") operands.push_back({"dtype", r.value(x).dtype});
  return r.call(kWords.at(node.op), operands);
}

void read_reduction(OnnxReader& r, const OnnxNode& node) {
  const ValueId x = r.tensor(node, 0);
  const Ints axes = axes_of(r, node, rank_of(r, x));
  if (axes.empty()) return r.give(node, x);
  r.give(node, reduce_by(r, node, x, axes));
}

void read_arg_extreme(OnnxReader& r, const OnnxNode& node) {
  if (r.integer(node, "select_last_index", 0) != 0)
    r.refuse(node, "the last of equals", "the first");
  const char* op = node.op == "ArgMax" ? "aten::argmax" : "aten::argmin";
  r.give(node, r.call(op, {self(r.tensor(node, 0)),
                           {"dim", r.integer(node, "axis", 0)},
                           {"keepdim", r.integer(node, "keepdims", 1) != 0}}));
}

void read_cumsum(OnnxReader& r, const OnnxNode& node) {
  const auto axis = r.scalar(node, 1);
  const bool plain = r.integer(node, "exclusive", 0) == 0 && r.integer(node, "reverse", 0) == 0;
  if (!axis || !plain) r.refuse(node, "a computed axis, or exclusive or reverse", "neither");
  const ValueId x = r.tensor(node, 0);
  r.give(node,
         r.call("aten::cumsum",
                {self(x), {"dim", static_cast<int64_t>(*axis)}, {"dtype", r.value(x).dtype}}));
}

void read_topk(OnnxReader& r, const OnnxNode& node) {
  const IntList k = r.size_list(node, 1);
  if (k.items.size() != 1) r.refuse(node, "several counts", "one");
  const IntOrValue& count = k.items[0];
  const Argument number =
      count.value == kNoValue ? Argument(count.number) : Argument(ValueRef{count.value});
  const auto both = r.call_many("aten::topk",
                                {self(r.tensor(node, 0)),
                                 {"k", number},
                                 {"dim", r.integer(node, "axis", -1)},
                                 {"largest", r.integer(node, "largest", 1) != 0},
                                 {"sorted", r.integer(node, "sorted", 1) != 0}},
                                2);
  r.give(node, both[0]);
  r.give(node, both[1], 1);
}

constexpr ReaderRow kRows[] = {{"ReduceMean", read_reduction},
                               {"ReduceSum", read_reduction},
                               {"ReduceMax", read_reduction},
                               {"ReduceMin", read_reduction},
                               {"ReduceProd", read_reduction},
                               {"ReduceL1", read_reduction},
                               {"ReduceL2", read_reduction},
                               {"ReduceLogSumExp", read_reduction},
                               {"ReduceSumSquare", read_reduction},
                               {"ArgMax", read_arg_extreme},
                               {"ArgMin", read_arg_extreme},
                               {"CumSum", read_cumsum},
                               {"TopK", read_topk}};

}  // namespace

std::span<const ReaderRow> onnx_reduction_readers() { return kRows; }

}  // namespace maas
