// Values that share memory form a tree: a view hangs from what it is a view of. All names of one
// piece of memory (an in-place operator's result is another name of what it changed) stand for one
// member of the tree, and `newest_` says which value of the pure graph holds it at this point. A
// change makes a new value of the changed member, then of all above it and of all their other
// views, as far as something reads them later.
#include "pt2/make_pure.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/throw_error.h"
#include "call/call.h"
#include "program/operators.h"
#include "program/rewrite.h"
#include "pt2/pure_overload.h"
#include "pt2/view_inverse.h"

namespace maas {
namespace {

class Purifier {
 public:
  Purifier(Program& program, const std::string& where) : program_(program), where_(where) {}

  void run() {
    for (const GraphInput& input : program_.inputs) {
      if (input.value != kNoValue) inputs_[input.value] = &input;
    }
    find_last_reads();
    const std::vector<Node> nodes = std::exchange(program_.nodes, {});
    for (const Node& node : nodes) {
      if (pure_form(node.op).empty()) {
        add_pure(node);
      } else {
        replace(node);
      }
      ++index_;
    }
    for (GraphOutput& output : program_.outputs) {
      rename_uses(output.value, [this](ValueId id) { return newest(id); });
    }
    add_buffer_mutations();
    reshape_instead_of_view();
  }

 private:
  struct View {
    ValueId whole = kNoValue;  // a member
    ValueId root = kNoValue;   // the member that is no view
    Node node;                 // as it was, reading `whole`
    size_t output = 0;         // which of its results
    Sharing sharing = Sharing::kAlways;
  };

  void find_last_reads() {
    last_read_.assign(program_.values.size(), -1);
    int64_t index = 0;
    for (const Node& node : program_.nodes) {
      for_each_use(node, [&](ValueId id) { last_read_[id] = index; });
      ++index;
    }
    for (const GraphOutput& output : program_.outputs) {
      for_each_use(output.value, [&](ValueId id) { last_read_[id] = index; });
    }
  }

  ValueId member_of(ValueId id) const {
    const auto found = member_.find(id);
    return found == member_.end() ? id : found->second;
  }
  ValueId newest(ValueId id) const {
    const ValueId member = member_of(id);
    const auto found = newest_.find(member);
    return found == newest_.end() ? member : found->second;
  }

  // Under any of its names, by a node behind the current one or as an output.
  bool is_read_later(ValueId member) const {
    const auto later = [&](ValueId id) {
      return static_cast<size_t>(id) < last_read_.size() && last_read_[id] > index_;
    };
    if (later(member)) return true;
    const auto names = names_.find(member);
    if (names == names_.end()) return false;
    for (const ValueId name : names->second) {
      if (later(name)) return true;
    }
    return false;
  }

  [[noreturn]] void refuse(const Node& node, const std::string& what) const {
    throw_input(where_ + ": " + describe_node(program_, node, index_), what,
                "in-place operators whose effect can be followed",
                "export the model with ep.run_decompositions(), which removes them");
  }

  void add_pure(const Node& original) {
    Node node = original;
    rename_uses(node, [this](ValueId id) { return newest(id); });
    const Sharing sharing = sharing_of(program_, node);
    if (sharing != Sharing::kNever) {
      const ValueId whole = member_of(std::get<ValueRef>(original.arguments[0].value).id);
      size_t result = 0;
      for (const Node::Output& output : node.outputs) {
        for (const ValueId id : output.ids) {
          if (id != kNoValue) {
            views_[id] = {whole, root_of(whole), original, result, sharing};
            trees_[root_of(whole)].push_back(id);
          }
          ++result;
        }
      }
    }
    program_.nodes.push_back(std::move(node));
  }

  void replace(const Node& original) {
    const auto* self =
        original.arguments.empty() ? nullptr : std::get_if<ValueRef>(&original.arguments[0].value);
    if (self == nullptr || original.outputs.size() != 1 || original.outputs[0].ids.size() != 1 ||
        original.outputs[0].ids[0] == kNoValue) {
      refuse(original, "an in-place operator of another form");
    }
    const ValueId member = member_of(self->id), result = original.outputs[0].ids[0];
    Node node = original;
    if (!call_pure_overload(node)) refuse(original, "an in-place operator without a pure form");
    if (is_view(node.op)) return replace_by_view(original, node, member);
    rename_uses(node, [this](ValueId id) { return newest(id); });
    keep_type(node, program_.value(self->id));
    newest_[member] = result;
    member_[result] = member;
    names_[member].push_back(result);
    follow(original, member);
  }

  // transpose_, squeeze_: the memory stays as it is, and so do other views of it; the changed value
  // is one more.
  void replace_by_view(const Node& original, const Node& pure, ValueId member) {
    if (is_read_later(member)) refuse(original, "changes the shape of a value that is read later");
    add_pure(pure);
  }

  // In place, the type of the changed value stays; the pure form may have another.
  void keep_type(Node node, const Value& self) {
    at::ScalarType natural = self.dtype;
    for (const NamedArgument& argument : node.arguments) {
      const auto* ref = std::get_if<ValueRef>(&argument.value);
      if (ref == nullptr || node.op == "aten::copy" || node.op.find("index") != std::string::npos ||
          node.op.find("mask") != std::string::npos ||
          node.op.find("scatter") != std::string::npos) {
        continue;
      }
      const Value& value = program_.value(ref->id);
      if (value.kind == ValueKind::kTensor && !value.shape.empty()) {
        natural = c10::promoteTypes(natural, value.dtype);
      }
    }
    if (const auto* facts = facts_of(node.op); facts && facts->comparison) natural = at::kBool;
    const ValueId result = node.outputs[0].ids[0];
    if (natural == self.dtype) return program_.nodes.push_back(std::move(node));
    Value value = self;
    value.dtype = natural;
    const ValueId raw = add_value(value);
    node.outputs[0].ids[0] = raw;
    program_.nodes.push_back(std::move(node));
    Node convert;
    convert.op = "aten::to";
    convert.overload = "dtype";
    convert.arguments = {{"self", ValueRef{raw}, false}, {"dtype", self.dtype, false}};
    convert.outputs = {{{result}, false}};
    program_.nodes.push_back(std::move(convert));
  }

  // A member was changed: so were those above it, and the views of all of them.
  void follow(const Node& node, ValueId changed) {
    std::vector<ValueId> path = {changed};
    for (auto view = views_.find(changed); view != views_.end(); view = views_.find(path.back())) {
      path.push_back(view->second.whole);
    }
    const ValueId root = path.back();
    const std::set<ValueId> wanted = members_with_readers(path);
    size_t top = 0;
    for (size_t i = 0; i < path.size(); ++i) {
      if (wanted.count(path[i]) != 0 || (path[i] == root && is_kept(root))) top = i;
    }
    for (size_t i = 0; i < top; ++i) put_back_into(node, path[i], path[i + 1]);
    for (const ValueId id : trees_[root]) {
      const bool done = std::find(path.begin(), path.end(), id) != path.end();
      if (!done && wanted.count(id) != 0) take_again(node, id);
    }
    if (const auto input = inputs_.find(root); input != inputs_.end()) {
      const GraphInput::Kind kind = input->second->kind;
      if (kind == GraphInput::Kind::kParameter || kind == GraphInput::Kind::kConstant) {
        refuse(node, "changes a weight");
      }
      if (kind == GraphInput::Kind::kBuffer) mutated_.insert(root);
    }
  }

  ValueId root_of(ValueId member) const {
    const auto view = views_.find(member);
    return view == views_.end() ? member : view->second.root;
  }

  bool is_kept(ValueId root) const {
    const auto input = inputs_.find(root);
    return input != inputs_.end() && input->second->kind == GraphInput::Kind::kBuffer;
  }

  // The members of a tree that something reads later, itself or by way of a view that is not on
  // the path from the changed member to the root.
  std::set<ValueId> members_with_readers(const std::vector<ValueId>& path) const {
    std::set<ValueId> wanted;
    if (is_read_later(path.back())) wanted.insert(path.back());
    const auto tree = trees_.find(path.back());
    if (tree == trees_.end()) return wanted;
    for (auto id = tree->second.rbegin(); id != tree->second.rend(); ++id) {
      if (wanted.count(*id) == 0 && !is_read_later(*id)) continue;
      wanted.insert(*id);
      const bool on_path = std::find(path.begin(), path.end(), *id) != path.end();
      if (!on_path) wanted.insert(views_.at(*id).whole);
    }
    return wanted;
  }

  void put_back_into(const Node& node, ValueId part, ValueId whole) {
    const View& view = views_.at(part);
    if (view.sharing == Sharing::kMaybe) {
      refuse(node, "changes what may share memory with another value that is read later");
    }
    // The arguments of the view are values of the original graph.
    Node made = view.node;
    rename_uses(made, [this](ValueId id) { return newest(id); });
    auto scatter = put_back(made, view.output, newest(whole), newest(part));
    if (!scatter) {
      refuse(node, fmt::format("changes part of a value by way of {}", view.node.full_name()));
    }
    const ValueId result = add_value(program_.value(whole));
    scatter->outputs = {{{result}, false}};
    newest_[whole] = result;
    add_node(node, std::move(*scatter));
  }

  // In the order in which the views were made, so a whole comes before its parts.
  void take_again(const Node& node, ValueId member) {
    const View& view = views_.at(member);
    if (view.sharing == Sharing::kMaybe) {
      refuse(node, "changes a value that may share memory with another that is read later");
    }
    Node again = view.node;
    rename_uses(again, [this](ValueId id) { return newest(id); });
    again.metadata.clear();
    size_t result = 0;
    for (Node::Output& output : again.outputs) {
      for (ValueId& id : output.ids) {
        const bool is_member = result++ == view.output;
        id = is_member ? add_value(program_.value(member)) : kNoValue;
        if (is_member) newest_[member] = id;
      }
    }
    add_node(node, std::move(again));
  }

  // A file of n changes of n views of one value would ask for n * n nodes.
  void add_node(const Node& cause, Node made) {
    if (program_.nodes.size() > 1000 + 64 * last_read_.size()) {
      refuse(cause, "views and in-place operators that would make the graph 64 times larger");
    }
    program_.nodes.push_back(std::move(made));
  }

  ValueId add_value(Value value) {
    value.name += fmt::format("_new_{}", program_.values.size());
    value.strides.clear();
    program_.values.push_back(std::move(value));
    return static_cast<ValueId>(program_.values.size() - 1);
  }

  void add_buffer_mutations() {
    for (const ValueId buffer : mutated_) {
      const std::string& target = inputs_.at(buffer)->target;
      bool known = false;
      for (const GraphOutput& output : program_.outputs) {
        known =
            known || (output.kind == GraphOutput::Kind::kBufferMutation && output.target == target);
      }
      if (!known) {
        program_.outputs.push_back(
            {GraphOutput::Kind::kBufferMutation, ValueRef{newest(buffer)}, target});
      }
    }
  }

  // A view insists on how its argument lies in memory, which in a pure graph is nobody's business:
  // pure forms and lowering may choose another layout.
  void reshape_instead_of_view() {
    for (Node& node : program_.nodes) {
      if (node.op != "aten::view" || !node.overload.empty()) continue;
      node.op = "aten::reshape";
      for (NamedArgument& argument : node.arguments) {
        if (argument.name == "size") argument.name = "shape";
      }
    }
  }

  Program& program_;
  const std::string& where_;
  int64_t index_ = 0;
  std::vector<int64_t>
      last_read_;  // of original values: index of the node, number of nodes = output
  std::map<ValueId, const GraphInput*> inputs_;
  std::map<ValueId, ValueId> member_, newest_;
  std::map<ValueId, std::vector<ValueId>> names_;
  std::map<ValueId, View> views_;                  // by member
  std::map<ValueId, std::vector<ValueId>> trees_;  // root -> its views, in order
  std::set<ValueId> mutated_;
};

}  // namespace

void make_pure(Program& program, const std::string& where) { Purifier(program, where).run(); }

}  // namespace maas
