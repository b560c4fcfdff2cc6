#include "data/split_rows.h"

#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "base/throw_error.h"
#include "data/batches.h"

namespace maas {
namespace {

// Of the generator; epochs take the streams from 0 up.
constexpr uint64_t kSplitStream = ~uint64_t{0};
constexpr uint64_t kGroupStream = kSplitStream - 1;

using Rows = std::vector<int64_t>;

// How many rows each split is to have.
struct SplitSizes {
  int64_t test = 0, validation = 0, train = 0;
};

struct Parts {
  Rows test, validation, train;
};

int64_t share(const char* split, double fraction, int64_t rows) {
  if (fraction <= 0) return 0;
  const auto count = static_cast<int64_t>(std::llround(fraction * static_cast<double>(rows)));
  if (count == 0) {
    throw_input("data", fmt::format("{} of {} samples leaves none for {}", fraction, rows, split),
                "at least one", "raise the fraction, or give more data");
  }
  return count;
}

void check_training(int64_t train, const SplitSizes& sizes, int64_t all) {
  if (train >= 2) return;
  throw_input("data",
              fmt::format("{} of {} samples are left for training ({} validation, {} test)",
                          std::max<int64_t>(train, 0), all, sizes.validation, sizes.test),
              "at least 2", "give more data, or lower the fractions or raise the limit");
}

Rows rows_of(const at::Tensor& order, int64_t count) {
  const auto* first = order.const_data_ptr<int64_t>();
  return {first, first + count};
}

at::Tensor sorted_tensor(Rows rows) {
  if (rows.empty()) return {};
  std::sort(rows.begin(), rows.end());
  at::Tensor out = at::empty({static_cast<int64_t>(rows.size())}, at::kLong);
  std::copy(rows.begin(), rows.end(), out.mutable_data_ptr<int64_t>());
  return out;
}

// The first rows test, the next validate, the rest train.
Parts cut(const Rows& order, const SplitSizes& sizes) {
  const auto test = order.begin() + sizes.test, validation = test + sizes.validation;
  return {{order.begin(), test}, {test, validation}, {validation, order.end()}};
}

// ---- by class ----

// `wanted` rows shared among classes in proportion to their `counts` (Hamilton's method), at most
// `room` of each; what is left over when there is no room anywhere is not shared.
Rows shares_of(int64_t wanted, const Rows& counts, const Rows& room) {
  const auto all = static_cast<double>(std::accumulate(counts.begin(), counts.end(), int64_t{0}));
  Rows shares(counts.size());
  std::vector<double> remainder(counts.size());
  int64_t left = wanted;
  for (size_t c = 0; c < counts.size(); ++c) {
    const double quota = static_cast<double>(wanted) * static_cast<double>(counts[c]) / all;
    shares[c] = std::min(static_cast<int64_t>(std::floor(quota)), room[c]);
    remainder[c] = quota - std::floor(quota);
    left -= shares[c];
  }
  Rows by_remainder(counts.size());
  std::iota(by_remainder.begin(), by_remainder.end(), 0);
  std::stable_sort(by_remainder.begin(), by_remainder.end(),
                   [&](int64_t a, int64_t b) { return remainder[a] > remainder[b]; });
  for (bool any = true; left > 0 && any;) {
    any = false;
    for (const int64_t c : by_remainder) {
      if (left == 0 || shares[c] >= room[c]) continue;
      ++shares[c], --left;
      any = true;
    }
  }
  return shares;
}

// Nothing when the classes are too small to keep so many rows apart.
std::optional<Parts> stratified(const Rows& order, const at::Tensor& classes,
                                const SplitSizes& sizes) {
  const auto* class_of = classes.const_data_ptr<int64_t>();
  std::vector<Rows> members;
  for (const int64_t row : order) {
    const auto c = static_cast<size_t>(class_of[row]);
    if (c >= members.size()) members.resize(c + 1);
    members[c].push_back(row);
  }
  std::erase_if(members, [](const Rows& rows) { return rows.empty(); });
  Rows counts, room;
  for (const Rows& rows : members) {
    counts.push_back(static_cast<int64_t>(rows.size()));
    room.push_back(counts.back() - 1);  // one trains
  }
  const Rows test = shares_of(sizes.test, counts, room);
  for (size_t c = 0; c < room.size(); ++c) room[c] -= test[c];
  const Rows validation = shares_of(sizes.validation, counts, room);
  if (std::accumulate(test.begin(), test.end(), int64_t{0}) < sizes.test ||
      std::accumulate(validation.begin(), validation.end(), int64_t{0}) < sizes.validation) {
    return std::nullopt;
  }
  Parts parts;
  for (size_t c = 0; c < members.size(); ++c) {
    const Parts own = cut(members[c], {.test = test[c], .validation = validation[c]});
    parts.test.insert(parts.test.end(), own.test.begin(), own.test.end());
    parts.validation.insert(parts.validation.end(), own.validation.begin(), own.validation.end());
    parts.train.insert(parts.train.end(), own.train.begin(), own.train.end());
  }
  return parts;
}

// ---- by group ----

// Whether so many rows more bring a split of `has` rows nearer to `wanted`.
bool is_nearer(int64_t has, int64_t more, int64_t wanted) {
  return std::abs(has + more - wanted) < std::abs(has - wanted);
}

void tell_uneven(const char* split, int64_t has, int64_t wanted, int64_t all,
                 std::vector<std::string>& warnings) {
  if (4 * std::abs(has - wanted) <= wanted) return;
  warnings.push_back(fmt::format(
      "{}: {} of {} samples, where its fraction is {}: the groups of data.group stay whole", split,
      has, all, wanted));
}

Parts grouped(const Rows& order, const at::Tensor& groups, const SplitSizes& sizes, uint64_t seed) {
  const auto* group_of = groups.const_data_ptr<int64_t>();
  std::vector<Rows> members;
  Rows in_order = order;  // groups are numbered as they come in the source
  std::sort(in_order.begin(), in_order.end());
  for (const int64_t row : in_order) {
    const auto g = static_cast<size_t>(group_of[row]);
    if (g >= members.size()) members.resize(g + 1);
    members[g].push_back(row);
  }
  std::erase_if(members, [](const Rows& rows) { return rows.empty(); });
  const auto count = static_cast<int64_t>(members.size());
  const int64_t splits = 1 + (sizes.test > 0 ? 1 : 0) + (sizes.validation > 0 ? 1 : 0);
  if (count < splits) {
    throw_input("data.group", fmt::format("{} groups for {} splits", count, splits),
                "a group for each", "give more data, or keep fewer splits apart");
  }
  Parts parts;
  Rows drawn = rows_of(permutation(count, seed, kGroupStream), count);
  int64_t groups_left = count;
  // `keep` groups stay for the splits that come after. A split always gets one.
  const auto take = [&](Rows& into, int64_t wanted, int64_t keep) {
    for (int64_t& g : drawn) {
      if (g < 0 || groups_left <= keep) continue;
      const Rows& rows = members[static_cast<size_t>(g)];
      const auto has = static_cast<int64_t>(into.size()), more = static_cast<int64_t>(rows.size());
      if (!is_nearer(has, more, wanted)) continue;
      into.insert(into.end(), rows.begin(), rows.end());
      g = -1, --groups_left;
    }
    if (!into.empty() || wanted == 0) return;
    const auto smallest = std::min_element(drawn.begin(), drawn.end(), [&](int64_t a, int64_t b) {
      const auto size = [&](int64_t g) { return g < 0 ? order.size() + 1 : members[g].size(); };
      return size(a) < size(b);
    });
    into = members[static_cast<size_t>(*smallest)];
    *smallest = -1, --groups_left;
  };
  take(parts.test, sizes.test, splits - 1);
  take(parts.validation, sizes.validation, 1);
  for (const int64_t g : drawn) {
    if (g < 0) continue;
    parts.train.insert(parts.train.end(), members[g].begin(), members[g].end());
  }
  return parts;
}

// ---- by order ----

Parts ordered(Rows order, const at::Tensor& ranks, const SplitSizes& sizes,
              std::vector<std::string>& warnings) {
  const auto* rank = ranks.const_data_ptr<int64_t>();
  // The last come first; of equal ones the later rows.
  std::sort(order.begin(), order.end(), [rank](int64_t a, int64_t b) {
    return rank[a] != rank[b] ? rank[a] > rank[b] : a > b;
  });
  Parts parts = cut(order, sizes);
  const auto tell_tie = [&](const Rows& later, const Rows& earlier, const char* names) {
    if (later.empty() || rank[later.back()] != rank[earlier.front()]) return;
    warnings.push_back(fmt::format(
        "data.order: rows of one value are both in {}, split in the order of the file", names));
  };
  const bool has_validation = !parts.validation.empty();
  if (has_validation) tell_tie(parts.validation, parts.train, "training and validation");
  tell_tie(parts.test, has_validation ? parts.validation : parts.train,
           has_validation ? "validation and test" : "training and test");
  return parts;
}

}  // namespace

SplitRows split_rows(const DataConfig& config, const RowMarks& marks, int64_t size, uint64_t seed,
                     std::vector<std::string>& warnings) {
  const int64_t used = config.limit > 0 ? std::min(config.limit, size) : size;
  SplitSizes sizes{.test = share("testing", config.test_fraction, used),
                   .validation = share("validation", config.validation, used)};
  sizes.train = used - sizes.test - sizes.validation;
  check_training(sizes.train, sizes, size);
  const Rows order = rows_of(permutation(size, seed, kSplitStream), used);
  Parts parts = cut(order, sizes);
  if (marks.ranks.defined()) {
    parts = ordered(order, marks.ranks, sizes, warnings);
  } else if (marks.groups.defined()) {
    parts = grouped(order, marks.groups, sizes, seed);
    tell_uneven("test", static_cast<int64_t>(parts.test.size()), sizes.test, used, warnings);
    tell_uneven("validation", static_cast<int64_t>(parts.validation.size()), sizes.validation, used,
                warnings);
    check_training(static_cast<int64_t>(parts.train.size()), sizes, size);
  } else if (config.split == "stratified" && marks.classes.defined() && sizes.train < used) {
    if (auto by_class = stratified(order, marks.classes, sizes)) {
      parts = std::move(*by_class);
    } else {
      warnings.push_back(
          "data.split: the classes have too few samples to give each split its share and still "
          "train on each: rows are drawn whatever their class");
    }
  }
  return {sorted_tensor(std::move(parts.train)), sorted_tensor(std::move(parts.validation)),
          sorted_tensor(std::move(parts.test))};
}

}  // namespace maas
