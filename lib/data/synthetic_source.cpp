// Made-up samples: learnable, of any size, the same on every platform.
#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/throw_error.h"
#include "data/counter_random.h"
#include "data/source.h"
#include "data/tensor_dataset.h"
#include "sample/labels.h"
#include "sample/table_encoder.h"

namespace maas {
namespace {

// Streams of the generator: prototypes, then one for each sample.
constexpr uint64_t kPrototypes = 0;
constexpr uint64_t kFirstSample = 1;

int64_t or_default(int64_t value, int64_t fallback) { return value > 0 ? value : fallback; }

struct ImageForm {
  int64_t channels, height, width;
  int64_t pixels() const { return channels * height * width; }
};

// One smooth random picture for each class, values 0..1: bilinear between the points of a coarse
// random grid. Float [classes * C * H * W].
std::vector<float> class_pictures(const DataConfig& config, const ImageForm& form) {
  constexpr int64_t kCell = 4;  // pixels between grid points
  const int64_t rows = form.height / kCell + 2, columns = form.width / kCell + 2;
  CounterRandom random(static_cast<uint64_t>(config.seed), kPrototypes);
  std::vector<float> pictures;
  pictures.reserve(static_cast<size_t>(config.classes * form.pixels()));
  std::vector<float> grid(static_cast<size_t>(rows * columns));
  for (int64_t plane = 0; plane < config.classes * form.channels; ++plane) {
    for (float& value : grid) value = static_cast<float>(random.uniform());
    for (int64_t y = 0; y < form.height; ++y) {
      for (int64_t x = 0; x < form.width; ++x) {
        const float* corner = &grid[y / kCell * columns + x / kCell];
        const float v = static_cast<float>(y % kCell) / kCell;
        const float u = static_cast<float>(x % kCell) / kCell;
        const float top = corner[0] * (1 - u) + corner[1] * u;
        const float bottom = corner[columns] * (1 - u) + corner[columns + 1] * u;
        pictures.push_back(top * (1 - v) + bottom * v);
      }
    }
  }
  return pictures;
}

TensorSamples make_images(const DataConfig& config) {
  const ImageForm form{or_default(config.channels, 1), or_default(config.height, 28),
                       or_default(config.width, 28)};
  const std::vector<float> pictures = class_pictures(config, form);
  TensorSamples made;
  made.inputs = {at::empty({config.samples, form.channels, form.height, form.width}, at::kByte)};
  made.targets = at::empty({config.samples}, at::kLong);
  auto* pixel = made.inputs[0].mutable_data_ptr<uint8_t>();
  const auto noise = static_cast<float>(config.noise);
  for (int64_t i = 0; i < config.samples; ++i) {
    CounterRandom random(static_cast<uint64_t>(config.seed),
                         kFirstSample + static_cast<uint64_t>(i));
    const auto label = static_cast<int64_t>(random.below(static_cast<uint64_t>(config.classes)));
    made.targets.mutable_data_ptr<int64_t>()[i] = label;
    const float* picture = &pictures[label * form.pixels()];
    for (int64_t p = 0; p < form.pixels(); ++p) {
      const float value = std::clamp(picture[p] + noise * random.roughly_normal(), 0.0F, 1.0F);
      *pixel++ = static_cast<uint8_t>(value * 255 + 0.5F);
    }
  }
  return made;
}

// Classification: a cloud around one centre for each class. Otherwise `classes` linear functions of
// the features: their values (regression) or signs (multi-label).
TensorSamples make_table(const DataConfig& config, TaskKind task) {
  const int64_t features = config.features, classes = config.classes;
  CounterRandom shape(static_cast<uint64_t>(config.seed), kPrototypes);
  std::vector<float> centres(static_cast<size_t>(classes * features));
  for (float& value : centres) value = shape.roughly_normal();
  const bool single = task == TaskKind::kClassification;
  TensorSamples made;
  made.inputs = {at::empty({config.samples, features}, at::kFloat)};
  made.targets = single ? at::empty({config.samples}, at::kLong)
                        : at::empty({config.samples, classes}, at::kFloat);
  auto* x = made.inputs[0].mutable_data_ptr<float>();
  const auto noise = static_cast<float>(config.noise);
  for (int64_t i = 0; i < config.samples; ++i, x += features) {
    CounterRandom random(static_cast<uint64_t>(config.seed),
                         kFirstSample + static_cast<uint64_t>(i));
    if (single) {
      const auto label = static_cast<int64_t>(random.below(static_cast<uint64_t>(classes)));
      made.targets.mutable_data_ptr<int64_t>()[i] = label;
      const float* centre = &centres[label * features];
      for (int64_t f = 0; f < features; ++f) x[f] = centre[f] + noise * random.roughly_normal();
      continue;
    }
    for (int64_t f = 0; f < features; ++f) x[f] = random.roughly_normal();
    for (int64_t t = 0; t < classes; ++t) {
      float y = noise * random.roughly_normal();
      for (int64_t f = 0; f < features; ++f) {
        y += x[f] * centres[t * features + f];
      }
      made.targets.mutable_data_ptr<float>()[i * classes + t] =
          task == TaskKind::kRegression ? y : static_cast<float>(y > 0);
    }
  }
  return made;
}

class SyntheticSource final : public Source {
 public:
  explicit SyntheticSource(const DataConfig& config)
      : task_(config.task_kind()),
        classes_(config.classes),
        scales_targets_(config.standardizes_targets()) {
    samples_ = config.kind == "image" ? make_images(config) : make_table(config, task_);
    samples_.name_of = [](int64_t i) { return fmt::format("synthetic:{}", i); };
  }

  int64_t size() const override { return samples_.targets.size(0); }

  RowMarks marks() const override {
    return {.classes = task_ == TaskKind::kClassification ? samples_.targets : at::Tensor()};
  }

  DataSpec learn(const at::Tensor& index, std::vector<std::string>& /*told*/) const override {
    DataSpec spec;
    const at::Tensor& input = samples_.inputs[0];
    if (input.dim() == 4) {
      spec.input.channels = input.size(1);
      spec.input.height = input.size(2);
      spec.input.width = input.size(3);
      measure_channels(input, index, spec.input);
    } else {
      spec.input.kind = InputKind::kTable;
      for (int64_t f = 0; f < input.size(1); ++f) {
        spec.input.columns.push_back({.name = fmt::format("x{}", f), .categories = {}});
      }
      measure_numeric_columns(input, index, spec.input.columns);
    }
    spec.task.kind = task_;
    for (int64_t i = 0; i < classes_; ++i) {
      spec.task.labels.push_back(task_ == TaskKind::kRegression ? fmt::format("target_{}", i)
                                                                : std::to_string(i));
    }
    if (scales_targets_) spec.task.scales = measure_targets(samples_.targets, index);
    return spec;
  }

  std::shared_ptr<const Dataset> conform(const DataSpec& spec,
                                         std::vector<std::string>&) const override {
    const at::IntArrayRef sample = samples_.inputs[0].sizes().slice(1);
    const InputSpec& want = spec.input;
    const std::vector<int64_t> wanted =
        want.kind == InputKind::kImage
            ? std::vector<int64_t>{want.channels, want.height, want.width}
            : std::vector<int64_t>{static_cast<int64_t>(want.numeric_features().size())};
    const bool fits = sample.equals(wanted) && want.categorical_columns().empty();
    if (!fits || spec.task.kind != task_ || spec.task.outputs() != classes_) {
      throw_input("synthetic data",
                  fmt::format("samples are [{}] for {} with {} outputs", fmt::join(sample, ", "),
                              to_text(task_), classes_),
                  fmt::format("[{}] of {} for {} with {} outputs, as the model has",
                              fmt::join(wanted, ", "), to_text(want.kind), to_text(spec.task.kind),
                              spec.task.outputs()),
                  "give the settings that the model was trained with");
    }
    TensorSamples samples = samples_;
    samples.spec = spec;
    return tensor_dataset(std::move(samples));
  }

 private:
  TaskKind task_;
  int64_t classes_;
  bool scales_targets_;
  TensorSamples samples_;
};

}  // namespace

std::unique_ptr<Source> open_synthetic_source(const SourceRequest& request) {
  return std::make_unique<SyntheticSource>(request.config);
}

}  // namespace maas
