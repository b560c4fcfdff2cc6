#include "transform/prune/importance.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/rand.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <numeric>
#include <set>

#include "base/did_you_mean.h"
#include "base/throw_error.h"
#include "program/arguments.h"
#include "tensor/random.h"

namespace maas {
namespace {

// Values that nodes add as a bias.
std::set<ValueId> biases_of(const Program& program) {
  std::set<ValueId> biases;
  for (const Node& node : program.nodes) {
    const bool is_sum = node.op == "aten::addmm" || node.op == "aten::baddbmm";
    const ValueId bias = operand_of(node, is_sum ? "self" : "bias");
    if (bias != kNoValue) biases.insert(bias);
  }
  return biases;
}

// By unit: the member's scores; empty when it has no say.
std::vector<double> member_scores(const at::Tensor& weight, const GroupMember& member,
                                  const Criterion& criterion, uint64_t seed) {
  at::Tensor sums = criterion.of_elements(weight, seed);
  std::vector<int64_t> others;
  for (int64_t d = 0; d < sums.dim(); ++d) {
    if (d != member.dim) others.push_back(d);
  }
  if (!others.empty()) sums = sums.sum(others);
  sums = sums.contiguous();
  const double* of_index = sums.const_data_ptr<double>();
  std::vector<double> scores;
  for (const auto& indices : member.indices) {
    double sum = 0;
    for (const int64_t i : indices) sum += of_index[i];
    scores.push_back(criterion.of_sum(sum));
  }
  return scores;
}

std::vector<double> group_scores(const Program& program, const DimGroup& group,
                                 const Criterion& criterion, const std::set<ValueId>& biases,
                                 uint64_t seed) {
  std::vector<double> scores(static_cast<size_t>(group.units), 0.0);
  int64_t voices = 0;
  for (const GroupMember& member : group.members) {
    const auto weight = program.parameters.find(member.tensor);
    if (weight == program.parameters.end() || !weight->second.is_floating_point()) continue;
    if (biases.count(member.input) != 0) continue;
    const auto own =
        member_scores(weight->second, member, criterion,
                      mix_seed(seed, member.tensor, static_cast<uint64_t>(member.dim)));
    const double mean =
        std::accumulate(own.begin(), own.end(), 0.0) / static_cast<double>(own.size());
    ++voices;
    for (size_t u = 0; u < own.size() && mean > 0; ++u) scores[u] += own[u] / mean;
  }
  for (double& score : scores) score = voices == 0 ? 1.0 : score / static_cast<double>(voices);
  return scores;
}

at::Tensor absolute(const at::Tensor& weight, uint64_t /*seed*/) {
  return weight.to(at::kDouble).abs();
}
at::Tensor squared(const at::Tensor& weight, uint64_t /*seed*/) {
  const at::Tensor wide = weight.to(at::kDouble);
  return wide * wide;
}
at::Tensor drawn(const at::Tensor& weight, uint64_t seed) {
  return at::rand(weight.sizes(), make_generator(seed), at::kDouble);
}

double itself(double sum) { return sum; }

}  // namespace

const std::vector<Criterion>& criteria() {
  static const std::vector<Criterion> table = {
      {"l2", "square root of the sum of squares of its weights", squared, std::sqrt},
      {"l1", "sum of the absolute values of its weights", absolute, itself},
      {"random", "drawn, for comparison", drawn, itself},
  };
  return table;
}

std::vector<std::string> criterion_names() {
  std::vector<std::string> names;
  for (const Criterion& criterion : criteria()) names.emplace_back(criterion.name);
  return names;
}

const Criterion& criterion_of(const std::string& name) {
  for (const Criterion& criterion : criteria()) {
    if (name == criterion.name) return criterion;
  }
  const std::vector<std::string> names = criterion_names();
  throw_usage("prune.criterion", fmt::format("there is no '{}'{}", name, did_you_mean(name, names)),
              fmt::format("{}", fmt::join(names, ", ")));
}

Scores importance(const Program& program, const std::vector<DimGroup>& groups,
                  const Criterion& criterion, uint64_t seed) {
  const at::NoGradGuard no_grad;
  const std::set<ValueId> biases = biases_of(program);
  Scores scores;
  for (const DimGroup& group : groups) {
    scores.push_back(group.blocked_by.empty()
                         ? group_scores(program, group, criterion, biases, seed)
                         : std::vector<double>(static_cast<size_t>(group.units), 1.0));
  }
  return scores;
}

void refuse_not_finite(const Program& program, const std::string& where) {
  for (const auto* table : {&program.parameters, &program.buffers}) {
    for (const auto& [name, tensor] : *table) {
      if (!tensor.is_floating_point()) continue;
      const int64_t wrong = tensor.numel() - at::isfinite(tensor).sum().item<int64_t>();
      if (wrong == 0) continue;
      throw_input(
          where,
          fmt::format("{} of {} elements of '{}' are NaN or infinite", wrong, tensor.numel(), name),
          "weights that are numbers",
          "train again, with a smaller learning rate or train.clip_norm");
    }
  }
}

}  // namespace maas
