#include "call/made_inputs.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <c10/core/ScalarType.h>

#include <algorithm>
#include <map>

#include "call/index_limits.h"
#include "program/arguments.h"
#include "program/example_sizes.h"
#include "program/operators.h"
#include "program/rewrite.h"
#include "tensor/random.h"

namespace maas {
namespace {

at::Tensor plain_tensor(const Value& value, const std::vector<int64_t>& sizes, uint64_t seed,
                        UnboundIntegers unbound) {
  if (at::isFloatingType(value.dtype)) return normal_tensor(sizes, 1, seed).to(value.dtype);
  const bool is_number = c10::isIntegralType(value.dtype, false) && value.dtype != at::kByte;
  if (is_number && unbound != UnboundIntegers::kRandomBits) {
    return at::full(sizes, unbound == UnboundIntegers::kOnes ? 1 : 0, value.dtype);
  }
  const int64_t bound = value.dtype == at::kByte ? 256 : 2;
  return at::empty(sizes, value.dtype).random_(0, bound, make_generator(seed));
}

// The part of `tensor` that a limit is about; undefined where this size has none of it.
at::Tensor part_of(const at::Tensor& tensor, const IndexLimit& limit) {
  if (limit.dim < 0) return tensor;
  if (limit.dim >= tensor.dim()) return {};
  const int64_t end = std::min(limit.end, tensor.size(limit.dim));
  if (limit.begin >= end) return {};
  return tensor.narrow(limit.dim, limit.begin, end - limit.begin);
}

// Limits may overlap: each draws anew, and in the end all are kept to.
void keep_to(const std::vector<IndexLimit>& limits, const at::Tensor& tensor, uint64_t seed) {
  for (const IndexLimit& limit : limits) {
    const at::Tensor part = part_of(tensor, limit);
    if (!part.defined() || limit.highest < limit.lowest) continue;
    part.random_(limit.lowest, limit.highest + 1, make_generator(seed));
  }
  for (const IndexLimit& limit : limits) {
    const at::Tensor part = part_of(tensor, limit);
    if (part.defined() && limit.highest >= limit.lowest) part.clamp_(limit.lowest, limit.highest);
  }
}

// The value behind operators that hand all elements on.
ValueId origin_of(const Program& program, const std::vector<int64_t>& producers, ValueId id) {
  while (id != kNoValue && producers[id] >= 0) {
    const Node& node = program.nodes[producers[id]];
    const OperatorFacts* facts = facts_of(node.op);
    const auto* first =
        node.arguments.empty() ? nullptr : std::get_if<ValueRef>(&node.arguments[0].value);
    if (facts == nullptr || !facts->same_elements || first == nullptr) return id;
    id = first->id;
  }
  return id;
}

// Where the bags of one embedding_bag begin.
struct Offsets {
  ValueId indices = kNoValue;
  bool has_last = false;  // the end of the last bag, too
};

std::map<ValueId, Offsets> offsets_of_bags(const Program& program) {
  const std::vector<int64_t> made_by = producers(program);
  std::map<ValueId, Offsets> offsets;
  for (const Node& node : program.nodes) {
    if (!is_one_of(node.op, {"aten::embedding_bag", "aten::_embedding_bag",
                             "aten::_embedding_bag_forward_only"})) {
      continue;
    }
    const auto* places =
        node.find("offsets") == nullptr ? nullptr : std::get_if<ValueRef>(node.find("offsets"));
    const auto* indices =
        node.find("indices") == nullptr ? nullptr : std::get_if<ValueRef>(node.find("indices"));
    if (places == nullptr || indices == nullptr) continue;
    const Argument* last = node.find("include_last_offset");
    const bool* has_last = last == nullptr ? nullptr : std::get_if<bool>(last);
    offsets[origin_of(program, made_by, places->id)] = {indices->id,
                                                        has_last != nullptr && *has_last};
  }
  return offsets;
}

// As many bags as the tensor has room for, of about the same size.
void spread(const at::Tensor& tensor, const Offsets& offsets, const Program& program,
            const SymbolValues& symbols) {
  int64_t count = 1;
  for (const int64_t size : sizes_of(program.value(offsets.indices), symbols)) count *= size;
  const int64_t bags = tensor.numel() - (offsets.has_last ? 1 : 0);
  for (int64_t i = 0; i < tensor.numel(); ++i) {
    tensor.view(-1)[i].fill_(bags > 0 ? count * i / bags : 0);
  }
}

}  // namespace

std::vector<at::Tensor> made_inputs(const Program& program, const SymbolValues& symbols,
                                    uint64_t seed, UnboundIntegers unbound) {
  const auto limits = index_limits(program);
  const auto offsets = offsets_of_bags(program);
  std::vector<at::Tensor> inputs;
  for (const GraphInput* input : program.user_inputs()) {
    const Value& value = program.value(input->value);
    const uint64_t own_seed = mix_seed(seed, "samples", inputs.size());
    const at::Tensor tensor = plain_tensor(value, sizes_of(value, symbols), own_seed, unbound);
    keep_to(limits[inputs.size()], tensor, own_seed);
    const auto found = offsets.find(input->value);
    if (found != offsets.end()) spread(tensor, found->second, program, symbols);
    inputs.push_back(tensor);
  }
  return inputs;
}

}  // namespace maas
