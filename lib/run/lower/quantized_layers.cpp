// Values with an integer form are found first; then each layer that reads one, with what stands
// behind it (its tail); then the nodes are written anew, where integer forms are made when first
// read. What nobody reads in the end is dropped.
#include "run/lower/quantized_layers.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "program/arguments.h"
#include "program/emit.h"
#include "program/operators.h"
#include "program/rewrite.h"
#include "run/lower/int8_layer.h"
#include "run/lower/int8_operators.h"
#include "run/lower/int8_race.h"
#include "run/lower/layout_free.h"
#include "run/lower/protect_sums.h"

namespace maas {
namespace {

using Kind = Int8Layer::Kind;

// A layer in integers and the nodes that it takes in.
struct Taken {
  Int8Layer layer;
  LayerEnd end;
  std::set<size_t> nodes;  // with the last: the layer is put in its place
  size_t last = 0;
  ValueId result = kNoValue;   // what the last makes, or would make, before it is rounded
  const Node* pool = nullptr;  // between the layer and the rounding
};

// Gives what it gets.
bool is_identity(const Node& node) {
  return is_one_of(node.op, {"aten::clone", "aten::alias", "aten::detach"}) ||
         (node.op == "aten::dropout" && !flag_of(node, "train", true));
}

ValueId source_of(const Node& node) {
  return operand_of(node, node.op == "aten::dropout" ? "input" : "self");
}

bool moves_elements(const Node& node) {
  return node.overload != "dtype" &&
         is_one_of(node.op, {"aten::view", "aten::_unsafe_view", "aten::reshape", "aten::flatten",
                             "aten::unflatten", "aten::squeeze", "aten::unsqueeze", "aten::permute",
                             "aten::transpose", "aten::t", "aten::contiguous", "aten::slice",
                             "aten::select"});
}

// Of relu6 and what is like it.
std::optional<double> end_of_clamp_from_zero(const Node& node) {
  if (node.op == "aten::relu6") return 6.0;
  const bool hardtanh = node.op == "aten::hardtanh";
  if (!hardtanh && node.full_name() != "aten::clamp") return std::nullopt;
  if (number_of(node, hardtanh ? "min_val" : "min", -1) != 0) return std::nullopt;
  const double high = number_of(node, hardtanh ? "max_val" : "max", hardtanh ? 1 : -1);
  return high > 0 ? std::optional(high) : std::nullopt;
}

class Int8Lowering {
 public:
  Int8Lowering(Program program, Int8Choice choice, KernelTimes* times)
      : before_(std::move(program)),
        choice_(choice),
        times_(times),
        tensors_(tensors_by_value(before_)) {
    find_readers();
    find_grids();
  }

  Program run() {
    if (choice_ != Int8Choice::kNever && int8_products_are_exact()) take_layers();
    after_ = before_;
    after_.nodes.clear();
    for (size_t i = 0; i < before_.nodes.size(); ++i) write(i);
    remove_dead_code(after_);
    return protect_sums(std::move(after_));
  }

 private:
  static ValueId result_of(const Node& node) {
    return node.outputs.size() == 1 && node.outputs[0].ids.size() == 1 ? node.outputs[0].ids[0]
                                                                       : kNoValue;
  }
  const Node& node(size_t index) const { return before_.nodes[index]; }

  void find_readers() {
    reads_ = count_uses(before_);
    reader_.assign(before_.values.size(), 0);
    for (size_t i = 0; i < before_.nodes.size(); ++i) {
      for_each_use(node(i), [&](ValueId id) { reader_[id] = i; });
    }
    for (const GraphOutput& output : before_.outputs) {
      for_each_use(output.value, [&](ValueId id) { outputs_.insert(id); });
    }
  }

  std::optional<size_t> only_reader(ValueId id) const {
    if (id == kNoValue || reads_[id] != 1 || outputs_.count(id) != 0) return std::nullopt;
    return reader_[id];
  }

  bool is_pool(const Node& pool) const {
    if (pool.full_name() != "aten::max_pool2d") return false;
    const ValueId input = operand_of(pool, "self");
    return input != kNoValue && before_.value(input).shape.size() == 4 &&
           before_.value(input).dtype == at::kFloat && integers_of(pool, "kernel_size", {}) &&
           integers_of(pool, "stride", {}) && integers_of(pool, "padding", {0}) &&
           integers_of(pool, "dilation", {1});
  }

  void find_grids() {
    for (size_t i = 0; i < before_.nodes.size(); ++i) {
      const ValueId result = result_of(node(i));
      if (result == kNoValue) continue;
      if (node(i).op == "aten::fake_quantize_per_tensor_affine") {
        const auto range = fake_quantized(before_, result);
        if (range && before_.value(range->input).dtype == at::kFloat) {
          grids_[result] = {range->scale, range->zero_point};
        }
      } else if (is_pool(node(i)) || moves_elements(node(i)) || is_identity(node(i))) {
        const auto grid = grids_.find(source_of(node(i)));
        if (grid != grids_.end()) grids_[result] = grid->second;
      }
    }
  }

  bool is_rounding(size_t index) const {
    return node(index).op == "aten::fake_quantize_per_tensor_affine" &&
           grids_.count(result_of(node(index))) != 0;
  }

  const AffineGrid& grid_read_by(const Int8Layer& layer) const {
    static const AffineGrid none;
    return layer.kind == Kind::kTokenLinear ? none : grids_.at(layer.input);
  }

  void take_layers() {
    Int8Race race(times_);
    for (size_t i = 0; i < before_.nodes.size(); ++i) {
      const auto layer = int8_layer(before_, node(i), tensors_);
      if (!layer || !has_batch(*layer)) continue;
      if (layer->kind != Kind::kTokenLinear && grids_.count(layer->input) == 0) continue;
      const AffineGrid& input_grid = grid_read_by(*layer);
      Taken taken = with_tail(*layer, i);
      if (choice_ == Int8Choice::kFaster &&
          !race.integers_win(*layer, before_.value(layer->input), input_grid, taken.end)) {
        continue;
      }
      has_convolutions_ = has_convolutions_ || layer->kind == Kind::kConvolution;
      for (const size_t index : taken.nodes) in_layer_.insert(index);
      taken_[taken.last] = std::move(taken);
    }
  }

  bool has_batch(const Int8Layer& layer) const {
    const Value& input = before_.value(layer.input);
    const size_t rank = input.shape.size();
    if (input.kind != ValueKind::kTensor || input.dtype != at::kFloat) return false;
    return layer.kind == Kind::kConvolution ? rank == 4 : rank >= 2;
  }

  // The layer of node `index` with the sum, the ReLU, the pooling and the rounding behind it.
  Taken with_tail(const Int8Layer& layer, size_t index) const {
    Taken taken;
    taken.layer = layer;
    taken.nodes = {index};
    taken.last = index;
    taken.result = result_of(node(index));
    if (layer.kind == Kind::kConvolution) take_sum(taken);
    auto next = only_reader(taken.result);
    if (next && (node(*next).full_name() == "aten::relu" || is_relu_once_rounded(*next))) {
      taken.end.relu = true;
      extend(taken, *next);
      next = only_reader(taken.result);
    }
    if (next && may_round(taken)) take_rounding(taken, *next);
    return taken;
  }

  // A clamp from 0 to where the grid that follows ends, or beyond: rounding clamps alike.
  bool is_relu_once_rounded(size_t index) const {
    const std::optional<double> high = end_of_clamp_from_zero(node(index));
    if (!high) return false;
    auto next = only_reader(result_of(node(index)));
    if (next && is_pool(node(*next))) next = only_reader(result_of(node(*next)));
    if (!next || !is_rounding(*next)) return false;
    const AffineGrid& grid = grids_.at(result_of(node(*next)));
    return *high / grid.scale >= 254.5 - static_cast<double>(grid.zero_point);
  }

  // uint8 is summed with uint8, float32 with float32.
  bool may_round(const Taken& taken) const {
    const ValueId sum = taken.end.sum;
    return taken.layer.kind != Kind::kTokenLinear && (sum == kNoValue || grids_.count(sum) != 0);
  }

  void extend(Taken& taken, size_t index) const {
    taken.nodes.insert(index);
    taken.last = index;
    taken.result = result_of(node(index));
  }

  // The rounding's node stays: it gives the rounded value in float32 to whoever wants that.
  void take_rounding(Taken& taken, size_t index) const {
    if (taken.layer.kind == Kind::kConvolution && is_pool(node(index))) {
      const auto last = only_reader(result_of(node(index)));
      if (!last || !is_rounding(*last)) return;
      taken.pool = &node(index);
      taken.nodes.insert(index);
      index = *last;
    }
    if (!is_rounding(index)) return;
    taken.end.rounded = true;
    taken.end.grid = grids_.at(result_of(node(index)));
    if (taken.end.sum != kNoValue) taken.end.sum_grid = grids_.at(taken.end.sum);
    taken.last = index;
  }

  void take_sum(Taken& taken) const {
    const auto next = only_reader(taken.result);
    if (!next || in_layer_.count(*next) != 0) return;
    const Node& sum = node(*next);
    if (sum.full_name() != "aten::add.Tensor" || number_of(sum, "alpha", 1) != 1) return;
    const ValueId left = operand_of(sum, "self"), right = operand_of(sum, "other");
    const ValueId other = left == taken.result ? right : left;
    if (left == right || left == kNoValue || right == kNoValue) return;
    const Value &a = before_.value(taken.result), &b = before_.value(other);
    if (a.shape != b.shape || b.dtype != at::kFloat) return;
    taken.end.sum = other;
    extend(taken, *next);
  }

  ValueId put(Node made, const std::string& stem, ValueId like, at::ScalarType dtype) {
    const ValueId id = add_result(after_, made, stem, like);
    after_.value(id).dtype = dtype;
    after_.nodes.push_back(std::move(made));
    return id;
  }

  ValueId put_pool(const Node& pool, ValueId q) {
    const auto list = [&](const char* name, int64_t otherwise) {
      return int_list(*integers_of(pool, name, {otherwise}));
    };
    const auto stride = *integers_of(pool, "stride", {});
    const ValueId id =
        put(make_node("maas::max_pool2d",
                      {{"q", ValueRef{q}},
                       {"kernel_size", int_list(*integers_of(pool, "kernel_size", {}))},
                       {"stride", int_list(stride)},
                       {"padding", list("padding", 0)},
                       {"dilation", list("dilation", 1)},
                       {"ceil_mode", flag_of(pool, "ceil_mode", false)}}),
            "pooled", result_of(pool), at::kByte);
    channels_last_.insert(id);
    return id;
  }

  // The integer form of a value that has one; made here if it is not made yet.
  ValueId integers_of_value(ValueId id, bool channels_last) {
    auto found = integers_.find(id);
    if (found == integers_.end())
      found = integers_.emplace(id, make_integers(id, channels_last)).first;
    const ValueId q = found->second;
    if (!channels_last || channels_last_.count(q) != 0) return q;
    const ValueId turned =
        put(make_node("aten::contiguous",
                      {{"self", ValueRef{q}}, {"memory_format", at::MemoryFormat::ChannelsLast}}),
            "channels_last", q, at::kByte);
    channels_last_.insert(turned);
    return found->second = turned;
  }

  ValueId make_integers(ValueId id, bool channels_last) {
    const Node& maker = node(maker_.at(id));
    const ValueId input = source_of(maker);
    if (is_identity(maker)) return integers_of_value(input, channels_last);
    if (is_pool(maker)) return put_pool(maker, integers_of_value(input, true));
    if (moves_elements(maker)) {
      Node moved = without_view(maker);
      moved.outputs.clear();
      moved.set("self", ValueRef{integers_of_value(input, false)});
      return put(std::move(moved), "moved", id, at::kByte);
    }
    const AffineGrid& grid = grids_.at(id);
    const ValueId q = put(make_node("maas::quantize", {{"x", ValueRef{input}},
                                                       {"scale", grid.scale},
                                                       {"zero_point", grid.zero_point},
                                                       {"channels_last", channels_last}}),
                          "quantized", id, at::kByte);
    if (channels_last) channels_last_.insert(q);
    return q;
  }

  void write(size_t index) {
    const auto taken = taken_.find(index);
    if (taken != taken_.end()) write_layer(taken->second);
    if (in_layer_.count(index) != 0) return;
    const ValueId result = result_of(node(index));
    if (is_rounding(index)) {
      write_rounding(index, taken != taken_.end() && taken->second.end.rounded);
    } else if (const auto token = rounded_token(index)) {
      Node rounded = make_node("maas::token_fake_quantize", {{"x", ValueRef{*token}}});
      rounded.outputs = node(index).outputs;
      after_.nodes.push_back(std::move(rounded));
    } else {
      after_.nodes.push_back(has_convolutions_ ? without_view(node(index)) : node(index));
    }
    if (result != kNoValue) maker_[result] = index;
  }

  std::optional<ValueId> rounded_token(size_t index) const {
    if (node(index).full_name() != "aten::mul.Tensor") return std::nullopt;
    const auto token = token_quantized(before_, result_of(node(index)));
    if (!token || before_.value(token->input).dtype != at::kFloat) return std::nullopt;
    return token->input;
  }

  void write_rounding(size_t index, bool has_integers) {
    const ValueId result = result_of(node(index));
    const AffineGrid& grid = grids_.at(result);
    const ValueId source = has_integers ? integers_.at(result) : operand_of(node(index), "self");
    Node rounded = make_node(has_integers ? "maas::dequantize" : "maas::fake_quantize",
                             {{has_integers ? "q" : "x", ValueRef{source}},
                              {"scale", grid.scale},
                              {"zero_point", grid.zero_point}});
    rounded.outputs = node(index).outputs;
    after_.nodes.push_back(std::move(rounded));
  }

  void write_layer(const Taken& taken) {
    const bool convolution = taken.layer.kind == Kind::kConvolution;
    const bool by_token = taken.layer.kind == Kind::kTokenLinear;
    const ValueId q =
        by_token ? taken.layer.input : integers_of_value(taken.layer.input, convolution);
    LayerEnd end = taken.end;
    if (end.rounded && end.sum != kNoValue) end.sum = integers_of_value(end.sum, true);
    const AffineGrid& grid = grid_read_by(taken.layer);
    Node made = int8_node(after_, taken.layer, q, grid, end);
    if (!end.rounded) {
      made.outputs.emplace_back().ids.push_back(taken.result);
      after_.nodes.push_back(std::move(made));
      return;
    }
    ValueId result = put(std::move(made), "int8", taken.result, at::kByte);
    if (convolution) channels_last_.insert(result);
    if (taken.pool != nullptr) result = put_pool(*taken.pool, result);
    integers_[result_of(node(taken.last))] = result;
  }

  Program before_, after_;
  Int8Choice choice_;
  KernelTimes* times_;
  std::map<ValueId, at::Tensor> tensors_;
  std::vector<int64_t> reads_;
  std::vector<size_t> reader_;
  std::set<ValueId> outputs_;
  std::map<ValueId, AffineGrid> grids_;  // of values that have an integer form
  std::map<size_t, Taken> taken_;        // by the last node
  std::set<size_t> in_layer_;
  bool has_convolutions_ = false;
  std::map<ValueId, size_t> maker_;      // written so far
  std::map<ValueId, ValueId> integers_;  // the same value as uint8
  std::set<ValueId> channels_last_;
};

bool reads_strides(const Program& program) {
  return std::any_of(program.nodes.begin(), program.nodes.end(),
                     [](const Node& node) { return node.op == "aten::as_strided"; });
}

}  // namespace

Program quantized_layers(Program program, Int8Choice choice, KernelTimes* times) {
  if (!is_quantized(program) || reads_strides(program)) return program;
  register_int8_operators();
  return Int8Lowering(std::move(program), choice, times).run();
}

}  // namespace maas
