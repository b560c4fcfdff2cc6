// Layers with weights, and products of tensors.
#include "program/arguments.h"
#include "program/operators.h"
#include "transform/prune/dim_rule.h"

namespace maas {
namespace {

bool linear(NodeDims& d) {
  const ValueId x = d.operand("input"), weight = d.operand("weight"), y = d.result();
  if (x == kNoValue || weight == kNoValue || d.rank(weight) != 2) return false;
  d.tie(x, -1, weight, 1);
  d.tie(y, -1, weight, 0);
  d.tie(d.operand("bias"), 0, y, -1);
  d.tie_leading(x, y, d.rank(x) - 1);
  return true;
}

bool is_transposed(const Node& node) {
  return node.op.find("conv_transpose") != std::string::npos || flag_of(node, "transposed", false);
}

// Group by group: all inputs and outputs of one go together, so that all groups stay equally wide.
void tie_conv_groups(NodeDims& d, ValueId x, ValueId y, int64_t channel) {
  const int64_t groups = integer_of(d.node(), "groups", 1);
  const int64_t inputs = d.size(x, channel), outputs = d.size(y, channel);
  if (inputs == 0 || outputs == 0) return;
  const int64_t wide_in = inputs / groups, wide_out = outputs / groups;
  d.tie_runs(x, channel, wide_in);
  d.tie_runs(y, channel, wide_out);
  d.tie_mapped({x, channel}, {y, channel}, groups,
               [=](int64_t g) { return std::pair(g * wide_in, g * wide_out); });
}

bool convolution(NodeDims& d) {
  const ValueId x = d.operand("input"), weight = d.operand("weight"), y = d.result();
  if (x == kNoValue || weight == kNoValue || d.rank(x) < d.rank(weight) - 1) return false;
  const int64_t windows = d.rank(weight) - 2, channel = d.rank(x) - windows - 1;
  const bool transposed = is_transposed(d.node());
  const ValueId first = transposed ? x : y, second = transposed ? y : x;
  d.tie(weight, 0, first, channel);
  if (integer_of(d.node(), "groups", 1) == 1) {
    d.tie(weight, 1, second, channel);
  } else {
    tie_conv_groups(d, x, y, channel);
    d.position(weight, 1);
  }
  d.tie(d.operand("bias"), 0, y, channel);
  d.tie_leading(x, y, channel);
  for (int64_t back = 1; back <= windows; ++back) {
    for (const ValueId id : {weight, x, y}) d.position(id, -back);
  }
  return true;
}

void shrink_convolution(NodeShrink& s) {
  const ValueId x = s.operand("input");
  const int64_t groups = integer_of(s.node(), "groups", 1);
  const int64_t channel = s.rank(x) - s.rank(s.operand("weight")) + 1;
  if (groups == 1 || !s.has_shrunk(x, channel)) return;
  s.node().set("groups", groups * s.size_after(x, channel) / s.size_before(x, channel));
}

bool batch_norm(NodeDims& d) {
  const ValueId x = d.operand("input");
  d.tie_all(x, d.result());
  for (const char* name : {"weight", "bias", "running_mean", "running_var"}) {
    d.tie(d.operand(name), 0, x, 1);
  }
  return x != kNoValue;
}

// Over the last dimensions, as many as the shape has: they may shrink, and mean and variance are
// then those of what is left.
bool layer_norm(NodeDims& d) {
  const ValueId x = d.operand("input");
  if (x == kNoValue) return false;
  d.tie_all(x, d.result());
  for (const char* name : {"weight", "bias"}) {
    const ValueId id = d.operand(name);
    for (int64_t back = 1; id != kNoValue && back <= d.rank(id); ++back) d.tie(id, -back, x, -back);
  }
  return true;
}

void shrink_layer_norm(NodeShrink& s) {
  const auto shape = integers_of(s.node(), "normalized_shape", {});
  const ValueId x = s.operand("input");
  if (shape) s.set_sizes("normalized_shape", x, s.rank(x) - static_cast<int64_t>(shape->size()));
}

// Statistics are of a group of channels: it goes whole, or stays.
bool group_norm(NodeDims& d) {
  const ValueId x = d.operand("input");
  if (x == kNoValue || d.rank(x) < 2 || d.size(x, 1) == 0) return false;
  const char* name = d.node().op == "aten::group_norm" ? "num_groups" : "group";
  const int64_t groups = integer_of(d.node(), name, 1);
  if (groups < 1) return false;
  d.tie_all(x, d.result());
  d.tie_runs(x, 1, d.size(x, 1) / groups);
  d.tie(d.operand("weight"), 0, x, 1);
  d.tie(d.operand("bias"), 0, x, 1);
  return true;
}

void shrink_group_norm(NodeShrink& s) {
  const ValueId x = s.operand("input");
  if (!s.has_shrunk(x, 1)) return;
  const char* name = s.node().op == "aten::group_norm" ? "num_groups" : "group";
  const int64_t after = s.size_after(x, 1);
  s.node().set(name, integer_of(s.node(), name, 1) * after / s.size_before(x, 1));
  if (s.node().find("C") != nullptr) s.node().set("C", after);
}

// Rows are what the indices choose.
bool embedding(NodeDims& d) {
  const ValueId weight = d.operand("weight"), indices = d.operand("indices");
  if (weight == kNoValue || indices == kNoValue) return false;
  d.position(weight, 0);
  d.tie(weight, 1, d.result(), -1);
  d.tie_leading(indices, d.result(), d.rank(indices));
  return true;
}

// [.., n, k] times [.., k, m]; a vector stands for one column or row.
bool product(NodeDims& d, ValueId a, ValueId b) {
  const ValueId y = d.result();
  if (a == kNoValue || b == kNoValue || d.rank(a) < 1 || d.rank(b) < 1) return false;
  const bool column = d.rank(b) == 1, row = d.rank(a) == 1;
  d.tie(a, -1, b, column ? -1 : -2);
  if (column && row) return true;
  if (column) {
    d.tie_leading(a, y, d.rank(y));
  } else if (row) {
    d.tie(b, -1, y, -1);
    d.tie_leading(b, y, d.rank(y) - 1);
  } else {
    d.tie(a, -2, y, -2);
    d.tie(b, -1, y, -1);
    d.tie_broadcast(a, y, 2);
    d.tie_broadcast(b, y, 2);
  }
  return true;
}

bool matmul(NodeDims& d) { return product(d, d.operand("self"), d.operand("mat2")); }
bool matmul_other(NodeDims& d) { return product(d, d.operand("self"), d.operand("other")); }
bool addmm(NodeDims& d) {
  const bool batched = d.node().op == "aten::baddbmm";
  d.tie_broadcast(d.operand("self"), d.result());
  return product(d, d.operand(batched ? "batch1" : "mat1"), d.operand(batched ? "batch2" : "mat2"));
}

// Heads are independent; the width of queries and keys sets the scale of their product.
bool attention(NodeDims& d) {
  const ValueId query = d.operand("query"), key = d.operand("key"), value = d.operand("value");
  const ValueId y = d.result(), mask = d.operand("attn_mask");
  if (query == kNoValue || key == kNoValue || value == kNoValue) return false;
  const int64_t leading = d.rank(y) - 2;
  if (d.rank(query) != d.rank(y) || d.rank(key) != d.rank(y)) return false;
  for (const ValueId id : {query, key, value}) d.tie_leading(id, y, leading);
  d.tie(query, -2, y, -2);
  d.tie(value, -1, y, -1);
  d.tie_broadcast(mask, y, 2);
  return true;
}

// The weight is gain times direction; a unit's part of a direction's length is 0 when it is.
bool weight_norm(NodeDims& d) {
  d.tie_all(d.operand("v"), d.result());
  d.tie_broadcast(d.operand("g"), d.result());
  return true;
}

}  // namespace

std::vector<DimRuleRow> layer_dim_rules() {
  return {
      {"linear", {linear}},
      {"conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d convolution "
       "_convolution",
       {convolution, shrink_convolution}},
      {"batch_norm native_batch_norm _native_batch_norm_legit "
       "_native_batch_norm_legit_no_training instance_norm",
       {batch_norm}},
      {"layer_norm native_layer_norm rms_norm _fused_rms_norm", {layer_norm, shrink_layer_norm}},
      {"group_norm native_group_norm", {group_norm, shrink_group_norm}},
      {"embedding", {embedding}},
      {"mm bmm", {matmul}},
      {"matmul linalg_matmul", {matmul_other}},
      {"addmm baddbmm", {addmm}},
      {"scaled_dot_product_attention _scaled_dot_product_flash_attention_for_cpu", {attention}},
      {"_weight_norm", {weight_norm}},
  };
}

}  // namespace maas
