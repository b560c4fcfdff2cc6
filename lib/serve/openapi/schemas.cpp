#include "serve/openapi/schemas.h"

#include <algorithm>

#include "base/json_writer.h"
#include "sample/read_date.h"

namespace maas {
namespace {

constexpr std::string_view kFixed =
#include "serve/openapi/fixed_schemas.json.inc"
    ;

void write_tensor(JsonWriter& json, const TensorInfo& tensor) {
  json.begin_object().field("type", "object").key("required").begin_array();
  json.value("name").value("shape").value("datatype").end_array();
  json.key("properties").begin_object();
  json.key("name").begin_object().field("type", "string").field("const", tensor.name).end_object();
  json.key("datatype").begin_object().field("type", "string");
  json.field("const", oip_datatype(tensor.dtype)).end_object();
  const auto rank = static_cast<int64_t>(tensor.shape.size());
  json.key("shape").begin_object().field("type", "array").field("minItems", rank);
  json.field("maxItems", rank).key("items").begin_object().field("type", "integer");
  json.field("minimum", 1).end_object().key("examples").begin_array().begin_array();
  for (const int64_t size : tensor.shape) json.value(size == -1 ? 1 : size);
  json.end_array().end_array().end_object();
  json.key("data").begin_object().field("type", "array").key("items").begin_object().end_object();
  json.field("description", "flat, or nested as the shape says").end_object();
  json.key("parameters").begin_object().field("type", "object").end_object();
  json.end_object().end_object();
}

void write_infer_request(JsonWriter& json, const SessionInfo& info) {
  const auto count = static_cast<int64_t>(info.inputs.size());
  json.begin_object().field("type", "object").key("required").begin_array().value("inputs");
  json.end_array().key("properties").begin_object();
  json.key("id").begin_object().field("type", "string").field("maxLength", 256).end_object();
  json.key("parameters").begin_object().field("type", "object").end_object();
  json.key("inputs").begin_object().field("type", "array").field("minItems", count);
  json.field("maxItems", count).key("items");
  if (count == 1) {
    write_tensor(json, info.inputs[0]);
  } else {
    json.begin_object().key("anyOf").begin_array();
    for (const TensorInfo& input : info.inputs) write_tensor(json, input);
    json.end_array().end_object();
  }
  json.end_object().key("outputs").begin_object().field("type", "array").key("items");
  json.begin_object().field("type", "object").end_object().end_object();
  json.end_object().end_object();
}

void write_row(JsonWriter& json, const InputSpec& input) {
  json.begin_object().field("type", "object").key("properties").begin_object();
  for (const ColumnSpec& column : input.columns) {
    json.key(column.name).begin_object().key("type").begin_array();
    const bool is_number = column.type == ColumnType::kNumeric && !column.date;
    json.value(is_number ? "number" : "string").value("null").end_array();
    json.key("examples").begin_array();
    constexpr size_t kShown = 20;
    const size_t shown = std::min(column.categories.size(), kShown);
    for (size_t i = 0; i < shown; ++i) json.value(column.categories[i]);
    if (column.date) {
      json.value(taken_date());
    } else if (column.is_text()) {
      json.value("some words");
    } else if (is_number) {
      json.value(column.mean);
    }
    json.end_array().end_object();
  }
  json.end_object();
  if (input.missing == "error") {
    json.key("required").begin_array();
    for (const ColumnSpec& column : input.columns) json.value(column.name);
    json.end_array();
  }
  json.end_object();
}

// What a user has: a sample.
void write_sample(JsonWriter& json, const SessionInfo& info) {
  if (!info.samples) {
    json.begin_object().field("description", "inputs as nested lists").end_object();
    return;
  }
  const InputSpec& input = info.samples->data.input;
  json.begin_object().key("anyOf").begin_array();
  if (input.kind == InputKind::kTable) {
    write_row(json, input);
    const auto columns = static_cast<int64_t>(input.columns.size());
    json.begin_object().field("type", "array").key("items").begin_object().end_object();
    json.field("minItems", columns).field("maxItems", columns);
    json.field("description", "values in the order of the columns").end_object();
  } else {
    json.begin_object().field("type", "object").key("required").begin_array().value("b64");
    json.end_array().key("properties").begin_object().key("b64").begin_object();
    json.field("type", "string").field("contentEncoding", "base64");
    json.field("description", "an image file").end_object().end_object().end_object();
    json.begin_object().field("type", "array").key("items").begin_object().end_object();
    json.field("description", "pixels, 0 to 255, nested or flat").end_object();
  }
  json.end_array().end_object();
}

// Generators of clients make a class of each schema that has a name: what others hold has one, too.
void write_reference(JsonWriter& json, std::string_view name, const SessionInfo& info) {
  json.begin_object();
  json.field("$ref", "#/components/schemas/" + model_schema_name(name, info)).end_object();
}

// {name: a list of samples}
void write_envelope(JsonWriter& json, std::string_view name, const SessionInfo& info) {
  json.begin_object().field("type", "object").key("required").begin_array().value(name);
  json.end_array().key("properties").begin_object();
  json.key(name).begin_object().field("type", "array").field("minItems", 1).key("items");
  write_reference(json, "Sample", info);
  json.end_object().key("signature_name").begin_object().field("type", "string");
  json.field("const", "serving_default").end_object();
  json.end_object().end_object();
}

void write_instances(JsonWriter& json, const SessionInfo& info) {
  write_envelope(json, "instances", info);
}

void write_examples(JsonWriter& json, const SessionInfo& info) {
  write_envelope(json, "examples", info);
}

void write_whole_inputs(JsonWriter& json, const SessionInfo&) {
  json.begin_object().field("type", "object").key("required").begin_array().value("inputs");
  json.end_array().key("properties").begin_object().key("inputs").begin_object();
  json.field("description", "whole inputs by name, or columns of a table").end_object();
  json.end_object().end_object();
}

void write_prediction(JsonWriter& json, const SessionInfo& info) {
  json.begin_object().key("anyOf").begin_array();
  write_reference(json, "Sample", info);
  json.begin_object().field("type", "array").key("items");
  write_reference(json, "Sample", info);
  json.end_object();
  write_reference(json, "Instances", info);
  json.end_array().end_object();
}

void write_predict(JsonWriter& json, const SessionInfo& info) {
  json.begin_object().key("anyOf").begin_array();
  write_reference(json, "Instances", info);
  write_reference(json, "WholeInputs", info);
  json.end_array().end_object();
}

struct ModelSchema {
  std::string_view name;
  void (*write)(JsonWriter&, const SessionInfo&);
};
constexpr ModelSchema kModelSchemas[] = {
    {"InferRequest", write_infer_request},
    {"Prediction", write_prediction},
    {"TfPredict", write_predict},
    {"TfExamples", write_examples},
    {"Sample", write_sample},
    {"Instances", write_instances},
    {"WholeInputs", write_whole_inputs},
};

const ModelSchema* find(std::string_view name) {
  const auto* const found =
      std::find_if(std::begin(kModelSchemas), std::end(kModelSchemas),
                   [&](const ModelSchema& schema) { return schema.name == name; });
  return found == std::end(kModelSchemas) ? nullptr : found;
}

}  // namespace

std::string_view fixed_schemas() { return kFixed; }

bool is_fixed_schema(std::string_view name) {
  return !name.empty() &&
         ("\n" + std::string(kFixed)).find("\n" + json_quote(name) + ":{") != std::string::npos;
}

bool is_model_schema(std::string_view name) { return find(name) != nullptr; }

std::string model_schema_name(std::string_view name, const SessionInfo& info) {
  return std::string(name) + "_" + info.name + "_" + info.version;
}

void write_model_schemas(std::string& members, const SessionInfo& info) {
  for (const ModelSchema& schema : kModelSchemas) {
    JsonWriter json;
    schema.write(json, info);
    members += "," + json_quote(model_schema_name(schema.name, info)) + ":" + json.text();
  }
}

}  // namespace maas
