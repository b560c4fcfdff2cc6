// Rows: activations, softmax and gates.
#include <cmath>

#include "export/onnx/writer.h"
#include "program/arguments.h"

namespace maas {
namespace {

// Hendrycks and Gimpel 2016: x * Phi(x), or its approximation by tanh.
bool write_gelu(OnnxWriter& w, const Node& node) {
  const Argument* given = node.find("approximate");
  const auto* word = given == nullptr ? nullptr : std::get_if<std::string>(given);
  const bool is_tanh = word != nullptr && *word == "tanh";
  const std::string x = w.operand(node, "self");
  if (w.opset() >= 20) {
    return w.give(node,
                  w.emit("Gelu", {x}, {{"approximate", std::string(is_tanh ? "tanh" : "none")}}));
  }
  const at::ScalarType dtype = w.result_of(node).dtype;
  const std::string one = w.scalar(1, dtype), half = w.scalar(0.5, dtype);
  std::string inner;
  if (is_tanh) {
    const std::string square = w.emit("Mul", {x, x});
    inner = w.emit("Add", {w.emit("Mul", {square, w.scalar(0.044715, dtype)}), one});
    inner = w.emit("Mul", {w.emit("Mul", {x, inner}), w.scalar(std::sqrt(2 / M_PI), dtype)});
    inner = w.emit("Tanh", {inner});
  } else {
    inner = w.emit("Erf", {w.emit("Div", {x, w.scalar(std::sqrt(2.0), dtype)})});
  }
  const std::string gate = w.emit("Mul", {x, w.emit("Add", {inner, one})});
  return w.give(node, w.emit("Mul", {gate, half}));
}

bool write_silu(OnnxWriter& w, const Node& node) {
  const std::string x = w.operand(node, "self");
  return w.give(node, w.emit("Mul", {x, w.emit("Sigmoid", {x})}));
}

bool write_mish(OnnxWriter& w, const Node& node) {
  const std::string x = w.operand(node, "self");
  return w.give(node, w.emit("Mul", {x, w.emit("Tanh", {w.emit("Softplus", {x})})}));
}

bool write_softmax(OnnxWriter& w, const Node& node) {
  const Value* x = w.value_of(node, "self");
  if (x == nullptr || x->shape.empty()) return false;
  const bool is_log = node.op.find("log_softmax") != std::string::npos;
  return w.give(node, w.emit(is_log ? "LogSoftmax" : "Softmax",
                             {w.as_type(node, "self", w.result_of(node).dtype)},
                             {axis_attribute(integer_of(node, "dim", -1))}));
}

// Rows of -infinity give zeros.
bool write_safe_softmax(OnnxWriter& w, const Node& node) {
  const at::ScalarType dtype = w.result_of(node).dtype;
  const std::string y = w.emit("Softmax", {w.as_type(node, "self", dtype)},
                               {axis_attribute(integer_of(node, "dim", -1))});
  return w.give(node, w.emit("Where", {w.emit("IsNaN", {y}), w.scalar(0, dtype), y}));
}

bool write_clipped(OnnxWriter& w, const Node& node) {
  const at::ScalarType dtype = w.result_of(node).dtype;
  const bool six = node.op == "aten::relu6";
  const double low = six ? 0 : number_of(node, "min_val", -1);
  const double high = six ? 6 : number_of(node, "max_val", 1);
  return w.give(
      node, w.emit("Clip", {w.operand(node, "self"), w.scalar(low, dtype), w.scalar(high, dtype)}));
}

std::string hard_sigmoid(OnnxWriter& w, const std::string& x) {
  return w.emit("HardSigmoid", {x}, {{"alpha", 1.0F / 6}, {"beta", 0.5F}});
}

bool write_hardswish(OnnxWriter& w, const Node& node) {
  const std::string x = w.operand(node, "self");
  return w.give(node, w.emit("HardSwish", {x}));
}

bool write_hardsigmoid(OnnxWriter& w, const Node& node) {
  return w.give(node, hard_sigmoid(w, w.operand(node, "self")));
}

bool write_leaky_relu(OnnxWriter& w, const Node& node) {
  const auto slope = static_cast<float>(number_of(node, "negative_slope", 0.01));
  return w.give(node, w.emit("LeakyRelu", {w.operand(node, "self")}, {{"alpha", slope}}));
}

bool write_elu(OnnxWriter& w, const Node& node) {
  if (number_of(node, "scale", 1) != 1 || number_of(node, "input_scale", 1) != 1) return false;
  const auto alpha = static_cast<float>(number_of(node, "alpha", 1));
  const char* op = node.op == "aten::celu" ? "Celu" : "Elu";
  return w.give(node, w.emit(op, {w.operand(node, "self")}, {{"alpha", alpha}}));
}

bool write_selu(OnnxWriter& w, const Node& node) {
  return w.give(node, w.emit("Selu", {w.operand(node, "self")}));
}

// log(1 + exp(beta x)) / beta; linear where beta x is beyond the threshold, which changes nothing
// that float32 shows.
bool write_softplus(OnnxWriter& w, const Node& node) {
  const at::ScalarType dtype = w.result_of(node).dtype;
  const double beta = number_of(node, "beta", 1);
  std::string x = w.operand(node, "self");
  if (number_of(node, "threshold", 20) < 20) return false;
  if (beta != 1) x = w.emit("Mul", {x, w.scalar(beta, dtype)});
  const std::string y = w.emit("Softplus", {x});
  return w.give(node, beta == 1 ? y : w.emit("Div", {y, w.scalar(beta, dtype)}));
}

bool write_log_sigmoid(OnnxWriter& w, const Node& node) {
  const std::string x = w.operand(node, "self");
  return w.give(node, w.emit("Neg", {w.emit("Softplus", {w.emit("Neg", {x})})}));
}

// The slopes [C] meet dimension 1.
bool write_prelu(OnnxWriter& w, const Node& node) {
  const Value* x = w.value_of(node, "self");
  const Value* slopes = w.value_of(node, "weight");
  if (x == nullptr || slopes == nullptr) return false;
  std::string weight = w.operand(node, "weight");
  const bool many = slopes->shape.size() == 1 && !(slopes->shape[0] == Dim(1));
  if (many && x->shape.size() > 2) {
    std::vector<int64_t> axes;
    for (size_t d = 2; d < x->shape.size(); ++d) axes.push_back(static_cast<int64_t>(d) - 1);
    weight = w.emit("Unsqueeze", {weight, w.numbers(axes)});
  }
  return w.give(node, w.emit("PRelu", {w.operand(node, "self"), weight}));
}

bool write_glu(OnnxWriter& w, const Node& node) {
  const Value* x = w.value_of(node, "self");
  if (x == nullptr || x->shape.empty()) return false;
  const int64_t dim = from_front(integer_of(node, "dim", -1), x->shape.size());
  const Dim& size = x->shape.at(static_cast<size_t>(dim));
  if (size.is_symbolic()) return false;
  const auto halves =
      w.emit_many("Split", {w.operand(node, "self"), w.numbers({size.size / 2, size.size / 2})},
                  {axis_attribute(dim)}, 2);
  return w.give(node, w.emit("Mul", {halves[0], w.emit("Sigmoid", {halves[1]})}));
}

constexpr OperatorRow kRows[] = {
    {"aten::gelu", write_gelu, nullptr},
    {"aten::silu", write_silu, nullptr},
    {"aten::mish", write_mish, nullptr},
    {"aten::softmax", write_softmax, nullptr},
    {"aten::_softmax", write_softmax, nullptr},
    {"aten::special_softmax", write_softmax, nullptr},
    {"aten::_safe_softmax", write_safe_softmax, nullptr},
    {"aten::log_softmax", write_softmax, nullptr},
    {"aten::_log_softmax", write_softmax, nullptr},
    {"aten::hardtanh", write_clipped, nullptr},
    {"aten::relu6", write_clipped, nullptr},
    {"aten::hardswish", write_hardswish, nullptr},
    {"aten::hardsigmoid", write_hardsigmoid, nullptr},
    {"aten::leaky_relu", write_leaky_relu, nullptr},
    {"aten::elu", write_elu, nullptr},
    {"aten::celu", write_elu, nullptr},
    {"aten::selu", write_selu, nullptr},
    {"aten::softplus", write_softplus, nullptr},
    {"aten::log_sigmoid", write_log_sigmoid, nullptr},
    {"aten::prelu", write_prelu, nullptr},
    {"aten::_prelu_kernel", write_prelu, nullptr},
    {"aten::glu", write_glu, nullptr},
};

}  // namespace

std::span<const OperatorRow> onnx_activation_rows() { return kRows; }

}  // namespace maas
