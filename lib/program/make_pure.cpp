#include "program/make_pure.h"

#include <fmt/format.h>

#include <map>
#include <set>

#include "base/error.h"
#include "program/call.h"
#include "program/operators.h"
#include "program/rewrite.h"

namespace maas {
namespace {

class Purifier {
 public:
  Purifier(Program& program, const std::string& where) : program_(program), where_(where) {}

  void run() {
    for (const GraphInput& input : program_.inputs) {
      if (input.value != kNoValue) inputs_[input.value] = &input;
    }
    for (index_ = 0; index_ < static_cast<int64_t>(program_.nodes.size()); ++index_) {
      Node& node = program_.nodes[static_cast<size_t>(index_)];
      rename_uses(node, [this](ValueId id) { return latest(id); });
      const std::string pure = pure_form(node.op);
      if (!pure.empty()) {
        make_pure(node, pure);
      } else if (is_view(node.op) && !node.arguments.empty()) {
        if (const auto* self = std::get_if<ValueRef>(&node.arguments[0].value)) {
          for (const Node::Output& output : node.outputs) {
            for (const ValueId id : output.ids) view_of_[id] = self->id;
          }
        }
      }
    }
    for (GraphOutput& output : program_.outputs) {
      rename_uses(output.value, [this](ValueId id) { return latest(id); });
    }
    add_buffer_mutations();
  }

 private:
  ValueId latest(ValueId id) const {
    for (auto found = newer_.find(id); found != newer_.end(); found = newer_.find(id)) {
      id = found->second;
    }
    return id;
  }

  [[noreturn]] void refuse(const Node& node, const std::string& what) const {
    throw Error(ErrorKind::kInput,
                {.where = where_ + ": " + describe_node(program_, node, index_),
                 .what = what,
                 .expected = "in-place operators on values that nothing else looks at",
                 .fix = "export the model with ep.run_decompositions(), which removes them",
                 .excerpt = ""});
  }

  bool has_views(ValueId id) const {
    for (const auto& [view, base] : view_of_) {
      if (base == id) return true;
    }
    return false;
  }

  void make_pure(Node& node, const std::string& pure) {
    const auto* self =
        node.arguments.empty() ? nullptr : std::get_if<ValueRef>(&node.arguments[0].value);
    if (self == nullptr || node.outputs.size() != 1 || node.outputs[0].ids.size() != 1) {
      refuse(node, "an in-place operator of another form");
    }
    const ValueId changed = self->id, result = node.outputs[0].ids[0];
    if (view_of_.count(changed) != 0) refuse(node, "changes a view of another value");
    if (has_views(changed)) refuse(node, "changes a value that views look at");
    if (const auto input = inputs_.find(changed); input != inputs_.end()) {
      if (input->second->kind != InputKindOf::kBuffer) refuse(node, "changes an input or a weight");
      mutated_[changed] = result;
    }
    for (auto& [buffer, value] : mutated_) {
      if (value == changed) value = result;
    }
    node.op = pure;
    newer_[changed] = result;
  }

  void add_buffer_mutations() {
    for (const auto& [buffer, result] : mutated_) {
      const std::string& target = inputs_.at(buffer)->target;
      bool known = false;
      for (const GraphOutput& output : program_.outputs) {
        known = known || (output.kind == OutputKindOf::kBufferMutation && output.target == target);
      }
      if (!known) {
        program_.outputs.push_back({OutputKindOf::kBufferMutation, ValueRef{result}, target});
      }
    }
  }

  Program& program_;
  const std::string& where_;
  int64_t index_ = 0;
  std::map<ValueId, const GraphInput*> inputs_;
  std::map<ValueId, ValueId> newer_, view_of_, mutated_;
};

}  // namespace

void make_pure(Program& program, const std::string& where) { Purifier(program, where).run(); }

}  // namespace maas
