#include "program/last_layer.h"

#include <ATen/ops/ones.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "base/error.h"
#include "call/builder.h"

namespace maas {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

// A network that ends as `ending` says: it gets a builder and [B, 4] behind a first layer.
using Ending = std::function<Handle(GraphBuilder&, Handle)>;

Program ending_in(const Ending& ending) {
  GraphBuilder g("test", 1);
  const Handle x = g.input("x", {6}, at::kFloat);
  return g.finish({{"out", ending(g, g.relu(g.linear("body", x, 4)))}});
}

std::string refusal(const Program& program) {
  try {
    find_last_layer(program, "net.pt2");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    return error.what();
  }
  return "";
}

Handle on(GraphBuilder& g, const char* op, Handle x, std::vector<GraphBuilder::Operand> more = {}) {
  more.insert(more.begin(), {"self", ValueRef{x.id}});
  return g.call(op, more);
}

TEST(LastLayer, IsTheLinearLayerWhoseRowsAreTheOutputs) {
  const LastLayer last =
      find_last_layer(ending_in([](auto& g, Handle h) { return g.linear("fc", h, 3); }), "net");
  EXPECT_THAT(last.parameters(), ElementsAre("fc.weight", "fc.bias"));
  EXPECT_EQ(last.outputs, 3);
  EXPECT_TRUE(last.squashes.empty() && last.shapes.empty());
}

TEST(LastLayer, StandsInFrontOfASoftmaxAndOfScales) {
  const LastLayer last =
      find_last_layer(ending_in([](auto& g, Handle h) {
                        h = on(g, "aten::mul.Scalar", g.linear("fc", h, 3), {{"other", 2.0}});
                        return on(g, "aten::softmax.int", h, {{"dim", int64_t{-1}}});
                      }),
                      "net");
  EXPECT_EQ(last.weight, "fc.weight");
  EXPECT_EQ(last.squashes.size(), 2U);
}

TEST(LastLayer, MayBeAConvolutionOfOnePlaceBeforeAPool) {
  GraphBuilder g("test", 1);
  const Handle x = g.input("x", {3, 8, 8}, at::kFloat);
  const Handle h = g.relu(g.conv2d("classifier", g.relu(g.conv2d("body", x, 4, 3, {})), 5, 1, {}));
  const Program program = g.finish({{"out", g.flatten(g.global_avg_pool(h))}});
  const LastLayer last = find_last_layer(program, "net");
  EXPECT_EQ(last.weight, "classifier.weight");
  EXPECT_EQ(last.shapes.size(), 3U);
}

TEST(LastLayer, MayBeAProductWithATurnedWeightAndABiasBehindIt) {
  const auto decomposed = [](bool addmm) {
    return ending_in([&](auto& g, Handle h) {
      const Handle weight = g.parameter("fc.weight", at::ones({3, 4}));
      const Handle bias = g.parameter("fc.bias", at::ones({3}));
      const Handle turned = on(g, "aten::permute", weight, {{"dims", IntList{{{1}, {0}}}}});
      if (addmm) {
        return on(g, "aten::addmm", bias,
                  {{"mat1", ValueRef{h.id}}, {"mat2", ValueRef{turned.id}}});
      }
      return g.add(on(g, "aten::mm", h, {{"mat2", ValueRef{turned.id}}}), bias);
    });
  };
  for (const bool addmm : {true, false}) {
    EXPECT_THAT(find_last_layer(decomposed(addmm), "net").parameters(),
                ElementsAre("fc.weight", "fc.bias"));
  }
}

TEST(LastLayer, IsRefusedWithWhatWasFoundWhenThereIsNone) {
  EXPECT_THAT(refusal(ending_in([](auto& g, Handle h) { return g.layer_norm("norm", h); })),
              AllOf(HasSubstr("net.pt2: makes its output by aten::layer_norm"),
                    HasSubstr("expected a linear layer")));
  EXPECT_THAT(refusal(ending_in([](auto& g, Handle h) {
                return g.add(g.linear("a", h, 3), g.linear("b", h, 3));
              })),
              HasSubstr("by aten::add.Tensor of two layers"));
  EXPECT_THAT(refusal(ending_in([](auto& g, Handle h) {
                return on(g, "aten::unsqueeze", g.linear("a", h, 3), {{"dim", int64_t{1}}});
              })),
              HasSubstr("gives [s0, 1, 3]; expected [batch, outputs]"));
}

TEST(LastLayer, IsRefusedWhenItIsShared) {
  EXPECT_THAT(
      refusal(ending_in([](auto& g, Handle h) {
        const Handle weight = g.parameter("tied.weight", at::ones({4, 4}));
        for (int i = 0; i < 2; ++i) {
          h = g.call("aten::linear", {{"input", ValueRef{h.id}}, {"weight", ValueRef{weight.id}}});
        }
        return h;
      })),
      HasSubstr("net.pt2: shares 'tied.weight' of its last layer with another"));
  GraphBuilder g("test", 1);
  const Handle out = g.linear("fc", g.input("x", {6}, at::kFloat), 3);
  const Program twice = g.finish({{"a", out}, {"b", g.relu(out)}});
  EXPECT_THAT(refusal(twice), HasSubstr("ends in aten::linear, whose result is read 2 times"));
}

TEST(LastLayer, IsRefusedWhenItsWeightIsNoParameter) {
  EXPECT_THAT(
      refusal(ending_in([](auto& g, Handle h) {
        const Handle weight = g.buffer("fc.weight", at::ones({3, 4}));
        return g.call("aten::linear", {{"input", ValueRef{h.id}}, {"weight", ValueRef{weight.id}}});
      })),
      AllOf(HasSubstr("whose weight is no parameter"), HasSubstr("before it was quantized")));
}

}  // namespace
}  // namespace maas
