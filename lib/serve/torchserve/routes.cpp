#include "serve/torchserve/routes.h"

#include "base/json_writer.h"
#include "http/exchange.h"
#include "serve/samples/sample_inference.h"
#include "serve/torchserve/messages.h"

namespace maas {
namespace {

using Exchange = std::shared_ptr<HttpExchange>;

class Prediction final : public SampleInference {
 public:
  using SampleInference::SampleInference;

 private:
  std::string answer_text(const std::vector<at::Tensor>& outputs, bool is_list) const override {
    return prediction_answer(info(), outputs, is_list);
  }
};

HttpRefusal admit_prediction(const HttpExchange& exchange, const ServerState& state) {
  if (HttpRefusal refusal = refuse_unknown_model(exchange, state); refusal.status != 0) {
    return refusal;
  }
  const auto model = model_of(exchange, state);
  return model ? refuse_body_type(exchange, model->info()) : HttpRefusal{};
}

void ping(HttpExchange& exchange, const ServerState& state) {
  const bool ready = state.ready;
  exchange.send(ready ? 200 : 503, ready ? R"({"status":"Healthy"})" : R"({"status":"Unhealthy"})");
}

void list_models(HttpExchange& exchange, const ServerState& state) {
  JsonWriter json;
  json.begin_object().key("models").begin_array();
  for (const auto& model : state.repository.models()) {
    const SessionInfo& info = model->info();
    json.begin_object().field("modelName", info.name).field("modelVersion", info.version);
    json.field("modelUrl", "/v2/models/" + info.name + "/versions/" + info.version).end_object();
  }
  json.end_array().end_object();
  exchange.send(200, json.take());
}

}  // namespace

Route ping_route(const ServerState& state) {
  return {"GET",
          "/ping",
          RouteScope::kPublic,
          [&state](const Exchange& e) { ping(*e, state); },
          {},
          {"Whether the server answers (TorchServe)", "", "Ping"}};
}

std::vector<Route> torchserve_routes(const ServerState& state) {
  const auto admit = [&state](const HttpExchange& e) { return admit_prediction(e, state); };
  const auto predict = [&state](Exchange e) { submit_inference<Prediction>(std::move(e), state); };
  std::vector<Route> routes = {
      ping_route(state),
      {"GET",
       "/models",
       RouteScope::kInfer,
       [&state](const Exchange& e) { list_models(*e, state); },
       {},
       {"The models that are served (TorchServe)", "", "ModelList"}},
  };
  for (const std::string_view pattern :
       {"/predictions/{model}", "/predictions/{model}/{version}"}) {
    for (const std::string_view method : {"POST", "PUT"}) {
      routes.push_back({method,
                        pattern,
                        RouteScope::kInfer,
                        predict,
                        admit,
                        {"Labels or numbers for an image, rows of a table or tensors (TorchServe)",
                         "Prediction", "PredictionAnswer"}});
    }
  }
  return routes;
}

}  // namespace maas
