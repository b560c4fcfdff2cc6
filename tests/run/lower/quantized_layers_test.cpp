#include "run/lower/quantized_layers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "call/verify.h"
#include "program/check_structure.h"
#include "program/example_sizes.h"
#include "run/lower.h"
#include "run/lower/int8_layer.h"
#include "run/lower/stored_net.h"
#include "run/measure_plan.h"
#include "run/plan.h"

namespace maas {
namespace {

int64_t count(const Program& program, const std::string& op) {
  int64_t found = 0;
  for (const Node& node : program.nodes) found += node.full_name() == op ? 1 : 0;
  return found;
}

// Where the CPU cannot, layers stay in float32, and the outputs are right all the same.
int64_t if_exact(int64_t n) { return int8_products_are_exact() ? n : 0; }

constexpr const char* kLinear = "maas::quantized_linear";
constexpr const char* kConvolution = "onednn::qconv2d_pointwise";
constexpr const char* kSum = "onednn::qconv2d_pointwise.binary";

LowerOptions without_choice() { return {.disabled = {"quantized-layers"}}; }

Program in_integers(const Program& program, int64_t rows = 4) {
  Program after = quantized_layers(with_example_batch(program, rows), Int8Choice::kAlways);
  check_structure(after, "quantized-layers");
  return lower(std::move(after), without_choice());
}

// The largest difference from the stored graph, calculated as it stands, in units of `step`.
double steps_apart(const Program& stored, const Program& after, double step) {
  double most = 0;
  for (const int64_t batch : {1, 2, 7, 64}) {
    const auto inputs = example_inputs(stored, batch);
    const auto before = inputs;
    const auto expected = Plan::compile(stored)->run(inputs);
    const auto plan = Plan::compile(after);
    for (int turn = 0; turn < 2; ++turn) {
      const auto found = plan->run(inputs);
      EXPECT_EQ(found.size(), expected.size());
      for (size_t i = 0; i < expected.size(); ++i) {
        EXPECT_EQ(found[i].sizes(), expected[i].sizes());
        EXPECT_EQ(found[i].scalar_type(), expected[i].scalar_type());
        most = std::max(most, (found[i] - expected[i]).abs().max().item<double>() / step);
      }
    }
  }
  return most;
}

TEST(QuantizedLayers, AnMlpFlowsInIntegersFromLayerToLayer) {
  StoredNet net;
  Handle x = net.rounded(net.g.input("x", {37}, at::kFloat));
  x = net.rounded_positive(net.g.relu(net.linear("fc1", x, 50)));
  x = net.rounded_positive(net.g.relu(net.linear("fc2", x, 33)));
  const Program stored = net.g.finish({{"y", net.linear("fc3", x, 10)}});
  verify(stored, "net.pt2");
  const Program after = in_integers(stored);
  EXPECT_EQ(count(after, kLinear), if_exact(3));
  EXPECT_EQ(count(after, "maas::quantize"), if_exact(1));
  EXPECT_EQ(count(after, "maas::dequantize"), 0);
  EXPECT_EQ(count(after, "aten::relu"), 0);
  EXPECT_LT(steps_apart(stored, after, 4.0 / 255), 2);
}

TEST(QuantizedLayers, ConvolutionsReluPoolingAndALinearStayInIntegers) {
  StoredNet net;
  Handle x = net.rounded(net.g.input("x", {1, 12, 10}, at::kFloat));
  x = net.g.relu(net.conv("conv1", x, {7, 1, 3, 3}, {.padding = {1, 1}}));
  x = net.rounded_positive(net.g.max_pool2d(x, 2, 2, 0));
  x = net.rounded_positive(net.g.relu(net.conv("conv2", x, {20, 7, 3, 3})));
  x = net.g.flatten(net.g.max_pool2d(x, 3, 2, 1));
  const Program stored = net.g.finish({{"y", net.linear("fc", x, 10)}});
  const Program after = in_integers(stored);
  EXPECT_EQ(count(after, kConvolution), if_exact(2));
  EXPECT_EQ(count(after, kLinear), if_exact(1));
  EXPECT_EQ(count(after, "maas::max_pool2d"), if_exact(2));
  EXPECT_EQ(count(after, "maas::dequantize"), 0);
  EXPECT_LT(steps_apart(stored, after, 4.0 / 255), 2);
}

TEST(QuantizedLayers, AResidualSumIsAddedInsideTheConvolution) {
  StoredNet net;
  Handle x = net.rounded(net.g.input("x", {8, 9, 9}, at::kFloat));
  const StoredWindow same{.padding = {1, 1}};
  const Handle a = net.rounded_positive(net.g.relu(net.conv("conv1", x, {8, 8, 3, 3}, same)));
  const Handle b = net.conv("conv2", a, {8, 8, 3, 3}, same);
  x = net.rounded_positive(net.g.relu(net.g.add(b, x)));
  const Handle y = net.conv("conv3", x, {8, 8, 3, 3}, same);
  x = net.rounded_positive(net.g.relu(net.g.add(x, y)));
  const Program stored = net.g.finish({{"y", x}});
  const Program after = in_integers(stored);
  EXPECT_EQ(count(after, kConvolution), if_exact(1));
  EXPECT_EQ(count(after, kSum), if_exact(2));
  // The second sum reads its own convolution's input.
  EXPECT_EQ(count(after, "aten::clone"), if_exact(1));
  EXPECT_LE(steps_apart(stored, after, 4.0 / 255), 3.01);
}

TEST(QuantizedLayers, ASumOfTwoConvolutionsIsAddedInFloat32) {
  StoredNet net;
  Handle x = net.rounded(net.g.input("x", {6, 9, 9}, at::kFloat));
  const Handle a = net.conv("conv1", x, {12, 6, 3, 3}, {.stride = {2, 2}, .padding = {1, 1}});
  const Handle b = net.conv("conv2", x, {12, 6, 1, 1}, {.stride = {2, 2}});
  x = net.rounded_positive(net.g.relu(net.g.add(a, b)));
  const Program stored = net.g.finish({{"y", net.conv("conv3", x, {5, 12, 1, 1})}});
  const Program after = in_integers(stored);
  EXPECT_EQ(count(after, kConvolution), if_exact(2));
  EXPECT_EQ(count(after, kSum), if_exact(1));
  EXPECT_LT(steps_apart(stored, after, 4.0 / 255), 2);
}

TEST(QuantizedLayers, ASumIsNotWrittenOverWhereItIsReadLater) {
  StoredNet net;
  const Handle x = net.rounded(net.g.input("x", {8, 5, 5}, at::kFloat));
  const StoredWindow same{.padding = {1, 1}};
  const Handle first = net.rounded_positive(net.g.relu(net.conv("conv1", x, {8, 8, 3, 3}, same)));
  const Handle b = net.conv("conv2", first, {8, 8, 3, 3}, same);
  const Handle sum = net.rounded_positive(net.g.relu(net.g.add(b, first)));
  const Handle later = net.conv("conv3", first, {8, 8, 3, 3}, same);
  const Program stored = net.g.finish({{"sum", sum}, {"later", later}, {"first", first}});
  const Program after = in_integers(stored);
  EXPECT_EQ(count(after, kSum), if_exact(1));
  EXPECT_EQ(count(after, "aten::clone"), if_exact(1));
  EXPECT_LE(steps_apart(stored, after, 4.0 / 255), 3.01);
}

TEST(QuantizedLayers, ConvolvesInGroupsWithUnevenPaddingAndDilation) {
  for (const int64_t groups : {1, 3, 9}) {
    StoredNet net;
    Handle x = net.rounded(net.g.input("x", {9, 11, 8}, at::kFloat), 0.03, 77);
    const StoredWindow window{
        .stride = {2, 1}, .padding = {2, 0}, .dilation = {1, 2}, .groups = groups};
    x = net.rounded(net.conv("conv1", x, {18, 9 / groups, 3, 2}, window));
    const Program stored = net.g.finish({{"y", x}});
    const Program after = in_integers(stored);
    EXPECT_EQ(count(after, kConvolution), if_exact(1));
    EXPECT_LE(steps_apart(stored, after, 8.0 / 255), 1.01) << groups;
  }
}

TEST(QuantizedLayers, ZeroPointsAtTheEndsAndAChannelOfZeros) {
  for (const int64_t zero_point : {0, 1, 254, 255}) {
    StoredNet net;
    Handle x = net.rounded(net.g.input("x", {3, 6, 6}, at::kFloat), 0.02, zero_point);
    x = net.conv("conv", x, {5, 3, 3, 3}, {.padding = {1, 1}});
    net.last_values().select(0, 2).zero_();
    x = net.rounded(x, 0.02, 255 - zero_point);
    x = net.rounded(net.linear("fc", net.g.flatten(x), 4), 0.03, zero_point);
    const Program stored = net.g.finish({{"y", x}});
    const Program after = in_integers(stored);
    EXPECT_EQ(count(after, kConvolution) + count(after, kLinear), if_exact(2));
    EXPECT_LE(steps_apart(stored, after, 0.03), 1.01) << zero_point;
  }
}

TEST(QuantizedLayers, TakesLinearLayersOfSequences) {
  StoredNet net;
  Handle x = net.rounded(net.g.input("x", {5, 24}, at::kFloat));
  x = net.rounded_positive(net.g.relu(net.linear("fc1", x, 17)));
  const Program stored = net.g.finish({{"y", net.linear("fc2", x, 9)}});
  const Program after = in_integers(stored);
  EXPECT_EQ(count(after, kLinear), if_exact(2));
  EXPECT_LT(steps_apart(stored, after, 4.0 / 255), 2);
}

TEST(QuantizedLayers, RoundsRowsByTheirOwnLargestValue) {
  StoredNet net;
  Handle x = net.g.input("x", {5, 24}, at::kFloat);
  x = net.g.relu(net.linear("fc1", net.by_token(x), 17));
  const Program stored = net.g.finish({{"y", net.linear("fc2", net.by_token(x), 9)}});
  const Program after = in_integers(stored);
  EXPECT_EQ(count(after, "maas::token_quantized_linear"), if_exact(2));
  EXPECT_EQ(count(after, "aten::round"), 0);
  EXPECT_LT(steps_apart(stored, after, 4.0 / 127), 2);
}

TEST(QuantizedLayers, TakesAProductWithATurnedWeight) {
  StoredNet net;
  const Handle x = net.rounded(net.g.input("x", {12}, at::kFloat));
  const Handle turned =
      net.g.call("aten::permute",
                 {{"self", ValueRef{net.weight("fc", {7, 12}).id}}, {"dims", int_list({1, 0})}});
  const Handle y = net.g.call("aten::addmm", {{"self", ValueRef{net.bias("fc", 7).id}},
                                              {"mat1", ValueRef{x.id}},
                                              {"mat2", ValueRef{turned.id}}});
  const Program stored = net.g.finish({{"y", y}});
  const Program after = in_integers(stored);
  EXPECT_EQ(count(after, kLinear), if_exact(1));
  EXPECT_LT(steps_apart(stored, after, 4.0 / 255), 0.01);
}

TEST(QuantizedLayers, InFloat32RoundsAsTheStoredFormSays) {
  StoredNet net;
  Handle x = net.rounded(net.g.input("x", {3, 6, 6}, at::kFloat));
  x = net.rounded_positive(net.g.relu(net.conv("conv", x, {5, 3, 3, 3})));
  x = net.rounded(net.linear("fc", net.g.flatten(x), 4));
  const Program stored = net.g.finish({{"y", net.linear("last", net.by_token(x), 4)}});
  const Program after = lower(quantized_layers(stored, Int8Choice::kNever), without_choice());
  EXPECT_EQ(count(after, "maas::fake_quantize"), 3);
  EXPECT_EQ(count(after, "maas::token_fake_quantize"), 1);
  EXPECT_EQ(count(after, kLinear) + count(after, kConvolution), 0);
  EXPECT_LE(steps_apart(stored, after, 8.0 / 255), 1.01);
}

TEST(QuantizedLayers, AValueThatIsReadRoundedAndNotIsBoth) {
  StoredNet net;
  const Handle x = net.g.input("x", {8}, at::kFloat);
  const Handle h = net.g.relu(net.linear("fc1", net.rounded(x), 6));
  const Handle y = net.linear("fc2", net.rounded_positive(h), 6);
  const Program stored = net.g.finish({{"y", net.g.add(y, h)}});
  EXPECT_LT(steps_apart(stored, in_integers(stored), 4.0 / 255), 2);
}

TEST(QuantizedLayers, TheFasterFormIsChosenAndEitherIsRight) {
  StoredNet net;
  Handle x = net.rounded(net.g.input("x", {16, 14, 14}, at::kFloat));
  x = net.rounded_positive(net.g.relu(net.conv("conv", x, {32, 16, 3, 3})));
  const Program stored = net.g.finish({{"y", net.linear("fc", net.g.flatten(x), 4)}});
  EXPECT_LT(steps_apart(stored, lower(stored, {.target = target_of(8)}), 4.0 / 255), 2);
}

TEST(QuantizedLayers, AClampIsAReluWhereTheGridEndsBeforeIt) {
  for (const double high : {4.0, 3.999, 6.0, 2.0}) {
    StoredNet net;
    Handle x = net.rounded(net.g.input("x", {5, 6, 6}, at::kFloat));
    x = net.g.call("aten::hardtanh", {{"self", ValueRef{net.conv("conv", x, {4, 5, 3, 3}).id}},
                                      {"min_val", 0.0},
                                      {"max_val", high}});
    const Program stored = net.g.finish({{"y", net.rounded_positive(x)}});
    const Program after = in_integers(stored);
    EXPECT_EQ(count(after, "aten::hardtanh"), high > 3 ? 1 - if_exact(1) : 1) << high;
    EXPECT_LE(steps_apart(stored, after, 4.0 / 255), 1.01) << high;
  }
}

TEST(QuantizedLayers, IntegersPassADropoutThatIsOffAndViews) {
  StoredNet net;
  Handle x = net.rounded_positive(net.g.relu(
      net.conv("conv", net.rounded(net.g.input("x", {3, 6, 6}, at::kFloat)), {8, 3, 3, 3})));
  x = net.g.call("aten::dropout", {{"input", ValueRef{x.id}}, {"p", 0.5}, {"train", false}});
  x = net.g.call("aten::permute", {{"self", ValueRef{x.id}}, {"dims", int_list({0, 2, 3, 1})}});
  x = net.g.call("aten::view", {{"self", ValueRef{x.id}}, {"size", int_list({-1, 16, 8})}});
  const Program stored = net.g.finish({{"y", net.linear("fc", x, 4)}});
  const Program after = in_integers(stored);
  EXPECT_EQ(count(after, kLinear), if_exact(1));
  EXPECT_EQ(count(after, "maas::quantize"), if_exact(1));
  EXPECT_EQ(count(after, "maas::dequantize"), 0);
  EXPECT_LT(steps_apart(stored, after, 4.0 / 255), 2);
}

TEST(QuantizedLayers, AReaderMayGiveAListOfTensors) {
  StoredNet net;
  const Handle x = net.linear("fc", net.rounded(net.g.input("x", {6}, at::kFloat)), 8);
  Program stored = net.g.finish({{"y", x}});
  Node halves = make_node("aten::chunk",
                          {{"self", ValueRef{x.id}}, {"chunks", int64_t{2}}, {"dim", int64_t{1}}});
  Node::Output list;
  list.is_list = true;
  for (int i = 0; i < 2; ++i) {
    const ValueId half = add_result(stored, halves, "half", x.id);
    stored.value(half).shape[1] = 4;
    list.ids.push_back(half);
  }
  halves.outputs = {list};
  stored.nodes.push_back(halves);
  stored.outputs[0].value = ValueRef{list.ids[1]};
  const Program after = in_integers(stored);
  EXPECT_EQ(count(after, kLinear), if_exact(1));
  EXPECT_LT(steps_apart(stored, after, 4.0 / 255), 2);
}

TEST(QuantizedLayers, LeavesAFloatNetworkAlone) {
  GraphBuilder g("net", 1);
  const Handle x = g.input("x", {3}, at::kFloat);
  const Program program = g.finish({{"y", g.relu(g.linear("fc", x, 4))}});
  EXPECT_EQ(to_text(quantized_layers(program, Int8Choice::kAlways)), to_text(program));
}

}  // namespace
}  // namespace maas
