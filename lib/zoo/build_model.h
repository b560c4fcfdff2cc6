// Config + data -> Program.
#pragma once

#include <string>
#include <vector>

#include "call/builder.h"
#include "program/program.h"
#include "sample/spec.h"
#include "zoo/model_config.h"
#include "zoo/numeric_bins.h"

namespace maas {

// What the graph does to raw numbers before the network sees them.
enum class Normalize {
  kNone,         // nothing: pixels from 0 to 255, numbers of a table as they are
  kUnit,         // pixels / 255; tables have no unit
  kStandardize,  // minus the mean, divided by the standard deviation: the specification's
};
// "none" | "unit" | "standardize" | "imagenet", whose specification has ImageNet's mean.
Normalize normalize_of(const std::string& name);

struct BuildOptions {
  uint64_t seed = 0;
  Normalize normalize = Normalize::kStandardize;
  bool embed_categories = true;       // tables: embeddings; false = one-hot
  std::vector<NumericBin> bins = {};  // tables: stand beside the numbers, one input each
};

// The network from raw input (uint8 images, columns of a table) to outputs [B, task.outputs()]
// (logits, or values in the targets' units for regression). Preprocessing and the way back to
// these units (target_scale.h) are part of the graph.
// Throws Error{kUsage} naming the layer with both shapes when network and data do not fit.
Program build_model(const ModelConfig& config, const DataSpec& data, const BuildOptions& options);

// The head-less networks; x is float32, [B, F] or [B, C, H, W]. Each returns [B, outputs].
Handle build_mlp(GraphBuilder& g, Handle x, const ModelConfig& config, int64_t outputs);
Handle build_lenet5(GraphBuilder& g, Handle x, const ModelConfig& config, int64_t outputs);
Handle build_convnet(GraphBuilder& g, Handle x, const ModelConfig& config, int64_t outputs);
Handle build_resnet(GraphBuilder& g, Handle x, const ModelConfig& config, int64_t outputs);
Handle build_mobilenet_v2(GraphBuilder& g, Handle x, const ModelConfig& config, int64_t outputs);
Handle build_mobilenet_v3(GraphBuilder& g, Handle x, const ModelConfig& config, int64_t outputs);
Handle build_efficientnet_b0(GraphBuilder& g, Handle x, const ModelConfig& config, int64_t outputs);
Handle build_convnext_t(GraphBuilder& g, Handle x, const ModelConfig& config, int64_t outputs);
Handle build_vit_s(GraphBuilder& g, Handle x, const ModelConfig& config, int64_t outputs);
Handle build_layers(GraphBuilder& g, Handle x, const ModelConfig& config, int64_t outputs);

}  // namespace maas
