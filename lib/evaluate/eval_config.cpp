#include "evaluate/eval_config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "evaluate/metrics.h"

namespace maas {

void EvalConfig::describe(Fields& field) {
  const auto names = [](TaskKind task) {
    return fmt::format("{}", fmt::join(metric_names(task), ", "));
  };
  field("metrics", metrics)
      .doc(fmt::format(
          "what to report, the first one decides which weights are best; none = by the "
          "task. Classification: {} (or another top_K); multi_label: {}; regression: {}",
          names(TaskKind::kClassification), names(TaskKind::kMultiLabel),
          names(TaskKind::kRegression)));
  field("batch_size", batch_size)
      .between(1, 1 << 20)
      .doc("rows evaluated at once, fewer of large images");
  field("require", require)
      .doc("metric: bound (\">= 0.98\", \"< 0.1\", \"> 98%\"); exit 6 when one is not met");
  field("threshold", threshold)
      .one_of({"none", "tune"})
      .doc(
          "tune: maas train chooses a threshold a label on validation rows, by which rare labels "
          "are answered as often as the first metric that counts answers wants it");
}

}  // namespace maas
