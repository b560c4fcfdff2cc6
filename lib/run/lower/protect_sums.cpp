#include "run/lower/protect_sums.h"

#include <algorithm>

#include "program/arguments.h"
#include "program/emit.h"
#include "program/operators.h"
#include "program/rewrite.h"

namespace maas {
namespace {

constexpr const char* kSum = "onednn::qconv2d_pointwise.binary";

class SumProtector {
 public:
  explicit SumProtector(Program program) : program_(std::move(program)) {
    made_by_ = producers(program_);
    last_read_ = last_reads(program_);
    aliased_.assign(program_.values.size(), false);
    for (const Node& node : program_.nodes) {
      if (node.op.starts_with("maas::") || node.op.starts_with("onednn::")) continue;
      for_each_use(node, [&](ValueId id) { aliased_[id] = true; });
    }
    for (const GraphOutput& output : program_.outputs) {
      for_each_use(output.value, [&](ValueId id) { aliased_[id] = true; });
    }
  }

  Program run() {
    std::vector<Node> before = program_.nodes, after;
    for (size_t i = 0; i < before.size(); ++i) {
      if (before[i].full_name() == kSum) {
        const ValueId sum = operand_of(before[i], "qaccum");
        if (!may_write(sum, i, before[i])) {
          Node copy = make_node("aten::clone", {{"self", ValueRef{sum}},
                                                {"memory_format", at::MemoryFormat::ChannelsLast}});
          before[i].set("qaccum", ValueRef{add_result(program_, copy, "sum", sum)});
          after.push_back(std::move(copy));
        }
      }
      after.push_back(std::move(before[i]));
    }
    program_.nodes = std::move(after);
    return std::move(program_);
  }

 private:
  bool is_channels_last(ValueId id) const {
    if (made_by_[id] < 0) return false;
    const Node& maker = program_.nodes[static_cast<size_t>(made_by_[id])];
    if (maker.op == "onednn::qconv2d_pointwise" || maker.op == "maas::max_pool2d") return true;
    if (maker.op == "maas::quantize") return flag_of(maker, "channels_last", false);
    const char* keeps = maker.op == "maas::dequantize" ? "q" : "x";
    return is_one_of(maker.op, {"maas::dequantize", "maas::fake_quantize"}) &&
           is_channels_last(operand_of(maker, keeps));
  }

  // Readers of other namespaces may keep the memory (views), those of ours do not.
  bool may_write(ValueId id, size_t index, const Node& node) const {
    int64_t reads_here = 0;
    for_each_use(node, [&](ValueId read) { reads_here += read == id ? 1 : 0; });
    return reads_here == 1 && last_read_[id] == static_cast<int64_t>(index) && !aliased_[id] &&
           is_channels_last(id);
  }

  Program program_;
  std::vector<int64_t> made_by_, last_read_;
  std::vector<bool> aliased_;
};

}  // namespace

Program protect_sums(Program program) { return SumProtector(std::move(program)).run(); }

}  // namespace maas
