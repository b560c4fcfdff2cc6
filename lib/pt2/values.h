// The tables of an exported graph that say what its values are.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "program/program.h"
#include "tensor/json_view.h"

namespace maas {

class Pt2Values {
 public:
  // `graph` has tensor_values, sym_int_values and, from schema 8.5 on, sym_bool_values and
  // sym_float_values. Its document must outlive this. O(values).
  explicit Pt2Values(const JsonView& graph);

  // The value of this name; nullopt when no table has it. Throws Error{kInput} at `place` for an
  // element type, layout or size that maas does not read. O(1).
  std::optional<Value> find(const std::string& name, const std::string& place) const;

 private:
  using Table = std::unordered_map<std::string_view, JsonView>;

  static Table table_of(const JsonView& graph, std::string_view key);

  Table tensors_, ints_, bools_, floats_;
};

}  // namespace maas
