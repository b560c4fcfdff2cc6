#include "evaluate/eval_config.h"

namespace maas {

void EvalConfig::describe(Fields& field) {
  field("metrics", metrics)
      .doc("what to report, the first one decides which weights are best; none = by the task");
  field("batch_size", batch_size).between(1, 1 << 20).doc("rows evaluated at once");
  field("require", require)
      .doc("metric: bound (\">= 0.98\", \"< 0.1\", \"> 98%\"); exit 6 when one is not met");
}

}  // namespace maas
