#include "transform/quantize/stored_form.h"

#include <ATen/core/grad_mode.h>

#include <set>

#include "call/rewriter.h"
#include "program/arguments.h"
#include "program/quantized_form.h"
#include "program/rewrite.h"
#include "transform/quantize/weight_int8.h"

namespace maas {
namespace {

using Kind = QuantizableLayer::Kind;

class Writer {
 public:
  Writer(Program program, const QuantizePlan& plan)
      : plan_(plan), r_(std::move(program), "quantized graph") {
    for (const QuantizableLayer& layer : plan.layers) {
      if (layer.kind != Kind::kEmbedding) layers_.insert(layer.node);
    }
  }

  StoredForm run() {
    const at::NoGradGuard no_gradients;
    // Tables first: what they give may be rounded, and emitted nodes keep what they read.
    for (const QuantizableLayer& layer : plan_.layers) {
      if (layer.kind == Kind::kEmbedding) gather_integers(layer);
    }
    for (const auto& [value, scale] : plan_.activations) round_tensor(value, scale);
    for (const ValueId value : plan_.tokens) round_rows(value);
    std::vector<QuantizedLayer> rows;
    for (const QuantizableLayer& layer : plan_.layers) {
      if (layer.kind != Kind::kEmbedding) multiply_integers(layer);
      rows.push_back(row_of(layer));
    }
    return {r_.finish(), std::move(rows)};
  }

 private:
  struct Stored {
    ValueId values = kNoValue, scale = kNoValue;
    ValueId real = kNoValue;  // values * scale, once a layer wanted it
    double least = 0, largest = 0, sqnr = 0;
  };

  Stored& stored(const QuantizableLayer& layer) {
    const void* key = layer.weight.const_data_ptr();
    const auto known = stored_.find({key, layer.weight.sizes().vec()});
    if (known != stored_.end()) return known->second;
    const Int8Weight weight = int8_weight(layer.weight);
    const QuantizedWeight form{weight.values, weight.scale, kNoValue, kNoValue};
    Stored made;
    made.values = add_buffer(r_.program(), layer.name + ".weight" + kInt8Suffix, weight.values);
    made.scale = add_buffer(r_.program(), layer.name + ".weight" + kScaleSuffix, weight.scale);
    made.least = weight.scale.min().item<double>();
    made.largest = weight.scale.max().item<double>();
    made.sqnr = signal_to_noise(layer.weight, dequantized(form));
    return stored_.emplace(std::pair(key, layer.weight.sizes().vec()), made).first->second;
  }

  QuantizedLayer row_of(const QuantizableLayer& layer) {
    const Stored& weight = stored(layer);
    const ValueId input = operand_of(r_.node(layer.node), "input");
    const bool reads_integers = rounded_.count(input) != 0 || is_carried(input);
    return {layer.name,
            r_.node(layer.node).full_name(),
            layer.weight.sizes().vec(),
            reads_integers ? "w8a8" : "w8",
            weight.least,
            weight.largest,
            weight.sqnr};
  }

  // Whether a rounded value comes here through maxima and reshaping.
  bool is_carried(ValueId value) const {
    while (value != kNoValue && rounded_.count(value) == 0) {
      const auto index = r_.producer_index(value);
      if (!index || !keeps_integers(r_.node(*index))) return false;
      value = carried_from(r_.node(*index));
    }
    return value != kNoValue;
  }

  void round_tensor(ValueId given, const AffineScale& scale) {
    const ValueId value = go_behind(given);
    const ValueId rounded =
        r_.emit("aten::fake_quantize_per_tensor_affine", {{"self", ValueRef{value}},
                                                          {"scale", scale.scale},
                                                          {"zero_point", scale.zero_point},
                                                          {"quant_min", kActivationLow},
                                                          {"quant_max", kActivationHigh}});
    give_readers(value, rounded);
  }

  void round_rows(ValueId given) {
    const ValueId value = go_behind(given);
    const ValueId absolute = r_.emit("aten::abs", {{"self", ValueRef{value}}});
    const ValueId most = r_.emit(
        "aten::amax", {{"self", ValueRef{absolute}}, {"dim", int_list({-1})}, {"keepdim", true}});
    const ValueId part =
        r_.emit("aten::div.Scalar", {{"self", ValueRef{most}}, {"other", kWeightLimit}});
    const ValueId scale =
        r_.emit("aten::clamp_min", {{"self", ValueRef{part}}, {"min", kLeastTokenScale}});
    const ValueId quotient =
        r_.emit("aten::div.Tensor", {{"self", ValueRef{value}}, {"other", ValueRef{scale}}});
    const ValueId whole = r_.emit("aten::round", {{"self", ValueRef{quotient}}});
    const ValueId limited = r_.emit(
        "aten::clamp", {{"self", ValueRef{whole}}, {"min", -kWeightLimit}, {"max", kWeightLimit}});
    const ValueId rounded =
        r_.emit("aten::mul.Tensor", {{"self", ValueRef{limited}}, {"other", ValueRef{scale}}});
    give_layers(value, rounded);
  }

  // Moves to where the value stands; what a table gives stands where its nodes were.
  ValueId go_behind(ValueId value) {
    const auto index = r_.producer_index(value);
    r_.at(index ? *index + 1 : 0);
    const auto moved = gathered_.find(value);
    return moved == gathered_.end() ? value : moved->second;
  }

  void give_readers(ValueId value, ValueId rounded) {
    rounded_.insert(rounded);
    for (size_t i = 0; i < r_.size(); ++i) {
      if (layers_.count(i) == 0 && !takes_rounded(r_.node(i))) continue;
      rename_uses(r_.node(i), [&](ValueId id) { return id == value ? rounded : id; });
    }
  }

  void give_layers(ValueId value, ValueId rounded) {
    rounded_.insert(rounded);
    for (const size_t i : layers_) {
      if (r_.node(i).op != "aten::linear") continue;
      rename_uses(r_.node(i), [&](ValueId id) { return id == value ? rounded : id; });
    }
  }

  ValueId to_float(ValueId integers) {
    return r_.emit("aten::to.dtype", {{"self", ValueRef{integers}}, {"dtype", at::kFloat}});
  }

  ValueId product(ValueId a, ValueId b) {
    return r_.emit("aten::mul.Tensor", {{"self", ValueRef{a}}, {"other", ValueRef{b}}});
  }

  void multiply_integers(const QuantizableLayer& layer) {
    Stored& weight = stored(layer);
    if (weight.real == kNoValue) {
      r_.at(layer.node);
      weight.real = product(to_float(weight.values), weight.scale);
    }
    r_.node(layer.node).set("weight", ValueRef{weight.real});
  }

  void gather_integers(const QuantizableLayer& layer) {
    const Stored weight = stored(layer);
    r_.at(layer.node);
    const auto gather = [&](ValueId table) {
      return r_.emit("aten::embedding",
                     {{"weight", ValueRef{table}}, {"indices", ValueRef{layer.input}}});
    };
    const ValueId rows = product(to_float(gather(weight.values)), gather(weight.scale));
    const ValueId old = r_.node(layer.node).outputs[0].ids[0];
    r_.replace(old, rows);
    gathered_[old] = rows;
  }

  const QuantizePlan& plan_;
  Rewriter r_;
  std::set<size_t> layers_;
  std::set<ValueId> rounded_;
  std::map<ValueId, ValueId> gathered_;  // what tables gave -> what they give now
  std::map<std::pair<const void*, std::vector<int64_t>>, Stored> stored_;
};

}  // namespace

StoredForm stored_form(Program program, const QuantizePlan& plan) {
  return Writer(std::move(program), plan).run();
}

}  // namespace maas
