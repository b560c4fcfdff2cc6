#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/throw_error.h"
#include "export/onnx/model_proto.h"
#include "export/onnx/wire.h"

namespace maas {
namespace {

constexpr size_t kMostParts = 1'000'000;  // of a kind in one message
constexpr size_t kHighestRank = 64;       // of libtorch's iterators

struct DtypeRow {
  at::ScalarType type;
  int32_t onnx;
};
constexpr std::array<DtypeRow, 13> kDtypes = {{{at::kFloat, 1},
                                               {at::kByte, 2},
                                               {at::kChar, 3},
                                               {at::kUInt16, 4},
                                               {at::kShort, 5},
                                               {at::kInt, 6},
                                               {at::kLong, 7},
                                               {at::kBool, 9},
                                               {at::kHalf, 10},
                                               {at::kDouble, 11},
                                               {at::kUInt32, 12},
                                               {at::kUInt64, 13},
                                               {at::kBFloat16, 16}}};

template <class Item>
void check_room(const std::vector<Item>& items, const WireReader& reader, const char* what) {
  if (items.size() < kMostParts) return;
  throw_input(reader.where(), fmt::format("more than {} {}", kMostParts, what), "fewer",
              "use another copy of the file");
}

std::pair<std::string, std::string> decode_entry(std::string_view bytes, const std::string& where) {
  WireReader reader(bytes, where);
  std::pair<std::string, std::string> entry;
  while (reader.next()) {
    if (reader.field() == 1) entry.first = reader.text();
    if (reader.field() == 2) entry.second = reader.text();
  }
  return entry;
}

OnnxTensor decode_tensor(std::string_view bytes, const std::string& where) {
  WireReader reader(bytes, where);
  OnnxTensor tensor;
  while (reader.next()) {
    switch (reader.field()) {
      case 1:
        reader.add_integers(tensor.dims);
        break;
      case 2:
        tensor.type = reader.small();
        break;
      case 4:
        reader.add_reals(tensor.floats);
        break;
      case 5:
      case 7:
      case 11:
        reader.add_integers(tensor.integers);
        break;
      case 8:
        tensor.name = reader.text();
        break;
      case 9:
        tensor.raw = reader.bytes();
        break;
      case 10:
        reader.add_doubles(tensor.doubles);
        break;
      case 13:
        tensor.external.insert(decode_entry(reader.bytes(), where));
        break;
      case 14:
        tensor.is_external = reader.integer() == 1;
        break;
      default:
        break;
    }
  }
  if (tensor.dims.size() > kHighestRank) {
    throw_input(fmt::format("{}: tensor '{}'", where, tensor.name),
                fmt::format("{} dimensions", tensor.dims.size()),
                fmt::format("at most {}", kHighestRank), "use another copy of the file");
  }
  return tensor;
}

// The numbers of AttributeProto.AttributeType.
enum AttributeType { kFloat = 1, kInt, kString, kTensor, kGraph, kFloats, kInts, kStrings };

// All its fields, whatever its type; files of IR version 1 do not say the type.
struct RawAttribute {
  int64_t type = 0;
  float real = 0;
  int64_t integer = 0;
  std::string text;
  std::string_view tensor;
  std::vector<float> reals;
  std::vector<int64_t> integers;
  std::vector<std::string> texts;
  int last = 0;  // the kind of field that was seen last
};

void decode_field(const WireReader& reader, RawAttribute& raw) {
  switch (reader.field()) {
    case 2:
      raw.real = reader.real();
      raw.last = kFloat;
      break;
    case 3:
      raw.integer = reader.integer();
      raw.last = kInt;
      break;
    case 4:
      raw.text = std::string(reader.bytes());
      raw.last = kString;
      break;
    case 5:
      raw.tensor = reader.bytes();
      raw.last = kTensor;
      break;
    case 6:
      raw.last = kGraph;
      break;
    case 7:
      reader.add_reals(raw.reals);
      raw.last = kFloats;
      break;
    case 8:
      reader.add_integers(raw.integers);
      raw.last = kInts;
      break;
    case 9:
      check_room(raw.texts, reader, "texts");
      raw.texts.emplace_back(reader.bytes());
      raw.last = kStrings;
      break;
    case 20:
      raw.type = reader.integer();
      break;
    default:
      break;
  }
}

OnnxAttribute decode_attribute(std::string_view bytes, const std::string& where) {
  WireReader reader(bytes, where);
  OnnxAttribute attribute;
  RawAttribute raw;
  while (reader.next()) {
    if (reader.field() == 1) attribute.name = reader.text();
    decode_field(reader, raw);
  }
  switch (raw.type == 0 ? raw.last : raw.type) {
    case kFloat:
      attribute.value = raw.real;
      break;
    case kInt:
      attribute.value = raw.integer;
      break;
    case kString:
      attribute.value = std::move(raw.text);
      break;
    case kTensor:
      attribute.value = decode_tensor(raw.tensor, where);
      break;
    case kFloats:
      attribute.value = std::move(raw.reals);
      break;
    case kInts:
      attribute.value = std::move(raw.integers);
      break;
    case kStrings:
      attribute.value = std::move(raw.texts);
      break;
    default:
      break;
  }
  return attribute;
}

OnnxNode decode_node(std::string_view bytes, const std::string& where) {
  OnnxNode node;
  {
    WireReader reader(bytes, where + ": a node");
    while (reader.next()) {
      switch (reader.field()) {
        case 1:
          check_room(node.inputs, reader, "inputs");
          node.inputs.push_back(reader.text());
          break;
        case 2:
          check_room(node.outputs, reader, "outputs");
          node.outputs.push_back(reader.text());
          break;
        case 3:
          node.name = reader.text();
          break;
        case 4:
          node.op = reader.text();
          break;
        case 7:
          node.domain = reader.text();
          break;
        default:
          break;
      }
    }
  }
  const std::string place = fmt::format("{}: node '{}' ({})", where, node.name, node.op);
  WireReader reader(bytes, place);
  while (reader.next()) {
    if (reader.field() != 5) continue;
    check_room(node.attributes, reader, "attributes");
    node.attributes.push_back(decode_attribute(reader.bytes(), place));
  }
  return node;
}

OnnxDim decode_dim(std::string_view bytes, const std::string& where) {
  WireReader reader(bytes, where);
  OnnxDim dim;
  while (reader.next()) {
    if (reader.field() == 1) dim.size = reader.integer();
    if (reader.field() == 2) dim.symbol = reader.text();
  }
  return dim;
}

std::vector<OnnxDim> decode_shape(std::string_view bytes, const std::string& where) {
  WireReader reader(bytes, where);
  std::vector<OnnxDim> shape;
  while (reader.next()) {
    if (reader.field() != 1) continue;
    if (shape.size() == kHighestRank) {
      throw_input(where, fmt::format("more than {} dimensions", kHighestRank), "fewer");
    }
    shape.push_back(decode_dim(reader.bytes(), where));
  }
  return shape;
}

void decode_tensor_type(std::string_view bytes, OnnxValueInfo& info, const std::string& where) {
  WireReader type(bytes, where);
  while (type.next()) {
    if (type.field() != 1) continue;  // a sequence, a map: no tensor
    WireReader tensor(type.bytes(), where);
    while (tensor.next()) {
      if (tensor.field() == 1) info.type = tensor.small();
      if (tensor.field() == 2) info.shape = decode_shape(tensor.bytes(), where);
    }
  }
}

OnnxValueInfo decode_value_info(std::string_view bytes, const std::string& where) {
  WireReader reader(bytes, where);
  OnnxValueInfo info;
  while (reader.next()) {
    if (reader.field() == 1) info.name = reader.text();
    if (reader.field() == 2) {
      decode_tensor_type(reader.bytes(), info, fmt::format("{}: '{}'", where, info.name));
    }
  }
  return info;
}

OnnxGraph decode_graph(std::string_view bytes, const std::string& where) {
  WireReader reader(bytes, where);
  OnnxGraph graph;
  while (reader.next()) {
    switch (reader.field()) {
      case 1:
        check_room(graph.nodes, reader, "nodes");
        graph.nodes.push_back(decode_node(reader.bytes(), where));
        break;
      case 2:
        graph.name = reader.text();
        break;
      case 5:
        check_room(graph.initializers, reader, "tensors");
        graph.initializers.push_back(decode_tensor(reader.bytes(), where));
        break;
      case 11:
        check_room(graph.inputs, reader, "inputs");
        graph.inputs.push_back(decode_value_info(reader.bytes(), where + ": input"));
        break;
      case 12:
        check_room(graph.outputs, reader, "outputs");
        graph.outputs.push_back(decode_value_info(reader.bytes(), where + ": output"));
        break;
      case 15:
        throw_input(where, "holds sparse tensors", "dense ones", "export the model without them");
      default:
        break;
    }
  }
  return graph;
}

void decode_opset(std::string_view bytes, OnnxModel& model, const std::string& where) {
  WireReader reader(bytes, where + ": opset_import");
  std::string domain;
  int64_t version = 0;
  while (reader.next()) {
    if (reader.field() == 1) domain = reader.text();
    if (reader.field() == 2) version = reader.integer();
  }
  if (domain.empty() || domain == "ai.onnx") model.opset = version;
}

}  // namespace

const OnnxAttribute* OnnxNode::find(std::string_view attribute) const {
  for (const OnnxAttribute& candidate : attributes) {
    if (candidate.name == attribute) return &candidate;
  }
  return nullptr;
}

OnnxModel decode_onnx(std::string_view bytes, const std::string& where) {
  WireReader reader(bytes, where);
  OnnxModel model;
  bool has_graph = false;
  while (reader.next()) {
    switch (reader.field()) {
      case 1:
        model.ir_version = reader.integer();
        break;
      case 2:
        model.producer = reader.text();
        break;
      case 3:
        model.producer_version = reader.text();
        break;
      case 7:
        if (has_graph) throw_input(where, "has two graphs", "one", "use another copy of the file");
        has_graph = true;
        model.graph = decode_graph(reader.bytes(), where);
        break;
      case 8:
        decode_opset(reader.bytes(), model, where);
        break;
      case 14:
        model.metadata.insert(decode_entry(reader.bytes(), where + ": metadata"));
        break;
      case 25:
        throw_input(where, "defines functions of its own", "operators of the standard alone",
                    "inline them before (onnx.inliner)");
      default:
        break;
    }
  }
  if (!has_graph) {
    throw_input(where, "has no graph", "an ONNX model", "check that this is an ONNX file");
  }
  return model;
}

std::optional<at::ScalarType> dtype_from_onnx(int32_t type) {
  const auto* row = std::find_if(kDtypes.begin(), kDtypes.end(),
                                 [&](const DtypeRow& r) { return r.onnx == type; });
  return row == kDtypes.end() ? std::nullopt : std::optional(row->type);
}

std::optional<int32_t> dtype_to_onnx(at::ScalarType dtype) {
  const auto* row = std::find_if(kDtypes.begin(), kDtypes.end(),
                                 [&](const DtypeRow& r) { return r.type == dtype; });
  return row == kDtypes.end() ? std::nullopt : std::optional(row->onnx);
}

}  // namespace maas
