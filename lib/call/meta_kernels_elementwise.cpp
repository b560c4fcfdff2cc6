#include "call/meta_kernels_elementwise.h"

#include <ATen/ExpandUtils.h>
#include <ATen/WrapDimUtilsMulti.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/result_type.h>

#include <tuple>

namespace maas {
namespace {

using at::IntArrayRef;
using at::OptionalIntArrayRef;
using at::Scalar;
using at::Tensor;
using OptionalScalar = std::optional<Scalar>;

Tensor same(const Tensor& self) { return at::empty_like(self); }

Tensor clamped(const Tensor& self, const Scalar& /*low*/, const Scalar& /*high*/) {
  return at::empty_like(self);
}

Tensor flags(const Tensor& self) { return at::empty_like(self, self.options().dtype(at::kBool)); }

Tensor flipped(const Tensor& self, IntArrayRef dims) {
  for (const int64_t dim : dims) at::maybe_wrap_dim(dim, self.dim());
  return at::empty_like(self);
}

Tensor rolled(const Tensor& self, IntArrayRef shifts, IntArrayRef dims) {
  TORCH_CHECK(shifts.size() == dims.size() || (dims.empty() && shifts.size() == 1), "roll has ",
              shifts.size(), " shifts for ", dims.size(), " dimensions");
  return flipped(self, dims);
}

std::tuple<Tensor, Tensor> log_sigmoid(const Tensor& self) {
  return {at::empty_like(self), at::empty_like(self)};
}

Tensor of_both(const Tensor& self, const Tensor& other) {
  return at::empty(at::infer_size(self.sizes(), other.sizes()),
                   self.options().dtype(at::result_type(self, other)));
}

Tensor of_both_scaled(const Tensor& self, const Tensor& other, const Scalar& /*alpha*/) {
  return of_both(self, other);
}

// The sizes that are left when `dims` (all, when empty or absent) are reduced.
std::vector<int64_t> reduced(const Tensor& self, OptionalIntArrayRef dims, bool keep) {
  const IntArrayRef given = dims.has_value() ? *dims : IntArrayRef();
  const auto mask = at::dim_list_to_bitset(given, static_cast<size_t>(self.dim()));
  std::vector<int64_t> sizes;
  for (int64_t d = 0; d < self.dim(); ++d) {
    const bool gone = given.empty() || mask[d];
    if (!gone || keep) sizes.push_back(gone ? 1 : self.size(d));
  }
  return sizes;
}

Tensor variance(const Tensor& self, OptionalIntArrayRef dims, const OptionalScalar& /*correction*/,
                bool keep) {
  TORCH_CHECK(at::isFloatingType(self.scalar_type()), "the variance of ", self.scalar_type());
  return at::empty(reduced(self, dims, keep), self.options());
}

std::tuple<Tensor, Tensor> variance_and_mean(const Tensor& self, OptionalIntArrayRef dims,
                                             const OptionalScalar& correction, bool keep) {
  return {variance(self, dims, correction, keep), variance(self, dims, correction, keep)};
}

Tensor one_of_all(const Tensor& self) { return at::empty({}, self.options()); }

Tensor product(const Tensor& self, std::optional<at::ScalarType> dtype) {
  const bool counts = at::isIntegralType(self.scalar_type(), true);
  return at::empty({},
                   self.options().dtype(dtype.value_or(counts ? at::kLong : self.scalar_type())));
}

}  // namespace

void register_elementwise(MetaKernels& kernels) {
  for (const char* name : {"relu", "hardswish"}) kernels.impl(name, TORCH_FN(same));
  kernels.impl("hardtanh", TORCH_FN(clamped));
  kernels.impl("isnan", TORCH_FN(flags));
  kernels.impl("flip", TORCH_FN(flipped));
  kernels.impl("roll", TORCH_FN(rolled));
  kernels.impl("log_sigmoid_forward", TORCH_FN(log_sigmoid));
  kernels.impl("floor_divide", TORCH_FN(of_both));
  kernels.impl("rsub.Tensor", TORCH_FN(of_both_scaled));
  for (const char* name : {"var.correction", "std.correction"}) {
    kernels.impl(name, TORCH_FN(variance));
  }
  for (const char* name : {"var_mean.correction", "std_mean.correction"}) {
    kernels.impl(name, TORCH_FN(variance_and_mean));
  }
  for (const char* name : {"max", "min"}) kernels.impl(name, TORCH_FN(one_of_all));
  kernels.impl("prod", TORCH_FN(product));
}

}  // namespace maas
