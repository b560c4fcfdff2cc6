#include "run/fuse_pointwise.h"

#include <ATen/core/dispatch/Dispatcher.h>

#include <optional>

#include "program/arguments.h"
#include "program/emit.h"
#include "program/rewrite.h"

namespace maas {
namespace {

constexpr const char* kConvolution = "mkldnn::_convolution_pointwise";

class Fuser {
 public:
  explicit Fuser(Program program) : program_(std::move(program)) {
    find_readers();
    removed_.assign(program_.nodes.size(), false);
  }

  Program run() {
    const bool sums = c10::Dispatcher::singleton().findSchema({kConvolution, "binary"}).has_value();
    for (size_t i = 0; i < program_.nodes.size(); ++i) {
      const std::string name = program_.nodes[i].full_name();
      if (name == kConvolution) {
        const size_t place = sums ? take_sum(i) : i;
        take_relu(place);
      } else if (name == "aten::addmm") {
        take_relu(i);
      }
    }
    std::vector<Node> kept;
    for (size_t i = 0; i < program_.nodes.size(); ++i) {
      if (!removed_[i]) kept.push_back(std::move(program_.nodes[i]));
    }
    program_.nodes = std::move(kept);
    return std::move(program_);
  }

 private:
  void find_readers() {
    reads_ = count_uses(program_);
    reader_.assign(program_.values.size(), 0);
    for (size_t i = 0; i < program_.nodes.size(); ++i) {
      for_each_use(program_.nodes[i], [&](ValueId id) { reader_[id] = i; });
    }
    is_output_.assign(program_.values.size(), false);
    for (const GraphOutput& output : program_.outputs) {
      for_each_use(output.value, [&](ValueId id) { is_output_[id] = true; });
    }
  }

  ValueId result_of(size_t index) const { return program_.nodes[index].outputs.at(0).ids.at(0); }

  // The only node that reads the result; nullopt when there are more or the graph gives it away.
  std::optional<size_t> only_reader(size_t index) const {
    const auto id = static_cast<size_t>(result_of(index));
    if (reads_[id] != 1 || is_output_[id]) return std::nullopt;
    return reader_[id];
  }

  void take_relu(size_t index) {
    const auto reader = only_reader(index);
    if (!reader || program_.nodes[*reader].full_name() != "aten::relu") return;
    Node& node = program_.nodes[index];
    if (node.op == "aten::addmm") {
      if (node.find("beta") != nullptr || node.find("alpha") != nullptr) return;
      node.op = "aten::_addmm_activation";
    } else {
      node.set(node.overload == "binary" ? "unary_attr" : "attr", std::string("relu"));
    }
    node.outputs = program_.nodes[*reader].outputs;
    removed_[*reader] = true;
  }

  // Puts the convolution in the place of the sum, where the other operand is there too; says where.
  size_t take_sum(size_t index) {
    const auto reader = only_reader(index);
    if (!reader || program_.nodes[*reader].full_name() != "aten::add.Tensor") return index;
    const Node& sum = program_.nodes[*reader];
    const ValueId left = operand_of(sum, "self"), right = operand_of(sum, "other");
    if (sum.find("alpha") != nullptr || left == right || left == kNoValue || right == kNoValue) {
      return index;
    }
    const ValueId own = result_of(index), other = left == own ? right : left;
    const Value &a = program_.value(own), &b = program_.value(other);
    if (a.shape != b.shape || a.dtype != b.dtype) return index;
    Node fused = program_.nodes[index];
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
    program_.nodes[*reader] = std::move(fused);
    removed_[index] = true;
    return *reader;
  }

  Program program_;
  std::vector<int64_t> reads_;
  std::vector<size_t> reader_;
  std::vector<bool> is_output_, removed_;
};

}  // namespace

Program fuse_pointwise(Program program) { return Fuser(std::move(program)).run(); }

}  // namespace maas
