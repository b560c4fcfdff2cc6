#include "train/learning_notes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/name_first.h"
#include "config/values.h"
#include "program/last_layer.h"
#include "train/trained_parameters.h"

namespace maas {
namespace {

constexpr size_t kMostNamed = 4;

struct Learning {
  std::vector<std::string> names;  // that learn
  int64_t tensors = 0, numbers = 0, learnt_numbers = 0;
};

Learning learning_of(const Program& network, const std::vector<std::string>& freeze) {
  Learning learning{trained_parameters(network, freeze_patterns(network, freeze))};
  for (const auto& [name, tensor] : network.parameters) {
    if (!tensor.is_floating_point()) continue;
    ++learning.tensors;
    learning.numbers += tensor.numel();
  }
  for (const std::string& name : learning.names) {
    learning.learnt_numbers += network.parameters.at(name).numel();
  }
  return learning;
}

}  // namespace

std::string outputs_note(const Program& network) {
  std::vector<std::string> names;
  for (const GraphOutput* output : network.user_outputs()) {
    const auto* ref = std::get_if<ValueRef>(&output->value);
    names.push_back(ref == nullptr ? "a number" : network.value(ref->id).name);
  }
  if (names.size() < 2) return "";
  const std::string first = names.front();
  names.erase(names.begin());
  return fmt::format(
      "model.from: of its {} outputs the first, {}, is trained, and answers; the model still gives "
      "the others ({}), and no loss looks at them",
      names.size() + 1, first, name_first(names, kMostNamed));
}

std::string input_note(const Program& network, const FitJob& job, const std::string& normalize) {
  const auto inputs = network.user_inputs(), taken = job.program.user_inputs();
  const InputSpec& input = job.data.spec.input;
  const std::string data = input.kind == InputKind::kImage
                               ? fmt::format("images of {} x {} in {}", input.height, input.width,
                                             input.channels == 1 ? "grey" : "colour")
                               : fmt::format("{} columns", input.columns.size());
  const bool as_is =
      inputs.size() == taken.size() && !inputs.empty() &&
      network.value(inputs[0]->value).dtype == job.program.value(taken[0]->value).dtype &&
      network.nodes.size() == job.program.nodes.size();
  if (!as_is) {
    return fmt::format("model.from: takes {}; data.normalize: {} stands in front of it", data,
                       normalize);
  }
  return fmt::format("model.from: takes {} as they are{}", data,
                     input.kind == InputKind::kImage
                         ? ": what normalises them is in it, and data.normalize counts for nothing"
                         : ", by the scales and categories of its training");
}

std::vector<std::string> learning_notes(const Program& network, const TrainConfig& config) {
  std::vector<std::string> notes;
  const Learning learning = learning_of(network, config.freeze);
  if (!config.freeze.empty()) {
    notes.push_back(fmt::format("train.freeze: {} of {} tensors learn, {} of {} numbers: {}",
                                learning.names.size(), learning.tensors, learning.learnt_numbers,
                                learning.numbers, name_first(learning.names, kMostNamed)));
  }
  if (config.body_learning_rate) {
    const LastLayer last = find_last_layer(network, "train.body_learning_rate: the network");
    notes.push_back(fmt::format("train.body_learning_rate: {} at {}, all before it at {}",
                                fmt::join(last.parameters(), ", "),
                                number_text(config.learning_rate),
                                number_text(*config.body_learning_rate)));
  }
  return notes;
}

std::string learning_words(const Program& network, const TrainConfig& config) {
  std::string words;
  if (!config.freeze.empty()) {
    const Learning learning = learning_of(network, config.freeze);
    words = fmt::format("{}/{} tensors learn", learning.names.size(), learning.tensors);
  }
  if (config.body_learning_rate) {
    words += fmt::format("{}body at {} of the rate", words.empty() ? "" : ", ",
                         number_text(*config.body_learning_rate / config.learning_rate));
  }
  return words;
}

}  // namespace maas
