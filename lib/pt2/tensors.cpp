#include "pt2/tensors.h"

#include <ATen/ops/empty_strided.h>
#include <ATen/ops/from_blob.h>
#include <fmt/format.h>

#include "base/throw_error.h"
#include "program/dim_expression.h"
#include "pt2/element_type.h"
#include "tensor/dtype.h"

namespace maas {
namespace {

std::vector<int64_t> plain_sizes(const std::vector<Dim>& dims, const std::string& where) {
  std::vector<int64_t> sizes;
  for (const Dim& dim : dims) {
    if (dim.is_symbolic() || dim.size < 0) {
      throw_input(where, fmt::format("size or stride {}", to_text(dim)), "a number of at least 0",
                  "");
    }
    sizes.push_back(dim.size);
  }
  return sizes;
}

// Bytes from the storage's start to the end of the last element; checked for overflow.
uint64_t extent_bytes(const TensorMeta& meta, const std::vector<int64_t>& sizes,
                      const std::vector<int64_t>& strides, const std::string& where) {
  uint64_t last = static_cast<uint64_t>(meta.storage_offset);
  bool empty = false, overflow = meta.storage_offset < 0 || sizes.size() != strides.size();
  for (size_t i = 0; i < sizes.size() && !overflow; ++i) {
    if (sizes[i] == 0) empty = true;
    uint64_t step = 0;
    overflow = __builtin_mul_overflow(static_cast<uint64_t>(std::max<int64_t>(sizes[i] - 1, 0)),
                                      static_cast<uint64_t>(strides[i]), &step) ||
               __builtin_add_overflow(last, step, &last);
  }
  uint64_t bytes = 0;
  if (overflow || __builtin_add_overflow(last, uint64_t{1}, &last) ||
      __builtin_mul_overflow(last, uint64_t{c10::elementSize(meta.dtype)}, &bytes)) {
    throw_input(where,
                fmt::format("sizes {} with strides {}", to_text(meta.sizes), to_text(meta.strides)),
                "sizes and strides whose product fits", "the file is damaged; export it again");
  }
  return empty ? 0 : bytes;
}

at::Tensor map_tensor(std::string_view bytes, const TensorMeta& meta,
                      const std::shared_ptr<const MappedFile>& file, const std::string& where) {
  const std::vector<int64_t> sizes = plain_sizes(meta.sizes, where);
  const std::vector<int64_t> strides = plain_sizes(meta.strides, where);
  const uint64_t wanted = extent_bytes(meta, sizes, strides, where);
  if (wanted > bytes.size()) {
    throw_input(where, fmt::format("{} bytes", bytes.size()),
                fmt::format("{} for {}{}", wanted, dtype_name(meta.dtype), to_text(meta.sizes)),
                "the file is damaged; restore it or export it again");
  }
  // Strides may visit an element twice (an expanded weight), but a few bytes must not pass for a
  // tensor that no memory holds.
  const uint64_t most = std::max(uint64_t{64} << 20, 64 * uint64_t{bytes.size()});
  const std::optional<uint64_t> dense = dense_bytes(meta.dtype, sizes);
  if (!dense || *dense > most) {
    throw_input(
        where,
        fmt::format("{}{} in {} bytes", dtype_name(meta.dtype), to_text(meta.sizes), bytes.size()),
        fmt::format("at most {} bytes once expanded", most), "save the weight as it is used");
  }
  const size_t element = c10::elementSize(meta.dtype);
  const char* start = bytes.data() + static_cast<uint64_t>(meta.storage_offset) * element;
  const auto options = at::TensorOptions().dtype(meta.dtype);
  if (wanted == 0) return at::empty_strided(sizes, strides, options);
  auto* data = const_cast<char*>(start);
  at::Tensor view = at::from_blob(
      data, sizes, strides, [file](void*) {}, options);
  const bool aligned = reinterpret_cast<uintptr_t>(start) % element == 0;
  return aligned ? view : view.clone();
}

}  // namespace

Dim read_dim(const JsonView& json, const std::string& where) {
  const auto [kind, value] = json.only_member();
  if (kind == "as_int") return Dim(value.integer());
  if (kind != "as_expr")
    throw_input(where, fmt::format("size '{}'", kind), "as_int or as_expr", "");
  const std::string text = value.at("expr_str").text();
  const auto expression = DimExpression::parse(text);
  if (!expression) {
    throw_input(where, fmt::format("size expression '{}'", text),
                "sums, products and divisions of symbols",
                "export the model with simpler dynamic shapes");
  }
  if (expression->symbols().empty()) {
    if (const auto number = expression->evaluate({})) return Dim(*number);
  }
  int64_t hint = 0;
  if (value.has("hint") && value.at("hint").has("as_int")) {
    hint = value.at("hint").at("as_int").integer();
  }
  return Dim(expression->infix(), hint);
}

TensorMeta read_tensor_meta(const JsonView& json, const std::string& where) {
  TensorMeta meta;
  meta.dtype = read_element_type(json.at("dtype").integer(), where);
  if (json.at("layout").integer() != 7) {
    throw_input(where, "a sparse layout", "strided tensors", "convert the weights to dense ones");
  }
  for (const JsonView& size : json.at("sizes").items()) meta.sizes.push_back(read_dim(size, where));
  for (const JsonView& stride : json.at("strides").items()) {
    meta.strides.push_back(read_dim(stride, where));
  }
  if (json.has("storage_offset"))
    meta.storage_offset = read_dim(json.at("storage_offset"), where).size;
  meta.requires_grad = json.has("requires_grad") && json.at("requires_grad").flag();
  return meta;
}

std::map<std::string, at::Tensor> read_pt2_tensors(const ArchiveReader& archive,
                                                   const std::string& folder,
                                                   const std::string& config_record) {
  std::map<std::string, at::Tensor> tensors;
  if (!archive.has(config_record)) return tensors;
  const std::string where = archive.path() + ": " + config_record;
  simdjson::dom::parser parser;
  const JsonView config = parse_json(parser, archive.record(config_record), where);
  for (const auto& [name, entry] : config.at("config").members()) {
    const std::string place = fmt::format("{}: '{}'", where, name);
    if (entry.has("use_pickle") && entry.at("use_pickle").flag()) {
      throw_input(
          place, "a pickled weight", "plain bytes",
          "pickles can run code and are never read; save the weight as a plain dense tensor");
    }
    if (!entry.has("tensor_meta")) {
      throw_input(place, "a custom object", "a tensor", "export the model without custom objects");
    }
    const TensorMeta meta = read_tensor_meta(entry.at("tensor_meta"), place);
    const std::string record = folder + entry.at("path_name").text();
    at::Tensor tensor = map_tensor(archive.record(record), meta, archive.file(),
                                   fmt::format("{}: {} ('{}')", archive.path(), record, name));
    tensors.emplace(std::string(name), std::move(tensor));
  }
  return tensors;
}

void attach_pt2_tensors(Program& program, const ArchiveReader& archive, const std::string& model) {
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
        throw_input(archive.path() + ": models/" + model + ".json",
                    fmt::format("no weight for '{}'", input.target), "one for every graph input",
                    "the file is incomplete; export it again");
      }
    }
    auto& table = input.kind == GraphInput::Kind::kParameter ? program.parameters
                  : input.kind == GraphInput::Kind::kBuffer  ? program.buffers
                                                             : program.constants;
    table[input.target] = found->second;
  }
}

}  // namespace maas
