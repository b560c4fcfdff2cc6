#include "call/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "base/error.h"
#include "base/throw_error.h"
#include "call/infer.h"
#include "call/trial_run.h"
#include "program/operators.h"
#include "program/rewrite.h"

namespace maas {
namespace {

// Moves running statistics in training mode, and nothing in the mode in which a Model is used.
bool is_batch_norm(const Node& node) { return node.op == "aten::_native_batch_norm_legit"; }

class Verifier {
 public:
  Verifier(const Program& program, const std::string& where) : program_(program), where_(where) {}

  void run() {
    check_names();
    check_order();
    check_weights();
    check_ends();
    const ShapeInference inference(where_);
    const auto [first, second] = sample_symbols(program_);
    const Slots shapes = check_shapes(inference, first);
    if (second != first) check_shapes(inference, second);
    shapes_under(ShapeInference(where_, WithoutRule::kRefuse), large_symbols(program_));
    const SymbolValues smallest = smallest_symbols(program_);
    const std::optional<Slots> small_shapes = shapes_under(inference, smallest);
    try_program(program_, where_, small_shapes ? smallest : first,
                small_shapes ? *small_shapes : shapes);
  }

 private:
  [[noreturn]] void refuse(const std::string& place, const std::string& what,
                           const std::string& expected) const {
    throw_input(where_ + ": " + place, what, expected,
                "the graph is inconsistent; export it again");
  }

  void make(ValueId id, const std::string& place) {
    if (id < 0 || static_cast<size_t>(id) >= program_.values.size()) {
      refuse(place, fmt::format("value number {}", id),
             fmt::format("0 to {}", program_.values.size()));
    }
    if (made_[id]) {
      refuse(place, fmt::format("%{} is made twice", program_.value(id).name), "one definition");
    }
    made_[id] = true;
  }

  void read(ValueId id, const std::string& place) const {
    const bool known = id >= 0 && static_cast<size_t>(id) < program_.values.size();
    if (!known || !made_[id]) {
      refuse(place,
             fmt::format("reads {} before it is made",
                         known ? "%" + program_.value(id).name : fmt::format("value {}", id)),
             "nodes in an order in which they can run");
    }
  }

  void check_names() const {
    std::set<std::string> names;
    for (const Value& value : program_.values) {
      if (!names.insert(value.name).second) {
        refuse(fmt::format("value '{}'", value.name), "two values of this name", "one");
      }
    }
    std::set<std::pair<GraphInput::Kind, std::string>> targets;
    for (const GraphInput& input : program_.inputs) {
      if (!targets.emplace(input.kind, input.target).second) {
        refuse(fmt::format("input '{}'", input.target), "two inputs of this name", "one");
      }
    }
  }

  void check_order() {
    made_.assign(program_.values.size(), false);
    for (const GraphInput& input : program_.inputs) {
      if (input.kind != GraphInput::Kind::kConstantScalar)
        make(input.value, "input " + input.target);
    }
    for (size_t i = 0; i < program_.nodes.size(); ++i) {
      const Node& node = program_.nodes[i];
      const std::string place = describe_node(program_, node, static_cast<int64_t>(i));
      if (!is_allowed_operator(node.op)) {
        refuse(place, "the operator is not on the list of operators that maas runs",
               "ATen operators");
      }
      if (writes_arguments(node) && !is_batch_norm(node)) {
        refuse(place, "the operator writes into its arguments", "its pure form");
      }
      for_each_use(node, [&](ValueId id) { read(id, place); });
      for_each_result(node, [&](ValueId id) { make(id, place); });
    }
    int64_t index = 0;
    for (const GraphOutput& output : program_.outputs) {
      for_each_use(output.value, [&](ValueId id) { read(id, "output " + output.target); });
      check_output(output, index++);
    }
  }

  void check_output(const GraphOutput& output, int64_t index) const {
    if (std::holds_alternative<None>(output.value)) return;
    const auto* ref = std::get_if<ValueRef>(&output.value);
    if (ref != nullptr && program_.value(ref->id).kind == ValueKind::kTensor) {
      if (output.kind == GraphOutput::Kind::kBufferMutation) check_mutation(output, ref->id);
      return;
    }
    throw Error(
        ErrorKind::kInput,
        {.where = fmt::format("{}: output {}", where_, index),
         .what =
             ref == nullptr ? "is a constant" : "is the number %" + program_.value(ref->id).name,
         .expected = "a tensor",
         .fix = "wrap the network in a module that returns its tensors only, and export that"});
  }

  void check_mutation(const GraphOutput& output, ValueId id) const {
    const auto buffer = program_.buffers.find(output.target);
    const std::string place = "output that writes buffer '" + output.target + "'";
    if (buffer == program_.buffers.end()) refuse(place, "there is no such buffer", "a buffer");
    const Value& value = program_.value(id);
    if (!is_declared_as(value, buffer->second)) {
      refuse(place, type_text(value), type_text(buffer->second));
    }
  }

  static bool is_declared_as(const Value& value, const at::Tensor& tensor) {
    bool same = tensor.dim() == static_cast<int64_t>(value.shape.size()) &&
                tensor.scalar_type() == value.dtype;
    for (int64_t i = 0; same && i < tensor.dim(); ++i) {
      const Dim& dim = value.shape[i];
      same = !dim.is_symbolic() && dim.size == tensor.size(i);
    }
    return same;
  }

  void check_weights() const {
    for (const GraphInput& input : program_.inputs) {
      if (input.kind == GraphInput::Kind::kUser || input.kind == GraphInput::Kind::kConstantScalar)
        continue;
      const at::Tensor& tensor = program_.tensor_of(input);
      const Value& value = program_.value(input.value);
      if (is_declared_as(value, tensor)) continue;
      refuse(fmt::format("weight '{}'", input.target), type_text(tensor),
             type_text(value) + " as the graph says");
    }
  }

  // Complex numbers live inside a network: the ways in and out (JSON, CSV, the protocol) have none.
  void check_ends() const {
    for (const GraphInput* input : program_.user_inputs()) {
      check_is_real(program_.value(input->value), "input '" + input->target + "'",
                    "that takes torch.view_as_real(x) and begins with torch.view_as_complex");
    }
    int64_t index = 0;
    for (const GraphOutput* output : program_.user_outputs()) {
      const auto* ref = std::get_if<ValueRef>(&output->value);
      if (ref != nullptr) {
        check_is_real(program_.value(ref->id), fmt::format("output {}", index),
                      "that returns torch.view_as_real(y), y.real or y.abs()");
      }
      ++index;
    }
  }

  void check_is_real(const Value& value, const std::string& place, const std::string& fix) const {
    if (value.kind != ValueKind::kTensor || !at::isComplexType(value.dtype)) return;
    throw_input(where_ + ": " + place, "is complex, " + type_text(value), "real numbers",
                "wrap the network in a module " + fix + ", and export that");
  }

  Slots check_shapes(const ShapeInference& inference, const SymbolValues& symbols) const {
    Slots slots = inference.declared_inputs(program_, symbols);
    for (int64_t i = 0; i < static_cast<int64_t>(program_.nodes.size()); ++i) {
      inference.run(program_, i, slots);
      compare_results(i, slots, symbols);
    }
    return slots;
  }

  void compare_results(int64_t node_index, const Slots& slots, const SymbolValues& symbols) const {
    for_each_result(program_.nodes[node_index],
                    [&](ValueId id) { compare(id, node_index, slots, symbols); });
  }

  // nullopt where libtorch refuses these sizes: an exporter's range can be wider than what a graph
  // takes, and assertions in the graph narrow it.
  std::optional<Slots> shapes_under(const ShapeInference& inference,
                                    const SymbolValues& symbols) const {
    std::optional<Slots> slots;
    try {
      slots = inference.run(program_, symbols);
    } catch (const Error&) {
      return std::nullopt;
    }
    for (int64_t i = 0; i < static_cast<int64_t>(program_.nodes.size()); ++i) {
      compare_results(i, *slots, symbols);
    }
    return slots;
  }

  void compare(ValueId id, int64_t node_index, const Slots& slots,
               const SymbolValues& symbols) const {
    const Value& value = program_.value(id);
    const c10::IValue& found = slots[id];
    const auto place = [&] {
      return describe_node(program_, program_.nodes[node_index], node_index);
    };
    const bool is_kind = value.kind == ValueKind::kTensor
                             ? found.isTensor() && found.toTensor().defined()
                             : found.isScalar();
    if (!is_kind) {
      refuse(
          place(),
          fmt::format("makes {} as %{}", found.isNone() ? "nothing" : found.tagKind(), value.name),
          value.kind == ValueKind::kTensor ? "a tensor" : "a number");
    }
    if (value.kind != ValueKind::kTensor || has_size_of_data(value, symbols)) return;
    const at::Tensor& tensor = found.toTensor();
    const at::Tensor declared = ShapeInference(where_).declared(value, symbols);
    if (tensor.scalar_type() == declared.scalar_type() && tensor.sizes() == declared.sizes()) {
      return;
    }
    refuse(place(), "makes " + type_text(tensor),
           fmt::format("{} as declared ({})", type_text(declared), to_text(value.shape)));
  }

  const Program& program_;
  const std::string& where_;
  std::vector<bool> made_;
};

}  // namespace

void verify(const Program& program, const std::string& where) { Verifier(program, where).run(); }

}  // namespace maas
