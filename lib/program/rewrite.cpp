#include "program/rewrite.h"

#include <algorithm>
#include <set>

#include "base/error.h"

namespace maas {

void for_each_use(const Argument& argument, const std::function<void(ValueId)>& visit) {
  if (const auto* ref = std::get_if<ValueRef>(&argument)) {
    visit(ref->id);
  } else if (const auto* list = std::get_if<ValueList>(&argument)) {
    for (const ValueId id : list->ids) {
      if (id != kNoValue) visit(id);
    }
  } else if (const auto* ints = std::get_if<IntList>(&argument)) {
    for (const IntOrValue& item : ints->items) {
      if (item.value != kNoValue) visit(item.value);
    }
  }
}

void for_each_use(const Node& node, const std::function<void(ValueId)>& visit) {
  for (const NamedArgument& argument : node.arguments) for_each_use(argument.value, visit);
}

void for_each_result(const Node& node, const std::function<void(ValueId)>& visit) {
  for (const Node::Output& output : node.outputs) {
    for (const ValueId id : output.ids) {
      if (id != kNoValue) visit(id);
    }
  }
}

void rename_uses(Argument& argument, const std::function<ValueId(ValueId)>& replace) {
  if (auto* ref = std::get_if<ValueRef>(&argument)) {
    ref->id = replace(ref->id);
  } else if (auto* list = std::get_if<ValueList>(&argument)) {
    for (ValueId& id : list->ids) id = id == kNoValue ? id : replace(id);
  } else if (auto* ints = std::get_if<IntList>(&argument)) {
    for (IntOrValue& item : ints->items) {
      if (item.value != kNoValue) item.value = replace(item.value);
    }
  }
}

void rename_uses(Node& node, const std::function<ValueId(ValueId)>& replace) {
  for (NamedArgument& argument : node.arguments) rename_uses(argument.value, replace);
}

std::vector<int64_t> count_uses(const Program& program) {
  std::vector<int64_t> uses(program.values.size(), 0);
  const auto count = [&](ValueId id) { ++uses[id]; };
  for (const Node& node : program.nodes) for_each_use(node, count);
  for (const GraphOutput& output : program.outputs) for_each_use(output.value, count);
  return uses;
}

void replace_value(Program& program, ValueId from, ValueId to) {
  const auto replace = [&](ValueId id) { return id == from ? to : id; };
  for (Node& node : program.nodes) rename_uses(node, replace);
  for (GraphOutput& output : program.outputs) rename_uses(output.value, replace);
}

std::map<ValueId, at::Tensor> tensors_by_value(const Program& program) {
  std::map<ValueId, at::Tensor> tensors;
  for (const GraphInput& input : program.inputs) {
    if (input.kind == GraphInput::Kind::kUser || input.value == kNoValue) continue;
    tensors[input.value] = program.tensor_of(input);
  }
  return tensors;
}

std::set<std::string> changing_buffers(const Program& program) {
  std::set<ValueId> moved;
  for (const Node& node : program.nodes) {
    for (const char* name : {"running_mean", "running_var"}) {
      if (const Argument* argument = node.find(name)) {
        for_each_use(*argument, [&](ValueId id) { moved.insert(id); });
      }
    }
  }
  std::set<std::string> names;
  for (const GraphInput& input : program.inputs) {
    const bool is_buffer = input.kind == GraphInput::Kind::kBuffer;
    if (is_buffer && moved.count(input.value) != 0) names.insert(input.target);
  }
  for (const GraphOutput& output : program.outputs) {
    if (output.kind == GraphOutput::Kind::kBufferMutation) names.insert(output.target);
  }
  return names;
}

std::vector<int64_t> producers(const Program& program) {
  std::vector<int64_t> made_by(program.values.size(), -1);
  for (size_t i = 0; i < program.nodes.size(); ++i) {
    for_each_result(program.nodes[i], [&](ValueId id) { made_by[id] = static_cast<int64_t>(i); });
  }
  return made_by;
}

std::vector<int64_t> last_reads(const Program& program) {
  std::vector<int64_t> last(program.values.size(), -1);
  for (size_t i = 0; i < program.nodes.size(); ++i) {
    for_each_use(program.nodes[i], [&](ValueId id) { last[id] = static_cast<int64_t>(i); });
  }
  return last;
}

void remove_dead_code(Program& program) {
  std::vector<bool> wanted(program.values.size(), false);
  const auto want = [&](ValueId id) { wanted[id] = true; };
  std::set<std::string> written;  // buffers, which something outside may read
  for (const GraphOutput& output : program.outputs) {
    for_each_use(output.value, want);
    if (output.kind != GraphOutput::Kind::kUser) written.insert(output.target);
  }
  std::vector<Node> kept;
  for (auto node = program.nodes.rbegin(); node != program.nodes.rend(); ++node) {
    bool needed = false;
    for_each_result(*node, [&](ValueId id) { needed = needed || wanted[id]; });
    if (!needed) continue;
    for_each_use(*node, want);
    kept.push_back(std::move(*node));
  }
  std::reverse(kept.begin(), kept.end());
  program.nodes = std::move(kept);
  std::erase_if(program.inputs, [&](const GraphInput& input) {
    const bool droppable = input.kind == GraphInput::Kind::kParameter ||
                           input.kind == GraphInput::Kind::kBuffer ||
                           input.kind == GraphInput::Kind::kConstant;
    if (!droppable || wanted[input.value]) return false;
    if (written.count(input.target) != 0) return false;
    auto& table = input.kind == GraphInput::Kind::kParameter ? program.parameters
                  : input.kind == GraphInput::Kind::kBuffer  ? program.buffers
                                                             : program.constants;
    table.erase(input.target);
    return true;
  });
}

Program with_outputs(Program program, const std::vector<std::string>& values) {
  program.user_output_names.resize(program.user_outputs().size());
  for (const std::string& name : values) {
    const auto found = std::find_if(program.values.begin(), program.values.end(),
                                    [&](const Value& value) { return value.name == name; });
    MAAS_CHECK(found != program.values.end());
    const auto id = static_cast<ValueId>(found - program.values.begin());
    program.outputs.push_back({GraphOutput::Kind::kUser, ValueRef{id}, ""});
    program.user_output_names.push_back(name);
  }
  program.call_signature_json.clear();  // it names the outputs that Python gets
  return program;
}

void compact_values(Program& program) {
  std::set<ValueId> used;
  const auto mark = [&](ValueId id) { used.insert(id); };
  for (const GraphInput& input : program.inputs) {
    if (input.value != kNoValue) mark(input.value);
  }
  for (const Node& node : program.nodes) {
    for_each_use(node, mark);
    for_each_result(node, mark);
  }
  std::vector<ValueId> renamed(program.values.size(), kNoValue);
  std::vector<Value> values;
  for (const ValueId id : used) {
    renamed[id] = static_cast<ValueId>(values.size());
    values.push_back(std::move(program.value(id)));
  }
  program.values = std::move(values);
  const auto replace = [&](ValueId id) { return renamed[id]; };
  for (GraphInput& input : program.inputs) {
    if (input.value != kNoValue) input.value = replace(input.value);
  }
  for (Node& node : program.nodes) {
    rename_uses(node, replace);
    for (Node::Output& output : node.outputs) {
      for (ValueId& id : output.ids) id = id == kNoValue ? id : replace(id);
    }
  }
  for (GraphOutput& output : program.outputs) rename_uses(output.value, replace);
}

}  // namespace maas
