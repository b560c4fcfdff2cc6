// Networks in the small, one for each way in which dimensions hang together. Images are [B, 3, 8,
// 8], sequences [B, 5, 16]; the first output has 3 numbers a sample unless it says otherwise.
#pragma once

#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include <string>
#include <vector>

#include "transform/prune/equivalence.h"

namespace maas {

inline const at::Tensor& picture_batch() {
  static const at::Tensor batch = at::randn({2, 3, 8, 8}, make_generator(3));
  return batch;
}
inline const at::Tensor& sequence_batch() {
  static const at::Tensor batch = at::randn({2, 5, 16}, make_generator(4));
  return batch;
}

inline Handle picture_input(GraphBuilder& g) { return g.input("x", {3, 8, 8}, at::kFloat); }
inline Handle sequence_input(GraphBuilder& g) { return g.input("x", {5, 16}, at::kFloat); }

inline Program classified(GraphBuilder& g, Handle x) {
  return g.finish({{"logits", g.linear("fc", g.flatten(g.global_avg_pool(x)), 3)}});
}

inline Handle sized(GraphBuilder& g, const std::string& op, Handle x, const char* name,
                    const std::vector<int64_t>& numbers) {
  IntList list;
  for (const int64_t number : numbers) list.items.push_back({number, kNoValue});
  return g.call(op, {{"self", ValueRef{x.id}}, {name, list}});
}

inline Handle transposed(GraphBuilder& g, Handle x, int64_t a, int64_t b) {
  return g.call("aten::transpose.int", {{"self", ValueRef{x.id}}, {"dim0", a}, {"dim1", b}});
}

// Depthwise, then 1x1 (MobileNet, Howard et al. 2017).
inline Program depthwise_separable() {
  GraphBuilder g("test", 1);
  Handle x = g.relu(g.batch_norm("bn0", g.conv2d("stem", picture_input(g), 12, 3, {.padding = 1})));
  x = g.conv2d("depthwise", x, 12, 3, {.padding = 1, .groups = 12, .bias = false});
  x = g.activation("hardswish", g.batch_norm("bn1", x));
  return classified(g, g.relu(g.batch_norm("bn2", g.conv2d("pointwise", x, 18, 1, {}))));
}

// Four groups of two inputs and three outputs (ResNeXt, Xie et al. 2017).
inline Program grouped_convolutions() {
  GraphBuilder g("test", 1);
  Handle x = g.relu(g.conv2d("reduce", picture_input(g), 8, 1, {}));
  x = g.relu(g.conv2d("inner", x, 12, 3, {.padding = 1, .groups = 4}));
  return classified(g, g.relu(g.conv2d("widen", x, 10, 1, {})));
}

inline Program group_norms() {
  GraphBuilder g("test", 1);
  Handle x = g.conv2d("conv1", picture_input(g), 12, 3, {.padding = 1});
  const Handle gain = g.parameter("norm.weight", at::rand({12}, make_generator(1)));
  const Handle shift = g.parameter("norm.bias", at::rand({12}, make_generator(2)));
  x = g.call("aten::group_norm", {{"input", ValueRef{x.id}},
                                  {"num_groups", int64_t{4}},
                                  {"weight", ValueRef{gain.id}},
                                  {"bias", ValueRef{shift.id}}});
  return classified(g, g.relu(g.conv2d("conv2", g.relu(x), 9, 3, {})));
}

// Every layer sees all before it (DenseNet, Huang et al. 2017), pooled as in Inception.
inline Program dense_block() {
  GraphBuilder g("test", 1);
  const Handle x = picture_input(g);
  const Handle a = g.relu(g.conv2d("a", x, 9, 3, {.padding = 1}));
  const Handle b = g.relu(g.conv2d("b", g.concat({x, a}, 1), 6, 3, {.padding = 1}));
  return g.finish({{"logits", g.linear("head", g.flatten(g.concat({a, b}, 1)), 3)}});
}

// A gate for each channel from their means (Hu et al. 2018), and a residual product and sum.
inline Program squeeze_excite() {
  GraphBuilder g("test", 1);
  Handle x = g.relu(g.conv2d("stem", picture_input(g), 12, 3, {.padding = 1}));
  Handle gate = g.call("aten::mean.dim",
                       {{"self", ValueRef{x.id}}, {"dim", IntList{{{2}, {3}}}}, {"keepdim", true}});
  gate = g.relu(g.conv2d("squeeze", gate, 6, 1, {}));
  gate = g.activation("hardsigmoid", g.conv2d("excite", gate, 12, 1, {}));
  const Handle gated =
      g.call("aten::mul.Tensor", {{"self", ValueRef{x.id}}, {"other", ValueRef{gate.id}}});
  return classified(g, g.add(x, gated));
}

// Skips, a transposed convolution, resizing, a slice (Ronneberger et al. 2015). [B, 2, 8, 8].
inline Program u_net() {
  GraphBuilder g("test", 1);
  const Handle outer = g.relu(g.conv2d("outer", picture_input(g), 6, 3, {.padding = 1}));
  const Handle inner =
      g.relu(g.conv2d("inner", g.max_pool2d(outer, 2, 2, 0), 12, 3, {.padding = 1}));
  const Handle weight = g.parameter("up.weight", at::randn({12, 9, 2, 2}, make_generator(1)));
  const Handle bias = g.parameter("up.bias", at::randn({9}, make_generator(2)));
  const Handle up = g.call("aten::conv_transpose2d.input", {{"input", ValueRef{inner.id}},
                                                            {"weight", ValueRef{weight.id}},
                                                            {"bias", ValueRef{bias.id}},
                                                            {"stride", IntList{{{2}, {2}}}}});
  Handle part = g.call("aten::slice.Tensor", {{"self", ValueRef{inner.id}},
                                              {"dim", int64_t{1}},
                                              {"start", int64_t{3}},
                                              {"end", int64_t{9}}});
  part = g.call("aten::upsample_nearest2d",
                {{"self", ValueRef{part.id}}, {"output_size", IntList{{{8}, {8}}}}});
  return g.finish({{"mask", g.conv2d("out", g.concat({outer, up, part}, 1), 2, 1, {})}});
}

// [B, 5, heads * 4] -> [B, heads, 5, 4]
inline Handle in_heads(GraphBuilder& g, Handle x) {
  return transposed(g, sized(g, "aten::view", x, "size", {-1, 5, 4, 4}), 1, 2);
}

inline Handle attended(GraphBuilder& g, Handle q, Handle k, Handle v) {
  const Handle y =
      g.call("aten::scaled_dot_product_attention",
             {{"query", ValueRef{q.id}}, {"key", ValueRef{k.id}}, {"value", ValueRef{v.id}}});
  return sized(g, "aten::reshape", transposed(g, y, 1, 2), "shape", {-1, 5, 16});
}

// Norm first, four heads, an MLP, the mean over positions; the residual width reaches the output
// through a product, so that only its norm is computed across it.
inline Program transformer_block() {
  GraphBuilder g("test", 1);
  Handle x = sequence_input(g);
  const Handle y = g.layer_norm("norm1", x);
  const Handle heads =
      attended(g, in_heads(g, g.linear("q", y, 16)), in_heads(g, g.linear("k", y, 16)),
               in_heads(g, g.linear("v", y, 16)));
  x = g.add(x, g.linear("out", heads, 16));
  const Handle hidden = g.activation("gelu", g.linear("up", g.layer_norm("norm2", x), 32));
  x = g.add(x, g.linear("down", hidden, 16));
  x = g.call("aten::mean.dim", {{"self", ValueRef{x.id}}, {"dim", IntList{{{1}}}}});
  return g.finish({{"logits", g.linear("fc", x, 3)}});
}

// Queries, keys and values from one projection: [B, 5, 3, heads, 4], split by select.
inline Program packed_attention() {
  GraphBuilder g("test", 1);
  Handle x =
      sized(g, "aten::view", g.linear("qkv", sequence_input(g), 48), "size", {-1, 5, 3, 4, 4});
  x = sized(g, "aten::permute", x, "dims", {2, 0, 3, 1, 4});
  const auto part = [&](int64_t i) {
    return g.call("aten::select.int",
                  {{"self", ValueRef{x.id}}, {"dim", int64_t{0}}, {"index", i}});
  };
  const Handle y = attended(g, part(0), part(1), part(2));
  const Handle mean = g.call(
      "aten::mean.dim", {{"self", ValueRef{g.linear("out", y, 16).id}}, {"dim", IntList{{{1}}}}});
  return g.finish({{"logits", g.linear("fc", mean, 3)}});
}

// Two halves of a projection, one the gate of the other, by chunk's parts.
inline Program gated_halves() {
  GraphBuilder g("test", 1);
  const Handle x = g.linear("both", sequence_input(g), 24);
  const auto half = [&](int64_t start) {
    return g.call("aten::narrow", {{"self", ValueRef{x.id}},
                                   {"dim", int64_t{-1}},
                                   {"start", start},
                                   {"length", int64_t{12}}});
  };
  const Handle a = g.activation("silu", half(0)), b = half(12);
  const Handle y =
      g.call("aten::mul.Tensor", {{"self", ValueRef{a.id}}, {"other", ValueRef{b.id}}});
  return g.finish(
      {{"logits",
        g.linear("fc", g.call("aten::glu", {{"self", ValueRef{g.linear("glu", y, 18).id}}}), 3)}});
}

// What run_decompositions() leaves of layers: convolution, native norms, permute, addmm, expand.
inline Program decomposed_network() {
  GraphBuilder g("test", 1);
  const auto pair = [](int64_t n) { return IntList{{{n}, {n}}}; };
  const auto weight = [&](const std::string& name, const std::vector<int64_t>& sizes) {
    return ValueRef{g.parameter(name, at::randn(sizes, make_generator(sizes[0]))).id};
  };
  Handle x = g.call("aten::convolution", {{"input", ValueRef{picture_input(g).id}},
                                          {"weight", weight("conv.weight", {12, 3, 3, 3})},
                                          {"bias", None{}},
                                          {"stride", pair(1)},
                                          {"padding", pair(1)},
                                          {"dilation", pair(1)},
                                          {"transposed", false},
                                          {"output_padding", pair(0)},
                                          {"groups", int64_t{1}}});
  const Handle mean = g.buffer("norm.running_mean", at::zeros({12})),
               variance = g.buffer("norm.running_var", at::ones({12}));
  x = g.call_many("aten::_native_batch_norm_legit_no_training",
                  {{"input", ValueRef{x.id}},
                   {"weight", weight("norm.weight", {12})},
                   {"bias", weight("norm.bias", {12})},
                   {"running_mean", ValueRef{mean.id}},
                   {"running_var", ValueRef{variance.id}},
                   {"momentum", 0.1},
                   {"eps", 1e-5}},
                  3)[0];
  x = g.call_many("aten::max_pool2d_with_indices",
                  {{"self", ValueRef{g.relu(x).id}}, {"kernel_size", pair(2)}, {"stride", pair(2)}},
                  2)[0];
  x = sized(g, "aten::view", x, "size", {-1, 192});
  const auto addmm = [&](const std::string& name, Handle from, int64_t in, int64_t out) {
    const ValueRef matrix = weight(name + ".weight", {out, in}),
                   bias = weight(name + ".bias", {out});
    const Handle turned =
        g.call("aten::permute", {{"self", matrix}, {"dims", IntList{{{1}, {0}}}}});
    return g.call("aten::addmm",
                  {{"self", bias}, {"mat1", ValueRef{from.id}}, {"mat2", ValueRef{turned.id}}});
  };
  x = g.activation("gelu", addmm("up", x, 192, 24));
  return g.finish({{"logits", addmm("down", x, 24, 3)}});
}

}  // namespace maas
