#include "serve/samples/routes.h"

#include "base/json_writer.h"
#include "http/exchange.h"
#include "serve/exchange_inference.h"

namespace maas {
namespace {

void write_numbers(JsonWriter& json, const std::vector<double>& numbers) {
  json.begin_array();
  for (const double number : numbers) json.value(number);
  json.end_array();
}

void write_texts(JsonWriter& json, const std::vector<std::string>& texts) {
  json.begin_array();
  for (const std::string& text : texts) json.value(text);
  json.end_array();
}

void write_columns(JsonWriter& json, const InputSpec& input) {
  json.key("columns").begin_array();
  for (const ColumnSpec& column : input.columns) {
    json.begin_object().field("name", column.name);
    if (column.categorical) {
      json.field("type", "categorical");
      write_texts(json.key("categories"), column.categories);
    } else if (column.date) {
      json.field("type", "date").field("example", date_example(*column.date));
    } else {
      json.field("type", "numeric");
      json.field("mean", column.mean);
    }
    json.end_object();
  }
  json.end_array().field("missing", input.missing);
}

void send_description(HttpExchange& exchange, const ServerState& state) {
  const auto model = model_of(exchange, state);
  if (!model) return exchange.send_error(404, refuse_unknown_model(exchange, state).message);
  const auto& samples = model->info().samples;
  if (!samples) return exchange.send_error(404, "this model does not say how its data look");
  exchange.send(200, describe_samples(*samples));
}

}  // namespace

std::string describe_samples(const SampleForm& samples) {
  const InputSpec& input = samples.data.input;
  JsonWriter json;
  json.begin_object().field("kind", to_text(input.kind));
  if (input.kind == InputKind::kImage) {
    json.field("channels", input.channels).field("height", input.height);
    json.field("width", input.width).field("resize_to_fit", input.resize_to_fit);
    write_numbers(json.key("mean"), input.mean);
  } else {
    write_columns(json, input);
  }
  json.field("task", to_text(samples.data.task.kind));
  write_texts(json.key("labels"), samples.data.task.labels);
  json.end_object();
  return json.take();
}

std::vector<Route> sample_routes(const ServerState& state) {
  std::vector<Route> routes;
  for (const std::string_view pattern :
       {"/v2/models/{model}/samples", "/v2/models/{model}/versions/{version}/samples"}) {
    routes.push_back(
        {"GET",
         pattern,
         RouteScope::kInfer,
         [&state](const std::shared_ptr<HttpExchange>& exchange) {
           send_description(*exchange, state);
         },
         [&state](const HttpExchange& exchange) { return refuse_unknown_model(exchange, state); },
         {"How the data of a model look: image size or columns, labels", "", "SampleDescription"}});
  }
  return routes;
}

}  // namespace maas
