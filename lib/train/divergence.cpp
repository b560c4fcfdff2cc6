#include "train/divergence.h"

#include <ATen/ops/isfinite.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/files.h"
#include "base/json_writer.h"

namespace maas {
namespace {

constexpr int64_t kMostNames = 5;
// "nan" whatever its sign.
std::string loss_text(double loss) { return std::isnan(loss) ? "nan" : fmt::format("{}", loss); }

bool has_finite_loss(const Divergence& what) { return std::isfinite(what.loss); }

std::string found_text(const Divergence& what) {
  const std::string loss = loss_text(what.loss);
  return has_finite_loss(what) ? fmt::format("the gradient of a loss of {} is not finite", loss)
                               : "the loss is " + loss;
}

std::string fix_text(const Divergence& what) {
  std::string fix =
      "lower train.learning_rate, set train.clip_norm=1, or add train.schedule.warmup=5%";
  if (what.saved_step > 0)
    fix += fmt::format("; the checkpoint of step {} is whole", what.saved_step);
  return fix;
}

std::string name_of(const Divergence& what, const Dataset& train, int64_t i) {
  return train.name_of(what.rows.const_data_ptr<int64_t>()[i]);
}

std::string step_text(const Divergence& what) {
  return fmt::format("step {} of {}", what.step, what.total_steps);
}

}  // namespace

bool all_finite(const TensorMap& tensors) {
  return std::all_of(tensors.begin(), tensors.end(), [](const auto& entry) {
    const at::Tensor tensor = entry.second.detach();
    return !tensor.is_floating_point() || at::isfinite(tensor).all().template item<bool>();
  });
}

Error divergence_error(const Divergence& what, const Dataset& train) {
  std::string names;
  const int64_t count = what.rows.size(0);
  for (int64_t i = 0; i < std::min(count, kMostNames); ++i) {
    names += (i > 0 ? ", " : "") + name_of(what, train, i);
  }
  if (count > kMostNames) names += fmt::format(", ... ({} samples)", count);
  return {ErrorKind::kDiverged,
          Problem{.where = step_text(what),
                  .what = fmt::format("{} at learning rate {:.3g}, for the batch of {}",
                                      found_text(what), what.learning_rate, names),
                  .expected = has_finite_loss(what) ? "a finite gradient" : "a finite loss",
                  .fix = fix_text(what)}};
}

Error broken_weights_error(const Divergence& what) {
  return {ErrorKind::kDiverged,
          Problem{.where = step_text(what),
                  .what = fmt::format(
                      "weights or running statistics are not finite at learning rate {:.3g}",
                      what.learning_rate),
                  .expected = "finite numbers",
                  .fix = fix_text(what)}};
}

void write_divergence(const Divergence& what, const Dataset& train, const RunFolder& run) {
  JsonWriter json;
  json.begin_object()
      .field("step", what.step)
      .field("not_finite", has_finite_loss(what) ? "gradient" : "loss")
      .field("loss", loss_text(what.loss))
      .field("learning_rate", what.learning_rate)
      .key("samples")
      .begin_array();
  for (int64_t i = 0; i < what.rows.size(0); ++i) json.value(name_of(what, train, i));
  json.end_array().end_object();
  try {
    write_file_atomically(run.file("diverged.json"), json.take() + "\n");
  } catch (const Error&) {
  }
}

}  // namespace maas
