#include "export/compare.h"

#include <ATen/ops/argmax.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/isnan.h>
#include <ATen/ops/sub.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/error.h"

namespace maas {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// What is known of one output over the batches so far.
struct Spread {
  double difference = 0;
  double largest = 0;  // finite magnitude of the original

  double relative() const {
    if (difference == 0) return 0;
    return largest == 0 ? kInfinity : difference / largest;
  }
};

[[noreturn]] void refuse(const std::string& where, const std::string& what,
                         const std::string& expected) {
  throw Error(ErrorKind::kRequirement, {.where = where, .what = what, .expected = expected});
}

double largest_of(const at::Tensor& magnitudes) {
  return magnitudes.numel() == 0 ? 0 : magnitudes.max().item<double>();
}

void add(Spread& spread, const at::Tensor& original, const at::Tensor& other) {
  const at::Tensor a = original.to(at::kDouble), b = other.to(at::kDouble);
  const at::Tensor same = a.eq(b).logical_or(at::isnan(a).logical_and(at::isnan(b)));
  const at::Tensor far = at::isfinite(a).logical_and(at::isfinite(b)).logical_not();
  at::Tensor difference = at::sub(a, b).abs().masked_fill(far, kInfinity);
  difference = at::where(same, at::zeros_like(a), difference);
  spread.difference = std::max(spread.difference, largest_of(difference));
  spread.largest =
      std::max(spread.largest, largest_of(a.abs().masked_fill(at::isfinite(a).logical_not(), 0)));
}

void check_alike(size_t index, const at::Tensor& original, const at::Tensor& other) {
  if (original.sizes() == other.sizes() && original.scalar_type() == other.scalar_type()) return;
  refuse(fmt::format("output {}", index), type_text(other), type_text(original));
}

// Rows of the last dimension, and those of them with the same index of the largest element.
struct Votes {
  int64_t rows = 0, same = 0;
};

void count(Votes& votes, const at::Tensor& original, const at::Tensor& other) {
  const bool has_rows = original.dim() > 0 && original.size(-1) > 1 && original.numel() > 0;
  if (!has_rows || original.scalar_type() == at::kBool) return;
  const at::Tensor same = at::argmax(original, -1).eq(at::argmax(other, -1));
  votes.rows += same.numel();
  votes.same += same.sum().item<int64_t>();
}

}  // namespace

Agreement compare(const Forward& original, const Forward& read_back,
                  const std::vector<std::vector<at::Tensor>>& batches,
                  const std::function<void()>& progress) {
  Agreement agreement;
  std::vector<Spread> spreads;
  Votes votes;
  for (const std::vector<at::Tensor>& inputs : batches) {
    const std::vector<at::Tensor> wanted = original(inputs), made = read_back(inputs);
    if (made.size() != wanted.size()) {
      refuse("outputs", fmt::format("{} tensors", made.size()), std::to_string(wanted.size()));
    }
    spreads.resize(wanted.size());
    for (size_t i = 0; i < wanted.size(); ++i) {
      check_alike(i, wanted[i], made[i]);
      add(spreads[i], wanted[i], made[i]);
    }
    if (!wanted.empty()) {
      count(votes, wanted[0], made[0]);
      agreement.samples += wanted[0].dim() == 0 ? 1 : wanted[0].size(0);
    }
    if (progress) progress();
  }
  for (const Spread& spread : spreads) {
    agreement.max_abs = std::max(agreement.max_abs, spread.difference);
    agreement.max_relative = std::max(agreement.max_relative, spread.relative());
  }
  if (votes.rows > 0) {
    agreement.top1 = static_cast<double>(votes.same) / static_cast<double>(votes.rows);
  }
  return agreement;
}

}  // namespace maas
