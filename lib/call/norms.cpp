#include "call/norms.h"

#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include "base/throw_error.h"
#include "program/arguments.h"

namespace maas {
namespace {

Handle grouped(GraphBuilder& g, Handle x, int64_t groups, const Argument& weight,
               const Argument& bias) {
  return g.call("aten::group_norm", {{"input", ValueRef{x.id}},
                                     {"num_groups", groups},
                                     {"weight", weight},
                                     {"bias", bias},
                                     {"eps", 1e-5}});
}

}  // namespace

Handle group_norm(GraphBuilder& g, const std::string& name, Handle x, int64_t groups) {
  const int64_t channels = g.known_dim(x, 1, "group norm '" + name + "'");
  if (channels % groups != 0) {
    throw_usage(
        g.where(), fmt::format("'{}' has {} groups for {} channels", name, groups, channels),
        "a number of channels that is a multiple of the groups", "choose another number of groups");
  }
  const Handle weight = g.parameter(name + ".weight", at::ones({channels}));
  const Handle bias = g.parameter(name + ".bias", at::zeros({channels}));
  return grouped(g, x, groups, ValueRef{weight.id}, ValueRef{bias.id});
}

Handle instance_norm(GraphBuilder& g, const std::string& name, Handle x) {
  const int64_t channels = g.known_dim(x, 1, "instance norm '" + name + "'");
  if (g.shape(x).size() < 3) {
    throw_usage(g.where(),
                fmt::format("'{}' takes no input of shape {}", name, to_text(g.shape(x))),
                "several places a channel: [B, C, L] or [B, C, H, W]",
                "use layer_norm for rows of numbers");
  }
  return grouped(g, x, channels, None{}, None{});
}

Handle channel_norm(GraphBuilder& g, const std::string& name, Handle x, double epsilon) {
  const bool image = g.shape(x).size() == 4;
  const Handle last =
      g.permute(x, image ? std::vector<int64_t>{0, 2, 3, 1} : std::vector<int64_t>{0, 2, 1});
  const Handle normed = g.layer_norm(name, last, epsilon);
  return g.permute(normed,
                   image ? std::vector<int64_t>{0, 3, 1, 2} : std::vector<int64_t>{0, 2, 1});
}

}  // namespace maas
