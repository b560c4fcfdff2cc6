#include "run/lower/int8_race.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/rand.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <limits>

#include "program/emit.h"
#include "run/fuse_pointwise.h"
#include "run/plan.h"
#include "run/prepack_convolution.h"
#include "run/prepack_linear.h"

namespace maas {
namespace {

using Clock = std::chrono::steady_clock;
using Kind = Int8Layer::Kind;

constexpr double kProducts = 64e6;   // enough to tell; a few ms in float32
constexpr double kShortest = 50e-6;  // seconds of one measurement
constexpr int kRounds = 8;           // of both in turns
constexpr double kClear = 1.4;       // a ratio at which two rounds are enough

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

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
  return fmt::format("{} {} {} {} {} {} {} {} {} {}", static_cast<int>(layer.kind), sizes,
                     layer.weight.values.sizes().vec(), layer.bias.defined(), layer.stride,
                     layer.padding, layer.dilation, layer.groups, end.relu, end.rounded);
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
                                       const LayerEnd& end) {
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
  alone.program = fuse_pointwise(prepack_linear(prepack_convolution(std::move(alone.program))));
  return Plan::compile(alone.program);
}

struct Runner {
  std::shared_ptr<const Plan> plan;
  std::vector<at::Tensor> inputs;
  int64_t calls = 1;  // of one measurement
  double best = std::numeric_limits<double>::infinity();

  void measure() {
    const auto start = Clock::now();
    for (int64_t i = 0; i < calls; ++i) plan->run_unchecked(inputs);
    best = std::min(best, seconds_since(start) / static_cast<double>(calls));
  }
  void warm_up() {
    plan->run_unchecked(inputs);
    measure();
    calls = std::clamp<int64_t>(static_cast<int64_t>(kShortest / std::max(best, 1e-7)), 1, 1000);
  }
};

bool first_wins(Runner& first, Runner& second) {
  first.warm_up();
  second.warm_up();
  for (int round = 1; round <= kRounds; ++round) {
    first.measure();
    second.measure();
    const double ratio = first.best / second.best;
    if (round >= 2 && (ratio > kClear || ratio < 1 / kClear)) break;
  }
  return first.best < second.best;
}

}  // namespace

bool Int8Race::integers_win(const Int8Layer& layer, const Value& input,
                            const AffineGrid& input_grid, const LayerEnd& end) {
  const std::vector<int64_t> sizes = sizes_of(layer, input);
  LayerEnd alone = end;
  alone.sum = kNoValue;
  const std::string name = signature(layer, sizes, alone);
  if (const auto found = known_.find(name); found != known_.end()) return found->second;
  if (seconds_left_ <= 0) return true;

  const at::NoGradGuard no_gradients;
  const auto start = Clock::now();
  const bool by_token = layer.kind == Kind::kTokenLinear;
  at::Tensor x = at::rand(sizes);
  if (layer.kind == Kind::kConvolution) x = x.contiguous(at::MemoryFormat::ChannelsLast);
  Runner integers{integer_plan(layer, sizes, input_grid, alone),
                  {by_token ? x : (x * 255).to(at::kByte)}};
  Runner floats{float_plan(layer, sizes, alone), {x}};
  const bool wins = first_wins(integers, floats);
  seconds_left_ -= seconds_since(start);
  known_[name] = wins;
  return wins;
}

}  // namespace maas
