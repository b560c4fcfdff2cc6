// Each kernel makes an empty tensor of the result's shape; what libtorch checks before it picks a
// backend (ranks, channel counts, broadcasting) is checked by its own code on the way here.
#include "call/meta_kernels.h"

#include <ATen/ExpandUtils.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>

#include <tuple>

#include "call/meta_kernels_elementwise.h"

namespace maas {
namespace {

using at::IntArrayRef;
using at::Tensor;
using OptionalTensor = std::optional<Tensor>;

Tensor convolution(const Tensor& input, const Tensor& weight, const OptionalTensor& /*bias*/,
                   IntArrayRef stride, IntArrayRef padding, IntArrayRef dilation, bool transposed,
                   IntArrayRef output_padding, int64_t groups) {
  std::vector<int64_t> sizes = {input.size(0),
                                transposed ? weight.size(1) * groups : weight.size(0)};
  for (int64_t i = 2; i < input.dim(); ++i) {
    const auto k = static_cast<size_t>(i - 2);
    const int64_t window = dilation[k] * (weight.size(i) - 1) + 1;
    if (transposed) {
      sizes.push_back((input.size(i) - 1) * stride[k] - 2 * padding[k] + window +
                      output_padding[k]);
    } else {
      sizes.push_back((input.size(i) + 2 * padding[k] - window) / stride[k] + 1);
    }
    TORCH_CHECK(sizes.back() > 0, "the window of size ", window, " does not fit into dimension ", i,
                " of size ", input.size(i), " with padding ", padding[k]);
  }
  return at::empty(sizes, input.options());
}

void check_channels(const Tensor& input, const OptionalTensor& of, const char* name) {
  TORCH_CHECK(input.dim() >= 2, "batch_norm takes [B, C, ...], not ", input.sizes());
  if (!of || !of->defined()) return;
  TORCH_CHECK(of->dim() == 1 && of->size(0) == input.size(1), name, " has sizes ", of->sizes(),
              " for ", input.size(1), " channels");
}

std::tuple<Tensor, Tensor, Tensor> batch_norm(const Tensor& input, const OptionalTensor& weight,
                                              const OptionalTensor& bias,
                                              const OptionalTensor& mean,
                                              const OptionalTensor& variance, bool training,
                                              double /*momentum*/, double /*eps*/) {
  check_channels(input, weight, "weight");
  check_channels(input, bias, "bias");
  check_channels(input, mean, "running_mean");
  check_channels(input, variance, "running_var");
  // libtorch's own kernels read statistics that are not there.
  TORCH_CHECK(training || (mean && mean->defined() && variance && variance->defined()),
              "batch_norm has neither running statistics nor takes those of its input");
  const int64_t kept = training ? input.size(1) : 0;
  return {at::empty_like(input), at::empty({kept}, input.options()),
          at::empty({kept}, input.options())};
}

std::tuple<Tensor, Tensor, Tensor> batch_norm_legit(const Tensor& input,
                                                    const OptionalTensor& weight,
                                                    const OptionalTensor& bias, Tensor& mean,
                                                    Tensor& variance, bool training,
                                                    double momentum, double eps) {
  return batch_norm(input, weight, bias, mean, variance, training, momentum, eps);
}

std::tuple<Tensor, Tensor, Tensor> batch_norm_no_training(
    const Tensor& input, const OptionalTensor& weight, const OptionalTensor& bias,
    const Tensor& mean, const Tensor& variance, double momentum, double eps) {
  return batch_norm(input, weight, bias, mean, variance, false, momentum, eps);
}

std::tuple<Tensor, Tensor, Tensor> batch_norm_without_stats(const Tensor& input,
                                                            const OptionalTensor& weight,
                                                            const OptionalTensor& bias,
                                                            bool training, double momentum,
                                                            double eps) {
  return batch_norm(input, weight, bias, std::nullopt, std::nullopt, training, momentum, eps);
}

std::tuple<Tensor, Tensor, Tensor, Tensor, Tensor> batch_norm_functional(
    const Tensor& input, const OptionalTensor& weight, const OptionalTensor& bias,
    const Tensor& mean, const Tensor& variance, bool training, double momentum, double eps) {
  const auto [out, saved_mean, saved_deviation] =
      batch_norm(input, weight, bias, mean, variance, training, momentum, eps);
  return {out, saved_mean, saved_deviation, at::empty_like(mean), at::empty_like(variance)};
}

Tensor index_select(const Tensor& self, int64_t dim, const Tensor& index) {
  TORCH_CHECK_INDEX(index.dim() <= 1, "index must be a vector, not ", index.sizes());
  TORCH_CHECK(index.scalar_type() == at::kLong || index.scalar_type() == at::kInt,
              "index must hold integers, not ", index.scalar_type());
  std::vector<int64_t> sizes = self.sizes().vec();
  if (!sizes.empty())
    sizes[static_cast<size_t>(at::maybe_wrap_dim(dim, self.dim()))] = index.numel();
  return at::empty(sizes, self.options());
}

Tensor where(const Tensor& condition, const Tensor& self, const Tensor& other) {
  const auto sizes = at::infer_size(condition.sizes(), at::infer_size(self.sizes(), other.sizes()));
  return at::empty(
      sizes, self.options().dtype(c10::promoteTypes(self.scalar_type(), other.scalar_type())));
}

Tensor prelu(const Tensor& self, const Tensor& weight) {
  return at::empty(at::infer_size(self.sizes(), weight.sizes()), self.options());
}

std::tuple<Tensor, Tensor> dropout(const Tensor& input, double /*p*/,
                                   std::optional<bool> /*train*/) {
  return {at::empty_like(input), at::empty_like(input, input.options().dtype(at::kBool))};
}

Tensor adaptive_average(const Tensor& self, IntArrayRef output_size) {
  TORCH_CHECK(self.dim() >= 3, "adaptive pooling takes [B, C, H, W], not ", self.sizes());
  std::vector<int64_t> sizes = self.sizes().vec();
  for (size_t i = 0; i < output_size.size(); ++i) {
    sizes[sizes.size() - output_size.size() + i] = output_size[i];
  }
  return at::empty(sizes, self.options());
}

Tensor shuffled(const Tensor& self, int64_t groups) {
  TORCH_CHECK(self.dim() > 2 && groups > 0 && self.size(1) % groups == 0, "channel_shuffle of ",
              self.sizes(), " in ", groups, " groups");
  return at::empty_like(self);
}

Tensor reflection_pad(const Tensor& self, IntArrayRef padding) {
  TORCH_CHECK(padding.size() == 4 && self.dim() >= 3, "reflection_pad2d of ", self.sizes(), " by ",
              padding);
  std::vector<int64_t> sizes = self.sizes().vec();
  for (size_t i = 0; i < 2; ++i) {
    int64_t& size = sizes[sizes.size() - 1 - i];
    TORCH_CHECK(padding[2 * i] < size && padding[2 * i + 1] < size, "reflection_pad2d by ", padding,
                " of a side of ", size);
    size += padding[2 * i] + padding[2 * i + 1];
  }
  return at::empty(sizes, self.options());
}

Tensor grid_sampler(const Tensor& input, const Tensor& grid, int64_t /*interpolation*/,
                    int64_t /*padding*/, bool /*align_corners*/) {
  TORCH_CHECK(
      input.dim() == 4 && grid.dim() == 4 && grid.size(3) == 2 && grid.size(0) == input.size(0),
      "grid_sampler_2d of ", input.sizes(), " at ", grid.sizes());
  return at::empty({input.size(0), input.size(1), grid.size(1), grid.size(2)}, input.options());
}

std::tuple<Tensor, Tensor> attention(const Tensor& query, const Tensor& key, const Tensor& value,
                                     double /*dropout*/, bool /*causal*/,
                                     const std::optional<Tensor>& /*mask*/,
                                     std::optional<double> /*scale*/) {
  TORCH_CHECK(query.dim() == 4 && key.dim() == 4 && value.dim() == 4 &&
                  query.size(3) == key.size(3) && key.size(2) == value.size(2),
              "attention of ", query.sizes(), " over ", key.sizes(), " and ", value.sizes());
  const auto sums = query.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  return {at::empty_like(query),
          at::empty({query.size(0), query.size(1), query.size(2)}, query.options().dtype(sums))};
}

}  // namespace

void register_meta_kernels() { meta_kernel_names(); }

const std::vector<std::string>& meta_kernel_names() {
  static const MetaKernels kernels = [] {
    MetaKernels made{
        torch::Library(torch::Library::IMPL, "aten", c10::DispatchKey::Meta, __FILE__, __LINE__),
        {}};
    made.impl("convolution_overrideable", TORCH_FN(convolution));
    made.impl("native_batch_norm", TORCH_FN(batch_norm));
    made.impl("_native_batch_norm_legit", TORCH_FN(batch_norm_legit));
    made.impl("_native_batch_norm_legit.no_stats", TORCH_FN(batch_norm_without_stats));
    made.impl("_native_batch_norm_legit_functional", TORCH_FN(batch_norm_functional));
    made.impl("_native_batch_norm_legit_no_training", TORCH_FN(batch_norm_no_training));
    made.impl("index_select", TORCH_FN(index_select));
    made.impl("where.self", TORCH_FN(where));
    made.impl("_prelu_kernel", TORCH_FN(prelu));
    made.impl("native_dropout", TORCH_FN(dropout));
    made.impl("_adaptive_avg_pool2d", TORCH_FN(adaptive_average));
    made.impl("channel_shuffle", TORCH_FN(shuffled));
    made.impl("reflection_pad2d", TORCH_FN(reflection_pad));
    made.impl("grid_sampler_2d", TORCH_FN(grid_sampler));
    made.impl("_scaled_dot_product_flash_attention_for_cpu", TORCH_FN(attention));
    register_elementwise(made);
    return made;
  }();
  return kernels.names;
}

}  // namespace maas
