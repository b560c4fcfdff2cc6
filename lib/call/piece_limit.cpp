#include "call/piece_limit.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/throw_error.h"
#include "program/arguments.h"
#include "program/emit.h"
#include "program/operators.h"

namespace maas {
namespace {

const at::Tensor* tensor_at(const Node& node, const char* name, const Slots& slots) {
  const ValueId id = operand_of(node, name);
  if (id == kNoValue || !slots[id].isTensor()) return nullptr;
  const at::Tensor& tensor = slots[id].toTensor();
  return tensor.defined() && tensor.dim() > 0 ? &tensor : nullptr;
}

// 1 for what is no such operator, and for what the operator itself refuses.
int64_t pieces_of(const Node& node, const Slots& slots) {
  if (is_one_of(node.op, {"aten::lstm", "aten::gru", "aten::rnn_tanh", "aten::rnn_relu"})) {
    const at::Tensor* input = tensor_at(node, "input", slots);
    if (input == nullptr) input = tensor_at(node, "data", slots);
    if (input == nullptr) return 1;
    // Which of the first two is time depends on a flag; neither is as large as that.
    return std::max(input->size(0), input->dim() > 1 ? input->size(1) : 1);
  }
  const bool is_chunk = is_one_of(node.op, {"aten::chunk", "aten::tensor_split"});
  const bool is_split = is_one_of(node.op, {"aten::split", "aten::unsafe_split"});
  if (!is_chunk && !is_split && node.op != "aten::unbind") return 1;
  const at::Tensor* whole = tensor_at(node, "self", slots);
  const int64_t dim = integer_of(node, "dim", 0);
  if (whole == nullptr || dim < -whole->dim() || dim >= whole->dim()) return 1;
  const int64_t size = whole->size(dim);
  if (is_chunk) return std::min(size, integer_of(node, "chunks", integer_of(node, "sections", 1)));
  return is_split ? size / std::max<int64_t>(integer_of(node, "split_size", size), 1) : size;
}

}  // namespace

void check_pieces(const Node& node, const Slots& slots, const std::string& where) {
  const int64_t pieces = pieces_of(node, slots);
  if (pieces <= kMostPieces) return;
  throw_input(where, fmt::format("takes a tensor into {} pieces", pieces),
              fmt::format("at most {}", kMostPieces), "export it with smaller sizes");
}

}  // namespace maas
