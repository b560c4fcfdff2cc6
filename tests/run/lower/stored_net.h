// Networks of the stored int8 form, for tests: random integers, results of about N(0, 1)
#pragma once

#include <ATen/TensorOperators.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>

#include <cmath>
#include <string>
#include <vector>

#include "call/builder.h"
#include "program/arguments.h"
#include "program/quantized_form.h"

namespace maas {

struct StoredWindow {
  std::vector<int64_t> stride = {1, 1}, padding = {0, 0}, dilation = {1, 1};
  int64_t groups = 1;
};

class StoredNet {
 public:
  GraphBuilder g{"net", 5};

  Handle weight(const std::string& name, std::vector<int64_t> sizes) {
    const at::Tensor values = at::randint(-127, 128, sizes).to(at::kChar);
    std::vector<int64_t> ones(sizes.size(), 1);
    ones[0] = sizes[0];
    const double width = static_cast<double>(values.numel() / sizes[0]);
    const at::Tensor scale = (at::rand(ones) + 0.5) / (73 * std::sqrt(width));
    values_ = values;
    const Handle integers = g.buffer(name + kInt8Suffix, values);
    const Handle real =
        g.call("aten::to.dtype", {{"self", ValueRef{integers.id}}, {"dtype", at::kFloat}});
    return g.call("aten::mul.Tensor",
                  {{"self", ValueRef{real.id}},
                   {"other", ValueRef{g.buffer(name + kScaleSuffix, scale.to(at::kFloat)).id}}});
  }
  at::Tensor last_values() const { return values_; }  // of the last weight; may be written to

  Handle rounded(Handle x, double scale, int64_t zero_point) {
    return g.call("aten::fake_quantize_per_tensor_affine", {{"self", ValueRef{x.id}},
                                                            {"scale", scale},
                                                            {"zero_point", zero_point},
                                                            {"quant_min", int64_t{0}},
                                                            {"quant_max", int64_t{255}}});
  }
  Handle rounded(Handle x) { return rounded(x, 8.0 / 255, 128); }
  Handle rounded_positive(Handle x) { return rounded(x, 4.0 / 255, 0); }

  Handle by_token(Handle x) {
    const auto call = [&](const char* op, Handle self, std::vector<Operand> rest) {
      rest.insert(rest.begin(), {"self", ValueRef{self.id}});
      return g.call(op, rest);
    };
    const Handle most =
        call("aten::amax", call("aten::abs", x, {}), {{"dim", int_list({-1})}, {"keepdim", true}});
    const Handle scale = call("aten::clamp_min", call("aten::div.Scalar", most, {{"other", 127.0}}),
                              {{"min", kLeastTokenScale}});
    const Handle whole =
        call("aten::round", call("aten::div.Tensor", x, {{"other", ValueRef{scale.id}}}), {});
    return call("aten::mul.Tensor", call("aten::clamp", whole, {{"min", -127.0}, {"max", 127.0}}),
                {{"other", ValueRef{scale.id}}});
  }

  Handle linear(const std::string& name, Handle x, int64_t outputs) {
    const Handle w = weight(name, {outputs, g.shape(x).back().size});
    return g.call("aten::linear", {{"input", ValueRef{x.id}},
                                   {"weight", ValueRef{w.id}},
                                   {"bias", ValueRef{bias(name, outputs).id}}});
  }

  Handle conv(const std::string& name, Handle x, std::vector<int64_t> sizes,
              const StoredWindow& window = {}) {
    const int64_t outputs = sizes[0];
    const Handle w = weight(name, std::move(sizes));
    return g.call("aten::conv2d", {{"input", ValueRef{x.id}},
                                   {"weight", ValueRef{w.id}},
                                   {"bias", ValueRef{bias(name, outputs).id}},
                                   {"stride", int_list(window.stride)},
                                   {"padding", int_list(window.padding)},
                                   {"dilation", int_list(window.dilation)},
                                   {"groups", window.groups}});
  }

  Handle bias(const std::string& name, int64_t outputs) {
    return g.parameter(name + ".bias", at::randn({outputs}) * 0.2);
  }

 private:
  at::Tensor values_;
};

}  // namespace maas
