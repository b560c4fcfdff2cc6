#include "pt2/values.h"

#include "pt2/tensors.h"

namespace maas {

Pt2Values::Pt2Values(const JsonView& graph)
    : tensors_(table_of(graph, "tensor_values")),
      ints_(table_of(graph, "sym_int_values")),
      bools_(table_of(graph, "sym_bool_values")),
      floats_(table_of(graph, "sym_float_values")) {}

Pt2Values::Table Pt2Values::table_of(const JsonView& graph, std::string_view key) {
  Table table;
  if (!graph.has(key)) return table;
  for (const auto& [name, json] : graph.at(key).members()) table.emplace(name, json);
  return table;
}

std::optional<Value> Pt2Values::find(const std::string& name, const std::string& place) const {
  Value value;
  value.name = name;
  if (const auto tensor = tensors_.find(name); tensor != tensors_.end()) {
    const TensorMeta meta = read_tensor_meta(tensor->second, place);
    value.dtype = meta.dtype;
    value.shape = meta.sizes;
    value.strides = meta.strides;
    value.requires_grad = meta.requires_grad;
  } else if (const auto number = ints_.find(name); number != ints_.end()) {
    value.kind = ValueKind::kSymInt;
    value.number = read_dim(number->second, place);
  } else if (bools_.count(name) != 0) {
    value.kind = ValueKind::kSymBool;
  } else if (floats_.count(name) != 0) {
    value.kind = ValueKind::kSymFloat;
  } else {
    return std::nullopt;
  }
  return value;
}

}  // namespace maas
