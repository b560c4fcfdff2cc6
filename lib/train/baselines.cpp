#include "train/baselines.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cholesky_solve.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/linalg_cholesky.h>
#include <ATen/ops/log_sigmoid.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/one_hot.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <ranges>

#include "train/naive_bayes.h"

namespace maas {
namespace {

constexpr int64_t kMostRows = 20'000;
constexpr int64_t kFewestRows = 1'000;
constexpr int64_t kMostProducts = 40'000'000;  // rows * columns * outputs of one pass
constexpr int64_t kMostColumns = 5'000;        // of features; a table of more has no linear model
constexpr int64_t kSteps = 200;

int64_t feature_count(const InputSpec& input) {
  auto count = static_cast<int64_t>(input.numeric_features().size());
  for (const ColumnSpec& column : input.categorical_columns()) {
    count += static_cast<int64_t>(column.categories.size()) + 1;
  }
  return count;
}

// float64 [R, F]: numbers as they are, categories as 0 and 1; without texts.
at::Tensor features_of(const Batch& batch, const InputSpec& input) {
  std::vector<at::Tensor> parts;
  size_t next = 0;
  if (!input.numeric_features().empty()) parts.push_back(batch.inputs.at(next++).to(at::kDouble));
  const auto categorical = input.categorical_columns();
  for (size_t i = 0; i < categorical.size(); ++i) {
    const auto values = static_cast<int64_t>(categorical[i].categories.size()) + 1;
    const at::Tensor column = batch.inputs.at(next).select(1, static_cast<int64_t>(i));
    parts.push_back(at::one_hot(column, values).to(at::kDouble));
  }
  return at::cat(parts, 1);
}

// float64 [R, K]: one-hot classes, labels of 0 and 1, or numbers.
at::Tensor truth_of(const Batch& batch, const TaskSpec& task) {
  if (task.kind != TaskKind::kClassification) return batch.targets.to(at::kDouble);
  return at::one_hot(batch.targets, task.outputs()).to(at::kDouble);
}

// Loss and its gradient at w.
struct Point {
  double loss = 0;
  at::Tensor gradient;
};

// L-BFGS with ten pairs and a step that is halved until the loss falls enough (Armijo).
at::Tensor minimised(at::Tensor w, const std::function<Point(const at::Tensor&)>& at_point) {
  std::deque<std::pair<at::Tensor, at::Tensor>> pairs;  // moves of w, and of the gradient
  const auto dot = [](const at::Tensor& a, const at::Tensor& b) {
    return a.mul(b).sum().item<double>();
  };
  Point here = at_point(w);
  for (int64_t step = 0; step < kSteps; ++step) {
    if (here.gradient.abs().max().item<double>() < 1e-5) break;
    at::Tensor direction = here.gradient.neg();
    std::vector<double> alphas;
    for (const auto& [s, y] : std::views::reverse(pairs)) {
      alphas.push_back(dot(s, direction) / dot(s, y));
      direction = direction - y.mul(alphas.back());
    }
    if (!pairs.empty()) {
      const auto& [s, y] = pairs.back();
      direction = direction.mul(dot(s, y) / dot(y, y));
    }
    for (const auto& [s, y] : pairs) {
      direction = direction + s.mul(alphas.back() - dot(y, direction) / dot(s, y));
      alphas.pop_back();
    }
    const double slope = dot(direction, here.gradient);
    double length = 1;
    Point there = at_point(w + direction);
    while (!(there.loss <= here.loss + 1e-4 * length * slope) && length > 1e-10) {
      length /= 2;
      there = at_point(w + direction.mul(length));
    }
    if (!(there.loss < here.loss)) break;
    const at::Tensor move = direction.mul(length), change = there.gradient - here.gradient;
    if (dot(move, change) > 1e-12) pairs.emplace_back(move, change);
    if (pairs.size() > 10) pairs.pop_front();
    w = w + move;
    here = there;
  }
  return w;
}

// Weights [F + 1, K], the last row the intercepts, for standardised x [R, F].
at::Tensor logistic(const at::Tensor& x, const at::Tensor& truth, bool one_of_many) {
  const auto rows = static_cast<double>(x.size(0));
  const at::Tensor with_one = at::cat({x, at::ones({x.size(0), 1}, x.options())}, 1);
  // Two classes share what scikit-learn's one row of weights w pays for: w / 2 and -w / 2.
  const double penalty = one_of_many && truth.size(1) == 2 ? 2 : 1;
  const auto at_point = [&](const at::Tensor& w) {
    const at::Tensor scores = with_one.mm(w);
    const at::Tensor penalised =
        at::cat({w.slice(0, 0, -1), at::zeros({1, w.size(1)}, w.options())}).mul(penalty);
    at::Tensor loss, slope;
    if (one_of_many) {
      const at::Tensor log_p = at::log_softmax(scores, 1);
      loss = log_p.mul(truth).sum().neg();
      slope = log_p.exp() - truth;
    } else {
      loss = (at::log_sigmoid(scores).mul(truth) +
              at::log_sigmoid(scores.neg()).mul(truth.neg().add(1)))
                 .sum()
                 .neg();
      slope = scores.sigmoid() - truth;
    }
    return Point{(loss.item<double>() + 0.5 * penalised.mul(w).sum().item<double>()) / rows,
                 (with_one.t().mm(slope) + penalised).div(rows)};
  };
  return minimised(at::zeros({x.size(1) + 1, truth.size(1)}, x.options()), at_point);
}

at::Tensor ridge(const at::Tensor& x, const at::Tensor& truth) {
  const at::Tensor mean = truth.mean(0, true);
  const at::Tensor square = x.t().mm(x) + at::eye(x.size(1), x.options());
  const at::Tensor w = at::cholesky_solve(x.t().mm(truth - mean), at::linalg_cholesky(square));
  return at::cat({w, mean});
}

struct Answers {
  // float64 [R, K]; linear undefined for too many columns or none, texts without texts or classes.
  at::Tensor constant, linear, texts;
};

struct SomeRows {
  const Dataset& data;
  at::Tensor index;  // int64 [R]
};

// answer(batch) of all rows, a part of them in memory at a time. float64 [R, K].
at::Tensor answered(const SomeRows& rows, const std::function<at::Tensor(const Batch&)>& answer) {
  constexpr int64_t kRowsAtOnce = 1 << 16;
  std::vector<at::Tensor> parts;
  for (int64_t first = 0; first < rows.index.size(0); first += kRowsAtOnce) {
    parts.push_back(answer(rows.data.rows(rows.index.slice(0, first, first + kRowsAtOnce))));
  }
  return at::cat(parts);
}

// Answers of all for `to`, from some rows of the training data.
Answers answers_of(const Batch& from, const SomeRows& to, const DataSpec& spec) {
  const at::Tensor truth = truth_of(from, spec.task);
  const at::Tensor share = truth.mean(0, true);
  Answers answers;
  answers.constant = share;
  if (spec.task.kind != TaskKind::kRegression) {
    const at::Tensor p = share.clamp(1e-6, 1 - 1e-6);
    answers.constant =
        spec.task.kind == TaskKind::kClassification ? p.log() : p.log() - p.neg().log1p();
  }
  answers.constant = answers.constant.expand({to.index.size(0), -1}).contiguous();
  if (spec.input.has_text() && spec.task.kind == TaskKind::kClassification) {
    answers.texts = answered(to, [&](const Batch& batch) {
      return naive_bayes(from.inputs.back(), truth, batch.inputs.back(), spec.input.text.buckets);
    });
  }
  const int64_t features = feature_count(spec.input);
  if (features == 0 || features > kMostColumns) return answers;
  at::Tensor x = features_of(from, spec.input);
  const at::Tensor mean = x.mean(0, true);
  at::Tensor spread = (x - mean).square().mean(0, true).sqrt();
  spread.masked_fill_(spread.lt(1e-12), 1);
  x = (x - mean).div(spread);
  const at::Tensor w = spec.task.kind == TaskKind::kRegression
                           ? ridge(x, truth)
                           : logistic(x, truth, spec.task.kind == TaskKind::kClassification);
  answers.linear = answered(to, [&](const Batch& batch) {
    const at::Tensor z = (features_of(batch, spec.input) - mean).div(spread);
    return z.mm(w.slice(0, 0, -1)) + w.slice(0, -1);
  });
  return answers;
}

// So many of `rows`, evenly spread.
at::Tensor sample_of(const at::Tensor& rows, const DataSpec& spec) {
  const int64_t products = std::max<int64_t>(1, feature_count(spec.input) * spec.task.outputs());
  const int64_t most = std::clamp(kMostProducts / products, kFewestRows, kMostRows);
  if (rows.size(0) <= most) return rows;
  const at::Tensor spread = at::arange(most, at::kLong).mul(rows.size(0)).floor_divide(most);
  return rows.index_select(0, spread);
}

Answers answers_by_folds(const BaselineSplits& splits) {
  const DataSpec& spec = splits.train.spec();
  Answers joined;
  const int64_t folds = splits.folds->fold.max().item<int64_t>() + 1;
  for (int64_t fold = 0; fold < folds; ++fold) {
    const at::Tensor own = splits.folds->validating(fold);
    const at::Tensor others = sample_of(splits.folds->learning(fold), spec);
    const Answers part = answers_of(splits.train.rows(others), {splits.train, own}, spec);
    const auto put = [&](const at::Tensor& from, at::Tensor& to) {
      if (!from.defined()) return;
      if (!to.defined()) to = at::empty({splits.train.size(), from.size(1)}, from.options());
      to.index_copy_(0, own, from);
    };
    put(part.constant, joined.constant), put(part.linear, joined.linear);
    put(part.texts, joined.texts);
  }
  const at::Tensor answered = splits.folds->validated(folds);
  for (at::Tensor* outputs : {&joined.constant, &joined.linear, &joined.texts}) {
    if (outputs->defined()) *outputs = outputs->index_select(0, answered);
  }
  return joined;
}

}  // namespace

std::vector<Baseline> table_baselines(const BaselineSplits& splits,
                                      const std::vector<std::string>& metrics) {
  const DataSpec& spec = splits.train.spec();
  if (spec.input.kind != InputKind::kTable) return {};
  const at::NoGradGuard no_grad;
  const at::Tensor held_out = at::arange(splits.held_out.size(), at::kLong);
  const at::Tensor rows = at::arange(splits.train.size(), at::kLong);
  const at::Tensor sample = sample_of(rows, spec);
  const Answers answers =
      splits.folds ? answers_by_folds(splits)
                   : answers_of(splits.train.rows(sample), {splits.held_out, held_out}, spec);
  std::string note;
  if (sample.size(0) < rows.size(0)) {
    note = fmt::format("learnt from a sample of {} rows", sample.size(0));
  }
  const bool regression = spec.task.kind == TaskKind::kRegression;
  const at::Tensor targets = splits.held_out.targets(held_out);
  std::vector<Baseline> found;
  const auto add = [&](const char* name, const at::Tensor& outputs) {
    if (!outputs.defined()) return;
    const Predictions predictions{outputs, targets, spec.task.kind, spec.task.labels};
    found.push_back({name, compute_metrics(predictions, metrics), note});
  };
  add(regression ? "mean" : "most frequent", answers.constant);
  add("naive Bayes", answers.texts);
  if (spec.input.has_text()) note += std::string(note.empty() ? "" : ", ") + "without the text";
  add(regression ? "ridge regression" : "logistic regression", answers.linear);
  return found;
}

}  // namespace maas
