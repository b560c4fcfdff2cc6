// Rows: sums, means, extremes, their places, running sums.
#include <map>
#include <numeric>

#include "export/onnx/writer.h"
#include "program/arguments.h"

namespace maas {
namespace {

using Ints = std::vector<int64_t>;

// The dimensions that a reduction names; all of them where it names none. Empty for scalars.
std::optional<Ints> reduced_dims(const Node& node, const Value& x) {
  Ints dims;
  const Argument* given = node.find("dim");
  if (given != nullptr && !std::holds_alternative<None>(*given)) {
    const auto list = integers_of(node, "dim", {});
    if (!list) return std::nullopt;
    dims = *list;
  }
  if (dims.empty()) {
    dims.resize(x.shape.size());
    std::iota(dims.begin(), dims.end(), 0);
  }
  return dims;
}

int64_t keeps(const Node& node) { return static_cast<int64_t>(flag_of(node, "keepdim", false)); }

std::string reduced(OnnxWriter& w, const std::string& op, const std::string& x, const Ints& dims,
                    int64_t keepdims) {
  return dims.empty() ? x : w.emit_reduction(op, x, dims, keepdims);
}

bool write_reduction(OnnxWriter& w, const Node& node) {
  static const std::map<std::string, std::string> kWords = {
      {"aten::mean", "ReduceMean"}, {"aten::sum", "ReduceSum"},
      {"aten::amax", "ReduceMax"},  {"aten::amin", "ReduceMin"},
      {"aten::prod", "ReduceProd"}, {"aten::max", "ReduceMax"},
      {"aten::min", "ReduceMin"},   {"aten::logsumexp", "ReduceLogSumExp"}};
  const Value* x = w.value_of(node, "self");
  if (x == nullptr) return false;
  const auto dims = reduced_dims(node, *x);
  if (!dims) return false;
  const std::string input = w.as_type(node, "self", w.result_of(node).dtype);
  return w.give(node, reduced(w, kWords.at(node.op), input, *dims, keeps(node)));
}

// max and min: of everything, along a dimension with places, or of two tensors.
bool write_extreme(OnnxWriter& w, const Node& node) {
  if (node.overload == "other") {
    const at::ScalarType dtype = w.result_of(node).dtype;
    return w.give(node, w.emit(node.op == "aten::max" ? "Max" : "Min",
                               {w.as_type(node, "self", dtype), w.as_type(node, "other", dtype)}));
  }
  if (node.overload.empty()) return write_reduction(w, node);
  const Value* x = w.value_of(node, "self");
  if (node.overload != "dim" || x == nullptr || x->shape.empty()) return false;
  const bool is_max = node.op == "aten::max";
  const int64_t dim = from_front(integer_of(node, "dim", 0), x->shape.size());
  const std::string input = w.operand(node, "self");
  if (w.is_used(node, 1)) {
    w.give(node,
           w.emit(is_max ? "ArgMax" : "ArgMin", {input},
                  {axis_attribute(dim), {"keepdims", keeps(node)}}),
           1);
  }
  return w.give(node, reduced(w, is_max ? "ReduceMax" : "ReduceMin", input, {dim}, keeps(node)));
}

bool write_arg_extreme(OnnxWriter& w, const Node& node) {
  const char* op = node.op == "aten::argmax" ? "ArgMax" : "ArgMin";
  const Value* x = w.value_of(node, "self");
  if (x == nullptr) return false;
  const Argument* given = node.find("dim");
  std::string input = w.operand(node, "self");
  if (given == nullptr || std::holds_alternative<None>(*given)) {
    input = w.emit("Reshape", {input, w.numbers({-1})});
    return w.give(node, w.emit(op, {input}, {axis_attribute(0), {"keepdims", int64_t{0}}}));
  }
  const int64_t dim = from_front(integer_of(node, "dim", 0), x->shape.size());
  return w.give(node, w.emit(op, {input}, {axis_attribute(dim), {"keepdims", keeps(node)}}));
}

// Over truth values: the largest or smallest of 0 and 1.
bool write_any(OnnxWriter& w, const Node& node) {
  const Value* x = w.value_of(node, "self");
  if (x == nullptr) return false;
  const auto dims = reduced_dims(node, *x);
  if (!dims) return false;
  std::string y = w.operand(node, "self");
  if (x->dtype != at::kBool) y = w.cast(y, at::kBool);
  y = w.cast(y, at::kInt);
  y = reduced(w, node.op == "aten::any" ? "ReduceMax" : "ReduceMin", y, *dims, keeps(node));
  return w.give(node, w.cast(y, at::kBool));
}

bool write_cumsum(OnnxWriter& w, const Node& node) {
  const Value* x = w.value_of(node, "self");
  if (x == nullptr || x->shape.empty()) return false;
  const int64_t dim = from_front(integer_of(node, "dim", 0), x->shape.size());
  return w.give(node, w.emit("CumSum", {w.as_type(node, "self", w.result_of(node).dtype),
                                        w.scalar(static_cast<double>(dim), at::kLong)}));
}

bool write_topk(OnnxWriter& w, const Node& node) {
  const auto k = w.items_of(node, "k");
  if (k.size() != 1) return false;
  const auto both = w.emit_many("TopK", {w.operand(node, "self"), w.size(k[0])},
                                {axis_attribute(integer_of(node, "dim", -1)),
                                 {"largest", static_cast<int64_t>(flag_of(node, "largest", true))},
                                 {"sorted", static_cast<int64_t>(flag_of(node, "sorted", true))}},
                                2);
  w.give(node, both[1], 1);
  return w.give(node, both[0]);
}

// The mean of squared differences, with Bessel's correction.
bool write_variance(OnnxWriter& w, const Node& node) {
  const Value* x = w.value_of(node, "self");
  if (x == nullptr || node.overload != "correction" || x->shape.empty()) return false;
  const auto dims = reduced_dims(node, *x);
  if (!dims) return false;
  double count = 1;
  for (const int64_t dim : dims_from_front(*dims, x->shape.size())) {
    if (x->shape.at(static_cast<size_t>(dim)).is_symbolic()) return false;
    count *= static_cast<double>(x->shape[static_cast<size_t>(dim)].size);
  }
  const double left = count - number_of(node, "correction", 1);
  if (left <= 0) return false;
  const at::ScalarType dtype = x->dtype;
  const std::string input = w.operand(node, "self");
  const std::string centred = w.emit("Sub", {input, reduced(w, "ReduceMean", input, *dims, 1)});
  std::string y = reduced(w, "ReduceSum", w.emit("Mul", {centred, centred}), *dims, keeps(node));
  y = w.emit("Div", {y, w.scalar(left, dtype)});
  return w.give(node, node.op == "aten::std" ? w.emit("Sqrt", {y}) : y);
}

bool write_norm(OnnxWriter& w, const Node& node) {
  const Value* x = w.value_of(node, "self");
  const double order = number_of(node, "ord", 2);
  if (x == nullptr || (order != 1 && order != 2)) return false;
  const auto dims = reduced_dims(node, *x);
  if (!dims || dims->empty()) return false;
  return w.give(
      node, w.emit_reduction(order == 1 ? "ReduceL1" : "ReduceL2",
                             w.as_type(node, "self", w.result_of(node).dtype), *dims, keeps(node)));
}

// v g / |v|, the norm over all dimensions but one (Salimans and Kingma 2016).
bool write_weight_norm(OnnxWriter& w, const Node& node) {
  const Value* v = w.value_of(node, "v");
  if (v == nullptr || v->shape.size() < 2) return false;
  const int64_t kept = from_front(integer_of(node, "dim", 0), v->shape.size());
  Ints dims;
  for (int64_t d = 0; d < static_cast<int64_t>(v->shape.size()); ++d) {
    if (d != kept) dims.push_back(d);
  }
  const std::string input = w.operand(node, "v");
  const std::string norm = w.emit_reduction("ReduceL2", input, dims, 1);
  return w.give(node, w.emit("Mul", {input, w.emit("Div", {w.operand(node, "g"), norm})}));
}

// Euclidean distances of all pairs of rows.
bool write_distances(OnnxWriter& w, const Node& node) {
  const Value* a = w.value_of(node, "x1");
  const Value* b = w.value_of(node, "x2");
  if (a == nullptr || b == nullptr || number_of(node, "p", 2) != 2) return false;
  const std::string left = w.emit("Unsqueeze", {w.operand(node, "x1"), w.numbers({-2})});
  const std::string right = w.emit("Unsqueeze", {w.operand(node, "x2"), w.numbers({-3})});
  const std::string difference = w.emit("Sub", {left, right});
  return w.give(node, w.emit_reduction("ReduceL2", difference, {-1}, 0));
}

constexpr OperatorRow kRows[] = {
    {"aten::_weight_norm", write_weight_norm, nullptr},
    {"aten::cdist", write_distances, nullptr},
    {"aten::_cdist_forward", write_distances, nullptr},
    {"aten::mean", write_reduction, nullptr},
    {"aten::sum", write_reduction, nullptr},
    {"aten::amax", write_reduction, nullptr},
    {"aten::amin", write_reduction, nullptr},
    {"aten::prod", write_reduction, nullptr},
    {"aten::logsumexp", write_reduction, nullptr},
    {"aten::max", write_extreme, nullptr},
    {"aten::min", write_extreme, nullptr},
    {"aten::argmax", write_arg_extreme, nullptr},
    {"aten::argmin", write_arg_extreme, nullptr},
    {"aten::any", write_any, nullptr},
    {"aten::all", write_any, nullptr},
    {"aten::cumsum", write_cumsum, nullptr},
    {"aten::topk", write_topk, nullptr},
    {"aten::var", write_variance, nullptr},
    {"aten::std", write_variance, nullptr},
    {"aten::linalg_vector_norm", write_norm, nullptr},
};

}  // namespace

std::span<const OperatorRow> onnx_reduction_rows() { return kRows; }

}  // namespace maas
