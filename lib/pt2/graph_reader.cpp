// Names of the file become ValueIds while reading.
#include "pt2/graph_reader.h"

#include <fmt/format.h>

#include "base/throw_error.h"
#include "program/operators.h"
#include "pt2/autocast.h"
#include "pt2/plain_argument.h"
#include "pt2/refuse_operator.h"
#include "pt2/size_guards.h"

namespace maas {
namespace {

constexpr std::string_view kHigherOrder = "torch.ops.higher_order.";

}  // namespace

void GraphReader::read(const JsonView& exported) {
  const JsonView module = exported.at("graph_module"), graph = module.at("graph");
  if (exported.has("verifiers")) {
    for (const JsonView& verifier : exported.at("verifiers").items()) {
      decomposed_ = decomposed_ || verifier.text() == "ATEN";
    }
  }
  Scope scope;
  read_inputs(Pt2Values(graph), module.at("signature"), scope);
  read_nodes(graph, scope, 0);
  read_outputs(graph, module.at("signature"), scope);
  read_sizes(exported);
  for (const JsonView& entry : module.at("module_call_graph").items()) {
    if (entry.at("fqn").text().empty() && entry.has("signature")) {
      program_.call_signature_json = entry.at("signature").minified();
    }
  }
}

// The range of each symbol, and what they must be to each other.
void GraphReader::read_sizes(const JsonView& exported) {
  for (const auto& [name, range] : exported.at("range_constraints").members()) {
    SymbolRange& symbol = program_.symbols[std::string(name)];
    if (range.has("min_val")) symbol.min = range.at("min_val").integer();
    if (range.has("max_val")) symbol.max = range.at("max_val").integer();
  }
  if (!exported.has("guards_code")) return;
  std::vector<std::string> guards;
  for (const JsonView& guard : exported.at("guards_code").items()) guards.push_back(guard.text());
  take_size_guards(program_, guards);
}

ValueId GraphReader::add_value(Value value) {
  std::string name = value.name;
  for (int64_t i = 1; !names_.insert(name).second; ++i) name = fmt::format("{}_{}", value.name, i);
  value.name = name;
  program_.values.push_back(std::move(value));
  return static_cast<ValueId>(program_.values.size() - 1);
}

ValueId GraphReader::define(const Pt2Values& values, const std::string& name, Scope& scope) {
  const std::string place = fmt::format("{}: value '{}'", where_, name);
  std::optional<Value> value = values.find(name, place);
  if (!value)
    throw_input(place, "has no description", "an entry in tensor_values or sym_int_values");
  const ValueId id = add_value(std::move(*value));
  if (!scope.emplace(name, id).second) throw_input(place, "is made twice", "one definition");
  return id;
}

ValueId GraphReader::use(const std::string& name, const Scope& scope) const {
  const auto found = scope.find(name);
  if (found == scope.end()) {
    throw_input(place(), fmt::format("uses '{}' before it is made", name), "values in order");
  }
  return found->second;
}

void GraphReader::read_inputs(const Pt2Values& values, const JsonView& signature, Scope& scope) {
  const std::vector<JsonView> specs = signature.at("input_specs").items();
  for (const JsonView& spec : specs) {
    const auto [kind, body] = spec.only_member();
    GraphInput input;
    if (kind == "parameter" || kind == "buffer" || kind == "tensor_constant") {
      input.kind = kind == "parameter" ? GraphInput::Kind::kParameter
                   : kind == "buffer"  ? GraphInput::Kind::kBuffer
                                       : GraphInput::Kind::kConstant;
      input.target = body.at(std::string(kind) + "_name").text();
      if (kind == "buffer") input.persistent = body.at("persistent").flag();
      input.value = define(values, body.at("arg").at("name").text(), scope);
    } else if (kind == "user_input") {
      const auto [arg_kind, arg] = body.at("arg").only_member();
      if (arg_kind == "as_tensor") {
        input.target = arg.at("name").text();
        input.value = define(values, input.target, scope);
      } else if (arg_kind.rfind("as_sym_", 0) == 0) {
        throw_input(where_, "an input that is a symbolic number", "tensor inputs",
                    "make it a tensor, or fix its value when exporting");
      } else {
        input.kind = GraphInput::Kind::kConstantScalar;
        input.constant = read_argument(body.at("arg"), scope);
      }
    } else if (kind == "token") {
      continue;  // what orders effects; nodes have an order here
    } else if (kind == "constant_input") {
      input.kind = GraphInput::Kind::kConstantScalar;
      input.target = body.at("name").text();
      input.constant = read_argument(body.at("value"), scope);
    } else {
      throw_input(where_, fmt::format("an input of kind '{}'", kind),
                  "parameters, buffers and tensors",
                  "export the model without custom objects and effects");
    }
    program_.inputs.push_back(std::move(input));
  }
}

void GraphReader::read_outputs(const JsonView& graph, const JsonView& signature,
                               const Scope& scope) {
  node_ = "outputs";
  const std::vector<JsonView> specs = signature.at("output_specs").items();
  for (const JsonView& spec : specs) {
    const auto [kind, body] = spec.only_member();
    GraphOutput output;
    if (kind == "user_output") {
      output.value = read_argument(body.at("arg"), scope);
    } else if (kind == "buffer_mutation") {
      output.kind = GraphOutput::Kind::kBufferMutation;
      output.value = ValueRef{use(body.at("arg").at("name").text(), scope)};
      output.target = body.at("buffer_name").text();
    } else if (kind == "user_input_mutation" || kind == "token") {
      continue;  // what the caller's tensor would become; the end of the order of effects
    } else {
      throw_input(where_, fmt::format("an output of kind '{}'", kind), "user outputs",
                  "export the forward pass of the model only");
    }
    program_.outputs.push_back(std::move(output));
  }
  if (specs.size() != graph.at("outputs").items().size()) {
    throw_input(where_, "outputs that disagree with the signature", "one spec an output");
  }
  node_.clear();
}

void GraphReader::read_nodes(const JsonView& graph, Scope& scope, int depth) {
  if (depth > 16) throw_input(where_, "wrappers nested deeper than 16", "a flat graph");
  const Pt2Values values(graph);
  int64_t index = 0;
  for (const JsonView& json : graph.at("nodes").items()) {
    const std::string target = json.at("target").text();
    node_ = fmt::format("node {} ({})", index++, target);
    const std::string name =
        target.rfind(kHigherOrder, 0) == 0 ? target.substr(kHigherOrder.size()) : "";
    if (name.rfind("wrap_with_", 0) == 0 || name == "invoke_subgraph") {
      inline_wrapper(json, scope, depth);
    } else if (name == "with_effects") {
      read_effect(json, scope);
    } else if (name == "cond") {
      inline_cond(values, json, scope, depth);
    } else {
      read_node(values, json, target, scope);
    }
  }
  node_.clear();
}

void GraphReader::read_node(const Pt2Values& values, const JsonView& json,
                            const std::string& target, Scope& scope) {
  Node node;
  split_target(target, node);
  if (!is_allowed_operator(node.op) && pure_form(node.op).empty()) {
    refuse_operator(place(), node, decomposed_);
  }
  for (const JsonView& input : json.at("inputs").items()) {
    const bool keyword = input.has("kind") && input.at("kind").integer() == 2;
    node.arguments.push_back(
        {input.at("name").text(), read_argument(input.at("arg"), scope), keyword});
  }
  for (const JsonView& output : json.at("outputs").items()) {
    node.outputs.push_back(read_result(values, output, scope));
  }
  for (const auto& [key, text] : json.at("metadata").members()) {
    if (key == "nn_module_stack" || key == "torch_fn")
      node.metadata[std::string(key)] = text.text();
  }
  if (autocast_) node.metadata[kAutocastMark] = "";
  gradients_.note(program_, node);
  program_.nodes.push_back(std::move(node));
}

Node::Output GraphReader::read_result(const Pt2Values& values, const JsonView& json, Scope& scope) {
  const auto [kind, body] = json.only_member();
  if (kind == "as_tensor") return {{define(values, body.at("name").text(), scope)}, false};
  if (kind == "as_none") return {{kNoValue}, false};
  if (kind == "as_tensors") {
    Node::Output output{{}, true};
    for (const JsonView& item : body.items()) {
      output.ids.push_back(define(values, item.at("name").text(), scope));
    }
    return output;
  }
  if (kind == "as_sym_int" || kind == "as_sym_bool" || kind == "as_sym_float") {
    return {{define(values, body.at("as_name").text(), scope)}, false};
  }
  throw_input(place(), fmt::format("a result of kind '{}'", kind), "tensors and numbers");
}

ValueList GraphReader::read_tensor_list(const JsonView& list, const Scope& scope) const {
  ValueList values;
  for (const JsonView& item : list.items()) {
    if (item.has("as_none") || item.has("name")) {
      values.ids.push_back(item.has("name") ? use(item.at("name").text(), scope) : kNoValue);
      continue;
    }
    const auto [kind, value] = item.only_member();
    values.optional = true;
    values.ids.push_back(kind == "as_none" ? kNoValue : use(value.at("name").text(), scope));
  }
  return values;
}

IntList GraphReader::read_sym_ints(const JsonView& list, const Scope& scope) const {
  IntList values;
  for (const JsonView& item : list.items()) {
    const auto [kind, value] = item.only_member();
    if (kind == "as_int")
      values.items.push_back({value.integer(), kNoValue});
    else
      values.items.push_back({0, use(value.text(), scope)});
  }
  return values;
}

Argument GraphReader::read_symbolic(const JsonView& value, const Scope& scope) const {
  const auto [kind, inner] = value.only_member();
  if (kind == "as_name") return ValueRef{use(inner.text(), scope)};
  if (kind == "as_int") return inner.integer();
  if (kind == "as_float") return inner.number();
  if (kind == "as_bool") return inner.flag();
  throw_input(place(), fmt::format("a symbolic number of kind '{}'", kind), "a name or a number");
}

Argument GraphReader::read_argument(const JsonView& json, const Scope& scope) const {
  const auto [kind, value] = json.only_member();
  if (kind == "as_none") return None{};
  if (kind == "as_tensor") return ValueRef{use(value.at("name").text(), scope)};
  if (kind == "as_tensors" || kind == "as_optional_tensors") {
    ValueList list = read_tensor_list(value, scope);
    list.optional = kind == "as_optional_tensors";
    return list;
  }
  if (kind == "as_optional_tensor") return read_argument(value, scope);
  if (kind == "as_int") return value.integer();
  if (kind == "as_float") return value.number();
  if (kind == "as_bool") return value.flag();
  if (kind == "as_string") return value.text();
  if (kind == "as_sym_int" || kind == "as_sym_bool" || kind == "as_sym_float") {
    return read_symbolic(value, scope);
  }
  if (kind == "as_sym_ints") return read_sym_ints(value, scope);
  return read_plain_argument(kind, value, place());
}

}  // namespace maas
