// A graph written as ONNX, read again, verified, and run beside the original
#pragma once

#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "call/builder.h"
#include "call/verify.h"
#include "export/onnx/read.h"
#include "export/onnx/write.h"
#include "support/evaluate_program.h"
#include "support/scratch.h"

namespace maas {

inline Program read_back(const Program& program, int64_t opset = 17) {
  const Scratch scratch;
  OnnxOptions options;
  options.opset = opset;
  write_onnx(program, scratch.path("net.onnx"), options);
  Program read = read_onnx(scratch.path("net.onnx"));
  verify(read, "net.onnx");
  return read;
}

// Random values of every input for a batch of `rows`.
inline std::vector<at::Tensor> random_inputs(const Program& program, int64_t rows) {
  std::vector<at::Tensor> inputs;
  for (const GraphInput* input : program.user_inputs()) {
    const Value& value = program.value(input->value);
    std::vector<int64_t> sizes;
    for (const Dim& dim : value.shape) sizes.push_back(dim.is_symbolic() ? rows : dim.size);
    inputs.push_back(at::isFloatingType(value.dtype) ? at::randn(sizes, value.dtype)
                                                     : at::randint(0, 3, sizes, value.dtype));
  }
  return inputs;
}

inline void expect_same_outputs(const Program& program, const Program& other,
                                double tolerance = 1e-5) {
  for (const int64_t rows : {1, 5}) {
    const auto inputs = random_inputs(program, rows);
    const auto wanted = evaluate(program, inputs), made = evaluate(other, inputs);
    ASSERT_EQ(wanted.size(), made.size());
    for (size_t i = 0; i < wanted.size(); ++i) {
      ASSERT_EQ(wanted[i].sizes(), made[i].sizes());
      ASSERT_EQ(wanted[i].scalar_type(), made[i].scalar_type());
      const bool close =
          made[i]
              .to(at::kDouble)
              .allclose(wanted[i].to(at::kDouble), tolerance, tolerance, /*equal_nan=*/true);
      EXPECT_TRUE(close) << made[i] << wanted[i] << to_text(other);
    }
  }
}

}  // namespace maas
