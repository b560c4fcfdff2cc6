// The process's own kernel times
#include <ATen/Version.h>
#include <torch/version.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

#include "base/cores.h"
#include "base/did_you_mean.h"
#include "base/files.h"
#include "base/throw_error.h"
#include "run/kernel_file.h"
#include "run/kernel_times.h"

namespace maas {
namespace {

namespace fs = std::filesystem;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// A name that no kernel has would pin nothing, without a word.
void check_kernel(const std::string& name) {
  const std::vector<std::string> known = {"default", "mkl",  "onednn", "packed",
                                          "int8",    "fp32", "bf16"};
  if (std::find(known.begin(), known.end(), name) != known.end()) return;
  throw_usage("MAAS_KERNELS", "'" + name + "' is no kernel" + did_you_mean(name, known),
              "default, mkl, onednn, packed, int8, fp32, bf16, or a path with a slash",
              "./" + name + " for a file of that name");
}

// A name for people and one that another machine does not have: homes are shared.
fs::path file_of_user() {
  fs::path folder = variable("XDG_CACHE_HOME");
  if (!folder.is_absolute()) {
    const fs::path home = variable("HOME");
    if (!home.is_absolute()) return {};
    folder = home / ".cache";
  }
  return folder / "maas" / ("kernels-" + sha256_hex(kernel_machine()).substr(0, 12) + ".txt");
}

struct KeptTimes {
  std::unique_ptr<KernelTimes> times;
  std::vector<std::unique_ptr<KernelTimes>> before;  // that others may still hold
  std::unique_ptr<KernelFile> file = std::make_unique<KernelFile>();

  KeptTimes() {
    const std::string wish = variable("MAAS_KERNELS");
    const bool is_path = wish.find('/') != std::string::npos;
    if (!wish.empty() && !is_path) {
      check_kernel(wish);
      times = std::make_unique<KernelTimes>(wish);
      return;
    }
    times = std::make_unique<KernelTimes>();
    file = is_path ? std::make_unique<KernelFile>(wish)
                   : std::make_unique<KernelFile>(file_of_user(), KernelFile::Place::kCache);
    file->read_into(*times);
  }

  // What replaces them may be of one run alone: the file stays as it is.
  void replace(std::unique_ptr<KernelTimes> by) {
    before.push_back(std::exchange(times, std::move(by)));
    file = std::make_unique<KernelFile>();
  }
};

KeptTimes& kept_times() {
  static KeptTimes times;
  return times;
}

}  // namespace

std::string kernel_machine() {
  std::string machine = processor_name() + ", " + at::get_cpu_capability() + ", " + TORCH_VERSION;
  for (const char* name : {"DNNL_MAX_CPU_ISA", "ONEDNN_MAX_CPU_ISA", "MKL_CBWR"}) {
    if (const std::string value = variable(name); !value.empty()) machine += ", " + value;
  }
  for (char& c : machine) c = c == '\t' || c == '\n' ? ' ' : c;
  return machine;
}

KernelTimes& kernel_times() { return *kept_times().times; }

void pin_kernels(const std::string& name) {
  kept_times().replace(std::make_unique<KernelTimes>(name));
}

bool measure_kernels(const std::string& text) {
  auto times = std::make_unique<KernelTimes>();
  if (!times->reads(text, kernel_machine())) return false;
  times->reads(kernel_times().text(kernel_machine()), kernel_machine());  // the others
  kept_times().replace(std::move(times));
  return true;
}

void keep_kernel_times() { kept_times().file->keep(kernel_times()); }

const KernelFile& kernel_file() { return *kept_times().file; }

std::string kernel_file_warning() {
  if (variable("MAAS_KERNELS").find('/') == std::string::npos) return "";
  try {
    const KernelFile& file = kernel_file();
    if (file.trouble().empty()) return "";
    return "MAAS_KERNELS: " + file.path().string() + " " + file.trouble() +
           "; nothing is read from it, and what is measured is not kept";
  } catch (const Error&) {  // told to whoever needs kernels
    return "";
  }
}

}  // namespace maas
