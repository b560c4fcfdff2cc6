#include "run/quick_products.h"

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include "base/error.h"
#include "call/declare_shapes.h"
#include "call/rewriter.h"
#include "program/arguments.h"
#include "program/emit.h"
#include "program/rewrite.h"
#include "run/lower/linear_race.h"

namespace maas {
namespace {

constexpr int64_t kMost = int64_t{1} << 30;  // rows: more than any product has

struct Product {  // x [..., in] times y [in, out], or weight [out, in] turned (+ bias [out])
  ValueId x = kNoValue, y = kNoValue, weight = kNoValue, bias = kNoValue;
};

class QuickProducts {
 public:
  QuickProducts(Program program, const Target& target)
      : race_(target.kernels, target.race_seconds),
        weights_(tensors_by_value(program)),
        r_(std::move(program), "quick-products") {}

  Program run() {
    for (size_t i = 0; i < r_.size(); ++i) {
      r_.at(i);
      const auto product = product_of(r_.node(i));
      const auto sizes = product ? sizes_of(*product) : std::nullopt;
      if (sizes && quickest_linear(race_, form_of(*product), *sizes) == LinearKernel::kOnednn) {
        put(i, *product);
      }
    }
    return r_.finish();
  }

 private:
  static std::optional<Product> product_of(const Node& node) {
    const std::string name = node.full_name();
    if (number_of(node, "beta", 1) != 1 || number_of(node, "alpha", 1) != 1) return std::nullopt;
    Product product;
    if (name == "aten::addmm") {
      product.x = operand_of(node, "mat1");
      product.y = operand_of(node, "mat2");
      product.bias = operand_of(node, "self");
      if (product.bias == kNoValue) return std::nullopt;
    } else if (name == "aten::mm" || name == "aten::matmul") {
      product.x = operand_of(node, "self");
      product.y = operand_of(node, name == "aten::mm" ? "mat2" : "other");
    } else if (name == "aten::linear") {
      product.x = operand_of(node, "input");
      product.weight = operand_of(node, "weight");
      product.bias = operand_of(node, "bias");
    } else {
      return std::nullopt;
    }
    return product;
  }

  // The sizes of a float32 value; empty for others.
  std::vector<int64_t> shape_of(ValueId id) const {
    if (id == kNoValue || r_.program().value(id).dtype != at::kFloat) return {};
    std::vector<int64_t> sizes;
    for (const Dim& dim : r_.program().value(id).shape) sizes.push_back(dim.size);
    return sizes;
  }

  static int64_t rows_of(const std::vector<int64_t>& sizes) {
    int64_t rows = 1;
    for (size_t i = 0; i + 1 < sizes.size(); ++i) {
      rows = std::min(rows * std::clamp<int64_t>(sizes[i], 1, kMost), kMost);
    }
    return rows;
  }

  std::optional<LinearSizes> sizes_of(const Product& product) const {
    const std::vector<int64_t> x = shape_of(product.x);
    std::vector<int64_t> y = shape_of(product.weight != kNoValue ? product.weight : product.y);
    if (x.size() < 2 || y.size() != 2) return std::nullopt;
    if (product.weight != kNoValue) std::swap(y[0], y[1]);
    if (product.bias != kNoValue) {
      const std::vector<int64_t> bias = shape_of(product.bias);
      if (bias.size() != 1 || bias[0] != y[1]) return std::nullopt;
    }
    return LinearSizes{rows_of(x), x.back(), y[1], product.bias != kNoValue};
  }

  // What the value is the transpose of; kNoValue when it is none.
  ValueId stored(ValueId id) const {
    const Node* node = r_.producer(id);
    return node != nullptr && node->op == "aten::t" ? operand_of(*node, "self") : kNoValue;
  }

  LinearForm form_of(const Product& product) const {
    if (stored(product.x) != kNoValue) return LinearForm::kBothTurned;
    if (product.weight != kNoValue || stored(product.y) != kNoValue) return LinearForm::kPlain;
    const auto known = weights_.find(product.y);  // a view that was made once
    const bool turned = known != weights_.end() && !known->second.is_contiguous();
    return turned ? LinearForm::kPlain : LinearForm::kPlainTurned;
  }

  void put(size_t index, const Product& product) {
    ValueId weight = product.weight != kNoValue ? product.weight : stored(product.y);
    if (weight == kNoValue) weight = r_.emit("aten::t", {{"self", ValueRef{product.y}}});
    Argument bias = None{};
    if (product.bias != kNoValue) bias = ValueRef{product.bias};
    Node layer = make_node("mkldnn::_linear_pointwise", {{"X", ValueRef{product.x}},
                                                         {"W", ValueRef{weight}},
                                                         {"B", bias},
                                                         {"attr", std::string("none")},
                                                         {"scalars", IntList{}},
                                                         {"algorithm", None{}}});
    layer.outputs = r_.node(index).outputs;
    r_.node(index) = std::move(layer);
  }

  KernelRace race_;
  const std::map<ValueId, at::Tensor> weights_;
  Rewriter r_;
};

// Gradients come without shapes.
Program declared(Program program) {
  try {
    return with_shapes(program, "quick-products");
  } catch (const Error&) {
    return program;  // what has no shape keeps its kernel
  }
}

}  // namespace

Program quick_products(Program program, const Target& target) {
  return QuickProducts(declared(std::move(program)), target).run();
}

}  // namespace maas
