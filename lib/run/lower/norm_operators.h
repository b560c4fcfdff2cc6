// The operators of training graphs for batch normalisation with what stands behind it
#pragma once

namespace maas {

// Registers with libtorch's dispatcher, once a process; thread-safe. Not on the allow-list: a file
// that names them is refused. Both do what at::native_batch_norm and its backward kernel do while
// training (Ioffe and Szegedy 2015), on float32 x [N, C, ..]; quickest where the channels of a
// place lie side by side (channels-last, or [N, C]). Sums do not depend on the number of threads.
// c10::Error for sizes that do not fit.
//
//   maas::norm_relu(Tensor x, Tensor? weight, Tensor? bias, Tensor(a!)? running_mean,
//                   Tensor(b!)? running_var, float momentum, float eps, Tensor? other, bool relu)
//       -> (Tensor y, Tensor mean, Tensor invstd)
//     y = normalised x, plus other [N, C, ..] if given, then the ReLU; mean and invstd are those
//     of this batch, float32 [C]; the running ones are moved.
//   maas::norm_relu_backward(Tensor gradient, Tensor x, Tensor? weight, Tensor? bias, Tensor mean,
//                            Tensor invstd, bool relu, bool wants_x)
//       -> (Tensor, Tensor, Tensor)
//     from the gradient of y (made without other) those of x, weight, bias; that of x is empty [0]
//     unless it is wanted.
void register_norm_operators();

constexpr const char* kNormRelu = "maas::norm_relu";
constexpr const char* kNormReluBackward = "maas::norm_relu_backward";

}  // namespace maas
