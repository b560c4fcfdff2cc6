#include "serve/oip/sample_inputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/base64.h"
#include "base/json_writer.h"
#include "base/throw_error.h"
#include "base/utf8.h"

namespace maas {
namespace {

std::string place_of(const SampleInput& input) { return "input '" + input.name + "'"; }

int64_t rows_of(const SampleInput& input) {
  return input.numbers.defined() ? input.numbers.numel() : static_cast<int64_t>(input.texts.size());
}

ReadSamples images_of(const SampleInput& input, const SessionInfo& info) {
  if (!input.in_json) return read_images(input.texts, info, place_of(input));
  std::vector<std::string> files;
  for (const std::string_view text : input.texts) {
    auto bytes = from_base64(text);
    if (!bytes) {
      throw_input(fmt::format("{}[{}]", place_of(input), files.size()), "is not base64",
                  "an image file in base64, or its bytes in binary data");
    }
    files.push_back(std::move(*bytes));
  }
  return read_images({files.begin(), files.end()}, info, place_of(input));
}

// A cell as JSON: text, a number, null for one that is no number.
void write_cell(JsonWriter& json, const SampleInput& input, int64_t row) {
  if (!input.numbers.defined()) {
    const std::string_view text = input.texts.at(static_cast<size_t>(row));
    const size_t fault = utf8_fault_offset(text);
    if (fault != text.size()) {
      throw_input(fmt::format("{}[{}]", place_of(input), row),
                  fmt::format("is not UTF-8 at byte {}", fault), "text in UTF-8");
    }
    json.value(text);
    return;
  }
  const at::Tensor& numbers = input.numbers;
  switch (numbers.scalar_type()) {
    case at::kLong:
      json.value(numbers.const_data_ptr<int64_t>()[row]);
      break;
    case at::kFloat:
      json.value(numbers.const_data_ptr<float>()[row]);
      break;
    default:
      json.value(numbers.const_data_ptr<double>()[row]);
  }
}

void check_columns(const std::vector<SampleInput>& inputs, const InputSpec& spec) {
  for (const SampleInput& input : inputs) {
    const bool known =
        std::any_of(spec.columns.begin(), spec.columns.end(),
                    [&](const ColumnSpec& column) { return column.name == input.name; });
    if (!known) {
      throw_input(place_of(input), "is no column of this model",
                  "its columns, or its own tensors, by their names");
    }
    if (rows_of(input) == rows_of(inputs.front())) continue;
    throw_input(place_of(input), fmt::format("has {} rows", rows_of(input)),
                fmt::format("{}, as the first", rows_of(inputs.front())));
  }
  const int64_t most = kMostCells / static_cast<int64_t>(spec.columns.size());
  if (rows_of(inputs.front()) > most) {
    throw_input("inputs", "have too many rows", fmt::format("at most {}", most));
  }
}

}  // namespace

std::vector<std::string_view> texts_from_bytes(std::string_view bytes, int64_t count,
                                               const std::string& where) {
  std::vector<std::string_view> texts;
  uint32_t size = 0;
  while (bytes.size() >= sizeof size && static_cast<int64_t>(texts.size()) < count) {
    std::memcpy(&size, bytes.data(), sizeof size);
    if (size > bytes.size() - sizeof size) {
      throw_input(where, fmt::format("value {} has {} bytes", texts.size(), size),
                  fmt::format("at most the {} that are left", bytes.size() - sizeof size));
    }
    texts.push_back(bytes.substr(sizeof size, size));
    bytes.remove_prefix(sizeof size + size);
  }
  if (static_cast<int64_t>(texts.size()) == count && bytes.empty()) return texts;
  throw_input(where,
              bytes.empty() ? fmt::format("has {} values", texts.size())
                            : fmt::format("has {} bytes behind value {}", bytes.size(),
                                          static_cast<int64_t>(texts.size()) - 1),
              fmt::format("{} values, each behind its length in 4 bytes", count));
}

ReadSamples samples_of_inputs(const std::vector<SampleInput>& inputs, const SessionInfo& info) {
  const InputSpec& spec = info.samples->data.input;
  if (spec.kind == InputKind::kImage) {
    const std::string& name = info.inputs.at(0).name;
    if (inputs.size() != 1 || inputs[0].name != name || inputs[0].numbers.defined()) {
      throw_input("inputs", "are not what this model takes",
                  fmt::format("'{}' alone, image files as BYTES or pixels", name));
    }
    return images_of(inputs[0], info);
  }
  check_columns(inputs, spec);
  JsonWriter json;
  json.begin_array();
  for (int64_t row = 0; row < rows_of(inputs.front()); ++row) {
    json.begin_object();
    for (const SampleInput& input : inputs) {
      json.key(input.name);
      write_cell(json, input, row);
    }
    json.end_object();
  }
  return read_samples_text(json.end_array().take(), info, "inputs");
}

}  // namespace maas
