#include "run/lower/int8_race.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/rand.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "program/emit.h"
#include "run/fuse_pointwise.h"
#include "run/plan.h"
#include "run/prepack_convolution.h"
#include "run/prepack_linear.h"
#include "run/target.h"

namespace maas {
namespace {

using Kind = Int8Layer::Kind;

constexpr double kProducts = 64e6;  // enough to tell; a few ms in float32

// Sizes of an input that is worth timing.
std::vector<int64_t> sizes_of(const Int8Layer& layer, const Value& input) {
  std::vector<int64_t> sizes;
  int64_t positions = 1;
  for (const Dim& dim : input.shape) sizes.push_back(std::max<int64_t>(dim.size, 1));
  if (layer.kind == Kind::kConvolution) {
    positions = sizes[2] * sizes[3] / (layer.stride[0] * layer.stride[1]);
  } else {
    for (size_t i = 1; i + 1 < sizes.size(); ++i) positions *= sizes[i];
  }
  const double row = static_cast<double>(std::max<int64_t>(positions, 1)) *
                     static_cast<double>(layer.weight.values.numel());
  const auto most = static_cast<int64_t>(kProducts / row);
  sizes[0] = std::clamp<int64_t>(most, 1, sizes[0]);
  return sizes;
}

std::string signature(const Int8Layer& layer, const std::vector<int64_t>& sizes,
                      const LayerEnd& end) {
  return fmt::format(
      "int8 {} x {} w {} bias {} stride {} padding {} dilation {} groups {} relu {} "
      "rounded {}, {} threads",
      static_cast<int>(layer.kind), sizes, layer.weight.values.sizes().vec(), layer.bias.defined(),
      layer.stride, layer.padding, layer.dilation, layer.groups, end.relu, end.rounded,
      at::get_num_threads());
}

struct Alone {  // a graph of one layer
  Program program;
  ValueId x = kNoValue;

  Alone(at::ScalarType dtype, const std::vector<int64_t>& sizes) {
    x = add_user_input(program, "x", dtype, {sizes.begin(), sizes.end()});
  }
  ValueId put(Node node) {
    const ValueId made = add_result(program, node, "y");
    program.nodes.push_back(std::move(node));
    return made;
  }
  void give(ValueId y) { program.outputs.push_back({GraphOutput::Kind::kUser, ValueRef{y}, "y"}); }
};

std::shared_ptr<const Plan> integer_plan(const Int8Layer& layer, const std::vector<int64_t>& sizes,
                                         const AffineGrid& grid, const LayerEnd& end) {
  Alone alone(layer.kind == Kind::kTokenLinear ? at::kFloat : at::kByte, sizes);
  Node node = int8_node(alone.program, layer, alone.x, grid, end);
  alone.give(alone.put(std::move(node)));
  return Plan::compile(alone.program);
}

// As lowering would have it.
std::shared_ptr<const Plan> float_plan(const Int8Layer& layer, const std::vector<int64_t>& sizes,
                                       const LayerEnd& end, const Target& target) {
  Alone alone(at::kFloat, sizes);
  ValueId x = alone.x;
  if (layer.kind == Kind::kTokenLinear) {
    x = alone.put(make_node("maas::token_fake_quantize", {{"x", ValueRef{x}}}));
    alone.program.value(x).shape = alone.program.value(alone.x).shape;
  }
  Node node = float_node(alone.program, layer, x);
  ValueId y = alone.put(std::move(node));
  if (end.relu) y = alone.put(make_node("aten::relu", {{"self", ValueRef{y}}}));
  if (end.rounded) {
    y = alone.put(make_node(
        "maas::fake_quantize",
        {{"x", ValueRef{y}}, {"scale", end.grid.scale}, {"zero_point", end.grid.zero_point}}));
  }
  alone.give(y);  // first: passes drop what no output needs
  Program packed = prepack_convolution(std::move(alone.program), target);
  alone.program = fuse_pointwise(prepack_linear(std::move(packed), target));
  return Plan::compile(alone.program);
}

std::function<void()> call_of(std::shared_ptr<const Plan> plan, const at::Tensor& x) {
  return [plan = std::move(plan), inputs = std::vector{x}] { plan->run_unchecked(inputs); };
}

}  // namespace

bool Int8Race::integers_win(const Int8Layer& layer, const Value& input,
                            const AffineGrid& input_grid, const LayerEnd& end) {
  const std::vector<int64_t> sizes = sizes_of(layer, input);
  LayerEnd alone = end;
  alone.sum = kNoValue;
  const at::NoGradGuard no_gradients;
  const auto x = [&] {
    const at::Tensor made = at::rand(sizes);
    const bool is_image = layer.kind == Kind::kConvolution;
    return is_image ? made.contiguous(at::MemoryFormat::ChannelsLast) : made;
  };
  const Kernel integers{"int8", [&] {
                          const bool by_token = layer.kind == Kind::kTokenLinear;
                          return call_of(integer_plan(layer, sizes, input_grid, alone),
                                         by_token ? x() : (x() * 255).to(at::kByte));
                        }};
  const Kernel floats{"fp32", [&] {
                        const Target target = target_of(sizes[0], times_);
                        return call_of(float_plan(layer, sizes, alone, target), x());
                      }};
  return race_.winner(signature(layer, sizes, alone), {integers, floats}) == "int8";
}

}  // namespace maas
