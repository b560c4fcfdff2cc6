#include "pt2/gradient_regions.h"

#include <gtest/gtest.h>

#include "call/builder.h"

namespace maas {
namespace {

// Four nodes in a row; each is told to the regions by the test.
class Regions : public testing::Test {
 protected:
  Regions() {
    GraphBuilder g("net", 1);
    Handle x = g.input("x", {4}, at::kFloat);
    for (const char* name : {"a", "b", "c", "d"}) x = g.linear(name, x, 4);
    program_ = g.finish({{"y", x}});
  }

  bool enter_with(const std::string& inputs) {
    const std::string where = "net.pt2";
    return regions_.enter(parse_json(
        parser_,
        R"({"target": "torch.ops.higher_order.wrap_with_set_grad_enabled", "inputs": [)" + inputs +
            "]}",
        where));
  }
  bool enter(bool flag) {
    return enter_with(std::string(R"({"arg": {"as_bool": )") + (flag ? "true" : "false") + "}}");
  }
  // Result of node i, which belongs to the current region.
  ValueId make(size_t i) {
    regions_.note(program_, program_.nodes[i]);
    return program_.nodes[i].outputs.at(0).ids.at(0);
  }
  bool is_detached(ValueId value) {
    const size_t before = program_.nodes.size();
    const ValueId read = regions_.as_read_here(program_, value);
    EXPECT_EQ(read != value, program_.nodes.size() == before + 1);
    return read != value && program_.nodes.back().op == "aten::detach";
  }

  simdjson::dom::parser parser_;
  Program program_;
  GradientRegions regions_;
};

TEST_F(Regions, WithoutGradientsDetachWhatTheyMake) {
  const ValueId a = make(0);
  const bool outside = enter(false);
  const ValueId b = make(1);
  EXPECT_FALSE(is_detached(a));
  EXPECT_FALSE(is_detached(b));
  regions_.leave(outside);
  EXPECT_TRUE(is_detached(b));
  EXPECT_FALSE(is_detached(a));  // it only passed through
}

TEST_F(Regions, WithGradientsInOnesWithoutLearn) {
  const bool outside = enter(false);
  const ValueId a = make(0);
  const bool without = enter(true);
  EXPECT_TRUE(is_detached(a));
  const ValueId b = make(1);
  regions_.leave(without);
  EXPECT_FALSE(is_detached(b));
  const ValueId c = make(2);
  regions_.leave(outside);
  EXPECT_FALSE(is_detached(b));
  EXPECT_TRUE(is_detached(c));
}

TEST_F(Regions, AreNotChangedByAWrapperThatSaysNothing) {
  enter(false);
  const ValueId a = make(0);
  EXPECT_FALSE(enter_with(""));
  EXPECT_FALSE(enter_with(R"({"arg": {"as_int": 1}})"));
  EXPECT_FALSE(is_detached(a));
}

}  // namespace
}  // namespace maas
