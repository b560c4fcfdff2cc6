#include "train/kept_kernels.h"

#include <fmt/format.h>

#include <string_view>

#include "run/kernel_times.h"

namespace maas {
namespace {

constexpr std::string_view kPinned = "pinned ";

// "maas kernels 1<tab>AMD EPYC, AVX512, 2.13.0" -> what is behind the tab
std::string_view machine_of(std::string_view text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  const size_t tab = line.find('\t');
  return tab == std::string_view::npos ? "one that it does not name" : line.substr(tab + 1);
}

}  // namespace

std::string kept_kernels() {
  const KernelTimes& times = kernel_times();
  if (const auto& pinned = times.pinned()) return std::string(kPinned) + *pinned;
  return times.text(kernel_machine());
}

std::vector<std::string> take_kept_kernels(const std::map<std::string, std::string>& texts) {
  const auto found = texts.find(kKeptKernels);
  if (found == texts.end()) return {};  // of an older version
  const std::string& text = found->second;
  if (text.starts_with(kPinned)) {
    pin_kernels(text.substr(kPinned.size()));
    return {};
  }
  if (measure_kernels(text)) return {};
  return {fmt::format(
      "kernels: the checkpoint is of another machine or libtorch ({}; here: {}); they are chosen "
      "anew, so that last digits may differ from those of a run without a pause",
      machine_of(text), kernel_machine())};
}

}  // namespace maas
