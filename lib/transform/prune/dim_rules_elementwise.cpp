// Operators that work element by element, or along dimensions that hold no units.
#include <algorithm>

#include "program/arguments.h"
#include "transform/prune/dim_rule.h"

namespace maas {
namespace {

constexpr const char* kElementwise =
    "relu relu6 gelu silu mish sigmoid tanh hardtanh hardswish hardsigmoid hardshrink softshrink "
    "leaky_relu elu selu celu rrelu softplus log_sigmoid threshold _prelu_kernel "
    "add sub mul div rsub pow float_power remainder fmod floor_divide true_divide divide multiply "
    "subtract neg negative positive abs absolute sign sgn exp exp2 expm1 log log2 log10 log1p sqrt "
    "rsqrt square reciprocal sin cos tan asin acos atan atan2 sinh cosh asinh acosh atanh erf erfc "
    "erfinv ceil floor round trunc frac clamp clamp_min clamp_max clip maximum minimum fmax fmin "
    "lerp addcmul addcdiv nan_to_num logaddexp xlogy hypot logit special_expit "
    "eq ne lt le gt ge equal logical_and logical_or logical_xor logical_not bitwise_and bitwise_or "
    "bitwise_xor bitwise_not isnan isinf isfinite where masked_fill "
    "dropout native_dropout feature_dropout alpha_dropout feature_alpha_dropout bernoulli "
    "to _to_copy clone contiguous detach detach_copy alias alias_copy lift_fresh lift_fresh_copy "
    "float double half bfloat16 long int type_as "
    "zeros_like ones_like full_like rand_like randn_like empty_like expand_as broadcast_tensors";

bool elementwise(NodeDims& d) {
  const ValueId y = d.result();
  if (y == kNoValue || d.results().size() > 2) return false;
  if (d.node().op == "aten::type_as") d.leave(d.operand("other"));
  for (const ValueId id : d.operands()) {
    if (d.node().op == "aten::type_as" && id == d.operand("other")) continue;
    d.tie_broadcast(id, y);
  }
  for (const ValueId id : d.results()) d.tie_all(id, y);  // a mask
  return true;
}

bool prelu(NodeDims& d) {
  const ValueId x = d.operand("self"), weight = d.operand("weight");
  if (x == kNoValue || weight == kNoValue) return false;
  d.tie_all(x, d.result());
  if (d.size(weight, 0) > 1) d.tie(weight, 0, x, 1);
  return true;
}

// All dimensions but those in `dims`, in equal order; `kept`: the result has those, too.
void tie_others(NodeDims& d, ValueId x, ValueId y, std::vector<int64_t> dims, bool kept) {
  for (int64_t& dim : dims) dim = dim < 0 ? dim + d.rank(x) : dim;
  int64_t to = 0;
  for (int64_t from = 0; from < d.rank(x); ++from) {
    const bool is_out = std::find(dims.begin(), dims.end(), from) != dims.end();
    if (!is_out && to < d.rank(y)) d.tie(x, from, y, to);
    to += !is_out || kept ? 1 : 0;
  }
}

bool along_dim(NodeDims& d) {
  const ValueId x = d.operand("self");
  const Argument* dim = d.node().find("dim");
  if (x == kNoValue || dim == nullptr || !std::holds_alternative<int64_t>(*dim)) return false;
  for (const ValueId y : d.results()) tie_others(d, x, y, {std::get<int64_t>(*dim)}, true);
  return true;
}

bool reduction(NodeDims& d) {
  const ValueId x = d.operand("self");
  const auto dims = integers_of(d.node(), "dim", {});
  if (x == kNoValue || !dims) return false;
  if (dims->empty()) return true;  // over everything
  for (const ValueId y : d.results()) {
    tie_others(d, x, y, *dims, flag_of(d.node(), "keepdim", false));
  }
  return true;
}

// One half times the sigmoid of the other.
bool glu(NodeDims& d) {
  const ValueId x = d.operand("self"), y = d.result();
  const int64_t named = integer_of(d.node(), "dim", -1);
  const int64_t dim = named < 0 ? named + d.rank(x) : named, half = d.size(y, dim);
  if (x == kNoValue || half == 0) return false;
  tie_others(d, x, y, {dim}, true);
  for (const int64_t start : {int64_t{0}, half}) {
    d.tie_mapped({y, dim}, {x, dim}, half, [=](int64_t i) { return std::pair(i, start + i); });
  }
  return true;
}

// The last `windows` dimensions are positions.
void window(NodeDims& d, ValueId x, ValueId y, int64_t windows) {
  const int64_t leading = d.rank(x) - windows;
  d.tie_leading(x, y, leading);
  for (int64_t i = leading; i < d.rank(x); ++i) d.position(x, i), d.position(y, i);
}

bool pooling(NodeDims& d) {
  const ValueId x = d.operand(d.node().find("input") != nullptr ? "input" : "self");  // .vec
  const std::string& op = d.node().op;
  const size_t digit = op.find_first_of("123");
  if (x == kNoValue || digit == std::string::npos) return false;
  const int64_t windows = op[digit] - '0';
  if (d.rank(x) <= windows) return false;
  for (const ValueId y : d.results()) window(d, x, y, windows);
  return true;
}

}  // namespace

std::vector<DimRuleRow> elementwise_dim_rules() {
  return {
      {kElementwise, {elementwise}},
      {"prelu", {prelu}},
      {"softmax _softmax _safe_softmax log_softmax _log_softmax cumsum cumprod", {along_dim}},
      {"mean sum amax amin max min argmax argmin any all var std logsumexp prod", {reduction}},
      {"glu", {glu}},
      {"max_pool1d max_pool2d max_pool3d max_pool1d_with_indices max_pool2d_with_indices "
       "max_pool3d_with_indices avg_pool1d avg_pool2d avg_pool3d adaptive_avg_pool1d "
       "adaptive_avg_pool2d adaptive_avg_pool3d _adaptive_avg_pool2d _adaptive_avg_pool3d "
       "adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d upsample_nearest1d "
       "upsample_nearest2d upsample_nearest3d _upsample_nearest_exact1d _upsample_nearest_exact2d "
       "_upsample_nearest_exact3d upsample_linear1d upsample_bilinear2d upsample_bicubic2d "
       "_upsample_bilinear2d_aa _upsample_bicubic2d_aa",
       {pooling}},
  };
}

}  // namespace maas
