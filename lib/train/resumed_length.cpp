#include "train/resumed_length.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/throw_error.h"
#include "train/schedule.h"

namespace maas {
namespace {

std::string text_of(int64_t steps, int64_t steps_per_epoch) {
  if (steps % steps_per_epoch != 0) return fmt::format("{} steps", steps);
  const int64_t epochs = steps / steps_per_epoch;
  return fmt::format("{} epoch{} ({} steps)", epochs, epochs == 1 ? "" : "s", steps);
}

// Whether a step that both lengths have has another rate in each.
bool has_other_rates(const Schedule& before, const Schedule& now, int64_t steps) {
  constexpr int64_t kMostLooks = 1000;
  const int64_t stride = std::max<int64_t>(1, steps / kMostLooks);
  for (int64_t step = 0; step < steps; step += stride) {
    if (before.rate(step) != now.rate(step)) return true;
  }
  return false;
}

}  // namespace

std::string check_resumed_length(const ResumedLength& length, const TrainConfig& config,
                                 const std::string& where) {
  const int64_t epoch = length.steps_per_epoch;
  if (length.now < length.done) {
    throw_usage(where,
                fmt::format("{} are asked for, and {} are done", text_of(length.now, epoch),
                            text_of(length.done, epoch)),
                "as many or more", "for a shorter training start a new run");
  }
  if (length.now == length.before) return "";
  if (length.stopped_early) {
    throw_usage(
        where,
        fmt::format("the run stopped early at step {}: it does not go on, however many "
                    "epochs it is given",
                    length.done),
        "the length that it was started with",
        fmt::format("start a new run from what it has learnt: model.from={}/model.pt", where));
  }
  const Schedule before(config.schedule, config.learning_rate, epoch, length.before);
  const Schedule now(config.schedule, config.learning_rate, epoch, length.now);
  std::string text = fmt::format("the run was started for {} and goes on to {}",
                                 text_of(length.before, epoch), text_of(length.now, epoch));
  if (!has_other_rates(before, now, std::min(length.before, length.now))) {
    return text + "; the learning rate of no step is another for that";
  }
  const int64_t next = std::min(length.done, length.now - 1);
  const int64_t last = std::min(next, length.before - 1);
  return text + fmt::format(
                    ": the {} schedule is spread over all steps, so that the learning rate goes on "
                    "at {:.3g}, where the run was at {:.3g}; a run of this length from the start "
                    "would have had other rates until here",
                    config.schedule.type, now.rate(next), before.rate(last));
}

}  // namespace maas
