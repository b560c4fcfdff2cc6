#include "call/convolutions.h"

#include <fmt/format.h>

#include <cmath>

#include "base/throw_error.h"
#include "program/arguments.h"

namespace maas {
namespace {

// Dimensions behind the channels.
size_t places_of(const GraphBuilder& g, Handle x) { return g.shape(x).size() - 2; }

Argument each(size_t places, int64_t number) {
  return int_list(std::vector<int64_t>(places, number));
}

std::string ending(size_t places) { return places == 1 ? "1d" : "2d"; }

void check_groups(const GraphBuilder& g, const std::string& name, int64_t channels, int64_t outputs,
                  int64_t groups) {
  if (channels % groups == 0 && outputs % groups == 0) return;
  throw_usage(g.where(),
              fmt::format("'{}' has {} groups for {} channels in and {} out", name, groups,
                          channels, outputs),
              "numbers of channels that are multiples of the groups",
              "choose another size or another number of groups");
}

void check_places(const GraphBuilder& g, const std::string& name, Handle x) {
  const size_t rank = g.shape(x).size();
  if (rank == 3 || rank == 4) return;
  throw_usage(g.where(), fmt::format("'{}' takes no input of shape {}", name, to_text(g.shape(x))),
              "[B, C, L] or images [B, C, H, W]",
              "use image data, or put it before the linear, flatten and global_avg_pool layers");
}

int64_t power(int64_t base, size_t exponent) {
  int64_t product = 1;
  for (size_t i = 0; i < exponent; ++i) product *= base;
  return product;
}

Argument bias_of(GraphBuilder& g, const std::string& name, int64_t outputs, double bound,
                 bool wanted) {
  if (!wanted) return None{};
  return ValueRef{g.uniform_parameter(name + ".bias", {outputs}, bound).id};
}

}  // namespace

Handle convolve(GraphBuilder& g, const std::string& name, Handle x, int64_t outputs,
                const ConvolutionOptions& options) {
  check_places(g, name, x);
  const size_t places = places_of(g, x);
  const int64_t channels = g.known_dim(x, 1, "convolution '" + name + "'");
  check_groups(g, name, channels, outputs, options.groups);
  std::vector<int64_t> sizes = {outputs, channels / options.groups};
  sizes.insert(sizes.end(), places, options.kernel);
  const double bound = 1 / std::sqrt(static_cast<double>(sizes[1] * power(options.kernel, places)));
  const Handle weight = g.uniform_parameter(name + ".weight", sizes, bound);
  const Argument bias = bias_of(g, name, outputs, bound, options.bias);
  return g.call("aten::conv" + ending(places), {{"input", ValueRef{x.id}},
                                                {"weight", ValueRef{weight.id}},
                                                {"bias", bias},
                                                {"stride", each(places, options.stride)},
                                                {"padding", each(places, options.padding)},
                                                {"dilation", each(places, options.dilation)},
                                                {"groups", options.groups}});
}

Handle convolve_transposed(GraphBuilder& g, const std::string& name, Handle x, int64_t outputs,
                           const ConvolutionOptions& options) {
  check_places(g, name, x);
  const size_t places = places_of(g, x);
  const int64_t channels = g.known_dim(x, 1, "transposed convolution '" + name + "'");
  check_groups(g, name, channels, outputs, options.groups);
  std::vector<int64_t> sizes = {channels, outputs / options.groups};
  sizes.insert(sizes.end(), places, options.kernel);
  // PyTorch counts what comes in by the weight's second dimension here, too.
  const double bound = 1 / std::sqrt(static_cast<double>(sizes[1] * power(options.kernel, places)));
  const Handle weight = g.uniform_parameter(name + ".weight", sizes, bound);
  const Argument bias = bias_of(g, name, outputs, bound, options.bias);
  const std::string overload = places == 2 ? ".input" : "";
  return g.call("aten::conv_transpose" + ending(places) + overload,
                {{"input", ValueRef{x.id}},
                 {"weight", ValueRef{weight.id}},
                 {"bias", bias},
                 {"stride", each(places, options.stride)},
                 {"padding", each(places, options.padding)},
                 {"output_padding", each(places, 0)},
                 {"groups", options.groups},
                 {"dilation", each(places, options.dilation)}});
}

Handle max_pool(GraphBuilder& g, Handle x, const PoolOptions& options) {
  const size_t places = places_of(g, x);
  return g.call("aten::max_pool" + ending(places), {{"self", ValueRef{x.id}},
                                                    {"kernel_size", each(places, options.kernel)},
                                                    {"stride", each(places, options.stride)},
                                                    {"padding", each(places, options.padding)}});
}

Handle avg_pool(GraphBuilder& g, Handle x, const PoolOptions& options) {
  const size_t places = places_of(g, x);
  return g.call("aten::avg_pool" + ending(places), {{"self", ValueRef{x.id}},
                                                    {"kernel_size", each(places, options.kernel)},
                                                    {"stride", each(places, options.stride)},
                                                    {"padding", each(places, options.padding)}});
}

Handle pool_all(GraphBuilder& g, Handle x) {
  if (places_of(g, x) == 2) return g.flatten(g.global_avg_pool(x));
  return g.flatten(g.call("aten::adaptive_avg_pool1d",
                          {{"self", ValueRef{x.id}}, {"output_size", int_list({1})}}));
}

}  // namespace maas
