// Rows: matrix products and attention.
#include <cmath>
#include <limits>

#include "export/onnx/writer.h"
#include "program/arguments.h"

namespace maas {
namespace {

using Ints = std::vector<int64_t>;

std::string swapped_last(OnnxWriter& w, const std::string& x, size_t rank) {
  Ints order;
  for (size_t d = 0; d < rank; ++d) order.push_back(static_cast<int64_t>(d));
  std::swap(order[rank - 1], order[rank - 2]);
  return w.emit("Transpose", {x}, {{"perm", order}});
}

// Gemm for rows of features; for more dimensions a product with the transposed weight, which
// runtimes turn once when they load the model.
bool write_linear(OnnxWriter& w, const Node& node) {
  const Value* x = w.value_of(node, "input");
  const Value* weight = w.value_of(node, "weight");
  if (x == nullptr || weight == nullptr || weight->shape.size() != 2) return false;
  const std::string bias = w.operand(node, "bias");
  if (x->shape.size() == 2) {
    return w.give(node, w.emit("Gemm", {w.operand(node, "input"), w.operand(node, "weight"), bias},
                               {{"transB", int64_t{1}}}));
  }
  const std::string transposed = swapped_last(w, w.operand(node, "weight"), 2);
  const std::string product = w.emit("MatMul", {w.operand(node, "input"), transposed});
  return w.give(node, bias.empty() ? product : w.emit("Add", {product, bias}));
}

bool write_product(OnnxWriter& w, const Node& node) {
  const char* second = node.op == "aten::matmul" ? "other" : node.op == "aten::mv" ? "vec" : "mat2";
  return w.give(node, w.emit("MatMul", {w.operand(node, "self"), w.operand(node, second)}));
}

bool write_addmm(OnnxWriter& w, const Node& node) {
  const auto alpha = static_cast<float>(number_of(node, "alpha", 1));
  const auto beta = static_cast<float>(number_of(node, "beta", 1));
  return w.give(
      node,
      w.emit("Gemm", {w.operand(node, "mat1"), w.operand(node, "mat2"), w.operand(node, "self")},
             {{"alpha", alpha}, {"beta", beta}}));
}

bool write_baddbmm(OnnxWriter& w, const Node& node) {
  const at::ScalarType dtype = w.result_of(node).dtype;
  std::string product = w.emit("MatMul", {w.operand(node, "batch1"), w.operand(node, "batch2")});
  std::string added = w.operand(node, "self");
  const double alpha = number_of(node, "alpha", 1), beta = number_of(node, "beta", 1);
  if (alpha != 1) product = w.emit("Mul", {product, w.scalar(alpha, dtype)});
  if (beta == 0) return w.give(node, product);
  if (beta != 1) added = w.emit("Mul", {added, w.scalar(beta, dtype)});
  return w.give(node, w.emit("Add", {product, added}));
}

bool write_einsum(OnnxWriter& w, const Node& node) {
  const Argument* equation = node.find("equation");
  const Argument* tensors = node.find("tensors");
  const auto* text = equation == nullptr ? nullptr : std::get_if<std::string>(equation);
  const auto* list = tensors == nullptr ? nullptr : std::get_if<ValueList>(tensors);
  if (text == nullptr || list == nullptr) return false;
  std::vector<std::string> inputs;
  for (const ValueId id : list->ids) inputs.push_back(w.name_of(id));
  return w.give(node, w.emit("Einsum", inputs, {{"equation", *text}}));
}

// [L, S], true where a query may look at a key: keys up to its own place, both counted from 0.
std::string causal_mask(OnnxWriter& w, ValueId query, ValueId key) {
  const Value& q = w.program().value(query);
  const Value& k = w.program().value(key);
  const auto last = [](const Value& v) { return static_cast<int64_t>(v.shape.size()) - 2; };
  std::string& mask =
      w.made()["causal:" + to_text(q.shape[last(q)]) + ":" + to_text(k.shape[last(k)])];
  if (!mask.empty()) return mask;
  const std::string zero = w.scalar(0, at::kLong), one = w.scalar(1, at::kLong);
  const auto places = [&](ValueId id, int64_t dim) {
    return w.emit("Range", {zero, w.scalar_of(w.size_of(id, dim)), one});
  };
  const std::string queries = w.emit("Unsqueeze", {places(query, last(q)), w.numbers({1})});
  mask = w.emit("LessOrEqual", {places(key, last(k)), queries});
  return mask;
}

// Keys or values for as many heads as the queries have.
std::string repeated_heads(OnnxWriter& w, ValueId queries, ValueId few) {
  const Value& q = w.program().value(queries);
  const Value& x = w.program().value(few);
  const std::string name = w.name_of(few);
  if (q.shape.size() != 4 || x.shape.size() != 4 || q.shape[1] == x.shape[1]) return name;
  if (q.shape[1].is_symbolic() || x.shape[1].is_symbolic() || x.shape[3].is_symbolic()) return "";
  const int64_t times = q.shape[1].size / x.shape[1].size;
  const std::string wide = w.emit("Unsqueeze", {name, w.numbers({2})});
  const std::string repeated = w.emit("Expand", {wide, w.numbers({1, 1, times, 1, 1})});
  return w.emit("Reshape", {repeated, w.numbers({0, q.shape[1].size, -1, x.shape[3].size})});
}

// Scores that a mask leaves out are -infinity; a row without any is zeros, as PyTorch has it.
std::string masked_scores(OnnxWriter& w, const Node& node, std::string scores,
                          at::ScalarType dtype) {
  const std::string low = w.scalar(-std::numeric_limits<double>::infinity(), dtype);
  if (flag_of(node, "is_causal", false)) {
    const std::string mask = causal_mask(w, operand_of(node, "query"), operand_of(node, "key"));
    scores = w.emit("Where", {mask, scores, low});
  }
  const Value* mask = w.value_of(node, "attn_mask");
  if (mask == nullptr) return w.emit("Softmax", {scores}, {axis_attribute(-1)});
  const std::string name = w.operand(node, "attn_mask");
  scores = mask->dtype == at::kBool ? w.emit("Where", {name, scores, low})
                                    : w.emit("Add", {scores, w.as_type(node, "attn_mask", dtype)});
  const std::string weights = w.emit("Softmax", {scores}, {axis_attribute(-1)});
  return w.emit("Where", {w.emit("IsNaN", {weights}), w.scalar(0, dtype), weights});
}

bool write_attention(OnnxWriter& w, const Node& node) {
  const Value* q = w.value_of(node, "query");
  const Value* k = w.value_of(node, "key");
  if (q == nullptr || k == nullptr || q->shape.size() < 2 || w.is_used(node, 1)) return false;
  if (number_of(node, "dropout_p", 0) != 0 || q->shape.back().is_symbolic()) return false;
  const at::ScalarType dtype = q->dtype;
  const double width = static_cast<double>(q->shape.back().size);
  const double scale = number_of(node, "scale", 1 / std::sqrt(width));
  const std::string keys = repeated_heads(w, operand_of(node, "query"), operand_of(node, "key"));
  const std::string values =
      repeated_heads(w, operand_of(node, "query"), operand_of(node, "value"));
  if (keys.empty() || values.empty()) return false;
  const std::string scaled = w.emit("Mul", {w.operand(node, "query"), w.scalar(scale, dtype)});
  const std::string scores = w.emit("MatMul", {scaled, swapped_last(w, keys, k->shape.size())});
  return w.give(node, w.emit("MatMul", {masked_scores(w, node, scores, dtype), values}));
}

constexpr OperatorRow kRows[] = {
    {"aten::linear", write_linear, nullptr},
    {"aten::matmul", write_product, nullptr},
    {"aten::mm", write_product, nullptr},
    {"aten::bmm", write_product, nullptr},
    {"aten::mv", write_product, nullptr},
    {"aten::addmm", write_addmm, nullptr},
    {"aten::baddbmm", write_baddbmm, nullptr},
    {"aten::einsum", write_einsum, nullptr},
    {"aten::scaled_dot_product_attention", write_attention, "that it is one operator"},
    {"aten::_scaled_dot_product_flash_attention_for_cpu", write_attention,
     "that it is one operator"},
};

}  // namespace

std::span<const OperatorRow> onnx_product_rows() { return kRows; }

}  // namespace maas
