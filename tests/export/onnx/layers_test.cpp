// Each layer: written, read again, verified, and of the same outputs on random inputs.
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>

#include "export/onnx/operator_cases.h"

namespace maas {
namespace {

TEST(OnnxLayers, Windows) {
  const Operand kernel = {"kernel_size", list({2, 2})};
  const Operand ones = {"stride", list({1, 1})};
  const auto conv = [](const Inputs& in, const WindowOptions& options, int64_t size) {
    return in.g.conv2d("conv", in.image(), 4, size, options);
  };
  check(
      {of_image("max_pool2d", {kernel, ones}),
       of_image("max_pool2d", {kernel, ones, {"padding", list({1, 1})}}),
       of_image("avg_pool2d", {kernel, ones}),
       of_image("avg_pool2d",
                {kernel, ones, {"padding", list({1, 1})}, {"count_include_pad", false}}),
       of_image("adaptive_avg_pool2d", {{"output_size", list({1, 1})}}),
       of_image("adaptive_avg_pool2d", {{"output_size", list({1, 3})}}),
       of_image("pixel_shuffle", {{"upscale_factor", int64_t{2}}}),
       {"conv2d", [&](const Inputs& in) { return conv(in, {.stride = 2, .padding = 1}, 3); }},
       {"grouped",
        [&](const Inputs& in) { return conv(in, {.padding = 1, .groups = 4, .bias = false}, 3); }},
       {"same",
        [](const Inputs& in) {
          const Handle w = in.g.parameter("w", at::randn({3, 4, 2, 2}));
          return in.g.call(
              "aten::conv2d.padding",
              {{"input", ref(in.image())}, {"weight", ref(w)}, {"padding", std::string("same")}});
        }},
       {"conv1d",
        [](const Inputs& in) {
          const Handle w = in.g.parameter("w", at::randn({3, 4, 2}));
          return in.g.call("aten::conv1d",
                           {{"input", ref(in.x)}, {"weight", ref(w)}, {"dilation", list({2})}});
        }},
       {"transposed",
        [](const Inputs& in) {
          const Handle w = in.g.parameter("w", at::randn({4, 3, 2, 2}));
          return in.g.call("aten::conv_transpose2d.input", {{"input", ref(in.image())},
                                                            {"weight", ref(w)},
                                                            {"stride", list({2, 2})},
                                                            {"output_padding", list({1, 1})}});
        }},
       {"nearest",
        [](const Inputs& in) {
          return in.g.call("aten::upsample_nearest2d.vec",
                           {{"input", ref(in.image())},
                            {"output_size", None{}},
                            {"scale_factors", std::vector<double>{2, 2}}});
        }},
       {"bilinear", [](const Inputs& in) {
          return in.g.call("aten::upsample_bilinear2d.vec", {{"input", ref(in.image())},
                                                             {"output_size", list({4, 5})},
                                                             {"align_corners", false},
                                                             {"scale_factors", None{}}});
        }}});
}

TEST(OnnxLayers, Norms) {
  check({{"batch_norm", [](const Inputs& in) { return in.g.batch_norm("bn", in.x); }},
         {"layer_norm", [](const Inputs& in) { return in.g.layer_norm("ln", in.x); }},
         {"layer_norm without weights",
          [](const Inputs& in) {
            return in.g.call("aten::layer_norm",
                             {{"input", ref(in.x)}, {"normalized_shape", list({4, 6})}});
          }},
         {"group_norm",
          [](const Inputs& in) {
            const Handle w = in.g.parameter("w", at::rand({4})),
                         b = in.g.parameter("b", at::rand({4}));
            return in.g.call("aten::group_norm", {{"input", ref(in.image())},
                                                  {"num_groups", int64_t{2}},
                                                  {"weight", ref(w)},
                                                  {"bias", ref(b)}});
          }},
         {"prelu", [](const Inputs& in) {
            const Handle w = in.g.parameter("w", at::rand({4}));
            return in.call("aten::prelu", {{"weight", ref(w)}});
          }}});
}

TEST(OnnxLayers, NormsOfWeightsAndDistances) {
  check({{"_weight_norm",
          [](const Inputs& in) {
            const Handle v = in.g.parameter("v", at::randn({3, 6}));
            const Handle g = in.g.parameter("g", at::rand({3, 1}));
            const Handle w = in.g.call("aten::_weight_norm", {{"v", ref(v)}, {"g", ref(g)}});
            return in.g.call("aten::linear", {{"input", ref(in.x)}, {"weight", ref(w)}});
          }},
         {"cdist", [](const Inputs& in) {
            const Handle rows = in.g.parameter("rows", at::randn({7, 6}));
            return in.g.call("aten::cdist", {{"x1", ref(in.x)}, {"x2", ref(rows)}});
          }}});
}

TEST(OnnxLayers, Products) {
  const auto weight = [](const Inputs& in, std::vector<int64_t> sizes) {
    return in.g.parameter("w", at::randn(sizes));
  };
  check({{"linear on rows",
          [](const Inputs& in) { return in.g.linear("fc", in.g.flatten(in.x), 3); }},
         {"linear on more", [](const Inputs& in) { return in.g.linear("fc", in.x, 3); }},
         {"linear without bias",
          [&](const Inputs& in) {
            return in.g.call("aten::linear",
                             {{"input", ref(in.x)}, {"weight", ref(weight(in, {3, 6}))}});
          }},
         {"matmul",
          [&](const Inputs& in) {
            return in.call("aten::matmul", {{"other", ref(weight(in, {6, 3}))}});
          }},
         {"addmm",
          [&](const Inputs& in) {
            const Handle bias = in.g.parameter("b", at::randn({3}));
            return in.g.call("aten::addmm", {{"self", ref(bias)},
                                             {"mat1", ref(in.g.flatten(in.x))},
                                             {"mat2", ref(weight(in, {24, 3}))},
                                             {"beta", 2.0},
                                             {"alpha", 0.5}});
          }},
         {"bmm",
          [](const Inputs& in) {
            const Handle turned =
                in.call("aten::transpose.int", {{"dim0", int64_t{1}}, {"dim1", int64_t{2}}});
            return in.call("aten::bmm", {{"mat2", ref(turned)}});
          }},
         {"einsum", [](const Inputs& in) {
            return in.g.call("aten::einsum", {{"equation", std::string("bij,bkj->bik")},
                                              {"tensors", ValueList{{in.x.id, in.x.id}}}});
          }}});
}

Operands attention(const Inputs& in) {
  const Handle heads = in.g.call("aten::unsqueeze", {{"self", ref(in.x)}, dim(1)});
  return {{"query", ref(heads)}, {"key", ref(heads)}, {"value", ref(heads)}};
}

TEST(OnnxLayers, Attention) {
  const auto add = [](Operands all, const Operand& one) {
    all.push_back(one);
    return all;
  };
  const std::string op = "aten::scaled_dot_product_attention";
  check({{"plain", [&](const Inputs& in) { return in.g.call(op, attention(in)); }},
         {"causal",
          [&](const Inputs& in) {
            return in.g.call(op, add(attention(in), {"is_causal", true}));
          }},
         {"scaled",
          [&](const Inputs& in) {
            return in.g.call(op, add(attention(in), {"scale", 0.3}));
          }},
         {"masked",
          [&](const Inputs& in) {
            const Handle mask =
                in.g.call("aten::slice.Tensor", {{"self", ref(in.b)}, dim(2), {"end", int64_t{4}}});
            const Handle wide = in.g.call("aten::unsqueeze", {{"self", ref(mask)}, dim(1)});
            return in.g.call(op, add(attention(in), {"attn_mask", ref(wide)}));
          }},
         {"shifted", [&](const Inputs& in) {
            const Handle mask = in.call("aten::slice.Tensor", {dim(2), {"end", int64_t{4}}});
            const Handle wide = in.g.call("aten::unsqueeze", {{"self", ref(mask)}, dim(1)});
            return in.g.call(op, add(attention(in), {"attn_mask", ref(wide)}));
          }}});
}

}  // namespace
}  // namespace maas
