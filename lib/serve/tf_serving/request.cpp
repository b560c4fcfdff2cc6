#include <fmt/format.h>

#include <algorithm>

#include "base/json_writer.h"
#include "base/throw_error.h"
#include "serve/nested_lists.h"
#include "serve/request_json.h"
#include "serve/samples/read_samples.h"
#include "serve/tf_serving/messages.h"

namespace maas {
namespace {

using simdjson::dom::element;

bool is_table(const SessionInfo& info) {
  return info.samples && info.samples->data.input.kind == InputKind::kTable;
}

void check_signature(const JsonMembers& members) {
  const element* value = members.find("signature_name");
  if (value == nullptr) return;
  const std::string_view name = text_of(*value, "signature_name");
  if (name.empty() || name == "serving_default") return;
  throw_input("signature_name", fmt::format("is '{}'", name.substr(0, 64)), "serving_default");
}

void refuse_others(const JsonMembers& members, std::initializer_list<std::string_view> known) {
  for (const auto& [name, value] : members) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    throw_input(fmt::format("'{}'", name.substr(0, 64)), "is no member of this request",
                fmt::format("{}", fmt::join(known, ", ")));
  }
}

// The member of an object; null: it is none, or has no such member.
std::optional<element> member(element value, std::string_view name) {
  simdjson::dom::object object;
  element found;
  if (value.get(object) != simdjson::SUCCESS || object.at_key(name).get(found)) return std::nullopt;
  return found;
}

// Whether a row, or the columns, name the model's own tensors. A cell of a table is never a list,
// and an image file is an object.
bool names_tensors(element value, const SessionInfo& info, bool whole) {
  const auto first = member(value, info.inputs.at(0).name);
  simdjson::dom::array list;
  if (!first || first->get(list) != simdjson::SUCCESS || list.begin() == list.end()) return false;
  const element value_of_first = *list.begin();
  return whole && is_table(info) ? value_of_first.is_array() : !value_of_first.is_object();
}

// {"image": sample} for the sample alone, as clients write who know the input's name.
bool names_the_input(element value, const SessionInfo& info) {
  return !is_table(info) && info.inputs.size() == 1 && member(value, info.inputs[0].name);
}

void append_samples(JsonWriter& json, const std::vector<element>& rows, const SessionInfo& info) {
  json.begin_array();
  for (const element row : rows) {
    json.raw(simdjson::minify(*member(row, info.inputs[0].name)));
  }
  json.end_array();
}

PredictRequest with_samples(ReadSamples read, bool columns) {
  return {std::move(read.inputs), std::move(read.warnings), columns};
}

PredictRequest read_instances(element list, const SessionInfo& info) {
  const std::vector<element> rows = rows_of(list, "instances");
  if (!info.samples || names_tensors(rows[0], info, false)) {
    return {tensors_from_rows(rows, info, "instances"), {}, false};
  }
  if (!names_the_input(rows[0], info)) {
    return with_samples(read_samples(list, info, "instances"), false);
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    if (names_the_input(rows[i], info)) continue;
    throw_input(fmt::format("instances[{}]", i), "is not like the first",
                fmt::format("{{\"{}\": ...}}", info.inputs[0].name));
  }
  JsonWriter json;
  append_samples(json, rows, info);
  return with_samples(read_samples_text(json.take(), info, "instances"), false);
}

// {"a": [1, 3], "b": ["x", "y"]} -> [{"a": 1, "b": "x"}, {"a": 3, "b": "y"}]
// Names are repeated in every row: only the model's own are, in as many as it takes.
std::string rows_of_columns(const JsonMembers& columns, const InputSpec& spec) {
  std::vector<std::pair<std::string, std::vector<element>>> lists;
  for (const auto& [name, list] : columns) {
    const bool known = std::any_of(
        spec.columns.begin(), spec.columns.end(),
        [&, &wanted = name](const ColumnSpec& column) { return column.name == wanted; });
    if (!known) {
      throw_input(fmt::format("inputs, '{}'", name.substr(0, 64)), "is no column of this model",
                  "its columns, or its tensors, by their names");
    }
    lists.emplace_back(json_quote(name), rows_of(list, fmt::format("inputs, '{}'", name)));
    if (lists.back().second.size() == lists.front().second.size()) continue;
    throw_input(fmt::format("inputs, '{}'", name),
                fmt::format("has {} values", lists.back().second.size()),
                fmt::format("{}, as the first column", lists.front().second.size()));
  }
  if (lists.empty()) throw_input("inputs", "are empty", "columns by their names");
  const size_t most = static_cast<size_t>(kMostCells) /
                      (spec.columns.size() + static_cast<size_t>(spec.text.pieces));
  if (lists.front().second.size() > most) {
    throw_input("inputs", "have too many rows", fmt::format("at most {}", most));
  }
  std::string text = "[";
  for (size_t row = 0; row < lists.front().second.size(); ++row) {
    text += row > 0 ? ",{" : "{";
    for (size_t i = 0; i < lists.size(); ++i) {
      text += (i > 0 ? "," : "") + lists[i].first + ":" +
              std::string(simdjson::minify(lists[i].second[row]));
    }
    text += "}";
  }
  return text + "]";
}

PredictRequest read_columns(element value, const SessionInfo& info) {
  if (!info.samples || names_tensors(value, info, true)) {
    auto tensors = tensors_from_lists(value, info);
    if (!tensors) {
      throw_input("inputs", "are not what this model takes",
                  fmt::format("{} by name, as nested lists", names_of(info.inputs)));
    }
    return {std::move(*tensors), {}, true};
  }
  if (is_table(info) && value.is_object()) {
    return with_samples(
        read_samples_text(rows_of_columns(JsonMembers(value, "inputs"), info.samples->data.input),
                          info, "inputs"),
        true);
  }
  const auto named = names_the_input(value, info) ? member(value, info.inputs[0].name) : value;
  return with_samples(read_samples(*named, info, "inputs"), true);
}

// The features of one example with those of the context, which it may not have itself.
std::string with_context(element example, const JsonMembers& context, size_t number) {
  const JsonMembers features(example, fmt::format("examples[{}]", number));
  std::string text = "{";
  const auto add = [&](std::string_view name, element value) {
    text += (text.size() > 1 ? "," : "") + json_quote(name) + ":" +
            std::string(simdjson::minify(value));
  };
  for (const auto& [name, value] : features) add(name, value);
  for (const auto& [name, value] : context) {
    if (features.find(name) != nullptr) {
      throw_input(fmt::format("examples[{}]", number),
                  fmt::format("has '{}', and so has the context", name.substr(0, 64)),
                  "one of them");
    }
    add(name, value);
  }
  return text + "}";
}

}  // namespace

PredictRequest parse_predict(std::string_view body, const SessionInfo& info) {
  const RequestJson json(body);
  const JsonMembers members(json.root(), "body");
  refuse_others(members, {"signature_name", "instances", "inputs"});
  check_signature(members);
  const element* instances = members.find("instances");
  const element* inputs = members.find("inputs");
  if ((instances == nullptr) == (inputs == nullptr)) {
    throw_input("body",
                instances == nullptr ? "has neither 'instances' nor 'inputs'"
                                     : "has both 'instances' and 'inputs'",
                "one of them");
  }
  return instances != nullptr ? read_instances(*instances, info) : read_columns(*inputs, info);
}

PredictRequest parse_examples(std::string_view body, const SessionInfo& info) {
  if (!info.samples) {
    throw_input("this model", "does not say how its data look", ":predict with its tensors");
  }
  const RequestJson json(body);
  const JsonMembers members(json.root(), "body");
  refuse_others(members, {"signature_name", "examples", "context"});
  check_signature(members);
  const element* examples = members.find("examples");
  if (examples == nullptr) throw_input("body", "has no 'examples'", R"({"examples": [{...}]})");
  const std::vector<element> rows = rows_of(*examples, "examples");
  const element* context = members.find("context");
  if (!is_table(info)) {
    if (context != nullptr) throw_input("context", "is for rows of a table", "none");
    const auto named = [&](element row) { return names_the_input(row, info); };
    if (!std::all_of(rows.begin(), rows.end(), named)) {
      throw_input("examples", "are not what this model takes",
                  fmt::format("{{\"{}\": {{\"b64\": \"...\"}}}} each", info.inputs.at(0).name));
    }
    JsonWriter list;
    append_samples(list, rows, info);
    return with_samples(read_samples_text(list.take(), info, "examples"), false);
  }
  if (context == nullptr) return with_samples(read_samples(*examples, info, "examples"), false);
  const JsonMembers shared(*context, "context");
  std::string text = "[";
  for (size_t i = 0; i < rows.size(); ++i) {
    text += (i > 0 ? "," : "") + with_context(rows[i], shared, i);
    // The same bytes once a row: a long context in front of many rows is much from little.
    if (text.size() > (size_t{64} << 20)) {
      throw_input("context", "and examples are too long together", "fewer rows at once");
    }
  }
  return with_samples(read_samples_text(text + "]", info, "examples"), false);
}

}  // namespace maas
