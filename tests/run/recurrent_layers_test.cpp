#include "run/recurrent_layers.h"

#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include "program/arguments.h"
#include "program/emit.h"
#include "run/lower_case.h"
#include "run/plan.h"
#include "run/recompose.h"
#include "tensor/random.h"

namespace maas {
namespace {

constexpr int64_t kSteps = 5, kRows = 3, kIn = 4, kWidth = 6;

// A graph written node by node.
struct Graph {
  Program program;
  int64_t seed = 0;

  ValueId put(Node node, std::vector<Dim> shape) {
    const ValueId y = add_result(program, node, "y", 0);
    program.value(y).shape = std::move(shape);
    program.nodes.push_back(std::move(node));
    return y;
  }
  ValueId put(const std::string& op, const std::vector<Operand>& operands, std::vector<Dim> shape) {
    return put(make_node(op, operands), std::move(shape));
  }
  ValueId weight(std::vector<int64_t> sizes) {
    return add_weight(program, "w", normal_tensor(sizes, 1, static_cast<uint64_t>(++seed)) * 0.5);
  }
  ValueId pair(const char* op, ValueId a, ValueId b) {
    return put(op, {{"self", ValueRef{a}}, {"other", ValueRef{b}}}, program.value(a).shape);
  }
  ValueId squash(const char* op, ValueId a) {
    return put(op, {{"self", ValueRef{a}}}, program.value(a).shape);
  }
  std::vector<ValueId> split(ValueId whole, int64_t parts) {
    std::vector<Dim> shape = program.value(whole).shape;
    shape.back() = Dim(kWidth);
    Node node = make_node("aten::split_with_sizes",
                          {{"self", ValueRef{whole}},
                           {"split_sizes", int_list(std::vector<int64_t>(parts, kWidth))},
                           {"dim", static_cast<int64_t>(shape.size()) - 1}});
    std::vector<ValueId> made;
    for (int64_t i = 0; i < parts; ++i) {
      made.push_back(add_result(program, node, "part", whole));
      program.value(made.back()).shape = shape;
    }
    node.outputs = {{made, true}};
    program.nodes.push_back(std::move(node));
    return made;
  }
  Program finish(const std::vector<ValueId>& outputs) {
    for (const ValueId id : outputs) {
      program.outputs.push_back({GraphOutput::Kind::kUser, ValueRef{id}, program.value(id).name});
    }
    return program;
  }
};

struct Options {
  bool bidirectional = false, batch_first = false, biases = true, zeros = false;
  int64_t layers = 1;
};

int64_t gates_of(const std::string& cell) { return cell == "lstm" ? 4 : cell == "gru" ? 3 : 1; }

Program layer_net(const std::string& cell, const Options& options) {
  Graph g;
  const int64_t directions = options.bidirectional ? 2 : 1, states = options.layers * directions;
  const ValueId x = add_user_input(g.program, "x", at::kFloat,
                                   options.batch_first ? std::vector<Dim>{kRows, kSteps, kIn}
                                                       : std::vector<Dim>{kSteps, kRows, kIn});
  std::vector<ValueId> weights, first;
  for (int64_t i = 0; i < states; ++i) {
    const int64_t gates = gates_of(cell) * kWidth;
    weights.push_back(g.weight({gates, i < directions ? kIn : kWidth * directions}));
    weights.push_back(g.weight({gates, kWidth}));
    for (int k = 0; options.biases && k < 2; ++k) weights.push_back(g.weight({gates}));
  }
  for (int i = 0; i < 2; ++i) {
    first.push_back(options.zeros
                        ? g.put("aten::zeros", {{"size", int_list({states, kRows, kWidth})}},
                                {states, kRows, kWidth})
                        : g.weight({states, kRows, kWidth}));
  }
  const Argument hx = cell == "lstm" ? Argument(ValueList{first}) : ValueRef{first[0]};
  const std::string op = cell == "lstm" || cell == "gru" ? cell : "rnn_" + cell;
  Node node = make_node("aten::" + op + ".input", {{"input", ValueRef{x}},
                                                   {"hx", hx},
                                                   {"params", ValueList{weights}},
                                                   {"has_biases", options.biases},
                                                   {"num_layers", options.layers},
                                                   {"dropout", 0.0},
                                                   {"train", false},
                                                   {"bidirectional", options.bidirectional},
                                                   {"batch_first", options.batch_first}});
  std::vector<ValueId> outputs;
  for (int i = 0; i < (cell == "lstm" ? 3 : 2); ++i)
    outputs.push_back(add_result(g.program, node, "out", x));
  g.program.nodes.push_back(std::move(node));
  std::vector<Dim> shape = g.program.value(x).shape;
  shape.back() = Dim(kWidth * directions);
  g.program.value(outputs[0]).shape = shape;
  for (size_t i = 1; i < outputs.size(); ++i) {
    g.program.value(outputs[i]).shape = {states, kRows, kWidth};
  }
  return g.finish(outputs);
}

void expect_same(const Program& before, const Program& after) {
  std::vector<int64_t> sizes;
  for (const Dim& dim : before.value(before.user_inputs()[0]->value).shape)
    sizes.push_back(dim.size);
  const at::Tensor x = normal_tensor(sizes, 1, 99);
  const auto a = Plan::compile(before)->run({x}), b = Plan::compile(after)->run({x});
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    ASSERT_EQ(a[i].sizes(), b[i].sizes()) << "output " << i;
    EXPECT_LT(((a[i] - b[i]).abs().max() / a[i].abs().max()).item<double>(), 2e-6)
        << "output " << i;
  }
}

TEST(RecurrentLayers, GiveWhatLibtorchGives) {
  for (const char* cell : {"lstm", "gru", "tanh", "relu"}) {
    for (const Options& options :
         {Options{}, Options{.batch_first = true}, Options{.biases = false, .zeros = true},
          Options{.bidirectional = true, .batch_first = true, .zeros = true, .layers = 2},
          Options{.bidirectional = true, .layers = 3}}) {
      SCOPED_TRACE(cell);
      const Program before = layer_net(cell, options);
      const Program after = recurrent_layers(before);
      EXPECT_EQ(count(after, "maas::recurrent"), options.layers * (options.bidirectional ? 2 : 1));
      EXPECT_EQ(count(after, "aten::zeros"), 0);
      expect_same(before, after);
    }
  }
}

TEST(RecurrentLayers, StayWithLibtorchWhereDropoutOrAProjectionIsAsked) {
  Program dropout = layer_net("gru", {.layers = 2});
  dropout.nodes.back().set("dropout", 0.5);
  dropout.nodes.back().set("train", true);
  EXPECT_EQ(count(recurrent_layers(dropout), "maas::recurrent"), 0);
  Program projected = layer_net("lstm", {});
  auto weights = std::get<ValueList>(*projected.nodes.back().find("params"));
  weights.ids.push_back(weights.ids[0]);
  projected.nodes.back().set("params", weights);
  EXPECT_EQ(count(recurrent_layers(projected), "maas::recurrent"), 0);
}

// A layer as torch.export's run_decompositions() writes it.
struct Unrolled {
  Graph g;
  std::string cell;
  std::vector<Dim> state = {1, kRows, kWidth};
  ValueId weight = kNoValue, bias = kNoValue, gates = kNoValue;
  std::vector<ValueId> hidden, carry;

  explicit Unrolled(std::string of, bool flipped = false) : cell(std::move(of)) {
    const int64_t columns = gates_of(cell) * kWidth;
    gates = add_user_input(g.program, "gates", at::kFloat, {kSteps, kRows, columns});
    weight = g.weight({columns, kWidth});
    bias = g.weight({columns});
    hidden = {g.weight({1, kRows, kWidth})};
    carry = {g.weight({1, kRows, kWidth})};
    if (flipped) {
      gates = g.put("aten::flip", {{"self", ValueRef{gates}}, {"dims", int_list({0})}},
                    g.program.value(gates).shape);
    }
  }

  ValueId at_time(int64_t time) {
    const Dim columns = g.program.value(gates).shape.back();
    const ValueId slice =
        g.put("aten::slice.Tensor",
              {{"self", ValueRef{gates}}, {"dim", int64_t{0}}, {"start", time}, {"end", time + 1}},
              {1, kRows, columns});
    return g.put("aten::squeeze.dims", {{"self", ValueRef{slice}}, {"dim", int_list({0})}},
                 {kRows, columns});
  }

  ValueId of_state() {
    const Dim columns = g.program.value(gates).shape.back();
    const ValueId rows = g.put(
        "aten::reshape", {{"self", ValueRef{hidden.back()}}, {"shape", int_list({kRows, kWidth})}},
        {kRows, kWidth});
    const ValueId product =
        g.put("aten::linear",
              {{"input", ValueRef{rows}}, {"weight", ValueRef{weight}}, {"bias", ValueRef{bias}}},
              {kRows, columns});
    return g.put("aten::reshape",
                 {{"self", ValueRef{product}}, {"shape", int_list({1, kRows, columns.size})}},
                 {1, kRows, columns});
  }

  void step(int64_t time) {
    const ValueId x = at_time(time), s = of_state();
    if (cell == "lstm") {
      const auto gate = g.split(g.pair("aten::add.Tensor", s, x), 4);
      const ValueId in = g.squash("aten::sigmoid", gate[0]);
      const ValueId forget = g.squash("aten::sigmoid", gate[1]);
      const ValueId kept = g.pair("aten::mul.Tensor", forget, carry.back());
      const ValueId fresh = g.pair("aten::mul.Tensor", in, g.squash("aten::tanh", gate[2]));
      carry.push_back(g.pair("aten::add.Tensor", kept, fresh));
      hidden.push_back(g.pair("aten::mul.Tensor", g.squash("aten::sigmoid", gate[3]),
                              g.squash("aten::tanh", carry.back())));
    } else if (cell == "gru") {
      const auto of_x = g.split(x, 3), of_s = g.split(s, 3);
      const auto opened = [&](size_t i) {
        return g.squash("aten::sigmoid", g.pair("aten::add.Tensor", of_s[i], of_x[i]));
      };
      const ValueId reset = opened(0), update = opened(1);
      const ValueId gated = g.pair("aten::mul.Tensor", of_s[2], reset);
      const ValueId fresh = g.squash("aten::tanh", g.pair("aten::add.Tensor", gated, of_x[2]));
      const ValueId change = g.pair("aten::sub.Tensor", hidden.back(), fresh);
      hidden.push_back(
          g.pair("aten::add.Tensor", g.pair("aten::mul.Tensor", change, update), fresh));
    } else {
      const std::string op = "aten::" + cell;
      hidden.push_back(g.squash(op.c_str(), g.pair("aten::add.Tensor", s, x)));
    }
  }

  ValueId joined(std::vector<ValueId> parts) {
    return g.put("aten::cat", {{"tensors", ValueList{std::move(parts)}}, {"dim", int64_t{0}}},
                 {kSteps, kRows, kWidth});
  }
};

TEST(RecurrentLayers, UnrolledStepsAreOneLayerAgain) {
  for (const char* cell : {"lstm", "gru", "tanh", "relu"}) {
    for (const bool back : {false, true}) {
      for (const bool flipped : {false, true}) {
        SCOPED_TRACE(std::string(cell) + (back ? ", back" : "") + (flipped ? ", flipped" : ""));
        Unrolled net(cell, flipped);
        for (int64_t t = 0; t < kSteps; ++t) net.step(back ? kSteps - 1 - t : t);
        std::vector<ValueId> all(net.hidden.begin() + 1, net.hidden.end());
        if (back != flipped) std::reverse(all.begin(), all.end());
        std::vector<ValueId> outputs = {net.joined(all), net.hidden.back(), net.hidden[2]};
        if (net.carry.size() > 1) outputs.push_back(net.carry.back());
        const Program before = net.g.finish(outputs);
        const Program after = recurrent_layers(before);
        EXPECT_EQ(count(after, "maas::recurrent"), 1);
        EXPECT_EQ(count(after, "aten::linear"), 0);
        EXPECT_EQ(count(after, "aten::cat"), 0);
        expect_same(before, after);
      }
    }
  }
}

TEST(RecurrentLayers, StepsWhoseCarryIsReadElsewhereGiveTheSame) {
  Unrolled net("lstm");
  for (int64_t t = 0; t < kSteps; ++t) net.step(t);
  const Program before = net.g.finish({net.hidden.back(), net.carry[2]});
  expect_same(before, recurrent_layers(before));
}

TEST(RecurrentLayers, WhatIsNoLayerStaysAsItIs) {
  for (const char* cell : {"lstm", "gru", "tanh"}) {
    Unrolled skips(cell);  // a step in the middle is left out
    for (const int64_t t : {0, 1, 3, 4}) skips.step(t);
    Program before = skips.g.finish({skips.hidden.back()});
    EXPECT_EQ(count(recurrent_layers(before), "maas::recurrent"), 0) << cell;

    Unrolled changes(cell);  // another weight from the third step on
    for (int64_t t = 0; t < kSteps; ++t) {
      if (t == 2) changes.weight = changes.g.weight({gates_of(cell) * kWidth, kWidth});
      changes.step(t);
    }
    before = changes.g.finish({changes.hidden.back()});
    EXPECT_EQ(count(recurrent_layers(before), "maas::recurrent"), 0) << cell;

    Unrolled forks(cell);  // two go on from one state
    forks.step(0);
    const ValueId fork = forks.hidden.back(), kept = forks.carry.back();
    for (int64_t t = 1; t < kSteps; ++t) forks.step(t);
    forks.hidden.push_back(fork);
    forks.carry.push_back(kept);
    forks.step(1);
    before = forks.g.finish({forks.hidden.back(), forks.hidden[kSteps]});
    expect_same(before, recurrent_layers(before));
  }
}

}  // namespace
}  // namespace maas
