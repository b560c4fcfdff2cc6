#include "run/lower/linear_race.h"

#include <ATen/Parallel.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/rand.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "run/lower/packed_linear.h"
#include "run/lower/packed_product.h"

namespace maas {
namespace {

constexpr const char* kReorder = "mkldnn::_reorder_linear_weight";
constexpr const char* kLinear = "mkldnn::_linear_pointwise";
constexpr double kProducts = 320e6;  // enough to tell; some ms

bool has_onednn() {
  auto& dispatcher = c10::Dispatcher::singleton();
  return dispatcher.findSchema({kReorder, ""}).has_value() &&
         dispatcher.findSchema({kLinear, ""}).has_value();
}

struct Operands {
  at::Tensor x, weight, bias;  // weight [out, in]; no bias where there is none
};

at::Tensor stored_turned(int64_t rows, int64_t columns) { return at::rand({columns, rows}).t(); }

Operands operands(LinearForm form, const LinearSizes& sizes) {
  Operands made;
  const bool turned = form == LinearForm::kPlainTurned || form == LinearForm::kBothTurned;
  made.x = form == LinearForm::kBothTurned ? stored_turned(sizes.rows, sizes.in)
                                           : at::rand({sizes.rows, sizes.in});
  made.weight = turned ? stored_turned(sizes.out, sizes.in) : at::rand({sizes.out, sizes.in});
  if (sizes.bias) made.bias = at::rand({sizes.out});
  return made;
}

std::function<void()> mkl(Operands made) {
  return [made = std::move(made)] {
    if (made.bias.defined()) {
      at::addmm(made.bias, made.x, made.weight.t());
    } else {
      at::mm(made.x, made.weight.t());
    }
  };
}

at::Tensor by_onednn(const at::Tensor& x, const Operands& made) {
  static const auto linear = c10::Dispatcher::singleton().findSchemaOrThrow(kLinear, "");
  torch::jit::Stack stack = {x,
                             made.weight,
                             made.bias.defined() ? c10::IValue(made.bias) : c10::IValue(),
                             "none",
                             c10::List<std::optional<at::Scalar>>(),
                             c10::IValue()};
  linear.callBoxed(stack);
  return stack.at(0).toTensor();
}

std::function<void()> onednn(Operands made) {
  return [made = std::move(made)] { by_onednn(made.x, made); };
}

std::function<void()> bf16(Operands made) {
  return [made = std::move(made)] { by_onednn(made.x.to(at::kBFloat16), made).to(at::kFloat); };
}

std::function<void()> packed(Operands made) {
  register_packed_linear();
  static const auto linear = c10::Dispatcher::singleton().findSchemaOrThrow(kPackedLinear, "");
  const int64_t columns = made.weight.size(0);
  made.weight = pack_columns(made.weight);
  return [made = std::move(made), columns] {
    torch::jit::Stack stack = {
        made.x,        made.weight,
        c10::IValue(), made.bias.defined() ? c10::IValue(made.bias) : c10::IValue(),
        c10::IValue(), columns,
        "none"};
    linear.callBoxed(stack);
  };
}

// Fewer rows, where they are much work.
LinearSizes timed_sizes(LinearSizes sizes) {
  const double row = static_cast<double>(sizes.in) * static_cast<double>(sizes.out);
  sizes.rows = std::clamp<int64_t>(static_cast<int64_t>(kProducts / row), 1, sizes.rows);
  return sizes;
}

std::string product_name(LinearForm form, const LinearSizes& sizes) {
  static constexpr std::array<const char*, 4> kForms = {"ready", "plain", "turned", "both turned"};
  return fmt::format("linear fp32 {}x{}x{}{} {}, {} threads", sizes.rows, sizes.in, sizes.out,
                     sizes.bias ? " + bias" : "", kForms[static_cast<size_t>(form)],
                     at::get_num_threads());
}

}  // namespace

const char* kernel_name(LinearKernel kernel) {
  switch (kernel) {
    case LinearKernel::kOnednn:
      return "onednn";
    case LinearKernel::kPacked:
      return "packed";
    default:
      return "mkl";
  }
}

at::Tensor pack_linear_weight(const at::Tensor& weight, int64_t rows) {
  static const auto reorder = c10::Dispatcher::singleton().findSchemaOrThrow(kReorder, "");
  torch::jit::Stack stack = {weight.contiguous(), rows};
  reorder.callBoxed(stack);
  return stack.at(0).toTensor();
}

LinearKernel quickest_linear(KernelRace& race, LinearForm form, const LinearSizes& sizes) {
  static const bool can_use_onednn = has_onednn();
  if (std::min({sizes.rows, sizes.in, sizes.out}) < 1) return LinearKernel::kMkl;
  const LinearSizes timed = timed_sizes(sizes);
  const at::NoGradGuard no_gradients;
  std::vector<Kernel> kernels = {
      {kernel_name(LinearKernel::kMkl), [&] { return mkl(operands(form, timed)); }}};
  if (can_use_onednn) {
    kernels.push_back({kernel_name(LinearKernel::kOnednn), [&] {
                         Operands made = operands(form, timed);
                         if (form == LinearForm::kReady) {
                           made.weight = pack_linear_weight(made.weight, timed.rows);
                         }
                         return onednn(std::move(made));
                       }});
  }
  if (form == LinearForm::kReady) {
    kernels.push_back(
        {kernel_name(LinearKernel::kPacked), [&] { return packed(operands(form, timed)); }});
  }
  const std::string winner = race.winner(product_name(form, timed), kernels);
  for (const LinearKernel kernel : {LinearKernel::kOnednn, LinearKernel::kPacked}) {
    if (winner == kernel_name(kernel)) return kernel;
  }
  return LinearKernel::kMkl;
}

bool bf16_is_quicker(KernelRace& race, const LinearSizes& sizes) {
  if (std::min({sizes.rows, sizes.in, sizes.out}) < 1) return false;
  const LinearKernel fp32 = quickest_linear(race, LinearForm::kReady, sizes);
  const LinearSizes timed = timed_sizes(sizes);
  const at::NoGradGuard no_gradients;
  const auto in_fp32 = [&] {
    Operands made = operands(LinearForm::kReady, timed);
    if (fp32 == LinearKernel::kPacked) return packed(std::move(made));
    if (fp32 == LinearKernel::kMkl) return mkl(std::move(made));
    made.weight = pack_linear_weight(made.weight, timed.rows);
    return onednn(std::move(made));
  };
  const auto in_bf16 = [&] {
    Operands made = operands(LinearForm::kReady, timed);
    made.weight = pack_linear_weight(made.weight.to(at::kBFloat16), timed.rows);
    if (made.bias.defined()) made.bias = made.bias.to(at::kBFloat16);
    return bf16(std::move(made));
  };
  const std::string name = product_name(LinearForm::kReady, timed) + ", fp32 or bf16";
  return race.winner(name, {{"fp32", in_fp32}, {"bf16", in_bf16}}) == "bf16";
}

}  // namespace maas
