// Walks each chain from its first node and keeps (a, b) in double precision; the chain's last node
// becomes addcmul(b, x, a), the others go.
#include "run/fold_affine.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/scalar_tensor.h>

#include <map>
#include <optional>
#include <set>

#include "program/arguments.h"
#include "program/emit.h"
#include "program/rewrite.h"

namespace maas {
namespace {

constexpr int64_t kMostElements = 4096;  // of a and b: they stay in the cache

constexpr double kHighestByte = 255;

struct Affine {
  at::Tensor scale, shift;  // float64, broadcast against x
};

// Neither overflows nor leaves the normal numbers of float32 when applied to bytes.
bool is_in_range(const Affine& affine) {
  const at::Tensor scale = affine.scale.abs(), shift = affine.shift.abs();
  return scale.ge(1e-30).logical_and(scale.le(1e30)).all().item<bool>() &&
         shift.le(1e30).all().item<bool>();
}

// What the header says of a and b.
bool keeps_digits(const Affine& affine) {
  return affine.shift.abs().le(affine.scale.abs() * (16 * kHighestByte)).all().item<bool>();
}

class AffineFolder {
 public:
  explicit AffineFolder(Program program) : program_(std::move(program)) {
    find_constants();
    reads_ = count_uses(program_);
    producers_ = producers(program_);
    reader_.assign(program_.values.size(), 0);
    for (size_t i = 0; i < program_.nodes.size(); ++i) {
      for_each_use(program_.nodes[i], [&](ValueId id) { reader_[id] = i; });
    }
    for (const GraphOutput& output : program_.outputs) {
      for_each_use(output.value, [&](ValueId id) { outputs_.insert(id); });
    }
  }

  Program run() {
    const at::NoGradGuard no_gradients;
    std::set<size_t> removed;
    for (size_t i = 0; i < program_.nodes.size(); ++i) {
      if (removed.count(i) == 0) fold_from(i, removed);
    }
    std::vector<Node> kept;
    for (size_t i = 0; i < program_.nodes.size(); ++i) {
      if (removed.count(i) == 0) kept.push_back(std::move(program_.nodes[i]));
    }
    program_.nodes = std::move(kept);
    return std::move(program_);
  }

 private:
  void find_constants() {
    const std::set<std::string> changing = changing_buffers(program_);
    for (const GraphInput& input : program_.inputs) {
      const bool fixed =
          input.kind == GraphInput::Kind::kConstant ||
          (input.kind == GraphInput::Kind::kBuffer && changing.count(input.target) == 0);
      if (!fixed) continue;
      const at::Tensor& tensor = program_.tensor_of(input);
      if (tensor.scalar_type() == at::kFloat && tensor.numel() <= kMostElements) {
        constants_[input.value] = tensor.to(at::kDouble);
      }
    }
  }

  std::optional<at::Tensor> constant_operand(const Node& node) const {
    const Argument* other = node.find("other");
    if (other == nullptr || number_of(node, "alpha", 1) != 1) return std::nullopt;
    if (const auto* ref = std::get_if<ValueRef>(other)) {
      const auto found = constants_.find(ref->id);
      if (found == constants_.end()) return std::nullopt;
      return found->second;
    }
    if (!std::holds_alternative<double>(*other) && !std::holds_alternative<int64_t>(*other)) {
      return std::nullopt;
    }
    return at::scalar_tensor(number_of(node, "other", 0), at::kDouble);
  }

  // Bytes converted to float32, perhaps moved about: whole numbers from 0 to 255.
  bool holds_bytes(ValueId id) const {
    static const std::set<std::string> kMoves = {
        "aten::to",      "aten::_to_copy",  "aten::view",  "aten::reshape",    "aten::permute",
        "aten::flatten", "aten::unsqueeze", "aten::clone", "aten::contiguous", "aten::alias"};
    while (program_.value(id).dtype != at::kByte) {
      if (producers_[id] < 0) return false;
      const Node& node = program_.nodes[producers_[id]];
      id = operand_of(node, "self");
      if (id == kNoValue || kMoves.count(node.op) == 0) return false;
    }
    return true;
  }

  // `before` and then the node; nullopt when the node is something else, or broadcasts x itself.
  std::optional<Affine> then(const Node& node, const Affine& before) const {
    const ValueId x = operand_of(node, "self");
    const bool one_result = node.outputs.size() == 1 && node.outputs[0].ids.size() == 1 &&
                            node.outputs[0].ids[0] != kNoValue;  // of a list some may be unread
    if (x == kNoValue || !one_result || constants_.count(x) != 0) return std::nullopt;
    const Value &in = program_.value(x), &out = program_.value(node.outputs[0].ids[0]);
    if (in.dtype != at::kFloat || out.dtype != at::kFloat || in.shape != out.shape) {
      return std::nullopt;
    }
    const std::string name = node.full_name();
    const auto c = constant_operand(node);
    if (!c) return std::nullopt;
    if (name.starts_with("aten::add.")) return Affine{before.scale, before.shift + *c};
    if (name.starts_with("aten::sub.")) return Affine{before.scale, before.shift - *c};
    if (name.starts_with("aten::mul.")) return Affine{before.scale * *c, before.shift * *c};
    const bool plain = node.find("rounding_mode") == nullptr;
    if (name.starts_with("aten::div.") && plain) {
      return Affine{before.scale / *c, before.shift / *c};
    }
    return std::nullopt;
  }

  void fold_from(size_t first, std::set<size_t>& removed) {
    const at::Tensor one = at::scalar_tensor(1.0, at::kDouble);
    auto chain = then(program_.nodes[first], {one, one - one});
    if (!chain || !is_in_range(*chain)) return;
    const ValueId x = operand_of(program_.nodes[first], "self");
    if (!holds_bytes(x)) return;
    std::vector<size_t> members = {first};
    while (true) {
      const ValueId made = program_.nodes[members.back()].outputs[0].ids[0];
      if (reads_[made] != 1 || outputs_.count(made) != 0) break;
      const size_t reader = reader_[made];
      if (operand_of(program_.nodes[reader], "self") != made) break;
      const auto longer = then(program_.nodes[reader], *chain);
      if (!longer || !is_in_range(*longer)) break;
      chain = longer;
      members.push_back(reader);
    }
    if (members.size() < 2 || !keeps_digits(*chain)) return;
    const ValueId scale = add_constant(program_, "scale", chain->scale.to(at::kFloat));
    const ValueId shift = add_constant(program_, "shift", chain->shift.to(at::kFloat));
    Node fused = make_node(
        "aten::addcmul",
        {{"self", ValueRef{shift}}, {"tensor1", ValueRef{x}}, {"tensor2", ValueRef{scale}}});
    fused.outputs = program_.nodes[members.back()].outputs;
    program_.nodes[members.back()] = std::move(fused);
    members.pop_back();
    removed.insert(members.begin(), members.end());
  }

  Program program_;
  std::map<ValueId, at::Tensor> constants_;
  std::vector<int64_t> reads_, producers_;
  std::vector<size_t> reader_;
  std::set<ValueId> outputs_;
};

}  // namespace

Program fold_affine(Program program) { return AffineFolder(std::move(program)).run(); }

}  // namespace maas
