#include "zoo/build_model.h"

#include <fmt/format.h>

#include <map>

#include "base/error.h"
#include "zoo/prepared_input.h"
#include "zoo/target_scale.h"

namespace maas {
namespace {

Handle build_lenet300(GraphBuilder& g, Handle x, const ModelConfig& config, int64_t outputs) {
  ModelConfig sizes = config;  // LeCun et al. 1998: 300 and 100 hidden units
  sizes.hidden = {300, 100};
  return build_mlp(g, x, sizes, outputs);
}

using BuildNetwork = Handle (*)(GraphBuilder&, Handle, const ModelConfig&, int64_t);

const std::map<std::string, BuildNetwork>& networks() {
  static const std::map<std::string, BuildNetwork> table = {
      {"mlp", build_mlp},
      {"lenet300", build_lenet300},
      {"lenet5", build_lenet5},
      {"convnet", build_convnet},
      {"resnet", build_resnet},
      {"layers", build_layers},
      {"mobilenet_v2", build_mobilenet_v2},
      {"mobilenet_v3_small", build_mobilenet_v3},
      {"mobilenet_v3_large", build_mobilenet_v3},
      {"efficientnet_b0", build_efficientnet_b0},
      {"convnext_t", build_convnext_t},
      {"vit_s", build_vit_s}};
  return table;
}

}  // namespace

Program build_model(const ModelConfig& config, const DataSpec& data, const BuildOptions& options) {
  GraphBuilder g(fmt::format("model ({})", config.type), options.seed);
  const auto network = networks().find(config.type);
  MAAS_CHECK(network != networks().end());
  const Handle x = prepared_input(g, data, options);
  const Handle y =
      in_target_units(g, network->second(g, x, config, data.task.outputs()), data.task);
  const char* name = data.task.kind == TaskKind::kRegression ? "values" : "logits";
  return g.finish({{name, y}});
}

}  // namespace maas
