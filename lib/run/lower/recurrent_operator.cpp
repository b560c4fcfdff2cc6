#include "run/lower/recurrent_operator.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <c10/util/Exception.h>
#include <torch/library.h>

#include <algorithm>
#include <string_view>
#include <tuple>
#include <vector>

#include "program/emit.h"
#include "run/lower/packed_product.h"
#include "run/lower/recurrent_steps.h"

namespace maas {
namespace {

using at::Tensor;
using OptionalTensor = std::optional<Tensor>;

constexpr int64_t kGrain = 1 << 20;  // multiplications that are worth another thread

RecurrentCell cell_named(std::string_view name) {
  if (name == "lstm") return RecurrentCell::kLstm;
  if (name == "gru") return RecurrentCell::kGru;
  if (name == "tanh") return RecurrentCell::kTanh;
  if (name == "relu") return RecurrentCell::kRelu;
  TORCH_CHECK(false, "maas::recurrent: no cell '", name, "'");
}

void expect(bool fits, const char* what, const Tensor& tensor) {
  TORCH_CHECK(fits, "maas::recurrent: ", what, " is ", type_text(tensor));
}

// A state that the steps may write to.
Tensor first_state(const OptionalTensor& given, int64_t rows, int64_t width, const char* what) {
  if (!given) return at::zeros({rows, width}, at::kFloat);
  expect(given->scalar_type() == at::kFloat && given->sizes() == at::IntArrayRef({rows, width}),
         what, *given);
  return given->clone(at::MemoryFormat::Contiguous);
}

// [steps, rows, width] whose memory runs in the same order as that of `gates`.
Tensor states_like(const Tensor& gates, int64_t width) {
  const int64_t steps = gates.size(0), rows = gates.size(1);
  if (gates.stride(0) >= gates.stride(1)) return at::empty({steps, rows, width}, gates.options());
  return at::empty({rows, steps, width}, gates.options()).transpose(0, 1);
}

void check_operands(const RecurrentSteps& work, const Tensor& gates, const Tensor& weight,
                    const OptionalTensor& bias) {
  const int64_t columns = gate_count(work.cell) * work.width;
  expect(gates.size(2) == columns && work.width > 0, "gates", gates);
  expect(weight.scalar_type() == at::kFloat && weight.is_contiguous() && weight.dim() == 3 &&
             weight.size(0) == packed_blocks(columns) && weight.size(2) == kWeightBlock,
         "weight", weight);
  if (bias) {
    expect(bias->scalar_type() == at::kFloat && bias->dim() == 1 && bias->size(0) == columns,
           "bias", *bias);
  }
}

std::tuple<Tensor, Tensor, Tensor> recurrent(const Tensor& given_gates, const Tensor& weight,
                                             const OptionalTensor& given_bias,
                                             const OptionalTensor& given_hidden,
                                             const OptionalTensor& given_carry,
                                             std::string_view cell, bool reverse) {
  RecurrentSteps work;
  work.cell = cell_named(cell);
  work.reverse = reverse;
  expect(given_gates.scalar_type() == at::kFloat && given_gates.dim() == 3, "gates", given_gates);
  expect(weight.dim() == 3, "weight", weight);
  const Tensor gates = given_gates.stride(2) == 1 ? given_gates : given_gates.contiguous();
  work.steps = gates.size(0);
  work.rows = gates.size(1);
  work.width = weight.size(1);
  check_operands(work, gates, weight, given_bias);
  const Tensor bias = given_bias ? given_bias->contiguous() : Tensor();
  Tensor states = states_like(gates, work.width);
  Tensor hidden = first_state(given_hidden, work.rows, work.width, "hidden");
  Tensor carry = work.cell == RecurrentCell::kLstm
                     ? first_state(given_carry, work.rows, work.width, "carry")
                     : at::empty({0}, gates.options());
  work.gates = gates.const_data_ptr<float>();
  work.gates_step = gates.stride(0);
  work.gates_row = gates.stride(1);
  work.weight = weight.const_data_ptr<float>();
  work.bias = bias.defined() ? bias.const_data_ptr<float>() : nullptr;
  work.out = states.mutable_data_ptr<float>();
  work.out_step = states.stride(0);
  work.out_row = states.stride(1);
  work.hidden = hidden.mutable_data_ptr<float>();
  work.carry = carry.numel() == 0 ? nullptr : carry.mutable_data_ptr<float>();
  const int64_t row_work = std::max<int64_t>(1, work.steps * gates.size(2) * work.width);
  const int64_t grain = std::max<int64_t>(4, kGrain / row_work);
  at::parallel_for(0, work.rows, grain, [&](int64_t begin, int64_t end) {
    RecurrentSteps part = work;
    part.rows = end - begin;
    part.gates += begin * work.gates_row;
    part.out += begin * work.out_row;
    part.hidden += begin * work.width;
    if (part.carry != nullptr) part.carry += begin * work.width;
    run_recurrent_steps(part);
  });
  return {states, hidden, carry};
}

}  // namespace

void register_recurrent_operator() {
  static torch::Library library = [] {
    torch::Library made(torch::Library::FRAGMENT, "maas", std::nullopt, __FILE__, __LINE__);
    made.def(
        "recurrent(Tensor gates, Tensor weight, Tensor? bias, Tensor? hidden, Tensor? carry, "
        "str cell, bool reverse) -> (Tensor, Tensor, Tensor)",
        TORCH_FN(recurrent));
    return made;
  }();
}

RecurrentNode recurrent_node(Program& program, const RecurrentCall& call) {
  register_recurrent_operator();
  const auto given = [](ValueId id) { return id == kNoValue ? Argument(None{}) : ValueRef{id}; };
  const ValueId weight =
      add_weight(program, "packed_columns", shared_form(call.weight_hh, pack_columns));
  RecurrentNode made;
  made.node = make_node("maas::recurrent", {{"gates", ValueRef{call.gates}},
                                            {"weight", ValueRef{weight}},
                                            {"bias", given(call.bias)},
                                            {"hidden", given(call.hidden)},
                                            {"carry", given(call.carry)},
                                            {"cell", call.cell},
                                            {"reverse", call.reverse}});
  std::vector<Dim> shape = program.value(call.gates).shape;
  shape.back() = Dim(call.weight_hh.size(1));
  made.states = add_result(program, made.node, "states", call.gates);
  program.value(made.states).shape = shape;
  shape.erase(shape.begin());
  for (ValueId* state : {&made.hidden, &made.carry}) {
    *state = add_result(program, made.node, "state", call.gates);
    program.value(*state).shape = shape;
    program.value(*state).strides.clear();
  }
  return made;
}

}  // namespace maas
