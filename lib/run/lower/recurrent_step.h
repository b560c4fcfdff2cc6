// One step of a recurrent layer in a graph
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "program/program.h"

namespace maas {

// Whether the node fills a tensor with zeros: zeros, zeros_like, new_zeros, full with 0.
bool is_zeros(const Node& node);

// hidden = cell(gates at `time`, linear(before, weight, bias)). Of values that differ in units of
// their shape only, `before` and `carry_before` name the first (StepFinder::core).
struct RecurrentStep {
  std::string cell;           // as maas::recurrent takes it
  ValueId hidden = kNoValue;  // [rows, width], units between or before
  ValueId carry = kNoValue;   // the same of an LSTM's cell; kNoValue for others
  ValueId before = kNoValue, carry_before = kNoValue;
  ValueId weight = kNoValue, bias = kNoValue;  // of the state; parameters
  ValueId gates = kNoValue;                    // of the input for all times, rank 3
  int64_t gates_dim = 0;                       // that time is: 0 or 1
  int64_t time = 0;
};

// Finds steps by their last node. Keeps a reference to the program, which must not change.
class StepFinder {
 public:
  explicit StepFinder(const Program& program);

  std::optional<RecurrentStep> step_at(const Node& node) const;
  // Back through views that drop or add units only.
  ValueId core(ValueId value) const;
  // A part of a tensor that is filled with zeros.
  bool is_zero(ValueId value) const;

 private:
  struct Gate {  // a part of a value that is split into equal parts along its last dimension
    ValueId whole = kNoValue;
    int64_t index = 0, parts = 0;
  };
  struct Sides {  // wholes of a GRU's gates
    ValueId of_state = kNoValue, of_input = kNoValue;
  };
  using Pair = std::pair<ValueId, ValueId>;

  const Node* maker(ValueId value) const;
  const Node* maker(ValueId value, const char* op) const;
  std::optional<Pair> operands(ValueId value, const char* op) const;
  std::optional<Gate> gate(ValueId value) const;
  std::optional<Gate> activated_gate(ValueId value, const char* op) const;
  static std::array<Pair, 2> both_ways(const Pair& pair);

  std::optional<RecurrentStep> lstm(const Node& node) const;
  std::optional<RecurrentStep> gru(const Node& node) const;
  std::optional<Sides> gru_sides(ValueId fresh, ValueId update) const;
  bool is_opened_by(ValueId value, int64_t index, const Sides& sides) const;
  std::optional<RecurrentStep> plain(const Node& node) const;
  bool read_sum(ValueId sum, RecurrentStep& step) const;
  bool read_linear(ValueId value, RecurrentStep& step) const;
  bool is_whole(ValueId bias, int64_t length) const;
  bool read_gates(ValueId value, RecurrentStep& step) const;
  bool fits(const RecurrentStep& step, int64_t gate_count) const;

  const Program& program_;
  std::vector<int64_t> made_by_;
  std::map<ValueId, at::Tensor> weights_;
};

}  // namespace maas
