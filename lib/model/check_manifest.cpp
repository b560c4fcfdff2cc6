#include "model/check_manifest.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"
#include "tensor/dtype.h"

namespace maas {
namespace {

[[noreturn]] void refuse(const std::string& where, const std::string& what,
                         const std::string& expected) {
  throw Error(ErrorKind::kInput, {.where = where,
                                  .what = what,
                                  .expected = expected,
                                  .fix = "the file is damaged; restore it or train it again",
                                  .excerpt = ""});
}

struct Described {
  at::ScalarType dtype = at::kFloat;
  std::vector<Dim> shape;
};

std::vector<Described> described_inputs(const InputSpec& input) {
  const Dim batch("batch", 1);
  if (input.kind == InputKind::kImage) {
    return {{at::kByte, {batch, input.channels, input.height, input.width}}};
  }
  std::vector<Described> inputs;
  const auto numeric = static_cast<int64_t>(input.numeric_columns().size());
  const auto categorical = static_cast<int64_t>(input.categorical_columns().size());
  if (numeric > 0) inputs.push_back({at::kFloat, {batch, numeric}});
  if (categorical > 0) inputs.push_back({at::kLong, {batch, categorical}});
  return inputs;
}

// Of one sample: the batch may be called anything.
bool is_same(const Described& described, const Value& value) {
  return described.dtype == value.dtype && described.shape.size() == value.shape.size() &&
         std::equal(value.shape.begin() + 1, value.shape.end(), described.shape.begin() + 1);
}

void check_inputs(const InputSpec& input, const Program& program, const std::string& where) {
  const std::vector<Described> described = described_inputs(input);
  const auto taken = program.user_inputs();
  bool same = described.size() == taken.size();
  std::vector<std::string> texts, wanted;
  for (const Described& one : described) {
    texts.push_back(dtype_name(one.dtype) + to_text(one.shape));
  }
  for (size_t i = 0; i < taken.size(); ++i) {
    const Value& value = program.value(taken[i]->value);
    same = same && is_same(described[i], value);
    wanted.push_back(dtype_name(value.dtype) + to_text(value.shape));
  }
  if (same) return;
  refuse(where,
         texts.empty() ? "describes no inputs"
                       : fmt::format("describes the inputs {}", fmt::join(texts, ", ")),
         fmt::format("{}, which the graph takes", fmt::join(wanted, ", ")));
}

void check_outputs(const TaskSpec& task, const Program& program, const std::string& where) {
  const auto outputs = program.user_outputs();
  const auto* ref = outputs.empty() ? nullptr : std::get_if<ValueRef>(&outputs[0]->value);
  const std::vector<Dim> shape = ref == nullptr ? std::vector<Dim>{} : program.value(ref->id).shape;
  const bool fits = shape.size() == 2 && shape[1].size == task.outputs();
  const bool single = shape.size() == 1 && task.outputs() == 1;
  if (fits || single) return;
  refuse(where, fmt::format("names {} outputs", task.outputs()),
         "as many as the graph gives: " + to_text(shape));
}

}  // namespace

void check_manifest(const DataSpec& data, const Program& program, const std::string& where) {
  check_inputs(data.input, program, where);
  check_outputs(data.task, program, where);
}

}  // namespace maas
