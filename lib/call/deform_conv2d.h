// Convolution whose taps are moved by offsets, and weighed (Dai et al. 2017, Zhu et al. 2018)
#pragma once

#include <ATen/core/Tensor.h>

namespace maas {

// torchvision::deform_conv2d. input [N, C, H, W], weight [O, C/groups, kh, kw], offset [N,
// 2*offset_groups*kh*kw, OH, OW] (y before x), mask [N, offset_groups*kh*kw, OH, OW] where
// `use_mask`, bias [O] -> [N, O, OH, OW]. Throws c10::Error for sizes that do not go together. The
// arguments are those of torchvision's schema.
at::Tensor deform_conv2d(const at::Tensor& input, const at::Tensor& weight,
                         const at::Tensor& offset, const at::Tensor& mask, const at::Tensor& bias,
                         int64_t stride_h, int64_t stride_w, int64_t pad_h, int64_t pad_w,
                         int64_t dilation_h, int64_t dilation_w, int64_t groups,
                         int64_t offset_groups, bool use_mask);

// Its shape rule: what it gives, without values.
at::Tensor deform_conv2d_shape(const at::Tensor& input, const at::Tensor& weight,
                               const at::Tensor& offset, const at::Tensor& mask,
                               const at::Tensor& bias, int64_t stride_h, int64_t stride_w,
                               int64_t pad_h, int64_t pad_w, int64_t dilation_h, int64_t dilation_w,
                               int64_t groups, int64_t offset_groups, bool use_mask);

}  // namespace maas
