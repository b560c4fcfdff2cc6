#include "run/lower/convolution_race.h"

#include <ATen/Parallel.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/rand.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "run/lower/depthwise_convolution.h"
#include "run/lower/packed_convolution.h"

namespace maas {
namespace {

constexpr double kProducts = 320e6;  // enough to tell; some ms

bool is_depthwise(const ConvolutionSizes& sizes) {
  return sizes.window.groups > 1 && sizes.window.groups == sizes.input[1] &&
         sizes.weight[0] == sizes.input[1] && sizes.input[1] >= kFewestDepthwise;
}

bool has_place(const ConvolutionSizes& sizes) {
  const ConvolutionWindow& window = sizes.window;
  for (size_t d = 0; d < 2; ++d) {
    const int64_t covered = window.dilation[d] * (sizes.weight[2 + d] - 1) + 1;
    if (sizes.input[2 + d] + 2 * window.padding[d] < covered) return false;
  }
  return true;
}

bool fits(const ConvolutionSizes& sizes) {
  const bool four = sizes.input.size() == 4 && sizes.weight.size() == 4;
  return four && *std::ranges::min_element(sizes.weight) > 0 && has_place(sizes) &&
         (sizes.window.groups == 1 || is_depthwise(sizes));
}

at::Tensor made_up(const std::vector<int64_t>& input) {
  return at::rand(input).contiguous(at::MemoryFormat::ChannelsLast);
}

std::function<void()> own(const ConvolutionSizes& sizes, const std::vector<int64_t>& input) {
  const ConvolutionWindow& window = sizes.window;
  const at::Tensor weight = at::rand(sizes.weight);
  const bool depthwise = window.groups > 1;
  depthwise ? register_depthwise_convolution() : register_packed_convolution();
  const auto op = c10::Dispatcher::singleton().findSchemaOrThrow(
      depthwise ? kDepthwiseConvolution : kPackedConvolution, "");
  torch::jit::Stack arguments = {
      made_up(input), depthwise ? pack_depthwise(weight) : pack_convolution_columns(weight),
      c10::IValue(), c10::IValue()};
  const std::vector<int64_t> kernel = {sizes.weight[2], sizes.weight[3]};
  if (!depthwise) arguments.emplace_back(kernel);
  for (const auto* pair : {&window.stride, &window.padding, &window.dilation}) {
    arguments.emplace_back(*pair);
  }
  if (!depthwise) arguments.emplace_back(sizes.weight[0]);
  arguments.emplace_back("none");
  if (!depthwise) {
    arguments.emplace_back();
    arguments.emplace_back("none");
  }
  return [op, arguments = std::move(arguments)] {
    torch::jit::Stack stack = arguments;
    op.callBoxed(stack);
  };
}

}  // namespace

std::vector<int64_t> timed_input(const ConvolutionSizes& sizes) {
  const ConvolutionWindow& window = sizes.window;
  std::vector<int64_t> input = sizes.input;
  double place = 1;  // products
  for (const int64_t size : sizes.weight) place *= static_cast<double>(std::max<int64_t>(size, 1));
  double places = std::max(kProducts / place, 1.0);  // of the result, that there is time for
  for (size_t d : {1, 0}) {                          // along a line, then lines
    int64_t& size = input[2 + d];
    const auto stride = static_cast<double>(window.stride[d]);
    const int64_t covered = window.dilation[d] * (sizes.weight[2 + d] - 1) + 1;
    size = std::min(size, covered + static_cast<int64_t>(std::min(places * stride, 1e9)));
    places = std::max(places * stride / static_cast<double>(size), 1.0);
  }
  input[0] = std::clamp<int64_t>(static_cast<int64_t>(std::min(places, 1e9)), 1, input[0]);
  return input;
}

ConvolutionKernel quickest_convolution(KernelRace& race, const ConvolutionSizes& sizes) {
  if (!fits(sizes)) return ConvolutionKernel::kOnednn;
  const std::vector<int64_t> input = timed_input(sizes);
  const ConvolutionWindow& window = sizes.window;
  const at::NoGradGuard no_gradients;
  const auto onednn = [&]() -> std::function<void()> {
    const at::Tensor weight = pack_convolution_weight(at::rand(sizes.weight), window, input);
    return [x = made_up(input), weight, window] { convolve_by_onednn(x, weight, window); };
  };
  const std::string name = fmt::format(
      "conv2d fp32 {} by {} stride {} padding {} dilation {}, {} threads", fmt::join(input, "x"),
      fmt::join(sizes.weight, "x"), fmt::join(window.stride, "x"), fmt::join(window.padding, "x"),
      fmt::join(window.dilation, "x"), at::get_num_threads());
  const auto packed = [&] { return own(sizes, input); };
  return race.winner(name, {{"onednn", onednn}, {"packed", packed}}) == "packed"
             ? ConvolutionKernel::kPacked
             : ConvolutionKernel::kOnednn;
}

}  // namespace maas
