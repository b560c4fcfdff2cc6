#include "autodiff/gradient_rule.h"

namespace maas {
namespace {

bool nll_loss(Backward& b) {
  b.give("self", b.emit("aten::nll_loss_backward",
                        {{"grad_output", ValueRef{b.gradient()}},
                         {"self", ValueRef{b.operand("self")}},
                         {"target", ValueRef{b.operand("target")}},
                         {"weight", argument_of(b.node(), "weight", None{})},
                         {"reduction", integer_of(b.node(), "reduction", 1)},
                         {"ignore_index", integer_of(b.node(), "ignore_index", -100)},
                         {"total_weight", ValueRef{b.result(1)}}}));
  return true;
}

// mse_loss, huber_loss: the operator's own backward kernel.
bool pointwise_loss(Backward& b) {
  if (b.wants("target")) return false;
  std::vector<Operand> operands = {{"grad_output", ValueRef{b.gradient()}},
                                   {"self", ValueRef{b.operand("self")}},
                                   {"target", ValueRef{b.operand("target")}},
                                   {"reduction", integer_of(b.node(), "reduction", 1)}};
  if (b.node().op == "aten::huber_loss") {
    operands.push_back({"delta", number_of(b.node(), "delta", 1)});
  }
  b.give("self", b.emit(b.node().op + "_backward", operands));
  return true;
}

// d/dx of the mean of w (log(1 + e^x) - t x): w (sigmoid(x) - t) / n.
bool logistic_loss(Backward& b) {
  const ValueId x = b.operand("self"), weight = b.operand("weight");
  if (b.wants("target") || b.operand("pos_weight") != kNoValue ||
      integer_of(b.node(), "reduction", 1) != 1) {
    return false;
  }
  const ValueId probability = b.emit("aten::sigmoid", {{"self", ValueRef{x}}}, x);
  ValueId slope = b.emit("aten::sub.Tensor", {{"self", ValueRef{probability}},
                                              {"other", ValueRef{b.operand("target")}}});
  const auto times = [&](ValueId factor) {
    slope = b.emit("aten::mul.Tensor", {{"self", ValueRef{slope}}, {"other", ValueRef{factor}}});
  };
  if (weight != kNoValue) times(weight);
  times(b.gradient());
  b.give(x,
         b.emit("aten::div.Tensor", {{"self", ValueRef{slope}}, {"other", ValueRef{b.count(x)}}}));
  return true;
}

}  // namespace

void add_loss_rules(GradientRules& rules) {
  rules["aten::nll_loss_forward"] = nll_loss;
  rules["aten::mse_loss"] = rules["aten::huber_loss"] = pointwise_loss;
  rules["aten::binary_cross_entropy_with_logits"] = logistic_loss;
}

}  // namespace maas
