#include "run/lower/int8_race.h"

#include <ATen/ops/ones.h>
#include <gtest/gtest.h>

#include "run/lower/int8_operators.h"

namespace maas {
namespace {

struct Race {
  Int8Layer layer;
  Value input;
  LayerEnd end;

  explicit Race(Int8Layer::Kind kind) {
    register_int8_operators();
    layer.kind = kind;
    const bool convolution = kind == Int8Layer::Kind::kConvolution;
    const std::vector<int64_t> sizes =
        convolution ? std::vector<int64_t>{32, 16, 3, 3} : std::vector<int64_t>{32, 16};
    layer.weight.values = at::ones(sizes, at::kChar);
    layer.weight.scale =
        at::ones(convolution ? std::vector<int64_t>{32, 1, 1, 1} : std::vector<int64_t>{32, 1});
    layer.stride = layer.dilation = {1, 1};
    layer.padding = {0, 0};
    input.shape = convolution ? std::vector<Dim>{Dim("s0", 4096), 16, 20, 20}
                              : std::vector<Dim>{Dim("s0", 4), 16};
    end.relu = true;
    end.rounded = kind != Int8Layer::Kind::kTokenLinear;
  }
  bool run(double seconds) {
    KernelTimes times;
    return Int8Race(&times, seconds).integers_win(layer, input, {0.1, 3}, end);
  }
};

TEST(Int8Race, TakesIntegersUnaskedWhenThereIsNoTimeLeft) {
  EXPECT_TRUE(Race(Int8Layer::Kind::kLinear).run(0));
}

TEST(Int8Race, RunsEveryKindOfLayerAndRemembersAlikeOnes) {
  for (const auto kind :
       {Int8Layer::Kind::kLinear, Int8Layer::Kind::kTokenLinear, Int8Layer::Kind::kConvolution}) {
    Race race(kind);
    KernelTimes times;
    Int8Race judge(&times);
    const bool first = judge.integers_win(race.layer, race.input, {0.1, 3}, race.end);
    EXPECT_EQ(judge.integers_win(race.layer, race.input, {0.1, 3}, race.end), first);
  }
}

}  // namespace
}  // namespace maas
