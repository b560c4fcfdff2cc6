#include "data/open_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "base/error.h"
#include "base/memory.h"
#include "base/name_first.h"
#include "base/throw_error.h"
#include "data/batches.h"
#include "data/source.h"
#include "data/split_rows.h"

namespace maas {
namespace {

// The split's own source, or an empty one when it is a part of train.
const SourceConfig* own_source(const DataConfig& config, Split split) {
  if (split == Split::kValidation && config.validation_source.given()) {
    return &config.validation_source;
  }
  if (split == Split::kTest && config.test.given()) return &config.test;
  return nullptr;
}

// Whatever the paths are called.
bool same_files(const SourceConfig& a, const SourceConfig& b) {
  const auto same = [](const InputPath& x, const InputPath& y) {
    std::error_code absent;
    return x == y || std::filesystem::equivalent(x.path, y.path, absent);
  };
  return same(a.images, b.images) && same(a.labels, b.labels) && same(a.path, b.path);
}

std::unique_ptr<Source> open_checked(const SourceRequest& request) {
  auto source = open_source(request);
  if (source->size() == 0) {
    throw_input(request.where.given() ? (request.where.path.path.empty() ? request.where.images.path
                                                                         : request.where.path.path)
                                      : "data",
                fmt::format("0 samples for {}", request.split), "at least 1", "give more data");
  }
  return source;
}

std::shared_ptr<const Dataset> part_of(std::shared_ptr<const Dataset> whole,
                                       const at::Tensor& rows) {
  if (!rows.defined()) return nullptr;
  if (rows.size(0) == whole->size()) return whole;
  return subset(std::move(whole), rows);
}

// How many samples of each label a split has; empty = no such split.
std::vector<int64_t> label_counts(const std::shared_ptr<const Dataset>& dataset, size_t labels) {
  if (dataset == nullptr) return {};
  std::vector<int64_t> counts(labels);
  constexpr int64_t kStep = 4096;
  const BatchOrder order = BatchOrder::in_order(dataset->size(), kStep);
  for (int64_t step = 0; step < order.steps(); ++step) {
    const at::Tensor targets = dataset->targets(order.index(step));
    const auto* label = targets.const_data_ptr<int64_t>();
    for (int64_t i = 0; i < targets.size(0); ++i) ++counts[static_cast<size_t>(label[i])];
  }
  return counts;
}

// The first three of some labels: "'a', 'b', 'c' and 2 more".
std::string name_labels(const std::vector<size_t>& which, const TaskSpec& task) {
  std::vector<std::string> names;
  names.reserve(which.size());
  for (const size_t label : which) names.push_back(fmt::format("'{}'", task.labels[label]));
  return name_first(names, 3);
}

// Labels that a split has no sample of: legal, but rarely meant.
void warn_of_absent_labels(DataSplits& splits) {
  const TaskSpec& task = splits.spec.task;
  if (task.kind != TaskKind::kClassification || task.outputs() > 1000) return;
  const size_t labels = task.labels.size();
  const auto train = label_counts(splits.train, labels);
  const auto validation = label_counts(splits.validation, labels);
  const auto test = label_counts(splits.test, labels);
  const auto where = [&](const auto& is_so) {
    std::vector<size_t> which;
    for (size_t i = 0; i < labels; ++i) {
      if (is_so(i)) which.push_back(i);
    }
    return which;
  };
  const auto tell = [&](const std::vector<size_t>& which, const std::string& what) {
    if (which.empty()) return;
    splits.warnings.push_back(
        fmt::format(fmt::runtime(what), which.size(), labels, name_labels(which, task)));
  };
  const auto in = [](const std::vector<int64_t>& counts, size_t i) {
    return !counts.empty() && counts[i] > 0;
  };
  tell(where([&](size_t i) { return train[i] == 0; }), "train: {} of {} labels have no sample: {}");
  if (validation.empty() && test.empty()) return;
  tell(where([&](size_t i) { return train[i] > 0 && !in(validation, i) && !in(test, i); }),
       "{} of {} labels have samples in training alone, so that nothing measures them: {}");
  if (validation.empty() || test.empty()) return;
  tell(where([&](size_t i) { return in(test, i) && !in(validation, i); }),
       "validation: {} of {} labels have no sample: {}");
  tell(where([&](size_t i) { return in(validation, i) && !in(test, i); }),
       "test: {} of {} labels have no sample: {}");
}

// A score on samples that were trained on says little.
void warn_of_shared_samples(const DataConfig& config, Split split, DataSplits& splits) {
  if (const SourceConfig* where = own_source(config, split);
      where && same_files(*where, config.train)) {
    splits.warnings.push_back(fmt::format("{}: is the training data itself", to_text(split)));
    return;
  }
  const Dataset& held_out = *(split == Split::kTest ? splits.test : splits.validation);
  std::vector<uint64_t> trained = splits.train->digests();
  std::sort(trained.begin(), trained.end());
  const std::vector<uint64_t> tested = held_out.digests();
  int64_t shared = 0, first = 0;
  for (size_t i = 0; i < tested.size(); ++i) {
    if (!std::binary_search(trained.begin(), trained.end(), tested[i])) continue;
    if (shared++ == 0) first = static_cast<int64_t>(i);
  }
  if (shared == 0) return;
  splits.warnings.push_back(
      fmt::format("{}: {} of {} samples are in the training data too (first: {})", to_text(split),
                  shared, tested.size(), held_out.name_of(first)));
}

bool are_among(const std::vector<std::string>& labels, const std::vector<std::string>& known) {
  return std::all_of(labels.begin(), labels.end(), [&](const std::string& label) {
    return std::find(known.begin(), known.end(), label) != known.end();
  });
}

void tell_ignored_buckets(const DataConfig& config, DataSplits& splits) {
  const int64_t buckets = splits.spec.input.text.buckets;
  const bool is_set = config.text_buckets != DataConfig().text_buckets;
  if (buckets == 0 || !is_set || config.text_buckets == buckets) return;
  splits.warnings.push_back(
      fmt::format("data.text_buckets: {} counts for nothing: the network to start from has {}",
                  config.text_buckets, buckets));
}

// What the parent's weights were made for stays as they know it.
DataSpec inherit(DataSpec learnt, const DataSpec& parent, Targets targets) {
  const InputSpec &own = learnt.input, &known = parent.input;
  const bool same_form = own.kind == known.kind && own.columns.size() == known.columns.size() &&
                         own.channels == known.channels && own.height == known.height &&
                         own.width == known.width;
  if (same_form) {
    const std::string missing = own.missing;
    const bool resize = own.resize_to_fit;
    const TableFormat format = own.format;
    learnt.input = parent.input;
    learnt.input.format = format;
    learnt.input.missing = missing;
    learnt.input.resize_to_fit = resize;
  }
  if (targets == Targets::kOwn || learnt.task.kind != parent.task.kind) return learnt;
  const auto &labels = learnt.task.labels, &theirs = parent.task.labels;
  const bool all = targets == Targets::kParents || are_among(theirs, labels);
  if (all && are_among(labels, theirs)) learnt.task = parent.task;
  return learnt;
}

// The mean and deviation of ImageNet's training images, of pixels / 255 in red, green and blue:
// what the networks of most collections were trained with.
void take_imagenet_scale(InputSpec& input) {
  if (input.channels != 3) {
    throw_usage("data.normalize",
                fmt::format("imagenet for images of {} channel{}", input.channels,
                            input.channels == 1 ? "" : "s"),
                "images in colour",
                "set data.channels=3, which makes them so, or data.normalize=standardize");
  }
  input.mean = {0.485, 0.456, 0.406};
  input.std_dev = {0.229, 0.224, 0.225};
}

}  // namespace

std::string to_text(Split split) {
  switch (split) {
    case Split::kTrain:
      return "train";
    case Split::kValidation:
      return "validation";
    case Split::kTest:
      return "test";
  }
  return "";
}

std::unique_ptr<Source> open_source(const SourceRequest& request) {
  const std::string& type = request.config.type;
  if (type == "idx") return open_idx_source(request);
  if (type == "csv") return open_csv_source(request);
  if (type == "images" || type == "image_list") return open_image_source(request);
  if (type == "texts") return open_text_source(request);
  if (type == "synthetic") return open_synthetic_source(request);
  throw_usage("data.type", fmt::format("'{}'", type),
              "idx, csv, images, image_list, texts or synthetic");
}

DataSplits open_data(const DataConfig& config, uint64_t seed, const DataSpec* parent,
                     Targets targets) {
  check_data_config(config);
  DataSplits splits;
  splits.fingerprint = fingerprint(config);
  const bool of_columns = parent != nullptr && !parent->input.columns.empty();
  auto source =
      open_checked({config, config.train, "train", of_columns ? parent : nullptr, splits.warnings});
  const RowMarks marks = source->marks();
  const SplitRows rows = split_rows(config, marks, source->size(), seed, splits.warnings);
  if (marks.groups.defined()) splits.groups = marks.groups.index_select(0, rows.train);
  if (marks.ranks.defined()) splits.ranks = marks.ranks.index_select(0, rows.train);
  splits.spec = source->learn(rows.train, splits.warnings);
  if (config.normalize == "imagenet") take_imagenet_scale(splits.spec.input);
  if (parent != nullptr) splits.spec = inherit(std::move(splits.spec), *parent, targets);
  if (parent != nullptr) tell_ignored_buckets(config, splits);
  release_freed_memory();  // what reading and splitting took, before the samples take theirs
  const auto whole = source->conform(splits.spec, splits.warnings);
  source.reset();
  splits.train = part_of(whole, rows.train);
  splits.validation = part_of(whole, rows.validation);
  splits.test = part_of(whole, rows.test);
  const auto open_own = [&](Split split, std::shared_ptr<const Dataset>& into) {
    const SourceConfig* where = own_source(config, split);
    if (!where) return;
    into = open_checked({config, *where, to_text(split), &splits.spec, splits.warnings})
               ->conform(splits.spec, splits.warnings);
  };
  open_own(Split::kValidation, splits.validation);
  open_own(Split::kTest, splits.test);
  if (splits.validation) warn_of_shared_samples(config, Split::kValidation, splits);
  if (splits.test) warn_of_shared_samples(config, Split::kTest, splits);
  warn_of_absent_labels(splits);
  release_freed_memory();
  return splits;
}

std::shared_ptr<const Dataset> open_split(const DataConfig& config, const DataSpec& conform_to,
                                          Split split, uint64_t seed,
                                          std::vector<std::string>* warnings) {
  check_data_config(config);
  std::vector<std::string> unread;
  std::vector<std::string>& notes = warnings ? *warnings : unread;
  if (const SourceConfig* where = own_source(config, split)) {
    return open_checked({config, *where, to_text(split), &conform_to, notes})
        ->conform(conform_to, notes);
  }
  if ((split == Split::kValidation && config.validation <= 0) ||
      (split == Split::kTest && config.test_fraction <= 0)) {
    return nullptr;
  }
  const auto source = open_checked({config, config.train, "train", &conform_to, notes});
  const SplitRows rows = split_rows(config, source->marks(), source->size(), seed, notes);
  return part_of(source->conform(conform_to, notes), split == Split::kTrain        ? rows.train
                                                     : split == Split::kValidation ? rows.validation
                                                                                   : rows.test);
}

}  // namespace maas
