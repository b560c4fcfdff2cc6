#include "serve/oip/repository_routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/json_writer.h"
#include "base/throw_error.h"
#include "http/exchange.h"
#include "serve/request_json.h"

namespace maas {
namespace {

using Exchange = std::shared_ptr<HttpExchange>;

// What is served, and of the files what is not.
std::string index(const ServerState& state) {
  std::vector<ModelState> states;
  for (const auto& model : state.repository.models()) {
    states.push_back({{model->info().name, model->info().version}, true, ""});
  }
  for (ModelState& found : state.control->states()) {
    const bool served = std::any_of(states.begin(), states.end(), [&](const ModelState& known) {
      return known.key == found.key;
    });
    if (!served && !found.ready) states.push_back(std::move(found));
  }
  JsonWriter json;
  json.begin_array();
  for (const ModelState& model : states) {
    json.begin_object().field("name", model.key.first).field("version", model.key.second);
    json.field("state", model.ready ? "READY" : "UNAVAILABLE").field("reason", model.reason);
    json.end_object();
  }
  json.end_array();
  return json.take();
}

void answer_when_done(const ServerState& state, const Exchange& exchange,
                      const ModelControl::Work& work) {
  state.control->ask(work, [exchange](const std::exception_ptr& failure) {
    if (!failure) return exchange->send(200, "{}");
    const InferenceFailure told = failure_of(failure);
    exchange->send_error(told.status, told.message);
  });
}

// Triton's clients may send a configuration or the model's files; a model is its file here, and
// what would not be heeded is refused. `unload_dependents`, which they always send, is about
// ensembles.
void refuse_parameters(const HttpExchange& exchange) {
  if (exchange.body.empty()) return;
  const RequestJson json(exchange.body);
  for (const auto& [name, value] : parameters_of(JsonMembers(json.root(), "body"), "parameters")) {
    if (name == "unload_dependents") continue;
    throw_input("parameters", fmt::format("'{}' would not be heeded", name), "none",
                "a model is its file: write that into the server's folder, then load it");
  }
}

void answer_control(const ServerState& state, const Exchange& exchange,
                    const ModelControl::Work& work) {
  try {
    refuse_parameters(*exchange);
    answer_when_done(state, exchange, work);
  } catch (const Error&) {
    const InferenceFailure told = failure_of(std::current_exception());
    exchange->send_error(told.status, told.message);
  }
}

// A file that cannot be loaded is not the client's fault, but the client asked.
ModelChanges load(ModelLoader& loader, const std::string& name) {
  ModelChanges changes = loader.load(name);
  if (!changes.failed.empty() && changes.loaded.empty()) {
    throw Error(ErrorKind::kInput, {.where = "model '" + name + "'",
                                    .what = "cannot be loaded; the server's log says why"});
  }
  return changes;
}

}  // namespace

std::vector<Route> repository_routes(const ServerState& state) {
  const auto admit = [&state](const HttpExchange&) -> HttpRefusal {
    if (state.control->is_allowed()) return {};
    return {403,
            "models are not loaded and unloaded by clients here; serve.model_control allows it"};
  };
  return {
      {"POST",
       "/v2/repository/index",
       RouteScope::kInfer,
       [&state](const Exchange& exchange) { exchange->send(200, index(state)); },
       {},
       {"The models that are served and those that could not be (Triton)"}},
      {"POST",
       "/v2/repository/models/{model}/load",
       RouteScope::kAdmin,
       [&state](const Exchange& exchange) {
         const std::string name(exchange->route["model"]);
         answer_control(state, exchange, [name](ModelLoader& all) { return load(all, name); });
       },
       admit,
       {"Loads a model, or its new versions (Triton)", "", "Object"}},
      {"POST",
       "/v2/repository/models/{model}/unload",
       RouteScope::kAdmin,
       [&state](const Exchange& exchange) {
         const std::string name(exchange->route["model"]);
         answer_control(state, exchange, [name](ModelLoader& all) { return all.unload(name); });
       },
       admit,
       {"Unloads a model (Triton)", "", "Object"}},
  };
}

}  // namespace maas
