#include "serve/tf_serving/routes.h"

#include "http/exchange.h"
#include "http/head.h"
#include "serve/exchange_inference.h"
#include "serve/predict/messages.h"
#include "serve/request_json.h"
#include "serve/samples/read_body.h"
#include "serve/tf_serving/messages.h"

namespace maas {
namespace {

using Exchange = std::shared_ptr<HttpExchange>;

// The protocol's own examples are commands of curl's that say they send a form. A page elsewhere
// can do so, too, unasked, but a browser tells the origin of a post, which has been checked.
bool is_tensorflow_type(std::string_view type) {
  return type.empty() || is_content_type(type, "application/x-www-form-urlencoded");
}

class Predict final : public ExchangeInference {
 public:
  using ExchangeInference::ExchangeInference;

  std::vector<at::Tensor> read_inputs() override {
    if (is_counted()) foresee(json_reading_bytes(exchange().body));
    request_ = is_labelled() ? read_labelled() : parse_predict(exchange().body, info());
    check(request_.inputs);
    return std::move(request_.inputs);
  }
  void answer(const std::vector<at::Tensor>& outputs) override {
    send(is_labelled_ ? labelled_answer(info(), outputs, is_list_)
                      : predict_answer(info(), request_, outputs),
         request_.warnings);
  }

 private:
  // What the protocol does not know: files, forms, rows without an envelope.
  bool is_labelled() {
    const std::string& type = exchange().head.content_type;
    const bool json = is_json_content_type(type) || is_tensorflow_type(type);
    is_labelled_ = json ? is_bare_sample(exchange().body, info()) : info().samples.has_value();
    return is_labelled_;
  }
  PredictRequest read_labelled() {
    ReadSamples read = read_body(exchange().body, exchange().head.content_type, info());
    is_list_ = read.is_list;
    return {std::move(read.inputs), std::move(read.warnings)};
  }

  PredictRequest request_;
  bool is_labelled_ = false, is_list_ = true;
};

template <std::string (*kAnswer)(const SessionInfo&, const std::vector<at::Tensor>&)>
class ForExamples final : public ExchangeInference {
 public:
  using ExchangeInference::ExchangeInference;

  std::vector<at::Tensor> read_inputs() override {
    if (is_counted()) foresee(json_reading_bytes(exchange().body));
    PredictRequest request = parse_examples(exchange().body, info());
    check(request.inputs);
    warnings_ = std::move(request.warnings);
    return std::move(request.inputs);
  }
  void answer(const std::vector<at::Tensor>& outputs) override {
    send(kAnswer(info(), outputs), warnings_);
  }

 private:
  std::vector<std::string> warnings_;
};

HttpRefusal admit_inference(const HttpExchange& exchange, const ServerState& state) {
  if (HttpRefusal refusal = refuse_unknown_model(exchange, state); refusal.status != 0) {
    return refusal;
  }
  const std::string& type = exchange.head.content_type;
  if (is_json_content_type(type) || is_tensorflow_type(type)) return {};
  const auto model = model_of(exchange, state);
  const bool takes_files = model && model->info().samples && exchange.route.route != nullptr &&
                           exchange.route.route->pattern.ends_with(":predict");
  if (takes_files && is_body_type(type, model->info())) return {};
  return {415, "the Content-Type must be application/json"};
}

template <std::string (*kAnswer)(const SessionInfo&)>
void describe(HttpExchange& exchange, const ServerState& state) {
  if (const auto model = model_of(exchange, state)) {
    return exchange.send(200, kAnswer(model->info()));
  }
  exchange.send_error(404, refuse_unknown_model(exchange, state).message);
}

// Of the version that is asked for, else all: those that answer, then those that cannot be loaded.
void describe_versions(HttpExchange& exchange, const ServerState& state) {
  const auto asked = model_of(exchange, state);
  if (!asked) return exchange.send_error(404, refuse_unknown_model(exchange, state).message);
  const SessionInfo& info = asked->info();
  if (!exchange.route["version"].empty()) {
    return exchange.send(200, model_status({{info.version, ""}}));
  }
  std::vector<VersionStatus> versions;
  for (const auto& model : state.repository.models()) {
    if (model->info().name == info.name) versions.push_back({model->info().version, ""});
  }
  if (state.control != nullptr) {
    for (const ModelState& found : state.control->states()) {
      if (found.ready || found.key.first != info.name) continue;
      versions.push_back({found.key.second, found.reason.empty() ? "unloaded" : found.reason});
    }
  }
  exchange.send(200, model_status(versions));
}

struct Patterns {
  std::string_view model, metadata, predict, classify, regress;
};

void add_routes(std::vector<Route>& routes, const ServerState& state, const Patterns& patterns) {
  const auto admit = [&state](const HttpExchange& e) { return refuse_unknown_model(e, state); };
  const auto admit_post = [&state](const HttpExchange& e) { return admit_inference(e, state); };
  const auto get = [&](std::string_view pattern, auto handler, RouteDoc doc) {
    routes.push_back({"GET", pattern, RouteScope::kInfer,
                      [&state, handler](const Exchange& e) { handler(*e, state); }, admit, doc});
  };
  const auto post = [&](std::string_view pattern, auto handler, RouteDoc doc) {
    routes.push_back({"POST", pattern, RouteScope::kInfer,
                      [&state, handler](Exchange e) { handler(std::move(e), state); }, admit_post,
                      doc});
  };
  using Classify = ForExamples<classify_answer>;
  using Regress = ForExamples<regress_answer>;
  get(patterns.model, describe_versions,
      {"Whether a model can be asked (TensorFlow Serving)", "", "ModelStatus"});
  get(patterns.metadata, describe<signature_metadata>,
      {"What a model takes and gives (TensorFlow Serving)", "", "SignatureMetadata"});
  post(patterns.predict, submit_inference<Predict>,
       {"Outputs for rows or columns (TensorFlow Serving)", "TfPredict", "TfPredictAnswer"});
  post(patterns.classify, submit_inference<Classify>,
       {"Labels for examples (TensorFlow Serving)", "TfExamples", "TfResults"});
  post(patterns.regress, submit_inference<Regress>,
       {"Numbers for examples (TensorFlow Serving)", "TfExamples", "TfResults"});
}

}  // namespace

std::vector<Route> tf_serving_routes(const ServerState& state) {
  std::vector<Route> routes;
  add_routes(routes, state,
             {"/v1/models/{model}", "/v1/models/{model}/metadata", "/v1/models/{model}:predict",
              "/v1/models/{model}:classify", "/v1/models/{model}:regress"});
  add_routes(
      routes, state,
      {"/v1/models/{model}/versions/{version}", "/v1/models/{model}/versions/{version}/metadata",
       "/v1/models/{model}/versions/{version}:predict",
       "/v1/models/{model}/versions/{version}:classify",
       "/v1/models/{model}/versions/{version}:regress"});
  add_routes(routes, state,
             {"/v1/models/{model}/labels/{version}", "/v1/models/{model}/labels/{version}/metadata",
              "/v1/models/{model}/labels/{version}:predict",
              "/v1/models/{model}/labels/{version}:classify",
              "/v1/models/{model}/labels/{version}:regress"});
  return routes;
}

}  // namespace maas
