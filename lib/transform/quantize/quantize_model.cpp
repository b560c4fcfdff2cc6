#include "transform/quantize/quantize_model.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

namespace maas {
namespace {

LayerChange row_of(const QuantizedLayer& layer) {
  LayerChange row{.name = layer.name,
                  .op = layer.op,
                  .before = fmt::format("fp32 [{}]", fmt::join(layer.shape, ", ")),
                  .after = layer.bits};
  if (std::isfinite(layer.weight_sqnr)) row.figures["weight_sqnr_db"] = layer.weight_sqnr;
  row.figures["largest_scale"] = layer.largest_scale;
  return row;
}

LayerChange row_of(const RoundedActivation& activation) {
  return {.name = activation.value,
          .op = "activation",
          .before = "fp32",
          .after =
              fmt::format("uint8 of {:.4g} to {:.4g}", activation.range.low, activation.range.high),
          .figures = {{"largest_scale", activation.scale.scale}}};
}

}  // namespace

Rewritten quantize_model(const Model& model, const QuantizeJob& job) {
  Quantized done = quantized(model.program, job);
  Rewritten rewritten;
  rewritten.change = fmt::format("int8 ({}) in {} layers", done.scheme, done.layers.size());
  for (const QuantizedLayer& layer : done.layers) rewritten.layers.push_back(row_of(layer));
  for (const std::string& name : done.kept) {
    rewritten.layers.push_back({.name = name,
                                .op = "",
                                .before = "fp32",
                                .after = "fp32",
                                .note = "left out by quantize.ignore"});
  }
  for (const RoundedActivation& activation : done.activations) {
    rewritten.layers.push_back(row_of(activation));
  }
  rewritten.program = std::move(done.program);
  rewritten.notes = std::move(done.notes);
  return rewritten;
}

}  // namespace maas
