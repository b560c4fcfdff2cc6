#include "record/run_log.h"

#include <fmt/format.h>

#include <cmath>

#include "base/error.h"

namespace maas {

RunLog::RunLog(std::filesystem::path folder, int64_t every, Warn warn)
    : folder_(std::move(folder)), every_(every), warn_(std::move(warn)) {}

RunLog::~RunLog() = default;

void RunLog::open(std::optional<int64_t> resumed_after) {
  is_open_ = true;
  const auto path = folder_ / "metrics.jsonl";
  try {
    metrics_.emplace(resumed_after ? MetricsLog::resume(path, *resumed_after)
                                   : MetricsLog::create(path));
  } catch (const Error& error) {
    warn_("no metrics.jsonl: " + error.first().text());
  }
  try {
    events_.emplace(folder_, resumed_after);
  } catch (const Error& error) {
    warn_("no TensorBoard events: " + error.first().text());
  }
}

void RunLog::on_save(std::map<std::string, double>& numbers) const {
  numbers["log_loss_sum"] = loss_sum_;
  numbers["log_loss_steps"] = static_cast<double>(loss_steps_);
  numbers["log_fold"] = static_cast<double>(fold_);
}

void RunLog::on_resume(int64_t step, const std::map<std::string, double>& numbers) {
  open(step);
  const auto sum = numbers.find("log_loss_sum"), steps = numbers.find("log_loss_steps");
  if (sum == numbers.end() || steps == numbers.end()) return;
  loss_sum_ = sum->second;
  loss_steps_ = static_cast<int64_t>(steps->second);
  const auto fold = numbers.find("log_fold");
  if (fold != numbers.end()) fold_ = static_cast<int64_t>(fold->second);
}

void RunLog::on_step(const StepNews& news) {
  if (!is_open_) open(std::nullopt);
  if (fold_ > 0 && news.fold != fold_) loss_sum_ = 0, loss_steps_ = 0;  // another network's
  fold_ = news.fold;
  loss_sum_ += news.loss;
  ++loss_steps_;
  if (news.step % every_ != 0 && news.step != news.total_steps) return;
  write({.step = news.step,
         .epoch = news.passes,
         .seconds = news.seconds,
         .split = "train",
         .values = {{"loss", loss_sum_ / static_cast<double>(loss_steps_)},
                    {"learning_rate", news.learning_rate}},
         .fold = news.fold});
  loss_sum_ = 0;
  loss_steps_ = 0;
}

void RunLog::on_epoch(const EpochNews& news) {
  if (!is_open_) open(std::nullopt);
  if (!news.validation.empty()) {
    std::vector<std::pair<std::string, double>> values(news.validation.begin(),
                                                       news.validation.end());
    if (!std::isnan(news.validation_loss))
      values.insert(values.begin(), {"loss", news.validation_loss});
    write({.step = news.step,
           .epoch = news.passes,
           .seconds = news.run_seconds,
           .split = "validation",
           .values = std::move(values),
           .fold = news.fold});
  }
  if (!news.train_sample.empty()) {
    write({.step = news.step,
           .epoch = news.passes,
           .seconds = news.run_seconds,
           .split = "train",
           .values = {news.train_sample.begin(), news.train_sample.end()},
           .fold = news.fold});
  }
  if (events_) events_->flush();
}

void RunLog::write(const MetricsRow& row) {
  if (metrics_) {
    metrics_->append(row);
  } else {
    ++lines_without_file_;
  }
  if (!events_) {
    points_without_file_ += static_cast<int64_t>(row.values.size());
    return;
  }
  for (const auto& [name, value] : row.values) {
    events_->scalar(row.split + "/" + name, value, row.step);
  }
}

void RunLog::finish() {
  if (is_finished_) return;
  is_finished_ = true;
  if (events_) events_->flush();
  const int64_t lines = metrics_ ? metrics_->lost() : lines_without_file_;
  const int64_t points = events_ ? events_->lost() : points_without_file_;
  if (lines + points == 0) return;
  warn_(fmt::format("{} lines of metrics.jsonl and {} TensorBoard points could not be written",
                    lines, points));
}

}  // namespace maas
