// Normalisation over groups of channels, added to a graph under construction
#pragma once

#include <string>

#include "call/builder.h"

namespace maas {

// torch.nn.GroupNorm of [B, C, ...]: a mean and variance for each sample and group of channels, a
// scale and shift for each channel (Wu and He 2018). Throws Error{kUsage} where C is no multiple of
// `groups`.
Handle group_norm(GraphBuilder& g, const std::string& name, Handle x, int64_t groups);

// torch.nn.InstanceNorm1d, InstanceNorm2d as they are by default: a group for each channel, no
// parameters (Ulyanov et al. 2016).
Handle instance_norm(GraphBuilder& g, const std::string& name, Handle x);

// A layer norm over the channels of each place of [B, C, H, W] or [B, C, L] (Liu et al. 2022).
Handle channel_norm(GraphBuilder& g, const std::string& name, Handle x, double epsilon = 1e-5);

}  // namespace maas
