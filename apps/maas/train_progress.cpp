#include "train_progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <vector>

#include "base/error.h"
#include "evaluate/metrics.h"

namespace maas {
namespace {

std::string duration_text(double seconds) {
  const auto whole = static_cast<int64_t>(seconds);
  if (whole < 60) return fmt::format("{}s", whole);
  if (whole < 3600) return fmt::format("{}m{:02}s", whole / 60, whole % 60);
  return fmt::format("{}h{:02}m", whole / 3600, whole / 60 % 60);
}

// A part of the live line; the higher the rank, the sooner it is left out.
struct LinePart {
  std::string text;
  int rank;
};

// The parts in their order, without those that a narrow terminal has no room for: a line that
// wraps cannot be written again.
std::string fitting_line(std::vector<LinePart> parts, int width) {
  const auto line_of = [&] {
    std::string line;
    for (const LinePart& part : parts) {
      if (!part.text.empty()) line += (line.empty() ? "" : "  ") + part.text;
    }
    return line;
  };
  std::string line = line_of();
  while (static_cast<int>(line.size()) > width && parts.size() > 1) {
    parts.erase(std::max_element(parts.begin(), parts.end(),
                                 [](const auto& a, const auto& b) { return a.rank < b.rank; }));
    line = line_of();
  }
  return line.substr(0, static_cast<size_t>(std::max(width, 0)));
}

}  // namespace

TrainProgress::TrainProgress(const Output& output, const RunFolder& folder, int64_t log_every,
                             std::vector<std::string> metrics)
    : output_(output),
      warnings_path_(folder.file("warnings.txt")),
      log_(folder.path(), log_every, [this](const std::string& text) { warn(text); }),
      start_(std::chrono::steady_clock::now()),
      last_shown_(start_),
      last_told_(start_),
      metrics_(std::move(metrics)) {}

FitWatcher TrainProgress::watcher(const std::atomic<int>& signal) {
  FitWatcher watcher;
  watcher.on_step = [this](const StepNews& news) {
    log_.on_step(news);
    on_step(news);
  };
  watcher.on_epoch = [this](const EpochNews& news) {
    log_.on_epoch(news);
    on_epoch(news);
  };
  watcher.on_fold = [this](const FoldNews& news) { on_fold(news); };
  watcher.on_warning = [this](const std::string& text) { warn(text); };
  watcher.on_detail = [this](const std::string& text) { output_.detail(text); };
  watcher.on_save = [this](std::map<std::string, double>& numbers) { log_.on_save(numbers); };
  watcher.on_resume = [this](int64_t step, const std::map<std::string, double>& numbers) {
    log_.on_resume(step, numbers);
    output_.say(fmt::format("resumed at step {}", step));
  };
  watcher.stop_requested = [&signal] { return signal.load(std::memory_order_relaxed) != 0; };
  return watcher;
}

void TrainProgress::end_line() {
  if (line_open_) std::fputs("\n", stderr);
  line_open_ = false;
}

void TrainProgress::warn(const std::string& text) {
  const bool told = std::find(warnings_.begin(), warnings_.end(), text) != warnings_.end();
  if (told) return;
  end_line();
  output_.warn(text);
  write_down(text);
}

void TrainProgress::keep(const std::vector<std::string>& warnings) {
  for (const std::string& text : warnings) write_down(text);
}

void TrainProgress::write_down(const std::string& text) {
  warnings_.push_back(text);
  try {
    if (!warnings_file_) warnings_file_.emplace(warnings_path_, OpenAs::kContinued);
    warnings_file_->append(text + "\n");
  } catch (const Error&) {  // it was shown, and is counted in the summary
  }
}

void TrainProgress::finish() {
  log_.finish();
  end_line();
  tell_waiting();
}

void TrainProgress::on_step(const StepNews& news) {
  epochs_ = news.epochs;
  if (first_step_ < 0) first_step_ = news.step - 1;
  samples_ += news.samples;
  smooth_loss_ = news.step - first_step_ == 1 ? news.loss : 0.98 * smooth_loss_ + 0.02 * news.loss;
  if (output_.options.quiet) return;
  const auto now = std::chrono::steady_clock::now();
  const double pause = output_.live() ? 0.1 : 10;
  if (std::chrono::duration<double>(now - last_shown_).count() < pause) return;
  last_shown_ = now;
  const double elapsed = std::chrono::duration<double>(now - start_).count();
  const auto done = static_cast<double>(news.step - first_step_);
  const double left = elapsed / done * static_cast<double>(news.total_steps - news.step);
  const std::string line =
      fitting_line({{news.folds > 0 ? fmt::format("fold {}/{}", news.fold, news.folds) : "", 3},
                    {fmt::format("epoch {}/{}", news.epoch, news.epochs), 4},
                    {fmt::format("step {}/{}", news.step, news.total_steps), 1},
                    {fmt::format("loss {:.4f}", smooth_loss_), 2},
                    {last_metric_, 5},
                    {words_, 7},
                    {fmt::format("{:.0f} samples/s", static_cast<double>(samples_) / elapsed), 6},
                    {duration_text(left) + " left", 3}},
                   output_.live() ? output_.width() - 1 : 1000);
  if (output_.live()) {
    std::fprintf(stderr, "\r\033[K%s", line.c_str());
    line_open_ = true;
  } else {
    tell_waiting();  // of an epoch before this one
    std::fprintf(stderr, "%s\n", line.c_str());
  }
}

// Every epoch of a short run has a line of its own. Of a long one those that are new best, on a
// terminal (whose live line shows the others) at most one in some seconds, so that three hundred
// epochs that each improve a little are not three hundred lines.
void TrainProgress::on_epoch(const EpochNews& news) {
  std::string text = fmt::format("epoch {}: loss {:.4f}", news.epoch, news.train_loss);
  last_metric_.clear();
  for (const auto& [name, value] : in_order(news.validation, metrics_)) {
    text += fmt::format(", {} {:.4f}", name, value);
    last_metric_ += fmt::format("{}{} {:.4f}", last_metric_.empty() ? "" : " ", name, value);
  }
  if (news.folds > 0) return;  // on_fold() sums them up
  if (news.best) text += " (best)";
  text += fmt::format(", {:.2f} s", news.seconds);
  constexpr int64_t kShortRun = 20;
  if (epochs_ <= kShortRun) return tell(text);
  if (news.best || news.validation.empty()) waiting_ = text;
  const double pause = output_.live() ? 5 : 30;
  const auto now = std::chrono::steady_clock::now();
  if (waiting_.empty() || std::chrono::duration<double>(now - last_told_).count() < pause) return;
  tell_waiting();
}

void TrainProgress::tell(const std::string& text) {
  end_line();
  output_.say(text);
  last_told_ = std::chrono::steady_clock::now();
}

void TrainProgress::tell_waiting() {
  if (!waiting_.empty()) tell(waiting_);
  waiting_.clear();
}

void TrainProgress::on_fold(const FoldNews& news) {
  std::string text = fmt::format("fold {}/{}: best of {} epochs is {}", news.fold, news.folds,
                                 news.epochs, news.best_epoch);
  for (const auto& [name, value] : in_order(news.validation, metrics_)) {
    text += fmt::format(", {} {:.4f}", name, value);
  }
  tell(text);
}

}  // namespace maas
