#include "call/expert_operators.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/autograd_not_implemented_fallback.h>
#include <torch/library.h>

#include <vector>

namespace maas {
namespace {

using at::Tensor;

void check(const Tensor& rows, const Tensor& weight, const Tensor& ends) {
  TORCH_CHECK(rows.dim() == 2 && weight.dim() == 3 && ends.dim() == 1 &&
                  rows.size(1) == weight.size(1) && ends.size(0) == weight.size(0) &&
                  rows.scalar_type() == weight.scalar_type() &&
                  (ends.scalar_type() == at::kInt || ends.scalar_type() == at::kLong),
              "grouped_mm of ", rows.sizes(), " by ", weight.sizes(), " with ends ", ends.sizes());
}

Tensor grouped_mm(const Tensor& rows, const Tensor& weight, const Tensor& ends) {
  check(rows, weight, ends);
  Tensor result = at::zeros({rows.size(0), weight.size(2)}, rows.options());
  const Tensor numbers = ends.to(at::kLong).contiguous();
  int64_t start = 0;
  for (int64_t expert = 0; expert < numbers.size(0); ++expert) {
    const int64_t end = numbers.const_data_ptr<int64_t>()[expert];
    TORCH_CHECK_INDEX(end >= start && end <= rows.size(0), "grouped_mm: the rows of expert ",
                      expert, " end at ", end, ", after ", start, " and of ", rows.size(0));
    if (end == start) continue;
    Tensor part = result.slice(0, start, end);
    at::mm_out(part, rows.slice(0, start, end), weight.select(0, expert));
    start = end;
  }
  return result;
}

Tensor grouped_mm_shape(const Tensor& rows, const Tensor& weight, const Tensor& ends) {
  check(rows, weight, ends);
  return at::empty({rows.size(0), weight.size(2)}, rows.options());
}

}  // namespace

void register_expert_operators() {
  static const std::vector<torch::Library> libraries = [] {
    std::vector<torch::Library> made;
    const auto part = [&](torch::Library::Kind kind, std::optional<c10::DispatchKey> key) {
      made.emplace_back(kind, "transformers", key, __FILE__, __LINE__);
      return &made.back();
    };
    part(torch::Library::FRAGMENT, std::nullopt)
        ->def("grouped_mm_fallback(Tensor input, Tensor weight, Tensor offs) -> Tensor");
    const char* name = "grouped_mm_fallback";
    part(torch::Library::IMPL, c10::DispatchKey::CPU)->impl(name, TORCH_FN(grouped_mm));
    part(torch::Library::IMPL, c10::DispatchKey::Meta)->impl(name, TORCH_FN(grouped_mm_shape));
    part(torch::Library::IMPL, c10::DispatchKey::Autograd)
        ->impl(name, torch::autograd::autogradNotImplementedFallback());
    return made;
  }();
}

}  // namespace maas
