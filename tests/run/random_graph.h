// Small graphs of layers that lowering passes look for, with the weights and inputs on which they
// could go wrong: large offsets, scales from tiny to huge, denormal numbers, infinities, NaN.
#pragma once

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/from_blob.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "call/builder.h"
#include "program/mode.h"
#include "program/program.h"

namespace maas {

// Reproducible: the same seed makes the same graph. In eval mode, one input of float32 or bytes.
class RandomGraph {
 public:
  explicit RandomGraph(uint64_t seed) : random_(seed), g_("seed " + std::to_string(seed), seed) {}

  Program make() {
    const bool bytes = chance(3);
    const bool image = chance(2);
    const std::vector<int64_t> shape =
        image ? std::vector<int64_t>{pick(3) + 1, 6, 6} : std::vector<int64_t>{pick(5) + 2};
    Handle x = g_.input("x", shape, bytes ? at::kByte : at::kFloat);
    if (bytes) x = g_.call("aten::to.dtype", {{"self", ValueRef{x.id}}, {"dtype", at::kFloat}});
    for (int64_t step = 0, steps = 2 + pick(7); step < steps; ++step) {
      kept_.push_back(x);
      x = rank(x) == 4 ? image_step(x) : table_step(x);
    }
    Program program = g_.finish({{"y", x}});
    spoil_weights(program);
    return with_mode(program, Mode::kEval);
  }

  at::Tensor input_for(const Program& program, int64_t rows) {
    const Value& value = program.value(program.user_inputs().at(0)->value);
    std::vector<int64_t> sizes = {rows};
    for (size_t d = 1; d < value.shape.size(); ++d) sizes.push_back(value.shape[d].size);
    int64_t count = 1;
    for (const int64_t size : sizes) count *= size;
    std::vector<float> numbers(static_cast<size_t>(count));
    if (value.dtype == at::kByte) {
      for (float& number : numbers) number = static_cast<float>(pick(256));
    } else {
      const Kind kind = kind_of_numbers(4);
      for (float& number : numbers) number = draw(kind);
      if (chance(12)) numbers[static_cast<size_t>(pick(count))] = special();
    }
    return at::from_blob(numbers.data(), sizes, at::kFloat).to(value.dtype).clone();
  }

 private:
  // What the numbers of one tensor have in common.
  struct Kind {
    float scale = 1, offset = 0;
  };

  int64_t pick(int64_t count) {
    return std::uniform_int_distribution<int64_t>(0, count - 1)(random_);
  }
  bool chance(int64_t of) { return pick(of) == 0; }
  float draw(const Kind& kind) {
    return kind.offset + kind.scale * std::normal_distribution<float>()(random_);
  }
  float special() {
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    const float numbers[] = {kInfinity, -kInfinity, std::nanf(""), 1e-40F, -1e-45F, 1e25F, 0.0F};
    return numbers[pick(7)];
  }
  // Ordinary ones, but for one in `of`.
  Kind kind_of_numbers(int64_t of) {
    if (!chance(of)) return {};
    const Kind kinds[] = {{1, 1e3F}, {1, -3e5F}, {1e-4F, 1}, {1e-20F, 0}, {1e-30F, 0},
                          {1e8F, 0}, {1e20F, 0}, {1e30F, 0}, {0, 0},      {1e-3F, 7e6F}};
    return kinds[pick(10)];
  }

  size_t rank(Handle x) const { return g_.shape(x).size(); }
  std::string name(const char* stem) { return stem + std::to_string(names_++); }
  Handle call(const char* op, Handle x) { return g_.call(op, {{"self", ValueRef{x.id}}}); }

  Handle image_step(Handle x) {
    switch (pick(8)) {
      case 0:
      case 1:
        return g_.conv2d(name("conv"), x, pick(4) + 1, 3, {.padding = 1, .bias = chance(2)});
      case 2:
        return g_.batch_norm(name("bn"), g_.conv2d(name("conv"), x, pick(4) + 1, 3,
                                                   {.padding = 1, .bias = chance(2)}));
      case 3:
        return g_.batch_norm(name("bn"), x);
      case 4:
        return g_.flatten(x);
      case 5:
        return g_.shape(x)[2].size >= 4 ? g_.max_pool2d(x, 2, 2, 0) : g_.global_avg_pool(x);
      default:
        return any_step(x);
    }
  }

  Handle table_step(Handle x) {
    switch (pick(6)) {
      case 0:
      case 1:
        return g_.linear(name("fc"), x, pick(5) + 1);
      case 2:
        return g_.batch_norm(name("bn"), g_.linear(name("fc"), x, pick(5) + 1));
      case 3:
        return by_product(x);
      default:
        return any_step(x);
    }
  }

  // A layer as decomposed exports write it.
  Handle by_product(Handle x) {
    const int64_t inputs = g_.shape(x).back().size, outputs = pick(5) + 1;
    const Handle w = g_.parameter(name("w"), at::empty({outputs, inputs}, at::kFloat));
    const Handle turned = call("aten::t", w);
    if (chance(2)) {
      return g_.call("aten::mm", {{"self", ValueRef{x.id}}, {"mat2", ValueRef{turned.id}}});
    }
    const Handle b = g_.parameter(name("b"), at::empty({outputs}, at::kFloat));
    return g_.call(
        "aten::addmm",
        {{"self", ValueRef{b.id}}, {"mat1", ValueRef{x.id}}, {"mat2", ValueRef{turned.id}}});
  }

  Handle any_step(Handle x) {
    if (chance(4)) return g_.relu(x);
    if (chance(8)) return call(chance(2) ? "aten::sigmoid" : "aten::tanh", x);
    if (chance(2)) {
      for (const Handle& old : kept_) {
        if (old.id != x.id && g_.shape(old) == g_.shape(x)) return g_.add(x, old);
      }
    }
    return arithmetic(x);
  }

  // By a number, or by a tensor that may itself be worked out from weights.
  Handle arithmetic(Handle x) {
    const std::string op = std::vector<std::string>{"add", "sub", "mul", "div"}[pick(4)];
    if (chance(2)) {
      const double number =
          chance(3) ? std::vector<double>{0, 1e30, 1e-30, 1e-40, -3e5, 255}[pick(6)] : draw(Kind{});
      return g_.call("aten::" + op + ".Scalar", {{"self", ValueRef{x.id}}, {"other", number}});
    }
    std::vector<int64_t> sizes(rank(x) - 1, 1);
    sizes[0] = g_.shape(x)[1].size;
    Handle c = chance(2) ? g_.buffer(name("c"), at::empty(sizes, at::kFloat))
                         : g_.parameter(name("p"), at::empty(sizes, at::kFloat));
    if (chance(3)) c = call("aten::neg", c);
    return g_.call("aten::" + op + ".Tensor",
                   {{"self", ValueRef{x.id}}, {"other", ValueRef{c.id}}});
  }

  void spoil_weights(Program& program) {
    for (auto* tensors : {&program.parameters, &program.buffers}) {
      for (auto& [key, tensor] : *tensors) {
        if (!tensor.is_floating_point()) continue;
        tensor = tensor.clone();
        const Kind kind = kind_of_numbers(5);
        auto* numbers = tensor.mutable_data_ptr<float>();
        for (int64_t i = 0; i < tensor.numel(); ++i) numbers[i] = draw(kind);
        if (chance(25)) numbers[pick(tensor.numel())] = special();
        if (key.ends_with("running_var")) tensor.abs_();
      }
    }
  }

  std::mt19937_64 random_;
  GraphBuilder g_;
  std::vector<Handle> kept_;
  int64_t names_ = 0;
};

}  // namespace maas
