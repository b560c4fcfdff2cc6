// ViT-S/16 (Dosovitskiy et al. 2021; the small form of Touvron et al. 2021), with the layers that
// timm's vit_small_patch16_224 has. The size of the images is the data's: a multiple of 16.
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include "base/throw_error.h"
#include "call/convolutions.h"
#include "call/sequence_layers.h"
#include "program/arguments.h"
#include "zoo/build_model.h"

namespace maas {
namespace {

constexpr int64_t kPatch = 16, kWidth = 384, kBlocks = 12, kHeads = 6;
constexpr double kEpsilon = 1e-6;

void check_size(const GraphBuilder& g, Handle x) {
  const std::vector<Dim>& shape = g.shape(x);
  if (shape.size() == 4 && shape[2].size % kPatch == 0 && shape[3].size % kPatch == 0) return;
  throw_usage(g.where(), fmt::format("takes no input of shape {}", to_text(shape)),
              "images whose height and width are multiples of 16",
              "set data.height and data.width, to 224 for instance");
}

// [B, 3, H, W] -> [B, patches, width].
Handle patches_of(GraphBuilder& g, Handle x) {
  x = convolve(g, "patches", x, kWidth, {.kernel = kPatch, .stride = kPatch});
  x = g.call("aten::flatten.using_ints", {{"self", ValueRef{x.id}}, {"start_dim", int64_t{2}}});
  return g.transpose(x, 1, 2);
}

// A learnt step in front of the others: the network answers by it. Added to zeros of the batch's
// size, for nothing else says how large that is.
Handle with_class_step(GraphBuilder& g, Handle x) {
  const Handle first = g.call(
      "aten::slice.Tensor",
      {{"self", ValueRef{x.id}}, {"dim", int64_t{1}}, {"start", int64_t{0}}, {"end", int64_t{1}}});
  const Handle zeros = g.call("aten::zeros_like", {{"self", ValueRef{first.id}}});
  const Handle step = g.normal_parameter("class", {1, 1, kWidth}, 0.02);
  return g.concat({g.add(zeros, step), x}, 1);
}

Handle block_of(GraphBuilder& g, const std::string& name, Handle x) {
  const Handle attended = self_attention(
      g, name + ".attention", g.layer_norm(name + ".norm1", x, kEpsilon), {.heads = kHeads});
  x = g.add(x, attended);
  Handle y = g.linear(name + ".up", g.layer_norm(name + ".norm2", x, kEpsilon), 4 * kWidth);
  y = g.linear(name + ".down", g.activation("gelu", y), kWidth);
  return g.add(x, y);
}

}  // namespace

Handle build_vit_s(GraphBuilder& g, Handle x, const ModelConfig& config, int64_t outputs) {
  check_size(g, x);
  x = learnt_positions(g, "positions", with_class_step(g, patches_of(g, x)));
  x = g.dropout(x, config.dropout);
  for (int64_t block = 0; block < kBlocks; ++block)
    x = block_of(g, fmt::format("block{}", block + 1), x);
  x = g.layer_norm("norm", x, kEpsilon);
  x = g.call("aten::select.int",
             {{"self", ValueRef{x.id}}, {"dim", int64_t{1}}, {"index", int64_t{0}}});
  return g.linear("fc", x, outputs);
}

}  // namespace maas
