#include "serve/oip/routes.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "base/throw_error.h"
#include "http/content_coding.h"
#include "http/exchange.h"
#include "http/head.h"
#include "serve/exchange_inference.h"
#include "serve/oip/messages.h"
#include "serve/oip/priority.h"
#include "serve/oip/statistics.h"

namespace maas {
namespace {

using Exchange = std::shared_ptr<HttpExchange>;

constexpr std::string_view kJsonLengthHeader = "Inference-Header-Content-Length";

size_t json_length(std::string_view text) {
  size_t length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (error == std::errc() && end == text.data() + text.size()) return length;
  throw_input(fmt::format("header {}", kJsonLengthHeader), "is not a whole number from 0 on",
              "how many bytes of the body are JSON");
}

class OipInference final : public ExchangeInference {
 public:
  OipInference(std::shared_ptr<HttpExchange> from, std::shared_ptr<const Session> with,
               const ServerState& server)
      : ExchangeInference(std::move(from), std::move(with), server) {
    if (server.priority_levels > 0) ask_priority(peek_priority(json_part()));
  }

  std::vector<at::Tensor> read_inputs() override {
    InferLimits limits{.max_batch = state().max_batch, .priority_levels = state().priority_levels};
    if (is_counted()) limits.foresee = [this](size_t bytes) { foresee(bytes); };
    if (const auto text = exchange().header(kJsonLengthHeader)) {
      limits.json_bytes = json_length(*text);
    }
    request_ = parse_infer_request(exchange().body, info(), limits);
    session().check(request_.inputs);
    note_request(request_.id, request_.priority, request_.timeout,
                 "it written plainly, in a body that is not packed");
    return std::move(request_.inputs);
  }

  void answer(const std::vector<at::Tensor>& outputs) override {
    InferAnswer answer = infer_answer(info(), request_, outputs);
    ReplyHeaders headers;
    if (answer.json_bytes) {
      headers.content_type = "application/octet-stream";
      headers.others.emplace_back(kJsonLengthHeader, std::to_string(*answer.json_bytes));
    }
    send_packed(exchange(), std::move(answer.body), std::move(headers), state().pack_above);
  }

 private:
  // "" of a body that is packed: it is not unpacked for this, and then its priority is refused.
  std::string_view json_part() const {
    const std::string_view body = exchange().body;
    if (content_coding(exchange().head.content_encoding) != ContentCoding::kIdentity) return "";
    const std::string_view told = exchange().header(kJsonLengthHeader).value_or("");
    size_t length = body.size();
    std::from_chars(told.data(), told.data() + told.size(), length);
    return body.substr(0, length);
  }

  InferRequest request_;
};

class OipHandlers {
 public:
  explicit OipHandlers(const ServerState& state) : state_(state) {}

  HttpRefusal admit_model(const HttpExchange& exchange) const {
    return refuse_unknown_model(exchange, state_);
  }

  HttpRefusal admit_inference(const HttpExchange& exchange) const {
    if (HttpRefusal refusal = admit_model(exchange); refusal.status != 0) return refusal;
    // A page elsewhere can post text/plain and forms to this server unasked, but not these types.
    // No type at all, which tritonclient sends, is safe: browsers tell the origin of a post, and
    // that has been checked.
    const RequestHead& head = exchange.head;
    const bool known = head.content_type_count == 0 || is_json_content_type(head.content_type) ||
                       is_content_type(head.content_type, "application/octet-stream");
    if (known) return {};
    return {415,
            "the Content-Type must be application/json, or application/octet-stream for binary "
            "tensors"};
  }

  void live(const Exchange& exchange) const {  // NOLINT(*-to-static): a handler as the others
    exchange->send(200, R"({"live":true})");
  }

  void ready(const Exchange& exchange) const {
    const bool ready = state_.ready;
    exchange->send(ready ? 200 : 503, ready ? R"({"ready":true})" : R"({"ready":false})");
  }

  void metadata(const Exchange& exchange) const {
    exchange->send(200, server_metadata(state_.version));
  }

  void model_metadata(const Exchange& exchange) const {
    with_model(*exchange, [&](const ServedModel& model) {
      std::vector<std::string> versions;
      for (const auto& other : state_.repository.models()) {
        if (other->info().name == model.info().name) versions.push_back(other->info().version);
      }
      exchange->send(200, maas::model_metadata(model.info(), versions));
    });
  }

  void model_ready(const Exchange& exchange) const {
    with_model(*exchange, [&](const ServedModel& model) {
      const bool ready = state_.ready;
      exchange->send(ready ? 200 : 503,
                     fmt::format(R"({{"name":"{}","ready":{}}})", model.info().name, ready));
    });
  }

  void infer(const Exchange& exchange) const { submit_inference<OipInference>(exchange, state_); }

 private:
  // It was there when the head was admitted; a repository may change while the body comes.
  template <class Answer>
  void with_model(HttpExchange& exchange, Answer answer) const {
    const auto model = model_of(exchange, state_);
    if (!model) return exchange.send_error(404, refuse_unknown_model(exchange, state_).message);
    answer(*model);
  }

  const ServerState& state_;
};

constexpr std::string_view kStatistics = "What happened to a model's inferences (Triton)";
constexpr std::string_view kConfiguration = "How a model is served (Triton)";

void add_extensions(std::vector<Route>& routes, const ServerState& state) {
  const auto admit = [&state](const HttpExchange& e) { return refuse_unknown_model(e, state); };
  const auto add = [&](std::string_view pattern, RouteScope scope, const auto& text_of,
                       std::string_view summary) {
    routes.push_back({"GET",
                      pattern,
                      scope,
                      [&state, text_of](const Exchange& exchange) {
                        const auto model = model_of(*exchange, state);
                        if (!model) return exchange->send_error(404, "this model has just gone");
                        exchange->send(200, text_of(model));
                      },
                      admit,
                      {summary, "", "Object"}});
  };
  const auto statistics = [](const std::shared_ptr<const ServedModel>& model) {
    return statistics_answer({model});
  };
  const auto configuration = [&state](const std::shared_ptr<const ServedModel>& model) {
    return configuration_answer(model->info(), state.max_batch);
  };
  add("/v2/models/{model}/stats", RouteScope::kMetrics, statistics, kStatistics);
  add("/v2/models/{model}/versions/{version}/stats", RouteScope::kMetrics, statistics, kStatistics);
  add("/v2/models/{model}/config", RouteScope::kInfer, configuration, kConfiguration);
  add("/v2/models/{model}/versions/{version}/config", RouteScope::kInfer, configuration,
      kConfiguration);
}

using Admit = std::function<HttpRefusal(const HttpExchange&)>;

struct ModelPatterns {
  std::string_view whole, ready, infer;
};

class OipTable {
 public:
  explicit OipTable(const ServerState& state)
      : handlers_(std::make_shared<const OipHandlers>(state)) {}

  void add_health() {
    get("/v2/health/live", RouteScope::kPublic, &OipHandlers::live,
        {"Whether the server lives", "", "Live"});
    get("/v2/health/ready", RouteScope::kPublic, &OipHandlers::ready,
        {"Whether the server takes requests", "", "Ready"});
  }

  void add_server(const ServerState& state) {
    get("/v2", RouteScope::kInfer, &OipHandlers::metadata,
        {"Name, version and extensions of the server", "", "ServerMetadata"});
    // Before the models: none of that name can be asked for.
    routes.push_back({"GET",
                      "/v2/models/stats",
                      RouteScope::kMetrics,
                      [&state](const Exchange& exchange) {
                        exchange->send(200, statistics_answer(state.repository.models()));
                      },
                      {},
                      {"What happened to all models' inferences (Triton)", "", "Object"}});
    add_extensions(routes, state);
  }

  void add_model_health(std::string_view pattern) {
    get(pattern, RouteScope::kPublic, &OipHandlers::model_ready,
        {"Whether a model takes requests", "", "Ready"},
        [handlers = handlers_](const HttpExchange& e) { return handlers->admit_model(e); });
  }

  void add_model(const ModelPatterns& patterns) {
    const Admit admit = [handlers = handlers_](const HttpExchange& e) {
      return handlers->admit_model(e);
    };
    get(patterns.whole, RouteScope::kInfer, &OipHandlers::model_metadata,
        {"What a model takes and gives", "", "ModelMetadata"}, admit);
    add_model_health(patterns.ready);
    routes.push_back(
        {"POST",
         patterns.infer,
         RouteScope::kInfer,
         handler(&OipHandlers::infer),
         [handlers = handlers_](const HttpExchange& e) { return handlers->admit_inference(e); },
         {"Outputs for tensors (Open Inference Protocol)", "InferRequest", "InferResponse"}});
  }

  std::vector<Route> routes;

 private:
  using Handler = void (OipHandlers::*)(const Exchange&) const;

  std::function<void(Exchange)> handler(Handler answer) const {
    return
        [handlers = handlers_, answer](const Exchange& exchange) { (*handlers.*answer)(exchange); };
  }
  void get(std::string_view pattern, RouteScope scope, Handler answer, RouteDoc doc,
           const Admit& admit = {}) {
    routes.push_back({"GET", pattern, scope, handler(answer), admit, doc});
  }

  const std::shared_ptr<const OipHandlers> handlers_;
};

}  // namespace

std::vector<Route> oip_health_routes(const ServerState& state) {
  OipTable table(state);
  table.add_health();
  table.add_model_health("/v2/models/{model}/ready");
  table.add_model_health("/v2/models/{model}/versions/{version}/ready");
  return std::move(table.routes);
}

std::vector<Route> oip_routes(const ServerState& state) {
  OipTable table(state);
  table.add_health();
  table.add_server(state);
  table.add_model({"/v2/models/{model}", "/v2/models/{model}/ready", "/v2/models/{model}/infer"});
  table.add_model({"/v2/models/{model}/versions/{version}",
                   "/v2/models/{model}/versions/{version}/ready",
                   "/v2/models/{model}/versions/{version}/infer"});
  return std::move(table.routes);
}

}  // namespace maas
