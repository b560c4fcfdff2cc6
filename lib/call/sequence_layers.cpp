#include "call/sequence_layers.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <cmath>

#include "base/throw_error.h"
#include "program/arguments.h"

namespace maas {
namespace {

struct Sequence {
  int64_t steps = 0, width = 0;
};

Sequence sequence_of(const GraphBuilder& g, const std::string& name, Handle x) {
  if (g.shape(x).size() != 3) {
    throw_usage(
        g.where(), fmt::format("'{}' takes no input of shape {}", name, to_text(g.shape(x))),
        "a sequence [B, steps, width]",
        "put a reshape in front, such as reshape: [-1, 1], which makes each number of a row "
        "a step; for images reshape: [channels, -1], then transpose");
  }
  return {g.known_dim(x, 1, "'" + name + "'"), g.known_dim(x, 2, "'" + name + "'")};
}

Handle part(GraphBuilder& g, Handle x, int64_t dim, int64_t index) {
  return g.call("aten::select.int", {{"self", ValueRef{x.id}}, {"dim", dim}, {"index", index}});
}

// [count, B, size] of zeros, whatever the batch is: made from x [B, T, W], of whose batch nothing
// else knows.
Handle zero_state(GraphBuilder& g, Handle x, int64_t count, int64_t size) {
  const Handle row = part(g, x, 1, 0);
  const Handle column = g.call("aten::slice.Tensor", {{"self", ValueRef{row.id}},
                                                      {"dim", int64_t{1}},
                                                      {"start", int64_t{0}},
                                                      {"end", int64_t{1}}});
  const Handle zeros = g.call("aten::zeros_like", {{"self", ValueRef{column.id}}});
  return g.call("aten::expand",
                {{"self", ValueRef{zeros.id}}, {"size", int_list({count, -1, size})}});
}

ValueList recurrent_weights(GraphBuilder& g, const std::string& name, int64_t inputs,
                            const RecurrentOptions& options) {
  const int64_t gates = (options.kind == "lstm" ? 4 : 3) * options.size;
  const int64_t directions = options.bidirectional ? 2 : 1;
  const double bound = 1 / std::sqrt(static_cast<double>(options.size));
  ValueList weights;
  for (int64_t layer = 0; layer < options.layers; ++layer) {
    const int64_t width = layer == 0 ? inputs : directions * options.size;
    for (int64_t direction = 0; direction < directions; ++direction) {
      const std::string ending = fmt::format("l{}{}", layer, direction == 1 ? "_reverse" : "");
      const auto weight = [&](const char* what, const std::vector<int64_t>& sizes) {
        weights.ids.push_back(
            g.uniform_parameter(fmt::format("{}.{}_{}", name, what, ending), sizes, bound).id);
      };
      weight("weight_ih", {gates, width});
      weight("weight_hh", {gates, options.size});
      weight("bias_ih", {gates});
      weight("bias_hh", {gates});
    }
  }
  return weights;
}

}  // namespace

Handle recurrent(GraphBuilder& g, const std::string& name, Handle x,
                 const RecurrentOptions& options) {
  const Sequence sequence = sequence_of(g, name, x);
  const int64_t directions = options.bidirectional ? 2 : 1;
  const ValueList weights = recurrent_weights(g, name, sequence.width, options);
  const Handle start = zero_state(g, x, options.layers * directions, options.size);
  const bool lstm = options.kind == "lstm";
  const Argument state = lstm ? Argument{ValueList{{start.id, start.id}}} : ValueRef{start.id};
  const std::vector<Handle> made = g.call_many("aten::" + options.kind + ".input",
                                               {{"input", ValueRef{x.id}},
                                                {"hx", state},
                                                {"params", weights},
                                                {"has_biases", true},
                                                {"num_layers", options.layers},
                                                {"dropout", 0.0},
                                                {"train", false},
                                                {"bidirectional", options.bidirectional},
                                                {"batch_first", true}},
                                               lstm ? 3 : 2);
  if (options.all_steps) return made[0];
  const int64_t states = options.layers * directions;
  const Handle forward = part(g, made[1], 0, states - directions);
  if (!options.bidirectional) return forward;
  return g.concat({forward, part(g, made[1], 0, states - 1)}, 1);
}

Handle self_attention(GraphBuilder& g, const std::string& name, Handle x,
                      const AttentionOptions& options) {
  const int64_t heads = options.heads;
  const auto [steps, width] = sequence_of(g, name, x);
  if (width % heads != 0) {
    throw_usage(g.where(), fmt::format("'{}' has {} heads for a width of {}", name, heads, width),
                "a width that is a multiple of the heads", "choose another number of heads");
  }
  const double bound = std::sqrt(6.0 / static_cast<double>(4 * width));  // Glorot and Bengio 2010
  const Handle weight = g.uniform_parameter(name + ".in_proj_weight", {3 * width, width}, bound);
  const Handle bias = g.parameter(name + ".in_proj_bias", at::zeros({3 * width}));
  const Handle projected = g.call(
      "aten::linear",
      {{"input", ValueRef{x.id}}, {"weight", ValueRef{weight.id}}, {"bias", ValueRef{bias.id}}});
  const Handle split =
      g.permute(g.reshape(projected, {-1, steps, 3, heads, width / heads}), {2, 0, 3, 1, 4});
  const Handle attended =
      g.call("aten::scaled_dot_product_attention", {{"query", ValueRef{part(g, split, 0, 0).id}},
                                                    {"key", ValueRef{part(g, split, 0, 1).id}},
                                                    {"value", ValueRef{part(g, split, 0, 2).id}},
                                                    {"attn_mask", None{}},
                                                    {"dropout_p", 0.0},
                                                    {"is_causal", options.causal}});
  const Handle turned = g.transpose(attended, 1, 2);
  const double out_bound = 1 / std::sqrt(static_cast<double>(width));
  const Handle out = g.uniform_parameter(name + ".out_proj.weight", {width, width}, out_bound);
  const Handle out_bias = g.parameter(name + ".out_proj.bias", at::zeros({width}));
  return g.call("aten::linear", {{"input", ValueRef{g.reshape(turned, {-1, steps, width}).id}},
                                 {"weight", ValueRef{out.id}},
                                 {"bias", ValueRef{out_bias.id}}});
}

Handle sine_positions(GraphBuilder& g, const std::string& name, Handle x) {
  const auto [steps, width] = sequence_of(g, name, x);
  const at::Tensor table = at::empty({steps, width});
  auto* values = table.mutable_data_ptr<float>();
  for (int64_t step = 0; step < steps; ++step) {
    for (int64_t i = 0; i < width; ++i) {
      const double even = static_cast<double>(i - i % 2) / static_cast<double>(width);
      const double angle = static_cast<double>(step) / std::pow(10'000.0, even);
      values[step * width + i] = static_cast<float>(i % 2 == 0 ? std::sin(angle) : std::cos(angle));
    }
  }
  return g.add(x, g.buffer(name + ".table", table));
}

Handle learnt_positions(GraphBuilder& g, const std::string& name, Handle x) {
  const auto [steps, width] = sequence_of(g, name, x);
  return g.add(x, g.normal_parameter(name + ".weight", {steps, width}, 0.02));
}

}  // namespace maas
