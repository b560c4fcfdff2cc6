#include "run/fuse_pointwise.h"

#include <ATen/core/dispatch/Dispatcher.h>

#include <optional>

#include "call/rewriter.h"
#include "program/arguments.h"

namespace maas {
namespace {

constexpr const char* kConvolution = "mkldnn::_convolution_pointwise";

class Fuser {
 public:
  explicit Fuser(Program program) : r_(std::move(program), "fuse-pointwise") {}

  Program run() {
    const bool sums = c10::Dispatcher::singleton().findSchema({kConvolution, "binary"}).has_value();
    for (size_t i = 0; i < r_.size(); ++i) {
      const std::string name = r_.node(i).full_name();
      if (name == kConvolution) {
        const size_t place = sums ? take_sum(i) : i;
        take_relu(place);
      } else if (name == "aten::addmm") {
        take_relu(i);
      }
    }
    return r_.finish();
  }

 private:
  ValueId result_of(size_t index) const { return r_.node(index).outputs.at(0).ids.at(0); }

  void take_relu(size_t index) {
    const auto reader = r_.only_reader(result_of(index));
    if (!reader || r_.node(*reader).full_name() != "aten::relu") return;
    Node& node = r_.node(index);
    if (node.op == "aten::addmm") {
      if (node.find("beta") != nullptr || node.find("alpha") != nullptr) return;
      node.op = "aten::_addmm_activation";
    } else {
      node.set(node.overload == "binary" ? "unary_attr" : "attr", std::string("relu"));
    }
    node.outputs = r_.node(*reader).outputs;
    r_.remove(*reader);
  }

  // Puts the convolution in the place of the sum, where the other operand is there too; says where.
  size_t take_sum(size_t index) {
    const auto reader = r_.only_reader(result_of(index));
    if (!reader || r_.node(*reader).full_name() != "aten::add.Tensor") return index;
    const Node& sum = r_.node(*reader);
    const ValueId left = operand_of(sum, "self"), right = operand_of(sum, "other");
    if (sum.find("alpha") != nullptr || left == right || left == kNoValue || right == kNoValue) {
      return index;
    }
    const ValueId own = result_of(index), other = left == own ? right : left;
    const Value &a = r_.program().value(own), &b = r_.program().value(other);
    if (a.shape != b.shape || a.dtype != b.dtype) return index;
    Node fused = r_.node(index);
    fused.overload = "binary";
    fused.arguments.resize(7);  // up to groups
    fused.arguments.insert(fused.arguments.begin() + 1, {"other", ValueRef{other}, false});
    for (const auto& [name, value] : std::initializer_list<std::pair<const char*, Argument>>{
             {"binary_attr", std::string("add")},
             {"alpha", None{}},
             {"unary_attr", None{}},
             {"unary_scalars", IntList{}},
             {"unary_algorithm", None{}}}) {
      fused.arguments.push_back({name, value, false});
    }
    fused.outputs = sum.outputs;
    r_.node(*reader) = std::move(fused);
    r_.remove(index);
    return *reader;
  }

  Rewriter r_;
};

}  // namespace

Program fuse_pointwise(Program program) { return Fuser(std::move(program)).run(); }

}  // namespace maas
