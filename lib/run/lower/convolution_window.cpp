#include "run/lower/convolution_window.h"

#include <ATen/core/dispatch/Dispatcher.h>

namespace maas {
namespace {

constexpr const char* kReorder = "mkldnn::_reorder_convolution_weight";

}  // namespace

bool has_onednn_convolutions() {
  auto& dispatcher = c10::Dispatcher::singleton();
  return dispatcher.findSchema({kReorder, ""}).has_value() &&
         dispatcher.findSchema({kOnednnConvolution, ""}).has_value();
}

at::Tensor pack_convolution_weight(const at::Tensor& weight, const ConvolutionWindow& window,
                                   const std::vector<int64_t>& sizes) {
  static const auto reorder = c10::Dispatcher::singleton().findSchemaOrThrow(kReorder, "");
  torch::jit::Stack stack = {weight,          window.padding, window.stride,
                             window.dilation, window.groups,  sizes};
  reorder.callBoxed(stack);
  return stack.at(0).toTensor();
}

at::Tensor convolve_by_onednn(const at::Tensor& x, const at::Tensor& packed,
                              const ConvolutionWindow& window) {
  static const auto convolution =
      c10::Dispatcher::singleton().findSchemaOrThrow(kOnednnConvolution, "");
  torch::jit::Stack stack = {x,
                             packed,
                             c10::IValue(),
                             window.padding,
                             window.stride,
                             window.dilation,
                             window.groups,
                             "none",
                             c10::List<std::optional<at::Scalar>>(),
                             c10::IValue()};
  convolution.callBoxed(stack);
  return stack.at(0).toTensor();
}

}  // namespace maas
