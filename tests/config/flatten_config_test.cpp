#include "config/flatten_config.h"

#include <gmock/gmock.h>

namespace maas {
namespace {

using testing::ElementsAre;
using testing::Pair;

struct Change {
  std::optional<double> shift;
  void describe(Fields& field) { field("shift", shift); }
};

struct Rule {
  std::string type = "adam";
  double momentum = 0.9, beta = 0.5;
  void describe(Fields& field) {
    field("type", type);
    field("momentum", momentum).only_for("type", {"sgd"});
    field("beta", beta).only_for("type", {"adam"});
  }
};

struct Whole {
  InputPath from;
  std::vector<std::string> labels = {"a", "b c"};
  Rule rule;
  std::vector<Change> changes;
  void describe(Fields& field) {
    field("from", from);
    field("labels", labels);
    field("rule", rule);
    field("changes", changes);
  }
};

TEST(FlattenConfig, NamesEverySettingThatApplies) {
  Whole whole;
  EXPECT_THAT(
      flatten_config(whole),
      ElementsAre(Pair("labels", "[a, b c]"), Pair("rule.beta", "0.5"), Pair("rule.type", "adam")));
}

TEST(FlattenConfig, CountsTheItemsOfLists) {
  Whole whole;
  whole.labels = {};
  whole.rule.type = "sgd";
  whole.changes.resize(2);
  whole.changes[1].shift = 2;
  whole.from.path = "/x/y.pt2";
  EXPECT_THAT(
      flatten_config(whole),
      ElementsAre(Pair("changes.1.shift", "2"), Pair("from", "/x/y.pt2"), Pair("labels", "[]"),
                  Pair("rule.momentum", "0.9"), Pair("rule.type", "sgd")));
}

}  // namespace
}  // namespace maas
