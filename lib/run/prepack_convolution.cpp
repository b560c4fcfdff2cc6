#include "run/prepack_convolution.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "program/rewrite.h"

namespace maas {
namespace {

constexpr const char* kReorder = "mkldnn::_reorder_convolution_weight";
constexpr const char* kConvolution = "mkldnn::_convolution_pointwise";

// The numbers of an argument of conv2d, "otherwise" where it has its default; nullopt when
// symbolic.
std::optional<std::vector<int64_t>> numbers_of(const Argument* argument, int64_t otherwise) {
  if (argument == nullptr) return std::vector<int64_t>(2, otherwise);
  if (const auto* number = std::get_if<int64_t>(argument)) return std::vector<int64_t>(2, *number);
  const auto* list = std::get_if<IntList>(argument);
  if (list == nullptr || list->items.empty()) return std::nullopt;
  std::vector<int64_t> numbers;
  for (const IntOrValue& item : list->items) {
    if (item.value != kNoValue) return std::nullopt;
    numbers.push_back(item.number);
  }
  if (numbers.size() == 1) numbers.push_back(numbers[0]);
  return numbers;
}

IntList int_list(const std::vector<int64_t>& numbers) {
  IntList list;
  for (const int64_t number : numbers) list.items.push_back({number, kNoValue});
  return list;
}

struct Convolution {
  Argument input, bias;
  at::Tensor weight;
  std::vector<int64_t> padding, stride, dilation;
  int64_t groups = 1;
};

at::Tensor packed(const Convolution& conv) {
  static const auto reorder = c10::Dispatcher::singleton().findSchemaOrThrow(kReorder, "");
  torch::jit::Stack stack = {conv.weight,   conv.padding, conv.stride,
                             conv.dilation, conv.groups,  c10::IValue()};
  reorder.callBoxed(stack);
  return stack.at(0).toTensor();
}

class Packer {
 public:
  explicit Packer(Program program) : program_(std::move(program)) {
    for (const GraphInput& input : program_.inputs) {
      if (input.kind == InputKindOf::kUser || input.value == kNoValue) continue;
      tensors_[input.value] = program_.tensor_of(input);
    }
  }

  Program run() {
    const at::NoGradGuard no_grad;
    uses_ = count_uses(program_);
    for (size_t i = 0; i < program_.nodes.size(); ++i) replace(i);
    if (replaced_ > 0) {
      put_channels_last();
      // A view of channels-last memory may not exist; reshape takes either.
      for (Node& node : program_.nodes) {
        if (node.op == "aten::view" && node.overload.empty()) node.op = "aten::reshape";
      }
    }
    return std::move(program_);
  }

 private:
  std::optional<Convolution> convolution_at(const Node& node) const {
    if (node.op != "aten::conv2d" || !node.overload.empty()) return std::nullopt;
    const auto* input = std::get_if<ValueRef>(node.find("input"));
    const auto* weight = std::get_if<ValueRef>(node.find("weight"));
    if (input == nullptr || weight == nullptr) return std::nullopt;
    const auto found = tensors_.find(weight->id);
    if (found == tensors_.end() || found->second.scalar_type() != at::kFloat ||
        program_.value(input->id).dtype != at::kFloat) {
      return std::nullopt;
    }
    const auto padding = numbers_of(node.find("padding"), 0);
    const auto stride = numbers_of(node.find("stride"), 1);
    const auto dilation = numbers_of(node.find("dilation"), 1);
    if (!padding || !stride || !dilation) return std::nullopt;
    const Argument* groups = node.find("groups");
    const Argument* bias = node.find("bias");
    return Convolution{*input,
                       bias == nullptr ? Argument(None{}) : *bias,
                       found->second,
                       *padding,
                       *stride,
                       *dilation,
                       groups == nullptr ? 1 : std::get<int64_t>(*groups)};
  }

  // The only node that reads `id`; -1 when there are more or the graph gives it away.
  int64_t only_reader(ValueId id) const {
    if (uses_[static_cast<size_t>(id)] != 1) return -1;
    for (size_t i = 0; i < program_.nodes.size(); ++i) {
      bool reads = false;
      for_each_use(program_.nodes[i], [&](ValueId used) { reads = reads || used == id; });
      if (reads) return static_cast<int64_t>(i);
    }
    return -1;
  }

  int64_t following_relu(ValueId id) const {
    const int64_t reader = only_reader(id);
    if (reader < 0) return -1;
    return program_.nodes[static_cast<size_t>(reader)].op == "aten::relu" ? reader : -1;
  }

  // The other operand of a plain sum of equal shapes that `reader` makes with `id`.
  std::optional<ValueId> summand(int64_t reader, ValueId id) const {
    if (reader < 0) return std::nullopt;
    const Node& node = program_.nodes[static_cast<size_t>(reader)];
    if (node.full_name() != "aten::add.Tensor" || node.find("alpha") != nullptr) {
      return std::nullopt;
    }
    const auto* a = std::get_if<ValueRef>(node.find("self"));
    const auto* b = std::get_if<ValueRef>(node.find("other"));
    if (a == nullptr || b == nullptr || a->id == b->id) return std::nullopt;
    const ValueId other = a->id == id ? b->id : a->id;
    const Value &left = program_.value(id), &right = program_.value(other);
    if (left.shape != right.shape || left.dtype != right.dtype) return std::nullopt;
    return other;
  }

  void replace(size_t index) {
    const auto conv = convolution_at(program_.nodes[index]);
    if (!conv) return;
    ValueId result = program_.nodes[index].outputs.at(0).ids.at(0);
    int64_t place = static_cast<int64_t>(index);
    const int64_t sum = only_reader(result);
    const auto other = summand(sum, result);
    if (other) {
      place = sum;
      result = program_.nodes[static_cast<size_t>(sum)].outputs.at(0).ids.at(0);
    }
    const int64_t relu = following_relu(result);
    Node fused = other ? with_sum(*conv, *other, relu >= 0) : alone(*conv, relu >= 0);
    if (relu >= 0) result = program_.nodes[static_cast<size_t>(relu)].outputs.at(0).ids.at(0);
    fused.outputs = {{{result}, false}};
    // The nodes that are now part of it stay as nothing; dead code goes later.
    if (relu >= 0) retire(static_cast<size_t>(relu));
    if (place != static_cast<int64_t>(index)) retire(index);
    program_.nodes[static_cast<size_t>(place)] = std::move(fused);
    ++replaced_;
  }

  // Gives the node results that nobody reads.
  void retire(size_t index) {
    for (Node::Output& output : program_.nodes[index].outputs) {
      for (ValueId& id : output.ids) {
        Value value = program_.value(id);
        value.name += "_unfused";
        id = static_cast<ValueId>(program_.values.size());
        program_.values.push_back(value);
        uses_.push_back(0);
      }
    }
  }

  Node base(const Convolution& conv) {
    Node node;
    node.op = kConvolution;
    const auto add = [&](const char* name, Argument value) {
      node.arguments.push_back({name, std::move(value), false});
    };
    add("X", conv.input);
    add("W", ValueRef{add_weight(packed(conv))});
    add("B", conv.bias);
    add("padding", int_list(conv.padding));
    add("stride", int_list(conv.stride));
    add("dilation", int_list(conv.dilation));
    add("groups", conv.groups);
    return node;
  }

  Node alone(const Convolution& conv, bool relu) {
    Node node = base(conv);
    node.arguments.push_back({"attr", std::string(relu ? "relu" : "none"), false});
    node.arguments.push_back({"scalars", IntList{}, false});
    node.arguments.push_back({"algorithm", None{}, false});
    return node;
  }

  Node with_sum(const Convolution& conv, ValueId other, bool relu) {
    Node node = base(conv);
    node.overload = "binary";
    node.arguments.insert(node.arguments.begin() + 1, {"other", ValueRef{other}, false});
    node.arguments.push_back({"binary_attr", std::string("add"), false});
    node.arguments.push_back({"alpha", None{}, false});
    node.arguments.push_back(
        {"unary_attr", relu ? Argument(std::string("relu")) : Argument(None{}), false});
    node.arguments.push_back({"unary_scalars", IntList{}, false});
    node.arguments.push_back({"unary_algorithm", None{}, false});
    return node;
  }

  // In front of every fused convolution whose input another operator made; free where it is so
  // already, as most operators keep the layout.
  void put_channels_last() {
    std::vector<Node> nodes;
    std::set<ValueId> done;  // results of fused convolutions
    for (Node& node : program_.nodes) {
      if (node.op == kConvolution) {
        auto& input = std::get<ValueRef>(node.arguments.at(0).value);
        if (done.count(input.id) == 0) {
          nodes.push_back(contiguous(input.id));
          input.id = nodes.back().outputs[0].ids[0];
        }
        done.insert(node.outputs[0].ids[0]);
      }
      nodes.push_back(std::move(node));
    }
    program_.nodes = std::move(nodes);
  }

  Node contiguous(ValueId input) {
    Value value = program_.value(input);
    value.name += "_channels_last" + std::to_string(program_.values.size());
    const auto id = static_cast<ValueId>(program_.values.size());
    program_.values.push_back(value);
    Node node;
    node.op = "aten::contiguous";
    node.arguments = {{"self", ValueRef{input}, false},
                      {"memory_format", at::MemoryFormat::ChannelsLast, true}};
    node.outputs = {{{id}, false}};
    return node;
  }

  ValueId add_weight(at::Tensor tensor) {
    const auto id = static_cast<ValueId>(program_.values.size());
    const std::string name = "packed_" + std::to_string(replaced_);
    Value value;
    value.name = name;
    value.shape = {tensor.sizes().begin(), tensor.sizes().end()};
    program_.values.push_back(value);
    uses_.push_back(1);
    program_.inputs.insert(program_.inputs.begin(),
                           {InputKindOf::kParameter, id, name, true, None{}});
    program_.parameters[name] = std::move(tensor);
    return id;
  }

  Program program_;
  std::vector<int64_t> uses_;
  std::map<ValueId, at::Tensor> tensors_;
  int64_t replaced_ = 0;
};

bool looks_at_strides(const Program& program) {
  return std::any_of(program.nodes.begin(), program.nodes.end(),
                     [](const Node& node) { return node.op == "aten::as_strided"; });
}

}  // namespace

bool can_prepack_convolution() {
  auto& dispatcher = c10::Dispatcher::singleton();
  return dispatcher.findSchema({kReorder, ""}).has_value() &&
         dispatcher.findSchema({kConvolution, ""}) &&
         dispatcher.findSchema({kConvolution, "binary"});
}

Program prepack_convolution(Program program) {
  static const bool can = can_prepack_convolution();
  if (!can || looks_at_strides(program)) return program;
  return Packer(std::move(program)).run();
}

}  // namespace maas
