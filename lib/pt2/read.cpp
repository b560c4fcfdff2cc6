// Names of the file become ValueIds while reading; a subgraph of a higher-order wrapper is read in
// a scope of its own whose inputs are the caller's values, so inlining costs nothing.
#include "pt2/read.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/did_you_mean.h"
#include "base/throw_error.h"
#include "program/emit.h"
#include "program/operators.h"
#include "pt2/autocast.h"
#include "pt2/gradient_regions.h"
#include "pt2/make_pure.h"
#include "pt2/model_record.h"
#include "pt2/plain_argument.h"
#include "pt2/tensors.h"
#include "pt2/values.h"
#include "tensor/dtype.h"

namespace maas {
namespace {

constexpr int64_t kSchemaMajor = 8;

using Scope = std::map<std::string, ValueId, std::less<>>;

class GraphReader {
 public:
  GraphReader(std::string where, Program& program) : where_(std::move(where)), program_(program) {}

  void read(const JsonView& exported) {
    const JsonView module = exported.at("graph_module"), graph = module.at("graph");
    Scope scope;
    read_inputs(Pt2Values(graph), module.at("signature"), scope);
    read_nodes(graph, scope, 0);
    read_outputs(graph, module.at("signature"), scope);
    for (const auto& [name, range] : exported.at("range_constraints").members()) {
      SymbolRange& symbol = program_.symbols[std::string(name)];
      if (range.has("min_val")) symbol.min = range.at("min_val").integer();
      if (range.has("max_val")) symbol.max = range.at("max_val").integer();
    }
    for (const JsonView& entry : module.at("module_call_graph").items()) {
      if (entry.at("fqn").text().empty() && entry.has("signature")) {
        program_.call_signature_json = entry.at("signature").minified();
      }
    }
  }

 private:
  ValueId add_value(Value value) {
    std::string name = value.name;
    for (int64_t i = 1; !names_.insert(name).second; ++i)
      name = fmt::format("{}_{}", value.name, i);
    value.name = name;
    program_.values.push_back(std::move(value));
    return static_cast<ValueId>(program_.values.size() - 1);
  }

  // Makes the value `name`, described in the graph's tables.
  ValueId define(const Pt2Values& values, const std::string& name, Scope& scope) {
    const std::string place = fmt::format("{}: value '{}'", where_, name);
    std::optional<Value> value = values.find(name, place);
    if (!value)
      throw_input(place, "has no description", "an entry in tensor_values or sym_int_values");
    const ValueId id = add_value(std::move(*value));
    if (!scope.emplace(name, id).second) throw_input(place, "is made twice", "one definition");
    return id;
  }

  ValueId use(const std::string& name, const Scope& scope) const {
    const auto found = scope.find(name);
    if (found == scope.end()) {
      throw_input(place(), fmt::format("uses '{}' before it is made", name), "values in order");
    }
    return found->second;
  }

  std::string place() const { return node_.empty() ? where_ : where_ + ": " + node_; }

  void read_inputs(const Pt2Values& values, const JsonView& signature, Scope& scope) {
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

  void read_outputs(const JsonView& graph, const JsonView& signature, const Scope& scope) {
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
      } else if (kind == "user_input_mutation") {
        continue;  // what the caller's tensor would become
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

  void read_nodes(const JsonView& graph, Scope& scope, int depth) {
    if (depth > 16) throw_input(where_, "wrappers nested deeper than 16", "a flat graph");
    const Pt2Values values(graph);
    int64_t index = 0;
    for (const JsonView& json : graph.at("nodes").items()) {
      const std::string target = json.at("target").text();
      node_ = fmt::format("node {} ({})", index++, target);
      if (target.rfind("torch.ops.higher_order.wrap_with_", 0) == 0) {
        inline_wrapper(json, scope, depth);
      } else {
        read_node(values, json, target, scope);
      }
    }
    node_.clear();
  }

  void read_node(const Pt2Values& values, const JsonView& json, const std::string& target,
                 Scope& scope) {
    Node node;
    split_target(target, node);
    if (!is_allowed_operator(node.op) && pure_form(node.op).empty()) {
      const std::string suggestion = nearest_name(node.op, allowed_operators());
      throw_input(place(),
                  fmt::format("operator '{}' is not on the list of operators that maas runs",
                              node.full_name()),
                  suggestion.empty() ? "ATen operators"
                                     : fmt::format("ATen operators such as {}", suggestion),
                  "export the model without it, or with ep.run_decompositions()");
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

  Node::Output read_result(const Pt2Values& values, const JsonView& json, Scope& scope) {
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

  // wrap_with_set_grad_enabled(flag, graph, args...): what is made in a region without gradients is
  // detached where a region with gradients reads it, within or after it.
  // wrap_with_autocast(device, dtype, enabled, cache, graph, args...).
  void inline_wrapper(const JsonView& json, Scope& scope, int depth) {
    const bool outer_autocast = autocast_;
    const bool outer_gradients = gradients_.enter(json);
    if (json.at("target").text().find("autocast") != std::string::npos) {
      const std::vector<JsonView> inputs = json.at("inputs").items();
      if (inputs.size() < 3)
        throw_input(place(), "no flag that enables it", "device, dtype, enabled");
      autocast_ = inputs[2].at("arg").at("as_bool").flag();
    }
    std::vector<ValueId> arguments;
    std::optional<JsonView> body;
    for (const JsonView& input : json.at("inputs").items()) {
      const auto [kind, arg] = input.at("arg").only_member();
      if (kind == "as_graph") {
        body = arg.at("graph");
      } else if (body) {
        const Argument argument = read_argument(input.at("arg"), scope);
        if (!std::holds_alternative<ValueRef>(argument)) {
          throw_input(place(), "a wrapper argument that is no value", "tensors");
        }
        arguments.push_back(std::get<ValueRef>(argument).id);
      }
    }
    if (!body) throw_input(place(), "no graph inside", "a wrapped graph");
    const std::string outer = node_;
    Scope inner;
    const std::vector<JsonView> inputs = body->at("inputs").items();
    if (inputs.size() != arguments.size()) {
      throw_input(place(), fmt::format("{} arguments", arguments.size()),
                  fmt::format("{}", inputs.size()));
    }
    for (size_t i = 0; i < inputs.size(); ++i) {
      const auto [kind, value] = inputs[i].only_member();
      const bool symbolic = kind == "as_sym_int";
      inner.emplace((symbolic ? value.at("as_name") : value.at("name")).text(),
                    gradients_.as_read_here(program_, arguments[i]));
    }
    read_nodes(*body, inner, depth + 1);
    node_ = outer;
    autocast_ = outer_autocast;
    gradients_.leave(outer_gradients);
    bind_results(json, *body, inner, scope);
  }

  void bind_results(const JsonView& json, const JsonView& body, const Scope& inner, Scope& scope) {
    std::vector<std::string> names;
    for (const JsonView& output : json.at("outputs").items()) {
      const auto [kind, value] = output.only_member();
      if (kind == "as_tensor") names.push_back(value.at("name").text());
      if (kind == "as_tensors") {
        for (const JsonView& item : value.items()) names.push_back(item.at("name").text());
      }
    }
    const std::vector<JsonView> results = body.at("outputs").items();
    if (names.size() != results.size()) {
      throw_input(place(), fmt::format("{} results", names.size()),
                  fmt::format("{}", results.size()));
    }
    for (size_t i = 0; i < names.size(); ++i) {
      const auto [kind, value] = results[i].only_member();
      if (kind != "as_tensor")
        throw_input(place(), "a wrapped result that is no tensor", "tensors");
      scope[names[i]] = gradients_.as_read_here(program_, use(value.at("name").text(), inner));
    }
  }

  ValueList read_tensor_list(const JsonView& list, const Scope& scope) {
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

  IntList read_sym_ints(const JsonView& list, const Scope& scope) {
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

  Argument read_symbolic(const JsonView& value, const Scope& scope) {
    const auto [kind, inner] = value.only_member();
    if (kind == "as_name") return ValueRef{use(inner.text(), scope)};
    if (kind == "as_int") return inner.integer();
    if (kind == "as_float") return inner.number();
    if (kind == "as_bool") return inner.flag();
    throw_input(place(), fmt::format("a symbolic number of kind '{}'", kind), "a name or a number");
  }

  Argument read_argument(const JsonView& json, const Scope& scope) {
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

  std::string where_;
  std::string node_;
  bool autocast_ = false;
  GradientRegions gradients_;
  Program& program_;
  std::set<std::string> names_;
};

}  // namespace

Program read_pt2(const ArchiveReader& archive) {
  const std::string record = find_model_record(archive);
  const std::string model = record.substr(7, record.size() - 12);
  const std::string where = archive.path() + ": " + record;
  simdjson::dom::parser parser;
  const JsonView exported = parse_json(parser, archive.record(record), where);
  const int64_t major = exported.at("schema_version").at("major").integer();
  if (major != kSchemaMajor) {
    throw_input(where,
                fmt::format("schema version {}.{}", major,
                            exported.at("schema_version").at("minor").integer()),
                "8.x, as torch 2.13 writes it", "export the model again with torch 2.13");
  }
  Program program;
  GraphReader(where, program).read(exported);
  auto weights =
      read_pt2_tensors(archive, "data/weights/", "data/weights/" + model + "_weights_config.json");
  auto constants = read_pt2_tensors(archive, "data/constants/",
                                    "data/constants/" + model + "_constants_config.json");
  for (const GraphInput& input : program.inputs) {
    if (input.kind == GraphInput::Kind::kUser || input.kind == GraphInput::Kind::kConstantScalar)
      continue;
    const bool stored_as_constant = input.kind == GraphInput::Kind::kConstant || !input.persistent;
    const auto& first = stored_as_constant ? constants : weights;
    const auto& second = stored_as_constant ? weights : constants;
    auto found = first.find(input.target);
    if (found == first.end()) {
      found = second.find(input.target);
      if (found == second.end()) {
        throw_input(where, fmt::format("no weight for '{}'", input.target),
                    "one for every graph input", "the file is incomplete; export it again");
      }
    }
    auto& table = input.kind == GraphInput::Kind::kParameter ? program.parameters
                  : input.kind == GraphInput::Kind::kBuffer  ? program.buffers
                                                             : program.constants;
    table[input.target] = found->second;
  }
  spell_out_autocast(program);
  make_pure(program, where);
  return program;
}

}  // namespace maas
