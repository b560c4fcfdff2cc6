#include "run/take_norms.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/stack.h>

#include <map>

#include "call/rewriter.h"
#include "program/arguments.h"
#include "program/emit.h"
#include "program/rewrite.h"
#include "run/fold_batch_norm.h"
#include "run/lower/activation.h"
#include "run/lower/packed_convolution.h"

namespace maas {
namespace {

bool is_of_one_place(const Node& node) {
  const auto is = [&](const char* name, int64_t number) {
    const auto numbers = integers_of(node, name, {});
    return numbers == std::vector<int64_t>{number, number};
  };
  return node.op == kPackedConvolution && is("kernel", 1) && is("padding", 0);
}

class Taker {
 public:
  explicit Taker(Program program)
      : weights_(tensors_by_value(program)), r_(std::move(program), "take-norms") {}

  Program run() {
    for (size_t i = 0; i < r_.size(); ++i) {
      if (is_of_one_place(r_.node(i))) take(i);
    }
    return r_.finish();
  }

 private:
  // The node that makes the value, where `reader` alone reads it.
  std::optional<size_t> made_for(size_t reader, ValueId id) const {
    if (id == kNoValue || r_.only_reader(id) != reader) return std::nullopt;
    return r_.producer_index(id);
  }

  void take(size_t conv) {
    auto before = made_for(conv, operand_of(r_.node(conv), "x"));
    if (!before) return;
    std::string activation = "none";
    size_t reader = conv;
    const auto name = activation_name(r_.node(*before));
    if (name && limits_of(activation_named(*name))) {
      activation = *name;
      reader = *before;
      before = made_for(reader, operand_of(r_.node(reader), "self"));
    }
    const auto norm = before ? known_norm(r_.node(*before), weights_) : std::nullopt;
    if (!norm || !is_image(operand_of(r_.node(*before), "input"))) return;
    const at::Tensor rows = at::stack({norm->mean, norm->scale, norm->shift}).to(at::kFloat);
    Node& node = r_.node(conv);
    node.set("x", ValueRef{operand_of(r_.node(*before), "input")});
    node.set("x_norm", ValueRef{add_weight(r_.program(), "norm", rows)});
    node.set("x_activation", activation);
    if (reader != conv) r_.remove(reader);
    r_.remove(*before);
  }

  bool is_image(ValueId id) const {
    return id != kNoValue && r_.program().value(id).dtype == at::kFloat &&
           r_.program().value(id).shape.size() == 4;
  }

  const std::map<ValueId, at::Tensor> weights_;
  Rewriter r_;
};

}  // namespace

Program take_norms(Program program) {
  const at::NoGradGuard no_gradients;
  return Taker(std::move(program)).run();
}

}  // namespace maas
