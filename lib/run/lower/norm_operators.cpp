// Every loop runs over blocks of rows; what a block sums is kept apart and added up in order, in
// float64, so that it does not matter which thread ran which block.
#include "run/lower/norm_operators.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/native_batch_norm.h>
#include <ATen/ops/native_batch_norm_backward.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/threshold_backward.h>
#include <c10/util/Exception.h>
#include <torch/library.h>

#include <cmath>
#include <tuple>
#include <vector>

#include "program/program.h"
#include "run/lower/norm_loops.h"

namespace maas {
namespace {

using at::Tensor;
using OptionalTensor = std::optional<Tensor>;
using Floats = std::vector<float>;
using Doubles = std::vector<double>;
using Three = std::tuple<Tensor, Tensor, Tensor>;

void expect(bool fits, const char* what, const Tensor& tensor) {
  TORCH_CHECK(fits, "maas::norm_relu: ", what, " is ", type_text(tensor));
}

// Whether the channels of a place lie side by side in memory.
bool has_rows(const Tensor& x) {
  if (x.scalar_type() != at::kFloat || x.numel() == 0) return false;
  return x.dim() == 2 ? x.is_contiguous()
                      : x.dim() == 4 && x.is_contiguous(at::MemoryFormat::ChannelsLast);
}

Tensor like(const Tensor& given, const Tensor& x) {
  return given.contiguous(x.dim() == 4 ? at::MemoryFormat::ChannelsLast
                                       : at::MemoryFormat::Contiguous);
}

// The numbers of a vector [C]; `otherwise` C times where there is none.
Floats numbers_of(const OptionalTensor& given, int64_t channels, float otherwise) {
  Floats numbers(static_cast<size_t>(channels), otherwise);
  if (!given || !given->defined()) return numbers;
  expect(given->scalar_type() == at::kFloat && given->sizes() == at::IntArrayRef({channels}),
         "a vector of the channels", *given);
  const Tensor whole = given->contiguous();
  const auto* first = whole.const_data_ptr<float>();
  numbers.assign(first, first + channels);
  return numbers;
}

Tensor vector_of(const Doubles& numbers, const Tensor& x) {
  Tensor made = at::empty({static_cast<int64_t>(numbers.size())}, x.options());
  auto* to = made.mutable_data_ptr<float>();
  for (size_t i = 0; i < numbers.size(); ++i) to[i] = static_cast<float>(numbers[i]);
  return made;
}

// x as rows of channels, and how they are shared among threads.
struct Rows {
  explicit Rows(const Tensor& tensor)
      : x(tensor.const_data_ptr<float>()),
        channels(tensor.size(1)),
        count(tensor.numel() / tensor.size(1)),
        form(channels) {}

  // each(block, first row, rows) for every block.
  template <class Each>
  void for_blocks(Each each) const {
    at::parallel_for(0, form.blocks(count), 4, [&](int64_t begin, int64_t end) {
      for (int64_t block = begin; block < end; ++block) {
        const int64_t first = block * form.rows_of_block;
        each(block, first, std::min(form.rows_of_block, count - first));
      }
    });
  }

  const float* x;
  int64_t channels, count;
  NormRows form;
};

struct Moments {
  Doubles mean, squares;
};

// Means and sums of squares of blocks make those of all: Chan, Golub and LeVeque 1979.
Moments moments_of(const Rows& rows) {
  const auto channels = static_cast<size_t>(rows.channels);
  const auto blocks = static_cast<size_t>(rows.form.blocks(rows.count));
  Floats means(blocks * channels), squares(blocks * channels);
  rows.for_blocks([&](int64_t block, int64_t first, int64_t count) {
    Floats scratch(static_cast<size_t>(2 * rows.form.width()));
    norm_moments(rows.form, rows.x + first * rows.channels, count,
                 means.data() + block * rows.channels, squares.data() + block * rows.channels,
                 scratch.data());
  });
  Moments all{Doubles(channels), Doubles(channels)};
  double before = 0;
  for (size_t block = 0; block < blocks; ++block) {
    const auto first = static_cast<int64_t>(block) * rows.form.rows_of_block;
    const auto count = static_cast<double>(std::min(rows.form.rows_of_block, rows.count - first));
    for (size_t c = 0; c < channels; ++c) {
      const size_t i = block * channels + c;
      const double difference = means[i] - all.mean[c], whole = before + count;
      all.mean[c] += difference * count / whole;
      all.squares[c] += squares[i] + difference * difference * before * count / whole;
    }
    before += count;
  }
  return all;
}

void move_running(const OptionalTensor& running, const Doubles& now, double momentum) {
  if (!running || !running->defined()) return;
  const auto channels = static_cast<int64_t>(now.size());
  expect(running->scalar_type() == at::kFloat && running->is_contiguous() &&
             running->sizes() == at::IntArrayRef({channels}),
         "a running vector", *running);
  auto* to = running->mutable_data_ptr<float>();
  for (size_t c = 0; c < now.size(); ++c) {
    to[c] = static_cast<float>((1 - momentum) * to[c] + momentum * now[c]);
  }
}

// What a NormLine points to.
struct Line {
  Floats mean, scale, shift;
  NormLine with(bool relu) const { return {mean.data(), scale.data(), shift.data(), relu}; }
};

// From the float32 mean and invstd that the backward part is given, too: the same bits in both.
Line line_of(const Rows& rows, const Tensor& mean, const Tensor& invstd,
             const OptionalTensor& weight, const OptionalTensor& bias) {
  const Floats means = numbers_of(mean, rows.channels, 0),
               shift = numbers_of(bias, rows.channels, 0),
               invstds = numbers_of(invstd, rows.channels, 1);
  Floats scale = numbers_of(weight, rows.channels, 1);
  for (size_t c = 0; c < scale.size(); ++c) scale[c] *= invstds[c];
  return {rows.form.repeated(means), rows.form.repeated(scale), rows.form.repeated(shift)};
}

Three norm_relu(const Tensor& x, const OptionalTensor& weight, const OptionalTensor& bias,
                const OptionalTensor& running_mean, const OptionalTensor& running_var,
                double momentum, double eps, const OptionalTensor& other, bool relu) {
  if (!has_rows(x)) {
    auto [y, mean, invstd] = at::native_batch_norm(x, weight, bias, running_mean, running_var,
                                                   /*training=*/true, momentum, eps);
    if (other) y = y + *other;
    return {relu ? at::relu(y) : y, mean, invstd};
  }
  const Rows rows(x);
  const auto count = static_cast<double>(rows.count);
  const Moments moments = moments_of(rows);
  Doubles invstds, spread;
  for (const double squares : moments.squares) {
    invstds.push_back(1 / std::sqrt(squares / count + eps));
    spread.push_back(squares / (count - 1));
  }
  move_running(running_mean, moments.mean, momentum);
  move_running(running_var, spread, momentum);
  const Tensor mean = vector_of(moments.mean, x), invstd = vector_of(invstds, x);
  const Line line = line_of(rows, mean, invstd, weight, bias);
  Tensor y = at::empty_like(x), added;
  if (other) {
    expect(other->scalar_type() == at::kFloat && other->sizes() == x.sizes(), "other", *other);
    added = like(*other, x);
  }
  const float* others = added.defined() ? added.const_data_ptr<float>() : nullptr;
  auto* to = y.mutable_data_ptr<float>();
  const NormLine applied = line.with(relu);
  rows.for_blocks([&](int64_t, int64_t first, int64_t block_rows) {
    const int64_t at = first * rows.channels;
    norm_forward(rows.form, applied, rows.x + at, others == nullptr ? nullptr : others + at,
                 to + at, block_rows);
  });
  return {y, mean, invstd};
}

// What libtorch's kernels make of the same operands.
Three plain_backward(const Tensor& gradient, const Tensor& x, const OptionalTensor& weight,
                     const OptionalTensor& bias, const std::array<Tensor, 2>& saved, bool relu,
                     bool wants_x) {
  Tensor before = gradient;
  if (relu) {
    std::vector<int64_t> shape(static_cast<size_t>(x.dim()), 1);
    shape.at(1) = x.size(1);
    Tensor value = (x - saved[0].reshape(shape)) * saved[1].reshape(shape);
    if (weight) value = value * weight->reshape(shape);
    if (bias) value = value + bias->reshape(shape);
    before = at::threshold_backward(gradient, value, 0);
  }
  return at::native_batch_norm_backward(before, x, weight, {}, {}, saved[0], saved[1],
                                        /*train=*/true, 1e-5, {wants_x, true, true});
}

struct GradientSums {
  Doubles gradient, product;
};

GradientSums gradient_sums_of(const Rows& rows, const NormLine& line, const float* gradient) {
  const auto channels = static_cast<size_t>(rows.channels);
  const auto blocks = static_cast<size_t>(rows.form.blocks(rows.count));
  Floats gradients(blocks * channels), products(blocks * channels);
  rows.for_blocks([&](int64_t block, int64_t first, int64_t count) {
    Floats scratch(static_cast<size_t>(2 * rows.form.width()));
    const int64_t at = first * rows.channels, place = block * rows.channels;
    norm_gradient_sums(rows.form, line, {gradient + at, rows.x + at, count},
                       {gradients.data() + place, products.data() + place, scratch.data()});
  });
  GradientSums all{Doubles(channels), Doubles(channels)};
  for (size_t i = 0; i < gradients.size(); ++i) {
    all.gradient[i % channels] += gradients[i];
    all.product[i % channels] += products[i];
  }
  return all;
}

Three norm_relu_backward(const Tensor& given, const Tensor& x, const OptionalTensor& weight,
                         const OptionalTensor& bias, const Tensor& mean, const Tensor& invstd,
                         bool relu, bool wants_x) {
  expect(given.sizes() == x.sizes(), "the gradient", given);
  if (!has_rows(x) || given.scalar_type() != at::kFloat) {
    return plain_backward(given, x, weight, bias, {mean, invstd}, relu, wants_x);
  }
  const Tensor gradient = like(given, x);
  const auto* from = gradient.const_data_ptr<float>();
  const Rows rows(x);
  const auto count = static_cast<double>(rows.count);
  const Floats invstds = numbers_of(invstd, rows.channels, 1);
  const Line line = line_of(rows, mean, invstd, weight, bias);
  const NormLine applied = line.with(relu);
  GradientSums sums = gradient_sums_of(rows, applied, from);
  Floats slope, level;
  for (size_t c = 0; c < invstds.size(); ++c) {
    const double scale = line.scale[c], invstd_of = invstds[c];
    slope.push_back(static_cast<float>(-scale * invstd_of * invstd_of * sums.product[c] / count));
    level.push_back(static_cast<float>(-scale * sums.gradient[c] / count));
    sums.product[c] *= invstd_of;
  }
  Tensor dx = wants_x ? at::empty_like(x) : at::empty({0}, x.options());
  if (wants_x) {
    const Floats slopes = rows.form.repeated(slope), levels = rows.form.repeated(level);
    auto* to = dx.mutable_data_ptr<float>();
    rows.for_blocks([&](int64_t, int64_t first, int64_t block_rows) {
      const int64_t at = first * rows.channels;
      norm_input_gradient(rows.form, applied, {from + at, rows.x + at, block_rows},
                          {slopes.data(), levels.data()}, to + at);
    });
  }
  return {dx, vector_of(sums.product, x), vector_of(sums.gradient, x)};
}

}  // namespace

void register_norm_operators() {
  static torch::Library library = [] {
    torch::Library made(torch::Library::FRAGMENT, "maas", std::nullopt, __FILE__, __LINE__);
    made.def(
        "norm_relu(Tensor x, Tensor? weight, Tensor? bias, Tensor(a!)? running_mean, "
        "Tensor(b!)? running_var, float momentum, float eps, Tensor? other, bool relu) -> "
        "(Tensor, Tensor, Tensor)",
        TORCH_FN(norm_relu));
    made.def(
        "norm_relu_backward(Tensor gradient, Tensor x, Tensor? weight, Tensor? bias, Tensor mean, "
        "Tensor invstd, bool relu, bool wants_x) -> (Tensor, Tensor, Tensor)",
        TORCH_FN(norm_relu_backward));
    return made;
  }();
}

}  // namespace maas
