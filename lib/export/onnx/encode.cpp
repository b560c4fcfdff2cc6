#include "export/onnx/encode.h"

#include <fmt/format.h>

#include <vector>

#include "base/error.h"
#include "base/new_file.h"
#include "base/throw_error.h"
#include "export/onnx/wire.h"
#include "tensor/dtype.h"

namespace maas {
namespace {

constexpr uint64_t kAlignment = 64;            // of tensors in the file of external data
constexpr uint64_t kSmallest = 1024;           // bytes of a tensor that goes there
constexpr uint64_t kRoom = uint64_t{1} << 20;  // for what is no tensor's data

std::string_view bytes_of(const at::Tensor& dense) {
  return {static_cast<const char*>(dense.const_data_ptr()), dense.nbytes()};
}

// Everything of a TensorProto but its data.
void encode_head(const OnnxTensor& tensor, WireWriter& to) {
  const auto type = dtype_to_onnx(tensor.values.scalar_type());
  if (!type) {
    throw_usage(fmt::format("tensor '{}'", tensor.name),
                "elements of type " + dtype_name(tensor.values.scalar_type()),
                "a type that ONNX has", "convert it first");
  }
  const at::IntArrayRef sizes = tensor.values.sizes();
  to.integers(1, {sizes.begin(), sizes.end()});
  to.integer(2, *type);
  if (!tensor.name.empty()) to.bytes(8, tensor.name);
}

std::string encode_tensor(const OnnxTensor& tensor) {
  WireWriter to;
  encode_head(tensor, to);
  to.bytes(9, bytes_of(tensor.values.detach().contiguous()));
  return to.text();
}

struct AttributeEncoder {
  WireWriter& to;

  void operator()(std::monostate) const {}
  void operator()(float value) const {
    to.real(2, value);
    to.integer(20, 1);
  }
  void operator()(int64_t value) const {
    to.integer(3, value);
    to.integer(20, 2);
  }
  void operator()(const std::string& value) const {
    to.bytes(4, value);
    to.integer(20, 3);
  }
  void operator()(const OnnxTensor& value) const {
    to.bytes(5, encode_tensor(value));
    to.integer(20, 4);
  }
  void operator()(const std::vector<float>& values) const {
    for (const float value : values) to.real(7, value);
    to.integer(20, 6);
  }
  void operator()(const std::vector<int64_t>& values) const {
    for (const int64_t value : values) to.integer(8, value);
    to.integer(20, 7);
  }
  void operator()(const std::vector<std::string>& values) const {
    for (const std::string& value : values) to.bytes(9, value);
    to.integer(20, 8);
  }
};

std::string encode_node(const OnnxNode& node) {
  WireWriter to;
  for (const std::string& input : node.inputs) to.bytes(1, input);
  for (const std::string& output : node.outputs) to.bytes(2, output);
  to.bytes(3, node.name);
  to.bytes(4, node.op);
  for (const OnnxAttribute& attribute : node.attributes) {
    WireWriter one;
    one.bytes(1, attribute.name);
    std::visit(AttributeEncoder{one}, attribute.value);
    to.bytes(5, one.text());
  }
  if (!node.domain.empty()) to.bytes(7, node.domain);
  return to.text();
}

std::string encode_value_info(const OnnxValueInfo& info) {
  WireWriter shape;
  for (const OnnxDim& dim : info.shape.value_or(std::vector<OnnxDim>())) {
    WireWriter one;
    if (dim.size) {
      one.integer(1, *dim.size);
    } else if (!dim.symbol.empty()) {
      one.bytes(2, dim.symbol);
    }
    shape.bytes(1, one.text());
  }
  WireWriter tensor;
  tensor.integer(1, info.type);
  if (info.shape) tensor.bytes(2, shape.text());
  WireWriter type, to;
  type.bytes(1, tensor.text());
  to.bytes(1, info.name);
  to.bytes(2, type.text());
  return to.text();
}

std::string encode_entry(const std::string& key, const std::string& value) {
  WireWriter to;
  to.bytes(1, key);
  to.bytes(2, value);
  return to.text();
}

// An initializer's bytes in the model file, before and with its data.
struct Piece {
  std::string head;
  uint64_t data = 0;  // bytes that follow in the model file
};

uint64_t data_bytes(const OnnxModel& model) {
  uint64_t bytes = 0;
  for (const OnnxTensor& tensor : model.graph.initializers) bytes += tensor.values.nbytes();
  return bytes;
}

std::vector<Piece> inline_pieces(const OnnxModel& model) {
  std::vector<Piece> pieces;
  for (const OnnxTensor& tensor : model.graph.initializers) {
    WireWriter head;
    encode_head(tensor, head);
    head.open(9, tensor.values.nbytes());
    WireWriter framed;
    framed.open(5, head.text().size() + tensor.values.nbytes());
    pieces.push_back({framed.text() + head.text(), tensor.values.nbytes()});
  }
  return pieces;
}

// Writes the data to a file of its own; small tensors stay in the model.
std::vector<Piece> external_pieces(const OnnxModel& model, const std::filesystem::path& folder,
                                   const std::string& name) {
  NewFile file(folder / name);
  std::vector<Piece> pieces;
  uint64_t offset = 0;
  for (const OnnxTensor& tensor : model.graph.initializers) {
    WireWriter to, framed;
    if (tensor.values.nbytes() < kSmallest) {
      framed.bytes(5, encode_tensor(tensor));
      pieces.push_back({framed.text(), 0});
      continue;
    }
    encode_head(tensor, to);
    to.bytes(13, encode_entry("location", name));
    to.bytes(13, encode_entry("offset", std::to_string(offset)));
    to.bytes(13, encode_entry("length", std::to_string(tensor.values.nbytes())));
    to.integer(14, 1);
    framed.bytes(5, to.text());
    pieces.push_back({framed.text(), 0});
    file.write(bytes_of(tensor.values.detach().contiguous()));
    const uint64_t padding = (kAlignment - tensor.values.nbytes() % kAlignment) % kAlignment;
    file.write(std::string(padding, '\0'));
    offset += tensor.values.nbytes() + padding;
  }
  file.close();
  return pieces;
}

std::string encode_model_head(const OnnxModel& model) {
  WireWriter to, opset;
  to.integer(1, model.ir_version);
  to.bytes(2, model.producer);
  to.bytes(3, model.producer_version);
  opset.bytes(1, "");
  opset.integer(2, model.opset);
  to.bytes(8, opset.text());
  for (const auto& [key, value] : model.metadata) to.bytes(14, encode_entry(key, value));
  return to.text();
}

}  // namespace

void save_onnx(const OnnxModel& model, const std::filesystem::path& path,
               const OnnxFileOptions& options) {
  WireWriter before, after;
  for (const OnnxNode& node : model.graph.nodes) before.bytes(1, encode_node(node));
  before.bytes(2, model.graph.name);
  for (const OnnxValueInfo& input : model.graph.inputs) after.bytes(11, encode_value_info(input));
  for (const OnnxValueInfo& output : model.graph.outputs) {
    after.bytes(12, encode_value_info(output));
  }
  const uint64_t about = data_bytes(model) + before.text().size() + after.text().size() +
                         kRoom * static_cast<uint64_t>(options.largest_file > kRoom);
  const bool is_external = about > options.largest_file;
  const std::string name =
      options.data_name.empty() ? path.filename().string() + ".data" : options.data_name;
  const std::vector<Piece> pieces =
      is_external ? external_pieces(model, path.parent_path(), name) : inline_pieces(model);
  uint64_t size = before.text().size() + after.text().size();
  for (const Piece& piece : pieces) size += piece.head.size() + piece.data;
  NewFile file(path);
  WireWriter graph;
  graph.open(7, size);
  file.write(encode_model_head(model));
  file.write(graph.text());
  file.write(before.text());
  for (size_t i = 0; i < pieces.size(); ++i) {
    file.write(pieces[i].head);
    if (pieces[i].data == 0) continue;
    file.write(bytes_of(model.graph.initializers[i].values.detach().contiguous()));
  }
  file.write(after.text());
  file.close();
}

}  // namespace maas
