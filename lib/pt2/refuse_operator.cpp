#include "pt2/refuse_operator.h"

#include <fmt/format.h>

#include "base/did_you_mean.h"
#include "base/throw_error.h"
#include "program/operators.h"

namespace maas {
namespace {

struct HigherOrder {
  const char* name;
  const char* what;
  const char* fix;
};

constexpr HigherOrder kHigherOrder[] = {
    {"while_loop", "a loop whose length the data decides",
     "write the loop with a fixed number of steps in Python, which torch.export unrolls"},
    {"scan", "a loop over a dimension",
     "write the loop in Python over a fixed length, which torch.export unrolls"},
    {"associative_scan", "a loop over a dimension",
     "use torch.cumsum, or write the loop in Python over a fixed length"},
    {"map_impl", "a loop over a dimension",
     "use torch.vmap or batched operators, or write the loop in Python over a fixed length"},
    {"flex_attention", "attention with a function of its own",
     "use torch.nn.functional.scaled_dot_product_attention with attn_mask"},
    {"auto_functionalized", "a custom operator that writes into its arguments",
     "write what it does with operators of torch"},
    {"auto_functionalized_v2", "a custom operator that writes into its arguments",
     "write what it does with operators of torch"},
    {"triton_kernel_wrapper_functional", "a Triton kernel, which runs on GPUs only",
     "export the model with its kernels switched off, in terms of torch's operators"},
};

[[noreturn]] void refuse_higher_order(const std::string& place, const std::string& name) {
  for (const HigherOrder& known : kHigherOrder) {
    if (name == known.name) {
      throw_input(place, fmt::format("'{}', {}", name, known.what),
                  "operators of torch, and torch.cond", known.fix);
    }
  }
  throw_input(place, fmt::format("'{}', an operator that runs graphs", name),
              "operators of torch, and torch.cond", "write what it does with operators of torch");
}

}  // namespace

void refuse_operator(const std::string& place, const Node& node, bool decomposed) {
  const std::string space = node.op.substr(0, node.op.find("::"));
  if (space == "higher_order") {
    refuse_higher_order(place, node.op.substr(std::string("higher_order::").size()));
  }
  const std::string what =
      fmt::format("operator '{}' is not on the list of operators that maas runs", node.full_name());
  if (space != "aten" && space != "_operator" && space != "math") {
    throw_input(place, what, "operators of torch (aten), torchvision and transformers",
                fmt::format("'{}' is an operator of its own library: write what it does with "
                            "operators of torch, or give its decomposition to "
                            "ep.run_decompositions({{torch.ops.{}.{}: function}})",
                            space, space, node.op.substr(space.size() + 2)));
  }
  const std::string near = nearest_name(node.op, allowed_operators());
  throw_input(place, what, near.empty() ? "ATen operators" : "ATen operators such as " + near,
              decomposed
                  ? "the file is decomposed already: write that part of the model with other "
                    "operators, and export it again"
                  : "export the model without it, or with ep.run_decompositions()");
}

}  // namespace maas
