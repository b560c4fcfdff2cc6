#include "run/training_layout.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "call/rewriter.h"
#include "program/arguments.h"
#include "program/operator_facts.h"
#include "program/rewrite.h"
#include "run/lower/layout_free.h"

namespace maas {
namespace {

bool is_image_convolution(const Program& program, const Node& node) {
  if (node.op != "aten::conv2d" && node.op != "aten::convolution") return false;
  if (!node.overload.empty() || flag_of(node, "transposed", false)) return false;
  const ValueId x = operand_of(node, "input"), weight = operand_of(node, "weight");
  if (x == kNoValue || weight == kNoValue) return false;
  return program.value(x).dtype == at::kFloat && program.value(x).shape.size() == 4 &&
         program.value(weight).shape.size() == 4;
}

// oneDNN's kernels for the gradients of a convolution of single places with a stride write beyond
// their memory where less than 16 channels lie last (libtorch 2.13: heap corruption, or a loop
// without an end): forward and backward such a one reads its input in the export's layout.
bool is_unsafe_channels_last(const Program& program, const Node& node) {
  const bool is_backward = node.op == "aten::convolution_backward";
  if (!is_backward && !is_image_convolution(program, node)) return false;
  const ValueId weight = operand_of(node, "weight");
  if (weight == kNoValue || program.value(weight).shape.size() != 4) return false;
  const std::vector<Dim>& sizes = program.value(weight).shape;  // [out, in / groups, h, w]
  if (sizes[2] != Dim(1) || sizes[3] != Dim(1)) return false;
  const auto strides = integers_of(node, "stride", {1});
  const bool has_stride =
      !strides || std::ranges::any_of(*strides, [](int64_t stride) { return stride > 1; });
  constexpr int64_t kFewest = 16;
  return has_stride && (sizes[1].is_symbolic() || sizes[1].size < kFewest);
}

// A channel alone looks alike in both layouts, and convolutions would take it for the other one: a
// copy has the strides that say which.
ValueId turned(Rewriter& r, ValueId x) {
  const bool is_alone = r.program().value(x).shape[1] == Dim(1);
  return r.emit(is_alone ? "aten::clone" : "aten::contiguous",
                {{"self", ValueRef{x}}, {"memory_format", at::MemoryFormat::ChannelsLast}});
}

// libtorch draws for other than contiguous memory one number after the other, so dropout is shown
// the channels where they lie, last.
// Gives what takes the place of the result.
std::optional<ValueId> show_as_it_lies(Rewriter& r, size_t index) {
  const ValueId x = operand_of(r.node(index), "input");
  if (x == kNoValue || r.program().value(x).shape.size() != 4 ||
      r.program().value(x).dtype != at::kFloat) {
    return std::nullopt;
  }
  const auto permuted = [&](ValueId id, const std::vector<int64_t>& order) {
    return r.emit("aten::permute", {{"self", ValueRef{id}}, {"dims", int_list(order)}});
  };
  r.at(index);
  const ValueId lying = permuted(x, {0, 2, 3, 1});
  r.node(index).set("input", ValueRef{lying});
  r.at(index + 1);
  const std::vector<Node::Output> outputs = r.node(index).outputs;
  std::optional<ValueId> shown;
  for (size_t i = 0; i < outputs.size(); ++i) {
    const ValueId id = outputs[i].ids[0];
    if (id == kNoValue) continue;
    Value& value = r.program().value(id);
    value.shape = r.program().value(lying).shape;
    value.dtype = i == 0 ? at::kFloat : at::kBool;  // the second is the mask
    const ValueId back = permuted(id, {0, 3, 1, 2});
    r.replace(id, back);
    if (i == 0) shown = back;
  }
  return shown;
}

class ChannelsLast {
 public:
  explicit ChannelsLast(Program program) : r_(std::move(program), "channels-last") {}

  Program run() {
    for (size_t i = 0; i < r_.size(); ++i) {
      const std::string op = r_.node(i).op;
      if (is_unsafe_channels_last(r_.program(), r_.node(i))) {
        read_as_exported(i);
      } else if (is_image_convolution(r_.program(), r_.node(i))) {
        turn_input(i);
        lie_.insert(result_of(i, 0));
      } else if (op == "aten::convolution_backward" && !lie_.empty()) {
        const ValueId gradient = result_of(i, 1);
        if (gradient == kNoValue) continue;
        r_.at(i + 1);
        r_.replace(gradient, r_.emit("aten::contiguous", {{"self", ValueRef{gradient}}}));
      } else if (op == "aten::native_dropout" && !lie_.empty()) {
        const ValueId x = operand_of(r_.node(i), "input");
        const auto shown = show_as_it_lies(r_, i);
        if (shown && lie_.count(x) != 0) lie_.insert(*shown);
      } else if (keeps_layout(i)) {
        lie_.insert(result_of(i, 0));
      }
    }
    const bool any = !lie_.empty();
    Program made = r_.finish();
    return any ? layout_free(std::move(made)) : made;
  }

 private:
  ValueId result_of(size_t index, size_t result) const {
    const Node& node = r_.node(index);
    return result < node.outputs.size() ? node.outputs[result].ids[0] : kNoValue;
  }

  void read_as_exported(size_t index) {
    r_.at(index);
    const ValueId x = operand_of(r_.node(index), "input");
    r_.node(index).set("input", ValueRef{r_.emit("aten::contiguous", {{"self", ValueRef{x}}})});
  }

  // For all that read it, also before the convolution does: so right behind where it is made.
  void turn_input(size_t index) {
    const ValueId x = operand_of(r_.node(index), "input");
    if (lie_.count(x) != 0) return;
    const auto maker = r_.producer_index(x);
    const bool was_given = maker || r_.producer(x) == nullptr;
    r_.at(!was_given ? index : maker ? *maker + 1 : 0);
    const ValueId now = turned(r_, x);
    if (was_given) {
      r_.replace(x, now);
      lie_.insert(now);
    } else {
      r_.node(index).set("input", ValueRef{now});
    }
  }

  // Whether libtorch's kernel leaves images as they lie: all that it reads lie channels last.
  bool keeps_layout(size_t index) const {
    static const std::set<std::string> kKeep = {"aten::native_batch_norm", "aten::avg_pool2d",
                                                "aten::max_pool2d_with_indices"};
    const Node& node = r_.node(index);
    const OperatorFacts* facts = facts_of(node.op);
    if (kKeep.count(node.op) == 0 && (facts == nullptr || !facts->pointwise)) return false;
    bool all = true, any = false;
    for_each_use(node, [&](ValueId id) {
      if (r_.program().value(id).shape.size() < 2) return;  // of the channels, or a number
      any = true;
      all = all && lie_.count(id) != 0;
    });
    return any && all;
  }

  Rewriter r_;
  std::set<ValueId> lie_;  // what lies channels last
};

}  // namespace

Program train_channels_last(Program program) {
  if (looks_at_strides(program)) return program;
  return ChannelsLast(std::move(program)).run();
}

}  // namespace maas
