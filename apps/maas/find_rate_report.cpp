#include "find_rate_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/json_writer.h"
#include "base/shell_word.h"
#include "train/find_rate.h"

namespace maas {
namespace {

constexpr int64_t kShownSteps = 20;

// Two digits: the search is no more precise.
std::string rate_text(double rate) { return fmt::format("{:.1e}", rate); }

void report_json(const RateSearch& search, const Output& output) {
  JsonWriter json;
  json.begin_object().field("verb", "train").field("find_lr", true);
  json.field("learning_rate", search.steepest).field("lowest_loss_at", search.lowest_loss_at);
  json.field("batch_size", search.batch_size).key("steps").begin_array();
  for (const RateSearch::Step& step : search.steps) {
    json.begin_object().field("learning_rate", step.rate).field("loss", step.loss).end_object();
  }
  output.result(json.end_array().end_object().text());
}

// A bar a line, the longer the higher the loss, up to what the last steps blow it up to.
std::string chart_of(const RateSearch& search) {
  double low = INFINITY, high = -INFINITY;
  for (const RateSearch::Step& step : search.steps) {
    low = std::min(low, step.loss);
    high = std::max(high, step.loss);
  }
  if (!search.steps.empty()) high = std::min(high, low + 1.5 * (search.steps[0].loss - low));
  std::string text = "learning rate       loss\n";
  const auto count = static_cast<int64_t>(search.steps.size());
  for (int64_t i = 0; i < std::min(kShownSteps, count); ++i) {
    const RateSearch::Step& step = search.steps[static_cast<size_t>(
        i * (count - 1) / std::max<int64_t>(std::min(kShownSteps, count) - 1, 1))];
    const double share = high > low ? std::min(1.0, (step.loss - low) / (high - low)) : 0;
    text += fmt::format("{:>13}  {:>9.4f}  {}\n", rate_text(step.rate), step.loss,
                        std::string(static_cast<size_t>(40 * share), '#'));
  }
  return text;
}

}  // namespace

void report_rate_search(const FitJob& job, const std::string& config,
                        const std::atomic<int>& signal, const Output& output) {
  const RateSearch search =
      find_rate(job, {.stop_requested = [&signal] { return signal.load() != 0; }});
  if (signal.load() != 0) {
    throw Error(ErrorKind::kInterrupted, {.where = "train --find-lr",
                                          .what = "stopped by a signal",
                                          .expected = "",
                                          .fix = "start it again: nothing is kept of it"});
  }
  if (search.steepest == 0) {
    throw Error(ErrorKind::kFailed,
                {.where = "train --find-lr",
                 .what = "the loss falls at no rate",
                 .expected = "a network that learns from these data",
                 .fix = "check the labels and the inputs: maas inspect, data.normalize"});
  }
  if (output.json()) return report_json(search, output);
  output.result(
      chart_of(search) +
      fmt::format("the loss falls most steeply at {} and is lowest at {} (batches of {})\n",
                  rate_text(search.steepest), rate_text(search.lowest_loss_at), search.batch_size));
  output.say(fmt::format("next: maas train {} train.learning_rate={}", shell_word(config),
                         rate_text(search.steepest)));
}

}  // namespace maas
