#include "train/smallest_batch.h"

#include <algorithm>

#include "program/arguments.h"
#include "program/mode.h"

namespace maas {
namespace {

bool is_training_norm(const Node& node) {
  return node.op.find("batch_norm") != std::string::npos &&
         (flag_of(node, "training", false) || flag_of(node, "train", false));
}

}  // namespace

int64_t smallest_batch(const Program& program) {
  const Program training = with_mode(program, Mode::kTrain);
  const bool needs_two =
      std::any_of(training.nodes.begin(), training.nodes.end(), [&](const Node& node) {
        if (!is_training_norm(node)) return false;
        const ValueId input = operand_of(node, node.find("input") != nullptr ? "input" : "self");
        if (input == kNoValue) return false;
        const std::vector<Dim>& shape = training.value(input).shape;  // [B, C, ...]
        return std::all_of(shape.begin() + std::min<std::ptrdiff_t>(2, shape.size()), shape.end(),
                           [](const Dim& dim) { return dim == Dim(1); });
      });
  return needs_two ? 2 : 1;
}

}  // namespace maas
