#include "train/suggest_threads.h"

#include <algorithm>

#include "program/summary.h"

namespace maas {

int64_t suggest_threads(const Program& program, int64_t batch_size, int64_t cores) {
  constexpr double kWorkOfAThread = 8e6;
  double work = 0;
  for (const LayerSummary& layer : summarise_layers(program)) {
    work += static_cast<double>(layer.macs) * static_cast<double>(batch_size);
  }
  const double worth = std::min(work / kWorkOfAThread, static_cast<double>(cores));
  return std::max<int64_t>(1, static_cast<int64_t>(worth));
}

}  // namespace maas
