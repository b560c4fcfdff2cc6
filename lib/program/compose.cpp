#include "program/compose.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "program/rewrite.h"

namespace maas {
namespace {

// Adds `first`'s values behind those of `joined` and tells their new numbers.
class Prefix {
 public:
  Prefix(const Program& first, Program& joined)
      : first_(first), joined_(joined), offset_(static_cast<ValueId>(joined.values.size())) {
    for (const Value& value : joined.values) names_.insert(value.name);
  }

  ValueId moved(ValueId id) const { return id == kNoValue ? id : id + offset_; }

  void rename_symbols(const Value& made, const Value& wanted) {
    for (size_t i = 0; i < made.shape.size(); ++i) {
      if (made.shape[i].is_symbolic()) symbols_[made.shape[i].expression] = wanted.shape[i];
    }
  }

  void add_values() {
    for (Value value : first_.values) {
      while (!names_.insert(value.name).second) value.name = "pre_" + value.name;
      for (std::vector<Dim>* dims : {&value.shape, &value.strides}) {
        for (Dim& dim : *dims) rename(dim);
      }
      joined_.values.push_back(value);
    }
  }

  // In front, as inputs and nodes have to be in order.
  void add_nodes() {
    std::vector<Node> nodes = first_.nodes;
    for (Node& node : nodes) {
      rename_uses(node, [this](ValueId id) { return moved(id); });
      for (Node::Output& output : node.outputs) {
        for (ValueId& id : output.ids) id = moved(id);
      }
    }
    joined_.nodes.insert(joined_.nodes.begin(), nodes.begin(), nodes.end());
  }

  void add_inputs() {
    for (GraphInput input : first_.inputs) {
      input.value = moved(input.value);
      while (joined_.parameters.count(input.target) + joined_.buffers.count(input.target) +
                 joined_.constants.count(input.target) >
             0) {
        input.target = "pre_" + input.target;
      }
      const at::Tensor* tensor =
          input.kind == GraphInput::Kind::kUser ? nullptr : tensor_for(input);
      if (input.kind == GraphInput::Kind::kParameter) joined_.parameters[input.target] = *tensor;
      if (input.kind == GraphInput::Kind::kBuffer) joined_.buffers[input.target] = *tensor;
      if (input.kind == GraphInput::Kind::kConstant) joined_.constants[input.target] = *tensor;
      auto place = std::find_if(joined_.inputs.begin(), joined_.inputs.end(),
                                [&](const GraphInput& other) { return other.kind > input.kind; });
      joined_.inputs.insert(place, input);
    }
  }

 private:
  void rename(Dim& dim) const {
    const auto found = symbols_.find(dim.expression);
    if (found != symbols_.end()) dim = found->second;
  }

  const at::Tensor* tensor_for(const GraphInput& input) const {
    for (const GraphInput& original : first_.inputs) {
      if (moved(original.value) == input.value) return &first_.tensor_of(original);
    }
    return nullptr;
  }

  const Program& first_;
  Program& joined_;
  ValueId offset_;
  std::set<std::string> names_;
  std::map<std::string, Dim> symbols_;
};

}  // namespace

Program compose(const Program& first, const Program& second) {
  const auto outputs = first.user_outputs();
  const auto inputs = second.user_inputs();
  MAAS_CHECK(outputs.size() == 1 && inputs.size() == 1);
  const ValueId made = std::get<ValueRef>(outputs[0]->value).id;
  const ValueId taken = inputs[0]->value;
  MAAS_CHECK(first.value(made).dtype == second.value(taken).dtype);
  MAAS_CHECK(first.value(made).shape.size() == second.value(taken).shape.size());

  Program joined = second;
  joined.call_signature_json.clear();  // it names inputs that are no longer there
  std::erase_if(joined.inputs,
                [](const GraphInput& input) { return input.kind == GraphInput::Kind::kUser; });
  Prefix prefix(first, joined);
  prefix.rename_symbols(first.value(made), second.value(taken));
  prefix.add_values();
  prefix.add_nodes();
  prefix.add_inputs();
  replace_value(joined, taken, prefix.moved(made));
  compact_values(joined);
  return joined;
}

}  // namespace maas
