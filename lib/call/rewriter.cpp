#include "call/rewriter.h"

#include <algorithm>

#include "program/check_structure.h"
#include "program/rewrite.h"

namespace maas {
namespace {

constexpr int64_t kNobody = -1, kOutput = -2;

}  // namespace

Rewriter::Rewriter(Program program, std::string where)
    : program_(std::move(program)),
      where_(std::move(where)),
      count_(program_.nodes.size()),
      declarer_(program_, where_),
      made_by_(producers(program_)),
      reads_(count_uses(program_)),
      reader_(program_.values.size(), kNobody),
      removed_(count_, false) {
  for (size_t i = 0; i < count_; ++i) {
    for_each_use(program_.nodes[i], [&](ValueId id) { reader_[id] = static_cast<int64_t>(i); });
  }
  for (const GraphOutput& output : program_.outputs) {
    for_each_use(output.value, [&](ValueId id) { reader_[id] = kOutput; });
  }
}

ValueId Rewriter::emit(const std::string& op, const std::vector<Operand>& operands) {
  return emit_many(op, operands, 1)[0];
}

std::vector<ValueId> Rewriter::emit_many(const std::string& op,
                                         const std::vector<Operand>& operands, size_t count) {
  Node node = make_node(op, operands);
  std::vector<ValueId> results;
  const std::string stem = node.op.substr(node.op.find("::") + 2);
  for (size_t i = 0; i < count; ++i) results.push_back(add_result(program_, node, stem));
  program_.nodes.push_back(std::move(node));
  const auto index = static_cast<int64_t>(program_.nodes.size()) - 1;
  declarer_.declare_results(program_, index);
  emitted_.push_back({place_, std::move(program_.nodes.back())});
  program_.nodes.pop_back();
  return results;
}

const Node* Rewriter::producer(ValueId id) const {
  if (const auto index = producer_index(id)) return &program_.nodes[*index];
  for (const Emitted& emitted : emitted_) {
    bool makes = false;
    for_each_result(emitted.node, [&](ValueId result) { makes = makes || result == id; });
    if (makes) return &emitted.node;
  }
  return nullptr;
}

std::optional<size_t> Rewriter::producer_index(ValueId id) const {
  const auto place = static_cast<size_t>(id);
  if (id == kNoValue || place >= made_by_.size() || made_by_[place] < 0) return std::nullopt;
  return static_cast<size_t>(made_by_[place]);
}

std::optional<size_t> Rewriter::only_reader(ValueId id) const {
  const auto place = static_cast<size_t>(id);
  if (place >= reads_.size() || reads_[place] != 1 || reader_[place] < 0) return std::nullopt;
  return static_cast<size_t>(reader_[place]);
}

void Rewriter::replace(ValueId old, ValueId by) {
  replace_value(program_, old, by);
  if (static_cast<size_t>(old) >= reads_.size()) return;
  if (static_cast<size_t>(by) >= reads_.size()) {
    reads_.resize(by + 1, 0);
    reader_.resize(by + 1, kNobody);
  }
  if (reads_[old] == 0) return;
  reads_[by] += reads_[old];
  reader_[by] = reader_[old];
  reads_[old] = 0;
}

Program Rewriter::finish() {
  std::stable_sort(emitted_.begin(), emitted_.end(),
                   [](const Emitted& a, const Emitted& b) { return a.place < b.place; });
  std::vector<Node> nodes;
  size_t next = 0;
  for (size_t i = 0; i <= count_; ++i) {
    for (; next < emitted_.size() && emitted_[next].place == i; ++next) {
      nodes.push_back(std::move(emitted_[next].node));
    }
    if (i < count_ && !removed_[i]) nodes.push_back(std::move(program_.nodes[i]));
  }
  program_.nodes = std::move(nodes);
  remove_dead_code(program_);
  check_structure(program_, where_);
  return std::move(program_);
}

}  // namespace maas
