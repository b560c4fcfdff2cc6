#include "run/training_norms.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "call/rewriter.h"
#include "program/arguments.h"
#include "program/emit.h"
#include "run/lower/norm_operators.h"

namespace maas {
namespace {

ValueId result_of(const Node& node, size_t index) { return node.outputs[index].ids[0]; }

class FuseNorms {
 public:
  explicit FuseNorms(Program program) : r_(std::move(program), "fuse-norms") {}

  Program run() {
    for (size_t i = 0; i < r_.size(); ++i) {
      if (r_.node(i).op == "aten::native_batch_norm") norm(i);
      if (r_.node(i).op == "aten::native_batch_norm_backward") backward(i);
    }
    return r_.finish();
  }

 private:
  bool is_float(ValueId id) const {
    return id != kNoValue && r_.program().value(id).dtype == at::kFloat;
  }
  Argument tensor(const Node& node, const char* name) const {
    const ValueId id = operand_of(node, name);
    return id == kNoValue ? Argument(None{}) : ValueRef{id};
  }
  static bool is_one(const Node& node, const char* name) { return number_of(node, name, 1) == 1; }

  // Rewriting may have named a size anew, or hint at another number.
  bool has_shape_of(ValueId a, ValueId b) const {
    const auto &one = r_.program().value(a).shape, &two = r_.program().value(b).shape;
    const auto same = [](const Dim& x, const Dim& y) {
      return x.is_symbolic() == y.is_symbolic() &&
             (x.size == y.size || (x.is_symbolic() && x.expression == y.expression));
    };
    return std::equal(one.begin(), one.end(), two.begin(), two.end(), same);
  }

  // The tensor that the sum adds to `norm`: of the same shape, so that its gradient is the sum's.
  std::optional<ValueId> added_to(ValueId norm, const Node& sum) const {
    if (sum.full_name() != "aten::add.Tensor" || !is_one(sum, "alpha")) return std::nullopt;
    const ValueId left = operand_of(sum, "self"), right = operand_of(sum, "other");
    const ValueId other = left == norm ? right : left;
    if (left == right || !is_float(other) || !has_shape_of(other, norm)) return std::nullopt;
    return other;
  }

  // Nodes behind the norm that go with it: their last is where the fused one stands.
  struct Behind {
    std::vector<size_t> nodes;
    Argument other = None{};
    bool relu = false;
  };

  Behind behind(size_t index) const {
    Behind found;
    ValueId last = result_of(r_.node(index), 0);
    auto reader = r_.only_reader(last);
    if (reader && taken_.count(*reader) == 0) {
      if (const auto added = added_to(last, r_.node(*reader))) {
        found.other = ValueRef{*added};
        found.nodes.push_back(*reader);
        last = result_of(r_.node(*reader), 0);
        reader = r_.only_reader(last);
      }
    }
    found.relu = reader && r_.node(*reader).full_name() == "aten::relu";
    if (found.relu) found.nodes.push_back(*reader);
    return found;
  }

  void norm(size_t index) {
    const Node node = r_.node(index);
    if (!flag_of(node, "training", false) || !is_float(operand_of(node, "input"))) return;
    const Behind after = behind(index);
    Node made = make_node(kNormRelu, {{"x", tensor(node, "input")},
                                      {"weight", tensor(node, "weight")},
                                      {"bias", tensor(node, "bias")},
                                      {"running_mean", tensor(node, "running_mean")},
                                      {"running_var", tensor(node, "running_var")},
                                      {"momentum", number_of(node, "momentum", 0.1)},
                                      {"eps", number_of(node, "eps", 1e-5)},
                                      {"other", after.other},
                                      {"relu", after.relu}});
    made.outputs = node.outputs;
    size_t place = index;
    for (const size_t with : after.nodes) {
      r_.remove(place);
      place = with;
      made.outputs[0] = r_.node(with).outputs[0];
      taken_.insert(with);
    }
    Trained trained{tensor(node, "bias"), kNoValue};
    if (after.relu && after.other == Argument(None{})) trained.relu = result_of(made, 0);
    trained_[result_of(node, 1)] = trained;
    r_.node(place) = std::move(made);
  }

  // The gradient in front of the ReLU that stands behind the norm alone; nullopt where there is
  // none, or something else reads the one behind it.
  std::optional<ValueId> gradient_of_relu(size_t index, ValueId relu) const {
    const ValueId gradient = operand_of(r_.node(index), "grad_out");
    const Node* maker = r_.producer(gradient);
    if (relu == kNoValue || maker == nullptr || maker->op != "aten::threshold_backward" ||
        operand_of(*maker, "self") != relu || number_of(*maker, "threshold", 0) != 0 ||
        r_.only_reader(gradient) != index) {
      return std::nullopt;
    }
    return operand_of(*maker, "grad_output");
  }

  void backward(size_t index) {
    const Node node = r_.node(index);
    const auto trained = trained_.find(operand_of(node, "save_mean"));
    if (trained == trained_.end()) return;
    const auto* wanted = std::get_if<std::vector<bool>>(node.find("output_mask"));
    if (wanted == nullptr || wanted->size() != 3) return;
    const auto before = gradient_of_relu(index, trained->second.relu);
    Node made =
        make_node(kNormReluBackward,
                  {{"gradient", before ? Argument(ValueRef{*before}) : tensor(node, "grad_out")},
                   {"x", tensor(node, "input")},
                   {"weight", tensor(node, "weight")},
                   {"bias", trained->second.bias},
                   {"mean", tensor(node, "save_mean")},
                   {"invstd", tensor(node, "save_invstd")},
                   {"relu", before.has_value()},
                   {"wants_x", wanted->at(0)}});
    made.outputs = node.outputs;
    r_.node(index) = std::move(made);
  }

  struct Trained {
    Argument bias = None{};
    ValueId relu = kNoValue;  // the result of the ReLU behind the norm
  };

  Rewriter r_;
  std::set<size_t> taken_;              // nodes that went with a norm
  std::map<ValueId, Trained> trained_;  // by the batch's mean
};

}  // namespace

Program fuse_norms(Program program) {
  register_norm_operators();
  return FuseNorms(std::move(program)).run();
}

}  // namespace maas
