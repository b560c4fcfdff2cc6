// The formulas of these operators' backward kernels: torch's derivatives.yaml.
#include "autodiff/gradient_rule.h"

namespace maas {
namespace {

Argument ref_or_none(ValueId id) { return id == kNoValue ? Argument(None{}) : ValueRef{id}; }

bool give_each(Backward& b, const std::vector<ValueId>& operands,
               const std::vector<ValueId>& gradients) {
  for (size_t i = 0; i < operands.size(); ++i) b.give(operands[i], gradients[i]);
  return true;
}

// What max and average pooling share: the window, and what it lies on.
std::vector<Operand> window(const Backward& b) {
  return {{"grad_output", ValueRef{b.gradient()}},
          {"self", ValueRef{b.operand("self")}},
          {"kernel_size", argument_of(b.node(), "kernel_size", IntList{})},
          {"stride", argument_of(b.node(), "stride", IntList{})},
          {"padding", argument_of(b.node(), "padding", int_list({0, 0}))},
          {"ceil_mode", flag_of(b.node(), "ceil_mode", false)}};
}

bool is_matrix(const Backward& b, ValueId id) {
  return id != kNoValue && b.value(id).shape.size() == 2;
}

// d(a b) for matrices: da = g b', db = (g' a)'. The second form leaves the gradient of a weight
// that was transposed in its own layout.
void give_product(Backward& b, ValueId left, ValueId right, ValueId gradient) {
  if (b.wants(left)) {
    b.give(left, b.emit("aten::mm",
                        {{"self", ValueRef{gradient}}, {"mat2", ValueRef{b.transposed(right)}}}));
  }
  if (b.wants(right)) {
    const ValueId product =
        b.emit("aten::mm", {{"self", ValueRef{b.transposed(gradient)}}, {"mat2", ValueRef{left}}});
    b.give(right, b.transposed(product));
  }
}

bool mm(Backward& b) {
  give_product(b, b.operand("self"), b.operand("mat2"), b.gradient());
  return true;
}

bool addmm(Backward& b) {
  if (number_of(b.node(), "beta", 1) != 1 || number_of(b.node(), "alpha", 1) != 1) return false;
  if (b.wants("self")) b.give("self", b.reduced(b.gradient(), b.operand("self")));
  give_product(b, b.operand("mat1"), b.operand("mat2"), b.gradient());
  return true;
}

bool linear(Backward& b) {
  const ValueId x = b.operand("input"), weight = b.operand("weight"), bias = b.operand("bias");
  if (!is_matrix(b, weight) || b.value(x).shape.size() < 2) return false;
  const ValueId g = b.gradient();
  const auto rows = [&](ValueId id) {
    return b.emit("aten::flatten.using_ints",
                  {{"self", ValueRef{id}}, {"start_dim", int64_t{0}}, {"end_dim", int64_t{-2}}});
  };
  if (b.wants(x)) {
    b.give(x, b.emit("aten::matmul", {{"self", ValueRef{g}}, {"other", ValueRef{weight}}}));
  }
  if (!b.wants(weight) && !b.wants(bias)) return true;
  const ValueId flat = rows(g);
  if (b.wants(weight)) {
    const ValueId transposed = b.emit("aten::t", {{"self", ValueRef{flat}}});
    b.give(weight,
           b.emit("aten::mm", {{"self", ValueRef{transposed}}, {"mat2", ValueRef{rows(x)}}}));
  }
  if (b.wants(bias)) {
    b.give(bias, b.emit("aten::sum.dim_IntList",
                        {{"self", ValueRef{flat}}, {"dim", int_list({0})}, {"keepdim", false}}));
  }
  return true;
}

// Batches of matrices with the same leading sizes; other broadcasts are left to autograd.
bool matmul(Backward& b) {
  const bool is_bmm = b.node().op == "aten::bmm";
  const ValueId left = b.operand("self"), right = b.operand(is_bmm ? "mat2" : "other");
  const std::vector<Dim>&x = b.value(left).shape, &y = b.value(right).shape;
  if (x.size() != y.size() || x.size() < 2) return false;
  for (size_t i = 0; i + 2 < x.size(); ++i) {
    if (x[i] != y[i]) return false;
  }
  const auto transposed = [&](ValueId id) {
    return b.emit("aten::transpose.int",
                  {{"self", ValueRef{id}}, {"dim0", int64_t{-2}}, {"dim1", int64_t{-1}}});
  };
  const auto product = [&](ValueId a, ValueId c) {
    return b.emit("aten::matmul", {{"self", ValueRef{a}}, {"other", ValueRef{c}}});
  };
  if (b.wants(left)) b.give(left, product(b.gradient(), transposed(right)));
  if (b.wants(right)) b.give(right, product(transposed(left), b.gradient()));
  return true;
}

bool convolution(Backward& b) {
  const ValueId x = b.operand("input"), weight = b.operand("weight"), bias = b.operand("bias");
  if (weight == kNoValue || b.value(weight).shape.size() < 3) return false;
  const size_t axes = b.value(weight).shape.size() - 2;
  if (b.value(x).shape.size() != axes + 2) return false;  // without a batch dimension
  const auto numbers = [&](const char* name, int64_t otherwise) -> Argument {
    auto given = integers_of(b.node(), name, {otherwise});
    if (!given) return None{};
    if (given->size() == 1) given->assign(axes, given->front());
    return int_list(*given);
  };
  const Argument stride = numbers("stride", 1), padding = numbers("padding", 0),
                 dilation = numbers("dilation", 1), extra = numbers("output_padding", 0);
  for (const Argument* argument : {&stride, &padding, &dilation, &extra}) {
    if (std::holds_alternative<None>(*argument)) return false;
  }
  const bool transposed = flag_of(b.node(), "transposed", false);
  Argument bias_sizes = None{};
  if (bias != kNoValue) bias_sizes = b.sizes(bias);
  const auto made =
      b.emit_many("aten::convolution_backward",
                  {{"grad_output", ValueRef{b.gradient()}},
                   {"input", ValueRef{x}},
                   {"weight", ValueRef{weight}},
                   {"bias_sizes", bias_sizes},
                   {"stride", stride},
                   {"padding", padding},
                   {"dilation", dilation},
                   {"transposed", transposed},
                   {"output_padding", extra},
                   {"groups", integer_of(b.node(), "groups", 1)},
                   {"output_mask", std::vector<bool>{b.wants(x), b.wants(weight), b.wants(bias)}}},
                  3);
  return give_each(b, {x, weight, bias}, made);
}

bool max_pool2d(Backward& b) {
  std::vector<Operand> operands = window(b);
  operands.push_back({"dilation", argument_of(b.node(), "dilation", int_list({1, 1}))});
  operands.push_back({"indices", ValueRef{b.result(1)}});
  b.give("self", b.emit("aten::max_pool2d_with_indices_backward", operands));
  return true;
}

bool avg_pool2d(Backward& b) {
  std::vector<Operand> operands = window(b);
  operands.push_back({"count_include_pad", flag_of(b.node(), "count_include_pad", true)});
  operands.push_back({"divisor_override", argument_of(b.node(), "divisor_override", None{})});
  b.give("self", b.emit("aten::avg_pool2d_backward", operands));
  return true;
}

bool adaptive_avg_pool2d(Backward& b) {
  b.give("self",
         b.emit("aten::_adaptive_avg_pool2d_backward",
                {{"grad_output", ValueRef{b.gradient()}}, {"self", ValueRef{b.operand("self")}}}));
  return true;
}

bool batch_norm(Backward& b) {
  const ValueId x = b.operand("input"), weight = b.operand("weight"), bias = b.operand("bias");
  const auto made =
      b.emit_many("aten::native_batch_norm_backward",
                  {{"grad_out", ValueRef{b.gradient()}},
                   {"input", ValueRef{x}},
                   {"weight", ref_or_none(weight)},
                   {"running_mean", ref_or_none(b.operand("running_mean"))},
                   {"running_var", ref_or_none(b.operand("running_var"))},
                   {"save_mean", ValueRef{b.result(1)}},
                   {"save_invstd", ValueRef{b.result(2)}},
                   {"train", flag_of(b.node(), "training", false)},
                   {"eps", number_of(b.node(), "eps", 1e-5)},
                   {"output_mask", std::vector<bool>{b.wants(x), b.wants(weight), b.wants(bias)}}},
                  3);
  return give_each(b, {x, weight, bias}, made);
}

bool layer_norm(Backward& b) {
  const ValueId x = b.operand("input"), weight = b.operand("weight"), bias = b.operand("bias");
  const auto made =
      b.emit_many("aten::native_layer_norm_backward",
                  {{"grad_out", ValueRef{b.gradient()}},
                   {"input", ValueRef{x}},
                   {"normalized_shape", argument_of(b.node(), "normalized_shape", None{})},
                   {"mean", ValueRef{b.result(1)}},
                   {"rstd", ValueRef{b.result(2)}},
                   {"weight", ref_or_none(weight)},
                   {"bias", ref_or_none(bias)},
                   {"output_mask", std::vector<bool>{b.wants(x), b.wants(weight), b.wants(bias)}}},
                  3);
  return give_each(b, {x, weight, bias}, made);
}

bool embedding(Backward& b) {
  const ValueId weight = b.operand("weight");
  const Dim rows = b.value(weight).shape.at(0);
  if (rows.is_symbolic() || flag_of(b.node(), "sparse", false)) return false;
  b.give(weight, b.emit("aten::embedding_dense_backward",
                        {{"grad_output", ValueRef{b.gradient()}},
                         {"indices", ValueRef{b.operand("indices")}},
                         {"num_weights", rows.size},
                         {"padding_idx", integer_of(b.node(), "padding_idx", -1)},
                         {"scale_grad_by_freq", flag_of(b.node(), "scale_grad_by_freq", false)}}));
  return true;
}

bool flash_attention(Backward& b) {
  const auto made = b.emit_many("aten::_scaled_dot_product_flash_attention_for_cpu_backward",
                                {{"grad_out", ValueRef{b.gradient()}},
                                 {"query", ValueRef{b.operand("query")}},
                                 {"key", ValueRef{b.operand("key")}},
                                 {"value", ValueRef{b.operand("value")}},
                                 {"out", ValueRef{b.result(0)}},
                                 {"logsumexp", ValueRef{b.result(1)}},
                                 {"dropout_p", number_of(b.node(), "dropout_p", 0)},
                                 {"is_causal", flag_of(b.node(), "is_causal", false)},
                                 {"attn_mask", ref_or_none(b.operand("attn_mask"))},
                                 {"scale", argument_of(b.node(), "scale", None{})}},
                                3);
  return give_each(b, {b.operand("query"), b.operand("key"), b.operand("value")}, made);
}

bool dropout(Backward& b) {
  const double p = number_of(b.node(), "p", 0.5);
  b.give("input", b.emit("aten::native_dropout_backward", {{"grad_output", ValueRef{b.gradient()}},
                                                           {"mask", ValueRef{b.result(1)}},
                                                           {"scale", p == 1 ? 0.0 : 1 / (1 - p)}}));
  return true;
}

}  // namespace

void add_layer_rules(GradientRules& rules) {
  rules["aten::mm"] = mm;
  rules["aten::addmm"] = addmm;
  rules["aten::linear"] = linear;
  rules["aten::matmul"] = matmul;
  rules["aten::bmm"] = matmul;
  for (const char* op : {"conv1d", "conv2d", "conv3d", "convolution"}) {
    rules[std::string("aten::") + op] = convolution;
  }
  rules["aten::max_pool2d_with_indices"] = max_pool2d;
  rules["aten::avg_pool2d"] = avg_pool2d;
  rules["aten::adaptive_avg_pool2d"] = adaptive_avg_pool2d;
  rules["aten::_adaptive_avg_pool2d"] = adaptive_avg_pool2d;
  rules["aten::native_batch_norm"] = batch_norm;
  rules["aten::native_layer_norm"] = layer_norm;
  rules["aten::embedding"] = embedding;
  rules["aten::_scaled_dot_product_flash_attention_for_cpu"] = flash_attention;
  rules["aten::native_dropout"] = dropout;
}

}  // namespace maas
