// torchvision's operators that exported detectors hold, on the CPU
#pragma once

namespace maas {

// Registers torchvision::nms, roi_align and deform_conv2d with libtorch's dispatcher under
// torchvision's own schemas, for float and double; again at no cost. They have no gradients: who
// asks for one gets libtorch's error. What they are given may be anything: sizes and batch indices
// are checked.
void register_vision_operators();

}  // namespace maas
