// Short data stand in the command as they are. Long ones are made by `yes | head`: nobody wants to
// see 784 zeros, and no argument may be longer than 128 KiB.
#include "serve/example_request.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/json_writer.h"
#include "base/shell_word.h"
#include "sample/read_date.h"

namespace maas {
namespace {

constexpr int64_t kShownValues = 16;

struct Example {
  std::string text;  // the body up to its `data` and no further
  std::string value;
  int64_t count = 1;
};

Example example_of(const TensorInfo& input) {
  Example example;
  JsonWriter json;
  json.begin_object().field("name", input.name).key("shape").begin_array();
  for (const int64_t size : input.shape) {
    json.value(size == -1 ? 1 : size);
    example.count *= size == -1 ? 1 : size;
  }
  json.end_array().field("datatype", oip_datatype(input.dtype)).key("data");
  example.text = json.text();
  example.value = input.dtype == at::kBool ? "false" : "0";
  return example;
}

// Three digits of the mean, as a person would write it.
double round_mean(const ColumnSpec& column) {
  return std::stod(fmt::format("{:.3g}", column.mean));
}

std::string example_row(const InputSpec& input) {
  JsonWriter json;
  json.begin_object();
  for (const ColumnSpec& column : input.columns) {
    json.key(column.name);
    if (column.date) {
      json.value(taken_date());
    } else if (column.is_text()) {
      json.value("some words");
    } else if (!column.is_categorical()) {
      json.value(round_mean(column));
    } else if (column.categories.empty()) {
      json.value("");
    } else {
      json.value(column.categories.front());
    }
  }
  return json.end_object().take();
}

}  // namespace

std::string example_curl(const SessionInfo& info, const std::string& url) {
  std::string commands, text = "{\"inputs\":[";
  for (size_t i = 0; i < info.inputs.size(); ++i) {
    const Example example = example_of(info.inputs[i]);
    text += (i > 0 ? "," : "") + example.text + "[" + example.value;
    if (example.count <= kShownValues) {
      for (int64_t k = 1; k < example.count; ++k) text += "," + example.value;
    } else {
      commands += fmt::format("echo {}; yes ,{} | head -n {}; ", shell_quoted(text), example.value,
                              example.count - 1);
      text.clear();
    }
    text += "]}";
  }
  text += "]}";
  const std::string curl = fmt::format(
      "curl {}/v2/models/{}/infer -H 'Content-Type: application/json' -d ", url, info.name);
  if (commands.empty()) return curl + shell_quoted(text);
  return fmt::format("({}echo {}) | {}@-", commands, shell_quoted(text), curl);
}

std::string example_prediction(const SessionInfo& info, const std::string& url,
                               const std::string& path) {
  if (!info.samples) return example_curl(info, url);
  const InputSpec& input = info.samples->data.input;
  if (input.kind == InputKind::kImage) {
    return fmt::format("curl {}{} -F image=@picture.png", url, path);
  }
  return fmt::format("curl {}{} -d {}", url, path, shell_quoted(example_row(input)));
}

std::string describe_tensors(const std::vector<TensorInfo>& tensors) {
  std::vector<std::string> texts;
  for (const TensorInfo& tensor : tensors) {
    texts.push_back(fmt::format("{} {} [{}]", tensor.name, oip_datatype(tensor.dtype),
                                fmt::join(tensor.shape, ", ")));
  }
  return fmt::format("{}", fmt::join(texts, ", "));
}

}  // namespace maas
