#include "run/lower/layout_free.h"

#include <utility>

namespace maas {

Node without_view(Node node) {
  const bool is_view = node.op == "aten::view" || node.op == "aten::_unsafe_view";
  if (!is_view || node.overload == "dtype") return node;
  node.op = "aten::reshape";
  for (NamedArgument& argument : node.arguments) {
    if (argument.name == "size") argument.name = "shape";
  }
  return node;
}

}  // namespace maas
