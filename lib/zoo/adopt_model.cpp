#include "zoo/adopt_model.h"

#include <fmt/format.h>

#include "base/throw_error.h"
#include "call/verify.h"
#include "program/compose.h"
#include "zoo/prepared_input.h"

namespace maas {
namespace {

std::string input_text(const Program& program) {
  std::string text;
  for (const GraphInput* input : program.user_inputs()) {
    if (!text.empty()) text += ", ";
    text += type_text(program.value(input->value));
  }
  return text;
}

// What maas wrote standardises by itself, also without a manifest (zoo/prepared_input.h).
bool standardises(const Program& network) { return network.buffers.count("normalize.mean") != 0; }

// The data's inputs are the network's, in number, type and shape, and nothing is to be done to
// them.
bool takes_as_is(const Program& network, const Program& prepared) {
  if (standardises(prepared) && prepared.user_inputs().size() == 1 && !standardises(network)) {
    const Value& raw = prepared.value(prepared.user_inputs()[0]->value);
    if (raw.dtype == at::kFloat) return false;  // columns of numbers: the network takes them scaled
  }
  const auto wanted = network.user_inputs(), given = prepared.user_inputs();
  if (wanted.size() != given.size()) return false;
  for (size_t i = 0; i < wanted.size(); ++i) {
    const Value &a = network.value(wanted[i]->value), &b = prepared.value(given[i]->value);
    if (a.dtype != b.dtype || !same_sample(a, b)) return false;
  }
  return true;
}

int64_t sample_size(const Value& value) {
  int64_t count = 1;
  for (size_t i = 1; i < value.shape.size(); ++i) count *= value.shape[i].size;
  return count;
}

// The preprocessing, ending in the shape that the network takes.
Program preprocessing(const DataSpec& data, const BuildOptions& options, const Value* wanted) {
  GraphBuilder g("data", options.seed);
  Handle x = prepared_input(g, data, options);
  if (wanted != nullptr && wanted->shape.size() == 2 && g.shape(x).size() > 2) x = g.flatten(x);
  return g.finish({{"prepared", x}});
}

// How a folder of images comes to the size that the network takes; "" for other inputs.
std::string resizing(const Value* wanted) {
  if (wanted == nullptr || wanted->shape.size() != 4) return "";
  return fmt::format("; a folder of images is resized by data.height={} data.width={}",
                     wanted->shape[2].size, wanted->shape[3].size);
}

std::string advice_on(const Value* wanted, const Value& made) {
  if (wanted == nullptr || sample_size(*wanted) != sample_size(made)) {
    return "choose data of that size" + resizing(wanted);
  }
  return same_sample(*wanted, made)
             ? fmt::format("convert the network before it is exported ({})",
                           made.dtype == at::kFloat ? "model.float()" : "its first layer")
             : "reshape inside the network";
}

void check_batch(const Program& network, const std::string& where) {
  for (const GraphInput* input : network.user_inputs()) {
    const Value& value = network.value(input->value);
    if (!value.shape.empty() && value.shape[0].is_symbolic()) continue;
    throw_usage(where, fmt::format("has the fixed input shape {}", to_text(value.shape)),
                "a dynamic first dimension",
                "export it with dynamic_shapes={...: {0: torch.export.Dim.DYNAMIC}}");
  }
}

void check_outputs(const Program& network, const TaskSpec& task, const std::string& where) {
  const std::vector<Dim> shape = network.output_shape();
  if (is_rows(shape, task.outputs())) return;
  throw_usage(where, fmt::format("gives {}", to_text(shape)),
              fmt::format("[batch, {}], as the data has {} {}", task.outputs(), task.outputs(),
                          task.kind == TaskKind::kRegression ? "targets" : "classes"),
              "choose data with as many classes as the network has outputs; training with "
              "model.head=auto makes a new last layer");
}

}  // namespace

Program adopt_model(const Program& network, const DataSpec& data, const BuildOptions& options,
                    const std::string& where) {
  check_batch(network, where);
  check_outputs(network, data.task, where);
  const auto inputs = network.user_inputs();
  const Value* wanted = inputs.size() == 1 ? &network.value(inputs[0]->value) : nullptr;
  const Program prepared = preprocessing(data, options, wanted);
  if (takes_as_is(network, prepared)) return network;
  const Value& made = prepared.value(std::get<ValueRef>(prepared.user_outputs().at(0)->value).id);
  const bool fits = wanted != nullptr && wanted->dtype == made.dtype && same_sample(*wanted, made);
  if (!fits) {
    const std::string raw = input_text(prepared), scaled = type_text(made);
    throw_usage(where, "takes " + input_text(network),
                raw == scaled
                    ? raw + " as the data gives"
                    : fmt::format("{} as the data gives, or {} after scaling", raw, scaled),
                advice_on(wanted, made));
  }
  Program joined = compose(prepared, network);
  verify(joined, where);
  return joined;
}

}  // namespace maas
