#include "serve/serve_config.h"

#include "support/odd_settings.h"

namespace maas {
namespace {

TEST(ServeConfig, TakesOrRefusesEveryOddValueOfEverySetting) {
  const OddCounts counts =
      expect_all_taken_or_refused<ServeConfig>([](const Setting&) { return FlowConfig(); });
  EXPECT_GT(counts.taken, 20);
  EXPECT_GT(counts.refused, 100);
}

}  // namespace
}  // namespace maas
