#include "serve/predict/routes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

#include "http/exchange.h"
#include "serve/predict/messages.h"
#include "serve/samples/sample_inference.h"

namespace maas {
namespace {

using Exchange = std::shared_ptr<HttpExchange>;

class Prediction final : public SampleInference {
 public:
  using SampleInference::SampleInference;

 private:
  std::string answer_text(const std::vector<at::Tensor>& outputs, bool is_list) const override {
    return labelled_answer(info(), outputs, is_list);
  }
};

// The names of the server's models.
std::set<std::string> names_in(const ServerState& state) {
  std::set<std::string> names;
  for (const auto& model : state.repository.models()) names.insert(model->info().name);
  return names;
}

// The one that the path names, or the only one.
std::string name_asked(const HttpExchange& exchange, const ServerState& state) {
  const std::string_view named = exchange.route["model"];
  if (!named.empty()) return std::string(named);
  const std::set<std::string> names = names_in(state);
  return names.size() == 1 ? *names.begin() : "";
}

HttpRefusal refuse_unknown(const HttpExchange& exchange, const ServerState& state) {
  const std::string name = name_asked(exchange, state);
  const std::string_view version = exchange.route["version"];
  if (!name.empty()) {
    if (state.repository.find(name, version)) return {};
    return {404, state.repository.why_not(name, version)};
  }
  const std::set<std::string> names = names_in(state);
  if (names.empty()) return {404, "this server has no model"};
  return {400, fmt::format("this server has several models; name one: /predict/{}",
                           fmt::join(names, ", /predict/"))};
}

HttpRefusal admit(const HttpExchange& exchange, const ServerState& state) {
  if (HttpRefusal refusal = refuse_unknown(exchange, state); refusal.status != 0) return refusal;
  const auto model = state.repository.find(name_asked(exchange, state), exchange.route["version"]);
  return model ? refuse_body_type(exchange, model->info()) : HttpRefusal{};
}

void predict(Exchange exchange, const ServerState& state) {
  const auto model =
      state.repository.pick(name_asked(*exchange, state), exchange->route["version"]);
  if (!model) {
    const HttpRefusal refusal = refuse_unknown(*exchange, state);
    return exchange->send_error(refusal.status, refusal.message);
  }
  submit_to(model, state, std::make_shared<Prediction>(std::move(exchange), model->session, state));
}

}  // namespace

std::vector<Route> predict_routes(const ServerState& state) {
  std::vector<Route> routes;
  for (const std::string_view pattern :
       {"/predict", "/predict/{model}", "/predict/{model}/{version}"}) {
    for (const std::string_view method : {"POST", "PUT"}) {
      routes.push_back({method,
                        pattern,
                        RouteScope::kInfer,
                        [&state](Exchange exchange) { predict(std::move(exchange), state); },
                        [&state](const HttpExchange& exchange) { return admit(exchange, state); },
                        {"Labels with probabilities, or numbers, for an image or rows of a table",
                         "Prediction", "LabelledAnswer"}});
    }
  }
  return routes;
}

}  // namespace maas
