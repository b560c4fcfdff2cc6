#include "serve/samples/routes.h"

#include "base/json_writer.h"
#include "http/exchange.h"
#include "sample/describe.h"
#include "serve/exchange_inference.h"

namespace maas {
namespace {

void send_description(HttpExchange& exchange, const ServerState& state) {
  const auto model = model_of(exchange, state);
  if (!model) return exchange.send_error(404, refuse_unknown_model(exchange, state).message);
  const auto& samples = model->info().samples;
  if (!samples) return exchange.send_error(404, "this model does not say how its data look");
  exchange.send(200, describe_samples(*samples));
}

}  // namespace

std::string describe_samples(const SampleForm& samples) {
  JsonWriter json;
  json.begin_object();
  write_description(json, samples.data);
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
