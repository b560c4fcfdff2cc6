#include "run/lower/int8_operators.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/fake_quantize_per_tensor_affine.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "program/operators.h"

namespace maas {
namespace {

constexpr auto kChannelsLast = at::MemoryFormat::ChannelsLast;

at::Tensor call(const char* op, torch::jit::Stack stack) {
  register_int8_operators();
  c10::Dispatcher::singleton().findSchemaOrThrow(op, "").callBoxed(stack);
  return stack.at(0).toTensor();
}

at::Tensor quantize(const at::Tensor& x, bool channels_last) {
  return call("maas::quantize", {x, 0.03, int64_t{100}, channels_last});
}

TEST(Int8Operators, QuantizeTakesAnyLayoutAndGivesTheOneThatIsAskedFor) {
  for (const int64_t channels : {1, 3, 40}) {
    const at::Tensor x = at::randn({2, channels, 31, 21});
    const at::Tensor expected = at::fake_quantize_per_tensor_affine(x, 0.03, 100, 0, 255);
    for (const at::Tensor& given :
         {x, x.contiguous(kChannelsLast), x.transpose(2, 3).contiguous().transpose(2, 3)}) {
      const at::Tensor q = quantize(given, true);
      EXPECT_TRUE(q.is_contiguous(kChannelsLast));
      const at::Tensor back = call("maas::dequantize", {q, 0.03, int64_t{100}});
      EXPECT_TRUE(back.equal(expected));
      EXPECT_TRUE(back.is_contiguous(kChannelsLast));
      EXPECT_TRUE(quantize(given, false).equal(q));
      EXPECT_TRUE(call("maas::fake_quantize", {given, 0.03, int64_t{100}}).equal(expected));
    }
  }
}

TEST(Int8Operators, PoolingIsThatOfLibtorch) {
  struct Case {
    std::vector<int64_t> kernel, stride, padding, dilation;
    bool ceil;
  };
  for (const Case& c : {Case{{2, 2}, {}, {0, 0}, {1, 1}, false},
                        {{3, 2}, {2, 1}, {1, 0}, {1, 1}, false},
                        {{3, 3}, {2, 2}, {1, 1}, {1, 2}, true},
                        {{2}, {3}, {1}, {1}, true}}) {
    for (const int64_t channels : {1, 5, 24, 64}) {
      const at::Tensor q = at::randint(0, 256, {2, channels, 11, 8}).to(at::kByte);
      const at::Tensor expected =
          at::max_pool2d(q.to(at::kFloat), c.kernel, c.stride, c.padding, c.dilation, c.ceil);
      const at::Tensor found =
          call("maas::max_pool2d", {q, c.kernel, c.stride, c.padding, c.dilation, c.ceil});
      EXPECT_EQ(found.sizes(), expected.sizes());
      EXPECT_TRUE(found.to(at::kFloat).equal(expected)) << channels;
    }
  }
}

TEST(Int8Operators, NoRowsGiveNoRows) {
  const at::Tensor weight = at::ones({4, 3}, at::kChar), correction = at::zeros({3}, at::kInt),
                   scale = at::ones({3});
  const at::Tensor y =
      call("maas::quantized_linear", {at::empty({0, 4}, at::kByte), weight, correction, scale,
                                      c10::IValue(), 0.0, 9.0, 1.0, int64_t{0}, false});
  EXPECT_EQ(y.sizes(), (std::vector<int64_t>{0, 3}));
  EXPECT_EQ(quantize(at::empty({0, 3, 2, 2}), true).numel(), 0);
  EXPECT_EQ(call("maas::token_quantized_linear",
                 {at::empty({0, 2, 4}), weight, scale, c10::IValue(), 0.0, 9.0})
                .sizes(),
            (std::vector<int64_t>{0, 2, 3}));
}

TEST(Int8Operators, NoFileMayNameThem) {
  EXPECT_FALSE(is_allowed_operator("maas::quantize"));
  EXPECT_FALSE(is_allowed_operator("maas::quantized_linear"));
}

}  // namespace
}  // namespace maas
