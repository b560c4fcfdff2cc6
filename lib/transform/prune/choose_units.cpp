#include "transform/prune/choose_units.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "base/did_you_mean.h"
#include "base/name_pattern.h"
#include "base/throw_error.h"

namespace maas {
namespace {

// "layer4.0.conv1.weight" and everything in front of one of its dots.
std::vector<std::string> names_of(const std::string& tensor) {
  std::vector<std::string> names = {tensor};
  for (size_t dot = tensor.rfind('.'); dot != std::string::npos && dot > 0;
       dot = tensor.rfind('.', dot - 1)) {
    names.push_back(tensor.substr(0, dot));
  }
  return names;
}

bool matches(const std::string& pattern, const std::string& tensor) {
  const auto names = names_of(tensor);
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& name) { return matches_pattern(name, pattern); });
}

void refuse_unknown(const Program& program, const std::vector<std::string>& patterns) {
  for (const std::string& pattern : patterns) {
    std::set<std::string> layers;
    bool known = false;
    for (const auto* table : {&program.parameters, &program.buffers, &program.constants}) {
      for (const auto& [name, tensor] : *table) {
        known = known || matches(pattern, name);
        const auto names = names_of(name);
        layers.insert(names.begin(), names.end());
      }
    }
    if (known) continue;
    throw_usage("prune.ignore",
                fmt::format("no layer is named '{}'{}", pattern,
                            did_you_mean(pattern, {layers.begin(), layers.end()})),
                "a layer or weight as 'maas inspect' names it");
  }
}

// One group that may shrink.
struct Choosable {
  size_t group = 0;
  std::vector<int64_t> order;  // units, the least important first
  int64_t most_removed = 0;
  int64_t step = 1;  // units that stay come in multiples of this
};

// What is left is a multiple of it. Kernels take channels in blocks of 8 or 16: a ResNet-18 of half
// the multiply-adds runs 1.6 times as fast as the whole one with any widths, 1.8 times with these.
int64_t rounding(const PruneConfig& config, int64_t channels) {
  if (config.round_to != 0) return config.round_to;
  return channels >= 64 && channels % 16 == 0 ? 8 : 1;
}

int64_t least_kept(int64_t units, double share) {
  return std::max<int64_t>(1, static_cast<int64_t>(std::ceil(static_cast<double>(units) * share)));
}

class Chooser {
 public:
  Chooser(const Program& program, const std::vector<DimGroup>& groups, const Scores& scores,
          const PruneConfig& config)
      : groups_(groups), scores_(scores), config_(config), values_(program, groups) {
    refuse_unknown(program, config.ignore);
    for (size_t g = 0; g < groups.size(); ++g) add(g);
    for (size_t c = 0; c < choosable_.size(); ++c) {
      for (size_t i = 0; i < choosable_[c].order.size(); ++i) ranked_.push_back({c, i});
    }
    std::stable_sort(ranked_.begin(), ranked_.end(),
                     [&](const Rank& a, const Rank& b) { return score(a) < score(b); });
  }

  bool empty() const { return choosable_.empty(); }
  const std::set<std::string>& ignored() const { return ignored_; }
  // Cuts are numbered: 0 is none, steps() the largest; a larger one never leaves more.
  int64_t steps() const { return static_cast<int64_t>(ranked_.size()) * (is_global() ? 1 : 2); }
  KeptUnits kept_at(int64_t step) const { return kept(removed_at(step)); }
  NetworkSize size_of(const KeptUnits& kept) const {
    return network_size(values_.with_sizes(kept));
  }
  KeptUnits by_ratio(double ratio) const;

 private:
  struct Rank {
    size_t choosable, place;
  };
  double score(const Rank& rank) const {
    const Choosable& choosable = choosable_[rank.choosable];
    return scores_[choosable.group][choosable.order[rank.place]];
  }
  bool is_global() const { return config_.scope == "global"; }

  void add(size_t g) {
    const DimGroup& group = groups_[g];
    if (!group.blocked_by.empty() || group.units < 2) return;
    for (const GroupMember& member : group.members) {
      for (const std::string& pattern : config_.ignore) {
        if (matches(pattern, member.tensor)) return ignored_.insert(group.name), void();
      }
    }
    Choosable choosable;
    choosable.group = g;
    choosable.order.resize(static_cast<size_t>(group.units));
    std::iota(choosable.order.begin(), choosable.order.end(), 0);
    std::stable_sort(choosable.order.begin(), choosable.order.end(),
                     [&](int64_t a, int64_t b) { return scores_[g][a] < scores_[g][b]; });
    const auto channels = static_cast<int64_t>(group.members[0].indices[0].size());
    const int64_t multiple = rounding(config_, group.units * channels);
    choosable.step = multiple / std::gcd(multiple, channels);
    choosable.most_removed = group.units - least_kept(group.units, config_.keep_at_least);
    choosable_.push_back(std::move(choosable));
  }

  // By choosable group, before limits.
  std::vector<int64_t> removed_at(int64_t step) const {
    std::vector<int64_t> removed(choosable_.size());
    for (int64_t i = 0; is_global() && i < step; ++i) ++removed[ranked_[i].choosable];
    for (size_t c = 0; !is_global() && c < choosable_.size(); ++c) {
      const auto units = static_cast<double>(choosable_[c].order.size());
      const double share = static_cast<double>(step) / static_cast<double>(steps());
      removed[c] = std::llround(units * share);
    }
    return removed;
  }

  KeptUnits kept(const std::vector<int64_t>& removed) const {
    KeptUnits kept = all_units(groups_);
    for (size_t c = 0; c < choosable_.size(); ++c) {
      const Choosable& choosable = choosable_[c];
      const auto units = static_cast<int64_t>(choosable.order.size());
      int64_t stays = units - std::min(removed[c], choosable.most_removed);
      stays = std::min(units, (stays + choosable.step - 1) / choosable.step * choosable.step);
      auto& list = kept[choosable.group];
      list.assign(choosable.order.end() - stays, choosable.order.end());
      std::sort(list.begin(), list.end());
    }
    return kept;
  }

  const std::vector<DimGroup>& groups_;
  const Scores& scores_;
  const PruneConfig& config_;
  UnitsInValues values_;
  std::vector<Choosable> choosable_;
  std::vector<Rank> ranked_;       // all units, the least important first
  std::set<std::string> ignored_;  // groups that could shrink, but for prune.ignore
};

KeptUnits Chooser::by_ratio(double ratio) const {
  const auto all = static_cast<double>(ranked_.size());
  std::vector<int64_t> removed =
      is_global() ? removed_at(std::llround(all * ratio)) : std::vector<int64_t>(choosable_.size());
  for (size_t c = 0; c < choosable_.size(); ++c) {
    const auto units = static_cast<int64_t>(choosable_[c].order.size());
    if (!is_global()) removed[c] = std::llround(static_cast<double>(units) * ratio);
    const bool spared = is_global() && ratio < 1;  // keep_at_least holds
    if (removed[c] <= choosable_[c].most_removed || spared) continue;
    throw_usage("prune.ratio",
                fmt::format("{} leaves {} of the {} units of '{}'", ratio, units - removed[c],
                            units, groups_[choosable_[c].group].name),
                fmt::format("at least {} (prune.keep_at_least is {})",
                            units - choosable_[c].most_removed, config_.keep_at_least),
                "use a smaller ratio, or leave the layer out with prune.ignore");
  }
  return kept(removed);
}

struct Wanted {
  std::optional<double> macs, params;
};

Wanted wanted_of(const PruneConfig& config) {
  if (config.ratio && (config.target.macs || config.target.params)) {
    throw_usage("prune.ratio", "given with a target", "one of prune.ratio and prune.target",
                "leave one out");
  }
  Wanted wanted{config.target.macs, config.target.params};
  if (!wanted.macs && !wanted.params) wanted.macs = 0.5;
  return wanted;
}

double share(int64_t part, int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

bool is_met(const Wanted& wanted, const NetworkSize& before, const NetworkSize& after) {
  return (!wanted.macs || share(after.multiply_adds, before.multiply_adds) <= *wanted.macs) &&
         (!wanted.params || share(after.parameters, before.parameters) <= *wanted.params);
}

[[noreturn]] void refuse_target(const Wanted& wanted, const NetworkSize& before,
                                const NetworkSize& least, const PruneConfig& config) {
  const double macs = share(least.multiply_adds, before.multiply_adds);
  const bool is_macs = wanted.macs && macs > *wanted.macs;
  const double reached = is_macs ? macs : share(least.parameters, before.parameters);
  throw_usage(
      is_macs ? "prune.target.macs" : "prune.target.params",
      fmt::format("{:g} cannot be met: {:.3g} is left where every layer is as small as may be",
                  is_macs ? *wanted.macs : *wanted.params, reached),
      fmt::format("at least {:.3g} (prune.keep_at_least is {:g})", std::ceil(reached * 1000) / 1000,
                  config.keep_at_least),
      "ask for less, lower prune.keep_at_least or prune.round_to, or shorten prune.ignore; "
      "-v says which layers may not shrink, and why");
}

[[noreturn]] void refuse_nothing(const std::vector<DimGroup>& groups, const std::string& where) {
  std::string reason = "it has no weights whose dimensions could";
  for (const DimGroup& group : groups) {
    if (!group.blocked_by.empty()) {
      reason = fmt::format("'{}' may not: {}", group.name, group.blocked_by);
      break;
    }
  }
  throw_usage(where, "no layer of this network can shrink; " + reason,
              "a hidden layer between input and output that prune.ignore does not name");
}

[[noreturn]] void refuse_ignored(const std::set<std::string>& ignored) {
  throw_usage(
      "prune.ignore",
      fmt::format("leaves no layer that could shrink: it names all {} of them, such as '{}'",
                  ignored.size(), *ignored.begin()),
      "some that it does not name", "shorten prune.ignore");
}

// The choice keeps every unit: what was asked is less than one step of what may go.
[[noreturn]] void refuse_no_change(const PruneConfig& config) {
  throw_usage(config.round_to > 1 ? "prune.round_to"
              : config.ratio      ? "prune.ratio"
                                  : "prune.target",
              config.round_to > 1
                  ? fmt::format("{} leaves every layer as it is: none has that many channels to "
                                "spare",
                                config.round_to)
                  : std::string("asks for so little that no unit goes"),
              "settings by which something goes",
              config.round_to > 1 ? "lower prune.round_to, or leave it out"
                                  : "ask for more: a smaller target, or a larger ratio");
}

}  // namespace

UnitChoice choose_units(const Program& program, const std::vector<DimGroup>& groups,
                        const Scores& scores, const PruneConfig& config, const std::string& where) {
  const Wanted wanted = wanted_of(config);
  const Chooser chooser(program, groups, scores, config);
  if (chooser.empty() && !chooser.ignored().empty()) refuse_ignored(chooser.ignored());
  if (chooser.empty()) refuse_nothing(groups, where);
  UnitChoice choice{all_units(groups), network_size(program), {}};
  if (config.ratio) {
    choice.kept = chooser.by_ratio(*config.ratio);
    if (choice.kept == all_units(groups)) refuse_no_change(config);
  } else {
    int64_t met = chooser.steps(), unmet = -1;
    const NetworkSize least = chooser.size_of(chooser.kept_at(met));
    if (config.round_to > 1 && least.parameters == choice.before.parameters) {
      refuse_no_change(config);
    }
    if (!is_met(wanted, choice.before, least)) refuse_target(wanted, choice.before, least, config);
    while (met - unmet > 1) {
      const int64_t middle = unmet + (met - unmet) / 2;
      const bool is_enough =
          is_met(wanted, choice.before, chooser.size_of(chooser.kept_at(middle)));
      (is_enough ? met : unmet) = middle;
    }
    choice.kept = chooser.kept_at(met);
  }
  choice.after = chooser.size_of(choice.kept);
  return choice;
}

}  // namespace maas
