#include "model/check_manifest.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/throw_error.h"
#include "call/index_limits.h"

namespace maas {
namespace {

[[noreturn]] void refuse(const std::string& where, const std::string& what,
                         const std::string& expected) {
  throw_input(where, what, expected, "the file is damaged; restore it or train it again");
}

Value declared(at::ScalarType dtype, std::vector<Dim> shape) {
  Value value;
  value.dtype = dtype;
  value.shape = std::move(shape);
  return value;
}

std::vector<Value> described_inputs(const InputSpec& input) {
  const Dim batch("batch", 1);
  if (input.kind == InputKind::kImage) {
    return {declared(at::kByte, {batch, input.channels, input.height, input.width})};
  }
  std::vector<Value> inputs;
  const auto numeric = static_cast<int64_t>(input.numeric_features().size());
  const auto categorical = static_cast<int64_t>(input.categorical_columns().size());
  if (numeric > 0)
    inputs.push_back(declared(input.float64 ? at::kDouble : at::kFloat, {batch, numeric}));
  if (categorical > 0) inputs.push_back(declared(at::kLong, {batch, categorical}));
  if (input.has_text()) inputs.push_back(declared(at::kLong, {batch, input.text.pieces}));
  return inputs;
}

void check_inputs(const InputSpec& input, const Program& program, const std::string& where) {
  const std::vector<Value> described = described_inputs(input);
  const auto taken = program.user_inputs();
  bool same = described.size() == taken.size();
  std::vector<std::string> texts, wanted;
  for (const Value& one : described) texts.push_back(type_text(one));
  for (size_t i = 0; i < taken.size(); ++i) {
    const Value& value = program.value(taken[i]->value);
    same = same && value.dtype == described[i].dtype && same_sample(value, described[i]);
    wanted.push_back(type_text(value));
  }
  if (same) return;
  refuse(where,
         texts.empty() ? "describes no inputs"
                       : fmt::format("describes the inputs {}", fmt::join(texts, ", ")),
         fmt::format("{}, which the graph takes", fmt::join(wanted, ", ")));
}

// An index that means another row would be answered without a word.
void check_text(const InputSpec& input, const Program& program, const std::string& where) {
  if (!input.has_text()) return;
  const std::vector<std::vector<IndexLimit>> limits = index_limits(program);
  for (const IndexLimit& limit : limits.back()) {
    if (limit.highest == input.text.buckets) continue;
    refuse(where, fmt::format("text in {} buckets", input.text.buckets),
           fmt::format("{}, as '{}' has rows", limit.highest, limit.table));
  }
}

void check_outputs(const TaskSpec& task, const Program& program, const std::string& where) {
  const std::vector<Dim> shape = program.output_shape();
  if (is_rows(shape, task.outputs())) return;
  refuse(where, fmt::format("names {} outputs", task.outputs()),
         "as many as the graph gives: " + to_text(shape));
}

}  // namespace

void check_manifest(const DataSpec& data, const Program& program, const std::string& where) {
  check_inputs(data.input, program, where);
  check_text(data.input, program, where);
  check_outputs(data.task, program, where);
}

}  // namespace maas
