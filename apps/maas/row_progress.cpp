#include "row_progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

namespace maas {
namespace {

double seconds_between(std::chrono::steady_clock::time_point from,
                       std::chrono::steady_clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

RowProgress::RowProgress(const Output& output)
    : output_(output), start_(Clock::now()), last_(start_) {}

RowProgress::~RowProgress() { clear(); }

void RowProgress::clear() {
  if (open_) std::fputs("\r\033[K", stderr);
  open_ = false;
}

void RowProgress::show(const std::string& input, int64_t rows, const Bytes& bytes) {
  if (output_.options.quiet) return;
  const auto now = Clock::now();
  if (seconds_between(last_, now) < (output_.live() ? (open_ ? 0.2 : 1) : 30)) return;
  last_ = now;
  const double seconds = seconds_between(start_, now);
  std::string text =
      fmt::format("{}: {} rows, {:.0f} rows/s", input, rows, static_cast<double>(rows) / seconds);
  if (bytes.done > 0 && bytes.all > 0) {
    const double share =
        std::min(1.0, static_cast<double>(bytes.done) / static_cast<double>(bytes.all));
    text += fmt::format(", {:.0f} %, {:.0f} s left", 100 * share, seconds * (1 - share) / share);
  }
  if (output_.live()) {
    std::fprintf(stderr, "\r\033[K%s",
                 text.substr(0, static_cast<size_t>(std::max(output_.width() - 1, 0))).c_str());
    open_ = true;
  } else {
    output_.say(text);
  }
}

}  // namespace maas
