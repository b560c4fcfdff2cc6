#include "run/kernel_times.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <limits>

namespace maas {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kShortest = 50e-6;  // seconds of one measurement
constexpr int kRounds = 8;           // of all in turns
constexpr double kClear = 1.4;       // a ratio at which two rounds are enough
constexpr double kTie = 1.03;        // the first kernel wins below it
constexpr size_t kMostBytes = size_t{1} << 20;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

class Runner {
 public:
  explicit Runner(const Kernel& kernel) : run_(kernel.make()) {
    run_();
    measure();
    calls_ = std::clamp<int64_t>(static_cast<int64_t>(kShortest / std::max(best_, 1e-7)), 1, 1000);
  }
  void measure() {
    const auto start = Clock::now();
    for (int64_t i = 0; i < calls_; ++i) run_();
    best_ = std::min(best_, seconds_since(start) / static_cast<double>(calls_));
  }
  double best() const { return best_; }

 private:
  std::function<void()> run_;
  int64_t calls_ = 1;  // of one measurement
  double best_ = std::numeric_limits<double>::infinity();
};

bool is_clear(const std::vector<Runner>& runners) {
  std::vector<double> best;
  for (const Runner& runner : runners) best.push_back(runner.best());
  std::sort(best.begin(), best.end());
  return best.size() < 2 || best[1] > kClear * best[0];
}

MeasuredKernels measured(const std::vector<Kernel>& kernels) {
  std::vector<Runner> runners(kernels.begin(), kernels.end());
  for (int round = 1; round <= kRounds; ++round) {
    for (Runner& runner : runners) runner.measure();
    if (round >= 2 && is_clear(runners)) break;
  }
  MeasuredKernels result;
  size_t winner = 0;
  for (size_t i = 0; i < kernels.size(); ++i) {
    result.seconds[kernels[i].name] = runners[i].best();
    const double needed = winner == 0 ? runners[0].best() / kTie : runners[winner].best();
    if (i > 0 && runners[i].best() < needed) winner = i;
  }
  result.winner = kernels[winner].name;
  return result;
}

bool has(const std::vector<Kernel>& kernels, const std::string& name) {
  return std::any_of(kernels.begin(), kernels.end(),
                     [&](const Kernel& kernel) { return kernel.name == name; });
}

std::vector<std::string_view> split(std::string_view text, char by) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t end = text.find(by);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

// "mkl=1.25e-05"
std::optional<std::pair<std::string, double>> timing(std::string_view text) {
  const size_t sign = text.find('=');
  if (sign == 0 || sign == std::string_view::npos) return std::nullopt;
  double seconds = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + sign + 1, end, seconds);
  if (error != std::errc() || stop != end || !(seconds > 0) || !std::isfinite(seconds)) {
    return std::nullopt;
  }
  return std::pair(std::string(text.substr(0, sign)), seconds);
}

// "product<tab>winner<tab>mkl=1.25e-05<tab>onednn=6e-06"
bool read_line(std::string_view line, std::map<std::string, MeasuredKernels>& into) {
  const std::vector<std::string_view> parts = split(line, '\t');
  if (parts.size() < 3 || parts[0].empty()) return false;
  MeasuredKernels product;
  product.winner = parts[1];
  for (size_t i = 2; i < parts.size(); ++i) {
    const auto known = timing(parts[i]);
    if (!known || !product.seconds.insert(*known).second) return false;
  }
  if (product.seconds.count(product.winner) == 0) return false;
  return into.emplace(parts[0], std::move(product)).second;
}

std::string first_line(std::string_view machine) {
  return fmt::format("maas kernels 1\t{}", machine);
}

}  // namespace

std::optional<MeasuredKernels> KernelTimes::find(const std::string& product) const {
  const std::lock_guard lock(mutex_);
  const auto found = measured_.find(product);
  return found == measured_.end() ? std::nullopt : std::optional(found->second);
}

void KernelTimes::remember(const std::string& product, MeasuredKernels measured) {
  const std::lock_guard lock(mutex_);
  measured_[product] = std::move(measured);
}

std::map<std::string, MeasuredKernels> KernelTimes::all() const {
  const std::lock_guard lock(mutex_);
  return measured_;
}

std::string KernelTimes::text(std::string_view machine) const {
  std::string text = first_line(machine) + "\n";
  for (const auto& [product, measured] : all()) {
    text += product + "\t" + measured.winner;
    for (const auto& [name, seconds] : measured.seconds) {
      text += fmt::format("\t{}={:.3g}", name, seconds);
    }
    text += "\n";
  }
  return text;
}

bool KernelTimes::reads(std::string_view text, std::string_view machine) {
  if (text.size() > kMostBytes || !text.ends_with('\n')) return false;
  text.remove_suffix(1);
  const std::vector<std::string_view> lines = split(text, '\n');
  if (lines[0] != first_line(machine)) return false;
  std::map<std::string, MeasuredKernels> products;
  for (size_t i = 1; i < lines.size(); ++i) {
    if (!read_line(lines[i], products)) return false;
  }
  const std::lock_guard lock(mutex_);
  measured_.merge(products);
  return true;
}

std::string KernelRace::winner(const std::string& product, const std::vector<Kernel>& kernels) {
  if (times_ == nullptr) return kernels[0].name;
  if (const auto& pinned = times_->pinned()) {
    return has(kernels, *pinned) ? *pinned : kernels[0].name;
  }
  if (const auto known = times_->find(product); known && has(kernels, known->winner)) {
    return known->winner;
  }
  if (seconds_left_ <= 0 || kernels.size() < 2) return kernels[0].name;
  const auto start = Clock::now();
  MeasuredKernels result = measured(kernels);
  seconds_left_ -= seconds_since(start);
  times_->remember(product, result);
  return result.winner;
}

}  // namespace maas
