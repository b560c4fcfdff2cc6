// Each operator: written, read again, verified, and of the same outputs on random inputs.
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>

#include "export/onnx/operator_cases.h"

namespace maas {
namespace {

TEST(OnnxOperators, Functions) {
  check({unary("abs"),
         unary("neg"),
         unary("exp"),
         of_positive("log"),
         of_positive("sqrt"),
         unary("sin"),
         unary("cos"),
         unary("tan"),
         unary("tanh"),
         unary("erf"),
         unary("floor"),
         unary("ceil"),
         unary("round"),
         unary("sign"),
         of_positive("reciprocal"),
         unary("relu"),
         unary("sigmoid"),
         unary("isnan"),
         unary("isinf"),
         unary("atan"),
         unary("sinh"),
         unary("cosh"),
         of_positive("rsqrt"),
         of_positive("log1p"),
         unary("expm1"),
         unary("square"),
         unary("gelu"),
         with("gelu", {{"approximate", std::string("tanh")}}),
         unary("silu"),
         unary("mish"),
         unary("relu6"),
         unary("hardtanh"),
         unary("hardswish"),
         unary("hardsigmoid"),
         unary("leaky_relu"),
         with("leaky_relu", {{"negative_slope", 0.3}}),
         unary("elu"),
         unary("selu"),
         with("celu", {{"alpha", 0.7}}),
         unary("softplus"),
         with("softplus", {{"beta", 2.0}}),
         unary("log_sigmoid"),
         with("softmax.int", {dim(1)}),
         with("log_softmax.int", {dim(-1)}),
         with("glu", {dim(-1)}),
         unary("contiguous"),
         unary("clone"),
         unary("detach")});
}

TEST(OnnxOperators, Arithmetic) {
  check({with_other("add.Tensor"),
         with_other("sub.Tensor"),
         with_other("mul.Tensor"),
         with_other("div.Tensor"),
         with_other("maximum"),
         with_other("minimum"),
         with_other("fmod.Tensor"),
         with("add.Scalar", {{"other", 2.0}}),
         with("sub.Scalar", {{"other", 2.0}, {"alpha", 3.0}}),
         with("mul.Scalar", {{"other", 2.0}}),
         with("div.Scalar", {{"other", 3.0}}),
         with("rsub.Scalar", {{"other", 2.0}}),
         with("mul.Tensor", {{"other", int64_t{3}}}),
         with("div.Tensor_mode", {{"other", 0.7}, {"rounding_mode", std::string("floor")}}),
         with("pow.Tensor_Scalar", {{"exponent", int64_t{2}}}),
         with("pow.Tensor_Scalar", {{"exponent", int64_t{3}}}),
         with("clamp", {{"min", -0.5}, {"max", 0.5}}),
         with("clamp", {{"max", 0.5}}),
         with("clamp_min", {{"min", 0.1}}),
         with("clamp_max", {{"max", 0.1}}),
         {"integers",
          [](const Inputs& in) {
            const Handle two =
                in.g.call("aten::mul.Scalar", {{"self", ref(in.i)}, {"other", int64_t{2}}});
            return in.g.call("aten::add.Tensor", {{"self", ref(two)}, {"other", ref(in.i)}});
          }},
         {"integers and floats", [](const Inputs& in) {
            const Handle wide = in.g.call("aten::unsqueeze", {{"self", ref(in.i)}, dim(-1)});
            return in.g.call("aten::add.Tensor",
                             {{"self", ref(wide)}, {"other", ref(in.x)}, {"alpha", 2.0}});
          }}});
}

TEST(OnnxOperators, ComparisonsChoicesAndConversions) {
  const Argument half = 0.5;
  check(
      {with("eq.Scalar", {{"other", 0.0}}),
       with("ne.Scalar", {{"other", 0.0}}),
       with("lt.Scalar", {{"other", half}}),
       with("le.Scalar", {{"other", half}}),
       with("gt.Scalar", {{"other", half}}),
       with("ge.Scalar", {{"other", half}}),
       with_other("lt.Tensor"),
       with_other("eq.Tensor"),
       of_truth("logical_not", {}),
       of_truth("bitwise_not", {}),
       of_truth("to.dtype", {{"dtype", at::kFloat}}),
       with("to.dtype", {{"dtype", at::kLong}}),
       with("to.dtype", {{"dtype", at::kDouble}}),
       {"logical_and",
        [](const Inputs& in) {
          const Handle other = in.call("aten::lt.Scalar", {{"other", 1.0}});
          return in.g.call("aten::logical_and", {{"self", ref(in.b)}, {"other", ref(other)}});
        }},
       {"bitwise_or",
        [](const Inputs& in) {
          const Handle other = in.call("aten::lt.Scalar", {{"other", -1.0}});
          return in.g.call("aten::bitwise_or.Tensor", {{"self", ref(in.b)}, {"other", ref(other)}});
        }},
       {"where",
        [](const Inputs& in) {
          return in.g.call(
              "aten::where.self",
              {{"condition", ref(in.b)}, {"self", ref(in.x)}, {"other", ref(in.positive())}});
        }},
       {"masked_fill", [](const Inputs& in) {
          return in.call("aten::masked_fill.Scalar", {{"mask", ref(in.b)}, {"value", -2.0}});
        }}});
}

TEST(OnnxOperators, Reductions) {
  const Operand keep = {"keepdim", true};
  check({with("mean.dim", {{"dim", list({-1})}}),
         with("mean.dim", {{"dim", list({1, 2})}, keep}),
         with("sum.dim_IntList", {{"dim", list({1})}}),
         with("amax", {{"dim", list({-1})}, keep}),
         with("amin", {{"dim", list({1})}}),
         with("prod.dim_int", {dim(1)}),
         with("logsumexp", {{"dim", list({-1})}}),
         with("argmax", {dim(-1)}),
         with("argmin", {dim(1), keep}),
         with("cumsum", {dim(1)}),
         of_truth("any.dim", {dim(-1)}),
         of_truth("all.dim", {dim(1), keep}),
         with("linalg_vector_norm", {{"ord", 2.0}, {"dim", list({-1})}}),
         with("var.correction", {{"dim", list({-1})}, {"correction", int64_t{1}}, keep}),
         with("max.dim", {dim(-1)}),
         with("topk", {{"k", int64_t{2}}, dim(-1)}),
         {"sum of integers", [](const Inputs& in) {
            return in.g.call("aten::sum.dim_IntList", {{"self", ref(in.i)}, {"dim", list({-1})}});
          }}});
}

TEST(OnnxOperators, Shapes) {
  check(
      {with("reshape", {{"shape", list({-1, 24})}}),
       with("view", {{"size", list({-1, 2, 12})}}),
       with("flatten.using_ints", {{"start_dim", int64_t{1}}}),
       with("flatten.using_ints", {{"start_dim", int64_t{0}}, {"end_dim", int64_t{1}}}),
       with("unflatten.int", {dim(2), {"sizes", list({2, 3})}}),
       with("permute", {{"dims", list({2, 0, -2})}}),
       with("transpose.int", {{"dim0", int64_t{-1}}, {"dim1", int64_t{1}}}),
       with("unsqueeze", {dim(-1)}),
       with("repeat", {{"repeats", list({2, 1, 1, 3})}}),
       with("flip", {{"dims", list({1, -1})}}),
       with("roll", {{"shifts", list({1, -2})}, {"dims", list({1, 2})}}),
       with("constant_pad_nd", {{"pad", list({1, 2})}, {"value", 0.5}}),
       with("pad", {{"pad", list({1, 2})}, {"mode", std::string("reflect")}}),
       with("pad", {{"pad", list({1, 2})}, {"mode", std::string("replicate")}}),
       with("slice.Tensor", {dim(1), {"start", int64_t{1}}, {"end", int64_t{-1}}}),
       with("slice.Tensor",
            {dim(2), {"start", None{}}, {"end", int64_t{99}}, {"step", int64_t{2}}}),
       with("select.int", {dim(1), {"index", int64_t{-1}}}),
       with("tril", {{"diagonal", int64_t{1}}}),
       with("triu", {}),
       of_truth("tril", {}),
       with("diff", {dim(-1)}),
       {"squeeze",
        [](const Inputs& in) {
          const Handle wide = in.call("aten::unsqueeze", {dim(1)});
          return in.g.call("aten::squeeze.dim", {{"self", ref(wide)}, dim(1)});
        }},
       {"cat",
        [](const Inputs& in) {
          return in.g.concat({in.x, in.positive(), in.x}, 1);
        }},
       {"stack",
        [](const Inputs& in) {
          return in.g.call("aten::stack",
                           {{"tensors", ValueList{{in.x.id, in.positive().id}}}, dim(1)});
        }},
       {"expand", [](const Inputs& in) {
          const Handle wide = in.call("aten::unsqueeze", {dim(2)});
          return in.g.call("aten::expand", {{"self", ref(wide)}, {"size", list({-1, -1, 3, -1})}});
        }}});
}

TEST(OnnxOperators, ElementsByPlace) {
  const auto table = [](const Inputs& in) { return in.g.parameter("table", at::randn({3, 5})); };
  check(
      {{"embedding",
        [&](const Inputs& in) {
          return in.g.call("aten::embedding", {{"weight", ref(table(in))}, {"indices", ref(in.i)}});
        }},
       {"one_hot",
        [](const Inputs& in) {
          return in.g.call("aten::one_hot", {{"self", ref(in.i)}, {"num_classes", int64_t{4}}});
        }},
       {"gather",
        [](const Inputs& in) {
          const Handle wide = in.g.call("aten::unsqueeze", {{"self", ref(in.i)}, dim(-1)});
          return in.call("aten::gather", {dim(2), {"index", ref(wide)}});
        }},
       {"index of one dimension",
        [&](const Inputs& in) {
          return in.g.call(
              "aten::index.Tensor",
              {{"self", ref(table(in))}, {"indices", ValueList{{kNoValue, in.i.id}, true}}});
        }},
       {"index of two", [&](const Inputs& in) {
          return in.g.call(
              "aten::index.Tensor",
              {{"self", ref(table(in))}, {"indices", ValueList{{in.i.id, in.i.id}, true}}});
        }}});
}

TEST(OnnxOperators, NewTensors) {
  check({unary("zeros_like"),
         unary("ones_like"),
         with("full_like", {{"fill_value", 2.5}}),
         {"constants", [](const Inputs& in) {
            const Handle ones =
                in.g.call("aten::full", {{"size", list({4, 6})}, {"fill_value", 1.5}});
            const Handle steps =
                in.g.call("aten::arange.start_step",
                          {{"start", int64_t{0}}, {"end", int64_t{12}}, {"step", int64_t{2}}});
            const Handle sum =
                in.g.call("aten::add.Tensor", {{"self", ref(ones)}, {"other", ref(steps)}});
            return in.call("aten::add.Tensor", {{"other", ref(sum)}});
          }}});
}

}  // namespace
}  // namespace maas
