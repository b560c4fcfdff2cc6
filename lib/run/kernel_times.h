// Which of several kernels for one product is the quickest on this machine: asked once, remembered
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace maas {

// One way to compute a product.
struct Kernel {
  std::string name;                             // a word: "mkl", "onednn"
  std::function<std::function<void()>()> make;  // makes operands; what that gives is timed
};

struct MeasuredKernels {
  std::string winner;
  std::map<std::string, double> seconds;  // a call, by the kernel's name
  bool operator==(const MeasuredKernels&) const = default;
};

// What was measured, by product. A product's name says all that its time depends on but the
// machine: operator, sizes, dtype, threads; it holds no tab and no line break. From many threads at
// once.
class KernelTimes {
 public:
  KernelTimes() = default;
  // Nothing is measured or remembered: the kernel of that name wins every race that it takes part
  // in, the first kernel all others.
  explicit KernelTimes(std::string pinned) : pinned_(std::move(pinned)) {}

  const std::optional<std::string>& pinned() const { return pinned_; }
  std::optional<MeasuredKernels> find(const std::string& product) const;
  void remember(const std::string& product, MeasuredKernels measured);
  std::map<std::string, MeasuredKernels> all() const;

  // A line a product, under a line with format and `machine`. reads() takes what text() gave for
  // the same machine, at most 1 MiB; false, and nothing changed, for anything else.
  std::string text(std::string_view machine) const;
  bool reads(std::string_view text, std::string_view machine);

 private:
  const std::optional<std::string> pinned_;
  mutable std::mutex mutex_;
  std::map<std::string, MeasuredKernels> measured_;
};

// Finds winners within a budget of time; one for each plan that is made.
class KernelRace {
 public:
  // With nullptr every race is won by its first kernel.
  explicit KernelRace(KernelTimes* times, double seconds = 0.25)
      : times_(times), seconds_left_(seconds) {}

  // The winner's name. Unknown products are timed on the calling thread with the threads that it
  // has, in turns, best of several; the first kernel wins unless another is clearly quicker, and
  // wins unasked after `seconds` of timing in all: that is not remembered. `kernels` holds at least
  // one; what they throw while they are timed is thrown.
  std::string winner(const std::string& product, const std::vector<Kernel>& kernels);

 private:
  KernelTimes* times_;
  double seconds_left_;
};

// Processor, its instructions as libtorch uses them, libtorch's version: kernels' times hold for.
std::string kernel_machine();

// The process's own. MAAS_KERNELS in the environment: a kernel's name pins it ("default" = the
// first of each race), a path (with a slash) names the file that times are kept in; without it they
// are kept in the user's cache folder, where there is one. Error{kUsage} for another name. Files
// that cannot be read or hold something else are passed over.
KernelTimes& kernel_times();

// Other kernels for the plans that are made from now on, in place of kernel_times() as they were,
// which stay alive for those who hold them. pin_kernels(): that kernel, nothing measured.
// measure_kernels(): those of a text(), then what is measured here; false, and nothing changed, for
// a text of another machine. Call before other threads make plans.
void pin_kernels(const std::string& name);
bool measure_kernels(const std::string& text);

// Keeps in the file what was measured since; nothing where there is no file. A failure is no error:
// the next process measures again.
void keep_kernel_times();

}  // namespace maas
