#include "pt2/graph_json.h"

#include <fmt/format.h>

#include <cmath>

#include "program/dim_expression.h"
#include "pt2/made_values.h"
#include "pt2/plain_argument.h"
#include "pt2/size_guards.h"
#include "tensor/dtype.h"

namespace maas {
namespace {

void write_int_dim(JsonWriter& json, int64_t size) {
  json.begin_object().field("as_int", size).end_object();
}

void write_dim(JsonWriter& json, const Dim& dim) {
  if (!dim.is_symbolic()) return write_int_dim(json, dim.size);
  const auto expression = DimExpression::parse(dim.expression);
  json.begin_object().key("as_expr").begin_object();
  json.field("expr_str", expression ? expression->exported() : dim.expression);
  json.key("hint");
  write_int_dim(json, dim.size);
  json.end_object().end_object();
}

// Hints may be anything.
int64_t saturated_product(int64_t a, int64_t b) {
  int64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? INT64_MAX : product;
}

// Row-major strides of a symbolic shape: products of sizes, as sympy text.
std::vector<Dim> contiguous_strides(const std::vector<Dim>& shape) {
  std::vector<Dim> strides(shape.size());
  Dim step(1);
  for (size_t i = shape.size(); i-- > 0;) {
    strides[i] = step;
    const Dim& size = shape[i];
    if (!step.is_symbolic() && !size.is_symbolic()) {
      step = Dim(saturated_product(step.size, std::max<int64_t>(size.size, 1)));
    } else {
      const std::string text = step.is_symbolic() || step.size != 1
                                   ? fmt::format("({})*({})", to_text(step), to_text(size))
                                   : to_text(size);
      step = Dim(text, saturated_product(step.size, size.size));
    }
  }
  return strides;
}

void write_meta(JsonWriter& json, const Value& value) {
  json.begin_object()
      .field("dtype", dtype_to_export(value.dtype).value_or(7))
      .key("sizes")
      .begin_array();
  for (const Dim& dim : value.shape) write_dim(json, dim);
  json.end_array().field("requires_grad", value.requires_grad);
  json.key("device").begin_object().field("type", "cpu").key("index").null().end_object();
  json.key("strides").begin_array();
  const bool known = value.strides.size() == value.shape.size();
  for (const Dim& dim : known ? value.strides : contiguous_strides(value.shape)) {
    write_dim(json, dim);
  }
  json.end_array().key("storage_offset");
  write_int_dim(json, 0);
  json.field("layout", 7).end_object();
}

class ArgumentWriter {
 public:
  ArgumentWriter(JsonWriter& json, const Program& program) : json_(json), program_(program) {}

  void write(const Argument& argument) {
    json_.begin_object();
    std::visit([this](const auto& value) { put(value); }, argument);
    json_.end_object();
  }

  void write_name(ValueId id) {
    json_.begin_object().field("name", program_.value(id).name).end_object();
  }

 private:
  void put(const None&) { json_.field("as_none", true); }
  void put(const ValueRef& ref) {
    const Value& value = program_.value(ref.id);
    if (value.kind == ValueKind::kTensor) {
      json_.key("as_tensor");
      write_name(ref.id);
      return;
    }
    json_.key(value.kind == ValueKind::kSymInt     ? "as_sym_int"
              : value.kind == ValueKind::kSymFloat ? "as_sym_float"
                                                   : "as_sym_bool");
    json_.begin_object().field("as_name", value.name).end_object();
  }
  void put(const ValueList& list) {
    json_.key(list.optional ? "as_optional_tensors" : "as_tensors").begin_array();
    for (const ValueId id : list.ids) {
      if (!list.optional) {
        write_name(id);
      } else if (id == kNoValue) {
        json_.begin_object().field("as_none", true).end_object();
      } else {
        json_.begin_object().key("as_tensor");
        write_name(id);
        json_.end_object();
      }
    }
    json_.end_array();
  }
  void put(const IntList& list) {
    bool plain = true;
    for (const IntOrValue& item : list.items) plain = plain && item.value == kNoValue;
    json_.key(plain ? "as_ints" : "as_sym_ints").begin_array();
    for (const IntOrValue& item : list.items) {
      if (plain) {
        json_.value(item.number);
      } else if (item.value == kNoValue) {
        write_int_dim(json_, item.number);
      } else {
        json_.begin_object().field("as_name", program_.value(item.value).name).end_object();
      }
    }
    json_.end_array();
  }
  void put(bool flag) { json_.field("as_bool", flag); }
  void put(int64_t number) { json_.field("as_int", number); }
  void put(double number) {
    json_.key("as_float");
    write_float(number);
  }
  void put(const std::string& text) { json_.field("as_string", text); }
  void put(const std::vector<double>& items) {
    json_.key("as_floats").begin_array();
    for (const double item : items) write_float(item);
    json_.end_array();
  }
  void put(const std::vector<bool>& items) {
    json_.key("as_bools").begin_array();
    for (const bool item : items) json_.value(item);
    json_.end_array();
  }
  void put(const std::vector<std::string>& items) {
    json_.key("as_strings").begin_array();
    for (const std::string& item : items) json_.value(item);
    json_.end_array();
  }
  void put(at::ScalarType dtype) {
    json_.field("as_scalar_type", dtype_to_export(dtype).value_or(7));
  }
  void put(at::MemoryFormat format) {
    const int64_t number = format == at::MemoryFormat::Contiguous       ? 1
                           : format == at::MemoryFormat::ChannelsLast   ? 2
                           : format == at::MemoryFormat::ChannelsLast3d ? 3
                                                                        : 4;
    json_.field("as_memory_format", number);
  }
  void put(at::Layout) { json_.field("as_layout", 7); }
  void put(const at::Device& device) {
    json_.key("as_device").begin_object().field("type", at::DeviceTypeName(device.type(), true));
    json_.key("index").null().end_object();
  }
  // A whole float must stay a float for Python's reader; infinities travel as strings.
  void write_float(double number) {
    if (std::isinf(number)) {
      json_.value(number > 0 ? "Infinity" : "-Infinity");
    } else if (std::isnan(number)) {
      json_.value("NaN");
    } else if (number == std::floor(number) && std::abs(number) < 1e15) {
      json_.raw(fmt::format("{:.1f}", number));
    } else {
      json_.value(number);
    }
  }

  JsonWriter& json_;
  const Program& program_;
};

std::string export_target(const Node& node) {
  const size_t colons = node.op.find("::");
  const std::string space = node.op.substr(0, colons), name = node.op.substr(colons + 2);
  if (space == "_operator" && name.rfind("sym_", 0) == 0) return "torch." + name;
  if (space == "_operator" || space == "math") return space + "." + name;
  return fmt::format("torch.ops.{}.{}.{}", space, name,
                     node.overload.empty() ? "default" : node.overload);
}

void write_nodes(JsonWriter& json, const Program& program) {
  ArgumentWriter arguments(json, program);
  json.key("nodes").begin_array();
  for (const Node& node : program.nodes) {
    json.begin_object().field("target", export_target(node)).key("inputs").begin_array();
    const std::vector<bool> by_name = given_by_name(node);
    for (size_t i = 0; i < node.arguments.size(); ++i) {
      json.begin_object().field("name", node.arguments[i].name).key("arg");
      arguments.write(node.arguments[i].value);
      json.field("kind", by_name[i] ? 2 : 1).end_object();
    }
    json.end_array().key("outputs").begin_array();
    for (const Node::Output& output : node.outputs) {
      if (output.is_list) {
        arguments.write(ValueList{output.ids, false});
      } else if (output.ids[0] == kNoValue) {
        arguments.write(None{});
      } else {
        arguments.write(ValueRef{output.ids[0]});
      }
    }
    json.end_array().key("metadata").begin_object();
    for (const auto& [key, text] : node.metadata) json.field(key, text);
    json.end_object().key("is_hop_single_tensor_return").null();
    json.key("name").null().end_object();
  }
  json.end_array();
}

void write_values(JsonWriter& json, const Program& program) {
  json.key("tensor_values").begin_object();
  for (const Value* value : made_values(program, ValueKind::kTensor)) {
    json.key(value->name);
    write_meta(json, *value);
  }
  json.end_object().key("sym_int_values").begin_object();
  for (const Value* value : made_values(program, ValueKind::kSymInt)) {
    json.key(value->name);
    write_dim(json, value->number);
  }
  const auto write_examples = [&](ValueKind kind, const char* key, auto example) {
    for (const Value* value : made_values(program, kind)) {
      json.key(value->name).begin_object().field(key, example).end_object();
    }
  };
  json.end_object().key("sym_bool_values").begin_object();
  write_examples(ValueKind::kSymBool, "as_bool", true);
  json.end_object().field("is_single_tensor_return", false);
  json.key("custom_obj_values").begin_object().end_object();
  json.key("sym_float_values").begin_object();
  write_examples(ValueKind::kSymFloat, "as_float", 0.5);
  json.end_object();
}

// Python wants buffer mutations before the user's outputs.
std::vector<const GraphOutput*> ordered_outputs(const Program& program) {
  std::vector<const GraphOutput*> ordered;
  for (const GraphOutput::Kind kind :
       {GraphOutput::Kind::kBufferMutation, GraphOutput::Kind::kUser}) {
    for (const GraphOutput& output : program.outputs) {
      if (output.kind == kind) ordered.push_back(&output);
    }
  }
  return ordered;
}

void write_graph(JsonWriter& json, const Program& program) {
  ArgumentWriter arguments(json, program);
  json.key("graph").begin_object().key("inputs").begin_array();
  for (const GraphInput& input : program.inputs) {
    arguments.write(input.value == kNoValue ? input.constant : Argument(ValueRef{input.value}));
  }
  json.end_array().key("outputs").begin_array();
  for (const GraphOutput* output : ordered_outputs(program)) arguments.write(output->value);
  json.end_array();
  write_nodes(json, program);
  write_values(json, program);
  json.end_object();
}

void write_input_spec(JsonWriter& json, const Program& program, const GraphInput& input) {
  ArgumentWriter arguments(json, program);
  json.begin_object();
  switch (input.kind) {
    case GraphInput::Kind::kParameter:
      json.key("parameter").begin_object().key("arg");
      arguments.write_name(input.value);
      json.field("parameter_name", input.target);
      break;
    case GraphInput::Kind::kBuffer:
      json.key("buffer").begin_object().key("arg");
      arguments.write_name(input.value);
      json.field("buffer_name", input.target).field("persistent", input.persistent);
      break;
    case GraphInput::Kind::kConstant:
      json.key("tensor_constant").begin_object().key("arg");
      arguments.write_name(input.value);
      json.field("tensor_constant_name", input.target);
      break;
    case GraphInput::Kind::kUser:
      json.key("user_input").begin_object().key("arg");
      arguments.write(ValueRef{input.value});
      break;
    case GraphInput::Kind::kConstantScalar:
      if (input.target.empty()) {
        json.key("user_input").begin_object().key("arg");
      } else {
        json.key("constant_input").begin_object().field("name", input.target).key("value");
      }
      arguments.write(input.constant);
      break;
  }
  json.end_object().end_object();
}

void write_signature(JsonWriter& json, const Program& program) {
  ArgumentWriter arguments(json, program);
  json.key("signature").begin_object().key("input_specs").begin_array();
  for (const GraphInput& input : program.inputs) write_input_spec(json, program, input);
  json.end_array().key("output_specs").begin_array();
  for (const GraphOutput* output : ordered_outputs(program)) {
    json.begin_object();
    if (output->kind == GraphOutput::Kind::kUser) {
      json.key("user_output").begin_object().key("arg");
      arguments.write(output->value);
      json.end_object();
    } else {
      json.key("buffer_mutation").begin_object().key("arg");
      arguments.write_name(std::get<ValueRef>(output->value).id);
      json.field("buffer_name", output->target).end_object();
    }
    json.end_object();
  }
  json.end_array().end_object();
}

// pytree specs (torch.utils._pytree, protocol 1) of positional tensors in, tensor or tuple out.
std::string default_call_signature(const Program& program) {
  const std::string leaf = R"({"type": null, "context": null, "children_spec": []})";
  const auto tuple = [&](size_t count) {
    std::string children;
    for (size_t i = 0; i < count; ++i) children += (i > 0 ? ", " : "") + leaf;
    return R"({"type": "builtins.tuple", "context": "null", "children_spec": [)" + children + "]}";
  };
  const size_t inputs = program.user_inputs().size(), outputs = program.user_outputs().size();
  const std::string in_spec =
      R"([1, {"type": "builtins.tuple", "context": "null", "children_spec": [)" + tuple(inputs) +
      R"(, {"type": "builtins.dict", "context": "[]", "children_spec": []}]}])";
  const std::string out_spec = "[1, " + (outputs == 1 ? leaf : tuple(outputs)) + "]";
  JsonWriter json;
  json.begin_object().key("inputs").begin_array().end_array();
  json.key("outputs").begin_array().end_array();
  json.field("in_spec", in_spec).field("out_spec", out_spec);
  json.key("forward_arg_names").begin_array();
  for (const GraphInput* input : program.user_inputs()) json.value(input->target);
  json.end_array().end_object();
  return json.take();
}

}  // namespace

void write_tensor_meta(JsonWriter& json, const at::Tensor& tensor, bool requires_grad) {
  Value value;
  value.dtype = tensor.scalar_type();
  value.shape = {tensor.sizes().begin(), tensor.sizes().end()};
  value.requires_grad = requires_grad;
  write_meta(json, value);
}

std::string exported_program_json(const Program& program) {
  JsonWriter json;
  json.begin_object().key("graph_module").begin_object();
  write_graph(json, program);
  write_signature(json, program);
  json.key("module_call_graph").begin_array().begin_object().field("fqn", "").key("signature");
  json.raw(program.call_signature_json.empty() ? default_call_signature(program)
                                               : program.call_signature_json);
  json.end_object().end_array();
  json.key("metadata").begin_object().end_object();
  json.key("treespec_namedtuple_fields").begin_object().end_object().end_object();
  json.key("opset_version").begin_object().field("aten", 10).end_object();
  json.key("range_constraints").begin_object();
  for (const auto& [name, range] : program.symbols) {
    json.key(name).begin_object().key("min_val");
    range.min ? json.value(*range.min) : json.null();
    json.key("max_val");
    range.max ? json.value(*range.max) : json.null();
    json.end_object();
  }
  json.end_object().key("schema_version").begin_object();
  json.field("major", 8).field("minor", 20).end_object();
  json.key("verifiers").begin_array().value("TRAINING").end_array();
  json.field("torch_version", "2.13.0+cpu").key("guards_code").begin_array();
  for (const std::string& guard : size_guards_of(program)) json.value(guard);
  json.end_array();
  json.end_object();
  return json.take();
}

}  // namespace maas
