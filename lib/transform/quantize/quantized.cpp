#include "transform/quantize/quantized.h"

#include <ATen/ops/isfinite.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "base/did_you_mean.h"
#include "base/name_pattern.h"
#include "base/throw_error.h"
#include "program/quantized_form.h"
#include "program/rewrite.h"
#include "transform/quantize/observe.h"
#include "transform/quantize/quantizable.h"

namespace maas {
namespace {

using Kind = QuantizableLayer::Kind;

void refuse_quantized(const Program& program, const std::string& name) {
  if (!is_quantized(program)) return;
  throw_input(name, "is quantized already: it holds int8 weights or rounded activations",
              "a float32 network", "quantize the model that this one was made from");
}

void refuse_unfinite(const Program& program, const std::string& name) {
  for (const auto& [target, tensor] : program.parameters) {
    if (!at::isFloatingType(tensor.scalar_type())) continue;
    if (at::isfinite(tensor).all().item<bool>()) continue;
    throw_input(fmt::format("{}: weight '{}'", name, target), "holds NaN or infinity",
                "finite weights", "the training diverged; take an earlier checkpoint");
  }
}

std::string choose_scheme(const QuantizeJob& job, std::vector<std::string>& notes) {
  const bool shows_ranges = job.data != nullptr || job.config.calibration == "random";
  const std::string& scheme = job.config.scheme;
  if (scheme == "w8a8-static" && !shows_ranges) {
    throw_usage("quantize.scheme",
                fmt::format("'w8a8-static' needs ranges, and {} comes without data", job.name),
                "data to see the ranges on",
                "name a config with data:, or set quantize.calibration=random, or "
                "quantize.scheme=w8a8-dynamic");
  }
  if (scheme != "auto") return scheme;
  if (shows_ranges) return "w8a8-static";
  notes.push_back(fmt::format(
      "{} comes without data, so activations are rounded as they run (w8a8-dynamic); with data, or "
      "with quantize.calibration=random, their ranges are fixed, which is faster",
      job.name));
  return "w8a8-dynamic";
}

bool is_ignored(const QuantizableLayer& layer, const std::vector<std::string>& patterns) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
    return matches_pattern(layer.name, pattern);
  });
}

// Layers without those that the config leaves out, which go to `kept`.
std::vector<QuantizableLayer> chosen(const std::vector<QuantizableLayer>& all,
                                     const QuantizeJob& job, std::vector<std::string>& kept) {
  std::vector<std::string> names;
  for (const QuantizableLayer& layer : all) names.push_back(layer.name);
  for (const std::string& pattern : job.config.ignore) {
    const bool known = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      return matches_pattern(name, pattern);
    });
    if (known) continue;
    throw_usage("quantize.ignore",
                fmt::format("no layer is named '{}'{}", pattern, did_you_mean(pattern, names)),
                fmt::format("one of: {}", fmt::join(names, ", ")));
  }
  std::vector<QuantizableLayer> layers;
  for (const QuantizableLayer& layer : all) {
    if (is_ignored(layer, job.config.ignore)) {
      kept.push_back(layer.name);
    } else {
      layers.push_back(layer);
    }
  }
  if (!layers.empty()) return layers;
  throw_input(job.name,
              all.empty() ? "has nothing to quantize: no linear layer, convolution or large "
                            "embedding with float32 weights"
                          : "has nothing to quantize: quantize.ignore leaves all its layers out",
              "at least one layer with float32 weights");
}

std::map<ValueId, AffineScale> seen_ranges(const Program& program,
                                           const std::vector<QuantizableLayer>& layers,
                                           const QuantizeJob& job,
                                           std::vector<RoundedActivation>& rows) {
  const std::vector<ValueId> points = activation_points(program, layers);
  std::vector<std::string> names;
  for (const ValueId point : points) names.push_back(program.value(point).name);
  std::map<ValueId, AffineScale> scales;
  if (points.empty()) return scales;
  const bool random = job.config.calibration == "random" || job.data == nullptr;
  const auto inputs = random ? random_inputs(program, job.config.samples, job.seed, job.columns)
                             : data_inputs(job.data, job.config.samples, job.seed);
  const std::vector<SeenRange> ranges =
      observe(program, *inputs, names, observer_named(job.config.observer));
  for (size_t i = 0; i < points.size(); ++i) {
    scales[points[i]] = affine_scale(ranges[i]);
    rows.push_back({names[i], ranges[i], scales[points[i]]});
  }
  return scales;
}

std::vector<ValueId> inputs_of_linears(const std::vector<QuantizableLayer>& layers) {
  std::vector<ValueId> values;
  for (const QuantizableLayer& layer : layers) {
    if (layer.kind != Kind::kLinear) continue;
    if (std::find(values.begin(), values.end(), layer.input) == values.end()) {
      values.push_back(layer.input);
    }
  }
  return values;
}

// Of the weights that stay float32, the share of all and the operators that read them; nothing
// where that is little, or where the user left them out.
void note_float_weights(const Program& program, Quantized& done) {
  int64_t all = 0, floats = 0;
  for (const auto* table : {&program.parameters, &program.buffers}) {
    for (const auto& [name, tensor] : *table) all += tensor.numel();
  }
  std::set<std::string> operators;
  const std::map<ValueId, at::Tensor> tensors = tensors_by_value(program);
  std::set<ValueId> counted;
  for (const Node& node : program.nodes) {
    for_each_use(node, [&](ValueId value) {
      const auto found = tensors.find(value);
      if (found == tensors.end() || found->second.dim() < 2) return;
      if (!at::isFloatingType(found->second.scalar_type())) return;
      // The scales of what is int8: of layers, and a number a row of an embedding.
      if (node.op == "aten::mul" || found->second.size(-1) == 1) return;
      operators.insert(node.op);
      if (counted.insert(value).second) floats += found->second.numel();
    });
  }
  if (!done.kept.empty() || floats * 20 < all) return;
  done.notes.push_back(fmt::format(
      "{:.0f} % of the weights stay float32: maas has no int8 form of {}",
      100.0 * static_cast<double>(floats) / static_cast<double>(all), fmt::join(operators, ", ")));
}

}  // namespace

Quantized quantized(Program program, const QuantizeJob& job) {
  refuse_quantized(program, job.name);
  refuse_unfinite(program, job.name);
  Quantized done;
  done.scheme = choose_scheme(job, done.notes);
  program = prepared_for_quantization(std::move(program));
  refuse_unfinite(program, job.name);  // a batch norm's statistics are in the weights now
  QuantizePlan plan;
  plan.layers = chosen(quantizable_layers(program), job, done.kept);
  if (done.scheme == "w8a8-static") {
    plan.activations = seen_ranges(program, plan.layers, job, done.activations);
  } else if (done.scheme == "w8a8-dynamic") {
    plan.tokens = inputs_of_linears(plan.layers);
  }
  StoredForm form = stored_form(std::move(program), plan);
  done.program = std::move(form.program);
  done.layers = std::move(form.layers);
  note_float_weights(done.program, done);
  return done;
}

}  // namespace maas
