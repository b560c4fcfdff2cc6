// The graph: typed values and ATen operator nodes in torch.export form. The one representation
// that maas trains, rewrites, checks, writes and serves.
//
// A Program is a value: copying it copies the graph and shares the tensors. Passes take a Program
// and return another; whoever changes a tensor clones it first.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace maas {

using ValueId = int32_t;  // index into Program::values
inline constexpr ValueId kNoValue = -1;

// A size: a number, or an expression over symbols in sympy's spelling ("s77", "2*s77", "s0 + 1").
struct Dim {
  int64_t size = 0;        // the number; for an expression the hint (any admissible example)
  std::string expression;  // "" = a plain number
  Dim() = default;
  Dim(int64_t n) : size(n) {}  // NOLINT(google-explicit-constructor): sizes read as numbers
  Dim(std::string text, int64_t hint) : size(hint), expression(std::move(text)) {}
  bool is_symbolic() const { return !expression.empty(); }
  bool operator==(const Dim&) const = default;
};

enum class ValueKind { kTensor, kSymInt, kSymFloat, kSymBool };

// One value of the graph: made by exactly one input or node, used by later nodes and outputs.
struct Value {
  std::string name;  // unique in the program
  ValueKind kind = ValueKind::kTensor;
  // kTensor: what a look at it without running would say.
  at::ScalarType dtype = at::kFloat;
  std::vector<Dim> shape;
  std::vector<Dim> strides;  // empty = contiguous
  bool requires_grad = false;
  // kSymInt: its expression.
  Dim number;
};

// A list element that may be a number or a value of the graph.
struct IntOrValue {
  int64_t number = 0;
  ValueId value = kNoValue;
  bool operator==(const IntOrValue&) const = default;
};

// An operator's argument.
struct None {
  bool operator==(const None&) const = default;
};
struct ValueRef {  // a tensor or a symbolic number
  ValueId id = kNoValue;
  bool operator==(const ValueRef&) const = default;
};
struct ValueList {  // a list of tensors; kNoValue = None
  std::vector<ValueId> ids;
  bool optional = false;  // Tensor?[] rather than Tensor[]
  bool operator==(const ValueList&) const = default;
};
struct IntList {
  std::vector<IntOrValue> items;
  bool operator==(const IntList&) const = default;
};
using Argument =
    std::variant<None, ValueRef, ValueList, int64_t, double, bool, std::string, IntList,
                 std::vector<double>, std::vector<bool>, std::vector<std::string>, at::ScalarType,
                 at::MemoryFormat, at::Layout, at::Device>;

struct NamedArgument {
  std::string name;  // as in the operator's schema
  Argument value;
  bool keyword = false;
};

// A call of one operator. `op` is "aten::linear" + overload "" or "aten::add" + "Tensor"; shape
// arithmetic is "_operator::mul" and friends.
struct Node {
  std::string op;
  std::string overload;
  std::vector<NamedArgument> arguments;  // those equal to their default may be left out
  // Results in order. A result that is a list of tensors (chunk, split) is one entry of many ids.
  struct Output {
    std::vector<ValueId> ids;  // kNoValue = not used
    bool is_list = false;
  };
  std::vector<Output> outputs;
  std::map<std::string, std::string> metadata;

  const Argument* find(const std::string& name) const;
  void set(const std::string& name, Argument value);  // replaces or appends (as keyword)
  std::string full_name() const { return overload.empty() ? op : op + "." + overload; }
};

struct GraphInput {
  enum class Kind { kParameter, kBuffer, kConstant, kUser, kConstantScalar };
  Kind kind = Kind::kUser;
  ValueId value = kNoValue;  // kNoValue for kConstantScalar
  std::string target;        // parameter, buffer or constant name; user input's name
  bool persistent = true;    // buffers
  Argument constant;         // kConstantScalar: a non-tensor input fixed at export
};

struct GraphOutput {
  enum class Kind { kUser, kBufferMutation };
  Kind kind = Kind::kUser;
  Argument value;      // usually a ValueRef
  std::string target;  // kBufferMutation: the buffer's name
};

struct SymbolRange {
  std::optional<int64_t> min, max;  // both included
};

struct Program {
  std::vector<Value> values;
  std::vector<Node> nodes;  // in an order in which they can run
  std::vector<GraphInput> inputs;
  std::vector<GraphOutput> outputs;
  std::map<std::string, at::Tensor> parameters, buffers, constants;  // by target name
  std::map<std::string, SymbolRange> symbols;
  // What the symbols must be to each other, in the spelling of DimExpression::infix(): "Mod(s0, 32)
  // == 0" (size_rules.h).
  std::vector<std::string> size_rules;
  std::vector<std::string> unread_guards;  // of the file: what was no rule about sizes, as it stood
  // How Python calls it, kept as JSON text for writing back: module_call_graph's root signature.
  std::string call_signature_json;
  std::vector<std::string> user_output_names;

  const Value& value(ValueId id) const { return values.at(id); }
  Value& value(ValueId id) { return values.at(id); }
  std::vector<const GraphInput*> user_inputs() const;
  std::vector<const GraphOutput*> user_outputs() const;
  // The tensor behind a parameter, buffer or constant input. Throws Error{kInput} if absent.
  const at::Tensor& tensor_of(const GraphInput& input) const;
  // The shape of the first user output; empty where there is none.
  std::vector<Dim> output_shape() const;
  int64_t parameter_count() const;
  int64_t byte_count() const;  // parameters, buffers and constants
};

// The text of a graph, one line a node: "%3: f32[s0, 128] = aten::linear(%x, %fc1.weight, ...)".
std::string to_text(const Program& program);
std::string to_text(const Dim& dim);
std::string to_text(const std::vector<Dim>& shape);
// Of the same shape but for the first dimension, which counts samples.
bool same_sample(const Value& a, const Value& b);
// [B, width], or [B] where the width is 1.
bool is_rows(const std::vector<Dim>& shape, int64_t width);
std::string type_text(const at::Tensor& tensor);  // "f32[16, 4]"
std::string type_text(const Value& value);        // "f32[s0, 4]" of a tensor, as declared

}  // namespace maas
