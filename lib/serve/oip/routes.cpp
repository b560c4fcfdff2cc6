#include "serve/oip/routes.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "base/throw_error.h"
#include "http/content_coding.h"
#include "http/exchange.h"
#include "http/head.h"
#include "serve/oip/messages.h"
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

class OipInference final : public QueuedInference {
 public:
  OipInference(Exchange exchange, std::shared_ptr<const Session> session, const ServerState& state)
      : QueuedInference(state.request_timeout),
        exchange_(std::move(exchange)),
        session_(std::move(session)),
        state_(state) {}

  const void* client() const override { return exchange_.get(); }
  bool is_wanted() override { return !exchange_->client_is_gone(); }

  std::vector<at::Tensor> inputs() override {
    unpack_body(*exchange_, state_.max_body);
    InferLimits limits{.max_batch = state_.max_batch};
    if (const auto text = exchange_->header(kJsonLengthHeader)) {
      limits.json_bytes = json_length(*text);
    }
    request_ = parse_infer_request(exchange_->body, session_->info(), limits);
    session_->check(request_.inputs);
    if (request_.timeout.count() > 0) wait_at_most(request_.timeout);
    return std::move(request_.inputs);
  }

  void note_times(ServeClock::duration queue, ServeClock::duration compute) override {
    if (!exchange_->wants_notes) return;
    const SessionInfo& info = session_->info();
    exchange_->notes.model = info.name;
    exchange_->notes.version = info.version;
    exchange_->notes.id = request_.id;
    exchange_->notes.queue_seconds = std::chrono::duration<double>(queue).count();
    exchange_->notes.compute_seconds = std::chrono::duration<double>(compute).count();
  }

  void answer(const std::vector<at::Tensor>& outputs) override {
    InferAnswer answer = infer_answer(session_->info(), request_, outputs);
    ReplyHeaders headers;
    if (answer.json_bytes) {
      headers.content_type = "application/octet-stream";
      headers.others.emplace_back(kJsonLengthHeader, std::to_string(*answer.json_bytes));
    }
    send_packed(*exchange_, std::move(answer.body), std::move(headers), state_.pack_above);
  }

  void fail(const InferenceFailure& failure) noexcept override {
    exchange_->send_error(failure.status, failure.message,
                          {.retry_after_seconds = failure.retry_after_seconds});
  }

 private:
  const Exchange exchange_;
  const std::shared_ptr<const Session> session_;
  const ServerState& state_;
  InferRequest request_;
};

class OipHandlers {
 public:
  explicit OipHandlers(const ServerState& state) : state_(state) {}

  HttpRefusal admit_model(const HttpExchange& exchange) const {
    if (model_of(exchange)) return {};
    return {404, no_model(exchange)};
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

  void live(Exchange exchange) const { exchange->send(200, R"({"live":true})"); }

  void ready(Exchange exchange) const {
    const bool ready = state_.ready;
    exchange->send(ready ? 200 : 503, ready ? R"({"ready":true})" : R"({"ready":false})");
  }

  void metadata(Exchange exchange) const { exchange->send(200, server_metadata(state_.version)); }

  void model_metadata(Exchange exchange) const {
    with_model(*exchange, [&](const ServedModel& model) {
      std::vector<std::string> versions;
      for (const auto& other : state_.repository.models()) {
        if (other->info().name == model.info().name) versions.push_back(other->info().version);
      }
      exchange->send(200, maas::model_metadata(model.info(), versions));
    });
  }

  void model_ready(Exchange exchange) const {
    with_model(*exchange, [&](const ServedModel& model) {
      const bool ready = state_.ready;
      exchange->send(ready ? 200 : 503,
                     fmt::format(R"({{"name":"{}","ready":{}}})", model.info().name, ready));
    });
  }

  void infer(Exchange exchange) const {
    with_model(*exchange, [&](const ServedModel& model) {
      model.batcher->submit(
          std::make_shared<OipInference>(std::move(exchange), model.session, state_));
    });
  }

 private:
  std::shared_ptr<const ServedModel> model_of(const HttpExchange& exchange) const {
    return state_.repository.find(exchange.route["model"], exchange.route["version"]);
  }
  std::string no_model(const HttpExchange& exchange) const {
    return state_.repository.why_not(exchange.route["model"], exchange.route["version"]);
  }
  // It was there when the head was admitted; a repository may change while the body comes.
  template <class Answer>
  void with_model(HttpExchange& exchange, Answer answer) const {
    const auto model = model_of(exchange);
    if (!model) return exchange.send_error(404, no_model(exchange));
    answer(*model);
  }

  const ServerState& state_;
};

void add_extensions(std::vector<Route>& routes, const ServerState& state) {
  const auto model_of = [&state](const HttpExchange& exchange) {
    return state.repository.find(exchange.route["model"], exchange.route["version"]);
  };
  const auto admit = [&state, model_of](const HttpExchange& exchange) -> HttpRefusal {
    if (model_of(exchange)) return {};
    return {404, state.repository.why_not(exchange.route["model"], exchange.route["version"])};
  };
  const auto add = [&](std::string_view pattern, RouteScope scope, const auto& text_of) {
    routes.push_back({"GET", pattern, scope,
                      [model_of, text_of](const Exchange& exchange) {
                        const auto model = model_of(*exchange);
                        if (!model) return exchange->send_error(404, "this model has just gone");
                        exchange->send(200, text_of(model));
                      },
                      admit});
  };
  const auto statistics = [](const std::shared_ptr<const ServedModel>& model) {
    return statistics_answer({model});
  };
  const auto configuration = [&state](const std::shared_ptr<const ServedModel>& model) {
    return configuration_answer(model->info(), state.max_batch);
  };
  add("/v2/models/{model}/stats", RouteScope::kMetrics, statistics);
  add("/v2/models/{model}/versions/{version}/stats", RouteScope::kMetrics, statistics);
  add("/v2/models/{model}/config", RouteScope::kInfer, configuration);
  add("/v2/models/{model}/versions/{version}/config", RouteScope::kInfer, configuration);
}

}  // namespace

std::vector<Route> oip_health_routes(const ServerState& state) {
  const auto handlers = std::make_shared<const OipHandlers>(state);
  return {{"GET", "/v2/health/live", RouteScope::kPublic,
           [handlers](const Exchange& exchange) { handlers->live(exchange); }},
          {"GET", "/v2/health/ready", RouteScope::kPublic,
           [handlers](const Exchange& exchange) { handlers->ready(exchange); }}};
}

std::vector<Route> oip_routes(const ServerState& state) {
  const auto handlers = std::make_shared<const OipHandlers>(state);
  const auto answer = [&](void (OipHandlers::*handler)(Exchange) const) {
    return [handlers, handler](Exchange exchange) { (*handlers.*handler)(std::move(exchange)); };
  };
  std::vector<Route> routes = oip_health_routes(state);
  routes.push_back({"GET", "/v2", RouteScope::kInfer, answer(&OipHandlers::metadata)});
  // Before the models: none of that name can be asked for.
  routes.push_back({"GET", "/v2/models/stats", RouteScope::kMetrics, [&state](const Exchange& e) {
                      e->send(200, statistics_answer(state.repository.models()));
                    }});
  add_extensions(routes, state);
  const auto admit_model = [handlers](const HttpExchange& e) { return handlers->admit_model(e); };
  const auto admit_inference = [handlers](const HttpExchange& e) {
    return handlers->admit_inference(e);
  };
  const auto add_for_model = [&](std::string_view whole, std::string_view ready,
                                 std::string_view infer) {
    routes.push_back(
        {"GET", whole, RouteScope::kInfer, answer(&OipHandlers::model_metadata), admit_model});
    routes.push_back(
        {"GET", ready, RouteScope::kPublic, answer(&OipHandlers::model_ready), admit_model});
    routes.push_back(
        {"POST", infer, RouteScope::kInfer, answer(&OipHandlers::infer), admit_inference});
  };
  add_for_model("/v2/models/{model}", "/v2/models/{model}/ready", "/v2/models/{model}/infer");
  add_for_model("/v2/models/{model}/versions/{version}",
                "/v2/models/{model}/versions/{version}/ready",
                "/v2/models/{model}/versions/{version}/infer");
  return routes;
}

}  // namespace maas
