// The frame of a graph: inputs and their symbols, initializers, nodes in order, outputs.
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/tensor.h>
#include <c10/util/Exception.h>
#include <fmt/format.h>

#include <charconv>
#include <unordered_map>

#include "base/error.h"
#include "base/memory.h"
#include "base/throw_error.h"
#include "export/onnx/read.h"
#include "export/onnx/reader.h"
#include "program/dim_expression.h"
#include "tensor/short_reason.h"

namespace maas {
namespace {

constexpr int64_t kExample = 4;  // of a size that varies

bool is_identifier(const std::string& text) {
  if (text.empty() || text.size() > 64 || std::isdigit(static_cast<unsigned char>(text[0])) != 0) {
    return false;
  }
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_') return false;
  }
  return true;
}

// A name that Python takes, too.
std::string identifier(const std::string& name) {
  std::string text = name;
  for (char& c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return is_identifier(text) ? text : "v_" + text;
}

// A symbol, or an expression over symbols ("2*s0"); others get a name of their own.
Dim dim_of(const OnnxDim& dim, Program& program, std::map<std::string, std::string>& renamed) {
  if (dim.size) return Dim(*dim.size);
  std::string text = dim.symbol;
  auto expression = text.empty() ? std::nullopt : DimExpression::parse(text);
  bool plain = expression.has_value();
  if (plain) {
    for (const std::string& symbol : expression->symbols()) plain = plain && is_identifier(symbol);
    plain = plain && !expression->symbols().empty();
  }
  if (!plain) {
    std::string& name = renamed[text.empty() ? fmt::format("?{}", renamed.size()) : text];
    while (name.empty() ||
           (renamed.size() > 1 && program.symbols.count(name) != 0 && text.empty())) {
      name = fmt::format("dim{}", program.symbols.size());
    }
    text = name;
    expression = DimExpression::parse(text);
  }
  for (const std::string& symbol : expression->symbols()) {
    program.symbols.try_emplace(symbol, SymbolRange{1, std::nullopt});
  }
  return Dim(expression->infix(), kExample);
}

std::optional<int64_t> bound_of(std::string_view text) {
  int64_t number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool plain = error == std::errc() && end == text.data() + text.size() && number >= 0;
  return plain ? std::optional(number) : std::nullopt;
}

// What the writer noted of the symbols; nonsense is as good as nothing.
void set_ranges(Program& program, const std::map<std::string, std::string>& metadata) {
  for (auto& [symbol, range] : program.symbols) {
    const auto found = metadata.find(kRangeKey + symbol);
    const size_t dots = found == metadata.end() ? std::string::npos : found->second.find("..");
    if (dots == std::string::npos) continue;
    const SymbolRange said{bound_of(std::string_view(found->second).substr(0, dots)),
                           bound_of(std::string_view(found->second).substr(dots + 2))};
    if (!said.min || !said.max || *said.min <= *said.max) range = said;
  }
}

std::string type_of(int32_t type) { return type == 0 ? "no type" : fmt::format("type {}", type); }

}  // namespace

const ReaderRow* find_onnx_reader(const std::string& op) {
  static const auto table = [] {
    std::unordered_map<std::string, const ReaderRow*> all;
    for (const auto rows :
         {onnx_layer_readers(), onnx_product_readers(), onnx_elementwise_readers(),
          onnx_reduction_readers(), onnx_shape_readers(), onnx_indexing_readers(),
          onnx_creation_readers(), onnx_quantized_readers()}) {
      for (const ReaderRow& row : rows) all[row.op] = &row;
    }
    return all;
  }();
  const auto found = table.find(op);
  return found == table.end() ? nullptr : found->second;
}

Program OnnxReader::inputs_of(const OnnxModel& model, const std::filesystem::path& path) {
  Program program;
  std::set<std::string> tensors, seen;
  for (const OnnxTensor& tensor : model.graph.initializers) tensors.insert(tensor.name);
  std::map<std::string, std::string> renamed;
  for (const OnnxValueInfo& input : model.graph.inputs) {
    if (tensors.count(input.name) != 0) continue;  // a default that nobody overrides
    const std::string where = fmt::format("{}: input '{}'", path.string(), input.name);
    const auto dtype = dtype_from_onnx(input.type);
    if (input.name.empty() || !dtype) {
      throw_input(where, "has " + type_of(input.type), "a named tensor of numbers");
    }
    if (!input.shape) throw_input(where, "has no shape", "a shape; sizes in it may vary");
    if (!seen.insert(input.name).second) throw_input(where, "is there twice", "one of a name");
    std::vector<Dim> shape;
    for (const OnnxDim& dim : *input.shape) {
      if (dim.size && *dim.size < 0) {
        throw_input(where, fmt::format("a size of {}", *dim.size), "at least 0");
      }
      shape.push_back(dim_of(dim, program, renamed));
    }
    add_user_input(program, input.name, *dtype, std::move(shape));
  }
  set_ranges(program, model.metadata);
  return program;
}

OnnxReader::OnnxReader(const OnnxModel& model, std::filesystem::path path)
    : model_(model),
      path_(std::move(path)),
      data_(path_),
      rewriter_(inputs_of(model_, path_), path_.string()) {
  if (model.opset < kLowestReadOpset || model.opset > kHighestReadOpset) {
    throw_input(path_.string(), fmt::format("opset {}", model.opset),
                fmt::format("{} to {}", kLowestReadOpset, kHighestReadOpset),
                "convert it with onnx.version_converter");
  }
  for (const GraphInput& input : rewriter_.program().inputs) {
    values_[input.target].id = input.value;
  }
  for (const OnnxNode& node : model.graph.nodes) {
    for (const std::string& name : node.inputs) readers_[name].push_back(&node);
  }
  for (const OnnxValueInfo& output : model.graph.outputs) outputs_.insert(output.name);
}

void OnnxReader::read_tensors() {
  int64_t left = available_memory();
  for (const OnnxTensor& tensor : model_.graph.initializers) {
    OnnxValue value;
    value.constant = data_.read(tensor, left);
    left -= static_cast<int64_t>(value.constant.nbytes());
    if (tensor.name.empty() || !values_.emplace(tensor.name, std::move(value)).second) {
      throw_input(fmt::format("{}: tensor '{}'", path_.string(), tensor.name),
                  "has no name of its own", "one", "the file is damaged; use another copy");
    }
  }
}

ValueId OnnxReader::add_constant(const std::string& name, const at::Tensor& tensor) {
  return maas::add_constant(rewriter_.program(), name, tensor);
}

ValueId OnnxReader::add_parameter(const std::string& name, const at::Tensor& tensor) {
  const ValueId id = add_weight(rewriter_.program(), name, tensor);
  rewriter_.program().value(id).requires_grad = true;
  return id;
}

ValueId OnnxReader::add_named_buffer(const std::string& name, const at::Tensor& tensor) {
  return add_buffer(rewriter_.program(), name, tensor);
}

ValueId OnnxReader::buffer(const OnnxNode& node, size_t index) {
  const auto tensor = constant(node, index);
  if (!has(node, index)) refuse(node, fmt::format("input {} is missing", index), "a tensor");
  OnnxValue& value = values_.at(node.inputs[index]);
  if (value.id == kNoValue && tensor) value.id = add_named_buffer(node.inputs[index], *tensor);
  return id_of(node.inputs[index]);
}

// Numbers that vary are tensors without dimensions; several are put together.
ValueId OnnxReader::as_tensor(const SizeList& sizes) {
  ValueList parts;
  for (const IntOrValue& item : sizes.items) {
    const Argument number = item.value == kNoValue ? Argument(item.number) : ValueRef{item.value};
    parts.ids.push_back(call("aten::scalar_tensor", {{"s", number}, {"dtype", at::kLong}}));
  }
  if (sizes.is_scalar) return parts.ids.at(0);
  return call("aten::stack", {{"tensors", parts}, {"dim", int64_t{0}}});
}

ValueId OnnxReader::as_integers(const Rounded& rounded) {
  const bool is_signed = rounded.dtype == at::kChar;
  ValueId x = call("aten::div.Scalar", {self(rounded.x), {"other", rounded.scale}});
  x = call("aten::add.Scalar",
           {self(call("aten::round", {self(x)})), {"other", rounded.zero_point}});
  x = call(
      "aten::clamp",
      {self(x), {"min", int64_t{is_signed ? -128 : 0}}, {"max", int64_t{is_signed ? 127 : 255}}});
  return call("aten::to.dtype", {self(x), {"dtype", rounded.dtype}});
}

ValueId OnnxReader::id_of(const std::string& name) {
  OnnxValue& value = values_.at(name);
  if (value.id != kNoValue) return value.id;
  if (value.constant.defined()) {
    const bool is_weight =
        at::isFloatingType(value.constant.scalar_type()) && value.constant.dim() > 0;
    value.id =
        is_weight ? add_parameter(name, value.constant) : add_named_buffer(name, value.constant);
  } else if (value.sizes) {
    const SizeList& sizes = *value.sizes;
    bool plain = true;
    std::vector<int64_t> numbers;
    for (const IntOrValue& item : sizes.items) {
      plain = plain && item.value == kNoValue;
      numbers.push_back(item.number);
    }
    const at::Tensor all = at::tensor(numbers, at::kLong);
    value.id = plain ? add_constant(name, sizes.is_scalar ? all[0] : all) : as_tensor(sizes);
  } else if (value.rounded) {
    value.id = as_integers(*value.rounded);
  } else {
    MAAS_CHECK(value.product.has_value());
    value.id = call("aten::linear", {reference("input", value.product->x),
                                     reference("weight", value.product->weight)});
  }
  return value.id;
}

void OnnxReader::read_outputs() {
  Program& program = rewriter_.program();
  std::set<std::string> seen;
  for (const OnnxValueInfo& output : model_.graph.outputs) {
    const std::string where = fmt::format("{}: output '{}'", path_.string(), output.name);
    if (values_.count(output.name) == 0) throw_input(where, "is made by no node", "a value");
    if (!seen.insert(output.name).second) throw_input(where, "is there twice", "one of a name");
    ValueId id = id_of(output.name);
    if (rewriter_.producer(id) == nullptr) id = call("aten::clone", {self(id)});
    program.outputs.push_back({GraphOutput::Kind::kUser, ValueRef{id}, ""});
    program.user_output_names.push_back(output.name);
  }
}

Program OnnxReader::read() {
  read_tensors();
  rewriter_.at(rewriter_.size());
  for (const OnnxNode& node : model_.graph.nodes) {
    if (!node.domain.empty() && node.domain != "ai.onnx") {
      refuse(node, fmt::format("an operator of '{}'", node.domain), "operators of the standard");
    }
    const ReaderRow* row = find_onnx_reader(node.op);
    if (row == nullptr) {
      throw_input(place(node), fmt::format("maas has no counterpart of ONNX's {}", node.op),
                  "operators that the reader knows", "export the network without it");
    }
    try {
      row->read(*this, node);
    } catch (const c10::Error& error) {  // of constants that are computed here
      refuse(node, short_reason(error), "constants that go together");
    }
  }
  read_outputs();
  Program program = rewriter_.finish();
  // As callers and files call them, where that is free.
  std::set<std::string> taken;
  for (const Value& value : program.values) taken.insert(value.name);
  const auto rename = [&](ValueId id, const std::string& name) {
    const std::string wanted = identifier(name);
    if (taken.insert(wanted).second) program.value(id).name = wanted;
  };
  for (const GraphInput* input : program.user_inputs()) rename(input->value, input->target);
  for (size_t i = 0; i < program.outputs.size(); ++i) {
    rename(std::get<ValueRef>(program.outputs[i].value).id, program.user_output_names[i]);
  }
  return program;
}

Program from_onnx(const OnnxModel& model, const std::filesystem::path& path) {
  return OnnxReader(model, path).read();
}

Program read_onnx(const std::filesystem::path& path) {
  const MappedFile file(path);
  return from_onnx(decode_onnx(file.bytes(), path.string()), path);
}

}  // namespace maas
