#include "pt2/plain_argument.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <fmt/format.h>

#include "base/throw_error.h"
#include "pt2/element_type.h"

namespace maas {
Argument read_plain_argument(std::string_view kind, const JsonView& value,
                             const std::string& place) {
  if (kind == "as_ints") {
    IntList list;
    for (const JsonView& item : value.items()) list.items.push_back({item.integer(), kNoValue});
    return list;
  }
  if (kind == "as_floats") {
    std::vector<double> list;
    for (const JsonView& item : value.items()) list.push_back(item.number());
    return list;
  }
  if (kind == "as_bools") {
    std::vector<bool> list;
    for (const JsonView& item : value.items()) list.push_back(item.flag());
    return list;
  }
  if (kind == "as_strings") {
    std::vector<std::string> list;
    for (const JsonView& item : value.items()) list.push_back(item.text());
    return list;
  }
  if (kind == "as_scalar_type") {
    return read_element_type(value.integer(), place);
  }
  if (kind == "as_memory_format") {
    static constexpr at::MemoryFormat kFormats[] = {
        at::MemoryFormat::Contiguous, at::MemoryFormat::ChannelsLast,
        at::MemoryFormat::ChannelsLast3d, at::MemoryFormat::Preserve};
    const int64_t number = value.integer();
    if (number < 1 || number > 4) throw_input(place, "a memory format", "1 to 4");
    return kFormats[number - 1];
  }
  if (kind == "as_layout") {
    if (value.integer() != 7) throw_input(place, "a sparse layout", "7, for strided tensors");
    return at::kStrided;
  }
  if (kind == "as_device") {
    // Weights live on the CPU here, wherever the model was exported.
    return at::Device(at::kCPU);
  }
  throw_input(place, fmt::format("an argument of kind '{}'", kind), "tensors, numbers and strings",
              "export the model without custom objects");
}

void split_target(const std::string& target, Node& node) {
  const std::string prefix = "torch.ops.";
  std::string rest = target.rfind(prefix, 0) == 0 ? target.substr(prefix.size()) : target;
  const size_t first = rest.find('.');
  node.op = rest.substr(0, first) + "::" + (first == rest.npos ? "" : rest.substr(first + 1));
  const size_t last = node.op.rfind('.');
  if (last != node.op.npos) {
    node.overload = node.op.substr(last + 1);
    node.op.resize(last);
  }
  if (node.overload == "default") node.overload.clear();
  // torch.sym_min and friends are functions of the top module.
  if (node.op.rfind("torch::sym_", 0) == 0) node.op = "_operator::" + node.op.substr(7);
}

std::vector<bool> given_by_name(const Node& node) {
  const auto found = c10::Dispatcher::singleton().findSchema({node.op, node.overload});
  std::vector<bool> named;
  bool gap = false;
  for (size_t i = 0; i < node.arguments.size(); ++i) {
    const NamedArgument& argument = node.arguments[i];
    if (found) {
      const auto& parameters = found->schema().arguments();
      const bool in_place = i < parameters.size() && parameters[i].name() == argument.name;
      gap = gap || !in_place || parameters[i].kwarg_only();
    }
    named.push_back(gap || argument.keyword);
  }
  return named;
}

}  // namespace maas
