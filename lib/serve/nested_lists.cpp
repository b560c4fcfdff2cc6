#include "serve/nested_lists.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <span>

#include "base/throw_error.h"
#include "serve/json_tensor.h"

namespace maas {
namespace {

using simdjson::dom::element;

// -1 = any.
void check_shape(const std::vector<int64_t>& shape, std::span<const int64_t> sizes,
                 const TensorInfo& info, const std::string& where) {
  bool fits = shape.size() == sizes.size();
  for (size_t i = 0; fits && i < shape.size(); ++i) fits = sizes[i] == -1 || sizes[i] == shape[i];
  if (fits) return;
  throw_input(
      where,
      shape.empty() ? "is no list" : fmt::format("lists of shape [{}]", fmt::join(shape, ", ")),
      fmt::format("[{}] of {}", fmt::join(sizes, ", "), oip_datatype(info.dtype)));
}

// The value of one row: row number `number` of `where`.
element value_of(element row, const TensorInfo& info, const SessionInfo& session,
                 const std::string& place) {
  simdjson::dom::object object;
  if (row.get(object) != simdjson::SUCCESS) {
    if (session.inputs.size() == 1) return row;
    throw_input(place, "is no object",
                fmt::format("one with the inputs {}", names_of(session.inputs)));
  }
  std::optional<element> found;
  size_t members = 0;
  for (const auto member : object) {
    ++members;
    if (member.key != info.name) continue;
    if (found) throw_input(place, fmt::format("has '{}' twice", info.name), "it once");
    found = member.value;
  }
  if (found && members == session.inputs.size()) return *found;
  throw_input(
      place, found ? fmt::format("has {} members", members) : fmt::format("has no '{}'", info.name),
      fmt::format("the inputs {}", names_of(session.inputs)));
}

at::Tensor column_of(const std::vector<element>& rows, size_t index, const SessionInfo& session,
                     const std::string& where) {
  const TensorInfo& info = session.inputs[index];
  if (info.shape.empty()) {
    throw_input(where, fmt::format("are rows, and input '{}' has none", info.name),
                "the whole inputs, by their names");
  }
  const auto place = [&](size_t row) { return fmt::format("{}[{}]", where, row); };
  const std::vector<int64_t> shape = nested_shape(value_of(rows[0], info, session, place(0)));
  check_shape(shape, std::span(info.shape).subspan(1), info,
              fmt::format("{}, input '{}'", place(0), info.name));
  std::vector<int64_t> all{static_cast<int64_t>(rows.size())};
  all.insert(all.end(), shape.begin(), shape.end());
  check_shape(all, info.shape, info, fmt::format("{}, input '{}'", where, info.name));
  std::vector<element> values;
  for (size_t i = 0; i < rows.size(); ++i) {
    values.push_back(value_of(rows[i], info, session, place(i)));
  }
  return tensor_from_json_rows(values, info.dtype, all, info.name);
}

void write_level(JsonWriter& json, const at::Tensor& tensor) {
  if (tensor.dim() == 1) return write_values(json, tensor);
  json.begin_array();
  for (int64_t i = 0; i < tensor.size(0); ++i) write_level(json, tensor[i]);
  json.end_array();
}

}  // namespace

std::string names_of(const std::vector<TensorInfo>& tensors) {
  std::vector<std::string> names;
  for (const TensorInfo& tensor : tensors) names.push_back(tensor.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

std::vector<int64_t> nested_shape(element value) {
  std::vector<int64_t> shape;
  simdjson::dom::array array;
  while (shape.size() <= kMaxTensorRank && value.get(array) == simdjson::SUCCESS) {
    int64_t size = 0;
    for ([[maybe_unused]] const element item : array) ++size;
    shape.push_back(size);
    if (size == 0) break;
    value = *array.begin();
  }
  return shape;
}

at::Tensor tensor_from_lists(element value, const TensorInfo& info) {
  const std::vector<int64_t> shape = nested_shape(value);
  check_shape(shape, info.shape, info, "input '" + info.name + "'");
  checked_element_count(shape, info.name);
  return tensor_from_json(value, info.dtype, shape, info.name);
}

std::vector<element> rows_of(element list, const std::string& where) {
  constexpr size_t kMostRows = 1 << 20;
  simdjson::dom::array array;
  if (list.get(array) != simdjson::SUCCESS) throw_input(where, "is not a list", "a list of rows");
  std::vector<element> rows;
  for (const element row : array) {
    if (rows.size() >= kMostRows) throw_input(where, "has too many rows", "at most 1048576");
    rows.push_back(row);
  }
  if (rows.empty()) throw_input(where, "is empty", "at least one row");
  return rows;
}

std::optional<std::vector<at::Tensor>> tensors_from_lists(element root, const SessionInfo& info) {
  using Tensors = std::vector<at::Tensor>;
  if (root.is_array() && info.inputs.size() == 1) {
    return Tensors{tensor_from_lists(root, info.inputs[0])};
  }
  simdjson::dom::object object;
  if (root.get(object) != simdjson::SUCCESS) return std::nullopt;
  Tensors tensors;
  for (const TensorInfo& input : info.inputs) {
    element value;
    if (object.at_key(input.name).get(value) != simdjson::SUCCESS) return std::nullopt;
    tensors.push_back(tensor_from_lists(value, input));
  }
  size_t members = 0;
  for (const auto field : object) {
    ++members;
    bool known = false;
    for (const TensorInfo& input : info.inputs) known = known || input.name == field.key;
    if (known) continue;
    throw_input(fmt::format("'{}'", field.key.substr(0, 64)), "is not an input of this model",
                names_of(info.inputs));
  }
  if (members != info.inputs.size()) throw_input("inputs", "have a name twice", "each once");
  return tensors;
}

std::vector<at::Tensor> tensors_from_rows(const std::vector<element>& rows, const SessionInfo& info,
                                          const std::string& where) {
  std::vector<at::Tensor> tensors;
  for (size_t i = 0; i < info.inputs.size(); ++i) {
    tensors.push_back(column_of(rows, i, info, where));
  }
  return tensors;
}

void write_lists(JsonWriter& json, const at::Tensor& tensor) {
  if (tensor.dim() > 0) return write_level(json, tensor);
  JsonWriter one;
  write_values(one, tensor.reshape({1}));
  json.raw(std::string_view(one.text()).substr(1, one.text().size() - 2));
}

}  // namespace maas
